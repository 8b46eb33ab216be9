/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ipmi/socket.h"

/* Get Device ID of handle 00070003h, tag 1122334455667788h, virtual client 9, 500 ms, class of
 * the handle, to 20h on channel 0, with two data bytes. */
static const uint8_t request_bytes[] = {
	/* clang-format off */
	0x2C, 0x00, 0x06, 0x02, 0x03, 0x00, 0x07, 0x00,
	0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
	0x09, 0x00, 0x00, 0x00, 0xF4, 0x01, 0x00, 0x00,
	0x06, 0x03, 0x01, 0x00, 0x00, 0xFF, 0x01, 0x00,
	0x01, 0x00, 0x02, 0x00, 0x00, 0x20,
	0x02, 0x00, 0x02, 0x00, 0xAB, 0xCD,
	/* clang-format on */
};

/* The answer to it: netFn 07, completion code C1, from the controller, sent, no data. */
static const uint8_t answer_bytes[] = {
	/* clang-format off */
	0x20, 0x00, 0x07, 0x01, 0x03, 0x00, 0x07, 0x00,
	0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
	0x09, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x07, 0x03, 0x01, 0xC1, 0x00, 0x01, 0x01, 0x00,
	/* clang-format on */
};

static const struct socket_header request_header = {
	.tag = UINT64_C(0x1122334455667788),
	.handle = 0x00070003,
	.virtual_client = 9,
	.time_ms = 500,
	.type = VIPMI_MESSAGE_REQUEST,
	.flags = VIPMI_FLAG_FRESH,
	.netfn = 0x06,
	.lun = 3,
	.command = 0x01,
	.class = VIPMI_CLASS_OF_HANDLE,
	.target_kind = VIPMI_TARGET_IPMB,
};

static void a_request_is_encoded_to_its_golden_bytes(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));

	(void)state;
	socket_begin(&writer, &request_header);
	socket_put_target(&writer, 0, 0x20);
	socket_put(&writer, VIPMI_EXTENSION_DATA, "\xAB\xCD", 2);
	assert_int_equal(socket_end(&writer), sizeof(request_bytes));
	assert_memory_equal(bytes, request_bytes, sizeof(request_bytes));
}

static void a_request_is_decoded_from_its_golden_bytes(void **state)
{
	struct socket_message m;

	(void)state;
	assert_int_equal(socket_decode(request_bytes, sizeof(request_bytes), &m), 0);
	assert_true(m.header.tag == request_header.tag);
	assert_int_equal(m.header.handle, 0x00070003);
	assert_int_equal(m.header.virtual_client, 9);
	assert_int_equal(m.header.time_ms, 500);
	assert_int_equal(m.header.type, VIPMI_MESSAGE_REQUEST);
	assert_int_equal(m.header.flags, VIPMI_FLAG_FRESH);
	assert_int_equal(m.header.netfn, 0x06);
	assert_int_equal(m.header.lun, 3);
	assert_int_equal(m.header.command, 0x01);
	assert_int_equal(m.header.class, VIPMI_CLASS_OF_HANDLE);
	assert_int_equal(m.header.target_kind, VIPMI_TARGET_IPMB);
	assert_true(socket_has(&m, VIPMI_EXTENSION_TARGET));
	assert_int_equal(m.target.channel, 0);
	assert_int_equal(m.target.address, 0x20);
	assert_true(socket_has(&m, VIPMI_EXTENSION_DATA));
	assert_int_equal(m.data.length, 2);
	assert_ptr_equal(m.data.bytes, request_bytes + sizeof(request_bytes) - 2);
	assert_false(socket_has(&m, VIPMI_EXTENSION_NAME));
	assert_int_equal(m.name.length, 0);
}

static void an_answer_has_its_golden_bytes_both_ways(void **state)
{
	struct socket_header header = {
		.tag = UINT64_C(0x1122334455667788),
		.handle = 0x00070003,
		.virtual_client = 9,
		.type = VIPMI_MESSAGE_ANSWER,
		.flags = VIPMI_FLAG_SENT,
		.netfn = 0x07,
		.lun = 3,
		.command = 0x01,
		.cc = VIPMI_CC_INVALID_COMMAND,
		.class = VIPMI_CLASS_NORMAL,
		.target_kind = VIPMI_TARGET_IPMB,
	};
	uint8_t bytes[VIPMI_HEADER_LENGTH];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header decoded;

	(void)state;
	socket_begin(&writer, &header);
	assert_int_equal(socket_end(&writer), sizeof(answer_bytes));
	assert_memory_equal(bytes, answer_bytes, sizeof(answer_bytes));
	assert_int_equal(socket_header_decode(bytes, sizeof(bytes), &decoded), 0);
	assert_int_equal(decoded.cc, VIPMI_CC_INVALID_COMMAND);
	assert_int_equal(decoded.flags, VIPMI_FLAG_SENT);
	assert_int_equal(decoded.class, VIPMI_CLASS_NORMAL);
}

/* Encodes an ERROR with one raw extension, cut or stretched to `length`. */
static int decode_extension(uint8_t type, uint8_t flags, uint16_t named, uint16_t given)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX] = {0};
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_message m;

	writer_u16le(&writer, (uint16_t)(VIPMI_HEADER_LENGTH + 4 + given));
	writer_u8(&writer, VIPMI_MESSAGE_ERROR);
	writer.at = bytes + VIPMI_HEADER_LENGTH;
	writer_u8(&writer, type);
	writer_u8(&writer, flags);
	writer_u16le(&writer, named);
	return socket_decode(bytes, VIPMI_HEADER_LENGTH + 4 + given, &m);
}

static void what_breaks_the_frame_is_told_apart(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX + 1] = {0};
	struct socket_message m = {.header = {.tag = 42}};

	(void)state;
	memcpy(bytes, answer_bytes, sizeof(answer_bytes));
	assert_int_equal(socket_decode(bytes, 0, &m), -ENODATA);
	assert_int_equal(socket_decode(bytes, 31, &m), -ENODATA);
	assert_int_equal(socket_decode(bytes, 33, &m), -EBADMSG);
	assert_int_equal(socket_decode(bytes, sizeof(bytes), &m), -EMSGSIZE);
	bytes[2] = 0;
	assert_int_equal(socket_decode(bytes, 32, &m), -EPROTO);
	bytes[2] = VIPMI_MESSAGE_RESPOND + 1;
	assert_int_equal(socket_decode(bytes, 32, &m), -EPROTO);
	/* One to three bytes left are no extension. */
	bytes[2] = VIPMI_MESSAGE_ERROR;
	bytes[0] = 35;
	assert_int_equal(socket_decode(bytes, 35, &m), -EOVERFLOW);
	/* Nothing was written on failure. */
	assert_true(m.header.tag == 42);
	bytes[0] = 32;
	assert_int_equal(socket_decode(bytes, 32, &m), 0);
	assert_true(m.header.tag != 42);
	for (bytes[2] = 1; bytes[2] <= VIPMI_MESSAGE_UNSUBSCRIBE; bytes[2]++) {
		assert_int_equal(socket_decode(bytes, 32, &m), 0);
	}
}

static void extensions_keep_their_lengths(void **state)
{
	(void)state;
	assert_int_equal(decode_extension(VIPMI_EXTENSION_DATA, 0, 6, 6), 0);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_DATA, 0, 7, 6), -EOVERFLOW);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_TARGET, 0, 2, 2), 0);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_TARGET, 0, 1, 1), -EINVAL);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_TARGET, 0, 3, 3), -EINVAL);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_NAME, 0, 31, 31), 0);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_NAME, 0, 32, 32), -EINVAL);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_HELLO, 0, 15, 15), -EINVAL);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_HELLO, 0, 64, 64), 0);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_OPTION, 0, 4, 4), -EINVAL);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_ASYNC, 0, 11, 11), -EINVAL);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_LOSS, 0, 15, 15), -EINVAL);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_CONTROL, 0, 10, 10), -EINVAL);
}

static void unknown_extensions_are_skipped_unless_critical(void **state)
{
	(void)state;
	assert_int_equal(decode_extension(0, 0, 5, 5), 0);
	assert_int_equal(decode_extension(200, 0, 5, 5), 0);
	assert_int_equal(decode_extension(200, 0, 6, 5), -EOVERFLOW);
	assert_int_equal(decode_extension(200, VIPMI_EXTENSION_CRITICAL, 5, 5), -EOPNOTSUPP);
	/* A known one may be marked critical. */
	assert_int_equal(decode_extension(VIPMI_EXTENSION_DATA, VIPMI_EXTENSION_CRITICAL, 5, 5), 0);
	/* 34 has the low bits of DATA and is still another type. */
	assert_int_equal(decode_extension(34, 0, 1, 1), 0);
}

static void an_extension_twice_is_refused_but_fields_repeat(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_ROW};
	struct socket_message m;
	struct socket_field field;
	int length;

	(void)state;
	socket_begin(&writer, &header);
	socket_put_field_number(&writer, "pid", 4711);
	socket_put_field_text(&writer, "name", "ipmitool", 8);
	socket_put_field_text(&writer, "empty", "", 0);
	length = socket_end(&writer);
	assert_int_equal(length, 32 + (4 + 1 + 3 + 8) + (4 + 1 + 4 + 8) + (4 + 1 + 5));
	assert_int_equal(socket_decode(bytes, (size_t)length, &m), 0);
	assert_true(socket_field_next(&m.fields, &field));
	assert_true(field.is_number);
	assert_int_equal(field.name_length, 3);
	assert_memory_equal(field.name, "pid", 3);
	assert_true(field.number == 4711);
	assert_true(socket_field_next(&m.fields, &field));
	assert_false(field.is_number);
	assert_memory_equal(field.text, "ipmitool", 8);
	assert_int_equal(field.text_length, 8);
	assert_true(socket_field_next(&m.fields, &field));
	assert_int_equal(field.text_length, 0);
	assert_false(socket_field_next(&m.fields, &field));

	writer = writer_init(bytes, sizeof(bytes));
	socket_begin(&writer, &header);
	socket_put(&writer, VIPMI_EXTENSION_TEXT, "a", 1);
	socket_put(&writer, VIPMI_EXTENSION_TEXT, "b", 1);
	length = socket_end(&writer);
	assert_int_equal(socket_decode(bytes, (size_t)length, &m), -EEXIST);
}

static void a_field_longer_than_its_row_ends_the_walk(void **state)
{
	static const uint8_t name_too_long[] = {9, 0, 2, 0, 5, 'x'};
	static const uint8_t number_too_short[] = {10, 0, 4, 0, 1, 'x', 0, 0};
	struct socket_bytes fields = {name_too_long, sizeof(name_too_long)};
	struct socket_field field;

	(void)state;
	assert_false(socket_field_next(&fields, &field));
	fields = (struct socket_bytes){number_too_short, sizeof(number_too_short)};
	assert_false(socket_field_next(&fields, &field));
}

static void hellos_round_trip_and_strangers_are_recognized(void **state)
{
	static const uint8_t client_bytes[] = {
		0x76, 0x49, 0x50, 0x4D, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	struct socket_hello hello = {.lowest = 1,
		.highest = 1,
		.epoch = 3,
		.capabilities = VIPMI_CAPABILITY_UP,
		.data_max = 272,
		.credit_max = 128,
		.handles_max = 4096,
		.boot_id = {1, 2, 3}};
	struct socket_hello decoded;
	uint8_t bytes[VIPMI_MESSAGE_MAX], again[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_HELLO};
	struct socket_message m;
	int length;

	(void)state;
	socket_begin(&writer, &header);
	socket_put_hello(&writer, false, &hello);
	length = socket_end(&writer);
	assert_int_equal(length, 32 + 4 + VIPMI_HELLO_CLIENT_LENGTH);
	assert_memory_equal(bytes + 36, client_bytes, sizeof(client_bytes));
	assert_int_equal(socket_decode(bytes, (size_t)length, &m), 0);
	assert_int_equal(socket_hello_decode(m.hello, false, &decoded), 0);
	assert_int_equal(decoded.highest, 1);
	assert_int_equal(socket_hello_decode(m.hello, true, &decoded), -EINVAL);

	writer = writer_init(bytes, sizeof(bytes));
	socket_begin(&writer, &header);
	socket_put_hello(&writer, true, &hello);
	length = socket_end(&writer);
	assert_int_equal(length, 32 + 4 + VIPMI_HELLO_AGENT_LENGTH);
	assert_int_equal(socket_decode(bytes, (size_t)length, &m), 0);
	assert_int_equal(socket_hello_decode(m.hello, true, &decoded), 0);
	writer = writer_init(again, sizeof(again));
	socket_begin(&writer, &header);
	socket_put_hello(&writer, true, &decoded);
	assert_int_equal(socket_end(&writer), length);
	assert_memory_equal(again, bytes, (size_t)length);

	bytes[36] ^= 1;
	assert_int_equal(socket_hello_decode(m.hello, true, &decoded), -EBADMSG);
	bytes[36] ^= 1;
	bytes[40] = 2; /* lowest above highest */
	assert_int_equal(socket_hello_decode(m.hello, true, &decoded), -EINVAL);
}

static void the_small_extensions_round_trip(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_SET};
	struct socket_message m;
	int length;

	(void)state;
	socket_begin(&writer, &header);
	socket_put_option(&writer, VIPMI_OPTION_EVENTS, 1);
	socket_put_control(&writer, VIPMI_CONTROL_KICK, UINT64_C(0x123456789));
	socket_put_async(&writer, 77, VIPMI_ASYNC_REQUEST, 0x0F);
	socket_put_loss(&writer, 5, 90);
	length = socket_end(&writer);
	assert_int_equal(socket_decode(bytes, (size_t)length, &m), 0);
	assert_int_equal(m.option.option, VIPMI_OPTION_EVENTS);
	assert_int_equal(m.option.value, 1);
	assert_int_equal(m.control.verb, VIPMI_CONTROL_KICK);
	assert_true(m.control.argument == UINT64_C(0x123456789));
	assert_true(m.async.number == 77);
	assert_int_equal(m.async.kind, VIPMI_ASYNC_REQUEST);
	assert_int_equal(m.async.channel, 0x0F);
	assert_true(m.loss.lost == 5);
	assert_true(m.loss.next == 90);
}

static void a_response_has_its_golden_bytes(void **state)
{
	static const uint8_t golden[] = {32 + 14 + 6 + 6 + 5, 0, 24, 0, 0x44, 0x33, 0x22, 0x11, 9,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x31, 2, 0x41, 0xC9, 0, 0, 0, 0,
		/* ASYNC: message 1025, a request, from channel 3. */
		7, 0, 10, 0, 1, 4, 0, 0, 0, 0, 0, 0, 2, 3,
		/* TARGET: channel 3, C4h. REQUESTER: LUN 1, number 33. DATA. */
		1, 0, 2, 0, 3, 0xC4, 20, 0, 2, 0, 1, 33, 2, 0, 1, 0, 0x77};
	const struct socket_header header = {.type = VIPMI_MESSAGE_RESPOND,
		.handle = 0x11223344,
		.tag = 9,
		.netfn = 0x31,
		.lun = 2,
		.command = 0x41,
		.cc = 0xC9};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_message m;

	(void)state;
	socket_begin(&writer, &header);
	socket_put_async(&writer, 1025, VIPMI_ASYNC_REQUEST, 3);
	socket_put_target(&writer, 3, 0xC4);
	socket_put_requester(&writer, 1, 33);
	socket_put(&writer, VIPMI_EXTENSION_DATA, "\x77", 1);
	assert_int_equal(socket_end(&writer), sizeof(golden));
	assert_memory_equal(bytes, golden, sizeof(golden));
	assert_int_equal(socket_decode(golden, sizeof(golden), &m), 0);
	assert_true(socket_has(&m, VIPMI_EXTENSION_REQUESTER));
	assert_int_equal(m.requester.lun, 1);
	assert_int_equal(m.requester.sequence, 33);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_REQUESTER, 0, 1, 1), -EINVAL);
	assert_int_equal(decode_extension(VIPMI_EXTENSION_REQUESTER, 0, 3, 3), -EINVAL);
}

static void what_does_not_fit_is_not_sent(void **state)
{
	static const uint8_t long_text[VIPMI_MESSAGE_MAX];
	uint8_t bytes[VIPMI_MESSAGE_MAX + 64] = {0};
	struct writer writer = writer_init(bytes, VIPMI_HEADER_LENGTH + 5);
	size_t most = VIPMI_MESSAGE_MAX - VIPMI_HEADER_LENGTH - VIPMI_EXTENSION_HEADER_LENGTH;

	(void)state;
	socket_begin(&writer, &request_header);
	socket_put(&writer, VIPMI_EXTENSION_DATA, "ab", 2);
	assert_int_equal(socket_end(&writer), -EMSGSIZE);

	writer = writer_init(bytes, 8);
	socket_begin(&writer, &request_header);
	assert_int_equal(socket_end(&writer), -EMSGSIZE);

	writer = writer_init(bytes, sizeof(bytes));
	socket_begin(&writer, &request_header);
	socket_put(&writer, VIPMI_EXTENSION_TEXT, long_text, most);
	assert_int_equal(socket_end(&writer), VIPMI_MESSAGE_MAX);

	writer = writer_init(bytes, sizeof(bytes));
	socket_begin(&writer, &request_header);
	socket_put(&writer, VIPMI_EXTENSION_TEXT, request_bytes, 1);
	socket_put(&writer, VIPMI_EXTENSION_NAME, long_text, most - 4);
	assert_int_equal(socket_end(&writer), -EMSGSIZE);
}

static void every_type_and_error_has_a_text(void **state)
{
	(void)state;
	assert_string_equal(socket_type_name(VIPMI_MESSAGE_HELLO), "HELLO");
	assert_string_equal(socket_type_name(VIPMI_MESSAGE_REQUEST), "REQUEST");
	assert_string_equal(socket_type_name(VIPMI_MESSAGE_ERROR), "ERROR");
	assert_string_equal(socket_type_name(VIPMI_MESSAGE_SEQUENCE_FREE), "SEQUENCE_FREE");
	assert_string_equal(socket_type_name(VIPMI_MESSAGE_UNSUBSCRIBE), "UNSUBSCRIBE");
	assert_string_equal(socket_type_name(VIPMI_MESSAGE_RESPOND), "RESPOND");
	assert_string_equal(socket_type_name(VIPMI_MESSAGE_RESPOND + 1), "(unknown)");
	assert_non_null(socket_error_text(-ENODATA));
	assert_string_not_equal(socket_error_text(-ENODATA), socket_error_text(-EBADMSG));
	assert_string_equal(socket_error_text(0), "malformed message");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_encoded_to_its_golden_bytes),
		cmocka_unit_test(a_request_is_decoded_from_its_golden_bytes),
		cmocka_unit_test(an_answer_has_its_golden_bytes_both_ways),
		cmocka_unit_test(what_breaks_the_frame_is_told_apart),
		cmocka_unit_test(extensions_keep_their_lengths),
		cmocka_unit_test(unknown_extensions_are_skipped_unless_critical),
		cmocka_unit_test(an_extension_twice_is_refused_but_fields_repeat),
		cmocka_unit_test(a_field_longer_than_its_row_ends_the_walk),
		cmocka_unit_test(hellos_round_trip_and_strangers_are_recognized),
		cmocka_unit_test(the_small_extensions_round_trip),
		cmocka_unit_test(a_response_has_its_golden_bytes),
		cmocka_unit_test(what_does_not_fit_is_not_sent),
		cmocka_unit_test(every_type_and_error_has_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
