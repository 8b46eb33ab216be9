/* SPDX-License-Identifier: BSD-2-Clause */
#include "faces/cuse_wire.h"

#include <errno.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

/* Minor version in which the pieces of an IOCTL are 64 bits wide for every caller; the kernel's
 * has been higher since 2011. */
#define MINOR_NEEDED 16

/* read(2) and write(2) on a node are EINVAL, so that little is enough; the kernel takes no less. */
#define TRANSFER_MAX 4096u

static bool body(const uint8_t *bytes, size_t length, void *ret_body, size_t size)
{
	if (length < sizeof(struct fuse_in_header) + size) {
		return false;
	}
	memcpy(ret_body, bytes + sizeof(struct fuse_in_header), size);
	return true;
}

static bool decode_ioctl(const uint8_t *bytes, size_t length, struct cuse_request *request)
{
	struct fuse_ioctl_in in;

	if (!body(bytes, length, &in, sizeof(in)) ||
		length - sizeof(struct fuse_in_header) - sizeof(in) < in.in_size) {
		return false;
	}
	request->file = in.fh;
	request->number = in.cmd;
	request->argument = in.arg;
	request->in = bytes + sizeof(struct fuse_in_header) + sizeof(in);
	request->in_size = in.in_size;
	request->out_size = in.out_size;
	return true;
}

static bool decode_poll(const uint8_t *bytes, size_t length, struct cuse_request *request)
{
	struct fuse_poll_in in;

	if (!body(bytes, length, &in, sizeof(in))) {
		return false;
	}
	request->file = in.fh;
	request->poll = in.kh;
	request->notify = (in.flags & FUSE_POLL_SCHEDULE_NOTIFY) != 0;
	return true;
}

static bool decode_init(const uint8_t *bytes, size_t length)
{
	struct cuse_init_in in;

	return body(bytes, length, &in, sizeof(in)) && in.major == FUSE_KERNEL_VERSION &&
	       in.minor >= MINOR_NEEDED && (in.flags & CUSE_UNRESTRICTED_IOCTL);
}

int cuse_decode(const uint8_t *bytes, size_t length, struct cuse_request *ret_request)
{
	struct fuse_in_header header;
	bool good = true;

	if (length < sizeof(header)) {
		return -EBADMSG;
	}
	memcpy(&header, bytes, sizeof(header));
	if (header.len != length) {
		return -EBADMSG;
	}
	*ret_request = (struct cuse_request){.unique = header.unique,
		.opcode = header.opcode,
		.uid = header.uid,
		.gid = header.gid,
		.pid = header.pid};
	switch (header.opcode) {
	case CUSE_INIT:
		good = decode_init(bytes, length);
		break;
	case FUSE_RELEASE:
	case FUSE_INTERRUPT:
		good = body(bytes, length, &ret_request->file, sizeof(ret_request->file));
		break;
	case FUSE_IOCTL:
		good = decode_ioctl(bytes, length, ret_request);
		break;
	case FUSE_POLL:
		good = decode_poll(bytes, length, ret_request);
		break;
	default:
		break;
	}
	return good ? 0 : -EBADMSG;
}

/* ---- replies ---- */

/* `code`: a negative errno, or a notification's number with `unique` 0. */
static void send_all(int fd, uint64_t unique, int code, const struct iovec *parts, size_t count)
{
	struct fuse_out_header header = {.error = code, .unique = unique, .len = sizeof(header)};
	struct iovec vectors[3] = {{&header, sizeof(header)}};
	size_t i;

	for (i = 0; i < count; i++) {
		vectors[1 + i] = parts[i];
		header.len += (uint32_t)parts[i].iov_len;
	}
	/* ENOENT: the caller was killed. ENODEV: so was the node, which the next read says. */
	(void)!writev(fd, vectors, (int)(1 + count));
}

static void send_one(int fd, uint64_t unique, int code, const void *part, size_t length)
{
	const struct iovec vector = {(void *)(uintptr_t)part, length};

	send_all(fd, unique, code, &vector, 1);
}

void cuse_reply_init(int fd, uint64_t unique, const char *name)
{
	const struct cuse_init_out out = {.major = FUSE_KERNEL_VERSION,
		.minor = FUSE_KERNEL_MINOR_VERSION,
		.flags = CUSE_UNRESTRICTED_IOCTL,
		.max_read = TRANSFER_MAX,
		.max_write = TRANSFER_MAX};
	char information[64];
	struct iovec parts[2] = {
		{(void *)(uintptr_t)&out, sizeof(out)}, {information, sizeof(information)}};

	/* With its terminating zero. */
	parts[1].iov_len =
		1 + (size_t)snprintf(information, sizeof(information), "DEVNAME=%s", name);
	send_all(fd, unique, 0, parts, 2);
}

void cuse_reply_error(int fd, uint64_t unique, int error)
{
	send_all(fd, unique, error, NULL, 0);
}

void cuse_reply_open(int fd, uint64_t unique, uint64_t file)
{
	const struct fuse_open_out out = {
		.fh = file, .open_flags = FOPEN_DIRECT_IO | FOPEN_NONSEEKABLE};

	send_one(fd, unique, 0, &out, sizeof(out));
}

void cuse_reply_poll(int fd, uint64_t unique, uint32_t events)
{
	const struct fuse_poll_out out = {.revents = events};

	send_one(fd, unique, 0, &out, sizeof(out));
}

void cuse_reply_ioctl(int fd, uint64_t unique, int result, const void *data, size_t length)
{
	const struct fuse_ioctl_out out = {.result = result};
	const struct iovec parts[2] = {
		{(void *)(uintptr_t)&out, sizeof(out)}, {(void *)(uintptr_t)data, length}};

	send_all(fd, unique, 0, parts, 2);
}

void cuse_reply_retry(int fd, uint64_t unique, const struct cuse_piece *in, size_t in_count,
	const struct cuse_piece *out, size_t out_count)
{
	const struct fuse_ioctl_out reply = {.flags = FUSE_IOCTL_RETRY,
		.in_iovs = (uint32_t)in_count,
		.out_iovs = (uint32_t)out_count};
	struct fuse_ioctl_iovec pieces[2 * CUSE_PIECES_MAX];
	const struct iovec parts[2] = {{(void *)(uintptr_t)&reply, sizeof(reply)},
		{pieces, (in_count + out_count) * sizeof(pieces[0])}};
	size_t i;

	for (i = 0; i < in_count; i++) {
		pieces[i] = (struct fuse_ioctl_iovec){in[i].base, in[i].length};
	}
	for (i = 0; i < out_count; i++) {
		pieces[in_count + i] = (struct fuse_ioctl_iovec){out[i].base, out[i].length};
	}
	send_all(fd, unique, 0, parts, 2);
}

void cuse_notify(int fd, uint64_t poll)
{
	const struct fuse_notify_poll_wakeup_out out = {.kh = poll};

	send_one(fd, 0, FUSE_NOTIFY_POLL, &out, sizeof(out));
}
