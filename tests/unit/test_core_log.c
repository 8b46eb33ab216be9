/* SPDX-License-Identifier: BSD-2-Clause */
/* Asynchronous messages where the log begins and ends, and losses counted to the last one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

/* Of sensor n: an event's image as the event message buffer has it. */
static void event_of(struct world *world, uint8_t sensor)
{
	const uint8_t record[16] = {1, 0, 2, [7] = 0x20, [9] = 4, [10] = 0x01, [11] = sensor};

	assert_int_equal(step(world, (struct core_event){.type = CORE_EVENT_MESSAGE,
					     .message = {.kind = VIPMI_ASYNC_EVENT,
						     .data = record,
						     .length = sizeof(record)}}),
		0);
}

static void events(struct world *world, uint32_t count)
{
	while (count-- > 0) {
		event_of(world, 1);
	}
}

struct choice {
	int sensor; /* or -1: all messages */
	bool exclusive;
	enum core_from from;
	uint64_t number;
};

static void subscribe(struct world *world, uint32_t client, uint32_t handle, struct choice choice)
{
	struct core_clause clause = core_clause_of(CORE_ASYNC_ALL);

	if (choice.sensor >= 0) {
		clause.sensor = (uint16_t)choice.sensor;
	}
	assert_int_equal(step(world, (struct core_event){.type = CORE_EVENT_SUBSCRIBE,
					     .subscribe = {.client = client,
						     .handle = handle,
						     .clauses = &clause,
						     .count = 1,
						     .exclusive = choice.exclusive,
						     .from = choice.from,
						     .number = choice.number}}),
		0);
}

static void first_subscribes(struct two *two, struct choice choice)
{
	subscribe(&two->world, two->client[0], two->handle[0], choice);
}

static const struct choice all = {.sensor = -1};

static void expect_number(struct two *two, uint64_t number)
{
	struct core_deliver deliver = delivered(two);

	assert_int_equal(deliver.kind, CORE_DELIVERY_EVENT);
	assert_int_equal(deliver.number, number);
}

static void expect_loss(struct two *two, uint64_t lost)
{
	struct core_deliver deliver = delivered(two);

	assert_int_equal(deliver.kind, CORE_DELIVERY_LOSS);
	assert_int_equal(deliver.lost, lost);
}

static void expect_nothing(struct world *world)
{
	assert_false(core_next(world->core, &(struct core_action){0}));
}

static uint64_t first_kept(const struct world *world)
{
	struct core_message_info info;
	uint64_t cursor = 0;

	assert_true(core_message_next(world->core, &cursor, &info));
	return info.number;
}

static void the_first_message_is_kept_until_its_place_is_needed(void **state)
{
	struct two two = two_programs(1);

	(void)state;
	events(&two.world, CORE_MESSAGES_KEPT - 1);
	assert_int_equal(first_kept(&two.world), 1);
	events(&two.world, 1);
	assert_int_equal(first_kept(&two.world), 1);
	events(&two.world, 1);
	assert_int_equal(first_kept(&two.world), 2);
	free(two.world.memory);
}

/* What lay in the memory before, such as another core's messages, is no loss. */
static void slots_that_were_never_used_hold_no_message(void **state)
{
	struct two two = two_programs(1);
	const struct core_limits limits = {.handles_max = 4};

	(void)state;
	events(&two.world, CORE_MESSAGES_KEPT);
	assert_int_equal(
		core_init(two.world.memory, core_size(&limits), &limits, 1000, &two.world.core), 0);
	two.client[0] = client_new(&two.world, 1);
	assert_int_equal(handle_try(&two.world, two.client[0], &two.handle[0]), 0);
	first_subscribes(&two, all);
	events(&two.world, CORE_MESSAGES_KEPT + 3);
	expect_loss(&two, 3);
	expect_number(&two, 4);
	free(two.world.memory);
}

static void a_loss_is_told_even_where_nothing_else_is(void **state)
{
	struct two two = two_programs(1);

	(void)state;
	first_subscribes(&two, all);
	events(&two.world, CORE_MESSAGES_KEPT + 1);
	/* It asks anew, for what comes after the newest. */
	first_subscribes(&two,
		(struct choice){
			.sensor = -1, .from = CORE_FROM_NUMBER, .number = CORE_MESSAGES_KEPT + 1});
	expect_loss(&two, 1);
	expect_nothing(&two.world);
	free(two.world.memory);
}

/* It has message 1 in hand when it asks for another sensor's: that one is none of these, neither
 * when it is taken nor when it leaves the log. */
static void what_was_in_hand_does_not_count_for_another_filter(void **state)
{
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	first_subscribes(&two, (struct choice){.sensor = 1});
	event_of(&two.world, 1);
	action = pull(&two.world, CORE_ACTION_DELIVER);
	first_subscribes(&two, (struct choice){.sensor = 2});
	core_done(two.world.core, action.id, 0);
	event_of(&two.world, 2);
	events(&two.world, CORE_MESSAGES_KEPT);
	expect_loss(&two, 1);
	expect_nothing(&two.world);
	free(two.world.memory);
}

/* A holder has the first message in hand while it and so many more leave the log. What he takes he
 * has not lost. */
static void while_leaving(uint32_t more, bool taken)
{
	struct two two = two_programs(1);
	struct core_action action;
	uint32_t lost = more + !taken;

	first_subscribes(&two, (struct choice){.sensor = -1, .exclusive = true});
	events(&two.world, 1);
	action = pull(&two.world, CORE_ACTION_DELIVER);
	events(&two.world, CORE_MESSAGES_KEPT + more);
	core_done(two.world.core, action.id, taken ? 0 : -EAGAIN);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_CLIENT_WRITABLE,
						  .client = {.client = two.client[0]}}),
		0);
	if (lost > 0) {
		expect_loss(&two, lost);
	}
	expect_number(&two, more + 2);
	free(two.world.memory);
}

static void what_a_holder_takes_in_time_is_not_lost(void **state)
{
	uint32_t more;

	(void)state;
	for (more = 0; more < 4; more++) {
		while_leaving(more, true);
		while_leaving(more, false);
	}
}

static void only_a_request_is_to_be_answered(void **state)
{
	struct two two = two_programs(1);
	struct core_deliver deliver;

	(void)state;
	first_subscribes(&two, all);
	events(&two.world, 1);
	deliver = delivered(&two);
	assert_int_equal(deliver.async_kind, VIPMI_ASYNC_EVENT);
	assert_false(deliver.yours);
	free(two.world.memory);
}

/* One call looks at so many subscribers to whom a message is of no concern; where more are left,
 * the shell comes back at once. */
static uint64_t deadline_with(uint32_t subscribers)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 80});
	uint32_t client = client_new(&world, 1), handle = 0;
	uint64_t deadline;

	while (subscribers-- > 0) {
		assert_int_equal(handle_try(&world, client, &handle), 0);
		subscribe(&world, client, handle, (struct choice){.sensor = 2});
	}
	event_of(&world, 1);
	expect_nothing(&world);
	deadline = core_deadline(world.core);
	free(world.memory);
	return deadline;
}

static void one_call_looks_at_so_many_subscribers(void **state)
{
	(void)state;
	assert_int_equal(deadline_with(64), TIME_NEVER);
	assert_int_equal(deadline_with(65), 1000);
}

/* Nor is the next handle in its slot, which stands in nobody's way among those who are. */
static void a_handle_that_closed_with_a_message_in_hand_is_no_subscriber(void **state)
{
	struct two two = {.world = world_with(&(struct core_limits){.handles_max = 2})};
	struct core_action action[2];
	uint32_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		two.client[i] = client_new(&two.world, i);
		assert_int_equal(handle_try(&two.world, two.client[i], &two.handle[i]), 0);
		subscribe(&two.world, two.client[i], two.handle[i], all);
	}
	events(&two.world, 1);
	action[0] = pull(&two.world, CORE_ACTION_DELIVER);
	action[1] = pull(&two.world, CORE_ACTION_DELIVER);
	assert_int_equal(action[0].deliver.handle, two.handle[0]);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
						  .handle = {.client = two.client[0],
							  .handle = two.handle[0]}}),
		0);
	core_done(two.world.core, action[0].id, 0);
	core_done(two.world.core, action[1].id, 0);
	expect_nothing(&two.world);
	assert_int_equal(handle_try(&two.world, two.client[0], &two.handle[0]), 0);
	events(&two.world, 1);
	assert_int_equal(delivered(&two).handle, two.handle[1]);
	expect_nothing(&two.world);
	subscribe(&two.world, two.client[0], two.handle[0], all);
	events(&two.world, 1);
	expect_number(&two, 3);
	expect_number(&two, 3);
	expect_nothing(&two.world);
	assert_null(core_broken(two.world.core));
	free(two.world.memory);
}

/* It ends its subscription with the first message in hand, and begins again with that one. */
static void what_is_in_hand_is_given_once(void **state)
{
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	first_subscribes(&two, all);
	events(&two.world, 2);
	action = pull(&two.world, CORE_ACTION_DELIVER);
	assert_int_equal(action.deliver.number, 1);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_UNSUBSCRIBE,
						  .handle = {.client = two.client[0],
							  .handle = two.handle[0]}}),
		0);
	first_subscribes(&two, (struct choice){.sensor = -1, .from = CORE_FROM_OLDEST});
	core_done(two.world.core, action.id, 0);
	expect_number(&two, 2);
	expect_nothing(&two.world);
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_message_is_kept_until_its_place_is_needed),
		cmocka_unit_test(slots_that_were_never_used_hold_no_message),
		cmocka_unit_test(a_loss_is_told_even_where_nothing_else_is),
		cmocka_unit_test(what_was_in_hand_does_not_count_for_another_filter),
		cmocka_unit_test(what_a_holder_takes_in_time_is_not_lost),
		cmocka_unit_test(only_a_request_is_to_be_answered),
		cmocka_unit_test(one_call_looks_at_so_many_subscribers),
		cmocka_unit_test(a_handle_that_closed_with_a_message_in_hand_is_no_subscriber),
		cmocka_unit_test(what_is_in_hand_is_given_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
