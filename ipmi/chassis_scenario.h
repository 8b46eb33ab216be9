/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios: what is to happen to the simulated drawer, and when. A line is
 *
 *	[at TIME | after TIME] ORDER
 *
 * "at" counts from the start, "after" from the line before; without either it follows the line
 * before at once. Empty lines, and what stands behind a # at the beginning of a word, are for
 * people. The orders are those of ipmi/chassis_order.h.
 */
#ifndef VIPMI_IPMI_CHASSIS_SCENARIO_H
#define VIPMI_IPMI_CHASSIS_SCENARIO_H

#include "ipmi/chassis_order.h"

/* A scenario somebody reads has a hundred lines; this is ten thousand. */
#define CHASSIS_SCENARIO_MAX ((size_t)1 << 20)

/* Where a reader of the text is; {.text = …, .length = …} at the beginning. */
struct chassis_scenario {
	const char *text; /* the caller's; stays put while it is read */
	size_t length, at;
	uint32_t line;
	uint64_t last_ms;
};

struct chassis_step {
	uint32_t line; /* in the text, from 1 */
	uint64_t at_ms;
	const char *order; /* in the text, not terminated by a zero */
	size_t order_length;
};

/* Reads the next order, checked. 1; 0 at the end; -EINVAL with a text that says what is wrong in
 * scenario->line. */
int chassis_scenario_next(struct chassis_scenario *scenario, struct chassis_step *ret_step,
	char error[CHASSIS_ERROR_SIZE]);

/* Reads all of it from here on. How many orders there are; -EINVAL likewise, also if there are
 * none. */
int chassis_scenario_check(
	struct chassis_scenario scenario, uint32_t *ret_line, char error[CHASSIS_ERROR_SIZE]);

#endif
