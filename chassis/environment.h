/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the boards of a drawer do to each other: cooling, power; and what its
 * manager sees of them.
 */
#ifndef VIPMI_CHASSIS_ENVIRONMENT_H
#define VIPMI_CHASSIS_ENVIRONMENT_H

#include "chassis/backplane.h"

void environment_init(struct backplane *backplane, uint64_t now_ns);
/* If the manager restarted, its sensors show again what is. */
void environment_resync(struct backplane *backplane);
void environment_step(struct backplane *backplane, uint64_t now_ns);

/* A board broke, or was repaired. */
void environment_failed(
	struct backplane *backplane, struct controller *controller, uint64_t now_ns);

/* The backplane is to be looked at at that time. */
static inline void environment_due(struct backplane *backplane, uint64_t at_ns)
{
	if (at_ns < backplane->due_ns) {
		backplane->due_ns = at_ns;
	}
}

#endif
