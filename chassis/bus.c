/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassis/bus.h"

#define CC_LOST_ARBITRATION 0x81
#define CC_BUS_ERROR 0x82
#define CC_NAK 0x83
#define BROADCAST 0x00

/* A step delivers no more than this: two controllers that answer each other for ever cannot be,
 * since responses are not answered, but a bound costs nothing. */
#define DELIVERIES_MAX (8 * BUS_FRAMES_MAX)

/* After this a receiver that had no room is tried again. */
#define RETRY_US 2000u

void bus_init(struct bus *bus, uint32_t service_percent, struct faults *faults)
{
	memset(bus, 0, sizeof(*bus));
	bus->due_ns = TIME_NEVER;
	bus->service_percent = service_percent;
	bus->faults = faults;
}

const struct environment *bus_environment(const struct bus *bus)
{
	return &bus->environment;
}

struct controller *bus_listener(const struct bus *bus, uint8_t address)
{
	uint8_t i;

	for (i = 0; i < bus->controllers_count; i++) {
		if (bus->controllers[i]->address == address && bus->controllers[i]->present) {
			return bus->controllers[i];
		}
	}
	return NULL;
}

static uint64_t wire_ns(const struct bus *bus, uint32_t us)
{
	return (uint64_t)us * bus->service_percent * (NSEC_PER_USEC_U64 / 100);
}

/* What is wrong with sending this now: a completion code of Send Message. */
static uint8_t refusal(const struct controller *from, uint8_t address, uint64_t now_ns)
{
	struct bus *bus = from->bus;
	struct controller *to = bus_listener(bus, address);

	if (faults_strike(bus->faults, CHASSIS_FAULT_STUCK, from->slot, now_ns)) {
		return CC_BUS_ERROR;
	}
	if (faults_strike(bus->faults, CHASSIS_FAULT_ARBITRATION, from->slot, now_ns)) {
		return CC_LOST_ARBITRATION;
	}
	if (address != BROADCAST &&
		(!to || faults_strike(bus->faults, CHASSIS_FAULT_NAK, to->slot, now_ns))) {
		return CC_NAK;
	}
	return VIPMI_CC_OK;
}

static struct bus_frame *enqueue(
	struct controller *from, const uint8_t *bytes, size_t length, uint64_t ready_ns)
{
	struct bus *bus = from->bus;
	struct bus_frame *frame;
	size_t i;

	for (i = 0; i < BUS_FRAMES_MAX && bus->frames[i].length; i++) {
	}
	if (i == BUS_FRAMES_MAX) {
		return NULL;
	}
	frame = &bus->frames[i];
	*frame = (struct bus_frame){
		.from = from,
		.number = bus->next_number++,
		.ready_ns = ready_ns,
		.length = (uint8_t)length,
		.tries = BUS_TRIES_MAX,
	};
	memcpy(frame->bytes, bytes, length);
	bus->frames_count++;
	return frame;
}

/* A response on its way may be spoilt, late, doubled or lost. Returns whether it is to be sent. */
static bool misbehave(struct controller *from, uint8_t *bytes, size_t length, uint64_t now_ns,
	uint64_t *ret_ready)
{
	struct faults *faults = from->bus->faults;
	uint8_t place = from->slot;
	uint32_t late_ms;

	if (faults_strike(faults, CHASSIS_FAULT_LOST, place, now_ns) ||
		faults_strike(faults, CHASSIS_FAULT_SILENCE, place, now_ns)) {
		return false;
	}
	if (faults_strike(faults, CHASSIS_FAULT_GARBLED, place, now_ns)) {
		bytes[length - 1] ^= 0x10; /* its checksum does not fit */
	}
	late_ms = faults_late(faults, place, now_ns);
	*ret_ready = late_ms ? now_ns + late_ms * NSEC_PER_MSEC_U64 : 0;
	if (faults_strike(faults, CHASSIS_FAULT_DUPLICATE, place, now_ns)) {
		(void)enqueue(from, bytes, length, *ret_ready);
	}
	return true;
}

uint8_t bus_send(struct controller *from, const uint8_t *frame, size_t length, uint64_t now_ns)
{
	struct bus *bus = from->bus;
	uint8_t bytes[IPMB_FRAME_MAX], cc;
	uint64_t ready_ns = 0;

	if (length == 0 || length > IPMB_FRAME_MAX) {
		return VIPMI_CC_LENGTH_INVALID;
	}
	/* A broadcast's first byte is acknowledged by everybody; after it a plain frame follows. */
	cc = refusal(from, length > 1 ? frame[0] : 1, now_ns);
	if (cc != VIPMI_CC_OK) {
		return cc;
	}
	memcpy(bytes, frame, length);
	if (length > 1 && frame[1] >> 2 & 1 && frame[0] != BROADCAST &&
		!misbehave(from, bytes, length, now_ns, &ready_ns)) {
		return VIPMI_CC_OK; /* its sender believes so */
	}
	if (!enqueue(from, bytes, length, ready_ns)) {
		return VIPMI_CC_NODE_BUSY;
	}
	if (!bus->current) {
		bus->due_ns = now_ns;
	}
	return VIPMI_CC_OK;
}

/* Whether this sender has an earlier frame that waits: each sends its own in order. */
static bool overtakes(const struct bus *bus, const struct bus_frame *frame, uint64_t now_ns)
{
	size_t i;

	for (i = 0; i < BUS_FRAMES_MAX; i++) {
		const struct bus_frame *other = &bus->frames[i];

		if (other->length && other->from == frame->from && other->ready_ns <= now_ns &&
			other->number < frame->number) {
			return true;
		}
	}
	return false;
}

/* Who wins of two that begin at the same time: the lower byte, where bits first differ, for a 0
 * pulls the wire down (I2C). Where time does not pass, whoever came first. */
static bool wins(const struct bus *bus, const struct bus_frame *a, const struct bus_frame *b)
{
	int order;

	if (bus->service_percent == 0) {
		return a->number < b->number;
	}
	order = memcmp(a->bytes, b->bytes, a->length < b->length ? a->length : b->length);
	return order < 0 || (order == 0 && a->number < b->number);
}

/* Lets one of those that are ready on the wires; otherwise says when one will be. */
static void start_next(struct bus *bus, uint64_t now_ns)
{
	struct bus_frame *next = NULL;
	size_t i;

	bus->due_ns = TIME_NEVER;
	for (i = 0; i < BUS_FRAMES_MAX && bus->frames_count; i++) {
		struct bus_frame *frame = &bus->frames[i];

		if (!frame->length) {
			continue;
		}
		if (frame->ready_ns > now_ns) {
			if (!next && frame->ready_ns < bus->due_ns) {
				bus->due_ns = frame->ready_ns;
			}
		} else if (!overtakes(bus, frame, now_ns) && (!next || wins(bus, frame, next))) {
			next = frame;
		}
	}
	if (next) {
		bus->current = next;
		bus->due_ns = now_ns + wire_ns(bus, IPMB_BYTE_WIRE_US * next->length);
	}
}

/* Returns false when the receiver has no room. */
static bool deliver(struct bus *bus, const uint8_t *frame, size_t length, uint64_t now_ns)
{
	struct ipmb_message message;
	struct controller *to;
	bool broadcast = frame[0] == BROADCAST;

	if (broadcast) {
		frame++;
		length--;
	}
	to = bus_listener(bus, frame[0]);
	/* Nobody, or a wrong checksum: a receiver drops it silently (IPMB 1.0). */
	if (!to || ipmb_decode(frame, length, &message) < 0) {
		bus->lost++;
		return true;
	}
	/* Only Get Device ID may be broadcast (IPMI 2.0 section 20.9). */
	if (broadcast && (message.netfn != VIPMI_NETFN_APP || message.command != 0x01)) {
		return true;
	}
	if (!controller_receive(to, &message, frame, length, now_ns)) {
		return false;
	}
	bus->delivered++;
	return true;
}

/* The frame on the wires is over. */
static void end_current(struct bus *bus, uint64_t now_ns)
{
	struct bus_frame *frame = bus->current;
	uint8_t bytes[IPMB_FRAME_MAX];
	size_t length = frame->length;
	struct controller *to;
	bool stuck = faults_strike(bus->faults, CHASSIS_FAULT_STUCK, frame->from->slot, now_ns);

	bus->current = NULL;
	memcpy(bytes, frame->bytes, length);
	if (!stuck && (!frame->from->present || deliver(bus, bytes, length, now_ns))) {
		frame->length = 0;
	} else if (--frame->tries == 0) {
		to = bus_listener(bus, bytes[bytes[0] == BROADCAST]);
		if (to && !stuck) {
			to->missed++;
		}
		bus->lost++;
		frame->length = 0;
	} else {
		frame->ready_ns = now_ns + wire_ns(bus, RETRY_US);
	}
	bus->frames_count -= frame->length == 0;
}

void bus_step(struct bus *bus, uint64_t now_ns)
{
	int budget = DELIVERIES_MAX;

	while (now_ns >= bus->due_ns && budget-- > 0) {
		/* At the time it was due: late callers do not make the wires slow. */
		uint64_t at_ns = bus->due_ns;

		if (bus->current) {
			end_current(bus, now_ns);
		}
		start_next(bus, at_ns);
	}
}
