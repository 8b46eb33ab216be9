/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A chassis manager passes the events it logs on to our card, when that is a
 * peripheral of it: as Platform Event Messages over the IPMB, one after the other,
 * each until it is acknowledged. The generator's ID stands in front of the event,
 * as at the system interface (IPMI 2.0 section 29.3), for the frame itself names
 * the manager.
 */
#include "chassis/controller.h"

#define PLATFORM_EVENT 0x02

/* No answer for so long: sent again. */
#define RELAY_PATIENCE_NS (250 * NSEC_PER_MSEC_U64)
/* The card has not yet read the one before. */
#define RELAY_BUSY_NS (20 * NSEC_PER_MSEC_U64)
/* Two seconds of a card that does not read; then it is told the next one. */
#define RELAY_TRIES_MAX 100u
/* The same number within this time is the same event once more, whose answer was lost. */
#define RELAY_TAKEN_NS (5 * NSEC_PER_SEC_U64)

void relay_init(struct controller *controller)
{
	controller->relay.first = 0;
	controller->relay.count = 0;
	controller->relay.tries = 0;
	controller->relay.taken_sequence = IPMB_SEQUENCES; /* none */
}

bool relay_taken(struct controller *controller, const struct exchange *exchange)
{
	struct relay *relay = &controller->relay;

	if (relay->taken_sequence == exchange->sequence &&
		exchange->now_ns - relay->taken_ns < RELAY_TAKEN_NS) {
		return true;
	}
	relay->taken_sequence = exchange->sequence;
	relay->taken_ns = exchange->now_ns;
	return false;
}

void relay_event(
	struct controller *controller, const uint8_t record[SEL_RECORD_SIZE], uint64_t now_ns)
{
	struct relay *relay = &controller->relay;
	uint8_t *event;

	if (relay->address == 0) {
		return;
	}
	if (relay->count == RELAY_MAX) {
		relay->lost++;
		return;
	}
	event = relay->events[(relay->first + relay->count) % RELAY_MAX];
	event[0] = record[7];
	memcpy(event + 1, record + 9, RELAY_EVENT_SIZE - 1);
	if (relay->count++ == 0) {
		relay->due_ns = now_ns;
		relay->tries = 0;
	}
	controller_due(controller, relay->due_ns);
}

/* The first is done with, well or not. */
static void relay_advance(struct controller *controller, uint64_t now_ns)
{
	struct relay *relay = &controller->relay;

	relay->first = (relay->first + 1) % RELAY_MAX;
	relay->count--;
	relay->tries = 0;
	relay->sequence = (relay->sequence + 1) % IPMB_SEQUENCES;
	relay->due_ns = now_ns;
	if (relay->count > 0) {
		controller_due(controller, now_ns);
	}
}

static void relay_send(struct controller *controller, uint64_t now_ns)
{
	struct relay *relay = &controller->relay;
	uint8_t frame[IPMB_FRAME_MAX];
	const struct ipmb_message request = {
		.rs_address = relay->address,
		.rq_address = controller->address,
		.netfn = VIPMI_NETFN_SENSOR,
		.sequence = relay->sequence,
		.command = PLATFORM_EVENT,
		.data = relay->events[relay->first],
		.length = RELAY_EVENT_SIZE,
	};
	int length = ipmb_encode(&request, frame, sizeof(frame));

	if (length > 0) {
		/* Refused: it is sent again, as if the answer had been lost. */
		(void)bus_send(controller, frame, (size_t)length, now_ns);
	}
	relay->tries++;
	relay->due_ns = now_ns + RELAY_PATIENCE_NS;
}

void relay_step(struct controller *controller, uint64_t now_ns)
{
	struct relay *relay = &controller->relay;

	if (relay->count == 0) {
		return;
	}
	if (now_ns >= relay->due_ns) {
		if (relay->tries == RELAY_TRIES_MAX) {
			relay->lost++;
			relay_advance(controller, now_ns);
		}
		if (relay->count > 0) {
			relay_send(controller, now_ns);
		}
	}
	if (relay->count > 0) {
		controller_due(controller, relay->due_ns);
	}
}

void relay_answered(
	struct controller *controller, const struct ipmb_message *message, uint64_t now_ns)
{
	struct relay *relay = &controller->relay;

	/* A late answer to one before does not count for this one. */
	if (relay->count == 0 || relay->tries == 0 || message->rs_address != relay->address ||
		message->netfn != (VIPMI_NETFN_SENSOR | 1) || message->command != PLATFORM_EVENT ||
		message->sequence != relay->sequence || message->length == 0) {
		return;
	}
	if (message->data[0] == VIPMI_CC_NODE_BUSY) {
		relay->due_ns = now_ns + RELAY_BUSY_NS;
		controller_due(controller, relay->due_ns);
		return;
	}
	relay->sent++;
	relay_advance(controller, now_ns);
}
