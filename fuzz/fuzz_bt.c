/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Both sides of BT against each other over registers that lie now and then: a transfer
 * ends whatever it reads, no message is longer than it may be, and once the registers
 * tell the truth again, so do the transfers.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "ipmi/bt.h"

/* More accesses than the longest transfer has, its waits and its recovery. */
#define TURNS_MAX 4000

struct wire {
	struct transfer host;
	struct bt_controller controller;
	const uint8_t *lies; /* each is laid over a byte that the host reads */
	size_t lies_left;
	uint64_t now_ns;
};

static uint8_t lie(struct wire *wire, uint8_t truth)
{
	if (wire->lies_left == 0) {
		return truth;
	}
	wire->lies_left--;
	return truth ^ *wire->lies++;
}

static void turn(struct wire *wire)
{
	struct bt_controller *controller = &wire->controller;
	uint8_t value = 0, read = 0;

	switch (transfer_access(&wire->host, &value)) {
	case TRANSFER_NOTHING:
		wire->now_ns += NSEC_PER_SEC_U64;
		transfer_poll(&wire->host);
		return;
	case TRANSFER_READ_STATUS:
		read = lie(wire, bt_controller_read_control(controller));
		break;
	case TRANSFER_READ_DATA:
		read = lie(wire, bt_controller_read_data(controller));
		break;
	case TRANSFER_WRITE_DATA:
		bt_controller_write_data(controller, value);
		break;
	case TRANSFER_WRITE_COMMAND:
		bt_controller_write_control(controller, value);
		break;
	}
	bt_transfer.done(&wire->host, read, wire->now_ns);
	bt_controller_run(controller);
	if (controller->ready) {
		FUZZ_CHECK(controller->length >= BT_MESSAGE_MIN);
		FUZZ_CHECK(controller->length <= BT_MESSAGE_MAX);
		/* It says what it heard. Refused while the host is at the last response. */
		(void)bt_controller_respond(controller, controller->bytes, controller->length);
	}
}

static enum transfer_outcome finish(struct wire *wire)
{
	/* A lie costs two: it is read, and what it says was left behind is cleared. */
	const size_t turns_max = TURNS_MAX + 2 * wire->lies_left;
	size_t turns;

	for (turns = 0; transfer_outcome(&wire->host) == TRANSFER_BUSY; turns++) {
		FUZZ_CHECK(turns < turns_max);
		turn(wire);
	}
	return transfer_outcome(&wire->host);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const uint8_t question[] = {0x18, 0x01, 0x5A};
	struct wire wire = {.now_ns = 1};
	size_t asked = length > 0 ? bytes[0] : 0;

	if (length < 1 + asked || asked < BT_MESSAGE_MIN || asked > BT_MESSAGE_MAX) {
		return 0;
	}
	transfer_init(&wire.host);
	bt_controller_init(&wire.controller);
	wire.lies = bytes + 1 + asked;
	wire.lies_left = length - 1 - asked;
	FUZZ_CHECK(bt_transfer.start(&wire.host, bytes + 1, asked, 0, wire.now_ns) == 0);
	if (finish(&wire) == TRANSFER_RESPONSE) {
		FUZZ_CHECK(wire.host.length >= BT_MESSAGE_MIN);
		FUZZ_CHECK(wire.host.length <= BT_MESSAGE_MAX);
	}
	wire.lies_left = 0;
	bt_transfer.recover(&wire.host, wire.now_ns);
	FUZZ_CHECK(finish(&wire) == TRANSFER_FAILED);
	FUZZ_CHECK(bt_transfer.start(&wire.host, question, sizeof(question), 0, wire.now_ns) == 0);
	FUZZ_CHECK(finish(&wire) == TRANSFER_RESPONSE);
	FUZZ_CHECK(wire.host.length == sizeof(question));
	FUZZ_CHECK(memcmp(wire.host.bytes, question, sizeof(question)) == 0);
	return 0;
}
