/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads the command line, finds the command, runs it.
 */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/commands.h"

const struct cli_command *const cli_commands[] = {
	&command_status,
	&command_raw,
	&command_exec,
	&command_client_list,
	&command_client_show,
	&command_client_kick,
	&command_event_list,
	&command_event_follow,
	&command_reservation_list,
	&command_reservation_hold,
	&command_reservation_revoke,
	&command_sequence_list,
	&command_node_list,
	&command_node_add,
	&command_node_remove,
	&command_node_set,
	&command_node_reserve,
	&command_command_list,
	&command_command_show,
	&command_chassis_show,
	&command_chassis_insert,
	&command_chassis_pull,
	&command_chassis_set,
	&command_chassis_fault,
	&command_chassis_reset,
	&command_chassis_run,
	NULL,
};

/* Options that stand before the object, and after it as well. */
const struct cli_option cli_common_options[] = {
	{"target", "TARGET", "the agent's socket, or /dev/vipmiN"},
	{"output", "FORMAT", "table (the default), json or jsonl; short: -o"},
	{"verbose", NULL, "say more; short: -v"},
	{"help", NULL, "this text; short: -h"},
	{NULL, NULL, NULL},
};

static void complain(const char *format, va_list arguments)
{
	(void)fflush(stdout);
	(void)fputs("vipmi: ", stderr);
	(void)vfprintf(stderr, format, arguments);
	(void)fputc('\n', stderr);
}

int cli_fail(enum cli_exit code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	return (int)code;
}

int cli_usage(const struct cli *cli, const char *format, ...)
{
	const struct cli_command *command = cli->command;
	va_list arguments;

	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	if (command) {
		(void)fprintf(stderr, "Try 'vipmi %s%s%s --help'.\n", command->object,
			command->verb ? " " : "", command->verb ? command->verb : "");
	} else {
		(void)fputs("Try 'vipmi --help'.\n", stderr);
	}
	return EXIT_USAGE;
}

enum cli_exit cli_error_exit(int error)
{
	switch (error) {
	case -EACCES:
	case -EPERM:
	case -ENOSPC:
	case -ECONNABORTED:
	case -EMSGSIZE:
	case -EOPNOTSUPP:
		return EXIT_REFUSED;
	case -ETIMEDOUT:
	case -ECONNRESET:
	case -ENETDOWN:
	case -EHOSTUNREACH:
		return EXIT_LOST;
	default:
		return EXIT_LOCAL;
	}
}

int cli_fail_error(int error)
{
	return cli_fail(cli_error_exit(error), "%s", vipmi_error_text());
}

int cli_connect(const struct cli *cli, struct vipmi **ret_vipmi)
{
	int result = vipmi_connect(cli->target, NULL, ret_vipmi);

	return result < 0 ? cli_fail_error(result) : EXIT_DONE;
}

/* ---- the command line ---- */

static int take_format(struct cli *cli, const char *text)
{
	static const char *const names[] = {
		[FORMAT_TABLE] = "table", [FORMAT_JSON] = "json", [FORMAT_JSONL] = "jsonl"};
	struct suggestion suggestion = suggest_begin(text);

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0) {
			cli->format = (enum cli_format)i;
			return EXIT_DONE;
		}
		suggest_offer(&suggestion, names[i]);
	}
	return cli_usage(cli, "unknown output format \"%s\"%s; there are table, json and jsonl",
		text, suggest_text(&suggestion));
}

/* What reading the options found out. */
struct scan {
	char **at; /* the next argument */
	bool help;
};

static int take_common(struct cli *cli, struct scan *scan, const char *name, const char *value)
{
	if (strcmp(name, "target") == 0) {
		cli->target = value;
	} else if (strcmp(name, "output") == 0) {
		return take_format(cli, value);
	} else if (strcmp(name, "verbose") == 0) {
		cli->verbose = true;
	} else {
		scan->help = true;
	}
	return EXIT_DONE;
}

static const struct cli_option *find_option(
	const struct cli_option *options, const char *name, size_t length)
{
	for (; options && options->name; options++) {
		if (strlen(options->name) == length && strncmp(options->name, name, length) == 0) {
			return options;
		}
	}
	return NULL;
}

static int unknown_option(const struct cli *cli, const char *name, size_t length)
{
	char word[64];
	struct suggestion suggestion;

	(void)snprintf(word, sizeof(word), "%.*s", (int)length, name);
	suggestion = suggest_begin(word);
	for (int i = 0; cli_common_options[i].name; i++) {
		suggest_offer(&suggestion, cli_common_options[i].name);
	}
	for (int i = 0; cli->command && cli->command->options[i].name; i++) {
		suggest_offer(&suggestion, cli->command->options[i].name);
	}
	return cli_usage(cli, "unknown option \"--%s\"%s", word, suggest_text(&suggestion));
}

/* The long name of a short option. */
static const char *long_name(char letter)
{
	switch (letter) {
	case 'o':
		return "output";
	case 'v':
		return "verbose";
	case 'h':
		return "help";
	default:
		return NULL;
	}
}

/* One option at scan->at, with its value, if it has one. */
static int take_option(struct cli *cli, struct scan *scan)
{
	const char *text = *scan->at++, *value = NULL, *name;
	const struct cli_option *own = NULL, *option;
	size_t length;

	if (text[1] == '-') {
		name = text + 2;
		length = strcspn(name, "=");
		value = name[length] == '=' ? name + length + 1 : NULL;
	} else {
		name = long_name(text[1]);
		if (!name) {
			return cli_usage(cli, "unknown option \"-%c\"", text[1]);
		}
		length = strlen(name);
		value = text[2] ? text + 2 : NULL;
	}
	option = find_option(cli_common_options, name, length);
	if (!option && cli->command) {
		option = own = find_option(cli->command->options, name, length);
	}
	if (!option) {
		return unknown_option(cli, name, length);
	}
	if (option->argument && !value) {
		value = *scan->at;
		if (!value) {
			return cli_usage(cli, "--%s needs a %s", option->name, option->argument);
		}
		scan->at++;
	} else if (!option->argument && value) {
		return cli_usage(cli, "--%s takes no value", option->name);
	}
	if (own) {
		cli->values[own - cli->command->options] = value ? value : "";
		return EXIT_DONE;
	}
	return take_common(cli, scan, option->name, value);
}

static bool is_option(const char *text)
{
	return text && text[0] == '-' && text[1] != '\0';
}

/* Takes options, and leaves the other arguments in `words`, as many as `max`. Stops there if the
 * command says that what follows is not ours, and at "--" at the latest. */
static int scan_all(struct cli *cli, struct scan *scan, char **words, int *ret_count)
{
	int count = 0;

	while (*scan->at) {
		if (strcmp(*scan->at, "--") == 0) {
			scan->at++;
			break;
		}
		if (is_option(*scan->at)) {
			int result = take_option(cli, scan);

			if (result != EXIT_DONE) {
				return result;
			}
			continue;
		}
		if (cli->command->own_options) {
			break;
		}
		words[count++] = *scan->at++;
	}
	while (*scan->at) {
		words[count++] = *scan->at++;
	}
	words[count] = NULL;
	*ret_count = count;
	return EXIT_DONE;
}

/* ---- finding the command ---- */

static int unknown_object(const struct cli *cli, const char *word)
{
	struct suggestion suggestion = suggest_begin(word);

	for (int i = 0; cli_commands[i]; i++) {
		suggest_offer(&suggestion, cli_commands[i]->object);
	}
	return cli_usage(cli, "unknown object \"%s\"%s", word, suggest_text(&suggestion));
}

static int unknown_verb(const char *object, const char *word)
{
	struct suggestion suggestion = suggest_begin(word ? word : "");

	(void)fprintf(stderr, "vipmi: ");
	for (int i = 0; cli_commands[i]; i++) {
		if (strcmp(cli_commands[i]->object, object) == 0) {
			suggest_offer(&suggestion, cli_commands[i]->verb);
		}
	}
	if (word) {
		(void)fprintf(stderr, "\"%s\" has no verb \"%s\"%s; there are", object, word,
			suggest_text(&suggestion));
	} else {
		(void)fprintf(stderr, "\"%s\" needs a verb:", object);
	}
	for (int i = 0, listed = 0; cli_commands[i]; i++) {
		if (strcmp(cli_commands[i]->object, object) == 0) {
			(void)fprintf(stderr, "%s %s", listed++ ? "," : "", cli_commands[i]->verb);
		}
	}
	(void)fprintf(stderr, "\nTry 'vipmi %s --help'.\n", object);
	return EXIT_USAGE;
}

/* Takes the object, and its verb if it has any; *ret_command stays NULL where help is asked for. */
static int find_command(struct cli *cli, struct scan *scan)
{
	const char *object = *scan->at, *verb;
	bool known = false;

	if (strcmp(object, "help") == 0) {
		scan->help = true;
		scan->at++;
		object = *scan->at;
		if (!object) {
			return EXIT_DONE;
		}
	}
	scan->at++;
	verb = *scan->at;
	for (int i = 0; cli_commands[i]; i++) {
		const struct cli_command *command = cli_commands[i];

		if (strcmp(command->object, object) != 0) {
			continue;
		}
		known = true;
		if (!command->verb) {
			cli->command = command;
			return EXIT_DONE;
		}
		if (verb && strcmp(command->verb, verb) == 0) {
			cli->command = command;
			scan->at++;
			return EXIT_DONE;
		}
	}
	if (!known) {
		return unknown_object(cli, object);
	}
	if (scan->help || (verb && (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0))) {
		help_object(object);
		exit(EXIT_DONE);
	}
	return unknown_verb(object, verb);
}

static int check_count(const struct cli *cli, int count)
{
	const struct cli_command *command = cli->command;

	if (count < command->arguments_min) {
		return cli_usage(cli, "too few arguments: %s%s%s %s", command->object,
			command->verb ? " " : "", command->verb ? command->verb : "",
			command->arguments);
	}
	if (command->arguments_max >= 0 && count > command->arguments_max) {
		return cli_usage(cli, "too many arguments");
	}
	return EXIT_DONE;
}

static int run(struct cli *cli, struct scan *scan, char **words)
{
	const char *values[CLI_OPTIONS_MAX] = {0};
	int count = 0, result;

	cli->values = values;
	result = scan_all(cli, scan, words, &count);
	if (result != EXIT_DONE) {
		return result;
	}
	if (scan->help) {
		help_command(cli->command);
		return EXIT_DONE;
	}
	result = check_count(cli, count);
	if (result != EXIT_DONE) {
		return result;
	}
	result = cli->command->run(cli, count, words);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		return cli_fail(EXIT_LOCAL, "cannot write the output: %s", strerror(errno));
	}
	return result;
}

int main(int argc, char **argv)
{
	struct cli cli = {0};
	struct scan scan = {.at = argc > 0 ? argv + 1 : argv};
	char **words;
	int result;

	(void)setlocale(LC_CTYPE, ""); /* for the width of names */
	while (is_option(*scan.at)) {
		if (strcmp(*scan.at, "--version") == 0) {
			(void)printf("vipmi %s\n", vipmi_version());
			return EXIT_DONE;
		}
		result = take_option(&cli, &scan);
		if (result != EXIT_DONE) {
			return result;
		}
	}
	if (!*scan.at && !scan.help) {
		return cli_usage(&cli, "what is to be done?");
	}
	if (*scan.at) {
		result = find_command(&cli, &scan);
		if (result != EXIT_DONE) {
			return result;
		}
	}
	if (!cli.command) {
		help_all();
		return EXIT_DONE;
	}
	words = calloc((size_t)argc + 1, sizeof(*words));
	if (!words) {
		return cli_fail(EXIT_LOCAL, "no memory");
	}
	result = run(&cli, &scan, words);
	free(words);
	return result;
}
