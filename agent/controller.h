/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One controller as the agent serves it: its link, its core, its faces, and the
 * pump between them, where events meet actions.
 */
#ifndef VIPMI_AGENT_CONTROLLER_H
#define VIPMI_AGENT_CONTROLLER_H

#include "agent/numbers.h"
#include "agent/options.h"
#include "core/core.h"
#include "faces/faces.h"
#include "links/links.h"

/* epoll_event.data.u64, above the face's part: what became ready, and of which controller. */
enum watch_kind {
	WATCH_SIGNAL,
	WATCH_LINK,
	WATCH_FACE, /* and one for each further face of face_table */
};

/* Of a face's descriptor, and of a client's cookie. */
#define WATCH_FACE_OF(token) ((uint32_t)((token) >> (FACE_TOKEN_BITS + 8)) - WATCH_FACE)
#define WATCH_TOKEN(kind, index) (((uint64_t)(kind) << 8 | (uint64_t)(index)) << FACE_TOKEN_BITS)
#define WATCH_KIND(token) ((enum watch_kind)((token) >> (FACE_TOKEN_BITS + 8)))
#define WATCH_INDEX(token) ((uint32_t)((token) >> FACE_TOKEN_BITS & 0xFF))

struct controller {
	struct core *core;
	void *core_memory;
	size_t core_size;
	struct numbers numbers;
	struct link *link;
	struct face *faces[FACES_MAX]; /* as in face_table; NULL: not asked for */
	uint32_t faces_count;          /* up to the last one that was */
	int epoll;
	uint32_t index;
	int link_fd; /* as epoll knows it; -1: none */
	uint32_t link_interest;
	uint32_t fed; /* messages taken since the pump ran */
	bool more;    /* the pump stopped at its bound: run it again without waiting */
	const char *link_name;
	struct face_host host; /* as the faces have it, but for the token */
};

/* Opens one controller in the caller's memory, which must stay put. 0, or a negative errno with a
 * line for a person in `error`; there is nothing to close then. */
int controller_open(struct controller *controller, const struct controller_order *order,
	const struct core_limits *given, int epoll, uint32_t index, const uint8_t boot_id[16],
	uint64_t now_ns, char *error, size_t error_size);

/* One of its descriptors is ready. Call controller_run afterwards. */
void controller_link_ready(struct controller *controller, uint32_t events, uint64_t now_ns);
void controller_face_ready(
	struct controller *controller, uint64_t token, uint32_t events, uint64_t now_ns);

/* Whether enough was taken in that it should be worked off before more is. */
bool controller_full(const struct controller *controller);

/* Does what is due and pulls the core's actions until there are none (or a bound is reached). */
void controller_run(struct controller *controller, uint64_t now_ns);

/* When controller_run must be called at the latest: 0 means now. */
uint64_t controller_deadline(const struct controller *controller);

/* Writes its state into the log, for whoever has to find out what went wrong. */
void controller_dump(const struct controller *controller);

/* Harmless on a controller that was never opened, if it is all zeros. */
void controller_close(struct controller *controller);

#endif
