/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests from a bus to system software (docs/rights.md, "Incoming requests"): each
 * is its receiver's alone, who answers it once and in time; what nobody holds is
 * answered C1. A response is a record like a request's, with a transmission and an
 * answer of its own; subscriptions.c knows who hears of what.
 */
#include "tests/sim/messages.h"

#include "tests/sim/reach.h"

/* Requests from the bus in a run; after that it is silent. */
#define INCOMING_MAX 2048u
/* Of these one is answered, or tried to. */
#define RECENT 24u
#define CC_UNKNOWN VIPMI_CC_INVALID_COMMAND

struct incoming {
	struct ipmb_message message; /* its data are gone */
	uint8_t channel;
	uint32_t holder; /* handle, or SIM_NONE */
	bool unsure;     /* or of a client that has just left */
	bool answered, declined;
	uint64_t number, received_ns;
};

struct receive {
	struct incoming of[INCOMING_MAX];
	uint32_t count, first; /* first: of this agent's */
	uint32_t permille;
	uint16_t registered[32][256]; /* by a link that hands in no others: channels */
};

static struct receive *receive_of(const struct sim *sim)
{
	return sim->states[SIM_PART_RECEIVE];
}

static void begin(struct sim *sim)
{
	receive_of(sim)->permille = pick(sim, 2) ? pick(sim, 120) : 0;
}

static void killed(struct sim *sim)
{
	receive_of(sim)->first = receive_of(sim)->count;
}

static void link_up(struct sim *sim)
{
	memset(receive_of(sim)->registered, 0, sizeof(receive_of(sim)->registered));
}

/* ---- what comes in ---- */

bool receive_room(const struct sim *sim)
{
	return receive_of(sim)->count < INCOMING_MAX;
}

/* What a link that registers would hand in. */
bool receive_registered(const struct sim *sim, uint8_t channel, uint8_t netfn, uint8_t command)
{
	return receive_of(sim)->registered[netfn >> 1][command] >> channel & 1;
}

void receive_register(struct sim *sim, const struct core_registration *registration)
{
	if (sim->link.owns_flags || registration->netfn > 0x3E || registration->netfn & 1) {
		sim_fail(sim, "a registration that no link needs");
	}
	receive_of(sim)->registered[registration->netfn >> 1][registration->command] =
		registration->channels;
}

void receive_arrived(struct sim *sim, uint8_t channel, const struct ipmb_message *message)
{
	struct receive *receive = receive_of(sim);
	struct messages *messages = sim->states[SIM_PART_MESSAGES];
	struct sim_message kept = messages_request(channel, message);
	struct incoming *incoming = &receive->of[receive->count];

	if (receive->count++ >= INCOMING_MAX) {
		sim_fail(sim, "more requests come in than the model has room for");
	}
	*incoming = (struct incoming){.message = *message,
		.channel = channel,
		.number = messages->next,
		.received_ns = sim->now_ns};
	incoming->message.data = NULL;
	incoming->holder = rights_receiver(sim, channel, message, &incoming->unsure);
	kept.holder = incoming->holder;
	messages_append(sim, kept);
	messages_at(messages, incoming->number)->unsure |= incoming->unsure;
}

/* Who fades away may have got it: the core's list says so. */
bool receive_settle(struct sim *sim, struct sim_message *message, uint32_t holder)
{
	struct receive *receive = receive_of(sim);
	uint32_t h;

	if (message->kind != VIPMI_ASYNC_REQUEST || receive->count == 0 ||
		!receive->of[receive->count - 1].unsure) {
		return false;
	}
	for (h = sim->handles_base; h < sim->handles_count; h++) {
		if (!sim->handles[h].open && sim->handles[h].id == holder) {
			message->holder = h;
			return true;
		}
	}
	return false;
}

static bool is_about(
	const struct incoming *incoming, uint8_t channel, const struct ipmb_message *response)
{
	const struct ipmb_message *request = &incoming->message;

	return incoming->channel == channel && request->rq_address == response->rq_address &&
	       request->rq_lun == response->rq_lun && request->sequence == response->sequence &&
	       (request->netfn | 1) == response->netfn && request->command == response->command;
}

/* The agent answers in its own name. */
void receive_declined(struct sim *sim, uint8_t channel, const struct ipmb_message *response)
{
	struct receive *receive = receive_of(sim);
	uint32_t i;

	for (i = receive->first; i < receive->count; i++) {
		struct incoming *incoming = &receive->of[i];

		if (is_about(incoming, channel, response) && !incoming->declined &&
			(incoming->holder == SIM_NONE || incoming->unsure)) {
			break;
		}
	}
	if (i == receive->count || response->length != 1 || response->data[0] != CC_UNKNOWN) {
		sim_fail(sim, "a request from the bus is answered by nobody's leave");
	}
	/* A link that says "not now" may be told again. */
}

/* ---- responses ---- */

/* A TRANSMIT of the holder's response. */
void receive_transmit(
	struct sim *sim, uint32_t serial, uint8_t channel, const struct ipmb_message *response)
{
	const struct sim_request *request = &sim->requests[serial];
	const struct incoming *incoming = &receive_of(sim)->of[request->partner];
	uint8_t expected[SIM_DATA_MAX];

	if (!is_about(incoming, channel, response) || incoming->holder != request->handle ||
		response->length != model_payload(request, serial, expected) ||
		memcmp(response->data, expected, response->length) != 0) {
		sim_fail(sim, "response #%u is not sent as it was given", serial);
	}
}

static bool answered(struct sim *sim, uint32_t serial, const struct core_deliver *deliver)
{
	const struct sim_request *request = &sim->requests[serial];
	const struct incoming *incoming = &receive_of(sim)->of[request->partner];

	if (deliver->channel != incoming->channel ||
		deliver->address != incoming->message.rq_address ||
		deliver->sequence != incoming->message.sequence) {
		sim_fail(sim, "response #%u went to somebody else", serial);
	}
	if (!request->final) {
		return false;
	}
	if (deliver->origin != VIPMI_ORIGIN_CONTROLLER || deliver->cc != request->final_cc ||
		!deliver->sent || deliver->length != 0) {
		sim_fail(sim, "response #%u is not answered as the controller answered it", serial);
	}
	return true;
}

static struct sim_request *draw_response(struct sim *sim, uint32_t h, uint32_t index)
{
	const struct incoming *incoming = &receive_of(sim)->of[index];
	struct sim_request *request = &sim->requests[sim->requests_count];

	*request = (struct sim_request){.handle = h,
		.part = SIM_PART_RECEIVE,
		.response = true,
		.partner = index,
		.mutating = true, /* sent twice, it might answer another */
		.class = VIPMI_CLASS_URGENT,
		.netfn = incoming->message.netfn | 1,
		.command = incoming->message.command,
		.lun = incoming->message.rq_lun,
		.responder = SIM_ELSEWHERE,
		.sequence = SIM_NO_NUMBER,
		.tag = SIM_RESPONSE_TAG | sim->requests_count,
		.submitted_ns = sim->now_ns,
		.deadline_ns = sim->now_ns + CORE_BUDGET_DEFAULT_MS * NSEC_PER_MSEC_U64};
	return request;
}

/* The one that a response with this description is for: the newest. */
static uint32_t newest_like(struct sim *sim, uint32_t h, uint32_t index)
{
	struct receive *receive = receive_of(sim);
	struct messages *messages = sim->states[SIM_PART_MESSAGES];
	const struct incoming *wanted = &receive->of[index];
	uint32_t i;

	for (i = receive->count; i-- > receive->first;) {
		struct incoming *incoming = &receive->of[i];
		struct ipmb_message response = wanted->message;

		response.netfn |= 1;
		if (incoming->holder == h && !incoming->answered &&
			is_about(incoming, wanted->channel, &response) &&
			incoming->number >= messages_oldest(sim, messages)) {
			return i;
		}
	}
	return index;
}

static void describe(struct core_event *event, const struct incoming *incoming)
{
	event->respond.described = true;
	event->respond.channel = incoming->channel;
	event->respond.address = incoming->message.rq_address;
	event->respond.lun = incoming->message.rq_lun;
	event->respond.netfn = incoming->message.netfn;
	event->respond.command = incoming->message.command;
	event->respond.sequence = incoming->message.sequence;
}

/* What the core has to say to it. */
static int expected(struct sim *sim, uint32_t h, const struct incoming *incoming,
	const struct core_event *event, bool wrong)
{
	struct messages *messages = sim->states[SIM_PART_MESSAGES];

	if (wrong || incoming->holder != h || incoming->answered ||
		incoming->number < messages_oldest(sim, messages)) {
		return -ENOENT;
	}
	if (sim->now_ns - incoming->received_ns > CORE_RESPOND_MAX_MS * NSEC_PER_MSEC_U64) {
		return -ETIMEDOUT;
	}
	if (event->respond.length == 0) {
		return -EMSGSIZE;
	}
	return core_credit(sim->core, sim->handles[h].id) > 0 ? 0 : -EAGAIN;
}

static void respond(struct sim *sim, uint32_t h)
{
	struct receive *receive = receive_of(sim);
	uint32_t recent = receive->count - receive->first, serial = sim->requests_count, index;
	struct core_event event = {.type = CORE_EVENT_RESPOND, .now_ns = sim->now_ns};
	uint8_t payload[SIM_DATA_MAX];
	bool named = pick(sim, 3) > 0, wrong = false;
	int result;

	recent = recent < RECENT ? recent : RECENT;
	index = receive->count - 1 - pick(sim, recent);
	if (receive->of[index].holder != SIM_NONE && pick(sim, 8) > 0) {
		h = receive->of[index].holder;
	}
	if (!sim->handles[h].open || receive->of[index].unsure) {
		return;
	}
	if (!named || pick(sim, 2)) {
		describe(&event, &receive->of[index]);
		wrong = named && pick(sim, 8) == 0;
		event.respond.sequence ^= wrong;
	}
	index = named ? index : newest_like(sim, h, index);
	event.respond.client = sim->clients[sim->handles[h].client].id;
	event.respond.handle = sim->handles[h].id;
	event.respond.tag = SIM_RESPONSE_TAG | serial;
	event.respond.number = named ? receive->of[index].number : 0;
	event.respond.data = payload;
	event.respond.length = model_payload(draw_response(sim, h, index), serial, payload);
	event.respond.length = pick(sim, 24) ? event.respond.length : 0;
	result = expected(sim, h, &receive->of[index], &event, wrong);
	sim_trace(sim, "handle %u responds to message %llu: %d", h,
		(unsigned long long)receive->of[index].number, result);
	shell_step(sim, &event, result);
	if (result == 0) {
		receive->of[index].answered = true;
		sim->requests_count++;
		model_submitted(sim, serial);
	}
}

static bool act(struct sim *sim, uint32_t h)
{
	const struct receive *receive = receive_of(sim);

	if (receive->count == receive->first || !chance(sim, receive->permille)) {
		return false;
	}
	model_time(sim);
	respond(sim, h);
	return true;
}

/* Who alone gets a request is to answer it, unless that was done already. */
static bool message(struct sim *sim, const struct core_deliver *deliver, uint32_t h)
{
	const struct receive *receive = receive_of(sim);
	bool yours = false;
	uint32_t i;

	for (i = receive->first; i < receive->count; i++) {
		const struct incoming *incoming = &receive->of[i];

		yours |= deliver->kind == CORE_DELIVERY_EVENT && incoming->holder == h &&
			 incoming->number == deliver->number && !incoming->answered;
	}
	if (deliver->yours != yours) {
		sim_fail(sim, "message %llu is %shandle %u's to answer",
			(unsigned long long)deliver->number, yours ? "" : "not ", h);
	}
	return false; /* whether it is its turn, others know */
}

static void gone(struct sim *sim)
{
	const struct receive *receive = receive_of(sim);
	uint64_t claimed = 0, unclaimed = 0, responded = 0;
	struct core_status status;
	uint32_t i;

	core_status(sim->core, &status);
	for (i = receive->first; i < receive->count; i++) {
		unclaimed += receive->of[i].holder == SIM_NONE && !receive->of[i].unsure;
		claimed += receive->of[i].holder != SIM_NONE && !receive->of[i].unsure;
		responded += receive->of[i].answered;
	}
	if (status.counters[CORE_COUNTER_inbound_answered] != responded ||
		status.counters[CORE_COUNTER_inbound_unclaimed] < unclaimed ||
		status.counters[CORE_COUNTER_inbound_unclaimed] + claimed >
			receive->count - receive->first) {
		sim_fail(sim, "requests from the bus are not counted as they came");
	}
}

const struct sim_part sim_receive = {
	.size = sizeof(struct receive),
	.begin = begin,
	.killed = killed,
	.link_up = link_up,
	.act = act,
	.message = message,
	.gone = gone,
	.answered = answered,
};
