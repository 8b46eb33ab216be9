/* SPDX-License-Identifier: BSD-2-Clause */
/* The door itself: memory, limits, ids, and one request's way through. Rules have scenarios. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

static void one_request_goes_there_and_back(void **state)
{
	static const uint8_t device_id[] = {0x00, 0x20, 0x01};
	struct world world = world_with(&(struct core_limits){.handles_max = 4});
	struct core_action action;
	uint32_t client, handle = 0;
	struct core_status status;

	(void)state;
	link_up(&world, 1);
	client = client_new(&world, 77);
	assert_int_equal(handle_try(&world, client, &handle), 0);
	assert_int_equal(ask(&world, client, handle, 5), 0);
	assert_true(core_next(world.core, &action));
	assert_int_equal(action.type, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.netfn, 6);
	assert_int_equal(action.transmit.command, 1);
	core_done(world.core, action.id, 0);
	responds(&world, &action, device_id, sizeof(device_id));
	assert_true(core_next(world.core, &action));
	assert_int_equal(action.type, CORE_ACTION_DELIVER);
	assert_int_equal(action.deliver.cookie, 77);
	assert_int_equal(action.deliver.tag, 5);
	assert_int_equal(action.deliver.cc, 0);
	assert_int_equal(action.deliver.netfn, 7);
	assert_true(action.deliver.sent);
	assert_int_equal(action.deliver.length, 2);
	assert_memory_equal(action.deliver.data, device_id + 1, 2);
	core_done(world.core, action.id, 0);
	assert_false(core_next(world.core, &action));
	core_status(world.core, &status);
	assert_int_equal(status.requests, 0);
	assert_int_equal(status.counters[CORE_COUNTER_answers_delivered], 1);
	assert_null(core_broken(world.core));
	free(world.memory);
}

static void limits_out_of_range_have_no_size(void **state)
{
	(void)state;
	assert_int_equal(
		core_size(&(struct core_limits){.handles_max = CORE_HANDLES_LIMIT + 1}), 0);
	assert_int_equal(core_size(&(struct core_limits){.handles_max = 8, .requests_max = 7}), 0);
	assert_int_equal(core_size(&(struct core_limits){.credit_max = CORE_CREDIT_LIMIT + 1}), 0);
	assert_true(core_size(&(struct core_limits){.handles_max = CORE_HANDLES_LIMIT}) > 0);
}

static void the_handle_past_the_maximum_is_refused_and_a_slot_comes_back(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 2});
	uint32_t client = client_new(&world, 1), a = 0, b = 0, c = 0;

	(void)state;
	assert_int_equal(handle_try(&world, client, &a), 0);
	assert_int_equal(handle_try(&world, client, &b), 0);
	assert_int_equal(handle_try(&world, client, &c), -ENOSPC);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
					      .handle = {.client = client, .handle = a}}),
		0);
	assert_int_equal(handle_try(&world, client, &c), 0);
	assert_int_not_equal(c, a);
	assert_int_equal(ask(&world, client, a, 0), -ESTALE);
	assert_int_equal(ask(&world, client, b, 0), 0);
	free(world.memory);
}

static void a_handle_is_its_own_clients_alone(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 2});
	uint32_t one = client_new(&world, 1), other = client_new(&world, 2), handle = 0;

	(void)state;
	assert_int_equal(handle_try(&world, one, &handle), 0);
	assert_int_equal(ask(&world, other, handle, 0), -ESTALE);
	free(world.memory);
}

static void an_answer_whose_action_is_open_is_not_given_out_again(void **state)
{
	static const uint8_t ok[] = {0x00};
	struct world world = world_with(&(struct core_limits){.handles_max = 4});
	uint32_t client = client_new(&world, 1), handle = 0;
	struct core_action first, second, again;
	struct core_status status;
	uint64_t tag;

	(void)state;
	link_up(&world, 1);
	assert_int_equal(handle_try(&world, client, &handle), 0);
	for (tag = 1; tag <= 2; tag++) {
		assert_int_equal(ask(&world, client, handle, tag), 0);
		first = pull(&world, CORE_ACTION_TRANSMIT);
		respond(&world, &first, ok, sizeof(ok));
	}
	first = pull(&world, CORE_ACTION_DELIVER);
	second = pull(&world, CORE_ACTION_DELIVER);
	core_done(world.core, first.id, -EAGAIN);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_CLIENT_WRITABLE,
					      .client = {.client = client}}),
		0);
	again = pull(&world, CORE_ACTION_DELIVER);
	assert_int_equal(again.deliver.tag, 1);
	assert_false(core_next(world.core, &first));
	core_done(world.core, again.id, 0);
	core_done(world.core, second.id, 0);
	core_status(world.core, &status);
	assert_int_equal(status.requests, 0);
	assert_null(core_broken(world.core));
	free(world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_request_goes_there_and_back),
		cmocka_unit_test(limits_out_of_range_have_no_size),
		cmocka_unit_test(the_handle_past_the_maximum_is_refused_and_a_slot_comes_back),
		cmocka_unit_test(a_handle_is_its_own_clients_alone),
		cmocka_unit_test(an_answer_whose_action_is_open_is_not_given_out_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
