/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the host's sides of KCS (ipmi/kcs.h) and BT (ipmi/bt.h) have in common: a
 * request goes out and its response comes back by way of two registers, a status and
 * a data register. Which is to be touched next, and how it ended, stands here.
 */
#ifndef VIPMI_IPMI_TRANSFER_H
#define VIPMI_IPMI_TRANSFER_H

#include "base/compat.h"

/* Longest message either way: what Linux' driver takes (IPMI_MAX_MSG_LENGTH). */
#define TRANSFER_MESSAGE_MAX 272
/* netFn and command. */
#define TRANSFER_MESSAGE_MIN 2

enum transfer_access {
	TRANSFER_NOTHING, /* nothing under way, or waiting for transfer_poll */
	TRANSFER_READ_STATUS,
	TRANSFER_READ_DATA,
	TRANSFER_WRITE_DATA,    /* write `value` to the data register */
	TRANSFER_WRITE_COMMAND, /* write `value` where the status is read */
};

enum transfer_outcome {
	TRANSFER_BUSY,     /* under way */
	TRANSFER_RESPONSE, /* the response is there: bytes, length */
	/* The transfer failed, and the interface is idle again. Whether the request may have been
	 * executed, `executed` says. */
	TRANSFER_FAILED,
	TRANSFER_DEAD, /* it failed, and the interface could not be brought back */
};

struct transfer {
	uint8_t bytes[TRANSFER_MESSAGE_MAX]; /* the request, then the response in its place */
	uint16_t length, position;
	uint8_t step;     /* enum of whose it is */
	uint8_t access;   /* enum transfer_access: what is wanted */
	uint8_t value;    /* to be written */
	uint8_t outcome;  /* enum transfer_outcome */
	uint8_t attempts; /* to bring the interface back, in this recovery */
	/* BT alone: the request's sequence number, the one in the frame that is being read, and how
	 * many bytes that has. */
	uint8_t sequence, answered, expected;
	/* BT alone: what was cleared and has not been seen clear since, and how many responses to
	 * others came in this transfer. */
	uint8_t cleared, strangers;
	bool waiting;          /* the status showed nothing new: transfer_poll */
	bool attention;        /* SMS_ATN, as last seen; since it was told, where it is cleared */
	bool executed;         /* the request was handed over: it may have been executed */
	uint64_t execution_ns; /* how long the controller may take once it has the request */
	uint64_t until_ns;     /* the wait under way */
};

/* One for each kind of interface. */
struct transfer_ops {
	const char *name;
	uint16_t message_max;
	/* Where the registers are, in units of their spacing, and how many there are. */
	uint8_t status_register, data_register, registers;
	uint8_t attention; /* SMS_ATN's bit in the status */
	/* Writing it to the status clears it; else the controller does, when there is nothing left
	 * to fetch. */
	bool attention_is_cleared;
	/* The register for the interface's interrupt, and what is written to it: to have one, and
	 * to have it gone once it was seen. 0: there is no such register, as with KCS. */
	uint8_t interrupt_register, interrupt_enable, interrupt_clear;
	/*
	 * Begins a transfer; call when none is under way. `bytes` are copied. -EMSGSIZE: shorter
	 * than TRANSFER_MESSAGE_MIN, or longer than message_max. `execution_ns` is the patience
	 * with the controller once it has the whole request; what the other steps are given is
	 * taken at least.
	 */
	int (*start)(struct transfer *transfer, const uint8_t *bytes, size_t length,
		uint64_t execution_ns, uint64_t now_ns);
	/* Begins to bring the interface to its idle state, whatever it is in. The outcome is
	 * TRANSFER_FAILED when it is idle. For a start on hardware in an unknown state, and after
	 * TRANSFER_DEAD. */
	void (*recover)(struct transfer *transfer, uint64_t now_ns);
	/* What transfer_access said was done; `value` is what was read (ignored after a write). */
	void (*done)(struct transfer *transfer, uint8_t value, uint64_t now_ns);
	/* Whether the controller has the whole request, and has begun no response. */
	bool (*executing)(const struct transfer *transfer);
};

static inline void transfer_init(struct transfer *transfer)
{
	*transfer = (struct transfer){.outcome = TRANSFER_FAILED};
}

/* What to do to the registers now, with the byte to write. */
static inline enum transfer_access transfer_access(
	const struct transfer *transfer, uint8_t *ret_value)
{
	if (transfer->waiting) {
		return TRANSFER_NOTHING;
	}
	*ret_value = transfer->value;
	return (enum transfer_access)transfer->access;
}

/* After TRANSFER_NOTHING in a transfer: look at the status again. When, is the caller's policy. */
static inline void transfer_poll(struct transfer *transfer)
{
	transfer->waiting = false;
}

static inline enum transfer_outcome transfer_outcome(const struct transfer *transfer)
{
	return (enum transfer_outcome)transfer->outcome;
}

#endif
