// SPDX-License-Identifier: BSD-2-Clause
/* Makes a loadable whole of the pure set alone, for the check that the kernel's build accepts it.
 * Never loaded. */
#include <linux/bug.h>
#include <linux/module.h>

#include "base/assert.h"

void base_assertion_failed(const char *expression, const char *file, int line)
{
	WARN_ONCE(1, "vipmi: %s:%d: assertion failed: %s\n", file, line, expression);
}

MODULE_DESCRIPTION("vipmi: the pure set, compiled by the kernel's build");
MODULE_LICENSE("Dual BSD/GPL");
