/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenario files: what is to happen to the drawer, and when. A line is
 *
 *	[at TIME | after TIME] ORDER
 *
 * "at" counts from the start of the run, "after" from the line before; without either it follows
 * the line before at once. Empty lines, and what stands behind a # at the beginning of a word, are
 * for people.
 */
#include "cli/chassis.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A scenario somebody reads; a longer one is generated, and can be run in pieces. */
#define STEPS_MAX 10000

struct source {
	const char *name;
	unsigned int line;
	uint64_t last_ms;
};

static int fail_line(const struct source *source, const char *why)
{
	return cli_fail(EXIT_USAGE, "%s:%u: %s", source->name, source->line, why);
}

/* Cuts a comment off, and blanks at both ends. Quotes hide a #. */
static char *trim(char *line)
{
	char quote = '\0';
	size_t length;

	for (char *at = line; *at; at++) {
		if (quote) {
			quote = *at == quote ? '\0' : quote;
		} else if (*at == '\'' || *at == '"') {
			quote = *at;
		} else if (*at == '#' && (at == line || isspace((unsigned char)at[-1]))) {
			*at = '\0';
			break;
		}
	}
	while (isspace((unsigned char)*line)) {
		line++;
	}
	length = strlen(line);
	while (length > 0 && isspace((unsigned char)line[length - 1])) {
		line[--length] = '\0';
	}
	return line;
}

/* Takes "at 2s " or "after 250ms " off the front. */
static int take_when(struct source *source, char **text, uint64_t *ret_ms)
{
	static const char *const words[] = {"at", "after"};
	char word[24] = "", time[24] = "", why[96];
	int taken = 0;
	uint32_t ms = 0;

	*ret_ms = source->last_ms;
	(void)sscanf(*text, "%23s %23s %n", word, time, &taken);
	if (strcmp(word, words[0]) != 0 && strcmp(word, words[1]) != 0) {
		return EXIT_DONE;
	}
	/* "at 0" is the start, which is no time to wait. */
	if (strcmp(time, "0") != 0 && strcmp(time, "0s") != 0 && !parse_time(time, &ms)) {
		(void)snprintf(why, sizeof(why),
			"\"%s\" is not a time from 0s to 3600s, like 2s or 250ms", time);
		return fail_line(source, why);
	}
	*ret_ms = strcmp(word, "at") == 0 ? ms : source->last_ms + ms;
	if (*ret_ms < source->last_ms) {
		(void)snprintf(why, sizeof(why),
			"it is %" PRIu64 " ms already after the line before; put the lines in "
			"order",
			source->last_ms);
		return fail_line(source, why);
	}
	source->last_ms = *ret_ms;
	*text += taken;
	return EXIT_DONE;
}

static int add_line(struct source *source, struct scenario *scenario, char *text)
{
	struct scenario_step *steps;
	struct chassis_order order;
	char error[CHASSIS_ERROR_SIZE];
	uint64_t at_ms;
	int result = take_when(source, &text, &at_ms);

	if (result != EXIT_DONE) {
		return result;
	}
	if (chassis_order_parse(text, strlen(text), &order, error) < 0) {
		return fail_line(source, error);
	}
	if (scenario->count == STEPS_MAX) {
		return fail_line(source, "more than 10000 orders; run the rest as a second file");
	}
	steps = reallocarray(scenario->steps, scenario->count + 1, sizeof(*steps));
	if (!steps) {
		return cli_fail(EXIT_LOCAL, "no memory");
	}
	scenario->steps = steps;
	steps += scenario->count++;
	*steps = (struct scenario_step){.line = source->line, .at_ms = at_ms};
	memcpy(steps->text, text, strlen(text)); /* the parser said that it is short enough */
	return EXIT_DONE;
}

static int read_stream(FILE *stream, struct source *source, struct scenario *scenario)
{
	int result = EXIT_DONE;
	char *line = NULL;
	size_t size = 0;

	while (result == EXIT_DONE && getline(&line, &size, stream) >= 0) {
		char *text = trim(line);

		source->line++;
		if (*text) {
			result = add_line(source, scenario, text);
		}
	}
	if (result == EXIT_DONE && ferror(stream)) {
		result = cli_fail(EXIT_LOCAL, "cannot read %s: %s", source->name, strerror(errno));
	}
	free(line);
	return result;
}

int scenario_read(const char *path, struct scenario *scenario)
{
	bool standard = strcmp(path, "-") == 0;
	struct source source = {.name = standard ? "standard input" : path};
	FILE *stream = standard ? stdin : fopen(path, "re");
	int result;

	*scenario = (struct scenario){0};
	if (!stream) {
		return cli_fail(EXIT_LOCAL, "cannot open %s: %s", path, strerror(errno));
	}
	result = read_stream(stream, &source, scenario);
	if (!standard) {
		(void)fclose(stream); /* nothing was written */
	}
	if (result == EXIT_DONE && scenario->count == 0) {
		result = cli_fail(EXIT_USAGE, "%s: no order in it; a line is like \"at 2s pull 7\"",
			source.name);
	}
	return result;
}

void scenario_finish(struct scenario *scenario)
{
	free(scenario->steps);
	*scenario = (struct scenario){0};
}
