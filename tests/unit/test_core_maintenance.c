/* SPDX-License-Identifier: BSD-2-Clause */
/* The link's driver is in maintenance mode while somebody wants it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

static int want(struct two *two, unsigned which, bool wanted)
{
	return step(&two->world, (struct core_event){.type = CORE_EVENT_MAINTENANCE,
					 .maintenance = {.client = two->client[which],
						 .handle = two->handle[which],
						 .wanted = wanted}});
}

static void nothing(struct two *two)
{
	struct core_action action;

	assert_false(core_next(two->world.core, &action));
}

/* The link is told so, and says `result`. */
static void told(struct two *two, bool on, int result)
{
	struct core_action action = pull(&two->world, CORE_ACTION_MAINTENANCE);

	assert_int_equal(action.maintenance.on, on);
	nothing(two);
	core_done(two->world.core, action.id, result);
}

static void the_first_begins_it_and_the_last_ends_it(void **state)
{
	struct two two = two_programs(1);

	(void)state;
	nothing(&two);
	assert_int_equal(want(&two, 0, false), 0);
	nothing(&two);
	assert_int_equal(want(&two, 0, true), 0);
	told(&two, true, 0);
	assert_int_equal(want(&two, 0, true), 0);
	assert_int_equal(want(&two, 1, true), 0);
	nothing(&two);
	assert_int_equal(want(&two, 0, false), 0);
	nothing(&two);
	assert_int_equal(want(&two, 1, false), 0);
	told(&two, false, 0);
	/* What changes back before anybody looked is no change. */
	assert_int_equal(want(&two, 1, true), 0);
	assert_int_equal(want(&two, 1, false), 0);
	nothing(&two);
	free(two.world.memory);
}

static void it_ends_with_its_handle_and_with_its_client(void **state)
{
	struct two two = two_programs(1);

	(void)state;
	assert_int_equal(want(&two, 0, true), 0);
	told(&two, true, 0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
						  .handle = {.client = two.client[0],
							  .handle = two.handle[0]}}),
		0);
	told(&two, false, 0);
	assert_int_equal(want(&two, 0, true), -ESTALE);
	assert_int_equal(want(&two, 1, true), 0);
	told(&two, true, 0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_CLIENT_CLOSE,
						  .client = {.client = two.client[1]}}),
		0);
	step(&two.world, (struct core_event){.type = CORE_EVENT_TIME});
	told(&two, false, 0);
	free(two.world.memory);
}

static void nobody_wants_it_for_another_client(void **state)
{
	struct two two = two_programs(1);

	(void)state;
	two.client[0] = two.client[1];
	assert_int_equal(want(&two, 0, true), -ESTALE);
	nothing(&two);
	free(two.world.memory);
}

static void a_link_that_comes_up_is_told_anew(void **state)
{
	struct two two = two_programs(1);

	(void)state;
	assert_int_equal(want(&two, 0, true), 0);
	told(&two, true, 0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_LINK_DOWN}), 0);
	assert_int_equal(want(&two, 1, true), 0);
	nothing(&two);
	link_up(&two.world, 1);
	told(&two, true, 0);
	assert_int_equal(want(&two, 0, false), 0);
	assert_int_equal(want(&two, 1, false), 0);
	told(&two, false, 0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_LINK_DOWN}), 0);
	link_up(&two.world, 1);
	nothing(&two);
	free(two.world.memory);
}

static void what_the_link_puts_off_is_told_again(void **state)
{
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	assert_int_equal(want(&two, 0, true), 0);
	told(&two, true, -EAGAIN);
	nothing(&two);
	two.world.now_ns += UINT64_C(20) * NSEC_PER_MSEC_U64;
	assert_int_equal(core_deadline(two.world.core), two.world.now_ns);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	told(&two, true, 0);
	/* What cannot be had is not asked for again and again. */
	assert_int_equal(want(&two, 0, false), 0);
	told(&two, false, -EPERM);
	nothing(&two);
	/* An answer about a link that went meanwhile says nothing about this one. */
	assert_int_equal(want(&two, 0, true), 0);
	action = pull(&two.world, CORE_ACTION_MAINTENANCE);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_LINK_DOWN}), 0);
	link_up(&two.world, 1);
	core_done(two.world.core, action.id, -EAGAIN);
	told(&two, true, 0);
	nothing(&two);
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_begins_it_and_the_last_ends_it),
		cmocka_unit_test(it_ends_with_its_handle_and_with_its_client),
		cmocka_unit_test(nobody_wants_it_for_another_client),
		cmocka_unit_test(a_link_that_comes_up_is_told_anew),
		cmocka_unit_test(what_the_link_puts_off_is_told_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
