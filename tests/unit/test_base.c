/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/bytes.h"
#include "base/divide.h"
#include "base/list.h"
#include "base/random.h"

static void reader_gives_fields_then_fails_for_good(void **state)
{
	static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7};
	struct reader reader = reader_init(bytes, sizeof(bytes));
	uint8_t out[2] = {9, 9};

	(void)state;
	assert_int_equal(reader_u8(&reader), 1);
	assert_int_equal(reader_u16le(&reader), 0x0302);
	assert_int_equal(reader_u24le(&reader), 0x060504);
	assert_int_equal(reader_left(&reader), 1);
	assert_int_equal(reader_u16le(&reader), 0);
	assert_true(reader.failed);
	/* Sticky: the byte that is left is not given out any more. */
	assert_int_equal(reader_u8(&reader), 0);
	assert_false(reader_copy(&reader, out, 1));
	assert_int_equal(out[0], 9);
}

static void writer_and_reader_round_trip(void **state)
{
	uint8_t bytes[32];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct reader reader;

	(void)state;
	writer_u8(&writer, 0xA5);
	writer_u16le(&writer, 0xBEEF);
	writer_u24le(&writer, 0x123456);
	writer_u32le(&writer, 0xDEADBEEF);
	writer_u64le(&writer, UINT64_C(0x0123456789ABCDEF));
	writer_bytes(&writer, "xy", 2);
	assert_false(writer.failed);
	assert_int_equal(writer_length(&writer), 20);
	reader = reader_init(bytes, writer_length(&writer));
	assert_int_equal(reader_u8(&reader), 0xA5);
	assert_int_equal(reader_u16le(&reader), 0xBEEF);
	assert_int_equal(reader_u24le(&reader), 0x123456);
	assert_true(reader_u32le(&reader) == 0xDEADBEEF);
	assert_true(reader_u64le(&reader) == UINT64_C(0x0123456789ABCDEF));
	assert_memory_equal(reader_bytes(&reader, 2), "xy", 2);
	assert_false(reader.failed);
}

static void writer_never_passes_its_end(void **state)
{
	uint8_t bytes[4] = {0, 0, 0, 0x77};
	struct writer writer = writer_init(bytes, 3);

	(void)state;
	writer_u16le(&writer, 0x1111);
	writer_u16le(&writer, 0x2222);
	assert_true(writer.failed);
	writer_u8(&writer, 0x33);
	assert_int_equal(writer_length(&writer), 2);
	assert_int_equal(bytes[2], 0);
	assert_int_equal(bytes[3], 0x77);
}

static void list_keeps_order_and_forgets_what_is_removed(void **state)
{
	struct list_link list, other, a, b, c, *link, *following;
	int seen = 0;

	(void)state;
	list_init(&list);
	list_init(&other);
	list_init(&a);
	list_init(&b);
	list_init(&c);
	assert_null(list_first(&list));
	assert_null(list_pop_front(&list));
	list_push_back(&list, &b);
	list_push_back(&list, &c);
	list_push_front(&list, &a);
	assert_ptr_equal(list_first(&list), &a);
	list_for_each(link, &list) {
		seen++;
	}
	assert_int_equal(seen, 3);
	list_remove(&b);
	list_remove(&b);
	assert_false(list_linked(&b));
	list_push_back(&other, &b);
	list_splice_back(&other, &list);
	assert_true(list_empty(&list));
	list_splice_back(&other, &list);
	assert_ptr_equal(list_pop_front(&other), &b);
	list_for_each_safe(link, following, &other) {
		list_remove(link);
	}
	assert_true(list_empty(&other));
}

static void random_is_the_seed_and_stays_below_its_bound(void **state)
{
	struct random one, same, another;
	int i, equal = 0;

	(void)state;
	random_init(&one, 7);
	random_init(&same, 7);
	random_init(&another, 8);
	for (i = 0; i < 1000; i++) {
		uint32_t value = random_below(&one, 10);

		assert_true(value < 10);
		assert_int_equal(value, random_below(&same, 10));
		equal += value == random_below(&another, 10);
	}
	assert_in_range(equal, 50, 150);
}

static void division_agrees_with_the_machine(void **state)
{
	static const uint64_t dividends[] = {0, 1, 9, 10, UINT64_C(1) << 40, UINT64_MAX};
	static const uint32_t divisors[] = {1, 3, 10, 1000000000, UINT32_MAX};
	size_t i, j;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(dividends); i++) {
		for (j = 0; j < ARRAY_LENGTH(divisors); j++) {
			uint32_t remainder;

			assert_true(divide_u64(dividends[i], divisors[j], &remainder) ==
				    dividends[i] / divisors[j]);
			assert_true(remainder == dividends[i] % divisors[j]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_gives_fields_then_fails_for_good),
		cmocka_unit_test(writer_and_reader_round_trip),
		cmocka_unit_test(writer_never_passes_its_end),
		cmocka_unit_test(list_keeps_order_and_forgets_what_is_removed),
		cmocka_unit_test(random_is_the_seed_and_stays_below_its_bound),
		cmocka_unit_test(division_agrees_with_the_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
