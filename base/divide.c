/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/divide.h"

#include "base/assert.h"

uint64_t divide_u64(uint64_t dividend, uint32_t divisor, uint32_t *ret_remainder)
{
	uint64_t quotient = 0, remainder = 0;
	int bit;

	BASE_ASSERT(divisor != 0);
	if (divisor == 0) {
		return 0;
	}
	/* Schoolbook, a bit at a time: for reports and limits, never for the message path. */
	for (bit = 63; bit >= 0; bit--) {
		remainder = remainder << 1 | (dividend >> bit & 1);
		if (remainder >= divisor) {
			remainder -= divisor;
			quotient |= UINT64_C(1) << bit;
		}
	}
	if (ret_remainder) {
		*ret_remainder = (uint32_t)remainder;
	}
	return quotient;
}
