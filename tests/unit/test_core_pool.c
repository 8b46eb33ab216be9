/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests in numbers: what is valid, how many at once, how much of them one call clears away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

#define MS NSEC_PER_MSEC_U64

static struct core_event request(const struct two *two)
{
	return (struct core_event){.type = CORE_EVENT_REQUEST,
		.request = {.client = two->client[0],
			.handle = two->handle[0],
			.class = VIPMI_CLASS_NORMAL,
			.netfn = 6,
			.command = 1}};
}

/* A request with one field set. */
#define WITH(field, value)                                                                         \
	({                                                                                         \
		struct core_event with = request(&two);                                            \
		with.request.field = (value);                                                      \
		with;                                                                              \
	})

static void every_field_of_a_request_has_its_range(void **state)
{
	static const uint8_t data[VIPMI_DATA_MAX + 1];
	struct two two = two_programs(1);
	struct core_event bus = request(&two), large = request(&two);

	(void)state;
	assert_int_equal(step(&two.world, WITH(netfn, 0x3E)), 0);
	assert_int_equal(step(&two.world, WITH(netfn, 0x3F)), -EINVAL);
	assert_int_equal(step(&two.world, WITH(netfn, 0x40)), -EINVAL);
	assert_int_equal(step(&two.world, WITH(netfn, 0x07)), -EINVAL);
	assert_int_equal(step(&two.world, WITH(lun, 3)), 0);
	assert_int_equal(step(&two.world, WITH(lun, 4)), -EINVAL);
	assert_int_equal(step(&two.world, WITH(class, VIPMI_CLASS_COUNT)), -EINVAL);
	assert_int_equal(step(&two.world, WITH(class, 0xFF)), 0);
	assert_int_equal(step(&two.world, WITH(class, 0xFE)), -EINVAL);
	assert_int_equal(step(&two.world, WITH(target_kind, 77)), -EINVAL);
	bus.request.target_kind = VIPMI_TARGET_IPMB;
	bus.request.channel = 0x0B;
	bus.request.address = 0xB4;
	assert_int_equal(step(&two.world, bus), 0);
	bus.request.address = 0xB5;
	assert_int_equal(step(&two.world, bus), -EINVAL);
	bus.request.address = 0x02;
	bus.request.channel = 0x0C;
	assert_int_equal(step(&two.world, bus), -EINVAL);
	bus.request.channel = 0;
	assert_int_equal(step(&two.world, bus), 0);
	bus.request.address = 0;
	assert_int_equal(step(&two.world, bus), -EINVAL);
	large.request.data = data;
	large.request.length = sizeof(data);
	assert_int_equal(step(&two.world, large), -EMSGSIZE);
	large.request.length--;
	assert_int_equal(step(&two.world, large), 0);
	free(two.world.memory);
}

static void so_many_responders_at_once_and_not_one_more(void **state)
{
	struct two two = two_programs(1);
	struct core_event event = request(&two);
	struct core_action action;
	uint32_t i;

	(void)state;
	event.request.target_kind = VIPMI_TARGET_IPMB;
	for (i = 0; i < CORE_LANES_PER_HANDLE; i++) {
		event.request.address = (uint8_t)(0x20 + 2 * i);
		assert_int_equal(step(&two.world, event), 0);
	}
	event.request.address = 0x10;
	event.request.tag = 99;
	assert_int_equal(step(&two.world, event), 0);
	event.request.address = 0x20; /* has its lane */
	assert_int_equal(step(&two.world, event), 0);
	while (core_next(two.world.core, &action) && action.type == CORE_ACTION_TRANSMIT) {
	}
	assert_int_equal(action.type, CORE_ACTION_DELIVER);
	assert_int_equal(action.deliver.tag, 99);
	assert_int_equal(action.deliver.reason, VIPMI_REASON_FULL);
	core_done(two.world.core, action.id, 0);
	assert_false(core_next(two.world.core, &action));
	free(two.world.memory);
}

static uint64_t expired(const struct world *world)
{
	struct core_status status;

	core_status(world->core, &status);
	return status.counters[CORE_COUNTER_answers_expired_unsent];
}

static void one_step_serves_so_many_handles_alarms(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 40});
	uint32_t client = client_new(&world, 1), handle = 0, i;

	(void)state;
	for (i = 0; i < 40; i++) {
		assert_int_equal(handle_try(&world, client, &handle), 0);
		assert_int_equal(ask(&world, client, handle, i), 0);
	}
	assert_int_equal(core_deadline(world.core), 1000 + CORE_BUDGET_DEFAULT_MS * MS);
	world.now_ns += CORE_BUDGET_DEFAULT_MS * MS;
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	/* Waiting for a link that is not there counts as expired, not sent. */
	assert_int_equal(expired(&world), 16);
	assert_int_equal(core_deadline(world.core), 1000 + CORE_BUDGET_DEFAULT_MS * MS);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	assert_int_equal(expired(&world), 32);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	assert_int_equal(expired(&world), 40);
	assert_int_equal(core_deadline(world.core), TIME_NEVER);
	free(world.memory);
}

/* The nearest deadline first, in whatever order they come and go. */
static void alarms_ring_in_order(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 64});
	uint32_t client = client_new(&world, 1), handle[64], i, budget;
	uint64_t before;

	(void)state;
	for (i = 0; i < 64; i++) {
		assert_int_equal(handle_try(&world, client, &handle[i]), 0);
		budget = 1 + i * 37 % 64; /* every number once */
		assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_REQUEST,
						      .request = {.client = client,
							      .handle = handle[i],
							      .class = VIPMI_CLASS_NORMAL,
							      .budget_ms = budget,
							      .netfn = 6,
							      .command = 1}}),
			0);
	}
	/* Every third goes before its time. */
	for (i = 0; i < 64; i += 3) {
		assert_int_equal(
			step(&world, (struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
					     .handle = {.client = client, .handle = handle[i]}}),
			0);
	}
	for (budget = 1; budget <= 64; budget++) {
		for (i = 0; 1 + i * 37 % 64 != budget; i++) {
		}
		if (i % 3 == 0) {
			continue;
		}
		assert_int_equal(core_deadline(world.core), 1000 + budget * MS);
		before = expired(&world);
		world.now_ns = 1000 + budget * MS;
		assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
		assert_int_equal(expired(&world), before + 1);
	}
	assert_int_equal(core_deadline(world.core), TIME_NEVER);
	free(world.memory);
}

static uint32_t slots(const struct two *two)
{
	struct core_status status;

	core_status(two->world.core, &status);
	return status.requests;
}

static void closing(uint8_t class, uint32_t count, uint32_t left)
{
	struct two two = two_programs(1);
	struct core_action action;
	struct core_status status;
	uint32_t i;

	for (i = 0; i < count; i++) {
		assert_int_equal(step(&two.world, WITH(class, class)), 0);
	}
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
						  .handle = {.client = two.client[0],
							  .handle = two.handle[0]}}),
		0);
	/* A turn for the handle itself, the others for its requests; and nothing of it is sent. */
	assert_int_equal(slots(&two), left);
	assert_false(core_next(two.world.core, &action));
	core_status(two.world.core, &status);
	assert_int_equal(status.handles, 1);
	assert_int_equal(slots(&two), left);
	if (left > 0) {
		assert_int_equal(core_deadline(two.world.core), two.world.now_ns);
		assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
		assert_int_equal(slots(&two), left - 63);
	}
	assert_null(core_broken(two.world.core));
	free(two.world.memory);
}

static void what_is_closed_is_cleared_away_in_parts_and_never_sent(void **state)
{
	(void)state;
	closing(VIPMI_CLASS_URGENT, 127, 64);
	closing(VIPMI_CLASS_NORMAL, 127, 64);
	closing(VIPMI_CLASS_BACKGROUND, 127, 64);
	closing(VIPMI_CLASS_NORMAL, 63, 0);
}

static uint64_t deadline_of(uint32_t budget_ms)
{
	struct two two = two_programs(1);
	uint64_t deadline;

	assert_int_equal(step(&two.world, WITH(budget_ms, budget_ms)), 0);
	deadline = core_deadline(two.world.core) - two.world.now_ns;
	free(two.world.memory);
	return deadline / MS;
}

static void budgets_have_a_default_and_an_end(void **state)
{
	(void)state;
	assert_int_equal(deadline_of(0), CORE_BUDGET_DEFAULT_MS);
	assert_int_equal(deadline_of(1), 1);
	assert_int_equal(deadline_of(CORE_BUDGET_MAX_MS - 1), CORE_BUDGET_MAX_MS - 1);
	assert_int_equal(deadline_of(CORE_BUDGET_MAX_MS), CORE_BUDGET_MAX_MS);
	assert_int_equal(deadline_of(CORE_BUDGET_MAX_MS + 1), CORE_BUDGET_MAX_MS);
	assert_int_equal(deadline_of(UINT32_MAX), CORE_BUDGET_MAX_MS);
}

/* After the n-th "node busy" the pause is 4 ms << (n - 1), at most 128, and less than twice
 * that. */
static void pauses_double_and_stop_doubling(void **state)
{
	static const uint8_t busy[] = {0xC0};
	uint64_t least[6], most[6], seed, pause;
	int i;

	(void)state;
	for (i = 0; i < 6; i++) {
		least[i] = UINT64_MAX;
		most[i] = 0;
	}
	for (seed = 0; seed < 300; seed++) {
		struct two two = {
			.world = world_with(&(struct core_limits){.handles_max = 1, .seed = seed})};
		struct core_action action;

		link_up(&two.world, 1);
		two.client[0] = client_new(&two.world, 1);
		assert_int_equal(handle_try(&two.world, two.client[0], &two.handle[0]), 0);
		assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 1), 0);
		for (i = 0; i < 20; i++) {
			action = pull(&two.world, CORE_ACTION_TRANSMIT);
			respond(&two.world, &action, busy, 1);
			pause = core_deadline(two.world.core) - two.world.now_ns;
			if (pause < least[i < 5 ? i : 5]) {
				least[i < 5 ? i : 5] = pause;
			}
			if (pause > most[i < 5 ? i : 5]) {
				most[i < 5 ? i : 5] = pause;
			}
			two.world.now_ns += pause;
			assert_int_equal(
				step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
		}
		free(two.world.memory);
	}
	for (i = 0; i < 6; i++) {
		uint64_t base = 4u << i;

		assert_int_equal(least[i] / MS, base);
		assert_int_equal(most[i] / MS, 2 * base - 1);
	}
}

static void the_longest_answer_is_kept_whole(void **state)
{
	static uint8_t data[VIPMI_DATA_MAX + 3];
	size_t length;

	(void)state;
	memset(data + 1, 0x5A, sizeof(data) - 1);
	for (length = VIPMI_DATA_MAX - 1; length <= VIPMI_DATA_MAX + 2; length++) {
		struct two two = two_programs(1);
		struct core_action first, second;
		struct core_deliver answer;

		/* Two slots, so that something lies behind the first. */
		assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 1), 0);
		assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 2), 0);
		first = pull(&two.world, CORE_ACTION_TRANSMIT);
		respond(&two.world, &first, data, 1 + length);
		second = pull(&two.world, CORE_ACTION_TRANSMIT);
		answer = delivered(&two);
		assert_int_equal(answer.length, length < VIPMI_DATA_MAX ? length : VIPMI_DATA_MAX);
		assert_memory_equal(answer.data, data + 1, answer.length);
		respond(&two.world, &second, data, 1);
		answer = delivered(&two);
		assert_int_equal(answer.tag, 2);
		assert_int_equal(answer.length, 0);
		assert_null(core_broken(two.world.core));
		free(two.world.memory);
	}
}

static void so_many_exclusive_subscriptions_and_not_one_more(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 70});
	uint32_t client = client_new(&world, 1), handle[CORE_EXCLUSIVE_MAX + 1], i;
	struct core_clause clause = core_clause_of(CORE_ASYNC_ALL);
	struct core_event event = {.type = CORE_EVENT_SUBSCRIBE,
		.subscribe = {.client = client, .clauses = &clause, .count = 1, .exclusive = true}};

	(void)state;
	for (i = 0; i < CORE_EXCLUSIVE_MAX + 1; i++) {
		assert_int_equal(handle_try(&world, client, &handle[i]), 0);
		event.subscribe.handle = handle[i];
		clause.sensor = (uint16_t)i;
		assert_int_equal(step(&world, event), i < CORE_EXCLUSIVE_MAX ? 0 : -ENOSPC);
	}
	/* Who is one of them may ask anew; who is not may do without. */
	event.subscribe.handle = handle[3];
	clause.sensor = 3;
	assert_int_equal(step(&world, event), 0);
	event.subscribe.handle = handle[CORE_EXCLUSIVE_MAX];
	event.subscribe.exclusive = false;
	assert_int_equal(step(&world, event), 0);
	free(world.memory);
}

/* Memory that was never used holds anything, such as this. */
static void names_are_stale_where_all_bytes_are(uint8_t byte)
{
	const struct core_limits limits = {.handles_max = 4};
	struct two two = two_programs(1);
	size_t size = core_size(&limits);
	struct core_status status;
	uint32_t name = byte * 0x01010000u + 1, handle;

	memset(two.world.memory, byte, size);
	assert_int_equal(core_init(two.world.memory, size, &limits, 1000, &two.world.core), 0);
	two.client[0] = client_new(&two.world, 1);
	assert_int_equal(handle_try(&two.world, two.client[0], &two.handle[0]), 0);
	assert_int_equal(handle_try(&two.world, name, &handle), -ESTALE);
	assert_int_equal(ask(&two.world, two.client[0], name, 1), -ESTALE);
	assert_int_equal(core_credit(two.world.core, name), 0);
	core_done(two.world.core, UINT64_C(2) << 56 | byte * 0x01010101u, 0);
	core_done(two.world.core, UINT64_C(3) << 56 | UINT64_C(1) << 32 | byte * 0x0101u, 0);
	core_status(two.world.core, &status);
	assert_int_equal(status.counters[CORE_COUNTER_actions_stale], 2);
	free(two.world.memory);
}

/* As open, as pulled, as leaving. */
static void names_of_slots_never_used_are_stale(void **state)
{
	(void)state;
	names_are_stale_where_all_bytes_are(0x09);
	names_are_stale_where_all_bytes_are(0x0D);
}

static void arrays_are_aligned_whatever_their_number(void **state)
{
	uint32_t handles;

	(void)state;
	for (handles = 1; handles < 20; handles++) {
		assert_int_equal(core_size(&(struct core_limits){.handles_max = handles}) % 64, 0);
	}
}

/* ---- who waits for credit ---- */

/* Three handles with one slot each, and some more for all. They ask so often, and then the first
 * two wait for credit, in this order. */
struct queue {
	struct world world;
	uint32_t client, handle[3];
	struct core_action out[5];
};

static void wants_credit(struct queue *queue, int who)
{
	assert_int_equal(step(&queue->world, (struct core_event){.type = CORE_EVENT_CREDIT_WANTED,
						     .handle = {.client = queue->client,
							     .handle = queue->handle[who]}}),
		0);
}

static struct queue waiting(uint32_t shared, uint32_t credit_max, const char *who_asks)
{
	struct queue queue = {
		.world = world_with(&(struct core_limits){
			.handles_max = 3, .requests_max = 3 + shared, .credit_max = credit_max})};
	int i;

	link_up(&queue.world, 5);
	queue.client = client_new(&queue.world, 1);
	for (i = 0; i < 3; i++) {
		assert_int_equal(handle_try(&queue.world, queue.client, &queue.handle[i]), 0);
	}
	for (i = 0; who_asks[i]; i++) {
		assert_int_equal(
			ask(&queue.world, queue.client, queue.handle[who_asks[i] - '0'], 0), 0);
		queue.out[i] = pull(&queue.world, CORE_ACTION_TRANSMIT);
	}
	wants_credit(&queue, 0);
	wants_credit(&queue, 1);
	return queue;
}

/* One of the requests is answered, and the answer taken: its slot is free. */
static void slot_comes_back(struct queue *queue, int which)
{
	static const uint8_t ok[] = {0};
	struct core_action action;

	respond(&queue->world, &queue->out[which], ok, 1);
	action = pull(&queue->world, CORE_ACTION_DELIVER);
	core_done(queue->world.core, action.id, 0);
}

static void expect_credit(struct queue *queue, int who)
{
	assert_int_equal(pull(&queue->world, CORE_ACTION_CREDIT).credit.handle, queue->handle[who]);
}

static void who_reaches_its_own_limit_leaves_the_queue(void **state)
{
	struct queue queue = waiting(1, 2, "0122");

	(void)state;
	slot_comes_back(&queue, 2);
	/* Before the first is told, it goes on, and has two: all that it may have. */
	assert_int_equal(ask(&queue.world, queue.client, queue.handle[0], 0), 0);
	queue.out[0] = pull(&queue.world, CORE_ACTION_TRANSMIT);
	assert_false(core_next(queue.world.core, &queue.out[1]));
	slot_comes_back(&queue, 3);
	/* The third has its guaranteed slot again; the shared one is still the first's. */
	assert_false(core_next(queue.world.core, &queue.out[1]));
	slot_comes_back(&queue, 0);
	expect_credit(&queue, 1);
	free(queue.world.memory);
}

static void who_goes_on_with_a_shared_slot_keeps_its_place(void **state)
{
	struct queue queue = waiting(1, 3, "0122");

	(void)state;
	slot_comes_back(&queue, 2);
	assert_int_equal(ask(&queue.world, queue.client, queue.handle[0], 0), 0);
	queue.out[2] = pull(&queue.world, CORE_ACTION_TRANSMIT);
	assert_false(core_next(queue.world.core, &(struct core_action){0}));
	slot_comes_back(&queue, 2); /* its own, this time */
	expect_credit(&queue, 0);
	expect_credit(&queue, 1);
	free(queue.world.memory);
}

static void who_waits_keeps_its_place_while_its_own_answers_are_taken(void **state)
{
	struct queue queue = waiting(2, 10, "0001");

	(void)state;
	slot_comes_back(&queue, 0);
	slot_comes_back(&queue, 1);
	expect_credit(&queue, 0);
	expect_credit(&queue, 1);
	free(queue.world.memory);
}

/* Whose guaranteed slot is free waits in front of all; when it has that, behind them. */
static void who_takes_the_guaranteed_slot_is_the_last_of_those_who_wait(void **state)
{
	struct queue queue = waiting(2, 10, "1222");

	(void)state;
	assert_int_equal(ask(&queue.world, queue.client, queue.handle[0], 0), 0);
	(void)pull(&queue.world, CORE_ACTION_TRANSMIT);
	slot_comes_back(&queue, 1);
	expect_credit(&queue, 1);
	expect_credit(&queue, 0);
	free(queue.world.memory);
}

/* A handle with one request each, opened and closed as a simple generator says. */
static void the_nearest_deadline_is_told_whatever_comes_and_goes(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 40});
	uint32_t client = client_new(&world, 1), handle[40] = {0}, random = 1, turn, i;
	uint64_t deadline[40], nearest;

	(void)state;
	for (turn = 0; turn < 3000; turn++) {
		random = random * 1664525u + 1013904223u;
		i = random >> 8 & 0xFF;
		if (i >= 40) {
			continue;
		}
		if (handle[i]) {
			assert_int_equal(
				step(&world,
					(struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
						.handle = {.client = client, .handle = handle[i]}}),
				0);
			handle[i] = 0;
		} else {
			uint32_t budget_ms = 1 + (random >> 16) % 5000;

			assert_int_equal(handle_try(&world, client, &handle[i]), 0);
			deadline[i] = 1000 + budget_ms * MS;
			assert_int_equal(
				step(&world, (struct core_event){.type = CORE_EVENT_REQUEST,
						     .request = {.client = client,
							     .handle = handle[i],
							     .budget_ms = budget_ms,
							     .netfn = 6,
							     .command = 1}}),
				0);
		}
		nearest = TIME_NEVER;
		for (i = 0; i < 40; i++) {
			if (handle[i] && deadline[i] < nearest) {
				nearest = deadline[i];
			}
		}
		assert_int_equal(core_deadline(world.core), nearest);
	}
	free(world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_a_request_has_its_range),
		cmocka_unit_test(so_many_responders_at_once_and_not_one_more),
		cmocka_unit_test(one_step_serves_so_many_handles_alarms),
		cmocka_unit_test(alarms_ring_in_order),
		cmocka_unit_test(what_is_closed_is_cleared_away_in_parts_and_never_sent),
		cmocka_unit_test(budgets_have_a_default_and_an_end),
		cmocka_unit_test(pauses_double_and_stop_doubling),
		cmocka_unit_test(the_longest_answer_is_kept_whole),
		cmocka_unit_test(so_many_exclusive_subscriptions_and_not_one_more),
		cmocka_unit_test(names_of_slots_never_used_are_stale),
		cmocka_unit_test(arrays_are_aligned_whatever_their_number),
		cmocka_unit_test(who_reaches_its_own_limit_leaves_the_queue),
		cmocka_unit_test(who_goes_on_with_a_shared_slot_keeps_its_place),
		cmocka_unit_test(who_waits_keeps_its_place_while_its_own_answers_are_taken),
		cmocka_unit_test(who_takes_the_guaranteed_slot_is_the_last_of_those_who_wait),
		cmocka_unit_test(the_nearest_deadline_is_told_whatever_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
