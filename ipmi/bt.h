/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Block Transfer interface (IPMI 2.0 section 11), both of its sides, without any
 * I/O, as ipmi/kcs.h has KCS: the host's side says which register it wants touched
 * next, and is told what was read; the controller's side is told what the host did to
 * its registers. Neither waits: time comes in with each call.
 *
 * A message is netFn and LUN in one byte, the command, the data; in a response the
 * completion code comes before the data. On the wire a length and a sequence number
 * are added (figure 11-1), which is how a late response is known for what it is.
 */
#ifndef VIPMI_IPMI_BT_H
#define VIPMI_IPMI_BT_H

#include "base/compat.h"

/* What the length byte counts, at most. */
#define BT_FRAME_MAX 255
/* In such a frame, beside the sequence number. */
#define BT_MESSAGE_MAX (BT_FRAME_MAX - 1)
/* netFn and command. */
#define BT_MESSAGE_MIN 2

/* Control register (table 11-3). Writing 0 to a bit does nothing. */
enum bt_control {
	BT_CONTROL_CLEAR_WRITE = 0x01, /* 1: the next byte written is a frame's first */
	BT_CONTROL_CLEAR_READ = 0x02,  /* 1: the next byte read is */
	BT_CONTROL_H2B = 0x04,         /* a request is there; set by the host's 1 */
	BT_CONTROL_B2H = 0x08,         /* a response is; cleared by the host's 1 */
	BT_CONTROL_ATTENTION = 0x10,   /* SMS_ATN; likewise */
	BT_CONTROL_HOST_BUSY = 0x40,   /* the host reads; turned over by its 1 */
	BT_CONTROL_BUSY = 0x80,        /* the controller takes no request */
};

/* The interface is ready for a request within this time; section 11.6.1 leaves it to the host. As
 * long as KCS is given. */
#define BT_READY_NS (5 * NSEC_PER_SEC_U64)

/* ---- the host's side ---- */

enum bt_access {
	BT_ACCESS_NONE,          /* nothing under way, or waiting for bt_host_poll */
	BT_ACCESS_READ_CONTROL,  /* read the control register */
	BT_ACCESS_READ_DATA,     /* read the data register */
	BT_ACCESS_WRITE_DATA,    /* write `value` to the data register */
	BT_ACCESS_WRITE_CONTROL, /* write `value` to the control register */
};

enum bt_outcome {
	BT_UNDER_WAY,
	BT_RESPONSE, /* the response is there: bt_host.bytes, .length */
	/* It failed, and the interface is idle again. Whether the request may have been executed,
	 * bt_host.executed says. */
	BT_FAILED,
	BT_DEAD, /* it failed, and the interface does not become idle */
};

struct bt_host {
	uint8_t bytes[BT_MESSAGE_MAX]; /* the request, then the response in its place */
	uint16_t length, position;
	uint16_t expected; /* bytes of the frame that is being read */
	uint8_t sequence;  /* of the request */
	uint8_t answered;  /* of the frame that is being read */
	uint8_t step;      /* enum of bt_host.c */
	uint8_t access;    /* enum bt_access: what is wanted */
	uint8_t value;     /* to be written */
	uint8_t outcome;
	bool recovering;       /* the outcome is BT_FAILED when it is idle */
	bool waiting;          /* the control register showed nothing new: bt_host_poll */
	bool attention;        /* SMS_ATN, as last seen */
	bool executed;         /* the request was handed over: it may have been executed */
	uint64_t execution_ns; /* how long the controller may take */
	uint64_t until_ns;     /* the wait under way */
};

void bt_host_init(struct bt_host *host);

/* As kcs_host_start. -EMSGSIZE: shorter than BT_MESSAGE_MIN, or longer than BT_MESSAGE_MAX. */
int bt_host_start(struct bt_host *host, const uint8_t *bytes, size_t length, uint64_t execution_ns,
	uint64_t now_ns);

/* Begins to bring the interface to its idle state; what lies there is thrown away. The outcome is
 * BT_FAILED when it is idle. */
void bt_host_recover(struct bt_host *host, uint64_t now_ns);

/* What to do to the registers now, with the byte to write. Const. */
enum bt_access bt_host_access(const struct bt_host *host, uint8_t *ret_value);

/* It was done; `value` is what was read (ignored after a write). */
void bt_host_done(struct bt_host *host, uint8_t value, uint64_t now_ns);

/* After BT_ACCESS_NONE in a transfer: look again. When, is the caller's policy. */
void bt_host_poll(struct bt_host *host);

enum bt_outcome bt_host_outcome(const struct bt_host *host);

/* Whether the controller has the request, and has begun no response. */
bool bt_host_executing(const struct bt_host *host);

/* ---- the controller's side ---- */

struct bt_controller {
	uint8_t bytes[BT_MESSAGE_MAX]; /* the request */
	uint16_t length;
	uint8_t in[1 + BT_FRAME_MAX], out[1 + BT_FRAME_MAX]; /* as the host writes and reads */
	uint16_t in_position, out_position;
	uint8_t control;
	uint8_t sequence; /* of the request */
	bool ready;       /* a whole request lies in `bytes` */
};

void bt_controller_init(struct bt_controller *controller);

/* What the host does. */
uint8_t bt_controller_read_control(const struct bt_controller *controller);
uint8_t bt_controller_read_data(struct bt_controller *controller);
void bt_controller_write_data(struct bt_controller *controller, uint8_t value);
void bt_controller_write_control(struct bt_controller *controller, uint8_t value);

/* Lets the controller take the request that the host left. One is in `bytes` when `ready` is set
 * then; answer it with bt_controller_respond. A frame that is none is dropped. */
void bt_controller_run(struct bt_controller *controller);

/* Answers the request. -EMSGSIZE: too long; -EAGAIN: the host has not taken the last response. */
int bt_controller_respond(struct bt_controller *controller, const uint8_t *bytes, size_t length);

void bt_controller_attention(struct bt_controller *controller, bool asserted);

#endif
