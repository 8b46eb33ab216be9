/* SPDX-License-Identifier: BSD-2-Clause */
/* Clients (connections) and handles (virtual controllers): open, close, find. */
#include "core/private.h"

/*
 * Ids are 16 bits of slot and 16 of generation. Freed slots go to the end of a
 * queue, so that an id comes back as late as can be; generation 0 is skipped, so
 * that no id is 0.
 */
static uint32_t id_make(uint32_t slot, uint16_t generation)
{
	return (uint32_t)generation << 16 | slot;
}

static uint16_t generation_after(uint16_t generation)
{
	return generation == UINT16_MAX ? 1 : (uint16_t)(generation + 1);
}

void clients_init(struct core *core)
{
	list_init(&core->free_clients);
	list_init(&core->free_handles);
	list_init(&core->ready);
	list_init(&core->closing);
	list_init(&core->leaving);
	list_init(&core->credit_waiting);
}

uint32_t handle_id(const struct core *core, const struct core_handle *handle)
{
	return id_make((uint32_t)(handle - core->handles), handle->generation);
}

uint32_t client_id(const struct core *core, const struct core_client *client)
{
	return id_make((uint32_t)(client - core->clients), client->generation);
}

static struct core_client *client_find(const struct core *core, uint32_t id)
{
	uint32_t slot = id & 0xFFFF;
	struct core_client *client;

	if (slot >= core->clients_fresh) {
		return NULL;
	}
	client = &core->clients[slot];
	return client->open && !client->leaving && client->generation == id >> 16 ? client : NULL;
}

struct core_handle *handle_by_id(const struct core *core, uint32_t id)
{
	uint32_t slot = id & 0xFFFF;
	struct core_handle *handle;

	if (slot >= core->handles_fresh) {
		return NULL;
	}
	handle = &core->handles[slot];
	return handle->open && handle->generation == id >> 16 ? handle : NULL;
}

struct core_handle *handle_find(const struct core *core, uint32_t client, uint32_t id)
{
	struct core_handle *handle = handle_by_id(core, id);

	return handle && !handle->client->leaving && client_id(core, handle->client) == client
		       ? handle
		       : NULL;
}

static struct core_client *client_take(struct core *core)
{
	struct list_link *link;
	struct core_client *client;

	if (core->clients_fresh < core->clients_max) {
		client = &core->clients[core->clients_fresh++];
		client->generation = 0;
		return client;
	}
	link = list_pop_front(&core->free_clients);
	return link ? container_of(link, struct core_client, ready_link) : NULL;
}

int client_open(struct core *core, struct core_event *event)
{
	struct core_client *client = client_take(core);
	uint16_t generation;

	if (!client) {
		core_count(core, clients_refused);
		return -ENOSPC;
	}
	generation = generation_after(client->generation);
	memset(client, 0, sizeof(*client));
	client->generation = generation;
	client->open = true;
	client->cookie = event->client_open.cookie;
	client->credentials = event->client_open.credentials;
	list_init(&client->ready_link);
	list_init(&client->deliveries);
	list_init(&client->handles);
	list_init(&client->parked);
	client->next_delivery = &client->deliveries;
	core->clients_open++;
	core_count(core, clients_opened);
	event->client_open.ret_client = client_id(core, client);
	return 0;
}

/* A client that has left goes when nothing of it is left: handles, or open actions. */
static void client_free_if_gone(struct core *core, struct core_client *client)
{
	if (!client->leaving || !list_empty(&client->handles) || client->open_actions > 0 ||
		client->requests > 0) {
		return;
	}
	list_remove(&client->ready_link);
	client->open = false;
	core->clients_open--;
	core_count(core, clients_closed);
	list_push_back(&core->free_clients, &client->ready_link);
}

void client_action_done(struct core *core, struct core_client *client)
{
	(void)core_check(core, client->open_actions > 0);
	client->open_actions--;
	client_free_if_gone(core, client);
}

void client_request_gone(struct core *core, struct core_client *client)
{
	(void)core_check(core, client->requests > 0);
	client->requests--;
	client_free_if_gone(core, client);
}

void client_block(struct core *core, struct core_client *client)
{
	(void)core;
	client->blocked = true;
	/* client_writable starts again from the head of the list. */
	client->next_delivery = &client->deliveries;
	if (!client->leaving) {
		list_remove(&client->ready_link);
	}
}

int client_close(struct core *core, uint32_t id)
{
	struct core_client *client = client_find(core, id);

	if (!client) {
		return -ESTALE;
	}
	client->leaving = true;
	list_remove(&client->ready_link);
	list_push_back(&core->leaving, &client->ready_link);
	sweep(core);
	return 0;
}

int client_writable(struct core *core, uint32_t id)
{
	struct core_client *client = client_find(core, id);

	if (!client) {
		return -ESTALE;
	}
	if (!client->blocked) {
		return 0;
	}
	client->blocked = false;
	client->next_delivery = deliver_from(client, client->deliveries.next);
	if (client->next_delivery != &client->deliveries) {
		list_push_back(&core->ready, &client->ready_link);
	}
	list_splice_back(&core->due, &client->parked);
	return 0;
}

static struct core_handle *handle_take(struct core *core)
{
	struct list_link *link;
	struct core_handle *handle;

	if (core->handles_fresh < core->limits.handles_max) {
		handle = &core->handles[core->handles_fresh++];
		handle->generation = 0;
		return handle;
	}
	link = list_pop_front(&core->free_handles);
	return link ? container_of(link, struct core_handle, client_link) : NULL;
}

int handle_open(struct core *core, struct core_event *event)
{
	struct core_client *client = client_find(core, event->handle_open.client);
	struct core_handle *handle;
	size_t name_length = event->handle_open.name_length;
	uint16_t generation;
	int class;

	if (!client) {
		return -ESTALE;
	}
	if (event->handle_open.class >= VIPMI_CLASS_COUNT) {
		return -EINVAL;
	}
	handle = handle_take(core);
	if (!handle) {
		core_count(core, handles_refused);
		return -ENOSPC;
	}
	generation = generation_after(handle->generation);
	memset(handle, 0, sizeof(*handle));
	handle->generation = generation;
	handle->client = client;
	handle->class = event->handle_open.class;
	handle->open = true;
	handle->opened_ns = core->now_ns;
	arbiter_newcomer(core, handle);
	handle->alarm_index = UINT32_MAX;
	handle->alarm_ns = TIME_NEVER;
	name_length = name_length < CORE_NAME_SIZE ? name_length : CORE_NAME_SIZE - 1;
	if (name_length > 0) {
		memcpy(handle->name, event->handle_open.name, name_length);
	}
	list_init(&handle->requests);
	list_init(&handle->commands);
	list_init(&handle->lanes);
	list_init(&handle->credit_link);
	list_init(&handle->subscription_link);
	for (class = 0; class < VIPMI_CLASS_COUNT; class ++) {
		list_init(&handle->ready[class]);
		list_init(&handle->bus_link[class]);
	}
	message_state_init(core, handle);
	lane_init(&handle->direct, handle, CORE_PORT_DIRECT, 0, 0);
	list_init(&handle->client_link);
	list_push_back(&client->handles, &handle->client_link);
	core->handles_open++;
	core_count(core, handles_opened);
	event->handle_open.ret_handle = handle_id(core, handle);
	record(core, CORE_RECORD_HANDLE, handle_id(core, handle), 0, 1, 0, 0, 0);
	return 0;
}

/* Bounded by what it reserved: from here on nothing of it is sent or delivered; its requests are
 * cleared away later. */
void handle_close(struct core *core, struct core_handle *handle)
{
	int class;

	record(core, CORE_RECORD_HANDLE, handle_id(core, handle), 0, 0, 0, 0, 0);
	handle->open = false;
	for (class = 0; class < VIPMI_CLASS_COUNT; class ++) {
		arbiter_remove(core, handle, CORE_PORT_DIRECT, class);
		arbiter_remove(core, handle, CORE_PORT_BUS, class);
	}
	alarm_clear(core, handle);
	commands_forget(core, handle);
	sequences_forget(core, handle);
	maintenance_forget(core, handle);
	list_remove(&handle->credit_link);
	subscription_drop(core, handle);
	list_remove(&handle->client_link);
	list_push_back(&core->closing, &handle->client_link);
	core->handles_open--;
	core_count(core, handles_closed);
}

int handle_close_by_id(struct core *core, uint32_t client, uint32_t id)
{
	struct core_handle *handle = handle_find(core, client, id);

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	handle_close(core, handle);
	sweep(core);
	return 0;
}

void handle_free_if_gone(struct core *core, struct core_handle *handle)
{
	if (handle->open || handle->outstanding > 0 || handle->event_pulled ||
		list_linked(&handle->client_link)) {
		return;
	}
	transmissions_forget(core, handle);
	(void)core_check(core, handle->direct.requests == 0 && list_empty(&handle->lanes));
	list_push_back(&core->free_handles, &handle->client_link);
}

/* Clears up to *budget requests away. What is left then has open actions, and the last core_done
 * gives the slot back. */
static void handle_sweep(struct core *core, struct core_handle *handle, unsigned *budget)
{
	struct list_link *link, *following;

	list_for_each_safe(link, following, &handle->requests) {
		if (*budget == 0) {
			return;
		}
		(*budget)--;
		request_abandon(core, container_of(link, struct core_request, handle_link));
	}
	list_remove(&handle->client_link);
	handle_free_if_gone(core, handle);
}

void sweep(struct core *core)
{
	unsigned budget = CORE_SWEEP_MAX;

	while (budget > 0 && !list_empty(&core->leaving)) {
		struct core_client *client =
			container_of(core->leaving.next, struct core_client, ready_link);
		struct list_link *link = list_first(&client->handles);

		if (!link) {
			list_remove(&client->ready_link);
			client_free_if_gone(core, client);
			continue;
		}
		budget--;
		handle_close(core, container_of(link, struct core_handle, client_link));
	}
	while (budget > 0 && !list_empty(&core->closing)) {
		struct core_handle *handle =
			container_of(core->closing.next, struct core_handle, client_link);

		budget--;
		handle_sweep(core, handle, &budget);
	}
}
