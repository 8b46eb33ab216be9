/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * System Boot Options (IPMI 2.0 sections 28.12, 28.13).
 */
#include "chassis/handlers.h"
#include "chassis/parameters.h"

#define BOOT_VERSION 0x01
#define PARAMETER_INVALID 0x80 /* beside the selector: marked invalid by its writer */
#define MAILBOX_BLOCKS 5
#define PARAMETERS 8

static const struct parameter entries[] = {
	{.selector = 1, .length = 1},
	{.selector = 2, .length = 1},
	{.selector = 3, .length = 1},
	{.selector = 4, .length = 2},
	{.selector = 5, .length = 5},
	{.selector = 6, .length = 9},
	{.selector = 7,
		.length = 16,
		.keys = 1,
		.sets = MAILBOX_BLOCKS,
		.flags = PARAMETER_SHORTER},
};

const struct parameter_table boot_parameters = {entries, ARRAY_LENGTH(entries)};

uint8_t boot_set(struct controller *controller, struct exchange *exchange)
{
	uint8_t byte = reader_u8(&exchange->request), selector = byte & 0x7F;
	uint8_t cc = VIPMI_CC_OK;

	if (selector >= PARAMETERS) {
		return CC_PARAMETER_UNSUPPORTED;
	}
	/* Without data only the mark changes. */
	if (reader_left(&exchange->request) > 0) {
		cc = parameters_set(&controller->boot, selector, &exchange->request);
	}
	if (cc == VIPMI_CC_OK) {
		controller->boot_invalid &= (uint8_t) ~(1u << selector);
		controller->boot_invalid |=
			(uint8_t)(byte & PARAMETER_INVALID ? 1u << selector : 0);
	}
	return cc;
}

uint8_t boot_get(struct controller *controller, struct exchange *exchange)
{
	uint8_t selector = reader_u8(&exchange->request) & 0x7F;
	uint8_t set = reader_u8(&exchange->request), block = reader_u8(&exchange->request);
	bool invalid = selector < PARAMETERS && controller->boot_invalid & 1u << selector;

	writer_u8(&exchange->response, BOOT_VERSION);
	writer_u8(&exchange->response, selector | (invalid ? PARAMETER_INVALID : 0));
	return parameters_get(&controller->boot, selector, set, block, &exchange->response);
}
