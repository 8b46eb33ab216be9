/* SPDX-License-Identifier: BSD-2-Clause */
/* What the simulated controller keeps for others: parameters, users, channels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "chassis_world.h"

static void parameters_are_set_and_read(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "0c 02 01 03 00 00", "00 11 c0 00 02 14");
	ask(&world, "0c 01 01 03 0a 01 02 03", "00");
	ask(&world, "0c 02 01 03 00 00", "00 11 0a 01 02 03");
	ask(&world, "0c 02 81 03 00 00", "00 11"); /* the revision only */
	ask(&world, "0c 01 01 03 0a 01 02", "c7");
	ask(&world, "0c 01 01 01 00", "82"); /* read-only */
	ask(&world, "0c 01 01 c0 00", "80");
	ask(&world, "0c 02 01 c0 00 00", "80");
	ask(&world, "0c 02 02 03 00 00", "cc"); /* no LAN channel */
	ask(&world, "0c 22 01 05 00 00", "00 11 0a");
	ask(&world, "0c 21 01 05 06", "00");
	ask(&world, "0c 22 01 05 00 00", "00 11 06");
	ask(&world, "0c 22 01 06 00 00", "00 11 0a");
	world_close(&world);
}

static void tables_are_addressed_by_set_and_block(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "0c 01 01 12 02 01 05 06", "00");
	ask(&world, "0c 02 01 12 02 00", "00 11 02 01 05 06");
	ask(&world, "0c 02 01 12 01 00", "00 11 01 00 03 02");
	ask(&world, "0c 02 01 12 04 00", "c9");
	ask(&world, "0c 01 01 12 04 01 05 06", "c9");
	/* PEF: filters count from 1; parameter 7 is the beginning of parameter 6. */
	ask(&world, "04 13 06 00 00", "c9");
	ask(&world, "04 12 06 10 80 01 00 00 ff ff ff ff ff ff ff 00 00 00 00 00 00 00 00 00",
		"00");
	ask(&world, "04 12 06 10 80 01 00 00 ff ff ff ff ff ff ff 00 00 00 00 00 00 00 00", "c7");
	ask(&world, "04 12 06 10 80 01 00 00 ff ff ff ff ff ff ff 00 00 00 00 00 00 00 00 00 00",
		"c7");
	ask(&world, "04 13 07 10 00", "00 11 10 80");
	ask(&world, "04 12 07 10 c0", "00");
	ask(&world, "04 13 06 10 00",
		"00 11 10 c0 01 00 00 ff ff ff ff ff ff ff 00 00 00 00 00 00 00 00 00");
	ask(&world, "04 13 06 11 00", "c9");
	/* Alert strings have blocks, and may be shorter. */
	ask(&world, "04 12 0d 01 02 41 42", "00");
	ask(&world, "04 13 0d 01 02",
		"00 11 01 02 41 42 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
	ask(&world, "04 13 0d 01 01", "00 11 01 01 00 *");
	ask(&world, "04 13 0d 01 00", "c9");
	ask(&world, "04 13 0d 01 05", "c9");
	world_close(&world);
}

static void whoever_finds_the_lock_free_takes_it(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "0c 02 01 00 00 00", "00 11 00");
	ask(&world, "0c 01 01 00 01", "00");
	ask(&world, "0c 02 01 00 00 00", "00 11 01");
	ask(&world, "0c 01 01 00 01", "81");
	ask(&world, "0c 21 01 00 01", "00"); /* SOL has its own */
	ask(&world, "0c 01 01 00 02", "00"); /* commit */
	ask(&world, "0c 01 01 00 01", "00");
	ask(&world, "0c 01 01 00 00", "00");
	ask(&world, "0c 01 01 00 03", "cc");
	ask(&world, "0c 01 01 00 00 00", "c7");
	world_close(&world);
}

static void boot_options_and_strings_are_kept(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "00 09 05 00 00", "00 01 05 00 00 00 00 00");
	ask(&world, "00 08 05 80 04 00 00 00", "00");
	ask(&world, "00 09 05 00 00", "00 01 05 80 04 00 00 00");
	ask(&world, "00 08 85", "00"); /* marked invalid */
	ask(&world, "00 09 05 00 00", "00 01 85 80 04 00 00 00");
	ask(&world, "00 08 05", "00");
	ask(&world, "00 09 05 00 00", "00 01 05 *");
	ask(&world, "00 08 08 00", "80");
	ask(&world, "00 09 08 00 00", "80");
	ask(&world, "00 09 07 04 00", "00 01 07 04 *");
	ask(&world, "00 09 07 05 00", "c9");
	ask(&world, "06 59 00 01 00 00", "00 11 00 00 04 32 2e 31 35 *");
	ask(&world, "06 59 00 02 01 00", "00 11 01 00 00 00 *");
	ask(&world, "06 58 02 00 00 02 68 69", "00");
	ask(&world, "06 59 00 02 00 00",
		"00 11 00 00 02 68 69 00 00 00 00 00 00 00 00 00 00 00 00");
	ask(&world, "06 59 80 02 00 00", "00 11");
	ask(&world, "06 59 00 08 00 00", "80");
	world_close(&world);
}

static void users_have_names_passwords_and_rights(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 44 01 02", "00 0a 41 01 14");
	ask(&world, "06 44 01 03", "00 0a 81 01 0f");
	ask(&world, "06 44 01 00", "c9");
	ask(&world, "06 44 01 0a", "00 0a 81 01 0f");
	ask(&world, "06 44 01 0b", "c9");
	ask(&world, "06 44 00 02", "cc");
	ask(&world, "06 43 91 03 03", "00");
	ask(&world, "06 44 01 03", "00 0a 81 01 13");
	ask(&world, "06 43 01 03 02", "00"); /* the bits stay, the privilege changes */
	ask(&world, "06 44 01 03", "00 0a 81 01 12");
	ask(&world, "06 43 91 03 00", "cc");
	ask(&world, "06 46 02", "00 61 64 6d 69 6e 00 00 00 00 00 00 00 00 00 00 00");
	ask(&world, "06 45 03 62 6f 62 00 00 00 00 00 00 00 00 00 00 00 00 00", "00");
	ask(&world, "06 46 03", "00 62 6f 62 00 00 00 00 00 00 00 00 00 00 00 00 00");
	ask(&world, "06 45 01 62 6f 62 00 00 00 00 00 00 00 00 00 00 00 00 00", "cc");
	ask(&world, "06 47 03 02 70 77 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "00");
	ask(&world, "06 47 03 03 70 77 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "00");
	ask(&world, "06 47 03 03 70 78 00 00 00 00 00 00 00 00 00 00 00 00 00 00", "80");
	ask(&world, "06 47 83 03 70 77 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
		"81");
	ask(&world, "06 47 03 02 70", "c7");
	ask(&world, "06 47 03 01", "00"); /* enable */
	ask(&world, "06 44 01 03", "00 0a 42 01 12");
	ask(&world, "06 4d 01 03", "00 02 00 00 00");
	ask(&world, "06 4c 01 43 02 00 00 00", "00");
	ask(&world, "06 4d 01 03", "00 00 00 00 00");
	world_close(&world);
}

static void channels_say_what_they_are(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 42 00", "00 00 01 01 00 f2 1b 00 00 00");
	ask(&world, "06 42 01", "00 01 04 01 80 f2 1b 00 00 00");
	ask(&world, "06 42 0e", "00 0f 0c 05 00 f2 1b 00 ff ff"); /* "this one" */
	ask(&world, "06 42 05", "00 05 00 00 00 f2 1b 00 00 00");
	ask(&world, "06 41 01 40", "00 02 04");
	ask(&world, "06 40 01 83 82", "00"); /* volatile */
	ask(&world, "06 41 01 80", "00 03 02");
	ask(&world, "06 41 01 40", "00 02 04");
	ask(&world, "06 41 01 00", "cc");
	ask(&world, "06 41 00 40", "82");
	ask(&world, "06 40 0f 83 82", "82");
	ask(&world, "06 40 01 84 82", "83");
	ask(&world, "06 38 81 04", "00 01 94 04 03 00 00 00 00");
	ask(&world, "06 38 0e 04", "cc");
	ask(&world, "06 54 01 00 80", "00 01 c0 03 01 41 81 c0 11 03 44 81");
	ask(&world, "06 54 01 00 81", "00 01");
	ask(&world, "06 4e 01", "00 03 00 3f 00 00 00 00 00");
	ask(&world, "06 4f 01 01", "00 10");
	ask(&world, "06 4f 01 02", "80");
	ask(&world, "06 4a 01", "00 01 00 00");
	ask(&world, "06 4b 01 01", "00 00 00 00 00 00 00 00 00 00 00 00 00");
	ask(&world, "06 3d 00", "00 00 04 00");
	ask(&world, "06 3d fe 01", "cb");
	world_close(&world);
}

static void keys_can_be_read_and_set_but_not_locked(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "06 56 01 01 01 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14",
		"00 02");
	ask(&world, "06 56 01 00 01",
		"00 02 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14");
	ask(&world, "06 56 01 00 00", "00 02 00 *");
	ask(&world, "06 56 01 02 00", "80");
	ask(&world, "06 56 01 00 02", "cc");
	ask(&world, "06 56 01 01 01 01", "c7");
	world_close(&world);
}

static void pef_says_what_it_could_do(void **state)
{
	struct world world;

	(void)state;
	world_open(&world, "");
	ask(&world, "04 10", "00 51 2f 10");
	ask(&world, "04 15", "00 74 ae 55 69 04 00 ff ff ff ff");
	ask(&world, "04 14 00 03 00", "00");
	ask(&world, "04 14 01 02 00", "00");
	ask(&world, "04 15", "00 74 ae 55 69 04 00 03 00 02 00");
	ask(&world, "04 11 ff", "00 00");
	ask(&world, "04 11 1e", "00 1e");
	world_pass(&world, 15000);
	ask(&world, "04 11 ff", "00 0d");
	ask(&world, "04 11 00", "00 00");
	ask(&world, "04 16 01 00 00", "00 01");
	ask(&world, "04 16 00 00 00", "cc");
	world_close(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_are_set_and_read),
		cmocka_unit_test(tables_are_addressed_by_set_and_block),
		cmocka_unit_test(whoever_finds_the_lock_free_takes_it),
		cmocka_unit_test(boot_options_and_strings_are_kept),
		cmocka_unit_test(users_have_names_passwords_and_rights),
		cmocka_unit_test(channels_say_what_they_are),
		cmocka_unit_test(keys_can_be_read_and_set_but_not_locked),
		cmocka_unit_test(pef_says_what_it_could_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
