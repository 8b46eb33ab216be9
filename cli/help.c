/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"

/* Where explanations begin. */
#define INDENT 26

static void print_option(const struct cli_option *option)
{
	int used = printf("  --%s%s%s", option->name, option->argument ? " " : "",
		option->argument ? option->argument : "");

	(void)printf("%*s%s\n", used < INDENT ? INDENT - used : 1, "", option->text);
}

static void print_options(const char *heading, const struct cli_option *options)
{
	if (!options[0].name) {
		return;
	}
	(void)printf("\n%s\n", heading);
	for (; options->name; options++) {
		print_option(options);
	}
}

static int print_command(const struct cli_command *command)
{
	return printf("%s%s%s%s%s", command->object, command->verb ? " " : "",
		command->verb ? command->verb : "", command->arguments ? " " : "",
		command->arguments ? command->arguments : "");
}

void help_command(const struct cli_command *command)
{
	(void)printf("usage: vipmi ");
	if (command->options[0].name) {
		(void)printf("%s%s%s [OPTION ...]%s%s\n", command->object, command->verb ? " " : "",
			command->verb ? command->verb : "", command->arguments ? " " : "",
			command->arguments ? command->arguments : "");
	} else {
		(void)print_command(command);
		(void)putchar('\n');
	}
	(void)printf("\n%s\n", command->summary);
	if (command->text) {
		(void)printf("\n%s\n", command->text);
	}
	print_options("Options:", command->options);
	print_options("Common options:", cli_common_options);
}

static void print_line(const struct cli_command *command)
{
	int used = printf("  ") + print_command(command);

	if (used >= INDENT) {
		(void)putchar('\n');
		used = 0;
	}
	(void)printf("%*s%s\n", INDENT - used, "", command->summary);
}

void help_object(const char *object)
{
	(void)printf("usage: vipmi %s VERB ...\n\n", object);
	for (int i = 0; cli_commands[i]; i++) {
		if (strcmp(cli_commands[i]->object, object) == 0) {
			print_line(cli_commands[i]);
		}
	}
	(void)printf("\nEach explains itself: vipmi %s VERB --help\n", object);
}

void help_all(void)
{
	(void)puts("usage: vipmi [--target TARGET] [-o table|json|jsonl] OBJECT [VERB] ...\n"
		   "\n"
		   "Shares one IPMI controller between many programs: asks the agent (vipmid, or\n"
		   "vipmi.ko) how it is doing, sends requests of its own, runs programs on it.\n");
	for (int i = 0; cli_commands[i]; i++) {
		print_line(cli_commands[i]);
	}
	print_options("Common options:", cli_common_options);
	(void)printf("  --version%*sprint the version\n", INDENT - 11, "");
	(void)puts("\n"
		   "Without --target, the agent is looked for at $VIPMI_TARGET, or else "
		   "at\n" VIPMI_TARGET_DEFAULT ".\n"
		   "\n"
		   "Exit status: 0 done, 1 local failure, 2 usage, 3 refused, 4 timed out or\n"
		   "controller lost, 5 the controller answered with a completion code.\n"
		   "\n"
		   "Each command explains itself: vipmi status --help");
}
