/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System Info Parameters (IPMI 2.0 section 22.14): strings in blocks of 16 bytes.
 */
#include "chassis/handlers.h"
#include "chassis/parameters.h"

#define BLOCK_SIZE 16
#define BLOCKS 8

/* Encoding 0 (ASCII), length, characters; the further blocks are empty. */
static const uint8_t firmware_version[BLOCK_SIZE] = "\0\0042.15";
static const uint8_t system_name[BLOCK_SIZE] = "\0\016simulated node";

#define STRING(number, text)                                                                       \
	{                                                                                          \
		.selector = number, .length = BLOCK_SIZE, .keys = 1, .sets = BLOCKS,               \
		.flags = PARAMETER_SHORTER | PARAMETER_FIRST_ONLY, .initial = text,                \
	}

static const struct parameter entries[] = {
	STRING(1, firmware_version), STRING(2, system_name),
	STRING(3, NULL), /* primary operating system's name */
	STRING(4, NULL), /* running operating system's name, */
	STRING(5, NULL), /* version; */
	STRING(6, NULL), /* URL of the controller, */
	STRING(7, NULL), /* of the hypervisor */
};

const struct parameter_table system_info_parameters = {entries, ARRAY_LENGTH(entries)};

uint8_t system_info_set(struct controller *controller, struct exchange *exchange)
{
	uint8_t selector = reader_u8(&exchange->request);

	return parameters_set(&controller->system_info, selector, &exchange->request);
}

uint8_t system_info_get(struct controller *controller, struct exchange *exchange)
{
	bool revision_only = reader_u8(&exchange->request) & PARAMETER_REVISION_ONLY;
	uint8_t selector = reader_u8(&exchange->request), set = reader_u8(&exchange->request);
	uint8_t block = reader_u8(&exchange->request);

	writer_u8(&exchange->response, PARAMETER_REVISION);
	if (revision_only) {
		return VIPMI_CC_OK;
	}
	return parameters_get(&controller->system_info, selector, set, block, &exchange->response);
}
