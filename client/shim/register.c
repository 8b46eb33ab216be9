/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * REGISTER_FOR_CMD: who registers holds the right to receive, at the agent, so
 * that it is exclusive among all programs, goes with the open's last descriptor,
 * and survives fork and exec. It is asked for over a connection of its own: in the
 * program's queue stands nothing that the program does not expect.
 *
 * One registration for all channels is one right; for some of them, one each.
 */
#include "client/shim/shim.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipmi/socket.h"

#define CHANNELS_ALL ((UINT32_C(1) << SHIM_CHANNELS) - 1)

static struct socket_command right_of(uint8_t netfn, uint8_t command, uint8_t channel)
{
	return (struct socket_command){.netfn = netfn,
		.direction = VIPMI_DIRECTION_RECEIVE,
		.command = command,
		.body = VIPMI_BODY_ALL,
		.channel = channel,
		.address = VIPMI_ALL,
		.lun = VIPMI_ALL};
}

static int reason_errno(uint8_t reason)
{
	switch (reason) {
	case VIPMI_REASON_NONE:
		return 0;
	case VIPMI_REASON_RESERVED:
		return -EBUSY;
	case VIPMI_REASON_NOT_FOUND:
		return -ENOENT;
	case VIPMI_REASON_FULL:
		return -ENOMEM;
	case VIPMI_REASON_PROTOCOL:
		return -EINVAL; /* a netFn that no request has */
	default:
		return -ENODEV;
	}
}

/* RESERVE or RELEASE; what the agent says. */
static int ask(int fd, const struct shim_device *device, enum vipmi_message_type type,
	const struct socket_command *rights, size_t count)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	const struct socket_header header = {.type = (uint8_t)type,
		.flags = type == VIPMI_MESSAGE_RESERVE ? VIPMI_FLAG_ANEW : 0,
		.handle = device->handle};
	struct socket_message message;
	ssize_t length;

	socket_begin(&writer, &header);
	socket_put_commands(&writer, rights, count);
	length = socket_end(&writer);
	if (length < 0 || send(fd, bytes, (size_t)length, MSG_NOSIGNAL) < 0) {
		return -ENODEV;
	}
	do {
		length = recv(fd, bytes, sizeof(bytes), 0);
	} while (length < 0 && errno == EINTR);
	if (length <= 0 || socket_decode(bytes, (size_t)length, &message) < 0 ||
		message.header.type != VIPMI_MESSAGE_DONE) {
		return -ENODEV;
	}
	return reason_errno(message.header.reason);
}

static int reserve(
	int fd, const struct shim_device *device, uint8_t netfn, uint8_t command, uint32_t channels)
{
	struct socket_command rights[SHIM_CHANNELS];
	size_t count = 0;
	uint8_t channel;

	if ((channels & CHANNELS_ALL) == CHANNELS_ALL) {
		rights[count++] = right_of(netfn, command, VIPMI_ALL);
	} else {
		for (channel = 0; channel < SHIM_CHANNELS; channel++) {
			if (channels >> channel & 1) {
				rights[count++] = right_of(netfn, command, channel);
			}
		}
	}
	return count > 0 ? ask(fd, device, VIPMI_MESSAGE_RESERVE, rights, count) : 0;
}

int shim_register(
	const struct shim_device *device, uint8_t netfn, uint8_t command, uint32_t channels)
{
	int fd = shim_connect(device->number), result;

	if (fd < 0) {
		return -ENODEV;
	}
	result = reserve(fd, device, netfn, command, channels);
	close(fd);
	return result;
}

/* Gives back what is held of these channels: -ENOENT if that is nothing. */
static int release(
	int fd, const struct shim_device *device, uint8_t netfn, uint8_t command, uint32_t channels)
{
	struct socket_command right = right_of(netfn, command, VIPMI_ALL);
	int result = ask(fd, device, VIPMI_MESSAGE_RELEASE, &right, 1), found = result;

	if (result == 0 && (channels & CHANNELS_ALL) != CHANNELS_ALL) {
		/* One for all becomes one each for the rest. */
		return reserve(fd, device, netfn, command, ~channels);
	}
	if (result != -ENOENT) {
		return result;
	}
	for (right.channel = 0; right.channel < SHIM_CHANNELS; right.channel++) {
		if (!(channels >> right.channel & 1)) {
			continue;
		}
		result = ask(fd, device, VIPMI_MESSAGE_RELEASE, &right, 1);
		if (result == 0) {
			found = 0;
		} else if (result != -ENOENT) {
			return result;
		}
	}
	return found;
}

int shim_unregister(
	const struct shim_device *device, uint8_t netfn, uint8_t command, uint32_t channels)
{
	int fd, result;

	if (!(channels & CHANNELS_ALL)) {
		return -ENOENT;
	}
	fd = shim_connect(device->number);
	if (fd < 0) {
		return -ENODEV;
	}
	result = release(fd, device, netfn, command, channels);
	close(fd);
	return result;
}
