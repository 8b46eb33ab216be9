/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's own FRU inventory, for `fru=own`: one product, which is the guest, with
 * its name and its GUID (Platform Management FRU Information Storage Definition).
 */
#include "guest/private.h"

#include "ipmi/ipmb.h"

#define FORMAT_VERSION 0x01
#define LANGUAGE_ENGLISH 0x19
/* Offsets and lengths are in these. */
#define UNIT 8u
/* A field's type and length: Latin-1 text. C1h ends the fields. */
#define FIELD_TEXT 0xC0
#define FIELDS_END 0xC1

#define ACCESS_BY_BYTES 0x00
#define DEVICE 0x00

/* A text of one character would be the end of the fields. */
static void put_text(struct writer *writer, const char *text, size_t length)
{
	writer_u8(writer, (uint8_t)(FIELD_TEXT | (length == 1 ? 2 : length)));
	writer_bytes(writer, text, length);
	if (length == 1) {
		writer_u8(writer, ' ');
	}
}

/* What was written since `start`, up to whole units: its last byte makes the sum 0. */
static void put_checksum(struct writer *writer, const uint8_t *start)
{
	while ((size_t)(writer->at - start) % UNIT != UNIT - 1 && !writer->failed) {
		writer_u8(writer, 0);
	}
	writer_u8(writer, ipmb_check_byte(start, (size_t)(writer->at - start)));
}

size_t guest_fru_image(const struct guest_config *config, uint8_t image[GUEST_FRU_MAX])
{
	struct writer writer = writer_init(image, GUEST_FRU_MAX);
	char guid[GUEST_GUID_TEXT_SIZE];
	uint8_t *product;
	size_t name;

	for (name = 0; name < GUEST_NAME_MAX && config->name[name]; name++) {
	}
	guest_guid_text(config->guid, guid);
	writer_u8(&writer, FORMAT_VERSION);
	writer_u24le(&writer, 0); /* internal use, chassis, board */
	writer_u16le(&writer, 1); /* product, no multirecord */
	put_checksum(&writer, image);
	product = writer.at;
	writer_u8(&writer, FORMAT_VERSION);
	writer_u8(&writer, 0); /* its length, below */
	writer_u8(&writer, LANGUAGE_ENGLISH);
	put_text(&writer, "vipmi", 5);
	put_text(&writer, config->name, name);
	put_text(&writer, NULL, 0); /* part number, version */
	put_text(&writer, NULL, 0);
	put_text(&writer, guid, GUEST_GUID_TEXT_SIZE - 1); /* serial number */
	put_text(&writer, NULL, 0);                        /* asset tag, file ID */
	put_text(&writer, NULL, 0);
	writer_u8(&writer, FIELDS_END);
	product[1] = (uint8_t)((size_t)(writer.at - product) / UNIT + 1);
	put_checksum(&writer, product);
	return writer_length(&writer);
}

uint8_t guest_fru_get_info(struct guest *guest, struct guest_call *call)
{
	uint8_t image[GUEST_FRU_MAX];

	if (reader_u8(&call->request) != DEVICE) {
		return VIPMI_CC_NOT_PRESENT;
	}
	writer_u16le(&call->response, (uint16_t)guest_fru_image(&guest->config, image));
	writer_u8(&call->response, ACCESS_BY_BYTES);
	return VIPMI_CC_OK;
}

uint8_t guest_fru_read(struct guest *guest, struct guest_call *call)
{
	uint8_t image[GUEST_FRU_MAX];
	size_t size = guest_fru_image(&guest->config, image);
	uint8_t device = reader_u8(&call->request);
	uint16_t offset = reader_u16le(&call->request);
	uint8_t count = reader_u8(&call->request);

	if (device != DEVICE) {
		return VIPMI_CC_NOT_PRESENT;
	}
	if (offset >= size) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	count = count < size - offset ? count : (uint8_t)(size - offset);
	writer_u8(&call->response, count);
	writer_bytes(&call->response, image + offset, count);
	return VIPMI_CC_OK;
}
