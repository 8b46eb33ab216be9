/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rivals: what a server costs that only sends back what it gets.
 *
 *	bench-echo plain SOCKET REPLY     one recv and one send an event
 *	bench-echo batched SOCKET REPLY   recvmmsg and sendmmsg, up to 64 an event
 *	bench-echo broadcast SOCKET REPLY one recv, one send to every other connection
 *
 * REPLY is the length of every reply, so that the kernel carries the same bytes
 * as it does for vipmid. Level-triggered epoll, no state for a connection: the
 * fastest simple thing we know.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EVENTS_MAX 256
#define BATCH_MAX 64
#define MESSAGE_MAX 1024
#define CONNECTIONS_MAX 4096

static char buffers[BATCH_MAX][MESSAGE_MAX];
static struct iovec vectors[BATCH_MAX];
static struct mmsghdr messages[BATCH_MAX];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void echo_plain(int fd, size_t reply_length)
{
	ssize_t length = recv(fd, buffers[0], MESSAGE_MAX, MSG_DONTWAIT);

	if (length <= 0) {
		if (length == 0 || errno != EAGAIN) {
			close(fd);
		}
		return;
	}
	if (send(fd, buffers[0], reply_length, MSG_NOSIGNAL) < 0) {
		close(fd);
	}
}

static void echo_batched(int fd, size_t reply_length)
{
	int count, i;

	for (i = 0; i < BATCH_MAX; i++) {
		vectors[i].iov_len = MESSAGE_MAX;
	}
	count = recvmmsg(fd, messages, BATCH_MAX, MSG_DONTWAIT, NULL);
	for (i = 0; i < count; i++) {
		if (messages[i].msg_len == 0) {
			close(fd);
			return;
		}
		vectors[i].iov_len = reply_length;
	}
	if (count < 0) {
		if (errno != EAGAIN) {
			close(fd);
		}
		return;
	}
	if (sendmmsg(fd, messages, (unsigned int)count, MSG_NOSIGNAL) != count) {
		close(fd);
	}
}

static int connections[CONNECTIONS_MAX];
static size_t connection_count;

static void connection_add(int fd)
{
	if (connection_count == CONNECTIONS_MAX) {
		fprintf(stderr, "more than %d connections\n", CONNECTIONS_MAX);
		exit(1);
	}
	connections[connection_count++] = fd;
}

static void connection_drop(int fd)
{
	size_t i;

	for (i = 0; i < connection_count; i++) {
		if (connections[i] == fd) {
			connections[i] = connections[--connection_count];
			break;
		}
	}
	close(fd);
}

static void broadcast(int fd, size_t reply_length)
{
	ssize_t length = recv(fd, buffers[0], MESSAGE_MAX, MSG_DONTWAIT);
	size_t i;

	if (length <= 0) {
		if (length == 0 || errno != EAGAIN) {
			connection_drop(fd);
		}
		return;
	}
	for (i = 0; i < connection_count; i++) {
		if (connections[i] != fd) {
			/* Who has gone is dropped when its end is read. */
			(void)send(connections[i], buffers[0], reply_length, MSG_NOSIGNAL);
		}
	}
}

static int listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 4096)) {
		die(path);
	}
	return fd;
}

int main(int argc, char **argv)
{
	static struct epoll_event events[EVENTS_MAX];
	struct rlimit files;
	struct epoll_event event = {.events = EPOLLIN};
	size_t reply_length;
	int listener, epoll, i, count;
	void (*echo)(int fd, size_t reply_length);

	if (argc != 4) {
		fprintf(stderr, "usage: %s plain|batched|broadcast SOCKET REPLY\n", argv[0]);
		return 2;
	}
	echo = strcmp(argv[1], "plain") == 0       ? echo_plain
	       : strcmp(argv[1], "broadcast") == 0 ? broadcast
						   : echo_batched;
	reply_length = strtoul(argv[3], NULL, 10);
	if (reply_length == 0 || reply_length > MESSAGE_MAX) {
		fprintf(stderr, "REPLY is 1 to %d\n", MESSAGE_MAX);
		return 2;
	}
	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	for (i = 0; i < BATCH_MAX; i++) {
		vectors[i].iov_base = buffers[i];
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	listener = listen_at(argv[2]);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	event.data.fd = listener;
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
	for (;;) {
		count = epoll_wait(epoll, events, EVENTS_MAX, -1);
		for (i = 0; i < count; i++) {
			if (events[i].data.fd != listener) {
				echo(events[i].data.fd, reply_length);
				continue;
			}
			event.data.fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
			if (event.data.fd >= 0) {
				if (echo == broadcast) {
					connection_add(event.data.fd);
				}
				epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
			}
		}
	}
}
