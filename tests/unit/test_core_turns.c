/* SPDX-License-Identifier: BSD-2-Clause */
/* The windows at their widest, what is charged to whom, and subscribers with something in hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

#define MS NSEC_PER_MSEC_U64

static const uint8_t ok[] = {0};

static void both_windows_are_filled_to_the_last_and_every_answer_finds_its_request(void **state)
{
	static struct core_action action[CORE_WINDOW_MAX + CORE_BUS_WINDOW_MAX];
	struct world world = world_with(&(struct core_limits){.handles_max = 8, .credit_max = 400});
	uint32_t client = client_new(&world, 1), handle = 0, i;
	struct core_action more;
	struct core_status status;

	(void)state;
	assert_int_equal(handle_try(&world, client, &handle), 0);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_LINK_UP,
					      .link_up = {.window = CORE_WINDOW_MAX,
						      .bus_window = CORE_BUS_WINDOW_MAX}}),
		0);
	for (i = 0; i < ARRAY_LENGTH(action) + 2; i++) {
		/* All to one responder, over a link that numbers by itself. */
		assert_int_equal(
			step(&world,
				(struct core_event){.type = CORE_EVENT_REQUEST,
					.request = {.client = client,
						.handle = handle,
						.class = VIPMI_CLASS_NORMAL,
						.target_kind = i <= CORE_WINDOW_MAX
								       ? VIPMI_TARGET_CONTROLLER
								       : VIPMI_TARGET_IPMB,
						.address = 0xB4,
						.netfn = 6,
						.command = 1}}),
			0);
	}
	for (i = 0; i < ARRAY_LENGTH(action); i++) {
		action[i] = pull(&world, CORE_ACTION_TRANSMIT);
		core_done(world.core, action[i].id, 0);
	}
	assert_false(core_next(world.core, &more));
	core_status(world.core, &status);
	assert_int_equal(status.in_flight, ARRAY_LENGTH(action));
	assert_int_equal(status.queued, 2);
	for (i = 0; i < ARRAY_LENGTH(action); i++) {
		responds(&world, &action[i], ok, 1);
	}
	core_status(world.core, &status);
	assert_int_equal(status.unread, ARRAY_LENGTH(action));
	assert_int_equal(status.counters[CORE_COUNTER_responses_stray], 0);
	assert_null(core_broken(world.core));
	free(world.memory);
}

static uint64_t charged(const struct two *two, int who)
{
	struct core_handle_info info;
	uint32_t cursor = (uint32_t)who;

	assert_true(core_handle_next(two->world.core, &cursor, &info));
	assert_int_equal(info.handle, two->handle[who]);
	return info.controller_ns;
}

static void controller_time_is_charged_to_who_asked(void **state)
{
	struct two two = two_programs(2);
	struct core_action first, second;

	(void)state;
	assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 1), 0);
	assert_int_equal(ask(&two.world, two.client[1], two.handle[1], 2), 0);
	first = pull(&two.world, CORE_ACTION_TRANSMIT);
	second = pull(&two.world, CORE_ACTION_TRANSMIT);
	core_done(two.world.core, first.id, 0);
	core_done(two.world.core, second.id, 0);
	/* The one closes meanwhile: the other's time is the other's all the same. */
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
						  .handle = {.client = two.client[0],
							  .handle = two.handle[0]}}),
		0);
	two.world.now_ns += 7 * MS;
	responds(&two.world, &second, ok, 1);
	responds(&two.world, &first, ok, 1);
	assert_int_equal(charged(&two, 1), 7 * MS);
	assert_null(core_broken(two.world.core));
	free(two.world.memory);
}

static void nothing_in_flight_wakes_nobody(void **state)
{
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 1), 0);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	core_done(two.world.core, action.id, 0);
	assert_int_equal(
		core_deadline(two.world.core), 1000 + 5000 * MS); /* its service time-out */
	responds(&two.world, &action, ok, 1);
	assert_int_equal(core_deadline(two.world.core), 1000 + CORE_BUDGET_DEFAULT_MS * MS);
	free(two.world.memory);
}

static void what_is_due_at_this_moment_is_not_sent(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 40});
	uint32_t client = client_new(&world, 1), handle = 0, i;
	struct core_action action;

	(void)state;
	for (i = 0; i < 40; i++) {
		assert_int_equal(handle_try(&world, client, &handle), 0);
		assert_int_equal(ask(&world, client, handle, i), 0);
	}
	world.now_ns += CORE_BUDGET_DEFAULT_MS * MS;
	link_up(&world, 1); /* this step looks at sixteen handles' alarms only */
	for (i = 0; core_next(world.core, &action); i++) {
		assert_int_equal(action.type, CORE_ACTION_DELIVER);
		assert_int_equal(action.deliver.reason,
			i < 16 ? VIPMI_REASON_LINK_DOWN : VIPMI_REASON_EXPIRED);
		core_done(world.core, action.id, 0);
	}
	assert_int_equal(i, 40);
	free(world.memory);
}

static const struct core_clause all = {.sensor_type = CORE_ANY,
	.sensor = CORE_ANY,
	.netfn = CORE_ANY,
	.command = CORE_ANY,
	.channel = CORE_ANY,
	.address = CORE_ANY,
	.kinds = CORE_ASYNC_ALL};

static void subscribe(struct two *two, enum core_from from)
{
	assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_SUBSCRIBE,
						   .subscribe = {.client = two->client[0],
							   .handle = two->handle[0],
							   .clauses = &all,
							   .count = 1,
							   .from = from}}),
		0);
}

static void messages(struct world *world, uint32_t count)
{
	while (count-- > 0) {
		assert_int_equal(step(world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						     .message = {.kind = VIPMI_ASYNC_EVENT}}),
			0);
	}
}

static void expect_number(struct two *two, uint64_t number)
{
	struct core_deliver deliver = delivered(two);

	assert_int_equal(deliver.kind, CORE_DELIVERY_EVENT);
	assert_int_equal(deliver.number, number);
}

static void who_asks_anew_with_a_message_in_hand_goes_on_behind_it(void **state)
{
	struct two two = two_programs(1);
	struct core_action action, none;

	(void)state;
	subscribe(&two, CORE_FROM_NOW);
	messages(&two.world, 2);
	action = pull(&two.world, CORE_ACTION_DELIVER);
	assert_int_equal(action.deliver.number, 1);
	subscribe(&two, CORE_FROM_NOW);
	messages(&two.world, 1);
	assert_false(core_next(two.world.core, &none)); /* one at a time */
	core_done(two.world.core, action.id, 0);
	expect_number(&two, 2);
	expect_number(&two, 3);
	assert_false(core_next(two.world.core, &none));
	free(two.world.memory);
}

static void who_goes_back_with_a_message_in_hand_gets_it_again(void **state)
{
	struct two two = two_programs(1);
	struct core_action action, none;

	(void)state;
	subscribe(&two, CORE_FROM_NOW);
	messages(&two.world, 2);
	expect_number(&two, 1);
	action = pull(&two.world, CORE_ACTION_DELIVER);
	assert_int_equal(action.deliver.number, 2);
	subscribe(&two, CORE_FROM_OLDEST);
	core_done(two.world.core, action.id, 0);
	expect_number(&two, 1);
	expect_number(&two, 2);
	assert_false(core_next(two.world.core, &none));
	free(two.world.memory);
}

static void a_right_to_receive_skips_nothing_that_is_due(void **state)
{
	const struct core_command receiving = {.netfn = 6,
		.command = 1,
		.body = CORE_ALL_BODIES,
		.channel = CORE_ALL,
		.address = CORE_ALL,
		.lun = CORE_ALL,
		.direction = CORE_DIRECTION_RECEIVE};
	struct two two = two_programs(1);

	(void)state;
	subscribe(&two, CORE_FROM_NOW);
	messages(&two.world, 1);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_COMMAND_RESERVE,
						  .command_reserve = {.client = two.client[0],
							  .handle = two.handle[0],
							  .commands = &receiving,
							  .count = 1}}),
		0);
	expect_number(&two, 1);
	/* Its subscription ends with a loss untold: that it still receives keeps it. */
	messages(&two.world, CORE_MESSAGES_KEPT + 2);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_UNSUBSCRIBE,
						  .handle = {.client = two.client[0],
							  .handle = two.handle[0]}}),
		0);
	assert_int_equal(delivered(&two).lost, 2);
	free(two.world.memory);
}

static void a_client_that_is_leaving_is_told_nothing_more(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 80});
	uint32_t client = client_new(&world, 1), handle = 0;
	struct core_action action;
	int i;

	(void)state;
	for (i = 0; i < 70; i++) {
		assert_int_equal(handle_try(&world, client, &handle), 0);
		assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_SUBSCRIBE,
						      .subscribe = {.client = client,
							      .handle = handle,
							      .clauses = &all,
							      .count = 1}}),
			0);
	}
	messages(&world, 1);
	/* 64 of its handles are closed at once, the rest in the next step. */
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_CLIENT_CLOSE,
					      .client = {.client = client}}),
		0);
	assert_false(core_next(world.core, &action));
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	assert_false(core_next(world.core, &action));
	assert_null(core_broken(world.core));
	free(world.memory);
}

static void what_a_receive_queue_cannot_hold_is_dropped(void **state)
{
	static const uint8_t frame[] = {0x00, 0xB4, 0x18, 0x34, 0x20, 0xAA, 0x01, 0x35};
	static uint8_t data[VIPMI_DATA_MAX + 1];
	struct two two = two_programs(1);
	struct core_status status;
	struct core_action action;
	size_t length;

	(void)state;
	for (length = VIPMI_DATA_MAX; length <= sizeof(data); length++) {
		assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_REQUEST,
							  .request = {.client = two.client[0],
								  .handle = two.handle[0],
								  .class = VIPMI_CLASS_NORMAL,
								  .netfn = 6,
								  .command = 0x34,
								  .data = frame,
								  .length = sizeof(frame)}}),
			0);
		action = pull(&two.world, CORE_ACTION_TRANSMIT);
		respond(&two.world, &action, data, length);
		assert_int_equal(delivered(&two).cc, 0);
		core_status(two.world.core, &status);
		assert_int_equal(status.counters[CORE_COUNTER_receive_queue_overflows],
			length > VIPMI_DATA_MAX);
	}
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			both_windows_are_filled_to_the_last_and_every_answer_finds_its_request),
		cmocka_unit_test(controller_time_is_charged_to_who_asked),
		cmocka_unit_test(nothing_in_flight_wakes_nobody),
		cmocka_unit_test(what_is_due_at_this_moment_is_not_sent),
		cmocka_unit_test(who_asks_anew_with_a_message_in_hand_goes_on_behind_it),
		cmocka_unit_test(who_goes_back_with_a_message_in_hand_gets_it_again),
		cmocka_unit_test(a_right_to_receive_skips_nothing_that_is_due),
		cmocka_unit_test(a_client_that_is_leaving_is_told_nothing_more),
		cmocka_unit_test(what_a_receive_queue_cannot_hold_is_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
