/* SPDX-License-Identifier: BSD-2-Clause */
/* /dev/cuse, and the node that comes of it: what a test without a kernel of its own plays itself.
 */
#ifndef VIPMI_FACES_CUSE_DEVICE_H
#define VIPMI_FACES_CUSE_DEVICE_H

#include <stddef.h>
#include <sys/types.h>

/* Longest name of a node, with its terminating zero. */
#define CUSE_NAME_SIZE 16u

/* A node as it is asked for. */
struct cuse_node_order {
	char name[CUSE_NAME_SIZE]; /* in /dev */
	uid_t owner;
	gid_t group;
	mode_t mode;
};

/* "ipmi5,mode=0660,owner=NAME,group=NAME", whose end is at `end`. 0, or -EINVAL with a line for a
 * person in `error`. */
int cuse_order_read(const char *text, const char *end, struct cuse_node_order *ret_order,
	char *error, size_t error_size);

/* A descriptor of /dev/cuse, on which the kernel's first message waits; or a negative errno with a
 * line for a person in `error`, also if there is such a node already. */
int cuse_device_open(const struct cuse_node_order *order, char *error, size_t error_size);

/* The node is there: gives it to whom it is for. Likewise. */
int cuse_device_give(const struct cuse_node_order *order, char *error, size_t error_size);

#endif
