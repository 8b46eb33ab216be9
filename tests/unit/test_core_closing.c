/* SPDX-License-Identifier: BSD-2-Clause */
/* What closes: nothing of it is sent any more, and everything of it comes to an end once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

static void ask_for(
	struct world *world, uint32_t client, uint32_t handle, struct core_event request)
{
	request.type = CORE_EVENT_REQUEST;
	request.request.client = client;
	request.request.handle = handle;
	request.request.netfn = 6;
	assert_int_equal(step(world, request), 0);
}

/* In this class, to the controller or to a responder. */
static void ask_in(
	struct world *world, uint32_t client, uint32_t handle, uint8_t class, uint8_t address)
{
	ask_for(world, client, handle,
		(struct core_event){.request = {.class = class,
					    .target_kind = address ? VIPMI_TARGET_IPMB
								   : VIPMI_TARGET_CONTROLLER,
					    .address = address,
					    .command = 1}});
}

static int close_client(struct world *world, uint32_t client)
{
	return step(world,
		(struct core_event){.type = CORE_EVENT_CLIENT_CLOSE, .client = {.client = client}});
}

static void close_handle(struct world *world, uint32_t client, uint32_t handle)
{
	assert_int_equal(step(world, (struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
					     .handle = {.client = client, .handle = handle}}),
		0);
}

/* All is cleared away, and was closed once. */
static void expect_gone(struct world *world, uint32_t handles)
{
	struct core_status status;
	int i;

	for (i = 0; i < 10; i++) {
		assert_false(core_next(world->core, &(struct core_action){0}));
		assert_int_equal(step(world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	}
	core_status(world->core, &status);
	assert_int_equal(status.requests, 0);
	assert_int_equal(status.queued, 0);
	assert_int_equal(status.handles, 0);
	assert_int_equal(status.counters[CORE_COUNTER_handles_closed], handles);
	assert_int_equal(core_deadline(world->core), TIME_NEVER);
	assert_null(core_broken(world->core));
}

/* A client's seventy handles, more than one step closes, with a request each. */
static void a_leaving_client(uint8_t class, uint8_t address)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 80});
	uint32_t client = client_new(&world, 1), handle = 0, i;

	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_LINK_UP,
					      .link_up = {.window = 8, .bus_window = 8}}),
		0);
	for (i = 0; i < 70; i++) {
		assert_int_equal(handle_try(&world, client, &handle), 0);
		ask_in(&world, client, handle, class, address);
	}
	assert_int_equal(close_client(&world, client), 0);
	expect_gone(&world, 70);
	free(world.memory);
}

static void nothing_of_a_leaving_client_is_sent(void **state)
{
	uint8_t class;

	(void)state;
	for (class = 0; class < VIPMI_CLASS_COUNT; class ++) {
		a_leaving_client(class, 0);
		a_leaving_client(class, 0xB4);
	}
}

/* One request to each of 64 responders: one more than a step clears away. */
static void nothing_of_a_closed_handle_is_sent_to_any_responder(void **state)
{
	struct world world;
	uint32_t client, handle, i;
	uint8_t class;

	(void)state;
	for (class = 0; class < VIPMI_CLASS_COUNT; class ++) {
		world = world_with(&(struct core_limits){.handles_max = 4});
		assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_LINK_UP,
						      .link_up = {.bus_window = 8}}),
			0);
		client = client_new(&world, 1);
		handle = 0;
		assert_int_equal(handle_try(&world, client, &handle), 0);
		for (i = 0; i < CORE_LANES_PER_HANDLE; i++) {
			ask_in(&world, client, handle, class, (uint8_t)(0x20 + 2 * i));
		}
		close_handle(&world, client, handle);
		expect_gone(&world, 1);
		free(world.memory);
	}
}

/* The first is at the controller, and what waits behind it would be next. */
static void what_stood_behind_a_mutating_request_is_not_sent(void **state)
{
	static const uint8_t ok[] = {0};
	struct world world = world_with(&(struct core_limits){.handles_max = 4});
	uint32_t client = client_new(&world, 1), handle = 0, i;
	struct core_action action;

	(void)state;
	link_up(&world, 1);
	assert_int_equal(handle_try(&world, client, &handle), 0);
	ask_for(&world, client, handle, (struct core_event){.request = {.command = 0x02}});
	action = pull(&world, CORE_ACTION_TRANSMIT);
	core_done(world.core, action.id, 0);
	for (i = 0; i < 100; i++) {
		ask_in(&world, client, handle, VIPMI_CLASS_NORMAL, 0);
	}
	close_handle(&world, client, handle);
	responds(&world, &action, ok, 1);
	expect_gone(&world, 1);
	free(world.memory);
}

/* The mutating one alone: its place among the barriers goes with it. */
static void a_handle_with_one_barrier_closes(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 4});
	uint32_t client = client_new(&world, 1), handle = 0;

	(void)state;
	assert_int_equal(handle_try(&world, client, &handle), 0);
	ask_for(&world, client, handle, (struct core_event){.request = {.command = 0x02}});
	close_handle(&world, client, handle);
	expect_gone(&world, 1);
	free(world.memory);
}

/* Only the message in hand keeps it, and it is not to be had by its name any more. */
static void a_leaving_client_stays_until_its_last_action_is_completed(void **state)
{
	const struct core_clause clause = core_clause_of(CORE_ASYNC_ALL);
	struct world world = world_with(&(struct core_limits){.handles_max = 4});
	uint32_t client = client_new(&world, 1), handle = 0, other = 0;
	struct core_action action;
	struct core_status status;

	(void)state;
	assert_int_equal(handle_try(&world, client, &handle), 0);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_SUBSCRIBE,
					      .subscribe = {.client = client,
						      .handle = handle,
						      .clauses = &clause,
						      .count = 1}}),
		0);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_MESSAGE,
					      .message = {.kind = VIPMI_ASYNC_EVENT}}),
		0);
	action = pull(&world, CORE_ACTION_DELIVER);
	assert_int_equal(close_client(&world, client), 0);
	core_status(world.core, &status);
	assert_int_equal(status.clients, 1);
	assert_int_equal(handle_try(&world, client, &other), -ESTALE);
	assert_int_equal(close_client(&world, client), -ESTALE);
	core_done(world.core, action.id, 0);
	core_status(world.core, &status);
	assert_int_equal(status.clients, 0);
	assert_int_equal(status.counters[CORE_COUNTER_clients_closed], 1);
	expect_gone(&world, 1);
	free(world.memory);
}

/* Neither was pulled yet; the client's other handle is waiting for its own. */
static void answers_of_a_closed_handle_are_gone_and_the_next_ones_are_not(void **state)
{
	struct two two = {.world = world_with(&(struct core_limits){.handles_max = 4})};
	struct core_action action;
	int i;

	(void)state;
	two.client[0] = client_new(&two.world, 1);
	for (i = 0; i < 2; i++) {
		assert_int_equal(handle_try(&two.world, two.client[0], &two.handle[i]), 0);
		ask_in(&two.world, two.client[0], two.handle[i], VIPMI_CLASS_NORMAL, 0);
		assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_CANCEL,
							  .cancel = {.client = two.client[0],
								  .handle = two.handle[i]}}),
			0);
	}
	close_handle(&two.world, two.client[0], two.handle[0]);
	action = pull(&two.world, CORE_ACTION_DELIVER);
	assert_int_equal(action.deliver.handle, two.handle[1]);
	assert_int_equal(action.deliver.reason, VIPMI_REASON_CANCELLED);
	core_done(two.world.core, action.id, 0);
	close_handle(&two.world, two.client[0], two.handle[1]);
	expect_gone(&two.world, 2);
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_a_leaving_client_is_sent),
		cmocka_unit_test(nothing_of_a_closed_handle_is_sent_to_any_responder),
		cmocka_unit_test(what_stood_behind_a_mutating_request_is_not_sent),
		cmocka_unit_test(a_handle_with_one_barrier_closes),
		cmocka_unit_test(a_leaving_client_stays_until_its_last_action_is_completed),
		cmocka_unit_test(answers_of_a_closed_handle_are_gone_and_the_next_ones_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
