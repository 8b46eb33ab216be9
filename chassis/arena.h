/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Carves one block of memory into aligned pieces. With a NULL block it only
 * counts, so that the same code says how much is needed and hands it out.
 */
#ifndef VIPMI_CHASSIS_ARENA_H
#define VIPMI_CHASSIS_ARENA_H

#include "base/compat.h"

#define ARENA_ALIGNMENT 16u

struct arena {
	uint8_t *block; /* NULL: only count */
	size_t used;
};

static inline void *arena_take(struct arena *arena, size_t size)
{
	size_t at = arena->used;

	arena->used += (size + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
	return arena->block ? arena->block + at : NULL;
}

#endif
