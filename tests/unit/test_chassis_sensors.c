/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulated controller's sensors, their records and their events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "chassis_world.h"

/* Sensors of the node card: Cpu Temp, Vcc minus 12V, Supply 1. */

static void readings_come_with_their_state(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "04 2d 01", "00 33 c0 c0");
	ask(&world, "04 2d 19", "00 88 c0 c0"); /* -12.0 V, signed */
	ask(&world, "04 2d 44", "00 00 c0 01 80");
	ask(&world, "04 2d fe", "cb");
	ask(&world, "04 2d 50", "cb"); /* event-only sensors cannot be read */
	ask(&world, "04 2f 01", "00 01 01");
	ask(&world, "04 2f 44", "00 08 6f");
	ask(&world, "04 23 01 33", "00 34 01 01 00 00 00 00");
	ask(&world, "04 23 44 00", "cd");
	ask(&world, "04 23 fe 00", "cb");
	world_close(&world);
}

static void thresholds_can_be_set_one_by_one(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "04 27 01", "00 38 00 00 00 50 5a 64");
	ask(&world, "04 26 01 08 ff ff ff 4d ff ff", "00");
	ask(&world, "04 27 01", "00 38 00 00 00 4d 5a 64");
	ask(&world, "04 26 01 01 00 00 00 00 00 00", "cc"); /* there is no LNC */
	ask(&world, "04 26 01 38 00 00 00 50 4f 64", "cc"); /* UC below UNC */
	ask(&world, "04 27 01", "00 38 00 00 00 4d 5a 64");
	ask(&world, "04 26 44 08 00 00 00 4d 00 00", "cd");
	ask(&world, "04 26 fe 08 00 00 00 4d 00 00", "cb");
	ask(&world, "04 26 01 08", "c7");
	ask(&world, "04 25 01 ff", "00 02 02");
	ask(&world, "04 24 01 ff 05 06", "00");
	ask(&world, "04 25 01 ff", "00 05 06");
	world_close(&world);
}

/* Sets the reading of Cpu Temp. */
static void set_reading(struct world *world, uint8_t raw)
{
	char request[32];

	snprintf(request, sizeof(request), "04 30 01 01 %02x", raw);
	ask(world, request, "00");
}

static void crossing_a_threshold_logs_an_event(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	set_reading(&world, 0x50);
	ask(&world, "04 2d 01", "00 50 c0 c8");
	ask(&world, "0a 43 00 00 ff ff 00 ff",
		"00 ff ff 05 00 02 .. .. .. .. 20 00 04 01 01 01 57 50 50");
	ask(&world, "04 2b 01", "00 c0 80 00 00 00");
	world_close(&world);
}

static void hysteresis_keeps_a_reading_at_the_edge_from_rattling(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "0a 40", "00 51 04 00 *");
	set_reading(&world, 0x50);
	ask(&world, "0a 40", "00 51 05 00 *");
	set_reading(&world, 0x4F);
	set_reading(&world, 0x4E); /* 80 - 2: not yet */
	ask(&world, "0a 40", "00 51 05 00 *");
	set_reading(&world, 0x4D);
	ask(&world, "0a 43 00 00 ff ff 00 ff",
		"00 ff ff 06 00 02 .. .. .. .. 20 00 04 01 01 81 57 4d 50");
	set_reading(&world, 0x4F);
	ask(&world, "0a 40", "00 51 06 00 *");
	world_close(&world);
}

static void signed_readings_are_compared_as_signed(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "04 30 0a 01 fa", "00"); /* Ambient Temp at -6: LNC is -5, LC is -10 */
	ask(&world, "04 2d 0a", "00 fa c0 c1");
	ask(&world, "04 30 0a 01 f6", "00");
	ask(&world, "04 2d 0a", "00 f6 c0 c3");
	ask(&world, "04 30 0a 01 00", "00");
	ask(&world, "04 2d 0a", "00 00 c0 c0");
	world_close(&world);
}

static void events_can_be_switched_off_and_on(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "04 29 01", "00 c0 80 0a 80 0a");
	ask(&world, "04 28 01 e0 80 00 00 00", "00"); /* without UNC's assertion */
	ask(&world, "04 29 01", "00 c0 00 0a 80 0a");
	set_reading(&world, 0x50);
	ask(&world, "0a 40", "00 51 04 00 *");
	ask(&world, "04 28 01 d0 80 00 00 00", "00");
	ask(&world, "04 29 01", "00 c0 80 0a 80 0a");
	ask(&world, "04 28 01 40", "00"); /* no event messages at all */
	set_reading(&world, 0x70);
	ask(&world, "0a 40", "00 51 04 00 *");
	ask(&world, "04 28 01 80", "00"); /* not scanned any more */
	ask(&world, "04 2d 01", "00 70 a0 *");
	ask(&world, "04 28 01 f0", "cc");
	ask(&world, "04 28 fe c0", "cb");
	world_close(&world);
}

static void rearming_lets_what_still_holds_occur_again(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	set_reading(&world, 0x50);
	ask(&world, "0a 40", "00 51 05 00 *");
	ask(&world, "04 2a 01 00", "00");
	ask(&world, "0a 40", "00 51 06 00 *");
	ask(&world, "04 2a 01 80 00 02 00 00", "00"); /* only UC, which did not occur */
	ask(&world, "0a 40", "00 51 06 00 *");
	ask(&world, "04 2a 44 00", "00"); /* a supply's presence */
	ask(&world, "0a 43 00 00 ff ff 00 ff",
		"00 ff ff 07 00 02 .. .. .. .. 20 00 04 08 44 6f 00 ff ff");
	world_close(&world);
}

static void discrete_states_make_events_when_they_change(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "04 30 44 20 00 02 00", "00"); /* failure, beside presence */
	ask(&world, "04 2d 44", "00 00 c0 03 80");
	ask(&world, "0a 43 00 00 ff ff 00 ff",
		"00 ff ff 05 00 02 .. .. .. .. 20 00 04 08 44 6f 01 ff ff");
	ask(&world, "04 30 44 10 00 01 00", "00"); /* exactly presence */
	ask(&world, "0a 43 00 00 ff ff 00 ff",
		"00 ff ff 06 00 02 .. .. .. .. 20 00 04 08 44 ef 01 ff ff");
	ask(&world, "04 30 44 30 00 00 00", "00"); /* all but these cleared */
	ask(&world, "04 2d 44", "00 00 c0 00 80");
	ask(&world, "04 30 44 10 00 00 40", "cc"); /* a state it cannot have */
	ask(&world, "04 30 44 11", "c6");
	ask(&world, "04 30 fe 01 00", "cb");
	world_close(&world);
}

static void records_can_be_read_whole_and_form_a_chain(void **state)
{
	struct world world;
	uint16_t next = 0, count = 0;
	char request[48];

	(void)state;
	world_open(&world, "");
	ask(&world, "0a 20", "00 51 30 00 00 00 .. .. .. .. .. .. .. .. 03");
	do {
		snprintf(request, sizeof(request), "0a 23 00 00 %02x %02x 00 ff", next & 0xFF,
			next >> 8);
		ask(&world, request, "00 *");
		next = (uint16_t)(world.response[1] | world.response[2] << 8);
		count++;
		assert_int_equal(world.response[3] | world.response[4] << 8, count);
		assert_int_equal(world.response[5], 0x51);
		assert_int_equal(world.response[7], world.length - 8);
	} while (next != 0xFFFF && count < 1000);
	assert_int_equal(count, 48);
	ask(&world, "0a 23 00 00 31 00 00 ff", "cb");
	world_close(&world);
}

static void a_full_record_matches_the_golden_bytes(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	/* Vcc 12V: 0.063 V a count, 191 is 12.03 V. */
	ask(&world, "0a 23 00 00 0b 00 00 ff",
		"00 0c 00 "
		"0b 00 51 01 32 20 00 10 07 01 7f 68 02 01 "
		"95 7a 95 7a 3f 3f 00 04 00 00 3f 01 00 00 00 d0 "
		"07 bf c7 b6 ff 00 dc d2 c8 a3 ac b5 01 01 00 00 00 "
		"c7 56 63 63 20 31 32 56");
	/* A compact one: Supply 1. */
	ask(&world, "0a 23 00 00 23 00 00 ff",
		"00 24 00 "
		"23 00 51 02 23 20 00 44 0a 01 67 40 08 6f "
		"0f 00 0f 00 0f 00 c0 00 00 01 00 00 00 00 00 00 00 "
		"c8 53 75 70 70 6c 79 20 31");
	/* The satellite's locator. */
	ask(&world, "0a 23 00 00 ff ff 00 ff",
		"00 ff ff 30 00 51 12 17 b4 00 20 29 00 00 00 07 03 00 "
		"cc 53 61 74 65 6c 6c 69 74 65 20 42 34");
	world_close(&world);
}

static void partial_reads_need_the_one_reservation(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "0a 23 00 00 01 00 00 05", "00 02 00 01 00 51 01 *");
	ask(&world, "0a 23 00 00 01 00 05 05", "c5"); /* none was taken yet */
	ask(&world, "0a 22", "00 01 00");
	ask(&world, "0a 23 01 00 01 00 05 02", "00 02 00 20 00");
	ask(&world, "0a 22", "00 02 00"); /* somebody else's */
	ask(&world, "0a 23 01 00 01 00 05 02", "c5");
	ask(&world, "0a 23 02 00 01 00 05 02", "00 02 00 20 00");
	ask(&world, "0a 23 00 00 01 00 05 02", "c5");
	ask(&world, "0a 23 02 00 01 00 38 02", "c9"); /* behind its end */
	ask(&world, "0a 23 02 00 01 00 37 02", "ca"); /* past its end */
	world_close(&world);
}

static void a_satellite_has_device_sdrs_and_sends_its_events(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask_satellite(&world, 0xB4, "06 01", "00 34 81 01 07 02 29 f2 1b 00 53 43 00 00 00 00");
	ask_satellite(&world, 0xB4, "06 04", "00 55 00");
	ask_satellite(&world, 0xB4, "04 20", "00 04 01");
	ask_satellite(&world, 0xB4, "04 20 01", "00 06 01");
	ask_satellite(&world, 0xB4, "04 22", "00 01 00");
	ask_satellite(&world, 0xB4, "04 21 01 00 00 00 00 05", "00 02 00 01 00 51 01 35");
	ask_satellite(&world, 0xB4, "04 21 01 00 01 00 05 10", "00 02 00 b4 00 01 *");
	/* More than a frame of the IPMB carries. */
	ask_satellite(&world, 0xB4, "04 21 01 00 01 00 00 ff", "ca");
	ask_satellite(&world, 0xB4, "0a 40", "c1");
	ask_satellite(&world, 0xB4, "06 25", "c1");
	ask(&world, "0a 40", "00 51 04 00 *");
	ask_satellite(&world, 0xB4, "04 26 01 08 00 00 00 10 00 00", "00");
	ask(&world, "0a 43 00 00 ff ff 00 ff",
		"00 ff ff 05 00 02 .. .. .. .. b4 00 04 01 01 01 57 .. 10");
	ask_satellite(&world, 0xB4, "04 00 ff 00", "00"); /* and now it sends none */
	ask_satellite(&world, 0xB4, "04 2a 01 00", "00");
	ask(&world, "0a 40", "00 51 05 00 *");
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(readings_come_with_their_state),
		cmocka_unit_test(thresholds_can_be_set_one_by_one),
		cmocka_unit_test(crossing_a_threshold_logs_an_event),
		cmocka_unit_test(hysteresis_keeps_a_reading_at_the_edge_from_rattling),
		cmocka_unit_test(signed_readings_are_compared_as_signed),
		cmocka_unit_test(events_can_be_switched_off_and_on),
		cmocka_unit_test(rearming_lets_what_still_holds_occur_again),
		cmocka_unit_test(discrete_states_make_events_when_they_change),
		cmocka_unit_test(records_can_be_read_whole_and_form_a_chain),
		cmocka_unit_test(a_full_record_matches_the_golden_bytes),
		cmocka_unit_test(partial_reads_need_the_one_reservation),
		cmocka_unit_test(a_satellite_has_device_sdrs_and_sends_its_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
