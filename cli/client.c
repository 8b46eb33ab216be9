/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi client: who uses the controller.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"

/* More fields than the agent's row has today; later ones appear in JSON by themselves. */
#define CELLS_MAX 48

static const struct column client_columns[] = {
	{"client", "CLIENT"},
	{"name", "NAME"},
	{"pid", "PID"},
	{"uid", "UID"},
	{"class", "CLASS"},
	{"queued", "QUEUED"},
	{"in_flight", "IN FLIGHT"},
	{"unread", "UNREAD"},
	{"requests", "REQUESTS"},
	{"controller_ms", "CONTROLLER MS"},
	{"open", "OPEN FOR"},
	{NULL, NULL},
};

static int list_row(void *context, const struct vipmi_field *fields, size_t count)
{
	struct listing *listing = context;
	struct cell cells[CELLS_MAX + 1];
	size_t used = rows_to_cells(fields, count, cells, CELLS_MAX);
	const struct vipmi_field *open_ms = rows_field(fields, count, "open_ms");
	char open_for[32];

	/* For a table; JSON has the number. */
	duration_text(open_ms ? open_ms->number : 0, open_for, sizeof(open_for));
	if (listing_is_table(listing)) {
		cells[used++] = (struct cell){.key = "open", .text = open_for};
	}
	listing_row(listing, cells, used);
	return 0;
}

static int run_list(struct cli *cli, int count, char **arguments)
{
	(void)count;
	(void)arguments;
	return rows_list(cli, "client", client_columns, list_row,
		"No program has a virtual controller open.");
}

struct show {
	const struct cli *cli;
	uint64_t client;
	unsigned int found;
};

static int show_row(void *context, const struct vipmi_field *fields, size_t count)
{
	struct show *show = context;
	struct cell cells[CELLS_MAX];

	const struct vipmi_field *client = rows_field(fields, count, "client");

	if (!client || client->number != show->client) {
		return 0;
	}
	if (show->found++ > 0 && show->cli->format == FORMAT_TABLE) {
		(void)putchar('\n');
	}
	show_one(show->cli->format, cells, rows_to_cells(fields, count, cells, CELLS_MAX));
	return 0;
}

/* The number of a client; EXIT_DONE or EXIT_USAGE. */
static int client_number(const struct cli *cli, const char *text, uint64_t *ret_client)
{
	if (!parse_number(text, UINT32_MAX, ret_client)) {
		return cli_usage(cli,
			"\"%s\" is not the number of a client; 'vipmi client list' shows them",
			text);
	}
	return EXIT_DONE;
}

static int no_such_client(uint64_t client)
{
	return cli_fail(EXIT_LOCAL,
		"there is no client %" PRIu64 "; 'vipmi client list' shows them", client);
}

static int run_show(struct cli *cli, int count, char **arguments)
{
	struct show show = {.cli = cli};
	struct vipmi *vipmi;
	int result = client_number(cli, arguments[0], &show.client);

	(void)count;
	if (result == EXIT_DONE) {
		result = cli_connect(cli, &vipmi);
	}
	if (result != EXIT_DONE) {
		return result;
	}
	result = vipmi_query(vipmi, "client", show_row, &show);
	if (result < 0) {
		result = cli_fail_error(result);
	} else if (show.found == 0) {
		result = no_such_client(show.client);
	}
	vipmi_disconnect(vipmi);
	return result;
}

static int run_kick(struct cli *cli, int count, char **arguments)
{
	struct vipmi *vipmi;
	uint64_t client;
	int result = client_number(cli, arguments[0], &client);

	(void)count;
	if (result == EXIT_DONE) {
		result = cli_connect(cli, &vipmi);
	}
	if (result != EXIT_DONE) {
		return result;
	}
	result = vipmi_kick(vipmi, client);
	if (result == -ENOENT) {
		result = no_such_client(client);
	} else if (result < 0) {
		result = cli_fail_error(result);
	} else if (cli->format == FORMAT_TABLE) {
		(void)printf("client %" PRIu64 " is disconnected\n", client);
	} else {
		struct cell cell = {.key = "kicked", .number = client};

		show_one(cli->format, &cell, 1);
	}
	vipmi_disconnect(vipmi);
	return result;
}

const struct cli_command command_client_list = {
	.object = "client",
	.verb = "list",
	.summary = "who uses the controller: one line for each virtual controller",
	.text = "QUEUED requests wait for their turn, those IN FLIGHT are at the controller, and\n"
		"UNREAD ones are answered, but the program has not taken the answer yet. "
		"CONTROLLER\n"
		"MS is the controller's time that was spent on it. Handles without a connection "
		"of\n"
		"their own share its CLIENT number. With -o json there is more.",
	.run = run_list,
};

const struct cli_command command_client_show = {
	.object = "client",
	.verb = "show",
	.arguments = "CLIENT",
	.summary = "everything about one program's virtual controllers",
	.text = "CLIENT is the number that 'vipmi client list' shows.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run_show,
};

const struct cli_command command_client_kick = {
	.object = "client",
	.verb = "kick",
	.arguments = "CLIENT",
	.summary = "end a program's connection",
	.text = "CLIENT is the number that 'vipmi client list' shows. Its requests that were not\n"
		"sent yet never will be. For root, and for the user whom vipmid runs as.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run_kick,
};
