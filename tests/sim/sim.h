/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulation: hundreds of clients on one core, a controller and a bus that
 * lose, delay, repeat and garble, a shell that refuses and dawdles, and a model
 * that checks the core's promises after every step. Everything that happens is
 * drawn from one source, a seed or the bytes of a fuzzer, so that everything
 * can be had again.
 *
 *	source.c  where chance comes from
 *	world.c   the controller, the bus behind it, and what is still to happen
 *	model.c   what the core promised: one record a request, checked as it moves
 *	rights.c  command reservations, and what clients do with them
 *	answer.c  the model's other half: answers, messages, sums; due.c: its deadlines
 *	shell.c   steps the core and does what it wants, or does not
 *	driver.c  what clients do, and the course of a run
 *	restart.c the agent dies, and another one takes over
 *	reach.c   what all of it has to reach
 *	parts.c   the rest of the core's promises, a file each
 *	messages.c       asynchronous messages: what there is
 *	subscriptions.c  and who gets them
 *	own.c            the message state of each virtual controller
 *	fairness.c       whose turn it is
 *	reservations.c   of the SDR repository, the device SDRs, the SEL
 *	merges.c         reads that ask the same
 */
#ifndef VIPMI_TESTS_SIM_SIM_H
#define VIPMI_TESTS_SIM_SIM_H

#include <stdio.h>

#include "base/random.h"
#include "core/core.h"
#include "ipmi/ipmb.h"

struct reach;

#define SIM_CLIENTS_MAX 1024
#define SIM_HANDLES_MAX 2048
#define SIM_REQUESTS_MAX 8192
#define SIM_OUTSTANDING_MAX 40
#define SIM_RESPONDERS_MAX 6
#define SIM_TRANSMISSIONS_MAX 512
#define SIM_PENDING_MAX 4096
#define SIM_DATA_MAX 64
#define SIM_QUEUE_MAX 8
#define SIM_RIGHTS_MAX 64
#define SIM_NONE UINT32_MAX
#define SIM_NO_NUMBER 0xFF
/* In the name of a virtual client, which is otherwise its request's serial. */
#define SIM_VIRTUAL 0x80000000u
/* With the serial: the tag of a request with a number of its own. */
#define SIM_NUMBERED_TAG UINT64_C(0x100000000)
/* Likewise, of a response to a request from the bus. */
#define SIM_RESPONSE_TAG UINT64_C(0x200000000)
/* And of a question that others ask, too. */
#define SIM_MERGED_TAG UINT64_C(0x400000000)
#define SIM_TAGS (SIM_NUMBERED_TAG | SIM_RESPONSE_TAG | SIM_MERGED_TAG)
/* In place of a responder: whoever asked. */
#define SIM_ELSEWHERE 0xFE
/* With a handle's index: in place of a serial, an asynchronous message for that handle. */
#define SIM_ASYNC 0x80000000u

/* What can go wrong, and of a thousand how often at the most. A run draws some of them. */
#define SIM_FAULTS(X)                                                                              \
	/* responses of the controller */                                                          \
	X(lost, 60)                                                                                \
	X(late, 60)                                                                                \
	X(duplicate, 100)                                                                          \
	X(garbled, 60)                                                                             \
	X(busy, 250)                                                                               \
	X(mismatched, 100)                                                                         \
	X(stray, 20)                                                                               \
	/* the link */                                                                             \
	X(refused, 150)                                                                            \
	X(failed, 10)                                                                              \
	X(held, 300)                                                                               \
	X(lazy, 300)                                                                               \
	X(flap, 8)                                                                                 \
	X(reset, 8)                                                                                \
	X(restart, 2)                                                                              \
	X(rest, 3)                                                                                 \
	/* the bus */                                                                              \
	X(nak, 300)                                                                                \
	X(bus_lost, 200)                                                                           \
	X(bus_late, 200)                                                                           \
	X(bus_duplicate, 200)                                                                      \
	X(bus_wrong, 100)                                                                          \
	X(bus_busy, 200)                                                                           \
	/* clients */                                                                              \
	X(block, 80)                                                                               \
	X(hold, 200)                                                                               \
	X(close, 30)                                                                               \
	X(disconnect, 20)                                                                          \
	X(cancel, 150)                                                                             \
	X(tiny, 500)                                                                               \
	X(garbage, 40)                                                                             \
	X(rights, 60)                                                                              \
	X(subscribe, 60)                                                                           \
	X(own, 60)                                                                                 \
	X(reserving, 250)                                                                          \
	X(hungry, 400)                                                                             \
	X(same, 500)                                                                               \
	/* what comes unasked */                                                                   \
	X(event, 30)                                                                               \
	X(burst, 15)                                                                               \
	X(watchdog, 8)                                                                             \
	X(inbound, 15)                                                                             \
	X(sticky, 5)                                                                               \
	X(stuck, 5)

/* Drawn once a run. */
struct sim_faults {
#define X(name, most) uint32_t name;
	SIM_FAULTS(X)
#undef X
};

struct sim_client {
	bool open, blocked;
	uint32_t id;
	uint32_t handles;
	uint64_t held[SIM_OUTSTANDING_MAX]; /* DELIVER actions not completed yet, oldest first */
	uint32_t held_serial[SIM_OUTSTANDING_MAX]; /* whose */
	uint32_t held_count;
};

struct sim_handle {
	bool open, wants_credit;
	uint32_t id, client;
	uint8_t class;
	uint32_t inners; /* of its requests, how many a Send Message carried */
	/* Serials of requests not taken, oldest first; with what is over and not seen to be. */
	uint32_t outstanding[2 * SIM_OUTSTANDING_MAX];
	uint32_t count;
};

/* What has a file of its own beside requests: parts.c. */
enum sim_part_name {
	SIM_PLAIN, /* a request of no part */
	SIM_PART_MESSAGES,
	SIM_PART_RECEIVE,
	SIM_PART_SUBSCRIPTIONS,
	SIM_PART_OWN,
	SIM_PART_RESERVATIONS,
	SIM_PART_FAIRNESS,
	SIM_PART_NUMBERS,
	SIM_PART_BRIDGE,
	SIM_PART_MERGES,
	SIM_PART_COUNT
};

struct sim_request {
	uint32_t handle, virtual_client;
	uint64_t tag, submitted_ns, deadline_ns;
	uint64_t bus_timer_ns; /* until when the response from the bus is waited for */
	bool late;             /* it came after that: it may have met nobody */
	uint32_t sends, service_ms, timeout_ms;
	uint8_t class, netfn, command, lun;
	uint8_t part;      /* enum sim_part_name: whose bytes it carries */
	uint8_t responder; /* 0: the controller; else responders[responder - 1] */
	uint8_t sequence;
	bool mutating;
	bool alive;         /* submitted, its answer not taken, its handle open */
	bool answered;      /* its answer has been offered and not been put off */
	bool held;          /* a DELIVER action of it is open */
	bool offered;       /* a TRANSMIT action of it is open */
	bool sent;          /* a transmission succeeded */
	bool at_controller; /* the link has it in hand and its slot is not free yet */
	bool on_bus;        /* its number is in use */
	bool overdue;       /* its response from the bus is: sent again, it keeps its number */
	bool safe;          /* the last sending provably executed nothing */
	bool fresh;         /* merges.c: no answer that was given before */
	bool tried;         /* merges.c: it may have gone out with another's */
	bool final;         /* a response that ends it has been fed, with final_cc */
	bool cancelled, silent, lost, refused, abandoned;
	bool forbidden;      /* another's right stood against it when it was submitted */
	bool may_be_refused; /* or since, while it waited */
	bool seen;           /* offered before: the same answer has to come again */
	/* bridge.c: a Send Message, and what it carries. */
	bool outer, inner;
	bool response;    /* to a request from the bus, `partner` of receive.c's */
	uint32_t partner; /* inner of an outer, and the other way round; or SIM_NONE */
	bool queued;      /* the inner's answer stands in its handle's receive queue */
	bool full;        /* no credit was left for an inner */
	bool broadcast, tracked, broken, odd;
	uint8_t cut;
	uint8_t raw_address, raw_lun, raw_sequence; /* as the client wrote them */
	bool numbered;                              /* it is to carry `number` */
	bool nobodys;                               /* which is not its handle's */
	bool may_be_nobodys;                        /* any more */
	uint8_t number;
	uint32_t name;       /* virtual client that its answer is for, if it has `number` */
	uint32_t final_from; /* serial of the request whose answer that is */
	uint64_t over_ns;    /* since when none of its transmissions can be answered any more */
	uint8_t final_cc;
	uint8_t seen_cc, seen_reason;
};

struct sim_right {
	struct core_command what;
	uint32_t handle, number; /* number: as the core listed it last */
	uint64_t until_ns;
	bool fading, listed;
};

enum sim_transmission_kind { SIM_HOUSEKEEPING, SIM_DIRECT, SIM_BRIDGE, SIM_RELAY, SIM_MERGED };

struct sim_transmission {
	uint32_t id, serial;
	uint32_t epoch;
	uint32_t handle, turn; /* who is charged for it, and its place in the order of all */
	uint32_t sending;      /* MERGED: merges.c's name for it */
	uint8_t class;
	uint8_t kind, netfn, command;
	bool done;
	uint64_t timeout_at_ns, timeout_ns, action;
	uint8_t data[SIM_DATA_MAX];
	size_t length;
};

enum sim_pending_type {
	SIM_RESPONSE, /* RECEIVED for a transmission */
	SIM_GARBLE,
	SIM_FROM_BUS, /* a frame reaches the receive queue */
	SIM_READY,
	SIM_UP,
	SIM_WRITABLE,
	SIM_RELEASE_TRANSMIT, /* the link completes what it held */
	SIM_RELEASE_DELIVER,
	SIM_UNSTICK,
	SIM_UNSTUCK,
};

struct sim_pending {
	uint64_t at_ns, order;
	uint64_t dies_ns; /* FROM_BUS: until when it stays in the receive queue */
	bool again;       /* it repeats another */
	enum sim_pending_type type;
	uint32_t number; /* transmission, client */
	uint32_t epoch;  /* lost with the link that it came over */
	uint8_t netfn, command;
	uint8_t data[SIM_DATA_MAX];
	uint8_t length;
};

struct sim {
	/* Where chance comes from. */
	struct random random;
	const uint8_t *bytes;
	size_t bytes_left;
	bool from_bytes, exhausted;

	uint64_t seed;
	uint32_t step, steps; /* steps: before everybody leaves */
	bool trace, draining;
	void (*failed)(struct sim *sim); /* does not return */
	struct reach *reach;             /* what was reached, of all runs; or NULL */

	struct core *core;
	void *memory;
	size_t memory_size;
	struct core_limits limits;
	struct core_link_capabilities link;
	struct sim_faults faults;
	uint64_t now_ns, next_client_ns;
	uint32_t mean_pause_ns, responders_count;
	bool link_up, link_refuses, link_dying;
	bool link_known; /* by this agent: it was up once */
	bool link_waits; /* it said "not now", and nothing was tried since */
	uint32_t restarts;
	uint64_t link_down_ns; /* or the agent's end */
	bool equal_tags;

	/* The controller. */
	uint32_t epoch;
	struct sim_pending pending[SIM_PENDING_MAX]; /* a heap, the nearest first */
	uint32_t pending_count;
	uint64_t pending_order;
	struct sim_pending queue[SIM_QUEUE_MAX]; /* the receive message queue */
	uint32_t queue_count;
	uint8_t enables, event[16];
	bool event_waiting, watchdog_bit, attention;
	bool sticky, stuck;      /* attention without a flag; the event flag without an event */
	uint32_t events_backlog; /* those that come as soon as there is room */
	uint32_t events_made;

	/* The model. */
	struct sim_client clients[SIM_CLIENTS_MAX];
	struct sim_handle handles[SIM_HANDLES_MAX];
	struct sim_request requests[SIM_REQUESTS_MAX];
	struct sim_right rights[SIM_RIGHTS_MAX];
	uint32_t rights_count;
	bool rights_ever; /* somebody held one */
	uint32_t clients_count, handles_count, requests_count, handles_open, clients_open;
	uint32_t clients_base, handles_base, requests_base; /* the first ones of this agent's */
	uint32_t own_affairs; /* requests whose outcome may be no counted one: bridge.c */
	uint32_t queued;      /* answers in receive queues: alive, and nobody owes anything */
	uint32_t shared_used, alive, ghosts; /* ghosts: dead, but an action of theirs is open */
	struct sim_transmission transmissions[SIM_TRANSMISSIONS_MAX];
	uint32_t transmissions_count;
	uint32_t numbers[SIM_RESPONDERS_MAX][IPMB_SEQUENCES]; /* serial of the last user, or NONE */
	/* A responder that let one wait in vain is asked by one at a time. */
	uint64_t silent_until_ns[SIM_RESPONDERS_MAX];
	uint32_t due[SIM_REQUESTS_MAX]; /* a heap of serials by deadline */
	uint32_t due_count;
	uint32_t answers, taken, local_answers;
	uint32_t actions_in_a_row;
	uint64_t last_action;
	void *states[SIM_PART_COUNT]; /* each part's own */
};

/* ---- parts.c ---- */

/* A part of the model. What it does not need it leaves out. */
struct sim_part {
	size_t size; /* of its state, zeroed in the beginning */
	/* The world is drawn, nobody is there yet. */
	void (*begin)(struct sim *sim);
	/* No more faults, nothing new, from now on. */
	void (*calm)(struct sim *sim);
	/* Before a step of the storm: whether something of the world's happened. */
	bool (*world)(struct sim *sim);
	/* An open handle's client has time: whether it did something of this part's. */
	bool (*act)(struct sim *sim, uint32_t handle);
	/* Time passed; called very often. */
	void (*time)(struct sim *sim);
	void (*handle_opened)(struct sim *sim, uint32_t handle);
	void (*handle_closed)(struct sim *sim, uint32_t handle, bool with_client);
	void (*link_lost)(struct sim *sim); /* or the controller was reset */
	void (*link_up)(struct sim *sim);
	/* The agent dies, its handles are closed next; another one starts, and has no clients. */
	void (*killed)(struct sim *sim);
	void (*restarted)(struct sim *sim);
	/* An EVENT or LOSS for an open handle: whether it is this part's to judge. */
	bool (*message)(struct sim *sim, const struct core_deliver *deliver, uint32_t handle);
	/* The core has nothing to do before its deadline. */
	void (*settled)(struct sim *sim);
	/* Everybody has left. */
	void (*gone)(struct sim *sim);

	/* Requests of the part. What the client gives, for CORE_EVENT_REQUEST; its length. */
	uint32_t (*payload)(struct sim *sim, uint32_t serial, uint8_t *bytes);
	/* It was accepted, with so much credit before. */
	void (*submitted)(struct sim *sim, uint32_t serial, uint32_t credit);
	/* What of it is to go over the wire, if that is something else. */
	uint32_t (*on_wire)(struct sim *sim, uint32_t serial, uint8_t *bytes);
	/* The controller executes what came with the transmission, and would give this code. */
	uint8_t (*executed)(struct sim *sim, uint32_t serial, const uint8_t *data, uint8_t cc);
	/* The controller answered it: whether that is no answer to its client. */
	bool (*received)(struct sim *sim, uint32_t serial, uint8_t cc);
	/* Whether its answer is this part's to judge; the rest of the record is kept as usual. */
	bool (*answered)(struct sim *sim, uint32_t serial, const struct core_deliver *deliver);
};

extern const struct sim_part sim_messages, sim_receive, sim_subscriptions, sim_own,
	sim_reservations, sim_fairness, sim_numbers, sim_bridge, sim_merges;

void parts_begin(struct sim *sim);
void parts_finish(struct sim *sim);
void parts_calm(struct sim *sim);
bool parts_world(struct sim *sim);
bool parts_act(struct sim *sim, uint32_t handle);
void parts_time(struct sim *sim);
void parts_handle_opened(struct sim *sim, uint32_t handle);
void parts_handle_closed(struct sim *sim, uint32_t handle, bool with_client);
void parts_link_lost(struct sim *sim);
void parts_link_up(struct sim *sim);
void parts_killed(struct sim *sim);
void parts_restarted(struct sim *sim);
bool parts_message(struct sim *sim, const struct core_deliver *deliver, uint32_t handle);
void parts_settled(struct sim *sim);
void parts_gone(struct sim *sim);
uint32_t parts_payload(struct sim *sim, uint32_t serial, uint8_t *bytes);
void parts_submitted(struct sim *sim, uint32_t serial, uint32_t credit);
uint32_t parts_on_wire(struct sim *sim, uint32_t serial, uint8_t *bytes);
uint8_t parts_executed(struct sim *sim, uint32_t serial, const uint8_t *data, uint8_t cc);
bool parts_received(struct sim *sim, uint32_t serial, uint8_t cc);
bool parts_answered(struct sim *sim, uint32_t serial, const struct core_deliver *deliver);

/* ---- source.c ---- */
void source_seed(struct sim *sim, uint64_t seed);
void source_bytes(struct sim *sim, const uint8_t *bytes, size_t length);
/* In [0, bound). From bytes that have run out: bound - 1, so that nothing unlikely happens. */
uint32_t pick(struct sim *sim, uint32_t bound);
bool chance(struct sim *sim, uint32_t permille);
/* Whether a fault of sim->faults strikes now; it then counts as reached. */
#define strikes(sim, name) fault_strikes(sim, (sim)->faults.name, REACH_##name)
/* In [low, high] microseconds, as ns. */
uint64_t pick_ns(struct sim *sim, uint32_t low_us, uint32_t high_us);

/* ---- due.c: requests by their deadline ---- */
void due_push(struct sim *sim, uint32_t serial);
void due_pop(struct sim *sim);

/* ---- model.c, answer.c ---- */
void sim_fail(struct sim *sim, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));
void sim_trace(struct sim *sim, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether the core still has to do something about it, as far as one can know outside. */
bool request_pending(const struct sim *sim, const struct sim_request *request);
/* The same, for what must not be passed: one whose command became another's may be over. */
bool request_waits(const struct sim *sim, const struct sim_request *request);
/* The request that the next submission makes: its serial is in its data and its answer's. */
uint32_t model_payload(const struct sim_request *request, uint32_t serial, uint8_t *bytes);
void model_submitted(struct sim *sim, uint32_t serial);
/* What the command table says of it. */
void model_judge(struct sim_request *request, const uint8_t *payload, size_t length);
/* Whether the agent may say what it says about a request that nobody answered. */
bool reason_holds(const struct sim *sim, const struct sim_request *request, uint8_t reason);
/* Its bytes, or those of what it carries, are lent to the link. */
bool request_lent(const struct sim *sim, const struct sim_request *request);
uint32_t model_credit(const struct sim *sim, const struct sim_handle *handle);
void model_cancelled(struct sim *sim, uint32_t handle, uint64_t tag, int result);
/* The core answered it by itself, from what it knows. */
void model_answered_locally(struct sim *sim, uint32_t serial);
/* With its client: what it holds ends by and by. */
void model_handle_closed(struct sim *sim, uint32_t handle, bool with_client);
/* A TRANSMIT was pulled: whose it is, and whether it may be sent. */
struct sim_transmission *model_transmit(struct sim *sim, const struct core_action *action);
void model_transmit_done(struct sim *sim, struct sim_transmission *transmission, int result);
/* A response is about to be fed. */
void model_received(struct sim *sim, const struct sim_pending *response);
void model_link_lost(struct sim *sim);
void model_time(struct sim *sim);
/* A DELIVER was pulled. Returns its serial, or SIM_ASYNC with the handle. */
uint32_t model_deliver(struct sim *sim, const struct core_deliver *deliver);
void model_deliver_done(struct sim *sim, uint32_t serial, int result);
void model_settled(struct sim *sim);
void model_gone(struct sim *sim);
/* The data with which the world answers a request, completion code first. */
size_t model_answer(uint32_t serial, uint8_t cc, uint8_t *bytes);

/* Where a responder is on the bus. */
static inline uint8_t sim_address(uint8_t responder)
{
	return (uint8_t)(0xB0 + 2 * responder);
}

static inline uint8_t sim_channel(uint8_t responder)
{
	return responder & 1 ? 7 : 0;
}

/* ---- merges.c ---- */
/* Whether a TRANSMIT is a question that several may have asked; it is MERGED then. */
bool merges_transmit(
	struct sim *sim, struct sim_transmission *transmission, const struct ipmb_message *message);
void merges_done(struct sim *sim, const struct sim_transmission *transmission, int result);
void merges_silent(struct sim *sim, const struct sim_transmission *transmission);
/* What the world answers to one; that it does. */
size_t merges_executed(const struct sim_transmission *transmission, uint8_t cc, uint8_t *bytes);
void merges_received(struct sim *sim, const struct sim_transmission *transmission, uint8_t cc);
/* Something changed at the controller, or said so: no answer of before may be given after it. */
void merges_changed(struct sim *sim);
/* A request is given to the link, or what was given is over: whether it changes something. */
void merges_touched(struct sim *sim, uint32_t serial);
/* Whether the request's bytes may be the ones that are lent to the link. */
bool merges_lent(struct sim *sim, uint32_t serial);
/* Its handle closed; of those, how many may still have their slots. */
void merges_gone(struct sim *sim, uint32_t serial);
uint32_t merges_unsure(struct sim *sim);

/* ---- numbers.c ---- */
/* Perhaps it is to carry a number of its own. */
void numbers_draw(struct sim *sim, struct sim_request *request);
void numbers_submitted(struct sim *sim, struct sim_request *request);
uint64_t bus_timeout_ns(const struct sim *sim);
/* The responder let a request time out; it said something. */
void numbers_timed_out(struct sim *sim, uint32_t r);
void numbers_heard(struct sim *sim, uint32_t r);
/* A TRANSMIT carries the number. */
void numbers_take(struct sim *sim, uint32_t serial, uint8_t number);
void numbers_sent(struct sim *sim, const struct sim_request *request);
void numbers_lost(struct sim *sim, struct sim_request *request);
bool numbers_same(const struct sim *sim, uint32_t serial, uint32_t from);
/* Holds the core's list against the model's. */
void numbers_check(struct sim *sim);

/* ---- receive.c ---- */
bool receive_room(const struct sim *sim);
bool receive_registered(const struct sim *sim, uint8_t channel, uint8_t netfn, uint8_t command);
void receive_register(struct sim *sim, const struct core_registration *registration);
/* A request from the bus is about to reach the core. */
void receive_arrived(struct sim *sim, uint8_t channel, const struct ipmb_message *message);
/* A TRANSMIT answers one: in the agent's own name, or its holder's. */
void receive_declined(struct sim *sim, uint8_t channel, const struct ipmb_message *response);
void receive_transmit(
	struct sim *sim, uint32_t serial, uint8_t channel, const struct ipmb_message *response);

/* ---- bridge.c ---- */
/* Answers in the handle's receive message queue. */
uint32_t bridge_waiting(const struct sim *sim, uint32_t handle);
void bridge_flush(struct sim *sim, uint32_t handle);
/* The inner request was answered by its responder. */
void bridge_answered(struct sim *sim, uint32_t serial);
/* Of the handle's requests, how many may be gone unseen. */
uint32_t bridge_unsure(const struct sim *sim, const struct sim_handle *handle);
/* When the next of all these is gone at the latest; TIME_NEVER: there are none. */
uint64_t bridge_unsure_until(const struct sim *sim);
/* Whether so many requests were neither delivered nor abandoned. */
bool bridge_accounts(const struct sim *sim, uint64_t missing);

/* ---- rights.c ---- */
bool rights_forbid(const struct sim *sim, const struct sim_request *request, bool perhaps);
/* Who has the right to receive it, or SIM_NONE; unsure, if that is one who has just left. */
uint32_t rights_receiver(const struct sim *sim, uint8_t channel, const struct ipmb_message *message,
	bool *ret_unsure);
void rights_time(struct sim *sim);
void rights_handle_closed(struct sim *sim, uint32_t handle, bool fades);
void rights_act(struct sim *sim, uint32_t handle);
/* Holds the core's list against the model's. */
void rights_check(struct sim *sim);

/* ---- world.c ---- */
void world_schedule(struct sim *sim, const struct sim_pending *pending);
void world_transmitted(struct sim *sim, const struct sim_transmission *transmission);
/* Lets the nearest thing happen. */
void world_happen(struct sim *sim);
void world_link_up(struct sim *sim);
void world_link_down(struct sim *sim);
void world_forget_old(struct sim *sim);
void world_reset(struct sim *sim);
void world_event(struct sim *sim);
void world_burst(struct sim *sim);
void world_inbound(struct sim *sim);
/* Tells the core when the attention signal changed; whether it did. */
bool world_attention(struct sim *sim);

/* ---- shell.c ---- */
/* Steps the core, which must say `result`. Does not pump. */
void shell_step(struct sim *sim, struct core_event *event, int result);
void shell_pump(struct sim *sim);
void shell_release_transmit(struct sim *sim, uint32_t transmission);
void shell_release_deliver(struct sim *sim, uint32_t client);
void shell_writable(struct sim *sim, uint32_t client);

/* ---- restart.c ---- */
/* Whether there was one: after some there is none any more. */
bool sim_restart(struct sim *sim);

/* ---- driver.c ---- */
/* What any request has, at requests[requests_count]. */
struct sim_request *sim_draw(struct sim *sim, uint32_t handle);
/* Submits what stands there; whether it was accepted, and counts. */
bool sim_submit(struct sim *sim);
/* Everybody comes. */
void sim_arrive(struct sim *sim);
/* One run of so many steps and its end. Fails through sim->failed. */
void sim_run(struct sim *sim, uint32_t steps);
void sim_finish(struct sim *sim);

#endif
