/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest as its tests see it: what it asks, what is done to it, its clock. */
#ifndef VIPMI_TESTS_GUEST_WORLD_H
#define VIPMI_TESTS_GUEST_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "guest/guest.h"
#include "ipmi/command.h"
#include "ipmi/ipmb.h"

#define SECOND NSEC_PER_SEC_U64
#define CAPABLE_ALL 0x3F

/* One guest, its clock, and what it said last. */
static struct guest guest;
static uint64_t now_ns;
static struct guest_verdict verdict;

/* Asks; returns the completion code, or -1 when it was passed on. */
static inline int ask(uint8_t netfn, uint8_t command, const uint8_t *data, size_t length)
{
	const struct vm_message request = {.sequence = 0x5A,
		.netfn = netfn,
		.command = command,
		.data = data,
		.length = length};

	guest_request(&guest, &request, now_ns, &verdict);
	if (!verdict.answered) {
		assert_true(verdict.forwarded);
		return -1;
	}
	assert_int_equal(verdict.answer.sequence, 0x5A);
	assert_int_equal(verdict.answer.netfn, netfn | 1);
	assert_int_equal(verdict.answer.command, command);
	assert_true(verdict.answer.data[0] == 0 || verdict.answer.length == 1);
	return verdict.answer.data[0];
}

#define ASK(netfn, command, ...)                                                                   \
	ask(netfn, command, (const uint8_t[]){0, ##__VA_ARGS__} + 1,                               \
		sizeof((const uint8_t[]){0, ##__VA_ARGS__}) - 1)

/* The controls that are to be sent now, one a byte, signals first. */
static inline const char *controls(void)
{
	static char text[64];
	struct guest_action action;
	uint8_t control;

	text[0] = '\0';
	while (guest_signal(&guest, &control)) {
		sprintf(text + strlen(text), "%02x ", control);
	}
	while (guest_act(&guest, &action)) {
		assert_non_null(action.why);
		sprintf(text + strlen(text), "%02x ", action.control);
	}
	return text;
}

static inline void begin(const struct guest_config *config)
{
	static const struct guest_config usual = {.guid = {1, 2, 3},
		.sensors = true,
		.sel = GUEST_PART_REAL,
		.fru = GUEST_PART_REAL,
		.grace_ns = 60 * SECOND};

	now_ns = 1000 * SECOND;
	guest_init(&guest, config ? config : &usual);
	guest_connect(&guest, now_ns);
	guest_control(&guest, VM_CONTROL_CAPABILITIES, CAPABLE_ALL);
	assert_string_equal(controls(), "00 "); /* whatever the peer thought */
}

static inline void advance(uint64_t ns)
{
	now_ns += ns;
	guest_step(&guest, now_ns);
}

/* Asks a satellite for `netfn`, `command`, by Send Message. */
static inline int send_message(uint8_t netfn, uint8_t command)
{
	const struct ipmb_message message = {.rs_address = 0xB2,
		.rs_lun = 1,
		.rq_address = 0x20,
		.rq_lun = 3,
		.netfn = netfn,
		.sequence = 0x2B,
		.command = command,
		.data = (const uint8_t *)"\x05",
		.length = 1};
	uint8_t data[40];
	int length = ipmb_encode(&message, data + 1, sizeof(data) - 1);

	data[0] = 0x07;
	assert_true(length > 0);
	return ask(0x06, 0x34, data, 1 + (size_t)length);
}

/* Takes what the satellite answered to that from the receive queue. */
static inline void take_bus_answer(struct ipmb_message *ret_message)
{
	assert_int_equal(ASK(0x06, 0x33), 0);
	assert_int_equal(verdict.answer.data[1], 7);
	assert_int_equal(ipmb_decode_received(0x20, verdict.answer.data + 2,
				 verdict.answer.length - 2, ret_message),
		0);
	assert_int_equal(ret_message->rs_address, 0xB2);
	assert_int_equal(ret_message->rs_lun, 1);
	assert_int_equal(ret_message->rq_lun, 3);
	assert_int_equal(ret_message->netfn, 0x05);
	assert_int_equal(ret_message->sequence, 0x2B);
	assert_int_equal(ret_message->command, 0x2D);
}

#endif
