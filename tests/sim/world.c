/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The controller and the bus behind it. What is still to happen stands in a heap
 * by its time. Faults change what the controller does, never what it promised:
 * whatever it answers was asked, and no late response outlives the time for
 * which a sequence number rests (IPMB 1.0: 5 s).
 */
#include "tests/sim/fairness.h"
#include "tests/sim/messages.h"
#include "tests/sim/reach.h"

#include "vipmi/protocol.h"

/* From sending to the latest possible response on the bus. */
#define BUS_LATEST_US 4900000u
/* Events that come together. */
#define BURST_MAX 128u
/* In a transmission's number: none has it. */
#define NEVER_GIVEN 0x40000000u
/* How long a repeated response stays in the receive queue. */
#define REPETITION_LIVES_NS ((CORE_REST_MS - 10) * NSEC_PER_MSEC_U64)
/* How long a response does that came while nobody fetched it. */
#define LATE_LIVES_NS ((CORE_QUARANTINE_MS - 10) * NSEC_PER_MSEC_U64)

static bool sooner(const struct sim_pending *a, const struct sim_pending *b)
{
	return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->order < b->order;
}

void world_schedule(struct sim *sim, const struct sim_pending *pending)
{
	struct sim_pending *heap = sim->pending, item = *pending;
	uint32_t at = sim->pending_count;

	if (sim->pending_count == SIM_PENDING_MAX) {
		return; /* as good as lost */
	}
	item.order = sim->pending_order++;
	sim->pending_count++;
	for (; at > 0 && sooner(&item, &heap[(at - 1) / 2]); at = (at - 1) / 2) {
		heap[at] = heap[(at - 1) / 2];
	}
	heap[at] = item;
}

static struct sim_pending take_first(struct sim *sim)
{
	struct sim_pending *heap = sim->pending, first = heap[0];
	struct sim_pending item = heap[--sim->pending_count];
	uint32_t at = 0, child;

	for (; (child = 2 * at + 1) < sim->pending_count; at = child) {
		if (child + 1 < sim->pending_count && sooner(&heap[child + 1], &heap[child])) {
			child++;
		}
		if (!sooner(&heap[child], &item)) {
			break;
		}
		heap[at] = heap[child];
	}
	heap[at] = item;
	return first;
}

bool world_attention(struct sim *sim)
{
	bool asserted = sim->queue_count > 0 || sim->event_waiting || sim->watchdog_bit ||
			sim->sticky || sim->stuck;
	struct core_event event = {.type = CORE_EVENT_ATTENTION};

	if (!sim->link_up || !sim->link.attention || asserted == sim->attention) {
		return false;
	}
	sim->attention = asserted;
	fairness_attention(sim);
	event.attention.asserted = asserted;
	shell_step(sim, &event, 0);
	return true;
}

static void queue_drop(struct sim *sim)
{
	sim->queue_count--;
	memmove(sim->queue, sim->queue + 1, sim->queue_count * sizeof(sim->queue[0]));
}

/* IPMI 2.0 sections 22.1 to 22.8, as a core that owns the flags asks. */
static uint8_t housekeeping_answer(
	struct sim *sim, const struct sim_transmission *transmission, uint8_t *out)
{
	out[0] = VIPMI_CC_OK;
	switch (transmission->command) {
	case 0x01: /* a probe */
		memset(out + 1, 0x20, 11);
		return 12;
	case 0x2E:
		sim->enables = transmission->data[0];
		return 1;
	case 0x2F:
		out[1] = sim->enables;
		return 2;
	case 0x30:
		sim->watchdog_bit &= !(transmission->data[0] & 0x08);
		return 1;
	case 0x31:
		out[1] = (uint8_t)((sim->queue_count > 0) | (sim->event_waiting | sim->stuck) << 1 |
				   sim->watchdog_bit << 3);
		return 2;
	case 0x33:
		/* Nobody could tell these from a response to a later request. */
		while (sim->queue_count > 0 && sim->now_ns > sim->queue[0].dies_ns) {
			queue_drop(sim);
		}
		if (sim->queue_count > 0) {
			uint8_t length = sim->queue[0].length;

			memcpy(out + 1, sim->queue[0].data, length);
			queue_drop(sim);
			return (uint8_t)(1 + length);
		}
		out[0] = 0x80;
		return 1;
	case 0x35:
		if (sim->event_waiting) {
			sim->event_waiting = false;
			memcpy(out + 1, sim->event, sizeof(sim->event));
			if (sim->events_backlog > 0) {
				sim->events_backlog--;
				messages_draw(sim, sim->event);
				sim->event_waiting = true;
			}
			return 1 + sizeof(sim->event);
		}
		out[0] = 0x80;
		return 1;
	default:
		return 1;
	}
}

static uint8_t final_cc(struct sim *sim)
{
	static const uint8_t codes[] = {0xC1, 0xC9, 0xCB, 0xD5, 0x80, 0xFF};

	return pick(sim, 8) > 0 ? VIPMI_CC_OK : codes[pick(sim, sizeof(codes))];
}

/* Schedules a response to a transmission with all that can go wrong on the way. */
static void respond(struct sim *sim, const struct sim_transmission *transmission,
	struct sim_pending *response, uint64_t service_ns)
{

	response->type = SIM_RESPONSE;
	response->number = transmission->id;
	response->epoch = sim->epoch;
	response->netfn = transmission->netfn | 1;
	response->command = transmission->command;
	response->at_ns = sim->now_ns + service_ns;
	if (strikes(sim, lost)) {
		return;
	}
	if (strikes(sim, stray)) {
		struct sim_pending stray = *response;

		stray.number |= NEVER_GIVEN;
		world_schedule(sim, &stray);
	}
	if (strikes(sim, late)) {
		response->at_ns += transmission->timeout_ns + pick_ns(sim, 0, 2000000);
	}
	if (strikes(sim, garbled)) {
		response->type = SIM_GARBLE;
	} else if (strikes(sim, mismatched)) {
		struct sim_pending wrong = *response;

		if (pick(sim, 2)) {
			wrong.command ^= 0x80;
		} else {
			wrong.netfn ^= 0x10;
		}
		world_schedule(sim, &wrong);
		response->at_ns += pick_ns(sim, 0, 5000);
	} else if (strikes(sim, duplicate)) {
		struct sim_pending again = *response;

		again.at_ns += pick_ns(sim, 0, 20000);
		world_schedule(sim, &again);
	}
	world_schedule(sim, response);
}

/* What a responder on the bus does with a request that reached it. */
static void responder_act(struct sim *sim, uint32_t serial)
{
	const struct sim_request *request = &sim->requests[serial];
	uint8_t address = (uint8_t)(0xB0 + 2 * request->responder);
	struct sim_pending frame = {.type = SIM_FROM_BUS,
		.number = serial,
		.epoch = sim->epoch,
		.at_ns = sim->now_ns + pick_ns(sim, 500, 30000),
		.dies_ns = sim->now_ns + (BUS_LATEST_US + 50000) * NSEC_PER_USEC_U64};
	uint8_t data[SIM_DATA_MAX], bytes[SIM_DATA_MAX];
	struct ipmb_message message = {.rs_address = address,
		.rs_lun = request->lun,
		.rq_address = sim->link.own_address ? sim->link.own_address : 0x20,
		.rq_lun = 2,
		.netfn = request->netfn | 1,
		.command = request->command,
		.sequence = request->sequence,
		.data = data};
	uint8_t cc = strikes(sim, bus_busy) ? VIPMI_CC_NODE_BUSY : final_cc(sim);
	int length;

	if (strikes(sim, bus_lost)) {
		return;
	}
	message.length = model_answer(serial, cc, data);
	if (strikes(sim, bus_wrong)) {
		message.command = 0x7F;
	}
	length = ipmb_encode(&message, bytes, sizeof(bytes));
	if (length < 0) {
		sim_fail(sim, "the world cannot encode its own response");
	}
	frame.length = (uint8_t)length;
	memcpy(frame.data, bytes, frame.length);
	frame.data[0] = request->responder & 1 ? 7 : 0; /* the channel, not our address */
	if (strikes(sim, bus_wrong)) {
		frame.data[frame.length - 1] ^= 0x55;
	}
	if (strikes(sim, bus_late)) {
		frame.at_ns = sim->now_ns + pick_ns(sim, 900000, BUS_LATEST_US);
	}
	if (strikes(sim, bus_duplicate)) {
		struct sim_pending again = frame;

		again.at_ns += pick_ns(sim, 0, 2000);
		again.again = true;
		again.dies_ns = again.at_ns + REPETITION_LIVES_NS;
		world_schedule(sim, &again);
	}
	world_schedule(sim, &frame);
}

/* What a Send Message is answered that reached nobody. */
static uint8_t send_code(struct sim *sim)
{
	static const uint8_t codes[] = {0x81, 0x82, 0x83, VIPMI_CC_NODE_BUSY};
	uint32_t code = pick(sim, sizeof(codes));

	reach(sim, (enum reach_point)(REACH_nak_81 + code));
	return codes[code];
}

void world_transmitted(struct sim *sim, const struct sim_transmission *transmission)
{
	struct sim_pending response = {.length = 1};
	uint64_t service_ns = pick_ns(sim, 200, 6000);
	const struct sim_request *request;
	uint8_t cc;

	switch (transmission->kind) {
	case SIM_HOUSEKEEPING:
		response.length = housekeeping_answer(sim, transmission, response.data);
		break;
	case SIM_MERGED:
		service_ns += (pick(sim, 20) ? pick(sim, 3) : pick(sim, 150)) * NSEC_PER_MSEC_U64;
		cc = strikes(sim, busy) ? VIPMI_CC_NODE_BUSY : final_cc(sim);
		response.length = (uint8_t)merges_executed(transmission, cc, response.data);
		break;
	case SIM_DIRECT:
	case SIM_RELAY:
		request = &sim->requests[transmission->serial];
		if (request->response) {
			response.data[0] = strikes(sim, nak) ? send_code(sim) : VIPMI_CC_OK;
			break;
		}
		service_ns += request->service_ms * NSEC_PER_MSEC_U64;
		cc = strikes(sim, busy) ? VIPMI_CC_NODE_BUSY
					: parts_executed(sim, transmission->serial,
						  transmission->data, final_cc(sim));
		response.length = (uint8_t)model_answer(transmission->serial, cc, response.data);
		break;
	case SIM_BRIDGE:
		if (strikes(sim, nak)) {
			response.data[0] = send_code(sim);
		} else {
			responder_act(sim, transmission->serial);
		}
		break;
	default:
		sim_fail(sim, "transmission of no known kind");
	}
	respond(sim, transmission, &response, service_ns);
}

static void feed_response(struct sim *sim, const struct sim_pending *response)
{
	struct core_event event = {.type = CORE_EVENT_RECEIVED};

	if (!sim->link_up || (response->epoch != sim->epoch && !chance(sim, 100))) {
		return;
	}
	sim_trace(sim, "response to %u: %02x/%02x cc %02x, %u bytes", response->number,
		response->netfn, response->command, response->data[0], response->length);
	model_received(sim, response);
	event.received.transmission = response->number;
	event.received.netfn = response->netfn;
	event.received.command = response->command;
	event.received.data = response->data;
	event.received.length = response->length;
	shell_step(sim, &event, 0);
}

void world_link_up(struct sim *sim)
{
	struct core_event event = {.type = CORE_EVENT_LINK_UP, .link_up = sim->link};
	uint32_t i;

	sim_trace(sim, "link up");
	sim->link_up = true;
	sim->link_known = true;
	sim->link_waits = false;
	sim->link_dying = false;
	sim->link_refuses = false;
	/* The receive queue has kept what came meanwhile, or was there when the link went. */
	for (i = 0; i < sim->queue_count; i++) {
		struct sim_pending *frame = &sim->queue[i];

		if (frame->dies_ns >= sim->link_down_ns && frame->dies_ns != TIME_NEVER) {
			frame->dies_ns =
				sim->now_ns + (frame->again ? REPETITION_LIVES_NS : LATE_LIVES_NS);
		}
	}
	sim->attention = false;
	parts_link_up(sim);
	shell_step(sim, &event, 0);
}

/* Responses too old to meet anybody. While nobody is there to fetch them, they do not age. */
void world_forget_old(struct sim *sim)
{
	uint32_t i, kept = 0;

	for (i = 0; i < sim->queue_count; i++) {
		if (sim->now_ns <= sim->queue[i].dies_ns) {
			sim->queue[kept++] = sim->queue[i];
		}
	}
	sim->queue_count = kept;
}

void world_link_down(struct sim *sim)
{
	struct core_event event = {.type = CORE_EVENT_LINK_DOWN};
	struct sim_pending later = {.type = SIM_UP,
		.at_ns = sim->now_ns + pick_ns(sim, 0, pick(sim, 8) ? 400000 : 8000000)};

	sim_trace(sim, "link down");
	world_forget_old(sim);
	sim->link_up = false;
	sim->link_down_ns = sim->now_ns;
	sim->link_dying = false;
	sim->epoch++;
	model_link_lost(sim);
	shell_step(sim, &event, 0);
	world_schedule(sim, &later);
}

void world_reset(struct sim *sim)
{
	struct core_event event = {.type = CORE_EVENT_CONTROLLER_RESET};

	sim_trace(sim, "controller reset");
	sim->epoch++;
	sim->queue_count = 0;
	sim->event_waiting = false;
	sim->watchdog_bit = false;
	sim->events_backlog = 0;
	sim->enables = 0;
	sim->attention = false;
	model_link_lost(sim);
	shell_step(sim, &event, 0);
}

void world_event(struct sim *sim)
{
	struct core_event event = {.type = CORE_EVENT_MESSAGE};
	uint8_t image[EVENT_BYTES];

	if (!sim->link_up || sim->events_made >= MESSAGES_BUSY) {
		return;
	}
	messages_draw(sim, image);
	if (!sim->link.owns_flags) {
		event.message.kind = VIPMI_ASYNC_EVENT;
		event.message.data = image;
		event.message.length = sizeof(image);
		shell_step(sim, &event, 0);
	} else if (!sim->event_waiting) {
		memcpy(sim->event, image, sizeof(image));
		sim->event_waiting = true;
	}
}

/* More than the log holds, one after the other. */
void world_burst(struct sim *sim)
{
	uint32_t most =
		sim->limits.messages_max < BURST_MAX ? 2 * sim->limits.messages_max : BURST_MAX;
	uint32_t count = 1 + pick(sim, most);

	if (sim->link.owns_flags) {
		sim->events_backlog += count;
		world_event(sim);
		return;
	}
	while (count-- > 0) {
		world_event(sim);
	}
}

/* A request from the bus to system software, which nobody has asked for. */
void world_inbound(struct sim *sim)
{
	static const uint8_t commands[][2] = {
		{0x06, 0x01}, {0x30, 0x41}, {0x30, 0x42}, {0x30, 0x41}};
	const uint8_t *what = commands[pick(sim, ARRAY_LENGTH(commands))];
	uint8_t data[] = {(uint8_t)pick(sim, 256), 1}, bytes[SIM_DATA_MAX];
	struct ipmb_message message = {.rs_lun = 2,
		.rq_address = (uint8_t)(0xB8 + 2 * pick(sim, 2)),
		.rq_lun = (uint8_t)pick(sim, 4),
		.netfn = what[0],
		.command = what[1],
		.sequence = (uint8_t)pick(sim, pick(sim, 2) ? 3 : IPMB_SEQUENCES),
		.data = data,
		.length = pick(sim, sizeof(data) + 1)};
	struct sim_pending frame = {
		.type = SIM_FROM_BUS, .at_ns = sim->now_ns, .dies_ns = TIME_NEVER};
	struct core_event event = {.type = CORE_EVENT_MESSAGE};
	int length;

	message.rs_address = sim->link.own_address ? sim->link.own_address : 0x20;
	length = ipmb_encode(&message, bytes, sizeof(bytes));
	if (length > 0 && sim->link.owns_flags) {
		frame.length = (uint8_t)length;
		memcpy(frame.data, bytes, frame.length);
		frame.data[0] = 0;
		world_schedule(sim, &frame);
	} else if (sim->link_up && receive_room(sim) &&
		   receive_registered(sim, 0, message.netfn, message.command)) {
		event.message.kind = VIPMI_ASYNC_REQUEST;
		event.message.address = message.rq_address;
		event.message.lun = message.rq_lun;
		event.message.netfn = message.netfn;
		event.message.command = message.command;
		event.message.sequence = message.sequence;
		event.message.data = data;
		event.message.length = message.length;
		shell_step(sim, &event, 0);
	}
}

void world_happen(struct sim *sim)
{
	struct sim_pending now = take_first(sim);
	struct core_event event = {.type = CORE_EVENT_TIME};

	/* What follows may be no event of the core's: it has to know the time all the same. */
	shell_step(sim, &event, 0);
	event.type = CORE_EVENT_GARBLED;
	switch (now.type) {
	case SIM_RESPONSE:
		feed_response(sim, &now);
		break;
	case SIM_GARBLE:
		shell_step(sim, &event, 0);
		break;
	case SIM_FROM_BUS:
		/* A finite queue: what does not fit is lost, as on real controllers. */
		sim_trace(sim, "response of #%u reaches the receive queue", now.number);
		if (sim->queue_count < SIM_QUEUE_MAX) {
			sim->queue[sim->queue_count++] = now;
		}
		break;
	case SIM_READY:
		sim->link_refuses = false;
		event.type = CORE_EVENT_LINK_READY;
		shell_step(sim, &event, 0);
		break;
	case SIM_UP:
		if (!sim->link_up) {
			world_link_up(sim);
		}
		break;
	case SIM_WRITABLE:
		shell_writable(sim, now.number);
		break;
	case SIM_RELEASE_TRANSMIT:
		shell_release_transmit(sim, now.number);
		break;
	case SIM_RELEASE_DELIVER:
		shell_release_deliver(sim, now.number);
		break;
	case SIM_UNSTUCK:
		sim->stuck = false;
		break;
	case SIM_UNSTICK:
		sim->sticky = false;
		break;
	default:
		break;
	}
}
