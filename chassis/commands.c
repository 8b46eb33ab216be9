/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a controller understands: for each network function a table by command
 * number. Anything else is C1. Lengths are those of IPMI 2.0's tables; service
 * times are what KCS controllers of the field take, 2 to 6 ms.
 */
#include "chassis/handlers.h"

#define HOST FEATURE_SYSTEM_INTERFACE
#define SEL FEATURE_SEL
#define LAN FEATURE_LAN

/* More data than this no request has (one byte of length in the tables). */
#define LONG 255

static const struct command chassis_commands[] = {
	[0x00] = {power_get_capabilities, 0, 0, FEATURE_CHASSIS, 2000},
	[0x01] = {power_get_status, 0, 0, FEATURE_CHASSIS, 2500},
	[0x02] = {power_control, 1, 1, FEATURE_CHASSIS, 4000},
	[0x03] = {power_reset, 0, 0, FEATURE_CHASSIS, 4000},
	[0x04] = {power_identify, 0, 2, FEATURE_CHASSIS, 2500},
	[0x05] = {power_set_capabilities, 5, 6, FEATURE_CHASSIS, 6000},
	[0x06] = {power_set_policy, 1, 1, FEATURE_CHASSIS, 4000},
	[0x07] = {power_get_restart_cause, 0, 0, FEATURE_CHASSIS, 2000},
	[0x08] = {boot_set, 1, 18, FEATURE_CHASSIS, 6000},
	[0x09] = {boot_get, 3, 3, FEATURE_CHASSIS, 2500},
	[0x0A] = {power_set_panel_enables, 1, 1, FEATURE_CHASSIS, 4000},
	[0x0B] = {power_set_cycle_interval, 1, 1, FEATURE_CHASSIS, 4000},
	[0x0F] = {power_get_hours, 0, 0, FEATURE_CHASSIS, 2500},
};

static const struct command sensor_commands[] = {
	[0x00] = {event_set_receiver, 2, 2, 0, 4000},
	[0x01] = {event_get_receiver, 0, 0, 0, 2000},
	[0x02] = {event_platform, 7, 8, FEATURE_EVENT_INPUT, 3500},
	[0x10] = {pef_get_capabilities, 0, 0, LAN, 2000},
	[0x11] = {pef_arm_postpone, 1, 1, LAN, 2000},
	[0x12] = {pef_set_config, 1, 24, LAN, 6000},
	[0x13] = {pef_get_config, 3, 3, LAN, 3000},
	[0x14] = {pef_set_last_event, 3, 3, LAN, 4000},
	[0x15] = {pef_get_last_event, 0, 0, LAN, 2500},
	[0x16] = {pef_alert_immediate, 3, 11, LAN, 4000},
	[0x20] = {sdr_get_device_info, 0, 1, FEATURE_DEVICE_SDR, 2500},
	[0x21] = {sdr_get, 6, 6, FEATURE_DEVICE_SDR, 4000},
	[0x22] = {sdr_reserve, 0, 0, FEATURE_DEVICE_SDR, 2500},
	[0x23] = {sensor_get_factors, 2, 2, 0, 2500},
	[0x24] = {sensor_set_hysteresis, 4, 4, 0, 4000},
	[0x25] = {sensor_get_hysteresis, 2, 2, 0, 2500},
	[0x26] = {sensor_set_thresholds, 8, 8, 0, 4000},
	[0x27] = {sensor_get_thresholds, 1, 1, 0, 2500},
	[0x28] = {sensor_set_event_enable, 2, 6, 0, 4000},
	[0x29] = {sensor_get_event_enable, 1, 1, 0, 2500},
	[0x2A] = {sensor_rearm, 2, 6, 0, 4000},
	[0x2B] = {sensor_get_event_status, 1, 1, 0, 2500},
	[0x2D] = {sensor_get_reading, 1, 1, 0, 3000},
	[0x2F] = {sensor_get_type, 1, 1, 0, 2000},
	[0x30] = {sensor_set_reading, 2, 10, 0, 4000},
};

static const struct command app_commands[] = {
	[0x01] = {device_get_id, 0, 0, 0, 2000, true},
	[0x02] = {device_cold_reset, 0, 0, 0, 6000, true},
	[0x03] = {device_warm_reset, 0, 0, 0, 6000, true},
	[0x04] = {device_get_self_test, 0, 0, 0, 2500, true},
	[0x06] = {device_set_acpi, 2, 2, HOST, 3000},
	[0x07] = {device_get_acpi, 0, 0, HOST, 2000},
	[0x08] = {device_get_guid, 0, 0, 0, 2500},
	[0x22] = {watchdog_reset, 0, 0, HOST, 2000},
	[0x24] = {watchdog_set, 6, 6, HOST, 3000},
	[0x25] = {watchdog_get, 0, 0, HOST, 2500},
	[0x2E] = {messaging_set_enables, 1, 1, HOST, 2500},
	[0x2F] = {messaging_get_enables, 0, 0, HOST, 2000},
	[0x30] = {messaging_clear_flags, 1, 1, HOST, 2500},
	[0x31] = {messaging_get_flags, 0, 0, HOST, 2000},
	[0x32] = {messaging_enable_receive, 2, 2, HOST, 2500},
	[0x33] = {messaging_get_message, 0, 0, HOST, 3000},
	[0x34] = {messaging_send_message, 2, LONG, FEATURE_BRIDGE, 3000},
	[0x35] = {messaging_read_event, 0, 0, HOST, 2500},
	[0x36] = {device_get_bt_capabilities, 0, 0, HOST, 2000},
	[0x37] = {device_get_system_guid, 0, 0, HOST, 2500},
	[0x38] = {channel_get_authentication, 2, 2, LAN, 2500},
	[0x3D] = {channel_get_session_info, 1, 5, LAN, 2500},
	[0x40] = {channel_set_access, 3, 3, LAN, 6000},
	[0x41] = {channel_get_access, 2, 2, LAN, 2500},
	[0x42] = {channel_get_info, 1, 1, HOST, 2500},
	[0x43] = {user_set_access, 3, 4, LAN, 6000},
	[0x44] = {user_get_access, 2, 2, LAN, 2500},
	[0x45] = {user_set_name, 17, 17, LAN, 6000},
	[0x46] = {user_get_name, 1, 1, LAN, 2500},
	[0x47] = {user_set_password, 2, 22, LAN, 6000},
	[0x4A] = {channel_get_payload_status, 1, 1, LAN, 2500},
	[0x4B] = {channel_get_payload_instance, 2, 2, LAN, 2500},
	[0x4C] = {user_set_payload_access, 6, 6, LAN, 4000},
	[0x4D] = {user_get_payload_access, 2, 2, LAN, 2500},
	[0x4E] = {channel_get_payload_support, 1, 1, LAN, 2500},
	[0x4F] = {channel_get_payload_version, 2, 2, LAN, 2500},
	[0x54] = {channel_get_ciphers, 3, 3, LAN, 2500},
	[0x56] = {channel_set_keys, 3, 23, LAN, 4000},
	[0x57] = {device_get_interface_capabilities, 1, 1, HOST, 2000},
	[0x58] = {system_info_set, 1, 19, LAN, 6000},
	[0x59] = {system_info_get, 4, 4, LAN, 3000},
};

static const struct command storage_commands[] = {
	[0x10] = {fru_get_info, 1, 1, FEATURE_FRU, 2500},
	[0x11] = {fru_read, 4, 4, FEATURE_FRU, 4500},
	[0x12] = {fru_write, 3, LONG, FEATURE_FRU, 6000},
	[0x20] = {sdr_get_info, 0, 0, FEATURE_SDR_REPOSITORY, 2500},
	[0x21] = {sdr_get_allocation, 0, 0, FEATURE_SDR_REPOSITORY, 2500},
	[0x22] = {sdr_reserve, 0, 0, FEATURE_SDR_REPOSITORY, 2500},
	[0x23] = {sdr_get, 6, 6, FEATURE_SDR_REPOSITORY, 4000},
	[0x28] = {clock_get_sdr_time, 0, 0, FEATURE_SDR_REPOSITORY, 2000},
	[0x2C] = {sdr_run_initialization, 1, 1, FEATURE_SDR_REPOSITORY, 4000},
	[0x40] = {sel_get_info, 0, 0, SEL, 2500},
	[0x41] = {sel_get_allocation, 0, 0, SEL, 2500},
	[0x42] = {sel_reserve, 0, 0, SEL, 2500},
	[0x43] = {sel_get_entry, 6, 6, SEL, 4000},
	[0x44] = {sel_add_entry, 16, 16, SEL, 5000},
	[0x45] = {sel_partial_add, 7, 22, SEL, 5000},
	[0x46] = {sel_delete_entry, 4, 4, SEL, 6000},
	[0x47] = {sel_clear, 6, 6, SEL, 5000},
	[0x48] = {clock_get_sel_time, 0, 0, SEL, 2000},
	[0x49] = {clock_set_sel_time, 4, 4, SEL, 3000},
	[0x5A] = {clock_get_aux_log, 1, 1, SEL, 2500},
	[0x5B] = {clock_set_aux_log, 5, 17, SEL, 4000},
	[0x5C] = {clock_get_utc_offset, 0, 0, SEL, 2000},
	[0x5D] = {clock_set_utc_offset, 2, 2, SEL, 3000},
};

static const struct command transport_commands[] = {
	[0x01] = {lan_set, 2, 32, LAN, 6000},
	[0x02] = {lan_get, 4, 4, LAN, 3000},
	[0x04] = {lan_get_statistics, 2, 2, LAN, 3000},
	[0x21] = {sol_set, 2, 8, LAN, 6000},
	[0x22] = {sol_get, 4, 4, LAN, 3000},
};

/* By netFn / 2. */
static const struct {
	const struct command *commands;
	size_t count;
} families[] = {
	[VIPMI_NETFN_CHASSIS / 2] = {chassis_commands, ARRAY_LENGTH(chassis_commands)},
	[VIPMI_NETFN_SENSOR / 2] = {sensor_commands, ARRAY_LENGTH(sensor_commands)},
	[VIPMI_NETFN_APP / 2] = {app_commands, ARRAY_LENGTH(app_commands)},
	[VIPMI_NETFN_STORAGE / 2] = {storage_commands, ARRAY_LENGTH(storage_commands)},
	[VIPMI_NETFN_TRANSPORT / 2] = {transport_commands, ARRAY_LENGTH(transport_commands)},
};

const struct command *command_find(uint8_t netfn, uint8_t command)
{
	const struct command *found;

	if (netfn / 2 >= ARRAY_LENGTH(families) || command >= families[netfn / 2].count) {
		return NULL;
	}
	found = &families[netfn / 2].commands[command];
	return found->handler ? found : NULL;
}
