/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of libvipmi.
 *
 * One lock guards a connection and everything on it. All reading and writing of
 * the socket happens under it and never blocks; what blocks is a thread that
 * waits for something (struct waiter). Of the threads that wait, one is the
 * reader: it polls the socket with the lock released, and pumps for all. When it
 * has what it wanted it hands the role on. A thread in vipmi_dispatch pumps as
 * well, whenever its event loop says so.
 *
 * What a call sends waits on one of four lists:
 *
 *	handle->held    its handle is not open (yet, or again after a reconnect)
 *	vipmi->held     there is no agent (listings and kicks, which need no handle)
 *	vipmi->outbox   to be written as soon as the socket takes it
 *	vipmi->written  the agent has it; its reply is awaited
 *
 * and a finished request that has a callback, like an event, on vipmi->ready
 * until some thread dispatches.
 */
#ifndef VIPMI_CLIENT_INTERNAL_H
#define VIPMI_CLIENT_INTERNAL_H

#include <pthread.h>
#include <sys/types.h>

#include "base/compat.h"
#include "base/list.h"
#include "ipmi/socket.h"
#include "vipmi/protocol.h"
#include "vipmi/vipmi.h"

/* Records taken from the socket with one system call. */
#define RECEIVE_BATCH 8
/* Batches in one go, so that a flood of messages cannot keep the lock for ever. */
#define RECEIVE_ROUNDS_MAX 32
/* Callbacks in one vipmi_dispatch. */
#define DISPATCH_MAX 64
/* Asynchronous messages kept for a handle whose program does not dispatch (vipmi.h). */
#define EVENTS_KEPT_MAX 1024
/* The agent answers by the request's deadline; one that hangs is given this much more. */
#define GRACE_NS (1 * NSEC_PER_SEC_U64)
/* Pauses between attempts to reach an agent that is away: first, and where doubling stops. */
#define RETRY_MIN_NS (20 * NSEC_PER_MSEC_U64)
#define RETRY_MAX_NS (500 * NSEC_PER_MSEC_U64)
/* Deadlines are looked through at most this often. */
#define EXPIRE_INTERVAL_NS (1 * NSEC_PER_MSEC_U64)
/* Handles by their number on the wire, for events. A power of two. */
#define HANDLE_BUCKETS 64

/* ---- what is sent ---- */

/* Something to be written: part of a call or a handle, so that no allocation can fail on the way.
 */
enum outgoing_kind {
	OUTGOING_CALL,   /* call->out */
	OUTGOING_CANCEL, /* call->cancel */
	OUTGOING_CLOSE,  /* handle->close */
};

struct outgoing {
	struct list_link on_queue; /* handle->held, vipmi->held, vipmi->outbox or vipmi->written */
	enum outgoing_kind kind;
};

/* A callback to be called: part of a call or an event. */
struct ready {
	struct list_link on_ready; /* vipmi->ready */
	struct vipmi_handle *handle;
	bool is_event;
};

enum call_kind {
	CALL_OPEN, /* handle->open */
	CALL_REQUEST,
	CALL_SUBSCRIBE, /* handle->resume, or a call of the program's */
	CALL_RIGHTS,    /* a reservation: of commands, or of sequence numbers */
	CALL_QUERY,
	CALL_CONTROL,
};

enum call_state {
	CALL_IDLE,    /* not under way */
	CALL_HELD,    /* on a `held` list */
	CALL_QUEUED,  /* on the outbox */
	CALL_WRITTEN, /* the agent has it */
	CALL_DONE,
};

/* What a CALL_RIGHTS asks for, on its caller's stack, and what it got. */
struct rights {
	uint8_t type;    /* VIPMI_MESSAGE_RESERVE, ... */
	uint32_t handle; /* whose, if it is none of this connection's; else 0 */
	const struct vipmi_right *list;
	size_t count;
	uint32_t lease_ms;
	uint32_t virtual_client;
	uint8_t channel, address, numbers_count;
	uint64_t numbers;
	struct vipmi_holder *holder; /* filled in when somebody is in the way; or NULL */
};

/* What a CALL_SUBSCRIBE asks for, and what it got: on its caller's stack, then the handle's. */
struct subscription {
	struct vipmi_clause clauses[VIPMI_CLAUSES_MAX];
	uint8_t count; /* of them; 0: the default kinds */
	bool exclusive;
	uint8_t start; /* enum vipmi_start */
	/* START_AFTER. In force: the last message that the handle had or lost, and of which agent,
	 * for the next reconnect. */
	uint8_t boot_id[16];
	uint64_t number;
	uint64_t next, gap;
	uint32_t holder;
};

/* A REQUEST that is in truth a RESPOND: to which message, and what else it says. */
struct response {
	uint64_t number; /* 0: it is none */
	uint8_t lun, sequence, cc;
};

/* A message of ours that gets exactly one reply (a QUERY: rows and an end). On its caller's stack,
 * inside its handle, or, where it has a callback, allocated with the request's data behind it. */
struct call {
	struct outgoing out;
	struct outgoing cancel;
	struct ready ready;         /* allocated calls, once done */
	struct list_link on_handle; /* handle->calls; what the program asks of it */
	struct list_link rows;      /* QUERY: struct row, not yet taken by the caller */
	enum call_kind kind;
	enum call_state state;
	struct vipmi_handle *handle;       /* NULL: QUERY, CONTROL, RIGHTS for another's */
	uint64_t tag;                      /* in vipmi->calls while under way */
	uint64_t deadline_ns;              /* requests; else TIME_NEVER: the waiter's counts */
	struct waiter *waiter;             /* the thread that blocks for it, or NULL */
	struct vipmi_request request;      /* REQUEST */
	struct response response;          /* REQUEST, if it is the answer to one */
	struct rights *rights;             /* RIGHTS */
	struct subscription *subscription; /* SUBSCRIBE; NULL: to end it */
	uint8_t verb;                      /* CONTROL: enum vipmi_control */
	uint64_t argument;                 /* CONTROL: whom or what; afterwards what was made */
	const char *object;                /* QUERY; CONTROL: a name, or NULL */
	void (*done)(void *context, const struct vipmi_answer *answer);
	void *context;
	int error;                  /* of everything but REQUEST */
	char text[160];             /* what the agent said about it */
	struct vipmi_answer answer; /* REQUEST */
};

struct row {
	struct list_link on_rows; /* call->rows */
	size_t length;
	uint8_t bytes[]; /* the message */
};

struct event_node {
	struct ready ready;
	struct vipmi_event event;
};

/* ---- tags ---- */

struct call_slot {
	struct call *call;
	uint32_t generation;
	uint32_t free; /* index of the next free slot; CALL_SLOT_NONE ends the list */
};

#define CALL_SLOT_NONE UINT32_MAX

/* Calls under way by tag: slot plus generation, so that a late reply meets nobody. */
struct call_table {
	struct call_slot *slots;
	uint32_t length, free;
};

void call_table_init(struct call_table *table);
void call_table_finish(struct call_table *table);
int call_table_add(struct call_table *table, struct call *call, uint64_t *ret_tag);
struct call *call_table_find(const struct call_table *table, uint64_t tag);
void call_table_remove(struct call_table *table, uint64_t tag);

/* ---- the connection ---- */

enum connection_state {
	CONNECTION_DOWN,     /* the agent is away; looked for again at retry_ns */
	CONNECTION_GREETING, /* our hello is written, the agent's awaited until retry_ns */
	CONNECTION_UP,
	CONNECTION_ENDED, /* for good; `error` says why */
};

struct vipmi {
	pthread_mutex_t lock;
	pid_t pid;           /* whose connection it is */
	uint64_t timeout_ns; /* of open, query, kick */

	enum connection_state state;
	int fd;             /* the socket or device; -1 while down */
	uint32_t fd_number; /* how often `fd` was opened: descriptors' numbers repeat */
	bool device;        /* read and write, not send and receive */
	bool full;          /* the socket takes no more for now: POLLOUT says when */
	bool receiving;     /* what is sent meanwhile waits for the pump: the buffer is in use */
	uint64_t retry_ns, pause_ns;
	struct waiter *greeter; /* vipmi_connect, or NULL */
	int error;              /* why it is down, or ended */
	char text[256];         /* a line about that */
	struct vipmi_info info;

	struct call_table calls;
	struct list_link handles;                 /* struct vipmi_handle, the program's */
	struct list_link closing;                 /* struct vipmi_handle, the agent not told yet */
	struct list_link numbers[HANDLE_BUCKETS]; /* struct vipmi_handle, by number */
	struct list_link held, outbox, written;   /* struct outgoing */
	struct list_link ready;                   /* struct ready */
	uint64_t alarm_ns;                        /* no request's deadline is earlier */

	struct list_link followers; /* struct waiter */
	struct waiter *reader;      /* the thread that polls, or NULL */
	uint64_t reader_due_ns;     /* what it polls for, and until when */
	uint32_t reader_fd_number;
	bool reader_full;
	int wake_fd; /* eventfd: gets the reader out of its poll */
	bool woken;  /* it is set */

	int loop_fd; /* epoll of socket and timer; -1 until somebody asks for it */
	int timer_fd;
	uint64_t armed_ns; /* what the timer is set to; TIME_NEVER: nothing */
	bool loop_has_fd;  /* the socket is in it */
	bool loop_full;    /* and POLLOUT is asked for */
	bool told;         /* vipmi_dispatch has said that the connection ended */

	uint8_t buffer[RECEIVE_BATCH][VIPMI_MESSAGE_MAX];
};

enum handle_state {
	HANDLE_OPENING, /* `open` is under way, or will be when the agent is back */
	HANDLE_OPEN,
	HANDLE_REFUSED, /* the agent said no; the next request asks again */
};

struct vipmi_handle {
	struct vipmi *vipmi;
	struct list_link on_handles; /* vipmi->handles or vipmi->closing */
	struct list_link on_number;  /* vipmi->numbers, while open */
	struct list_link held;       /* struct outgoing */
	struct list_link calls;      /* struct call: what the program asks, under way */
	struct list_link credit;     /* struct waiter: threads that wait for credit, in order */
	struct call open;
	struct call resume; /* a CALL_SUBSCRIBE: what a reconnect switched off */
	struct outgoing close;
	enum handle_state state;
	bool closed;          /* by the program: freed once the agent knows, or is gone */
	uint32_t number;      /* on the wire, while open */
	uint32_t outstanding; /* requests under way, against info.credit_max */
	uint32_t references;  /* one of its own, one of each thread that waits for credit */
	uint8_t urgency;
	char name[VIPMI_NAME_MAX + 1];

	bool subscribed; /* the agent agreed to deliver messages: */
	struct subscription subscription;
	uint32_t events_kept;    /* on vipmi->ready */
	struct event_node *loss; /* the last of them, if it is a notice that counts on */
	void (*received)(void *context, const struct vipmi_event *event);
	void (*requested)(void *context, const struct vipmi_event *request);
	void *requested_context;
	void *context;
};

/* ---- connection.c ---- */

/* The lock, if the connection is this process's: 0 or -ECHILD. */
int connection_lock(struct vipmi *vipmi);
/* Tells reader and event loop what has changed, then unlocks. */
void connection_unlock(struct vipmi *vipmi);
/* 0, or why no new call can be taken up, with the thread's error text set. */
int connection_ended(const struct vipmi *vipmi);
/* Everything that can be done now: reconnect, receive, write, expire. */
void connection_pump(struct vipmi *vipmi);
/* The agent went away; it is looked for again. */
void connection_drop(struct vipmi *vipmi, int error, const char *text);
/* The connection is over for good: everything under way ends with `error`. */
void connection_end(struct vipmi *vipmi, enum vipmi_reason reason, int error, const char *text);
/* The agent's hello: whether it was one, handles are opened again. */
void connection_greeted(struct vipmi *vipmi, const struct socket_message *message);
/* When to pump at the latest. */
uint64_t connection_due_ns(const struct vipmi *vipmi);

/* ---- traffic.c ---- */

/* Both may find that the agent is gone, and drop the connection. */
void traffic_receive(struct vipmi *vipmi);
void traffic_transmit(struct vipmi *vipmi);
/* Queues something and writes what the socket takes. */
void traffic_send(struct vipmi *vipmi, struct outgoing *outgoing);
/* Our hello, past the outbox. 0 or a negative errno. */
int traffic_greet(struct vipmi *vipmi);

/* ---- call.c ---- */

void call_init(struct call *call, enum call_kind kind, struct vipmi_handle *handle);
/* Gives it a tag and sends it, or holds it back until it can be sent. 0 or -ENOMEM. */
int call_start(struct vipmi *vipmi, struct call *call);
/* The right to one request more goes to the thread that has waited longest. */
void credit_return(struct vipmi *vipmi, struct vipmi_handle *handle);
/* Takes it off everything and tells whoever waits for it. */
void call_finish(struct vipmi *vipmi, struct call *call);
/* The same, for a reason of our own: fills in error and, for a request, the answer. `text` may be
 * NULL. */
void call_fail(struct vipmi *vipmi, struct call *call, enum vipmi_reason reason, int error,
	const char *text);
/* A reply to it arrived. */
void call_reply(struct vipmi *vipmi, struct call *call, const struct socket_message *message);
/* Ends the requests whose time is over, and sets the next alarm. */
void call_expire(struct vipmi *vipmi, uint64_t now_ns);
/* Blocks for a call without a deadline of its own, at most the connection's time-out. */
int call_wait(struct vipmi *vipmi, struct call *call);
/* The answer to a request that does not get one from anybody else. */
void answer_fail(struct call *call, enum vipmi_reason reason, int error, const char *text);

/* ---- handle.c ---- */

void handle_send_open(struct vipmi_handle *handle);
void handle_opened(struct vipmi_handle *handle, const struct socket_message *message);
/* No: what waits for the handle ends. The next request asks again. */
void handle_refused(
	struct vipmi_handle *handle, enum vipmi_reason reason, int error, const char *text);
/* The agent is gone, and with it what it knew of the handle. */
void handle_lost(struct vipmi_handle *handle);
/* The CLOSE is written, or nobody is there any more to be told: off everything, and freed unless a
 * thread is still on its way out of the wait for credit. */
void handle_free(struct vipmi_handle *handle);
void handle_release(struct vipmi_handle *handle);
/* A message for the program, to be filled in; NULL: no memory. */
struct event_node *event_keep(struct vipmi_handle *handle);
/* Keeps a notice of lost messages for the program; `next` is the number of the next one. */
void event_loss(struct vipmi_handle *handle, uint64_t lost, uint64_t next);
void handle_event(struct vipmi *vipmi, const struct socket_message *message);
/* Takes what waits to be called back for this handle: events are dropped; requests are collected,
 * or, where `requests` is NULL, stay. */
void handle_take_ready(struct vipmi_handle *handle, struct list_link *requests);
/* Ends everything on it; what has a callback goes to `ready`. */
void handle_cancel_all(struct vipmi_handle *handle, struct list_link *ready);

/* ---- loop.c ---- */

/* Sets the event loop's descriptor to what the connection waits for, if there is one. */
void loop_update(struct vipmi *vipmi);
/* Before `fd` is closed. */
void loop_forget(struct vipmi *vipmi);
/* Calls the callbacks of requests, and frees them; the lock is not held. */
void call_back_all(struct list_link *ready);

/* ---- waiter.c ---- */

/* A blocked thread. On its stack. */
struct waiter {
	struct list_link on_followers; /* vipmi->followers */
	struct list_link on_credit;    /* handle->credit */
	pthread_cond_t wakeup;
	uint64_t deadline_ns;
	bool done;
};

void waiter_init(struct waiter *waiter, uint64_t deadline_ns);
void waiter_finish(struct waiter *waiter);
/* Blocks, with the lock released meanwhile, until `done`: 0; or until its deadline: -ETIMEDOUT. */
int waiter_wait(struct vipmi *vipmi, struct waiter *waiter);
void waiter_wake(struct vipmi *vipmi, struct waiter *waiter);
/* Gets the reader out of its poll if what it polls for is no longer right. */
void waiter_update_reader(struct vipmi *vipmi);

uint64_t clock_now_ns(void);

/* ---- text.c ---- */

/* Sets the thread's error text and returns `error`. */
int text_fail(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Copies at most `size` - 1 bytes, and ends them. */
void text_copy(char *destination, size_t size, const void *text, size_t length);
/* 0 for VIPMI_REASON_NONE. */
int text_reason_error(uint8_t reason);
/* Sets the thread's error text about a request that failed. */
void text_fail_request(const struct vipmi *vipmi, const struct call *call);

/* Copies an option structure that may be older (the rest is zero) or newer (what we do not know
 * must be zero) than ours. -EINVAL, -E2BIG. */
int options_copy(void *destination, size_t size, const void *source);

/* ---- subscribe.c ---- */

/* Writes a CALL_SUBSCRIBE; takes what its reply says. */
void subscription_put(struct writer *writer, const struct call *call);
void subscription_done(
	struct vipmi *vipmi, struct call *call, const struct socket_message *message);
/* The handle is open again: it goes on where it was, if it was subscribed. */
void subscription_resume(struct vipmi_handle *handle);
/* The handle's subscription, if it has one, is over, and the program is told. */
void subscription_end(struct vipmi_handle *handle, int error, uint32_t holder);

/* ---- rights.c ---- */

/* Writes a CALL_RIGHTS; takes what its reply says. */
void rights_put(struct writer *writer, const struct call *call);
void rights_done(struct call *call, const struct socket_message *message);

#endif
