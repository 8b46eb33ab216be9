/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi reservation, vipmi sequence: what is somebody's alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/words.h"

/* More fields than the agent's rows have today. */
#define CELLS_MAX 24

/* What a shell says of a program that cannot be run. */
#define EXIT_NOT_RUN 127

enum hold_option {
	OPTION_IPMB,
	OPTION_LEASE,
	OPTION_RECEIVE,
};

static const struct column reservation_columns[] = {
	{"number", "NUMBER"},
	{"handle", "HANDLE"},
	{"commands", "COMMANDS"},
	{"target", "TARGET"},
	{"direction", "TO"},
	{"left", "LEFT"},
	{NULL, NULL},
};

static const struct column sequence_columns[] = {
	{"channel", "CHANNEL"},
	{"responder", "RESPONDER"},
	{"number", "NUMBER"},
	{"state", "STATE"},
	{"handle", "HANDLE"},
	{"virtual_client", "VIRTUAL CLIENT"},
	{"where", "WHERE"},
	{NULL, NULL},
};

/* "06 app 01 get-device-id", "00 chassis, all". */
static void commands_text(
	const struct vipmi_field *netfn, const struct vipmi_field *command, char *text, size_t size)
{
	uint8_t code = netfn ? (uint8_t)netfn->number : 0;
	const char *name = ipmi_netfn_name(code);
	const struct ipmi_command *known = NULL;

	if (!command) {
		(void)snprintf(text, size, "%02X %s, all", code, name ? name : "");
		return;
	}
	known = ipmi_command_judge(code, (uint8_t)command->number, NULL, 0).command;
	(void)snprintf(text, size, "%02X %s %02X %s", code, name ? name : "",
		(unsigned int)command->number, known ? known->name : "");
}

static int reservation_row(void *context, const struct vipmi_field *fields, size_t count)
{
	const struct vipmi_field *address = rows_field(fields, count, "address");
	const struct vipmi_field *channel = rows_field(fields, count, "channel");
	const struct vipmi_field *left = rows_field(fields, count, "left_ms");
	struct listing *listing = context;
	struct cell cells[CELLS_MAX + 3];
	size_t used = rows_to_cells(fields, count, cells, CELLS_MAX);
	char commands[64], target[32] = "any", duration[32] = "until released";

	if (listing_is_table(listing)) {
		commands_text(rows_field(fields, count, "netfn"),
			rows_field(fields, count, "command"), commands, sizeof(commands));
		if (address && channel) {
			(void)snprintf(target, sizeof(target), "%u:%02Xh",
				(unsigned int)channel->number, (unsigned int)address->number);
		} else if (address) {
			(void)snprintf(
				target, sizeof(target), "%02Xh", (unsigned int)address->number);
		}
		if (left) {
			duration_text(left->number, duration, sizeof(duration));
		}
		cells[used++] = (struct cell){.key = "commands", .text = commands};
		cells[used++] = (struct cell){.key = "target", .text = target};
		cells[used++] = (struct cell){.key = "left", .text = duration};
	}
	listing_row(listing, cells, used);
	return 0;
}

static int sequence_row(void *context, const struct vipmi_field *fields, size_t count)
{
	const struct vipmi_field *address = rows_field(fields, count, "address");
	struct listing *listing = context;
	struct cell cells[CELLS_MAX + 1];
	size_t used = rows_to_cells(fields, count, cells, CELLS_MAX);
	char responder[8];

	if (listing_is_table(listing) && address) {
		(void)snprintf(
			responder, sizeof(responder), "%02Xh", (unsigned int)address->number);
		cells[used++] = (struct cell){.key = "responder", .text = responder};
	}
	listing_row(listing, cells, used);
	return 0;
}

static int run_reservation_list(struct cli *cli, int count, char **arguments)
{
	(void)count;
	(void)arguments;
	return rows_list(cli, "reservation", reservation_columns, reservation_row,
		"No command is reserved.");
}

static int run_sequence_list(struct cli *cli, int count, char **arguments)
{
	(void)count;
	(void)arguments;
	return rows_list(cli, "sequence", sequence_columns, sequence_row,
		"Every sequence number is free for everybody.");
}

static int run_revoke(struct cli *cli, int count, char **arguments)
{
	struct vipmi *vipmi;
	uint64_t number;
	int result;

	(void)count;
	if (!parse_number(arguments[0], UINT32_MAX, &number)) {
		return cli_usage(cli,
			"\"%s\" is not the number of a reservation; 'vipmi reservation list' "
			"shows them",
			arguments[0]);
	}
	result = cli_connect(cli, &vipmi);
	if (result != EXIT_DONE) {
		return result;
	}
	result = vipmi_revoke(vipmi, number);
	if (result == -ENOENT) {
		result = cli_fail(EXIT_LOCAL,
			"there is no reservation %" PRIu64 "; 'vipmi reservation list' shows them",
			number);
	} else if (result < 0) {
		result = cli_fail_error(result);
	} else if (cli->format == FORMAT_TABLE) {
		(void)printf("reservation %" PRIu64 " is revoked\n", number);
	} else {
		struct cell cell = {.key = "revoked", .number = number};

		show_one(cli->format, &cell, 1);
	}
	vipmi_disconnect(vipmi);
	return result;
}

int rights_held(uint32_t handle)
{
	return cli_fail(EXIT_REFUSED,
		"handle %" PRIu32 " holds what is in the way; 'vipmi reservation list' shows it",
		handle);
}

/* ---- hold ---- */

int rights_take(const struct cli *cli, char **arguments, const char *ipmb, bool receive,
	struct vipmi_right *ret_right)
{
	struct vipmi_right right = vipmi_right_make(0, VIPMI_RIGHT_ANY_COMMAND);
	const struct ipmi_command *command;
	uint8_t code;
	int result = words_netfn(cli, arguments[0], &right.netfn);

	if (result == EXIT_DONE && strcmp(arguments[1], "all") != 0) {
		result = words_command(
			cli, arguments[0], right.netfn, arguments[1], &code, &command);
		right.command = code;
	}
	if (result == EXIT_DONE && ipmb && !parse_ipmb(ipmb, &right.channel, &right.address)) {
		result = cli_usage(cli,
			"\"%s\" is no responder on an IPMB: [CHANNEL:]ADDRESS, an even address",
			ipmb);
	}
	if (receive) {
		right.direction = VIPMI_RIGHT_RECEIVE;
	}
	*ret_right = right;
	return result;
}

/* Runs the program and waits; its exit status, as a shell has it. */
static int run_program(char **arguments)
{
	pid_t child = fork();
	int status;

	if (child < 0) {
		return cli_fail(EXIT_LOCAL, "cannot start a program: %s", strerror(errno));
	}
	if (child == 0) {
		(void)execvp(arguments[0], arguments);
		(void)fprintf(
			stderr, "vipmi: cannot run \"%s\": %s\n", arguments[0], strerror(errno));
		_exit(EXIT_NOT_RUN);
	}
	while (waitpid(child, &status, 0) < 0) {
		if (errno != EINTR) {
			return cli_fail(
				EXIT_LOCAL, "lost sight of the program: %s", strerror(errno));
		}
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int hold(
	struct vipmi *vipmi, const struct vipmi_right *right, uint32_t lease_ms, char **program)
{
	struct vipmi_handle *handle;
	struct vipmi_holder holder = {0};
	int result = vipmi_handle_open(vipmi, NULL, &handle);

	if (result < 0) {
		return cli_fail_error(result);
	}
	result = vipmi_reserve(handle, right, 1, lease_ms, &holder);
	if (result == -EPERM) {
		return rights_held(holder.handle);
	}
	return result < 0 ? cli_fail_error(result) : run_program(program);
}

static int run_hold(struct cli *cli, int count, char **arguments)
{
	char **program = arguments + 2;
	struct vipmi_right right;
	struct vipmi *vipmi;
	uint32_t lease_ms = 0;
	int result = rights_take(
		cli, arguments, cli->values[OPTION_IPMB], cli->values[OPTION_RECEIVE], &right);

	if (result == EXIT_DONE && cli->values[OPTION_LEASE] &&
		!parse_time(cli->values[OPTION_LEASE], &lease_ms)) {
		result = cli_usage(
			cli, "\"%s\" is not a time: 5s, 250ms", cli->values[OPTION_LEASE]);
	}
	if (result != EXIT_DONE) {
		return result;
	}
	if (count > 2 && strcmp(*program, "--") == 0) {
		program++;
	}
	if (!*program) {
		return cli_usage(cli, "what is to run while the right is held?");
	}
	result = cli_connect(cli, &vipmi);
	if (result == EXIT_DONE) {
		result = hold(vipmi, &right, lease_ms, program);
		vipmi_disconnect(vipmi);
	}
	return result;
}

const struct cli_command command_reservation_list = {
	.object = "reservation",
	.verb = "list",
	.summary = "which commands are somebody's alone",
	.text = "HANDLE is its holder, as 'vipmi client list -o json' has it. Others' requests\n"
		"are answered D5 (not supported in present state) and not sent.",
	.run = run_reservation_list,
};

const struct cli_command command_reservation_hold = {
	.object = "reservation",
	.verb = "hold",
	.arguments = "NETFN COMMAND|all [--] PROGRAM [ARGUMENT ...]",
	.summary = "hold the exclusive right to commands while a program runs",
	.text = "Nobody else's such requests reach the controller until PROGRAM ends; if it asks\n"
		"through a virtual controller of its own, neither do PROGRAM's. The exit status "
		"is\n"
		"PROGRAM's.",
	.options =
		{
			[OPTION_IPMB] = {"ipmb", "[CH:]ADDR",
				"to this responder only: 0x82, or 7:0x82 (channel 7)"},
			[OPTION_LEASE] = {"lease", "TIME", "end by itself after 5s, 250ms"},
			[OPTION_RECEIVE] = {"receive", NULL,
				"to receive such requests, not to send them"},
		},
	.own_options = true,
	.arguments_min = 3,
	.arguments_max = -1,
	.run = run_hold,
};

const struct cli_command command_reservation_revoke = {
	.object = "reservation",
	.verb = "revoke",
	.arguments = "NUMBER",
	.summary = "end somebody's reservation",
	.text = "NUMBER is what 'vipmi reservation list' shows. For root, and for the user whom\n"
		"vipmid runs as.",
	.arguments_min = 1,
	.arguments_max = 1,
	.run = run_revoke,
};

const struct cli_command command_sequence_list = {
	.object = "sequence",
	.verb = "list",
	.summary = "sequence numbers toward responders: reserved, used, resting",
	.text = "A number rests a while where a late response may still come. WHERE says whether\n"
		"the number is the one on the bus, or virtual because the link numbers by itself.",
	.run = run_sequence_list,
};
