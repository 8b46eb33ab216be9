/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request's life: submitted, perhaps paused or put back, answered exactly
 * once, taken by its client. Slots come from one pool; each handle is guaranteed
 * one and draws the rest as credit, which returns when the answer is taken.
 */
#include "core/private.h"

void requests_init(struct core *core)
{
	list_init(&core->free_requests);
	list_init(&core->free_lanes);
}

/* ---- credit ---- */

uint32_t handle_credit(const struct core *core, const struct core_handle *handle)
{
	uint32_t own = core->limits.credit_max - handle->outstanding;
	uint32_t shared = core->limits.requests_max - core->limits.handles_max - core->shared_used;
	uint32_t free = shared + (handle->outstanding == 0 ? 1 : 0);

	return own < free ? own : free;
}

/*
 * Who waits for credit, and where. First those who have nothing outstanding: their guaranteed slot
 * is free, whatever the others do. Then those who wait for a shared one, first come first served.
 * Who is at his own limit waits for no slot but for an answer of his to be taken.
 */
static void credit_place(struct core *core, struct core_handle *handle)
{
	bool waits = handle->wants_credit && handle->open &&
		     handle->outstanding < core->limits.credit_max;

	if (!waits || handle->outstanding == 0) {
		list_remove(&handle->credit_link);
	}
	if (waits && handle->outstanding == 0) {
		list_push_front(&core->credit_waiting, &handle->credit_link);
	} else if (waits && !list_linked(&handle->credit_link)) {
		list_push_back(&core->credit_waiting, &handle->credit_link);
	}
}

/* It went on without waiting. What it has now is perhaps the guaranteed slot: then its place among
 * those who wait for a shared one is the last. */
static void credit_used(struct core *core, struct core_handle *handle)
{
	if (handle->outstanding == 1) {
		list_remove(&handle->credit_link);
	}
	credit_place(core, handle);
}

int credit_wanted(struct core *core, uint32_t client, uint32_t id)
{
	struct core_handle *handle = handle_find(core, client, id);

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	core_count(core, requests_throttled);
	handle->wants_credit = true;
	credit_place(core, handle);
	return 0;
}

bool credit_next(struct core *core, struct core_action *ret_action)
{
	struct list_link *link = list_first(&core->credit_waiting);
	struct core_handle *handle;

	if (!link) {
		return false;
	}
	handle = container_of(link, struct core_handle, credit_link);
	if (handle_credit(core, handle) == 0) {
		return false;
	}
	list_remove(link);
	handle->wants_credit = false;
	ret_action->id = action_id(ABOUT_CREDIT, 0, 0);
	ret_action->type = CORE_ACTION_CREDIT;
	ret_action->credit.cookie = handle->client->cookie;
	ret_action->credit.client = client_id(core, handle->client);
	ret_action->credit.handle = handle_id(core, handle);
	return true;
}

/* ---- submission ---- */

static struct core_request *request_take(struct core *core)
{
	struct list_link *link = list_pop_front(&core->free_requests);

	if (link) {
		return container_of(link, struct core_request, queue_link);
	}
	if (core->requests_fresh < core->limits.requests_max) {
		struct core_request *request = &core->requests[core->requests_fresh++];

		request->generation = 1;
		return request;
	}
	return NULL;
}

bool bus_address_valid(uint8_t channel, uint8_t address)
{
	/* Address 0 is the general call, that makes a broadcast of what follows (section 6.3). A
	 * frame to it would be read with its first byte left out: as another one. */
	return channel < 0x0C && address != 0 && !(address & 1);
}

static bool request_valid(const struct core_event *event)
{
	/* netFn: even, six bits. */
	if (event->request.netfn & ~0x3E || event->request.lun > 3 ||
		(event->request.class >= VIPMI_CLASS_COUNT &&
			event->request.class != CORE_CLASS_OF_HANDLE)) {
		return false;
	}
	switch (event->request.target_kind) {
	case VIPMI_TARGET_CONTROLLER:
		return true;
	case VIPMI_TARGET_IPMB:
	case VIPMI_TARGET_IPMB_BROADCAST:
		return bus_address_valid(event->request.channel, event->request.address);
	default:
		return false;
	}
}

static void request_fill(
	struct core *core, struct core_request *request, const struct core_event *event)
{
	uint32_t budget_ms = event->request.budget_ms;

	budget_ms = budget_ms ? budget_ms : CORE_BUDGET_DEFAULT_MS;
	budget_ms = budget_ms < CORE_BUDGET_MAX_MS ? budget_ms : CORE_BUDGET_MAX_MS;
	list_init(&request->queue_link);
	list_init(&request->group_link);
	request->tag = event->request.tag;
	request->deadline_ns = core->now_ns + budget_ms * NSEC_PER_MSEC_U64;
	request->timer_ns = TIME_NEVER;
	request->submitted_ns = core->now_ns;
	request->sent_ns = 0;
	request->virtual_client = event->request.virtual_client;
	request->transmission = 0;
	request->length = (uint16_t)event->request.length;
	request->state = REQUEST_FREE;
	request->target_kind = event->request.target_kind;
	request->channel = event->request.channel;
	request->address = event->request.address;
	request->netfn = event->request.netfn;
	request->lun = event->request.lun;
	request->command = event->request.command;
	request->reservation = 0;
	request->raw = false;
	request->partner = NULL;
	request->sends = 0;
	request->sent = false;
	request->pulled = false;
	request->paused = false;
	request->has_number = false;
	request->fresh = event->request.fresh;
	request->reserved_number = event->request.numbered;
	request->number = event->request.number;
	request->on_bus = false;
	request->reached = false;
	if (request->length > 0) {
		memcpy(request_data(core, request), event->request.data, request->length);
	}
}

struct core_request *request_new(
	struct core *core, struct core_handle *handle, const struct core_event *event)
{
	struct core_request *request = request_take(core);
	struct ipmi_verdict verdict;
	struct core_lane *lane;

	if (!core_check(core, request != NULL)) {
		return NULL;
	}
	request_fill(core, request, event);
	verdict = ipmi_command_judge(
		request->netfn, request->command, event->request.data, request->length);
	request->mutating = !ipmi_class_is_read(verdict.class);
	request->merges = merge_possible(core, request, verdict.class);
	request->timeout_ms = verdict.timeout_ms;
	request->class =
		event->request.class == CORE_CLASS_OF_HANDLE ? handle->class : event->request.class;
	lane = lane_get(core, handle,
		request->target_kind == VIPMI_TARGET_CONTROLLER ? CORE_PORT_DIRECT : CORE_PORT_BUS,
		request->channel, request->address);
	/* Without a lane it can only be answered; request_unsendable says so. */
	request->lane = lane ? lane : &handle->direct;
	request->lane->requests++;
	list_init(&request->handle_link);
	list_push_back(&handle->requests, &request->handle_link);
	if (handle->outstanding++ > 0) {
		core->shared_used++;
	}
	if (handle->wants_credit) {
		credit_used(core, handle);
	}
	core->requests_used++;
	handle->client->requests++;
	handle->accepted++;
	core_count(core, requests_accepted);
	return request;
}

bool request_unsendable(struct core *core, struct core_request *request)
{
	if (request->lane->port == CORE_PORT_DIRECT &&
		request->target_kind != VIPMI_TARGET_CONTROLLER) {
		request_fail(core, request, VIPMI_REASON_FULL); /* too many responders at once */
		return true;
	}
	if (command_forbidden(core, request)) {
		command_refuse(core, request);
		return true;
	}
	return false;
}

int request_submit(struct core *core, const struct core_event *event)
{
	struct core_handle *handle =
		handle_find(core, event->request.client, event->request.handle);
	struct core_request *request;

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	if (event->request.length > VIPMI_DATA_MAX) {
		return -EMSGSIZE;
	}
	if (!request_valid(event)) {
		return -EINVAL;
	}
	if (handle_credit(core, handle) == 0) {
		return -EAGAIN;
	}
	request = request_new(core, handle, event);
	if (!request) {
		return -EIO;
	}
	if (request->reserved_number && !sequence_name(core, handle, request)) {
		request_fail(core, request, VIPMI_REASON_NOT_FOUND);
		return 0;
	}
	if (request_unsendable(core, request) || message_state_answer(core, request)) {
		return 0;
	}
	if (lane_quiet(request->lane) && !reservation_void(core, request) &&
		cache_answer(core, request)) {
		return 0;
	}
	alarm_set(core, handle, request->deadline_ns);
	lane_push(core, request);
	return 0;
}

int request_cancel(struct core *core, const struct core_event *event)
{
	struct core_handle *handle = handle_find(core, event->cancel.client, event->cancel.handle);
	struct list_link *link;

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	list_for_each(link, &handle->requests) {
		struct core_request *request = container_of(link, struct core_request, handle_link);

		if (request->tag != event->cancel.tag || request->state == REQUEST_ANSWERED ||
			request->raw) {
			continue;
		}
		if (request->partner && request->partner->state == REQUEST_QUEUED) {
			request = request->partner; /* its failure is the Send Message's */
		}
		if (request->state == REQUEST_OFFERED ||
			(request->partner && request->partner->state == REQUEST_OFFERED)) {
			return -EAGAIN;
		}
		core_count(core, requests_cancelled);
		request_fail(core, request, VIPMI_REASON_CANCELLED);
		return 0;
	}
	return -ENOENT;
}

/* ---- answer ---- */

/* Takes it out of wherever its state says it is. */
static void request_detach(struct core *core, struct core_request *request, bool ghost)
{
	struct core_lane *lane = request->lane;

	switch (request->state) {
	case REQUEST_QUEUED:
		lane_remove(core, request);
		if (lane->port == CORE_PORT_BUS) {
			sequence_wake(core, lane);
		}
		break;
	case REQUEST_MERGED:
		list_remove(&request->group_link);
		lane->in_flight--;
		break;
	case REQUEST_SENT:
		if (request->transmission) {
			transmission_orphan(core, request, ghost && request->mutating);
		}
		/* fall through */
	case REQUEST_OFFERED:
	case REQUEST_BRIDGED:
		list_remove(&request->queue_link);
		lane->in_flight--;
		bridge_leave(core, request);
		break;
	default:
		break;
	}
	request->timer_ns = TIME_NEVER;
	request->transmission = 0;
}

/* Takes it off everything that it waits on. */
static void request_end(struct core *core, struct core_request *request)
{
	request_detach(core, request, true);
	if (request->has_number) {
		sequence_release(core, request, true);
	}
	/* What a Send Message carried is over only now. */
	if (request->lane->port == CORE_PORT_BUS && cache_touched_by(core, request)) {
		cache_forget(core);
	}
	lane_finish(core, request);
}

void request_settle(struct core *core, struct core_request *request, uint8_t cc,
	enum vipmi_origin origin, enum vipmi_reason reason, const uint8_t *data, size_t length)
{
	const struct core_handle *handle = request_handle(request);

	request_end(core, request);
	raw_part(request);
	request->state = REQUEST_ANSWERED;
	request->cc = cc;
	request->origin = (uint8_t)origin;
	request->reason = (uint8_t)reason;
	request->length = (uint16_t)(length < VIPMI_DATA_MAX ? length : VIPMI_DATA_MAX);
	if (request->length > 0) {
		memcpy(request_data(core, request), data, request->length);
	}
	record(core, CORE_RECORD_ANSWERED, handle_id(core, handle),
		(uint64_t)request->generation << 32 | (uint32_t)(request - core->requests),
		(uint64_t)cc | (uint64_t)origin << 8 | (uint64_t)reason << 16 |
			(uint64_t)request->sent << 24,
		request->submitted_ns, request->sent_ns,
		(uint64_t)request->netfn << 8 | request->command);
	deliver_push(core, request);
}

void request_answer(struct core *core, struct core_request *request, uint8_t cc,
	enum vipmi_origin origin, enum vipmi_reason reason, const uint8_t *data, size_t length)
{
	if (!request->raw) {
		request_settle(core, request, cc, origin, reason, data, length);
		return;
	}
	request_end(core, request);
	if (origin == VIPMI_ORIGIN_CONTROLLER && reason == VIPMI_REASON_NONE) {
		raw_received(core, request, cc, data, length);
	} else {
		raw_failed(core, request, cc, origin, reason);
	}
}

/* What we answer ourselves: the code that a plain IPMI program understands (C3 only for what was
 * sent, interfaces.md section 3). */
static uint8_t reason_cc(const struct core_request *request, enum vipmi_reason reason)
{
	switch (reason) {
	case VIPMI_REASON_TOO_LONG:
		return VIPMI_CC_LENGTH_INVALID;
	case VIPMI_REASON_NOT_CARRIED:
		return VIPMI_CC_INVALID_COMMAND;
	case VIPMI_REASON_CANCELLED:
		return request->sent ? VIPMI_CC_TIMEOUT : VIPMI_CC_NO_RESPONSE;
	case VIPMI_REASON_SILENT:
	case VIPMI_REASON_LINK_DOWN:
		return request->sent ? VIPMI_CC_TIMEOUT : VIPMI_CC_DESTINATION_UNAVAILABLE;
	case VIPMI_REASON_BUS:
		/* As the kernel's driver has it, and the programs that are used to it, also where
		 * the bus never took it; that nothing was executed the answer's `sent` says. */
		return VIPMI_CC_TIMEOUT;
	case VIPMI_REASON_NOT_FOUND:
		return VIPMI_CC_OUT_OF_RANGE; /* of the numbers that are its own */
	default:
		return request->sent ? VIPMI_CC_TIMEOUT : VIPMI_CC_NODE_BUSY;
	}
}

static void reason_count(
	struct core *core, const struct core_request *request, enum vipmi_reason reason)
{
	switch (reason) {
	case VIPMI_REASON_TOO_LONG:
		core_count(core, answers_too_long);
		break;
	case VIPMI_REASON_FULL:
	case VIPMI_REASON_NOT_FOUND:
	case VIPMI_REASON_NOT_CARRIED:
		core_count(core, answers_not_carried);
		break;
	case VIPMI_REASON_BUS:
		core_count(core, answers_bus);
		break;
	case VIPMI_REASON_CONTROLLER_RESET:
		core_count(core, answers_reset);
		break;
	case VIPMI_REASON_CANCELLED:
		break;
	default:
		if (!request->sent) {
			core_count(core, answers_expired_unsent);
		} else if (reason == VIPMI_REASON_SILENT) {
			core_count(core, answers_silent);
		} else if (reason == VIPMI_REASON_LINK_DOWN) {
			core_count(core, answers_link_lost);
		} else {
			core_count(core, answers_expired_sent);
		}
	}
}

void request_fail(struct core *core, struct core_request *request, enum vipmi_reason reason)
{
	/* A Send Message, HELD, is sent when what it carries is. */
	if (request->partner && request->partner->sent) {
		request->sent = true;
		request->sent_ns = request->partner->sent_ns;
	}
	reason_count(core, request, reason);
	request_answer(
		core, request, reason_cc(request, reason), VIPMI_ORIGIN_AGENT, reason, NULL, 0);
}

void request_went(const struct core *core, struct core_request *request)
{
	request->sent = true;
	request->sends += request->sends < UINT8_MAX;
	request->sent_ns = core->now_ns;
}

void request_requeue(struct core *core, struct core_request *request)
{
	request_detach(core, request, false);
	lane_push_front(core, request);
}

/* With jitter, so that those who were refused together do not come back together. */
static void request_rest(struct core *core, struct core_request *request, uint32_t pause_ms)
{
	pause_ms += random_below(&core->random, pause_ms);
	request_detach(core, request, false);
	request->paused = true;
	request->timer_ns = core->now_ns + pause_ms * NSEC_PER_MSEC_U64;
	alarm_set(core, request_handle(request), request->timer_ns);
	lane_push_front(core, request);
}

void request_pause(struct core *core, struct core_request *request)
{
	uint32_t pause_ms = CORE_BUSY_PAUSE_MIN_MS;
	unsigned i;

	for (i = 1; i < request->sends && pause_ms < CORE_BUSY_PAUSE_MAX_MS; i++) {
		pause_ms *= 2;
	}
	request_rest(core, request, pause_ms);
}

void request_hold(struct core *core, struct core_request *request)
{
	request_rest(core, request, CORE_SILENT_PAUSE_MS);
}

void request_timer(struct core *core, struct core_request *request)
{
	if (request->deadline_ns <= core->now_ns) {
		enum vipmi_reason reason = VIPMI_REASON_EXPIRED;

		if (request->state == REQUEST_QUEUED && !core->link_up) {
			reason = VIPMI_REASON_LINK_DOWN;
		} else if (request->state == REQUEST_QUEUED && core->silent) {
			reason = VIPMI_REASON_SILENT;
		}
		request_fail(core, request, reason);
	} else if (request->state == REQUEST_BRIDGED) {
		bridge_timeout(core, request);
	} else if (request->paused) {
		request->paused = false;
		request->timer_ns = TIME_NEVER;
		lane_update(core, request->lane);
	}
}

/* ---- the end ---- */

void request_free(struct core *core, struct core_request *request)
{
	struct core_lane *lane = request->lane;
	struct core_handle *handle = lane->handle;
	struct core_client *client = handle->client;

	raw_part(request);
	request->state = REQUEST_FREE;
	request->generation++;
	list_remove(&request->handle_link);
	list_remove(&request->queue_link);
	list_push_front(&core->free_requests, &request->queue_link);
	core->requests_used--;
	if (--handle->outstanding > 0) {
		core->shared_used--;
	}
	lane->requests--;
	lane_release(core, lane);
	credit_place(core, handle);
	handle_free_if_gone(core, handle);
	client_request_gone(core, client);
}

void request_abandon(struct core *core, struct core_request *request)
{
	if (request->state == REQUEST_OFFERED || request->pulled) {
		return; /* its buffer is lent out; core_done comes back to it */
	}
	if (request->state == REQUEST_ANSWERED) {
		deliver_forget(core, request);
	} else if (request->state == REQUEST_RECEIVED) {
		request_handle(request)->received--;
	} else {
		request_detach(core, request, false);
		lane_finish(core, request);
		if (request->has_number) {
			sequence_release(core, request, true);
		}
	}
	core_count(core, requests_abandoned);
	request_free(core, request);
}
