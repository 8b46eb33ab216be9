// SPDX-License-Identifier: BSD-2-Clause
/*
 * vipmi.ko: the virtualizer as a driver, of one controller or several. Below each, an
 * interface of the kernel's IPMI layer or the registers of a KCS or BT interface; above,
 * /dev/vipmiN and virtual interfaces of that layer.
 */
#include <linux/bug.h>
#include <linux/ipmi_smi.h>
#include <linux/module.h>

#include "base/assert.h"
#include "ipmi/bt.h"
#include "ipmi/kcs.h"
#include "module/vipmi.h"

/* What belongs to the controllers at registers, those of `kcs` and behind them those of `bt`, are
 * lists as long as both, or empty. */
static int interface[VIPMI_CONTROLLERS];
static unsigned int interface_count;
module_param_array(interface, int, &interface_count, 0444);
MODULE_PARM_DESC(interface,
	"number of the IPMI interface below (the N of /dev/ipmiN); several: 0,1 for /dev/vipmi0 "
	"and /dev/vipmi1 (default 0, if there is no kcs and no bt)");

/* One: the pump has the next one ready in the moment that an answer comes, and two would not keep
 * their order (the layer hands over an answer before it begins with what waits behind it, and then
 * takes a new message first). */
static unsigned int window = 1;
module_param(window, uint, 0444);
MODULE_PARM_DESC(window, "requests with the IPMI layer at once (default 1)");

static char *kcs[VIPMI_CONTROLLERS];
static unsigned int kcs_count;
module_param_array(kcs, charp, &kcs_count, 0444);
MODULE_PARM_DESC(kcs,
	"I/O port (0xca2) or mem:ADDRESS of a KCS interface; several: 0xca2,0xca8. With "
	"`interface` as well, those of `interface` have the first /dev/vipmiN");

static char *bt[VIPMI_CONTROLLERS];
static unsigned int bt_count;
module_param_array(bt, charp, &bt_count, 0444);
MODULE_PARM_DESC(bt, "likewise of a BT interface (0xe4); those of `kcs` come first");

static unsigned int spacing[VIPMI_CONTROLLERS];
static unsigned int spacing_count;
module_param_array(spacing, uint, &spacing_count, 0444);
MODULE_PARM_DESC(
	spacing, "each kcs, then each bt: bytes from one register to the next: 1 (default), 4, 16");

static unsigned int irq[VIPMI_CONTROLLERS];
static unsigned int irq_count;
module_param_array(irq, uint, &irq_count, 0444);
MODULE_PARM_DESC(irq, "likewise: its interrupt (default 0: none, the registers are looked at)");

static unsigned int address[VIPMI_CONTROLLERS];
static unsigned int address_count;
module_param_array(address, uint, &address_count, 0444);
MODULE_PARM_DESC(address, "likewise: the controller's address on its IPMB (default 0x20)");

static unsigned int max_handles;
module_param(max_handles, uint, 0444);
MODULE_PARM_DESC(max_handles, "virtual controllers at most, of each controller (default 4096)");

static bool merge = true;
module_param(merge, bool, 0444);
MODULE_PARM_DESC(merge, "reads that wait to ask the same are sent as one (default yes)");

static unsigned int cache_age;
module_param(cache_age, uint, 0444);
MODULE_PARM_DESC(cache_age, "how old an answer may be given again, in ms (default 0: never)");

struct controller controllers[VIPMI_CONTROLLERS];

/* A contradiction inside: said once, and the core says no more than "broken" from then on. */
void base_assertion_failed(const char *expression, const char *file, int line)
{
	WARN_ONCE(1, "vipmi: %s:%d: assertion failed: %s\n", file, line, expression);
}

/* ---- what the parameters say ---- */

static unsigned int registers_count(void)
{
	return kcs_count + bt_count;
}

static unsigned int controller_count(void)
{
	return interface_count + registers_count();
}

static bool length_fits(const char *name, unsigned int count)
{
	if (count == 0 || count == registers_count()) {
		return true;
	}
	pr_err("vipmi: %s= has %u values, but kcs= and bt= have %u: give one for each, or none\n",
		name, count, registers_count());
	return false;
}

static bool interfaces_differ(void)
{
	for (unsigned int i = 0; i < interface_count; i++) {
		for (unsigned int j = 0; j < i; j++) {
			if (interface[i] == interface[j]) {
				pr_err("vipmi: interface= names %d twice: one controller for "
				       "each\n",
					interface[i]);
				return false;
			}
		}
	}
	return true;
}

static bool parameters_fit(void)
{
	if (controller_count() > VIPMI_CONTROLLERS) {
		pr_err("vipmi: interface=, kcs= and bt= name %u controllers, %u is the most\n",
			controller_count(), VIPMI_CONTROLLERS);
		return false;
	}
	return interfaces_differ() && length_fits("spacing", spacing_count) &&
	       length_fits("irq", irq_count) && length_fits("address", address_count);
}

/* ---- a controller ---- */

/* Which of those at registers it is, of `kcs` first. */
static const char *registers_where(unsigned int place)
{
	return place < kcs_count ? kcs[place] : bt[place - kcs_count];
}

static int lower_create(struct controller *controller, unsigned int place)
{
	struct lower_registers_options options;

	if (place < interface_count) {
		return lower_layer_create(
			controller, interface[place], (u8)clamp(window, 1u, CORE_WINDOW_MAX));
	}
	place -= interface_count;
	options = (struct lower_registers_options){
		.transfer = place < kcs_count ? &kcs_transfer : &bt_transfer,
		.where = registers_where(place),
		.spacing = spacing_count ? spacing[place] : 1,
		.irq = irq[place],
		.own_address = address_count ? address[place] : 0x20};
	return lower_registers_create(controller, &options);
}

static void controller_name(struct controller *controller, unsigned int place)
{
	snprintf(controller->name, sizeof(controller->name), "vipmi%u", place);
	if (place < interface_count) {
		snprintf(controller->link_name, sizeof(controller->link_name), "module:ipmi%d",
			interface[place]);
		return;
	}
	place -= interface_count;
	snprintf(controller->link_name, sizeof(controller->link_name), "module:%s:%s",
		place < kcs_count ? "kcs" : "bt", registers_where(place));
}

static int controller_create(struct controller *controller, unsigned int place)
{
	struct core_limits limits = {.handles_max = max_handles,
		.seed = ktime_get_ns(),
		.merge = merge,
		.cache_age_ms = cache_age};
	int result;

	controller_name(controller, place);
	result = controller_init(controller, &limits);
	if (result) {
		return result;
	}
	nodes_init(controller);
	result = lower_create(controller, place);
	if (result) {
		nodes_finish(controller);
		controller_finish(controller);
	}
	return result;
}

/* The first `count`, whose devices are not there any more, or never were. */
static void controllers_destroy(unsigned int count)
{
	while (count-- > 0) {
		struct controller *controller = &controllers[count];

		nodes_finish(controller);
		controller->lower->ops->stop(controller->lower);
		controller_finish(controller);
	}
}

static int controllers_create(void)
{
	for (unsigned int i = 0; i < controller_count(); i++) {
		int result = controller_create(&controllers[i], i);

		if (result) {
			controllers_destroy(i);
			return result;
		}
	}
	return 0;
}

static void devices_unregister(unsigned int count)
{
	while (count-- > 0) {
		program_device_unregister(&controllers[count]);
	}
}

static int devices_register(void)
{
	for (unsigned int i = 0; i < controller_count(); i++) {
		int result = program_device_register(&controllers[i]);

		if (result) {
			devices_unregister(i);
			return result;
		}
	}
	program_devices_serve();
	return 0;
}

/* ---- the module ---- */

static void interface_arrived(int number, struct device *device)
{
	if (node_is(device)) {
		node_arrived(device, number);
	} else {
		lower_layer_arrived(number);
	}
}

static void interface_left(int number)
{
	/* Users of the layer are told by themselves, and nodes we end ourselves. */
}

/* The layer's watchers are called without a context of ours: this one is for all controllers. */
static struct ipmi_smi_watcher watcher = {
	.owner = THIS_MODULE, .new_smi = interface_arrived, .smi_gone = interface_left};

static int __init vipmi_init(void)
{
	int result;

	if (controller_count() == 0) {
		interface_count = 1; /* the kernel's first */
	}
	if (!parameters_fit()) {
		return -EINVAL;
	}
	result = nodes_begin();
	if (result) {
		return result;
	}
	result = controllers_create();
	if (result) {
		goto nodes;
	}
	result = ipmi_smi_watcher_register(&watcher);
	if (result) {
		goto controllers;
	}
	result = devices_register();
	if (result) {
		goto watcher;
	}
	return 0;

watcher:
	(void)ipmi_smi_watcher_unregister(&watcher);
controllers:
	controllers_destroy(controller_count());
nodes:
	nodes_end();
	return result;
}

static void __exit vipmi_exit(void)
{
	devices_unregister(controller_count());
	(void)ipmi_smi_watcher_unregister(&watcher);
	controllers_destroy(controller_count());
	nodes_end();
}

module_init(vipmi_init);
module_exit(vipmi_exit);
MODULE_DESCRIPTION("vipmi: virtual IPMI controllers");
MODULE_VERSION(VIPMI_VERSION);
MODULE_LICENSE("Dual BSD/GPL");
