/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Order (interfaces.md section 4). A lane holds one handle's requests to one
 * responder. Within a class they are sent in the order in which they came. A
 * mutating request is a barrier across classes:
 *
 *	1. a read may be sent unless an older mutating request is unanswered;
 *	2. a mutating request may be sent when everything older is answered;
 *	3. while a mutating transmission is at the controller nothing else of the
 *	   lane is sent, even if its request is answered already (a ghost);
 *	4. a response to a request from the bus counts as older than all that waits, needs
 *	   nothing of it answered, and is no barrier: who asked on the bus is not
 *	   patient, and what the handle asks for itself has nothing to do with it.
 */
#include "base/bits.h"
#include "core/private.h"

void lane_init(struct core_lane *lane, struct core_handle *handle, enum core_port port,
	uint8_t channel, uint8_t address)
{
	int class;

	memset(lane, 0, sizeof(*lane));
	lane->handle = handle;
	lane->port = (uint8_t)port;
	lane->channel = channel;
	lane->address = address;
	list_init(&lane->barriers);
	list_init(&lane->handle_link);
	for (class = 0; class < VIPMI_CLASS_COUNT; class ++) {
		list_init(&lane->queue[class]);
		list_init(&lane->ready_link[class]);
	}
}

static struct core_lane *lane_take(struct core *core)
{
	struct list_link *link = list_pop_front(&core->free_lanes);

	if (link) {
		return container_of(link, struct core_lane, handle_link);
	}
	/* One for each request slot. One that a ghost holds up is missing among them meanwhile. */
	return core->lanes_fresh < core->limits.requests_max ? &core->lanes[core->lanes_fresh++]
							     : NULL;
}

struct core_lane *lane_find(struct core_handle *handle, uint8_t channel, uint8_t address)
{
	struct list_link *link;

	list_for_each(link, &handle->lanes) {
		struct core_lane *lane = container_of(link, struct core_lane, handle_link);

		if (lane->address == address && lane->channel == channel) {
			return lane;
		}
	}
	return NULL;
}

struct core_lane *lane_get(struct core *core, struct core_handle *handle, enum core_port port,
	uint8_t channel, uint8_t address)
{
	struct core_lane *lane;

	if (port == CORE_PORT_DIRECT) {
		return &handle->direct;
	}
	lane = lane_find(handle, channel, address);
	if (lane || handle->lane_count >= CORE_LANES_PER_HANDLE) {
		return lane;
	}
	lane = lane_take(core);
	if (!lane) {
		return NULL;
	}
	lane_init(lane, handle, port, channel, address);
	list_push_back(&handle->lanes, &lane->handle_link);
	handle->lane_count++;
	return lane;
}

void lane_release(struct core *core, struct core_lane *lane)
{
	if (lane->port == CORE_PORT_DIRECT || lane->requests > 0 || lane->ghosts > 0) {
		return;
	}
	lane->handle->lane_count--;
	list_remove(&lane->handle_link);
	list_remove(&lane->ready_link[VIPMI_CLASS_URGENT]); /* it may wait for a number */
	list_push_front(&core->free_lanes, &lane->handle_link);
}

static struct core_request *lane_head(const struct core_lane *lane, int class)
{
	struct list_link *link = list_first(&lane->queue[class]);

	return link ? container_of(link, struct core_request, queue_link) : NULL;
}

/* Orders wrap; two of one lane are never further apart than the pool is large. */
static bool older(const struct core_request *a, const struct core_request *b)
{
	return (int32_t)(a->order - b->order) < 0;
}

/* Everything older is answered: no class has an older one at its head, and nothing is out. */
static bool nothing_older(const struct core_lane *lane, const struct core_request *head)
{
	uint32_t look;

	for (look = lane->pending; look; look &= look - 1) {
		if (older(lane_head(lane, (int)bits_lowest(look)), head)) {
			return false;
		}
	}
	return lane->in_flight == 0;
}

static bool needs_number(const struct core_request *request)
{
	return !request->has_number && !request->reserved_number;
}

bool lane_wants_number(const struct core_lane *lane)
{
	uint32_t ready = lane->ready;

	for (; ready; ready &= ready - 1) {
		if (needs_number(lane_head(lane, (int)bits_lowest(ready)))) {
			return true;
		}
	}
	return false;
}

static bool head_may_go(
	struct core *core, const struct core_lane *lane, const struct core_request *head)
{
	const struct list_link *link = list_first(&lane->barriers);
	const struct core_request *barrier;

	if (head->paused || lane->ghosts > 0 || (lane->waits && needs_number(head)) ||
		!sequence_ready(core, head)) {
		return false;
	}
	if (!link || request_is_response(head)) {
		return true;
	}
	barrier = container_of(link, struct core_request, group_link);
	return head->mutating ? barrier == head && nothing_older(lane, head) : older(head, barrier);
}

bool lane_may_send(const struct core_request *request)
{
	const struct core_lane *lane = request->lane;

	return (lane->ready & 1 << request->class) && lane_head(lane, request->class) == request;
}

bool lane_quiet(const struct core_lane *lane)
{
	return !lane->pending && lane->in_flight == 0 && lane->ghosts == 0 &&
	       list_empty(&lane->barriers);
}

static void lane_set_ready(struct core *core, struct core_lane *lane, int class, bool ready)
{
	struct core_handle *handle = lane->handle;

	if (ready == !!(lane->ready & 1 << class)) {
		return;
	}
	lane->ready = (uint8_t)(ready ? lane->ready | 1 << class : lane->ready & ~(1 << class));
	if (lane->port == CORE_PORT_DIRECT) {
		if (ready) {
			arbiter_insert(core, handle, CORE_PORT_DIRECT, class);
		} else {
			arbiter_remove(core, handle, CORE_PORT_DIRECT, class);
		}
		return;
	}
	if (ready) {
		if (class == VIPMI_CLASS_URGENT && lane->waits) {
			list_remove(&lane->ready_link[class]);
			lane->waits = LANE_WAITS_ASIDE;
		}
		list_push_back(&handle->ready[class], &lane->ready_link[class]);
		arbiter_insert(core, handle, CORE_PORT_BUS, class);
		return;
	}
	list_remove(&lane->ready_link[class]);
	if (list_empty(&handle->ready[class])) {
		arbiter_remove(core, handle, CORE_PORT_BUS, class);
	}
}

static void heads_settle(struct core *core, struct core_lane *lane)
{
	uint32_t look = lane->pending | lane->ready;

	for (; look; look &= look - 1) {
		int class = (int)bits_lowest(look);
		const struct core_request *head = lane_head(lane, class);

		lane_set_ready(core, lane, class,
			head && !handle_leaving(lane->handle) && head_may_go(core, lane, head));
	}
}

void lane_update(struct core *core, struct core_lane *lane)
{
	heads_settle(core, lane);
	if (lane->waits == LANE_WAITS_ASIDE && !(lane->ready & 1 << VIPMI_CLASS_URGENT)) {
		/* The others are tried anew, and stand in line if they have to. */
		lane->waits = LANE_GOES;
		heads_settle(core, lane);
	}
}

void lane_push_front(struct core *core, struct core_request *request)
{
	struct core_lane *lane = request->lane;
	struct list_link *link;

	request->state = REQUEST_QUEUED;
	core->queued++;
	/* Others that were in flight with it may have come back before it. */
	list_for_each(link, &lane->queue[request->class]) {
		if (older(request, container_of(link, struct core_request, queue_link))) {
			break;
		}
	}
	list_insert_between(&request->queue_link, link->previous, link);
	if (request->merges) {
		merge_wait(core, request);
	}
	lane->pending |= (uint8_t)(1 << request->class);
	lane_update(core, lane);
}

/* Older than all that waits; among themselves they stand as they came. */
static uint32_t order_of_responses(const struct core_lane *lane)
{
	const struct core_request *head = lane_head(lane, VIPMI_CLASS_URGENT);
	uint32_t order = lane->next_order, look;

	if (head && request_is_response(head)) {
		return head->order;
	}
	for (look = lane->pending; look; look &= look - 1) {
		head = lane_head(lane, (int)bits_lowest(look));
		order = (int32_t)(head->order - order) < 0 ? head->order : order;
	}
	return order - 1;
}

void lane_push(struct core *core, struct core_request *request)
{
	struct core_lane *lane = request->lane;

	if (request_is_response(request)) {
		request->order = order_of_responses(lane);
		lane_push_front(core, request);
		return;
	}
	request->state = REQUEST_QUEUED;
	request->order = lane->next_order++;
	core->queued++;
	list_push_back(&lane->queue[request->class], &request->queue_link);
	lane->pending |= (uint8_t)(1 << request->class);
	if (request->merges) {
		merge_wait(core, request);
	} else if (request->mutating) {
		list_push_back(&lane->barriers, &request->group_link);
	}
	lane_update(core, lane);
}

void lane_remove(struct core *core, struct core_request *request)
{
	struct core_lane *lane = request->lane;

	list_remove(&request->queue_link);
	if (request->merges) {
		list_remove(&request->group_link);
	}
	if (list_empty(&lane->queue[request->class])) {
		lane->pending &= (uint8_t) ~(1 << request->class);
	}
	core->queued--;
	/* A pause ends with its place in the queue. */
	request->paused = false;
}

void lane_finish(struct core *core, struct core_request *request)
{
	struct core_lane *lane = request->lane;

	list_remove(&request->group_link);
	lane_update(core, lane);
}
