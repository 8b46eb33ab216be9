/* SPDX-License-Identifier: BSD-2-Clause */
/* bool, true and false for the kernel's build. */
#ifndef VIPMI_COMPAT_STDBOOL_H
#define VIPMI_COMPAT_STDBOOL_H

#include <linux/stddef.h>
#include <linux/types.h>

#endif
