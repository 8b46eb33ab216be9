/* SPDX-License-Identifier: BSD-2-Clause */
/* bt: on the controller's side of BT in this very process, in the place of links/registers.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ipmi/bt.h"
#include "link_harness.h"
#include "links/registers.h"

#define APP 0x06
#define GET_DEVICE_ID 0x01
#define COLD_RESET 0x02
#define CONTROL 0
#define DATA 1

static struct {
	struct bt_controller controller;
	bool absent;            /* nothing is there */
	bool stuck;             /* it takes no request any more */
	bool silent;            /* it executes and never answers */
	const uint64_t *now_ns; /* it answers when this is there_ns; NULL: at once */
	uint64_t there_ns;
	unsigned executed; /* requests */
	unsigned opened;   /* registers */
} fake;

static void controller_turn(void)
{
	struct bt_controller *controller = &fake.controller;
	uint8_t answer[] = {0, 0, 0x00, 0x5A};

	if (fake.stuck) {
		return;
	}
	bt_controller_run(controller);
	if (controller->ready && !fake.silent && (!fake.now_ns || *fake.now_ns >= fake.there_ns)) {
		answer[0] = controller->bytes[0] | 1 << 2;
		answer[1] = controller->bytes[1];
		fake.executed++;
		assert_int_equal(bt_controller_respond(controller, answer, sizeof(answer)), 0);
	}
}

int registers_open(struct registers *registers, const char *where, uint32_t spacing, unsigned count,
	char *error, size_t error_size)
{
	(void)where, (void)error, (void)error_size;
	*registers = (struct registers){.spacing = spacing};
	fake.opened = count;
	return 0;
}

void registers_close(struct registers *registers)
{
	(void)registers;
}

uint8_t registers_read(const struct registers *registers, unsigned index)
{
	(void)registers;
	assert_in_range(index, CONTROL, DATA);
	if (fake.absent) {
		return 0xFF;
	}
	controller_turn();
	return index == CONTROL ? bt_controller_read_control(&fake.controller)
				: bt_controller_read_data(&fake.controller);
}

void registers_write(const struct registers *registers, unsigned index, uint8_t value)
{
	(void)registers;
	if (index == CONTROL) {
		bt_controller_write_control(&fake.controller, value);
	} else {
		assert_int_equal(index, DATA);
		bt_controller_write_data(&fake.controller, value);
	}
	controller_turn();
}

static void begin(struct harness *harness)
{
	memset(&fake, 0, sizeof(fake));
	harness_init(harness, true);
	harness_open(harness, "bt:0xe4");
	assert_int_equal(fake.opened, 3);
}

static void ask(struct harness *harness, uint32_t transmission, uint8_t command)
{
	assert_int_equal(harness_transmit(harness, transmission, APP, command, NULL, 0), 0);
}

static void it_comes_up_as_a_kcs_interface_does(void **state)
{
	struct harness harness;
	const struct heard *heard;

	(void)state;
	begin(&harness);
	heard = harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_true(heard->capabilities.wire_sequence);
	assert_true(heard->capabilities.owns_flags);
	assert_int_equal(heard->capabilities.window, 1);
	assert_int_equal(heard->capabilities.data_max, BT_MESSAGE_MAX - BT_MESSAGE_MIN);
	harness_close(&harness);
}

static void an_answer_names_its_transmission(void **state)
{
	struct harness harness;
	const struct heard *heard;
	uint32_t i;

	(void)state;
	begin(&harness);
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	for (i = 1; i < 60; i++) {
		ask(&harness, i, GET_DEVICE_ID);
		heard = harness_expect(&harness, CORE_EVENT_RECEIVED);
		assert_int_equal(heard->transmission, i);
		assert_int_equal(heard->netfn, APP | 1);
		assert_int_equal(heard->length, 2);
		assert_int_equal(heard->data[1], 0x5A);
	}
	assert_int_equal(fake.executed, 59);
	harness_close(&harness);
}

static void attention_is_told_once_and_cleared(void **state)
{
	struct harness harness;

	(void)state;
	begin(&harness);
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(harness_run(&harness, 500), 0);
	bt_controller_attention(&fake.controller, true);
	assert_true(harness_expect(&harness, CORE_EVENT_ATTENTION)->asserted);
	assert_false(harness_expect(&harness, CORE_EVENT_ATTENTION)->asserted);
	assert_int_equal(harness_run(&harness, 500), 0);
	assert_int_equal(fake.controller.control, 0);
	/* Seen in passing by a transfer. */
	bt_controller_attention(&fake.controller, true);
	ask(&harness, 1, GET_DEVICE_ID);
	assert_int_equal(harness_run(&harness, 500), 3); /* on, off, and the response */
	assert_int_equal(fake.controller.control, 0);
	harness_close(&harness);
}

/* As of a KCS interface (test_hardware): the first answer is met an eighth of its time late. */
static void the_time_that_a_command_takes_is_learned(void **state)
{
	const uint64_t service_ns = 4 * NSEC_PER_MSEC_U64;
	struct harness harness;
	uint64_t late_ns = 0;
	uint32_t i;

	(void)state;
	begin(&harness);
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	fake.now_ns = &harness.now_ns;
	for (i = 1; i <= 40; i++) {
		fake.there_ns = harness.now_ns + service_ns;
		ask(&harness, i, GET_DEVICE_ID);
		harness_expect(&harness, CORE_EVENT_RECEIVED);
		late_ns = harness.now_ns - fake.there_ns;
	}
	assert_in_range(late_ns, 0, 20 * NSEC_PER_USEC_U64);
	harness_close(&harness);
}

static void what_may_have_been_executed_is_not_repeated_unless_it_reads(void **state)
{
	struct harness harness;

	(void)state;
	begin(&harness);
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	fake.silent = true;
	ask(&harness, 1, COLD_RESET);
	harness_run(&harness, 9000);
	fake.silent = false;
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0xC3);
	assert_non_null(strstr(harness.log, "may have been executed"));
	fake.silent = true;
	fake.executed = 0;
	ask(&harness, 2, GET_DEVICE_ID);
	harness_run(&harness, 9000);
	fake.silent = false;
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0x00);
	harness_close(&harness);
}

static void a_controller_that_stops_goes_down_and_comes_back(void **state)
{
	struct harness harness;
	int i;

	(void)state;
	begin(&harness);
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	fake.stuck = true;
	ask(&harness, 1, GET_DEVICE_ID);
	for (i = 0; i < 4; i++) {
		harness_run(&harness, 9000);
	}
	harness_expect(&harness, CORE_EVENT_LINK_DOWN);
	fake.stuck = false;
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	ask(&harness, 2, GET_DEVICE_ID);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->transmission, 2);
	harness_close(&harness);
}

static void nothing_there_is_said_and_tried_again(void **state)
{
	struct harness harness;

	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.absent = true;
	harness_init(&harness, true);
	harness_open(&harness, "bt:0xe4");
	assert_int_equal(harness_run(&harness, 5000), 0);
	assert_non_null(strstr(harness.log, "status reads FF"));
	fake.absent = false;
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	harness_close(&harness);
}

static void what_is_too_long_is_refused(void **state)
{
	static const uint8_t data[BT_MESSAGE_MAX];
	struct harness harness;

	(void)state;
	begin(&harness);
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(
		harness_transmit(&harness, 1, APP, 1, data, BT_MESSAGE_MAX - 1), -EMSGSIZE);
	assert_int_equal(harness_transmit(&harness, 1, APP, 1, data, BT_MESSAGE_MAX - 2), 0);
	harness_expect(&harness, CORE_EVENT_RECEIVED);
	harness_close(&harness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_comes_up_as_a_kcs_interface_does),
		cmocka_unit_test(an_answer_names_its_transmission),
		cmocka_unit_test(attention_is_told_once_and_cleared),
		cmocka_unit_test(the_time_that_a_command_takes_is_learned),
		cmocka_unit_test(what_may_have_been_executed_is_not_repeated_unless_it_reads),
		cmocka_unit_test(a_controller_that_stops_goes_down_and_comes_back),
		cmocka_unit_test(nothing_there_is_said_and_tried_again),
		cmocka_unit_test(what_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
