/* SPDX-License-Identifier: BSD-2-Clause */
/* memcpy, memmove, memset and memcmp for the kernel's build. */
#ifndef VIPMI_COMPAT_STRING_H
#define VIPMI_COMPAT_STRING_H

#include <linux/string.h>

#endif
