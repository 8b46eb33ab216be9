/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi chassis: the simulated drawer. What was asked of it, the picture of it, and scenario files.
 */
#ifndef VIPMI_CLI_CHASSIS_H
#define VIPMI_CLI_CHASSIS_H

#include <stdio.h>

#include "cli/cli.h"
#include "ipmi/chassis_scenario.h"

/* Every kind of fault at every place would be more; nobody draws that. */
#define DRAWER_FAULTS_MAX 32

struct drawer {
	struct chassis_whole whole;
	struct chassis_place places[CHASSIS_PLACES_MAX]; /* 1 stands in [0] */
	struct chassis_fault faults[DRAWER_FAULTS_MAX];
	size_t faults_count;
};

/* ---- chassis_picture.c: draws, knows nothing of agents ---- */

struct look {
	bool utf8, colours;   /* what the terminal shows */
	unsigned int columns; /* how wide it is; 0: nobody says */
};

/* The slots side by side, in bands where they do not fit; what their letters mean; what is beside
 * them, what is in trouble, which faults are injected. */
void picture_draw(FILE *stream, const struct drawer *drawer, const struct look *look);

/* ---- chassis_text.c ---- */

/* "7 'Cpu Temp'": the text of a reading, or of states. */
void picture_reading(const struct chassis_sensor *sensor, char *text, size_t size);

/* "lost 10% at 7, 3 s left, happened 2 times" */
void picture_fault(const struct chassis_fault *fault, char *text, size_t size);

/* ---- chassis_talk.c: asks and orders through an agent ---- */

struct chassis_talk {
	const struct cli *cli;
	struct vipmi *vipmi;
	struct vipmi_handle *handle;
};

/* Connects, and makes sure that a simulated chassis is there before anything of ours is sent to it.
 * EXIT_DONE, or what to exit with, the reason being told; either way talk_end. */
int talk_begin(const struct cli *cli, struct chassis_talk *talk);
void talk_end(struct chassis_talk *talk);

/* Each asks; EXIT_DONE, or what to exit with, the reason being told. */
int talk_place(struct chassis_talk *talk, uint8_t place, struct chassis_place *ret_place);
int talk_drawer(struct chassis_talk *talk, struct drawer *ret_drawer);
/* Up to `max` sensors of a place; *ret_count how many. */
int talk_sensors(struct chassis_talk *talk, const struct chassis_place *place,
	struct chassis_sensor *sensors, size_t max, size_t *ret_count);
/* `where` ("FILE:3: ", or "") stands before what is told when it is refused. */
int talk_order(struct chassis_talk *talk, const char *line, const char *where,
	struct chassis_control_result *ret_result);
/* Waits until the place is in that state; what it became instead is told. */
int talk_wait(struct chassis_talk *talk, uint8_t place, uint8_t state, uint32_t patience_ms);

/* ---- chassis_scenario.c ---- */

struct scenario {
	char *text; /* the whole file */
	struct chassis_scenario steps;
	unsigned int count; /* of orders */
};

/* Reads and checks the whole file ("-": standard input). EXIT_DONE, or what to exit with, file and
 * line being told; either way scenario_finish. */
int scenario_read(const char *path, struct scenario *scenario);
void scenario_finish(struct scenario *scenario);

#endif
