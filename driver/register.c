/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * REGISTER_FOR_CMD: who registers holds the right to receive, at the agent, so
 * that it is exclusive among all programs, goes with the open's last descriptor,
 * and survives fork and exec. The replies come beside the program's queue: there
 * stands nothing that the program does not expect.
 *
 * One registration for all channels is one right; for some of them, one each.
 */
#include "driver/driver.h"

#define CHANNELS_ALL ((UINT32_C(1) << DRIVER_CHANNELS) - 1)

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
static int ask(const struct driver_host *host, struct driver_scratch *scratch,
	enum vipmi_message_type type, const struct socket_command *rights, size_t count)
{
	struct writer writer = writer_init(scratch->bytes, sizeof(scratch->bytes));
	const struct socket_header header = {.type = (uint8_t)type,
		.flags = type == VIPMI_MESSAGE_RESERVE ? VIPMI_FLAG_ANEW : 0,
		.handle = host->handle};
	int length;

	socket_begin(&writer, &header);
	socket_put_commands(&writer, rights, count);
	length = socket_end(&writer);
	if (length < 0 ||
		host->ask(host->context, scratch->bytes, (size_t)length, &scratch->reply) < 0 ||
		scratch->reply.header.type != VIPMI_MESSAGE_DONE) {
		return -ENODEV;
	}
	return reason_errno(scratch->reply.header.reason);
}

int driver_commands_register(const struct driver_host *host, struct driver_scratch *scratch,
	uint8_t netfn, uint8_t command, uint32_t channels)
{
	struct socket_command rights[DRIVER_CHANNELS];
	size_t count = 0;
	uint8_t channel;

	if ((channels & CHANNELS_ALL) == CHANNELS_ALL) {
		rights[count++] = right_of(netfn, command, VIPMI_ALL);
	} else {
		for (channel = 0; channel < DRIVER_CHANNELS; channel++) {
			if (channels >> channel & 1) {
				rights[count++] = right_of(netfn, command, channel);
			}
		}
	}
	return count > 0 ? ask(host, scratch, VIPMI_MESSAGE_RESERVE, rights, count) : 0;
}

/* What was held of some channels, each for itself: -ENOENT if that is nothing. */
static int release_each(const struct driver_host *host, struct driver_scratch *scratch,
	struct socket_command *right, uint32_t channels)
{
	int result, found = -ENOENT;

	for (right->channel = 0; right->channel < DRIVER_CHANNELS; right->channel++) {
		if (!(channels >> right->channel & 1)) {
			continue;
		}
		result = ask(host, scratch, VIPMI_MESSAGE_RELEASE, right, 1);
		if (result == 0) {
			found = 0;
		} else if (result != -ENOENT) {
			return result;
		}
	}
	return found;
}

int driver_commands_unregister(const struct driver_host *host, struct driver_scratch *scratch,
	uint8_t netfn, uint8_t command, uint32_t channels)
{
	struct socket_command right = right_of(netfn, command, VIPMI_ALL);
	int result;

	if (!(channels & CHANNELS_ALL)) {
		return -ENOENT;
	}
	result = ask(host, scratch, VIPMI_MESSAGE_RELEASE, &right, 1);
	if (result == 0 && (channels & CHANNELS_ALL) != CHANNELS_ALL) {
		/* One for all becomes one each for the rest. */
		return driver_commands_register(host, scratch, netfn, command, ~channels);
	}
	return result == -ENOENT ? release_each(host, scratch, &right, channels) : result;
}
