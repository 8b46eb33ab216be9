// SPDX-License-Identifier: BSD-2-Clause
/*
 * One user of one interface of the kernel's IPMI layer. Its callbacks only
 * enqueue; the pump does the rest.
 */
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/srcu.h>

#include "ipmi/command.h"
#include "module/compat.h"
#include "module/supplied.h"
#include "module/vipmi.h"

/* The layer's resends on an IPMB and their pace: its default (4, every 2 s) for what may be
 * executed twice, none for the rest; how long that may take then (IPMB 1.0: a number expires in
 * 5 s). */
#define LAYER_RETRIES (-1)
#define LAYER_RETRY_MS 0
#define SINGLE_RETRIES 0
#define SINGLE_MS 5000
/* Ahead of nobody: our arbitration has chosen already. */
#define LAYER_PRIORITY 0
/* The layer keeps two bytes of its longest message for netFn and command. */
#define LAYER_DATA_MAX (IPMI_MAX_MSG_LENGTH - 2)
#define LAYER_BUS_WINDOW 8
/* The layer takes a response's sequence number from the low bits of its msgid, and gives the whole
 * of it back. */
#define SEQUENCE_BITS 6
#define SEQUENCE_MASK 0x3F

/* Our own question's msgid; the core's transmissions are positive. */
#define MEDIUM_MSGID(channel) (-1L - (channel))
#define MEDIUM_CHANNEL(msgid) (-1L - (msgid))

/* Responses in the layer at once: as many as a window could be, a power of two. */
#define RESPONSES_MAX 64
/* Network functions, request form. */
#define NETFN_PAIRS 32

struct lower_layer {
	struct lower lower; /* first */
	int interface;
	u8 window;                  /* requests with the layer at once */
	struct mutex user_mutex;    /* who changes user; user, for what may sleep */
	bool maintenance;           /* we put the interface into maintenance mode */
	struct srcu_struct users;   /* user, for the pump's transmissions */
	struct ipmi_user *user;     /* NULL: the interface is not there */
	struct ipmi_user *departed; /* of an interface that is gone; to be given back */
	spinlock_t received_lock;
	struct list_head received;    /* struct ipmi_recv_msg.link, oldest first */
	bool arrived, gone;           /* the interface; under received_lock */
	bool pretimeout;              /* the watchdog's; likewise */
	struct ipmi_recv_msg *handed; /* by a callback that is the pump; the pump's */
	struct ipmi_recv_msg *taken;  /* what the last event points to; likewise */
	struct supplied supplied;     /* messages to the controller; likewise */
	u32 responses[RESPONSES_MAX]; /* transmissions by place; the pump's */
	u32 response_next;
	u16 registered[NETFN_PAIRS][CORE_ALL_COMMANDS]; /* channels, by netFn / 2 */
	struct list_head made;                          /* on all_made */
};

/* Every such lower side. It changes while nothing arrives. */
static LIST_HEAD(all_made);

static struct lower_layer *lower_layer(struct lower *lower)
{
	return container_of(lower, struct lower_layer, lower);
}

static void layer_received(struct ipmi_recv_msg *message, void *context)
{
	struct lower_layer *self = context;
	unsigned long flags;

	if (message->msgid < 0) {
		lower_medium_learned(&self->lower, MEDIUM_CHANNEL(message->msgid),
			message->msg.data, message->msg.data_len);
		ipmi_free_recv_msg(message);
		return;
	}
	if (controller_enter(self->lower.controller)) {
		self->handed = message; /* the pump before had taken the last one */
		controller_leave(self->lower.controller);
		return;
	}
	spin_lock_irqsave(&self->received_lock, flags);
	list_add_tail(&message->link, &self->received);
	spin_unlock_irqrestore(&self->received_lock, flags);
	lower_wake(&self->lower);
}

/* The interface goes away under us: nothing may be asked of the user after this returns. Called
 * from ipmi_destroy_user as well, when there is no user of ours any more. */
static void layer_shutdown(void *context)
{
	struct lower_layer *self = context;
	bool ours;

	mutex_lock(&self->user_mutex);
	ours = self->user;
	if (ours) {
		self->departed = self->user;
		WRITE_ONCE(self->user, NULL);
		spin_lock_irq(&self->received_lock);
		self->gone = true;
		spin_unlock_irq(&self->received_lock);
	}
	mutex_unlock(&self->user_mutex);
	if (ours) {
		lower_wake(&self->lower);
	}
}

static void layer_pretimeout(void *context)
{
	struct lower_layer *self = context;
	unsigned long flags;

	spin_lock_irqsave(&self->received_lock, flags);
	self->pretimeout = true;
	spin_unlock_irqrestore(&self->received_lock, flags);
	lower_wake(&self->lower);
}

static const struct ipmi_user_hndl layer_callbacks = {
	.ipmi_recv_hndl = layer_received,
	.ipmi_watchdog_pretimeout = layer_pretimeout,
	.shutdown = layer_shutdown,
};

static void user_create(struct lower_layer *self)
{
	struct ipmi_user *user;
	int result = ipmi_create_user(self->interface, &layer_callbacks, self, &user);

	if (result) {
		pr_err("%s: the IPMI layer refuses a user of interface %d (%d): it may have too "
		       "many; see its parameter max_users\n",
			self->lower.controller->name, self->interface, result);
		return;
	}
	if (ipmi_get_my_address(user, 0, &self->lower.own_address)) {
		self->lower.own_address = 0;
	}
	mutex_lock(&self->user_mutex);
	WRITE_ONCE(self->user, user);
	lower_media_forget(&self->lower);
	memset(self->registered, 0, sizeof(self->registered));
	self->maintenance = false;
	mutex_unlock(&self->user_mutex);
	spin_lock_irq(&self->received_lock);
	self->arrived = true;
	spin_unlock_irq(&self->received_lock);
	/* Whatever comes is drained at once: nobody else waits for a program that does not read. */
	(void)ipmi_set_gets_events(user, true);
	lower_wake(&self->lower);
}

void lower_layer_arrived(int interface)
{
	struct lower_layer *self;

	list_for_each_entry(self, &all_made, made)
	{
		if (self->interface == interface && !self->user) {
			user_create(self);
		}
	}
}

bool lower_layer_awaits(void)
{
	struct lower_layer *self;

	list_for_each_entry(self, &all_made, made)
	{
		if (!READ_ONCE(self->user)) {
			return true;
		}
	}
	return false;
}

static void layer_tidy(struct lower *lower)
{
	struct lower_layer *self = lower_layer(lower);
	struct ipmi_user *user;

	mutex_lock(&self->user_mutex);
	user = self->departed;
	self->departed = NULL;
	mutex_unlock(&self->user_mutex);
	if (user) {
		synchronize_srcu(&self->users);
		(void)ipmi_destroy_user(user);
	}
}

static bool layer_untidy(struct lower *lower)
{
	return READ_ONCE(lower_layer(lower)->departed);
}

static void layer_stop(struct lower *lower)
{
	struct lower_layer *self = lower_layer(lower);
	struct ipmi_user *user;

	list_del(&self->made);
	mutex_lock(&self->user_mutex);
	user = self->user;
	WRITE_ONCE(self->user, NULL);
	mutex_unlock(&self->user_mutex);
	/* A pump that still runs is told, so that it does not offer one message for ever. */
	spin_lock_irq(&self->received_lock);
	self->gone = true;
	spin_unlock_irq(&self->received_lock);
	if (user) {
		synchronize_srcu(&self->users);
		if (self->maintenance) { /* which is the interface's, and would stay */
			(void)ipmi_set_maintenance_mode(user, IPMI_MAINTENANCE_MODE_AUTO);
		}
		(void)ipmi_destroy_user(user);
	}
	layer_tidy(lower);
}

static struct ipmi_recv_msg *received_take(struct lower_layer *self)
{
	struct ipmi_recv_msg *message = self->handed;

	self->handed = NULL;
	if (message || list_empty(&self->received)) {
		return message; /* whoever adds one wakes the pump, too */
	}
	spin_lock_irq(&self->received_lock);
	message = list_first_entry_or_null(&self->received, struct ipmi_recv_msg, link);
	if (message) {
		list_del(&message->link);
	}
	spin_unlock_irq(&self->received_lock);
	return message;
}

/* Gives back what the last event pointed to. */
static void taken_release(struct lower_layer *self)
{
	if (self->taken) {
		ipmi_free_recv_msg(self->taken);
		self->taken = NULL;
	}
}

static void layer_destroy(struct lower *lower)
{
	struct lower_layer *self = lower_layer(lower);
	struct ipmi_recv_msg *message;

	taken_release(self);
	while ((message = received_take(self)) != NULL) {
		ipmi_free_recv_msg(message);
	}
	supplied_finish(&self->supplied);
	cleanup_srcu_struct(&self->users);
	kvfree(self);
}

static void address_fill(struct ipmi_addr *address, const struct core_transmit *transmit)
{
	struct ipmi_system_interface_addr *controller = (void *)address;
	struct ipmi_ipmb_addr *responder = (void *)address;

	memset(address, 0, sizeof(*address));
	if (transmit->target_kind == VIPMI_TARGET_CONTROLLER) {
		controller->addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE;
		controller->channel = IPMI_BMC_CHANNEL;
		controller->lun = transmit->lun;
		return;
	}
	responder->addr_type = transmit->target_kind == VIPMI_TARGET_IPMB
				       ? IPMI_IPMB_ADDR_TYPE
				       : IPMI_IPMB_BROADCAST_ADDR_TYPE;
	responder->channel = transmit->channel;
	responder->slave_addr = transmit->address;
	responder->lun = transmit->lun;
}

static int layer_transmit(struct lower *lower, const struct core_transmit *transmit)
{
	struct lower_layer *self = lower_layer(lower);
	struct kernel_ipmi_msg message = {
		.netfn = transmit->netfn,
		.cmd = transmit->command,
		.data_len = transmit->length,
		.data = (unsigned char *)transmit->data, /* which the layer copies */
	};
	/* The controller itself is asked once, whatever is said. */
	bool repeat = transmit->target_kind != VIPMI_TARGET_CONTROLLER &&
		      ipmi_class_is_read(ipmi_command_judge(
			      transmit->netfn, transmit->command, transmit->data, transmit->length)
						 .class);
	struct ipmi_addr address;
	long msgid = transmit->transmission;
	struct ipmi_user *user;
	int result = -ENODEV, reading;

	address_fill(&address, transmit);
	if (transmit->netfn & 1) {
		u32 place = self->response_next++ & (RESPONSES_MAX - 1);

		self->responses[place] = transmit->transmission;
		msgid = place << SEQUENCE_BITS | (transmit->sequence & SEQUENCE_MASK);
	}
	reading = srcu_read_lock(&self->users);
	user = READ_ONCE(self->user);
	if (user && transmit->target_kind == VIPMI_TARGET_CONTROLLER) {
		result = supplied_request(
			&self->supplied, user, &address, msgid, &message, LAYER_PRIORITY);
	} else if (user) {
		result = ipmi_request_settime(user, &address, msgid, &message, NULL, LAYER_PRIORITY,
			repeat ? LAYER_RETRIES : SINGLE_RETRIES,
			repeat ? LAYER_RETRY_MS : SINGLE_MS);
	}
	srcu_read_unlock(&self->users, reading);
	switch (result) {
	case 0:
	case -EMSGSIZE:
		return result;
	case -EBUSY:
	case -ENOMEM:
	case -EAGAIN:
		return -EAGAIN;
	case -ENODEV:
		return -ENODEV;
	default:
		/* -EINVAL: Send Message and the like are the layer's own; an address that the
		 * interface does not have. */
		return -EOPNOTSUPP;
	}
}

static int layer_registration(struct lower *lower, const struct core_registration *registration)
{
	struct lower_layer *self = lower_layer(lower);
	u16 *registered = &self->registered[registration->netfn >> 1][registration->command];
	u16 wanted = registration->channels;
	int result = -ENODEV;

	mutex_lock(&self->user_mutex);
	if (self->user) {
		u16 less = *registered & ~wanted, more = wanted & ~*registered;

		result = less ? ipmi_unregister_for_cmd(self->user, registration->netfn,
					registration->command, less)
			      : 0;
		if (result == 0) {
			*registered &= ~less;
			result = more ? ipmi_register_for_cmd(self->user, registration->netfn,
						registration->command, more)
				      : 0;
		}
		if (result == 0) {
			*registered = wanted;
		}
	}
	mutex_unlock(&self->user_mutex);
	return result == -ENOMEM ? -EAGAIN : result;
}

static int layer_maintenance(struct lower *lower, bool on)
{
	struct lower_layer *self = lower_layer(lower);
	int result = -ENODEV;

	mutex_lock(&self->user_mutex);
	if (self->user) {
		result = ipmi_set_maintenance_mode(
			self->user, on ? IPMI_MAINTENANCE_MODE_ON : IPMI_MAINTENANCE_MODE_AUTO);
		self->maintenance = on && result == 0;
	}
	mutex_unlock(&self->user_mutex);
	return result;
}

static bool layer_is_up(struct lower *lower)
{
	return READ_ONCE(lower_layer(lower)->user);
}

static int layer_medium_ask(struct lower *lower, short channel)
{
	struct lower_layer *self = lower_layer(lower);
	struct ipmi_system_interface_addr controller = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	u8 data = channel;
	struct kernel_ipmi_msg message = {.netfn = VIPMI_NETFN_APP,
		.cmd = LOWER_CMD_GET_CHANNEL_INFO,
		.data_len = sizeof(data),
		.data = &data};
	int result = -ENODEV;

	mutex_lock(&self->user_mutex);
	if (self->user) {
		result = ipmi_request_settime(self->user, (struct ipmi_addr *)&controller,
			MEDIUM_MSGID(channel), &message, NULL, LAYER_PRIORITY, LAYER_RETRIES,
			LAYER_RETRY_MS);
	}
	mutex_unlock(&self->user_mutex);
	return result;
}

static void event_link_up(const struct lower_layer *self, struct core_event *ret_event)
{
	*ret_event = (struct core_event){
		.type = CORE_EVENT_LINK_UP,
		.link_up = {.attention = true,
			.data_max = LAYER_DATA_MAX,
			.window = self->window,
			.bus_window = LAYER_BUS_WINDOW,
			.own_address = self->lower.own_address},
	};
}

/* Whether a message is one for the core, and what it says there. */
static bool event_fill(const struct lower_layer *self, const struct ipmi_recv_msg *message,
	struct core_event *ret_event)
{
	const struct ipmi_ipmb_addr *from = (const void *)&message->addr;
	u32 transmission = message->msgid;

	switch (message->recv_type) {
	case IPMI_RESPONSE_RESPONSE_TYPE:
		transmission =
			self->responses[message->msgid >> SEQUENCE_BITS & (RESPONSES_MAX - 1)];
		fallthrough;
	case IPMI_RESPONSE_RECV_TYPE:
		ret_event->type = CORE_EVENT_RECEIVED;
		ret_event->received = (typeof(ret_event->received)){
			.transmission = transmission,
			.netfn = message->msg.netfn | 1,
			.command = message->msg.cmd,
			.data = message->msg.data,
			.length = message->msg.data_len,
		};
		return true;
	case IPMI_ASYNC_EVENT_RECV_TYPE:
	case IPMI_CMD_RECV_TYPE:
		*ret_event = (struct core_event){
			.type = CORE_EVENT_MESSAGE,
			.message = {.kind = message->recv_type == IPMI_CMD_RECV_TYPE
						    ? VIPMI_ASYNC_REQUEST
						    : VIPMI_ASYNC_EVENT,
				.channel = message->addr.channel,
				.netfn = message->msg.netfn,
				.command = message->msg.cmd,
				.sequence = message->msgid,
				.data = message->msg.data,
				.length = message->msg.data_len},
		};
		if (message->addr.addr_type == IPMI_IPMB_ADDR_TYPE) {
			ret_event->message.address = from->slave_addr;
			ret_event->message.lun = from->lun;
		}
		return true;
	default:
		return false;
	}
}

/* What happened to the interface itself, told before its messages. */
static bool sign_next(struct lower_layer *self, struct core_event *ret_event)
{
	bool gone, arrived, pretimeout;

	if (!(READ_ONCE(self->gone) | READ_ONCE(self->arrived) | READ_ONCE(self->pretimeout))) {
		return false; /* whoever sets one wakes the pump afterwards */
	}
	spin_lock_irq(&self->received_lock);
	gone = self->gone;
	arrived = self->arrived && !gone;
	pretimeout = self->pretimeout && !gone && !arrived;
	if (gone) {
		self->gone = false;
	} else if (arrived) {
		self->arrived = false;
	} else {
		self->pretimeout = false;
	}
	spin_unlock_irq(&self->received_lock);
	if (gone) {
		*ret_event = (struct core_event){.type = CORE_EVENT_LINK_DOWN};
	} else if (arrived) {
		event_link_up(self, ret_event);
	} else if (pretimeout) {
		*ret_event = (struct core_event){
			.type = CORE_EVENT_MESSAGE, .message = {.kind = VIPMI_ASYNC_WATCHDOG}};
	}
	return gone || arrived || pretimeout;
}

static bool layer_next(struct lower *lower, struct core_event *ret_event)
{
	struct lower_layer *self = lower_layer(lower);

	do {
		taken_release(self);
		if (sign_next(self, ret_event)) {
			return true;
		}
		self->taken = received_take(self);
		if (self->taken && event_fill(self, self->taken, ret_event)) {
			return true;
		}
	} while (self->taken);
	return false;
}

static const struct lower_ops layer_ops = {
	.transmit = layer_transmit,
	.registration = layer_registration,
	.maintenance = layer_maintenance,
	.next = layer_next,
	.tidy = layer_tidy,
	.untidy = layer_untidy,
	.is_up = layer_is_up,
	.medium_ask = layer_medium_ask,
	.stop = layer_stop,
	.destroy = layer_destroy,
};

int lower_layer_create(struct controller *controller, int interface, u8 window)
{
	struct lower_layer *self = kvzalloc(sizeof(*self), GFP_KERNEL);
	int result;

	if (!self) {
		return -ENOMEM;
	}
	result = init_srcu_struct(&self->users);
	if (result) {
		kvfree(self);
		return result;
	}
	self->interface = interface;
	self->window = window;
	mutex_init(&self->user_mutex);
	spin_lock_init(&self->received_lock);
	INIT_LIST_HEAD(&self->received);
	supplied_init(&self->supplied);
	list_add_tail(&self->made, &all_made);
	lower_init(&self->lower, &layer_ops, controller);
	self->lower.threaded = COMPAT_LAYER_SLEEPS;
	return 0;
}
