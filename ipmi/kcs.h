/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Keyboard Controller Style interface (IPMI 2.0 section 9), both of its
 * sides, without any I/O. The host's side says which register it wants touched
 * next, and is told what was read (ipmi/transfer.h); the controller's side is told
 * what the host did to its registers. Neither waits: time comes in with each call.
 */
#ifndef VIPMI_IPMI_KCS_H
#define VIPMI_IPMI_KCS_H

#include "ipmi/transfer.h"

#define KCS_MESSAGE_MAX TRANSFER_MESSAGE_MAX
#define KCS_MESSAGE_MIN TRANSFER_MESSAGE_MIN

/* Status register (table 9-1). */
enum kcs_status {
	KCS_STATUS_OBF = 0x01,       /* the controller left a byte; the host's read clears it */
	KCS_STATUS_IBF = 0x02,       /* the host left a byte; it must not write another one */
	KCS_STATUS_ATTENTION = 0x04, /* SMS_ATN */
	KCS_STATUS_COMMAND = 0x08,   /* the host's byte is a control code */
	KCS_STATUS_STATE = 0xC0,
};

enum kcs_state { KCS_IDLE = 0x00, KCS_READ = 0x40, KCS_WRITE = 0x80, KCS_ERROR = 0xC0 };

/* Control codes (table 9-3); READ goes to the data register. */
enum kcs_code {
	KCS_CODE_ABORT = 0x60,
	KCS_CODE_WRITE_START = 0x61,
	KCS_CODE_WRITE_END = 0x62,
	KCS_CODE_READ = 0x68,
};

/* Error status codes (table 9-4). */
enum kcs_error {
	KCS_ERROR_NONE = 0x00,
	KCS_ERROR_ABORTED = 0x01,
	KCS_ERROR_ILLEGAL = 0x02,
	KCS_ERROR_LENGTH = 0x06,
	KCS_ERROR_UNSPECIFIED = 0xFF,
};

/* No handshake takes longer, the one in which the request is executed apart: section 9.12 allows
 * 5 s for IBF and OBF. */
#define KCS_HANDSHAKE_NS (5 * NSEC_PER_SEC_U64)
/* Tries to bring an interface in a wrong state back (section 9.13, figure 9-8: a few). */
#define KCS_ABORTS_MAX 3

/* ---- the host's side ---- */

/* Figures 9-6 (write), 9-7 (read) and 9-8 (errors). Every step that waits takes KCS_HANDSHAKE_NS at
 * most, but for the execution. */
extern const struct transfer_ops kcs_transfer;

/* ---- the controller's side ---- */

struct kcs_controller {
	uint8_t bytes[KCS_MESSAGE_MAX]; /* the request as it comes, then the response */
	uint16_t length, position;
	uint8_t status, data_out, data_in;
	uint8_t error; /* enum kcs_error of the last transfer */
	uint8_t step;  /* enum of kcs_controller.c */
	bool ready;    /* a whole request lies in `bytes` */
};

void kcs_controller_init(struct kcs_controller *controller);

/* What the host does. Reading the data register clears OBF. */
uint8_t kcs_controller_read_status(const struct kcs_controller *controller);
uint8_t kcs_controller_read_data(struct kcs_controller *controller);
void kcs_controller_write_data(struct kcs_controller *controller, uint8_t value);
void kcs_controller_write_command(struct kcs_controller *controller, uint8_t value);

/* Lets the controller take the byte that the host left (IBF). A whole request is in `bytes` when
 * `ready` is set then; answer it with kcs_controller_respond. */
void kcs_controller_run(struct kcs_controller *controller);

/* Answers the request; ignored when the host has aborted it meanwhile. -EMSGSIZE: too long. */
int kcs_controller_respond(struct kcs_controller *controller, const uint8_t *bytes, size_t length);

void kcs_controller_attention(struct kcs_controller *controller, bool asserted);

#endif
