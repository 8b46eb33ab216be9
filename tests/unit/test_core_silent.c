/* SPDX-License-Identifier: BSD-2-Clause */
/* A responder on a bus that does not answer, and those who ask others meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_bus.h"

#define SLOT_2 0xB4
#define WINDOW 4
#define READ 0x01   /* Get Device ID */
#define MUTATE 0x24 /* Set Watchdog Timer: is sent once only */

/* What was sent to each, the last of it, and what came back. */
struct seen {
	int silent, other, delivered;
	struct ipmb_message to_silent, to_other;
	struct core_deliver last;
};

static void ask_at(struct bus *bus, int who, uint8_t address, uint8_t command, int number)
{
	assert_int_equal(
		step(&bus->two.world, (struct core_event){.type = CORE_EVENT_REQUEST,
					      .request = {.client = bus->two.client[who],
						      .handle = bus->two.handle[who],
						      .class = VIPMI_CLASS_NORMAL,
						      .budget_ms = 30000,
						      .target_kind = VIPMI_TARGET_IPMB,
						      .address = address,
						      .numbered = number >= 0,
						      .number = (uint8_t)(number < 0 ? 0 : number),
						      .netfn = VIPMI_NETFN_APP,
						      .command = command}}),
		0);
}

/* Serves the controller until nothing is left to do. */
static struct seen serve(struct bus *bus)
{
	struct seen seen = {0};
	struct core_action action;

	while (core_next(bus->two.world.core, &action)) {
		if (action.type == CORE_ACTION_DELIVER) {
			seen.delivered++;
			seen.last = action.deliver;
			core_done(bus->two.world.core, action.id, 0);
			continue;
		}
		bus_answer(bus, &action);
		if (action.transmit.command != 0x34) {
			continue;
		}
		if (bus->sent.rs_address == SLOT_10) {
			seen.silent++;
			seen.to_silent = bus->sent;
		} else {
			seen.other++;
			seen.to_other = bus->sent;
		}
	}
	return seen;
}

/* Program 0 has asked slot 10 more than the bus carries at once, and heard nothing. */
static struct seen start_silent(struct bus *bus, uint8_t command)
{
	int i;

	bus_start(bus, WINDOW);
	for (i = 0; i < 2 * WINDOW; i++) {
		ask_at(bus, 0, SLOT_10, command, -1);
	}
	assert_int_equal(serve(bus).silent, command == MUTATE ? 1 : WINDOW);
	later(bus, CORE_BUS_TIMEOUT_MS * NSEC_PER_MSEC_U64);
	return serve(bus);
}

static void one_at_a_time_is_under_way_to_it(void **state)
{
	struct bus bus;
	struct seen seen = start_silent(&bus, READ);
	int i, sends = seen.silent;

	(void)state;
	assert_int_equal(sends, 1);
	/* However often those that wait look whether it is their turn. */
	for (i = 1; i < 10; i++) {
		later(&bus, CORE_BUS_TIMEOUT_MS * NSEC_PER_MSEC_U64 / 10);
		assert_int_equal(serve(&bus).silent, 0);
	}
	for (i = 0; i < 40; i++) {
		later(&bus, CORE_BUS_TIMEOUT_MS * NSEC_PER_MSEC_U64 / 10);
		seen = serve(&bus);
		assert_true(seen.silent <= 1);
		sends += seen.silent;
	}
	assert_int_equal(sends, 5);
	free(bus.two.world.memory);
}

static void others_have_the_rest_of_the_bus(void **state)
{
	struct bus bus;
	struct seen seen;
	int i;

	(void)state;
	start_silent(&bus, READ);
	for (i = 0; i < WINDOW; i++) {
		ask_at(&bus, 1, SLOT_2, READ, -1);
	}
	seen = serve(&bus);
	assert_int_equal(seen.other, WINDOW - 1);
	bus_respond(&bus, &seen.to_other, 1);
	seen = serve(&bus);
	assert_int_equal(seen.delivered, 1);
	assert_int_equal(seen.last.handle, bus.two.handle[1]);
	assert_int_equal(seen.other, 1);
	free(bus.two.world.memory);
}

static void a_word_of_it_ends_that(void **state)
{
	struct bus bus;
	struct seen seen = start_silent(&bus, READ);

	(void)state;
	bus_respond(&bus, &seen.to_silent, 1);
	assert_int_equal(serve(&bus).delivered, 1);
	later(&bus, 2 * CORE_SILENT_PAUSE_MS * NSEC_PER_MSEC_U64);
	assert_int_equal(serve(&bus).silent, WINDOW);
	free(bus.two.world.memory);
}

static void a_late_word_is_one_too(void **state)
{
	struct bus bus;
	struct ipmb_message late;

	(void)state;
	bus_start(&bus, WINDOW);
	ask_at(&bus, 0, SLOT_10, MUTATE, -1);
	late = serve(&bus).to_silent;
	later(&bus, 20 * NSEC_PER_SEC_U64);
	assert_int_equal(serve(&bus).delivered, 1);
	ask_at(&bus, 0, SLOT_10, READ, -1);
	ask_at(&bus, 1, SLOT_10, READ, -1);
	assert_int_equal(serve(&bus).silent, 1);
	bus_respond(&bus, &late, 1);
	assert_int_equal(serve(&bus).delivered, 0);
	later(&bus, 2 * CORE_SILENT_PAUSE_MS * NSEC_PER_MSEC_U64);
	assert_int_equal(serve(&bus).silent, 1);
	free(bus.two.world.memory);
}

static void a_number_of_ones_own_is_no_way_past(void **state)
{
	struct bus bus;
	struct core_event event;

	(void)state;
	start_silent(&bus, READ);
	event = (struct core_event){.type = CORE_EVENT_SEQUENCE_RESERVE,
		.now_ns = bus.two.world.now_ns,
		.sequence = {.client = bus.two.client[1],
			.handle = bus.two.handle[1],
			.address = SLOT_10,
			.count = 1}};
	assert_int_equal(core_step(bus.two.world.core, &event), 0);
	ask_at(&bus, 1, SLOT_10, READ, __builtin_ctzll(event.sequence.ret_numbers));
	assert_int_equal(serve(&bus).silent, 0);
	free(bus.two.world.memory);
}

/* Over a driver that bridges by itself. A request to the controller has no address; what stands
 * there all the same is SLOT_10's. */
static void ask_driver(struct two *two, int who, uint8_t target_kind, uint32_t budget_ms)
{
	assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_REQUEST,
						   .request = {.client = two->client[who],
							   .handle = two->handle[who],
							   .class = VIPMI_CLASS_NORMAL,
							   .budget_ms = budget_ms,
							   .target_kind = target_kind,
							   .address = SLOT_10,
							   .netfn = VIPMI_NETFN_APP,
							   .command = READ}}),
		0);
}

static void ask_relayed(struct two *two, int who, uint32_t budget_ms)
{
	ask_driver(two, who, VIPMI_TARGET_IPMB, budget_ms);
}

static struct two relayed(void)
{
	struct two two = two_programs(1);

	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_LINK_DOWN}), 0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_LINK_UP,
						  .link_up = {.window = 1, .bus_window = 4}}),
		0);
	return two;
}

static void a_driver_that_says_nothing_for_65_seconds_says_that_it_is_silent(void **state)
{
	struct two two = relayed();
	struct core_action action;

	(void)state;
	ask_relayed(&two, 0, 100000);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	core_done(two.world.core, action.id, 0);
	two.world.now_ns += UINT64_C(65) * NSEC_PER_SEC_U64;
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	assert_int_equal(delivered(&two).cc, VIPMI_CC_TIMEOUT);
	ask_relayed(&two, 0, 100);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	core_done(two.world.core, action.id, 0);
	ask_relayed(&two, 1, 100);
	assert_false(core_next(two.world.core, &action));
	free(two.world.memory);
}

/* The driver has said that the board is silent, and tries it for program 0 once more. */
static struct two relayed_in_vain(void)
{
	static const uint8_t timeout[] = {VIPMI_CC_TIMEOUT};
	struct two two = relayed();
	struct core_action action;

	ask_relayed(&two, 0, 100);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	respond(&two.world, &action, timeout, sizeof(timeout));
	assert_int_equal(delivered(&two).cc, VIPMI_CC_TIMEOUT);
	ask_relayed(&two, 0, 100);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	core_done(two.world.core, action.id, 0);
	return two;
}

static void a_driver_that_still_tries_for_nobody_holds_up_nobody(void **state)
{
	struct two two = relayed_in_vain();
	struct core_action action;

	(void)state;
	two.world.now_ns += 100 * NSEC_PER_MSEC_U64;
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	assert_int_equal(delivered(&two).cc, VIPMI_CC_TIMEOUT);
	ask_relayed(&two, 1, 100);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	core_done(two.world.core, action.id, 0);
	ask_relayed(&two, 0, 100);
	assert_false(core_next(two.world.core, &action)); /* one is under way for somebody */
	free(two.world.memory);
}

static void a_silent_board_holds_up_nobody_at_the_controller(void **state)
{
	struct two two = relayed_in_vain();
	struct core_action action;

	(void)state;
	ask_driver(&two, 1, VIPMI_TARGET_CONTROLLER, 100);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.target_kind, VIPMI_TARGET_CONTROLLER);
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time_is_under_way_to_it),
		cmocka_unit_test(others_have_the_rest_of_the_bus),
		cmocka_unit_test(a_word_of_it_ends_that),
		cmocka_unit_test(a_late_word_is_one_too),
		cmocka_unit_test(a_number_of_ones_own_is_no_way_past),
		cmocka_unit_test(a_driver_that_says_nothing_for_65_seconds_says_that_it_is_silent),
		cmocka_unit_test(a_driver_that_still_tries_for_nobody_holds_up_nobody),
		cmocka_unit_test(a_silent_board_holds_up_nobody_at_the_controller),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
