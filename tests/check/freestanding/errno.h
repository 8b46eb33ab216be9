/* SPDX-License-Identifier: BSD-2-Clause */
/* Error numbers without a C library: the kernel's own list, which tools/check-pure brings along. */
#ifndef VIPMI_FREESTANDING_ERRNO_H
#define VIPMI_FREESTANDING_ERRNO_H

#include <asm-generic/errno.h>

#endif
