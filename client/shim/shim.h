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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/ioctl.h> /* what the numbers are made with */

#include "driver/driver.h"

/* Nobody has more interfaces; it keeps a path such as /dev/ipmi4294967296 out. */
#define SHIM_NUMBER_MAX 9999u

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

/* 0, or -EFAULT when some of the caller's memory cannot be written. */
int shim_write_all(const struct driver_copy *copies, size_t count);

/* ---- state.c: what an open keeps in its process ---- */

void shim_settings_get(const struct shim_device *device, struct driver_settings *ret_settings);
/* -ENOMEM: too many opens of this process differ from the defaults. */
int shim_settings_set(const struct shim_device *device, const struct driver_settings *settings);

/* ---- ioctl.c ---- */

/* Does an ioctl call of the driver's, or -ENOTTY. */
int shim_ioctl(int fd, const struct shim_device *device, uint32_t request, void *argument);

#endif
