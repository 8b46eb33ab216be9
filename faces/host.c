/* SPDX-License-Identifier: BSD-2-Clause */
#include "faces/host.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static struct core *core_of(void *context)
{
	return ((struct session_context *)context)->agent->core;
}

static int host_step(void *context, struct core_event *event)
{
	event->now_ns = *((struct session_context *)context)->now_ns;
	return core_step(core_of(context), event);
}

static void host_status(void *context, struct core_status *ret_status)
{
	core_status(core_of(context), ret_status);
}

static bool host_handle_next(void *context, uint32_t *cursor, struct core_handle_info *ret_info)
{
	return core_handle_next(core_of(context), cursor, ret_info);
}

static bool host_command_next(void *context, uint32_t *cursor, struct core_command_info *ret_info)
{
	return core_command_next(core_of(context), cursor, ret_info);
}

static bool host_sequence_next(void *context, uint32_t *cursor, struct core_sequence_info *ret_info)
{
	return core_sequence_next(core_of(context), cursor, ret_info);
}

static bool host_message_next(void *context, uint64_t *cursor, struct core_message_info *ret_info)
{
	return core_message_next(core_of(context), cursor, ret_info);
}

static bool host_administers(void *context, const struct core_credentials *by)
{
	return by->uid == 0 || by->uid == ((struct session_context *)context)->uid;
}

static int host_kick(void *context, uint32_t client)
{
	const struct face_host *agent = ((struct session_context *)context)->agent;

	return agent->kick(agent->context, client);
}

void session_host_init(struct session_host *ret_host, struct session_context *context,
	const struct face_host *agent, const uint64_t *now_ns)
{
	*context = (struct session_context){
		.agent = agent, .now_ns = now_ns, .uid = (uint32_t)geteuid()};
	*ret_host = (struct session_host){
		.context = context,
		.step = host_step,
		.status = host_status,
		.handle_next = host_handle_next,
		.command_next = host_command_next,
		.sequence_next = host_sequence_next,
		.message_next = host_message_next,
		.administers = host_administers,
		.kick = host_kick,
		.link = agent->link,
		.version = agent->version,
	};
	memcpy(ret_host->boot_id, agent->boot_id, sizeof(agent->boot_id));
}

void command_name(uint32_t pid, char name[COMMAND_NAME_MAX])
{
	char path[32];
	ssize_t length = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		length = read(fd, name, COMMAND_NAME_MAX - 1);
		close(fd);
	}
	name[length > 0 ? length : 0] = '\0';
	name[strcspn(name, "\n")] = '\0';
	for (; *name; name++) {
		if (*name < ' ' || *name > '~') {
			*name = '?'; /* a program may call itself anything; our log is lines */
		}
	}
}
