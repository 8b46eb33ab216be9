/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What outlives the agent: a guest's controller as bytes, and back. Times are kept
 * as what is left of them, but for the end of the grace time.
 */
#include "guest/private.h"

/* First byte: another layout of what follows has another number. */
#define SAVED_VERSION 2

#define WATCHDOG_INITIALIZED 0x01
#define WATCHDOG_RUNNING 0x02
#define WATCHDOG_PRETIMEOUT_DONE 0x04

static void save_power(const struct guest_power *power, struct writer *writer)
{
	writer_u8(writer, power->policy);
	writer_u8(writer, power->restart_cause);
	writer_u8(writer, power->acpi_system);
	writer_u8(writer, power->acpi_device);
	writer_u8(writer, power->resetting);
}

static void restore_power(struct guest_power *power, struct reader *reader)
{
	power->policy = reader_u8(reader) & 0x03;
	power->restart_cause = reader_u8(reader);
	power->acpi_system = reader_u8(reader);
	power->acpi_device = reader_u8(reader);
	power->resetting = reader_u8(reader);
}

static void save_watchdog(const struct guest *guest, uint64_t now_ns, struct writer *writer)
{
	const struct guest_watchdog *watchdog = &guest->watchdog;

	writer_u8(writer, watchdog->use);
	writer_u8(writer, watchdog->action);
	writer_u8(writer, watchdog->pretimeout_s);
	writer_u8(writer, watchdog->expired);
	writer_u16le(writer, watchdog->count);
	writer_u8(writer, (uint8_t)((watchdog->initialized ? WATCHDOG_INITIALIZED : 0) |
				    (watchdog->running ? WATCHDOG_RUNNING : 0) |
				    (watchdog->pretimeout_done ? WATCHDOG_PRETIMEOUT_DONE : 0)));
	writer_u64le(writer, guest_watchdog_left_ns(guest, now_ns));
}

static void restore_watchdog(struct guest_watchdog *watchdog, struct reader *reader)
{
	uint8_t flags;

	watchdog->use = reader_u8(reader);
	watchdog->action = reader_u8(reader);
	watchdog->pretimeout_s = reader_u8(reader);
	watchdog->expired = reader_u8(reader);
	watchdog->count = reader_u16le(reader);
	flags = reader_u8(reader);
	watchdog->initialized = flags & WATCHDOG_INITIALIZED;
	watchdog->running = flags & WATCHDOG_RUNNING;
	watchdog->pretimeout_done = flags & WATCHDOG_PRETIMEOUT_DONE;
	watchdog->left_ns = reader_u64le(reader);
}

static void save_messages(const struct guest_messages *messages, struct writer *writer)
{
	size_t i;

	writer_u8(writer, messages->enables);
	writer_u16le(writer, messages->channels);
	writer_u8(writer, messages->pretimeout);
	writer_u8(writer, messages->event_count);
	for (i = 0; i < messages->event_count; i++) {
		writer_bytes(writer,
			messages->events[(messages->event_first + i) % GUEST_EVENTS_MAX],
			GUEST_EVENT_SIZE);
	}
	writer_u8(writer, messages->received_count);
	for (i = 0; i < messages->received_count; i++) {
		const struct guest_received *received =
			&messages->received[(messages->received_first + i) % GUEST_RECEIVED_MAX];

		writer_u16le(writer, received->length);
		writer_u8(writer, received->channel);
		writer_bytes(writer, received->bytes, received->length);
	}
}

static void restore_messages(struct guest_messages *messages, struct reader *reader)
{
	uint8_t count, i;

	messages->enables = reader_u8(reader);
	messages->channels = reader_u16le(reader);
	messages->pretimeout = reader_u8(reader);
	count = reader_u8(reader);
	reader->failed |= count > GUEST_EVENTS_MAX;
	for (i = 0; i < count && !reader->failed; i++) {
		reader_copy(reader, messages->events[i], GUEST_EVENT_SIZE);
		messages->event_count++;
	}
	count = reader_u8(reader);
	reader->failed |= count > GUEST_RECEIVED_MAX;
	for (i = 0; i < count && !reader->failed; i++) {
		struct guest_received *received = &messages->received[i];

		received->length = reader_u16le(reader);
		received->channel = reader_u8(reader);
		/* Before it stand the completion code and the channel in an answer. */
		reader->failed |= received->length > VIPMI_DATA_MAX - 2;
		reader_copy(reader, received->bytes, received->length);
		messages->received_count++;
	}
}

/* What is passed on to the real controller QEMU answers itself when it loses its agent; an answer
 * from the bus would be awaited for ever. */
static void save_bridged(const struct guest *guest, struct writer *writer)
{
	const struct guest_pending *pending;

	for (pending = guest->pending; pending < guest->pending + GUEST_PENDING_MAX; pending++) {
		writer_u8(writer, pending->used && pending->bridged);
		if (pending->used && pending->bridged) {
			writer_u8(writer, pending->sequence);
			writer_u8(writer, pending->netfn);
			writer_u8(writer, pending->lun);
			writer_u8(writer, pending->command);
			writer_u8(writer, pending->channel);
			writer_u8(writer, pending->address);
			writer_u8(writer, pending->rq_address);
			writer_u8(writer, pending->rq_lun);
		}
	}
}

static void restore_bridged(struct guest *guest, struct reader *reader)
{
	struct guest_pending *pending;

	for (pending = guest->pending; pending < guest->pending + GUEST_PENDING_MAX; pending++) {
		if (reader_u8(reader)) {
			pending->used = pending->bridged = true;
			pending->sequence = reader_u8(reader) & 0x3F;
			pending->netfn = reader_u8(reader) & 0x3F;
			pending->lun = reader_u8(reader) & 0x03;
			pending->command = reader_u8(reader);
			pending->channel = reader_u8(reader);
			pending->address = reader_u8(reader);
			pending->rq_address = reader_u8(reader);
			pending->rq_lun = reader_u8(reader) & 0x03;
		}
	}
}

static void save_sel(const struct guest *guest, struct writer *writer)
{
	const struct guest_sel *sel = &guest->sel;
	size_t i;

	if (guest->config.sel != GUEST_PART_OWN) {
		return;
	}
	writer_u8(writer, sel->count);
	writer_u8(writer, sel->overflow);
	writer_u16le(writer, sel->next_id);
	writer_u16le(writer, sel->utc_offset);
	writer_u32le(writer, sel->added_s);
	writer_u32le(writer, sel->erased_s);
	writer_u32le(writer, sel->shift_s);
	for (i = 0; i < sel->count; i++) {
		writer_bytes(
			writer, sel->entries[(sel->first + i) % GUEST_SEL_MAX], GUEST_EVENT_SIZE);
	}
}

/* A reservation is lost, as with every reset of a controller. */
static void restore_sel(struct guest *guest, struct reader *reader)
{
	struct guest_sel *sel = &guest->sel;
	uint8_t i;

	if (guest->config.sel != GUEST_PART_OWN) {
		return;
	}
	sel->count = reader_u8(reader);
	sel->overflow = reader_u8(reader);
	sel->next_id = reader_u16le(reader);
	sel->utc_offset = reader_u16le(reader);
	sel->added_s = reader_u32le(reader);
	sel->erased_s = reader_u32le(reader);
	sel->shift_s = reader_u32le(reader);
	reader->failed |= sel->count > GUEST_SEL_MAX || sel->next_id == 0;
	for (i = 0; i < sel->count && !reader->failed; i++) {
		reader_copy(reader, sel->entries[i], GUEST_EVENT_SIZE);
	}
}

bool guest_worth_saving(const struct guest *guest)
{
	return guest->presence != GUEST_ABSENT || guest->sel.count > 0;
}

size_t guest_save(const struct guest *guest, uint64_t now_ns, uint8_t *bytes, size_t size)
{
	struct writer writer = writer_init(bytes, size);

	writer_u8(&writer, SAVED_VERSION);
	writer_bytes(&writer, guest->config.guid, GUEST_GUID_SIZE);
	writer_u8(&writer, (uint8_t)guest->presence);
	writer_u64le(&writer, guest->gone_ns);
	save_power(&guest->power, &writer);
	save_watchdog(guest, now_ns, &writer);
	save_messages(&guest->messages, &writer);
	save_bridged(guest, &writer);
	save_sel(guest, &writer);
	return writer.failed ? 0 : writer_length(&writer);
}

static bool restore(struct guest *guest, struct reader *reader, uint64_t now_ns)
{
	const uint8_t *guid;
	uint8_t version = reader_u8(reader);

	guid = reader_bytes(reader, GUEST_GUID_SIZE);
	if (version != SAVED_VERSION || !guid ||
		memcmp(guid, guest->config.guid, GUEST_GUID_SIZE) != 0) {
		return false;
	}
	guest->presence = (enum guest_presence)reader_u8(reader);
	guest->gone_ns = reader_u64le(reader);
	restore_power(&guest->power, reader);
	restore_watchdog(&guest->watchdog, reader);
	restore_messages(&guest->messages, reader);
	restore_bridged(guest, reader);
	restore_sel(guest, reader);
	if (reader->failed || reader_left(reader) > 0 || guest->presence > GUEST_AWAY ||
		!guest_watchdog_valid(guest)) {
		return false;
	}
	if (guest->presence == GUEST_ABSENT) {
		guest->gone_ns = TIME_NEVER;
	} else if (guest->presence == GUEST_PRESENT ||
		   guest->gone_ns > now_ns + guest->config.grace_ns) {
		guest->presence = GUEST_AWAY;
		guest->gone_ns = now_ns + guest->config.grace_ns;
	}
	return true;
}

bool guest_restore(struct guest *guest, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
	struct reader reader = reader_init(bytes, length);
	bool restored = restore(guest, &reader, now_ns);

	if (restored) {
		guest_abandon(guest);
	} else {
		const struct guest_config config = guest->config;

		guest_init(guest, &config);
	}
	return restored;
}
