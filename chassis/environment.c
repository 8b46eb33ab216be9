/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassis/environment.h"

/* Temperatures follow the cooling by a degree in this time. */
#define HEAT_INTERVAL_NS NSEC_PER_SEC_U64

/* Degrees above normal when so many fan trays do not blow. */
static const uint8_t heat_of[FAN_TRAYS + 1] = {0, 9, 24, 60};
/* Counts (of 60 revolutions a minute) that each remaining tray adds. */
#define BOOST_PER_TRAY 20
/* Counts (of half an ampere) that the other power supply carries. */
#define LOAD_OF_OTHER 70

/* A manager looks at its slots by turns and tells one change at a time: so an event message buffer
 * that holds one event can be read in between. */
#define REPORT_INTERVAL_NS (50 * NSEC_PER_MSEC_U64)

/* States of a slot's sensor: shelf.c has their meaning. */
#define SLOT_FAULT 0x0001
#define SLOT_PRESENT 0x0004
#define SLOT_FREE 0x0008
#define SLOT_REMOVABLE 0x0010
#define SLOT_POWER_OFF 0x0020
#define SLOT_REMOVAL_REQUEST 0x0040

/* Redundancy (IPMI 2.0 table 42-2, reading type 0Bh). */
#define FULLY_REDUNDANT 0x0001
#define REDUNDANCY_LOST 0x0002
#define INSUFFICIENT 0x0020

/* Sensor type 08h: failure detected; a fan's digital sensor: the second of its two states. */
#define STATUS_SECOND 0x0002
#define STATUS_FIRST 0x0001

#define UNSPECIFIED 0xFF

/* How many of these boards do their work. */
static uint8_t working(const struct backplane *backplane, uint8_t first, uint8_t count)
{
	uint8_t i, well = 0;

	for (i = first; i < first + count; i++) {
		well += backplane->slots[i].state == CHASSIS_STATE_ACTIVE;
	}
	return well;
}

static uint16_t redundancy(uint8_t well, uint8_t all)
{
	return well == all ? FULLY_REDUNDANT : well > 0 ? REDUNDANCY_LOST : INSUFFICIENT;
}

static uint16_t slot_states(const struct backplane *backplane, const struct slot *slot)
{
	bool empty = slot->state == CHASSIS_STATE_EMPTY;

	return (uint16_t)((slot->state == CHASSIS_STATE_FAILED ? SLOT_FAULT : 0) |
			  (empty ? SLOT_FREE : SLOT_PRESENT) |
			  (slot->state == CHASSIS_STATE_SAFE ? SLOT_REMOVABLE : 0) |
			  (slot->controller && backplane_powered(backplane, slot)
					  ? 0
					  : SLOT_POWER_OFF) |
			  (slot->state == CHASSIS_STATE_QUIESCING ||
						  slot->state == CHASSIS_STATE_SAFE
					  ? SLOT_REMOVAL_REQUEST
					  : 0));
}

/* The states that a sensor of the shelf should show; those from PLACES + 1 on are no slots. */
static uint16_t wanted(const struct backplane *backplane, uint8_t i, uint8_t *ret_number)
{
	if (i <= PLACES) {
		*ret_number = SHELF_SLOT(i);
		return slot_states(backplane, &backplane->slots[i]);
	}
	if (i == PLACES + 1) {
		*ret_number = SHELF_POWER_REDUNDANCY;
		return redundancy(
			working(backplane, PLACE_POWER_SUPPLY, POWER_SUPPLIES), POWER_SUPPLIES);
	}
	*ret_number = SHELF_COOLING_REDUNDANCY;
	return redundancy(working(backplane, PLACE_FAN_TRAY, FAN_TRAYS), FAN_TRAYS);
}

#define REPORTS (PLACES + 2)

/* Brings one change to the sensor: what nobody is told of at once, and of the rest the lowest bit,
 * coming before going. Returns whether an event was made. */
static bool report(struct backplane *backplane, uint8_t i, uint64_t now_ns)
{
	uint8_t number;
	uint16_t states = wanted(backplane, i, &number), told, changed;
	struct sensor *sensor = sensor_find(backplane->manager, number);

	if (!sensor || sensor->states == states) {
		return false;
	}
	changed = (uint16_t)(sensor->states ^ states);
	told = (uint16_t)((changed & states & sensor->board->events) |
			  (changed & ~states & sensor->board->events &
				  (uint16_t)~sensor->board->silent_ends));
	/* A redundancy's states exclude each other: they change together. */
	if (i <= PLACES && (told & (uint16_t)(told - 1))) {
		changed &= (uint16_t) ~(told & (uint16_t)(told - 1));
	}
	sensor_set_states(backplane->manager, sensor, (uint16_t)(sensor->states ^ changed),
		UNSPECIFIED, i <= PLACES ? i : UNSPECIFIED, now_ns);
	return told != 0;
}

/* After its own restart a manager takes what it finds for the normal state, without a word. */
static void resync(struct backplane *backplane)
{
	uint8_t i, number;

	for (i = 1; i <= REPORTS; i++) {
		uint16_t states = wanted(backplane, i, &number);
		struct sensor *sensor = sensor_find(backplane->manager, number);

		if (sensor) {
			sensor->states = states;
			sensor->assertions = states & sensor->board->events;
		}
	}
	backplane->manager_restarts = backplane->manager->restarts;
}

void environment_resync(struct backplane *backplane)
{
	if (backplane->manager && backplane->manager_restarts != backplane->manager->restarts) {
		resync(backplane);
	}
}

/* The manager's next look. */
static void reports_step(struct backplane *backplane, uint64_t now_ns)
{
	bool told = false, due = false;
	uint8_t i, number;

	if (!backplane->manager || !backplane->manager->present) {
		return;
	}
	for (i = 0; i < REPORTS && now_ns >= backplane->report_ns && !told; i++) {
		backplane->reported = backplane->reported % REPORTS + 1;
		told = report(backplane, backplane->reported, now_ns);
	}
	if (told) {
		/* The same slot goes on next time: its changes stay in their order. */
		backplane->reported--;
		backplane->report_ns = now_ns + REPORT_INTERVAL_NS;
	}
	for (i = 1; i <= REPORTS && !due; i++) {
		uint16_t states = wanted(backplane, i, &number);
		const struct sensor *sensor = sensor_find(backplane->manager, number);

		due = sensor && sensor->states != states;
	}
	if (due) {
		environment_due(backplane, backplane->report_ns);
	}
}

/* Heat and load go where fans and power supplies let them. */
static void heat_step(struct backplane *backplane, uint64_t now_ns)
{
	struct environment *environment = &backplane->bus->environment;
	uint8_t blowing, target;

	if (backplane->places_count < PLACES) {
		return; /* no fan trays here */
	}
	blowing = working(backplane, PLACE_FAN_TRAY, FAN_TRAYS);
	/* Without power nobody makes heat, and nobody blows. */
	target = backplane->dark ? 0 : heat_of[FAN_TRAYS - blowing];
	environment->fan_boost =
		backplane->dark ? 0 : (uint8_t)(BOOST_PER_TRAY * (FAN_TRAYS - blowing));
	environment->load = working(backplane, PLACE_POWER_SUPPLY, POWER_SUPPLIES) < POWER_SUPPLIES
				    ? LOAD_OF_OTHER
				    : 0;
	if (environment->heat == target) {
		backplane->heat_ns = now_ns + HEAT_INTERVAL_NS;
		return;
	}
	if (now_ns >= backplane->heat_ns) {
		environment->heat = (uint8_t)(environment->heat < target ? environment->heat + 1
									 : environment->heat - 1);
		backplane->heat_ns = now_ns + HEAT_INTERVAL_NS;
	}
	environment_due(backplane, backplane->heat_ns);
}

void environment_init(struct backplane *backplane, uint64_t now_ns)
{
	backplane->report_ns = now_ns;
	backplane->heat_ns = now_ns;
	backplane->due_ns = TIME_NEVER;
	if (backplane->manager) {
		resync(backplane);
	}
}

void environment_step(struct backplane *backplane, uint64_t now_ns)
{
	heat_step(backplane, now_ns);
	reports_step(backplane, now_ns);
}

void environment_failed(struct backplane *backplane, struct controller *controller, uint64_t now_ns)
{
	uint8_t number = controller->board->status_sensor;
	struct sensor *sensor = number ? sensor_find(controller, number) : NULL;
	uint16_t well = STATUS_FIRST, broken = STATUS_SECOND;

	if (!sensor || !controller->present) {
		return;
	}
	if (controller->board->kind == BOARD_POWER_SUPPLY) {
		broken |= STATUS_FIRST; /* present, still */
	}
	sensor_set_states(controller, sensor, controller->failed ? broken : well, UNSPECIFIED,
		UNSPECIFIED, now_ns);
	environment_due(backplane, now_ns);
}
