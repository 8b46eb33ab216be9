/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network functions and commands by name or number, as the command line gives them.
 */
#ifndef VIPMI_CLI_WORDS_H
#define VIPMI_CLI_WORDS_H

#include "cli/cli.h"
#include "ipmi/command.h"

/* "app", "0x06", "6": the request's, even. EXIT_DONE, or EXIT_USAGE with what is wrong told, and
 * the nearest name. */
int words_netfn(const struct cli *cli, const char *word, uint8_t *ret_netfn);

/* The command `word` of a network function that was given as `netfn_word`. *ret_command is NULL
 * when it is a number that the table does not have. */
int words_command(const struct cli *cli, const char *netfn_word, uint8_t netfn, const char *word,
	uint8_t *ret_code, const struct ipmi_command **ret_command);

/* "urgent", "normal", "background": enum vipmi_urgency. Else as words_netfn. */
int words_class(const struct cli *cli, const char *word, uint8_t *ret_urgency);

/* A text as a word of the command line: "Slot / Connector" becomes "slot-connector". */
void words_slug(const char *text, char *slug, size_t size);

#endif
