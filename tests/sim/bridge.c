/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Raw bridging: Send Message, and what comes back by Get Message (docs/rights.md,
 * IPMI 2.0 sections 22.4 to 22.7). What a Send Message carries is a request like
 * any other, the "inner" one, a record of its own right after the "outer" one's:
 * numbers, rights, order, windows and deadlines are checked as everybody's. The
 * outer is answered as the controller answers once the inner is on the bus; the
 * inner's answer goes to the handle's own receive message queue, as the client
 * wrote its question: own address, LUN and number.
 */
#include "tests/sim/sim.h"

#define COMMAND_GET_MESSAGE 0x33
#define COMMAND_SEND_MESSAGE 0x34
/* Nothing there (section 22.6). */
#define CC_EMPTY 0x80
#define TRACKING 0x40

struct queue {
	uint32_t serials[CORE_RECEIVE_QUEUE_MAX];
	uint32_t count;
};

struct bridge {
	struct queue queues[SIM_HANDLES_MAX];
	uint64_t ended, perhaps_ended; /* inner requests, unseen by their clients */
	uint64_t overflows;
	uint32_t permille;
	uint32_t few; /* handles that bridge more than all others, if any */
};

static struct bridge *bridge_of(const struct sim *sim)
{
	return sim->states[SIM_PART_BRIDGE];
}

static void begin(struct sim *sim)
{
	bridge_of(sim)->permille = pick(sim, 2) ? pick(sim, 900) : 0;
	bridge_of(sim)->few = pick(sim, 3) ? 0 : 1 + pick(sim, 4);
}

static void killed(struct sim *sim)
{
	struct bridge *bridge = bridge_of(sim);

	bridge->ended = 0;
	bridge->perhaps_ended = 0;
	bridge->overflows = 0;
}

/* ---- the inner request ---- */

/* Its slot is free again; nobody is told. */
static void inner_ends(struct sim *sim, uint32_t serial)
{
	struct sim_request *inner = &sim->requests[serial];
	struct sim_handle *handle = &sim->handles[inner->handle];
	uint32_t i;

	for (i = 0; i < handle->count && handle->outstanding[i] != serial; i++) {
	}
	memmove(&handle->outstanding[i], &handle->outstanding[i + 1],
		(handle->count - i - 1) * sizeof(handle->outstanding[0]));
	handle->count--;
	handle->inners--;
	sim->queued -= inner->queued;
	sim->shared_used -= handle->count > 0;
	sim->alive--;
	inner->alive = false;
	bridge_of(sim)->ended++;
}

/* Perhaps it was refused when its turn came, and is gone unseen, or unseen as yet. */
static bool unsure(const struct sim *sim, const struct sim_request *inner)
{
	return inner->inner && (inner->sends == 0 || inner->safe) && request_pending(sim, inner) &&
	       (inner->may_be_refused || sim->requests[inner->partner].may_be_refused);
}

uint32_t bridge_unsure(const struct sim *sim, const struct sim_handle *handle)
{
	uint32_t found = 0, i;

	for (i = 0; handle->inners > 0 && i < handle->count; i++) {
		found += unsure(sim, &sim->requests[handle->outstanding[i]]);
	}
	return found;
}

uint64_t bridge_unsure_until(const struct sim *sim)
{
	uint64_t until_ns = TIME_NEVER;
	uint32_t h, i;

	for (h = sim->handles_base; h < sim->handles_count; h++) {
		const struct sim_handle *handle = &sim->handles[h];

		for (i = 0; handle->inners > 0 && i < handle->count; i++) {
			const struct sim_request *inner = &sim->requests[handle->outstanding[i]];

			if (unsure(sim, inner) && inner->deadline_ns < until_ns) {
				until_ns = inner->deadline_ns;
			}
		}
	}
	return until_ns;
}

void bridge_answered(struct sim *sim, uint32_t serial)
{
	struct sim_request *inner = &sim->requests[serial];
	struct queue *queue = &bridge_of(sim)->queues[inner->handle];

	if (queue->count == CORE_RECEIVE_QUEUE_MAX) {
		bridge_of(sim)->overflows++;
		inner_ends(sim, serial);
		return;
	}
	sim_trace(sim, "... into the queue of handle %u", inner->handle);
	inner->queued = true;
	sim->queued++;
	queue->serials[queue->count++] = serial;
}

static void settled(struct sim *sim)
{
	uint32_t h, i;

	for (h = sim->handles_base; h < sim->handles_count; h++) {
		struct sim_handle *handle = &sim->handles[h];

		for (i = handle->inners > 0 ? handle->count : 0; i-- > 0;) {
			uint32_t serial = handle->outstanding[i];
			const struct sim_request *inner = &sim->requests[serial];

			if (inner->inner && !inner->queued && !inner->offered &&
				!request_pending(sim, inner)) {
				inner_ends(sim, serial);
			}
		}
	}
}

static void handle_closed(struct sim *sim, uint32_t h, bool with_client)
{
	struct sim_handle *handle = &sim->handles[h];
	uint32_t i;

	(void)with_client;
	/* What was over, but perhaps not yet noticed, may count as abandoned. */
	for (i = 0; i < handle->count; i++) {
		const struct sim_request *inner = &sim->requests[handle->outstanding[i]];

		bridge_of(sim)->perhaps_ended +=
			inner->inner && !inner->queued &&
			(inner->cancelled || inner->silent || inner->lost || inner->refused ||
				inner->deadline_ns <= sim->now_ns || inner->may_be_refused ||
				sim->requests[inner->partner].may_be_refused);
	}
	sim->queued -= bridge_of(sim)->queues[h].count;
	bridge_of(sim)->queues[h].count = 0;
	handle->inners = 0;
}

/* ---- bytes ---- */

static uint32_t payload_send(struct sim *sim, const struct sim_request *outer, uint8_t *bytes)
{
	const struct sim_request *inner = &sim->requests[outer->partner];
	uint8_t data[SIM_DATA_MAX];
	const struct ipmb_message message = {
		.rs_address = sim_address(inner->responder) | outer->odd,
		.rs_lun = inner->lun,
		.rq_address = inner->raw_address,
		.rq_lun = inner->raw_lun,
		.netfn = inner->netfn,
		.sequence = inner->raw_sequence,
		.command = inner->command,
		.data = data,
		.length = model_payload(inner, outer->partner, data)};
	uint32_t offset = 0;
	int length;

	bytes[offset++] = sim_channel(inner->responder) | (outer->tracked ? TRACKING : 0);
	if (inner->broadcast) {
		bytes[offset++] = 0;
	}
	length = ipmb_encode(&message, bytes + offset, SIM_DATA_MAX - offset);
	if (length < 0) {
		sim_fail(sim, "a client cannot encode its own request");
	}
	if (outer->broken) {
		bytes[offset + (uint32_t)length - 1] ^= 0x11;
	}
	return outer->cut ? 1u + outer->cut : offset + (uint32_t)length;
}

static uint32_t payload(struct sim *sim, uint32_t serial, uint8_t *bytes)
{
	const struct sim_request *request = &sim->requests[serial];

	if (request->inner) {
		return model_payload(request, serial, bytes);
	}
	return request->outer ? payload_send(sim, request, bytes) : 0;
}

/* What Get Message gives of it: the channel, and the frame without its first byte. */
static size_t frame_of(struct sim *sim, uint32_t serial, uint8_t *bytes)
{
	const struct sim_request *inner = &sim->requests[serial];
	uint8_t data[SIM_DATA_MAX];
	const struct ipmb_message message = {.rs_address = sim_address(inner->responder),
		.rs_lun = inner->lun,
		.rq_address = inner->raw_address,
		.rq_lun = inner->raw_lun,
		.netfn = inner->netfn | 1,
		.sequence = inner->raw_sequence,
		.command = inner->command,
		.data = data,
		.length = model_answer(inner->final_from, inner->final_cc, data)};
	int length = ipmb_encode(&message, bytes, SIM_DATA_MAX);

	if (length < 0) {
		sim_fail(sim, "the model cannot encode a response");
	}
	bytes[0] = sim_channel(inner->responder);
	return (size_t)length;
}

/* ---- submission ---- */

static void answered_at_once(struct sim *sim, struct sim_request *request, uint8_t cc)
{
	request->final_cc = cc;
	model_answered_locally(sim, (uint32_t)(request - sim->requests));
}

static void get_message(struct sim *sim, struct sim_request *request)
{
	struct queue *queue = &bridge_of(sim)->queues[request->handle];

	if (queue->count == 0) {
		answered_at_once(sim, request, CC_EMPTY);
		return;
	}
	answered_at_once(sim, request, VIPMI_CC_OK);
	request->partner = queue->serials[0];
	queue->count--;
	memmove(queue->serials, queue->serials + 1, queue->count * sizeof(queue->serials[0]));
	inner_ends(sim, request->partner);
}

uint32_t bridge_waiting(const struct sim *sim, uint32_t h)
{
	return bridge_of(sim)->queues[h].count;
}

void bridge_flush(struct sim *sim, uint32_t h)
{
	struct queue *queue = &bridge_of(sim)->queues[h];

	while (queue->count > 0) {
		inner_ends(sim, queue->serials[--queue->count]);
	}
}

static void send_message(struct sim *sim, struct sim_request *outer, uint32_t credit)
{
	struct sim_request *inner = &sim->requests[outer->partner];

	if (outer->cut) {
		outer->partner = SIM_NONE;
		answered_at_once(sim, outer, VIPMI_CC_LENGTH_INVALID);
	} else if (outer->tracked || outer->broken || outer->odd) {
		outer->partner = SIM_NONE;
		answered_at_once(sim, outer, VIPMI_CC_INVALID_FIELD);
	} else if (credit < 2) {
		outer->partner = SIM_NONE;
		outer->full = true;
	} else {
		sim->handles[inner->handle].inners++;
		model_submitted(sim, sim->requests_count++);
	}
}

static void submitted(struct sim *sim, uint32_t serial, uint32_t credit)
{
	struct sim_request *request = &sim->requests[serial];

	if (request->forbidden) {
		request->partner = SIM_NONE;
		return;
	}
	if (request->outer) {
		send_message(sim, request, credit);
	} else {
		get_message(sim, request);
	}
}

/* ---- what clients do ---- */

static void draw_send(struct sim *sim, struct sim_request *outer, struct sim_request *inner)
{
	static const uint8_t own[] = {0x20, 0x81, 0x8F, 0xA4, 0xB4, 0x00};
	uint32_t odd = pick(sim, 40);
	uint8_t data[SIM_DATA_MAX];

	*inner = (struct sim_request){
		.part = SIM_PART_BRIDGE,
		.inner = true,
		.handle = outer->handle,
		.partner = sim->requests_count,
		.netfn = outer->netfn,
		.command = outer->command,
		.lun = outer->lun,
		.class = outer->class,
		.tag = outer->tag,
		.submitted_ns = outer->submitted_ns,
		.deadline_ns = outer->deadline_ns,
		.responder = (uint8_t)(1 + pick(sim, sim->responders_count)),
		.sequence = SIM_NO_NUMBER,
		.raw_address = own[pick(sim, sizeof(own))],
		.raw_lun = (uint8_t)pick(sim, 4),
		.raw_sequence = (uint8_t)(pick(sim, 2) ? 7 : pick(sim, IPMB_SEQUENCES)),
		.broadcast = pick(sim, 16) == 0,
	};
	model_judge(inner, data, model_payload(inner, sim->requests_count + 1, data));
	outer->outer = true;
	outer->partner = sim->requests_count + 1;
	outer->command = COMMAND_SEND_MESSAGE;
	outer->tracked = odd == 0;
	outer->broken = odd == 1;
	outer->odd = odd == 2;
	outer->cut = odd == 3 ? (uint8_t)pick(sim, 7) : 0;
}

/* Whether it is another's for certain, or not. */
static bool judged(const struct sim *sim, const struct sim_request *request)
{
	return rights_forbid(sim, request, true) ==
	       (sim->link_known && rights_forbid(sim, request, false));
}

static bool act(struct sim *sim, uint32_t h)
{
	struct bridge *bridge = bridge_of(sim);
	struct sim_request *request;

	if (!chance(sim, bridge->permille) || sim->requests_count + 2 > SIM_REQUESTS_MAX) {
		return false;
	}
	if (bridge->few > 0 && pick(sim, 4) > 0) {
		h = sim->handles_base + pick(sim, bridge->few);
		if (h >= sim->handles_count || !sim->handles[h].open) {
			return false;
		}
	}
	model_time(sim);
	request = sim_draw(sim, h);
	request->part = SIM_PART_BRIDGE;
	request->numbered = false;
	request->responder = 0;
	request->tag = sim->equal_tags ? 7 : sim->requests_count;
	if (pick(sim, bridge->queues[h].count > 0 && bridge->few == 0 ? 2 : 24) > 0) {
		draw_send(sim, request, &sim->requests[sim->requests_count + 1]);
	} else {
		request->command = COMMAND_GET_MESSAGE;
	}
	request->netfn = VIPMI_NETFN_APP;
	request->lun = 0;
	if (judged(sim, request) &&
		(!request->outer || judged(sim, &sim->requests[request->partner]))) {
		(void)sim_submit(sim);
	}
	return true;
}

/* ---- answers ---- */

static void check_at_once(struct sim *sim, uint32_t serial, const struct core_deliver *deliver)
{
	const struct sim_request *request = &sim->requests[serial];
	uint8_t bytes[SIM_DATA_MAX];
	size_t length = 0;
	bool same;

	/* What was cut off could be anybody's. */
	if (request->cut && sim->rights_ever && deliver->reason == VIPMI_REASON_RESERVED) {
		sim->local_answers -= !request->outer && !request->seen;
		return;
	}
	if (!request->outer && request->final_cc == VIPMI_CC_OK) {
		length = frame_of(sim, request->partner, bytes);
	}
	same = deliver->length == length;
	if (same && length > 0) {
		same = memcmp(deliver->data, bytes, length) == 0;
	}
	if (!same || deliver->cc != request->final_cc || deliver->sent ||
		deliver->origin != VIPMI_ORIGIN_AGENT || deliver->reason != VIPMI_REASON_NONE) {
		sim_fail(sim, "#%u (06/%02x) gets what is not its handle's own: cc %02x, %zu bytes",
			serial, request->command, deliver->cc, deliver->length);
	}
}

/* A Send Message that was answered by the controller, or came to nothing with what it carried. */
static void check_outer(struct sim *sim, uint32_t serial, const struct core_deliver *deliver)
{
	const struct sim_request *outer = &sim->requests[serial];
	struct sim_request *inner = &sim->requests[outer->partner];

	inner->refused |= deliver->reason == VIPMI_REASON_RESERVED;
	if (outer->final) {
		if (deliver->origin != VIPMI_ORIGIN_CONTROLLER || deliver->cc != outer->final_cc ||
			!deliver->sent || deliver->length != 0) {
			sim_fail(sim, "#%u is not answered as the controller answered it", serial);
		}
		return;
	}
	if (deliver->origin != VIPMI_ORIGIN_AGENT || deliver->length != 0 ||
		deliver->cc == VIPMI_CC_OK ||
		(!reason_holds(sim, outer, deliver->reason) &&
			!reason_holds(sim, inner, deliver->reason))) {
		sim_fail(sim, "#%u ended with reason %u, code %02x without reason", serial,
			deliver->reason, deliver->cc);
	}
	if (deliver->sent != inner->sent && !inner->safe) {
		sim_fail(sim, "what #%u carried was %ssent, the answer says otherwise", serial,
			inner->sent ? "" : "not ");
	}
}

static bool answered(struct sim *sim, uint32_t serial, const struct core_deliver *deliver)
{
	const struct sim_request *request = &sim->requests[serial];

	if (request->inner) {
		sim_fail(sim, "#%u is delivered, which belongs into a receive queue", serial);
	}
	if (request->forbidden) {
		return false;
	}
	if (request->full) {
		if (deliver->reason != VIPMI_REASON_FULL || deliver->sent) {
			sim_fail(sim, "#%u had no credit for what it carries", serial);
		}
	} else if (request->outer && request->partner != SIM_NONE) {
		check_outer(sim, serial, deliver);
	} else {
		check_at_once(sim, serial, deliver);
	}
	return true;
}

static void gone(struct sim *sim)
{
	const struct bridge *bridge = bridge_of(sim);
	struct core_status status;

	core_status(sim->core, &status);
	if (status.counters[CORE_COUNTER_receive_queue_overflows] != bridge->overflows) {
		sim_fail(sim, "%llu answers had no room, %llu are counted",
			(unsigned long long)bridge->overflows,
			(unsigned long long)status.counters[CORE_COUNTER_receive_queue_overflows]);
	}
}

/* Accepted, and neither delivered nor abandoned. */
bool bridge_accounts(const struct sim *sim, uint64_t missing)
{
	const struct bridge *bridge = bridge_of(sim);

	return missing >= bridge->ended && missing <= bridge->ended + bridge->perhaps_ended;
}

const struct sim_part sim_bridge = {
	.size = sizeof(struct bridge),
	.begin = begin,
	.killed = killed,
	.act = act,
	.handle_closed = handle_closed,
	.settled = settled,
	.gone = gone,
	.payload = payload,
	.submitted = submitted,
	.answered = answered,
};
