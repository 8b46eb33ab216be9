/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/shim_agent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct shim_agent agent;

static void reply(int fd, const struct socket_header *header, const void *data, size_t length,
	const struct socket_message *to)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));

	socket_begin(&writer, header);
	if (header->type == VIPMI_MESSAGE_HELLO) {
		struct socket_hello hello = {.lowest = 1, .highest = 1};

		socket_put_hello(&writer, true, &hello);
	}
	if (header->type == VIPMI_MESSAGE_EVENT) {
		socket_put_async(
			&writer, 1, header->netfn ? VIPMI_ASYNC_REQUEST : VIPMI_ASYNC_EVENT, 0);
	}
	if (header->type == VIPMI_MESSAGE_LOSS) {
		socket_put_loss(&writer, 3, 9);
	}
	if (to && socket_has(to, VIPMI_EXTENSION_TARGET)) {
		socket_put_target(&writer, to->target.channel, to->target.address);
	}
	if (header->type == VIPMI_MESSAGE_EVENT && header->netfn) {
		socket_put_target(&writer, 0, 0x52);
		socket_put_requester(&writer, 1, 33);
	}
	if (length > 0) {
		socket_put(&writer, VIPMI_EXTENSION_DATA, data, length);
	}
	assert_true(socket_end(&writer) > 0);
	(void)send(fd, bytes, writer_length(&writer), MSG_NOSIGNAL); /* it may be gone */
}

static void reply_type(int fd, uint8_t type, uint8_t netfn, uint8_t command, size_t length)
{
	static const uint8_t data[16] = {1, 0, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	struct socket_header header = {
		.type = type, .handle = HANDLE, .netfn = netfn, .command = command};

	if (type == VIPMI_MESSAGE_EVENT && netfn && agent.rights_count > 0) {
		header.flags = VIPMI_FLAG_YOURS;
	}

	reply(fd, &header, data, length, NULL);
}

static bool agent_request(int fd, const struct socket_message *message)
{
	static const uint8_t long_data[40] = {1, 2, 3, 4, 5};
	struct socket_header header = message->header;
	const uint8_t *data = message->data.bytes;
	size_t length = message->data.length;
	uint8_t channel_info[2];

	agent.last_had_target = socket_has(message, VIPMI_EXTENSION_TARGET);
	agent.last_channel = message->target.channel;
	agent.last_address = message->target.address;
	header.type = VIPMI_MESSAGE_ANSWER;
	header.netfn |= 1;
	switch (header.command) {
	case CMD_LONG:
		data = long_data;
		length = sizeof(long_data);
		break;
	case CMD_NOISE:
		reply_type(fd, VIPMI_MESSAGE_LOSS, 0, 0, 0);
		reply_type(fd, VIPMI_MESSAGE_DONE, 0, 0, 0);
		break;
	case CMD_SILENT:
		return true;
	case CMD_HANG_UP:
		return false;
	case CMD_EVENT:
		reply_type(fd, VIPMI_MESSAGE_EVENT, 0, 0, 16);
		break;
	case CMD_INBOUND:
		reply_type(fd, VIPMI_MESSAGE_EVENT, 0x30, 0x41, 2);
		break;
	case CMD_REFUSE:
		header.cc = VIPMI_CC_DESTINATION_UNAVAILABLE;
		header.origin = VIPMI_ORIGIN_AGENT;
		break;
	case CMD_CHANNEL_INFO:
		agent.questions++;
		channel_info[0] = data[0];
		channel_info[1] = data[0] == 7 ? 1 : 4;
		data = channel_info;
		length = sizeof(channel_info);
		break;
	}
	reply(fd, &header, data, length, message);
	return true;
}

/* The place of a right that meets this one (or is it), or rights_count. */
static size_t right_find(const struct socket_command *right, bool same)
{
	size_t i;

	for (i = 0; i < agent.rights_count; i++) {
		const struct socket_command *held = &agent.rights[i];

		if (held->netfn == right->netfn && held->command == right->command &&
			(held->channel == right->channel ||
				(!same && (held->channel == VIPMI_ALL ||
						  right->channel == VIPMI_ALL)))) {
			break;
		}
	}
	return i;
}

static void agent_rights(int fd, const struct socket_message *message)
{
	bool reserve = message->header.type == VIPMI_MESSAGE_RESERVE;
	struct socket_header header = {.type = VIPMI_MESSAGE_DONE, .reason = agent.refuse_rights};
	struct socket_bytes left = message->commands;
	struct socket_command right;

	while (socket_command_next(&left, &right) && !header.reason) {
		size_t at = right_find(&right, !reserve);

		assert_int_equal(right.direction, VIPMI_DIRECTION_RECEIVE);
		if (reserve && at < agent.rights_count) {
			header.reason = VIPMI_REASON_RESERVED;
		} else if (reserve) {
			assert_true(at < RIGHTS_MAX);
			agent.rights[agent.rights_count++] = right;
		} else if (at == agent.rights_count) {
			header.reason = VIPMI_REASON_NOT_FOUND;
		} else {
			agent.rights[at] = agent.rights[--agent.rights_count];
		}
	}
	reply(fd, &header, NULL, 0, NULL);
}

/* The answer to a request that came in: it went out, or, by its first byte, did not. */
static void agent_response(int fd, const struct socket_message *message)
{
	struct socket_header header = message->header;

	agent.last_channel = message->target.channel;
	agent.last_address = message->target.address;
	agent.last_requester_lun = message->requester.lun;
	agent.last_sequence = message->requester.sequence;
	agent.last_length = message->data.length;
	if (agent.last_length > 0) {
		agent.last_data[0] = message->data.bytes[0];
	}
	header.type = VIPMI_MESSAGE_ANSWER;
	header.flags = VIPMI_FLAG_RESPONSE;
	header.lun = message->requester.lun;
	header.target_kind = VIPMI_TARGET_IPMB;
	header.cc = 0x83;
	reply(fd, &header, NULL, 0, message);
}

/* One message of one connection; false: the connection ends. */
static bool agent_serve(int fd)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	ssize_t length = recv(fd, bytes, sizeof(bytes), 0);
	struct socket_header header = {0};
	struct socket_message message;

	if (length <= 0 || socket_decode(bytes, (size_t)length, &message) < 0) {
		return false;
	}
	agent.last = message.header;
	switch (message.header.type) {
	case VIPMI_MESSAGE_HELLO:
		reply_type(fd, VIPMI_MESSAGE_HELLO, 0, 0, 0);
		return true;
	case VIPMI_MESSAGE_OPEN:
		agent.opens++;
		memset(agent.last_name, 0, sizeof(agent.last_name));
		if (message.name.length > 0) {
			memcpy(agent.last_name, message.name.bytes, message.name.length);
		}
		header = (struct socket_header){.type = VIPMI_MESSAGE_OPENED,
			.handle = agent.refuse_reason ? 0 : HANDLE,
			.reason = agent.refuse_reason};
		reply(fd, &header, NULL, 0, NULL);
		return true;
	case VIPMI_MESSAGE_SET:
		agent.last_option = message.option.value;
		if (!(message.header.flags & VIPMI_FLAG_QUIET)) {
			reply_type(fd, VIPMI_MESSAGE_DONE, 0, 0, 0);
		}
		return true;
	case VIPMI_MESSAGE_REQUEST:
		return agent_request(fd, &message);
	case VIPMI_MESSAGE_RESERVE:
	case VIPMI_MESSAGE_RELEASE:
		agent_rights(fd, &message);
		return true;
	case VIPMI_MESSAGE_RESPOND:
		agent_response(fd, &message);
		return true;
	default:
		return false;
	}
}

static void agent_accept(void)
{
	int fd = accept(agent.listener, NULL, NULL);
	size_t i;

	if (agent.refuse_connection) {
		close(fd);
		return;
	}
	for (i = 2; i < CONNECTIONS_MAX + 2; i++) {
		if (agent.polls[i].fd < 0) {
			agent.polls[i].fd = fd;
			return;
		}
	}
	close(fd);
}

static void *agent_run(void *unused)
{
	size_t i;

	(void)unused;
	for (i = 0; i < CONNECTIONS_MAX + 2; i++) {
		agent.polls[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	}
	agent.polls[0].fd = agent.stop[0];
	agent.polls[1].fd = agent.listener;
	while (poll(agent.polls, CONNECTIONS_MAX + 2, -1) > 0 && !agent.polls[0].revents) {
		if (agent.polls[1].revents) {
			agent_accept();
		}
		for (i = 2; i < CONNECTIONS_MAX + 2; i++) {
			if (agent.polls[i].fd >= 0 && agent.polls[i].revents &&
				!agent_serve(agent.polls[i].fd)) {
				close(agent.polls[i].fd);
				agent.polls[i].fd = -1;
			}
		}
	}
	for (i = 2; i < CONNECTIONS_MAX + 2; i++) {
		if (agent.polls[i].fd >= 0) {
			close(agent.polls[i].fd);
		}
	}
	return NULL;
}

int agent_start(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)state;
	memset(&agent, 0, sizeof(agent));
	strcpy(agent.folder, "/tmp/vipmi-shim.XXXXXX");
	assert_non_null(mkdtemp(agent.folder));
	snprintf(agent.path, sizeof(agent.path), "%s/ipmi0.sock", agent.folder);
	strcpy(address.sun_path, agent.path);
	agent.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(agent.listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(agent.listener, CONNECTIONS_MAX), 0);
	assert_int_equal(pipe(agent.stop), 0);
	assert_int_equal(pthread_create(&agent.thread, NULL, agent_run, NULL), 0);
	setenv("VIPMI_TARGET", agent.path, 1);
	unsetenv("VIPMI_NAME");
	return 0;
}

int agent_stop(void **state)
{
	(void)state;
	assert_int_equal(write(agent.stop[1], "x", 1), 1);
	pthread_join(agent.thread, NULL);
	close(agent.stop[0]);
	close(agent.stop[1]);
	close(agent.listener);
	unlink(agent.path);
	rmdir(agent.folder);
	return 0;
}

/* ---- the program's side ---- */

int call(int fd, unsigned long request, void *argument)
{
	struct shim_device device;

	assert_true(shim_identify(fd, &device));
	return shim_ioctl(fd, &device, (uint32_t)request, argument);
}

struct ipmi_system_interface_addr controller = {
	.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};

int submit(
	int fd, void *addr, unsigned addr_length, uint8_t command, const void *data, size_t length)
{
	struct ipmi_req req = {.addr = addr,
		.addr_len = addr_length,
		.msgid = -5,
		.msg = {.netfn = 0x06,
			.cmd = command,
			.data = (void *)(uintptr_t)data,
			.data_len = (unsigned short)length}};

	return call(fd, IPMICTL_SEND_COMMAND, &req);
}

int submit_command(int fd, uint8_t command)
{
	return submit(fd, &controller, sizeof(controller), command, "ab", 2);
}

void inbox_init(struct inbox *inbox)
{
	memset(inbox, 0, sizeof(*inbox));
	inbox->recv = (struct ipmi_recv){.addr = (unsigned char *)&inbox->addr,
		.addr_len = sizeof(inbox->addr),
		.msg = {.data = inbox->data, .data_len = sizeof(inbox->data)}};
}

bool readable(int fd, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

int receive(int fd, struct inbox *inbox)
{
	int r;

	/* A record that is not for the program may make the descriptor readable first, as a message
	 * that another thread took does on the driver's. */
	do {
		assert_true(readable(fd, 10000));
		inbox_init(inbox);
		r = call(fd, IPMICTL_RECEIVE_MSG_TRUNC, &inbox->recv);
	} while (r == -EAGAIN);
	return r;
}

void agent_settle(int fd)
{
	assert_true(readable(fd, 10000));
}

int open_device(void)
{
	int fd = shim_open(0, O_RDWR);

	assert_true(fd >= 0);
	return fd;
}
