/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The whole core, driven by the simulation (tests/sim/): the input's bytes stand
 * in the place of the seed and decide the world, its faults, who does what and
 * when; when they run out it grows calm and everybody leaves. The simulation's
 * model checks every promise on the way.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "tests/sim/sim.h"

/* More than an input has bytes for. */
#define STEPS_MAX 100000

/* Fewer bytes do not even describe a world. */
#define INPUT_MIN 64

static void failed(struct sim *sim)
{
	(void)sim;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct sim sim;

	if (length < INPUT_MIN) {
		return -1;
	}
	memset(&sim, 0, sizeof(sim));
	sim.failed = failed;
	source_bytes(&sim, bytes, length);
	sim_run(&sim, STEPS_MAX);
	sim_finish(&sim);
	return 0;
}
