/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the core promised (core.h, interfaces.md sections 1, 3, 4), kept as one
 * record a request that moves with every event and is checked at every action.
 * It knows nothing of how the core does it.
 */
#include "tests/sim/fairness.h"
#include "tests/sim/messages.h"

#include <stdarg.h>
#include <stdlib.h>

#include "ipmi/command.h"

#define PAYLOAD_MAGIC 0xA5
#define PAYLOAD_MIN 8u

void sim_fail(struct sim *sim, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "seed %llu step %u at %.6f s: ", (unsigned long long)sim->seed, sim->step,
		(double)sim->now_ns / 1e9);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\nreplay with: sim --seed %llu --steps %u --trace\n",
		(unsigned long long)sim->seed, sim->steps);
	sim->failed(sim);
	abort();
}

void sim_trace(struct sim *sim, const char *format, ...)
{
	va_list arguments;

	if (!sim->trace) {
		return;
	}
	printf("%5u %12.6f ms  ", sim->step, (double)sim->now_ns / 1e6);
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	printf("\n");
}

/* ---- requests and their bytes ---- */

uint32_t model_payload(const struct sim_request *request, uint32_t serial, uint8_t *bytes)
{
	uint32_t length = PAYLOAD_MIN + serial % 9;

	memset(bytes, (int)(serial * 7), length);
	bytes[0] = request->netfn == VIPMI_NETFN_OEM ? 0x57 : (uint8_t)(serial % 40);
	bytes[1] = 1;
	bytes[2] = 0;
	bytes[3] = PAYLOAD_MAGIC;
	/* The sixth byte says in some commands what to do. */
	bytes[4] = (uint8_t)serial;
	bytes[5] = 0;
	bytes[6] = (uint8_t)(serial >> 8);
	bytes[7] = (uint8_t)(serial >> 16);
	return length;
}

static uint32_t payload_serial(const uint8_t *bytes, size_t length)
{
	if (length < PAYLOAD_MIN || bytes[3] != PAYLOAD_MAGIC) {
		return SIM_NONE;
	}
	return bytes[4] | (uint32_t)bytes[6] << 8 | (uint32_t)bytes[7] << 16;
}

size_t model_answer(uint32_t serial, uint8_t cc, uint8_t *bytes)
{
	bytes[0] = cc;
	if (cc != VIPMI_CC_OK) {
		return 1;
	}
	memcpy(bytes + 1, &serial, sizeof(serial));
	memset(bytes + 5, (int)(serial * 11), serial % 16);
	return 5 + serial % 16;
}

uint64_t bus_timeout_ns(const struct sim *sim)
{
	uint32_t ms = sim->link.bus_timeout_ms ? sim->link.bus_timeout_ms : CORE_BUS_TIMEOUT_MS;

	return ms * NSEC_PER_MSEC_U64;
}

static bool request_pending_alone(const struct sim *sim, const struct sim_request *request);

bool request_pending(const struct sim *sim, const struct sim_request *request)
{
	/* A Send Message waits for what it carries. */
	if (request->outer && request->partner != SIM_NONE &&
		!request_pending_alone(sim, &sim->requests[request->partner])) {
		return false;
	}
	return request_pending_alone(sim, request);
}

static bool request_pending_alone(const struct sim *sim, const struct sim_request *request)
{
	return request->alive && !request->answered && !request->final && !request->cancelled &&
	       !request->silent && !request->lost && !request->refused && !request->forbidden &&
	       !request->nobodys && !request->full && request->deadline_ns > sim->now_ns;
}

bool request_waits(const struct sim *sim, const struct sim_request *request)
{
	/* What a Send Message carries may be refused with it. */
	bool refused = request->may_be_refused ||
		       (request->inner && sim->requests[request->partner].may_be_refused);

	return request_pending(sim, request) && !refused && !request->may_be_nobodys &&
	       !request->tried;
}

bool request_lent(const struct sim *sim, const struct sim_request *request)
{
	return request->offered ||
	       (request->outer && !request->final && request->partner != SIM_NONE &&
		       sim->requests[request->partner].offered);
}

/* It ends, if it has not ended yet. */
static void request_over(struct sim *sim, struct sim_request *request, bool *how)
{
	*how = true;
	if (request->over_ns == 0) {
		request->over_ns = sim->now_ns;
	}
}

void model_judge(struct sim_request *request, const uint8_t *payload, size_t length)
{
	struct ipmi_verdict verdict =
		ipmi_command_judge(request->netfn, request->command, payload, length);

	request->mutating = !ipmi_class_is_read(verdict.class);
	request->timeout_ms = verdict.timeout_ms;
}

/* ---- submission, cancel, close ---- */

void model_submitted(struct sim *sim, uint32_t serial)
{
	struct sim_request *request = &sim->requests[serial];
	struct sim_handle *handle = &sim->handles[request->handle];

	request->alive = true;
	if (request->numbered) {
		numbers_submitted(sim, request);
	}
	/* Before its link was up, an agent does not know the controller's own address. */
	request->forbidden = sim->link_known && rights_forbid(sim, request, false);
	request->may_be_refused = rights_forbid(sim, request, true);
	if (request->outer && !request->cut) {
		request->forbidden |= sim->link_known &&
				      rights_forbid(sim, &sim->requests[request->partner], false);
		request->may_be_refused |= request->forbidden;
	}
	handle->outstanding[handle->count++] = serial;
	sim->shared_used += handle->count > 1;
	sim->alive++;
	sim->own_affairs += request->outer || request->inner;
	if (!request->inner) {
		due_push(sim, serial);
	}
	sim_trace(sim, "handle %u asks #%u %02x/%02x of %u, class %u, %s, until %.3f ms",
		request->handle, serial, request->netfn, request->command, request->responder,
		request->class, request->mutating ? "mutating" : "read",
		(double)request->deadline_ns / 1e6);
}

/* What core_credit has to say, as long as nothing closed is still being cleared away. */
uint32_t model_credit(const struct sim *sim, const struct sim_handle *handle)
{
	uint32_t own = sim->limits.credit_max - handle->count;
	uint32_t room = sim->limits.requests_max - sim->limits.handles_max - sim->shared_used +
			(handle->count == 0);

	return own < room ? own : room;
}

void model_cancelled(struct sim *sim, uint32_t h, uint64_t tag, int result)
{
	struct sim_handle *handle = &sim->handles[h];
	uint32_t i;

	for (i = 0; i < handle->count; i++) {
		struct sim_request *request = &sim->requests[handle->outstanding[i]];

		if (request->tag != tag || request->inner) {
			continue;
		}
		if (result == -EAGAIN &&
			(request_lent(sim, request) || merges_lent(sim, handle->outstanding[i]))) {
			return; /* the link has it in hand at this moment, past its time or not */
		}
		if (!request_pending(sim, request)) {
			continue;
		}
		/* A late response or a silent bus may have answered it without our knowing. */
		if (result == -ENOENT &&
			((request->sends > 0 && request->responder) || request->outer ||
				request->tried || request->may_be_refused ||
				request->may_be_nobodys)) {
			continue;
		}
		if (result != 0) {
			sim_fail(sim, "cancelling #%u gave %d", handle->outstanding[i], result);
		}
		sim_trace(sim, "handle %u cancels #%u", h, handle->outstanding[i]);
		request_over(sim, request, &request->cancelled);
		if (request->outer && !sim->requests[request->partner].at_controller) {
			/* What it carries is not sent any more. */
			request = &sim->requests[request->partner];
			request_over(sim, request, &request->cancelled);
		}
		return;
	}
	if (result == 0) {
		sim_fail(sim, "handle %u cancelled a request that was over", h);
	}
}

void model_answered_locally(struct sim *sim, uint32_t serial)
{
	request_over(sim, &sim->requests[serial], &sim->requests[serial].final);
	/* What was cut off a Send Message may also be refused as another's, and is counted then. */
	sim->local_answers += !sim->requests[serial].outer;
}

static void request_gone(struct sim *sim, struct sim_request *request)
{
	request_over(sim, request, &request->abandoned);
	request->alive = false;
	sim->alive--;
	sim->ghosts += request->held || request->offered;
	if (request->part == SIM_PART_MERGES && !request->held) {
		merges_gone(sim, (uint32_t)(request - sim->requests));
	}
}

void model_handle_closed(struct sim *sim, uint32_t h, bool with_client)
{
	struct sim_handle *handle = &sim->handles[h];
	uint32_t i;

	sim_trace(sim, "handle %u closes with %u outstanding", h, handle->count);
	for (i = 0; i < handle->count; i++) {
		request_gone(sim, &sim->requests[handle->outstanding[i]]);
	}
	rights_handle_closed(sim, h, with_client);
	parts_handle_closed(sim, h, with_client);
	sim->shared_used -= handle->count > 1 ? handle->count - 1 : 0;
	handle->count = 0;
	handle->open = false;
	handle->wants_credit = false;
	sim->handles_open--;
}

/* ---- transmissions ---- */

/* Interfaces.md section 4, seen from outside. */
static void check_order(struct sim *sim, uint32_t serial)
{
	const struct sim_request *request = &sim->requests[serial];
	const struct sim_handle *handle = &sim->handles[request->handle];
	uint32_t i;

	for (i = 0; i < handle->count; i++) {
		uint32_t s = handle->outstanding[i];
		const struct sim_request *other = &sim->requests[s];

		if (s >= serial) {
			break;
		}
		if (other->responder != request->responder || other->outer ||
			!request_waits(sim, other)) {
			continue;
		}
		if (request->mutating || other->mutating) {
			sim_fail(sim, "#%u passes the barrier: #%u is not answered", serial, s);
		}
		if (request->sends == 0 && other->sends == 0 && !other->offered &&
			other->class == request->class) {
			sim_fail(sim, "#%u is sent before #%u", serial, s);
		}
	}
	for (i = 0; i < sim->transmissions_count; i++) {
		uint32_t s = sim->transmissions[i].serial;
		const struct sim_request *other = s == SIM_NONE ? NULL : &sim->requests[s];

		if (other && s != serial && other->mutating && other->handle == request->handle &&
			other->responder == request->responder &&
			sim->handles[other->handle].open) {
			sim_fail(sim, "#%u is sent while the mutating #%u is at the controller",
				serial, s);
		}
	}
}

/* Interfaces.md section 3: a mutating request only where the last sending provably executed
 * nothing, a read also when its response is overdue or was lost with the link. */
static void check_resend(struct sim *sim, uint32_t serial)
{
	const struct sim_request *request = &sim->requests[serial];

	if (request->sends > 0 && !request->safe) {
		sim_fail(sim, "#%u is sent again, %s", serial,
			request->mutating ? "although it may have been executed" : "too early");
	}
}

static void check_windows(struct sim *sim, const struct sim_transmission *transmission)
{
	uint32_t window = sim->link.window ? sim->link.window : 1, i, n, direct = 0, bus = 0;
	uint32_t bus_window = sim->link.bus_window ? sim->link.bus_window : 1;

	for (i = 0; i < sim->transmissions_count; i++) {
		direct += sim->transmissions[i].kind != SIM_RELAY;
		bus += sim->transmissions[i].kind == SIM_RELAY;
	}
	if (transmission->kind == SIM_BRIDGE) {
		for (i = 0; i < sim->responders_count; i++) {
			for (n = 0; n < IPMB_SEQUENCES; n++) {
				uint32_t s = sim->numbers[i][n];
				const struct sim_request *other =
					&sim->requests[s == SIM_NONE ? 0 : s];

				bus += s != SIM_NONE && other->sequence == n &&
				       request_pending(sim, other) &&
				       (other->offered || (other->sends > 0 && !other->safe));
			}
		}
	}
	if (direct > window || bus > bus_window) {
		sim_fail(sim, "%u at the controller and %u on the bus, allowed are %u and %u",
			direct, bus, window, bus_window);
	}
}

/* Takes the request out of what goes over the wire. Returns its serial, or SIM_NONE when the agent
 * speaks for itself. */
static uint32_t take_apart(struct sim *sim, const struct core_transmit *transmit,
	struct sim_transmission *transmission, struct ipmb_message *ret_message,
	uint8_t *ret_channel)
{

	struct ipmb_message message = {.netfn = transmit->netfn,
		.command = transmit->command,
		.rs_lun = transmit->lun,
		.rs_address = transmit->address,
		.data = transmit->data,
		.length = transmit->length};
	size_t skip;

	transmission->kind =
		transmit->target_kind == VIPMI_TARGET_CONTROLLER ? SIM_DIRECT : SIM_RELAY;
	if (transmission->kind == SIM_DIRECT && transmit->netfn == VIPMI_NETFN_APP &&
		transmit->command == 0x34) {
		skip = 1 + (transmit->length > 1 && transmit->data[1] == 0);
		if (transmit->length < skip || ipmb_decode(transmit->data + skip,
						       transmit->length - skip, &message) != 0) {
			sim_fail(sim, "a Send Message with a broken frame");
		}
		transmission->kind = message.netfn & 1 ? SIM_DIRECT : SIM_BRIDGE;
		*ret_channel = transmit->data[0];
	} else if (transmit->netfn & 1) {
		transmission->kind = SIM_DIRECT;
		message.rq_address = transmit->address;
		message.rq_lun = transmit->lun;
		message.sequence = transmit->sequence;
	}
	*ret_message = message;
	return payload_serial(message.data, message.length);
}

struct sim_transmission *model_transmit(struct sim *sim, const struct core_action *action)
{
	const struct core_transmit *transmit = &action->transmit;
	struct sim_transmission *transmission = &sim->transmissions[sim->transmissions_count];
	struct ipmb_message message;
	struct sim_request *request;
	uint8_t expected[SIM_DATA_MAX];
	uint8_t channel = transmit->channel;
	uint32_t serial;

	if (!sim->link_up || sim->transmissions_count == SIM_TRANSMISSIONS_MAX ||
		transmit->transmission == 0 || transmit->length > SIM_DATA_MAX) {
		sim_fail(sim, "a transmission without a link, or an impossible one");
	}
	memset(transmission, 0, sizeof(*transmission));
	transmission->id = transmit->transmission;
	transmission->epoch = sim->epoch;
	transmission->netfn = transmit->netfn;
	transmission->command = transmit->command;
	transmission->timeout_ns = transmit->timeout_ns;
	transmission->length = transmit->length;
	if (transmit->length > 0) {
		memcpy(transmission->data, transmit->data, transmit->length);
	}
	serial = take_apart(sim, transmit, transmission, &message, &channel);
	transmission->serial = serial;
	sim->transmissions_count++;
	if (serial == SIM_NONE && merges_transmit(sim, transmission, &message)) {
		check_windows(sim, transmission);
		fairness_transmit(sim, transmission);
		return transmission;
	}
	if (serial == SIM_NONE) {
		if (message.netfn & 1) {
			receive_declined(sim, channel, &message);
		}
		transmission->kind = SIM_HOUSEKEEPING;
		check_windows(sim, transmission);
		fairness_transmit(sim, transmission);
		return transmission;
	}
	if (serial >= sim->requests_count) {
		sim_fail(sim, "a transmission of bytes that nobody gave");
	}
	request = &sim->requests[serial];
	sim_trace(sim, "transmit %u: #%u %s", transmission->id, serial,
		request->sends ? "again" : "");
	if (!request->alive || !request_pending(sim, request) || request->offered ||
		request->at_controller) {
		sim_fail(sim, "#%u is sent although it is over, or on its way already", serial);
	}
	if (request->response) {
		receive_transmit(sim, serial, channel, &message);
	} else if (message.netfn != request->netfn || message.command != request->command ||
		   message.rs_lun != request->lun ||
		   message.length != parts_on_wire(sim, serial, expected) ||
		   memcmp(message.data, expected, message.length) != 0 ||
		   (transmission->kind == SIM_DIRECT) != (request->responder == 0) ||
		   (request->responder && message.rs_address != sim_address(request->responder))) {
		sim_fail(sim, "#%u is not sent as it was given", serial);
	}
	if (request->inner && !sim->requests[request->partner].final &&
		rights_forbid(sim, &sim->requests[request->partner], false)) {
		sim_fail(sim, "what #%u carries is sent although another has the right to carry it",
			request->partner);
	}
	if (rights_forbid(sim, request, false)) {
		sim_fail(sim, "#%u is sent although another has the right to it alone", serial);
	}
	if (!request->response) {
		check_order(sim, serial);
	}
	check_resend(sim, serial);
	if (transmission->kind == SIM_BRIDGE) {
		if (transmit->data[0] != sim_channel(request->responder) ||
			(transmit->data[1] == 0) != request->broadcast) {
			sim_fail(sim, "#%u goes to the wrong channel", serial);
		}
		if (message.rq_address != (sim->link.own_address ? sim->link.own_address : 0x20) ||
			message.rq_lun != 2) {
			sim_fail(sim, "#%u is not asked in the controller's name", serial);
		}
		numbers_take(sim, serial, message.sequence);
	} else if (request->numbered) {
		numbers_take(sim, serial, request->number);
	}
	sim_trace(sim, "... with number %u", request->sequence);
	transmission->handle = request->handle;
	transmission->class = request->class;
	fairness_transmit(sim, transmission);
	merges_touched(sim, serial);
	request->offered = true;
	check_windows(sim, transmission);
	return transmission;
}

static void transmission_remove(struct sim *sim, struct sim_transmission *transmission)
{
	merges_touched(sim, transmission->serial);
	*transmission = sim->transmissions[--sim->transmissions_count];
}

/* What was at the controller when it was lost: reads may be sent again. */
static void request_lost(struct sim *sim, struct sim_request *request)
{
	request->at_controller = false;
	request->on_bus = false;
	request->overdue = false;
	if (!request_pending(sim, request) || request->safe) {
		return;
	}
	if (request->mutating) {
		request_over(sim, request, &request->lost);
	} else {
		request->safe = true;
		numbers_lost(sim, request);
	}
}

/* The controller's word on a Send Message. */
static void outer_response(struct sim *sim, const struct sim_request *inner, uint8_t cc, bool lent)
{
	struct sim_request *outer = &sim->requests[inner->partner];

	/* As long as what it carries was lent, it was not answered at its deadline. */
	if (outer->alive && !outer->final && !outer->cancelled &&
		(outer->deadline_ns > sim->now_ns || lent)) {
		request_over(sim, outer, &outer->final);
		outer->final_cc = cc;
	}
}

void model_transmit_done(struct sim *sim, struct sim_transmission *transmission, int result)
{
	struct sim_request *request =
		transmission->serial == SIM_NONE ? NULL : &sim->requests[transmission->serial];
	bool lost = transmission->epoch != sim->epoch;

	if (transmission->kind == SIM_MERGED) {
		merges_done(sim, transmission, result);
	}
	if (request) {
		request->offered = false;
		sim->ghosts -= !request->alive;
	}
	if (result != 0) {
		sim_trace(sim, "link says %d to %u", result, transmission->id);
		if (request) {
			if (result == -EMSGSIZE || result == -EOPNOTSUPP) {
				request_over(sim, request, &request->refused);
			}
			if (lost) {
				request->overdue = false;
				numbers_lost(sim, request);
			}
		}
		transmission_remove(sim, transmission);
		return;
	}
	transmission->done = true;
	transmission->timeout_at_ns = sim->now_ns + transmission->timeout_ns;
	if (request) {
		if (request->inner && transmission->kind == SIM_RELAY && !lost) {
			outer_response(sim, request, VIPMI_CC_OK, true);
		}
		request->sends++;
		request->sent = true;
		request->safe = false;
		request->overdue = false;
		request->at_controller = true;
		if (request->sequence != SIM_NO_NUMBER) {
			numbers_sent(sim, request);
		}
	}
	if (lost) {
		if (request) {
			request_lost(sim, request);
		}
		transmission_remove(sim, transmission);
	}
}

static void bus_time(struct sim *sim)
{
	uint32_t i, n;

	for (i = 0; i < sim->responders_count; i++) {
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			uint32_t s = sim->numbers[i][n];
			struct sim_request *request;

			if (s == SIM_NONE || !sim->requests[s].on_bus ||
				sim->requests[s].bus_timer_ns > sim->now_ns) {
				continue;
			}
			sim->silent_until_ns[i] = TIME_NEVER;
			request = &sim->requests[s];
			if (!request_pending(sim, request)) {
				request->on_bus = false;
			} else if (request->mutating || request->inner ||
				   request->sends >= CORE_BUS_SENDS_MAX) {
				request->on_bus = false;
				request_over(sim, request, &request->silent);
			} else {
				request->on_bus = false;
				request->safe = true;
				request->overdue = true;
			}
		}
	}
}

void model_time(struct sim *sim)
{
	uint32_t i;

	for (i = 0; i < sim->transmissions_count;) {
		struct sim_transmission *transmission = &sim->transmissions[i];

		if (!transmission->done || transmission->timeout_at_ns > sim->now_ns) {
			i++;
			continue;
		}
		sim_trace(sim, "transmission %u times out", transmission->id);
		/* A responder's silence is not the controller's. */
		if (transmission->kind != SIM_RELAY) {
			messages_silent(sim);
			merges_changed(sim);
		}
		if (transmission->kind == SIM_MERGED) {
			merges_silent(sim, transmission);
		}
		if (transmission->serial != SIM_NONE) {
			struct sim_request *request = &sim->requests[transmission->serial];

			request->at_controller = false;
			if (request_pending(sim, request)) {
				request_over(sim, request, &request->silent);
			}
		}
		transmission_remove(sim, transmission);
	}
	bus_time(sim);
	rights_time(sim);
	parts_time(sim);
}

void model_link_lost(struct sim *sim)
{
	uint32_t i, n;

	model_time(sim);
	for (i = 0; i < sim->transmissions_count;) {
		struct sim_transmission *transmission = &sim->transmissions[i];

		if (!transmission->done) {
			i++;
			continue;
		}
		if (transmission->serial != SIM_NONE) {
			request_lost(sim, &sim->requests[transmission->serial]);
		}
		transmission_remove(sim, transmission);
	}
	for (i = 0; i < sim->responders_count; i++) {
		for (n = 0; n < IPMB_SEQUENCES; n++) {
			uint32_t s = sim->numbers[i][n];

			if (s != SIM_NONE && sim->requests[s].on_bus) {
				request_lost(sim, &sim->requests[s]);
			}
		}
	}
	parts_link_lost(sim);
	merges_changed(sim);
}

/* ---- responses ---- */

static void request_response(
	struct sim *sim, struct sim_request *request, uint8_t cc, uint32_t from)
{
	/* What comes while it is on its way out once more is as good as lost. */
	if (!request_pending(sim, request) || request->offered) {
		return;
	}
	request->on_bus = false;
	if (cc == VIPMI_CC_NODE_BUSY && !(request->inner && sim->link.raw_bridge)) {
		request->safe = true;
	} else {
		request_over(sim, request, &request->final);
		request->final_cc = cc;
		request->final_from = from;
		if (request->inner) {
			outer_response(sim, request, VIPMI_CC_OK, false);
			bridge_answered(sim, (uint32_t)(request - sim->requests));
		}
	}
}

/* Its responder has spoken: what becomes of the Send Message matters no more. */
static void bridge_over(struct sim *sim, uint32_t serial)
{
	uint32_t i;

	if (sim->requests[serial].offered) {
		return;
	}
	sim->requests[serial].at_controller = false;
	for (i = 0; i < sim->transmissions_count; i++) {
		if (sim->transmissions[i].serial == serial) {
			sim->transmissions[i].serial = SIM_NONE;
		}
	}
}

static void bus_response(struct sim *sim, const uint8_t *bytes, size_t length)
{
	uint8_t own = sim->link.own_address ? sim->link.own_address : 0x20;
	struct ipmb_message message;
	uint32_t responder, serial, from;

	if (length < 2 || ipmb_decode_received(own, bytes + 1, length - 1, &message) != 0) {
		return;
	}
	if (!(message.netfn & 1)) {
		receive_arrived(sim, bytes[0] & 0x0F, &message);
		return;
	}
	if (message.length < 1) {
		return;
	}
	responder = (message.rs_address - 0xB0u) / 2 - 1;
	if (responder >= sim->responders_count) {
		return;
	}
	numbers_heard(sim, responder);
	sim->silent_until_ns[responder] =
		sim->now_ns + 2 * CORE_SILENT_PAUSE_MS * NSEC_PER_MSEC_U64;
	serial = sim->numbers[responder][message.sequence];
	if (serial != SIM_NONE && sim->requests[serial].sends > 0 &&
		sim->requests[serial].sequence == message.sequence &&
		sim->requests[serial].command == message.command &&
		(sim->requests[serial].netfn | 1) == message.netfn) {
		sim_trace(sim, "response from the bus to #%u cc %02x", serial, message.data[0]);
		from = serial;
		if (message.length > sizeof(from)) {
			memcpy(&from, message.data + 1, sizeof(from));
		}
		if (!numbers_same(sim, serial, from)) {
			sim_fail(sim, "a late response to #%u meets #%u", from, serial);
		}
		sim->requests[serial].late = sim->now_ns >= sim->requests[serial].bus_timer_ns;
		bridge_over(sim, serial);
		request_response(sim, &sim->requests[serial], message.data[0], from);
	}
}

void model_received(struct sim *sim, const struct sim_pending *response)
{
	struct sim_transmission *transmission = NULL, was;
	struct sim_request *request;
	uint32_t i;

	model_time(sim);
	messages_spoke(sim);
	for (i = 0; i < sim->transmissions_count; i++) {
		if (sim->transmissions[i].id == response->number && sim->transmissions[i].done) {
			transmission = &sim->transmissions[i];
		}
	}
	if (!transmission || (transmission->netfn | 1) != response->netfn ||
		transmission->command != response->command) {
		return;
	}
	was = *transmission;
	transmission_remove(sim, transmission);
	fairness_received(sim, &was, response->data[0]);
	if (was.kind == SIM_MERGED) {
		merges_received(sim, &was, response->data[0]);
		return;
	}
	if (was.serial == SIM_NONE) {
		if (was.command == 0x33 && response->data[0] == VIPMI_CC_OK) {
			bus_response(sim, response->data + 1, response->length - 1u);
		} else {
			messages_fetched(sim, was.command, response->data, response->length);
		}
		return;
	}
	request = &sim->requests[was.serial];
	request->at_controller = false;
	if (was.kind != SIM_BRIDGE) {
		if (!parts_received(sim, was.serial, response->data[0])) {
			request_response(sim, request, response->data[0], was.serial);
		}
	} else if (response->data[0] == VIPMI_CC_OK) {
		if (request->inner) {
			outer_response(sim, request, VIPMI_CC_OK, false);
		}
		request->on_bus = true;
		request->bus_timer_ns =
			sim->now_ns + (request->mutating ? request->timeout_ms * NSEC_PER_MSEC_U64
							 : bus_timeout_ns(sim));
	} else if (request_pending(sim, request)) {
		/* The world gives only codes that prove that nothing was executed. */
		request->safe = true;
		if (request->inner && response->data[0] != VIPMI_CC_NODE_BUSY) {
			outer_response(sim, request, response->data[0], false);
		}
		if (response->data[0] != VIPMI_CC_NODE_BUSY &&
			(request->inner || request->sends >= CORE_BUS_SENDS_MAX)) {
			request_over(sim, request, &request->silent);
		}
	}
}
