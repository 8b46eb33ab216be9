/* SPDX-License-Identifier: BSD-2-Clause */
/* What handles reserve: commands and sequence numbers. */
#include "tests/scenario/stage.h"

/* "04/26", "04/all" or "all" of its responder; [of 0/b4]. */
static struct core_command parse_right(struct words *words)
{
	const char *responder = words_value(words, "of");
	struct core_command right = {.body = CORE_ALL_BODIES,
		.channel = CORE_ALL,
		.address = CORE_ALL,
		.lun = CORE_ALL,
		.direction = words_flag(words, "to-receive") ? CORE_DIRECTION_RECEIVE
							     : CORE_DIRECTION_SEND};
	const char *channel = words_value(words, "on-channel");
	const char *word = words_need(words, "a command, or 04/all");
	const char *slash = strchr(word, '/');
	uint8_t command;

	if (slash && strcmp(slash, "/all") == 0) {
		char netfn[] = {word[0], word[1], 0};

		right.netfn = words_hex(words, netfn);
		right.command = CORE_ALL_COMMANDS;
	} else {
		parse_command(words, word, &right.netfn, &command);
		right.command = command;
	}
	if (responder) {
		parse_responder(words, responder, &right.channel, &right.address);
	}
	if (channel) {
		right.channel = (uint8_t)words_number(words, channel);
	}
	return right;
}

static void reserve_command(struct stage *stage, struct words *words, const struct name *handle)
{
	struct core_event event = {.type = CORE_EVENT_COMMAND_RESERVE};
	const char *lease = words_value(words, "for");
	int result = words_error(words, words_value(words, "->"));
	struct core_command right = parse_right(words);

	event.command_reserve.client = handle->client;
	event.command_reserve.handle = handle->handle;
	event.command_reserve.commands = &right;
	event.command_reserve.count = 1;
	event.command_reserve.lease_ms =
		lease ? (uint32_t)(words_time(words, lease) / NSEC_PER_MSEC_U64) : 0;
	stage_step(stage, words, &event, result);
}

static void release_command(struct stage *stage, struct words *words, const struct name *handle)
{
	struct core_event event = {.type = CORE_EVENT_COMMAND_RELEASE};
	int result = words_error(words, words_value(words, "->"));
	struct core_command right;

	event.command_reserve.client = handle->client;
	event.command_reserve.handle = handle->handle;
	if (!words_take(words, "everything")) {
		right = parse_right(words);
		event.command_reserve.commands = &right;
		event.command_reserve.count = 1;
	}
	stage_step(stage, words, &event, result);
}

/* "a reserves-numbers [3 5] of 0/b4" or "a reserves-numbers count 2 of 0/b4". */
static void numbers(
	struct stage *stage, struct words *words, const struct name *handle, bool reserve)
{
	struct core_event event = {
		.type = reserve ? CORE_EVENT_SEQUENCE_RESERVE : CORE_EVENT_SEQUENCE_FREE};
	int result = words_error(words, words_value(words, "->"));
	const char *responder = words_value(words, "of");
	uint8_t list[IPMB_SEQUENCES];
	size_t count = 0, i;

	if (!responder) {
		words_fail(words, "of which responder?");
	}
	event.sequence.client = handle->client;
	event.sequence.handle = handle->handle;
	event.sequence.virtual_client = (uint32_t)words_value_or(words, "virtual-client", 0);
	event.sequence.count = (uint8_t)words_value_or(words, "count", 0);
	parse_responder(words, responder, &event.sequence.channel, &event.sequence.address);
	(void)words_bytes(words, list, sizeof(list), &count);
	for (i = 0; i < count; i++) {
		event.sequence.numbers |= UINT64_C(1) << (list[i] % IPMB_SEQUENCES);
	}
	stage_step(stage, words, &event, result);
}

bool rights_statement(struct stage *stage, struct words *words, const struct name *handle)
{
	if (words_take(words, "reserves")) {
		reserve_command(stage, words, handle);
	} else if (words_take(words, "releases")) {
		release_command(stage, words, handle);
	} else if (words_take(words, "reserves-numbers")) {
		numbers(stage, words, handle, true);
	} else if (words_take(words, "frees-numbers")) {
		numbers(stage, words, handle, false);
	} else if (words_take(words, "responds")) {
		respond_statement(stage, words, handle);
	} else {
		return false;
	}
	return true;
}

void revoke_statement(struct stage *stage, struct words *words)
{
	stage_revoke(stage, words,
		stage_need(stage, words, words_need(words, "a handle"), NAME_HANDLE)->handle);
}
