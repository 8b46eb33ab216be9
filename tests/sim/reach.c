/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/sim/reach.h"

/* What stands here cannot be reached, and why. */
struct exception {
	unsigned what;
	const char *because;
};

/* Every code that the core gives in its own name; another one fails the run that meets it. */
static const struct exception codes[] = {
	{VIPMI_CC_OK, NULL},
	{0x80, NULL}, /* Get Message, Read Event Message Buffer: nothing there */
	{VIPMI_CC_NODE_BUSY, NULL},
	{VIPMI_CC_INVALID_COMMAND, NULL},
	{VIPMI_CC_TIMEOUT, NULL},
	{VIPMI_CC_RESERVATION_CANCELLED, NULL},
	{VIPMI_CC_LENGTH_INVALID, NULL},
	{VIPMI_CC_OUT_OF_RANGE, NULL},
	{VIPMI_CC_INVALID_FIELD, NULL},
	{VIPMI_CC_NO_RESPONSE, NULL},
	{VIPMI_CC_DESTINATION_UNAVAILABLE, NULL},
	{VIPMI_CC_NOT_IN_STATE, NULL},
	{VIPMI_CC_UNSPECIFIED,
		"says that a message which was decoded cannot be encoded; the core is broken then"},
};

/* Reasons that the core gives; the others are the session's and the agent's. */
static const enum vipmi_reason reasons[] = {
	VIPMI_REASON_NONE,
	VIPMI_REASON_EXPIRED,
	VIPMI_REASON_CANCELLED,
	VIPMI_REASON_SILENT,
	VIPMI_REASON_LINK_DOWN,
	VIPMI_REASON_TOO_LONG,
	VIPMI_REASON_NOT_CARRIED,
	VIPMI_REASON_BUS,
	VIPMI_REASON_RESERVED,
	VIPMI_REASON_FULL,
	VIPMI_REASON_NOT_FOUND,
	VIPMI_REASON_CONTROLLER_RESET,
	VIPMI_REASON_VOID,
};

static const char *const point_names[] = {
#define X(name, most) #name,
	SIM_FAULTS(X)
#undef X
#define X(name, text) #name ": " text,
		REACH_KINDS(X)
#undef X
};

void reach(struct sim *sim, enum reach_point point)
{
	if (sim->reach) {
		sim->reach->points[point] = true;
	}
}

bool fault_strikes(struct sim *sim, uint32_t permille, enum reach_point point)
{
	bool strikes = chance(sim, permille);

	if (strikes) {
		reach(sim, point);
	}
	return strikes;
}

void reach_answer(struct sim *sim, const struct core_deliver *deliver)
{
	size_t i;

	if (deliver->origin != VIPMI_ORIGIN_AGENT) {
		return;
	}
	for (i = 0; i < ARRAY_LENGTH(codes) && codes[i].what != deliver->cc; i++) {
	}
	if (i == ARRAY_LENGTH(codes)) {
		sim_fail(sim, "the core gives code %02x, of which reach.c knows nothing",
			deliver->cc);
	}
	for (i = 0; i < ARRAY_LENGTH(reasons) && reasons[i] != deliver->reason; i++) {
	}
	if (i == ARRAY_LENGTH(reasons)) {
		sim_fail(sim, "the core gives reason %u, of which reach.c knows nothing",
			deliver->reason);
	}
	if (sim->reach) {
		sim->reach->codes[deliver->cc] = true;
		sim->reach->reasons[deliver->reason] = true;
	}
}

void reach_gone(struct sim *sim)
{
	struct core_status status;
	unsigned i;

	core_status(sim->core, &status);
	for (i = 0; sim->reach && i < CORE_COUNTER_COUNT; i++) {
		sim->reach->counters[i] |= status.counters[i] > 0;
	}
}

static unsigned missing(bool reached, const char *because, const char *kind, const char *name)
{
	if (reached && because) {
		fprintf(stderr, "%s %s is reached, although %s\n", kind, name, because);
	} else if (!reached && !because) {
		fprintf(stderr, "%s %s is never reached\n", kind, name);
	}
	return reached == (because != NULL);
}

unsigned reach_missing(const struct reach *reach)
{
	unsigned count = 0, i;
	char name[8];

	for (i = 0; i < REACH_COUNT; i++) {
		count += missing(reach->points[i], NULL, "fault", point_names[i]);
	}
	for (i = 0; i < CORE_COUNTER_COUNT; i++) {
		count += missing(reach->counters[i], NULL, "counter",
			core_counter_name((enum core_counter)i));
	}
	for (i = 0; i < ARRAY_LENGTH(codes); i++) {
		(void)snprintf(name, sizeof(name), "%02x", codes[i].what);
		count += missing(
			reach->codes[codes[i].what], codes[i].because, "completion code", name);
	}
	for (i = 0; i < ARRAY_LENGTH(reasons); i++) {
		(void)snprintf(name, sizeof(name), "%d", (int)reasons[i]);
		count += missing(reach->reasons[reasons[i]], NULL, "reason", name);
	}
	return count;
}
