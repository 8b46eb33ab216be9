/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * "Did you mean ...?": finds the word nearest to one that is not known.
 *
 *	nearest_init(&nearest, "statsu");
 *	for each word: nearest_offer(&nearest, word);
 *	nearest_word(&nearest)  ->  "status", or NULL when nothing is near
 */
#ifndef VIPMI_BASE_NEAREST_H
#define VIPMI_BASE_NEAREST_H

#include "base/compat.h"

/* Longer words are compared by this many letters: nobody mistypes the rest only. */
#define NEAREST_LENGTH_MAX 48

struct nearest {
	const char *word, *best;
	unsigned distance;
};

/* `word` must stay as long as the struct is used. */
void nearest_init(struct nearest *nearest, const char *word);

/* `candidate` must stay likewise: it may be what nearest_word returns. */
void nearest_offer(struct nearest *nearest, const char *candidate);

/* The first of the nearest candidates, or NULL when none is near enough to be meant. */
const char *nearest_word(const struct nearest *nearest);

#endif
