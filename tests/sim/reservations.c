/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reservations of the SDR repository, the device SDRs and the SEL (docs/rights.md;
 * IPMI 2.0 sections 31.4, 33.11, 35.4). The controller of the world knows one of each
 * kind, and answers C5 to any other. Everybody's Reserve goes there, and everybody's
 * id stays good when others reserve after it; when somebody else deletes or clears,
 * it is void, and answered C5 unsent. A C5 of the controller's reaches only who had
 * the id that is the last one known.
 */
#include "tests/sim/reach.h"

enum kind { SDR, DEVICE_SDR, SEL, KINDS };
enum effect { RESERVE, USE, DELETE, CLEAR };

static const struct {
	uint8_t netfn, command;
	enum kind kind;
	enum effect effect;
} commands[] = {
	{VIPMI_NETFN_STORAGE, 0x22, SDR, RESERVE},
	{VIPMI_NETFN_STORAGE, 0x23, SDR, USE}, /* Get SDR */
	{VIPMI_NETFN_STORAGE, 0x26, SDR, DELETE},
	{VIPMI_NETFN_STORAGE, 0x27, SDR, CLEAR},
	{VIPMI_NETFN_SENSOR, 0x22, DEVICE_SDR, RESERVE},
	{VIPMI_NETFN_SENSOR, 0x21, DEVICE_SDR, USE}, /* Get Device SDR */
	{VIPMI_NETFN_STORAGE, 0x42, SEL, RESERVE},
	{VIPMI_NETFN_STORAGE, 0x43, SEL, USE}, /* Get SEL Entry */
	{VIPMI_NETFN_STORAGE, 0x46, SEL, DELETE},
	{VIPMI_NETFN_STORAGE, 0x47, SEL, CLEAR},
};

/* A clear's sixth byte (sections 31.9, 33.12): begin, or how far it is. */
#define OPERATION 5
#define BEGIN_CLEARING 0xAA

/* Handles that reserve often. */
#define KEEPERS 8u

struct own_id {
	uint16_t id;
	bool is_void;
};

struct use {
	uint8_t command; /* of the list */
	uint8_t operation;
	uint16_t id, sent_id; /* as its client wrote it; as it went out last */
	bool own;             /* it was its handle's when it did */
	bool may_be_void;
};

struct reservations {
	uint16_t valid[KINDS]; /* at the controller; 0: none */
	uint16_t known[KINDS]; /* of those that the agent has seen, the last */
	bool strict;           /* a change cancels the controller's own */
	struct own_id of[SIM_HANDLES_MAX][KINDS];
	struct use uses[SIM_REQUESTS_MAX];
};

static struct reservations *state(struct sim *sim)
{
	return sim->states[SIM_PART_RESERVATIONS];
}

static uint16_t id_given(uint32_t serial)
{
	return (uint16_t)serial; /* as model_answer writes it */
}

static struct own_id *own_of(struct sim *sim, uint32_t serial)
{
	const struct use *use = &state(sim)->uses[serial];

	return &state(sim)->of[sim->requests[serial].handle][commands[use->command].kind];
}

static bool names_own(struct sim *sim, uint32_t serial)
{
	const struct use *use = &state(sim)->uses[serial];

	return sim->requests[serial].lun == 0 && commands[use->command].effect != RESERVE &&
	       use->id != 0 && use->id == own_of(sim, serial)->id;
}

static bool is_change(const struct use *use)
{
	return commands[use->command].effect == DELETE ||
	       (commands[use->command].effect == CLEAR && use->operation == BEGIN_CLEARING);
}

static void look_whether_void(struct sim *sim, uint32_t serial)
{
	if (names_own(sim, serial) && own_of(sim, serial)->is_void) {
		state(sim)->uses[serial].may_be_void = true;
		sim->requests[serial].may_be_refused = true;
	}
}

/* ---- at the controller ---- */

static uint8_t executed(struct sim *sim, uint32_t serial, const uint8_t *data, uint8_t cc)
{
	struct reservations *reservations = state(sim);
	const struct use *use = &reservations->uses[serial];
	enum kind kind = commands[use->command].kind;

	if (sim->requests[serial].lun != 0 || cc != VIPMI_CC_OK) {
		return cc;
	}
	if (commands[use->command].effect == RESERVE) {
		reservations->valid[kind] = id_given(serial);
		return cc;
	}
	if ((data[0] | data[1] << 8) != reservations->valid[kind]) {
		return VIPMI_CC_RESERVATION_CANCELLED;
	}
	if (is_change(use) && reservations->strict) {
		reservations->valid[kind] = 0;
	}
	return cc;
}

static void link_lost(struct sim *sim)
{
	if (sim->link_up) { /* so it is a reset */
		memset(state(sim)->valid, 0, sizeof(state(sim)->valid));
	}
}

/* ---- at the agent ---- */

static void changed(struct sim *sim, uint32_t by, enum kind kind)
{
	uint32_t h, i;

	for (h = sim->handles_base; h < sim->handles_count; h++) {
		if (h == by) {
			continue;
		}
		state(sim)->of[h][kind].is_void = true;
		for (i = 0; i < sim->handles[h].count; i++) {
			uint32_t serial = sim->handles[h].outstanding[i];

			if (sim->requests[serial].part == SIM_PART_RESERVATIONS) {
				look_whether_void(sim, serial);
			}
		}
	}
}

static bool received(struct sim *sim, uint32_t serial, uint8_t cc)
{
	struct reservations *reservations = state(sim);
	struct use *use = &reservations->uses[serial];
	struct sim_request *request = &sim->requests[serial];
	enum kind kind = commands[use->command].kind;
	bool waits = request_pending(sim, request) && !request->offered;

	if (request->lun != 0) {
		return false;
	}
	if (cc == VIPMI_CC_OK && commands[use->command].effect == RESERVE) {
		reservations->known[kind] = id_given(serial);
		if (waits) {
			*own_of(sim, serial) = (struct own_id){.id = id_given(serial)};
		}
	} else if (cc == VIPMI_CC_OK && is_change(use)) {
		changed(sim, request->handle, kind);
	} else if (cc == VIPMI_CC_RESERVATION_CANCELLED && waits && use->own &&
		   use->sent_id != reservations->known[kind]) {
		request->safe = true; /* overtaken on its way: once more, with the new one */
		return true;
	}
	return false;
}

static uint32_t payload(struct sim *sim, uint32_t serial, uint8_t *bytes)
{
	const struct use *use = &state(sim)->uses[serial];
	uint32_t length = model_payload(&sim->requests[serial], serial, bytes);

	bytes[0] = (uint8_t)use->id;
	bytes[1] = (uint8_t)(use->id >> 8);
	bytes[OPERATION] = use->operation;
	return length;
}

static uint32_t on_wire(struct sim *sim, uint32_t serial, uint8_t *bytes)
{
	struct use *use = &state(sim)->uses[serial];
	uint32_t length = payload(sim, serial, bytes);

	use->own = names_own(sim, serial);
	use->sent_id = use->id;
	if (!use->own) {
		return length;
	}
	if (own_of(sim, serial)->is_void) {
		sim_fail(sim, "#%u is sent although its reservation is void", serial);
	}
	use->sent_id = state(sim)->known[commands[use->command].kind];
	bytes[0] = (uint8_t)use->sent_id;
	bytes[1] = (uint8_t)(use->sent_id >> 8);
	return length;
}

static bool answered(struct sim *sim, uint32_t serial, const struct core_deliver *deliver)
{
	if (deliver->reason != VIPMI_REASON_VOID) {
		return false;
	}
	if (!state(sim)->uses[serial].may_be_void || sim->requests[serial].final ||
		deliver->cc != VIPMI_CC_RESERVATION_CANCELLED ||
		deliver->origin != VIPMI_ORIGIN_AGENT || deliver->length != 0) {
		sim_fail(sim, "#%u's reservation is said to be void", serial);
	}
	return true;
}

/* ---- what clients do ---- */

static bool act(struct sim *sim, uint32_t h)
{
	uint32_t serial = sim->requests_count, keeper = sim->handles_base + pick(sim, KEEPERS);
	struct use *use = &state(sim)->uses[serial];
	struct sim_request *request;

	if (!strikes(sim, reserving) || serial == 0) {
		return false;
	}
	if (keeper < sim->handles_count && sim->handles[keeper].open && pick(sim, 4)) {
		h = keeper;
	}
	request = sim_draw(sim, h);
	*use = (struct use){.command = (uint8_t)pick(sim, ARRAY_LENGTH(commands))};
	while (commands[use->command].effect > USE && pick(sim, 3)) {
		use->command--; /* a change makes everybody's void: not too often */
	}
	request->part = SIM_PART_RESERVATIONS;
	request->netfn = commands[use->command].netfn;
	request->command = commands[use->command].command;
	request->responder = 0;
	/* Ahead of the crowd. */
	request->class = pick(sim, 2) ? VIPMI_CLASS_URGENT : request->class;
	if (commands[use->command].effect == RESERVE) {
		request->service_ms = 0;
		if (pick(sim, 3) == 0) { /* and does not wait for it */
			request->service_ms = 10 + pick(sim, 20);
			request->deadline_ns =
				sim->now_ns + (1 + pick(sim, 20)) * NSEC_PER_MSEC_U64;
		}
	} else {
		request->service_ms = pick(sim, 30); /* others may overtake it */
		use->id = pick(sim, 8) ? own_of(sim, serial)->id : (uint16_t)pick(sim, serial);
		use->operation =
			commands[use->command].effect == CLEAR && pick(sim, 2) ? BEGIN_CLEARING : 0;
	}
	if (sim_submit(sim)) {
		look_whether_void(sim, serial);
	}
	return true;
}

static void begin(struct sim *sim)
{
	state(sim)->strict = pick(sim, 2);
}

/* The new agent knows of none; the controller's own stays. */
static void restarted(struct sim *sim)
{
	memset(state(sim)->known, 0, sizeof(state(sim)->known));
}

const struct sim_part sim_reservations = {
	.size = sizeof(struct reservations),
	.begin = begin,
	.restarted = restarted,
	.act = act,
	.link_lost = link_lost,
	.payload = payload,
	.on_wire = on_wire,
	.executed = executed,
	.received = received,
	.answered = answered,
};
