/* SPDX-License-Identifier: BSD-2-Clause */
/* The requests by which the simulated chassis is looked at and meddled with: bytes and lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "ipmi/chassis_order.h"

/* ---- requests ---- */

static void requests_match_the_golden_bytes(void **state)
{
	static const uint8_t control[] = {'v', 'i', 'p', 'm', 'p', 'u', 'l', 'l', ' ', '7'};
	static const uint8_t place[] = {'v', 'i', 'p', 'm', 7};
	static const uint8_t sensor[] = {'v', 'i', 'p', 'm', 7, 3};
	static const uint8_t fault[] = {'v', 'i', 'p', 'm', 2};
	struct chassis_control_request request = {
		.command = CHASSIS_CONTROL, .line = "pull 7", .line_length = 6};
	uint8_t data[CHASSIS_REQUEST_MAX];

	(void)state;
	assert_int_equal(
		chassis_control_encode_request(&request, data, sizeof(data)), sizeof(control));
	assert_memory_equal(data, control, sizeof(control));
	assert_int_equal(
		chassis_control_decode_request(CHASSIS_CONTROL, control, sizeof(control), &request),
		0);
	assert_int_equal(request.line_length, 6);
	assert_memory_equal(request.line, "pull 7", 6);

	request = (struct chassis_control_request){.command = CHASSIS_GET_PLACE, .place = 7};
	assert_int_equal(
		chassis_control_encode_request(&request, data, sizeof(data)), sizeof(place));
	assert_memory_equal(data, place, sizeof(place));
	assert_int_equal(chassis_control_decode_request(CHASSIS_GET_PLACE, place, 5, &request), 0);
	assert_int_equal(request.place, 7);

	request = (struct chassis_control_request){
		.command = CHASSIS_GET_SENSOR, .place = 7, .index = 3};
	assert_int_equal(
		chassis_control_encode_request(&request, data, sizeof(data)), sizeof(sensor));
	assert_memory_equal(data, sensor, sizeof(sensor));
	assert_int_equal(
		chassis_control_decode_request(CHASSIS_GET_SENSOR, sensor, 6, &request), 0);
	assert_int_equal(request.place, 7);
	assert_int_equal(request.index, 3);

	request = (struct chassis_control_request){.command = CHASSIS_GET_FAULT, .index = 2};
	assert_int_equal(
		chassis_control_encode_request(&request, data, sizeof(data)), sizeof(fault));
	assert_memory_equal(data, fault, sizeof(fault));
	assert_int_equal(chassis_control_decode_request(CHASSIS_GET_FAULT, fault, 5, &request), 0);
	assert_int_equal(request.index, 2);
}

static void only_the_magic_makes_it_ours(void **state)
{
	static const uint8_t longer[CHASSIS_REQUEST_MAX + 1] = {'v', 'i', 'p', 'm'};
	static const uint8_t vendor[] = {'v', 'i', 'p', 0, 7};
	struct chassis_control_request request;

	(void)state;
	assert_int_equal(
		chassis_control_decode_request(CHASSIS_GET_PLACE, vendor, 5, &request), -ENOENT);
	assert_int_equal(
		chassis_control_decode_request(CHASSIS_GET_PLACE, longer, 3, &request), -ENOENT);
	assert_int_equal(chassis_control_decode_request(0xC4, longer, 5, &request), -ENOENT);
	assert_int_equal(
		chassis_control_decode_request(CHASSIS_GET_PLACE, longer, 4, &request), -EBADMSG);
	assert_int_equal(
		chassis_control_decode_request(CHASSIS_GET_PLACE, longer, 6, &request), -EBADMSG);
	/* An empty line is a line; the longest too. */
	assert_int_equal(chassis_control_decode_request(CHASSIS_CONTROL, longer, 4, &request), 0);
	assert_int_equal(chassis_control_decode_request(
				 CHASSIS_CONTROL, longer, CHASSIS_REQUEST_MAX, &request),
		0);
	assert_int_equal(request.line_length, CHASSIS_LINE_MAX);
	assert_int_equal(chassis_control_decode_request(
				 CHASSIS_CONTROL, longer, CHASSIS_REQUEST_MAX + 1, &request),
		-EBADMSG);
}

static void a_request_fits_or_is_not_written(void **state)
{
	char line[CHASSIS_LINE_MAX + 1] = {0};
	struct chassis_control_request request = {
		.command = CHASSIS_CONTROL, .line = line, .line_length = CHASSIS_LINE_MAX};
	uint8_t data[CHASSIS_REQUEST_MAX + 1];

	(void)state;
	assert_int_equal(chassis_control_encode_request(&request, data, CHASSIS_REQUEST_MAX),
		CHASSIS_REQUEST_MAX);
	assert_int_equal(
		chassis_control_encode_request(&request, data, CHASSIS_REQUEST_MAX - 1), -EMSGSIZE);
	request.line_length++;
	assert_int_equal(chassis_control_encode_request(&request, data, sizeof(data)), -EMSGSIZE);
	request.command = 0xC4;
	assert_int_equal(chassis_control_encode_request(&request, data, sizeof(data)), -EINVAL);
}

/* ---- responses ---- */

static void result_has_a_status_and_a_text(void **state)
{
	static const uint8_t golden[] = {1, 'n', 'o'};
	struct chassis_control_result result = {.status = CHASSIS_STATUS_REFUSED, .text = "no"};
	uint8_t data[1 + CHASSIS_TEXT_MAX + 1] = {3};

	(void)state;
	assert_int_equal(
		chassis_control_encode_result(&result, data, sizeof(data)), sizeof(golden));
	assert_memory_equal(data, golden, sizeof(golden));
	memset(&result, 0xFF, sizeof(result));
	assert_int_equal(chassis_control_decode_result(golden, sizeof(golden), &result), 0);
	assert_int_equal(result.status, CHASSIS_STATUS_REFUSED);
	assert_string_equal(result.text, "no");
	/* As long as can be, and one more; none; an unknown status. */
	memset(data, 'x', sizeof(data));
	data[0] = 0;
	assert_int_equal(chassis_control_decode_result(data, sizeof(data) - 1, &result), 0);
	assert_int_equal(strlen(result.text), CHASSIS_TEXT_MAX);
	assert_int_equal(
		chassis_control_encode_result(&result, data, sizeof(data) - 1), sizeof(data) - 1);
	assert_int_equal(chassis_control_decode_result(data, sizeof(data), &result), -EBADMSG);
	assert_int_equal(chassis_control_decode_result(data, 0, &result), -EBADMSG);
	data[0] = 3;
	assert_int_equal(chassis_control_decode_result(data, 1, &result), -EBADMSG);
}

static void whole_matches_the_golden_bytes(void **state)
{
	static const uint8_t golden[] = {1, 21, 28, 1, 7, 0xBC, 2, 1, 0x08, 7, 6, 5, 4, 3, 2, 1,
		0xE8, 3, 0, 0, 0, 0, 0, 0, 'C', 'T', ' ', '8', '2', '0', 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0, 22};
	struct chassis_whole whole = {.slots = 21,
		.places = 28,
		.role = CHASSIS_ROLE_PERIPHERAL,
		.own_place = 7,
		.own_address = 0xBC,
		.manager = 22,
		.faults = 2,
		.enum_line = true,
		.seed = 0x0102030405060708,
		.time_ms = 1000,
		.name = "CT 820"};
	struct chassis_whole back;
	uint8_t data[CHASSIS_ROW_MAX];

	(void)state;
	assert_int_equal(chassis_control_encode_whole(&whole, data, sizeof(data)), sizeof(golden));
	assert_memory_equal(data, golden, sizeof(golden));
	assert_int_equal(chassis_control_decode_whole(golden, sizeof(golden), &back), 0);
	assert_int_equal(back.slots, 21);
	assert_int_equal(back.places, 28);
	assert_int_equal(back.role, CHASSIS_ROLE_PERIPHERAL);
	assert_int_equal(back.own_place, 7);
	assert_int_equal(back.own_address, 0xBC);
	assert_int_equal(back.manager, 22);
	assert_int_equal(back.faults, 2);
	assert_true(back.enum_line);
	assert_true(back.seed == whole.seed);
	assert_int_equal(back.time_ms, 1000);
	assert_string_equal(back.name, "CT 820");
	/* Too short; another layout; more slots than places. */
	assert_int_equal(chassis_control_decode_whole(golden, sizeof(golden) - 1, &back), -EBADMSG);
	data[0] = 2;
	assert_int_equal(chassis_control_decode_whole(data, sizeof(golden), &back), -EBADMSG);
	data[0] = 1;
	data[1] = 29;
	assert_int_equal(chassis_control_decode_whole(data, sizeof(golden), &back), -EBADMSG);
}

static void place_matches_the_golden_bytes(void **state)
{
	static const uint8_t golden[] = {1, 5, CHASSIS_KIND_NODE, CHASSIS_STATE_ACTIVE, 0xB8,
		CHASSIS_LED_BLINKING, 0x2C, 12, CHASSIS_SEVERITY_CRITICAL, 'C', 'P', '2', '3', '0',
		'0', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'C', 'P', 'U', ' ', 'T', 'e', 'm', 'p', 'e', 'r',
		'a', 't', 'u', 'r', 'e', ' ', 3, 20, 4, 3, 2, 1};
	struct chassis_place place = {.place = 5,
		.kind = CHASSIS_KIND_NODE,
		.state = CHASSIS_STATE_ACTIVE,
		.address = 0xB8,
		.blue_led = CHASSIS_LED_BLINKING,
		.bd_sel = true,
		.healthy = true,
		.powered = true,
		.sensors = 12,
		.severity = CHASSIS_SEVERITY_CRITICAL,
		.name = "CP2300",
		.worst = "CPU Temperature ",
		.waiting = 3,
		.room = 20,
		.missed = 0x01020304};
	struct chassis_place back;
	uint8_t data[CHASSIS_ROW_MAX];

	(void)state;
	assert_int_equal(chassis_control_encode_place(&place, data, sizeof(data)), sizeof(golden));
	assert_memory_equal(data, golden, sizeof(golden));
	assert_int_equal(chassis_control_decode_place(golden, sizeof(golden), &back), 0);
	assert_int_equal(back.place, 5);
	assert_int_equal(back.kind, CHASSIS_KIND_NODE);
	assert_int_equal(back.state, CHASSIS_STATE_ACTIVE);
	assert_int_equal(back.address, 0xB8);
	assert_int_equal(back.blue_led, CHASSIS_LED_BLINKING);
	assert_true(back.bd_sel && back.healthy && back.powered);
	assert_false(back.own || back.ejector_open || back.enum_asserted || back.suffering);
	assert_int_equal(back.sensors, 12);
	assert_int_equal(back.severity, CHASSIS_SEVERITY_CRITICAL);
	assert_string_equal(back.name, "CP2300");
	assert_string_equal(back.worst, "CPU Temperature ");
	assert_int_equal(back.waiting, 3);
	assert_int_equal(back.room, 20);
	assert_int_equal(back.missed, 0x01020304);
	for (size_t length = 0; length < sizeof(golden); length++) {
		assert_int_equal(chassis_control_decode_place(golden, length, &back), -EBADMSG);
		assert_int_equal(chassis_control_encode_place(&place, data, length), -EMSGSIZE);
	}
	/* Every value one past its last. */
	for (size_t i = 0; i < 9; i++) {
		static const uint8_t past[] = {2, 0, CHASSIS_KIND_COUNT, CHASSIS_STATE_COUNT, 0,
			CHASSIS_LED_COUNT, 0, 0, CHASSIS_SEVERITY_COUNT};

		memcpy(data, golden, sizeof(golden));
		data[i] = past[i];
		assert_int_equal(chassis_control_decode_place(data, sizeof(golden), &back),
			past[i] ? -EBADMSG : 0);
	}
}

static void each_signal_has_a_bit_of_its_own(void **state)
{
	struct chassis_place place = {
		.own = true, .ejector_open = true, .enum_asserted = true, .suffering = true};
	uint8_t data[CHASSIS_ROW_MAX];
	struct chassis_place back;

	(void)state;
	assert_int_equal(chassis_control_encode_place(&place, data, sizeof(data)), 47);
	assert_int_equal(data[6], 0x53);
	assert_int_equal(chassis_control_decode_place(data, 47, &back), 0);
	assert_true(back.own && back.ejector_open && back.enum_asserted && back.suffering);
	assert_false(back.bd_sel || back.healthy || back.powered);
}

static void sensor_matches_the_golden_bytes(void **state)
{
	static const uint8_t golden[] = {1, 5, 3, 12, 0x30, 0x01, 0x01, CHASSIS_SEVERITY_OK, 0x05,
		0xF0, 0x01, 0x34, 0x12, 0xF0, 0xD8, 0xFF, 0xFF, 'I', 'n', 'l', 'e', 't', 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0};
	struct chassis_sensor sensor = {.place = 5,
		.index = 3,
		.count = 12,
		.number = 0x30,
		.type = 1,
		.event_type = 1,
		.threshold = true,
		.held = true,
		.raw = 0xF0,
		.unit = 1,
		.states = 0x1234,
		.value_milli = -10000,
		.name = "Inlet"};
	struct chassis_sensor back;
	uint8_t data[CHASSIS_ROW_MAX];

	(void)state;
	assert_int_equal(
		chassis_control_encode_sensor(&sensor, data, sizeof(data)), sizeof(golden));
	assert_memory_equal(data, golden, sizeof(golden));
	assert_int_equal(chassis_control_decode_sensor(golden, sizeof(golden), &back), 0);
	assert_int_equal(back.place, 5);
	assert_int_equal(back.index, 3);
	assert_int_equal(back.count, 12);
	assert_int_equal(back.number, 0x30);
	assert_int_equal(back.type, 1);
	assert_int_equal(back.event_type, 1);
	assert_true(back.threshold && back.held && !back.unavailable);
	assert_int_equal(back.raw, 0xF0);
	assert_int_equal(back.unit, 1);
	assert_int_equal(back.states, 0x1234);
	assert_int_equal(back.value_milli, -10000);
	assert_string_equal(back.name, "Inlet");
	sensor.value_milli = INT32_MIN;
	assert_int_equal(
		chassis_control_encode_sensor(&sensor, data, sizeof(data)), sizeof(golden));
	assert_int_equal(chassis_control_decode_sensor(data, sizeof(golden), &back), 0);
	assert_int_equal(back.value_milli, INT32_MIN);
	assert_int_equal(
		chassis_control_decode_sensor(golden, sizeof(golden) - 1, &back), -EBADMSG);
	data[2] = 12; /* of 12, the last is 11 */
	assert_int_equal(chassis_control_decode_sensor(data, sizeof(golden), &back), -EBADMSG);
}

static void fault_matches_the_golden_bytes(void **state)
{
	static const uint8_t golden[] = {1, 0, 2, CHASSIS_FAULT_LATE, 10, 7, 0x58, 0x1B, 0, 0, 0xFF,
		0xFF, 0xFF, 0xFF, 4, 3, 2, 1, 5, 0, 0, 0};
	struct chassis_fault fault = {.count = 2,
		.kind = CHASSIS_FAULT_LATE,
		.percent = 10,
		.place = 7,
		.by_ms = CHASSIS_FAULT_LATE_MS,
		.left_ms = CHASSIS_FAULT_UNTIL_ENDED,
		.hits = 0x01020304,
		.times = 5};
	struct chassis_fault back;
	uint8_t data[CHASSIS_ROW_MAX];

	(void)state;
	assert_int_equal(chassis_control_encode_fault(&fault, data, sizeof(data)), sizeof(golden));
	assert_memory_equal(data, golden, sizeof(golden));
	assert_int_equal(chassis_control_decode_fault(golden, sizeof(golden), &back), 0);
	assert_int_equal(back.count, 2);
	assert_int_equal(back.kind, CHASSIS_FAULT_LATE);
	assert_int_equal(back.percent, 10);
	assert_int_equal(back.place, 7);
	assert_int_equal(back.by_ms, CHASSIS_FAULT_LATE_MS);
	assert_true(back.left_ms == CHASSIS_FAULT_UNTIL_ENDED);
	assert_int_equal(back.hits, 0x01020304);
	assert_int_equal(back.times, 5);
	assert_int_equal(chassis_control_decode_fault(golden, sizeof(golden) - 1, &back), -EBADMSG);
}

/* ---- lines ---- */

static struct chassis_order order_of(const char *line)
{
	char error[CHASSIS_ERROR_SIZE];
	struct chassis_order order;

	if (chassis_order_parse(line, strlen(line), &order, error) != 0) {
		fail_msg("\"%s\": %s", line, error);
	}
	assert_string_equal(error, "");
	return order;
}

static void assert_error(const char *line, const char *expected)
{
	char error[CHASSIS_ERROR_SIZE];
	struct chassis_order order = {.place = 99};

	assert_int_equal(chassis_order_parse(line, strlen(line), &order, error), -EINVAL);
	assert_string_equal(error, expected);
	assert_int_equal(order.place, 99);
}

static void a_card_is_pulled_and_inserted(void **state)
{
	struct chassis_order order = order_of("pull 7");

	(void)state;
	assert_int_equal(order.verb, CHASSIS_PULL);
	assert_int_equal(order.place, 7);
	assert_false(order.now);
	assert_true(order_of("  pull\t40  now ").now);
	order = order_of("insert 7");
	assert_int_equal(order.verb, CHASSIS_INSERT);
	assert_int_equal(order.board, CHASSIS_KIND_EMPTY);
	assert_int_equal(order_of("insert 1 manager").board, CHASSIS_KIND_MANAGER);
	assert_int_equal(order_of("insert 28 fan-tray").board, CHASSIS_KIND_FAN_TRAY);
	order = order_of("reset 7");
	assert_int_equal(order.verb, CHASSIS_RESET);
	assert_int_equal(order.place, 7);
	assert_int_equal(order_of("reset").place, 0);
}

static void a_sensor_is_set(void **state)
{
	struct chassis_order order = order_of("set 7 'Cpu Temp' 95");

	(void)state;
	assert_int_equal(order.verb, CHASSIS_SET);
	assert_int_equal(order.place, 7);
	assert_string_equal(order.sensor, "Cpu Temp");
	assert_int_equal(order.value_kind, CHASSIS_VALUE_MILLI);
	assert_int_equal(order.value, 95000);
	order = order_of("set 7 0x30 -3.1234");
	assert_string_equal(order.sensor, "0x30");
	assert_int_equal(order.value, -3123);
	assert_int_equal(order_of("set 7 \"it's 16 letters\" 1.05").value, 1050);
	order = order_of("set 7 x raw 255");
	assert_int_equal(order.value_kind, CHASSIS_VALUE_RAW);
	assert_int_equal(order.value, 255);
	order = order_of("set 7 x state 0,3,14");
	assert_int_equal(order.value_kind, CHASSIS_VALUE_STATES);
	assert_int_equal(order.value, 0x4009);
	order = order_of("set 7 x state none");
	assert_int_equal(order.value_kind, CHASSIS_VALUE_STATES);
	assert_int_equal(order.value, 0);
	assert_int_equal(order_of("set 7 x auto").value_kind, CHASSIS_VALUE_AUTO);
}

static void a_fault_says_how_often_where_and_how_long(void **state)
{
	struct chassis_order order = order_of("fault lost 10% for 10s");

	(void)state;
	assert_int_equal(order.verb, CHASSIS_FAULT);
	assert_int_equal(order.fault, CHASSIS_FAULT_LOST);
	assert_int_equal(order.percent, 10);
	assert_int_equal(order.place, 0);
	assert_int_equal(order.for_ms, 10000);
	order = order_of("fault late by 250ms at 7 100%");
	assert_int_equal(order.fault, CHASSIS_FAULT_LATE);
	assert_int_equal(order.by_ms, 250);
	assert_int_equal(order.place, 7);
	assert_int_equal(order.percent, 100);
	assert_int_equal(order.for_ms, 0);
	assert_int_equal(order_of("fault late").by_ms, CHASSIS_FAULT_LATE_MS);
	assert_int_equal(order_of("fault silence for 86400").for_ms, CHASSIS_TIME_MS_MAX);
	order = order_of("fault lost 3 times at 7 50%");
	assert_int_equal(order.times, 3);
	assert_int_equal(order.place, 7);
	assert_int_equal(order.percent, 50);
	assert_int_equal(order_of("fault nak 1 time").times, 1);
	assert_int_equal(order_of("fault nak 1000000 times").times, CHASSIS_FAULT_TIMES_MAX);
	assert_int_equal(order_of("fault nak").times, 0);
	assert_int_equal(order_of("fault reset 1%").fault, CHASSIS_FAULT_RESET);
	assert_int_equal(order_of("fault failure at 24").place, 24);
	assert_int_equal(order_of("fault none").fault, CHASSIS_FAULT_NONE);
	assert_int_equal(order_of("fault none at 7").place, 7);
}

static void errors_name_what_is_wrong_and_what_there_is(void **state)
{
	(void)state;
	assert_error("", "order is missing; there are insert, pull, set, fault, reset");
	assert_error("pul 7", "\"pul\" is no order (did you mean \"pull\"?); there are insert, "
			      "pull, set, fault, reset");
	assert_error("pull", "which place? A slot's number, or one of those after the slots that "
			     "'vipmi chassis show' has");
	assert_error("pull 0", "\"0\" is no place: a number from 1 to 40, as 'vipmi chassis show' "
			       "has it");
	assert_error("pull 41", "\"41\" is no place: a number from 1 to 40, as 'vipmi chassis "
				"show' has it");
	assert_error("pull 7 soon", "what does \"soon\" mean behind \"pull\"?");
	assert_error("insert 7 empty", "\"empty\" is no kind of board; there are manager, fabric, "
				       "node, power-supply, fan-tray");
	assert_error("set 7", "which sensor? 'vipmi chassis show PLACE' has their names");
	assert_error("set 7 'Cpu 95", "a quote (' or \") is opened and never closed");
	assert_error("set 7 12345678901234567 9",
		"\"12345678901234567\" is longer than the 16 characters of a sensor's name");
	assert_error("set 7 x 9.", "\"9.\" is no value: a reading (95, -3.5), raw 0 to 255, state "
				   "1,3 (0 to 14), state none, or auto");
	assert_error("set 7 x raw 256", "\"256\" is no value: a reading (95, -3.5), raw 0 to 255, "
					"state 1,3 (0 to 14), state none, or auto");
	assert_error("set 7 x state 15", "\"15\" is no value: a reading (95, -3.5), raw 0 to 255, "
					 "state 1,3 (0 to 14), state none, or auto");
	assert_error("set 7 x state 1,", "\"1,\" is no value: a reading (95, -3.5), raw 0 to 255, "
					 "state 1,3 (0 to 14), state none, or auto");
	assert_error("fault lost 0%", "\"0%\" cannot stand in \"fault lost\": 10% (1 to 100), 3 "
				      "times, at PLACE, for 10s");
	assert_error("fault lost 0 times", "\"0\" cannot stand in \"fault lost\": 10% (1 to 100), "
					   "3 times, at PLACE, for 10s");
	assert_error("fault lost 1000001 times", "\"1000001\" cannot stand in \"fault lost\": 10% "
						 "(1 to 100), 3 times, at PLACE, for 10s");
	assert_error("fault lost 3", "\"3\" cannot stand in \"fault lost\": 10% (1 to 100), 3 "
				     "times, at PLACE, for 10s");
	assert_error(
		"fault stuck 3 times", "\"3\" cannot stand in \"fault stuck\": at PLACE, for 10s");
	assert_error("fault late 101%", "\"101%\" cannot stand in \"fault late\": 10% (1 to 100), "
					"3 times, by 7s, at PLACE, for 10s");
	assert_error("fault silence 10%",
		"\"10%\" cannot stand in \"fault silence\": at PLACE, for 10s");
	assert_error("fault none for 1s", "\"for\" cannot stand in \"fault none\": at PLACE");
	assert_error(
		"fault lost for 0s", "\"0s\" is no time for \"for\": 5s or 250ms, at most a day");
	assert_error("fault lost for 86401",
		"\"86401\" is no time for \"for\": 5s or 250ms, at most a day");
	assert_error("fault failure", "what is to fail? \"fault failure at PLACE\"");
	assert_error("reset\n", "the line has a control character in it");
}

static void a_line_has_an_end(void **state)
{
	char line[CHASSIS_LINE_MAX + 2];
	char error[CHASSIS_ERROR_SIZE];
	struct chassis_order order;

	(void)state;
	memset(line, ' ', sizeof(line));
	memcpy(line, "reset", 5);
	assert_int_equal(chassis_order_parse(line, CHASSIS_LINE_MAX, &order, error), 0);
	assert_int_equal(chassis_order_parse(line, CHASSIS_LINE_MAX + 1, &order, error), -EINVAL);
	/* A line of one-letter words; one long word, that the error has room for in part. */
	for (size_t i = 5; i < sizeof(line); i += 2) {
		line[i + 1 < sizeof(line) ? i + 1 : i] = 'x';
	}
	assert_int_equal(chassis_order_parse(line, CHASSIS_LINE_MAX, &order, error), -EINVAL);
	assert_string_equal(error, "too many words; one order a line, please");
	memset(line, 'x', sizeof(line));
	assert_int_equal(chassis_order_parse(line, CHASSIS_LINE_MAX, &order, error), -EINVAL);
	assert_int_equal(strlen(error), CHASSIS_TEXT_MAX);
}

static void every_number_has_its_word(void **state)
{
	(void)state;
	assert_string_equal(chassis_verb_name(CHASSIS_RESET), "reset");
	assert_string_equal(chassis_fault_name(CHASSIS_FAULT_NONE), "none");
	assert_string_equal(chassis_fault_name(CHASSIS_FAULT_FAILURE), "failure");
	assert_string_equal(chassis_fault_name(CHASSIS_FAULT_COUNT), "?");
	assert_string_equal(chassis_kind_name(CHASSIS_KIND_FAN_TRAY), "fan-tray");
	assert_string_equal(chassis_state_name(CHASSIS_STATE_FAILED), "failed");
	assert_string_equal(
		chassis_severity_name(CHASSIS_SEVERITY_NON_RECOVERABLE), "non-recoverable");
	assert_string_equal(chassis_led_name(CHASSIS_LED_BLINKING), "blinking");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_match_the_golden_bytes),
		cmocka_unit_test(only_the_magic_makes_it_ours),
		cmocka_unit_test(a_request_fits_or_is_not_written),
		cmocka_unit_test(result_has_a_status_and_a_text),
		cmocka_unit_test(whole_matches_the_golden_bytes),
		cmocka_unit_test(place_matches_the_golden_bytes),
		cmocka_unit_test(each_signal_has_a_bit_of_its_own),
		cmocka_unit_test(sensor_matches_the_golden_bytes),
		cmocka_unit_test(fault_matches_the_golden_bytes),
		cmocka_unit_test(a_card_is_pulled_and_inserted),
		cmocka_unit_test(a_sensor_is_set),
		cmocka_unit_test(a_fault_says_how_often_where_and_how_long),
		cmocka_unit_test(errors_name_what_is_wrong_and_what_there_is),
		cmocka_unit_test(a_line_has_an_end),
		cmocka_unit_test(every_number_has_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
