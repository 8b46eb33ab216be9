// SPDX-License-Identifier: BSD-2-Clause
/*
 * The pump hands the core what there is for it and does what it wants done.
 *
 * Whoever has something for it and finds nobody at it is the pump, there and then: a
 * program in its call, the kernel's IPMI layer in its callback. Otherwise it leaves a
 * call, and who is the pump comes round again. So no thread has to wake up between a
 * program and the controller. The workqueue is the pump for what may sleep, for what
 * comes in an interrupt, and for what is too much for one that does it by the way.
 */
#include <linux/ktime.h>
#include <linux/sched.h>

#include "module/compat.h"
#include "module/vipmi.h"

/* A layer that has no memory for a message is asked again after this pause. */
#define REFUSED_PAUSE_MS 10

/* What somebody does for others before the workqueue goes on, since it may stand in a soft
 * interrupt: a request and an answer, two steps each, for as many programs as a busy moment has. At
 * a few microseconds a step. */
#define HERE_STEPS 32

/* A contradiction inside: said once, and everybody's connection ends. */
static void go_offline(struct controller *controller)
{
	struct program *program;
	unsigned long cookie;

	if (controller->broken_said) {
		return;
	}
	controller->broken_said = true;
	WARN(1, "%s: a contradiction inside (%s), the controller goes offline\n", controller->name,
		controller->broken);
	xa_lock_bh(&controller->programs);
	xa_for_each(&controller->programs, cookie, program)
	{
		program_dismiss(program, VIPMI_REASON_LINK_DOWN);
	}
	xa_unlock_bh(&controller->programs);
	nodes_refuse(controller);
}

/* ---- to the core ---- */

/* With the core's lock: what is to be done next, or, if nothing is, when to come again. */
static void look(struct controller *controller)
{
	struct core_action *action = &controller->action;

	if (controller->action_open) {
		return;
	}
	controller->action_open = core_next(controller->core, action);
	controller->idle = !controller->action_open;
	if (controller->idle) {
		controller->deadline_ns = core_deadline(controller->core);
		controller->broken = core_broken(controller->core);
	} else if (action->type == CORE_ACTION_DELIVER &&
		   action->deliver.kind != CORE_DELIVERY_ANSWER) {
		/* An asynchronous message stays good only until somebody steps the core. */
		action->deliver.length =
			min_t(size_t, action->deliver.length, sizeof(controller->asynchronous));
		memcpy(controller->asynchronous, action->deliver.data, action->deliver.length);
		action->deliver.data = controller->asynchronous;
	}
}

int controller_step_now(struct controller *controller, struct core_event *event)
{
	int result;

	event->now_ns = ktime_get_ns();
	core_take(controller);
	result = core_step(controller->core, event);
	look(controller);
	core_give(controller);
	return result;
}

/* Hands in one thing that came from below. */
static bool received(struct controller *controller)
{
	struct lower *lower = controller->lower;

	if (!lower->ops->next(lower, &controller->event)) {
		return false;
	}
	/* A refused event is one that the core counts. */
	(void)controller_step_now(controller, &controller->event);
	return true;
}

/* ---- from the core ---- */

static int deliver(struct controller *controller, const struct core_deliver *deliver)
{
	struct program *program;
	int result = -EPIPE, length;

	if (node_cookie(deliver->cookie)) {
		return node_deliver(controller, deliver);
	}
	length = session_deliver(deliver, controller->message);
	xa_lock_bh(&controller->programs);
	program = xa_load(&controller->programs, deliver->cookie);
	if (program) {
		result = program_deliver(program, controller->message, length);
	}
	xa_unlock_bh(&controller->programs);
	return result;
}

/* After the core was told "not now": it may have become "now" meanwhile. */
static void deliver_later(struct controller *controller, u64 cookie, u32 client)
{
	struct program *program;
	bool writable;

	xa_lock_bh(&controller->programs);
	program = xa_load(&controller->programs, cookie);
	writable = program && program_block(program);
	xa_unlock_bh(&controller->programs);
	if (writable) {
		controller->event.type = CORE_EVENT_CLIENT_WRITABLE;
		controller->event.client.client = client;
		(void)controller_step_now(controller, &controller->event);
	}
}

static void credit(struct controller *controller, u64 cookie)
{
	struct program *program;

	if (node_cookie(cookie)) {
		node_credit(controller, cookie);
		return;
	}
	xa_lock_bh(&controller->programs);
	program = xa_load(&controller->programs, cookie);
	if (program) {
		program_credit(program);
	}
	xa_unlock_bh(&controller->programs);
}

static int action_do(struct controller *controller)
{
	const struct core_action *action = &controller->action;
	struct lower *lower = controller->lower;

	switch (action->type) {
	case CORE_ACTION_TRANSMIT:
		return lower->ops->transmit(lower, &action->transmit);
	case CORE_ACTION_DELIVER:
		return deliver(controller, &action->deliver);
	case CORE_ACTION_REGISTER:
		return lower->ops->registration(lower, &action->registration);
	case CORE_ACTION_MAINTENANCE:
		return lower->ops->maintenance
			       ? lower->ops->maintenance(lower, action->maintenance.on)
			       : 0;
	case CORE_ACTION_CREDIT:
		credit(controller, action->credit.cookie);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}

static void action_finish(struct controller *controller)
{
	enum core_action_type type = controller->action.type;
	u64 cookie = controller->action.deliver.cookie;
	u32 client = controller->action.deliver.client;
	int result = action_do(controller);

	core_take(controller);
	core_done(controller->core, controller->action.id, result);
	controller->action_open = false;
	look(controller);
	core_give(controller);
	if (result != -EAGAIN) {
		return;
	}
	if (type == CORE_ACTION_DELIVER) {
		deliver_later(controller, cookie, client);
	} else {
		controller->refused = true;
	}
}

/* ---- rounds ---- */

/* Does one thing. False: there is none, or none that may be done without sleeping; that one is open
 * then. */
static bool step(struct controller *controller, bool may_sleep)
{
	if (controller->action_open) {
		if (!may_sleep && (controller->action.type == CORE_ACTION_REGISTER ||
					  controller->action.type == CORE_ACTION_MAINTENANCE)) {
			return false;
		}
		action_finish(controller);
		return true;
	}
	if (received(controller) || nodes_pump(controller)) {
		return true;
	}
	if (!controller->idle) {
		core_take(controller);
		look(controller);
		core_give(controller);
	}
	return controller->action_open;
}

/* Begins with what time brought about. The calls that this round is for. */
static int round_begin(struct controller *controller)
{
	int calls = atomic_read_acquire(&controller->calls);
	bool refused = controller->refused, rang = READ_ONCE(controller->rang);

	controller->refused = false;
	WRITE_ONCE(controller->rang, false);
	if (refused || rang) {
		controller->event.type = refused ? CORE_EVENT_LINK_READY : CORE_EVENT_TIME;
		(void)controller_step_now(controller, &controller->event);
	}
	return calls;
}

/* An alarm that rings in vain does no harm, so an early one stays as it is. */
static void alarm_set(struct controller *controller)
{
	struct lower *lower = controller->lower;
	struct hrtimer *alarm = &controller->alarm;
	u64 deadline_ns = controller->deadline_ns;

	if (lower->ops->deadline) {
		deadline_ns = min_t(u64, deadline_ns, lower->ops->deadline(lower));
	}
	if (controller->refused) {
		deadline_ns = min_t(
			u64, deadline_ns, ktime_get_ns() + REFUSED_PAUSE_MS * NSEC_PER_MSEC_U64);
	}
	if (deadline_ns != TIME_NEVER && !READ_ONCE(controller->ending) &&
		!(hrtimer_is_queued(alarm) && hrtimer_get_expires_ns(alarm) <= deadline_ns)) {
		hrtimer_start(alarm, ns_to_ktime(deadline_ns), HRTIMER_MODE_ABS);
	}
}

/* Whether that was all: somebody who called meanwhile relies on us. */
static bool round_end(struct controller *controller, int calls)
{
	if (controller->broken) {
		go_offline(controller);
	}
	alarm_set(controller);
	controller->idle = false; /* for all that the next pump knows */
	return atomic_sub_return(calls, &controller->calls) == 0;
}

/* By the way. False: the workqueue has to go on. */
static bool rounds_here(struct controller *controller)
{
	struct lower *lower = controller->lower;
	unsigned int steps = 0;
	int calls;

	do {
		calls = round_begin(controller);
		while (step(controller, false)) {
			if (++steps == HERE_STEPS) {
				return false;
			}
		}
		if (controller->action_open || (lower->ops->untidy && lower->ops->untidy(lower))) {
			return false;
		}
	} while (!round_end(controller, calls));
	return true;
}

/* On the workqueue. */
static void rounds(struct work_struct *work)
{
	struct controller *controller = container_of(work, struct controller, pump);
	struct lower *lower = controller->lower;
	int calls;

	do {
		calls = round_begin(controller);
		while (step(controller, true)) {
			cond_resched();
		}
		if (lower->ops->tidy) {
			lower->ops->tidy(lower);
		}
	} while (!round_end(controller, calls));
}

/* ---- who is the pump ---- */

static bool here_possible(const struct controller *controller)
{
	return !irqs_disabled() && !READ_ONCE(controller->lower->threaded);
}

bool controller_enter(struct controller *controller)
{
	if (!here_possible(controller) || atomic_cmpxchg(&controller->calls, 0, 1) != 0) {
		return false;
	}
	local_bh_disable();
	return true;
}

void controller_leave(struct controller *controller)
{
	bool done = rounds_here(controller);

	local_bh_enable();
	if (!done) {
		queue_work(controller->queue, &controller->pump);
	}
}

/* Leaves a call. Whether the caller is the pump now. */
static bool call(struct controller *controller)
{
	return atomic_inc_return(&controller->calls) == 1;
}

void controller_wake(struct controller *controller)
{
	if (!call(controller)) {
		return;
	}
	if (here_possible(controller)) {
		local_bh_disable();
		controller_leave(controller);
	} else {
		queue_work(controller->queue, &controller->pump);
	}
}

int controller_step(struct controller *controller, struct core_event *event)
{
	int result;

	if (controller_enter(controller)) {
		result = controller_step_now(controller, event);
		controller_leave(controller);
		return result;
	}
	event->now_ns = ktime_get_ns();
	core_take(controller);
	result = core_step(controller->core, event);
	core_give(controller);
	controller_wake(controller);
	return result;
}

static enum hrtimer_restart alarm_rings(struct hrtimer *alarm)
{
	struct controller *controller = container_of(alarm, struct controller, alarm);

	WRITE_ONCE(controller->rang, true);
	controller_wake(controller);
	return HRTIMER_NORESTART;
}

int pump_init(struct controller *controller)
{
	/* Ordered: it is one. Programs wait for it. */
	controller->queue = alloc_ordered_workqueue("%s", WQ_HIGHPRI, controller->name);
	if (!controller->queue) {
		return -ENOMEM;
	}
	INIT_WORK(&controller->pump, rounds);
	compat_hrtimer_setup(&controller->alarm, alarm_rings);
	return 0;
}

void pump_finish(struct controller *controller)
{
	/* A pump that is at it may still set the alarm, and the alarm make a pump, which sets none
	 * any more. */
	WRITE_ONCE(controller->ending, true);
	for (int i = 0; i < 2; i++) {
		hrtimer_cancel(&controller->alarm);
		cancel_work_sync(&controller->pump);
	}
	destroy_workqueue(controller->queue);
}
