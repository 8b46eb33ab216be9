/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests that come in from a bus, and what becomes of them. */
#include <stdlib.h>

#include "tests/scenario/stage.h"

/* "0/b4 requests 30/41 [..] [sequence 21] [lun 1]": into the receive message queue, or handed in
 * by a link that does not own the flags. */
void request_statement(struct stage *stage, struct words *words, uint8_t channel, uint8_t address)
{
	const char *sequence = words_value(words, "sequence");
	uint8_t data[CORE_MESSAGE_DATA_MAX], frame[VIPMI_DATA_MAX];
	struct core_event event = {.type = CORE_EVENT_MESSAGE};
	struct ipmb_message message = {
		.rs_address = stage->link.own_address ? stage->link.own_address : 0x20,
		.rs_lun = 2,
		.rq_address = address,
		.rq_lun = (uint8_t)words_value_or(words, "lun", 0),
		.sequence = sequence ? words_hex(words, sequence) : 0,
		.data = data,
	};
	int size, result = words_error(words, words_value(words, "->"));

	parse_command(words, words_need(words, "a command"), &message.netfn, &message.command);
	(void)words_bytes(words, data, sizeof(data), &message.length);
	if (stage->link.owns_flags) {
		size = ipmb_encode(&message, frame, sizeof(frame));
		if (size < 0) {
			words_fail(words, "that does not fit a frame");
		}
		frame[0] = channel;
		stage_receive(stage, words, frame, (size_t)size);
		return;
	}
	event.message.kind = VIPMI_ASYNC_REQUEST;
	event.message.channel = channel;
	event.message.address = address;
	event.message.lun = message.rq_lun;
	event.message.netfn = message.netfn;
	event.message.command = message.command;
	event.message.sequence = message.sequence;
	event.message.data = data;
	event.message.length = message.length;
	stage_step(stage, words, &event, result);
}

/* "a responds number 3 [cc 00] [..] [tag N] [-> ENOENT]", or, described, with or without a number,
 * "a responds 30/41 to 0/b4 sequence 21 [lun 1] ...". */
void respond_statement(struct stage *stage, struct words *words, const struct name *handle)
{
	struct core_event event = {.type = CORE_EVENT_RESPOND};
	int result = words_error(words, words_value(words, "->"));
	const char *cc = words_value(words, "cc"), *responder = words_value(words, "to");
	const char *sequence = words_value(words, "sequence");
	uint8_t data[VIPMI_DATA_MAX];
	size_t length = 0;

	event.respond.client = handle->client;
	event.respond.handle = handle->handle;
	event.respond.tag = words_value_or(words, "tag", 0);
	event.respond.number = words_value_or(words, "number", 0);
	if (responder) {
		event.respond.described = true;
		parse_responder(words, responder, &event.respond.channel, &event.respond.address);
		event.respond.lun = (uint8_t)words_value_or(words, "lun", 0);
		event.respond.sequence = sequence ? words_hex(words, sequence) : 0;
		parse_command(words, words_need(words, "a command"), &event.respond.netfn,
			&event.respond.command);
	}
	data[0] = cc ? words_hex(words, cc) : 0;
	(void)words_bytes(words, data + 1, sizeof(data) - 1, &length);
	event.respond.data = data;
	event.respond.length = words_flag(words, "empty") ? 0 : length + 1;
	stage_step(stage, words, &event, result);
}

/* What a TRANSMIT of a response says, whether we bridge ourselves or the link does. */
static bool response_of(const struct stage *stage, const struct core_transmit *transmit,
	uint8_t *ret_channel, struct ipmb_message *ret_message)
{
	*ret_channel = transmit->channel;
	*ret_message = (struct ipmb_message){.rq_address = transmit->address,
		.rq_lun = transmit->lun,
		.netfn = transmit->netfn,
		.command = transmit->command,
		.sequence = transmit->sequence,
		.data = transmit->data,
		.length = transmit->length};
	if (!stage->link.raw_bridge) {
		return transmit->target_kind == VIPMI_TARGET_IPMB && (transmit->netfn & 1);
	}
	if (transmit->netfn != VIPMI_NETFN_APP || transmit->command != 0x34 ||
		transmit->length < 1 ||
		ipmb_decode(transmit->data + 1, transmit->length - 1, ret_message) < 0) {
		return false;
	}
	*ret_channel = transmit->data[0];
	return ret_message->rs_address == 0x20 && ret_message->rs_lun == 2;
}

/* "expect response T 0/b4 30/41 cc 00 [..] [sequence 21] [lun 1]". */
void expect_response(struct stage *stage, struct words *words)
{
	const char *label = words_need(words, "a name for the transmission");
	const char *cc = words_value(words, "cc"), *sequence = words_value(words, "sequence");
	uint64_t lun = words_value_or(words, "lun", 0);
	uint8_t expected[VIPMI_DATA_MAX], channel, address, netfn, command, got_channel;
	struct ipmb_message message;
	struct sight *sight;
	size_t length = 0;

	parse_responder(words, words_need(words, "whom it is for"), &channel, &address);
	parse_command(words, words_need(words, "a command"), &netfn, &command);
	expected[0] = cc ? words_hex(words, cc) : 0;
	(void)words_bytes(words, expected + 1, sizeof(expected) - 1, &length);
	sight = stage_expect(stage, words, CORE_ACTION_TRANSMIT, 0, 0);
	if (!response_of(stage, &sight->action.transmit, &got_channel, &message) ||
		got_channel != channel || message.rq_address != address || message.rq_lun != lun ||
		message.netfn != (netfn | 1) || message.command != command ||
		message.sequence != (sequence ? words_hex(words, sequence) : 0) ||
		message.length != length + 1 || memcmp(message.data, expected, length + 1) != 0) {
		words_fail(words, "another response: %s", stage_describe(stage, sight));
	}
	stage_name_transmission(stage, words, label, sight);
}

/* "expect registered 30/41 [channels 0fff]", or 30/any; channels 0: no more. */
void expect_registered(struct stage *stage, struct words *words)
{
	const char *channels = words_value(words, "channels");
	struct core_registration *registration;
	const char *what = words_need(words, "a command"), *slash = strchr(what, '/');
	bool any = slash && strcmp(slash, "/any") == 0;
	uint8_t netfn = 0, command = 0;
	struct sight *sight;

	if (!any) {
		parse_command(words, what, &netfn, &command);
	}
	if (!stage_sees_registrations()) {
		return;
	}
	sight = stage_expect(stage, words, CORE_ACTION_REGISTER, 0, 0);
	registration = &sight->action.registration;
	if ((!any && (registration->netfn != netfn || registration->command != command)) ||
		registration->channels != (channels ? strtoul(channels, NULL, 16) : 0x0FFF)) {
		words_fail(words, "another registration: %s", stage_describe(stage, sight));
	}
}
