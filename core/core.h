/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The virtualizer's door. The core is a pure state machine for one management
 * controller: an event goes in with its time, actions are pulled out one by one,
 * a deadline says when to come again. It does no I/O, allocates nothing after
 * core_init, calls nobody, and does bounded work in every call.
 *
 * The shell's loop:
 *
 *	core_step(core, &event);
 *	while (core_next(core, &action)) {
 *		result = ... do it ...
 *		core_done(core, action.id, result);
 *	}
 *	sleep until core_deadline(core) or the next event
 *
 * An action may be completed later than it is pulled, and several may be open at
 * once; each holds its buffer until core_done. Back-pressure is the shell not
 * pulling, or completing with -EAGAIN ("not now").
 *
 * One caller at a time: whoever shares a core between threads brings the lock.
 */
#ifndef VIPMI_CORE_CORE_H
#define VIPMI_CORE_CORE_H

#include "base/compat.h"
#include "core/counters.h"
#include "core/limits.h"
#include "vipmi/message.h"

struct core;

struct core_limits {
	uint32_t handles_max;  /* 1 to CORE_HANDLES_LIMIT; 0 = CORE_HANDLES_DEFAULT */
	uint32_t requests_max; /* at least handles_max; 0 = handles_max + CORE_REQUESTS_SHARED */
	uint32_t credit_max;   /* 1 to CORE_CREDIT_LIMIT; 0 = CORE_CREDIT_DEFAULT */
	uint32_t messages_max; /* kept: a power of two up to CORE_MESSAGES_KEPT; 0 = that */
	uint64_t seed;         /* of all randomness inside (jitter) */
	bool merge;            /* reads that wait to ask the same are sent as one */
	uint32_t cache_age_ms; /* how old an answer to a read that merges may be given again, up to
				* CORE_CACHE_AGE_MAX_MS; 0: never */
};

/* Bytes of memory that core_init needs, or 0 when the limits are out of range. */
size_t core_size(const struct core_limits *limits);

/*
 * Makes a core in the caller's memory, which must be aligned to 64 bytes, at
 * least core_size(limits) long, and stay put until the core is no longer used.
 * There is nothing to finish. -EINVAL: limits out of range, or memory too small.
 */
int core_init(void *memory, size_t size, const struct core_limits *limits, uint64_t now_ns,
	struct core **ret_core);

/* One word for each channel and slave address: bit n of word channel * 128 + address / 2 is
 * sequence number n of that responder. */
#define CORE_KEPT_WORDS 2048u

/*
 * Optional, after core_init and before the first step: memory that outlives this core, such as a
 * mapped file, in which it keeps the sequence numbers that a response may still come for. Those
 * that it finds there, its predecessor's, begin in quarantine; beyond that nothing in it is
 * believed. Zeros the first time.
 */
void core_keep_numbers(struct core *core, uint64_t words[CORE_KEPT_WORDS]);

/* ---- events ---- */

enum core_event_type {
	CORE_EVENT_TIME,            /* nothing happened but time */
	CORE_EVENT_CLIENT_OPEN,     /* a program connected */
	CORE_EVENT_CLIENT_CLOSE,    /* it is gone: its handles close, nothing more is delivered */
	CORE_EVENT_CLIENT_WRITABLE, /* after a delivery was "not now": now */
	CORE_EVENT_HANDLE_OPEN,
	CORE_EVENT_HANDLE_CLOSE,
	CORE_EVENT_SUBSCRIBE, /* asynchronous messages, please; replaces what the handle had */
	CORE_EVENT_UNSUBSCRIBE,
	CORE_EVENT_REQUEST,
	CORE_EVENT_CANCEL,
	CORE_EVENT_COMMAND_RESERVE,
	CORE_EVENT_COMMAND_RELEASE,
	CORE_EVENT_COMMAND_REVOKE, /* an administrator's word; policy is the shell's */
	CORE_EVENT_SEQUENCE_RESERVE,
	CORE_EVENT_SEQUENCE_FREE,
	CORE_EVENT_RESPOND, /* the answer to an incoming request, from who holds the right to it */
	CORE_EVENT_MAINTENANCE, /* a handle wants the link's driver in maintenance mode, or no more
				 * */
	CORE_EVENT_CREDIT_WANTED, /* a CREDIT action, please, once the handle may submit again */
	CORE_EVENT_LINK_UP,
	CORE_EVENT_LINK_DOWN,
	CORE_EVENT_LINK_READY,       /* after a transmission was "not now": now */
	CORE_EVENT_CONTROLLER_RESET, /* the controller restarted; what it had in hand is lost */
	CORE_EVENT_ATTENTION,        /* the attention signal changed (SMS_ATN) */
	CORE_EVENT_RECEIVED,         /* a response to a transmission */
	CORE_EVENT_GARBLED,          /* bytes arrived that are no message */
	CORE_EVENT_MESSAGE, /* a link that does not own the flags hands in what it was given */
	CORE_EVENT_COUNT
};

/* What the kernel vouches for. */
struct core_credentials {
	uint32_t uid, gid, pid;
};

struct core_link_capabilities {
	bool wire_sequence; /* our sequence numbers reach the bus unchanged */
	bool raw_bridge;    /* Send Message and Get Message are ours to use */
	bool owns_flags;    /* we fetch events and messages and own the global enables */
	bool inbound_any;   /* incoming requests need no registration one by one */
	bool attention;     /* the link reports SMS_ATN, so that flags need no fast polling */
	bool simulated;
	uint16_t data_max;   /* request data bytes; 0 = VIPMI_DATA_MAX */
	uint8_t window;      /* transactions at once; 0 = 1; at most CORE_WINDOW_MAX */
	uint16_t bus_window; /* bridged requests at once; 0 = 1; at most CORE_BUS_WINDOW_MAX */
	uint8_t own_address; /* the controller's IPMB address; 0 = 20h */
	uint32_t service_timeout_ms; /* 0 = the command table's */
	uint32_t bus_timeout_ms;     /* of a read on the bus, each time it is sent; 0 =
				      * CORE_BUS_TIMEOUT_MS. Others wait the command table's */
};

/* What a command reservation names. */
#define CORE_ALL 0xFF                        /* any channel, address, LUN */
#define CORE_ALL_COMMANDS 0x100              /* any command of the network function */
#define CORE_ALL_BODIES UINT32_C(0xFFFFFFFF) /* any defining body (2C) or IANA number (2E) */
#define CORE_DIRECTION_SEND 0x01             /* to send such requests */
#define CORE_DIRECTION_RECEIVE 0x02          /* to receive such requests from others */
#define CORE_DIRECTION_BOTH 0x03

struct core_command {
	uint32_t body;    /* netFn 2C: defining body, 2E: IANA number, else CORE_ALL_BODIES */
	uint16_t command; /* or CORE_ALL_COMMANDS */
	uint8_t netfn;    /* request form */
	uint8_t channel, address, lun; /* of the responder, or CORE_ALL */
	uint8_t direction;
};

/* What a subscription asks for: a message that any of its clauses matches. A clause matches when
 * all its fields do. Those from sensor_type to severities concern events alone, and a clause that
 * names any of them matches nothing else. */
#define CORE_ANY 0x100
#define CORE_ASYNC(kind) (1u << (kind)) /* enum vipmi_async_kind */
#define CORE_ASYNC_ALL 0xFEu
#define CORE_DIRECTION_ASSERTED 0x01
#define CORE_DIRECTION_DEASSERTED 0x02

struct core_clause {
	uint16_t sensor_type, sensor; /* or CORE_ANY */
	uint16_t netfn, command;      /* of a REQUEST, or CORE_ANY */
	uint16_t channel, address;    /* it came from, or CORE_ANY */
	uint16_t offsets;             /* bit n: event offset n; 0: any */
	uint8_t kinds;                /* CORE_ASYNC bits, at least one */
	uint8_t directions : 4;       /* CORE_DIRECTION_*; 0: any */
	uint8_t severity : 4;         /* enum ipmi_severity at least */
};

/* All messages of these kinds. */
static inline struct core_clause core_clause_of(uint8_t kinds)
{
	const struct core_clause clause = {
		.sensor_type = CORE_ANY,
		.sensor = CORE_ANY,
		.netfn = CORE_ANY,
		.command = CORE_ANY,
		.channel = CORE_ANY,
		.address = CORE_ANY,
		.kinds = kinds,
	};

	return clause;
}

enum core_from {
	CORE_FROM_NOW,
	CORE_FROM_OLDEST, /* that is kept */
	CORE_FROM_NUMBER, /* what came after this message */
};

struct core_event {
	enum core_event_type type;
	uint64_t now_ns; /* monotonic; a time before the last one is taken as the last one */
	union {
		struct {
			uint64_t cookie; /* the shell's own name for it; comes back in actions */
			struct core_credentials credentials;
			uint32_t ret_client;
		} client_open;
		struct {
			uint32_t client;
		} client; /* CLIENT_CLOSE, CLIENT_WRITABLE */
		struct {
			uint32_t client;
			uint8_t class;    /* enum vipmi_class: default for its requests */
			const char *name; /* not zero-terminated; cut at VIPMI_NAME_MAX */
			size_t name_length;
			uint32_t ret_handle; /* never 0 */
		} handle_open;
		struct {
			uint32_t client, handle;
		} handle; /* HANDLE_CLOSE, UNSUBSCRIBE, CREDIT_WANTED */
		struct {
			uint32_t client, handle;
			const struct core_clause *clauses;
			size_t count; /* 1 to CORE_CLAUSES_MAX */
			/* What matches from now on is for this handle alone. */
			bool exclusive;
			enum core_from from;
			uint64_t number;     /* FROM_NUMBER: the last one it has */
			uint32_t ret_holder; /* -EBUSY: who has an exclusive right to some of it */
			uint64_t ret_next;   /* number of the first message looked at */
			uint64_t ret_gap; /* FROM_NUMBER: messages after `number` no longer kept */
		} subscribe;
		struct {
			uint32_t client, handle;
			uint64_t tag;
			uint32_t virtual_client;
			uint32_t budget_ms;       /* 0 = CORE_BUDGET_DEFAULT_MS */
			uint8_t class;            /* enum vipmi_class, or 0xFF for the handle's */
			uint8_t target_kind;      /* enum vipmi_target_kind */
			uint8_t channel, address; /* of the responder on an IPMB */
			bool fresh;               /* no answer that was given before */
			bool numbered; /* it is to carry `number`, which the handle reserved */
			uint8_t number;
			uint8_t netfn, lun, command;
			const uint8_t *data; /* copied in */
			size_t length;
		} request;
		struct {
			uint32_t client, handle;
			uint64_t tag;    /* its own ANSWER says whether the response went out */
			uint64_t number; /* of the asynchronous message; 0: the newest described */
			/* What follows was said of the request, and must be right. */
			bool described;
			uint8_t channel, address, lun; /* whom it came from */
			uint8_t netfn, command, sequence;
			const uint8_t *data; /* completion code first; copied in */
			size_t length;
		} respond;
		struct {
			uint32_t client, handle;
			uint64_t tag;
		} cancel; /* the oldest unanswered request with this tag */
		struct {
			uint32_t client, handle;
			const struct core_command *commands; /* RELEASE: none = all it holds */
			size_t count;                        /* at most CORE_COMMANDS_PER_CALL */
			uint32_t lease_ms;                   /* RESERVE: 0 = until released */
			bool anew; /* RESERVE: what the handle holds itself is in the way too */
			size_t ret_index;             /* -EBUSY, -EINVAL: the entry that failed */
			uint32_t ret_holder;          /* -EBUSY: who holds */
			struct core_command ret_held; /* and what */
		} command_reserve;                    /* RESERVE, RELEASE */
		struct {
			uint32_t number; /* as core_command_next shows it */
		} command_revoke;
		struct {
			uint32_t client, handle;
			uint32_t virtual_client;  /* RESERVE: whose answers they mark */
			uint8_t channel, address; /* of the responder */
			uint8_t count;            /* RESERVE: how many, if `numbers` is 0 */
			uint64_t numbers;         /* bit n: number n */
			uint64_t ret_numbers;     /* RESERVE: which were granted */
		} sequence;                       /* SEQUENCE_RESERVE, SEQUENCE_FREE */
		struct {
			uint32_t client, handle;
			bool wanted;
		} maintenance;
		struct core_link_capabilities link_up;
		struct {
			bool asserted;
		} attention;
		struct {
			uint32_t transmission; /* as in the TRANSMIT action */
			uint8_t netfn;         /* odd */
			uint8_t command;
			const uint8_t *data; /* completion code first */
			size_t length;
		} received;
		struct {
			uint8_t kind; /* enum vipmi_async_kind */
			uint8_t channel, address, lun, netfn, command, sequence;
			const uint8_t *data;
			size_t length;
		} message;
	};
};

/*
 * Feeds one event. 0: accepted. A negative errno: nothing changed but counters.
 *
 *	-EAGAIN    REQUEST, RESPOND: no credit. Put it off, say CREDIT_WANTED, go on at the CREDIT.
 *	           CANCEL: the request's TRANSMIT action is open; complete it first.
 *	-ENOSPC    CLIENT_OPEN, HANDLE_OPEN, COMMAND_RESERVE, SEQUENCE_RESERVE, SUBSCRIBE: the
 *	           table or the handle's quota is full.
 *	-ESTALE    the client or handle is not (or no longer) known, or not of this client.
 *	-EINVAL    a field is out of range (odd netFn, LUN over 3, unknown class or target kind).
 *	-EMSGSIZE  REQUEST: more than VIPMI_DATA_MAX bytes. RESPOND: none, or more than a frame
 *	           holds.
 *	-ETIMEDOUT  RESPOND: it comes too late (CORE_RESPOND_MAX_MS).
 *	-ENOENT    CANCEL: no such request (it may just have been answered). COMMAND_RELEASE,
 *	           COMMAND_REVOKE, SEQUENCE_FREE: not held. RESPOND: no such message waits for
 *	           this handle's answer.
 *	-EBUSY     COMMAND_RESERVE: somebody else holds what conflicts; nothing was granted.
 *	           SEQUENCE_RESERVE: not so many are free, or not those. SUBSCRIBE: somebody
 *	           else keeps some of it to himself, or an exclusive one was asked and somebody
 *	           else's is in the way.
 *	-EIO       the core is broken (core_broken); nothing is accepted any more.
 */
int core_step(struct core *core, struct core_event *event);

/* ---- actions ---- */

enum core_action_type {
	CORE_ACTION_TRANSMIT,    /* give a request to the controller */
	CORE_ACTION_DELIVER,     /* give a message to a client */
	CORE_ACTION_CREDIT,      /* the handle that wanted credit has some: read on */
	CORE_ACTION_REGISTER,    /* a link that neither owns the flags nor has inbound_any: from now
			       * on hand in these incoming requests, or no more */
	CORE_ACTION_MAINTENANCE, /* a link that is one user of a driver: its maintenance mode on,
				  * or automatic again. After LINK_UP it is automatic */
	CORE_ACTION_COUNT
};

enum core_delivery_kind {
	CORE_DELIVERY_ANSWER,
	CORE_DELIVERY_EVENT, /* an asynchronous message */
	CORE_DELIVERY_LOSS,  /* how many asynchronous messages this handle lost */
};

struct core_transmit {
	uint32_t transmission; /* name it in CORE_EVENT_RECEIVED; never 0 */
	uint8_t target_kind;   /* CONTROLLER always, where the link can raw_bridge */
	uint8_t channel, address;
	uint8_t netfn, lun, command; /* netFn odd, only where it cannot: a response to a request
				      * that came in over an IPMB */
	uint8_t sequence;            /* the number of that request */
	const uint8_t *data;
	size_t length;
	uint64_t timeout_ns; /* the core's patience from core_done on */
};

/* The whole truth about one command, whatever was said of it before. After LINK_UP nothing is
 * registered. */
struct core_registration {
	uint8_t netfn, command;
	uint16_t channels; /* bit n: from channel n; 0: no more */
};

struct core_deliver {
	uint64_t cookie;
	uint32_t client, handle;
	enum core_delivery_kind kind;
	uint64_t tag;
	uint32_t virtual_client;
	uint8_t netfn, lun, command; /* ANSWER: netFn is odd. EVENT: the LUN of ours */
	uint8_t cc, origin, class, target_kind, reason;
	bool sent;       /* ANSWER: it reached the controller */
	uint32_t age_ms; /* ANSWER of VIPMI_ORIGIN_CACHE: since its question was sent */
	uint8_t channel, address;
	const uint8_t *data; /* ANSWER: without the completion code */
	size_t length;
	uint64_t number;     /* EVENT: the message's; LOSS: that of the next one */
	uint64_t lost;       /* LOSS */
	uint8_t number_used; /* ANSWER from a bus, if numbered: the sequence number it came with */
	bool numbered;
	uint8_t async_kind; /* EVENT: enum vipmi_async_kind */
	bool response;      /* ANSWER: to a RESPOND; whether the response went out */
	bool yours;         /* EVENT: a request that this handle alone gets, and is to answer */
	uint8_t source_lun, sequence; /* EVENT: of a request; ANSWER: if `response` */
};

struct core_action {
	uint64_t id; /* for core_done */
	enum core_action_type type;
	union {
		struct core_transmit transmit;
		struct core_deliver deliver;
		struct core_registration registration;
		struct {
			bool on;
		} maintenance;
		struct {
			uint64_t cookie;
			uint32_t client, handle;
		} credit;
	};
};

/* The next thing to do, in O(1); false when there is none. The pointers inside stay good until
 * core_done for this action; those of EVENT and LOSS deliveries only until the next core_step. */
bool core_next(struct core *core, struct core_action *ret_action);

/*
 * Says how an action went. Every action pulled must be completed once, those of
 * one client in the order in which they were pulled.
 *
 *	TRANSMIT  0: sent, the time-out starts. -EAGAIN: not now; LINK_READY or a
 *	          later step tries again. -EMSGSIZE: the link cannot carry so much.
 *	          -EOPNOTSUPP: it cannot carry such a thing. Other: it was not sent and
 *	          LINK_DOWN follows.
 *	DELIVER   0: done, its slot is free. -EAGAIN: not now; CLIENT_WRITABLE tries
 *	          again. Other: given up, CLIENT_CLOSE follows.
 *	CREDIT    0.
 *	MAINTENANCE  0, also where there is no driver. -EAGAIN: not now, as REGISTER. Other: it
 *	          cannot be had.
 *	REGISTER  0. -EAGAIN: not now; LINK_READY or a later step tries again. Other: it cannot be
 *	          had (somebody below has it); tried again when somebody asks for it anew.
 */
void core_done(struct core *core, uint64_t action_id, int result);

/*
 * When to step with CORE_EVENT_TIME at the latest, or TIME_NEVER. Never later
 * than the next thing due; it may be earlier (a handle's alarm is kept as a lower
 * bound, so that the message path does not touch the heap). Const, O(1).
 */
uint64_t core_deadline(const struct core *core);

/* ---- queries: const, whenever ---- */

/* Requests that the handle may submit right now. 0 also for a handle that does not exist. */
uint32_t core_credit(const struct core *core, uint32_t handle);

/* NULL, or what invariant broke first: the core then refuses every step with -EIO. */
const char *core_broken(const struct core *core);

struct core_status {
	bool link_up;    /* the link stands */
	bool responsive; /* and the controller answered lately */
	struct core_link_capabilities link;
	uint32_t clients, handles, handles_max;
	uint32_t requests, requests_max;     /* slots in use */
	uint32_t queued, in_flight, bridged; /* waiting to be sent; at the controller; on the bus */
	uint32_t unread;                     /* answered, not yet taken by their clients */
	uint32_t credit_max;
	uint32_t epoch;   /* how often the link came up or the controller was reset */
	uint64_t busy_ns; /* time in which at least one transmission was at the controller */
	uint64_t now_ns, started_ns;
	uint64_t counters[CORE_COUNTER_COUNT];
};

void core_status(const struct core *core, struct core_status *ret_status);

/* "requests_accepted", and its one-line meaning; NULL past CORE_COUNTER_COUNT. */
const char *core_counter_name(enum core_counter counter);
const char *core_counter_text(enum core_counter counter);

struct core_handle_info {
	uint32_t handle, client;
	uint64_t cookie;
	struct core_credentials credentials;
	uint8_t class;
	bool events, exclusive; /* it is subscribed; and keeps what matches to itself */
	bool blocked;           /* its client does not take what is ready for it */
	char name[CORE_NAME_SIZE];
	uint64_t opened_ns;
	uint32_t queued, in_flight, unread;
	uint64_t requests, answers, controller_ns; /* controller_ns: time charged to it */
	uint64_t events_lost;
};

/* Walks the open handles by slot: the first at or after *cursor, which then points past it. */
bool core_handle_next(const struct core *core, uint32_t *cursor, struct core_handle_info *ret_info);

struct core_command_info {
	uint32_t number; /* for CORE_EVENT_COMMAND_REVOKE */
	uint32_t handle; /* its holder */
	struct core_command what;
	uint64_t until_ns; /* end of its lease; TIME_NEVER */
};

/* Walks the command reservations as core_handle_next walks the handles. */
bool core_command_next(
	const struct core *core, uint32_t *cursor, struct core_command_info *ret_info);

struct core_sequence_info {
	uint8_t channel, address, number;
	bool reserved, used, resting;
	bool on_wire;                    /* it is the number on the bus; otherwise virtual */
	uint32_t handle, virtual_client; /* its owner; 0 where it is not reserved */
};

/* Walks the sequence numbers that are not free for everybody. */
bool core_sequence_next(
	const struct core *core, uint32_t *cursor, struct core_sequence_info *ret_info);

struct core_message_info {
	uint64_t number, received_ns;
	uint32_t holder; /* handle that alone gets it, or 0 */
	uint8_t kind;    /* enum vipmi_async_kind */
	uint8_t channel, address, lun, netfn, command;
	uint8_t length;
	uint8_t data[CORE_MESSAGE_DATA_MAX];
};

/* Walks the asynchronous messages that are kept: the first at or after number *cursor, which then
 * points past it. */
bool core_message_next(
	const struct core *core, uint64_t *cursor, struct core_message_info *ret_info);

/* ---- records: a lossy ring of what happened, for trace and metrics ---- */

enum core_record_kind {
	/* outcome: cc | origin << 8 | reason << 16 | sent << 24; arguments: time submitted, time
	 * sent (0: never), netFn << 8 | command. One for each request: the whole of its life. */
	CORE_RECORD_ANSWERED = 1,
	CORE_RECORD_RESENT, /* outcome: the code that caused it; arguments: how often sent so far */
	CORE_RECORD_STRAY,  /* a response nobody waits for; arguments: what it named */
	CORE_RECORD_LINK,   /* outcome: enum core_link_record; arguments: epoch */
	CORE_RECORD_HANDLE, /* outcome: 1 opened, 0 closed */
};

enum core_link_record {
	CORE_LINK_RECORD_DOWN,
	CORE_LINK_RECORD_UP,
	CORE_LINK_RECORD_RESET,
	CORE_LINK_RECORD_SILENT,
	CORE_LINK_RECORD_BACK,
};

struct core_record {
	uint64_t time_ns, number;
	uint32_t kind, handle;
	uint64_t request; /* internal id: slot and generation */
	uint64_t outcome;
	uint64_t arguments[3];
};

/* Copies the record with number *cursor (or the oldest kept) and advances the cursor; false when
 * there is none yet. *ret_lost: how many were overwritten before that. */
bool core_record_next(const struct core *core, uint64_t *cursor, struct core_record *ret_record,
	uint64_t *ret_lost);

#endif
