/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/sim/messages.h"

#include "tests/sim/subscriptions.h"

/* Where the bytes of a system event stand (IPMI 2.0 table 32-1). */
enum {
	RECORD_TYPE = 2,
	GENERATOR = 7,
	GENERATOR_CHANNEL = 8, /* its high nibble */
	SENSOR_TYPE = 10,
	SENSOR = 11,
	READING_TYPE = 12, /* bit 7: deasserted */
	OFFSET = 13,       /* its low nibble */
};
#define SYSTEM_EVENT 0x02

/* Message flags' commands (IPMI 2.0 sections 22.3, 22.6, 22.8). */
#define CLEAR_FLAGS 0x30
#define READ_EVENT 0x35

static bool is_system_event(const struct sim_message *message)
{
	return message->kind == VIPMI_ASYNC_EVENT && message->length == EVENT_BYTES &&
	       message->bytes[RECORD_TYPE] == SYSTEM_EVENT;
}

/* Tables 42-1 and 42-2: thresholds come in pairs, going low and going high, from non-critical to
 * non-recoverable; the generic severity sensor names them one by one. */
static unsigned severity_of(const struct sim_message *message)
{
	unsigned offset = message->bytes[OFFSET] & 0x0F;

	switch (message->bytes[READING_TYPE] & 0x7F) {
	case 0x01:
		return offset < 12 ? 1 + offset % 6 / 2 : 0;
	case 0x07:
		return offset > 0 && offset < 7 ? 1 + (offset - 1) % 3 : 0;
	default:
		return 0;
	}
}

/* Slots and connectors, entities present, hot-swapped FRUs: a board comes or goes. */
static bool is_about_a_board(const struct sim_message *message)
{
	uint8_t type = message->bytes[SENSOR_TYPE];

	return is_system_event(message) && (type == 0x21 || type == 0x25 || type == 0xF0);
}

static bool open_or(uint16_t field, uint8_t value)
{
	return field == CORE_ANY || field == value;
}

static bool asks_about_sensors(const struct core_clause *clause)
{
	return clause->sensor_type != CORE_ANY || clause->sensor != CORE_ANY || clause->offsets ||
	       clause->directions || clause->severity;
}

static bool sensor_is_wanted(const struct core_clause *clause, const struct sim_message *message)
{
	unsigned direction = message->bytes[READING_TYPE] & 0x80 ? CORE_DIRECTION_DEASSERTED
								 : CORE_DIRECTION_ASSERTED;
	unsigned offset = 1u << (message->bytes[OFFSET] & 0x0F);

	return is_system_event(message) &&
	       open_or(clause->sensor_type, message->bytes[SENSOR_TYPE]) &&
	       open_or(clause->sensor, message->bytes[SENSOR]) &&
	       (!clause->offsets || clause->offsets & offset) &&
	       (!clause->directions || clause->directions & direction) &&
	       severity_of(message) >= clause->severity;
}

static bool clause_wants(const struct core_clause *clause, const struct sim_message *message)
{
	unsigned kinds = CORE_ASYNC(message->kind);

	kinds |= is_about_a_board(message) ? CORE_ASYNC(VIPMI_ASYNC_CHASSIS) : 0;
	return (clause->kinds & kinds) && open_or(clause->netfn, message->netfn) &&
	       open_or(clause->command, message->command) &&
	       open_or(clause->channel, message->channel) &&
	       open_or(clause->address, message->address) &&
	       (!asks_about_sensors(clause) || sensor_is_wanted(clause, message));
}

bool messages_want(
	const struct core_clause *clauses, size_t count, const struct sim_message *message)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (clause_wants(&clauses[i], message)) {
			return true;
		}
	}
	return false;
}

static bool open_or_same(uint16_t a, uint16_t b)
{
	return a == CORE_ANY || b == CORE_ANY || a == b;
}

bool messages_meet(const struct core_clause *a, const struct core_clause *b)
{
	const unsigned boards = CORE_ASYNC(VIPMI_ASYNC_CHASSIS);
	unsigned a_kinds = a->kinds, b_kinds = b->kinds;

	/* What tells of a board is an event. */
	a_kinds |= a_kinds & CORE_ASYNC(VIPMI_ASYNC_EVENT) ? boards : 0;
	b_kinds |= b_kinds & CORE_ASYNC(VIPMI_ASYNC_EVENT) ? boards : 0;
	return (a_kinds & b_kinds) && open_or_same(a->sensor_type, b->sensor_type) &&
	       open_or_same(a->sensor, b->sensor) && open_or_same(a->netfn, b->netfn) &&
	       open_or_same(a->command, b->command) && open_or_same(a->channel, b->channel) &&
	       open_or_same(a->address, b->address) &&
	       (!a->offsets || !b->offsets || (a->offsets & b->offsets)) &&
	       (!a->directions || !b->directions || (a->directions & b->directions));
}

/* ---- the log ---- */

static struct messages *log_of(struct sim *sim)
{
	return sim->states[SIM_PART_MESSAGES];
}

uint64_t messages_oldest(const struct sim *sim, const struct messages *messages)
{
	uint64_t kept = sim->limits.messages_max;

	return messages->next > kept ? messages->next - kept : 1;
}

struct sim_message *messages_at(struct messages *messages, uint64_t number)
{
	return &messages->log[number % MESSAGES_MAX];
}

void messages_append(struct sim *sim, struct sim_message message)
{
	struct messages *messages = log_of(sim);

	merges_changed(sim);
	if (messages->next >= MESSAGES_MAX) {
		sim_fail(sim, "the model's log is full");
	}
	message.taken = false;
	message.unsure = false;
	/* An event names its generator itself, whatever way it came. */
	if (message.kind == VIPMI_ASYNC_EVENT) {
		bool names = is_system_event(&message);

		message.address = names ? message.bytes[GENERATOR] : 0;
		message.channel = names ? message.bytes[GENERATOR_CHANNEL] >> 4 : 0;
	}
	if (message.holder == SIM_NONE) {
		message.holder = subscriptions_holder(sim, &message, &message.unsure);
	}
	sim_trace(sim, "message %llu: kind %u of %u/%02x", (unsigned long long)messages->next,
		message.kind, message.channel, message.address);
	*messages_at(messages, messages->next++) = message;
}

static void announce(struct sim *sim, enum vipmi_async_kind kind)
{
	messages_append(sim, (struct sim_message){.kind = (uint8_t)kind, .holder = SIM_NONE});
}

struct sim_message messages_request(uint8_t channel, const struct ipmb_message *request)
{
	struct sim_message message = {.kind = VIPMI_ASYNC_REQUEST,
		.holder = SIM_NONE,
		.channel = channel,
		.address = request->rq_address,
		.lun = request->rq_lun,
		.own_lun = request->rs_lun,
		.netfn = request->netfn,
		.command = request->command,
		.sequence = request->sequence,
		.length = (uint8_t)request->length};

	if (message.length > 0) {
		memcpy(message.bytes, request->data, message.length);
	}
	return message;
}

void messages_silent(struct sim *sim)
{
	if (!log_of(sim)->lost) {
		log_of(sim)->lost = true;
		announce(sim, VIPMI_ASYNC_LOST);
	}
}

void messages_spoke(struct sim *sim)
{
	if (log_of(sim)->lost && sim->link_up) {
		log_of(sim)->lost = false;
		announce(sim, VIPMI_ASYNC_BACK);
	}
}

static void handed_in(struct sim *sim, const struct core_event *event)
{
	const struct ipmb_message request = {.rs_lun = 2,
		.rq_address = event->message.address,
		.rq_lun = event->message.lun,
		.netfn = event->message.netfn,
		.command = event->message.command,
		.sequence = event->message.sequence,
		.data = event->message.data,
		.length = event->message.length};
	struct sim_message message = {.kind = event->message.kind,
		.holder = SIM_NONE,
		.channel = event->message.channel,
		.address = event->message.address,
		.lun = event->message.lun,
		.netfn = event->message.netfn,
		.command = event->message.command,
		.sequence = event->message.sequence,
		.length = (uint8_t)event->message.length};

	if (message.kind == VIPMI_ASYNC_REQUEST) {
		receive_arrived(sim, event->message.channel, &request);
		return;
	}
	if (message.length > 0) {
		memcpy(message.bytes, event->message.data, message.length);
	}
	messages_append(sim, message);
}

void messages_step(struct sim *sim, const struct core_event *event)
{
	switch (event->type) {
	case CORE_EVENT_LINK_UP:
	case CORE_EVENT_RECEIVED:
		messages_spoke(sim);
		break;
	case CORE_EVENT_LINK_DOWN:
		messages_silent(sim);
		break;
	case CORE_EVENT_CONTROLLER_RESET:
		announce(sim, VIPMI_ASYNC_RESET);
		break;
	case CORE_EVENT_MESSAGE:
		handed_in(sim, event);
		break;
	default:
		break;
	}
}

void messages_fetched(struct sim *sim, uint8_t command, const uint8_t *bytes, size_t length)
{
	struct sim_message event = {
		.kind = VIPMI_ASYNC_EVENT, .holder = SIM_NONE, .length = EVENT_BYTES};

	if (command == CLEAR_FLAGS) {
		announce(sim, VIPMI_ASYNC_WATCHDOG);
	} else if (command == READ_EVENT && bytes[0] == VIPMI_CC_OK && length > EVENT_BYTES) {
		memcpy(event.bytes, bytes + 1, EVENT_BYTES);
		messages_append(sim, event);
	}
}

static bool listed_as_it_came(
	const struct core_message_info *info, const struct sim_message *message)
{
	return info->kind == message->kind && info->channel == message->channel &&
	       info->address == message->address && info->lun == message->lun &&
	       info->netfn == message->netfn && info->command == message->command &&
	       info->length == message->length &&
	       memcmp(info->data, message->bytes, message->length) == 0;
}

void messages_listed(struct sim *sim)
{
	struct messages *messages = log_of(sim);
	uint64_t oldest = messages_oldest(sim, messages);

	messages->listed = messages->listed < oldest ? oldest : messages->listed;
	for (; messages->listed < messages->next; messages->listed++) {
		struct sim_message *message = messages_at(messages, messages->listed);
		uint64_t number = messages->listed, cursor = number;
		struct core_message_info info;

		if (!core_message_next(sim->core, &cursor, &info) || info.number != number ||
			!listed_as_it_came(&info, message)) {
			sim_fail(sim, "message %llu is not listed as it came",
				(unsigned long long)number);
		}
		if (message->unsure) {
			subscriptions_settle_holder(sim, message, info.holder);
		} else if (info.holder !=
			   (message->holder == SIM_NONE ? 0 : sim->handles[message->holder].id)) {
			sim_fail(
				sim, "message %llu is somebody else's", (unsigned long long)number);
		}
	}
}

void messages_draw(struct sim *sim, uint8_t *image)
{
	static const uint8_t types[] = {0x01, 0x04, 0x12, 0x21, 0x25, 0xF0};
	static const uint8_t generators[] = {0x20, 0xB2, 0xB4, 0xB6};
	static const uint8_t readings[] = {0x01, 0x01, 0x07, 0x6F};
	uint32_t number = sim->events_made++;

	memset(image, 0, EVENT_BYTES);
	memcpy(image, &number, 2);
	image[RECORD_TYPE] = pick(sim, 16) ? SYSTEM_EVENT : 0xC0;
	image[4] = (uint8_t)(number >> 16);
	image[GENERATOR] = generators[pick(sim, sizeof(generators))];
	image[GENERATOR_CHANNEL] = (uint8_t)(pick(sim, 2) << 4);
	image[9] = 0x04;
	image[SENSOR_TYPE] = types[pick(sim, sizeof(types))];
	image[SENSOR] = (uint8_t)(0x30 + pick(sim, 4));
	image[READING_TYPE] = (uint8_t)(readings[pick(sim, sizeof(readings))] | pick(sim, 2) << 7);
	image[OFFSET] = (uint8_t)(0x50 | pick(sim, 12));
}

/* ---- as a part ---- */

/* Numbers begin anew with each start of the agent. */
static void begin(struct sim *sim)
{
	struct messages *messages = log_of(sim);

	messages->next = 1;
	messages->listed = 1;
	messages->lost = false;
}

const struct sim_part sim_messages = {
	.size = sizeof(struct messages),
	.begin = begin,
	.restarted = begin,
};
