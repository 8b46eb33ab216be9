/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The way to the controller: up, down, reset; and the controller behind it:
 * silent, back.
 *
 *	link_up  silent
 *	false    false   requests wait for the link until their own deadlines
 *	true     false   at work
 *	true     true    found silent by a service time-out: probed, nothing else is sent;
 *	                 anything that comes back ends it
 */
#include "core/private.h"

/* What the controller had in hand is gone with it. A read is asked again; of anything else nobody
 * knows whether it was executed. */
void request_lose(struct core *core, struct core_request *request, enum vipmi_reason reason,
	bool certainly_unsent)
{
	if (certainly_unsent || !request->mutating) {
		if (request->has_number) {
			sequence_release(core, request, true);
		}
		request_requeue(core, request);
	} else {
		request_fail(core, request, reason);
	}
}

static void lose_everything(struct core *core, enum vipmi_reason reason)
{
	transmissions_lose(core, reason);
	bridge_lose(core, reason);
	fetch_reset(core);
	core->silent = false;
	core->link_blocked = false;
	cache_forget(core);
	core->epoch++;
}

/* To subscribers: the controller went, came back. A first arrival is no return. */
static void announce_lost(struct core *core)
{
	if (!core->loss_announced) {
		core->loss_announced = true;
		subscription_announce(core, VIPMI_ASYNC_LOST);
	}
}

static void announce_back(struct core *core)
{
	if (core->loss_announced) {
		core->loss_announced = false;
		subscription_announce(core, VIPMI_ASYNC_BACK);
	}
}

static void link_record(struct core *core, enum core_link_record what)
{
	record(core, CORE_RECORD_LINK, 0, 0, what, core->epoch, 0, 0);
}

int link_went_up(struct core *core, const struct core_link_capabilities *capabilities)
{
	struct core_link_capabilities link = *capabilities;

	if (link.window > CORE_WINDOW_MAX || link.bus_window > CORE_BUS_WINDOW_MAX ||
		link.data_max > VIPMI_DATA_MAX || link.own_address & 1) {
		return -EINVAL;
	}
	link.window = link.window ? link.window : 1;
	link.bus_window = link.bus_window ? link.bus_window : 1;
	link.data_max = link.data_max ? link.data_max : VIPMI_DATA_MAX;
	link.own_address = link.own_address ? link.own_address : CORE_BMC_ADDRESS;
	link.bus_timeout_ms = link.bus_timeout_ms ? link.bus_timeout_ms : CORE_BUS_TIMEOUT_MS;
	if (core->link_up) {
		lose_everything(core, VIPMI_REASON_LINK_DOWN);
	}
	core->link = link;
	core->link_up = true;
	sequences_link(core, true);
	core->epoch++;
	core_count(core, link_ups);
	link_record(core, CORE_LINK_RECORD_UP);
	announce_back(core);
	registrations_renew(core);
	core->maintenance_told = false;
	return 0;
}

int link_went_down(struct core *core)
{
	if (!core->link_up) {
		return 0;
	}
	core->fetch.attention = false;
	lose_everything(core, VIPMI_REASON_LINK_DOWN);
	core->link_up = false;
	sequences_link(core, false);
	core_count(core, link_downs);
	link_record(core, CORE_LINK_RECORD_DOWN);
	announce_lost(core);
	return 0;
}

int controller_was_reset(struct core *core)
{
	core_count(core, link_resets);
	lose_everything(core, VIPMI_REASON_CONTROLLER_RESET);
	link_record(core, CORE_LINK_RECORD_RESET);
	subscription_announce(core, VIPMI_ASYNC_RESET);
	return 0;
}

void controller_silent(struct core *core)
{
	if (core->silent) {
		return;
	}
	core->silent = true;
	core->probe_at_ns = core->now_ns + CORE_PROBE_INTERVAL_MS * NSEC_PER_MSEC_U64;
	core_count(core, controller_lost);
	link_record(core, CORE_LINK_RECORD_SILENT);
	announce_lost(core);
}

void controller_spoke(struct core *core)
{
	if (core->silent) {
		core->silent = false;
		core->fetch.flags_wanted = true;
		core_count(core, controller_back);
		link_record(core, CORE_LINK_RECORD_BACK);
	}
	/* One that was reset while it was silent is back with its first word. */
	if (core->link_up) {
		announce_back(core);
	}
}
