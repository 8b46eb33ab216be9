/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The message state of a guest's controller (IPMI 2.0 section 22): enables,
 * flags, event message buffer, receive message queue, Send Message. It is kept
 * here and not taken from the core, because the guest must be told by the
 * attention signal when there is something, and because it outlives a
 * connection.
 */
#include "guest/private.h"

#include "ipmi/ipmb.h"

/* Set BMC Global Enables (section 22.1). */
#define ENABLE_RECEIVE_INTERRUPT 0x01
#define ENABLE_EVENT_INTERRUPT 0x02
#define ENABLE_EVENT_BUFFER 0x04
#define ENABLE_EVENT_LOGGING 0x08
#define ENABLES_RESERVED 0x10

#define FLAG_RECEIVE 0x01
#define FLAG_EVENT 0x02
#define FLAG_PRETIMEOUT 0x08

/* Get Message and Read Event Message Buffer: there is none (sections 22.6, 22.8). */
#define CC_EMPTY 0x80

/* Enable Message Channel Receive (section 22.5). */
enum { CHANNEL_DISABLE, CHANNEL_ENABLE, CHANNEL_STATE };

/* Send Message, byte 1 (section 22.7). */
#define SEND_CHANNEL 0x0F
#define SEND_TRACKING 0xC0

void guest_messages_init(struct guest *guest)
{
	struct guest_messages *messages = &guest->messages;

	messages->enables = ENABLE_EVENT_LOGGING;
	messages->channels = 0xFFFF;
	messages->pretimeout = false;
	messages->event_count = 0;
	messages->received_count = 0;
}

uint8_t guest_flags(const struct guest *guest)
{
	const struct guest_messages *messages = &guest->messages;

	return (uint8_t)((messages->received_count ? FLAG_RECEIVE : 0) |
			 (messages->event_count ? FLAG_EVENT : 0) |
			 (messages->pretimeout ? FLAG_PRETIMEOUT : 0));
}

bool guest_logs(const struct guest *guest)
{
	return guest->config.sel == GUEST_PART_OWN &&
	       guest->messages.enables & ENABLE_EVENT_LOGGING;
}

bool guest_signal(struct guest *guest, uint8_t *ret_control)
{
	bool interrupts =
		guest->messages.enables & (ENABLE_RECEIVE_INTERRUPT | ENABLE_EVENT_INTERRUPT);
	bool attention = guest_flags(guest) != 0;

	if (guest->capabilities & GUEST_CAPABLE_INTERRUPT && interrupts != guest->interrupts_told) {
		guest->interrupts_told = interrupts;
		/* What was told without an interrupt, is told with one. */
		if (attention && interrupts) {
			guest->attention_told = false;
		}
		*ret_control =
			interrupts ? VM_CONTROL_INTERRUPT_ENABLE : VM_CONTROL_INTERRUPT_DISABLE;
		return true;
	}
	if (attention != guest->attention_told) {
		guest->attention_told = attention;
		*ret_control = !attention               ? VM_CONTROL_ATTENTION_OFF
			       : guest->interrupts_told ? VM_CONTROL_ATTENTION_INTERRUPT
							: VM_CONTROL_ATTENTION;
		return true;
	}
	return false;
}

void guest_event(struct guest *guest, const uint8_t record[GUEST_EVENT_SIZE])
{
	struct guest_messages *messages = &guest->messages;
	uint32_t at = messages->event_first + messages->event_count;

	if (!(messages->enables & ENABLE_EVENT_BUFFER)) {
		return;
	}
	if (messages->event_count == GUEST_EVENTS_MAX) {
		messages->events_lost++;
		return;
	}
	memcpy(messages->events[at % GUEST_EVENTS_MAX], record, GUEST_EVENT_SIZE);
	messages->event_count++;
}

uint8_t guest_set_enables(struct guest *guest, struct guest_call *call)
{
	uint8_t enables = reader_u8(&call->request);

	if (enables & ENABLES_RESERVED) {
		return VIPMI_CC_INVALID_FIELD;
	}
	guest->messages.enables = enables;
	return VIPMI_CC_OK;
}

uint8_t guest_get_enables(struct guest *guest, struct guest_call *call)
{
	writer_u8(&call->response, guest->messages.enables);
	return VIPMI_CC_OK;
}

uint8_t guest_clear_flags(struct guest *guest, struct guest_call *call)
{
	struct guest_messages *messages = &guest->messages;
	uint8_t flags = reader_u8(&call->request);

	if (flags & FLAG_RECEIVE) {
		messages->received_count = 0;
	}
	if (flags & FLAG_EVENT) {
		messages->event_count = 0;
	}
	if (flags & FLAG_PRETIMEOUT) {
		messages->pretimeout = false;
	}
	return VIPMI_CC_OK;
}

uint8_t guest_get_flags(struct guest *guest, struct guest_call *call)
{
	writer_u8(&call->response, guest_flags(guest));
	return VIPMI_CC_OK;
}

uint8_t guest_channel_receive(struct guest *guest, struct guest_call *call)
{
	uint8_t channel = reader_u8(&call->request) & 0x0F;
	uint8_t operation = reader_u8(&call->request) & 0x03;
	uint16_t bit = (uint16_t)(1u << channel);

	switch (operation) {
	case CHANNEL_DISABLE:
		guest->messages.channels &= (uint16_t)~bit;
		break;
	case CHANNEL_ENABLE:
		guest->messages.channels |= bit;
		break;
	case CHANNEL_STATE:
		break;
	default:
		return VIPMI_CC_INVALID_FIELD;
	}
	writer_u8(&call->response, channel);
	writer_u8(&call->response, guest->messages.channels & bit ? 1 : 0);
	return VIPMI_CC_OK;
}

uint8_t guest_read_event(struct guest *guest, struct guest_call *call)
{
	struct guest_messages *messages = &guest->messages;

	if (messages->event_count == 0) {
		return CC_EMPTY;
	}
	writer_bytes(&call->response, messages->events[messages->event_first], GUEST_EVENT_SIZE);
	messages->event_first = (messages->event_first + 1) % GUEST_EVENTS_MAX;
	messages->event_count--;
	return VIPMI_CC_OK;
}

uint8_t guest_get_message(struct guest *guest, struct guest_call *call)
{
	struct guest_messages *messages = &guest->messages;
	const struct guest_received *first = &messages->received[messages->received_first];

	if (messages->received_count == 0) {
		return CC_EMPTY;
	}
	writer_u8(&call->response, first->channel);
	writer_bytes(&call->response, first->bytes, first->length);
	messages->received_first = (messages->received_first + 1) % GUEST_RECEIVED_MAX;
	messages->received_count--;
	return VIPMI_CC_OK;
}

void guest_received(struct guest *guest, const struct guest_pending *pending, uint8_t cc,
	const uint8_t *data, size_t length)
{
	struct guest_messages *messages = &guest->messages;
	uint32_t at = (messages->received_first + messages->received_count) % GUEST_RECEIVED_MAX;
	struct guest_received *received = &messages->received[at];
	struct ipmb_message message = {
		.rs_address = pending->address,
		.rs_lun = pending->lun,
		.rq_address = pending->rq_address,
		.rq_lun = pending->rq_lun,
		.netfn = pending->netfn | 1,
		.sequence = pending->sequence,
		.command = pending->command,
		.data = guest->reply,
		.length = 1 + length,
	};
	int encoded = -EMSGSIZE;

	if (messages->received_count < GUEST_RECEIVED_MAX) {
		guest->reply[0] = cc;
		if (length > 0) {
			memcpy(guest->reply + 1, data, length);
		}
		/* Room for the completion code and the channel of the answer to Get Message; the
		 * frame's first byte it does not have. */
		encoded = ipmb_encode(&message, received->bytes, VIPMI_DATA_MAX - 1);
	}
	if (encoded < 0) {
		messages->received_lost++;
		return;
	}
	received->length = (uint16_t)(encoded - 1);
	memmove(received->bytes, received->bytes + 1, received->length);
	received->channel = pending->channel;
	messages->received_count++;
}

uint8_t guest_send_message(struct guest *guest, struct guest_call *call)
{
	uint8_t first = reader_u8(&call->request);
	size_t length = reader_left(&call->request);
	const uint8_t *frame = reader_bytes(&call->request, length);
	struct guest_forward *forward = &call->verdict->forward;
	struct guest_pending *pending;
	struct ipmb_message message;
	bool broadcast = frame[0] == 0;

	/* From a system interface nothing is tracked (section 22.7). */
	if (first & SEND_TRACKING ||
		ipmb_decode(frame + broadcast, length - broadcast, &message) < 0) {
		return VIPMI_CC_INVALID_FIELD;
	}
	/* What the guest's own controller answers it itself has on no bus: the real one would. */
	if (!guest->config.bus || guest_judge(&guest->config, message.netfn, message.command,
					  message.data, message.length) != GUEST_PASS) {
		return VIPMI_CC_PRIVILEGE;
	}
	pending = guest_pending_take(guest, &forward->tag);
	if (!pending) {
		return VIPMI_CC_NODE_BUSY;
	}
	pending->bridged = true;
	pending->sequence = message.sequence;
	pending->netfn = message.netfn;
	pending->lun = message.rs_lun;
	pending->command = message.command;
	pending->channel = first & SEND_CHANNEL;
	pending->address = message.rs_address;
	pending->rq_address = message.rq_address;
	pending->rq_lun = message.rq_lun;
	forward->target_kind = broadcast ? VIPMI_TARGET_IPMB_BROADCAST : VIPMI_TARGET_IPMB;
	forward->channel = pending->channel;
	forward->address = message.rs_address;
	forward->netfn = message.netfn;
	forward->lun = message.rs_lun;
	forward->command = message.command;
	forward->data = message.data;
	forward->length = message.length;
	call->verdict->forwarded = true;
	return VIPMI_CC_OK;
}
