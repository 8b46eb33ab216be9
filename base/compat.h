/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The one place that knows user space from kernel. Pure code includes this and
 * no system header of its own; in the kernel's build the standard names come
 * from module/compat/.
 */
#ifndef VIPMI_BASE_COMPAT_H
#define VIPMI_BASE_COMPAT_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ARRAY_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#ifndef container_of
/* By way of void *: the member's own place says that the whole is aligned. */
#define container_of(pointer, type, member)                                                        \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#endif

#define NSEC_PER_USEC_U64 UINT64_C(1000)
#define NSEC_PER_MSEC_U64 UINT64_C(1000000)
#define NSEC_PER_SEC_U64 UINT64_C(1000000000)

/* "No deadline": later than every time that a monotonic clock can show. */
#define TIME_NEVER UINT64_MAX

#endif
