/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a peer listens: "HOST:PORT" or "unix:PATH". For links and their tests, at open only. */
#ifndef VIPMI_LINKS_ENDPOINT_H
#define VIPMI_LINKS_ENDPOINT_H

#include <stddef.h>
#include <sys/socket.h>

/* Addresses that a host's name may have; nobody listens on more. */
#define ENDPOINT_ADDRESSES_MAX 8

struct endpoint {
	size_t count;
	struct sockaddr_storage addresses[ENDPOINT_ADDRESSES_MAX];
	socklen_t lengths[ENDPOINT_ADDRESSES_MAX];
};

/*
 * Looks `where` up, for stream sockets; brackets around a HOST that has colons.
 * A name may take the resolver's time, so this is done once: no name server
 * stands in the way of a reconnect. 0, or -EINVAL with one clear line in
 * `error`, which begins with `who`.
 */
int endpoint_resolve(const char *where, const char *who, struct endpoint *ret_endpoint, char *error,
	size_t error_size);

#endif
