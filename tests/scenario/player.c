/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/scenario/player.h"

#include <stdio.h>
#include <stdlib.h>

#define REPEAT_DEPTH_MAX 4

struct player {
	struct stage stage;
	struct core_limits limits;
	bool playing; /* a test has begun */
	/* Enclosing repeats: variable and value. */
	struct {
		char variable;
		int value;
	} repeats[REPEAT_DEPTH_MAX];
	int repeats_count;
};

static struct player player;
uint64_t player_counters[CORE_COUNTER_COUNT];

static void end_test(const struct words *words)
{
	struct core_status status;
	uint32_t i;

	if (!player.playing) {
		return;
	}
	stage_settle(&player.stage, words);
	stage_end_moment(&player.stage, words, TIME_NEVER);
	stage_status(&player.stage, words, &status);
	for (i = 0; i < CORE_COUNTER_COUNT; i++) {
		player_counters[i] += status.counters[i];
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
}

/* "limits handles 2 requests 4 credit 2": at the start of a test, in place of the usual. */
static void limits_statement(struct words *words)
{
	struct core_limits limits = {.seed = 1};

	limits.handles_max = (uint32_t)words_value_or(words, "handles", 64);
	limits.requests_max = (uint32_t)words_value_or(words, "requests", 0);
	limits.credit_max = (uint32_t)words_value_or(words, "credit", 0);
	limits.messages_max = (uint32_t)words_value_or(words, "messages", 0);
	limits.merge = words_take(words, "merge");
	limits.cache_age_ms = (uint32_t)words_value_or(words, "cache-age", 0);
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

struct transcript *transcript_read(const char *path)
{
	struct transcript *transcript = calloc(1, sizeof(*transcript));
	FILE *file = fopen(path, "re");
	const char *base = strrchr(path, '/');
	char text[WORDS_LINE_MAX];

	if (!file || !transcript) {
		perror(path);
		exit(1);
	}
	transcript->file = base ? base + 1 : path;
	while (transcript->count < TRANSCRIPT_LINES_MAX && fgets(text, sizeof(text), file)) {
		text[strcspn(text, "\n")] = 0;
		transcript->lines[transcript->count++] = strdup(text);
	}
	(void)fclose(file);
	return transcript;
}

void transcript_free(struct transcript *transcript)
{
	int i;

	for (i = 0; i < transcript->count; i++) {
		free(transcript->lines[i]);
	}
	free(transcript);
}

int transcript_test(const struct transcript *transcript, int from)
{
	while (from < transcript->count && !begins_with(transcript->lines[from], "test ")) {
		from++;
	}
	return from;
}

void transcript_play(const struct transcript *transcript, int from, int to)
{
	struct words words;

	play_lines(transcript, from, to);
	words_split(&words, transcript->file, to, "(the test's end)");
	end_test(&words);
}
