/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A face lets programs reach the virtual controllers of one core. It is one
 * file, one const struct of operations, and one line in the table of
 * faces/table.c. It steps the core itself (client, handle and request events);
 * the agent's pump pulls the actions and calls `deliver` and `credit`.
 */
#ifndef VIPMI_FACES_FACES_H
#define VIPMI_FACES_FACES_H

#include "core/core.h"

struct face;

/* What a face may tell its clients about the agent. Owned by the agent, outlives the face. */
struct face_host {
	struct core *core;
	const char *link;    /* the specification it was started with */
	const char *version; /* of vipmi */
	uint8_t boot_id[16]; /* new with every start of the agent */
	void *context;
	void (*log)(void *context, const char *text); /* one line for a person */
};

struct face_ops {
	const char *name;
	/* As link_ops.open. */
	int (*open)(const char *options, uint64_t now_ns, const struct face_host *host, char *error,
		size_t error_size, struct face **ret_face);
	/* Takes a DELIVER or CREDIT action into its batch. It completes the action itself
	 * (core_done), at once or at the latest in `flush`. */
	void (*act)(struct face *face, const struct core_action *action);
	/* Sends what is batched. After it no action is left open. */
	void (*flush)(struct face *face, uint64_t now_ns);
	int (*fd)(const struct face *face); /* an epoll descriptor of its own; never changes */
	/* Reads a bounded number of messages from a bounded number of clients. Returns whether
	 * more is waiting that epoll will not report again. */
	bool (*dispatch)(struct face *face, uint64_t now_ns);
	void (*close)(struct face *face); /* takes NULL */
};

struct face {
	const struct face_ops *ops;
};

extern const struct face_ops *const face_table[];

#endif
