/* SPDX-License-Identifier: BSD-2-Clause */
/* What the lines of a transcript say that are neither expectations nor repeats. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/scenario/stage.h"
#include "vipmi/protocol.h"

static uint8_t parse_class(struct words *words, uint8_t otherwise)
{
	if (words_flag(words, "urgent")) {
		return VIPMI_CLASS_URGENT;
	}
	if (words_flag(words, "normal")) {
		return VIPMI_CLASS_NORMAL;
	}
	if (words_flag(words, "background")) {
		return VIPMI_CLASS_BACKGROUND;
	}
	return otherwise;
}

static uint64_t milliseconds(struct words *words, const char *key)
{
	const char *word = words_value(words, key);

	return word ? words_time(words, word) / NSEC_PER_MSEC_U64 : 0;
}

/* "link up like kcs", "link up window 2 data-max 32", "link down", "link refuses EAGAIN". */
static void link_statement(struct stage *stage, struct words *words)
{
	struct core_event event = {.type = CORE_EVENT_LINK_UP};
	struct core_link_capabilities *link = &event.link_up;
	const char *like, *own;

	if (words_take(words, "down")) {
		event.type = CORE_EVENT_LINK_DOWN;
		stage_step(stage, words, &event, 0);
	} else if (words_take(words, "ready")) {
		event.type = CORE_EVENT_LINK_READY;
		stage->link_result = 0;
		stage_step(stage, words, &event, 0);
	} else if (words_take(words, "refuses")) {
		stage->link_result_times = (int)words_value_or(words, "times", 0);
		stage->link_result = words_error(words, words_need(words, "an error"));
	} else if (words_take(words, "refuses-registration")) {
		stage->register_result = words_error(words, words_need(words, "an error"));
	} else if (words_take(words, "takes")) {
		stage->link_result = 0;
	} else if (words_take(words, "holds")) {
		stage->link_holds = true;
	} else if (words_take(words, "completes")) {
		stage->link_holds = false;
	} else if (words_take(words, "up")) {
		like = words_value(words, "like");
		if (like && strcmp(like, "kcs") == 0) {
			*link = (struct core_link_capabilities){.wire_sequence = true,
				.raw_bridge = true,
				.owns_flags = true,
				.inbound_any = true,
				.attention = true,
				.window = 1,
				.bus_window = 8};
		} else if (like && strcmp(like, "openipmi") == 0) {
			*link = (struct core_link_capabilities){.window = 2, .bus_window = 8};
		} else if (like) {
			words_fail(words, "like kcs or like openipmi");
		}
		link->attention &= !words_flag(words, "without-attention");
		link->window = (uint8_t)words_value_or(words, "window", link->window);
		link->bus_window = (uint16_t)words_value_or(words, "bus-window", link->bus_window);
		link->data_max = (uint16_t)words_value_or(words, "data-max", 0);
		link->service_timeout_ms = (uint32_t)milliseconds(words, "service-timeout");
		link->bus_timeout_ms = (uint32_t)milliseconds(words, "bus-timeout");
		own = words_value(words, "own-address");
		link->own_address = own ? words_hex(words, own) : 0;
		stage->link = *link;
		stage->attention = false;
		stage_step(stage, words, &event, 0);
	} else {
		words_fail(words, "link up, down, ready, refuses, takes, holds or completes");
	}
}

static void controller_statement(struct stage *stage, struct words *words)
{
	struct core_event event = {.type = CORE_EVENT_CONTROLLER_RESET};
	uint8_t bytes[CORE_MESSAGE_DATA_MAX + 1] = {0};
	size_t length = 0;

	if (words_take(words, "resets")) {
		stage->queue_count = 0;
		stage->event_waiting = false;
		stage->attention = false;
		stage_step(stage, words, &event, 0);
	} else if (words_take(words, "garbles")) {
		event.type = CORE_EVENT_GARBLED;
		stage_step(stage, words, &event, 0);
	} else if (words_take(words, "attention")) {
		event.type = CORE_EVENT_ATTENTION;
		event.attention.asserted = !words_take(words, "off");
		(void)words_take(words, "on");
		stage->attention = event.attention.asserted;
		stage_step(stage, words, &event, 0);
	} else if (words_take(words, "event")) { /* in its event message buffer */
		(void)words_bytes(words, bytes, 16, &length);
		stage_event(stage, words, bytes);
	} else if (words_take(words, "queues")) { /* raw, in its receive message queue */
		(void)words_bytes(words, bytes, sizeof(bytes), &length);
		stage_receive(stage, words, bytes, length);
	} else if (words_take(words, "hands")) { /* a link that does not own the flags */
		(void)words_take(words, "event");
		(void)words_bytes(words, bytes, sizeof(bytes), &length);
		event.type = CORE_EVENT_MESSAGE;
		event.message.kind = VIPMI_ASYNC_EVENT;
		event.message.data = bytes;
		event.message.length = length;
		stage_step(stage, words, &event, words_error(words, words_value(words, "->")));
	} else {
		words_fail(words,
			"controller resets, garbles, attention, event, queues or hands event");
	}
}

/* "0/b4 answers B1 cc 00 [..]": puts the response into the receive message queue. */
static void responder_statement(struct stage *stage, struct words *words, const char *responder)
{
	const char *label =
		words_take(words, "answers") ? words_need(words, "a bridged request") : NULL;
	const char *cc = words_value(words, "cc"), *as = words_value(words, "as");
	const char *sequence = words_value(words, "sequence-plus");
	uint8_t data[VIPMI_DATA_MAX], frame[VIPMI_DATA_MAX], channel, address;
	struct ipmb_message message;
	struct bridged *bridged;
	size_t length = 0;
	int size;

	parse_responder(words, responder, &channel, &address);
	if (!label && words_take(words, "requests")) {
		request_statement(stage, words, channel, address);
		return;
	}
	if (!label) {
		words_fail(words, "a responder answers, or requests");
	}
	bridged = &stage_need(stage, words, label, NAME_BRIDGED)->bridged;
	data[0] = cc ? words_hex(words, cc) : 0;
	(void)words_bytes(words, data + 1, sizeof(data) - 1, &length);
	message = (struct ipmb_message){.rs_address = address,
		.rs_lun = bridged->lun,
		.rq_address = bridged->rq_address,
		.rq_lun = bridged->rq_lun,
		.netfn = bridged->netfn | 1,
		.command = bridged->command,
		.sequence = bridged->sequence,
		.data = data,
		.length = length + 1};
	if (as) {
		parse_command(words, as, &message.netfn, &message.command);
	}
	if (sequence) {
		message.sequence = (uint8_t)((message.sequence + words_number(words, sequence)) %
					     IPMB_SEQUENCES);
	}
	/* IPMI 2.0 section 22.6: the channel stands where the receiver's address stood. */
	size = ipmb_encode(&message, frame, sizeof(frame));
	if (size < 0) {
		words_fail(words, "that does not fit a frame");
	}
	frame[0] = channel;
	stage_receive(stage, words, frame, (size_t)size);
}

static void client_statement(struct stage *stage, struct words *words, const char *text)
{
	struct name *name = stage_name(stage, text);
	struct core_event event = {.type = CORE_EVENT_CLIENT_OPEN};
	int result;

	if (words_take(words, "connects")) {
		event.client_open.cookie = (uint64_t)stage->names_count;
		event.client_open.credentials.pid = (uint32_t)words_value_or(words, "pid", 1);
		result = words_error(words, words_value(words, "->"));
		stage_step(stage, words, &event, result);
		if (result == 0) {
			name = stage_new_name(stage, words, text, NAME_CLIENT);
			name->client = event.client_open.ret_client;
		}
		return;
	}
	name = stage_need(stage, words, text, NAME_CLIENT);
	event.client.client = name->client;
	if (words_take(words, "disconnects")) {
		event.type = CORE_EVENT_CLIENT_CLOSE;
		stage_step(stage, words, &event, words_error(words, words_value(words, "->")));
	} else if (words_take(words, "stops")) {
		(void)words_take(words, "reading");
		name->stopped = true;
	} else if (words_take(words, "reads")) {
		(void)words_take(words, "on");
		name->stopped = false;
		event.type = CORE_EVENT_CLIENT_WRITABLE;
		stage_step(stage, words, &event, words_error(words, words_value(words, "->")));
	} else if (words_take(words, "opens")) {
		const char *handle = words_need(words, "a name for the handle");

		event.type = CORE_EVENT_HANDLE_OPEN;
		event.handle_open.client = name->client;
		event.handle_open.class = parse_class(words, VIPMI_CLASS_NORMAL);
		event.handle_open.name = handle;
		event.handle_open.name_length = strlen(handle);
		result = words_error(words, words_value(words, "->"));
		stage_step(stage, words, &event, result);
		if (result == 0) {
			struct name *opened = stage_new_name(stage, words, handle, NAME_HANDLE);

			opened->client = event.handle_open.client;
			opened->handle = event.handle_open.ret_handle;
		}
	} else {
		words_fail(
			words, "a client connects, disconnects, opens, stops reading or reads on");
	}
}

static void ask(struct stage *stage, struct words *words, const struct name *handle)
{
	uint8_t data[VIPMI_DATA_MAX + 1];
	struct core_event event = {.type = CORE_EVENT_REQUEST};
	const char *responder = words_value(words, "of");
	const char *within = words_value(words, "within");
	const char *number;
	const char *other = words_value(words, "as-client");
	int result = words_error(words, words_value(words, "->"));

	event.request.client =
		other ? stage_need(stage, words, other, NAME_CLIENT)->client : handle->client;
	event.request.handle = handle->handle;
	event.request.tag = words_value_or(words, "tag", 0);
	event.request.virtual_client = (uint32_t)words_value_or(words, "virtual-client", 0);
	event.request.lun = (uint8_t)words_value_or(words, "lun", 0);
	event.request.class = parse_class(words, 0xFF);
	event.request.budget_ms =
		within ? (uint32_t)(words_time(words, within) / NSEC_PER_MSEC_U64) : 0;
	if (responder) {
		event.request.target_kind = words_flag(words, "broadcast")
						    ? VIPMI_TARGET_IPMB_BROADCAST
						    : VIPMI_TARGET_IPMB;
		parse_responder(words, responder, &event.request.channel, &event.request.address);
	}
	parse_command(words, words_need(words, "a command"), &event.request.netfn,
		&event.request.command);
	event.request.fresh = words_flag(words, "fresh");
	number = words_value(words, "number");
	event.request.numbered = number != NULL;
	event.request.number = number ? words_hex(words, number) : 0;
	event.request.data = data;
	(void)words_bytes(words, data, sizeof(data), &event.request.length);
	event.request.class = (uint8_t)words_value_or(words, "class-number", event.request.class);
	event.request.target_kind =
		(uint8_t)words_value_or(words, "target-number", event.request.target_kind);
	stage_step(stage, words, &event, result);
	/* The core copied them. */
	memset(data, 0xEE, sizeof(data));
}

/* Reads what stands after "listens": [exclusively] [from oldest] [after N] [kinds K] [type T]
 * [sensor S] [offsets M] [directions D] [severity S] [netfn N] [command C] [channel C] [address A],
 * K being a mask of CORE_ASYNC bits. Without any: events, and requests that nobody holds, from now
 * on. The clause lives until the next call. */
static void parse_subscription(
	struct words *words, const struct name *handle, struct core_event *event)
{
	static struct core_clause clause;
	const uint32_t client = event->handle.client;
	const char *from = words_value(words, "from");

	*event = (struct core_event){.type = CORE_EVENT_SUBSCRIBE};
	event->subscribe.client = client;
	event->subscribe.handle = handle->handle;
	event->subscribe.clauses = &clause;
	event->subscribe.count = 1;
	event->subscribe.exclusive = words_flag(words, "exclusively");
	event->subscribe.from = from ? CORE_FROM_OLDEST : CORE_FROM_NOW;
	event->subscribe.number = words_value_or(words, "after", UINT64_MAX);
	if (event->subscribe.number != UINT64_MAX) {
		event->subscribe.from = CORE_FROM_NUMBER;
	}
	clause = core_clause_of((uint8_t)words_value_or(
		words, "kinds", CORE_ASYNC(VIPMI_ASYNC_EVENT) | CORE_ASYNC(VIPMI_ASYNC_REQUEST)));
	clause.sensor_type = (uint16_t)words_value_or(words, "type", CORE_ANY);
	clause.sensor = (uint16_t)words_value_or(words, "sensor", CORE_ANY);
	clause.netfn = (uint16_t)words_value_or(words, "netfn", CORE_ANY);
	clause.command = (uint16_t)words_value_or(words, "command", CORE_ANY);
	clause.channel = (uint16_t)words_value_or(words, "channel", CORE_ANY);
	clause.address = (uint16_t)words_value_or(words, "address", CORE_ANY);
	clause.offsets = (uint16_t)words_value_or(words, "offsets", 0);
	clause.directions = words_value_or(words, "directions", 0) & 0xF;
	clause.severity = words_value_or(words, "severity", 0) & 0xF;
}

static void handle_statement(struct stage *stage, struct words *words, const struct name *name)
{
	struct core_event event = {.type = CORE_EVENT_HANDLE_CLOSE};
	const char *other;

	if (words_take(words, "asks")) {
		ask(stage, words, name);
		return;
	}
	if (rights_statement(stage, words, name)) {
		return;
	}
	other = words_value(words, "as-client");
	event.handle.client =
		other ? stage_need(stage, words, other, NAME_CLIENT)->client : name->client;
	event.handle.handle = name->handle;
	if (words_take(words, "cancels")) {
		event.type = CORE_EVENT_CANCEL;
		event.cancel.tag = words_value_or(words, "tag", 0);
	} else if (words_take(words, "wants")) {
		(void)words_take(words, "credit");
		event.type = CORE_EVENT_CREDIT_WANTED;
	} else if (words_take(words, "listens")) {
		parse_subscription(words, name, &event);
	} else if (words_take(words, "ignores")) {
		(void)words_take(words, "events");
		event.type = CORE_EVENT_UNSUBSCRIBE;
	} else if (!words_take(words, "closes")) {
		words_fail(
			words, "a handle asks, cancels, closes, listens, ignores or wants credit");
	}
	stage_step(stage, words, &event, words_error(words, words_value(words, "->")));
}

/* "T answers cc 00 [..]", "T is sent", "T fails ENODEV". */
static void transmission_statement(struct stage *stage, struct words *words, struct name *name)
{
	struct core_event event = {.type = CORE_EVENT_RECEIVED};
	uint8_t data[VIPMI_DATA_MAX];
	const char *cc, *as;
	size_t length = 0;

	if (words_take(words, "is")) {
		(void)words_take(words, "sent");
		stage_complete(stage, words, name->action, 0);
		return;
	}
	if (words_take(words, "fails")) {
		stage_complete(stage, words, name->action,
			words_error(words, words_need(words, "an error")));
		return;
	}
	if (!words_take(words, "answers")) {
		words_fail(words, "a transmission answers, is sent or fails");
	}
	cc = words_value(words, "cc");
	as = words_value(words, "as");
	data[0] = cc ? words_hex(words, cc) : 0;
	(void)words_bytes(words, data + 1, sizeof(data) - 1, &length);
	event.received.transmission = name->transmission;
	event.received.netfn = name->netfn | 1;
	event.received.command = name->command;
	if (as) {
		parse_command(words, as, &event.received.netfn, &event.received.command);
	}
	event.received.data = data;
	event.received.length = words_flag(words, "empty") ? 0 : length + 1;
	stage_step(stage, words, &event, words_error(words, words_value(words, "->")));
}

static void shell_statement(struct stage *stage, struct words *words)
{
	if (words_take(words, "stops")) {
		(void)words_take(words, "pulling");
		stage->pulling = false;
	} else if (words_take(words, "pulls")) {
		(void)words_take(words, "again");
		stage->pulling = true;
		stage_pump(stage, words);
	} else if (words_take(words, "revokes")) {
		revoke_statement(stage, words);
	} else if (words_take(words, "completes")) {
		(void)words_take(words, "nonsense");
		stage_complete(stage, words, UINT64_C(0x7777777777777777), 0);
		stage_complete(stage, words, 0, 0);
	} else {
		words_fail(words, "the shell stops pulling, pulls again or completes nonsense");
	}
}

/* "at 3ms ...", "after 3ms ...", "by 9ms ...": moves the clock, then the rest of the line. */
static void time_prefix(struct stage *stage, struct words *words)
{
	uint64_t until_ns;

	if (words_take(words, "at")) {
		until_ns = words_time(words, words_need(words, "a time"));
		stage_end_moment(stage, words, until_ns);
		stage_pass(stage, words, until_ns, false);
	} else if (words_take(words, "after")) {
		until_ns = stage->now_ns + words_time(words, words_need(words, "a time"));
		stage_end_moment(stage, words, until_ns);
		stage_pass(stage, words, until_ns, false);
	} else if (words_take(words, "within")) {
		until_ns = stage->now_ns + words_time(words, words_need(words, "a time"));
		stage_pass(stage, words, until_ns, true);
	} else if (words_take(words, "by")) {
		until_ns = words_time(words, words_need(words, "a time"));
		stage_pass(stage, words, until_ns, true);
	}
}

void play_statement(struct stage *stage, struct words *words)
{
	const char *first;
	struct name *name;

	time_prefix(stage, words);
	first = words_next(words);
	if (!first) {
		return;
	}
	if (strcmp(first, "expect") == 0) {
		expect_statement(stage, words);
	} else if (strcmp(first, "check") == 0) {
		check_statement(stage, words);
	} else if (strcmp(first, "link") == 0) {
		link_statement(stage, words);
	} else if (strcmp(first, "controller") == 0) {
		controller_statement(stage, words);
	} else if (strcmp(first, "shell") == 0) {
		shell_statement(stage, words);
	} else if (strcmp(first, "agent") == 0 && words_take(words, "restarts")) {
		stage_restart(stage, words);
	} else if (strcmp(first, "housekeeping") == 0) {
		stage->housekeeping_shown = words_take(words, "shown");
		(void)words_take(words, "hidden");
	} else if (strcmp(first, "responses") == 0) {
		stage->responses_shown = words_take(words, "shown");
	} else if (strchr(first, '/')) {
		responder_statement(stage, words, first);
	} else {
		name = stage_name(stage, first);
		if (name && name->kind == NAME_HANDLE) {
			handle_statement(stage, words, name);
		} else if (name && name->kind == NAME_TRANSMISSION) {
			transmission_statement(stage, words, name);
		} else {
			client_statement(stage, words, first);
		}
	}
	words_finish(words);
}
