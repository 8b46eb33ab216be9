/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be asked without changing anything, and the outcome records. */
#include "core/private.h"

static const struct {
	const char *name, *text;
} counters[CORE_COUNTER_COUNT] = {
#define X(name, text) {#name, text},
	CORE_COUNTERS(X)
#undef X
};

const char *core_counter_name(enum core_counter counter)
{
	return (unsigned)counter < CORE_COUNTER_COUNT ? counters[counter].name : NULL;
}

const char *core_counter_text(enum core_counter counter)
{
	return (unsigned)counter < CORE_COUNTER_COUNT ? counters[counter].text : NULL;
}

const char *core_broken(const struct core *core)
{
	return core->broken;
}

uint32_t core_credit(const struct core *core, uint32_t id)
{
	const struct core_handle *handle = handle_by_id(core, id);

	return handle ? handle_credit(core, handle) : 0;
}

void core_status(const struct core *core, struct core_status *ret_status)
{
	*ret_status = (struct core_status){
		.link_up = core->link_up,
		.responsive = core->link_up && !core->silent,
		.link = core->link,
		.clients = core->clients_open,
		.handles = core->handles_open,
		.handles_max = core->limits.handles_max,
		.requests = core->requests_used,
		.requests_max = core->limits.requests_max,
		.queued = core->queued,
		.in_flight = core->flying[CORE_PORT_DIRECT] + core->flying[CORE_PORT_BUS],
		.bridged = core->bridged,
		.unread = core->unread,
		.credit_max = core->limits.credit_max,
		.epoch = core->epoch,
		.busy_ns = core->busy_ns +
			   (core->sent_now > 0 ? core->now_ns - core->busy_since_ns : 0),
		.now_ns = core->now_ns,
		.started_ns = core->started_ns,
	};
	memcpy(ret_status->counters, core->counters, sizeof(core->counters));
}

static void count_requests(const struct core_handle *handle, struct core_handle_info *info)
{
	const struct list_link *link;

	list_for_each(link, &handle->requests) {
		switch (container_of(link, struct core_request, handle_link)->state) {
		case REQUEST_QUEUED:
			info->queued++;
			break;
		case REQUEST_ANSWERED:
		case REQUEST_RECEIVED:
			info->unread++;
			break;
		default:
			info->in_flight++;
			break;
		}
	}
}

bool core_handle_next(const struct core *core, uint32_t *cursor, struct core_handle_info *ret_info)
{
	for (; *cursor < core->handles_fresh; (*cursor)++) {
		const struct core_handle *handle = &core->handles[*cursor];

		if (!handle->open || handle->client->leaving) {
			continue;
		}
		*ret_info = (struct core_handle_info){
			.handle = handle_id(core, handle),
			.client = client_id(core, handle->client),
			.cookie = handle->client->cookie,
			.credentials = handle->client->credentials,
			.class = handle->class,
			.events = handle->filter != 0,
			.exclusive = handle->exclusive,
			.blocked = handle->client->blocked,
			.opened_ns = handle->opened_ns,
			.requests = handle->accepted,
			.answers = handle->accepted - handle->outstanding,
			.controller_ns = handle->controller_ns,
			.events_lost = handle->lost,
		};
		memcpy(ret_info->name, handle->name, sizeof(handle->name));
		count_requests(handle, ret_info);
		(*cursor)++;
		return true;
	}
	return false;
}

bool core_message_next(
	const struct core *core, uint64_t *cursor, struct core_message_info *ret_info)
{
	const struct core_message *message;

	if (*cursor < message_oldest(core)) {
		*cursor = message_oldest(core);
	}
	if (*cursor >= core->message_next) {
		return false;
	}
	message = message_at(core, (*cursor)++);
	*ret_info = (struct core_message_info){
		.number = message->number,
		.received_ns = message->received_ns,
		.holder = message->holder,
		.kind = message->kind,
		.channel = message->channel,
		.address = message->address,
		.lun = message->lun,
		.netfn = message->netfn,
		.command = message->command,
		.length = message->length,
	};
	memcpy(ret_info->data, message->bytes, sizeof(ret_info->data));
	return true;
}

void record(struct core *core, enum core_record_kind kind, uint32_t handle, uint64_t request,
	uint64_t outcome, uint64_t argument0, uint64_t argument1, uint64_t argument2)
{
	struct core_record *kept = &core->records[core->record_next % CORE_RECORDS_KEPT];

	*kept = (struct core_record){
		.time_ns = core->now_ns,
		.number = core->record_next++,
		.kind = kind,
		.handle = handle,
		.request = request,
		.outcome = outcome,
		.arguments = {argument0, argument1, argument2},
	};
}

bool core_record_next(const struct core *core, uint64_t *cursor, struct core_record *ret_record,
	uint64_t *ret_lost)
{
	uint64_t oldest =
		core->record_next > CORE_RECORDS_KEPT ? core->record_next - CORE_RECORDS_KEPT : 0;

	*ret_lost = *cursor < oldest ? oldest - *cursor : 0;
	*cursor += *ret_lost;
	if (*cursor >= core->record_next) {
		return false;
	}
	*ret_record = core->records[(*cursor)++ % CORE_RECORDS_KEPT];
	return true;
}
