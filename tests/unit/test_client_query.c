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
	struct vipmi_node_options options = {.size = sizeof(options), .name = "first"};
	uint32_t number = 0;

	(void)state;
	assert_int_equal(vipmi_node_add(vipmi, &options, &number), 0);
	assert_int_equal(number, 17);
	assert_int_equal(vipmi_node_add(vipmi, NULL, &number), -ENOENT);
	assert_true(error_text_has("cannot add a node"));
	options.name = "";
	assert_int_equal(vipmi_node_add(vipmi, &options, &number), -EINVAL);
	options.name = "a name that is longer than 31 bytes";
	assert_int_equal(vipmi_node_add(vipmi, &options, &number), -EINVAL);
	options = (struct vipmi_node_options){.name = "first"};
	assert_int_equal(vipmi_node_add(vipmi, &options, &number), -EINVAL);
	assert_int_equal(vipmi_node_remove(vipmi, 4711), 0);
	assert_int_equal(vipmi_node_remove(vipmi, 3), -ENOENT);
	assert_true(error_text_has("/dev/ipmi3"));
}

static void what_a_node_may_stands_above_its_number(void **state)
{
	struct vipmi_node_options options = {
		.size = sizeof(options), .urgency = VIPMI_URGENCY_BACKGROUND, .privilege = 2};

	(void)state;
	assert_int_equal(vipmi_node_set(vipmi, 7, &options), 0);
	assert_true(agent.set == (UINT64_C(0x0203) << 32 | 7));
	assert_int_equal(vipmi_node_set(vipmi, 8, NULL), 0);
	assert_true(agent.set == 8);
	options.name = "another";
	assert_int_equal(vipmi_node_set(vipmi, 7, &options), -EINVAL);
	assert_true(error_text_has("name"));
}

static void a_right_is_reserved_for_anothers_handle(void **state)
{
	const struct vipmi_right right = vipmi_right_make(0x30, 0x42);

	(void)state;
	assert_int_equal(vipmi_reserve_for(vipmi, 4711, &right, 1, 0, NULL), 0);
	assert_int_equal(agent.reserved_for, 4711);
	assert_int_equal(vipmi_reserve_for(vipmi, 4711, NULL, 0, 0, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_handle(a_listing_comes_row_by_row),
		with_handle(kicking_tells_whether_it_worked),
		with_handle(a_node_is_added_and_removed),
		with_handle(what_a_node_may_stands_above_its_number),
		with_handle(a_right_is_reserved_for_anothers_handle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
