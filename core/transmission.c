/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The window: what the link has in hand. A transmission keeps its place until
 * its response or its service time-out, whatever becomes of its request, for
 * that is how long the controller is busy with it.
 */
#include "core/private.h"

/* Bits of a transmission's id that name its place, counted from 1: 0 is no id. Above them the
 * generation, as much of it as fits. */
#define PLACE_BITS 9
_Static_assert(CORE_WINDOW_MAX + CORE_BUS_WINDOW_MAX < 1 << PLACE_BITS, "places fit");

void transmissions_init(struct core *core)
{
	uint32_t i;

	list_init(&core->flight);
	list_init(&core->free_transmissions[CORE_PORT_DIRECT]);
	list_init(&core->free_transmissions[CORE_PORT_BUS]);
	for (i = 0; i < ARRAY_LENGTH(core->transmissions); i++) {
		enum core_port port = i < CORE_WINDOW_MAX ? CORE_PORT_DIRECT : CORE_PORT_BUS;

		core->transmissions[i].port = (uint8_t)port;
		list_init(&core->transmissions[i].link);
		list_init(&core->transmissions[i].merged);
		list_init(&core->transmissions[i].held);
		list_push_back(&core->free_transmissions[port], &core->transmissions[i].link);
	}
	core->flight_alarm_ns = TIME_NEVER;
}

static uint32_t place_of(const struct core *core, const struct core_transmission *transmission)
{
	return (uint32_t)(transmission - core->transmissions);
}

static uint32_t transmission_id(
	const struct core *core, const struct core_transmission *transmission)
{
	return transmission->generation << PLACE_BITS | (place_of(core, transmission) + 1);
}

static struct core_transmission *transmission_find(struct core *core, uint32_t id)
{
	uint32_t place = (id & ((1u << PLACE_BITS) - 1)) - 1;
	struct core_transmission *transmission;

	if (place >= ARRAY_LENGTH(core->transmissions)) {
		return NULL;
	}
	transmission = &core->transmissions[place];
	return transmission->state != TRANSMISSION_FREE && transmission_id(core, transmission) == id
		       ? transmission
		       : NULL;
}

bool transmission_room(const struct core *core, enum core_port port)
{
	bool direct = core->flying[CORE_PORT_DIRECT] < core->link.window;

	if (port == CORE_PORT_DIRECT) {
		return direct;
	}
	return core->link.raw_bridge ? direct && core->bridged < core->link.bus_window
				     : core->flying[CORE_PORT_BUS] < core->link.bus_window;
}

struct core_transmission *transmission_take(
	struct core *core, enum core_port port, enum core_purpose purpose)
{
	struct list_link *link = list_pop_front(&core->free_transmissions[port]);
	struct core_transmission *transmission;

	if (!core_check(core, link != NULL)) {
		return NULL;
	}
	transmission = container_of(link, struct core_transmission, link);
	transmission->state = TRANSMISSION_OFFERED;
	transmission->purpose = (uint8_t)purpose;
	transmission->request = NULL;
	transmission->handle = NULL;
	transmission->ghost = NULL;
	transmission->lost = VIPMI_REASON_NONE;
	transmission->reserves = false;
	transmission->voids = false;
	transmission->touches = false;
	transmission->held_count = 0;
	transmission->cache_era = core->cache_era;
	transmission->timeout_at_ns = TIME_NEVER;
	list_push_back(&core->flight, link);
	core->flying[port]++;
	return transmission;
}

/* The place is free again. What it held up may go on. */
static void transmission_end(struct core *core, struct core_transmission *transmission)
{
	struct core_lane *ghost = transmission->ghost;

	if (transmission->state == TRANSMISSION_SENT && --core->sent_now == 0) {
		core->busy_ns += core->now_ns - core->busy_since_ns;
	}
	transmission->state = TRANSMISSION_FREE;
	transmission->request = NULL;
	transmission->handle = NULL;
	transmission->ghost = NULL;
	transmission->generation++;
	list_remove(&transmission->link);
	list_push_front(&core->free_transmissions[transmission->port], &transmission->link);
	core->flying[transmission->port]--;
	if (list_empty(&core->flight)) {
		core->flight_alarm_ns = TIME_NEVER;
	}
	if (ghost) {
		ghost->ghosts--;
		lane_update(core, ghost);
		lane_release(core, ghost);
	}
	if (transmission->touches) {
		cache_forget(core);
	}
	merge_end(core, transmission);
}

void transmission_orphan(struct core *core, struct core_request *request, bool ghost)
{
	struct core_transmission *transmission = transmission_find(core, request->transmission);

	if (!core_check(core, transmission != NULL)) {
		return;
	}
	transmission->request = NULL;
	if (ghost) {
		transmission->ghost = request->lane;
		request->lane->ghosts++;
	}
}

void transmissions_forget(struct core *core, const struct core_handle *handle)
{
	struct list_link *link;

	list_for_each(link, &core->flight) {
		struct core_transmission *transmission =
			container_of(link, struct core_transmission, link);

		if (transmission->handle != handle) {
			continue;
		}
		transmission->handle = NULL;
		if (transmission->ghost) {
			transmission->ghost->ghosts--;
			lane_release(core, transmission->ghost);
			transmission->ghost = NULL;
		}
	}
}

/* ---- sending ---- */

bool transmission_offer(struct core *core, struct core_transmission *transmission,
	const struct core_transmit *transmit, struct core_action *ret_action)
{
	transmission->netfn = transmit->netfn;
	transmission->command = transmit->command;
	transmission->timeout_ns = transmit->timeout_ns;
	ret_action->id = action_id(
		ABOUT_TRANSMISSION, place_of(core, transmission), transmission->generation);
	ret_action->type = CORE_ACTION_TRANSMIT;
	ret_action->transmit = *transmit;
	ret_action->transmit.transmission = transmission_id(core, transmission);
	return true;
}

uint8_t *transmission_frame(struct core *core, const struct core_transmission *transmission)
{
	return core->frames[place_of(core, transmission)];
}

static uint64_t request_timeout_ns(const struct core *core, const struct core_request *request)
{
	uint32_t timeout_ms = core->link.service_timeout_ms;

	return (timeout_ms ? timeout_ms : request->timeout_ms) * NSEC_PER_MSEC_U64;
}

/* Makes the action for a request that is its lane's head. False: it could not go after all. */
static bool request_offer(
	struct core *core, struct core_request *request, struct core_action *ret_action)
{
	struct core_lane *lane = request->lane;
	bool bus = lane->port == CORE_PORT_BUS;
	bool bridge = bus && core->link.raw_bridge;
	struct core_transmit transmit = {
		.target_kind = bridge ? VIPMI_TARGET_CONTROLLER : request->target_kind,
		.channel = request->channel,
		.address = request->address,
		.netfn = request->netfn,
		.lun = request->lun,
		.command = request->command,
		.data = request_data(core, request),
		.length = request->length,
		.timeout_ns = request_timeout_ns(core, request),
	};
	struct core_transmission *transmission;

	if (merge_hold(core, request) || (bridge && bridge_held_up(core, request)) ||
		(bus && !bridge && relay_held_up(core, request))) {
		return false;
	}
	if (bus && (bridge || request->reserved_number) && !sequence_take(core, request)) {
		return false;
	}
	if (bus && !bridge) {
		transmit.timeout_ns = CORE_RELAY_TIMEOUT_MS * NSEC_PER_MSEC_U64;
	}
	transmission = transmission_take(core, bus && !bridge ? CORE_PORT_BUS : CORE_PORT_DIRECT,
		bridge ? PURPOSE_BRIDGE
		: bus  ? PURPOSE_RELAY
		       : PURPOSE_REQUEST);
	if (!transmission) {
		return false;
	}
	if (request_is_response(request)) {
		response_offer(core, request, transmission_frame(core, transmission), &transmit);
	} else if (bridge) {
		bridge_wrap(core, request, transmission_frame(core, transmission), &transmit);
		bridge_enter(core, request);
	} else if (!bus) {
		message_state_offer(core, request);
		reservation_offer(core, request, transmission, &transmit);
	}
	transmission->request = request;
	transmission->channel = request->channel;
	transmission->address = request->address;
	transmission->handle = lane->handle;
	transmission->class = request->class;
	transmission->touches = cache_touched_by(core, request);
	if (transmission->touches) {
		cache_forget(core);
	}
	lane_remove(core, request);
	request->state = REQUEST_OFFERED;
	request->transmission = transmission_id(core, transmission);
	lane->in_flight++;
	lane_update(core, lane);
	if (request->merges) {
		merge_gather(core, transmission, request);
	}
	return transmission_offer(core, transmission, &transmit, ret_action);
}

/* Whether the request may still be sent; answers it, or closes what is leaving, where not. */
static bool request_still_wanted(struct core *core, struct core_request *request)
{
	struct core_handle *handle = request_handle(request);
	uint32_t length = request->length;

	if (handle_leaving(handle)) {
		handle_close(core, handle);
		return false;
	}
	if (request->deadline_ns <= core->now_ns) {
		request_fail(core, request, VIPMI_REASON_EXPIRED);
		return false;
	}
	/* Who may receive a request may answer it. What a Send Message carries goes only if that
	 * itself may: it still waits as its partner. */
	if (!request_is_response(request) &&
		command_forbidden(core, request->partner ? request->partner : request)) {
		command_refuse(core, request); /* reserved while it waited */
		return false;
	}
	if (reservation_void(core, request)) {
		core_count(core, answers_reservation);
		request_answer(core, request, VIPMI_CC_RESERVATION_CANCELLED, VIPMI_ORIGIN_AGENT,
			VIPMI_REASON_VOID, NULL, 0);
		return false;
	}
	if (core->link.raw_bridge &&
		(request->lane->port == CORE_PORT_BUS || request_is_response(request))) {
		length += 1 + IPMB_REQUEST_OVERHEAD + 1; /* channel; a broadcast's leading 00 */
	}
	if (length > core->link.data_max) {
		request_fail(core, request, VIPMI_REASON_TOO_LONG);
		return false;
	}
	return !cache_answer(core, request);
}

bool transmission_next(struct core *core, struct core_action *ret_action)
{
	unsigned tries;

	if (!core->link_up || core->link_blocked) {
		return false;
	}
	if (core->silent) {
		return probe_next(core, ret_action);
	}
	if (core->fetch.run < CORE_FETCH_RUN_MAX && fetch_next(core, ret_action)) {
		core->fetch.run++;
		return true;
	}
	for (tries = 0; tries < CORE_SWEEP_MAX && core->queued > 0; tries++) {
		struct core_request *request = arbiter_next(core);

		if (!request) {
			break;
		}
		if (request_still_wanted(core, request) &&
			request_offer(core, request, ret_action)) {
			arbiter_account(core, request->class);
			core->fetch.run = 0;
			return true;
		}
	}
	/* None of these could go, but one behind them may. */
	core->tries_left = tries == CORE_SWEEP_MAX;
	if (!transmission_room(core, CORE_PORT_DIRECT)) {
		return false; /* which says nothing about who waits for it */
	}
	/* Nothing of the clients' can go: housekeeping has the controller to itself. */
	return fetch_next(core, ret_action);
}

/* The request of an open TRANSMIT action, whose handle closed meanwhile. */
static bool offered_in_vain(const struct core_request *request)
{
	return request && !request_handle(request)->open;
}

static void transmission_went(struct core *core, struct core_transmission *transmission)
{
	struct core_request *request = transmission->request;

	core_count(core, transmissions);
	transmission->state = TRANSMISSION_SENT;
	transmission->sent_ns = core->now_ns;
	transmission->timeout_at_ns = core->now_ns + transmission->timeout_ns;
	if (transmission->timeout_at_ns < core->flight_alarm_ns) {
		core->flight_alarm_ns = transmission->timeout_at_ns;
	}
	if (core->sent_now++ == 0) {
		core->busy_since_ns = core->now_ns;
	}
	if (!request) {
		core_count(core, housekeeping);
		return;
	}
	merge_sent(core, transmission);
	request->state = REQUEST_SENT;
	request_went(core, request);
	if (offered_in_vain(request)) {
		request_abandon(core, request);
		return;
	}
	/* While the action was open its deadline could not be served. */
	alarm_set(core, request_handle(request), request->deadline_ns);
	if (request->raw && transmission->purpose == PURPOSE_RELAY) {
		raw_accepted(core, request);
	}
}

static void transmission_refused(
	struct core *core, struct core_transmission *transmission, int result)
{
	struct core_request *request = transmission->request;
	bool vain = offered_in_vain(request);

	if (result == -EAGAIN) {
		core_count(core, transmissions_refused);
	} else {
		core_count(core, transmissions_failed);
	}
	transmission_end(core, transmission);
	if (request) {
		request->transmission = 0;
	}
	if (!request) {
		fetch_lost(core);
	} else if (vain) {
		request->state =
			REQUEST_SENT; /* as far as leaving goes: nothing is open any more */
		request_abandon(core, request);
	} else if (result == -EMSGSIZE) {
		request_fail(core, request, VIPMI_REASON_TOO_LONG);
		return;
	} else if (result == -EOPNOTSUPP) {
		request_fail(core, request, VIPMI_REASON_NOT_CARRIED);
		return;
	} else {
		alarm_set(core, request_handle(request), request->deadline_ns);
		request_requeue(core, request);
	}
	core->link_blocked = true;
	core->link_retry_ns = core->now_ns + CORE_LINK_RETRY_MS * NSEC_PER_MSEC_U64;
}

/* The link or the controller was lost while the action was open: only now its bytes are ours
 * again, and only now it is known whether they went out. */
static void transmission_done_late(
	struct core *core, struct core_transmission *transmission, int result)
{
	struct core_request *request = transmission->request;
	enum vipmi_reason reason = transmission->lost;

	if (result == 0) {
		merge_sent(core, transmission);
	}
	transmission_end(core, transmission);
	if (!request) {
		return;
	}
	request->transmission = 0;
	if (result == 0) {
		request_went(core, request);
	}
	if (offered_in_vain(request)) {
		request->state =
			REQUEST_SENT; /* as far as leaving goes: nothing is open any more */
		request_abandon(core, request);
		return;
	}
	alarm_set(core, request_handle(request), request->deadline_ns);
	request_lose(core, request, reason, result != 0);
}

void transmission_done(struct core *core, uint64_t id, int result)
{
	uint32_t place = (uint32_t)(id >> 32) & 0xFFFFFF;
	struct core_transmission *transmission;

	if (place >= ARRAY_LENGTH(core->transmissions)) {
		core_count(core, actions_stale);
		return;
	}
	transmission = &core->transmissions[place];
	if (transmission->state != TRANSMISSION_OFFERED ||
		transmission->generation != (uint32_t)id) {
		core_count(core, actions_stale);
		return;
	}
	if (transmission->lost) {
		transmission_done_late(core, transmission, result);
	} else if (result == 0) {
		transmission_went(core, transmission);
	} else {
		transmission_refused(core, transmission, result);
	}
}

/* ---- receiving ---- */

/* A response to a client's request, straight from the controller. */
static void request_received(
	struct core *core, struct core_request *request, const uint8_t *data, size_t length)
{
	request->transmission = 0;
	if (data[0] == VIPMI_CC_NODE_BUSY) {
		/* Not executed, and so as good as not sent (interfaces.md section 3). */
		core_count(core, resends_busy);
		record(core, CORE_RECORD_RESENT, handle_id(core, request_handle(request)), 0,
			data[0], request->sends, 0, 0);
		request->sent = false;
		request_pause(core, request);
		return;
	}
	if (!reservation_received(core, request, data, length)) {
		core_count(core, resends_reservation);
		request_requeue(core, request);
		return;
	}
	core_count(core, answers_controller);
	request_answer(core, request, data[0], VIPMI_ORIGIN_CONTROLLER, VIPMI_REASON_NONE, data + 1,
		length - 1);
	if (request->state == REQUEST_ANSWERED) {
		message_state_response(core, request);
	}
}

int transmission_received(struct core *core, const struct core_event *event)
{
	struct core_transmission *transmission =
		transmission_find(core, event->received.transmission);
	const uint8_t *data = event->received.data;
	size_t length = event->received.length;
	struct list_link merged, *link;
	struct core_request *request;
	enum core_purpose purpose;

	controller_spoke(core);
	if (!transmission || transmission->state != TRANSMISSION_SENT) {
		core_count(core, responses_stray);
		record(core, CORE_RECORD_STRAY, 0, 0, 0, event->received.transmission, 0, 0);
		return 0;
	}
	if (length == 0 || event->received.netfn != (transmission->netfn | 1) ||
		event->received.command != transmission->command) {
		core_count(core, responses_mismatched);
		return 0;
	}
	if (transmission->handle) {
		arbiter_charge(core, transmission->handle, transmission->class,
			core->now_ns - transmission->sent_ns);
	}
	if (transmission->reserves || transmission->voids) {
		reservation_seen(core, transmission, data, length);
	}
	cache_keep(core, transmission, data, length);
	request = transmission->request;
	purpose = transmission->purpose;
	if (purpose == PURPOSE_RELAY) {
		relay_ended(core, transmission, data[0]);
	}
	list_init(&merged);
	list_splice_back(&merged, &transmission->merged);
	transmission_end(core, transmission);
	if (purpose >= PURPOSE_HOUSEKEEPING) {
		fetch_received(core, purpose, data, length);
	} else if (!request) {
		core_count(core, responses_late);
	} else if (purpose == PURPOSE_BRIDGE) {
		request->transmission = 0;
		bridge_sent(core, request, data[0]);
	} else {
		request_received(core, request, data, length);
	}
	while ((link = list_first(&merged)) != NULL) {
		request_received(
			core, container_of(link, struct core_request, group_link), data, length);
	}
	return 0;
}

/* ---- time-outs, and a link that is lost ---- */

static void transmission_expired(struct core *core, struct core_transmission *transmission)
{
	struct core_request *request = transmission->request;
	enum core_purpose purpose = transmission->purpose;

	core_count(core, transmissions_timed_out);
	if (purpose == PURPOSE_RELAY) {
		relay_ended(core, transmission, VIPMI_CC_TIMEOUT);
	}
	transmission_end(core, transmission);
	if (request) {
		request->transmission = 0;
		request_fail(core, request,
			purpose == PURPOSE_RELAY ? VIPMI_REASON_BUS : VIPMI_REASON_SILENT);
	}
	if (purpose >= PURPOSE_HOUSEKEEPING) {
		fetch_lost(core);
	}
	if (purpose != PURPOSE_RELAY) {
		controller_silent(core);
	}
}

void transmissions_run(struct core *core)
{
	struct list_link *link, *following;
	uint64_t nearest = TIME_NEVER;

	/* At most the two windows. */
	list_for_each_safe(link, following, &core->flight) {
		struct core_transmission *transmission =
			container_of(link, struct core_transmission, link);

		if (transmission->timeout_at_ns <= core->now_ns) {
			transmission_expired(core, transmission);
		} else if (transmission->timeout_at_ns < nearest) {
			nearest = transmission->timeout_at_ns;
		}
	}
	core->flight_alarm_ns = nearest;
}

void transmissions_lose(struct core *core, enum vipmi_reason reason)
{
	struct list_link *link, *following;

	list_for_each_safe(link, following, &core->flight) {
		struct core_transmission *transmission =
			container_of(link, struct core_transmission, link);
		struct core_request *request = transmission->request;

		if (transmission->state == TRANSMISSION_OFFERED) {
			transmission->lost = (uint8_t)reason;
			continue;
		}
		transmission_end(core, transmission);
		if (request) {
			request->transmission = 0;
			request_lose(core, request, reason, false);
		}
	}
	fetch_lost(core);
}
