/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/nearest.h"
#include "link_harness.h"
#include "links/options.h"

static const char *nearest_of(const char *word)
{
	static const char *const words[] = {"status", "top", "raw", "client", "reservation"};
	struct nearest nearest;
	size_t i;

	nearest_init(&nearest, word);
	for (i = 0; i < ARRAY_LENGTH(words); i++) {
		nearest_offer(&nearest, words[i]);
	}
	return nearest_word(&nearest);
}

static void nearest_word_forgives_slips_and_not_more(void **state)
{
	(void)state;
	assert_string_equal(nearest_of("statsu"), "status");
	assert_string_equal(nearest_of("sttus"), "status");
	assert_string_equal(nearest_of("rwa"), "raw");
	assert_string_equal(nearest_of("clients"), "client");
	assert_string_equal(nearest_of("resevation"), "reservation");
	assert_string_equal(nearest_of("top"), "top");
	assert_null(nearest_of("bottom"));
	assert_null(nearest_of("xyz"));
	assert_null(nearest_of(""));
}

static void nearest_word_is_not_confused_by_length(void **state)
{
	char longer[4 * NEAREST_LENGTH_MAX];
	struct nearest nearest;

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(nearest_of(longer));
	nearest_init(&nearest, longer);
	assert_null(nearest_word(&nearest));
	nearest_offer(&nearest, longer + 1);
	assert_ptr_equal(nearest_word(&nearest), longer + 1);
}

static void options_are_read_in_any_order(void **state)
{
	uint64_t window = 1, seed = 7;
	const struct link_option options[] = {{"window", 1, 32, &window}, {"seed", 0, 99, &seed}};
	char error[256], where[16];
	const char *rest;

	(void)state;
	assert_int_equal(link_options_parse("", options, 2, error, sizeof(error)), 0);
	assert_int_equal(window, 1);
	assert_int_equal(
		link_options_parse("seed=0x10,window=32", options, 2, error, sizeof(error)), 0);
	assert_int_equal(window, 32);
	assert_int_equal(seed, 16);
	assert_int_equal(
		link_options_split("a:1,seed=3", where, sizeof(where), &rest, error, 256), 0);
	assert_string_equal(where, "a:1");
	assert_string_equal(rest, "seed=3");
	assert_int_equal(link_options_split("a:1", where, sizeof(where), &rest, error, 256), 0);
	assert_string_equal(rest, "");
}

static void bad_options_are_named(void **state)
{
	static const struct {
		const char *text, *names;
	} bad[] = {
		{"windw=3", "did you mean 'window'? (there are: window, seed)"},
		{"colour=3", "unknown option 'colour' (there are: window, seed)"},
		{"window", "'window' has no value"},
		{"window=0", "must be a number from 1 to 32"},
		{"window=33", "must be a number from 1 to 32"},
		{"window=-1", "must be a number"},
		{"window=", "must be a number"},
		{"window=3x", "must be a number"},
		{"window=99999999999999999999", "must be a number"},
		{"window=1,,seed=3", "nothing before"},
	};
	uint64_t window = 1, seed = 7;
	const struct link_option options[] = {{"window", 1, 32, &window}, {"seed", 0, 99, &seed}};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(bad); i++) {
		char error[256] = "";

		assert_int_equal(
			link_options_parse(bad[i].text, options, 2, error, sizeof(error)), -EINVAL);
		if (!strstr(error, bad[i].names)) {
			fail_msg("'%s' gave: %s", bad[i].text, error);
		}
	}
	assert_int_equal(seed, 7);
}

static void unknown_link_lists_what_there_is(void **state)
{
	static const char *const nearly[] = {"vmm:x", "script2", "cript:f"};
	struct harness harness;
	struct link *link = NULL;
	char error[1024];
	size_t i;

	(void)state;
	harness_init(&harness, true);
	assert_int_equal(
		link_open("carrier-pigeon:7", 1, &harness.sink, error, sizeof(error), &link),
		-EINVAL);
	assert_non_null(strstr(error, "unknown link 'carrier-pigeon'"));
	for (i = 0; link_table[i]; i++) {
		assert_non_null(strstr(error, link_table[i]->name));
	}
	assert_null(strstr(error, "did you mean"));
	for (i = 0; i < ARRAY_LENGTH(nearly); i++) {
		assert_int_equal(
			link_open(nearly[i], 1, &harness.sink, error, sizeof(error), &link),
			-EINVAL);
		assert_non_null(strstr(error, "did you mean"));
		assert_null(strchr(error, '\n'));
	}
	assert_int_equal(link_open("", 1, &harness.sink, error, sizeof(error), &link), -EINVAL);
	assert_null(link);
}

static void links_keep_their_table_in_order(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; link_table[i]; i++) {
		assert_non_null(link_table[i]->name);
		assert_true(strncmp(link_table[i]->usage, link_table[i]->name,
				    strlen(link_table[i]->name)) == 0);
		assert_non_null(link_table[i]->open);
		assert_non_null(link_table[i]->transmit);
		assert_non_null(link_table[i]->fd);
		assert_non_null(link_table[i]->interest);
		assert_non_null(link_table[i]->dispatch);
		assert_non_null(link_table[i]->deadline);
		link_table[i]->close(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nearest_word_forgives_slips_and_not_more),
		cmocka_unit_test(nearest_word_is_not_confused_by_length),
		cmocka_unit_test(options_are_read_in_any_order),
		cmocka_unit_test(bad_options_are_named),
		cmocka_unit_test(unknown_link_lists_what_there_is),
		cmocka_unit_test(links_keep_their_table_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
