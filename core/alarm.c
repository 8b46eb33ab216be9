/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each handle's nearest deadline, in a heap of handles.
 *
 * The alarm is a lower bound: a request that is answered does not move it, and
 * when it goes off the handle's requests are looked through for the true nearest
 * time. With time budgets that do not shrink from request to request the message
 * path so never touches the heap, and the price is one look a handle in each
 * budget's length.
 */
#include "core/private.h"

static void heap_put(struct core *core, uint32_t index, struct core_handle *handle)
{
	core->alarms[index] = handle;
	handle->alarm_index = index;
}

static void heap_up(struct core *core, uint32_t index)
{
	struct core_handle *handle = core->alarms[index];

	while (index > 0 && core->alarms[(index - 1) / 2]->alarm_ns > handle->alarm_ns) {
		heap_put(core, index, core->alarms[(index - 1) / 2]);
		index = (index - 1) / 2;
	}
	heap_put(core, index, handle);
}

static void heap_down(struct core *core, uint32_t index)
{
	struct core_handle *handle = core->alarms[index];

	for (;;) {
		uint32_t child = 2 * index + 1;

		if (child + 1 < core->alarms_length &&
			core->alarms[child + 1]->alarm_ns < core->alarms[child]->alarm_ns) {
			child++;
		}
		if (child >= core->alarms_length ||
			core->alarms[child]->alarm_ns >= handle->alarm_ns) {
			break;
		}
		heap_put(core, index, core->alarms[child]);
		index = child;
	}
	heap_put(core, index, handle);
}

void alarm_set(struct core *core, struct core_handle *handle, uint64_t at_ns)
{
	if (at_ns >= handle->alarm_ns) {
		return;
	}
	handle->alarm_ns = at_ns;
	if (handle->alarm_index == UINT32_MAX) {
		heap_put(core, core->alarms_length++, handle);
	}
	heap_up(core, handle->alarm_index);
}

void alarm_clear(struct core *core, struct core_handle *handle)
{
	uint32_t index = handle->alarm_index;
	struct core_handle *last;

	handle->alarm_ns = TIME_NEVER;
	if (index == UINT32_MAX) {
		return;
	}
	handle->alarm_index = UINT32_MAX;
	last = core->alarms[--core->alarms_length];
	if (last != handle) {
		heap_put(core, index, last);
		heap_up(core, index);
		heap_down(core, last->alarm_index);
	}
}

/* Serves what is due of one handle and sets its alarm anew. Bounded by its credit. */
static void alarm_ring(struct core *core, struct core_handle *handle)
{
	struct list_link *link, *following;
	uint64_t nearest = TIME_NEVER;

	alarm_clear(core, handle);
	list_for_each_safe(link, following, &handle->requests) {
		struct core_request *request = container_of(link, struct core_request, handle_link);

		if (request_timed(request) && (request->deadline_ns <= core->now_ns ||
						      request->timer_ns <= core->now_ns)) {
			request_timer(core, request);
		}
		if (!request_timed(request)) {
			continue;
		}
		nearest = request->deadline_ns < nearest ? request->deadline_ns : nearest;
		nearest = request->timer_ns < nearest ? request->timer_ns : nearest;
	}
	alarm_set(core, handle, nearest);
}

void alarms_run(struct core *core, unsigned most)
{
	while (most-- > 0 && core->alarms_length > 0 && core->alarms[0]->alarm_ns <= core->now_ns) {
		alarm_ring(core, core->alarms[0]);
	}
}
