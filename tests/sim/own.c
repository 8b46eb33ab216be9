/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The message state of a virtual controller (IPMI 2.0 sections 22.1 to 22.8): flags,
 * event message buffer, global enables, channels to receive from, each handle's
 * own. What one reads, clears or switches off nobody else misses; what a real
 * controller is told of it never takes the agent's own enables away.
 */
#include "tests/sim/messages.h"

#include "tests/sim/reach.h"

enum {
	SET_ENABLES = 0x2E,
	GET_ENABLES = 0x2F,
	CLEAR_FLAGS = 0x30,
	GET_FLAGS = 0x31,
	CHANNEL_RECEIVE = 0x32,
	READ_EVENT = 0x35,
};

#define FLAG_MESSAGE 0x01
#define FLAG_EVENT 0x02
/* Receive message queue and event message buffer, each with its interrupt (section 22.1). */
#define OWN_ENABLES 0x07
#define EVENT_BUFFER 0x04
#define BUFFER_EMPTY 0x80 /* section 22.8 */

struct own_handle {
	uint64_t position; /* what its event message buffer may show next */
	uint16_t channels_off;
	uint8_t enables;
};

struct own_request {
	uint8_t given[2], given_length; /* what its client wrote */
	bool local;                     /* the agent answers it by itself */
	uint8_t cc, length, data[EVENT_BYTES];
	uint8_t enables; /* its handle's, when the controller answered */
};

struct own {
	struct own_handle of[SIM_HANDLES_MAX];
	struct own_request requests[SIM_REQUESTS_MAX];
};

static struct own *state(struct sim *sim)
{
	return sim->states[SIM_PART_OWN];
}

/* ---- what a virtual controller answers ---- */

/* The event in its buffer, or NULL. */
static const struct sim_message *event_shown(struct sim *sim, struct own_handle *own)
{
	struct messages *messages = sim->states[SIM_PART_MESSAGES];
	uint64_t oldest = messages_oldest(sim, messages);

	if (!(own->enables & EVENT_BUFFER)) {
		return NULL;
	}
	if (own->position < oldest) {
		own->position = oldest;
	}
	for (; own->position < messages->next; own->position++) {
		if (messages_at(messages, own->position)->kind == VIPMI_ASYNC_EVENT) {
			return messages_at(messages, own->position);
		}
	}
	return NULL;
}

/* From now on: what there is was cleared, or came while nobody looked. */
static void start_anew(struct sim *sim, struct own_handle *own)
{
	const struct messages *messages = sim->states[SIM_PART_MESSAGES];

	own->position = messages->next;
}

static void answer_flags(
	struct sim *sim, uint32_t h, struct own_handle *own, struct own_request *request)
{
	request->length = 1;
	request->data[0] = (uint8_t)((event_shown(sim, own) ? FLAG_EVENT : 0) |
				     (bridge_waiting(sim, h) > 0 ? FLAG_MESSAGE : 0));
}

static void answer_clear(
	struct sim *sim, uint32_t h, struct own_handle *own, struct own_request *request)
{
	if (request->given_length != 1) {
		request->cc = VIPMI_CC_LENGTH_INVALID;
		return;
	}
	if (request->given[0] & FLAG_MESSAGE) {
		bridge_flush(sim, h);
	}
	if (request->given[0] & FLAG_EVENT) {
		start_anew(sim, own);
	}
}

static void answer_event(struct sim *sim, struct own_handle *own, struct own_request *request)
{
	const struct sim_message *event = event_shown(sim, own);

	if (!event) {
		request->cc = BUFFER_EMPTY;
		return;
	}
	request->length = event->length;
	memcpy(request->data, event->bytes, event->length);
	own->position++;
}

static void answer_channel(struct own_handle *own, struct own_request *request)
{
	unsigned channel = request->given[0] & 0x0F, wish = request->given[1] & 0x03;

	if (request->given_length < 2) {
		request->cc = VIPMI_CC_LENGTH_INVALID;
		return;
	}
	if (wish == 3) {
		request->cc = VIPMI_CC_INVALID_FIELD;
		return;
	}
	if (wish < 2) {
		own->channels_off &= (uint16_t) ~(1u << channel);
		own->channels_off |= (uint16_t)(!wish << channel);
	}
	request->length = 2;
	request->data[0] = (uint8_t)channel;
	request->data[1] = !(own->channels_off >> channel & 1);
}

/* Its own bits are its own at once; the rest is the controller's to take. */
static void enables_change(struct sim *sim, struct own_handle *own, uint8_t given)
{
	if (sim->link_known && !sim->link.owns_flags) {
		return; /* they are the driver's */
	}
	if (given & ~own->enables & EVENT_BUFFER) {
		start_anew(sim, own);
	}
	own->enables = given & OWN_ENABLES;
}

static void answer(struct sim *sim, uint32_t serial)
{
	struct own_request *request = &state(sim)->requests[serial];
	uint32_t h = sim->requests[serial].handle;
	struct own_handle *own = &state(sim)->of[h];

	request->local = true;
	switch (sim->requests[serial].command) {
	case GET_FLAGS:
		answer_flags(sim, h, own, request);
		break;
	case CLEAR_FLAGS:
		answer_clear(sim, h, own, request);
		break;
	case READ_EVENT:
		answer_event(sim, own, request);
		break;
	case CHANNEL_RECEIVE:
		answer_channel(own, request);
		break;
	case SET_ENABLES:
		enables_change(sim, own, request->given[0]);
		request->local = false;
		break;
	default:
		request->local = false;
		break;
	}
	if (request->local) {
		model_answered_locally(sim, serial);
	}
}

/* ---- as a part ---- */

static void handle_opened(struct sim *sim, uint32_t h)
{
	state(sim)->of[h] = (struct own_handle){.enables = OWN_ENABLES};
	start_anew(sim, &state(sim)->of[h]);
}

static void draw(struct sim *sim, struct sim_request *request, struct own_request *own)
{
	static const uint8_t commands[] = {SET_ENABLES, GET_ENABLES, CLEAR_FLAGS, GET_FLAGS,
		GET_FLAGS, CHANNEL_RECEIVE, READ_EVENT, READ_EVENT, READ_EVENT};

	request->part = SIM_PART_OWN;
	request->netfn = VIPMI_NETFN_APP;
	request->command = commands[pick(sim, sizeof(commands))];
	request->lun = 0;
	request->responder = 0;
	request->numbered = false; /* numbers are the bus's */
	own->given[0] = (uint8_t)(pick(sim, 2) ? pick(sim, 16) : 0x04 | pick(sim, 16));
	own->given[1] = (uint8_t)pick(sim, 4);
	own->given_length = (uint8_t)(pick(sim, 8)                          ? 1
				      : request->command == CHANNEL_RECEIVE ? 2
									    : pick(sim, 3));
	if (request->command == CHANNEL_RECEIVE && pick(sim, 8)) {
		own->given_length = 2;
	}
}

static bool act(struct sim *sim, uint32_t h)
{
	uint32_t serial = sim->requests_count;
	struct sim_request *request;
	bool forbidden;

	if (!strikes(sim, own)) {
		return false;
	}
	request = sim_draw(sim, h);
	draw(sim, request, &state(sim)->requests[serial]);
	model_time(sim);
	/* Whose it is while a holder fades away, or no link is known, nobody can say. */
	forbidden = sim->link_known && rights_forbid(sim, request, false);
	if (rights_forbid(sim, request, true) == forbidden && sim_submit(sim) && !forbidden) {
		answer(sim, serial);
	}
	return true;
}

static bool is_sent(const struct sim_request *request)
{
	return request->command == SET_ENABLES || request->command == GET_ENABLES;
}

static uint32_t payload(struct sim *sim, uint32_t serial, uint8_t *bytes)
{
	const struct own_request *own = &state(sim)->requests[serial];
	uint32_t length = own->given_length;

	if (is_sent(&sim->requests[serial])) {
		length = model_payload(&sim->requests[serial], serial, bytes);
		bytes[0] = own->given[0];
	} else {
		memcpy(bytes, own->given, length);
	}
	return length;
}

static uint32_t on_wire(struct sim *sim, uint32_t serial, uint8_t *bytes)
{
	uint32_t length = payload(sim, serial, bytes);

	if (sim->link.owns_flags && sim->requests[serial].command == SET_ENABLES) {
		bytes[0] |= OWN_ENABLES;
	}
	return length;
}

static bool received(struct sim *sim, uint32_t serial, uint8_t cc)
{
	(void)cc;
	state(sim)->requests[serial].enables = state(sim)->of[sim->requests[serial].handle].enables;
	return false;
}

static bool answered(struct sim *sim, uint32_t serial, const struct core_deliver *deliver)
{
	const struct own_request *own = &state(sim)->requests[serial];
	const struct sim_request *request = &sim->requests[serial];
	uint8_t expected[SIM_DATA_MAX];
	size_t length;

	if (own->local) {
		if (deliver->origin != VIPMI_ORIGIN_AGENT || deliver->reason != 0 ||
			deliver->sent || deliver->cc != own->cc || deliver->length != own->length ||
			memcmp(deliver->data, own->data, own->length) != 0) {
			sim_fail(sim, "#%u does not get what its virtual controller has: %02x",
				serial, deliver->cc);
		}
		return true;
	}
	if (request->command != GET_ENABLES || !sim->link.owns_flags || !request->final ||
		request->final_cc != VIPMI_CC_OK || deliver->origin == VIPMI_ORIGIN_AGENT) {
		return false;
	}
	length = model_answer(serial, VIPMI_CC_OK, expected);
	expected[1] = (uint8_t)((expected[1] & ~OWN_ENABLES) | own->enables);
	if (deliver->cc != VIPMI_CC_OK || deliver->length != length - 1 ||
		memcmp(deliver->data, expected + 1, length - 1) != 0) {
		sim_fail(sim, "#%u gets other enables than its own", serial);
	}
	return true;
}

const struct sim_part sim_own = {
	.size = sizeof(struct own),
	.handle_opened = handle_opened,
	.act = act,
	.payload = payload,
	.on_wire = on_wire,
	.received = received,
	.answered = answered,
};
