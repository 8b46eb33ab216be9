/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequence numbers: what is refused, what the listing shows, and where there is no more room. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_numbers.h"

static void what_is_out_of_range_is_refused(void **state)
{
	struct two two = two_programs(1);
	struct world *world = &two.world;
	uint32_t client = two.client[0], handle = two.handle[0];

	(void)state;
	assert_int_equal(reserve(world, client, two.handle[1], slot_10, 1, 0, NULL), -ESTALE);
	assert_int_equal(give_back(world, client, two.handle[1], slot_10, 1), -ESTALE);
	assert_int_equal(
		reserve(world, client, handle, (struct reach){0x0C, 0xB4}, 1, 0, NULL), -EINVAL);
	assert_int_equal(
		reserve(world, client, handle, (struct reach){0, 0xB5}, 1, 0, NULL), -EINVAL);
	assert_int_equal(reserve(world, client, handle, slot_10, 0, 0, NULL), -EINVAL);
	assert_int_equal(give_back(world, client, handle, (struct reach){0x0C, 0xB4}, 1), -EINVAL);
	assert_int_equal(give_back(world, client, handle, (struct reach){0, 0xB5}, 1), -EINVAL);
	assert_int_equal(give_back(world, client, handle, slot_10, 1), -ENOENT);
	assert_int_equal(reserve(world, client, handle, (struct reach){0x0B, 0xB4}, 1, 0, NULL), 0);
	assert_int_equal(reserve(world, client, handle, slot_10, 0xFFFF, 0, NULL), -ENOSPC);
	assert_int_equal(reserve(world, client, handle, slot_10, 0x7FFF, 0, NULL), 0);
	assert_int_equal(reserve(world, client, handle, slot_10, 0, 1, NULL), -ENOSPC);
	/* One that is held and one that is not: neither is given back. */
	assert_int_equal(give_back(world, client, handle, slot_10, 0x8001), -ENOENT);
	assert_int_equal(reserve(world, two.client[1], two.handle[1], slot_10, 1, 0, NULL), -EBUSY);
	assert_int_equal(reserve(world, two.client[1], two.handle[1], slot_10, 0x8000, 0, NULL), 0);
	/* One's own and another's: neither. */
	assert_int_equal(give_back(world, client, handle, slot_10, 0x8001), -ENOENT);
	assert_int_equal(reserve(world, two.client[1], two.handle[1], slot_10, 1, 0, NULL), -EBUSY);
	assert_int_equal(give_back(world, client, handle, slot_10, 0x0003), 0);
	assert_int_equal(reserve(world, two.client[1], two.handle[1], slot_10, 3, 0, NULL), 0);
	free(two.world.memory);
}

static void all_64_can_be_reserved_and_not_one_more(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 5});
	uint32_t client = client_new(&world, 1), handle[5], i;
	uint64_t all = 0, got = 0;

	(void)state;
	link_up(&world, 1);
	for (i = 0; i < 5; i++) {
		assert_int_equal(handle_try(&world, client, &handle[i]), 0);
	}
	for (i = 0; i < 3; i++) {
		assert_int_equal(reserve(&world, client, handle[i], slot_10, 0, 16, &got), 0);
		assert_true((all & got) == 0);
		all |= got;
	}
	assert_int_equal(reserve(&world, client, handle[3], slot_10, 0, 10, &got), 0);
	all |= got;
	assert_int_equal(reserve(&world, client, handle[4], slot_10, 0, 7, NULL), -EBUSY);
	assert_int_equal(reserve(&world, client, handle[4], slot_10, 0, 6, &got), 0);
	assert_true((all | got) == UINT64_MAX);
	assert_int_equal(reserve(&world, client, handle[3], slot_10, 0, 1, NULL), -EBUSY);
	/* None is left for requests that name none: they wait. */
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_LINK_UP,
					      .link_up = {.raw_bridge = true}}),
		0);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_REQUEST,
					      .request = {.client = client,
						      .handle = handle[0],
						      .class = VIPMI_CLASS_NORMAL,
						      .target_kind = VIPMI_TARGET_IPMB,
						      .address = SLOT_10,
						      .netfn = 6,
						      .command = 1}}),
		0);
	assert_false(core_next(world.core, &(struct core_action){0}));
	/* Where our numbers are not on the wire what is given back is anybody's at once. */
	assert_int_equal(give_back(&world, client, handle[4], slot_10, got & -got), 0);
	assert_int_equal(pull(&world, CORE_ACTION_TRANSMIT).transmit.command, 0x34);
	free(world.memory);
}

/* n in channel n / 127, addresses 02h to FEh. */
static struct reach responder(uint32_t n)
{
	return (struct reach){(uint8_t)(n / 127), (uint8_t)(2 + 2 * (n % 127))};
}

static void there_are_tables_for_so_many_responders_and_idle_ones_make_room(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 16});
	uint32_t client = client_new(&world, 1), handle = 0, first = 0, i;
	struct core_sequence_info info;
	uint32_t cursor = 0;

	(void)state;
	link_up(&world, 1);
	for (i = 0; i < CORE_RESPONDERS_MAX; i++) {
		if (i % CORE_SEQUENCES_PER_HANDLE == 0) {
			assert_int_equal(handle_try(&world, client, &handle), 0);
			first = i == 0 ? handle : first;
		}
		assert_int_equal(
			reserve(&world, client, handle, responder(i), UINT64_C(1) << 63, 0, NULL),
			0);
	}
	assert_int_equal(handle_try(&world, client, &handle), 0);
	assert_int_equal(reserve(&world, client, handle, responder(i), 1, 0, NULL), -ENOSPC);
	/* A second number of one that has its table. */
	assert_int_equal(reserve(&world, client, handle, responder(5), 1, 0, NULL), 0);
	assert_int_equal(give_back(&world, client, first, responder(3), UINT64_C(1) << 63), 0);
	assert_int_equal(reserve(&world, client, handle, responder(i), 2, 0, NULL), 0);
	assert_int_equal(
		give_back(&world, client, first, responder(3), UINT64_C(1) << 63), -ENOENT);
	assert_int_equal(reserve(&world, client, handle, responder(3), 1, 0, NULL), -ENOSPC);
	for (i = 0; core_sequence_next(world.core, &cursor, &info); i++) {
		assert_true(info.reserved);
	}
	assert_int_equal(i, CORE_RESPONDERS_MAX + 1);
	/* A closing handle gives back what it has of all of them. */
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
					      .handle = {.client = client, .handle = handle}}),
		0);
	assert_int_equal(reserve(&world, client, first, responder(3), 1, 0, NULL), 0);
	cursor = 0;
	for (i = 0; core_sequence_next(world.core, &cursor, &info); i++) {
		assert_int_not_equal(info.handle, handle);
	}
	assert_int_equal(i, CORE_RESPONDERS_MAX);
	free(world.memory);
}

static void ask_slot(struct bus *bus, int who, int number)
{
	assert_int_equal(step(&bus->two.world, (struct core_event){.type = CORE_EVENT_REQUEST,
						       .request = {.client = bus->two.client[who],
							       .handle = bus->two.handle[who],
							       .class = VIPMI_CLASS_NORMAL,
							       .target_kind = VIPMI_TARGET_IPMB,
							       .address = SLOT_10,
							       .numbered = number >= 0,
							       .number = (uint8_t)number,
							       .netfn = 6,
							       .command = 1}}),
		0);
}

static void the_listing_tells_what_is_not_free(void **state)
{
	static struct bus bus;
	struct core_sequence_info info;
	struct core_deliver deliver;
	struct world *world = &bus.two.world;
	uint32_t cursor = 0;
	uint8_t used;

	(void)state;
	bus_start(&bus, 8);
	assert_false(core_sequence_next(world->core, &cursor, &info));
	ask_slot(&bus, 1, -1);
	bus_idle(&bus);
	used = bus.sent.sequence;
	assert_true(core_sequence_next(world->core, &cursor, &info));
	assert_int_equal(info.number, used);
	assert_int_equal(info.address, SLOT_10);
	assert_true(info.used);
	assert_false(info.reserved);
	assert_false(info.resting);
	assert_true(info.on_wire);
	assert_int_equal(info.handle, 0);
	assert_int_equal(info.virtual_client, 0);
	assert_false(core_sequence_next(world->core, &cursor, &info));
	bus_respond(&bus, &bus.sent, 1);
	assert_true(bus_run(&bus, &deliver));
	cursor = 0;
	assert_true(core_sequence_next(world->core, &cursor, &info));
	assert_false(info.used);
	assert_true(info.resting);
	assert_int_equal(
		core_deadline(world->core), world->now_ns + CORE_REST_MS * NSEC_PER_MSEC_U64);
	later(&bus, CORE_REST_MS * NSEC_PER_MSEC_U64 - 1);
	cursor = 0;
	assert_true(core_sequence_next(world->core, &cursor, &info));
	later(&bus, 1);
	cursor = 0;
	assert_false(core_sequence_next(world->core, &cursor, &info));
	/* Reserved, and not used. */
	assert_int_equal(reserve(world, bus.two.client[0], bus.two.handle[0], slot_10,
				 UINT64_C(1) << 63, 0, NULL),
		0);
	cursor = 0;
	assert_true(core_sequence_next(world->core, &cursor, &info));
	assert_int_equal(info.number, 63);
	assert_int_equal(cursor, 64);
	assert_true(info.reserved);
	assert_false(info.used || info.resting);
	assert_int_equal(info.handle, bus.two.handle[0]);
	assert_int_equal(info.virtual_client, 70 + bus.two.handle[0] % 65536);
	/* Numbers past the last, and of a controller that is no responder, are nobody's. */
	ask_slot(&bus, 0, 64);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.reason, VIPMI_REASON_NOT_FOUND);
	assert_int_equal(deliver.cc, VIPMI_CC_OUT_OF_RANGE);
	ask_slot(&bus, 0, 63);
	bus_idle(&bus);
	assert_int_equal(bus.sent.sequence, 63);
	/* Given back while it is used: it is its request's until that is answered. */
	assert_int_equal(
		give_back(world, bus.two.client[0], bus.two.handle[0], slot_10, UINT64_C(1) << 63),
		0);
	cursor = 0;
	assert_true(core_sequence_next(world->core, &cursor, &info));
	assert_true(info.used);
	assert_false(info.reserved);
	assert_int_equal(info.handle, 0);
	free(world->memory);
}

static void an_owners_own_number_does_not_rest_after_its_response(void **state)
{
	static struct bus bus;
	struct core_deliver deliver;
	struct core_sequence_info info;
	uint32_t cursor = 0;
	int i;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(
		reserve(&bus.two.world, bus.two.client[0], bus.two.handle[0], slot_10, 8, 0, NULL),
		0);
	for (i = 0; i < 3; i++) {
		ask_slot(&bus, 0, 3);
		ask_slot(&bus, 0, 3); /* the second waits for the first */
		bus_idle(&bus);
		assert_int_equal(bus.sends, 2 * i + 1);
		bus.queue_head = bus.queue_tail = 0;
		bus_respond(&bus, &bus.sent, 1);
		assert_true(bus_run(&bus, &deliver));
		assert_int_equal(deliver.number_used, 3);
		assert_true(deliver.numbered);
		assert_int_equal(deliver.virtual_client, 70 + bus.two.handle[0] % 65536);
		bus_idle(&bus);
		assert_int_equal(bus.sends, 2 * i + 2);
		bus.queue_head = bus.queue_tail = 0;
		bus_respond(&bus, &bus.sent, 1);
		assert_true(bus_run(&bus, &deliver));
		bus_idle(&bus);
	}
	assert_true(core_sequence_next(bus.two.world.core, &cursor, &info));
	assert_false(info.resting);
	/* The controller itself has no sequence numbers. */
	assert_int_equal(step(&bus.two.world, (struct core_event){.type = CORE_EVENT_REQUEST,
						      .request = {.client = bus.two.client[0],
							      .handle = bus.two.handle[0],
							      .class = VIPMI_CLASS_NORMAL,
							      .address = SLOT_10,
							      .numbered = true,
							      .number = 3,
							      .netfn = 6,
							      .command = 1}}),
		0);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.reason, VIPMI_REASON_NOT_FOUND);
	free(bus.two.world.memory);
}

static void a_number_given_back_while_in_use_rests_after_its_response(void **state)
{
	static struct bus bus;
	struct core_deliver deliver;
	struct core_sequence_info info;
	uint32_t cursor = 0;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(
		reserve(&bus.two.world, bus.two.client[0], bus.two.handle[0], slot_10, 1, 0, NULL),
		0);
	ask_slot(&bus, 0, 0);
	bus_idle(&bus);
	assert_int_equal(
		give_back(&bus.two.world, bus.two.client[0], bus.two.handle[0], slot_10, 1), 0);
	bus_respond(&bus, &bus.sent, 1);
	assert_true(bus_run(&bus, &deliver));
	bus_idle(&bus);
	/* It is anybody's now, and its response may come twice. */
	assert_true(core_sequence_next(bus.two.world.core, &cursor, &info));
	assert_true(info.resting);
	free(bus.two.world.memory);
}

static void a_round_goes_on_where_it_stood_whoever_else_is_asked_meanwhile(void **state)
{
	static struct bus bus;
	struct world *world = &bus.two.world;
	uint32_t client, handle;
	uint64_t first = 0, second = 0, other = 0;

	(void)state;
	bus_start(&bus, 8);
	client = bus.two.client[0];
	handle = bus.two.handle[0];
	assert_int_equal(reserve(world, client, handle, slot_10, 0, 1, &first), 0);
	assert_int_equal(give_back(world, client, handle, slot_10, first), 0);
	later(&bus, CORE_QUARANTINE_MS * NSEC_PER_MSEC_U64);
	/* All of slot 10's numbers are idle now; its table is not yet needed for another. */
	assert_int_equal(reserve(world, client, handle, responder(3), 0, 1, &other), 0);
	assert_int_equal(reserve(world, client, handle, slot_10, 0, 1, &second), 0);
	assert_true(second == first << 1 || (second == 1 && first == UINT64_C(1) << 63));
	free(world->memory);
}

static bool rests(const struct bus *bus)
{
	struct core_sequence_info info;
	uint32_t cursor = 0;

	while (core_sequence_next(bus->two.world.core, &cursor, &info)) {
		if (info.resting) {
			return true;
		}
	}
	return false;
}

static void quarantine_is_five_seconds_to_the_last(void **state)
{
	static struct bus bus;
	struct core_deliver deliver;

	(void)state;
	bus_start(&bus, 8);
	later(&bus, 7 * NSEC_PER_SEC_U64);
	ask_slot(&bus, 0, -1);
	bus_idle(&bus);
	later(&bus, CORE_BUDGET_DEFAULT_MS * NSEC_PER_MSEC_U64);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(deliver.cc, VIPMI_CC_TIMEOUT);
	later(&bus, CORE_QUARANTINE_MS * NSEC_PER_MSEC_U64 - 1);
	assert_true(rests(&bus));
	later(&bus, 1);
	assert_false(rests(&bus));
	free(bus.two.world.memory);
}

static void a_number_that_was_never_sent_does_not_rest(void **state)
{
	static struct bus bus;
	struct core_action action;

	(void)state;
	bus_start(&bus, 8);
	ask_slot(&bus, 0, -1);
	action = pull(&bus.two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.command, 0x34);
	core_done(bus.two.world.core, action.id, -EMSGSIZE);
	action = pull(&bus.two.world, CORE_ACTION_DELIVER);
	assert_int_equal(action.deliver.reason, VIPMI_REASON_TOO_LONG);
	assert_false(rests(&bus));
	free(bus.two.world.memory);
}

/* Each of 63 numbers before one comes again, and never the 64th, which is somebody's own; where no
 * wire carries them none needs to rest. */
static void numbers_come_again_as_late_as_can_be(void **state)
{
	static struct bus bus;
	struct core_deliver deliver;
	uint8_t last[63] = {0};
	int i, j;

	(void)state;
	bus_start(&bus, 8);
	assert_int_equal(step(&bus.two.world, (struct core_event){.type = CORE_EVENT_LINK_UP,
						      .link_up = {.raw_bridge = true,
							      .owns_flags = true,
							      .attention = true,
							      .bus_window = 8}}),
		0);
	bus_idle(&bus);
	assert_int_equal(reserve(&bus.two.world, bus.two.client[1], bus.two.handle[1], slot_10,
				 UINT64_C(1) << 63, 0, NULL),
		0);
	for (i = 0; i < 200; i++) {
		ask_slot(&bus, 0, -1);
		bus_idle(&bus);
		assert_true(bus.sent.sequence < 63);
		for (j = 0; j < 62 && i > j; j++) {
			assert_int_not_equal(bus.sent.sequence, last[(i - 1 - j) % 63]);
		}
		last[i % 63] = bus.sent.sequence;
		bus.queue_head = bus.queue_tail = 0;
		bus_respond(&bus, &bus.sent, 1);
		assert_true(bus_run(&bus, &deliver));
		bus_idle(&bus);
		assert_false(rests(&bus));
	}
	free(bus.two.world.memory);
}

/* Whichever it is, the first and the last as well. */
static void any_idle_table_makes_room(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 8});
	uint32_t client = client_new(&world, 1), handle[8], i, round;

	(void)state;
	link_up(&world, 1);
	for (i = 0; i < 8; i++) {
		assert_int_equal(handle_try(&world, client, &handle[i]), 0);
	}
	for (i = 0; i < CORE_RESPONDERS_MAX; i++) {
		assert_int_equal(
			reserve(&world, client, handle[i / 16], responder(i), 1, 0, NULL), 0);
	}
	for (round = 0; round < 2; round++) {
		i = round == 0 ? 0 : CORE_RESPONDERS_MAX - 1;
		assert_int_equal(give_back(&world, client, handle[i / 16], responder(i), 1), 0);
		assert_int_equal(
			reserve(&world, client, handle[i / 16], responder(200 + round), 1, 0, NULL),
			0);
	}
	free(world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_out_of_range_is_refused),
		cmocka_unit_test(all_64_can_be_reserved_and_not_one_more),
		cmocka_unit_test(there_are_tables_for_so_many_responders_and_idle_ones_make_room),
		cmocka_unit_test(the_listing_tells_what_is_not_free),
		cmocka_unit_test(an_owners_own_number_does_not_rest_after_its_response),
		cmocka_unit_test(a_number_given_back_while_in_use_rests_after_its_response),
		cmocka_unit_test(a_round_goes_on_where_it_stood_whoever_else_is_asked_meanwhile),
		cmocka_unit_test(quarantine_is_five_seconds_to_the_last),
		cmocka_unit_test(a_number_that_was_never_sent_does_not_rest),
		cmocka_unit_test(numbers_come_again_as_late_as_can_be),
		cmocka_unit_test(any_idle_table_makes_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
