/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim: a preloaded library in which opening /dev/ipmiN gives a virtual
 * controller of vipmi's agent, and the kernel driver's ioctl calls work on it.
 *
 * open() returns the connected socket itself, so poll, select, epoll, fcntl, dup,
 * close, fork and exec work on it without our help. Who a socket is, it says
 * itself: it carries a name (bound, abstract) that holds the interface's number
 * and the handle. Nothing about it is kept elsewhere, so nothing is lost at exec
 * and nothing goes stale when a descriptor is closed behind our back.
 *
 * Functions return 0 (or what is said) or a negative errno, and print nothing.
 */
#ifndef VIPMI_SHIM_SHIM_H
#define VIPMI_SHIM_SHIM_H

#include <linux/ipmi.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h> /* what the numbers are made with */

#include "vipmi/protocol.h"

/* Channels that the driver keeps an address and a LUN for (its IPMI_MAX_CHANNELS). */
#define SHIM_CHANNELS 16u

/* Nobody has more interfaces; it keeps a path such as /dev/ipmi4294967296 out. */
#define SHIM_NUMBER_MAX 9999u

/* What the driver lets a message have (its IPMI_MAX_MSG_LENGTH), and what each kind of address
 * takes of it: netFn and command; an IPMB header with Send Message's, and a checksum. */
#define SHIM_DATA_MAX 272u
#define SHIM_OVERHEAD_CONTROLLER 2u
#define SHIM_OVERHEAD_IPMB 10u

/* A request to the controller. The driver waits as long as its state machine does; ipmitool gives
 * up after 15 s. In between there is always an answer. */
#define SHIM_BUDGET_CONTROLLER_MS 12000u
/* A request over the IPMB: the driver's own default (4 retries of 2 s), and where we stop. */
#define SHIM_RETRIES_DEFAULT 4
#define SHIM_RETRY_TIME_DEFAULT_MS 2000u
#define SHIM_BUDGET_IPMB_MAX_MS 14000u

/* ---- device.c: the socket ---- */

struct shim_device {
	unsigned number; /* of the interface: 0 for /dev/ipmi0 */
	uint32_t handle; /* the agent's */
	uint64_t serial; /* names this open, unlike any other on this machine */
};

/* The interface's number of "/dev/ipmi0", "/dev/ipmi/0" or "/dev/ipmidev/0", or -1. */
int shim_path_number(const char *path);

/* A descriptor, with O_CLOEXEC and O_NONBLOCK of the flags. Blocks until the agent has answered,
 * SHIM_OPEN_TIMEOUT_S at the most. -ENOENT: no agent serves it; -EBUSY: no handle is left;
 * -EACCES; -ENODEV: the agent does not speak with us; what socket(2) says. */
int shim_open(unsigned number, int flags);

/* A connection to the agent without a handle; the HELLOs are exchanged. */
int shim_connect(unsigned number);

/* Whether `fd` is one of ours, and which. */
bool shim_identify(int fd, struct shim_device *ret_device);

/* ---- memory.c: the caller's memory, touched as the kernel touches it ---- */

/* 0, or -EFAULT when the caller's memory cannot be read. */
int shim_read(void *destination, const void *source, size_t length);

struct shim_copy {
	void *destination; /* the caller's */
	const void *source;
	size_t length;
};

#define SHIM_COPIES_MAX 3u

/* 0, or -EFAULT when some of the caller's memory cannot be written. */
int shim_write_all(const struct shim_copy *copies, size_t count);
int shim_write(void *destination, const void *source, size_t length);

/* ---- state.c: what an open keeps in its process ---- */

struct shim_settings {
	uint8_t address[SHIM_CHANNELS], lun[SHIM_CHANNELS];
	int32_t maintenance;
	struct ipmi_timing_parms timing;
};

void shim_settings_get(const struct shim_device *device, struct shim_settings *ret_settings);
/* -ENOMEM: too many opens of this process differ from the defaults. */
int shim_settings_set(const struct shim_device *device, const struct shim_settings *settings);

/* ---- register.c: the right to receive requests, which the agent keeps ---- */

/* Contracts of the driver's: -EBUSY, -ENOENT, -ENOMEM; -ENODEV: the agent does not say. `channels`
 * is a mask. */
int shim_register(
	const struct shim_device *device, uint8_t netfn, uint8_t command, uint32_t channels);
int shim_unregister(
	const struct shim_device *device, uint8_t netfn, uint8_t command, uint32_t channels);

/* ---- message.c: the driver's messages and the agent's ---- */

/* A request as the driver would take it. */
struct shim_request {
	struct ipmi_addr addr;
	unsigned addr_length;
	int64_t msgid;
	uint8_t netfn, command;
	uint8_t data[SHIM_DATA_MAX];
	size_t length;
	int retries;            /* negative: the default */
	uint32_t retry_time_ms; /* 0: the default */
};

/* What the driver checks before it copies the data: -EINVAL. */
int shim_address_check(const struct ipmi_addr *addr, unsigned length);
/* What it checks after: -EINVAL, -EMSGSIZE, -EAFNOSUPPORT. Channels' media are not looked at. */
int shim_request_check(const struct shim_request *request);

#define SHIM_REQUEST_SIZE                                                                          \
	(VIPMI_HEADER_LENGTH + 3 * VIPMI_EXTENSION_HEADER_LENGTH + 2 + 2 + SHIM_DATA_MAX)

/* Writes a request that passed the checks; its length. */
int shim_request_encode(
	const struct shim_request *request, uint32_t handle, uint8_t bytes[SHIM_REQUEST_SIZE]);

/* A message as the driver would deliver it. */
struct shim_message {
	int recv_type;
	struct ipmi_addr addr;
	unsigned addr_length;
	int64_t msgid;
	uint8_t netfn, command;
	uint8_t data[SHIM_DATA_MAX + 1];
	size_t length;
};

/* False for a record that no program behind the driver's interface expects. */
bool shim_message_decode(const uint8_t *bytes, size_t length, struct shim_message *ret_message);

/* ---- ioctl.c ---- */

/* Does an ioctl call of the driver's, or -ENOTTY. */
int shim_ioctl(int fd, const struct shim_device *device, uint32_t request, void *argument);

#endif
