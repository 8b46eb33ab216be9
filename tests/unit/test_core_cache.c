/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers that are given again: how many there is room for, and at what lengths it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core/limits.h"
#include "core_world.h"

#define MS NSEC_PER_MSEC_U64

struct world_of_one {
	struct world world;
	uint32_t client, handle;
};

static struct world_of_one begin(uint32_t cache_age_ms)
{
	struct world_of_one one = {
		.world = world_with(&(struct core_limits){
			.handles_max = 1, .merge = true, .cache_age_ms = cache_age_ms})};

	link_up(&one.world, 1);
	one.client = client_new(&one.world, 1);
	assert_int_equal(handle_try(&one.world, one.client, &one.handle), 0);
	return one;
}

static void submit(struct world_of_one *one, struct core_event event)
{
	event.type = CORE_EVENT_REQUEST;
	event.request.client = one->client;
	event.request.handle = one->handle;
	event.request.class = VIPMI_CLASS_NORMAL;
	assert_int_equal(step(&one->world, event), 0);
}

static void question(struct world_of_one *one, uint8_t netfn, uint8_t command, const uint8_t *data,
	size_t length)
{
	submit(one, (struct core_event){.request = {.netfn = netfn,
						.command = command,
						.data = data,
						.length = length}});
}

/* Asks, and has the controller answer if it is asked; whether the answer was there already. */
static bool again(struct world_of_one *one, uint8_t netfn, uint8_t command, const uint8_t *data,
	size_t length, const uint8_t *answer, size_t answer_length)
{
	struct core_action action;
	bool cached;

	question(one, netfn, command, data, length);
	assert_true(core_next(one->world.core, &action));
	if (action.type == CORE_ACTION_TRANSMIT) {
		respond(&one->world, &action, answer, answer_length);
		action = pull(&one->world, CORE_ACTION_DELIVER);
	}
	assert_int_equal(action.deliver.length, answer_length - 1);
	assert_memory_equal(action.deliver.data, answer + 1, answer_length - 1);
	cached = action.deliver.origin == VIPMI_ORIGIN_CACHE;
	assert_true(cached || action.deliver.age_ms == 0);
	core_done(one->world.core, action.id, 0);
	return cached;
}

/* Get Device ID with two bytes behind it: as many questions as one likes. */
static bool known(struct world_of_one *one, size_t number)
{
	const uint8_t data[] = {(uint8_t)(number >> 8), (uint8_t)number};
	const uint8_t answer[] = {0, data[0], data[1]};

	one->world.now_ns += 1000;
	return again(one, VIPMI_NETFN_APP, 0x01, data, sizeof(data), answer, sizeof(answer));
}

/* Questions that differ in their last byte alone have a set each, so that these fill all. */
static void there_is_room_for_as_many_as_promised_and_then_the_oldest_go(void **state)
{
	const size_t ways = CORE_CACHED_WAYS, sets = CORE_CACHED_SETS;
	struct world_of_one one = begin(CORE_CACHE_AGE_MAX_MS);
	size_t i;

	(void)state;
	assert_int_equal(sets, 256);
	for (i = 0; i < ways * sets; i++) {
		assert_false(known(&one, i));
	}
	for (i = 0; i < ways * sets; i++) {
		assert_true(known(&one, i));
	}
	for (i = ways * sets; i < (2 * ways - 1) * sets; i++) {
		assert_false(known(&one, i));
	}
	for (i = (ways - 1) * sets; i < (2 * ways - 1) * sets; i++) {
		assert_true(known(&one, i));
	}
	for (i = 0; i < sets; i++) {
		assert_false(known(&one, i));
	}
	free(one.world.memory);
}

static void what_is_too_long_is_asked_each_time(void **state)
{
	static const uint8_t data[CORE_CACHED_QUESTION_MAX + 1] = {1};
	static const uint8_t answer[1 + CORE_CACHED_ANSWER_MAX + 1] = {0, 0, 2};
	const size_t question_max = CORE_CACHED_QUESTION_MAX, answer_max = CORE_CACHED_ANSWER_MAX;
	struct world_of_one one = begin(1000);
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(
			again(&one, VIPMI_NETFN_APP, 0x01, data, question_max, answer, 3), i > 0);
		assert_false(again(&one, VIPMI_NETFN_APP, 0x01, data, question_max + 1, answer, 3));
		assert_int_equal(
			again(&one, VIPMI_NETFN_APP, 0x01, NULL, 0, answer, 1 + answer_max), i > 0);
		assert_false(
			again(&one, VIPMI_NETFN_APP, 0x01, data, 1, answer, 1 + answer_max + 1));
	}
	/* Cut in the middle of its reservation, it is the controller's to judge. */
	for (i = 0; i < 2; i++) {
		assert_false(again(&one, VIPMI_NETFN_STORAGE, 0x23, data, 1, answer, 3));
	}
	free(one.world.memory);
}

/* A reservation of nobody's is no read of the repository, however little of it is set. */
static void a_strangers_reservation_is_the_controllers_to_judge(void **state)
{
	static const uint8_t low[] = {1, 0, 0, 0, 0, 5}, high[] = {0, 1, 0, 0, 0, 5},
			     none[] = {0, 0, 0, 0, 0, 5}, record[] = {0, 1, 0, 9, 9, 9, 9, 9};
	struct world_of_one one = begin(1000);
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_false(again(
			&one, VIPMI_NETFN_STORAGE, 0x23, low, sizeof(low), record, sizeof(record)));
		assert_false(again(&one, VIPMI_NETFN_STORAGE, 0x23, high, sizeof(high), record,
			sizeof(record)));
		assert_int_equal(again(&one, VIPMI_NETFN_STORAGE, 0x23, none, sizeof(none), record,
					 sizeof(record)),
			i > 0);
	}
	free(one.world.memory);
}

/* The shortest age that can be allowed is one. */
static void a_mutation_ends_what_is_kept_of_any_age(void **state)
{
	static const struct {
		uint8_t netfn, command;
		bool ends;
	} mutations[] = {{VIPMI_NETFN_STORAGE, 0x24, true}, /* Add SDR */
		{VIPMI_NETFN_SENSOR, 0x26, true},           /* Set Sensor Thresholds */
		{VIPMI_NETFN_APP, 0x24, false},             /* Set Watchdog Timer */
		{VIPMI_NETFN_APP, 0x22, false}};
	static const uint8_t id[] = {0, 0x20}, done[] = {0};
	struct world_of_one one = begin(1);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++) {
		(void)again(&one, VIPMI_NETFN_APP, 0x01, NULL, 0, id, sizeof(id));
		assert_true(again(&one, VIPMI_NETFN_APP, 0x01, NULL, 0, id, sizeof(id)));
		assert_false(again(&one, mutations[i].netfn, mutations[i].command, NULL, 0, done,
			sizeof(done)));
		assert_int_equal(again(&one, VIPMI_NETFN_APP, 0x01, NULL, 0, id, sizeof(id)),
			!mutations[i].ends);
	}
	one.world.now_ns += MS;
	assert_false(again(&one, VIPMI_NETFN_APP, 0x01, NULL, 0, id, sizeof(id)));
	free(one.world.memory);
}

/* Behind a Set Watchdog Timer that was given up and is still out. */
static void what_is_kept_is_given_in_its_turn(void **state)
{
	static const uint8_t id[] = {0, 0x20}, done[] = {0};
	struct world_of_one one = begin(60000);
	struct core_action set, action;

	(void)state;
	(void)again(&one, VIPMI_NETFN_APP, 0x01, NULL, 0, id, sizeof(id));
	submit(&one,
		(struct core_event){
			.request = {.budget_ms = 10, .netfn = VIPMI_NETFN_APP, .command = 0x24}});
	set = pull(&one.world, CORE_ACTION_TRANSMIT);
	core_done(one.world.core, set.id, 0);
	one.world.now_ns += 10 * MS;
	assert_int_equal(step(&one.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	action = pull(&one.world, CORE_ACTION_DELIVER);
	core_done(one.world.core, action.id, 0);
	question(&one, VIPMI_NETFN_APP, 0x01, NULL, 0);
	assert_false(core_next(one.world.core, &action));
	responds(&one.world, &set, done, sizeof(done));
	action = pull(&one.world, CORE_ACTION_DELIVER);
	assert_int_equal(action.deliver.origin, VIPMI_ORIGIN_CACHE);
	free(one.world.memory);
}

/* A read over the bus, where it is the driver below that bridges. */
static void what_another_board_was_asked_ends_nothing(void **state)
{
	static const uint8_t id[] = {0, 0x20};
	struct world_of_one one = begin(1000);
	struct core_action action;

	(void)state;
	(void)again(&one, VIPMI_NETFN_APP, 0x01, NULL, 0, id, sizeof(id));
	submit(&one, (struct core_event){.request = {.target_kind = VIPMI_TARGET_IPMB,
						 .address = 0xB4,
						 .netfn = VIPMI_NETFN_APP,
						 .command = 0x01}});
	action = pull(&one.world, CORE_ACTION_TRANSMIT);
	respond(&one.world, &action, id, sizeof(id));
	action = pull(&one.world, CORE_ACTION_DELIVER);
	core_done(one.world.core, action.id, 0);
	assert_true(again(&one, VIPMI_NETFN_APP, 0x01, NULL, 0, id, sizeof(id)));
	free(one.world.memory);
}

static void a_day_is_the_oldest_that_can_be_allowed(void **state)
{
	struct core_limits limits = {.merge = true, .cache_age_ms = CORE_CACHE_AGE_MAX_MS};

	(void)state;
	assert_true(core_size(&limits) > 0);
	limits.cache_age_ms++;
	assert_int_equal(core_size(&limits), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_is_room_for_as_many_as_promised_and_then_the_oldest_go),
		cmocka_unit_test(what_is_too_long_is_asked_each_time),
		cmocka_unit_test(a_strangers_reservation_is_the_controllers_to_judge),
		cmocka_unit_test(a_mutation_ends_what_is_kept_of_any_age),
		cmocka_unit_test(what_is_kept_is_given_in_its_turn),
		cmocka_unit_test(what_another_board_was_asked_ends_nothing),
		cmocka_unit_test(a_day_is_the_oldest_that_can_be_allowed),
	};

	return cmocka_run_group_tests_name("core_cache", tests, NULL, NULL);
}
