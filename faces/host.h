/* SPDX-License-Identifier: BSD-2-Clause */
/* What a face's sessions ask of the agent, for all faces. */
#ifndef VIPMI_FACES_HOST_H
#define VIPMI_FACES_HOST_H

#include "faces/faces.h"
#include "session/session.h"

struct session_context {
	const struct face_host *agent;
	const uint64_t *now_ns; /* the face's clock */
	uint32_t uid;           /* of the agent: who runs it administers it, as root does */
};

/* `context` must stay put as long as sessions use the host. */
void session_host_init(struct session_host *ret_host, struct session_context *context,
	const struct face_host *agent, const uint64_t *now_ns);

/* As the kernel's TASK_COMM_LEN. */
#define COMMAND_NAME_MAX 16u

/* What a program calls itself, printable; empty where /proc does not say. */
void command_name(uint32_t pid, char name[COMMAND_NAME_MAX]);

#endif
