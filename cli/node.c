/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi node: virtual /dev/ipmiN of the kernel module.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/words.h"
#include "ipmi/command.h"

/* More fields than the agent's rows have today. */
#define CELLS_MAX 8

/* Of add and set; those of set come first. */
enum add_option {
	OPTION_CLASS,
	OPTION_PRIVILEGE,
	OPTION_NAME,
};

enum reserve_option {
	OPTION_IPMB,
	OPTION_RECEIVE,
};

static const struct column node_columns[] = {
	{"device", "DEVICE"},
	{"name", "NAME"},
	{"handle", "HANDLE"},
	{"class", "CLASS"},
	{"privilege", "PRIVILEGE"},
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

static int take_privilege(const struct cli *cli, const char *word, uint8_t *ret_privilege)
{
	for (uint8_t i = IPMI_PRIVILEGE_USER; i <= IPMI_PRIVILEGE_ADMINISTRATOR; i++) {
		if (strcmp(word, ipmi_privilege_name(i)) == 0) {
			*ret_privilege = i;
			return EXIT_DONE;
		}
	}
	return cli_usage(
		cli, "unknown privilege \"%s\"; there are user, operator and administrator", word);
}

static int take_policy(const struct cli *cli, struct vipmi_node_options *options)
{
	const char *class = cli->values[OPTION_CLASS], *privilege = cli->values[OPTION_PRIVILEGE];
	int result = EXIT_DONE;

	if (class) {
		result = words_class(cli, class, &options->urgency);
	}
	if (result == EXIT_DONE && privilege) {
		result = take_privilege(cli, privilege, &options->privilege);
	}
	return result;
}

static int run_add(struct cli *cli, int count, char **arguments)
{
	struct vipmi_node_options options = {
		.size = sizeof(options), .name = cli->values[OPTION_NAME]};
	struct vipmi *vipmi;
	uint32_t number;
	int result = take_policy(cli, &options);

	(void)count;
	(void)arguments;
	if (result == EXIT_DONE) {
		result = cli_connect(cli, &vipmi);
	}
	if (result != EXIT_DONE) {
		return result;
	}
	result = vipmi_node_add(vipmi, &options, &number);
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

/* A node by its name, or by its number. */
struct wanted {
	const char *word;
	uint64_t number, handle; /* handle 0: none is listed */
};

static int look_at_row(void *context, const struct vipmi_field *fields, size_t count)
{
	const struct vipmi_field *name = rows_field(fields, count, "name");
	const struct vipmi_field *number = rows_field(fields, count, "number");
	const struct vipmi_field *handle = rows_field(fields, count, "handle");
	struct wanted *wanted = context;
	uint64_t named;

	if (!name || !name->text || !number || !handle) {
		return 0;
	}
	/* Somebody may have called one by another's number: the name counts. */
	if (strcmp(name->text, wanted->word) == 0 ||
		(!wanted->handle && parse_number(wanted->word, UINT32_MAX, &named) &&
			named == number->number)) {
		wanted->number = number->number;
		wanted->handle = handle->number;
	}
	return 0;
}

static int fail(int error, const char *word)
{
	if (error == -ENOENT) {
		return cli_fail(
			EXIT_LOCAL, "there is no node \"%s\"; 'vipmi node list' shows them", word);
	}
	return cli_fail_error(error);
}

/* Connects and finds it. EXIT_DONE, or what to exit with, told and with no connection. */
static int find(const struct cli *cli, const char *word, struct vipmi **ret_vipmi,
	struct wanted *ret_wanted)
{
	int result = cli_connect(cli, ret_vipmi);

	if (result != EXIT_DONE) {
		return result;
	}
	*ret_wanted = (struct wanted){.word = word};
	result = vipmi_query(*ret_vipmi, "node", look_at_row, ret_wanted);
	/* What the agent says to a number that it did not list is the better answer. */
	if (result == 0 && !ret_wanted->handle &&
		!parse_number(word, UINT32_MAX, &ret_wanted->number)) {
		result = -ENOENT;
	}
	if (result < 0) {
		result = fail(result, word);
		vipmi_disconnect(*ret_vipmi);
	}
	return result;
}

static int run_remove(struct cli *cli, int count, char **arguments)
{
	struct wanted wanted;
	struct vipmi *vipmi;
	int result = find(cli, arguments[0], &vipmi, &wanted);

	(void)count;
	if (result != EXIT_DONE) {
		return result;
	}
	result = vipmi_node_remove(vipmi, (uint32_t)wanted.number);
	if (result < 0) {
		result = fail(result, arguments[0]);
	}
	vipmi_disconnect(vipmi);
	return result;
}

static int run_set(struct cli *cli, int count, char **arguments)
{
	struct vipmi_node_options options = {.size = sizeof(options)};
	struct wanted wanted;
	struct vipmi *vipmi;
	int result = take_policy(cli, &options);

	(void)count;
	if (result == EXIT_DONE && !options.urgency && !options.privilege) {
		result = cli_usage(cli, "what is to be set? --class or --privilege");
	}
	if (result == EXIT_DONE) {
		result = find(cli, arguments[0], &vipmi, &wanted);
	}
	if (result != EXIT_DONE) {
		return result;
	}
	result = vipmi_node_set(vipmi, (uint32_t)wanted.number, &options);
	if (result < 0) {
		result = fail(result, arguments[0]);
	}
	vipmi_disconnect(vipmi);
	return result;
}

static int run_reserve(struct cli *cli, int count, char **arguments)
{
	struct vipmi_holder holder = {0};
	struct vipmi_right right;
	struct wanted wanted;
	struct vipmi *vipmi;
	int result = rights_take(
		cli, arguments + 1, cli->values[OPTION_IPMB], cli->values[OPTION_RECEIVE], &right);

	(void)count;
	if (result == EXIT_DONE) {
		result = find(cli, arguments[0], &vipmi, &wanted);
	}
	if (result != EXIT_DONE) {
		return result;
	}
	result = -ENOENT;
	if (wanted.handle) {
		result = vipmi_reserve_for(vipmi, (uint32_t)wanted.handle, &right, 1, 0, &holder);
	}
	if (result == -EPERM) {
		result = rights_held(holder.handle);
	} else if (result < 0) {
		result = fail(result, arguments[0]);
	}
	vipmi_disconnect(vipmi);
	return result;
}

#define CLASS_OPTION                                                                               \
	{                                                                                          \
		"class", "CLASS", "of its requests: urgent, normal (at first) or background"       \
	}
#define PRIVILEGE_OPTION                                                                           \
	{                                                                                          \
		"privilege", "LEVEL",                                                              \
			"refuse it commands that need more: user, operator or administrator (at "  \
			"first)"                                                                   \
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
			[OPTION_CLASS] = CLASS_OPTION,
			[OPTION_PRIVILEGE] = PRIVILEGE_OPTION,
			[OPTION_NAME] = {"name", "NAME", "stands in /dev/vipmi/by-name/ as well"},
		},
	.run = run_add,
};

const struct cli_command command_node_set = {
	.object = "node",
	.verb = "set",
	.arguments = "NODE",
	.summary = "change what a virtual /dev/ipmiN may",
	.text = "NODE is its number (3 for /dev/ipmi3) or its name. What is not given stays as it\n"
		"is; what was asked before is not touched.",
	.options =
		{
			[OPTION_CLASS] = CLASS_OPTION,
			[OPTION_PRIVILEGE] = PRIVILEGE_OPTION,
		},
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run_set,
};

const struct cli_command command_node_reserve = {
	.object = "node",
	.verb = "reserve",
	.arguments = "NODE NETFN COMMAND|all",
	.summary = "give a virtual /dev/ipmiN the exclusive right to commands",
	.text = "Nobody else's such requests reach the controller until the node is removed or\n"
		"'vipmi reservation revoke' ends it. With --receive, such requests of other\n"
		"management controllers go to the programs that have registered for them on the "
		"node.",
	.options =
		{
			[OPTION_IPMB] = {"ipmb", "[CH:]ADDR",
				"to this responder only: 0x82, or 7:0x82 (channel 7)"},
			[OPTION_RECEIVE] = {"receive", NULL,
				"to receive such requests, not to send them"},
		},
	.arguments_min = 3,
	.arguments_max = 3,
	.run = run_reserve,
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
