/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi node: virtual /dev/ipmiN of the kernel module.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

/* More fields than the agent's rows have today. */
#define CELLS_MAX 8

enum add_option {
	OPTION_NAME,
};

static const struct column node_columns[] = {
	{"device", "DEVICE"},
	{"name", "NAME"},
	{"handle", "HANDLE"},
	{NULL, NULL},
};

static int node_row(void *context, const struct vipmi_field *fields, size_t count)
{
	const struct vipmi_field *number = rows_field(fields, count, "number");
	struct listing *listing = context;
	struct cell cells[CELLS_MAX + 1];
	size_t used = rows_to_cells(fields, count, cells, CELLS_MAX);
	char device[32];

	if (number) {
		(void)snprintf(device, sizeof(device), "/dev/ipmi%" PRIu64, number->number);
		cells[used++] = (struct cell){.key = "device", .text = device};
	}
	listing_row(listing, cells, used);
	return 0;
}

static int run_list(struct cli *cli, int count, char **arguments)
{
	(void)count;
	(void)arguments;
	return rows_list(cli, "node", node_columns, node_row, "There are no virtual /dev/ipmiN.");
}

static int run_add(struct cli *cli, int count, char **arguments)
{
	struct vipmi *vipmi;
	uint32_t number;
	int result = cli_connect(cli, &vipmi);

	(void)count;
	(void)arguments;
	if (result != EXIT_DONE) {
		return result;
	}
	result = vipmi_node_add(vipmi, cli->values[OPTION_NAME], &number);
	if (result < 0) {
		result = cli_fail_error(result);
	} else if (cli->format == FORMAT_TABLE) {
		(void)printf("/dev/ipmi%" PRIu32 "\n", number);
	} else {
		struct cell cell = {.key = "number", .number = number};

		show_one(cli->format, &cell, 1);
	}
	vipmi_disconnect(vipmi);
	return result;
}

struct wanted {
	const char *name;
	uint64_t number;
	bool found;
};

static int look_at_row(void *context, const struct vipmi_field *fields, size_t count)
{
	const struct vipmi_field *name = rows_field(fields, count, "name");
	const struct vipmi_field *number = rows_field(fields, count, "number");
	struct wanted *wanted = context;

	if (name && name->text && number && strcmp(name->text, wanted->name) == 0) {
		wanted->number = number->number;
		wanted->found = true;
	}
	return 0;
}

static int run_remove(struct cli *cli, int count, char **arguments)
{
	struct wanted wanted = {.name = arguments[0]};
	struct vipmi *vipmi;
	int result = cli_connect(cli, &vipmi);

	(void)count;
	if (result != EXIT_DONE) {
		return result;
	}
	/* By its name, or by its number. */
	result = vipmi_query(vipmi, "node", look_at_row, &wanted);
	if (result == 0 && !wanted.found) {
		wanted.found = parse_number(arguments[0], UINT32_MAX, &wanted.number);
	}
	if (result == 0) {
		result = wanted.found ? vipmi_node_remove(vipmi, (uint32_t)wanted.number) : -ENOENT;
	}
	if (result == -ENOENT) {
		result = cli_fail(EXIT_LOCAL,
			"there is no node \"%s\"; 'vipmi node list' shows them", arguments[0]);
	} else if (result < 0) {
		result = cli_fail_error(result);
	}
	vipmi_disconnect(vipmi);
	return result;
}

const struct cli_command command_node_list = {
	.object = "node",
	.verb = "list",
	.summary = "the virtual /dev/ipmiN of the kernel module",
	.text = "HANDLE is the virtual controller behind it, as in 'vipmi client list'.",
	.run = run_list,
};

const struct cli_command command_node_add = {
	.object = "node",
	.verb = "add",
	.summary = "make a virtual /dev/ipmiN",
	.text = "Prints its name. To the kernel and to programs it is an IPMI interface like the "
		"real\n"
		"one, with a virtual controller of its own. For root; the kernel module alone can.",
	.options =
		{
			[OPTION_NAME] = {"name", "NAME", "stands in /dev/vipmi/by-name/ as well"},
		},
	.run = run_add,
};

const struct cli_command command_node_remove = {
	.object = "node",
	.verb = "remove",
	.arguments = "NODE",
	.summary = "take a virtual /dev/ipmiN away",
	.text = "NODE is its number (3 for /dev/ipmi3) or its name. Programs that have it open "
		"get\n"
		"errors from then on.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run_remove,
};
