/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi exec: runs a program that finds a virtual controller at /dev/ipmi0.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/commands.h"

enum exec_option {
	OPTION_NAME,
	OPTION_REAL_USER,
};

/* Beside the program in the build tree, and relative to it where it was installed. */
static const char *const shim_places[] = {
	"../client/shim/ipmi0.so",
	"../" VIPMI_LIBDIR "/vipmi/ipmi0.so",
};

/* The shim that belongs to this program: 0 or -ENOENT. */
static int find_shim(char *path, size_t size)
{
	const char *given = getenv("VIPMI_SHIM");
	char own[PATH_MAX];
	ssize_t length;
	char *slash;

	if (given && given[0]) {
		(void)snprintf(path, size, "%s", given);
		return access(path, R_OK) == 0 ? 0 : -ENOENT;
	}
	length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	if (length > 0) {
		own[length] = '\0';
		slash = strrchr(own, '/');
		*slash = '\0';
		for (size_t i = 0; i < sizeof(shim_places) / sizeof(shim_places[0]); i++) {
			char place[PATH_MAX * 2];

			(void)snprintf(place, sizeof(place), "%s/%s", own, shim_places[i]);
			/* The program that we run has another working directory some day. */
			if (realpath(place, path)) {
				return 0;
			}
		}
	}
	(void)snprintf(path, size, "%s", VIPMI_SHIM_PATH);
	return access(path, R_OK) == 0 ? 0 : -ENOENT;
}

static void set(const char *name, const char *value)
{
	if (setenv(name, value, 1) < 0) {
		exit(cli_fail(EXIT_LOCAL, "no memory for %s", name));
	}
}

/* Before what is preloaded already. */
static void set_preload(const char *shim)
{
	const char *others = getenv("LD_PRELOAD");
	char *both = NULL;

	if (!others || !others[0]) {
		set("LD_PRELOAD", shim);
		return;
	}
	if (asprintf(&both, "%s:%s", shim, others) < 0) {
		exit(cli_fail(EXIT_LOCAL, "no memory for LD_PRELOAD"));
	}
	set("LD_PRELOAD", both);
	free(both);
}

/* Where the agent was found, as a path that holds in other directories too. */
static int set_target(struct vipmi *vipmi)
{
	struct vipmi_info info;
	struct stat status;
	char *path;

	if (vipmi_get_info(vipmi, &info) < 0) {
		return cli_fail(EXIT_LOCAL, "%s", vipmi_error_text());
	}
	if (stat(info.target, &status) == 0 && S_ISCHR(status.st_mode)) {
		return cli_fail(EXIT_LOCAL,
			"%s is a device; programs are run on the socket of a vipmid", info.target);
	}
	path = realpath(info.target, NULL);
	set("VIPMI_TARGET", path ? path : info.target);
	free(path);
	return EXIT_DONE;
}

static int run(struct cli *cli, int count, char **arguments)
{
	const char *name = cli->values[OPTION_NAME];
	char shim[PATH_MAX];
	struct vipmi *vipmi;
	int result;

	(void)count;
	if (name && (strlen(name) > 31 || !name[0])) {
		return cli_usage(cli, "the name \"%s\" has not 1 to 31 bytes", name);
	}
	if (find_shim(shim, sizeof(shim)) < 0) {
		return cli_fail(EXIT_LOCAL,
			"cannot find the shim at %s; is vipmi installed whole? "
			"(or set VIPMI_SHIM)",
			shim);
	}
	if (strpbrk(shim, " :")) {
		return cli_fail(EXIT_LOCAL,
			"the shim's path %s has a blank or a colon in it, which "
			"LD_PRELOAD cannot carry",
			shim);
	}
	/* So that a missing agent is told here, and clearly, and not by the program. */
	result = cli_connect(cli, &vipmi);
	if (result != EXIT_DONE) {
		return result;
	}
	result = set_target(vipmi);
	vipmi_disconnect(vipmi);
	if (result != EXIT_DONE) {
		return result;
	}
	if (name) {
		set("VIPMI_NAME", name);
	}
	if (geteuid() != 0 && !cli->values[OPTION_REAL_USER]) {
		set("VIPMI_FAKE_ROOT", "1");
	}
	set_preload(shim);
	(void)execvp(arguments[0], arguments);
	return cli_fail(EXIT_LOCAL, "cannot run %s: %s", arguments[0], strerror(errno));
}

const struct cli_command command_exec = {
	.object = "exec",
	.arguments = "[--] COMMAND [ARGUMENT ...]",
	.summary = "run a program that finds a virtual controller at /dev/ipmi0",
	.text = "The program (ipmitool, FreeIPMI's and OpenIPMI's tools, or any other) needs no\n"
		"change and no rights on a device: /dev/ipmi0, /dev/ipmi/0 and /dev/ipmidev/0 "
		"lead\n"
		"it to the agent, and so for what it runs in turn. Programs that are linked\n"
		"statically, or change user when started, cannot be reached. The exit status is\n"
		"the program's.",
	.options =
		{
			[OPTION_NAME] = {"name", "NAME",
				"what listings call it (default: the program's)"},
			[OPTION_REAL_USER] = {"real-user", NULL,
				"do not tell programs that they run as root (FreeIPMI asks)"},
		},
	.own_options = true,
	.arguments_min = 1,
	.arguments_max = -1,
	.run = run,
};
