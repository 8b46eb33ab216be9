/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipmi/socket.h"

/* Lengths of values that are fixed (vipmi/protocol.h). */
#define TARGET_LENGTH 2
#define OPTION_LENGTH 5
#define ASYNC_LENGTH 10
#define LOSS_LENGTH 16
#define CONTROL_LENGTH 9
#define LEASE_LENGTH 4
#define FROM_LENGTH 26
#define SUBSCRIBED_LENGTH 16
#define REQUESTER_LENGTH 2
#define HOLDER_LENGTH (6 + VIPMI_COMMAND_LENGTH)
#define SEQUENCE_LENGTH 11
#define NUMBER_LENGTH 1

/* FIELD_* alone may come more than once in a message. */
#define REPEATABLE (1u << VIPMI_EXTENSION_FIELD_TEXT | 1u << VIPMI_EXTENSION_FIELD_NUMBER)

/* The checks and reads of a window whose size is a constant fold into plain loads. */
static inline void header_read(const uint8_t *bytes, struct socket_header *ret_header)
{
	struct reader reader = reader_init(bytes, VIPMI_HEADER_LENGTH);

	(void)reader_u16le(&reader); /* the length, looked at before */
	ret_header->type = reader_u8(&reader);
	ret_header->flags = reader_u8(&reader);
	ret_header->handle = reader_u32le(&reader);
	ret_header->tag = reader_u64le(&reader);
	ret_header->virtual_client = reader_u32le(&reader);
	ret_header->time_ms = reader_u32le(&reader);
	ret_header->netfn = reader_u8(&reader);
	ret_header->lun = reader_u8(&reader);
	ret_header->command = reader_u8(&reader);
	ret_header->cc = reader_u8(&reader);
	ret_header->origin = reader_u8(&reader);
	ret_header->class = reader_u8(&reader);
	ret_header->target_kind = reader_u8(&reader);
	ret_header->reason = reader_u8(&reader);
}

static inline int frame_check(const uint8_t *bytes, size_t length)
{
	struct reader reader = reader_init(bytes, length);

	if (length < VIPMI_HEADER_LENGTH) {
		return -ENODATA;
	}
	if (length > VIPMI_MESSAGE_MAX) {
		return -EMSGSIZE;
	}
	if (reader_u16le(&reader) != length) {
		return -EBADMSG;
	}
	/* Types are numbered from 1 without a gap. */
	if ((uint8_t)(reader_u8(&reader) - 1) >= VIPMI_MESSAGE_RESPOND) {
		return -EPROTO;
	}
	return 0;
}

int socket_header_decode(const void *bytes, size_t length, struct socket_header *ret_header)
{
	int result = frame_check(bytes, length);

	if (result) {
		return result;
	}
	header_read(bytes, ret_header);
	return 0;
}

/* Whether a value of this type may have this length. */
static bool length_allowed(uint8_t type, size_t length)
{
	switch (type) {
	case VIPMI_EXTENSION_TARGET:
		return length == TARGET_LENGTH;
	case VIPMI_EXTENSION_HELLO:
		return length >= VIPMI_HELLO_CLIENT_LENGTH;
	case VIPMI_EXTENSION_NAME:
		return length <= VIPMI_NAME_MAX;
	case VIPMI_EXTENSION_OPTION:
		return length == OPTION_LENGTH;
	case VIPMI_EXTENSION_ASYNC:
		return length == ASYNC_LENGTH;
	case VIPMI_EXTENSION_LOSS:
		return length == LOSS_LENGTH;
	case VIPMI_EXTENSION_CONTROL:
		return length == CONTROL_LENGTH;
	case VIPMI_EXTENSION_COMMANDS:
		return length > 0 && length % VIPMI_COMMAND_LENGTH == 0 &&
		       length <= VIPMI_COMMANDS_MAX * VIPMI_COMMAND_LENGTH;
	case VIPMI_EXTENSION_LEASE:
		return length == LEASE_LENGTH;
	case VIPMI_EXTENSION_HOLDER:
		return length == HOLDER_LENGTH;
	case VIPMI_EXTENSION_SEQUENCE:
		return length == SEQUENCE_LENGTH;
	case VIPMI_EXTENSION_NUMBER:
		return length == NUMBER_LENGTH;
	case VIPMI_EXTENSION_FILTER:
		return length > 0 && length % VIPMI_CLAUSE_LENGTH == 0 &&
		       length <= VIPMI_CLAUSES_MAX * VIPMI_CLAUSE_LENGTH;
	case VIPMI_EXTENSION_FROM:
		return length == FROM_LENGTH;
	case VIPMI_EXTENSION_SUBSCRIBED:
		return length == SUBSCRIBED_LENGTH;
	case VIPMI_EXTENSION_REQUESTER:
		return length == REQUESTER_LENGTH;
	default:
		return true;
	}
}

static inline bool type_known(uint8_t type)
{
	return type >= VIPMI_EXTENSION_TARGET && type <= VIPMI_EXTENSION_REQUESTER;
}

/* Walks all extensions before any is taken, so that a message is taken whole or not at all. */
static inline int extensions_check(struct reader reader, uint32_t *ret_present)
{
	uint32_t present = 0;

	while (reader_left(&reader) > 0) {
		uint8_t type = reader_u8(&reader);
		uint8_t flags = reader_u8(&reader);
		uint16_t length = reader_u16le(&reader);

		if (!reader_bytes(&reader, length)) {
			return -EOVERFLOW;
		}
		if (!type_known(type)) {
			if (flags & VIPMI_EXTENSION_CRITICAL) {
				return -EOPNOTSUPP;
			}
			continue;
		}
		if (present & 1u << type & ~REPEATABLE) {
			return -EEXIST;
		}
		if (!length_allowed(type, length)) {
			return -EINVAL;
		}
		present |= 1u << type;
	}
	*ret_present = present;
	return 0;
}

static inline void extension_take(
	uint8_t type, const uint8_t *bytes, size_t length, struct socket_message *message)
{
	struct socket_bytes value = {bytes, length};
	struct reader reader = reader_init(bytes, length);

	switch (type) {
	case VIPMI_EXTENSION_DATA:
		message->data = value;
		break;
	case VIPMI_EXTENSION_TARGET:
		message->target.channel = reader_u8(&reader);
		message->target.address = reader_u8(&reader);
		break;
	case VIPMI_EXTENSION_TEXT:
		message->text = value;
		break;
	case VIPMI_EXTENSION_HELLO:
		message->hello = value;
		break;
	case VIPMI_EXTENSION_NAME:
		message->name = value;
		break;
	case VIPMI_EXTENSION_OPTION:
		message->option.option = reader_u8(&reader);
		message->option.value = reader_u32le(&reader);
		break;
	case VIPMI_EXTENSION_ASYNC:
		message->async.number = reader_u64le(&reader);
		message->async.kind = reader_u8(&reader);
		message->async.channel = reader_u8(&reader);
		break;
	case VIPMI_EXTENSION_LOSS:
		message->loss.lost = reader_u64le(&reader);
		message->loss.next = reader_u64le(&reader);
		break;
	case VIPMI_EXTENSION_CONTROL:
		message->control.verb = reader_u8(&reader);
		message->control.argument = reader_u64le(&reader);
		break;
	case VIPMI_EXTENSION_COMMANDS:
		message->commands = value;
		break;
	case VIPMI_EXTENSION_LEASE:
		message->lease_ms = reader_u32le(&reader);
		break;
	case VIPMI_EXTENSION_HOLDER:
		message->holder.handle = reader_u32le(&reader);
		message->holder.index = reader_u16le(&reader);
		message->holder.command = (struct socket_bytes){reader.at, reader_left(&reader)};
		break;
	case VIPMI_EXTENSION_SEQUENCE:
		message->sequence.channel = reader_u8(&reader);
		message->sequence.address = reader_u8(&reader);
		message->sequence.count = reader_u8(&reader);
		message->sequence.numbers = reader_u64le(&reader);
		break;
	case VIPMI_EXTENSION_NUMBER:
		message->number = reader_u8(&reader);
		break;
	case VIPMI_EXTENSION_FILTER:
		message->clauses = value;
		break;
	case VIPMI_EXTENSION_FROM:
		message->from.from = reader_u8(&reader);
		message->from.exclusive = reader_u8(&reader);
		message->from.number = reader_u64le(&reader);
		(void)reader_copy(&reader, message->from.boot_id, sizeof(message->from.boot_id));
		break;
	case VIPMI_EXTENSION_SUBSCRIBED:
		message->subscribed.next = reader_u64le(&reader);
		message->subscribed.gap = reader_u64le(&reader);
		break;
	case VIPMI_EXTENSION_REQUESTER:
		message->requester.lun = reader_u8(&reader);
		message->requester.sequence = reader_u8(&reader);
		break;
	default:
		break; /* FIELD_*: socket_field_next reads them */
	}
}

int socket_decode(const void *bytes, size_t length, struct socket_message *ret_message)
{
	const uint8_t *start = bytes;
	struct reader reader;
	uint32_t present;
	int result = frame_check(start, length);

	if (result) {
		return result;
	}
	reader = reader_init(start + VIPMI_HEADER_LENGTH, length - VIPMI_HEADER_LENGTH);
	result = extensions_check(reader, &present);
	if (result) {
		return result;
	}
	header_read(start, &ret_message->header);
	ret_message->present = present;
	ret_message->data = (struct socket_bytes){NULL, 0};
	ret_message->text = (struct socket_bytes){NULL, 0};
	ret_message->name = (struct socket_bytes){NULL, 0};
	ret_message->hello = (struct socket_bytes){NULL, 0};
	ret_message->commands = (struct socket_bytes){NULL, 0};
	ret_message->clauses = (struct socket_bytes){NULL, 0};
	ret_message->lease_ms = 0;
	ret_message->fields = (struct socket_bytes){reader.at, reader_left(&reader)};
	while (reader_left(&reader) > 0) {
		uint8_t type = reader_u8(&reader);
		uint16_t value_length;

		(void)reader_u8(&reader); /* the flags */
		value_length = reader_u16le(&reader);
		extension_take(
			type, reader_bytes(&reader, value_length), value_length, ret_message);
	}
	return 0;
}

const char *socket_error_text(int error)
{
	switch (error) {
	case -ENODATA:
		return "message shorter than its header of 32 bytes";
	case -EMSGSIZE:
		return "message longer than 1024 bytes";
	case -EBADMSG:
		return "length field differs from the length of the record";
	case -EPROTO:
		return "unknown message type";
	case -EOVERFLOW:
		return "an extension passes the end of its message";
	case -EEXIST:
		return "an extension occurs twice";
	case -EINVAL:
		return "an extension has a length that its type does not allow";
	case -EOPNOTSUPP:
		return "critical extension of an unknown type";
	default:
		return "malformed message";
	}
}

const char *socket_type_name(uint8_t type)
{
	static const char *const names[] = {"(none)", "HELLO", "OPEN", "OPENED", "CLOSE", "CLOSED",
		"REQUEST", "ANSWER", "CANCEL", "SET", "DONE", "EVENT", "LOSS", "QUERY", "ROW",
		"END", "CONTROL", "ERROR", "RESERVE", "RELEASE", "SEQUENCE_RESERVE",
		"SEQUENCE_FREE", "SUBSCRIBE", "UNSUBSCRIBE", "RESPOND"};

	return type < ARRAY_LENGTH(names) ? names[type] : "(unknown)";
}

int socket_hello_decode(struct socket_bytes value, bool from_agent, struct socket_hello *ret_hello)
{
	struct reader reader = reader_init(value.bytes, value.length);
	struct socket_hello hello = {0};
	uint32_t magic = reader_u32le(&reader);

	hello.lowest = reader_u16le(&reader);
	hello.highest = reader_u16le(&reader);
	hello.features = reader_u64le(&reader);
	if (from_agent) {
		(void)reader_copy(&reader, hello.boot_id, sizeof(hello.boot_id));
		hello.epoch = reader_u32le(&reader);
		hello.capabilities = reader_u32le(&reader);
		hello.data_max = reader_u16le(&reader);
		hello.credit_max = reader_u16le(&reader);
		hello.handles_max = reader_u32le(&reader);
	}
	if (reader.failed) {
		return -EINVAL;
	}
	if (magic != VIPMI_PROTOCOL_MAGIC) {
		return -EBADMSG;
	}
	if (hello.lowest > hello.highest) {
		return -EINVAL;
	}
	*ret_hello = hello;
	return 0;
}

bool socket_field_next(struct socket_bytes *fields, struct socket_field *ret_field)
{
	struct reader reader = reader_init(fields->bytes, fields->length);

	while (reader_left(&reader) > 0) {
		uint8_t type = reader_u8(&reader);
		uint16_t length;
		struct reader value;
		struct socket_field field = {0};

		(void)reader_u8(&reader);
		length = reader_u16le(&reader);
		value = reader_init(reader_bytes(&reader, length), reader.failed ? 0 : length);
		if (type != VIPMI_EXTENSION_FIELD_TEXT && type != VIPMI_EXTENSION_FIELD_NUMBER) {
			continue;
		}
		field.name_length = reader_u8(&value);
		field.name = (const char *)reader_bytes(&value, field.name_length);
		field.is_number = type == VIPMI_EXTENSION_FIELD_NUMBER;
		if (field.is_number) {
			field.number = reader_u64le(&value);
		} else {
			field.text_length = reader_left(&value);
			field.text = (const char *)reader_bytes(&value, field.text_length);
		}
		if (value.failed) {
			return false;
		}
		fields->bytes = reader.at;
		fields->length = reader_left(&reader);
		*ret_field = field;
		return true;
	}
	return false;
}

static void command_read(struct reader *reader, struct socket_command *ret_command)
{
	ret_command->netfn = reader_u8(reader);
	ret_command->direction = reader_u8(reader);
	ret_command->command = reader_u16le(reader);
	ret_command->body = reader_u32le(reader);
	ret_command->channel = reader_u8(reader);
	ret_command->address = reader_u8(reader);
	ret_command->lun = reader_u8(reader);
	(void)reader_u8(reader);
}

bool socket_command_next(struct socket_bytes *commands, struct socket_command *ret_command)
{
	struct reader reader = reader_init(commands->bytes, commands->length);
	struct socket_command command;

	command_read(&reader, &command);
	if (reader.failed) {
		return false;
	}
	commands->bytes = reader.at;
	commands->length = reader_left(&reader);
	*ret_command = command;
	return true;
}

static void command_write(struct writer *writer, const struct socket_command *command)
{
	writer_u8(writer, command->netfn);
	writer_u8(writer, command->direction);
	writer_u16le(writer, command->command);
	writer_u32le(writer, command->body);
	writer_u8(writer, command->channel);
	writer_u8(writer, command->address);
	writer_u8(writer, command->lun);
	writer_u8(writer, 0);
}

static void extension_begin(
	struct writer *writer, enum vipmi_extension_type extension, size_t length)
{
	uint8_t *bytes;
	struct writer window;

	if (length > VIPMI_MESSAGE_MAX) {
		writer->failed = true;
		return;
	}
	bytes = writer_reserve(writer, VIPMI_EXTENSION_HEADER_LENGTH);
	if (!bytes) {
		return;
	}
	window = writer_init(bytes, VIPMI_EXTENSION_HEADER_LENGTH);
	writer_u8(&window, (uint8_t)extension);
	writer_u8(&window, 0);
	writer_u16le(&window, (uint16_t)length);
}

void socket_put(struct writer *writer, enum vipmi_extension_type extension, const void *value,
	size_t length)
{
	extension_begin(writer, extension, length);
	writer_bytes(writer, value, length);
}

void socket_put_target(struct writer *writer, uint8_t channel, uint8_t address)
{
	extension_begin(writer, VIPMI_EXTENSION_TARGET, TARGET_LENGTH);
	writer_u8(writer, channel);
	writer_u8(writer, address);
}

void socket_put_hello(struct writer *writer, bool from_agent, const struct socket_hello *hello)
{
	extension_begin(writer, VIPMI_EXTENSION_HELLO,
		from_agent ? VIPMI_HELLO_AGENT_LENGTH : VIPMI_HELLO_CLIENT_LENGTH);
	writer_u32le(writer, VIPMI_PROTOCOL_MAGIC);
	writer_u16le(writer, hello->lowest);
	writer_u16le(writer, hello->highest);
	writer_u64le(writer, hello->features);
	if (!from_agent) {
		return;
	}
	writer_bytes(writer, hello->boot_id, sizeof(hello->boot_id));
	writer_u32le(writer, hello->epoch);
	writer_u32le(writer, hello->capabilities);
	writer_u16le(writer, hello->data_max);
	writer_u16le(writer, hello->credit_max);
	writer_u32le(writer, hello->handles_max);
}

void socket_put_option(struct writer *writer, enum vipmi_option option, uint32_t value)
{
	extension_begin(writer, VIPMI_EXTENSION_OPTION, OPTION_LENGTH);
	writer_u8(writer, (uint8_t)option);
	writer_u32le(writer, value);
}

void socket_put_control(struct writer *writer, enum vipmi_control verb, uint64_t argument)
{
	extension_begin(writer, VIPMI_EXTENSION_CONTROL, CONTROL_LENGTH);
	writer_u8(writer, (uint8_t)verb);
	writer_u64le(writer, argument);
}

void socket_put_async(
	struct writer *writer, uint64_t number, enum vipmi_async_kind kind, uint8_t channel)
{
	extension_begin(writer, VIPMI_EXTENSION_ASYNC, ASYNC_LENGTH);
	writer_u64le(writer, number);
	writer_u8(writer, (uint8_t)kind);
	writer_u8(writer, channel);
}

void socket_put_commands(struct writer *writer, const struct socket_command *commands, size_t count)
{
	size_t i;

	extension_begin(writer, VIPMI_EXTENSION_COMMANDS, count * VIPMI_COMMAND_LENGTH);
	for (i = 0; i < count; i++) {
		command_write(writer, &commands[i]);
	}
}

void socket_put_lease(struct writer *writer, uint32_t lease_ms)
{
	extension_begin(writer, VIPMI_EXTENSION_LEASE, LEASE_LENGTH);
	writer_u32le(writer, lease_ms);
}

void socket_put_holder(struct writer *writer, uint32_t handle, uint16_t index,
	const struct socket_command *command)
{
	extension_begin(writer, VIPMI_EXTENSION_HOLDER, HOLDER_LENGTH);
	writer_u32le(writer, handle);
	writer_u16le(writer, index);
	command_write(writer, command);
}

void socket_put_sequence(
	struct writer *writer, uint8_t channel, uint8_t address, uint8_t count, uint64_t numbers)
{
	extension_begin(writer, VIPMI_EXTENSION_SEQUENCE, SEQUENCE_LENGTH);
	writer_u8(writer, channel);
	writer_u8(writer, address);
	writer_u8(writer, count);
	writer_u64le(writer, numbers);
}

void socket_put_number(struct writer *writer, uint8_t number)
{
	extension_begin(writer, VIPMI_EXTENSION_NUMBER, NUMBER_LENGTH);
	writer_u8(writer, number);
}

void socket_put_clauses(struct writer *writer, const struct socket_clause *clauses, size_t count)
{
	size_t i;

	extension_begin(writer, VIPMI_EXTENSION_FILTER, count * VIPMI_CLAUSE_LENGTH);
	for (i = 0; i < count; i++) {
		const struct socket_clause *clause = &clauses[i];

		writer_u8(writer, clause->kinds);
		writer_u8(writer, clause->directions);
		writer_u8(writer, clause->severity);
		writer_u8(writer, 0);
		writer_u16le(writer, clause->offsets);
		writer_u16le(writer, clause->sensor_type);
		writer_u16le(writer, clause->sensor);
		writer_u16le(writer, clause->netfn);
		writer_u16le(writer, clause->command);
		writer_u16le(writer, clause->channel);
		writer_u16le(writer, clause->address);
	}
}

bool socket_clause_next(struct socket_bytes *left, struct socket_clause *ret_clause)
{
	struct reader reader = reader_init(left->bytes, left->length);

	if (left->length < VIPMI_CLAUSE_LENGTH) {
		return false;
	}
	ret_clause->kinds = reader_u8(&reader);
	ret_clause->directions = reader_u8(&reader);
	ret_clause->severity = reader_u8(&reader);
	(void)reader_u8(&reader);
	ret_clause->offsets = reader_u16le(&reader);
	ret_clause->sensor_type = reader_u16le(&reader);
	ret_clause->sensor = reader_u16le(&reader);
	ret_clause->netfn = reader_u16le(&reader);
	ret_clause->command = reader_u16le(&reader);
	ret_clause->channel = reader_u16le(&reader);
	ret_clause->address = reader_u16le(&reader);
	left->bytes += VIPMI_CLAUSE_LENGTH;
	left->length -= VIPMI_CLAUSE_LENGTH;
	return true;
}

void socket_put_from(struct writer *writer, enum vipmi_from from, bool exclusive, uint64_t number,
	const uint8_t *boot_id)
{
	static const uint8_t none[16];

	extension_begin(writer, VIPMI_EXTENSION_FROM, FROM_LENGTH);
	writer_u8(writer, (uint8_t)from);
	writer_u8(writer, exclusive);
	writer_u64le(writer, number);
	writer_bytes(writer, boot_id ? boot_id : none, sizeof(none));
}

void socket_put_subscribed(struct writer *writer, uint64_t next, uint64_t gap)
{
	extension_begin(writer, VIPMI_EXTENSION_SUBSCRIBED, SUBSCRIBED_LENGTH);
	writer_u64le(writer, next);
	writer_u64le(writer, gap);
}

void socket_put_requester(struct writer *writer, uint8_t lun, uint8_t sequence)
{
	extension_begin(writer, VIPMI_EXTENSION_REQUESTER, REQUESTER_LENGTH);
	writer_u8(writer, lun);
	writer_u8(writer, sequence);
}

void socket_put_loss(struct writer *writer, uint64_t lost, uint64_t next)
{
	extension_begin(writer, VIPMI_EXTENSION_LOSS, LOSS_LENGTH);
	writer_u64le(writer, lost);
	writer_u64le(writer, next);
}

static void field_begin(struct writer *writer, enum vipmi_extension_type extension,
	const char *name, size_t value_length)
{
	size_t name_length = 0;

	while (name_length < UINT8_MAX && name[name_length]) {
		name_length++;
	}
	extension_begin(writer, extension, 1 + name_length + value_length);
	writer_u8(writer, (uint8_t)name_length);
	writer_bytes(writer, name, name_length);
}

void socket_put_field_text(
	struct writer *writer, const char *name, const char *text, size_t text_length)
{
	field_begin(writer, VIPMI_EXTENSION_FIELD_TEXT, name, text_length);
	writer_bytes(writer, text, text_length);
}

void socket_put_field_number(struct writer *writer, const char *name, uint64_t number)
{
	field_begin(writer, VIPMI_EXTENSION_FIELD_NUMBER, name, sizeof(number));
	writer_u64le(writer, number);
}

int socket_end(struct writer *writer)
{
	size_t length = writer_length(writer);
	struct writer window;

	if (writer->failed || length < VIPMI_HEADER_LENGTH || length > VIPMI_MESSAGE_MAX) {
		return -EMSGSIZE;
	}
	window = writer_init(writer->start, sizeof(uint16_t));
	writer_u16le(&window, (uint16_t)length);
	return (int)length;
}
