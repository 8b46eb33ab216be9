/* SPDX-License-Identifier: BSD-2-Clause */
#include "faces/socket.h"

#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SLOT_BITS 24
#define SLOT_MASK ((1u << SLOT_BITS) - 1)

/* A client that sends one message at a time is looked at for more once in so many turns, and the
 * first time at once; one that had more is given bursts until it had none this often. */
#define LOOK_EVERY 8u
#define DEPTH_KEPT 8u

/* Messages thrown away before a connection is closed: more than a socket's buffer holds. What is
 * left unread there would reach the peer as ECONNRESET, ahead of our last word. */
#define DISCARD_MAX 512u

static uint64_t connection_cookie(const struct socket_face *face, const struct connection *c)
{
	return face->host.token | (uint64_t)c->generation << SLOT_BITS |
	       (uint64_t)(c - face->connections);
}

struct connection *connection_find(struct socket_face *face, uint64_t cookie)
{
	uint64_t slot = cookie & SLOT_MASK;
	struct connection *c = &face->connections[slot];

	if (slot >= face->connections_max || c->fd < 0 ||
		c->generation != (cookie & FACE_TOKEN_MASK) >> SLOT_BITS) {
		return NULL;
	}
	return c;
}

static void connection_log(
	struct socket_face *face, const struct connection *c, const char *what, size_t length)
{
	char line[256 + VIPMI_MESSAGE_MAX];

	snprintf(line, sizeof(line), "client %u (%s, pid %u, uid %u): %.*s", c->session.client,
		c->command[0] ? c->command : "?", c->session.credentials.pid,
		c->session.credentials.uid, (int)length, what);
	face->host.log(face->host.context, line);
}

/* Brings epoll's view in line with what the connection waits for. */
static void connection_watch(struct socket_face *face, struct connection *c)
{
	bool sends = c->parked != INDEX_NONE || session_listing(&c->session);
	struct epoll_event event = {
		.events = (sends || c->stalled ? 0u : EPOLLIN) |
			  (sends || c->blocked ? EPOLLOUT : 0u),
		.data.u64 = connection_cookie(face, c),
	};

	if (event.events != c->interest &&
		epoll_ctl(face->host.epoll, EPOLL_CTL_MOD, c->fd, &event) == 0) {
		c->interest = event.events;
	}
}

/* Starts or ends the time that a client has to take what is waiting for it. */
static void connection_patience(struct socket_face *face, struct connection *c)
{
	bool waits = c->unread || c->parked != INDEX_NONE || session_listing(&c->session);

	if (waits == c->timed || c->session.state == SESSION_GREETING) {
		return;
	}
	c->timed = waits;
	if (waits) {
		c->since_ns = face->now_ns;
		list_push_back(&face->unread, &c->waiting);
	} else {
		list_remove(&c->waiting);
	}
}

/* ---- the end ---- */

static void connection_end(struct socket_face *face, struct connection *c)
{
	session_close(&c->session, &face->session_host, &face->scratch);
	if (c->parked != INDEX_NONE) {
		face->parking.free[face->parking.free_count++] = c->parked;
	}
	list_remove(&c->waiting);
	close(c->fd);
	c->fd = -1;
	c->generation = (c->generation + 1) & SLOT_MASK;
	c->next_free = face->free_slot;
	face->free_slot = (uint32_t)(c - face->connections);
}

void socket_discard(int fd)
{
	uint8_t byte;
	uint32_t i;

	(void)shutdown(fd, SHUT_RD); /* from now on its sends fail */
	for (i = 0; i < DISCARD_MAX; i++) {
		if (recv(fd, &byte, 0, MSG_DONTWAIT | MSG_TRUNC) <= 0) {
			break;
		}
	}
}

/* Says the last word that lies in face->reply, writes it to the log, and hangs up. */
static void connection_drop(struct socket_face *face, struct connection *c, int length)
{
	static const char silent[] = "connection dropped";
	struct socket_message message;

	if (length > 0 && socket_decode(face->reply, (size_t)length, &message) == 0) {
		connection_log(face, c, (const char *)message.text.bytes, message.text.length);
	} else {
		connection_log(face, c, silent, sizeof(silent) - 1);
	}
	socket_discard(c->fd);
	if (length > 0) {
		/* If it does not fit, the client has not been reading: the log has it. */
		(void)send(c->fd, face->reply, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	connection_end(face, c);
}

void connection_refuse(
	struct socket_face *face, struct connection *c, enum vipmi_reason reason, const char *text)
{
	connection_drop(face, c, session_refuse(&c->session, reason, text, face->reply));
}

/* ---- the beginning ---- */

void connection_open(struct socket_face *face, struct connection *c, int fd)
{
	struct ucred peer = {.pid = 0, .uid = UINT32_MAX, .gid = UINT32_MAX};
	socklen_t peer_size = sizeof(peer);
	struct core_credentials credentials;
	struct epoll_event event = {.events = EPOLLIN};
	uint32_t generation = c->generation;
	int reply;

	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size);
	credentials = (struct core_credentials){
		.uid = peer.uid, .gid = peer.gid, .pid = (uint32_t)peer.pid};
	*c = (struct connection){.fd = fd,
		.generation = generation,
		.interest = event.events,
		.batch_first = INDEX_NONE,
		.batch_last = INDEX_NONE,
		.parked = INDEX_NONE,
		.turns = LOOK_EVERY,
		.since_ns = face->now_ns};
	list_init(&c->waiting);
	command_name(credentials.pid, c->command);
	reply = session_open(&c->session, &face->session_host, &face->scratch,
		connection_cookie(face, c), &credentials, face->reply);
	event.data.u64 = connection_cookie(face, c);
	if (session_ended(&c->session)) {
		connection_drop(face, c, reply);
		return;
	}
	if (epoll_ctl(face->host.epoll, EPOLL_CTL_ADD, fd, &event)) {
		connection_refuse(face, c, VIPMI_REASON_FULL,
			"no memory, or too many descriptors watched (fs.epoll.max_user_watches)");
		return;
	}
	list_push_back(&face->greeting, &c->waiting);
}

/* ---- towards the client ---- */

static bool would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM;
}

/* Keeps a reply that the socket did not take. False when the connection had to end. */
static bool reply_park(struct socket_face *face, struct connection *c, int length)
{
	struct parking *parking = &face->parking;

	if (c->parked != INDEX_NONE || parking->free_count == 0) {
		connection_refuse(face, c, VIPMI_REASON_PROTOCOL, "it does not read its replies");
		return false;
	}
	c->parked = parking->free[--parking->free_count];
	parking->length[c->parked] = (uint16_t)length;
	memcpy(parking->bytes[c->parked], face->reply, (size_t)length);
	return true;
}

/* Notes which handle the connection has, for its credit. */
static void reply_note(struct connection *c, const uint8_t *reply, int length)
{
	struct socket_header header;

	if (socket_header_decode(reply, (size_t)length, &header) ||
		header.reason != VIPMI_REASON_NONE) {
		return;
	}
	if (header.type == VIPMI_MESSAGE_OPENED) {
		c->handles = c->handles == HANDLES_NONE ? HANDLES_ONE : HANDLES_SEVERAL;
		c->handle = header.handle;
	} else if (header.type == VIPMI_MESSAGE_CLOSED && c->handles == HANDLES_ONE) {
		c->handles = HANDLES_NONE;
	}
}

/* Sends face->reply. False when the connection ended. */
static bool reply_send(struct socket_face *face, struct connection *c, int length)
{
	if (session_ended(&c->session)) {
		connection_drop(face, c, length);
		return false;
	}
	reply_note(c, face->reply, length);
	if (c->session.state == SESSION_OPEN && !c->timed) {
		list_remove(&c->waiting); /* its HELLO was awaited */
	}
	if (send(c->fd, face->reply, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (!would_block()) {
			connection_end(face, c);
			return false;
		}
		if (!reply_park(face, c, length)) {
			return false;
		}
	}
	if (c->kicked) {
		connection_refuse(face, c, VIPMI_REASON_KICKED, "kicked");
		return false;
	}
	return true;
}

/* False while the parked reply still does not fit, or when the connection ended. */
static bool parked_send(struct socket_face *face, struct connection *c)
{
	struct parking *parking = &face->parking;
	uint16_t index = c->parked;

	if (send(c->fd, parking->bytes[index], parking->length[index],
		    MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		if (!would_block()) {
			connection_end(face, c);
		}
		return false;
	}
	c->parked = INDEX_NONE;
	parking->free[parking->free_count++] = index;
	return true;
}

/* Some rows of the listing under way. False when the connection ended. */
static bool rows_send(struct socket_face *face, struct connection *c)
{
	uint32_t i;

	for (i = 0; i < ROWS_PER_TURN && session_listing(&c->session); i++) {
		struct session before = c->session;
		int length =
			session_row(&c->session, &face->session_host, &face->scratch, face->reply);

		if (send(c->fd, face->reply, (size_t)length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
			if (!would_block()) {
				connection_end(face, c);
				return false;
			}
			c->session = before; /* the same row again, once there is room */
			break;
		}
	}
	return true;
}

/* The socket has room. False when the connection ended. */
static bool connection_writable(struct socket_face *face, struct connection *c)
{
	if (c->parked != INDEX_NONE && !parked_send(face, c)) {
		return c->fd >= 0;
	}
	if (c->timed) {
		list_remove(&c->waiting); /* it has taken something: its time starts anew */
		c->timed = false;
	}
	c->unread = false;
	if (c->blocked) {
		c->blocked = false;
		face->scratch.event = (struct core_event){.type = CORE_EVENT_CLIENT_WRITABLE,
			.client = {.client = c->session.client}};
		/* Its only refusals say that the client is gone or the core broken: the pump sees.
		 */
		(void)face->session_host.step(face->session_host.context, &face->scratch.event);
	}
	return !session_listing(&c->session) || rows_send(face, c);
}

/* Sends up to `count` of batch.vectors. Returns how many, or a negative errno for the first. */
static int batch_send(struct batch *batch, int fd, uint32_t count)
{
	int sent;

	if (count == 1) {
		sent = send(fd, batch->vectors[0].iov_base, batch->vectors[0].iov_len,
			       MSG_DONTWAIT | MSG_NOSIGNAL) < 0
			       ? -1
			       : 1;
	} else {
		sent = sendmmsg(fd, batch->messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	if (sent < 0) {
		return would_block() ? -EAGAIN : -errno;
	}
	return sent;
}

int connection_send(struct socket_face *face, struct connection *c, uint16_t *ret_unsent)
{
	struct batch *batch = &face->batch;
	uint16_t index = c->batch_first, next;
	uint32_t count;
	int sent = 0;

	while (index != INDEX_NONE && sent >= 0) {
		for (count = 0, next = index; next != INDEX_NONE; count++) {
			struct delivery *delivery = &batch->deliveries[next];

			batch->vectors[count].iov_base = batch->bytes + delivery->offset;
			batch->vectors[count].iov_len = delivery->length;
			next = delivery->next;
		}
		for (sent = batch_send(batch, c->fd, count), count = 0; (int)count < sent;
			count++) {
			index = batch->deliveries[index].next;
		}
	}
	*ret_unsent = index;
	return sent < 0 ? sent : 0;
}

void connection_sent(struct socket_face *face, struct connection *c, uint16_t unsent, int error)
{
	struct batch *batch = &face->batch;
	uint16_t index = c->batch_first;
	int result = 0;

	if (unsent != INDEX_NONE) {
		c->unread = c->unread || batch->deliveries[unsent].answer;
	}
	c->batch_first = INDEX_NONE;
	c->batch_last = INDEX_NONE;
	for (; index != INDEX_NONE; index = batch->deliveries[index].next) {
		result = index == unsent ? error : result;
		core_done(face->host.core, batch->deliveries[index].action, result);
	}
	if (result == -EAGAIN) {
		c->blocked = true;
		connection_patience(face, c);
		connection_watch(face, c);
	} else if (result) {
		connection_end(face, c);
	}
}

/* ---- from the client ---- */

void connection_resume(struct socket_face *face, struct connection *c)
{
	c->stalled = false;
	connection_watch(face, c);
}

/* No credit: leaves the message where it is until there is some. */
static void connection_stall(struct socket_face *face, struct connection *c)
{
	static const char text[] = "more requests than its credit; reading on as they are answered";

	if (!c->throttled) {
		c->throttled = true;
		connection_log(face, c, text, sizeof(text) - 1);
	}
	c->stalled = true;
}

/* Deals with one message. 0; -EAGAIN: it must be given again; -EPIPE: the connection ended. */
static int message_take(
	struct socket_face *face, struct connection *c, const uint8_t *bytes, size_t length)
{
	int reply;

	face->current = c;
	reply = session_receive(
		&c->session, &face->session_host, &face->scratch, bytes, length, face->reply);
	face->current = NULL;
	if (reply <= 0) {
		return reply;
	}
	return reply_send(face, c, reply) ? 0 : -EPIPE;
}

/* Nothing came. An empty record looks like the end of the connection, and is none. */
static void connection_hangup(struct socket_face *face, struct connection *c)
{
	struct pollfd hangup = {.fd = c->fd, .events = POLLRDHUP};

	if (poll(&hangup, 1, 0) == 0) {
		connection_refuse(face, c, VIPMI_REASON_PROTOCOL, "an empty message");
		return;
	}
	connection_end(face, c);
}

/* Whether a receive failed for good; the connection has ended then. */
static bool receive_failed(struct socket_face *face, struct connection *c, ssize_t result)
{
	if (result > 0) {
		return false;
	}
	if (result == 0) {
		connection_hangup(face, c);
	} else if (!would_block() && errno != EINTR) {
		connection_end(face, c);
	}
	return true;
}

static uint32_t receive_one(struct socket_face *face, struct connection *c)
{
	ssize_t length = recv(c->fd, face->inbox.bytes[0], RECEIVE_ROOM, MSG_DONTWAIT);

	if (receive_failed(face, c, length)) {
		return 0;
	}
	if (message_take(face, c, face->inbox.bytes[0], (size_t)length) == -EAGAIN) {
		connection_refuse(face, c, VIPMI_REASON_PROTOCOL, "a request beyond its credit");
	}
	return 1;
}

/* Where credit is short or unknown: looks first, and takes the message when it was accepted. */
static uint32_t receive_peeked(struct socket_face *face, struct connection *c)
{
	ssize_t length = recv(c->fd, face->inbox.bytes[0], RECEIVE_ROOM, MSG_DONTWAIT | MSG_PEEK);
	int result;

	if (receive_failed(face, c, length)) {
		return 0;
	}
	result = message_take(face, c, face->inbox.bytes[0], (size_t)length);
	if (result == -EAGAIN) {
		connection_stall(face, c);
		return 0;
	}
	if (result == 0) {
		(void)recv(c->fd, face->inbox.bytes[0], 0, MSG_DONTWAIT | MSG_TRUNC);
	}
	return 1;
}

static uint32_t receive_burst(struct socket_face *face, struct connection *c, uint32_t most)
{
	struct inbox *inbox = &face->inbox;
	int count = recvmmsg(c->fd, inbox->messages, most, MSG_DONTWAIT, NULL);
	uint32_t i;

	if (count <= 0) {
		(void)receive_failed(face, c, -1);
		return 0;
	}
	if (count > 1) {
		c->depth = DEPTH_KEPT;
	} else if (c->depth > 0) {
		c->depth--;
	}
	for (i = 0; i < (uint32_t)count; i++) {
		int result;

		if (inbox->messages[i].msg_len == 0) {
			connection_hangup(face, c);
			break;
		}
		result = message_take(face, c, inbox->bytes[i], inbox->messages[i].msg_len);
		if (result == -EAGAIN) {
			connection_refuse(
				face, c, VIPMI_REASON_PROTOCOL, "a request beyond its credit");
			break;
		}
		if (result) {
			break;
		}
	}
	return (uint32_t)count;
}

/* How many messages may be taken without looking first; 0: look first. Every message taken must
 * find credit, since there is no place to keep it. */
static uint32_t receive_most(struct socket_face *face, struct connection *c)
{
	uint32_t credit;

	if (c->handles == HANDLES_NONE) {
		return 1;
	}
	if (c->handles == HANDLES_SEVERAL) {
		return 0;
	}
	credit = core_credit(face->host.core, c->handle);
	if (credit > 1 && (c->depth > 0 || ++c->turns >= LOOK_EVERY)) {
		c->turns = 0;
		return credit < RECEIVE_BURST ? credit : RECEIVE_BURST;
	}
	return credit > 0 ? 1 : 0;
}

static uint32_t connection_receive(struct socket_face *face, struct connection *c)
{
	uint32_t most = receive_most(face, c);

	if (most == 0) {
		return receive_peeked(face, c);
	}
	return most == 1 ? receive_one(face, c) : receive_burst(face, c, most);
}

/* The program is gone. What it left is not executed, but garbage is worth a line. */
static void connection_gone(struct socket_face *face, struct connection *c)
{
	struct socket_message message;
	uint32_t i;

	for (i = 0; i < RECEIVE_BURST; i++) {
		ssize_t length = recv(c->fd, face->inbox.bytes[0], RECEIVE_ROOM, MSG_DONTWAIT);
		int result = length > 0
				     ? socket_decode(face->inbox.bytes[0], (size_t)length, &message)
				     : 0;

		if (length <= 0) {
			break;
		}
		if (result) {
			const char *text = socket_error_text(result);

			connection_log(face, c, text, strlen(text));
			break;
		}
	}
	connection_end(face, c);
}

uint32_t connection_ready(struct socket_face *face, struct connection *c, uint32_t events)
{
	uint32_t count = 0;

	if (events & (EPOLLHUP | EPOLLERR)) {
		connection_gone(face, c);
		return 1;
	}
	if (events & EPOLLOUT && !connection_writable(face, c)) {
		return 1;
	}
	if (events & EPOLLIN) {
		count = connection_receive(face, c);
	}
	if (c->fd >= 0) {
		connection_patience(face, c);
		connection_watch(face, c);
	}
	return count;
}
