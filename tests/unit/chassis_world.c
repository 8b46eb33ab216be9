/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "chassis_world.h"
#include "ipmi/ipmb.h"

#define START_NS (1000 * NSEC_PER_SEC_U64)

void world_open(struct world *world, const char *more)
{
	struct chassis_options options;
	char error[200];

	memset(world, 0, sizeof(*world));
	chassis_options_init(&options);
	options.service_percent = 0;
	options.seed = 7;
	options.freeze = true;
	assert_int_equal(chassis_options_parse(&options, more, error, sizeof(error)), 0);
	world->now_ns = START_NS;
	/* Exactly as much as it asks for: the sanitizers watch the rest. */
	world->memory = aligned_alloc(16, chassis_size(&options));
	assert_non_null(world->memory);
	assert_int_equal(chassis_init(world->memory, chassis_size(&options), &options,
				 world->now_ns, &world->chassis),
		0);
}

void world_close(struct world *world)
{
	free(world->memory);
}

/* Takes every output that is due now; returns whether the response was among them. */
static bool collect(struct world *world)
{
	struct chassis_output output;
	bool answered = false;

	while (chassis_next(world->chassis, world->now_ns, &output)) {
		world->outputs[output.type]++;
		if (output.type == CHASSIS_OUTPUT_ATTENTION) {
			world->attention = output.asserted;
		} else if (output.type == CHASSIS_OUTPUT_STEP) {
			snprintf(world->step, sizeof(world->step), "%u: %.*s: %s",
				output.step->line, (int)output.step->order_length,
				output.step->order, output.result->text);
		} else if (output.type == CHASSIS_OUTPUT_RESPONSE) {
			answered = true;
			world->garbled = output.garbled;
			world->length = output.length;
			memcpy(world->response, output.data, output.length);
		}
	}
	return answered;
}

void world_pass(struct world *world, unsigned ms)
{
	uint64_t until_ns = world->now_ns + ms * NSEC_PER_MSEC_U64, deadline_ns;

	for (;;) {
		collect(world);
		deadline_ns = chassis_deadline(world->chassis);
		if (deadline_ns > until_ns) {
			break;
		}
		assert_true(deadline_ns > world->now_ns);
		world->now_ns = deadline_ns;
	}
	world->now_ns = until_ns;
}

size_t parse_hex(const char *text, uint8_t *bytes, size_t size)
{
	size_t length = 0;
	unsigned byte;
	int used;

	while (sscanf(text, " %2x%n", &byte, &used) == 1) {
		assert_true(length < size);
		bytes[length++] = (uint8_t)byte;
		text += used;
	}
	return length;
}

bool world_request(struct world *world, const char *text)
{
	uint8_t bytes[300];
	size_t length = parse_hex(text, bytes, sizeof(bytes));
	const struct chassis_request request = {
		.netfn = bytes[0],
		.command = bytes[1],
		.data = bytes + 2,
		.length = length - 2,
	};
	uint64_t start_ns = world->now_ns;

	assert_true(length >= 2);
	assert_int_equal(chassis_request(world->chassis, world->now_ns, &request), 0);
	while (!collect(world)) {
		if (chassis_ready(world->chassis)) {
			return false;
		}
		assert_true(chassis_deadline(world->chassis) != TIME_NEVER);
		world->now_ns = chassis_deadline(world->chassis);
	}
	world->took_ns = world->now_ns - start_ns;
	return true;
}

static void compare(const uint8_t *bytes, size_t length, const char *request, const char *expected)
{
	const char *at = expected;
	size_t i = 0;
	char got[8];

	while (*at) {
		if (*at == ' ') {
			at++;
		} else if (*at == '*') {
			return;
		} else {
			snprintf(got, sizeof(got), "%02x", i < length ? bytes[i] : 0);
			if (i >= length ||
				(strncmp(at, "..", 2) != 0 && strncmp(at, got, 2) != 0)) {
				fail_msg("%s: expected %s, byte %zu of %zu is %s", request,
					expected, i, length, got);
			}
			i++;
			at += 2;
		}
	}
	if (i != length) {
		fail_msg("%s: expected %s, got %zu bytes", request, expected, length);
	}
}

void ask(struct world *world, const char *request, const char *expected)
{
	if (!world_request(world, request)) {
		fail_msg("%s: no answer", request);
	}
	compare(world->response, world->length, request, expected);
}

void ask_satellite(struct world *world, uint8_t address, const char *request, const char *expected)
{
	uint8_t bytes[64], frame[IPMB_FRAME_MAX];
	size_t length = parse_hex(request, bytes, sizeof(bytes));
	const struct ipmb_message message = {
		.rs_address = address,
		.rq_address = chassis_address(world->chassis),
		.rq_lun = 2,
		.netfn = bytes[0],
		.sequence = 9,
		.command = bytes[1],
		.data = bytes + 2,
		.length = length - 2,
	};
	struct ipmb_message response;
	char text[200] = "06 34 00";
	int i, frame_length = ipmb_encode(&message, frame, sizeof(frame));

	assert_true(frame_length > 0);
	for (i = 0; i < frame_length; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %02x", frame[i]);
	}
	ask(world, text, "00");
	world_pass(world, 100);
	ask(world, "06 33", "00 00 *");
	assert_int_equal(ipmb_decode_received(chassis_address(world->chassis), world->response + 2,
				 world->length - 2, &response),
		0);
	assert_int_equal(response.rs_address, address);
	assert_int_equal(response.netfn, bytes[0] | 1);
	assert_int_equal(response.command, bytes[1]);
	assert_int_equal(response.sequence, 9);
	assert_int_equal(response.rq_lun, 2);
	compare(response.data, response.length, request, expected);
}

void world_tell(struct world *world, const char *line, const char *expected)
{
	char text[600] = "30 c0 76 69 70 6d";
	char got[CHASSIS_TEXT_MAX + 1] = {0};
	size_t i;

	for (i = 0; line[i]; i++) {
		snprintf(text + strlen(text), sizeof(text) - strlen(text), " %02x",
			(unsigned char)line[i]);
	}
	ask(world, text, "00 *");
	memcpy(got, world->response + 2, world->length - 2);
	if (strncmp(got, expected, strlen(expected)) != 0) {
		fail_msg("%s: expected \"%s\", got \"%s\"", line, expected, got);
	}
}

void world_place(struct world *world, unsigned number, struct chassis_place *ret_place)
{
	char text[40];

	snprintf(text, sizeof(text), "30 c1 76 69 70 6d %02x", number);
	ask(world, text, "00 *");
	assert_int_equal(
		chassis_control_decode_place(world->response + 1, world->length - 1, ret_place), 0);
}

void world_whole(struct world *world, struct chassis_whole *ret_whole)
{
	ask(world, "30 c1 76 69 70 6d 00", "00 *");
	assert_int_equal(
		chassis_control_decode_whole(world->response + 1, world->length - 1, ret_whole), 0);
}
