/* SPDX-License-Identifier: BSD-2-Clause */
/* IPMB frames: whatever decodes is exactly what encoding its fields gives. */
#include "fuzz/fuzz.h"

#include <string.h>

#include "ipmi/ipmb.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct ipmb_message message, received;
	uint8_t frame[4096 + IPMB_REQUEST_OVERHEAD];

	if (length > sizeof(frame) || ipmb_decode(bytes, length, &message) != 0) {
		return 0;
	}
	FUZZ_CHECK(message.data >= bytes && message.data + message.length < bytes + length);
	FUZZ_CHECK(ipmb_encode(&message, frame, sizeof(frame)) == (int)length);
	FUZZ_CHECK(memcmp(frame, bytes, length) == 0);
	/* The same without its first byte, as Get Message gives it. */
	FUZZ_CHECK(ipmb_decode_received(bytes[0], bytes + 1, length - 1, &received) == 0);
	FUZZ_CHECK(received.command == message.command && received.data == message.data);
	/* Never one byte more than there is room for. */
	FUZZ_CHECK(ipmb_encode(&message, frame, length - 1) == -EMSGSIZE);
	return 0;
}
