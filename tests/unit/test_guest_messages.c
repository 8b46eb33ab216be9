/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's events, flags and queue, and what it asks on the bus. */
#include "guest_world.h"

static void events_wait_for_who_wants_them(void **state)
{
	uint8_t record[GUEST_EVENT_SIZE] = {0};
	size_t i;

	(void)state;
	begin(NULL);
	guest_event(&guest, record); /* the buffer is not enabled */
	assert_string_equal(controls(), "");
	assert_int_equal(ASK(0x06, 0x35), 0x80);
	assert_int_equal(ASK(0x06, 0x2E, 0x04), 0);
	for (i = 0; i < GUEST_EVENTS_MAX + 3; i++) {
		record[0] = (uint8_t)i;
		guest_event(&guest, record);
	}
	assert_int_equal(guest.messages.events_lost, 3);
	assert_string_equal(controls(), "01 "); /* once, and without an interrupt */
	for (i = 0; i < GUEST_EVENTS_MAX; i++) {
		assert_int_equal(ASK(0x06, 0x31), 0);
		assert_int_equal(verdict.answer.data[1], 0x02);
		assert_string_equal(controls(), "");
		assert_int_equal(ASK(0x06, 0x35), 0);
		assert_int_equal(verdict.answer.data[1], i);
	}
	assert_string_equal(controls(), "00 ");
	guest_event(&guest, record);
	assert_int_equal(ASK(0x06, 0x30, 0x02), 0);
	assert_int_equal(ASK(0x06, 0x35), 0x80);
	assert_int_equal(ASK(0x06, 0x2E, 0x10), 0xCC);
}

static void the_bus_is_for_reads_and_only_if_shown(void **state)
{
	const struct guest_config bus = {.sensors = true, .bus = true, .grace_ns = SECOND};

	(void)state;
	begin(NULL);
	assert_int_equal(send_message(0x04, 0x2D), 0xD4);
	assert_int_equal(ASK(0x06, 0x42, 0), 0xCC);
	begin(&bus);
	assert_int_equal(ASK(0x06, 0x42, 0), 0);
	assert_int_equal(ASK(0x06, 0x42, 0x0E), 0);
	assert_int_equal(verdict.answer.data[1], 0x0F);
	assert_int_equal(send_message(0x00, 0x02), 0xD4); /* Chassis Control */
	assert_int_equal(send_message(0x06, 0x02), 0xD4); /* Cold Reset */
	assert_int_equal(send_message(0x06, 0x08), 0xD4); /* Get Device GUID */
	assert_int_equal(send_message(0x06, 0x34), 0xD4); /* Send Message */
	assert_int_equal(send_message(0x05, 0x2D), 0xD4); /* a response */
	assert_false(verdict.forwarded);
	assert_int_equal(ASK(0x06, 0x34, 0x40, 0xB2, 0x11, 0x3D, 0x20, 0, 0x2D, 0), 0xCC);
	assert_int_equal(ASK(0x06, 0x34, 0, 0xB2), 0xC7);
}

static void a_broadcast_is_one(void **state)
{
	const struct guest_config bus = {.sensors = true, .bus = true, .grace_ns = SECOND};

	(void)state;
	begin(&bus);
	/* 00h, then Get Device ID for B2h. */
	assert_int_equal(ASK(0x06, 0x34, 0, 0, 0xB2, 0x18, 0x36, 0x20, 0x28, 0x01, 0xB7), 0);
	assert_true(verdict.forwarded);
	assert_int_equal(verdict.forward.target_kind, VIPMI_TARGET_IPMB_BROADCAST);
	assert_int_equal(verdict.forward.address, 0xB2);
	assert_int_equal(ASK(0x06, 0x34, 0, 1, 0xB2, 0x18, 0x36, 0x20, 0x28, 0x01, 0xB7), 0xCC);
	assert_int_equal(ASK(0x06, 0x34, 0, 0xB2, 0x18, 0x36, 0x20, 0x28, 0x01, 0xB7), 0);
	assert_int_equal(verdict.forward.target_kind, VIPMI_TARGET_IPMB);
}

static void an_answer_from_the_bus_waits_in_the_queue(void **state)
{
	const struct guest_config bus = {.sensors = true, .bus = true, .grace_ns = SECOND};
	struct ipmb_message message;

	(void)state;
	begin(&bus);
	assert_int_equal(send_message(0x04, 0x2D), 0);
	assert_true(verdict.forwarded);
	assert_int_equal(verdict.forward.target_kind, VIPMI_TARGET_IPMB);
	assert_int_equal(verdict.forward.channel, 7);
	assert_int_equal(verdict.forward.address, 0xB2);
	assert_int_equal(verdict.forward.lun, 1);
	assert_int_equal(verdict.forward.length, 1);
	guest_disconnect(&guest, now_ns); /* it is no less its answer */
	guest_response(&guest, verdict.forward.tag, 0, (const uint8_t *)"xyz", 3, &verdict);
	assert_false(verdict.answered);
	guest_connect(&guest, now_ns);
	assert_string_equal(controls(), "01 ");
	assert_int_equal(ASK(0x06, 0x31), 0);
	assert_int_equal(verdict.answer.data[1], 0x01);
	take_bus_answer(&message);
	assert_int_equal(message.length, 4);
	assert_memory_equal(message.data, "\0xyz", 4);
	assert_int_equal(ASK(0x06, 0x33), 0x80);
	assert_string_equal(controls(), "00 ");
}

/* As when another process takes the guest over: nothing is owed for ever. */
static void what_nobody_will_answer_is_a_time_out(void **state)
{
	const struct guest_config bus = {.sensors = true, .bus = true, .grace_ns = SECOND};
	struct ipmb_message message;
	size_t i;

	(void)state;
	begin(&bus);
	assert_int_equal(send_message(0x04, 0x2D), 0);
	assert_int_equal(ASK(0x04, 0x2D, 1), -1);
	guest_abandon(&guest);
	assert_int_equal(ASK(0x06, 0x33), 0);
	assert_int_equal(ipmb_decode_received(0x20, verdict.answer.data + 2,
				 verdict.answer.length - 2, &message),
		0);
	assert_int_equal(message.length, 1);
	assert_int_equal(message.data[0], VIPMI_CC_TIMEOUT);
	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		assert_int_equal(ASK(0x04, 0x2D, 1), -1);
	}
}

static void the_queue_is_as_long_as_it_is(void **state)
{
	const struct guest_config bus = {.sensors = true, .bus = true, .grace_ns = SECOND};
	struct guest_verdict ignored;
	size_t i;

	(void)state;
	begin(&bus);
	for (i = 0; i <= GUEST_RECEIVED_MAX; i++) {
		assert_int_equal(send_message(0x04, 0x2D), 0);
		guest_response(&guest, verdict.forward.tag, 0, NULL, 0, &ignored);
	}
	assert_int_equal(guest.messages.received_lost, 1);
	assert_int_equal(guest.messages.received_count, GUEST_RECEIVED_MAX);
	assert_int_equal(ASK(0x06, 0x30, 0x01), 0);
	assert_int_equal(ASK(0x06, 0x33), 0x80);
}

static void channels_are_received_from_as_told(void **state)
{
	(void)state;
	begin(NULL);
	assert_int_equal(ASK(0x06, 0x32, 7, 0), 0);
	assert_int_equal(verdict.answer.data[2], 0);
	assert_int_equal(ASK(0x06, 0x32, 7, 2), 0);
	assert_int_equal(verdict.answer.data[2], 0);
	assert_int_equal(ASK(0x06, 0x32, 7, 1), 0);
	assert_int_equal(verdict.answer.data[1], 7);
	assert_int_equal(verdict.answer.data[2], 1);
	assert_int_equal(ASK(0x06, 0x32, 7, 3), 0xCC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_wait_for_who_wants_them),
		cmocka_unit_test(the_bus_is_for_reads_and_only_if_shown),
		cmocka_unit_test(a_broadcast_is_one),
		cmocka_unit_test(an_answer_from_the_bus_waits_in_the_queue),
		cmocka_unit_test(what_nobody_will_answer_is_a_time_out),
		cmocka_unit_test(the_queue_is_as_long_as_it_is),
		cmocka_unit_test(channels_are_received_from_as_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
