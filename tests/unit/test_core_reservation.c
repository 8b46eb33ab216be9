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

/* ---- whose ids are translated ---- */

/* Program 0 reserves with this request, and 1 after it. Then 0 uses its id, 5: which goes out? */
static uint8_t id_sent(struct core_event reserve, struct core_event use)
{
	static const uint8_t first[] = {0, 5, 0}, second[] = {0, 6, 0},
			     partial[] = {5, 0, 1, 0, 5, 16};
	struct two two = two_programs(1);
	struct core_action action;
	uint8_t id;
	int who;

	for (who = 0; who < 2; who++) {
		reserve.type = CORE_EVENT_REQUEST;
		reserve.request.client = two.client[who];
		reserve.request.handle = two.handle[who];
		assert_int_equal(step(&two.world, reserve), 0);
		action = pull(&two.world, CORE_ACTION_TRANSMIT);
		respond(&two.world, &action, who == 0 ? first : second, 3);
		(void)delivered(&two);
	}
	use.type = CORE_EVENT_REQUEST;
	use.request.client = two.client[0];
	use.request.handle = two.handle[0];
	use.request.data = partial;
	use.request.length = sizeof(partial);
	assert_int_equal(step(&two.world, use), 0);
	id = pull(&two.world, CORE_ACTION_TRANSMIT).transmit.data[0];
	free(two.world.memory);
	return id;
}

#define TO(...)                                                                                    \
	(struct core_event)                                                                        \
	{                                                                                          \
		.request = { __VA_ARGS__ }                                                         \
	}
#define SDR TO(.netfn = VIPMI_NETFN_STORAGE, .command = 0x22)
#define GET_SDR TO(.netfn = VIPMI_NETFN_STORAGE, .command = 0x23)

static void only_the_controllers_own_ids_at_lun_0_are_translated(void **state)
{
	(void)state;
	assert_int_equal(id_sent(SDR, GET_SDR), 6);
	/* Device SDRs have reservations of their own. */
	assert_int_equal(id_sent(TO(.netfn = VIPMI_NETFN_SENSOR, .command = 0x22),
				 TO(.netfn = VIPMI_NETFN_SENSOR, .command = 0x21)),
		6);
	assert_int_equal(id_sent(SDR, TO(.netfn = VIPMI_NETFN_SENSOR, .command = 0x21)), 5);
	/* What is reserved elsewhere is another id. */
	assert_int_equal(
		id_sent(TO(.netfn = VIPMI_NETFN_STORAGE, .lun = 1, .command = 0x22), GET_SDR), 5);
	assert_int_equal(
		id_sent(SDR, TO(.netfn = VIPMI_NETFN_STORAGE, .lun = 1, .command = 0x23)), 5);
	assert_int_equal(id_sent(TO(.target_kind = VIPMI_TARGET_IPMB, .address = 0xB4,
					 .netfn = VIPMI_NETFN_STORAGE, .command = 0x22),
				 GET_SDR),
		5);
	assert_int_equal(id_sent(SDR, TO(.target_kind = VIPMI_TARGET_IPMB, .address = 0xB4,
					      .netfn = VIPMI_NETFN_STORAGE, .command = 0x23)),
		5);
}

/* Both have reserved; program 1 sends this and it succeeds. Is 0's id still good? */
static bool leaves_good(uint8_t command, const uint8_t *data, size_t length)
{
	static const uint8_t use[] = {5, 0, 1, 0, 5, 4}, done[] = {0, 1};
	struct two two = two_programs(1);
	struct core_action action;
	bool good;

	reserve(&two, 0, 0x42, 5);
	reserve(&two, 1, 0x42, 6);
	storage(&two, 1, command, data, length);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	respond(&two.world, &action, done, sizeof(done));
	(void)delivered(&two);
	storage(&two, 0, 0x43, use, sizeof(use));
	assert_true(core_next(two.world.core, &action));
	good = action.type == CORE_ACTION_TRANSMIT;
	assert_true(good || action.deliver.reason == VIPMI_REASON_VOID);
	free(two.world.memory);
	return good;
}

static void only_a_clear_that_starts_one_makes_ids_void(void **state)
{
	/* The sixth byte of a read is how much of the record is asked for. */
	static const uint8_t read[] = {6, 0, 1, 0, 5, 0xAA};
	static const uint8_t clear[] = {6, 0, 'C', 'L', 'R', 0xAA};

	(void)state;
	assert_false(leaves_good(0x47, clear, 6));
	assert_true(leaves_good(0x43, read, 6));
}

/* Whatever the slot's last request left behind. */
static void a_clear_cut_short_starts_nothing(void **state)
{
	static const uint8_t filler[] = {0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA};
	static const uint8_t cut[] = {6, 0, 'C', 'L', 'R'}, use[] = {5, 0, 1, 0, 5, 4};
	static const uint8_t done[] = {0};
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	reserve(&two, 0, 0x42, 5);
	reserve(&two, 1, 0x42, 6);
	storage(&two, 1, 0x48, filler, sizeof(filler));
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	respond(&two.world, &action, done, sizeof(done));
	(void)delivered(&two);
	storage(&two, 1, 0x47, cut, sizeof(cut));
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	respond(&two.world, &action, done, sizeof(done));
	(void)delivered(&two);
	storage(&two, 0, 0x43, use, sizeof(use));
	assert_int_equal(pull(&two.world, CORE_ACTION_TRANSMIT).transmit.data[0], 6);
	free(two.world.memory);
}

static void an_answer_without_an_id_gives_none(void **state)
{
	static const uint8_t cut[] = {0, 7}, use[] = {5, 0, 1, 0, 5, 4};
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	reserve(&two, 0, 0x42, 5);
	storage(&two, 1, 0x42, NULL, 0);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	respond(&two.world, &action, cut, sizeof(cut));
	(void)delivered(&two);
	storage(&two, 0, 0x43, use, sizeof(use));
	assert_int_equal(pull(&two.world, CORE_ACTION_TRANSMIT).transmit.data[0], 5);
	free(two.world.memory);
}

/* Its own id is what it was given, whatever else it asks and is told. */
static void only_an_answer_to_reserve_gives_an_id(void **state)
{
	static const uint8_t use[] = {5, 0, 1, 0, 5, 4}, record[] = {0, 2, 0, 0x51}, cut[] = {0, 7};
	struct two two = two_programs(1);
	struct core_action action;
	int i;

	(void)state;
	reserve(&two, 0, 0x42, 5);
	reserve(&two, 1, 0x42, 6);
	for (i = 0; i < 2; i++) {
		storage(&two, 0, 0x43, use, sizeof(use));
		action = pull(&two.world, CORE_ACTION_TRANSMIT);
		assert_int_equal(action.transmit.data[0], 6);
		respond(&two.world, &action, record, sizeof(record));
		(void)delivered(&two);
	}
	free(two.world.memory);
	/* One that is cut short gives nobody another's. */
	two = two_programs(1);
	reserve(&two, 0, 0x42, 5);
	storage(&two, 1, 0x42, NULL, 0);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	respond(&two.world, &action, cut, sizeof(cut));
	(void)delivered(&two);
	reserve(&two, 0, 0x42, 8);
	storage(&two, 1, 0x43, use, sizeof(use));
	assert_int_equal(pull(&two.world, CORE_ACTION_TRANSMIT).transmit.data[0], 5);
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
		cmocka_unit_test(only_the_controllers_own_ids_at_lun_0_are_translated),
		cmocka_unit_test(only_a_clear_that_starts_one_makes_ids_void),
		cmocka_unit_test(a_clear_cut_short_starts_nothing),
		cmocka_unit_test(an_answer_without_an_id_gives_none),
		cmocka_unit_test(only_an_answer_to_reserve_gives_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
