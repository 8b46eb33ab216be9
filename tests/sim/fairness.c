/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fairness (core/arbiter.c, decisions 0006 and 0010, limits.h). A few handles, the hungry ones,
 * have more to ask than they get, at different prices. As long as one of them is
 * ready whenever somebody is served:
 *
 *	1. nobody of its class gets more of the controller's time than it, but for what
 *	   it owed when it began, some quanta, and the other's last request;
 *	2. its class is passed over by higher ones as often as the guarantee says and no
 *	   more; a lower one is never served twice in a row while a higher waits;
 *	3. not more than so many of the agent's own fetches go before it in a row.
 *
 * And an event flag that never clears is asked about now and then, not without end.
 */
#include "tests/sim/fairness.h"

#include "tests/sim/reach.h"

/* The first handles; those of the normal class stand first. */
#define HUNGRY 6u
#define HUNGRY_NORMAL 4u
/* What a handle may spend in a round: 2^23 ns (decision 0006). */
#define QUANTUM_NS (UINT64_C(1) << 23)
/* What the first long transmission in half a minute costs, and the steps in which time is counted
 * for that (decision 0010). */
#define HICCUP_NS (4 * QUANTUM_NS)
#define HICCUP_STEP_NS (UINT64_C(1) << 30)
#define HICCUP_STEPS 28u
/* One that it has, one that the other is ahead by, and one for where a round begins; and what it
 * gets although it is in debt, when there is nobody else. */
#define QUANTA 4u
/* Transmissions at the controller at once, whose price nobody knows yet. */
#define UNPAID 8u
#define CHARGES 256u
/* A class that is due may find another guaranteed turn, and the higher class's after that. */
#define SLACK 2u
/* Get Device ID: a probe, and no fetch. */
#define PROBE 0x01
#define SEND_MESSAGE 0x34
#define GET_MESSAGE 0x33
#define READ_EVENT 0x35
#define CLEAR_FLAGS 0x30
/* Looks in vain before a flag counts as stuck, twice over; and for how long it then does at the
 * least: bridged requests have the flags looked at in between. */
#define LOOKS 4u
#define STUCK_NS (CORE_FLAGS_POLL_SLOW_MS * NSEC_PER_MSEC_U64 * 4 / 5)

static const struct {
	uint8_t class;
	uint32_t service_ms;
} hungry[HUNGRY] = {
	{VIPMI_CLASS_NORMAL, 0},
	{VIPMI_CLASS_NORMAL, 3},
	{VIPMI_CLASS_NORMAL, 20},
	{VIPMI_CLASS_NORMAL, 60},
	{VIPMI_CLASS_URGENT, 1},
	{VIPMI_CLASS_BACKGROUND, 5},
};

static const uint32_t guarantee[VIPMI_CLASS_COUNT] = {
	[VIPMI_CLASS_URGENT] = 0,
	[VIPMI_CLASS_NORMAL] = CORE_GUARANTEE_NORMAL,
	[VIPMI_CLASS_BACKGROUND] = CORE_GUARANTEE_BACKGROUND,
};

struct charge {
	uint32_t turn; /* in which it was sent */
	uint64_t spent_ns;
};

struct eater {
	struct charge charges[CHARGES]; /* the newest */
	uint32_t count;
	uint64_t spent_ns; /* or rather, what was charged for it */
	uint64_t hiccup;   /* 1 + the step of its last one */
	bool waits;        /* it was ready in every turn */
	uint32_t since;    /* this one */
	uint64_t then_ns;  /* what it had spent by then, */
	uint64_t debt_ns;  /* and of that lately */
};

struct fairness {
	struct eater eaters[HUNGRY];
	uint32_t turns, fetches, lower;
	uint32_t passed_over[VIPMI_CLASS_COUNT];
	uint32_t looks; /* in vain, one after the other */
	uint64_t looked_ns;
};

static struct fairness *state(struct sim *sim)
{
	return sim->states[SIM_PART_FAIRNESS];
}

/* A mutating one at the controller holds up its lane, even if it is answered already. */
static bool held_up(const struct sim *sim, uint32_t h)
{
	uint32_t i;

	for (i = 0; i < sim->transmissions_count; i++) {
		uint32_t serial = sim->transmissions[i].serial;

		if (serial != SIM_NONE && sim->requests[serial].handle == h &&
			sim->requests[serial].mutating && sim->requests[serial].responder == 0) {
			return true;
		}
	}
	return false;
}

/* Whether one of its requests to the controller, in this class, may be sent for certain. */
static bool is_ready(const struct sim *sim, uint32_t h, uint8_t class)
{
	const struct sim_handle *handle = &sim->handles[h];
	uint32_t i;

	if (h >= sim->handles_count || !handle->open || held_up(sim, h)) {
		return false;
	}
	for (i = 0; i < handle->count; i++) {
		const struct sim_request *request = &sim->requests[handle->outstanding[i]];

		if (request->response && request_pending(sim, request)) {
			return false; /* urgent ones wait for it; of others nothing is asked */
		}
		if (request->responder != 0 || !request_pending(sim, request)) {
			continue;
		}
		if (request->mutating || request->may_be_refused) {
			return false;
		}
		if (request->sends > 0 || request->offered) {
			if (!request->at_controller && !request->offered) {
				return false; /* it pauses, and those behind it wait */
			}
			continue;
		}
		if (request->class == class) {
			return true;
		}
	}
	return false;
}

/* Who waits, and since when. */
static void look_around(struct sim *sim, bool *waits)
{
	struct fairness *fairness = state(sim);
	uint32_t i, j;

	for (i = 0; i < HUNGRY; i++) {
		struct eater *eater = &fairness->eaters[i];
		bool waited = eater->waits;

		eater->waits = is_ready(sim, sim->handles_base + i, hungry[i].class);
		waits[hungry[i].class] |= eater->waits;
		if (!eater->waits || waited) {
			continue;
		}
		eater->since = fairness->turns;
		eater->then_ns = eater->spent_ns;
		eater->debt_ns = 0;
		for (j = 0; j < UNPAID && j < eater->count; j++) {
			eater->debt_ns += eater->charges[(eater->count - 1 - j) % CHARGES].spent_ns;
		}
	}
}

/* What it spent of turns that it got since that one, and the most at once. */
static uint64_t spent_since(const struct eater *eater, uint32_t turn, uint64_t *ret_most)
{
	uint64_t sum = 0;
	uint32_t i;

	*ret_most = 0;
	for (i = 0; i < CHARGES && i < eater->count; i++) {
		const struct charge *charge = &eater->charges[(eater->count - 1 - i) % CHARGES];

		if (charge->turn >= turn) {
			sum += charge->spent_ns;
			*ret_most = charge->spent_ns > *ret_most ? charge->spent_ns : *ret_most;
		}
	}
	return sum;
}

/* One of the hungry is served: has it had more than another that waits? */
static void check_shares(struct sim *sim, uint32_t served)
{
	struct fairness *fairness = state(sim);
	uint32_t i;

	for (i = 0; i < HUNGRY_NORMAL; i++) {
		const struct eater *eater = &fairness->eaters[i];
		uint64_t theirs, own, most;

		if (i == served || !eater->waits) {
			continue;
		}
		theirs = spent_since(&fairness->eaters[served], eater->since, &most);
		own = eater->spent_ns - eater->then_ns;
		if (theirs > own + eater->debt_ns + most + QUANTA * QUANTUM_NS) {
			sim_fail(sim, "handle %u waits with %llu us, handle %u is served with %llu",
				i, (unsigned long long)own / 1000, served,
				(unsigned long long)theirs / 1000);
		}
	}
}

static void check_classes(struct sim *sim, uint8_t served, const bool *waits)
{
	struct fairness *fairness = state(sim);
	uint8_t class;
	bool higher = false;

	for (class = 0; class < VIPMI_CLASS_COUNT; class ++) {
		if (class <= served || !waits[class]) {
			higher |= class < served && waits[class];
			fairness->passed_over[class] = 0;
		} else if (++fairness->passed_over[class] > guarantee[class] + SLACK) {
			sim_fail(sim, "class %u was passed over %u times", class,
				fairness->passed_over[class]);
		}
	}
	fairness->lower = higher ? fairness->lower + 1 : 0;
	if (fairness->lower > 1) {
		sim_fail(sim, "class %u is served twice while a higher one waits", served);
	}
}

static void check_fetches(struct sim *sim, uint8_t command, const bool *waits)
{
	struct fairness *fairness = state(sim);
	bool anybody = waits[VIPMI_CLASS_URGENT] || waits[VIPMI_CLASS_NORMAL] ||
		       waits[VIPMI_CLASS_BACKGROUND];

	if (command == PROBE) {
		return;
	}
	/* A response of a client's to a request from the bus looks like one of the agent's. */
	fairness->fetches = anybody && command != SEND_MESSAGE ? fairness->fetches + 1 : 0;
	if (fairness->fetches > CORE_FETCH_RUN_MAX) {
		sim_fail(sim, "%u fetches in a row while requests wait", fairness->fetches);
	}
}

void fairness_transmit(struct sim *sim, struct sim_transmission *transmission)
{
	struct fairness *fairness = state(sim);
	bool waits[VIPMI_CLASS_COUNT] = {false};
	const struct sim_request *request;

	if (!sim->faults.hungry) {
		return;
	}
	/* Its own window may be open while that to the controller is full. */
	if (transmission->kind == SIM_RELAY) {
		fairness->passed_over[transmission->class] = 0;
		fairness->lower = 0;
		return;
	}
	look_around(sim, waits);
	if (transmission->kind == SIM_HOUSEKEEPING) {
		check_fetches(sim, transmission->command, waits);
		return;
	}
	transmission->turn = ++fairness->turns;
	fairness->fetches = 0;
	check_classes(sim, transmission->class, waits);
	if (transmission->kind == SIM_MERGED) {
		return;
	}
	request = &sim->requests[transmission->serial];
	if (sim->link.raw_bridge && request->class == VIPMI_CLASS_NORMAL &&
		request->handle - sim->handles_base < HUNGRY_NORMAL) {
		check_shares(sim, request->handle - sim->handles_base);
	}
}

/* The first long one in half a minute costs four quanta. */
static uint64_t price(struct eater *eater, uint64_t now_ns, uint64_t spent_ns)
{
	uint64_t step = 1 + now_ns / HICCUP_STEP_NS;

	if (spent_ns <= HICCUP_NS || (eater->hiccup > 0 && step - eater->hiccup < HICCUP_STEPS)) {
		return spent_ns;
	}
	eater->hiccup = step;
	return HICCUP_NS;
}

static void pay(struct sim *sim, const struct sim_transmission *transmission)
{
	uint32_t i = transmission->handle - sim->handles_base;
	uint64_t sent_ns = transmission->timeout_at_ns - transmission->timeout_ns, price_ns;
	struct eater *eater;

	if (i >= HUNGRY) {
		return;
	}
	eater = &state(sim)->eaters[i];
	price_ns = price(eater, sim->now_ns, sim->now_ns - sent_ns);
	if (transmission->class == hungry[i].class) {
		eater->spent_ns += price_ns;
		eater->charges[eater->count++ % CHARGES] =
			(struct charge){transmission->turn, price_ns};
	}
}

static void looked(struct sim *sim, uint8_t cc)
{
	struct fairness *fairness = state(sim);

	if (cc == VIPMI_CC_OK || sim->now_ns - fairness->looked_ns > STUCK_NS) {
		fairness->looks = 0;
		fairness->looked_ns = sim->now_ns;
	}
	if (cc != VIPMI_CC_OK && ++fairness->looks > LOOKS && sim->link.attention) {
		sim_fail(sim, "an event flag without an event is asked about without end");
	}
}

void fairness_received(struct sim *sim, const struct sim_transmission *transmission, uint8_t cc)
{
	if (transmission->kind != SIM_HOUSEKEEPING) {
		pay(sim, transmission);
	} else if (transmission->command == READ_EVENT || transmission->command == CLEAR_FLAGS ||
		   (transmission->command == GET_MESSAGE && cc == VIPMI_CC_OK)) {
		looked(sim, cc);
	}
}

void fairness_attention(struct sim *sim)
{
	state(sim)->looks = 0;
}

static bool act(struct sim *sim, uint32_t h)
{
	uint32_t i = pick(sim, HUNGRY), count = 1 + pick(sim, 6);

	if (!strikes(sim, hungry)) {
		return false;
	}
	h = sim->handles_base + i;
	while (h < sim->handles_count && sim->handles[h].open && count-- > 0 &&
		sim->requests_count < SIM_REQUESTS_MAX) {
		struct sim_request *request = sim_draw(sim, h);

		request->netfn = VIPMI_NETFN_SENSOR;
		request->command = 0x2D; /* Get Sensor Reading */
		request->lun = 0;
		request->responder = 0;
		request->class = hungry[i].class;
		request->service_ms = hungry[i].service_ms;
		request->deadline_ns = sim->now_ns + 20000 * NSEC_PER_MSEC_U64;
		if (!sim_submit(sim)) {
			break;
		}
	}
	return true;
}

/* After that the agent has to look at everything anew. */
static void link_lost(struct sim *sim)
{
	state(sim)->fetches = 0;
}

static void restarted(struct sim *sim)
{
	memset(state(sim), 0, sizeof(struct fairness));
}

const struct sim_part sim_fairness = {
	.size = sizeof(struct fairness),
	.restarted = restarted,
	.act = act,
	.link_lost = link_lost,
};
