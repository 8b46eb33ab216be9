/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassis/bus.h"

#define CC_NAK 0x83
#define BROADCAST 0x00

/* A step delivers no more than this: a loop of two controllers that answer each other for ever
 * cannot be, since responses are not answered, but a bound costs nothing. */
#define DELIVERIES_MAX (4 * BUS_FRAMES_MAX)

void bus_init(struct bus *bus)
{
	memset(bus, 0, sizeof(*bus));
	bus->due_ns = TIME_NEVER;
}

static struct controller *listener(const struct bus *bus, uint8_t address)
{
	uint8_t i;

	for (i = 0; i < bus->controllers_count; i++) {
		if (bus->controllers[i]->board->address == address) {
			return bus->controllers[i];
		}
	}
	return NULL;
}

uint8_t bus_send(
	struct bus *bus, const uint8_t *frame, size_t length, uint64_t now_ns, uint64_t delay_ns)
{
	size_t i;

	/* A broadcast's first byte is acknowledged by everybody; after it a plain frame follows. */
	bool broadcast = length > 1 && frame[0] == BROADCAST;

	if (length == 0 || length > IPMB_FRAME_MAX) {
		return VIPMI_CC_LENGTH_INVALID;
	}
	if (!broadcast && !listener(bus, frame[0])) {
		return CC_NAK;
	}
	for (i = 0; i < BUS_FRAMES_MAX && bus->frames[i].length; i++) {
	}
	if (i == BUS_FRAMES_MAX) {
		return VIPMI_CC_NODE_BUSY;
	}
	bus->frames[i].due_ns = now_ns + delay_ns;
	bus->frames[i].number = bus->next_number++;
	bus->frames[i].length = (uint8_t)length;
	memcpy(bus->frames[i].bytes, frame, length);
	bus->frames_count++;
	if (bus->frames[i].due_ns < bus->due_ns) {
		bus->due_ns = bus->frames[i].due_ns;
	}
	return VIPMI_CC_OK;
}

/* The frame that arrives first, or NULL when none is under way. */
static struct bus_frame *earliest(struct bus *bus)
{
	struct bus_frame *first = NULL;
	size_t i;

	for (i = 0; i < BUS_FRAMES_MAX && bus->frames_count; i++) {
		struct bus_frame *frame = &bus->frames[i];

		if (frame->length && (!first || frame->due_ns < first->due_ns ||
					     (frame->due_ns == first->due_ns &&
						     frame->number < first->number))) {
			first = frame;
		}
	}
	return first;
}

static void deliver(struct bus *bus, const uint8_t *frame, size_t length, uint64_t now_ns)
{
	struct ipmb_message message;
	struct controller *to;
	bool broadcast = frame[0] == BROADCAST;

	if (broadcast) {
		frame++;
		length--;
	}
	to = listener(bus, frame[0]);
	/* Nobody, or a wrong checksum: a receiver drops it silently (IPMB 1.0). */
	if (!to || ipmb_decode(frame, length, &message) < 0) {
		return;
	}
	/* Only Get Device ID may be broadcast (IPMI 2.0 section 20.9). */
	if (broadcast && (message.netfn != VIPMI_NETFN_APP || message.command != 0x01)) {
		return;
	}
	bus->delivered++;
	controller_receive(to, &message, frame, length, now_ns);
}

void bus_step(struct bus *bus, uint64_t now_ns)
{
	struct bus_frame *first;
	uint8_t bytes[IPMB_FRAME_MAX];
	int budget = DELIVERIES_MAX;
	size_t length;

	if (now_ns < bus->due_ns) {
		return;
	}
	while ((first = earliest(bus)) && first->due_ns <= now_ns && budget-- > 0) {
		/* Its place is free before it is delivered: the answer may need it. */
		length = first->length;
		memcpy(bytes, first->bytes, length);
		first->length = 0;
		bus->frames_count--;
		deliver(bus, bytes, length, now_ns);
	}
	bus->due_ns = first ? first->due_ns : TIME_NEVER;
}
