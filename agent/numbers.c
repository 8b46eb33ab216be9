/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/numbers.h"

#include "core/core.h"

#define NUMBERS_SIZE (CORE_KEPT_WORDS * sizeof(uint64_t))

int numbers_open(const char *socket, char *error, size_t error_size, struct numbers *ret_numbers)
{
	struct numbers numbers = {.words = NULL};
	int result = kept_open(socket, ".numbers", "sequence numbers", NUMBERS_SIZE, error,
		error_size, &numbers.file);

	if (result == 0) {
		/* A page begins at a multiple of every word's size. */
		numbers.words = (uint64_t *)(void *)numbers.file.bytes;
		*ret_numbers = numbers;
	}
	return result;
}

void numbers_close(struct numbers *numbers, bool ours)
{
	size_t i;

	if (!numbers->words) {
		return;
	}
	for (i = 0; i < CORE_KEPT_WORDS && !numbers->words[i]; i++) {
	}
	if (ours && i == CORE_KEPT_WORDS) {
		kept_remove(&numbers->file);
	} else {
		kept_close(&numbers->file);
	}
	numbers->words = NULL;
}
