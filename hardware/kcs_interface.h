/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A KCS interface (IPMI 2.0 section 9) as a lower side of the core, for whoever has
 * its registers: links/kcs.c of the daemon, module/lower_kcs.c of the module. ipmi/kcs.h
 * knows the transfer; here stand the pauses between two looks at the registers, and
 * what to do when a transfer fails. It touches nothing and waits for nobody: it says
 * which register it wants touched, and when.
 *
 *	while ((access = kcs_interface_access(self, &value, now_ns)) != KCS_ACCESS_NONE) {
 *		value = ... do it ...
 *		kcs_interface_done(self, value, now_ns);
 *	}
 *	while (kcs_interface_next(self, &event)) {
 *		... tell the core ...
 *	}
 *	sleep until kcs_interface_deadline(self), kcs_interface_hurry or kcs_interface_transmit
 *
 * Pauses grow with the time already waited: a fast controller is met at once, a
 * slow one costs few looks, and neither a core nor a tick is spent on it. How long
 * a command usually takes is learned, so that few looks come before that time and
 * most of them right after it.
 */
#ifndef VIPMI_HARDWARE_KCS_INTERFACE_H
#define VIPMI_HARDWARE_KCS_INTERFACE_H

#include "core/core.h"
#include "ipmi/kcs.h"

/* Bytes of data in a request: netFn and command stand before them. */
#define KCS_DATA_MAX (KCS_MESSAGE_MAX - KCS_MESSAGE_MIN)
/* Bridged requests at once, where nobody says otherwise. */
#define KCS_BUS_WINDOW_DEFAULT 8
/* Commands whose usual time is known; those that share a place share a time. Programs that manage
 * a chassis use about twenty. */
#define KCS_USUAL_COUNT 64

enum kcs_register { KCS_REGISTER_DATA, KCS_REGISTER_COMMAND, KCS_REGISTER_COUNT };

/* What a person should know. */
struct kcs_complaint {
	const char *text;
	bool names_request; /* it is about this one */
	uint8_t netfn, command;
};

struct kcs_interface {
	struct core_link_capabilities capabilities;
	bool interrupts; /* kcs_interface_hurry is called when the controller says something */
	struct kcs_host host;
	uint8_t state;                    /* enum of kcs_interface.c */
	uint8_t ending;                   /* likewise: how the last transfer ended, to be told */
	bool came, went;                  /* up and down, to be told */
	uint8_t request[KCS_MESSAGE_MAX]; /* kept for another try */
	uint16_t request_length;
	uint8_t restarts, looks;
	uint32_t transmission; /* 0: none under way */
	uint64_t timeout_ns;
	uint64_t waiting_ns; /* since when the status shows nothing new; 0: it does */
	uint64_t absent_ns;  /* last look that showed nothing new, where waiting_ns is set */
	uint64_t deadline_ns;
	uint32_t usual_ns
		[KCS_USUAL_COUNT]; /* by command: nearly always it takes as long; 0: unknown */
	bool refused;              /* somebody was told "not now" */
	bool attention;            /* as told */
	bool complained;           /* of an interface that does not work */
	struct kcs_complaint complaint;
};

/* `bus_window` and `own_address` as in core_link_capabilities. */
void kcs_interface_init(struct kcs_interface *self, uint16_t bus_window, uint8_t own_address,
	bool interrupts, uint64_t now_ns);

/* Contract of core_done's TRANSMIT results. Copies what it needs. */
int kcs_interface_transmit(
	struct kcs_interface *self, const struct core_transmit *transmit, uint64_t now_ns);

/* What to do to the registers now, with the byte to write. KCS_ACCESS_NONE: nothing before the
 * deadline, or before what there is to tell was told. */
enum kcs_access kcs_interface_access(
	struct kcs_interface *self, uint8_t *ret_value, uint64_t now_ns);
/* It was done; `value` is what was read. */
void kcs_interface_done(struct kcs_interface *self, uint8_t value, uint64_t now_ns);

/* What the core is to be told, but for the time; false: nothing. What the event points to stays
 * good until the next call with a time. */
bool kcs_interface_next(struct kcs_interface *self, struct core_event *ret_event);
/* The last complaint that was not asked for yet; false: none. */
bool kcs_interface_complains(struct kcs_interface *self, struct kcs_complaint *ret_complaint);

/* The controller's interrupt: do not wait for the deadline. */
void kcs_interface_hurry(struct kcs_interface *self, uint64_t now_ns);
uint64_t kcs_interface_deadline(const struct kcs_interface *self);
bool kcs_interface_is_up(const struct kcs_interface *self);

/* Nobody waits for anything any more: breaks off the transfer under way, if there is one. The
 * interface is idle when kcs_interface_left says so, and is left alone then. */
void kcs_interface_leave(struct kcs_interface *self, uint64_t now_ns);
bool kcs_interface_left(const struct kcs_interface *self);

#endif
