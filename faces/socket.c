/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket face: programs that speak the protocol of vipmi/protocol.h over a
 * unix socket.
 *
 * What one client can hold of the agent is bounded: a slot of 128 bytes, what the
 * core gives it as credit, and what the kernel keeps in its socket. A client that
 * does not read is read from no more once its credit is used up, and ended when
 * it takes no answer for UNREAD_PATIENCE_MS; one that breaks the protocol is told
 * how, and ended. Nobody waits for anybody: every turn takes a bounded number of
 * messages from one client, and epoll hands out the turns in rotation.
 */
#include "faces/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* The listener's token: no connection's, since slots end far below. */
#define TOKEN_LISTENER FACE_TOKEN_MASK

static struct socket_face *socket_face_of(struct face *face)
{
	return container_of(face, struct socket_face, face);
}

static void face_log(struct socket_face *face, const char *text)
{
	face->host.log(face->host.context, text);
}

/* ---- accepting ---- */

static void face_watch_listener(struct socket_face *face, bool accepting)
{
	struct epoll_event event = {
		.events = accepting ? EPOLLIN : 0u, .data.u64 = face->host.token | TOKEN_LISTENER};

	/* It can only fail for a descriptor that is not in the set. */
	(void)epoll_ctl(face->host.epoll, EPOLL_CTL_MOD, face->listener.fd, &event);
	face->accept_resume_ns =
		accepting ? TIME_NEVER : face->now_ns + ACCEPT_PAUSE_MS * NSEC_PER_MSEC_U64;
}

/* Tells a program that there is no place for it. */
static void accept_refuse(int fd, const char *text)
{
	struct socket_header header = {.type = VIPMI_MESSAGE_ERROR, .reason = VIPMI_REASON_FULL};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	int length;

	socket_begin(&writer, &header);
	socket_put(&writer, VIPMI_EXTENSION_TEXT, text, strlen(text));
	length = socket_end(&writer);
	socket_discard(fd); /* its HELLO may be there already */
	/* A fresh socket has room for it; if not, hanging up says enough. */
	(void)send(fd, bytes, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

/* No descriptor is left: gives up the reserve for a moment, so that the program hears why. */
static void accept_without_files(struct socket_face *face)
{
	static const char text[] =
		"the agent has no file descriptor left (RLIMIT_NOFILE, LimitNOFILE=)";
	int fd;

	if (!face->files_logged) {
		face->files_logged = true;
		face_log(face, text);
	}
	close(face->reserve_fd);
	fd = accept4(face->listener.fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0) {
		accept_refuse(fd, text);
	}
	face->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (face->reserve_fd < 0) {
		face_watch_listener(face, false);
	}
}

static bool accept_one(struct socket_face *face)
{
	struct connection *c;
	int fd = accept4(face->listener.fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno == EMFILE) {
			accept_without_files(face);
		} else if (errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			face_watch_listener(face, false);
		}
		return false;
	}
	if (face->free_slot >= face->connections_max) {
		static const char text[] = "all connections are taken (--max-handles)";

		face_log(face, text);
		accept_refuse(fd, text);
		return true;
	}
	c = &face->connections[face->free_slot];
	face->free_slot = c->next_free;
	connection_open(face, c, fd);
	return true;
}

/* ---- operations ---- */

static uint32_t face_ready(struct face *base, uint64_t token, uint32_t events, uint64_t now_ns)
{
	struct socket_face *face = socket_face_of(base);
	struct connection *c;
	uint32_t count = 0;

	face->now_ns = now_ns;
	if ((token & FACE_TOKEN_MASK) == TOKEN_LISTENER) {
		while (count < ACCEPTS_PER_TURN && accept_one(face)) {
			count++;
		}
		return count;
	}
	c = connection_find(face, token);
	return c ? connection_ready(face, c, events) : 0;
}

static void face_flush(struct face *base, uint64_t now_ns)
{
	struct socket_face *face = socket_face_of(base);
	struct batch *batch = &face->batch;
	uint32_t i;

	face->now_ns = now_ns;
	/* System calls first, the core afterwards: each finds its own things in the caches. */
	for (i = 0; i < batch->dirty_count; i++) {
		batch->dirty[i].error = connection_send(
			face, &face->connections[batch->dirty[i].slot], &batch->dirty[i].unsent);
	}
	for (i = 0; i < batch->dirty_count; i++) {
		connection_sent(face, &face->connections[batch->dirty[i].slot],
			batch->dirty[i].unsent, batch->dirty[i].error);
	}
	batch->count = 0;
	batch->dirty_count = 0;
	batch->used = 0;
}

static void face_deliver(
	struct socket_face *face, struct connection *c, const struct core_action *action)
{
	struct batch *batch = &face->batch;
	struct delivery *delivery;
	uint16_t index;

	if (batch->count == BATCH_MAX || BATCH_BYTES - batch->used < VIPMI_MESSAGE_MAX) {
		face_flush(&face->face, face->now_ns);
	}
	index = (uint16_t)batch->count++;
	delivery = &batch->deliveries[index];
	delivery->action = action->id;
	delivery->offset = batch->used;
	delivery->length = (uint16_t)session_deliver(&action->deliver, batch->bytes + batch->used);
	delivery->next = INDEX_NONE;
	delivery->answer = action->deliver.kind == CORE_DELIVERY_ANSWER;
	batch->used += delivery->length;
	if (c->batch_last == INDEX_NONE) {
		c->batch_first = index;
		batch->dirty[batch->dirty_count++].slot = (uint32_t)(c - face->connections);
	} else {
		batch->deliveries[c->batch_last].next = index;
	}
	c->batch_last = index;
}

static void face_act(struct face *base, const struct core_action *action)
{
	struct socket_face *face = socket_face_of(base);
	struct connection *c;

	if (action->type == CORE_ACTION_CREDIT) {
		c = connection_find(face, action->credit.cookie);
		if (c) {
			connection_resume(face, c);
		}
		core_done(face->host.core, action->id, 0);
		return;
	}
	c = connection_find(face, action->deliver.cookie);
	if (!c) {
		core_done(face->host.core, action->id, -EPIPE);
		return;
	}
	face_deliver(face, c, action);
}

static int face_kick(struct face *base, uint32_t client)
{
	struct socket_face *face = socket_face_of(base);
	uint32_t i;

	for (i = 0; i < face->connections_max; i++) {
		struct connection *c = &face->connections[i];

		if (c->fd < 0 || c->session.client != client) {
			continue;
		}
		if (c == face->current) {
			c->kicked = true; /* once it has its reply */
		} else {
			connection_refuse(face, c, VIPMI_REASON_KICKED, "kicked");
		}
		return 0;
	}
	return -ENOENT;
}

static uint64_t list_deadline(const struct list_link *list, uint64_t patience_ms)
{
	struct list_link *first = list_first(list);

	if (!first) {
		return TIME_NEVER;
	}
	return container_of(first, struct connection, waiting)->since_ns +
	       patience_ms * NSEC_PER_MSEC_U64;
}

static uint64_t face_deadline(const struct face *base)
{
	const struct socket_face *face = container_of(base, struct socket_face, face);
	uint64_t greeting = list_deadline(&face->greeting, GREETING_PATIENCE_MS);
	uint64_t unread = list_deadline(&face->unread, UNREAD_PATIENCE_MS);
	uint64_t first = greeting < unread ? greeting : unread;

	return first < face->accept_resume_ns ? first : face->accept_resume_ns;
}

static void list_expire(
	struct socket_face *face, struct list_link *list, uint64_t patience_ms, const char *text)
{
	struct list_link *first;
	uint32_t i;

	for (i = 0; i < EXPIRED_PER_TURN; i++) {
		first = list_first(list);
		if (!first || list_deadline(list, patience_ms) > face->now_ns) {
			break;
		}
		connection_refuse(face, container_of(first, struct connection, waiting),
			VIPMI_REASON_PROTOCOL, text);
	}
}

static void face_expire(struct face *base, uint64_t now_ns)
{
	struct socket_face *face = socket_face_of(base);

	face->now_ns = now_ns;
	list_expire(face, &face->greeting, GREETING_PATIENCE_MS, "no HELLO within 10 s");
	list_expire(face, &face->unread, UNREAD_PATIENCE_MS,
		"it took no answer for 5 s while its socket was full");
	if (face->accept_resume_ns <= now_ns) {
		if (face->reserve_fd < 0) {
			face->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		}
		face_watch_listener(face, true);
	}
}

static void face_close(struct face *base)
{
	struct socket_face *face;
	uint32_t i;

	if (!base) {
		return;
	}
	face = socket_face_of(base);
	for (i = 0; face->connections && i < face->connections_max; i++) {
		if (face->connections[i].fd >= 0) {
			close(face->connections[i].fd);
		}
	}
	listener_close(&face->listener);
	if (face->reserve_fd >= 0) {
		close(face->reserve_fd);
	}
	if (face->connections) {
		munmap(face->connections, face->connections_max * sizeof(*face->connections));
	}
	free(face);
}

/* ---- opening ---- */

static int connections_create(struct socket_face *face)
{
	struct core_status *status = &face->scratch.status;
	void *memory;
	uint32_t i;

	core_status(face->host.core, status);
	face->connections_max = status->handles_max + CORE_CLIENTS_SPARE;
	memory = mmap(NULL, face->connections_max * sizeof(*face->connections),
		PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		return -ENOMEM;
	}
	face->connections = memory;
	for (i = 0; i < face->connections_max; i++) {
		face->connections[i].fd = -1;
		face->connections[i].next_free = i + 1;
	}
	return 0;
}

static void buffers_init(struct socket_face *face)
{
	uint32_t i;

	for (i = 0; i < RECEIVE_BURST; i++) {
		face->inbox.vectors[i] = (struct iovec){face->inbox.bytes[i], RECEIVE_ROOM};
		face->inbox.messages[i].msg_hdr.msg_iov = &face->inbox.vectors[i];
		face->inbox.messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (i = 0; i < BATCH_MAX; i++) {
		face->batch.messages[i].msg_hdr.msg_iov = &face->batch.vectors[i];
		face->batch.messages[i].msg_hdr.msg_iovlen = 1;
	}
	for (i = 0; i < PARKING_MAX; i++) {
		face->parking.free[i] = (uint16_t)i;
	}
	face->parking.free_count = PARKING_MAX;
}

static struct socket_face *face_create(const struct face_host *host, uint64_t now_ns)
{
	struct socket_face *face = aligned_alloc(64, (sizeof(*face) + 63) / 64 * 64);

	if (!face) {
		return NULL;
	}
	memset(face, 0, sizeof(*face));
	face->face.ops = &socket_face;
	face->host = *host;
	face->now_ns = now_ns;
	face->accept_resume_ns = TIME_NEVER;
	face->listener.fd = -1;
	face->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	session_host_init(&face->session_host, &face->session_context, &face->host, &face->now_ns);
	list_init(&face->greeting);
	list_init(&face->unread);
	buffers_init(face);
	return face;
}

static int face_open(const char *options, uint64_t now_ns, const struct face_host *host,
	char *error, size_t error_size, struct face **ret_face)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = host->token | TOKEN_LISTENER};
	struct socket_face *face = face_create(host, now_ns);
	int result;

	if (!face || connections_create(face)) {
		snprintf(error, error_size, "%s: no memory for the connections", options);
		face_close(face ? &face->face : NULL);
		return -ENOMEM;
	}
	snprintf(face->path, sizeof(face->path), "%s", options);
	result = listener_open(strlen(options) < sizeof(face->path) ? face->path : options,
		SOCK_SEQPACKET, error, error_size, &face->listener);
	if (result == 0 && epoll_ctl(host->epoll, EPOLL_CTL_ADD, face->listener.fd, &event)) {
		result = -errno;
		snprintf(error, error_size, "%s: %s", options, strerror(errno));
	}
	if (result) {
		face_close(&face->face);
		return result;
	}
	*ret_face = &face->face;
	return 0;
}

const struct face_ops socket_face = {
	.name = "socket",
	.usage = "PATH",
	.open = face_open,
	.act = face_act,
	.flush = face_flush,
	.ready = face_ready,
	.deadline = face_deadline,
	.expire = face_expire,
	.kick = face_kick,
	.close = face_close,
};
