/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * LAN and SOL configuration (IPMI 2.0 sections 23 and 26). Nothing listens there;
 * the parameters are kept for whoever sets and reads them.
 */
#include "chassis/handlers.h"
#include "chassis/parameters.h"

#define BYTES(...)                                                                                 \
	(const uint8_t[])                                                                          \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

/* Alert destinations: 0 is the volatile one (IPMI 2.0 table 23-4, parameter 17). */
#define DESTINATIONS 4

static const struct parameter lan_entries[] = {
	{.selector = 1, .length = 1, .flags = PARAMETER_READ_ONLY, .initial = BYTES(0x15)},
	{.selector = 2, .length = 5, .initial = BYTES(0x14, 0x14, 0x14, 0x14, 0x00)},
	/* Addresses for documentation (RFC 5737), a locally administered MAC address. */
	{.selector = 3, .length = 4, .initial = BYTES(192, 0, 2, 20)},
	{.selector = 4, .length = 1, .initial = BYTES(0x01)}, /* static */
	{.selector = 5, .length = 6, .initial = BYTES(0x02, 0x00, 0x5E, 0x10, 0x00, 0x20)},
	{.selector = 6, .length = 4, .initial = BYTES(255, 255, 255, 0)},
	{.selector = 7, .length = 3, .initial = BYTES(0x40, 0x40, 0x10)},
	{.selector = 8, .length = 2, .initial = BYTES(0x6F, 0x02)},
	{.selector = 9, .length = 2, .initial = BYTES(0x98, 0x02)},
	{.selector = 10, .length = 1, .initial = BYTES(0x03)},
	{.selector = 11, .length = 1, .initial = BYTES(0x03)},
	{.selector = 12, .length = 4, .initial = BYTES(192, 0, 2, 1)},
	{.selector = 13, .length = 6, .initial = BYTES(0x02, 0x00, 0x5E, 0x10, 0x00, 0x01)},
	{.selector = 14, .length = 4},
	{.selector = 15, .length = 6},
	{.selector = 16, .length = 18, .initial = (const uint8_t *)"public\0\0\0\0\0\0\0\0\0\0\0"},
	{.selector = 17,
		.length = 1,
		.flags = PARAMETER_READ_ONLY,
		.initial = BYTES(DESTINATIONS - 1)},
	{.selector = 18, .length = 3, .keys = 1, .sets = DESTINATIONS, .initial = BYTES(0, 3, 2)},
	{.selector = 19, .length = 12, .keys = 1, .sets = DESTINATIONS},
	{.selector = 20, .length = 2},
	{.selector = 21, .length = 1},
	/* Cipher suites 3 and 17, each up to administrator. */
	{.selector = 22, .length = 1, .flags = PARAMETER_READ_ONLY, .initial = BYTES(2)},
	{.selector = 23,
		.length = 17,
		.flags = PARAMETER_READ_ONLY,
		.initial = BYTES(0, 3, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)},
	{.selector = 24, .length = 9, .initial = BYTES(0, 0x44, 0, 0, 0, 0, 0, 0, 0)},
	{.selector = 25, .length = 3, .keys = 1, .sets = DESTINATIONS},
	{.selector = 26, .length = 6},
};

const struct parameter_table lan_parameters = {lan_entries, ARRAY_LENGTH(lan_entries)};

static const struct parameter sol_entries[] = {
	{.selector = 1, .length = 1, .initial = BYTES(0x01)},
	{.selector = 2, .length = 1, .initial = BYTES(0x02)},
	{.selector = 3, .length = 2, .initial = BYTES(0x05, 0x60)},
	{.selector = 4, .length = 2, .initial = BYTES(0x07, 0x32)},
	{.selector = 5, .length = 1, .initial = BYTES(0x0A)},
	{.selector = 6, .length = 1, .initial = BYTES(0x0A)},
	{.selector = 7, .length = 1, .flags = PARAMETER_READ_ONLY, .initial = BYTES(CHANNEL_LAN)},
	{.selector = 8, .length = 2, .initial = BYTES(0x6F, 0x02)},
};

const struct parameter_table sol_parameters = {sol_entries, ARRAY_LENGTH(sol_entries)};

static bool is_lan(const struct exchange *exchange, uint8_t byte)
{
	return exchange_channel(exchange, byte) == CHANNEL_LAN;
}

static uint8_t set(struct parameters *parameters, struct exchange *exchange)
{
	if (!is_lan(exchange, reader_u8(&exchange->request))) {
		return VIPMI_CC_INVALID_FIELD;
	}
	return parameters_set(parameters, reader_u8(&exchange->request), &exchange->request);
}

static uint8_t get(struct parameters *parameters, struct exchange *exchange)
{
	uint8_t channel = reader_u8(&exchange->request), selector, set_selector, block;

	if (!is_lan(exchange, channel)) {
		return VIPMI_CC_INVALID_FIELD;
	}
	selector = reader_u8(&exchange->request);
	set_selector = reader_u8(&exchange->request);
	block = reader_u8(&exchange->request);
	writer_u8(&exchange->response, PARAMETER_REVISION);
	if (channel & PARAMETER_REVISION_ONLY) {
		return VIPMI_CC_OK;
	}
	return parameters_get(parameters, selector, set_selector, block, &exchange->response);
}

uint8_t lan_set(struct controller *controller, struct exchange *exchange)
{
	return set(&controller->lan, exchange);
}

uint8_t lan_get(struct controller *controller, struct exchange *exchange)
{
	return get(&controller->lan, exchange);
}

uint8_t sol_set(struct controller *controller, struct exchange *exchange)
{
	return set(&controller->sol, exchange);
}

uint8_t sol_get(struct controller *controller, struct exchange *exchange)
{
	return get(&controller->sol, exchange);
}

uint8_t lan_get_statistics(struct controller *controller, struct exchange *exchange)
{
	static const uint8_t none[18];

	(void)controller;
	if (!is_lan(exchange, reader_u8(&exchange->request))) {
		return VIPMI_CC_INVALID_FIELD;
	}
	(void)reader_u8(&exchange->request); /* whether to clear what is 0 */
	writer_bytes(&exchange->response, none, sizeof(none));
	return VIPMI_CC_OK;
}
