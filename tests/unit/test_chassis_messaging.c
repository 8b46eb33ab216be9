/* SPDX-License-Identifier: BSD-2-Clause */
/* Between system software and the world: flags, queues, bridging, watchdog, power. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "chassis/bus.h"
#include "chassis_world.h"

#define GET_DEVICE_ID_B4 "06 34 00 b4 18 34 20 16 01 c9"

static void a_response_from_the_bus_waits_for_get_message(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 33", "80");
	ask(&world, "06 31", "00 00");
	ask(&world, GET_DEVICE_ID_B4, "00");
	world_pass(&world, 0);
	assert_true(world.attention);
	ask(&world, "06 31", "00 01");
	ask(&world, "06 33",
		"00 00 1e c2 b4 14 01 00 34 81 01 07 02 29 f2 1b 00 53 43 00 00 00 00 ac");
	assert_false(world.attention);
	ask(&world, "06 31", "00 00");
	ask(&world, "06 33", "80");
	world_close(&world);
}

static void a_bridged_request_takes_the_wires_and_the_satellites_time(void **state)
{
	struct world world;
	unsigned asked = 0;

	(void)state;
	world_open(&world, "service=100");
	ask(&world, GET_DEVICE_ID_B4, "00");
	assert_false(world.attention);
	while (!world.attention && asked++ < 100) {
		world_pass(&world, 1);
	}
	assert_in_range(asked, 4, 6); /* 3 ms of wire, 2 ms of work */
	world_close(&world);
}

static void what_cannot_be_sent_is_refused(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 34 00 b6 18 32 20 16 01 c9", "83"); /* nobody there */
	ask(&world, "06 34 00 20 18 c8 20 16 01 c9", "00"); /* itself: hears it */
	ask(&world, "06 33", "00 00 1e c2 20 14 01 00 20 *");
	ask(&world, "06 34 40 b4 18 34 20 16 01 c9", "cc"); /* tracked */
	ask(&world, "06 34 01 b4 18 34 20 16 01 c9", "d3"); /* no LAN session */
	ask(&world, "06 34 07 b4 18 34 20 16 01 c9", "cc");
	ask(&world, "06 34 00 b4 18 34", "c7");
	/* A wrong checksum: it is sent, and nobody answers. */
	ask(&world, "06 34 00 b4 18 34 20 16 01 c8", "00");
	ask(&world, "06 31", "00 00");
	world_close(&world);
}

static void only_get_device_id_can_be_broadcast(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 34 00 00 b4 18 34 20 16 01 c9", "00");
	ask(&world, "06 33", "00 00 1e c2 b4 14 01 00 34 *");
	ask(&world, "06 34 00 00 b6 18 32 20 16 01 c9", "00"); /* nobody, but no NAK either */
	ask(&world, "06 33", "80");
	ask(&world, "06 34 00 00 b4 18 34 20 16 04 c6", "00");
	ask(&world, "06 33", "80");
	world_close(&world);
}

/* Asks the controller at that address so often, and fetches what was kept of its answers. */
static void expect_kept(const char *options, const char *request, unsigned asked, unsigned kept)
{
	struct chassis_place place;
	struct world world;
	unsigned i, own;

	world_open(&world, options);
	own = chassis_address(world.chassis) == 0x20 ? 3 : 7;
	assert_int_equal(chassis_receive_max(world.chassis), kept);
	for (i = 0; i < asked; i++) {
		ask(&world, request, "00");
	}
	world_pass(&world, 100);
	world_place(&world, own, &place);
	assert_int_equal(place.waiting, kept);
	assert_int_equal(place.room, kept);
	assert_int_equal(place.missed, asked - kept);
	for (i = 0; i < kept; i++) {
		ask(&world, "06 33", "00 00 1e *");
	}
	ask(&world, "06 33", "80");
	ask(&world, request, "00");
	world_pass(&world, 100);
	ask(&world, "06 30 01", "00"); /* flushes all of it */
	ask(&world, "06 33", "80");
	world_place(&world, own, &place);
	assert_int_equal(place.waiting, 0);
	assert_int_equal(place.missed, asked - kept);
	world_close(&world);
}

static void the_receive_queue_is_finite(void **state)
{
	(void)state;
	/* To slot 6: from a card that manages, and from one of many, in slot 7. */
	expect_kept("drawer", "06 34 00 ba 18 2e 20 16 01 c9", 22, 20);
	expect_kept("role=peripheral,slot=7", "06 34 00 ba 18 2e bc 16 01 2d", 7, 4);
}

static void a_full_queue_is_tried_again(void **state)
{
	struct chassis_place place;
	struct world world;
	unsigned i;

	(void)state;
	world_open(&world, "role=peripheral,slot=7,service=100");
	for (i = 0; i < 5; i++) {
		ask(&world, "06 34 00 ba 18 2e bc 16 01 2d", "00");
	}
	/* The fifth answer finds no room, and is not acknowledged; one is fetched in time. */
	for (i = 0; i < 100; i++) {
		world_pass(&world, 1);
		world_place(&world, 7, &place);
		if (place.waiting == 4) {
			break;
		}
	}
	assert_int_equal(place.waiting, 4);
	ask(&world, "06 33", "00 00 1e *");
	world_pass(&world, 100);
	world_place(&world, 7, &place);
	assert_int_equal(place.waiting, 4);
	assert_int_equal(place.missed, 0);
	world_close(&world);
}

static void the_bus_carries_so_many_frames_at_once(void **state)
{
	static const uint8_t frame[] = {0xB4, 0x18, 0x34, 0x20, 0x16, 0x01, 0xC9};
	struct bus bus;
	struct faults faults;
	struct controller controller = {
		.board = &board_satellite, .bus = &bus, .address = 0xB4, .present = true};
	unsigned i;

	(void)state;
	faults_init(&faults, 1);
	bus_init(&bus, 100, &faults);
	bus.controllers[bus.controllers_count++] = &controller;
	for (i = 0; i < BUS_FRAMES_MAX; i++) {
		assert_int_equal(bus_send(&controller, frame, sizeof(frame), 1000), 0);
	}
	assert_int_equal(bus_send(&controller, frame, sizeof(frame), 1000), VIPMI_CC_NODE_BUSY);
	assert_int_equal(bus.due_ns, 1000);
	bus_step(&bus, 1000);
	/* Seven bytes of nine bits at 100 kHz; the others wait. */
	assert_int_equal(bus.due_ns, 1000 + 7 * 90 * NSEC_PER_USEC_U64);
}

static void a_satellite_can_speak_to_system_software(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	/* B4h is told to send a request to 20h, LUN 2: it comes as a request, not a response. */
	ask(&world, "06 34 00 b4 18 34 20 16 34 00 20 1a c6 b4 1c 01 2f 96", "00");
	ask(&world, "06 33", "00 00 1a c6 b4 1c 01 2f");
	ask(&world, "06 33", "00 00 1e c2 b4 14 34 00 04");
	ask(&world, "06 32 00 02", "00 00 01");
	ask(&world, "06 32 00 00", "00 00 00"); /* no more, please */
	ask(&world, GET_DEVICE_ID_B4, "00");
	ask(&world, "06 33", "80");
	ask(&world, "06 32 00 01", "00 00 01");
	ask(&world, "06 32 09 01", "cc");
	world_close(&world);
}

static void the_event_buffer_is_one_deep_and_must_be_enabled(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 2f", "00 08");
	ask(&world, "04 02 41 04 01 30 01 59 00 00", "00");
	ask(&world, "06 35", "80");
	ask(&world, "06 2e 0d", "00");
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_INTERRUPT], 1);
	ask(&world, "04 02 41 04 01 31 01 59 00 00", "00");
	ask(&world, "04 02 41 04 01 32 01 59 00 00", "00"); /* does not get in */
	assert_true(world.attention);
	ask(&world, "06 31", "00 02");
	ask(&world, "06 35", "00 06 00 02 00 b9 55 69 41 00 04 01 31 01 59 00 00");
	assert_false(world.attention);
	ask(&world, "06 35", "80");
	ask(&world, "04 02 41 04 01 33 01 59 00 00", "00");
	ask(&world, "06 30 02", "00");
	ask(&world, "06 35", "80");
	ask(&world, "0a 40", "00 51 08 00 *"); /* the SEL has them all */
	ask(&world, "06 2e 10", "cc");
	ask(&world, "06 2e 08", "00");
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_INTERRUPT], 2);
	world_close(&world);
}

static void a_watchdog_never_set_cannot_be_reset(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 22", "80");
	ask(&world, "06 25", "00 04 00 00 00 00 00 00 00");
	ask(&world, "06 24 00 00 00 00 64 00", "cc"); /* use 0 */
	ask(&world, "06 24 04 04 00 00 64 00", "cc"); /* action 4 */
	ask(&world, "06 24 04 31 0b 00 64 00", "cc"); /* pre-timeout longer than the countdown */
	ask(&world, "06 22", "80");
	world_close(&world);
}

static void a_watchdog_that_expires_acts_and_logs(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 24 04 01 00 00 64 00", "00"); /* 10 s, hard reset */
	ask(&world, "06 25", "00 04 01 00 00 64 00 64 00");
	world_pass(&world, 20000); /* set is not started */
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_HARD_RESET], 0);
	ask(&world, "06 22", "00");
	world_pass(&world, 4000);
	ask(&world, "06 25", "00 44 01 00 00 64 00 3c 00");
	ask(&world, "06 22", "00"); /* fed */
	world_pass(&world, 9999);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_HARD_RESET], 0);
	world_pass(&world, 1);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_HARD_RESET], 1);
	ask(&world, "06 25", "00 04 01 00 10 64 00 00 00");
	ask(&world, "0a 43 00 00 ff ff 00 ff",
		"00 ff ff 05 00 02 .. .. .. .. 20 00 04 23 40 6f c1 04 ff");
	ask(&world, "04 2d 40", "00 00 c0 02 80");
	ask(&world, "00 07", "00 04 0f");
	ask(&world, "06 24 04 01 00 10 64 00", "00"); /* clears its flag */
	ask(&world, "06 25", "00 04 01 00 00 64 00 64 00");
	world_close(&world);
}

static void setting_a_running_watchdog_stops_it_unless_told_not_to(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 24 04 02 00 00 32 00", "00");
	ask(&world, "06 22", "00");
	ask(&world, "06 24 44 02 00 00 64 00", "00");
	ask(&world, "06 25", "00 44 02 00 00 64 00 64 00");
	ask(&world, "06 24 04 02 00 00 64 00", "00");
	ask(&world, "06 25", "00 04 02 00 00 64 00 64 00");
	world_pass(&world, 60000);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_POWER_OFF], 0);
	ask(&world, "06 24 c4 02 00 00 0a 00", "00"); /* don't log */
	ask(&world, "06 22", "00");
	world_pass(&world, 1000);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_POWER_OFF], 1);
	ask(&world, "00 01", "00 20 00 40 f0");
	world_close(&world);
}

static void a_pretimeout_raises_attention_and_only_a_set_helps(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 24 04 31 03 00 64 00", "00"); /* 3 s before, by message */
	ask(&world, "06 22", "00");
	world_pass(&world, 6999);
	assert_false(world.attention);
	world_pass(&world, 1);
	assert_true(world.attention);
	ask(&world, "06 31", "00 08");
	ask(&world, "06 22", "d5");
	ask(&world, "06 30 08", "00");
	assert_false(world.attention);
	ask(&world, "0a 43 00 00 ff ff 00 ff",
		"00 ff ff 05 00 02 .. .. .. .. 20 00 04 23 40 6f c8 34 ff");
	ask(&world, "06 24 04 21 03 00 64 00", "00"); /* by NMI */
	ask(&world, "06 22", "00");
	world_pass(&world, 7000);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_NMI], 1);
	ask(&world, "06 24 04 00 00 00 64 00", "00");
	world_close(&world);
}

static void chassis_control_acts_on_the_host(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "00 00", "00 03 20 20 20 20 20");
	ask(&world, "00 01", "00 21 00 40 f0"); /* initial power is on, policy previous */
	ask(&world, "00 02 02", "00");
	ask(&world, "00 02 03", "00");
	ask(&world, "00 02 04", "00");
	ask(&world, "00 02 05", "00");
	ask(&world, "00 02 00", "00");
	world_pass(&world, 0);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_POWER_CYCLE], 1);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_HARD_RESET], 1);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_NMI], 1);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_SOFT_SHUTDOWN], 1);
	assert_int_equal(world.outputs[CHASSIS_OUTPUT_POWER_OFF], 1);
	ask(&world, "00 01", "00 20 00 40 f0");
	ask(&world, "00 02 03", "d5"); /* what is off cannot be reset */
	ask(&world, "00 03", "d5");
	ask(&world, "00 02 01", "00");
	ask(&world, "00 01", "00 21 10 40 f0");
	ask(&world, "00 07", "00 01 0f");
	ask(&world, "00 02 06", "cc");
	world_close(&world);
}

static void identify_ends_by_itself(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "00 04", "00");
	ask(&world, "00 01", "00 21 00 50 f0");
	world_pass(&world, 15000);
	ask(&world, "00 01", "00 21 00 40 f0");
	ask(&world, "00 04 00 01", "00");
	world_pass(&world, 100000);
	ask(&world, "00 01", "00 21 00 60 f0");
	ask(&world, "00 04 00", "00");
	ask(&world, "00 01", "00 21 00 40 f0");
	world_close(&world);
}

static void power_settings_are_kept(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "00 06 03", "00 07");
	ask(&world, "00 06 02", "00 07");
	ask(&world, "00 01", "00 41 *");
	ask(&world, "00 06 04", "cc");
	ask(&world, "00 0a 05", "00");
	ask(&world, "00 01", "00 41 00 40 f5");
	ask(&world, "00 0b 14", "00");
	ask(&world, "00 05 01 20 20 20 20", "00");
	ask(&world, "00 00", "00 01 20 20 20 20 20");
	ask(&world, "00 05 f1 20 20 20 20", "cc");
	ask(&world, "00 0f", "00 3c .. .. 00 00");
	ask(&world, "06 06 81 82", "00");
	ask(&world, "06 07", "00 01 02");
	ask(&world, "06 06 ff 7f", "00"); /* no change, not set */
	ask(&world, "06 07", "00 01 02");
	ask(&world, "06 06 c0 00", "cc");
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_response_from_the_bus_waits_for_get_message),
		cmocka_unit_test(a_bridged_request_takes_the_wires_and_the_satellites_time),
		cmocka_unit_test(what_cannot_be_sent_is_refused),
		cmocka_unit_test(only_get_device_id_can_be_broadcast),
		cmocka_unit_test(the_receive_queue_is_finite),
		cmocka_unit_test(a_full_queue_is_tried_again),
		cmocka_unit_test(the_bus_carries_so_many_frames_at_once),
		cmocka_unit_test(a_satellite_can_speak_to_system_software),
		cmocka_unit_test(the_event_buffer_is_one_deep_and_must_be_enabled),
		cmocka_unit_test(a_watchdog_never_set_cannot_be_reset),
		cmocka_unit_test(a_watchdog_that_expires_acts_and_logs),
		cmocka_unit_test(setting_a_running_watchdog_stops_it_unless_told_not_to),
		cmocka_unit_test(a_pretimeout_raises_attention_and_only_a_set_helps),
		cmocka_unit_test(chassis_control_acts_on_the_host),
		cmocka_unit_test(identify_ends_by_itself),
		cmocka_unit_test(power_settings_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
