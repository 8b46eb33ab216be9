/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays transcripts. A file *.scenario holds tests; README.md beside this file
 * tells the language. Every file gets its tests run in order; the first line
 * that does not hold ends the program with file, line, what was expected and
 * what came.
 *
 *	scenario [--counters] FILE...
 *
 * With --counters it fails unless the tests together moved every counter of the
 * core: one counter per outcome, and a test that reaches each.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/scenario/stage.h"

#define LINES_MAX 4096
#define REPEAT_DEPTH_MAX 4

struct transcript {
	const char *file;
	char *lines[LINES_MAX];
	int count;
};

struct player {
	struct stage stage;
	struct core_limits limits;
	bool playing; /* a test has begun */
	int tests;
	uint64_t counters[CORE_COUNTER_COUNT]; /* sums over all tests */
	/* Enclosing repeats: variable and value. */
	struct {
		char variable;
		int value;
	} repeats[REPEAT_DEPTH_MAX];
	int repeats_count;
};

static struct player player;

static void end_test(const struct words *words)
{
	struct core_status status;
	uint32_t i;

	if (!player.playing) {
		return;
	}
	stage_end_moment(&player.stage, words);
	core_status(player.stage.core, &status);
	for (i = 0; i < CORE_COUNTER_COUNT; i++) {
		player.counters[i] += status.counters[i];
	}
	stage_finish(&player.stage);
	player.playing = false;
}

static void begin_test(struct words *words)
{
	struct core_limits limits = {.seed = 1};

	end_test(words);
	memset(words->used, 1, sizeof(words->used));
	player.limits = limits;
	player.limits.handles_max = 64;
	stage_init(&player.stage, words, &player.limits);
	player.playing = true;
	player.tests++;
}

/* "limits handles 2 requests 4 credit 2 merge": at the start of a test, in place of the usual. */
static void limits_statement(struct words *words)
{
	struct core_limits limits = {.seed = 1};

	limits.handles_max = (uint32_t)words_value_or(words, "handles", 64);
	limits.requests_max = (uint32_t)words_value_or(words, "requests", 0);
	limits.credit_max = (uint32_t)words_value_or(words, "credit", 0);
	limits.messages_max = (uint32_t)words_value_or(words, "messages", 0);
	limits.merge = words_take(words, "merge");
	stage_finish(&player.stage);
	stage_init(&player.stage, words, &limits);
	words_finish(words);
}

/* Puts the repeat's counter in place of "$i". */
static void substitute(const char *line, char *out, size_t size)
{
	size_t at = 0;
	int r;

	while (*line && at + 12 < size) {
		for (r = 0; line[0] == '$' && r < player.repeats_count; r++) {
			if (line[1] == player.repeats[r].variable) {
				break;
			}
		}
		if (line[0] == '$' && r < player.repeats_count) {
			at += (size_t)snprintf(out + at, size - at, "%d", player.repeats[r].value);
			line += 2;
		} else {
			out[at++] = *line++;
		}
	}
	out[at] = 0;
}

static bool begins_with(const char *line, const char *word)
{
	return strncmp(line + strspn(line, " \t"), word, strlen(word)) == 0;
}

/* The line after the "end" that closes the repeat whose body starts at `from`. */
static int repeat_end(const struct transcript *transcript, int from)
{
	int depth = 1, i;

	for (i = from; i < transcript->count; i++) {
		depth += begins_with(transcript->lines[i], "repeat ");
		depth -= begins_with(transcript->lines[i], "end");
		if (depth == 0) {
			return i + 1;
		}
	}
	fprintf(stderr, "%s:%d: no end to this repeat\n", transcript->file, from);
	exit(1);
}

static void play_lines(const struct transcript *transcript, int from, int to);

static int play_repeat(const struct transcript *transcript, struct words *words, int line)
{
	int times = (int)words_number(words, words_need(words, "how often"));
	const char *variable = words_need(words, "the counter's letter");
	int after = repeat_end(transcript, line + 1), i, r = player.repeats_count;

	if (r == REPEAT_DEPTH_MAX) {
		words_fail(words, "repeats too deep");
	}
	player.repeats[r].variable = variable[0];
	player.repeats_count++;
	for (i = 0; i < times; i++) {
		player.repeats[r].value = i;
		play_lines(transcript, line + 1, after - 1);
	}
	player.repeats_count--;
	return after;
}

/* Nested only as deep as repeats are. */
static void play_lines(const struct transcript *transcript, int from, int to)
{
	char text[WORDS_LINE_MAX];
	struct words words;
	int i = from;

	while (i < to) {
		substitute(transcript->lines[i], text, sizeof(text));
		words_split(&words, transcript->file, i + 1, text);
		if (words_take(&words, "test")) {
			begin_test(&words);
		} else if (words_take(&words, "limits")) {
			limits_statement(&words);
		} else if (words_take(&words, "repeat")) {
			i = play_repeat(transcript, &words, i);
			continue;
		} else if (words.count > 0) {
			if (!player.playing) {
				words_fail(&words, "no test has begun");
			}
			play_statement(&player.stage, &words);
		}
		i++;
	}
}

static void play_file(const char *path)
{
	struct transcript *transcript = calloc(1, sizeof(*transcript));
	FILE *file = fopen(path, "re");
	const char *base = strrchr(path, '/');
	char text[WORDS_LINE_MAX];
	struct words words;
	int tests = player.tests, i;

	if (!file || !transcript) {
		perror(path);
		exit(1);
	}
	transcript->file = base ? base + 1 : path;
	while (transcript->count < LINES_MAX && fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = 0;
		transcript->lines[transcript->count++] = strdup(text);
	}
	(void)fclose(file);
	play_lines(transcript, 0, transcript->count);
	words_split(&words, transcript->file, transcript->count, "(the file's end)");
	end_test(&words);
	printf("%s: %d tests\n", transcript->file, player.tests - tests);
	for (i = 0; i < transcript->count; i++) {
		free(transcript->lines[i]);
	}
	free(transcript);
}

int main(int argc, char **argv)
{
	bool counters = argc > 1 && strcmp(argv[1], "--counters") == 0;
	uint32_t missing = 0, i;
	int a;

	for (a = 1 + counters; a < argc; a++) {
		play_file(argv[a]);
	}
	for (i = 0; counters && i < CORE_COUNTER_COUNT; i++) {
		if (player.counters[i] == 0) {
			printf("no test reaches the counter %s\n",
				core_counter_name((enum core_counter)i));
			missing++;
		}
	}
	return missing > 0 || player.tests == 0;
}
