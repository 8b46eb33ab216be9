/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words and macros that make the boards' sensor tables short. Only for files that
 * hold such tables.
 */
#ifndef VIPMI_CHASSIS_SENSOR_TABLE_H
#define VIPMI_CHASSIS_SENSOR_TABLE_H

#include "chassis/board.h"

/* Sensor types (IPMI 2.0 table 42-3). */
#define TEMPERATURE 0x01
#define VOLTAGE 0x02
#define CURRENT 0x03
#define FAN 0x04
#define OTHER_UNITS 0x0B

/* Base units (IPMI 2.0 table 43-15). */
#define DEGREES_C 1
#define VOLTS 4
#define AMPERES 5
#define WATTS 6
#define RPM 18

/* Entities (IPMI 2.0 table 43-13). */
#define PROCESSOR 0x03
#define SYSTEM_BOARD 0x07
#define MEMORY_MODULE 0x08
#define POWER_SUPPLY 0x0A
#define PERIPHERAL_BAY 0x0B
#define POWER_UNIT 0x13
#define POWER_MODULE 0x14
#define CHASSIS 0x17
#define FAN_DEVICE 0x1D
#define EXTERNAL_ENVIRONMENT 0x27
#define BATTERY 0x28
#define AIR_INLET 0x37

#define READING_THRESHOLD 0x01
#define READING_DIGITAL 0x03
#define READING_REDUNDANCY 0x0B
#define READING_SENSOR_SPECIFIC 0x6F

#define UPPER 0x38       /* UNC, UC, UNR */
#define UPPER_TWO 0x18   /* UNC, UC */
#define LOWER_TWO 0x03   /* LNC, LC */
#define LOWER_THREE 0x07 /* LNC, LC, LNR */
#define ALL 0x3F
#define BOTH_TWO 0x1B /* LNC, LC, UNC, UC */

#define TEMP(text, nr, ent, inst, nom, sw, unc, uc, unr)                                           \
	{                                                                                          \
		.name = text, .record = RECORD_FULL, .number = nr, .type = TEMPERATURE,            \
		.reading_type = READING_THRESHOLD, .entity = ent, .instance = inst,                \
		.cause = CAUSE_HEAT, .unit = DEGREES_C, .m = 1, .nominal = nom, .swing = sw,       \
		.normal_min = (nom)-10, .normal_max = (nom) + 10,                                  \
		.thresholds = {0, 0, 0, unc, uc, unr}, .thresholds_mask = UPPER, .hysteresis = 2,  \
	}

/* Supervised at 5, 10 and 15 percent to either side. `m` is in 10^`exp` volts a count. */
#define RAIL(text, nr, mul, exp, nom, lc, lnc, unc, uc)                                            \
	{                                                                                          \
		.name = text, .record = RECORD_FULL, .number = nr, .type = VOLTAGE,                \
		.reading_type = READING_THRESHOLD, .entity = SYSTEM_BOARD, .instance = 1,          \
		.unit = VOLTS, .m = mul, .exponent = exp, .nominal = nom, .swing = 1,              \
		.normal_min = (lnc) + 1, .normal_max = (unc)-1,                                    \
		.thresholds = {lnc, lc, 2 * (lc) - (lnc), unc, uc, 2 * (uc) - (unc)},              \
		.thresholds_mask = ALL, .hysteresis = 1,                                           \
	}

#define LOAD(text, nr, kind, what, mul, exp, nom, sw, unc, uc)                                     \
	{                                                                                          \
		.name = text, .record = RECORD_FULL, .number = nr, .type = kind,                   \
		.reading_type = READING_THRESHOLD, .entity = POWER_MODULE, .instance = 1,          \
		.unit = what, .m = mul, .exponent = exp, .nominal = nom, .swing = sw,              \
		.normal_min = (nom) / 2, .normal_max = (unc)-1,                                    \
		.thresholds = {0, 0, 0, unc, uc, 0}, .thresholds_mask = UPPER_TWO,                 \
		.hysteresis = 2,                                                                   \
	}

#define FAN_SPEED(text, nr, inst, nom)                                                             \
	{                                                                                          \
		.name = text, .record = RECORD_FULL, .number = nr, .type = FAN,                    \
		.reading_type = READING_THRESHOLD, .entity = FAN_DEVICE, .instance = inst,         \
		.unit = RPM, .m = 60, .nominal = nom, .swing = 3, .normal_min = 60,                \
		.normal_max = 150, .thresholds = {40, 30, 20, 0, 0, 0},                            \
		.thresholds_mask = LOWER_THREE, .hysteresis = 2,                                   \
	}

#define DISCRETE(text, nr, kind, reading, ent, inst, all, evs, first)                              \
	{                                                                                          \
		.name = text, .record = RECORD_COMPACT, .number = nr, .type = kind,                \
		.reading_type = reading, .entity = ent, .instance = inst,                          \
		.format = FORMAT_DISCRETE, .states = all, .events = evs, .initial = first,         \
	}

#endif
