/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A question already asked is not asked again (design.md): when a read is given to
 * the link, all that wait to ask the very same join it, and the one answer is
 * everybody's.
 *
 *	1. Only what could be sent at this moment joins: the head of its lane, with no
 *	   mutating request before it, no reservation against it, its time not over.
 *	2. Nothing joins what is given to the link already. So every answer is younger
 *	   than its question, as if each had been sent alone; no mutation by anybody
 *	   comes between the two, and nobody need ask for a fresh answer.
 *	3. While a question is at the controller it is not sent a second time, where the
 *	   link would take it: it waits for the end of the first, and meanwhile others
 *	   come to join it.
 *	4. Whatever ends the transmission but a response puts those that joined back
 *	   where they stood. Each keeps its own deadline, and its own fate.
 *	5. The one whose turn it was pays for the controller's time.
 *
 * Only for the controller itself. What reveals secrets is asked by each alone.
 */
#include "core/private.h"

void merge_init(struct core *core)
{
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(core->questions); i++) {
		list_init(&core->questions[i]);
	}
}

bool merge_possible(
	const struct core *core, const struct core_request *request, enum ipmi_class class)
{
	return core->limits.merge && (class == IPMI_CLASS_READ || class == IPMI_CLASS_QUASI_READ) &&
	       request->target_kind == VIPMI_TARGET_CONTROLLER;
}

/* FNV-1a. */
uint32_t question_hash(struct core *core, struct core_request *request)
{
	const uint8_t *data = request_data(core, request);
	const uint32_t prime = 16777619u;
	uint32_t hash = 2166136261u, i;

	hash = (hash ^ request->netfn) * prime;
	hash = (hash ^ request->command) * prime;
	for (i = reservation_bytes(request); i < request->length; i++) {
		hash = (hash ^ data[i]) * prime;
	}
	return hash;
}

static struct list_link *askers_of(struct core *core, struct core_request *request)
{
	return &core->questions[question_hash(core, request) % ARRAY_LENGTH(core->questions)];
}

void merge_wait(struct core *core, struct core_request *request)
{
	list_push_back(askers_of(core, request), &request->group_link);
}

/* In place of its handle's own reservation it is sent with the one that is valid at the controller:
 * so these may differ. */
static bool same_question(
	struct core *core, struct core_request *leader, struct core_request *request)
{
	const uint8_t *data = request_data(core, request), *leaders = request_data(core, leader);
	bool own = reservation_own(core, request);
	size_t skip = own ? reservation_bytes(request) : 0;

	return request->netfn == leader->netfn && request->command == leader->command &&
	       request->lun == leader->lun && request->length == leader->length &&
	       own == (leader->reservation != 0) &&
	       memcmp(data + skip, leaders + skip, request->length - skip) == 0;
}

static bool may_join(struct core *core, struct core_request *request)
{
	return lane_may_send(request) && !handle_leaving(request_handle(request)) &&
	       request->deadline_ns > core->now_ns && !command_forbidden(core, request) &&
	       !reservation_void(core, request);
}

bool merge_hold(struct core *core, struct core_request *request)
{
	size_t i;

	if (!request->merges) {
		return false;
	}
	for (i = 0; i < CORE_WINDOW_MAX; i++) {
		struct core_transmission *transmission = &core->transmissions[i];

		if (transmission->state == TRANSMISSION_FREE || !transmission->request ||
			!transmission->request->merges ||
			transmission->held_count == CORE_MERGE_LOOKS ||
			!same_question(core, transmission->request, request)) {
			continue;
		}
		list_remove(&request->group_link);
		list_push_back(&transmission->held, &request->group_link);
		transmission->held_count++;
		request->paused = true;
		lane_update(core, request->lane);
		core_count(core, reads_held);
		return true;
	}
	return false;
}

void merge_gather(
	struct core *core, struct core_transmission *transmission, struct core_request *leader)
{
	struct list_link *chain = askers_of(core, leader), *link, *following;
	unsigned looks = 0;

	list_for_each_safe(link, following, chain) {
		struct core_request *request = container_of(link, struct core_request, group_link);

		if (looks++ == CORE_MERGE_LOOKS) {
			break;
		}
		if (!same_question(core, leader, request) || !may_join(core, request)) {
			continue;
		}
		lane_remove(core, request);
		request->state = REQUEST_MERGED;
		request->reservation = leader->reservation;
		request->lane->in_flight++;
		list_push_back(&transmission->merged, &request->group_link);
		lane_update(core, request->lane);
		core_count(core, reads_merged);
	}
}

void merge_sent(struct core *core, struct core_transmission *transmission)
{
	struct list_link *link;

	list_for_each(link, &transmission->merged) {
		struct core_request *request = container_of(link, struct core_request, group_link);

		request_went(core, request);
	}
}

void merge_end(struct core *core, struct core_transmission *transmission)
{
	struct list_link *link;

	while ((link = list_first(&transmission->held)) != NULL) {
		struct core_request *request = container_of(link, struct core_request, group_link);

		list_remove(link);
		request->paused = false;
		merge_wait(core, request);
		lane_update(core, request->lane);
	}
	while ((link = list_first(&transmission->merged)) != NULL) {
		request_requeue(core, container_of(link, struct core_request, group_link));
	}
}
