/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An agent for the shim's tests: a thread that speaks the protocol on a socket in
 * a scratch folder and answers as the command of each request says; and what a
 * program does with the device.
 */
#ifndef VIPMI_TESTS_SHIM_AGENT_H
#define VIPMI_TESTS_SHIM_AGENT_H

#include <poll.h>
#include <pthread.h>

#include "client/shim/shim.h"
#include "ipmi/socket.h"

#define HANDLE 0x00010007u
#define CONNECTIONS_MAX 64
#define RIGHTS_MAX 64

/* What the agent does with a request, by its command. */
enum {
	CMD_ECHO = 0x01,         /* its data, and cc 00 */
	CMD_LONG = 0x02,         /* 40 bytes */
	CMD_NOISE = 0x03,        /* a LOSS and a DONE first */
	CMD_SILENT = 0x04,       /* nothing */
	CMD_HANG_UP = 0x05,      /* closes the connection */
	CMD_EVENT = 0x06,        /* an event, then the answer */
	CMD_REFUSE = 0x07,       /* cc D3, said by the agent */
	CMD_INBOUND = 0x08,      /* a request 30/41 from address 52h, then the answer; it is the
				  * program's if somebody holds the right to it */
	CMD_CHANNEL_INFO = 0x42, /* channel 7 is an IPMB, all others are LANs */
};

struct shim_agent {
	char folder[64], path[96];
	int listener, stop[2];
	pthread_t thread;
	struct pollfd polls[CONNECTIONS_MAX + 2];
	/* How it greets, and what it saw last. */
	uint8_t refuse_reason;
	bool refuse_connection;
	unsigned opens, questions;
	struct socket_header last;
	uint8_t last_channel, last_address;
	bool last_had_target;
	uint32_t last_option;
	char last_name[VIPMI_NAME_MAX + 1];
	/* Rights to receive that it granted; all opens have the one handle. */
	struct socket_command rights[RIGHTS_MAX];
	size_t rights_count;
	uint8_t refuse_rights; /* enum vipmi_reason */
	uint8_t last_requester_lun, last_sequence;
	uint8_t last_data[4];
	size_t last_length;
};

extern struct shim_agent agent;

/* cmocka's setup and teardown: a fresh agent for each test, VIPMI_TARGET names it. */
int agent_start(void **state);
int agent_stop(void **state);

#define WITH_AGENT(test) cmocka_unit_test_setup_teardown(test, agent_start, agent_stop)

/* ---- the program's side ---- */

struct inbox {
	struct ipmi_recv recv;
	struct ipmi_addr addr;
	uint8_t data[300];
};

extern struct ipmi_system_interface_addr controller;

int open_device(void);
/* An ioctl call; 0 or a negative errno. */
int call(int fd, unsigned long request, void *argument);
/* SEND_COMMAND with netFn App and msgid -5. */
int submit(
	int fd, void *addr, unsigned addr_length, uint8_t command, const void *data, size_t length);
/* The same, to the controller, with two bytes. */
int submit_command(int fd, uint8_t command);
bool readable(int fd, int timeout_ms);
void inbox_init(struct inbox *inbox);
/* Waits for a message and takes it with RECEIVE_MSG_TRUNC. */
int receive(int fd, struct inbox *inbox);
/* Waits until something can be read, which stays. */
void agent_settle(int fd);

#endif
