/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The module's parts and who may call whom:
 *
 *	device.c      /dev/vipmiN: opens, reads, writes; one session for each open
 *	ioctl.c       the same as the kernel driver's device: its ioctl calls
 *	node.c        /dev/ipmiN: virtual interfaces of the kernel's IPMI layer
 *	nodes.c       how they come and go
 *	     |
 *	controller.c  the core behind its lock
 *	pump.c        what the core wants done
 *	     |
 *	lower.h       what is below: a user of the kernel's IPMI layer (lower_layer.c), or the
 *	              registers of a KCS or BT interface (lower_registers.c)
 *
 * Locks, in the order in which they may nest:
 *
 *	program.read_mutex         one reader of an open file at a time
 *	program.write_mutex        one writer likewise, and whatever touches its session
 *	nodes_mutex                nodes that come and go, of all controllers
 *	lower_layer.user_mutex     an interface that comes and goes
 *	the lock of the array controller.programs, or of controller.nodes: who is there; the pump
 *	                           holds it for a delivery, and for a message of a node's
 *	node.lock                  messages of the layer's
 *	controller.nodes_lock      which nodes have some
 *	program.outbox_lock        writers of the outbox
 *	controller.core_lock       around the core and nothing else
 *	lower_layer.received_lock  the IPMI layer's callbacks and the pump
 *
 * Mutexes come before spinlocks. The spinlocks are taken by soft interrupts too, in which the pump
 * may run; node.lock, controller.nodes_lock and lower_layer.received_lock by whatever the layer
 * calls us from. Nobody waits to be the pump (pump.c).
 *
 * User memory is touched under the first two alone, so that a program whose memory is slow (or made
 * so) waits for itself.
 */
#ifndef VIPMI_MODULE_VIPMI_H
#define VIPMI_MODULE_VIPMI_H

#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/ipmi.h>
#include <linux/kfifo.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/sched/clock.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "core/core.h"
#include "driver/driver.h"
#include "module/lower.h"
#include "session/session.h"

/* What a program has not read yet, each message with two bytes of length: room for a dozen answers
 * of the longest kind. What does not fit stays in the core, on the program's own credit. */
#define OUTBOX_SIZE 4096

/* A message with its length. Deliveries leave this much room, so that a reply always fits. */
#define OUTBOX_RESERVE (VIPMI_MESSAGE_MAX + 2)

/* What an open file has more when its program speaks the driver's ioctl calls. */
struct program_driver {
	struct driver_host host;
	struct driver_settings settings;
	struct driver_scratch scratch;
};

/* An open file: one connection of the protocol. */
struct program {
	struct controller *controller;
	u32 cookie;               /* the core's name for it; its key among controller.programs */
	struct mutex write_mutex; /* session, scratch, inbound, reply */
	struct mutex read_mutex;  /* the outbox has one reader at a time */
	struct session session;
	struct session_scratch scratch;
	spinlock_t outbox_lock;
	STRUCT_KFIFO_REC_2(OUTBOX_SIZE) outbox;
	wait_queue_head_t wait;
	struct fasync_struct *async; /* who wants SIGIO */
	struct program_driver
		*driver; /* NULL: it speaks the protocol; set once, with write_mutex */
	bool throttled;  /* a request was put off for want of credit */
	bool blocked;    /* the core waits until there is room; under outbox_lock */
	bool ended;      /* nothing comes after what is in the outbox; likewise */
	struct work_struct dismissal;
	enum vipmi_reason dismissed; /* why an administrator or a broken core ends it */
	u8 inbound[VIPMI_MESSAGE_MAX];
	u8 reply[VIPMI_MESSAGE_MAX];
};

/* Controllers at most: twice as many as the kernel's ipmi_si takes by its parameters. A core of the
 * usual size has 14 MB. */
#define VIPMI_CONTROLLERS 8
#define CONTROLLER_NAME_SIZE sizeof("vipmi7")

/* Virtual interfaces at most, of all controllers: the mission's "at least 256" with the one below,
 * and all that ipmi_devintf has minor numbers for. */
#define NODES_MAX 255
#define NODE_NAME_SIZE SESSION_NODE_NAME_SIZE

struct controller {
	char name[CONTROLLER_NAME_SIZE]; /* of its device */
	struct miscdevice device;
	struct core *core;
	void *memory; /* of the core */
	spinlock_t core_lock;
	u64 hold_started_ns; /* of core_lock, under it; 0: not measured */
	u64 hold_longest_ns; /* likewise */
	struct session_host host;
	char link_name[32];

	atomic_t calls; /* whoever makes the first is the pump until there is none */
	struct workqueue_struct *queue;
	struct work_struct pump;
	struct hrtimer alarm; /* the core's deadline */
	bool ending;          /* no more alarms */
	bool rang;            /* it did, and the core does not know */
	/* The pump's own, too large for a stack. */
	struct core_event event;
	struct core_action action;
	bool action_open;   /* it is to be done */
	bool idle;          /* the core wants nothing done until deadline_ns */
	u64 deadline_ns;    /* if idle */
	const char *broken; /* a contradiction inside, or NULL */
	bool broken_said;
	bool refused; /* the lower side took no transmission: to be tried again */
	u8 asynchronous[CORE_MESSAGE_DATA_MAX];
	u8 message[VIPMI_MESSAGE_MAX];

	struct xarray programs; /* cookie to struct program */
	u32 cookie_next;

	struct xarray nodes; /* struct virtual_node */
	spinlock_t nodes_lock;
	struct list_head nodes_ready; /* struct virtual_node.ready: the pump has to look at them */

	struct lower *lower; /* NULL until there is one */
};

/* ---- main.c ---- */

/* Those in use first. They share nothing but what is said here and the names of nodes. */
extern struct controller controllers[VIPMI_CONTROLLERS];

/* ---- controller.c ---- */

/* Makes the core. The pump runs from now on, but the lower side is not there yet. */
int controller_init(struct controller *controller, const struct core_limits *limits);
/* No program may be left, and the lower side stopped. */
void controller_finish(struct controller *controller);

/* Whether somebody wants to know how long a core's lock is held. */
extern bool core_lock_measured;

/* The core's lock, for one call of the core's or two. */
static inline void core_take(struct controller *controller)
{
	spin_lock_bh(&controller->core_lock);
	controller->hold_started_ns = READ_ONCE(core_lock_measured) ? local_clock() : 0;
}

static inline void core_give(struct controller *controller)
{
	if (controller->hold_started_ns) {
		controller->hold_longest_ns = max(
			controller->hold_longest_ns, local_clock() - controller->hold_started_ns);
	}
	spin_unlock_bh(&controller->core_lock);
}

/* ---- pump.c ---- */

int pump_init(struct controller *controller);
/* Whatever wakes it is gone, but for itself. */
void pump_finish(struct controller *controller);

/* core_step with the time filled in; the pump takes it from there. With no spinlock. */
int controller_step(struct controller *controller, struct core_event *event);
/* Makes the caller the pump, if nobody is and it may be one here: no soft interrupt comes until it
 * leaves, for nobody who waits for what the pump does may take the processor from it. */
bool controller_enter(struct controller *controller);
/* Does what there is to do. The caller is the pump no more. */
void controller_leave(struct controller *controller);
/* controller_step for the pump itself. */
int controller_step_now(struct controller *controller, struct core_event *event);
/* There may be something to do, and it may be done before this returns. From any context, with no
 * spinlock. */
void controller_wake(struct controller *controller);

/* ---- device.c ---- */

/* Says in the log what is wrong. Nobody can open it before program_devices_serve. */
int program_device_register(struct controller *controller);
/* Nobody may have it open. */
void program_device_unregister(struct controller *controller);
void program_devices_serve(void);

/* One message of the program's to its session, with write_mutex and room in the outbox: the length
 * of the reply in program->reply, or -EAGAIN: no credit. */
int program_receive(struct program *program, const u8 *message, size_t length);
/* Puts program->reply into the outbox. */
void program_say(struct program *program, int length);
bool program_room(struct program *program);
/* After something was read: tells the core if it waits for that. */
void program_unblock(struct program *program);
/* The first message of the outbox, with read_mutex: its length, 0 for none. */
size_t program_peek(struct program *program, u8 *message);
size_t program_pop(struct program *program, u8 *message);

/* Puts a message into the outbox: 0, -EAGAIN when it has to wait, -EPIPE when nobody reads it. */
int program_deliver(struct program *program, const u8 *message, size_t length);
/* The core knows now that a message has to wait: whether there is room by now. If not, the reader
 * says so when there is. */
bool program_block(struct program *program);
/* Credit is there again. */
void program_credit(struct program *program);
/* Ends the connection soon, in a context of its own. */
void program_dismiss(struct program *program, enum vipmi_reason reason);

/* ---- nodes.c ---- */

/* Before the first controller's, and after the last one's. */
int nodes_begin(void);
void nodes_end(void);

void nodes_init(struct controller *controller);
/* No /dev/ipmiN of ours may be open. */
void nodes_finish(struct controller *controller);

/* Makes a /dev/ipmiN; an empty name gets one. -EINVAL: no name for a file, -EBUSY: in use, at this
 * or at another controller, -ENOSPC, -ENETDOWN: an interface below is not there. May take
 * seconds. */
int node_add(struct controller *controller, const char *name, size_t length,
	struct session_node_policy policy, u32 *ret_number);
/* What is asked from now on. -ENOENT. */
int node_policy_set(struct controller *controller, u32 number, struct session_node_policy policy);
/* Whoever has it open is told by the layer. -ENOENT. */
int node_remove(struct controller *controller, u32 number);
bool node_next(struct controller *controller, u32 *cursor, struct session_node_info *ret_info);

/* Whether a device that the layer shows is one of ours. */
bool node_is(struct device *device);
/* The layer gave such a one its number. */
void node_arrived(struct device *device, int number);

/* The controller is out of order: whatever the layer waits for is refused. */
void nodes_refuse(struct controller *controller);

/* ---- node.c ---- */

/* Takes one message of the layer's to the core, if there is one; in the pump, as the rest. */
bool nodes_pump(struct controller *controller);
/* Whether a cookie of the core's is a node's. */
bool node_cookie(u64 cookie);
int node_deliver(struct controller *controller, const struct core_deliver *deliver);
void node_credit(struct controller *controller, u64 cookie);

/* ---- ioctl.c ---- */

/* The driver's call, or -ENOTTY. */
long program_ioctl(struct file *file, unsigned int request, unsigned long argument);
long program_ioctl_compat(struct file *file, unsigned int request, unsigned long argument);
/* Whether its program expects this message of the agent's. */
bool program_expects(const struct program *program, const u8 *message, size_t length);

#endif
