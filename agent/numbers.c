/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/core.h"

#define NUMBERS_SUFFIX ".numbers"
#define NUMBERS_SIZE (CORE_KEPT_WORDS * sizeof(uint64_t))
/* Whoever writes in it can make numbers rest. */
#define NUMBERS_MODE 0600

static int fail(int error, const char *path, const char *why, char *text, size_t size)
{
	snprintf(text, size, "%s: %s", path, why ? why : strerror(error));
	return -error;
}

/* All its bytes, on the disk as well: a page that is missing when it is written to is a SIGBUS. */
static int numbers_size(int fd, off_t size)
{
	if ((size_t)size != NUMBERS_SIZE && ftruncate(fd, 0)) {
		return errno;
	}
	return posix_fallocate(fd, 0, NUMBERS_SIZE);
}

static int numbers_map(struct numbers *numbers, int fd, char *error, size_t error_size)
{
	struct stat status;
	int result;
	void *words;

	if (fstat(fd, &status)) {
		return fail(errno, numbers->path, NULL, error, error_size);
	}
	if (!S_ISREG(status.st_mode) || status.st_uid != geteuid()) {
		return fail(EPERM, numbers->path,
			"not a plain file of ours, in which sequence numbers could be kept; "
			"remove it",
			error, error_size);
	}
	result = numbers_size(fd, status.st_size);
	if (result) {
		return fail(result, numbers->path, NULL, error, error_size);
	}
	words = mmap(NULL, NUMBERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (words == MAP_FAILED) {
		return fail(errno, numbers->path, NULL, error, error_size);
	}
	numbers->words = words;
	return 0;
}

int numbers_open(const char *socket, char *error, size_t error_size, struct numbers *ret_numbers)
{
	struct numbers numbers = {.words = NULL};
	int fd, result;

	if (strlen(socket) >= sizeof(numbers.path) - sizeof(NUMBERS_SUFFIX)) {
		return fail(
			ENAMETOOLONG, socket, "too long for a socket's path", error, error_size);
	}
	snprintf(numbers.path, sizeof(numbers.path), "%s%s", socket, NUMBERS_SUFFIX);
	/* Without blocking: what stands there may be a pipe. */
	fd = open(
		numbers.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, NUMBERS_MODE);
	if (fd < 0) {
		return fail(errno, numbers.path, NULL, error, error_size);
	}
	result = numbers_map(&numbers, fd, error, error_size);
	close(fd);
	if (result == 0) {
		*ret_numbers = numbers;
	}
	return result;
}

void numbers_close(struct numbers *numbers, bool ours)
{
	size_t i;

	if (!numbers->words) {
		return;
	}
	for (i = 0; i < CORE_KEPT_WORDS && !numbers->words[i]; i++) {
	}
	if (ours && i == CORE_KEPT_WORDS) {
		unlink(numbers->path);
	}
	munmap(numbers->words, NUMBERS_SIZE);
	numbers->words = NULL;
}
