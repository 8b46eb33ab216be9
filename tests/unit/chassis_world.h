/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A simulated chassis and its only user, in virtual time. A test is a dialogue
 * in hexadecimal: ask(world, "0a 43 00 00 00 00 00 ff", "00 02 00 ..").
 */
#ifndef VIPMI_TESTS_CHASSIS_WORLD_H
#define VIPMI_TESTS_CHASSIS_WORLD_H

#include "chassis/chassis.h"
#include "ipmi/chassis_control.h"
#include "vipmi/message.h"

struct world {
	struct chassis *chassis;
	uint64_t now_ns;
	void *memory;
	/* The last response, the completion code first. */
	uint8_t response[1 + VIPMI_DATA_MAX];
	size_t length;
	bool garbled;
	uint64_t took_ns;
	/* Other outputs so far: how often each came, and what it last said. */
	unsigned outputs[CHASSIS_OUTPUT_COUNT];
	bool attention;
	char step[400]; /* of a scenario, the last: "LINE: ORDER: what the chassis says" */
};

/* With options as the chassis link takes them, on top of "service=0,seed=7,freeze". */
void world_open(struct world *world, const char *options);
void world_close(struct world *world);

/* Lets so much time pass; deadlines in between are kept. */
void world_pass(struct world *world, unsigned ms);

/* Sends "netFn cmd data...", waits for the response and compares it: two hexadecimal digits a
 * byte, `..` for any byte, `*` at the end for any rest. */
void ask(struct world *world, const char *request, const char *expected);

/* Sends it; false when nothing comes although the chassis is ready again. */
bool world_request(struct world *world, const char *request);

/* Wraps a request for a satellite into Send Message on channel 0, sends it, and compares what
 * Get Message then returns from the command byte on: "01 00 34 81 *". */
void ask_satellite(struct world *world, uint8_t address, const char *request, const char *expected);

/* Tells the simulator ("pull 7"); the text that it answers must begin so. */
void world_tell(struct world *world, const char *line, const char *expected);

/* What the simulator shows: a place, and the chassis as a whole. */
void world_place(struct world *world, unsigned number, struct chassis_place *ret_place);
void world_whole(struct world *world, struct chassis_whole *ret_whole);

/* Reads hexadecimal into bytes; returns how many. */
size_t parse_hex(const char *text, uint8_t *bytes, size_t size);

#endif
