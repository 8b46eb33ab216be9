/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The System Event Log (IPMI 2.0 section 31): linear, finite, one reservation
 * for everybody, erased in the background.
 */
#include "chassis/handlers.h"

#define RECORD_FIRST 0x0000
#define RECORD_LAST 0xFFFF
#define WHOLE_RECORD 0xFF

/* Record types from here on carry no time (IPMI 2.0 section 32). */
#define TYPE_NOT_TIMESTAMPED 0xE0
#define TYPE_SYSTEM_EVENT 0x02

/* Get SEL Info, operation support: allocation info, reserve, partial add, delete. */
#define SUPPORTS 0x0F
#define OVERFLOW 0x80

#define ERASE_START 0xAA
#define ERASE_STATUS 0x00
#define ERASE_MS 400

/* States of an Event Logging Disabled sensor (IPMI 2.0 table 42-3, type 10h). */
#define STATE_FULL (1u << 4)
#define STATE_ALMOST_FULL (1u << 5)

static uint16_t record_id(const uint8_t *record)
{
	return (uint16_t)(record[0] | record[1] << 8);
}

void sel_carve(struct controller *controller, const struct board *board, struct arena *arena)
{
	void *records = NULL;

	if (board->features & FEATURE_SEL) {
		records = arena_take(arena, SEL_ENTRIES_MAX * SEL_RECORD_SIZE);
	}
	if (controller) {
		controller->sel.records = records;
	}
}

/* Appends a record as it is, under the next ID. */
static uint16_t append(struct sel *sel, const uint8_t *record, uint32_t time_s)
{
	uint8_t copy[SEL_RECORD_SIZE];
	struct writer header = writer_init(copy, sizeof(copy));
	uint16_t id = sel->next_id;

	memcpy(copy, record, sizeof(copy));
	writer_u16le(&header, id);
	writer_u8(&header, record[2]);
	if (record[2] < TYPE_NOT_TIMESTAMPED) {
		writer_u32le(&header, time_s);
	}
	memcpy(sel->records[sel->count++], copy, sizeof(copy));
	sel->next_id = id >= RECORD_LAST - 1 ? 1 : id + 1;
	return id;
}

void sel_init(struct controller *controller)
{
	const struct board *board = controller->board;
	uint8_t(*records)[SEL_RECORD_SIZE] = controller->sel.records;
	uint8_t i;

	controller->sel = (struct sel){
		.records = records,
		.next_id = 1,
		.erased_s = controller->epoch_s - 86400,
		.added_s = controller->epoch_s - 86400,
	};
	for (i = 0; i < board->events_count && records; i++) {
		const struct board_event *event = &board->events[i];
		uint8_t record[SEL_RECORD_SIZE] = {0, 0, TYPE_SYSTEM_EVENT, 0, 0, 0, 0,
			controller->address, 0, 0x04, event->sensor_type, event->number,
			event->reading_type, event->data[0], event->data[1], event->data[2]};

		controller->sel.added_s = controller->epoch_s - event->age_s;
		(void)append(&controller->sel, record, controller->sel.added_s);
	}
}

bool sel_erasing(const struct controller *controller, uint64_t now_ns)
{
	return now_ns < controller->sel.erase_done_ns;
}

/* The sensor that tells how full the log is. */
static void update_sensor(struct controller *controller, uint64_t now_ns)
{
	struct sensor *sensor = sensor_find(controller, controller->board->sel_sensor);
	const struct sel *sel = &controller->sel;
	uint16_t states = 0;

	if (sel->count == SEL_ENTRIES_MAX) {
		states |= STATE_FULL;
	}
	if (sel->count >= SEL_ALMOST_FULL) {
		states |= STATE_ALMOST_FULL;
	}
	if (sensor && sensor->states != states) {
		sensor_set_states(controller, sensor, states, 0xFF,
			(uint8_t)(sel->count * 100u / SEL_ENTRIES_MAX), now_ns);
	}
}

void sel_step(struct controller *controller, uint64_t now_ns)
{
	struct sel *sel = &controller->sel;

	if (!sel->records) {
		return;
	}
	update_sensor(controller, now_ns);
	if (sel_erasing(controller, now_ns)) {
		controller_due(controller, sel->erase_done_ns);
	}
}

uint8_t sel_add(struct controller *controller, const uint8_t record[SEL_RECORD_SIZE],
	uint64_t now_ns, uint16_t *ret_id)
{
	struct sel *sel = &controller->sel;

	if (sel->count == SEL_ENTRIES_MAX) {
		sel->overflow = true;
		return VIPMI_CC_OUT_OF_SPACE;
	}
	sel->added_s = clock_sel_s(controller, now_ns);
	*ret_id = append(sel, record, sel->added_s);
	if (sel->count >= SEL_ALMOST_FULL) {
		controller_due(controller, now_ns); /* the sensor must tell */
	}
	return VIPMI_CC_OK;
}

uint8_t sel_get_info(struct controller *controller, struct exchange *exchange)
{
	const struct sel *sel = &controller->sel;
	struct writer *response = &exchange->response;

	writer_u8(response, VERSION_1_5);
	writer_u16le(response, sel->count);
	writer_u16le(response, (uint16_t)((SEL_ENTRIES_MAX - sel->count) * SEL_RECORD_SIZE));
	writer_u32le(response, sel->added_s);
	writer_u32le(response, sel->erased_s);
	writer_u8(response, SUPPORTS | (sel->overflow ? OVERFLOW : 0));
	return VIPMI_CC_OK;
}

uint8_t sel_get_allocation(struct controller *controller, struct exchange *exchange)
{
	uint16_t left = (uint16_t)(SEL_ENTRIES_MAX - controller->sel.count);
	struct writer *response = &exchange->response;

	writer_u16le(response, SEL_ENTRIES_MAX); /* units */
	writer_u16le(response, SEL_RECORD_SIZE);
	writer_u16le(response, left); /* free units, largest free block */
	writer_u16le(response, left);
	writer_u8(response, 1); /* largest record, in units */
	return VIPMI_CC_OK;
}

uint8_t sel_reserve(struct controller *controller, struct exchange *exchange)
{
	struct sel *sel = &controller->sel;

	if (sel_erasing(controller, exchange->now_ns)) {
		return CC_ERASE_IN_PROGRESS;
	}
	/* One for everybody: whoever had one before has lost it. 0 means "none". */
	sel->reservation++;
	if (sel->reservation == 0) {
		sel->reservation = 1;
	}
	sel->reserved = true;
	writer_u16le(&exchange->response, sel->reservation);
	return VIPMI_CC_OK;
}

static bool reserved(const struct sel *sel, uint16_t reservation)
{
	return sel->reserved && reservation == sel->reservation;
}

/* The position of a record, or -1. */
static int find(const struct sel *sel, uint16_t id)
{
	int i;

	if (sel->count == 0) {
		return -1;
	}
	if (id == RECORD_FIRST) {
		return 0;
	}
	if (id == RECORD_LAST) {
		return sel->count - 1;
	}
	for (i = 0; i < sel->count; i++) {
		if (record_id(sel->records[i]) == id) {
			return i;
		}
	}
	return -1;
}

uint8_t sel_get_entry(struct controller *controller, struct exchange *exchange)
{
	const struct sel *sel = &controller->sel;
	uint16_t reservation = reader_u16le(&exchange->request);
	uint16_t id = reader_u16le(&exchange->request);
	uint8_t offset = reader_u8(&exchange->request);
	uint8_t count = reader_u8(&exchange->request);
	int at;

	if (sel_erasing(controller, exchange->now_ns)) {
		return CC_ERASE_IN_PROGRESS;
	}
	/* IPMI 2.0 section 31.5: only a read from the middle needs the reservation. */
	if (offset != 0 && !reserved(sel, reservation)) {
		return VIPMI_CC_RESERVATION_CANCELLED;
	}
	at = find(sel, id);
	if (at < 0) {
		return VIPMI_CC_NOT_PRESENT;
	}
	if (offset >= SEL_RECORD_SIZE) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	if (count == WHOLE_RECORD) {
		count = (uint8_t)(SEL_RECORD_SIZE - offset);
	}
	if (offset + count > (int)SEL_RECORD_SIZE) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	writer_u16le(&exchange->response,
		at + 1 < sel->count ? record_id(sel->records[at + 1]) : RECORD_LAST);
	writer_bytes(&exchange->response, sel->records[at] + offset, count);
	return VIPMI_CC_OK;
}

uint8_t sel_add_entry(struct controller *controller, struct exchange *exchange)
{
	uint8_t record[SEL_RECORD_SIZE] = {0}, cc;
	uint16_t id = 0;

	(void)reader_copy(&exchange->request, record, sizeof(record)); /* the length was checked */
	cc = sel_add(controller, record, exchange->now_ns, &id);
	writer_u16le(&exchange->response, id);
	return cc;
}

uint8_t sel_partial_add(struct controller *controller, struct exchange *exchange)
{
	struct sel *sel = &controller->sel;
	uint16_t reservation = reader_u16le(&exchange->request);
	uint16_t id = reader_u16le(&exchange->request);
	uint8_t offset = reader_u8(&exchange->request);
	bool last = (reader_u8(&exchange->request) & 0x0F) == 1;
	size_t length = reader_left(&exchange->request);
	uint8_t cc = VIPMI_CC_OK;

	if (!reserved(sel, reservation)) {
		return VIPMI_CC_RESERVATION_CANCELLED;
	}
	if (id == 0 && offset == 0) {
		sel->partial_length = 0;
	}
	if ((id != 0 && id != sel->next_id) || offset != sel->partial_length) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (offset + length > SEL_RECORD_SIZE || (last && offset + length != SEL_RECORD_SIZE)) {
		return VIPMI_CC_LENGTH_INVALID;
	}
	(void)reader_copy(&exchange->request, sel->partial + offset, length); /* it is there */
	sel->partial_length = (uint8_t)(offset + length);
	id = sel->next_id;
	if (last) {
		sel->partial_length = 0;
		cc = sel_add(controller, sel->partial, exchange->now_ns, &id);
	}
	writer_u16le(&exchange->response, id);
	return cc;
}

uint8_t sel_delete_entry(struct controller *controller, struct exchange *exchange)
{
	struct sel *sel = &controller->sel;
	uint16_t reservation = reader_u16le(&exchange->request);
	uint16_t id = reader_u16le(&exchange->request);
	int at;

	if (sel_erasing(controller, exchange->now_ns)) {
		return CC_ERASE_IN_PROGRESS;
	}
	if (!reserved(sel, reservation)) {
		return VIPMI_CC_RESERVATION_CANCELLED;
	}
	at = find(sel, id);
	if (at < 0) {
		return VIPMI_CC_NOT_PRESENT;
	}
	id = record_id(sel->records[at]);
	sel->count--;
	memmove(sel->records[at], sel->records[at + 1],
		(size_t)(sel->count - at) * SEL_RECORD_SIZE);
	/* IPMI 2.0 section 31.4: a deletion cancels the reservation. */
	sel->reserved = false;
	sel->erased_s = clock_sel_s(controller, exchange->now_ns);
	controller_due(controller, exchange->now_ns);
	writer_u16le(&exchange->response, id);
	return VIPMI_CC_OK;
}

uint8_t sel_clear(struct controller *controller, struct exchange *exchange)
{
	struct sel *sel = &controller->sel;
	uint16_t reservation = reader_u16le(&exchange->request);
	const uint8_t *magic = reader_bytes(&exchange->request, 3);
	uint8_t operation = reader_u8(&exchange->request);

	if (!reserved(sel, reservation)) {
		return VIPMI_CC_RESERVATION_CANCELLED;
	}
	if (!magic || memcmp(magic, "CLR", 3) != 0 ||
		(operation != ERASE_START && operation != ERASE_STATUS)) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (operation == ERASE_START && !sel_erasing(controller, exchange->now_ns)) {
		sel->count = 0;
		sel->overflow = false;
		sel->next_id = 1;
		sel->erased_s = clock_sel_s(controller, exchange->now_ns);
		sel->erase_done_ns = exchange->now_ns + service_ns(controller, ERASE_MS * 1000u);
		controller_due(controller, exchange->now_ns);
	}
	writer_u8(&exchange->response, sel_erasing(controller, exchange->now_ns) ? 0 : 1);
	return VIPMI_CC_OK;
}
