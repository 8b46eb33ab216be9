/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A node, for the two files that know its inside: node.c (messages) and nodes.c (coming and going).
 */
#ifndef VIPMI_MODULE_NODE_H
#define VIPMI_MODULE_NODE_H

#include <linux/ipmi_smi.h>

#include "ipmi/ipmb.h"
#include "ipmi/privilege.h"
#include "module/vipmi.h"

/* Cookies of nodes, beside those of open files, which have 31 bits. */
#define NODE_COOKIE BIT(31)

/* A request over a bus that the layer waits for. */
struct node_bus {
	bool pending;
	u32 generation; /* of what has this number now */
	u8 channel, address, lun, netfn, command;
	u8 own_address, own_lun; /* the requester, as the layer wrote it */
};

struct virtual_node {
	struct controller *controller;
	struct platform_device *device;
	struct ipmi_smi *interface;
	char name[NODE_NAME_SIZE];
	int number; /* the N of /dev/ipmiN */
	u32 index, client, handle;
	u8 class;                            /* enum vipmi_class, of its requests */
	u8 privilege;                        /* enum ipmi_privilege: no request may need more */
	spinlock_t lock;                     /* of the next four; down with the nodes' lock too */
	struct list_head waiting;            /* struct ipmi_smi_msg.link: not with the core yet */
	struct list_head sent;               /* likewise: with the core */
	bool down;                           /* the layer does not know it yet, or any more */
	bool panicking;                      /* nobody can wait any more */
	struct list_head ready;              /* on controller.nodes_ready */
	struct node_bus bus[IPMB_SEQUENCES]; /* the pump's */
	struct core_event event;             /* whoever adds or removes the node */
};

/* ---- node.c ---- */

/* What the kernel's IPMI layer calls. */
extern const struct ipmi_smi_handlers node_handlers;

/* Everything that the layer waits for comes back refused. */
void node_refuse_all(struct virtual_node *node);

#endif
