/* SPDX-License-Identifier: BSD-2-Clause */
/* What vipmid is told on its command line. */
#ifndef VIPMI_AGENT_OPTIONS_H
#define VIPMI_AGENT_OPTIONS_H

#include <stdint.h>

/* Controllers in one agent: more than a shelf has slots. */
#define AGENT_CONTROLLERS_MAX 32u

struct options {
	uint32_t controllers;
	const char *links[AGENT_CONTROLLERS_MAX];   /* link specifications */
	const char *sockets[AGENT_CONTROLLERS_MAX]; /* where each is served */
	uint32_t handles_max;
};

/* 0: go on. 1: everything was said (--help, --version). -EINVAL: it was wrong, and has been
 * explained on standard error. The strings stay with argv. */
int options_read(int argc, char **argv, struct options *ret_options);

#endif
