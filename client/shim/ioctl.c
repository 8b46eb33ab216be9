/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's ioctl calls, one function each, and the table that finds them.
 */
#include "client/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipmi/socket.h"

#define LUN_MASK 3

/* IPMI 2.0 section 22.24, table 6-3: the medium of an IPMB channel. */
#define CMD_GET_CHANNEL_INFO 0x42
#define MEDIUM_IPMB 1
#define MEDIUM_MASK 0x7F
/* Response: completion code, channel, medium, ... */
#define CHANNEL_INFO_MEDIUM 2

struct call {
	int fd;
	const struct shim_device *device;
	uint32_t request;
	void *argument; /* the caller's memory */
};

/* ---- messages ---- */

static int record_send(int fd, const uint8_t *bytes, size_t length)
{
	if (send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) {
		return 0;
	}
	switch (errno) {
	case EAGAIN:
		return -EBUSY; /* the socket is full: too many messages outstanding */
	case ENOMEM:
	case ENOBUFS:
		return -ENOMEM;
	default:
		return -ENODEV; /* the agent is gone */
	}
}

/* 0 and the length of a record, or -EAGAIN, or -ENODEV. */
static int record_receive(int fd, uint8_t bytes[VIPMI_MESSAGE_MAX], int flags, size_t *ret_length)
{
	ssize_t length = recv(fd, bytes, VIPMI_MESSAGE_MAX, MSG_DONTWAIT | flags);

	if (length > 0) {
		*ret_length = (size_t)length;
		return 0;
	}
	return length < 0 && errno == EAGAIN ? -EAGAIN : -ENODEV;
}

/* Asks the controller for a channel's medium, on a connection of its own: the program's may have
 * anything in its queue. -1: it does not say. */
static int medium_ask(unsigned number, uint8_t channel)
{
	struct ipmi_system_interface_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	struct shim_request request = {.netfn = VIPMI_NETFN_APP,
		.command = CMD_GET_CHANNEL_INFO,
		.data = {channel},
		.length = 1};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct shim_message answer;
	struct shim_device device;
	struct pollfd poll_fd;
	size_t length = 0;
	int medium = -1, fd = shim_open(number, O_CLOEXEC);

	if (fd < 0) {
		return -1;
	}
	memcpy(&request.addr, &addr, sizeof(addr));
	poll_fd = (struct pollfd){.fd = fd, .events = POLLIN};
	if (shim_identify(fd, &device) &&
		record_send(fd, bytes,
			(size_t)shim_request_encode(&request, device.handle, bytes)) == 0 &&
		poll(&poll_fd, 1, SHIM_BUDGET_CONTROLLER_MS) == 1 &&
		record_receive(fd, bytes, 0, &length) == 0 &&
		shim_message_decode(bytes, length, &answer) &&
		answer.length > CHANNEL_INFO_MEDIUM && answer.data[0] == VIPMI_CC_OK) {
		medium = answer.data[CHANNEL_INFO_MEDIUM] & MEDIUM_MASK;
	}
	close(fd);
	return medium;
}

/*
 * Whether a channel is an IPMB. Channel 0 is (IPMI 2.0 table 6-1); the driver asks
 * for the others when it starts, we when somebody uses one. The last answer is
 * kept: number, channel, and whether.
 */
static bool channel_is_ipmb(unsigned number, short channel)
{
	static _Atomic uint32_t known; /* bit 31: there is one; bit 30: it is */
	uint32_t key = UINT32_C(1) << 31 | number << 4 | (uint32_t)channel;
	uint32_t last = atomic_load_explicit(&known, memory_order_relaxed);
	const uint32_t yes = UINT32_C(1) << 30;

	if (channel == 0) {
		return true;
	}
	if ((last & ~yes) != key) {
		last = key | (medium_ask(number, (uint8_t)channel) == MEDIUM_IPMB ? yes : 0);
		atomic_store_explicit(&known, last, memory_order_relaxed);
	}
	return (last & yes) != 0;
}

/* The driver's handle_send_req, in its order. */
static int request_submit(
	const struct call *call, const struct ipmi_req *req, int retries, uint32_t retry_time_ms)
{
	struct shim_request request = {.msgid = req->msgid,
		.netfn = req->msg.netfn,
		.command = req->msg.cmd,
		.addr_length = req->addr_len,
		.retries = retries,
		.retry_time_ms = retry_time_ms};
	uint8_t bytes[SHIM_REQUEST_SIZE];
	int result;

	if (req->addr_len > sizeof(request.addr)) {
		return -EINVAL;
	}
	result = shim_read(&request.addr, req->addr, req->addr_len);
	if (result == 0) {
		result = shim_address_check(&request.addr, req->addr_len);
	}
	if (result == 0 && req->msg.data) {
		if (req->msg.data_len > SHIM_DATA_MAX) {
			return -EMSGSIZE;
		}
		request.length = req->msg.data_len;
		result = shim_read(request.data, req->msg.data, request.length);
	}
	if (result < 0) {
		return result;
	}
	if ((request.addr.addr_type == IPMI_IPMB_ADDR_TYPE ||
		    request.addr.addr_type == IPMI_IPMB_BROADCAST_ADDR_TYPE) &&
		!channel_is_ipmb(call->device->number, request.addr.channel)) {
		return -EINVAL;
	}
	result = shim_request_check(&request);
	if (result < 0) {
		return result;
	}
	result = shim_request_encode(&request, call->device->handle, bytes);
	return result < 0 ? -EINVAL : record_send(call->fd, bytes, (size_t)result);
}

static int send_command(const struct call *call)
{
	struct ipmi_req req;
	struct shim_settings settings;

	if (shim_read(&req, call->argument, sizeof(req)) < 0) {
		return -EFAULT;
	}
	shim_settings_get(call->device, &settings);
	return request_submit(call, &req, settings.timing.retries, settings.timing.retry_time_ms);
}

static int send_command_settime(const struct call *call)
{
	struct ipmi_req_settime req;

	if (shim_read(&req, call->argument, sizeof(req)) < 0) {
		return -EFAULT;
	}
	return request_submit(call, &req.req, req.retries, req.retry_time_ms);
}

/*
 * Gives a message to the caller. -EINVAL, -EFAULT: it does not take it.
 * -EMSGSIZE: the data did not fit; with `truncate` it was given what fits.
 */
static int message_give(const struct call *call, const struct ipmi_recv *wanted,
	const struct shim_message *message, bool truncate)
{
	struct ipmi_recv recv = *wanted;
	size_t length = message->length;
	int result = 0;

	if (wanted->addr_len < message->addr_length) {
		return -EINVAL;
	}
	if (length > wanted->msg.data_len) {
		if (!truncate) {
			return -EMSGSIZE;
		}
		result = -EMSGSIZE;
		length = wanted->msg.data_len;
	}
	recv.addr_len = message->addr_length;
	recv.recv_type = message->recv_type;
	recv.msgid = (long)message->msgid;
	recv.msg.netfn = message->netfn;
	recv.msg.cmd = message->command;
	recv.msg.data_len = (unsigned short)length;
	const struct shim_copy copies[] = {
		{wanted->addr, &message->addr, message->addr_length},
		{wanted->msg.data, message->data, length},
		{call->argument, &recv, sizeof(recv)},
	};

	return shim_write_all(copies, SHIM_COPIES_MAX) < 0 ? -EFAULT : result;
}

/*
 * Looks at the first record, gives it, takes it out of the queue; what the caller
 * does not take stays. Another thread, or a process that shares the socket, may
 * have taken the record in between: then what we took out is the message, and what
 * we looked at is theirs.
 */
static int receive(const struct call *call, bool truncate)
{
	uint8_t seen[VIPMI_MESSAGE_MAX], taken[VIPMI_MESSAGE_MAX];
	size_t seen_length = 0, taken_length = 0;
	struct shim_message message;
	struct ipmi_recv wanted;
	bool expected;
	int given = 0, result;

	if (shim_read(&wanted, call->argument, sizeof(wanted)) < 0) {
		return -EFAULT;
	}
	do {
		result = record_receive(call->fd, seen, MSG_PEEK, &seen_length);
		if (result < 0) {
			return result;
		}
		expected = shim_message_decode(seen, seen_length, &message);
		if (expected) {
			given = message_give(call, &wanted, &message, truncate);
		}
		if (given < 0 && !(given == -EMSGSIZE && truncate)) {
			return given;
		}
		result = record_receive(call->fd, taken, 0, &taken_length);
		if (result < 0) {
			return result;
		}
		if (taken_length != seen_length || memcmp(taken, seen, seen_length) != 0) {
			expected = shim_message_decode(taken, taken_length, &message);
			if (expected) {
				given = message_give(call, &wanted, &message, true);
			}
		}
	} while (!expected);
	return given;
}

static int receive_msg(const struct call *call)
{
	return receive(call, false);
}

static int receive_msg_trunc(const struct call *call)
{
	return receive(call, true);
}

/* No reply: nothing may stand in the program's queue that it does not expect. */
static int set_gets_events(const struct call *call)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_SET,
		.flags = VIPMI_FLAG_QUIET,
		.handle = call->device->handle};
	int value;

	if (shim_read(&value, call->argument, sizeof(value)) < 0) {
		return -EFAULT;
	}
	socket_begin(&writer, &header);
	socket_put_option(&writer, VIPMI_OPTION_EVENTS, value != 0);
	return record_send(call->fd, bytes, (size_t)socket_end(&writer));
}

/* ---- registrations ---- */

static int register_for_cmd(const struct call *call)
{
	struct ipmi_cmdspec spec;
	bool on = call->request == IPMICTL_REGISTER_FOR_CMD;

	if (shim_read(&spec, call->argument, sizeof(spec)) < 0) {
		return -EFAULT;
	}
	return (on ? shim_register : shim_unregister)(
		call->device, spec.netfn, spec.cmd, (uint32_t)IPMI_CHAN_ALL);
}

static int register_for_cmd_chans(const struct call *call)
{
	struct ipmi_cmdspec_chans spec;
	bool on = call->request == IPMICTL_REGISTER_FOR_CMD_CHANS;

	if (shim_read(&spec, call->argument, sizeof(spec)) < 0) {
		return -EFAULT;
	}
	return (on ? shim_register : shim_unregister)(
		call->device, (uint8_t)spec.netfn, (uint8_t)spec.cmd, spec.chans);
}

/* ---- settings ---- */

static int set_my_address_or_lun(const struct call *call)
{
	struct shim_settings settings;
	unsigned value;

	if (shim_read(&value, call->argument, sizeof(value)) < 0) {
		return -EFAULT;
	}
	shim_settings_get(call->device, &settings);
	if (call->request == IPMICTL_SET_MY_ADDRESS_CMD) {
		settings.address[0] = (uint8_t)value;
	} else {
		settings.lun[0] = value & LUN_MASK;
	}
	return shim_settings_set(call->device, &settings);
}

static int get_my_address_or_lun(const struct call *call)
{
	struct shim_settings settings;
	unsigned value;

	shim_settings_get(call->device, &settings);
	value = call->request == IPMICTL_GET_MY_ADDRESS_CMD ? settings.address[0] : settings.lun[0];
	return shim_write(call->argument, &value, sizeof(value));
}

static int my_channel(const struct call *call)
{
	struct ipmi_channel_lun_address_set value;
	struct shim_settings settings;

	if (shim_read(&value, call->argument, sizeof(value)) < 0) {
		return -EFAULT;
	}
	if (value.channel >= SHIM_CHANNELS) {
		return -EINVAL;
	}
	shim_settings_get(call->device, &settings);
	switch (call->request) {
	case IPMICTL_SET_MY_CHANNEL_ADDRESS_CMD:
		settings.address[value.channel] = value.value;
		return shim_settings_set(call->device, &settings);
	case IPMICTL_SET_MY_CHANNEL_LUN_CMD:
		settings.lun[value.channel] = value.value & LUN_MASK;
		return shim_settings_set(call->device, &settings);
	case IPMICTL_GET_MY_CHANNEL_ADDRESS_CMD:
		value.value = settings.address[value.channel];
		break;
	default:
		value.value = settings.lun[value.channel];
		break;
	}
	return shim_write(call->argument, &value, sizeof(value));
}

static int set_timing(const struct call *call)
{
	struct shim_settings settings;

	shim_settings_get(call->device, &settings);
	if (shim_read(&settings.timing, call->argument, sizeof(settings.timing)) < 0) {
		return -EFAULT;
	}
	return shim_settings_set(call->device, &settings);
}

static int get_timing(const struct call *call)
{
	struct shim_settings settings;

	shim_settings_get(call->device, &settings);
	return shim_write(call->argument, &settings.timing, sizeof(settings.timing));
}

static int set_maintenance(const struct call *call)
{
	struct shim_settings settings;
	int mode;

	if (shim_read(&mode, call->argument, sizeof(mode)) < 0) {
		return -EFAULT;
	}
	if (mode < IPMI_MAINTENANCE_MODE_AUTO || mode > IPMI_MAINTENANCE_MODE_ON) {
		return -EINVAL;
	}
	shim_settings_get(call->device, &settings);
	settings.maintenance = mode;
	return shim_settings_set(call->device, &settings);
}

static int get_maintenance(const struct call *call)
{
	struct shim_settings settings;

	shim_settings_get(call->device, &settings);
	return shim_write(call->argument, &settings.maintenance, sizeof(settings.maintenance));
}

int shim_ioctl(int fd, const struct shim_device *device, uint32_t request, void *argument)
{
	static const struct {
		uint32_t request;
		int (*run)(const struct call *call);
	} table[] = {
		{IPMICTL_SEND_COMMAND, send_command},
		{IPMICTL_RECEIVE_MSG_TRUNC, receive_msg_trunc},
		{IPMICTL_RECEIVE_MSG, receive_msg},
		{IPMICTL_SEND_COMMAND_SETTIME, send_command_settime},
		{IPMICTL_SET_GETS_EVENTS_CMD, set_gets_events},
		{IPMICTL_REGISTER_FOR_CMD, register_for_cmd},
		{IPMICTL_UNREGISTER_FOR_CMD, register_for_cmd},
		{IPMICTL_REGISTER_FOR_CMD_CHANS, register_for_cmd_chans},
		{IPMICTL_UNREGISTER_FOR_CMD_CHANS, register_for_cmd_chans},
		{IPMICTL_SET_MY_ADDRESS_CMD, set_my_address_or_lun},
		{IPMICTL_SET_MY_LUN_CMD, set_my_address_or_lun},
		{IPMICTL_GET_MY_ADDRESS_CMD, get_my_address_or_lun},
		{IPMICTL_GET_MY_LUN_CMD, get_my_address_or_lun},
		{IPMICTL_SET_MY_CHANNEL_ADDRESS_CMD, my_channel},
		{IPMICTL_GET_MY_CHANNEL_ADDRESS_CMD, my_channel},
		{IPMICTL_SET_MY_CHANNEL_LUN_CMD, my_channel},
		{IPMICTL_GET_MY_CHANNEL_LUN_CMD, my_channel},
		{IPMICTL_SET_TIMING_PARMS_CMD, set_timing},
		{IPMICTL_GET_TIMING_PARMS_CMD, get_timing},
		{IPMICTL_SET_MAINTENANCE_MODE_CMD, set_maintenance},
		{IPMICTL_GET_MAINTENANCE_MODE_CMD, get_maintenance},
	};
	const struct call call = {fd, device, request, argument};
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].request == request) {
			return table[i].run(&call);
		}
	}
	return -ENOTTY;
}
