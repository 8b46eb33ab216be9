/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 64-bit division for code that must also run in a 32-bit kernel, where the
 * compiler's helper does not exist.
 */
#ifndef VIPMI_BASE_DIVIDE_H
#define VIPMI_BASE_DIVIDE_H

#include "base/compat.h"

/* dividend / divisor; divisor must not be 0. The remainder goes to *ret_remainder unless NULL. */
uint64_t divide_u64(uint64_t dividend, uint32_t divisor, uint32_t *ret_remainder);

#endif
