/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every bound of the simulated chassis, each with its reason.
 */
#ifndef VIPMI_CHASSIS_LIMITS_H
#define VIPMI_CHASSIS_LIMITS_H

/* What small controllers of the field keep: 8 KiB of EEPROM. */
#define SEL_ENTRIES_MAX 512u
#define SEL_RECORD_SIZE 16u
/* "Almost full" is three quarters, the watermark that most firmware uses. */
#define SEL_ALMOST_FULL (SEL_ENTRIES_MAX - SEL_ENTRIES_MAX / 4u)

/* Sensor numbers of one LUN that the index covers; FFh is reserved (IPMI 2.0 section 43.1). */
#define SENSOR_NUMBERS 256u

/* Longest record that a full sensor with a name of 16 characters makes. */
#define SDR_RECORD_MAX 64u
#define SDR_NAME_MAX 16u

/* Messages that wait for Get Message: what the big controllers of the field keep. */
#define RECEIVE_QUEUE_MAX 20u

/* Frames on their way over the IPMB at the same time; beyond that the sender is told C0. */
#define BUS_FRAMES_MAX 64u

/* A byte on the IPMB: nine bits at 100 kHz. */
#define IPMB_BYTE_WIRE_US 90u

/* A receiver that does not acknowledge is tried as often as this, as most firmware does. */
#define BUS_TRIES_MAX 4u

/* Controllers on the bus: the 30 geographical addresses that manage, and the BMC. */
#define BUS_CONTROLLERS_MAX 31u

/* Requests that wait in a controller: what the big ones of the field keep. */
#define REQUESTS_MAX 20u

/* Faults that are injected at the same time: one of each kind, and some at single places. */
#define FAULTS_MAX 24u

/* Events that a manager has yet to pass on: more than one card's coming and going makes. */
#define RELAY_MAX 32u
/* Generator ID and the seven bytes of a Platform Event Message (IPMI 2.0 section 29.3). */
#define RELAY_EVENT_SIZE 8u

/* Auxiliary logs: 0 machine check, 1 OEM 1, 2 OEM 2 (IPMI 2.0 section 31.12). */
#define AUX_LOGS_MAX 3u

/* Small user table: null user, administrator and some to fill. */
#define USERS_MAX 10u
#define USER_NAME_SIZE 16u
#define USER_PASSWORD_SIZE 20u

/* Longest FRU inventory of a device: a 2 kbit EEPROM and its big brother. */
#define FRU_SIZE_MAX 2048u
#define FRU_DEVICES_MAX 4u

#endif
