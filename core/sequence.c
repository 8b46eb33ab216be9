/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequence numbers: 64 for each responder on a bus (IPMB 1.0). A number is
 *
 *	FREE     and either anybody's, or reserved: its owner's alone
 *	USED     by one request, until it is answered
 *	RESTING  in quarantine, where a response may still come that must meet nobody:
 *	         after a time-out, a second send, a close; and shortly after its response,
 *	         in case that comes twice (an owner's own number does not wait for that);
 *	         and after the agent's restart, if the shell keeps our numbers meanwhile
 *
 * Requests that name no number take from the unreserved ones, round robin, so that
 * one comes back as late as can be; where none is free their lane waits. Whoever
 * names a number has reserved it, for itself or for a virtual client, and it
 * decides whom the response is for. Where our numbers do not reach the bus
 * (wire_sequence) the reservation is virtual and everything else the same.
 */
#include "base/bits.h"
#include "core/private.h"

/* Slave addresses are even. */
#define KEPT_ADDRESSES 128
_Static_assert(CORE_KEPT_WORDS == 16 * KEPT_ADDRESSES, "a word for each channel and address");

void sequences_init(struct core *core)
{
	list_init(&core->resting);
	list_init(&core->quarantined);
	list_init(&core->on_bus);
	sequences_link(core, false);
}

void sequences_link(struct core *core, bool up)
{
	core->quarantine_ns =
		up ? core->now_ns + CORE_QUARANTINE_MS * NSEC_PER_MSEC_U64 : TIME_NEVER;
}

static uint64_t bit(unsigned number)
{
	return UINT64_C(1) << number;
}

struct core_responder *responder_find(const struct core *core, uint8_t channel, uint8_t address)
{
	uint8_t index = core->responder_of[channel & 0x0F][address >> 1];

	return index ? &core->responders[index - 1] : NULL;
}

/* One that nobody needs, or CORE_RESPONDERS_MAX. */
static unsigned responder_idle(const struct core *core)
{
	unsigned i;

	for (i = 0; i < CORE_RESPONDERS_MAX; i++) {
		const struct core_responder *responder = &core->responders[i];

		if (!responder->busy && !responder->reserved && list_empty(&responder->waiting)) {
			break;
		}
	}
	return i;
}

/* As responder_find, or a new one; NULL: there is no room. */
static struct core_responder *responder_get(struct core *core, uint8_t channel, uint8_t address)
{
	struct core_responder *responder = responder_find(core, channel, address);
	unsigned i;

	if (responder) {
		return responder;
	}
	i = core->responders_fresh;
	if (i < CORE_RESPONDERS_MAX) {
		core->responders_fresh++;
	} else {
		/* With an idle one it is forgotten where its round stood. */
		i = responder_idle(core);
		if (i == CORE_RESPONDERS_MAX) {
			return NULL;
		}
		responder = &core->responders[i];
		core->responder_of[responder->channel][responder->address >> 1] = 0;
	}
	responder = &core->responders[i];
	memset(responder, 0, sizeof(*responder));
	responder->channel = channel;
	responder->address = address;
	/* Another agent may have stopped just before we started: begin somewhere else. */
	responder->next = (uint8_t)random_below(&core->random, IPMB_SEQUENCES);
	list_init(&responder->waiting);
	core->responder_of[channel][address >> 1] = (uint8_t)(i + 1);
	return responder;
}

/* ---- lanes that wait for a number ---- */

static uint64_t common_free(const struct core_responder *responder)
{
	return ~(responder->busy | responder->reserved);
}

/* Lanes that wait for an unreserved number go on, until one has something to send with it. */
static void responder_wake(struct core *core, struct core_responder *responder)
{
	struct list_link *link;

	while (common_free(responder) && (link = list_pop_front(&responder->waiting)) != NULL) {
		struct core_lane *lane =
			container_of(link, struct core_lane, ready_link[VIPMI_CLASS_URGENT]);

		lane->waits = LANE_GOES;
		lane_update(core, lane);
		if (lane_wants_number(lane)) {
			break;
		}
	}
}

void sequence_wake(struct core *core, const struct core_lane *lane)
{
	struct core_responder *responder = responder_find(core, lane->channel, lane->address);

	if (responder) {
		responder_wake(core, responder);
	}
}

/* What needs an unreserved number waits until one is free. */
static void lane_park(struct core *core, struct core_lane *lane, struct core_responder *responder)
{
	core_count(core, bus_waits);
	lane->waits = LANE_WAITS;
	lane_update(core, lane);
	if (lane->ready & 1 << VIPMI_CLASS_URGENT) {
		lane->waits = LANE_WAITS_ASIDE;
	} else {
		list_push_back(&responder->waiting, &lane->ready_link[VIPMI_CLASS_URGENT]);
	}
}

bool sequence_ready(struct core *core, const struct core_request *request)
{
	const struct core_responder *responder;

	if (!request->reserved_number || request->has_number) {
		return true;
	}
	responder = responder_find(core, request->channel, request->address);
	return !responder || !(responder->busy & bit(request->number));
}

/* The responder's word in what outlives us, or NULL. */
static uint64_t *kept_word(struct core *core, const struct core_responder *responder)
{
	return core->kept ? &core->kept[responder->channel * KEPT_ADDRESSES +
					(responder->address >> 1)]
			  : NULL;
}

static void number_busy(struct core *core, struct core_responder *responder, unsigned index)
{
	uint64_t *kept = kept_word(core, responder);

	responder->busy |= bit(index);
	if (kept && core->link.wire_sequence) {
		*kept |= bit(index);
	}
}

static void number_free(struct core *core, struct core_responder *responder, unsigned index)
{
	struct core_number *number = &responder->numbers[index];
	uint64_t *kept = kept_word(core, responder);
	struct core_lane *lane;

	if (kept) {
		*kept &= ~bit(index);
	}
	number->state = NUMBER_FREE;
	number->request = NULL;
	responder->busy &= ~bit(index);
	if (!(responder->reserved & bit(index))) {
		responder_wake(core, responder);
		return;
	}
	lane = lane_find(number->owner, responder->channel, responder->address);
	if (lane) {
		lane_update(core, lane);
	}
}

/* ---- a number for a request, and back ---- */

static int number_choose(struct core_responder *responder)
{
	uint64_t free = bits_rotate_right(common_free(responder), responder->next);
	unsigned number;

	if (!free) {
		return -EAGAIN;
	}
	number = (responder->next + bits_lowest(free)) % IPMB_SEQUENCES;
	responder->next = (uint8_t)(number + 1); /* 64 is as good as 0 */
	return (int)number;
}

bool sequence_take(struct core *core, struct core_request *request)
{
	struct core_responder *responder;
	struct core_number *number;
	int chosen = request->number;

	if (request->has_number) {
		return true;
	}
	responder = responder_get(core, request->channel, request->address);
	if (!responder) {
		request_fail(core, request, VIPMI_REASON_FULL);
		return false;
	}
	if (request->reserved_number) {
		/* Given back, and perhaps somebody else's, while the request waited. */
		if (responder->numbers[chosen].owner != request_handle(request)) {
			request_fail(core, request, VIPMI_REASON_NOT_FOUND);
			return false;
		}
		if (!core_check(core, !(responder->busy & bit(request->number)))) {
			return false;
		}
	} else {
		chosen = number_choose(responder);
		if (chosen < 0) {
			lane_park(core, request->lane, responder);
			return false;
		}
	}
	number = &responder->numbers[chosen];
	number_busy(core, responder, (unsigned)chosen);
	number->state = NUMBER_USED;
	number->request = request;
	number->netfn = request->netfn;
	number->command = request->command;
	request->number = (uint8_t)chosen;
	request->has_number = true;
	return true;
}

static void number_rest(
	struct core *core, struct core_responder *responder, unsigned index, bool quarantine)
{
	struct core_number *number = &responder->numbers[index];
	uint32_t rest_ms = quarantine ? CORE_QUARANTINE_MS : CORE_REST_MS;

	core->counters[CORE_COUNTER_bus_numbers_rested] += quarantine;
	number_busy(core, responder, index);
	number->request = NULL;
	number->state = NUMBER_RESTING;
	number->responder = (uint8_t)(responder - core->responders);
	number->rest_until_ns = core->now_ns + rest_ms * NSEC_PER_MSEC_U64;
	list_push_back(quarantine ? &core->quarantined : &core->resting, &number->rest_link);
}

void sequence_release(struct core *core, struct core_request *request, bool quarantine)
{
	struct core_responder *responder = responder_find(core, request->channel, request->address);
	bool owned, given_back;

	request->has_number = false;
	if (!core_check(core, responder != NULL)) {
		return;
	}
	/* Its owner can tell a repeated response by what it asks with the number next; nobody else
	 * can, to whom it may go if it was given back meanwhile. */
	owned = request->reserved_number &&
		responder->numbers[request->number].owner == request_handle(request);
	given_back = request->reserved_number && !owned;
	if (request->sends == 0) {
		/* But its owner's last request with it may have been. */
		quarantine = given_back;
	}
	if (core->link.wire_sequence && (quarantine || (request->sends > 0 && !owned))) {
		number_rest(core, responder, request->number, quarantine);
	} else {
		number_free(core, responder, request->number);
	}
}

static uint64_t rested_at(const struct core *core, const struct list_link *list)
{
	const struct list_link *link = list_first(list);
	uint64_t at_ns;

	if (!link) {
		return TIME_NEVER;
	}
	at_ns = container_of(link, struct core_number, rest_link)->rest_until_ns;
	return list == &core->quarantined && at_ns < core->quarantine_ns ? core->quarantine_ns
									 : at_ns;
}

uint64_t sequence_deadline(const struct core *core)
{
	uint64_t resting = rested_at(core, &core->resting);
	uint64_t quarantined = rested_at(core, &core->quarantined);

	return resting < quarantined ? resting : quarantined;
}

static void rested(struct core *core, struct list_link *list)
{
	unsigned most = CORE_SWEEP_MAX;

	/* All of one list rest equally long, so it is in order. */
	while (most-- > 0 && rested_at(core, list) <= core->now_ns) {
		struct core_number *number =
			container_of(list_pop_front(list), struct core_number, rest_link);
		struct core_responder *responder = &core->responders[number->responder];

		number_free(core, responder, (unsigned)(number - responder->numbers));
	}
}

void sequences_run(struct core *core)
{
	rested(core, &core->resting);
	rested(core, &core->quarantined);
}

/* Another core's numbers: what was asked under them, a program that is gone may yet be answered.
 * (The bits are of any origin: all that they can do is to make numbers rest.) */
static void responder_inherit(struct core *core, uint8_t channel, uint8_t address, uint64_t numbers)
{
	struct core_responder *responder = NULL;

	if (bus_address_valid(channel, address)) {
		responder = responder_get(core, channel, address);
	}
	for (; responder && numbers; numbers &= numbers - 1) {
		number_rest(core, responder, bits_lowest(numbers), true);
	}
}

void core_keep_numbers(struct core *core, uint64_t words[CORE_KEPT_WORDS])
{
	unsigned i;

	core->kept = words;
	for (i = 0; i < CORE_KEPT_WORDS; i++) {
		uint64_t numbers = words[i];

		if (numbers == 0) {
			continue;
		}
		responder_inherit(core, (uint8_t)(i / KEPT_ADDRESSES),
			(uint8_t)(i % KEPT_ADDRESSES << 1), numbers);
		/* More responders than a core has at a time, or none: no core's numbers. */
		if (!responder_find(core, (uint8_t)(i / KEPT_ADDRESSES),
			    (uint8_t)(i % KEPT_ADDRESSES << 1))) {
			words[i] = 0;
		}
	}
}

/* ---- reservations ---- */

static unsigned count_bits(uint64_t mask)
{
	unsigned count = 0;

	for (; mask; mask &= mask - 1) {
		count++;
	}
	return count;
}

int sequence_reserve(struct core *core, struct core_event *event)
{
	struct core_handle *handle =
		handle_find(core, event->sequence.client, event->sequence.handle);
	uint64_t wanted = event->sequence.numbers, granted = 0;
	unsigned count = wanted ? count_bits(wanted) : event->sequence.count;
	struct core_responder *responder;

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	if (!bus_address_valid(event->sequence.channel, event->sequence.address) || count == 0) {
		return -EINVAL;
	}
	if (count > CORE_SEQUENCES_PER_HANDLE - handle->sequences) {
		core_count(core, sequences_refused);
		return -ENOSPC;
	}
	responder = responder_get(core, event->sequence.channel, event->sequence.address);
	if (!responder) {
		core_count(core, sequences_refused);
		return -ENOSPC;
	}
	if (wanted & ~common_free(responder) ||
		(!wanted && count > count_bits(common_free(responder)))) {
		core_count(core, sequences_refused);
		return -EBUSY;
	}
	while (count-- > 0) {
		int index = wanted ? (int)bits_lowest(wanted) : number_choose(responder);

		wanted &= wanted - 1;
		granted |= bit((unsigned)index);
		responder->reserved |= bit((unsigned)index);
		responder->numbers[index].owner = handle;
		responder->numbers[index].virtual_client = event->sequence.virtual_client;
		handle->sequences++;
	}
	core_count(core, sequences_reserved);
	event->sequence.ret_numbers = granted;
	return 0;
}

static void number_give_back(struct core *core, struct core_responder *responder, unsigned index)
{
	struct core_number *number = &responder->numbers[index];

	number->owner->sequences--;
	number->owner = NULL;
	responder->reserved &= ~bit(index);
	if (number->state == NUMBER_FREE && core->link.wire_sequence) {
		number_rest(core, responder, index, true);
	} else if (number->state == NUMBER_FREE) {
		responder_wake(core, responder);
	}
}

int sequence_free(struct core *core, const struct core_event *event)
{
	struct core_handle *handle =
		handle_find(core, event->sequence.client, event->sequence.handle);
	struct core_responder *responder;
	uint64_t rest = event->sequence.numbers;

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	if (!bus_address_valid(event->sequence.channel, event->sequence.address)) {
		return -EINVAL;
	}
	responder = responder_find(core, event->sequence.channel, event->sequence.address);
	if (!responder) {
		return -ENOENT;
	}
	for (; rest; rest &= rest - 1) {
		if (responder->numbers[bits_lowest(rest)].owner != handle) {
			return -ENOENT;
		}
	}
	for (rest = event->sequence.numbers; rest; rest &= rest - 1) {
		number_give_back(core, responder, bits_lowest(rest));
	}
	return 0;
}

void sequences_forget(struct core *core, struct core_handle *handle)
{
	uint32_t i;

	/* Bounded by what there is of responders, and only for who reserved at all. */
	for (i = 0; i < core->responders_fresh && handle->sequences > 0; i++) {
		struct core_responder *responder = &core->responders[i];
		uint64_t rest = responder->reserved;

		for (; rest; rest &= rest - 1) {
			if (responder->numbers[bits_lowest(rest)].owner == handle) {
				number_give_back(core, responder, bits_lowest(rest));
			}
		}
	}
}

bool sequence_name(
	struct core *core, const struct core_handle *handle, struct core_request *request)
{
	const struct core_responder *responder =
		responder_find(core, request->channel, request->address);

	if (!responder || request->target_kind == VIPMI_TARGET_CONTROLLER ||
		request->number >= IPMB_SEQUENCES ||
		responder->numbers[request->number].owner != handle) {
		return false;
	}
	request->virtual_client = responder->numbers[request->number].virtual_client;
	return true;
}

bool core_sequence_next(
	const struct core *core, uint32_t *cursor, struct core_sequence_info *ret_info)
{
	for (; *cursor < core->responders_fresh * IPMB_SEQUENCES; (*cursor)++) {
		const struct core_responder *responder =
			&core->responders[*cursor / IPMB_SEQUENCES];
		uint8_t index = (uint8_t)(*cursor % IPMB_SEQUENCES);
		const struct core_number *number = &responder->numbers[index];

		if (!(responder->reserved & bit(index)) && number->state == NUMBER_FREE) {
			continue;
		}
		*ret_info = (struct core_sequence_info){
			.channel = responder->channel,
			.address = responder->address,
			.number = index,
			.reserved = responder->reserved >> index & 1,
			.used = number->state == NUMBER_USED,
			.resting = number->state == NUMBER_RESTING,
			.on_wire = core->link.wire_sequence,
			.handle = number->owner ? handle_id(core, number->owner) : 0,
			.virtual_client = number->owner ? number->virtual_client : 0,
		};
		(*cursor)++;
		return true;
	}
	return false;
}
