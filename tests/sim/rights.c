/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command reservations (interfaces.md section 5): what clients do with them, and
 * what the core promised: the whole list or nothing; a conflict names a holder; what
 * is another's is answered D5 and never sent, however long it has waited; a right
 * ends with its release, its lease, its handle, an administrator's word.
 *
 * The handles of a client that left are closed by and by. Until then their rights
 * may hold or not: they are "fading" here.
 */
#include "tests/sim/subscriptions.h"

#define LIST_MAX 3
#define CHANNEL_SYSTEM 0x0F
#define IANA 0x000157u /* of the OEM requests: model_payload */

static bool meet(uint32_t a, uint32_t b, uint32_t all)
{
	return a == b || a == all || b == all;
}

static bool overlap(const struct core_command *a, const struct core_command *b)
{
	return a->netfn == b->netfn && (a->direction & b->direction) &&
	       meet(a->command, b->command, CORE_ALL_COMMANDS) &&
	       meet(a->body, b->body, CORE_ALL_BODIES) && meet(a->channel, b->channel, CORE_ALL) &&
	       meet(a->address, b->address, CORE_ALL) && meet(a->lun, b->lun, CORE_ALL);
}

static bool same(const struct core_command *a, const struct core_command *b)
{
	return a->netfn == b->netfn && a->command == b->command && a->body == b->body &&
	       a->channel == b->channel && a->address == b->address && a->lun == b->lun &&
	       a->direction == b->direction;
}

/* What the request asks for, as a reservation of just that. */
static struct core_command asked(const struct sim *sim, const struct sim_request *request)
{
	uint8_t own = sim->link.own_address ? sim->link.own_address : 0x20;

	return (struct core_command){
		.direction = CORE_DIRECTION_SEND,
		.netfn = request->netfn,
		.command = request->command,
		.lun = request->lun,
		.body = request->netfn == VIPMI_NETFN_OEM ? IANA : CORE_ALL_BODIES,
		/* The controller is one on all channels. */
		.channel = request->responder ? sim_channel(request->responder) : CORE_ALL,
		.address = request->responder ? sim_address(request->responder) : own,
	};
}

/* Whether another's right forbids it: for certain, or perhaps. */
bool rights_forbid(const struct sim *sim, const struct sim_request *request, bool perhaps)
{
	const struct core_command what = asked(sim, request);
	uint32_t i;

	if (request->response) {
		return false; /* who may receive a request may answer it */
	}
	for (i = 0; i < sim->rights_count; i++) {
		const struct sim_right *right = &sim->rights[i];

		if (right->handle != request->handle && (perhaps || !right->fading) &&
			overlap(&right->what, &what)) {
			return true;
		}
	}
	return false;
}

uint32_t rights_receiver(const struct sim *sim, uint8_t channel, const struct ipmb_message *message,
	bool *ret_unsure)
{
	const struct core_command what = {.direction = CORE_DIRECTION_RECEIVE,
		.netfn = message->netfn,
		.command = message->command,
		.body = CORE_ALL_BODIES,
		.channel = channel,
		.address = message->rq_address,
		.lun = message->rs_lun};
	uint32_t i, holder = SIM_NONE;

	*ret_unsure = false;
	for (i = 0; i < sim->rights_count; i++) {
		if (overlap(&sim->rights[i].what, &what)) {
			*ret_unsure |= sim->rights[i].fading;
			holder = sim->rights[i].fading ? holder : sim->rights[i].handle;
		}
	}
	return holder;
}

/* Whoever holds a right to receive hears of what he receives. */
static void tell(struct sim *sim, uint32_t h)
{
	bool receives = false;
	uint32_t i;

	for (i = 0; i < sim->rights_count; i++) {
		receives |= sim->rights[i].handle == h &&
			    sim->rights[i].what.direction & CORE_DIRECTION_RECEIVE;
	}
	if (sim->handles[h].open) {
		subscriptions_receive(sim, h, receives);
	}
}

static void end(struct sim *sim, uint32_t index)
{
	uint32_t h = sim->rights[index].handle;

	sim->rights[index] = sim->rights[--sim->rights_count];
	tell(sim, h);
}

void rights_time(struct sim *sim)
{
	uint32_t i;

	for (i = sim->rights_count; i-- > 0;) {
		if (sim->rights[i].until_ns <= sim->now_ns) {
			end(sim, i);
		}
	}
}

void rights_handle_closed(struct sim *sim, uint32_t h, bool fades)
{
	uint32_t i;

	for (i = sim->rights_count; i-- > 0;) {
		if (sim->rights[i].handle != h) {
			continue;
		}
		if (fades) {
			sim->rights[i].fading = true;
		} else {
			end(sim, i);
		}
	}
}

/* What the core lists, and nothing else, is held; what fades may be gone. */
void rights_check(struct sim *sim)
{
	struct core_command_info info;
	uint32_t cursor = 0, i, listed = 0;

	for (i = 0; i < sim->rights_count; i++) {
		sim->rights[i].listed = false;
	}
	while (core_command_next(sim->core, &cursor, &info)) {
		for (i = 0; i < sim->rights_count; i++) {
			const struct sim_right *right = &sim->rights[i];

			if (same(&right->what, &info.what) &&
				sim->handles[right->handle].id == info.handle &&
				right->until_ns == info.until_ns) {
				break;
			}
		}
		if (i == sim->rights_count) {
			sim_fail(sim, "a right is listed that nobody has");
		}
		sim->rights[i].listed = true;
		sim->rights[i].number = info.number;
		listed++;
	}
	for (i = sim->rights_count; i-- > 0;) {
		if (sim->rights[i].listed) {
			continue;
		}
		if (!sim->rights[i].fading) {
			sim_fail(sim, "handle %u has a right that is not listed",
				sim->rights[i].handle);
		}
		end(sim, i);
	}
	if (listed != sim->rights_count) {
		sim_fail(sim, "%u rights are listed, %u are held", listed, sim->rights_count);
	}
}

/* ---- what clients do ---- */

static struct core_command draw_receive(struct sim *sim)
{
	uint32_t c = pick(sim, 4);

	return (struct core_command){
		.netfn = c == 0 ? VIPMI_NETFN_APP : 0x30,
		.command = c == 0   ? 0x01
			   : c == 1 ? CORE_ALL_COMMANDS
				    : 0x41,
		.body = CORE_ALL_BODIES,
		.channel = (uint8_t)(pick(sim, 2) ? CORE_ALL : pick(sim, 2)),
		.address = (uint8_t)(pick(sim, 2) ? CORE_ALL : 0xB8 + 2 * pick(sim, 2)),
		.lun = (uint8_t)(pick(sim, 4) ? CORE_ALL : 2 + pick(sim, 2)),
		.direction = CORE_DIRECTION_RECEIVE,
	};
}

static struct core_command draw(struct sim *sim)
{
	static const struct {
		uint8_t netfn, command;
	} commands[] = {
		{0x04, 0x2D}, {0x06, 0x01}, {0x0A, 0x10}, {0x0A, 0x44}, {0x04, 0x26}, {0x2E, 0x10}};
	uint32_t c = pick(sim, ARRAY_LENGTH(commands));
	uint32_t responder = pick(sim, 1 + sim->responders_count);
	struct core_command what = {
		.netfn = commands[c].netfn,
		.command = pick(sim, 8) ? commands[c].command : CORE_ALL_COMMANDS,
		.body = CORE_ALL_BODIES,
		.channel = CORE_ALL,
		.address = CORE_ALL,
		.lun = (uint8_t)(pick(sim, 3) ? CORE_ALL : pick(sim, 4)),
		.direction = CORE_DIRECTION_SEND,
	};

	if (what.netfn == VIPMI_NETFN_OEM && pick(sim, 2)) {
		what.body = pick(sim, 2) ? IANA : IANA + 1;
	}
	if (responder > 0) {
		what.address = sim_address((uint8_t)responder);
		what.channel = (uint8_t)(pick(sim, 2) ? CORE_ALL : pick(sim, 2) ? 7 : 0);
	} else if (pick(sim, 2)) {
		what.address = sim->link.own_address ? sim->link.own_address : 0x20;
		what.channel = (uint8_t)(pick(sim, 2) ? CORE_ALL : CHANNEL_SYSTEM);
	}
	return what;
}

/* 0: nothing is in the way. 1: perhaps. 2: for certain. */
static int in_the_way(const struct sim *sim, uint32_t h, const struct core_command *what)
{
	int found = 0;
	uint32_t i;

	for (i = 0; i < sim->rights_count; i++) {
		if (sim->rights[i].handle != h && overlap(&sim->rights[i].what, what)) {
			found |= sim->rights[i].fading ? 1 : 2;
		}
	}
	return found > 1 ? 2 : found;
}

static void hold(struct sim *sim, uint32_t h, const struct core_command *what, uint64_t until_ns)
{
	uint32_t i;

	for (i = 0; i < sim->rights_count; i++) {
		if (sim->rights[i].handle == h && same(&sim->rights[i].what, what)) {
			sim->rights[i].until_ns = until_ns; /* a lease is renewed */
			return;
		}
	}
	sim->rights_ever = true;
	sim->rights[sim->rights_count++] =
		(struct sim_right){.what = *what, .handle = h, .until_ns = until_ns};
	tell(sim, h);
}

/* What is already waiting may have become another's. */
static void forbid_waiting(struct sim *sim)
{
	uint32_t h, i;

	for (h = 0; h < sim->handles_count; h++) {
		for (i = 0; i < sim->handles[h].count; i++) {
			struct sim_request *request =
				&sim->requests[sim->handles[h].outstanding[i]];

			request->may_be_refused |= rights_forbid(sim, request, true);
		}
	}
}

static void reserve(struct sim *sim, uint32_t h)
{
	struct core_command list[LIST_MAX];
	uint32_t count = 1 + pick(sim, LIST_MAX), i;
	uint32_t lease_ms = pick(sim, 4) ? 1 + pick(sim, 300) : 0;
	uint64_t until_ns = lease_ms ? sim->now_ns + lease_ms * NSEC_PER_MSEC_U64 : TIME_NEVER;
	struct core_event event = {.type = CORE_EVENT_COMMAND_RESERVE, .now_ns = sim->now_ns};
	int way = 0, result;

	if (sim->rights_count + LIST_MAX > SIM_RIGHTS_MAX) {
		return;
	}
	for (i = 0; i < count; i++) {
		int one;

		list[i] = pick(sim, 4) ? draw(sim) : draw_receive(sim);
		one = in_the_way(sim, h, &list[i]);
		way = one > way ? one : way;
	}
	event.command_reserve.client = sim->clients[sim->handles[h].client].id;
	event.command_reserve.handle = sim->handles[h].id;
	event.command_reserve.commands = list;
	event.command_reserve.count = count;
	event.command_reserve.lease_ms = lease_ms;
	result = core_step(sim->core, &event);
	sim_trace(sim, "handle %u reserves %u commands: %d", h, count, result);
	if (result != 0 && result != -EBUSY) {
		sim_fail(sim, "handle %u reserves, and hears %d", h, result);
	}
	if ((way == 2 && result == 0) || (way == 0 && result != 0)) {
		sim_fail(sim, "handle %u reserves what is %s, and hears %d", h,
			way ? "another's" : "nobody's", result);
	}
	if (result == -EBUSY) {
		for (i = 0; i < sim->rights_count; i++) {
			const struct sim_right *right = &sim->rights[i];

			if (right->handle != h &&
				sim->handles[right->handle].id ==
					event.command_reserve.ret_holder &&
				overlap(&right->what, &list[event.command_reserve.ret_index])) {
				return;
			}
		}
		sim_fail(sim, "a refused reservation names somebody who is not in the way");
	}
	for (i = 0; i < count; i++) {
		hold(sim, h, &list[i], until_ns);
	}
	forbid_waiting(sim);
}

static void release(struct sim *sim, uint32_t h)
{
	struct core_event event = {.type = CORE_EVENT_COMMAND_RELEASE};
	uint32_t i;

	event.command_reserve.client = sim->clients[sim->handles[h].client].id;
	event.command_reserve.handle = sim->handles[h].id;
	for (i = sim->rights_count; i-- > 0;) {
		if (sim->rights[i].handle == h) {
			end(sim, i);
		}
	}
	shell_step(sim, &event, 0);
}

static void revoke(struct sim *sim)
{
	struct core_event event = {.type = CORE_EVENT_COMMAND_REVOKE};
	uint32_t i;

	rights_check(sim);
	if (sim->rights_count == 0) {
		return;
	}
	i = pick(sim, sim->rights_count);
	event.command_revoke.number = sim->rights[i].number;
	end(sim, i);
	shell_step(sim, &event, 0);
	shell_step(sim, &event, -ENOENT);
}

void rights_act(struct sim *sim, uint32_t h)
{
	model_time(sim);
	switch (pick(sim, 8)) {
	case 0:
		revoke(sim);
		break;
	case 1:
		release(sim, h);
		break;
	default:
		reserve(sim, h);
		break;
	}
	rights_check(sim);
}
