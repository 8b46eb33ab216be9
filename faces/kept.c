/* SPDX-License-Identifier: BSD-2-Clause */
#include "faces/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Whoever writes in it speaks for us. */
#define KEPT_MODE 0600

static int fail(int error, const char *path, char *text, size_t size)
{
	snprintf(text, size, "%s: %s", path, strerror(error));
	return -error;
}

/* All its bytes, on the disk as well: a page that is missing when it is written to is a SIGBUS. */
static int kept_size(const struct kept *kept, int fd, off_t size)
{
	if ((size_t)size != kept->size && ftruncate(fd, 0)) {
		return errno;
	}
	return posix_fallocate(fd, 0, (off_t)kept->size);
}

static int kept_map(struct kept *kept, int fd, const char *what, char *error, size_t error_size)
{
	struct stat status;
	int result;
	void *bytes;

	if (fstat(fd, &status)) {
		return fail(errno, kept->path, error, error_size);
	}
	if (!S_ISREG(status.st_mode) || status.st_uid != geteuid()) {
		snprintf(error, error_size,
			"%s: not a plain file of ours, in which %s could be kept; remove it",
			kept->path, what);
		return -EPERM;
	}
	result = kept_size(kept, fd, status.st_size);
	if (result) {
		return fail(result, kept->path, error, error_size);
	}
	bytes = mmap(NULL, kept->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (bytes == MAP_FAILED) {
		return fail(errno, kept->path, error, error_size);
	}
	kept->bytes = bytes;
	return 0;
}

int kept_open(const char *socket, const char *suffix, const char *what, size_t size, char *error,
	size_t error_size, struct kept *ret_kept)
{
	struct kept kept = {.size = size};
	int length = snprintf(kept.path, sizeof(kept.path), "%s%s", socket, suffix), fd, result;

	if ((size_t)length >= sizeof(kept.path)) {
		snprintf(error, error_size, "%s: too long for a socket's path", socket);
		return -ENAMETOOLONG;
	}
	/* Without blocking: what stands there may be a pipe. */
	fd = open(kept.path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, KEPT_MODE);
	if (fd < 0 && errno == ENOENT) { /* it would have been made */
		snprintf(error, error_size,
			"%s: the folder of this socket is not there; make it first", socket);
		return -ENOENT;
	}
	if (fd < 0) {
		return fail(errno, kept.path, error, error_size);
	}
	result = kept_map(&kept, fd, what, error, error_size);
	close(fd);
	if (result == 0) {
		*ret_kept = kept;
	}
	return result;
}

void kept_close(struct kept *kept)
{
	if (kept->bytes) {
		munmap(kept->bytes, kept->size);
		kept->bytes = NULL;
	}
}

void kept_remove(struct kept *kept)
{
	if (kept->bytes) {
		unlink(kept->path);
	}
	kept_close(kept);
}
