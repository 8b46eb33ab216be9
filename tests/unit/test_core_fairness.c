/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose turn it is, where the controller's time is exactly so many quanta. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

/* What a handle may spend in a round (CORE_QUANTUM_SHIFT). */
#define QUANTUM_NS (UINT64_C(1) << 23)
/* In which time between hiccups is counted (CORE_HICCUP_SHIFT). */
#define STEP_NS (UINT64_C(1) << 30)

static const uint8_t ok[] = {0};

/* Serves the next transmission, which goes before all answers, in so much time: whose was it? */
static int serve(struct two *two, const uint64_t *spend_ns)
{
	struct core_action action = pull(&two->world, CORE_ACTION_TRANSMIT);
	int who = action.transmit.command - 1;

	core_done(two->world.core, action.id, 0);
	two->world.now_ns += spend_ns[who];
	responds(&two->world, &action, ok, 1);
	return who;
}

static void asks(struct two *two, int who, int times)
{
	while (times-- > 0) {
		assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_REQUEST,
							   .request = {.client = two->client[who],
								   .handle = two->handle[who],
								   .class = VIPMI_CLASS_NORMAL,
								   .budget_ms = CORE_BUDGET_MAX_MS,
								   .netfn = 6,
								   .command = (uint8_t)(1 + who)}}),
			0);
	}
}

/* Everything else that there is to do, in no time. */
static void finish(struct two *two)
{
	struct core_action action;

	while (core_next(two->world.core, &action)) {
		core_done(two->world.core, action.id, 0);
		if (action.type == CORE_ACTION_TRANSMIT) {
			responds(&two->world, &action, ok, 1);
		}
	}
}

/* The first, which owes nothing, has one response at this time after so long, the second each of
 * its own after a quantum: how often is the second served until the first comes again? */
static int served_meanwhile(struct two *two, uint64_t at_ns, uint64_t spent_ns)
{
	uint64_t spend_ns[2] = {spent_ns, QUANTUM_NS};
	int i, served = 0;

	two->world.now_ns = at_ns - spent_ns - 3 * QUANTUM_NS;
	assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	asks(two, 1, 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(serve(two, spend_ns), 1);
	}
	finish(two);
	asks(two, 0, 2);
	asks(two, 1, 127);
	assert_int_equal(serve(two, spend_ns), 0);
	assert_true(two->world.now_ns == at_ns);
	spend_ns[0] = 0;
	while (serve(two, spend_ns) == 1) {
		served++;
	}
	finish(two);
	return served;
}

/* The second time in half a minute that it is slow. */
static int paid_in(uint64_t quanta)
{
	struct two two = two_programs(1);
	int served;

	assert_int_equal(served_meanwhile(&two, 100 * STEP_NS, 5 * QUANTUM_NS), 4);
	served = served_meanwhile(&two, 105 * STEP_NS, quanta * QUANTUM_NS);
	free(two.world.memory);
	return served;
}

static void a_debt_is_paid_round_by_round(void **state)
{
	(void)state;
	assert_int_equal(paid_in(2), 2);
	assert_int_equal(paid_in(10), 10);
	assert_int_equal(paid_in(62), 62);
	assert_int_equal(paid_in(63), 63);
	assert_int_equal(paid_in(64), 64);
	assert_int_equal(paid_in(65), 65);
	/* Further than the wheel reaches: once more around. */
	assert_int_equal(paid_in(100), 100);
	assert_int_equal(paid_in(126), 126);
}

/* A hiccup in the last moment of its step, and another one: how many rounds does that cost? */
static int costs_after_a_hiccup(uint64_t at_ns)
{
	struct two two = two_programs(1);
	int served;

	/* What is no longer than four quanta is none. */
	assert_int_equal(served_meanwhile(&two, 100 * STEP_NS - 1, 4 * QUANTUM_NS), 4);
	assert_int_equal(served_meanwhile(&two, 101 * STEP_NS - 1, 4 * QUANTUM_NS + 1), 4);
	served = served_meanwhile(&two, at_ns, 10 * QUANTUM_NS);
	free(two.world.memory);
	return served;
}

static void a_hiccup_costs_four_rounds_once_in_half_a_minute(void **state)
{
	(void)state;
	assert_int_equal(costs_after_a_hiccup(102 * STEP_NS), 10);
	assert_int_equal(costs_after_a_hiccup(128 * STEP_NS - 1), 10);
	assert_int_equal(costs_after_a_hiccup(128 * STEP_NS), 4);
	/* Sixteen bits of steps go around in 19 hours. */
	assert_int_equal(costs_after_a_hiccup((UINT64_C(0x10000) + 127) * STEP_NS), 10);
	assert_int_equal(costs_after_a_hiccup((UINT64_C(0x10000) + 128) * STEP_NS), 4);
}

static int first_costs(uint64_t at_ns)
{
	struct two two = two_programs(1);
	int served = served_meanwhile(&two, at_ns, 10 * QUANTUM_NS);

	free(two.world.memory);
	return served;
}

/* And as long as that, less half a minute, a newcomer's first one costs four. */
static void who_never_had_a_hiccup_may_have_one(void **state)
{
	(void)state;
	assert_int_equal(first_costs(STEP_NS), 4);
	assert_int_equal(first_costs((UINT64_C(0x10000) - 28) * STEP_NS - 1), 4);
	assert_int_equal(first_costs((UINT64_C(0x10000) - 28) * STEP_NS), 10);
}

static void who_was_idle_begins_in_the_next_round(void **state)
{
	struct two two = two_programs(1);
	const uint64_t spend_ns[2] = {QUANTUM_NS / 4, QUANTUM_NS};
	char order[16] = {0};
	int i;

	(void)state;
	asks(&two, 1, 100);
	for (i = 0; i < 70; i++) {
		assert_int_equal(serve(&two, spend_ns), 1);
	}
	/* It has saved nothing up: a quantum's worth in each round, no more. */
	asks(&two, 0, 20);
	for (i = 0; i < 12; i++) {
		order[i] = (char)('a' + serve(&two, spend_ns));
	}
	assert_string_equal(order, "baaaabaaaaba");
	free(two.world.memory);
}

/* ---- several programs of one client ---- */

struct many {
	struct world world;
	uint32_t client, handle[8];
};

static struct many many_programs(int count, struct core_link_capabilities link)
{
	struct many many = {.world = world_with(&(struct core_limits){
				    .handles_max = 8, .credit_max = CORE_CREDIT_LIMIT})};

	assert_int_equal(
		step(&many.world, (struct core_event){.type = CORE_EVENT_LINK_UP, .link_up = link}),
		0);
	many.client = client_new(&many.world, 1);
	while (count-- > 0) {
		assert_int_equal(handle_try(&many.world, many.client, &many.handle[count]), 0);
	}
	return many;
}

/* A read, with the program's number for its data, so that it shows in the transmission. */
static void many_ask(struct many *many, int who, uint8_t class, uint8_t address)
{
	const uint8_t number = (uint8_t)who;

	assert_int_equal(
		step(&many->world, (struct core_event){.type = CORE_EVENT_REQUEST,
					   .request = {.client = many->client,
						   .handle = many->handle[who],
						   .class = class,
						   .budget_ms = CORE_BUDGET_MAX_MS,
						   .target_kind = address ? VIPMI_TARGET_IPMB
									  : VIPMI_TARGET_CONTROLLER,
						   .address = address,
						   .netfn = 6,
						   .command = 1,
						   .data = &number,
						   .length = 1}}),
		0);
}

static void many_asks(struct many *many, int who, int times)
{
	while (times-- > 0) {
		many_ask(many, who, VIPMI_CLASS_NORMAL, 0);
	}
}

/* The next transmission, answered after so much time: whose was it? */
static int many_serve(struct many *many, uint64_t spend_ns)
{
	struct core_action action = pull(&many->world, CORE_ACTION_TRANSMIT);
	int who = action.transmit.data[0];

	many->world.now_ns += spend_ns;
	respond(&many->world, &action, ok, 1);
	return who;
}

static void expect_order(struct many *many, const char *order, uint64_t spend_ns)
{
	char came[64] = {0};
	size_t i;

	for (i = 0; order[i]; i++) {
		came[i] = (char)('0' + many_serve(many, spend_ns));
	}
	assert_string_equal(came, order);
}

static void newcomers_wait_until_the_round_ends_however_many(void **state)
{
	struct many many = many_programs(7, (struct core_link_capabilities){.window = 1});
	int i;

	(void)state;
	many_asks(&many, 0, 20);
	expect_order(&many, "00000", QUANTUM_NS / 4); /* a round, and the first of the next */
	for (i = 1; i < 7; i++) {
		many_asks(&many, i, 1);
	}
	expect_order(&many, "0001234560", QUANTUM_NS / 4);
	free(many.world.memory);
}

/* Five that owe a hundred rounds, more than the wheel has: each time, four are put once more
 * around in one turn, then whoever comes next is served, due or not, so that the turn ends. */
static void a_turn_of_the_wheel_has_its_end(void **state)
{
	struct many many = many_programs(5, (struct core_link_capabilities){.window = 1});
	int i;

	(void)state;
	for (i = 0; i < 5; i++) {
		many_asks(&many, i, 3);
	}
	expect_order(&many, "01234", 100 * QUANTUM_NS); /* a hiccup */
	expect_order(&many, "40123", 100 * QUANTUM_NS);
	expect_order(&many, "34012", QUANTUM_NS);
	free(many.world.memory);
}

/* A bridging link that carries one request to a bus at a time. */
static const struct core_link_capabilities bridging = {.window = 1, .bus_window = 1};

/* Program 0 has the bus, 1 waits for it and perhaps owes some rounds, and 2 has the controller for
 * more of them. When the bus is free 1 is next, wherever the wheel stands. */
static void who_waited_for_the_bus_has_missed_no_round(void **state)
{
	struct many many = many_programs(3, bridging);
	struct core_action bus;
	int turn, i;

	(void)state;
	for (turn = 0; turn < 400; turn++) {
		many_ask(&many, 1, VIPMI_CLASS_NORMAL, 0xB4);
		assert_int_equal(many_serve(&many, (turn % 7) * QUANTUM_NS), 1);
		many_ask(&many, 0, VIPMI_CLASS_NORMAL, 0xB4);
		bus = pull(&many.world, CORE_ACTION_TRANSMIT);
		assert_int_equal(bus.transmit.data[0], 0);
		core_done(many.world.core, bus.id, 0);
		many_ask(&many, 1, VIPMI_CLASS_NORMAL, 0xB4);
		many_asks(&many, 2, 6);
		for (i = 0; i < 3; i++) {
			assert_int_equal(many_serve(&many, (1 + turn % 13) * QUANTUM_NS), 2);
		}
		/* Of the present round it has nearly all before it. */
		assert_int_equal(many_serve(&many, 1), 2);
		responds(&many.world, &bus, ok, 1);
		while (many_serve(&many, QUANTUM_NS) != 1) {
			assert_true(3 * (1 + turn % 13) < turn % 7); /* the debt was larger */
		}
		while (core_next(many.world.core, &bus)) {
			core_done(many.world.core, bus.id, 0);
			if (bus.type == CORE_ACTION_TRANSMIT) {
				responds(&many.world, &bus, ok, 1);
			}
		}
	}
	assert_null(core_broken(many.world.core));
	free(many.world.memory);
}

static void a_program_with_several_responders_gets_to_each(void **state)
{
	struct many many = many_programs(1, bridging);
	int i;

	(void)state;
	many_ask(&many, 0, VIPMI_CLASS_NORMAL, 0xB4);
	many_ask(&many, 0, VIPMI_CLASS_NORMAL, 0xB6);
	many_ask(&many, 0, VIPMI_CLASS_NORMAL, 0xB8);
	for (i = 0; i < 3; i++) {
		assert_int_equal(many_serve(&many, 1), 0);
	}
	free(many.world.memory);
}

/* Programs 0 to 2 in the classes of these numbers, all with more to ask than is served, the normal
 * one only after so many turns: the normal one every fifth turn, the background every seventeenth,
 * and where both are due the background first; after either the urgent one has a turn. */
static void classes_take_turns(unsigned late)
{
	struct many many = many_programs(3, (struct core_link_capabilities){.window = 1});
	unsigned waited[3] = {0}, turn;
	bool lower = false;
	int i, who;

	many_ask(&many, 0, 0, 0);
	many_ask(&many, 2, 2, 0);
	for (turn = 0; turn < 200; turn++) {
		int due = 0;

		if (turn == late) {
			many_ask(&many, 1, 1, 0);
		}
		if (!lower && (waited[1] >= 4 || waited[2] >= 16)) {
			due = waited[2] >= 16 ? 2 : 1;
		}
		who = many_serve(&many, 1);
		assert_int_equal(who, due);
		many_ask(&many, who, (uint8_t)who, 0);
		/* Who is lower than what is served is passed over. */
		for (i = 1; i < 3; i++) {
			bool waits = i == 2 || turn >= late;

			waited[i] = i == who || !waits ? 0 : waited[i] + (i > who);
		}
		lower = who > 0;
	}
	free(many.world.memory);
}

static void the_lower_classes_have_their_turns_and_never_two_in_a_row(void **state)
{
	unsigned late;

	(void)state;
	for (late = 0; late < 5; late++) {
		classes_take_turns(late);
	}
}

/* Program 0's request stays at the controller; 1 goes on over the bus, three rounds at a time. */
static void the_bus_goes_on_while_the_controller_has_its_hands_full(void **state)
{
	struct many many = many_programs(2, bridging);
	struct core_action action;
	int i;

	(void)state;
	many_asks(&many, 0, 2);
	action = pull(&many.world, CORE_ACTION_TRANSMIT);
	core_done(many.world.core, action.id, 0);
	for (i = 0; i < 100; i++) {
		many_ask(&many, 1, VIPMI_CLASS_NORMAL, 0xB4);
		assert_int_equal(many_serve(&many, 3 * QUANTUM_NS), 1);
	}
	responds(&many.world, &action, ok, 1);
	assert_int_equal(many_serve(&many, 1), 0);
	free(many.world.memory);
}

static void a_lower_class_has_its_turn_on_the_bus_as_well(void **state)
{
	struct many many = many_programs(2, bridging);
	int turn;

	(void)state;
	many_ask(&many, 1, VIPMI_CLASS_NORMAL, 0xB4);
	for (turn = 0; turn < 4; turn++) {
		many_ask(&many, 0, VIPMI_CLASS_URGENT, 0);
		many_ask(&many, 0, VIPMI_CLASS_URGENT, 0);
		assert_int_equal(many_serve(&many, 1), 0);
	}
	assert_int_equal(many_serve(&many, 1), 1);
	free(many.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_debt_is_paid_round_by_round),
		cmocka_unit_test(a_hiccup_costs_four_rounds_once_in_half_a_minute),
		cmocka_unit_test(who_never_had_a_hiccup_may_have_one),
		cmocka_unit_test(who_was_idle_begins_in_the_next_round),
		cmocka_unit_test(newcomers_wait_until_the_round_ends_however_many),
		cmocka_unit_test(a_turn_of_the_wheel_has_its_end),
		cmocka_unit_test(who_waited_for_the_bus_has_missed_no_round),
		cmocka_unit_test(a_program_with_several_responders_gets_to_each),
		cmocka_unit_test(the_lower_classes_have_their_turns_and_never_two_in_a_row),
		cmocka_unit_test(the_bus_goes_on_while_the_controller_has_its_hands_full),
		cmocka_unit_test(a_lower_class_has_its_turn_on_the_bus_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
