/* SPDX-License-Identifier: BSD-2-Clause */
/* Scenario files: read and checked as a whole, before anything is done. */
#include "cli/chassis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int check(struct scenario *scenario, const char *name)
{
	char error[CHASSIS_ERROR_SIZE];
	uint32_t line;
	int count;

	if (scenario->steps.length > CHASSIS_SCENARIO_MAX) {
		return cli_fail(
			EXIT_USAGE, "%s: longer than 1 MiB; run the rest as a second file", name);
	}
	count = chassis_scenario_check(scenario->steps, &line, error);
	if (count < 0) {
		return cli_fail(EXIT_USAGE, "%s:%u: %s", name, line, error);
	}
	scenario->count = (unsigned int)count;
	return EXIT_DONE;
}

int scenario_read(const char *path, struct scenario *scenario)
{
	bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? "standard input" : path;
	FILE *stream = standard ? stdin : fopen(path, "re");
	size_t size = 0;
	int result = EXIT_DONE;
	ssize_t length;

	*scenario = (struct scenario){0};
	if (!stream) {
		return cli_fail(EXIT_LOCAL, "cannot open %s: %s", path, strerror(errno));
	}
	/* All of it: a text has no zero in it. */
	length = getdelim(&scenario->text, &size, '\0', stream);
	if (ferror(stream)) {
		result = cli_fail(EXIT_LOCAL, "cannot read %s: %s", name, strerror(errno));
	}
	if (!standard) {
		(void)fclose(stream); /* nothing was written */
	}
	scenario->steps = (struct chassis_scenario){
		.text = scenario->text, .length = length > 0 ? (size_t)length : 0};
	return result == EXIT_DONE ? check(scenario, name) : result;
}

void scenario_finish(struct scenario *scenario)
{
	free(scenario->text);
	*scenario = (struct scenario){0};
}
