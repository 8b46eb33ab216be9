/* SPDX-License-Identifier: BSD-2-Clause */
/* A question that is at the controller is not asked a second time: wherever it stands there, and
 * for how many. (What becomes of them, transcripts show.) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/compat.h"
#include "core/limits.h"
#include "core_world.h"

/* More than wait for one question at the most, and one whose question it is, and one more. */
#define PROGRAMS (CORE_MERGE_LOOKS + 2)

/* A program's patience, where it matters: far less than the core's own. */
#define SHORT_MS 100
#define SHORT_NS (SHORT_MS * NSEC_PER_MSEC_U64)

struct crowd {
	struct world world;
	uint32_t client, handle[PROGRAMS];
};

static struct crowd begin(uint8_t window)
{
	struct crowd crowd = {
		.world = world_with(&(struct core_limits){.handles_max = PROGRAMS, .merge = true})};

	link_up(&crowd.world, window);
	crowd.client = client_new(&crowd.world, 1);
	for (size_t i = 0; i < PROGRAMS; i++) {
		assert_int_equal(handle_try(&crowd.world, crowd.client, &crowd.handle[i]), 0);
	}
	return crowd;
}

static void asks_within(struct crowd *crowd, size_t program, uint8_t what, uint32_t budget_ms)
{
	assert_int_equal(step(&crowd->world, (struct core_event){.type = CORE_EVENT_REQUEST,
						     .request = {.client = crowd->client,
							     .handle = crowd->handle[program],
							     .class = VIPMI_CLASS_NORMAL,
							     .netfn = VIPMI_NETFN_APP,
							     .command = 0x01,
							     .budget_ms = budget_ms,
							     .data = &what,
							     .length = 1}}),
		0);
}

static void asks(struct crowd *crowd, size_t program, uint8_t what)
{
	asks_within(crowd, program, what, 0);
}

static struct core_action sent(struct crowd *crowd)
{
	struct core_action action = pull(&crowd->world, CORE_ACTION_TRANSMIT);

	core_done(crowd->world.core, action.id, 0);
	return action;
}

static void answered(struct crowd *crowd, const struct core_action *transmit)
{
	static const uint8_t id[] = {0, 0x20};

	responds(&crowd->world, transmit, id, sizeof(id));
}

static void told(struct crowd *crowd, size_t programs)
{
	while (programs-- > 0) {
		struct core_action action = pull(&crowd->world, CORE_ACTION_DELIVER);

		core_done(crowd->world.core, action.id, 0);
	}
}

static void nothing(struct crowd *crowd)
{
	struct core_action action;

	assert_false(core_next(crowd->world.core, &action));
}

/* Each of a full window is asked for again when one of the others has been answered. */
static void it_is_found_wherever_it_is(void **state)
{
	struct core_action action[CORE_WINDOW_MAX];
	struct crowd crowd = begin(CORE_WINDOW_MAX);
	size_t i;

	(void)state;
	for (i = 0; i < CORE_WINDOW_MAX; i++) {
		asks(&crowd, i, (uint8_t)i);
		action[i] = sent(&crowd);
	}
	for (i = 0; i < CORE_WINDOW_MAX; i++) {
		const size_t other = (i + 1) % CORE_WINDOW_MAX;

		answered(&crowd, &action[other]);
		told(&crowd, 1);
		asks(&crowd, CORE_WINDOW_MAX, (uint8_t)i);
		nothing(&crowd);
		answered(&crowd, &action[i]);
		action[i] = sent(&crowd);
		told(&crowd, 1);
		answered(&crowd, &action[i]);
		told(&crowd, 1);
		asks(&crowd, i, (uint8_t)i);
		action[i] = sent(&crowd);
		asks(&crowd, other, (uint8_t)other);
		action[other] = sent(&crowd);
	}
	free(crowd.world.memory);
}

static void so_many_wait_for_it_and_the_next_asks(void **state)
{
	struct crowd crowd = begin(2);
	struct core_action first, second;
	struct core_status status;

	(void)state;
	asks(&crowd, 0, 0);
	first = sent(&crowd);
	for (size_t i = 1; i <= CORE_MERGE_LOOKS; i++) {
		asks(&crowd, i, 0);
		nothing(&crowd);
	}
	asks(&crowd, PROGRAMS - 1, 0);
	second = sent(&crowd);
	core_status(crowd.world.core, &status);
	assert_int_equal(status.counters[CORE_COUNTER_reads_held], CORE_MERGE_LOOKS);
	answered(&crowd, &first);
	told(&crowd, 1); /* the others wait for the second now */
	nothing(&crowd);
	answered(&crowd, &second);
	first = sent(&crowd);
	told(&crowd, 1);
	answered(&crowd, &first);
	told(&crowd, CORE_MERGE_LOOKS);
	nothing(&crowd);
	free(crowd.world.memory);
}

static struct core_deliver told_of(struct crowd *crowd, size_t program)
{
	struct core_action action = pull(&crowd->world, CORE_ACTION_DELIVER);

	assert_int_equal(action.deliver.handle, crowd->handle[program]);
	core_done(crowd->world.core, action.id, 0);
	return action.deliver;
}

static void who_joined_has_a_deadline_of_its_own(void **state)
{
	struct crowd crowd = begin(1);
	struct core_action first;
	struct core_deliver told;

	(void)state;
	asks(&crowd, 0, 0);
	asks_within(&crowd, 1, 0, SHORT_MS);
	first = sent(&crowd);
	crowd.world.now_ns += SHORT_NS;
	assert_true(core_deadline(crowd.world.core) <= crowd.world.now_ns);
	assert_int_equal(step(&crowd.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	told = told_of(&crowd, 1);
	assert_int_equal(told.reason, VIPMI_REASON_EXPIRED);
	assert_true(told.sent);
	nothing(&crowd);
	answered(&crowd, &first);
	assert_int_equal(told_of(&crowd, 0).reason, VIPMI_REASON_NONE);
	free(crowd.world.memory);
}

/* The link is lost while it has the question in hand. What it says of it afterwards holds for who
 * joined, too, though he waits for the link to come back and is told when his time is over. */
static void whether_it_went_is_told_who_joined(int result)
{
	struct crowd crowd = begin(1);
	struct core_action first;
	struct core_deliver told;

	asks(&crowd, 0, 0);
	asks_within(&crowd, 1, 0, SHORT_MS);
	first = pull(&crowd.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(step(&crowd.world, (struct core_event){.type = CORE_EVENT_LINK_DOWN}), 0);
	core_done(crowd.world.core, first.id, result);
	nothing(&crowd);
	crowd.world.now_ns += SHORT_NS;
	assert_int_equal(step(&crowd.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	told = told_of(&crowd, 1);
	assert_int_equal(told.reason, VIPMI_REASON_LINK_DOWN);
	assert_int_equal(told.sent, result == 0);
	free(crowd.world.memory);
}

static void it_went_and_the_link_was_lost(void **state)
{
	(void)state;
	whether_it_went_is_told_who_joined(0);
}

static void it_did_not_go_and_the_link_was_lost(void **state)
{
	(void)state;
	whether_it_went_is_told_who_joined(-EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_found_wherever_it_is),
		cmocka_unit_test(so_many_wait_for_it_and_the_next_asks),
		cmocka_unit_test(who_joined_has_a_deadline_of_its_own),
		cmocka_unit_test(it_went_and_the_link_was_lost),
		cmocka_unit_test(it_did_not_go_and_the_link_was_lost),
	};

	return cmocka_run_group_tests_name("core_merge", tests, NULL, NULL);
}
