/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The message state of a virtual controller (IPMI 2.0 sections 22.1 to 22.8):
 * flags, receive message queue, event message buffer, global enables, and Send
 * Message, each handle's own. One client's clearing is never another's loss.
 *
 * A Send Message is opened. What it carries becomes a request to its responder
 * like any other (the inner one): rights, order, windows and sequence numbers
 * apply, the requester becomes the controller. The Send Message itself (the outer
 * one) is HELD until the inner is on the bus, and then answered as the controller
 * answered; the responder's answer goes to the handle's own receive message
 * queue, numbered as the client numbered its question. A refusal by the bus is the
 * client's to deal with, as it would be on the controller.
 */
#include "base/bytes.h"
#include "core/private.h"

#define COMMAND_SET_ENABLES 0x2E
#define COMMAND_GET_ENABLES 0x2F
#define COMMAND_CLEAR_FLAGS 0x30
#define COMMAND_GET_FLAGS 0x31
#define COMMAND_CHANNEL_RECEIVE 0x32
#define COMMAND_GET_MESSAGE 0x33
#define COMMAND_READ_EVENT 0x35

#define FLAG_MESSAGE 0x01
#define FLAG_EVENT 0x02

/* Enable Message Channel Receive (section 22.5). */
enum { CHANNEL_DISABLE, CHANNEL_ENABLE, CHANNEL_STATE };

/* Send Message's first byte (section 22.7). */
#define SEND_CHANNEL 0x0F
#define SEND_TRACKING 0xC0

void message_state_init(const struct core *core, struct core_handle *handle)
{
	handle->enables = CORE_ENABLES;
	handle->channels = 0xFFFF;
	handle->event_position = core->message_next;
}

/* ---- answers that cost the controller nothing ---- */

static bool answer_code(struct core *core, struct core_request *request, uint8_t cc)
{
	request_answer(core, request, cc, VIPMI_ORIGIN_AGENT, VIPMI_REASON_NONE, NULL, 0);
	return true;
}

static bool answer_data(
	struct core *core, struct core_request *request, const uint8_t *data, size_t length)
{
	request_answer(
		core, request, VIPMI_CC_OK, VIPMI_ORIGIN_AGENT, VIPMI_REASON_NONE, data, length);
	return true;
}

/* The next event that the handle's buffer has not shown; NULL when there is none. */
static const struct core_message *event_waiting(struct core *core, struct core_handle *handle)
{
	uint64_t oldest = message_oldest(core);

	if (!(handle->enables & CORE_ENABLE_EVENT_BUFFER)) {
		return NULL;
	}
	if (handle->event_position < oldest) {
		handle->event_position = oldest;
	}
	/* At most what is kept. */
	for (; handle->event_position < core->message_next; handle->event_position++) {
		const struct core_message *message = message_at(core, handle->event_position);

		if (message->kind == VIPMI_ASYNC_EVENT) {
			return message;
		}
	}
	return NULL;
}

static bool get_flags(struct core *core, struct core_request *request)
{
	struct core_handle *handle = request_handle(request);
	const uint8_t flags = (uint8_t)((handle->received > 0 ? FLAG_MESSAGE : 0) |
					(event_waiting(core, handle) ? FLAG_EVENT : 0));

	return answer_data(core, request, &flags, 1);
}

static void queue_flush(struct core *core, struct core_handle *handle)
{
	struct list_link *link, *following;

	list_for_each_safe(link, following, &handle->requests) {
		struct core_request *request = container_of(link, struct core_request, handle_link);

		if (request->state == REQUEST_RECEIVED) {
			handle->received--;
			request_free(core, request);
		}
	}
}

static bool clear_flags(struct core *core, struct core_request *request)
{
	struct core_handle *handle = request_handle(request);
	uint8_t flags;

	if (request->length != 1) {
		return answer_code(core, request, VIPMI_CC_LENGTH_INVALID);
	}
	flags = request_data(core, request)[0];
	if (flags & FLAG_MESSAGE) {
		queue_flush(core, handle);
	}
	if (flags & FLAG_EVENT) {
		handle->event_position = core->message_next;
	}
	return answer_code(core, request, VIPMI_CC_OK);
}

static bool read_event(struct core *core, struct core_request *request)
{
	struct core_handle *handle = request_handle(request);
	const struct core_message *event = event_waiting(core, handle);

	if (!event) {
		return answer_code(core, request, CORE_CC_EMPTY);
	}
	handle->event_position++;
	return answer_data(core, request, event->bytes, event->length);
}

static bool channel_receive(struct core *core, struct core_request *request)
{
	struct core_handle *handle = request_handle(request);
	struct reader reader = reader_init(request_data(core, request), request->length);
	uint8_t channel = reader_u8(&reader) & 0x0F;
	uint8_t operation = reader_u8(&reader) & 0x03;
	uint8_t answer[2];

	if (reader.failed) {
		return answer_code(core, request, VIPMI_CC_LENGTH_INVALID);
	}
	switch (operation) {
	case CHANNEL_DISABLE:
		handle->channels &= (uint16_t) ~(1u << channel);
		break;
	case CHANNEL_ENABLE:
		handle->channels |= (uint16_t)(1u << channel);
		break;
	case CHANNEL_STATE:
		break;
	default:
		return answer_code(core, request, VIPMI_CC_INVALID_FIELD);
	}
	answer[0] = channel;
	answer[1] = handle->channels >> channel & 1;
	return answer_data(core, request, answer, sizeof(answer));
}

/* The handle's own bits are its own; the rest is the controller's. */
static void set_enables(struct core *core, struct core_request *request)
{
	struct core_handle *handle = request_handle(request);
	bool drivers = core->link.window > 0 && !core->link.owns_flags;
	uint8_t bits;

	if (drivers || request->length == 0) {
		return;
	}
	bits = request_data(core, request)[0];
	if (bits & ~handle->enables & CORE_ENABLE_EVENT_BUFFER) {
		handle->event_position = core->message_next;
	}
	handle->enables = bits & CORE_ENABLES;
}

/* At the controller ours stay on, also when it was asked before there was a link. */
void message_state_offer(struct core *core, struct core_request *request)
{
	if (core->link.owns_flags && request->netfn == VIPMI_NETFN_APP &&
		request->command == COMMAND_SET_ENABLES && request->length > 0) {
		request_data(core, request)[0] |= CORE_ENABLES;
	}
}

void message_state_response(struct core *core, struct core_request *request)
{
	uint8_t *data = request_data(core, request);

	if (core->link.owns_flags && request->netfn == VIPMI_NETFN_APP &&
		request->command == COMMAND_GET_ENABLES && request->length > 0 &&
		request->cc == VIPMI_CC_OK) {
		data[0] = (uint8_t)((data[0] & ~CORE_ENABLES) | request_handle(request)->enables);
	}
}

/* ---- the receive message queue ---- */

static struct core_request *queue_head(const struct core_handle *handle)
{
	struct list_link *link;

	list_for_each(link, &handle->requests) {
		struct core_request *request = container_of(link, struct core_request, handle_link);

		if (request->state == REQUEST_RECEIVED) {
			return request;
		}
	}
	return NULL;
}

static bool get_message(struct core *core, struct core_request *request)
{
	struct core_handle *handle = request_handle(request);
	struct core_request *inner = handle->received > 0 ? queue_head(handle) : NULL;
	struct ipmb_message message;
	int length;

	if (!inner) {
		return answer_code(core, request, CORE_CC_EMPTY);
	}
	message = (struct ipmb_message){
		.rs_address = inner->address,
		.rs_lun = inner->lun,
		.rq_address = inner->raw_address,
		.rq_lun = inner->raw_lun,
		.netfn = inner->netfn | 1,
		.sequence = inner->raw_sequence,
		.command = inner->command,
		.data = request_data(core, inner),
		.length = inner->length,
	};
	/* The channel stands where the frame's first byte was, which Get Message does not give. */
	length = ipmb_encode(&message, core->scratch, sizeof(core->scratch));
	if (!core_check(core, length > 0)) {
		return answer_code(core, request, VIPMI_CC_UNSPECIFIED);
	}
	core->scratch[0] = inner->channel;
	handle->received--;
	request_free(core, inner);
	return answer_data(core, request, core->scratch, (size_t)length);
}

void raw_received(struct core *core, struct core_request *inner, uint8_t cc, const uint8_t *data,
	size_t length)
{
	struct core_handle *handle = request_handle(inner);

	raw_accepted(core, inner); /* the answer can be faster than the word that it was sent */
	if (handle->received >= CORE_RECEIVE_QUEUE_MAX || 1 + length > VIPMI_DATA_MAX) {
		core_count(core, receive_queue_overflows);
		request_free(core, inner);
		return;
	}
	inner->length = (uint16_t)(1 + length);
	request_data(core, inner)[0] = cc;
	if (length > 0) {
		memcpy(request_data(core, inner) + 1, data, length);
	}
	inner->state = REQUEST_RECEIVED;
	handle->received++;
	/* In the order in which they came in. */
	list_remove(&inner->handle_link);
	list_push_back(&handle->requests, &inner->handle_link);
}

/* ---- Send Message ---- */

void raw_accepted(struct core *core, struct core_request *inner)
{
	struct core_request *outer = inner->partner;

	if (outer) {
		raw_part(inner);
		core_count(core, answers_controller);
		outer->sent = true;
		outer->sent_ns = inner->sent_ns;
		request_settle(core, outer, VIPMI_CC_OK, VIPMI_ORIGIN_CONTROLLER, VIPMI_REASON_NONE,
			NULL, 0);
	}
}

void raw_failed(struct core *core, struct core_request *inner, uint8_t cc, enum vipmi_origin origin,
	enum vipmi_reason reason)
{
	struct core_request *outer = inner->partner;

	if (outer) {
		raw_part(inner);
		/* What the controller itself says of a Send Message, it was sent. */
		outer->sent = inner->sent || origin == VIPMI_ORIGIN_CONTROLLER;
		request_settle(core, outer, cc, origin, reason, NULL, 0);
	}
	/* Otherwise its client hears no more of it, as of a message lost on the bus. */
	request_free(core, inner);
}

void raw_part(struct core_request *request)
{
	if (request->partner) {
		request->partner->partner = NULL;
		request->partner = NULL;
	}
}

/* A response to a request that came in: it goes as it is, from the controller's address. */
static bool send_response(struct core *core, struct core_request *request, size_t frame_offset,
	struct ipmb_message *message)
{
	uint8_t channel = request_data(core, request)[0];
	int length;

	/* Only requests are broadcast. */
	if (!core->link.raw_bridge || frame_offset != 1) {
		return answer_code(core, request, VIPMI_CC_INVALID_FIELD);
	}
	message->rs_address = core->link.own_address;
	length = ipmb_encode(message, core->scratch, sizeof(core->scratch));
	if (!core_check(core, 1 + length == request->length)) {
		return answer_code(core, request, VIPMI_CC_UNSPECIFIED);
	}
	request_data(core, request)[0] = channel & SEND_CHANNEL;
	memcpy(request_data(core, request) + 1, core->scratch, (size_t)length);
	return false; /* to the controller, like any other */
}

static bool send_request(struct core *core, struct core_request *outer, uint8_t channel,
	bool broadcast, const struct ipmb_message *message)
{
	struct core_handle *handle = request_handle(outer);
	struct core_event event = {
		.request = {.tag = outer->tag,
			.virtual_client = outer->virtual_client,
			.class = outer->class,
			.target_kind = broadcast ? VIPMI_TARGET_IPMB_BROADCAST : VIPMI_TARGET_IPMB,
			.channel = channel,
			.address = message->rs_address,
			.netfn = message->netfn,
			.lun = message->rs_lun,
			.command = message->command,
			.data = message->data,
			.length = message->length}};
	struct core_request *inner;

	if (handle_credit(core, handle) == 0) {
		request_fail(core, outer, VIPMI_REASON_FULL);
		return true;
	}
	inner = request_new(core, handle, &event);
	if (!inner) {
		request_fail(core, outer, VIPMI_REASON_FULL);
		return true;
	}
	inner->raw = true;
	inner->raw_address = message->rq_address;
	inner->raw_lun = message->rq_lun;
	inner->raw_sequence = message->sequence;
	inner->deadline_ns = outer->deadline_ns;
	inner->partner = outer;
	outer->partner = inner;
	outer->state = REQUEST_HELD;
	if (!request_unsendable(core, inner)) {
		alarm_set(core, handle, inner->deadline_ns);
		lane_push(core, inner);
	}
	return true;
}

static bool send_message(struct core *core, struct core_request *request)
{
	const uint8_t *data = request_data(core, request);
	struct ipmb_message message;
	bool broadcast;
	size_t offset;
	uint8_t channel;

	if (request->length < 1 + IPMB_REQUEST_OVERHEAD) {
		return answer_code(core, request, VIPMI_CC_LENGTH_INVALID);
	}
	channel = data[0] & SEND_CHANNEL;
	broadcast = data[1] == 0;
	offset = broadcast ? 2 : 1;
	/* From a system interface nothing is tracked (section 22.7); one common controller dies of
	 * it. */
	if (data[0] & SEND_TRACKING ||
		ipmb_decode(data + offset, request->length - offset, &message) < 0 ||
		!bus_address_valid(channel, message.rs_address)) {
		return answer_code(core, request, VIPMI_CC_INVALID_FIELD);
	}
	return message.netfn & 1 ? send_response(core, request, offset, &message)
				 : send_request(core, request, channel, broadcast, &message);
}

/* ---- which of them it is ---- */

bool message_state_answer(struct core *core, struct core_request *request)
{
	if (request->target_kind != VIPMI_TARGET_CONTROLLER || request->netfn != VIPMI_NETFN_APP) {
		return false;
	}
	switch (request->command) {
	case CORE_SEND_MESSAGE:
		return send_message(core, request);
	case COMMAND_GET_MESSAGE:
		return get_message(core, request);
	case COMMAND_READ_EVENT:
		return read_event(core, request);
	case COMMAND_GET_FLAGS:
		return get_flags(core, request);
	case COMMAND_CLEAR_FLAGS:
		return clear_flags(core, request);
	case COMMAND_CHANNEL_RECEIVE:
		return channel_receive(core, request);
	case COMMAND_SET_ENABLES:
		set_enables(core, request);
		return false;
	default:
		return false;
	}
}
