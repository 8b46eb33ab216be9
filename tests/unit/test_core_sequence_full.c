/* SPDX-License-Identifier: BSD-2-Clause */
/* Where all 64 numbers are somebody's own: who waits for one, and who does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_numbers.h"

/* Six handles of one client on a link that numbers nothing on a wire: four own the numbers, the
 * other two want one. */
struct crowd {
	struct world world;
	uint32_t client, handle[6];
};

static struct crowd crowded(void)
{
	struct crowd crowd = {.world = world_with(&(struct core_limits){.handles_max = 6})};
	int i;

	assert_int_equal(
		step(&crowd.world, (struct core_event){.type = CORE_EVENT_LINK_UP,
					   .link_up = {.raw_bridge = true, .bus_window = 8}}),
		0);
	crowd.client = client_new(&crowd.world, 1);
	for (i = 0; i < 6; i++) {
		assert_int_equal(handle_try(&crowd.world, crowd.client, &crowd.handle[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(reserve(&crowd.world, crowd.client, crowd.handle[i], slot_10,
					 UINT64_C(0xFFFF) << 16 * i, 0, NULL),
			0);
	}
	return crowd;
}

static void crowd_ask_in(struct crowd *crowd, uint8_t class, int who, uint64_t tag, int number)
{
	assert_int_equal(step(&crowd->world, (struct core_event){.type = CORE_EVENT_REQUEST,
						     .request = {.client = crowd->client,
							     .handle = crowd->handle[who],
							     .tag = tag,
							     .class = class,
							     .target_kind = VIPMI_TARGET_IPMB,
							     .address = SLOT_10,
							     .numbered = number >= 0,
							     .number = (uint8_t)number,
							     .netfn = 6,
							     .command = (uint8_t)tag}}),
		0);
}

static void crowd_ask(struct crowd *crowd, int who, uint64_t tag, int number)
{
	crowd_ask_in(crowd, VIPMI_CLASS_NORMAL, who, tag, number);
}

static void crowd_cancel(struct crowd *crowd, int who, uint64_t tag)
{
	assert_int_equal(step(&crowd->world, (struct core_event){.type = CORE_EVENT_CANCEL,
						     .cancel = {.client = crowd->client,
							     .handle = crowd->handle[who],
							     .tag = tag}}),
		0);
}

static void number_comes_free(struct crowd *crowd)
{
	assert_int_equal(give_back(&crowd->world, crowd->client, crowd->handle[3], slot_10,
				 UINT64_C(1) << 63),
		0);
}

/* The command of the request that is bridged next. */
static uint8_t bridged_next(struct crowd *crowd)
{
	static const uint8_t ok[] = {0};
	struct core_action action = pull(&crowd->world, CORE_ACTION_TRANSMIT);
	uint8_t command = action.transmit.data[6];

	respond(&crowd->world, &action, ok, 1);
	return command;
}

static void nothing_to_do(struct crowd *crowd)
{
	assert_false(core_next(crowd->world.core, &(struct core_action){0}));
}

static void a_number_that_is_not_needed_after_all_is_the_next_ones(void **state)
{
	struct crowd crowd = crowded();

	(void)state;
	crowd_ask(&crowd, 4, 1, -1);
	nothing_to_do(&crowd);
	crowd_ask(&crowd, 5, 4, -1);
	nothing_to_do(&crowd);
	number_comes_free(&crowd);
	crowd_cancel(&crowd, 4, 1);
	assert_int_equal(bridged_next(&crowd), 4);
	free(crowd.world.memory);
}

/* The first that waits has nothing left to send but with a number of its own, which is in use. */
static void who_does_not_want_a_number_any_more_holds_nobody_up(void **state)
{
	struct crowd crowd = crowded();
	struct core_action action;

	(void)state;
	crowd_ask(&crowd, 0, 1, 5);
	assert_int_equal(bridged_next(&crowd), 1);
	crowd_ask(&crowd, 0, 4, -1);
	nothing_to_do(&crowd);
	crowd_ask(&crowd, 5, 8, -1);
	nothing_to_do(&crowd);
	crowd_ask(&crowd, 0, 0x36, 5);
	crowd_cancel(&crowd, 0, 4);
	action = pull(&crowd.world, CORE_ACTION_DELIVER);
	core_done(crowd.world.core, action.id, 0);
	number_comes_free(&crowd);
	assert_int_equal(bridged_next(&crowd), 8);
	free(crowd.world.memory);
}

/* It waited with a number that was given back meanwhile, and that another has now. */
static void a_number_that_is_anothers_by_now_is_not_used(void **state)
{
	struct crowd crowd = crowded();
	struct core_action first, action;

	(void)state;
	/* Offered and not yet sent, so that the window of the system interface is full. */
	crowd_ask(&crowd, 1, 1, 16);
	first = pull(&crowd.world, CORE_ACTION_TRANSMIT);
	crowd_ask(&crowd, 0, 4, 5);
	nothing_to_do(&crowd);
	assert_int_equal(
		give_back(&crowd.world, crowd.client, crowd.handle[0], slot_10, 1 << 5), 0);
	assert_int_equal(
		reserve(&crowd.world, crowd.client, crowd.handle[4], slot_10, 1 << 5, 0, NULL), 0);
	respond(&crowd.world, &first, (const uint8_t[]){0}, 1);
	action = pull(&crowd.world, CORE_ACTION_DELIVER);
	assert_int_equal(action.deliver.tag, 4);
	assert_int_equal(action.deliver.reason, VIPMI_REASON_NOT_FOUND);
	free(crowd.world.memory);
}

static void who_has_a_number_waits_for_nobody_who_needs_one(void **state)
{
	struct crowd crowd;
	uint8_t class;

	(void)state;
	for (class = 0; class < VIPMI_CLASS_COUNT; class ++) {
		crowd = crowded();
		crowd_ask_in(&crowd, class, 0, 1, -1);
		nothing_to_do(&crowd);
		/* In another class it goes at once, and in the same one when it is its turn. */
		crowd_ask_in(&crowd, (class + 1) % VIPMI_CLASS_COUNT, 0, 4, 5);
		assert_int_equal(bridged_next(&crowd), 4);
		crowd_ask_in(&crowd, class, 0, 8, 6);
		nothing_to_do(&crowd);
		crowd_cancel(&crowd, 0, 1);
		assert_int_equal(bridged_next(&crowd), 8);
		/* What is left of it is in nobody's way. */
		crowd_ask_in(&crowd, class, 5, 1, -1);
		(void)pull(&crowd.world, CORE_ACTION_DELIVER);
		nothing_to_do(&crowd);
		number_comes_free(&crowd);
		assert_int_equal(bridged_next(&crowd), 1);
		assert_null(core_broken(crowd.world.core));
		free(crowd.world.memory);
	}
}

/* The first that waited has a number of its own now, and only waits for the system interface. */
static void a_number_that_comes_free_goes_past_who_has_one(void **state)
{
	struct crowd crowd = crowded();
	struct core_action first;

	(void)state;
	crowd_ask(&crowd, 0, 1, -1);
	nothing_to_do(&crowd);
	crowd_ask(&crowd, 5, 8, -1);
	nothing_to_do(&crowd);
	crowd_ask(&crowd, 1, 4, 16);
	first = pull(&crowd.world, CORE_ACTION_TRANSMIT);
	crowd_ask(&crowd, 0, 4, 5);
	crowd_cancel(&crowd, 0, 1);
	number_comes_free(&crowd);
	respond(&crowd.world, &first, (const uint8_t[]){0}, 1);
	assert_int_equal(bridged_next(&crowd) + bridged_next(&crowd), 4 + 8);
	free(crowd.world.memory);
}

/* The normal class has its guaranteed turn while urgent ones with numbers stand ready. It cannot
 * use it, and is in nobody's way. */
static void who_needs_a_number_at_its_turn_stands_aside(void **state)
{
	struct crowd crowd = crowded();
	int i;

	(void)state;
	crowd_ask(&crowd, 0, 8, -1);
	for (i = 0; i < 7; i++) {
		crowd_ask_in(&crowd, VIPMI_CLASS_URGENT, 0, 4, i);
	}
	for (i = 0; i < 7; i++) {
		assert_int_equal(bridged_next(&crowd), 4);
	}
	nothing_to_do(&crowd);
	number_comes_free(&crowd);
	assert_int_equal(bridged_next(&crowd), 8);
	assert_null(core_broken(crowd.world.core));
	free(crowd.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_that_is_not_needed_after_all_is_the_next_ones),
		cmocka_unit_test(who_does_not_want_a_number_any_more_holds_nobody_up),
		cmocka_unit_test(a_number_that_is_anothers_by_now_is_not_used),
		cmocka_unit_test(who_has_a_number_waits_for_nobody_who_needs_one),
		cmocka_unit_test(a_number_that_comes_free_goes_past_who_has_one),
		cmocka_unit_test(who_needs_a_number_at_its_turn_stands_aside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
