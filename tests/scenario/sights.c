/* SPDX-License-Identifier: BSD-2-Clause */
/* What was seen, and the names that a transcript gives. */
#include "tests/scenario/stage.h"

#include <stdio.h>

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

bool stage_client_stopped(const struct stage *stage, uint32_t client)
{
	int i;

	for (i = stage->names_count - 1; i >= 0; i--) {
		if (stage->names[i].kind == NAME_CLIENT && stage->names[i].client == client) {
			return stage->names[i].stopped;
		}
	}
	return false;
}

struct sight *stage_see(
	struct stage *stage, const struct words *words, const struct core_action *action)
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
	return sight;
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

void stage_end_moment(struct stage *stage, const struct words *words, uint64_t until_ns)
{
	struct sight *pending = stage_pending(stage);

	if (pending && pending->time_ns < until_ns) {
		words_fail(
			words, "before this, nobody expected: %s", stage_describe(stage, pending));
	}
}
