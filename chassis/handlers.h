/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command handlers, by file. The tables of commands.c name each of them once.
 */
#ifndef VIPMI_CHASSIS_HANDLERS_H
#define VIPMI_CHASSIS_HANDLERS_H

#include "chassis/controller.h"

#define HANDLER(name) uint8_t name(struct controller *controller, struct exchange *exchange)

/* device.c */
HANDLER(device_get_id);
HANDLER(device_cold_reset);
HANDLER(device_warm_reset);
HANDLER(device_get_self_test);
HANDLER(device_set_acpi);
HANDLER(device_get_acpi);
HANDLER(device_get_guid);
HANDLER(device_get_system_guid);
HANDLER(device_get_bt_capabilities);
HANDLER(device_get_interface_capabilities);

/* clock.c */
HANDLER(clock_get_sdr_time);
HANDLER(clock_get_sel_time);
HANDLER(clock_set_sel_time);
HANDLER(clock_get_utc_offset);
HANDLER(clock_set_utc_offset);
HANDLER(clock_get_aux_log);
HANDLER(clock_set_aux_log);

/* sensor.c */
HANDLER(sensor_get_reading);
HANDLER(sensor_get_factors);
HANDLER(sensor_get_hysteresis);
HANDLER(sensor_set_hysteresis);
HANDLER(sensor_get_thresholds);
HANDLER(sensor_set_thresholds);
HANDLER(sensor_get_type);
HANDLER(sensor_set_reading);

/* sensor_events.c */
HANDLER(sensor_get_event_enable);
HANDLER(sensor_set_event_enable);
HANDLER(sensor_rearm);
HANDLER(sensor_get_event_status);

/* event.c */
HANDLER(event_set_receiver);
HANDLER(event_get_receiver);
HANDLER(event_platform);

/* sdr.c */
HANDLER(sdr_get_device_info);
HANDLER(sdr_get_info);
HANDLER(sdr_get_allocation);
HANDLER(sdr_reserve);
HANDLER(sdr_get);
HANDLER(sdr_run_initialization);

/* sel.c */
HANDLER(sel_get_info);
HANDLER(sel_get_allocation);
HANDLER(sel_reserve);
HANDLER(sel_get_entry);
HANDLER(sel_add_entry);
HANDLER(sel_partial_add);
HANDLER(sel_delete_entry);
HANDLER(sel_clear);

/* fru.c */
HANDLER(fru_get_info);
HANDLER(fru_read);
HANDLER(fru_write);

/* watchdog.c */
HANDLER(watchdog_reset);
HANDLER(watchdog_set);
HANDLER(watchdog_get);

/* messaging.c */
HANDLER(messaging_set_enables);
HANDLER(messaging_get_enables);
HANDLER(messaging_clear_flags);
HANDLER(messaging_get_flags);
HANDLER(messaging_enable_receive);
HANDLER(messaging_get_message);
HANDLER(messaging_send_message);
HANDLER(messaging_read_event);

/* channel.c */
HANDLER(channel_get_info);
HANDLER(channel_get_access);
HANDLER(channel_set_access);
HANDLER(channel_get_authentication);
HANDLER(channel_get_ciphers);
HANDLER(channel_get_payload_support);
HANDLER(channel_get_payload_version);
HANDLER(channel_get_payload_status);
HANDLER(channel_get_payload_instance);
HANDLER(channel_set_keys);
HANDLER(channel_get_session_info);

/* user.c */
HANDLER(user_get_access);
HANDLER(user_set_access);
HANDLER(user_get_name);
HANDLER(user_set_name);
HANDLER(user_set_password);
HANDLER(user_get_payload_access);
HANDLER(user_set_payload_access);

/* lan.c */
HANDLER(lan_set);
HANDLER(lan_get);
HANDLER(lan_get_statistics);
HANDLER(sol_set);
HANDLER(sol_get);

/* pef.c */
HANDLER(pef_get_capabilities);
HANDLER(pef_arm_postpone);
HANDLER(pef_set_config);
HANDLER(pef_get_config);
HANDLER(pef_set_last_event);
HANDLER(pef_get_last_event);
HANDLER(pef_alert_immediate);

/* system_info.c */
HANDLER(system_info_set);
HANDLER(system_info_get);

/* power.c */
HANDLER(power_get_capabilities);
HANDLER(power_get_status);
HANDLER(power_control);
HANDLER(power_reset);
HANDLER(power_identify);
HANDLER(power_set_capabilities);
HANDLER(power_set_policy);
HANDLER(power_get_restart_cause);
HANDLER(power_set_panel_enables);
HANDLER(power_set_cycle_interval);
HANDLER(power_get_hours);

/* boot.c */
HANDLER(boot_set);
HANDLER(boot_get);

#undef HANDLER

#endif
