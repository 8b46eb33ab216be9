/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of guest/ share. Nobody outside includes this. */
#ifndef VIPMI_GUEST_PRIVATE_H
#define VIPMI_GUEST_PRIVATE_H

#include "base/bytes.h"
#include "guest/guest.h"

/* A request that the guest's controller answers itself. Its data have been counted. */
struct guest_call {
	struct reader request;
	struct writer response; /* behind the completion code */
	uint64_t now_ns;
	struct guest_verdict *verdict; /* of a Send Message */
};

typedef uint8_t guest_handler(struct guest *guest, struct guest_call *call);

struct guest_command {
	uint8_t netfn, command;
	uint8_t treatment; /* enum guest_treatment */
	uint8_t min, max;  /* data bytes; VIRTUAL */
	guest_handler *handler;
	const char *text;
};

/* NULL: the command has no line of its own. */
const struct guest_command *guest_command_find(uint8_t netfn, uint8_t command);

/* guest.c: what a reset of a controller resets. */
void guest_start_anew(struct guest *guest);
/* A place for a request that is passed on; NULL: all are taken. */
struct guest_pending *guest_pending_take(struct guest *guest, uint64_t *ret_tag);

/* device.c */
guest_handler guest_cold_reset, guest_get_self_test, guest_set_acpi, guest_get_acpi, guest_get_guid,
	guest_get_channel_info;
/* Makes the real Get Device ID response the guest's own. `id`: completion code first; returns its
 * length. */
size_t guest_device_id(const struct guest *guest, uint8_t *id, size_t length);

/* power.c */
void guest_power_init(struct guest *guest);
/* Whether the peer can do it. */
bool guest_can(const struct guest *guest, enum guest_deed deed);
/* Wants it done, if the peer can. */
void guest_want(struct guest *guest, enum guest_deed deed, uint8_t cause, const char *why);
#define GUEST_CAUSE_CONTROL 0x01
#define GUEST_CAUSE_WATCHDOG 0x04
guest_handler guest_get_capabilities, guest_get_status, guest_chassis_control, guest_chassis_reset,
	guest_set_policy, guest_get_restart_cause;

/* fru.c */
/* Header, and an area with 63 bytes of name, 36 of GUID, and a dozen around them. */
#define GUEST_FRU_MAX 128u
size_t guest_fru_image(const struct guest_config *config, uint8_t image[GUEST_FRU_MAX]);
guest_handler guest_fru_get_info, guest_fru_read;

/* message.c */
void guest_messages_init(struct guest *guest);
uint8_t guest_flags(const struct guest *guest);
/* The answer to what a Send Message carried; with its completion code at most VIPMI_DATA_MAX. */
void guest_received(struct guest *guest, const struct guest_pending *pending, uint8_t cc,
	const uint8_t *data, size_t length);
guest_handler guest_set_enables, guest_get_enables, guest_clear_flags, guest_get_flags,
	guest_channel_receive, guest_get_message, guest_send_message, guest_read_event;

/* Whether its own events go into its own log. */
bool guest_logs(const struct guest *guest);

/* sel.c */
void guest_sel_init(struct guest *guest);
/* An event of its watchdog: what happened, interrupt and use. */
void guest_sel_watchdog(struct guest *guest, uint8_t offset, uint8_t detail, uint64_t now_ns);
guest_handler guest_sel_get_info, guest_sel_get_allocation, guest_sel_reserve, guest_sel_get_entry,
	guest_sel_add_entry, guest_sel_delete_entry, guest_sel_clear, guest_sel_get_time,
	guest_sel_set_time, guest_sel_get_utc_offset, guest_sel_set_utc_offset,
	guest_platform_event;

/* watchdog.c */
void guest_watchdog_init(struct guest *guest);
void guest_watchdog_stop(struct guest *guest);
void guest_watchdog_pause(struct guest *guest, uint64_t now_ns);
void guest_watchdog_resume(struct guest *guest, uint64_t now_ns);
void guest_watchdog_step(struct guest *guest, uint64_t now_ns);
uint64_t guest_watchdog_deadline(const struct guest *guest);
/* Of the countdown. */
uint64_t guest_watchdog_left_ns(const struct guest *guest, uint64_t now_ns);
/* Whether a timer that is paused is one that commands can have made. */
bool guest_watchdog_valid(const struct guest *guest);
guest_handler guest_watchdog_reset, guest_watchdog_set, guest_watchdog_get;

#endif
