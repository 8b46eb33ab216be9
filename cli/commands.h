/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands, one line each; main.c has them in the order of the help.
 */
#ifndef VIPMI_CLI_COMMANDS_H
#define VIPMI_CLI_COMMANDS_H

#include "cli/cli.h"

extern const struct cli_command command_status;
extern const struct cli_command command_raw;
extern const struct cli_command command_exec;
extern const struct cli_command command_client_list;
extern const struct cli_command command_client_show;
extern const struct cli_command command_client_kick;
extern const struct cli_command command_event_list;
extern const struct cli_command command_event_follow;
extern const struct cli_command command_reservation_list;
extern const struct cli_command command_reservation_hold;
extern const struct cli_command command_reservation_revoke;
extern const struct cli_command command_sequence_list;
extern const struct cli_command command_node_list;
extern const struct cli_command command_node_add;
extern const struct cli_command command_node_remove;
extern const struct cli_command command_node_set;
extern const struct cli_command command_node_reserve;
extern const struct cli_command command_command_list;
extern const struct cli_command command_command_show;
extern const struct cli_command command_chassis_show;
extern const struct cli_command command_chassis_insert;
extern const struct cli_command command_chassis_pull;
extern const struct cli_command command_chassis_set;
extern const struct cli_command command_chassis_fault;
extern const struct cli_command command_chassis_reset;
extern const struct cli_command command_chassis_run;

/* ---- answer.c ---- */

/* Prints an answer and what its completion code means; EXIT_DONE or EXIT_CODE. */
int answer_report(const struct cli *cli, const struct vipmi_answer *answer);
/* One JSON object, an error's included. */
void answer_print_structured(const struct cli *cli, const struct vipmi_answer *answer);

/* ---- rights.c ---- */

/* NETFN COMMAND|all, toward a responder or (NULL) any, to send or to receive: EXIT_DONE, or
 * EXIT_USAGE with what is wrong told. */
int rights_take(const struct cli *cli, char **arguments, const char *ipmb, bool receive,
	struct vipmi_right *ret_right);
/* Tells who holds what was asked for. EXIT_REFUSED. */
int rights_held(uint32_t handle);

/* What may stand with every command. */
extern const struct cli_option cli_common_options[];

#endif
