/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The picture of the drawer: each slot is a column of three characters between lines, so that 21
 * of them are 85 columns.
 */
#include "cli/chassis.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Twenty-four slots are as many as fit into 100 columns. */
#define PICTURE_SLOTS_MAX 24

/* What lines and lamps look like. */
struct pen {
	const char *top[3], *middle[3], *bottom[3]; /* left, between, right */
	const char *across, *down;
	const char *lamp[CHASSIS_LED_COUNT];
	const char *signal_off;
	const char *ejector_closed, *ejector_open;
};

static const struct pen plain = {
	.top = {"+", "+", "+"},
	.middle = {"+", "+", "+"},
	.bottom = {"+", "+", "+"},
	.across = "---",
	.down = "|",
	.lamp = {".", "B", "b"},
	.signal_off = "-",
	.ejector_closed = "[=]",
	.ejector_open = "\\ /",
};

static const struct pen fine = {
	.top = {"┌", "┬", "┐"},
	.middle = {"├", "┼", "┤"},
	.bottom = {"└", "┴", "┘"},
	.across = "───",
	.down = "│",
	.lamp = {"○", "●", "◐"},
	.signal_off = "·",
	.ejector_closed = "╞═╡",
	.ejector_open = "╲ ╱",
};

static const char *const kind_letters[] = {"   ", "MGR", "FAB", "CPU", "PSU", "FAN"};
static const char *const state_letters[] = {"   ", "in ", "up ", "on ", "dn ", "off", "BAD"};
static const char *const severity_letters[] = {" ok", "!  ", "!! ", "!!!"};

_Static_assert(sizeof(kind_letters) / sizeof(kind_letters[0]) == CHASSIS_KIND_COUNT, "each");
_Static_assert(sizeof(state_letters) / sizeof(state_letters[0]) == CHASSIS_STATE_COUNT, "each");
_Static_assert(
	sizeof(severity_letters) / sizeof(severity_letters[0]) == CHASSIS_SEVERITY_COUNT, "each");

/* ---- texts ---- */

/* Base units that a chassis has (IPMI 2.0 table 43-15). */
static const char *unit_text(uint8_t unit)
{
	switch (unit) {
	case 1:
		return " degrees C";
	case 4:
		return " V";
	case 5:
		return " A";
	case 6:
		return " W";
	case 18:
		return " rpm";
	default:
		return "";
	}
}

static void states_text(const struct chassis_sensor *sensor, char *text, size_t size)
{
	size_t used = 0;

	(void)snprintf(text, size, "no state");
	for (unsigned int offset = 0; offset < 15; offset++) {
		if (sensor->states & 1u << offset && used + 16 < size) {
			used += (size_t)snprintf(
				text + used, size - used, "%s%u", used ? "," : "state ", offset);
		}
	}
}

void picture_reading(const struct chassis_sensor *sensor, char *text, size_t size)
{
	int32_t value = sensor->value_milli;
	/* No number has a sign of its own when it is less than one. */
	const char *sign = value < 0 ? "-" : "";
	uint32_t magnitude = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
	char decimals[8];
	int length;

	if (sensor->unavailable) {
		(void)snprintf(text, size, "not available");
	} else if (!sensor->threshold) {
		states_text(sensor, text, size);
	} else {
		length = snprintf(decimals, sizeof(decimals), ".%03" PRIu32, magnitude % 1000);
		while (length > 1 && decimals[length - 1] == '0') {
			decimals[--length] = '\0';
		}
		(void)snprintf(text, size, "%s%" PRIu32 "%s%s", sign, magnitude / 1000,
			length > 1 ? decimals : "", unit_text(sensor->unit));
	}
}

void picture_fault(const struct chassis_fault *fault, char *text, size_t size)
{
	char percent[16] = "", by[32] = "", place[16] = "", left[48], times[48] = "", duration[32];

	if (fault->percent < 100) {
		(void)snprintf(percent, sizeof(percent), " %u%%", fault->percent);
	}
	if (fault->by_ms) {
		(void)snprintf(by, sizeof(by), " by %" PRIu32 "ms", fault->by_ms);
	}
	if (fault->place) {
		(void)snprintf(place, sizeof(place), " at %u", fault->place);
	}
	if (fault->left_ms == CHASSIS_FAULT_UNTIL_ENDED) {
		(void)snprintf(
			left, sizeof(left), "%s", fault->times ? "" : ", until 'fault none'");
	} else {
		duration_text(fault->left_ms, duration, sizeof(duration));
		(void)snprintf(left, sizeof(left), ", %s left", duration);
	}
	if (fault->times) {
		(void)snprintf(times, sizeof(times), ", %" PRIu32 " more time%s", fault->times,
			fault->times == 1 ? "" : "s");
	}
	(void)snprintf(text, size, "%s%s%s%s%s%s, happened %" PRIu32 " time%s",
		chassis_fault_name(fault->kind), percent, by, place, left, times, fault->hits,
		fault->hits == 1 ? "" : "s");
}

/* ---- the columns ---- */

/* Three columns on the terminal, of one place. */
typedef void cell_drawer(
	const struct chassis_place *place, const struct pen *pen, char *text, size_t size);

static void number_cell(
	const struct chassis_place *place, const struct pen *pen, char *text, size_t size)
{
	(void)pen;
	(void)snprintf(text, size, "%2u%s", place->place, place->own ? "*" : " ");
}

static void kind_cell(
	const struct chassis_place *place, const struct pen *pen, char *text, size_t size)
{
	(void)pen;
	(void)snprintf(text, size, "%s", kind_letters[place->kind]);
}

static void address_cell(
	const struct chassis_place *place, const struct pen *pen, char *text, size_t size)
{
	(void)pen;
	if (place->kind == CHASSIS_KIND_EMPTY || place->address == 0) {
		(void)snprintf(text, size, "   ");
	} else {
		(void)snprintf(text, size, "%02Xh", place->address);
	}
}

static void state_cell(
	const struct chassis_place *place, const struct pen *pen, char *text, size_t size)
{
	(void)pen;
	(void)snprintf(text, size, "%s", state_letters[place->state]);
}

static void health_cell(
	const struct chassis_place *place, const struct pen *pen, char *text, size_t size)
{
	(void)pen;
	(void)snprintf(text, size, "%s",
		place->kind == CHASSIS_KIND_EMPTY ? "   "
		: place->suffering                ? " x "
						  : severity_letters[place->severity]);
}

static void lamp_cell(
	const struct chassis_place *place, const struct pen *pen, char *text, size_t size)
{
	(void)snprintf(text, size, " %s ",
		place->kind == CHASSIS_KIND_EMPTY ? " " : pen->lamp[place->blue_led]);
}

static void signals_cell(
	const struct chassis_place *place, const struct pen *pen, char *text, size_t size)
{
	if (place->kind == CHASSIS_KIND_EMPTY) {
		(void)snprintf(text, size, "   ");
		return;
	}
	(void)snprintf(text, size, "%s%s%s", place->bd_sel ? "S" : pen->signal_off,
		place->healthy ? "H" : pen->signal_off,
		place->enum_asserted ? "E" : pen->signal_off);
}

static void ejector_cell(
	const struct chassis_place *place, const struct pen *pen, char *text, size_t size)
{
	(void)snprintf(text, size, "%s",
		place->kind == CHASSIS_KIND_EMPTY ? "   "
		: place->ejector_open             ? pen->ejector_open
						  : pen->ejector_closed);
}

static const struct {
	cell_drawer *draw;
	const char *label;
} rows[] = {
	{number_cell, "slot"},
	{NULL, NULL},
	{kind_cell, "board"},
	{address_cell, "address"},
	{state_cell, "state"},
	{health_cell, "health"},
	{signals_cell, "signals"},
	{lamp_cell, "blue LED"},
	{ejector_cell, "ejector"},
};

static void draw_line(FILE *stream, const struct pen *pen, const char *const ends[3], size_t slots)
{
	for (size_t i = 0; i < slots; i++) {
		(void)fprintf(stream, "%s%s", ends[i > 0], pen->across);
	}
	(void)fprintf(stream, "%s\n", ends[2]);
}

static void draw_slots(FILE *stream, const struct drawer *drawer, const struct pen *pen)
{
	size_t slots = drawer->whole.slots;

	if (slots == 0 || slots > PICTURE_SLOTS_MAX) {
		return;
	}
	draw_line(stream, pen, pen->top, slots);
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		if (!rows[row].draw) {
			draw_line(stream, pen, pen->middle, slots);
			continue;
		}
		for (size_t i = 0; i < slots; i++) {
			char text[32];

			rows[row].draw(&drawer->places[i], pen, text, sizeof(text));
			(void)fprintf(stream, "%s%s", pen->down, text);
		}
		(void)fprintf(stream, "%s %s\n", pen->down, rows[row].label);
	}
	draw_line(stream, pen, pen->bottom, slots);
}

/* ---- around them ---- */

/* ", managed by the one in 1", or nothing where that is not another. */
static void managed_text(const struct drawer *drawer, char *text, size_t size)
{
	const struct chassis_whole *whole = &drawer->whole;
	bool other = whole->manager > 0 && whole->manager != whole->own_place;
	const struct chassis_place *manager = &drawer->places[other ? whole->manager - 1 : 0];

	text[0] = '\0';
	if (other && manager->kind == CHASSIS_KIND_EMPTY) {
		(void)snprintf(text, size, "; nobody manages the drawer");
	} else if (other) {
		(void)snprintf(text, size, "; the manager in %u is in charge, at %02Xh",
			whole->manager, manager->address);
	}
}

static void draw_heading(FILE *stream, const struct drawer *drawer)
{
	const struct chassis_whole *whole = &drawer->whole;
	char *name = printable(whole->name);
	char time[32], managed[64];

	duration_text(whole->time_ms, time, sizeof(time));
	managed_text(drawer, managed, sizeof(managed));
	(void)fprintf(stream,
		"SIMULATED chassis %s: %u slots, seed %" PRIu64 ", running for %s%s\n"
		"Our controller (*) is %s in slot %u, at %02Xh%s.\n\n",
		name ? name : "", whole->slots, whole->seed, time,
		whole->enum_line ? "; ENUM# is asserted" : "",
		whole->role == CHASSIS_ROLE_BMC ? "the BMC" : "a peripheral", whole->own_place,
		whole->own_address, managed);
	free(name);
}

static void draw_legend(FILE *stream, const struct pen *pen)
{
	(void)fprintf(stream,
		"state:   in inserted, up powering, on active, dn letting go, off safe to pull, "
		"BAD failed\n"
		"health:  ! non-critical, !! critical, !!! non-recoverable, x a fault is injected\n"
		"signals: S BD_SEL#, H HEALTHY#, E ENUM#;  LED: %s off, %s on, %s blinking;  "
		"ejector: "
		"%s open\n",
		pen->lamp[CHASSIS_LED_OFF], pen->lamp[CHASSIS_LED_ON],
		pen->lamp[CHASSIS_LED_BLINKING], pen->ejector_open);
}

static void draw_beside(FILE *stream, const struct drawer *drawer)
{
	for (size_t i = drawer->whole.slots; i < drawer->whole.places; i++) {
		const struct chassis_place *place = &drawer->places[i];
		bool there = place->kind != CHASSIS_KIND_EMPTY;
		char *name = printable(place->name);
		char address[8] = "";

		if (place->address) {
			(void)snprintf(address, sizeof(address), "%02Xh", place->address);
		}
		(void)fprintf(stream, "%s%2u  %-16s  %-12s  %-3s  %s%s%s%s\n",
			i == drawer->whole.slots ? "\n" : "", place->place, name ? name : "",
			chassis_kind_name(place->kind), address, chassis_state_name(place->state),
			there ? ", " : "", there ? chassis_severity_name(place->severity) : "",
			place->suffering ? ", a fault is injected" : "");
		free(name);
	}
}

static void draw_trouble(FILE *stream, const struct drawer *drawer)
{
	bool first = true;

	for (size_t i = 0; i < drawer->whole.places; i++) {
		const struct chassis_place *place = &drawer->places[i];
		char *board = printable(place->name), *sensor = printable(place->worst);

		if (place->worst[0] && board && sensor) {
			(void)fprintf(stream, "%s%2u  %-16s  %s is %s\n",
				first ? "\nIn trouble:\n" : "", place->place, board, sensor,
				chassis_severity_name(place->severity));
			first = false;
		}
		free(board);
		free(sensor);
	}
	for (size_t i = 0; i < drawer->faults_count; i++) {
		char text[128];

		picture_fault(&drawer->faults[i], text, sizeof(text));
		(void)fprintf(stream, "%s    %s\n", i == 0 ? "\nFaults injected:\n" : "", text);
	}
}

void picture_draw(FILE *stream, const struct drawer *drawer, bool utf8)
{
	const struct pen *pen = utf8 ? &fine : &plain;

	draw_heading(stream, drawer);
	draw_slots(stream, drawer, pen);
	draw_legend(stream, pen);
	draw_beside(stream, drawer);
	draw_trouble(stream, drawer);
}
