/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel answers a bad pointer with EFAULT; a library that follows it dies.
 * So we let the kernel follow it: it copies between this process and itself.
 */
#include "client/shim/shim.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Whether a copy of the kernel's was refused because of the caller's memory. Otherwise it was a
 * sandbox that forbids the call, and we do without the net. */
static bool memory_is_bad(ssize_t copied)
{
	return copied >= 0 || errno == EFAULT || errno == EINVAL;
}

int shim_read(void *destination, const void *source, size_t length)
{
	struct iovec local = {destination, length}, remote = {(void *)(uintptr_t)source, length};
	ssize_t copied;

	if (length == 0) {
		return 0;
	}
	copied = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
	if (copied == (ssize_t)length) {
		return 0;
	}
	if (memory_is_bad(copied)) {
		return -EFAULT;
	}
	memcpy(destination, source, length);
	return 0;
}

int shim_write_all(const struct driver_copy *copies, size_t count)
{
	struct iovec local[DRIVER_COPIES_MAX], remote[DRIVER_COPIES_MAX];
	size_t total = 0, i;
	ssize_t copied;

	for (i = 0; i < count; i++) {
		local[i] = (struct iovec){(void *)(uintptr_t)copies[i].source, copies[i].length};
		remote[i] =
			(struct iovec){(void *)(uintptr_t)copies[i].destination, copies[i].length};
		total += copies[i].length;
	}
	copied = process_vm_writev(getpid(), local, count, remote, count, 0);
	if (copied == (ssize_t)total) {
		return 0;
	}
	if (memory_is_bad(copied)) {
		return -EFAULT;
	}
	for (i = 0; i < count; i++) {
		memcpy((void *)(uintptr_t)copies[i].destination, copies[i].source,
			copies[i].length);
	}
	return 0;
}
