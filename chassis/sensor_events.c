/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What sensors tell by themselves: which events are enabled, which have
 * occurred, rearming (IPMI 2.0 sections 35.10 to 35.13).
 */
#include "chassis/handlers.h"

/* ED1 [7:6], [5:4] (IPMI 2.0 section 29.7): what stands in the other two bytes. */
#define DATA_TRIGGER_AND_THRESHOLD 0x50
#define DATA2_SENSOR_SPECIFIC 0xC0
#define DATA3_SENSOR_SPECIFIC 0x30
#define DATA_UNSPECIFIED 0xFF

/* Set Sensor Event Enable, byte 2. */
#define ENABLE_EVENTS 0x80
#define ENABLE_SCANNING 0x40

void sensor_transition(struct controller *controller, struct sensor *sensor, uint16_t event,
	bool deassertion, uint8_t data2, uint8_t data3, uint64_t now_ns)
{
	uint16_t enabled = deassertion ? sensor->deassertions_on : sensor->assertions_on;
	bool threshold = sensor->board->record == RECORD_FULL;
	uint8_t offset = 0, data[3] = {0, data2, data3};

	if (deassertion) {
		sensor->assertions &= (uint16_t)~event;
		sensor->deassertions |= event & enabled;
	} else {
		sensor->deassertions &= (uint16_t)~event;
		sensor->assertions |= event & enabled;
	}
	if (!sensor->events || !(event & enabled)) {
		return;
	}
	while (!(event & 1u << offset)) {
		offset++;
	}
	data[0] = offset;
	if (threshold) {
		data[0] |= DATA_TRIGGER_AND_THRESHOLD;
	} else {
		data[0] |= data2 == DATA_UNSPECIFIED ? 0 : DATA2_SENSOR_SPECIFIC;
		data[0] |= data3 == DATA_UNSPECIFIED ? 0 : DATA3_SENSOR_SPECIFIC;
	}
	event_emit(controller, sensor->board, deassertion, data, now_ns);
}

void sensor_set_states(struct controller *controller, struct sensor *sensor, uint16_t states,
	uint8_t data2, uint8_t data3, uint64_t now_ns)
{
	uint16_t changed = sensor->states ^ states, bit;

	sensor->states = states;
	for (bit = 1; changed; bit = (uint16_t)(bit << 1)) {
		if (changed & bit) {
			changed &= (uint16_t)~bit;
			sensor_transition(
				controller, sensor, bit, !(states & bit), data2, data3, now_ns);
		}
	}
}

uint8_t sensor_get_event_enable(struct controller *controller, struct exchange *exchange)
{
	struct sensor *sensor = sensor_find(controller, reader_u8(&exchange->request));

	if (!sensor) {
		return VIPMI_CC_NOT_PRESENT;
	}
	writer_u8(&exchange->response,
		(sensor->events ? ENABLE_EVENTS : 0) | (sensor->scanning ? ENABLE_SCANNING : 0));
	writer_u16le(&exchange->response, sensor->assertions_on);
	writer_u16le(&exchange->response, sensor->deassertions_on);
	return VIPMI_CC_OK;
}

/* Two bytes if they are there, else 0: the masks at the end may be left out. */
static uint16_t optional_mask(struct reader *request)
{
	return reader_left(request) >= 2 ? reader_u16le(request) & 0x7FFF : 0;
}

uint8_t sensor_set_event_enable(struct controller *controller, struct exchange *exchange)
{
	struct sensor *sensor = sensor_find(controller, reader_u8(&exchange->request));
	uint8_t operation = reader_u8(&exchange->request);
	uint16_t assertions = optional_mask(&exchange->request);
	uint16_t deassertions = optional_mask(&exchange->request);
	uint16_t possible;

	if (!sensor) {
		return VIPMI_CC_NOT_PRESENT;
	}
	possible = sensor_possible_events(sensor->board);
	switch (operation >> 4 & 0x03) {
	case 0: /* leave the single events alone */
		break;
	case 1:
		sensor->assertions_on |= assertions & possible;
		sensor->deassertions_on |= deassertions & possible;
		break;
	case 2:
		sensor->assertions_on &= (uint16_t)~assertions;
		sensor->deassertions_on &= (uint16_t)~deassertions;
		break;
	default:
		return VIPMI_CC_INVALID_FIELD;
	}
	sensor->events = operation & ENABLE_EVENTS;
	sensor->scanning = operation & ENABLE_SCANNING;
	sensor_evaluate(controller, sensor, exchange->now_ns);
	return VIPMI_CC_OK;
}

/* Forgets these events; what still holds, occurs anew. */
static void rearm(struct controller *controller, struct sensor *sensor, uint16_t assertions,
	uint16_t deassertions, uint64_t now_ns)
{
	uint16_t again = sensor->assertions & assertions, states = sensor->states;
	int i;

	sensor->assertions &= (uint16_t)~assertions;
	sensor->deassertions &= (uint16_t)~deassertions;
	if (sensor->board->record != RECORD_FULL) {
		/* Discrete sensors: the states as they are occur again. */
		sensor->states &= (uint16_t)~again;
		sensor_set_states(
			controller, sensor, states, DATA_UNSPECIFIED, DATA_UNSPECIFIED, now_ns);
		return;
	}
	for (i = 0; i < THRESHOLD_COUNT; i++) {
		if (again & sensor_threshold_event(i)) {
			sensor->states &= (uint16_t) ~(1u << i);
		}
	}
	sensor_evaluate(controller, sensor, now_ns);
}

uint8_t sensor_rearm(struct controller *controller, struct exchange *exchange)
{
	struct sensor *sensor = sensor_find(controller, reader_u8(&exchange->request));
	bool selected = reader_u8(&exchange->request) & 0x80;
	uint16_t assertions = optional_mask(&exchange->request);
	uint16_t deassertions = optional_mask(&exchange->request);

	if (!sensor) {
		return VIPMI_CC_NOT_PRESENT;
	}
	if (!selected) {
		assertions = deassertions = 0x7FFF;
	}
	rearm(controller, sensor, assertions, deassertions, exchange->now_ns);
	return VIPMI_CC_OK;
}

uint8_t sensor_get_event_status(struct controller *controller, struct exchange *exchange)
{
	struct sensor *sensor = sensor_find(controller, reader_u8(&exchange->request));

	if (!sensor) {
		return VIPMI_CC_NOT_PRESENT;
	}
	sensor_evaluate(controller, sensor, exchange->now_ns);
	writer_u8(&exchange->response,
		(sensor->events ? ENABLE_EVENTS : 0) | (sensor->scanning ? ENABLE_SCANNING : 0));
	writer_u16le(&exchange->response, sensor->assertions);
	writer_u16le(&exchange->response, sensor->deassertions);
	return VIPMI_CC_OK;
}
