/* SPDX-License-Identifier: BSD-2-Clause */
/* Bit scanning without the compiler's 64-bit helpers, which a freestanding build lacks. */
#ifndef VIPMI_BASE_BITS_H
#define VIPMI_BASE_BITS_H

#include "base/compat.h"

/* Index of the lowest bit set; the word must not be 0. */
static inline unsigned bits_lowest(uint64_t word)
{
	uint32_t low = (uint32_t)word;

	return low ? (unsigned)__builtin_ctz(low)
		   : 32u + (unsigned)__builtin_ctz((uint32_t)(word >> 32));
}

/* Rotates right: bit `count` becomes bit 0. */
static inline uint64_t bits_rotate_right(uint64_t word, unsigned count)
{
	count &= 63;
	return count ? word >> count | word << (64 - count) : word;
}

#endif
