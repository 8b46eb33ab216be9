/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to responders on an IPMB, where bridging is ours to do: inside Send
 * Message with a sequence number of ours, the response fetched with Get Message
 * (IPMI 2.0 sections 6.12, 22.6, 22.7).
 *
 * A response belongs to whom (responder, number, netFn, command) says. A number
 * whose response may still come rests in quarantine, so that it meets nobody.
 */
#include "base/bits.h"
#include "core/private.h"

/* Send Message codes that prove that the message never reached its responder (section 22.7). */
static bool never_reached(uint8_t cc)
{
	return cc == VIPMI_CC_NODE_BUSY || (cc >= 0x81 && cc <= 0x83);
}

void bridge_init(struct core *core)
{
	list_init(&core->resting);
	list_init(&core->on_bus);
}

/* ---- responders and their numbers ---- */

static struct core_responder *responder_find(
	const struct core *core, uint8_t channel, uint8_t address)
{
	uint8_t index = core->responder_of[channel & 0x0F][address >> 1];

	return index ? &core->responders[index - 1] : NULL;
}

static struct core_responder *responder_get(struct core *core, uint8_t channel, uint8_t address)
{
	struct core_responder *responder = responder_find(core, channel, address);
	unsigned i;

	if (responder) {
		return responder;
	}
	for (i = 0; i < CORE_RESPONDERS_MAX; i++) {
		responder = &core->responders[i];
		if (i >= core->responders_fresh) {
			core->responders_fresh = i + 1;
			break;
		}
		if (!responder->busy && list_empty(&responder->waiting)) {
			core->responder_of[responder->channel][responder->address >> 1] = 0;
			break;
		}
	}
	if (i == CORE_RESPONDERS_MAX) {
		return NULL;
	}
	memset(responder, 0, sizeof(*responder));
	responder->channel = channel;
	responder->address = address;
	list_init(&responder->waiting);
	core->responder_of[channel][address >> 1] = (uint8_t)(i + 1);
	for (i = 0; i < IPMB_SEQUENCES; i++) {
		list_init(&responder->numbers[i].rest_link);
	}
	return responder;
}

/* The next number round robin, so that one comes back as late as can be. */
static int number_take(struct core_responder *responder)
{
	uint64_t free = bits_rotate_right(~responder->busy, responder->next);
	unsigned number;

	if (!free) {
		return -EAGAIN;
	}
	number = (responder->next + bits_lowest(free)) % IPMB_SEQUENCES;
	responder->busy |= UINT64_C(1) << number;
	responder->next = (uint8_t)((number + 1) % IPMB_SEQUENCES);
	return (int)number;
}

/* Lanes that wait for a number go on, until one of them has something to send with it. */
static void responder_wake(struct core *core, struct core_responder *responder)
{
	struct list_link *link;

	while (~responder->busy && (link = list_pop_front(&responder->waiting)) != NULL) {
		struct core_lane *lane =
			container_of(link, struct core_lane, ready_link[VIPMI_CLASS_URGENT]);

		lane->waiting = false;
		lane_update(core, lane);
		if (lane->ready) {
			break;
		}
	}
}

void bridge_wake(struct core *core, const struct core_lane *lane)
{
	struct core_responder *responder = responder_find(core, lane->channel, lane->address);

	if (responder) {
		responder_wake(core, responder);
	}
}

static void number_free(struct core *core, struct core_responder *responder, unsigned number)
{
	responder->numbers[number].state = NUMBER_FREE;
	responder->numbers[number].request = NULL;
	responder->busy &= ~(UINT64_C(1) << number);
	responder_wake(core, responder);
}

/* Nothing of the lane is ready until a number is free. */
static void lane_park(struct core *core, struct core_lane *lane, struct core_responder *responder)
{
	core_count(core, bus_waits);
	lane->waiting = true;
	lane_update(core, lane);
	list_push_back(&responder->waiting, &lane->ready_link[VIPMI_CLASS_URGENT]);
}

bool bridge_number(struct core *core, struct core_request *request)
{
	struct core_responder *responder;
	struct core_number *number;
	int taken;

	if (request->has_number) {
		return true;
	}
	responder = responder_get(core, request->channel, request->address);
	if (!responder) {
		request_fail(core, request, VIPMI_REASON_FULL);
		return false;
	}
	taken = number_take(responder);
	if (taken < 0) {
		lane_park(core, request->lane, responder);
		return false;
	}
	number = &responder->numbers[taken];
	number->state = NUMBER_USED;
	number->request = request;
	number->netfn = request->netfn;
	number->command = request->command;
	request->number = (uint8_t)taken;
	request->has_number = true;
	return true;
}

void bridge_release(struct core *core, struct core_request *request, bool rest)
{
	struct core_responder *responder = responder_find(core, request->channel, request->address);
	struct core_number *number;

	request->has_number = false;
	if (!core_check(core, responder != NULL)) {
		return;
	}
	number = &responder->numbers[request->number];
	number->request = NULL;
	if (!rest || request->sends == 0) {
		number_free(core, responder, request->number);
		return;
	}
	core_count(core, bus_numbers_rested);
	number->state = NUMBER_RESTING;
	number->responder = (uint8_t)(responder - core->responders);
	number->rest_until_ns = core->now_ns + CORE_QUARANTINE_MS * NSEC_PER_MSEC_U64;
	list_push_back(&core->resting, &number->rest_link);
}

uint64_t bridge_deadline(const struct core *core)
{
	const struct list_link *link = list_first(&core->resting);

	return link ? container_of(link, struct core_number, rest_link)->rest_until_ns : TIME_NEVER;
}

void bridge_run(struct core *core)
{
	unsigned most = CORE_SWEEP_MAX;

	/* All rest equally long, so the list is in order. */
	while (most-- > 0 && bridge_deadline(core) <= core->now_ns) {
		struct core_number *number =
			container_of(list_pop_front(&core->resting), struct core_number, rest_link);
		struct core_responder *responder = &core->responders[number->responder];

		number_free(core, responder, (unsigned)(number - responder->numbers));
	}
}

/* ---- out ---- */

void bridge_wrap(struct core *core, const struct core_request *request, uint8_t *frame,
	struct core_transmit *transmit)
{
	const struct ipmb_message message = {
		.rs_address = request->address,
		.rs_lun = request->lun,
		.rq_address = core->link.own_address,
		.rq_lun = CORE_SMS_LUN,
		.netfn = request->netfn,
		.sequence = request->number,
		.command = request->command,
		.data = transmit->data,
		.length = transmit->length,
	};
	size_t offset = 0;
	int length;

	frame[offset++] = request->channel; /* tracking 00: a system interface must not track */
	if (request->target_kind == VIPMI_TARGET_IPMB_BROADCAST) {
		frame[offset++] = 0;
	}
	length = ipmb_encode(&message, frame + offset, CORE_FRAME_MAX - offset);
	if (!core_check(core, length > 0)) {
		length = 0;
	}
	transmit->netfn = VIPMI_NETFN_APP;
	transmit->lun = 0;
	transmit->command = CORE_SEND_MESSAGE;
	transmit->data = frame;
	transmit->length = offset + (size_t)length;
}

void bridge_sent(struct core *core, struct core_request *request, uint8_t cc)
{
	uint32_t wait_ms = request->mutating ? request->timeout_ms : core->link.bus_timeout_ms;

	if (cc == VIPMI_CC_OK) {
		request->state = REQUEST_BRIDGED;
		request->timer_ns = core->now_ns + wait_ms * NSEC_PER_MSEC_U64;
		list_push_back(&core->on_bus, &request->queue_link);
		alarm_set(core, request_handle(request), request->timer_ns);
		fetch_expect(core);
		return;
	}
	if (!never_reached(cc)) {
		core_count(core, answers_controller);
		request_answer(
			core, request, cc, VIPMI_ORIGIN_CONTROLLER, VIPMI_REASON_NONE, NULL, 0);
		return;
	}
	if (cc != VIPMI_CC_NODE_BUSY && request->sends >= CORE_BUS_SENDS_MAX) {
		request_fail(core, request, VIPMI_REASON_BUS);
		return;
	}
	core_count(core, resends_bus);
	record(core, CORE_RECORD_RESENT, handle_id(core, request_handle(request)), 0, cc,
		request->sends, 0, 0);
	request_pause(core, request);
}

void bridge_timeout(struct core *core, struct core_request *request)
{
	/* Only what may be executed twice is sent twice (interfaces.md section 3). */
	if (request->mutating || request->sends >= CORE_BUS_SENDS_MAX) {
		request_fail(core, request, VIPMI_REASON_BUS);
		return;
	}
	core_count(core, resends_bus);
	request_requeue(core, request);
}

void bridge_lose(struct core *core, enum vipmi_reason reason)
{
	struct list_link *link, *following;

	/* At most the bus window. */
	list_for_each_safe(link, following, &core->on_bus) {
		request_lose(
			core, container_of(link, struct core_request, queue_link), reason, false);
	}
}

/* ---- in ---- */

static void response_received(
	struct core *core, uint8_t channel, const struct ipmb_message *message)
{
	struct core_responder *responder = responder_find(core, channel, message->rs_address);
	struct core_number *number;
	struct core_request *request;

	if (!responder) {
		core_count(core, bus_strays);
		return;
	}
	number = &responder->numbers[message->sequence];
	if (number->state == NUMBER_RESTING) {
		core_count(core, responses_late);
		return;
	}
	request = number->request;
	if (number->state != NUMBER_USED || message->netfn != (number->netfn | 1) ||
		message->command != number->command || message->length == 0 ||
		request->state == REQUEST_OFFERED || request->sends == 0) {
		core_count(core, bus_strays);
		return;
	}
	core_count(core, bus_responses);
	core_count(core, answers_controller);
	/* If it was sent twice, the other response may still come. */
	bridge_release(core, request, request->sends > 1);
	request_answer(core, request, message->data[0], VIPMI_ORIGIN_CONTROLLER, VIPMI_REASON_NONE,
		message->data + 1, message->length - 1);
}

/* A request to system software. Nobody can ask for them yet: it is shown, and answered C1. */
static void request_incoming(struct core *core, uint8_t channel, const struct ipmb_message *message)
{
	struct core_message kept = {
		.kind = VIPMI_ASYNC_REQUEST,
		.channel = channel,
		.address = message->rq_address,
		.lun = message->rq_lun,
		.netfn = message->netfn,
		.command = message->command,
		.sequence = message->sequence,
	};

	kept.length = (uint8_t)(message->length < CORE_MESSAGE_DATA_MAX ? message->length
									: CORE_MESSAGE_DATA_MAX);
	memcpy(kept.bytes, message->data, kept.length);
	subscription_append(core, &kept);
	core_count(core, inbound_unclaimed);
	fetch_decline(core, channel, message);
}

void bridge_received(struct core *core, const uint8_t *bytes, size_t length)
{
	struct ipmb_message message;
	uint8_t channel;

	if (length < 1 ||
		ipmb_decode_received(core->link.own_address, bytes + 1, length - 1, &message) < 0) {
		core_count(core, responses_garbled);
		return;
	}
	channel = bytes[0] & 0x0F;
	if (message.netfn & 1) {
		response_received(core, channel, &message);
	} else {
		request_incoming(core, channel, &message);
	}
}
