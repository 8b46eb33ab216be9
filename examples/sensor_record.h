/* SPDX-License-Identifier: BSD-2-Clause */
/* What a full sensor record says, as far as it takes to make a number of a reading. */
#ifndef EXAMPLES_SENSOR_RECORD_H
#define EXAMPLES_SENSOR_RECORD_H

#include <stddef.h>
#include <stdint.h>

#define SENSOR_NAME_MAX 16

struct sensor {
	uint8_t number, lun, format, unit;
	int m, b, result_exponent, b_exponent;
	char name[SENSOR_NAME_MAX + 1];
};

/* Takes a record of a linear sensor with threshold readings. -1: it is another one. */
int sensor_decode(const uint8_t *record, size_t length, struct sensor *ret_sensor);

/* The number that a raw reading stands for. */
double sensor_value(const struct sensor *sensor, uint8_t reading);

/* "celsius", "volts", ... Static, never NULL. */
const char *sensor_unit_name(const struct sensor *sensor);

#endif
