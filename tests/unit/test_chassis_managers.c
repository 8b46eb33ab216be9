/* SPDX-License-Identifier: BSD-2-Clause */
/* Two chassis managers: the one who waits takes over from the one in charge. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "chassis/backplane.h"
#include "chassis_world.h"

/* Get Device ID from C4h LUN 2: what Send Message says of it. */
#define TO_20 "06 34 00 20 18 c8 c4 16 01 25"
#define TO_DC "06 34 00 dc 18 0c c4 16 01 25"

/* What Get Device ID says, up to "additional device support": all of it; sensors and FRU only. */
#define IN_CHARGE "00 21 01 03 02 02 3f *"
#define STANDS_BY "00 21 81 03 02 02 29 *"

static void drawer_open(struct world *world)
{
	world_open(world, "role=peripheral,slot=10");
	ask(world, "06 2e 04", "00"); /* events, please */
}

static unsigned manager_of(struct world *world)
{
	struct chassis_whole whole;

	world_whole(world, &whole);
	return whole.manager;
}

static void expect_place(struct world *world, unsigned number, uint8_t state, uint8_t address)
{
	struct chassis_place place;

	world_place(world, number, &place);
	assert_int_equal(place.state, state);
	assert_int_equal(place.address, address);
}

/* The next event that our card is told: who made it, sensor, direction and offset. */
static void expect_event(struct world *world, const char *event)
{
	char text[100];
	unsigned i;

	for (i = 0; i < 100; i++) {
		assert_true(world_request(world, "06 35"));
		if (world->response[0] == 0) {
			break;
		}
		world_pass(world, 20);
	}
	snprintf(text, sizeof(text), "%02x %02x %02x %02x", world->response[8], world->response[12],
		world->response[13], world->response[14] & 0x0F);
	assert_string_equal(text, event);
}

static void expect_no_event(struct world *world)
{
	world_pass(world, 3000);
	ask(world, "06 35", "80");
}

static void one_is_in_charge_and_the_other_waits(void **state)
{
	struct world world;

	(void)state;
	drawer_open(&world);
	assert_int_equal(manager_of(&world), 1);
	ask_satellite(&world, 0x20, "06 01", IN_CHARGE);
	ask_satellite(&world, 0xDC, "06 01", STANDS_BY);
	ask_satellite(&world, 0xDC, "0a 40", "c1");
	world_close(&world);
	world_open(&world, "drawer");
	assert_int_equal(manager_of(&world), 3); /* our own card */
	world_tell(&world, "pull 1 now", "slot 1");
	world_pass(&world, 2000);
	assert_int_equal(manager_of(&world), 3);
	ask_satellite(&world, 0xDC, "06 01", STANDS_BY);
	world_close(&world);
}

static void the_other_takes_over_when_one_is_pulled(void **state)
{
	struct world world;

	(void)state;
	drawer_open(&world);
	ask_satellite(
		&world, 0x20, "0a 44 00 00 02 00 00 00 00 33 00 04 01 01 01 01 02 03", "00 *");
	ask_satellite(&world, 0x20, "0a 40", "00 51 01 00 *");
	world_tell(&world, "pull 1", "slot 1");
	expect_event(&world, "20 61 6f 06"); /* removal requested */
	world_pass(&world, 2000);
	/* The same address, log and slots; the story goes on with the next word. */
	assert_int_equal(manager_of(&world), 22);
	expect_place(&world, 1, CHASSIS_STATE_EMPTY, 0);
	expect_place(&world, 22, CHASSIS_STATE_ACTIVE, 0x20);
	expect_event(&world, "20 61 6f 05"); /* power off */
	expect_event(&world, "20 61 6f 04"); /* ready to be removed */
	expect_event(&world, "20 61 ef 02"); /* gone */
	expect_no_event(&world);
	ask_satellite(&world, 0x20, "06 01", IN_CHARGE);
	ask_satellite(&world, 0x20, "0a 40", "00 51 05 00 *");
	ask_satellite(
		&world, 0x20, "0a 43 00 00 01 00 00 10", "00 02 00 01 00 02 .. .. .. .. 33 00 *");
	ask(&world, TO_DC, "83");
	/* Who comes back stands by. */
	world_tell(&world, "insert 1", "slot 1");
	expect_event(&world, "20 61 6f 02");
	expect_event(&world, "20 61 ef 05");
	expect_no_event(&world);
	assert_int_equal(manager_of(&world), 22);
	ask_satellite(&world, 0xB0, "06 01", STANDS_BY);
	ask_satellite(&world, 0xB0, "0a 40", "c1");
	ask_satellite(&world, 0x20, "0a 40", "00 51 07 00 *");
	/* And takes over in turn. */
	world_tell(&world, "pull 22 now", "place 22");
	world_pass(&world, 499);
	ask(&world, TO_20, "83");
	assert_int_equal(manager_of(&world), 22);
	world_pass(&world, 1);
	assert_int_equal(manager_of(&world), 1);
	expect_event(&world, "20 76 ef 02");
	expect_event(&world, "20 76 6f 05");
	expect_no_event(&world);
	ask_satellite(&world, 0x20, "0a 40", "00 51 09 00 *");
	world_close(&world);
}

static void the_other_takes_over_when_one_breaks(void **state)
{
	struct world world;

	(void)state;
	drawer_open(&world);
	world_tell(&world, "set 22 'Board Temp' 90", "place 22");
	expect_event(&world, "dc 01 01 07");
	expect_event(&world, "dc 01 01 09");
	expect_event(&world, "dc 01 01 0b");
	world_tell(&world, "fault failure at 1 for 10s", "failure");
	expect_event(&world, "20 61 6f 00"); /* its HEALTHY# is gone */
	world_pass(&world, 1000);
	assert_int_equal(manager_of(&world), 22);
	expect_place(&world, 1, CHASSIS_STATE_FAILED, 0xB0);
	/* Its own sensors are as they were, and tell nothing anew. */
	ask_satellite(&world, 0x20, "04 2d 01", "00 5a *");
	world_pass(&world, 10000);
	expect_event(&world, "20 61 ef 00");
	expect_no_event(&world);
	expect_place(&world, 1, CHASSIS_STATE_ACTIVE, 0xB0);
	assert_int_equal(manager_of(&world), 22);
	ask_satellite(&world, 0xB0, "06 01", STANDS_BY);
	world_close(&world);
}

static void silence_of_half_a_second_is_enough(void **state)
{
	struct world world;

	(void)state;
	drawer_open(&world);
	world_tell(&world, "fault silence at 1 for 499ms", "silence");
	world_pass(&world, 1000);
	assert_int_equal(manager_of(&world), 1);
	world_tell(&world, "fault silence at 1 for 501ms", "silence");
	world_pass(&world, 1000);
	assert_int_equal(manager_of(&world), 22);
	ask_satellite(&world, 0x20, "06 01", IN_CHARGE);
	/* Where both say nothing, nothing changes. */
	world_tell(&world, "fault silence for 5s", "silence");
	world_pass(&world, 6000);
	assert_int_equal(manager_of(&world), 22);
	world_close(&world);
}

static void without_managers_nobody_tells_until_one_is_back(void **state)
{
	struct world world;

	(void)state;
	drawer_open(&world);
	world_tell(&world, "pull 22 now", "place 22");
	expect_event(&world, "20 76 ef 02");
	expect_event(&world, "20 76 6f 05");
	world_tell(&world, "pull 1 now", "slot 1");
	world_tell(&world, "pull 7 now", "slot 7");
	expect_no_event(&world);
	ask(&world, TO_20, "83");
	/* The one that was not in charge: it finds what changed meanwhile. */
	world_tell(&world, "insert 22", "place 22");
	world_pass(&world, 900);
	assert_int_equal(manager_of(&world), 22);
	/* By turns, from wherever the other had been. */
	expect_event(&world, "20 76 6f 02");
	expect_event(&world, "20 76 ef 05");
	expect_event(&world, "20 61 ef 02");
	expect_event(&world, "20 61 6f 05");
	expect_event(&world, "20 67 ef 02");
	expect_event(&world, "20 67 6f 05");
	expect_no_event(&world);
	world_close(&world);
}

static void what_was_not_yet_told_is_told_by_the_successor(void **state)
{
	struct world world;

	(void)state;
	drawer_open(&world);
	/* Nobody reads: the first waits in our card, the others at the manager. */
	world_tell(&world, "pull 7 now", "slot 7");
	world_tell(&world, "pull 8 now", "slot 8");
	world_pass(&world, 500);
	world_tell(&world, "pull 1 now", "slot 1");
	world_pass(&world, 1000);
	expect_event(&world, "20 67 ef 02");
	expect_event(&world, "20 67 6f 05");
	expect_event(&world, "20 68 ef 02");
	expect_event(&world, "20 68 6f 05");
	expect_event(&world, "20 61 ef 02");
	expect_event(&world, "20 61 6f 05");
	expect_no_event(&world);
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_is_in_charge_and_the_other_waits),
		cmocka_unit_test(the_other_takes_over_when_one_is_pulled),
		cmocka_unit_test(the_other_takes_over_when_one_breaks),
		cmocka_unit_test(silence_of_half_a_second_is_enough),
		cmocka_unit_test(without_managers_nobody_tells_until_one_is_back),
		cmocka_unit_test(what_was_not_yet_told_is_told_by_the_successor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
