// SPDX-License-Identifier: BSD-2-Clause
/*
 * The core in the kernel: one spinlock around step, next and done, held for the
 * bounded work of one call; everything that may sleep happens in the pump, in
 * process context.
 */
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/uidgid.h>
#include <linux/vmalloc.h>

#include "module/compat.h"
#include "module/vipmi.h"

/* The longest that core_lock was held, for whoever measures; writing 0 begins anew. */
static unsigned long core_lock_longest_ns;
module_param(core_lock_longest_ns, ulong, 0644);
MODULE_PARM_DESC(core_lock_longest_ns, "longest hold of the core's lock so far, in ns");

/* A layer that has no memory for a message is asked again after this pause. */
#define REFUSED_PAUSE_MS 10

static void core_take(struct controller *controller)
{
	spin_lock(&controller->core_lock);
	controller->hold_started_ns = ktime_get_ns();
}

static void core_give(struct controller *controller)
{
	u64 held_ns = ktime_get_ns() - controller->hold_started_ns;

	if (held_ns > core_lock_longest_ns) {
		core_lock_longest_ns = held_ns;
	}
	spin_unlock(&controller->core_lock);
}

void controller_wake(struct controller *controller)
{
	queue_work(controller->queue, &controller->pump);
}

int controller_step_now(struct controller *controller, struct core_event *event)
{
	int result;

	core_take(controller);
	event->now_ns = ktime_get_ns();
	result = core_step(controller->core, event);
	core_give(controller);
	return result;
}

int controller_step(struct controller *controller, struct core_event *event)
{
	int result = controller_step_now(controller, event);

	controller_wake(controller);
	return result;
}

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

	mutex_lock(&controller->programs_mutex);
	xa_for_each(&controller->programs, cookie, program)
	{
		if (READ_ONCE(program->session.client) == client && client != 0) {
			program_dismiss(program, VIPMI_REASON_KICKED);
			result = 0;
			break;
		}
	}
	mutex_unlock(&controller->programs_mutex);
	return result;
}

static int host_node_add(void *context, const char *name, size_t length, u32 *ret_number)
{
	return node_add(context, name, length, ret_number);
}

static int host_node_remove(void *context, u32 number)
{
	return node_remove(context, number);
}

static bool host_node_next(void *context, u32 *cursor, struct session_node_info *ret_info)
{
	return node_next(context, cursor, ret_info);
}

/* ---- the pump ---- */

/* A contradiction inside: said once, and everybody's connection ends. */
static void controller_offline(struct controller *controller, const char *what)
{
	struct program *program;
	unsigned long cookie;

	if (controller->broken_said) {
		return;
	}
	controller->broken_said = true;
	WARN_ONCE(1, "vipmi: a contradiction inside (%s), the controller goes offline\n", what);
	mutex_lock(&controller->programs_mutex);
	xa_for_each(&controller->programs, cookie, program)
	{
		program_dismiss(program, VIPMI_REASON_LINK_DOWN);
	}
	nodes_refuse(controller);
	mutex_unlock(&controller->programs_mutex);
}

static bool next_action(struct controller *controller)
{
	struct core_action *action = &controller->action;
	const char *broken;
	bool there;

	core_take(controller);
	there = core_next(controller->core, action);
	broken = core_broken(controller->core);
	/* An asynchronous message stays good only until somebody steps the core. */
	if (there && action->type == CORE_ACTION_DELIVER &&
		action->deliver.kind != CORE_DELIVERY_ANSWER) {
		action->deliver.length =
			min_t(size_t, action->deliver.length, sizeof(controller->asynchronous));
		memcpy(controller->asynchronous, action->deliver.data, action->deliver.length);
		action->deliver.data = controller->asynchronous;
	}
	core_give(controller);
	if (broken) {
		controller_offline(controller, broken);
		return false;
	}
	return there;
}

static void action_done(struct controller *controller, int result)
{
	core_take(controller);
	core_done(controller->core, controller->action.id, result);
	core_give(controller);
}

static int deliver(struct controller *controller, const struct core_deliver *deliver)
{
	struct program *program;
	int result = -EPIPE, length;

	mutex_lock(&controller->programs_mutex);
	if (node_cookie(deliver->cookie)) {
		result = node_deliver(controller, deliver);
	} else {
		length = session_deliver(deliver, controller->message);
		program = xa_load(&controller->programs, deliver->cookie);
		if (program) {
			result = program_deliver(program, controller->message, length);
		}
	}
	mutex_unlock(&controller->programs_mutex);
	return result;
}

/* After the core was told "not now": it may have become "now" meanwhile. */
static void deliver_later(struct controller *controller, const struct core_deliver *deliver)
{
	struct program *program;
	bool writable;

	mutex_lock(&controller->programs_mutex);
	program = xa_load(&controller->programs, deliver->cookie);
	writable = program && program_block(program);
	mutex_unlock(&controller->programs_mutex);
	if (writable) {
		u32 client = deliver->client;

		controller->event.type = CORE_EVENT_CLIENT_WRITABLE;
		controller->event.client.client = client;
		(void)controller_step_now(controller, &controller->event);
	}
}

static void credit(struct controller *controller, u64 cookie)
{
	struct program *program;

	mutex_lock(&controller->programs_mutex);
	if (node_cookie(cookie)) {
		node_credit(controller, cookie);
	} else {
		program = xa_load(&controller->programs, cookie);
		if (program) {
			program_credit(program);
		}
	}
	mutex_unlock(&controller->programs_mutex);
}

static int action_do(struct controller *controller)
{
	const struct core_action *action = &controller->action;

	switch (action->type) {
	case CORE_ACTION_TRANSMIT:
		return controller->lower->ops->transmit(controller->lower, &action->transmit);
	case CORE_ACTION_DELIVER:
		return deliver(controller, &action->deliver);
	case CORE_ACTION_REGISTER:
		return controller->lower->ops->registration(
			controller->lower, &action->registration);
	case CORE_ACTION_CREDIT:
		credit(controller, action->credit.cookie);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

/* Hands in what came from below. */
static void pump_received(struct controller *controller)
{
	struct lower *lower = controller->lower;

	while (lower->ops->next(lower, &controller->event)) {
		/* A refused event is one that the core counts. */
		(void)controller_step_now(controller, &controller->event);
	}
}

static void pump_action(struct controller *controller)
{
	const struct core_action *action = &controller->action;
	int result = action_do(controller);

	action_done(controller, result);
	if (result != -EAGAIN) {
		return;
	}
	if (action->type == CORE_ACTION_DELIVER) {
		deliver_later(controller, &action->deliver);
	} else {
		controller->refused = true;
	}
}

/* When to come again: the core's deadline, or sooner. An alarm that rings in vain does no harm. */
static void pump_alarm(struct controller *controller)
{
	u64 deadline_ns;

	core_take(controller);
	deadline_ns = core_broken(controller->core) ? TIME_NEVER : core_deadline(controller->core);
	core_give(controller);
	if (controller->lower->ops->deadline) {
		deadline_ns = min_t(
			u64, deadline_ns, controller->lower->ops->deadline(controller->lower));
	}
	if (controller->refused) {
		deadline_ns = min_t(
			u64, deadline_ns, ktime_get_ns() + REFUSED_PAUSE_MS * NSEC_PER_MSEC_U64);
	}
	if (deadline_ns != TIME_NEVER) {
		hrtimer_start(&controller->alarm, ns_to_ktime(deadline_ns), HRTIMER_MODE_ABS);
	}
}

static void pump(struct work_struct *work)
{
	struct controller *controller = container_of(work, struct controller, pump);

	pump_received(controller);
	nodes_pump(controller);
	controller->event.type = controller->refused ? CORE_EVENT_LINK_READY : CORE_EVENT_TIME;
	controller->refused = false;
	(void)controller_step_now(controller, &controller->event);
	while (next_action(controller)) {
		pump_action(controller);
		pump_received(controller);
		cond_resched();
	}
	if (controller->lower->ops->tidy) {
		controller->lower->ops->tidy(controller->lower);
	}
	pump_alarm(controller);
}

static enum hrtimer_restart alarm_rings(struct hrtimer *alarm)
{
	controller_wake(container_of(alarm, struct controller, alarm));
	return HRTIMER_NORESTART;
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
	/* Ordered: the pump is alone with its working room. Programs wait for it. */
	controller->queue = alloc_ordered_workqueue("vipmi", WQ_HIGHPRI);
	if (!controller->queue) {
		result = -ENOMEM;
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
		.node_next = host_node_next,
		.link = controller->link_name,
		.version = VIPMI_VERSION,
	};
	get_random_bytes(controller->host.boot_id, sizeof(controller->host.boot_id));
	spin_lock_init(&controller->core_lock);
	mutex_init(&controller->programs_mutex);
	xa_init_flags(&controller->programs, XA_FLAGS_ALLOC1);
	INIT_WORK(&controller->pump, pump);
	compat_hrtimer_setup(&controller->alarm, alarm_rings);
	return 0;

memory:
	vfree(controller->memory);
	controller->memory = NULL;
	return result;
}

void controller_finish(struct controller *controller)
{
	/* The pump sets the alarm and the alarm the pump: stop one, the other, and what the first
	 * may have begun meanwhile. */
	hrtimer_cancel(&controller->alarm);
	cancel_work_sync(&controller->pump);
	hrtimer_cancel(&controller->alarm);
	cancel_work_sync(&controller->pump);
	destroy_workqueue(controller->queue);
	if (controller->lower) {
		controller->lower->ops->destroy(controller->lower);
	}
	WARN_ON(!xa_empty(&controller->programs));
	xa_destroy(&controller->programs);
	vfree(controller->memory);
}
