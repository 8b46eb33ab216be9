/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rows, printed as an aligned table, as JSON, or as one JSON object a line.
 */
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "cli/cli.h"

#define COLUMNS_MAX 24
#define JSON_FLAGS (JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6))

/* ---- texts ---- */

/* Length of the UTF-8 sequence at `text`, or 0 when there is no valid one. Shortest forms only, no
 * surrogates, nothing above U+10FFFF: what JSON takes. */
static size_t utf8_length(const unsigned char *text)
{
	size_t length = text[0] < 0x80   ? 1
			: text[0] < 0xC2 ? 0
			: text[0] < 0xE0 ? 2
			: text[0] < 0xF0 ? 3
			: text[0] < 0xF5 ? 4
					 : 0;

	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xC0) != 0x80) {
			return 0;
		}
	}
	if ((text[0] == 0xE0 && text[1] < 0xA0) || (text[0] == 0xED && text[1] > 0x9F) ||
		(text[0] == 0xF0 && text[1] < 0x90) || (text[0] == 0xF4 && text[1] > 0x8F)) {
		return 0;
	}
	return length;
}

char *printable(const char *text)
{
	const unsigned char *from = (const unsigned char *)text;
	char *copy = malloc(strlen(text) + 1), *to = copy;

	if (!copy) {
		return NULL;
	}
	while (*from) {
		size_t length = utf8_length(from);
		/* C0 and C1 control characters, the latter as U+0080 to U+009F. */
		bool control = *from < 0x20 || *from == 0x7F ||
			       (*from == 0xC2 && length == 2 && from[1] < 0xA0);

		if (length == 0 || control) {
			*to++ = '?';
			from += length ? length : 1;
		} else {
			memcpy(to, from, length);
			to += length;
			from += length;
		}
	}
	*to = '\0';
	return copy;
}

/* Columns that it takes on a terminal. */
static size_t text_width(const char *text)
{
	wchar_t wide[512];
	size_t length = mbstowcs(wide, text, 512);
	int width;

	if (length == (size_t)-1 || length >= 512) {
		return strlen(text);
	}
	width = wcswidth(wide, length);
	return width < 0 ? strlen(text) : (size_t)width;
}

void duration_text(uint64_t ms, char *text, size_t size)
{
	uint64_t s = ms / 1000;

	if (ms < 1000) {
		(void)snprintf(text, size, "%" PRIu64 " ms", ms);
	} else if (s < 60) {
		(void)snprintf(text, size, "%" PRIu64 " s", s);
	} else if (s < 3600) {
		(void)snprintf(text, size, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	} else if (s < 86400) {
		(void)snprintf(
			text, size, "%" PRIu64 " h %" PRIu64 " min", s / 3600, s % 3600 / 60);
	} else {
		(void)snprintf(
			text, size, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s % 86400 / 3600);
	}
}

struct listing {
	enum cli_format format;
	const struct column *columns;
	size_t columns_count;
	const unsigned int *widths; /* of a stream's columns; NULL: found out when all is known */
	json_t *rows;               /* json */
	char **cells;               /* table: rows times columns, each to be freed */
	bool *numbers;              /* per cell: aligned to the right */
	size_t rows_count;          /* any format */
	size_t rows_room;
};

/* ---- JSON ---- */

static json_t *cell_json(const struct cell *cell)
{
	json_t *value;
	char *text;

	if (cell->rows) {
		value = json_incref(cell->rows->rows);
		listing_drop(cell->rows);
		return value;
	}
	if (cell->null) {
		return json_null();
	}
	if (cell->boolean) {
		return json_boolean(cell->number);
	}
	if (!cell->text) {
		return json_integer((json_int_t)cell->number);
	}
	text = printable(cell->text);
	value = text ? json_string(text) : NULL;
	free(text);
	return value;
}

static json_t *row_json(const struct cell *cells, size_t count)
{
	json_t *row = json_object();

	for (size_t i = 0; row && i < count; i++) {
		(void)json_object_set_new(row, cells[i].key, cell_json(&cells[i]));
	}
	return row;
}

static void print_json(json_t *value, size_t flags)
{
	if (value) {
		(void)json_dumpf(value, stdout, JSON_FLAGS | flags);
		(void)putchar('\n');
	}
	json_decref(value);
}

/* ---- listings ---- */

struct listing *listing_begin(enum cli_format format, const struct column *columns)
{
	struct listing *listing = calloc(1, sizeof(*listing));

	if (!listing) {
		return NULL;
	}
	listing->format = format;
	listing->columns = columns;
	while (columns[listing->columns_count].key) {
		listing->columns_count++;
	}
	if (format == FORMAT_JSON) {
		listing->rows = json_array();
	}
	return listing;
}

void listing_drop(struct listing *listing)
{
	if (!listing) {
		return;
	}
	for (size_t i = 0; listing->cells && i < listing->rows_count * listing->columns_count;
		i++) {
		free(listing->cells[i]);
	}
	free(listing->cells);
	free(listing->numbers);
	json_decref(listing->rows);
	free(listing);
}

bool listing_is_table(const struct listing *listing)
{
	return listing->format == FORMAT_TABLE;
}

static void print_padded(const char *text, size_t width, bool right, bool last);

void listing_stream(struct listing *listing, const unsigned int *widths)
{
	listing->widths = widths;
	if (listing->format != FORMAT_TABLE) {
		return;
	}
	for (size_t i = 0; i < listing->columns_count; i++) {
		print_padded(listing->columns[i].heading, widths[i], false,
			i + 1 == listing->columns_count);
	}
	(void)fflush(stdout);
}

/* Room for one row more; false when there is no memory. */
static bool listing_grow(struct listing *listing)
{
	size_t room = listing->rows_room ? listing->rows_room * 2 : 16;
	char **cells;
	bool *numbers;

	if (listing->rows_count < listing->rows_room) {
		return true;
	}
	cells = reallocarray(listing->cells, room * listing->columns_count, sizeof(*cells));
	if (cells) {
		listing->cells = cells;
	}
	numbers = reallocarray(listing->numbers, room * listing->columns_count, sizeof(*numbers));
	if (numbers) {
		listing->numbers = numbers;
	}
	if (!cells || !numbers) {
		return false;
	}
	listing->rows_room = room;
	return true;
}

static char *cell_text(const struct cell *cell)
{
	char text[32];

	if (!cell || cell->null) {
		return strdup("-");
	}
	if (cell->text) {
		return printable(cell->text);
	}
	if (cell->boolean) {
		return strdup(cell->number ? "yes" : "no");
	}
	(void)snprintf(text, sizeof(text), "%" PRIu64, cell->number);
	return strdup(text);
}

static const struct cell *find_cell(const struct cell *cells, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(cells[i].key, key) == 0) {
			return &cells[i];
		}
	}
	return NULL;
}

static void stream_row(struct listing *listing, const struct cell *cells, size_t count)
{
	for (size_t i = 0; i < listing->columns_count; i++) {
		const struct cell *cell = find_cell(cells, count, listing->columns[i].key);
		char *text = cell_text(cell);

		print_padded(text ? text : "", listing->widths[i],
			cell && !cell->text && !cell->null && !cell->boolean,
			i + 1 == listing->columns_count);
		free(text);
	}
	(void)fflush(stdout);
}

void listing_row(struct listing *listing, const struct cell *cells, size_t count)
{
	if (listing->format == FORMAT_JSONL) {
		print_json(row_json(cells, count), JSON_COMPACT);
		(void)fflush(stdout); /* whoever reads along should see it now */
		listing->rows_count++;
		return;
	}
	if (listing->format == FORMAT_JSON) {
		(void)json_array_append_new(listing->rows, row_json(cells, count));
		return;
	}
	if (listing->widths) {
		stream_row(listing, cells, count);
		return;
	}
	if (!listing_grow(listing)) {
		return;
	}
	for (size_t i = 0; i < listing->columns_count; i++) {
		const struct cell *cell = find_cell(cells, count, listing->columns[i].key);
		size_t at = listing->rows_count * listing->columns_count + i;

		listing->cells[at] = cell_text(cell);
		listing->numbers[at] = cell && !cell->text && !cell->boolean;
	}
	listing->rows_count++;
}

static void print_padded(const char *text, size_t width, bool right, bool last)
{
	size_t used = text_width(text);
	int padding = used < width ? (int)(width - used) : 0;

	if (right) {
		(void)printf("%*s%s", padding, "", text);
	} else {
		(void)printf("%s%*s", text, last ? 0 : padding, "");
	}
	(void)fputs(last ? "\n" : "  ", stdout);
}

static void print_table(const struct listing *listing)
{
	size_t count = listing->columns_count, widths[COLUMNS_MAX] = {0};

	for (size_t i = 0; i < count && i < COLUMNS_MAX; i++) {
		widths[i] = text_width(listing->columns[i].heading);
		for (size_t row = 0; row < listing->rows_count; row++) {
			const char *text = listing->cells[row * count + i];
			size_t width = text ? text_width(text) : 0;

			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
	for (size_t i = 0; i < count; i++) {
		/* A heading stands over its numbers as they do. */
		print_padded(listing->columns[i].heading, widths[i], listing->numbers[i],
			i + 1 == count);
	}
	for (size_t at = 0; at < listing->rows_count * count; at++) {
		const char *text = listing->cells[at];

		print_padded(text ? text : "", widths[at % count], listing->numbers[at],
			(at + 1) % count == 0);
	}
}

void listing_end(struct listing *listing, const char *empty)
{
	if (listing->format == FORMAT_JSON) {
		print_json(listing->rows, JSON_INDENT(2));
		listing->rows = NULL;
	} else if (listing->format == FORMAT_TABLE) {
		if (listing->rows_count > 0) {
			print_table(listing);
		} else if (empty && !listing->widths) {
			(void)puts(empty);
		}
	} else {
		listing->rows_count = 0; /* printed already, nothing kept */
	}
	listing_drop(listing);
}

void show_one(enum cli_format format, const struct cell *cells, size_t count)
{
	size_t width = 0;

	if (format != FORMAT_TABLE) {
		print_json(row_json(cells, count),
			format == FORMAT_JSON ? JSON_INDENT(2) : JSON_COMPACT);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		size_t length = text_width(cells[i].key);

		width = length > width ? length : width;
	}
	for (size_t i = 0; i < count; i++) {
		char *text = cell_text(&cells[i]);

		print_padded(cells[i].key, width, false, false);
		(void)printf("%s\n", text ? text : "");
		free(text);
	}
}
