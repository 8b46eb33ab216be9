/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whose turn it is. Three classes; in each, deficit round robin over handles by
 * measured controller time.
 *
 * A handle may spend one quantum of controller time in a round. What it has been
 * charged so far, `paid_ns`, therefore says in which round it may be served
 * again: paid_ns >> CORE_QUANTUM_SHIFT. The wheel has a bucket for each of the
 * next 64 rounds, so that a handle deep in debt is put where it belongs at once
 * and no round is ever walked through in vain: every operation is O(1). A handle
 * that was idle starts at the round after the present one: time not used is not
 * saved up, and newcomers without end keep nobody waiting who is in debt. A single
 * transmission that took long is not paid for in full (CORE_HICCUP_QUANTA): among
 * two hundred, its asker would be owed nothing for minutes.
 *
 * Requests for a bus stand in buckets of their own, because they cannot go while
 * the bus window is full; the rounds are the same.
 *
 * Between the classes:
 *	1. the highest class that waits is served,
 *	2. unless a lower one has been passed over CORE_GUARANTEE_* times: then it is
 *	   its turn, the background's before the normal class's,
 *	3. but never twice in a row while a higher one waits. So a lone urgent request
 *	   waits for what is on the wire and one such turn at the most.
 * A turn that ends without a transmission, because its request's time is over or its
 * command another's by then, is none.
 */
#include "base/bits.h"
#include "core/private.h"

static const uint32_t guarantee[VIPMI_CLASS_COUNT] = {
	[VIPMI_CLASS_URGENT] = UINT32_MAX, /* is never passed over */
	[VIPMI_CLASS_NORMAL] = CORE_GUARANTEE_NORMAL,
	[VIPMI_CLASS_BACKGROUND] = CORE_GUARANTEE_BACKGROUND,
};

void arbiter_init(struct core *core)
{
	int class, port;
	unsigned slot;

	for (class = 0; class < VIPMI_CLASS_COUNT; class ++) {
		for (port = 0; port < CORE_PORT_COUNT; port++) {
			for (slot = 0; slot < CORE_WHEEL_SLOTS; slot++) {
				list_init(&core->wheels[class].buckets[port][slot]);
			}
		}
	}
}

static struct list_link *wheel_link(struct core_handle *handle, int port, int class)
{
	return port == CORE_PORT_DIRECT ? &handle->direct.ready_link[class]
					: &handle->bus_link[class];
}

static struct core_handle *handle_of(struct list_link *link, int port, int class)
{
	return port == CORE_PORT_DIRECT
		       ? container_of(link, struct core_handle, direct.ready_link[class])
		       : container_of(link, struct core_handle, bus_link[class]);
}

void arbiter_insert(struct core *core, struct core_handle *handle, enum core_port port, int class)
{
	struct core_wheel *wheel = &core->wheels[class];
	struct list_link *link = wheel_link(handle, port, class);
	uint64_t round = handle->paid_ns[class] >> CORE_QUANTUM_SHIFT, ahead;
	unsigned slot;

	if (list_linked(link)) {
		return;
	}
	if (round < wheel->round) {
		/* Behind those of the present round, which therefore ends, whoever comes. */
		ahead = 1;
		handle->paid_ns[class] = (wheel->round + 1) << CORE_QUANTUM_SHIFT;
	} else {
		ahead = round - wheel->round;
		ahead = ahead < CORE_WHEEL_SLOTS ? ahead : CORE_WHEEL_SLOTS - 1;
	}
	slot = (unsigned)(wheel->round + ahead) % CORE_WHEEL_SLOTS;
	list_push_back(&wheel->buckets[port][slot], link);
	wheel->occupied[port] |= UINT64_C(1) << slot;
}

void arbiter_remove(struct core *core, struct core_handle *handle, enum core_port port, int class)
{
	struct core_wheel *wheel = &core->wheels[class];
	struct list_link *link = wheel_link(handle, port, class);
	struct list_link *bucket = link->next;

	if (!list_linked(link)) {
		return;
	}
	list_remove(link);
	/* The last one of a bucket had the bucket itself on both sides. */
	if (list_empty(bucket)) {
		wheel->occupied[port] &= ~(UINT64_C(1) << (bucket - wheel->buckets[port]));
	}
}

/* Entries of a port that had to stay behind while the rounds went on stand in the present one. */
static void wheel_catch_up(struct core_wheel *wheel, int port, unsigned present, unsigned ahead)
{
	uint64_t passed = bits_rotate_right(wheel->occupied[port], present);

	passed &= (UINT64_C(1) << ahead) - 1;
	while (passed) {
		unsigned from = (present + bits_lowest(passed)) % CORE_WHEEL_SLOTS;
		unsigned to = (present + ahead) % CORE_WHEEL_SLOTS;

		list_splice_back(&wheel->buckets[port][to], &wheel->buckets[port][from]);
		wheel->occupied[port] &= ~(UINT64_C(1) << from);
		wheel->occupied[port] |= UINT64_C(1) << to;
		passed &= passed - 1;
	}
}

/* Takes the next handle off the wheel; the ports that may not go now are left standing. */
static struct core_handle *wheel_turn(
	struct core *core, struct core_wheel *wheel, int class, const bool *open, int *ret_port)
{
	unsigned tries;

	for (tries = 0;; tries++) {
		unsigned present = (unsigned)wheel->round % CORE_WHEEL_SLOTS, slot, ahead;
		uint64_t occupied =
			(open[0] ? wheel->occupied[0] : 0) | (open[1] ? wheel->occupied[1] : 0);
		struct core_handle *handle;
		int port;

		if (!occupied) {
			return NULL;
		}
		ahead = bits_lowest(bits_rotate_right(occupied, present));
		if (ahead > 0) {
			wheel_catch_up(wheel, CORE_PORT_DIRECT, present, ahead);
			wheel_catch_up(wheel, CORE_PORT_BUS, present, ahead);
			wheel->round += ahead;
		}
		slot = (present + ahead) % CORE_WHEEL_SLOTS;
		port = wheel->turn;
		if (!open[port] || list_empty(&wheel->buckets[port][slot])) {
			port = !port;
		}
		wheel->turn = !port;
		handle = handle_of(wheel->buckets[port][slot].next, port, class);
		arbiter_remove(core, handle, port, class);
		if (handle->paid_ns[class] >> CORE_QUANTUM_SHIFT <= wheel->round ||
			tries >= CORE_WHEEL_TRIES) {
			*ret_port = port;
			return handle;
		}
		/* Its debt reaches beyond the wheel: once more around. */
		arbiter_insert(core, handle, port, class);
	}
}

static int class_next(struct core *core, const bool *open)
{
	bool *waits = core->waits;
	int class, highest = -1, chosen;

	for (class = 0; class < VIPMI_CLASS_COUNT; class ++) {
		const struct core_wheel *wheel = &core->wheels[class];

		waits[class] = (open[0] && wheel->occupied[0]) || (open[1] && wheel->occupied[1]);
		if (waits[class] && highest < 0) {
			highest = class;
		}
	}
	chosen = highest;
	if (highest >= 0 && !core->guaranteed_last) {
		for (class = VIPMI_CLASS_COUNT - 1; class > highest; class --) {
			if (waits[class] && core->passed_over[class] >= guarantee[class]) {
				chosen = class;
				break;
			}
		}
	}
	return chosen;
}

void arbiter_account(struct core *core, int chosen)
{
	const bool *waits = core->waits;
	int class;

	core->guaranteed_last = false;
	for (class = 0; class < VIPMI_CLASS_COUNT; class ++) {
		const struct core_wheel *wheel = &core->wheels[class];

		if (class == chosen || !(wheel->occupied[0] | wheel->occupied[1])) {
			core->passed_over[class] = 0;
		} else if (!waits[class]) {
			continue; /* its way is not open now: what it is owed it is owed later */
		} else if (class > chosen) {
			core->passed_over[class]++;
		} else {
			core->guaranteed_last = true;
		}
	}
}

struct core_request *arbiter_next(struct core *core)
{
	const bool open[CORE_PORT_COUNT] = {
		[CORE_PORT_DIRECT] = transmission_room(core, CORE_PORT_DIRECT),
		[CORE_PORT_BUS] = transmission_room(core, CORE_PORT_BUS),
	};
	struct core_handle *handle;
	struct core_lane *lane;
	int class = class_next(core, open), port;

	if (class < 0) {
		return NULL;
	}
	handle = wheel_turn(core, &core->wheels[class], class, open, &port);
	if (!core_check(core, handle != NULL)) {
		return NULL;
	}
	lane = &handle->direct;
	if (port == CORE_PORT_BUS) {
		if (!core_check(core, !list_empty(&handle->ready[class]))) {
			return NULL;
		}
		lane = container_of(
			list_pop_front(&handle->ready[class]), struct core_lane, ready_link[class]);
	}
	/* Off the wheel and off the ready list, until lane_update puts it back. */
	lane->ready &= (uint8_t) ~(1 << class);
	if (port == CORE_PORT_BUS && !list_empty(&handle->ready[class])) {
		arbiter_insert(core, handle, CORE_PORT_BUS, class);
	}
	return container_of(lane->queue[class].next, struct core_request, queue_link);
}

static uint16_t hiccup_step(const struct core *core)
{
	return (uint16_t)(core->now_ns >> CORE_HICCUP_SHIFT);
}

void arbiter_newcomer(const struct core *core, struct core_handle *handle)
{
	handle->hiccup = (uint16_t)(hiccup_step(core) - CORE_HICCUP_STEPS);
}

void arbiter_charge(
	const struct core *core, struct core_handle *handle, int class, uint64_t spent_ns)
{
	const uint64_t hiccup_ns = CORE_HICCUP_QUANTA << CORE_QUANTUM_SHIFT;
	uint16_t now = hiccup_step(core);

	handle->controller_ns += spent_ns;
	if (spent_ns > hiccup_ns && (uint16_t)(now - handle->hiccup) >= CORE_HICCUP_STEPS) {
		handle->hiccup = now;
		spent_ns = hiccup_ns;
	}
	handle->paid_ns[class] += spent_ns;
}
