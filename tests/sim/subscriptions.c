/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Subscriptions (docs/events.md): each subscriber gets what its filter lets
 * through, once and in order; who falls further behind than the log reaches is
 * told exactly how many of its filter it lost, in the place where they are missing;
 * what matches an exclusive subscription is its holder's alone; and whoever reads
 * has everything at once, however slow the others are.
 */
#include "tests/sim/subscriptions.h"

#include "tests/sim/reach.h"

/* Filters of a run that several subscribers share. */
#define FILTERS 6u

/* Handles that change their minds often. */
#define LISTENERS 12u

enum hand { EMPTY, MESSAGE, LOSS };

struct subscriber {
	bool on;       /* by a filter */
	bool receives; /* by a right to incoming requests */
	bool exclusive, fading;
	struct core_clause clauses[CORE_CLAUSES_MAX];
	size_t count;
	uint64_t position; /* nothing before it concerns this subscriber any more */
	uint64_t looked;   /* nothing in between does, with this filter */
	uint64_t loss;     /* of what it was not told yet */
	enum hand hand;    /* what is being handed over */
	uint64_t told;     /* the loss that is */
	bool moved;        /* it stands elsewhere meanwhile */
	bool gone;         /* and that message is kept no longer */
};

struct subscriptions {
	struct subscriber of[SIM_HANDLES_MAX];
	struct core_clause filters[FILTERS][CORE_CLAUSES_MAX];
	size_t counts[FILTERS];
};

static struct subscriptions *state(struct sim *sim)
{
	return sim->states[SIM_PART_SUBSCRIPTIONS];
}

static struct messages *log_of(struct sim *sim)
{
	return sim->states[SIM_PART_MESSAGES];
}

static bool is_subscribed(const struct subscriber *subscriber)
{
	return subscriber->on || subscriber->receives;
}

static bool filter_wants(const struct subscriber *subscriber, const struct sim_message *message)
{
	return subscriber->on && messages_want(subscriber->clauses, subscriber->count, message);
}

static bool wants(struct sim *sim, uint32_t h, const struct sim_message *message)
{
	if (message->holder != SIM_NONE) {
		return message->holder == h && !message->taken;
	}
	return filter_wants(&state(sim)->of[h], message);
}

/* The first that it is to have, or the number of the next one that comes. */
static uint64_t first_due(struct sim *sim, uint32_t h)
{
	struct subscriber *subscriber = &state(sim)->of[h];
	struct messages *messages = log_of(sim);

	if (subscriber->looked < subscriber->position) {
		subscriber->looked = subscriber->position;
	}
	while (subscriber->looked < messages->next &&
		!wants(sim, h, messages_at(messages, subscriber->looked))) {
		subscriber->looked++;
	}
	return subscriber->looked;
}

/* What it did not get before it left the log is lost. */
static void catch_up(struct sim *sim, uint32_t h)
{
	struct subscriber *subscriber = &state(sim)->of[h];
	uint64_t oldest = messages_oldest(sim, log_of(sim)), due;

	/* What is just being handed over is lost only if it is not taken. */
	if (subscriber->hand == MESSAGE && !subscriber->moved && subscriber->position < oldest) {
		subscriber->moved = true;
		subscriber->gone = true;
		subscriber->position++;
	}
	while ((due = first_due(sim, h)) < oldest) {
		subscriber->loss++;
		subscriber->position = due + 1;
	}
	if (subscriber->position < oldest) {
		subscriber->position = oldest;
	}
}

/* ---- exclusive ---- */

uint32_t subscriptions_holder(struct sim *sim, const struct sim_message *message, bool *ret_unsure)
{
	uint32_t holder = SIM_NONE, h;

	for (h = 0; h < sim->handles_count; h++) {
		const struct subscriber *subscriber = &state(sim)->of[h];

		if (!subscriber->exclusive || !filter_wants(subscriber, message)) {
			continue;
		}
		if (subscriber->fading) {
			*ret_unsure = true;
		} else if (holder != SIM_NONE) {
			sim_fail(sim, "handles %u and %u both have the message exclusively", holder,
				h);
		} else {
			holder = h;
		}
	}
	return holder;
}

void subscriptions_settle_holder(struct sim *sim, struct sim_message *message, uint32_t holder)
{
	uint32_t h;

	message->unsure = false;
	if (holder == 0 && message->holder == SIM_NONE) {
		return;
	}
	for (h = 0; h < sim->handles_count; h++) {
		const struct subscriber *subscriber = &state(sim)->of[h];

		if (sim->handles[h].id == holder && subscriber->exclusive &&
			filter_wants(subscriber, message)) {
			message->holder = h;
			return;
		}
	}
	if (receive_settle(sim, message, holder)) {
		return;
	}
	sim_fail(sim, "a message is said to be handle %08x's, who did not ask for it", holder);
}

/* Another's exclusive subscription that field by field lets through what this one does. */
static bool in_the_way(struct sim *sim, uint32_t h, uint32_t other, const struct subscriber *wish)
{
	const struct subscriber *subscriber = &state(sim)->of[other];
	size_t i, j;

	if (other == h || !subscriber->exclusive) {
		return false;
	}
	for (i = 0; i < wish->count; i++) {
		for (j = 0; j < subscriber->count; j++) {
			if (messages_meet(&wish->clauses[i], &subscriber->clauses[j])) {
				return true;
			}
		}
	}
	return false;
}

/* A message that both would have, among those that there were. */
static bool has_witness(struct sim *sim, const struct subscriber *a, const struct subscriber *b)
{
	struct messages *messages = log_of(sim);
	uint64_t number;

	for (number = 1; number < messages->next; number++) {
		const struct sim_message *message = messages_at(messages, number);

		if (messages_want(a->clauses, a->count, message) &&
			messages_want(b->clauses, b->count, message)) {
			return true;
		}
	}
	return false;
}

static void check_granted(struct sim *sim, uint32_t h, const struct subscriber *wish)
{
	uint32_t other;

	for (other = 0; wish->exclusive && other < sim->handles_count; other++) {
		const struct subscriber *subscriber = &state(sim)->of[other];

		if (other != h && subscriber->exclusive && !subscriber->fading &&
			has_witness(sim, subscriber, wish)) {
			sim_fail(sim, "handle %u gets exclusively what is handle %u's", h, other);
		}
	}
}

static void check_refused(
	struct sim *sim, uint32_t h, const struct subscriber *wish, uint32_t holder)
{
	uint32_t other;

	for (other = 0; wish->exclusive && other < sim->handles_count; other++) {
		if (sim->handles[other].id == holder && in_the_way(sim, h, other, wish)) {
			return;
		}
	}
	sim_fail(sim, "handle %u may not subscribe, and nobody is in its way", h);
}

/* ---- deliveries ---- */

static void check_message(struct sim *sim, uint32_t h, const struct core_deliver *deliver)
{
	const struct sim_message *message = messages_at(log_of(sim), deliver->number);

	if (deliver->async_kind != message->kind || deliver->channel != message->channel ||
		deliver->address != message->address || deliver->source_lun != message->lun ||
		deliver->lun != message->own_lun || deliver->netfn != message->netfn ||
		deliver->command != message->command || deliver->sequence != message->sequence ||
		deliver->length != message->length ||
		memcmp(deliver->data, message->bytes, message->length) != 0) {
		sim_fail(sim, "handle %u gets message %llu otherwise than it came", h,
			(unsigned long long)deliver->number);
	}
}

static bool message(struct sim *sim, const struct core_deliver *deliver, uint32_t h)
{
	struct subscriber *subscriber = &state(sim)->of[h];
	uint64_t due;

	sim_trace(sim, "handle %u hears %s %llu of %llu", h,
		deliver->kind == CORE_DELIVERY_LOSS ? "loss before" : "message",
		(unsigned long long)deliver->number, (unsigned long long)deliver->lost);
	if (!is_subscribed(subscriber) || subscriber->hand != EMPTY) {
		sim_fail(sim, "handle %u hears what it did not ask for, or two at once", h);
	}
	catch_up(sim, h);
	due = first_due(sim, h);
	subscriber->moved = false;
	subscriber->gone = false;
	if (deliver->kind == CORE_DELIVERY_LOSS) {
		if (subscriber->loss == 0 || deliver->lost != subscriber->loss) {
			sim_fail(sim, "handle %u is told that it lost %llu, it lost %llu", h,
				(unsigned long long)deliver->lost,
				(unsigned long long)subscriber->loss);
		}
		if (deliver->number < subscriber->position || deliver->number > due) {
			sim_fail(sim, "handle %u is told of its loss in the wrong place", h);
		}
		subscriber->hand = LOSS;
		subscriber->told = deliver->lost;
		return true;
	}
	if (subscriber->loss > 0 || deliver->number != due || due == log_of(sim)->next) {
		sim_fail(sim, "handle %u gets message %llu, %llu is next after %llu lost", h,
			(unsigned long long)deliver->number, (unsigned long long)due,
			(unsigned long long)subscriber->loss);
	}
	check_message(sim, h, deliver);
	subscriber->hand = MESSAGE;
	subscriber->position = due;
	return true;
}

void subscriptions_done(struct sim *sim, uint32_t h, int result)
{
	struct subscriber *subscriber = &state(sim)->of[h];
	enum hand hand = subscriber->hand;

	subscriber->hand = EMPTY;
	if (result != 0) {
		subscriber->loss += hand == MESSAGE && subscriber->gone;
		return; /* otherwise it comes again */
	}
	if (hand == LOSS) {
		subscriber->loss -= subscriber->told;
	} else if (!subscriber->moved) {
		messages_at(log_of(sim), subscriber->position)->taken = true;
		subscriber->position++;
	}
}

/* ---- what clients do ---- */

static struct core_clause draw_clause(struct sim *sim)
{
	static const uint8_t types[] = {0x01, 0x04, 0x12, 0x21, 0x25, 0xF0};
	struct core_clause clause = core_clause_of(CORE_ASYNC_ALL);

	if (pick(sim, 2)) {
		clause.kinds = (uint8_t)(1u << (1 + pick(sim, 7)) | 1u << (1 + pick(sim, 7)));
	}
	switch (pick(sim, 10)) {
	case 0:
		clause.sensor_type = types[pick(sim, sizeof(types))];
		break;
	case 1:
		clause.sensor = (uint16_t)(0x30 + pick(sim, 4));
		break;
	case 2:
		clause.offsets = (uint16_t)(1 + pick(sim, 0xFFF));
		break;
	case 3:
		clause.directions = 1 + (pick(sim, 2) & 1);
		break;
	case 4:
		clause.severity = 1 + (pick(sim, 3) & 3);
		break;
	case 5:
		clause.netfn = pick(sim, 2) ? 0x06 : 0x30;
		clause.command = (uint16_t)(pick(sim, 2) ? CORE_ANY : 0x01);
		break;
	case 6:
		clause.channel = (uint16_t)pick(sim, 2);
		break;
	case 7:
		clause.address = (uint16_t)(0xB2 + 2 * pick(sim, 3));
		break;
	default:
		break;
	}
	return clause;
}

static size_t draw_clauses(struct sim *sim, struct core_clause *clauses)
{
	size_t count = pick(sim, 2) ? 1 : 1 + pick(sim, CORE_CLAUSES_MAX), i;

	for (i = 0; i < count; i++) {
		clauses[i] = draw_clause(sim);
	}
	return count;
}

static void draw_wish(struct sim *sim, struct subscriber *wish)
{
	const struct subscriptions *subscriptions = state(sim);
	uint32_t filter = pick(sim, FILTERS);

	*wish = (struct subscriber){.on = true};
	if (pick(sim, 4)) {
		memcpy(wish->clauses, subscriptions->filters[filter], sizeof(wish->clauses));
		wish->count = subscriptions->counts[filter];
	} else {
		wish->count = draw_clauses(sim, wish->clauses);
	}
	if (pick(sim, 8) == 0) {
		wish->exclusive = true;
		wish->clauses[0].sensor = (uint16_t)(0x30 + pick(sim, 4));
		wish->count = 1;
	}
}

/* Where it begins: what the core says must be what was asked for. */
static void start(struct sim *sim, uint32_t h, const struct core_event *event, bool before)
{
	struct subscriber *subscriber = &state(sim)->of[h];
	uint64_t next = log_of(sim)->next, oldest = messages_oldest(sim, log_of(sim));
	uint64_t after = event->subscribe.number + 1, lowest = next, highest = next, gap = 0;

	switch (event->subscribe.from) {
	case CORE_FROM_OLDEST:
		lowest = highest = oldest;
		break;
	case CORE_FROM_NUMBER:
		gap = after < oldest ? oldest - after : 0;
		lowest = highest = after + gap;
		break;
	default:
		/* Another filter in place of an old one: what was due then stays so. */
		if (before) {
			lowest = subscriber->position;
			highest = first_due(sim, h);
		}
		break;
	}
	if (event->subscribe.ret_next < lowest || event->subscribe.ret_next > highest ||
		event->subscribe.ret_gap != gap) {
		sim_fail(sim, "handle %u starts at %llu with a gap of %llu, not in %llu to %llu", h,
			(unsigned long long)event->subscribe.ret_next,
			(unsigned long long)event->subscribe.ret_gap, (unsigned long long)lowest,
			(unsigned long long)highest);
	}
	subscriber->loss += gap;
	subscriber->moved |= subscriber->position != event->subscribe.ret_next;
	subscriber->position = event->subscribe.ret_next;
	subscriber->looked = subscriber->position;
}

static void subscribe(struct sim *sim, uint32_t h)
{
	struct subscriber *subscriber = &state(sim)->of[h], wish;
	struct core_event event = {.type = CORE_EVENT_SUBSCRIBE, .now_ns = sim->now_ns};
	uint64_t next = log_of(sim)->next;
	bool before = is_subscribed(subscriber);
	int result;

	draw_wish(sim, &wish);
	event.subscribe.client = sim->clients[sim->handles[h].client].id;
	event.subscribe.handle = sim->handles[h].id;
	event.subscribe.clauses = wish.clauses;
	event.subscribe.count = wish.count;
	event.subscribe.exclusive = wish.exclusive;
	event.subscribe.from = (enum core_from)(pick(sim, 2) ? CORE_FROM_NOW : pick(sim, 3));
	if (event.subscribe.from == CORE_FROM_NUMBER) {
		uint32_t back = pick(sim, 2 * sim->limits.messages_max);

		event.subscribe.number = back < next ? next - back : 0;
	}
	result = core_step(sim->core, &event);
	sim_trace(sim, "handle %u subscribes %s from %d: %d, at %llu", h,
		wish.exclusive ? "exclusively" : "", (int)event.subscribe.from, result,
		(unsigned long long)event.subscribe.ret_next);
	if (event.subscribe.from == CORE_FROM_NUMBER && event.subscribe.number >= next) {
		if (result != -EINVAL) {
			sim_fail(sim, "handle %u begins in the future: %d", h, result);
		}
		return;
	}
	if (result == -EBUSY) {
		check_refused(sim, h, &wish, event.subscribe.ret_holder);
		return;
	}
	if (result != 0) {
		sim_fail(sim, "handle %u subscribes, and hears %d", h, result);
	}
	check_granted(sim, h, &wish);
	if (before) {
		catch_up(sim, h);
	}
	start(sim, h, &event, before);
	subscriber->on = true;
	subscriber->exclusive = wish.exclusive;
	memcpy(subscriber->clauses, wish.clauses, sizeof(wish.clauses));
	subscriber->count = wish.count;
}

/* It gets nothing any more: what it lost concerns it no longer. */
static void forget(struct subscriber *subscriber)
{
	subscriber->loss = 0;
	subscriber->told = 0;
	subscriber->gone = false;
}

static void unsubscribe(struct sim *sim, uint32_t h)
{
	struct subscriber *subscriber = &state(sim)->of[h];
	struct core_event event = {.type = CORE_EVENT_UNSUBSCRIBE};

	event.handle.client = sim->clients[sim->handles[h].client].id;
	event.handle.handle = sim->handles[h].id;
	sim_trace(sim, "handle %u unsubscribes", h);
	shell_step(sim, &event, 0);
	catch_up(sim, h);
	subscriber->on = false;
	subscriber->exclusive = false;
	subscriber->looked = subscriber->position;
	if (!is_subscribed(subscriber)) {
		forget(subscriber);
	}
}

void subscriptions_receive(struct sim *sim, uint32_t h, bool receives)
{
	struct subscriber *subscriber = &state(sim)->of[h];

	if (receives == subscriber->receives) {
		return;
	}
	if (!is_subscribed(subscriber)) {
		subscriber->position = log_of(sim)->next;
		subscriber->looked = subscriber->position;
	}
	subscriber->receives = receives;
	if (!is_subscribed(subscriber)) {
		forget(subscriber);
	}
}

/* A handle that is just being told of its loss, or SIM_NONE. */
static uint32_t loss_in_hand(struct sim *sim)
{
	uint32_t h;

	for (h = sim->handles_base; h < sim->handles_count; h++) {
		if (state(sim)->of[h].hand == LOSS && sim->handles[h].open) {
			return h;
		}
	}
	return SIM_NONE;
}

static bool act(struct sim *sim, uint32_t h)
{
	uint32_t listener = sim->handles_base + pick(sim, LISTENERS);

	if (!strikes(sim, subscribe)) {
		return false;
	}
	if (listener < sim->handles_count && sim->handles[listener].open && pick(sim, 4)) {
		h = listener;
		listener = loss_in_hand(sim);
		h = listener == SIM_NONE ? h : listener;
	}
	model_time(sim);
	if (state(sim)->of[h].on && pick(sim, state(sim)->of[h].hand == LOSS ? 2 : 3) == 0) {
		unsubscribe(sim, h);
	} else {
		subscribe(sim, h);
	}
	return true;
}

/* ---- as a part ---- */

static void begin(struct sim *sim)
{
	struct subscriptions *subscriptions = state(sim);
	size_t i;

	for (i = 0; i < FILTERS; i++) {
		subscriptions->counts[i] = draw_clauses(sim, subscriptions->filters[i]);
	}
}

static void handle_closed(struct sim *sim, uint32_t h, bool with_client)
{
	struct subscriber *subscriber = &state(sim)->of[h];

	subscriber->receives = false;
	/* The handles of a client that left end by and by, and till then keep what is theirs. */
	if (with_client && subscriber->exclusive) {
		subscriber->fading = true;
	} else {
		subscriber->on = false;
		subscriber->exclusive = false;
	}
}

/* Whoever reads has everything: what others do not take is not in its way. */
static void settled(struct sim *sim)
{
	uint32_t h;

	for (h = 0; h < sim->handles_count; h++) {
		struct subscriber *subscriber = &state(sim)->of[h];
		const struct sim_client *client = &sim->clients[sim->handles[h].client];

		if (subscriber->fading) {
			*subscriber = (struct subscriber){.on = false};
		}
		if (!is_subscribed(subscriber) || client->blocked || client->held_count > 0) {
			continue;
		}
		catch_up(sim, h);
		if (subscriber->loss > 0 || first_due(sim, h) < log_of(sim)->next) {
			sim_fail(sim, "handle %u waits for message %llu, and is told nothing", h,
				(unsigned long long)subscriber->looked);
		}
	}
}

const struct sim_part sim_subscriptions = {
	.size = sizeof(struct subscriptions),
	.begin = begin,
	.act = act,
	.handle_closed = handle_closed,
	.message = message,
	.settled = settled,
};
