/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to responders on an IPMB, where bridging is ours to do: inside Send
 * Message with a sequence number, the response fetched with Get Message (IPMI 2.0
 * sections 6.12, 22.6, 22.7). A response belongs to whom (responder, number,
 * netFn, command) says.
 *
 * The bus window is everybody's. A responder that let a request time out is silent
 * until it says something; meanwhile one request at a time is under way to it, and
 * whoever waits for it does not take the places of those that ask others. So it is where
 * a driver below does the bridging: it says C3 after some seconds.
 */
#include "core/private.h"

/* Send Message codes that prove that the message never reached its responder (section 22.7). */
static bool never_reached(uint8_t cc)
{
	return cc == VIPMI_CC_NODE_BUSY || (cc >= 0x81 && cc <= 0x83);
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
		request->reached = true;
		request->timer_ns = core->now_ns + wait_ms * NSEC_PER_MSEC_U64;
		list_push_back(&core->on_bus, &request->queue_link);
		alarm_set(core, request_handle(request), request->timer_ns);
		fetch_expect(core);
		if (request->raw) {
			raw_accepted(core, request);
		}
		return;
	}
	if (never_reached(cc)) {
		request->sent = request->reached; /* by an earlier sending, if at all */
	}
	if (request->raw && cc != VIPMI_CC_NODE_BUSY) {
		/* Its client sees what the controller says, and sends again if it likes. */
		request_answer(
			core, request, cc, VIPMI_ORIGIN_CONTROLLER, VIPMI_REASON_BUS, NULL, 0);
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

bool bridge_held_up(struct core *core, struct core_request *request)
{
	const struct core_responder *responder =
		responder_find(core, request->channel, request->address);

	if (!responder || !responder->silent || responder->on_bus == 0) {
		return false;
	}
	core_count(core, bus_waits);
	request_hold(core, request);
	return true;
}

static uint8_t *relay_silence(struct core *core, uint8_t channel, uint8_t address)
{
	return &core->relay_silent[channel & 0x0F][address >> 1];
}

bool relay_held_up(struct core *core, struct core_request *request)
{
	struct list_link *link;

	if (!*relay_silence(core, request->channel, request->address)) {
		return false;
	}
	/* At most the two windows. One whose program has its time-out already holds up nobody who
	 * comes after: he would hear that his was never sent. */
	list_for_each(link, &core->flight) {
		const struct core_transmission *transmission =
			container_of(link, struct core_transmission, link);

		if (transmission->purpose == PURPOSE_RELAY && transmission->request &&
			transmission->channel == request->channel &&
			transmission->address == request->address) {
			core_count(core, bus_waits);
			request_hold(core, request);
			return true;
		}
	}
	return false;
}

void relay_ended(struct core *core, const struct core_transmission *transmission, uint8_t cc)
{
	*relay_silence(core, transmission->channel, transmission->address) = cc == VIPMI_CC_TIMEOUT;
}

void bridge_enter(struct core *core, struct core_request *request)
{
	request->on_bus = true;
	core->bridged++;
	responder_find(core, request->channel, request->address)->on_bus++;
}

void bridge_leave(struct core *core, struct core_request *request)
{
	if (request->on_bus) {
		request->on_bus = false;
		core->bridged--;
		responder_find(core, request->channel, request->address)->on_bus--;
	}
}

void bridge_timeout(struct core *core, struct core_request *request)
{
	/* It has one of its numbers, so it is known. */
	responder_find(core, request->channel, request->address)->silent = true;
	/* Only what may be executed twice is sent twice (interfaces.md section 3). */
	if (request->mutating || request->raw || request->sends >= CORE_BUS_SENDS_MAX) {
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

/* The responder had no time: not executed, and so asked again (interfaces.md section 3). */
static void response_busy(struct core *core, struct core_request *request)
{
	/* Queued: it is to be sent again anyway, and this is about an earlier sending. */
	if (request->state == REQUEST_QUEUED) {
		return;
	}
	core_count(core, resends_busy);
	record(core, CORE_RECORD_RESENT, handle_id(core, request_handle(request)), 0,
		VIPMI_CC_NODE_BUSY, request->sends, 0, 0);
	request->reached = false;
	request->sent = false;
	request_pause(core, request);
}

static void response_received(
	struct core *core, uint8_t channel, const struct ipmb_message *message)
{
	struct core_responder *responder = responder_find(core, channel, message->rs_address);
	struct core_number *number;
	struct core_request *request;

	/* The table knows slave addresses, which are even; what has bit 0 set comes from none. */
	if (!responder || responder->address != message->rs_address) {
		core_count(core, bus_strays);
		return;
	}
	responder->silent = false;
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
	if (message->data[0] == VIPMI_CC_NODE_BUSY && !request->raw) {
		response_busy(core, request);
		return;
	}
	core_count(core, answers_controller);
	request->sent = true; /* an answer proves it, whatever Send Message said */
	/* If it was sent twice, the other response may still come. */
	sequence_release(core, request, request->sends > 1);
	request_answer(core, request, message->data[0], VIPMI_ORIGIN_CONTROLLER, VIPMI_REASON_NONE,
		message->data + 1, message->length - 1);
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
		incoming_received(core, channel, &message);
	}
}
