/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipmi/ipmb.h"

#include "base/bytes.h"

/* The second checksum covers everything after the first one, which follows two bytes. */
#define IPMB_BODY_OFFSET 3

/* netFn or sequence above, LUN below: the layout of both bytes that carry a LUN. */
static uint8_t six_and_lun(uint8_t six, uint8_t lun)
{
	return (uint8_t)(six << 2 | (lun & 3));
}

uint8_t ipmb_check_byte(const uint8_t *bytes, size_t length)
{
	uint8_t sum = 0;
	size_t i;

	for (i = 0; i < length; i++) {
		sum = (uint8_t)(sum + bytes[i]);
	}
	return (uint8_t)-sum;
}

int ipmb_encode(const struct ipmb_message *message, uint8_t *frame, size_t size)
{
	struct writer writer = writer_init(frame, size);
	/* IPMI 2.0 section 7: the receiver comes first, so a response swaps the two parties. */
	bool response = message->netfn & 1;
	uint8_t to_address = response ? message->rq_address : message->rs_address;
	uint8_t to_lun = response ? message->rq_lun : message->rs_lun;
	uint8_t from_address = response ? message->rs_address : message->rq_address;
	uint8_t from_lun = response ? message->rs_lun : message->rq_lun;

	/* Checked whole and first: a frame is written entirely or not at all. */
	if (size < IPMB_REQUEST_OVERHEAD || size - IPMB_REQUEST_OVERHEAD < message->length) {
		return -EMSGSIZE;
	}
	writer_u8(&writer, to_address);
	writer_u8(&writer, six_and_lun(message->netfn, to_lun));
	writer_u8(&writer, ipmb_check_byte(frame, IPMB_BODY_OFFSET - 1));
	writer_u8(&writer, from_address);
	writer_u8(&writer, six_and_lun(message->sequence, from_lun));
	writer_u8(&writer, message->command);
	writer_bytes(&writer, message->data, message->length);
	writer_u8(&writer, ipmb_check_byte(frame + IPMB_BODY_OFFSET,
				   writer_length(&writer) - IPMB_BODY_OFFSET));
	return (int)writer_length(&writer);
}

int ipmb_decode(const uint8_t *frame, size_t length, struct ipmb_message *ret_message)
{
	/* Each checksum, itself included, adds up to 0 with what it covers. */
	if (length < IPMB_BODY_OFFSET || ipmb_check_byte(frame, IPMB_BODY_OFFSET) != 0 ||
		ipmb_check_byte(frame + IPMB_BODY_OFFSET, length - IPMB_BODY_OFFSET) != 0) {
		return -EBADMSG;
	}
	return ipmb_decode_received(frame[0], frame + 1, length - 1, ret_message);
}

int ipmb_decode_received(
	uint8_t own_address, const uint8_t *bytes, size_t length, struct ipmb_message *ret_message)
{
	struct reader reader = reader_init(bytes, length);
	struct ipmb_message message;
	uint8_t to, from_address, from;
	bool response;

	to = reader_u8(&reader);
	(void)reader_u8(&reader); /* the first checksum */
	from_address = reader_u8(&reader);
	from = reader_u8(&reader);
	message.command = reader_u8(&reader);
	message.netfn = to >> 2;
	message.sequence = from >> 2;
	response = message.netfn & 1;
	message.rq_address = response ? own_address : from_address;
	message.rq_lun = (response ? to : from) & 3;
	message.rs_address = response ? from_address : own_address;
	message.rs_lun = (response ? from : to) & 3;

	/* All but the second checksum. Where not even that is left, this asks for too much and
	 * fails. */
	message.length = reader_left(&reader) - 1;
	message.data = reader_bytes(&reader, message.length);
	/* A response that has no completion code says nothing (IPMI 2.0 section 5.2). */
	if (reader.failed || (response && message.length < 1)) {
		return -EBADMSG;
	}
	*ret_message = message;
	return 0;
}
