/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stage of a transcript around a whole agent, vipmid or vipmi.ko.
 *
 *	agent_stage.c       the stage: its clock, and what becomes of a transcript's events
 *	agent_client.c      programs above the agent, over the socket protocol
 *	agent_status.c      what the agent says of itself
 *	agent_controller.c  the controller below it, over the VM protocol: for vipmid by a Unix
 *	                    socket, for vipmi.ko by a serial line to the emulator, which puts it
 *	                    behind the KCS registers
 */
#ifndef VIPMI_TESTS_SCENARIO_AGENT_H
#define VIPMI_TESTS_SCENARIO_AGENT_H

#include "ipmi/socket.h"
#include "tests/scenario/stage.h"

struct agent_options {
	const char *command;    /* for sh: starts the agent anew; ends when it is served */
	const char *stop;       /* before that: ends the last test's, where it lives on; or NULL */
	const char *target;     /* its socket or device */
	const char *controller; /* where the controller is: a socket to listen at, or a tty */
	bool spin;              /* never idle: time passes by what the processor does */
	uint64_t patience_ns;   /* for what is expected */
	uint64_t settle_ns;     /* for what is not */
};

extern struct agent_options agent_options;

/* ---- agent_stage.c ---- */

/* Once, before the first test: the controller is there, and `command` (NULL: none) has run. */
void agent_begin(const char *command);
/* Monotonic. */
uint64_t agent_now_ns(void);
/* Lets whatever comes come in, until then at the latest; returns after the first thing. */
void agent_serve(struct stage *stage, const struct words *words, uint64_t until_ns);
/* One more file descriptor to look at, for the controller, its listener or a client by number. */
#define AGENT_POLL_NS (1 * NSEC_PER_MSEC_U64) /* how often a full connection is tried again */
#define AGENT_CONTROLLER 0
#define AGENT_LISTENER UINT32_MAX
void agent_watch(int fd, uint32_t number);
void agent_watch_no_more(int fd);
/* Keeps it, with the time it was seen at. */
void agent_see(struct stage *stage, const struct words *words, struct core_action *action);

/* ---- agent_client.c ---- */

/* What the agent says to an event that a client causes: 0 or a negative errno. */
int client_step(
	struct stage *stage, const struct words *words, struct core_event *event, int expected);
/* Takes what has come for a client. */
void client_ready(struct stage *stage, const struct words *words, uint32_t client);
/* All of them. */
void clients_leave(void);
/* A connection, on which nothing has been said; or -1. */
int client_connect(void);
/* Returns when the agent has taken what was said to it. */
void client_sync(struct stage *stage, const struct words *words);

/* ---- agent_status.c ---- */

/* Whether the agent answers at all. */
bool client_status(struct stage *stage, const struct words *words, struct core_status *ret_status);

/* ---- agent_controller.c ---- */

/* Opens the tty, or nothing yet. */
void controller_open(void);
/* Whether it can come and go: behind a socket, not behind an emulator. */
bool controller_comes_and_goes(void);
/* Listens, or is gone with whatever it had in hand. */
void controller_appear(void);
void controller_vanish(void);
/* Between tests nothing is seen: every request is answered at once. */
void controller_see(bool on);
/* Something is to be read. */
void controller_ready(struct stage *stage, const struct words *words, bool listening);
void controller_respond(
	struct stage *stage, const struct words *words, const struct core_event *event);
void controller_garble(const struct words *words);
void controller_signal(bool asserted);

#endif
