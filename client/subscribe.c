/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Subscriptions: asked for, kept in mind, taken up again when the agent was away.
 */
#include <string.h>

#include "client/internal.h"

/* The header of the API repeats these, so that a program needs no other. */
_Static_assert(VIPMI_CLAUSES_AT_MOST == VIPMI_CLAUSES_MAX && VIPMI_CLAUSE_ANY == VIPMI_ANY &&
		       VIPMI_CLAUSE_ASSERTED == VIPMI_ASSERTED &&
		       VIPMI_CLAUSE_DEASSERTED == VIPMI_DEASSERTED &&
		       VIPMI_LOST_UNKNOWN == VIPMI_GAP_UNKNOWN,
	"the API's filters are the wire's");
_Static_assert((int)VIPMI_START_NOW == VIPMI_FROM_NOW &&
		       (int)VIPMI_START_OLDEST == VIPMI_FROM_OLDEST &&
		       (int)VIPMI_START_AFTER == VIPMI_FROM_NUMBER,
	"and so are the places to start from");

/* 1 non-critical to 3 non-recoverable. */
#define SEVERITY_MAX 3
/* Bit 0 is no kind. */
#define KINDS_ALL 0xFE

/* ---- on the wire ---- */

static void put_clauses(struct writer *writer, const struct subscription *subscription)
{
	struct socket_clause clauses[VIPMI_CLAUSES_MAX];
	size_t i;

	for (i = 0; i < subscription->count; i++) {
		const struct vipmi_clause *clause = &subscription->clauses[i];

		clauses[i] = (struct socket_clause){
			.kinds = clause->kinds,
			.directions = clause->directions,
			.severity = clause->severity,
			.offsets = clause->offsets,
			.sensor_type = clause->sensor_type,
			.sensor = clause->sensor,
			.netfn = clause->netfn,
			.command = clause->command,
			.channel = clause->channel,
			.address = clause->address,
		};
	}
	socket_put_clauses(writer, clauses, subscription->count);
}

void subscription_put(struct writer *writer, const struct call *call)
{
	const struct subscription *subscription = call->subscription;
	const struct socket_header header = {
		.type = subscription ? VIPMI_MESSAGE_SUBSCRIBE : VIPMI_MESSAGE_UNSUBSCRIBE,
		.tag = call->tag,
		.handle = call->handle->number,
	};

	socket_begin(writer, &header);
	if (!subscription) {
		return;
	}
	if (subscription->count > 0) {
		put_clauses(writer, subscription);
	}
	socket_put_from(writer, (enum vipmi_from)subscription->start, subscription->exclusive,
		subscription->number, subscription->boot_id);
}

/* From here on it is in force. */
static void agreed(struct vipmi *vipmi, struct call *call, const struct socket_message *message)
{
	struct vipmi_handle *handle = call->handle;
	struct subscription *subscription = call->subscription;

	subscription->next = message->subscribed.next;
	subscription->gap = message->subscribed.gap;
	handle->subscription = *subscription;
	handle->subscription.start = VIPMI_START_AFTER;
	handle->subscription.number = subscription->next - 1;
	memcpy(handle->subscription.boot_id, vipmi->info.boot_id, sizeof(vipmi->info.boot_id));
	handle->subscribed = true;
	/* A gap that can be counted the agent tells by itself. */
	if (subscription->gap == VIPMI_GAP_UNKNOWN) {
		event_loss(handle, VIPMI_LOST_UNKNOWN, subscription->next);
	}
}

void subscription_done(struct vipmi *vipmi, struct call *call, const struct socket_message *message)
{
	struct subscription *subscription = call->subscription;

	if (!subscription) {
		return; /* it is ended */
	}
	if (call->error == 0 && !socket_has(message, VIPMI_EXTENSION_SUBSCRIBED)) {
		connection_end(vipmi, VIPMI_REASON_PROTOCOL, -EPROTO,
			"it agrees to a subscription, but does not say from where");
		return;
	}
	if (call->error == 0) {
		agreed(vipmi, call, message);
		return;
	}
	if (socket_has(message, VIPMI_EXTENSION_HOLDER)) {
		subscription->holder = message->holder.handle;
	}
	if (call == &call->handle->resume) {
		subscription_end(call->handle, call->error, subscription->holder);
	}
}

/* ---- over a reconnect ---- */

void subscription_resume(struct vipmi_handle *handle)
{
	struct vipmi *vipmi = handle->vipmi;

	if (!handle->subscribed) {
		return;
	}
	call_init(&handle->resume, CALL_SUBSCRIBE, handle);
	handle->resume.subscription = &handle->subscription;
	if (call_table_add(&vipmi->calls, &handle->resume, &handle->resume.tag) < 0) {
		subscription_end(handle, -ENOMEM, 0);
		return;
	}
	handle->resume.state = CALL_QUEUED;
	traffic_send(vipmi, &handle->resume.out);
}

void subscription_end(struct vipmi_handle *handle, int error, uint32_t holder)
{
	struct event_node *node;

	if (!handle->subscribed) {
		return;
	}
	handle->subscribed = false;
	if (handle->closed || handle->vipmi->state == CONNECTION_ENDED) {
		return; /* nobody is there to be told, or vipmi_dispatch tells */
	}
	node = event_keep(handle);
	if (node) {
		node->event.kind = VIPMI_EVENT_ENDED;
		node->event.number = handle->subscription.number + 1;
		node->event.error = error;
		node->event.holder = holder;
	}
}

/* ---- the calls ---- */

static int clause_check(const struct vipmi_clause *clause)
{
	const uint16_t fields[] = {clause->sensor_type, clause->sensor, clause->netfn,
		clause->command, clause->channel, clause->address};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(fields); i++) {
		if (fields[i] > VIPMI_CLAUSE_ANY) {
			return text_fail(-EINVAL, "a clause with a field of %03Xh; any is %03Xh",
				fields[i], VIPMI_CLAUSE_ANY);
		}
	}
	if (clause->kinds == 0 || (clause->kinds & ~KINDS_ALL)) {
		return text_fail(-EINVAL, "a clause of kinds %02Xh; VIPMI_CLAUSE_KIND makes them",
			clause->kinds);
	}
	if (clause->directions > (VIPMI_CLAUSE_ASSERTED | VIPMI_CLAUSE_DEASSERTED) ||
		clause->severity > SEVERITY_MAX || clause->reserved) {
		return text_fail(-EINVAL, "a clause with a direction or severity out of range");
	}
	return 0;
}

static int take_options(
	const struct vipmi_subscription *options, struct subscription *ret_subscription)
{
	struct vipmi_subscription known;
	int result = options_copy(&known, sizeof(known), options);
	size_t i;

	if (result < 0) {
		return result;
	}
	if (known.clauses_count > VIPMI_CLAUSES_MAX || (known.clauses_count && !known.clauses)) {
		return text_fail(-EINVAL, "a filter of %zu clauses; it has at most %d",
			known.clauses_count, VIPMI_CLAUSES_MAX);
	}
	if (known.start > VIPMI_START_AFTER || known.exclusive > 1) {
		return text_fail(-EINVAL, "a subscription's `start` or `exclusive` out of range");
	}
	memset(ret_subscription, 0, sizeof(*ret_subscription));
	for (i = 0; i < known.clauses_count; i++) {
		result = clause_check(&known.clauses[i]);
		if (result < 0) {
			return result;
		}
		ret_subscription->clauses[i] = known.clauses[i];
	}
	ret_subscription->count = (uint8_t)known.clauses_count;
	ret_subscription->exclusive = known.exclusive;
	ret_subscription->start = known.start;
	ret_subscription->number = known.number;
	memcpy(ret_subscription->boot_id, known.boot_id, sizeof(known.boot_id));
	return 0;
}

static void explain(const struct call *call, const struct subscription *subscription, int error)
{
	if (error == -EPERM && subscription->holder) {
		(void)text_fail(error,
			"cannot subscribe: handle %u is subscribed exclusively to some of it",
			(unsigned int)subscription->holder);
	} else {
		(void)text_fail(error, "cannot subscribe: %s",
			call->text[0] ? call->text : vipmi_strerror(error));
	}
}

/* With the lock held. */
static int subscribe(struct vipmi_handle *handle, struct subscription *subscription,
	void (*received)(void *context, const struct vipmi_event *event), void *context)
{
	void (*old_received)(void *, const struct vipmi_event *) = handle->received;
	void *old_context = handle->context;
	struct call call;
	int result;

	/* Before the agent hears of it: its first message may come with the reply. */
	handle->received = received;
	handle->context = context;
	call_init(&call, CALL_SUBSCRIBE, handle);
	call.subscription = subscription;
	result = call_wait(handle->vipmi, &call);
	if (result < 0) {
		explain(&call, subscription, result);
	}
	if (result < 0 && result != -ECANCELED) { /* then the handle is closed, and may be gone */
		handle->received = old_received;
		handle->context = old_context;
	}
	return result;
}

int vipmi_subscribe(struct vipmi_handle *handle, const struct vipmi_subscription *options,
	void (*received)(void *context, const struct vipmi_event *event), void *context,
	struct vipmi_subscribed *ret_subscribed)
{
	struct vipmi *vipmi = handle->vipmi;
	struct subscription subscription;
	int result = take_options(options, &subscription);

	if (result == 0 && !received) {
		result = text_fail(-EINVAL, "a subscription without a callback");
	}
	if (result == 0) {
		result = connection_lock(vipmi);
	}
	if (result < 0) {
		return result;
	}
	result = connection_ended(vipmi);
	if (result == 0) {
		result = subscribe(handle, &subscription, received, context);
	}
	connection_unlock(vipmi);
	if (ret_subscribed && (result == 0 || result == -EPERM)) {
		*ret_subscribed = (struct vipmi_subscribed){.next = subscription.next,
			.gap = subscription.gap,
			.holder = subscription.holder};
	}
	return result;
}

int vipmi_unsubscribe(struct vipmi_handle *handle)
{
	struct vipmi *vipmi = handle->vipmi;
	struct call call;
	int result = connection_lock(vipmi);

	if (result < 0) {
		return result;
	}
	result = connection_ended(vipmi);
	if (result == 0) {
		handle->received = NULL;
		handle->subscribed = false;
		handle_take_ready(handle, NULL);
		call_init(&call, CALL_SUBSCRIBE, handle);
		result = call_wait(vipmi, &call);
		if (result < 0) {
			(void)text_fail(result, "cannot end a subscription: %s",
				call.text[0] ? call.text : vipmi_strerror(result));
		}
	}
	connection_unlock(vipmi);
	return result;
}

int vipmi_handle_events(struct vipmi_handle *handle,
	void (*received)(void *context, const struct vipmi_event *event), void *context)
{
	return received ? vipmi_subscribe(handle, NULL, received, context, NULL)
			: vipmi_unsubscribe(handle);
}
