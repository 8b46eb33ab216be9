/* SPDX-License-Identifier: BSD-2-Clause */
/* What every load has in common: connections, sessions, the clock. All of it ends the program with
 * a word where something fails. */
#ifndef BENCH_SESSION_H
#define BENCH_SESSION_H

#include "ipmi/socket.h"

/* How long a client waits for what must come at once. */
#define PATIENCE_S 20

_Noreturn void die(const char *what);
uint64_t clock_ns(void);

/* As many descriptors as we may have. */
void session_files(void);

int session_connect(const char *path);

/* Says hello, opens a handle and returns it. */
uint32_t session_open(int fd);

/* Sends one message and waits for the reply, of which it returns the length. */
size_t session_exchange(
	int fd, struct writer *writer, uint8_t type, struct socket_header *ret_header);

#endif
