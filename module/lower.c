// SPDX-License-Identifier: BSD-2-Clause
/*
 * One user of one interface of the kernel's IPMI layer. Its callbacks only
 * enqueue; the pump does the rest.
 */
#include <linux/module.h>

#include "ipmi/command.h"
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
/* One with the controller and one behind it, so that it never waits for us. */
#define LAYER_WINDOW 2
#define LAYER_BUS_WINDOW 8

static unsigned int window = LAYER_WINDOW;
module_param(window, uint, 0444);
MODULE_PARM_DESC(window, "requests with the IPMI layer at once (default 2)");

/* The layer takes a response's sequence number from the low bits of its msgid, and gives the whole
 * of it back. */
#define SEQUENCE_BITS 6
#define SEQUENCE_MASK 0x3F

/* IPMI 2.0 section 22.24, table 6-3: the medium of an IPMB channel; the response is completion
 * code, channel, medium, ... */
#define CMD_GET_CHANNEL_INFO 0x42
#define MEDIUM_IPMB 1
#define MEDIUM_MASK 0x7F
#define CHANNEL_INFO_MEDIUM 2
/* As long as the layer would try. */
#define MEDIUM_WAIT_MS 12000
/* Our own question's msgid; the core's transmissions are positive. */
#define MEDIUM_MSGID(channel) (-1L - (channel))

/* The layer's watchers are called without a context of ours; there is one lower side. */
static struct lower *watching;

static void lower_wake(struct lower *lower)
{
	controller_wake(container_of(lower, struct controller, lower));
}

static void medium_learned(struct lower *lower, struct ipmi_recv_msg *message)
{
	u16 channel = 1u << -(message->msgid + 1);

	if (message->msg.data_len > CHANNEL_INFO_MEDIUM && message->msg.data[0] == VIPMI_CC_OK &&
		(message->msg.data[CHANNEL_INFO_MEDIUM] & MEDIUM_MASK) == MEDIUM_IPMB) {
		lower->media_ipmb |= channel;
	}
	lower->media_known |= channel;
	ipmi_free_recv_msg(message);
	complete(&lower->medium);
}

static void layer_received(struct ipmi_recv_msg *message, void *context)
{
	struct lower *lower = context;
	unsigned long flags;

	if (message->msgid < 0) {
		medium_learned(lower, message);
		return;
	}
	spin_lock_irqsave(&lower->received_lock, flags);
	list_add_tail(&message->link, &lower->received);
	spin_unlock_irqrestore(&lower->received_lock, flags);
	lower_wake(lower);
}

/* The interface goes away under us: nothing may be asked of the user after this returns. Called
 * from ipmi_destroy_user as well, when there is no user of ours any more. */
static void layer_shutdown(void *context)
{
	struct lower *lower = context;

	mutex_lock(&lower->user_mutex);
	if (lower->user) {
		lower->departed = lower->user;
		lower->user = NULL;
		spin_lock_irq(&lower->received_lock);
		lower->gone = true;
		spin_unlock_irq(&lower->received_lock);
		lower_wake(lower);
	}
	mutex_unlock(&lower->user_mutex);
}

static void layer_pretimeout(void *context)
{
	struct lower *lower = context;
	unsigned long flags;

	spin_lock_irqsave(&lower->received_lock, flags);
	lower->pretimeout = true;
	spin_unlock_irqrestore(&lower->received_lock, flags);
	lower_wake(lower);
}

static const struct ipmi_user_hndl layer_callbacks = {
	.ipmi_recv_hndl = layer_received,
	.ipmi_watchdog_pretimeout = layer_pretimeout,
	.shutdown = layer_shutdown,
};

static void layer_arrived(int interface, struct device *device)
{
	struct lower *lower = watching;
	struct ipmi_user *user;
	int result;

	if (node_is(device)) {
		node_numbered(device, interface);
		return;
	}
	if (interface != lower->interface || lower->user) {
		return;
	}
	result = ipmi_create_user(interface, &layer_callbacks, lower, &user);
	if (result) {
		pr_err("vipmi: the IPMI layer refuses a user of interface %d (%d): it may have too "
		       "many; see its parameter max_users\n",
			interface, result);
		return;
	}
	if (ipmi_get_my_address(user, 0, &lower->own_address)) {
		lower->own_address = 0;
	}
	mutex_lock(&lower->user_mutex);
	lower->user = user;
	lower->media_known = lower->media_ipmb = 1; /* channel 0 is one (table 6-1) */
	memset(lower->registered, 0, sizeof(lower->registered));
	mutex_unlock(&lower->user_mutex);
	spin_lock_irq(&lower->received_lock);
	lower->arrived = true;
	spin_unlock_irq(&lower->received_lock);
	/* Whatever comes is drained at once: nobody else waits for a program that does not read. */
	(void)ipmi_set_gets_events(user, true);
	lower_wake(lower);
}

static void layer_left(int interface)
{
	/* layer_shutdown says it, to users alone. */
}

int lower_init(struct lower *lower, int interface)
{
	lower->interface = interface;
	mutex_init(&lower->user_mutex);
	mutex_init(&lower->media_mutex);
	init_completion(&lower->medium);
	spin_lock_init(&lower->received_lock);
	INIT_LIST_HEAD(&lower->received);
	lower->watcher = (struct ipmi_smi_watcher){
		.owner = THIS_MODULE,
		.new_smi = layer_arrived,
		.smi_gone = layer_left,
	};
	watching = lower;
	return ipmi_smi_watcher_register(&lower->watcher);
}

void lower_finish(struct lower *lower)
{
	struct ipmi_recv_msg *message, *following;
	struct ipmi_user *user;

	(void)ipmi_smi_watcher_unregister(&lower->watcher);
	mutex_lock(&lower->user_mutex);
	user = lower->user;
	lower->user = NULL;
	mutex_unlock(&lower->user_mutex);
	/* A pump that still runs is told, so that it does not offer one message for ever. */
	spin_lock_irq(&lower->received_lock);
	lower->gone = true;
	spin_unlock_irq(&lower->received_lock);
	if (user) {
		(void)ipmi_destroy_user(user);
	}
	lower_tidy(lower);
	list_for_each_entry_safe(message, following, &lower->received, link)
	{
		ipmi_free_recv_msg(message);
	}
	INIT_LIST_HEAD(&lower->received);
	watching = NULL;
}

void lower_tidy(struct lower *lower)
{
	struct ipmi_user *user;

	mutex_lock(&lower->user_mutex);
	user = lower->departed;
	lower->departed = NULL;
	mutex_unlock(&lower->user_mutex);
	if (user) {
		(void)ipmi_destroy_user(user);
	}
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

int lower_transmit(struct lower *lower, const struct core_transmit *transmit)
{
	struct kernel_ipmi_msg message = {
		.netfn = transmit->netfn,
		.cmd = transmit->command,
		.data_len = transmit->length,
		.data = (unsigned char *)transmit->data, /* which the layer copies */
	};
	bool repeat = ipmi_class_is_read(ipmi_command_judge(
		transmit->netfn, transmit->command, transmit->data, transmit->length)
						 .class);
	struct ipmi_addr address;
	long msgid = transmit->transmission;
	int result = -ENODEV;

	address_fill(&address, transmit);
	if (transmit->netfn & 1) {
		u32 place = lower->response_next++ & (LOWER_RESPONSES_MAX - 1);

		lower->responses[place] = transmit->transmission;
		msgid = place << SEQUENCE_BITS | (transmit->sequence & SEQUENCE_MASK);
	}
	mutex_lock(&lower->user_mutex);
	if (lower->user) {
		result = ipmi_request_settime(lower->user, &address, msgid, &message, NULL,
			LAYER_PRIORITY, repeat ? LAYER_RETRIES : SINGLE_RETRIES,
			repeat ? LAYER_RETRY_MS : SINGLE_MS);
	}
	mutex_unlock(&lower->user_mutex);
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

int lower_register(struct lower *lower, const struct core_registration *registration)
{
	u16 *registered = &lower->registered[registration->netfn >> 1][registration->command];
	u16 wanted = registration->channels;
	int result = -ENODEV;

	mutex_lock(&lower->user_mutex);
	if (lower->user) {
		u16 less = *registered & ~wanted, more = wanted & ~*registered;

		result = less ? ipmi_unregister_for_cmd(lower->user, registration->netfn,
					registration->command, less)
			      : 0;
		if (result == 0) {
			*registered &= ~less;
			result = more ? ipmi_register_for_cmd(lower->user, registration->netfn,
						registration->command, more)
				      : 0;
		}
		if (result == 0) {
			*registered = wanted;
		}
	}
	mutex_unlock(&lower->user_mutex);
	return result == -ENOMEM ? -EAGAIN : result;
}

bool lower_is_up(struct lower *lower)
{
	bool up;

	mutex_lock(&lower->user_mutex);
	up = lower->user;
	mutex_unlock(&lower->user_mutex);
	return up;
}

static int medium_ask(struct lower *lower, short channel)
{
	struct ipmi_system_interface_addr controller = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	u8 data = channel;
	struct kernel_ipmi_msg message = {.netfn = VIPMI_NETFN_APP,
		.cmd = CMD_GET_CHANNEL_INFO,
		.data_len = sizeof(data),
		.data = &data};
	int result = -ENODEV;

	mutex_lock(&lower->user_mutex);
	if (lower->user) {
		reinit_completion(&lower->medium);
		result = ipmi_request_settime(lower->user, (struct ipmi_addr *)&controller,
			MEDIUM_MSGID(channel), &message, NULL, LAYER_PRIORITY, LAYER_RETRIES,
			LAYER_RETRY_MS);
	}
	mutex_unlock(&lower->user_mutex);
	return result;
}

bool lower_is_ipmb(struct lower *lower, short channel)
{
	if (channel < 0 || channel >= IPMI_BMC_CHANNEL) {
		return false;
	}
	mutex_lock(&lower->media_mutex);
	if (!(READ_ONCE(lower->media_known) & BIT(channel)) && medium_ask(lower, channel) == 0) {
		/* Where nobody answers it is none, and the next one asks anew. */
		(void)wait_for_completion_interruptible_timeout(
			&lower->medium, msecs_to_jiffies(MEDIUM_WAIT_MS));
	}
	mutex_unlock(&lower->media_mutex);
	return READ_ONCE(lower->media_ipmb) & BIT(channel);
}

static void event_link_up(const struct lower *lower, struct core_event *ret_event)
{
	*ret_event = (struct core_event){
		.type = CORE_EVENT_LINK_UP,
		.link_up = {.attention = true,
			.data_max = LAYER_DATA_MAX,
			.window = (u8)clamp(window, 1u, CORE_WINDOW_MAX),
			.bus_window = LAYER_BUS_WINDOW,
			.own_address = lower->own_address},
	};
}

/* Whether a message is one for the core, and what it says there. */
static bool event_fill(const struct lower *lower, const struct ipmi_recv_msg *message,
	struct core_event *ret_event)
{
	const struct ipmi_ipmb_addr *from = (const void *)&message->addr;
	u32 transmission = message->msgid;

	switch (message->recv_type) {
	case IPMI_RESPONSE_RESPONSE_TYPE:
		transmission = lower->responses[message->msgid >> SEQUENCE_BITS &
						(LOWER_RESPONSES_MAX - 1)];
		fallthrough;
	case IPMI_RESPONSE_RECV_TYPE:
		*ret_event = (struct core_event){
			.type = CORE_EVENT_RECEIVED,
			.received = {.transmission = transmission,
				.netfn = message->msg.netfn | 1,
				.command = message->msg.cmd,
				.data = message->msg.data,
				.length = message->msg.data_len},
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
static bool sign_next(struct lower *lower, struct core_event *ret_event)
{
	bool gone, arrived, pretimeout;

	spin_lock_irq(&lower->received_lock);
	gone = lower->gone;
	arrived = lower->arrived && !gone;
	pretimeout = lower->pretimeout && !gone && !arrived;
	if (gone) {
		lower->gone = false;
	} else if (arrived) {
		lower->arrived = false;
	} else {
		lower->pretimeout = false;
	}
	spin_unlock_irq(&lower->received_lock);
	if (gone) {
		*ret_event = (struct core_event){.type = CORE_EVENT_LINK_DOWN};
	} else if (arrived) {
		event_link_up(lower, ret_event);
	} else if (pretimeout) {
		*ret_event = (struct core_event){
			.type = CORE_EVENT_MESSAGE, .message = {.kind = VIPMI_ASYNC_WATCHDOG}};
	}
	return gone || arrived || pretimeout;
}

bool lower_next(
	struct lower *lower, struct core_event *ret_event, struct ipmi_recv_msg **ret_message)
{
	struct ipmi_recv_msg *message = NULL;

	do {
		*ret_message = NULL;
		if (sign_next(lower, ret_event)) {
			return true;
		}
		spin_lock_irq(&lower->received_lock);
		message = list_first_entry_or_null(&lower->received, struct ipmi_recv_msg, link);
		if (message) {
			list_del(&message->link);
		}
		spin_unlock_irq(&lower->received_lock);
		if (message && event_fill(lower, message, ret_event)) {
			*ret_message = message;
			return true;
		}
		lower_release(message);
	} while (message);
	return false;
}

void lower_release(struct ipmi_recv_msg *message)
{
	if (message) {
		ipmi_free_recv_msg(message);
	}
}
