/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include "ipmi/command.h"
#include "vipmi/message.h"

enum { CHASSIS = 0x00, SENSOR = 0x04, APP = 0x06, STORAGE = 0x0A, TRANSPORT = 0x0C, GROUP = 0x2C };

/* The class of a request with the data bytes given. */
#define JUDGE(netfn, command, ...)                                                                 \
	ipmi_command_judge(netfn, command, (const uint8_t[]){__VA_ARGS__},                         \
		sizeof((const uint8_t[]){__VA_ARGS__}))
#define CLASS(netfn, command, ...) JUDGE(netfn, command, __VA_ARGS__).class
#define CLASS_BARE(netfn, command) ipmi_command_judge(netfn, command, NULL, 0).class

/* ---- the table ---- */

static void table_is_ordered_and_every_entry_is_found_by_number(void **state)
{
	const struct ipmi_command *table;
	size_t count, i;

	(void)state;
	table = ipmi_command_table(&count);
	assert_in_range(count, 200, 254);
	for (i = 0; i < count; i++) {
		struct ipmi_verdict verdict = ipmi_command_judge(
			table[i].netfn, table[i].command, &table[i].body, table[i].netfn == GROUP);

		assert_ptr_equal(verdict.command, &table[i]);
		assert_true(verdict.timeout_ms >= IPMI_TIMEOUT_DEFAULT_MS);
		assert_int_equal(table[i].netfn & 1, 0);
		if (i > 0) {
			assert_true(table[i - 1].netfn < table[i].netfn ||
				    (table[i - 1].netfn == table[i].netfn &&
					    table[i - 1].command < table[i].command));
		}
	}
}

/* The rule of the command line: the title in lower case, everything else a hyphen. */
static void names_are_their_titles_in_one_word(void **state)
{
	const struct ipmi_command *table;
	size_t count, i;

	(void)state;
	table = ipmi_command_table(&count);
	for (i = 0; i < count; i++) {
		char expected[80];
		size_t j;

		assert_true(strlen(table[i].title) < sizeof(expected));
		for (j = 0; table[i].title[j]; j++) {
			unsigned char c = (unsigned char)table[i].title[j];

			expected[j] = isalnum(c) ? (char)tolower(c) : '-';
		}
		expected[j] = '\0';
		assert_string_equal(table[i].name, expected);
	}
}

static void names_are_unique_within_a_network_function(void **state)
{
	const struct ipmi_command *table;
	size_t count, i, j;

	(void)state;
	table = ipmi_command_table(&count);
	for (i = 0; i < count; i++) {
		for (j = i + 1; j < count && table[j].netfn == table[i].netfn; j++) {
			assert_string_not_equal(table[i].name, table[j].name);
		}
		assert_ptr_equal(
			ipmi_command_by_name(ipmi_netfn_name(table[i].netfn), table[i].name),
			&table[i]);
	}
}

static void only_reads_have_a_cache_time(void **state)
{
	const struct ipmi_command *table;
	size_t count, i;

	(void)state;
	table = ipmi_command_table(&count);
	for (i = 0; i < count; i++) {
		if (table[i].cache_ms > 0) {
			assert_true(ipmi_class_is_read(table[i].class));
		}
		if (table[i].class == IPMI_CLASS_READ) {
			assert_true(table[i].cache_ms > 0);
		}
	}
}

static void commands_are_found_by_words_and_numbers(void **state)
{
	const struct ipmi_command *command = ipmi_command_by_name("app", "get-device-id");

	(void)state;
	assert_non_null(command);
	assert_string_equal(command->title, "Get Device ID");
	assert_ptr_equal(ipmi_command_by_name("0x06", "1"), command);
	assert_ptr_equal(ipmi_command_by_name("6", "0x01"), command);
	assert_ptr_equal(ipmi_command_by_name("APP", "Get-Device-ID"), command);
	assert_ptr_equal(ipmi_command_by_name("0X6", "get-device-id"), command);
	assert_ptr_equal(ipmi_command_by_name("picmg", "fru-control"),
		ipmi_command_by_name("group", "0x04"));
	assert_non_null(ipmi_command_by_name("picmg", "fru-control"));
	assert_null(ipmi_command_by_name("app", "get-device-i"));
	assert_null(ipmi_command_by_name("app", "get-device-id2"));
	assert_null(ipmi_command_by_name("app", ""));
	assert_null(ipmi_command_by_name("", "1"));
	assert_null(ipmi_command_by_name("0x", "1"));
	assert_null(ipmi_command_by_name("app", "257"));
	assert_null(ipmi_command_by_name("app", "0x101"));
	assert_null(ipmi_command_by_name("7", "1"));
	assert_null(ipmi_command_by_name("app", "0a"));
}

static void network_functions_have_names(void **state)
{
	(void)state;
	assert_string_equal(ipmi_netfn_name(0x00), "chassis");
	assert_string_equal(ipmi_netfn_name(0x06), "app");
	assert_string_equal(ipmi_netfn_name(0x2C), "group");
	assert_null(ipmi_netfn_name(0x07));
	assert_null(ipmi_netfn_name(0x30));
}

static void commands_mean_what_the_reference_says(void **state)
{
	static const struct {
		uint8_t netfn, command;
		enum ipmi_class class;
		enum ipmi_privilege privilege;
		uint32_t cache_ms;
		const char *title;
	} expected[] = {
		{0x06, 0x01, IPMI_CLASS_READ, IPMI_PRIVILEGE_USER, 10000, "Get Device ID"},
		{0x06, 0x02, IPMI_CLASS_DANGEROUS, IPMI_PRIVILEGE_ADMINISTRATOR, 0, "Cold Reset"},
		{0x06, 0x22, IPMI_CLASS_VIRTUAL, IPMI_PRIVILEGE_OPERATOR, 0,
			"Reset Watchdog Timer"},
		{0x06, 0x33, IPMI_CLASS_CONSUMING, IPMI_PRIVILEGE_SYSTEM_INTERFACE, 0,
			"Get Message"},
		{0x06, 0x34, IPMI_CLASS_BRIDGING, IPMI_PRIVILEGE_USER, 0, "Send Message"},
		{0x06, 0x35, IPMI_CLASS_CONSUMING, IPMI_PRIVILEGE_SYSTEM_INTERFACE, 0,
			"Read Event Message Buffer"},
		{0x06, 0x37, IPMI_CLASS_READ, IPMI_PRIVILEGE_NONE, IPMI_CACHE_FOREVER_MS,
			"Get System GUID"},
		{0x06, 0x3A, IPMI_CLASS_SESSION, IPMI_PRIVILEGE_NONE, 0, "Activate Session"},
		{0x06, 0x52, IPMI_CLASS_DANGEROUS, IPMI_PRIVILEGE_OPERATOR, 0, "Master Write-Read"},
		{0x06, 0x55, IPMI_CLASS_SESSION, IPMI_PRIVILEGE_USER, 0,
			"Suspend/Resume Payload Encryption"},
		{0x00, 0x01, IPMI_CLASS_QUASI_READ, IPMI_PRIVILEGE_USER, 1000,
			"Get Chassis Status"},
		{0x02, 0x20, IPMI_CLASS_BRIDGING, IPMI_PRIVILEGE_OPERATOR, 0, "Bridge Request"},
		{0x04, 0x2D, IPMI_CLASS_QUASI_READ, IPMI_PRIVILEGE_USER, 250, "Get Sensor Reading"},
		{0x0A, 0x22, IPMI_CLASS_VIRTUAL, IPMI_PRIVILEGE_USER, 0, "Reserve SDR Repository"},
		{0x0A, 0x5A, IPMI_CLASS_READ, IPMI_PRIVILEGE_USER, 2000,
			"Get Auxiliary Log Status"},
		{0x0C, 0x14, IPMI_CLASS_DANGEROUS, IPMI_PRIVILEGE_SYSTEM_INTERFACE, 0,
			"Set PPP UDP Proxy Transmit Data"},
		{0x2C, 0x09, IPMI_CLASS_DANGEROUS, IPMI_PRIVILEGE_ADMINISTRATOR, 0,
			"Set IPMB State"},
	};
	static const uint8_t picmg[] = {0x00};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(expected); i++) {
		const struct ipmi_command *command = ipmi_command_judge(
			expected[i].netfn, expected[i].command, picmg, sizeof(picmg))
							     .command;

		assert_non_null(command);
		assert_string_equal(command->title, expected[i].title);
		assert_int_equal(command->class, expected[i].class);
		assert_int_equal(command->privilege, expected[i].privilege);
		assert_true(command->cache_ms == expected[i].cache_ms);
	}
}

/* ---- what is not in it ---- */

static void unlisted_commands_mutate_and_foreign_ones_are_dangerous(void **state)
{
	unsigned netfn, command;

	(void)state;
	assert_int_equal(CLASS_BARE(APP, 0xEE), IPMI_CLASS_MUTATING);
	assert_int_equal(CLASS_BARE(0x0E, 0x01), IPMI_CLASS_MUTATING);
	assert_int_equal(CLASS(GROUP, 0x01, 0xDC), IPMI_CLASS_MUTATING);
	assert_int_equal(CLASS_BARE(GROUP, 0x00), IPMI_CLASS_MUTATING);
	assert_int_equal(CLASS_BARE(0x08, 0x01), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS(0x2E, 0x01, 0x57, 0x01, 0x00), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS_BARE(0x30, 0x01), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS_BARE(0x3E, 0x01), IPMI_CLASS_DANGEROUS);
	assert_null(ipmi_command_judge(0x30, 0x01, NULL, 0).command);
	/* Any input at all: an answer, and never a time-out of 0. */
	for (netfn = 0; netfn < 256; netfn++) {
		for (command = 0; command < 256; command++) {
			struct ipmi_verdict verdict =
				ipmi_command_judge((uint8_t)netfn, (uint8_t)command, NULL, 0);

			assert_true(verdict.timeout_ms > 0);
			assert_true(verdict.class <= IPMI_CLASS_SESSION);
		}
	}
}

static void group_commands_need_their_body(void **state)
{
	(void)state;
	assert_int_equal(CLASS(GROUP, 0x00, 0x00), IPMI_CLASS_READ);
	assert_null(JUDGE(GROUP, 0x00, 0x03).command);
	assert_null(ipmi_command_judge(GROUP, 0x00, NULL, 0).command);
}

/* ---- one test a rule ---- */

static void clear_sel_erases_or_asks(void **state)
{
	(void)state;
	assert_int_equal(CLASS(STORAGE, 0x47, 1, 0, 'C', 'L', 'R', 0xAA), IPMI_CLASS_VIRTUAL);
	assert_int_equal(CLASS(STORAGE, 0x47, 1, 0, 'C', 'L', 'R', 0x00), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(STORAGE, 0x47, 1, 0, 'C', 'L', 'R', 0x01), IPMI_CLASS_VIRTUAL);
	/* Zeros where the operation is not: too short to ask. */
	assert_int_equal(CLASS(STORAGE, 0x47, 0, 0, 0, 0, 0), IPMI_CLASS_VIRTUAL);
}

static void clear_sdr_repository_erases_or_asks(void **state)
{
	(void)state;
	assert_int_equal(CLASS(STORAGE, 0x27, 1, 0, 'C', 'L', 'R', 0xAA), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS(STORAGE, 0x27, 1, 0, 'C', 'L', 'R', 0x00), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS_BARE(STORAGE, 0x27), IPMI_CLASS_DANGEROUS);
}

static void initialization_agent_runs_or_tells(void **state)
{
	(void)state;
	assert_int_equal(CLASS(STORAGE, 0x2C, 0x01), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS(STORAGE, 0x2C, 0x00), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(STORAGE, 0x2C, 0x03), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS_BARE(STORAGE, 0x2C), IPMI_CLASS_DANGEROUS);
}

static void chassis_control_is_dangerous_but_for_power_up(void **state)
{
	uint8_t value;

	(void)state;
	for (value = 0; value < 16; value++) {
		assert_int_equal(CLASS(CHASSIS, 0x02, value),
			value == 1 ? IPMI_CLASS_MUTATING : IPMI_CLASS_DANGEROUS);
	}
	/* Bits 7:4 are reserved and say nothing. */
	assert_int_equal(CLASS(CHASSIS, 0x02, 0x10), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS_BARE(CHASSIS, 0x02), IPMI_CLASS_DANGEROUS);
}

static void power_restore_policy_three_only_asks(void **state)
{
	(void)state;
	assert_int_equal(CLASS(CHASSIS, 0x06, 0), IPMI_CLASS_MUTATING);
	assert_int_equal(CLASS(CHASSIS, 0x06, 2), IPMI_CLASS_MUTATING);
	assert_int_equal(CLASS(CHASSIS, 0x06, 3), IPMI_CLASS_READ);
	assert_int_equal(CLASS(CHASSIS, 0x06, 7), IPMI_CLASS_MUTATING);
	assert_int_equal(CLASS_BARE(CHASSIS, 0x06), IPMI_CLASS_MUTATING);
}

static void lan_parameters_may_be_secrets(void **state)
{
	(void)state;
	assert_int_equal(CLASS(TRANSPORT, 0x02, 1, 3, 0, 0), IPMI_CLASS_READ);
	assert_int_equal(CLASS(TRANSPORT, 0x02, 1, 16, 0, 0), IPMI_CLASS_SECRET);
	assert_int_equal(CLASS(TRANSPORT, 0x02, 1, 21, 0, 0), IPMI_CLASS_READ);
	assert_int_equal(CLASS(TRANSPORT, 0x02, 1, 22, 0, 0), IPMI_CLASS_SECRET);
	assert_int_equal(CLASS(TRANSPORT, 0x02, 1, 24, 0, 0), IPMI_CLASS_SECRET);
	assert_int_equal(CLASS(TRANSPORT, 0x02, 1, 25, 0, 0), IPMI_CLASS_READ);
	assert_int_equal(CLASS_BARE(TRANSPORT, 0x02), IPMI_CLASS_READ);
}

static void revision_only_reads_reveal_nothing_and_do_not_change(void **state)
{
	(void)state;
	assert_int_equal(CLASS(TRANSPORT, 0x02, 0x81, 16, 0, 0), IPMI_CLASS_READ);
	assert_int_equal(CLASS(TRANSPORT, 0x02, 0x81, 0, 0, 0), IPMI_CLASS_READ);
	assert_int_equal(CLASS(TRANSPORT, 0x11, 0x81, 26, 0, 0), IPMI_CLASS_READ);
	assert_int_equal(CLASS(TRANSPORT, 0x22, 0x81, 0, 0, 0), IPMI_CLASS_READ);
	assert_int_equal(CLASS(APP, 0x59, 0x80, 0, 0, 0), IPMI_CLASS_READ);
	assert_int_equal(CLASS(SENSOR, 0x13, 0x80, 0, 0), IPMI_CLASS_READ);
}

static void locks_of_parameters_are_read_as_changing(void **state)
{
	(void)state;
	assert_int_equal(CLASS(TRANSPORT, 0x02, 1, 0, 0, 0), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(TRANSPORT, 0x11, 1, 0, 0, 0), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(TRANSPORT, 0x22, 1, 0, 0, 0), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(APP, 0x59, 0, 0, 0, 0), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(APP, 0x59, 0, 1, 0, 0), IPMI_CLASS_READ);
	assert_int_equal(CLASS(SENSOR, 0x13, 0, 0, 0), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(SENSOR, 0x13, 5, 0, 0), IPMI_CLASS_READ);
	assert_int_equal(CLASS(CHASSIS, 0x09, 0, 0, 0), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(CHASSIS, 0x09, 5, 0, 0), IPMI_CLASS_READ);
}

static void locks_of_parameters_are_taken_without_danger(void **state)
{
	static const uint8_t commands[] = {0x01, 0x10, 0x21};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(commands); i++) {
		assert_int_equal(CLASS(TRANSPORT, commands[i], 1, 0, 0), IPMI_CLASS_MUTATING);
		assert_int_equal(CLASS(TRANSPORT, commands[i], 1, 0, 1), IPMI_CLASS_MUTATING);
		/* To commit what was written makes it true. */
		assert_int_equal(CLASS(TRANSPORT, commands[i], 1, 0, 2), IPMI_CLASS_DANGEROUS);
		assert_int_equal(CLASS(TRANSPORT, commands[i], 1, 3, 1), IPMI_CLASS_DANGEROUS);
		assert_int_equal(CLASS(TRANSPORT, commands[i], 1, 0), IPMI_CLASS_DANGEROUS);
	}
	assert_int_equal(CLASS(SENSOR, 0x12, 0, 1), IPMI_CLASS_MUTATING);
	assert_int_equal(CLASS(SENSOR, 0x12, 0, 2), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS(SENSOR, 0x12, 1, 1), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS(APP, 0x58, 0, 1), IPMI_CLASS_MUTATING);
	assert_int_equal(CLASS(APP, 0x58, 2, 0, 1), IPMI_CLASS_MUTATING);
}

static void serial_parameters_may_be_secrets(void **state)
{
	static const uint8_t secrets[] = {15, 26, 34, 42};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(secrets); i++) {
		assert_int_equal(CLASS(TRANSPORT, 0x11, 4, secrets[i], 0, 0), IPMI_CLASS_SECRET);
	}
	assert_int_equal(CLASS(TRANSPORT, 0x11, 4, 7, 0, 0), IPMI_CLASS_READ);
}

static void serial_mux_moves_or_tells(void **state)
{
	(void)state;
	assert_int_equal(CLASS(TRANSPORT, 0x12, 4, 0), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(TRANSPORT, 0x12, 4, 1), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS(TRANSPORT, 0x12, 4), IPMI_CLASS_DANGEROUS);
}

static void ip_statistics_are_read_or_taken(void **state)
{
	(void)state;
	assert_int_equal(CLASS(TRANSPORT, 0x04, 1, 0), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(TRANSPORT, 0x04, 1, 1), IPMI_CLASS_CONSUMING);
	assert_int_equal(CLASS(TRANSPORT, 0x04, 1), IPMI_CLASS_QUASI_READ);
}

static void sel_entries_are_stable_unless_first_or_last(void **state)
{
	(void)state;
	assert_int_equal(CLASS(STORAGE, 0x43, 0, 0, 0x05, 0x00, 0, 0xFF), IPMI_CLASS_READ);
	assert_int_equal(CLASS(STORAGE, 0x43, 0, 0, 0x00, 0x01, 0, 0xFF), IPMI_CLASS_READ);
	assert_int_equal(CLASS(STORAGE, 0x43, 0, 0, 0x00, 0x00, 0, 0xFF), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(STORAGE, 0x43, 0, 0, 0xFF, 0xFF, 0, 0xFF), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(STORAGE, 0x43, 0, 0, 0xFF, 0x00, 0, 0xFF), IPMI_CLASS_READ);
}

static void user_password_is_set_or_guessed(void **state)
{
	(void)state;
	assert_int_equal(CLASS(APP, 0x47, 2, 0), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS(APP, 0x47, 2, 1), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS(APP, 0x47, 2, 2, 'x'), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS(APP, 0x47, 2, 3, 'x'), IPMI_CLASS_SECRET);
	assert_int_equal(CLASS(APP, 0x47, 2), IPMI_CLASS_DANGEROUS);
}

static void user_access_is_dangerous_with_and_without_its_change_bit(void **state)
{
	(void)state;
	assert_int_equal(CLASS(APP, 0x43, 0x91, 2, 4), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS(APP, 0x43, 0x01, 2, 4), IPMI_CLASS_DANGEROUS);
	assert_int_equal(CLASS(APP, 0x44, 0x01, 2), IPMI_CLASS_READ);
}

static void message_flags_are_cleared_for_one_or_for_all(void **state)
{
	(void)state;
	assert_int_equal(CLASS(APP, 0x30, 0x01), IPMI_CLASS_CONSUMING);
	assert_int_equal(CLASS(APP, 0x30, 0x02), IPMI_CLASS_CONSUMING);
	assert_int_equal(CLASS(APP, 0x30, 0x20), IPMI_CLASS_CONSUMING);
	assert_int_equal(CLASS(APP, 0x30, 0x08), IPMI_CLASS_VIRTUAL);
	assert_int_equal(CLASS(APP, 0x30, 0x00), IPMI_CLASS_VIRTUAL);
}

static void alert_immediate_alerts_or_tells(void **state)
{
	(void)state;
	assert_int_equal(CLASS(SENSOR, 0x16, 1, 0x01, 0), IPMI_CLASS_MUTATING);
	assert_int_equal(CLASS(SENSOR, 0x16, 1, 0x40, 0), IPMI_CLASS_QUASI_READ);
	assert_int_equal(CLASS(SENSOR, 0x16, 1, 0x80, 0), IPMI_CLASS_MUTATING);
}

static void slow_commands_have_time_and_their_questions_do_not(void **state)
{
	(void)state;
	assert_true(JUDGE(STORAGE, 0x47, 1, 0, 'C', 'L', 'R', 0xAA).timeout_ms >
		    IPMI_TIMEOUT_DEFAULT_MS);
	assert_int_equal(JUDGE(STORAGE, 0x47, 1, 0, 'C', 'L', 'R', 0x00).timeout_ms,
		IPMI_TIMEOUT_DEFAULT_MS);
	assert_int_equal(JUDGE(STORAGE, 0x2C, 0).timeout_ms, IPMI_TIMEOUT_DEFAULT_MS);
	assert_true(JUDGE(STORAGE, 0x2C, 1).timeout_ms > IPMI_TIMEOUT_DEFAULT_MS);
	assert_true(JUDGE(STORAGE, 0x12, 0, 0, 0, 1).timeout_ms > IPMI_TIMEOUT_DEFAULT_MS);
	/* Reads whose time is their own keep it. */
	assert_true(JUDGE(STORAGE, 0x11, 0, 0, 0, 16).timeout_ms > IPMI_TIMEOUT_DEFAULT_MS);
	assert_true(ipmi_command_judge(APP, 0x02, NULL, 0).timeout_ms > IPMI_TIMEOUT_DEFAULT_MS);
	assert_true(ipmi_command_judge(0x08, 0x02, NULL, 0).timeout_ms > IPMI_TIMEOUT_DEFAULT_MS);
	assert_int_equal(
		ipmi_command_judge(APP, 0x01, NULL, 0).timeout_ms, IPMI_TIMEOUT_DEFAULT_MS);
}

/* ---- words ---- */

static void completion_codes_have_texts(void **state)
{
	unsigned cc;

	(void)state;
	assert_string_equal(ipmi_completion_code_text(APP, 1, 0xC1), "invalid command");
	assert_string_equal(ipmi_completion_code_text(APP, 1, 0x00), "completed normally");
	assert_string_equal(ipmi_completion_code_text(APP, 1, 0xFF), "unspecified error");
	assert_string_equal(
		ipmi_completion_code_text(APP, 0x22, 0x80), "watchdog timer never initialized");
	assert_string_equal(ipmi_completion_code_text(APP, 0x34, 0x83), "NAK on write");
	assert_string_equal(
		ipmi_completion_code_text(STORAGE, 0x43, 0x81), "SEL erase in progress");
	assert_string_equal(
		ipmi_completion_code_text(TRANSPORT, 0x01, 0x81), "set already in progress");
	assert_string_equal(ipmi_completion_code_text(APP, 0x01, 0x80), "command-specific code");
	assert_string_equal(ipmi_completion_code_text(APP, 0x01, 0xBE), "command-specific code");
	assert_string_equal(ipmi_completion_code_text(APP, 0x01, 0xBF), "reserved code");
	assert_string_equal(ipmi_completion_code_text(APP, 0x01, 0xD7), "reserved code");
	assert_string_equal(ipmi_completion_code_text(APP, 0x01, 0x7F), "reserved code");
	assert_string_equal(
		ipmi_completion_code_text(APP, 0x01, 0x01), "device-specific (OEM) code");
	for (cc = 0; cc < 256; cc++) {
		assert_non_null(ipmi_completion_code_text(STORAGE, 0x11, (uint8_t)cc));
	}
}

static void classes_and_privileges_have_names(void **state)
{
	int i;

	(void)state;
	assert_string_equal(ipmi_class_name(IPMI_CLASS_READ), "read");
	assert_string_equal(ipmi_class_name(IPMI_CLASS_SESSION), "session");
	assert_string_equal(ipmi_class_name((enum ipmi_class)99), "unknown");
	for (i = 0; i <= IPMI_CLASS_SESSION; i++) {
		assert_non_null(ipmi_class_name((enum ipmi_class)i));
	}
	assert_string_equal(ipmi_privilege_name(IPMI_PRIVILEGE_OPERATOR), "operator");
	assert_string_equal(ipmi_privilege_name((enum ipmi_privilege)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_is_ordered_and_every_entry_is_found_by_number),
		cmocka_unit_test(names_are_their_titles_in_one_word),
		cmocka_unit_test(names_are_unique_within_a_network_function),
		cmocka_unit_test(only_reads_have_a_cache_time),
		cmocka_unit_test(commands_are_found_by_words_and_numbers),
		cmocka_unit_test(network_functions_have_names),
		cmocka_unit_test(commands_mean_what_the_reference_says),
		cmocka_unit_test(unlisted_commands_mutate_and_foreign_ones_are_dangerous),
		cmocka_unit_test(group_commands_need_their_body),
		cmocka_unit_test(clear_sel_erases_or_asks),
		cmocka_unit_test(clear_sdr_repository_erases_or_asks),
		cmocka_unit_test(initialization_agent_runs_or_tells),
		cmocka_unit_test(chassis_control_is_dangerous_but_for_power_up),
		cmocka_unit_test(power_restore_policy_three_only_asks),
		cmocka_unit_test(lan_parameters_may_be_secrets),
		cmocka_unit_test(revision_only_reads_reveal_nothing_and_do_not_change),
		cmocka_unit_test(locks_of_parameters_are_read_as_changing),
		cmocka_unit_test(locks_of_parameters_are_taken_without_danger),
		cmocka_unit_test(serial_parameters_may_be_secrets),
		cmocka_unit_test(serial_mux_moves_or_tells),
		cmocka_unit_test(ip_statistics_are_read_or_taken),
		cmocka_unit_test(sel_entries_are_stable_unless_first_or_last),
		cmocka_unit_test(user_password_is_set_or_guessed),
		cmocka_unit_test(user_access_is_dangerous_with_and_without_its_change_bit),
		cmocka_unit_test(message_flags_are_cleared_for_one_or_for_all),
		cmocka_unit_test(alert_immediate_alerts_or_tells),
		cmocka_unit_test(slow_commands_have_time_and_their_questions_do_not),
		cmocka_unit_test(completion_codes_have_texts),
		cmocka_unit_test(classes_and_privileges_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
