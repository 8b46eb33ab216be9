/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the simulation has to reach, all its runs together: every fault of the
 * world, every counter of the core, every completion code and reason that the core
 * gives in its own name. A rule that is never put to the test holds by accident.
 */
#ifndef VIPMI_TESTS_SIM_REACH_H
#define VIPMI_TESTS_SIM_REACH_H

#include "tests/sim/sim.h"

/* Kinds within a fault of SIM_FAULTS. */
#define REACH_KINDS(X)                                                                             \
	X(failed_too_long, "a link that cannot carry so much")                                     \
	X(failed_not_carried, "a link that cannot carry such a thing")                             \
	X(failed_link, "a link that dies while it is given something")                             \
	X(nak_81, "Send Message: lost arbitration")                                                \
	X(nak_82, "Send Message: bus error")                                                       \
	X(nak_83, "Send Message: NAK")                                                             \
	X(nak_busy, "Send Message: node busy")                                                     \
	X(never_ready, "a link that never says that it is ready again")                            \
	X(never_reads, "a client that never reads again")                                          \
	X(garbage_netfn, "an odd netFn")                                                           \
	X(garbage_lun, "a LUN over 3")                                                             \
	X(garbage_class, "an unknown class")                                                       \
	X(garbage_target, "an unknown kind of target")                                             \
	X(garbage_length, "too much data")                                                         \
	X(garbage_handle, "a handle of long ago")                                                  \
	X(garbage_client, "a client that is none")                                                 \
	X(garbage_response, "a response that nobody waits for")                                    \
	X(garbage_event, "an event of no known type")                                              \
	X(garbage_action, "an action that nobody has pulled")                                      \
	X(garbage_crowd, "more connections than there is room for")

enum reach_point {
#define X(name, most) REACH_##name,
	SIM_FAULTS(X)
#undef X
#define X(name, text) REACH_##name,
		REACH_KINDS(X)
#undef X
			REACH_COUNT
};

/* One for all runs, in memory that the jobs share; they only ever set. */
struct reach {
	bool points[REACH_COUNT];
	bool counters[CORE_COUNTER_COUNT];
	bool codes[256], reasons[VIPMI_REASON_COUNT];
};

bool fault_strikes(struct sim *sim, uint32_t permille, enum reach_point point);
void reach(struct sim *sim, enum reach_point point);
/* An answer that the core gave in its own name. */
void reach_answer(struct sim *sim, const struct core_deliver *deliver);
/* A run is over: its counters. */
void reach_gone(struct sim *sim);
/* Says on standard error what was not reached, and how much that is. */
unsigned reach_missing(const struct reach *reach);

#endif
