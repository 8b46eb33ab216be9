/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "client/internal.h"

/* ---- opening ---- */

static struct list_link *bucket(struct vipmi *vipmi, uint32_t number)
{
	return &vipmi->numbers[number & (HANDLE_BUCKETS - 1)];
}

void handle_send_open(struct vipmi_handle *handle)
{
	struct vipmi *vipmi = handle->vipmi;

	handle->state = HANDLE_OPENING;
	if (call_table_add(&vipmi->calls, &handle->open, &handle->open.tag) < 0) {
		handle_refused(handle, VIPMI_REASON_NONE, -ENOMEM, "no memory for a handle");
		return;
	}
	handle->open.state = CALL_QUEUED;
	traffic_send(vipmi, &handle->open.out);
}

void handle_refused(
	struct vipmi_handle *handle, enum vipmi_reason reason, int error, const char *text)
{
	struct vipmi *vipmi = handle->vipmi;
	struct list_link *link;

	handle->state = HANDLE_REFUSED;
	while ((link = list_first(&handle->held)) != NULL) {
		call_fail(
			vipmi, container_of(link, struct call, out.on_queue), reason, error, text);
	}
	call_fail(vipmi, &handle->open, reason, error, text);
	subscription_end(handle, error, 0);
	if (handle->closed) {
		handle_free(handle);
	}
}

void handle_opened(struct vipmi_handle *handle, const struct socket_message *message)
{
	struct vipmi *vipmi = handle->vipmi;
	struct list_link *link;

	if (message->header.reason != VIPMI_REASON_NONE) {
		char text[sizeof(handle->open.text)];

		text_copy(text, sizeof(text), message->text.bytes, message->text.length);
		handle_refused(handle, message->header.reason,
			text_reason_error(message->header.reason), text);
		return;
	}
	handle->state = HANDLE_OPEN;
	handle->number = message->header.handle;
	list_push_back(bucket(vipmi, handle->number), &handle->on_number);
	handle->open.error = 0;
	call_finish(vipmi, &handle->open);
	if (handle->closed) {
		traffic_send(vipmi, &handle->close);
		return;
	}
	subscription_resume(handle);
	while ((link = list_pop_front(&handle->held)) != NULL) {
		struct call *call = container_of(link, struct call, out.on_queue);

		call->state = CALL_QUEUED;
		traffic_send(vipmi, &call->out);
	}
}

void handle_lost(struct vipmi_handle *handle)
{
	handle->state = HANDLE_OPENING;
	list_remove(&handle->on_number);
	list_remove(&handle->resume.out.on_queue);
	call_table_remove(&handle->vipmi->calls, handle->resume.tag);
	list_remove(&handle->open.out.on_queue);
	call_table_remove(&handle->vipmi->calls, handle->open.tag);
	handle->open.state = CALL_IDLE;
}

void handle_free(struct vipmi_handle *handle)
{
	list_remove(&handle->on_handles);
	list_remove(&handle->on_number);
	list_remove(&handle->close.on_queue);
	list_remove(&handle->resume.out.on_queue);
	call_table_remove(&handle->vipmi->calls, handle->resume.tag);
	list_remove(&handle->open.out.on_queue);
	call_table_remove(&handle->vipmi->calls, handle->open.tag);
	handle_release(handle);
}

void handle_release(struct vipmi_handle *handle)
{
	if (--handle->references == 0) {
		free(handle);
	}
}

static int handle_new(struct vipmi *vipmi, const struct vipmi_handle_options *options,
	struct vipmi_handle **ret_handle)
{
	const char *name = options->name ? options->name : program_invocation_short_name;
	size_t length = strlen(name);
	struct vipmi_handle *handle;

	if (options->name && length > VIPMI_NAME_MAX) {
		return text_fail(
			-EINVAL, "the name \"%s\" is longer than %d bytes", name, VIPMI_NAME_MAX);
	}
	if (options->urgency > VIPMI_URGENCY_BACKGROUND) {
		return text_fail(-EINVAL, "unknown urgency %u", options->urgency);
	}
	handle = calloc(1, sizeof(*handle));
	if (!handle) {
		return text_fail(-ENOMEM, "no memory for a handle");
	}
	handle->vipmi = vipmi;
	handle->references = 1;
	list_init(&handle->on_handles);
	list_init(&handle->on_number);
	list_init(&handle->held);
	list_init(&handle->calls);
	list_init(&handle->credit);
	call_init(&handle->open, CALL_OPEN, handle);
	call_init(&handle->resume, CALL_SUBSCRIBE, handle);
	list_init(&handle->close.on_queue);
	handle->close.kind = OUTGOING_CLOSE;
	handle->urgency = options->urgency;
	text_copy(handle->name, sizeof(handle->name), name, length);
	*ret_handle = handle;
	return 0;
}

/* The handle is gone for the program. With the lock held; may free it. */
static void handle_part(struct vipmi_handle *handle)
{
	struct vipmi *vipmi = handle->vipmi;

	handle->closed = true;
	list_remove(&handle->on_handles);
	list_push_back(&vipmi->closing, &handle->on_handles);
	if (handle->state == HANDLE_OPEN) {
		traffic_send(vipmi, &handle->close);
	} else if (handle->open.state != CALL_WRITTEN) {
		handle_free(handle);
	} /* else handle_opened closes it */
}

int vipmi_handle_open(struct vipmi *vipmi, const struct vipmi_handle_options *options,
	struct vipmi_handle **ret_handle)
{
	struct vipmi_handle_options known;
	struct vipmi_handle *handle = NULL;
	struct waiter waiter;
	int result = options_copy(&known, sizeof(known), options);

	if (result < 0) {
		return result;
	}
	result = handle_new(vipmi, &known, &handle);
	if (result < 0) {
		return result;
	}
	result = connection_lock(vipmi);
	if (result < 0) {
		free(handle);
		return result;
	}
	result = connection_ended(vipmi);
	if (result < 0) {
		free(handle);
		connection_unlock(vipmi);
		return result;
	}
	waiter_init(&waiter, clock_now_ns() + vipmi->timeout_ns);
	handle->open.waiter = &waiter;
	list_push_back(&vipmi->handles, &handle->on_handles);
	if (vipmi->state == CONNECTION_UP) {
		handle_send_open(handle);
	} /* else the hello sends it */
	result = waiter_wait(vipmi, &waiter);
	handle->open.waiter = NULL;
	waiter_finish(&waiter);
	if (result == 0) {
		result = handle->open.error;
	}
	if (result < 0) {
		(void)text_fail(result, "cannot open a virtual controller: %s",
			result == -ETIMEDOUT && vipmi->state != CONNECTION_UP ? vipmi->text
			: handle->open.text[0] && result != -ETIMEDOUT        ? handle->open.text
								       : vipmi_strerror(result));
		handle_part(handle);
	} else {
		*ret_handle = handle;
	}
	connection_unlock(vipmi);
	return result;
}

/* ---- closing ---- */

void handle_take_ready(struct vipmi_handle *handle, struct list_link *requests)
{
	struct list_link *link, *following;

	list_for_each_safe(link, following, &handle->vipmi->ready) {
		struct ready *ready = container_of(link, struct ready, on_ready);

		if (ready->handle != handle || (!ready->is_event && !requests)) {
			continue;
		}
		list_remove(link);
		if (ready->is_event) {
			free(container_of(ready, struct event_node, ready));
		} else {
			list_push_back(requests, link);
		}
	}
	handle->events_kept = 0;
	handle->loss = NULL;
}

void handle_cancel_all(struct vipmi_handle *handle, struct list_link *ready)
{
	struct vipmi *vipmi = handle->vipmi;
	struct list_link *link;

	handle->closed = true; /* which ends the threads that wait for credit */
	while ((link = list_pop_front(&handle->credit)) != NULL) {
		waiter_wake(vipmi, container_of(link, struct waiter, on_credit));
	}
	while ((link = list_first(&handle->calls)) != NULL) {
		call_fail(vipmi, container_of(link, struct call, on_handle), VIPMI_REASON_CANCELLED,
			-ECANCELED, "its handle was closed");
	}
	handle_take_ready(handle, ready);
}

void vipmi_handle_close(struct vipmi_handle *handle)
{
	struct list_link ready;
	struct vipmi *vipmi;

	if (!handle) {
		return;
	}
	vipmi = handle->vipmi;
	if (connection_lock(vipmi) < 0) {
		return; /* a child's copy of the parent's */
	}
	list_init(&ready);
	handle_cancel_all(handle, &ready);
	handle_part(handle);
	connection_unlock(vipmi);
	call_back_all(&ready);
}

/* ---- asynchronous messages ---- */

struct event_node *event_keep(struct vipmi_handle *handle)
{
	struct event_node *node = calloc(1, sizeof(*node));

	if (!node) {
		return NULL;
	}
	node->ready.handle = handle;
	node->ready.is_event = true;
	list_push_back(&handle->vipmi->ready, &node->ready.on_ready);
	handle->events_kept++;
	handle->loss = NULL;
	return node;
}

void event_loss(struct vipmi_handle *handle, uint64_t lost, uint64_t next)
{
	struct event_node *node = handle->loss;

	if (!node) {
		node = event_keep(handle);
		if (!node) {
			return; /* the gap in the numbers remains as a witness */
		}
		node->event.kind = VIPMI_EVENT_LOSS;
		handle->loss = node;
	}
	if (lost == VIPMI_LOST_UNKNOWN || node->event.lost == VIPMI_LOST_UNKNOWN) {
		node->event.lost = VIPMI_LOST_UNKNOWN;
	} else {
		node->event.lost += lost;
	}
	node->event.number = next;
}

static void take_event(struct vipmi_handle *handle, const struct socket_message *message)
{
	const struct socket_header *header = &message->header;
	struct event_node *node;

	handle->subscription.number = message->async.number;
	/* One place is kept for the notice. */
	if (handle->events_kept >= EVENTS_KEPT_MAX - 1) {
		event_loss(handle, 1, message->async.number + 1);
		return;
	}
	node = event_keep(handle);
	if (!node) {
		return;
	}
	node->event.kind = message->async.kind;
	node->event.channel = message->async.channel;
	if (socket_has(message, VIPMI_EXTENSION_TARGET)) {
		node->event.address = message->target.address;
	}
	node->event.yours = header->flags & VIPMI_FLAG_YOURS ? 1 : 0;
	if (socket_has(message, VIPMI_EXTENSION_REQUESTER)) {
		node->event.requester_lun = message->requester.lun;
		node->event.sequence = message->requester.sequence;
	}
	node->event.netfn = header->netfn;
	node->event.lun = header->lun;
	node->event.command = header->command;
	node->event.number = message->async.number;
	node->event.length = (uint16_t)message->data.length;
	if (message->data.length > 0) {
		memcpy(node->event.data, message->data.bytes, message->data.length);
	}
}

void handle_event(struct vipmi *vipmi, const struct socket_message *message)
{
	struct list_link *numbers = bucket(vipmi, message->header.handle), *link;
	enum vipmi_extension_type extension = message->header.type == VIPMI_MESSAGE_LOSS
						      ? VIPMI_EXTENSION_LOSS
						      : VIPMI_EXTENSION_ASYNC;
	struct vipmi_handle *handle = NULL;

	list_for_each(link, numbers) {
		struct vipmi_handle *one = container_of(link, struct vipmi_handle, on_number);

		if (one->number == message->header.handle) {
			handle = one;
			break;
		}
	}
	if (!handle || (!handle->received &&
			       !(message->header.flags & VIPMI_FLAG_YOURS && handle->requested))) {
		return; /* on its way when the handle was closed, or the events switched off */
	}
	if (message->data.length > VIPMI_DATA_MAX || !socket_has(message, extension)) {
		connection_end(vipmi, VIPMI_REASON_PROTOCOL, -EPROTO, "an event is malformed");
	} else if (message->header.type == VIPMI_MESSAGE_LOSS) {
		handle->subscription.number = message->loss.next - 1;
		event_loss(handle, message->loss.lost, message->loss.next);
	} else {
		take_event(handle, message);
	}
}
