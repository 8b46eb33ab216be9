/* SPDX-License-Identifier: BSD-2-Clause */
/* What is sent next, and what is not: order, windows, refusals, and what one call does at most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

#define MS NSEC_PER_MSEC_U64
#define COLD_RESET 0x02 /* mutates */
#define GET_DEVICE_ID 0x01

static const uint8_t ok[] = {0}, busy[] = {0xC0};

static void send_in(struct two *two, uint64_t tag, uint8_t class, uint8_t command, uint8_t address)
{
	assert_int_equal(
		step(&two->world, (struct core_event){.type = CORE_EVENT_REQUEST,
					  .request = {.client = two->client[0],
						  .handle = two->handle[0],
						  .tag = tag,
						  .class = class,
						  .budget_ms = CORE_BUDGET_MAX_MS,
						  .target_kind = address ? VIPMI_TARGET_IPMB
									 : VIPMI_TARGET_CONTROLLER,
						  .address = address,
						  .netfn = 6,
						  .command = command}}),
		0);
}

static struct core_action sent(struct two *two, uint8_t command)
{
	struct core_action action = pull(&two->world, CORE_ACTION_TRANSMIT);

	assert_int_equal(action.transmit.command, command);
	core_done(two->world.core, action.id, 0);
	return action;
}

static void cancels(struct two *two, uint64_t tag)
{
	assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_CANCEL,
						   .cancel = {.client = two->client[0],
							   .handle = two->handle[0],
							   .tag = tag}}),
		0);
}

static void time_goes(struct two *two, uint64_t ns)
{
	two->world.now_ns += ns;
	assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
}

static void nothing_to_do(struct two *two)
{
	assert_false(core_next(two->world.core, &(struct core_action){0}));
}

/* In whatever class: a lower one's request is remembered, too, while a higher one's is out. */
static void what_waits_in_a_lower_class_goes_when_the_barrier_is_gone(void **state)
{
	struct core_action barrier;
	struct two two;
	uint8_t class;

	(void)state;
	for (class = VIPMI_CLASS_URGENT; class < VIPMI_CLASS_BACKGROUND; class ++) {
		two = two_programs(1);
		send_in(&two, 1, class, COLD_RESET, 0);
		send_in(&two, 2, class + 1, GET_DEVICE_ID, 0);
		barrier = sent(&two, COLD_RESET);
		responds(&two.world, &barrier, ok, 1);
		(void)sent(&two, GET_DEVICE_ID);
		free(two.world.memory);
	}
}

/* Cancelled while it was its lane's next: the one after it is that now. */
static void after_a_cancelled_request_the_next_one_goes(void **state)
{
	struct core_action first;
	struct two two;
	uint8_t address;

	(void)state;
	for (address = 0; address <= 0xB4; address += 0xB4) {
		two = two_programs(1);
		send_in(&two, 1, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, address);
		first = sent(&two, GET_DEVICE_ID);
		send_in(&two, 2, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, address);
		cancels(&two, 2);
		assert_int_equal(delivered(&two).tag, 2);
		send_in(&two, 3, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, address);
		responds(&two.world, &first, ok, 1);
		(void)sent(&two, GET_DEVICE_ID);
		free(two.world.memory);
	}
}

/* Only of what it may have changed does the controller need time to itself. */
static void a_read_that_nobody_waits_for_holds_nothing_up(void **state)
{
	struct two two = two_programs(2);

	(void)state;
	send_in(&two, 1, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, 0);
	(void)sent(&two, GET_DEVICE_ID);
	cancels(&two, 1);
	assert_int_equal(delivered(&two).tag, 1);
	send_in(&two, 2, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, 0);
	(void)sent(&two, GET_DEVICE_ID);
	free(two.world.memory);
}

/* Two slots and two lanes. One is held up by a mutating request that is answered already: a third
 * responder must wait for that. */
static void a_lane_that_is_held_up_is_missing_meanwhile(void **state)
{
	struct two two = {.world = world_with(&(struct core_limits){
				  .handles_max = 1, .requests_max = 2, .credit_max = 2})};
	struct core_action first;

	(void)state;
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_LINK_UP,
						  .link_up = {.bus_window = 8}}),
		0);
	two.client[0] = client_new(&two.world, 1);
	assert_int_equal(handle_try(&two.world, two.client[0], &two.handle[0]), 0);
	send_in(&two, 1, VIPMI_CLASS_NORMAL, COLD_RESET, 0xB4);
	first = sent(&two, COLD_RESET);
	cancels(&two, 1);
	assert_int_equal(delivered(&two).tag, 1);
	send_in(&two, 2, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, 0xB6);
	(void)sent(&two, GET_DEVICE_ID);
	send_in(&two, 3, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, 0xB8);
	assert_int_equal(delivered(&two).reason, VIPMI_REASON_FULL);
	responds(&two.world, &first, ok, 1);
	send_in(&two, 4, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, 0xB8);
	(void)sent(&two, GET_DEVICE_ID);
	free(two.world.memory);
}

static uint64_t counter(const struct two *two, enum core_counter counter)
{
	struct core_status status;

	core_status(two->world.core, &status);
	return status.counters[counter];
}

/* A hundred that have expired when the link comes up. A step answers those of sixteen handles; then
 * each call that looks for something to send answers 64. */
static void one_call_tries_so_many(void **state)
{
	struct two two = {.world = world_with(&(struct core_limits){.handles_max = 100})};
	struct core_action action;
	uint32_t handle = 0, i;

	(void)state;
	two.client[0] = client_new(&two.world, 1);
	for (i = 0; i < 100; i++) {
		assert_int_equal(handle_try(&two.world, two.client[0], &handle), 0);
		assert_int_equal(ask(&two.world, two.client[0], handle, i), 0);
	}
	two.world.now_ns += CORE_BUDGET_DEFAULT_MS * MS;
	link_up(&two.world, 1);
	assert_int_equal(counter(&two, CORE_COUNTER_answers_expired_unsent), 16);
	assert_true(core_next(two.world.core, &action));
	assert_int_equal(action.type, CORE_ACTION_DELIVER);
	assert_int_equal(counter(&two, CORE_COUNTER_answers_expired_unsent), 16 + 64);
	assert_true(core_next(two.world.core, &action));
	assert_int_equal(counter(&two, CORE_COUNTER_answers_expired_unsent), 100);
	free(two.world.memory);
}

static void is_busy(struct two *two, uint64_t least_ms)
{
	struct core_action action = sent(two, GET_DEVICE_ID);
	uint64_t pause;

	responds(&two->world, &action, busy, 1);
	pause = core_deadline(two->world.core) - two->world.now_ns;
	assert_true(pause >= least_ms * MS);
	time_goes(two, pause);
}

/* Busy for minutes: the pauses stay as long as they are, however often it was sent. */
static void who_was_sent_hundreds_of_times_does_not_hurry_again(void **state)
{
	struct two two = two_programs(1);
	struct core_action action;
	int i;

	(void)state;
	send_in(&two, 1, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, 0);
	for (i = 0; i < 300; i++) {
		is_busy(&two, i < 5 ? 4u << i : 128);
	}
	/* The same where the word that it was sent comes after a reset of the controller. */
	for (i = 0; i < 2; i++) {
		action = pull(&two.world, CORE_ACTION_TRANSMIT);
		assert_int_equal(
			step(&two.world, (struct core_event){.type = CORE_EVENT_CONTROLLER_RESET}),
			0);
		core_done(two.world.core, action.id, 0);
	}
	is_busy(&two, 128);
	free(two.world.memory);
}

static void a_link_that_is_blocked_is_left_alone_for_a_while(void **state)
{
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	send_in(&two, 1, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, 0);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	core_done(two.world.core, action.id, -EAGAIN);
	nothing_to_do(&two);
	assert_int_equal(core_deadline(two.world.core), two.world.now_ns + 20 * MS);
	time_goes(&two, 20 * MS - 1);
	nothing_to_do(&two);
	time_goes(&two, 1);
	(void)sent(&two, GET_DEVICE_ID);
	free(two.world.memory);
}

/* Neighbours in the pool. What fits into a slot (46 bytes) lies there, what does not lies
 * elsewhere, and nothing of it in the neighbour's. */
static void payloads_of_any_length_lie_where_they_harm_nobody(void **state)
{
	static uint8_t data[1 + 64];
	struct core_action first, second;
	struct core_deliver answer;
	struct two two;
	size_t length;

	(void)state;
	memset(data + 1, 0x5A, sizeof(data) - 1);
	for (length = 44; length < 49; length++) {
		two = two_programs(2);
		assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_REQUEST,
							  .request = {.client = two.client[0],
								  .handle = two.handle[0],
								  .netfn = 6,
								  .command = GET_DEVICE_ID,
								  .data = data + 1,
								  .length = length}}),
			0);
		send_in(&two, 2, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, 0);
		first = sent(&two, GET_DEVICE_ID);
		assert_memory_equal(first.transmit.data, data + 1, length);
		second = sent(&two, GET_DEVICE_ID);
		responds(&two.world, &second, ok, 1);
		responds(&two.world, &first, data, 1 + length);
		answer = delivered(&two);
		assert_int_equal(answer.tag, 2);
		answer = delivered(&two);
		assert_int_equal(answer.length, length);
		assert_memory_equal(answer.data, data + 1, length);
		free(two.world.memory);
	}
}

/* A name past the last place of the windows is nobody's, although the bytes that lie behind them,
 * of a frame under way, say that one is open, or sent. */
static void a_place_past_the_last_holds_nothing(void **state)
{
	static uint8_t data[200];
	uint8_t said;

	(void)state;
	for (said = 1; said <= 2; said++) {
		struct two two = two_programs(1);
		uint32_t generation = said * 0x01010101u;
		struct core_action action;

		memset(data, said, sizeof(data));
		assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_LINK_UP,
							  .link_up = {.raw_bridge = true}}),
			0);
		assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_REQUEST,
							  .request = {.client = two.client[0],
								  .handle = two.handle[0],
								  .target_kind = VIPMI_TARGET_IPMB,
								  .address = 0xB4,
								  .netfn = 6,
								  .command = GET_DEVICE_ID,
								  .data = data,
								  .length = sizeof(data)}}),
			0);
		action = pull(&two.world, CORE_ACTION_TRANSMIT);
		core_done(two.world.core, UINT64_C(1) << 56 | UINT64_C(288) << 32 | generation, 0);
		assert_int_equal(counter(&two, CORE_COUNTER_actions_stale), 1);
		core_done(two.world.core, action.id, 0);
		assert_int_equal(
			step(&two.world, (struct core_event){.type = CORE_EVENT_RECEIVED,
						 .received = {.transmission = generation << 9 | 289,
							 .netfn = 3,
							 .command = 2,
							 .data = ok,
							 .length = 1}}),
			0);
		assert_int_equal(counter(&two, CORE_COUNTER_responses_stray), 1);
		free(two.world.memory);
	}
}

/* It said "not now": what comes for it meanwhile waits until it says "now". */
static void who_takes_nothing_now_is_offered_nothing(void **state)
{
	struct two two = two_programs(2);
	struct core_action first, second, answer;

	(void)state;
	send_in(&two, 1, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, 0);
	send_in(&two, 2, VIPMI_CLASS_NORMAL, GET_DEVICE_ID, 0);
	first = sent(&two, GET_DEVICE_ID);
	second = sent(&two, GET_DEVICE_ID);
	responds(&two.world, &first, ok, 1);
	answer = pull(&two.world, CORE_ACTION_DELIVER);
	core_done(two.world.core, answer.id, -EAGAIN);
	nothing_to_do(&two);
	responds(&two.world, &second, ok, 1);
	nothing_to_do(&two);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_CLIENT_WRITABLE,
						  .client = {.client = two.client[0]}}),
		0);
	assert_int_equal(delivered(&two).tag, 1);
	assert_int_equal(delivered(&two).tag, 2);
	nothing_to_do(&two);
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_waits_in_a_lower_class_goes_when_the_barrier_is_gone),
		cmocka_unit_test(after_a_cancelled_request_the_next_one_goes),
		cmocka_unit_test(a_read_that_nobody_waits_for_holds_nothing_up),
		cmocka_unit_test(a_lane_that_is_held_up_is_missing_meanwhile),
		cmocka_unit_test(one_call_tries_so_many),
		cmocka_unit_test(who_was_sent_hundreds_of_times_does_not_hurry_again),
		cmocka_unit_test(a_link_that_is_blocked_is_left_alone_for_a_while),
		cmocka_unit_test(payloads_of_any_length_lie_where_they_harm_nobody),
		cmocka_unit_test(a_place_past_the_last_holds_nothing),
		cmocka_unit_test(who_takes_nothing_now_is_offered_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
