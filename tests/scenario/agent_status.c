/* SPDX-License-Identifier: BSD-2-Clause */
/* What an agent says of itself, on a connection that is there for the question. */
#include "tests/scenario/agent.h"

#include <stdio.h>
#include <unistd.h>

static void status_field(struct core_status *status, const char *name, uint64_t value)
{
	const struct {
		const char *name;
		uint32_t *value;
	} numbers[] = {
		{"epoch", &status->epoch},
		{"clients", &status->clients},
		{"handles", &status->handles},
		{"requests", &status->requests},
		{"queued", &status->queued},
		{"in_flight", &status->in_flight},
		{"bridged", &status->bridged},
		{"unread", &status->unread},
	};
	const struct {
		const char *name;
		bool *value;
	} flags[] = {
		{"up", &status->link_up},
		{"responsive", &status->responsive},
		{"wire_sequence", &status->link.wire_sequence},
		{"raw_bridge", &status->link.raw_bridge},
		{"owns_flags", &status->link.owns_flags},
	};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(numbers); i++) {
		if (strcmp(numbers[i].name, name) == 0) {
			*numbers[i].value = (uint32_t)value;
		}
	}
	for (i = 0; i < ARRAY_LENGTH(flags); i++) {
		if (strcmp(flags[i].name, name) == 0) {
			*flags[i].value = value;
		}
	}
	if (strcmp(name, "window") == 0) {
		status->link.window = (uint8_t)value;
	} else if (strcmp(name, "bus_window") == 0) {
		status->link.bus_window = (uint16_t)value;
	} else if (strcmp(name, "busy_ms") == 0) {
		status->busy_ns = value * NSEC_PER_MSEC_U64;
	}
}

/* A row of the status, or of the counters. */
static void take_row(struct core_status *status, struct socket_message *message)
{
	struct socket_field field;
	char name[64] = "", counter[64] = "";
	uint32_t i;

	while (socket_field_next(&message->fields, &field)) {
		snprintf(name, sizeof(name), "%.*s", (int)field.name_length, field.name);
		if (!field.is_number) {
			snprintf(counter, sizeof(counter), "%.*s", (int)field.text_length,
				strcmp(name, "name") == 0 ? field.text : "");
			continue;
		}
		status_field(status, name, field.number);
		for (i = 0; strcmp(name, "value") == 0 && i < CORE_COUNTER_COUNT; i++) {
			if (strcmp(core_counter_name((enum core_counter)i), counter) == 0) {
				status->counters[i] = field.number;
			}
		}
	}
}

/* Says a message on a connection of its own and reads until its last reply. */
static bool exchange(struct stage *stage, const struct words *words, int fd, struct writer *writer,
	enum vipmi_message_type last, struct core_status *status)
{
	const uint64_t until_ns = agent_now_ns() + agent_options.patience_ns;
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct socket_message message;
	int length = socket_end(writer);

	if (length <= 0 || write(fd, writer->start, (size_t)length) != length) {
		return false;
	}
	while (agent_now_ns() < until_ns) {
		ssize_t got = read(fd, bytes, sizeof(bytes));

		if (got < 0 && errno == EAGAIN) {
			agent_serve(stage, words, agent_now_ns() + AGENT_POLL_NS);
			continue;
		}
		if (got <= 0 || socket_decode(bytes, (size_t)got, &message)) {
			return false;
		}
		if (message.header.type == last) {
			return message.header.reason == 0;
		}
		take_row(status, &message);
	}
	return false;
}

static bool query(struct stage *stage, const struct words *words, int fd, const char *object,
	struct core_status *status)
{
	static const struct socket_header header = {.type = VIPMI_MESSAGE_QUERY};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));

	socket_begin(&writer, &header);
	socket_put(&writer, VIPMI_EXTENSION_TEXT, object, strlen(object));
	return exchange(stage, words, fd, &writer, VIPMI_MESSAGE_END, status);
}

bool client_status(struct stage *stage, const struct words *words, struct core_status *ret_status)
{
	static const struct socket_header header = {.type = VIPMI_MESSAGE_HELLO};
	static const struct socket_hello hello = {
		.lowest = VIPMI_PROTOCOL_VERSION_LOWEST, .highest = VIPMI_PROTOCOL_VERSION_HIGHEST};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	int fd = client_connect();
	bool said;

	memset(ret_status, 0, sizeof(*ret_status));
	if (fd < 0) {
		return false;
	}
	socket_begin(&writer, &header);
	socket_put_hello(&writer, false, &hello);
	said = exchange(stage, words, fd, &writer, VIPMI_MESSAGE_HELLO, ret_status) &&
	       query(stage, words, fd, "status", ret_status) &&
	       query(stage, words, fd, "counter", ret_status);
	close(fd);
	ret_status->clients -= ret_status->clients > 0; /* who asked */
	return said;
}
