/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sensor data records, made from a board's tables (IPMI 2.0 section 43).
 */
#include "chassis/bus.h"
#include "chassis/text.h"

#define TYPE_FRU_LOCATOR 0x11
#define TYPE_CONTROLLER_LOCATOR 0x12

/* Initialization: scanning, events, thresholds, hysteresis, type; both on at power-up. */
#define INITIALIZATION_THRESHOLD 0x7F
#define INITIALIZATION_DISCRETE 0x67
/* Capabilities: re-arms itself; hysteresis and thresholds settable; events enabled one by one. */
#define CAPABILITIES_THRESHOLD 0x68
#define CAPABILITIES_DISCRETE 0x40

#define UNITS_DISCRETE 0xC0
#define NAME_8BIT_ASCII 0xC0
/* Management controller locator, byte 7: always there, nothing to initialize. */
#define CONTROLLER_STATIC 0x20
#define ANALOG_NOMINAL_AND_NORMAL 0x07

static void write_name(struct writer *writer, const char *name)
{
	size_t length = text_length(name, SDR_NAME_MAX);

	writer_u8(writer, (uint8_t)(NAME_8BIT_ASCII | length));
	writer_bytes(writer, name, length);
}

/* Starts a record; its length is filled in by finish. */
static uint8_t *start(struct writer *writer, uint16_t id, uint8_t type)
{
	uint8_t *header = writer->at;

	writer_u16le(writer, id);
	writer_u8(writer, VERSION_1_5);
	writer_u8(writer, type);
	writer_u8(writer, 0);
	return header;
}

static void finish(struct writer *writer, uint8_t *header)
{
	if (!writer->failed) {
		header[4] = (uint8_t)(writer->at - header - 5);
	}
}

static uint8_t instance_of(const struct controller *owner, uint8_t instance)
{
	return instance ? instance : owner->slot;
}

/* Bytes 5 to 9: who owns it. */
static void write_key(
	struct writer *writer, const struct controller *owner, const struct board_sensor *sensor)
{
	writer_u8(writer, owner->address);
	writer_u8(writer, 0); /* channel 0, LUN 0 */
	writer_u8(writer, sensor->number);
	writer_u8(writer, sensor->entity);
	writer_u8(writer, instance_of(owner, sensor->instance));
}

void sensor_factors_write(const struct board_sensor *sensor, struct writer *writer)
{
	/* 10-bit numbers: eight bits, then the upper two in front of a field that is 0 here. */
	writer_u8(writer, (uint8_t)sensor->m);
	writer_u8(writer, (uint8_t)((uint16_t)sensor->m >> 2 & 0xC0) | 0x01); /* tolerance */
	writer_u8(writer, (uint8_t)sensor->b);
	writer_u8(writer, (uint8_t)((uint16_t)sensor->b >> 2 & 0xC0));
	writer_u8(writer, 0);
	writer_u8(writer, (uint8_t)(((uint8_t)sensor->exponent & 0x0F) << 4 |
				    ((uint8_t)sensor->b_exponent & 0x0F)));
}

static void write_full(
	struct writer *writer, const struct controller *owner, const struct board_sensor *sensor)
{
	uint16_t events = sensor_possible_events(sensor), mask = sensor->thresholds_mask;
	static const uint8_t order[] = {THRESHOLD_UNR, THRESHOLD_UC, THRESHOLD_UNC, THRESHOLD_LNR,
		THRESHOLD_LC, THRESHOLD_LNC};
	bool is_signed = sensor->format == FORMAT_TWOS_COMPLEMENT;
	size_t i;

	write_key(writer, owner, sensor);
	writer_u8(writer, INITIALIZATION_THRESHOLD);
	writer_u8(writer, CAPABILITIES_THRESHOLD);
	writer_u8(writer, sensor->type);
	writer_u8(writer, sensor->reading_type);
	/* Above the events: which comparisons a reading returns, lower and upper. */
	writer_u16le(writer, (uint16_t)(events | (mask & 0x07) << 12));
	writer_u16le(writer, (uint16_t)(events | (mask >> 3 & 0x07) << 12));
	writer_u8(writer, (uint8_t)mask); /* readable */
	writer_u8(writer, (uint8_t)mask); /* settable */
	writer_u8(writer, (uint8_t)(sensor->format << 6));
	writer_u8(writer, sensor->unit);
	writer_u8(writer, 0); /* modifier unit */
	writer_u8(writer, 0); /* linear */
	sensor_factors_write(sensor, writer);
	writer_u8(writer, ANALOG_NOMINAL_AND_NORMAL);
	writer_u8(writer, sensor->nominal);
	writer_u8(writer, sensor->normal_max);
	writer_u8(writer, sensor->normal_min);
	writer_u8(writer, is_signed ? 0x7F : 0xFF);
	writer_u8(writer, is_signed ? 0x80 : 0x00);
	for (i = 0; i < ARRAY_LENGTH(order); i++) {
		writer_u8(writer, sensor->thresholds[order[i]]);
	}
	writer_u8(writer, sensor->hysteresis);
	writer_u8(writer, sensor->hysteresis);
	writer_u16le(writer, 0);
	writer_u8(writer, 0); /* OEM */
	write_name(writer, sensor->name);
}

static void write_compact(
	struct writer *writer, const struct controller *owner, const struct board_sensor *sensor)
{
	write_key(writer, owner, sensor);
	writer_u8(writer, INITIALIZATION_DISCRETE);
	writer_u8(writer, CAPABILITIES_DISCRETE);
	writer_u8(writer, sensor->type);
	writer_u8(writer, sensor->reading_type);
	writer_u16le(writer, sensor->events);
	writer_u16le(writer, sensor->events & (uint16_t)~sensor->silent_ends);
	writer_u16le(writer, sensor->states);
	writer_u8(writer, UNITS_DISCRETE);
	writer_u16le(writer, 0);
	writer_u16le(writer, 0x0001); /* describes one sensor */
	writer_u16le(writer, 0);      /* hysteresis */
	writer_u24le(writer, 0);
	writer_u8(writer, 0); /* OEM */
	write_name(writer, sensor->name);
}

static void write_event_only(
	struct writer *writer, const struct controller *owner, const struct board_sensor *sensor)
{
	write_key(writer, owner, sensor);
	writer_u8(writer, sensor->type);
	writer_u8(writer, sensor->reading_type);
	writer_u16le(writer, 0x0001); /* describes one sensor */
	writer_u16le(writer, 0);
	write_name(writer, sensor->name);
}

static void write_controller_locator(
	struct writer *writer, const struct controller *owner, const struct board_locator *locator)
{
	writer_u8(writer, locator->address ? locator->address : owner->address);
	writer_u8(writer, 0); /* channel */
	writer_u8(writer, CONTROLLER_STATIC);
	writer_u8(writer, locator->support);
	writer_u24le(writer, 0);
	writer_u8(writer, locator->entity);
	writer_u8(writer, instance_of(owner, locator->instance));
	writer_u8(writer, 0); /* OEM */
	write_name(writer, locator->name);
}

static void write_fru_locator(struct writer *writer, const struct controller *owner,
	const struct board_fru *fru, uint8_t id)
{
	writer_u8(writer, owner->address);
	writer_u8(writer, id);
	writer_u8(writer, 0x80); /* logical: through the controller's FRU commands */
	writer_u8(writer, 0);    /* channel */
	writer_u8(writer, 0);
	writer_u8(writer, 0x10); /* device type: logical FRU device */
	writer_u8(writer, 0);    /* modifier: inventory */
	writer_u8(writer, fru->entity);
	writer_u8(writer, instance_of(owner, fru->instance));
	writer_u8(writer, 0); /* OEM */
	write_name(writer, fru->name);
}

/* Ends the record that was written and makes it the store's next one. */
static void store_add(struct sdr_store *store, struct writer *writer, uint8_t *header)
{
	finish(writer, header);
	store->records_count++;
	store->offsets[store->records_count] = (uint16_t)writer_length(writer);
}

/* The locator that a whole drawer's manager has for each controller: "Node card 7". */
static void write_shelf_locator(struct writer *writer, const struct controller *of)
{
	char name[SDR_NAME_MAX + 1] = {0};
	size_t length = text_length(of->board->name, SDR_NAME_MAX - 3);
	const struct board_locator locator = {
		.name = name,
		.support = of->board->support,
		.entity = of->board->frus_count ? of->board->frus[0].entity : 0,
	};

	memcpy(name, of->board->name, length);
	name[length++] = ' ';
	if (of->slot >= 10) {
		name[length++] = (char)('0' + of->slot / 10);
	}
	name[length] = (char)('0' + of->slot % 10);
	write_controller_locator(writer, of, &locator);
}

static void write_locators(struct controller *controller, struct writer *writer)
{
	const struct board *board = controller->board;
	const struct bus *bus = controller->bus;
	uint8_t *header;
	uint8_t i;

	for (i = 0; i < board->locators_count; i++) {
		header = start(writer, controller->sdr.records_count + 1, TYPE_CONTROLLER_LOCATOR);
		write_controller_locator(writer, controller, &board->locators[i]);
		store_add(&controller->sdr, writer, header);
	}
	if (!controller_has(controller, FEATURE_SHELF)) {
		return;
	}
	for (i = 0; i < bus->controllers_count; i++) {
		if (bus->controllers[i]->present) {
			header = start(
				writer, controller->sdr.records_count + 1, TYPE_CONTROLLER_LOCATOR);
			write_shelf_locator(writer, bus->controllers[i]);
			store_add(&controller->sdr, writer, header);
		}
	}
}

void sdr_records_write(struct controller *controller, struct writer *writer)
{
	const struct board *board = controller->board;
	struct sdr_store *store = &controller->sdr;
	uint8_t *header;
	uint8_t i;

	store->records_count = 0;
	store->offsets[0] = 0;
	for (i = 0; i < board_sensors_count(board); i++) {
		const struct board_sensor *sensor = board_sensor_at(board, i);

		header = start(writer, store->records_count + 1, sensor->record);
		if (sensor->record == RECORD_FULL) {
			write_full(writer, controller, sensor);
		} else if (sensor->record == RECORD_COMPACT) {
			write_compact(writer, controller, sensor);
		} else {
			write_event_only(writer, controller, sensor);
		}
		store_add(store, writer, header);
	}
	for (i = 0; i < board->frus_count; i++) {
		header = start(writer, store->records_count + 1, TYPE_FRU_LOCATOR);
		write_fru_locator(writer, controller, &board->frus[i], i);
		store_add(store, writer, header);
	}
	write_locators(controller, writer);
}
