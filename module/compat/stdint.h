/* SPDX-License-Identifier: BSD-2-Clause */
/* The fixed-width types for the kernel's build. linux/types.h has the types, but not the limits
 * and constant macros of C11 7.20. */
#ifndef VIPMI_COMPAT_STDINT_H
#define VIPMI_COMPAT_STDINT_H

#include <linux/types.h>

#ifndef INT8_MAX
#define INT8_MAX 0x7F
#define INT16_MAX 0x7FFF
#define INT32_MAX 0x7FFFFFFF
#define INT64_MAX 0x7FFFFFFFFFFFFFFFLL
#define INT8_MIN (-INT8_MAX - 1)
#define INT16_MIN (-INT16_MAX - 1)
#define INT32_MIN (-INT32_MAX - 1)
#define INT64_MIN (-INT64_MAX - 1)
#endif

#ifndef UINT8_MAX
#define UINT8_MAX 0xFF
#define UINT16_MAX 0xFFFF
#define UINT32_MAX 0xFFFFFFFFU
#define UINT64_MAX 0xFFFFFFFFFFFFFFFFULL
#endif

#ifndef UINT64_C
#define INT32_C(value) value
#define UINT32_C(value) value##U
#define INT64_C(value) value##LL
#define UINT64_C(value) value##ULL
#endif

#ifndef SIZE_MAX
#define SIZE_MAX (~(size_t)0)
#endif

#endif
