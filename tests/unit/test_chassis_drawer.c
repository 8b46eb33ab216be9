/* SPDX-License-Identifier: BSD-2-Clause */
/* A whole drawer: who is where, roles, boards that come and go, cooling and power. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "chassis/backplane.h"
#include "chassis_world.h"
#include "ipmi/chassis_order.h"

static void addresses_follow_the_slots(void **state)
{
	(void)state;
	assert_int_equal(backplane_address(1), 0xB0);
	assert_int_equal(backplane_address(3), 0xB4);
	assert_int_equal(backplane_address(9), 0xC0);
	assert_int_equal(backplane_address(10), 0xC4); /* C2h is left out */
	assert_int_equal(backplane_address(21), 0xDA);
	assert_int_equal(backplane_address(30), 0xEC);
}

static void a_bmc_reaches_every_board_of_the_drawer(void **state)
{
	static const struct {
		uint8_t address, device;
	} boards[] = {{0xB0, 0x21}, {0xB2, 0x36}, {0xB6, 0x34}, {0xC0, 0x34}, {0xC4, 0x34},
		{0xD8, 0x34}, {0xDA, 0x36}, {0xDC, 0x21}, {0xDE, 0x38}, {0xE0, 0x38}, {0xE2, 0x3A},
		{0xE4, 0x3A}, {0xE6, 0x3A}};
	struct world world;
	char expected[40];
	size_t i;

	(void)state;
	world_open(&world, "drawer");
	for (i = 0; i < ARRAY_LENGTH(boards); i++) {
		snprintf(expected, sizeof(expected), "00 %02x *", boards[i].device);
		ask_satellite(&world, boards[i].address, "06 01", expected);
	}
	ask(&world, "06 34 00 b4 18 34 20 16 01 c9", "83"); /* our own slot: we are 20h */
	ask(&world, "06 34 00 c2 18 26 20 16 01 c9", "83"); /* no slot has this address */
	ask(&world, "0a 40", "00 51 04 00 *");
	world_close(&world);
}

static void a_satellite_has_sensors_and_fru_of_its_own(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	ask_satellite(&world, 0xB6, "04 20 00", "00 0b 01");
	/* The key of the first record: owner B6h, sensor 1, processor of slot 4. */
	ask_satellite(&world, 0xB6, "04 22", "00 01 00");
	ask_satellite(&world, 0xB6, "04 21 01 00 01 00 05 05", "00 02 00 b6 00 01 03 04");
	ask_satellite(&world, 0xB8, "04 21 00 00 01 00 00 05", "00 02 00 01 00 51 01 *");
	ask_satellite(&world, 0xB6, "04 2d 01", "00 .. c0 c0");
	ask_satellite(&world, 0xB6, "0a 10 00", "00 00 01 00");
	ask_satellite(&world, 0xB6, "0a 40", "c1");             /* no SEL there */
	ask_satellite(&world, 0xB6, "0a 11 00 00 00 20", "ca"); /* no frame is so long */
	world_close(&world);
}

static void a_peripheral_has_the_address_of_its_slot_and_no_log(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "role=peripheral,slot=10");
	assert_int_equal(chassis_address(world.chassis), 0xC4);
	ask(&world, "06 01", "00 20 81 02 15 02 a9 *");
	ask(&world, "0a 40", "c1");
	ask(&world, "0a 42", "c1");
	ask(&world, "0a 20", "c1");
	ask(&world, "04 20 01", "00 2f 01"); /* device SDRs */
	ask(&world, "04 01", "00 20 00");
	/* The manager at 20h has log and repository. */
	ask_satellite(&world, 0x20, "0a 40", "00 51 00 00 *");
	ask_satellite(&world, 0xB6, "04 22", "00 01 00");
	ask_satellite(&world, 0xB6, "04 21 01 00 01 00 05 05", "00 02 00 b6 00 01 03 04");
	world_close(&world);
}

static void the_manager_keeps_the_log_and_relays_events(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "role=peripheral,slot=10");
	ask(&world, "06 2e 04", "00"); /* events, please */
	ask(&world, "04 02 41 04 01 30 01 59 00 00", "00");
	world_pass(&world, 100);
	ask(&world, "06 31", "00 02");
	ask(&world, "06 35", "00 ff ff 02 .. .. .. .. c4 00 04 01 30 01 59 00 00");
	ask(&world, "06 35", "80");
	/* Two at once: the second waits at the manager until the first is read. */
	world_tell(&world, "pull 7", "slot 7");
	world_pass(&world, 1000);
	ask(&world, "06 35", "00 ff ff 02 .. .. .. .. 20 00 04 21 67 6f 36 ff 07");
	world_pass(&world, 100);
	ask(&world, "06 35", "00 ff ff 02 .. .. .. .. 20 00 04 21 67 6f 35 ff 07");
	world_pass(&world, 100);
	ask(&world, "06 35", "00 ff ff 02 .. .. .. .. 20 00 04 21 67 6f 34 ff 07");
	world_pass(&world, 100);
	ask(&world, "06 35", "00 ff ff 02 .. .. .. .. 20 00 04 21 67 ef 32 ff 07");
	world_pass(&world, 1000);
	ask(&world, "06 35", "80");
	world_close(&world);
}

static void a_relayed_event_is_taken_once(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "role=peripheral,slot=10");
	ask(&world, "06 2e 04", "00");
	/* The answers of our own controller get lost on the bus: the manager sends again. */
	world_tell(&world, "fault duplicate at 1", "duplicate");
	world_tell(&world, "fault lost at 10 for 1s", "lost");
	world_tell(&world, "pull 7 now", "slot 7");
	world_pass(&world, 3000);
	ask(&world, "06 35", "00 ff ff 02 .. .. .. .. 20 00 04 21 67 ef 32 ff 07");
	world_pass(&world, 1000);
	ask(&world, "06 35", "00 ff ff 02 .. .. .. .. 20 00 04 21 67 6f 35 ff 07");
	world_pass(&world, 1000);
	ask(&world, "06 35", "80");
	world_close(&world);
}

static void a_board_goes_step_by_step(void **state)
{
	struct chassis_place now;
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	ask(&world, "06 2e 0c", "00");
	world_place(&world, 7, &now);
	assert_int_equal(now.state, CHASSIS_STATE_ACTIVE);
	assert_true(now.bd_sel && now.healthy && now.powered && !now.ejector_open);
	world_tell(&world, "pull 7", "slot 7");
	world_place(&world, 7, &now);
	assert_int_equal(now.state, CHASSIS_STATE_QUIESCING);
	assert_true(now.ejector_open && now.enum_asserted && now.bd_sel);
	world_pass(&world, 10);
	ask(&world, "06 35", "00 05 00 02 .. .. .. .. 20 00 04 21 67 6f 36 ff 07");
	ask_satellite(&world, 0xBC, "06 01", "00 34 *"); /* still there */
	world_pass(&world, 250);
	ask(&world, "06 35", "00 06 00 02 .. .. .. .. 20 00 04 21 67 6f 35 ff 07");
	world_pass(&world, 100);
	ask(&world, "06 35", "00 07 00 02 .. .. .. .. 20 00 04 21 67 6f 34 ff 07");
	world_place(&world, 7, &now);
	assert_int_equal(now.state, CHASSIS_STATE_SAFE);
	assert_int_equal(now.blue_led, CHASSIS_LED_ON);
	assert_true(!now.bd_sel && !now.healthy && !now.enum_asserted);
	world_pass(&world, 400);
	ask(&world, "06 35", "00 08 00 02 .. .. .. .. 20 00 04 21 67 ef 32 ff 07");
	world_place(&world, 7, &now);
	assert_int_equal(now.state, CHASSIS_STATE_EMPTY);
	assert_int_equal(now.kind, CHASSIS_KIND_EMPTY);
	ask(&world, "06 34 00 bc 18 2c 20 16 01 c9", "83");
	ask(&world, "04 2d 67", "00 00 c0 28 80");
	world_pass(&world, 5000);
	ask(&world, "06 35", "80");
	world_close(&world);
}

static void a_board_comes_step_by_step(void **state)
{
	struct chassis_place now;
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	world_tell(&world, "pull 7 now", "slot 7");
	world_pass(&world, 1000);
	ask(&world, "06 2e 0c", "00");
	world_tell(&world, "insert 7", "slot 7");
	world_place(&world, 7, &now);
	assert_int_equal(now.state, CHASSIS_STATE_INSERTED);
	assert_int_equal(now.blue_led, CHASSIS_LED_ON);
	assert_true(now.ejector_open && !now.bd_sel);
	world_pass(&world, 10);
	ask(&world, "06 35", "00 .. 00 02 .. .. .. .. 20 00 04 21 67 6f 32 ff 07");
	ask_satellite(&world, 0xBC, "06 01", "00 34 *");
	world_pass(&world, 150);
	world_place(&world, 7, &now);
	assert_int_equal(now.state, CHASSIS_STATE_POWERING);
	assert_true(now.enum_asserted && now.bd_sel && !now.healthy);
	world_pass(&world, 10);
	ask(&world, "06 35", "00 .. 00 02 .. .. .. .. 20 00 04 21 67 ef 35 ff 07");
	world_pass(&world, 300);
	world_place(&world, 7, &now);
	assert_int_equal(now.state, CHASSIS_STATE_ACTIVE);
	assert_int_equal(now.blue_led, CHASSIS_LED_OFF);
	assert_true(now.healthy && !now.enum_asserted);
	ask(&world, "06 35", "80");
	ask(&world, "04 2d 67", "00 00 c0 04 80");
	world_close(&world);
}

static void the_repository_lists_who_is_there(void **state)
{
	struct world world;
	unsigned before;

	(void)state;
	world_open(&world, "drawer");
	ask(&world, "0a 20", "00 51 .. 00 *");
	before = world.response[2];
	ask(&world, "0a 22", "00 01 00");
	world_tell(&world, "pull 7 now", "slot 7");
	ask(&world, "0a 20", "00 51 .. 00 *");
	assert_int_equal(world.response[2], before - 1);
	ask(&world, "0a 23 01 00 01 00 05 05", "c5"); /* record IDs moved */
	world_tell(&world, "insert 7", "slot 7");
	ask(&world, "0a 20", "00 51 .. 00 *");
	assert_int_equal(world.response[2], before);
	world_close(&world);
}

static void what_cannot_be_is_refused_with_a_reason(void **state)
{
	struct chassis_whole all;
	struct world world;

	(void)state;
	world_open(&world, "role=bmc,slot=5");
	world_whole(&world, &all);
	assert_int_equal(all.own_place, 5);
	assert_int_equal(all.own_address, 0x20);
	assert_int_equal(all.slots, 21);
	assert_int_equal(all.places, 27);
	world_tell(&world, "pull 5", "slot 5 holds our own card");
	world_tell(&world, "insert 7", "slot 7 is taken");
	world_tell(&world, "pull 28", "place 28 is empty");
	world_tell(&world, "pull 7 now", "slot 7");
	world_tell(&world, "pull 7", "slot 7 is empty");
	world_tell(&world, "insert 7 fabric", "slot 7 is");
	world_tell(&world, "pull 8", "slot 8");
	world_tell(&world, "pull 8", "slot 8 is on its way");
	world_tell(&world, "set 9 Nothing 1", "slot 9 has no sensor");
	world_tell(&world, "set 9 Healthy 1", "Healthy");
	world_tell(&world, "set 9 'Cpu Temp' state 1", "Cpu Temp");
	world_tell(&world, "fault sticky at 9", "slot 9 has no host");
	world_tell(&world, "jump 9", "");
	assert_int_equal(world.response[1], CHASSIS_STATUS_UNCLEAR);
	ask(&world, "30 c0", "c1"); /* without the magic it is nobody's */
	ask(&world, "30 c1 76 69 70 6d", "c7");
	ask(&world, "30 c1 76 69 70 6d 1c", "cb");
	ask(&world, "30 c2 76 69 70 6d 09 40", "cb");
	ask(&world, "30 c3 76 69 70 6d 00", "cb");
	world_close(&world);
}

static void a_sensor_is_set_and_let_go(void **state)
{
	struct chassis_sensor sensor;
	struct chassis_place now;
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	world_tell(&world, "set 9 'cpu temp' 95", "slot 9: Cpu Temp is held");
	ask_satellite(&world, 0xC0, "04 2d 01", "00 5f c0 d8");
	ask(&world, "0a 40", "00 51 06 00 *"); /* UNC and UC, in the manager's log */
	world_place(&world, 9, &now);
	assert_int_equal(now.severity, CHASSIS_SEVERITY_CRITICAL);
	assert_string_equal(now.worst, "Cpu Temp");
	ask(&world, "30 c2 76 69 70 6d 09 00", "00 *");
	assert_int_equal(
		chassis_control_decode_sensor(world.response + 1, world.length - 1, &sensor), 0);
	assert_int_equal(sensor.value_milli, 95000);
	assert_true(sensor.held && sensor.threshold);
	assert_string_equal(sensor.name, "Cpu Temp");
	world_tell(&world, "set 9 0x01 auto", "slot 9: Cpu Temp goes");
	ask_satellite(&world, 0xC0, "04 2d 01", "00 .. c0 c0");
	world_tell(&world, "set 9 0x4b state 0", "slot 9: Healthy");
	ask_satellite(&world, 0xC0, "04 2d 4b", "00 00 c0 01 80");
	world_tell(&world, "set 9 'Vcc 5V' 4.5", "slot 9: Vcc 5V");
	ask_satellite(&world, 0xC0, "04 2d 11", "00 ad c0 c3");
	world_tell(&world, "set 9 'Vcc 5V' 5000", "Vcc 5V: it cannot");
	world_close(&world);
}

static void a_fan_tray_that_fails_makes_the_drawer_warm(void **state)
{
	struct world world;
	unsigned before;

	(void)state;
	world_open(&world, "drawer");
	ask_satellite(&world, 0xB6, "04 2d 01", "00 .. *");
	ask_satellite(&world, 0xE2, "04 2d 30", "00 .. c0 c0");
	ask(&world, "04 2d 5d", "00 00 c0 01 80");
	ask(&world, "04 2d 05", "00 .. *");
	before = world.response[1];
	world_tell(&world, "fault failure at 25", "failure");
	world_pass(&world, 60000);
	ask(&world, "04 2d 05", "00 .. *");
	assert_int_equal(world.response[1], before + 9);
	ask_satellite(&world, 0xE2, "04 2d 30", "00 00 c0 c7");
	ask_satellite(&world, 0xE2, "04 2d 44", "00 00 c0 02 80");
	ask(&world, "04 2d 5d", "00 00 c0 02 80");
	ask(&world, "04 2d 79", "00 00 c0 05 80"); /* its bay: there, and not healthy */
	world_tell(&world, "fault none", "no more faults");
	world_pass(&world, 60000);
	ask(&world, "04 2d 05", "00 .. *");
	assert_int_equal(world.response[1], before);
	ask(&world, "04 2d 5d", "00 00 c0 01 80");
	ask(&world, "04 2d 79", "00 00 c0 04 80");
	world_close(&world);
}

static void a_power_supply_that_fails_loads_the_other(void **state)
{
	struct world world;
	unsigned before;

	(void)state;
	world_open(&world, "drawer");
	ask(&world, "30 c2 76 69 70 6d 18 02", "00 *");
	before = world.response[10];
	world_tell(&world, "fault failure at 23 for 30s", "failure");
	world_pass(&world, 2000);
	ask(&world, "04 2d 5c", "00 00 c0 02 80");
	ask_satellite(&world, 0xDE, "04 2d 10", "00 00 c0 c3");
	ask_satellite(&world, 0xDE, "04 2d 44", "00 00 c0 03 80");
	ask(&world, "30 c2 76 69 70 6d 18 02", "00 *");
	assert_int_equal(world.response[10], before + 70);
	world_pass(&world, 30000); /* mended */
	ask(&world, "04 2d 5c", "00 00 c0 01 80");
	ask_satellite(&world, 0xDE, "04 2d 44", "00 00 c0 01 80");
	world_close(&world);
}

static void without_power_supplies_the_boards_wait_for_power(void **state)
{
	struct chassis_place place;
	struct world world;
	uint8_t events;

	(void)state;
	world_open(&world, "drawer,slot=4");
	world_tell(&world, "fault failure at 25", "failure");
	world_tell(&world, "fault failure at 23", "failure");
	world_pass(&world, 2000);
	world_place(&world, 7, &place);
	assert_int_equal(place.state, CHASSIS_STATE_ACTIVE);
	ask(&world, "0a 40", "00 51 *");
	events = world.response[2];
	world_tell(&world, "pull 24 now", "place 24: torn out");
	world_pass(&world, 4000);
	ask(&world, "04 2d 5c", "00 00 c0 20 80"); /* not enough power supplies, nor fan trays */
	ask(&world, "04 2d 5d", "00 00 c0 20 80");
	/* Node, fabric card and fan tray: there, without power; BD_SEL# is asserted. */
	ask(&world, "04 2d 67", "00 00 c0 24 80");
	ask(&world, "04 2d 62", "00 00 c0 24 80");
	ask(&world, "04 2d 7a", "00 00 c0 24 80");
	world_place(&world, 7, &place);
	assert_int_equal(place.state, CHASSIS_STATE_POWERING);
	assert_true(place.bd_sel && !place.healthy && !place.powered && !place.ejector_open);
	assert_int_equal(place.severity, CHASSIS_SEVERITY_OK);
	/* Its controller talks, its readings are not there; what is no reading, is. */
	ask_satellite(&world, 0xBC, "04 2d 11", "00 .. e0 *");
	ask_satellite(&world, 0xBC, "04 2d 4a", "00 00 c0 *");
	/* Managers have power of their own, and our own card is spared. */
	ask(&world, "04 2d 61", "00 00 c0 04 80");
	ask(&world, "04 2d 64", "00 00 c0 04 80");
	ask(&world, "04 2d 11", "00 .. c0 *");
	/* An event of each of the 19 cards and 3 trays, of each redundancy, two of bay 24. */
	ask(&world, "0a 40", "00 51 *");
	assert_int_equal(world.response[2], events + 22 + 2 + 2);
	/* A board that comes now waits, and one that is mended. */
	world_tell(&world, "pull 8 now", "slot 8");
	world_tell(&world, "insert 8", "slot 8");
	world_tell(&world, "fault none at 25", "no more faults");
	world_pass(&world, 3000);
	world_place(&world, 8, &place);
	assert_int_equal(place.state, CHASSIS_STATE_POWERING);
	world_place(&world, 25, &place);
	assert_int_equal(place.state, CHASSIS_STATE_POWERING);
	/* One power supply is enough. */
	world_tell(&world, "insert 24", "place 24");
	world_pass(&world, 4000);
	for (events = 2; events <= 8; events++) {
		world_place(&world, events, &place);
		assert_int_equal(place.state, CHASSIS_STATE_ACTIVE);
		assert_true(place.healthy && !place.enum_asserted);
	}
	ask(&world, "04 2d 67", "00 00 c0 04 80");
	ask(&world, "04 2d 5c", "00 00 c0 02 80");
	ask(&world, "04 2d 5d", "00 00 c0 01 80");
	ask_satellite(&world, 0xBC, "04 2d 11", "00 .. c0 *");
	world_close(&world);
}

static void sensors_drift_over_their_thresholds_in_a_hot_drawer(void **state)
{
	struct chassis_counts counts;
	struct world world;
	unsigned before;

	(void)state;
	world_open(&world, "drawer");
	chassis_status(world.chassis, &counts);
	before = counts.sel_entries;
	world_close(&world);
	world_open(&world, "drawer,seed=3");
	world_tell(&world, "fault failure at 25", "failure");
	world_tell(&world, "fault failure at 26", "failure");
	world_tell(&world, "fault failure at 27", "failure");
	world_pass(&world, 100000);
	ask(&world, "04 2d 5d", "00 00 c0 20 80"); /* not enough */
	chassis_status(world.chassis, &counts);
	assert_true(counts.sel_entries > before);
	world_close(&world);
}

/* How many requests a controller of such a board keeps while it works on the first. */
static unsigned kept(const struct board *board)
{
	static const uint8_t frame[] = {0xE2, 0x18, 0x06, 0x20, 0x16, 0x01, 0xC9};
	struct controller controller = {
		.board = board, .address = 0xE2, .present = true, .service_percent = 100};
	struct ipmb_message message;
	unsigned count = 0;

	assert_int_equal(ipmb_decode(frame, sizeof(frame), &message), 0);
	while (count < 100 && controller_receive(&controller, &message, frame, sizeof(frame), 0)) {
		count++;
	}
	return count;
}

static void queues_of_requests_are_finite(void **state)
{
	(void)state;
	assert_int_equal(kept(&board_fan_tray), 4);
	assert_int_equal(kept(&board_power_supply), 4);
	assert_int_equal(kept(&board_node), 20);
	assert_int_equal(kept(&board_manager), 20);
}

static void reset_makes_the_drawer_whole(void **state)
{
	struct chassis_place now;
	struct chassis_whole all;
	struct world world;

	(void)state;
	world_open(&world, "drawer");
	world_tell(&world, "pull 7 now", "slot 7");
	world_tell(&world, "fault lost 10% at 9", "lost");
	world_tell(&world, "reset", "all boards");
	world_pass(&world, 1000);
	world_place(&world, 7, &now);
	assert_int_equal(now.state, CHASSIS_STATE_ACTIVE);
	world_whole(&world, &all);
	assert_int_equal(all.faults, 0);
	world_tell(&world, "reset 9", "slot 9");
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_follow_the_slots),
		cmocka_unit_test(a_bmc_reaches_every_board_of_the_drawer),
		cmocka_unit_test(a_satellite_has_sensors_and_fru_of_its_own),
		cmocka_unit_test(a_peripheral_has_the_address_of_its_slot_and_no_log),
		cmocka_unit_test(the_manager_keeps_the_log_and_relays_events),
		cmocka_unit_test(a_relayed_event_is_taken_once),
		cmocka_unit_test(a_board_goes_step_by_step),
		cmocka_unit_test(a_board_comes_step_by_step),
		cmocka_unit_test(the_repository_lists_who_is_there),
		cmocka_unit_test(what_cannot_be_is_refused_with_a_reason),
		cmocka_unit_test(a_sensor_is_set_and_let_go),
		cmocka_unit_test(a_fan_tray_that_fails_makes_the_drawer_warm),
		cmocka_unit_test(a_power_supply_that_fails_loads_the_other),
		cmocka_unit_test(without_power_supplies_the_boards_wait_for_power),
		cmocka_unit_test(sensors_drift_over_their_thresholds_in_a_hot_drawer),
		cmocka_unit_test(queues_of_requests_are_finite),
		cmocka_unit_test(reset_makes_the_drawer_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
