/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The option scenario=FILE, for whoever owns a simulated chassis: vipmi-chassisd and the link
 * chassis:.
 */
#ifndef VIPMI_CHASSISD_SCENARIO_FILE_H
#define VIPMI_CHASSISD_SCENARIO_FILE_H

#include "chassis/chassis.h"

/* A path, a line's number, an order, and what the chassis says of it. */
#define SCENARIO_LINE_MAX (CHASSIS_PATH_MAX + CHASSIS_LINE_MAX + CHASSIS_TEXT_MAX + 40)

/* Reads the file and has the chassis play it; nothing if the path is "". 0, and in *ret_text what
 * is to be freed after the chassis; or negative, and the error names file, line, what is wrong. */
int scenario_file_play(struct chassis *chassis, const char *path, uint64_t now_ns, char **ret_text,
	char *error, size_t error_size);

/* A line for the log, from an output of type CHASSIS_OUTPUT_STEP. */
void scenario_file_line(
	const char *path, const struct chassis_output *output, char *line, size_t size);

#endif
