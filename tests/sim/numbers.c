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
#include "tests/sim/numbers.h"

#define REST_NS (CORE_REST_MS * NSEC_PER_MSEC_U64)
#define QUARANTINE_NS (CORE_QUARANTINE_MS * NSEC_PER_MSEC_U64)

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

static bool answered_under(const struct sim_request *user, uint32_t n)
{
	return user->final && user->sequence == n;
}

/* Has it been left? Then it rests: what is known of when and how long. */
struct number *number_look(struct sim *sim, uint32_t r, uint32_t n)
{
	struct number *number = &numbers_of(sim)->of[r][n];
	const struct sim_request *user = user_of(sim, r, n);
	uint64_t from_ns, rest_ns = QUARANTINE_NS;

	if (number->state != NUMBER_USED || (user->sequence == n && !over_for_certain(sim, user))) {
		return number;
	}
	number->state = NUMBER_LEFT;
	if (number->sends == 0 || !sim->link.wire_sequence) {
		return number;
	}
	from_ns = user->over_ns ? user->over_ns : user->deadline_ns;
	if (user->may_be_refused || (user->over_ns == 0 && user->seen)) {
		from_ns = 0; /* nobody saw when that was */
	}
	from_ns = from_ns < user->deadline_ns ? from_ns : user->deadline_ns;
	if (user->sequence != n || from_ns < number->sent_ns) {
		from_ns = number->sent_ns; /* or later */
	}
	if (answered_under(user, n) && number->sends == 1) {
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
bool number_used_for_certain(const struct sim *sim, uint32_t r, uint32_t n)
{
	const struct number *number = &numbers_of(sim)->of[r][n];

	return number->state == NUMBER_USED && number->sends > 0 &&
	       (request_waits(sim, &sim->requests[sim->numbers[r][n]]) ||
		       sim->now_ns < number->sent_ns + QUARANTINE_NS);
}

bool number_kept(struct sim *sim, uint32_t r, uint32_t n)
{
	const struct number *number = number_look(sim, r, n);

	return (number->owner != SIM_NONE && !number->fading) ||
	       number_used_for_certain(sim, r, n) || sim->now_ns < number->rests_ns;
}

bool number_free_for_certain(const struct sim *sim, const struct number *number)
{
	return number->owner == SIM_NONE && number->state == NUMBER_FREE &&
	       number->free_ns <= numbers_of(sim)->settled_ns;
}

static void quarantine(struct sim *sim, struct number *number)
{
	if (sim->link.wire_sequence && sim->link_known) {
		number->quarantine = true;
		number->rests_ns = sim->link_up ? sim->now_ns + QUARANTINE_NS : TIME_NEVER;
		number->free_ns = number->rests_ns;
	}
}

/* It is nobody's own from now on. */
static void number_disown(struct sim *sim, struct number *number)
{
	uint64_t rests_ns = number->rests_ns;
	bool idle = number->state == NUMBER_FREE && number->free_ns <= numbers_of(sim)->settled_ns;

	number->owner = SIM_NONE;
	number->fading = false;
	if (number->state == NUMBER_FREE || number->sends == 0) {
		/* What was answered under it before may be repeated. */
		number->given = number->state != NUMBER_FREE;
		quarantine(sim, number);
	}
	number->given |= number->state == NUMBER_LEFT;
	if (number->state == NUMBER_FREE && !idle) {
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
	request->tag = SIM_NUMBERED_TAG | request->name; /* its serial, till it has another */
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
		if (number_free_for_certain(sim, number_look(sim, r, at))) {
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
	struct number *number = number_look(sim, r, n);
	bool anew = sim->numbers[r][n] != serial || number->state != NUMBER_USED;

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
	if (number_used_for_certain(sim, r, n)) {
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
	number->state = NUMBER_USED;
	number->given = false;
	number->sends = 0;
	number->sent_ns = 0;
	sim->numbers[r][n] = serial;
}

bool numbers_silent(const struct sim *sim, uint32_t r)
{
	const struct numbers *numbers = numbers_of(sim);
	uint64_t timeout_ns, heard_ns = numbers->heard_ns[r];
	uint32_t n;

	for (n = 0; n < IPMB_SEQUENCES; n++) {
		const struct number *number = &numbers->of[r][n];
		uint32_t user = sim->numbers[r][n];
		bool open = number->state != NUMBER_FREE || number->quarantine;

		/* What changes something is waited for longer. */
		timeout_ns = bus_timeout_ns(sim);
		if (user != SIM_NONE && sim->requests[user].mutating) {
			timeout_ns = sim->requests[user].timeout_ms * NSEC_PER_MSEC_U64;
		}
		if (open &&
			((number->sends > 1 && number->sent_ns >= heard_ns) ||
				(number->sends > 0 && sim->now_ns >= number->sent_ns + timeout_ns &&
					number->sent_ns + timeout_ns >= heard_ns))) {
			return true;
		}
	}
	return sim->now_ns < numbers->talks_ns[r];
}

void numbers_timed_out(struct sim *sim, uint32_t r)
{
	if (r >= sim->responders_count) {
		sim_fail(sim, "there is no responder %u", r);
	}
	numbers_of(sim)->talks_ns[r] = TIME_NEVER;
}

void numbers_heard(struct sim *sim, uint32_t r)
{
	if (numbers_silent(sim, r)) {
		/* Who waits looks again after twice the pause at most, and shells are late. */
		numbers_of(sim)->talks_ns[r] =
			sim->now_ns + 4 * CORE_SILENT_PAUSE_MS * NSEC_PER_MSEC_U64;
	}
	numbers_of(sim)->heard_ns[r] = sim->now_ns;
}

void numbers_sent(struct sim *sim, const struct sim_request *request)
{
	struct number *number = &numbers_of(sim)->of[request->responder - 1][request->sequence];

	number->sends++;
	number->sent_ns = sim->now_ns;
	if (number->sends > 1) {
		numbers_timed_out(sim, request->responder - 1u);
	}
}

/* Lost with the link: if it is sent again, then with another number. */
void numbers_lost(struct sim *sim, struct sim_request *request)
{
	struct number *number;

	if (request->responder == 0 || request->sequence == SIM_NO_NUMBER) {
		return;
	}
	number = number_look(sim, request->responder - 1u, request->sequence);
	if (number->state == NUMBER_USED) {
		number->state = NUMBER_LEFT;
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
	struct number *number = number_look(sim, r, n);
	const struct sim_request *user = user_of(sim, r, n);

	if (number->fading && cleared_away(sim, number->owner)) {
		number->owner = SIM_NONE;
		number->fading = false;
		if (number->free_ns < sim->now_ns + QUARANTINE_NS && sim->link.wire_sequence) {
			number->free_ns = sim->link_up ? sim->now_ns + QUARANTINE_NS : TIME_NEVER;
		}
	}
	if (number->state == NUMBER_LEFT && cleared_away(sim, user->handle) &&
		(over_for_certain(sim, user) || user->sequence != n)) {
		number->state = NUMBER_FREE;
		number->free_ns = sim->now_ns;
		if (number->sends > 0 && !answered_under(user, n) &&
			numbers_of(sim)->heard_ns[r] <= number->sent_ns + bus_timeout_ns(sim)) {
			numbers_timed_out(sim, r); /* or may have been */
		}
		if (sim->link.wire_sequence && (user->sends > 0 || number->given)) {
			number->free_ns += answered_under(user, n) && !user->late &&
							   user->sends == 1 && !number->given
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
			if (numbers->of[r][n].state != NUMBER_FREE || numbers->of[r][n].fading) {
				settle(sim, r, n);
			}
		}
	}
	numbers->settled_ns = sim->now_ns;
	sequences_settled(sim);
}

/* Reservations are gone. What may still be answered rests from when the next agent has its link. */
static void killed(struct sim *sim)
{
	struct numbers *numbers = numbers_of(sim);
	uint32_t r, n;

	for (r = 0; r < sim->responders_count; r++) {
		numbers->next[r] = SIM_NONE;
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			const struct number *was = number_look(sim, r, n);
			bool idle =
				was->state == NUMBER_FREE && was->free_ns <= numbers->settled_ns;
			struct number number = {.owner = SIM_NONE};

			if (sim->link.wire_sequence) {
				number.quarantine =
					number_used_for_certain(sim, r, n) ||
					(was->quarantine && sim->now_ns < was->rests_ns);
				number.rests_ns = number.quarantine ? TIME_NEVER : was->rests_ns;
				number.free_ns = idle ? 0 : TIME_NEVER;
			}
			numbers->of[r][n] = number;
		}
	}
	memset(numbers->held, 0, sizeof(numbers->held));
}

static void restarted(struct sim *sim)
{
	core_keep_numbers(sim->core, numbers_of(sim)->kept);
}

static void link_lost(struct sim *sim)
{
	uint32_t r, n;

	/* A reset is short, and empties the receive queue. */
	for (r = 0; !sim->link_up && r < sim->responders_count; r++) {
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			struct number *number = number_look(sim, r, n);

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
void number_give_back(struct sim *sim, uint32_t r, uint32_t n)
{
	struct number *number = number_look(sim, r, n);
	const struct sim_handle *handle = &sim->handles[number->owner];
	uint32_t i;

	for (i = 0; i < handle->count; i++) {
		struct sim_request *request = &sim->requests[handle->outstanding[i]];

		request->may_be_nobodys |=
			request->numbered && request->number == n && request->responder == r + 1;
	}
	numbers_of(sim)->held[number->owner]--;
	number_disown(sim, number);
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
			number = number_look(sim, r, n);
			number_disown(sim, number);
			if (with_client) {
				number->owner = h;
				number->fading = true;
			}
			numbers->held[h]--;
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
	.act = sequences_act,
	.handle_closed = handle_closed,
	.link_lost = link_lost,
	.link_up = link_up,
	.killed = killed,
	.restarted = restarted,
	.settled = settled,
	.gone = gone,
};
