/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassisd/scenario_file.h"

#include <stdio.h>
#include <stdlib.h>

/* All of it: a text has no zero in it. The length, or negative. */
static ssize_t read_file(const char *path, char **ret_text)
{
	FILE *file = fopen(path, "re");
	size_t size = 0;
	ssize_t length;

	if (!file) {
		return -errno;
	}
	length = getdelim(ret_text, &size, '\0', file);
	if (length < 0) {
		length = ferror(file) ? -errno : 0;
	}
	(void)fclose(file); /* nothing was written */
	return length;
}

int scenario_file_play(struct chassis *chassis, const char *path, uint64_t now_ns, char **ret_text,
	char *error, size_t error_size)
{
	char why[CHASSIS_ERROR_SIZE], *text = NULL;
	ssize_t length;
	uint32_t line;
	int result;

	*ret_text = NULL;
	if (!*path) {
		return 0;
	}
	length = read_file(path, &text);
	if (length < 0) {
		snprintf(error, error_size, "cannot read scenario=%s: %s", path,
			strerror((int)-length));
		free(text);
		return (int)length;
	}
	if ((size_t)length > CHASSIS_SCENARIO_MAX) {
		snprintf(error, error_size, "%s: longer than 1 MiB", path);
		free(text);
		return -EINVAL;
	}
	result = chassis_play(chassis, text, (size_t)length, now_ns, &line, why);
	if (result < 0) {
		snprintf(error, error_size, "%s:%u: %s", path, line, why);
		free(text);
		return result;
	}
	*ret_text = text;
	return 0;
}

void scenario_file_line(
	const char *path, const struct chassis_output *output, char *line, size_t size)
{
	const struct chassis_step *step = output->step;

	snprintf(line, size, "SIMULATED chassis: %s:%u: %.*s: %s%s", path, step->line,
		(int)step->order_length, step->order, output->result->text,
		output->result->status == CHASSIS_STATUS_DONE ? "" : "; the scenario ends here");
}
