/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A KCS or BT interface (IPMI 2.0 sections 9 and 11) as a lower side of the core, for
 * whoever has its registers: links/hardware.c of the daemon, module/lower_registers.c of the
 * module. ipmi/kcs.h and ipmi/bt.h know the transfer; here stand the pauses between two
 * looks at the registers, and what to do when a transfer fails. It touches nothing and
 * waits for nobody: it says which register it wants touched, and when.
 *
 *	while ((access = hardware_access(self, &value, now_ns)) != TRANSFER_NOTHING) {
 *		value = ... do it ...
 *		hardware_done(self, value, now_ns);
 *	}
 *	while (hardware_next(self, &event)) {
 *		... tell the core ...
 *	}
 *	sleep until hardware_deadline(self), hardware_hurry or hardware_transmit
 *
 * Pauses grow with the time already waited: a fast controller is met at once, a
 * slow one costs few looks, and neither a core nor a tick is spent on it. How long
 * a command usually takes is learned, so that few looks come before that time and
 * most of them right after it.
 */
#ifndef VIPMI_HARDWARE_HARDWARE_H
#define VIPMI_HARDWARE_HARDWARE_H

#include "core/core.h"
#include "ipmi/transfer.h"

/* Bridged requests at once, where nobody says otherwise. */
#define HARDWARE_BUS_WINDOW_DEFAULT 8
/* Commands whose usual time is known; those that share a place share a time. Programs that manage
 * a chassis use about twenty. */
#define HARDWARE_USUAL_COUNT 64

/* What a person should know. */
struct hardware_complaint {
	const char *text;
	bool names_request; /* it is about this one */
	uint8_t netfn, command;
};

struct hardware {
	const struct transfer_ops *ops;
	struct core_link_capabilities capabilities;
	bool interrupts; /* hardware_hurry is called when the controller says something */
	struct transfer host;
	uint8_t state;   /* enum of hardware.c */
	uint8_t ending;  /* likewise: how the last transfer ended, to be told */
	bool came, went; /* up and down, to be told */
	uint8_t request[TRANSFER_MESSAGE_MAX]; /* kept for another try */
	uint16_t request_length;
	uint8_t restarts, looks;
	uint32_t transmission; /* 0: none under way */
	uint64_t timeout_ns;
	uint64_t waiting_ns; /* since when the status shows nothing new; 0: it does */
	uint64_t absent_ns;  /* last look that showed nothing new, where waiting_ns is set */
	uint64_t deadline_ns;
	uint32_t usual_ns[HARDWARE_USUAL_COUNT]; /* how long a command takes; 0: unknown */
	bool refused;                            /* somebody was told "not now" */
	bool attention;                          /* as told */
	bool clears;                             /* SMS_ATN is to be cleared */
	bool complained;                         /* of an interface that does not work */
	struct hardware_complaint complaint;
};

/* `bus_window` and `own_address` as in core_link_capabilities. */
void hardware_init(struct hardware *self, const struct transfer_ops *ops, uint16_t bus_window,
	uint8_t own_address, bool interrupts, uint64_t now_ns);

/* Contract of core_done's TRANSMIT results. Copies what it needs. */
int hardware_transmit(struct hardware *self, const struct core_transmit *transmit, uint64_t now_ns);

/* What to do to the registers now, with the byte to write. TRANSFER_NOTHING: nothing before the
 * deadline, or before what there is to tell was told. */
enum transfer_access hardware_access(struct hardware *self, uint8_t *ret_value, uint64_t now_ns);
/* It was done; `value` is what was read. */
void hardware_done(struct hardware *self, uint8_t value, uint64_t now_ns);

/* What the core is to be told, but for the time; false: nothing. What the event points to stays
 * good until the next call with a time. */
bool hardware_next(struct hardware *self, struct core_event *ret_event);
/* The last complaint that was not asked for yet; false: none. */
bool hardware_complains(struct hardware *self, struct hardware_complaint *ret_complaint);

/* The controller's interrupt: do not wait for the deadline. */
void hardware_hurry(struct hardware *self, uint64_t now_ns);
uint64_t hardware_deadline(const struct hardware *self);
bool hardware_is_up(const struct hardware *self);

/* Nobody waits for anything any more: breaks off the transfer under way, if there is one. The
 * interface is idle when hardware_left says so, and is left alone then. */
void hardware_leave(struct hardware *self, uint64_t now_ns);
bool hardware_left(const struct hardware *self);

#endif
