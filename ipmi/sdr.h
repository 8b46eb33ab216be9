/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a sensor data record says about whose sensor it is and what people call
 * it (IPMI 2.0 sections 43.1 to 43.3): enough to name the sensor of an event.
 */
#ifndef VIPMI_IPMI_SDR_H
#define VIPMI_IPMI_SDR_H

#include "base/compat.h"

/* Record ID (2), version, type, and how many bytes follow (section 43). */
#define IPMI_SDR_HEADER_LENGTH 5
/* The length field has one byte; records of sensors have at most 64 bytes. */
#define IPMI_SDR_LENGTH_MAX (IPMI_SDR_HEADER_LENGTH + 255)

#define IPMI_SDR_FULL 0x01
#define IPMI_SDR_COMPACT 0x02
#define IPMI_SDR_EVENT_ONLY 0x03

/* Section 43.15: the length of a name has 5 bits; a byte becomes two of UTF-8 at most. */
#define IPMI_SDR_NAME_MAX 62
/* What an instance adds: at most three digits, or two letters. */
#define IPMI_SDR_INSTANCE_MAX 3

struct ipmi_sdr {
	uint16_t record_id;
	uint8_t record_type;
	uint8_t owner; /* slave address, or software ID with bit 0 set */
	uint8_t owner_lun;
	uint8_t channel; /* of the owner */
	uint8_t sensor;  /* the first that the record is for */
	uint8_t shared;  /* how many sensors in a row, at least 1 */
	uint8_t sensor_type;
	uint8_t reading_type;
	uint8_t instance; /* what the first one's name ends with, where several share the record: */
	bool alphabetic;  /* letters, not digits */
	char name[IPMI_SDR_NAME_MAX + 1]; /* UTF-8; "" where it has none that we can read */
};

/* Takes the record of a sensor apart. False: it is no sensor's, or cut short, and nothing is
 * written. */
bool ipmi_sdr_decode(const uint8_t *record, size_t length, struct ipmi_sdr *ret_sdr);

/* Whether the record is for this sensor. */
bool ipmi_sdr_is_for(const struct ipmi_sdr *sdr, uint8_t owner, uint8_t owner_lun, uint8_t sensor);

/* The name of one of the record's sensors, instance included, into `text`, which has room for
 * IPMI_SDR_NAME_MAX + IPMI_SDR_INSTANCE_MAX + 1 bytes. */
void ipmi_sdr_name(const struct ipmi_sdr *sdr, uint8_t sensor, char *text);

#endif
