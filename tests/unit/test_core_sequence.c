/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequence numbers toward responders on a bus, seen from the controller's side of the link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"
#include "ipmi/ipmb.h"

#define SLOT_10 0xC4
#define SECONDS(n) ((n)*NSEC_PER_SEC_U64)

/* The controller: what was bridged last, and what waits in its receive message queue. */
struct bus {
	struct two two;
	struct ipmb_message sent; /* its data in `frame` */
	uint8_t frame[IPMB_FRAME_MAX + 1];
	int sends;
	uint8_t queue[8][IPMB_FRAME_MAX + 2]; /* completion code, channel, frame without rqSA */
	size_t queue_length[8];
	int queue_head, queue_tail;
};

static void bus_answer(struct bus *bus, const struct core_action *action)
{
	static const uint8_t ok[] = {0}, empty[] = {0x80}, enables[] = {0, 0x0F};
	uint8_t flags[] = {0, bus->queue_head != bus->queue_tail};
	int at = bus->queue_head;

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
		bus->queue_head++;
		respond(&bus->two.world, action, bus->queue[at], bus->queue_length[at]);
		break;
	case 0x34:
		memcpy(bus->frame, action->transmit.data, action->transmit.length);
		assert_int_equal(
			ipmb_decode(bus->frame + 1, action->transmit.length - 1, &bus->sent), 0);
		bus->sends++;
		respond(&bus->two.world, action, ok, sizeof(ok));
		break;
	default:
		fail();
	}
}

/* Serves the controller until something is delivered, or nothing is left to do. */
static bool bus_run(struct bus *bus, struct core_deliver *ret_deliver)
{
	struct core_action action;

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

static void bus_idle(struct bus *bus)
{
	struct core_deliver deliver;

	assert_false(bus_run(bus, &deliver));
}

static void bus_start(struct bus *bus, uint16_t bus_window)
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
static void bus_respond(struct bus *bus, const struct ipmb_message *request, uint8_t value)
{
	const uint8_t data[] = {0, value};
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
	assert_int_equal(step(&bus->two.world, (struct core_event){.type = CORE_EVENT_ATTENTION,
						       .attention = {.asserted = true}}),
		0);
	assert_int_equal(
		step(&bus->two.world, (struct core_event){.type = CORE_EVENT_ATTENTION}), 0);
}

static void ask_slot(struct bus *bus, int who, uint64_t tag, int number)
{
	assert_int_equal(
		step(&bus->two.world,
			(struct core_event){.type = CORE_EVENT_REQUEST,
				.request = {.client = bus->two.client[who],
					.handle = bus->two.handle[who],
					.tag = tag,
					.class = VIPMI_CLASS_NORMAL,
					.budget_ms = 1500,
					.target_kind = VIPMI_TARGET_IPMB,
					.address = SLOT_10,
					.numbered = number >= 0,
					.number = (uint8_t)(number >= 0 ? number : 0),
					.netfn = VIPMI_NETFN_APP,
					.command = 0x24}}), /* mutates: is sent once only */
		0);
}

static int reserve(struct bus *bus, int who, uint64_t numbers, uint8_t count,
	uint32_t virtual_client, uint64_t *ret_numbers)
{
	struct core_event event = {.type = CORE_EVENT_SEQUENCE_RESERVE,
		.now_ns = bus->two.world.now_ns,
		.sequence = {.client = bus->two.client[who],
			.handle = bus->two.handle[who],
			.virtual_client = virtual_client,
			.address = SLOT_10,
			.numbers = numbers,
			.count = count}};
	int r = core_step(bus->two.world.core, &event);

	if (r == 0 && ret_numbers) {
		*ret_numbers = event.sequence.ret_numbers;
	}
	return r;
}

static int give_back(struct bus *bus, int who, uint64_t numbers)
{
	return step(&bus->two.world, (struct core_event){.type = CORE_EVENT_SEQUENCE_FREE,
					     .sequence = {.client = bus->two.client[who],
						     .handle = bus->two.handle[who],
						     .address = SLOT_10,
						     .numbers = numbers}});
}

static void later(struct bus *bus, uint64_t ns)
{
	bus->two.world.now_ns += ns;
	assert_int_equal(step(&bus->two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
}

static void equal_requests_are_told_apart_by_the_reserved_number_alone(void **state)
{
	static struct bus bus;
	struct ipmb_message first, second;
	struct core_deliver deliver;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(reserve(&bus, 0, 1 << 3, 0, 111, NULL), 0);
	assert_int_equal(reserve(&bus, 0, 1 << 9, 0, 222, NULL), 0);
	/* A mutating request waits for the one before it in its lane, so two programs ask. */
	assert_int_equal(reserve(&bus, 1, 1 << 5, 0, 333, NULL), 0);
	ask_slot(&bus, 0, 7, 9);
	bus_idle(&bus);
	first = bus.sent;
	assert_int_equal(first.sequence, 9);
	assert_int_equal(first.rq_address, 0x20);
	assert_int_equal(first.rq_lun, 2);
	ask_slot(&bus, 1, 7, 5);
	bus_idle(&bus);
	second = bus.sent;
	assert_int_equal(second.sequence, 5);
	bus_respond(&bus, &second, 0x55);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.handle, bus.two.handle[1]);
	assert_int_equal(deliver.virtual_client, 333);
	assert_int_equal(deliver.number_used, 5);
	assert_int_equal(deliver.data[0], 0x55);
	bus_respond(&bus, &first, 0x99);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.handle, bus.two.handle[0]);
	assert_int_equal(deliver.virtual_client, 222);
	assert_int_equal(deliver.data[0], 0x99);
	free(bus.two.world.memory);
}

static void a_number_has_one_owner_and_a_handle_its_quota(void **state)
{
	static struct bus bus;
	uint64_t got = 0;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(reserve(&bus, 0, 0x0F, 0, 0, &got), 0);
	assert_true(got == 0x0F);
	/* All or nothing: 4 is free, 3 is not. */
	assert_int_equal(reserve(&bus, 1, 0x18, 0, 0, NULL), -EBUSY);
	assert_int_equal(reserve(&bus, 1, 0x10, 0, 0, NULL), 0);
	assert_int_equal(reserve(&bus, 0, 0, CORE_SEQUENCES_PER_HANDLE - 3, 0, NULL), -ENOSPC);
	assert_int_equal(reserve(&bus, 0, 0, CORE_SEQUENCES_PER_HANDLE - 4, 0, &got), 0);
	assert_true((got & 0x1F) == 0);
	assert_int_equal(give_back(&bus, 1, 0x01), -ENOENT);
	assert_int_equal(give_back(&bus, 0, 0x01), 0);
	assert_int_equal(give_back(&bus, 0, 0x01), -ENOENT);
	/* What was given back rests before it is anybody's. */
	assert_int_equal(reserve(&bus, 1, 0x01, 0, 0, NULL), -EBUSY);
	later(&bus, SECONDS(5));
	assert_int_equal(reserve(&bus, 1, 0x01, 0, 0, NULL), 0);
	free(bus.two.world.memory);
}

static void a_number_of_another_is_refused_and_nothing_is_sent(void **state)
{
	static struct bus bus;
	struct core_deliver deliver;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(reserve(&bus, 0, 1 << 3, 0, 0, NULL), 0);
	ask_slot(&bus, 1, 1, 3);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.origin, VIPMI_ORIGIN_AGENT);
	assert_int_equal(deliver.reason, VIPMI_REASON_NOT_FOUND);
	assert_int_equal(bus.sends, 0);
	free(bus.two.world.memory);
}

static void a_number_rests_after_a_timeout_and_a_late_response_meets_nobody(void **state)
{
	static struct bus bus;
	struct ipmb_message lost;
	struct core_deliver deliver;
	struct core_status status;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(reserve(&bus, 0, 1 << 3, 0, 0, NULL), 0);
	ask_slot(&bus, 0, 1, 3);
	bus_idle(&bus);
	lost = bus.sent;
	later(&bus, 1500 * NSEC_PER_MSEC_U64);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.cc, VIPMI_CC_TIMEOUT);
	/* The next request that names it waits for the quarantine's end; its own deadline is nearer. */
	ask_slot(&bus, 0, 2, 3);
	bus_idle(&bus);
	assert_int_equal(bus.sends, 1);
	bus_respond(&bus, &lost, 0x11);
	bus_idle(&bus);
	core_status(bus.two.world.core, &status);
	assert_int_equal(status.counters[CORE_COUNTER_responses_late], 1);
	later(&bus, 1500 * NSEC_PER_MSEC_U64);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.tag, 2);
	assert_false(deliver.sent);
	later(&bus, SECONDS(5));
	ask_slot(&bus, 0, 3, 3);
	bus_idle(&bus);
	assert_int_equal(bus.sends, 2);
	assert_int_equal(bus.sent.sequence, 3);
	free(bus.two.world.memory);
}

static void a_request_waits_while_its_number_rests_and_goes_when_it_may(void **state)
{
	static struct bus bus;
	struct core_deliver deliver;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(reserve(&bus, 0, 1 << 3, 0, 0, NULL), 0);
	ask_slot(&bus, 0, 1, 3);
	bus_idle(&bus);
	later(&bus, 1500 * NSEC_PER_MSEC_U64);
	assert_true(bus_run(&bus, &deliver));
	later(&bus, SECONDS(4));
	ask_slot(&bus, 0, 2, 3);
	bus_idle(&bus);
	assert_int_equal(bus.sends, 1);
	later(&bus, SECONDS(1));
	bus_idle(&bus);
	assert_int_equal(bus.sends, 2);
	free(bus.two.world.memory);
}

static void unreserved_requests_never_take_a_reserved_number(void **state)
{
	static struct bus bus;
	struct core_deliver deliver;
	int i;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(reserve(&bus, 0, 0xFFFF, 0, 0, NULL), 0);
	for (i = 0; i < 200; i++) {
		ask_slot(&bus, 1, 1, -1);
		bus_idle(&bus);
		assert_true(bus.sent.sequence >= 16);
		bus.queue_head = bus.queue_tail = 0;
		bus_respond(&bus, &bus.sent, 0);
		assert_true(bus_run(&bus, &deliver));
		assert_int_equal(deliver.cc, 0);
		/* A number rests a little after its response. */
		later(&bus, 10 * NSEC_PER_MSEC_U64);
	}
	free(bus.two.world.memory);
}

static void a_closed_handles_numbers_rest_and_come_back(void **state)
{
	static struct bus bus;
	uint32_t cursor = 0;
	struct core_sequence_info info;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(reserve(&bus, 0, 1 << 3, 0, 42, NULL), 0);
	assert_true(core_sequence_next(bus.two.world.core, &cursor, &info));
	assert_int_equal(info.number, 3);
	assert_int_equal(info.virtual_client, 42);
	assert_int_equal(info.handle, bus.two.handle[0]);
	assert_true(info.reserved && info.on_wire);
	ask_slot(&bus, 0, 1, 3);
	bus_idle(&bus);
	assert_int_equal(step(&bus.two.world, (struct core_event){.type = CORE_EVENT_CLIENT_CLOSE,
						      .client = {.client = bus.two.client[0]}}),
		0);
	assert_int_equal(reserve(&bus, 1, 1 << 3, 0, 0, NULL), -EBUSY);
	later(&bus, SECONDS(5));
	assert_int_equal(reserve(&bus, 1, 1 << 3, 0, 0, NULL), 0);
	assert_null(core_broken(bus.two.world.core));
	free(bus.two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_requests_are_told_apart_by_the_reserved_number_alone),
		cmocka_unit_test(a_number_has_one_owner_and_a_handle_its_quota),
		cmocka_unit_test(a_number_of_another_is_refused_and_nothing_is_sent),
		cmocka_unit_test(a_number_rests_after_a_timeout_and_a_late_response_meets_nobody),
		cmocka_unit_test(a_request_waits_while_its_number_rests_and_goes_when_it_may),
		cmocka_unit_test(unreserved_requests_never_take_a_reserved_number),
		cmocka_unit_test(a_closed_handles_numbers_rest_and_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
