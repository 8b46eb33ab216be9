/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/scenario/stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "ipmi/command.h"

void parse_command(
	const struct words *words, const char *word, uint8_t *ret_netfn, uint8_t *ret_command)
{
	const char *slash = strchr(word, '/');
	const struct ipmi_command *command;
	char netfn[16];
	char *end;
	unsigned long number;

	if (!slash || (size_t)(slash - word) >= sizeof(netfn)) {
		words_fail(words, "not a command: %s (say 06/01 or app/get-device-id)", word);
	}
	number = strtoul(word, &end, 16);
	if (end == slash) {
		*ret_netfn = (uint8_t)number;
		*ret_command = words_hex(words, slash + 1);
		return;
	}
	memcpy(netfn, word, (size_t)(slash - word));
	netfn[slash - word] = 0;
	command = ipmi_command_by_name(netfn, slash + 1);
	if (!command) {
		words_fail(words, "the command table does not know %s", word);
	}
	*ret_netfn = command->netfn;
	*ret_command = command->command;
}

void parse_responder(
	const struct words *words, const char *word, uint8_t *ret_channel, uint8_t *ret_address)
{
	char *end;
	unsigned long channel = strtoul(word, &end, 16);

	if (*end != '/' || channel > 0xFF) {
		words_fail(words, "not a responder: %s (say 0/b4)", word);
	}
	*ret_channel = (uint8_t)channel;
	*ret_address = words_hex(words, end + 1);
}

static struct sight *find_now(
	struct stage *stage, enum core_action_type type, int delivery, uint32_t handle)
{
	int i;

	(void)stage_pending(stage); /* skips what is taken */
	for (i = stage->sights_first; i < stage->sights_count; i++) {
		struct sight *sight = &stage->sights[i];

		if (sight->taken || sight->action.type != type) {
			continue;
		}
		if (type == CORE_ACTION_TRANSMIT || type == CORE_ACTION_REGISTER ||
			(type == CORE_ACTION_CREDIT && sight->action.credit.handle == handle) ||
			(type == CORE_ACTION_DELIVER && sight->action.deliver.handle == handle &&
				(int)sight->action.deliver.kind == delivery)) {
			return sight;
		}
	}
	return NULL;
}

/* The oldest pending sight of a kind, and of a handle if it has one. */
static struct sight *find(struct stage *stage, const struct words *words,
	enum core_action_type type, int delivery, uint32_t handle)
{
	struct sight *sight;

	do {
		sight = find_now(stage, type, delivery, handle);
	} while (!sight && stage_wait(stage, words));
	return sight;
}

static struct sight *take(struct stage *stage, const struct words *words, struct sight *sight)
{
	struct sight *pending = stage_pending(stage);

	if (!sight) {
		words_fail(words, "it did not happen; %s%s",
			pending ? "next is " : "nothing else happened either",
			pending ? stage_describe(stage, pending) : "");
	}
	if (!stage_in_time(stage, sight)) {
		words_fail(words, "it happened earlier: %s", stage_describe(stage, sight));
	}
	sight->taken = true;
	return sight;
}

struct sight *stage_expect(struct stage *stage, const struct words *words,
	enum core_action_type type, int delivery, uint32_t handle)
{
	return take(stage, words, find(stage, words, type, delivery, handle));
}

static void wrong(const struct stage *stage, const struct words *words, const struct sight *sight,
	const char *what)
{
	words_fail(words, "wrong %s: got %s", what, stage_describe(stage, sight));
}

static void want(const struct stage *stage, const struct words *words, const struct sight *sight,
	const char *what, uint64_t got, uint64_t expected)
{
	if (got != expected) {
		wrong(stage, words, sight, what);
	}
}

static void want_data(const struct stage *stage, struct words *words, const struct sight *sight,
	const uint8_t *data, size_t length)
{
	uint8_t expected[VIPMI_DATA_MAX];
	size_t expected_length = 0;

	if (words_flag(words, "any-data")) {
		return;
	}
	(void)words_bytes(words, expected, sizeof(expected), &expected_length);
	if (length != expected_length || (length > 0 && memcmp(data, expected, length) != 0)) {
		wrong(stage, words, sight, "data");
	}
}

static struct name *name_transmission(
	struct stage *stage, struct words *words, const char *text, const struct sight *sight)
{
	struct name *name = stage_new_name(stage, words, text, NAME_TRANSMISSION);

	name->transmission = sight->action.transmit.transmission;
	name->action = sight->open ? sight->action.id : 0;
	name->netfn = sight->action.transmit.netfn;
	name->command = sight->action.transmit.command;
	return name;
}

void stage_name_transmission(
	struct stage *stage, struct words *words, const char *text, const struct sight *sight)
{
	(void)name_transmission(stage, words, text, sight);
}

static void expect_transmit(struct stage *stage, struct words *words)
{
	const char *label = words_need(words, "a name for the transmission");
	struct sight *sight;
	const struct core_transmit *transmit;
	const char *target = words_value(words, "for");
	const char *lun = words_value(words, "lun");
	uint8_t netfn, command, channel = 0, address = 0;

	parse_command(words, words_need(words, "a command"), &netfn, &command);
	sight = take(stage, words, find(stage, words, CORE_ACTION_TRANSMIT, 0, 0));
	transmit = &sight->action.transmit;
	want(stage, words, sight, "netFn", transmit->netfn, netfn);
	want(stage, words, sight, "command", transmit->command, command);
	want(stage, words, sight, "LUN", transmit->lun, lun ? words_number(words, lun) : 0);
	if (target) {
		parse_responder(words, target, &channel, &address);
		want(stage, words, sight, "channel", transmit->channel, channel);
		want(stage, words, sight, "address", transmit->address, address);
	}
	want(stage, words, sight, "target", transmit->target_kind,
		target ? words_flag(words, "broadcast") ? VIPMI_TARGET_IPMB_BROADCAST
							: VIPMI_TARGET_IPMB
		       : VIPMI_TARGET_CONTROLLER);
	want_data(stage, words, sight, transmit->data, transmit->length);
	(void)name_transmission(stage, words, label, sight);
}

/* A Send Message whose frame is taken apart: "expect bridged B1 T1 0/b4 06/01 [..]". */
static void expect_bridged(struct stage *stage, struct words *words)
{
	const char *label = words_need(words, "a name for the bridged request");
	const char *wire = words_need(words, "a name for the Send Message");
	const char *lun = words_value(words, "lun");
	const char *like = words_value(words, "sequence-of");
	const char *unlike = words_value(words, "sequence-not-of");
	bool broadcast = words_flag(words, "broadcast");
	struct ipmb_message message;
	uint8_t netfn, command, channel, address;
	const struct core_transmit *transmit;
	struct sight *sight;
	struct name *name;

	parse_responder(words, words_need(words, "a responder"), &channel, &address);
	parse_command(words, words_need(words, "a command"), &netfn, &command);
	sight = take(stage, words, find(stage, words, CORE_ACTION_TRANSMIT, 0, 0));
	transmit = &sight->action.transmit;
	want(stage, words, sight, "netFn (a Send Message was expected)", transmit->netfn, 0x06);
	want(stage, words, sight, "command (a Send Message was expected)", transmit->command, 0x34);
	if (transmit->length < 2 || transmit->data[0] != channel ||
		(broadcast && transmit->data[1] != 0)) {
		wrong(stage, words, sight, "channel byte, or broadcast");
	}
	if (ipmb_decode(transmit->data + 1 + broadcast, transmit->length - 1 - broadcast,
		    &message) != 0) {
		wrong(stage, words, sight, "frame");
	}
	want(stage, words, sight, "responder", message.rs_address, address);
	want(stage, words, sight, "responder LUN", message.rs_lun,
		lun ? words_number(words, lun) : 0);
	/* IPMI 2.0 section 6.12.4: LUN 2 brings the response to the receive message queue. */
	want(stage, words, sight, "requester LUN", message.rq_lun, 2);
	want(stage, words, sight, "requester", message.rq_address,
		stage->link.own_address ? stage->link.own_address : 0x20);
	want(stage, words, sight, "bridged netFn", message.netfn, netfn);
	want(stage, words, sight, "bridged command", message.command, command);
	want_data(stage, words, sight, message.data, message.length);
	(void)name_transmission(stage, words, wire, sight);
	name = stage_new_name(stage, words, label, NAME_BRIDGED);
	name->bridged =
		(struct bridged){channel, message.rs_address, message.rs_lun, message.rq_address,
			message.rq_lun, message.netfn, message.command, message.sequence};
	if (like) {
		want(stage, words, sight, "sequence number", message.sequence,
			stage_need(stage, words, like, NAME_BRIDGED)->bridged.sequence);
	}
	if (unlike && message.sequence ==
			      stage_need(stage, words, unlike, NAME_BRIDGED)->bridged.sequence) {
		wrong(stage, words, sight, "sequence number (the same)");
	}
}

static uint8_t parse_reason(struct words *words)
{
	static const struct {
		const char *word;
		uint8_t reason;
	} reasons[] = {
		{"expired", VIPMI_REASON_EXPIRED},
		{"cancelled", VIPMI_REASON_CANCELLED},
		{"silent", VIPMI_REASON_SILENT},
		{"link-down", VIPMI_REASON_LINK_DOWN},
		{"too-long", VIPMI_REASON_TOO_LONG},
		{"not-carried", VIPMI_REASON_NOT_CARRIED},
		{"bus", VIPMI_REASON_BUS},
		{"controller-reset", VIPMI_REASON_CONTROLLER_RESET},
		{"reserved", VIPMI_REASON_RESERVED},
		{"full", VIPMI_REASON_FULL},
		{"not-found", VIPMI_REASON_NOT_FOUND},
		{"void", VIPMI_REASON_VOID},
	};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(reasons); i++) {
		if (words_flag(words, reasons[i].word)) {
			return reasons[i].reason;
		}
	}
	return VIPMI_REASON_NONE;
}

/* "expect answer a tag 7 cc 00 [20 01]" came from the controller; a reason ("expired", "silent",
 * ...) means that the agent gave it, and then "sent" or "unsent" has to be said. */
static void expect_answer(struct stage *stage, struct words *words)
{
	struct name *name = stage_need(stage, words, words_need(words, "a handle"), NAME_HANDLE);
	const char *tag = words_value(words, "tag");
	const char *cc = words_value(words, "cc");
	const char *command = words_value(words, "to");
	const char *virtual_client = words_value(words, "virtual-client");
	uint8_t reason = parse_reason(words);
	bool sent = words_flag(words, "sent"), unsent = words_flag(words, "unsent");
	bool cached = words_flag(words, "cached");
	const char *age = words_value(words, "age");
	bool agent = words_flag(words, "by-agent") ||
		     (!words_flag(words, "by-controller") && reason != VIPMI_REASON_NONE);
	const struct core_deliver *deliver;
	struct sight *sight;

	if (reason != VIPMI_REASON_NONE && sent == unsent) {
		words_fail(words, "say whether it was sent or unsent");
	}
	sight = take(stage, words,
		find(stage, words, CORE_ACTION_DELIVER, CORE_DELIVERY_ANSWER, name->handle));
	deliver = &sight->action.deliver;
	if (tag) {
		want(stage, words, sight, "tag", deliver->tag, words_number(words, tag));
	}
	if (virtual_client) {
		want(stage, words, sight, "virtual client", deliver->virtual_client,
			words_number(words, virtual_client));
	}
	want(stage, words, sight, "completion code", deliver->cc, cc ? words_hex(words, cc) : 0);
	want(stage, words, sight, "reason", deliver->reason, reason);
	want(stage, words, sight, "origin", deliver->origin,
		agent    ? VIPMI_ORIGIN_AGENT
		: cached ? VIPMI_ORIGIN_CACHE
			 : VIPMI_ORIGIN_CONTROLLER);
	want(stage, words, sight, "mark of having been sent", deliver->sent, !unsent && !cached);
	if (age) {
		want(stage, words, sight, "age", deliver->age_ms, words_number(words, age));
	}
	if (!(deliver->netfn & 1)) {
		wrong(stage, words, sight, "netFn (an answer's is odd)");
	}
	if (command) {
		uint8_t netfn, number;

		parse_command(words, command, &netfn, &number);
		want(stage, words, sight, "netFn", deliver->netfn, netfn | 1);
		want(stage, words, sight, "command", deliver->command, number);
	}
	want_data(stage, words, sight, deliver->data, deliver->length);
}

static void expect_asynchronous(
	struct stage *stage, struct words *words, enum core_delivery_kind kind)
{
	struct name *name = stage_need(stage, words, words_need(words, "a handle"), NAME_HANDLE);
	const char *number = words_value(words, "number");
	const char *lost = words_value(words, "lost");
	const char *async_kind = words_value(words, "kind");
	struct sight *sight = take(
		stage, words, find(stage, words, CORE_ACTION_DELIVER, (int)kind, name->handle));
	const struct core_deliver *deliver = &sight->action.deliver;

	if (number) {
		want(stage, words, sight, "number", deliver->number, words_number(words, number));
	}
	if (async_kind) {
		want(stage, words, sight, "kind", deliver->async_kind,
			words_number(words, async_kind));
	}
	if (lost) {
		want(stage, words, sight, "loss", deliver->lost, words_number(words, lost));
	}
	if (kind == CORE_DELIVERY_EVENT) {
		want_data(stage, words, sight, deliver->data, deliver->length);
	}
}

void expect_statement(struct stage *stage, struct words *words)
{
	struct sight *pending;

	if (words_take(words, "nothing")) {
		stage_settle(stage, words);
		pending = stage_pending(stage);
		if (pending) {
			words_fail(words, "but: %s", stage_describe(stage, pending));
		}
	} else if (words_take(words, "transmit")) {
		expect_transmit(stage, words);
	} else if (words_take(words, "bridged")) {
		expect_bridged(stage, words);
	} else if (words_take(words, "response")) {
		expect_response(stage, words);
	} else if (words_take(words, "registered")) {
		expect_registered(stage, words);
	} else if (words_take(words, "answer")) {
		expect_answer(stage, words);
	} else if (words_take(words, "event")) {
		expect_asynchronous(stage, words, CORE_DELIVERY_EVENT);
	} else if (words_take(words, "loss")) {
		expect_asynchronous(stage, words, CORE_DELIVERY_LOSS);
	} else if (words_take(words, "credit")) {
		struct name *name =
			stage_need(stage, words, words_need(words, "a handle"), NAME_HANDLE);

		(void)take(stage, words, find(stage, words, CORE_ACTION_CREDIT, 0, name->handle));
	} else {
		words_fail(words,
			"expect transmit, bridged, response, registered, answer, event, loss, "
			"credit or nothing");
	}
}

static uint64_t counter_value(
	const struct words *words, const struct core_status *status, const char *text)
{
	uint32_t i;

	for (i = 0; i < CORE_COUNTER_COUNT; i++) {
		if (strcmp(core_counter_name((enum core_counter)i), text) == 0) {
			return status->counters[i];
		}
	}
	words_fail(words, "no such counter: %s", text);
}

static uint64_t status_value(struct stage *stage, struct words *words,
	const struct core_status *status, const char *what)
{
	const struct {
		const char *word;
		uint64_t value;
	} values[] = {
		{"queued", status->queued},
		{"in-flight", status->in_flight},
		{"bridged", status->bridged},
		{"requests", status->requests},
		{"unread", status->unread},
		{"handles", status->handles},
		{"clients", status->clients},
		{"responsive", status->responsive},
		{"link", status->link_up},
		{"epoch", status->epoch},
		{"busy-ms", status->busy_ns / NSEC_PER_MSEC_U64},
	};
	size_t i;

	if (strcmp(what, "counter") == 0) {
		return counter_value(words, status, words_need(words, "a counter"));
	}
	if (strcmp(what, "credit") == 0) {
		return stage_credit(stage, words,
			stage_need(stage, words, words_need(words, "a handle"), NAME_HANDLE)
				->handle);
	}
	for (i = 0; i < ARRAY_LENGTH(values); i++) {
		if (strcmp(values[i].word, what) == 0) {
			return values[i].value;
		}
	}
	words_fail(words, "nothing called '%s' can be checked", what);
}

/* "check queued 3", "check counter responses_late 1", "check credit a 2". */
void check_statement(struct stage *stage, struct words *words)
{
	const struct words line = *words;
	struct core_status status;
	uint64_t got, expected;
	const char *word;

	do {
		*words = line;
		word = words_need(words, "what to check");
		stage_status(stage, words, &status);
		got = status_value(stage, words, &status, word);
		word = words_need(words, "a value");
		expected = strcmp(word, "yes") == 0 || strcmp(word, "up") == 0 ? 1
			   : strcmp(word, "no") == 0 || strcmp(word, "down") == 0
				   ? 0
				   : words_number(words, word);
	} while (got != expected && stage_wait(stage, words));
	if (got != expected) {
		words_fail(words, "it is %llu", (unsigned long long)got);
	}
}
