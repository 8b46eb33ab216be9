/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * In a guest: lets programs of the host have connections to an agent in here, so that the tests of
 * the mission run on the agent of a guest as they do on one beside them. It copies messages and
 * looks into none.
 *
 *	lab_relay PORT TARGET     a connection to the TCP port is one to TARGET: a socket's path, or
 *	                          a device, which is opened anew for each
 *
 * Over TCP a message has its length before it, two bytes, the lower one first. The relay says a
 * length of 0 when it has the connection, which is when the next one may be made. A connection that
 * begins with a length of 0 ends the relay, with status 0, once the others have ended.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/target.h"
#include "vipmi/protocol.h"

#define HEAD 2
/* Programs that connect at once. */
#define BACKLOG 256

static int all_read(int fd, uint8_t *bytes, size_t length)
{
	ssize_t got;

	for (; length > 0; length -= (size_t)got, bytes += got) {
		got = read(fd, bytes, length);
		if (got <= 0) {
			return -1;
		}
	}
	return 0;
}

static int all_written(int fd, const uint8_t *bytes, size_t length)
{
	ssize_t put;

	for (; length > 0; length -= (size_t)put, bytes += put) {
		put = write(fd, bytes, length);
		if (put <= 0) {
			return -1;
		}
	}
	return 0;
}

/* What the agent says, until one of them ends. */
static void copy_up(int target, int tcp)
{
	uint8_t bytes[HEAD + VIPMI_MESSAGE_MAX];
	ssize_t length;

	while ((length = read(target, bytes + HEAD, VIPMI_MESSAGE_MAX)) > 0) {
		bytes[0] = (uint8_t)length;
		bytes[1] = (uint8_t)(length >> 8);
		if (all_written(tcp, bytes, HEAD + (size_t)length)) {
			break;
		}
	}
	shutdown(tcp, SHUT_RDWR);
}

/* What the program says, whose first message is on its way. */
static void copy_down(int tcp, int target, size_t length)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX], head[HEAD];

	while (length > 0 && length <= sizeof(bytes) && all_read(tcp, bytes, length) == 0 &&
		write(target, bytes, length) == (ssize_t)length &&
		all_read(tcp, head, sizeof(head)) == 0) {
		length = head[0] | (size_t)head[1] << 8;
	}
}

static void serve(int tcp, const char *target_name)
{
	uint8_t head[HEAD] = {0};
	int target;
	pid_t up;

	if (all_written(tcp, head, sizeof(head)) || all_read(tcp, head, sizeof(head))) {
		return;
	}
	if (head[0] == 0 && head[1] == 0) {
		kill(getppid(), SIGTERM);
		return;
	}
	target = target_open(target_name);
	if (target < 0) {
		perror(target_name);
		return;
	}
	up = fork();
	if (up == 0) {
		copy_up(target, tcp);
		_exit(0);
	}
	copy_down(tcp, target, head[0] | (size_t)head[1] << 8);
	/* It may wait for the agent, which has nothing to say. */
	if (up > 0) {
		kill(up, SIGKILL);
		waitpid(up, NULL, 0);
	}
}

static void ended(int signal)
{
	(void)signal;
	/* Until the agent knows that the last program is gone. */
	while (wait(NULL) > 0) {
	}
	_exit(0);
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	if (argc != 3) {
		fprintf(stderr, "usage: lab_relay PORT TARGET\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, ended);
	address.sin_port = htons((uint16_t)atoi(argv[1]));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
		listen(listener, BACKLOG)) {
		perror(argv[1]);
		return 1;
	}
	for (;;) {
		int tcp = accept(listener, NULL, NULL);

		while (waitpid(-1, NULL, WNOHANG) > 0) {
		}
		if (tcp < 0 && errno != EINTR && errno != ECONNABORTED) {
			perror("accept");
			return 1;
		}
		if (tcp >= 0 && fork() == 0) {
			signal(SIGTERM, SIG_DFL);
			setsockopt(tcp, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
			serve(tcp, argv[2]);
			_exit(0);
		}
		if (tcp >= 0) {
			close(tcp);
		}
	}
}
