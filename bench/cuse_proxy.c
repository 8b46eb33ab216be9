/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rival of faces/cuse: a plain proxy that gives /dev/NAME by CUSE and forwards
 * to an IPMI device of the kernel's, as whoever needs more than its 30 opens would
 * write it, with libfuse3. One thread, one loop, nothing that blocks: all programs
 * share one open of the device, requests go down as they come and the driver has
 * room, an answer goes to whom its number says.
 *
 *	bench-cuse-proxy DEVICE NAME
 *
 * It serves what a benchmark asks: SEND_COMMAND, RECEIVE_MSG_TRUNC, poll; 64-bit.
 */
#define FUSE_USE_VERSION 31
#include <cuse_lowlevel.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse_opt.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* What the driver lets one open have outstanding. */
#define DRIVER_ROOM 100
#define DATA_MAX 272

struct message {
	struct message *next;
	struct program *from;
	struct ipmi_req req;
	struct ipmi_recv recv;
	struct ipmi_addr addr;
	uint8_t data[DATA_MAX + 1];
};

struct program {
	bool open;
	struct message *first, **last; /* to be read */
	struct fuse_pollhandle *poll;
};

/* A request on its way: whose it is. */
struct slot {
	struct program *program; /* NULL: whoever it was has gone */
	struct message *message; /* NULL: the slot is free */
	long msgid;
};

static struct fuse_session *session;
static int device;
static struct slot slots[DRIVER_ROOM];
static struct message *waiting, **waiting_last = &waiting;

static void wake(struct program *program)
{
	if (program->poll) {
		fuse_lowlevel_notify_poll(program->poll);
		fuse_pollhandle_destroy(program->poll);
		program->poll = NULL;
	}
}

/* Sends what waits, as far as the driver has room. */
static void forward(void)
{
	int i;

	for (i = 0; waiting && i < DRIVER_ROOM; i++) {
		struct message *message = waiting;

		if (slots[i].message) {
			continue;
		}
		waiting = message->next;
		if (!waiting) {
			waiting_last = &waiting;
		}
		slots[i] = (struct slot){message->from, message, message->req.msgid};
		message->req.msgid = i;
		message->req.addr = (unsigned char *)&message->addr;
		message->req.msg.data = message->data;
		if (ioctl(device, IPMICTL_SEND_COMMAND, &message->req) < 0) {
			perror("send");
			exit(1);
		}
	}
}

/* Takes what the driver has. */
static void collect(void)
{
	struct message *message = NULL;

	for (;;) {
		struct slot *slot;

		message = message ? message : malloc(sizeof(*message));
		message->next = NULL;
		message->recv = (struct ipmi_recv){.addr = (unsigned char *)&message->addr,
			.addr_len = sizeof(message->addr),
			.msg = {.data = message->data, .data_len = sizeof(message->data)}};
		if (ioctl(device, IPMICTL_RECEIVE_MSG_TRUNC, &message->recv) < 0) {
			free(message);
			break;
		}
		slot = &slots[message->recv.msgid % DRIVER_ROOM];
		message->recv.msgid = slot->msgid;
		free(slot->message);
		slot->message = NULL;
		if (slot->program && slot->program->open) {
			*slot->program->last = message;
			slot->program->last = &message->next;
			wake(slot->program);
			message = NULL;
		}
	}
	forward();
}

static struct program *program_of(const struct fuse_file_info *info)
{
	return (struct program *)(uintptr_t)info->fh;
}

static void on_open(fuse_req_t req, struct fuse_file_info *info)
{
	struct program *program = calloc(1, sizeof(*program));

	program->open = true;
	program->last = &program->first;
	info->fh = (uintptr_t)program;
	fuse_reply_open(req, info);
}

/* The program's memory stays: a request of its may still be on its way. */
static void on_release(fuse_req_t req, struct fuse_file_info *info)
{
	struct program *program = program_of(info);

	program->open = false;
	while (program->first) {
		struct message *message = program->first;

		program->first = message->next;
		free(message);
	}
	wake(program);
	fuse_reply_err(req, 0);
}

static void send_command(
	fuse_req_t req, struct program *program, void *argument, const void *in, size_t in_size)
{
	struct iovec pieces[3] = {{argument, sizeof(struct ipmi_req)}};
	struct message *message;
	struct ipmi_req sent;

	if (in_size == 0) {
		fuse_reply_ioctl_retry(req, pieces, 1, NULL, 0);
		return;
	}
	memcpy(&sent, in, sizeof(sent));
	if (sent.addr_len > sizeof(message->addr) || sent.msg.data_len > DATA_MAX) {
		fuse_reply_err(req, EINVAL);
		return;
	}
	if (in_size == sizeof(sent)) {
		pieces[1] = (struct iovec){sent.addr, sent.addr_len};
		pieces[2] = (struct iovec){sent.msg.data, sent.msg.data_len};
		fuse_reply_ioctl_retry(req, pieces, sent.msg.data_len > 0 ? 3 : 2, NULL, 0);
		return;
	}
	message = calloc(1, sizeof(*message));
	message->req = sent;
	memcpy(&message->addr, (const char *)in + sizeof(sent), sent.addr_len);
	memcpy(message->data, (const char *)in + sizeof(sent) + sent.addr_len, sent.msg.data_len);
	message->from = program;
	*waiting_last = message;
	waiting_last = &message->next;
	forward();
	fuse_reply_ioctl(req, 0, NULL, 0);
}

static void receive(fuse_req_t req, struct program *program, void *argument, const void *in,
	size_t in_size, size_t out_size)
{
	struct message *message = program->first;
	struct iovec pieces[3] = {{argument, sizeof(struct ipmi_recv)}};
	struct ipmi_recv wanted;
	struct iovec out[3];

	if (!message) {
		fuse_reply_err(req, EAGAIN);
		return;
	}
	if (in_size == 0) {
		fuse_reply_ioctl_retry(req, pieces, 1, NULL, 0);
		return;
	}
	memcpy(&wanted, in, sizeof(wanted));
	if (wanted.addr_len < message->recv.addr_len ||
		wanted.msg.data_len < message->recv.msg.data_len) {
		fuse_reply_err(req, EMSGSIZE);
		return;
	}
	pieces[1] = (struct iovec){wanted.addr, message->recv.addr_len};
	pieces[2] = (struct iovec){wanted.msg.data, message->recv.msg.data_len};
	if (out_size == 0) {
		fuse_reply_ioctl_retry(req, pieces, 1, pieces, 3);
		return;
	}
	program->first = message->next;
	if (!program->first) {
		program->last = &program->first;
	}
	message->recv.addr = wanted.addr;
	message->recv.msg.data = wanted.msg.data;
	out[0] = (struct iovec){&message->recv, sizeof(message->recv)};
	out[1] = (struct iovec){&message->addr, message->recv.addr_len};
	out[2] = (struct iovec){message->data, message->recv.msg.data_len};
	fuse_reply_ioctl_iov(req, 0, out, 3);
	free(message);
}

static void on_ioctl(fuse_req_t req, int number, void *argument, struct fuse_file_info *info,
	unsigned flags, const void *in, size_t in_size, size_t out_size)
{
	struct program *program = program_of(info);

	(void)flags;
	if ((unsigned)number == IPMICTL_SEND_COMMAND) {
		send_command(req, program, argument, in, in_size);
	} else if ((unsigned)number == IPMICTL_RECEIVE_MSG_TRUNC) {
		receive(req, program, argument, in, in_size, out_size);
	} else {
		fuse_reply_err(req, ENOTTY);
	}
}

static void on_poll(fuse_req_t req, struct fuse_file_info *info, struct fuse_pollhandle *handle)
{
	struct program *program = program_of(info);

	if (handle) {
		if (program->poll) {
			fuse_pollhandle_destroy(program->poll);
		}
		program->poll = handle;
	}
	fuse_reply_poll(req, program->first ? POLLIN | POLLRDNORM : 0);
}

static void loop(void)
{
	struct fuse_buf buffer = {0};
	struct epoll_event events[2] = {{.events = EPOLLIN, .data.fd = device},
		{.events = EPOLLIN, .data.fd = fuse_session_fd(session)}};
	int epoll = epoll_create1(0), i, count;

	fcntl(fuse_session_fd(session), F_SETFL, O_NONBLOCK);
	epoll_ctl(epoll, EPOLL_CTL_ADD, events[0].data.fd, &events[0]);
	epoll_ctl(epoll, EPOLL_CTL_ADD, events[1].data.fd, &events[1]);
	while (!fuse_session_exited(session)) {
		count = epoll_wait(epoll, events, 2, -1);
		for (i = 0; i < count; i++) {
			if (events[i].data.fd == device) {
				collect();
				continue;
			}
			while (fuse_session_receive_buf(session, &buffer) > 0) {
				fuse_session_process_buf(session, &buffer);
			}
		}
	}
}

int main(int argc, char **argv)
{
	static const struct cuse_lowlevel_ops operations = {
		.open = on_open, .release = on_release, .ioctl = on_ioctl, .poll = on_poll};
	char name[64], *arguments[] = {argv[0], (char[]){"-f"}, (char[]){"-s"}, NULL};
	const char *information[] = {name};
	const struct cuse_info info = {
		.dev_info_argc = 1, .dev_info_argv = information, .flags = CUSE_UNRESTRICTED_IOCTL};
	int threads = 0;

	if (argc != 3) {
		fprintf(stderr, "usage: bench-cuse-proxy DEVICE NAME\n");
		return 2;
	}
	snprintf(name, sizeof(name), "DEVNAME=%s", argv[2]);
	device = open(argv[1], O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (device < 0) {
		perror(argv[1]);
		return 1;
	}
	session = cuse_lowlevel_setup(3, arguments, &info, &operations, &threads, NULL);
	if (!session) {
		return 1;
	}
	loop();
	cuse_lowlevel_teardown(session);
	return 0;
}
