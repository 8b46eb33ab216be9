/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CUSE face, inside: what faces/cuse.c (the face and its nodes) and
 * faces/cuse_file.c (one open file) share. Everything is allocated when the face
 * opens.
 */
#ifndef VIPMI_FACES_CUSE_H
#define VIPMI_FACES_CUSE_H

#include "base/list.h"
#include "driver/driver.h"
#include "faces/cuse_device.h"
#include "faces/cuse_wire.h"
#include "faces/faces.h"
#include "faces/host.h"
#include "session/session.h"

/* Nodes of one controller: one for each group of users that is to have its own mode. */
#define CUSE_NODES_MAX 8u

/* Messages taken from one node in one turn: fewer than a queue holds, so that it is filled from the
 * core again before it is empty. */
#define CUSE_BURST 32u

/* Where one message waited at a time, the next turn takes one and does not look for more; but for
 * one turn in so many. */
#define CUSE_LOOK_EVERY 8u

/* Requests of one open file that it has not read the answers of. The driver stops at 100; as the
 * core's credit, 128 keeps every program that lives with that content. */
#define CUSE_REQUESTS_MAX 128u

/* Messages that wait to be read by one open file, in bytes: 128 answers of a usual length. Longer
 * ones, and events that nobody reads, wait in the core. */
#define CUSE_QUEUE_BYTES 16384u

/* Habits are told apart by so many lengths of what is asked for twice. */
#define CUSE_HABIT_TAGS 8u

/* How a program received its last message: most do so with the same structure and buffers again. */
struct cuse_habit {
	uint64_t argument, addr, data; /* in its memory */
	uint32_t number;               /* of the IOCTL; 0: none yet */
	uint8_t tag, length;
	uint8_t structure[DRIVER_LAYOUT_MAX];
};

/* One open file of a node: a program's virtual controller. */
struct cuse_file {
	bool open;
	uint32_t generation; /* of the slot, so that a stale name meets nobody */
	struct session session;
	uint32_t handle;
	uint16_t node;
	uint16_t requests; /* that it has not read the answer of */
	bool blocked;      /* a delivery did not fit: the core waits for CLIENT_WRITABLE */
	bool notify;       /* somebody waits in poll(2) */
	bool lent;         /* another user than its opener uses it, which was logged */
	uint64_t poll;     /* for cuse_notify */
	struct driver_settings settings;
	struct cuse_habit habit;

	/* An IOCTL that waits until a channel's medium is known, and its message. */
	struct list_link asking; /* on the face's `asking` */
	uint64_t unique;
	uint8_t channel;
	uint16_t length;
	uint8_t message[DRIVER_REQUEST_SIZE];

	uint32_t next_free;   /* while free: the next free slot; 0: the one behind it */
	uint32_t first, last; /* what is used of the queue: records, two bytes of length each */
	uint8_t queue[CUSE_QUEUE_BYTES];
};

struct cuse_node {
	struct cuse_node_order order;
	int fd;        /* -1: gone */
	uint8_t turns; /* with one message each, since we last looked for more */
};

/* The IOCTL in hand. */
struct cuse_call {
	struct cuse_file *file;
	const struct cuse_request *request;
	uint32_t taken; /* of request->in */
	struct cuse_piece in[CUSE_PIECES_MAX], out[CUSE_PIECES_MAX];
	size_t in_count, out_count;
	uint8_t data[CUSE_DATA_MAX]; /* for the caller */
	size_t data_length;
	uint8_t structure[DRIVER_LAYOUT_MAX]; /* that the argument points at, if it was read */
	uint8_t structure_length;
	bool guessed;  /* it is not the caller's, but the habit's */
	bool received; /* a message was taken out of the queue */
	int ask;       /* a channel of which the medium must be known first, or -1 */
	bool waits;    /* its answer comes later */
};

/* What is known of a channel. */
enum cuse_medium { MEDIUM_UNKNOWN, MEDIUM_ASKED, MEDIUM_IPMB, MEDIUM_OTHER };

struct cuse_face {
	struct face face;
	struct face_host host;
	struct session_context session_context;
	struct session_host session_host;
	struct session_scratch scratch;
	struct driver_scratch driver_scratch;
	uint64_t now_ns;
	struct cuse_file *files; /* [files_max]; the first is the face's own, for its questions */
	uint32_t files_max, free_slot;
	struct cuse_node nodes[CUSE_NODES_MAX];
	uint32_t nodes_count;
	struct list_link asking;        /* files that wait for a channel's medium */
	uint8_t media[DRIVER_CHANNELS]; /* enum cuse_medium */
	struct cuse_call call;
	uint8_t reply[VIPMI_MESSAGE_MAX];
	uint8_t message[CUSE_MESSAGE_MAX];
};

extern const struct face_ops cuse_face;

/* ---- cuse_file.c ---- */

/* A program opens a node: a file, or NULL with a negative errno. */
struct cuse_file *cuse_file_open(struct cuse_face *face, uint16_t node,
	const struct core_credentials *credentials, int *ret_error);

/* How the kernel, and the core, name it; and whoever is named so, or NULL when it is gone. */
uint64_t cuse_file_name(const struct cuse_face *face, const struct cuse_file *file);
struct cuse_file *cuse_file_find(struct cuse_face *face, uint64_t name);

/* The last descriptor is closed. */
void cuse_file_close(struct cuse_face *face, struct cuse_file *file);

/* It keeps its slot until it is closed, and every call fails from now on. */
void cuse_file_end(struct cuse_face *face, struct cuse_file *file);

/* A message for the program. 0; -EAGAIN: not now. */
int cuse_file_deliver(
	struct cuse_face *face, struct cuse_file *file, const struct core_deliver *deliver);

/* What poll(2) says. */
uint32_t cuse_file_events(const struct cuse_file *file);

/* Does the IOCTL in hand, and replies. */
void cuse_file_ioctl(
	struct cuse_face *face, struct cuse_file *file, const struct cuse_request *request);

/* The caller of an IOCTL that waits is in a hurry. */
void cuse_file_interrupt(struct cuse_face *face, uint64_t unique);

/* ---- cuse_memory.c ---- */

/* What the next two return when the kernel must be asked first; no call of the driver's does. */
#define CUSE_MORE_NEEDED (-ERESTART)

/* Of struct driver_host; the context is the face. */
int cuse_memory_read(void *context, void *destination, uint64_t source, size_t length);
int cuse_memory_write(void *context, const struct driver_copy *copies, size_t count);

/* The call in hand received a message: so will the next one. */
void cuse_memory_learn(struct cuse_call *call);

/* Asks for what the call in hand needs. */
void cuse_memory_ask(struct cuse_call *call, int fd);

#endif
