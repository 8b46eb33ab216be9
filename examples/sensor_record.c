/* SPDX-License-Identifier: BSD-2-Clause */
#include "sensor_record.h"

#include <stdio.h>

/* Where what stands in a full sensor record (IPMI 2.0 section 43.1). */
#define RECORD_TYPE 3
#define RECORD_LUN 6
#define RECORD_NUMBER 7
#define RECORD_READING_TYPE 13
#define RECORD_UNITS 20
#define RECORD_BASE_UNIT 21
#define RECORD_LINEARIZATION 23
#define RECORD_M 24
#define RECORD_B 26
#define RECORD_EXPONENTS 29
#define RECORD_NAME_LENGTH 47
#define RECORD_NAME 48

#define TYPE_FULL 0x01
#define READING_THRESHOLD 0x01
#define LINEAR 0
#define FORMAT_ONES_COMPLEMENT 1
#define FORMAT_TWOS_COMPLEMENT 2
#define FORMAT_NONE 3

static int signed_bits(unsigned int value, unsigned int bits)
{
	return value & 1u << (bits - 1) ? (int)value - (1 << bits) : (int)value;
}

/* Ten bits: eight, and the upper two of the byte behind them. */
static int factor(const uint8_t *bytes)
{
	return signed_bits(bytes[0] | (bytes[1] & 0xC0u) << 2, 10);
}

static double scaled(double value, int exponent)
{
	for (; exponent > 0; exponent--) {
		value *= 10;
	}
	for (; exponent < 0; exponent++) {
		value /= 10;
	}
	return value;
}

int sensor_decode(const uint8_t *record, size_t length, struct sensor *ret_sensor)
{
	size_t name;

	if (length < RECORD_NAME || record[RECORD_TYPE] != TYPE_FULL ||
		record[RECORD_READING_TYPE] != READING_THRESHOLD ||
		record[RECORD_UNITS] >> 6 == FORMAT_NONE ||
		(record[RECORD_LINEARIZATION] & 0x7F) != LINEAR) {
		return -1;
	}
	*ret_sensor = (struct sensor){
		.number = record[RECORD_NUMBER],
		.lun = record[RECORD_LUN] & 0x03,
		.format = record[RECORD_UNITS] >> 6,
		.unit = record[RECORD_BASE_UNIT],
		.m = factor(record + RECORD_M),
		.b = factor(record + RECORD_B),
		.result_exponent = signed_bits(record[RECORD_EXPONENTS] >> 4, 4),
		.b_exponent = signed_bits(record[RECORD_EXPONENTS] & 0x0Fu, 4),
	};
	name = record[RECORD_NAME_LENGTH] & 0x1Fu;
	if (name > length - RECORD_NAME) {
		name = length - RECORD_NAME;
	}
	(void)snprintf(ret_sensor->name, sizeof(ret_sensor->name), "%.*s", (int)name,
		(const char *)record + RECORD_NAME);
	return 0;
}

double sensor_value(const struct sensor *sensor, uint8_t reading)
{
	int raw = reading;

	if (sensor->format == FORMAT_TWOS_COMPLEMENT) {
		raw = signed_bits(reading, 8);
	} else if (sensor->format == FORMAT_ONES_COMPLEMENT && reading & 0x80) {
		raw = -(~reading & 0xFF);
	}
	/* Section 36.3. */
	return scaled(sensor->m * (double)raw + scaled(sensor->b, sensor->b_exponent),
		sensor->result_exponent);
}

const char *sensor_unit_name(const struct sensor *sensor)
{
	/* Section 43.17, the units that such hardware has. */
	switch (sensor->unit) {
	case 1:
		return "celsius";
	case 4:
		return "volts";
	case 5:
		return "amperes";
	case 6:
		return "watts";
	case 18:
		return "rpm";
	default:
		return "other";
	}
}
