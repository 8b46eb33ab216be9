/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The backplane: which board sits where, the signals of its slots (PICMG 2.1), and
 * the air and power that all share. The manager sees it through its sensors.
 */
#ifndef VIPMI_CHASSIS_BACKPLANE_H
#define VIPMI_CHASSIS_BACKPLANE_H

#include "chassis/bus.h"

/* Geographical addresses of a drawer: 21 slots; behind them the second manager's half of slot 1,
 * two power supplies and three fan trays. */
#define SLOTS 21
#define PLACE_MANAGER 1
#define PLACE_SECOND_MANAGER 22
#define PLACE_POWER_SUPPLY 23
#define PLACE_FAN_TRAY 25
#define PLACES 27
#define POWER_SUPPLIES 2
#define FAN_TRAYS 3
#define NODE_SLOT_FIRST 3
#define NODE_SLOT_LAST 20

struct slot {
	struct controller *controller; /* of the board that belongs here, seated or not; or NULL */
	uint8_t state;                 /* enum chassis_state */
	bool ejector_open, bd_sel, healthy, enumeration, blue_led;
	bool ejected;    /* the board is to be taken when the blue LED is on */
	uint64_t due_ns; /* of the next state by itself */
};

struct backplane {
	struct bus *bus;
	struct controller *own;        /* whose host we are */
	struct controller *manager;    /* who watches the slots now, or NULL */
	struct slot slots[PLACES + 1]; /* by geographical address, from 1 */
	uint8_t slots_count, places_count;
	bool dark;                 /* no power supply works */
	uint8_t reported;          /* whose turn it is to be looked at by the manager */
	uint16_t manager_restarts; /* as last seen */
	uint64_t takeover_ns;      /* when the other manager takes over, or TIME_NEVER */
	uint64_t report_ns, heat_ns, due_ns;
};

/* PICMG 2.9: the IPMB address of a geographical address, 1 to 30. */
uint8_t backplane_address(uint8_t geographical);

/* Our own card first. Returns how many boards there are. */
uint8_t backplane_plan(
	const struct chassis_options *options, struct placement plan[BUS_CONTROLLERS_MAX]);

/* The controllers are on the bus and initialized. */
void backplane_init(struct backplane *backplane, struct bus *bus,
	const struct chassis_options *options, uint64_t now_ns);

void backplane_step(struct backplane *backplane, uint64_t now_ns);

/* Somebody pushes a board in and closes its ejector. -EEXIST: one is there, or on its way;
 * -ENODEV: none belongs there. */
int backplane_insert(struct backplane *backplane, uint8_t place, uint64_t now_ns);

/* Somebody opens the ejector and takes the board when the blue LED is on; or tears it out at once.
 * -ENOENT: nothing to take; -EPERM: our own card; -EALREADY: it is on its way. */
int backplane_pull(struct backplane *backplane, uint8_t place, bool at_once, uint64_t now_ns);

/* Whether its board has power: BD_SEL# is asserted, and somebody supplies it. */
bool backplane_powered(const struct backplane *backplane, const struct slot *slot);

/* ENUM#, which all slots share. */
bool backplane_enum(const struct backplane *backplane);

#endif
