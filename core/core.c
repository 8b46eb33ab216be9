/* SPDX-License-Identifier: BSD-2-Clause */
/* The door: memory, events in, actions out, the deadline. */
#include "core/private.h"

/* What interfaces.md section 1 promises of each. */
_Static_assert(sizeof(struct core_handle) <= 512, "a handle has at most 512 bytes");
/* With pointers of 8 bytes; smaller ones make it smaller. */
_Static_assert(sizeof(struct core_request) == 192 || sizeof(void *) < 8,
	"a request slot is three cache lines");
_Static_assert(sizeof(struct core_record) == 64, "an outcome record is one cache line");

/* Arrays start on a cache line each. */
#define CORE_ALIGNMENT 64u

enum layout_count {
	PER_CLIENT,
	PER_HANDLE,
	PER_REQUEST,
	PER_RESPONDER,
	PER_MESSAGE,
	PER_RECORD,
	PER_CACHED
};

/* The arrays behind struct core in the caller's block. */
static const struct {
	size_t field; /* offset of the pointer in struct core */
	size_t size;
	enum layout_count count;
} layout[] = {
	{offsetof(struct core, clients), sizeof(struct core_client), PER_CLIENT},
	{offsetof(struct core, handles), sizeof(struct core_handle), PER_HANDLE},
	{offsetof(struct core, alarms), sizeof(struct core_handle *), PER_HANDLE},
	{offsetof(struct core, requests), sizeof(struct core_request), PER_REQUEST},
	{offsetof(struct core, chunks), VIPMI_DATA_MAX, PER_REQUEST},
	{offsetof(struct core, lanes), sizeof(struct core_lane), PER_REQUEST},
	{offsetof(struct core, responders), sizeof(struct core_responder), PER_RESPONDER},
	{offsetof(struct core, messages), sizeof(struct core_message), PER_MESSAGE},
	{offsetof(struct core, records), sizeof(struct core_record), PER_RECORD},
	{offsetof(struct core, cached), sizeof(struct core_cached), PER_CACHED},
};

static uint32_t clients_for(const struct core_limits *limits)
{
	uint32_t clients = limits->handles_max + CORE_CLIENTS_SPARE;

	return clients < CORE_HANDLES_LIMIT ? clients : CORE_HANDLES_LIMIT;
}

static size_t layout_count(const struct core_limits *limits, enum layout_count count)
{
	switch (count) {
	case PER_CLIENT:
		return clients_for(limits);
	case PER_HANDLE:
		return limits->handles_max;
	case PER_REQUEST:
		return limits->requests_max;
	case PER_RESPONDER:
		return CORE_RESPONDERS_MAX;
	case PER_MESSAGE:
		return limits->messages_max;
	case PER_RECORD:
		return CORE_RECORDS_KEPT;
	case PER_CACHED:
		return limits->cache_age_ms ? CORE_CACHED_MAX : 0;
	}
	return 0;
}

static size_t aligned(size_t size)
{
	return (size + CORE_ALIGNMENT - 1) & ~(size_t)(CORE_ALIGNMENT - 1);
}

/* Cuts the arrays off the block behind `core`, or, without one, only adds up their sizes. */
static size_t layout_apply(struct core *core, const struct core_limits *limits)
{
	size_t offset = aligned(sizeof(struct core)), i;

	for (i = 0; i < ARRAY_LENGTH(layout); i++) {
		if (core) {
			void *array = (uint8_t *)core + offset;

			memcpy((uint8_t *)core + layout[i].field, &array, sizeof(array));
		}
		offset += aligned(layout_count(limits, layout[i].count) * layout[i].size);
	}
	return offset;
}

/* Fills in the defaults. False when a limit is out of range. */
static bool limits_settle(const struct core_limits *given, struct core_limits *ret_limits)
{
	struct core_limits limits = *given;

	limits.handles_max = limits.handles_max ? limits.handles_max : CORE_HANDLES_DEFAULT;
	limits.requests_max = limits.requests_max ? limits.requests_max
						  : limits.handles_max + CORE_REQUESTS_SHARED;
	limits.credit_max = limits.credit_max ? limits.credit_max : CORE_CREDIT_DEFAULT;
	limits.messages_max = limits.messages_max ? limits.messages_max : CORE_MESSAGES_KEPT;
	if (limits.handles_max > CORE_HANDLES_LIMIT || limits.requests_max < limits.handles_max ||
		limits.requests_max > CORE_REQUESTS_LIMIT ||
		limits.credit_max > CORE_CREDIT_LIMIT || limits.messages_max > CORE_MESSAGES_KEPT ||
		limits.cache_age_ms > CORE_CACHE_AGE_MAX_MS ||
		(limits.messages_max & (limits.messages_max - 1)) != 0) {
		return false;
	}
	*ret_limits = limits;
	return true;
}

size_t core_size(const struct core_limits *given)
{
	struct core_limits limits;

	return limits_settle(given, &limits) ? layout_apply(NULL, &limits) : 0;
}

int core_init(void *memory, size_t size, const struct core_limits *given, uint64_t now_ns,
	struct core **ret_core)
{
	struct core *core = memory;
	struct core_limits limits;

	if (!limits_settle(given, &limits) || !memory || size < layout_apply(NULL, &limits) ||
		(uintptr_t)memory % CORE_ALIGNMENT != 0) {
		return -EINVAL;
	}
	memset(core, 0, sizeof(*core));
	core->limits = limits;
	core->clients_max = clients_for(&limits);
	(void)layout_apply(core, &limits); /* the size is known to fit */
	if (limits.cache_age_ms) {
		memset(core->cached, 0, CORE_CACHED_MAX * sizeof(*core->cached));
	}
	core->cache_era = 1;
	core->now_ns = now_ns;
	core->started_ns = now_ns;
	random_init(&core->random, limits.seed);
	clients_init(core);
	requests_init(core);
	arbiter_init(core);
	transmissions_init(core);
	merge_init(core);
	sequences_init(core);
	subscriptions_init(core);
	command_reservations_init(core);
	fetch_reset(core);
	*ret_core = core;
	return 0;
}

/* What time alone brings about. Bounded; what is left keeps the deadline in the past. Each is
 * asked first whether it is due: this stands on the message path. */
static void run_timers(struct core *core)
{
	uint64_t now_ns = core->now_ns;

	if (core->alarms_length > 0 && core->alarms[0]->alarm_ns <= now_ns) {
		alarms_run(core, CORE_ALARMS_PER_STEP);
	}
	if (core->flight_alarm_ns <= now_ns) {
		transmissions_run(core);
	}
	if (!list_empty(&core->resting) || !list_empty(&core->quarantined)) {
		sequences_run(core);
	}
	if (core->lease_alarm_ns <= now_ns) {
		command_leases_run(core);
	}
	if (core->fetch.poll_at_ns <= now_ns) {
		fetch_run(core);
	}
	if (core->link_blocked && core->link_retry_ns <= now_ns) {
		core->link_blocked = false;
	}
	if (!list_empty(&core->leaving) || !list_empty(&core->closing)) {
		sweep(core);
	}
}

/* A dispatcher: one line an event. */
static int dispatch(struct core *core, struct core_event *event)
{
	switch (event->type) {
	case CORE_EVENT_REQUEST:
		return request_submit(core, event);
	case CORE_EVENT_RECEIVED:
		return transmission_received(core, event);
	case CORE_EVENT_TIME:
		return 0;
	case CORE_EVENT_CLIENT_OPEN:
		return client_open(core, event);
	case CORE_EVENT_CLIENT_CLOSE:
		return client_close(core, event->client.client);
	case CORE_EVENT_CLIENT_WRITABLE:
		return client_writable(core, event->client.client);
	case CORE_EVENT_HANDLE_OPEN:
		return handle_open(core, event);
	case CORE_EVENT_HANDLE_CLOSE:
		return handle_close_by_id(core, event->handle.client, event->handle.handle);
	case CORE_EVENT_SUBSCRIBE:
		return subscription_begin(core, event);
	case CORE_EVENT_UNSUBSCRIBE:
		return subscription_end(core, event);
	case CORE_EVENT_CANCEL:
		return request_cancel(core, event);
	case CORE_EVENT_COMMAND_RESERVE:
		return command_reserve(core, event);
	case CORE_EVENT_COMMAND_RELEASE:
		return command_release_by_event(core, event);
	case CORE_EVENT_COMMAND_REVOKE:
		return command_revoke(core, event->command_revoke.number);
	case CORE_EVENT_SEQUENCE_RESERVE:
		return sequence_reserve(core, event);
	case CORE_EVENT_SEQUENCE_FREE:
		return sequence_free(core, event);
	case CORE_EVENT_RESPOND:
		return incoming_respond(core, event);
	case CORE_EVENT_MAINTENANCE:
		return maintenance_want(core, event);
	case CORE_EVENT_CREDIT_WANTED:
		return credit_wanted(core, event->handle.client, event->handle.handle);
	case CORE_EVENT_LINK_UP:
		return link_went_up(core, &event->link_up);
	case CORE_EVENT_LINK_DOWN:
		return link_went_down(core);
	case CORE_EVENT_LINK_READY:
		core->link_blocked = false;
		return 0;
	case CORE_EVENT_CONTROLLER_RESET:
		return controller_was_reset(core);
	case CORE_EVENT_ATTENTION:
		fetch_attention(core, event->attention.asserted);
		return 0;
	case CORE_EVENT_GARBLED:
		core_count(core, responses_garbled);
		return 0;
	case CORE_EVENT_MESSAGE:
		return subscription_message(core, event);
	case CORE_EVENT_COUNT:
		break;
	}
	return -EINVAL;
}

int core_step(struct core *core, struct core_event *event)
{
	if (core->broken) {
		return -EIO;
	}
	if (event->now_ns > core->now_ns) {
		core->now_ns = event->now_ns;
	}
	core->due_left = false; /* who steps pulls afterwards */
	core->tries_left = false;
	run_timers(core);
	return dispatch(core, event);
}

bool core_next(struct core *core, struct core_action *ret_action)
{
	if (core->broken) {
		return false;
	}
	/* The controller first: while it works, the rest is handed out. */
	return transmission_next(core, ret_action) || deliver_next(core, ret_action) ||
	       subscription_next(core, ret_action) || credit_next(core, ret_action) ||
	       registration_next(core, ret_action) || maintenance_next(core, ret_action);
}

void core_done(struct core *core, uint64_t id, int result)
{
	if (core->broken) {
		return;
	}
	switch (id >> 56) {
	case ABOUT_TRANSMISSION:
		transmission_done(core, id, result);
		break;
	case ABOUT_ANSWER:
		deliver_done(core, id, result);
		break;
	case ABOUT_MESSAGE:
		subscription_done(core, id, result);
		break;
	case ABOUT_CREDIT:
		break;
	case ABOUT_REGISTRATION:
		registration_done(core, id, result);
		break;
	case ABOUT_MAINTENANCE:
		maintenance_done(core, id, result);
		break;
	default:
		core_count(core, actions_stale);
	}
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t core_deadline(const struct core *core)
{
	uint64_t deadline = core->flight_alarm_ns;

	if (core->broken) {
		return TIME_NEVER;
	}
	if (!list_empty(&core->closing) || !list_empty(&core->leaving) || core->due_left ||
		core->tries_left) {
		return core->now_ns;
	}
	if (core->alarms_length > 0) {
		deadline = earlier(deadline, core->alarms[0]->alarm_ns);
	}
	if (core->link_blocked) {
		deadline = earlier(deadline, core->link_retry_ns);
	}
	if (core->silent && probe_possible(core)) {
		deadline = earlier(deadline, core->probe_at_ns);
	}
	deadline = earlier(deadline, core->lease_alarm_ns);
	return earlier(earlier(deadline, sequence_deadline(core)), fetch_deadline(core));
}
