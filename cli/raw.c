/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi raw: requests by names or numbers, one after the other on one virtual controller.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/words.h"

#define COMMAND_GET_MESSAGE 0x33
#define COMMAND_READ_EVENT 0x35
#define CC_NOTHING_THERE 0x80
/* The agent itself knows whether something is there; to ask it costs the controller nothing. */
#define LOOK_AGAIN_MS 2u

enum raw_option {
	OPTION_IPMB,
	OPTION_LUN,
	OPTION_TIMEOUT,
	OPTION_CLASS,
	OPTION_FRESH,
	OPTION_NAME,
	OPTION_WAIT,
};

struct raw {
	const struct cli *cli;
	struct vipmi_handle *handle;
	uint32_t wait_ms;
	struct vipmi_request request;
	uint8_t data[VIPMI_DATA_MAX]; /* the request's */
};

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
	return values[OPTION_CLASS] ? words_class(cli, values[OPTION_CLASS], &request->urgency)
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

/* Nothing there: Get Message, Read Event Message Buffer (IPMI 2.0 sections 22.6, 22.8). */
static bool found_nothing(const struct vipmi_request *request, const struct vipmi_answer *answer)
{
	return request->netfn == VIPMI_NETFN_APP && answer->cc == CC_NOTHING_THERE &&
	       (request->command == COMMAND_GET_MESSAGE || request->command == COMMAND_READ_EVENT);
}

/* One request on the handle, with --wait as often as nothing is there. */
static int ask(const struct raw *raw)
{
	struct vipmi_answer answer = {0};
	uint32_t waited_ms = 0;
	int result;

	while ((result = vipmi_command(raw->handle, &raw->request, &answer)) == 0 &&
		found_nothing(&raw->request, &answer) && waited_ms < raw->wait_ms) {
		struct timespec pause = {.tv_nsec = LOOK_AGAIN_MS * 1000000l};

		(void)nanosleep(&pause, NULL);
		waited_ms += LOOK_AGAIN_MS;
	}
	if (result == 0) {
		return answer_report(raw->cli, &answer);
	}
	if (raw->cli->format != FORMAT_TABLE && answer.error) {
		answer_print_structured(raw->cli, &answer);
	}
	return fail_request(&raw->request, result);
}

/* The words of one request. EXIT_DONE, or EXIT_USAGE, the reason being told. */
static int take_request(struct raw *raw, int count, char **words)
{
	const struct ipmi_command *command;
	int result;

	raw->request = vipmi_request_make(0, 0, raw->data, 0);
	if (count < 2) {
		return cli_usage(raw->cli, "too few words for a request: NETFN COMMAND [BYTE ...]");
	}
	result = words_netfn(raw->cli, words[0], &raw->request.netfn);
	if (result == EXIT_DONE) {
		result = words_command(raw->cli, words[0], raw->request.netfn, words[1],
			&raw->request.command, &command);
	}
	if (result == EXIT_DONE) {
		result = take_options(raw->cli, &raw->request);
	}
	if (result == EXIT_DONE) {
		result = take_data(raw->cli, words + 2, count - 2, raw->data, &raw->request);
	}
	return result;
}

/* Does something with every request between the plus signs, until that fails. */
static int each_request(
	struct raw *raw, int count, char **words, int (*then)(const struct raw *raw))
{
	int result = EXIT_DONE, start = 0, end;

	for (end = 0; end <= count && result == EXIT_DONE; end++) {
		if (end < count && strcmp(words[end], "+") != 0) {
			continue;
		}
		result = take_request(raw, end - start, words + start);
		if (result == EXIT_DONE && then) {
			result = then(raw);
		}
		start = end + 1;
	}
	return result;
}

/* A line of standard input: words, and a comment perhaps. */
static int ask_line(struct raw *raw, char *line)
{
	char *words[2 + VIPMI_DATA_MAX + 1], *rest = NULL, *word;
	int count = 0;

	line[strcspn(line, "#\n")] = '\0';
	for (word = strtok_r(line, " \t\r", &rest); word; word = strtok_r(NULL, " \t\r", &rest)) {
		if (count == (int)(sizeof(words) / sizeof(words[0]))) {
			return cli_usage(raw->cli, "more than %d bytes of data", VIPMI_DATA_MAX);
		}
		words[count++] = word;
	}
	return count == 0 ? EXIT_DONE : each_request(raw, count, words, ask);
}

static int ask_lines(struct raw *raw)
{
	int result = EXIT_DONE, number = 0;
	size_t size = 0;
	char *line = NULL;

	while (result == EXIT_DONE && getline(&line, &size, stdin) >= 0) {
		number++;
		result = ask_line(raw, line);
		/* Whoever wrote the request may be waiting for its answer. */
		(void)fflush(stdout);
	}
	if (result != EXIT_DONE) {
		(void)cli_fail(result, "that was line %d of standard input", number);
	} else if (ferror(stdin)) {
		result = cli_fail(EXIT_LOCAL, "standard input: %s", strerror(errno));
	}
	free(line);
	return result;
}

static bool has_plus(int count, char **words)
{
	while (count > 0 && strcmp(words[count - 1], "+") != 0) {
		count--;
	}
	return count > 0;
}

static int run(struct cli *cli, int count, char **arguments)
{
	bool lines = count == 1 && strcmp(arguments[0], "-") == 0;
	struct vipmi_handle_options options = {
		.size = sizeof(options), .name = cli->values[OPTION_NAME]};
	struct raw raw = {.cli = cli};
	const char *wait = cli->values[OPTION_WAIT];
	struct vipmi *vipmi;
	int result = EXIT_DONE;

	if (wait && !parse_time(wait, &raw.wait_ms)) {
		return cli_usage(
			cli, "\"%s\" is not a time from 1ms to 3600s, like 5s or 250ms", wait);
	}
	if (cli->format == FORMAT_JSON && (lines || has_plus(count, arguments))) {
		return cli_usage(cli, "json is one value; choose jsonl for several requests");
	}
	if (!lines) {
		/* All of them are looked at before the first is sent. */
		result = each_request(&raw, count, arguments, NULL);
	}
	if (result == EXIT_DONE) {
		result = cli_connect(cli, &vipmi);
	}
	if (result != EXIT_DONE) {
		return result;
	}
	result = vipmi_handle_open(vipmi, &options, &raw.handle);
	if (result == -EINVAL) {
		result = cli_usage(cli, "%s", vipmi_error_text());
	} else if (result < 0) {
		result = cli_fail_error(result);
	} else {
		result = lines ? ask_lines(&raw) : each_request(&raw, count, arguments, ask);
	}
	vipmi_disconnect(vipmi);
	return result;
}

const struct cli_command command_raw = {
	.object = "raw",
	.arguments = "NETFN COMMAND [BYTE ...] [+ NETFN COMMAND ...]|-",
	.summary = "send requests and print the answers' bytes",
	.text = "NETFN and COMMAND by name or number: app get-device-id, 6 1, 0x06 0x01, 06h 01h.\n"
		"The bytes of the answer follow its completion code, which is printed only if it "
		"is\n"
		"not 0 (and the exit status is 5 then). 'vipmi command list' has the names.\n\n"
		"Requests with + between them go to the same virtual controller, one after the\n"
		"other, until one fails: so a Get Message finds what a Send Message brought. With "
		"-\n"
		"they are read from standard input, a line for each.",
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
			[OPTION_WAIT] = {"wait", "TIME",
				"for what Get Message or Read Event Message Buffer asks for"},
		},
	.arguments_min = 1,
	.arguments_max = -1,
	.run = run,
};
