/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands behind the driver's ioctl calls here: the caller's memory, the
 * socket that the program holds, and connections of our own beside it.
 */
#include "client/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* IPMI 2.0 section 22.24, table 6-3: the medium of an IPMB channel. */
#define CMD_GET_CHANNEL_INFO 0x42
#define MEDIUM_IPMB 1
#define MEDIUM_MASK 0x7F
/* Response: completion code, channel, medium, ... */
#define CHANNEL_INFO_MEDIUM 2

struct open_file {
	int fd;
	const struct shim_device *device;
	int beside; /* a connection for what the agent answers at once, or -1 */
	uint8_t reply[VIPMI_MESSAGE_MAX];
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

static int host_send(void *context, const uint8_t *message, size_t length)
{
	const struct open_file *file = context;

	return record_send(file->fd, message, length);
}

static int host_receive(
	void *context, bool take, uint8_t bytes[VIPMI_MESSAGE_MAX], size_t *ret_length)
{
	const struct open_file *file = context;

	return record_receive(file->fd, bytes, take ? 0 : MSG_PEEK, ret_length);
}

static int host_ask(
	void *context, const uint8_t *message, size_t length, struct socket_message *ret_reply)
{
	struct open_file *file = context;
	ssize_t received;

	if (file->beside < 0) {
		file->beside = shim_connect(file->device->number);
	}
	if (file->beside < 0 || send(file->beside, message, length, MSG_NOSIGNAL) < 0) {
		return -ENODEV;
	}
	do {
		received = recv(file->beside, file->reply, sizeof(file->reply), 0);
	} while (received < 0 && errno == EINTR);
	return received > 0 && socket_decode(file->reply, (size_t)received, ret_reply) == 0
		       ? 0
		       : -ENODEV;
}

/* ---- channels ---- */

/* Asks the controller for a channel's medium, on a connection of its own: the program's may have
 * anything in its queue. -1: it does not say. */
static int medium_ask(unsigned number, uint8_t channel)
{
	struct ipmi_system_interface_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	struct driver_request request = {.netfn = VIPMI_NETFN_APP,
		.command = CMD_GET_CHANNEL_INFO,
		.data = {channel},
		.length = 1};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct driver_message answer;
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
			(size_t)driver_request_encode(&request, device.handle, bytes)) == 0 &&
		poll(&poll_fd, 1, DRIVER_BUDGET_CONTROLLER_MS) == 1 &&
		record_receive(fd, bytes, 0, &length) == 0 &&
		driver_message_decode(bytes, length, &answer) &&
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
static bool host_is_ipmb(void *context, short channel)
{
	static _Atomic uint32_t known; /* bit 31: there is one; bit 30: it is */
	const struct open_file *file = context;
	uint32_t key = UINT32_C(1) << 31 | file->device->number << 4 | (uint32_t)channel;
	uint32_t last = atomic_load_explicit(&known, memory_order_relaxed);
	const uint32_t yes = UINT32_C(1) << 30;

	if (channel == 0) {
		return true;
	}
	if ((last & ~yes) != key) {
		last = key |
		       (medium_ask(file->device->number, (uint8_t)channel) == MEDIUM_IPMB ? yes
											  : 0);
		atomic_store_explicit(&known, last, memory_order_relaxed);
	}
	return (last & yes) != 0;
}

/* ---- the caller's memory, and what is kept ---- */

static int host_read(void *context, void *destination, uint64_t source, size_t length)
{
	(void)context;
	return shim_read(destination, (const void *)(uintptr_t)source, length);
}

static int host_write(void *context, const struct driver_copy *copies, size_t count)
{
	(void)context;
	return shim_write_all(copies, count);
}

static void host_settings_get(void *context, struct driver_settings *ret_settings)
{
	shim_settings_get(((const struct open_file *)context)->device, ret_settings);
}

static int host_settings_set(void *context, const struct driver_settings *settings)
{
	return shim_settings_set(((const struct open_file *)context)->device, settings);
}

int shim_ioctl(int fd, const struct shim_device *device, uint32_t request, void *argument)
{
	struct open_file file = {.fd = fd, .device = device, .beside = -1};
	const struct driver_host host = {.context = &file,
		.read = host_read,
		.write = host_write,
		.send = host_send,
		.ask = host_ask,
		.receive = host_receive,
		.is_ipmb = host_is_ipmb,
		.settings_get = host_settings_get,
		.settings_set = host_settings_set,
		.handle = device->handle};
	struct driver_scratch scratch;
	int result = driver_ioctl(&host, &scratch, request, (uint64_t)(uintptr_t)argument);

	if (file.beside >= 0) {
		close(file.beside);
	}
	return result;
}
