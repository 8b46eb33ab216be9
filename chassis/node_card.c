/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Our own node card: a CPU board whose controller has the host's system interface.
 * In the system slot, with one satellite, it is the BMC; so it is in a drawer,
 * where it watches the slots as well; in a peripheral slot it is one of many.
 */
#include "chassis/sensor_table.h"

/* Sensor numbers that the controller itself speaks through. */
#define NUMBER_WATCHDOG 0x40
#define NUMBER_SEL 0x41
#define NUMBER_POWER_UNIT 0x42
#define NUMBER_ACPI 0x43

/* Chassis, event generator and receiver, FRU, SEL, SDR repository, sensors. */
#define SUPPORT_BMC 0xBF
/* Chassis, event generator, FRU, sensors. */
#define SUPPORT_PERIPHERAL 0xA9

static const struct board_sensor sensors[] = {
	TEMP("Cpu Temp", 0x01, PROCESSOR, 1, 48, 3, 80, 90, 100),
	TEMP("Cpu2 Temp", 0x02, PROCESSOR, 2, 46, 3, 80, 90, 100),
	TEMP("Dimm A Temp", 0x03, MEMORY_MODULE, 1, 39, 2, 75, 85, 95),
	TEMP("Dimm B Temp", 0x04, MEMORY_MODULE, 2, 38, 2, 75, 85, 95),
	TEMP("Board Temp", 0x05, SYSTEM_BOARD, 1, 35, 2, 65, 75, 85),
	TEMP("Bridge Temp", 0x06, SYSTEM_BOARD, 2, 52, 2, 85, 95, 105),
	TEMP("Vrm Temp", 0x07, POWER_MODULE, 1, 55, 3, 95, 105, 115),
	TEMP("Inlet Temp", 0x08, AIR_INLET, 1, 24, 1, 42, 47, 52),
	TEMP("Outlet Temp", 0x09, EXTERNAL_ENVIRONMENT, 1, 33, 1, 60, 68, 75),
	{
		/* The one whose readings are signed: outside it may freeze. */
		.name = "Ambient Temp",
		.record = RECORD_FULL,
		.number = 0x0A,
		.type = TEMPERATURE,
		.reading_type = READING_THRESHOLD,
		.entity = EXTERNAL_ENVIRONMENT,
		.instance = 2,
		.unit = DEGREES_C,
		.format = FORMAT_TWOS_COMPLEMENT,
		.m = 1,
		.nominal = 21,
		.swing = 1,
		.normal_min = 0,
		.normal_max = 40,
		.thresholds = {0xFB, 0xF6, 0, 45, 55, 0},
		.thresholds_mask = BOTH_TWO,
		.hysteresis = 1,
	},
	RAIL("Vcc 12V", 0x10, 63, -3, 191, 172, 181, 200, 210),
	RAIL("Vcc 5V", 0x11, 26, -3, 192, 173, 183, 202, 212),
	RAIL("Vcc 3.3V", 0x12, 17, -3, 194, 175, 184, 204, 214),
	RAIL("Vcc 1.8V", 0x13, 10, -3, 180, 162, 171, 189, 198),
	RAIL("Vcore 0", 0x14, 10, -3, 105, 94, 99, 111, 116),
	RAIL("Vcore 1", 0x15, 10, -3, 104, 94, 99, 111, 116),
	RAIL("Vdimm", 0x16, 10, -3, 150, 135, 142, 158, 165),
	RAIL("Vtt", 0x17, 10, -3, 110, 99, 104, 116, 121),
	RAIL("Vstandby 3.3V", 0x18, 17, -3, 195, 175, 184, 204, 214),
	{
		/* A rail below ground: signed, 0.1 V a count. */
		.name = "Vcc minus 12V",
		.record = RECORD_FULL,
		.number = 0x19,
		.type = VOLTAGE,
		.reading_type = READING_THRESHOLD,
		.entity = SYSTEM_BOARD,
		.instance = 1,
		.unit = VOLTS,
		.format = FORMAT_TWOS_COMPLEMENT,
		.m = 1,
		.exponent = -1,
		.nominal = 0x88,
		.swing = 0,
		.normal_min = 0x83,
		.normal_max = 0x8D,
		.thresholds = {0x82, 0x7F + 1, 0, 0x8E, 0x94, 0},
		.thresholds_mask = BOTH_TWO,
		.hysteresis = 1,
	},
	{
		.name = "Vbat",
		.record = RECORD_FULL,
		.number = 0x1A,
		.type = VOLTAGE,
		.reading_type = READING_THRESHOLD,
		.entity = BATTERY,
		.instance = 1,
		.unit = VOLTS,
		.m = 16,
		.exponent = -3,
		.nominal = 190,
		.normal_min = 165,
		.normal_max = 206,
		.thresholds = {160, 150, 0, 0, 0, 0},
		.thresholds_mask = LOWER_TWO,
		.hysteresis = 1,
	},
	LOAD("Icc 12V", 0x20, CURRENT, AMPERES, 1, -1, 42, 4, 120, 140),
	LOAD("Icc 5V", 0x21, CURRENT, AMPERES, 1, -1, 63, 5, 150, 180),
	LOAD("Icc 3.3V", 0x22, CURRENT, AMPERES, 1, -1, 38, 3, 120, 150),
	LOAD("Input Power", 0x23, OTHER_UNITS, WATTS, 2, 0, 62, 4, 150, 175),
	FAN_SPEED("Fan 1", 0x30, 1, 98),
	FAN_SPEED("Fan 2", 0x31, 2, 100),
	FAN_SPEED("Fan 3", 0x32, 3, 97),
	FAN_SPEED("Fan 4", 0x33, 4, 101),
	DISCRETE("Fan Redundancy", 0x34, FAN, READING_REDUNDANCY, FAN_DEVICE, 5, 0x002F, 0x0007,
		0x0001),
	DISCRETE("Watchdog", NUMBER_WATCHDOG, 0x23, READING_SENSOR_SPECIFIC, SYSTEM_BOARD, 1,
		0x010F, 0x010F, 0),
	DISCRETE("Event Log", NUMBER_SEL, 0x10, READING_SENSOR_SPECIFIC, SYSTEM_BOARD, 1, 0x0034,
		0x0030, 0),
	DISCRETE("Power Unit", NUMBER_POWER_UNIT, 0x09, READING_SENSOR_SPECIFIC, POWER_UNIT, 1,
		0x007F, 0x007F, 0),
	DISCRETE("Acpi State", NUMBER_ACPI, 0x22, READING_SENSOR_SPECIFIC, SYSTEM_BOARD, 1, 0x7FFF,
		0, 0x0001),
	DISCRETE("Supply 1", 0x44, 0x08, READING_SENSOR_SPECIFIC, POWER_SUPPLY, 1, 0x000F, 0x000F,
		0x0001),
	DISCRETE("Supply 2", 0x45, 0x08, READING_SENSOR_SPECIFIC, POWER_SUPPLY, 2, 0x000F, 0x000F,
		0x0001),
	DISCRETE("Cpu0 Status", 0x46, 0x07, READING_SENSOR_SPECIFIC, PROCESSOR, 1, 0x07FF, 0x047F,
		0x0080),
	DISCRETE("Cpu1 Status", 0x47, 0x07, READING_SENSOR_SPECIFIC, PROCESSOR, 2, 0x07FF, 0x047F,
		0x0080),
	DISCRETE("Memory Status", 0x48, 0x0C, READING_SENSOR_SPECIFIC, MEMORY_MODULE, 1, 0x01FF,
		0x003F, 0x0040),
	DISCRETE("Intrusion", 0x49, 0x05, READING_SENSOR_SPECIFIC, CHASSIS, 1, 0x007F, 0x0001, 0),
	DISCRETE("Ejector", 0x4A, 0x21, READING_SENSOR_SPECIFIC, SYSTEM_BOARD, 1, 0x03FF, 0x03FF,
		0x0004),
	DISCRETE(
		"Healthy", 0x4B, VOLTAGE, READING_DIGITAL, SYSTEM_BOARD, 1, 0x0003, 0x0003, 0x0002),
	DISCRETE(
		"Front Button", 0x4C, 0x14, READING_SENSOR_SPECIFIC, CHASSIS, 1, 0x001F, 0x0007, 0),
	{
		.name = "System Event",
		.record = RECORD_EVENT_ONLY,
		.number = 0x50,
		.type = 0x12,
		.reading_type = READING_SENSOR_SPECIFIC,
		.entity = SYSTEM_BOARD,
		.instance = 1,
	},
};

static const struct board_locator locators[] = {
	{.name = "Node Controller",
		.address = 0x20,
		.support = 0xBF,
		.entity = SYSTEM_BOARD,
		.instance = 1},
	{.name = "Satellite B4",
		.address = 0xB4,
		.support = 0x29,
		.entity = SYSTEM_BOARD,
		.instance = 3},
};

static const struct board_locator own_locator[] = {
	{.name = "Node Controller", .support = SUPPORT_PERIPHERAL, .entity = SYSTEM_BOARD},
};

static const struct board_fru frus[] = {
	{.name = "Node Card Fru",
		.size = 512,
		.entity = SYSTEM_BOARD,
		.instance = 1,
		.chassis_area = true,
		.chassis_type = 0x17,
		.manufacturer = "Vipmi Simulated Boards",
		.product = "Node Card 6U",
		.part = "VSB-6U-0001",
		.version = "1.2"},
	{.name = "Supply 1 Fru",
		.size = 256,
		.entity = POWER_SUPPLY,
		.instance = 1,
		.manufacturer = "Vipmi Simulated Boards",
		.product = "Power Supply 250W",
		.part = "VSB-PS-0250",
		.version = "1.0"},
};

static const struct board_event events[] = {
	{.age_s = 5400,
		.sensor_type = 0x12,
		.number = 0x50,
		.reading_type = READING_SENSOR_SPECIFIC,
		.data = {0x01, 0xFF, 0xFF}},
	{.age_s = 3600,
		.sensor_type = 0x09,
		.number = NUMBER_POWER_UNIT,
		.reading_type = READING_SENSOR_SPECIFIC,
		.data = {0x04, 0xFF, 0xFF}},
	{.age_s = 3000,
		.sensor_type = TEMPERATURE,
		.number = 0x01,
		.reading_type = READING_THRESHOLD,
		.data = {0x57, 81, 80}},
	{.age_s = 2700,
		.sensor_type = TEMPERATURE,
		.number = 0x01,
		.reading_type = READING_THRESHOLD | 0x80,
		.data = {0x57, 77, 80}},
};

/* Messages that wait for the host: in a card that manages, and in one of many. */
#define RECEIVE_BIG 20
#define RECEIVE_SMALL 4

#define NODE_CARD                                                                                  \
	.name = "Node card", .kind = BOARD_NODE, .requests_max = 20, .device_id = 0x20,            \
	.revision = 1, .firmware_major = 2, .firmware_minor = 0x15,                                \
	.manufacturer = 7154 /* IPMI forum */, .product = 0x4350, .sensors = sensors,              \
	.frus = frus, .sensors_count = ARRAY_LENGTH(sensors), .frus_count = ARRAY_LENGTH(frus),    \
	.watchdog_sensor = NUMBER_WATCHDOG, .power_sensor = NUMBER_POWER_UNIT,                     \
	.acpi_sensor = NUMBER_ACPI

#define HOST_FEATURES                                                                              \
	(FEATURE_SYSTEM_INTERFACE | FEATURE_CHASSIS | FEATURE_LAN | FEATURE_FRU | FEATURE_BRIDGE | \
		FEATURE_EVENT_INPUT)

const struct board board_node_card = {
	NODE_CARD,
	.receive_max = RECEIVE_BIG,
	.support = SUPPORT_BMC,
	.features = HOST_FEATURES | FEATURE_SEL | FEATURE_SDR_REPOSITORY,
	.sel_sensor = NUMBER_SEL,
	.locators = locators,
	.locators_count = ARRAY_LENGTH(locators),
	.events = events,
	.events_count = ARRAY_LENGTH(events),
};

const struct board board_system_card = {
	NODE_CARD,
	.receive_max = RECEIVE_BIG,
	.support = SUPPORT_BMC,
	.features = HOST_FEATURES | FEATURE_SEL | FEATURE_SDR_REPOSITORY | FEATURE_SHELF,
	.sel_sensor = NUMBER_SEL,
	.more = &shelf_sensors,
	.events = events,
	.events_count = ARRAY_LENGTH(events),
};

const struct board board_peripheral_card = {
	NODE_CARD,
	.receive_max = RECEIVE_SMALL,
	.support = SUPPORT_PERIPHERAL,
	.features = HOST_FEATURES | FEATURE_DEVICE_SDR,
	.locators = own_locator,
	.locators_count = ARRAY_LENGTH(own_locator),
};
