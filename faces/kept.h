/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file of a fixed size beside a socket, mapped: what is written there outlives
 * the process that wrote it, however it ends, and costs no system call.
 */
#ifndef VIPMI_FACES_KEPT_H
#define VIPMI_FACES_KEPT_H

#include <stddef.h>
#include <stdint.h>

struct kept {
	uint8_t *bytes; /* mapped; NULL: not open */
	size_t size;
	char path[128]; /* a socket's path has 107 bytes at the most */
};

/* Opens or makes the file SOCKET and `suffix`. 0, or a negative errno with a line for a person in
 * `error`: it is somebody else's, or no plain file, in which `what` could be kept. One of another
 * size is begun anew, all zeros: it is another version's. */
int kept_open(const char *socket, const char *suffix, const char *what, size_t size, char *error,
	size_t error_size, struct kept *ret_kept);

/* Harmless if it is not open. */
void kept_close(struct kept *kept);

/* Likewise, and there is no such file any more. */
void kept_remove(struct kept *kept);

#endif
