/* SPDX-License-Identifier: BSD-2-Clause */
/* What a script says, between the file (links/script_file.c) and the link (links/script.c). */
#ifndef VIPMI_LINKS_SCRIPT_H
#define VIPMI_LINKS_SCRIPT_H

#include "core/core.h"

/* A test that needs more is two tests. */
#define SCRIPT_RULES_MAX 512
#define SCRIPT_STEPS_MAX 8
#define SCRIPT_PATTERN_MAX 64

#define ANY_BYTE (-1)

enum step_kind {
	STEP_ANSWER,
	STEP_WRONG,
	STEP_STRAY,
	STEP_GARBAGE,
	STEP_ATTENTION_ON,
	STEP_ATTENTION_OFF,
	STEP_RESET,
	STEP_DOWN,
	STEP_UP,
	STEP_REFUSE,
	STEP_READY,
};

struct step {
	uint8_t kind;
	uint32_t delay_ms; /* since the request, or since the link came up first */
	uint32_t lasts_ms; /* DOWN, REFUSE */
};

struct rule {
	bool timed;                          /* "after": fires by itself */
	bool any_rest;                       /* the pattern ends in a star */
	uint8_t pattern_length;              /* netFn, command, data */
	int16_t pattern[SCRIPT_PATTERN_MAX]; /* a byte or ANY_BYTE */
	uint32_t times_left;                 /* UINT32_MAX: never worn out */
	uint8_t step_count;
	struct step steps[SCRIPT_STEPS_MAX];
	uint16_t answer_length;
	uint8_t answer[VIPMI_DATA_MAX];
};

struct script_file {
	struct core_link_capabilities capabilities;
	size_t rule_count;
	struct rule rules[SCRIPT_RULES_MAX];
};

/* Reads a script into *ret_file, which must be all zeros. 0, or a negative errno with one line in
 * `error`: file, line, and the word that is wrong. */
int script_file_read(
	const char *path, struct script_file *ret_file, char *error, size_t error_size);

#endif
