/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The picture of the drawer: each slot is a column of three characters between lines, so that 21
 * of them are 85 columns; where the terminal has fewer, they are drawn in bands.
 */
#include "cli/chassis.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A slot with the line before it. */
#define SLOT_COLUMNS 4
/* The line behind the last slot, and the longest label. */
#define LABEL_COLUMNS 10
/* Words wrap here where nobody says how wide the terminal is. */
#define COLUMNS_DEFAULT 100

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

/* Letters and what they mean, by number. */
struct mark {
	const char *letters, *meaning;
	const char *tint;
};

/* Parameters of the terminal's "select graphic rendition" (ECMA-48). */
#define TINT_NONE NULL
#define TINT_DIM "2"
#define TINT_BOLD "1"
#define TINT_GOOD "32"
#define TINT_CHANGING "33"
#define TINT_BAD "31"
#define TINT_WORST "1;31"
#define TINT_BLUE "1;34"
#define TINT_FAULT "35"

static const struct mark kinds[] = {
	{"   ", NULL, NULL},
	{"MGR", "chassis manager", NULL},
	{"FAB", "fabric card", NULL},
	{"CPU", "node card", NULL},
	{"PSU", "power supply", NULL},
	{"FAN", "fan tray", NULL},
};
static const struct mark states[] = {
	{"   ", NULL, NULL},
	{"in ", "inserted", TINT_CHANGING},
	{"up ", "waits for power", TINT_CHANGING},
	{"on ", "active", TINT_GOOD},
	{"dn ", "letting go", TINT_CHANGING},
	{"off", "may be pulled", TINT_BLUE},
	{"BAD", "failed", TINT_WORST},
};
static const struct mark severities[] = {
	{" ok", NULL, TINT_GOOD},
	{"!  ", "non-critical", TINT_CHANGING},
	{"!! ", "critical", TINT_BAD},
	{"!!!", "non-recoverable", TINT_WORST},
};

_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == CHASSIS_KIND_COUNT, "each");
_Static_assert(sizeof(states) / sizeof(states[0]) == CHASSIS_STATE_COUNT, "each");
_Static_assert(sizeof(severities) / sizeof(severities[0]) == CHASSIS_SEVERITY_COUNT, "each");

/* What is drawn, on what, and how. */
struct canvas {
	FILE *stream;
	const struct drawer *drawer;
	const struct pen *pen;
	bool colours;
	size_t columns;
};

static void paint(const struct canvas *canvas, const char *tint, const char *text)
{
	if (canvas->colours && tint) {
		(void)fprintf(canvas->stream, "\033[%sm%s\033[0m", tint, text);
	} else {
		(void)fprintf(canvas->stream, "%s", text);
	}
}

/* ---- the columns ---- */

/* Three columns on the terminal, of one place. */
struct tile {
	char text[24];
	const char *tint;
};

typedef void tile_drawer(
	const struct chassis_place *place, const struct pen *pen, struct tile *tile);

static bool is_empty(const struct chassis_place *place)
{
	return place->kind == CHASSIS_KIND_EMPTY;
}

/* Nobody knows how a board does that has no power. */
static bool has_health(const struct chassis_place *place)
{
	return !is_empty(place) && place->state != CHASSIS_STATE_POWERING;
}

static void tile_set(struct tile *tile, const char *text, const char *tint)
{
	(void)snprintf(tile->text, sizeof(tile->text), "%s", text);
	tile->tint = tint;
}

static void number_tile(const struct chassis_place *place, const struct pen *pen, struct tile *tile)
{
	(void)pen;
	(void)snprintf(
		tile->text, sizeof(tile->text), "%2u%s", place->place, place->own ? "*" : " ");
	tile->tint = place->own ? TINT_BOLD : is_empty(place) ? TINT_DIM : TINT_NONE;
}

static void kind_tile(const struct chassis_place *place, const struct pen *pen, struct tile *tile)
{
	(void)pen;
	tile_set(tile, kinds[place->kind].letters, place->own ? TINT_BOLD : TINT_NONE);
}

static void address_tile(
	const struct chassis_place *place, const struct pen *pen, struct tile *tile)
{
	(void)pen;
	if (!is_empty(place) && place->address) {
		(void)snprintf(tile->text, sizeof(tile->text), "%02Xh", place->address);
	}
	tile->tint = place->own ? TINT_BOLD : TINT_NONE;
}

static void state_tile(const struct chassis_place *place, const struct pen *pen, struct tile *tile)
{
	(void)pen;
	tile_set(tile, states[place->state].letters, states[place->state].tint);
}

static void health_tile(const struct chassis_place *place, const struct pen *pen, struct tile *tile)
{
	const struct mark *mark = &severities[place->severity];

	(void)pen;
	if (place->suffering && !is_empty(place)) {
		tile_set(tile, " x ", TINT_FAULT);
	} else if (has_health(place)) {
		tile_set(tile, mark->letters, mark->tint);
	}
}

static void lamp_tile(const struct chassis_place *place, const struct pen *pen, struct tile *tile)
{
	if (!is_empty(place)) {
		(void)snprintf(tile->text, sizeof(tile->text), " %s ", pen->lamp[place->blue_led]);
		tile->tint = place->blue_led == CHASSIS_LED_OFF ? TINT_DIM : TINT_BLUE;
	}
}

static void signals_tile(
	const struct chassis_place *place, const struct pen *pen, struct tile *tile)
{
	if (!is_empty(place)) {
		(void)snprintf(tile->text, sizeof(tile->text), "%s%s%s",
			place->bd_sel ? "S" : pen->signal_off,
			place->healthy ? "H" : pen->signal_off,
			place->enum_asserted ? "E" : pen->signal_off);
		tile->tint = place->bd_sel && place->healthy && !place->enum_asserted
				     ? TINT_NONE
				     : TINT_CHANGING;
	}
}

static void ejector_tile(
	const struct chassis_place *place, const struct pen *pen, struct tile *tile)
{
	if (!is_empty(place)) {
		tile_set(tile, place->ejector_open ? pen->ejector_open : pen->ejector_closed,
			place->ejector_open ? TINT_CHANGING : TINT_DIM);
	}
}

static const struct {
	tile_drawer *draw;
	const char *label;
} rows[] = {
	{number_tile, "slot"},
	{NULL, NULL},
	{kind_tile, "board"},
	{address_tile, "address"},
	{state_tile, "state"},
	{health_tile, "health"},
	{signals_tile, "signals"},
	{lamp_tile, "blue LED"},
	{ejector_tile, "ejector"},
};

static void draw_line(const struct canvas *canvas, const char *const ends[3], size_t slots)
{
	if (canvas->colours) {
		(void)fprintf(canvas->stream, "\033[" TINT_DIM "m");
	}
	for (size_t i = 0; i < slots; i++) {
		(void)fprintf(canvas->stream, "%s%s", ends[i > 0], canvas->pen->across);
	}
	(void)fprintf(canvas->stream, "%s%s\n", ends[2], canvas->colours ? "\033[0m" : "");
}

static void draw_row(const struct canvas *canvas, size_t row, size_t first, size_t slots)
{
	for (size_t i = first; i < first + slots; i++) {
		struct tile tile = {.text = "   "};

		rows[row].draw(&canvas->drawer->places[i], canvas->pen, &tile);
		paint(canvas, TINT_DIM, canvas->pen->down);
		paint(canvas, tile.tint, tile.text);
	}
	paint(canvas, TINT_DIM, canvas->pen->down);
	(void)fprintf(canvas->stream, " %s\n", rows[row].label);
}

/* So many slots side by side, from the first of them on. */
static void draw_band(const struct canvas *canvas, size_t first, size_t slots)
{
	draw_line(canvas, canvas->pen->top, slots);
	for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
		if (rows[row].draw) {
			draw_row(canvas, row, first, slots);
		} else {
			draw_line(canvas, canvas->pen->middle, slots);
		}
	}
	draw_line(canvas, canvas->pen->bottom, slots);
}

/* All slots, in as few bands of about the same length as fit. */
static void draw_slots(const struct canvas *canvas)
{
	size_t slots = canvas->drawer->whole.slots, fit = 1, bands, first = 0;

	if (canvas->columns >= LABEL_COLUMNS + SLOT_COLUMNS) {
		fit = (canvas->columns - LABEL_COLUMNS) / SLOT_COLUMNS;
	}
	bands = (slots + fit - 1) / fit;
	for (; bands > 0; bands--) {
		size_t band = (slots - first + bands - 1) / bands;

		draw_band(canvas, first, band);
		first += band;
	}
}

/* ---- words around them ---- */

/* Who manages the drawer, or nothing where that is not another. */
static void managed_text(const struct drawer *drawer, char *text, size_t size)
{
	const struct chassis_whole *whole = &drawer->whole;
	bool other = whole->manager > 0 && whole->manager != whole->own_place;
	const struct chassis_place *manager = &drawer->places[other ? whole->manager - 1 : 0];

	text[0] = '\0';
	if (other && is_empty(manager)) {
		(void)snprintf(text, size, "Nobody manages the drawer.\n");
	} else if (other) {
		(void)snprintf(text, size, "The manager in %u is in charge, at %02Xh.\n",
			whole->manager, manager->address);
	}
}

static void draw_heading(const struct canvas *canvas)
{
	const struct chassis_whole *whole = &canvas->drawer->whole;
	char *name = printable(whole->name);
	char time[32], managed[64];

	duration_text(whole->time_ms, time, sizeof(time));
	managed_text(canvas->drawer, managed, sizeof(managed));
	paint(canvas, TINT_FAULT, "SIMULATED");
	(void)fprintf(canvas->stream,
		" chassis %s: %u slots, seed %" PRIu64 ", running for %s%s\n"
		"Our controller (*) is %s in slot %u, at %02Xh.\n%s\n",
		name ? name : "", whole->slots, whole->seed, time,
		whole->enum_line ? "; ENUM# is asserted" : "",
		whole->role == CHASSIS_ROLE_BMC ? "the BMC" : "a peripheral", whole->own_place,
		whole->own_address, managed);
	free(name);
}

/* A line of the legend, as it grows. */
struct legend {
	const struct canvas *canvas;
	const char *label;
	size_t column; /* 0: nothing yet */
};

/* "MGR" means "chassis manager"; columns that the letters take, for they may be UTF-8. */
static void explain(struct legend *legend, const char *letters, size_t width, const char *meaning)
{
	size_t length = width + 1 + strlen(meaning);

	if (legend->column == 0) {
		legend->column = (size_t)fprintf(legend->canvas->stream, "%-9s", legend->label);
	} else if (legend->column + 2 + length > legend->canvas->columns) {
		legend->column = (size_t)fprintf(legend->canvas->stream, ",\n%9s", "") - 2;
	} else {
		legend->column += (size_t)fprintf(legend->canvas->stream, ", ");
	}
	(void)fprintf(legend->canvas->stream, "%s %s", letters, meaning);
	legend->column += length;
}

static void legend_end(const struct legend *legend)
{
	if (legend->column > 0) {
		(void)fputc('\n', legend->canvas->stream);
	}
}

/* Explains of these what some slot shows. */
static void explain_marks(const struct canvas *canvas, const char *label, const struct mark *marks,
	size_t count, uint32_t shown)
{
	struct legend legend = {.canvas = canvas, .label = label};

	for (size_t i = 0; i < count; i++) {
		if (shown & 1u << i && marks[i].meaning) {
			size_t width = strcspn(marks[i].letters, " ");
			char letters[8];

			(void)snprintf(
				letters, sizeof(letters), "%.*s", (int)width, marks[i].letters);
			explain(&legend, letters, width, marks[i].meaning);
		}
	}
	if (marks == severities && shown & 1u << CHASSIS_SEVERITY_COUNT) {
		explain(&legend, "x", 1, "a fault is injected");
	}
	legend_end(&legend);
}

static void draw_legend(const struct canvas *canvas)
{
	const struct pen *pen = canvas->pen;
	struct legend signals = {.canvas = canvas, .label = "signals:"};
	uint32_t kind = 0, state = 0, severity = 0, lamp = 0;
	bool open = false;

	for (size_t i = 0; i < canvas->drawer->whole.slots; i++) {
		const struct chassis_place *place = &canvas->drawer->places[i];

		if (!is_empty(place)) {
			kind |= 1u << place->kind;
			state |= 1u << place->state;
			severity |= 1u << (place->suffering ? (unsigned)CHASSIS_SEVERITY_COUNT
							    : place->severity);
			lamp |= 1u << place->blue_led;
			open |= place->ejector_open;
		}
	}
	explain_marks(canvas, "board:", kinds, CHASSIS_KIND_COUNT, kind);
	explain_marks(canvas, "state:", states, CHASSIS_STATE_COUNT, state);
	explain_marks(canvas, "health:", severities, CHASSIS_SEVERITY_COUNT, severity);
	explain(&signals, "S", 1, "BD_SEL#");
	explain(&signals, "H", 1, "HEALTHY#");
	explain(&signals, "E", 1, "ENUM#");
	for (uint32_t i = CHASSIS_LED_ON; i < CHASSIS_LED_COUNT; i++) {
		if (lamp & 1u << i) {
			explain(&signals, pen->lamp[i], 1,
				i == CHASSIS_LED_ON ? "blue LED on" : "blue LED blinking");
		}
	}
	if (open) {
		explain(&signals, pen->ejector_open, 3, "ejector open");
	}
	legend_end(&signals);
}

static void draw_beside(const struct canvas *canvas)
{
	const struct chassis_whole *whole = &canvas->drawer->whole;

	for (size_t i = whole->slots; i < whole->places; i++) {
		const struct chassis_place *place = &canvas->drawer->places[i];
		char *name = printable(place->name);
		char address[8] = "";

		if (!is_empty(place) && place->address) {
			(void)snprintf(address, sizeof(address), "%02Xh", place->address);
		}
		(void)fprintf(canvas->stream, "%s%2u  %-16s  %-3s  ", i == whole->slots ? "\n" : "",
			place->place,
			is_empty(place) ? "-"
			: name          ? name
					: "",
			address);
		paint(canvas, states[place->state].tint, chassis_state_name(place->state));
		if (has_health(place)) {
			(void)fputs(", ", canvas->stream);
			paint(canvas, severities[place->severity].tint,
				chassis_severity_name(place->severity));
		}
		if (place->suffering) {
			(void)fputs(", ", canvas->stream);
			paint(canvas, TINT_FAULT, "a fault is injected");
		}
		(void)fputc('\n', canvas->stream);
		free(name);
	}
}

/* "    2, 4-21 wait for power": boards that are in and have none. */
static bool draw_waiting(const struct canvas *canvas, const char *heading)
{
	const struct drawer *drawer = canvas->drawer;
	size_t count = 0;

	for (size_t i = 0; i < drawer->whole.places; i++) {
		size_t last = i;

		if (drawer->places[i].state != CHASSIS_STATE_POWERING) {
			continue;
		}
		while (last + 1 < drawer->whole.places &&
			drawer->places[last + 1].state == CHASSIS_STATE_POWERING) {
			last++;
		}
		(void)fprintf(canvas->stream, "%s%zu", count ? ", " : heading, i + 1);
		if (last > i) {
			(void)fprintf(canvas->stream, "-%zu", last + 1);
		}
		count += last - i + 1;
		i = last;
	}
	if (count > 0) {
		(void)fprintf(canvas->stream, " wait%s for power\n", count == 1 ? "s" : "");
	}
	return count > 0;
}

static void draw_trouble(const struct canvas *canvas)
{
	const struct drawer *drawer = canvas->drawer;
	bool first = !draw_waiting(canvas, "\nIn trouble:\n    ");

	for (size_t i = 0; i < drawer->whole.places; i++) {
		const struct chassis_place *place = &drawer->places[i];
		char *board = printable(place->name), *sensor = printable(place->worst);
		bool failed = place->state == CHASSIS_STATE_FAILED;

		if (board && sensor && (sensor[0] || failed)) {
			(void)fprintf(canvas->stream, "%s%2u  %-16s  ",
				first ? "\nIn trouble:\n" : "", place->place, board);
			if (sensor[0]) {
				(void)fprintf(canvas->stream, "%s is ", sensor);
				paint(canvas, severities[place->severity].tint,
					chassis_severity_name(place->severity));
			}
			if (failed) {
				(void)fputs(sensor[0] ? "; " : "", canvas->stream);
				paint(canvas, states[CHASSIS_STATE_FAILED].tint, "failed");
				(void)fputs(", no HEALTHY#", canvas->stream);
			}
			(void)fputc('\n', canvas->stream);
			first = false;
		}
		free(board);
		free(sensor);
	}
	for (size_t i = 0; i < drawer->faults_count; i++) {
		char text[128];

		picture_fault(&drawer->faults[i], text, sizeof(text));
		(void)fprintf(
			canvas->stream, "%s    %s\n", i == 0 ? "\nFaults injected:\n" : "", text);
	}
}

void picture_draw(FILE *stream, const struct drawer *drawer, const struct look *look)
{
	const struct canvas canvas = {
		.stream = stream,
		.drawer = drawer,
		.pen = look->utf8 ? &fine : &plain,
		.colours = look->colours,
		.columns = look->columns ? look->columns : COLUMNS_DEFAULT,
	};

	draw_heading(&canvas);
	draw_slots(&canvas);
	draw_legend(&canvas);
	draw_beside(&canvas);
	draw_trouble(&canvas);
}
