/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A satellite: the controller of a peripheral board in slot 3 (PICMG 2.9 maps
 * geographical address 3 to B4h). Device SDRs and sensors of its own, no SEL; it
 * sends its events to 20h.
 */
#include "chassis/board.h"

#define SYSTEM_BOARD 0x07
#define PERIPHERAL_BAY 0x0B

static const struct board_sensor sensors[] = {
	{
		.name = "Slot3 Temp",
		.record = RECORD_FULL,
		.number = 0x01,
		.type = 0x01,
		.reading_type = 0x01,
		.entity = SYSTEM_BOARD,
		.instance = 3,
		.unit = 1,
		.m = 1,
		.nominal = 36,
		.swing = 2,
		.normal_min = 10,
		.normal_max = 55,
		.thresholds = {0, 0, 0, 60, 70, 80},
		.thresholds_mask = 0x38,
		.hysteresis = 2,
	},
	{
		.name = "Slot3 5V",
		.record = RECORD_FULL,
		.number = 0x02,
		.type = 0x02,
		.reading_type = 0x01,
		.entity = SYSTEM_BOARD,
		.instance = 3,
		.unit = 4,
		.m = 26,
		.exponent = -3,
		.nominal = 192,
		.swing = 1,
		.normal_min = 184,
		.normal_max = 201,
		.thresholds = {183, 173, 0, 202, 212, 0},
		.thresholds_mask = 0x1B,
		.hysteresis = 1,
	},
	{
		.name = "Slot3 3.3V",
		.record = RECORD_FULL,
		.number = 0x03,
		.type = 0x02,
		.reading_type = 0x01,
		.entity = SYSTEM_BOARD,
		.instance = 3,
		.unit = 4,
		.m = 17,
		.exponent = -3,
		.nominal = 194,
		.swing = 1,
		.normal_min = 185,
		.normal_max = 203,
		.thresholds = {184, 175, 0, 204, 214, 0},
		.thresholds_mask = 0x1B,
		.hysteresis = 1,
	},
	{
		.name = "Slot3 Healthy",
		.record = RECORD_COMPACT,
		.number = 0x04,
		.type = 0x02,
		.reading_type = 0x03,
		.entity = SYSTEM_BOARD,
		.instance = 3,
		.format = FORMAT_DISCRETE,
		.states = 0x0003,
		.events = 0x0003,
		.initial = 0x0002,
	},
};

static const struct board_locator locators[] = {
	{.name = "Satellite B4",
		.address = 0xB4,
		.support = 0x29,
		.entity = SYSTEM_BOARD,
		.instance = 3},
};

static const struct board_fru frus[] = {
	{.name = "Slot3 Fru",
		.size = 256,
		.entity = PERIPHERAL_BAY,
		.instance = 3,
		.manufacturer = "Vipmi Simulated Boards",
		.product = "Peripheral Card 6U",
		.part = "VSB-6U-0100",
		.version = "2.0"},
};

const struct board board_satellite = {
	.name = "Peripheral card",
	.kind = BOARD_PERIPHERAL,
	.requests_max = 20,
	.device_id = 0x34,
	.revision = 1,
	.firmware_major = 1,
	.firmware_minor = 0x07,
	.support = 0x29, /* event generator, FRU, sensors */
	.manufacturer = 7154,
	.product = 0x4353,
	.features = FEATURE_DEVICE_SDR | FEATURE_FRU | FEATURE_BRIDGE,
	.sensors = sensors,
	.locators = locators,
	.frus = frus,
	.sensors_count = ARRAY_LENGTH(sensors),
	.locators_count = ARRAY_LENGTH(locators),
	.frus_count = ARRAY_LENGTH(frus),
};
