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
	"state:   in inserted, up powering, on active, dn letting go, off safe to pull, BAD "
	"failed\n"
	"health:  ! non-critical, !! critical, !!! non-recoverable, x a fault is injected\n"
	"signals: S BD_SEL#, H HEALTHY#, E ENUM#;  LED: . off, B on, b blinking;  ejector: \\ / "
	"open\n"
	"\n"
	" 5  Power Supply 1    power-supply       failed, non-recoverable\n"
	" 6  Fan Tray 1        empty              empty\n"
	"\n"
	"In trouble:\n"
	" 2  CP2300            CPU Temp is critical\n"
	" 5  Power Supply 1    PS1 Status is non-recoverable\n"
	"\n"
	"Faults injected:\n"
	"    late 10% by 7000ms at 4, 3 s left, happened 1 time\n"
	"    silence, until 'fault none', happened 0 times\n";

static char *draw(const struct drawer *drawer, bool utf8)
{
	char *text = NULL;
	size_t size = 0;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	picture_draw(stream, drawer, utf8);
	assert_int_equal(fclose(stream), 0);
	return text;
}

static void a_plain_terminal_gets_a_plain_picture(void **state)
{
	char *text = draw(&small, false);

	(void)state;
	assert_string_equal(text, small_plain);
	free(text);
}

/* Characters, not bytes. */
static size_t width(const char *line)
{
	size_t characters = 0;

	for (; *line && *line != '\n'; line++) {
		characters += (*line & 0xC0) != 0x80;
	}
	return characters;
}

static void the_whole_drawer_fits_into_a_hundred_columns(void **state)
{
	struct drawer drawer = {
		.whole = {.slots = 21, .places = 40, .role = CHASSIS_ROLE_PERIPHERAL}};

	(void)state;
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
	for (int utf8 = 0; utf8 <= 1; utf8++) {
		char *text = draw(&drawer, utf8);

		for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
			assert_in_range(width(line), 0, 100);
		}
		assert_non_null(strstr(text, utf8 ? "│21*│ slot" : "|21*| slot"));
		assert_non_null(strstr(text, "a peripheral"));
		for (const char *at = text; !utf8 && *at; at++) {
			assert_in_range(*at, 1, 0x7E);
		}
		free(text);
	}
	/* More than can be drawn is told in words only. */
	drawer.whole.slots = 25;
	free(draw(&drawer, true));
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
		cmocka_unit_test(the_whole_drawer_fits_into_a_hundred_columns),
		cmocka_unit_test(readings_have_units_and_states_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
