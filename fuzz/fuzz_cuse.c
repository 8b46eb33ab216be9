/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs on a node of the CUSE face, over a real core: the input is what they
 * do, and what lies in their memory, which may change while the kernel looks.
 * Whatever it is, every call gets one reply that the kernel can use, and when all
 * are closed the core is as empty as before.
 */
#include "fuzz/fuzz.h"

#include <linux/fuse.h>
#include <linux/ipmi.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "faces/cuse.h"

#define FILES_MAX 6 /* two more than there are handles */
#define ROUNDS_MAX 8
#define PIECE_ROOM 512

enum { OPEN, RELEASE, POLL, INTERRUPT, IOCTL, ANSWER, EVENT, TIME_PASSES, LINK_DOWN, WHAT_COUNT };

struct world {
	struct core *core;
	struct face *face;
	uint64_t now_ns, unique, waiting;
	uint64_t files[FILES_MAX]; /* as the face named them; 0: not open */
	struct core_transmit sent;
	int fd; /* the kernel's end */
	uint8_t reply[CUSE_MESSAGE_MAX];
	size_t length;
};

static const struct core_limits limits = {.handles_max = 4, .requests_max = 16, .credit_max = 4};
static struct world world;

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
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
	FUZZ_CHECK(write(ends[0], &message, sizeof(message)) == sizeof(message));
	world.fd = ends[0];
	return ends[1];
}

int cuse_device_give(const struct cuse_node_order *order, char *error, size_t error_size)
{
	(void)order;
	(void)error;
	(void)error_size;
	return recv(world.fd, world.reply, sizeof(world.reply), MSG_DONTWAIT) > 0 ? 0 : -ENOENT;
}

/* The agent's pump: the controller takes everything. */
static void pump(void)
{
	struct core_action action;

	while (core_next(world.core, &action)) {
		if (action.type == CORE_ACTION_DELIVER || action.type == CORE_ACTION_CREDIT) {
			world.face->ops->act(world.face, &action);
			continue;
		}
		if (action.type == CORE_ACTION_TRANSMIT) {
			world.sent = action.transmit;
		}
		core_done(world.core, action.id, 0);
	}
	FUZZ_CHECK(core_broken(world.core) == NULL);
}

/* The reply to `unique`; wake-ups of poll(2), and replies to who waits, are passed by. */
static bool hear(uint64_t unique, struct fuse_out_header *ret_header)
{
	ssize_t length;

	while ((length = recv(world.fd, world.reply, sizeof(world.reply), MSG_DONTWAIT)) > 0) {
		world.length = (size_t)length;
		FUZZ_CHECK(world.length >= sizeof(*ret_header));
		memcpy(ret_header, world.reply, sizeof(*ret_header));
		FUZZ_CHECK(ret_header->len == world.length);
		if (ret_header->unique == unique) {
			return true;
		}
		FUZZ_CHECK(ret_header->unique == 0 || ret_header->unique < unique);
	}
	return false;
}

static bool say(uint32_t opcode, const void *body, size_t length, const void *data, size_t size,
	struct fuse_out_header *ret_header)
{
	const struct fuse_in_header header = {.len = (uint32_t)(sizeof(header) + length + size),
		.opcode = opcode,
		.unique = world.unique += 2};
	uint8_t bytes[CUSE_MESSAGE_MAX];

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), body, length);
	if (size > 0) {
		memcpy(bytes + sizeof(header) + length, data, size);
	}
	FUZZ_CHECK(write(world.fd, bytes, header.len) == (ssize_t)header.len);
	FUZZ_CHECK(world.face->ops->ready(world.face, 0, EPOLLIN, world.now_ns) == 1);
	pump();
	return hear(header.unique, ret_header);
}

static void open_one(size_t which)
{
	const struct fuse_open_in in = {0};
	struct fuse_out_header header;

	if (world.files[which] == 0) {
		FUZZ_CHECK(say(FUSE_OPEN, &in, sizeof(in), NULL, 0, &header));
		if (header.error == 0) {
			struct fuse_open_out out;

			memcpy(&out, world.reply + sizeof(header), sizeof(out));
			world.files[which] = out.fh;
		}
	}
}

static void release_one(size_t which)
{
	const struct fuse_release_in in = {.fh = world.files[which]};
	struct fuse_out_header header;

	if (in.fh != 0) {
		FUZZ_CHECK(say(FUSE_RELEASE, &in, sizeof(in), NULL, 0, &header));
		FUZZ_CHECK(header.error == 0);
		world.files[which] = 0;
	}
}

static void poll_one(size_t which, bool notify)
{
	const struct fuse_poll_in in = {.fh = world.files[which],
		.kh = 77,
		.flags = notify ? FUSE_POLL_SCHEDULE_NOTIFY : 0};
	struct fuse_out_header header;

	FUZZ_CHECK(say(FUSE_POLL, &in, sizeof(in), NULL, 0, &header));
}

/* A caller's memory: each piece holds what the input says when it is first looked at, and the next
 * time the same, unless the input says that it changed. */
struct memory {
	uint8_t bytes[2 * CUSE_PIECES_MAX][PIECE_ROOM];
	size_t seen;
	bool changed;
	struct fuse_ioctl_iovec outs[CUSE_PIECES_MAX]; /* what may be written to */
	size_t outs_count;
};

static void look(struct memory *memory, size_t piece, size_t length, struct reader *input)
{
	bool changed = piece < memory->seen && (reader_u8(input) & 0x0F) == 0x0F;
	size_t left = reader_left(input) < length ? reader_left(input) : length;

	FUZZ_CHECK(length <= PIECE_ROOM);
	memory->changed |= changed;
	if (piece >= memory->seen || changed) {
		memset(memory->bytes[piece], 0, PIECE_ROOM);
		if (left > 0) {
			memcpy(memory->bytes[piece], reader_bytes(input, left), left);
		}
		memory->seen = piece >= memory->seen ? piece + 1 : memory->seen;
	}
}

/* Gathers what the reply asks for. False: it was no retry. */
static bool gather(
	struct fuse_ioctl_in *in, uint8_t *data, struct memory *memory, struct reader *input)
{
	struct fuse_ioctl_iovec pieces[2 * CUSE_PIECES_MAX];
	const size_t begin = sizeof(struct fuse_out_header) + sizeof(struct fuse_ioctl_out);
	struct fuse_ioctl_out out;
	size_t i;

	FUZZ_CHECK(world.length >= begin);
	memcpy(&out, world.reply + sizeof(struct fuse_out_header), sizeof(out));
	if (!(out.flags & FUSE_IOCTL_RETRY)) {
		FUZZ_CHECK(world.length - begin <= in->out_size);
		return false;
	}
	FUZZ_CHECK(out.in_iovs <= CUSE_PIECES_MAX && out.out_iovs <= CUSE_PIECES_MAX);
	FUZZ_CHECK(world.length - begin == (out.in_iovs + out.out_iovs) * sizeof(pieces[0]));
	memcpy(pieces, world.reply + begin, world.length - begin);
	in->in_size = 0;
	in->out_size = 0;
	for (i = 0; i < out.in_iovs; i++) {
		look(memory, i, pieces[i].len, input);
		memcpy(data + in->in_size, memory->bytes[i], pieces[i].len);
		in->in_size += (uint32_t)pieces[i].len;
	}
	for (i = 0; i < out.out_iovs; i++) {
		memory->outs[i] = pieces[out.in_iovs + i];
		in->out_size += (uint32_t)memory->outs[i].len;
	}
	memory->outs_count = out.out_iovs;
	return true;
}

/* What was received goes where the structure says that came with the last round. */
static void check_received(const struct fuse_ioctl_in *in, const struct memory *memory)
{
	const size_t begin = sizeof(struct fuse_out_header) + sizeof(struct fuse_ioctl_out);
	const bool narrow = _IOC_SIZE(in->cmd) == driver_recv_length(true);
	struct driver_recv recv;
	size_t i;

	if ((_IOC_NR(in->cmd) != 11 && _IOC_NR(in->cmd) != 12) || memory->changed ||
		world.length <= begin || in->in_size == 0) {
		return;
	}
	driver_recv_read(memory->bytes[0], narrow, &recv);
	for (i = 0; i < memory->outs_count; i++) {
		FUZZ_CHECK(memory->outs[i].base == recv.addr || memory->outs[i].base == recv.data ||
			   memory->outs[i].base == in->arg);
	}
}

static void ioctl_one(size_t which, struct reader *input)
{
	static const uint32_t numbers[] = {IPMICTL_SEND_COMMAND, IPMICTL_RECEIVE_MSG,
		IPMICTL_RECEIVE_MSG_TRUNC, IPMICTL_SEND_COMMAND_SETTIME,
		IPMICTL_SET_GETS_EVENTS_CMD, IPMICTL_REGISTER_FOR_CMD, IPMICTL_UNREGISTER_FOR_CMD,
		IPMICTL_REGISTER_FOR_CMD_CHANS, IPMICTL_UNREGISTER_FOR_CMD_CHANS,
		IPMICTL_SET_MY_ADDRESS_CMD, IPMICTL_GET_MY_ADDRESS_CMD,
		IPMICTL_SET_MY_CHANNEL_LUN_CMD, IPMICTL_GET_MY_CHANNEL_LUN_CMD,
		IPMICTL_SET_TIMING_PARMS_CMD, IPMICTL_GET_TIMING_PARMS_CMD,
		IPMICTL_SET_MAINTENANCE_MODE_CMD, _IOR('i', 13, uint8_t[20]),
		_IOR('i', 21, uint8_t[28]), _IOWR('i', 11, uint8_t[24]),
		_IOWR('i', 12, uint8_t[24])};
	const uint8_t number = reader_u8(input);
	struct fuse_ioctl_in in = {.fh = world.files[which],
		.flags = FUSE_IOCTL_UNRESTRICTED,
		.cmd = number < ARRAY_LENGTH(numbers) ? numbers[number] : number,
		.arg = 0x1000};
	uint8_t data[2 * CUSE_PIECES_MAX * PIECE_ROOM];
	struct memory memory = {.seen = 0};
	struct fuse_out_header header;
	unsigned round;

	for (round = 0; round < ROUNDS_MAX; round++) {
		if (!say(FUSE_IOCTL, &in, sizeof(in), data, in.in_size, &header)) {
			world.waiting = world.unique;
			return;
		}
		if (header.error) {
			return;
		}
		if (!gather(&in, data, &memory, input)) {
			check_received(&in, &memory);
			return;
		}
	}
}

static void interrupt(void)
{
	const struct fuse_interrupt_in in = {.unique = world.waiting};
	struct fuse_out_header header;

	/* It is not replied to; who waited is. */
	FUZZ_CHECK(!say(FUSE_INTERRUPT, &in, sizeof(in), NULL, 0, &header));
}

static void happen(enum core_event_type type)
{
	static const uint8_t bytes[16] = {0x00, 0x07, 0x01, 0x02};
	struct core_event event = {.type = type, .now_ns = world.now_ns};

	if (type == CORE_EVENT_RECEIVED) {
		event.received.transmission = world.sent.transmission;
		event.received.netfn = world.sent.netfn | 1;
		event.received.command = world.sent.command;
		event.received.data = bytes;
		event.received.length = sizeof(bytes);
	} else if (type == CORE_EVENT_MESSAGE) {
		event.message.kind = VIPMI_ASYNC_EVENT;
		event.message.data = bytes;
		event.message.length = sizeof(bytes);
	} else if (type == CORE_EVENT_LINK_UP) {
		event.link_up.window = 2;
	}
	(void)core_step(world.core, &event); /* out of place or not */
	pump();
}

static void live(struct reader *input)
{
	while (reader_left(input) > 0) {
		const uint8_t byte = reader_u8(input);
		const size_t which = (byte >> 4) % FILES_MAX;

		switch ((byte & 0x0F) % WHAT_COUNT) {
		case OPEN:
			open_one(which);
			break;
		case RELEASE:
			release_one(which);
			break;
		case POLL:
			poll_one(which, byte & 0x80);
			break;
		case INTERRUPT:
			interrupt();
			break;
		case IOCTL:
			ioctl_one(which, input);
			break;
		case ANSWER:
			happen(CORE_EVENT_RECEIVED);
			break;
		case EVENT:
			happen(CORE_EVENT_MESSAGE);
			break;
		case TIME_PASSES:
			world.now_ns += NSEC_PER_SEC_U64;
			happen(CORE_EVENT_TIME);
			break;
		default:
			happen(CORE_EVENT_LINK_DOWN);
			happen(CORE_EVENT_LINK_UP);
			break;
		}
	}
}

static void write_log(void *context, const char *text)
{
	(void)context;
	(void)text;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static void *memory; /* kept: to get it anew costs more than a short life in it */
	static int epoll = -1;
	struct reader input = reader_init(bytes, length);
	struct face_host host = {.link = "fuzz:", .version = "0", .log = write_log};
	struct core_status status;
	char error[256];
	size_t size = core_size(&limits), i;

	if (!memory) {
		memory = aligned_alloc(64, (size + 63) / 64 * 64);
		epoll = epoll_create1(EPOLL_CLOEXEC);
		FUZZ_CHECK(memory != NULL && epoll >= 0);
	}
	world = (struct world){.now_ns = 1000, .unique = 2, .fd = -1};
	FUZZ_CHECK(core_init(memory, size, &limits, world.now_ns, &world.core) == 0);
	host.core = world.core;
	host.epoll = epoll;
	FUZZ_CHECK(cuse_face.open(
			   "ipmi0", world.now_ns, &host, error, sizeof(error), &world.face) == 0);
	happen(CORE_EVENT_LINK_UP);
	live(&input);
	for (i = 0; i < FILES_MAX; i++) {
		release_one(i);
	}
	core_status(world.core, &status);
	/* The face's own client, if it asked for a channel's medium. */
	FUZZ_CHECK(status.clients <= 1 && status.handles == status.clients);
	world.face->ops->close(world.face);
	close(world.fd);
	return 0;
}
