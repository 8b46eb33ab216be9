/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel answers a bad pointer with EFAULT; a library that follows it dies.
 * So we let the kernel follow it first.
 */
#include "client/shim/shim.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* What the kernel's signal masks measure. */
#define WINDOW sizeof(uint64_t)

/* No such way to change a signal mask: the call fails, but only after it has read the set. */
#define SIGNAL_MASK_HOW_NONE (-1)

/* Whether the aligned word around `at` can be read. It never crosses a page. */
static bool word_readable(uintptr_t at)
{
	uintptr_t word = at & ~(uintptr_t)(WINDOW - 1);

	return syscall(SYS_rt_sigprocmask, SIGNAL_MASK_HOW_NONE, word, NULL, WINDOW) < 0 &&
	       errno != EFAULT;
}

int shim_read(void *destination, const void *source, size_t length)
{
	uintptr_t first = (uintptr_t)source, last = first + length - 1;
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	if (length == 0) {
		return 0;
	}
	/* Nothing that we read is longer than a page, so its ends stand for all of it. The word
	 * at zero would mean "no set" to the kernel, and so would be found readable. */
	if (first < WINDOW || last < first || !word_readable(first)) {
		return -EFAULT;
	}
	if (first / page != last / page && !word_readable(last)) {
		return -EFAULT;
	}
	memcpy(destination, source, length);
	return 0;
}

int shim_write_all(const struct shim_copy *copies, size_t count)
{
	struct iovec local[SHIM_COPIES_MAX], remote[SHIM_COPIES_MAX];
	size_t total = 0, i;
	ssize_t written;

	for (i = 0; i < count; i++) {
		local[i] = (struct iovec){(void *)(uintptr_t)copies[i].source, copies[i].length};
		remote[i] = (struct iovec){copies[i].destination, copies[i].length};
		total += copies[i].length;
	}
	written = process_vm_writev(getpid(), local, count, remote, count, 0);
	if (written == (ssize_t)total) {
		return 0;
	}
	if (written >= 0 || errno == EFAULT || errno == EINVAL) {
		return -EFAULT;
	}
	/* A sandbox that forbids the call: then without the safety net. */
	for (i = 0; i < count; i++) {
		memcpy(copies[i].destination, copies[i].source, copies[i].length);
	}
	return 0;
}

int shim_write(void *destination, const void *source, size_t length)
{
	struct shim_copy copy = {destination, source, length};

	return shim_write_all(&copy, 1);
}
