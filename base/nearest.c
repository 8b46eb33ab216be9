/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/nearest.h"

static size_t bounded_length(const char *word)
{
	size_t length = 0;

	while (length < NEAREST_LENGTH_MAX && word[length]) {
		length++;
	}
	return length;
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Letters inserted, deleted, replaced, or two neighbours exchanged (restricted edit distance). */
static unsigned edit_distance(const char *a, const char *b)
{
	size_t a_length = bounded_length(a), b_length = bounded_length(b), i, j;
	/* Three rows of the table suffice; bytes, because no distance passes the length. */
	uint8_t rows[3][NEAREST_LENGTH_MAX + 1];
	uint8_t *before = rows[0], *previous = rows[1], *current = rows[2], *spare;

	for (j = 0; j <= b_length; j++) {
		previous[j] = (uint8_t)j;
	}
	for (i = 1; i <= a_length; i++) {
		current[0] = (uint8_t)i;
		for (j = 1; j <= b_length; j++) {
			unsigned cost = a[i - 1] != b[j - 1];
			unsigned distance = least(
				previous[j] + 1u, current[j - 1] + 1u, previous[j - 1] + cost);

			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
				before[j - 2] + 1u < distance) {
				distance = before[j - 2] + 1u;
			}
			current[j] = (uint8_t)distance;
		}
		spare = before;
		before = previous;
		previous = current;
		current = spare;
	}
	return previous[b_length];
}

void nearest_init(struct nearest *nearest, const char *word)
{
	*nearest = (struct nearest){.word = word};
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
	unsigned distance = edit_distance(nearest->word, candidate);

	if (!nearest->best || distance < nearest->distance) {
		nearest->best = candidate;
		nearest->distance = distance;
	}
}

const char *nearest_word(const struct nearest *nearest)
{
	/* One slip, and one more for every four letters from the sixth on. */
	unsigned slips = (unsigned)(bounded_length(nearest->word) + 2) / 4;

	return nearest->best && nearest->distance <= slips ? nearest->best : NULL;
}
