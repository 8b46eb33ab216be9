/* SPDX-License-Identifier: BSD-2-Clause */
/* A subscriber that changes its mind while a message, or the word of a loss, is in its hands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

#define KEPT 4u

struct one {
	struct world world;
	uint32_t client, handle;
	bool exclusive;
};

static struct one one_subscriber(bool exclusive)
{
	struct one one = {
		.world = world_with(&(struct core_limits){.handles_max = 4, .messages_max = KEPT}),
		.exclusive = exclusive};

	one.client = client_new(&one.world, 1);
	assert_int_equal(handle_try(&one.world, one.client, &one.handle), 0);
	return one;
}

static void subscribe_from(struct one *one, enum core_from from, uint64_t number)
{
	const struct core_clause all = core_clause_of(CORE_ASYNC_ALL);

	assert_int_equal(step(&one->world, (struct core_event){.type = CORE_EVENT_SUBSCRIBE,
						   .subscribe = {.client = one->client,
							   .handle = one->handle,
							   .clauses = &all,
							   .count = 1,
							   .exclusive = one->exclusive,
							   .from = from,
							   .number = number}}),
		0);
}

static void subscribe(struct one *one, enum core_from from)
{
	subscribe_from(one, from, 0);
}

static void unsubscribe(struct one *one)
{
	assert_int_equal(step(&one->world,
				 (struct core_event){.type = CORE_EVENT_UNSUBSCRIBE,
					 .handle = {.client = one->client, .handle = one->handle}}),
		0);
}

static void messages(struct one *one, uint32_t count)
{
	while (count-- > 0) {
		assert_int_equal(
			step(&one->world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						  .message = {.kind = VIPMI_ASYNC_WATCHDOG}}),
			0);
	}
}

static struct core_action message_in_hand(struct one *one, uint64_t number)
{
	struct core_action action = pull(&one->world, CORE_ACTION_DELIVER);

	assert_int_equal(action.deliver.kind, CORE_DELIVERY_EVENT);
	assert_int_equal(action.deliver.number, number);
	return action;
}

static struct core_action loss_in_hand(struct one *one, uint64_t lost)
{
	struct core_action action = pull(&one->world, CORE_ACTION_DELIVER);

	assert_int_equal(action.deliver.kind, CORE_DELIVERY_LOSS);
	assert_int_equal(action.deliver.lost, lost);
	return action;
}

/* Nothing more, and the core is whole. */
static void end(struct one *one)
{
	struct core_action action;

	assert_false(core_next(one->world.core, &action));
	assert_null(core_broken(one->world.core));
	free(one->world.memory);
}

static void rest(struct one *one, uint64_t first)
{
	uint64_t number;

	for (number = first; number < first + KEPT; number++) {
		core_done(one->world.core, message_in_hand(one, number).id, 0);
	}
	end(one);
}

/* It takes the message that left the log in its hands: not lost, and none is skipped. */
static void message_taken(bool exclusive)
{
	struct one one = one_subscriber(exclusive);
	struct core_action action;

	subscribe(&one, CORE_FROM_NOW);
	messages(&one, 1);
	action = message_in_hand(&one, 1);
	messages(&one, KEPT + 1);
	subscribe(&one, CORE_FROM_NOW);
	core_done(one.world.core, action.id, 0);
	core_done(one.world.core, loss_in_hand(&one, 1).id, 0);
	rest(&one, 3);
}

static void a_message_that_is_taken_is_not_lost(void **state)
{
	(void)state;
	message_taken(false);
	message_taken(true);
}

static void message_put_off(bool exclusive)
{
	struct one one = one_subscriber(exclusive);
	struct core_action action;

	subscribe(&one, CORE_FROM_NOW);
	messages(&one, 1);
	action = message_in_hand(&one, 1);
	messages(&one, KEPT + 1);
	subscribe(&one, CORE_FROM_NOW);
	core_done(one.world.core, action.id, -EAGAIN);
	assert_int_equal(step(&one.world, (struct core_event){.type = CORE_EVENT_CLIENT_WRITABLE,
						  .client = {.client = one.client}}),
		0);
	core_done(one.world.core, loss_in_hand(&one, 2).id, 0);
	rest(&one, 3);
}

static void a_message_that_is_put_off_is_lost(void **state)
{
	(void)state;
	message_put_off(false);
	message_put_off(true);
}

/* What it lost before it stopped listening is no affair of its next subscription. */
static void a_loss_in_hand_belongs_to_the_old_subscription(void **state)
{
	struct one one = one_subscriber(false);
	struct core_action action;

	(void)state;
	subscribe(&one, CORE_FROM_NOW);
	messages(&one, KEPT + 3);
	action = loss_in_hand(&one, 3);
	unsubscribe(&one);
	subscribe(&one, CORE_FROM_OLDEST);
	core_done(one.world.core, action.id, 0);
	rest(&one, 4);
}

static void a_message_put_off_after_the_subscription_is_nobodys(void **state)
{
	struct one one = one_subscriber(true);
	struct core_action action;

	(void)state;
	subscribe(&one, CORE_FROM_NOW);
	messages(&one, 1);
	action = message_in_hand(&one, 1);
	messages(&one, KEPT);
	unsubscribe(&one);
	core_done(one.world.core, action.id, -EAGAIN);
	assert_int_equal(step(&one.world, (struct core_event){.type = CORE_EVENT_CLIENT_WRITABLE,
						  .client = {.client = one.client}}),
		0);
	subscribe(&one, CORE_FROM_NOW);
	end(&one);
}

/* It goes back while it has a later one in its hands, and loses one before it comes to that. */
static void what_is_lost_behind_the_one_in_hand_is_told(void **state)
{
	struct one one = one_subscriber(true);
	struct core_action action;

	(void)state;
	subscribe(&one, CORE_FROM_NOW);
	messages(&one, 2);
	subscribe_from(&one, CORE_FROM_NUMBER, 1);
	action = message_in_hand(&one, 2);
	subscribe(&one, CORE_FROM_OLDEST);
	messages(&one, KEPT - 1);
	core_done(one.world.core, action.id, 0);
	core_done(one.world.core, loss_in_hand(&one, 1).id, 0);
	rest(&one, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_that_is_taken_is_not_lost),
		cmocka_unit_test(a_message_that_is_put_off_is_lost),
		cmocka_unit_test(a_loss_in_hand_belongs_to_the_old_subscription),
		cmocka_unit_test(a_message_put_off_after_the_subscription_is_nobodys),
		cmocka_unit_test(what_is_lost_behind_the_one_in_hand_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
