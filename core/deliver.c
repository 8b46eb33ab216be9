/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers on their way to clients. Each client has its answers in order; the
 * ones that an open action holds stand first (`pulled`), `next_delivery` is the
 * first that is not. A client that said "not now" is blocked until it is
 * writable; its answers keep their slots, and so its credit, and nobody else
 * notices.
 */
#include "base/divide.h"
#include "core/private.h"

struct list_link *deliver_from(struct core_client *client, struct list_link *link)
{
	while (link != &client->deliveries &&
		container_of(link, struct core_request, queue_link)->pulled) {
		link = link->next;
	}
	return link;
}

void deliver_push(struct core *core, struct core_request *request)
{
	struct core_client *client = request_handle(request)->client;

	core->unread++;
	list_push_back(&client->deliveries, &request->queue_link);
	if (client->next_delivery == &client->deliveries) {
		client->next_delivery = &request->queue_link;
	}
	if (!client->blocked && !client->leaving && !list_linked(&client->ready_link)) {
		list_push_back(&core->ready, &client->ready_link);
	}
}

void deliver_forget(struct core *core, struct core_request *request)
{
	struct core_client *client = request_handle(request)->client;

	core->unread--;
	if (client->next_delivery == &request->queue_link) {
		client->next_delivery = deliver_from(client, request->queue_link.next);
	}
	list_remove(&request->queue_link);
	if (client->next_delivery == &client->deliveries && !client->leaving) {
		list_remove(&client->ready_link);
	}
}

static uint32_t age_ms(const struct core *core, const struct core_request *request)
{
	return (uint32_t)divide_u64(core->now_ns - request->sent_ns, NSEC_PER_MSEC_U64, NULL);
}

static void deliver_fill(
	struct core *core, struct core_request *request, struct core_action *ret_action)
{
	const struct core_handle *handle = request_handle(request);

	ret_action->id =
		action_id(ABOUT_ANSWER, (uint32_t)(request - core->requests), request->generation);
	ret_action->type = CORE_ACTION_DELIVER;
	ret_action->deliver = (struct core_deliver){
		.cookie = handle->client->cookie,
		.client = client_id(core, handle->client),
		.handle = handle_id(core, handle),
		.kind = CORE_DELIVERY_ANSWER,
		.tag = request->tag,
		.virtual_client = request->virtual_client,
		.netfn = request->netfn | 1,
		.lun = request->lun,
		.command = request->command,
		.cc = request->cc,
		.origin = request->origin,
		.class = request->class,
		.target_kind = request->target_kind,
		.reason = request->reason,
		.sent = request->sent,
		.age_ms = request->origin == VIPMI_ORIGIN_CACHE ? age_ms(core, request) : 0,
		.numbered = request->reserved_number,
		.number_used = request->number,
		.response = request_is_response(request),
		.sequence = request->number,
		.channel = request->channel,
		.address = request->address,
		.data = request_data(core, request),
		.length = request->length,
	};
}

bool deliver_next(struct core *core, struct core_action *ret_action)
{
	struct list_link *link;

	while ((link = list_first(&core->ready)) != NULL) {
		struct core_client *client = container_of(link, struct core_client, ready_link);
		struct core_request *request =
			container_of(client->next_delivery, struct core_request, queue_link);

		if (!core_check(core, client->next_delivery != &client->deliveries)) {
			return false;
		}
		client->next_delivery = deliver_from(client, request->queue_link.next);
		/* One answer, then the next client's turn. */
		list_remove(link);
		if (client->next_delivery != &client->deliveries) {
			list_push_back(&core->ready, link);
		}
		if (!request_handle(request)->open) {
			/* Closed meanwhile. A handle's credit of them; each pass frees one. */
			request_abandon(core, request);
			continue;
		}
		request->pulled = true;
		client->open_actions++;
		deliver_fill(core, request, ret_action);
		return true;
	}
	return false;
}

void deliver_done(struct core *core, uint64_t id, int result)
{
	uint32_t slot = (uint32_t)(id >> 32) & 0xFFFFFF;
	struct core_request *request;
	struct core_client *client;

	if (slot >= core->requests_fresh || core->requests[slot].generation != (uint32_t)id ||
		!core->requests[slot].pulled) {
		core_count(core, actions_stale);
		return;
	}
	request = &core->requests[slot];
	client = request_handle(request)->client;
	if (result == -EAGAIN && request_handle(request)->open && !client->leaving) {
		core_count(core, answers_put_off);
		request->pulled = false;
		client_block(core, client);
		client_action_done(core, client);
		return;
	}
	request->pulled = false;
	if (result == 0) {
		core_count(core, answers_delivered);
	} else {
		core_count(core, requests_abandoned);
	}
	deliver_forget(core, request);
	request_free(core, request);
	client_action_done(core, client);
}
