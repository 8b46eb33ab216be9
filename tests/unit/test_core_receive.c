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

/* As a link hands it in that does not own the flags: from channel 11, C4h, LUN 3. */
static int hand_in(struct bus *bus, uint8_t command, uint8_t sequence)
{
	return step(&bus->two.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
					     .message = {.kind = VIPMI_ASYNC_REQUEST,
						     .channel = 11,
						     .address = SLOT_10,
						     .lun = 3,
						     .netfn = 0x3E,
						     .command = command,
						     .sequence = sequence}});
}

static int refuse(uint8_t channel, uint8_t address, uint8_t lun, uint8_t netfn, size_t length)
{
	static const uint8_t data[CORE_MESSAGE_DATA_MAX + 1];
	static struct bus bus;
	int r;

	bus_start(&bus, 8);
	r = step(&bus.two.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
					 .message = {.kind = VIPMI_ASYNC_REQUEST,
						 .channel = channel,
						 .address = address,
						 .lun = lun,
						 .netfn = netfn,
						 .data = data,
						 .length = length}});
	free(bus.two.world.memory);
	return r;
}

/* Get Message Flags (IPMI 2.0 section 22.4) with a completion code and no flags. */
static void flags_that_were_cut_off_are_none(void **state)
{
	static const uint8_t cut[] = {0, 0x03};
	struct core_action action;
	struct bus bus;

	(void)state;
	bus_start(&bus, 8);
	attention(&bus, true);
	action = pull(&bus.two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.command, 0x31);
	respond(&bus.two.world, &action, cut, 1);
	action = pull(&bus.two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.command, 0x31); /* nothing to fetch; it is asked again */
	free(bus.two.world.memory);
}

static void what_no_bus_can_bring_is_refused(void **state)
{
	(void)state;
	assert_int_equal(refuse(11, 0xFE, 3, 0x3E, CORE_MESSAGE_DATA_MAX), 0);
	assert_int_equal(refuse(12, 0xFE, 3, 0x3E, 0), -EINVAL);
	assert_int_equal(refuse(11, 0xFF, 3, 0x3E, 0), -EINVAL);
	assert_int_equal(refuse(11, 0xFE, 4, 0x3E, 0), -EINVAL);
	assert_int_equal(refuse(11, 0xFE, 3, 0x3F, 0), -EINVAL);
	assert_int_equal(refuse(11, 0xFE, 3, 0x40, 0), -EINVAL);
	assert_int_equal(refuse(11, 0xFE, 3, 0x3E, CORE_MESSAGE_DATA_MAX + 1), -EMSGSIZE);
}

static void receive_all(struct bus *bus)
{
	const struct core_command what = {.netfn = 0x3E,
		.command = CORE_ALL_COMMANDS,
		.body = CORE_ALL_BODIES,
		.channel = CORE_ALL,
		.address = CORE_ALL,
		.lun = CORE_ALL,
		.direction = CORE_DIRECTION_RECEIVE};

	bus_start(bus, 8);
	assert_int_equal(
		step(&bus->two.world, (struct core_event){.type = CORE_EVENT_COMMAND_RESERVE,
					      .command_reserve = {.client = bus->two.client[0],
						      .handle = bus->two.handle[0],
						      .commands = &what,
						      .count = 1}}),
		0);
}

static int describe(struct bus *bus, uint8_t command)
{
	static const uint8_t cc[] = {0};

	return step(&bus->two.world, (struct core_event){.type = CORE_EVENT_RESPOND,
					     .respond = {.client = bus->two.client[0],
						     .handle = bus->two.handle[0],
						     .described = true,
						     .channel = 11,
						     .address = SLOT_10,
						     .lun = 3,
						     .netfn = 0x3E,
						     .command = command,
						     .sequence = 33,
						     .data = cc,
						     .length = 1}});
}

static void a_message_handed_in_says_whom_it_is_from(void **state)
{
	static struct bus bus;
	struct core_deliver deliver;

	(void)state;
	receive_all(&bus);
	assert_int_equal(hand_in(&bus, 0x41, 33), 0);
	assert_true(bus_run(&bus, &deliver));
	assert_true(deliver.yours);
	assert_int_equal(deliver.lun, 2); /* system software's; no driver says which it was */
	assert_int_equal(deliver.source_lun, 3);
	assert_int_equal(deliver.sequence, 33);
	assert_int_equal(deliver.channel, 11);
	assert_int_equal(deliver.address, SLOT_10);
	free(bus.two.world.memory);
}

static void a_described_request_is_found_behind_sixty_three_of_its_number(void **state)
{
	static struct bus bus;
	unsigned i;

	(void)state;
	receive_all(&bus);
	assert_int_equal(hand_in(&bus, 0x41, 33), 0);
	assert_int_equal(hand_in(&bus, 0x43, 33), 0);
	for (i = 0; i < CORE_INCOMING_LOOKS_MAX - 1; i++) {
		assert_int_equal(hand_in(&bus, 0x42, 33), 0);
		assert_int_equal(hand_in(&bus, 0x42, 34), 0); /* which do not count */
	}
	assert_int_equal(describe(&bus, 0x41), -ENOENT);
	assert_int_equal(describe(&bus, 0x43), 0);
	free(bus.two.world.memory);
}

static void an_answer_is_in_time_for_five_seconds(void **state)
{
	static struct bus bus;

	(void)state;
	receive_all(&bus);
	assert_int_equal(hand_in(&bus, 0x41, 33), 0);
	assert_int_equal(hand_in(&bus, 0x42, 33), 0);
	later(&bus, CORE_RESPOND_MAX_MS * NSEC_PER_MSEC_U64);
	assert_int_equal(describe(&bus, 0x41), 0);
	later(&bus, 1);
	assert_int_equal(describe(&bus, 0x42), -ETIMEDOUT);
	free(bus.two.world.memory);
}

/* Handed in 4,096 messages ago: the next one will have its slot, but not yet its name. */
static void the_next_number_is_nobodys(void **state)
{
	static struct bus bus;
	unsigned i;

	(void)state;
	receive_all(&bus);
	assert_int_equal(hand_in(&bus, 0x41, 33), 0);
	for (i = 1; i < CORE_MESSAGES_KEPT; i++) {
		assert_int_equal(
			step(&bus.two.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						     .message = {.kind = VIPMI_ASYNC_EVENT}}),
			0);
	}
	assert_int_equal(respond_to(&bus, 0, 1 + CORE_MESSAGES_KEPT), -ENOENT);
	assert_int_equal(respond_to(&bus, 0, 1), 0);
	free(bus.two.world.memory);
}

static void an_answer_names_its_request_one_way_or_the_other(void **state)
{
	static const uint8_t cc[] = {0};
	static struct bus bus;

	(void)state;
	receive_all(&bus);
	assert_int_equal(hand_in(&bus, 0x41, 0), 0);
	assert_int_equal(respond_to(&bus, 0, 0), -ENOENT);
	/* By both: the number says which of those that it describes. */
	assert_int_equal(hand_in(&bus, 0x41, 0), 0);
	assert_int_equal(step(&bus.two.world, (struct core_event){.type = CORE_EVENT_RESPOND,
						      .respond = {.client = bus.two.client[0],
							      .handle = bus.two.handle[0],
							      .number = 1,
							      .described = true,
							      .channel = 11,
							      .address = SLOT_10,
							      .lun = 3,
							      .netfn = 0x3E,
							      .command = 0x41,
							      .data = cc,
							      .length = 1}}),
		0);
	assert_int_equal(respond_to(&bus, 0, 1), -ENOENT);
	assert_int_equal(respond_to(&bus, 0, 2), 0);
	free(bus.two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_holder_gets_a_request_and_its_answer_goes_back),
		cmocka_unit_test(what_nobody_holds_is_answered_c1),
		cmocka_unit_test(a_right_that_is_released_gets_no_more_requests),
		cmocka_unit_test(anothers_requests_do_not_disturb_a_subscriber_to_events),
		cmocka_unit_test(flags_that_were_cut_off_are_none),
		cmocka_unit_test(what_no_bus_can_bring_is_refused),
		cmocka_unit_test(a_message_handed_in_says_whom_it_is_from),
		cmocka_unit_test(a_described_request_is_found_behind_sixty_three_of_its_number),
		cmocka_unit_test(an_answer_is_in_time_for_five_seconds),
		cmocka_unit_test(the_next_number_is_nobodys),
		cmocka_unit_test(an_answer_names_its_request_one_way_or_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
