/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads a request as a credulous controller and its bus would execute it, without
 * the core's help: fuzz_rights.c's judge. See there.
 */
#ifndef VIPMI_FUZZ_RIGHTS_JUDGE_H
#define VIPMI_FUZZ_RIGHTS_JUDGE_H

#include "core/core.h"

#define JUDGE_HELD_MAX 32

#define APP 0x06
#define SEND_MESSAGE 0x34
#define MASTER_WRITE_READ 0x52

enum verdict { OPEN, PERHAPS, HELD };

/* A controller that is to execute something, and where its message came in. */
struct node {
	bool self;        /* the one behind the link, by whatever name */
	bool any_channel; /* which of ours leads there is not known */
	bool vague;       /* ... or it is `channel`, if it reads the specification as we do */
	bool sure;        /* the message gets there by the letter of the specification */
	uint8_t channel;  /* it came in by; F: the system interface */
	uint8_t address;
};

struct asked {
	uint8_t netfn, lun, command;
	const uint8_t *data;
	size_t length;
};

/* Who holds what at present, as the judge knows it. */
struct judge {
	struct {
		int program;
		struct core_command what;
		uint64_t until_ns;
	} held[JUDGE_HELD_MAX];
	size_t held_count;
	uint8_t own_address;
};

/* The controller that a request addressed so reaches first. */
struct node judge_node(const struct judge *judge, uint8_t kind, uint8_t channel, uint8_t address);

/* What a program's request comes to. Of a `carrier`, only what it carries is looked at. */
enum verdict judge_request(
	const struct judge *judge, int sender, struct node node, struct asked asked, bool carrier);

#endif
