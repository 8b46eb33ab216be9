/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's own event log: sel=own. */
#include "guest_world.h"

#define EPOCH 1000000u

static const struct guest_config own = {.guid = {1, 2, 3},
	.sensors = true,
	.sel = GUEST_PART_OWN,
	.fru = GUEST_PART_REAL,
	.epoch_s = EPOCH,
	.grace_ns = 60 * SECOND};

/* Adds an entry whose last byte is `mark`; its ID. */
static uint16_t add(uint8_t mark)
{
	assert_int_equal(ASK(0x0A, 0x44, 9, 9, 2, 9, 9, 9, 9, 0x20, 0, 4, 1, 2, 3, 4, 5, mark), 0);
	assert_int_equal(verdict.answer.length, 3);
	return (uint16_t)(verdict.answer.data[1] | verdict.answer.data[2] << 8);
}

/* Entries, free bytes, last addition, last erasure, what is supported. */
static void expect_info(uint16_t count, uint32_t added_s, uint32_t erased_s, uint8_t supports)
{
	const uint16_t left = (uint16_t)((GUEST_SEL_MAX - count) * 16);
	const uint8_t info[] = {0, 0x51, (uint8_t)count, (uint8_t)(count >> 8), (uint8_t)left,
		(uint8_t)(left >> 8), (uint8_t)added_s, (uint8_t)(added_s >> 8),
		(uint8_t)(added_s >> 16), 0, (uint8_t)erased_s, (uint8_t)(erased_s >> 8),
		(uint8_t)(erased_s >> 16), 0, supports};

	assert_int_equal(ASK(0x0A, 0x40), 0);
	assert_int_equal(verdict.answer.length, sizeof(info));
	assert_memory_equal(verdict.answer.data, info, sizeof(info));
}

static uint16_t reserve(void)
{
	assert_int_equal(ASK(0x0A, 0x42), 0);
	return (uint16_t)(verdict.answer.data[1] | verdict.answer.data[2] << 8);
}

#define LOW_HIGH(number) (uint8_t)(number), (uint8_t)((number) >> 8)

static void entries_are_added_and_read(void **state)
{
	(void)state;
	begin(&own);
	expect_info(0, 0, 0, 0x0B);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0, 0, 0, 0xFF), 0xCB);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0xFF, 0xFF, 0, 0xFF), 0xCB);
	assert_int_equal(add(0xA1), 1);
	advance(SECOND);
	assert_int_equal(add(0xA2), 2);
	assert_int_equal(add(0xA3), 3);
	expect_info(3, EPOCH + 1001, 0, 0x0B);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0, 0, 0, 0xFF), 0);
	assert_int_equal(verdict.answer.length, 19);
	/* 1,001,000 is 0F4628h. */
	assert_memory_equal(verdict.answer.data + 1,
		"\x02\x00\x01\x00\x02\x28\x46\x0F\x00\x20\x00\x04\x01\x02\x03\x04\x05\xA1", 18);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 2, 0, 0, 16), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x03\x00\x02\x00", 4);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0xFF, 0xFF, 0, 3), 0);
	assert_memory_equal(verdict.answer.data + 1, "\xFF\xFF\x03\x00\x02", 5);
	assert_int_equal(verdict.answer.length, 6);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 4, 0, 0, 0xFF), 0xCB);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 1, 0, 0, 17), 0xC9);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 1, 0, 0), 0xC7);
	assert_int_equal(ASK(0x0A, 0x44, 0, 0, 2), 0xC7);
	assert_int_equal(ASK(0x0A, 0x45, 0, 0, 0, 0, 0, 0), 0xC1);
	assert_int_equal(ASK(0x0A, 0x5A, 0), 0xC1);
	assert_int_equal(ASK(0x0A, 0x41), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x80\x00\x10\x00\x7D\x00\x7D\x00\x01", 9);
}

static void what_carries_no_time_keeps_its_bytes(void **state)
{
	(void)state;
	begin(&own);
	assert_int_equal(ASK(0x0A, 0x44, 0, 0, 0xDF, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), 0);
	assert_int_equal(ASK(0x0A, 0x44, 0, 0, 0xE0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13), 0);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 1, 0, 0, 0xFF), 0);
	assert_memory_not_equal(verdict.answer.data + 6, "\x01\x02\x03\x04", 4);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 2, 0, 0, 0xFF), 0);
	assert_memory_equal(
		verdict.answer.data + 1, "\xFF\xFF\x02\x00\xE0\x01\x02\x03\x04\x05", 10);
}

static void the_middle_of_one_needs_a_reservation(void **state)
{
	uint16_t id;

	(void)state;
	begin(&own);
	(void)add(0xA1);
	(void)add(0xA2);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 1, 0, 15, 1), 0xC5);
	id = reserve();
	assert_int_not_equal(id, 0);
	assert_int_equal(ASK(0x0A, 0x43, LOW_HIGH(id), 1, 0, 15, 0xFF), 0);
	assert_int_equal(verdict.answer.length, 4);
	assert_int_equal(verdict.answer.data[3], 0xA1);
	assert_int_equal(ASK(0x0A, 0x43, LOW_HIGH(id), 1, 0, 16, 0), 0xC9);
	assert_int_equal(ASK(0x0A, 0x43, LOW_HIGH(id), 1, 0, 15, 2), 0xC9);
	assert_int_not_equal(reserve(), id);
	assert_int_equal(ASK(0x0A, 0x43, LOW_HIGH(id), 1, 0, 15, 1), 0xC5);
	guest.sel.reservation = 0xFFFE;
	assert_int_equal(reserve(), 0xFFFF);
	assert_int_equal(reserve(), 1); /* 0 is none */
}

/* IPMI 2.0 section 31.4: not only a deletion does; nor is there one for the next guest. */
static void a_reset_cancels_the_reservation(void **state)
{
	uint16_t id;

	(void)state;
	begin(&own);
	(void)add(0xA1);
	id = reserve();
	assert_int_equal(ASK(0x06, 0x02), 0); /* Cold Reset */
	assert_int_equal(ASK(0x0A, 0x43, LOW_HIGH(id), 1, 0, 15, 1), 0xC5);
	id = reserve();
	guest_disconnect(&guest, now_ns);
	advance(60 * SECOND);
	assert_true(guest_worth_saving(&guest)); /* for its one entry */
	guest_connect(&guest, now_ns);
	assert_int_equal(ASK(0x0A, 0x47, LOW_HIGH(id), 'C', 'L', 'R', 0xAA), 0xC5);
	expect_info(1, EPOCH + 1000, 0, 0x0B);
}

static void entries_are_deleted(void **state)
{
	uint16_t id;

	(void)state;
	begin(&own);
	(void)add(0xA1);
	(void)add(0xA2);
	(void)add(0xA3);
	assert_int_equal(ASK(0x0A, 0x46, 0, 0, 2, 0), 0xC5);
	id = reserve();
	assert_int_equal(ASK(0x0A, 0x46, LOW_HIGH(id), 7, 0), 0xCB);
	advance(SECOND);
	assert_int_equal(ASK(0x0A, 0x46, LOW_HIGH(id), 2, 0), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x02\x00", 2);
	expect_info(2, EPOCH + 1000, EPOCH + 1001, 0x0B);
	assert_int_equal(ASK(0x0A, 0x46, LOW_HIGH(id), 1, 0), 0xC5); /* it is cancelled */
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 1, 0, 0, 0xFF), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x03\x00", 2);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 3, 0, 0, 0xFF), 0);
	assert_int_equal(verdict.answer.data[18], 0xA3);
	id = reserve();
	assert_int_equal(ASK(0x0A, 0x46, LOW_HIGH(id), 0xFF, 0xFF), 0); /* the last */
	assert_int_equal(verdict.answer.data[1], 3);
}

static void a_full_log_loses_its_oldest(void **state)
{
	uint16_t id = 0, i;

	(void)state;
	begin(&own);
	for (i = 0; i < GUEST_SEL_MAX; i++) {
		(void)add((uint8_t)i);
	}
	expect_info(GUEST_SEL_MAX, EPOCH + 1000, 0, 0x0B);
	id = reserve();
	assert_int_equal(add(0xEE), GUEST_SEL_MAX + 1);
	expect_info(GUEST_SEL_MAX, EPOCH + 1000, 0, 0x8B);
	assert_int_equal(ASK(0x0A, 0x43, LOW_HIGH(id), 2, 0, 1, 1), 0xC5);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 1, 0, 0, 0xFF), 0xCB);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0, 0, 0, 0xFF), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x03\x00\x02\x00", 4);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0xFF, 0xFF, 0, 0xFF), 0);
	assert_int_equal(verdict.answer.data[18], 0xEE);
	/* Deleting across the ring's end keeps the order. */
	id = reserve();
	assert_int_equal(ASK(0x0A, 0x46, LOW_HIGH(id), 3, 0), 0);
	assert_false(guest_waits(&guest)); /* nor does it disturb what lies behind the ring */
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 2, 0, 0, 0xFF), 0);
	assert_int_equal(verdict.answer.data[1], 4);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 128, 0, 0, 0xFF), 0);
	assert_int_equal(verdict.answer.data[1], 129);
	assert_int_equal(verdict.answer.data[18], 127);
	guest.sel.next_id = 0xFFFE;
	assert_int_equal(add(1), 0xFFFE);
	assert_int_equal(add(2), 1);
}

static void the_ring_goes_round(void **state)
{
	uint8_t saved[GUEST_SAVED_MAX];
	uint16_t id = 0, i;
	size_t length;

	(void)state;
	begin(&own);
	for (i = 0; i < 3 * GUEST_SEL_MAX - 5; i++) {
		id = add((uint8_t)i);
	}
	assert_int_equal(id, 3 * GUEST_SEL_MAX - 5);
	length = guest_save(&guest, now_ns, saved, sizeof(saved));
	for (i = 0; i < 2; i++) {
		uint16_t at = 0, expected = 2 * GUEST_SEL_MAX - 4;

		do {
			assert_int_equal(ASK(0x0A, 0x43, 0, 0, LOW_HIGH(at), 0, 0xFF), 0);
			assert_memory_equal(
				verdict.answer.data + 3, ((uint8_t[]){LOW_HIGH(expected)}), 2);
			assert_int_equal(verdict.answer.data[18], (uint8_t)(expected - 1));
			at = (uint16_t)(verdict.answer.data[1] | verdict.answer.data[2] << 8);
			assert_true(at == expected + 1 || at == 0xFFFF);
			expected++;
		} while (at != 0xFFFF);
		assert_int_equal(expected, id + 1);
		guest_init(&guest, &own);
		assert_true(guest_restore(&guest, saved, length, now_ns)); /* likewise */
		guest_connect(&guest, now_ns);
	}
}

static void each_entry_has_an_id_of_its_own(void **state)
{
	(void)state;
	begin(&own);
	assert_int_equal(add(0xA1), 1);
	assert_int_equal(add(0xA2), 2);
	guest.sel.next_id = 0xFFFD; /* 65,000 were added and deleted */
	assert_int_equal(add(0xA3), 0xFFFD);
	assert_int_equal(add(0xA4), 0xFFFE);
	assert_int_equal(add(0xA5), 3); /* FFFFh is the last, whichever that is; 0 the first */
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 1, 0, 0, 0xFF), 0);
	assert_int_equal(verdict.answer.data[18], 0xA1);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 3, 0, 0, 0xFF), 0);
	assert_int_equal(verdict.answer.data[18], 0xA5);
}

static void clearing_clears_its_own(void **state)
{
	uint16_t id;

	(void)state;
	begin(&own);
	(void)add(0xA1);
	guest.sel.overflow = true;
	assert_int_equal(ASK(0x0A, 0x47, 0, 0, 'C', 'L', 'R', 0xAA), 0xC5);
	id = reserve();
	assert_int_equal(ASK(0x0A, 0x47, LOW_HIGH(id), 'C', 'L', 'S', 0xAA), 0xCC);
	assert_int_equal(ASK(0x0A, 0x47, LOW_HIGH(id), 'C', 'L', 'R', 0xAB), 0xCC);
	assert_int_equal(ASK(0x0A, 0x47, LOW_HIGH(id), 'C', 'L', 'R', 0), 0);
	expect_info(1, EPOCH + 1000, 0, 0x8B);
	advance(2 * SECOND);
	assert_int_equal(ASK(0x0A, 0x47, LOW_HIGH(id), 'C', 'L', 'R', 0xAA), 0);
	assert_int_equal(verdict.answer.data[1], 1);
	expect_info(0, EPOCH + 1000, EPOCH + 1002, 0x0B);
	assert_int_equal(add(0xA2), 2);
	assert_false(verdict.forwarded);
}

static void its_time_is_its_own(void **state)
{
	(void)state;
	begin(&own);
	assert_int_equal(ASK(0x0A, 0x48), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x28\x46\x0F\x00", 4);
	assert_int_equal(ASK(0x0A, 0x49, 0, 0, 0, 0x10), 0);
	advance(5 * SECOND);
	assert_int_equal(ASK(0x0A, 0x48), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x05\x00\x00\x10", 4);
	assert_int_equal(ASK(0x0A, 0x5C), 0);
	assert_memory_equal(verdict.answer.data + 1, "\xFF\x07", 2);
	assert_int_equal(ASK(0x0A, 0x5D, 0x3C, 0), 0);
	assert_int_equal(ASK(0x0A, 0x5C), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x3C\x00", 2);
}

static void its_events_are_logged(void **state)
{
	(void)state;
	begin(&own);
	assert_int_equal(ASK(0x06, 0x2E, 0x0C), 0); /* event buffer and log */
	assert_int_equal(ASK(0x04, 0x02, 0x41, 4, 1, 0x52, 0x81, 0x57), 0);
	assert_string_equal(controls(), "01 ");
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0, 0, 0, 0xFF), 0);
	assert_memory_equal(verdict.answer.data + 3,
		"\x01\x00\x02\x28\x46\x0F\x00\x41\x00\x04\x01\x52\x81\x57\xFF\xFF", 16);
	assert_int_equal(ASK(0x06, 0x35), 0);
	assert_memory_equal(verdict.answer.data + 1,
		"\x01\x00\x02\x28\x46\x0F\x00\x41\x00\x04\x01\x52\x81\x57\xFF\xFF", 16);
	assert_int_equal(ASK(0x04, 0x02, 0x41, 4, 1, 0x52, 0x81), 0xC7);
	assert_int_equal(ASK(0x04, 0x02, 0x41, 4, 1, 0x52, 0x81, 1, 2, 3, 4), 0xC7);
	assert_int_equal(ASK(0x06, 0x2E, 0x00), 0);
	assert_int_equal(ASK(0x04, 0x02, 0x41, 4, 1, 0x52, 0x81, 0x57, 1, 2), 0);
	expect_info(1, EPOCH + 1000, 0, 0x0B);
	assert_int_equal(ASK(0x06, 0x35), 0x80);
}

static void its_watchdog_is_logged(void **state)
{
	(void)state;
	begin(&own);
	assert_int_equal(ASK(0x06, 0x24, 0x03, 0x31, 2, 0, 100, 0), 0);
	assert_int_equal(ASK(0x06, 0x22), 0);
	advance(8 * SECOND);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0xFF, 0xFF, 0, 0xFF), 0);
	assert_memory_equal(verdict.answer.data + 3,
		"\x01\x00\x02\x30\x46\x0F\x00\x20\x00\x04\x23\xFE\x6F\xC8\x33\xFF", 16);
	advance(2 * SECOND);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0xFF, 0xFF, 0, 0xFF), 0);
	assert_memory_equal(verdict.answer.data + 10, "\x20\x00\x04\x23\xFE\x6F\xC1\x33\xFF", 9);
	expect_info(2, EPOCH + 1010, 0, 0x0B);
	assert_int_equal(ASK(0x06, 0x24, 0x83, 0x01, 0, 0, 10, 0), 0); /* not to be logged */
	assert_int_equal(ASK(0x06, 0x22), 0);
	advance(SECOND);
	expect_info(2, EPOCH + 1010, 0, 0x0B);
}

static void it_outlives_guest_and_agent(void **state)
{
	uint8_t saved[GUEST_SAVED_MAX];
	struct guest_config real = own;
	size_t length, i;

	(void)state;
	begin(&own);
	for (i = 0; i <= GUEST_SEL_MAX; i++) {
		(void)add((uint8_t)i);
	}
	assert_int_equal(ASK(0x0A, 0x49, 0, 0, 0, 0x10), 0);
	assert_int_equal(ASK(0x0A, 0x5D, 0x3C, 0), 0);
	assert_int_equal(ASK(0x06, 0x02), 0); /* Cold Reset */
	guest_disconnect(&guest, now_ns);
	advance(60 * SECOND);
	assert_int_equal(guest.presence, GUEST_ABSENT);
	assert_true(guest_worth_saving(&guest));
	length = guest_save(&guest, now_ns, saved, sizeof(saved));
	guest_init(&guest, &own);
	assert_false(guest_worth_saving(&guest));
	assert_true(guest_restore(&guest, saved, length, now_ns));
	assert_true(guest_worth_saving(&guest));
	guest_connect(&guest, now_ns);
	assert_true(guest_worth_saving(&guest));
	expect_info(GUEST_SEL_MAX, EPOCH + 1000, 0, 0x8B);
	assert_int_equal(ASK(0x0A, 0x43, 0, 0, 0, 0, 0, 0xFF), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x03\x00\x02\x00", 4);
	assert_int_equal(ASK(0x0A, 0x48), 0);
	assert_memory_equal(verdict.answer.data + 1, "\x3C\x00\x00\x10", 4);
	assert_int_equal(ASK(0x0A, 0x5C), 0);
	assert_int_equal(verdict.answer.data[1], 0x3C);
	assert_int_equal(add(0xEE), GUEST_SEL_MAX + 2);
	/* Who is shown the real one's now has none of it. */
	real.sel = GUEST_PART_REAL;
	guest_init(&guest, &real);
	assert_false(guest_restore(&guest, saved, length, now_ns));
	assert_false(guest_worth_saving(&guest));
}

static void no_more_entries_are_believed_than_fit(void **state)
{
	static uint8_t saved[GUEST_SAVED_MAX + GUEST_EVENT_SIZE];
	size_t length, i;

	(void)state;
	begin(&own);
	for (i = 0; i < GUEST_SEL_MAX; i++) {
		(void)add((uint8_t)i);
	}
	length = guest_save(&guest, now_ns, saved, GUEST_SAVED_MAX);
	/* Before the entries: count, overflow, next ID, offset, three times. */
	i = length - GUEST_SEL_MAX * GUEST_EVENT_SIZE - 18;
	assert_int_equal(saved[i], GUEST_SEL_MAX);
	saved[i]++;
	assert_false(guest_restore(&guest, saved, length + GUEST_EVENT_SIZE, now_ns));
	saved[i]--;
	assert_true(guest_restore(&guest, saved, length, now_ns));
}

static void the_real_log_is_not_touched(void **state)
{
	static const uint8_t real[] = {0x20, 0x81, 2, 0x15, 2, 0xB0, 0, 0, 0, 0, 0};
	struct guest_config bare = {.sel = GUEST_PART_OWN};
	unsigned command;

	(void)state;
	begin(&own);
	for (command = 0x40; command < 0x60; command++) {
		assert_true(ask(0x0A, (uint8_t)command, NULL, 0) >= 0);
		assert_false(verdict.forwarded);
	}
	begin(&bare); /* without sensors it can log all the same */
	assert_int_equal(ASK(0x04, 0x02, 0x41, 4, 1, 0x52, 0x81, 0x57), 0);
	assert_int_equal(ASK(0x04, 0x2D, 1), 0xC1);
	assert_int_equal(ASK(0x06, 0x01), -1);
	guest_response(&guest, verdict.forward.tag, 0, real, sizeof(real), &verdict);
	assert_int_equal(verdict.answer.data[6], 0x84); /* chassis and log */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_added_and_read),
		cmocka_unit_test(what_carries_no_time_keeps_its_bytes),
		cmocka_unit_test(the_middle_of_one_needs_a_reservation),
		cmocka_unit_test(a_reset_cancels_the_reservation),
		cmocka_unit_test(entries_are_deleted),
		cmocka_unit_test(a_full_log_loses_its_oldest),
		cmocka_unit_test(the_ring_goes_round),
		cmocka_unit_test(each_entry_has_an_id_of_its_own),
		cmocka_unit_test(clearing_clears_its_own),
		cmocka_unit_test(its_time_is_its_own),
		cmocka_unit_test(its_events_are_logged),
		cmocka_unit_test(its_watchdog_is_logged),
		cmocka_unit_test(it_outlives_guest_and_agent),
		cmocka_unit_test(no_more_entries_are_believed_than_fit),
		cmocka_unit_test(the_real_log_is_not_touched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
