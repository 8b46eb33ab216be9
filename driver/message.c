/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's rules for a request, in the driver's order, and the way between
 * its messages and the agent's.
 */
#include "driver/driver.h"

#define LUN_MAX 3
/* IPMB 1.0: a sequence number has six bits. */
#define SEQUENCE_MASK 0x3F

/* App commands that belong to whoever owns the message flags (IPMI 2.0 section 22). */
#define CMD_GET_MESSAGE 0x33
#define CMD_SEND_MESSAGE 0x34
#define CMD_READ_EVENT_MESSAGE_BUFFER 0x35

/* Sections 27.5 and 27.6. */
#define CMD_RESET_WATCHDOG_TIMER 0x22
#define CMD_SET_WATCHDOG_TIMER 0x24

/* What an event's message claims to answer. */
#define EVENT_NETFN (VIPMI_NETFN_APP | 1)
#define EVENT_CMD CMD_READ_EVENT_MESSAGE_BUFFER

/* The generic address is raw memory to everybody: the specific ones are copied in and out. */
#define ADDR_AS(type, addr)                                                                        \
	({                                                                                         \
		type addr_copy_;                                                                   \
		memcpy(&addr_copy_, (addr), sizeof(addr_copy_));                                   \
		addr_copy_;                                                                        \
	})

static bool is_ipmb(const struct ipmi_addr *addr)
{
	return addr->addr_type == IPMI_IPMB_ADDR_TYPE ||
	       addr->addr_type == IPMI_IPMB_BROADCAST_ADDR_TYPE;
}

static int address_check_direct(const struct ipmi_addr *addr, unsigned length)
{
	struct ipmi_ipmb_direct_addr direct = ADDR_AS(struct ipmi_ipmb_direct_addr, addr);

	return direct.channel != 0 || length < sizeof(direct) || (direct.slave_addr & 1) ||
			       direct.rs_lun > LUN_MAX || direct.rq_lun > LUN_MAX
		       ? -EINVAL
		       : 0;
}

int driver_address_check(const struct ipmi_addr *addr, unsigned length)
{
	if (length < sizeof(struct ipmi_system_interface_addr)) {
		return -EINVAL;
	}
	if (addr->addr_type == IPMI_SYSTEM_INTERFACE_ADDR_TYPE) {
		return addr->channel == IPMI_BMC_CHANNEL ? 0 : -EINVAL;
	}
	if (addr->channel < 0 || addr->channel >= IPMI_BMC_CHANNEL) {
		return -EINVAL;
	}
	if (is_ipmb(addr)) {
		return 0; /* as long as the system interface's */
	}
	if (addr->addr_type == IPMI_IPMB_DIRECT_ADDR_TYPE) {
		return address_check_direct(addr, length);
	}
	if (addr->addr_type == IPMI_LAN_ADDR_TYPE) {
		return length < sizeof(struct ipmi_lan_addr) ? -EINVAL : 0;
	}
	return -EINVAL;
}

static int controller_check(const struct driver_request *request)
{
	struct ipmi_system_interface_addr addr =
		ADDR_AS(struct ipmi_system_interface_addr, &request->addr);

	if ((request->netfn & 1) || addr.lun > LUN_MAX) {
		return -EINVAL;
	}
	if (request->netfn == VIPMI_NETFN_APP &&
		(request->command == CMD_GET_MESSAGE || request->command == CMD_SEND_MESSAGE ||
			request->command == CMD_READ_EVENT_MESSAGE_BUFFER)) {
		return -EINVAL;
	}
	return request->length + DRIVER_OVERHEAD_CONTROLLER > DRIVER_DATA_MAX ? -EMSGSIZE : 0;
}

static int ipmb_check(const struct driver_request *request)
{
	struct ipmi_ipmb_addr addr = ADDR_AS(struct ipmi_ipmb_addr, &request->addr);
	unsigned broadcast = addr.addr_type == IPMI_IPMB_BROADCAST_ADDR_TYPE ? 1 : 0;

	if (request->length + DRIVER_OVERHEAD_IPMB + broadcast > DRIVER_DATA_MAX) {
		return -EMSGSIZE;
	}
	if (addr.lun > LUN_MAX) {
		return -EINVAL;
	}
	/* The answer to a request from the bus, which begins with its completion code. */
	return (request->netfn & 1) && (broadcast || request->length == 0) ? -EINVAL : 0;
}

int driver_request_check(const struct driver_request *request)
{
	/* Six bits are what goes out; the driver cuts the rest off after its checks. */
	if (request->netfn > 0x3F) {
		return -EINVAL;
	}
	switch (request->addr.addr_type) {
	case IPMI_SYSTEM_INTERFACE_ADDR_TYPE:
		return controller_check(request);
	case IPMI_IPMB_ADDR_TYPE:
	case IPMI_IPMB_BROADCAST_ADDR_TYPE:
		return ipmb_check(request);
	case IPMI_IPMB_DIRECT_ADDR_TYPE:
		return -EAFNOSUPPORT; /* no system interface that we know does it */
	default:
		return -EINVAL; /* a LAN address: none of the agent's channels is a LAN */
	}
}

/* The driver's retries and their time, as one time. */
static uint32_t ipmb_budget_ms(const struct driver_request *request, bool broadcast)
{
	uint64_t sends =
		1 + (uint64_t)(request->retries < 0 ? DRIVER_RETRIES_DEFAULT : request->retries);
	uint64_t each_ms =
		request->retry_time_ms ? request->retry_time_ms : DRIVER_RETRY_TIME_DEFAULT_MS;

	if (broadcast) {
		sends = 1; /* never sent again */
	}
	if (sends * each_ms > DRIVER_BUDGET_IPMB_MAX_MS) {
		return DRIVER_BUDGET_IPMB_MAX_MS;
	}
	return (uint32_t)(sends * each_ms);
}

/* As the driver, a program names what it answers by address, command and, as msgid, number. */
static int response_encode(
	const struct driver_request *request, uint32_t handle, uint8_t bytes[DRIVER_REQUEST_SIZE])
{
	struct writer writer = writer_init(bytes, DRIVER_REQUEST_SIZE);
	struct ipmi_ipmb_addr ipmb = ADDR_AS(struct ipmi_ipmb_addr, &request->addr);
	struct socket_header header = {
		.type = VIPMI_MESSAGE_RESPOND,
		.handle = handle,
		.tag = (uint64_t)request->msgid,
		.netfn = request->netfn,
		.command = request->command,
		.cc = request->data[0],
	};

	socket_begin(&writer, &header);
	socket_put_target(&writer, (uint8_t)ipmb.channel, ipmb.slave_addr);
	socket_put_requester(&writer, ipmb.lun, (uint8_t)(request->msgid & SEQUENCE_MASK));
	if (request->length > 1) {
		socket_put(&writer, VIPMI_EXTENSION_DATA, request->data + 1, request->length - 1);
	}
	return socket_end(&writer);
}

/* With hundreds of programs a round of them all takes a slow controller longer than many a timer
 * runs. Whoever feeds one, or stops it, is late then and has the system reset; whoever starts it,
 * and is told that there was no time for that, has no watchdog. */
uint8_t driver_class(uint8_t netfn, uint8_t command)
{
	bool watchdog = netfn == VIPMI_NETFN_APP &&
			(command == CMD_RESET_WATCHDOG_TIMER || command == CMD_SET_WATCHDOG_TIMER);

	return watchdog ? VIPMI_CLASS_URGENT : VIPMI_CLASS_OF_HANDLE;
}

int driver_request_encode(
	const struct driver_request *request, uint32_t handle, uint8_t bytes[DRIVER_REQUEST_SIZE])
{
	struct writer writer = writer_init(bytes, DRIVER_REQUEST_SIZE);
	struct ipmi_ipmb_addr ipmb = ADDR_AS(struct ipmi_ipmb_addr, &request->addr);
	bool broadcast = ipmb.addr_type == IPMI_IPMB_BROADCAST_ADDR_TYPE;
	struct socket_header header = {
		.type = VIPMI_MESSAGE_REQUEST,
		.handle = handle,
		.tag = (uint64_t)request->msgid,
		.netfn = request->netfn,
		.command = request->command,
		.class = VIPMI_CLASS_OF_HANDLE,
	};

	if (request->netfn & 1) {
		return response_encode(request, handle, bytes);
	}
	if (!is_ipmb(&request->addr)) {
		header.lun = ADDR_AS(struct ipmi_system_interface_addr, &request->addr).lun;
		header.target_kind = VIPMI_TARGET_CONTROLLER;
		header.time_ms = DRIVER_BUDGET_CONTROLLER_MS;
		header.class = driver_class(request->netfn, request->command);
		socket_begin(&writer, &header);
	} else {
		header.lun = ipmb.lun;
		header.target_kind = broadcast ? VIPMI_TARGET_IPMB_BROADCAST : VIPMI_TARGET_IPMB;
		header.time_ms = ipmb_budget_ms(request, broadcast);
		socket_begin(&writer, &header);
		socket_put_target(&writer, (uint8_t)ipmb.channel, ipmb.slave_addr);
	}
	if (request->length > 0) {
		socket_put(&writer, VIPMI_EXTENSION_DATA, request->data, request->length);
	}
	return socket_end(&writer);
}

static void address_controller(struct driver_message *message, uint8_t lun)
{
	struct ipmi_system_interface_addr addr = {.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE,
		.channel = IPMI_BMC_CHANNEL,
		.lun = lun};

	memcpy(&message->addr, &addr, sizeof(addr));
	message->addr_length = sizeof(addr);
}

static void address_ipmb(
	struct driver_message *message, const struct socket_message *from, uint8_t lun)
{
	struct ipmi_ipmb_addr addr = {.addr_type = IPMI_IPMB_ADDR_TYPE,
		.channel = from->target.channel,
		.slave_addr = from->target.address,
		.lun = lun};

	memcpy(&message->addr, &addr, sizeof(addr));
	message->addr_length = sizeof(addr);
}

static bool data_append(struct driver_message *message, const struct socket_bytes *data)
{
	if (data->length > sizeof(message->data) - message->length) {
		return false;
	}
	if (data->length > 0) {
		memcpy(message->data + message->length, data->bytes, data->length);
	}
	message->length += data->length;
	return true;
}

static bool answer_decode(const struct socket_message *from, struct driver_message *message)
{
	message->recv_type = from->header.flags & VIPMI_FLAG_RESPONSE ? IPMI_RESPONSE_RESPONSE_TYPE
								      : IPMI_RESPONSE_RECV_TYPE;
	message->msgid = (int64_t)from->header.tag;
	message->netfn = from->header.netfn | 1;
	message->command = from->header.command;
	if (from->header.target_kind == VIPMI_TARGET_CONTROLLER) {
		address_controller(message, from->header.lun);
	} else {
		address_ipmb(message, from, from->header.lun);
	}
	message->data[0] = from->header.cc;
	message->length = 1;
	return data_append(message, &from->data);
}

static bool async_decode(const struct socket_message *from, struct driver_message *message)
{
	if (from->async.kind == VIPMI_ASYNC_EVENT) {
		message->recv_type = IPMI_ASYNC_EVENT_RECV_TYPE;
		message->netfn = EVENT_NETFN;
		message->command = EVENT_CMD;
		address_controller(message, 0);
		return data_append(message, &from->data);
	}
	message->recv_type = IPMI_CMD_RECV_TYPE;
	message->netfn = from->header.netfn;
	message->command = from->header.command;
	message->msgid = from->requester.sequence;
	address_ipmb(message, from, from->requester.lun);
	return data_append(message, &from->data);
}

int driver_open_errno(uint8_t reason)
{
	switch (reason) {
	case VIPMI_REASON_NONE:
		return 0;
	case VIPMI_REASON_FULL:
		return -EBUSY;
	case VIPMI_REASON_DENIED:
		return -EACCES;
	default:
		return -ENODEV;
	}
}

bool driver_message_expected(const struct socket_message *from)
{
	switch (from->header.type) {
	case VIPMI_MESSAGE_ANSWER:
		return true;
	case VIPMI_MESSAGE_EVENT:
		/* Others' requests are shown to subscribers; the driver shows them to nobody. */
		return from->async.kind == VIPMI_ASYNC_EVENT ||
		       (from->async.kind == VIPMI_ASYNC_REQUEST &&
			       from->header.flags & VIPMI_FLAG_YOURS);
	default:
		return false;
	}
}

bool driver_message_decode(const uint8_t *bytes, size_t length, struct driver_message *ret_message)
{
	struct socket_message from;

	if (socket_decode(bytes, length, &from) < 0 || !driver_message_expected(&from)) {
		return false;
	}
	memset(ret_message, 0, sizeof(*ret_message));
	return from.header.type == VIPMI_MESSAGE_ANSWER ? answer_decode(&from, ret_message)
							: async_decode(&from, ret_message);
}
