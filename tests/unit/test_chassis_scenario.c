/* SPDX-License-Identifier: BSD-2-Clause */
/* Scenarios: how they are read, and how a chassis plays one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chassis_world.h"
#include "ipmi/chassis_scenario.h"

static void expect_step(
	struct chassis_scenario *scenario, uint32_t line, uint64_t at_ms, const char *order)
{
	char error[CHASSIS_ERROR_SIZE];
	struct chassis_step step;

	assert_int_equal(chassis_scenario_next(scenario, &step, error), 1);
	assert_int_equal(step.line, line);
	assert_int_equal(step.at_ms, at_ms);
	assert_int_equal(step.order_length, strlen(order));
	assert_memory_equal(step.order, order, strlen(order));
}

static void each_line_has_its_time(void **state)
{
	const char *text = "# a card\n"
			   "pull 7\n"
			   "\n"
			   "  at 2s\tset 7 'a # b' 1   # quotes hide a #\r\n"
			   "after 250ms reset#7\n"
			   "\t insert 7 \n"
			   "at 2250ms reset";
	struct chassis_scenario scenario = {.text = text, .length = strlen(text)};
	char error[CHASSIS_ERROR_SIZE];
	struct chassis_step step;

	(void)state;
	expect_step(&scenario, 2, 0, "pull 7");
	expect_step(&scenario, 4, 2000, "set 7 'a # b' 1");
	/* A # in the middle of a word is none of a comment: and so no order. */
	assert_int_equal(chassis_scenario_next(&scenario, &step, error), -EINVAL);
	assert_int_equal(scenario.line, 5);
	expect_step(&scenario, 6, 2250, "insert 7");
	expect_step(&scenario, 7, 2250, "reset");
	assert_int_equal(chassis_scenario_next(&scenario, &step, error), 0);
}

static void expect_error(const char *text, uint32_t line, const char *expected)
{
	/* In memory of its own size, so that a sanitizer sees who reads past its end. */
	char error[CHASSIS_ERROR_SIZE], *copy = test_malloc(strlen(text) + 1);
	struct chassis_scenario scenario = {
		.text = memcpy(copy, text, strlen(text)), .length = strlen(text)};
	uint32_t at;

	assert_int_equal(chassis_scenario_check(scenario, &at, error), -EINVAL);
	assert_string_equal(error, expected);
	assert_int_equal(at, line);
	test_free(copy);
}

static void errors_say_which_line(void **state)
{
	char error[CHASSIS_ERROR_SIZE];
	uint32_t line;

	(void)state;
	assert_int_equal(chassis_scenario_check(
				 (struct chassis_scenario){.text = "reset\nreset", .length = 11},
				 &line, error),
		2);
	expect_error("", 1, "no order in it; a line is like \"at 2s pull 7\"");
	expect_error("# nothing\n\n", 2, "no order in it; a line is like \"at 2s pull 7\"");
	expect_error("pull 7\npul 7", 2,
		"\"pul\" is no order (did you mean \"pull\"?); there are insert, pull, set, fault, "
		"reset");
	expect_error("reset\nat soon reset", 2,
		"\"soon\" is not a time, like 0s, 2s or 250ms; at most a day");
	expect_error("at", 1, "\"\" is not a time, like 0s, 2s or 250ms; at most a day");
	expect_error("after 5s", 1, "order is missing; there are insert, pull, set, fault, reset");
	expect_error("at 86401s reset", 1,
		"\"86401s\" is not a time, like 0s, 2s or 250ms; at most a day");
	expect_error("at 2s reset\nat 1999ms reset", 2,
		"at 1999ms is before the line before it; put the lines in order");
	expect_error("attention 1s reset", 1,
		"\"attention\" is no order; there are insert, pull, set, fault, reset");
	/* Longer than any word: it is cut off in what is told, and the line is no order. */
	expect_error("at 123456789012345678901234567890 reset", 1,
		"\"12345678901234567890123\" is not a time, like 0s, 2s or 250ms; at most a day");
}

static void times_add_up_to_the_longest(void **state)
{
	const char *text = "at 86400s reset\nafter 1ms reset";
	struct chassis_scenario scenario = {.text = text, .length = strlen(text)};

	(void)state;
	expect_step(&scenario, 1, CHASSIS_TIME_MS_MAX, "reset");
	expect_step(&scenario, 2, CHASSIS_TIME_MS_MAX + 1, "reset");
}

/* ---- a chassis plays one ---- */

static void play(struct world *world, const char *text)
{
	char error[CHASSIS_ERROR_SIZE];
	uint32_t line;

	assert_int_equal(
		chassis_play(world->chassis, text, strlen(text), world->now_ns, &line, error), 0);
}

static unsigned slot_state(struct world *world, unsigned number)
{
	struct chassis_place place;

	world_place(world, number, &place);
	return place.state;
}

static void orders_are_done_at_their_time(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	play(&world, "at 1s pull 7 now\nafter 500ms pull 8 now\npull 9 now\nat 3s insert 7\n");
	world_pass(&world, 999);
	assert_int_equal(slot_state(&world, 7), CHASSIS_STATE_ACTIVE);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_STEP], 0);
	world_pass(&world, 1);
	assert_int_equal(slot_state(&world, 7), CHASSIS_STATE_EMPTY);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_STEP], 1);
	assert_string_equal(world.step, "1: pull 7 now: slot 7: torn out");
	world_pass(&world, 499);
	assert_int_equal(slot_state(&world, 8), CHASSIS_STATE_ACTIVE);
	world_pass(&world, 1);
	assert_int_equal(slot_state(&world, 8), CHASSIS_STATE_EMPTY);
	assert_int_equal(slot_state(&world, 9), CHASSIS_STATE_EMPTY);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_STEP], 3);
	world_pass(&world, 2000);
	assert_int_equal(slot_state(&world, 7), CHASSIS_STATE_ACTIVE);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_STEP], 4);
	world_close(&world);
}

static void who_comes_late_finds_all_of_it_done_in_order(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	play(&world, "at 1s pull 7 now\nat 2s insert 7\nat 3s pull 7 now\n");
	/* Nobody looks at it for a minute. */
	world.now_ns += 60 * NSEC_PER_SEC_U64;
	world_pass(&world, 0);
	assert_int_equal(slot_state(&world, 7), CHASSIS_STATE_EMPTY);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_STEP], 3);
	assert_string_equal(world.step, "3: pull 7 now: slot 7: torn out");
	world_close(&world);
}

static void a_refusal_ends_it(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	play(&world, "pull 3\npull 7 now\n");
	world_pass(&world, 1000);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_STEP], 1);
	assert_string_equal(
		world.step, "1: pull 3: slot 3 holds our own card, which cannot leave us");
	assert_int_equal(slot_state(&world, 7), CHASSIS_STATE_ACTIVE);
	world_close(&world);
}

static void what_is_wrong_is_not_played(void **state)
{
	const char *text = "pull 7 now\npul 8\n";
	char error[CHASSIS_ERROR_SIZE];
	struct world world;
	uint32_t line;

	(void)state;
	world_open(&world, "drawer");
	assert_int_equal(
		chassis_play(world.chassis, text, strlen(text), world.now_ns, &line, error),
		-EINVAL);
	assert_int_equal(line, 2);
	world_pass(&world, 1000);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_STEP], 0);
	assert_int_equal(slot_state(&world, 7), CHASSIS_STATE_ACTIVE);
	world_close(&world);
}

static void the_option_is_a_path(void **state)
{
	struct chassis_options options;
	char text[sizeof("drawer,scenario=") + CHASSIS_PATH_MAX + 1] = "drawer,scenario=";
	size_t length = strlen(text);
	char error[600];

	(void)state;
	chassis_options_init(&options);
	assert_string_equal(options.scenario, "");
	assert_int_equal(
		chassis_options_parse(&options, "scenario=a/b,seed=7", error, sizeof(error)), 0);
	assert_string_equal(options.scenario, "a/b");
	assert_int_equal(options.seed, 7);
	memset(text + length, 'x', CHASSIS_PATH_MAX);
	assert_int_equal(chassis_options_parse(&options, text, error, sizeof(error)), 0);
	assert_int_equal(strlen(options.scenario), CHASSIS_PATH_MAX);
	text[length + CHASSIS_PATH_MAX] = 'x';
	assert_int_equal(chassis_options_parse(&options, text, error, sizeof(error)), -EINVAL);
	assert_int_equal(
		chassis_options_parse(&options, "scenario=", error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "scenario=: the path of a file, 1 to 255 bytes, please");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_has_its_time),
		cmocka_unit_test(errors_say_which_line),
		cmocka_unit_test(times_add_up_to_the_longest),
		cmocka_unit_test(orders_are_done_at_their_time),
		cmocka_unit_test(who_comes_late_finds_all_of_it_done_in_order),
		cmocka_unit_test(a_refusal_ends_it),
		cmocka_unit_test(what_is_wrong_is_not_played),
		cmocka_unit_test(the_option_is_a_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
