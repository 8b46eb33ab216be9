/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An interposer (LD_PRELOAD) that counts what a program asks of the allocator
 * and of mmap. At SIGUSR1 it writes the count so far to standard error.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* glibc's own names for what is interposed here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *memory);

static atomic_ulong calls;

void *malloc(size_t size)
{
	calls++;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	calls++;
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	calls++;
	return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	calls++;
	return __libc_memalign(alignment, size);
}

void free(void *memory)
{
	calls++;
	__libc_free(memory);
}

void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	calls++;
	return (void *)syscall(SYS_mmap, address, length, protection, flags, fd, offset);
}

static void report(int number)
{
	char line[64];
	int length =
		snprintf(line, sizeof(line), "allocations so far: %lu\n", (unsigned long)calls);

	(void)number;
	if (write(STDERR_FILENO, line, (size_t)length) < 0) {
		_exit(1);
	}
}

__attribute__((constructor)) static void start(void)
{
	signal(SIGUSR1, report);
}
