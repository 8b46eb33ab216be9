/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipmi/chassis_scenario.h"

/* "after", and some to complain about; a time of a day in milliseconds has ten characters. */
#define WORD_MAX 23

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts a comment off, and blanks at both ends. Quotes hide a #. */
static void trim(const char **text, size_t *length)
{
	const char *at = *text;
	size_t end = *length, i;
	char quote = 0;

	for (i = 0; i < end; i++) {
		if (quote) {
			quote = at[i] == quote ? 0 : quote;
		} else if (at[i] == '\'' || at[i] == '"') {
			quote = at[i];
		} else if (at[i] == '#' && (i == 0 || is_blank(at[i - 1]))) {
			end = i;
		}
	}
	while (end > 0 && is_blank(*at)) {
		at++;
		end--;
	}
	while (end > 0 && is_blank(at[end - 1])) {
		end--;
	}
	*text = at;
	*length = end;
}

/* The next line that says something. False at the end. */
static bool next_line(struct chassis_scenario *scenario, const char **ret_text, size_t *ret_length)
{
	while (scenario->at < scenario->length) {
		const char *line = scenario->text + scenario->at;
		size_t left = scenario->length - scenario->at, length = 0;

		while (length < left && line[length] != '\n') {
			length++;
		}
		scenario->at += length + (length < left);
		scenario->line++;
		trim(&line, &length);
		if (length > 0) {
			*ret_text = line;
			*ret_length = length;
			return true;
		}
	}
	return false;
}

/* Copies the first word, as much as fits; returns how far the next one is. */
static size_t first_word(const char *text, size_t length, char word[WORD_MAX + 1])
{
	size_t at = 0, fits = 0;

	for (; at < length && !is_blank(text[at]); at++) {
		if (fits < WORD_MAX) {
			word[fits++] = text[at];
		}
	}
	word[fits] = 0;
	while (at < length && is_blank(text[at])) {
		at++;
	}
	return at;
}

static int complain(
	char error[CHASSIS_ERROR_SIZE], const char *before, const char *what, const char *after)
{
	const char *const parts[] = {before, what, after};
	size_t at = 0, i;

	for (i = 0; i < ARRAY_LENGTH(parts); i++) {
		const char *part;

		for (part = parts[i]; *part && at + 1 < CHASSIS_ERROR_SIZE; part++) {
			error[at++] = *part;
		}
	}
	error[at] = 0;
	return -EINVAL;
}

/* Takes "at 2s " or "after 250ms " off the front. */
static int take_when(struct chassis_scenario *scenario, const char **text, size_t *length,
	char error[CHASSIS_ERROR_SIZE])
{
	char word[WORD_MAX + 1] = {0}, time[WORD_MAX + 1] = {0};
	size_t taken = first_word(*text, *length, word);
	bool at = memcmp(word, "at", 3) == 0;
	uint32_t ms;

	if (!at && memcmp(word, "after", 6) != 0) {
		return 0;
	}
	taken += first_word(*text + taken, *length - taken, time);
	if (!chassis_order_time(time, &ms)) {
		return complain(
			error, "\"", time, "\" is not a time, like 0s, 2s or 250ms; at most a day");
	}
	if (at && ms < scenario->last_ms) {
		return complain(error, "at ", time,
			" is before the line before it; put the lines in order");
	}
	scenario->last_ms = at ? ms : scenario->last_ms + ms;
	*text += taken;
	*length -= taken;
	return 0;
}

int chassis_scenario_next(struct chassis_scenario *scenario, struct chassis_step *ret_step,
	char error[CHASSIS_ERROR_SIZE])
{
	struct chassis_order order;
	const char *text;
	size_t length;

	if (!next_line(scenario, &text, &length)) {
		return 0;
	}
	if (take_when(scenario, &text, &length, error) < 0 ||
		chassis_order_parse(text, length, &order, error) < 0) {
		return -EINVAL;
	}
	*ret_step = (struct chassis_step){
		.line = scenario->line,
		.at_ms = scenario->last_ms,
		.order = text,
		.order_length = length,
	};
	return 1;
}

int chassis_scenario_check(
	struct chassis_scenario scenario, uint32_t *ret_line, char error[CHASSIS_ERROR_SIZE])
{
	struct chassis_step step;
	int count = 0, result;

	do {
		result = chassis_scenario_next(&scenario, &step, error);
		count += result > 0;
	} while (result > 0);
	*ret_line = scenario.line ? scenario.line : 1; /* an empty text ends in its first */
	if (result == 0 && count == 0) {
		return complain(error, "no order in it; a line is like ", "\"at 2s pull 7\"", "");
	}
	return result < 0 ? result : count;
}
