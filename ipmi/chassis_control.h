/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How the simulated chassis is looked at and meddled with: four OEM requests that
 * the simulator itself answers, at its system interface, whatever the simulated
 * controller is doing or suffering. Nothing else in vipmi knows of them: to the
 * core they are OEM requests of unknown meaning, and so never merged, cached or
 * sent twice. Any real controller answers C1.
 *
 *	Control     one line of text, as ipmi/chassis_order.h reads it; a status and a text
 *	Get Place   0: the chassis as a whole; 1 and on: a slot, a power supply, a fan tray
 *	Get Sensor  one sensor of the board in a place, by its position
 *	Get Fault   one of the faults that are being injected, by its position
 *
 * A place is a slot (1 to `slots`) or one of the others after them (to `places`). All requests
 * begin with a magic, so that no vendor's OEM command can be meant by accident; without it the
 * simulator too says C1. Little-endian; texts are padded with zeros. A response may be longer than
 * known here: what follows is for later.
 */
#ifndef VIPMI_IPMI_CHASSIS_CONTROL_H
#define VIPMI_IPMI_CHASSIS_CONTROL_H

#include "base/compat.h"

#define CHASSIS_CONTROL_NETFN 0x30 /* controller-specific OEM (IPMI 2.0 table 5-1) */

enum chassis_control_command {
	CHASSIS_CONTROL = 0xC0,
	CHASSIS_GET_PLACE = 0xC1,
	CHASSIS_GET_SENSOR = 0xC2,
	CHASSIS_GET_FAULT = 0xC3,
};

#define CHASSIS_MAGIC_SIZE 4u
/* A line that somebody types; with its magic it fits every link's longest message. */
#define CHASSIS_LINE_MAX 120u
/* An answer that says what is wrong and how to mend it; likewise. */
#define CHASSIS_TEXT_MAX 160u
#define CHASSIS_REQUEST_MAX (CHASSIS_MAGIC_SIZE + CHASSIS_LINE_MAX)
/* Everything but Control's text: what the smallest KCS controllers answer. */
#define CHASSIS_ROW_MAX 60u
/* 21 slots, the second manager, power supplies and fan trays, with room for more of them. */
#define CHASSIS_PLACES_MAX 40u
/* What a type/length byte of a sensor's record can count (IPMI 2.0 section 43.15), and so what
 * sensors are called. */
#define CHASSIS_NAME_MAX 16u

/* ---- requests ---- */

struct chassis_control_request {
	uint8_t command;  /* enum chassis_control_command */
	uint8_t place;    /* Get Place, Get Sensor */
	uint8_t index;    /* Get Sensor, Get Fault: 0 is the first */
	const char *line; /* Control: not terminated by a zero, in the caller's bytes */
	size_t line_length;
};

/* Writes the data of a request. Returns its length, or -EMSGSIZE, -EINVAL (no such command). */
int chassis_control_encode_request(
	const struct chassis_control_request *request, uint8_t *data, size_t size);

/* 0; -ENOENT: not one of ours (another command, or no magic), to be answered C1; -EBADMSG: one of
 * ours of the wrong length, to be answered C7. */
int chassis_control_decode_request(uint8_t command, const uint8_t *data, size_t length,
	struct chassis_control_request *ret_request);

/* ---- Control's answer ---- */

enum chassis_status {
	CHASSIS_STATUS_DONE,
	CHASSIS_STATUS_REFUSED, /* understood, but it cannot be: no such place, nothing to pull */
	CHASSIS_STATUS_UNCLEAR, /* the line is not right */
};

struct chassis_control_result {
	uint8_t status; /* enum chassis_status */
	char text[CHASSIS_TEXT_MAX + 1];
};

/* ---- Get Place 0 ---- */

enum chassis_role {
	CHASSIS_ROLE_BMC,
	CHASSIS_ROLE_PERIPHERAL,
};

struct chassis_whole {
	uint8_t slots, places; /* places: the slots, and what is beside them */
	uint8_t role;          /* enum chassis_role */
	uint8_t own_place, own_address;
	uint8_t manager; /* the place of who manages the drawer; 0: nobody */
	uint8_t faults;  /* how many are being injected */
	bool enum_line;  /* ENUM#, which all slots share, is asserted */
	uint64_t seed;
	uint64_t time_ms; /* simulated, since the start */
	char name[CHASSIS_NAME_MAX + 1];
};

/* ---- Get Place 1 and on ---- */

enum chassis_kind {
	CHASSIS_KIND_EMPTY,
	CHASSIS_KIND_MANAGER,
	CHASSIS_KIND_FABRIC,
	CHASSIS_KIND_NODE,
	CHASSIS_KIND_POWER_SUPPLY,
	CHASSIS_KIND_FAN_TRAY,
	CHASSIS_KIND_COUNT,
};

/* What a board in a slot goes through (PICMG 2.1, with this chassis' names). */
enum chassis_state {
	CHASSIS_STATE_EMPTY,
	CHASSIS_STATE_INSERTED, /* in, not powered: ejector open, blue LED on */
	CHASSIS_STATE_POWERING, /* BD_SEL# is asserted, HEALTHY# awaited */
	CHASSIS_STATE_ACTIVE,
	CHASSIS_STATE_QUIESCING, /* ejector opened, software is to let go of it */
	CHASSIS_STATE_SAFE,      /* powered down, blue LED on: may be pulled */
	CHASSIS_STATE_FAILED,    /* its power is not good, or it died */
	CHASSIS_STATE_COUNT,
};

enum chassis_led {
	CHASSIS_LED_OFF,
	CHASSIS_LED_ON,
	CHASSIS_LED_BLINKING,
	CHASSIS_LED_COUNT,
};

enum chassis_severity {
	CHASSIS_SEVERITY_OK,
	CHASSIS_SEVERITY_NON_CRITICAL,
	CHASSIS_SEVERITY_CRITICAL,
	CHASSIS_SEVERITY_NON_RECOVERABLE,
	CHASSIS_SEVERITY_COUNT,
};

struct chassis_place {
	uint8_t place;
	uint8_t kind;     /* enum chassis_kind; EMPTY: nobody is there */
	uint8_t state;    /* enum chassis_state */
	uint8_t address;  /* on the IPMB; 0: no controller of its own */
	uint8_t blue_led; /* enum chassis_led */
	bool own;         /* the board whose controller answers here */
	bool ejector_open, bd_sel, healthy, enum_asserted, powered; /* signals: true = asserted */
	bool suffering;   /* a fault is being injected here */
	uint8_t sensors;  /* how many; Get Sensor has them */
	uint8_t severity; /* enum chassis_severity, the worst of all its sensors */
	/* Messages that wait in its controller (in ours: for the host), how many can, and how many
	 * frames found no room however often they were tried. */
	uint8_t waiting, room;
	uint32_t missed;
	char name[CHASSIS_NAME_MAX + 1]; /* of the board */
	char worst[CHASSIS_NAME_MAX +
		   1]; /* of the sensor that is worst off; "" when all are well */
};

/* ---- Get Sensor ---- */

struct chassis_sensor {
	uint8_t place, index, count;      /* count: of the place's sensors */
	uint8_t number, type, event_type; /* as in its record (IPMI 2.0 sections 42.1, 42.2) */
	uint8_t severity;                 /* enum chassis_severity */
	bool threshold;                   /* it has a reading; otherwise states */
	bool unavailable;                 /* nothing to be read now */
	bool held;                        /* somebody set it; the simulation leaves it alone */
	uint8_t raw;
	uint8_t unit;        /* base unit (IPMI 2.0 section 43.17) */
	uint16_t states;     /* asserted offsets, or comparisons with the thresholds */
	int32_t value_milli; /* thousandths of the unit */
	char name[CHASSIS_NAME_MAX + 1];
};

/* ---- Get Fault ---- */

#define CHASSIS_FAULT_UNTIL_ENDED UINT32_MAX

struct chassis_fault {
	uint8_t index, count;
	uint8_t kind;     /* enum chassis_fault_kind of ipmi/chassis_order.h */
	uint8_t percent;  /* of the occasions */
	uint8_t place;    /* 0: wherever such a thing can happen */
	uint32_t by_ms;   /* late: how much */
	uint32_t left_ms; /* CHASSIS_FAULT_UNTIL_ENDED: until somebody ends it */
	uint32_t hits;    /* how often it happened */
	uint32_t times;   /* how often it will yet, at most; 0: nobody counts */
};

/* Each writes a response's data, without the completion code; the length, or -EMSGSIZE. */
int chassis_control_encode_result(
	const struct chassis_control_result *result, uint8_t *data, size_t size);
int chassis_control_encode_whole(const struct chassis_whole *whole, uint8_t *data, size_t size);
int chassis_control_encode_place(const struct chassis_place *place, uint8_t *data, size_t size);
int chassis_control_encode_sensor(const struct chassis_sensor *sensor, uint8_t *data, size_t size);
int chassis_control_encode_fault(const struct chassis_fault *fault, uint8_t *data, size_t size);

/* Each reads one; 0, or -EBADMSG: too short, or a value that cannot be. */
int chassis_control_decode_result(
	const uint8_t *data, size_t length, struct chassis_control_result *ret_result);
int chassis_control_decode_whole(
	const uint8_t *data, size_t length, struct chassis_whole *ret_whole);
int chassis_control_decode_place(
	const uint8_t *data, size_t length, struct chassis_place *ret_place);
int chassis_control_decode_sensor(
	const uint8_t *data, size_t length, struct chassis_sensor *ret_sensor);
int chassis_control_decode_fault(
	const uint8_t *data, size_t length, struct chassis_fault *ret_fault);

#endif
