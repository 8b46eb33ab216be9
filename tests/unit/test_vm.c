/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "ipmi/vm.h"

/* One item from bytes that must hold exactly one. */
static struct vm_item decode_one(struct vm_decoder *decoder, const uint8_t *bytes, size_t length)
{
	struct vm_item item;

	vm_decoder_init(decoder);
	assert_int_equal(vm_decode(decoder, bytes, length, &item), length);
	return item;
}

static void request_matches_the_golden_bytes(void **state)
{
	static const uint8_t golden[] = {0x01, 0x18, 0x01, 0xE6, 0xA0};
	struct vm_message message = {.sequence = 1, .netfn = 0x06, .command = 0x01};
	struct vm_decoder decoder;
	uint8_t bytes[VM_ENCODED_MAX];
	struct vm_item item;

	(void)state;
	assert_int_equal(vm_encode_message(&message, bytes, sizeof(bytes)), sizeof(golden));
	assert_memory_equal(bytes, golden, sizeof(golden));
	item = decode_one(&decoder, golden, sizeof(golden));
	assert_int_equal(item.type, VM_ITEM_MESSAGE);
	assert_int_equal(item.message.sequence, 1);
	assert_int_equal(item.message.netfn, 0x06);
	assert_int_equal(item.message.lun, 0);
	assert_int_equal(item.message.command, 0x01);
	assert_int_equal(item.message.length, 0);
}

static void escaped_sequence_matches_the_golden_bytes(void **state)
{
	static const uint8_t golden[] = {0xAA, 0xB0, 0x18, 0x01, 0x47, 0xA0};
	struct vm_message message = {.sequence = 0xA0, .netfn = 0x06, .command = 0x01};
	struct vm_decoder decoder;
	uint8_t bytes[VM_ENCODED_MAX];
	struct vm_item item;

	(void)state;
	assert_int_equal(vm_encode_message(&message, bytes, sizeof(bytes)), sizeof(golden));
	assert_memory_equal(bytes, golden, sizeof(golden));
	item = decode_one(&decoder, golden, sizeof(golden));
	assert_int_equal(item.type, VM_ITEM_MESSAGE);
	assert_int_equal(item.message.sequence, 0xA0);
}

static void response_carries_its_completion_code_first(void **state)
{
	static const uint8_t golden[] = {0x01, 0x1C, 0x01, 0xD2, 0x10, 0xA0};
	struct vm_decoder decoder;
	struct vm_item item = decode_one(&decoder, golden, sizeof(golden));

	(void)state;
	assert_int_equal(item.type, VM_ITEM_MESSAGE);
	assert_int_equal(item.message.netfn, 0x07);
	assert_int_equal(item.message.length, 1);
	assert_int_equal(item.message.data[0], 0xD2);
}

static void reserved_bytes_are_escaped_in_data_and_checksum(void **state)
{
	static const uint8_t data[] = {0xA0, 0xA1, 0xAA};
	/* 18h + 3h + A0h + A1h + AAh = 206h; a sequence of 59h leaves a checksum of A1h. */
	static const uint8_t golden[] = {
		0x59, 0x18, 0x03, 0xAA, 0xB0, 0xAA, 0xB1, 0xAA, 0xBA, 0xAA, 0xB1, 0xA0};
	struct vm_message message = {
		.sequence = 0x59, .netfn = 6, .command = 3, .data = data, .length = sizeof(data)};
	struct vm_decoder decoder;
	uint8_t bytes[VM_ENCODED_MAX];
	struct vm_item item;

	(void)state;
	assert_int_equal(vm_encode_message(&message, bytes, sizeof(bytes)), sizeof(golden));
	assert_memory_equal(bytes, golden, sizeof(golden));
	item = decode_one(&decoder, golden, sizeof(golden));
	assert_int_equal(item.type, VM_ITEM_MESSAGE);
	assert_int_equal(item.message.length, sizeof(data));
	assert_memory_equal(item.message.data, data, sizeof(data));
}

static void control_commands_match_the_golden_bytes(void **state)
{
	static const uint8_t version[] = {0xFF, 0x01, 0xA1};
	static const uint8_t attention[] = {0x01, 0xA1};
	/* Capabilities whose byte is a reserved one. */
	static const uint8_t capabilities[] = {0x08, 0xAA, 0xB1, 0xA1};
	struct vm_decoder decoder;
	uint8_t bytes[8];
	struct vm_item item;

	(void)state;
	assert_int_equal(vm_encode_control(VM_CONTROL_VERSION, 1, bytes, sizeof(bytes)), 3);
	assert_memory_equal(bytes, version, sizeof(version));
	assert_int_equal(vm_encode_control(VM_CONTROL_ATTENTION, 9, bytes, sizeof(bytes)), 2);
	assert_memory_equal(bytes, attention, sizeof(attention));
	assert_int_equal(vm_encode_control(VM_CONTROL_CAPABILITIES, 0xA1, bytes, sizeof(bytes)), 4);
	assert_memory_equal(bytes, capabilities, sizeof(capabilities));

	item = decode_one(&decoder, version, sizeof(version));
	assert_int_equal(item.type, VM_ITEM_CONTROL);
	assert_int_equal(item.control, VM_CONTROL_VERSION);
	assert_int_equal(item.argument, 1);
	item = decode_one(&decoder, attention, sizeof(attention));
	assert_int_equal(item.type, VM_ITEM_CONTROL);
	assert_int_equal(item.control, VM_CONTROL_ATTENTION);
	assert_int_equal(item.argument, 0);
	item = decode_one(&decoder, capabilities, sizeof(capabilities));
	assert_int_equal(item.argument, 0xA1);
}

static void merged_input_gives_one_item_a_call(void **state)
{
	/* A greeting, an attention, a response, and the beginning of the next. */
	static const uint8_t bytes[] = {
		0xFF, 0x01, 0xA1, 0x00, 0xA1, 0x01, 0x1C, 0x01, 0xD2, 0x10, 0xA0, 0x02, 0x1C};
	static const enum vm_item_type types[] = {
		VM_ITEM_CONTROL, VM_ITEM_CONTROL, VM_ITEM_MESSAGE, VM_ITEM_NONE};
	static const size_t taken[] = {3, 2, 6, 2};
	struct vm_decoder decoder;
	struct vm_item item;
	size_t at = 0, i;

	(void)state;
	vm_decoder_init(&decoder);
	for (i = 0; i < ARRAY_LENGTH(types); i++) {
		size_t n = vm_decode(&decoder, bytes + at, sizeof(bytes) - at, &item);

		assert_int_equal(n, taken[i]);
		assert_int_equal(item.type, types[i]);
		at += n;
	}
	assert_int_equal(at, sizeof(bytes));
}

static void input_in_single_bytes_gives_the_same(void **state)
{
	static const uint8_t bytes[] = {0xAA, 0xB0, 0x1C, 0x01, 0xAA, 0xBA, 0x99, 0xA0};
	struct vm_decoder decoder;
	struct vm_item item;
	size_t i;

	(void)state;
	vm_decoder_init(&decoder);
	for (i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(vm_decode(&decoder, bytes + i, 1, &item), 1);
		assert_int_equal(item.type, i + 1 < sizeof(bytes) ? VM_ITEM_NONE : VM_ITEM_MESSAGE);
	}
	assert_int_equal(item.message.sequence, 0xA0);
	assert_int_equal(item.message.data[0], 0xAA);
}

static void wrong_checksum_is_garbled_and_the_next_message_is_not(void **state)
{
	static const uint8_t bytes[] = {
		0x01, 0x1C, 0x01, 0xD2, 0x11, 0xA0, 0x01, 0x1C, 0x01, 0xD2, 0x10, 0xA0};
	struct vm_decoder decoder;
	struct vm_item item;

	(void)state;
	vm_decoder_init(&decoder);
	assert_int_equal(vm_decode(&decoder, bytes, sizeof(bytes), &item), 6);
	assert_int_equal(item.type, VM_ITEM_GARBLED);
	assert_int_equal(vm_decode(&decoder, bytes + 6, 6, &item), 6);
	assert_int_equal(item.type, VM_ITEM_MESSAGE);
}

static void too_short_is_garbled_whatever_its_checksum(void **state)
{
	static const uint8_t nothing[] = {0xA0};
	static const uint8_t three[] = {0x00, 0x00, 0x00, 0xA0};
	/* Its checksum holds, but it is a response without a completion code. */
	static const uint8_t bare[] = {0x01, 0x1C, 0x01, 0xE2, 0xA0};
	static const uint8_t no_control[] = {0xA1};
	static const uint8_t long_control[] = {0x08, 0x01, 0x02, 0xA1};
	struct vm_decoder decoder;

	(void)state;
	assert_int_equal(decode_one(&decoder, nothing, sizeof(nothing)).type, VM_ITEM_GARBLED);
	assert_int_equal(decode_one(&decoder, three, sizeof(three)).type, VM_ITEM_GARBLED);
	assert_int_equal(decode_one(&decoder, bare, sizeof(bare)).type, VM_ITEM_GARBLED);
	assert_int_equal(
		decode_one(&decoder, no_control, sizeof(no_control)).type, VM_ITEM_GARBLED);
	assert_int_equal(
		decode_one(&decoder, long_control, sizeof(long_control)).type, VM_ITEM_GARBLED);
}

static void terminator_inside_an_escape_loses_one_item_only(void **state)
{
	/* Without its dangling escape the first would be a good message; the second begins with
	 * a byte that an escape left over would change. */
	static const uint8_t bytes[] = {0x01, 0x18, 0x01, 0xE6, 0xAA, 0xA0, 0x11, 0x1C, 0x01, 0xD2,
		0x00, 0xA0, 0x01, 0xAA, 0xA1, 0x13, 0xA1};
	struct vm_decoder decoder;
	struct vm_item item;

	(void)state;
	vm_decoder_init(&decoder);
	assert_int_equal(vm_decode(&decoder, bytes, sizeof(bytes), &item), 6);
	assert_int_equal(item.type, VM_ITEM_GARBLED);
	assert_int_equal(vm_decode(&decoder, bytes + 6, sizeof(bytes) - 6, &item), 6);
	assert_int_equal(item.type, VM_ITEM_MESSAGE);
	assert_int_equal(item.message.sequence, 0x11);
	assert_int_equal(vm_decode(&decoder, bytes + 12, 5, &item), 3);
	assert_int_equal(item.type, VM_ITEM_GARBLED);
	assert_int_equal(vm_decode(&decoder, bytes + 15, 2, &item), 2);
	assert_int_equal(item.type, VM_ITEM_CONTROL);
	assert_int_equal(item.control, 0x13);
}

/* Fills a message's bytes so that the checksum holds: `length` of them, terminator included. */
static size_t zeros_and_end(uint8_t *bytes, size_t length)
{
	memset(bytes, 0, length);
	bytes[length - 1] = 0xA0;
	return length;
}

static void overlong_is_garbled_once_and_forgotten(void **state)
{
	static const uint8_t next[] = {0x01, 0x18, 0x01, 0xE6, 0xA0};
	uint8_t bytes[4 * VM_MESSAGE_MAX];
	struct vm_decoder decoder;
	struct vm_item item;
	size_t length;

	(void)state;
	/* The longest there is ... */
	length = zeros_and_end(bytes, VM_MESSAGE_MAX + 1);
	item = decode_one(&decoder, bytes, length);
	assert_int_equal(item.type, VM_ITEM_MESSAGE);
	assert_int_equal(item.message.length, VM_MESSAGE_MAX - 4);
	/* ... and one byte more; the terminator is found nevertheless. */
	length = zeros_and_end(bytes, VM_MESSAGE_MAX + 2);
	item = decode_one(&decoder, bytes, length);
	assert_int_equal(item.type, VM_ITEM_GARBLED);
	length = zeros_and_end(bytes, sizeof(bytes));
	item = decode_one(&decoder, bytes, length);
	assert_int_equal(item.type, VM_ITEM_GARBLED);
	assert_int_equal(vm_decode(&decoder, next, sizeof(next), &item), sizeof(next));
	assert_int_equal(item.type, VM_ITEM_MESSAGE);
}

static void what_the_peer_cannot_hold_is_not_encoded(void **state)
{
	uint8_t data[VM_MESSAGE_MAX];
	uint8_t bytes[VM_ENCODED_MAX + 1];
	struct vm_message message = {
		.sequence = 0xA0, .netfn = 0x2A, .command = 0xAA, .data = data};

	(void)state;
	memset(data, 0xAA, sizeof(data));
	message.length = VM_MESSAGE_MAX - 4;
	assert_in_range(vm_encode_message(&message, bytes, VM_ENCODED_MAX), VM_ENCODED_MAX - 3,
		VM_ENCODED_MAX);
	message.length++;
	assert_int_equal(vm_encode_message(&message, bytes, sizeof(bytes)), -EMSGSIZE);
	/* Nor is more written than there is room for: A0h and AAh escaped, and A8h. */
	message.length = 0;
	memset(bytes, 0x55, sizeof(bytes));
	assert_int_equal(vm_encode_message(&message, bytes, 6), -EMSGSIZE);
	assert_int_equal(bytes[6], 0x55);
	assert_int_equal(vm_encode_control(VM_CONTROL_VERSION, 1, bytes, 2), -EMSGSIZE);
	assert_int_equal(bytes[2], 0xA8); /* as the message left it */
}

static void round_trip_keeps_every_field_however_it_is_cut(void **state)
{
	uint8_t data[VM_MESSAGE_MAX], bytes[VM_ENCODED_MAX];
	struct vm_decoder decoder;
	struct random random;
	int round;

	(void)state;
	random_init(&random, 2);
	vm_decoder_init(&decoder);
	for (round = 0; round < 3000; round++) {
		struct vm_message in = {
			.sequence = (uint8_t)random_u32(&random),
			.netfn = (uint8_t)random_below(&random, 64),
			.lun = (uint8_t)random_below(&random, 4),
			.command = (uint8_t)random_u32(&random),
			.data = data,
			.length = 1 + random_below(&random, VM_MESSAGE_MAX - 4),
		};
		struct vm_item item = {.type = VM_ITEM_NONE};
		int length;
		size_t at = 0, i;

		for (i = 0; i < in.length; i++) {
			/* Every second byte from around the reserved ones. */
			data[i] = (uint8_t)(random_u32(&random) & 1
						    ? random_u32(&random)
						    : 0x9F + random_below(&random, 12));
		}
		length = vm_encode_message(&in, bytes, sizeof(bytes));
		assert_true(length > 0);
		while (at < (size_t)length) {
			size_t piece = 1 + random_below(&random, (uint32_t)((size_t)length - at));

			assert_int_equal(item.type, VM_ITEM_NONE);
			assert_int_equal(vm_decode(&decoder, bytes + at, piece, &item), piece);
			at += piece;
		}
		assert_int_equal(item.type, VM_ITEM_MESSAGE);
		assert_int_equal(item.message.sequence, in.sequence);
		assert_int_equal(item.message.netfn, in.netfn);
		assert_int_equal(item.message.lun, in.lun);
		assert_int_equal(item.message.command, in.command);
		assert_int_equal(item.message.length, in.length);
		assert_memory_equal(item.message.data, data, in.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(request_matches_the_golden_bytes),
		cmocka_unit_test(escaped_sequence_matches_the_golden_bytes),
		cmocka_unit_test(response_carries_its_completion_code_first),
		cmocka_unit_test(reserved_bytes_are_escaped_in_data_and_checksum),
		cmocka_unit_test(control_commands_match_the_golden_bytes),
		cmocka_unit_test(merged_input_gives_one_item_a_call),
		cmocka_unit_test(input_in_single_bytes_gives_the_same),
		cmocka_unit_test(wrong_checksum_is_garbled_and_the_next_message_is_not),
		cmocka_unit_test(too_short_is_garbled_whatever_its_checksum),
		cmocka_unit_test(terminator_inside_an_escape_loses_one_item_only),
		cmocka_unit_test(overlong_is_garbled_once_and_forgotten),
		cmocka_unit_test(what_the_peer_cannot_hold_is_not_encoded),
		cmocka_unit_test(round_trip_keeps_every_field_however_it_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
