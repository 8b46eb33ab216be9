/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the core's files share. Nobody outside core/ includes this.
 *
 * Who owns what:
 *
 *	core      every array below, cut from the caller's one block
 *	client    a connection. Owns its handles; has the answers ready for it in order
 *	handle    a virtual controller. Owns its requests, and a lane for each responder
 *	lane      the requests of one handle to one responder: their order and barriers
 *	request   a slot of the pool, from submission until its answer is taken
 *	transmission  what the link has in hand; outlives its request when that is
 *	              answered early (deadline, close), and then keeps its window slot
 *	responder a controller on an IPMB: its 64 sequence numbers
 *
 * A request's states and the lists it is on (queue_link):
 *
 *	QUEUED    lane->queue[class]; may have a pause running (timer_ns)
 *	OFFERED   none; a TRANSMIT action for it is open
 *	SENT      none; transmission->request is it
 *	MERGED    none; by group_link on transmission->merged: another's answer will be its own
 *	BRIDGED   core->on_bus; number->request is it, timer_ns is the responder's time-out
 *	HELD      none; a Send Message, until its `partner` is on the bus
 *	RECEIVED  none; an answer in the handle's receive message queue
 *	ANSWERED  client->deliveries; `pulled` while a DELIVER action for it is open
 */
#ifndef VIPMI_CORE_PRIVATE_H
#define VIPMI_CORE_PRIVATE_H

#include "base/assert.h"
#include "base/compat.h"
#include "base/list.h"
#include "base/random.h"
#include "core/core.h"
#include "ipmi/command.h"
#include "ipmi/ipmb.h"

/* Payload in the slot itself; with it a slot is three cache lines. Longer ones lie in the slot's
 * own chunk, so that a response never lacks room. */
#define CORE_INLINE_MAX 46u
/* Deficit round robin: controller time a handle gets in a round, 2^23 ns = 8.4 ms. A few
 * commands of a KCS interface; a power of two, so that rounds need no division. */
#define CORE_QUANTUM_SHIFT 23
/* A hiccup, the controller's or the machine's, is nobody's fault: the first transmission in half a
 * minute that takes longer than four quanta costs four. Who is slow each time pays for it. */
#define CORE_HICCUP_QUANTA UINT64_C(4)
/* That time is counted in steps of 2^30 ns, 1.07 s, of which 16 bits are kept. */
#define CORE_HICCUP_SHIFT 30
#define CORE_HICCUP_STEPS 28u
/* Rounds ahead that the wheel tells apart: half a second of debt. */
#define CORE_WHEEL_SLOTS 64u
/* Entries that one turn of the wheel may find not yet due before it serves one all the same. */
#define CORE_WHEEL_TRIES 4u
/* Requests or handles that one call clears away of what has been closed. */
#define CORE_SWEEP_MAX 64u
/* Handles' alarms that one step looks at. */
#define CORE_ALARMS_PER_STEP 16u
/* When the link said "not now" and forgot to say "now". */
#define CORE_LINK_RETRY_MS 20u
/* Channel to system software: the rqLUN of what we send to a bus (section 5.1). */
#define CORE_SMS_LUN 2
/* Channels 0 to B: those that may lead to a bus (section 6.3). */
#define CORE_BUS_CHANNELS 0x0FFFu
/* A controller that does not say otherwise is the BMC. */
#define CORE_BMC_ADDRESS 0x20
#define CORE_SEND_MESSAGE 0x34
#define CORE_MASTER_WRITE_READ 0x52
/* Receive message queue and event message buffer, and attention for both (section 22.1). */
#define CORE_ENABLES 0x07
/* Get Message, Read Event Message Buffer: nothing there (sections 22.6, 22.8). */
#define CORE_CC_EMPTY 0x80
/* An event in the buffer is the image of a SEL record (section 22.8). */
#define CORE_EVENT_LENGTH 16
/* Global enables: the event message buffer (section 22.1). */
#define CORE_ENABLE_EVENT_BUFFER 0x04
/* A link that bridges by itself answers in its own time (Linux: 60 s at the most). */
#define CORE_RELAY_TIMEOUT_MS 65000u
/* core_event.request.class: the handle's own. */
#define CORE_CLASS_OF_HANDLE 0xFF

/* Send Message around the longest request: channel, frame overhead. */
#define CORE_FRAME_MAX (VIPMI_DATA_MAX + 16u)

/* Two ways to be sent: to the controller itself, or through it to a bus. */
enum core_port { CORE_PORT_DIRECT, CORE_PORT_BUS, CORE_PORT_COUNT };

enum core_reservation_kind {
	RESERVATION_SDR,
	RESERVATION_DEVICE_SDR,
	RESERVATION_SEL,
	RESERVATION_COUNT
};

/* A handle's: the id it was given. The core's: the id that is valid at the controller. An era ends
 * with every change that voids reservations. */
struct core_reservation {
	uint16_t id; /* 0: none */
	uint16_t era;
};

enum core_request_state {
	REQUEST_FREE,
	REQUEST_QUEUED,
	REQUEST_OFFERED,
	REQUEST_SENT,
	REQUEST_MERGED,
	REQUEST_BRIDGED,
	REQUEST_HELD,
	REQUEST_RECEIVED,
	REQUEST_ANSWERED,
};

struct core_request {
	struct list_link queue_link;  /* see above; the free list while FREE */
	struct list_link handle_link; /* handle->requests */
	/* lane->barriers, if it mutates, is no response and not answered; if `merges`,
	 * core->questions or transmission->held while QUEUED, transmission->merged while MERGED */
	struct list_link group_link;
	struct core_lane *lane;
	struct core_request *partner; /* Send Message's outer and inner request: each other */
	uint64_t tag;
	uint64_t deadline_ns;
	uint64_t timer_ns; /* end of a pause, or the responder's time-out; TIME_NEVER */
	uint64_t submitted_ns, sent_ns;
	uint32_t generation; /* of the slot; counts when it is freed; wraps */
	uint32_t virtual_client;
	uint32_t order;        /* position in its lane */
	uint32_t transmission; /* id while OFFERED or SENT, else 0 */
	uint32_t timeout_ms;   /* the command's service time-out */
	uint16_t length;
	uint16_t reservation; /* the id it was sent with in place of the handle's; 0: none */
	uint8_t state, class, target_kind, channel, address;
	uint8_t netfn, lun, command, cc, origin, reason;
	uint8_t number; /* on the bus; see the bits below */
	uint8_t sends;
	/* How the client wrote the frame: its answer comes back that way. */
	uint8_t raw_address, raw_lun, raw_sequence;
	bool raw : 1; /* carried by a Send Message; its answer goes to the receive queue */
	bool mutating : 1, sent : 1, pulled : 1, paused : 1;
	bool merges : 1;          /* a read that may go out as one with the same of others */
	bool fresh : 1;           /* no answer from the cache */
	bool has_number : 1;      /* `number` is taken for it */
	bool reserved_number : 1; /* it named `number`, which its handle reserved */
	bool on_bus : 1;          /* it counts in core->bridged */
	bool reached : 1; /* a sending of it was on the bus, and nothing says it was not executed */
	uint8_t bytes[CORE_INLINE_MAX];
};

/* Whether requests of a lane wait for an unreserved sequence number. Those that need none go on. */
enum core_lane_waits {
	LANE_GOES,
	LANE_WAITS,       /* on responder->waiting */
	LANE_WAITS_ASIDE, /* not on it, because an urgent one needs none, and is ready */
};

struct core_lane {
	struct core_handle *handle;
	struct list_link queue[VIPMI_CLASS_COUNT];
	struct list_link ready_link[VIPMI_CLASS_COUNT]; /* BUS: handle->ready[class]. DIRECT: a
							 * bucket of core->wheels[class] */
	struct list_link barriers;    /* its unanswered mutating requests, oldest first */
	struct list_link handle_link; /* handle->lanes; the free list while unused */
	uint32_t next_order;
	uint16_t in_flight; /* OFFERED, SENT, BRIDGED */
	uint16_t requests;  /* not yet answered */
	uint16_t ghosts;    /* mutating transmissions whose request is answered already */
	uint8_t port, channel, address;
	uint8_t pending; /* bit n: class n's queue is not empty */
	uint8_t ready;   /* bit n: class n's head may be sent, and the arbiter knows */
	uint8_t waits;   /* enum core_lane_waits */
};

/* An answer that may be given again: core/cache.c. */
struct core_cached {
	uint64_t sent_ns, until_ns;
	uint32_t era; /* the core's, when it was kept; any other: it is no more */
	uint8_t netfn, command, lun;
	bool own; /* with the asking handle's own reservation, which is not kept */
	uint8_t question_length, length;
	uint8_t question[CORE_CACHED_QUESTION_MAX];
	uint8_t answer[CORE_CACHED_ANSWER_MAX];
};

struct core_handle {
	struct core_client *client;
	struct list_link client_link; /* client->handles; core->closing; the free list */
	struct list_link requests;    /* every request, answered ones included */
	struct list_link lanes;       /* to responders on a bus */
	struct list_link ready[VIPMI_CLASS_COUNT];    /* bus lanes whose head may be sent */
	struct list_link bus_link[VIPMI_CLASS_COUNT]; /* a bucket of core->wheels[class] */
	struct list_link credit_link;                 /* core->credit_waiting */
	struct list_link subscription_link;           /* core->idle or ->due, client->parked */
	uint64_t paid_ns[VIPMI_CLASS_COUNT]; /* controller time charged, as the wheel counts it */
	uint64_t alarm_ns;                   /* lower bound of its requests' deadlines and timers */
	uint64_t position;                   /* next asynchronous message to give it */
	uint64_t event_position;             /* next one that its event message buffer shows */
	uint32_t loss;                       /* messages it lost and was not told of yet */
	uint32_t loss_told;                  /* how many of them an open LOSS action tells */
	uint32_t lost;                       /* messages, told of */
	uint32_t seen;                       /* of its filter's, before `position`: see filter.c */
	uint64_t opened_ns, accepted, controller_ns;
	uint32_t alarm_index; /* in core->alarms; UINT32_MAX: not there */
	uint32_t outstanding; /* slots it holds */
	uint16_t generation;
	uint16_t channels; /* bit n: Enable Message Channel Receive for channel n */
	uint16_t filter;   /* what it is subscribed to: index in core->filters + 1, or 0 */
	uint16_t hiccup;   /* the step in which it was charged less than it took */
	uint8_t lane_count;
	uint8_t sequences; /* numbers reserved, to all responders */
	uint8_t class;
	uint8_t enables;  /* its own bits of the global enables */
	uint8_t received; /* RECEIVED requests */
	bool open : 1, wants_credit : 1, event_pulled : 1;
	bool loss_pulled : 1;   /* and what was pulled is a LOSS */
	bool pulled_counts : 1; /* it is one that `seen` counts */
	bool pulled_gone : 1;   /* it is no longer counted elsewhere: lost if it is not taken */
	bool pulled_moved : 1; /* `position` was moved since; a LOSS: `loss` is about another one */
	bool exclusive : 1;    /* it is on core->exclusive */
	bool requests_wanted : 1;  /* it holds a right to receive */
	bool maintenance : 1;      /* it wants the link's driver in maintenance mode */
	struct list_link commands; /* reserved by it */
	struct core_reservation reservations[RESERVATION_COUNT];
	char name[CORE_NAME_SIZE];
	struct core_lane direct;
};

struct core_client {
	struct list_link ready_link; /* core->ready; core->leaving; the free list */
	struct list_link deliveries; /* answered requests in order; the pulled ones first */
	struct list_link handles;
	struct list_link parked; /* handles with messages due, waiting for CLIENT_WRITABLE */
	struct list_link *next_delivery; /* first not pulled; &deliveries if none */
	uint64_t cookie;
	struct core_credentials credentials;
	uint32_t open_actions;
	uint32_t requests; /* slots that its handles hold, closed ones' included */
	uint16_t generation;
	bool open : 1, blocked : 1, leaving : 1;
};

enum core_purpose {
	PURPOSE_REQUEST,                      /* a client's, to the controller */
	PURPOSE_BRIDGE,                       /* a client's, inside Send Message */
	PURPOSE_RELAY,                        /* a client's, over a link that bridges by itself */
	PURPOSE_HOUSEKEEPING,                 /* from here on the agent's own: */
	PURPOSE_PROBE = PURPOSE_HOUSEKEEPING, /* is anybody there? */
	PURPOSE_GET_ENABLES,                  /* at link up: what stands in the global enables, */
	PURPOSE_SET_ENABLES,                  /* and ours added to it */
	PURPOSE_FLAGS,
	PURPOSE_GET_MESSAGE,
	PURPOSE_READ_EVENT,
	PURPOSE_CLEAR_FLAGS, /* the watchdog's pre-timeout */
	PURPOSE_DECLINE,     /* C1 to an incoming request that nobody asked for */
};

enum core_transmission_state { TRANSMISSION_FREE, TRANSMISSION_OFFERED, TRANSMISSION_SENT };

struct core_transmission {
	struct list_link link;        /* core->flight, or the free list of its port */
	struct list_link merged;      /* requests MERGED, that wait for its response too */
	struct list_link held;        /* requests QUEUED that ask the same, until its end */
	struct core_request *request; /* NULL: nobody waits for it (any more) */
	struct core_handle *handle;   /* who is charged; NULL once it closed */
	struct core_lane *ghost;      /* lane held up by it although the request is answered */
	uint64_t sent_ns, timeout_at_ns, timeout_ns;
	uint32_t generation;
	uint8_t state, purpose, port, class;
	uint8_t netfn, command;   /* as on the wire */
	uint8_t channel, address; /* a RELAY's responder */
	uint8_t held_count;       /* how many ever were */
	uint8_t lost; /* enum vipmi_reason: its link or controller went while the action was open */
	uint8_t reservation; /* enum core_reservation_kind: the one that it */
	bool reserves : 1, voids : 1;
	bool touches : 1;   /* its end is the end of what is in the cache */
	uint32_t cache_era; /* when it was offered */
};

enum core_number_state { NUMBER_FREE, NUMBER_USED, NUMBER_RESTING };

struct core_number {
	struct list_link rest_link;   /* core->resting or ->quarantined, oldest first */
	struct core_request *request; /* NULL unless USED */
	struct core_handle *owner;    /* who reserved it; NULL: nobody */
	uint32_t virtual_client;      /* and for whom */
	uint64_t rest_until_ns;
	uint8_t state, netfn, command;
	uint8_t responder; /* index */
};

struct core_responder {
	struct list_link waiting; /* lanes that wait for a number, by ready_link[URGENT] */
	uint64_t reserved;        /* bit n: number n is somebody's own */
	uint64_t busy;            /* bit n: number n is not free */
	uint8_t channel, address, next;
	bool silent;     /* it let a request time out, and has said nothing since */
	uint16_t on_bus; /* its part of core->bridged */
	struct core_number numbers[IPMB_SEQUENCES];
};

/* Chains of command reservations: a row a network function's request form. */
#define CORE_NETFN_PAIRS 32u
#define CORE_NO_COMMAND UINT16_MAX

struct core_held_command {
	struct core_command what;
	struct core_handle *handle;   /* holder; NULL: free */
	struct list_link handle_link; /* handle->commands; core->free_commands */
	uint64_t until_ns;
	uint16_t next; /* in its chain */
	uint16_t generation;
};

struct core_wheel {
	struct list_link buckets[CORE_PORT_COUNT][CORE_WHEEL_SLOTS];
	uint64_t occupied[CORE_PORT_COUNT]; /* bit n: bucket n is not empty */
	uint64_t round;
	uint8_t turn; /* port that goes first where both stand in one bucket */
};

struct core_message {
	uint64_t number;
	uint32_t holder; /* handle that alone gets it, an incoming request, and may answer; or 0 */
	bool answered, taken; /* by the holder */
	uint8_t kind, channel, address, lun, netfn, command, sequence, length;
	uint8_t own_lun;  /* of ours that it was sent to */
	uint64_t earlier; /* a request with a holder: the one before with its sequence number */
	uint8_t kinds;    /* CORE_ASYNC bits; the rest of an event taken apart, for filters */
	uint8_t sensor_type, sensor, direction, severity;
	uint16_t offset; /* as a bit */
	uint8_t bytes[CORE_MESSAGE_DATA_MAX];
	uint64_t received_ns;
};

/* A filter that some handles are subscribed to; equal ones are one. */
struct core_filter {
	struct core_clause clauses[CORE_CLAUSES_MAX];
	uint8_t count;  /* 0: this one is free */
	uint32_t users; /* handles */
	uint32_t gone;  /* messages that matched and left the log; wraps */
};

/* Fetching what the controller has for us: core/fetch.c. */
struct core_fetch {
	bool enables_known, flags_wanted, message_wanted, event_wanted, watchdog_wanted;
	bool attention;
	bool sticky; /* attention is not believed until poll_at_ns */
	bool in_flight;
	uint8_t enables;
	uint8_t run;         /* housekeeping transmissions in a row, as far as they matter */
	uint8_t empty_reads; /* of the event that a flag shows, in a row, with nothing there */
	uint8_t idle_looks;  /* flag reads in a row that found nothing although attention stands */
	uint64_t poll_at_ns;
	bool decline_wanted; /* C1 to this request, whose data are gone: */
	uint8_t decline_channel;
	struct ipmb_message decline;
};

struct core {
	struct core_limits limits;
	uint64_t now_ns, started_ns;
	struct random random;
	const char *broken;

	struct core_link_capabilities link;
	bool link_up, link_blocked, silent;
	uint32_t epoch;
	uint64_t link_retry_ns, probe_at_ns;

	struct core_client *clients;
	struct core_handle *handles;
	struct core_request *requests;
	uint8_t (*chunks)[VIPMI_DATA_MAX]; /* chunk n belongs to request n */
	struct core_lane *lanes;
	struct core_handle **alarms; /* a heap: the nearest alarm first */
	struct core_responder *responders;
	struct core_message *messages;
	struct core_record *records;
	struct core_cached *cached;
	uint32_t cache_era; /* wraps; from 1, so that zeros are nothing that is kept */
	/* Slots from `fresh` on were never used: their memory is not even touched. */
	uint32_t clients_fresh, handles_fresh, requests_fresh, lanes_fresh, responders_fresh;
	uint32_t clients_max, clients_open, handles_open, alarms_length;
	struct list_link free_clients, free_handles, free_requests, free_lanes;

	struct list_link ready;          /* clients that may be given something */
	struct list_link closing;        /* handles that still have requests to clear away */
	struct list_link leaving;        /* clients that still have handles to close */
	struct list_link credit_waiting; /* handles, first come first served */
	struct list_link idle, due;      /* subscribers that have everything; that do not */
	struct list_link resting;        /* sequence numbers that were answered, oldest first */
	struct list_link quarantined;    /* those whose response may still come, oldest first */
	uint64_t *kept;                  /* core_keep_numbers; NULL: nowhere */
	uint64_t quarantine_ns;  /* no quarantine ends before; TIME_NEVER while the link is down */
	struct list_link on_bus; /* requests BRIDGED */
	struct list_link flight; /* transmissions OFFERED or SENT */
	struct list_link questions[CORE_QUESTION_CHAINS]; /* reads that wait, by what they ask */
	struct list_link free_transmissions[CORE_PORT_COUNT];

	uint32_t requests_used, shared_used;
	uint32_t queued, bridged, unread;
	uint32_t flying[CORE_PORT_COUNT]; /* transmissions, by the window that they fill */
	uint64_t flight_alarm_ns;         /* lower bound of their time-outs */
	uint32_t sent_now;                /* transmissions SENT */
	uint64_t busy_ns, busy_since_ns;

	struct core_wheel wheels[VIPMI_CLASS_COUNT];
	uint32_t passed_over[VIPMI_CLASS_COUNT];
	bool guaranteed_last;
	bool waits[VIPMI_CLASS_COUNT]; /* which ones did at the last turn */

	uint32_t subscribers;
	struct core_filter filters[CORE_FILTERS_MAX];
	uint32_t filters_fresh; /* those from here on were never used */
	struct core_handle *exclusive[CORE_EXCLUSIVE_MAX];
	uint32_t exclusive_count;
	bool due_left;         /* core_next has not looked at all on `due` */
	bool tries_left;       /* nor tried all requests that may be sent */
	bool loss_announced;   /* a LOST message was kept, and no BACK since */
	uint64_t message_next; /* number of the next asynchronous message */
	uint64_t record_next;
	struct core_fetch fetch;
	struct core_held_command commands[CORE_COMMANDS_MAX];
	struct list_link free_commands;
	/* Newest request with a holder that came with this sequence number. */
	uint64_t incoming_last[IPMB_SEQUENCES];
	/* Commands whose registration the link is to be told anew. */
	uint64_t registrations_due[CORE_NETFN_PAIRS * CORE_ALL_COMMANDS / 64];
	uint32_t registrations_due_count;
	uint64_t lease_alarm_ns; /* lower bound of the leases' ends */
	uint32_t commands_held, commands_fresh;
	uint32_t maintenance_wanted; /* handles */
	bool maintenance_told;       /* the link, that somebody does */
	uint16_t command_chain[CORE_NETFN_PAIRS][CORE_ALL_COMMANDS + 1];

	struct core_reservation reservations[RESERVATION_COUNT];
	uint8_t responder_of[16][128]; /* channel, address >> 1: index + 1; 0: none */
	uint8_t relay_silent[16][128]; /* likewise, where the bridging is not ours: C3 came last */
	struct core_transmission transmissions[CORE_WINDOW_MAX + CORE_BUS_WINDOW_MAX];
	uint8_t frames[CORE_WINDOW_MAX][CORE_FRAME_MAX]; /* of transmission n */
	uint8_t scratch[CORE_FRAME_MAX];                 /* of one call */
	uint64_t counters[CORE_COUNTER_COUNT];
};

#define core_count(core, name) ((core)->counters[CORE_COUNTER_##name]++)

/* An invariant: when it does not hold the core is broken for good, and says which one it was. */
#define core_check(core, expression) core_check_at((core), (expression), #expression)

static inline bool core_check_at(struct core *core, bool holds, const char *text)
{
	if (!holds && !core->broken) {
		core->broken = text;
	}
	return holds;
}

static inline uint8_t *request_data(struct core *core, struct core_request *request)
{
	return request->length <= CORE_INLINE_MAX ? request->bytes
						  : core->chunks[request - core->requests];
}

/* The slot of an asynchronous message, as long as it is kept, or else of a later one. */
static inline struct core_message *message_at(const struct core *core, uint64_t number)
{
	return &core->messages[number & (core->limits.messages_max - 1)];
}

/* The answer to an incoming request, sent as a request of its handle's. `netfn` to `address` are
 * those of the response, `number` its sequence number, `raw_lun` the LUN of ours. */
static inline bool request_is_response(const struct core_request *request)
{
	return request->netfn & 1;
}

/* Its deadline and its timer are looked at. An OFFERED one's come to be when its action is done, a
 * HELD one's are its partner's. */
static inline bool request_timed(const struct core_request *request)
{
	return (1u << REQUEST_QUEUED | 1u << REQUEST_SENT | 1u << REQUEST_MERGED |
		       1u << REQUEST_BRIDGED) >>
		       request->state &
	       1;
}

static inline struct core_handle *request_handle(const struct core_request *request)
{
	return request->lane->handle;
}

/* It gets asynchronous messages: by a filter, or by a right to receive. */
static inline bool handle_subscribed(const struct core_handle *handle)
{
	return handle->filter || handle->requests_wanted;
}

/* Its handle or its client is on the way out: nothing of it may be sent or delivered. */
static inline bool handle_leaving(const struct core_handle *handle)
{
	return !handle->open || handle->client->leaving;
}

/* ---- client.c: clients and handles ---- */
void clients_init(struct core *core);
int client_open(struct core *core, struct core_event *event);
int client_close(struct core *core, uint32_t id);
int client_writable(struct core *core, uint32_t id);
/* It said "not now": nothing for it until it is writable. */
void client_block(struct core *core, struct core_client *client);
/* An action of the client was completed; frees it when that was the last thing. */
void client_action_done(struct core *core, struct core_client *client);
/* A slot that one of its handles held is free; likewise. */
void client_request_gone(struct core *core, struct core_client *client);
uint32_t client_id(const struct core *core, const struct core_client *client);
int handle_open(struct core *core, struct core_event *event);
int handle_close_by_id(struct core *core, uint32_t client, uint32_t handle);
void handle_close(struct core *core, struct core_handle *handle);
/* A closed handle whose last request or action is gone gives its slot back. */
void handle_free_if_gone(struct core *core, struct core_handle *handle);
/* NULL unless the handle is open and the client's. */
/* Whatever its client; NULL when it is not (or no longer) open. */
struct core_handle *handle_by_id(const struct core *core, uint32_t id);
struct core_handle *handle_find(const struct core *core, uint32_t client, uint32_t handle);
uint32_t handle_id(const struct core *core, const struct core_handle *handle);
/* Clears away a bounded part of what has been closed. */
void sweep(struct core *core);

/* ---- request.c: the pool, from submission to answer ---- */
void requests_init(struct core *core);
/* Channels 0 to B may lead to a bus; slave addresses are even, and not 0 (section 6.3). */
bool bus_address_valid(uint8_t channel, uint8_t address);
/* A slot, filled, on its handle's list, not yet in a lane; the handle must have credit. NULL: the
 * core is broken. */
struct core_request *request_new(
	struct core *core, struct core_handle *handle, const struct core_event *event);
/* Whether it may not be sent at all; it is answered then. */
bool request_unsendable(struct core *core, struct core_request *request);
int request_submit(struct core *core, const struct core_event *event);
int request_cancel(struct core *core, const struct core_event *event);
/* Gives the one answer. Not while an action for the request is open. */
void request_answer(struct core *core, struct core_request *request, uint8_t cc,
	enum vipmi_origin origin, enum vipmi_reason reason, const uint8_t *data, size_t length);
/* The same for a request that is known not to be raw: what became of a raw one settles the Send
 * Message that carried it, without coming back through request_answer. */
void request_settle(struct core *core, struct core_request *request, uint8_t cc,
	enum vipmi_origin origin, enum vipmi_reason reason, const uint8_t *data, size_t length);
/* Answered by us: the code and the counter follow from the reason and whether it was sent. */
void request_fail(struct core *core, struct core_request *request, enum vipmi_reason reason);
/* It was given to the controller. */
void request_went(const struct core *core, struct core_request *request);
/* Puts a request that was OFFERED, SENT or BRIDGED back where it stood in its queue. */
void request_requeue(struct core *core, struct core_request *request);
/* Likewise, but not before a pause, longer each time. */
void request_pause(struct core *core, struct core_request *request);
void request_hold(struct core *core, struct core_request *request);
/* Its deadline, or the end of its pause or of the responder's time, has come. */
void request_timer(struct core *core, struct core_request *request);
/* Gives the slot back. */
void request_free(struct core *core, struct core_request *request);
/* Closed under it: takes it out of wherever it is, unless an action for it is open. */
void request_abandon(struct core *core, struct core_request *request);
uint32_t handle_credit(const struct core *core, const struct core_handle *handle);
int credit_wanted(struct core *core, uint32_t client, uint32_t handle);
bool credit_next(struct core *core, struct core_action *ret_action);

/* ---- lane.c: order and barriers ---- */
void lane_init(struct core_lane *lane, struct core_handle *handle, enum core_port port,
	uint8_t channel, uint8_t address);
/* The handle's lane to a responder, a new one if need be; NULL: too many responders at once. */
struct core_lane *lane_get(struct core *core, struct core_handle *handle, enum core_port port,
	uint8_t channel, uint8_t address);
/* The handle's lane to a responder on a bus, if it has one. */
struct core_lane *lane_find(struct core_handle *handle, uint8_t channel, uint8_t address);
void lane_push(struct core *core, struct core_request *request);
/* Back where it stood by its order. */
void lane_push_front(struct core *core, struct core_request *request);
/* Takes a queued request out of its queue; lane_update must follow. */
void lane_remove(struct core *core, struct core_request *request);
/* Settles anew which classes have a head that may be sent. */
void lane_update(struct core *core, struct core_lane *lane);
/* Nothing of its lane stands in its way. */
bool lane_may_send(const struct core_request *request);
/* Nothing of it waits or is out. */
bool lane_quiet(const struct core_lane *lane);
/* It has something to send that needs an unreserved sequence number. */
bool lane_wants_number(const struct core_lane *lane);
/* The request is answered: no barrier any more. */
void lane_finish(struct core *core, struct core_request *request);
/* Gives a bus lane back that nothing refers to any more. */
void lane_release(struct core *core, struct core_lane *lane);

/* ---- arbiter.c: whose turn it is ---- */
void arbiter_init(struct core *core);
void arbiter_insert(struct core *core, struct core_handle *handle, enum core_port port, int class);
void arbiter_remove(struct core *core, struct core_handle *handle, enum core_port port, int class);
/* The request to send next, still QUEUED; NULL when nothing may be sent. Its lane counts as not
 * ready in its class until lane_update. */
struct core_request *arbiter_next(struct core *core);
/* Something of this class was sent in that turn. */
void arbiter_account(struct core *core, int class);
/* It has had no hiccup yet. */
void arbiter_newcomer(const struct core *core, struct core_handle *handle);
void arbiter_charge(
	const struct core *core, struct core_handle *handle, int class, uint64_t spent_ns);

/* ---- alarm.c: each handle's nearest deadline ---- */
void alarm_set(struct core *core, struct core_handle *handle, uint64_t at_ns);
void alarm_clear(struct core *core, struct core_handle *handle);
void alarms_run(struct core *core, unsigned most);

/* ---- transmission.c: the window ---- */
void transmissions_init(struct core *core);
bool transmission_room(const struct core *core, enum core_port port);
struct core_transmission *transmission_take(
	struct core *core, enum core_port port, enum core_purpose purpose);
/* Fills the action for a transmission just taken; true, for its callers' convenience. */
bool transmission_offer(struct core *core, struct core_transmission *transmission,
	const struct core_transmit *transmit, struct core_action *ret_action);
/* CORE_FRAME_MAX bytes of a direct transmission's own. */
uint8_t *transmission_frame(struct core *core, const struct core_transmission *transmission);
bool transmission_next(struct core *core, struct core_action *ret_action);
void transmission_done(struct core *core, uint64_t id, int result);
int transmission_received(struct core *core, const struct core_event *event);
/* Looks for service time-outs. */
void transmissions_run(struct core *core);
/* Nobody waits for its response any more; as a ghost it still holds its lane up. */
void transmission_orphan(struct core *core, struct core_request *request, bool ghost);
/* The handle's slot goes: nothing in flight may refer to it. */
void transmissions_forget(struct core *core, const struct core_handle *handle);
/* What was in flight is lost with the link or the controller. */
void transmissions_lose(struct core *core, enum vipmi_reason reason);

/* ---- merge.c: reads that ask the same ---- */
void merge_init(struct core *core);
bool merge_possible(
	const struct core *core, const struct core_request *request, enum ipmi_class class);
/* It waits in its lane, and `merges`. */
void merge_wait(struct core *core, struct core_request *request);
/* Whether the same is being asked already; then it waits for the end of that. */
bool merge_hold(struct core *core, struct core_request *request);
/* The leader is about to be given to the link: others that ask the same join it. */
void merge_gather(
	struct core *core, struct core_transmission *transmission, struct core_request *leader);
/* It was. */
void merge_sent(struct core *core, struct core_transmission *transmission);
/* It ended. What joined it and has no response goes back. */
void merge_end(struct core *core, struct core_transmission *transmission);

/* What makes two reads the same question, as a number. */
uint32_t question_hash(struct core *core, struct core_request *request);

/* ---- cache.c: answers that are given again ---- */
/* Something changed, or may have: nothing of what is kept is true any more. */
void cache_forget(struct core *core);
/* Whether a request may change what is kept. */
bool cache_touched_by(const struct core *core, const struct core_request *request);
/* The response to a transmission whose request has not been answered yet. */
void cache_keep(struct core *core, const struct core_transmission *transmission,
	const uint8_t *data, size_t length);
/* Answers a read that might be sent now. False: it is for the controller. */
bool cache_answer(struct core *core, struct core_request *request);

/* ---- link.c: up, down, silent, back ---- */
int link_went_up(struct core *core, const struct core_link_capabilities *capabilities);
int link_went_down(struct core *core);
int controller_was_reset(struct core *core);
void controller_silent(struct core *core);
void controller_spoke(struct core *core);
void request_lose(struct core *core, struct core_request *request, enum vipmi_reason reason,
	bool certainly_unsent);

/* ---- sequence.c: the numbers of requests to responders on a bus ---- */
void sequences_init(struct core *core);
struct core_responder *responder_find(const struct core *core, uint8_t channel, uint8_t address);
/* Whether the number that the request named, if it did, is idle. */
bool sequence_ready(struct core *core, const struct core_request *request);
/* Gives the request its number. False: it cannot go now (its lane waits), or not at all (it is
 * answered). */
bool sequence_take(struct core *core, struct core_request *request);
/* The number goes back after a rest; a long one where a late response may still come. */
void sequence_release(struct core *core, struct core_request *request, bool quarantine);
/* A request of the lane, that was perhaps to have the next free number, does not need it. */
void sequence_wake(struct core *core, const struct core_lane *lane);
/* The request names a number: whether its handle reserved it, and for which virtual client. */
bool sequence_name(
	struct core *core, const struct core_handle *handle, struct core_request *request);
int sequence_reserve(struct core *core, struct core_event *event);
int sequence_free(struct core *core, const struct core_event *event);
void sequences_forget(struct core *core, struct core_handle *handle);
void sequences_run(struct core *core);
/* A controller that was away may still have in its receive queue what came meanwhile: quarantine
 * begins anew when it is back. */
void sequences_link(struct core *core, bool up);
uint64_t sequence_deadline(const struct core *core);

/* ---- bridge.c: requests inside Send Message ---- */
/* Wraps the transmit's request into a Send Message in `frame` (CORE_FRAME_MAX bytes). */
void bridge_wrap(struct core *core, const struct core_request *request, uint8_t *frame,
	struct core_transmit *transmit);
/* Send Message was answered. */
void bridge_sent(struct core *core, struct core_request *request, uint8_t cc);
void bridge_timeout(struct core *core, struct core_request *request);
/* Whether it waits because its responder is silent. */
bool bridge_held_up(struct core *core, struct core_request *request);
/* The same where the bridging is the link's; and how a request to a responder ended there. */
bool relay_held_up(struct core *core, struct core_request *request);
void relay_ended(struct core *core, const struct core_transmission *transmission, uint8_t cc);
void bridge_enter(struct core *core, struct core_request *request);
void bridge_leave(struct core *core, struct core_request *request);
/* What Get Message gave, channel byte first. */
void bridge_received(struct core *core, const uint8_t *bytes, size_t length);
void bridge_lose(struct core *core, enum vipmi_reason reason);

/* ---- incoming.c: requests from a bus to system software ---- */
void incoming_received(struct core *core, uint8_t channel, const struct ipmb_message *message);
/* The same, from a link that hands in what it was given. */
int incoming_message(struct core *core, const struct core_event *event);
/* The holder's answer. */
int incoming_respond(struct core *core, const struct core_event *event);
/* Makes the transmit of a response; where we bridge ourselves it is written into `frame`
 * (CORE_FRAME_MAX bytes). */
void response_wrap(struct core *core, uint8_t channel, const struct ipmb_message *response,
	uint8_t *frame, struct core_transmit *transmit);
void response_offer(struct core *core, const struct core_request *request, uint8_t *frame,
	struct core_transmit *transmit);

/* ---- registration.c: telling the link which requests to hand in ---- */
/* A right to receive these begins or ends. */
void registration_changed(struct core *core, const struct core_command *what);
/* The link came up and knows nothing. */
void registrations_renew(struct core *core);
bool registration_next(struct core *core, struct core_action *ret_action);
void registration_done(struct core *core, uint64_t id, int result);
/* Channels from which somebody may receive the command. */
uint16_t command_channels(const struct core *core, uint8_t netfn, uint8_t command);

/* ---- maintenance.c: the mode of the link's driver ---- */
int maintenance_want(struct core *core, const struct core_event *event);
void maintenance_forget(struct core *core, struct core_handle *handle);
bool maintenance_next(struct core *core, struct core_action *ret_action);
void maintenance_done(struct core *core, uint64_t id, int result);

/* ---- fetch.c: flags, messages, events ---- */
void fetch_reset(struct core *core);
void fetch_attention(struct core *core, bool asserted);
void fetch_expect(struct core *core);
bool fetch_next(struct core *core, struct core_action *ret_action);
/* Nothing but its time is missing: no other transmission is in its way. */
bool probe_possible(const struct core *core);
bool probe_next(struct core *core, struct core_action *ret_action);
void fetch_received(
	struct core *core, enum core_purpose purpose, const uint8_t *data, size_t length);
void fetch_lost(struct core *core);
void fetch_decline(struct core *core, uint8_t channel, const struct ipmb_message *message);
void fetch_run(struct core *core);
uint64_t fetch_deadline(const struct core *core);

/* ---- message_state.c: each handle's own flags, queues, enables and Send Message ---- */
void message_state_init(const struct core *core, struct core_handle *handle);
/* Answers what a virtual controller answers by itself. False: it is for the controller. */
bool message_state_answer(struct core *core, struct core_request *request);
/* Puts what is the handle's own into a controller's answer. */
void message_state_response(struct core *core, struct core_request *request);
void message_state_offer(struct core *core, struct core_request *request);
/* What a Send Message carried is on the bus; is answered; failed. The last two take it over. */
void raw_accepted(struct core *core, struct core_request *inner);
void raw_received(struct core *core, struct core_request *inner, uint8_t cc, const uint8_t *data,
	size_t length);
void raw_failed(struct core *core, struct core_request *inner, uint8_t cc, enum vipmi_origin origin,
	enum vipmi_reason reason);
/* Outer and inner go separate ways. */
void raw_part(struct core_request *request);

/* ---- reservation.c: each handle's own SDR and SEL reservations ---- */
/* How many bytes the request begins with that name a reservation. */
size_t reservation_bytes(const struct core_request *request);
/* The one that it names is its handle's. */
bool reservation_own(struct core *core, struct core_request *request);
/* The handle's reservation that the request names was made void by somebody else: C5. */
bool reservation_void(struct core *core, struct core_request *request);
/* Notes what it will do to reservations, and puts the id that is valid at the controller in place
 * of the handle's; the data then lie in the transmission's frame. */
void reservation_offer(struct core *core, struct core_request *request,
	struct core_transmission *transmission, struct core_transmit *transmit);
/* The response to such a transmission, whoever waits for it. */
void reservation_seen(struct core *core, const struct core_transmission *transmission,
	const uint8_t *data, size_t length);
/* And to the request that it was. False: send it once more. */
bool reservation_received(
	struct core *core, struct core_request *request, const uint8_t *data, size_t length);

/* ---- command_reservation.c: exclusive rights to commands ---- */
void command_reservations_init(struct core *core);
int command_reserve(struct core *core, struct core_event *event);
int command_release_by_event(struct core *core, const struct core_event *event);
int command_revoke(struct core *core, uint32_t number);
/* Somebody else holds the right to send this. */
bool command_forbidden(struct core *core, struct core_request *request);
void command_refuse(struct core *core, struct core_request *request);
/* Who holds the right to receive such a request from `address`; NULL: nobody. */
struct core_handle *command_receiver(
	struct core *core, uint8_t channel, const struct ipmb_message *message);
/* All that the handle holds. */
void commands_forget(struct core *core, struct core_handle *handle);
void command_leases_run(struct core *core);

/* ---- deliver.c: answers on their way to clients ---- */
/* The first answer from here on that no open action holds: none is given out twice. */
struct list_link *deliver_from(struct core_client *client, struct list_link *link);
void deliver_push(struct core *core, struct core_request *request);
/* Takes an answer that no action holds off its client's list. */
void deliver_forget(struct core *core, struct core_request *request);
bool deliver_next(struct core *core, struct core_action *ret_action);
void deliver_done(struct core *core, uint64_t id, int result);

/* ---- filter.c: what subscriptions ask for ---- */
/* Whether a clause list is one; -EINVAL. */
int filter_check(const struct core_clause *clauses, size_t count);
/* Fills in what clauses look at. */
void filter_prepare(struct core_message *message);
bool filter_matches(const struct core_filter *filter, const struct core_message *message);
/* Whether some message could match both lists. */
bool filters_meet(
	const struct core_clause *a, size_t a_count, const struct core_clause *b, size_t b_count);
/* The filter with these clauses, one user more; NULL: no place for another one. */
struct core_filter *filter_take(struct core *core, const struct core_clause *clauses, size_t count);
void filter_drop(struct core *core, struct core_filter *filter);
struct core_filter *handle_filter(struct core *core, const struct core_handle *handle);
/* A message leaves the log: whoever has not had it yet has lost it. */
void filters_forget(struct core *core, const struct core_message *message);

/* ---- subscription.c: asynchronous messages ---- */
void subscriptions_init(struct core *core);
int subscription_begin(struct core *core, struct core_event *event);
int subscription_end(struct core *core, const struct core_event *event);
int subscription_message(struct core *core, const struct core_event *event);
uint64_t message_oldest(const struct core *core); /* number of the oldest kept */
/* Whether it gets the incoming requests that it holds the right to. */
void subscription_requests(struct core *core, struct core_handle *handle, bool wanted);
/* The handle closes: nothing more is delivered to it. */
void subscription_drop(struct core *core, struct core_handle *handle);
/* Keeps a message of the core's own making: LOST, BACK, RESET, WATCHDOG. */
void subscription_announce(struct core *core, enum vipmi_async_kind kind);
void subscription_append(struct core *core, const struct core_message *message);
bool subscription_next(struct core *core, struct core_action *ret_action);
void subscription_done(struct core *core, uint64_t id, int result);

/* ---- query.c ---- */
void record(struct core *core, enum core_record_kind kind, uint32_t handle, uint64_t request,
	uint64_t outcome, uint64_t argument0, uint64_t argument1, uint64_t argument2);

/* Action ids: what it is about in the top byte, then slot and generation. */
enum core_action_about {
	ABOUT_TRANSMISSION = 1,
	ABOUT_ANSWER,
	ABOUT_MESSAGE,
	ABOUT_CREDIT,
	ABOUT_REGISTRATION,
	ABOUT_MAINTENANCE,
};

static inline uint64_t action_id(enum core_action_about about, uint32_t slot, uint32_t generation)
{
	return (uint64_t)about << 56 | (uint64_t)(slot & 0xFFFFFF) << 32 | generation;
}

#endif
