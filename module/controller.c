// SPDX-License-Identifier: BSD-2-Clause
/*
 * The core in the kernel: one spinlock around step, next and done, held for the
 * bounded work of one or two such calls.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/uidgid.h>
#include <linux/vmalloc.h>

#include "module/compat.h"
#include "module/vipmi.h"

/* The longest that a core_lock was held is for whoever measures: since something was written to
 * it. */
bool core_lock_measured;

static int longest_set(const char *value, const struct kernel_param *parameter)
{
	u64 longest_ns;
	int result = kstrtou64(value, 0, &longest_ns);

	if (result) {
		return result;
	}
	WRITE_ONCE(core_lock_measured, true);
	for (unsigned int i = 0; i < VIPMI_CONTROLLERS; i++) {
		WRITE_ONCE(controllers[i].hold_longest_ns, longest_ns);
	}
	return 0;
}

static int longest_get(char *text, const struct kernel_param *parameter)
{
	u64 longest_ns = 0;

	for (unsigned int i = 0; i < VIPMI_CONTROLLERS; i++) {
		longest_ns = max(longest_ns, READ_ONCE(controllers[i].hold_longest_ns));
	}
	return sysfs_emit(text, "%llu\n", longest_ns);
}

static const struct kernel_param_ops longest_ops = {.set = longest_set, .get = longest_get};
module_param_cb(core_lock_longest_ns, &longest_ops, NULL, 0644);
MODULE_PARM_DESC(core_lock_longest_ns,
	"longest hold of a core's lock since 0 was written here, in ns; not measured before");

/* ---- what sessions ask ---- */

static int host_step(void *context, struct core_event *event)
{
	return controller_step(context, event);
}

static void host_status(void *context, struct core_status *ret_status)
{
	struct controller *controller = context;

	core_take(controller);
	core_status(controller->core, ret_status);
	core_give(controller);
}

static bool host_handle_next(void *context, u32 *cursor, struct core_handle_info *ret_info)
{
	struct controller *controller = context;
	bool there;

	core_take(controller);
	there = core_handle_next(controller->core, cursor, ret_info);
	core_give(controller);
	return there;
}

static bool host_command_next(void *context, u32 *cursor, struct core_command_info *ret_info)
{
	struct controller *controller = context;
	bool there;

	core_take(controller);
	there = core_command_next(controller->core, cursor, ret_info);
	core_give(controller);
	return there;
}

static bool host_sequence_next(void *context, u32 *cursor, struct core_sequence_info *ret_info)
{
	struct controller *controller = context;
	bool there;

	core_take(controller);
	there = core_sequence_next(controller->core, cursor, ret_info);
	core_give(controller);
	return there;
}

static bool host_message_next(void *context, u64 *cursor, struct core_message_info *ret_info)
{
	struct controller *controller = context;
	bool there;

	core_take(controller);
	there = core_message_next(controller->core, cursor, ret_info);
	core_give(controller);
	return there;
}

static bool host_administers(void *context, const struct core_credentials *by)
{
	(void)context;
	return by->uid == 0;
}

static int host_kick(void *context, u32 client)
{
	struct controller *controller = context;
	struct program *program;
	unsigned long cookie;
	int result = -ENOENT;

	xa_lock_bh(&controller->programs);
	xa_for_each(&controller->programs, cookie, program)
	{
		if (READ_ONCE(program->session.client) == client && client != 0) {
			program_dismiss(program, VIPMI_REASON_KICKED);
			result = 0;
			break;
		}
	}
	xa_unlock_bh(&controller->programs);
	return result;
}

static int host_node_add(void *context, const char *name, size_t length,
	struct session_node_policy policy, u32 *ret_number)
{
	return node_add(context, name, length, policy, ret_number);
}

static int host_node_policy_set(void *context, u32 number, struct session_node_policy policy)
{
	return node_policy_set(context, number, policy);
}

static int host_node_remove(void *context, u32 number)
{
	return node_remove(context, number);
}

static bool host_node_next(void *context, u32 *cursor, struct session_node_info *ret_info)
{
	return node_next(context, cursor, ret_info);
}

int controller_init(struct controller *controller, const struct core_limits *limits)
{
	size_t size = core_size(limits);
	int result;

	if (size == 0) {
		return -EINVAL;
	}
	controller->memory = vzalloc(size);
	if (!controller->memory) {
		return -ENOMEM;
	}
	result = core_init(controller->memory, size, limits, ktime_get_ns(), &controller->core);
	if (result) {
		goto memory;
	}
	result = pump_init(controller);
	if (result) {
		goto memory;
	}
	controller->host = (struct session_host){
		.context = controller,
		.step = host_step,
		.status = host_status,
		.handle_next = host_handle_next,
		.command_next = host_command_next,
		.sequence_next = host_sequence_next,
		.message_next = host_message_next,
		.administers = host_administers,
		.kick = host_kick,
		.node_add = host_node_add,
		.node_remove = host_node_remove,
		.node_policy_set = host_node_policy_set,
		.node_next = host_node_next,
		.link = controller->link_name,
		.version = VIPMI_VERSION,
	};
	get_random_bytes(controller->host.boot_id, sizeof(controller->host.boot_id));
	spin_lock_init(&controller->core_lock);
	xa_init_flags(&controller->programs, XA_FLAGS_ALLOC1 | XA_FLAGS_LOCK_BH);
	return 0;

memory:
	vfree(controller->memory);
	controller->memory = NULL;
	return result;
}

void controller_finish(struct controller *controller)
{
	pump_finish(controller);
	if (controller->lower) {
		controller->lower->ops->destroy(controller->lower);
	}
	WARN_ON(!xa_empty(&controller->programs));
	xa_destroy(&controller->programs);
	vfree(controller->memory);
}
