/* SPDX-License-Identifier: BSD-2-Clause */
/* Names for people: sensor types and what their events say (IPMI 2.0 tables 42-2 and 42-3). */
#include "ipmi/event.h"

/* More offsets than any table names; 15 is "unspecified". */
#define OFFSETS_MAX 15

static const char *const sensor_types[] = {
	[0x01] = "Temperature",
	[0x02] = "Voltage",
	[0x03] = "Current",
	[0x04] = "Fan",
	[0x05] = "Physical Security",
	[0x06] = "Platform Security",
	[0x07] = "Processor",
	[0x08] = "Power Supply",
	[0x09] = "Power Unit",
	[0x0A] = "Cooling Device",
	[0x0B] = "Other Units",
	[0x0C] = "Memory",
	[0x0D] = "Drive Slot",
	[0x0E] = "POST Memory Resize",
	[0x0F] = "System Firmware",
	[0x10] = "Event Logging Disabled",
	[0x11] = "Watchdog 1",
	[0x12] = "System Event",
	[0x13] = "Critical Interrupt",
	[0x14] = "Button",
	[0x15] = "Module / Board",
	[0x16] = "Microcontroller",
	[0x17] = "Add-in Card",
	[0x18] = "Chassis",
	[0x19] = "Chip Set",
	[0x1A] = "Other FRU",
	[0x1B] = "Cable / Interconnect",
	[0x1C] = "Terminator",
	[0x1D] = "System Boot Initiated",
	[0x1E] = "Boot Error",
	[0x1F] = "OS Boot",
	[0x20] = "OS Stop",
	[0x21] = "Slot / Connector",
	[0x22] = "System ACPI Power State",
	[0x23] = "Watchdog 2",
	[0x24] = "Platform Alert",
	[0x25] = "Entity Presence",
	[0x26] = "Monitor ASIC",
	[0x27] = "LAN",
	[0x28] = "Management Subsystem Health",
	[0x29] = "Battery",
	[0x2A] = "Session Audit",
	[0x2B] = "Version Change",
	[0x2C] = "FRU State",
};

/* By reading type, 01h to 0Ch. */
static const char *const generic[][OFFSETS_MAX] = {
	[0x01] = {"Lower Non-critical going low", "Lower Non-critical going high",
		"Lower Critical going low", "Lower Critical going high",
		"Lower Non-recoverable going low", "Lower Non-recoverable going high",
		"Upper Non-critical going low", "Upper Non-critical going high",
		"Upper Critical going low", "Upper Critical going high",
		"Upper Non-recoverable going low", "Upper Non-recoverable going high"},
	[0x02] = {"Transition to Idle", "Transition to Active", "Transition to Busy"},
	[0x03] = {"State Deasserted", "State Asserted"},
	[0x04] = {"Predictive Failure deasserted", "Predictive Failure asserted"},
	[0x05] = {"Limit Not Exceeded", "Limit Exceeded"},
	[0x06] = {"Performance Met", "Performance Lags"},
	[0x07] = {"Transition to OK", "Transition to Non-critical from OK",
		"Transition to Critical from less severe",
		"Transition to Non-recoverable from less severe",
		"Transition to Non-critical from more severe",
		"Transition to Critical from Non-recoverable", "Transition to Non-recoverable",
		"Monitor", "Informational"},
	[0x08] = {"Device Absent", "Device Present"},
	[0x09] = {"Device Disabled", "Device Enabled"},
	[0x0A] = {"Transition to Running", "Transition to In Test", "Transition to Power Off",
		"Transition to On Line", "Transition to Off Line", "Transition to Off Duty",
		"Transition to Degraded", "Transition to Power Save", "Install Error"},
	[0x0B] = {"Fully Redundant", "Redundancy Lost", "Redundancy Degraded",
		"Non-redundant from Redundant", "Non-redundant from Insufficient Resources",
		"Non-redundant: Insufficient Resources", "Redundancy Degraded from Full",
		"Redundancy Degraded from None"},
	[0x0C] = {"D0 Power State", "D1 Power State", "D2 Power State", "D3 Power State"},
};

/* Of reading type 6Fh, by sensor type; those that a chassis' boards have. */
static const struct {
	uint8_t sensor_type;
	const char *texts[OFFSETS_MAX];
} specific[] = {
	{0x05, {"General Chassis Intrusion", "Drive Bay Intrusion", "I/O Card Area Intrusion",
		       "Processor Area Intrusion", "LAN Leash Lost", "Unauthorized Dock",
		       "Fan Area Intrusion"}},
	{0x07, {"IERR", "Thermal Trip", "FRB1/BIST Failure", "FRB2/Hang in POST Failure",
		       "FRB3/Processor Startup Failure", "Configuration Error",
		       "Uncorrectable CPU-complex Error", "Processor Presence Detected",
		       "Processor Disabled", "Terminator Presence Detected", "Processor Throttled",
		       "Uncorrectable Machine Check Exception", "Correctable Machine Check Error"}},
	{0x08, {"Presence Detected", "Failure Detected", "Predictive Failure", "Input Lost",
		       "Input Lost or Out-of-range", "Input Out-of-range but Present",
		       "Configuration Error", "Inactive"}},
	{0x09, {"Power Off", "Power Cycle", "240VA Power Down", "Interlock Power Down", "AC Lost",
		       "Soft Power Control Failure", "Power Unit Failure", "Predictive Failure"}},
	{0x0C, {"Correctable ECC", "Uncorrectable ECC", "Parity", "Memory Scrub Failed",
		       "Memory Device Disabled", "Correctable ECC Logging Limit Reached",
		       "Presence Detected", "Configuration Error", "Spare", "Throttled",
		       "Critical Overtemperature"}},
	{0x0F, {"System Firmware Error", "System Firmware Hang", "System Firmware Progress"}},
	{0x10, {"Correctable Memory Error Logging Disabled", "Event Type Logging Disabled",
		       "Log Area Reset/Cleared", "All Event Logging Disabled", "SEL Full",
		       "SEL Almost Full"}},
	{0x12, {"System Reconfigured", "OEM System Boot Event",
		       "Undetermined System Hardware Failure", "Entry Added to Auxiliary Log",
		       "PEF Action", "Timestamp Clock Synch"}},
	{0x13, {"Front Panel NMI", "Bus Timeout", "I/O Channel Check NMI", "Software NMI",
		       "PCI PERR", "PCI SERR", "EISA Fail Safe Timeout", "Bus Correctable Error",
		       "Bus Uncorrectable Error", "Fatal NMI", "Bus Fatal Error", "Bus Degraded"}},
	{0x14, {"Power Button Pressed", "Sleep Button Pressed", "Reset Button Pressed",
		       "FRU Latch Open", "FRU Service Request"}},
	{0x1E, {"No Bootable Media", "Non-bootable Disk in Drive", "PXE Server Not Found",
		       "Invalid Boot Sector", "Timeout Waiting for Selection"}},
	{0x21, {"Fault Status", "Identify Status", "Device Installed", "Ready for Installation",
		       "Ready for Removal", "Slot Power Off", "Device Removal Request", "Interlock",
		       "Slot Disabled", "Spare Device"}},
	{0x22, {"S0/G0 Working", "S1 Sleeping, Processor Context Maintained",
		       "S2 Sleeping, Processor Context Lost", "S3 Sleeping, Memory Retained",
		       "S4 Suspend to Disk", "S5/G2 Soft Off", "S4/S5 Soft Off",
		       "G3 Mechanical Off", "Sleeping in S1, S2 or S3", "G1 Sleeping",
		       "S5 Entered by Override", "Legacy On", "Legacy Off"}},
	{0x23, {"Timer Expired", "Hard Reset", "Power Down", "Power Cycle", NULL, NULL, NULL, NULL,
		       "Timer Interrupt"}},
	{0x25, {"Entity Present", "Entity Absent", "Entity Disabled"}},
	{0x28, {"Sensor Access Degraded", "Controller Access Degraded", "Controller Off-line",
		       "Controller Unavailable", "Sensor Failure", "FRU Failure"}},
	{0x29, {"Battery Low", "Battery Failed", "Battery Presence Detected"}},
	{0x2C, {"FRU Not Installed", "FRU Inactive", "FRU Activation Requested",
		       "FRU Activation in Progress", "FRU Active", "FRU Deactivation Requested",
		       "FRU Deactivation in Progress", "FRU Communication Lost"}},
	{0xF0, {"M0 Not Installed", "M1 Inactive", "M2 Activation Request",
		       "M3 Activation in Progress", "M4 Active", "M5 Deactivation Request",
		       "M6 Deactivation in Progress", "M7 Communication Lost"}},
};

const char *ipmi_sensor_type_name(uint8_t sensor_type)
{
	if (sensor_type == IPMI_SENSOR_HOT_SWAP) {
		return "FRU Hot Swap";
	}
	return sensor_type < ARRAY_LENGTH(sensor_types) ? sensor_types[sensor_type] : NULL;
}

const char *ipmi_event_text(uint8_t sensor_type, uint8_t reading_type, uint8_t offset)
{
	size_t i;

	if (offset >= OFFSETS_MAX) {
		return NULL;
	}
	if (reading_type < ARRAY_LENGTH(generic)) {
		return generic[reading_type][offset];
	}
	if (reading_type != IPMI_READING_SENSOR) {
		return NULL;
	}
	for (i = 0; i < ARRAY_LENGTH(specific); i++) {
		if (specific[i].sensor_type == sensor_type) {
			return specific[i].texts[offset];
		}
	}
	return NULL;
}

const char *ipmi_severity_name(enum ipmi_severity severity)
{
	static const char *const names[] = {
		[IPMI_SEVERITY_NONE] = "none",
		[IPMI_SEVERITY_NON_CRITICAL] = "non-critical",
		[IPMI_SEVERITY_CRITICAL] = "critical",
		[IPMI_SEVERITY_NON_RECOVERABLE] = "non-recoverable",
	};

	return (unsigned)severity < ARRAY_LENGTH(names) ? names[severity] : "?";
}
