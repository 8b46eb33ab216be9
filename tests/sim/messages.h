/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asynchronous messages, as docs/events.md promises them: the log of all, numbered
 * from 1, each fetched once and never forgotten here, and what a filter makes of one.
 */
#ifndef VIPMI_TESTS_SIM_MESSAGES_H
#define VIPMI_TESTS_SIM_MESSAGES_H

#include "tests/sim/sim.h"

/* In a run. The world falls silent before it comes to that. */
#define MESSAGES_MAX 16384u
#define MESSAGES_BUSY (MESSAGES_MAX - 4096u)
#define EVENT_BYTES 16

struct sim_message {
	uint32_t holder; /* handle that alone gets it, or SIM_NONE */
	uint8_t kind, channel, address, lun, own_lun, netfn, command, sequence, length;
	uint8_t bytes[CORE_MESSAGE_DATA_MAX];
	bool taken;  /* by its holder */
	bool unsure; /* it may be a holder's whose client has just left, or nobody's */
};

struct messages {
	struct sim_message log[MESSAGES_MAX];
	uint64_t next;   /* number of the next one; this many less one there are */
	uint64_t listed; /* so far they were found in the core's listing */
	bool lost;       /* LOST was the last that was said of the controller */
};

/* As a subscriber sees them: number n is kept if oldest <= n < next. */
uint64_t messages_oldest(const struct sim *sim, const struct messages *messages);
struct sim_message *messages_at(struct messages *messages, uint64_t number);

/* receive.c: what the core lists of a request says whose it is; whether that can be. */
bool receive_settle(struct sim *sim, struct sim_message *message, uint32_t holder);
void messages_append(struct sim *sim, struct sim_message message);
/* The message that an incoming request is, nobody's so far. */
struct sim_message messages_request(uint8_t channel, const struct ipmb_message *request);
/* The controller is silent; a sign of life. */
void messages_silent(struct sim *sim);
void messages_spoke(struct sim *sim);
/* An event is about to be fed, and will be accepted. */
void messages_step(struct sim *sim, const struct core_event *event);
/* A response to a fetch of the core's own is about to be fed. */
void messages_fetched(struct sim *sim, uint8_t command, const uint8_t *bytes, size_t length);
/* A step is done: what is new is listed as it came, and as whose it is. */
void messages_listed(struct sim *sim);
/* The 16 bytes of some event, no two alike. */
void messages_draw(struct sim *sim, uint8_t *image);

bool messages_want(
	const struct core_clause *clauses, size_t count, const struct sim_message *message);
/* Whether field by field some message could be wanted by both. */
bool messages_meet(const struct core_clause *a, const struct core_clause *b);

#endif
