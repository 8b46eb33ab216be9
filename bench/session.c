/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

void die(const char *what)
{
	perror(what);
	exit(1);
}

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC_U64 + (uint64_t)now.tv_nsec;
}

void session_files(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

int session_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		die(path);
	}
	return fd;
}

size_t session_exchange(
	int fd, struct writer *writer, uint8_t type, struct socket_header *ret_header)
{
	struct timeval patience = {.tv_sec = PATIENCE_S};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	int length = socket_end(writer);
	ssize_t got;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (length < 0 || send(fd, writer->start, (size_t)length, 0) < 0) {
		die("send");
	}
	got = recv(fd, bytes, sizeof(bytes), 0);
	if (got <= 0) {
		die("recv");
	}
	if (socket_header_decode(bytes, (size_t)got, ret_header) || ret_header->type != type ||
		ret_header->reason != VIPMI_REASON_NONE) {
		fprintf(stderr, "refused: wanted %s, got %s, reason %d\n", socket_type_name(type),
			socket_type_name(ret_header->type), ret_header->reason);
		exit(1);
	}
	return (size_t)got;
}

uint32_t session_open(int fd)
{
	struct socket_hello hello = {
		.lowest = VIPMI_PROTOCOL_VERSION_LOWEST, .highest = VIPMI_PROTOCOL_VERSION_HIGHEST};
	struct socket_header header = {.type = VIPMI_MESSAGE_HELLO};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));

	socket_begin(&writer, &header);
	socket_put_hello(&writer, false, &hello);
	session_exchange(fd, &writer, VIPMI_MESSAGE_HELLO, &header);
	header = (struct socket_header){.type = VIPMI_MESSAGE_OPEN, .class = VIPMI_CLASS_NORMAL};
	writer = writer_init(bytes, sizeof(bytes));
	socket_begin(&writer, &header);
	session_exchange(fd, &writer, VIPMI_MESSAGE_OPENED, &header);
	return header.handle;
}
