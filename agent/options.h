/* SPDX-License-Identifier: BSD-2-Clause */
/* What vipmid is told on its command line. */
#ifndef VIPMI_AGENT_OPTIONS_H
#define VIPMI_AGENT_OPTIONS_H

#include <stdint.h>

#include "faces/faces.h"

/* Controllers in one agent: more than a shelf has slots. */
#define AGENT_CONTROLLERS_MAX 32u

/* How one controller is reached, and how programs reach it. */
struct controller_order {
	const char *link; /* specification */
	/* What each face of face_table was told; NULL: it is not asked for. Told several times:
	 * one text a line. */
	const char *faces[FACES_MAX];
};

struct options {
	uint32_t controllers;
	struct controller_order orders[AGENT_CONTROLLERS_MAX];
	struct core_limits limits; /* of each controller; the seed is its own */
};

/* 0: go on. 1: everything was said (--help, --version). -EINVAL: it was wrong, and has been
 * explained on standard error. The strings stay as long as the program. */
int options_read(int argc, char **argv, struct options *ret_options);

#endif
