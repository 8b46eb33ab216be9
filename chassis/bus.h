/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IPMB: frames on their way, and who listens. Sending only queues, so that
 * controllers never call into each other.
 */
#ifndef VIPMI_CHASSIS_BUS_H
#define VIPMI_CHASSIS_BUS_H

#include "chassis/controller.h"

struct bus_frame {
	uint64_t due_ns, number; /* equal times arrive in the order of sending */
	uint8_t length;          /* 0 = free */
	uint8_t bytes[IPMB_FRAME_MAX];
};

struct bus {
	struct controller *controllers[BUS_CONTROLLERS_MAX];
	uint8_t controllers_count;
	uint8_t frames_count;
	uint64_t next_number, delivered;
	uint64_t due_ns; /* of the earliest frame */
	struct bus_frame frames[BUS_FRAMES_MAX];
};

void bus_init(struct bus *bus);

/* Delivers every frame that is due, those that are sent meanwhile and due at once included. */
void bus_step(struct bus *bus, uint64_t now_ns);

#endif
