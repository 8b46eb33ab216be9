/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassis/managers.h"

#include "chassis/environment.h"

/* The one who waits misses so many of the other's heartbeats before it believes it. */
#define TAKEOVER_NS (500 * NSEC_PER_MSEC_U64)

void managers_init(struct backplane *backplane)
{
	backplane->takeover_ns = TIME_NEVER;
	if (backplane->manager && backplane->manager != backplane->own) {
		backplane->manager->relay.address = backplane->own->address;
	}
}

static bool is_able(const struct backplane *backplane, uint8_t place, uint64_t now_ns)
{
	return backplane->slots[place].state == CHASSIS_STATE_ACTIVE &&
	       !faults_stand(backplane->bus->faults, CHASSIS_FAULT_SILENCE, place, now_ns);
}

/* Makes the card what its role is. The sensors of the card itself come first in both roles, and
 * stay as they are. */
static void become(struct controller *card, const struct board *board, uint8_t address)
{
	struct sensor own[MANAGER_SENSORS];

	memcpy(own, card->sensors, sizeof(own));
	card->board = board;
	card->address = address;
	card->inbox.count = 0;
	card->sdr.reservation = 0;
	card->sel.reserved = false;
	sensors_init(card);
	memcpy(card->sensors, own, sizeof(own));
}

/* What the shelf's sensors showed last, so that the successor tells what has changed since. */
static void copy_shelf(const struct controller *from, struct controller *to)
{
	size_t shelf = shelf_sensors.count * sizeof(to->sensors[0]);

	memcpy(to->sensors + MANAGER_SENSORS, from->sensors + MANAGER_SENSORS, shelf);
}

static void copy_log(const struct controller *from, struct controller *to)
{
	uint8_t(*records)[SEL_RECORD_SIZE] = to->sel.records;

	to->sel = from->sel;
	to->sel.records = records;
	memcpy(to->sel.records, from->sel.records, from->sel.count * sizeof(records[0]));
	to->clock = from->clock;
	to->relay = from->relay;
	to->relay.tries = 0; /* the last one may be on its way: who has it, says so */
}

static void take_over(struct backplane *backplane, struct controller *from, struct controller *to,
	uint64_t now_ns)
{
	become(to, &board_manager, ADDRESS_BMC);
	copy_shelf(from, to);
	copy_log(from, to);
	become(from, &board_standby_manager, backplane_address(from->slot));
	relay_init(from);
	from->relay.address = 0;
	sdr_init(from);
	sdr_update(to, now_ns);
	backplane->manager = to;
	backplane->manager_restarts = to->restarts;
	backplane->report_ns = now_ns;
	to->relay.due_ns = now_ns;
	controller_due(to, now_ns);
	environment_due(backplane, now_ns);
}

void managers_step(struct backplane *backplane, uint64_t now_ns)
{
	struct controller *in_charge = backplane->manager;
	uint8_t other;

	if (!in_charge || in_charge == backplane->own) {
		return;
	}
	other = in_charge->slot == PLACE_MANAGER ? PLACE_SECOND_MANAGER : PLACE_MANAGER;
	if (is_able(backplane, in_charge->slot, now_ns) || !is_able(backplane, other, now_ns)) {
		backplane->takeover_ns = TIME_NEVER;
		return;
	}
	if (backplane->takeover_ns == TIME_NEVER) {
		backplane->takeover_ns = now_ns + TAKEOVER_NS;
	}
	if (now_ns >= backplane->takeover_ns) {
		take_over(backplane, in_charge, backplane->slots[other].controller, now_ns);
		backplane->takeover_ns = TIME_NEVER;
	}
	environment_due(backplane, backplane->takeover_ns);
}
