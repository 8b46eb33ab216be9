/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests that come in from a bus, and who answers them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_bus.h"

/* Slot 10 asks system software something: an OEM command with one byte. */
static void bus_ask(struct bus *bus, uint8_t command, uint8_t value)
{
	const struct ipmb_message request = {.rs_address = 0x20,
		.rs_lun = 2,
		.rq_address = SLOT_10,
		.rq_lun = 1,
		.netfn = 0x30,
		.sequence = 33,
		.command = command,
		.data = &value,
		.length = 1};
	uint8_t frame[IPMB_FRAME_MAX];
	int length = ipmb_encode(&request, frame, sizeof(frame));
	uint8_t *entry = bus->queue[bus->queue_tail];

	assert_true(length > 0);
	entry[0] = 0;
	entry[1] = 0;
	memcpy(entry + 2, frame + 1, (size_t)length - 1);
	bus->queue_length[bus->queue_tail++] = (size_t)length + 1;
	attention(bus, true);
}

static int receive(struct bus *bus, int who, uint8_t command)
{
	const struct core_command what = {.netfn = 0x30,
		.command = command,
		.body = CORE_ALL_BODIES,
		.channel = CORE_ALL,
		.address = CORE_ALL,
		.lun = CORE_ALL,
		.direction = CORE_DIRECTION_RECEIVE};

	return step(&bus->two.world, (struct core_event){.type = CORE_EVENT_COMMAND_RESERVE,
					     .command_reserve = {.client = bus->two.client[who],
						     .handle = bus->two.handle[who],
						     .commands = &what,
						     .count = 1}});
}

static int respond_to(struct bus *bus, int who, uint64_t number)
{
	static const uint8_t data[] = {0x00, 0x77};

	return step(&bus->two.world, (struct core_event){.type = CORE_EVENT_RESPOND,
					     .respond = {.client = bus->two.client[who],
						     .handle = bus->two.handle[who],
						     .tag = 12,
						     .number = number,
						     .data = data,
						     .length = sizeof(data)}});
}

static void the_holder_gets_a_request_and_its_answer_goes_back(void **state)
{
	static struct bus bus;
	struct core_deliver deliver;
	uint64_t number;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(receive(&bus, 1, 0x41), 0);
	bus_ask(&bus, 0x41, 9);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.handle, bus.two.handle[1]);
	assert_int_equal(deliver.kind, CORE_DELIVERY_EVENT);
	assert_int_equal(deliver.async_kind, VIPMI_ASYNC_REQUEST);
	assert_int_equal(deliver.address, SLOT_10);
	assert_int_equal(deliver.netfn, 0x30);
	assert_int_equal(deliver.data[0], 9);
	number = deliver.number;
	bus_idle(&bus);
	assert_int_equal(bus.sends, 0); /* nobody declined in its place */

	assert_int_equal(respond_to(&bus, 0, number), -ENOENT);
	assert_int_equal(respond_to(&bus, 1, number), 0);
	assert_int_equal(respond_to(&bus, 1, number), -ENOENT);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.tag, 12);
	assert_int_equal(deliver.cc, VIPMI_CC_OK);
	assert_int_equal(bus.sends, 1);
	assert_int_equal(bus.sent.netfn, 0x31);
	assert_int_equal(bus.sent.rq_address, SLOT_10);
	assert_int_equal(bus.sent.rq_lun, 1);
	assert_int_equal(bus.sent.rs_address, 0x20);
	assert_int_equal(bus.sent.rs_lun, 2);
	assert_int_equal(bus.sent.sequence, 33);
	assert_int_equal(bus.sent.data[1], 0x77);
	free(bus.two.world.memory);
}

static void what_nobody_holds_is_answered_c1(void **state)
{
	static struct bus bus;
	struct core_status status;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(receive(&bus, 1, 0x41), 0);
	bus_ask(&bus, 0x42, 9);
	bus_idle(&bus);
	assert_int_equal(bus.sends, 1);
	assert_int_equal(bus.sent.netfn, 0x31);
	assert_int_equal(bus.sent.sequence, 33);
	assert_int_equal(bus.sent.data[0], VIPMI_CC_INVALID_COMMAND);
	core_status(bus.two.world.core, &status);
	assert_int_equal(status.counters[CORE_COUNTER_inbound_unclaimed], 1);
	free(bus.two.world.memory);
}

static void a_right_that_is_released_gets_no_more_requests(void **state)
{
	static struct bus bus;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(receive(&bus, 1, 0x41), 0);
	assert_int_equal(
		step(&bus.two.world, (struct core_event){.type = CORE_EVENT_COMMAND_RELEASE,
					     .command_reserve = {.client = bus.two.client[1],
						     .handle = bus.two.handle[1]}}),
		0);
	bus_ask(&bus, 0x41, 9);
	bus_idle(&bus);
	assert_int_equal(bus.sends, 1);
	assert_int_equal(bus.sent.data[0], VIPMI_CC_INVALID_COMMAND);
	free(bus.two.world.memory);
}

static void anothers_requests_do_not_disturb_a_subscriber_to_events(void **state)
{
	static const uint8_t record[16] = {1, 0, 2};
	const struct core_clause events = core_clause_of(CORE_ASYNC(VIPMI_ASYNC_EVENT));
	static struct bus bus;
	struct core_deliver deliver;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(receive(&bus, 1, 0x41), 0);
	assert_int_equal(step(&bus.two.world, (struct core_event){.type = CORE_EVENT_SUBSCRIBE,
						      .subscribe = {.client = bus.two.client[0],
							      .handle = bus.two.handle[0],
							      .clauses = &events,
							      .count = 1}}),
		0);
	bus_ask(&bus, 0x41, 9);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.handle, bus.two.handle[1]);
	bus_idle(&bus);
	assert_int_equal(step(&bus.two.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						      .message = {.kind = VIPMI_ASYNC_EVENT,
							      .data = record,
							      .length = sizeof(record)}}),
		0);
	/* And events do not disturb who only receives requests. */
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.handle, bus.two.handle[0]);
	assert_int_equal(deliver.async_kind, VIPMI_ASYNC_EVENT);
	bus_idle(&bus);
	free(bus.two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_holder_gets_a_request_and_its_answer_goes_back),
		cmocka_unit_test(what_nobody_holds_is_answered_c1),
		cmocka_unit_test(a_right_that_is_released_gets_no_more_requests),
		cmocka_unit_test(anothers_requests_do_not_disturb_a_subscriber_to_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
