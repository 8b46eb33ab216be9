/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lies between system software and the rest of the world: global enables,
 * message flags, the Receive Message Queue, the event message buffer, bridging
 * (IPMI 2.0 section 22).
 */
#include "chassis/handlers.h"

/* Set BMC Global Enables. */
#define ENABLE_RECEIVE_INTERRUPT 0x01
#define ENABLE_EVENT_INTERRUPT 0x02
#define ENABLE_EVENT_BUFFER 0x04
#define ENABLE_EVENT_LOGGING 0x08
#define ENABLES_RESERVED 0x10

/* Get Message and Read Event Message Buffer: there is none. */
#define CC_EMPTY 0x80

/* Send Message, byte 1 [7:6]. */
#define TRACKING_NONE 0

void messaging_init(struct controller *controller)
{
	struct messaging *messaging = &controller->messaging;

	messaging->enables = ENABLE_EVENT_LOGGING;
	messaging->flags = 0;
	messaging->event_full = false;
	messaging->queue_first = 0;
	messaging->queue_count = 0;
	messaging->lost = 0;
	messaging->channels_receiving = 0xFFFF;
}

uint8_t messaging_flags(const struct controller *controller)
{
	const struct messaging *messaging = &controller->messaging;

	return messaging->flags | (messaging->queue_count ? FLAG_RECEIVE : 0) |
	       (messaging->event_full || messaging->sticky ? FLAG_EVENT : 0);
}

bool messaging_logs_events(const struct controller *controller)
{
	return controller->messaging.enables & ENABLE_EVENT_LOGGING;
}

bool messaging_receive(
	struct controller *controller, uint8_t channel, const uint8_t *frame, size_t length)
{
	struct messaging *messaging = &controller->messaging;
	struct received *to;

	/* System software wants none from there: taken, and dropped (IPMI 2.0 section 22.9). */
	if (!(messaging->channels_receiving & 1u << channel) || length > sizeof(to->frame)) {
		messaging->lost++;
		return true;
	}
	if (messaging->queue_count == controller->board->receive_max) {
		return false;
	}
	to = &messaging->queue[(messaging->queue_first + messaging->queue_count) %
			       RECEIVE_QUEUE_MAX];
	messaging->queue_count++;
	to->channel = channel;
	to->length = (uint8_t)length;
	memcpy(to->frame, frame, length);
	return true;
}

void messaging_event(struct controller *controller, const uint8_t record[SEL_RECORD_SIZE])
{
	struct messaging *messaging = &controller->messaging;

	/* One deep: while nobody reads it, later events do not get in. */
	if (messaging->enables & ENABLE_EVENT_BUFFER && !messaging->event_full) {
		memcpy(messaging->event, record, SEL_RECORD_SIZE);
		messaging->event_full = true;
	}
}

bool messaging_event_busy(const struct controller *controller)
{
	const struct messaging *messaging = &controller->messaging;

	return messaging->enables & ENABLE_EVENT_BUFFER && messaging->event_full;
}

uint8_t messaging_set_enables(struct controller *controller, struct exchange *exchange)
{
	uint8_t enables = reader_u8(&exchange->request);
	bool interrupts = enables & (ENABLE_RECEIVE_INTERRUPT | ENABLE_EVENT_INTERRUPT);

	if (enables & ENABLES_RESERVED) {
		return VIPMI_CC_INVALID_FIELD;
	}
	controller->messaging.enables = enables;
	if (interrupts != controller->interrupts) {
		controller->interrupts = interrupts;
		controller_output(controller, CHASSIS_OUTPUT_INTERRUPT);
	}
	return VIPMI_CC_OK;
}

uint8_t messaging_get_enables(struct controller *controller, struct exchange *exchange)
{
	writer_u8(&exchange->response, controller->messaging.enables);
	return VIPMI_CC_OK;
}

uint8_t messaging_clear_flags(struct controller *controller, struct exchange *exchange)
{
	struct messaging *messaging = &controller->messaging;
	uint8_t mask = reader_u8(&exchange->request);

	if (mask & FLAG_RECEIVE) {
		messaging->queue_count = 0;
	}
	if (mask & FLAG_EVENT) {
		messaging->event_full = false;
	}
	messaging->flags &= (uint8_t)~mask;
	return VIPMI_CC_OK;
}

uint8_t messaging_get_flags(struct controller *controller, struct exchange *exchange)
{
	writer_u8(&exchange->response, messaging_flags(controller));
	return VIPMI_CC_OK;
}

uint8_t messaging_enable_receive(struct controller *controller, struct exchange *exchange)
{
	struct messaging *messaging = &controller->messaging;
	uint8_t channel = exchange_channel(exchange, reader_u8(&exchange->request));
	uint8_t operation = reader_u8(&exchange->request) & 0x03;

	if (channel != CHANNEL_IPMB && channel != CHANNEL_LAN) {
		return VIPMI_CC_INVALID_FIELD;
	}
	switch (operation) {
	case 0:
		messaging->channels_receiving &= (uint16_t) ~(1u << channel);
		break;
	case 1:
		messaging->channels_receiving |= (uint16_t)(1u << channel);
		break;
	case 2:
		break;
	default:
		return VIPMI_CC_INVALID_FIELD;
	}
	writer_u8(&exchange->response, channel);
	writer_u8(&exchange->response, messaging->channels_receiving >> channel & 1);
	return VIPMI_CC_OK;
}

uint8_t messaging_get_message(struct controller *controller, struct exchange *exchange)
{
	struct messaging *messaging = &controller->messaging;
	const struct received *first = &messaging->queue[messaging->queue_first];

	if (messaging->queue_count == 0) {
		return CC_EMPTY;
	}
	writer_u8(&exchange->response, first->channel); /* [7:4] privilege: unspecified */
	writer_bytes(&exchange->response, first->frame, first->length);
	messaging->queue_first = (messaging->queue_first + 1) % RECEIVE_QUEUE_MAX;
	messaging->queue_count--;
	return VIPMI_CC_OK;
}

uint8_t messaging_read_event(struct controller *controller, struct exchange *exchange)
{
	struct messaging *messaging = &controller->messaging;

	if (!messaging->event_full) {
		return CC_EMPTY;
	}
	writer_bytes(&exchange->response, messaging->event, SEL_RECORD_SIZE);
	messaging->event_full = false;
	return VIPMI_CC_OK;
}

uint8_t messaging_send_message(struct controller *controller, struct exchange *exchange)
{
	uint8_t byte = reader_u8(&exchange->request);
	uint8_t channel = exchange_channel(exchange, byte);
	size_t length = reader_left(&exchange->request);
	const uint8_t *frame = reader_bytes(&exchange->request, length);

	/* Tracking and sessions are for session channels (IPMI 2.0 section 22.7). */
	if (byte >> 6 != TRACKING_NONE || byte & 0x30) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (channel == CHANNEL_LAN) {
		return VIPMI_CC_DESTINATION_UNAVAILABLE; /* no session stands */
	}
	if (channel != CHANNEL_IPMB) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (length < IPMB_REQUEST_OVERHEAD || length > IPMB_FRAME_MAX) {
		return VIPMI_CC_LENGTH_INVALID;
	}
	return bus_send(controller, frame, length, exchange->now_ns);
}
