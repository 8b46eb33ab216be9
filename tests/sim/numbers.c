/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequence numbers (docs/interfaces.md section 4): what clients do with them, and
 * what was promised. Numbers are reserved all or nothing, within a quota, for the
 * handle or a virtual client. No number is two requests' at a time; a reserved one
 * is its owner's; the rest goes round, and who finds none free waits, but no
 * longer. What may still be answered rests, and rests no longer than was said.
 *
 * Not everything can be seen from outside at the moment when it happens. So there
 * are two bounds: until when nobody may get a number (rests_ns), and from when on it
 * is free for certain (free_ns). In between either is right.
 */
#include <stdlib.h>

#include "tests/sim/sim.h"

#define REST_NS (CORE_REST_MS * NSEC_PER_MSEC_U64)
#define QUARANTINE_NS (CORE_QUARANTINE_MS * NSEC_PER_MSEC_U64)
/* More than the quota, so that it is met. */
#define COUNT_MAX (CORE_SEQUENCES_PER_HANDLE + 2)

enum state {
	FREE, /* since free_ns */
	USED, /* by sim->numbers[][] */
	LEFT, /* by that one; the core may not have noticed */
};

struct number {
	enum state state;
	uint32_t owner; /* handle, or SIM_NONE */
	uint32_t name;  /* virtual client */
	bool fading;    /* the owner's client left: it is given back by and by */
	bool given;     /* back, while it was used */
	uint32_t sends; /* of the last user under it, and when */
	uint64_t sent_ns;
	uint64_t rests_ns, free_ns;
	bool quarantine; /* both begin anew with the link */
};

struct numbers {
	struct number of[SIM_RESPONDERS_MAX][IPMB_SEQUENCES];
	uint64_t kept[CORE_KEPT_WORDS];
	uint64_t settled_ns; /* when the core last had nothing to do */
	uint32_t held[SIM_HANDLES_MAX];
	uint32_t next[SIM_RESPONDERS_MAX]; /* from here on a free one is looked for; or SIM_NONE */
	uint32_t permille;                 /* how often clients think of their numbers */
};

static struct numbers *numbers_of(const struct sim *sim)
{
	return sim->states[SIM_PART_NUMBERS];
}

static void begin(struct sim *sim)
{
	struct numbers *numbers = numbers_of(sim);
	uint32_t r, n;

	for (r = 0; r < SIM_RESPONDERS_MAX; r++) {
		numbers->next[r] = SIM_NONE;
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			numbers->of[r][n].owner = SIM_NONE;
		}
	}
	numbers->permille = pick(sim, 2) ? pick(sim, 80) : 0;
	core_keep_numbers(sim->core, numbers->kept);
}

static struct sim_request *user_of(struct sim *sim, uint32_t r, uint32_t n)
{
	uint32_t serial = sim->numbers[r][n];

	return serial == SIM_NONE ? NULL : &sim->requests[serial];
}

static bool over_for_certain(const struct sim *sim, const struct sim_request *request)
{
	return (!request_pending(sim, request) || request->seen) && !request->offered;
}

/* Has it been left? Then it rests: what is known of when and how long. */
static struct number *look(struct sim *sim, uint32_t r, uint32_t n)
{
	struct number *number = &numbers_of(sim)->of[r][n];
	const struct sim_request *user = user_of(sim, r, n);
	uint64_t from_ns, rest_ns = QUARANTINE_NS;

	if (number->state != USED || (user->sequence == n && !over_for_certain(sim, user))) {
		return number;
	}
	number->state = LEFT;
	if (number->sends == 0 || !sim->link.wire_sequence) {
		return number;
	}
	from_ns = user->over_ns ? user->over_ns : user->seen ? 0 : user->deadline_ns;
	from_ns = from_ns < user->deadline_ns ? from_ns : user->deadline_ns;
	from_ns = from_ns > number->sent_ns ? from_ns : number->sent_ns;
	if (user->final && number->sends == 1) {
		/* Its owner can tell a repetition by what he asks next. */
		rest_ns = user->numbered && number->owner == user->handle ? 0 : REST_NS;
		number->rests_ns = number->given ? 0 : number->rests_ns;
	}
	number->quarantine = rest_ns == QUARANTINE_NS;
	if (number->rests_ns < from_ns + rest_ns) {
		number->rests_ns = from_ns + rest_ns;
	}
	if (number->quarantine && !sim->link_up) {
		number->rests_ns = TIME_NEVER;
	}
	return number;
}

/* Who may have been refused meanwhile has left it to rest. */
static bool used_for_certain(const struct sim *sim, uint32_t r, uint32_t n)
{
	const struct number *number = &numbers_of(sim)->of[r][n];

	return number->state == USED && number->sends > 0 &&
	       (request_waits(sim, &sim->requests[sim->numbers[r][n]]) ||
		       sim->now_ns < number->sent_ns + QUARANTINE_NS);
}

/* Nobody may get it, by no means. */
static bool kept(struct sim *sim, uint32_t r, uint32_t n)
{
	const struct number *number = look(sim, r, n);

	return (number->owner != SIM_NONE && !number->fading) || used_for_certain(sim, r, n) ||
	       sim->now_ns < number->rests_ns;
}

static bool free_for_certain(const struct sim *sim, const struct number *number)
{
	return number->owner == SIM_NONE && number->state == FREE &&
	       number->free_ns <= numbers_of(sim)->settled_ns;
}

static void quarantine(struct sim *sim, struct number *number)
{
	if (sim->link.wire_sequence) {
		number->quarantine = true;
		number->rests_ns = sim->link_up ? sim->now_ns + QUARANTINE_NS : TIME_NEVER;
		number->free_ns = number->rests_ns;
	}
}

/* It is nobody's own from now on. */
static void disown(struct sim *sim, struct number *number)
{
	uint64_t rests_ns = number->rests_ns;
	bool idle = number->state == FREE && number->free_ns <= numbers_of(sim)->settled_ns;

	number->owner = SIM_NONE;
	number->fading = false;
	if (number->state == FREE || number->sends == 0) {
		/* What was answered under it before may be repeated. */
		number->given = number->state != FREE;
		quarantine(sim, number);
	}
	if (number->state == FREE && !idle) {
		number->rests_ns = rests_ns; /* that is enough, if it rests already */
	}
}

/* ---- requests ---- */

void numbers_draw(struct sim *sim, struct sim_request *request)
{
	const struct numbers *numbers = numbers_of(sim);
	uint32_t r = pick(sim, sim->responders_count), n, start;

	if (numbers->held[request->handle] == 0 && !chance(sim, numbers->permille / 4)) {
		return;
	}
	if (pick(sim, 4) == 0) {
		return;
	}
	request->numbered = true;
	request->responder = (uint8_t)(1 + r);
	request->number = (uint8_t)pick(sim, IPMB_SEQUENCES);
	start = request->number;
	for (n = 0; n < IPMB_SEQUENCES && pick(sim, 50) > 0; n++) {
		uint32_t at = (start + n) % IPMB_SEQUENCES;

		if (numbers->of[r][at].owner == request->handle) {
			request->number = (uint8_t)at;
			break;
		}
	}
}

void numbers_submitted(struct sim *sim, struct sim_request *request)
{
	const struct number *number = &numbers_of(sim)->of[request->responder - 1][request->number];

	if (number->owner == request->handle) {
		request->name = number->name;
	} else {
		request->nobodys = true;
	}
}

static void check_round(struct sim *sim, uint32_t serial, uint32_t r, uint32_t chosen)
{
	struct numbers *numbers = numbers_of(sim);
	uint32_t at = numbers->next[r];

	for (; at != SIM_NONE && at != chosen; at = (at + 1) % IPMB_SEQUENCES) {
		if (free_for_certain(sim, look(sim, r, at))) {
			sim_fail(sim, "#%u has sequence number %u, it was the turn of %u", serial,
				chosen, at);
		}
	}
	numbers->next[r] = (chosen + 1) % IPMB_SEQUENCES;
}

void numbers_take(struct sim *sim, uint32_t serial, uint8_t n)
{
	struct sim_request *request = &sim->requests[serial];
	uint32_t r = request->responder - 1u;
	struct number *number = look(sim, r, n);
	bool anew = sim->numbers[r][n] != serial || number->state != USED;

	if (request->numbered && n != request->number) {
		sim_fail(sim, "#%u is to carry sequence number %u, and carries %u", serial,
			request->number, n);
	}
	if (request->overdue && request->sequence != n) {
		sim_fail(sim, "#%u is sent again with another sequence number", serial);
	}
	request->sequence = n;
	if (!anew) {
		return;
	}
	if (used_for_certain(sim, r, n)) {
		sim_fail(sim, "#%u and #%u have sequence number %u at the same time", serial,
			sim->numbers[r][n], n);
	}
	if (sim->now_ns < number->rests_ns) {
		sim_fail(sim, "sequence number %u of #%u did not rest before #%u", n,
			sim->numbers[r][n], serial);
	}
	if (request->numbered ? number->owner != request->handle
			      : number->owner != SIM_NONE && !number->fading) {
		sim_fail(sim, "#%u carries sequence number %u, which is handle %u's", serial, n,
			number->owner);
	}
	if (!request->numbered) {
		check_round(sim, serial, r, n);
	}
	number->state = USED;
	number->given = false;
	number->sends = 0;
	number->sent_ns = 0;
	sim->numbers[r][n] = serial;
}

void numbers_sent(struct sim *sim, const struct sim_request *request)
{
	struct number *number = &numbers_of(sim)->of[request->responder - 1][request->sequence];

	number->sends++;
	number->sent_ns = sim->now_ns;
}

/* Lost with the link: if it is sent again, then with another number. */
void numbers_lost(struct sim *sim, struct sim_request *request)
{
	struct number *number;

	if (request->responder == 0 || request->sequence == SIM_NO_NUMBER) {
		return;
	}
	number = look(sim, request->responder - 1u, request->sequence);
	if (number->state == USED) {
		number->state = LEFT;
		if (number->sends > 0) {
			quarantine(sim, number);
		}
	}
	request->sequence = SIM_NO_NUMBER;
}

/* A response under the number of `serial` carries what was answered to `from`. Only its owner's own
 * number may be used again while a repetition is on its way. */
bool numbers_same(const struct sim *sim, uint32_t serial, uint32_t from)
{
	const struct sim_request *request = &sim->requests[serial], *other;

	if (serial == from) {
		return true;
	}
	if (from >= sim->requests_count) {
		return false;
	}
	other = &sim->requests[from];
	return request->numbered && other->numbered && request->handle == other->handle &&
	       request->number == other->number && request->responder == other->responder &&
	       request->command == other->command;
}

/* ---- what becomes of numbers by and by ---- */

static bool cleared_away(const struct sim *sim, uint32_t handle)
{
	const struct sim_handle *of = &sim->handles[handle];

	return of->open || (sim->ghosts == 0 && sim->clients[of->client].held_count == 0);
}

static void settle(struct sim *sim, uint32_t r, uint32_t n)
{
	struct number *number = look(sim, r, n);
	const struct sim_request *user = user_of(sim, r, n);

	if (number->fading && cleared_away(sim, number->owner)) {
		number->owner = SIM_NONE;
		number->fading = false;
		if (number->free_ns < sim->now_ns + QUARANTINE_NS && sim->link.wire_sequence) {
			number->free_ns = sim->link_up ? sim->now_ns + QUARANTINE_NS : TIME_NEVER;
		}
	}
	if (number->state == LEFT && cleared_away(sim, user->handle) &&
		(over_for_certain(sim, user) || user->sequence != n)) {
		number->state = FREE;
		number->free_ns = sim->now_ns;
		if (sim->link.wire_sequence && (user->sends > 0 || number->given)) {
			number->free_ns += user->final && user->sends == 1 && !number->given
						   ? REST_NS
						   : QUARANTINE_NS;
		}
		number->free_ns = sim->link_up ? number->free_ns : TIME_NEVER;
	}
}

static void settled(struct sim *sim)
{
	struct numbers *numbers = numbers_of(sim);
	uint32_t r, n;

	for (r = 0; r < sim->responders_count; r++) {
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			if (numbers->of[r][n].state != FREE || numbers->of[r][n].fading) {
				settle(sim, r, n);
			}
		}
	}
	numbers->settled_ns = sim->now_ns;
}

static void link_lost(struct sim *sim)
{
	uint32_t r, n;

	/* A reset is short, and empties the receive queue. */
	for (r = 0; !sim->link_up && r < sim->responders_count; r++) {
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			struct number *number = look(sim, r, n);

			if (number->quarantine && number->rests_ns > sim->now_ns) {
				number->rests_ns = TIME_NEVER;
			}
			if (number->free_ns > numbers_of(sim)->settled_ns) {
				number->free_ns = TIME_NEVER;
			}
		}
	}
}

static void link_up(struct sim *sim)
{
	uint32_t r, n;

	for (r = 0; r < sim->responders_count; r++) {
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			struct number *number = &numbers_of(sim)->of[r][n];

			if (number->rests_ns == TIME_NEVER) {
				number->rests_ns = sim->now_ns + QUARANTINE_NS;
			}
			if (number->free_ns == TIME_NEVER) {
				number->free_ns = sim->now_ns + QUARANTINE_NS;
			}
		}
	}
}

/* Back to everybody. Who waits with a request under it may get C9. */
static void give_back(struct sim *sim, uint32_t r, uint32_t n)
{
	struct number *number = look(sim, r, n);
	const struct sim_handle *handle = &sim->handles[number->owner];
	uint32_t i;

	for (i = 0; i < handle->count; i++) {
		struct sim_request *request = &sim->requests[handle->outstanding[i]];

		request->may_be_nobodys |=
			request->numbered && request->number == n && request->responder == r + 1;
	}
	numbers_of(sim)->held[number->owner]--;
	disown(sim, number);
}

static void handle_closed(struct sim *sim, uint32_t h, bool with_client)
{
	struct numbers *numbers = numbers_of(sim);
	uint32_t r, n;

	for (r = 0; r < sim->responders_count && numbers->held[h] > 0; r++) {
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			struct number *number = &numbers->of[r][n];

			if (number->owner != h) {
				continue;
			}
			number = look(sim, r, n);
			disown(sim, number);
			if (with_client) {
				number->owner = h;
				number->fading = true;
			}
			numbers->held[h]--;
		}
	}
}

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
		const struct number *number = look(sim, r, n);

		if (!wanted || wanted >> n & 1) {
			certainly += free_for_certain(sim, number);
			perhaps += !kept(sim, r, n);
		}
	}
	return perhaps < count ? 2 : certainly < count;
}

static void granted(struct sim *sim, uint32_t h, uint32_t r, const struct core_event *event)
{
	struct numbers *numbers = numbers_of(sim);
	uint32_t n;

	for (n = 0; n < IPMB_SEQUENCES; n++) {
		struct number *number = look(sim, r, n);

		if (!(event->sequence.ret_numbers >> n & 1)) {
			continue;
		}
		if (kept(sim, r, n)) {
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
				give_back(sim, r, n);
			}
		}
	}
	shell_step(sim, &event, given & ~own ? -ENOENT : 0);
}

static bool act(struct sim *sim, uint32_t h)
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

/* ---- listings ---- */

static void check_listed(struct sim *sim, uint32_t r, const struct core_sequence_info *info)
{
	const struct number *number = look(sim, r, info->number);

	if (info->on_wire != sim->link.wire_sequence) {
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
	if (info->used && number->state == FREE) {
		sim_fail(sim, "sequence number %u of responder %u is used by nobody", info->number,
			r + 1);
	}
	if ((used_for_certain(sim, r, info->number) || sim->now_ns < number->rests_ns) &&
		!info->used && !info->resting) {
		sim_fail(sim, "sequence number %u of responder %u is listed as free", info->number,
			r + 1);
	}
	if (!info->reserved && free_for_certain(sim, number)) {
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
			if (!(listed[r] >> n & 1) && kept(sim, r, n)) {
				sim_fail(sim, "sequence number %u of responder %u is not listed", n,
					r + 1);
			}
		}
	}
}

static void gone(struct sim *sim)
{
	uint32_t r, n;

	settled(sim);
	numbers_check(sim);
	for (r = 0; r < sim->responders_count; r++) {
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			if (numbers_of(sim)->of[r][n].owner != SIM_NONE) {
				sim_fail(sim, "sequence number %u outlives its owner", n);
			}
		}
	}
}

const struct sim_part sim_numbers = {
	.size = sizeof(struct numbers),
	.begin = begin,
	.act = act,
	.handle_closed = handle_closed,
	.link_lost = link_lost,
	.link_up = link_up,
	.settled = settled,
	.gone = gone,
};
