/* SPDX-License-Identifier: BSD-2-Clause */
/* The picture of the simulated drawer, line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/chassis.h"

/* A small drawer with one of everything. */
static const struct drawer small = {
	.whole = {.slots = 4,
		.places = 6,
		.own_place = 2,
		.own_address = 0x20,
		.enum_line = true,
		.seed = 7,
		.time_ms = 65000,
		.name = "CT\033820"},
	.places =
		{
			{.place = 1,
				.kind = CHASSIS_KIND_MANAGER,
				.state = CHASSIS_STATE_ACTIVE,
				.address = 0xB0,
				.bd_sel = true,
				.healthy = true,
				.name = "Manager A"},
			{.place = 2,
				.kind = CHASSIS_KIND_NODE,
				.state = CHASSIS_STATE_ACTIVE,
				.address = 0x20,
				.own = true,
				.bd_sel = true,
				.healthy = true,
				.severity = CHASSIS_SEVERITY_CRITICAL,
				.name = "CP2300",
				.worst = "CPU Temp"},
			{.place = 3},
			{.place = 4,
				.kind = CHASSIS_KIND_FABRIC,
				.state = CHASSIS_STATE_QUIESCING,
				.address = 0xB6,
				.blue_led = CHASSIS_LED_BLINKING,
				.ejector_open = true,
				.enum_asserted = true,
				.suffering = true,
				.name = "Fabric"},
			{.place = 5,
				.kind = CHASSIS_KIND_POWER_SUPPLY,
				.state = CHASSIS_STATE_FAILED,
				.severity = CHASSIS_SEVERITY_NON_RECOVERABLE,
				.name = "Power Supply 1",
				.worst = "PS1 Status"},
			{.place = 6, .name = "Fan Tray 1"},
		},
	.faults = {{.kind = CHASSIS_FAULT_LATE,
			   .percent = 10,
			   .place = 4,
			   .by_ms = 7000,
			   .left_ms = 3000,
			   .hits = 1},
		{.kind = CHASSIS_FAULT_SILENCE,
			.percent = 100,
			.left_ms = CHASSIS_FAULT_UNTIL_ENDED}},
	.faults_count = 2,
};

static const char small_plain[] =
	"SIMULATED chassis CT?820: 4 slots, seed 7, running for 1 min 5 s; ENUM# is asserted\n"
	"Our controller (*) is the BMC in slot 2, at 20h.\n"
	"\n"
	"+---+---+---+---+\n"
	"| 1 | 2*| 3 | 4 | slot\n"
	"+---+---+---+---+\n"
	"|MGR|CPU|   |FAB| board\n"
	"|B0h|20h|   |B6h| address\n"
	"|on |on |   |dn | state\n"
	"| ok|!! |   | x | health\n"
	"|SH-|SH-|   |--E| signals\n"
	"| . | . |   | b | blue LED\n"
	"|[=]|[=]|   |\\ /| ejector\n"
	"+---+---+---+---+\n"
	"board:   MGR chassis manager, FAB fabric card, CPU node card\n"
	"state:   on active, dn letting go\n"
	"health:  !! critical, x a fault is injected\n"
	"signals: S BD_SEL#, H HEALTHY#, E ENUM#, b blue LED blinking, \\ / ejector open\n"
	"\n"
	" 5  Power Supply 1         failed, non-recoverable\n"
	" 6  -                      empty\n"
	"\n"
	"In trouble:\n"
	" 2  CP2300            CPU Temp is critical\n"
	" 5  Power Supply 1    PS1 Status is non-recoverable; failed, no HEALTHY#\n"
	"\n"
	"Faults injected:\n"
	"    late 10% by 7000ms at 4, 3 s left, happened 1 time\n"
	"    silence, until 'fault none'\n";

static char *draw(const struct drawer *drawer, struct look look)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	picture_draw(stream, drawer, &look);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void a_plain_terminal_gets_a_plain_picture(void **state)
{
	char *text = draw(&small, (struct look){0});

	(void)state;
	assert_string_equal(text, small_plain);
	free(text);
}

/* Columns, not bytes, nor what colours need. */
static size_t width(const char *line)
{
	size_t columns = 0;

	for (; *line && *line != '\n'; line++) {
		if (*line == '\033') {
			line += strcspn(line, "m");
		} else {
			columns += (*line & 0xC0) != 0x80;
		}
	}
	return columns;
}

/* A drawer of 21 slots with something of everything, in the longest words. */
static struct drawer full_drawer(void)
{
	struct drawer drawer = {.whole = {.slots = 21,
					.places = CHASSIS_PLACES_MAX,
					.role = CHASSIS_ROLE_PERIPHERAL,
					.own_place = 7,
					.own_address = 0xBC,
					.manager = 22}};

	for (uint8_t i = 0; i < CHASSIS_PLACES_MAX; i++) {
		drawer.places[i] = (struct chassis_place){.place = i + 1,
			.kind = i % CHASSIS_KIND_COUNT,
			.state = i % CHASSIS_STATE_COUNT,
			.blue_led = i % CHASSIS_LED_COUNT,
			.severity = i % CHASSIS_SEVERITY_COUNT,
			.address = i,
			.own = true,
			.ejector_open = i % 2,
			.name = "Sixteen letters.",
			.worst = "Sixteen letters."};
	}
	return drawer;
}

static unsigned count_of(const char *text, const char *what)
{
	unsigned count = 0;

	for (; (text = strstr(text, what)); text++) {
		count++;
	}
	return count;
}

static void the_whole_drawer_fits_into_the_terminal(void **state)
{
	static const struct {
		unsigned columns, fit, bands;
	} terminals[] = {{0, 100, 1}, {120, 120, 1}, {94, 94, 1}, {93, 93, 2}, {80, 80, 2}};
	struct drawer drawer = full_drawer();

	(void)state;
	for (size_t i = 0; i < 4 * sizeof(terminals) / sizeof(terminals[0]); i++) {
		struct look look = {
			.utf8 = i & 1, .colours = i & 2, .columns = terminals[i / 4].columns};
		char *text = draw(&drawer, look);

		for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
			assert_in_range(width(line), 0, terminals[i / 4].fit);
		}
		assert_int_equal(count_of(text, " slot\n"), terminals[i / 4].bands);
		assert_int_equal(count_of(text, "\033[") > 0, look.colours);
		assert_non_null(strstr(text, "a peripheral in slot 7, at BCh.\n"));
		assert_non_null(strstr(text, "\nThe manager in 22 is in charge, at 15h.\n"));
		for (const char *at = text; !look.utf8 && *at; at++) {
			assert_in_range(*at, 1, 0x7E);
		}
		free(text);
	}
}

/* Every slot once, in order, whatever the width: even where nothing fits. */
static void every_slot_is_drawn_once(void **state)
{
	struct drawer drawer = full_drawer();

	(void)state;
	for (unsigned columns = 1; columns < 200; columns++) {
		char *text = draw(&drawer, (struct look){.columns = columns}), *at = text;
		char tile[16];

		for (unsigned i = 1; i <= 21; i++) {
			(void)snprintf(tile, sizeof(tile), "|%2u*|", i);
			at = strstr(at, tile);
			assert_non_null(at);
			assert_int_equal(count_of(text, tile), 1);
		}
		free(text);
	}
}

static void colours_say_what_is_well(void **state)
{
	char *text = draw(&small, (struct look){.colours = true});

	(void)state;
	assert_non_null(
		strstr(text, "\033[2m|\033[0m\033[32mon \033[0m\033[2m|\033[0m\033[32mon "));
	assert_non_null(strstr(text, "\033[31m!! \033[0m"));
	assert_non_null(strstr(text, "\033[35m x \033[0m"));
	assert_non_null(strstr(text, "\033[1;34m b \033[0m"));
	assert_non_null(strstr(text, "\033[33m\\ /\033[0m"));
	assert_non_null(strstr(text, "\033[1m 2*\033[0m"));
	assert_non_null(strstr(text, "\033[1;31mfailed\033[0m, \033[1;31mnon-recoverable\033[0m"));
	free(text);
}

static void who_waits_for_power_is_told_in_ranges(void **state)
{
	struct drawer drawer = {.whole = {.slots = 6, .places = 8}};
	static const uint8_t waiting[] = {1, 3, 4, 5, 7, 8};
	char *text;

	(void)state;
	for (uint8_t i = 0; i < 8; i++) {
		drawer.places[i] = (struct chassis_place){
			.place = i + 1, .kind = CHASSIS_KIND_NODE, .state = CHASSIS_STATE_ACTIVE};
	}
	text = draw(&drawer, (struct look){0});
	assert_null(strstr(text, "In trouble"));
	free(text);
	drawer.places[1].state = CHASSIS_STATE_POWERING;
	text = draw(&drawer, (struct look){0});
	assert_non_null(strstr(text, "\nIn trouble:\n    2 waits for power\n"));
	free(text);
	drawer.places[1].state = CHASSIS_STATE_ACTIVE;
	for (size_t i = 0; i < sizeof(waiting); i++) {
		drawer.places[waiting[i] - 1].state = CHASSIS_STATE_POWERING;
	}
	drawer.places[1].state = CHASSIS_STATE_FAILED;
	text = draw(&drawer, (struct look){0});
	assert_non_null(strstr(text, "\nIn trouble:\n    1, 3-5, 7-8 wait for power\n 2     "));
	free(text);
}

static void somebody_is_in_charge_or_nobody(void **state)
{
	struct drawer drawer = full_drawer();
	char *text;

	(void)state;
	drawer.places[21].kind = CHASSIS_KIND_EMPTY;
	text = draw(&drawer, (struct look){0});
	assert_non_null(strstr(text, "at BCh.\nNobody manages the drawer."));
	free(text);
	drawer.whole.manager = 7;
	text = draw(&drawer, (struct look){0});
	assert_non_null(strstr(text, "at BCh.\n\n"));
	free(text);
	drawer.whole.manager = 0;
	text = draw(&drawer, (struct look){0});
	assert_non_null(strstr(text, "at BCh.\n\n"));
	free(text);
}

static void assert_reading(const struct chassis_sensor *sensor, const char *expected)
{
	char text[64];

	picture_reading(sensor, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void readings_have_units_and_states_numbers(void **state)
{
	struct chassis_sensor sensor = {.threshold = true, .unit = 1, .value_milli = 47000};

	(void)state;
	assert_reading(&sensor, "47 degrees C");
	sensor.value_milli = -500;
	assert_reading(&sensor, "-0.5 degrees C");
	sensor.value_milli = INT32_MIN;
	sensor.unit = 0;
	assert_reading(&sensor, "-2147483.648");
	sensor.value_milli = 3050;
	sensor.unit = 4;
	assert_reading(&sensor, "3.05 V");
	sensor.unavailable = true;
	assert_reading(&sensor, "not available");
	sensor = (struct chassis_sensor){.states = 0x4005};
	assert_reading(&sensor, "state 0,2,14");
	sensor.states = 0x8000; /* the bit that is reserved */
	assert_reading(&sensor, "no state");
	sensor.states = 0x7FFF;
	assert_reading(&sensor, "state 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_terminal_gets_a_plain_picture),
		cmocka_unit_test(the_whole_drawer_fits_into_the_terminal),
		cmocka_unit_test(every_slot_is_drawn_once),
		cmocka_unit_test(colours_say_what_is_well),
		cmocka_unit_test(who_waits_for_power_is_told_in_ranges),
		cmocka_unit_test(somebody_is_in_charge_or_nobody),
		cmocka_unit_test(readings_have_units_and_states_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
