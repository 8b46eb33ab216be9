/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the kernel says and hears on /dev/cuse (Linux' include/uapi/linux/fuse.h,
 * protocol 7): one message a read or a write, in this machine's own byte order.
 * We speak it ourselves: it is eight messages (docs/decisions/0011).
 */
#ifndef VIPMI_FACES_CUSE_WIRE_H
#define VIPMI_FACES_CUSE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The kernel insists on as much room for a message (FUSE_MIN_READ_BUFFER). */
#define CUSE_MESSAGE_MAX 8192u

/* Pieces of the caller's memory that one call may concern: our longest has two structures and
 * three pieces of data. */
#define CUSE_PIECES_MAX 8u
/* And what can be given back at once. */
#define CUSE_DATA_MAX 512u

struct cuse_request {
	uint64_t unique; /* names it in the reply */
	uint32_t opcode; /* enum fuse_opcode */
	uint32_t uid, gid, pid;
	uint64_t file; /* what the reply to OPEN named it; of INTERRUPT: the `unique` meant */
	uint64_t poll; /* POLL: for cuse_notify, if `notify` */
	bool notify;
	uint32_t number; /* IOCTL */
	uint64_t argument;
	const uint8_t *in; /* what the caller's memory holds, as it was asked for */
	uint32_t in_size, out_size;
};

/* A piece of the caller's memory. */
struct cuse_piece {
	uint64_t base;
	size_t length;
};

/* 0, or -EBADMSG. */
int cuse_decode(const uint8_t *bytes, size_t length, struct cuse_request *ret_request);

/* Replies. A caller that has gone meanwhile is no error, and there is none otherwise. */

/* To CUSE_INIT, the first message: the node is there when this returns, or never will be. */
void cuse_reply_init(int fd, uint64_t unique, const char *name);
void cuse_reply_error(int fd, uint64_t unique, int error);
void cuse_reply_open(int fd, uint64_t unique, uint64_t file);
void cuse_reply_poll(int fd, uint64_t unique, uint32_t events);
/* What ioctl(2) returns, and what is written to the pieces asked for, one after the other. */
void cuse_reply_ioctl(int fd, uint64_t unique, int result, const void *data, size_t length);
/* The same IOCTL again, please, with what is at `in`, and with leave to write to `out`. */
void cuse_reply_retry(int fd, uint64_t unique, const struct cuse_piece *in, size_t in_count,
	const struct cuse_piece *out, size_t out_count);
/* Whoever waits in poll(2) is to ask again. */
void cuse_notify(int fd, uint64_t poll);

#endif
