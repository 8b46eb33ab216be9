/* SPDX-License-Identifier: BSD-2-Clause */
/* What clients do, and the course of a run: everybody comes, a storm, calm, everybody leaves. */
#include "tests/sim/reach.h"

#include <stdlib.h>

/* Wakes that calm may take until everybody has his answer. */
#define DRAIN_MAX 400000u
/* Connections that come in a crowd. */
#define CROWD_MAX 512u
/* Steps in which all that is due has happened. */
#define SETTLE_MAX 64u

static const struct {
	uint8_t netfn, command;
} commands[] = {
	{0x04, 0x2D},               /* Get Sensor Reading */
	{0x06, 0x01},               /* Get Device ID */
	{0x0A, 0x10},               /* Get FRU Inventory Area Info */
	{0x04, 0x2D}, {0x0A, 0x44}, /* Add SEL Entry: mutates */
	{0x04, 0x26},               /* Set Sensor Thresholds: mutates */
	{0x2E, 0x10},               /* of some maker: dangerous */
};

static uint32_t sometimes(struct sim *sim, uint32_t permille)
{
	return pick(sim, 2) ? pick(sim, permille + 1) : 0;
}

static void draw_faults(struct sim *sim)
{
#define X(name, most) sim->faults.name = sometimes(sim, most);
	SIM_FAULTS(X)
#undef X
}

static void draw_world(struct sim *sim)
{
	uint32_t kind = pick(sim, 4);

	sim->link = (struct core_link_capabilities){
		.wire_sequence = kind > 0,
		.raw_bridge = kind > 0,
		.owns_flags = kind > 0,
		.inbound_any = kind > 0,
		.attention = kind > 1,
		.window = (uint8_t)(pick(sim, 2) ? 1 : 1 + pick(sim, 8)),
		.bus_window = (uint16_t)(1 + pick(sim, 16)),
		.own_address = pick(sim, 3) ? 0 : 0xA4,
		.service_timeout_ms = pick(sim, 2) ? 0 : 50 + pick(sim, 1000),
		.bus_timeout_ms = pick(sim, 2) ? 0 : 100 + pick(sim, 1000),
	};
	/* A fuzzer's bytes go further in a small world. */
	sim->limits.handles_max =
		(sim->from_bytes ? 4 : 200) + pick(sim, sim->from_bytes ? 16 : 120);
	sim->limits.requests_max = sim->limits.handles_max + pick(sim, pick(sim, 2) ? 1000 : 40);
	sim->limits.credit_max = 1 + pick(sim, pick(sim, 2) ? SIM_OUTSTANDING_MAX : 4);
	/* So that a run comes by the end of the log. */
	sim->limits.messages_max = pick(sim, 8) ? 16u << pick(sim, 5) : CORE_MESSAGES_KEPT;
	sim->limits.seed = sim->seed;
	sim->limits.merge = sim->seed % 8 != 7;
	/* Without a pick: every other seed stays the world that it was. */
	sim->limits.cache_age_ms = sim->seed % 4 == 2 ? 50 + (uint32_t)(sim->seed % 400) : 0;
	sim->responders_count = 1 + pick(sim, SIM_RESPONDERS_MAX);
	sim->mean_pause_ns = 50000u << pick(sim, 7);
	sim->equal_tags = pick(sim, 2);
	memset(sim->numbers, 0xFF, sizeof(sim->numbers));
}

/* ---- what clients do ---- */

static void client_open(struct sim *sim)
{
	struct core_event event = {.type = CORE_EVENT_CLIENT_OPEN};
	struct sim_client *client = &sim->clients[sim->clients_count];

	if (sim->clients_count == SIM_CLIENTS_MAX || sim->clients_open == sim->limits.handles_max) {
		return;
	}
	event.client_open.cookie = sim->clients_count;
	shell_step(sim, &event, 0);
	client->open = true;
	client->id = event.client_open.ret_client;
	sim->clients_count++;
	sim->clients_open++;
}

static void handle_open(struct sim *sim, uint32_t c)
{
	struct core_event event = {.type = CORE_EVENT_HANDLE_OPEN};
	struct sim_handle *handle = &sim->handles[sim->handles_count];
	bool closing = core_deadline(sim->core) <= sim->now_ns || sim->ghosts > 0 ||
		       merges_unsure(sim) > 0;
	uint32_t i;
	int result;

	if (sim->handles_count == SIM_HANDLES_MAX || !sim->clients[c].open) {
		return;
	}
	event.now_ns = sim->now_ns;
	event.handle_open.client = sim->clients[c].id;
	event.handle_open.class = (uint8_t)pick(sim, VIPMI_CLASS_COUNT);
	model_time(sim);
	result = core_step(sim->core, &event);
	/* What is closed but still being cleared away may keep its slot for a while; an open action
	 * holds it as well. */
	for (i = 0; i < sim->clients_count; i++) {
		closing |= sim->clients[i].held_count > 0;
	}
	if (result == -ENOSPC && (closing || sim->handles_open >= sim->limits.handles_max)) {
		return;
	}
	if (result != 0 || sim->handles_open >= sim->limits.handles_max) {
		sim_fail(sim, "opening handle %u of %u gave %d", sim->handles_open + 1,
			sim->limits.handles_max, result);
	}
	*handle = (struct sim_handle){.open = true,
		.client = c,
		.id = event.handle_open.ret_handle,
		.class = event.handle_open.class};
	sim->handles_count++;
	sim->handles_open++;
	sim->clients[c].handles++;
	parts_handle_opened(sim, sim->handles_count - 1);
}

struct sim_request *sim_draw(struct sim *sim, uint32_t h)
{
	uint32_t serial = sim->requests_count;
	struct sim_request *request = &sim->requests[serial];
	uint32_t c = pick(sim, ARRAY_LENGTH(commands));
	uint32_t budget_ms = 100 + pick(sim, 8000);

	if (strikes(sim, tiny)) {
		budget_ms = 1 + pick(sim, 20);
	}
	*request = (struct sim_request){
		.handle = h,
		.netfn = commands[c].netfn,
		.command = commands[c].command,
		.lun = (uint8_t)(pick(sim, 8) ? 0 : pick(sim, 4)),
		.class = pick(sim, 8) ? sim->handles[h].class
				      : (uint8_t)pick(sim, VIPMI_CLASS_COUNT),
		.tag = sim->equal_tags ? 7 : serial,
		.submitted_ns = sim->now_ns,
		.deadline_ns = sim->now_ns + budget_ms * NSEC_PER_MSEC_U64,
		.service_ms = pick(sim, 20) ? pick(sim, 3) : pick(sim, 150),
		.responder = (uint8_t)(pick(sim, 3) ? 0 : 1 + pick(sim, sim->responders_count)),
	};
	request->name = serial;
	request->sequence = SIM_NO_NUMBER;
	return request;
}

/* What time brings about in several steps may free slots: credit counts when it is over. */
static void settle(struct sim *sim)
{
	struct core_event time = {.type = CORE_EVENT_TIME};
	uint32_t i;

	for (i = 0; i < SETTLE_MAX && core_deadline(sim->core) <= sim->now_ns; i++) {
		shell_step(sim, &time, 0);
	}
}

bool sim_submit(struct sim *sim)
{
	uint32_t serial = sim->requests_count, credit;
	struct sim_request *request = &sim->requests[serial];
	struct sim_handle *handle = &sim->handles[request->handle];
	struct core_event event = {.type = CORE_EVENT_REQUEST};
	uint8_t payload[SIM_DATA_MAX];

	event.request.client = sim->clients[handle->client].id;
	event.request.handle = handle->id;
	event.request.tag = request->tag;
	event.request.virtual_client = serial;
	event.request.budget_ms =
		(uint32_t)((request->deadline_ns - sim->now_ns) / NSEC_PER_MSEC_U64);
	event.request.class = request->class;
	event.request.lun = request->lun;
	event.request.netfn = request->netfn;
	event.request.command = request->command;
	event.request.target_kind =
		request->responder ? VIPMI_TARGET_IPMB : VIPMI_TARGET_CONTROLLER;
	event.request.channel = sim_channel(request->responder);
	event.request.address = request->responder ? sim_address(request->responder) : 0;
	event.request.data = payload;
	event.request.fresh = request->fresh;
	event.request.numbered = request->numbered;
	event.request.number = request->number;
	event.request.length = parts_payload(sim, serial, payload);
	model_judge(request, payload, event.request.length);
	settle(sim);
	credit = core_credit(sim->core, handle->id);
	shell_step(sim, &event, credit ? 0 : -EAGAIN);
	if (credit) {
		sim->requests_count++;
		model_submitted(sim, serial);
		parts_submitted(sim, serial, credit);
	} else if (!handle->wants_credit) {
		struct core_event wanted = {.type = CORE_EVENT_CREDIT_WANTED};

		wanted.handle.client = event.request.client;
		wanted.handle.handle = handle->id;
		handle->wants_credit = true;
		shell_step(sim, &wanted, 0);
	}
	return credit > 0;
}

static void cancel(struct sim *sim, uint32_t h)
{
	struct sim_handle *handle = &sim->handles[h];
	const struct sim_client *client = &sim->clients[handle->client];
	struct core_event event = {.type = CORE_EVENT_CANCEL, .now_ns = sim->now_ns};

	/* With equal tags we know which one is the oldest only when nothing waits to be read. */
	if (handle->count == 0 ||
		(sim->equal_tags && (client->blocked || client->held_count || sim->faults.lazy))) {
		return;
	}
	event.cancel.client = client->id;
	event.cancel.handle = handle->id;
	event.cancel.tag = sim->requests[handle->outstanding[pick(sim, handle->count)]].tag;
	model_time(sim);
	model_cancelled(sim, h, event.cancel.tag, core_step(sim->core, &event));
}

static void handle_close(struct sim *sim, uint32_t h)
{
	struct core_event event = {.type = CORE_EVENT_HANDLE_CLOSE};

	event.handle.client = sim->clients[sim->handles[h].client].id;
	event.handle.handle = sim->handles[h].id;
	model_handle_closed(sim, h, false);
	shell_step(sim, &event, 0);
	/* Stale from now on, whatever comes. */
	shell_step(sim, &event, -ESTALE);
}

static void client_close(struct sim *sim, uint32_t c)
{
	struct core_event event = {.type = CORE_EVENT_CLIENT_CLOSE};
	uint32_t h;

	sim_trace(sim, "client %u disconnects", c);
	event.client.client = sim->clients[c].id;
	sim->clients[c].open = false;
	sim->clients_open--;
	for (h = 0; h < sim->handles_count; h++) {
		if (sim->handles[h].client == c && sim->handles[h].open) {
			model_handle_closed(sim, h, true);
		}
	}
	shell_step(sim, &event, 0);
	shell_step(sim, &event, -ESTALE);
}

/* As many connections as there is room for, and one more, which is refused. */
static void crowd(struct sim *sim)
{
	struct core_event event = {.type = CORE_EVENT_CLIENT_OPEN, .now_ns = sim->now_ns};
	uint32_t most = sim->limits.handles_max + CORE_CLIENTS_SPARE, crowd[CROWD_MAX], count;
	struct core_status status;

	core_status(sim->core, &status);
	for (count = 0; status.clients + count < most && count < CROWD_MAX; count++) {
		shell_step(sim, &event, 0);
		crowd[count] = event.client_open.ret_client;
	}
	if (status.clients + count == most) {
		shell_step(sim, &event, -ENOSPC);
	}
	event.type = CORE_EVENT_CLIENT_CLOSE;
	while (count-- > 0) {
		event.client.client = crowd[count];
		shell_step(sim, &event, 0);
	}
}

/* What no honest program sends. Each has one right answer, and changes nothing. */
static void garbage(struct sim *sim, uint32_t h)
{
	static const uint8_t bytes[VIPMI_DATA_MAX + 1];
	struct core_event event = {.type = CORE_EVENT_REQUEST};
	uint32_t client = sim->clients[sim->handles[h].client].id;
	enum reach_point kind = (enum reach_point)(
		REACH_garbage_netfn + pick(sim, REACH_COUNT - REACH_garbage_netfn));
	int result = -EINVAL;

	reach(sim, kind);
	event.request.client = client;
	event.request.handle = sim->handles[h].id;
	event.request.netfn = 0x06;
	event.request.class = 0xFF;
	event.request.data = bytes;
	switch (kind) {
	case REACH_garbage_netfn:
		event.request.netfn = 0x07;
		break;
	case REACH_garbage_lun:
		event.request.lun = 4;
		break;
	case REACH_garbage_class:
		event.request.class = VIPMI_CLASS_COUNT;
		break;
	case REACH_garbage_target:
		event.request.target_kind = 3;
		break;
	case REACH_garbage_length:
		event.request.length = sizeof(bytes);
		result = -EMSGSIZE;
		break;
	case REACH_garbage_handle:
		event.request.handle ^= pick(sim, 65536) << 16 | 0x10000;
		result = -ESTALE;
		break;
	case REACH_garbage_client:
		event.request.client ^= 1u << pick(sim, 32);
		result = -ESTALE;
		break;
	case REACH_garbage_response:
		event.type = CORE_EVENT_RECEIVED;
		event.received.transmission = pick(sim, 65536) | 0x7FFF0000u;
		event.received.netfn = 0x07;
		event.received.data = bytes;
		event.received.length = 1;
		result = 0;
		break;
	case REACH_garbage_action:
		core_done(sim->core, UINT64_MAX - pick(sim, 256), 0);
		return;
	case REACH_garbage_crowd:
		crowd(sim);
		return;
	default:
		event.type = CORE_EVENT_COUNT;
		break;
	}
	shell_step(sim, &event, result);
}

static void for_a_while(struct sim *sim, enum sim_pending_type end)
{
	const struct sim_pending later = {
		.type = end, .at_ns = sim->now_ns + pick_ns(sim, 0, 3000000)};

	world_schedule(sim, &later);
}

static void something_of_the_world(struct sim *sim)
{
	if (parts_world(sim)) {
		return;
	}
	if (strikes(sim, flap) && sim->link_up) {
		world_link_down(sim);
	} else if (strikes(sim, reset) && sim->link_up) {
		world_reset(sim);
	} else if (strikes(sim, restart) && sim_restart(sim)) {
		return;
	} else if (strikes(sim, rest)) {
		/* For so long nobody asks anything. */
		sim->next_client_ns = sim->now_ns + pick_ns(sim, 0, 7000000);
	} else if (strikes(sim, event)) {
		world_event(sim);
	} else if (strikes(sim, inbound)) {
		world_inbound(sim);
	} else if (strikes(sim, burst)) {
		world_burst(sim);
	} else if (strikes(sim, watchdog)) {
		sim->watchdog_bit = true;
	} else if (strikes(sim, sticky)) {
		sim->sticky = true;
		for_a_while(sim, SIM_UNSTICK);
	} else if (strikes(sim, stuck)) {
		sim->stuck = true;
		for_a_while(sim, SIM_UNSTUCK);
	}
}

static void client_acts(struct sim *sim)
{
	uint32_t h = sim->handles_base + pick(sim, sim->handles_count - sim->handles_base);
	uint32_t c = sim->handles[h].client;

	sim->next_client_ns = sim->now_ns + pick(sim, 2 * sim->mean_pause_ns);
	if (!sim->handles[h].open) {
		if (pick(sim, 4) == 0) {
			c = sim->clients_base + pick(sim, sim->clients_count - sim->clients_base);
			if (!sim->clients[c].open && pick(sim, 2)) {
				client_open(sim);
				c = sim->clients_count - 1;
			}
			handle_open(sim, c);
		}
		return;
	}
	if (sim->requests_count == SIM_REQUESTS_MAX) {
		return;
	}
	if (parts_act(sim, h)) {
		return;
	}
	if (strikes(sim, garbage)) {
		garbage(sim, h);
	} else if (strikes(sim, cancel)) {
		cancel(sim, h);
	} else if (strikes(sim, close)) {
		handle_close(sim, h);
	} else if (strikes(sim, disconnect)) {
		client_close(sim, c);
	} else if (strikes(sim, rights)) {
		rights_act(sim, h);
	} else {
		numbers_draw(sim, sim_draw(sim, h));
		(void)sim_submit(sim);
	}
}

/* ---- the course of a run ---- */

void sim_arrive(struct sim *sim)
{
	uint32_t clients = (sim->from_bytes ? 2 : 200) + pick(sim, sim->from_bytes ? 12 : 30), i;

	for (i = 0; i < clients; i++) {
		client_open(sim);
		handle_open(sim, sim->clients_count - 1);
	}
}

static uint64_t nearest(const struct sim *sim)
{
	uint64_t at_ns = core_deadline(sim->core);

	if (sim->pending_count > 0 && sim->pending[0].at_ns < at_ns) {
		at_ns = sim->pending[0].at_ns;
	}
	return at_ns;
}

static void advance(struct sim *sim)
{
	struct core_event time = {.type = CORE_EVENT_TIME};

	if (sim->pending_count > 0 && sim->pending[0].at_ns <= sim->now_ns) {
		world_happen(sim);
	} else {
		shell_step(sim, &time, 0);
	}
}

static void storm(struct sim *sim, uint32_t steps)
{
	struct core_event time = {.type = CORE_EVENT_TIME};

	for (sim->step = 1; sim->step <= steps && !sim->exhausted; sim->step++) {
		uint64_t at_ns = nearest(sim);
		bool client = sim->next_client_ns <= at_ns;

		at_ns = client ? sim->next_client_ns : at_ns;
		sim->now_ns = at_ns > sim->now_ns ? at_ns : sim->now_ns;
		if (pick(sim, 20) == 0) {
			sim->now_ns += pick_ns(sim, 0, 3000); /* the shell comes late */
		}
		shell_step(sim, &time, 0); /* whatever happens, the core knows the time */
		something_of_the_world(sim);
		if (client) {
			client_acts(sim);
		} else {
			advance(sim);
		}
		shell_pump(sim);
	}
}

static void calm(struct sim *sim)
{
	uint32_t wakes, c;

	sim->draining = true;
	parts_calm(sim);
	memset(&sim->faults, 0, sizeof(sim->faults));
	sim->sticky = false;
	sim->stuck = false;
	for (wakes = 0; sim->alive - sim->queued + sim->ghosts > 0 || sim->pending_count > 0;
		wakes++) {
		uint64_t at_ns;

		for (c = 0; c < sim->clients_count; c++) {
			shell_writable(sim, c);
		}
		shell_pump(sim);
		at_ns = nearest(sim);
		if (at_ns == TIME_NEVER) {
			at_ns = bridge_unsure_until(sim);
		}
		if (wakes > DRAIN_MAX || (at_ns == TIME_NEVER && sim->alive > sim->queued)) {
			sim_fail(sim, "%u requests are never answered", sim->alive);
		}
		if (at_ns != TIME_NEVER && at_ns > sim->now_ns) {
			sim->now_ns = at_ns;
		}
		advance(sim);
	}
	shell_pump(sim);
}

static void leave(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < sim->handles_count; i++) {
		if (sim->handles[i].open && pick(sim, 2)) {
			handle_close(sim, i);
		}
	}
	for (i = 0; i < sim->clients_count; i++) {
		if (sim->clients[i].open) {
			client_close(sim, i);
		}
		if (sim->clients[i].held_count > 0) {
			shell_release_deliver(sim, i);
		}
	}
	shell_pump(sim);
}

void sim_run(struct sim *sim, uint32_t steps)
{
	sim->steps = steps;
	draw_world(sim);
	draw_faults(sim);
	sim->memory_size = core_size(&sim->limits);
	if (posix_memalign(&sim->memory, 64, sim->memory_size) != 0) {
		abort();
	}
	if (core_init(sim->memory, sim->memory_size, &sim->limits, 0, &sim->core) != 0) {
		sim_fail(sim, "core_init refuses honest limits");
	}
	parts_begin(sim);
	world_link_up(sim);
	sim_arrive(sim);
	shell_pump(sim);
	storm(sim, steps);
	if (pick(sim, 4) > 0) {
		calm(sim);
		leave(sim);
	} else {
		/* Everybody goes at once, with everything outstanding. */
		leave(sim);
		calm(sim);
	}
	model_gone(sim);
	reach_gone(sim);
}

void sim_finish(struct sim *sim)
{
	parts_finish(sim);
	free(sim->memory);
	sim->memory = NULL;
}
