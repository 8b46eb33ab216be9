/* SPDX-License-Identifier: BSD-2-Clause */
/* Both sides of KCS against each other, register by register. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "ipmi/kcs.h"

/* No transfer of the longest message takes more register accesses. */
#define ACCESSES_MAX 8000

struct wire {
	struct transfer host;
	struct kcs_controller controller;
	uint64_t now_ns;
	uint8_t response[KCS_MESSAGE_MAX];
	size_t response_length;
	unsigned served;
	unsigned commands; /* control codes written */
	bool stuck;        /* the controller takes no byte any more */
	bool silent;       /* it takes requests and never answers */
	uint8_t or_status; /* bits that the status shows besides */
};

static const uint8_t get_device_id[] = {0x18, 0x01};
static const uint8_t device_id[] = {0x1C, 0x01, 0x00, 0x20, 0x81};

static void wire_init(struct wire *wire)
{
	*wire = (struct wire){.now_ns = 1};
	transfer_init(&wire->host);
	kcs_controller_init(&wire->controller);
	memcpy(wire->response, device_id, sizeof(device_id));
	wire->response_length = sizeof(device_id);
}

static void controller_turn(struct wire *wire)
{
	if (wire->stuck) {
		return;
	}
	kcs_controller_run(&wire->controller);
	if (wire->controller.ready && !wire->silent) {
		wire->served++;
		assert_int_equal(kcs_controller_respond(
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
		read = kcs_controller_read_status(&wire->controller) | wire->or_status;
		break;
	case TRANSFER_READ_DATA:
		read = kcs_controller_read_data(&wire->controller);
		break;
	case TRANSFER_WRITE_DATA:
		kcs_controller_write_data(&wire->controller, value);
		break;
	case TRANSFER_WRITE_COMMAND:
		wire->commands++;
		kcs_controller_write_command(&wire->controller, value);
		break;
	case TRANSFER_NOTHING:
		wire->now_ns += NSEC_PER_SEC_U64;
		transfer_poll(&wire->host);
		return;
	}
	kcs_transfer.done(&wire->host, read, wire->now_ns);
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
	assert_int_equal(kcs_transfer.start(&wire->host, bytes, length, 0, wire->now_ns), 0);
}

static void a_request_reaches_the_controller_and_its_response_the_host(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	begin(&wire, get_device_id, sizeof(get_device_id));
	assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
	assert_int_equal(wire.host.length, sizeof(device_id));
	assert_memory_equal(wire.host.bytes, device_id, sizeof(device_id));
	assert_int_equal(wire.served, 1);
	assert_int_equal(wire.commands, 2); /* WRITE_START, WRITE_END */
}

static void messages_of_every_length_pass_both_ways(void **state)
{
	struct wire wire;
	uint8_t request[KCS_MESSAGE_MAX];
	struct random random;
	size_t length, i;

	(void)state;
	wire_init(&wire);
	random_init(&random, 9);
	for (length = KCS_MESSAGE_MIN; length <= KCS_MESSAGE_MAX; length++) {
		for (i = 0; i < length; i++) {
			request[i] = (uint8_t)random_u32(&random);
			wire.response[i] = (uint8_t)random_u32(&random);
		}
		wire.response_length = length;
		wire.silent = true;
		begin(&wire, request, length);
		for (i = 0; i < ACCESSES_MAX && !wire.controller.ready; i++) {
			host_turn(&wire);
			controller_turn(&wire);
		}
		assert_int_equal(wire.controller.length, length);
		assert_memory_equal(wire.controller.bytes, request, length);
		wire.silent = false;
		controller_turn(&wire);
		assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
		assert_int_equal(wire.host.length, length);
		assert_memory_equal(wire.host.bytes, wire.response, length);
	}
}

static void what_does_not_fit_is_refused(void **state)
{
	struct wire wire;
	uint8_t bytes[KCS_MESSAGE_MAX + 1] = {0};

	(void)state;
	wire_init(&wire);
	assert_int_equal(kcs_transfer.start(&wire.host, bytes, 1, 0, 1), -EMSGSIZE);
	assert_int_equal(kcs_transfer.start(&wire.host, bytes, sizeof(bytes), 0, 1), -EMSGSIZE);
	assert_int_equal(kcs_controller_respond(&wire.controller, bytes, 0), -EMSGSIZE);
	assert_int_equal(kcs_controller_respond(&wire.controller, bytes, sizeof(bytes)), -EMSGSIZE);
}

static void attention_is_seen_on_the_way(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	kcs_controller_attention(&wire.controller, true);
	begin(&wire, get_device_id, sizeof(get_device_id));
	assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
	assert_true(wire.host.attention);
	kcs_controller_attention(&wire.controller, false);
	begin(&wire, get_device_id, sizeof(get_device_id));
	assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
	assert_false(wire.host.attention);
}

static void a_transfer_that_somebody_left_half_done_is_aborted(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	begin(&wire, get_device_id, sizeof(get_device_id));
	while (wire.controller.status & KCS_STATUS_STATE ? false : true) {
		host_turn(&wire);
		controller_turn(&wire);
	}
	transfer_init(&wire.host); /* another host, which knows nothing of it */
	kcs_transfer.recover(&wire.host, wire.now_ns);
	assert_int_equal(finish(&wire), TRANSFER_FAILED);
	assert_false(wire.host.executed);
	assert_int_equal(wire.controller.status & KCS_STATUS_STATE, KCS_IDLE);
	assert_int_equal(wire.controller.error, KCS_ERROR_ABORTED);
	begin(&wire, get_device_id, sizeof(get_device_id));
	assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
}

/* The controller falls into its error state after `bytes` bytes of the request. */
static void fail_after(struct wire *wire, unsigned bytes)
{
	static const uint8_t set_lan[] = {0x30, 0x01, 0x01, 0x04, 0x02};

	begin(wire, set_lan, sizeof(set_lan));
	while (wire->controller.length < bytes) {
		host_turn(wire);
		controller_turn(wire);
	}
	kcs_controller_write_command(&wire->controller, 0x00); /* an illegal code */
	controller_turn(wire);
}

static void an_error_before_the_end_proves_that_nothing_was_executed(void **state)
{
	struct wire wire;
	unsigned bytes;

	(void)state;
	for (bytes = 1; bytes < 5; bytes++) {
		wire_init(&wire);
		fail_after(&wire, bytes);
		assert_int_equal(finish(&wire), TRANSFER_FAILED);
		assert_false(wire.host.executed);
		assert_int_equal(wire.served, 0);
	}
}

static void an_error_in_the_response_leaves_that_open(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	begin(&wire, get_device_id, sizeof(get_device_id));
	while (wire.served == 0) {
		host_turn(&wire);
		controller_turn(&wire);
	}
	kcs_controller_write_command(&wire.controller, 0x00);
	controller_turn(&wire);
	assert_int_equal(finish(&wire), TRANSFER_FAILED);
	assert_true(wire.host.executed);
}

static void a_controller_that_stops_in_the_middle_is_dead_in_bounded_time(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	begin(&wire, get_device_id, sizeof(get_device_id));
	host_turn(&wire);
	host_turn(&wire);
	wire.stuck = true;
	assert_int_equal(finish(&wire), TRANSFER_DEAD);
	assert_in_range(wire.now_ns / KCS_HANDSHAKE_NS, 1, KCS_ABORTS_MAX + 2);
	wire.stuck = false;
	kcs_transfer.recover(&wire.host, wire.now_ns);
	assert_int_equal(finish(&wire), TRANSFER_FAILED);
	begin(&wire, get_device_id, sizeof(get_device_id));
	assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
}

static void nothing_at_the_address_is_dead(void **state)
{
	struct wire wire;

	(void)state;
	wire_init(&wire);
	wire.or_status = 0xFF;
	begin(&wire, get_device_id, sizeof(get_device_id));
	assert_int_equal(finish(&wire), TRANSFER_DEAD);
	assert_int_equal(wire.commands, 0);
}

static void execution_has_a_patience_of_its_own(void **state)
{
	struct wire wire;
	unsigned turns;

	(void)state;
	wire_init(&wire);
	wire.silent = true;
	assert_int_equal(kcs_transfer.start(&wire.host, get_device_id, sizeof(get_device_id),
				 60 * NSEC_PER_SEC_U64, wire.now_ns),
		0);
	for (turns = 0; wire.now_ns < 59 * NSEC_PER_SEC_U64; turns++) {
		assert_true(turns < ACCESSES_MAX);
		host_turn(&wire);
		controller_turn(&wire);
	}
	assert_int_equal(transfer_outcome(&wire.host), TRANSFER_BUSY);
	wire.silent = false;
	assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
}

/* Section 9.13 figure 9-7: the host reads until the state is idle, whatever the length. */
static void a_response_without_end_is_cut_off(void **state)
{
	struct wire wire;
	unsigned turns;

	(void)state;
	wire_init(&wire);
	begin(&wire, get_device_id, sizeof(get_device_id));
	for (turns = 0; transfer_outcome(&wire.host) == TRANSFER_BUSY; turns++) {
		assert_true(turns < ACCESSES_MAX);
		if (wire.controller.position > 1) {
			wire.controller.position = 1;
		}
		host_turn(&wire);
		controller_turn(&wire);
	}
	assert_int_equal(transfer_outcome(&wire.host), TRANSFER_FAILED);
	assert_true(wire.host.executed);
}

static void the_controller_knows_illegal_codes(void **state)
{
	struct kcs_controller controller;

	(void)state;
	kcs_controller_init(&controller);
	kcs_controller_write_command(&controller, KCS_CODE_WRITE_END); /* nothing was begun */
	kcs_controller_run(&controller);
	assert_int_equal(controller.status & KCS_STATUS_STATE, KCS_ERROR);
	assert_int_equal(controller.error, KCS_ERROR_ILLEGAL);
	kcs_controller_write_data(&controller, 0x55);
	kcs_controller_run(&controller);
	assert_int_equal(controller.status & KCS_STATUS_STATE, KCS_ERROR);
	kcs_controller_write_command(&controller, KCS_CODE_WRITE_START);
	kcs_controller_run(&controller);
	assert_int_equal(controller.status & KCS_STATUS_STATE, KCS_WRITE);
}

/* Whatever the registers show, each transfer ends, and a sound controller serves the next one. */
static void noise_on_the_registers_does_no_lasting_harm(void **state)
{
	struct random random;
	struct wire wire;
	unsigned round, turns;

	(void)state;
	wire_init(&wire);
	random_init(&random, 77);
	for (round = 0; round < 2000; round++) {
		begin(&wire, get_device_id, sizeof(get_device_id));
		for (turns = 0; transfer_outcome(&wire.host) == TRANSFER_BUSY; turns++) {
			assert_true(turns < ACCESSES_MAX);
			wire.or_status = random_u32(&random) % 8 ? 0 : (uint8_t)random_u32(&random);
			host_turn(&wire);
			controller_turn(&wire);
		}
		wire.or_status = 0;
		kcs_transfer.recover(&wire.host, wire.now_ns);
		assert_int_equal(finish(&wire), TRANSFER_FAILED);
		begin(&wire, get_device_id, sizeof(get_device_id));
		assert_int_equal(finish(&wire), TRANSFER_RESPONSE);
		assert_memory_equal(wire.host.bytes, device_id, sizeof(device_id));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_reaches_the_controller_and_its_response_the_host),
		cmocka_unit_test(messages_of_every_length_pass_both_ways),
		cmocka_unit_test(what_does_not_fit_is_refused),
		cmocka_unit_test(attention_is_seen_on_the_way),
		cmocka_unit_test(a_transfer_that_somebody_left_half_done_is_aborted),
		cmocka_unit_test(an_error_before_the_end_proves_that_nothing_was_executed),
		cmocka_unit_test(an_error_in_the_response_leaves_that_open),
		cmocka_unit_test(a_controller_that_stops_in_the_middle_is_dead_in_bounded_time),
		cmocka_unit_test(nothing_at_the_address_is_dead),
		cmocka_unit_test(execution_has_a_patience_of_its_own),
		cmocka_unit_test(a_response_without_end_is_cut_off),
		cmocka_unit_test(the_controller_knows_illegal_codes),
		cmocka_unit_test(noise_on_the_registers_does_no_lasting_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
