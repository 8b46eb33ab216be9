/* SPDX-License-Identifier: BSD-2-Clause */
/* Error numbers for the kernel's build. */
#ifndef VIPMI_COMPAT_ERRNO_H
#define VIPMI_COMPAT_ERRNO_H

#include <linux/errno.h>

#endif
