/* SPDX-License-Identifier: BSD-2-Clause */
/* Sensor data records: whose sensor it is and what people call it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ipmi/sdr.h"

#define RECORD_ROOM 64

/* A full record with the name "CPU Temp", of sensor 30h of the controller at B4h, LUN 1. */
static size_t full(uint8_t *record)
{
	memset(record, 0, RECORD_ROOM);
	memcpy(record, (const uint8_t[]){0x17, 0x01, 0x51, 0x01, 51, 0xB4, 0x71, 0x30}, 8);
	record[12] = 0x01;
	record[13] = 0x01;
	record[47] = 0xC8;
	memcpy(record + 48, "CPU Temp", 8);
	return 56;
}

/* A compact one: `count` sensors from 40h on, with a name of `length` bytes. */
static size_t compact(
	uint8_t *record, uint8_t sharing, uint8_t offset, uint8_t code, const char *name)
{
	size_t length = strlen(name);

	memset(record, 0, RECORD_ROOM);
	memcpy(record, (const uint8_t[]){0x02, 0, 0x51, 0x02, 0, 0x20, 0x00, 0x40}, 8);
	record[4] = (uint8_t)(27 + length);
	record[12] = 0x04;
	record[13] = 0x0A;
	record[23] = sharing;
	record[24] = offset;
	record[31] = (uint8_t)(code << 6 | length);
	memcpy(record + 32, name, length);
	return 32 + length;
}

static void a_full_record_names_its_sensor(void **state)
{
	uint8_t record[RECORD_ROOM];
	size_t length = full(record);
	char text[IPMI_SDR_NAME_MAX + IPMI_SDR_INSTANCE_MAX + 1];
	struct ipmi_sdr sdr;

	(void)state;
	assert_true(ipmi_sdr_decode(record, length, &sdr));
	assert_int_equal(sdr.record_id, 0x117);
	assert_int_equal(sdr.record_type, IPMI_SDR_FULL);
	assert_int_equal(sdr.owner, 0xB4);
	assert_int_equal(sdr.owner_lun, 1);
	assert_int_equal(sdr.channel, 7);
	assert_int_equal(sdr.sensor, 0x30);
	assert_int_equal(sdr.shared, 1);
	assert_int_equal(sdr.sensor_type, 0x01);
	assert_int_equal(sdr.reading_type, 0x01);
	ipmi_sdr_name(&sdr, 0x30, text);
	assert_string_equal(text, "CPU Temp");
	assert_true(ipmi_sdr_is_for(&sdr, 0xB4, 1, 0x30));
	assert_false(ipmi_sdr_is_for(&sdr, 0xB4, 1, 0x31));
	assert_false(ipmi_sdr_is_for(&sdr, 0xB4, 1, 0x2F));
	assert_false(ipmi_sdr_is_for(&sdr, 0xB4, 0, 0x30));
	assert_false(ipmi_sdr_is_for(&sdr, 0x20, 1, 0x30));
}

static void sensors_that_share_a_record_are_told_apart(void **state)
{
	uint8_t record[RECORD_ROOM];
	char text[IPMI_SDR_NAME_MAX + IPMI_SDR_INSTANCE_MAX + 1];
	struct ipmi_sdr sdr;

	(void)state;
	assert_true(ipmi_sdr_decode(record, compact(record, 0x0F, 98, 3, "Fan "), &sdr));
	assert_true(ipmi_sdr_is_for(&sdr, 0x20, 0, 0x4E));
	assert_false(ipmi_sdr_is_for(&sdr, 0x20, 0, 0x4F));
	ipmi_sdr_name(&sdr, 0x40, text);
	assert_string_equal(text, "Fan 98");
	ipmi_sdr_name(&sdr, 0x42, text);
	assert_string_equal(text, "Fan 100");
	assert_true(ipmi_sdr_decode(record, compact(record, 0x12, 0x80, 3, "PSU "), &sdr));
	ipmi_sdr_name(&sdr, 0x41, text);
	assert_string_equal(text, "PSU B");
	assert_true(ipmi_sdr_decode(record, compact(record, 0x13, 25, 3, ""), &sdr));
	ipmi_sdr_name(&sdr, 0x41, text);
	assert_string_equal(text, "AA");
	/* One alone has no instance, whatever stands there. */
	assert_true(ipmi_sdr_decode(record, compact(record, 0x01, 5, 3, "Fan"), &sdr));
	ipmi_sdr_name(&sdr, 0x40, text);
	assert_string_equal(text, "Fan");
}

static void an_event_only_record_names_its_sensor(void **state)
{
	static const uint8_t record[] = {0x03, 0, 0x51, 0x03, 16, 0x20, 0x00, 0x50, 0, 0, 0x21,
		0x6F, 0x00, 0, 0, 0, 0xC4, 'S', 'l', 'o', 't'};
	struct ipmi_sdr sdr;

	(void)state;
	assert_true(ipmi_sdr_decode(record, sizeof(record), &sdr));
	assert_int_equal(sdr.sensor_type, 0x21);
	assert_int_equal(sdr.reading_type, 0x6F);
	assert_string_equal(sdr.name, "Slot");
}

static void names_come_in_four_codes(void **state)
{
	uint8_t record[RECORD_ROOM];
	struct ipmi_sdr sdr;

	(void)state;
	/* "IPMI" in the specification's own example: 29 DC A6. */
	assert_true(ipmi_sdr_decode(record, compact(record, 1, 0, 2, "\x29\xDC\xA6"), &sdr));
	assert_string_equal(sdr.name, "IPMI");
	assert_true(ipmi_sdr_decode(record, compact(record, 1, 0, 1, "\x12\xAB\xC9"), &sdr));
	assert_string_equal(sdr.name, "12 -.9");
	assert_true(ipmi_sdr_decode(record, compact(record, 1, 0, 0, "u\1"), &sdr));
	assert_string_equal(sdr.name, "");
	assert_true(ipmi_sdr_decode(record, compact(record, 1, 0, 3, "L\xFC"), &sdr));
	assert_string_equal(sdr.name, "L\xC3\xBC");
	/* The longest. */
	memset(record + 32, 0xFF, 31);
	record[31] = 0xDF;
	record[4] = 27 + 31;
	assert_true(ipmi_sdr_decode(record, 63, &sdr));
	assert_int_equal(strlen(sdr.name), IPMI_SDR_NAME_MAX);
}

static void what_is_no_sensors_or_cut_short_is_refused(void **state)
{
	uint8_t record[RECORD_ROOM];
	size_t length = full(record);
	struct ipmi_sdr sdr = {.sensor = 99};

	(void)state;
	assert_false(ipmi_sdr_decode(record, 4, &sdr));
	assert_false(ipmi_sdr_decode(record, 47, &sdr));
	record[3] = 0;
	assert_false(ipmi_sdr_decode(record, length, &sdr));
	record[3] = 0x12;
	assert_false(ipmi_sdr_decode(record, length, &sdr));
	assert_int_equal(sdr.sensor, 99);
	record[3] = 0x01;
	/* As much of the name as there is. */
	assert_true(ipmi_sdr_decode(record, 48, &sdr));
	assert_string_equal(sdr.name, "");
	assert_true(ipmi_sdr_decode(record, 51, &sdr));
	assert_string_equal(sdr.name, "CPU");
	record[4] = 44; /* the record itself says that it ends there */
	assert_true(ipmi_sdr_decode(record, length, &sdr));
	assert_string_equal(sdr.name, "C");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_record_names_its_sensor),
		cmocka_unit_test(sensors_that_share_a_record_are_told_apart),
		cmocka_unit_test(an_event_only_record_names_its_sensor),
		cmocka_unit_test(names_come_in_four_codes),
		cmocka_unit_test(what_is_no_sensors_or_cut_short_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
