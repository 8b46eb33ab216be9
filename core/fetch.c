/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fetching what the controller has for system software, where the flags are ours
 * (IPMI 2.0 sections 22.1 to 22.8): attention, then the flags say what there is,
 * then it is fetched. Exactly one party may do this; the core does it for all.
 *
 * One housekeeping transmission at a time, so that messages keep their order, and
 * at most CORE_FETCH_RUN_MAX in a row while requests wait.
 */
#include "core/private.h"

#define COMMAND_SET_ENABLES 0x2E
#define COMMAND_GET_ENABLES 0x2F
#define COMMAND_CLEAR_FLAGS 0x30
#define COMMAND_GET_FLAGS 0x31
#define COMMAND_GET_MESSAGE 0x33
#define COMMAND_READ_EVENT 0x35
#define COMMAND_GET_DEVICE_ID 0x01

/* Message flags (section 22.4). */
#define FLAG_MESSAGE 0x01
#define FLAG_EVENT 0x02
#define FLAG_WATCHDOG 0x08

/* Service time-out of housekeeping; these commands take no controller long. */
#define HOUSEKEEPING_TIMEOUT_MS IPMI_TIMEOUT_DEFAULT_MS

void fetch_reset(struct core *core)
{
	bool attention = core->fetch.attention;

	memset(&core->fetch, 0, sizeof(core->fetch));
	core->fetch.attention = attention;
	core->fetch.poll_at_ns = TIME_NEVER;
}

void fetch_attention(struct core *core, bool asserted)
{
	struct core_fetch *fetch = &core->fetch;

	if (asserted && !fetch->attention) {
		fetch->idle_looks = 0;
	}
	fetch->attention = asserted;
	if (asserted && !fetch->sticky) {
		fetch->flags_wanted = true;
	}
}

/* A response is on its way: look for it even if no attention comes. */
void fetch_expect(struct core *core)
{
	uint32_t pause_ms = core->link.attention ? CORE_FLAGS_POLL_SLOW_MS : CORE_FLAGS_POLL_MS;
	uint64_t at_ns = core->now_ns + pause_ms * NSEC_PER_MSEC_U64;

	if (core->link.owns_flags && at_ns < core->fetch.poll_at_ns) {
		core->fetch.poll_at_ns = at_ns;
	}
}

void fetch_run(struct core *core)
{
	struct core_fetch *fetch = &core->fetch;

	fetch->poll_at_ns = TIME_NEVER;
	fetch->sticky = false;
	if (!core->link_up) {
		return;
	}
	fetch->flags_wanted = true;
	if (!list_empty(&core->on_bus) || (!core->link.attention && core->subscribers > 0)) {
		fetch_expect(core);
	}
}

uint64_t fetch_deadline(const struct core *core)
{
	return core->link_up ? core->fetch.poll_at_ns : TIME_NEVER;
}

void fetch_decline(struct core *core, uint8_t channel, const struct ipmb_message *message)
{
	struct core_fetch *fetch = &core->fetch;

	/* One at a time: who is not declined times out, as on a controller that has no software. */
	if (fetch->decline_wanted) {
		return;
	}
	fetch->decline_wanted = true;
	fetch->decline_channel = channel;
	fetch->decline = *message;
}

static bool housekeeping_send(struct core *core, enum core_purpose purpose,
	struct core_transmission *transmission, struct core_transmit *transmit,
	struct core_action *ret_action)
{
	uint32_t timeout_ms = core->link.service_timeout_ms ? core->link.service_timeout_ms
							    : HOUSEKEEPING_TIMEOUT_MS;

	if (purpose == PURPOSE_PROBE) {
		timeout_ms = CORE_PROBE_INTERVAL_MS;
	}
	transmit->timeout_ns = timeout_ms * NSEC_PER_MSEC_U64;
	core->fetch.in_flight = true;
	return transmission_offer(core, transmission, transmit, ret_action);
}

static bool housekeeping_offer(struct core *core, enum core_purpose purpose, uint8_t command,
	const uint8_t *data, size_t length, struct core_action *ret_action)
{
	struct core_transmission *transmission = transmission_take(core, CORE_PORT_DIRECT, purpose);
	struct core_transmit transmit = {
		.target_kind = VIPMI_TARGET_CONTROLLER,
		.netfn = VIPMI_NETFN_APP,
		.command = command,
		.length = length,
	};

	if (!transmission) {
		return false;
	}
	transmit.data = transmission_frame(core, transmission);
	if (length > 0) {
		memcpy(transmission_frame(core, transmission), data, length);
	}
	return housekeeping_send(core, purpose, transmission, &transmit, ret_action);
}

/* C1 to whoever asked system software something. */
static bool decline_offer(struct core *core, struct core_action *ret_action)
{
	static const uint8_t cc = VIPMI_CC_INVALID_COMMAND;
	struct core_fetch *fetch = &core->fetch;
	struct core_transmission *transmission =
		transmission_take(core, CORE_PORT_DIRECT, PURPOSE_DECLINE);
	struct core_transmit transmit = {0};

	if (!transmission) {
		return false;
	}
	fetch->decline_wanted = false;
	fetch->decline.rs_address = core->link.own_address;
	fetch->decline.netfn |= 1;
	fetch->decline.data = &cc;
	fetch->decline.length = 1;
	response_wrap(core, fetch->decline_channel, &fetch->decline,
		transmission_frame(core, transmission), &transmit);
	return housekeeping_send(core, PURPOSE_DECLINE, transmission, &transmit, ret_action);
}

bool probe_possible(const struct core *core)
{
	return !core->link_blocked && !core->fetch.in_flight &&
	       transmission_room(core, CORE_PORT_DIRECT);
}

bool probe_next(struct core *core, struct core_action *ret_action)
{
	if (core->probe_at_ns > core->now_ns || !probe_possible(core)) {
		return false;
	}
	core->probe_at_ns = core->now_ns + CORE_PROBE_INTERVAL_MS * NSEC_PER_MSEC_U64;
	return housekeeping_offer(core, PURPOSE_PROBE, COMMAND_GET_DEVICE_ID, NULL, 0, ret_action);
}

bool fetch_next(struct core *core, struct core_action *ret_action)
{
	static const uint8_t watchdog = FLAG_WATCHDOG;
	struct core_fetch *fetch = &core->fetch;

	if (fetch->in_flight || !transmission_room(core, CORE_PORT_DIRECT)) {
		return false;
	}
	if (fetch->decline_wanted) {
		return decline_offer(core, ret_action);
	}
	if (!core->link.owns_flags) {
		return false;
	}
	if (!fetch->enables_known) {
		return fetch->enables ? housekeeping_offer(core, PURPOSE_SET_ENABLES,
						COMMAND_SET_ENABLES, &fetch->enables, 1, ret_action)
				      : housekeeping_offer(core, PURPOSE_GET_ENABLES,
						COMMAND_GET_ENABLES, NULL, 0, ret_action);
	}
	if (fetch->event_wanted) {
		return housekeeping_offer(
			core, PURPOSE_READ_EVENT, COMMAND_READ_EVENT, NULL, 0, ret_action);
	}
	if (fetch->message_wanted) {
		return housekeeping_offer(
			core, PURPOSE_GET_MESSAGE, COMMAND_GET_MESSAGE, NULL, 0, ret_action);
	}
	if (fetch->watchdog_wanted) {
		return housekeeping_offer(
			core, PURPOSE_CLEAR_FLAGS, COMMAND_CLEAR_FLAGS, &watchdog, 1, ret_action);
	}
	return fetch->flags_wanted &&
	       housekeeping_offer(core, PURPOSE_FLAGS, COMMAND_GET_FLAGS, NULL, 0, ret_action);
}

/* Attention that stands although the flags show nothing, or although the event that they show is
 * not there: look again, but not in a tight loop. */
static void looked_in_vain(struct core *core, uint8_t *looks)
{
	struct core_fetch *fetch = &core->fetch;

	if (!fetch->attention) {
		return;
	}
	if (++*looks < 2) {
		fetch->flags_wanted = true;
		return;
	}
	core_count(core, attention_sticky);
	*looks = 0;
	fetch->sticky = true;
	fetch->poll_at_ns = core->now_ns + CORE_STICKY_PAUSE_MS * NSEC_PER_MSEC_U64;
}

static void flags_received(struct core *core, const uint8_t *data, size_t length)
{
	struct core_fetch *fetch = &core->fetch;
	uint8_t flags = length > 1 && data[0] == VIPMI_CC_OK ? data[1] : 0;

	fetch->flags_wanted = false;
	fetch->message_wanted = flags & FLAG_MESSAGE;
	fetch->event_wanted = flags & FLAG_EVENT;
	fetch->watchdog_wanted = flags & FLAG_WATCHDOG;
	if (!(flags & (FLAG_MESSAGE | FLAG_EVENT | FLAG_WATCHDOG))) {
		looked_in_vain(core, &fetch->idle_looks);
	} else {
		fetch->idle_looks = 0;
	}
}

static void event_received(struct core *core, const uint8_t *data, size_t length)
{
	struct core_message kept = {.kind = VIPMI_ASYNC_EVENT, .length = CORE_EVENT_LENGTH};

	core->fetch.event_wanted = false;
	if (data[0] != VIPMI_CC_OK || length < 1 + CORE_EVENT_LENGTH) {
		return;
	}
	memcpy(kept.bytes, data + 1, CORE_EVENT_LENGTH);
	subscription_append(core, &kept);
}

void fetch_received(
	struct core *core, enum core_purpose purpose, const uint8_t *data, size_t length)
{
	struct core_fetch *fetch = &core->fetch;

	fetch->in_flight = false;
	switch (purpose) {
	case PURPOSE_GET_ENABLES:
		/* Messages, events and their attention; what else is set stays (section 22.1). A
		 * controller without such enables has its flags looked at all the same. */
		if (data[0] == VIPMI_CC_OK && length > 1 &&
			(data[1] & CORE_ENABLES) != CORE_ENABLES) {
			fetch->enables = data[1] | CORE_ENABLES;
			return;
		}
		/* fall through */
	case PURPOSE_SET_ENABLES:
		fetch->enables_known = true;
		fetch->flags_wanted = true;
		return;
	case PURPOSE_FLAGS:
		flags_received(core, data, length);
		return;
	case PURPOSE_GET_MESSAGE:
		if (data[0] == VIPMI_CC_OK) {
			bridge_received(core, data + 1, length - 1);
		}
		/* The flags cost as much as another try: ask them only when attention still stands,
		 * and try on without them where there is no attention to see. */
		fetch->message_wanted = data[0] == VIPMI_CC_OK && !core->link.attention;
		fetch->flags_wanted |= core->link.attention && fetch->attention;
		return;
	case PURPOSE_READ_EVENT:
		event_received(core, data, length);
		if (data[0] != VIPMI_CC_OK && core->link.attention) {
			looked_in_vain(core, &fetch->empty_reads);
			return;
		}
		fetch->empty_reads = 0;
		fetch->flags_wanted |= core->link.attention && fetch->attention;
		return;
	case PURPOSE_CLEAR_FLAGS:
		subscription_announce(core, VIPMI_ASYNC_WATCHDOG);
		fetch->watchdog_wanted = false;
		fetch->flags_wanted |= core->link.attention && fetch->attention;
		return;
	default:
		return; /* the probe said what it had to by coming back */
	}
}

/* It was not sent, or nothing came back: what was wanted is still wanted, the flags say what. */
void fetch_lost(struct core *core)
{
	core->fetch.in_flight = false;
}
