/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Keyboard Controller Style interface (IPMI 2.0 section 9), both of its
 * sides, without any I/O. The host's side says which register it wants touched
 * next, and is told what was read; the controller's side is told what the host
 * did to its registers. Neither waits: time comes in with each call.
 *
 * A message is netFn and LUN in one byte, the command, the data; in a response
 * the completion code comes before the data.
 */
#ifndef VIPMI_IPMI_KCS_H
#define VIPMI_IPMI_KCS_H

#include "base/compat.h"

/* Longest message either way: what Linux' driver takes (IPMI_MAX_MSG_LENGTH). */
#define KCS_MESSAGE_MAX 272
/* netFn and command. */
#define KCS_MESSAGE_MIN 2

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

enum kcs_access {
	KCS_ACCESS_NONE,          /* nothing under way, or waiting for kcs_host_poll */
	KCS_ACCESS_READ_STATUS,   /* read the status register */
	KCS_ACCESS_READ_DATA,     /* read the data register */
	KCS_ACCESS_WRITE_DATA,    /* write `value` to the data register */
	KCS_ACCESS_WRITE_COMMAND, /* write `value` to the command register */
};

enum kcs_outcome {
	KCS_BUSY,     /* under way */
	KCS_RESPONSE, /* the response is there: kcs_host.bytes, .length */
	/* The transfer failed, and the interface is idle again. Whether the request may have been
	 * executed, kcs_host.executed says. */
	KCS_FAILED,
	KCS_DEAD, /* it failed, and the interface could not be brought back */
};

struct kcs_host {
	uint8_t bytes[KCS_MESSAGE_MAX]; /* the request, then the response in its place */
	uint16_t length, position;
	uint8_t step;   /* enum of kcs_host.c */
	uint8_t access; /* enum kcs_access: what is wanted */
	uint8_t value;  /* to be written */
	uint8_t aborts; /* tried in this recovery */
	uint8_t outcome;
	bool waiting;          /* the status showed nothing new: kcs_host_poll */
	bool attention;        /* SMS_ATN, as last seen */
	bool executed;         /* the whole request was handed over: it may have been executed */
	uint64_t execution_ns; /* how long the controller may take from the request's last byte */
	uint64_t until_ns;     /* the handshake under way */
};

void kcs_host_init(struct kcs_host *host);

/*
 * Begins a transfer; call when none is under way (kcs_host_outcome is not
 * KCS_BUSY). `bytes` are copied. -EMSGSIZE: shorter than KCS_MESSAGE_MIN, or
 * longer than KCS_MESSAGE_MAX. `execution_ns` is the patience with the
 * controller once it has the whole request; at least KCS_HANDSHAKE_NS is taken.
 */
int kcs_host_start(struct kcs_host *host, const uint8_t *bytes, size_t length,
	uint64_t execution_ns, uint64_t now_ns);

/* Begins to bring the interface to its idle state, whatever it is in (figure 9-8). The outcome is
 * KCS_FAILED when it is idle. For a start on hardware in an unknown state, and after KCS_DEAD. */
void kcs_host_recover(struct kcs_host *host, uint64_t now_ns);

/* What to do to the registers now, with the byte to write. Const. */
enum kcs_access kcs_host_access(const struct kcs_host *host, uint8_t *ret_value);

/* It was done; `value` is what was read (ignored after a write). */
void kcs_host_done(struct kcs_host *host, uint8_t value, uint64_t now_ns);

/* After KCS_ACCESS_NONE in a transfer: look at the status again. When, is the caller's policy. */
void kcs_host_poll(struct kcs_host *host);

enum kcs_outcome kcs_host_outcome(const struct kcs_host *host);

/* Whether the controller has the whole request, and has begun no response. */
bool kcs_host_executing(const struct kcs_host *host);

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
