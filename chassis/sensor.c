/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sensors: readings, thresholds, hysteresis (IPMI 2.0 section 35). A reading
 * drifts slowly around its nominal value; nothing is kept for that, it follows
 * from the time and the seed.
 */
#include "chassis/handlers.h"

/* The drift moves on once in 2^30 ns, about a second, and repeats after 256 of these. */
#define DRIFT_SHIFT 30
#define DRIFT_PERIOD 256u

/* All readings are compared with their thresholds this often, as firmware's scan loops do. */
#define SCAN_INTERVAL_NS NSEC_PER_SEC_U64

/* Get Sensor Reading, byte 3 (IPMI 2.0 section 35.14). */
#define READING_EVENTS_ENABLED 0x80
#define READING_SCANNING_ENABLED 0x40
#define READING_UNAVAILABLE 0x20

void sensors_carve(struct controller *controller, const struct board *board, struct arena *arena)
{
	void *sensors = arena_take(arena, board_sensors_count(board) * sizeof(struct sensor));
	void *index = arena_take(arena, SENSOR_NUMBERS);

	if (controller) {
		controller->sensors = sensors;
		controller->sensor_index = index;
	}
}

static void sensor_init(
	struct controller *controller, struct sensor *sensor, const struct board_sensor *board)
{
	uint16_t events = sensor_possible_events(board);

	*sensor = (struct sensor){
		.board = board,
		.phase = random_below(&controller->random, DRIFT_PERIOD),
		.scanning = true,
		.events = true,
		.hysteresis_positive = board->hysteresis,
		.hysteresis_negative = board->hysteresis,
		.states = board->initial,
		.assertions_on = events,
		.deassertions_on = events & (uint16_t)~board->silent_ends,
	};
	memcpy(sensor->thresholds, board->thresholds, sizeof(sensor->thresholds));
	if (board->record != RECORD_FULL) {
		sensor->assertions = board->initial & events;
	}
}

void sensors_init(struct controller *controller)
{
	const struct board *board = controller->board;
	uint8_t i;

	memset(controller->sensor_index, 0, SENSOR_NUMBERS);
	/* The same phases after every restart: the world outside did not restart. */
	random_init(&controller->random, controller->seed);
	for (i = 0; i < board_sensors_count(board); i++) {
		const struct board_sensor *sensor = board_sensor_at(board, i);

		sensor_init(controller, &controller->sensors[i], sensor);
		if (sensor->record != RECORD_EVENT_ONLY) {
			controller->sensor_index[sensor->number] = i + 1;
		}
	}
}

struct sensor *sensor_find(struct controller *controller, uint8_t number)
{
	uint8_t index = controller->sensor_index[number];

	return index ? &controller->sensors[index - 1] : NULL;
}

/* The value that a raw byte stands for, for comparisons. */
static int raw_value(const struct sensor *sensor, uint8_t raw)
{
	return sensor->board->format == FORMAT_TWOS_COMPLEMENT ? (int8_t)raw : raw;
}

/* The reading that time alone makes. */
static uint8_t drift(
	const struct controller *controller, const struct sensor *sensor, uint64_t now_ns)
{
	uint32_t tick, swing = sensor->board->swing;

	if (swing == 0) {
		return sensor->board->nominal;
	}
	/* A triangle between nominal - swing and nominal + swing. */
	tick = controller->freeze ? 0 : (uint32_t)(now_ns >> DRIFT_SHIFT);
	tick = (tick + sensor->phase) % DRIFT_PERIOD;
	if (tick >= DRIFT_PERIOD / 2) {
		tick = DRIFT_PERIOD - 1 - tick;
	}
	return (uint8_t)(sensor->board->nominal + tick * (2 * swing + 1) / (DRIFT_PERIOD / 2) -
			 swing);
}

/* Adds what the rest of the drawer does to it; a sensor does not run over. */
static uint8_t raised(uint8_t reading, uint8_t by, uint8_t most)
{
	return reading >= most ? reading : by > most - reading ? most : (uint8_t)(reading + by);
}

uint8_t sensor_reading(
	const struct controller *controller, const struct sensor *sensor, uint64_t now_ns)
{
	const struct environment *environment = bus_environment(controller->bus);
	uint8_t reading;

	if (sensor->reading_set) {
		return sensor->reading;
	}
	reading = drift(controller, sensor, now_ns);
	switch (sensor->board->cause) {
	case CAUSE_HEAT:
		/* Below 127 so that signed ones stay positive. */
		return raised(reading, environment->heat, 0x7F);
	case CAUSE_FAN:
		return controller->failed ? 0 : raised(reading, environment->fan_boost, 0xFF);
	case CAUSE_OUTPUT:
		return controller->failed ? 0 : reading;
	case CAUSE_LOAD:
		return controller->failed ? 0 : raised(reading, environment->load, 0xFF);
	default:
		return reading;
	}
}

bool sensor_available(const struct controller *controller, const struct sensor *sensor)
{
	return sensor->scanning && (sensor->board->record != RECORD_FULL || !controller->unpowered);
}

/* Whether the value is at or beyond a threshold, moved back by `slack`. */
static bool beyond(const struct sensor *sensor, int threshold, int value, int slack)
{
	int limit = raw_value(sensor, sensor->thresholds[threshold]);

	if (!(sensor->board->thresholds_mask & 1u << threshold)) {
		return false;
	}
	return threshold <= THRESHOLD_LNR ? value <= limit + slack : value >= limit - slack;
}

uint8_t sensor_comparison(const struct sensor *sensor, uint8_t reading)
{
	uint8_t states = 0;
	int i;

	for (i = 0; i < THRESHOLD_COUNT; i++) {
		if (beyond(sensor, i, raw_value(sensor, reading), 0)) {
			states |= (uint8_t)(1u << i);
		}
	}
	return states;
}

uint16_t sensor_threshold_event(int threshold)
{
	/* Lower thresholds "going low", upper ones "going high" (IPMI 2.0 table 42-2). */
	return (uint16_t)(1u << (threshold <= THRESHOLD_LNR ? 2 * threshold : 2 * threshold + 1));
}

uint16_t sensor_possible_events(const struct board_sensor *sensor)
{
	uint16_t events = 0;
	int i;

	if (sensor->record != RECORD_FULL) {
		return sensor->events;
	}
	for (i = 0; i < THRESHOLD_COUNT; i++) {
		if (sensor->thresholds_mask & 1u << i) {
			events |= sensor_threshold_event(i);
		}
	}
	return events;
}

void sensor_evaluate(struct controller *controller, struct sensor *sensor, uint64_t now_ns)
{
	uint8_t reading = sensor_reading(controller, sensor, now_ns);
	int i, value = raw_value(sensor, reading);

	if (sensor->board->record != RECORD_FULL || !sensor_available(controller, sensor)) {
		return;
	}
	for (i = 0; i < THRESHOLD_COUNT; i++) {
		bool was = sensor->states & 1u << i;
		int slack = i <= THRESHOLD_LNR ? sensor->hysteresis_positive
					       : sensor->hysteresis_negative;
		/* A state is left only when the reading is past the threshold by more than this. */
		bool is = beyond(sensor, i, value, was ? slack : 0);

		if (was == is) {
			continue;
		}
		sensor->states ^= (uint16_t)(1u << i);
		sensor_transition(controller, sensor, sensor_threshold_event(i), !is, reading,
			sensor->thresholds[i], now_ns);
	}
}

void sensors_scan(struct controller *controller, uint64_t now_ns)
{
	uint8_t i;

	if (controller->freeze) {
		return; /* nothing moves; whatever is set is evaluated there and then */
	}
	if (now_ns >= controller->scan_ns) {
		for (i = 0; i < board_sensors_count(controller->board); i++) {
			sensor_evaluate(controller, &controller->sensors[i], now_ns);
		}
		controller->scan_ns = now_ns + SCAN_INTERVAL_NS;
	}
	controller_due(controller, controller->scan_ns);
}

uint8_t sensor_get_reading(struct controller *controller, struct exchange *exchange)
{
	struct sensor *sensor = sensor_find(controller, reader_u8(&exchange->request));
	uint8_t reading, flags;

	if (!sensor) {
		return VIPMI_CC_NOT_PRESENT;
	}
	flags = (sensor->events ? READING_EVENTS_ENABLED : 0) |
		(sensor->scanning ? READING_SCANNING_ENABLED : 0) |
		(sensor_available(controller, sensor) ? 0 : READING_UNAVAILABLE);
	if (sensor->board->record == RECORD_FULL) {
		sensor_evaluate(controller, sensor, exchange->now_ns);
		reading = sensor_reading(controller, sensor, exchange->now_ns);
		writer_u8(&exchange->response, reading);
		writer_u8(&exchange->response, flags);
		/* Reserved bits 7:6 read as ones. */
		writer_u8(&exchange->response, sensor_comparison(sensor, reading) | 0xC0);
		return VIPMI_CC_OK;
	}
	writer_u8(&exchange->response, 0);
	writer_u8(&exchange->response, flags);
	writer_u16le(&exchange->response, sensor->states | 0x8000);
	return VIPMI_CC_OK;
}

/* Every sensor here is linear: the same factors for every reading. */
uint8_t sensor_get_factors(struct controller *controller, struct exchange *exchange)
{
	struct sensor *sensor = sensor_find(controller, reader_u8(&exchange->request));
	uint8_t raw = reader_u8(&exchange->request);

	if (!sensor) {
		return VIPMI_CC_NOT_PRESENT;
	}
	if (sensor->board->record != RECORD_FULL) {
		return VIPMI_CC_ILLEGAL_FOR_RECORD;
	}
	writer_u8(&exchange->response, raw == 0xFF ? 0xFF : raw + 1);
	sensor_factors_write(sensor->board, &exchange->response);
	return VIPMI_CC_OK;
}

static struct sensor *threshold_sensor(
	struct controller *controller, struct exchange *exchange, uint8_t *ret_cc)
{
	struct sensor *sensor = sensor_find(controller, reader_u8(&exchange->request));

	if (!sensor) {
		*ret_cc = VIPMI_CC_NOT_PRESENT;
		return NULL;
	}
	if (sensor->board->record != RECORD_FULL) {
		*ret_cc = VIPMI_CC_ILLEGAL_FOR_RECORD;
		return NULL;
	}
	return sensor;
}

uint8_t sensor_get_hysteresis(struct controller *controller, struct exchange *exchange)
{
	uint8_t cc = VIPMI_CC_OK;
	struct sensor *sensor = threshold_sensor(controller, exchange, &cc);

	if (sensor) {
		writer_u8(&exchange->response, sensor->hysteresis_positive);
		writer_u8(&exchange->response, sensor->hysteresis_negative);
	}
	return cc;
}

uint8_t sensor_set_hysteresis(struct controller *controller, struct exchange *exchange)
{
	uint8_t cc = VIPMI_CC_OK;
	struct sensor *sensor = threshold_sensor(controller, exchange, &cc);

	if (sensor) {
		(void)reader_u8(&exchange->request); /* reserved, FFh */
		sensor->hysteresis_positive = reader_u8(&exchange->request);
		sensor->hysteresis_negative = reader_u8(&exchange->request);
		sensor_evaluate(controller, sensor, exchange->now_ns);
	}
	return cc;
}

uint8_t sensor_get_thresholds(struct controller *controller, struct exchange *exchange)
{
	uint8_t cc = VIPMI_CC_OK;
	struct sensor *sensor = threshold_sensor(controller, exchange, &cc);

	if (sensor) {
		writer_u8(&exchange->response, sensor->board->thresholds_mask);
		writer_bytes(&exchange->response, sensor->thresholds, THRESHOLD_COUNT);
	}
	return cc;
}

/* Whether those that exist stand in their order: LNR, LC, LNC, UNC, UC, UNR. */
static bool thresholds_ordered(const struct sensor *sensor, const uint8_t *thresholds)
{
	static const uint8_t order[] = {THRESHOLD_LNR, THRESHOLD_LC, THRESHOLD_LNC, THRESHOLD_UNC,
		THRESHOLD_UC, THRESHOLD_UNR};
	int last = -1000, value;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(order); i++) {
		if (!(sensor->board->thresholds_mask & 1u << order[i])) {
			continue;
		}
		value = raw_value(sensor, thresholds[order[i]]);
		if (value < last) {
			return false;
		}
		last = value;
	}
	return true;
}

uint8_t sensor_set_thresholds(struct controller *controller, struct exchange *exchange)
{
	uint8_t cc = VIPMI_CC_OK, mask, value, thresholds[THRESHOLD_COUNT];
	struct sensor *sensor = threshold_sensor(controller, exchange, &cc);
	int i;

	if (!sensor) {
		return cc;
	}
	mask = reader_u8(&exchange->request);
	if (mask & ~sensor->board->thresholds_mask) {
		return VIPMI_CC_INVALID_FIELD;
	}
	for (i = 0; i < THRESHOLD_COUNT; i++) {
		value = reader_u8(&exchange->request);
		thresholds[i] = mask & 1u << i ? value : sensor->thresholds[i];
	}
	/* Tools set one at a time, so an order broken by a single one is common and legal; only a
	 * whole set that contradicts itself is refused. */
	if (mask == sensor->board->thresholds_mask && !thresholds_ordered(sensor, thresholds)) {
		return VIPMI_CC_INVALID_FIELD;
	}
	memcpy(sensor->thresholds, thresholds, sizeof(thresholds));
	sensor_evaluate(controller, sensor, exchange->now_ns);
	return VIPMI_CC_OK;
}

uint8_t sensor_get_type(struct controller *controller, struct exchange *exchange)
{
	struct sensor *sensor = sensor_find(controller, reader_u8(&exchange->request));

	if (!sensor) {
		return VIPMI_CC_NOT_PRESENT;
	}
	writer_u8(&exchange->response, sensor->board->type);
	writer_u8(&exchange->response, sensor->board->reading_type);
	return VIPMI_CC_OK;
}

/* How a mask of states changes: 0 not, 1 replaced, 2 these are set, 3 all but these are cleared. */
static uint16_t mask_apply(uint16_t old, uint16_t given, uint8_t operation)
{
	switch (operation) {
	case 1:
		return given;
	case 2:
		return old | given;
	case 3:
		return old & given;
	default:
		return old;
	}
}

/* IPMI 2.0 section 35.18. The reading stays until the controller restarts. */
uint8_t sensor_set_reading(struct controller *controller, struct exchange *exchange)
{
	struct sensor *sensor = sensor_find(controller, reader_u8(&exchange->request));
	uint8_t operation = reader_u8(&exchange->request), reading = 0, data[3] = {0, 0xFF, 0xFF};
	uint16_t given = 0;

	if (!sensor) {
		return VIPMI_CC_NOT_PRESENT;
	}
	if (reader_left(&exchange->request) > 0) {
		reading = reader_u8(&exchange->request);
	} else if (operation & 0x03) {
		return VIPMI_CC_REQUEST_TRUNCATED;
	}
	if (reader_left(&exchange->request) >= 2) {
		given = reader_u16le(&exchange->request) & 0x7FFF;
	}
	if (reader_left(&exchange->request) >= 2) {
		(void)reader_u16le(&exchange->request); /* deassertions follow from the states */
	}
	if (operation >> 6 && reader_left(&exchange->request) >= 3) {
		(void)reader_copy(&exchange->request, data, 3); /* as many as there are */
	}
	if (sensor->board->record == RECORD_FULL) {
		if ((operation & 0x03) == 1) {
			sensor->reading = reading;
			sensor->reading_set = true;
			sensor_evaluate(controller, sensor, exchange->now_ns);
		}
		return VIPMI_CC_OK;
	}
	given = mask_apply(sensor->states, given, operation >> 4 & 0x03);
	if (given & ~sensor->board->states) {
		return VIPMI_CC_INVALID_FIELD;
	}
	sensor_set_states(controller, sensor, given, data[1], data[2], exchange->now_ns);
	return VIPMI_CC_OK;
}
