// SPDX-License-Identifier: BSD-2-Clause
/*
 * vipmi.ko: the virtualizer as a driver. Below, one interface of the kernel's
 * IPMI layer or the registers of a KCS interface; above, /dev/vipmi0 and virtual
 * interfaces of that layer.
 */
#include <linux/bug.h>
#include <linux/module.h>

#include "base/assert.h"
#include "module/vipmi.h"

static int interface;
module_param(interface, int, 0444);
MODULE_PARM_DESC(interface, "number of the IPMI interface below (the N of /dev/ipmiN)");

/* One: the pump has the next one ready in the moment that an answer comes, and two would not keep
 * their order (the layer hands over an answer before it begins with what waits behind it, and then
 * takes a new message first). */
static unsigned int window = 1;
module_param(window, uint, 0444);
MODULE_PARM_DESC(window, "requests with the IPMI layer at once (default 1)");

static char *kcs;
module_param(kcs, charp, 0444);
MODULE_PARM_DESC(kcs, "I/O port (0xca2) or mem:ADDRESS of a KCS interface, instead of `interface`");

static unsigned int spacing = 1;
module_param(spacing, uint, 0444);
MODULE_PARM_DESC(spacing, "kcs: bytes from the data register to the command register: 1, 4, 16");

static unsigned int irq;
module_param(irq, uint, 0444);
MODULE_PARM_DESC(irq, "kcs: its interrupt (default 0: none, the registers are looked at)");

static unsigned int address = 0x20;
module_param(address, uint, 0444);
MODULE_PARM_DESC(address, "kcs: the controller's address on its IPMB (default 0x20)");

static unsigned int max_handles;
module_param(max_handles, uint, 0444);
MODULE_PARM_DESC(max_handles, "virtual controllers at most (default 4096)");

static bool merge = true;
module_param(merge, bool, 0444);
MODULE_PARM_DESC(merge, "reads that wait to ask the same are sent as one (default yes)");

static unsigned int cache_age;
module_param(cache_age, uint, 0444);
MODULE_PARM_DESC(cache_age, "how old an answer may be given again, in ms (default 0: never)");

static struct controller controller;

/* A contradiction inside: said once, and the core says no more than "broken" from then on. */
void base_assertion_failed(const char *expression, const char *file, int line)
{
	WARN_ONCE(1, "vipmi: %s:%d: assertion failed: %s\n", file, line, expression);
}

static int lower_create(void)
{
	const struct lower_kcs_options options = {
		.where = kcs, .spacing = spacing, .irq = irq, .own_address = address};

	return kcs ? lower_kcs_create(&controller, &options)
		   : lower_layer_create(
			     &controller, interface, (u8)clamp(window, 1u, CORE_WINDOW_MAX));
}

static int __init vipmi_init(void)
{
	struct core_limits limits = {.handles_max = max_handles,
		.seed = ktime_get_ns(),
		.merge = merge,
		.cache_age_ms = cache_age};
	int result;

	if (kcs) {
		snprintf(controller.link_name, sizeof(controller.link_name), "module:kcs:%s", kcs);
	} else {
		snprintf(controller.link_name, sizeof(controller.link_name), "module:ipmi%d",
			interface);
	}
	result = controller_init(&controller, &limits);
	if (result) {
		return result;
	}
	result = nodes_init(&controller);
	if (result) {
		goto finish;
	}
	result = lower_create();
	if (result) {
		goto nodes;
	}
	result = program_device_register(&controller);
	if (result) {
		goto lower;
	}
	return 0;

lower:
	controller.lower->ops->stop(controller.lower);
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
	controller.lower->ops->stop(controller.lower);
	controller_finish(&controller);
}

module_init(vipmi_init);
module_exit(vipmi_exit);
MODULE_DESCRIPTION("vipmi: virtual IPMI controllers");
MODULE_VERSION(VIPMI_VERSION);
MODULE_LICENSE("Dual BSD/GPL");
