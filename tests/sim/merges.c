/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reads that ask the same (core/merge.c). Some clients ask a few questions that others
 * ask, too, word for word. Which of those that wait go out as one is the core's to
 * choose, and cannot be seen; what it may choose from can:
 *
 *	1. an answer is the controller's to a transmission that went out when the
 *	   question had been asked already, and when it might have been sent itself:
 *	   in its order, past no barrier, against nobody's right, in time;
 *	2. without such a transmission nobody is told that the question was sent, or
 *	   that the controller fell silent over it.
 *
 *	3. when the controller has nothing to do, nobody waits who was never sent.
 *
 * Answers that are given again (core/cache.c), in the seeds that allow it:
 *
 *	4. it is one of success to such a transmission, no older than the command table
 *	   and the operator say, and carries its age;
 *	5. between that transmission and the request, or its answer, nothing was sent
 *	   that mutates, nothing such ended, nothing was heard, lost or silent;
 *	6. nobody gets one out of its order, or who demanded a fresh one.
 *
 * That each is answered once, and by its deadline, is the model's to see, as ever.
 */
#include "tests/sim/reach.h"

/* A question's class goes by its number. */
#define QUESTIONS 6u
/* Of these some wait at a time; the core looks at as many. */
#define ASKERS 48u
#define SENDINGS 2048u
#define MARK 0xA6
/* In place of a serial, in an answer: the transmission's. */
#define SENDING 0x40000000u

/* The hungry, and those that reserve: their turns are counted. */
#define OTHERS 8u

struct sending {
	uint8_t question, cc;
	bool open;    /* its TRANSMIT action is */
	bool sent;    /* it went out */
	bool refused; /* the link cannot carry it */
	bool silent;  /* no response came in time */
	bool answered;
	uint64_t sent_ns;
	uint32_t change;                       /* merges->changes when it was offered */
	bool kept;                             /* it may be given again, until the next change */
	uint32_t gone;                         /* askers that closed while it was open */
	uint32_t askers[ASKERS], askers_count; /* who may have gone with it */
};

struct merges {
	struct sending sendings[SENDINGS];
	uint32_t sendings_count, first; /* first: this agent's */
	uint32_t waiting[QUESTIONS][ASKERS], waiting_count[QUESTIONS];
	uint8_t question[SIM_REQUESTS_MAX];
	uint32_t changes;                  /* at the controller, as far as is known here */
	uint32_t change[SIM_REQUESTS_MAX]; /* `changes` when it was submitted */
};

static struct merges *state(struct sim *sim)
{
	return sim->states[SIM_PART_MERGES];
}

static uint8_t class_of(uint8_t question)
{
	return question % VIPMI_CLASS_COUNT;
}

static bool over(const struct sim_request *request)
{
	return !request->alive || request->answered || request->seen;
}

static void waiting_tidy(struct sim *sim, uint32_t question)
{
	struct merges *merges = state(sim);
	uint32_t i, kept = 0;

	for (i = 0; i < merges->waiting_count[question]; i++) {
		uint32_t serial = merges->waiting[question][i];

		if (!over(&sim->requests[serial])) {
			merges->waiting[question][kept++] = serial;
		}
	}
	merges->waiting_count[question] = kept;
}

static bool went_with(const struct sending *sending, uint32_t serial)
{
	uint32_t i;

	for (i = 0; i < sending->askers_count; i++) {
		if (sending->askers[i] == serial) {
			return true;
		}
	}
	return false;
}

/* ---- answers that are given again ---- */

/* Of Get Sensor Reading (ipmi/commands.def). */
#define TIME_MS 250u

void merges_changed(struct sim *sim)
{
	state(sim)->changes++;
}

void merges_touched(struct sim *sim, uint32_t serial)
{
	/* Each virtual controller's own affairs: watchdog, flags and messages; reservations. */
	static const uint8_t app[] = {0x22, 0x24, 0x25, 0x2E, 0x2F, 0x30, 0x31, 0x32, 0x33, 0x35};
	const struct sim_request *request;

	if (serial == SIM_NONE || !sim->requests[serial].mutating) {
		return;
	}
	request = &sim->requests[serial];
	if ((request->netfn == VIPMI_NETFN_APP &&
		    memchr(app, request->command, sizeof(app)) != NULL) ||
		(request->netfn == VIPMI_NETFN_STORAGE &&
			(request->command == 0x22 || request->command == 0x42)) ||
		(request->netfn == VIPMI_NETFN_SENSOR && request->command == 0x22)) {
		return;
	}
	merges_changed(sim);
}

/* Whether the answer to that transmission may be given to the request, at some time until now. */
static bool may_be_given(struct sim *sim, const struct sending *sending, uint32_t serial)
{
	const struct merges *merges = state(sim);
	const struct sim_request *request = &sim->requests[serial];
	uint64_t most_ms = sim->limits.cache_age_ms < TIME_MS ? sim->limits.cache_age_ms : TIME_MS;

	return sending->kept && !request->fresh && sending->question == merges->question[serial] &&
	       (int32_t)(sending->change - merges->change[serial]) >= 0 &&
	       sending->sent_ns + most_ms * NSEC_PER_MSEC_U64 > request->submitted_ns;
}

static bool may_be_known(struct sim *sim, uint32_t serial)
{
	struct merges *merges = state(sim);
	uint32_t i;

	for (i = merges->first; i < merges->sendings_count; i++) {
		if (may_be_given(sim, &merges->sendings[i], serial)) {
			return true;
		}
	}
	return false;
}

static bool given_again(struct sim *sim, uint32_t serial, const struct core_deliver *deliver)
{
	struct merges *merges = state(sim);
	uint8_t expected[SIM_DATA_MAX];
	uint32_t i;

	for (i = merges->first; i < merges->sendings_count; i++) {
		const struct sending *sending = &merges->sendings[i];
		size_t length = model_answer(SENDING | i, VIPMI_CC_OK, expected);
		uint64_t age_ns = sim->now_ns - sending->sent_ns;

		if (may_be_given(sim, sending, serial) && deliver->length == length - 1 &&
			memcmp(deliver->data, expected + 1, length - 1) == 0 &&
			deliver->age_ms <= age_ns / NSEC_PER_MSEC_U64 &&
			sending->sent_ns + (deliver->age_ms + UINT64_C(1)) * NSEC_PER_MSEC_U64 >
				sim->requests[serial].submitted_ns) {
			return true;
		}
	}
	return false;
}

/* ---- going out ---- */

/* Something of its handle's stands before it for certain. */
static bool held_back(struct sim *sim, uint32_t serial)
{
	const struct sim_request *request = &sim->requests[serial];
	const struct sim_handle *handle = &sim->handles[request->handle];
	uint32_t i;

	for (i = 0; i < handle->count && handle->outstanding[i] < serial; i++) {
		const struct sim_request *other = &sim->requests[handle->outstanding[i]];

		if (other->responder == 0 && !other->outer && request_waits(sim, other) &&
			(other->mutating || (other->class == request->class && other->sends == 0 &&
						    !other->offered))) {
			return true;
		}
	}
	for (i = 0; i < sim->transmissions_count; i++) {
		uint32_t s = sim->transmissions[i].serial;

		if (s != SIM_NONE && sim->requests[s].mutating &&
			sim->requests[s].handle == request->handle &&
			sim->requests[s].responder == 0) {
			return true;
		}
	}
	return false;
}

bool merges_transmit(
	struct sim *sim, struct sim_transmission *transmission, const struct ipmb_message *message)
{
	struct merges *merges = state(sim);
	struct sending *sending = &merges->sendings[merges->sendings_count];
	uint32_t question, i;

	if (transmission->kind != SIM_DIRECT || message->length < 2 || message->data[1] != MARK) {
		return false;
	}
	question = message->data[0];
	if (message->netfn != VIPMI_NETFN_SENSOR || message->command != 0x2D ||
		message->rs_lun != 0 || message->length != 2 || question >= QUESTIONS) {
		sim_fail(sim, "a question of many is not sent as they gave it");
	}
	*sending = (struct sending){
		.question = (uint8_t)question, .open = true, .change = merges->changes};
	waiting_tidy(sim, question);
	for (i = 0; i < merges->waiting_count[question]; i++) {
		uint32_t serial = merges->waiting[question][i];
		struct sim_request *request = &sim->requests[serial];

		if (request_pending(sim, request) && !held_back(sim, serial) &&
			!rights_forbid(sim, request, false)) {
			sending->askers[sending->askers_count++] = serial;
			request->tried = true; /* and those behind it may go, too */
		}
	}
	if (sending->askers_count == 0) {
		sim_fail(sim, "question %u is sent, and nobody asks it", question);
	}
	sim_trace(sim, "transmit %u: question %u of up to %u", transmission->id, question,
		sending->askers_count);
	transmission->kind = SIM_MERGED;
	transmission->class = class_of((uint8_t)question);
	transmission->handle = SIM_NONE;
	transmission->sending = merges->sendings_count++;
	return true;
}

void merges_done(struct sim *sim, const struct sim_transmission *transmission, int result)
{
	struct sending *sending = &state(sim)->sendings[transmission->sending];

	sending->open = false;
	sending->gone = 0;
	sending->sent = result == 0;
	sending->sent_ns = sim->now_ns;
	sending->refused = result == -EMSGSIZE || result == -EOPNOTSUPP;
}

void merges_silent(struct sim *sim, const struct sim_transmission *transmission)
{
	state(sim)->sendings[transmission->sending].silent = true;
}

size_t merges_executed(const struct sim_transmission *transmission, uint8_t cc, uint8_t *bytes)
{
	return model_answer(SENDING | transmission->sending, cc, bytes);
}

void merges_received(struct sim *sim, const struct sim_transmission *transmission, uint8_t cc)
{
	struct sending *sending = &state(sim)->sendings[transmission->sending];

	sending->answered = cc != VIPMI_CC_NODE_BUSY;
	sending->cc = cc;
	sending->kept = sim->limits.cache_age_ms > 0 && cc == VIPMI_CC_OK &&
			sending->change == state(sim)->changes;
	if (sending->kept) {
		uint32_t i;

		/* Whoever asks it may have it now, and those behind it may go. */
		waiting_tidy(sim, sending->question);
		for (i = 0; i < state(sim)->waiting_count[sending->question]; i++) {
			uint32_t serial = state(sim)->waiting[sending->question][i];

			sim->requests[serial].tried |= !sim->requests[serial].fresh;
		}
	}
}

/* ---- what is not known ---- */

bool merges_lent(struct sim *sim, uint32_t serial)
{
	struct merges *merges = state(sim);
	uint32_t i;

	if (sim->requests[serial].part != SIM_PART_MERGES) {
		return false;
	}
	for (i = merges->first; i < merges->sendings_count; i++) {
		if (merges->sendings[i].open && went_with(&merges->sendings[i], serial)) {
			return true;
		}
	}
	return false;
}

void merges_gone(struct sim *sim, uint32_t serial)
{
	struct merges *merges = state(sim);
	uint32_t i;

	for (i = merges->first; i < merges->sendings_count; i++) {
		merges->sendings[i].gone +=
			merges->sendings[i].open && went_with(&merges->sendings[i], serial);
	}
}

uint32_t merges_unsure(struct sim *sim)
{
	struct merges *merges = state(sim);
	uint32_t unsure = 0, i;

	for (i = merges->first; i < merges->sendings_count; i++) {
		unsure += merges->sendings[i].open ? merges->sendings[i].gone : 0;
	}
	return unsure;
}

/* ---- answers ---- */

/* Whether some transmission that it may have gone with bears it out. */
static bool borne_out(struct sim *sim, uint32_t serial, const struct core_deliver *deliver)
{
	struct merges *merges = state(sim);
	uint8_t expected[SIM_DATA_MAX];
	uint32_t i;

	for (i = merges->first; i < merges->sendings_count; i++) {
		const struct sending *sending = &merges->sendings[i];
		size_t length = model_answer(SENDING | i, sending->cc, expected);

		if (!went_with(sending, serial)) {
			continue;
		}
		if (deliver->origin == VIPMI_ORIGIN_CONTROLLER && sending->answered &&
			deliver->cc == sending->cc && deliver->length == length - 1 &&
			memcmp(deliver->data, expected + 1, length - 1) == 0) {
			return true;
		}
		if (deliver->origin == VIPMI_ORIGIN_AGENT &&
			((deliver->reason == VIPMI_REASON_SILENT && sending->silent) ||
				((deliver->reason == VIPMI_REASON_TOO_LONG ||
					 deliver->reason == VIPMI_REASON_NOT_CARRIED) &&
					sending->refused))) {
			return true;
		}
	}
	return false;
}

/* The link took no transmission that it may have gone with. */
static bool never_sent(struct sim *sim, uint32_t serial)
{
	struct merges *merges = state(sim);
	uint32_t i;

	for (i = merges->first; i < merges->sendings_count; i++) {
		const struct sending *sending = &merges->sendings[i];

		if ((sending->sent || sending->refused) && went_with(sending, serial)) {
			return false;
		}
	}
	return true;
}

static bool answered(struct sim *sim, uint32_t serial, const struct core_deliver *deliver)
{
	const struct sim_request *request = &sim->requests[serial];
	bool controller = deliver->origin == VIPMI_ORIGIN_CONTROLLER;

	if (deliver->origin == VIPMI_ORIGIN_CACHE) {
		/* It may have been sent before, and lost with the link. */
		if ((deliver->sent && never_sent(sim, serial)) || deliver->reason != 0 ||
			deliver->cc != VIPMI_CC_OK || !given_again(sim, serial, deliver)) {
			sim_fail(sim, "#%u got an answer again that is none, or too old", serial);
		}
		if (held_back(sim, serial)) {
			sim_fail(sim, "#%u got an answer again before its turn", serial);
		}
		return true;
	}
	if (deliver->sent && !request->tried) {
		sim_fail(sim, "#%u was never sent, the answer says otherwise", serial);
	}
	if ((controller && (!deliver->sent || deliver->reason != 0)) ||
		(!controller && deliver->length != 0)) {
		sim_fail(sim, "#%u got an answer that nobody gave", serial);
	}
	if (!borne_out(sim, serial, deliver) &&
		(controller || !reason_holds(sim, request, deliver->reason))) {
		sim_fail(sim, "#%u got an answer to another question, or an older one", serial);
	}
	if ((deliver->reason == VIPMI_REASON_RESERVED) !=
		(deliver->cc == VIPMI_CC_NOT_IN_STATE && !controller)) {
		sim_fail(
			sim, "#%u: reason %u with code %02x", serial, deliver->reason, deliver->cc);
	}
	return true;
}

/* ---- who waits ---- */

static bool oldest(struct sim *sim, uint32_t serial)
{
	const struct sim_handle *handle = &sim->handles[sim->requests[serial].handle];
	uint32_t i;

	for (i = 0; i < handle->count && handle->outstanding[i] != serial; i++) {
		const struct sim_request *other = &sim->requests[handle->outstanding[i]];

		if (other->responder == 0 && other->alive && !other->seen) {
			return false;
		}
	}
	return true;
}

/* The controller has nothing to do, and the link takes it: whoever can go has gone. */
static void settled(struct sim *sim)
{
	struct merges *merges = state(sim);
	struct core_status status;
	uint32_t question, i;

	if (!sim->link_up || sim->link_waits || sim->transmissions_count > 0) {
		return;
	}
	core_status(sim->core, &status);
	for (question = 0; status.responsive && question < QUESTIONS; question++) {
		waiting_tidy(sim, question);
		for (i = 0; i < merges->waiting_count[question]; i++) {
			uint32_t serial = merges->waiting[question][i];
			const struct sim_request *request = &sim->requests[serial];

			if (request_pending(sim, request) && !request->may_be_refused &&
				never_sent(sim, serial) && oldest(sim, serial) &&
				!may_be_known(sim, serial)) {
				sim_fail(sim, "#%u waits, and nothing is in its way", serial);
			}
		}
	}
}

/* ---- what clients do ---- */

static uint32_t payload(struct sim *sim, uint32_t serial, uint8_t *bytes)
{
	bytes[0] = state(sim)->question[serial];
	bytes[1] = MARK;
	return 2;
}

static bool act(struct sim *sim, uint32_t h)
{
	struct merges *merges = state(sim);
	uint32_t serial = sim->requests_count, question;
	struct sim_request *request;

	if (h < sim->handles_base + OTHERS || !strikes(sim, same)) {
		return false;
	}
	if (pick(sim, 16) == 0) {
		rights_act(sim, h); /* perhaps to what the others wait to ask */
		return true;
	}
	question = pick(sim, QUESTIONS);
	waiting_tidy(sim, question);
	if (merges->waiting_count[question] == ASKERS ||
		merges->sendings_count + ASKERS > SENDINGS) {
		return false;
	}
	request = sim_draw(sim, h);
	request->part = SIM_PART_MERGES;
	request->netfn = VIPMI_NETFN_SENSOR;
	request->command = 0x2D; /* Get Sensor Reading */
	request->lun = 0;
	request->responder = 0;
	request->class = class_of((uint8_t)question);
	request->tag = SIM_MERGED_TAG | serial;
	request->fresh = sim->limits.cache_age_ms > 0 && pick(sim, 8) == 0;
	merges->question[serial] = (uint8_t)question;
	merges->change[serial] = merges->changes;
	if (sim_submit(sim)) {
		request->tried = may_be_known(sim, serial);
		merges->waiting[question][merges->waiting_count[question]++] = serial;
	}
	return true;
}

/* The new agent has sent nothing. */
static void restarted(struct sim *sim)
{
	state(sim)->first = state(sim)->sendings_count;
	merges_changed(sim);
}

const struct sim_part sim_merges = {
	.size = sizeof(struct merges),
	.act = act,
	.restarted = restarted,
	.settled = settled,
	.payload = payload,
	.answered = answered,
};
