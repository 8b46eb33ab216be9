/* SPDX-License-Identifier: BSD-2-Clause */
/* NULL, offsetof and size_t for the kernel's build. container_of comes along, since the kernel
 * defines its own and base/compat.h steps aside where there is one. */
#ifndef VIPMI_COMPAT_STDDEF_H
#define VIPMI_COMPAT_STDDEF_H

#include <linux/container_of.h>
#include <linux/stddef.h>
#include <linux/types.h>

#endif
