/* SPDX-License-Identifier: BSD-2-Clause */
/* Each virtual controller's own flags, queues, enables and Send Message. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_bus.h"

static void app(struct bus *bus, int who, uint8_t command, const uint8_t *data, size_t length)
{
	assert_int_equal(step(&bus->two.world, (struct core_event){.type = CORE_EVENT_REQUEST,
						       .request = {.client = bus->two.client[who],
							       .handle = bus->two.handle[who],
							       .tag = command,
							       .class = VIPMI_CLASS_NORMAL,
							       .netfn = VIPMI_NETFN_APP,
							       .command = command,
							       .data = data,
							       .length = length}}),
		0);
}

static struct core_deliver answer_of(struct bus *bus)
{
	struct core_deliver deliver;

	assert_true(bus_run(bus, &deliver));
	return deliver;
}

/* Send Message with Get Device ID to slot 10, numbered by the client. */
static size_t raw_frame(uint8_t *data, uint8_t sequence)
{
	const struct ipmb_message message = {.rs_address = SLOT_10,
		.rq_address = 0x20,
		.rq_lun = 2,
		.netfn = VIPMI_NETFN_APP,
		.sequence = sequence,
		.command = 0x01};
	int length;

	data[0] = 0;
	length = ipmb_encode(&message, data + 1, IPMB_FRAME_MAX);
	assert_true(length > 0);
	return 1 + (size_t)length;
}

static uint8_t flags_of(struct bus *bus, int who)
{
	struct core_deliver deliver;

	app(bus, who, 0x31, NULL, 0);
	deliver = answer_of(bus);
	assert_int_equal(deliver.cc, VIPMI_CC_OK);
	return deliver.data[0];
}

static void two_raw_bridgers_with_the_same_number_get_their_own_answers(void **state)
{
	static struct bus bus;
	uint8_t data[IPMB_FRAME_MAX + 1];
	struct ipmb_message sent[2], got;
	struct core_deliver deliver;
	size_t length = raw_frame(data, 5);
	int who;

	(void)state;
	bus_start(&bus, 8);
	for (who = 0; who < 2; who++) {
		app(&bus, who, 0x34, data, length);
		deliver = answer_of(&bus);
		assert_int_equal(deliver.handle, bus.two.handle[who]);
		assert_int_equal(deliver.command, 0x34);
		assert_int_equal(deliver.cc, VIPMI_CC_OK);
		assert_true(deliver.sent);
		sent[who] = bus.sent;
	}
	assert_int_not_equal(sent[0].sequence, sent[1].sequence);
	bus_respond(&bus, &sent[1], 0xBB);
	bus_respond(&bus, &sent[0], 0xAA);
	bus_idle(&bus);
	for (who = 0; who < 2; who++) {
		assert_int_equal(flags_of(&bus, who), 0x01);
		app(&bus, who, 0x33, NULL, 0);
		deliver = answer_of(&bus);
		assert_int_equal(deliver.cc, VIPMI_CC_OK);
		assert_int_equal(deliver.data[0], 0); /* channel */
		assert_int_equal(
			ipmb_decode_received(0x20, deliver.data + 1, deliver.length - 1, &got), 0);
		assert_int_equal(got.rs_address, SLOT_10);
		assert_int_equal(got.sequence, 5);
		assert_int_equal(got.rq_lun, 2);
		assert_int_equal(got.data[1], who ? 0xBB : 0xAA);
		app(&bus, who, 0x33, NULL, 0);
		assert_int_equal(answer_of(&bus).cc, 0x80);
		assert_int_equal(flags_of(&bus, who), 0x00);
	}
	free(bus.two.world.memory);
}

static void clearing_ones_flags_flushes_ones_own_queue_alone(void **state)
{
	static const uint8_t flush[] = {0x01};
	static struct bus bus;
	uint8_t data[IPMB_FRAME_MAX + 1];
	size_t length = raw_frame(data, 5);
	struct ipmb_message sent[2];
	int who;

	(void)state;
	bus_start(&bus, 8);
	for (who = 0; who < 2; who++) {
		app(&bus, who, 0x34, data, length);
		(void)answer_of(&bus);
		sent[who] = bus.sent;
	}
	bus_respond(&bus, &sent[0], 1);
	bus_respond(&bus, &sent[1], 2);
	bus_idle(&bus);
	app(&bus, 0, 0x30, flush, sizeof(flush));
	assert_int_equal(answer_of(&bus).cc, VIPMI_CC_OK);
	assert_int_equal(flags_of(&bus, 0), 0);
	assert_int_equal(flags_of(&bus, 1), 1);
	free(bus.two.world.memory);
}

static void a_refusal_by_the_bus_is_told_as_the_controller_tells_it(void **state)
{
	static struct bus bus;
	uint8_t data[IPMB_FRAME_MAX + 1];
	size_t length = raw_frame(data, 5);
	struct core_deliver deliver;
	struct core_status status;

	(void)state;
	bus_start(&bus, 8);
	bus.send_cc = 0x83;
	app(&bus, 0, 0x34, data, length);
	deliver = answer_of(&bus);
	assert_int_equal(deliver.cc, 0x83);
	assert_int_equal(bus.sends, 1);
	core_status(bus.two.world.core, &status);
	assert_int_equal(status.requests, 0);
	free(bus.two.world.memory);
}

static void what_a_system_interface_must_not_send_is_refused_with_cc(void **state)
{
	static struct bus bus;
	uint8_t data[IPMB_FRAME_MAX + 1];
	size_t length = raw_frame(data, 5);

	(void)state;
	bus_start(&bus, 8);
	data[0] = 0x40; /* tracked */
	app(&bus, 0, 0x34, data, length);
	assert_int_equal(answer_of(&bus).cc, VIPMI_CC_INVALID_FIELD);
	data[0] = 0;
	data[length - 1] ^= 1; /* checksum */
	app(&bus, 0, 0x34, data, length);
	assert_int_equal(answer_of(&bus).cc, VIPMI_CC_INVALID_FIELD);
	app(&bus, 0, 0x34, data, 7);
	assert_int_equal(answer_of(&bus).cc, VIPMI_CC_LENGTH_INVALID);
	assert_int_equal(bus.sends, 0);
	free(bus.two.world.memory);
}

static void a_full_receive_queue_drops_and_counts(void **state)
{
	static struct bus bus;
	uint8_t data[IPMB_FRAME_MAX + 1];
	size_t length = raw_frame(data, 5);
	struct core_status status;
	uint32_t i;

	(void)state;
	bus_start(&bus, 8);
	for (i = 0; i < CORE_RECEIVE_QUEUE_MAX + 1; i++) {
		app(&bus, 0, 0x34, data, length);
		(void)answer_of(&bus);
		bus.queue_head = bus.queue_tail = 0;
		bus_respond(&bus, &bus.sent, (uint8_t)i);
		bus_idle(&bus);
	}
	core_status(bus.two.world.core, &status);
	assert_int_equal(status.counters[CORE_COUNTER_receive_queue_overflows], 1);
	for (i = 0; i < CORE_RECEIVE_QUEUE_MAX; i++) {
		app(&bus, 0, 0x33, NULL, 0);
		assert_int_equal(answer_of(&bus).cc, VIPMI_CC_OK);
	}
	app(&bus, 0, 0x33, NULL, 0);
	assert_int_equal(answer_of(&bus).cc, 0x80);
	free(bus.two.world.memory);
}

static void event(struct bus *bus, uint8_t value)
{
	const uint8_t record[16] = {1, 0, 2, [15] = value};

	assert_int_equal(step(&bus->two.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						       .message = {.kind = VIPMI_ASYNC_EVENT,
							       .data = record,
							       .length = sizeof(record)}}),
		0);
}

static void each_event_message_buffer_shows_every_event_once(void **state)
{
	static const uint8_t discard[] = {0x02};
	static struct bus bus;
	struct core_deliver deliver;

	(void)state;
	bus_start(&bus, 8);
	event(&bus, 1);
	event(&bus, 2);
	assert_int_equal(flags_of(&bus, 0), 0x02);
	app(&bus, 0, 0x35, NULL, 0);
	deliver = answer_of(&bus);
	assert_int_equal(deliver.length, 16);
	assert_int_equal(deliver.data[15], 1);
	app(&bus, 0, 0x30, discard, sizeof(discard));
	assert_int_equal(answer_of(&bus).cc, VIPMI_CC_OK);
	app(&bus, 0, 0x35, NULL, 0);
	assert_int_equal(answer_of(&bus).cc, 0x80);
	/* What the one read and discarded the other still has. */
	app(&bus, 1, 0x35, NULL, 0);
	assert_int_equal(answer_of(&bus).data[15], 1);
	app(&bus, 1, 0x35, NULL, 0);
	assert_int_equal(answer_of(&bus).data[15], 2);
	free(bus.two.world.memory);
}

static void global_enables_show_ones_own_bits(void **state)
{
	static const uint8_t none[] = {0x08}, stored[] = {0, 0x0F}, ok[] = {0};
	static struct bus bus;
	struct core_action action;

	(void)state;
	bus_start(&bus, 8);
	app(&bus, 0, 0x2E, none, sizeof(none));
	action = pull(&bus.two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.data[0], 0x0F); /* what the agent lives on stays on */
	respond(&bus.two.world, &action, ok, sizeof(ok));
	assert_int_equal(answer_of(&bus).cc, VIPMI_CC_OK);
	app(&bus, 0, 0x2F, NULL, 0);
	action = pull(&bus.two.world, CORE_ACTION_TRANSMIT);
	respond(&bus.two.world, &action, stored, sizeof(stored));
	assert_int_equal(answer_of(&bus).data[0], 0x08);
	app(&bus, 1, 0x2F, NULL, 0);
	action = pull(&bus.two.world, CORE_ACTION_TRANSMIT);
	respond(&bus.two.world, &action, stored, sizeof(stored));
	assert_int_equal(answer_of(&bus).data[0], 0x0F);
	/* Without its event message buffer no event waits for it. */
	event(&bus, 1);
	assert_int_equal(flags_of(&bus, 0), 0x00);
	assert_int_equal(flags_of(&bus, 1), 0x02);
	free(bus.two.world.memory);
}

static void a_cancelled_send_message_never_reaches_the_bus(void **state)
{
	static const uint8_t ok[] = {0};
	static struct bus bus;
	uint8_t data[IPMB_FRAME_MAX + 1];
	size_t length = raw_frame(data, 5);
	struct core_action busy;
	struct core_deliver deliver;
	struct core_status status;

	(void)state;
	bus_start(&bus, 8);
	app(&bus, 1, 0x01, NULL, 0);
	busy = pull(&bus.two.world, CORE_ACTION_TRANSMIT);
	app(&bus, 0, 0x34, data, length);
	assert_int_equal(step(&bus.two.world, (struct core_event){.type = CORE_EVENT_CANCEL,
						      .cancel = {.client = bus.two.client[0],
							      .handle = bus.two.handle[0],
							      .tag = 0x34}}),
		0);
	deliver = answer_of(&bus);
	assert_int_equal(deliver.reason, VIPMI_REASON_CANCELLED);
	assert_false(deliver.sent);
	respond(&bus.two.world, &busy, ok, sizeof(ok));
	(void)answer_of(&bus);
	bus_idle(&bus);
	assert_int_equal(bus.sends, 0);
	core_status(bus.two.world.core, &status);
	assert_int_equal(status.requests, 0);
	free(bus.two.world.memory);
}

static void a_reserved_command_does_not_pass_inside_a_message(void **state)
{
	const struct core_command mine = {.netfn = VIPMI_NETFN_CHASSIS,
		.command = 0x02,
		.body = CORE_ALL_BODIES,
		.channel = CORE_ALL,
		.address = 0x20,
		.lun = CORE_ALL,
		.direction = CORE_DIRECTION_SEND};
	const uint8_t cycle[] = {2};
	const struct ipmb_message forbidden = {.rs_address = 0x20,
		.rq_address = SLOT_10,
		.netfn = VIPMI_NETFN_CHASSIS,
		.command = 0x02,
		.data = cycle,
		.length = 1};
	struct ipmb_message carrier = {.rs_address = SLOT_10,
		.rq_address = 0x20,
		.rq_lun = 2,
		.netfn = VIPMI_NETFN_APP,
		.command = 0x34};
	static struct bus bus;
	uint8_t inner[IPMB_FRAME_MAX], outer[IPMB_FRAME_MAX + 1];
	struct core_deliver deliver;
	int length;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(
		step(&bus.two.world, (struct core_event){.type = CORE_EVENT_COMMAND_RESERVE,
					     .command_reserve = {.client = bus.two.client[0],
						     .handle = bus.two.handle[0],
						     .commands = &mine,
						     .count = 1}}),
		0);
	/* To the controller's own address. */
	outer[0] = 0;
	length = ipmb_encode(&forbidden, outer + 1, IPMB_FRAME_MAX);
	app(&bus, 1, 0x34, outer, 1 + (size_t)length);
	deliver = answer_of(&bus);
	assert_int_equal(deliver.cc, VIPMI_CC_NOT_IN_STATE);
	assert_int_equal(deliver.reason, VIPMI_REASON_RESERVED);
	/* By way of slot 10, which is to send it back. */
	inner[0] = 0;
	length = ipmb_encode(&forbidden, inner + 1, sizeof(inner) - 1);
	carrier.data = inner;
	carrier.length = 1 + (size_t)length;
	length = ipmb_encode(&carrier, outer + 1, IPMB_FRAME_MAX);
	assert_true(length > 0);
	app(&bus, 1, 0x34, outer, 1 + (size_t)length);
	assert_int_equal(answer_of(&bus).cc, VIPMI_CC_NOT_IN_STATE);
	assert_int_equal(bus.sends, 0);
	free(bus.two.world.memory);
}

/* With a byte too many, which is no enables. */
static uint8_t enables_set(struct bus *bus, uint8_t enables)
{
	const uint8_t data[] = {enables, 0};
	static const uint8_t ok[] = {0};
	uint8_t stored[] = {0, 0};
	struct core_action action;

	app(bus, 0, 0x2E, data, sizeof(data));
	action = pull(&bus->two.world, CORE_ACTION_TRANSMIT);
	stored[1] = action.transmit.data[0];
	respond(&bus->two.world, &action, ok, sizeof(ok));
	assert_int_equal(answer_of(bus).cc, VIPMI_CC_OK);
	app(bus, 0, 0x2F, NULL, 0);
	action = pull(&bus->two.world, CORE_ACTION_TRANSMIT);
	respond(&bus->two.world, &action, stored, sizeof(stored));
	return answer_of(bus).data[0];
}

static void each_enable_is_ones_own(void **state)
{
	static struct bus bus;
	uint8_t enables;

	(void)state;
	bus_start(&bus, 8);
	for (enables = 0; enables < 16; enables++) {
		assert_int_equal(enables_set(&bus, enables), enables);
	}
	free(bus.two.world.memory);
}

/* Section 22.1: turned on again, it shows what happens from then on. Other enables are no matter
 * to what it holds. */
static void an_event_buffer_begins_when_it_is_turned_on(void **state)
{
	static struct bus bus;

	(void)state;
	bus_start(&bus, 8);
	(void)enables_set(&bus, 0x04);
	event(&bus, 1);
	(void)enables_set(&bus, 0x05);
	assert_int_equal(flags_of(&bus, 0), 0x02);
	(void)enables_set(&bus, 0x00);
	event(&bus, 2);
	(void)enables_set(&bus, 0x04);
	assert_int_equal(flags_of(&bus, 0), 0x00);
	event(&bus, 3);
	app(&bus, 0, 0x35, NULL, 0);
	assert_int_equal(answer_of(&bus).data[15], 3);
	free(bus.two.world.memory);
}

/* Where the kernel's driver owns the flags the enables are its business. */
static void on_a_drivers_link_enables_are_not_ones_own(void **state)
{
	static const uint8_t none[] = {0x08}, ok[] = {0};
	struct bus bus = {.two = two_programs(1)};
	struct core_action action;

	(void)state;
	app(&bus, 0, 0x2E, none, sizeof(none));
	action = pull(&bus.two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.data[0], 0x08);
	respond(&bus.two.world, &action, ok, sizeof(ok));
	assert_int_equal(answer_of(&bus).cc, VIPMI_CC_OK);
	event(&bus, 1);
	assert_int_equal(flags_of(&bus, 0), 0x02);
	free(bus.two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(two_raw_bridgers_with_the_same_number_get_their_own_answers),
		cmocka_unit_test(clearing_ones_flags_flushes_ones_own_queue_alone),
		cmocka_unit_test(a_refusal_by_the_bus_is_told_as_the_controller_tells_it),
		cmocka_unit_test(what_a_system_interface_must_not_send_is_refused_with_cc),
		cmocka_unit_test(a_full_receive_queue_drops_and_counts),
		cmocka_unit_test(each_event_message_buffer_shows_every_event_once),
		cmocka_unit_test(global_enables_show_ones_own_bits),
		cmocka_unit_test(a_cancelled_send_message_never_reaches_the_bus),
		cmocka_unit_test(a_reserved_command_does_not_pass_inside_a_message),
		cmocka_unit_test(each_enable_is_ones_own),
		cmocka_unit_test(an_event_buffer_begins_when_it_is_turned_on),
		cmocka_unit_test(on_a_drivers_link_enables_are_not_ones_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
