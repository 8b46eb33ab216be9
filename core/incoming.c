/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests that come in from a bus for system software (IPMI 2.0 section 6.12.4).
 *
 *	1. Who holds the right to receive such a request gets it, and nobody else.
 *	2. Its holder answers it once, and in time; an answer goes out ahead of others'
 *	   requests, on its handle's credit, and is itself answered: whether it went.
 *	3. What nobody holds is answered C1 by us, and shown to whoever subscribed to
 *	   requests.
 *	4. What its holder leaves behind stays unanswered: its requester asks again, and
 *	   then it is another's or nobody's.
 */
#include "core/private.h"

void incoming_received(struct core *core, uint8_t channel, const struct ipmb_message *message)
{
	const struct core_handle *holder = command_receiver(core, channel, message);
	struct core_message kept = {
		.kind = VIPMI_ASYNC_REQUEST,
		.answered = !holder,
		.holder = holder ? handle_id(core, holder) : 0,
		.channel = channel,
		.address = message->rq_address,
		.lun = message->rq_lun,
		.own_lun = message->rs_lun,
		.netfn = message->netfn,
		.command = message->command,
		.sequence = message->sequence & (IPMB_SEQUENCES - 1),
	};

	kept.length = (uint8_t)(message->length < CORE_MESSAGE_DATA_MAX ? message->length
									: CORE_MESSAGE_DATA_MAX);
	if (kept.length > 0) {
		memcpy(kept.bytes, message->data, kept.length);
	}
	if (holder) {
		kept.earlier = core->incoming_last[kept.sequence];
		core->incoming_last[kept.sequence] = core->message_next;
	}
	subscription_append(core, &kept);
	if (!holder) {
		core_count(core, inbound_unclaimed);
		fetch_decline(core, channel, message);
	}
}

int incoming_message(struct core *core, const struct core_event *event)
{
	const struct ipmb_message message = {
		.rs_lun = CORE_SMS_LUN, /* no driver says which it was */
		.rq_address = event->message.address,
		.rq_lun = event->message.lun,
		.netfn = event->message.netfn,
		.sequence = event->message.sequence,
		.command = event->message.command,
		.data = event->message.data,
		.length = event->message.length,
	};

	if (message.length > CORE_MESSAGE_DATA_MAX) {
		return -EMSGSIZE;
	}
	/* Even, six bits; a bus is behind channels 0 to B (section 6.3). */
	if (message.netfn & ~0x3E || message.rq_lun > 3 || message.rq_address & 1 ||
		event->message.channel > 0x0B) {
		return -EINVAL;
	}
	incoming_received(core, event->message.channel, &message);
	return 0;
}

/* ---- answers ---- */

static bool described(const struct core_message *message, const struct core_event *event)
{
	return message->channel == event->respond.channel &&
	       message->address == event->respond.address && message->lun == event->respond.lun &&
	       message->netfn == event->respond.netfn &&
	       message->command == event->respond.command &&
	       message->sequence == event->respond.sequence;
}

/* Kept, the handle's own, not answered yet, and as it was described. */
static bool answerable(const struct core *core, const struct core_handle *handle,
	const struct core_message *message, const struct core_event *event)
{
	return message->kind == VIPMI_ASYNC_REQUEST && message->holder == handle_id(core, handle) &&
	       !message->answered && (!event->respond.described || described(message, event));
}

/* The message that an answer is for, or NULL. */
static struct core_message *incoming_find(
	struct core *core, const struct core_handle *handle, const struct core_event *event)
{
	uint64_t number = event->respond.number, oldest = message_oldest(core);
	bool named = number != 0;
	unsigned looks;

	if (!named && event->respond.described) {
		number = core->incoming_last[event->respond.sequence & (IPMB_SEQUENCES - 1)];
	}
	for (looks = 0; looks < CORE_INCOMING_LOOKS_MAX; looks++) {
		struct core_message *message = message_at(core, number);

		if (number < oldest || number >= core->message_next) {
			return NULL;
		}
		if (answerable(core, handle, message, event)) {
			return message;
		}
		if (named) {
			return NULL;
		}
		number = message->earlier;
	}
	return NULL;
}

/* It travels as a Send Message of its handle's would, but names what it is. */
static struct core_request *response_new(struct core *core, struct core_handle *handle,
	const struct core_message *message, const struct core_event *event)
{
	const struct core_event send = {.request = {.tag = event->respond.tag,
						.class = VIPMI_CLASS_URGENT,
						.netfn = message->netfn | 1,
						.command = message->command,
						.data = event->respond.data,
						.length = event->respond.length}};
	struct core_request *request = request_new(core, handle, &send);

	if (request) {
		request->lun = message->lun;
		request->target_kind = VIPMI_TARGET_IPMB;
		request->channel = message->channel;
		request->address = message->address;
		request->number = message->sequence;
		request->raw_lun = message->own_lun;
	}
	return request;
}

int incoming_respond(struct core *core, const struct core_event *event)
{
	struct core_handle *handle =
		handle_find(core, event->respond.client, event->respond.handle);
	struct core_message *message;
	struct core_request *request;

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	message = incoming_find(core, handle, event);
	if (!message) {
		return -ENOENT;
	}
	if (core->now_ns - message->received_ns > CORE_RESPOND_MAX_MS * NSEC_PER_MSEC_U64) {
		return -ETIMEDOUT;
	}
	if (event->respond.length < 1 || event->respond.length > CORE_MESSAGE_DATA_MAX) {
		return -EMSGSIZE;
	}
	if (handle_credit(core, handle) == 0) {
		return -EAGAIN;
	}
	request = response_new(core, handle, message, event);
	if (!request) {
		return -EIO;
	}
	core_count(core, inbound_answered);
	message->answered = true;
	alarm_set(core, handle, request->deadline_ns);
	lane_push(core, request);
	return 0;
}

void response_wrap(struct core *core, uint8_t channel, const struct ipmb_message *response,
	uint8_t *frame, struct core_transmit *transmit)
{
	int length;

	transmit->channel = channel;
	transmit->address = response->rq_address;
	if (!core->link.raw_bridge) {
		transmit->target_kind = VIPMI_TARGET_IPMB;
		transmit->netfn = response->netfn;
		transmit->lun = response->rq_lun;
		transmit->command = response->command;
		transmit->sequence = response->sequence;
		transmit->data = response->data;
		transmit->length = response->length;
		return;
	}
	frame[0] = channel;
	length = ipmb_encode(response, frame + 1, CORE_FRAME_MAX - 1);
	if (!core_check(core, length > 0)) {
		length = 0;
	}
	transmit->target_kind = VIPMI_TARGET_CONTROLLER;
	transmit->netfn = VIPMI_NETFN_APP;
	transmit->lun = 0;
	transmit->command = CORE_SEND_MESSAGE;
	transmit->data = frame;
	transmit->length = 1 + (size_t)length;
}

void response_offer(struct core *core, const struct core_request *request, uint8_t *frame,
	struct core_transmit *transmit)
{
	const struct ipmb_message response = {
		.rs_address = core->link.own_address,
		.rs_lun = request->raw_lun,
		.rq_address = request->address,
		.rq_lun = request->lun,
		.netfn = request->netfn,
		.sequence = request->number,
		.command = request->command,
		.data = transmit->data,
		.length = transmit->length,
	};

	response_wrap(core, request->channel, &response, frame, transmit);
}
