/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IPMB: one frame at a time on two wires, the others wait for their turn, and
 * who listens. Sending only queues, so that controllers never call into each other.
 */
#ifndef VIPMI_CHASSIS_BUS_H
#define VIPMI_CHASSIS_BUS_H

#include "chassis/controller.h"
#include "chassis/fault.h"

struct bus_frame {
	struct controller *from;
	uint64_t number;   /* in the order of sending */
	uint64_t ready_ns; /* not before this; 0 = at once */
	uint8_t length;    /* 0 = free */
	uint8_t tries;     /* left, if nobody acknowledges */
	uint8_t bytes[IPMB_FRAME_MAX];
};

struct bus {
	struct controller *controllers[BUS_CONTROLLERS_MAX];
	uint8_t controllers_count;
	uint8_t frames_count;
	uint32_t service_percent;
	struct bus_frame *current; /* on the wires, until due_ns */
	uint64_t next_number, delivered, lost;
	uint64_t due_ns; /* when something happens next */
	struct faults *faults;
	struct environment environment;
	struct bus_frame frames[BUS_FRAMES_MAX];
};

void bus_init(struct bus *bus, uint32_t service_percent, struct faults *faults);

/* Carries on: delivers every frame whose last bit is over, and lets the next ones on the wires. */
void bus_step(struct bus *bus, uint64_t now_ns);

/* Whoever has this address and is there. */
struct controller *bus_listener(const struct bus *bus, uint8_t address);

#endif
