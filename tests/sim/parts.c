/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of the model that have files of their own. A new one is a name in
 * sim.h, a struct of functions in its file, and a line here.
 */
#include "tests/sim/sim.h"

#include <stdlib.h>

static const struct sim_part plain = {0};

static const struct sim_part *const parts[SIM_PART_COUNT] = {
	[SIM_PLAIN] = &plain,
	[SIM_PART_MESSAGES] = &sim_messages,
	[SIM_PART_RECEIVE] = &sim_receive,
	[SIM_PART_SUBSCRIPTIONS] = &sim_subscriptions,
	[SIM_PART_OWN] = &sim_own,
	[SIM_PART_RESERVATIONS] = &sim_reservations,
	[SIM_PART_FAIRNESS] = &sim_fairness,
	[SIM_PART_NUMBERS] = &sim_numbers,
	[SIM_PART_BRIDGE] = &sim_bridge,
	[SIM_PART_MERGES] = &sim_merges,
};

void parts_begin(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		sim->states[i] = parts[i]->size ? calloc(1, parts[i]->size) : NULL;
		if (parts[i]->size && !sim->states[i]) {
			abort();
		}
		if (parts[i]->begin) {
			parts[i]->begin(sim);
		}
	}
}

void parts_finish(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		free(sim->states[i]);
		sim->states[i] = NULL;
	}
}

void parts_calm(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->calm) {
			parts[i]->calm(sim);
		}
	}
}

bool parts_world(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->world && parts[i]->world(sim)) {
			return true;
		}
	}
	return false;
}

bool parts_act(struct sim *sim, uint32_t handle)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->act && parts[i]->act(sim, handle)) {
			return true;
		}
	}
	return false;
}

void parts_time(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->time) {
			parts[i]->time(sim);
		}
	}
}

void parts_handle_opened(struct sim *sim, uint32_t handle)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->handle_opened) {
			parts[i]->handle_opened(sim, handle);
		}
	}
}

void parts_handle_closed(struct sim *sim, uint32_t handle, bool with_client)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->handle_closed) {
			parts[i]->handle_closed(sim, handle, with_client);
		}
	}
}

void parts_link_lost(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->link_lost) {
			parts[i]->link_lost(sim);
		}
	}
}

void parts_link_up(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->link_up) {
			parts[i]->link_up(sim);
		}
	}
}

void parts_killed(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->killed) {
			parts[i]->killed(sim);
		}
	}
}

void parts_restarted(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->restarted) {
			parts[i]->restarted(sim);
		}
	}
}

bool parts_message(struct sim *sim, const struct core_deliver *deliver, uint32_t handle)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->message && parts[i]->message(sim, deliver, handle)) {
			return true;
		}
	}
	return false;
}

void parts_settled(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->settled) {
			parts[i]->settled(sim);
		}
	}
}

void parts_gone(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < SIM_PART_COUNT; i++) {
		if (parts[i]->gone) {
			parts[i]->gone(sim);
		}
	}
}

uint32_t parts_payload(struct sim *sim, uint32_t serial, uint8_t *bytes)
{
	const struct sim_request *request = &sim->requests[serial];
	const struct sim_part *part = parts[request->part];

	return part->payload ? part->payload(sim, serial, bytes)
			     : model_payload(request, serial, bytes);
}

void parts_submitted(struct sim *sim, uint32_t serial, uint32_t credit)
{
	const struct sim_part *part = parts[sim->requests[serial].part];

	if (part->submitted) {
		part->submitted(sim, serial, credit);
	}
}

uint32_t parts_on_wire(struct sim *sim, uint32_t serial, uint8_t *bytes)
{
	const struct sim_part *part = parts[sim->requests[serial].part];

	return part->on_wire ? part->on_wire(sim, serial, bytes)
			     : parts_payload(sim, serial, bytes);
}

uint8_t parts_executed(struct sim *sim, uint32_t serial, const uint8_t *data, uint8_t cc)
{
	const struct sim_part *part = parts[sim->requests[serial].part];

	return part->executed ? part->executed(sim, serial, data, cc) : cc;
}

bool parts_received(struct sim *sim, uint32_t serial, uint8_t cc)
{
	const struct sim_part *part = parts[sim->requests[serial].part];

	return part->received && part->received(sim, serial, cc);
}

bool parts_answered(struct sim *sim, uint32_t serial, const struct core_deliver *deliver)
{
	const struct sim_part *part = parts[sim->requests[serial].part];

	return part->answered && part->answered(sim, serial, deliver);
}
