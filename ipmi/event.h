/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an event says: the 16 bytes of a SEL record (IPMI 2.0 section 32.1), as
 * Read Event Message Buffer gives them, taken apart.
 */
#ifndef VIPMI_IPMI_EVENT_H
#define VIPMI_IPMI_EVENT_H

#include "base/compat.h"

#define IPMI_EVENT_LENGTH 16

/* Record types (table 32-1): 02h is a system event, the rest is an OEM's own. */
#define IPMI_EVENT_SYSTEM 0x02
#define IPMI_EVENT_OEM_STAMPED 0xC0 /* to DFh: with a time */
#define IPMI_EVENT_OEM_PLAIN 0xE0   /* to FFh: without */

/* Event/reading types (table 42-1). */
#define IPMI_READING_THRESHOLD 0x01
#define IPMI_READING_SEVERITY 0x07
#define IPMI_READING_SENSOR 0x6F

/* Sensor types (table 42-3) that tell of boards coming and going. */
#define IPMI_SENSOR_SLOT 0x21
#define IPMI_SENSOR_ENTITY_PRESENCE 0x25
#define IPMI_SENSOR_HOT_SWAP 0xF0 /* PICMG 3.0: FRU hot swap */
#define IPMI_SENSOR_WATCHDOG 0x23

enum ipmi_severity {
	IPMI_SEVERITY_NONE = 0, /* says nothing about it, or all is well */
	IPMI_SEVERITY_NON_CRITICAL = 1,
	IPMI_SEVERITY_CRITICAL = 2,
	IPMI_SEVERITY_NON_RECOVERABLE = 3,
};

struct ipmi_event {
	uint16_t record_id;
	uint8_t record_type;
	uint32_t time_s; /* of the controller's SEL clock; 0 where the record has none */
	/* The rest is of system events; 0 in others. */
	uint8_t generator;     /* slave address, or software ID with bit 0 set */
	uint8_t generator_lun; /* and */
	uint8_t channel;       /* of the generator */
	uint8_t revision;      /* 04h: IPMI 1.5 and 2.0 */
	uint8_t sensor_type, sensor;
	uint8_t reading_type; /* 7 bits */
	bool deasserted;
	uint8_t offset; /* 0 to 14 */
	uint8_t data[3];
	enum ipmi_severity severity;
	bool board_moves; /* a board, FRU or entity comes or goes */
};

/* Takes a record of IPMI_EVENT_LENGTH bytes apart; every record can be. */
void ipmi_event_decode(const uint8_t *record, struct ipmi_event *ret_event);

/* "Temperature"; NULL for types that the specification does not name. */
const char *ipmi_sensor_type_name(uint8_t sensor_type);

/* "Upper Critical - going high"; NULL where neither the reading type nor the sensor type names the
 * offset. */
const char *ipmi_event_text(uint8_t sensor_type, uint8_t reading_type, uint8_t offset);

const char *ipmi_severity_name(enum ipmi_severity severity);

#endif
