/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fake_registers.h"
#include "link_harness.h"

#define APP 0x06
#define GET_DEVICE_ID 0x01
#define COLD_RESET 0x02
#define GET_MESSAGE_FLAGS 0x31
#define GET_MESSAGE 0x33

static const uint8_t device_id[] = {0x1C, 0x01, 0x00, 0x20, 0x81};
static const uint8_t reset_done[] = {0x1C, 0x02, 0x00};

static void answer_with(const uint8_t *bytes, size_t length)
{
	memcpy(fake_registers.response, bytes, length);
	fake_registers.response_length = (uint16_t)length;
}

static void begin(struct harness *harness)
{
	fake_registers = (struct fake_registers){0};
	kcs_controller_init(&fake_registers.controller);
	answer_with(device_id, sizeof(device_id));
	harness_init(harness, true);
	harness_open(harness, "kcs:0xca2");
}

static void begin_up(struct harness *harness)
{
	begin(harness);
	harness_expect(harness, CORE_EVENT_LINK_UP);
}

static void ask(struct harness *harness, uint32_t transmission, uint8_t command)
{
	assert_int_equal(harness_transmit(harness, transmission, APP, command, NULL, 0), 0);
}

static void it_comes_up_with_all_that_a_hardware_can(void **state)
{
	struct harness harness;
	const struct heard *heard;

	(void)state;
	begin(&harness);
	heard = harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_true(heard->capabilities.wire_sequence);
	assert_true(heard->capabilities.raw_bridge);
	assert_true(heard->capabilities.owns_flags);
	assert_true(heard->capabilities.attention);
	assert_false(heard->capabilities.simulated);
	assert_int_equal(heard->capabilities.window, 1);
	assert_int_equal(heard->capabilities.own_address, 0x20);
	harness_close(&harness);
}

static void an_answer_names_its_transmission(void **state)
{
	struct harness harness;
	const struct heard *heard;
	uint32_t i;

	(void)state;
	begin_up(&harness);
	for (i = 1; i < 20; i++) {
		ask(&harness, i, GET_DEVICE_ID);
		heard = harness_expect(&harness, CORE_EVENT_RECEIVED);
		assert_int_equal(heard->transmission, i);
		assert_int_equal(heard->netfn, APP | 1);
		assert_int_equal(heard->command, GET_DEVICE_ID);
		assert_int_equal(heard->length, sizeof(device_id) - 2);
		assert_memory_equal(heard->data, device_id + 2, sizeof(device_id) - 2);
	}
	harness_close(&harness);
}

static void one_request_at_a_time_and_a_word_when_the_next_may_come(void **state)
{
	struct harness harness;

	(void)state;
	begin_up(&harness);
	fake_registers.silent = true;
	ask(&harness, 1, GET_DEVICE_ID);
	harness_run(&harness, 10);
	assert_int_equal(harness_transmit(&harness, 2, APP, 1, NULL, 0), -EAGAIN);
	fake_registers.silent = false;
	harness_expect(&harness, CORE_EVENT_RECEIVED);
	harness_expect(&harness, CORE_EVENT_LINK_READY);
	harness_close(&harness);
}

/* A look for every eighth of the time, so that a second costs a few hundred of them. */
static void a_slow_controller_costs_few_looks(void **state)
{
	struct harness harness;
	unsigned before;

	(void)state;
	begin_up(&harness);
	fake_registers.silent = true;
	ask(&harness, 1, GET_DEVICE_ID);
	before = fake_registers.looks;
	harness_run(&harness, 1000);
	assert_in_range(fake_registers.looks - before, 100, 5000);
	fake_registers.silent = false;
	harness_expect(&harness, CORE_EVENT_RECEIVED);
	harness_close(&harness);
}

static void attention_is_noticed_without_a_request_and_told_once(void **state)
{
	struct harness harness;

	(void)state;
	begin_up(&harness);
	assert_int_equal(harness_run(&harness, 500), 0);
	kcs_controller_attention(&fake_registers.controller, true);
	assert_true(harness_expect(&harness, CORE_EVENT_ATTENTION)->asserted);
	assert_int_equal(harness_run(&harness, 500), 0);
	kcs_controller_attention(&fake_registers.controller, false);
	assert_false(harness_expect(&harness, CORE_EVENT_ATTENTION)->asserted);
	harness_close(&harness);
}

static void what_was_not_executed_is_begun_anew(void **state)
{
	struct harness harness;

	(void)state;
	begin_up(&harness);
	answer_with(reset_done, sizeof(reset_done));
	fake_registers.fail_before = 2;
	ask(&harness, 1, COLD_RESET);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0x00);
	assert_int_equal(fake_registers.executed, 1);
	harness_close(&harness);
}

static void a_read_that_may_have_been_executed_is_begun_anew(void **state)
{
	struct harness harness;

	(void)state;
	begin_up(&harness);
	fake_registers.fail_after = 1;
	ask(&harness, 1, GET_DEVICE_ID);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0x00);
	assert_int_equal(fake_registers.executed, 2);
	harness_close(&harness);
}

/* Looking at the flags takes nothing away; fetching a message does. */
static void of_the_cores_own_questions_the_flags_are_asked_anew(void **state)
{
	static const uint8_t flags[] = {0x1C, 0x31, 0x00, 0x01};
	static const uint8_t message[] = {0x1C, 0x33, 0x00, 0x00, 0x20};
	struct harness harness;

	(void)state;
	begin_up(&harness);
	answer_with(flags, sizeof(flags));
	fake_registers.fail_after = 1;
	ask(&harness, 1, GET_MESSAGE_FLAGS);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0x00);
	assert_int_equal(fake_registers.executed, 2);
	answer_with(message, sizeof(message));
	fake_registers.fail_after = 1;
	ask(&harness, 2, GET_MESSAGE);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0xC3);
	assert_int_equal(fake_registers.executed, 3);
	harness_close(&harness);
}

static void what_may_have_been_executed_is_never_repeated(void **state)
{
	struct harness harness;

	(void)state;
	begin_up(&harness);
	answer_with(reset_done, sizeof(reset_done));
	fake_registers.fail_after = 1;
	ask(&harness, 1, COLD_RESET);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0xC3);
	assert_int_equal(fake_registers.executed, 1);
	assert_non_null(strstr(harness.log, "may have been executed"));
	harness_close(&harness);
}

static void an_answer_to_another_command_is_none(void **state)
{
	struct harness harness;

	(void)state;
	begin_up(&harness);
	answer_with(reset_done, sizeof(reset_done));
	ask(&harness, 1, GET_DEVICE_ID);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0xC3);
	assert_int_equal(fake_registers.executed, 3); /* a read is asked again, twice */
	assert_non_null(strstr(harness.log, "no response to it"));
	ask(&harness, 2, COLD_RESET);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0x00);
	harness_close(&harness);
}

static void a_controller_that_stops_in_a_transfer_goes_down_and_comes_back(void **state)
{
	struct harness harness;

	(void)state;
	begin_up(&harness);
	fake_registers.stuck = true;
	ask(&harness, 1, GET_DEVICE_ID);
	harness_run(&harness, 9000);
	harness_run(&harness, 9000);
	harness_run(&harness, 9000);
	harness_expect(&harness, CORE_EVENT_LINK_DOWN);
	assert_int_equal(harness_transmit(&harness, 2, APP, 1, NULL, 0), -ENOTCONN);
	fake_registers.stuck = false;
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	ask(&harness, 3, GET_DEVICE_ID);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->transmission, 3);
	harness_close(&harness);
}

static void nothing_there_is_said_once_and_tried_again(void **state)
{
	struct harness harness;

	(void)state;
	begin(&harness);
	fake_registers.absent = true;
	assert_int_equal(harness_run(&harness, 5000), 0);
	assert_non_null(strstr(harness.log, "status reads FF"));
	assert_ptr_equal(strchr(harness.log, '\n'), harness.log + strlen(harness.log) - 1);
	fake_registers.absent = false;
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	fake_registers.absent = true;
	harness_expect(&harness, CORE_EVENT_LINK_DOWN);
	harness_close(&harness);
}

static void what_cannot_be_carried_is_refused(void **state)
{
	static const uint8_t data[KCS_MESSAGE_MAX];
	struct core_transmit bridged = {.transmission = 1, .target_kind = VIPMI_TARGET_IPMB};
	struct harness harness;

	(void)state;
	begin_up(&harness);
	assert_int_equal(
		harness_transmit(&harness, 1, APP, 1, data, KCS_MESSAGE_MAX - 1), -EMSGSIZE);
	assert_int_equal(
		harness.link->ops->transmit(harness.link, &bridged, harness.now_ns), -EOPNOTSUPP);
	harness_close(&harness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_up_with_all_that_a_hardware_can),
		cmocka_unit_test(an_answer_names_its_transmission),
		cmocka_unit_test(one_request_at_a_time_and_a_word_when_the_next_may_come),
		cmocka_unit_test(a_slow_controller_costs_few_looks),
		cmocka_unit_test(attention_is_noticed_without_a_request_and_told_once),
		cmocka_unit_test(what_was_not_executed_is_begun_anew),
		cmocka_unit_test(a_read_that_may_have_been_executed_is_begun_anew),
		cmocka_unit_test(of_the_cores_own_questions_the_flags_are_asked_anew),
		cmocka_unit_test(what_may_have_been_executed_is_never_repeated),
		cmocka_unit_test(an_answer_to_another_command_is_none),
		cmocka_unit_test(a_controller_that_stops_in_a_transfer_goes_down_and_comes_back),
		cmocka_unit_test(nothing_there_is_said_once_and_tried_again),
		cmocka_unit_test(what_cannot_be_carried_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
