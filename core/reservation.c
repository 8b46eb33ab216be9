/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reservations of the SDR repository, the device SDRs and the SEL (IPMI 2.0
 * sections 31.4, 33.11, 35.4). A controller knows one reservation of each kind,
 * and a new one cancels the last; every virtual controller has its own.
 *
 * Reserve goes to the controller, and the id that comes back is the handle's own
 * from then on, whatever others reserve after it. A later request that names it
 * is sent with the id that is valid at the controller now. What the reservation
 * protects against is kept: when somebody else deletes or clears, the handle's
 * next use of its id is answered C5 by us, once it would have been by the
 * controller. Both hold whether or not somebody still waits for the response that
 * tells of it.
 *
 * Only for the controller itself, at LUN 0.
 */
#include "base/bytes.h"
#include "core/private.h"

struct reserving {
	uint8_t netfn, command;
	uint8_t kind;   /* enum core_reservation_kind */
	uint8_t effect; /* enum effect */
};

enum effect {
	EFFECT_RESERVE, /* asks for an id; the response carries it */
	EFFECT_USE,     /* names an id in its first two bytes */
	EFFECT_CHANGE,  /* likewise, and when it succeeds others' ids are void */
	EFFECT_CLEAR,   /* a change if its sixth byte is AA, else a look at its progress */
};

static const struct reserving reserving[] = {
	{VIPMI_NETFN_STORAGE, 0x22, RESERVATION_SDR, EFFECT_RESERVE},
	{VIPMI_NETFN_STORAGE, 0x23, RESERVATION_SDR, EFFECT_USE},
	{VIPMI_NETFN_STORAGE, 0x25, RESERVATION_SDR, EFFECT_CHANGE},
	{VIPMI_NETFN_STORAGE, 0x26, RESERVATION_SDR, EFFECT_CHANGE},
	{VIPMI_NETFN_STORAGE, 0x27, RESERVATION_SDR, EFFECT_CLEAR},
	{VIPMI_NETFN_STORAGE, 0x42, RESERVATION_SEL, EFFECT_RESERVE},
	{VIPMI_NETFN_STORAGE, 0x43, RESERVATION_SEL, EFFECT_USE},
	{VIPMI_NETFN_STORAGE, 0x45, RESERVATION_SEL, EFFECT_USE},
	{VIPMI_NETFN_STORAGE, 0x46, RESERVATION_SEL, EFFECT_CHANGE},
	{VIPMI_NETFN_STORAGE, 0x47, RESERVATION_SEL, EFFECT_CLEAR},
	{VIPMI_NETFN_SENSOR, 0x21, RESERVATION_DEVICE_SDR, EFFECT_USE},
	{VIPMI_NETFN_SENSOR, 0x22, RESERVATION_DEVICE_SDR, EFFECT_RESERVE},
};

/* Byte of a clear that says what to do (sections 31.9, 33.12). */
#define CLEAR_OPERATION 5
#define CLEAR_START 0xAA

static const struct reserving *reserving_find(const struct core_request *request)
{
	size_t i;

	/* Most commands are of no such network function. */
	if ((request->netfn != VIPMI_NETFN_STORAGE && request->netfn != VIPMI_NETFN_SENSOR) ||
		request->lun != 0 || request->target_kind != VIPMI_TARGET_CONTROLLER) {
		return NULL;
	}
	for (i = 0; i < ARRAY_LENGTH(reserving); i++) {
		if (reserving[i].netfn == request->netfn &&
			reserving[i].command == request->command) {
			return &reserving[i];
		}
	}
	return NULL;
}

static uint16_t id_of(const uint8_t *data, size_t length)
{
	struct reader reader = reader_init(data, length);

	return reader_u16le(&reader);
}

size_t reservation_bytes(const struct core_request *request)
{
	const struct reserving *entry = reserving_find(request);

	return entry && entry->effect != EFFECT_RESERVE && request->length >= sizeof(uint16_t)
		       ? sizeof(uint16_t)
		       : 0;
}

/* The entry, if the request names the id that its handle was given; else the id is for the
 * controller to judge. */
static const struct reserving *names_own_id(struct core *core, struct core_request *request)
{
	const struct reserving *entry = reserving_find(request);
	uint16_t id;

	if (!entry || entry->effect == EFFECT_RESERVE) {
		return NULL;
	}
	id = id_of(request_data(core, request), request->length);
	return id != 0 && id == request_handle(request)->reservations[entry->kind].id ? entry
										      : NULL;
}

bool reservation_own(struct core *core, struct core_request *request)
{
	return names_own_id(core, request) != NULL;
}

bool reservation_void(struct core *core, struct core_request *request)
{
	const struct reserving *entry = names_own_id(core, request);

	return entry && request_handle(request)->reservations[entry->kind].era !=
				core->reservations[entry->kind].era;
}

static bool changes(struct core *core, struct core_request *request, const struct reserving *entry)
{
	const uint8_t *data = request_data(core, request);

	return entry->effect == EFFECT_CHANGE ||
	       (entry->effect == EFFECT_CLEAR && request->length > CLEAR_OPERATION &&
		       data[CLEAR_OPERATION] == CLEAR_START);
}

void reservation_offer(struct core *core, struct core_request *request,
	struct core_transmission *transmission, struct core_transmit *transmit)
{
	const struct reserving *entry = reserving_find(request);
	uint8_t *frame = transmission_frame(core, transmission);
	struct writer writer = writer_init(frame, CORE_FRAME_MAX);

	if (!entry) {
		return;
	}
	transmission->reservation = entry->kind;
	transmission->reserves = entry->effect == EFFECT_RESERVE;
	transmission->voids = changes(core, request, entry);
	if (!names_own_id(core, request)) {
		return;
	}
	request->reservation = core->reservations[entry->kind].id;
	writer_u16le(&writer, request->reservation);
	writer_bytes(&writer, transmit->data + 2, transmit->length - 2);
	transmit->data = frame;
}

void reservation_seen(struct core *core, const struct core_transmission *transmission,
	const uint8_t *data, size_t length)
{
	struct core_reservation *real = &core->reservations[transmission->reservation], *own;

	if (data[0] != VIPMI_CC_OK) {
		return;
	}
	if (transmission->reserves && length >= 3) {
		real->id = id_of(data + 1, length - 1);
	} else if (transmission->voids) {
		real->era++;
		if (transmission->handle) {
			own = &transmission->handle->reservations[transmission->reservation];
			own->era += own->era == (uint16_t)(real->era - 1);
		}
	}
}

bool reservation_received(
	struct core *core, struct core_request *request, const uint8_t *data, size_t length)
{
	const struct reserving *entry = reserving_find(request);
	struct core_reservation *own, *real;

	if (!entry) {
		return true;
	}
	own = &request_handle(request)->reservations[entry->kind];
	real = &core->reservations[entry->kind];
	if (data[0] == VIPMI_CC_RESERVATION_CANCELLED && request->reservation &&
		request->reservation != real->id) {
		/* Somebody reserved between our looking up the id and its arrival. It was not
		 * executed: once more, with the new one. */
		return false;
	}
	if (data[0] == VIPMI_CC_OK && entry->effect == EFFECT_RESERVE && length >= 3) {
		*own = *real;
	}
	return true;
}
