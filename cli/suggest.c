/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* Longer words are compared no further: no word of ours is. */
#define WORD_MAX 64

/* How many letters must be put in, left out, changed or swapped with their neighbour
 * (optimal string alignment). */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *previous = rows[1], *current = rows[2];
	size_t length_a = strnlen(a, WORD_MAX), length_b = strnlen(b, WORD_MAX);

	for (size_t j = 0; j <= length_b; j++) {
		previous[j] = j;
		before[j] = 0;
	}
	for (size_t i = 1; i <= length_a; i++) {
		size_t *oldest = before;

		current[0] = i;
		for (size_t j = 1; j <= length_b; j++) {
			bool same = tolower((unsigned char)a[i - 1]) ==
				    tolower((unsigned char)b[j - 1]);
			size_t best = previous[j - 1] + !same;

			if (previous[j] + 1 < best) {
				best = previous[j] + 1;
			}
			if (current[j - 1] + 1 < best) {
				best = current[j - 1] + 1;
			}
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				before[j - 2] + 1 < best) {
				best = before[j - 2] + 1;
			}
			current[j] = best;
		}
		before = previous;
		previous = current;
		current = oldest;
	}
	return previous[length_b];
}

struct suggestion suggest_begin(const char *word)
{
	return (struct suggestion){.word = word, .distance = SIZE_MAX};
}

void suggest_offer(struct suggestion *suggestion, const char *candidate)
{
	size_t length = strlen(suggestion->word);
	/* Someone who types the beginning of a word means it. */
	size_t found = length >= 2 && strncasecmp(suggestion->word, candidate, length) == 0
			       ? 1
			       : distance(suggestion->word, candidate);

	if (found < suggestion->distance) {
		suggestion->distance = found;
		suggestion->best = candidate;
	}
}

const char *suggest_text(const struct suggestion *suggestion)
{
	static char text[WORD_MAX + 32];
	size_t length = strlen(suggestion->word);

	/* A third of the letters may be wrong, and one in a short word. */
	if (!suggestion->best || suggestion->distance > 1 + length / 3) {
		return "";
	}
	(void)snprintf(text, sizeof(text), " (did you mean \"%.*s\"?)", WORD_MAX, suggestion->best);
	return text;
}
