/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is below the core, one of:
 *
 *	lower_layer.c      one user of one interface of the kernel's IPMI layer
 *	lower_registers.c  the registers of a KCS or BT interface, without the kernel's driver
 *
 * The pump alone calls `transmit`, `registration`, `next`, `deadline`, `tidy`,
 * `untidy`.
 */
#ifndef VIPMI_MODULE_LOWER_H
#define VIPMI_MODULE_LOWER_H

#include <linux/completion.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "core/core.h"
#include "ipmi/transfer.h"

struct controller;
struct lower;

struct lower_ops {
	/* The result that core_done expects of a TRANSMIT. */
	int (*transmit)(struct lower *lower, const struct core_transmit *transmit);
	/* The same of a REGISTER. NULL: the capabilities say that there is none. */
	int (*registration)(struct lower *lower, const struct core_registration *registration);
	/* The same of a MAINTENANCE. NULL: there is no driver below. */
	int (*maintenance)(struct lower *lower, bool on);
	/* The next event for the core; what it points to stays good until the next call. False:
	 * none, and the pump is woken when there is one. */
	bool (*next)(struct lower *lower, struct core_event *ret_event);
	/* When to ask for it again at the latest, or TIME_NEVER. NULL: never. */
	u64 (*deadline)(struct lower *lower);
	/* After the pump's work on the workqueue; may sleep. NULL: nothing to tidy. */
	void (*tidy)(struct lower *lower);
	/* Whether there is something to tidy. NULL: never. */
	bool (*untidy)(struct lower *lower);
	/* Whether the controller can be asked; in any process's context. */
	bool (*is_up)(struct lower *lower);
	/* Asks the controller for a channel's medium: the answer is lower_medium_learned. */
	int (*medium_ask)(struct lower *lower, short channel);
	/* Nothing wakes the pump any more when it returns. */
	void (*stop)(struct lower *lower);
	/* When the pump has ended, too: gives back all that it has. */
	void (*destroy)(struct lower *lower);
};

struct lower {
	const struct lower_ops *ops;
	struct controller *controller;
	/* The workqueue alone is the pump for now: one of its calls but `registration`,
	 * `maintenance` and `tidy` may sleep, or many are better served by a thread. */
	bool threaded;
	u8 own_address;              /* the controller's on its IPMB */
	struct mutex media_mutex;    /* one asks for a channel's medium at a time */
	struct completion medium;    /* it is known now */
	u16 media_known, media_ipmb; /* channels */
};

/* What a medium is asked with (IPMI 2.0 section 22.24). */
#define LOWER_CMD_GET_CHANNEL_INFO 0x42

/* Makes the lower side `controller->lower`, which says LINK_UP when it is there. */
int lower_layer_create(struct controller *controller, int interface, u8 window);
/* The layer has this interface now, which is no node: it may be one that is waited for. Not while
 * one is made or stopped. */
void lower_layer_arrived(int interface);
/* Whether an interface is not there that one was made for. */
bool lower_layer_awaits(void);

struct lower_registers_options {
	const struct transfer_ops *transfer; /* what is spoken: &kcs_transfer, &bt_transfer */
	const char *where;                   /* a port number, or "mem:" and an address */
	unsigned int spacing; /* bytes from the data register to the command register */
	unsigned int irq;     /* 0: none */
	u8 own_address;
};

/* Likewise; says in the log what is wrong. */
int lower_registers_create(
	struct controller *controller, const struct lower_registers_options *options);

/* ---- lower.c: what they share ---- */

void lower_init(struct lower *lower, const struct lower_ops *ops, struct controller *controller);
/* May be called in any context. */
void lower_wake(struct lower *lower);

/* The controller may be another one: nothing is known of its channels but that 0 is an IPMB. */
void lower_media_forget(struct lower *lower);
void lower_medium_learned(struct lower *lower, short channel, const u8 *data, size_t length);
/* Whether a channel is an IPMB; asks the controller the first time, and may sleep for that. */
bool lower_is_ipmb(struct lower *lower, short channel);

#endif
