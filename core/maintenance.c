/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Maintenance mode, of a link that is one user of a driver among others: while it
 * is on, the driver leaves the controller alone. It is one for all, so it is on as
 * long as any handle wants it. Who may want it is the shell's to say. The link is
 * told when that changes, and anew when it comes up.
 */
#include "core/private.h"

int maintenance_want(struct core *core, const struct core_event *event)
{
	struct core_handle *handle =
		handle_find(core, event->maintenance.client, event->maintenance.handle);

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	if (handle->maintenance != event->maintenance.wanted) {
		handle->maintenance = event->maintenance.wanted;
		core->maintenance_wanted += handle->maintenance ? 1 : UINT32_MAX;
	}
	return 0;
}

void maintenance_forget(struct core *core, struct core_handle *handle)
{
	core->maintenance_wanted -= handle->maintenance;
	handle->maintenance = false;
}

bool maintenance_next(struct core *core, struct core_action *ret_action)
{
	bool on = core->maintenance_wanted > 0;

	if (on == core->maintenance_told || !core->link_up || core->link_blocked) {
		return false;
	}
	core->maintenance_told = on;
	ret_action->id = action_id(ABOUT_MAINTENANCE, on, core->epoch);
	ret_action->type = CORE_ACTION_MAINTENANCE;
	ret_action->maintenance.on = on;
	return true;
}

void maintenance_done(struct core *core, uint64_t id, int result)
{
	if (result != -EAGAIN || (uint32_t)id != core->epoch) {
		return; /* or the link forgot it meanwhile */
	}
	core->maintenance_told = !(id >> 32 & 1);
	core->link_blocked = true;
	core->link_retry_ns = core->now_ns + CORE_LINK_RETRY_MS * NSEC_PER_MSEC_U64;
}
