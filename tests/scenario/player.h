/* SPDX-License-Identifier: BSD-2-Clause */
/* Transcripts: their tests, played one after the other. */
#ifndef VIPMI_TESTS_SCENARIO_PLAYER_H
#define VIPMI_TESTS_SCENARIO_PLAYER_H

#include "tests/scenario/stage.h"

#define TRANSCRIPT_LINES_MAX 4096

struct transcript {
	const char *file;
	char *lines[TRANSCRIPT_LINES_MAX];
	int count;
};

/* Ends the program if there is no such file. */
struct transcript *transcript_read(const char *path);
void transcript_free(struct transcript *transcript);
/* The line, at or after `from`, with which a test begins; the number of lines if none does. */
int transcript_test(const struct transcript *transcript, int from);
/* Plays these lines, which are whole tests. Ends the program where one does not hold. */
void transcript_play(const struct transcript *transcript, int from, int to);

/* Sums over all tests. */
extern uint64_t player_counters[CORE_COUNTER_COUNT];

#endif
