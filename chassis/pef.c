/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Platform Event Filtering and alerting (IPMI 2.0 section 30): what can be
 * configured and asked. Nobody is alerted.
 */
#include "chassis/handlers.h"
#include "chassis/parameters.h"

#define FILTERS 16
#define POLICIES 8
#define STRINGS 3 /* 0 is the volatile one */
#define STRING_BLOCKS 4
#define FILTER_SIZE 20

/* Actions: alert, power off, reset, power cycle, diagnostic interrupt. */
#define ACTIONS 0x2F

/* Arm PEF Postpone Timer. */
#define POSTPONE_DISABLED 0x00
#define POSTPONE_GET 0xFF

#define NO_RECORD 0xFFFF
#define ALERT_NORMAL_END 0x01

/* Matches every event, does nothing, disabled. */
static const uint8_t filter_initial[FILTER_SIZE] = {
	0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};

static const struct parameter entries[] = {
	{.selector = 1, .length = 1, .initial = (const uint8_t[]){0x01}},
	{.selector = 2, .length = 1, .initial = (const uint8_t[]){ACTIONS}},
	{.selector = 3, .length = 1, .initial = (const uint8_t[]){60}},
	{.selector = 4, .length = 1, .initial = (const uint8_t[]){60}},
	{.selector = 5,
		.length = 1,
		.flags = PARAMETER_READ_ONLY,
		.initial = (const uint8_t[]){FILTERS}},
	{.selector = 6,
		.length = FILTER_SIZE,
		.keys = 1,
		.first = 1,
		.sets = FILTERS,
		.initial = filter_initial},
	{.selector = 7, .length = 1, .keys = 1, .alias = 6},
	{.selector = 8,
		.length = 1,
		.flags = PARAMETER_READ_ONLY,
		.initial = (const uint8_t[]){POLICIES}},
	{.selector = 9, .length = 3, .keys = 1, .first = 1, .sets = POLICIES},
	{.selector = 10, .length = 17},
	{.selector = 11,
		.length = 1,
		.flags = PARAMETER_READ_ONLY,
		.initial = (const uint8_t[]){STRINGS - 1}},
	{.selector = 12, .length = 2, .keys = 1, .sets = STRINGS},
	{.selector = 13,
		.length = 16,
		.keys = 2,
		.sets = STRINGS,
		.blocks = STRING_BLOCKS,
		.flags = PARAMETER_SHORTER},
};

const struct parameter_table pef_parameters = {entries, ARRAY_LENGTH(entries)};

void pef_init(struct controller *controller)
{
	controller->pef = (struct pef){
		.last_software_id = NO_RECORD,
		.last_controller_id = NO_RECORD,
	};
}

uint8_t pef_get_capabilities(struct controller *controller, struct exchange *exchange)
{
	(void)controller; /* every board's are alike */
	writer_u8(&exchange->response, VERSION_1_5);
	writer_u8(&exchange->response, ACTIONS);
	writer_u8(&exchange->response, FILTERS);
	return VIPMI_CC_OK;
}

uint8_t pef_arm_postpone(struct controller *controller, struct exchange *exchange)
{
	struct pef *pef = &controller->pef;
	uint8_t wanted = reader_u8(&exchange->request);
	uint64_t left_ns;

	if (wanted != POSTPONE_GET) {
		pef->postpone_s = wanted;
		pef->postpone_ns = exchange->now_ns + wanted * NSEC_PER_SEC_U64;
	}
	/* Counting down, shown in units of 2^30 ns: near enough to a second for this. */
	left_ns = pef->postpone_ns > exchange->now_ns ? pef->postpone_ns - exchange->now_ns : 0;
	if (wanted == POSTPONE_GET && pef->postpone_s != POSTPONE_DISABLED) {
		wanted = (uint8_t)(left_ns >> 30);
	} else if (wanted == POSTPONE_GET) {
		wanted = POSTPONE_DISABLED;
	}
	writer_u8(&exchange->response, wanted);
	return VIPMI_CC_OK;
}

uint8_t pef_set_config(struct controller *controller, struct exchange *exchange)
{
	uint8_t selector = reader_u8(&exchange->request) & 0x7F;

	return parameters_set(&controller->pef_config, selector, &exchange->request);
}

uint8_t pef_get_config(struct controller *controller, struct exchange *exchange)
{
	uint8_t selector = reader_u8(&exchange->request), set = reader_u8(&exchange->request);
	uint8_t block = reader_u8(&exchange->request);

	writer_u8(&exchange->response, PARAMETER_REVISION);
	if (selector & PARAMETER_REVISION_ONLY) {
		return VIPMI_CC_OK;
	}
	return parameters_get(&controller->pef_config, selector, set, block, &exchange->response);
}

uint8_t pef_set_last_event(struct controller *controller, struct exchange *exchange)
{
	bool by_controller = reader_u8(&exchange->request) & 0x01;
	uint16_t id = reader_u16le(&exchange->request);

	if (sel_erasing(controller, exchange->now_ns)) {
		return CC_ERASE_IN_PROGRESS;
	}
	if (by_controller) {
		controller->pef.last_controller_id = id;
	} else {
		controller->pef.last_software_id = id;
	}
	return VIPMI_CC_OK;
}

uint8_t pef_get_last_event(struct controller *controller, struct exchange *exchange)
{
	const struct sel *sel = &controller->sel;
	const uint8_t *last = sel->count ? sel->records[sel->count - 1] : NULL;

	if (sel_erasing(controller, exchange->now_ns)) {
		return CC_ERASE_IN_PROGRESS;
	}
	writer_u32le(&exchange->response, sel->added_s);
	writer_u16le(&exchange->response, last ? (uint16_t)(last[0] | last[1] << 8) : NO_RECORD);
	writer_u16le(&exchange->response, controller->pef.last_software_id);
	writer_u16le(&exchange->response, controller->pef.last_controller_id);
	return VIPMI_CC_OK;
}

uint8_t pef_alert_immediate(struct controller *controller, struct exchange *exchange)
{
	(void)controller;
	if (exchange_channel(exchange, reader_u8(&exchange->request)) != CHANNEL_LAN) {
		return VIPMI_CC_INVALID_FIELD;
	}
	writer_u8(&exchange->response, ALERT_NORMAL_END);
	return VIPMI_CC_OK;
}
