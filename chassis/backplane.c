/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which board sits where, and the hot swap of PICMG 2.1 for each slot: ejector,
 * BD_SEL#, HEALTHY#, ENUM#, blue LED.
 */
#include "chassis/backplane.h"

#include "chassis/environment.h"
#include "chassis/managers.h"

/* From one step of a board's coming or going to the next, as a person's hand, a power converter and
 * an operating system take them. */
#define SEAT_NS (200 * NSEC_PER_MSEC_U64)    /* until the ejector is closed */
#define POWER_NS (200 * NSEC_PER_MSEC_U64)   /* until HEALTHY# */
#define QUIESCE_NS (300 * NSEC_PER_MSEC_U64) /* until software has let go of the board */
#define LED_NS (100 * NSEC_PER_MSEC_U64)     /* until the blue LED */
#define TAKE_NS (300 * NSEC_PER_MSEC_U64)    /* until somebody takes it */

uint8_t backplane_address(uint8_t geographical)
{
	/* C2h is left out (PICMG 2.9). */
	return (uint8_t)((geographical <= 9 ? 0xAE : 0xB0) + 2 * geographical);
}

static void place(struct placement *plan, uint8_t *count, const struct board *board, uint8_t slot)
{
	plan[*count] = (struct placement){
		.board = board, .address = backplane_address(slot), .slot = slot};
	(*count)++;
}

uint8_t backplane_plan(
	const struct chassis_options *options, struct placement plan[BUS_CONTROLLERS_MAX])
{
	bool bmc = options->role == CHASSIS_ROLE_BMC;
	uint8_t count = 0, i;

	if (!options->drawer) {
		place(plan, &count, &board_node_card, 1);
		plan[0].address = ADDRESS_BMC;
		place(plan, &count, &board_satellite, 3);
		return count;
	}
	place(plan, &count, bmc ? &board_system_card : &board_peripheral_card, options->slot);
	place(plan, &count, bmc ? &board_standby_manager : &board_manager, PLACE_MANAGER);
	plan[bmc ? 0 : 1].address = ADDRESS_BMC;
	place(plan, &count, &board_fabric, 2);
	for (i = NODE_SLOT_FIRST; i <= NODE_SLOT_LAST; i++) {
		if (i != options->slot) {
			place(plan, &count, &board_node, i);
		}
	}
	place(plan, &count, &board_fabric, SLOTS);
	place(plan, &count, bmc ? &board_standby_manager : &board_manager, PLACE_SECOND_MANAGER);
	plan[count - 1].as = &board_standby_manager;
	for (i = 0; i < POWER_SUPPLIES; i++) {
		place(plan, &count, &board_power_supply, PLACE_POWER_SUPPLY + i);
	}
	for (i = 0; i < FAN_TRAYS; i++) {
		place(plan, &count, &board_fan_tray, PLACE_FAN_TRAY + i);
	}
	return count;
}

/* A board that was there when the power came. */
static void slot_occupy(struct slot *slot, struct controller *controller)
{
	*slot = (struct slot){
		.controller = controller,
		.state = CHASSIS_STATE_ACTIVE,
		.bd_sel = true,
		.healthy = true,
		.due_ns = TIME_NEVER,
	};
}

void backplane_init(struct backplane *backplane, struct bus *bus,
	const struct chassis_options *options, uint64_t now_ns)
{
	uint8_t i;

	memset(backplane, 0, sizeof(*backplane));
	backplane->bus = bus;
	backplane->own = bus->controllers[0];
	backplane->slots_count = SLOTS;
	backplane->places_count = options->drawer ? PLACES : SLOTS;
	for (i = 1; i <= PLACES; i++) {
		backplane->slots[i].due_ns = TIME_NEVER;
	}
	for (i = 0; i < bus->controllers_count; i++) {
		struct controller *controller = bus->controllers[i];

		slot_occupy(&backplane->slots[controller->slot], controller);
		if (controller_has(controller, FEATURE_SHELF)) {
			backplane->manager = controller;
		}
	}
	if (backplane->manager) {
		sdr_update(backplane->manager, now_ns);
	}
	managers_init(backplane);
	environment_init(backplane, now_ns);
}

bool backplane_enum(const struct backplane *backplane)
{
	uint8_t i;

	for (i = 1; i <= backplane->places_count; i++) {
		if (backplane->slots[i].enumeration) {
			return true;
		}
	}
	return false;
}

/* Managers have a supply of their own; and our own card is spared, for there we live. */
static bool is_fed(const struct backplane *backplane, const struct slot *slot)
{
	uint8_t kind = slot->controller->board->kind;

	return slot->controller != backplane->own &&
	       (kind == BOARD_NODE || kind == BOARD_FABRIC || kind == BOARD_FAN_TRAY);
}

bool backplane_powered(const struct backplane *backplane, const struct slot *slot)
{
	return slot->bd_sel && !(backplane->dark && is_fed(backplane, slot));
}

/* A controller joins the bus, or leaves it; the manager's repository follows. */
static void slot_seat(struct backplane *backplane, struct slot *slot, bool present, uint64_t now_ns)
{
	slot->controller->present = present;
	if (present) {
		controller_restart(slot->controller, now_ns);
	}
	if (backplane->manager && backplane->manager->present) {
		sdr_update(backplane->manager, now_ns);
	}
}

/* The board is gone. */
static void slot_empty(struct backplane *backplane, struct slot *slot, uint64_t now_ns)
{
	slot_seat(backplane, slot, false, now_ns);
	*slot = (struct slot){
		.controller = slot->controller,
		.state = CHASSIS_STATE_EMPTY,
		.due_ns = TIME_NEVER,
	};
}

int backplane_insert(struct backplane *backplane, uint8_t number, uint64_t now_ns)
{
	struct slot *slot = &backplane->slots[number];

	if (number == 0 || number > backplane->places_count || !slot->controller) {
		return -ENODEV;
	}
	if (slot->state != CHASSIS_STATE_EMPTY) {
		return -EEXIST;
	}
	slot->state = CHASSIS_STATE_INSERTED;
	slot->ejector_open = true;
	slot->blue_led = true; /* the hardware lights it: PICMG 2.1 */
	slot->due_ns = now_ns + SEAT_NS;
	slot_seat(backplane, slot, true, now_ns);
	environment_due(backplane, now_ns);
	return 0;
}

int backplane_pull(struct backplane *backplane, uint8_t number, bool at_once, uint64_t now_ns)
{
	struct slot *slot = &backplane->slots[number];

	if (number == 0 || number > backplane->places_count || !slot->controller ||
		slot->state == CHASSIS_STATE_EMPTY) {
		return -ENOENT;
	}
	if (slot->controller == backplane->own) {
		return -EPERM;
	}
	environment_due(backplane, now_ns);
	if (at_once) {
		slot_empty(backplane, slot, now_ns);
		return 0;
	}
	if (slot->state == CHASSIS_STATE_QUIESCING || slot->state == CHASSIS_STATE_SAFE) {
		return -EALREADY;
	}
	slot->state = CHASSIS_STATE_QUIESCING;
	slot->ejector_open = true;
	slot->enumeration = true; /* until software has seen who wants to go */
	slot->due_ns = now_ns + QUIESCE_NS;
	return 0;
}

/* What comes next by itself in a slot. */
static void slot_advance(struct backplane *backplane, struct slot *slot, uint64_t now_ns)
{
	slot->due_ns = TIME_NEVER;
	switch (slot->state) {
	case CHASSIS_STATE_INSERTED:
		slot->state = CHASSIS_STATE_POWERING;
		slot->ejector_open = false;
		slot->enumeration = true; /* a board is new */
		slot->bd_sel = true;
		slot->due_ns = now_ns + POWER_NS;
		break;
	case CHASSIS_STATE_POWERING:
		if (backplane_powered(backplane, slot)) {
			slot->state = CHASSIS_STATE_ACTIVE;
			slot->healthy = true;
			slot->enumeration = false;
			slot->blue_led = false;
		}
		break;
	case CHASSIS_STATE_QUIESCING:
		if (slot->bd_sel) {
			slot->bd_sel = false;
			slot->healthy = false;
			slot->enumeration = false;
			slot->due_ns = now_ns + LED_NS;
		} else {
			slot->state = CHASSIS_STATE_SAFE;
			slot->blue_led = true;
			slot->due_ns = now_ns + TAKE_NS;
		}
		break;
	case CHASSIS_STATE_SAFE:
		slot_empty(backplane, slot, now_ns);
		break;
	default:
		break;
	}
}

/* A board breaks, and is repaired, as the faults say. */
static void slot_fail(struct backplane *backplane, uint8_t number, uint64_t now_ns)
{
	struct slot *slot = &backplane->slots[number];
	bool failed = faults_stand(backplane->bus->faults, CHASSIS_FAULT_FAILURE, number, now_ns);

	if (!slot->controller || slot->controller->failed == failed) {
		return;
	}
	slot->controller->failed = failed;
	if (slot->state == CHASSIS_STATE_ACTIVE && failed) {
		slot->state = CHASSIS_STATE_FAILED;
		slot->healthy = false;
	} else if (slot->state == CHASSIS_STATE_FAILED && !failed) {
		slot->healthy = backplane_powered(backplane, slot);
		slot->state = slot->healthy ? CHASSIS_STATE_ACTIVE : CHASSIS_STATE_POWERING;
	}
	environment_failed(backplane, slot->controller, now_ns);
}

/* A power supply gives power while it is healthy, its ejector open or not. */
static bool is_dark(const struct backplane *backplane)
{
	uint8_t i;

	for (i = 0; i < POWER_SUPPLIES; i++) {
		if (backplane->slots[PLACE_POWER_SUPPLY + i].healthy) {
			return false;
		}
	}
	return backplane->places_count == PLACES;
}

/* The last power supply is gone, or the first is back: boards wait for their power, or get it. */
static void power_step(struct backplane *backplane, uint64_t now_ns)
{
	bool changed = backplane->dark != is_dark(backplane);
	uint8_t i;

	backplane->dark ^= changed;
	for (i = 1; i <= backplane->places_count; i++) {
		struct slot *slot = &backplane->slots[i];

		if (!slot->controller) {
			continue;
		}
		slot->controller->unpowered = !backplane_powered(backplane, slot);
		if (changed && is_fed(backplane, slot) && slot->bd_sel && backplane->dark) {
			slot->healthy = false;
			slot->state = slot->state == CHASSIS_STATE_ACTIVE ? CHASSIS_STATE_POWERING
									  : slot->state;
		} else if (changed && slot->state == CHASSIS_STATE_POWERING && !backplane->dark) {
			slot->due_ns = now_ns + POWER_NS;
		}
		environment_due(backplane, slot->due_ns);
	}
}

void backplane_step(struct backplane *backplane, uint64_t now_ns)
{
	uint8_t i;

	environment_resync(backplane);
	if (now_ns < backplane->due_ns) {
		return;
	}
	faults_expire(backplane->bus->faults, now_ns);
	backplane->own->messaging.sticky = faults_stand(
		backplane->bus->faults, CHASSIS_FAULT_STICKY, backplane->own->slot, now_ns);
	backplane->due_ns = faults_deadline(backplane->bus->faults);
	for (i = 1; i <= backplane->places_count; i++) {
		struct slot *slot = &backplane->slots[i];

		slot_fail(backplane, i, now_ns);
		if (now_ns >= slot->due_ns) {
			slot_advance(backplane, slot, now_ns);
		}
	}
	power_step(backplane, now_ns);
	managers_step(backplane, now_ns);
	environment_step(backplane, now_ns);
}
