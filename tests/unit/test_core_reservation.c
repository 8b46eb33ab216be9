/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

static void storage(struct two *two, int who, uint8_t command, const uint8_t *data, size_t length)
{
	assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_REQUEST,
						   .request = {.client = two->client[who],
							   .handle = two->handle[who],
							   .class = VIPMI_CLASS_NORMAL,
							   .netfn = VIPMI_NETFN_STORAGE,
							   .command = command,
							   .data = data,
							   .length = length}}),
		0);
}

static void reserve(struct two *two, int who, uint8_t command, uint8_t id)
{
	const uint8_t answer[] = {0, id, 0};
	struct core_action action;

	storage(two, who, command, NULL, 0);
	action = pull(&two->world, CORE_ACTION_TRANSMIT);
	respond(&two->world, &action, answer, sizeof(answer));
	assert_int_equal(delivered(two).data[0], id);
}

static void anothers_reserve_does_not_cancel_ones_own(void **state)
{
	static const uint8_t partial[] = {5, 0, 1, 0, 5, 16};
	static const uint8_t record[] = {0, 2, 0, 0x51};
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	reserve(&two, 0, 0x22, 5);
	reserve(&two, 1, 0x22, 6);
	storage(&two, 0, 0x23, partial, sizeof(partial));
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.data[0], 6); /* what the controller takes now */
	assert_memory_equal(action.transmit.data + 1, partial + 1, sizeof(partial) - 1);
	respond(&two.world, &action, record, sizeof(record));
	assert_int_equal(delivered(&two).cc, VIPMI_CC_OK);
	free(two.world.memory);
}

static void an_id_that_was_never_given_is_the_controllers_to_judge(void **state)
{
	static const uint8_t partial[] = {9, 0, 1, 0, 5, 16};
	static const uint8_t cancelled[] = {VIPMI_CC_RESERVATION_CANCELLED};
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	reserve(&two, 0, 0x22, 5);
	storage(&two, 0, 0x23, partial, sizeof(partial));
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.data[0], 9);
	respond(&two.world, &action, cancelled, sizeof(cancelled));
	assert_int_equal(delivered(&two).cc, VIPMI_CC_RESERVATION_CANCELLED);
	free(two.world.memory);
}

static void anothers_clear_makes_a_reservation_void_and_nothing_is_sent(void **state)
{
	static const uint8_t clear_of_one[] = {5, 0, 'C', 'L', 'R', 0xAA};
	static const uint8_t clear_of_other[] = {6, 0, 'C', 'L', 'R', 0xAA};
	static const uint8_t done[] = {0, 1};
	struct two two = two_programs(1);
	struct core_action action;
	struct core_deliver answer;

	(void)state;
	reserve(&two, 0, 0x42, 5);
	reserve(&two, 1, 0x42, 6);
	storage(&two, 1, 0x47, clear_of_other, sizeof(clear_of_other));
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	respond(&two.world, &action, done, sizeof(done));
	assert_int_equal(delivered(&two).cc, VIPMI_CC_OK);
	/* What it had seen is gone; it must not clear what it has not seen. */
	storage(&two, 0, 0x47, clear_of_one, sizeof(clear_of_one));
	answer = delivered(&two);
	assert_int_equal(answer.cc, VIPMI_CC_RESERVATION_CANCELLED);
	assert_int_equal(answer.origin, VIPMI_ORIGIN_AGENT);
	assert_int_equal(answer.reason, VIPMI_REASON_VOID);
	assert_false(answer.sent);
	/* The one who cleared goes on with its own. */
	storage(&two, 1, 0x47, clear_of_other, sizeof(clear_of_other));
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.data[0], 6);
	free(two.world.memory);
}

static void a_look_at_a_clears_progress_changes_nothing(void **state)
{
	static const uint8_t look[] = {6, 0, 'C', 'L', 'R', 0x00};
	static const uint8_t partial[] = {5, 0, 1, 0, 5, 4};
	static const uint8_t done[] = {0, 1};
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	reserve(&two, 0, 0x42, 5);
	reserve(&two, 1, 0x42, 6);
	storage(&two, 1, 0x47, look, sizeof(look));
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	respond(&two.world, &action, done, sizeof(done));
	(void)delivered(&two);
	storage(&two, 0, 0x43, partial, sizeof(partial));
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.data[0], 6);
	free(two.world.memory);
}

static void a_reserve_that_overtakes_makes_a_request_go_once_more(void **state)
{
	static const uint8_t partial[] = {5, 0, 1, 0, 5, 16};
	static const uint8_t cancelled[] = {VIPMI_CC_RESERVATION_CANCELLED};
	static const uint8_t seven[] = {0, 7, 0};
	static const uint8_t record[] = {0, 2, 0, 0x51};
	struct two two = two_programs(2);
	struct core_action read, reserved;

	(void)state;
	reserve(&two, 0, 0x22, 5);
	storage(&two, 0, 0x23, partial, sizeof(partial));
	storage(&two, 1, 0x22, NULL, 0);
	read = pull(&two.world, CORE_ACTION_TRANSMIT);
	reserved = pull(&two.world, CORE_ACTION_TRANSMIT);
	respond(&two.world, &reserved, seven, sizeof(seven));
	(void)delivered(&two);
	respond(&two.world, &read, cancelled, sizeof(cancelled));
	read = pull(&two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(read.transmit.data[0], 7);
	respond(&two.world, &read, record, sizeof(record));
	assert_int_equal(delivered(&two).cc, VIPMI_CC_OK);
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anothers_reserve_does_not_cancel_ones_own),
		cmocka_unit_test(an_id_that_was_never_given_is_the_controllers_to_judge),
		cmocka_unit_test(anothers_clear_makes_a_reservation_void_and_nothing_is_sent),
		cmocka_unit_test(a_look_at_a_clears_progress_changes_nothing),
		cmocka_unit_test(a_reserve_that_overtakes_makes_a_request_go_once_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
