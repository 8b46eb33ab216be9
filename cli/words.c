/* SPDX-License-Identifier: BSD-2-Clause */
#include "cli/words.h"

#include <ctype.h>
#include <string.h>

/* Six bits, the lowest 0 in a request (IPMI 2.0 section 5.1). */
#define NETFN_MAX 0x3E

/* Every network function that has a name has a command in the table, but for these. */
static const char *const more_names[] = {"group", "picmg", "oem", "firmware"};

static void offer_names(struct suggestion *suggestion)
{
	for (unsigned int netfn = 0; netfn <= NETFN_MAX; netfn += 2) {
		const char *name = ipmi_netfn_name((uint8_t)netfn);

		if (name) {
			suggest_offer(suggestion, name);
		}
	}
	for (size_t i = 0; i < sizeof(more_names) / sizeof(more_names[0]); i++) {
		suggest_offer(suggestion, more_names[i]);
	}
}

/* Whether a word is meant as a number: names begin with letters. "0x", digits, "2Ch". */
static bool is_number(const char *word)
{
	return isdigit((unsigned char)word[0]);
}

static bool netfn_by_name(const char *word, uint8_t *ret_netfn)
{
	for (unsigned int netfn = 0; netfn <= NETFN_MAX; netfn += 2) {
		const char *name = ipmi_netfn_name((uint8_t)netfn);

		if (name && strcasecmp(name, word) == 0) {
			*ret_netfn = (uint8_t)netfn;
			return true;
		}
	}
	if (strcasecmp(word, "picmg") == 0) {
		*ret_netfn = VIPMI_NETFN_GROUP;
		return true;
	}
	return false;
}

int words_netfn(const struct cli *cli, const char *word, uint8_t *ret_netfn)
{
	struct suggestion suggestion;
	uint64_t number;

	if (is_number(word)) {
		if (!parse_number(word, NETFN_MAX, &number)) {
			return cli_usage(cli,
				"\"%s\" is not a network function (0 to 0x3E, or a name)", word);
		}
		if (number & 1) {
			return cli_usage(cli,
				"network function %s is a response's; requests have even ones",
				word);
		}
		*ret_netfn = (uint8_t)number;
		return EXIT_DONE;
	}
	if (netfn_by_name(word, ret_netfn)) {
		return EXIT_DONE;
	}
	suggestion = suggest_begin(word);
	offer_names(&suggestion);
	return cli_usage(cli, "unknown network function \"%s\"%s", word, suggest_text(&suggestion));
}

/* A table's command by number: where bodies differ, the first. */
static const struct ipmi_command *command_by_number(uint8_t netfn, uint8_t code)
{
	size_t length;
	const struct ipmi_command *table = ipmi_command_table(&length);

	for (size_t i = 0; i < length; i++) {
		if (table[i].netfn == netfn && table[i].command == code) {
			return &table[i];
		}
	}
	return NULL;
}

static int unknown_command(
	const struct cli *cli, const char *netfn_word, uint8_t netfn, const char *word)
{
	struct suggestion suggestion = suggest_begin(word);
	size_t length;
	const struct ipmi_command *table = ipmi_command_table(&length);

	for (size_t i = 0; i < length; i++) {
		if (table[i].netfn == netfn) {
			suggest_offer(&suggestion, table[i].name);
		}
		if (strcasecmp(table[i].name, word) == 0) {
			return cli_usage(cli, "\"%s\" is not a command of %s but of %s", word,
				netfn_word, ipmi_netfn_name(table[i].netfn));
		}
	}
	return cli_usage(cli, "unknown command \"%s\" of %s%s; 'vipmi command list %s' shows all",
		word, netfn_word, suggest_text(&suggestion), netfn_word);
}

int words_command(const struct cli *cli, const char *netfn_word, uint8_t netfn, const char *word,
	uint8_t *ret_code, const struct ipmi_command **ret_command)
{
	const struct ipmi_command *command;
	uint64_t number;

	if (is_number(word)) {
		if (!parse_number(word, UINT8_MAX, &number)) {
			return cli_usage(
				cli, "\"%s\" is not a command (0 to 0xFF, or a name)", word);
		}
		*ret_code = (uint8_t)number;
		*ret_command = command_by_number(netfn, (uint8_t)number);
		return EXIT_DONE;
	}
	command = ipmi_command_by_name(netfn_word, word);
	if (!command) {
		return unknown_command(cli, netfn_word, netfn, word);
	}
	*ret_code = command->command;
	*ret_command = command;
	return EXIT_DONE;
}

int words_class(const struct cli *cli, const char *word, uint8_t *ret_urgency)
{
	static const char *const names[] = {"urgent", "normal", "background"};
	struct suggestion suggestion = suggest_begin(word);

	for (uint8_t i = 0; i < VIPMI_CLASS_COUNT; i++) {
		if (strcmp(word, names[i]) == 0) {
			*ret_urgency = i + 1; /* enum vipmi_urgency */
			return EXIT_DONE;
		}
		suggest_offer(&suggestion, names[i]);
	}
	return cli_usage(cli, "unknown class \"%s\"%s; there are urgent, normal and background",
		word, suggest_text(&suggestion));
}

void words_slug(const char *text, char *slug, size_t size)
{
	size_t used = 0;
	bool between = false;

	for (; *text && used + 2 < size; text++) {
		if (!isalnum((unsigned char)*text)) {
			between = used > 0;
			continue;
		}
		if (between) {
			slug[used++] = '-';
			between = false;
		}
		slug[used++] = (char)tolower((unsigned char)*text);
	}
	slug[used] = '\0';
}
