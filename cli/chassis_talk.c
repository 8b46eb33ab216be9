/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking the simulated chassis, through whatever agent leads to it: it is only IPMI.
 */
#include "cli/chassis.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "ipmi/command.h"

/* What the simulated node card says in Get Device ID that it is: IPMI forum's "PC". */
#define MANUFACTURER_SIMULATED 7154u
#define PRODUCT_SIMULATED 0x4350u
#define DEVICE_ID_MANUFACTURER 6

/* Between two looks at a card that somebody waits for. */
#define WAIT_STEP_MS 20

/* ---- what is there ---- */

static int take_simulated(void *context, const struct vipmi_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, "simulated") == 0 && !fields[i].text) {
			*(bool *)context = fields[i].number != 0;
		}
	}
	return 0;
}

static int not_simulated(void)
{
	return cli_fail(EXIT_CODE,
		"this controller is no simulated chassis, and real ones are not meddled with; "
		"'vipmi status' shows which it is");
}

/* An OEM command may mean anything to a real controller: it gets none of ours. The agent knows its
 * own chassis; one behind the VM protocol says who made it. */
static int make_sure(struct chassis_talk *talk)
{
	struct vipmi_request request = vipmi_request_make(VIPMI_NETFN_APP, 0x01, NULL, 0);
	struct vipmi_answer answer = {0};
	struct reader reader;
	bool simulated = false;
	int result = vipmi_query(talk->vipmi, "status", take_simulated, &simulated);

	if (result < 0) {
		return cli_fail_error(result);
	}
	if (simulated) {
		return EXIT_DONE;
	}
	result = vipmi_command(talk->handle, &request, &answer);
	if (result < 0) {
		return cli_fail_error(result);
	}
	reader = reader_init(answer.data, answer.length);
	(void)reader_bytes(&reader, DEVICE_ID_MANUFACTURER); /* a failure is kept */
	simulated = reader_u24le(&reader) == MANUFACTURER_SIMULATED;
	simulated = reader_u16le(&reader) == PRODUCT_SIMULATED && simulated;
	return answer.cc == VIPMI_CC_OK && simulated ? EXIT_DONE : not_simulated();
}

int talk_begin(const struct cli *cli, struct chassis_talk *talk)
{
	struct vipmi_handle_options options = {.size = sizeof(options), .name = "chassis"};
	int result;

	*talk = (struct chassis_talk){.cli = cli};
	result = cli_connect(cli, &talk->vipmi);
	if (result != EXIT_DONE) {
		return result;
	}
	result = vipmi_handle_open(talk->vipmi, &options, &talk->handle);
	return result < 0 ? cli_fail_error(result) : make_sure(talk);
}

void talk_end(struct chassis_talk *talk)
{
	vipmi_disconnect(talk->vipmi);
	talk->vipmi = NULL;
}

/* ---- one request ---- */

static int ask(struct chassis_talk *talk, const struct chassis_control_request *request,
	struct vipmi_answer *ret_answer)
{
	uint8_t data[CHASSIS_REQUEST_MAX];
	int length = chassis_control_encode_request(request, data, sizeof(data));
	struct vipmi_request message;
	int result;

	if (length < 0) {
		return cli_fail(EXIT_USAGE, "the line is longer than %u characters",
			(unsigned int)CHASSIS_LINE_MAX);
	}
	message = vipmi_request_make(CHASSIS_CONTROL_NETFN, request->command, data, (size_t)length);
	result = vipmi_command(talk->handle, &message, ret_answer);
	return result < 0 ? cli_fail_error(result) : EXIT_DONE;
}

/* The completion codes that the chassis has for these, in words. */
static int fail_code(const struct chassis_control_request *request, uint8_t cc)
{
	switch (cc) {
	case VIPMI_CC_OK:
		return cli_fail(EXIT_LOCAL,
			"the chassis answers in a way that this vipmi does not know; is it of "
			"another version?");
	case VIPMI_CC_INVALID_COMMAND:
		return not_simulated();
	case VIPMI_CC_NOT_PRESENT:
		return cli_fail(EXIT_CODE,
			"the chassis has no place %u; 'vipmi chassis show' has all",
			request->place);
	default:
		return cli_fail(EXIT_CODE, "completion code %02Xh: %s", cc,
			ipmi_completion_code_text(CHASSIS_CONTROL_NETFN, request->command, cc));
	}
}

int talk_place(struct chassis_talk *talk, uint8_t place, struct chassis_place *ret_place)
{
	struct chassis_control_request request = {.command = CHASSIS_GET_PLACE, .place = place};
	struct vipmi_answer answer = {0};
	int result = ask(talk, &request, &answer);

	if (result == EXIT_DONE &&
		(answer.cc != VIPMI_CC_OK ||
			chassis_control_decode_place(answer.data, answer.length, ret_place) < 0)) {
		result = fail_code(&request, answer.cc);
	}
	return result;
}

static int ask_whole(struct chassis_talk *talk, struct chassis_whole *ret_whole)
{
	struct chassis_control_request request = {.command = CHASSIS_GET_PLACE};
	struct vipmi_answer answer = {0};
	int result = ask(talk, &request, &answer);

	if (result == EXIT_DONE &&
		(answer.cc != VIPMI_CC_OK ||
			chassis_control_decode_whole(answer.data, answer.length, ret_whole) < 0)) {
		result = fail_code(&request, answer.cc);
	}
	return result;
}

int talk_drawer(struct chassis_talk *talk, struct drawer *ret_drawer)
{
	int result = ask_whole(talk, &ret_drawer->whole);

	for (uint8_t i = 0; result == EXIT_DONE && i < ret_drawer->whole.places; i++) {
		result = talk_place(talk, (uint8_t)(i + 1), &ret_drawer->places[i]);
	}
	ret_drawer->faults_count = 0;
	for (uint8_t i = 0; result == EXIT_DONE && i < ret_drawer->whole.faults; i++) {
		struct chassis_control_request request = {.command = CHASSIS_GET_FAULT, .index = i};
		struct vipmi_answer answer = {0};

		if (i == DRAWER_FAULTS_MAX) {
			break;
		}
		result = ask(talk, &request, &answer);
		/* Fewer than a moment ago: some have ended by themselves. */
		if (result == EXIT_DONE && answer.cc == VIPMI_CC_OK &&
			chassis_control_decode_fault(answer.data, answer.length,
				&ret_drawer->faults[ret_drawer->faults_count]) == 0) {
			ret_drawer->faults_count++;
		}
	}
	return result;
}

int talk_sensors(struct chassis_talk *talk, const struct chassis_place *place,
	struct chassis_sensor *sensors, size_t max, size_t *ret_count)
{
	int result = EXIT_DONE;
	size_t count = 0;

	for (uint8_t i = 0; i < place->sensors && count < max; i++) {
		struct chassis_control_request request = {
			.command = CHASSIS_GET_SENSOR, .place = place->place, .index = i};
		struct vipmi_answer answer = {0};

		result = ask(talk, &request, &answer);
		/* The card may have been pulled meanwhile. */
		if (result != EXIT_DONE || answer.cc != VIPMI_CC_OK) {
			break;
		}
		if (chassis_control_decode_sensor(answer.data, answer.length, &sensors[count]) ==
			0) {
			count++;
		}
	}
	*ret_count = count;
	return result;
}

/* ---- orders ---- */

int talk_order(struct chassis_talk *talk, const char *line, const char *where,
	struct chassis_control_result *ret_result)
{
	struct chassis_control_request request = {
		.command = CHASSIS_CONTROL, .line = line, .line_length = strlen(line)};
	struct vipmi_answer answer = {0};
	int result = ask(talk, &request, &answer);
	char *text;

	if (result != EXIT_DONE) {
		return result;
	}
	if (answer.cc != VIPMI_CC_OK ||
		chassis_control_decode_result(answer.data, answer.length, ret_result) < 0) {
		return fail_code(&request, answer.cc);
	}
	if (ret_result->status == CHASSIS_STATUS_DONE) {
		return EXIT_DONE;
	}
	text = printable(ret_result->text);
	result = cli_fail(ret_result->status == CHASSIS_STATUS_REFUSED ? EXIT_REFUSED : EXIT_USAGE,
		"%s%s", where, text ? text : "");
	free(text);
	return result;
}

int talk_wait(struct chassis_talk *talk, uint8_t number, uint8_t state, uint32_t patience_ms)
{
	for (uint32_t waited_ms = 0;; waited_ms += WAIT_STEP_MS) {
		struct chassis_place place;
		int result = talk_place(talk, number, &place);

		if (result != EXIT_DONE || place.state == state) {
			return result;
		}
		if (place.state == CHASSIS_STATE_FAILED) {
			return cli_fail(EXIT_REFUSED,
				"the board in %u failed; 'vipmi chassis show %u' shows why", number,
				number);
		}
		if (waited_ms >= patience_ms) {
			return cli_fail(EXIT_LOST, "%u is still %s after %u s", number,
				chassis_state_name(place.state), patience_ms / 1000);
		}
		(void)usleep(WAIT_STEP_MS * 1000);
	}
}
