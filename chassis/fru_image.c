/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * FRU inventory images: common header, chassis, board and product areas, all
 * with their checksums (Platform Management FRU Information Storage Definition).
 */
#include "chassis/controller.h"
#include "chassis/text.h"

#define FORMAT_VERSION 0x01
#define LANGUAGE_ENGLISH 0
#define FIELD_8BIT_ASCII 0xC0
#define FIELDS_END 0xC1
#define FIELD_MAX 63u
#define UNIT 8u
#define HEADER_SIZE 8u
#define SERIAL_DIGITS 8

/* 2025-06-01, in minutes since 1996-01-01. */
#define MANUFACTURED_MINUTES 15471360u

static void write_field(struct writer *writer, const char *text)
{
	size_t length = text_length(text, FIELD_MAX);

	writer_u8(writer, (uint8_t)(FIELD_8BIT_ASCII | length));
	writer_bytes(writer, text, length);
}

/* A serial number of its own for each device of each chassis. */
static void write_serial(struct writer *writer, struct random *random)
{
	char serial[SERIAL_DIGITS + 1] = {0};
	int i;

	for (i = 0; i < SERIAL_DIGITS; i++) {
		serial[i] = (char)('0' + random_below(random, 10));
	}
	write_field(writer, serial);
}

/* Ends an area: no more fields, padding, length, checksum. */
static void finish_area(struct writer *writer, uint8_t *area)
{
	writer_u8(writer, FIELDS_END);
	while (!writer->failed && (size_t)(writer->at - area) % UNIT != UNIT - 1) {
		writer_u8(writer, 0);
	}
	if (!writer->failed) {
		area[1] = (uint8_t)(((size_t)(writer->at - area) + 1) / UNIT);
		writer_u8(writer, ipmb_check_byte(area, (size_t)(writer->at - area)));
	}
}

static uint8_t offset_of(const struct writer *writer)
{
	return (uint8_t)(writer_length(writer) / UNIT);
}

static uint8_t write_chassis_area(
	struct writer *writer, const struct board_fru *fru, struct random *random)
{
	uint8_t offset = offset_of(writer), *area = writer->at;

	writer_u8(writer, FORMAT_VERSION);
	writer_u8(writer, 0);
	writer_u8(writer, fru->chassis_type);
	write_field(writer, fru->part);
	write_serial(writer, random);
	finish_area(writer, area);
	return offset;
}

static uint8_t write_board_area(
	struct writer *writer, const struct board_fru *fru, struct random *random)
{
	uint8_t offset = offset_of(writer), *area = writer->at;

	writer_u8(writer, FORMAT_VERSION);
	writer_u8(writer, 0);
	writer_u8(writer, LANGUAGE_ENGLISH);
	writer_u24le(writer, MANUFACTURED_MINUTES);
	write_field(writer, fru->manufacturer);
	write_field(writer, fru->product);
	write_serial(writer, random);
	write_field(writer, fru->part);
	write_field(writer, "fru.1"); /* FRU file ID */
	finish_area(writer, area);
	return offset;
}

static uint8_t write_product_area(
	struct writer *writer, const struct board_fru *fru, struct random *random)
{
	uint8_t offset = offset_of(writer), *area = writer->at;

	writer_u8(writer, FORMAT_VERSION);
	writer_u8(writer, 0);
	writer_u8(writer, LANGUAGE_ENGLISH);
	write_field(writer, fru->manufacturer);
	write_field(writer, fru->product);
	write_field(writer, fru->part);
	write_field(writer, fru->version);
	write_serial(writer, random);
	write_field(writer, "asset tag unset");
	write_field(writer, "fru.1"); /* FRU file ID */
	finish_area(writer, area);
	return offset;
}

void fru_image_write(const struct board_fru *fru, uint64_t seed, uint8_t *bytes)
{
	struct writer writer = writer_init(bytes, fru->size);
	struct random random;
	uint8_t header[HEADER_SIZE] = {FORMAT_VERSION};

	memset(bytes, 0xFF, fru->size); /* what an erased EEPROM reads */
	random_init(&random, seed + fru->instance + fru->size);
	writer_bytes(&writer, header, sizeof(header));
	if (fru->chassis_area) {
		header[2] = write_chassis_area(&writer, fru, &random);
	}
	header[3] = write_board_area(&writer, fru, &random);
	header[4] = write_product_area(&writer, fru, &random);
	header[7] = ipmb_check_byte(header, HEADER_SIZE - 1);
	memcpy(bytes, header, sizeof(header));
}
