/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one may tell the simulated chassis, as a line of text. The command line reads it before it
 * sends it, so that a scenario file is checked whole; the simulator reads it again and does it.
 *
 *	insert PLACE [KIND]            pull PLACE [now]
 *	set PLACE SENSOR VALUE         VALUE: 95, -3.5, raw 200, state 1,3, state none, auto
 *	fault KIND [P%] [N times] [by TIME] [at PLACE] [for TIME]
 *	fault none [at PLACE]
 *	reset [PLACE]
 *
 * Words are parted by blanks; one with blanks in it stands in '' or "". TIME is 5s, 250ms; a bare
 * number is seconds.
 */
#ifndef VIPMI_IPMI_CHASSIS_ORDER_H
#define VIPMI_IPMI_CHASSIS_ORDER_H

#include "ipmi/chassis_control.h"

enum chassis_verb {
	CHASSIS_INSERT,
	CHASSIS_PULL,
	CHASSIS_SET,
	CHASSIS_FAULT,
	CHASSIS_RESET,
	CHASSIS_VERB_COUNT,
};

enum chassis_fault_kind {
	CHASSIS_FAULT_NONE, /* as an order: ends them */
	CHASSIS_FAULT_LOST, /* done, but the response never comes */
	CHASSIS_FAULT_LATE, /* the response takes `by` longer */
	CHASSIS_FAULT_DUPLICATE,
	CHASSIS_FAULT_GARBLED,
	CHASSIS_FAULT_NAK,         /* nobody takes the frame: Send Message says 83 */
	CHASSIS_FAULT_ARBITRATION, /* Send Message says 81 */
	CHASSIS_FAULT_BUSY,        /* C0, and nothing was done */
	CHASSIS_FAULT_RESET,       /* the controller restarts instead of answering */
	CHASSIS_FAULT_SILENCE,     /* takes requests and answers none */
	CHASSIS_FAULT_STICKY,      /* the event flag stays set, whatever is read */
	CHASSIS_FAULT_STUCK,       /* the IPMB carries nothing */
	CHASSIS_FAULT_FAILURE,     /* a power supply, fan tray or board breaks */
	CHASSIS_FAULT_COUNT,
};

enum chassis_value {
	CHASSIS_VALUE_AUTO,   /* back to what the simulation makes of it */
	CHASSIS_VALUE_MILLI,  /* a reading in thousandths of the sensor's unit */
	CHASSIS_VALUE_RAW,    /* a reading as the controller has it, 0 to 255 */
	CHASSIS_VALUE_STATES, /* the asserted offsets of a discrete sensor, bit 0 the first */
};

struct chassis_order {
	uint8_t verb;       /* enum chassis_verb */
	uint8_t place;      /* 0: all of it, where that may be */
	bool now;           /* pull: torn out, without waiting for the blue LED */
	uint8_t board;      /* insert: enum chassis_kind; EMPTY: what belongs there */
	uint8_t fault;      /* enum chassis_fault_kind */
	uint8_t percent;    /* 1 to 100 */
	uint8_t value_kind; /* enum chassis_value */
	int32_t value;
	uint32_t by_ms;                    /* late */
	uint32_t times;                    /* it ends after so many; 0: not by that */
	uint32_t for_ms;                   /* 0: until somebody ends it */
	char sensor[CHASSIS_NAME_MAX + 1]; /* its name, or "0x30" and the like: its number */
};

/* How late "late" is unless told: past the 5 s that everybody gives a KCS controller. */
#define CHASSIS_FAULT_LATE_MS 7000u
/* A day: longer faults are for ever, and nobody waits longer. */
#define CHASSIS_TIME_MS_MAX 86400000u

/* Who wants more, wants it for ever. */
#define CHASSIS_FAULT_TIMES_MAX 1000000u

/* Longest error that chassis_order_parse writes, with its zero. */
#define CHASSIS_ERROR_SIZE (CHASSIS_TEXT_MAX + 1)

/* Reads one line. 0, or -EINVAL with a text that says what is wrong and what there is. */
int chassis_order_parse(const char *line, size_t length, struct chassis_order *ret_order,
	char error[CHASSIS_ERROR_SIZE]);

/* "5s", "250ms", "0": at most a day. */
bool chassis_order_time(const char *text, uint32_t *ret_ms);

/* Of a number, its word; "?" when there is none. */
const char *chassis_verb_name(uint8_t verb);
const char *chassis_fault_name(uint8_t kind);
const char *chassis_kind_name(uint8_t kind);
const char *chassis_state_name(uint8_t state);
const char *chassis_severity_name(uint8_t severity);
const char *chassis_led_name(uint8_t led);

#endif
