/* SPDX-License-Identifier: BSD-2-Clause */
/* The socket protocol: everything that a decoded message points at lies inside the record. */
#include "fuzz/fuzz.h"

#include "ipmi/socket.h"

static void check_inside(struct socket_bytes what, const uint8_t *bytes, size_t length)
{
	FUZZ_CHECK(what.length <= length);
	FUZZ_CHECK(what.length == 0 ||
		   (what.bytes >= bytes && what.bytes + what.length <= bytes + length));
}

static void check_fields(struct socket_bytes fields, const uint8_t *bytes, size_t length)
{
	struct socket_field field;

	while (socket_field_next(&fields, &field)) {
		check_inside((struct socket_bytes){(const uint8_t *)field.name, field.name_length},
			bytes, length);
		if (!field.is_number) {
			check_inside((struct socket_bytes){(const uint8_t *)field.text,
					     field.text_length},
				bytes, length);
		}
		check_inside(fields, bytes, length);
	}
}

/* What the header says comes out again when it is encoded. */
static void check_header(const struct socket_header *header)
{
	uint8_t record[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(record, sizeof(record));
	struct socket_header again;
	int length;

	socket_begin(&writer, header);
	length = socket_end(&writer);
	FUZZ_CHECK(length > 0);
	FUZZ_CHECK(socket_header_decode(record, (size_t)length, &again) == 0);
	FUZZ_CHECK(again.tag == header->tag && again.handle == header->handle &&
		   again.virtual_client == header->virtual_client &&
		   again.time_ms == header->time_ms && again.type == header->type &&
		   again.netfn == header->netfn && again.lun == header->lun &&
		   again.command == header->command && again.cc == header->cc);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct socket_message message;
	struct socket_hello hello;
	int rc = socket_decode(bytes, length, &message);

	FUZZ_CHECK(socket_error_text(rc) != NULL);
	if (rc != 0) {
		return 0;
	}
	FUZZ_CHECK(length <= VIPMI_MESSAGE_MAX);
	FUZZ_CHECK(socket_type_name(message.header.type) != NULL);
	check_header(&message.header);
	check_inside(message.data, bytes, length);
	check_inside(message.text, bytes, length);
	check_inside(message.name, bytes, length);
	check_inside(message.hello, bytes, length);
	check_inside(message.fields, bytes, length);
	check_fields(message.fields, bytes, length);
	(void)socket_hello_decode(message.hello, false, &hello); /* either way is well */
	(void)socket_hello_decode(message.hello, true, &hello);
	return 0;
}
