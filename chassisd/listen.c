/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassisd/listen.h"

#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define UNIX_PREFIX "unix:"
/* One peer at a time; a second one waits to be told so. */
#define BACKLOG 4
#define HOST_MAX 256

static int fail(char *error, size_t error_size, const char *listen, const char *what, int number)
{
	snprintf(
		error, error_size, "cannot listen on '%s': %s: %s", listen, what, strerror(number));
	return -number;
}

/* Whether somebody answers at that address. */
static bool answered(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool yes = fd >= 0 && connect(fd, (const void *)address, sizeof(*address)) == 0;

	if (fd >= 0) {
		close(fd);
	}
	return yes;
}

static int listen_unix(const char *listen_text, char *error, size_t error_size)
{
	const char *path = listen_text + strlen(UNIX_PREFIX);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd;

	if (*path == 0 || strlen(path) >= sizeof(address.sun_path)) {
		return fail(
			error, error_size, listen_text, "the path is empty or too long", EINVAL);
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (answered(&address)) {
		return fail(error, error_size, listen_text, "somebody does already", EADDRINUSE);
	}
	(void)unlink(path); /* left by one that was killed, or not there at all */
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, BACKLOG) < 0) {
		int number = errno;

		if (fd >= 0) {
			close(fd);
		}
		return fail(error, error_size, listen_text, "socket", number);
	}
	return fd;
}

/* Splits at the last colon, so that IPv6 addresses need no brackets but may have them. */
static int split(const char *text, char *host, size_t host_size, const char **ret_port)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;

	if (!colon || length >= host_size || colon[1] == 0) {
		return -EINVAL;
	}
	if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	}
	memcpy(host, text, length);
	host[length] = 0;
	*ret_port = colon + 1;
	return 0;
}

static int bind_one(const struct addrinfo *info)
{
	int on = 1, number;
	int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		info->ai_protocol);

	if (fd < 0) {
		return -errno;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)); /* a convenience */
	if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0) {
		return fd;
	}
	number = errno;
	close(fd);
	return -number;
}

static int listen_tcp(
	const char *listen_text, char *where, size_t where_size, char *error, size_t error_size)
{
	const struct addrinfo hints = {
		.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
	struct sockaddr_storage address;
	socklen_t size = sizeof(address);
	char host[HOST_MAX], port[NI_MAXSERV] = "";
	const char *wanted_port;
	struct addrinfo *info;
	int fd, result;

	if (split(listen_text, host, sizeof(host), &wanted_port) < 0) {
		return fail(
			error, error_size, listen_text, "HOST:PORT or unix:PATH, please", EINVAL);
	}
	result = getaddrinfo(*host ? host : NULL, wanted_port, &hints, &info);
	if (result) {
		snprintf(error, error_size, "cannot listen on '%s': %s", listen_text,
			gai_strerror(result));
		return -EINVAL;
	}
	fd = bind_one(info);
	freeaddrinfo(info);
	if (fd < 0) {
		return fail(error, error_size, listen_text, "bind", -fd);
	}
	if (getsockname(fd, (struct sockaddr *)&address, &size) == 0) {
		(void)getnameinfo((struct sockaddr *)&address, size, NULL, 0, port, sizeof(port),
			NI_NUMERICSERV); /* an empty port shows that it failed */
	}
	snprintf(where, where_size, "%s:%s", host, port);
	return fd;
}

int listen_open(
	const char *listen_text, char *where, size_t where_size, char *error, size_t error_size)
{
	if (strncmp(listen_text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
		snprintf(where, where_size, "%s", listen_text);
		return listen_unix(listen_text, error, error_size);
	}
	return listen_tcp(listen_text, where, where_size, error, error_size);
}

void listen_forget(const char *where)
{
	if (strncmp(where, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0) {
		(void)unlink(where + strlen(UNIX_PREFIX)); /* it may be gone already */
	}
}
