/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VIPMI_LAB_TARGET_H
#define VIPMI_LAB_TARGET_H

/* A connection to an agent by its socket's path, or to the module by its device: a descriptor, or
 * -1 with errno. */
int target_open(const char *target);

#endif
