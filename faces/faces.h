/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A face lets programs reach the virtual controllers of one core. It is one
 * file, one const struct of operations, and one line in the table of
 * faces/table.c. It steps the core itself (client, handle and request events);
 * the agent's pump pulls the actions and calls `act`. A core may have several:
 * the cookies of a face's clients carry its token, by which the pump knows whose
 * an action is.
 *
 * Its descriptors live in the agent's epoll set: a set of its own inside the
 * agent's would cost a second epoll_wait for each wake-up, 5 % of a round trip.
 */
#ifndef VIPMI_FACES_FACES_H
#define VIPMI_FACES_FACES_H

#include "core/core.h"

struct face;

/* epoll_event.data.u64 of a face's descriptors, and its clients' cookies: the agent's part above,
 * the face's below. */
#define FACE_TOKEN_BITS 48
#define FACE_TOKEN_MASK ((UINT64_C(1) << FACE_TOKEN_BITS) - 1)

/* What a face may tell its clients about the agent. Owned by the agent, outlives the face. */
struct face_host {
	struct core *core;
	const char *link;    /* the specification it was started with */
	const char *version; /* of vipmi */
	uint8_t boot_id[16]; /* new with every start of the agent */
	int epoll;           /* the face adds its descriptors, level-triggered */
	/* To be or-ed into their data.u64, and into clients' cookies: the face has the low bits. */
	uint64_t token;
	void *context;
	void (*log)(void *context, const char *text); /* one line for a person */
	/* Ends the connection of `client`, whichever face it came by. -ENOENT: there is none. */
	int (*kick)(void *context, uint32_t client);
};

struct face_ops {
	const char *name;  /* "socket": the option --socket asks for it */
	const char *usage; /* one line for --help, without the option */
	/* As link_ops.open. Allocates all that it will ever need. */
	int (*open)(const char *options, uint64_t now_ns, const struct face_host *host, char *error,
		size_t error_size, struct face **ret_face);
	/* Takes a DELIVER or CREDIT action into its batch. It completes the action itself
	 * (core_done), at once or at the latest in `flush`. */
	void (*act)(struct face *face, const struct core_action *action);
	/* Sends what is batched. After it no action is left open. */
	void (*flush)(struct face *face, uint64_t now_ns);
	/* A descriptor of its is ready. Never called with a batch unflushed. Takes a bounded number
	 * of messages from one client, and returns how many. */
	uint32_t (*ready)(struct face *face, uint64_t token, uint32_t events, uint64_t now_ns);
	uint64_t (*deadline)(const struct face *face); /* TIME_NEVER: none */
	/* The deadline came. Bounded work; likewise with nothing batched. */
	void (*expire)(struct face *face, uint64_t now_ns);
	/* As face_host.kick, of its own clients. */
	int (*kick)(struct face *face, uint32_t client);
	void (*close)(struct face *face); /* takes NULL */
};

struct face {
	const struct face_ops *ops;
};

/* The table, NULL-terminated. The first is there for every controller. */
#define FACES_MAX 8u
extern const struct face_ops *const face_table[];

#endif
