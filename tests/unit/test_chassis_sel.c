/* SPDX-License-Identifier: BSD-2-Clause */
/* The simulated controller's SEL, events, clock and FRU inventory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>

#include "chassis_world.h"

#define RECORD "00 00 02 11 22 33 44 20 00 04 01 01 01 59 2d 50"

static void some_history_is_there_from_the_start(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "0a 40", "00 51 04 00 c0 1f 74 ae 55 69 80 67 54 69 0f");
	ask(&world, "0a 41", "00 00 02 10 00 fc 01 fc 01 01");
	ask(&world, "0a 43 00 00 00 00 00 ff",
		"00 02 00 01 00 02 e8 a3 55 69 20 00 04 12 50 6f 01 ff ff");
	ask(&world, "0a 43 00 00 ff ff 00 ff", "00 ff ff 04 00 02 *");
	ask(&world, "0a 43 00 00 05 00 00 ff", "cb");
	world_close(&world);
}

static void added_records_get_their_id_and_time(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "0a 44 " RECORD, "00 05 00");
	ask(&world, "0a 43 00 00 05 00 00 ff",
		"00 ff ff 05 00 02 00 b9 55 69 20 00 04 01 01 01 59 2d 50");
	/* OEM without a time: all 13 bytes are the sender's. */
	ask(&world, "0a 44 00 00 e1 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d", "00 06 00");
	ask(&world, "0a 43 00 00 06 00 00 ff",
		"00 ff ff 06 00 e1 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d");
	ask(&world, "0a 44 00 00 02", "c7");
	world_close(&world);
}

static void records_can_be_added_in_parts(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "0a 45 00 00 00 00 00 00 00", "c5");
	ask(&world, "0a 42", "00 01 00");
	ask(&world, "0a 45 01 00 00 00 00 00 00 00 02 11 22 33 44", "00 05 00");
	ask(&world, "0a 45 01 00 05 00 08 01 00 04 01 01 01 59 2d 50", "cc"); /* a hole */
	ask(&world, "0a 45 01 00 05 00 07 01 20 00 04 01", "c7");             /* not the end */
	ask(&world, "0a 45 01 00 05 00 07 01 20 00 04 01 01 01 59 2d 50", "00 05 00");
	ask(&world, "0a 43 00 00 05 00 00 ff",
		"00 ff ff 05 00 02 00 b9 55 69 20 00 04 01 01 01 59 2d 50");
	world_close(&world);
}

static void partial_reads_and_deletions_need_the_one_reservation(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "0a 43 00 00 01 00 00 04", "00 02 00 01 00 02 e8");
	ask(&world, "0a 43 00 00 01 00 01 04", "c5");
	ask(&world, "0a 46 00 00 01 00", "c5");
	ask(&world, "0a 42", "00 01 00");
	ask(&world, "0a 43 01 00 01 00 02 01", "00 02 00 02");
	ask(&world, "0a 43 01 00 01 00 10 01", "c9");
	ask(&world, "0a 43 01 00 01 00 10 ff", "c9");
	ask(&world, "0a 43 01 00 01 00 0f 02", "c9");
	ask(&world, "0a 42", "00 02 00"); /* somebody else's */
	ask(&world, "0a 46 01 00 02 00", "c5");
	ask(&world, "0a 46 02 00 02 00", "00 02 00");
	ask(&world, "0a 46 02 00 03 00", "c5"); /* a deletion ends it */
	ask(&world, "0a 43 00 00 01 00 00 02", "00 03 00 01 00");
	ask(&world, "0a 40", "00 51 03 00 *");
	ask(&world, "0a 42", "00 03 00");
	ask(&world, "0a 46 03 00 02 00", "cb");
	ask(&world, "0a 46 03 00 ff ff", "00 04 00"); /* the last */
	world_close(&world);
}

static void clearing_takes_its_time_and_can_be_watched(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "service=100");
	ask(&world, "0a 47 00 00 43 4c 52 aa", "c5");
	ask(&world, "0a 42", "00 01 00");
	ask(&world, "0a 47 01 00 43 4c 53 aa", "cc");
	ask(&world, "0a 47 01 00 43 4c 52 ab", "cc");
	ask(&world, "0a 47 01 00 43 4c 52 aa", "00 00");
	ask(&world, "0a 47 01 00 43 4c 52 00", "00 00");
	ask(&world, "0a 43 00 00 00 00 00 ff", "81");
	ask(&world, "0a 42", "81");
	ask(&world, "04 15", "81");
	world_pass(&world, 500);
	ask(&world, "0a 47 01 00 43 4c 52 00", "00 01");
	ask(&world, "0a 43 00 00 00 00 00 ff", "cb");
	ask(&world, "0a 40", "00 51 00 00 00 20 *");
	ask(&world, "0a 44 " RECORD, "00 01 00");
	world_close(&world);
}

static void a_full_log_refuses_and_tells(void **state)
{
	struct world world;
	unsigned i;

	(void)state;
	world_open(&world, "");
	for (i = 5; i <= 383; i++) {
		ask(&world, "0a 44 " RECORD, "00 .. ..");
	}
	ask(&world, "0a 40", "00 51 7f 01 *");
	ask(&world, "0a 44 " RECORD, "00 80 01");
	world_pass(&world, 0);
	/* Event Logging Disabled, almost full, 75 percent. */
	ask(&world, "0a 43 00 00 ff ff 00 ff",
		"00 ff ff 81 01 02 .. .. .. .. 20 00 04 10 41 6f 35 ff 4b");
	for (i = 0x182; i <= 512; i++) {
		ask(&world, "0a 44 " RECORD, "00 .. ..");
	}
	ask(&world, "0a 40", "00 51 00 02 00 00 .. .. .. .. .. .. .. .. *");
	ask(&world, "0a 44 " RECORD, "c4");
	ask(&world, "0a 40", "00 51 00 02 00 00 .. .. .. .. .. .. .. .. 8f");
	ask(&world, "04 2d 41", "00 00 c0 30 80");
	ask(&world, "0a 42", "00 01 00");
	ask(&world, "0a 47 01 00 43 4c 52 aa", "00 01");
	world_pass(&world, 0);
	ask(&world, "04 2d 41", "00 00 c0 00 80");
	world_close(&world);
}

static void platform_events_name_their_generator(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "04 02 41 04 01 30 01 59 00 00", "00");
	ask(&world, "0a 43 00 00 ff ff 00 ff",
		"00 ff ff 05 00 02 00 b9 55 69 41 00 04 01 30 01 59 00 00");
	ask(&world, "04 02 20 04 01 30 01 59 00 00", "cc"); /* an address is no software ID */
	ask(&world, "04 02 04 01 30 01 59 00 00", "c7");
	ask(&world, "06 2e 00", "00"); /* logging off */
	ask(&world, "04 02 41 04 01 30 01 59 00 00", "00");
	ask(&world, "0a 40", "00 51 05 00 *");
	ask(&world, "04 01", "00 20 00");
	ask(&world, "04 00 21 00", "cc");
	world_close(&world);
}

static void the_clock_can_be_set(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "0a 48", "00 00 b9 55 69");
	ask(&world, "0a 49 78 56 34 12", "00");
	ask(&world, "0a 48", "00 78 56 34 12");
	ask(&world, "0a 28", "00 78 56 34 12");
	ask(&world, "0a 5c", "00 ff 07");
	ask(&world, "0a 5d 3c 00", "00");
	ask(&world, "0a 5c", "00 3c 00");
	ask(&world, "0a 5d a0 05", "00"); /* 1440 */
	ask(&world, "0a 5d a1 05", "c9");
	ask(&world, "0a 5d 60 fa", "00"); /* -1440 */
	ask(&world, "0a 5d 5f fa", "c9");
	ask(&world, "0a 5b 01 01 02 03 04", "00");
	ask(&world, "0a 5a 01", "00 01 02 03 04");
	ask(&world, "0a 5a 03", "cc");
	world_close(&world);
}

static uint8_t sum(const uint8_t *bytes, size_t length)
{
	uint8_t total = 0;

	while (length-- > 0) {
		total += *bytes++;
	}
	return total;
}

static void fru_areas_add_up(void **state)
{
	struct world world;
	uint8_t image[255];
	unsigned area;

	(void)state;
	world_open(&world, "");
	ask(&world, "0a 10 00", "00 00 02 00");
	ask(&world, "0a 10 01", "00 00 01 00");
	ask(&world, "0a 10 02", "cb");
	ask(&world, "0a 11 00 00 00 ff", "00 ff *");
	memcpy(image, world.response + 2, sizeof(image));
	assert_int_equal(image[0], 1);
	assert_int_equal(sum(image, 8), 0);
	for (area = 2; area <= 4; area++) {
		unsigned start = image[area] * 8u;

		assert_in_range(start, 8, 200);
		assert_in_range(start + image[start + 1] * 8u, start + 8, sizeof(image));
		assert_int_equal(sum(image + start, image[start + 1] * 8u), 0);
	}
	world_close(&world);
}

static void fru_bytes_can_be_written(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "0a 12 00 fe 01 12 34", "00 02");
	ask(&world, "0a 11 00 fd 01 03", "00 03 ff 12 34");
	ask(&world, "0a 11 00 fe 01 10", "00 02 12 34"); /* less is left */
	ask(&world, "0a 11 00 00 02 01", "c9");
	ask(&world, "0a 12 00 ff 01 12 34", "c9");
	ask(&world, "0a 12 05 00 00 12", "cb");
	ask(&world, "0a 11 05 00 00 01", "cb");
	ask_satellite(&world, 0xB4, "0a 11 00 00 00 08", "00 08 01 00 00 *");
	ask_satellite(&world, 0xB4, "0a 11 00 00 00 17", "00 17 *");
	ask_satellite(&world, 0xB4, "0a 11 00 00 00 18", "ca");
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(some_history_is_there_from_the_start),
		cmocka_unit_test(added_records_get_their_id_and_time),
		cmocka_unit_test(records_can_be_added_in_parts),
		cmocka_unit_test(partial_reads_and_deletions_need_the_one_reservation),
		cmocka_unit_test(clearing_takes_its_time_and_can_be_watched),
		cmocka_unit_test(a_full_log_refuses_and_tells),
		cmocka_unit_test(platform_events_name_their_generator),
		cmocka_unit_test(the_clock_can_be_set),
		cmocka_unit_test(fru_areas_add_up),
		cmocka_unit_test(fru_bytes_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
