/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SDR repository (IPMI 2.0 section 33) and, for a satellite, its device SDRs
 * (section 35): the same records, reserved and read in the same way. They cannot
 * be changed, as with firmware that generates them.
 */
#include "chassis/handlers.h"

#define RECORD_FIRST 0x0000
#define RECORD_END 0xFFFF
#define WHOLE_RECORD 0xFF

/* Get SDR Repository Info, operation support. */
#define SUPPORTS_ALLOCATION_INFO 0x01
#define SUPPORTS_RESERVE 0x02

/* As many as there can ever be. */
static uint16_t record_count(const struct board *board)
{
	return (uint16_t)(board_sensors_count(board) + board->locators_count + board->frus_count +
			  (board->features & FEATURE_SHELF ? BUS_CONTROLLERS_MAX : 0));
}

void sdr_carve(struct controller *controller, const struct board *board, struct arena *arena)
{
	size_t count = record_count(board);
	void *bytes = arena_take(arena, count * SDR_RECORD_MAX);
	void *offsets = arena_take(arena, (count + 1) * sizeof(uint16_t));

	if (controller) {
		controller->sdr.bytes = bytes;
		controller->sdr.offsets = offsets;
	}
}

void sdr_init(struct controller *controller)
{
	size_t size = (size_t)record_count(controller->board) * SDR_RECORD_MAX;
	struct writer writer = writer_init(controller->sdr.bytes, size);

	sdr_records_write(controller, &writer);
	controller->sdr.added_s = controller->sdr.erased_s = controller->epoch_s;
}

void sdr_update(struct controller *controller, uint64_t now_ns)
{
	uint16_t before = controller->sdr.records_count;
	size_t size = (size_t)record_count(controller->board) * SDR_RECORD_MAX;
	struct writer writer = writer_init(controller->sdr.bytes, size);

	sdr_records_write(controller, &writer);
	if (controller->sdr.records_count > before) {
		controller->sdr.added_s = clock_sel_s(controller, now_ns);
	} else if (controller->sdr.records_count < before) {
		controller->sdr.erased_s = clock_sel_s(controller, now_ns);
	}
	/* IPMI 2.0 section 33.11: record IDs changed, so whoever reads must begin again. */
	controller->sdr.reservation = 0;
}

uint8_t sdr_get_info(struct controller *controller, struct exchange *exchange)
{
	struct writer *response = &exchange->response;

	writer_u8(response, VERSION_1_5);
	writer_u16le(response, controller->sdr.records_count);
	writer_u16le(response, 0); /* free bytes */
	writer_u32le(response, controller->sdr.added_s);
	writer_u32le(response, controller->sdr.erased_s);
	writer_u8(response, SUPPORTS_ALLOCATION_INFO | SUPPORTS_RESERVE);
	return VIPMI_CC_OK;
}

uint8_t sdr_get_allocation(struct controller *controller, struct exchange *exchange)
{
	struct writer *response = &exchange->response;

	writer_u16le(response, controller->sdr.records_count); /* units */
	writer_u16le(response, SDR_RECORD_MAX);
	writer_u16le(response, 0); /* free units, largest free block */
	writer_u16le(response, 0);
	writer_u8(response, 1); /* largest record, in units */
	return VIPMI_CC_OK;
}

uint8_t sdr_get_device_info(struct controller *controller, struct exchange *exchange)
{
	const struct board *board = controller->board;
	uint8_t operation = 0, i, sensors = 0;

	if (reader_left(&exchange->request) > 0) {
		operation = reader_u8(&exchange->request);
	}
	for (i = 0; i < board_sensors_count(board); i++) {
		sensors += board_sensor_at(board, i)->record != RECORD_EVENT_ONLY;
	}
	writer_u8(&exchange->response,
		operation & 1 ? (uint8_t)controller->sdr.records_count : sensors);
	writer_u8(&exchange->response, 0x01); /* LUN 0 has sensors, the population is static */
	return VIPMI_CC_OK;
}

uint8_t sdr_reserve(struct controller *controller, struct exchange *exchange)
{
	/* One for everybody: whoever had one before has lost it. 0 means "none". */
	controller->sdr.reservation++;
	if (controller->sdr.reservation == 0) {
		controller->sdr.reservation = 1;
	}
	writer_u16le(&exchange->response, controller->sdr.reservation);
	return VIPMI_CC_OK;
}

uint8_t sdr_get(struct controller *controller, struct exchange *exchange)
{
	const struct sdr_store *store = &controller->sdr;
	uint16_t reservation = reader_u16le(&exchange->request);
	uint16_t record = reader_u16le(&exchange->request);
	uint8_t offset = reader_u8(&exchange->request);
	uint8_t count = reader_u8(&exchange->request);
	size_t length;

	/* IPMI 2.0 section 33.12: only a read from the middle needs the reservation. */
	if (offset != 0 && (reservation == 0 || reservation != store->reservation)) {
		return VIPMI_CC_RESERVATION_CANCELLED;
	}
	if (record == RECORD_END) {
		record = store->records_count;
	} else if (record == RECORD_FIRST) {
		record = 1;
	}
	if (record == 0 || record > store->records_count) {
		return VIPMI_CC_NOT_PRESENT;
	}
	length = (size_t)(store->offsets[record] - store->offsets[record - 1]);
	if (offset >= length) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	if (count == WHOLE_RECORD) {
		count = (uint8_t)(length - offset);
	}
	if (count > length - offset) {
		return VIPMI_CC_CANNOT_RETURN_LENGTH;
	}
	writer_u16le(&exchange->response,
		record == store->records_count ? RECORD_END : (uint16_t)(record + 1));
	writer_bytes(
		&exchange->response, store->bytes + store->offsets[record - 1] + offset, count);
	return VIPMI_CC_OK;
}

uint8_t sdr_run_initialization(struct controller *controller, struct exchange *exchange)
{
	(void)controller;
	(void)reader_u8(&exchange->request);  /* run, or ask */
	writer_u8(&exchange->response, 0x01); /* it has completed */
	return VIPMI_CC_OK;
}
