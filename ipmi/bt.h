/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Block Transfer interface (IPMI 2.0 section 11), both of its sides, without any
 * I/O, as ipmi/kcs.h has KCS: the host's side says which register it wants touched
 * next, and is told what was read; the controller's side is told what the host did to
 * its registers. Neither waits: time comes in with each call.
 *
 * On the wire a message has a length and a sequence number besides (figure 11-1), which
 * is how a late response is known for what it is.
 */
#ifndef VIPMI_IPMI_BT_H
#define VIPMI_IPMI_BT_H

#include "ipmi/transfer.h"

/* What the length byte counts, at most. */
#define BT_FRAME_MAX 255
/* In such a frame, beside the sequence number. */
#define BT_MESSAGE_MAX (BT_FRAME_MAX - 1)
#define BT_MESSAGE_MIN TRANSFER_MESSAGE_MIN

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

/* Interrupt mask register (table 11-4). */
enum bt_interrupt {
	BT_INTERRUPT_ENABLE = 0x01, /* for B2H_ATN and SMS_ATN */
	BT_INTERRUPT_CAME = 0x02,   /* cleared by the host's 1 */
};

/* The interface is ready for a request within this time; section 11.6.1 leaves it to the host. As
 * long as KCS is given. */
#define BT_READY_NS (5 * NSEC_PER_SEC_U64)

/* ---- the host's side ---- */

/* Its status register is the control register. Nothing takes longer than BT_READY_NS, but for the
 * execution. */
extern const struct transfer_ops bt_transfer;

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
