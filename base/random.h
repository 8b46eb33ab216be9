/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Seeded pseudo-random numbers (xorshift64*): the same seed gives the same
 * world, on every machine. Not for secrets.
 */
#ifndef VIPMI_BASE_RANDOM_H
#define VIPMI_BASE_RANDOM_H

#include "base/compat.h"

struct random {
	uint64_t state;
};

/* Any seed will do, 0 included. */
static inline void random_init(struct random *random, uint64_t seed)
{
	/* One round of splitmix64, so that neighbouring seeds give unrelated streams. */
	seed += UINT64_C(0x9E3779B97F4A7C15);
	seed = (seed ^ seed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	seed = (seed ^ seed >> 27) * UINT64_C(0x94D049BB133111EB);
	seed ^= seed >> 31;
	random->state = seed ? seed : 1;
}

static inline uint32_t random_u32(struct random *random)
{
	uint64_t x = random->state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	random->state = x;
	return (uint32_t)((x * UINT64_C(0x2545F4914F6CDD1D)) >> 32);
}

/* Uniform in [0, bound); bound must not be 0. By multiplication, since a 64-bit division is not
 * to be had everywhere; the bias is below 2^-32 of the bound. */
static inline uint32_t random_below(struct random *random, uint32_t bound)
{
	return (uint32_t)(((uint64_t)random_u32(random) * bound) >> 32);
}

#endif
