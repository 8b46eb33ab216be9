/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two chassis managers of a drawer: one is in charge, at 20h, with the SEL, the SDR repository
 * and the events that our card is to be told; the other waits at the address of its place, keeps a
 * copy, and takes over when the first is pulled, breaks or says nothing.
 */
#ifndef VIPMI_CHASSIS_MANAGERS_H
#define VIPMI_CHASSIS_MANAGERS_H

#include "chassis/backplane.h"

void managers_init(struct backplane *backplane);
void managers_step(struct backplane *backplane, uint64_t now_ns);

#endif
