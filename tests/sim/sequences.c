/* SPDX-License-Identifier: BSD-2-Clause */
/* What clients do about sequence numbers, and what the core lists of them. */
#include "tests/sim/numbers.h"

/* More than the quota, so that it is met. */
#define COUNT_MAX (CORE_SEQUENCES_PER_HANDLE + 2)

/* ---- what clients do ---- */

static unsigned bits(uint64_t mask)
{
	return (unsigned)__builtin_popcountll(mask);
}

static struct core_event sequence_event(struct sim *sim, uint32_t h, uint32_t r, int type)
{
	struct core_event event = {.type = (enum core_event_type)type, .now_ns = sim->now_ns};

	event.sequence.client = sim->clients[sim->handles[h].client].id;
	event.sequence.handle = sim->handles[h].id;
	event.sequence.channel = sim_channel((uint8_t)(r + 1));
	event.sequence.address = sim_address((uint8_t)(r + 1));
	return event;
}

/* 0: it has to be granted. 1: perhaps. 2: it has to be refused. */
static int in_the_way(struct sim *sim, uint32_t r, uint64_t wanted, uint32_t count)
{
	uint32_t certainly = 0, perhaps = 0, n;

	for (n = 0; n < IPMB_SEQUENCES; n++) {
		const struct number *number = number_look(sim, r, n);

		if (!wanted || wanted >> n & 1) {
			certainly += number_free_for_certain(sim, number);
			perhaps += !number_kept(sim, r, n);
		}
	}
	return perhaps < count ? 2 : certainly < count;
}

static void granted(struct sim *sim, uint32_t h, uint32_t r, const struct core_event *event)
{
	struct numbers *numbers = numbers_of(sim);
	uint32_t n;

	for (n = 0; n < IPMB_SEQUENCES; n++) {
		struct number *number = number_look(sim, r, n);

		if (!(event->sequence.ret_numbers >> n & 1)) {
			continue;
		}
		if (number_kept(sim, r, n)) {
			sim_fail(sim, "handle %u is given sequence number %u, which is not free", h,
				n);
		}
		*number = (struct number){.owner = h, .name = event->sequence.virtual_client};
		numbers->held[h]++;
	}
}

static void reserve(struct sim *sim, uint32_t h)
{
	struct numbers *numbers = numbers_of(sim);
	uint32_t r = pick(sim, sim->responders_count), count = 1 + pick(sim, 4);
	struct core_event event = sequence_event(sim, h, r, CORE_EVENT_SEQUENCE_RESERVE);
	uint64_t wanted = 0;
	bool too_many, odd = pick(sim, 40) == 0;
	int way, result;

	if (pick(sim, 20) == 0) {
		count = pick(sim, COUNT_MAX);
	}
	if (pick(sim, 2)) {
		for (; count > 0; count--) {
			wanted |= UINT64_C(1) << pick(sim, IPMB_SEQUENCES);
		}
		count = bits(wanted);
	}
	event.sequence.virtual_client =
		pick(sim, 3) ? SIM_VIRTUAL | pick(sim, UINT32_MAX) : pick(sim, 3);
	event.sequence.numbers = wanted;
	event.sequence.count = (uint8_t)count;
	event.sequence.address |= odd;
	way = in_the_way(sim, r, wanted, count);
	too_many = numbers->held[h] + count > CORE_SEQUENCES_PER_HANDLE;
	result = core_step(sim->core, &event);
	sim_trace(sim, "handle %u reserves %u numbers (%llx) of %u: %d", h, count,
		(unsigned long long)wanted, r + 1, result);
	if (odd || count == 0 ? result != -EINVAL
			      : result != 0 && (result != -ENOSPC || !too_many) &&
					(result != -EBUSY || way == 0)) {
		sim_fail(sim, "handle %u reserves numbers and hears %d", h, result);
	}
	if (result != 0) {
		return;
	}
	if (too_many || way == 2 || bits(event.sequence.ret_numbers) != count ||
		(wanted && wanted != event.sequence.ret_numbers)) {
		sim_fail(sim, "handle %u is given numbers that it cannot have", h);
	}
	granted(sim, h, r, &event);
	if (!wanted) {
		numbers->next[r] = SIM_NONE; /* where these were looked for is not said */
	}
}

static void release(struct sim *sim, uint32_t h)
{
	struct numbers *numbers = numbers_of(sim);
	uint32_t r = pick(sim, sim->responders_count), n;
	struct core_event event = sequence_event(sim, h, r, CORE_EVENT_SEQUENCE_FREE);
	uint64_t own = 0, given;

	for (n = 0; n < IPMB_SEQUENCES; n++) {
		own |= (uint64_t)(numbers->of[r][n].owner == h) << n;
	}
	given = own & (pick(sim, 2) ? ~UINT64_C(0) : UINT64_C(0x5555555555555555));
	given |= pick(sim, 8) ? 0 : UINT64_C(1) << pick(sim, IPMB_SEQUENCES);
	if (given == 0) {
		return;
	}
	event.sequence.numbers = given;
	sim_trace(sim, "handle %u gives back %llx of %u", h, (unsigned long long)given, r + 1);
	if ((given & ~own) == 0) {
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			if (given >> n & 1) {
				number_give_back(sim, r, n);
			}
		}
	}
	shell_step(sim, &event, given & ~own ? -ENOENT : 0);
}

bool sequences_act(struct sim *sim, uint32_t h)
{
	if (!chance(sim, numbers_of(sim)->permille)) {
		return false;
	}
	model_time(sim);
	if (pick(sim, 4) == 0) {
		release(sim, h);
	} else {
		reserve(sim, h);
	}
	if (pick(sim, 8) == 0) {
		numbers_check(sim);
	}
	return true;
}

/* ---- who waits ---- */

/* Nothing stands in the request's own way: no number that it names, none that it needs. */
static bool may_go(struct sim *sim, const struct sim_request *request)
{
	uint32_t r = request->responder - 1u, n;

	if (request->responder == 0 || !sim->link.wire_sequence) {
		return !request->numbered;
	}
	if (numbers_silent(sim, r)) {
		return false;
	}
	for (n = 0; n < IPMB_SEQUENCES; n++) {
		const struct number *number = number_look(sim, r, n);

		if (request->numbered ? n == request->number && number->state == NUMBER_FREE &&
						number->free_ns <= numbers_of(sim)->settled_ns
				      : number_free_for_certain(sim, number)) {
			return true;
		}
	}
	return false;
}

static void check_waiting(struct sim *sim, const struct sim_handle *handle, bool bus)
{
	uint32_t older = 0, mutating = 0, of_class[VIPMI_CLASS_COUNT] = {0}, i;

	for (i = 0; i < handle->count; i++) {
		const struct sim_request *request = &sim->requests[handle->outstanding[i]];
		uint32_t responder = 1u << request->responder;
		uint32_t in_the_way =
			request->mutating ? older : mutating | of_class[request->class];

		if (request->response && request_pending(sim, request)) {
			return; /* answers go first */
		}
		if (request->answered || request->outer || !request_pending(sim, request)) {
			continue;
		}
		if (!(in_the_way & responder) && request->sends == 0 && !request->offered &&
			request_waits(sim, request) && (bus || request->responder == 0) &&
			may_go(sim, request)) {
			sim_fail(sim, "#%u waits, and nothing is in its way",
				handle->outstanding[i]);
		}
		older |= responder;
		mutating |= request->mutating ? responder : 0;
		of_class[request->class] |= request->sends == 0 || request->safe ? responder : 0;
	}
}

/* The controller has nothing to do, and the link takes it: then nobody waits who could go. */
void sequences_settled(struct sim *sim)
{
	struct core_status status;
	uint32_t h;

	if (!sim->link_up || sim->link_waits || sim->transmissions_count > 0) {
		return;
	}
	core_status(sim->core, &status);
	if (!status.responsive) {
		return;
	}
	for (h = sim->handles_base; h < sim->handles_count; h++) {
		if (sim->handles[h].open && sim->handles[h].count > 0) {
			check_waiting(
				sim, &sim->handles[h], status.bridged < status.link.bus_window);
		}
	}
}

/* ---- listings ---- */

static void check_listed(struct sim *sim, uint32_t r, const struct core_sequence_info *info)
{
	const struct number *number = number_look(sim, r, info->number);

	if (info->on_wire != (sim->link_known && sim->link.wire_sequence)) {
		sim_fail(sim, "a sequence number that is %son the wire",
			info->on_wire ? "not " : "");
	}
	if (info->reserved ? number->owner == SIM_NONE ||
				     sim->handles[number->owner].id != info->handle ||
				     number->name != info->virtual_client
			   : number->owner != SIM_NONE && !number->fading) {
		sim_fail(sim, "sequence number %u of responder %u is listed as somebody else's",
			info->number, r + 1);
	}
	if (info->used && number->state == NUMBER_FREE) {
		sim_fail(sim, "sequence number %u of responder %u is used by nobody", info->number,
			r + 1);
	}
	if ((number_used_for_certain(sim, r, info->number) || sim->now_ns < number->rests_ns) &&
		!info->used && !info->resting) {
		sim_fail(sim, "sequence number %u of responder %u is listed as free", info->number,
			r + 1);
	}
	if (!info->reserved && number_free_for_certain(sim, number)) {
		sim_fail(sim, "sequence number %u of responder %u does not come back", info->number,
			r + 1);
	}
}

void numbers_check(struct sim *sim)
{
	struct core_sequence_info info;
	uint64_t listed[SIM_RESPONDERS_MAX] = {0};
	uint32_t cursor = 0, r, n;

	while (core_sequence_next(sim->core, &cursor, &info)) {
		for (r = 0; r < sim->responders_count; r++) {
			if (sim_address((uint8_t)(r + 1)) == info.address &&
				sim_channel((uint8_t)(r + 1)) == info.channel) {
				break;
			}
		}
		if (r == sim->responders_count || info.number >= IPMB_SEQUENCES) {
			sim_fail(sim, "a sequence number of nobody is listed");
		}
		check_listed(sim, r, &info);
		listed[r] |= UINT64_C(1) << info.number;
	}
	for (r = 0; r < sim->responders_count; r++) {
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			if (!(listed[r] >> n & 1) && number_kept(sim, r, n)) {
				sim_fail(sim, "sequence number %u of responder %u is not listed", n,
					r + 1);
			}
		}
	}
}
