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
	return core->message_next > CORE_MESSAGES_KEPT ? core->message_next - CORE_MESSAGES_KEPT
						       : 1;
}

static bool subscribed(const struct core_handle *handle)
{
	return handle->events || handle->requests_wanted;
}

/* An incoming request that somebody holds the right to is for him alone. */
static bool wanted(const struct core *core, const struct core_handle *handle,
	const struct core_message *message)
{
	return message->holder ? message->holder == handle_id(core, handle) : handle->events;
}

static void place(struct core *core, struct core_handle *handle)
{
	struct list_link *list = &core->idle;

	list_remove(&handle->subscription_link);
	if (handle->position < core->message_next) {
		list = handle->client->blocked ? &handle->client->parked : &core->due;
	}
	list_push_back(list, &handle->subscription_link);
}

int subscription_set(struct core *core, const struct core_event *event)
{
	struct core_handle *handle =
		handle_find(core, event->handle_set.client, event->handle_set.handle);

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	subscription_want(core, handle, event->handle_set.events, handle->requests_wanted);
	return 0;
}

void subscription_want(struct core *core, struct core_handle *handle, bool events, bool requests)
{
	bool before = subscribed(handle);

	handle->events = events;
	handle->requests_wanted = requests;
	if (subscribed(handle) == before) {
		return;
	}
	if (before) {
		core->subscribers--;
		list_remove(&handle->subscription_link);
		return;
	}
	core->subscribers++;
	handle->position = core->message_next;
	if (handle->open && !handle->event_pulled) {
		place(core, handle);
	}
	fetch_expect(core);
}

void subscription_append(struct core *core, const struct core_message *message)
{
	struct core_message *kept = &core->messages[core->message_next % CORE_MESSAGES_KEPT];

	core_count(core, events_received);
	*kept = *message;
	kept->number = core->message_next++;
	list_splice_back(&core->due, &core->idle);
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
	const struct core *core, const struct core_handle *handle, struct core_deliver *deliver)
{
	const struct core_message *message = &core->messages[handle->position % CORE_MESSAGES_KEPT];

	deliver->kind = CORE_DELIVERY_EVENT;
	deliver->number = message->number;
	deliver->async_kind = message->kind;
	deliver->channel = message->channel;
	deliver->address = message->address;
	deliver->lun = message->lun;
	deliver->netfn = message->netfn;
	deliver->command = message->command;
	deliver->data = message->bytes;
	deliver->length = message->length;
}

/* Takes the next subscriber with something to be told off the due list; NULL: nobody, for now. */
static struct core_handle *due_next(struct core *core)
{
	unsigned looks;

	for (looks = 0; looks < CORE_SWEEP_MAX && !list_empty(&core->due); looks++) {
		struct core_handle *handle =
			container_of(core->due.next, struct core_handle, subscription_link);
		const struct core_message *message =
			&core->messages[handle->position % CORE_MESSAGES_KEPT];

		list_remove(&handle->subscription_link);
		if (handle->client->leaving || handle->client->blocked) {
			/* Each moves once, until its client is writable or swept. */
			list_push_back(&handle->client->parked, &handle->subscription_link);
		} else if (handle->position < message_oldest(core) ||
			   wanted(core, handle, message)) {
			return handle;
		} else {
			handle->position++;
			place(core, handle);
		}
	}
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
	handle->client->open_actions++;
	ret_action->id =
		action_id(ABOUT_MESSAGE, (uint32_t)(handle - core->handles), handle->generation);
	ret_action->type = CORE_ACTION_DELIVER;
	*deliver = (struct core_deliver){
		.cookie = handle->client->cookie,
		.client = client_id(core, handle->client),
		.handle = handle_id(core, handle),
	};
	if (handle->position < message_oldest(core)) {
		deliver->kind = CORE_DELIVERY_LOSS;
		deliver->lost = message_oldest(core) - handle->position;
		deliver->number = message_oldest(core);
		handle->loss_told = deliver->number;
	} else {
		handle->loss_told = 0;
		fill_message(core, handle, deliver);
	}
	return true;
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
	if (result == -EAGAIN) {
		client_block(core, client);
	} else if (result == 0 && handle->loss_told) {
		core->counters[CORE_COUNTER_events_lost] += handle->loss_told - handle->position;
		handle->lost += handle->loss_told - handle->position;
		handle->position = handle->loss_told;
	} else if (result == 0) {
		core_count(core, events_delivered);
		handle->position++;
	}
	if (handle->open && subscribed(handle) && !client->leaving) {
		place(core, handle);
	}
	handle_free_if_gone(core, handle);
	client_action_done(core, client);
}
