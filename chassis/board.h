/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What kind of board a controller sits on: identity, sensors, records, FRU
 * devices. Constant data; a controller is made from it, as many times as there
 * are such boards in the chassis.
 */
#ifndef VIPMI_CHASSIS_BOARD_H
#define VIPMI_CHASSIS_BOARD_H

#include "base/compat.h"

/* What a board is, for listings and for what depends on it: cooling, power, hot swap. */
enum board_kind {
	BOARD_MANAGER = 1,
	BOARD_FABRIC,
	BOARD_NODE,
	BOARD_POWER_SUPPLY,
	BOARD_FAN_TRAY,
	BOARD_PERIPHERAL,
};

/* What a controller can do. A command that needs more is answered C1, as real ones do. */
enum board_feature {
	FEATURE_SYSTEM_INTERFACE = 1 << 0, /* a host talks to it: messaging, watchdog, flags */
	FEATURE_SEL = 1 << 1,
	FEATURE_SDR_REPOSITORY = 1 << 2,
	FEATURE_DEVICE_SDR = 1 << 3,
	FEATURE_CHASSIS = 1 << 4, /* power, identify, boot options */
	FEATURE_LAN = 1 << 5,     /* channels, users, LAN, SOL, PEF */
	FEATURE_FRU = 1 << 6,
	FEATURE_BRIDGE = 1 << 7, /* Send Message */
	FEATURE_SHELF = 1 << 8,  /* watches the slots of the drawer and lists all its controllers */
	FEATURE_EVENT_INPUT = 1 << 9, /* takes Platform Event Messages, with or without a SEL */
};

/* Thresholds in the order of Get Sensor Thresholds (IPMI 2.0 section 35.9). */
enum threshold {
	THRESHOLD_LNC,
	THRESHOLD_LC,
	THRESHOLD_LNR,
	THRESHOLD_UNC,
	THRESHOLD_UC,
	THRESHOLD_UNR,
	THRESHOLD_COUNT
};

/* Analog formats of a full sensor record, byte 20 [7:6]. */
enum sensor_format { FORMAT_UNSIGNED = 0, FORMAT_TWOS_COMPLEMENT = 2, FORMAT_DISCRETE = 3 };

/* How the sensor is described. */
enum sensor_record { RECORD_FULL = 0x01, RECORD_COMPACT = 0x02, RECORD_EVENT_ONLY = 0x03 };

/* What moves a reading beside its own drift. */
enum sensor_cause {
	CAUSE_NONE,
	CAUSE_HEAT,   /* rises as the drawer's cooling fails */
	CAUSE_FAN,    /* stops with its tray, runs faster when another tray stops */
	CAUSE_OUTPUT, /* gone when the power supply fails */
	CAUSE_LOAD,   /* likewise; more when the other power supply fails */
};

struct board_sensor {
	const char *name; /* at most SDR_NAME_MAX characters, one of them lower-case */
	uint8_t record;   /* enum sensor_record */
	uint8_t number, type, reading_type;
	uint8_t entity, instance; /* instance 0: the number of the slot it is in */
	uint8_t cause;            /* enum sensor_cause */
	/* RECORD_FULL: y = (m * x + b * 10^b_exponent) * 10^exponent */
	uint8_t unit, format;
	int16_t m, b;
	int8_t exponent, b_exponent;
	uint8_t nominal, swing; /* raw; drifts that much to either side */
	uint8_t normal_min, normal_max;
	uint8_t thresholds[THRESHOLD_COUNT];
	uint8_t thresholds_mask; /* which of them there are */
	uint8_t hysteresis;
	/* otherwise: the states it can have, those that make events, and the one it starts in */
	uint16_t states, events, initial;
	uint16_t silent_ends; /* events whose end is not told */
};

/* Type 12h records of the SDR repository: the controllers of the chassis. */
struct board_locator {
	const char *name;
	uint8_t address; /* 0: this controller's own */
	uint8_t support; /* as in Get Device ID, byte 6 */
	uint8_t entity, instance;
};

struct board_fru {
	const char *name;
	uint16_t size;
	uint8_t entity, instance;
	bool chassis_area;
	uint8_t chassis_type;
	const char *manufacturer, *product, *part, *version;
};

/* An event that is in the SEL when the power comes. */
struct board_event {
	uint32_t age_s; /* how long before the start it was logged */
	uint8_t sensor_type, number, reading_type, data[3];
};

struct sensor_table {
	const struct board_sensor *sensors;
	uint8_t count;
};

struct board {
	const char *name;
	uint8_t kind; /* enum board_kind */
	/* Requests that may wait in its controller; one more is not acknowledged. */
	uint8_t requests_max;
	/* Messages for system software that may wait in its Receive Message Queue; likewise. */
	uint8_t receive_max;
	uint8_t device_id, revision, firmware_major, firmware_minor;
	uint8_t support; /* "additional device support", Get Device ID byte 6 */
	uint32_t manufacturer;
	uint16_t product;
	uint16_t features; /* enum board_feature */
	const struct board_sensor *sensors;
	const struct sensor_table *more; /* sensors after these, shared with other boards */
	const struct board_locator *locators;
	const struct board_fru *frus;
	const struct board_event *events;
	uint8_t sensors_count, locators_count, frus_count, events_count;
	uint8_t watchdog_sensor, sel_sensor, power_sensor, acpi_sensor; /* numbers, 0 = none */
	uint8_t status_sensor; /* shows that the board failed */
};

static inline uint8_t board_sensors_count(const struct board *board)
{
	return (uint8_t)(board->sensors_count + (board->more ? board->more->count : 0));
}

static inline const struct board_sensor *board_sensor_at(const struct board *board, uint8_t i)
{
	return i < board->sensors_count ? &board->sensors[i]
					: &board->more->sensors[i - board->sensors_count];
}

/* Our own card: alone with a satellite, as the BMC of a drawer, in a peripheral slot of one. */
extern const struct board board_node_card;
extern const struct board board_system_card;
extern const struct board board_peripheral_card;

extern const struct board board_satellite;
extern const struct board board_manager;
extern const struct board board_standby_manager;
extern const struct board board_fabric;
extern const struct board board_node;
extern const struct board board_power_supply;
extern const struct board board_fan_tray;

/* Sensors that a manager's card has in either role; those of the shelf come after them. */
#define MANAGER_SENSORS 7

/* What whoever manages a drawer watches: its slots, its power, its cooling. */
#define SHELF_POWER_REDUNDANCY 0x5C
#define SHELF_COOLING_REDUNDANCY 0x5D
#define SHELF_SLOT(slot) (0x60 + (slot))

extern const struct sensor_table shelf_sensors;

#endif
