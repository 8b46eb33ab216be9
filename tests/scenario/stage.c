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

void stage_attention(struct stage *stage, const struct words *words)
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

/* Whether the core asked on its own behalf. Get Device ID is not among it: probes are seen. */
static bool is_housekeeping(const struct stage *stage, const struct core_transmit *transmit)
{
	return stage->link.owns_flags && !stage->housekeeping_shown &&
	       controller_is_housekeeping(stage, transmit);
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
	stage_see(stage, words, action)->open = stage->link_holds;
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
		if (stage_client_stopped(stage, action->deliver.client)) {
			core_done(stage->core, action->id, -EAGAIN);
			break;
		}
		(void)stage_see(stage, words, action);
		core_done(stage->core, action->id, 0);
		break;
	case CORE_ACTION_REGISTER:
		(void)stage_see(stage, words, action);
		core_done(stage->core, action->id, stage->register_result);
		stage->register_result = 0;
		break;
	default:
		(void)stage_see(stage, words, action);
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
		stage_attention(stage, words);
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

	if (until_ns < stage->now_ns) {
		words_fail(words, "time does not go back");
	}
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

void stage_complete(struct stage *stage, const struct words *words, uint64_t action, int result)
{
	core_done(stage->core, action, result);
	stage_pump(stage, words);
}

/* What a core does, it has done. */
bool stage_wait(struct stage *stage, const struct words *words)
{
	(void)stage;
	(void)words;
	return false;
}

void stage_settle(struct stage *stage, const struct words *words)
{
	(void)stage;
	(void)words;
}

bool stage_in_time(const struct stage *stage, const struct sight *sight)
{
	return sight->time_ns == stage->now_ns;
}

bool stage_sees_registrations(void)
{
	return true;
}

void stage_status(struct stage *stage, const struct words *words, struct core_status *ret_status)
{
	(void)words;
	core_status(stage->core, ret_status);
}

uint32_t stage_credit(struct stage *stage, const struct words *words, uint32_t handle)
{
	(void)words;
	return core_credit(stage->core, handle);
}

void stage_revoke(struct stage *stage, const struct words *words, uint32_t handle)
{
	struct core_event event = {.type = CORE_EVENT_COMMAND_REVOKE};
	struct core_command_info info;
	uint32_t cursor = 0;

	while (core_command_next(stage->core, &cursor, &info)) {
		if (info.handle == handle) {
			event.command_revoke.number = info.number;
			stage_step(stage, words, &event, 0);
			return;
		}
	}
	words_fail(words, "it holds nothing");
}
