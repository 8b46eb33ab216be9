/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boards of a drawer beside our own: managers, fabric cards, node cards, power
 * supplies, fan trays. Constant data.
 */
#include "chassis/sensor_table.h"

/* Requests that wait in a big controller and in a small one. */
#define REQUESTS_BIG 20
#define REQUESTS_SMALL 4

#define SUPPORT_MANAGER 0x3F   /* event generator and receiver, FRU, SEL, SDR repository, sensors */
#define SUPPORT_SATELLITE 0x29 /* event generator, FRU, sensors */

#define MAKER "Vipmi Simulated Boards"

#define EJECTOR_AND_HEALTHY                                                                        \
	DISCRETE("Ejector", 0x4A, 0x21, READING_SENSOR_SPECIFIC, SYSTEM_BOARD, 0, 0x03FF, 0,       \
		0x0004),                                                                           \
		DISCRETE("Healthy", 0x4B, VOLTAGE, READING_DIGITAL, SYSTEM_BOARD, 0, 0x0003,       \
			0x0003, 0x0002)

#define FRU(text, what, number)                                                                    \
	{                                                                                          \
		{                                                                                  \
			.name = text, .size = 256, .entity = PERIPHERAL_BAY,                       \
			.manufacturer = MAKER, .product = what, .part = number, .version = "1.0",  \
		}                                                                                  \
	}

#define LOCATOR(text, can)                                                                         \
	{                                                                                          \
		{                                                                                  \
			.name = text, .support = can, .entity = SYSTEM_BOARD,                      \
		}                                                                                  \
	}

#define SATELLITE                                                                                  \
	.revision = 1, .firmware_major = 1, .firmware_minor = 0x12, .support = SUPPORT_SATELLITE,  \
	.manufacturer = 7154, .features = FEATURE_DEVICE_SDR | FEATURE_FRU | FEATURE_BRIDGE

static const struct board_sensor manager_sensors[] = {
	TEMP("Board Temp", 0x01, SYSTEM_BOARD, 0, 34, 2, 65, 75, 85),
	TEMP("Exhaust Temp", 0x02, EXTERNAL_ENVIRONMENT, 0, 31, 2, 55, 62, 70),
	RAIL("Vcc 5V", 0x11, 26, -3, 192, 173, 183, 202, 212),
	RAIL("Vcc 3.3V", 0x12, 17, -3, 194, 175, 184, 204, 214),
	DISCRETE("Event Log", 0x41, 0x10, READING_SENSOR_SPECIFIC, SYSTEM_BOARD, 0, 0x0034, 0x0030,
		0),
	EJECTOR_AND_HEALTHY,
};

_Static_assert(ARRAY_LENGTH(manager_sensors) == MANAGER_SENSORS, "managers.c copies so many");

static const struct board_fru manager_frus[] =
	FRU("Manager Fru", "Chassis Manager 6U", "VSB-CM-0001");

const struct board board_manager = {
	.name = "Chassis manager",
	.kind = BOARD_MANAGER,
	.requests_max = REQUESTS_BIG,
	.device_id = 0x21,
	.revision = 1,
	.firmware_major = 3,
	.firmware_minor = 0x02,
	.support = SUPPORT_MANAGER,
	.manufacturer = 7154,
	.product = 0x434D,
	.features = FEATURE_SEL | FEATURE_SDR_REPOSITORY | FEATURE_FRU | FEATURE_BRIDGE |
		    FEATURE_SHELF | FEATURE_EVENT_INPUT,
	.sensors = manager_sensors,
	.more = &shelf_sensors,
	.frus = manager_frus,
	.sensors_count = ARRAY_LENGTH(manager_sensors),
	.frus_count = ARRAY_LENGTH(manager_frus),
	.sel_sensor = 0x41,
};

static const struct board_locator manager_locators[] = LOCATOR("Manager", SUPPORT_SATELLITE);

/* The same card while another is in charge: a satellite like others. */
const struct board board_standby_manager = {
	.revision = 1,
	.firmware_major = 3,
	.firmware_minor = 0x02,
	.support = SUPPORT_SATELLITE,
	.manufacturer = 7154,
	.features = FEATURE_DEVICE_SDR | FEATURE_FRU | FEATURE_BRIDGE,
	.name = "Chassis manager",
	.kind = BOARD_MANAGER,
	.requests_max = REQUESTS_BIG,
	.device_id = 0x21,
	.product = 0x434D,
	.sensors = manager_sensors,
	.locators = manager_locators,
	.frus = manager_frus,
	.sensors_count = ARRAY_LENGTH(manager_sensors),
	.locators_count = ARRAY_LENGTH(manager_locators),
	.frus_count = ARRAY_LENGTH(manager_frus),
};

static const struct board_sensor fabric_sensors[] = {
	TEMP("Board Temp", 0x01, SYSTEM_BOARD, 0, 38, 2, 65, 75, 85),
	TEMP("Switch Temp", 0x02, SYSTEM_BOARD, 0, 56, 3, 85, 95, 105),
	RAIL("Vcc 5V", 0x11, 26, -3, 192, 173, 183, 202, 212),
	RAIL("Vcc 3.3V", 0x12, 17, -3, 194, 175, 184, 204, 214),
	RAIL("Vcore", 0x14, 10, -3, 120, 108, 114, 126, 132),
	EJECTOR_AND_HEALTHY,
};

static const struct board_fru fabric_frus[] =
	FRU("Fabric Fru", "Switch Fabric Card 6U", "VSB-SF-0024");

static const struct board_locator fabric_locators[] = LOCATOR("Fabric", SUPPORT_SATELLITE);

const struct board board_fabric = {
	SATELLITE,
	.name = "Fabric card",
	.kind = BOARD_FABRIC,
	.requests_max = REQUESTS_BIG,
	.device_id = 0x36,
	.product = 0x4346,
	.sensors = fabric_sensors,
	.locators = fabric_locators,
	.frus = fabric_frus,
	.sensors_count = ARRAY_LENGTH(fabric_sensors),
	.locators_count = ARRAY_LENGTH(fabric_locators),
	.frus_count = ARRAY_LENGTH(fabric_frus),
};

static const struct board_sensor node_sensors[] = {
	TEMP("Cpu Temp", 0x01, PROCESSOR, 0, 47, 4, 80, 90, 100),
	TEMP("Dimm Temp", 0x03, MEMORY_MODULE, 0, 39, 2, 75, 85, 95),
	TEMP("Board Temp", 0x05, SYSTEM_BOARD, 0, 35, 2, 65, 75, 85),
	RAIL("Vcc 12V", 0x10, 63, -3, 191, 172, 181, 200, 210),
	RAIL("Vcc 5V", 0x11, 26, -3, 192, 173, 183, 202, 212),
	RAIL("Vcc 3.3V", 0x12, 17, -3, 194, 175, 184, 204, 214),
	RAIL("Vcore", 0x14, 10, -3, 105, 94, 99, 111, 116),
	LOAD("Input Power", 0x23, OTHER_UNITS, WATTS, 2, 0, 48, 4, 130, 150),
	DISCRETE("Cpu Status", 0x46, 0x07, READING_SENSOR_SPECIFIC, PROCESSOR, 0, 0x07FF, 0x047F,
		0x0080),
	EJECTOR_AND_HEALTHY,
};

static const struct board_fru node_frus[] = FRU("Node Fru", "Node Card 6U", "VSB-6U-0010");

static const struct board_locator node_locators[] = LOCATOR("Node", SUPPORT_SATELLITE);

const struct board board_node = {
	SATELLITE,
	.name = "Node card",
	.kind = BOARD_NODE,
	.requests_max = REQUESTS_BIG,
	.device_id = 0x34,
	.product = 0x4352,
	.sensors = node_sensors,
	.locators = node_locators,
	.frus = node_frus,
	.sensors_count = ARRAY_LENGTH(node_sensors),
	.locators_count = ARRAY_LENGTH(node_locators),
	.frus_count = ARRAY_LENGTH(node_frus),
};

static const struct board_sensor power_supply_sensors[] = {
	TEMP("Psu Temp", 0x01, POWER_SUPPLY, 0, 41, 2, 70, 80, 90),
	{
		.name = "Output 12V",
		.record = RECORD_FULL,
		.number = 0x10,
		.type = VOLTAGE,
		.reading_type = READING_THRESHOLD,
		.entity = POWER_SUPPLY,
		.cause = CAUSE_OUTPUT,
		.unit = VOLTS,
		.m = 63,
		.exponent = -3,
		.nominal = 191,
		.swing = 1,
		.normal_min = 182,
		.normal_max = 199,
		.thresholds = {181, 172, 0, 200, 210, 0},
		.thresholds_mask = BOTH_TWO,
		.hysteresis = 1,
	},
	{
		.name = "Output Current",
		.record = RECORD_FULL,
		.number = 0x20,
		.type = CURRENT,
		.reading_type = READING_THRESHOLD,
		.entity = POWER_SUPPLY,
		.cause = CAUSE_LOAD,
		.unit = AMPERES,
		.m = 5,
		.exponent = -1,
		.nominal = 70,
		.swing = 4,
		.normal_min = 20,
		.normal_max = 160,
		.thresholds = {0, 0, 0, 170, 190, 0},
		.thresholds_mask = UPPER_TWO,
		.hysteresis = 2,
	},
	/* 0 present, 1 failed, 3 input lost. */
	DISCRETE("Psu Status", 0x44, 0x08, READING_SENSOR_SPECIFIC, POWER_SUPPLY, 0, 0x000F, 0x000F,
		0x0001),
};

static const struct board_fru power_supply_frus[] =
	FRU("Supply Fru", "Power Supply 1200W", "VSB-PS-1200");

static const struct board_locator power_supply_locators[] = LOCATOR("Supply", SUPPORT_SATELLITE);

const struct board board_power_supply = {
	SATELLITE,
	.name = "Power supply",
	.kind = BOARD_POWER_SUPPLY,
	.requests_max = REQUESTS_SMALL,
	.device_id = 0x38,
	.product = 0x4350,
	.sensors = power_supply_sensors,
	.locators = power_supply_locators,
	.frus = power_supply_frus,
	.sensors_count = ARRAY_LENGTH(power_supply_sensors),
	.locators_count = ARRAY_LENGTH(power_supply_locators),
	.frus_count = ARRAY_LENGTH(power_supply_frus),
	.status_sensor = 0x44,
};

#define TRAY_FAN(text, nr)                                                                         \
	{                                                                                          \
		.name = text, .record = RECORD_FULL, .number = nr, .type = FAN,                    \
		.reading_type = READING_THRESHOLD, .entity = FAN_DEVICE, .cause = CAUSE_FAN,       \
		.unit = RPM, .m = 60, .nominal = 80, .swing = 3, .normal_min = 50,                 \
		.normal_max = 150, .thresholds = {40, 30, 20, 0, 0, 0},                            \
		.thresholds_mask = LOWER_THREE, .hysteresis = 2,                                   \
	}

static const struct board_sensor fan_tray_sensors[] = {
	TRAY_FAN("Fan A", 0x30),
	TRAY_FAN("Fan B", 0x31),
	TEMP("Air Temp", 0x01, AIR_INLET, 0, 26, 1, 45, 50, 55),
	/* Table 42-2, digital: 0 well, 1 "limit exceeded" says that it failed. */
	DISCRETE("Tray Status", 0x44, FAN, READING_DIGITAL, FAN_DEVICE, 0, 0x0003, 0x0003, 0x0001),
};

static const struct board_fru fan_tray_frus[] = FRU("Fan Tray Fru", "Fan Tray", "VSB-FT-0002");

static const struct board_locator fan_tray_locators[] = LOCATOR("Fan Tray", SUPPORT_SATELLITE);

const struct board board_fan_tray = {
	SATELLITE,
	.name = "Fan tray",
	.kind = BOARD_FAN_TRAY,
	.requests_max = REQUESTS_SMALL,
	.device_id = 0x3A,
	.product = 0x4654,
	.sensors = fan_tray_sensors,
	.locators = fan_tray_locators,
	.frus = fan_tray_frus,
	.sensors_count = ARRAY_LENGTH(fan_tray_sensors),
	.locators_count = ARRAY_LENGTH(fan_tray_locators),
	.frus_count = ARRAY_LENGTH(fan_tray_frus),
	.status_sensor = 0x44,
};
