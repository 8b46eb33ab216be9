/* SPDX-License-Identifier: BSD-2-Clause */
/* Each field of a subscription's clause: what it lets through, when two meet, when two are one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

static struct core_clause every(void)
{
	return core_clause_of(CORE_ASYNC_ALL);
}

static int subscribe(
	struct two *two, int who, const struct core_clause *clauses, size_t count, bool exclusive)
{
	return step(&two->world, (struct core_event){.type = CORE_EVENT_SUBSCRIBE,
					 .subscribe = {.client = two->client[who],
						 .handle = two->handle[who],
						 .clauses = clauses,
						 .count = count,
						 .exclusive = exclusive}});
}

static int unsubscribe(struct two *two, int who)
{
	return step(&two->world,
		(struct core_event){.type = CORE_EVENT_UNSUBSCRIBE,
			.handle = {.client = two->client[who], .handle = two->handle[who]}});
}

static bool told(struct two *two)
{
	struct core_action action;
	int deliveries = 0;

	while (core_next(two->world.core, &action)) {
		/* The C1 to a request that nobody has the right to goes the other way. */
		if (action.type == CORE_ACTION_DELIVER) {
			assert_int_equal(action.deliver.kind, CORE_DELIVERY_EVENT);
			deliveries++;
		}
		core_done(two->world.core, action.id, 0);
	}
	assert_true(deliveries <= 1);
	return deliveries == 1;
}

/* An incoming request as a link hands it in: channel 3, from B4h, app/01. */
static bool lets_request(struct two *two, struct core_clause clause)
{
	assert_int_equal(subscribe(two, 0, &clause, 1, false), 0);
	assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						   .message = {.kind = VIPMI_ASYNC_REQUEST,
							   .channel = 3,
							   .address = 0xB4,
							   .netfn = 6,
							   .command = 1}}),
		0);
	return told(two);
}

/* Upper Critical going high (offset 9), asserted, of temperature sensor 30h; critical. */
static bool lets_event(struct two *two, struct core_clause clause)
{
	static const uint8_t event[16] = {1, 0, 2, [7] = 0xB4, [8] = 0x30, [9] = 4, [10] = 0x01,
		[11] = 0x30, [12] = 0x01, [13] = 0x59};

	assert_int_equal(subscribe(two, 0, &clause, 1, false), 0);
	assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						   .message = {.kind = VIPMI_ASYNC_EVENT,
							   .data = event,
							   .length = sizeof(event)}}),
		0);
	return told(two);
}

/* The clause with one field set. */
#define WITH(field, value)                                                                         \
	({                                                                                         \
		struct core_clause with = every();                                                 \
		with.field = (value);                                                              \
		with;                                                                              \
	})

static void a_clause_matches_when_all_its_fields_do(void **state)
{
	struct two two = two_programs(1);

	(void)state;
	assert_true(lets_request(&two, every()));
	assert_true(lets_request(&two, WITH(kinds, CORE_ASYNC(VIPMI_ASYNC_REQUEST))));
	assert_false(lets_request(&two, WITH(kinds, CORE_ASYNC(VIPMI_ASYNC_EVENT))));
	assert_true(lets_request(&two, WITH(netfn, 6)));
	assert_false(lets_request(&two, WITH(netfn, 7)));
	assert_true(lets_request(&two, WITH(command, 1)));
	assert_false(lets_request(&two, WITH(command, 0)));
	assert_true(lets_request(&two, WITH(channel, 3)));
	assert_false(lets_request(&two, WITH(channel, 0)));
	assert_true(lets_request(&two, WITH(address, 0xB4)));
	assert_false(lets_request(&two, WITH(address, 0xB6)));
	/* What events alone have matches nothing else, even where it is 0 there. */
	assert_false(lets_request(&two, WITH(sensor_type, 0)));
	assert_false(lets_request(&two, WITH(sensor, 0)));
	assert_false(lets_request(&two, WITH(offsets, 1)));
	assert_false(lets_request(&two, WITH(directions, CORE_DIRECTION_ASSERTED)));
	assert_false(lets_request(&two, WITH(severity, 1)));
	free(two.world.memory);
}

static void an_event_is_taken_apart(void **state)
{
	struct two two = two_programs(1);

	(void)state;
	assert_true(lets_event(&two, every()));
	assert_true(lets_event(&two, WITH(kinds, CORE_ASYNC(VIPMI_ASYNC_EVENT))));
	assert_false(lets_event(&two, WITH(kinds, CORE_ASYNC(VIPMI_ASYNC_CHASSIS))));
	assert_true(lets_event(&two, WITH(sensor_type, 1)));
	assert_false(lets_event(&two, WITH(sensor_type, 2)));
	assert_true(lets_event(&two, WITH(sensor, 0x30)));
	assert_false(lets_event(&two, WITH(sensor, 0x31)));
	assert_true(lets_event(&two, WITH(channel, 3)));
	assert_false(lets_event(&two, WITH(channel, 0)));
	assert_true(lets_event(&two, WITH(address, 0xB4)));
	assert_true(lets_event(&two, WITH(offsets, 1 << 9 | 1)));
	assert_false(lets_event(&two, WITH(offsets, 0xFFFF & ~(1 << 9))));
	assert_true(lets_event(&two, WITH(directions, 1)));
	assert_true(lets_event(&two, WITH(directions, 3)));
	assert_false(lets_event(&two, WITH(directions, 2)));
	assert_true(lets_event(&two, WITH(severity, 1)));
	assert_true(lets_event(&two, WITH(severity, 2)));
	assert_false(lets_event(&two, WITH(severity, 3)));
	free(two.world.memory);
}

static void an_event_too_short_to_be_one_matches_by_its_kind_alone(void **state)
{
	static const uint8_t bytes[15] = {1, 0, 2, [7] = 0xB4, [10] = 0x01, [11] = 0x30};
	struct two two = two_programs(1);
	struct core_clause clauses[2] = {every(), WITH(sensor, 0x30)};

	(void)state;
	assert_int_equal(subscribe(&two, 0, &clauses[0], 1, false), 0);
	assert_int_equal(subscribe(&two, 1, &clauses[1], 1, false), 0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						  .message = {.kind = VIPMI_ASYNC_EVENT,
							  .data = bytes,
							  .length = sizeof(bytes)}}),
		0);
	assert_true(told(&two));
	free(two.world.memory);
}

static void messages_of_more_than_a_frame_are_refused(void **state)
{
	static const uint8_t bytes[CORE_MESSAGE_DATA_MAX + 1] = {1};
	struct core_event event = {.type = CORE_EVENT_MESSAGE,
		.message = {.kind = VIPMI_ASYNC_REQUEST, .data = bytes, .length = sizeof(bytes)}};
	struct two two = two_programs(1);

	(void)state;
	assert_int_equal(step(&two.world, event), -EMSGSIZE);
	event.message.length--;
	assert_int_equal(step(&two.world, event), 0);
	free(two.world.memory);
}

static void any_of_several_clauses_will_do(void **state)
{
	const struct core_clause clauses[CORE_CLAUSES_MAX + 1] = {
		WITH(channel, 1), WITH(channel, 2), WITH(channel, 4), WITH(channel, 3), every()};
	const struct core_event event = {
		.type = CORE_EVENT_MESSAGE, .message = {.kind = VIPMI_ASYNC_REQUEST, .channel = 3}};
	struct two two = two_programs(1);

	(void)state;
	assert_int_equal(subscribe(&two, 0, clauses, CORE_CLAUSES_MAX + 1, false), -EINVAL);
	assert_int_equal(subscribe(&two, 0, clauses, 0, false), -EINVAL);
	assert_int_equal(subscribe(&two, 0, clauses, CORE_CLAUSES_MAX - 1, false), 0);
	assert_int_equal(step(&two.world, event), 0);
	assert_false(told(&two));
	assert_int_equal(subscribe(&two, 0, clauses, CORE_CLAUSES_MAX, false), 0);
	assert_int_equal(step(&two.world, event), 0);
	assert_true(told(&two));
	free(two.world.memory);
}

static int settles(struct two *two, struct core_clause clause)
{
	return subscribe(two, 0, &clause, 1, false);
}

static void every_field_has_its_range(void **state)
{
	struct two two = two_programs(1);
	struct core_clause clauses[2] = {every(), WITH(channel, CORE_ANY + 1)};

	(void)state;
	assert_int_equal(settles(&two, WITH(kinds, 0)), -EINVAL);
	assert_int_equal(settles(&two, WITH(kinds, 1)), -EINVAL);
	assert_int_equal(settles(&two, WITH(kinds, 0x81)), -EINVAL);
	assert_int_equal(settles(&two, WITH(kinds, 0x80)), 0);
	assert_int_equal(settles(&two, WITH(kinds, 0x02)), 0);
	assert_int_equal(settles(&two, WITH(sensor_type, CORE_ANY - 1)), 0);
	assert_int_equal(settles(&two, WITH(sensor_type, CORE_ANY + 1)), -EINVAL);
	assert_int_equal(settles(&two, WITH(sensor, CORE_ANY + 1)), -EINVAL);
	assert_int_equal(settles(&two, WITH(netfn, CORE_ANY + 1)), -EINVAL);
	assert_int_equal(settles(&two, WITH(command, CORE_ANY + 1)), -EINVAL);
	assert_int_equal(settles(&two, WITH(channel, CORE_ANY + 1)), -EINVAL);
	assert_int_equal(settles(&two, WITH(address, CORE_ANY + 1)), -EINVAL);
	assert_int_equal(settles(&two, WITH(directions, 3)), 0);
	assert_int_equal(settles(&two, WITH(directions, 4)), -EINVAL);
	assert_int_equal(settles(&two, WITH(severity, 3)), 0);
	assert_int_equal(settles(&two, WITH(severity, 4)), -EINVAL);
	assert_int_equal(subscribe(&two, 0, clauses, 2, false), -EINVAL); /* not only the first */
	free(two.world.memory);
}

static bool meets(struct core_clause one, struct core_clause other)
{
	struct two two = two_programs(1);
	int r;

	assert_int_equal(subscribe(&two, 0, &one, 1, true), 0);
	r = subscribe(&two, 1, &other, 1, true);
	assert_true(r == 0 || r == -EBUSY);
	free(two.world.memory);
	return r == -EBUSY;
}

static void two_clauses_meet_unless_some_field_sets_them_apart(void **state)
{
	(void)state;
	assert_true(meets(every(), every()));
	assert_false(meets(WITH(kinds, 0x04), WITH(kinds, 0x0A)));
	assert_true(meets(WITH(kinds, 0x04), WITH(kinds, 0x0C)));
	/* A board's event is an event as well, on either side. */
	assert_true(meets(WITH(kinds, CORE_ASYNC(VIPMI_ASYNC_EVENT)),
		WITH(kinds, CORE_ASYNC(VIPMI_ASYNC_CHASSIS))));
	assert_true(meets(WITH(kinds, CORE_ASYNC(VIPMI_ASYNC_CHASSIS)),
		WITH(kinds, CORE_ASYNC(VIPMI_ASYNC_EVENT))));
	assert_false(meets(WITH(kinds, CORE_ASYNC(VIPMI_ASYNC_CHASSIS)),
		WITH(kinds, CORE_ASYNC(VIPMI_ASYNC_REQUEST))));
#define FIELD(field)                                                                               \
	assert_true(meets(WITH(field, 5), every()));                                               \
	assert_true(meets(every(), WITH(field, 5)));                                               \
	assert_true(meets(WITH(field, 5), WITH(field, 5)));                                        \
	assert_false(meets(WITH(field, 5), WITH(field, 6)))
	FIELD(sensor_type);
	FIELD(sensor);
	FIELD(netfn);
	FIELD(command);
	FIELD(channel);
	FIELD(address);
#undef FIELD
	assert_true(meets(WITH(offsets, 2), every()));
	assert_true(meets(every(), WITH(offsets, 2)));
	assert_true(meets(WITH(offsets, 6), WITH(offsets, 2)));
	assert_false(meets(WITH(offsets, 1), WITH(offsets, 2)));
	assert_true(meets(WITH(directions, 1), every()));
	assert_true(meets(WITH(directions, 1), WITH(directions, 3)));
	assert_false(meets(WITH(directions, 1), WITH(directions, 2)));
	assert_true(meets(WITH(severity, 1), WITH(severity, 3)));
}

static void lists_meet_when_any_two_of_their_clauses_do(void **state)
{
	const struct core_clause one[2] = {WITH(channel, 1), WITH(channel, 2)};
	const struct core_clause other[3] = {WITH(channel, 3), WITH(channel, 4), WITH(channel, 2)};
	struct two two = two_programs(1);

	(void)state;
	assert_int_equal(subscribe(&two, 0, one, 2, true), 0);
	assert_int_equal(subscribe(&two, 1, other, 3, true), -EBUSY);
	assert_int_equal(subscribe(&two, 1, other, 2, true), 0);
	/* Who is exclusive already may ask anew; he does not stand in his own way. */
	assert_int_equal(subscribe(&two, 0, one, 1, true), 0);
	assert_int_equal(unsubscribe(&two, 1), 0);
	assert_int_equal(subscribe(&two, 0, other, 3, true), 0);
	free(two.world.memory);
}

/* Filters that differ in any field are two; with a table of CORE_FILTERS_MAX this shows as refusal
 * where they are counted. Here: what one lets through must not be the other's. */
static bool same(struct core_clause one, struct core_clause other)
{
	struct world world = world_with(&(struct core_limits){.handles_max = CORE_FILTERS_MAX + 2});
	uint32_t client = client_new(&world, 1), handle = 0, i;
	struct core_event event = {
		.type = CORE_EVENT_SUBSCRIBE, .subscribe = {.client = client, .count = 1}};
	struct core_clause filler;
	int r;

	/* All places taken, the last by the first: only an equal one still fits. */
	for (i = 0; i < CORE_FILTERS_MAX; i++) {
		filler = every();
		filler.sensor_type = (uint16_t)(i & 0xFF);
		filler.sensor = (uint16_t)(i >> 8 | 0x80);
		event.subscribe.clauses = i == 0 ? &one : &filler;
		assert_int_equal(handle_try(&world, client, &handle), 0);
		event.subscribe.handle = handle;
		assert_int_equal(step(&world, event), 0);
	}
	assert_int_equal(handle_try(&world, client, &handle), 0);
	event.subscribe.handle = handle;
	event.subscribe.clauses = &other;
	r = step(&world, event);
	assert_true(r == 0 || r == -ENOSPC);
	free(world.memory);
	return r == 0;
}

static void equal_filters_are_one_and_others_are_not(void **state)
{
	(void)state;
	assert_true(same(WITH(sensor, 5), WITH(sensor, 5)));
	assert_false(same(WITH(kinds, 2), WITH(kinds, 4)));
	assert_false(same(WITH(sensor_type, 5), WITH(sensor_type, 6)));
	assert_false(same(WITH(sensor, 5), WITH(sensor, 6)));
	assert_false(same(WITH(netfn, 5), WITH(netfn, 6)));
	assert_false(same(WITH(command, 5), WITH(command, 6)));
	assert_false(same(WITH(channel, 5), WITH(channel, 6)));
	assert_false(same(WITH(address, 5), WITH(address, 6)));
	assert_false(same(WITH(offsets, 5), WITH(offsets, 6)));
	assert_false(same(WITH(directions, 1), WITH(directions, 2)));
	assert_false(same(WITH(severity, 1), WITH(severity, 2)));
}

static void lists_of_other_lengths_are_other_filters(void **state)
{
	const struct core_clause both[2] = {WITH(channel, 3), WITH(channel, 4)};
	const struct core_event event = {
		.type = CORE_EVENT_MESSAGE, .message = {.kind = VIPMI_ASYNC_EVENT, .channel = 4}};
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	assert_int_equal(subscribe(&two, 0, both, 1, false), 0);
	assert_int_equal(subscribe(&two, 1, both, 2, false), 0);
	assert_int_equal(step(&two.world, event), 0);
	action = pull(&two.world, CORE_ACTION_DELIVER);
	assert_int_equal(action.deliver.handle, two.handle[1]);
	core_done(two.world.core, action.id, 0);
	assert_false(core_next(two.world.core, &action));
	/* And the other way round, where the longer one was there first. */
	assert_int_equal(unsubscribe(&two, 0), 0);
	assert_int_equal(subscribe(&two, 0, both, 1, false), 0);
	assert_int_equal(step(&two.world, event), 0);
	assert_true(told(&two));
	free(two.world.memory);
}

static void a_filter_without_users_makes_room(void **state)
{
	const struct core_clause one = WITH(channel, 3), two_of_them[2] = {one, WITH(channel, 4)};
	struct two two = two_programs(1);

	(void)state;
	assert_int_equal(subscribe(&two, 0, &one, 1, false), 0);
	assert_int_equal(subscribe(&two, 1, &one, 1, false), 0);
	assert_int_equal(unsubscribe(&two, 0), 0);
	assert_true(lets_request(&two, WITH(channel, 5))); /* by the other's, still in force */
	assert_int_equal(subscribe(&two, 0, two_of_them, 2, false), 0);
	assert_int_equal(unsubscribe(&two, 1), 0);
	assert_int_equal(unsubscribe(&two, 0), 0);
	assert_false(lets_request(&two, WITH(channel, 5)));
	assert_null(core_broken(two.world.core));
	free(two.world.memory);
}

static void a_deasserted_event_is_none_that_asserts(void **state)
{
	static const uint8_t event[16] = {
		1, 0, 2, [7] = 0x20, [9] = 4, [10] = 0x01, [11] = 0x30, [12] = 0x81, [13] = 0x59};
	const struct core_clause clauses[2] = {WITH(directions, CORE_DIRECTION_ASSERTED),
		WITH(directions, CORE_DIRECTION_DEASSERTED)};
	struct two two = two_programs(1);

	(void)state;
	assert_int_equal(subscribe(&two, 0, &clauses[0], 1, false), 0);
	assert_int_equal(subscribe(&two, 1, &clauses[1], 1, false), 0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						  .message = {.kind = VIPMI_ASYNC_EVENT,
							  .data = event,
							  .length = sizeof(event)}}),
		0);
	assert_int_equal(delivered(&two).handle, two.handle[1]);
	assert_false(told(&two));
	free(two.world.memory);
}

/* Every place is taken, each by one handle. A message that leaves the log is shown to all; the
 * place that one gives up is another's. */
static void the_table_of_filters_is_full_and_has_room_again(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = CORE_FILTERS_MAX + 1});
	uint32_t client = client_new(&world, 1), handle[CORE_FILTERS_MAX + 1], i;
	struct core_clause clause = every();
	struct core_event event = {.type = CORE_EVENT_SUBSCRIBE,
		.subscribe = {.client = client, .clauses = &clause, .count = 1}};

	(void)state;
	for (i = 0; i <= CORE_FILTERS_MAX; i++) {
		clause.channel = (uint16_t)(i & 0xFF);
		clause.address = (uint16_t)(i >> 8);
		assert_int_equal(handle_try(&world, client, &handle[i]), 0);
		event.subscribe.handle = handle[i];
		assert_int_equal(step(&world, event), i < CORE_FILTERS_MAX ? 0 : -ENOSPC);
	}
	for (i = 0; i <= CORE_MESSAGES_KEPT; i++) {
		assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						      .message = {.kind = VIPMI_ASYNC_EVENT}}),
			0);
	}
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_UNSUBSCRIBE,
					      .handle = {.client = client, .handle = handle[7]}}),
		0);
	assert_int_equal(step(&world, event), 0);
	event.subscribe.handle = handle[7];
	clause.netfn = 6;
	assert_int_equal(step(&world, event), -ENOSPC);
	assert_null(core_broken(world.core));
	free(world.memory);
}

static void what_is_in_force_is_not_given_away_with_what_is_not(void **state)
{
	const struct core_clause three = WITH(channel, 3), four = WITH(channel, 4),
				 five = WITH(channel, 5);
	struct two two = two_programs(1);

	(void)state;
	assert_int_equal(subscribe(&two, 0, &three, 1, false), 0);
	assert_int_equal(subscribe(&two, 1, &four, 1, false), 0);
	assert_int_equal(unsubscribe(&two, 1), 0);
	assert_int_equal(subscribe(&two, 1, &five, 1, false), 0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						  .message = {.kind = VIPMI_ASYNC_REQUEST,
							  .channel = 3,
							  .address = 0xB4,
							  .netfn = 6}}),
		0);
	assert_true(told(&two));
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clause_matches_when_all_its_fields_do),
		cmocka_unit_test(an_event_is_taken_apart),
		cmocka_unit_test(an_event_too_short_to_be_one_matches_by_its_kind_alone),
		cmocka_unit_test(messages_of_more_than_a_frame_are_refused),
		cmocka_unit_test(any_of_several_clauses_will_do),
		cmocka_unit_test(every_field_has_its_range),
		cmocka_unit_test(two_clauses_meet_unless_some_field_sets_them_apart),
		cmocka_unit_test(lists_meet_when_any_two_of_their_clauses_do),
		cmocka_unit_test(equal_filters_are_one_and_others_are_not),
		cmocka_unit_test(lists_of_other_lengths_are_other_filters),
		cmocka_unit_test(a_filter_without_users_makes_room),
		cmocka_unit_test(a_deasserted_event_is_none_that_asserts),
		cmocka_unit_test(the_table_of_filters_is_full_and_has_room_again),
		cmocka_unit_test(what_is_in_force_is_not_given_away_with_what_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
