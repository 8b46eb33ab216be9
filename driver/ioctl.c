/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's ioctl calls, one function each, and the table that finds them.
 */
#include "driver/driver.h"

#define LUN_MASK 3

/* As the driver starts (its ipmi_add_smi): a controller at 20h, asked from LUN 2. */
#define ADDRESS_DEFAULT 0x20
#define LUN_DEFAULT 2

/* A call's number, as include/uapi/asm-generic/ioctl.h packs it: direction (2), size of the
 * argument (14), the driver's letter (8), which call (8). Who has 32 bits passes a smaller one. */
#define NUMBER_SIZE(number) ((number) >> 16 & 0x3FFF)
#define NUMBER_LETTER(number) ((number) >> 8 & 0xFF)
#define NUMBER_CALL(number) ((number)&0xFF)
#define NUMBER_DIRECTION(number) ((number) >> 30)

#define OUT 2u    /* _IOR: what the driver calls it, whichever way the data go */
#define IN_OUT 3u /* _IOWR */
#define IN 1u     /* _IOW */

enum {
	CALL_RECEIVE_MSG_TRUNC = 11,
	CALL_RECEIVE_MSG,
	CALL_SEND_COMMAND,
	CALL_REGISTER_FOR_CMD,
	CALL_UNREGISTER_FOR_CMD,
	CALL_SET_GETS_EVENTS,
	CALL_SET_MY_ADDRESS,
	CALL_GET_MY_ADDRESS,
	CALL_SET_MY_LUN,
	CALL_GET_MY_LUN,
	CALL_SEND_COMMAND_SETTIME,
	CALL_SET_TIMING_PARMS,
	CALL_GET_TIMING_PARMS,
	CALL_SET_MY_CHANNEL_ADDRESS,
	CALL_GET_MY_CHANNEL_ADDRESS,
	CALL_SET_MY_CHANNEL_LUN,
	CALL_GET_MY_CHANNEL_LUN,
	CALL_REGISTER_FOR_CMD_CHANS,
	CALL_UNREGISTER_FOR_CMD_CHANS,
	CALL_GET_MAINTENANCE_MODE,
	CALL_SET_MAINTENANCE_MODE,
};

struct call {
	const struct driver_host *host;
	struct driver_scratch *scratch;
	unsigned which;
	bool narrow;       /* the caller has words of 32 bits */
	uint64_t argument; /* the caller's memory */
};

static int argument_read(const struct call *call, void *destination, size_t length)
{
	return call->host->read(call->host->context, destination, call->argument, length);
}

static int argument_write(const struct call *call, const void *source, size_t length)
{
	const struct driver_copy copy = {call->argument, source, length};

	return call->host->write(call->host->context, &copy, 1);
}

/* ---- messages ---- */

/* The driver's handle_send_req, in its order. */
static int request_submit(
	const struct call *call, const struct driver_req *req, int retries, uint32_t retry_time_ms)
{
	const struct driver_host *host = call->host;
	struct driver_request *request = &call->scratch->request;
	int result;

	memset(request, 0, sizeof(*request));
	request->msgid = req->msgid;
	request->netfn = req->netfn;
	request->command = req->command;
	request->addr_length = req->addr_length;
	request->retries = retries;
	request->retry_time_ms = retry_time_ms;
	if (req->addr_length > sizeof(request->addr)) {
		return -EINVAL;
	}
	result = host->read(host->context, &request->addr, req->addr, req->addr_length);
	if (result == 0) {
		result = driver_address_check(&request->addr, req->addr_length);
	}
	if (result == 0 && req->data) {
		if (req->data_length > sizeof(request->data)) {
			return -EMSGSIZE;
		}
		request->length = req->data_length;
		result = host->read(host->context, request->data, req->data, request->length);
	}
	if (result < 0) {
		return result;
	}
	if ((request->addr.addr_type == IPMI_IPMB_ADDR_TYPE ||
		    request->addr.addr_type == IPMI_IPMB_BROADCAST_ADDR_TYPE) &&
		!host->is_ipmb(host->context, request->addr.channel)) {
		return -EINVAL;
	}
	result = driver_request_check(request);
	if (result < 0) {
		return result;
	}
	result = driver_request_encode(request, host->handle, call->scratch->bytes);
	return result < 0 ? -EINVAL
			  : host->send(host->context, call->scratch->bytes, (size_t)result);
}

static int req_read(const struct call *call, bool settime, struct driver_req *ret_request)
{
	uint8_t bytes[DRIVER_LAYOUT_MAX];
	int result = argument_read(call, bytes, driver_req_length(call->narrow, settime));

	if (result == 0) {
		driver_req_read(bytes, call->narrow, settime, ret_request);
	}
	return result;
}

static int send_command(const struct call *call)
{
	struct driver_settings settings;
	struct driver_req req;
	int result = req_read(call, false, &req);

	if (result < 0) {
		return result;
	}
	call->host->settings_get(call->host->context, &settings);
	return request_submit(call, &req, settings.timing.retries, settings.timing.retry_time_ms);
}

static int send_command_settime(const struct call *call)
{
	struct driver_req req;
	int result = req_read(call, true, &req);

	return result < 0 ? result : request_submit(call, &req, req.retries, req.retry_time_ms);
}

/*
 * Gives a message to the caller. -EINVAL, -EFAULT: it does not take it.
 * -EMSGSIZE: the data did not fit; with `truncate` it was given what fits.
 */
static int message_give(const struct call *call, const struct driver_recv *wanted,
	const struct driver_message *message, bool truncate)
{
	struct driver_recv recv = *wanted;
	uint8_t bytes[DRIVER_LAYOUT_MAX];
	size_t length = message->length;
	int result = 0, written;

	if (wanted->addr_length < message->addr_length) {
		return -EINVAL;
	}
	if (length > wanted->data_length) {
		if (!truncate) {
			return -EMSGSIZE;
		}
		result = -EMSGSIZE;
		length = wanted->data_length;
	}
	recv.addr_length = message->addr_length;
	recv.recv_type = message->recv_type;
	recv.msgid = message->msgid;
	recv.netfn = message->netfn;
	recv.command = message->command;
	recv.data_length = (uint16_t)length;
	driver_recv_write(bytes, call->narrow, &recv);
	const struct driver_copy copies[DRIVER_COPIES_MAX] = {
		{wanted->addr, &message->addr, message->addr_length},
		{wanted->data, message->data, length},
		{call->argument, bytes, driver_recv_length(call->narrow)},
	};

	written = call->host->write(call->host->context, copies, DRIVER_COPIES_MAX);
	return written < 0 ? written : result;
}

/*
 * Looks at the first message, gives it, takes it out of the queue; what the caller
 * does not take stays. Another thread, or a process that shares the open file, may
 * have taken the message in between: then what we took out is the message, and what
 * we looked at is theirs.
 */
static int receive(const struct call *call, bool truncate)
{
	const struct driver_host *host = call->host;
	struct driver_scratch *scratch = call->scratch;
	size_t seen_length = 0, taken_length = 0;
	uint8_t bytes[DRIVER_LAYOUT_MAX];
	struct driver_recv wanted;
	int given = 0, result;
	bool expected;

	result = argument_read(call, bytes, driver_recv_length(call->narrow));
	if (result < 0) {
		return result;
	}
	driver_recv_read(bytes, call->narrow, &wanted);
	do {
		result = host->receive(host->context, false, scratch->bytes, &seen_length);
		if (result < 0) {
			return result;
		}
		expected = driver_message_decode(scratch->bytes, seen_length, &scratch->message);
		if (expected) {
			given = message_give(call, &wanted, &scratch->message, truncate);
		}
		if (given < 0 && !(given == -EMSGSIZE && truncate)) {
			return given;
		}
		result = host->receive(host->context, true, scratch->taken, &taken_length);
		if (result < 0) {
			return result;
		}
		if (taken_length != seen_length ||
			memcmp(scratch->taken, scratch->bytes, seen_length) != 0) {
			expected = driver_message_decode(
				scratch->taken, taken_length, &scratch->message);
			if (expected) {
				given = message_give(call, &wanted, &scratch->message, true);
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
	struct writer writer = writer_init(call->scratch->bytes, sizeof(call->scratch->bytes));
	struct socket_header header = {
		.type = VIPMI_MESSAGE_SET, .flags = VIPMI_FLAG_QUIET, .handle = call->host->handle};
	int value, result = argument_read(call, &value, sizeof(value));

	if (result < 0) {
		return result;
	}
	socket_begin(&writer, &header);
	socket_put_option(&writer, VIPMI_OPTION_EVENTS, value != 0);
	return call->host->send(
		call->host->context, call->scratch->bytes, (size_t)socket_end(&writer));
}

/* ---- registrations ---- */

static int register_for_cmd(const struct call *call)
{
	struct ipmi_cmdspec spec;
	int result = argument_read(call, &spec, sizeof(spec));

	if (result < 0) {
		return result;
	}
	return (call->which == CALL_REGISTER_FOR_CMD ? driver_commands_register
						     : driver_commands_unregister)(
		call->host, call->scratch, spec.netfn, spec.cmd, (uint32_t)IPMI_CHAN_ALL);
}

static int register_for_cmd_chans(const struct call *call)
{
	struct ipmi_cmdspec_chans spec;
	int result = argument_read(call, &spec, sizeof(spec));

	if (result < 0) {
		return result;
	}
	return (call->which == CALL_REGISTER_FOR_CMD_CHANS ? driver_commands_register
							   : driver_commands_unregister)(
		call->host, call->scratch, (uint8_t)spec.netfn, (uint8_t)spec.cmd, spec.chans);
}

/* ---- settings ---- */

void driver_settings_init(struct driver_settings *ret_settings)
{
	memset(ret_settings, 0, sizeof(*ret_settings));
	memset(ret_settings->address, ADDRESS_DEFAULT, sizeof(ret_settings->address));
	memset(ret_settings->lun, LUN_DEFAULT, sizeof(ret_settings->lun));
	ret_settings->timing.retries = -1;
}

static void settings_get(const struct call *call, struct driver_settings *ret_settings)
{
	call->host->settings_get(call->host->context, ret_settings);
}

static int settings_set(const struct call *call, const struct driver_settings *settings)
{
	return call->host->settings_set(call->host->context, settings);
}

static int set_my_address_or_lun(const struct call *call)
{
	struct driver_settings settings;
	unsigned value;
	int result = argument_read(call, &value, sizeof(value));

	if (result < 0) {
		return result;
	}
	settings_get(call, &settings);
	if (call->which == CALL_SET_MY_ADDRESS) {
		settings.address[0] = (uint8_t)value;
	} else {
		settings.lun[0] = value & LUN_MASK;
	}
	return settings_set(call, &settings);
}

static int get_my_address_or_lun(const struct call *call)
{
	struct driver_settings settings;
	unsigned value;

	settings_get(call, &settings);
	value = call->which == CALL_GET_MY_ADDRESS ? settings.address[0] : settings.lun[0];
	return argument_write(call, &value, sizeof(value));
}

static int my_channel(const struct call *call)
{
	struct ipmi_channel_lun_address_set value;
	struct driver_settings settings;
	int result = argument_read(call, &value, sizeof(value));

	if (result < 0) {
		return result;
	}
	if (value.channel >= DRIVER_CHANNELS) {
		return -EINVAL;
	}
	settings_get(call, &settings);
	switch (call->which) {
	case CALL_SET_MY_CHANNEL_ADDRESS:
		settings.address[value.channel] = value.value;
		return settings_set(call, &settings);
	case CALL_SET_MY_CHANNEL_LUN:
		settings.lun[value.channel] = value.value & LUN_MASK;
		return settings_set(call, &settings);
	case CALL_GET_MY_CHANNEL_ADDRESS:
		value.value = settings.address[value.channel];
		break;
	default:
		value.value = settings.lun[value.channel];
		break;
	}
	return argument_write(call, &value, sizeof(value));
}

static int set_timing(const struct call *call)
{
	struct driver_settings settings;
	int result;

	settings_get(call, &settings);
	result = argument_read(call, &settings.timing, sizeof(settings.timing));
	return result < 0 ? result : settings_set(call, &settings);
}

static int get_timing(const struct call *call)
{
	struct driver_settings settings;

	settings_get(call, &settings);
	return argument_write(call, &settings.timing, sizeof(settings.timing));
}

/*
 * The driver's mode is one for all: to have it on is the agent's to grant, and it
 * is on while anybody wants it. Off and automatic are the open's own: what it does
 * not want others may.
 */
static int maintenance_ask(const struct call *call, bool wanted)
{
	struct driver_scratch *scratch = call->scratch;
	struct writer writer = writer_init(scratch->bytes, sizeof(scratch->bytes));
	const struct socket_header header = {
		.type = VIPMI_MESSAGE_SET, .handle = call->host->handle};

	socket_begin(&writer, &header);
	socket_put_option(&writer, VIPMI_OPTION_MAINTENANCE, wanted);
	if (call->host->ask(call->host->context, scratch->bytes, (size_t)socket_end(&writer),
		    &scratch->reply) < 0 ||
		scratch->reply.header.type != VIPMI_MESSAGE_DONE) {
		return -ENODEV;
	}
	switch (scratch->reply.header.reason) {
	case VIPMI_REASON_NONE:
		return 0;
	case VIPMI_REASON_DENIED:
		return -EPERM;
	default:
		return -ENODEV;
	}
}

static int set_maintenance(const struct call *call)
{
	struct driver_settings settings;
	int mode, result = argument_read(call, &mode, sizeof(mode));

	if (result < 0) {
		return result;
	}
	if (mode < IPMI_MAINTENANCE_MODE_AUTO || mode > IPMI_MAINTENANCE_MODE_ON) {
		return -EINVAL;
	}
	settings_get(call, &settings);
	if ((mode == IPMI_MAINTENANCE_MODE_ON) !=
		(settings.maintenance == IPMI_MAINTENANCE_MODE_ON)) {
		result = maintenance_ask(call, mode == IPMI_MAINTENANCE_MODE_ON);
		if (result < 0) {
			return result;
		}
	}
	settings.maintenance = mode;
	return settings_set(call, &settings);
}

static int get_maintenance(const struct call *call)
{
	struct driver_settings settings;

	settings_get(call, &settings);
	return argument_write(call, &settings.maintenance, sizeof(settings.maintenance));
}

/* Argument lengths of 64- and 32-bit callers. */
#define REQ_WIDE 40
#define REQ_NARROW 20
#define SETTIME_WIDE 48
#define SETTIME_NARROW 28
#define RECV_WIDE 48
#define RECV_NARROW 24

int driver_ioctl(const struct driver_host *host, struct driver_scratch *scratch, uint32_t request,
	uint64_t argument)
{
	static const struct {
		uint8_t which, direction, wide, narrow;
		int (*run)(const struct call *call);
	} table[] = {
		{CALL_SEND_COMMAND, OUT, REQ_WIDE, REQ_NARROW, send_command},
		{CALL_RECEIVE_MSG_TRUNC, IN_OUT, RECV_WIDE, RECV_NARROW, receive_msg_trunc},
		{CALL_RECEIVE_MSG, IN_OUT, RECV_WIDE, RECV_NARROW, receive_msg},
		{CALL_SEND_COMMAND_SETTIME, OUT, SETTIME_WIDE, SETTIME_NARROW,
			send_command_settime},
		{CALL_SET_GETS_EVENTS, OUT, sizeof(int), 0, set_gets_events},
		{CALL_REGISTER_FOR_CMD, OUT, sizeof(struct ipmi_cmdspec), 0, register_for_cmd},
		{CALL_UNREGISTER_FOR_CMD, OUT, sizeof(struct ipmi_cmdspec), 0, register_for_cmd},
		{CALL_REGISTER_FOR_CMD_CHANS, OUT, sizeof(struct ipmi_cmdspec_chans), 0,
			register_for_cmd_chans},
		{CALL_UNREGISTER_FOR_CMD_CHANS, OUT, sizeof(struct ipmi_cmdspec_chans), 0,
			register_for_cmd_chans},
		{CALL_SET_MY_ADDRESS, OUT, sizeof(int), 0, set_my_address_or_lun},
		{CALL_SET_MY_LUN, OUT, sizeof(int), 0, set_my_address_or_lun},
		{CALL_GET_MY_ADDRESS, OUT, sizeof(int), 0, get_my_address_or_lun},
		{CALL_GET_MY_LUN, OUT, sizeof(int), 0, get_my_address_or_lun},
		{CALL_SET_MY_CHANNEL_ADDRESS, OUT, sizeof(struct ipmi_channel_lun_address_set), 0,
			my_channel},
		{CALL_GET_MY_CHANNEL_ADDRESS, OUT, sizeof(struct ipmi_channel_lun_address_set), 0,
			my_channel},
		{CALL_SET_MY_CHANNEL_LUN, OUT, sizeof(struct ipmi_channel_lun_address_set), 0,
			my_channel},
		{CALL_GET_MY_CHANNEL_LUN, OUT, sizeof(struct ipmi_channel_lun_address_set), 0,
			my_channel},
		{CALL_SET_TIMING_PARMS, OUT, sizeof(struct ipmi_timing_parms), 0, set_timing},
		{CALL_GET_TIMING_PARMS, OUT, sizeof(struct ipmi_timing_parms), 0, get_timing},
		{CALL_SET_MAINTENANCE_MODE, IN, sizeof(int), 0, set_maintenance},
		{CALL_GET_MAINTENANCE_MODE, OUT, sizeof(int), 0, get_maintenance},
	};
	const uint32_t size = NUMBER_SIZE(request);
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(table); i++) {
		if (NUMBER_LETTER(request) == IPMI_IOC_MAGIC &&
			table[i].which == NUMBER_CALL(request) &&
			table[i].direction == NUMBER_DIRECTION(request) &&
			(size == table[i].wide || (size != 0 && size == table[i].narrow))) {
			const struct call call = {
				host, scratch, table[i].which, size == table[i].narrow, argument};

			return table[i].run(&call);
		}
	}
	return -ENOTTY;
}
