/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequence numbers toward responders on a bus, seen from the controller's side of the link. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_bus.h"

#define SECONDS(n) ((n)*NSEC_PER_SEC_U64)

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
	/* The next request that names it waits for the quarantine's end; its deadline is nearer. */
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
