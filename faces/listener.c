/* SPDX-License-Identifier: BSD-2-Clause */
#include "faces/listener.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections that wait to be accepted: a burst of as many programs as one controller serves. */
#define BACKLOG 4096

#define SOCKET_MODE 0660
#define SOCKET_GROUP "vipmi"

static int fail(int error_number, const char *path, const char *what, char *error, size_t size)
{
	snprintf(error, size, "%s: %s", path, what ? what : strerror(error_number));
	return -error_number;
}

/* Whether the path is a socket at which nobody listens: then it is left over from a crash. */
static int remove_stale(const struct sockaddr_un *address, int type, char *error, size_t error_size)
{
	const char *path = address->sun_path;
	struct stat status;
	int fd, result;

	if (lstat(path, &status)) {
		return fail(errno, path, NULL, error, error_size);
	}
	if (!S_ISSOCK(status.st_mode)) {
		return fail(EEXIST, path,
			"exists and is not a socket; remove it, or choose another path", error,
			error_size);
	}
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return fail(errno, path, NULL, error, error_size);
	}
	result = connect(fd, (const struct sockaddr *)address, sizeof(*address)) ? errno : 0;
	close(fd);
	if (result != ECONNREFUSED) {
		return fail(EADDRINUSE, path,
			"somebody listens there already; stop that agent, or choose another path",
			error, error_size);
	}
	if (unlink(path)) {
		return fail(
			errno, path, "a stale socket that cannot be removed", error, error_size);
	}
	return 0;
}

static int bind_path(int fd, const struct sockaddr_un *address)
{
	/* The mode must be right from the first moment on. */
	mode_t mask = umask(0777 & ~SOCKET_MODE);
	int result = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;

	umask(mask);
	return result;
}

int listener_open(
	const char *path, int type, char *error, size_t error_size, struct listener *ret_listener)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct group *group = getgrnam(SOCKET_GROUP);
	struct stat status;
	int fd, result;

	if (path[0] == '\0' || strlen(path) >= sizeof(address.sun_path)) {
		return fail(ENAMETOOLONG, path, "a socket's path has 1 to 107 bytes", error,
			error_size);
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0) {
		return fail(errno, path, NULL, error, error_size);
	}
	result = bind_path(fd, &address);
	if (result == -EADDRINUSE) {
		result = remove_stale(&address, type, error, error_size);
		if (result) {
			close(fd);
			return result;
		}
		result = bind_path(fd, &address);
	}
	if (result) {
		close(fd);
		return fail(-result, path, NULL, error, error_size);
	}
	if (group && chown(path, (uid_t)-1, group->gr_gid)) {
		/* Not ours to give: then it stays with the group we run as. */
		errno = 0;
	}
	if (listen(fd, BACKLOG) || stat(path, &status)) {
		result = fail(errno, path, NULL, error, error_size);
		unlink(path);
		close(fd);
		return result;
	}
	*ret_listener = (struct listener){
		.fd = fd, .path = path, .device = status.st_dev, .inode = status.st_ino};
	return 0;
}

void listener_close(struct listener *listener)
{
	struct stat status;

	if (listener->fd < 0) {
		return;
	}
	if (lstat(listener->path, &status) == 0 && status.st_dev == listener->device &&
		status.st_ino == listener->inode) {
		unlink(listener->path);
	}
	close(listener->fd);
	listener->fd = -1;
}
