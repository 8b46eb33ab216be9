/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's side of KCS: IPMI 2.0 figures 9-6 (write), 9-7 (read) and 9-8
 * (errors) as one table of steps. Each step waits until the controller has taken
 * the last byte (IBF clear), looks at the state it is in, empties the data
 * register, and writes the next byte.
 */
#include "ipmi/kcs.h"

enum step {
	STEP_NONE,
	STEP_BEGIN,        /* nothing written yet */
	STEP_WRITE,        /* WRITE_START or a byte of the request was written */
	STEP_LAST,         /* WRITE_END was */
	STEP_READ,         /* the last byte was, or READ */
	STEP_ABORT,        /* an error was seen: nothing written since */
	STEP_ABORT_DATA,   /* ABORT was written */
	STEP_ABORT_STATUS, /* 00 was, which asks for the error status */
	STEP_ABORT_END,    /* READ was */
};

static void await(struct transfer *host, enum step step, uint64_t patience_ns, uint64_t now_ns)
{
	host->step = (uint8_t)step;
	host->access = TRANSFER_READ_STATUS;
	host->waiting = false;
	host->until_ns = now_ns + patience_ns;
}

static void finish(struct transfer *host, enum transfer_outcome outcome)
{
	host->step = STEP_NONE;
	host->access = TRANSFER_NOTHING;
	host->waiting = false;
	host->outcome = (uint8_t)outcome;
}

static void write_byte(struct transfer *host, enum transfer_access where, uint8_t value)
{
	host->access = (uint8_t)where;
	host->value = value;
}

/* Section 9.13: after an error the host aborts, asks why, and the interface is idle again. */
static void fail(struct transfer *host, uint64_t now_ns)
{
	if (host->attempts == KCS_ABORTS_MAX) {
		finish(host, TRANSFER_DEAD);
		return;
	}
	host->attempts++;
	await(host, STEP_ABORT, KCS_HANDSHAKE_NS, now_ns);
}

static int kcs_start(struct transfer *host, const uint8_t *bytes, size_t length,
	uint64_t execution_ns, uint64_t now_ns)
{
	if (length < KCS_MESSAGE_MIN || length > KCS_MESSAGE_MAX) {
		return -EMSGSIZE;
	}
	memcpy(host->bytes, bytes, length);
	host->length = (uint16_t)length;
	host->position = 0;
	host->attempts = 0;
	host->executed = false;
	host->execution_ns = execution_ns > KCS_HANDSHAKE_NS ? execution_ns : KCS_HANDSHAKE_NS;
	host->outcome = TRANSFER_BUSY;
	await(host, STEP_BEGIN, KCS_HANDSHAKE_NS, now_ns);
	return 0;
}

static void kcs_recover(struct transfer *host, uint64_t now_ns)
{
	host->attempts = 0;
	host->executed = false;
	host->outcome = TRANSFER_BUSY;
	fail(host, now_ns);
}

static bool kcs_executing(const struct transfer *host)
{
	return host->step == STEP_READ && host->position == 0;
}

/* The controller is ready for the step's next byte, and the data register is empty. */
static void proceed(struct transfer *host)
{
	switch (host->step) {
	case STEP_BEGIN:
		write_byte(host, TRANSFER_WRITE_COMMAND, KCS_CODE_WRITE_START);
		break;
	case STEP_WRITE:
		if (host->position + 1 < host->length) {
			write_byte(host, TRANSFER_WRITE_DATA, host->bytes[host->position]);
		} else {
			write_byte(host, TRANSFER_WRITE_COMMAND, KCS_CODE_WRITE_END);
		}
		break;
	case STEP_LAST:
		write_byte(host, TRANSFER_WRITE_DATA, host->bytes[host->position]);
		break;
	case STEP_READ: /* idle again: the byte read was a dummy */
		host->length = host->position;
		finish(host, TRANSFER_RESPONSE);
		break;
	case STEP_ABORT:
		write_byte(host, TRANSFER_WRITE_COMMAND, KCS_CODE_ABORT);
		break;
	case STEP_ABORT_DATA:
		write_byte(host, TRANSFER_WRITE_DATA, 0);
		break;
	case STEP_ABORT_END:
		finish(host, TRANSFER_FAILED);
		break;
	default:
		break;
	}
}

/* Whether the controller is in a state that the step can go on from. */
static bool state_fits(const struct transfer *host, uint8_t state)
{
	switch (host->step) {
	case STEP_WRITE:
	case STEP_LAST:
		return state == KCS_WRITE;
	case STEP_READ:
		return state == KCS_READ || state == KCS_IDLE;
	case STEP_ABORT_STATUS:
		return state == KCS_READ;
	case STEP_ABORT_END:
		return state == KCS_IDLE;
	default:
		return true; /* STEP_BEGIN, too: WRITE_START is taken in every state */
	}
}

static void status_seen(struct transfer *host, uint8_t status, uint64_t now_ns)
{
	uint8_t state = status & KCS_STATUS_STATE;
	/* A byte for us, that is; in the other steps whatever lies there is thrown away. */
	bool reading =
		(host->step == STEP_READ && state == KCS_READ) || host->step == STEP_ABORT_STATUS;

	host->attention = status & KCS_STATUS_ATTENTION;
	if (!(status & KCS_STATUS_IBF) && !state_fits(host, state)) {
		fail(host, now_ns);
	} else if ((status & KCS_STATUS_IBF) || (reading && !(status & KCS_STATUS_OBF))) {
		host->waiting = true;
		if (now_ns >= host->until_ns) {
			fail(host, now_ns);
		}
	} else if (status & KCS_STATUS_OBF) {
		host->access = TRANSFER_READ_DATA;
		host->value = reading; /* not written, only remembered */
	} else {
		proceed(host);
	}
}

static void data_seen(struct transfer *host, uint8_t value, uint64_t now_ns)
{
	bool reading = host->value;

	if (!reading) {
		proceed(host);
	} else if (host->step == STEP_READ && host->position == KCS_MESSAGE_MAX) {
		fail(host, now_ns); /* it would go on for ever */
	} else {
		if (host->step == STEP_READ) {
			host->bytes[host->position++] = value;
		}
		write_byte(host, TRANSFER_WRITE_DATA, KCS_CODE_READ);
	}
}

static void byte_written(struct transfer *host, uint64_t now_ns)
{
	switch (host->step) {
	case STEP_BEGIN:
		await(host, STEP_WRITE, KCS_HANDSHAKE_NS, now_ns);
		break;
	case STEP_WRITE:
		if (host->access == TRANSFER_WRITE_COMMAND) {
			await(host, STEP_LAST, KCS_HANDSHAKE_NS, now_ns);
		} else {
			host->position++;
			await(host, STEP_WRITE, KCS_HANDSHAKE_NS, now_ns);
		}
		break;
	case STEP_LAST:
		host->executed = true;
		host->position = 0;
		await(host, STEP_READ, host->execution_ns, now_ns);
		break;
	case STEP_READ:
		await(host, STEP_READ, KCS_HANDSHAKE_NS, now_ns);
		break;
	case STEP_ABORT:
		await(host, STEP_ABORT_DATA, KCS_HANDSHAKE_NS, now_ns);
		break;
	case STEP_ABORT_DATA:
		await(host, STEP_ABORT_STATUS, KCS_HANDSHAKE_NS, now_ns);
		break;
	case STEP_ABORT_STATUS:
		await(host, STEP_ABORT_END, KCS_HANDSHAKE_NS, now_ns);
		break;
	default:
		break;
	}
}

static void kcs_done(struct transfer *host, uint8_t value, uint64_t now_ns)
{
	switch (host->access) {
	case TRANSFER_READ_STATUS:
		status_seen(host, value, now_ns);
		break;
	case TRANSFER_READ_DATA:
		data_seen(host, value, now_ns);
		break;
	case TRANSFER_WRITE_DATA:
	case TRANSFER_WRITE_COMMAND:
		byte_written(host, now_ns);
		break;
	default:
		break;
	}
}

const struct transfer_ops kcs_transfer = {
	.name = "KCS",
	.message_max = KCS_MESSAGE_MAX,
	.status_register = 1,
	.data_register = 0,
	.registers = 2,
	.attention = KCS_STATUS_ATTENTION,
	.start = kcs_start,
	.recover = kcs_recover,
	.done = kcs_done,
	.executing = kcs_executing,
};
