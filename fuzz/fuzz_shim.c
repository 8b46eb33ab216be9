/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shim's two translations. What an agent says: whatever it is, what a program
 * gets fits the driver's limits. What a program sends (first byte odd): whatever
 * passes the checks is a message that decodes to what was asked, or answered when
 * its network function is odd.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "client/shim/shim.h"
#include "ipmi/socket.h"

static void from_agent(const uint8_t *bytes, size_t length)
{
	struct driver_message message;

	if (!driver_message_decode(bytes, length, &message)) {
		return;
	}
	FUZZ_CHECK(message.length <= sizeof(message.data));
	FUZZ_CHECK(message.addr_length <= sizeof(message.addr));
	FUZZ_CHECK(message.recv_type >= IPMI_RESPONSE_RECV_TYPE &&
		   message.recv_type <= IPMI_RESPONSE_RESPONSE_TYPE);
	FUZZ_CHECK(message.recv_type != IPMI_RESPONSE_RECV_TYPE ||
		   ((message.netfn & 1) && message.length >= 1));
}

static void is_request(const struct driver_request *request, const struct socket_message *message)
{
	FUZZ_CHECK(message->header.type == VIPMI_MESSAGE_REQUEST);
	FUZZ_CHECK(message->data.length == request->length);
	FUZZ_CHECK(message->header.time_ms > 0 &&
		   message->header.time_ms <= DRIVER_BUDGET_IPMB_MAX_MS);
}

/* What a program answers begins with its completion code, which has a field of its own. */
static void is_response(const struct driver_request *request, const struct socket_message *message)
{
	FUZZ_CHECK(message->header.type == VIPMI_MESSAGE_RESPOND);
	FUZZ_CHECK(request->length > 0 && message->header.cc == request->data[0]);
	FUZZ_CHECK(message->data.length == request->length - 1U);
}

static void from_program(struct reader reader)
{
	struct driver_request request = {.retries = reader_u8(&reader) - 1};
	uint8_t bytes[DRIVER_REQUEST_SIZE];
	struct socket_message message;
	int length;

	request.retry_time_ms = reader_u32le(&reader);
	request.netfn = reader_u8(&reader);
	request.command = reader_u8(&reader);
	request.addr_length = reader_u8(&reader) % (sizeof(request.addr) + 1);
	(void)reader_copy(&reader, &request.addr, request.addr_length); /* or zeros */
	request.length = reader_left(&reader);
	if (request.length > sizeof(request.data) ||
		!reader_copy(&reader, request.data, request.length)) {
		return;
	}
	if (driver_address_check(&request.addr, request.addr_length) < 0 ||
		driver_request_check(&request) < 0) {
		return;
	}
	length = driver_request_encode(&request, 7, bytes);
	FUZZ_CHECK(length > 0 && socket_decode(bytes, (size_t)length, &message) == 0);
	FUZZ_CHECK(message.header.netfn == request.netfn);
	FUZZ_CHECK(message.header.command == request.command && message.header.lun <= 3);
	if (request.netfn & 1) {
		is_response(&request, &message);
	} else {
		is_request(&request, &message);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	if (length > 0 && (bytes[0] & 1)) {
		from_program(reader_init(bytes + 1, length - 1));
	} else if (length > 0) {
		from_agent(bytes + 1, length - 1);
	}
	return 0;
}
