/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/sim/sim.h"

void source_seed(struct sim *sim, uint64_t seed)
{
	sim->seed = seed;
	random_init(&sim->random, seed);
}

void source_bytes(struct sim *sim, const uint8_t *bytes, size_t length)
{
	sim->from_bytes = true;
	sim->bytes = bytes;
	sim->bytes_left = length;
}

uint32_t pick(struct sim *sim, uint32_t bound)
{
	uint32_t value = 0, range = 1;

	if (!sim->from_bytes) {
		return random_below(&sim->random, bound);
	}
	for (; range < bound; range <<= 8) {
		if (sim->bytes_left == 0) {
			sim->exhausted = true;
			return bound - 1;
		}
		value = value << 8 | *sim->bytes++;
		sim->bytes_left--;
		if (range == 1u << 24) {
			break;
		}
	}
	return value % bound;
}

bool chance(struct sim *sim, uint32_t permille)
{
	return permille > 0 && pick(sim, 1000) < permille;
}

uint64_t pick_ns(struct sim *sim, uint32_t low_us, uint32_t high_us)
{
	return (low_us + pick(sim, high_us - low_us + 1)) * NSEC_PER_USEC_U64;
}
