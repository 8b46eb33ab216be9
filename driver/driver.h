/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface of Linux' IPMI driver (ipmi_devintf), as whoever stands in for it
 * has to know it: its ioctl calls with their order of checks and errno values, its
 * structures as 32- and 64-bit callers lay them out, and the way between its
 * messages and the agent's. Written once for the shim, the CUSE face and the module.
 *
 * Pure: whoever owns the open file reaches the caller's memory and the agent through
 * struct driver_host. One caller at a time for each open file.
 */
#ifndef VIPMI_DRIVER_DRIVER_H
#define VIPMI_DRIVER_DRIVER_H

#include "base/compat.h"
#include "ipmi/socket.h"

#include <linux/ipmi.h>

/* Channels that the driver keeps an address and a LUN for (its IPMI_MAX_CHANNELS). */
#define DRIVER_CHANNELS 16u

/* What the driver lets a message have (its IPMI_MAX_MSG_LENGTH), and what each kind of address
 * takes of it: netFn and command; an IPMB header with Send Message's, and a checksum. */
#define DRIVER_DATA_MAX 272u
#define DRIVER_OVERHEAD_CONTROLLER 2u
#define DRIVER_OVERHEAD_IPMB 10u

/* A request to the controller. The driver waits as long as its state machine does; ipmitool gives
 * up after 15 s. In between there is always an answer. */
#define DRIVER_BUDGET_CONTROLLER_MS 12000u
/* A request over the IPMB: the driver's own default (4 retries of 2 s), and where we stop. */
#define DRIVER_RETRIES_DEFAULT 4
#define DRIVER_RETRY_TIME_DEFAULT_MS 2000u
#define DRIVER_BUDGET_IPMB_MAX_MS 14000u

/* ---- message.c: the driver's messages and the agent's ---- */

/* A request as the driver would take it. */
struct driver_request {
	struct ipmi_addr addr;
	unsigned addr_length;
	int64_t msgid;
	uint8_t netfn, command;
	uint8_t data[DRIVER_DATA_MAX];
	size_t length;
	int retries;            /* negative: the default */
	uint32_t retry_time_ms; /* 0: the default */
};

/* What the driver checks before it copies the data: -EINVAL. */
int driver_address_check(const struct ipmi_addr *addr, unsigned length);
/* What it checks after: -EINVAL, -EMSGSIZE, -EAFNOSUPPORT. Channels' media are not looked at. */
int driver_request_check(const struct driver_request *request);

#define DRIVER_REQUEST_SIZE                                                                        \
	(VIPMI_HEADER_LENGTH + 3 * VIPMI_EXTENSION_HEADER_LENGTH + 2 + 2 + DRIVER_DATA_MAX)

/* Whose turn a request to the controller is in, where its sender cannot say:
 * VIPMI_CLASS_OF_HANDLE, or urgent for who sets or feeds a watchdog. */
uint8_t driver_class(uint8_t netfn, uint8_t command);

/* Writes a request that passed the checks; its length. */
int driver_request_encode(
	const struct driver_request *request, uint32_t handle, uint8_t bytes[DRIVER_REQUEST_SIZE]);

/* What the agent's reason for refusing an OPEN is in the driver's words: 0, -EBUSY, -EACCES,
 * -ENODEV. */
int driver_open_errno(uint8_t reason);

/* A message as the driver would deliver it. */
struct driver_message {
	int recv_type;
	struct ipmi_addr addr;
	unsigned addr_length;
	int64_t msgid;
	uint8_t netfn, command;
	uint8_t data[DRIVER_DATA_MAX + 1];
	size_t length;
};

/* Whether a program behind the driver's interface expects this message of the agent's. */
bool driver_message_expected(const struct socket_message *from);
/* False for a message that no such program expects. */
bool driver_message_decode(const uint8_t *bytes, size_t length, struct driver_message *ret_message);

/* ---- layout.c: the callers' structures ---- */

/* struct ipmi_req or ipmi_req_settime, and struct ipmi_recv, whatever the caller's words are. */
struct driver_req {
	uint64_t addr, data; /* the caller's memory */
	int64_t msgid;
	uint32_t addr_length;
	uint16_t data_length;
	uint8_t netfn, command;
	int32_t retries;
	uint32_t retry_time_ms;
};

struct driver_recv {
	uint64_t addr, data;
	int64_t msgid;
	int32_t recv_type;
	uint32_t addr_length;
	uint16_t data_length;
	uint8_t netfn, command;
};

/* Room for the longest of them. */
#define DRIVER_LAYOUT_MAX 48u

/* Lengths in bytes; `narrow`: of a 32-bit caller. */
size_t driver_req_length(bool narrow, bool settime);
size_t driver_recv_length(bool narrow);

void driver_req_read(
	const uint8_t *bytes, bool narrow, bool settime, struct driver_req *ret_request);
void driver_recv_read(const uint8_t *bytes, bool narrow, struct driver_recv *ret_recv);
void driver_recv_write(uint8_t *bytes, bool narrow, const struct driver_recv *recv);

/* ---- ioctl.c: the calls ---- */

/* What an open keeps. */
struct driver_settings {
	uint8_t address[DRIVER_CHANNELS], lun[DRIVER_CHANNELS];
	int32_t maintenance;
	struct ipmi_timing_parms timing;
};

void driver_settings_init(struct driver_settings *ret_settings);

/* One piece on its way into the caller's memory. */
struct driver_copy {
	uint64_t destination; /* the caller's */
	const void *source;
	size_t length;
};

#define DRIVER_COPIES_MAX 3u

/* Working room that is too large for a kernel's stack; nothing in it outlives a call. */
struct driver_scratch {
	struct driver_request request;
	struct driver_message message;
	uint8_t bytes[VIPMI_MESSAGE_MAX], taken[VIPMI_MESSAGE_MAX];
	struct socket_message reply;
};

struct driver_host {
	void *context;
	/* From and into the caller's memory: 0 or -EFAULT. Whatever else they return ends the call
	 * with it, before anything has happened. */
	int (*read)(void *context, void *destination, uint64_t source, size_t length);
	int (*write)(void *context, const struct driver_copy *copies, size_t count);
	/* A message to the agent, without a reply: 0, -EBUSY, -ENOMEM, -ENODEV. */
	int (*send)(void *context, const uint8_t *message, size_t length);
	/* One that the agent answers at once, beside the program's queue: 0, or -ENODEV. The reply
	 * stays good until the next call. */
	int (*ask)(void *context, const uint8_t *message, size_t length,
		struct socket_message *ret_reply);
	/* The first message of the program's queue, which stays there or is taken out: 0, -EAGAIN,
	 * -ENODEV. */
	int (*receive)(
		void *context, bool take, uint8_t bytes[VIPMI_MESSAGE_MAX], size_t *ret_length);
	/* Whether a channel is an IPMB. */
	bool (*is_ipmb)(void *context, short channel);
	void (*settings_get)(void *context, struct driver_settings *ret_settings);
	int (*settings_set)(void *context, const struct driver_settings *settings);
	uint32_t handle; /* the agent's */
};

/* Does an ioctl call of the driver's: 0, or a negative errno; -ENOTTY if it is none. */
int driver_ioctl(const struct driver_host *host, struct driver_scratch *scratch, uint32_t request,
	uint64_t argument);

/* ---- register.c: the right to receive requests, which the agent keeps ---- */

/* Contracts of the driver's: -EBUSY, -ENOENT, -ENOMEM; -ENODEV: the agent does not say. `channels`
 * is a mask. */
int driver_commands_register(const struct driver_host *host, struct driver_scratch *scratch,
	uint8_t netfn, uint8_t command, uint32_t channels);
int driver_commands_unregister(const struct driver_host *host, struct driver_scratch *scratch,
	uint8_t netfn, uint8_t command, uint32_t channels);

#endif
