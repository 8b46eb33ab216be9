/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's side of BT (IPMI 2.0 sections 11.6.2 and 11.6.3): a request is written in
 * one go once the controller is ready for one, and its response read in one go once the
 * controller says that it is there.
 */
#include "ipmi/bt.h"

/* What a length byte counts before the data: netFn, sequence number, command. */
#define FRAME_HEAD 3

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

void bt_host_init(struct bt_host *host)
{
	*host = (struct bt_host){.outcome = BT_FAILED};
}

static void want(struct bt_host *host, enum step step, enum bt_access access, uint8_t value)
{
	host->step = (uint8_t)step;
	host->access = (uint8_t)access;
	host->value = value;
}

static void await(struct bt_host *host, enum step step, uint64_t until_ns)
{
	want(host, step, BT_ACCESS_READ_CONTROL, 0);
	host->waiting = false;
	host->until_ns = until_ns;
}

static void finish(struct bt_host *host, enum bt_outcome outcome)
{
	want(host, STEP_NONE, BT_ACCESS_NONE, 0);
	host->waiting = false;
	host->outcome = (uint8_t)outcome;
}

int bt_host_start(struct bt_host *host, const uint8_t *bytes, size_t length, uint64_t execution_ns,
	uint64_t now_ns)
{
	if (length < BT_MESSAGE_MIN || length > BT_MESSAGE_MAX) {
		return -EMSGSIZE;
	}
	memcpy(host->bytes, bytes, length);
	host->length = (uint16_t)length;
	host->sequence++;
	host->executed = false;
	host->recovering = false;
	host->execution_ns = execution_ns > BT_READY_NS ? execution_ns : BT_READY_NS;
	host->outcome = BT_UNDER_WAY;
	await(host, STEP_READY, now_ns + BT_READY_NS);
	return 0;
}

static void recover(struct bt_host *host, uint64_t now_ns)
{
	host->recovering = true;
	await(host, STEP_READY, now_ns + BT_READY_NS);
}

void bt_host_recover(struct bt_host *host, uint64_t now_ns)
{
	host->executed = false;
	host->outcome = BT_UNDER_WAY;
	recover(host, now_ns);
}

enum bt_access bt_host_access(const struct bt_host *host, uint8_t *ret_value)
{
	if (host->waiting) {
		return BT_ACCESS_NONE;
	}
	*ret_value = host->value;
	return (enum bt_access)host->access;
}

void bt_host_poll(struct bt_host *host)
{
	host->waiting = false;
}

enum bt_outcome bt_host_outcome(const struct bt_host *host)
{
	return (enum bt_outcome)host->outcome;
}

bool bt_host_executing(const struct bt_host *host)
{
	return host->step == STEP_ANSWER;
}

/* Time is over. */
static void give_up(struct bt_host *host, uint64_t now_ns)
{
	if (host->recovering) {
		finish(host, BT_DEAD);
	} else {
		recover(host, now_ns);
	}
}

static void control_seen(struct bt_host *host, uint8_t control, uint64_t now_ns)
{
	/* Left by a host that stopped while it was reading, or B2H by one that gave up. */
	uint8_t left = control & (BT_CONTROL_B2H | BT_CONTROL_HOST_BUSY);

	host->attention = control & BT_CONTROL_ATTENTION;
	if (host->step == STEP_READY && left && now_ns < host->until_ns) {
		want(host, STEP_CLEAR, BT_ACCESS_WRITE_CONTROL, left);
	} else if (host->step == STEP_READY && !left &&
		   !(control & (BT_CONTROL_BUSY | BT_CONTROL_H2B))) {
		if (host->recovering) {
			finish(host, BT_FAILED);
		} else {
			want(host, STEP_CLEAR, BT_ACCESS_WRITE_CONTROL, BT_CONTROL_CLEAR_WRITE);
		}
	} else if (host->step == STEP_ANSWER && (control & BT_CONTROL_B2H)) {
		want(host, STEP_BUSY, BT_ACCESS_WRITE_CONTROL, BT_CONTROL_HOST_BUSY);
	} else if (now_ns >= host->until_ns) {
		give_up(host, now_ns);
	} else {
		host->waiting = true;
	}
}

/* The frame's byte at this place: length, netFn, sequence number, command and what follows. */
static uint8_t frame_byte(const struct bt_host *host)
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

static void write_next(struct bt_host *host)
{
	if (host->position < host->length + 2) {
		want(host, STEP_WRITE, BT_ACCESS_WRITE_DATA, frame_byte(host));
		host->position++;
	} else {
		want(host, STEP_ATTEND, BT_ACCESS_WRITE_CONTROL, BT_CONTROL_H2B);
	}
}

static void length_seen(struct bt_host *host, uint8_t length)
{
	host->position = 0;
	/* With less it is no message, and has no sequence number: as if it were another's. */
	host->expected = length >= FRAME_HEAD ? length : 0;
	host->answered = (uint8_t)~host->sequence;
	if (host->expected > 0) {
		want(host, STEP_READ, BT_ACCESS_READ_DATA, 0);
	} else {
		want(host, STEP_FREE, BT_ACCESS_WRITE_CONTROL, BT_CONTROL_HOST_BUSY);
	}
}

static void byte_seen(struct bt_host *host, uint8_t value)
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
		want(host, STEP_FREE, BT_ACCESS_WRITE_CONTROL, BT_CONTROL_HOST_BUSY);
	}
}

static void written(struct bt_host *host, uint64_t now_ns)
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
		want(host, STEP_TAKE, BT_ACCESS_WRITE_CONTROL, BT_CONTROL_B2H);
		break;
	case STEP_TAKE:
		want(host, STEP_REWIND, BT_ACCESS_WRITE_CONTROL, BT_CONTROL_CLEAR_READ);
		break;
	case STEP_REWIND:
		want(host, STEP_LENGTH, BT_ACCESS_READ_DATA, 0);
		break;
	case STEP_FREE:
		if (host->answered == host->sequence) {
			host->length = (uint16_t)(host->expected - 1);
			finish(host, BT_RESPONSE);
		} else if (now_ns >= host->until_ns) {
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

void bt_host_done(struct bt_host *host, uint8_t value, uint64_t now_ns)
{
	switch (host->access) {
	case BT_ACCESS_READ_CONTROL:
		control_seen(host, value, now_ns);
		break;
	case BT_ACCESS_READ_DATA:
		if (host->step == STEP_LENGTH) {
			length_seen(host, value);
		} else {
			byte_seen(host, value);
		}
		break;
	case BT_ACCESS_WRITE_DATA:
	case BT_ACCESS_WRITE_CONTROL:
		written(host, now_ns);
		break;
	default:
		break;
	}
}
