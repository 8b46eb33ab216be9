/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VIPMI_CHASSISD_LISTEN_H
#define VIPMI_CHASSISD_LISTEN_H

#include <stddef.h>

/*
 * A listening, non-blocking socket for "HOST:PORT" or "unix:PATH", and in `where`
 * the same with the port that it really got. Returns the descriptor, or a negative
 * errno with a line in `error`. A socket file that nobody answers on is replaced.
 */
int listen_open(const char *listen, char *where, size_t where_size, char *error, size_t error_size);

/* Removes what listen_open left in the file system. */
void listen_forget(const char *where);

#endif
