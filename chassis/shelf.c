/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sensors of whoever manages a drawer: one for each place of the backplane
 * (type 21h, slot/connector) and the redundancy of power and cooling.
 *
 * A slot's states, by offset (IPMI 2.0 table 42-3): 0 fault (HEALTHY# missing), 2
 * a board is there, 3 ready for one, 4 the board may be taken (blue LED), 5 power
 * off (BD_SEL# not asserted), 6 its removal is asked for (ejector open).
 */
#include "chassis/sensor_table.h"

#define SLOT_CONNECTOR 0x21
#define SLOT_STATES 0x007D
#define SLOT_EVENTS 0x0075
/* A request that is granted, and a permission that was used, end without a word. */
#define SLOT_SILENT_ENDS 0x0050
#define SLOT_EMPTY 0x0028

#define PLACE(text, slot)                                                                          \
	{                                                                                          \
		.name = text, .record = RECORD_COMPACT, .number = SHELF_SLOT(slot),                \
		.type = SLOT_CONNECTOR, .reading_type = READING_SENSOR_SPECIFIC,                   \
		.entity = PERIPHERAL_BAY, .instance = slot, .format = FORMAT_DISCRETE,             \
		.states = SLOT_STATES, .events = SLOT_EVENTS, .silent_ends = SLOT_SILENT_ENDS,     \
		.initial = SLOT_EMPTY,                                                             \
	}

/* 0 full, 1 lost, 5 not enough; where one comes, the other went. */
#define REDUNDANCY(text, nr, kind, what, inst)                                                     \
	{                                                                                          \
		.name = text, .record = RECORD_COMPACT, .number = nr, .type = kind,                \
		.reading_type = READING_REDUNDANCY, .entity = what, .instance = inst,              \
		.format = FORMAT_DISCRETE, .states = 0x0023, .events = 0x0023,                     \
		.silent_ends = 0x0023, .initial = 0x0001,                                          \
	}

static const struct board_sensor sensors[] = {
	REDUNDANCY("Psu Redundancy", SHELF_POWER_REDUNDANCY, 0x08, POWER_UNIT, 2),
	REDUNDANCY("Fan Trays", SHELF_COOLING_REDUNDANCY, FAN, FAN_DEVICE, 9),
	PLACE("Slot 1", 1),
	PLACE("Slot 2", 2),
	PLACE("Slot 3", 3),
	PLACE("Slot 4", 4),
	PLACE("Slot 5", 5),
	PLACE("Slot 6", 6),
	PLACE("Slot 7", 7),
	PLACE("Slot 8", 8),
	PLACE("Slot 9", 9),
	PLACE("Slot 10", 10),
	PLACE("Slot 11", 11),
	PLACE("Slot 12", 12),
	PLACE("Slot 13", 13),
	PLACE("Slot 14", 14),
	PLACE("Slot 15", 15),
	PLACE("Slot 16", 16),
	PLACE("Slot 17", 17),
	PLACE("Slot 18", 18),
	PLACE("Slot 19", 19),
	PLACE("Slot 20", 20),
	PLACE("Slot 21", 21),
	PLACE("Slot 1b", 22),
	PLACE("Supply Bay 1", 23),
	PLACE("Supply Bay 2", 24),
	PLACE("Fan Bay 1", 25),
	PLACE("Fan Bay 2", 26),
	PLACE("Fan Bay 3", 27),
};

const struct sensor_table shelf_sensors = {sensors, ARRAY_LENGTH(sensors)};
