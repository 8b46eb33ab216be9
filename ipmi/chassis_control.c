/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipmi/chassis_control.h"

#include "base/bytes.h"

static const uint8_t magic[CHASSIS_MAGIC_SIZE] = {'v', 'i', 'p', 'm'};

/* Of the responses; a reader refuses what it does not know. */
#define LAYOUT 1

enum whole_flag {
	WHOLE_ENUM = 0x01,
};

enum place_flag {
	PLACE_OWN = 0x01,
	PLACE_EJECTOR_OPEN = 0x02,
	PLACE_BD_SEL = 0x04,
	PLACE_HEALTHY = 0x08,
	PLACE_ENUM = 0x10,
	PLACE_POWERED = 0x20,
	PLACE_SUFFERING = 0x40,
};

enum sensor_flag {
	SENSOR_THRESHOLD = 0x01,
	SENSOR_UNAVAILABLE = 0x02,
	SENSOR_HELD = 0x04,
};

static void write_name(struct writer *writer, const char *name)
{
	uint8_t *bytes = writer_reserve(writer, CHASSIS_NAME_MAX);
	size_t length = 0;

	if (!bytes) {
		return;
	}
	memset(bytes, 0, CHASSIS_NAME_MAX);
	while (length < CHASSIS_NAME_MAX && name[length]) {
		bytes[length] = (uint8_t)name[length];
		length++;
	}
}

/* Ends at the first zero: nothing behind it leaks into what is compared or printed. */
static void read_name(struct reader *reader, char name[CHASSIS_NAME_MAX + 1])
{
	const uint8_t *bytes = reader_bytes(reader, CHASSIS_NAME_MAX);
	size_t length = 0;

	memset(name, 0, CHASSIS_NAME_MAX + 1);
	while (bytes && length < CHASSIS_NAME_MAX && bytes[length]) {
		name[length] = (char)bytes[length];
		length++;
	}
}

static int written(const struct writer *writer)
{
	return writer->failed ? -EMSGSIZE : (int)writer_length(writer);
}

/* ---- requests ---- */

int chassis_control_encode_request(
	const struct chassis_control_request *request, uint8_t *data, size_t size)
{
	struct writer writer = writer_init(data, size);

	writer_bytes(&writer, magic, sizeof(magic));
	switch (request->command) {
	case CHASSIS_CONTROL:
		if (request->line_length > CHASSIS_LINE_MAX) {
			return -EMSGSIZE;
		}
		writer_bytes(&writer, request->line, request->line_length);
		break;
	case CHASSIS_GET_PLACE:
		writer_u8(&writer, request->place);
		break;
	case CHASSIS_GET_SENSOR:
		writer_u8(&writer, request->place);
		writer_u8(&writer, request->index);
		break;
	case CHASSIS_GET_FAULT:
		writer_u8(&writer, request->index);
		break;
	default:
		return -EINVAL;
	}
	return written(&writer);
}

int chassis_control_decode_request(uint8_t command, const uint8_t *data, size_t length,
	struct chassis_control_request *ret_request)
{
	struct reader reader = reader_init(data, length);
	struct chassis_control_request request = {.command = command};
	const uint8_t *start = reader_bytes(&reader, sizeof(magic));

	if (!start || memcmp(start, magic, sizeof(magic)) != 0) {
		return -ENOENT;
	}
	switch (command) {
	case CHASSIS_CONTROL:
		request.line_length = reader_left(&reader);
		if (request.line_length > CHASSIS_LINE_MAX) {
			return -EBADMSG;
		}
		request.line = (const char *)reader_bytes(&reader, request.line_length);
		break;
	case CHASSIS_GET_PLACE:
		request.place = reader_u8(&reader);
		break;
	case CHASSIS_GET_SENSOR:
		request.place = reader_u8(&reader);
		request.index = reader_u8(&reader);
		break;
	case CHASSIS_GET_FAULT:
		request.index = reader_u8(&reader);
		break;
	default:
		return -ENOENT;
	}
	if (reader.failed || reader_left(&reader) > 0) {
		return -EBADMSG;
	}
	*ret_request = request;
	return 0;
}

/* ---- Control ---- */

int chassis_control_encode_result(
	const struct chassis_control_result *result, uint8_t *data, size_t size)
{
	struct writer writer = writer_init(data, size);
	size_t length = 0;

	while (length < CHASSIS_TEXT_MAX && result->text[length]) {
		length++;
	}
	writer_u8(&writer, result->status);
	writer_bytes(&writer, result->text, length);
	return written(&writer);
}

int chassis_control_decode_result(
	const uint8_t *data, size_t length, struct chassis_control_result *ret_result)
{
	struct reader reader = reader_init(data, length);
	struct chassis_control_result result = {.status = reader_u8(&reader)};
	size_t text_length = reader_left(&reader);

	if (reader.failed || result.status > CHASSIS_STATUS_UNCLEAR ||
		text_length > CHASSIS_TEXT_MAX) {
		return -EBADMSG;
	}
	(void)reader_copy(&reader, result.text, text_length); /* as much as is left */
	*ret_result = result;
	return 0;
}

/* ---- Get Place ---- */

int chassis_control_encode_whole(const struct chassis_whole *whole, uint8_t *data, size_t size)
{
	struct writer writer = writer_init(data, size);

	writer_u8(&writer, LAYOUT);
	writer_u8(&writer, whole->slots);
	writer_u8(&writer, whole->places);
	writer_u8(&writer, whole->role);
	writer_u8(&writer, whole->own_place);
	writer_u8(&writer, whole->own_address);
	writer_u8(&writer, whole->faults);
	writer_u8(&writer, whole->enum_line ? WHOLE_ENUM : 0);
	writer_u64le(&writer, whole->seed);
	writer_u64le(&writer, whole->time_ms);
	write_name(&writer, whole->name);
	writer_u8(&writer, whole->manager);
	return written(&writer);
}

int chassis_control_decode_whole(
	const uint8_t *data, size_t length, struct chassis_whole *ret_whole)
{
	struct reader reader = reader_init(data, length);
	uint8_t layout = reader_u8(&reader);
	struct chassis_whole whole;

	whole.slots = reader_u8(&reader);
	whole.places = reader_u8(&reader);
	whole.role = reader_u8(&reader);
	whole.own_place = reader_u8(&reader);
	whole.own_address = reader_u8(&reader);
	whole.faults = reader_u8(&reader);
	whole.enum_line = reader_u8(&reader) & WHOLE_ENUM;
	whole.seed = reader_u64le(&reader);
	whole.time_ms = reader_u64le(&reader);
	read_name(&reader, whole.name);
	whole.manager = reader_u8(&reader);
	if (reader.failed || layout != LAYOUT || whole.places > CHASSIS_PLACES_MAX ||
		whole.slots > whole.places || whole.own_place > whole.places ||
		whole.manager > whole.places || whole.role > CHASSIS_ROLE_PERIPHERAL) {
		return -EBADMSG;
	}
	*ret_whole = whole;
	return 0;
}

int chassis_control_encode_place(const struct chassis_place *place, uint8_t *data, size_t size)
{
	struct writer writer = writer_init(data, size);

	writer_u8(&writer, LAYOUT);
	writer_u8(&writer, place->place);
	writer_u8(&writer, place->kind);
	writer_u8(&writer, place->state);
	writer_u8(&writer, place->address);
	writer_u8(&writer, place->blue_led);
	writer_u8(&writer, (uint8_t)((place->own ? PLACE_OWN : 0) |
				     (place->ejector_open ? PLACE_EJECTOR_OPEN : 0) |
				     (place->bd_sel ? PLACE_BD_SEL : 0) |
				     (place->healthy ? PLACE_HEALTHY : 0) |
				     (place->enum_asserted ? PLACE_ENUM : 0) |
				     (place->powered ? PLACE_POWERED : 0) |
				     (place->suffering ? PLACE_SUFFERING : 0)));
	writer_u8(&writer, place->sensors);
	writer_u8(&writer, place->severity);
	write_name(&writer, place->name);
	write_name(&writer, place->worst);
	writer_u8(&writer, place->waiting);
	writer_u8(&writer, place->room);
	writer_u32le(&writer, place->missed);
	return written(&writer);
}

int chassis_control_decode_place(
	const uint8_t *data, size_t length, struct chassis_place *ret_place)
{
	struct reader reader = reader_init(data, length);
	uint8_t layout = reader_u8(&reader), flags;
	struct chassis_place place;

	place.place = reader_u8(&reader);
	place.kind = reader_u8(&reader);
	place.state = reader_u8(&reader);
	place.address = reader_u8(&reader);
	place.blue_led = reader_u8(&reader);
	flags = reader_u8(&reader);
	place.own = flags & PLACE_OWN;
	place.ejector_open = flags & PLACE_EJECTOR_OPEN;
	place.bd_sel = flags & PLACE_BD_SEL;
	place.healthy = flags & PLACE_HEALTHY;
	place.enum_asserted = flags & PLACE_ENUM;
	place.powered = flags & PLACE_POWERED;
	place.suffering = flags & PLACE_SUFFERING;
	place.sensors = reader_u8(&reader);
	place.severity = reader_u8(&reader);
	read_name(&reader, place.name);
	read_name(&reader, place.worst);
	place.waiting = reader_u8(&reader);
	place.room = reader_u8(&reader);
	place.missed = reader_u32le(&reader);
	if (reader.failed || layout != LAYOUT || place.kind >= CHASSIS_KIND_COUNT ||
		place.state >= CHASSIS_STATE_COUNT || place.blue_led >= CHASSIS_LED_COUNT ||
		place.severity >= CHASSIS_SEVERITY_COUNT) {
		return -EBADMSG;
	}
	*ret_place = place;
	return 0;
}

/* ---- Get Sensor ---- */

int chassis_control_encode_sensor(const struct chassis_sensor *sensor, uint8_t *data, size_t size)
{
	struct writer writer = writer_init(data, size);

	writer_u8(&writer, LAYOUT);
	writer_u8(&writer, sensor->place);
	writer_u8(&writer, sensor->index);
	writer_u8(&writer, sensor->count);
	writer_u8(&writer, sensor->number);
	writer_u8(&writer, sensor->type);
	writer_u8(&writer, sensor->event_type);
	writer_u8(&writer, sensor->severity);
	writer_u8(&writer, (uint8_t)((sensor->threshold ? SENSOR_THRESHOLD : 0) |
				     (sensor->unavailable ? SENSOR_UNAVAILABLE : 0) |
				     (sensor->held ? SENSOR_HELD : 0)));
	writer_u8(&writer, sensor->raw);
	writer_u8(&writer, sensor->unit);
	writer_u16le(&writer, sensor->states);
	writer_u32le(&writer, (uint32_t)sensor->value_milli);
	write_name(&writer, sensor->name);
	return written(&writer);
}

/* Two's complement, without the conversion that C leaves to the compiler. */
static int32_t read_i32le(struct reader *reader)
{
	uint32_t bits = reader_u32le(reader);

	return bits <= INT32_MAX ? (int32_t)bits : -(int32_t)(UINT32_MAX - bits) - 1;
}

int chassis_control_decode_sensor(
	const uint8_t *data, size_t length, struct chassis_sensor *ret_sensor)
{
	struct reader reader = reader_init(data, length);
	uint8_t layout = reader_u8(&reader), flags;
	struct chassis_sensor sensor;

	sensor.place = reader_u8(&reader);
	sensor.index = reader_u8(&reader);
	sensor.count = reader_u8(&reader);
	sensor.number = reader_u8(&reader);
	sensor.type = reader_u8(&reader);
	sensor.event_type = reader_u8(&reader);
	sensor.severity = reader_u8(&reader);
	flags = reader_u8(&reader);
	sensor.threshold = flags & SENSOR_THRESHOLD;
	sensor.unavailable = flags & SENSOR_UNAVAILABLE;
	sensor.held = flags & SENSOR_HELD;
	sensor.raw = reader_u8(&reader);
	sensor.unit = reader_u8(&reader);
	sensor.states = reader_u16le(&reader);
	sensor.value_milli = read_i32le(&reader);
	read_name(&reader, sensor.name);
	if (reader.failed || layout != LAYOUT || sensor.index >= sensor.count ||
		sensor.severity >= CHASSIS_SEVERITY_COUNT) {
		return -EBADMSG;
	}
	*ret_sensor = sensor;
	return 0;
}

/* ---- Get Fault ---- */

int chassis_control_encode_fault(const struct chassis_fault *fault, uint8_t *data, size_t size)
{
	struct writer writer = writer_init(data, size);

	writer_u8(&writer, LAYOUT);
	writer_u8(&writer, fault->index);
	writer_u8(&writer, fault->count);
	writer_u8(&writer, fault->kind);
	writer_u8(&writer, fault->percent);
	writer_u8(&writer, fault->place);
	writer_u32le(&writer, fault->by_ms);
	writer_u32le(&writer, fault->left_ms);
	writer_u32le(&writer, fault->hits);
	writer_u32le(&writer, fault->times);
	return written(&writer);
}

int chassis_control_decode_fault(
	const uint8_t *data, size_t length, struct chassis_fault *ret_fault)
{
	struct reader reader = reader_init(data, length);
	uint8_t layout = reader_u8(&reader);
	struct chassis_fault fault;

	fault.index = reader_u8(&reader);
	fault.count = reader_u8(&reader);
	fault.kind = reader_u8(&reader);
	fault.percent = reader_u8(&reader);
	fault.place = reader_u8(&reader);
	fault.by_ms = reader_u32le(&reader);
	fault.left_ms = reader_u32le(&reader);
	fault.hits = reader_u32le(&reader);
	fault.times = reader_u32le(&reader);
	if (reader.failed || layout != LAYOUT || fault.index >= fault.count) {
		return -EBADMSG;
	}
	*ret_fault = fault;
	return 0;
}
