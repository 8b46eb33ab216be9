/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the simulator does to the chassis when somebody tells it to.
 */
#include "chassis/control.h"

#include "chassis/environment.h"
#include "chassis/text.h"

/* The text of a result, piece by piece. */
static void say(struct chassis_control_result *result, const char *text)
{
	size_t length = text_length(result->text, CHASSIS_TEXT_MAX);
	size_t added = text_length(text, CHASSIS_TEXT_MAX - length);

	memcpy(result->text + length, text, added);
	result->text[length + added] = 0;
}

static void say_number(struct chassis_control_result *result, uint8_t number)
{
	char text[4] = {0}, *at = text;

	if (number >= 100) {
		*at++ = (char)('0' + number / 100);
	}
	if (number >= 10) {
		*at++ = (char)('0' + number / 10 % 10);
	}
	*at = (char)('0' + number % 10);
	say(result, text);
}

static void say_place(struct chassis_control_result *result, uint8_t place)
{
	say(result, place <= SLOTS ? "slot " : "place ");
	say_number(result, place);
}

static void refuse(struct chassis_control_result *result, uint8_t place, const char *why)
{
	result->status = CHASSIS_STATUS_REFUSED;
	say_place(result, place);
	say(result, why);
}

static void insert(struct control *control, const struct chassis_order *order, uint64_t now_ns,
	struct chassis_control_result *result)
{
	const struct slot *slot = control_slot(control, order->place);

	if (!slot || !slot->controller) {
		refuse(result, order->place, ": no board belongs there");
		return;
	}
	if (order->board != CHASSIS_KIND_EMPTY &&
		order->board != control_kind(slot->controller->board)) {
		refuse(result, order->place, " is for another kind of board: ");
		say(result, chassis_kind_name(control_kind(slot->controller->board)));
		return;
	}
	if (backplane_insert(control->backplane, order->place, now_ns) < 0) {
		refuse(result, order->place, " is taken; 'pull' takes the board out");
		return;
	}
	say_place(result, order->place);
	say(result, ": ");
	say(result, slot->controller->board->name);
	say(result, " is in, its ejector is being closed");
}

static void pull(struct control *control, const struct chassis_order *order, uint64_t now_ns,
	struct chassis_control_result *result)
{
	switch (backplane_pull(control->backplane, order->place, order->now, now_ns)) {
	case 0:
		say_place(result, order->place);
		say(result, order->now
				    ? ": torn out"
				    : ": ejector opened; the board leaves when its blue LED is on");
		break;
	case -EPERM:
		refuse(result, order->place, " holds our own card, which cannot leave us");
		break;
	case -EALREADY:
		refuse(result, order->place, " is on its way out already");
		break;
	default:
		refuse(result, order->place, " is empty; 'insert' puts a board in");
	}
}

/* ---- set ---- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(const char *a, const char *b)
{
	while (*a && lower(*a) == lower(*b)) {
		a++;
		b++;
	}
	return lower(*a) == lower(*b);
}

/* "0x4a", "74"; -1: no number. */
static int number_of(const char *text)
{
	bool hex = text[0] == '0' && lower(text[1]) == 'x';
	int base = hex ? 16 : 10, number = 0;

	text += hex ? 2 : 0;
	if (!*text) {
		return -1;
	}
	for (; *text; text++) {
		char c = lower(*text);
		int digit = c >= '0' && c <= '9'          ? c - '0'
			    : hex && c >= 'a' && c <= 'f' ? c - 'a' + 10
							  : -1;

		number = number * base + digit;
		if (digit < 0 || number > UINT8_MAX) {
			return -1;
		}
	}
	return number;
}

static struct sensor *named_sensor(struct controller *controller, const char *name)
{
	uint8_t i, count = board_sensors_count(controller->board);
	int number;

	for (i = 0; i < count; i++) {
		if (same_name(controller->sensors[i].board->name, name)) {
			return &controller->sensors[i];
		}
	}
	number = number_of(name);
	return number < 0 ? NULL : sensor_find(controller, (uint8_t)number);
}

/* What is wrong with the value, or NULL; *ret_raw the byte that it is. */
static const char *value_error(
	const struct sensor *sensor, const struct chassis_order *order, uint8_t *ret_raw)
{
	const struct board_sensor *board = sensor->board;

	switch (order->value_kind) {
	case CHASSIS_VALUE_STATES:
		if (board->record == RECORD_FULL) {
			return ": a sensor with readings; give it a number";
		}
		return order->value & ~board->states ? ": it does not have all these states" : NULL;
	case CHASSIS_VALUE_AUTO:
		return NULL;
	default:
		break;
	}
	if (board->record != RECORD_FULL) {
		return ": a sensor with states; \"state 1,3\" sets them, \"state none\" clears all";
	}
	*ret_raw = (uint8_t)order->value;
	if (order->value_kind == CHASSIS_VALUE_MILLI &&
		!control_raw(board, order->value, ret_raw)) {
		return ": it cannot show such a reading";
	}
	return NULL;
}

static void set(struct control *control, const struct chassis_order *order, uint64_t now_ns,
	struct chassis_control_result *result)
{
	struct controller *controller = control_controller(control, order->place);
	struct sensor *sensor = controller ? named_sensor(controller, order->sensor) : NULL;
	const char *error;
	uint8_t raw = 0;

	if (!sensor) {
		refuse(result, order->place, controller ? " has no sensor \"" : " is empty: no \"");
		say(result, order->sensor);
		say(result, "\"");
		return;
	}
	error = value_error(sensor, order, &raw);
	if (error) {
		result->status = CHASSIS_STATUS_REFUSED;
		say(result, sensor->board->name);
		say(result, error);
		return;
	}
	if (sensor->board->record == RECORD_FULL) {
		sensor->reading = raw;
		sensor->reading_set = order->value_kind != CHASSIS_VALUE_AUTO;
		sensor_evaluate(controller, sensor, now_ns);
	} else {
		sensor->reading_set = order->value_kind != CHASSIS_VALUE_AUTO;
		sensor_set_states(controller, sensor,
			sensor->reading_set ? (uint16_t)order->value : sensor->board->initial, 0xFF,
			0xFF, now_ns);
	}
	say_place(result, order->place);
	say(result, ": ");
	say(result, sensor->board->name);
	say(result, sensor->reading_set ? " is held there" : " goes its own way again");
}

/* ---- fault, reset ---- */

/* What is wrong with the place of a fault, or NULL. */
static const char *place_error(struct control *control, const struct chassis_order *order)
{
	const struct slot *slot = control_slot(control, order->place);
	bool own = slot && slot->controller == control->backplane->own;

	if (order->place == 0) {
		return NULL;
	}
	if (!slot || !slot->controller) {
		return ": no board belongs there";
	}
	switch (order->fault) {
	case CHASSIS_FAULT_STICKY:
		return own ? NULL : " has no host whose event flag could stick; ours has";
	case CHASSIS_FAULT_STUCK:
		return ": all share one IPMB; say \"fault stuck\"";
	case CHASSIS_FAULT_FAILURE:
		return own ? " has our own board, which does not fail" : NULL;
	default:
		return NULL;
	}
}

static void inject(struct control *control, const struct chassis_order *order, uint64_t now_ns,
	struct chassis_control_result *result)
{
	struct fault fault = {
		.kind = order->fault,
		.place = order->place,
		.percent = order->percent,
		.by_ms = order->by_ms,
		.times = order->times,
		.until_ns = TIME_NEVER,
	};
	const char *error = place_error(control, order);

	if (error) {
		refuse(result, order->place, error);
		return;
	}
	if (order->for_ms > 0) {
		fault.until_ns = now_ns + order->for_ms * NSEC_PER_MSEC_U64;
	}
	if (order->fault == CHASSIS_FAULT_NONE) {
		faults_clear(control->faults, order->place);
		say(result, order->place ? "no more faults at " : "no more faults");
		if (order->place) {
			say_place(result, order->place);
		}
	} else if (!faults_add(control->faults, &fault)) {
		result->status = CHASSIS_STATUS_REFUSED;
		say(result, "there are as many faults as can be; 'fault none' ends them");
	} else {
		say(result, chassis_fault_name(order->fault));
		say(result, " from now on");
	}
	environment_due(control->backplane, now_ns);
}

/* Everything that somebody meddled with is as it was. */
static void restore(struct control *control, uint64_t now_ns)
{
	uint8_t i, j;

	faults_clear(control->faults, 0);
	for (i = 1; i <= control->backplane->places_count; i++) {
		struct controller *controller = control_controller(control, i);

		(void)backplane_insert(control->backplane, i, now_ns); /* where one is missing */
		for (j = 0; controller && j < board_sensors_count(controller->board); j++) {
			struct sensor *sensor = &controller->sensors[j];

			if (!sensor->reading_set) {
				continue;
			}
			sensor->reading_set = false;
			if (sensor->board->record != RECORD_FULL) {
				sensor_set_states(controller, sensor, sensor->board->initial, 0xFF,
					0xFF, now_ns);
			}
			sensor_evaluate(controller, sensor, now_ns);
		}
	}
	environment_due(control->backplane, now_ns);
}

static void reset(struct control *control, const struct chassis_order *order, uint64_t now_ns,
	struct chassis_control_result *result)
{
	struct controller *controller = control_controller(control, order->place);

	if (order->place == 0) {
		restore(control, now_ns);
		say(result, "all boards are in, or on their way; no faults, nothing is held");
	} else if (!controller) {
		refuse(result, order->place, " is empty; 'insert' puts a board in");
	} else {
		controller_restart(controller, now_ns);
		say_place(result, order->place);
		say(result, ": its controller restarts");
	}
}

void control_obey(struct control *control, const char *line, size_t length, uint64_t now_ns,
	struct chassis_control_result *ret_result)
{
	struct chassis_control_result result = {.status = CHASSIS_STATUS_DONE};
	struct chassis_order order;

	faults_expire(control->faults, now_ns);
	if (chassis_order_parse(line, length, &order, result.text) < 0) {
		result.status = CHASSIS_STATUS_UNCLEAR;
		*ret_result = result;
		return;
	}
	switch (order.verb) {
	case CHASSIS_INSERT:
		insert(control, &order, now_ns, &result);
		break;
	case CHASSIS_PULL:
		pull(control, &order, now_ns, &result);
		break;
	case CHASSIS_SET:
		set(control, &order, now_ns, &result);
		break;
	case CHASSIS_FAULT:
		inject(control, &order, now_ns, &result);
		break;
	default:
		reset(control, &order, now_ns, &result);
	}
	*ret_result = result;
}

static int obey(struct control *control, const struct chassis_control_request *request,
	uint64_t now_ns, uint8_t *data, size_t size)
{
	struct chassis_control_result result;

	control_obey(control, request->line, request->line_length, now_ns, &result);
	return chassis_control_encode_result(&result, data, size);
}

/* ---- the door ---- */

bool control_execute(struct control *control, const struct exchange *exchange, uint8_t *ret_cc,
	struct writer *response)
{
	struct chassis_control_request request;
	uint8_t data[1 + CHASSIS_TEXT_MAX];
	int length = chassis_control_decode_request(
		exchange->command, exchange->request.at, reader_left(&exchange->request), &request);

	if (exchange->netfn != CHASSIS_CONTROL_NETFN || length == -ENOENT) {
		return false;
	}
	if (length < 0) {
		*ret_cc = VIPMI_CC_LENGTH_INVALID;
		return true;
	}
	faults_expire(control->faults, exchange->now_ns);
	length = request.command == CHASSIS_CONTROL
			 ? obey(control, &request, exchange->now_ns, data, sizeof(data))
			 : control_show(control, &request, exchange->now_ns, data, sizeof(data));
	*ret_cc = length < 0 ? VIPMI_CC_NOT_PRESENT : VIPMI_CC_OK;
	if (length > 0) {
		writer_bytes(response, data, (size_t)length);
	}
	return true;
}
