/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/scenario/stage.h"

#include <stdio.h>
#include <stdlib.h>

/* An honest core needs fewer actions than this between two events, whatever happens. */
#define STAGE_ACTIONS_MAX 100000
#define STAGE_WAKES_MAX 10000

void stage_init(struct stage *stage, const struct words *words, const struct core_limits *limits)
{
	memset(stage, 0, sizeof(*stage));
	stage->pulling = true;
	stage->size = core_size(limits);
	if (stage->size == 0) {
		words_fail(words, "core_size refuses these limits");
	}
	if (posix_memalign(&stage->memory, 64, stage->size) != 0) {
		words_fail(words, "no memory");
	}
	stage->limits = *limits;
	stage_restart(stage, words);
}

void stage_restart(struct stage *stage, const struct words *words)
{
	/* The core must not rely on what was there before. */
	memset(stage->memory, 0xA5, stage->size);
	if (core_init(stage->memory, stage->size, &stage->limits, stage->now_ns, &stage->core) !=
		0) {
		words_fail(words, "core_init refuses these limits");
	}
	core_keep_numbers(stage->core, stage->kept);
	stage->housekeeping_count = 0;
	stage->attention = false;
}

void stage_finish(struct stage *stage)
{
	free(stage->memory);
	stage->memory = NULL;
}

struct name *stage_name(struct stage *stage, const char *text)
{
	int i;

	for (i = stage->names_count - 1; i >= 0; i--) {
		if (strcmp(stage->names[i].text, text) == 0) {
			return &stage->names[i];
		}
	}
	return NULL;
}

struct name *stage_need(
	struct stage *stage, const struct words *words, const char *text, enum name_kind kind)
{
	static const char *const kinds[] = {"client", "handle", "transmission", "bridged request"};
	struct name *name = stage_name(stage, text);

	if (!name || name->kind != kind) {
		words_fail(words, "'%s' is no %s", text, kinds[kind]);
	}
	return name;
}

struct name *stage_new_name(
	struct stage *stage, const struct words *words, const char *text, enum name_kind kind)
{
	struct name *name;

	if (stage->names_count == STAGE_NAMES_MAX || strlen(text) >= STAGE_NAME_MAX) {
		words_fail(words, "too many names, or '%s' is too long", text);
	}
	name = &stage->names[stage->names_count++];
	memset(name, 0, sizeof(*name));
	memcpy(name->text, text, strlen(text) + 1);
	name->kind = kind;
	return name;
}

static bool client_stopped(const struct stage *stage, uint32_t client)
{
	int i;

	for (i = stage->names_count - 1; i >= 0; i--) {
		if (stage->names[i].kind == NAME_CLIENT && stage->names[i].client == client) {
			return stage->names[i].stopped;
		}
	}
	return false;
}

static void set_attention(struct stage *stage, const struct words *words)
{
	bool asserted = stage->queue_count > 0 || stage->event_waiting;
	struct core_event event = {.type = CORE_EVENT_ATTENTION, .now_ns = stage->now_ns};

	if (asserted == stage->attention || !stage->link.attention || stage->housekeeping_shown) {
		return;
	}
	stage->attention = asserted;
	event.attention.asserted = asserted;
	if (core_step(stage->core, &event) != 0) {
		words_fail(words, "the core refused the attention signal");
	}
}

void stage_receive(
	struct stage *stage, const struct words *words, const uint8_t *bytes, size_t length)
{
	if (stage->queue_count == STAGE_QUEUE_MAX || length > sizeof(stage->queue[0].bytes)) {
		words_fail(words, "the receive queue is full");
	}
	memcpy(stage->queue[stage->queue_count].bytes, bytes, length);
	stage->queue[stage->queue_count++].length = length;
	set_attention(stage, words);
	stage_pump(stage, words);
}

void stage_event(struct stage *stage, const struct words *words, const uint8_t *event)
{
	memcpy(stage->event, event, sizeof(stage->event));
	stage->event_waiting = true;
	set_attention(stage, words);
	stage_pump(stage, words);
}

/* IPMI 2.0 sections 22.1 to 22.8, as far as a core that owns the flags asks. Returns the length of
 * the answer, completion code first. */
static size_t controller_answer(
	struct stage *stage, const struct core_transmit *transmit, uint8_t *out)
{
	out[0] = VIPMI_CC_OK;
	switch (transmit->command) {
	case 0x2E: /* Set BMC Global Enables */
		stage->enables = transmit->length ? transmit->data[0] : 0;
		return 1;
	case 0x2F: /* Get BMC Global Enables */
		out[1] = stage->enables;
		return 2;
	case 0x31: /* Get Message Flags */
		out[1] = (uint8_t)((stage->queue_count > 0) | stage->event_waiting << 1);
		return 2;
	case 0x33: /* Get Message */
		if (stage->queue_count == 0) {
			out[0] = 0x80;
			return 1;
		}
		memcpy(out + 1, stage->queue[0].bytes, stage->queue[0].length);
		{
			size_t length = 1 + stage->queue[0].length;

			stage->queue_count--;
			memmove(stage->queue, stage->queue + 1,
				(size_t)stage->queue_count * sizeof(stage->queue[0]));
			return length;
		}
	case 0x35: /* Read Event Message Buffer */
		if (!stage->event_waiting) {
			out[0] = 0x80;
			return 1;
		}
		stage->event_waiting = false;
		memcpy(out + 1, stage->event, sizeof(stage->event));
		return 1 + sizeof(stage->event);
	default: /* Clear Message Flags, Enable Message Channel Receive, an answer sent */
		return 1;
	}
}

/* Whether the core asked on its own behalf. Get Device ID is not among it: probes are seen. */
static bool is_housekeeping(const struct stage *stage, const struct core_transmit *transmit)
{
	if (!stage->link.owns_flags || stage->housekeeping_shown ||
		transmit->netfn != VIPMI_NETFN_APP) {
		return false;
	}
	switch (transmit->command) {
	case 0x2E:
	case 0x2F:
	case 0x30:
	case 0x31:
	case 0x32:
	case 0x33:
	case 0x35:
		return true;
	case 0x34: /* Send Message of a response: to an incoming request */
		return !stage->responses_shown && transmit->length > 2 && transmit->data[1] != 0 &&
		       (transmit->data[2] >> 2 & 1);
	default:
		return false;
	}
}

static void see(
	struct stage *stage, const struct words *words, const struct core_action *action, bool open)
{
	struct sight *sight;
	const uint8_t *data = NULL;
	size_t length = 0;

	if (stage->sights_count == STAGE_SIGHTS_MAX) {
		words_fail(words, "more happens than anybody expects");
	}
	sight = &stage->sights[stage->sights_count++];
	memset(sight, 0, sizeof(*sight));
	sight->action = *action;
	sight->time_ns = stage->now_ns;
	sight->open = open;
	if (action->type == CORE_ACTION_TRANSMIT) {
		data = action->transmit.data;
		length = action->transmit.length;
		sight->action.transmit.data = sight->data;
	} else if (action->type == CORE_ACTION_DELIVER) {
		data = action->deliver.data;
		length = action->deliver.length;
		sight->action.deliver.data = sight->data;
	}
	if (length > sizeof(sight->data)) {
		words_fail(words, "an action with %zu bytes of data", length);
	}
	if (length > 0) {
		memcpy(sight->data, data, length);
	}
}

static void act_transmit(struct stage *stage, const struct words *words, struct core_action *action)
{
	int result = stage->link_result;

	if (is_housekeeping(stage, &action->transmit)) {
		struct sight *sight = &stage->housekeeping_sights[stage->housekeeping_count];

		if (stage->housekeeping_count == STAGE_HOUSEKEEPING_MAX) {
			words_fail(words, "endless housekeeping");
		}
		sight->action = *action;
		memcpy(sight->data, action->transmit.data, action->transmit.length);
		sight->action.transmit.data = sight->data;
		stage->housekeeping_count++;
		core_done(stage->core, action->id, 0);
		return;
	}
	if (result != 0) {
		if (stage->link_result_times > 0 && --stage->link_result_times == 0) {
			stage->link_result = 0;
		}
		core_done(stage->core, action->id, result);
		return;
	}
	see(stage, words, action, stage->link_holds);
	if (!stage->link_holds) {
		core_done(stage->core, action->id, 0);
	}
}

static void act(struct stage *stage, const struct words *words, struct core_action *action)
{
	switch (action->type) {
	case CORE_ACTION_TRANSMIT:
		act_transmit(stage, words, action);
		break;
	case CORE_ACTION_DELIVER:
		if (client_stopped(stage, action->deliver.client)) {
			core_done(stage->core, action->id, -EAGAIN);
			break;
		}
		see(stage, words, action, false);
		core_done(stage->core, action->id, 0);
		break;
	case CORE_ACTION_REGISTER:
		see(stage, words, action, false);
		core_done(stage->core, action->id, stage->register_result);
		stage->register_result = 0;
		break;
	default:
		see(stage, words, action, false);
		core_done(stage->core, action->id, 0);
		break;
	}
}

static bool answer_housekeeping(struct stage *stage)
{
	struct sight *sight = stage->housekeeping_sights;
	struct core_event event = {.type = CORE_EVENT_RECEIVED, .now_ns = stage->now_ns};
	uint8_t answer[VIPMI_DATA_MAX];

	if (stage->housekeeping_count == 0) {
		return false;
	}
	event.received.transmission = sight->action.transmit.transmission;
	event.received.netfn = sight->action.transmit.netfn | 1;
	event.received.command = sight->action.transmit.command;
	event.received.length = controller_answer(stage, &sight->action.transmit, answer);
	event.received.data = answer;
	stage->housekeeping_count--;
	memmove(sight, sight + 1, (size_t)stage->housekeeping_count * sizeof(*sight));
	for (int i = 0; i < stage->housekeeping_count; i++) {
		sight[i].action.transmit.data = sight[i].data;
	}
	(void)core_step(stage->core, &event); /* a broken core is found right after */
	return true;
}

void stage_pump(struct stage *stage, const struct words *words)
{
	struct core_action action;
	int actions = 0;

	do {
		while (stage->pulling && core_next(stage->core, &action)) {
			if (++actions > STAGE_ACTIONS_MAX) {
				words_fail(words, "the core never rests");
			}
			act(stage, words, &action);
		}
		set_attention(stage, words);
	} while (answer_housekeeping(stage) || (stage->pulling && core_next(stage->core, &action) &&
						       (act(stage, words, &action), true)));
	if (core_broken(stage->core)) {
		words_fail(words, "the core is broken: %s", core_broken(stage->core));
	}
}

void stage_step(
	struct stage *stage, const struct words *words, struct core_event *event, int result)
{
	int got;

	event->now_ns = stage->now_ns;
	got = core_step(stage->core, event);
	if (got != result) {
		words_fail(words, "the core said %d (%s), expected %d (%s)", got, strerror(-got),
			result, strerror(-result));
	}
	stage_pump(stage, words);
}

void stage_pass(struct stage *stage, const struct words *words, uint64_t until_ns, bool stop)
{
	struct core_event event = {.type = CORE_EVENT_TIME};
	uint64_t last_ns = stage->now_ns;
	int wakes = 0;

	while (!(stop && stage_pending(stage))) {
		uint64_t due_ns = core_deadline(stage->core);

		if (due_ns > until_ns) {
			stage->now_ns = until_ns;
			return;
		}
		if (due_ns > stage->now_ns) {
			stage->now_ns = due_ns;
		}
		wakes = stage->now_ns == last_ns ? wakes + 1 : 0;
		last_ns = stage->now_ns;
		if (wakes > STAGE_WAKES_MAX) {
			words_fail(words, "the core wants to be woken for ever");
		}
		stage_step(stage, words, &event, 0);
	}
}

struct sight *stage_pending(struct stage *stage)
{
	while (stage->sights_first < stage->sights_count &&
		stage->sights[stage->sights_first].taken) {
		stage->sights_first++;
	}
	if (stage->sights_first == stage->sights_count) {
		stage->sights_first = stage->sights_count = 0;
		return NULL;
	}
	return &stage->sights[stage->sights_first];
}

static const char *handle_name(const struct stage *stage, uint32_t handle)
{
	int i;

	for (i = 0; i < stage->names_count; i++) {
		if (stage->names[i].kind == NAME_HANDLE && stage->names[i].handle == handle) {
			return stage->names[i].text;
		}
	}
	return "?";
}

static int describe_bytes(char *text, size_t size, const uint8_t *data, size_t length)
{
	size_t at = 0, i;

	for (i = 0; i < length && i < 40 && at + 8 < size; i++) {
		at += (size_t)snprintf(text + at, size - at, i ? " %02x" : "%02x", data[i]);
	}
	snprintf(text + at, size - at, "]%s", i < length ? "..." : "");
	return 0;
}

const char *stage_describe(const struct stage *stage, const struct sight *sight)
{
	static const char *const origins[] = {"controller", "cache", "agent"};
	static char text[512];
	const struct core_deliver *deliver = &sight->action.deliver;
	const struct core_transmit *transmit = &sight->action.transmit;
	int at = snprintf(text, sizeof(text), "(at %.6g ms) ", (double)sight->time_ns / 1e6);

	switch (sight->action.type) {
	case CORE_ACTION_TRANSMIT:
		at += snprintf(text + at, sizeof(text) - (size_t)at,
			"transmission %u %02x/%02x lun %u kind %u [", transmit->transmission,
			transmit->netfn, transmit->command, transmit->lun, transmit->target_kind);
		describe_bytes(text + at, sizeof(text) - (size_t)at, sight->data, transmit->length);
		break;
	case CORE_ACTION_DELIVER:
		at += snprintf(text + at, sizeof(text) - (size_t)at,
			"%s %s tag %llu %02x/%02x cc %02x from %s reason %u %s number %llu lost "
			"%llu [",
			deliver->kind == CORE_DELIVERY_ANSWER  ? "answer"
			: deliver->kind == CORE_DELIVERY_EVENT ? "event"
							       : "loss",
			handle_name(stage, deliver->handle), (unsigned long long)deliver->tag,
			deliver->netfn, deliver->command, deliver->cc,
			deliver->origin < 3 ? origins[deliver->origin] : "?", deliver->reason,
			deliver->sent ? "sent" : "unsent", (unsigned long long)deliver->number,
			(unsigned long long)deliver->lost);
		describe_bytes(text + at, sizeof(text) - (size_t)at, sight->data, deliver->length);
		break;
	case CORE_ACTION_REGISTER:
		snprintf(text + at, sizeof(text) - (size_t)at, "registration %02x/%02x channels %x",
			sight->action.registration.netfn, sight->action.registration.command,
			sight->action.registration.channels);
		break;
	default:
		snprintf(text + at, sizeof(text) - (size_t)at, "credit for %s",
			handle_name(stage, sight->action.credit.handle));
		break;
	}
	return text;
}
