/* SPDX-License-Identifier: BSD-2-Clause */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/fake_agent.h"

/* The fake's own troubles end the test program: they are no results. */
#define REQUIRE(condition)                                                                         \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "fake agent, line %d: %s\n", __LINE__, #condition);        \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static uint64_t fake_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC_U64 + (uint64_t)now.tv_nsec;
}

/* A client that is gone is no trouble. */
static void transmit(int fd, struct writer *writer)
{
	int length = socket_end(writer);

	REQUIRE(length > 0);
	(void)send(fd, writer->start, (size_t)length, MSG_NOSIGNAL);
}

static void reply(
	int fd, uint8_t type, uint64_t tag, uint32_t handle, uint8_t reason, const char *text)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {
		.type = type, .tag = tag, .handle = handle, .reason = reason};

	socket_begin(&writer, &header);
	if (text) {
		socket_put(&writer, VIPMI_EXTENSION_TEXT, text, strlen(text));
	}
	transmit(fd, &writer);
}

static void hello(struct fake_agent *agent, int fd)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_HELLO};
	uint16_t version = agent->version ? agent->version : VIPMI_PROTOCOL_VERSION_HIGHEST;
	struct socket_hello words = {.lowest = version,
		.highest = version,
		.boot_id = {agent->boot_id},
		.epoch = 1,
		.capabilities = VIPMI_CAPABILITY_UP | VIPMI_CAPABILITY_SIMULATED,
		.data_max = VIPMI_DATA_MAX,
		.credit_max = agent->credit_max,
		.handles_max = FAKE_HANDLES_MAX};

	socket_begin(&writer, &header);
	socket_put_hello(&writer, true, &words);
	socket_put(&writer, VIPMI_EXTENSION_TEXT, "fake:", 5);
	transmit(fd, &writer);
}

static void answer(struct fake_agent *agent, int fd, const struct socket_header *request,
	const void *data, size_t length, uint8_t reason, uint8_t cc, bool sent)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = *request;

	header.type = VIPMI_MESSAGE_ANSWER;
	header.flags = sent ? VIPMI_FLAG_SENT : 0;
	header.netfn |= 1;
	header.time_ms = 0;
	header.reason = reason;
	header.cc = cc;
	header.origin = reason ? VIPMI_ORIGIN_AGENT : VIPMI_ORIGIN_CONTROLLER;
	socket_begin(&writer, &header);
	socket_put(&writer, VIPMI_EXTENSION_DATA, data, length);
	transmit(fd, &writer);
	if (agent->outstanding > 0) {
		agent->outstanding--;
	}
}

static void put_off(
	struct fake_agent *agent, int fd, const struct socket_message *message, uint64_t delay_ms)
{
	struct fake_later *later;

	REQUIRE(agent->later_count < FAKE_LATER_MAX);
	later = &agent->later[agent->later_count++];
	*later = (struct fake_later){.fd = fd,
		.due_ns = delay_ms == UINT64_MAX ? UINT64_MAX
						 : fake_now_ns() + delay_ms * NSEC_PER_MSEC_U64,
		.header = message->header,
		.length = message->data.length};
	if (later->length > 0) {
		memcpy(later->data, message->data.bytes, later->length);
	}
}

static void later_remove(struct fake_agent *agent, size_t i)
{
	agent->later[i] = agent->later[--agent->later_count];
}

static void answer_due(struct fake_agent *agent)
{
	uint64_t now_ns = fake_now_ns();

	for (size_t i = 0; i < agent->later_count;) {
		struct fake_later *later = &agent->later[i];

		if (later->due_ns > now_ns) {
			i++;
			continue;
		}
		answer(agent, later->fd, &later->header, later->data, later->length, 0, 0, true);
		later_remove(agent, i);
	}
}

static void cancel(struct fake_agent *agent, int fd, const struct socket_header *header)
{
	agent->cancels++;
	for (size_t i = 0; i < agent->later_count; i++) {
		struct fake_later *later = &agent->later[i];

		if (later->fd == fd && later->header.tag == header->tag) {
			answer(agent, fd, &later->header, NULL, 0, VIPMI_REASON_CANCELLED,
				VIPMI_CC_UNSPECIFIED, true);
			later_remove(agent, i);
			return;
		}
	}
}

static void events(struct fake_agent *agent, int fd, uint32_t handle, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		uint8_t bytes[VIPMI_MESSAGE_MAX], record[16] = {(uint8_t)i};
		struct writer writer = writer_init(bytes, sizeof(bytes));
		struct socket_header header = {.type = VIPMI_MESSAGE_EVENT, .handle = handle};

		socket_begin(&writer, &header);
		socket_put_async(&writer, agent->next_event++, VIPMI_ASYNC_EVENT, 0);
		socket_put(&writer, VIPMI_EXTENSION_DATA, record, sizeof(record));
		transmit(fd, &writer);
	}
}

static void loss(struct fake_agent *agent, int fd, uint32_t handle)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_LOSS, .handle = handle};

	agent->next_event += 7;
	socket_begin(&writer, &header);
	socket_put_loss(&writer, 7, agent->next_event);
	transmit(fd, &writer);
}

static void incoming(struct fake_agent *agent, int fd, uint32_t handle)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_EVENT,
		.flags = VIPMI_FLAG_YOURS,
		.handle = handle,
		.netfn = 0x30,
		.lun = 2,
		.command = 0x41};

	socket_begin(&writer, &header);
	socket_put_async(&writer, ++agent->next_event, VIPMI_ASYNC_REQUEST, 3);
	socket_put_target(&writer, 3, 0xC4);
	socket_put_requester(&writer, 1, 33);
	socket_put(&writer, VIPMI_EXTENSION_DATA, "\x09", 1);
	transmit(fd, &writer);
}

static void take_response(struct fake_agent *agent, int fd, const struct socket_message *message)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = message->header;

	REQUIRE(header.netfn == 0x31 && header.command == 0x41 && header.lun == 2);
	REQUIRE(message->async.kind == VIPMI_ASYNC_REQUEST && message->target.channel == 3);
	agent->responded = message->async.number;
	agent->response_cc = header.cc;
	agent->response_address = message->target.address;
	agent->response_lun = message->requester.lun;
	agent->response_sequence = message->requester.sequence;
	agent->response_data = message->data.length > 0 ? message->data.bytes[0] : 0;
	header.type = VIPMI_MESSAGE_ANSWER;
	header.flags = VIPMI_FLAG_RESPONSE;
	header.cc = 0;
	header.reason = agent->refuse_response;
	header.origin = header.reason ? VIPMI_ORIGIN_AGENT : VIPMI_ORIGIN_CONTROLLER;
	socket_begin(&writer, &header);
	transmit(fd, &writer);
}

static void drop(struct fake_agent *agent, int fd)
{
	for (int i = 0; i < FAKE_CLIENTS_MAX; i++) {
		if (agent->clients[i] == fd) {
			agent->clients[i] = -1;
		}
	}
	for (size_t i = 0; i < agent->later_count;) {
		if (agent->later[i].fd == fd) {
			later_remove(agent, i);
		} else {
			i++;
		}
	}
	close(fd);
}

/* Requests of netFn 2E; false when the command is none of the fake's. */
static bool obey(struct fake_agent *agent, int fd, const struct socket_message *message)
{
	static const uint8_t nothing[3], long_data[VIPMI_DATA_MAX + 1];
	const struct socket_header *header = &message->header;
	const uint8_t *data = message->data.length >= 3 ? message->data.bytes : nothing;
	bool has_target = socket_has(message, VIPMI_EXTENSION_TARGET);
	uint8_t seen[9];
	struct writer writer;

	switch (header->command) {
	case FAKE_SILENT:
		put_off(agent, fd, message, UINT64_MAX);
		return true;
	case FAKE_CRASH:
		drop(agent, fd);
		return true;
	case FAKE_LATER:
		put_off(agent, fd, message, data[0]);
		return true;
	case FAKE_KICK:
		reply(fd, VIPMI_MESSAGE_ERROR, 0, 0, VIPMI_REASON_KICKED, "ended by root");
		drop(agent, fd);
		return true;
	case FAKE_GARBAGE:
		(void)send(fd, "garbage", 7, MSG_NOSIGNAL);
		return true;
	case FAKE_REFUSE:
		answer(agent, fd, header, NULL, 0, data[0], data[1], data[2]);
		return true;
	case FAKE_EVENTS:
		events(agent, fd, header->handle, data[0] * 256u + data[1]);
		return false;
	case FAKE_INCOMING:
		incoming(agent, fd, header->handle);
		return false;
	case FAKE_LOSS:
		loss(agent, fd, header->handle);
		return false;
	case FAKE_TWICE:
		answer(agent, fd, header, data, 3, 0, 0, true);
		return false;
	case FAKE_DEAF:
		usleep(data[0] * 10000u);
		return data[1];
	case FAKE_BUDGET:
		writer = writer_init(seen, sizeof(seen));
		writer_u32le(&writer, header->time_ms);
		writer_u8(&writer, header->class);
		writer_u8(&writer, header->target_kind);
		writer_u8(&writer, has_target ? message->target.channel : 0);
		writer_u8(&writer, has_target ? message->target.address : 0);
		writer_u8(&writer, header->flags);
		answer(agent, fd, header, seen, sizeof(seen), 0, 0, true);
		return true;
	case FAKE_WRONG:
		reply(fd, VIPMI_MESSAGE_DONE, header->tag, header->handle, 0, NULL);
		return true;
	case FAKE_LONG:
		answer(agent, fd, header, long_data, sizeof(long_data), 0, 0, true);
		return true;
	default:
		return false;
	}
}

static void list(int fd, const struct socket_message *message)
{
	uint64_t tag = message->header.tag;

	if (message->text.length != 6 || memcmp(message->text.bytes, "client", 6) != 0) {
		reply(fd, VIPMI_MESSAGE_END, tag, 0, VIPMI_REASON_NOT_FOUND, "no such listing");
		return;
	}
	for (unsigned int i = 0; i < 20; i++) {
		uint8_t bytes[VIPMI_MESSAGE_MAX];
		struct writer writer = writer_init(bytes, sizeof(bytes));
		struct socket_header header = {.type = VIPMI_MESSAGE_ROW, .tag = tag};

		socket_begin(&writer, &header);
		socket_put_field_number(&writer, "client", i);
		socket_put_field_text(&writer, "name", "somebody", 8);
		socket_put_field_text(&writer, "", "", 0);
		transmit(fd, &writer);
	}
	reply(fd, VIPMI_MESSAGE_END, tag, 0, 0, NULL);
}

static void take_open(struct fake_agent *agent, int fd, const struct socket_message *message)
{
	if (agent->refuse_opens) {
		reply(fd, VIPMI_MESSAGE_OPENED, message->header.tag, 0, VIPMI_REASON_FULL,
			"all 1000 handles are taken");
		return;
	}
	agent->opened++;
	agent->last_class = message->header.class;
	snprintf(agent->last_name, sizeof(agent->last_name), "%.*s", (int)message->name.length,
		(const char *)message->name.bytes);
	reply(fd, VIPMI_MESSAGE_OPENED, message->header.tag, ++agent->next_handle, 0, NULL);
	if (agent->hang_ups_opened > 0) {
		agent->hang_ups_opened--;
		drop(agent, fd);
	}
}

static void refuse_subscription(struct fake_agent *agent, int fd, const struct socket_header *asked)
{
	static const struct socket_command none;
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_DONE,
		.tag = asked->tag,
		.handle = asked->handle,
		.reason = VIPMI_REASON_RESERVED};

	socket_begin(&writer, &header);
	socket_put_holder(&writer, agent->holder, 0, &none);
	transmit(fd, &writer);
}

static void take_subscribe(struct fake_agent *agent, int fd, const struct socket_message *message)
{
	struct fake_subscription *last = &agent->last;
	struct socket_bytes left = message->clauses;
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_DONE,
		.tag = message->header.tag,
		.handle = message->header.handle};
	bool after;

	REQUIRE(socket_has(message, VIPMI_EXTENSION_FROM));
	*last = (struct fake_subscription){.from = message->from.from,
		.exclusive = message->from.exclusive,
		.number = message->from.number,
		.boot_id = message->from.boot_id[0]};
	while (last->count < VIPMI_CLAUSES_MAX &&
		socket_clause_next(&left, &last->clauses[last->count])) {
		last->count++;
	}
	agent->subscribed++;
	if (agent->hang_ups_subscribed > 0) {
		agent->hang_ups_subscribed--;
		drop(agent, fd);
		return;
	}
	if (agent->refuse_events) {
		reply(fd, VIPMI_MESSAGE_DONE, header.tag, header.handle, VIPMI_REASON_DENIED,
			"no events for you");
		return;
	}
	if (agent->holder) {
		refuse_subscription(agent, fd, &message->header);
		return;
	}
	after = last->from == VIPMI_FROM_NUMBER;
	socket_begin(&writer, &header);
	socket_put_subscribed(&writer, agent->next_event,
		after && last->boot_id != agent->boot_id ? VIPMI_GAP_UNKNOWN
		: after                                  ? agent->gap
							 : 0);
	transmit(fd, &writer);
}

static void node_added(int fd, uint64_t tag)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	const struct socket_header header = {.type = VIPMI_MESSAGE_DONE, .tag = tag};

	socket_begin(&writer, &header);
	socket_put_control(&writer, VIPMI_CONTROL_NODE_ADD, 17);
	REQUIRE(send(fd, bytes, (size_t)socket_end(&writer), 0) > 0);
}

static void take(struct fake_agent *agent, int fd, const struct socket_message *message)
{
	const struct socket_header *header = &message->header;

	switch (header->type) {
	case VIPMI_MESSAGE_HELLO:
		if (agent->refuse_clients) {
			reply(fd, VIPMI_MESSAGE_ERROR, 0, 0, VIPMI_REASON_FULL,
				"too many programs");
			drop(agent, fd);
		} else if (agent->no_hello) {
			reply(fd, VIPMI_MESSAGE_HELLO, 0, 0, 0, "I am somebody else");
		} else if (!agent->mute) {
			hello(agent, fd);
		}
		break;
	case VIPMI_MESSAGE_OPEN:
		take_open(agent, fd, message);
		break;
	case VIPMI_MESSAGE_CLOSE:
		agent->closed++;
		reply(fd, VIPMI_MESSAGE_CLOSED, header->tag, header->handle, 0, NULL);
		break;
	case VIPMI_MESSAGE_REQUEST:
		agent->requests++;
		agent->outstanding++;
		if (agent->outstanding > agent->outstanding_max) {
			agent->outstanding_max = agent->outstanding;
		}
		if (header->netfn != VIPMI_NETFN_OEM || !obey(agent, fd, message)) {
			answer(agent, fd, header, message->data.bytes, message->data.length, 0, 0,
				true);
		}
		break;
	case VIPMI_MESSAGE_RESPOND:
		take_response(agent, fd, message);
		break;
	case VIPMI_MESSAGE_CANCEL:
		cancel(agent, fd, header);
		break;
	case VIPMI_MESSAGE_SUBSCRIBE:
		take_subscribe(agent, fd, message);
		break;
	case VIPMI_MESSAGE_UNSUBSCRIBE:
		agent->unsubscribed++;
		reply(fd, VIPMI_MESSAGE_DONE, header->tag, header->handle, 0, NULL);
		break;
	case VIPMI_MESSAGE_QUERY:
		list(fd, message);
		break;
	case VIPMI_MESSAGE_RESERVE:
		agent->reserved_for = header->handle;
		reply(fd, VIPMI_MESSAGE_DONE, header->tag, header->handle, 0, NULL);
		break;
	case VIPMI_MESSAGE_CONTROL:
		if (message->control.verb == VIPMI_CONTROL_NODE_ADD && message->name.length == 5) {
			node_added(fd, header->tag);
		} else if (message->control.verb == VIPMI_CONTROL_NODE_SET) {
			agent->set = message->control.argument;
			reply(fd, VIPMI_MESSAGE_DONE, header->tag, 0, 0, NULL);
		} else if (message->control.argument == 4711) {
			reply(fd, VIPMI_MESSAGE_DONE, header->tag, 0, 0, NULL);
		} else {
			reply(fd, VIPMI_MESSAGE_DONE, header->tag, 0, VIPMI_REASON_NOT_FOUND, NULL);
		}
		break;
	default:
		REQUIRE(!"a message that clients send");
	}
}

static void receive(struct fake_agent *agent, int fd)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	ssize_t length = recv(fd, bytes, sizeof(bytes), 0);
	struct socket_message message;

	if (length <= 0) {
		drop(agent, fd);
		return;
	}
	/* What the library writes must be right to the byte. */
	REQUIRE(socket_decode(bytes, (size_t)length, &message) == 0);
	take(agent, fd, &message);
}

static void welcome(struct fake_agent *agent)
{
	int fd = accept(agent->listen_fd, NULL, NULL);

	for (int i = 0; fd >= 0 && i < FAKE_CLIENTS_MAX; i++) {
		if (agent->clients[i] < 0) {
			agent->clients[i] = fd;
			return;
		}
	}
	REQUIRE(!"room for one client more");
}

static void *run(void *context)
{
	struct fake_agent *agent = context;

	for (;;) {
		struct pollfd fds[FAKE_CLIENTS_MAX + 2] = {
			{.fd = agent->stop_fd, .events = POLLIN},
			{.fd = agent->listen_fd, .events = POLLIN},
		};

		for (int i = 0; i < FAKE_CLIENTS_MAX; i++) {
			fds[i + 2] = (struct pollfd){.fd = agent->clients[i], .events = POLLIN};
		}
		/* Looks at what it put off every few ms while there is some. */
		if (poll(fds, FAKE_CLIENTS_MAX + 2, agent->later_count ? 2 : -1) < 0) {
			continue;
		}
		if (fds[0].revents) {
			return NULL;
		}
		if (fds[1].revents) {
			welcome(agent);
		}
		for (int i = 0; i < FAKE_CLIENTS_MAX; i++) {
			if (fds[i + 2].revents && agent->clients[i] == fds[i + 2].fd) {
				receive(agent, fds[i + 2].fd);
			}
		}
		answer_due(agent);
	}
}

void fake_agent_init(struct fake_agent *agent)
{
	memset(agent, 0, sizeof(*agent));
	strcpy(agent->directory, "/tmp/vipmi-fake-XXXXXX");
	REQUIRE(mkdtemp(agent->directory));
	snprintf(agent->path, sizeof(agent->path), "%s/sock", agent->directory);
	agent->credit_max = 128;
	agent->next_event = 1;
	for (int i = 0; i < FAKE_CLIENTS_MAX; i++) {
		agent->clients[i] = -1;
	}
}

void fake_agent_start(struct fake_agent *agent)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	REQUIRE(!agent->running);
	strcpy(address.sun_path, agent->path);
	unlink(agent->path);
	agent->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	agent->stop_fd = eventfd(0, EFD_CLOEXEC);
	REQUIRE(agent->listen_fd >= 0 && agent->stop_fd >= 0);
	REQUIRE(bind(agent->listen_fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	REQUIRE(listen(agent->listen_fd, 16) == 0);
	agent->boot_id++;
	REQUIRE(pthread_create(&agent->thread, NULL, run, agent) == 0);
	agent->running = true;
}

void fake_agent_stop(struct fake_agent *agent)
{
	static const uint64_t one = 1;

	if (!agent->running) {
		return;
	}
	REQUIRE(write(agent->stop_fd, &one, sizeof(one)) == sizeof(one));
	pthread_join(agent->thread, NULL);
	for (int i = 0; i < FAKE_CLIENTS_MAX; i++) {
		if (agent->clients[i] >= 0) {
			drop(agent, agent->clients[i]);
		}
	}
	close(agent->listen_fd);
	close(agent->stop_fd);
	agent->running = false;
	agent->outstanding = 0;
}

void fake_agent_finish(struct fake_agent *agent)
{
	fake_agent_stop(agent);
	unlink(agent->path);
	rmdir(agent->directory);
}
