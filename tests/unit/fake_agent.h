/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An agent for libvipmi's tests: a thread on a real socket that speaks the
 * protocol and does what the command of a request tells it to. It can be
 * stopped and started again on the same path, like a daemon.
 */
#ifndef VIPMI_TESTS_FAKE_AGENT_H
#define VIPMI_TESTS_FAKE_AGENT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipmi/socket.h"

/* Commands of netFn 2E that the fake obeys; all others answer with their own data. */
enum fake_command {
	FAKE_SILENT = 0xE0,   /* no answer, until it is cancelled */
	FAKE_CRASH = 0xE1,    /* hangs up at once */
	FAKE_LATER = 0xE2,    /* answers after all that came meanwhile, data[0] ms later */
	FAKE_KICK = 0xE3,     /* an administrator ends the connection */
	FAKE_GARBAGE = 0xE4,  /* a record that is no message */
	FAKE_REFUSE = 0xE5,   /* the agent's own answer: data[0] reason, data[1] cc, data[2] sent */
	FAKE_EVENTS = 0xE6,   /* data[0] * 256 + data[1] events, then the answer */
	FAKE_TWICE = 0xE7,    /* two answers */
	FAKE_DEAF = 0xE8,     /* reads nothing for data[0] * 10 ms, then answers unless data[1] */
	FAKE_BUDGET = 0xE9,   /* answers with the request's time in ms, class, target, flags */
	FAKE_WRONG = 0xEA,    /* answers with a DONE */
	FAKE_LOSS = 0xEB,     /* 7 events lost, then the answer */
	FAKE_LONG = 0xEC,     /* an answer with 273 bytes of data */
	FAKE_INCOMING = 0xED, /* a request that is the handle's to answer, then the answer */
};

#define FAKE_CLIENTS_MAX 64
#define FAKE_LATER_MAX 1024
#define FAKE_HANDLES_MAX 1000

struct fake_later {
	int fd;
	uint64_t due_ns;
	struct socket_header header;
	uint8_t data[VIPMI_DATA_MAX];
	size_t length;
};

struct fake_subscription {
	uint8_t from;
	bool exclusive;
	uint64_t number;
	uint8_t boot_id;
	struct socket_clause clauses[VIPMI_CLAUSES_MAX];
	size_t count;
};

struct fake_agent {
	char directory[64];
	char path[96];
	pthread_t thread;
	bool running;
	int listen_fd, stop_fd;

	/* Set before a start. */
	uint16_t credit_max;
	uint16_t version;    /* 0 = the right one */
	bool mute;           /* takes connections, says nothing */
	bool no_hello;       /* says something else instead */
	bool refuse_opens;   /* the table is full */
	bool refuse_clients; /* likewise, for connections */
	bool refuse_events;
	uint32_t holder; /* of an exclusive subscription that is in everybody's way, or 0 */
	/* How often it hangs up right after an OPENED, and instead of a reply to SUBSCRIBE. */
	unsigned int hang_ups_opened, hang_ups_subscribed;
	uint64_t gap; /* what a subscription after a number is told */

	/* The thread's own; others may look once it has stopped. */
	int clients[FAKE_CLIENTS_MAX];
	struct fake_later later[FAKE_LATER_MAX];
	size_t later_count;
	atomic_uint requests;      /* may be looked at any time, as the next two */
	atomic_uint_least64_t set; /* argument of the last NODE_SET */
	atomic_uint reserved_for;  /* handle of the last RESERVE */
	uint32_t opened, closed, cancels, outstanding, outstanding_max, subscribed;
	uint32_t next_handle;
	uint64_t next_event;
	/* The last RESPOND; what the next ones are answered. */
	uint64_t responded;
	uint8_t response_cc, response_sequence, response_lun, response_address;
	uint8_t response_data;
	uint8_t refuse_response; /* enum vipmi_reason */
	uint8_t boot_id;
	char last_name[VIPMI_NAME_MAX + 1];
	uint8_t last_class;
	struct fake_subscription last; /* that was asked for */
	uint32_t unsubscribed;
};

void fake_agent_init(struct fake_agent *agent);
void fake_agent_start(struct fake_agent *agent);
/* Hangs up on everybody. The socket stays behind as after a kill -9. */
void fake_agent_stop(struct fake_agent *agent);
void fake_agent_finish(struct fake_agent *agent);

#endif
