/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An answer's bytes, for people and for programs.
 */
#include <stdio.h>

#include "cli/commands.h"
#include "ipmi/command.h"

/* Bytes a line of the answer, as ipmitool prints them. */
#define BYTES_PER_LINE 16

static void print_hex(const struct vipmi_answer *answer)
{
	for (size_t i = 0; i < answer->length; i++) {
		if (i > 0 && i % BYTES_PER_LINE == 0) {
			(void)putchar('\n');
		}
		(void)printf(" %02x", answer->data[i]);
	}
	/* Also where there was nothing: so that each answer has its line. */
	if (answer->length > 0 || answer->cc == VIPMI_CC_OK) {
		(void)putchar('\n');
	}
}

void answer_print_structured(const struct cli *cli, const struct vipmi_answer *answer)
{
	static const char *const origins[] = {"controller", "cache", "agent"};
	static const char *const sent[] = {"no", "yes", "unknown"};
	char hex[2 * VIPMI_DATA_MAX + 1] = "";
	struct cell cells[] = {
		{.key = "netfn", .number = answer->netfn & ~1u},
		{.key = "command", .number = answer->command},
		{.key = "completion_code", .number = answer->cc},
		{.key = "completion_text",
			.text = ipmi_completion_code_text(
				answer->netfn & ~1u, answer->command, answer->cc)},
		{.key = "data", .text = hex},
		{.key = "origin", .text = answer->origin < 3 ? origins[answer->origin] : "unknown"},
		{.key = "reason",
			.text = vipmi_reason_name(answer->reason),
			.null = answer->reason == VIPMI_REASON_NONE},
		{.key = "sent", .text = answer->sent < 3 ? sent[answer->sent] : "unknown"},
		{.key = "age_ms",
			.number = answer->age_ms,
			.null = answer->origin != VIPMI_ORIGIN_CACHE},
	};

	for (size_t i = 0; i < answer->length; i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", answer->data[i]);
	}
	show_one(cli->format, cells, sizeof(cells) / sizeof(cells[0]));
}

int answer_report(const struct cli *cli, const struct vipmi_answer *answer)
{
	uint8_t netfn = answer->netfn & ~1u;

	if (cli->format != FORMAT_TABLE) {
		answer_print_structured(cli, answer);
	} else {
		print_hex(answer);
	}
	if (answer->cc == VIPMI_CC_OK) {
		return EXIT_DONE;
	}
	return cli_fail(EXIT_CODE, "completion code %02Xh: %s", answer->cc,
		ipmi_completion_code_text(netfn, answer->command, answer->cc));
}
