/* SPDX-License-Identifier: BSD-2-Clause */
/* Command reservations field by field: their ranges, when two conflict, what falls under one, and
 * what is carried inside something else. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_rights.h"
#include "ipmi/ipmb.h"

/* The right to send 04/26h of one responder, with one field set. */
#define WITH(field, value)                                                                         \
	({                                                                                         \
		struct core_command with = any_of(VIPMI_NETFN_SENSOR, 0x26);                       \
		with.field = (value);                                                              \
		with;                                                                              \
	})

static struct core_command group(uint32_t body)
{
	struct core_command command = any_of(VIPMI_NETFN_GROUP, 0x00);

	command.body = body;
	return command;
}

static int tries(struct core_command command)
{
	struct two two = two_programs(1);
	int r = reserve(&two, 0, command);

	free(two.world.memory);
	return r;
}

static void every_field_has_its_range(void **state)
{
	(void)state;
	assert_int_equal(tries(WITH(netfn, 0x3E)), 0);
	assert_int_equal(tries(WITH(netfn, 0x40)), -EINVAL);
	assert_int_equal(tries(WITH(netfn, 0x05)), -EINVAL);
	assert_int_equal(tries(WITH(command, CORE_ALL_COMMANDS)), 0);
	assert_int_equal(tries(WITH(command, CORE_ALL_COMMANDS + 1)), -EINVAL);
	assert_int_equal(tries(WITH(channel, 0x0F)), 0);
	assert_int_equal(tries(WITH(channel, 0x10)), -EINVAL);
	assert_int_equal(tries(WITH(channel, 0xFE)), -EINVAL);
	assert_int_equal(tries(WITH(lun, 3)), 0);
	assert_int_equal(tries(WITH(lun, 4)), -EINVAL);
	assert_int_equal(tries(WITH(lun, 0xFE)), -EINVAL);
	assert_int_equal(tries(WITH(address, 0xFE)), 0);
	assert_int_equal(tries(WITH(address, 0xB5)), -EINVAL);
	assert_int_equal(tries(WITH(address, 0xFD)), -EINVAL);
	assert_int_equal(tries(WITH(body, 2)), -EINVAL);
	assert_int_equal(tries(group(0xFF)), 0);
	assert_int_equal(tries(group(0x100)), -EINVAL);
	assert_int_equal(tries(WITH(direction, 0)), -EINVAL);
	assert_int_equal(tries(WITH(direction, 3)), 0);
	assert_int_equal(tries(WITH(direction, 4)), -EINVAL);
	assert_int_equal(tries(WITH(direction, 5)), -EINVAL);
}

static void lists_have_a_length(void **state)
{
	struct core_command commands[CORE_COMMANDS_PER_CALL + 1];
	struct two two = two_programs(1);
	struct core_event event;
	size_t i;

	(void)state;
	for (i = 0; i <= CORE_COMMANDS_PER_CALL; i++) {
		commands[i] = any_of(VIPMI_NETFN_OEM, (uint16_t)i);
	}
	assert_int_equal(reserve_list(&two, 0, commands, 0, 0, &event), -EINVAL);
	assert_int_equal(
		reserve_list(&two, 0, commands, CORE_COMMANDS_PER_CALL + 1, 0, &event), -EINVAL);
	assert_int_equal(reserve_list(&two, 0, commands, CORE_COMMANDS_PER_CALL, 0, &event), 0);
	assert_int_equal(release(&two, 0, commands, CORE_COMMANDS_PER_CALL + 1), -EINVAL);
	commands[3].netfn = 0x41;
	assert_int_equal(release(&two, 0, commands, 4), -EINVAL);
	commands[3].netfn = VIPMI_NETFN_OEM;
	/* One that is not held, at the end: nothing is released. */
	assert_int_equal(release(&two, 0, commands + 1, CORE_COMMANDS_PER_CALL), -ENOENT);
	assert_int_equal(reserve(&two, 1, commands[1]), -EBUSY);
	/* Named twice in one list. */
	commands[2] = commands[1];
	assert_int_equal(release(&two, 0, commands, 3), 0);
	assert_int_equal(reserve(&two, 1, commands[0]), 0);
	assert_int_equal(reserve(&two, 1, commands[1]), 0);
	assert_int_equal(reserve(&two, 1, any_of(VIPMI_NETFN_OEM, 2)), -EBUSY);
	assert_int_equal(release(&two, 0, commands + 3, CORE_COMMANDS_PER_CALL - 3), 0);
	free(two.world.memory);
}

static bool meets(struct core_command one, struct core_command other)
{
	struct two two = two_programs(1);
	int r;

	assert_int_equal(reserve(&two, 0, one), 0);
	r = reserve(&two, 1, other);
	assert_true(r == 0 || r == -EBUSY);
	free(two.world.memory);
	return r == -EBUSY;
}

static void two_conflict_unless_some_field_sets_them_apart(void **state)
{
	(void)state;
	assert_false(meets(WITH(netfn, 0x04), WITH(netfn, 0x06)));
	assert_true(meets(WITH(direction, 1), WITH(direction, 3)));
	assert_false(meets(WITH(direction, 1), WITH(direction, 2)));
#define FIELD(field, all)                                                                          \
	assert_true(meets(WITH(field, 2), WITH(field, 2)));                                        \
	assert_true(meets(WITH(field, 2), WITH(field, all)));                                      \
	assert_true(meets(WITH(field, all), WITH(field, 2)));                                      \
	assert_false(meets(WITH(field, 2), WITH(field, 0)))
	FIELD(command, CORE_ALL_COMMANDS);
	FIELD(channel, CORE_ALL);
	FIELD(address, CORE_ALL);
	FIELD(lun, CORE_ALL);
#undef FIELD
	/* Group and OEM commands alone have a body. */
	assert_true(meets(group(2), group(2)));
	assert_true(meets(group(2), group(CORE_ALL_BODIES)));
	assert_true(meets(group(CORE_ALL_BODIES), group(2)));
	assert_false(meets(group(2), group(0)));
}

static void another_one_in_any_field_is_another_reservation(void **state)
{
	const struct core_command wanted[] = {WITH(command, 0x27), WITH(channel, 2),
		WITH(address, 2), WITH(lun, 2), WITH(direction, 3), WITH(netfn, 6)};
	struct two two = two_programs(1);
	struct core_command_info info;
	uint32_t cursor = 0, count = 0;
	size_t i;

	(void)state;
	assert_int_equal(reserve(&two, 0, any_of(VIPMI_NETFN_SENSOR, 0x26)), 0);
	for (i = 0; i < ARRAY_LENGTH(wanted); i++) {
		assert_int_equal(release(&two, 0, &wanted[i], 1), -ENOENT);
		assert_int_equal(reserve(&two, 0, wanted[i]), 0);
		assert_int_equal(reserve(&two, 0, wanted[i]), 0); /* is it already */
	}
	while (core_command_next(two.world.core, &cursor, &info)) {
		assert_int_equal(info.handle, two.handle[0]);
		assert_int_equal(info.until_ns, TIME_NEVER);
		count++;
		if (count > 1) {
			assert_int_equal(info.what.netfn, wanted[count - 2].netfn);
			assert_int_equal(info.what.command, wanted[count - 2].command);
			assert_int_equal(info.what.direction, wanted[count - 2].direction);
		}
	}
	assert_int_equal(count, 1 + ARRAY_LENGTH(wanted));
	/* From the middle of a chain. */
	assert_int_equal(release(&two, 0, &wanted[2], 1), 0);
	assert_int_equal(release(&two, 0, &wanted[2], 1), -ENOENT);
	assert_int_equal(release(&two, 0, &wanted[3], 1), 0);
	assert_int_equal(release(&two, 0, &wanted[1], 1), 0);
	assert_null(core_broken(two.world.core));
	free(two.world.memory);
}

/* Whether a request (04/26h, LUN 1, to B4h on channel 3) is refused to another handle. */
static bool forbids(struct core_command command)
{
	struct two two = two_programs(1);
	struct core_action action;
	bool refuses;

	assert_int_equal(reserve(&two, 0, command), 0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_REQUEST,
						  .request = {.client = two.client[1],
							  .handle = two.handle[1],
							  .class = VIPMI_CLASS_NORMAL,
							  .target_kind = VIPMI_TARGET_IPMB,
							  .channel = 3,
							  .address = 0xB4,
							  .lun = 1,
							  .netfn = VIPMI_NETFN_SENSOR,
							  .command = 0x26}}),
		0);
	assert_true(core_next(two.world.core, &action));
	refuses = action.type == CORE_ACTION_DELIVER;
	free(two.world.memory);
	return refuses;
}

static void a_request_falls_under_what_meets_it_in_all_fields(void **state)
{
	(void)state;
	assert_true(forbids(any_of(VIPMI_NETFN_SENSOR, 0x26)));
	assert_true(forbids(any_of(VIPMI_NETFN_SENSOR, CORE_ALL_COMMANDS)));
	assert_false(forbids(any_of(VIPMI_NETFN_SENSOR, 0x27)));
	assert_false(forbids(any_of(VIPMI_NETFN_APP, CORE_ALL_COMMANDS)));
	assert_true(forbids(WITH(channel, 3)));
	assert_false(forbids(WITH(channel, 0)));
	assert_true(forbids(WITH(address, 0xB4)));
	assert_false(forbids(WITH(address, 0x20)));
	assert_true(forbids(WITH(lun, 1)));
	assert_false(forbids(WITH(lun, 0)));
	assert_false(forbids(WITH(direction, CORE_DIRECTION_RECEIVE)));
	assert_true(forbids(WITH(direction, CORE_DIRECTION_BOTH)));
}

/* Sends what carries 04/26h with one byte, and says whether the other's right stops it. */
static bool stops(struct core_command command, uint8_t carrier, const uint8_t *data, size_t length)
{
	struct two two = two_programs(1);
	struct core_action action;
	bool refuses;

	assert_int_equal(reserve(&two, 0, command), 0);
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_APP, carrier, data, length);
	assert_true(core_next(two.world.core, &action));
	refuses = action.type == CORE_ACTION_DELIVER &&
		  action.deliver.reason == VIPMI_REASON_RESERVED;
	free(two.world.memory);
	return refuses;
}

static void what_master_write_read_carries_is_looked_into(void **state)
{
	/* Bus, B4h with the read bit, bytes to read, then the frame from its netFn on: netFn 04h
	 * LUN 1, checksum, requester, sequence number, command, a byte, checksum. */
	static const uint8_t data[] = {0x01, 0xB5, 0x00, 0x11, 0x77, 0x20, 0x04, 0x26, 0xDC, 0x99};
	static const uint8_t own[] = {0x01, 0x20, 0x00, 0x11, 0x77, 0x20, 0x04, 0x26, 0xDC, 0x99};
	static const uint8_t answer[] = {0x01, 0xB4, 0, 0x15, 0x77, 0x20, 0x04, 0x26, 0xDC, 0x99};

	(void)state;
	assert_true(stops(any_of(VIPMI_NETFN_SENSOR, 0x26), 0x52, data, sizeof(data)));
	assert_false(stops(any_of(VIPMI_NETFN_SENSOR, 0x27), 0x52, data, sizeof(data)));
	assert_false(stops(any_of(VIPMI_NETFN_SENSOR, 0x26), 0x51, data, sizeof(data)));
	assert_true(stops(WITH(address, 0xB4), 0x52, data, sizeof(data)));
	assert_false(stops(WITH(address, 0xB6), 0x52, data, sizeof(data)));
	assert_true(stops(WITH(lun, 1), 0x52, data, sizeof(data)));
	assert_false(stops(WITH(lun, 0), 0x52, data, sizeof(data)));
	/* Up to its command, and one byte less, which asks for nothing yet. */
	assert_true(stops(any_of(VIPMI_NETFN_SENSOR, 0x26), 0x52, data, 8));
	assert_false(stops(any_of(VIPMI_NETFN_SENSOR, 0x26), 0x52, data, 7));
	/* Its first byte may name a private bus: no channel sets it apart. */
	assert_true(stops(WITH(channel, 5), 0x52, data, sizeof(data)));
	assert_true(stops(WITH(channel, 5), 0x52, own, sizeof(own)));
	/* A response asks for nothing. */
	assert_false(stops(any_of(VIPMI_NETFN_SENSOR, 0x26), 0x52, answer, sizeof(answer)));
	assert_false(
		stops(any_of(VIPMI_NETFN_SENSOR, CORE_ALL_COMMANDS), 0x52, answer, sizeof(answer)));
}

static void the_body_of_what_is_carried_is_looked_at(void **state)
{
	/* Group extension DCh and 0Bh: netFn 2Ch, command 00h. */
	static const uint8_t data[] = {0x00, 0xB4, 0xB0, 0x9C, 0x20, 0x04, 0x00, 0xDC, 0x99};
	static const uint8_t written[] = {0x01, 0xB4, 0x00, 0xB0, 0x9C, 0x20, 0x04, 0x00, 0xDC};
	struct core_command mine = any_of(VIPMI_NETFN_GROUP, 0x00);

	(void)state;
	mine.body = 0xDC;
	assert_true(stops(mine, 0x34, data, sizeof(data)));
	mine.body = 0x0B;
	assert_false(stops(mine, 0x34, data, sizeof(data)));
	/* Only its second checksum follows: who is meant is not said. */
	assert_true(stops(mine, 0x34, data, sizeof(data) - 1));
	/* Not even that. */
	assert_true(stops(mine, 0x34, data, sizeof(data) - 2));
	/* The same where we do not see what comes out of it. */
	assert_true(stops(mine, 0x52, written, sizeof(written)));
}

static void send_message_is_looked_into_with_its_channel_and_broadcast(void **state)
{
	/* Channel 3 with tracking, B4h, netFn 04h LUN 1, checksum, 20h, 04h, 26h, checksum. */
	static const uint8_t data[] = {0x43, 0xB4, 0x11, 0x3B, 0x20, 0x04, 0x26, 0xB6};
	static const uint8_t all[] = {0x03, 0x00, 0xB4, 0x11, 0x3B, 0x20, 0x04, 0x26, 0xB6};

	(void)state;
	assert_true(stops(any_of(VIPMI_NETFN_SENSOR, 0x26), 0x34, data, sizeof(data)));
	assert_true(stops(WITH(channel, 3), 0x34, data, sizeof(data)));
	assert_false(stops(WITH(channel, 4), 0x34, data, sizeof(data)));
	assert_true(stops(WITH(address, 0xB4), 0x34, all, sizeof(all)));
	assert_false(stops(WITH(address, 0x00), 0x34, all, sizeof(all)));
	assert_true(stops(WITH(channel, 3), 0x34, all, sizeof(all)));
}

static void iana_numbers_have_three_bytes(void **state)
{
	static const uint8_t data[] = {0x03, 0x02, 0x01}, other[] = {0x03, 0x02, 0x02};
	struct core_command mine = any_of(VIPMI_NETFN_OEM, 0x10);
	struct two two = two_programs(1);

	(void)state;
	mine.body = 0x010203;
	assert_int_equal(reserve(&two, 0, mine), 0);
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_OEM, 0x10, data, 3);
	refused(&two);
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_OEM, 0x10, data, 2);
	refused(&two); /* too short to say whose it is */
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_OEM, 0x10, other, 3);
	goes_through(&two);
	free(two.world.memory);
}

static void leases_end_one_by_one_and_are_renewed(void **state)
{
	const struct core_command one = any_of(VIPMI_NETFN_OEM, 1), other = any_of(0x30, 2);
	struct two two = two_programs(1);
	struct core_command_info info;
	struct core_event event;
	uint32_t cursor = 0;

	(void)state;
	assert_int_equal(reserve_list(&two, 0, &other, 1, 300, &event), 0);
	assert_int_equal(reserve_list(&two, 0, &one, 1, 200, &event), 0);
	assert_int_equal(core_deadline(two.world.core), 1000 + 200 * NSEC_PER_MSEC_U64);
	/* Asking again makes the lease begin anew. */
	two.world.now_ns += 100 * NSEC_PER_MSEC_U64;
	assert_int_equal(reserve_list(&two, 0, &one, 1, 300, &event), 0);
	two.world.now_ns += 100 * NSEC_PER_MSEC_U64;
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	assert_int_equal(core_deadline(two.world.core), 1000 + 300 * NSEC_PER_MSEC_U64);
	assert_int_equal(reserve(&two, 1, one), -EBUSY);
	assert_int_equal(event.command_reserve.ret_index, 0);
	two.world.now_ns += 100 * NSEC_PER_MSEC_U64;
	assert_int_equal(reserve(&two, 1, other), 0);
	assert_int_equal(reserve(&two, 1, one), -EBUSY);
	while (core_command_next(two.world.core, &cursor, &info)) {
		assert_int_equal(info.until_ns,
			info.handle == two.handle[1] ? TIME_NEVER : 1000 + 400 * NSEC_PER_MSEC_U64);
	}
	assert_int_equal(core_deadline(two.world.core), 1000 + 400 * NSEC_PER_MSEC_U64);
	two.world.now_ns += 100 * NSEC_PER_MSEC_U64;
	assert_int_equal(reserve(&two, 1, one), 0);
	assert_int_equal(core_deadline(two.world.core), TIME_NEVER);
	free(two.world.memory);
}

static int revoke(struct two *two, uint32_t number)
{
	return step(&two->world, (struct core_event){.type = CORE_EVENT_COMMAND_REVOKE,
					 .command_revoke = {.number = number}});
}

static void a_number_that_is_revoked_names_one_reservation_ever(void **state)
{
	struct two two = two_programs(1);
	struct core_command_info info, again;
	uint32_t cursor = 0;

	(void)state;
	assert_int_equal(revoke(&two, 0), -ENOENT); /* none was ever held */
	assert_int_equal(reserve(&two, 0, any_of(VIPMI_NETFN_OEM, 1)), 0);
	assert_true(core_command_next(two.world.core, &cursor, &info));
	assert_int_equal(cursor, 1);
	assert_int_equal(revoke(&two, info.number + 1), -ENOENT);
	assert_int_equal(revoke(&two, info.number + 0x10000), -ENOENT);
	assert_int_equal(revoke(&two, info.number), 0);
	cursor = 0;
	assert_false(core_command_next(two.world.core, &cursor, &again));
	assert_int_equal(reserve(&two, 1, any_of(VIPMI_NETFN_OEM, 1)), 0);
	assert_int_equal(revoke(&two, info.number), -ENOENT);
	free(two.world.memory);
}

static void no_more_than_the_table_in_one_list(void **state)
{
	struct core_command commands[2] = {any_of(0x3C, 1), any_of(0x3C, 2)};
	struct core_command filler = any_of(0x30, 0);
	struct two two = two_programs(1);
	struct core_event event;
	uint32_t i;

	(void)state;
	for (i = 0; i < CORE_COMMANDS_MAX - 1; i++) {
		filler.netfn = (uint8_t)(0x30 + 2 * (i / 256));
		filler.command = (uint16_t)(i % 256);
		assert_int_equal(reserve(&two, 0, filler), 0);
	}
	assert_int_equal(reserve_list(&two, 0, commands, 2, 0, &event), -ENOSPC);
	assert_int_equal(reserve_list(&two, 0, commands, 1, 0, &event), 0);
	/* What is held already needs no room. */
	assert_int_equal(reserve_list(&two, 0, commands, 1, 0, &event), 0);
	assert_int_equal(reserve_list(&two, 0, commands, 2, 0, &event), -ENOSPC);
	assert_int_equal(revoke(&two, CORE_COMMANDS_MAX), -ENOENT);
	free(two.world.memory);
}

static void the_shortest_lease_ends(void **state)
{
	const struct core_command one = any_of(VIPMI_NETFN_OEM, 1);
	struct two two = two_programs(1);
	struct core_event event;

	(void)state;
	assert_int_equal(reserve_list(&two, 0, &one, 1, 1, &event), 0);
	assert_int_equal(core_deadline(two.world.core), 1000 + NSEC_PER_MSEC_U64);
	free(two.world.memory);
}

/* Each entry of the table has been used twice: numbers with generations. */
static void a_revoked_number_finds_its_entry_in_any_generation(void **state)
{
	const struct core_command one = any_of(VIPMI_NETFN_OEM, 1);
	struct two two = two_programs(1);
	struct core_command_info info;
	uint32_t i, cursor;

	(void)state;
	for (i = 0; i < 2 * CORE_COMMANDS_MAX + 5; i++) {
		assert_int_equal(reserve(&two, 0, one), 0);
		cursor = 0;
		assert_true(core_command_next(two.world.core, &cursor, &info));
		assert_int_equal(cursor, i % CORE_COMMANDS_MAX + 1);
		assert_int_equal(revoke(&two, info.number), 0);
	}
	free(two.world.memory);
}

/* All of the table is in use; the bytes behind it, where incoming requests are remembered by their
 * sequence numbers, are none of it. */
static void a_full_table_ends_with_its_last_entry(void **state)
{
	struct core_command filler = any_of(0x30, 0);
	struct two two = two_programs(1);
	struct core_command_info info;
	struct core_event event;
	uint32_t i, cursor = 0;

	(void)state;
	filler.direction = CORE_DIRECTION_RECEIVE;
	for (i = 0; i < CORE_COMMANDS_MAX; i++) {
		filler.netfn = (uint8_t)(0x30 + 2 * (i / 256));
		filler.command = (uint16_t)(i % 256);
		assert_int_equal(reserve_list(&two, 0, &filler, 1, 1000, &event), 0);
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
							  .message = {.kind = VIPMI_ASYNC_REQUEST,
								  .address = 0xB4,
								  .netfn = 0x30,
								  .sequence = (uint8_t)i}}),
			0);
	}
	for (i = 0; core_command_next(two.world.core, &cursor, &info); i++) {
		assert_int_equal(info.handle, two.handle[0]);
	}
	assert_int_equal(i, CORE_COMMANDS_MAX);
	assert_int_equal(revoke(&two, CORE_COMMANDS_MAX), -ENOENT);
	two.world.now_ns += 1000 * NSEC_PER_MSEC_U64;
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	cursor = 0;
	assert_false(core_command_next(two.world.core, &cursor, &info));
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_has_its_range),
		cmocka_unit_test(lists_have_a_length),
		cmocka_unit_test(two_conflict_unless_some_field_sets_them_apart),
		cmocka_unit_test(another_one_in_any_field_is_another_reservation),
		cmocka_unit_test(a_request_falls_under_what_meets_it_in_all_fields),
		cmocka_unit_test(what_master_write_read_carries_is_looked_into),
		cmocka_unit_test(the_body_of_what_is_carried_is_looked_at),
		cmocka_unit_test(send_message_is_looked_into_with_its_channel_and_broadcast),
		cmocka_unit_test(iana_numbers_have_three_bytes),
		cmocka_unit_test(leases_end_one_by_one_and_are_renewed),
		cmocka_unit_test(a_number_that_is_revoked_names_one_reservation_ever),
		cmocka_unit_test(no_more_than_the_table_in_one_list),
		cmocka_unit_test(the_shortest_lease_ends),
		cmocka_unit_test(a_revoked_number_finds_its_entry_in_any_generation),
		cmocka_unit_test(a_full_table_ends_with_its_last_entry),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
