/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated chassis behind the VM serial protocol: what QEMU's
 * ipmi-bmc-extern and the agent's vm link connect to. One peer at a time.
 */
#ifndef VIPMI_CHASSISD_SERVER_H
#define VIPMI_CHASSISD_SERVER_H

#include "chassis/chassis.h"

#include <stdio.h>

struct server;

/*
 * Listens on "HOST:PORT" (port 0: any) or "unix:PATH" and writes the address it
 * got to `where`. 0, or a negative errno with a line in `error`.
 */
int server_open(const char *listen, const struct chassis_options *options, FILE *request_log,
	char *where, size_t where_size, char *error, size_t error_size, struct server **ret_server);

/* Serves until SIGINT or SIGTERM; SIGUSR1 makes the controller silent, and talk again. */
int server_run(struct server *server);

/* Takes NULL. */
void server_close(struct server *server);

#endif
