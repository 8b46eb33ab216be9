/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One line of a transcript, as words. A word is asked for by position or by the
 * keyword before it; what nobody asked for is an error, so that a misspelt word
 * cannot make a test weaker than it reads.
 */
#ifndef VIPMI_TESTS_SCENARIO_WORDS_H
#define VIPMI_TESTS_SCENARIO_WORDS_H

#include "base/compat.h"

#define WORDS_MAX 64
#define WORDS_LINE_MAX 1024

struct words {
	const char *file;
	int line;
	char text[WORDS_LINE_MAX];
	char *word[WORDS_MAX];
	bool used[WORDS_MAX];
	int count, at;
};

/* Prints "file:line: ..." and ends the program with status 1. */
void words_fail(const struct words *words, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* Cuts a line into words; "[...]" and "\"...\"" are one word each, '#' starts a comment. */
void words_split(struct words *words, const char *file, int line, const char *text);

/* The next word by position, or NULL at the end. */
const char *words_next(struct words *words);
/* As words_next, but its absence is an error that says what was wanted. */
const char *words_need(struct words *words, const char *what);
/* Takes the next word if it is this one. */
bool words_take(struct words *words, const char *word);
/* Whether this word stands anywhere among the unused ones; takes it. */
bool words_flag(struct words *words, const char *word);
/* The word after this keyword, wherever it stands; NULL when the keyword is absent. */
const char *words_value(struct words *words, const char *key);
/* The number after this keyword, or what to take when the keyword is absent. */
uint64_t words_value_or(struct words *words, const char *key, uint64_t otherwise);
/* The bracketed bytes, if there are any: "[20 01 5a*200]". Returns whether there were. */
bool words_bytes(struct words *words, uint8_t *bytes, size_t size, size_t *ret_length);
/* Fails on the first word that nobody asked for. */
void words_finish(const struct words *words);

uint64_t words_time(const struct words *words, const char *word);
uint64_t words_number(const struct words *words, const char *word);
/* "EAGAIN" as a negative errno; 0 for NULL. */
int words_error(const struct words *words, const char *word);
uint8_t words_hex(const struct words *words, const char *word);

#endif
