/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages for the kernel's IPMI layer that are there already, so that a request to the controller
 * needs no memory. The layer calls a message its own from the request on and gives it back when it
 * likes: the one that went down only after the one that came up was handed in, so that there have
 * to be more than are with the controller at once.
 */
#ifndef VIPMI_MODULE_SUPPLIED_H
#define VIPMI_MODULE_SUPPLIED_H

#include <linux/ipmi.h>
#include <linux/ipmi_smi.h>

/* The window's default is one; the next one goes down while the layer still has the last. Whoever
 * finds none has the layer allocate. */
#define SUPPLIED_COUNT 4

struct supplied_down {
	struct ipmi_smi_msg message;
	unsigned long taken; /* bit 0 */
};

struct supplied_up {
	struct ipmi_recv_msg message;
	unsigned long taken; /* bit 0 */
};

struct supplied {
	struct supplied_down down[SUPPLIED_COUNT];
	struct supplied_up up[SUPPLIED_COUNT];
};

void supplied_init(struct supplied *supplied);
/* ipmi_request_supply_msgs, with what there is. */
int supplied_request(struct supplied *supplied, struct ipmi_user *user, struct ipmi_addr *address,
	long msgid, struct kernel_ipmi_msg *message, int priority);
/* Waits until the layer has given all of them back: as long as its driver needs for the last
 * request. Nobody asks any more. */
void supplied_finish(struct supplied *supplied);

#endif
