/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters: which asynchronous messages a subscription asks for. Equal ones are
 * kept once, and that is what makes losses exact.
 *
 * A message that leaves the log is shown to every filter in force, and each
 * counts those that match (`gone`). A subscriber counts those of its filter that
 * it has passed (`seen`, from the same origin). Whoever finds itself behind the
 * log has lost `gone - seen`, whatever else was in between. The work for it is
 * done once for each filter, not for each subscriber.
 */
#include "core/private.h"

#include "ipmi/event.h"

#define CLAUSE_SEVERITY_MAX IPMI_SEVERITY_NON_RECOVERABLE

static bool field_valid(uint16_t field)
{
	return field <= CORE_ANY;
}

int filter_check(const struct core_clause *clauses, size_t count)
{
	size_t i;

	if (count == 0 || count > CORE_CLAUSES_MAX) {
		return -EINVAL;
	}
	for (i = 0; i < count; i++) {
		const struct core_clause *clause = &clauses[i];

		if (clause->kinds == 0 || (clause->kinds & ~CORE_ASYNC_ALL) ||
			!field_valid(clause->sensor_type) || !field_valid(clause->sensor) ||
			!field_valid(clause->netfn) || !field_valid(clause->command) ||
			!field_valid(clause->channel) || !field_valid(clause->address) ||
			clause->directions >
				(CORE_DIRECTION_ASSERTED | CORE_DIRECTION_DEASSERTED) ||
			clause->severity > CLAUSE_SEVERITY_MAX) {
			return -EINVAL;
		}
	}
	return 0;
}

void filter_prepare(struct core_message *message)
{
	struct ipmi_event event;

	message->kinds = (uint8_t)CORE_ASYNC(message->kind);
	if (message->kind != VIPMI_ASYNC_EVENT || message->length < IPMI_EVENT_LENGTH) {
		return;
	}
	ipmi_event_decode(message->bytes, &event);
	if (event.board_moves) {
		message->kinds |= CORE_ASYNC(VIPMI_ASYNC_CHASSIS);
	}
	/* Event messages name the generator themselves, whatever way they came. */
	message->channel = event.channel;
	message->address = event.generator;
	if (event.record_type != IPMI_EVENT_SYSTEM) {
		return; /* an OEM's own: of no sensor, in no direction */
	}
	message->sensor_type = event.sensor_type;
	message->sensor = event.sensor;
	message->direction = event.deasserted ? CORE_DIRECTION_DEASSERTED : CORE_DIRECTION_ASSERTED;
	message->severity = (uint8_t)event.severity;
	message->offset = (uint16_t)(1u << event.offset);
}

static bool field_matches(uint16_t wanted, uint8_t value)
{
	return wanted == CORE_ANY || wanted == value;
}

/* Whether it names anything that events alone have. */
static bool about_events(const struct core_clause *clause)
{
	return clause->sensor_type != CORE_ANY || clause->sensor != CORE_ANY ||
	       clause->offsets != 0 || clause->directions != 0 || clause->severity != 0;
}

static bool event_matches(const struct core_clause *clause, const struct core_message *message)
{
	return message->direction != 0 && /* it is of a sensor */
	       field_matches(clause->sensor_type, message->sensor_type) &&
	       field_matches(clause->sensor, message->sensor) &&
	       (clause->offsets == 0 || (clause->offsets & message->offset)) &&
	       (clause->directions == 0 || (clause->directions & message->direction)) &&
	       clause->severity <= message->severity;
}

static bool clause_matches(const struct core_clause *clause, const struct core_message *message)
{
	return (clause->kinds & message->kinds) && field_matches(clause->netfn, message->netfn) &&
	       field_matches(clause->command, message->command) &&
	       field_matches(clause->channel, message->channel) &&
	       field_matches(clause->address, message->address) &&
	       (!about_events(clause) || event_matches(clause, message));
}

bool filter_matches(const struct core_filter *filter, const struct core_message *message)
{
	uint32_t i;

	for (i = 0; i < filter->count; i++) {
		if (clause_matches(&filter->clauses[i], message)) {
			return true;
		}
	}
	return false;
}

static bool conditions_meet(uint16_t a, uint16_t b)
{
	return a == CORE_ANY || b == CORE_ANY || a == b;
}

static bool masks_meet(uint32_t a, uint32_t b)
{
	return a == 0 || b == 0 || (a & b);
}

/* An event of a board is an EVENT as well. */
static uint32_t kinds_of(const struct core_clause *clause)
{
	return clause->kinds & CORE_ASYNC(VIPMI_ASYNC_EVENT)
		       ? clause->kinds | CORE_ASYNC(VIPMI_ASYNC_CHASSIS)
		       : clause->kinds;
}

/* Severities are ranges open above: two of them always meet. */
static bool clauses_meet(const struct core_clause *a, const struct core_clause *b)
{
	return (kinds_of(a) & kinds_of(b)) && conditions_meet(a->sensor_type, b->sensor_type) &&
	       conditions_meet(a->sensor, b->sensor) && conditions_meet(a->netfn, b->netfn) &&
	       conditions_meet(a->command, b->command) && conditions_meet(a->channel, b->channel) &&
	       conditions_meet(a->address, b->address) && masks_meet(a->offsets, b->offsets) &&
	       masks_meet(a->directions, b->directions);
}

bool filters_meet(
	const struct core_clause *a, size_t a_count, const struct core_clause *b, size_t b_count)
{
	size_t i, j;

	for (i = 0; i < a_count; i++) {
		for (j = 0; j < b_count; j++) {
			if (clauses_meet(&a[i], &b[j])) {
				return true;
			}
		}
	}
	return false;
}

static bool clause_equal(const struct core_clause *a, const struct core_clause *b)
{
	return a->sensor_type == b->sensor_type && a->sensor == b->sensor && a->netfn == b->netfn &&
	       a->command == b->command && a->channel == b->channel && a->address == b->address &&
	       a->offsets == b->offsets && a->kinds == b->kinds && a->directions == b->directions &&
	       a->severity == b->severity;
}

static bool filter_is(
	const struct core_filter *filter, const struct core_clause *clauses, size_t count)
{
	size_t i;

	if (filter->count != count) {
		return false;
	}
	for (i = 0; i < count; i++) {
		if (!clause_equal(&filter->clauses[i], &clauses[i])) {
			return false;
		}
	}
	return true;
}

struct core_filter *filter_take(struct core *core, const struct core_clause *clauses, size_t count)
{
	struct core_filter *free_one = NULL;
	uint32_t i;

	for (i = 0; i < core->filters_fresh; i++) {
		if (filter_is(&core->filters[i], clauses, count)) {
			core->filters[i].users++;
			return &core->filters[i];
		}
		if (core->filters[i].count == 0 && !free_one) {
			free_one = &core->filters[i];
		}
	}
	if (!free_one && core->filters_fresh < CORE_FILTERS_MAX) {
		free_one = &core->filters[core->filters_fresh++];
	}
	if (free_one) {
		*free_one = (struct core_filter){.count = (uint8_t)count, .users = 1};
		memcpy(free_one->clauses, clauses, count * sizeof(*clauses));
	}
	return free_one;
}

void filter_drop(struct core *core, struct core_filter *filter)
{
	if (--filter->users > 0) {
		return;
	}
	filter->count = 0;
	/* The next loss is counted by those in force, so the tail is not looked at for nothing. */
	while (core->filters_fresh > 0 && core->filters[core->filters_fresh - 1].count == 0) {
		core->filters_fresh--;
	}
}

struct core_filter *handle_filter(struct core *core, const struct core_handle *handle)
{
	return handle->filter ? &core->filters[handle->filter - 1] : NULL;
}

void filters_forget(struct core *core, const struct core_message *message)
{
	struct core_handle *holder;
	uint32_t i;

	if (message->holder) {
		holder = handle_by_id(core, message->holder);
		if (!holder || !handle_subscribed(holder) || message->taken ||
			holder->position > message->number) {
			return;
		}
		/* One that is just being handed over is lost only if it is not taken. */
		if (holder->event_pulled && !holder->loss_pulled && !holder->pulled_moved &&
			holder->position == message->number) {
			holder->pulled_gone = true;
		} else {
			holder->loss++;
		}
		return;
	}
	for (i = 0; i < core->filters_fresh; i++) {
		core->filters[i].gone += filter_matches(&core->filters[i], message);
	}
}
