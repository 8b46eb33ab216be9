/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VIPMI_CHASSIS_TEXT_H
#define VIPMI_CHASSIS_TEXT_H

#include "base/compat.h"

/* Length of a text that is zero-terminated, or of its first `max` characters. */
static inline size_t text_length(const char *text, size_t max)
{
	size_t length = 0;

	while (length < max && text[length]) {
		length++;
	}
	return length;
}

#endif
