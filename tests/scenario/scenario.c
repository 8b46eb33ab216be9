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

#include "tests/scenario/player.h"

static int play_file(const char *path)
{
	struct transcript *transcript = transcript_read(path);
	int tests = 0, at;

	transcript_play(transcript, 0, transcript->count);
	for (at = transcript_test(transcript, 0); at < transcript->count; tests++) {
		at = transcript_test(transcript, at + 1);
	}
	printf("%s: %d tests\n", transcript->file, tests);
	transcript_free(transcript);
	return tests;
}

int main(int argc, char **argv)
{
	bool counters = argc > 1 && strcmp(argv[1], "--counters") == 0;
	uint32_t missing = 0, i;
	int a, tests = 0;

	for (a = 1 + counters; a < argc; a++) {
		tests += play_file(argv[a]);
	}
	for (i = 0; counters && i < CORE_COUNTER_COUNT; i++) {
		if (player_counters[i] == 0) {
			printf("no test reaches the counter %s\n",
				core_counter_name((enum core_counter)i));
			missing++;
		}
	}
	return missing > 0 || tests == 0;
}
