/* SPDX-License-Identifier: BSD-2-Clause */
/* A listening unix socket at a path: who may connect, and what may be in the way. */
#ifndef VIPMI_FACES_LISTENER_H
#define VIPMI_FACES_LISTENER_H

#include <stddef.h>
#include <sys/types.h>

struct listener {
	int fd; /* -1: none */
	const char *path;
	dev_t device;
	ino_t inode;
};

/*
 * Listens at `path`, which must stay put, for connections of `type` (SOCK_SEQPACKET, SOCK_STREAM):
 * not blocking, mode 0660, group `vipmi` where there is one and we may give it. A socket that
 * nobody listens at any more is replaced. 0, or a negative errno with a line
 * for a person in `error`.
 */
int listener_open(
	const char *path, int type, char *error, size_t error_size, struct listener *ret_listener);

/* Stops listening and removes the path, if it is still ours. Harmless when not open. */
void listener_close(struct listener *listener);

#endif
