/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "ipmi/ipmb.h"

/* Get Device ID from 20h LUN 2, sequence 5, to the satellite B4h; and "invalid command" back. */
static const uint8_t golden_request[] = {0xB4, 0x18, 0x34, 0x20, 0x16, 0x01, 0xC9};
static const uint8_t golden_response[] = {0x20, 0x1E, 0xC2, 0xB4, 0x14, 0x01, 0xC1, 0x76};

static void checksum_brings_the_sum_to_zero(void **state)
{
	static const uint8_t bytes[] = {0xB4, 0x18};

	(void)state;
	assert_int_equal(ipmb_check_byte(bytes, 2), 0x34);
	assert_int_equal(ipmb_check_byte(golden_request, 3), 0);
	assert_int_equal(ipmb_check_byte(bytes, 0), 0);
}

static void request_has_the_responder_first(void **state)
{
	struct ipmb_message message = {.rs_address = 0xB4,
		.rq_address = 0x20,
		.rq_lun = 2,
		.netfn = 0x06,
		.sequence = 5,
		.command = 0x01};
	uint8_t frame[IPMB_FRAME_MAX];

	(void)state;
	assert_int_equal(ipmb_encode(&message, frame, sizeof(frame)), sizeof(golden_request));
	assert_memory_equal(frame, golden_request, sizeof(golden_request));
}

static void response_has_the_requester_first(void **state)
{
	static const uint8_t cc[] = {0xC1};
	struct ipmb_message message = {.rs_address = 0xB4,
		.rq_address = 0x20,
		.rq_lun = 2,
		.netfn = 0x07,
		.sequence = 5,
		.command = 0x01,
		.data = cc,
		.length = sizeof(cc)};
	uint8_t frame[IPMB_FRAME_MAX];

	(void)state;
	assert_int_equal(ipmb_encode(&message, frame, sizeof(frame)), sizeof(golden_response));
	assert_memory_equal(frame, golden_response, sizeof(golden_response));
}

static void golden_frames_come_apart(void **state)
{
	struct ipmb_message message;

	(void)state;
	assert_int_equal(ipmb_decode(golden_request, sizeof(golden_request), &message), 0);
	assert_int_equal(message.rs_address, 0xB4);
	assert_int_equal(message.rs_lun, 0);
	assert_int_equal(message.rq_address, 0x20);
	assert_int_equal(message.rq_lun, 2);
	assert_int_equal(message.netfn, 0x06);
	assert_int_equal(message.sequence, 5);
	assert_int_equal(message.command, 0x01);
	assert_int_equal(message.length, 0);

	assert_int_equal(ipmb_decode(golden_response, sizeof(golden_response), &message), 0);
	assert_int_equal(message.rs_address, 0xB4);
	assert_int_equal(message.rs_lun, 0);
	assert_int_equal(message.rq_address, 0x20);
	assert_int_equal(message.rq_lun, 2);
	assert_int_equal(message.netfn, 0x07);
	assert_int_equal(message.sequence, 5);
	assert_int_equal(message.length, 1);
	assert_ptr_equal(message.data, golden_response + 6);
}

static void received_frame_lacks_its_first_byte_and_its_checksums_do_not_count(void **state)
{
	uint8_t frame[sizeof(golden_response)];
	struct ipmb_message message;

	(void)state;
	memcpy(frame, golden_response, sizeof(frame));
	frame[2] ^= 0x55;
	frame[sizeof(frame) - 1] ^= 0x55;
	assert_int_equal(ipmb_decode_received(0x22, frame + 1, sizeof(frame) - 1, &message), 0);
	assert_int_equal(message.rq_address, 0x22);
	assert_int_equal(message.rs_address, 0xB4);
	assert_int_equal(message.length, 1);
	assert_int_equal(message.data[0], golden_response[6]);
}

static void every_single_wrong_byte_is_noticed(void **state)
{
	uint8_t frame[sizeof(golden_response)];
	struct ipmb_message message;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(frame); i++) {
		memcpy(frame, golden_response, sizeof(frame));
		frame[i] ^= 0x04;
		assert_int_equal(ipmb_decode(frame, sizeof(frame), &message), -EBADMSG);
	}
}

static void short_frames_are_refused_and_leave_the_output_alone(void **state)
{
	/* Both checksums hold, but the response has no completion code. */
	static const uint8_t bare[] = {0x20, 0x1E, 0xC2, 0xB4, 0x14, 0x01, 0x37};
	static const uint8_t zeros[8];
	struct ipmb_message message = {.command = 0x77};
	size_t length;

	(void)state;
	for (length = 0; length < sizeof(golden_request); length++) {
		assert_int_equal(ipmb_decode(golden_request, length, &message), -EBADMSG);
		/* Zeros satisfy every checksum: only the length tells. */
		if (length < IPMB_REQUEST_OVERHEAD) {
			assert_int_equal(ipmb_decode(zeros, length, &message), -EBADMSG);
		}
	}
	assert_int_equal(ipmb_check_byte(bare + 3, 4), 0);
	assert_int_equal(ipmb_decode(bare, sizeof(bare), &message), -EBADMSG);
	assert_int_equal(message.command, 0x77);
}

static void a_frame_is_written_whole_or_not_at_all(void **state)
{
	static const uint8_t data[3] = {1, 2, 3};
	struct ipmb_message message = {.netfn = 6, .data = data, .length = sizeof(data)};
	uint8_t frame[IPMB_REQUEST_OVERHEAD + sizeof(data)];
	size_t size;

	(void)state;
	memset(frame, 0x55, sizeof(frame));
	for (size = 0; size < sizeof(frame); size++) {
		assert_int_equal(ipmb_encode(&message, frame, size), -EMSGSIZE);
		assert_int_equal(frame[0], 0x55);
	}
	assert_int_equal(ipmb_encode(&message, frame, sizeof(frame)), sizeof(frame));
}

static void round_trip_keeps_every_field(void **state)
{
	uint8_t data[IPMB_DATA_MAX], frame[IPMB_FRAME_MAX];
	struct random random;
	int round, length;
	size_t i;

	(void)state;
	random_init(&random, 1);
	for (round = 0; round < 2000; round++) {
		struct ipmb_message in = {
			.rs_address = (uint8_t)random_u32(&random),
			.rs_lun = (uint8_t)random_below(&random, 4),
			.rq_address = (uint8_t)random_u32(&random),
			.rq_lun = (uint8_t)random_below(&random, 4),
			.netfn = (uint8_t)random_below(&random, 64),
			.sequence = (uint8_t)random_below(&random, IPMB_SEQUENCES),
			.command = (uint8_t)random_u32(&random),
			.data = data,
			.length = 1 + random_below(&random, IPMB_DATA_MAX),
		};
		struct ipmb_message out;

		for (i = 0; i < in.length; i++) {
			data[i] = (uint8_t)random_u32(&random);
		}
		length = ipmb_encode(&in, frame, sizeof(frame));
		assert_int_equal(length, in.length + IPMB_REQUEST_OVERHEAD);
		assert_int_equal(ipmb_decode(frame, (size_t)length, &out), 0);
		assert_int_equal(out.rs_address, in.rs_address);
		assert_int_equal(out.rs_lun, in.rs_lun);
		assert_int_equal(out.rq_address, in.rq_address);
		assert_int_equal(out.rq_lun, in.rq_lun);
		assert_int_equal(out.netfn, in.netfn);
		assert_int_equal(out.sequence, in.sequence);
		assert_int_equal(out.command, in.command);
		assert_int_equal(out.length, in.length);
		assert_memory_equal(out.data, data, in.length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_brings_the_sum_to_zero),
		cmocka_unit_test(request_has_the_responder_first),
		cmocka_unit_test(response_has_the_requester_first),
		cmocka_unit_test(golden_frames_come_apart),
		cmocka_unit_test(
			received_frame_lacks_its_first_byte_and_its_checksums_do_not_count),
		cmocka_unit_test(every_single_wrong_byte_is_noticed),
		cmocka_unit_test(short_frames_are_refused_and_leave_the_output_alone),
		cmocka_unit_test(a_frame_is_written_whole_or_not_at_all),
		cmocka_unit_test(round_trip_keeps_every_field),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
