/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvipmi: virtual IPMI controllers for programs.
 *
 * A connection (struct vipmi) leads to one agent, and so to one management
 * controller. On it a program opens handles (struct vipmi_handle); each is a
 * virtual controller of its own.
 *
 *	struct vipmi *vipmi;
 *	struct vipmi_handle *handle;
 *	struct vipmi_request request = vipmi_request_make(VIPMI_NETFN_APP, 0x01, NULL, 0);
 *	struct vipmi_answer answer;
 *
 *	if (vipmi_connect(NULL, NULL, &vipmi) < 0 ||
 *		vipmi_handle_open(vipmi, NULL, &handle) < 0 ||
 *		vipmi_command(handle, &request, &answer) < 0) {
 *		fprintf(stderr, "%s\n", vipmi_error_text());
 *	}
 *
 * Errors are negative errno values; vipmi_error_text() says in one line what is
 * wrong and how to mend it. A completion code is data, not an error.
 *
 * Threads: every function may be called from any thread at any time, on the
 * same connection and the same handle too; blocking calls of several threads
 * share the connection and overlap. Only closing is the caller's to order:
 * nothing else may use what is being closed. Callbacks run in vipmi_dispatch,
 * vipmi_wait, vipmi_query and vipmi_handle_close, in the thread that called
 * them, with no lock held: they may call everything but vipmi_disconnect.
 *
 * Fork: a connection belongs to the process that made it. In a child every call
 * on it fails with -ECHILD; vipmi_disconnect there frees the child's copy and
 * leaves the parent's connection alone. Descriptors are close-on-exec.
 *
 * Reconnecting: when the agent goes away, what it had been given ends with
 * -ECONNRESET and `sent` VIPMI_SENT_UNKNOWN; what had not left the program yet
 * stays, and so do the handles. The library looks for the agent from within
 * whatever call the program makes (and through vipmi_get_fd), opens the handles
 * and switches the events on again, and goes on. Only an agent that ends the
 * connection on purpose (kicked, denied, protocol) ends it for good.
 *
 * The library raises no signals (SIGPIPE included), starts no threads, prints
 * nothing and never ends the program.
 */
#ifndef VIPMI_VIPMI_H
#define VIPMI_VIPMI_H

#include <stddef.h>
#include <stdint.h>

#include "message.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where an agent is looked for when neither the caller nor $VIPMI_TARGET names one. */
#define VIPMI_TARGET_DEFAULT "/run/vipmi/ipmi0.sock"

/* Time that a request is given when the caller names none, and the longest it may have. */
#define VIPMI_TIMEOUT_DEFAULT_MS 10000
#define VIPMI_TIMEOUT_MAX_MS 3600000

struct vipmi;
struct vipmi_handle;

/* ---- the connection ---- */

struct vipmi_options {
	size_t size; /* sizeof(struct vipmi_options), so that later versions may append */
	/* How long vipmi_connect, vipmi_handle_open, vipmi_query and vipmi_kick wait for the
	 * agent's reply; 0 = VIPMI_TIMEOUT_DEFAULT_MS. */
	uint32_t timeout_ms;
};

/*
 * Connects to the agent that `target` names: the path of a socket, or
 * /dev/vipmiN. NULL: $VIPMI_TARGET, else VIPMI_TARGET_DEFAULT. `options` may be
 * NULL. Blocks until the agent has said hello. The caller ends the connection
 * with vipmi_disconnect.
 *
 *	-ENOENT, -ECONNREFUSED  nobody is there: is vipmid running?
 *	-EACCES                 not allowed: join the group vipmi
 *	-ETIMEDOUT              somebody is there but says nothing
 *	-EPROTO                 somebody else is there, or no common version
 *	-ENAMETOOLONG, -EINVAL, -ENOMEM, -EMFILE
 */
int vipmi_connect(
	const char *target, const struct vipmi_options *options, struct vipmi **ret_vipmi);

/* Ends the connection and frees it, its handles included; outstanding callbacks are called as by
 * vipmi_handle_close. Takes NULL. Does not block. Not from within a callback. */
void vipmi_disconnect(struct vipmi *vipmi);

struct vipmi_info {
	int connected;         /* 0 while the agent is away */
	uint32_t connections;  /* times that an agent was found, this one included */
	uint32_t capabilities; /* enum vipmi_capability of protocol.h, as of the last hello */
	uint32_t epoch;        /* of the controller: how often its link came up or it was reset */
	uint32_t handles_max;  /* handles that exist at most, of all programs */
	uint16_t data_max;     /* most data bytes of a request */
	uint16_t credit_max;   /* requests that one handle may have outstanding */
	uint8_t boot_id[16];   /* new with every start of the agent */
	char controller[64];   /* the link's name: "openipmi:/dev/ipmi0" */
	char target[108];      /* where the agent was found */
	uint8_t reserved[32];
};

/* What is known of the agent; nothing is asked over the wire. -ECHILD. */
int vipmi_get_info(struct vipmi *vipmi, struct vipmi_info *ret_info);

/* ---- for event loops ---- */

/*
 * One descriptor for the connection's whole life. It becomes readable (POLLIN)
 * when vipmi_dispatch has something to do; time-outs, reconnecting and the
 * other direction are inside of it already. It is the library's: poll it, never
 * read or close it.
 */
int vipmi_get_fd(struct vipmi *vipmi);

/*
 * Does what is to be done, without blocking, and calls callbacks; a bounded
 * amount, after which the descriptor stays readable if there is more. From one
 * thread at a time if callbacks should keep their order. Returns how many
 * callbacks it called, or:
 *
 *	-ECONNABORTED, -EACCES, -EPROTO  the agent ended the connection for good; everything
 *	                                 outstanding has been called back
 *	-ECHILD
 */
int vipmi_dispatch(struct vipmi *vipmi);

/* As vipmi_dispatch, but first waits until there is something to do, at most `timeout_ms`
 * (negative: for ever). -EINTR when a signal handler ran meanwhile. */
int vipmi_wait(struct vipmi *vipmi, int timeout_ms);

/* ---- handles ---- */

/* enum vipmi_class, shifted so that a zeroed structure asks for nothing special. */
enum vipmi_urgency {
	VIPMI_URGENCY_DEFAULT = 0,
	VIPMI_URGENCY_URGENT = 1 + VIPMI_CLASS_URGENT,
	VIPMI_URGENCY_NORMAL = 1 + VIPMI_CLASS_NORMAL,
	VIPMI_URGENCY_BACKGROUND = 1 + VIPMI_CLASS_BACKGROUND,
};

struct vipmi_handle_options {
	size_t size;      /* sizeof(struct vipmi_handle_options) */
	const char *name; /* what listings call it, at most 31 bytes; NULL: the program's name */
	uint8_t urgency;  /* enum vipmi_urgency, of requests that do not say; default: normal */
};

/*
 * Opens a virtual controller. `options` may be NULL (the program's name, normal
 * class). Blocks until the agent replied. It lives until vipmi_handle_close or
 * vipmi_disconnect, across the agent's restarts.
 *
 *	-ENOSPC     the agent has as many handles as it may
 *	-EACCES     not allowed to this program
 *	-ETIMEDOUT  no reply in time
 *	-ECONNABORTED, -EPROTO, -EINVAL, -ENOMEM, -ECHILD
 */
int vipmi_handle_open(struct vipmi *vipmi, const struct vipmi_handle_options *options,
	struct vipmi_handle **ret_handle);

/* Closes and frees it. Callbacks of its outstanding requests are called now, with -ECANCELED, and
 * none later; blocking calls of other threads end likewise. Takes NULL. Does not block. */
void vipmi_handle_close(struct vipmi_handle *handle);

/* ---- requests ---- */

enum vipmi_request_flag {
	VIPMI_REQUEST_FRESH = 0x01, /* not from a cache */
	VIPMI_REQUEST_WAIT = 0x02,  /* vipmi_submit: wait where it would say -EBUSY */
};

struct vipmi_request {
	size_t size;         /* sizeof(struct vipmi_request) */
	uint8_t target_kind; /* enum vipmi_target_kind */
	uint8_t channel;     /* target kinds other than the controller */
	uint8_t address;     /* likewise: the responder's 8-bit slave address */
	uint8_t netfn;       /* request form, even */
	uint8_t lun;         /* the responder's */
	uint8_t command;
	uint8_t urgency;         /* enum vipmi_urgency; default: of the handle */
	uint8_t flags;           /* enum vipmi_request_flag */
	uint32_t virtual_client; /* which part of the program asks; echoed in the answer */
	uint32_t timeout_ms;     /* 0 = VIPMI_TIMEOUT_DEFAULT_MS */
	const void *data;        /* copied by the call */
	size_t length;
	uint8_t numbered; /* 1: it is to carry the sequence number `number`, which the handle */
	uint8_t number;   /* reserved toward this responder (vipmi_sequence_reserve) */
};

/* A request to the controller itself, everything else at its default. */
static inline struct vipmi_request vipmi_request_make(
	uint8_t netfn, uint8_t command, const void *data, size_t length)
{
	struct vipmi_request request = {sizeof(struct vipmi_request), VIPMI_TARGET_CONTROLLER, 0, 0,
		netfn, 0, command, VIPMI_URGENCY_DEFAULT, 0, 0, 0, data, length, 0, 0};

	return request;
}

/* Whether a request may have been executed. */
enum vipmi_sent {
	VIPMI_SENT_NO = 0,      /* it never reached the controller: nothing was executed */
	VIPMI_SENT_YES = 1,     /* it reached the controller */
	VIPMI_SENT_UNKNOWN = 2, /* the agent had it and went away: it may have been executed */
};

struct vipmi_answer {
	/* 0: the controller (or the responder behind it, or the virtual controller for what is its
	 * own) answered; `cc` and `data` are its words.
	 * Otherwise it did not, and this says why; cc is then what a program that knows only
	 * completion codes should be told.
	 *
	 *	-ETIMEDOUT     the time given is over, or the controller is silent
	 *	-ECANCELED     cancelled, or its handle was closed
	 *	-ECONNRESET    the agent went away
	 *	-ECONNREFUSED  the agent was away all the time
	 *	-ENETDOWN      the link to the controller is down, or the controller was reset
	 *	-EHOSTUNREACH  the responder on the IPMB did not take or answer it
	 *	-EMSGSIZE      longer than the link carries
	 *	-EOPNOTSUPP    the link or the agent cannot carry such a request
	 *	-EPERM         another handle holds the right to this command
	 *	-EACCES        not allowed to this program
	 *	-ENOENT        the sequence number that it names is not this handle's
	 *	-ENOSPC        a limit of the agent is reached
	 *	-ECONNABORTED  an administrator ended the connection
	 *	-ESTALE, -EPROTO  the agent does not know the handle, or breaks the protocol
	 */
	int error;
	uint8_t cc;     /* enum vipmi_cc, or a code of the command's own */
	uint8_t origin; /* enum vipmi_origin: who says so */
	uint8_t reason; /* enum vipmi_reason: why, where the controller did not answer */
	uint8_t sent;   /* enum vipmi_sent */
	uint8_t netfn;  /* odd: the response's */
	uint8_t lun;
	uint8_t command;
	uint8_t urgency;         /* enum vipmi_urgency */
	uint32_t virtual_client; /* for which the number was reserved, else as in the request */
	uint32_t age_ms;         /* of an answer from the cache */
	uint64_t id;             /* as vipmi_submit gave it */
	uint8_t numbered;        /* the request carried a reserved sequence number: */
	uint8_t number;
	uint8_t reserved[14];
	uint16_t length; /* of data, without the completion code */
	uint8_t data[VIPMI_DATA_MAX];
};

/*
 * Sends a request and blocks for its answer, at most the request's time (and a
 * second of grace for an agent that hangs). Where the handle's credit is used
 * up, it waits for some.
 *
 * Returns the answer's `error`: 0 when there is a completion code from the
 * controller. `ret_answer` is filled in whenever the request was taken up, also
 * on errors; it is untouched with -EINVAL (a field out of range), -EMSGSIZE (more
 * than VIPMI_DATA_MAX), -ENOMEM and -ECHILD, and where the connection had ended
 * for good before. A signal does not interrupt it.
 */
int vipmi_command(struct vipmi_handle *handle, const struct vipmi_request *request,
	struct vipmi_answer *ret_answer);

/*
 * Sends a request and returns at once. `done` is called exactly once, by
 * vipmi_dispatch, vipmi_wait or vipmi_handle_close; the answer is good until it
 * returns. `ret_id` (may be NULL) names the request for vipmi_cancel.
 *
 *	-EBUSY  the handle's credit (vipmi_info.credit_max) is used up: dispatch, then try
 *	        again; with VIPMI_REQUEST_WAIT it blocks instead, at most the request's time
 *	-EINVAL, -EMSGSIZE, -ENOMEM, -ECHILD, -ECONNABORTED, -EACCES, -EPROTO: `done` is not called
 */
int vipmi_submit(struct vipmi_handle *handle, const struct vipmi_request *request,
	void (*done)(void *context, const struct vipmi_answer *answer), void *context,
	uint64_t *ret_id);

/* Asks to end a submitted request. Its callback comes soon, with -ECANCELED, or with the answer if
 * that was faster. Does not block. -ENOENT: no such request (any more). -ECHILD. */
int vipmi_cancel(struct vipmi_handle *handle, uint64_t id);

/* ---- asynchronous messages ---- */

enum vipmi_event_kind {
	VIPMI_EVENT_SEL =
		VIPMI_ASYNC_EVENT, /* an event: data is the 16-byte image of a SEL record */
	VIPMI_EVENT_REQUEST =
		VIPMI_ASYNC_REQUEST, /* a request to system software: netfn, lun, command, data */
	VIPMI_EVENT_WATCHDOG =
		VIPMI_ASYNC_WATCHDOG, /* the watchdog's pre-timeout interrupt; no data, like: */
	VIPMI_EVENT_CONTROLLER_LOST = VIPMI_ASYNC_LOST, /* it does not answer, or is gone */
	VIPMI_EVENT_CONTROLLER_BACK = VIPMI_ASYNC_BACK,
	VIPMI_EVENT_CONTROLLER_RESET = VIPMI_ASYNC_RESET,
	/* In filters alone: those VIPMI_EVENT_SEL that tell of a board, FRU or entity that comes
	 * or goes. */
	VIPMI_EVENT_CHASSIS = VIPMI_ASYNC_CHASSIS,
	/* The subscription is over: it could not be taken up again after the agent was away.
	 * `error` says why as vipmi_subscribe would have, `holder` who is in the way. */
	VIPMI_EVENT_ENDED = 0xFE,
	VIPMI_EVENT_LOSS = 0xFF, /* `lost` messages did not reach this handle */
};

/* vipmi_event.lost, vipmi_subscribed.gap: nobody knows how many. */
#define VIPMI_LOST_UNKNOWN UINT64_MAX

struct vipmi_event {
	uint8_t kind; /* enum vipmi_event_kind */
	uint8_t channel;
	uint8_t netfn;
	uint8_t lun;
	uint8_t command;
	uint8_t address; /* REQUEST: who asks, its slave address */
	uint8_t yours;   /* REQUEST: the handle has the right to receive it; vipmi_respond */
	uint8_t reserved1;
	uint64_t number;       /* of the message, rising; LOSS: of the next one */
	uint64_t lost;         /* LOSS */
	int32_t error;         /* ENDED */
	uint32_t holder;       /* ENDED: the handle that is in the way, or 0 */
	uint8_t requester_lun; /* REQUEST: who asks, its LUN; `lun` is the one of ours */
	uint8_t sequence;      /* REQUEST: its sequence number */
	uint8_t reserved2[6];
	uint16_t length;
	uint8_t data[VIPMI_DATA_MAX];
};

/* vipmi_clause: any value. */
#define VIPMI_CLAUSE_ANY 0x100
/* vipmi_clause.kinds. */
#define VIPMI_CLAUSE_KIND(kind) ((uint8_t)(1u << (kind)))
/* vipmi_clause.directions. */
#define VIPMI_CLAUSE_ASSERTED 0x01
#define VIPMI_CLAUSE_DEASSERTED 0x02
/* Clauses of a filter. */
#define VIPMI_CLAUSES_AT_MOST 4

/*
 * What a message must be to be delivered: of one of the kinds, and what each
 * field says that is not left at "any". Fields from `directions` to `sensor` are
 * about events (VIPMI_EVENT_SEL) alone; a clause that uses one lets nothing else
 * through.
 */
struct vipmi_clause {
	uint8_t kinds;        /* VIPMI_CLAUSE_KIND(VIPMI_EVENT_SEL) | ... */
	uint8_t directions;   /* VIPMI_CLAUSE_ASSERTED, ...; 0 = any */
	uint8_t severity;     /* at least: 1 non-critical, 2 critical, 3 non-recoverable; 0 = any */
	uint8_t reserved;     /* 0 */
	uint16_t offsets;     /* bit n: event offset n; 0 = any */
	uint16_t sensor_type; /* IPMI 2.0 table 42-3; or VIPMI_CLAUSE_ANY, as all that follow */
	uint16_t sensor;      /* its number */
	uint16_t netfn;       /* of incoming requests */
	uint16_t command;     /* likewise */
	uint16_t channel;     /* that it came by; of an event, its generator's */
	uint16_t address;     /* who asks; of an event, its generator */
};

/* Everything of these kinds. */
static inline struct vipmi_clause vipmi_clause_make(uint8_t kinds)
{
	struct vipmi_clause clause = {kinds, 0, 0, 0, 0, VIPMI_CLAUSE_ANY, VIPMI_CLAUSE_ANY,
		VIPMI_CLAUSE_ANY, VIPMI_CLAUSE_ANY, VIPMI_CLAUSE_ANY, VIPMI_CLAUSE_ANY};

	return clause;
}

/* Where a subscription starts. */
enum vipmi_start {
	VIPMI_START_NOW = 0,
	VIPMI_START_OLDEST = 1, /* that the agent keeps: 4,096 of all kinds together */
	VIPMI_START_AFTER = 2,  /* what came after message `number` of the agent `boot_id` */
};

struct vipmi_subscription {
	size_t size; /* sizeof(struct vipmi_subscription) */
	/* At most VIPMI_CLAUSES_AT_MOST, of which one must match; copied by the call. None: events
	 * and incoming requests that nobody has the right to receive. */
	const struct vipmi_clause *clauses;
	size_t clauses_count;
	uint8_t exclusive;   /* 1: what matches from now on is for this handle alone */
	uint8_t start;       /* enum vipmi_start */
	uint8_t boot_id[16]; /* START_AFTER: vipmi_info.boot_id when the message came */
	uint64_t number;     /* START_AFTER: the last message that the program has */
};

struct vipmi_subscribed {
	uint64_t next; /* number of the first message looked at */
	/* START_AFTER: messages after `number` that are no longer kept, whatever the filter thinks
	 * of them. VIPMI_LOST_UNKNOWN: the agent is not the one with that boot id any more, and all
	 * that it keeps is delivered. VIPMI_EVENT_LOSS tells both once more. */
	uint64_t gap;
	uint32_t holder; /* -EPERM: whose exclusive subscription is in the way, as the listing
			  * "client" numbers handles */
	uint8_t reserved[12];
};

/*
 * Subscribes the handle to asynchronous messages. `options` NULL: the default
 * kinds, from now on, shared. `received` is called from vipmi_dispatch and
 * vipmi_wait, with each message once and in the order of their numbers; where some
 * are missing, VIPMI_EVENT_LOSS says in their place how many. A handle has one
 * subscription; another call puts another in its place, and what is due by then
 * still comes, to the new callback. Blocks until the agent agreed. `ret_subscribed`
 * may be NULL.
 *
 * A program that subscribes must dispatch: the library keeps at most 1,024
 * messages a handle for it, then counts losses. After the agent was away the
 * library subscribes again, after the last number seen, and tells the loss; an
 * agent that was started anew cannot know it (VIPMI_LOST_UNKNOWN). Messages are not
 * answered by this call, and nobody is slowed down by a subscriber that sleeps.
 *
 *	-EPERM   somebody else is subscribed exclusively to some of it:
 *	         ret_subscribed->holder says who. What the handle had before stays in force
 *	-ENOSPC  the agent has as many different filters, or exclusive subscriptions, as it may
 *	-ENOENT  there is no message `number` yet
 *	-ETIMEDOUT, -ECONNABORTED, -EACCES, -EPROTO, -EOPNOTSUPP, -EINVAL, -E2BIG, -ENOMEM, -ECHILD
 */
int vipmi_subscribe(struct vipmi_handle *handle, const struct vipmi_subscription *options,
	void (*received)(void *context, const struct vipmi_event *event), void *context,
	struct vipmi_subscribed *ret_subscribed);

/* Ends it; messages that wait for vipmi_dispatch are dropped. Without a subscription, nothing
 * happens. Blocks. Errors as vipmi_subscribe. */
int vipmi_unsubscribe(struct vipmi_handle *handle);

/*
 * The same in short: vipmi_subscribe with no options, and vipmi_unsubscribe where
 * `received` is NULL.
 */
int vipmi_handle_events(struct vipmi_handle *handle,
	void (*received)(void *context, const struct vipmi_event *event), void *context);

/* ---- requests to this machine ---- */

/*
 * Whom a management controller's request to system software is for, is said with
 * vipmi_reserve and VIPMI_RIGHT_RECEIVE. From then on such requests come as
 * VIPMI_EVENT_REQUEST with `yours` set, to nobody but this handle, with or without
 * a subscription. `received` is called for them from vipmi_dispatch and vipmi_wait,
 * in place of a subscription's callback; NULL ends that. Say it before the right
 * is reserved. Does not block. -ECHILD.
 */
int vipmi_handle_requests(struct vipmi_handle *handle,
	void (*received)(void *context, const struct vipmi_event *request), void *context);

/*
 * Answers such a request, once, within 5 s, from its callback or later with a copy
 * of it. Returns at once; `done` (may be NULL) is called exactly once, as for
 * vipmi_submit, and says whether the response went out: error 0 and cc 0. Another
 * cc is Send Message's (83h: the requester did not take it). Errors: -ENOENT, no
 * such request waits for this handle's answer (any more); -ETIMEDOUT, it comes too
 * late; -EMSGSIZE, longer than a frame of the bus; else as in vipmi_answer.
 *
 *	-EINVAL      not a request that is this handle's to answer
 *	-EBUSY       the handle's credit is used up
 *	-ECONNRESET  the agent went away, and the request with it
 *	-EMSGSIZE, -ENOMEM, -ECHILD, -ECONNABORTED, -EACCES, -EPROTO
 */
int vipmi_respond(struct vipmi_handle *handle, const struct vipmi_event *request, uint8_t cc,
	const void *data, size_t length,
	void (*done)(void *context, const struct vipmi_answer *answer), void *context);

/* ---- rights ---- */

/* enum vipmi_direction of protocol.h: to send such requests, to receive them, or both. */
#define VIPMI_RIGHT_SEND 1
#define VIPMI_RIGHT_RECEIVE 2
#define VIPMI_RIGHT_BOTH 3

#define VIPMI_RIGHT_ANY 0xFF          /* channel, address, LUN */
#define VIPMI_RIGHT_ANY_COMMAND 0x100 /* of the network function */
#define VIPMI_RIGHT_ANY_BODY 0xFFFFFFFFu

/* A command, or many of them, for one handle alone. */
struct vipmi_right {
	uint8_t netfn;     /* request form */
	uint8_t direction; /* VIPMI_RIGHT_SEND, ... */
	uint16_t command;  /* or VIPMI_RIGHT_ANY_COMMAND */
	uint32_t body;     /* netFn 2C: defining body; 2E: IANA number; else _ANY_BODY */
	uint8_t channel, address, lun; /* of the responder, or VIPMI_RIGHT_ANY */
};

/* The right to send a command, to whomever; with `direction` set to VIPMI_RIGHT_RECEIVE, to
 * receive it from whomever. */
static inline struct vipmi_right vipmi_right_make(uint8_t netfn, uint16_t command)
{
	struct vipmi_right right = {netfn, VIPMI_RIGHT_SEND, command, VIPMI_RIGHT_ANY_BODY,
		VIPMI_RIGHT_ANY, VIPMI_RIGHT_ANY, VIPMI_RIGHT_ANY};

	return right;
}

struct vipmi_holder {
	uint32_t handle; /* whose it is, as the listing "client" numbers handles */
	uint16_t index;  /* which entry of the list it was that could not be granted */
	struct vipmi_right held;
};

/*
 * Reserves commands: from now on others' requests for them are answered D5 and
 * never reach the controller. The list (at most 64) is granted whole or not at
 * all; what the handle holds already is granted again. `lease_ms` other than 0
 * ends it by itself; asking again renews it. It ends as well with the handle,
 * and with the connection: after the agent was away, ask again. Blocks.
 *
 *	-EPERM   somebody else holds what is in the way: `ret_holder` (may be NULL) says who
 *	-ENOSPC  the agent's table is full
 *	-ETIMEDOUT, -ECONNRESET, -ECONNABORTED, -EPROTO, -EINVAL, -ENOMEM, -ECHILD
 */
int vipmi_reserve(struct vipmi_handle *handle, const struct vipmi_right *list, size_t count,
	uint32_t lease_ms, struct vipmi_holder *ret_holder);

/* The same for another program's handle, or a node's, by its number in the listing "client": it
 * holds them then. For root, and for programs of the same user. -ESTALE: no such handle, or not
 * one that the program may speak for. Else as vipmi_reserve. */
int vipmi_reserve_for(struct vipmi *vipmi, uint32_t handle, const struct vipmi_right *list,
	size_t count, uint32_t lease_ms, struct vipmi_holder *ret_holder);

/* Gives them back; an empty list: all that the handle holds. -ENOENT: not held; nothing was given
 * back. Else as vipmi_reserve. */
int vipmi_release(struct vipmi_handle *handle, const struct vipmi_right *list, size_t count);

/*
 * Reserves sequence numbers toward one responder on an IPMB, for the program or
 * one of its virtual clients: the ones in `numbers` (bit n: number n), or, where
 * that is 0, any `count`. All or none. A request carries one by `numbered` and
 * `number`, and its answer comes with `virtual_client`. Duration as
 * vipmi_reserve. Where the link numbers by itself (capability WIRE_SEQUENCE
 * missing) the number is not the one on the bus; nothing else differs.
 *
 *	-EPERM   not so many are free, or not those
 *	-ENOSPC  the handle's quota (16) is used up
 *	else as vipmi_reserve
 */
int vipmi_sequence_reserve(struct vipmi_handle *handle, uint8_t channel, uint8_t address,
	uint32_t virtual_client, unsigned int count, uint64_t numbers, uint64_t *ret_numbers);

/* Gives numbers back; they rest a while before they are anybody's. -ENOENT: not held. */
int vipmi_sequence_free(
	struct vipmi_handle *handle, uint8_t channel, uint8_t address, uint64_t numbers);

/* ---- administration ---- */

struct vipmi_field {
	const char *name;
	const char *text; /* NULL: it is a number */
	uint64_t number;
};

/*
 * Asks the agent for a listing ("status", "client"), calls `row` for each row,
 * in this thread, and blocks until the last. Fields are good until `row`
 * returns; a result other than 0 from it skips the remaining rows and is returned.
 *
 *	-ENOENT      the agent has no such listing
 *	-ETIMEDOUT   no row in time
 *	-ECONNRESET  the agent went away: the rows so far are not all
 *	-EACCES, -ECONNABORTED, -EPROTO, -EINVAL, -ENOMEM, -ECHILD
 */
int vipmi_query(struct vipmi *vipmi, const char *object,
	int (*row)(void *context, const struct vipmi_field *fields, size_t count), void *context);

/* Ends the connection of another client, by its number in the listing "client". Blocks until the
 * agent replied. -ENOENT: no such client. -EACCES: only for root. Else as vipmi_query. */
int vipmi_kick(struct vipmi *vipmi, uint64_t client);

/* Ends somebody's command reservation, by its number in the listing "reservation". Blocks until the
 * agent replied. -ENOENT: no such reservation. -EACCES: only for root. Else as vipmi_query. */
int vipmi_revoke(struct vipmi *vipmi, uint64_t reservation);

/* A name is letters, digits and "._-", at most 31; whoever uses the node has no other say in
 * how its requests stand beside those of others, and in what they may ask. */
struct vipmi_node_options {
	size_t size;       /* sizeof(struct vipmi_node_options) */
	const char *name;  /* NULL: the agent chooses */
	uint8_t urgency;   /* enum vipmi_urgency; default: as it is, and at first normal */
	uint8_t privilege; /* 2 user, 3 operator, 4 administrator (IPMI 2.0 section 6.8): commands
			    * that need more are answered D4; 0: as it is, and at first 4 */
};

/*
 * Makes a virtual interface of the kernel's: a /dev/ipmiN with a virtual controller
 * of its own. `options` may be NULL. The kernel module alone can. Blocks until it is
 * there, which takes the kernel some requests to the controller.
 *
 *	-EOPNOTSUPP  the agent is not the kernel module
 *	-EPERM       the name is used
 *	-ENOSPC      there are 255
 *	-EINVAL      an option is out of range
 *	-ENETDOWN    the controller is not there
 *	-EACCES      only for root
 *	else as vipmi_query
 */
int vipmi_node_add(
	struct vipmi *vipmi, const struct vipmi_node_options *options, uint32_t *ret_number);

/* Changes what the options say, but for the name, of /dev/ipmiN; it holds for what is asked from
 * now on. -ENOENT: it is none of the agent's. Else as vipmi_node_add. */
int vipmi_node_set(struct vipmi *vipmi, uint32_t number, const struct vipmi_node_options *options);

/* Takes /dev/ipmiN away again, from whoever has it open too. -ENOENT: it is none of the agent's.
 * Else as vipmi_node_add. */
int vipmi_node_remove(struct vipmi *vipmi, uint32_t number);

/* ---- texts ---- */

/* One line for a person about the last call of this thread that failed: what is wrong and how to
 * mend it. Good until this thread's next call. Never NULL. */
const char *vipmi_error_text(void);

/* The same in general, for an error out of a callback. Static, never NULL. */
const char *vipmi_strerror(int error);

/* "expired", "link_down", ...: one word for each enum vipmi_reason. Static, never NULL. */
const char *vipmi_reason_name(unsigned int reason);

/* The library's version, "0.1.0". Static. */
const char *vipmi_version(void);

#ifdef __cplusplus
}
#endif

#endif
