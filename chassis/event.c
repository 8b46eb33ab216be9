/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events: the way from a sensor to the event receiver, over the IPMB where that
 * is another controller, and from there to the SEL and to system software (IPMI
 * 2.0 section 29).
 */
#include "chassis/handlers.h"

#define RECORD_TYPE_SYSTEM_EVENT 0x02
#define EVENT_MESSAGE_REVISION 0x04
#define DEASSERTION 0x80
#define EVENT_RECEIVER_DISABLED 0xFF

/* An event as the receiver keeps it: everything but record ID and time. */
static void event_log(
	struct controller *controller, uint8_t record[SEL_RECORD_SIZE], uint64_t now_ns)
{
	uint16_t id = 0xFFFF;
	uint32_t time_s = clock_sel_s(controller, now_ns);
	struct writer header = writer_init(record, SEL_RECORD_SIZE);

	if (controller_has(controller, FEATURE_SEL) && messaging_logs_events(controller)) {
		/* A full SEL loses the event, and says so in Get SEL Info. */
		(void)sel_add(controller, record, now_ns, &id);
	}
	writer_u16le(&header, id);
	writer_u8(&header, RECORD_TYPE_SYSTEM_EVENT);
	writer_u32le(&header, time_s);
	messaging_event(controller, record);
	relay_event(controller, record, now_ns);
}

/* Sends the seven bytes of an event to the event receiver. */
static void event_send(struct controller *controller, const uint8_t message[7], uint64_t now_ns)
{
	uint8_t frame[IPMB_FRAME_MAX];
	struct ipmb_message request = {
		.rs_address = controller->event_receiver,
		.rs_lun = controller->event_receiver_lun,
		.rq_address = controller->address,
		.netfn = VIPMI_NETFN_SENSOR,
		.command = 0x02,
		.data = message,
		.length = 7,
	};
	int length;

	request.sequence = controller->event_sequence++ % IPMB_SEQUENCES;
	length = ipmb_encode(&request, frame, sizeof(frame));
	if (length > 0) {
		/* Nobody there: the event is lost, as it is after a few tries on a real bus. */
		(void)bus_send(controller, frame, (size_t)length, now_ns);
	}
}

void event_emit(struct controller *controller, const struct board_sensor *sensor, bool deassertion,
	const uint8_t data[3], uint64_t now_ns)
{
	uint8_t message[] = {EVENT_MESSAGE_REVISION, sensor->type, sensor->number,
		sensor->reading_type | (deassertion ? DEASSERTION : 0), data[0], data[1], data[2]};
	uint8_t record[SEL_RECORD_SIZE] = {0, 0, RECORD_TYPE_SYSTEM_EVENT};

	if (controller->event_receiver == EVENT_RECEIVER_DISABLED) {
		return;
	}
	if (controller->event_receiver == controller->address) {
		record[7] = controller->address;
		memcpy(record + 9, message, sizeof(message));
		event_log(controller, record, now_ns);
		return;
	}
	event_send(controller, message, now_ns);
}

/* Whether this comes from the manager, which passes on what others told it: then the generator's ID
 * stands in front, as at the system interface, since the frame names the manager. */
static bool is_relayed(const struct controller *controller, const struct exchange *exchange)
{
	return exchange->channel == CHANNEL_IPMB && !controller_has(controller, FEATURE_SEL) &&
	       exchange->rq_address == controller->event_receiver &&
	       reader_left(&exchange->request) == RELAY_EVENT_SIZE;
}

/* An event from the manager, for system software. */
static uint8_t take_relayed(struct controller *controller, struct exchange *exchange)
{
	uint8_t record[SEL_RECORD_SIZE] = {0, 0, RECORD_TYPE_SYSTEM_EVENT};

	if (messaging_event_busy(controller)) {
		return VIPMI_CC_NODE_BUSY; /* it will come again */
	}
	if (relay_taken(controller, exchange)) {
		return VIPMI_CC_DUPLICATE;
	}
	record[7] = reader_u8(&exchange->request);
	(void)reader_copy(&exchange->request, record + 9, 7); /* the length was checked */
	event_log(controller, record, exchange->now_ns);
	return VIPMI_CC_OK;
}

uint8_t event_platform(struct controller *controller, struct exchange *exchange)
{
	uint8_t record[SEL_RECORD_SIZE] = {0, 0, RECORD_TYPE_SYSTEM_EVENT};
	size_t wanted = exchange->channel == CHANNEL_SYSTEM_INTERFACE ? 8 : 7;

	if (is_relayed(controller, exchange)) {
		return take_relayed(controller, exchange);
	}
	if (reader_left(&exchange->request) != wanted) {
		return VIPMI_CC_LENGTH_INVALID;
	}
	/* IPMI 2.0 section 29.3: the generator's ID comes first where no frame names it. */
	if (exchange->channel == CHANNEL_SYSTEM_INTERFACE) {
		record[7] = reader_u8(&exchange->request);
		if (!(record[7] & 1)) {
			return VIPMI_CC_INVALID_FIELD; /* not a software ID */
		}
	} else {
		record[7] = exchange->rq_address;
		record[8] = (uint8_t)(exchange->channel << 4 | exchange->rq_lun);
	}
	(void)reader_copy(&exchange->request, record + 9, 7); /* the length was checked */
	if (!controller_has(controller, FEATURE_SEL)) {
		/* The manager keeps the log, and passes the event on to those who listen. */
		event_send(controller, record + 9, exchange->now_ns);
		return VIPMI_CC_OK;
	}
	event_log(controller, record, exchange->now_ns);
	return VIPMI_CC_OK;
}

uint8_t event_set_receiver(struct controller *controller, struct exchange *exchange)
{
	uint8_t address = reader_u8(&exchange->request);
	uint8_t lun = reader_u8(&exchange->request);

	if (lun > 3 || (address & 1 && address != EVENT_RECEIVER_DISABLED)) {
		return VIPMI_CC_INVALID_FIELD;
	}
	controller->event_receiver = address;
	controller->event_receiver_lun = lun;
	return VIPMI_CC_OK;
}

uint8_t event_get_receiver(struct controller *controller, struct exchange *exchange)
{
	writer_u8(&exchange->response, controller->event_receiver);
	writer_u8(&exchange->response, controller->event_receiver_lun);
	return VIPMI_CC_OK;
}
