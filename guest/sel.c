/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's own System Event Log (IPMI 2.0 section 31), for `sel=own`: what the
 * guest itself writes, and its watchdog. A ring: when it is full the oldest entry
 * makes room, and the overflow bit says so until it is cleared.
 */
#include "guest/private.h"

#include "base/divide.h"

#define VERSION_1_5 0x51
#define RECORD_FIRST 0x0000
#define RECORD_LAST 0xFFFF
#define WHOLE_RECORD 0xFF
/* Of a record (section 32): ID, type, time, then the event. */
enum { RECORD_TYPE = 2, RECORD_GENERATOR = 7, RECORD_REVISION = 9, RECORD_DATA_2 = 14 };
#define TYPE_SYSTEM_EVENT 0x02
/* Record types from here on carry no time (section 32). */
#define TYPE_NOT_TIMESTAMPED 0xE0

/* Get SEL Info: what is supported. */
#define SUPPORTS_ALLOCATION 0x01
#define SUPPORTS_RESERVE 0x02
#define SUPPORTS_DELETE 0x08
#define OVERFLOW 0x80

#define ERASE_START 0xAA
#define ERASE_STATUS 0x00
#define ERASE_DONE 0x01
#define UTC_UNSPECIFIED 0x07FF

/* Of an event's data 2 and 3, which may be left out (section 29.3). */
#define EVENT_UNSPECIFIED 0xFF

#define BMC_ADDRESS 0x20
#define EVENT_REVISION 0x04
#define SENSOR_WATCHDOG 0x23
/* A number that real controllers' records leave free, for a sensor without a record. */
#define WATCHDOG_NUMBER 0xFE
#define SENSOR_SPECIFIC 0x6F

void guest_sel_init(struct guest *guest)
{
	guest->sel = (struct guest_sel){.next_id = 1, .utc_offset = UTC_UNSPECIFIED};
}

static uint8_t *entry(struct guest_sel *sel, uint32_t at)
{
	return sel->entries[(sel->first + at) % GUEST_SEL_MAX];
}

static uint16_t id_of(const uint8_t *record)
{
	return (uint16_t)(record[0] | record[1] << 8);
}

static uint32_t time_s(const struct guest *guest, uint64_t now_ns)
{
	uint64_t now_s = divide_u64(now_ns, (uint32_t)NSEC_PER_SEC_U64, NULL);

	return guest->config.epoch_s + (uint32_t)now_s + guest->sel.shift_s;
}

/* The position of a record; `count` if there is none. */
static uint32_t find(struct guest_sel *sel, uint16_t id)
{
	uint32_t at;

	if (id == RECORD_FIRST) {
		return 0;
	}
	if (id == RECORD_LAST && sel->count > 0) {
		return sel->count - 1u;
	}
	for (at = 0; at < sel->count && id_of(entry(sel, at)) != id; at++) {
	}
	return at;
}

/* Everything but the ID and the time is the record's own. Returns it as it is in the log. */
static const uint8_t *append(struct guest *guest, const uint8_t *record, uint64_t now_ns)
{
	struct guest_sel *sel = &guest->sel;
	struct writer head;
	uint8_t *added;

	if (sel->count == GUEST_SEL_MAX) {
		sel->first = (uint8_t)((sel->first + 1) % GUEST_SEL_MAX);
		sel->count--;
		sel->overflow = true;
		sel->reserved = false;
	}
	added = entry(sel, sel->count);
	sel->added_s = time_s(guest, now_ns);
	memcpy(added, record, GUEST_EVENT_SIZE);
	head = writer_init(added, RECORD_GENERATOR);
	writer_u16le(&head, sel->next_id);
	writer_u8(&head, record[RECORD_TYPE]);
	if (record[RECORD_TYPE] < TYPE_NOT_TIMESTAMPED) {
		writer_u32le(&head, sel->added_s);
	}
	sel->count++;
	/* One that no entry has, however old, and that is not another name of the first or last. */
	do {
		sel->next_id++;
	} while (find(sel, sel->next_id) < sel->count);
	return added;
}

uint8_t guest_sel_get_info(struct guest *guest, struct guest_call *call)
{
	const struct guest_sel *sel = &guest->sel;

	writer_u8(&call->response, VERSION_1_5);
	writer_u16le(&call->response, sel->count);
	writer_u16le(&call->response, (uint16_t)((GUEST_SEL_MAX - sel->count) * GUEST_EVENT_SIZE));
	writer_u32le(&call->response, sel->added_s);
	writer_u32le(&call->response, sel->erased_s);
	writer_u8(&call->response, SUPPORTS_ALLOCATION | SUPPORTS_RESERVE | SUPPORTS_DELETE |
					   (sel->overflow ? OVERFLOW : 0));
	return VIPMI_CC_OK;
}

uint8_t guest_sel_get_allocation(struct guest *guest, struct guest_call *call)
{
	uint16_t left = (uint16_t)(GUEST_SEL_MAX - guest->sel.count);

	writer_u16le(&call->response, GUEST_SEL_MAX); /* units, and their size */
	writer_u16le(&call->response, GUEST_EVENT_SIZE);
	writer_u16le(&call->response, left); /* free ones, and in the largest block */
	writer_u16le(&call->response, left);
	writer_u8(&call->response, 1); /* the largest record */
	return VIPMI_CC_OK;
}

uint8_t guest_sel_reserve(struct guest *guest, struct guest_call *call)
{
	struct guest_sel *sel = &guest->sel;

	sel->reservation = sel->reservation == UINT16_MAX ? 1 : sel->reservation + 1; /* never 0 */
	sel->reserved = true;
	writer_u16le(&call->response, sel->reservation);
	return VIPMI_CC_OK;
}

static bool reserved(const struct guest_sel *sel, uint16_t reservation)
{
	return sel->reserved && reservation == sel->reservation;
}

uint8_t guest_sel_get_entry(struct guest *guest, struct guest_call *call)
{
	struct guest_sel *sel = &guest->sel;
	uint16_t reservation = reader_u16le(&call->request);
	uint32_t at = find(sel, reader_u16le(&call->request));
	uint8_t offset = reader_u8(&call->request), count = reader_u8(&call->request), left;

	/* Section 31.5: only a read from the middle needs the reservation. */
	if (offset != 0 && !reserved(sel, reservation)) {
		return VIPMI_CC_RESERVATION_CANCELLED;
	}
	if (at >= sel->count) {
		return VIPMI_CC_NOT_PRESENT;
	}
	if (offset >= GUEST_EVENT_SIZE) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	left = (uint8_t)(GUEST_EVENT_SIZE - offset);
	if (count == WHOLE_RECORD) {
		count = left;
	}
	if (count > left) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	writer_u16le(
		&call->response, at + 1 < sel->count ? id_of(entry(sel, at + 1)) : RECORD_LAST);
	writer_bytes(&call->response, entry(sel, at) + offset, count);
	return VIPMI_CC_OK;
}

uint8_t guest_sel_add_entry(struct guest *guest, struct guest_call *call)
{
	const uint8_t *record = reader_bytes(&call->request, GUEST_EVENT_SIZE);

	writer_u16le(&call->response, id_of(append(guest, record, call->now_ns)));
	return VIPMI_CC_OK;
}

uint8_t guest_sel_delete_entry(struct guest *guest, struct guest_call *call)
{
	struct guest_sel *sel = &guest->sel;
	uint16_t reservation = reader_u16le(&call->request);
	uint32_t at = find(sel, reader_u16le(&call->request));

	if (!reserved(sel, reservation)) {
		return VIPMI_CC_RESERVATION_CANCELLED;
	}
	if (at >= sel->count) {
		return VIPMI_CC_NOT_PRESENT;
	}
	writer_u16le(&call->response, id_of(entry(sel, at)));
	for (; at + 1 < sel->count; at++) {
		memcpy(entry(sel, at), entry(sel, at + 1), GUEST_EVENT_SIZE);
	}
	sel->count--;
	sel->reserved = false; /* section 31.4 */
	sel->erased_s = time_s(guest, call->now_ns);
	return VIPMI_CC_OK;
}

uint8_t guest_sel_clear(struct guest *guest, struct guest_call *call)
{
	struct guest_sel *sel = &guest->sel;
	uint16_t reservation = reader_u16le(&call->request);
	const uint8_t *magic = reader_bytes(&call->request, 3);
	uint8_t operation = reader_u8(&call->request);

	if (!reserved(sel, reservation)) {
		return VIPMI_CC_RESERVATION_CANCELLED;
	}
	if (memcmp(magic, "CLR", 3) != 0 ||
		(operation != ERASE_START && operation != ERASE_STATUS)) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (operation == ERASE_START) {
		sel->count = 0;
		sel->overflow = false;
		sel->erased_s = time_s(guest, call->now_ns);
	}
	writer_u8(&call->response, ERASE_DONE);
	return VIPMI_CC_OK;
}

uint8_t guest_sel_get_time(struct guest *guest, struct guest_call *call)
{
	writer_u32le(&call->response, time_s(guest, call->now_ns));
	return VIPMI_CC_OK;
}

uint8_t guest_sel_set_time(struct guest *guest, struct guest_call *call)
{
	guest->sel.shift_s += reader_u32le(&call->request) - time_s(guest, call->now_ns);
	return VIPMI_CC_OK;
}

uint8_t guest_sel_get_utc_offset(struct guest *guest, struct guest_call *call)
{
	writer_u16le(&call->response, guest->sel.utc_offset);
	return VIPMI_CC_OK;
}

uint8_t guest_sel_set_utc_offset(struct guest *guest, struct guest_call *call)
{
	guest->sel.utc_offset = reader_u16le(&call->request);
	return VIPMI_CC_OK;
}

/* ---- events of the guest's own ---- */

/* Into the log and the event buffer, as far as they are enabled. */
static void happened(struct guest *guest, const uint8_t *record, uint64_t now_ns)
{
	guest_event(guest, guest_logs(guest) ? append(guest, record, now_ns) : record);
}

uint8_t guest_platform_event(struct guest *guest, struct guest_call *call)
{
	uint8_t record[GUEST_EVENT_SIZE] = {[RECORD_TYPE] = TYPE_SYSTEM_EVENT,
		[RECORD_DATA_2] = EVENT_UNSPECIFIED,
		EVENT_UNSPECIFIED};

	record[RECORD_GENERATOR] = reader_u8(&call->request);
	(void)reader_copy(&call->request, record + RECORD_REVISION, reader_left(&call->request));
	happened(guest, record, call->now_ns);
	return VIPMI_CC_OK;
}

void guest_sel_watchdog(struct guest *guest, uint8_t offset, uint8_t detail, uint64_t now_ns)
{
	/* Data 1 says that data 2 has more: the timer's use and interrupt (table 42-3). */
	const uint8_t record[GUEST_EVENT_SIZE] = {[RECORD_TYPE] = TYPE_SYSTEM_EVENT,
		[RECORD_GENERATOR] = BMC_ADDRESS,
		[RECORD_REVISION] = EVENT_REVISION,
		SENSOR_WATCHDOG,
		WATCHDOG_NUMBER,
		SENSOR_SPECIFIC,
		0xC0 | offset,
		detail,
		EVENT_UNSPECIFIED};

	if (guest->config.sel == GUEST_PART_OWN) {
		happened(guest, record, now_ns);
	}
}
