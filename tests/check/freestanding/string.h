/* SPDX-License-Identifier: BSD-2-Clause */
/* All that the pure set may ask of a C library: what the compiler itself calls. */
#ifndef VIPMI_FREESTANDING_STRING_H
#define VIPMI_FREESTANDING_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
int memcmp(const void *one, const void *other, size_t length);

#endif
