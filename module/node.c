// SPDX-License-Identifier: BSD-2-Clause
/*
 * Virtual system interfaces: each node is an interface of the kernel's IPMI layer,
 * so a /dev/ipmiN and whatever else the kernel makes of one, with one virtual
 * controller behind it. The layer gives a node the bytes that it would give a
 * system interface, one message at a time; the pump takes them to the core, and
 * the core's deliveries come back as what a system interface hands up.
 *
 * The layer does its own bridging: it sends Send Message and expects the responder's
 * answer as a Get Message. Both are made of a request to that responder, so that
 * rights, order and sequence numbers are the core's, as for everybody.
 *
 * Requests that come in from a bus reach the node that has the right to receive them,
 * as a Get Message again; whom on the node they are for, or that nobody wants them
 * (C1), the layer decides. Its Send Message with a response is the answer to one.
 */
#include <linux/ipmi_smi.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "module/node.h"

/* IPMI 2.0 sections 22.6 to 22.8. */
#define CMD_GET_MESSAGE 0x33
#define CMD_SEND_MESSAGE 0x34
#define CMD_READ_EVENT_MESSAGE_BUFFER 0x35
#define SEND_CHANNEL 0x0F

/* Of a message to and from a system interface: netFn and LUN, command, (completion code,) data. */
#define REQUEST_HEADER 2
#define RESPONSE_HEADER 3
#define NETFN_LUN(netfn, lun) ((netfn) << 2 | (lun))
#define LUN_MASK 3

/* The layer sends a request to a responder five times, every two seconds. */
#define BUS_BUDGET_MS 10000

/* What a tag of the core's says: a message of the layer's (its address, which is even), or a
 * request over a bus, by the sequence number that the layer gave it. */
#define TAG_BUS(sequence, generation) ((u64)(generation) << 8 | (sequence) << 1 | 1)
#define TAG_IS_BUS(tag) ((tag)&1)
#define TAG_SEQUENCE(tag) ((tag) >> 1 & (IPMB_SEQUENCES - 1))

/* ---- toward the layer ---- */

static void give(struct virtual_node *node, struct ipmi_smi_msg *message, u8 cc, const u8 *data,
	size_t length)
{
	length = min_t(size_t, length, sizeof(message->rsp) - RESPONSE_HEADER);
	message->rsp[0] = message->data[0] | NETFN_LUN(1, 0);
	message->rsp[1] = message->data[1];
	message->rsp[2] = cc;
	memcpy(message->rsp + RESPONSE_HEADER, data, length);
	message->rsp_size = RESPONSE_HEADER + length;
	ipmi_smi_msg_received(node->interface, message);
}

static void refuse(struct virtual_node *node, struct ipmi_smi_msg *message, u8 cc)
{
	give(node, message, cc, NULL, 0);
}

/* Hands up what a system interface fetches by itself: an event, a message. */
static void hand_up(struct virtual_node *node, u8 command, const u8 *data, size_t length)
{
	struct ipmi_smi_msg *message = ipmi_alloc_smi_msg();

	if (!message) {
		return; /* the layer repeats its question; an event more is what the SEL has */
	}
	message->data[0] = NETFN_LUN(VIPMI_NETFN_APP, 0);
	message->data[1] = command;
	message->data_size = REQUEST_HEADER;
	give(node, message, VIPMI_CC_OK, data, length);
}

/* Whether the message was with the core. It goes to `to`, or, without one, is its caller's now. */
static bool take_back(struct virtual_node *node, struct ipmi_smi_msg *message, struct list_head *to)
{
	struct ipmi_smi_msg *sent;
	unsigned long flags;
	bool there = false;

	spin_lock_irqsave(&node->lock, flags);
	list_for_each_entry(sent, &node->sent, link)
	{
		if (sent == message) {
			list_del(&message->link);
			if (to) {
				list_add(&message->link, to);
			}
			there = true;
			break;
		}
	}
	spin_unlock_irqrestore(&node->lock, flags);
	return there;
}

void node_refuse_all(struct virtual_node *node)
{
	struct ipmi_smi_msg *message, *following;
	unsigned long flags;
	LIST_HEAD(refused);

	spin_lock_irqsave(&node->lock, flags);
	list_splice_init(&node->waiting, &refused);
	list_splice_tail_init(&node->sent, &refused);
	spin_unlock_irqrestore(&node->lock, flags);
	list_for_each_entry_safe(message, following, &refused, link)
	{
		list_del(&message->link);
		refuse(node, message, VIPMI_CC_DESTINATION_UNAVAILABLE);
	}
}

/* The pump has to look at it. */
static void mark_ready(struct virtual_node *node)
{
	struct controller *controller = node->controller;
	unsigned long flags;

	spin_lock_irqsave(&controller->nodes_lock, flags);
	if (list_empty(&node->ready)) {
		list_add_tail(&node->ready, &controller->nodes_ready);
	}
	spin_unlock_irqrestore(&controller->nodes_lock, flags);
}

/* ---- from the layer to the core: in the pump, with the nodes' lock ---- */

static struct core_event *event_begin(struct virtual_node *node, enum core_event_type type)
{
	struct core_event *event = &node->controller->event;

	event->type = type;
	return event;
}

static int credit_wanted(struct virtual_node *node)
{
	struct core_event *event = event_begin(node, CORE_EVENT_CREDIT_WANTED);

	event->handle.client = node->client;
	event->handle.handle = node->handle;
	return controller_step_now(node->controller, event);
}

/* A Send Message with a request in it: its answer is that it was taken up; the responder's comes as
 * a Get Message. -EINVAL: not one of those. */
static int submit_bridged(struct virtual_node *node, struct ipmi_smi_msg *message)
{
	const u8 *data = message->data + REQUEST_HEADER;
	size_t length = message->data_size - REQUEST_HEADER;
	struct core_event *event;
	struct ipmb_message frame;
	struct node_bus *bus;
	bool broadcast;
	int result;

	broadcast = length > 1 && data[1] == 0;
	if (length < 2 || ipmb_decode(data + 1 + broadcast, length - 1 - broadcast, &frame) ||
		frame.netfn & 1) {
		return -EINVAL;
	}
	bus = &node->bus[frame.sequence];
	if (bus->pending && bus->channel == (data[0] & SEND_CHANNEL) &&
		bus->address == frame.rs_address && bus->lun == frame.rs_lun &&
		bus->netfn == frame.netfn && bus->command == frame.command) {
		return 0; /* the layer's repetition: the core is at it */
	}
	event = event_begin(node, CORE_EVENT_REQUEST);
	event->request = (typeof(event->request)){
		.client = node->client,
		.handle = node->handle,
		.tag = TAG_BUS(frame.sequence, bus->generation + 1),
		.budget_ms = BUS_BUDGET_MS,
		.class = READ_ONCE(node->class),
		.target_kind = broadcast ? VIPMI_TARGET_IPMB_BROADCAST : VIPMI_TARGET_IPMB,
		.channel = data[0] & SEND_CHANNEL,
		.address = frame.rs_address,
		.netfn = frame.netfn,
		.lun = frame.rs_lun,
		.command = frame.command,
		.data = frame.data,
		.length = frame.length,
	};
	result = controller_step_now(node->controller, event);
	if (result == 0) {
		*bus = (struct node_bus){.pending = true,
			.generation = bus->generation + 1,
			.channel = data[0] & SEND_CHANNEL,
			.address = frame.rs_address,
			.lun = frame.rs_lun,
			.netfn = frame.netfn,
			.command = frame.command,
			.own_address = frame.rq_address,
			.own_lun = frame.rq_lun};
	}
	return result;
}

/* A Send Message with a response in it: the answer to a request that came in. Whether it went out,
 * is the answer of the message. -EINVAL: no such thing; -ENOENT: to nothing that waits for it. */
static int submit_response(struct virtual_node *node, struct ipmi_smi_msg *message)
{
	const u8 *data = message->data + REQUEST_HEADER;
	size_t length = message->data_size - REQUEST_HEADER;
	struct core_event *event;
	struct ipmb_message frame;

	if (length < 1 || ipmb_decode(data + 1, length - 1, &frame) || !(frame.netfn & 1)) {
		return -EINVAL;
	}
	event = event_begin(node, CORE_EVENT_RESPOND);
	event->respond = (typeof(event->respond)){
		.client = node->client,
		.handle = node->handle,
		.tag = (uintptr_t)message,
		.described = true,
		.channel = data[0] & SEND_CHANNEL,
		.address = frame.rq_address,
		.lun = frame.rq_lun,
		.netfn = frame.netfn & ~1,
		.command = frame.command,
		.sequence = frame.sequence,
		.data = frame.data,
		.length = frame.length,
	};
	return controller_step_now(node->controller, event);
}

/* What was said of the node; where nothing was, whoever feeds a timer is urgent. */
static u8 class_of(const struct virtual_node *node, u8 netfn, u8 command)
{
	u8 class = READ_ONCE(node->class), of_command = driver_class(netfn, command);

	return class == VIPMI_CLASS_NORMAL && of_command != VIPMI_CLASS_OF_HANDLE ? of_command
										  : class;
}

static int submit_plain(struct virtual_node *node, struct ipmi_smi_msg *message)
{
	struct core_event *event = event_begin(node, CORE_EVENT_REQUEST);

	event->request = (typeof(event->request)){
		.client = node->client,
		.handle = node->handle,
		.tag = (uintptr_t)message,
		.budget_ms = DRIVER_BUDGET_CONTROLLER_MS,
		.class = class_of(node, message->data[0] >> 2, message->data[1]),
		.target_kind = VIPMI_TARGET_CONTROLLER,
		.netfn = message->data[0] >> 2,
		.lun = message->data[0] & LUN_MASK,
		.command = message->data[1],
		.data = message->data + REQUEST_HEADER,
		.length = message->data_size - REQUEST_HEADER,
	};
	return controller_step_now(node->controller, event);
}

/* Whether an administrator let the node ask such a thing. */
static bool permitted(const struct virtual_node *node, const struct ipmi_smi_msg *message)
{
	u8 privilege = READ_ONCE(node->privilege);

	return privilege == IPMI_PRIVILEGE_ADMINISTRATOR ||
	       ipmi_privilege_needed(message->data[0] >> 2, message->data[1],
		       message->data + REQUEST_HEADER,
		       message->data_size - REQUEST_HEADER) <= privilege;
}

/* Takes a message to the core. False: not now, and it waits on. */
static bool submit(struct virtual_node *node, struct ipmi_smi_msg *message)
{
	bool bridged = false;
	int result = -EINVAL;

	if (!permitted(node, message)) {
		if (take_back(node, message, NULL)) {
			refuse(node, message, VIPMI_CC_PRIVILEGE);
		}
		return true;
	}
	if (message->data[0] >> 2 == VIPMI_NETFN_APP && message->data[1] == CMD_SEND_MESSAGE) {
		result = submit_bridged(node, message);
		bridged = result != -EINVAL;
		if (!bridged) {
			result = submit_response(node, message);
		}
	}
	if (result == -EINVAL || (result == -ENOENT && !bridged)) {
		result = submit_plain(node, message);
	}
	if (result == -EAGAIN) {
		if (take_back(node, message, &node->waiting)) {
			(void)credit_wanted(node);
		}
		return false;
	}
	if ((result || bridged) && take_back(node, message, NULL)) {
		refuse(node, message, result ? VIPMI_CC_INVALID_FIELD : VIPMI_CC_OK);
	}
	return true;
}

static struct ipmi_smi_msg *waiting_take(struct virtual_node *node)
{
	struct ipmi_smi_msg *message;
	unsigned long flags;

	spin_lock_irqsave(&node->lock, flags);
	message = list_first_entry_or_null(&node->waiting, struct ipmi_smi_msg, link);
	if (message) {
		list_move_tail(&message->link, &node->sent);
	}
	spin_unlock_irqrestore(&node->lock, flags);
	return message;
}

static struct virtual_node *ready_take(struct controller *controller)
{
	struct virtual_node *node;
	unsigned long flags;

	spin_lock_irqsave(&controller->nodes_lock, flags);
	node = list_first_entry_or_null(&controller->nodes_ready, struct virtual_node, ready);
	if (node) {
		list_del_init(&node->ready);
	}
	spin_unlock_irqrestore(&controller->nodes_lock, flags);
	return node;
}

bool nodes_pump(struct controller *controller)
{
	struct ipmi_smi_msg *message = NULL;
	struct virtual_node *node;

	if (list_empty(&controller->nodes_ready)) {
		return false; /* whoever adds one calls the pump afterwards */
	}
	xa_lock_bh(&controller->nodes);
	node = ready_take(controller);
	if (node && !node->down) {
		message = waiting_take(node);
	}
	if (message && submit(node, message) && !list_empty(&node->waiting)) {
		mark_ready(node);
	}
	xa_unlock_bh(&controller->nodes);
	return node;
}

/* ---- what the layer calls ---- */

/* Nothing is under way to an interface that goes when this returns. */
static void set_down(struct virtual_node *node, bool down)
{
	xa_lock_bh(&node->controller->nodes);
	spin_lock_irq(&node->lock);
	node->down = down;
	spin_unlock_irq(&node->lock);
	xa_unlock_bh(&node->controller->nodes);
}

static int layer_starts(void *context, struct ipmi_smi *interface)
{
	struct virtual_node *node = context;

	node->interface = interface;
	set_down(node, false);
	return 0;
}

static void layer_ends(void *context)
{
	struct virtual_node *node = context;

	set_down(node, true);
	node_refuse_all(node);
}

static bool may_take(const struct virtual_node *node, const struct ipmi_smi_msg *message)
{
	return !node->down && !node->panicking && message->data_size >= REQUEST_HEADER;
}

/* The caller is the pump: the message need not wait for one. False: it has to, or is refused. */
static bool send_now(struct virtual_node *node, struct ipmi_smi_msg *message)
{
	unsigned long flags;
	bool now;

	xa_lock_bh(&node->controller->nodes);
	spin_lock_irqsave(&node->lock, flags);
	now = may_take(node, message) && list_empty(&node->waiting);
	if (now) {
		list_add_tail(&message->link, &node->sent);
	}
	spin_unlock_irqrestore(&node->lock, flags);
	if (now) {
		(void)submit(node, message); /* or it waits for credit, as any does */
	}
	xa_unlock_bh(&node->controller->nodes);
	return now;
}

static void send_later(struct virtual_node *node, struct ipmi_smi_msg *message)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&node->lock, flags);
	taken = may_take(node, message);
	if (taken) {
		list_add_tail(&message->link, &node->waiting);
	}
	spin_unlock_irqrestore(&node->lock, flags);
	if (taken) {
		mark_ready(node);
		controller_wake(node->controller);
	} else {
		refuse(node, message, VIPMI_CC_DESTINATION_UNAVAILABLE);
	}
}

/* In any context. */
static void layer_sends(void *context, struct ipmi_smi_msg *message)
{
	struct virtual_node *node = context;
	bool sent = false;

	if (controller_enter(node->controller)) {
		sent = send_now(node, message);
		controller_leave(node->controller);
	}
	if (!sent) {
		send_later(node, message);
	}
}

/* Events come without being asked for. */
static void layer_wants_events(void *context)
{
}

/* A kernel that panics waits for nothing of ours: what it asks is refused at once. */
static void layer_panics(void *context, bool on)
{
	struct virtual_node *node = context;

	WRITE_ONCE(node->panicking, on);
	if (on) {
		node_refuse_all(node);
	}
}

static int layer_asks_who(void *context, struct ipmi_smi_info *ret_info)
{
	struct virtual_node *node = context;

	ret_info->addr_src = SI_PLATFORM;
	ret_info->dev = get_device(&node->device->dev);
	return 0;
}

const struct ipmi_smi_handlers node_handlers = {
	.owner = THIS_MODULE,
	.start_processing = layer_starts,
	.shutdown = layer_ends,
	.get_smi_info = layer_asks_who,
	.sender = layer_sends,
	.request_events = layer_wants_events,
	.set_run_to_completion = layer_panics,
};

/* ---- from the core to the layer ---- */

static void deliver_answer(struct virtual_node *node, const struct core_deliver *answer)
{
	struct ipmi_smi_msg *message = (void *)(uintptr_t)answer->tag;

	if (take_back(node, message, NULL)) {
		/* As the controller wrote it: the answer's LUN is the request's. */
		give(node, message, answer->cc, answer->data, answer->length);
	}
}

/* A responder's answer. Where it did not answer, the layer finds that out by itself. */
static void deliver_bus(struct virtual_node *node, const struct core_deliver *answer)
{
	struct node_bus *bus = &node->bus[TAG_SEQUENCE(answer->tag)];
	u8 data[1 + IPMI_MAX_MSG_LENGTH], *frame = data; /* the frame's first byte is not told */
	u8 content[IPMI_MAX_MSG_LENGTH - 16];
	struct ipmb_message response;
	int length;

	if (!bus->pending || answer->tag != TAG_BUS(TAG_SEQUENCE(answer->tag), bus->generation)) {
		return;
	}
	bus->pending = false;
	if (answer->reason || answer->length >= sizeof(content)) {
		return;
	}
	content[0] = answer->cc;
	memcpy(content + 1, answer->data, answer->length);
	response = (struct ipmb_message){.rq_address = bus->own_address,
		.rq_lun = bus->own_lun,
		.rs_address = bus->address,
		.rs_lun = bus->lun,
		.netfn = bus->netfn | 1,
		.sequence = TAG_SEQUENCE(answer->tag),
		.command = bus->command,
		.data = content,
		.length = 1 + answer->length};
	length = ipmb_encode(&response, frame, sizeof(data));
	if (length > 0) {
		data[0] = bus->channel;
		hand_up(node, CMD_GET_MESSAGE, data, length);
	}
}

/* A request from a bus, as the controller's Get Message would have it. Without memory for it the
 * requester asks again. */
static void deliver_request(struct virtual_node *node, const struct core_deliver *request)
{
	u8 data[1 + IPMI_MAX_MSG_LENGTH], *frame = data; /* the frame's first byte is not told */
	const struct ipmb_message message = {.rs_address = node->controller->lower->own_address,
		.rs_lun = request->lun,
		.rq_address = request->address,
		.rq_lun = request->source_lun,
		.netfn = request->netfn,
		.sequence = request->sequence,
		.command = request->command,
		.data = request->data,
		.length = request->length};
	int length = ipmb_encode(&message, frame, sizeof(data));

	if (length > 0) {
		data[0] = request->channel;
		hand_up(node, CMD_GET_MESSAGE, data, length);
	}
}

static void node_take(struct virtual_node *node, const struct core_deliver *deliver)
{
	if (deliver->kind == CORE_DELIVERY_ANSWER) {
		(TAG_IS_BUS(deliver->tag) ? deliver_bus : deliver_answer)(node, deliver);
	} else if (deliver->kind == CORE_DELIVERY_EVENT &&
		   deliver->async_kind == VIPMI_ASYNC_EVENT) {
		hand_up(node, CMD_READ_EVENT_MESSAGE_BUFFER, deliver->data, deliver->length);
	} else if (deliver->kind == CORE_DELIVERY_EVENT && deliver->yours) {
		deliver_request(node, deliver);
	} else if (deliver->kind == CORE_DELIVERY_EVENT &&
		   deliver->async_kind == VIPMI_ASYNC_WATCHDOG) {
		ipmi_smi_watchdog_pretimeout(node->interface);
	}
}

int node_deliver(struct controller *controller, const struct core_deliver *deliver)
{
	struct virtual_node *node;

	xa_lock_bh(&controller->nodes);
	node = xa_load(&controller->nodes, deliver->cookie & ~NODE_COOKIE);
	if (node && !node->down) {
		node_take(node, deliver);
	}
	xa_unlock_bh(&controller->nodes);
	return node ? 0 : -EPIPE;
}

bool node_cookie(u64 cookie)
{
	return cookie & NODE_COOKIE;
}

void node_credit(struct controller *controller, u64 cookie)
{
	struct virtual_node *node;

	xa_lock_bh(&controller->nodes);
	node = xa_load(&controller->nodes, cookie & ~NODE_COOKIE);
	if (node) {
		mark_ready(node);
	}
	xa_unlock_bh(&controller->nodes);
}
