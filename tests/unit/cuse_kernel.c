/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/cuse_kernel.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECES_MAX 16
#define BAD_MEMORY 0x10000u /* below this, nothing is */

struct cuse_kernel kernel;

static uint8_t received[CUSE_MESSAGE_MAX];
static size_t received_length;
static uint64_t waiting[4]; /* of the ioctls that are not answered */
static unsigned waiting_first, waiting_count;
static struct fuse_ioctl_iovec outs[PIECES_MAX];
static size_t outs_count;

/* ---- what faces/cuse_device.c is in the agent ---- */

int cuse_device_open(const struct cuse_node_order *order, char *error, size_t error_size)
{
	const struct {
		struct fuse_in_header header;
		struct cuse_init_in init;
	} message = {.header = {.len = sizeof(message), .opcode = CUSE_INIT, .unique = 1},
		.init = {.major = FUSE_KERNEL_VERSION,
			.minor = FUSE_KERNEL_MINOR_VERSION,
			.flags = CUSE_UNRESTRICTED_IOCTL}};
	int ends[2];

	(void)order;
	(void)error;
	(void)error_size;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	kernel.fd = ends[0];
	assert_int_equal(write(ends[0], &message, sizeof(message)), sizeof(message));
	return ends[1];
}

int cuse_device_give(const struct cuse_node_order *order, char *error, size_t error_size)
{
	struct fuse_out_header header;
	ssize_t length = recv(kernel.fd, received, sizeof(received), MSG_DONTWAIT);
	size_t at;

	/* Until the kernel has its answer there is no node to give. */
	assert_true(length > (ssize_t)(sizeof(header) + sizeof(struct cuse_init_out)));
	memcpy(&header, received, sizeof(header));
	assert_int_equal(header.len, length);
	assert_int_equal(header.error, 0);
	assert_int_equal(received[length - 1], 0);
	at = sizeof(header) + sizeof(struct cuse_init_out);
	assert_true((size_t)length - at <= sizeof(kernel.name));
	memcpy(kernel.name, received + at, (size_t)length - at);
	kernel.given = *order;
	if (kernel.give_result) {
		snprintf(error, error_size, "as the test says");
	}
	return kernel.give_result;
}

/* ---- the controller ---- */

static void answer(const struct core_transmit *to, const uint8_t *data, size_t length)
{
	struct core_event event = {.type = CORE_EVENT_RECEIVED,
		.now_ns = kernel.now_ns,
		.received = {.transmission = to->transmission,
			.netfn = to->netfn | 1,
			.command = to->command,
			.data = data,
			.length = length}};

	assert_int_equal(core_step(kernel.core, &event), 0);
}

static void controller_take(const struct core_transmit *transmit)
{
	static const uint8_t device_id[16] = {0x00, 0x20, 0x01, 0x02, 0x15, 0x02, 0xBF};
	static const uint8_t unknown[1] = {0xC1};
	const uint8_t channel = transmit->length > 0 ? transmit->data[0] : 0;
	const uint8_t medium[4] = {0x00, channel, channel == 7 ? 0x01 : 0x04, 0x01};

	kernel.channels_asked += transmit->command == CMD_CHANNEL_INFO;
	if (transmit->command == CMD_LATER ||
		(transmit->command == CMD_CHANNEL_INFO && kernel.silent)) {
		kernel.kept = *transmit;
	} else if (transmit->command == CMD_DEVICE_ID) {
		answer(transmit, device_id, sizeof(device_id));
	} else if (transmit->command == CMD_CHANNEL_INFO) {
		answer(transmit, medium, sizeof(medium));
	} else {
		answer(transmit, unknown, sizeof(unknown));
	}
}

void kernel_pump(void)
{
	struct core_action action;

	while (core_next(kernel.core, &action)) {
		if (action.type == CORE_ACTION_TRANSMIT) {
			const struct core_transmit transmit = action.transmit;

			core_done(kernel.core, action.id, 0);
			controller_take(&transmit);
		} else if (action.type == CORE_ACTION_REGISTER) {
			core_done(kernel.core, action.id, 0);
		} else {
			kernel.face->ops->act(kernel.face, &action);
		}
	}
	kernel.face->ops->flush(kernel.face, kernel.now_ns);
	assert_null(core_broken(kernel.core));
}

void controller_answer(void)
{
	static const uint8_t medium[4] = {0x00, 0x07, 0x01, 0x01}, plain[1] = {0x00};
	const struct core_transmit to = kernel.kept;

	if (to.command == CMD_CHANNEL_INFO) {
		answer(&to, medium, sizeof(medium));
	} else {
		answer(&to, plain, sizeof(plain));
	}
	kernel_pump();
}

void controller_event(void)
{
	static const uint8_t record[16] = {0x01, 0x00, 0x02};
	struct core_event event = {.type = CORE_EVENT_MESSAGE,
		.now_ns = kernel.now_ns,
		.message = {.kind = VIPMI_ASYNC_EVENT, .data = record, .length = sizeof(record)}};

	assert_int_equal(core_step(kernel.core, &event), 0);
	kernel_pump();
}

/* ---- the kernel ---- */

/* The reply to `unique`, or false. A wake-up of poll(2) is noted. */
static bool reply_take(uint64_t unique, struct fuse_out_header *ret_header)
{
	for (;;) {
		ssize_t length = recv(kernel.fd, received, sizeof(received), MSG_DONTWAIT);

		if (length < 0) {
			return false;
		}
		received_length = (size_t)length;
		assert_true(received_length >= sizeof(*ret_header));
		memcpy(ret_header, received, sizeof(*ret_header));
		assert_int_equal(ret_header->len, received_length);
		if (ret_header->unique == 0) {
			assert_int_equal(ret_header->error, FUSE_NOTIFY_POLL);
			memcpy(&kernel.notified, received + sizeof(*ret_header),
				sizeof(kernel.notified));
			kernel.notices++;
			continue;
		}
		assert_int_equal(ret_header->unique, unique);
		return true;
	}
}

/* One message of the kernel's; false if it was not replied to. */
static bool say(uint32_t opcode, const void *body, size_t length, const void *data, size_t size,
	struct fuse_out_header *ret_header)
{
	uint8_t bytes[CUSE_MESSAGE_MAX];
	const struct fuse_in_header header = {.len = (uint32_t)(sizeof(header) + length + size),
		.opcode = opcode,
		.unique = ++kernel.unique,
		.uid = kernel.caller.uid,
		.gid = kernel.caller.gid,
		.pid = kernel.caller.pid};

	memcpy(bytes, &header, sizeof(header));
	if (length > 0) {
		memcpy(bytes + sizeof(header), body, length);
	}
	if (size > 0) {
		memcpy(bytes + sizeof(header) + length, data, size);
	}
	assert_int_equal(write(kernel.fd, bytes, header.len), header.len);
	(void)kernel.face->ops->ready(kernel.face, 0, 1, kernel.now_ns);
	kernel_pump();
	return reply_take(header.unique, ret_header);
}

int64_t node_open(void)
{
	const struct fuse_open_in in = {.flags = O_RDWR};
	struct fuse_out_header header;
	struct fuse_open_out out;

	assert_true(say(FUSE_OPEN, &in, sizeof(in), NULL, 0, &header));
	if (header.error) {
		return header.error;
	}
	memcpy(&out, received + sizeof(header), sizeof(out));
	assert_true(out.fh <= INT64_MAX);
	return (int64_t)out.fh;
}

void node_release(int64_t file)
{
	const struct fuse_release_in in = {.fh = (uint64_t)file};
	struct fuse_out_header header;

	assert_true(say(FUSE_RELEASE, &in, sizeof(in), NULL, 0, &header));
	assert_int_equal(header.error, 0);
}

int node_other(uint32_t opcode)
{
	struct fuse_out_header header;

	assert_true(say(opcode, NULL, 0, NULL, 0, &header));
	return header.error;
}

int node_poll(int64_t file, bool wait)
{
	const struct fuse_poll_in in = {.fh = (uint64_t)file,
		.kh = 1000 + (uint64_t)file,
		.flags = wait ? FUSE_POLL_SCHEDULE_NOTIFY : 0};
	struct fuse_out_header header;
	struct fuse_poll_out out;

	assert_true(say(FUSE_POLL, &in, sizeof(in), NULL, 0, &header));
	if (header.error) {
		return header.error;
	}
	memcpy(&out, received + sizeof(header), sizeof(out));
	return (int)out.revents;
}

/* Writes what came to where it was asked to go, and says what ioctl(2) says. */
static int ioctl_end(void)
{
	struct fuse_ioctl_out out;
	size_t at = sizeof(struct fuse_out_header) + sizeof(out), i;

	memcpy(&out, received + sizeof(struct fuse_out_header), sizeof(out));
	for (i = 0; i < outs_count && at < received_length; i++) {
		assert_true(outs[i].len <= received_length - at);
		memcpy((void *)(uintptr_t)outs[i].base, received + at, outs[i].len);
		at += outs[i].len;
	}
	assert_int_equal(at, received_length);
	return out.result;
}

/* Looks up what the reply asks for. False: some of it is not there. */
static bool retry_gather(uint8_t *bytes, uint32_t *ret_in, uint32_t *ret_out)
{
	struct fuse_ioctl_iovec pieces[PIECES_MAX];
	struct fuse_ioctl_out out;
	size_t at = sizeof(struct fuse_out_header) + sizeof(out), i;

	memcpy(&out, received + sizeof(struct fuse_out_header), sizeof(out));
	assert_true(out.in_iovs + out.out_iovs <= PIECES_MAX);
	assert_int_equal(received_length - at, (out.in_iovs + out.out_iovs) * sizeof(pieces[0]));
	memcpy(pieces, received + at, received_length - at);
	*ret_in = 0;
	*ret_out = 0;
	for (i = 0; i < out.in_iovs; i++) {
		if (pieces[i].base < BAD_MEMORY) {
			return false;
		}
		memcpy(bytes + *ret_in, (const void *)(uintptr_t)pieces[i].base, pieces[i].len);
		*ret_in += (uint32_t)pieces[i].len;
	}
	outs_count = out.out_iovs;
	for (i = 0; i < outs_count; i++) {
		outs[i] = pieces[out.in_iovs + i];
		*ret_out += (uint32_t)outs[i].len;
	}
	return true;
}

int node_ioctl(int64_t file, unsigned long request, void *argument)
{
	struct fuse_ioctl_in in = {.fh = (uint64_t)file,
		.flags = FUSE_IOCTL_UNRESTRICTED,
		.cmd = (uint32_t)request,
		.arg = (uint64_t)(uintptr_t)argument};
	uint8_t bytes[4096];
	struct fuse_out_header header;
	struct fuse_ioctl_out out;

	outs_count = 0;
	for (kernel.rounds = 1; kernel.rounds < 10; kernel.rounds++) {
		if (!say(FUSE_IOCTL, &in, sizeof(in), bytes, in.in_size, &header)) {
			assert_true(waiting_count < ARRAY_LENGTH(waiting));
			waiting[waiting_count++] = kernel.unique;
			return -EINPROGRESS;
		}
		if (header.error) {
			return header.error;
		}
		memcpy(&out, received + sizeof(header), sizeof(out));
		if (!(out.flags & FUSE_IOCTL_RETRY)) {
			return ioctl_end();
		}
		if (!retry_gather(bytes, &in.in_size, &in.out_size)) {
			return -EFAULT;
		}
	}
	fail_msg("an ioctl goes round and round");
	return 0;
}

int node_ioctl_result(void)
{
	struct fuse_out_header header;

	if (waiting_first == waiting_count || !reply_take(waiting[waiting_first], &header)) {
		return -EINPROGRESS;
	}
	waiting_first++;
	return header.error ? header.error : ioctl_end();
}

void node_interrupt(void)
{
	const struct fuse_interrupt_in in = {.unique = waiting[waiting_first]};
	uint8_t bytes[sizeof(struct fuse_in_header) + sizeof(in)];
	const struct fuse_in_header header = {.len = sizeof(bytes),
		.opcode = FUSE_INTERRUPT,
		.unique = waiting[waiting_first] | 1};

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), &in, sizeof(in));
	assert_int_equal(write(kernel.fd, bytes, sizeof(bytes)), sizeof(bytes));
	(void)kernel.face->ops->ready(kernel.face, 0, 1, kernel.now_ns);
}

void kernel_hang_up(void)
{
	close(kernel.fd);
	kernel.fd = -1;
	(void)kernel.face->ops->ready(kernel.face, 0, 1, kernel.now_ns);
	kernel_pump();
}

/* ---- from start to stop ---- */

static void host_log(void *context, const char *text)
{
	(void)context;
	snprintf(kernel.log, sizeof(kernel.log), "%s", text);
}

static int host_kick(void *context, uint32_t client)
{
	(void)context;
	return kernel.face->ops->kick(kernel.face, client);
}

int kernel_serve(const char *options, char *error, size_t error_size)
{
	const struct face_host host = {.core = kernel.core,
		.link = "test:",
		.version = "0",
		.epoll = kernel.epoll,
		.token = UINT64_C(0x0300) << FACE_TOKEN_BITS,
		.log = host_log,
		.kick = host_kick};

	return cuse_face.open(options, kernel.now_ns, &host, error, error_size, &kernel.face);
}

int kernel_start(void **state)
{
	const struct core_limits limits = {.handles_max = 300};
	const size_t size = core_size(&limits);
	struct core_event up = {
		.type = CORE_EVENT_LINK_UP, .now_ns = NSEC_PER_SEC_U64, .link_up = {.window = 4}};
	char error[256] = "";

	(void)state;
	waiting_first = 0;
	waiting_count = 0;
	kernel = (struct cuse_kernel){.fd = -1,
		.now_ns = NSEC_PER_SEC_U64,
		.unique = 100,
		.caller = {.uid = 1000, .gid = 100, .pid = 4711}};
	kernel.memory = aligned_alloc(64, (size + 63) / 64 * 64);
	assert_non_null(kernel.memory);
	assert_int_equal(core_init(kernel.memory, size, &limits, kernel.now_ns, &kernel.core), 0);
	assert_int_equal(core_step(kernel.core, &up), 0);
	kernel.epoll = epoll_create1(0);
	if (kernel_serve("ipmi5,mode=660,owner=12,group=34", error, sizeof(error)) < 0) {
		fail_msg("%s", error);
	}
	kernel_pump();
	return 0;
}

int kernel_stop(void **state)
{
	(void)state;
	cuse_face.close(kernel.face);
	if (kernel.fd >= 0) {
		close(kernel.fd);
	}
	close(kernel.epoll);
	free(kernel.memory);
	return 0;
}
