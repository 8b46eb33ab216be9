/* SPDX-License-Identifier: BSD-2-Clause */
#include "faces/cuse_device.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void node_path(const struct cuse_node_order *order, char path[32])
{
	snprintf(path, 32, "/dev/%s", order->name);
}

int cuse_device_open(const struct cuse_node_order *order, char *error, size_t error_size)
{
	char path[32];
	struct stat status;
	int fd, result;

	node_path(order, path);
	if (lstat(path, &status) == 0) {
		snprintf(error, error_size,
			"%s: is there already; choose another number, or unload whose it is", path);
		return -EEXIST;
	}
	fd = open("/dev/cuse", O_RDWR | O_CLOEXEC);
	if (fd >= 0) {
		return fd;
	}
	result = -errno;
	snprintf(error, error_size, "%s: /dev/cuse: %s%s", path, strerror(-result),
		result == -ENOENT || result == -ENODEV ? "; modprobe cuse"
						       : "; only root may make nodes");
	return result;
}

int cuse_device_give(const struct cuse_node_order *order, char *error, size_t error_size)
{
	char path[32];
	int result = 0;

	node_path(order, path);
	/* It is root's alone until the second call. */
	if (chown(path, order->owner, order->group) || chmod(path, order->mode)) {
		result = -errno;
		snprintf(error, error_size, "%s: %s%s", path, strerror(-result),
			result == -ENOENT ? "; the kernel did not make it, its log says why" : "");
	}
	return result;
}
