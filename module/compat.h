/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What newer kernels call otherwise than Linux 6.1.
 */
#ifndef VIPMI_MODULE_COMPAT_H
#define VIPMI_MODULE_COMPAT_H

#include <linux/fs.h>
#include <linux/hrtimer.h>
#include <linux/version.h>

/* Gone in 6.12: a file without llseek cannot seek. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 0)
#define compat_no_llseek no_llseek
#else
#define compat_no_llseek NULL
#endif

/* Since 6.16 ipmi_request_settime takes a mutex. */
#define COMPAT_LAYER_SLEEPS (LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0))

static inline void compat_hrtimer_setup(
	struct hrtimer *timer, enum hrtimer_restart (*function)(struct hrtimer *timer))
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
	hrtimer_init(timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
	timer->function = function;
#else
	hrtimer_setup(timer, function, CLOCK_MONOTONIC, HRTIMER_MODE_ABS);
#endif
}

#endif
