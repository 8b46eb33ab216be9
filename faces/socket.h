/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket face, inside: what faces/socket.c (the face) and faces/connection.c
 * (one program's connection) share. Everything is allocated when the face opens.
 */
#ifndef VIPMI_FACES_SOCKET_H
#define VIPMI_FACES_SOCKET_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base/list.h"
#include "faces/faces.h"
#include "faces/host.h"
#include "faces/listener.h"
#include "session/session.h"

/* Messages taken from one client in one turn: enough that a system call's fixed cost is small
 * beside them, few enough that the others wait microseconds. */
#define RECEIVE_BURST 32u

/* Room for one received message: one byte more than the longest would do to notice an overlong
 * one; an odd number of cache lines keeps neighbours out of each other's cache sets. */
#define RECEIVE_ROOM 1088u

/* Deliveries collected before they are sent, and the bytes for them. */
#define BATCH_MAX 256u
#define BATCH_BYTES 65536u

/* Replies that a client's full socket did not take. Only who does not read needs one, so that
 * there are few; who needs one and finds none loses its connection. */
#define PARKING_MAX 64u

/* Rows of a listing sent in one turn. */
#define ROWS_PER_TURN 16u

/* Connections accepted in one turn. */
#define ACCEPTS_PER_TURN 16u

/* Connections ended in one turn because their patience ran out. */
#define EXPIRED_PER_TURN 16u

/* A program that connects says HELLO at once; this is for a machine under heavy load. */
#define GREETING_PATIENCE_MS 10000u

/* A program that leaves some 200 answers unread in its socket, and takes none in this time, has
 * forgotten us. Events do not count: a slow subscriber is told what it lost. */
#define UNREAD_PATIENCE_MS 5000u

/* Pause before accepting again after the kernel had no memory for a connection. */
#define ACCEPT_PAUSE_MS 100u

enum handles_held {
	HANDLES_NONE,
	HANDLES_ONE, /* `handle` is it */
	HANDLES_SEVERAL,
};

#define INDEX_NONE UINT16_MAX

/* One program's connection: a cache line that the message path touches, and one that it does not.
 */
struct connection {
	int fd;              /* -1: free */
	uint32_t generation; /* of the slot, so that a stale token or cookie meets nobody */
	uint32_t interest;   /* what epoll watches for us */
	uint32_t handle;
	uint8_t handles;    /* enum handles_held */
	uint8_t depth;      /* above 0: several messages waited when we looked lately */
	uint8_t turns;      /* single receives since we last looked for more */
	bool stalled : 1;   /* no credit: not reading until the CREDIT action */
	bool blocked : 1;   /* a delivery did not fit: the core waits for CLIENT_WRITABLE */
	bool unread : 1;    /* ... and it was an answer, not only an event */
	bool timed : 1;     /* on the face's `unread` */
	bool kicked : 1;    /* by itself: ends after its message is dealt with */
	bool throttled : 1; /* it was logged that this client ran out of credit */
	uint16_t batch_first, batch_last; /* deliveries collected for it, or INDEX_NONE */
	uint16_t parked;                  /* index of a reply that did not fit, or INDEX_NONE */
	struct session session;

	uint64_t since_ns;        /* on `waiting` since */
	struct list_link waiting; /* on the face's `greeting` or `unread` */
	uint32_t next_free;       /* while free: the next free slot */
	char command[COMMAND_NAME_MAX];
};

struct delivery {
	uint64_t action;
	uint32_t offset; /* into batch.bytes */
	uint16_t length;
	uint16_t next; /* of the same connection, or INDEX_NONE */
	bool answer;
};

struct batch {
	uint32_t count, dirty_count, used;
	struct delivery deliveries[BATCH_MAX];
	struct {
		uint32_t slot; /* a connection that has deliveries */
		uint16_t unsent;
		int error;
	} dirty[BATCH_MAX];
	struct iovec vectors[BATCH_MAX];
	struct mmsghdr messages[BATCH_MAX];
	uint8_t bytes[BATCH_BYTES];
};

struct inbox {
	struct iovec vectors[RECEIVE_BURST];
	struct mmsghdr messages[RECEIVE_BURST];
	uint8_t bytes[RECEIVE_BURST][RECEIVE_ROOM];
};

struct parking {
	uint16_t free_count;
	uint16_t free[PARKING_MAX];
	uint16_t length[PARKING_MAX];
	uint8_t bytes[PARKING_MAX][VIPMI_MESSAGE_MAX];
};

struct socket_face {
	struct face face;
	struct face_host host;
	struct session_context session_context;
	struct session_host session_host;
	struct session_scratch scratch;
	uint64_t now_ns;
	struct connection *connections; /* [connections_max] */
	struct connection *current;     /* whose message is being dealt with */
	uint32_t connections_max, free_slot;
	struct list_link greeting; /* connections whose HELLO is awaited, oldest first */
	struct list_link unread;   /* connections that must take something, oldest first */
	uint8_t reply[VIPMI_MESSAGE_MAX];
	struct batch batch;
	struct inbox inbox;
	struct parking parking;

	struct listener listener;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int reserve_fd; /* given up for a moment to tell a client that descriptors ran out */
	uint64_t accept_resume_ns; /* TIME_NEVER: accepting */
	bool files_logged;
};

extern const struct face_ops socket_face;

/* ---- connection.c ---- */

/* Greets a program that was accepted: its slot must be free. Takes the descriptor. */
void connection_open(struct socket_face *face, struct connection *connection, int fd);

/* Whoever this token or cookie names, or NULL when it is gone. */
struct connection *connection_find(struct socket_face *face, uint64_t cookie);

/* Its socket is ready. Returns how many messages it took. */
uint32_t connection_ready(struct socket_face *face, struct connection *connection, uint32_t events);

/* Has credit again. */
void connection_resume(struct socket_face *face, struct connection *connection);

/* Sends the deliveries collected for it. 0 or a negative errno, and the first that was not sent. */
int connection_send(struct socket_face *face, struct connection *connection, uint16_t *ret_unsent);

/* Completes their actions, with what connection_send found. */
void connection_sent(
	struct socket_face *face, struct connection *connection, uint16_t unsent, int error);

/* Takes no more from a socket, and throws away what is in it: left there, it would reach the peer
 * as ECONNRESET, ahead of the last word. */
void socket_discard(int fd);

/* Tells a program why, and ends its connection; a line in the log says so. */
void connection_refuse(struct socket_face *face, struct connection *connection,
	enum vipmi_reason reason, const char *text);

#endif
