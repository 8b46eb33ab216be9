/* SPDX-License-Identifier: BSD-2-Clause */
/* A heap of serials, the nearest deadline first. */
#include "tests/sim/sim.h"

void due_push(struct sim *sim, uint32_t serial)
{
	uint64_t deadline_ns = sim->requests[serial].deadline_ns;
	uint32_t at = sim->due_count++;

	for (; at > 0 && sim->requests[sim->due[(at - 1) / 2]].deadline_ns > deadline_ns;
		at = (at - 1) / 2) {
		sim->due[at] = sim->due[(at - 1) / 2];
	}
	sim->due[at] = serial;
}

void due_pop(struct sim *sim)
{
	uint32_t item = sim->due[--sim->due_count], at = 0, child;
	uint64_t deadline_ns = sim->requests[item].deadline_ns;

	for (; (child = 2 * at + 1) < sim->due_count; at = child) {
		child += child + 1 < sim->due_count &&
			 sim->requests[sim->due[child + 1]].deadline_ns <
				 sim->requests[sim->due[child]].deadline_ns;
		if (sim->requests[sim->due[child]].deadline_ns >= deadline_ns) {
			break;
		}
		sim->due[at] = sim->due[child];
	}
	sim->due[at] = item;
}
