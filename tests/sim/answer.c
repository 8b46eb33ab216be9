/* SPDX-License-Identifier: BSD-2-Clause */
/* The model's other half: answers, asynchronous messages, and the sums. */
#include "tests/sim/reach.h"
#include "tests/sim/subscriptions.h"

static bool expired(const struct sim *sim, const struct sim_request *request)
{
	return request->deadline_ns <= sim->now_ns;
}

bool reason_holds(const struct sim *sim, const struct sim_request *request, uint8_t reason)
{
	switch (reason) {
	case VIPMI_REASON_EXPIRED:
		return expired(sim, request);
	case VIPMI_REASON_CANCELLED:
		return request->cancelled;
	case VIPMI_REASON_SILENT:
		return request->silent || expired(sim, request);
	case VIPMI_REASON_LINK_DOWN:
	case VIPMI_REASON_CONTROLLER_RESET:
		return request->lost || expired(sim, request);
	case VIPMI_REASON_TOO_LONG:
	case VIPMI_REASON_NOT_CARRIED:
		return request->refused;
	case VIPMI_REASON_RESERVED:
		return request->may_be_refused;
	case VIPMI_REASON_NOT_FOUND:
		return request->nobodys || request->may_be_nobodys;
	case VIPMI_REASON_BUS:
		return request->responder && request->silent;
	default:
		return false;
	}
}

static void check_answer(struct sim *sim, uint32_t serial, const struct core_deliver *deliver)
{
	const struct sim_request *request = &sim->requests[serial];
	uint8_t expected[SIM_DATA_MAX];
	size_t length;

	/* Refused before its response came: its client has not read that yet. */
	bool refused = request->may_be_refused && deliver->reason == VIPMI_REASON_RESERVED;

	if (deliver->reason && request->responder > 0 && request->responder != SIM_ELSEWHERE &&
		request->sends > 0) {
		numbers_timed_out(sim, request->responder - 1u); /* or may have been */
	}
	if (request->final && !refused) {
		length = model_answer(request->final_from, request->final_cc, expected);
		if (deliver->origin != VIPMI_ORIGIN_CONTROLLER || deliver->reason != 0 ||
			deliver->cc != request->final_cc || !deliver->sent ||
			deliver->length != length - 1 ||
			memcmp(deliver->data, expected + 1, length - 1) != 0) {
			sim_fail(sim, "#%u got an answer that is not its own: %ssent, %zu bytes",
				serial, deliver->sent ? "" : "un", deliver->length);
		}
		return;
	}
	if (deliver->origin != VIPMI_ORIGIN_AGENT || deliver->length != 0) {
		sim_fail(sim, "#%u got an answer that nobody gave", serial);
	}
	if (!reason_holds(sim, request, deliver->reason)) {
		sim_fail(sim, "#%u ended with reason %u without reason", serial, deliver->reason);
	}
	if (request->nobodys != (deliver->reason == VIPMI_REASON_NOT_FOUND) &&
		!request->may_be_nobodys && !request->forbidden) {
		sim_fail(sim, "#%u with a number that is %s ended with reason %u", serial,
			request->nobodys ? "not its own" : "its own", deliver->reason);
	}
	if (request->forbidden && !request->nobodys && deliver->reason != VIPMI_REASON_RESERVED) {
		sim_fail(sim, "#%u was another's to ask, and ended with reason %u", serial,
			deliver->reason);
	}
	if ((deliver->reason == VIPMI_REASON_RESERVED) != (deliver->cc == VIPMI_CC_NOT_IN_STATE)) {
		sim_fail(
			sim, "#%u: reason %u with code %02x", serial, deliver->reason, deliver->cc);
	}
	/* What was refused unexecuted, or lost, may be called unsent. */
	if (deliver->sent != request->sent && !request->safe) {
		sim_fail(sim, "#%u was %ssent, the answer says otherwise", serial,
			request->sent ? "" : "not ");
	}
	if (deliver->cc == VIPMI_CC_OK || (deliver->cc == VIPMI_CC_TIMEOUT && !request->sent)) {
		sim_fail(sim, "#%u ended with code %02x", serial, deliver->cc);
	}
}

static uint32_t deliver_answer(
	struct sim *sim, const struct core_deliver *deliver, struct sim_handle **ret_handle)
{
	uint32_t serial =
		deliver->tag & SIM_TAGS ? (uint32_t)deliver->tag : deliver->virtual_client;
	struct sim_request *request;
	struct sim_handle *handle;

	if (serial >= sim->requests_count) {
		sim_fail(sim, "an answer to nothing");
	}
	request = &sim->requests[serial];
	handle = &sim->handles[request->handle];
	reach_answer(sim, deliver);
	sim_trace(sim, "answer to #%u: cc %02x origin %u reason %u", serial, deliver->cc,
		deliver->origin, deliver->reason);
	if (!request->alive || request->answered || request->held) {
		sim_fail(sim, "#%u gets a second answer, or one after its handle closed", serial);
	}
	if (request_lent(sim, request)) {
		sim_fail(sim, "#%u is answered while its bytes are lent to the link", serial);
	}
	if (deliver->tag != request->tag || deliver->netfn != (request->netfn | 1) ||
		deliver->command != request->command || deliver->lun != request->lun ||
		deliver->class != request->class ||
		(deliver->target_kind == VIPMI_TARGET_CONTROLLER) != (request->responder == 0)) {
		sim_fail(sim, "#%u's answer names another request", serial);
	}
	if (deliver->response != request->response) {
		sim_fail(sim, "#%u is %sa response", serial, deliver->response ? "" : "not ");
	}
	if (deliver->virtual_client != request->name || deliver->numbered != request->numbered ||
		(request->numbered && deliver->number_used != request->number)) {
		sim_fail(sim, "#%u's answer names another virtual client or number", serial);
	}
	if (!parts_answered(sim, serial, deliver)) {
		check_answer(sim, serial, deliver);
	}
	if (request->seen &&
		(request->seen_cc != deliver->cc || request->seen_reason != deliver->reason)) {
		sim_fail(sim, "#%u's answer changed while its client did not take it", serial);
	}
	request->seen = true;
	request->seen_cc = deliver->cc;
	request->seen_reason = deliver->reason;
	request->answered = true;
	*ret_handle = handle;
	return serial;
}

static uint32_t deliver_message(
	struct sim *sim, const struct core_deliver *deliver, struct sim_handle **ret_handle)
{
	uint32_t h;

	for (h = 0; h < sim->handles_count; h++) {
		if (sim->handles[h].open && sim->handles[h].id == deliver->handle) {
			break;
		}
	}
	if (h == sim->handles_count || !parts_message(sim, deliver, h)) {
		sim_fail(sim, "an asynchronous message to nobody");
	}
	*ret_handle = &sim->handles[h];
	return SIM_ASYNC | h;
}

uint32_t model_deliver(struct sim *sim, const struct core_deliver *deliver)
{
	struct sim_handle *handle;
	uint32_t serial = deliver->kind == CORE_DELIVERY_ANSWER
				  ? deliver_answer(sim, deliver, &handle)
				  : deliver_message(sim, deliver, &handle);

	if (!handle->open || handle->id != deliver->handle || deliver->cookie != handle->client ||
		!sim->clients[handle->client].open ||
		deliver->client != sim->clients[handle->client].id) {
		sim_fail(sim, "a delivery to somebody else, or to nobody");
	}
	return serial;
}

void model_deliver_done(struct sim *sim, uint32_t serial, int result)
{
	struct sim_request *request;
	struct sim_handle *handle;
	uint32_t i;

	if (serial & SIM_ASYNC) {
		subscriptions_done(sim, serial & ~SIM_ASYNC, result);
		return;
	}
	request = &sim->requests[serial];
	handle = &sim->handles[request->handle];
	if (!request->alive) {
		sim->ghosts--;
		return;
	}
	if (result == -EAGAIN) {
		request->answered = false;
		return;
	}
	for (i = 0; i < handle->count && handle->outstanding[i] != serial; i++) {
	}
	memmove(&handle->outstanding[i], &handle->outstanding[i + 1],
		(handle->count - i - 1) * sizeof(handle->outstanding[0]));
	handle->count--;
	sim->shared_used -= handle->count > 0;
	request->alive = false;
	sim->alive--;
	sim->taken++;
}

static void check_gauges(struct sim *sim)
{
	struct core_status status;
	uint32_t lent = merges_unsure(sim), unsure = lent, i;

	core_status(sim->core, &status);
	for (i = sim->handles_base; i < sim->handles_count; i++) {
		unsure += bridge_unsure(sim, &sim->handles[i]);
	}
	if (status.requests > sim->alive + sim->ghosts + lent ||
		status.requests + unsure < sim->alive + sim->ghosts) {
		sim_fail(sim, "%u request slots in use, %u are outstanding and %u lent",
			status.requests, sim->alive, sim->ghosts);
	}
	if (status.handles != sim->handles_open || status.unread > status.requests) {
		sim_fail(sim, "%u handles, %u unread; %u are open", status.handles, status.unread,
			sim->handles_open);
	}
	for (i = 0; i < sim->handles_count; i++) {
		const struct sim_handle *handle = &sim->handles[i];

		if (!handle->open) {
			continue;
		}
		if (sim->ghosts == 0 && unsure == 0 &&
			core_credit(sim->core, handle->id) != model_credit(sim, handle)) {
			sim_fail(sim, "handle %u has credit %u, it should be %u", i,
				core_credit(sim->core, handle->id), model_credit(sim, handle));
		}
		if (handle->wants_credit && core_credit(sim->core, handle->id) > 0) {
			sim_fail(sim, "handle %u has credit, and was not told", i);
		}
	}
}

/* The core has nothing to do before its deadline: whoever was due has been answered. */
void model_settled(struct sim *sim)
{
	while (sim->due_count > 0) {
		uint32_t serial = sim->due[0];
		const struct sim_request *request = &sim->requests[serial];
		const struct sim_client *client =
			&sim->clients[sim->handles[request->handle].client];

		if (request->deadline_ns > sim->now_ns && request->alive && !request->answered) {
			break;
		}
		if (request->alive && !request->answered && !request_lent(sim, request) &&
			!merges_lent(sim, serial) && !client->blocked && client->held_count == 0) {
			sim_fail(sim, "#%u is not answered at its deadline", serial);
		}
		due_pop(sim);
	}
	parts_settled(sim);
	if (sim->step % 16 == 0) {
		check_gauges(sim);
	}
}

static uint64_t outcomes(const struct core_status *status, uint64_t local)
{
	static const enum core_counter counters[] = {CORE_COUNTER_answers_controller,
		CORE_COUNTER_answers_cached, CORE_COUNTER_answers_expired_unsent,
		CORE_COUNTER_answers_expired_sent, CORE_COUNTER_answers_silent,
		CORE_COUNTER_answers_link_lost, CORE_COUNTER_answers_reset,
		CORE_COUNTER_answers_too_long, CORE_COUNTER_answers_not_carried,
		CORE_COUNTER_answers_bus, CORE_COUNTER_answers_reserved,
		CORE_COUNTER_answers_reservation, CORE_COUNTER_requests_cancelled};
	uint64_t sum = local;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(counters); i++) {
		sum += status->counters[counters[i]];
	}
	return sum;
}

/* Everybody has left: every gauge is as in the beginning, and the sums agree. */
void model_gone(struct sim *sim)
{
	struct core_status status;
	uint64_t accepted, over;

	core_status(sim->core, &status);
	if (status.clients || status.handles || status.requests || status.queued || status.unread) {
		sim_fail(sim,
			"left behind: %u clients, %u handles, %u requests, %u queued, %u unread",
			status.clients, status.handles, status.requests, status.queued,
			status.unread);
	}
	parts_gone(sim);
	rights_check(sim);
	if (sim->rights_count > 0) {
		sim_fail(sim, "%u rights outlive their holders", sim->rights_count);
	}
	if (sim->alive || sim->ghosts) {
		sim_fail(sim, "%u requests without an answer", sim->alive + sim->ghosts);
	}
	accepted = status.counters[CORE_COUNTER_requests_accepted];
	over = status.counters[CORE_COUNTER_answers_delivered] +
	       status.counters[CORE_COUNTER_requests_abandoned];
	if (accepted < over || !bridge_accounts(sim, accepted - over) ||
		accepted != sim->requests_count - sim->requests_base) {
		sim_fail(sim, "%llu accepted, %llu delivered or abandoned, %u submitted",
			(unsigned long long)accepted, (unsigned long long)over,
			sim->requests_count - sim->requests_base);
	}
	if (outcomes(&status, sim->local_answers) > accepted ||
		outcomes(&status, sim->local_answers) +
				status.counters[CORE_COUNTER_requests_abandoned] +
				sim->own_affairs <
			accepted) {
		sim_fail(sim, "%llu outcomes counted of %llu requests",
			(unsigned long long)outcomes(&status, sim->local_answers),
			(unsigned long long)accepted);
	}
}
