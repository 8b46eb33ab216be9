/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests from a bus: whose they are by each field of the right to receive them, what an answer
 * may be, and how long they wait for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_bus.h"

/* On channel 3, from slot 10's LUN 1 to our LUN 2: OEM command 41h of netFn 30h, `length` bytes. */
static void bus_ask(struct bus *bus, const uint8_t *data, size_t length)
{
	const struct ipmb_message request = {.rs_address = 0x20,
		.rs_lun = 2,
		.rq_address = SLOT_10,
		.rq_lun = 1,
		.netfn = 0x30,
		.sequence = 33,
		.command = 0x41,
		.data = data,
		.length = length};
	uint8_t frame[128], entry[129];
	int size = ipmb_encode(&request, frame, sizeof(frame));
	struct core_action action;

	assert_true(size > 0);
	entry[0] = 0;
	entry[1] = 3;
	memcpy(entry + 2, frame + 1, (size_t)size - 1);
	/* The flags say that there is a message, and then it is fetched. */
	attention(bus, true);
	action = pull(&bus->two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.command, 0x31);
	respond(&bus->two.world, &action, (const uint8_t[]){0, 1}, 2);
	action = pull(&bus->two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.command, 0x33);
	attention(bus, false);
	respond(&bus->two.world, &action, entry, (size_t)size + 1);
}

static struct core_command right(uint16_t command)
{
	return (struct core_command){.netfn = 0x30,
		.command = command,
		.body = CORE_ALL_BODIES,
		.channel = CORE_ALL,
		.address = CORE_ALL,
		.lun = CORE_ALL,
		.direction = CORE_DIRECTION_RECEIVE};
}

#define WITH(field, value)                                                                         \
	({                                                                                         \
		struct core_command with = right(0x41);                                            \
		with.field = (value);                                                              \
		with;                                                                              \
	})

static int rights(struct bus *bus, enum core_event_type type, struct core_command command)
{
	return step(&bus->two.world, (struct core_event){.type = type,
					     .command_reserve = {.client = bus->two.client[0],
						     .handle = bus->two.handle[0],
						     .commands = &command,
						     .count = 1}});
}

static int reserve(struct bus *bus, struct core_command command)
{
	return rights(bus, CORE_EVENT_COMMAND_RESERVE, command);
}

static bool comes_to(struct core_command command)
{
	static const uint8_t data[] = {9};
	static struct bus bus;
	struct core_deliver deliver;
	bool came;

	bus_start(&bus, 8);
	assert_int_equal(reserve(&bus, command), 0);
	bus_ask(&bus, data, 1);
	came = bus_run(&bus, &deliver);
	assert_int_equal(bus.sends, !came); /* or it is declined */
	if (!came) {
		assert_int_equal(bus.frame[0], 3);
		assert_int_equal(bus.sent.data[0], VIPMI_CC_INVALID_COMMAND);
		assert_int_equal(bus.sent.length, 1);
	}
	free(bus.two.world.memory);
	return came;
}

static void a_request_comes_to_whose_right_meets_it_in_all_fields(void **state)
{
	(void)state;
	assert_true(comes_to(right(0x41)));
	assert_true(comes_to(right(CORE_ALL_COMMANDS)));
	assert_false(comes_to(right(0x42)));
	assert_false(comes_to(WITH(netfn, 0x32)));
	assert_true(comes_to(WITH(channel, 3)));
	assert_false(comes_to(WITH(channel, 0)));
	assert_true(comes_to(WITH(address, SLOT_10)));
	assert_false(comes_to(WITH(address, 0x20)));
	assert_true(comes_to(WITH(lun, 2)));
	assert_false(comes_to(WITH(lun, 1)));
	assert_false(comes_to(WITH(direction, CORE_DIRECTION_SEND)));
	assert_true(comes_to(WITH(direction, CORE_DIRECTION_BOTH)));
}

static int answer(struct bus *bus, int who, uint64_t number, const uint8_t *data, size_t length)
{
	return step(&bus->two.world, (struct core_event){.type = CORE_EVENT_RESPOND,
					     .respond = {.client = bus->two.client[who],
						     .handle = bus->two.handle[who],
						     .tag = 12,
						     .number = number,
						     .data = data,
						     .length = length}});
}

static void an_answer_has_its_length_and_its_number(void **state)
{
	static const uint8_t data[CORE_MESSAGE_DATA_MAX + 1] = {0, 1, 2};
	static struct bus bus;
	struct core_deliver deliver;
	struct core_action action;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(reserve(&bus, right(0x41)), 0);
	assert_int_equal(answer(&bus, 0, 0, data, 1), -ENOENT);
	assert_int_equal(answer(&bus, 0, 1, data, 1), -ENOENT); /* is not there yet */
	bus_ask(&bus, data, 3);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.number, 1);
	assert_int_equal(deliver.channel, 3);
	assert_int_equal(deliver.length, 3);
	assert_int_equal(answer(&bus, 0, 0, data, 1), -ENOENT);
	assert_int_equal(answer(&bus, 0, 2, data, 1), -ENOENT);
	assert_int_equal(answer(&bus, 0, 1 + CORE_MESSAGES_KEPT, data, 1), -ENOENT);
	assert_int_equal(answer(&bus, 1, 1, data, 1), -ENOENT);
	assert_int_equal(answer(&bus, 0, 1, data, 0), -EMSGSIZE);
	assert_int_equal(answer(&bus, 0, 1, data, CORE_MESSAGE_DATA_MAX + 1), -EMSGSIZE);
	assert_int_equal(answer(&bus, 0, 1, data, CORE_MESSAGE_DATA_MAX), 0);
	action = pull(&bus.two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.netfn, 6);
	assert_int_equal(action.transmit.command, 0x34);
	/* Channel, requester, netFn, checksum; ours, number, command; data; checksum. */
	assert_int_equal(action.transmit.length, 1 + 3 + 3 + CORE_MESSAGE_DATA_MAX + 1);
	assert_int_equal(action.transmit.data[0], 3);
	free(bus.two.world.memory);
}

static void a_long_request_is_cut(void **state)
{
	static uint8_t data[CORE_MESSAGE_DATA_MAX + 2];
	static struct bus bus;
	struct core_deliver deliver;
	size_t length;

	(void)state;
	memset(data, 0x77, sizeof(data));
	bus_start(&bus, 8);
	assert_int_equal(reserve(&bus, right(0x41)), 0);
	for (length = CORE_MESSAGE_DATA_MAX - 1; length <= sizeof(data); length++) {
		bus_ask(&bus, data, length);
		assert_true(bus_run(&bus, &deliver));
		assert_int_equal(deliver.length,
			length < CORE_MESSAGE_DATA_MAX ? length : CORE_MESSAGE_DATA_MAX);
		assert_memory_equal(deliver.data, data, deliver.length);
	}
	free(bus.two.world.memory);
}

static void messages(struct bus *bus, uint32_t count)
{
	while (count-- > 0) {
		assert_int_equal(
			step(&bus->two.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						      .message = {.kind = VIPMI_ASYNC_EVENT}}),
			0);
	}
}

static void a_request_waits_for_its_answer_while_it_is_kept(void **state)
{
	static const uint8_t data[] = {9};
	static struct bus bus;
	struct core_deliver deliver;

	(void)state;
	bus_start(&bus, 8);
	messages(&bus, CORE_MESSAGES_KEPT + 5);
	assert_int_equal(reserve(&bus, right(0x41)), 0);
	bus_ask(&bus, data, 1);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.number, CORE_MESSAGES_KEPT + 6);
	messages(&bus, CORE_MESSAGES_KEPT - 1);
	do {
		later(&bus, 0);
		bus_idle(&bus);
	} while (core_deadline(bus.two.world.core) <= bus.two.world.now_ns);
	assert_int_equal(answer(&bus, 0, deliver.number, data, 1), 0);
	assert_int_equal(answer(&bus, 0, deliver.number, data, 1), -ENOENT); /* once */
	assert_true(bus_run(&bus, &deliver));
	bus_ask(&bus, data, 1);
	assert_true(bus_run(&bus, &deliver));
	messages(&bus, CORE_MESSAGES_KEPT);
	assert_int_equal(answer(&bus, 0, deliver.number, data, 1), -ENOENT);
	free(bus.two.world.memory);
}

static void an_answer_needs_credit_on_whatever_link(void **state)
{
	static const uint8_t data[] = {9};
	static struct bus bus;
	struct core_deliver deliver;
	uint32_t i;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(reserve(&bus, right(0x41)), 0);
	bus_ask(&bus, data, 1);
	assert_true(bus_run(&bus, &deliver));
	for (i = 0; i < CORE_CREDIT_DEFAULT - 1; i++) {
		assert_int_equal(ask(&bus.two.world, bus.two.client[0], bus.two.handle[0], i), 0);
	}
	assert_int_equal(core_credit(bus.two.world.core, bus.two.handle[0]), 1);
	assert_int_equal(ask(&bus.two.world, bus.two.client[0], bus.two.handle[0], i), 0);
	assert_int_equal(answer(&bus, 0, 1, data, 1), -EAGAIN);
	assert_int_equal(step(&bus.two.world, (struct core_event){.type = CORE_EVENT_CANCEL,
						      .cancel = {.client = bus.two.client[0],
							      .handle = bus.two.handle[0],
							      .tag = i}}),
		0);
	while (bus.two.world.core && core_credit(bus.two.world.core, bus.two.handle[0]) == 0) {
		struct core_action action;

		assert_true(core_next(bus.two.world.core, &action));
		core_done(bus.two.world.core, action.id,
			action.type == CORE_ACTION_DELIVER ? 0 : -EAGAIN);
	}
	assert_int_equal(core_credit(bus.two.world.core, bus.two.handle[0]), 1);
	/* A link that bridges by itself carries it, too. */
	link_up(&bus.two.world, 1);
	assert_int_equal(answer(&bus, 0, 1, data, 1), 0);
	free(bus.two.world.memory);
}

static bool polls(struct two *two)
{
	return core_deadline(two->world.core) != TIME_NEVER;
}

static void who_may_receive_is_a_subscriber_and_no_longer_than_that(void **state)
{
	static struct bus bus;
	struct core_action action;
	int i;

	(void)state;
	bus = (struct bus){.two = two_programs(1)};
	/* Without attention the flags are asked for while there are subscribers. */
	assert_int_equal(step(&bus.two.world, (struct core_event){.type = CORE_EVENT_LINK_UP,
						      .link_up = {.owns_flags = true}}),
		0);
	bus_idle(&bus);
	assert_false(polls(&bus.two));
	assert_int_equal(reserve(&bus, WITH(direction, CORE_DIRECTION_SEND)), 0);
	assert_false(polls(&bus.two));
	for (i = 0; i < 2; i++) {
		assert_int_equal(reserve(&bus, right(0x41)), 0);
		assert_true(polls(&bus.two));
		assert_int_equal(rights(&bus, CORE_EVENT_COMMAND_RELEASE, right(0x41)), 0);
		later(&bus, 10 * NSEC_PER_MSEC_U64);
		bus_idle(&bus);
		assert_false(polls(&bus.two));
		assert_false(core_next(bus.two.world.core, &action));
	}
	free(bus.two.world.memory);
}

static bool flags_are_due_at(struct two *two, uint64_t ms)
{
	return core_deadline(two->world.core) == 1000 + ms * NSEC_PER_MSEC_U64;
}

static void listens(struct bus *bus)
{
	const struct core_clause all = core_clause_of(CORE_ASYNC_ALL);

	assert_int_equal(step(&bus->two.world, (struct core_event){.type = CORE_EVENT_SUBSCRIBE,
						       .subscribe = {.client = bus->two.client[0],
							       .handle = bus->two.handle[0],
							       .clauses = &all,
							       .count = 1}}),
		0);
}

static void flags_are_asked_for_where_they_are_ours_and_no_later_than_meant(void **state)
{
	struct bus bus = {.two = two_programs(1)};

	(void)state;
	/* A link that hands messages in needs no looking. */
	listens(&bus);
	assert_false(polls(&bus.two));
	assert_int_equal(step(&bus.two.world, (struct core_event){.type = CORE_EVENT_LINK_UP,
						      .link_up = {.owns_flags = true}}),
		0);
	bus_idle(&bus);
	listens(&bus);
	assert_true(flags_are_due_at(&bus.two, CORE_FLAGS_POLL_MS));
	later(&bus, 5 * NSEC_PER_MSEC_U64);
	listens(&bus);
	assert_true(flags_are_due_at(&bus.two, CORE_FLAGS_POLL_MS));
	free(bus.two.world.memory);
}

/* Attention that never ends, and always a message: how much of it is fetched before a request? */
static uint32_t fetched_before_a_request(struct bus *bus)
{
	static const uint8_t flags[] = {0, 1}, message[] = {0, 0, 0};
	struct core_action action;
	uint32_t count;

	for (count = 0; count < 20; count++) {
		action = pull(&bus->two.world, CORE_ACTION_TRANSMIT);
		if (action.transmit.command == 0x01) {
			respond(&bus->two.world, &action, flags, 1);
			break;
		}
		if (action.transmit.command == 0x31) {
			respond(&bus->two.world, &action, flags, sizeof(flags));
		} else {
			respond(&bus->two.world, &action, message, sizeof(message));
		}
	}
	return count;
}

static void requests_wait_for_eight_fetches_and_for_none_that_were_before(void **state)
{
	static struct bus bus;
	int i;

	(void)state;
	bus_start(&bus, 8);
	attention(&bus, true);
	assert_int_equal(fetched_before_a_request(&bus), 20);
	for (i = 0; i < 3; i++) {
		assert_int_equal(ask(&bus.two.world, bus.two.client[0], bus.two.handle[0], 1), 0);
	}
	assert_int_equal(fetched_before_a_request(&bus), 0);
	assert_int_equal(fetched_before_a_request(&bus), CORE_FETCH_RUN_MAX);
	assert_int_equal(fetched_before_a_request(&bus), CORE_FETCH_RUN_MAX);
	free(bus.two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_comes_to_whose_right_meets_it_in_all_fields),
		cmocka_unit_test(an_answer_has_its_length_and_its_number),
		cmocka_unit_test(a_long_request_is_cut),
		cmocka_unit_test(a_request_waits_for_its_answer_while_it_is_kept),
		cmocka_unit_test(an_answer_needs_credit_on_whatever_link),
		cmocka_unit_test(who_may_receive_is_a_subscriber_and_no_longer_than_that),
		cmocka_unit_test(flags_are_asked_for_where_they_are_ours_and_no_later_than_meant),
		cmocka_unit_test(requests_wait_for_eight_fetches_and_for_none_that_were_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
