/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi command: what vipmi knows about the commands of IPMI.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "cli/commands.h"
#include "cli/words.h"

#define CELLS_MAX 12

static const struct column command_columns[] = {
	{"netfn", "NETFN"},
	{"command", "CMD"},
	{"name", "NAME"},
	{"class", "CLASS"},
	{"privilege", "PRIVILEGE"},
	{"cache", "CACHE"},
	{"timeout", "TIME-OUT"},
	{NULL, NULL},
};

/* Texts of one command's cells, which outlive the cells. */
struct command_texts {
	char netfn[32], command[8], cache[32], timeout[32];
};

static size_t to_cells(const struct ipmi_command *command, bool table, struct command_texts *texts,
	struct cell *cells)
{
	uint32_t timeout_ms = command->timeout_ms ? command->timeout_ms : IPMI_TIMEOUT_DEFAULT_MS;
	bool cached = command->cache_ms > 0, forever = command->cache_ms == IPMI_CACHE_FOREVER_MS;
	size_t used = 0;

	if (!table) {
		cells[used++] = (struct cell){.key = "netfn", .number = command->netfn};
		cells[used++] = (struct cell){.key = "netfn_name",
			.text = ipmi_netfn_name(command->netfn),
			.null = !ipmi_netfn_name(command->netfn)};
		cells[used++] = (struct cell){.key = "body",
			.number = command->body,
			.null = command->netfn != VIPMI_NETFN_GROUP};
		cells[used++] = (struct cell){.key = "command", .number = command->command};
	} else {
		(void)snprintf(texts->netfn, sizeof(texts->netfn), "%02X %s", command->netfn,
			ipmi_netfn_name(command->netfn) ? ipmi_netfn_name(command->netfn) : "");
		(void)snprintf(texts->command, sizeof(texts->command), "%02X", command->command);
		cells[used++] = (struct cell){.key = "netfn", .text = texts->netfn};
		cells[used++] = (struct cell){.key = "command", .text = texts->command};
	}
	cells[used++] = (struct cell){.key = "name", .text = command->name};
	cells[used++] = (struct cell){.key = "title", .text = command->title};
	cells[used++] = (struct cell){.key = "class", .text = ipmi_class_name(command->class)};
	cells[used++] =
		(struct cell){.key = "privilege", .text = ipmi_privilege_name(command->privilege)};
	if (!table) {
		cells[used++] = (struct cell){
			.key = "cache_ms", .number = command->cache_ms, .null = !cached || forever};
		cells[used++] =
			(struct cell){.key = "cache_forever", .number = forever, .boolean = true};
		cells[used++] = (struct cell){.key = "timeout_ms", .number = timeout_ms};
		return used;
	}
	duration_text(command->cache_ms, texts->cache, sizeof(texts->cache));
	duration_text(timeout_ms, texts->timeout, sizeof(texts->timeout));
	cells[used++] = (struct cell){
		.key = "cache", .text = forever ? "until reset" : texts->cache, .null = !cached};
	cells[used++] = (struct cell){.key = "timeout", .text = texts->timeout};
	return used;
}

static int run_list(struct cli *cli, int count, char **arguments)
{
	struct listing *listing;
	const struct ipmi_command *table;
	size_t length;
	uint8_t netfn = 0;

	if (count > 0) {
		int result = words_netfn(cli, arguments[0], &netfn);

		if (result != EXIT_DONE) {
			return result;
		}
	}
	listing = listing_begin(cli->format, command_columns);
	if (!listing) {
		return cli_fail(EXIT_LOCAL, "no memory");
	}
	table = ipmi_command_table(&length);
	for (size_t i = 0; i < length; i++) {
		struct command_texts texts;
		struct cell cells[CELLS_MAX];

		if (count == 0 || table[i].netfn == netfn) {
			listing_row(listing, cells,
				to_cells(&table[i], listing_is_table(listing), &texts, cells));
		}
	}
	listing_end(listing, "The table has no command of this network function.");
	return EXIT_DONE;
}

static const char *class_text(enum ipmi_class class)
{
	switch (class) {
	case IPMI_CLASS_READ:
		return "changes nothing; the answer stays true for the cache time";
	case IPMI_CLASS_QUASI_READ:
		return "changes nothing; the answer is of data that change";
	case IPMI_CLASS_SECRET:
		return "changes nothing, but the answer may reveal secrets";
	case IPMI_CLASS_VIRTUAL:
		return "about state that each virtual controller has for itself";
	case IPMI_CLASS_CONSUMING:
		return "takes something away that others may wait for";
	case IPMI_CLASS_MUTATING:
		return "changes the controller's state";
	case IPMI_CLASS_DANGEROUS:
		return "may stop the machine, lock it, or lose data";
	case IPMI_CLASS_BRIDGING:
		return "carries another command, which decides";
	case IPMI_CLASS_SESSION:
		return "means something within a LAN session only";
	default:
		return "";
	}
}

static int run_show(struct cli *cli, int count, char **arguments)
{
	const struct ipmi_command *command;
	struct command_texts texts;
	struct cell cells[CELLS_MAX];
	size_t used;
	uint8_t netfn, code;
	int result = words_netfn(cli, arguments[0], &netfn);

	(void)count;
	if (result == EXIT_DONE) {
		result = words_command(cli, arguments[0], netfn, arguments[1], &code, &command);
	}
	if (result != EXIT_DONE) {
		return result;
	}
	if (!command) {
		return cli_fail(EXIT_LOCAL,
			"the table does not have netFn %02Xh, command %02Xh; it is taken for %s",
			netfn, code,
			ipmi_class_name(ipmi_command_judge(netfn, code, NULL, 0).class));
	}
	used = to_cells(command, cli->format == FORMAT_TABLE, &texts, cells);
	if (cli->format == FORMAT_TABLE) {
		cells[used++] = (struct cell){.key = "meaning", .text = class_text(command->class)};
	}
	show_one(cli->format, cells, used);
	return EXIT_DONE;
}

const struct cli_command command_command_list = {
	.object = "command",
	.verb = "list",
	.arguments = "[NETFN]",
	.summary = "the commands of IPMI that vipmi knows, and what they do",
	.text = "NETFN is a name (app, chassis, sensor, storage, transport, ...) or a number. "
		"CLASS\n"
		"says what a command does to the controller, CACHE how long an answer stays true,\n"
		"TIME-OUT how long the controller is given. For this no agent is needed.",
	.arguments_max = 1,
	.run = run_list,
};

const struct cli_command command_command_show = {
	.object = "command",
	.verb = "show",
	.arguments = "NETFN COMMAND",
	.summary = "one command of IPMI: its class, privilege, times",
	.text = "By name or number: app get-device-id, 6 1, 0x06 0x01.",
	.arguments_min = 2,
	.arguments_max = 2,
	.run = run_show,
};
