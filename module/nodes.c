// SPDX-License-Identifier: BSD-2-Clause
/*
 * Nodes come and go while the module runs, under nodes_mutex: a client of their core, a
 * device for sysfs, an interface of the kernel's IPMI layer. The mutex is one for all
 * controllers, since the layer makes one interface at a time.
 */
#include <linux/ctype.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>

#include "module/node.h"

/* An interface with a higher number has no /dev/ipmiN: ipmi_devintf's minor numbers end. With
 * several real ones that comes before NODES_MAX. */
#define LAYER_NUMBERS 256

static ssize_t vipmi_name_show(
	struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "%s\n", ((struct virtual_node *)dev_get_drvdata(device))->name);
}
static DEVICE_ATTR_RO(vipmi_name);

static ssize_t vipmi_controller_show(
	struct device *device, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(
		text, "%s\n", ((struct virtual_node *)dev_get_drvdata(device))->controller->name);
}
static DEVICE_ATTR_RO(vipmi_controller);

/* Udev's rules find them here, one up from the /dev/ipmiN. */
static struct attribute *node_attrs[] = {
	&dev_attr_vipmi_name.attr, &dev_attr_vipmi_controller.attr, NULL};
ATTRIBUTE_GROUPS(node);

static struct device *parent;
static DEFINE_MUTEX(nodes_mutex);
/* struct virtual_node of all controllers, under nodes_mutex: a node's index and its name are its
 * alone. */
static DEFINE_XARRAY_ALLOC(all_nodes);

bool node_is(struct device *device)
{
	return device && parent && device->parent == parent;
}

void node_arrived(struct device *device, int number)
{
	((struct virtual_node *)dev_get_drvdata(device))->number = number;
}

static bool name_usable(const char *name, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (!isalnum(name[i]) && !strchr("._-", name[i])) {
			return false;
		}
	}
	/* It becomes a file's name. */
	return length > 0 && length < NODE_NAME_SIZE && name[0] != '.';
}

static bool name_used(const struct virtual_node *but)
{
	struct virtual_node *node;
	unsigned long index;

	xa_for_each(&all_nodes, index, node)
	{
		if (node != but && strcmp(node->name, but->name) == 0) {
			return true;
		}
	}
	return false;
}

static int name_set(struct virtual_node *node, const char *name, size_t length)
{
	if (length == 0) {
		snprintf(node->name, sizeof(node->name), "virtual%u", node->index);
	} else if (name_usable(name, length)) {
		memcpy(node->name, name, length);
	} else {
		return -EINVAL;
	}
	return name_used(node) ? -EBUSY : 0;
}

/* A client of the core with one handle that hears of events. Whose, nobody knows: the kernel's. */
static int core_join(struct virtual_node *node)
{
	const struct core_clause clause =
		core_clause_of(CORE_ASYNC(VIPMI_ASYNC_EVENT) | CORE_ASYNC(VIPMI_ASYNC_WATCHDOG));
	struct core_event *event = &node->event;
	int result;

	event->type = CORE_EVENT_CLIENT_OPEN;
	event->client_open.cookie = NODE_COOKIE | node->index;
	event->client_open.credentials = (struct core_credentials){0};
	result = controller_step(node->controller, event);
	if (result) {
		return result;
	}
	node->client = event->client_open.ret_client;
	event->type = CORE_EVENT_HANDLE_OPEN;
	event->handle_open = (typeof(event->handle_open)){.client = node->client,
		.class = node->class,
		.name = node->name,
		.name_length = strlen(node->name)};
	result = controller_step(node->controller, event);
	if (result) {
		return result;
	}
	node->handle = event->handle_open.ret_handle;
	event->type = CORE_EVENT_SUBSCRIBE;
	event->subscribe = (typeof(event->subscribe)){
		.client = node->client, .handle = node->handle, .clauses = &clause, .count = 1};
	return controller_step(node->controller, event);
}

static void core_leave(struct virtual_node *node)
{
	if (node->client) {
		node->event.type = CORE_EVENT_CLIENT_CLOSE;
		node->event.client.client = node->client;
		/* It can only say that the core is broken. */
		(void)controller_step(node->controller, &node->event);
	}
}

static int node_device_add(struct virtual_node *node)
{
	struct platform_device *device = platform_device_alloc("vipmi-node", node->index);
	int result;

	if (!device) {
		return -ENOMEM;
	}
	device->dev.parent = parent;
	device->dev.groups = node_groups;
	platform_set_drvdata(device, node);
	result = platform_device_add(device);
	if (result) {
		platform_device_put(device);
		return result;
	}
	node->device = device;
	return 0;
}

/* Nobody finds it any more when this returns. */
static void node_forget(struct virtual_node *node)
{
	struct controller *controller = node->controller;
	unsigned long flags;

	xa_lock_bh(&controller->nodes);
	__xa_erase(&controller->nodes, node->index);
	spin_lock_irqsave(&controller->nodes_lock, flags);
	list_del_init(&node->ready);
	spin_unlock_irqrestore(&controller->nodes_lock, flags);
	xa_unlock_bh(&controller->nodes);
	xa_erase(&all_nodes, node->index);
	core_leave(node);
	platform_device_unregister(node->device); /* takes NULL */
	kvfree(node);
}

static struct virtual_node *node_create(struct controller *controller)
{
	struct virtual_node *node = kvzalloc(sizeof(*node), GFP_KERNEL);
	int result;

	if (!node) {
		return ERR_PTR(-ENOMEM);
	}
	node->controller = controller;
	node->number = -1;
	node->class = VIPMI_CLASS_NORMAL;
	node->privilege = IPMI_PRIVILEGE_ADMINISTRATOR;
	node->down = true;
	spin_lock_init(&node->lock);
	INIT_LIST_HEAD(&node->waiting);
	INIT_LIST_HEAD(&node->sent);
	INIT_LIST_HEAD(&node->ready);
	result = xa_alloc(&all_nodes, &node->index, node, XA_LIMIT(0, NODES_MAX - 1), GFP_KERNEL);
	if (result) {
		kvfree(node);
		return ERR_PTR(result == -EBUSY ? -ENOSPC : result);
	}
	result = xa_err(xa_store_bh(&controller->nodes, node->index, node, GFP_KERNEL));
	if (result) {
		xa_erase(&all_nodes, node->index);
		kvfree(node);
		return ERR_PTR(result);
	}
	return node;
}

static void policy_take(struct virtual_node *node, struct session_node_policy policy)
{
	if (policy.urgency) {
		WRITE_ONCE(node->class, policy.urgency - 1);
	}
	if (policy.privilege) {
		WRITE_ONCE(node->privilege, policy.privilege);
	}
}

int node_add(struct controller *controller, const char *name, size_t length,
	struct session_node_policy policy, u32 *ret_number)
{
	struct virtual_node *node;
	int result;

	mutex_lock(&nodes_mutex);
	/* Before an interface below is there, ours or another controller's, a node might take its
	 * number; and the layer asks a new interface who it is. */
	if (!controller->lower->ops->is_up(controller->lower) || lower_layer_awaits()) {
		mutex_unlock(&nodes_mutex);
		return -ENETDOWN;
	}
	node = node_create(controller);
	if (IS_ERR(node)) {
		mutex_unlock(&nodes_mutex);
		return PTR_ERR(node);
	}
	policy_take(node, policy);
	result = name_set(node, name, length);
	if (result == 0) {
		result = core_join(node);
	}
	if (result == 0) {
		result = node_device_add(node);
	}
	if (result == 0) {
		/* Comes back when the layer has asked the controller through us. */
		result = ipmi_register_smi(
			&node_handlers, node, &node->device->dev, controller->lower->own_address);
	}
	if (result == 0 && node->number >= LAYER_NUMBERS) {
		ipmi_unregister_smi(node->interface);
		result = -ENOSPC;
	}
	if (result == 0) {
		*ret_number = node->number;
	} else {
		node_forget(node);
	}
	mutex_unlock(&nodes_mutex);
	return result;
}

static void node_end(struct virtual_node *node)
{
	ipmi_unregister_smi(node->interface);
	node_forget(node);
}

/* By the N of /dev/ipmiN, with nodes_mutex; NULL: none of this controller's. */
static struct virtual_node *node_find(struct controller *controller, u32 number)
{
	struct virtual_node *node;
	unsigned long index;

	xa_for_each(&controller->nodes, index, node)
	{
		if (node->number == number) {
			return node;
		}
	}
	return NULL;
}

int node_remove(struct controller *controller, u32 number)
{
	struct virtual_node *node;

	mutex_lock(&nodes_mutex);
	node = node_find(controller, number);
	if (node) {
		node_end(node);
	}
	mutex_unlock(&nodes_mutex);
	return node ? 0 : -ENOENT;
}

int node_policy_set(struct controller *controller, u32 number, struct session_node_policy policy)
{
	struct virtual_node *node;

	mutex_lock(&nodes_mutex);
	node = node_find(controller, number);
	if (node) {
		policy_take(node, policy);
	}
	mutex_unlock(&nodes_mutex);
	return node ? 0 : -ENOENT;
}

bool node_next(struct controller *controller, u32 *cursor, struct session_node_info *ret_info)
{
	unsigned long index = *cursor;
	struct virtual_node *node;

	xa_lock_bh(&controller->nodes);
	node = xa_find(&controller->nodes, &index, NODES_MAX - 1, XA_PRESENT);
	if (node) {
		*cursor = index + 1;
		ret_info->number = node->number;
		ret_info->handle = node->handle;
		ret_info->class = node->class;
		ret_info->privilege = node->privilege;
		strscpy(ret_info->name, node->name, sizeof(ret_info->name));
	}
	xa_unlock_bh(&controller->nodes);
	return node;
}

void nodes_refuse(struct controller *controller)
{
	struct virtual_node *node;
	unsigned long index;

	xa_lock_bh(&controller->nodes);
	xa_for_each(&controller->nodes, index, node)
	{
		node_refuse_all(node);
	}
	xa_unlock_bh(&controller->nodes);
}

void nodes_init(struct controller *controller)
{
	spin_lock_init(&controller->nodes_lock);
	INIT_LIST_HEAD(&controller->nodes_ready);
	xa_init_flags(&controller->nodes, XA_FLAGS_LOCK_BH);
}

void nodes_finish(struct controller *controller)
{
	struct virtual_node *node;
	unsigned long index;

	xa_for_each(&controller->nodes, index, node)
	{
		node_end(node);
	}
	xa_destroy(&controller->nodes);
}

int nodes_begin(void)
{
	parent = root_device_register("vipmi");
	return PTR_ERR_OR_ZERO(parent);
}

void nodes_end(void)
{
	root_device_unregister(parent);
}
