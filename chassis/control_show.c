/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the simulator shows of the chassis: rows of places, sensors and faults.
 */
#include "chassis/control.h"

#include "base/divide.h"
#include "chassis/text.h"

/* What a listing calls the drawer. */
#define NAME "CompactPCI"

/* ---- what there is ---- */

struct slot *control_slot(struct control *control, uint8_t place)
{
	return place > 0 && place <= control->backplane->places_count
		       ? &control->backplane->slots[place]
		       : NULL;
}

struct controller *control_controller(struct control *control, uint8_t place)
{
	struct slot *slot = control_slot(control, place);

	return slot && slot->controller && slot->controller->present ? slot->controller : NULL;
}

static void copy_name(char name[CHASSIS_NAME_MAX + 1], const char *text)
{
	memset(name, 0, CHASSIS_NAME_MAX + 1);
	memcpy(name, text, text_length(text, CHASSIS_NAME_MAX));
}

uint8_t control_kind(const struct board *board)
{
	static const uint8_t kinds[] = {
		[BOARD_MANAGER] = CHASSIS_KIND_MANAGER,
		[BOARD_FABRIC] = CHASSIS_KIND_FABRIC,
		[BOARD_NODE] = CHASSIS_KIND_NODE,
		[BOARD_POWER_SUPPLY] = CHASSIS_KIND_POWER_SUPPLY,
		[BOARD_FAN_TRAY] = CHASSIS_KIND_FAN_TRAY,
		[BOARD_PERIPHERAL] = CHASSIS_KIND_NODE,
	};

	return board->kind < ARRAY_LENGTH(kinds) ? kinds[board->kind] : CHASSIS_KIND_NODE;
}

/* Threshold sensors are as bad as the outermost threshold that is passed. A discrete one is taken
 * for bad when it is a fault of its slot, or its board failed and it is the one to say so. */
static uint8_t severity_of(
	const struct controller *controller, const struct sensor *sensor, uint64_t now_ns)
{
	uint8_t states;

	if (sensor->board->record != RECORD_FULL) {
		return controller->failed &&
				       sensor->board->number == controller->board->status_sensor
			       ? CHASSIS_SEVERITY_CRITICAL
			       : CHASSIS_SEVERITY_OK;
	}
	if (!sensor_available(controller, sensor)) {
		return CHASSIS_SEVERITY_OK;
	}
	states = sensor_comparison(sensor, sensor_reading(controller, sensor, now_ns));
	if (states & (1u << THRESHOLD_LNR | 1u << THRESHOLD_UNR)) {
		return CHASSIS_SEVERITY_NON_RECOVERABLE;
	}
	if (states & (1u << THRESHOLD_LC | 1u << THRESHOLD_UC)) {
		return CHASSIS_SEVERITY_CRITICAL;
	}
	return states ? CHASSIS_SEVERITY_NON_CRITICAL : CHASSIS_SEVERITY_OK;
}

static bool suffers(const struct control *control, uint8_t place)
{
	uint8_t i;

	for (i = 0; i < control->faults->count; i++) {
		if (control->faults->entries[i].place == place) {
			return true;
		}
	}
	return false;
}

static int show_whole(struct control *control, uint64_t now_ns, uint8_t *data, size_t size)
{
	const struct backplane *backplane = control->backplane;
	struct chassis_whole whole = {
		.slots = SLOTS,
		.places = backplane->places_count,
		.role = backplane->own->address == ADDRESS_BMC ? CHASSIS_ROLE_BMC
							       : CHASSIS_ROLE_PERIPHERAL,
		.own_place = backplane->own->slot,
		.own_address = backplane->own->address,
		.manager = backplane->manager ? backplane->manager->slot : 0,
		.enum_line = backplane_enum(backplane),
		.seed = control->seed,
		.time_ms = divide_u64(now_ns - control->started_ns, 1000000, NULL),
		.name = NAME,
	};

	whole.faults = control->faults->count;
	return chassis_control_encode_whole(&whole, data, size);
}

static int show_place(
	struct control *control, uint8_t number, uint64_t now_ns, uint8_t *data, size_t size)
{
	const struct slot *slot = control_slot(control, number);
	const struct controller *controller = control_controller(control, number);
	struct chassis_place place = {
		.place = number,
		.state = slot->state,
		.ejector_open = slot->ejector_open,
		.bd_sel = slot->bd_sel,
		.healthy = slot->healthy,
		.enum_asserted = slot->enumeration,
		.powered = slot->healthy,
		.blue_led = slot->blue_led ? CHASSIS_LED_ON : CHASSIS_LED_OFF,
		.suffering = suffers(control, number),
	};
	uint8_t i;

	if (!controller) {
		return chassis_control_encode_place(&place, data, size);
	}
	place.kind = control_kind(controller->board);
	place.address = controller->address;
	place.own = controller == control->backplane->own;
	if (controller_has(controller, FEATURE_SYSTEM_INTERFACE)) {
		place.waiting = (uint8_t)controller->messaging.queue_count;
		place.room = controller->board->receive_max;
	} else {
		place.waiting = controller->inbox.count;
		place.room = controller->board->requests_max;
	}
	place.missed = controller->missed;
	place.sensors = board_sensors_count(controller->board);
	copy_name(place.name, controller->board->name);
	for (i = 0; i < place.sensors; i++) {
		uint8_t severity = severity_of(controller, &controller->sensors[i], now_ns);

		if (severity > place.severity) {
			place.severity = severity;
			copy_name(place.worst, controller->sensors[i].board->name);
		}
	}
	return chassis_control_encode_place(&place, data, size);
}

/* ---- readings: y = (m * x + b * 10^b_exponent) * 10^exponent, in thousandths ---- */

static int64_t scaled(int64_t value, int exponent)
{
	for (; exponent > 0; exponent--) {
		value *= 10;
	}
	if (exponent < 0) {
		uint64_t magnitude = (uint64_t)(value < 0 ? -value : value);

		for (; exponent < 0; exponent++) {
			magnitude = divide_u64(magnitude, 10, NULL);
		}
		value = value < 0 ? -(int64_t)magnitude : (int64_t)magnitude;
	}
	return value;
}

static int32_t value_of(const struct board_sensor *sensor, uint8_t raw)
{
	int x = sensor->format == FORMAT_TWOS_COMPLEMENT ? (int8_t)raw : raw;
	/* Thousandfold from the start: no exponent here is below -3. */
	int64_t value = (int64_t)sensor->m * x * 1000 +
			scaled((int64_t)sensor->b * 1000, sensor->b_exponent);

	value = scaled(value, sensor->exponent);
	return value > INT32_MAX ? INT32_MAX : value < INT32_MIN ? INT32_MIN : (int32_t)value;
}

bool control_raw(const struct board_sensor *sensor, int32_t milli, uint8_t *ret_raw)
{
	int32_t best = INT32_MAX, step = value_of(sensor, 1) - value_of(sensor, 0);
	int raw;

	step = step < 0 ? -step : step;
	for (raw = 0; raw <= UINT8_MAX; raw++) {
		int64_t away = (int64_t)value_of(sensor, (uint8_t)raw) - milli;

		away = away < 0 ? -away : away;
		if (away < best) {
			best = (int32_t)away;
			*ret_raw = (uint8_t)raw;
		}
	}
	return best <= step;
}

static int show_sensor(struct control *control, uint8_t place, uint8_t index, uint64_t now_ns,
	uint8_t *data, size_t size)
{
	const struct controller *controller = control_controller(control, place);
	const struct sensor *sensor = &controller->sensors[index];
	struct chassis_sensor shown = {
		.place = place,
		.index = index,
		.count = board_sensors_count(controller->board),
		.number = sensor->board->number,
		.type = sensor->board->type,
		.event_type = sensor->board->reading_type,
		.severity = severity_of(controller, sensor, now_ns),
		.threshold = sensor->board->record == RECORD_FULL,
		.unavailable = !sensor_available(controller, sensor),
		.held = sensor->reading_set,
		.unit = sensor->board->unit,
		.states = sensor->states,
	};

	if (shown.threshold) {
		shown.raw = sensor_reading(controller, sensor, now_ns);
		shown.value_milli = value_of(sensor->board, shown.raw);
	}
	copy_name(shown.name, sensor->board->name);
	return chassis_control_encode_sensor(&shown, data, size);
}

static int show_fault(
	struct control *control, uint8_t index, uint64_t now_ns, uint8_t *data, size_t size)
{
	const struct fault *fault = &control->faults->entries[index];
	struct chassis_fault shown = {
		.index = index,
		.count = control->faults->count,
		.kind = fault->kind,
		.percent = fault->percent,
		.place = fault->place,
		.by_ms = fault->by_ms,
		.left_ms = CHASSIS_FAULT_UNTIL_ENDED,
		.hits = fault->hits,
		.times = fault->times ? fault->times - fault->hits : 0,
	};

	if (fault->until_ns != TIME_NEVER) {
		shown.left_ms = (uint32_t)divide_u64(fault->until_ns - now_ns, 1000000, NULL);
	}
	return chassis_control_encode_fault(&shown, data, size);
}

int control_show(struct control *control, const struct chassis_control_request *request,
	uint64_t now_ns, uint8_t *data, size_t size)
{
	const struct controller *controller;

	switch (request->command) {
	case CHASSIS_GET_PLACE:
		if (request->place == 0) {
			return show_whole(control, now_ns, data, size);
		}
		return control_slot(control, request->place)
			       ? show_place(control, request->place, now_ns, data, size)
			       : -ENOENT;
	case CHASSIS_GET_SENSOR:
		controller = control_controller(control, request->place);
		return controller && request->index < board_sensors_count(controller->board)
			       ? show_sensor(control, request->place, request->index, now_ns, data,
					 size)
			       : -ENOENT;
	default:
		return request->index < control->faults->count
			       ? show_fault(control, request->index, now_ns, data, size)
			       : -ENOENT;
	}
}
