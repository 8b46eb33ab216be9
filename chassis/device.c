/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPM Device "global" commands (IPMI 2.0 section 20) and what a controller says
 * about its interfaces.
 */
#include "chassis/handlers.h"

/* "No change" in Set ACPI Power State (IPMI 2.0 section 20.6). */
#define ACPI_NO_CHANGE 0x7F
/* "Unknown", the last of both tables. */
#define ACPI_STATE_MAX 0x2A

void device_init(struct controller *controller)
{
	controller->device = (struct device_state){0};
}

void device_guid(const struct controller *controller, uint32_t salt, struct writer *writer)
{
	struct random random;
	uint8_t guid[16];
	size_t i;

	random_init(&random, controller->seed ^ ((uint64_t)salt << 32));
	for (i = 0; i < sizeof(guid); i++) {
		guid[i] = (uint8_t)random_u32(&random);
	}
	/* RFC 4122, version 4, sent with the last byte first (IPMI 2.0 section 20.8). */
	guid[7] = (guid[7] & 0x3F) | 0x80;
	guid[9] = (guid[9] & 0x0F) | 0x40;
	writer_bytes(writer, guid, sizeof(guid));
}

uint8_t device_get_id(struct controller *controller, struct exchange *exchange)
{
	const struct board *board = controller->board;
	bool initializing = exchange->now_ns < controller->device.ready_ns;
	uint8_t *id = writer_reserve(&exchange->response, 15);

	if (!id) {
		return VIPMI_CC_CANNOT_RETURN_LENGTH;
	}
	id[0] = board->device_id;
	id[1] = board->revision | (board->features & FEATURE_DEVICE_SDR ? 0x80 : 0);
	id[2] = board->firmware_major | (initializing ? 0x80 : 0);
	id[3] = board->firmware_minor;
	id[4] = 0x02; /* IPMI 2.0 */
	id[5] = board->support;
	id[6] = (uint8_t)board->manufacturer;
	id[7] = (uint8_t)(board->manufacturer >> 8);
	id[8] = (uint8_t)(board->manufacturer >> 16);
	id[9] = (uint8_t)board->product;
	id[10] = (uint8_t)(board->product >> 8);
	memset(id + 11, 0, 4);
	return VIPMI_CC_OK;
}

uint8_t device_cold_reset(struct controller *controller, struct exchange *exchange)
{
	/* Done when the response is on its way, or nobody would see it. */
	controller->reset_pending = true;
	controller_due(controller, exchange->now_ns);
	return VIPMI_CC_OK;
}

uint8_t device_warm_reset(struct controller *controller, struct exchange *exchange)
{
	return device_cold_reset(controller, exchange);
}

uint8_t device_get_self_test(struct controller *controller, struct exchange *exchange)
{
	(void)controller; /* it is always well */
	writer_u8(&exchange->response, 0x55);
	writer_u8(&exchange->response, 0x00);
	return VIPMI_CC_OK;
}

uint8_t device_set_acpi(struct controller *controller, struct exchange *exchange)
{
	/* Bit 7 says "set"; without it the byte is to be ignored. */
	uint8_t system = reader_u8(&exchange->request);
	uint8_t device = reader_u8(&exchange->request);
	struct sensor *sensor = sensor_find(controller, controller->board->acpi_sensor);

	if (system & 0x80 && (system & 0x7F) != ACPI_NO_CHANGE) {
		if ((system & 0x7F) > ACPI_STATE_MAX) {
			return VIPMI_CC_INVALID_FIELD;
		}
		controller->device.acpi_system = system & 0x7F;
		if (sensor && (system & 0x7F) < 15) {
			sensor_set_states(controller, sensor, (uint16_t)(1u << (system & 0x7F)),
				0xFF, 0xFF, exchange->now_ns);
		}
	}
	if (device & 0x80 && (device & 0x7F) != ACPI_NO_CHANGE) {
		if ((device & 0x7F) > ACPI_STATE_MAX) {
			return VIPMI_CC_INVALID_FIELD;
		}
		controller->device.acpi_device = device & 0x7F;
	}
	return VIPMI_CC_OK;
}

uint8_t device_get_acpi(struct controller *controller, struct exchange *exchange)
{
	writer_u8(&exchange->response, controller->device.acpi_system);
	writer_u8(&exchange->response, controller->device.acpi_device);
	return VIPMI_CC_OK;
}

uint8_t device_get_guid(struct controller *controller, struct exchange *exchange)
{
	device_guid(controller, 1, &exchange->response);
	return VIPMI_CC_OK;
}

uint8_t device_get_system_guid(struct controller *controller, struct exchange *exchange)
{
	device_guid(controller, 2, &exchange->response);
	return VIPMI_CC_OK;
}

uint8_t device_get_bt_capabilities(struct controller *controller, struct exchange *exchange)
{
	(void)controller;
	writer_u8(&exchange->response, 1);   /* requests outstanding */
	writer_u8(&exchange->response, 255); /* longest request and response, BT's length byte */
	writer_u8(&exchange->response, 255);
	writer_u8(&exchange->response, 5); /* response time, s */
	writer_u8(&exchange->response, 1); /* retries that make sense */
	return VIPMI_CC_OK;
}

uint8_t device_get_interface_capabilities(struct controller *controller, struct exchange *exchange)
{
	uint8_t type = reader_u8(&exchange->request) & 0x0F;

	(void)controller;
	/* IPMI 2.0 section 22.9: 0 SSIF, 1 KCS, 2 SMIC. There is KCS only. */
	if (type != 1) {
		return VIPMI_CC_INVALID_FIELD;
	}
	writer_u8(&exchange->response, 0);
	writer_u8(&exchange->response, 0);   /* version 1 */
	writer_u8(&exchange->response, 255); /* longest request */
	return VIPMI_CC_OK;
}
