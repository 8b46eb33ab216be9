/* SPDX-License-Identifier: BSD-2-Clause */
/* The chassis' door: one request at a time, service times, faults, options, resets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "chassis_world.h"

static void device_id_is_the_boards(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 01", "00 20 01 02 15 02 bf f2 1b 00 50 43 00 00 00 00");
	ask(&world, "06 04", "00 55 00");
	ask(&world, "06 07", "00 00 00");
	ask(&world, "06 36", "00 01 ff ff 05 01");
	ask(&world, "06 57 01", "00 00 00 ff");
	ask(&world, "06 57 00", "cc");
	world_close(&world);
}

static void guids_follow_from_the_seed(void **state)
{
	struct world seven, again, eight;

	(void)state;
	world_open(&seven, "");
	world_open(&again, "");
	world_open(&eight, "seed=8");
	ask(&seven, "06 08", "00 .. .. .. .. .. .. .. .. .. .. .. .. .. .. .. ..");
	ask(&again, "06 08", "00 *");
	ask(&eight, "06 08", "00 *");
	assert_memory_equal(seven.response, again.response, 17);
	assert_memory_not_equal(seven.response, eight.response, 17);
	ask(&again, "06 37", "00 *");
	assert_memory_not_equal(seven.response, again.response, 17);
	world_close(&seven);
	world_close(&again);
	world_close(&eight);
}

static void what_it_does_not_know_is_refused(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 7f", "c1");
	ask(&world, "06 ff", "c1");
	ask(&world, "2c 00 00", "c1");
	ask(&world, "3e 01", "c1");
	ask(&world, "04 20", "c1"); /* device SDRs are a satellite's */
	ask(&world, "06 01 00", "c7");
	ask(&world, "0a 23 00", "c7");
	world_close(&world);
}

static void one_request_is_in_hand_at_a_time(void **state)
{
	const struct chassis_request request = {.netfn = 0x06, .command = 0x01};
	const struct chassis_request response = {.netfn = 0x07, .command = 0x01};
	uint8_t data[VIPMI_DATA_MAX + 1] = {0};
	struct chassis_request longer = {
		.netfn = 0x06, .command = 0x01, .data = data, .length = VIPMI_DATA_MAX + 1};
	struct world world;

	(void)state;
	world_open(&world, "");
	assert_int_equal(chassis_request(world.chassis, world.now_ns, &response), -EINVAL);
	assert_int_equal(chassis_request(world.chassis, world.now_ns, &longer), -EMSGSIZE);
	longer.length--;
	assert_int_equal(chassis_request(world.chassis, world.now_ns, &longer), 0);
	assert_false(chassis_ready(world.chassis));
	assert_int_equal(chassis_request(world.chassis, world.now_ns, &request), -EBUSY);
	world_pass(&world, 0);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_RESPONSE], 1);
	assert_int_equal(world.response[0], 0xC7);
	assert_true(chassis_ready(world.chassis));
	ask(&world, "06 01", "00 *");
	world_close(&world);
}

static void at_100_percent_a_command_takes_milliseconds(void **state)
{
	struct world world;
	int i;

	(void)state;
	world_open(&world, "service=100");
	for (i = 0; i < 100; i++) {
		ask(&world, "06 01", "00 *");
		assert_in_range(world.took_ns, 1750000, 2250000);
	}
	ask(&world, "0a 12 01 10 00 ff", "00 01");
	assert_in_range(world.took_ns, 5250000, 6750000);
	world_close(&world);
	world_open(&world, "service=0");
	ask(&world, "06 01", "00 *");
	assert_int_equal(world.took_ns, 0);
	world_close(&world);
}

static void faults_strike_as_often_as_asked(void **state)
{
	struct chassis_counts status;
	struct world world;
	unsigned i, lost = 0, busy = 0, garbled = 0;

	(void)state;
	world_open(&world, "drop=20,busy=10,garble=5");
	for (i = 0; i < 2000; i++) {
		if (!world_request(&world, "06 01")) {
			lost++;
		} else if (world.garbled) {
			garbled++;
		} else if (world.response[0] == VIPMI_CC_NODE_BUSY) {
			assert_int_equal(world.length, 1);
			busy++;
		}
	}
	assert_in_range(lost, 320, 480);
	assert_in_range(busy, 100, 200);
	assert_in_range(garbled, 50, 120);
	chassis_status(world.chassis, &status);
	assert_int_equal(status.requests, 2000);
	assert_int_equal(status.responses, 2000 - lost);
	assert_in_range(status.faults, lost + busy + garbled, 2000);
	world_close(&world);
}

static void late_answers_come_late(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "late=100,late_ms=9000");
	ask(&world, "06 01", "00 20 *");
	assert_int_equal(world.took_ns, 9000 * NSEC_PER_MSEC_U64);
	world_close(&world);
}

static void a_silent_controller_still_does_what_it_is_told(void **state)
{
	const struct chassis_faults none = {0};
	struct world world;

	(void)state;
	world_open(&world, "silent");
	assert_false(world_request(&world, "00 06 02"));
	chassis_set_faults(world.chassis, &none);
	ask(&world, "00 01", "00 41 00 40 f0");
	world_close(&world);
}

static void a_cold_reset_forgets_what_is_volatile(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 24 04 01 00 00 64 00", "00");
	ask(&world, "06 2e 0d", "00");
	ask(&world, "0a 42", "00 01 00");
	ask(&world, "04 26 01 08 00 00 00 4d 00 00", "00");
	ask(&world, "06 02", "00");
	world_pass(&world, 0);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_CONTROLLER_RESET], 1);
	ask(&world, "06 22", "80");
	ask(&world, "06 2f", "00 08");
	ask(&world, "0a 43 01 00 00 00 02 01", "c5");
	ask(&world, "04 27 01", "00 38 00 00 00 50 5a 64");
	ask(&world, "0a 40", "00 51 04 00 *"); /* the SEL is kept */
	world_close(&world);
}

static void while_it_initializes_it_says_so(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "service=100");
	ask(&world, "06 02", "00");
	ask(&world, "06 01", "00 20 01 82 *");
	ask(&world, "0a 40", "d2");
	world_pass(&world, 600);
	ask(&world, "06 01", "00 20 01 02 *");
	ask(&world, "0a 40", "00 *");
	world_close(&world);
}

static void readings_drift_slowly_unless_frozen(void **state)
{
	char error[200];
	struct chassis_options options;
	struct world world;
	struct chassis *chassis;
	struct chassis_output output;
	const struct chassis_request request = {
		.netfn = 0x04, .command = 0x2D, .data = (const uint8_t[]){1}, .length = 1};
	uint8_t last = 0, least = 0xFF, most = 0;
	uint64_t now_ns = 0;
	unsigned i;

	(void)state;
	world_open(&world, "");
	ask(&world, "04 2d 01", "00 *");
	last = world.response[1];
	world_pass(&world, 100000);
	ask(&world, "04 2d 01", "00 *");
	assert_int_equal(world.response[1], last);
	world_close(&world);

	chassis_options_init(&options);
	assert_int_equal(chassis_options_parse(&options, "service=0", error, sizeof(error)), 0);
	world.memory = aligned_alloc(16, chassis_size(&options));
	assert_non_null(world.memory);
	assert_int_equal(
		chassis_init(world.memory, chassis_size(&options), &options, now_ns, &chassis), 0);
	for (i = 0; i < 300; i++, now_ns += NSEC_PER_SEC_U64) {
		assert_int_equal(chassis_request(chassis, now_ns, &request), 0);
		while (chassis_next(chassis, now_ns, &output) &&
			output.type != CHASSIS_OUTPUT_RESPONSE) {
		}
		assert_int_equal(output.data[0], 0);
		if (i > 0) {
			assert_in_range(output.data[1], last - 1, last + 1);
		}
		last = output.data[1];
		least = last < least ? last : least;
		most = last > most ? last : most;
	}
	assert_int_equal(least, 45);
	assert_int_equal(most, 51);
	free(world.memory);
}

static void options_are_read_or_refused_with_a_reason(void **state)
{
	struct chassis_options options;
	char error[400];

	(void)state;
	chassis_options_init(&options);
	assert_int_equal(options.service_percent, 100);
	assert_int_equal(chassis_options_parse(&options, NULL, error, sizeof(error)), 0);
	assert_int_equal(chassis_options_parse(
				 &options, "seed=9,freeze,drop=5,late_ms=12", error, sizeof(error)),
		0);
	assert_int_equal(options.seed, 9);
	assert_true(options.freeze);
	assert_int_equal(options.faults.drop, 5);
	assert_int_equal(options.faults.late_ms, 12);
	assert_int_equal(
		chassis_options_parse(&options, "seed=1,drop=101", error, sizeof(error)), -EINVAL);
	assert_string_equal(error, "drop=101: a percentage, 0 to 100, please");
	assert_int_equal(options.seed, 9); /* all or nothing */
	assert_int_equal(
		chassis_options_parse(&options, "sevrice=1", error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "sevrice=1: no such option"));
	assert_int_equal(chassis_options_parse(&options, "frozen", error, sizeof(error)), -EINVAL);
	assert_int_equal(chassis_options_parse(&options, "seed=", error, sizeof(error)), -EINVAL);
	assert_int_equal(
		chassis_options_parse(&options, "service=1000000", error, sizeof(error)), 0);
	assert_int_equal(
		chassis_options_parse(&options, "service=1000001", error, sizeof(error)), -EINVAL);
	/* However small the room for the reason is. */
	assert_int_equal(chassis_options_parse(&options, "x", error, 1), -EINVAL);
	assert_int_equal(error[0], 0);
}

static void too_little_memory_is_refused(void **state)
{
	struct chassis_options options;
	struct chassis *chassis;
	void *memory;

	(void)state;
	chassis_options_init(&options);
	memory = aligned_alloc(16, chassis_size(&options));
	assert_non_null(memory);
	assert_int_equal(
		chassis_init(memory, chassis_size(&options) - 1, &options, 0, &chassis), -EINVAL);
	options.service_percent = CHASSIS_SERVICE_PERCENT_MAX + 1;
	assert_int_equal(
		chassis_init(memory, chassis_size(&options), &options, 0, &chassis), -EINVAL);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(device_id_is_the_boards),
		cmocka_unit_test(guids_follow_from_the_seed),
		cmocka_unit_test(what_it_does_not_know_is_refused),
		cmocka_unit_test(one_request_is_in_hand_at_a_time),
		cmocka_unit_test(at_100_percent_a_command_takes_milliseconds),
		cmocka_unit_test(faults_strike_as_often_as_asked),
		cmocka_unit_test(late_answers_come_late),
		cmocka_unit_test(a_silent_controller_still_does_what_it_is_told),
		cmocka_unit_test(a_cold_reset_forgets_what_is_volatile),
		cmocka_unit_test(while_it_initializes_it_says_so),
		cmocka_unit_test(readings_drift_slowly_unless_frozen),
		cmocka_unit_test(options_are_read_or_refused_with_a_reason),
		cmocka_unit_test(too_little_memory_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
