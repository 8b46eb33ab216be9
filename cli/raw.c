/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi raw: one request, by names or numbers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/words.h"

/* Bytes a line of the answer, as ipmitool prints them. */
#define BYTES_PER_LINE 16

enum raw_option {
	OPTION_IPMB,
	OPTION_LUN,
	OPTION_TIMEOUT,
	OPTION_CLASS,
	OPTION_FRESH,
	OPTION_NAME,
};

static int take_class(const struct cli *cli, const char *word, uint8_t *ret_urgency)
{
	static const char *const names[] = {"urgent", "normal", "background"};
	struct suggestion suggestion = suggest_begin(word);

	for (uint8_t i = 0; i < VIPMI_CLASS_COUNT; i++) {
		if (strcmp(word, names[i]) == 0) {
			*ret_urgency = i + 1; /* enum vipmi_urgency */
			return EXIT_DONE;
		}
		suggest_offer(&suggestion, names[i]);
	}
	return cli_usage(cli, "unknown class \"%s\"%s; there are urgent, normal and background",
		word, suggest_text(&suggestion));
}

static int take_options(const struct cli *cli, struct vipmi_request *request)
{
	const char *const *values = cli->values;
	uint64_t lun;

	if (values[OPTION_IPMB]) {
		request->target_kind = VIPMI_TARGET_IPMB;
		if (!parse_ipmb(values[OPTION_IPMB], &request->channel, &request->address)) {
			return cli_usage(cli,
				"\"%s\" is not an address on an IPMB: [CHANNEL:]ADDRESS, channel 0 "
				"to "
				"15, an even address like 0x82",
				values[OPTION_IPMB]);
		}
	}
	if (values[OPTION_LUN]) {
		if (!parse_number(values[OPTION_LUN], 3, &lun)) {
			return cli_usage(cli, "\"%s\" is not a LUN (0 to 3)", values[OPTION_LUN]);
		}
		request->lun = (uint8_t)lun;
	}
	if (values[OPTION_TIMEOUT] && !parse_time(values[OPTION_TIMEOUT], &request->timeout_ms)) {
		return cli_usage(cli, "\"%s\" is not a time from 1ms to 3600s, like 5s or 250ms",
			values[OPTION_TIMEOUT]);
	}
	if (values[OPTION_FRESH]) {
		request->flags |= VIPMI_REQUEST_FRESH;
	}
	return values[OPTION_CLASS] ? take_class(cli, values[OPTION_CLASS], &request->urgency)
				    : EXIT_DONE;
}

static int take_data(const struct cli *cli, char **words, int count, uint8_t *data,
	struct vipmi_request *request)
{
	for (int i = 0; i < count; i++) {
		uint64_t byte;

		if (request->length == VIPMI_DATA_MAX) {
			return cli_usage(cli, "more than %d bytes of data", VIPMI_DATA_MAX);
		}
		if (!parse_number(words[i], UINT8_MAX, &byte)) {
			return cli_usage(
				cli, "\"%s\" is not a byte (0 to 255, or 0x00 to 0xFF)", words[i]);
		}
		data[request->length++] = (uint8_t)byte;
	}
	return EXIT_DONE;
}

static void print_hex(const struct vipmi_answer *answer)
{
	for (size_t i = 0; i < answer->length; i++) {
		bool last = i % BYTES_PER_LINE == BYTES_PER_LINE - 1 || i + 1u == answer->length;

		(void)printf(" %02x%s", answer->data[i], last ? "\n" : "");
	}
}

static void print_structured(const struct cli *cli, const struct vipmi_answer *answer)
{
	static const char *const origins[] = {"controller", "cache", "agent"};
	static const char *const sent[] = {"no", "yes", "unknown"};
	char hex[2 * VIPMI_DATA_MAX + 1] = "";
	struct cell cells[] = {
		{.key = "netfn", .number = answer->netfn & ~1u},
		{.key = "command", .number = answer->command},
		{.key = "completion_code", .number = answer->cc},
		{.key = "completion_text",
			.text = ipmi_completion_code_text(
				answer->netfn & ~1u, answer->command, answer->cc)},
		{.key = "data", .text = hex},
		{.key = "origin", .text = answer->origin < 3 ? origins[answer->origin] : "unknown"},
		{.key = "reason",
			.text = vipmi_reason_name(answer->reason),
			.null = answer->reason == VIPMI_REASON_NONE},
		{.key = "sent", .text = answer->sent < 3 ? sent[answer->sent] : "unknown"},
		{.key = "age_ms",
			.number = answer->age_ms,
			.null = answer->origin != VIPMI_ORIGIN_CACHE},
	};

	for (size_t i = 0; i < answer->length; i++) {
		(void)snprintf(hex + 2 * i, 3, "%02x", answer->data[i]);
	}
	show_one(cli->format, cells, sizeof(cells) / sizeof(cells[0]));
}

static int report(const struct cli *cli, const struct vipmi_answer *answer)
{
	uint8_t netfn = answer->netfn & ~1u;

	if (cli->format != FORMAT_TABLE) {
		print_structured(cli, answer);
	} else {
		print_hex(answer);
	}
	if (answer->cc == VIPMI_CC_OK) {
		return EXIT_DONE;
	}
	return cli_fail(EXIT_CODE, "completion code %02Xh: %s", answer->cc,
		ipmi_completion_code_text(netfn, answer->command, answer->cc));
}

/* Says which request it was, and of whom it was asked. */
static int fail_request(const struct vipmi_request *request, int error)
{
	const char *netfn = ipmi_netfn_name(request->netfn);
	char name[80], target[48] = "";

	(void)snprintf(name, sizeof(name), "netFn %02Xh%s%s%s, command %02Xh", request->netfn,
		netfn ? " (" : "", netfn ? netfn : "", netfn ? ")" : "", request->command);
	if (request->target_kind != VIPMI_TARGET_CONTROLLER) {
		(void)snprintf(target, sizeof(target), " to %02Xh on channel %u", request->address,
			request->channel);
	}
	return cli_fail(cli_error_exit(error), "%s%s: %s", name, target, vipmi_error_text());
}

static int ask(const struct cli *cli, const struct vipmi_request *request)
{
	struct vipmi_handle_options options = {
		.size = sizeof(options), .name = cli->values[OPTION_NAME]};
	struct vipmi_answer answer = {0};
	struct vipmi_handle *handle;
	struct vipmi *vipmi;
	int result = cli_connect(cli, &vipmi);

	if (result != EXIT_DONE) {
		return result;
	}
	result = vipmi_handle_open(vipmi, &options, &handle);
	if (result == -EINVAL) {
		result = cli_usage(cli, "%s", vipmi_error_text());
	} else if (result < 0) {
		result = cli_fail_error(result);
	} else {
		result = vipmi_command(handle, request, &answer);
		if (result < 0) {
			if (cli->format != FORMAT_TABLE && answer.error) {
				print_structured(cli, &answer);
			}
			result = fail_request(request, result);
		} else {
			result = report(cli, &answer);
		}
	}
	vipmi_disconnect(vipmi);
	return result;
}

static int run(struct cli *cli, int count, char **arguments)
{
	uint8_t data[VIPMI_DATA_MAX];
	struct vipmi_request request = vipmi_request_make(0, 0, data, 0);
	const struct ipmi_command *command;
	int result = words_netfn(cli, arguments[0], &request.netfn);

	if (result == EXIT_DONE) {
		result = words_command(
			cli, arguments[0], request.netfn, arguments[1], &request.command, &command);
	}
	if (result == EXIT_DONE) {
		result = take_options(cli, &request);
	}
	if (result == EXIT_DONE) {
		result = take_data(cli, arguments + 2, count - 2, data, &request);
	}
	return result == EXIT_DONE ? ask(cli, &request) : result;
}

const struct cli_command command_raw = {
	.object = "raw",
	.arguments = "NETFN COMMAND [BYTE ...]",
	.summary = "send one request and print the answer's bytes",
	.text = "NETFN and COMMAND by name or number: app get-device-id, 6 1, 0x06 0x01, 06h 01h.\n"
		"The bytes of the answer follow its completion code, which is printed only if it "
		"is\n"
		"not 0 (and the exit status is 5 then). 'vipmi command list' has the names.",
	.options =
		{
			[OPTION_IPMB] = {"ipmb", "[CH:]ADDR",
				"to a responder on an IPMB: 0x82, or 7:0x82 (channel 7)"},
			[OPTION_LUN] = {"lun", "LUN", "the responder's, 0 to 3 (default 0)"},
			[OPTION_TIMEOUT] = {"timeout", "TIME", "5s, 250ms (default 10s)"},
			[OPTION_CLASS] = {"class", "CLASS",
				"urgent, normal (default) or background"},
			[OPTION_FRESH] = {"fresh", NULL, "not from a cache"},
			[OPTION_NAME] = {"name", "NAME", "what listings call it (default vipmi)"},
		},
	.arguments_min = 2,
	.arguments_max = -1,
	.run = run,
};
