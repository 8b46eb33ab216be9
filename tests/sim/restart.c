/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent is killed and started again beside the same controller: everybody is
 * gone, nothing of the core is left but the numbers that it kept. What was on the
 * bus or in the receive queue still comes.
 */
#include "tests/sim/reach.h"

#define RESTARTS_MAX 2

/* What only the dead agent, its link or its clients waited for. */
static bool dies_with_agent(const struct sim_pending *pending)
{
	return pending->type != SIM_FROM_BUS && pending->type != SIM_UP &&
	       pending->type != SIM_UNSTICK && pending->type != SIM_UNSTUCK;
}

static void forget_pending(struct sim *sim)
{
	static struct sim_pending all[SIM_PENDING_MAX];
	uint32_t count = sim->pending_count, i;

	memcpy(all, sim->pending, count * sizeof(all[0]));
	sim->pending_count = 0;
	for (i = 0; i < count; i++) {
		if (!dies_with_agent(&all[i])) {
			world_schedule(sim, &all[i]);
		}
	}
}

static void forget_clients(struct sim *sim)
{
	uint32_t i, j;

	for (i = 0; i < sim->handles_count; i++) {
		if (sim->handles[i].open) {
			model_handle_closed(sim, i, false);
		}
	}
	for (i = 0; i < sim->clients_count; i++) {
		struct sim_client *client = &sim->clients[i];

		for (j = 0; j < client->held_count; j++) {
			if (!(client->held_serial[j] & SIM_ASYNC)) {
				sim->requests[client->held_serial[j]].held = false;
			}
		}
		client->held_count = 0;
		client->open = false;
		client->blocked = false;
	}
	for (i = 0; i < sim->transmissions_count; i++) {
		if (sim->transmissions[i].serial != SIM_NONE) {
			sim->requests[sim->transmissions[i].serial].offered = false;
			sim->requests[sim->transmissions[i].serial].at_controller = false;
		}
	}
	sim->transmissions_count = 0;
	sim->clients_open = 0;
	sim->ghosts = 0;
	sim->own_affairs = 0;
	sim->local_answers = 0;
	sim->rights_count = 0;
	sim->clients_base = sim->clients_count;
	sim->handles_base = sim->handles_count;
	sim->requests_base = sim->requests_count;
}

bool sim_restart(struct sim *sim)
{
	if (sim->restarts == RESTARTS_MAX) {
		return false;
	}
	sim->restarts++;
	sim_trace(sim, "the agent dies");
	model_time(sim);
	reach_gone(sim);
	parts_killed(sim);
	if (sim->link_up) {
		world_forget_old(sim);
	}
	forget_clients(sim);
	forget_pending(sim);
	sim->epoch++;
	sim->attention = false;
	sim->link_refuses = false;
	sim->link_dying = false;
	sim->link_known = false;
	if (core_init(sim->memory, sim->memory_size, &sim->limits, sim->now_ns, &sim->core) != 0) {
		sim_fail(sim, "core_init refuses honest limits");
	}
	parts_restarted(sim);
	if (sim->link_up) {
		sim->link_down_ns = sim->now_ns;
		world_link_up(sim);
	}
	sim_arrive(sim);
	return true;
}
