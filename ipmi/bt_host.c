/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's side of BT (IPMI 2.0 sections 11.6.2 and 11.6.3): a request is written in
 * one go once the controller is ready for one, and its response read in one go once the
 * controller says that it is there.
 */
#include "ipmi/bt.h"

/* What a length byte counts before the data: netFn, sequence number, command. */
#define FRAME_HEAD 3

/* Responses to others before a transfer is given up: a controller may have a few left over, and one
 * whose B2H_ATN is stuck has one at every look. */
#define STRANGERS_MAX 16

/* While one of these stands, no transfer begins. An attention that stands hinders none. */
#define NOT_READY (BT_CONTROL_BUSY | BT_CONTROL_H2B | BT_CONTROL_B2H | BT_CONTROL_HOST_BUSY)

enum step {
	STEP_NONE,
	STEP_READY,  /* until the controller takes a request, and nobody's response lies there */
	STEP_CLEAR,  /* CLR_WR_PTR; in a recovery both, and it looks again */
	STEP_WRITE,  /* the frame's bytes */
	STEP_ATTEND, /* H2B_ATN */
	STEP_ANSWER, /* until there is one */
	STEP_BUSY,   /* H_BUSY: on */
	STEP_TAKE,   /* B2H_ATN */
	STEP_REWIND, /* CLR_RD_PTR */
	STEP_LENGTH, /* the frame's first byte */
	STEP_READ,   /* the others */
	STEP_FREE,   /* H_BUSY: off */
};

static void want(struct transfer *host, enum step step, enum transfer_access access, uint8_t value)
{
	host->step = (uint8_t)step;
	host->access = (uint8_t)access;
	host->value = value;
}

static void await(struct transfer *host, enum step step, uint64_t until_ns)
{
	want(host, step, TRANSFER_READ_STATUS, 0);
	host->waiting = false;
	host->until_ns = until_ns;
}

static void await_ready(struct transfer *host, uint64_t now_ns)
{
	host->cleared = 0;
	await(host, STEP_READY, now_ns + BT_READY_NS);
}

static void finish(struct transfer *host, enum transfer_outcome outcome)
{
	want(host, STEP_NONE, TRANSFER_NOTHING, 0);
	host->waiting = false;
	host->outcome = (uint8_t)outcome;
}

static int bt_start(struct transfer *host, const uint8_t *bytes, size_t length,
	uint64_t execution_ns, uint64_t now_ns)
{
	if (length < BT_MESSAGE_MIN || length > BT_MESSAGE_MAX) {
		return -EMSGSIZE;
	}
	memcpy(host->bytes, bytes, length);
	host->length = (uint16_t)length;
	host->sequence++;
	host->executed = false;
	host->attempts = 0;
	host->strangers = 0;
	host->execution_ns = execution_ns > BT_READY_NS ? execution_ns : BT_READY_NS;
	host->outcome = TRANSFER_BUSY;
	await_ready(host, now_ns);
	return 0;
}

static void recover(struct transfer *host, uint64_t now_ns)
{
	host->attempts = 1;
	await_ready(host, now_ns);
}

static void bt_recover(struct transfer *host, uint64_t now_ns)
{
	host->executed = false;
	host->outcome = TRANSFER_BUSY;
	recover(host, now_ns);
}

static bool bt_executing(const struct transfer *host)
{
	return host->step == STEP_ANSWER || host->step == STEP_BUSY;
}

/* Time is over. */
static void give_up(struct transfer *host, uint64_t now_ns)
{
	if (host->attempts > 0) {
		finish(host, TRANSFER_DEAD);
	} else {
		recover(host, now_ns);
	}
}

static void control_seen(struct transfer *host, uint8_t control, uint64_t now_ns)
{
	/* Left by a host that stopped while it was reading, or B2H by one that gave up. The
	 * attention is noted. */
	uint8_t left = control & (BT_CONTROL_B2H | BT_CONTROL_HOST_BUSY | BT_CONTROL_ATTENTION);
	/* One that stays is stuck: clearing it again and again would be a loop without a wait. */
	uint8_t fresh = left & (uint8_t)~host->cleared;

	host->attention = host->attention || (control & BT_CONTROL_ATTENTION);
	host->cleared &= left;
	if (host->step == STEP_READY && fresh && now_ns < host->until_ns) {
		host->cleared |= fresh;
		want(host, STEP_CLEAR, TRANSFER_WRITE_COMMAND, fresh);
	} else if (host->step == STEP_READY && !(control & NOT_READY)) {
		if (host->attempts > 0) {
			finish(host, TRANSFER_FAILED);
		} else {
			want(host, STEP_CLEAR, TRANSFER_WRITE_COMMAND, BT_CONTROL_CLEAR_WRITE);
		}
	} else if (host->step == STEP_ANSWER && (control & BT_CONTROL_B2H)) {
		want(host, STEP_BUSY, TRANSFER_WRITE_COMMAND, BT_CONTROL_HOST_BUSY);
	} else if (now_ns >= host->until_ns) {
		give_up(host, now_ns);
	} else {
		host->waiting = true;
	}
}

/* The frame's byte at this place: length, netFn, sequence number, command and what follows. */
static uint8_t frame_byte(const struct transfer *host)
{
	switch (host->position) {
	case 0:
		return (uint8_t)(host->length + 1);
	case 1:
		return host->bytes[0];
	case 2:
		return host->sequence;
	default:
		return host->bytes[host->position - 2];
	}
}

static void write_next(struct transfer *host)
{
	if (host->position < host->length + 2) {
		want(host, STEP_WRITE, TRANSFER_WRITE_DATA, frame_byte(host));
		host->position++;
	} else {
		want(host, STEP_ATTEND, TRANSFER_WRITE_COMMAND, BT_CONTROL_H2B);
	}
}

static void length_seen(struct transfer *host, uint8_t length)
{
	host->position = 0;
	/* With less it is no message, and has no sequence number: as if it were another's. */
	host->expected = length >= FRAME_HEAD ? length : 0;
	host->answered = (uint8_t)~host->sequence;
	if (host->expected > 0) {
		want(host, STEP_READ, TRANSFER_READ_DATA, 0);
	} else {
		want(host, STEP_FREE, TRANSFER_WRITE_COMMAND, BT_CONTROL_HOST_BUSY);
	}
}

static void byte_seen(struct transfer *host, uint8_t value)
{
	switch (host->position) {
	case 0:
		host->bytes[0] = value;
		break;
	case 1:
		host->answered = value;
		break;
	default:
		host->bytes[host->position - 1] = value;
		break;
	}
	if (++host->position == host->expected) {
		want(host, STEP_FREE, TRANSFER_WRITE_COMMAND, BT_CONTROL_HOST_BUSY);
	}
}

static void written(struct transfer *host, uint64_t now_ns)
{
	switch (host->step) {
	case STEP_CLEAR:
		if (host->value == BT_CONTROL_CLEAR_WRITE) {
			host->position = 0;
			write_next(host);
		} else {
			await(host, STEP_READY, host->until_ns);
		}
		break;
	case STEP_WRITE:
		write_next(host);
		break;
	case STEP_ATTEND:
		host->executed = true;
		await(host, STEP_ANSWER, now_ns + host->execution_ns);
		break;
	case STEP_BUSY:
		want(host, STEP_TAKE, TRANSFER_WRITE_COMMAND, BT_CONTROL_B2H);
		break;
	case STEP_TAKE:
		want(host, STEP_REWIND, TRANSFER_WRITE_COMMAND, BT_CONTROL_CLEAR_READ);
		break;
	case STEP_REWIND:
		want(host, STEP_LENGTH, TRANSFER_READ_DATA, 0);
		break;
	case STEP_FREE:
		if (host->answered == host->sequence) {
			host->length = (uint16_t)(host->expected - 1);
			finish(host, TRANSFER_RESPONSE);
		} else if (now_ns >= host->until_ns || ++host->strangers == STRANGERS_MAX) {
			give_up(host, now_ns);
		} else {
			/* To a request that was given up. Ours is still being executed. */
			await(host, STEP_ANSWER, host->until_ns);
		}
		break;
	default:
		break;
	}
}

static void bt_done(struct transfer *host, uint8_t value, uint64_t now_ns)
{
	switch (host->access) {
	case TRANSFER_READ_STATUS:
		control_seen(host, value, now_ns);
		break;
	case TRANSFER_READ_DATA:
		if (host->step == STEP_LENGTH) {
			length_seen(host, value);
		} else {
			byte_seen(host, value);
		}
		break;
	case TRANSFER_WRITE_DATA:
	case TRANSFER_WRITE_COMMAND:
		written(host, now_ns);
		break;
	default:
		break;
	}
}

const struct transfer_ops bt_transfer = {
	.name = "BT",
	.message_max = BT_MESSAGE_MAX,
	.status_register = 0,
	.data_register = 1,
	.registers = 3,
	.attention = BT_CONTROL_ATTENTION,
	.attention_is_cleared = true,
	.interrupt_register = 2,
	.interrupt_enable = BT_INTERRUPT_ENABLE,
	.interrupt_clear = BT_INTERRUPT_CAME,
	.start = bt_start,
	.recover = bt_recover,
	.done = bt_done,
	.executing = bt_executing,
};
