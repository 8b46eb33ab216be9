/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_rights.h"

static void a_reserved_command_is_its_holders_alone(void **state)
{
	struct two two = two_programs(1);

	(void)state;
	assert_int_equal(reserve(&two, 0, any_of(VIPMI_NETFN_CHASSIS, 0x02)), 0);
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_CHASSIS, 0x02, NULL, 0);
	refused(&two);
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_CHASSIS, 0x01, NULL, 0);
	goes_through(&two);
	send_to(&two, 0, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_CHASSIS, 0x02, NULL, 0);
	goes_through(&two);
	free(two.world.memory);
}

static void a_request_that_waits_when_the_command_is_reserved_is_not_sent(void **state)
{
	static const uint8_t ok[] = {0};
	struct two two = two_programs(1);
	struct core_action busy;

	(void)state;
	send_to(&two, 0, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_APP, 0x01, NULL, 0);
	busy = pull(&two.world, CORE_ACTION_TRANSMIT);
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_CHASSIS, 0x02, NULL, 0);
	assert_int_equal(reserve(&two, 0, any_of(VIPMI_NETFN_CHASSIS, CORE_ALL_COMMANDS)), 0);
	respond(&two.world, &busy, ok, sizeof(ok));
	assert_int_equal(delivered(&two).cc, VIPMI_CC_OK);
	refused(&two);
	free(two.world.memory);
}

static void what_a_virtual_controller_answers_by_itself_is_refused_too(void **state)
{
	struct two two = two_programs(1);

	(void)state;
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_LINK_UP,
						  .link_up = {.owns_flags = true}}),
		0);
	assert_int_equal(reserve(&two, 0, any_of(VIPMI_NETFN_APP, 0x31)), 0);
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_APP, 0x31, NULL, 0);
	core_done(two.world.core, pull(&two.world, CORE_ACTION_TRANSMIT).id, 0); /* housekeeping */
	refused(&two);
	free(two.world.memory);
}

static void the_controller_is_meant_by_its_address_on_any_bus(void **state)
{
	struct two two = two_programs(1);
	struct core_command mine = any_of(VIPMI_NETFN_CHASSIS, 0x02);

	(void)state;
	mine.address = 0x20;
	mine.channel = 0x0F;
	assert_int_equal(reserve(&two, 0, mine), 0);
	send_to(&two, 1, VIPMI_TARGET_IPMB, 0x20, VIPMI_NETFN_CHASSIS, 0x02, NULL, 0);
	refused(&two);
	send_to(&two, 1, VIPMI_TARGET_IPMB_BROADCAST, 0x20, VIPMI_NETFN_CHASSIS, 0x02, NULL, 0);
	refused(&two);
	send_to(&two, 1, VIPMI_TARGET_IPMB, 0xB4, VIPMI_NETFN_CHASSIS, 0x02, NULL, 0);
	goes_through(&two);
	free(two.world.memory);
}

static void bodies_of_group_commands_are_told_apart(void **state)
{
	static const uint8_t picmg[] = {0x00}, dcmi[] = {0xDC};
	struct two two = two_programs(1);
	struct core_command mine = any_of(VIPMI_NETFN_GROUP, 0x00);

	(void)state;
	mine.body = 0x00;
	assert_int_equal(reserve(&two, 0, mine), 0);
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_GROUP, 0x00, picmg, 1);
	refused(&two);
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_GROUP, 0x00, NULL, 0);
	refused(&two); /* too short to say whose it is */
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_GROUP, 0x00, dcmi, 1);
	goes_through(&two);
	free(two.world.memory);
}

static void a_list_is_granted_whole_or_not_at_all_and_names_the_holder(void **state)
{
	struct two two = two_programs(1);
	const struct core_command wanted[] = {
		any_of(VIPMI_NETFN_STORAGE, 0x10), any_of(VIPMI_NETFN_CHASSIS, 0x02)};
	struct core_event event;

	(void)state;
	assert_int_equal(reserve(&two, 0, any_of(VIPMI_NETFN_CHASSIS, CORE_ALL_COMMANDS)), 0);
	assert_int_equal(reserve_list(&two, 1, wanted, 2, 0, &event), -EBUSY);
	assert_int_equal(event.command_reserve.ret_index, 1);
	assert_int_equal(event.command_reserve.ret_holder, two.handle[0]);
	assert_int_equal(event.command_reserve.ret_held.command, CORE_ALL_COMMANDS);
	/* The first of the two was not kept. */
	send_to(&two, 0, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_STORAGE, 0x10, NULL, 0);
	goes_through(&two);
	/* Asking again for what one holds is fine. */
	assert_int_equal(reserve(&two, 0, any_of(VIPMI_NETFN_CHASSIS, CORE_ALL_COMMANDS)), 0);
	free(two.world.memory);
}

static void sending_and_receiving_are_different_rights(void **state)
{
	struct two two = two_programs(1);
	struct core_command receive = any_of(VIPMI_NETFN_APP, 0x77);

	(void)state;
	receive.direction = CORE_DIRECTION_RECEIVE;
	assert_int_equal(reserve(&two, 0, receive), 0);
	assert_int_equal(reserve(&two, 1, receive), -EBUSY);
	assert_int_equal(reserve(&two, 1, any_of(VIPMI_NETFN_APP, 0x77)), 0);
	send_to(&two, 1, VIPMI_TARGET_CONTROLLER, 0, VIPMI_NETFN_APP, 0x77, NULL, 0);
	goes_through(&two);
	free(two.world.memory);
}

static void a_reservation_ends_with_release_lease_revocation_and_handle(void **state)
{
	struct two two = two_programs(1);
	const struct core_command mine = any_of(VIPMI_NETFN_CHASSIS, 0x02);
	struct core_command_info info;
	struct core_event event;
	uint32_t cursor = 0;

	(void)state;
	assert_int_equal(reserve(&two, 0, mine), 0);
	assert_int_equal(release(&two, 1, &mine, 1), -ENOENT);
	assert_int_equal(release(&two, 0, &mine, 1), 0);
	assert_int_equal(release(&two, 0, &mine, 1), -ENOENT);

	assert_int_equal(reserve_list(&two, 0, &mine, 1, 100, &event), 0);
	assert_true(core_deadline(two.world.core) <= two.world.now_ns + 100 * NSEC_PER_MSEC_U64);
	two.world.now_ns += 99 * NSEC_PER_MSEC_U64;
	assert_int_equal(reserve(&two, 1, mine), -EBUSY);
	two.world.now_ns += 1 * NSEC_PER_MSEC_U64;
	assert_int_equal(reserve(&two, 1, mine), 0);

	assert_true(core_command_next(two.world.core, &cursor, &info));
	assert_int_equal(info.handle, two.handle[1]);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_COMMAND_REVOKE,
						  .command_revoke = {.number = info.number}}),
		0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_COMMAND_REVOKE,
						  .command_revoke = {.number = info.number}}),
		-ENOENT);

	assert_int_equal(reserve(&two, 1, mine), 0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
						  .handle = {.client = two.client[1],
							  .handle = two.handle[1]}}),
		0);
	assert_int_equal(reserve(&two, 0, mine), 0);
	free(two.world.memory);
}

static void the_table_holds_its_limit_and_not_one_more(void **state)
{
	struct two two = two_programs(1);
	struct core_command command = any_of(0x30, 0);
	uint32_t i;

	(void)state;
	for (i = 0; i < CORE_COMMANDS_MAX; i++) {
		command.netfn = (uint8_t)(0x30 + 2 * (i / 256));
		command.command = (uint16_t)(i % 256);
		assert_int_equal(reserve(&two, 0, command), 0);
	}
	command.netfn = 0x3C;
	assert_int_equal(reserve(&two, 0, command), -ENOSPC);
	assert_int_equal(release(&two, 0, NULL, 0), 0);
	assert_int_equal(reserve(&two, 1, command), 0);
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reserved_command_is_its_holders_alone),
		cmocka_unit_test(a_request_that_waits_when_the_command_is_reserved_is_not_sent),
		cmocka_unit_test(what_a_virtual_controller_answers_by_itself_is_refused_too),
		cmocka_unit_test(the_controller_is_meant_by_its_address_on_any_bus),
		cmocka_unit_test(bodies_of_group_commands_are_told_apart),
		cmocka_unit_test(a_list_is_granted_whole_or_not_at_all_and_names_the_holder),
		cmocka_unit_test(sending_and_receiving_are_different_rights),
		cmocka_unit_test(a_reservation_ends_with_release_lease_revocation_and_handle),
		cmocka_unit_test(the_table_holds_its_limit_and_not_one_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
