/* SPDX-License-Identifier: BSD-2-Clause */
/* The shell around the core: a link that refuses and holds, clients that block and dawdle. */
#include "tests/sim/messages.h"
#include "tests/sim/reach.h"

/* Between two events an honest core needs fewer actions than this. */
#define SHELL_ACTIONS_MAX 200000

void shell_step(struct sim *sim, struct core_event *event, int result)
{
	int got;

	event->now_ns = sim->now_ns;
	model_time(sim);
	if (result == 0) {
		messages_step(sim, event);
	}
	got = core_step(sim->core, event);
	if (core_broken(sim->core)) {
		sim_fail(sim, "the core is broken: %s", core_broken(sim->core));
	}
	if (got != result) {
		sim_fail(sim, "event %d gave %d, expected %d", (int)event->type, got, result);
	}
	messages_listed(sim);
}

static void done(struct sim *sim, uint64_t action, int result)
{
	core_done(sim->core, action, result);
	if (core_broken(sim->core)) {
		sim_fail(sim, "the core is broken: %s", core_broken(sim->core));
	}
}

/* What becomes of a transmission at the link. 1: it is kept open for a while. */
static int link_result(struct sim *sim, const struct sim_transmission *transmission)
{
	if (sim->link_dying) {
		return -ENODEV;
	}
	if (sim->link_refuses) {
		return -EAGAIN;
	}
	if (strikes(sim, refused)) {
		sim->link_refuses = true;
		return -EAGAIN;
	}
	if (strikes(sim, failed)) {
		switch (transmission->kind == SIM_HOUSEKEEPING ? 2 : pick(sim, 3)) {
		case 0:
			reach(sim, REACH_failed_too_long);
			return -EMSGSIZE;
		case 1:
			reach(sim, REACH_failed_not_carried);
			return -EOPNOTSUPP;
		default:
			reach(sim, REACH_failed_link);
			sim->link_dying = true;
			return -ENODEV;
		}
	}
	return strikes(sim, held) ? 1 : 0;
}

static void act_transmit(struct sim *sim, const struct core_action *action)
{
	struct sim_transmission *transmission = model_transmit(sim, action);
	struct sim_pending later = {.number = transmission->id, .epoch = sim->epoch};
	int result = link_result(sim, transmission);

	sim->link_waits = result < 0;

	if (result == 1) {
		transmission->action = action->id;
		later.type = SIM_RELEASE_TRANSMIT;
		later.at_ns = sim->now_ns + pick_ns(sim, 0, 20000);
		world_schedule(sim, &later);
		return;
	}
	if (result == -EAGAIN && pick(sim, 4) > 0) {
		later.type = SIM_READY;
		later.at_ns = sim->now_ns + pick_ns(sim, 0, 60000);
		world_schedule(sim, &later);
	} else if (result == -EAGAIN) {
		/* It never says "now": the core has to try again by itself. */
		reach(sim, REACH_never_ready);
		sim->link_refuses = false;
	}
	if (result == 0) {
		world_transmitted(sim, transmission);
	}
	model_transmit_done(sim, transmission, result);
	done(sim, action->id, result);
}

void shell_release_transmit(struct sim *sim, uint32_t id)
{
	uint32_t i;
	int result;

	for (i = 0; i < sim->transmissions_count; i++) {
		struct sim_transmission *transmission = &sim->transmissions[i];

		if (transmission->id == id && transmission->action) {
			uint64_t action = transmission->action;

			transmission->action = 0;
			result = sim->link_up && pick(sim, 4) ? 0
				 : sim->link_up               ? -EAGAIN
							      : -ENODEV;
			if (result == 0 && transmission->epoch == sim->epoch) {
				world_transmitted(sim, transmission);
			}
			sim->link_waits |= result < 0;
			model_transmit_done(sim, transmission, result);
			done(sim, action, result);
			return;
		}
	}
}

static void block(struct sim *sim, uint32_t c)
{
	struct sim_pending later = {.type = SIM_WRITABLE, .number = c};

	sim->clients[c].blocked = true;
	sim_trace(sim, "client %u blocks", c);
	/* Some never read again, until the run ends. */
	if (pick(sim, 10) > 0) {
		later.at_ns = sim->now_ns + pick_ns(sim, 0, 3000000);
		world_schedule(sim, &later);
	} else {
		reach(sim, REACH_never_reads);
	}
}

static void act_deliver(struct sim *sim, const struct core_action *action)
{
	uint32_t serial = model_deliver(sim, &action->deliver);
	uint32_t c = (uint32_t)action->deliver.cookie;
	struct sim_client *client = &sim->clients[c];
	struct sim_pending later = {.type = SIM_RELEASE_DELIVER, .number = c};
	int result = 0;

	if (client->held_count > 0 || (!client->blocked && strikes(sim, hold))) {
		if (client->held_count < SIM_OUTSTANDING_MAX) {
			if (client->held_count == 0) {
				later.at_ns = sim->now_ns + pick_ns(sim, 0, 50000);
				world_schedule(sim, &later);
			}
			client->held[client->held_count] = action->id;
			client->held_serial[client->held_count++] = serial;
			if (!(serial & SIM_ASYNC)) {
				sim->requests[serial].held = true;
			}
			return;
		}
		shell_release_deliver(sim, c);
	}
	if (!client->blocked && strikes(sim, block)) {
		block(sim, c);
	}
	if (client->blocked) {
		result = -EAGAIN;
	}
	model_deliver_done(sim, serial, result);
	done(sim, action->id, result);
}

void shell_release_deliver(struct sim *sim, uint32_t c)
{
	struct sim_client *client = &sim->clients[c];
	uint32_t count = client->held_count, i;

	client->held_count = 0;
	for (i = 0; i < count; i++) {
		int result;

		if (client->open && !client->blocked && strikes(sim, block)) {
			block(sim, c);
		}
		result = client->blocked ? -EAGAIN : client->open ? 0 : -EPIPE;
		if (!(client->held_serial[i] & SIM_ASYNC)) {
			sim->requests[client->held_serial[i]].held = false;
		}
		model_deliver_done(sim, client->held_serial[i], result);
		done(sim, client->held[i], result);
	}
}

void shell_writable(struct sim *sim, uint32_t c)
{
	struct sim_client *client = &sim->clients[c];
	struct core_event event = {.type = CORE_EVENT_CLIENT_WRITABLE};

	if (!client->open || !client->blocked) {
		return;
	}
	sim_trace(sim, "client %u reads on", c);
	client->blocked = false;
	event.client.client = client->id;
	shell_step(sim, &event, 0);
}

static void act(struct sim *sim, const struct core_action *action)
{
	switch (action->type) {
	case CORE_ACTION_TRANSMIT:
		act_transmit(sim, action);
		break;
	case CORE_ACTION_DELIVER:
		act_deliver(sim, action);
		break;
	case CORE_ACTION_CREDIT: {
		uint32_t i;

		for (i = 0; i < sim->handles_count; i++) {
			if (sim->handles[i].open && sim->handles[i].id == action->credit.handle) {
				break;
			}
		}
		if (i == sim->handles_count || !sim->handles[i].wants_credit) {
			sim_fail(sim, "credit for a handle that wants none, or is closed");
		}
		if (core_credit(sim->core, action->credit.handle) == 0) {
			sim_fail(sim, "a CREDIT action without credit");
		}
		sim->handles[i].wants_credit = false;
		done(sim, action->id, 0);
		break;
	}
	case CORE_ACTION_REGISTER: {
		int result = strikes(sim, refused) ? (pick(sim, 2) ? -EAGAIN : -EBUSY) : 0;

		sim->link_waits |= result < 0;
		if (result == 0) {
			receive_register(sim, &action->registration);
		}
		done(sim, action->id, result);
		break;
	}
	default:
		sim_fail(sim, "an action of no known type");
	}
}

void shell_pump(struct sim *sim)
{
	struct core_event time = {.type = CORE_EVENT_TIME};
	struct core_action action;
	uint32_t actions = 0;

	do {
		while (core_next(sim->core, &action)) {
			act(sim, &action);
			if (!sim->draining && strikes(sim, lazy)) {
				return; /* the rest another time */
			}
			if (++actions > SHELL_ACTIONS_MAX) {
				sim_fail(sim, "the core never rests");
			}
		}
		if (sim->link_dying && sim->link_up) {
			world_link_down(sim);
		} else if (world_attention(sim)) {
			continue;
		} else if (core_deadline(sim->core) <= sim->now_ns) {
			shell_step(sim, &time, 0);
		} else {
			break;
		}
	} while (++actions <= SHELL_ACTIONS_MAX);
	if (actions > SHELL_ACTIONS_MAX) {
		sim_fail(sim, "the core's deadline stays in the past");
	}
	model_settled(sim);
}
