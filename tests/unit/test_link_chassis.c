/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "link_harness.h"

static void it_is_up_at_once_and_says_what_it_can(void **state)
{
	struct harness harness;
	const struct heard *heard;

	(void)state;
	harness_init(&harness, true);
	harness_open(&harness, "chassis:service=0,seed=7");
	heard = harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(heard->capabilities.window, 1);
	assert_int_equal(heard->capabilities.bus_window, 8);
	assert_true(heard->capabilities.wire_sequence);
	assert_true(heard->capabilities.raw_bridge);
	assert_true(heard->capabilities.owns_flags);
	assert_true(heard->capabilities.inbound_any);
	assert_true(heard->capabilities.attention);
	assert_true(heard->capabilities.simulated);
	harness_close(&harness);
}

static void an_answer_names_its_transmission(void **state)
{
	struct harness harness;
	const struct heard *heard;
	uint32_t i;

	(void)state;
	harness_init(&harness, true);
	harness_open(&harness, "chassis:service=100");
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	for (i = 1; i < 20; i++) {
		assert_int_equal(harness_transmit(&harness, i, 0x06, 0x01, NULL, 0), 0);
		heard = harness_expect(&harness, CORE_EVENT_RECEIVED);
		assert_int_equal(heard->transmission, i);
		assert_int_equal(heard->netfn, 0x07);
		assert_int_equal(heard->command, 0x01);
		assert_int_equal(heard->length, 16);
		assert_int_equal(heard->data[1], 0x20);
	}
	harness_close(&harness);
}

static void a_busy_controller_says_not_now_and_later_now(void **state)
{
	struct harness harness;

	(void)state;
	harness_init(&harness, true);
	harness_open(&harness, "chassis:service=100");
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(harness_transmit(&harness, 1, 0x06, 0x01, NULL, 0), 0);
	assert_int_equal(harness_transmit(&harness, 2, 0x06, 0x01, NULL, 0), -EAGAIN);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->transmission, 1);
	harness_expect(&harness, CORE_EVENT_LINK_READY);
	assert_int_equal(harness_transmit(&harness, 2, 0x06, 0x01, NULL, 0), 0);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->transmission, 2);
	harness_close(&harness);
}

static void a_lost_answer_does_not_block_the_next_request(void **state)
{
	struct harness harness;

	(void)state;
	harness_init(&harness, true);
	harness_open(&harness, "chassis:service=0,freeze,silent");
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(harness_transmit(&harness, 1, 0x06, 0x01, NULL, 0), 0);
	assert_int_equal(harness_run(&harness, 100), 0);
	assert_int_equal(harness_transmit(&harness, 2, 0x06, 0x01, NULL, 0), 0);
	assert_int_equal(harness_run(&harness, 100), 0);
	harness_close(&harness);
}

static void garbage_is_told_as_garbage(void **state)
{
	struct harness harness;

	(void)state;
	harness_init(&harness, true);
	harness_open(&harness, "chassis:service=0,garble=100");
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(harness_transmit(&harness, 1, 0x06, 0x01, NULL, 0), 0);
	harness_expect(&harness, CORE_EVENT_GARBLED);
	harness_close(&harness);
}

static void attention_and_resets_are_told(void **state)
{
	static const uint8_t to_satellite[] = {0x00, 0xB4, 0x18, 0x34, 0x20, 0x16, 0x01, 0xC9};
	struct harness harness;

	(void)state;
	harness_init(&harness, true);
	harness_open(&harness, "chassis:service=0");
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(
		harness_transmit(&harness, 1, 0x06, 0x34, to_satellite, sizeof(to_satellite)), 0);
	assert_true(harness_expect(&harness, CORE_EVENT_ATTENTION)->asserted);
	harness_expect(&harness, CORE_EVENT_RECEIVED);
	assert_int_equal(harness_transmit(&harness, 2, 0x06, 0x33, NULL, 0), 0);
	assert_false(harness_expect(&harness, CORE_EVENT_ATTENTION)->asserted);
	harness_expect(&harness, CORE_EVENT_RECEIVED);
	assert_int_equal(harness_transmit(&harness, 3, 0x06, 0x02, NULL, 0), 0);
	harness_expect(&harness, CORE_EVENT_RECEIVED);
	harness_expect(&harness, CORE_EVENT_CONTROLLER_RESET);
	assert_int_equal(harness_transmit(&harness, 4, 0x00, 0x02, (const uint8_t[]){3}, 1), 0);
	harness_expect(&harness, CORE_EVENT_RECEIVED);
	assert_int_equal(harness_run(&harness, 10), 0);
	assert_non_null(strstr(harness.log, "the host is reset"));
	harness_close(&harness);
}

static void wrong_options_are_refused_with_a_reason(void **state)
{
	struct link_sink sink = {0};
	struct link *link = NULL;
	char error[400];

	(void)state;
	assert_int_equal(
		link_open("chassis:service=fast", 0, &sink, error, sizeof(error), &link), -EINVAL);
	assert_non_null(strstr(error, "service=fast: a percentage, please"));
	assert_null(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_up_at_once_and_says_what_it_can),
		cmocka_unit_test(an_answer_names_its_transmission),
		cmocka_unit_test(a_busy_controller_says_not_now_and_later_now),
		cmocka_unit_test(a_lost_answer_does_not_block_the_next_request),
		cmocka_unit_test(garbage_is_told_as_garbage),
		cmocka_unit_test(attention_and_resets_are_told),
		cmocka_unit_test(wrong_options_are_refused_with_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
