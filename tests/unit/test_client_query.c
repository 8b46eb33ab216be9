/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvipmi for administrators: listings, and ending a client's connection.
 */
#include "tests/unit/client_harness.h"

#include <errno.h>

static int count_row(void *context, const struct vipmi_field *fields, size_t count)
{
	unsigned int *rows = context;

	assert_int_equal(count, 3);
	assert_string_equal(fields[0].name, "client");
	assert_null(fields[0].text);
	assert_int_equal(fields[0].number, *rows);
	assert_string_equal(fields[1].name, "name");
	assert_string_equal(fields[1].text, "somebody");
	assert_string_equal(fields[2].name, "");
	assert_string_equal(fields[2].text, "");
	return ++*rows == 100 ? -1 : 0;
}

static int only_one_row(void *context, const struct vipmi_field *fields, size_t count)
{
	(void)fields;
	(void)count;
	++*(int *)context;
	return 42;
}

static void a_listing_comes_row_by_row(void **state)
{
	unsigned int rows = 0;
	int few = 0;

	(void)state;
	assert_int_equal(vipmi_query(vipmi, "client", count_row, &rows), 0);
	assert_int_equal(rows, 20);
	assert_int_equal(vipmi_query(vipmi, "client", only_one_row, &few), 42);
	assert_int_equal(few, 1);
	assert_int_equal(vipmi_query(vipmi, "nothing", count_row, &rows), -ENOENT);
	assert_true(error_text_has("no such listing"));
	rows = 0;
	assert_int_equal(vipmi_query(vipmi, "client", count_row, &rows), 0);
}

static void kicking_tells_whether_it_worked(void **state)
{
	(void)state;
	assert_int_equal(vipmi_kick(vipmi, 4711), 0);
	assert_int_equal(vipmi_kick(vipmi, 4712), -ENOENT);
	assert_true(error_text_has("4712"));
}

static void a_node_is_added_and_removed(void **state)
{
	uint32_t number = 0;

	(void)state;
	assert_int_equal(vipmi_node_add(vipmi, "first", &number), 0);
	assert_int_equal(number, 17);
	assert_int_equal(vipmi_node_add(vipmi, NULL, &number), -ENOENT);
	assert_true(error_text_has("cannot add a node"));
	assert_int_equal(vipmi_node_add(vipmi, "", &number), -EINVAL);
	assert_int_equal(
		vipmi_node_add(vipmi, "a name that is longer than 31 bytes", &number), -EINVAL);
	assert_int_equal(vipmi_node_remove(vipmi, 4711), 0);
	assert_int_equal(vipmi_node_remove(vipmi, 3), -ENOENT);
	assert_true(error_text_has("/dev/ipmi3"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_handle(a_listing_comes_row_by_row),
		with_handle(kicking_tells_whether_it_worked),
		with_handle(a_node_is_added_and_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
