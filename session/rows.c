/* SPDX-License-Identifier: BSD-2-Clause */
#include "session/rows.h"

#include "base/assert.h"
#include "base/divide.h"
#include "ipmi/command.h"

static void row_text(struct writer *writer, const char *name, const char *text, size_t most)
{
	socket_put_field_text(writer, name, text, session_text_length(text, most));
}

static const char *const object_names[] = {
	[SESSION_OBJECT_STATUS] = "status",
	[SESSION_OBJECT_CLIENT] = "client",
	[SESSION_OBJECT_COUNTER] = "counter",
	[SESSION_OBJECT_RESERVATION] = "reservation",
	[SESSION_OBJECT_SEQUENCE] = "sequence",
	[SESSION_OBJECT_EVENT] = "event",
	[SESSION_OBJECT_NODE] = "node",
};

enum session_object session_object_named(const uint8_t *name, size_t length)
{
	size_t i;

	for (i = SESSION_OBJECT_NONE + 1; i < ARRAY_LENGTH(object_names); i++) {
		if (session_text_length(object_names[i], length + 1) == length &&
			memcmp(object_names[i], name, length) == 0) {
			return (enum session_object)i;
		}
	}
	return SESSION_OBJECT_NONE;
}

uint32_t session_capabilities(const struct core_status *status)
{
	const struct core_link_capabilities *link = &status->link;

	return (link->wire_sequence ? VIPMI_CAPABILITY_WIRE_SEQUENCE : 0u) |
	       (link->raw_bridge ? VIPMI_CAPABILITY_RAW_BRIDGE : 0u) |
	       (link->owns_flags ? VIPMI_CAPABILITY_OWNS_FLAGS : 0u) |
	       (link->inbound_any ? VIPMI_CAPABILITY_INBOUND_ANY : 0u) |
	       (link->simulated ? VIPMI_CAPABILITY_SIMULATED : 0u) |
	       (status->link_up && status->responsive ? VIPMI_CAPABILITY_UP : 0u);
}

static uint64_t milliseconds(uint64_t ns)
{
	return divide_u64(ns, (uint32_t)NSEC_PER_MSEC_U64, NULL);
}

static uint64_t elapsed_ms(uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns ? milliseconds(to_ns - from_ns) : 0;
}

static bool row_status(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, struct writer *writer)
{
	const struct core_status *status = &scratch->status;
	const struct {
		const char *name;
		uint64_t value;
	} numbers[] = {
		{"up", status->link_up},
		{"responsive", status->responsive},
		{"simulated", status->link.simulated},
		{"wire_sequence", status->link.wire_sequence},
		{"raw_bridge", status->link.raw_bridge},
		{"owns_flags", status->link.owns_flags},
		{"window", status->link.window},
		{"bus_window", status->link.bus_window},
		{"epoch", status->epoch},
		{"clients", status->clients},
		{"handles", status->handles},
		{"handles_max", status->handles_max},
		{"requests", status->requests},
		{"requests_max", status->requests_max},
		{"credit_max", status->credit_max},
		{"queued", status->queued},
		{"in_flight", status->in_flight},
		{"bridged", status->bridged},
		{"unread", status->unread},
		{"busy_ms", milliseconds(status->busy_ns)},
		{"uptime_ms", elapsed_ms(status->started_ns, status->now_ns)},
	};
	size_t i;

	if (session->cursor++ > 0) {
		return false;
	}
	row_text(writer, "link", host->link, SESSION_TEXT_MAX);
	row_text(writer, "version", host->version, SESSION_TEXT_MAX);
	for (i = 0; i < ARRAY_LENGTH(numbers); i++) {
		socket_put_field_number(writer, numbers[i].name, numbers[i].value);
	}
	return true;
}

static const char *class_name(uint8_t class)
{
	static const char *const names[VIPMI_CLASS_COUNT] = {
		[VIPMI_CLASS_URGENT] = "urgent",
		[VIPMI_CLASS_NORMAL] = "normal",
		[VIPMI_CLASS_BACKGROUND] = "background",
	};

	return class < VIPMI_CLASS_COUNT ? names[class] : "unknown";
}

static bool row_client(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, struct writer *writer)
{
	const struct core_handle_info *info = &scratch->info;

	if (!host->handle_next(host->context, &session->cursor, &scratch->info)) {
		return false;
	}
	socket_put_field_number(writer, "client", info->client);
	socket_put_field_number(writer, "handle", info->handle);
	socket_put_field_number(writer, "pid", info->credentials.pid);
	socket_put_field_number(writer, "uid", info->credentials.uid);
	socket_put_field_number(writer, "gid", info->credentials.gid);
	row_text(writer, "name", info->name, sizeof(info->name));
	row_text(writer, "class", class_name(info->class), SESSION_TEXT_MAX);
	socket_put_field_number(writer, "events", info->events);
	socket_put_field_number(writer, "exclusive", info->exclusive);
	socket_put_field_number(writer, "blocked", info->blocked);
	socket_put_field_number(
		writer, "open_ms", elapsed_ms(info->opened_ns, scratch->status.now_ns));
	socket_put_field_number(writer, "queued", info->queued);
	socket_put_field_number(writer, "in_flight", info->in_flight);
	socket_put_field_number(writer, "unread", info->unread);
	socket_put_field_number(writer, "requests", info->requests);
	socket_put_field_number(writer, "answers", info->answers);
	socket_put_field_number(writer, "controller_ms", milliseconds(info->controller_ns));
	socket_put_field_number(writer, "events_lost", info->events_lost);
	return true;
}

static bool row_counter(
	struct session *session, struct session_scratch *scratch, struct writer *writer)
{
	enum core_counter counter = (enum core_counter)session->cursor;

	if (session->cursor >= CORE_COUNTER_COUNT) {
		return false;
	}
	session->cursor++;
	row_text(writer, "name", core_counter_name(counter), SESSION_TEXT_MAX);
	socket_put_field_number(writer, "value", scratch->status.counters[counter]);
	row_text(writer, "text", core_counter_text(counter), SESSION_TEXT_MAX);
	return true;
}

/* A wildcard is left out: what is not named is any. */
static void row_unless(struct writer *writer, const char *name, uint32_t value, uint32_t all)
{
	if (value != all) {
		socket_put_field_number(writer, name, value);
	}
}

static bool row_reservation(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, struct writer *writer)
{
	static const char *const directions[] = {
		[CORE_DIRECTION_SEND] = "send",
		[CORE_DIRECTION_RECEIVE] = "receive",
		[CORE_DIRECTION_BOTH] = "both",
	};
	const struct core_command_info *info = &scratch->command;

	if (!host->command_next(host->context, &session->cursor, &scratch->command)) {
		return false;
	}
	socket_put_field_number(writer, "number", info->number);
	socket_put_field_number(writer, "handle", info->handle);
	socket_put_field_number(writer, "netfn", info->what.netfn);
	row_unless(writer, "command", info->what.command, CORE_ALL_COMMANDS);
	row_unless(writer, "body", info->what.body, CORE_ALL_BODIES);
	row_unless(writer, "channel", info->what.channel, CORE_ALL);
	row_unless(writer, "address", info->what.address, CORE_ALL);
	row_unless(writer, "lun", info->what.lun, CORE_ALL);
	row_text(writer, "direction", directions[info->what.direction & CORE_DIRECTION_BOTH],
		SESSION_TEXT_MAX);
	if (info->until_ns != TIME_NEVER) {
		socket_put_field_number(
			writer, "left_ms", elapsed_ms(scratch->status.now_ns, info->until_ns));
	}
	return true;
}

static bool row_sequence(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, struct writer *writer)
{
	const struct core_sequence_info *info = &scratch->sequence;

	if (!host->sequence_next(host->context, &session->cursor, &scratch->sequence)) {
		return false;
	}
	socket_put_field_number(writer, "channel", info->channel);
	socket_put_field_number(writer, "address", info->address);
	socket_put_field_number(writer, "number", info->number);
	row_text(writer, "state",
		info->used      ? "used"
		: info->resting ? "resting"
				: "free",
		SESSION_TEXT_MAX);
	socket_put_field_number(writer, "reserved", info->reserved);
	socket_put_field_number(writer, "handle", info->handle);
	socket_put_field_number(writer, "virtual_client", info->virtual_client);
	row_text(writer, "where", info->on_wire ? "bus" : "virtual", SESSION_TEXT_MAX);
	return true;
}

static const char *kind_name(uint8_t kind)
{
	static const char *const names[VIPMI_ASYNC_COUNT] = {
		[VIPMI_ASYNC_EVENT] = "event",
		[VIPMI_ASYNC_REQUEST] = "request",
		[VIPMI_ASYNC_WATCHDOG] = "watchdog",
		[VIPMI_ASYNC_LOST] = "lost",
		[VIPMI_ASYNC_BACK] = "back",
		[VIPMI_ASYNC_RESET] = "reset",
	};

	return kind < VIPMI_ASYNC_COUNT && names[kind] ? names[kind] : "unknown";
}

/* Data as hexadecimal digits; who lists it takes it apart. */
static void row_data(struct writer *writer, const uint8_t *data, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * CORE_MESSAGE_DATA_MAX];
	size_t i;

	for (i = 0; i < length; i++) {
		text[2 * i] = digits[data[i] >> 4];
		text[2 * i + 1] = digits[data[i] & 0xF];
	}
	socket_put_field_text(writer, "data", text, 2 * length);
}

static bool row_event(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, struct writer *writer)
{
	const struct core_message_info *info = &scratch->kept;

	if (!host->message_next(host->context, &session->message, &scratch->kept)) {
		return false;
	}
	socket_put_field_number(writer, "number", info->number);
	socket_put_field_number(
		writer, "age_ms", elapsed_ms(info->received_ns, scratch->status.now_ns));
	row_text(writer, "kind", kind_name(info->kind), SESSION_TEXT_MAX);
	row_unless(writer, "handle", info->holder, 0);
	if (info->kind == VIPMI_ASYNC_EVENT || info->kind == VIPMI_ASYNC_REQUEST) {
		socket_put_field_number(writer, "channel", info->channel);
		socket_put_field_number(writer, "address", info->address);
	}
	if (info->kind == VIPMI_ASYNC_REQUEST) {
		socket_put_field_number(writer, "lun", info->lun);
		socket_put_field_number(writer, "netfn", info->netfn);
		socket_put_field_number(writer, "command", info->command);
	}
	row_data(writer, info->data, info->length);
	return true;
}

static bool row_node(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, struct writer *writer)
{
	const struct session_node_info *info = &scratch->node;

	if (!host->node_next || !host->node_next(host->context, &session->cursor, &scratch->node)) {
		return false;
	}
	socket_put_field_number(writer, "number", info->number);
	row_text(writer, "name", info->name, sizeof(info->name));
	socket_put_field_number(writer, "handle", info->handle);
	row_text(writer, "class", class_name(info->class), SESSION_TEXT_MAX);
	row_text(writer, "privilege", ipmi_privilege_name(info->privilege), SESSION_TEXT_MAX);
	return true;
}

int session_row(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	struct writer writer = writer_init(reply, VIPMI_MESSAGE_MAX);
	struct socket_header header = {.type = VIPMI_MESSAGE_ROW, .tag = session->tag};
	bool another = false;
	int length;

	host->status(host->context, &scratch->status);
	socket_begin(&writer, &header);
	switch (session->object) {
	case SESSION_OBJECT_STATUS:
		another = row_status(session, host, scratch, &writer);
		break;
	case SESSION_OBJECT_CLIENT:
		another = row_client(session, host, scratch, &writer);
		break;
	case SESSION_OBJECT_COUNTER:
		another = row_counter(session, scratch, &writer);
		break;
	case SESSION_OBJECT_RESERVATION:
		another = row_reservation(session, host, scratch, &writer);
		break;
	case SESSION_OBJECT_SEQUENCE:
		another = row_sequence(session, host, scratch, &writer);
		break;
	case SESSION_OBJECT_EVENT:
		another = row_event(session, host, scratch, &writer);
		break;
	case SESSION_OBJECT_NODE:
		another = row_node(session, host, scratch, &writer);
		break;
	default:
		break;
	}
	if (!another) {
		session->object = SESSION_OBJECT_NONE;
		header.type = VIPMI_MESSAGE_END;
		writer = writer_init(reply, VIPMI_MESSAGE_MAX);
		socket_begin(&writer, &header);
	}
	length = socket_end(&writer);
	BASE_ASSERT(length > 0);
	return length > 0 ? length : 0;
}
