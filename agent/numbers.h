/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sequence numbers that a response may still come for, in a file beside the
 * socket: so that those of an agent that was killed rest when the next one starts
 * (docs/decisions/0008).
 */
#ifndef VIPMI_AGENT_NUMBERS_H
#define VIPMI_AGENT_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "faces/kept.h"

struct numbers {
	uint64_t *words; /* CORE_KEPT_WORDS, in the file; NULL: not open */
	struct kept file;
};

/* Opens or makes the file of the agent that serves at `socket`. 0, or a negative errno with a line
 * for a person in `error`: it is somebody else's, or no plain file. One of another size is begun
 * anew: it is another version's. */
int numbers_open(const char *socket, char *error, size_t error_size, struct numbers *ret_numbers);

/* Harmless if it is not open. A file without a number in it goes, if `ours`: if no other agent can
 * have it open. */
void numbers_close(struct numbers *numbers, bool ours);

#endif
