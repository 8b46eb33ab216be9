/* SPDX-License-Identifier: BSD-2-Clause */
/* Everything that can go wrong in the chassis, when it is told to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "chassis/fault.h"
#include "chassis_world.h"

/* To slot 6, from 20h LUN 2. */
#define GET_DEVICE_ID_BA "06 34 00 ba 18 2e 20 16 01 c9"

static void requests_to_our_own_controller_suffer(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	world_tell(&world, "fault busy at 3", "busy");
	ask(&world, "06 01", "c0");
	world_tell(&world, "fault none", "no more");
	world_tell(&world, "fault silence for 3s", "silence");
	assert_false(world_request(&world, "06 01"));
	world_pass(&world, 3000);
	ask(&world, "06 01", "00 20 *");
	world_tell(&world, "fault garbled", "garbled");
	assert_true(world_request(&world, "06 01"));
	assert_true(world.garbled);
	world_tell(&world, "fault none", "no more");
	world_tell(&world, "fault late by 300ms", "late");
	ask(&world, "06 01", "00 20 *");
	assert_int_equal(world.took_ns, 300 * NSEC_PER_MSEC_U64);
	world_tell(&world, "fault none at 3", "no more faults at slot 3");
	ask(&world, "06 01", "00 20 *");
	assert_int_equal(world.took_ns, 300 * NSEC_PER_MSEC_U64);
	world_close(&world);
}

static void a_controller_restarts_instead_of_answering(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	ask(&world, "06 2e 0d", "00");
	world_tell(&world, "fault reset at 3", "reset");
	assert_false(world_request(&world, "06 01"));
	world_tell(&world, "fault none", "no more");
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_CONTROLLER_RESET], 1);
	ask(&world, "06 2f", "00 08");
	/* What it shows of the slots is right again, and no event was made of it. */
	ask(&world, "04 2d 67", "00 00 c0 04 80");
	ask(&world, "0a 40", "00 51 04 00 *");
	world_close(&world);
}

static void the_event_flag_sticks(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	world_tell(&world, "fault sticky for 2s", "sticky");
	world_pass(&world, 1);
	assert_true(world.attention);
	ask(&world, "06 31", "00 02");
	ask(&world, "06 35", "80");
	ask(&world, "06 30 02", "00");
	ask(&world, "06 31", "00 02");
	world_pass(&world, 2000);
	assert_false(world.attention);
	ask(&world, "06 31", "00 00");
	world_close(&world);
}

static void frames_are_not_taken(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	world_tell(&world, "fault nak at 6", "nak");
	ask(&world, GET_DEVICE_ID_BA, "83");
	ask_satellite(&world, 0xBC, "06 01", "00 34 *");
	world_tell(&world, "fault none", "no more");
	world_tell(&world, "fault arbitration", "arbitration");
	ask(&world, GET_DEVICE_ID_BA, "81");
	world_tell(&world, "fault none", "no more");
	world_tell(&world, "fault stuck for 5s", "stuck");
	ask(&world, GET_DEVICE_ID_BA, "82");
	world_pass(&world, 5000);
	ask_satellite(&world, 0xBA, "06 01", "00 34 *");
	world_close(&world);
}

static void responses_from_the_bus_suffer(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	world_tell(&world, "fault lost at 6", "lost");
	ask(&world, GET_DEVICE_ID_BA, "00");
	world_pass(&world, 1000);
	ask(&world, "06 33", "80");
	world_tell(&world, "fault none", "no more");
	world_tell(&world, "fault duplicate at 6", "duplicate");
	ask(&world, GET_DEVICE_ID_BA, "00");
	ask(&world, "06 33", "00 00 1e *");
	ask(&world, "06 33", "00 00 1e *");
	ask(&world, "06 33", "80");
	world_tell(&world, "fault none", "no more");
	world_tell(&world, "fault late by 2s at 6", "late");
	ask(&world, GET_DEVICE_ID_BA, "00");
	world_pass(&world, 1999);
	ask(&world, "06 33", "80");
	world_pass(&world, 2);
	ask(&world, "06 33", "00 00 1e *");
	world_tell(&world, "fault none", "no more");
	world_tell(&world, "fault garbled at 6", "garbled");
	ask(&world, GET_DEVICE_ID_BA, "00");
	ask(&world, "06 33", "80"); /* its checksum was wrong: our controller dropped it */
	world_tell(&world, "fault none", "no more");
	world_tell(&world, "fault busy at 6", "busy");
	ask_satellite(&world, 0xBA, "06 01", "c0");
	world_tell(&world, "fault none", "no more");
	world_tell(&world, "fault silence at 6", "silence");
	ask(&world, GET_DEVICE_ID_BA, "00");
	ask(&world, "06 33", "80");
	world_close(&world);
}

static void chance_and_time_are_kept(void **state)
{
	struct chassis_fault fault;
	struct world world;
	unsigned i, busy = 0;

	(void)state;
	world_open(&world, "drawer");
	world_tell(&world, "fault busy 25% for 10s", "busy");
	for (i = 0; i < 1000; i++) {
		assert_true(world_request(&world, "06 01"));
		busy += world.response[0] == VIPMI_CC_NODE_BUSY;
	}
	assert_in_range(busy, 200, 300);
	ask(&world, "30 c3 76 69 70 6d 00", "00 *");
	assert_int_equal(
		chassis_control_decode_fault(world.response + 1, world.length - 1, &fault), 0);
	assert_int_equal(fault.hits, busy);
	assert_int_equal(fault.left_ms, 10000);
	assert_int_equal(fault.percent, 25);
	world_pass(&world, 10000);
	ask(&world, "30 c3 76 69 70 6d 00", "cb");
	world_close(&world);
}

static void the_next_three_and_no_more(void **state)
{
	struct chassis_fault fault;
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	world_tell(&world, "fault lost 3 times", "lost");
	assert_false(world_request(&world, "06 01"));
	ask(&world, "30 c3 76 69 70 6d 00", "00 *");
	assert_int_equal(
		chassis_control_decode_fault(world.response + 1, world.length - 1, &fault), 0);
	assert_int_equal(fault.hits, 1);
	assert_int_equal(fault.times, 2);
	assert_true(fault.left_ms == CHASSIS_FAULT_UNTIL_ENDED);
	assert_false(world_request(&world, "06 01"));
	assert_false(world_request(&world, "06 01"));
	ask(&world, "06 01", "00 20 *");
	/* It is gone, and nothing is counted of it any more. */
	ask(&world, "30 c3 76 69 70 6d 00", "cb");
	/* By chance, and so often; time may end it before. */
	world_tell(&world, "fault busy 2 times 50% for 1s", "busy");
	world_pass(&world, 1000);
	ask(&world, "06 01", "00 20 *");
	ask(&world, "30 c3 76 69 70 6d 00", "cb");
	world_tell(&world, "fault nak 2 times at 6", "nak");
	ask(&world, GET_DEVICE_ID_BA, "83");
	ask(&world, GET_DEVICE_ID_BA, "83");
	ask(&world, GET_DEVICE_ID_BA, "00");
	world_close(&world);
}

static void so_many_faults_and_no_more(void **state)
{
	struct faults faults;
	struct fault fault = {.percent = 100, .until_ns = TIME_NEVER};
	unsigned i;

	(void)state;
	faults_init(&faults, 1);
	for (i = 0; i < FAULTS_MAX; i++) {
		fault.place = (uint8_t)(i + 1);
		assert_true(faults_add(&faults, &fault));
	}
	assert_true(faults_add(&faults, &fault)); /* the same anew takes no room */
	fault.place++;
	assert_false(faults_add(&faults, &fault));
	faults_clear(&faults, 5);
	assert_true(faults_add(&faults, &fault));
	faults_clear(&faults, 0);
	assert_int_equal(faults.count, 0);
	assert_int_equal(faults_deadline(&faults), TIME_NEVER);
}

/* A card is pulled and put in again, and again, while requests go on: the log has every step. */
static void a_hundred_times_out_and_in_under_load(void **state)
{
	struct world world;
	unsigned i, step, events = 0;

	(void)state;
	world_open(&world, "drawer");
	ask(&world, "06 2e 0c", "00");
	for (i = 0; i < 100; i++) {
		world_tell(&world, i % 2 ? "insert 6" : "pull 6", "slot 6");
		for (step = 0; step < 100; step++) {
			assert_true(world_request(&world, GET_DEVICE_ID_BA));
			assert_true(world_request(&world, "06 33"));
			assert_true(world_request(&world, "06 35"));
			events += world.response[0] == 0;
			world_pass(&world, 10);
		}
	}
	assert_int_equal(events, 50 * 4 + 50 * 2);
	ask(&world, "0a 40", "00 51 30 01 *"); /* and four from before */
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_to_our_own_controller_suffer),
		cmocka_unit_test(a_controller_restarts_instead_of_answering),
		cmocka_unit_test(the_event_flag_sticks),
		cmocka_unit_test(frames_are_not_taken),
		cmocka_unit_test(responses_from_the_bus_suffer),
		cmocka_unit_test(chance_and_time_are_kept),
		cmocka_unit_test(the_next_three_and_no_more),
		cmocka_unit_test(so_many_faults_and_no_more),
		cmocka_unit_test(a_hundred_times_out_and_in_under_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
