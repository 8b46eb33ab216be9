/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The codec of the socket protocol (vipmi/protocol.h has the bytes). The same
 * functions serve the agent, libvipmi and the module, both directions. Pure: a
 * decoder borrows from the bytes it was given, an encoder writes into the
 * caller's buffer.
 */
#ifndef VIPMI_IPMI_SOCKET_H
#define VIPMI_IPMI_SOCKET_H

#include "base/bytes.h"
#include "vipmi/protocol.h"

/* The header's fields, without the length, which follows from the message. */
struct socket_header {
	uint64_t tag;
	uint32_t handle;
	uint32_t virtual_client;
	uint32_t time_ms;
	uint8_t type; /* enum vipmi_message_type */
	uint8_t flags;
	uint8_t netfn, lun, command;
	uint8_t cc, origin, class, target_kind, reason;
};

/* Bytes that lie in a message. */
struct socket_bytes {
	const uint8_t *bytes;
	size_t length;
};

/* A message taken apart. An extension's fields mean something only where socket_has says so;
 * `data`, `text` and `name` are empty where they are absent. */
struct socket_message {
	struct socket_header header;
	uint32_t present; /* a bit for each extension type */
	struct socket_bytes data;
	struct socket_bytes text;
	struct socket_bytes name;
	struct socket_bytes hello;  /* for socket_hello_decode */
	struct socket_bytes fields; /* all extensions, for socket_field_next */
	struct {
		uint8_t channel, address;
	} target;
	struct {
		uint8_t option;
		uint32_t value;
	} option;
	struct {
		uint8_t verb;
		uint64_t argument;
	} control;
	struct {
		uint64_t number;
		uint8_t kind, channel;
	} async;
	struct {
		uint64_t lost, next;
	} loss;
	struct socket_bytes commands; /* for socket_command_next */
	uint32_t lease_ms;            /* 0 where absent */
	struct {
		uint32_t handle;
		uint16_t index;
		struct socket_bytes command;
	} holder;
	struct {
		uint8_t channel, address, count;
		uint64_t numbers;
	} sequence;
	uint8_t number;
	struct socket_bytes clauses; /* for socket_clause_next */
	struct {
		uint8_t from;
		bool exclusive;
		uint64_t number;
		uint8_t boot_id[16];
	} from;
	struct {
		uint64_t next, gap;
	} subscribed;
	struct {
		uint8_t lun, sequence;
	} requester;
};

/* One entry of FILTER. */
struct socket_clause {
	uint16_t offsets, sensor_type, sensor, netfn, command, channel, address;
	uint8_t kinds, directions, severity;
};

/* One entry of COMMANDS. */
struct socket_command {
	uint32_t body;
	uint16_t command;
	uint8_t netfn, direction, channel, address, lun;
};

static inline bool socket_has(
	const struct socket_message *message, enum vipmi_extension_type extension)
{
	return message->present >> extension & 1;
}

/*
 * Takes one record apart; pointers lead into `bytes`. 0, or what is wrong with it:
 *
 *	-ENODATA     shorter than a header
 *	-EMSGSIZE    longer than VIPMI_MESSAGE_MAX
 *	-EBADMSG     its length field is not the record's length
 *	-EPROTO      unknown type
 *	-EOVERFLOW   an extension passes the message's end
 *	-EEXIST      an extension twice (only FIELD_* may repeat)
 *	-EINVAL      an extension's value has a length that its type does not allow
 *	-EOPNOTSUPP  a critical extension that we do not know; the header can still be read
 *
 * All but the last break the framing and cost the peer its connection.
 */
int socket_decode(const void *bytes, size_t length, struct socket_message *ret_message);

/* The header alone. Errors: those of socket_decode down to -EPROTO. */
int socket_header_decode(const void *bytes, size_t length, struct socket_header *ret_header);

/* What a person should read about an error of socket_decode; never NULL. */
const char *socket_error_text(int error);

/* "REQUEST"; never NULL. */
const char *socket_type_name(uint8_t type);

/*
 * Both hellos. The agent's part (from boot_id on) is meaningful, and encoded,
 * only in the agent's.
 */
struct socket_hello {
	uint16_t lowest, highest;
	uint64_t features;
	uint8_t boot_id[16];
	uint32_t epoch;
	uint32_t capabilities; /* VIPMI_CAPABILITY_* */
	uint16_t data_max;
	uint16_t credit_max;
	uint32_t handles_max;
};

/* 0; -EBADMSG: another magic; -EINVAL: too short, or lowest above highest. */
int socket_hello_decode(struct socket_bytes value, bool from_agent, struct socket_hello *ret_hello);

struct socket_field {
	const char *name; /* not zero-terminated */
	size_t name_length;
	bool is_number;
	uint64_t number;
	const char *text; /* not zero-terminated */
	size_t text_length;
};

/* Walks a ROW: the next FIELD_* of `fields` (at first message.fields, which it advances); false at
 * the end. A field whose name is longer than the field ends the walk. */
bool socket_field_next(struct socket_bytes *fields, struct socket_field *ret_field);

/* The next entry of FILTER; false when there is none. */
bool socket_clause_next(struct socket_bytes *left, struct socket_clause *ret_clause);

/* Walks the commands (at first message.commands or .holder.command); false at the end. */
bool socket_command_next(struct socket_bytes *commands, struct socket_command *ret_command);

/*
 * Encoding: socket_begin (inline: it stands on the message path, and a window of
 * constant size folds into plain stores), extensions in any order, socket_end. Errors stick to
 * the writer and come out at the end. The writer's buffer must be empty when
 * socket_begin is called.
 */
static inline void socket_begin(struct writer *writer, const struct socket_header *header)
{
	uint8_t *bytes = writer_reserve(writer, VIPMI_HEADER_LENGTH);
	struct writer window;

	if (!bytes) {
		return;
	}
	window = writer_init(bytes, VIPMI_HEADER_LENGTH);
	writer_u16le(&window, 0); /* socket_end knows it */
	writer_u8(&window, header->type);
	writer_u8(&window, header->flags);
	writer_u32le(&window, header->handle);
	writer_u64le(&window, header->tag);
	writer_u32le(&window, header->virtual_client);
	writer_u32le(&window, header->time_ms);
	writer_u8(&window, header->netfn);
	writer_u8(&window, header->lun);
	writer_u8(&window, header->command);
	writer_u8(&window, header->cc);
	writer_u8(&window, header->origin);
	writer_u8(&window, header->class);
	writer_u8(&window, header->target_kind);
	writer_u8(&window, header->reason);
}
void socket_put(struct writer *writer, enum vipmi_extension_type extension, const void *value,
	size_t length);
void socket_put_target(struct writer *writer, uint8_t channel, uint8_t address);
void socket_put_hello(struct writer *writer, bool from_agent, const struct socket_hello *hello);
void socket_put_option(struct writer *writer, enum vipmi_option option, uint32_t value);
void socket_put_control(struct writer *writer, enum vipmi_control verb, uint64_t argument);
void socket_put_async(
	struct writer *writer, uint64_t number, enum vipmi_async_kind kind, uint8_t channel);
void socket_put_commands(
	struct writer *writer, const struct socket_command *commands, size_t count);
void socket_put_lease(struct writer *writer, uint32_t lease_ms);
void socket_put_holder(struct writer *writer, uint32_t handle, uint16_t index,
	const struct socket_command *command);
void socket_put_sequence(
	struct writer *writer, uint8_t channel, uint8_t address, uint8_t count, uint64_t numbers);
void socket_put_number(struct writer *writer, uint8_t number);
void socket_put_clauses(struct writer *writer, const struct socket_clause *clauses, size_t count);
/* `boot_id` has 16 bytes, or is NULL where the number means nothing. */
void socket_put_from(struct writer *writer, enum vipmi_from from, bool exclusive, uint64_t number,
	const uint8_t *boot_id);
void socket_put_subscribed(struct writer *writer, uint64_t next, uint64_t gap);
void socket_put_requester(struct writer *writer, uint8_t lun, uint8_t sequence);
void socket_put_loss(struct writer *writer, uint64_t lost, uint64_t next);
void socket_put_field_text(
	struct writer *writer, const char *name, const char *text, size_t text_length);
void socket_put_field_number(struct writer *writer, const char *name, uint64_t number);

/* Fills in the length. Returns it, or -EMSGSIZE when the buffer, or VIPMI_MESSAGE_MAX, was too
 * small for what was put. */
int socket_end(struct writer *writer);

#endif
