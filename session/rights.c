/* SPDX-License-Identifier: BSD-2-Clause */
#include "session/rights.h"

#include "session/reply.h"

_Static_assert(VIPMI_COMMANDS_MAX == CORE_COMMANDS_PER_CALL, "a message carries a whole list");
_Static_assert(VIPMI_COMMAND_ALL == CORE_ALL_COMMANDS && VIPMI_ALL == CORE_ALL &&
		       VIPMI_BODY_ALL == CORE_ALL_BODIES,
	"the wire's wildcards are the core's");

/* Reads the list into the scratch; how many there are. */
static size_t commands_read(struct session_scratch *scratch)
{
	struct socket_bytes left = scratch->message.commands;
	struct socket_command command;
	size_t count = 0;

	while (count < ARRAY_LENGTH(scratch->commands) && socket_command_next(&left, &command)) {
		scratch->commands[count++] = (struct core_command){
			.netfn = command.netfn,
			.command = command.command,
			.body = command.body,
			.channel = command.channel,
			.address = command.address,
			.lun = command.lun,
			.direction = command.direction,
		};
	}
	return count;
}

/*
 * Whose connection the handle is of. A program may speak for its handle over a
 * second connection: the shim does, since on the first everything that comes is
 * for the program. So may whatever else runs for the same user, which could take
 * the program's memory and sockets anyway.
 */
static uint32_t client_of(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint32_t handle)
{
	uint32_t cursor = handle & 0xFFFF; /* its slot */

	if (host->handle_next && host->handle_next(host->context, &cursor, &scratch->info) &&
		scratch->info.handle == handle &&
		(session->credentials.uid == 0 ||
			scratch->info.credentials.uid == session->credentials.uid)) {
		return scratch->info.client;
	}
	return session->client;
}

static void commands_event(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, enum core_event_type type)
{
	size_t count = commands_read(scratch);

	scratch->event = (struct core_event){
		.type = type,
		.command_reserve = {.client = client_of(
					    session, host, scratch, scratch->message.header.handle),
			.handle = scratch->message.header.handle,
			.commands = scratch->commands,
			.count = count,
			.anew = scratch->message.header.flags & VIPMI_FLAG_ANEW,
			.lease_ms = scratch->message.lease_ms},
	};
}

static int reply_holder(const struct session_scratch *scratch, uint8_t *reply)
{
	const struct core_event *event = &scratch->event;
	const struct core_command *held = &event->command_reserve.ret_held;
	const struct socket_command command = {
		.netfn = held->netfn,
		.command = held->command,
		.body = held->body,
		.channel = held->channel,
		.address = held->address,
		.lun = held->lun,
		.direction = held->direction,
	};
	struct writer writer;

	reply_begin(&writer, reply, &scratch->message.header, VIPMI_MESSAGE_DONE,
		VIPMI_REASON_RESERVED);
	socket_put_holder(&writer, event->command_reserve.ret_holder,
		(uint16_t)event->command_reserve.ret_index, &command);
	reply_text(&writer, "somebody else holds a right that is in the way");
	return reply_end(&writer);
}

int rights_reserve(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	int result;

	commands_event(session, host, scratch, CORE_EVENT_COMMAND_RESERVE);
	result = host->step(host->context, &scratch->event);
	if (result == -EBUSY) {
		return reply_holder(scratch, reply);
	}
	return reply_done(&scratch->message.header, result, reply);
}

int rights_release(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	commands_event(session, host, scratch, CORE_EVENT_COMMAND_RELEASE);
	return reply_done(
		&scratch->message.header, host->step(host->context, &scratch->event), reply);
}

int rights_revoke(const struct session_host *host, struct session_scratch *scratch, uint32_t number)
{
	scratch->event = (struct core_event){
		.type = CORE_EVENT_COMMAND_REVOKE,
		.command_revoke = {.number = number},
	};
	return host->step(host->context, &scratch->event);
}

int rights_maintenance(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, bool wanted)
{
	const uint32_t handle = scratch->message.header.handle;

	/* It takes the driver's events and its recovery from everybody. */
	if (wanted && !host->administers(host->context, &session->credentials)) {
		return -EPERM;
	}
	scratch->event = (struct core_event){
		.type = CORE_EVENT_MAINTENANCE,
		.maintenance = {.client = client_of(session, host, scratch, handle),
			.handle = handle,
			.wanted = wanted},
	};
	return host->step(host->context, &scratch->event);
}

static int sequence_step(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, enum core_event_type type)
{
	const struct socket_message *message = &scratch->message;

	if (!socket_has(message, VIPMI_EXTENSION_SEQUENCE)) {
		return -EINVAL;
	}
	scratch->event = (struct core_event){
		.type = type,
		.sequence = {.client = session->client,
			.handle = message->header.handle,
			.virtual_client = message->header.virtual_client,
			.channel = message->sequence.channel,
			.address = message->sequence.address,
			.count = message->sequence.count,
			.numbers = message->sequence.numbers},
	};
	return host->step(host->context, &scratch->event);
}

int rights_sequence_reserve(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	const struct socket_message *message = &scratch->message;
	int result = sequence_step(session, host, scratch, CORE_EVENT_SEQUENCE_RESERVE);
	struct writer writer;

	if (result) {
		return reply_done(&message->header, result, reply);
	}
	reply_begin(&writer, reply, &message->header, VIPMI_MESSAGE_DONE, VIPMI_REASON_NONE);
	socket_put_sequence(&writer, message->sequence.channel, message->sequence.address, 0,
		scratch->event.sequence.ret_numbers);
	return reply_end(&writer);
}

int rights_sequence_free(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	return reply_done(&scratch->message.header,
		sequence_step(session, host, scratch, CORE_EVENT_SEQUENCE_FREE), reply);
}
