/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The SEL's clock (IPMI 2.0 sections 31.10, 31.11) and the times of auxiliary logs.
 */
#include "chassis/handlers.h"

#include "base/divide.h"

#define UTC_OFFSET_UNSET 0x07FF
#define UTC_OFFSET_MAX 1440

void clock_init(struct controller *controller)
{
	controller->clock = (struct clock){
		.sel_offset_s = controller->epoch_s,
		.utc_offset = UTC_OFFSET_UNSET,
	};
}

uint32_t clock_elapsed_s(const struct controller *controller, uint64_t now_ns)
{
	if (controller->freeze || now_ns < controller->started_ns) {
		return 0;
	}
	return (uint32_t)divide_u64(now_ns - controller->started_ns, 1000000000u, NULL);
}

uint32_t clock_sel_s(const struct controller *controller, uint64_t now_ns)
{
	return (uint32_t)(controller->clock.sel_offset_s + clock_elapsed_s(controller, now_ns));
}

uint8_t clock_get_sel_time(struct controller *controller, struct exchange *exchange)
{
	writer_u32le(&exchange->response, clock_sel_s(controller, exchange->now_ns));
	return VIPMI_CC_OK;
}

/* One clock for both, as most controllers have. */
uint8_t clock_get_sdr_time(struct controller *controller, struct exchange *exchange)
{
	return clock_get_sel_time(controller, exchange);
}

uint8_t clock_set_sel_time(struct controller *controller, struct exchange *exchange)
{
	uint32_t time_s = reader_u32le(&exchange->request);

	controller->clock.sel_offset_s =
		(int64_t)time_s - clock_elapsed_s(controller, exchange->now_ns);
	return VIPMI_CC_OK;
}

uint8_t clock_get_utc_offset(struct controller *controller, struct exchange *exchange)
{
	writer_u16le(&exchange->response, controller->clock.utc_offset);
	return VIPMI_CC_OK;
}

uint8_t clock_set_utc_offset(struct controller *controller, struct exchange *exchange)
{
	uint16_t offset = reader_u16le(&exchange->request);
	int16_t minutes = (int16_t)offset;

	if (offset != UTC_OFFSET_UNSET && (minutes < -UTC_OFFSET_MAX || minutes > UTC_OFFSET_MAX)) {
		return VIPMI_CC_OUT_OF_RANGE;
	}
	controller->clock.utc_offset = offset;
	return VIPMI_CC_OK;
}

uint8_t clock_get_aux_log(struct controller *controller, struct exchange *exchange)
{
	uint8_t type = reader_u8(&exchange->request) & 0x0F;

	if (type >= AUX_LOGS_MAX) {
		return VIPMI_CC_INVALID_FIELD;
	}
	writer_u32le(&exchange->response, controller->clock.aux_log_time_s[type]);
	if (type == 0) {
		writer_u32le(&exchange->response, 0); /* entries in the machine check log */
	}
	return VIPMI_CC_OK;
}

uint8_t clock_set_aux_log(struct controller *controller, struct exchange *exchange)
{
	uint8_t type = reader_u8(&exchange->request) & 0x0F;

	if (type >= AUX_LOGS_MAX) {
		return VIPMI_CC_INVALID_FIELD;
	}
	controller->clock.aux_log_time_s[type] = reader_u32le(&exchange->request);
	return VIPMI_CC_OK;
}
