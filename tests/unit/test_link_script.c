/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "link_harness.h"

/* Writes a script to a file of its own and returns "script:FILE". */
static const char *script_file(const char *text)
{
	static char specification[64];
	char path[] = "/tmp/vipmi-script-XXXXXX";
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	snprintf(specification, sizeof(specification), "script:%s", path);
	return specification;
}

static void open_script(struct harness *harness, const char *text)
{
	const char *specification = script_file(text);

	harness_init(harness, true);
	harness_open(harness, specification);
	unlink(specification + strlen("script:"));
	assert_int_equal(harness->heard_count, 0);
}

static void requests_meet_the_first_rule_that_fits(void **state)
{
	struct harness harness;
	const struct heard *heard;

	(void)state;
	open_script(&harness, "# device ID\n"
			      "06 01: 00 20 81\n"
			      "0a 43 .. .. 05 00 *: 00 ff\n"
			      "06 24 *, 2 times: c0\n"
			      "06 24 *: 00\n");
	heard = harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(heard->capabilities.window, 1);
	assert_true(heard->capabilities.wire_sequence);
	assert_true(heard->capabilities.attention);

	assert_int_equal(harness_transmit(&harness, 5, 0x06, 0x01, NULL, 0), 0);
	heard = harness_expect(&harness, CORE_EVENT_RECEIVED);
	assert_int_equal(heard->transmission, 5);
	assert_int_equal(heard->netfn, 0x07);
	assert_int_equal(heard->command, 0x01);
	assert_int_equal(heard->length, 3);
	assert_int_equal(heard->data[1], 0x20);

	assert_int_equal(harness_transmit(&harness, 6, 0x0A, 0x43, "\1\2\5\0\0\xFF", 6), 0);
	heard = harness_expect(&harness, CORE_EVENT_RECEIVED);
	assert_int_equal(heard->length, 2);
	/* Another record, and data where there must be none: no rule fits. */
	assert_int_equal(harness_transmit(&harness, 7, 0x0A, 0x43, "\1\2\6\0\0\xFF", 6), 0);
	heard = harness_expect(&harness, CORE_EVENT_RECEIVED);
	assert_int_equal(heard->length, 1);
	assert_int_equal(heard->data[0], 0xC1);
	assert_int_equal(harness_transmit(&harness, 8, 0x06, 0x01, "x", 1), 0);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0xC1);

	assert_int_equal(harness_transmit(&harness, 9, 0x06, 0x24, NULL, 0), 0);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0xC0);
	assert_int_equal(harness_transmit(&harness, 9, 0x06, 0x24, NULL, 0), 0);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0xC0);
	assert_int_equal(harness_transmit(&harness, 9, 0x06, 0x24, NULL, 0), 0);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->data[0], 0x00);
	harness_close(&harness);
}

static void answers_are_late_wrong_stray_garbled_or_none(void **state)
{
	struct harness harness;
	const struct heard *heard;
	uint64_t asked_ns;

	(void)state;
	open_script(&harness, "06 01: delay 20 00 01\n"
			      "06 02: silence\n"
			      "06 03: garbage 00\n"
			      "06 04: wrong 00 55\n"
			      "06 05: stray delay 5 00\n");
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	asked_ns = harness_now_ns(&harness);
	assert_int_equal(harness_transmit(&harness, 1, 0x06, 0x02, NULL, 0), 0);
	assert_int_equal(harness_transmit(&harness, 2, 0x06, 0x01, NULL, 0), 0);
	assert_int_equal(harness_transmit(&harness, 3, 0x06, 0x03, NULL, 0), 0);
	harness_expect(&harness, CORE_EVENT_GARBLED);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->transmission, 3);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->transmission, 2);
	assert_true(harness_now_ns(&harness) - asked_ns == 20 * NSEC_PER_MSEC_U64);
	assert_int_equal(harness_run(&harness, 60000), 0);

	assert_int_equal(harness_transmit(&harness, 4, 0x06, 0x04, NULL, 0), 0);
	heard = harness_expect(&harness, CORE_EVENT_RECEIVED);
	assert_int_equal(heard->transmission, 4);
	assert_int_not_equal(heard->command, 0x04);
	assert_int_equal(harness_transmit(&harness, 5, 0x06, 0x05, NULL, 0), 0);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->transmission, 0);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_RECEIVED)->transmission, 5);
	harness_close(&harness);
}

static void link_fails_comes_back_and_forgets(void **state)
{
	struct harness harness;

	(void)state;
	open_script(&harness, "up window=4,owns_flags=0,data_max=40\n"
			      "06 01: delay 50 00\n"
			      "06 02: down 100\n"
			      "06 03: reset\n");
	assert_int_equal(harness_transmit(&harness, 1, 0x06, 0x01, NULL, 0), -ENOTCONN);
	assert_int_equal(harness_expect(&harness, CORE_EVENT_LINK_UP)->capabilities.window, 4);
	assert_false(harness.heard[0].capabilities.owns_flags);
	assert_int_equal(harness.heard[0].capabilities.data_max, 40);
	assert_int_equal(harness_transmit(&harness, 1, 0x06, 0x01, NULL, 0), 0);
	assert_int_equal(harness_transmit(&harness, 2, 0x06, 0x02, NULL, 0), 0);
	harness_expect(&harness, CORE_EVENT_LINK_DOWN);
	assert_int_equal(harness_transmit(&harness, 3, 0x06, 0x01, NULL, 0), -ENOTCONN);
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(harness_run(&harness, 1000), 0);
	/* A reset loses what is under way, but the link stands. */
	assert_int_equal(harness_transmit(&harness, 4, 0x06, 0x01, NULL, 0), 0);
	assert_int_equal(harness_transmit(&harness, 5, 0x06, 0x03, NULL, 0), 0);
	harness_expect(&harness, CORE_EVENT_CONTROLLER_RESET);
	assert_int_equal(harness_run(&harness, 1000), 0);
	harness_close(&harness);
}

static void refused_requests_are_called_for_again(void **state)
{
	struct harness harness;

	(void)state;
	open_script(&harness, "06 01: refuse 30 00\n");
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(harness_transmit(&harness, 1, 0x06, 0x01, NULL, 0), 0);
	harness_expect(&harness, CORE_EVENT_RECEIVED);
	assert_int_equal(harness_transmit(&harness, 2, 0x06, 0x01, NULL, 0), -EAGAIN);
	harness_expect(&harness, CORE_EVENT_LINK_READY);
	assert_int_equal(harness_transmit(&harness, 2, 0x06, 0x01, NULL, 0), 0);
	harness_expect(&harness, CORE_EVENT_RECEIVED);
	/* Nobody was refused this time: nobody is called. */
	assert_int_equal(harness_run(&harness, 1000), 0);
	harness_close(&harness);
}

static void time_alone_can_make_things_happen(void **state)
{
	struct harness harness;

	(void)state;
	open_script(&harness, "after 100: attention on delay 10 attention off\n");
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_true(harness_expect(&harness, CORE_EVENT_ATTENTION)->asserted);
	assert_false(harness_expect(&harness, CORE_EVENT_ATTENTION)->asserted);
	assert_int_equal(harness_run(&harness, 10000), 0);
	harness_close(&harness);
}

static void errors_name_file_line_and_word(void **state)
{
	static const struct {
		const char *text, *names;
	} bad[] = {
		{"06 01: 00\n06 xx: 00\n",
			":2: a byte, '..', '*' or ':' must stand where there is 'xx'"},
		{"06 01\n", ":1: a byte, '..', '*' or ':' must stand where there is 'end of line'"},
		{"06 01:\n", ":1: a step, or 'silence'"},
		{"06 01: delay\n", ":1: a number must stand where there is 'end of line'"},
		{"06 01: delay 99999999 00\n", "more than an hour"},
		{"06 01: 00 delay 5 01\n", "a second answer"},
		{"06 01: explode\n", "no such step: 'explode'"},
		{"06 01: attention maybe\n", "'on' or 'off'"},
		{"06 01 * 02: 00\n", "where there is '02'"},
		{"06 01, 3 thymes: 00\n", "'times' must stand where there is 'thymes'"},
		{"after 5: 00\n", "nobody asked"},
		{"up windo=3\n", "did you mean 'window'"},
		{"06 01: attention on attention on attention on attention on attention on "
		 "attention on attention on attention on attention on\n",
			"too many steps"},
	};
	struct harness harness;
	size_t i;

	(void)state;
	harness_init(&harness, true);
	for (i = 0; i < ARRAY_LENGTH(bad); i++) {
		const char *specification = script_file(bad[i].text);
		char error[1024] = "";
		struct link *link;

		assert_int_equal(
			link_open(specification, 1, &harness.sink, error, sizeof(error), &link),
			-EINVAL);
		unlink(specification + strlen("script:"));
		if (!strstr(error, bad[i].names)) {
			fail_msg("'%s' gave: %s", bad[i].text, error);
		}
		assert_non_null(strstr(error, "/tmp/vipmi-script-"));
	}
}

static void line_that_is_too_long_is_no_two_lines(void **state)
{
	char text[5000];
	const char *specification;
	struct harness harness;
	struct link *link;
	char error[256];

	(void)state;
	memset(text, ' ', sizeof(text) - 1);
	memcpy(text, "06 01: 00", 9);
	memcpy(text + 4000, "06 02: 00", 9);
	text[sizeof(text) - 1] = '\0';
	harness_init(&harness, true);
	specification = script_file(text);
	assert_int_equal(
		link_open(specification, 1, &harness.sink, error, sizeof(error), &link), -EINVAL);
	unlink(specification + strlen("script:"));
	assert_non_null(strstr(error, ":1: the line is too long"));
}

static void missing_file_is_named(void **state)
{
	struct harness harness;
	struct link *link;
	char error[256];

	(void)state;
	harness_init(&harness, true);
	assert_int_equal(link_open("script:/nonexistent/script", 1, &harness.sink, error,
				 sizeof(error), &link),
		-ENOENT);
	assert_non_null(strstr(error, "/nonexistent/script"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_meet_the_first_rule_that_fits),
		cmocka_unit_test(answers_are_late_wrong_stray_garbled_or_none),
		cmocka_unit_test(link_fails_comes_back_and_forgets),
		cmocka_unit_test(refused_requests_are_called_for_again),
		cmocka_unit_test(time_alone_can_make_things_happen),
		cmocka_unit_test(errors_name_file_line_and_word),
		cmocka_unit_test(line_that_is_too_long_is_no_two_lines),
		cmocka_unit_test(missing_file_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
