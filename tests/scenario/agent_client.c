/* SPDX-License-Identifier: BSD-2-Clause */
/* Programs above an agent: each client of a transcript is a connection of the socket protocol. What
 * it is given are sights; replies are what a line says the core says. */
#include "tests/scenario/agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define CLIENTS_MAX 8192

static int clients[CLIENTS_MAX]; /* their connections, by number; 0 is nobody */
static uint32_t clients_count;
static uint8_t boot_id[16]; /* the agent's */
/* The reply that a call waits for. */
static struct {
	bool wanted, here;
	bool refusal; /* an answer that refuses is one, too */
	uint32_t client;
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct socket_message message;
} reply;

/* What the agent's reasons were in the core (session/reply.c). */
static int error_of(uint8_t reason)
{
	switch (reason) {
	case VIPMI_REASON_NONE:
		return 0;
	case VIPMI_REASON_FULL:
		return -ENOSPC;
	case VIPMI_REASON_STALE:
		return -ESTALE;
	case VIPMI_REASON_TOO_LONG:
		return -EMSGSIZE;
	case VIPMI_REASON_NOT_FOUND:
		return -ENOENT;
	case VIPMI_REASON_RESERVED:
		return -EBUSY;
	case VIPMI_REASON_EXPIRED:
		return -ETIMEDOUT;
	default:
		return -EINVAL;
	}
}

int client_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat is;
	int fd;

	if (stat(agent_options.target, &is) == 0 && S_ISCHR(is.st_mode)) {
		return open(agent_options.target, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", agent_options.target);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* ---- what comes ---- */

static void see_delivery(struct stage *stage, const struct words *words, uint32_t client,
	const struct socket_message *message)
{
	const struct socket_header *header = &message->header;
	struct core_action action = {.type = CORE_ACTION_DELIVER};
	struct core_deliver *deliver = &action.deliver;

	*deliver = (struct core_deliver){
		.client = client,
		.handle = header->handle,
		.kind = header->type == VIPMI_MESSAGE_ANSWER  ? CORE_DELIVERY_ANSWER
			: header->type == VIPMI_MESSAGE_EVENT ? CORE_DELIVERY_EVENT
							      : CORE_DELIVERY_LOSS,
		.tag = header->tag,
		.virtual_client = header->virtual_client,
		.netfn = header->netfn,
		.lun = header->lun,
		.command = header->command,
		.cc = header->cc,
		.origin = header->origin,
		.class = header->class,
		.target_kind = header->target_kind,
		.reason = header->reason,
		.sent = header->flags & VIPMI_FLAG_SENT,
		.age_ms = header->time_ms,
		.yours = header->flags & VIPMI_FLAG_YOURS,
		.response = header->flags & VIPMI_FLAG_RESPONSE,
		.data = message->data.bytes,
		.length = message->data.length,
		.number = header->type == VIPMI_MESSAGE_LOSS ? message->loss.next
							     : message->async.number,
		.lost = message->loss.lost,
		.async_kind = message->async.kind,
	};
	agent_see(stage, words, &action);
}

void client_ready(struct stage *stage, const struct words *words, uint32_t client)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct socket_message message;
	ssize_t length;

	if (stage_client_stopped(stage, client)) {
		agent_watch_no_more(clients[client]);
		return;
	}
	length = read(clients[client], bytes, sizeof(bytes));
	if (length < 0 && (errno == EAGAIN || errno == EINTR)) {
		return;
	}
	if (length <= 0) {
		words_fail(words, "the agent has ended a connection");
	}
	if (socket_decode(bytes, (size_t)length, &message)) {
		words_fail(words, "the agent says what is no message");
	}
	switch (message.header.type) {
	case VIPMI_MESSAGE_ANSWER:
	case VIPMI_MESSAGE_EVENT:
	case VIPMI_MESSAGE_LOSS:
		if (reply.refusal && reply.client == client && message.header.reason &&
			message.header.type == VIPMI_MESSAGE_ANSWER && !reply.here) {
			break;
		}
		see_delivery(stage, words, client, &message);
		return;
	default:
		if (!reply.wanted || reply.client != client) {
			words_fail(words, "the agent says %s, which nobody asked",
				socket_type_name(message.header.type));
		}
		break;
	}
	memcpy(reply.bytes, bytes, (size_t)length);
	(void)socket_decode(reply.bytes, (size_t)length, &reply.message);
	reply.here = true;
}

/* ---- what is said ---- */

/* Says it, once: -EAGAIN if the agent does not take it. */
static int say(const struct words *words, uint32_t client, struct writer *writer)
{
	int length = socket_end(writer);

	if (length <= 0) {
		words_fail(words, "that does not fit a message");
	}
	return write(clients[client], writer->start, (size_t)length) == length ? 0 : -errno;
}

static int say_patiently(
	struct stage *stage, const struct words *words, uint32_t client, struct writer *writer)
{
	const uint64_t until_ns = agent_now_ns() + agent_options.patience_ns;
	const struct writer message = *writer;
	int result;

	for (;;) {
		*writer = message;
		result = say(words, client, writer);
		if (result != -EAGAIN || agent_now_ns() > until_ns) {
			return result;
		}
		agent_serve(stage, words, agent_now_ns() + AGENT_POLL_NS);
	}
}

/* The agent's reply: its reason, as an error. */
static int call(
	struct stage *stage, const struct words *words, uint32_t client, struct writer *writer)
{
	const uint64_t until_ns = agent_now_ns() + agent_options.patience_ns;
	int result;

	reply.wanted = true;
	reply.here = false;
	reply.client = client;
	result = say_patiently(stage, words, client, writer);
	if (result) {
		words_fail(words, "the agent takes no more: %s", strerror(-result));
	}
	while (!reply.here) {
		if (agent_now_ns() > until_ns) {
			words_fail(words, "the agent does not reply");
		}
		agent_serve(stage, words, until_ns);
	}
	reply.wanted = false;
	return error_of(reply.message.header.reason);
}

/* Returns when the agent has taken all that the client said before: a listing that there is not has
 * one reply. */
static void sync_client(struct stage *stage, const struct words *words, uint32_t client)
{
	static const struct socket_header header = {.type = VIPMI_MESSAGE_QUERY};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));

	if (clients[client] >= 0 && !stage_client_stopped(stage, client)) {
		socket_begin(&writer, &header);
		socket_put(&writer, VIPMI_EXTENSION_TEXT, "-", 1);
		(void)call(stage, words, client, &writer);
	}
}

void client_sync(struct stage *stage, const struct words *words)
{
	uint32_t client = clients_count;

	while (client > 0 && (clients[client] < 0 || stage_client_stopped(stage, client))) {
		client--;
	}
	if (client > 0) {
		sync_client(stage, words, client);
	}
}

/* ---- the events of clients ---- */

static int client_open(struct stage *stage, const struct words *words, struct core_event *event)
{
	static const struct socket_header header = {.type = VIPMI_MESSAGE_HELLO};
	static const struct socket_hello hello = {
		.lowest = VIPMI_PROTOCOL_VERSION_LOWEST, .highest = VIPMI_PROTOCOL_VERSION_HIGHEST};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	uint32_t client = ++clients_count;
	struct socket_hello said;
	int result;

	if (client == CLIENTS_MAX) {
		words_fail(words, "too many clients");
	}
	clients[client] = client_connect();
	if (clients[client] < 0) {
		words_fail(words, "%s: %s", agent_options.target, strerror(errno));
	}
	agent_watch(clients[client], client);
	socket_begin(&writer, &header);
	socket_put_hello(&writer, false, &hello);
	result = call(stage, words, client, &writer);
	if (result) {
		close(clients[client]);
		clients[client] = -1;
	} else if (socket_hello_decode(reply.message.hello, true, &said) == 0) {
		memcpy(boot_id, said.boot_id, sizeof(boot_id));
	}
	event->client_open.ret_client = client;
	return result;
}

/* What is accepted has no reply but its answer, a refusal is one at once. */
static int ask(struct stage *stage, const struct words *words, uint32_t client,
	struct writer *writer, int expected)
{
	int result;

	if (expected) {
		reply.refusal = true;
		result = call(stage, words, client, writer);
		reply.refusal = false;
		return result;
	}
	result = say_patiently(stage, words, client, writer);
	if (result == 0) {
		sync_client(stage, words, client);
	}
	return result;
}

static int request(struct stage *stage, const struct words *words, const struct core_event *event,
	int expected)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	const struct socket_header header = {.type = VIPMI_MESSAGE_REQUEST,
		.flags = event->request.fresh ? VIPMI_FLAG_FRESH : 0,
		.handle = event->request.handle,
		.tag = event->request.tag,
		.virtual_client = event->request.virtual_client,
		.time_ms = event->request.budget_ms,
		.netfn = event->request.netfn,
		.lun = event->request.lun,
		.command = event->request.command,
		.class = event->request.class,
		.target_kind = event->request.target_kind};

	socket_begin(&writer, &header);
	if (header.target_kind != VIPMI_TARGET_CONTROLLER) {
		socket_put_target(&writer, event->request.channel, event->request.address);
	}
	if (event->request.numbered) {
		socket_put_number(&writer, event->request.number);
	}
	if (event->request.length > 0) {
		socket_put(
			&writer, VIPMI_EXTENSION_DATA, event->request.data, event->request.length);
	}
	if (expected == -EAGAIN) {
		return say(words, event->request.client, &writer);
	}
	return ask(stage, words, event->request.client, &writer, expected);
}

static int respond(struct stage *stage, const struct words *words, const struct core_event *event,
	int expected)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	const struct socket_header header = {.type = VIPMI_MESSAGE_RESPOND,
		.handle = event->respond.handle,
		.tag = event->respond.tag,
		.netfn = event->respond.netfn | 1,
		.command = event->respond.command,
		.cc = event->respond.length > 0 ? event->respond.data[0] : 0};

	if (event->respond.length == 0) {
		words_fail(words, "the protocol has no response without a completion code");
	}
	socket_begin(&writer, &header);
	if (event->respond.described) {
		socket_put_target(&writer, event->respond.channel, event->respond.address);
		socket_put_requester(&writer, event->respond.lun, event->respond.sequence);
	}
	if (event->respond.number || !event->respond.described) {
		socket_put_async(&writer, event->respond.number, VIPMI_ASYNC_REQUEST, 0);
	}
	socket_put(
		&writer, VIPMI_EXTENSION_DATA, event->respond.data + 1, event->respond.length - 1);
	return ask(stage, words, event->respond.client, &writer, expected);
}

static int open_or_close(struct stage *stage, const struct words *words, struct core_event *event)
{
	bool opens = event->type == CORE_EVENT_HANDLE_OPEN;
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	const struct socket_header header = {
		.type = opens ? VIPMI_MESSAGE_OPEN : VIPMI_MESSAGE_CLOSE,
		.handle = opens ? 0 : event->handle.handle,
		.class = opens ? event->handle_open.class : 0};
	int result;

	socket_begin(&writer, &header);
	if (opens) {
		socket_put(&writer, VIPMI_EXTENSION_NAME, event->handle_open.name,
			event->handle_open.name_length);
	}
	result = call(
		stage, words, opens ? event->handle_open.client : event->handle.client, &writer);
	if (opens) {
		event->handle_open.ret_handle = reply.message.header.handle;
	}
	return result;
}

static int subscribe(struct stage *stage, const struct words *words, struct core_event *event)
{
	const struct core_clause *clause = event->subscribe.clauses;
	const struct socket_clause wire = {.offsets = clause->offsets,
		.sensor_type = clause->sensor_type,
		.sensor = clause->sensor,
		.netfn = clause->netfn,
		.command = clause->command,
		.channel = clause->channel,
		.address = clause->address,
		.kinds = clause->kinds,
		.directions = clause->directions,
		.severity = clause->severity};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	const struct socket_header header = {
		.type = VIPMI_MESSAGE_SUBSCRIBE, .handle = event->subscribe.handle};
	int result;

	socket_begin(&writer, &header);
	socket_put_clauses(&writer, &wire, 1);
	socket_put_from(&writer, (enum vipmi_from)event->subscribe.from, event->subscribe.exclusive,
		event->subscribe.number, boot_id);
	result = call(stage, words, event->subscribe.client, &writer);
	/* The one number that there is not yet has a reason of its own. */
	return result == -ENOENT ? -EINVAL : result;
}

static int reserve_or_release(
	struct stage *stage, const struct words *words, const struct core_event *event)
{
	const struct core_command *command = event->command_reserve.commands;
	bool reserves = event->type == CORE_EVENT_COMMAND_RESERVE;
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	const struct socket_header header = {
		.type = reserves ? VIPMI_MESSAGE_RESERVE : VIPMI_MESSAGE_RELEASE,
		.handle = event->command_reserve.handle,
		.flags = event->command_reserve.anew ? VIPMI_FLAG_ANEW : 0};

	socket_begin(&writer, &header);
	if (event->command_reserve.count > 0) {
		const struct socket_command wire = {.body = command->body,
			.command = command->command,
			.netfn = command->netfn,
			.direction = command->direction,
			.channel = command->channel,
			.address = command->address,
			.lun = command->lun};

		socket_put_commands(&writer, &wire, 1);
	}
	if (event->command_reserve.lease_ms) {
		socket_put_lease(&writer, event->command_reserve.lease_ms);
	}
	return call(stage, words, event->command_reserve.client, &writer);
}

static int numbers(struct stage *stage, const struct words *words, const struct core_event *event)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	const struct socket_header header = {.type = event->type == CORE_EVENT_SEQUENCE_RESERVE
							     ? VIPMI_MESSAGE_SEQUENCE_RESERVE
							     : VIPMI_MESSAGE_SEQUENCE_FREE,
		.handle = event->sequence.handle,
		.virtual_client = event->sequence.virtual_client};

	socket_begin(&writer, &header);
	socket_put_sequence(&writer, event->sequence.channel, event->sequence.address,
		event->sequence.count, event->sequence.numbers);
	return call(stage, words, event->sequence.client, &writer);
}

static int simple(struct stage *stage, const struct words *words, const struct core_event *event)
{
	bool cancel = event->type == CORE_EVENT_CANCEL;
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	const struct socket_header header = {
		.type = cancel ? VIPMI_MESSAGE_CANCEL : VIPMI_MESSAGE_UNSUBSCRIBE,
		.handle = cancel ? event->cancel.handle : event->handle.handle,
		.tag = cancel ? event->cancel.tag : 0};

	socket_begin(&writer, &header);
	return cancel ? ask(stage, words, event->cancel.client, &writer, 0)
		      : call(stage, words, event->handle.client, &writer);
}

void clients_leave(void)
{
	for (; clients_count > 0; clients_count--) {
		if (clients[clients_count] >= 0) {
			close(clients[clients_count]);
		}
	}
}

static int client_close(const struct core_event *event)
{
	int *fd = &clients[event->client.client];

	if (*fd < 0) {
		return -ESTALE;
	}
	close(*fd);
	*fd = -1;
	return 0;
}

int client_step(
	struct stage *stage, const struct words *words, struct core_event *event, int expected)
{
	switch (event->type) {
	case CORE_EVENT_CLIENT_OPEN:
		return client_open(stage, words, event);
	case CORE_EVENT_CLIENT_CLOSE:
		return client_close(event);
	case CORE_EVENT_CLIENT_WRITABLE:
		agent_watch(clients[event->client.client], event->client.client);
		return 0;
	case CORE_EVENT_HANDLE_OPEN:
	case CORE_EVENT_HANDLE_CLOSE:
		return open_or_close(stage, words, event);
	case CORE_EVENT_SUBSCRIBE:
		return subscribe(stage, words, event);
	case CORE_EVENT_REQUEST:
		return request(stage, words, event, expected);
	case CORE_EVENT_RESPOND:
		return respond(stage, words, event, expected);
	case CORE_EVENT_COMMAND_RESERVE:
	case CORE_EVENT_COMMAND_RELEASE:
		return reserve_or_release(stage, words, event);
	case CORE_EVENT_SEQUENCE_RESERVE:
	case CORE_EVENT_SEQUENCE_FREE:
		return numbers(stage, words, event);
	case CORE_EVENT_UNSUBSCRIBE:
		return simple(stage, words, event);
	case CORE_EVENT_CANCEL:
		/* The protocol has no reply to it: what comes of it, or that nothing does, is
		 * seen. */
		(void)simple(stage, words, event);
		return expected;
	default:
		words_fail(words, "the agent's own part, which no transcript can play");
	}
}
