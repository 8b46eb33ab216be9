// SPDX-License-Identifier: BSD-2-Clause
/*
 * vipmi.ko: the virtualizer as a driver. One interface of the kernel's IPMI
 * layer below, /dev/vipmi0 and virtual interfaces of that layer above.
 */
#include <linux/bug.h>
#include <linux/module.h>

#include "base/assert.h"
#include "module/vipmi.h"

static int interface;
module_param(interface, int, 0444);
MODULE_PARM_DESC(interface, "number of the IPMI interface below (the N of /dev/ipmiN)");

static unsigned int max_handles;
module_param(max_handles, uint, 0444);
MODULE_PARM_DESC(max_handles, "virtual controllers at most (default 4096)");

static struct controller controller;

/* A contradiction inside: said once, and the core says no more than "broken" from then on. */
void base_assertion_failed(const char *expression, const char *file, int line)
{
	WARN_ONCE(1, "vipmi: %s:%d: assertion failed: %s\n", file, line, expression);
}

static int __init vipmi_init(void)
{
	struct core_limits limits = {
		.handles_max = max_handles, .seed = ktime_get_ns(), .merge = true};
	int result;

	snprintf(controller.link_name, sizeof(controller.link_name), "module:ipmi%d", interface);
	result = controller_init(&controller, &limits);
	if (result) {
		return result;
	}
	result = nodes_init(&controller);
	if (result) {
		goto finish;
	}
	result = lower_init(&controller.lower, interface);
	if (result) {
		goto nodes;
	}
	result = program_device_register(&controller);
	if (result) {
		goto lower;
	}
	return 0;

lower:
	lower_finish(&controller.lower);
nodes:
	nodes_finish(&controller);
finish:
	controller_finish(&controller);
	return result;
}

static void __exit vipmi_exit(void)
{
	program_device_unregister();
	nodes_finish(&controller);
	lower_finish(&controller.lower);
	controller_finish(&controller);
}

module_init(vipmi_init);
module_exit(vipmi_exit);
MODULE_DESCRIPTION("vipmi: virtual IPMI controllers");
MODULE_VERSION(VIPMI_VERSION);
MODULE_LICENSE("Dual BSD/GPL");
