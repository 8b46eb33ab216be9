/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * IPMB frames (IPMI 2.0 sections 6.12 and 7; IPMB 1.0): the message that a Send
 * Message command carries, and what Get Message returns.
 */
#ifndef VIPMI_IPMI_IPMB_H
#define VIPMI_IPMI_IPMB_H

#include "base/compat.h"

/* Longest frame, slave address and both checksums included (IPMB 1.0; universal practice). */
#define IPMB_FRAME_MAX 32
#define IPMB_REQUEST_OVERHEAD 7
#define IPMB_DATA_MAX (IPMB_FRAME_MAX - IPMB_REQUEST_OVERHEAD)
#define IPMB_SEQUENCES 64

/* In a request "rs" is whom it is for and "rq" who asks; a response is sent by rs to rq. */
struct ipmb_message {
	uint8_t rs_address, rs_lun;
	uint8_t rq_address, rq_lun;
	uint8_t netfn; /* odd = response */
	uint8_t sequence;
	uint8_t command;
	const uint8_t *data; /* in a response the completion code comes first */
	size_t length;
};

/* Two's complement of the sum: adding it brings the sum to 0. (ipmb_checksum is the kernel's.) */
uint8_t ipmb_check_byte(const uint8_t *bytes, size_t length);

/* Writes the whole frame, first byte the receiver's address. Returns its length, or -EMSGSIZE
 * when `size` is too small for it. IPMB_FRAME_MAX is not enforced here: the link's limit is. */
int ipmb_encode(const struct ipmb_message *message, uint8_t *frame, size_t size);

/* Takes a whole frame apart; `data` points into it. 0, or -EBADMSG (too short, wrong checksum). */
int ipmb_decode(const uint8_t *frame, size_t length, struct ipmb_message *ret_message);

/*
 * Takes apart what Get Message returns after the channel byte (IPMI 2.0 section
 * 22.6): the frame without its first byte, `own_address`, the receiver's. The
 * controller checked both checksums when the frame came in, and OpenIPMI's
 * ipmi_sim hands out wrong ones: they are not looked at. Otherwise as ipmb_decode.
 */
int ipmb_decode_received(
	uint8_t own_address, const uint8_t *bytes, size_t length, struct ipmb_message *ret_message);

#endif
