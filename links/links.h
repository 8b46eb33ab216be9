/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A link reaches one management controller. It is one file, one const struct of
 * operations, and one line in the table of links/table.c.
 *
 * A link has at most one file descriptor (an epoll or timer descriptor counts),
 * never blocks, and speaks to the core through its sink alone. `transmit` must
 * not call the sink: what it learns at once it keeps for `dispatch`, and its
 * `deadline` says "now".
 */
#ifndef VIPMI_LINKS_LINKS_H
#define VIPMI_LINKS_LINKS_H

#include "core/core.h"

struct link;

struct link_sink {
	void *context;
	/* LINK_UP, LINK_DOWN, LINK_READY, CONTROLLER_RESET, ATTENTION, RECEIVED, GARBLED, MESSAGE;
	 * from open and dispatch only. The event's time is set. */
	void (*event)(void *context, struct core_event *event);
	/* One line for a person, without a newline. */
	void (*log)(void *context, const char *text);
};

struct link_ops {
	const char *name;  /* what stands before the colon */
	const char *usage; /* "vm:HOST:PORT or vm:unix:PATH [,window=N]" */
	/* `options` is what stands after the colon. 0, or a negative errno with one clear line in
	 * `error` (what is wrong, how to mend it). A peer that is not there yet is no error: the
	 * link starts down and keeps trying. */
	int (*open)(const char *options, uint64_t now_ns, const struct link_sink *sink, char *error,
		size_t error_size, struct link **ret_link);
	/* Contract of core_done's TRANSMIT results. Copies what it needs. */
	int (*transmit)(struct link *link, const struct core_transmit *transmit, uint64_t now_ns);
	/* Contract of core_done's REGISTER results. NULL where the link owns the flags or takes any
	 * incoming request. What was registered ends with the link's LINK_DOWN. */
	int (*registration)(struct link *link, const struct core_registration *registration);
	/* Contract of core_done's MAINTENANCE results. NULL where there is no driver below. */
	int (*maintenance)(struct link *link, bool on);
	int (*fd)(const struct link *link);            /* -1: none now; may change in dispatch */
	uint32_t (*interest)(const struct link *link); /* EPOLLIN, EPOLLOUT */
	/* When `ready` says so, or the deadline came. Bounded work. */
	void (*dispatch)(struct link *link, uint32_t ready, uint64_t now_ns);
	uint64_t (*deadline)(const struct link *link); /* TIME_NEVER: none */
	void (*close)(struct link *link);              /* takes NULL */
};

/* Common first member of every link, so that the shell can call its operations. */
struct link {
	const struct link_ops *ops;
};

/* Opens "NAME:OPTIONS". -EINVAL with an error that lists what there is. */
int link_open(const char *specification, uint64_t now_ns, const struct link_sink *sink, char *error,
	size_t error_size, struct link **ret_link);

/* The table, NULL-terminated. */
extern const struct link_ops *const link_table[];

#endif
