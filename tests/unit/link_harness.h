/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a link's test stands on: a sink that writes down what the link says, and
 * a loop that does for one link what the agent's does.
 */
#ifndef VIPMI_TESTS_LINK_HARNESS_H
#define VIPMI_TESTS_LINK_HARNESS_H

#include "links/links.h"

/* Long enough for the slowest machine; nothing waits for it when all goes well. */
#define HARNESS_PATIENCE_MS 10000

struct heard {
	enum core_event_type type;
	uint32_t transmission;
	uint8_t kind, address, sequence; /* MESSAGE */
	uint8_t netfn, command;
	uint8_t data[VIPMI_DATA_MAX];
	size_t length;
	bool asserted;
	struct core_link_capabilities capabilities;
};

struct harness {
	struct link_sink sink;
	struct link *link;
	struct heard heard[256];
	size_t heard_count, taken;
	char log[4096]; /* all lines, each ended by a newline */
	bool virtual_time;
	uint64_t now_ns; /* where the time is virtual */
};

/* With virtual time a deadline comes as soon as it is waited for. */
void harness_init(struct harness *harness, bool virtual_time);
uint64_t harness_now_ns(const struct harness *harness);

/* link_open, which must succeed. */
void harness_open(struct harness *harness, const char *specification);
void harness_close(struct harness *harness);

/* Runs the link until something not yet taken was heard, and takes it; fails the test when
 * nothing comes. */
const struct heard *harness_next(struct harness *harness);
/* Likewise, and it must be of this type. */
const struct heard *harness_expect(struct harness *harness, enum core_event_type type);
/* Runs the link for so long; returns how much was heard that was not taken before. */
size_t harness_run(struct harness *harness, unsigned ms);

int harness_transmit(struct harness *harness, uint32_t transmission, uint8_t netfn, uint8_t command,
	const void *data, size_t length);

#endif
