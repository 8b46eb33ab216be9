/* SPDX-License-Identifier: BSD-2-Clause */
/* Both sides of BT against each other, register by register. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "ipmi/bt.h"

/* No transfer of the longest messages takes more register accesses. */
#define ACCESSES_MAX 2000

struct wire {
	struct transfer host;
	struct bt_controller controller;
	uint64_t now_ns;
	uint8_t response[BT_MESSAGE_MAX];
	size_t response_length;
	unsigned served;
	bool stuck;         /* the controller takes no request any more */
	bool silent;        /* it takes requests and never answers */
	uint8_t or_control; /* bits that the control register shows besides */
};

static const uint8_t get_device_id[] = {0x18, 0x01};
static const uint8_t device_id[] = {0x1C, 0x01, 0x00, 0x20, 0x81};

static void wire_init(struct wire *wire)
{
	*wire = (struct wire){.now_ns = 1};
	transfer_init(&wire->host);
	bt_controller_init(&wire->controller);
	memcpy(wire->response, device_id, sizeof(device_id));
	wire->response_length = sizeof(device_id);
}

static void controller_turn(struct wire *wire)
{
	if (wire->stuck) {
		return;
	}
	bt_controller_run(&wire->controller);
	if (wire->controller.ready && !wire->silent) {
		wire->served++;
		assert_int_equal(bt_controller_respond(
					 &wire->controller, wire->response, wire->response_length),
			0);
	}
}

/* One access, or a second of waiting. */
static void host_turn(struct wire *wire)
{
	uint8_t value = 0, read = 0;

	switch (transfer_access(&wire->host, &value)) {
	case TRANSFER_READ_STATUS:
		read = bt_controller_read_control(&wire->controller) | wire->or_control;
		break;
	case TRANSFER_READ_DATA:
		read = bt_controller_read_data(&wire->controller);
		break;
	case TRANSFER_WRITE_DATA:
		bt_controller_write_data(&wire->controller, value);
		break;
	case TRANSFER_WRITE_COMMAND:
		bt_controller_write_control(&wire->controller, value);
		break;
	case TRANSFER_NOTHING:
		wire->now_ns += NSEC_PER_SEC_U64;
		transfer_poll(&wire->host);
		return;
	}
	bt_transfer.done(&wire->host, read, wire->now_ns);
}

static enum transfer_outcome finish(struct wire *wire)
{
	unsigned turns;

	for (turns = 0; transfer_outcome(&wire->host) == TRANSFER_BUSY; turns++) {
		assert_true(turns < ACCESSES_MAX);
		host_turn(wire);
		controller_turn(wire);
	}
	return transfer_outcome(&wire->host);
}

static void begin(struct wire *wire, const uint8_t *bytes, size_t length)
{
	assert_int_equal(bt_transfer.start(&wire->host, bytes, length, 0, wire->now_ns), 0);
}

/* A whole question and answer, after which the interface is idle. */
static void passes(struct wire *wire)
{
	begin(wire, get_device_id, sizeof(get_device_id));
	assert_int_equal(finish(wire), TRANSFER_RESPONSE);
	assert_int_equal(wire->host.length, sizeof(device_id));
	assert_memory_equal(wire->host.bytes, device_id, sizeof(device_id));
	assert_int_equal(wire->controller.control, 0);
}

static void a_request_reaches_the_controller_and_its_response_the_host(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	passes(&wire);
	assert_int_equal(wire.served, 1);
	assert_int_equal(wire.controller.length, sizeof(get_device_id));
	assert_memory_equal(wire.controller.bytes, get_device_id, sizeof(get_device_id));
}

/* Section 11.4: length, netFn, sequence number, command, data. */
static void the_frames_are_as_the_specification_has_them(void **state)
{
	static const uint8_t request[] = {0x28, 0x11, 0x00, 0x05};
	static const uint8_t frame[] = {0x05, 0x28, 0x01, 0x11, 0x00, 0x05};
	static const uint8_t answer[] = {0x06, 0x1C, 0x01, 0x01, 0x00, 0x20, 0x81};
	struct wire wire;

	(void)state;
	wire_init(&wire);
	begin(&wire, request, sizeof(request));
	assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
	assert_memory_equal(wire.controller.in, frame, sizeof(frame));
	assert_memory_equal(wire.controller.out, answer, sizeof(answer));
}

static void messages_of_every_length_pass_both_ways(void **state)
{
	struct wire wire;
	uint8_t request[BT_MESSAGE_MAX];
	struct random random;
	size_t length, i;

	(void)state;
	wire_init(&wire);
	random_init(&random, 9);
	for (length = BT_MESSAGE_MIN; length <= BT_MESSAGE_MAX; length++) {
		for (i = 0; i < length; i++) {
			request[i] = (uint8_t)random_u32(&random);
			wire.response[i] = (uint8_t)random_u32(&random);
		}
		wire.response_length = length;
		begin(&wire, request, length);
		assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
		assert_int_equal(wire.controller.length, length);
		assert_memory_equal(wire.controller.bytes, request, length);
		assert_int_equal(wire.host.length, length);
		assert_memory_equal(wire.host.bytes, wire.response, length);
	}
}

static void the_sequence_number_comes_round(void **state)
{
	struct wire wire;
	int i;

	(void)state;
	wire_init(&wire);
	for (i = 0; i < 600; i++) {
		passes(&wire);
	}
}

static void what_is_too_short_or_too_long_is_refused(void **state)
{
	static const uint8_t bytes[BT_MESSAGE_MAX + 1];
	struct wire wire;

	(void)state;
	wire_init(&wire);
	assert_int_equal(bt_transfer.start(&wire.host, bytes, BT_MESSAGE_MIN - 1, 0, 1), -EMSGSIZE);
	assert_int_equal(bt_transfer.start(&wire.host, bytes, sizeof(bytes), 0, 1), -EMSGSIZE);
	assert_int_equal(
		bt_controller_respond(&wire.controller, bytes, BT_MESSAGE_MIN - 1), -EMSGSIZE);
	assert_int_equal(bt_controller_respond(&wire.controller, bytes, sizeof(bytes)), -EMSGSIZE);
	assert_int_equal(transfer_access(&wire.host, &(uint8_t){0}), TRANSFER_NOTHING);
}

static void a_controller_that_is_busy_is_waited_for(void **state)
{
	struct wire wire;
	int i;

	(void)state;
	wire_init(&wire);
	wire.or_control = BT_CONTROL_BUSY;
	begin(&wire, get_device_id, sizeof(get_device_id));
	for (i = 0; i < 3; i++) {
		host_turn(&wire);
	}
	assert_int_equal(wire.controller.in_position, 0);
	wire.or_control = 0;
	assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
}

static void one_that_stays_busy_is_dead_and_executed_nothing(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	wire.or_control = BT_CONTROL_BUSY;
	begin(&wire, get_device_id, sizeof(get_device_id));
	assert_int_equal(finish(&wire), TRANSFER_DEAD);
	assert_false(wire.host.executed);
	wire.or_control = 0;
	bt_transfer.recover(&wire.host, wire.now_ns);
	assert_int_equal(finish(&wire), TRANSFER_FAILED);
	passes(&wire);
}

/* H2B_ATN stays: it does not take the request, or stopped while it did. */
static void one_that_stops_after_the_request_may_have_executed_it(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	wire.stuck = true;
	begin(&wire, get_device_id, sizeof(get_device_id));
	assert_int_equal(finish(&wire), TRANSFER_DEAD);
	assert_true(wire.host.executed);
	wire.stuck = false;
	controller_turn(&wire);
	passes(&wire);
}

static void a_late_response_is_nobodys(void **state)
{
	static const uint8_t late[] = {0x1C, 0x01, 0x00, 0x99};
	struct wire wire;

	(void)state;
	wire_init(&wire);
	wire.silent = true;
	begin(&wire, get_device_id, sizeof(get_device_id));
	assert_int_equal(finish(&wire), TRANSFER_FAILED);
	assert_true(wire.host.executed);
	/* While nobody asks anything. */
	assert_int_equal(bt_controller_respond(&wire.controller, late, sizeof(late)), 0);
	wire.silent = false;
	passes(&wire);
	/* After the next request was handed over. */
	wire.silent = true;
	begin(&wire, get_device_id, sizeof(get_device_id));
	while (!wire.host.executed) {
		host_turn(&wire);
	}
	assert_int_equal(bt_controller_respond(&wire.controller, late, sizeof(late)), 0);
	while (transfer_access(&wire.host, &(uint8_t){0}) != TRANSFER_NOTHING) {
		host_turn(&wire);
	}
	assert_int_equal(transfer_outcome(&wire.host), TRANSFER_BUSY);
	wire.silent = false;
	assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
	assert_memory_equal(wire.host.bytes, device_id, sizeof(device_id));
}

static void what_somebody_left_in_the_middle_is_cleared_away(void **state)
{
	struct wire wire;
	uint8_t left;

	(void)state;
	for (left = 0; left < 4; left++) {
		wire_init(&wire);
		bt_controller_write_data(&wire.controller, 0x77); /* half a request */
		wire.controller.control = (uint8_t)((left & 1 ? BT_CONTROL_HOST_BUSY : 0) |
						    (left & 2 ? BT_CONTROL_B2H : 0));
		passes(&wire);
	}
}

/* Cleared once, waited for, given up; the harness lets no time pass but in a wait. */
static void a_bit_that_cannot_be_cleared_is_waited_for(void **state)
{
	static const uint8_t stuck[] = {
		BT_CONTROL_B2H, BT_CONTROL_HOST_BUSY, BT_CONTROL_BUSY, BT_CONTROL_H2B, 0xFF};
	struct wire wire;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(stuck); i++) {
		wire_init(&wire);
		wire.or_control = stuck[i];
		begin(&wire, get_device_id, sizeof(get_device_id));
		assert_int_equal(finish(&wire), TRANSFER_DEAD);
		assert_false(wire.host.executed);
	}
}

static void an_attention_that_stays_hinders_nobody(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	wire.or_control = BT_CONTROL_ATTENTION;
	passes(&wire);
	assert_true(wire.host.attention);
}

/* Its response is read as often as B2H_ATN shows it, but not for ever. */
static void one_that_answers_others_only_is_given_up(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	wire.silent = true;
	begin(&wire, get_device_id, sizeof(get_device_id));
	while (!wire.host.executed) {
		host_turn(&wire);
	}
	wire.or_control = BT_CONTROL_B2H;
	assert_int_equal(finish(&wire), TRANSFER_DEAD);
	assert_true(wire.host.executed);
	bt_controller_init(&wire.controller);
	wire.or_control = 0;
	wire.silent = false;
	passes(&wire);
}

static void a_response_waits_for_the_host_to_take_the_last_one(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	wire.controller.control = BT_CONTROL_B2H;
	assert_int_equal(
		bt_controller_respond(&wire.controller, device_id, sizeof(device_id)), -EAGAIN);
	wire.controller.control = BT_CONTROL_HOST_BUSY;
	assert_int_equal(
		bt_controller_respond(&wire.controller, device_id, sizeof(device_id)), -EAGAIN);
}

static void attention_is_seen_in_passing(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	bt_controller_attention(&wire.controller, true);
	begin(&wire, get_device_id, sizeof(get_device_id));
	assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
	/* Noted until it was told, and cleared, as table 11-3 wants it of the host. */
	assert_true(wire.host.attention);
	assert_int_equal(wire.controller.control, 0);
	wire.host.attention = false;
	passes(&wire);
	assert_false(wire.host.attention);
}

static void a_frame_whose_length_is_wrong_is_no_request(void **state)
{
	static const uint8_t frames[][5] = {
		{4, 0x18, 1, 1}, {2, 0x18, 1, 1}, {2, 0x18, 1}, {0}, {0xFF, 0x18, 1, 1}};
	static const uint8_t lengths[] = {4, 4, 3, 1, 4};
	struct bt_controller controller;
	size_t i, at;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(lengths); i++) {
		bt_controller_init(&controller);
		for (at = 0; at < lengths[i]; at++) {
			bt_controller_write_data(&controller, frames[i][at]);
		}
		bt_controller_write_control(&controller, BT_CONTROL_H2B);
		bt_controller_run(&controller);
		assert_false(controller.ready);
		assert_int_equal(controller.control, 0);
	}
}

/* Whatever the registers say: a transfer comes to an end. */
static void registers_that_say_anything_end_it(void **state)
{
	struct random random;
	struct transfer host;
	uint64_t now_ns = 1;
	unsigned i, turns;
	uint8_t value;

	(void)state;
	random_init(&random, 4);
	transfer_init(&host);
	for (i = 0; i < 1000; i++) {
		assert_int_equal(bt_transfer.start(&host, get_device_id, 2, 0, now_ns), 0);
		for (turns = 0; transfer_outcome(&host) == TRANSFER_BUSY; turns++) {
			assert_true(turns < ACCESSES_MAX);
			now_ns += NSEC_PER_SEC_U64 / 10;
			if (transfer_access(&host, &value) == TRANSFER_NOTHING) {
				transfer_poll(&host);
			} else {
				bt_transfer.done(&host, (uint8_t)random_u32(&random), now_ns);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_reaches_the_controller_and_its_response_the_host),
		cmocka_unit_test(the_frames_are_as_the_specification_has_them),
		cmocka_unit_test(messages_of_every_length_pass_both_ways),
		cmocka_unit_test(the_sequence_number_comes_round),
		cmocka_unit_test(what_is_too_short_or_too_long_is_refused),
		cmocka_unit_test(a_controller_that_is_busy_is_waited_for),
		cmocka_unit_test(one_that_stays_busy_is_dead_and_executed_nothing),
		cmocka_unit_test(one_that_stops_after_the_request_may_have_executed_it),
		cmocka_unit_test(a_late_response_is_nobodys),
		cmocka_unit_test(what_somebody_left_in_the_middle_is_cleared_away),
		cmocka_unit_test(a_bit_that_cannot_be_cleared_is_waited_for),
		cmocka_unit_test(an_attention_that_stays_hinders_nobody),
		cmocka_unit_test(one_that_answers_others_only_is_given_up),
		cmocka_unit_test(a_response_waits_for_the_host_to_take_the_last_one),
		cmocka_unit_test(attention_is_seen_in_passing),
		cmocka_unit_test(a_frame_whose_length_is_wrong_is_no_request),
		cmocka_unit_test(registers_that_say_anything_end_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
