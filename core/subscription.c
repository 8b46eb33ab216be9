/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asynchronous messages: one log for all, a position in it for each subscriber.
 *
 * A subscriber stands on `idle` when it has everything, on `due` when it has not,
 * on its client's `parked` when that does not take anything, and on none while
 * an action for it is open. A new message moves all who are idle to `due` at once,
 * in O(1); from there they are served in turn, one message at a time. Who falls
 * further behind than the log reaches is told how many it lost, and slows nobody.
 */
#include "core/private.h"

void subscriptions_init(struct core *core)
{
	list_init(&core->idle);
	list_init(&core->due);
	core->message_next = 1;
}

uint64_t message_oldest(const struct core *core)
{
	uint64_t kept = core->limits.messages_max;

	return core->message_next > kept ? core->message_next - kept : 1;
}

/* What has a holder is for him alone: an incoming request that he has the right to receive, or what
 * he subscribed to exclusively. */
static bool wanted(
	struct core *core, const struct core_handle *handle, const struct core_message *message)
{
	const struct core_filter *filter = handle_filter(core, handle);

	if (message->holder) {
		return message->holder == handle_id(core, handle) && !message->taken;
	}
	return filter && filter_matches(filter, message);
}

static void place(struct core *core, struct core_handle *handle)
{
	struct list_link *list = &core->idle;

	list_remove(&handle->subscription_link);
	if (handle->position < core->message_next || handle->loss > 0) {
		list = handle->client->blocked ? &handle->client->parked : &core->due;
	}
	list_push_back(list, &handle->subscription_link);
}

/* What left the log before the handle had it is lost; filter.c says how much that is. */
static void catch_up(struct core *core, struct core_handle *handle)
{
	const struct core_filter *filter = handle_filter(core, handle);
	uint64_t oldest = message_oldest(core);

	if (handle->position >= oldest) {
		return;
	}
	if (filter) {
		handle->loss += filter->gone - handle->seen;
		handle->seen = filter->gone;
	}
	handle->position = oldest;
	/* What is just being handed over is lost only if it is not taken. */
	if (handle->event_pulled && !handle->loss_pulled && !handle->pulled_moved) {
		handle->loss -= handle->pulled_counts;
		handle->pulled_gone |= handle->pulled_counts;
		handle->pulled_moved = true;
	}
}

/* Whether it is one of those that the filter's users count. */
static bool counts(const struct core_filter *filter, const struct core_message *message)
{
	return filter && !message->holder && filter_matches(filter, message);
}

/* How many of the filter's messages lie before the position, from the filter's own origin. Looks at
 * what is kept, once for each subscription. */
static uint32_t seen_before(struct core *core, const struct core_filter *filter, uint64_t position)
{
	uint32_t seen = filter->gone;
	uint64_t number;

	for (number = message_oldest(core); number < position; number++) {
		seen += counts(filter, message_at(core, number));
	}
	return seen;
}

static void exclusive_end(struct core *core, struct core_handle *handle)
{
	uint32_t i = 0;

	if (!handle->exclusive) {
		return;
	}
	handle->exclusive = false;
	while (core->exclusive[i] != handle) {
		i++;
		if (!core_check(core, i < core->exclusive_count)) {
			return;
		}
	}
	core->exclusive[i] = core->exclusive[--core->exclusive_count];
}

static void exclusive_begin(struct core *core, struct core_handle *handle)
{
	handle->exclusive = true;
	core->exclusive[core->exclusive_count++] = handle;
}

/* Another handle whose exclusive subscription is in the way of these clauses. */
static const struct core_handle *exclusive_rival(const struct core *core,
	const struct core_handle *handle, const struct core_clause *clauses, size_t count)
{
	uint32_t i;

	for (i = 0; i < core->exclusive_count; i++) {
		const struct core_handle *other = core->exclusive[i];
		const struct core_filter *filter = &core->filters[other->filter - 1];

		if (other != handle &&
			filters_meet(filter->clauses, filter->count, clauses, count)) {
			return other;
		}
	}
	return NULL;
}

/* Puts the handle among the subscribers, or takes it out. */
static void settle(struct core *core, struct core_handle *handle, bool before)
{
	if (!handle_subscribed(handle)) {
		core->subscribers -= before;
		handle->loss = 0;
		handle->pulled_gone = false;
		handle->pulled_moved |= handle->event_pulled && handle->loss_pulled;
		list_remove(&handle->subscription_link);
		return;
	}
	core->subscribers += !before;
	if (handle->open && !handle->event_pulled) {
		place(core, handle);
	}
	fetch_expect(core);
}

static void filter_change(
	struct core *core, struct core_handle *handle, const struct core_filter *filter)
{
	struct core_filter *old = handle_filter(core, handle);

	handle->filter = filter ? (uint16_t)(filter - core->filters + 1) : 0;
	if (old) {
		filter_drop(core, old);
	}
}

/* Where it starts to look. A handle that is subscribed already keeps what is due to it, unless it
 * asks for what is further back. */
static uint64_t start_of(
	struct core *core, const struct core_handle *handle, struct core_event *event, bool before)
{
	uint64_t oldest = message_oldest(core), number = event->subscribe.number + 1;

	switch (event->subscribe.from) {
	case CORE_FROM_OLDEST:
		return oldest;
	case CORE_FROM_NUMBER:
		event->subscribe.ret_gap = number < oldest ? oldest - number : 0;
		return number < oldest ? oldest : number;
	default:
		return before ? handle->position : core->message_next;
	}
}

static int subscription_refuse(struct core *core, int error)
{
	core_count(core, subscriptions_refused);
	return error;
}

int subscription_begin(struct core *core, struct core_event *event)
{
	const struct core_clause *clauses = event->subscribe.clauses;
	size_t count = event->subscribe.count;
	struct core_handle *handle =
		handle_find(core, event->subscribe.client, event->subscribe.handle);
	const struct core_handle *rival;
	struct core_filter *filter;
	uint64_t position;
	bool before;

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	if (filter_check(clauses, count) || event->subscribe.from > CORE_FROM_NUMBER ||
		(event->subscribe.from == CORE_FROM_NUMBER &&
			event->subscribe.number >= core->message_next)) {
		return -EINVAL;
	}
	rival = event->subscribe.exclusive ? exclusive_rival(core, handle, clauses, count) : NULL;
	if (rival) {
		event->subscribe.ret_holder = handle_id(core, rival);
		return subscription_refuse(core, -EBUSY);
	}
	if (event->subscribe.exclusive && !handle->exclusive &&
		core->exclusive_count == CORE_EXCLUSIVE_MAX) {
		return subscription_refuse(core, -ENOSPC);
	}
	filter = filter_take(core, clauses, count);
	if (!filter) {
		return subscription_refuse(core, -ENOSPC);
	}
	before = handle_subscribed(handle);
	if (before) {
		catch_up(core, handle);
	}
	exclusive_end(core, handle);
	filter_change(core, handle, filter);
	if (event->subscribe.exclusive) {
		exclusive_begin(core, handle);
	}
	event->subscribe.ret_gap = 0;
	position = start_of(core, handle, event, before);
	event->subscribe.ret_next = position;
	/* Which of those the filter would have let through nobody knows any more. */
	handle->loss += (uint32_t)event->subscribe.ret_gap;
	handle->seen = seen_before(core, filter, position);
	/* What is being handed over meanwhile is no step on the new way. */
	handle->pulled_moved |=
		handle->event_pulled && !handle->loss_pulled && position != handle->position;
	handle->pulled_counts =
		handle->event_pulled && counts(filter, message_at(core, handle->position));
	handle->position = position;
	settle(core, handle, before);
	return 0;
}

static void unsubscribe(struct core *core, struct core_handle *handle)
{
	bool before = handle_subscribed(handle);

	exclusive_end(core, handle);
	filter_change(core, handle, NULL);
	settle(core, handle, before);
}

int subscription_end(struct core *core, const struct core_event *event)
{
	struct core_handle *handle = handle_find(core, event->handle.client, event->handle.handle);

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	if (handle_subscribed(handle)) {
		catch_up(core, handle);
	}
	unsubscribe(core, handle);
	return 0;
}

void subscription_requests(struct core *core, struct core_handle *handle, bool requests)
{
	bool before = handle_subscribed(handle);

	if (requests == handle->requests_wanted) {
		return;
	}
	handle->requests_wanted = requests;
	if (!before) {
		handle->position = core->message_next;
	}
	settle(core, handle, before);
}

void subscription_drop(struct core *core, struct core_handle *handle)
{
	handle->requests_wanted = false;
	unsubscribe(core, handle);
}

/* Whose it is, if somebody subscribed to it exclusively. */
static uint32_t holder_of(const struct core *core, const struct core_message *message)
{
	uint32_t i;

	for (i = 0; i < core->exclusive_count; i++) {
		const struct core_handle *handle = core->exclusive[i];

		if (filter_matches(&core->filters[handle->filter - 1], message)) {
			return handle_id(core, handle);
		}
	}
	return 0;
}

void subscription_append(struct core *core, const struct core_message *message)
{
	struct core_message *kept = message_at(core, core->message_next);

	cache_forget(core); /* who hears of it may ask */
	core_count(core, events_received);
	if (core->message_next > core->limits.messages_max) {
		filters_forget(core, kept);
	}
	*kept = *message;
	kept->number = core->message_next++;
	kept->received_ns = core->now_ns;
	filter_prepare(kept);
	if (!kept->holder) {
		kept->holder = holder_of(core, kept);
	}
	list_splice_back(&core->due, &core->idle);
}

void subscription_announce(struct core *core, enum vipmi_async_kind kind)
{
	const struct core_message message = {.kind = (uint8_t)kind};

	subscription_append(core, &message);
}

int subscription_message(struct core *core, const struct core_event *event)
{
	struct core_message kept = {
		.kind = event->message.kind,
		.channel = event->message.channel,
		.address = event->message.address,
		.lun = event->message.lun,
		.netfn = event->message.netfn,
		.command = event->message.command,
		.sequence = event->message.sequence,
	};

	if (event->message.kind == VIPMI_ASYNC_REQUEST) {
		return incoming_message(core, event);
	}
	if (event->message.length > CORE_MESSAGE_DATA_MAX) {
		return -EMSGSIZE;
	}
	kept.length = (uint8_t)event->message.length;
	if (kept.length > 0) {
		memcpy(kept.bytes, event->message.data, kept.length);
	}
	subscription_append(core, &kept);
	return 0;
}

static void fill_message(
	struct core *core, const struct core_handle *handle, struct core_deliver *deliver)
{
	const struct core_message *message = message_at(core, handle->position);

	deliver->kind = CORE_DELIVERY_EVENT;
	deliver->number = message->number;
	deliver->async_kind = message->kind;
	deliver->channel = message->channel;
	deliver->address = message->address;
	deliver->lun = message->own_lun;
	deliver->source_lun = message->lun;
	deliver->sequence = message->sequence;
	deliver->yours = message->kind == VIPMI_ASYNC_REQUEST && !message->answered;
	deliver->netfn = message->netfn;
	deliver->command = message->command;
	deliver->data = message->bytes;
	deliver->length = message->length;
}

/* Takes the next subscriber with something to be told off the due list; NULL: nobody, or nobody
 * among as many as one call may look at, and then the deadline is now. */
static struct core_handle *due_next(struct core *core)
{
	unsigned looks;

	for (looks = 0; looks < CORE_SWEEP_MAX && !list_empty(&core->due); looks++) {
		struct core_handle *handle =
			container_of(core->due.next, struct core_handle, subscription_link);

		list_remove(&handle->subscription_link);
		if (handle->client->leaving || handle->client->blocked) {
			/* Each moves once, until its client is writable or swept. */
			list_push_back(&handle->client->parked, &handle->subscription_link);
			continue;
		}
		catch_up(core, handle);
		if (handle->loss > 0 || wanted(core, handle, message_at(core, handle->position))) {
			return handle;
		}
		handle->position++;
		place(core, handle);
	}
	core->due_left = !list_empty(&core->due);
	return NULL;
}

bool subscription_next(struct core *core, struct core_action *ret_action)
{
	struct core_handle *handle = due_next(core);
	struct core_deliver *deliver = &ret_action->deliver;

	if (!handle) {
		return false;
	}
	handle->event_pulled = true;
	handle->loss_pulled = handle->loss > 0;
	handle->client->open_actions++;
	ret_action->id =
		action_id(ABOUT_MESSAGE, (uint32_t)(handle - core->handles), handle->generation);
	ret_action->type = CORE_ACTION_DELIVER;
	*deliver = (struct core_deliver){
		.cookie = handle->client->cookie,
		.client = client_id(core, handle->client),
		.handle = handle_id(core, handle),
	};
	if (handle->loss_pulled) {
		deliver->kind = CORE_DELIVERY_LOSS;
		deliver->lost = handle->loss;
		deliver->number = handle->position;
		handle->loss_told = handle->loss;
	} else {
		fill_message(core, handle, deliver);
		handle->pulled_counts = !message_at(core, handle->position)->holder;
	}
	return true;
}

/* The client took what was pulled. */
static void told(struct core *core, struct core_handle *handle)
{
	if (handle->loss_pulled) {
		core->counters[CORE_COUNTER_events_lost] += handle->loss_told;
		handle->lost += handle->loss_told;
		if (!handle->pulled_moved) {
			handle->loss -= handle->loss_told; /* more may have been lost meanwhile */
		}
		return;
	}
	core_count(core, events_delivered);
	if (handle->pulled_moved) {
		return;
	}
	handle->seen += handle->pulled_counts;
	if (handle->position >= message_oldest(core)) {
		message_at(core, handle->position)->taken = true;
	}
	handle->position++;
}

void subscription_done(struct core *core, uint64_t id, int result)
{
	uint32_t slot = (uint32_t)(id >> 32) & 0xFFFFFF;
	struct core_handle *handle;
	struct core_client *client;

	if (slot >= core->handles_fresh || !core->handles[slot].event_pulled ||
		core->handles[slot].generation != (uint32_t)id) {
		core_count(core, actions_stale);
		return;
	}
	handle = &core->handles[slot];
	client = handle->client;
	handle->event_pulled = false;
	if (result == 0) {
		told(core, handle);
	} else {
		handle->loss += handle->pulled_gone;
	}
	handle->pulled_gone = false;
	handle->pulled_moved = false;
	if (result == -EAGAIN) {
		client_block(core, client);
	}
	if (handle->open && handle_subscribed(handle) && !client->leaving) {
		place(core, handle);
	}
	handle_free_if_gone(core, handle);
	client_action_done(core, client);
}
