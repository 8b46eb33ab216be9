/* SPDX-License-Identifier: BSD-2-Clause */
#include "agent/controller.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/log.h"

/* Messages taken in before they are worked off: as many as one client may send in a turn. */
#define FED_MAX 32u

/* Actions between two looks at the other controllers and at what has become ready. */
#define ACTIONS_MAX 2048u

/* Newest records shown by a dump. */
#define DUMP_RECORDS 64u

/* ---- what comes from the link ---- */

static void sink_log(void *context, const char *text)
{
	struct controller *controller = context;

	log_line(LOG_PRIORITY_NOTICE, "%s: %s", controller->link_name, text);
}

static void sink_event(void *context, struct core_event *event)
{
	struct controller *controller = context;

	if (event->type == CORE_EVENT_LINK_UP) {
		log_line(LOG_PRIORITY_NOTICE, "%s: up%s", controller->link_name,
			event->link_up.simulated ? " (SIMULATED)" : "");
	} else if (event->type == CORE_EVENT_LINK_DOWN) {
		log_line(LOG_PRIORITY_WARNING, "%s: down", controller->link_name);
	} else if (event->type == CORE_EVENT_CONTROLLER_RESET) {
		log_line(LOG_PRIORITY_WARNING, "%s: the controller was reset",
			controller->link_name);
	}
	/* What the core refuses it has counted; that it is broken the loop sees. */
	(void)core_step(controller->core, event);
}

/* Brings epoll in line with the descriptor that the link has now. */
static void link_watch(struct controller *controller)
{
	const struct link_ops *ops = controller->link->ops;
	int fd = ops->fd(controller->link);
	struct epoll_event event = {
		.events = fd >= 0 ? ops->interest(controller->link) : 0,
		.data.u64 = WATCH_TOKEN(WATCH_LINK, controller->index),
	};

	if (fd < 0 && controller->link_fd < 0) {
		return;
	}
	if (fd == controller->link_fd && event.events == controller->link_interest) {
		return;
	}
	if (fd != controller->link_fd && controller->link_fd >= 0) {
		/* It may have been closed already, which takes it out of the set. */
		(void)epoll_ctl(controller->epoll, EPOLL_CTL_DEL, controller->link_fd, NULL);
	}
	/* A number that was closed and given again is in the set no more. */
	if (fd >= 0 && epoll_ctl(controller->epoll, EPOLL_CTL_MOD, fd, &event) &&
		epoll_ctl(controller->epoll, EPOLL_CTL_ADD, fd, &event)) {
		log_line(LOG_PRIORITY_ERROR, "%s: cannot be watched: %m", controller->link_name);
	}
	controller->link_fd = fd;
	controller->link_interest = event.events;
}

void controller_link_ready(struct controller *controller, uint32_t events, uint64_t now_ns)
{
	controller->link->ops->dispatch(controller->link, events, now_ns);
	link_watch(controller);
}

/* ---- what comes from the clients ---- */

static void host_log(void *context, const char *text)
{
	struct controller *controller = context;

	log_line(LOG_PRIORITY_NOTICE, "%s: %s", controller->link_name, text);
}

static int host_kick(void *context, uint32_t client)
{
	struct controller *controller = context;
	int result = -ENOENT;
	uint32_t i;

	for (i = 0; i < controller->faces_count && result == -ENOENT; i++) {
		struct face *face = controller->faces[i];

		result = face ? face->ops->kick(face, client) : -ENOENT;
	}
	return result;
}

void controller_face_ready(
	struct controller *controller, uint64_t token, uint32_t events, uint64_t now_ns)
{
	struct face *face = controller->faces[WATCH_FACE_OF(token)];

	controller->fed += face->ops->ready(face, token, events, now_ns);
}

bool controller_full(const struct controller *controller)
{
	return controller->fed >= FED_MAX;
}

/* ---- the pump ---- */

/* Lets the link say what it has by now, if it has something. */
static bool controller_poll_link(struct controller *controller, uint64_t now_ns)
{
	struct link *link = controller->link;

	if (link->ops->deadline(link) > now_ns) {
		return false;
	}
	link->ops->dispatch(link, 0, now_ns);
	link_watch(controller);
	return true;
}

static void controller_act(
	struct controller *controller, const struct core_action *action, uint64_t now_ns)
{
	struct link *link = controller->link;
	struct face *face;

	if (action->type == CORE_ACTION_REGISTER) {
		core_done(controller->core, action->id,
			link->ops->registration
				? link->ops->registration(link, &action->registration)
				: -EOPNOTSUPP);
		return;
	}
	if (action->type == CORE_ACTION_MAINTENANCE) {
		core_done(controller->core, action->id,
			link->ops->maintenance
				? link->ops->maintenance(link, action->maintenance.on)
				: 0);
		return;
	}
	if (action->type != CORE_ACTION_TRANSMIT) {
		face = controller->faces[WATCH_FACE_OF(action->type == CORE_ACTION_CREDIT
							       ? action->credit.cookie
							       : action->deliver.cookie)];
		face->ops->act(face, action);
		return;
	}
	core_done(
		controller->core, action->id, link->ops->transmit(link, &action->transmit, now_ns));
	/* A controller in this very process has answered already: until its answer is taken, its
	 * window is full and the core has nothing to send. */
	(void)controller_poll_link(controller, now_ns);
}

static void faces_expire(struct controller *controller, uint64_t now_ns)
{
	uint32_t i;

	for (i = 0; i < controller->faces_count; i++) {
		struct face *face = controller->faces[i];

		if (face && face->ops->deadline(face) <= now_ns) {
			face->ops->expire(face, now_ns);
		}
	}
}

static void faces_flush(struct controller *controller, uint64_t now_ns)
{
	uint32_t i;

	for (i = 0; i < controller->faces_count; i++) {
		struct face *face = controller->faces[i];

		if (face) {
			face->ops->flush(face, now_ns);
		}
	}
}

void controller_run(struct controller *controller, uint64_t now_ns)
{
	struct core_action action;
	uint32_t acted = 0, flushed = 0;

	if (core_deadline(controller->core) <= now_ns) {
		struct core_event event = {.type = CORE_EVENT_TIME, .now_ns = now_ns};

		(void)core_step(controller->core, &event); /* broken: the loop sees */
	}
	faces_expire(controller, now_ns);
	while (acted < ACTIONS_MAX) {
		if (core_next(controller->core, &action)) {
			controller_act(controller, &action, now_ns);
			acted++;
		} else if (controller_poll_link(controller, now_ns)) {
			acted++;
		} else if (flushed != acted) {
			/* What was taken frees credit, which is an action in turn. */
			flushed = acted;
			faces_flush(controller, now_ns);
		} else {
			break;
		}
	}
	if (flushed != acted) {
		faces_flush(controller, now_ns);
	}
	controller->more = acted >= ACTIONS_MAX;
	controller->fed = 0;
}

uint64_t controller_deadline(const struct controller *controller)
{
	uint64_t core_ns = core_deadline(controller->core);
	uint64_t link_ns = controller->link->ops->deadline(controller->link);
	uint64_t first_ns = core_ns < link_ns ? core_ns : link_ns, face_ns;
	uint32_t i;

	if (controller->more) {
		return 0;
	}
	for (i = 0; i < controller->faces_count; i++) {
		const struct face *face = controller->faces[i];

		if (face) {
			face_ns = face->ops->deadline(face);
			first_ns = face_ns < first_ns ? face_ns : first_ns;
		}
	}
	return first_ns;
}

/* ---- from open to close ---- */

static int core_create(
	struct controller *controller, const struct core_limits *given, uint64_t now_ns)
{
	struct core_limits limits = *given;
	size_t size;

	memcpy(&limits.seed, controller->host.boot_id, sizeof(limits.seed));
	size = core_size(&limits);
	if (size == 0) {
		return -EINVAL;
	}
	/* Pages that no handle ever used cost nothing. */
	controller->core_memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (controller->core_memory == MAP_FAILED) {
		controller->core_memory = NULL;
		return -ENOMEM;
	}
	controller->core_size = size;
	return core_init(controller->core_memory, size, &limits, now_ns, &controller->core);
}

static int faces_open(struct controller *controller, const struct controller_order *order,
	uint64_t now_ns, char *error, size_t error_size)
{
	uint32_t i;
	int result;

	for (i = 0; face_table[i]; i++) {
		struct face_host host = controller->host;

		if (!order->faces[i]) {
			continue;
		}
		host.token = WATCH_TOKEN(WATCH_FACE + i, controller->index);
		result = face_table[i]->open(
			order->faces[i], now_ns, &host, error, error_size, &controller->faces[i]);
		if (result) {
			return result;
		}
		controller->faces_count = i + 1;
	}
	return 0;
}

int controller_open(struct controller *controller, const struct controller_order *order,
	const struct core_limits *given, int epoll, uint32_t index, const uint8_t boot_id[16],
	uint64_t now_ns, char *error, size_t error_size)
{
	struct link_sink sink = {.context = controller, .event = sink_event, .log = sink_log};
	int result;

	*controller = (struct controller){
		.epoll = epoll,
		.index = index,
		.link_fd = -1,
		.link_name = order->link,
		.host = {.link = order->link,
			.version = VIPMI_VERSION,
			.epoll = epoll,
			.context = controller,
			.log = host_log,
			.kick = host_kick},
	};
	memcpy(controller->host.boot_id, boot_id, sizeof(controller->host.boot_id));
	result = core_create(controller, given, now_ns);
	if (result) {
		snprintf(error, error_size, "no memory for %u virtual controllers",
			given->handles_max);
		controller_close(controller);
		return result;
	}
	result = numbers_open(order->faces[0], error, error_size, &controller->numbers);
	if (result) {
		controller_close(controller);
		return result;
	}
	core_keep_numbers(controller->core, controller->numbers.words);
	controller->host.core = controller->core;
	result = link_open(order->link, now_ns, &sink, error, error_size, &controller->link);
	if (result == 0) {
		link_watch(controller);
		result = faces_open(controller, order, now_ns, error, error_size);
	}
	if (result) {
		controller_close(controller);
	}
	return result;
}

void controller_dump(const struct controller *controller)
{
	static struct core_status status; /* several hundred bytes, and we may be in trouble */
	struct core_record record;
	uint64_t cursor = 0, lost, last = 0;
	const char *broken = core_broken(controller->core);
	uint32_t i;

	core_status(controller->core, &status);
	log_line(LOG_PRIORITY_ERROR, "%s: %s", controller->link_name, broken ? broken : "whole");
	log_line(LOG_PRIORITY_ERROR,
		"clients %u, handles %u, requests %u, queued %u, in flight %u, bridged %u, unread "
		"%u",
		status.clients, status.handles, status.requests, status.queued, status.in_flight,
		status.bridged, status.unread);
	for (i = 0; i < CORE_COUNTER_COUNT; i++) {
		if (status.counters[i] > 0) {
			log_line(LOG_PRIORITY_ERROR, "%s: %llu",
				core_counter_name((enum core_counter)i),
				(unsigned long long)status.counters[i]);
		}
	}
	while (core_record_next(controller->core, &cursor, &record, &lost)) {
		last = cursor;
	}
	cursor = last > DUMP_RECORDS ? last - DUMP_RECORDS : 0;
	while (core_record_next(controller->core, &cursor, &record, &lost)) {
		log_line(LOG_PRIORITY_ERROR,
			"record %llu at %llu ns: kind %u, handle %08x, request %llx, outcome %llx, "
			"arguments %llx %llx %llx",
			(unsigned long long)record.number, (unsigned long long)record.time_ns,
			record.kind, record.handle, (unsigned long long)record.request,
			(unsigned long long)record.outcome, (unsigned long long)record.arguments[0],
			(unsigned long long)record.arguments[1],
			(unsigned long long)record.arguments[2]);
	}
}

void controller_close(struct controller *controller)
{
	/* Where another agent serves, there is no face of ours. */
	bool served = controller->faces[0] != NULL;

	while (controller->faces_count > 0) {
		struct face **face = &controller->faces[--controller->faces_count];

		if (*face) {
			(*face)->ops->close(*face);
			*face = NULL;
		}
	}
	if (controller->link) {
		controller->link->ops->close(controller->link);
		controller->link = NULL;
	}
	if (controller->core_memory) {
		munmap(controller->core_memory, controller->core_size);
		controller->core_memory = NULL;
	}
	numbers_close(&controller->numbers, served);
}
