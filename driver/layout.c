/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The callers' structures byte by byte, in this machine's order: with words of 64
 * bits, or of 32 for a 32-bit program on a 64-bit kernel.
 *
 *	struct ipmi_msg   netfn 1, cmd 1, data_len 2, data (a word, aligned)
 *	struct ipmi_req   addr (a word), addr_len 4, msgid (a word), msg
 *	    _settime      the same, retries 4, retry_time_ms 4
 *	struct ipmi_recv  recv_type 4, addr (a word), addr_len 4, msgid (a word), msg
 */
#include "driver/driver.h"

struct layout_msg64 {
	uint8_t netfn, command;
	uint16_t data_length;
	uint32_t unused;
	uint64_t data;
};

struct layout_msg32 {
	uint8_t netfn, command;
	uint16_t data_length;
	uint32_t data;
};

struct layout_req64 {
	uint64_t addr;
	uint32_t addr_length, unused;
	int64_t msgid;
	struct layout_msg64 msg;
	int32_t retries; /* of _settime alone, like the next */
	uint32_t retry_time_ms;
};

struct layout_req32 {
	uint32_t addr, addr_length;
	int32_t msgid;
	struct layout_msg32 msg;
	int32_t retries;
	uint32_t retry_time_ms;
};

struct layout_recv64 {
	int32_t recv_type;
	uint32_t unused1;
	uint64_t addr;
	uint32_t addr_length, unused2;
	int64_t msgid;
	struct layout_msg64 msg;
};

struct layout_recv32 {
	int32_t recv_type;
	uint32_t addr, addr_length;
	int32_t msgid;
	struct layout_msg32 msg;
};

_Static_assert(sizeof(struct layout_req64) == DRIVER_LAYOUT_MAX, "the longest");
_Static_assert(sizeof(struct layout_recv64) == DRIVER_LAYOUT_MAX, "as long");
_Static_assert(sizeof(struct layout_req32) == 28 && sizeof(struct layout_recv32) == 24, "narrow");
/* Whatever this machine's words are, its own structures are one of the two. */
_Static_assert(sizeof(struct ipmi_req_settime) == sizeof(struct layout_req64) ||
		       sizeof(struct ipmi_req_settime) == sizeof(struct layout_req32),
	"struct ipmi_req_settime");
_Static_assert(sizeof(struct ipmi_recv) == sizeof(struct layout_recv64) ||
		       sizeof(struct ipmi_recv) == sizeof(struct layout_recv32),
	"struct ipmi_recv");

size_t driver_req_length(bool narrow, bool settime)
{
	if (settime) {
		return narrow ? sizeof(struct layout_req32) : sizeof(struct layout_req64);
	}
	return narrow ? offsetof(struct layout_req32, retries)
		      : offsetof(struct layout_req64, retries);
}

size_t driver_recv_length(bool narrow)
{
	return narrow ? sizeof(struct layout_recv32) : sizeof(struct layout_recv64);
}

#define REQ_READ(type)                                                                             \
	do {                                                                                       \
		struct type from = {0};                                                            \
                                                                                                   \
		memcpy(&from, bytes, driver_req_length(narrow, settime));                          \
		*ret_request = (struct driver_req){.addr = from.addr,                              \
			.data = from.msg.data,                                                     \
			.msgid = from.msgid,                                                       \
			.addr_length = from.addr_length,                                           \
			.data_length = from.msg.data_length,                                       \
			.netfn = from.msg.netfn,                                                   \
			.command = from.msg.command,                                               \
			.retries = from.retries,                                                   \
			.retry_time_ms = from.retry_time_ms};                                      \
	} while (0)

void driver_req_read(
	const uint8_t *bytes, bool narrow, bool settime, struct driver_req *ret_request)
{
	if (narrow) {
		REQ_READ(layout_req32);
	} else {
		REQ_READ(layout_req64);
	}
}

#define RECV_READ(type)                                                                            \
	do {                                                                                       \
		struct type from;                                                                  \
                                                                                                   \
		memcpy(&from, bytes, sizeof(from));                                                \
		*ret_recv = (struct driver_recv){.addr = from.addr,                                \
			.data = from.msg.data,                                                     \
			.msgid = from.msgid,                                                       \
			.recv_type = from.recv_type,                                               \
			.addr_length = from.addr_length,                                           \
			.data_length = from.msg.data_length,                                       \
			.netfn = from.msg.netfn,                                                   \
			.command = from.msg.command};                                              \
	} while (0)

void driver_recv_read(const uint8_t *bytes, bool narrow, struct driver_recv *ret_recv)
{
	if (narrow) {
		RECV_READ(layout_recv32);
	} else {
		RECV_READ(layout_recv64);
	}
}

void driver_recv_write(uint8_t *bytes, bool narrow, const struct driver_recv *recv)
{
	const struct layout_recv64 wide = {.recv_type = recv->recv_type,
		.addr = recv->addr,
		.addr_length = recv->addr_length,
		.msgid = recv->msgid,
		.msg = {.netfn = recv->netfn,
			.command = recv->command,
			.data_length = recv->data_length,
			.data = recv->data}};
	/* A 32-bit caller's own addresses and msgid fit. */
	const struct layout_recv32 small = {.recv_type = recv->recv_type,
		.addr = (uint32_t)recv->addr,
		.addr_length = recv->addr_length,
		.msgid = (int32_t)recv->msgid,
		.msg = {.netfn = recv->netfn,
			.command = recv->command,
			.data_length = recv->data_length,
			.data = (uint32_t)recv->data}};

	if (narrow) {
		memcpy(bytes, &small, sizeof(small));
	} else {
		memcpy(bytes, &wide, sizeof(wide));
	}
}
