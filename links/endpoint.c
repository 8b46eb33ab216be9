/* SPDX-License-Identifier: BSD-2-Clause */
#include "links/endpoint.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

/* A name of the domain name system has 253 characters at the most. */
#define HOST_MAX 256

static int resolve_unix(const char *path, const char *who, struct endpoint *ret_endpoint,
	char *error, size_t error_size)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (*path == '\0' || strlen(path) >= sizeof(address.sun_path)) {
		snprintf(error, error_size, "%s: the socket's path is %s (at most %zu bytes)", who,
			*path ? "too long" : "missing", sizeof(address.sun_path) - 1);
		return -EINVAL;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	ret_endpoint->count = 1;
	ret_endpoint->lengths[0] = sizeof(address);
	memcpy(&ret_endpoint->addresses[0], &address, sizeof(address));
	return 0;
}

static int resolve_tcp(const char *where, const char *who, struct endpoint *ret_endpoint,
	char *error, size_t error_size)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list, *info;
	const char *colon = strrchr(where, ':'), *host = where;
	char name[HOST_MAX];
	size_t length = colon ? (size_t)(colon - where) : 0, count = 0;
	int rc;

	if (length >= 2 && host[0] == '[' && host[length - 1] == ']') {
		host++;
		length -= 2;
	}
	if (length == 0 || length >= sizeof(name) || colon[1] == '\0') {
		snprintf(error, error_size, "%s: '%s' is not HOST:PORT or unix:PATH", who, where);
		return -EINVAL;
	}
	memcpy(name, host, length);
	name[length] = '\0';
	rc = getaddrinfo(name, colon + 1, &hints, &list);
	if (rc != 0) {
		snprintf(error, error_size, "%s: host '%s', port '%s': %s", who, name, colon + 1,
			gai_strerror(rc));
		return -EINVAL;
	}
	for (info = list; info && count < ENDPOINT_ADDRESSES_MAX; info = info->ai_next) {
		memcpy(&ret_endpoint->addresses[count], info->ai_addr, info->ai_addrlen);
		ret_endpoint->lengths[count++] = info->ai_addrlen;
	}
	ret_endpoint->count = count;
	freeaddrinfo(list);
	return 0;
}

int endpoint_resolve(const char *where, const char *who, struct endpoint *ret_endpoint, char *error,
	size_t error_size)
{
	if (strncmp(where, "unix:", 5) == 0) {
		return resolve_unix(where + 5, who, ret_endpoint, error, error_size);
	}
	return resolve_tcp(where, who, ret_endpoint, error, error_size);
}
