/* SPDX-License-Identifier: BSD-2-Clause */
/* A controller that bridges, as seen from its side of the link: it takes Send Message, has a
 * receive message queue and attention, and responders answer when the test says so. */
#ifndef VIPMI_TESTS_CORE_BUS_H
#define VIPMI_TESTS_CORE_BUS_H

#include "core_world.h"
#include "ipmi/ipmb.h"

#define SLOT_10 0xC4

/* The controller: what was bridged last, and what waits in its receive message queue. */
struct bus {
	struct two two;
	struct ipmb_message sent; /* its data in `frame` */
	uint8_t frame[IPMB_FRAME_MAX + 1];
	int sends;
	uint8_t send_cc;                      /* what Send Message is answered */
	uint8_t queue[8][IPMB_FRAME_MAX + 2]; /* completion code, channel, frame without rqSA */
	size_t queue_length[8];
	int queue_head, queue_tail;
};

static inline void attention(struct bus *bus, bool asserted)
{
	assert_int_equal(step(&bus->two.world, (struct core_event){.type = CORE_EVENT_ATTENTION,
						       .attention = {.asserted = asserted}}),
		0);
}

static inline void bus_answer(struct bus *bus, const struct core_action *action)
{
	static const uint8_t empty[] = {0x80}, enables[] = {0, 0x0F};
	uint8_t flags[] = {0, bus->queue_head != bus->queue_tail};
	int at = bus->queue_head;

	assert_int_equal(action->transmit.netfn, 6);
	assert_int_equal(action->transmit.lun, 0);
	switch (action->transmit.command) {
	case 0x2F:
		respond(&bus->two.world, action, enables, sizeof(enables));
		break;
	case 0x31:
		respond(&bus->two.world, action, flags, sizeof(flags));
		break;
	case 0x33:
		if (at == bus->queue_tail) {
			respond(&bus->two.world, action, empty, sizeof(empty));
			break;
		}
		if (++bus->queue_head == bus->queue_tail) {
			attention(bus, false);
		}
		respond(&bus->two.world, action, bus->queue[at], bus->queue_length[at]);
		break;
	case 0x34:
		memcpy(bus->frame, action->transmit.data, action->transmit.length);
		assert_int_equal(
			ipmb_decode(bus->frame + 1, action->transmit.length - 1, &bus->sent), 0);
		bus->sends++;
		respond(&bus->two.world, action, &bus->send_cc, 1);
		break;
	default:
		fail();
	}
}

/* Serves the controller until something is delivered, or nothing is left to do. */
static inline bool bus_run(struct bus *bus, struct core_deliver *ret_deliver)
{
	struct core_action action;

	*ret_deliver = (struct core_deliver){0};
	while (core_next(bus->two.world.core, &action)) {
		if (action.type == CORE_ACTION_DELIVER) {
			*ret_deliver = action.deliver;
			core_done(bus->two.world.core, action.id, 0);
			return true;
		}
		bus_answer(bus, &action);
	}
	return false;
}

static inline void bus_idle(struct bus *bus)
{
	struct core_deliver deliver;

	assert_false(bus_run(bus, &deliver));
}

static inline void bus_start(struct bus *bus, uint16_t bus_window)
{
	*bus = (struct bus){.two = two_programs(1)};
	assert_int_equal(step(&bus->two.world, (struct core_event){.type = CORE_EVENT_LINK_UP,
						       .link_up = {.raw_bridge = true,
							       .wire_sequence = true,
							       .owns_flags = true,
							       .attention = true,
							       .bus_window = bus_window}}),
		0);
	bus_idle(bus);
}

/* The responder's answer to a request as it was bridged, put into the receive message queue. */
static inline void bus_respond_with(
	struct bus *bus, const struct ipmb_message *request, uint8_t cc, uint8_t value)
{
	const uint8_t data[] = {cc, value};
	const struct ipmb_message response = {.rs_address = request->rs_address,
		.rs_lun = request->rs_lun,
		.rq_address = request->rq_address,
		.rq_lun = request->rq_lun,
		.netfn = request->netfn | 1,
		.sequence = request->sequence,
		.command = request->command,
		.data = data,
		.length = sizeof(data)};
	uint8_t frame[IPMB_FRAME_MAX];
	int length = ipmb_encode(&response, frame, sizeof(frame));
	uint8_t *entry = bus->queue[bus->queue_tail];

	assert_true(length > 0);
	entry[0] = 0;
	entry[1] = 0;
	memcpy(entry + 2, frame + 1, (size_t)length - 1);
	bus->queue_length[bus->queue_tail++] = (size_t)length + 1;
	attention(bus, true);
}

static inline void bus_respond(struct bus *bus, const struct ipmb_message *request, uint8_t value)
{
	bus_respond_with(bus, request, 0, value);
}

static inline void later(struct bus *bus, uint64_t ns)
{
	bus->two.world.now_ns += ns;
	assert_int_equal(step(&bus->two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
}

#endif
