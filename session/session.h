/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One program's connection, as the protocol of vipmi/protocol.h sees it: a
 * message comes in, becomes an event of the core, and what is to be said at once
 * comes out. Written once for the agent's socket and the module's device.
 *
 * Pure: whoever owns the connection moves the bytes, and reaches the core through
 * struct session_host, so that the module can bring its lock and the socket face
 * its clock. A session is used by one caller at a time; different sessions of one
 * host may be used at once if the host's functions allow it.
 *
 *	session_open                            when somebody connects
 *	session_receive                         for each message; send its reply
 *	session_row while session_listing       a QUERY's answer, a message at a time
 *	session_deliver                         for each DELIVER action
 *	session_close                           when the connection is gone
 */
#ifndef VIPMI_SESSION_SESSION_H
#define VIPMI_SESSION_SESSION_H

#include "core/core.h"
#include "ipmi/socket.h"

/* A virtual interface of the kernel's, where the host can make some. */
#define SESSION_NODE_NAME_SIZE (VIPMI_NAME_MAX + 1)

struct session_node_info {
	uint32_t number; /* N of /dev/ipmiN */
	uint32_t handle; /* its virtual controller */
	uint8_t class, privilege;
	char name[SESSION_NODE_NAME_SIZE];
};

/* What an administrator says of a node; 0: as it is, and at first normal and administrator. */
struct session_node_policy {
	uint8_t urgency;   /* enum vipmi_class + 1: of its requests */
	uint8_t privilege; /* enum ipmi_privilege, USER to ADMINISTRATOR: commands may need that */
};

struct session_host {
	void *context;
	/* core_step; the host sets the event's time. */
	int (*step)(void *context, struct core_event *event);
	/* core_status and core_handle_next. */
	void (*status)(void *context, struct core_status *ret_status);
	bool (*handle_next)(void *context, uint32_t *cursor, struct core_handle_info *ret_info);
	/* Ends the connection of `client`, which is told VIPMI_REASON_KICKED. 0; -ENOENT: no such
	 * client. */
	int (*kick)(void *context, uint32_t client);
	/* Whether they may end others' connections and rights. */
	bool (*administers)(void *context, const struct core_credentials *by);
	/* core_command_next, core_sequence_next and core_message_next. */
	bool (*command_next)(void *context, uint32_t *cursor, struct core_command_info *ret_info);
	bool (*sequence_next)(void *context, uint32_t *cursor, struct core_sequence_info *ret_info);
	bool (*message_next)(void *context, uint64_t *cursor, struct core_message_info *ret_info);
	/* Virtual interfaces of the kernel's; NULL, all four, where there are none. add: 0 and the
	 * number; -EINVAL: not a name; -EBUSY: it is used; -ENOSPC; -ENETDOWN. remove, set: 0,
	 * -ENOENT. */
	int (*node_add)(void *context, const char *name, size_t length,
		struct session_node_policy policy, uint32_t *ret_number);
	int (*node_remove)(void *context, uint32_t number);
	int (*node_policy_set)(void *context, uint32_t number, struct session_node_policy policy);
	bool (*node_next)(void *context, uint32_t *cursor, struct session_node_info *ret_info);
	const char *link;    /* names the controller: "vm:127.0.0.1:9002" */
	const char *version; /* of vipmi */
	uint8_t boot_id[16]; /* new with every start */
};

enum session_state {
	SESSION_GREETING, /* its HELLO has not come yet */
	SESSION_OPEN,
	SESSION_ENDED, /* nothing is accepted any more; send the last reply, then hang up */
};

/* What a QUERY may name. */
enum session_object {
	SESSION_OBJECT_NONE,
	SESSION_OBJECT_STATUS,      /* "status": one row */
	SESSION_OBJECT_CLIENT,      /* "client": a row for each handle */
	SESSION_OBJECT_COUNTER,     /* "counter": a row for each counter of the core */
	SESSION_OBJECT_RESERVATION, /* "reservation": a row for each command reservation */
	SESSION_OBJECT_SEQUENCE,    /* "sequence": a row for each number not free for all */
	SESSION_OBJECT_EVENT,       /* "event": a row for each asynchronous message kept */
	SESSION_OBJECT_NODE,        /* "node": a row for each virtual interface of the kernel's */
};

/* Small, since there is one for every connection; whoever owns it reads `client` only. */
struct session {
	struct core_credentials credentials;
	uint32_t client;  /* the core's; 0 = none */
	uint8_t state;    /* enum session_state */
	uint8_t object;   /* enum session_object, while a listing is under way */
	uint32_t cursor;  /* where it stands */
	uint64_t message; /* likewise, in the asynchronous messages */
	uint64_t tag;     /* of its QUERY */
};

/* Working room that is too large for a kernel's stack. One for each caller at a time; nothing in
 * it outlives a call. */
struct session_scratch {
	struct core_event event;
	struct socket_message message;
	struct core_status status;
	struct core_handle_info info;
	struct core_command_info command;
	struct core_sequence_info sequence;
	struct core_command commands[CORE_COMMANDS_PER_CALL];
	struct core_clause clauses[CORE_CLAUSES_MAX];
	struct core_message_info kept;
	struct session_node_info node;
	uint8_t response[CORE_MESSAGE_DATA_MAX]; /* completion code first */
};

/*
 * Announces the program to the core. `cookie` comes back in the core's actions.
 * Returns the length of a message to send at once: 0, or an ERROR because the
 * table is full or the core broken; the session is then SESSION_ENDED and has no
 * client. `reply` has room for VIPMI_MESSAGE_MAX bytes, here and below.
 */
int session_open(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint64_t cookie,
	const struct core_credentials *credentials, uint8_t *reply);

/*
 * Takes one message. Returns the length of the reply to send, 0 for none, or
 * -EAGAIN: the handle has no credit. Nothing happened then, the core was told
 * that credit is wanted, and the same message is to be given again after the
 * CREDIT action. Look at session_ended and session_listing afterwards. While a
 * listing is under way further messages are dealt with as ever, but for another
 * QUERY, which is refused.
 */
int session_receive(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, const uint8_t *bytes, size_t length, uint8_t *reply);

/* The next message of the listing under way: its length. The last one ends the listing. */
int session_row(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply);

/* Writes what a DELIVER action says. Returns the length; what a core delivers always fits. */
int session_deliver(const struct core_deliver *deliver, uint8_t *message);

/* Writes an ERROR, the last word before the owner hangs up; the session is SESSION_ENDED. */
int session_refuse(
	struct session *session, enum vipmi_reason reason, const char *text, uint8_t *reply);

/* Tells the core that the program is gone. Harmless without a client and twice. */
void session_close(
	struct session *session, const struct session_host *host, struct session_scratch *scratch);

static inline bool session_ended(const struct session *session)
{
	return session->state == SESSION_ENDED;
}

static inline bool session_listing(const struct session *session)
{
	return session->object != SESSION_OBJECT_NONE;
}

#endif
