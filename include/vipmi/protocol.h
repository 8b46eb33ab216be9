/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket protocol, byte by byte. One message is one SOCK_SEQPACKET record
 * (and one read or write on /dev/vipmiN). All integers are little-endian.
 *
 * Header, 32 bytes:
 *
 *   offset size field
 *        0    2 length        of the whole message, this header included
 *        2    1 type          enum vipmi_message_type
 *        3    1 flags         VIPMI_FLAG_*
 *        4    4 handle        0 where the message is about the connection
 *        8    8 tag           the client's own, echoed, never used as a key
 *       16    4 virtual client
 *       20    4 time          REQUEST: budget in ms, 0 = the agent's default
 *                             ANSWER: age of a cached answer in ms
 *       24    1 netFn         even in a request, odd in an answer
 *       25    1 LUN           the responder's
 *       26    1 command
 *       27    1 completion code (ANSWER)
 *       28    1 origin        enum vipmi_origin (ANSWER)
 *       29    1 class         enum vipmi_class (OPEN: the handle's default; REQUEST:
 *                             VIPMI_CLASS_OF_HANDLE for that default)
 *       30    1 target kind   enum vipmi_target_kind
 *       31    1 reason        enum vipmi_reason
 *
 * Then zero or more extensions, each: type (1), flags (1), length of the value
 * (2), value. An unknown extension is skipped, or, if VIPMI_EXTENSION_CRITICAL
 * is set, refused: the message gets VIPMI_REASON_UNSUPPORTED.
 *
 * The first message in each direction is HELLO. A peer that breaks the framing
 * gets ERROR with a text and loses its connection; an operation that fails gets
 * a reply with a reason and, where it helps, a text.
 */
#ifndef VIPMI_PROTOCOL_H
#define VIPMI_PROTOCOL_H

#include <stdint.h>

#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VIPMI_HEADER_LENGTH 32
#define VIPMI_EXTENSION_HEADER_LENGTH 4

/* Longest message either way: header, data and room for the extensions of a listing's row. */
#define VIPMI_MESSAGE_MAX 1024

#define VIPMI_PROTOCOL_MAGIC UINT32_C(0x4D504976) /* "vIPM" on the wire */
#define VIPMI_PROTOCOL_VERSION_LOWEST 1
#define VIPMI_PROTOCOL_VERSION_HIGHEST 1

#define VIPMI_CLASS_OF_HANDLE 0xFF

enum vipmi_message_type {
	VIPMI_MESSAGE_HELLO = 1,   /* both; extension HELLO */
	VIPMI_MESSAGE_OPEN = 2,    /* to the agent: a handle, please. class; extension NAME */
	VIPMI_MESSAGE_OPENED = 3,  /* reply: handle, or reason (and TEXT) */
	VIPMI_MESSAGE_CLOSE = 4,   /* to the agent: handle. Its requests get no answers any more */
	VIPMI_MESSAGE_CLOSED = 5,  /* reply: handle, reason */
	VIPMI_MESSAGE_REQUEST = 6, /* to the agent: extensions TARGET, DATA */
	VIPMI_MESSAGE_ANSWER = 7,  /* exactly one for each REQUEST and RESPOND; extension DATA
				    * without the cc */
	VIPMI_MESSAGE_CANCEL = 8,  /* to the agent: the handle's oldest request with this tag. No
				    * reply of its own: the request's ANSWER comes soon */
	VIPMI_MESSAGE_SET = 9,     /* to the agent: a handle's option; extension OPTION */
	VIPMI_MESSAGE_DONE = 10,   /* reply to SET, CONTROL, the reservations and subscriptions:
				    * tag, reason, TEXT; HOLDER, SEQUENCE, SUBSCRIBED
				    * or CONTROL */
	VIPMI_MESSAGE_EVENT = 11,  /* to the client: an event or message; extensions ASYNC, DATA */
	VIPMI_MESSAGE_LOSS = 12,   /* to the client: extension LOSS, how many EVENTs it lost */
	VIPMI_MESSAGE_QUERY = 13,  /* to the agent: a listing; extension TEXT names the object */
	VIPMI_MESSAGE_ROW = 14,    /* reply to QUERY, one a row: tag, extensions FIELD_* in order */
	VIPMI_MESSAGE_END = 15,    /* reply to QUERY, the last: tag, reason, TEXT */
	VIPMI_MESSAGE_CONTROL = 16, /* to the agent: an administrator's word; extension CONTROL */
	VIPMI_MESSAGE_ERROR = 17,   /* to the client: reason, TEXT; the connection ends */
	VIPMI_MESSAGE_RESERVE = 18, /* to the agent: a handle's exclusive right to commands;
				     * extensions COMMANDS, LEASE. Whole or not at all */
	VIPMI_MESSAGE_RELEASE = 19, /* to the agent: extension COMMANDS; without it, all. The handle
				     * of both may be one of another connection of the same user */
	VIPMI_MESSAGE_SEQUENCE_RESERVE = 20, /* to the agent: numbers toward a responder, for the
					      * header's virtual client; extension SEQUENCE */
	VIPMI_MESSAGE_SEQUENCE_FREE = 21,    /* to the agent: extension SEQUENCE */
	VIPMI_MESSAGE_SUBSCRIBE = 22, /* to the agent: asynchronous messages for a handle, instead
				       * of what it had; extensions FILTER, FROM */
	VIPMI_MESSAGE_UNSUBSCRIBE = 23,
	VIPMI_MESSAGE_RESPOND = 24, /* to the agent: a handle's answer to a request that came in (an
				     * EVENT with VIPMI_FLAG_YOURS): completion code; extension
				     * DATA. Which one: extension ASYNC as in the EVENT, or its
				     * netFn (odd here), command, TARGET and REQUESTER, or both */
};

enum vipmi_message_flag {
	/* ANSWER: the request reached the controller. Without it, nothing was executed. */
	VIPMI_FLAG_SENT = 0x01,
	/* REQUEST: do not answer from a cache. */
	VIPMI_FLAG_FRESH = 0x02,
	/* SET: no DONE, not even a refusal. For clients whose program polls the socket itself and
	 * expects nothing but answers and events there (the shim). */
	VIPMI_FLAG_QUIET = 0x04,
	/* EVENT: a request that this handle holds the right to receive. Nobody else gets it, and
	 * RESPOND answers it. */
	VIPMI_FLAG_YOURS = 0x08,
	/* ANSWER: to a RESPOND. Completion code 0: the response went out. */
	VIPMI_FLAG_RESPONSE = 0x10,
	/* RESERVE: refused as well where the handle itself holds some of it already. */
	VIPMI_FLAG_ANEW = 0x20,
};

enum vipmi_extension_flag {
	VIPMI_EXTENSION_CRITICAL = 0x01,
};

enum vipmi_extension_type {
	/* channel (1), slave address (1). With target kinds other than CONTROLLER, in the REQUEST
	 * and again in its ANSWER, so that a client can tell responders apart without a table. */
	VIPMI_EXTENSION_TARGET = 1,
	/* The message's data; in an ANSWER without the completion code. */
	VIPMI_EXTENSION_DATA = 2,
	/* UTF-8 without a terminating zero: what a person should read, or an object's name. */
	VIPMI_EXTENSION_TEXT = 3,
	/* See below, "Hello". */
	VIPMI_EXTENSION_HELLO = 4,
	/* UTF-8, at most VIPMI_NAME_MAX bytes: what listings call the handle. */
	VIPMI_EXTENSION_NAME = 5,
	/* option (1, enum vipmi_option), value (4). */
	VIPMI_EXTENSION_OPTION = 6,
	/* number of the message (8), kind (1, enum vipmi_async_kind), channel (1). */
	VIPMI_EXTENSION_ASYNC = 7,
	/* how many messages were lost (8), number of the next one (8). */
	VIPMI_EXTENSION_LOSS = 8,
	/* length of the name (1), name, text (the rest). */
	VIPMI_EXTENSION_FIELD_TEXT = 9,
	/* length of the name (1), name, value (8). */
	VIPMI_EXTENSION_FIELD_NUMBER = 10,
	/* verb (1, enum vipmi_control), argument (8). */
	VIPMI_EXTENSION_CONTROL = 11,
	/* One to VIPMI_COMMANDS_MAX commands, each of VIPMI_COMMAND_LENGTH bytes: netFn, request
	 * form (1), direction (1, enum vipmi_direction), command (2, VIPMI_COMMAND_ALL), defining
	 * body or IANA number (4, VIPMI_BODY_ALL), channel (1), slave address (1), LUN (1, each
	 * VIPMI_ALL), 0 (1). */
	VIPMI_EXTENSION_COMMANDS = 12,
	/* in ms (4). Without it, until released. */
	VIPMI_EXTENSION_LEASE = 13,
	/* Of a refused RESERVE: the holder's handle (4), which of the list it was (2), the
	 * reservation that is in the way (VIPMI_COMMAND_LENGTH). Of a refused exclusive SUBSCRIBE:
	 * the holder's handle, the rest 0. */
	VIPMI_EXTENSION_HOLDER = 14,
	/* channel (1), slave address (1), how many (1) if the numbers are 0, numbers (8, bit n for
	 * number n). In a DONE: the numbers that were granted. */
	VIPMI_EXTENSION_SEQUENCE = 15,
	/* In a REQUEST: the reserved sequence number that it is to carry (1). In its ANSWER: the
	 * same. */
	VIPMI_EXTENSION_NUMBER = 16,
	/* One to VIPMI_CLAUSES_MAX clauses, each of VIPMI_CLAUSE_LENGTH bytes; a message that any
	 * of them matches is delivered. A clause: kinds (1, bit n: enum vipmi_async_kind n),
	 * directions (1, VIPMI_ASSERTED, VIPMI_DEASSERTED, 0 = any), severity at least (1, 0 to
	 * 3), 0 (1), offsets (2, bit n: event offset n, 0 = any), sensor type (2), sensor number
	 * (2), netFn (2), command (2), channel (2), source address (2; each VIPMI_ANY). Without
	 * the extension: events, and requests that nobody has the right to. */
	VIPMI_EXTENSION_FILTER = 17,
	/* from (1, enum vipmi_from), exclusive (1), number (8) and boot id (16) for
	 * VIPMI_FROM_NUMBER. Without it: from now, shared. */
	VIPMI_EXTENSION_FROM = 18,
	/* In a DONE: number of the first message looked at (8), messages after the number named
	 * that are no longer kept (8; VIPMI_GAP_UNKNOWN: the boot id is another one). */
	VIPMI_EXTENSION_SUBSCRIBED = 19,
	/* In an EVENT that is a request, and in a RESPOND: LUN (1) and sequence number (1) of who
	 * asked. TARGET is his channel and address; the header's LUN the one of ours. */
	VIPMI_EXTENSION_REQUESTER = 20,
};

#define VIPMI_NAME_MAX 31

/*
 * Hello, client to agent: magic (4), lowest version (2), highest version (2),
 * features (8).
 * Hello, agent to client: the same with lowest = highest = the version chosen,
 * then boot id (16), controller epoch (4), capabilities (4,
 * VIPMI_CAPABILITY_*), most data bytes of a request (2), requests that one
 * handle may have outstanding (2), handles that exist at most (4), TEXT in an
 * extension of its own names the controller ("vm:127.0.0.1:9002").
 * Later versions append; a reader takes what it knows.
 */
#define VIPMI_HELLO_CLIENT_LENGTH 16
#define VIPMI_HELLO_AGENT_LENGTH 48

enum vipmi_capability {
	VIPMI_CAPABILITY_WIRE_SEQUENCE = 0x01, /* reserved sequence numbers reach the bus */
	VIPMI_CAPABILITY_RAW_BRIDGE = 0x02,
	VIPMI_CAPABILITY_OWNS_FLAGS = 0x04,
	VIPMI_CAPABILITY_INBOUND_ANY = 0x08,
	VIPMI_CAPABILITY_SIMULATED = 0x10, /* no hardware behind it */
	VIPMI_CAPABILITY_UP = 0x20,        /* the controller answered lately */
};

enum vipmi_option {
	VIPMI_OPTION_EVENTS = 1, /* value 1: deliver events from now on; 0: no more */
	/* value 1: this handle wants the driver below the agent, if there is one, in maintenance
	 * mode; 0: no more. It is on while any handle wants it. Administrators only; the handle may
	 * be one of another connection of the same user. */
	VIPMI_OPTION_MAINTENANCE = 2,
};

#define VIPMI_COMMAND_LENGTH 12
#define VIPMI_COMMANDS_MAX 64
#define VIPMI_COMMAND_ALL 0x100
#define VIPMI_BODY_ALL UINT32_C(0xFFFFFFFF)
#define VIPMI_ALL 0xFF

#define VIPMI_CLAUSE_LENGTH 18
#define VIPMI_CLAUSES_MAX 4
#define VIPMI_ANY 0x100
#define VIPMI_ASSERTED 0x01
#define VIPMI_DEASSERTED 0x02
#define VIPMI_GAP_UNKNOWN UINT64_MAX

enum vipmi_from {
	VIPMI_FROM_NOW = 0,
	VIPMI_FROM_OLDEST = 1, /* that is kept */
	VIPMI_FROM_NUMBER = 2, /* what came after this message */
};

enum vipmi_direction {
	VIPMI_DIRECTION_SEND = 1,    /* to send such requests */
	VIPMI_DIRECTION_RECEIVE = 2, /* to receive them from others */
	VIPMI_DIRECTION_BOTH = 3,
};

enum vipmi_control {
	VIPMI_CONTROL_KICK = 1,   /* argument: the client's number as `client list` shows it */
	VIPMI_CONTROL_REVOKE = 2, /* argument: the reservation's as `reservation list` shows it */
	/* The kernel module alone: a virtual interface of the kernel's. ADD: extension NAME, or
	 * none; its DONE has a CONTROL whose argument is the N of the new /dev/ipmiN. REMOVE, SET:
	 * that N. */
	VIPMI_CONTROL_NODE_ADD = 3,
	VIPMI_CONTROL_NODE_REMOVE = 4,
	VIPMI_CONTROL_NODE_SET = 5,
};

/* Where ADD's and SET's arguments say, above the N, what the node is allowed: a byte for the class
 * of its requests (enum vipmi_class + 1), and one for the privilege that commands may need at most
 * (IPMI 2.0 section 6.8: 2 user, 3 operator, 4 administrator). 0: as it is, and at first normal and
 * administrator. */
#define VIPMI_CONTROL_NODE_CLASS_SHIFT 32
#define VIPMI_CONTROL_NODE_PRIVILEGE_SHIFT 40

#ifdef __cplusplus
}
#endif

#endif
