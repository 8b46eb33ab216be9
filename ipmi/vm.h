/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM serial protocol between QEMU's ipmi-bmc-extern (the host's side) and a
 * controller (ipmi_sim, vipmi-chassisd): framing both ways, no I/O.
 * Bytes: A0 ends a message, A1 a control command, AA escapes (next byte has bit
 * 4 set). See ipmi/vm.c for the rest.
 */
#ifndef VIPMI_IPMI_VM_H
#define VIPMI_IPMI_VM_H

#include "base/compat.h"

/* QEMU's own buffer: longest message before escaping, sequence and checksum included. */
#define VM_MESSAGE_MAX 300
/* Longest encoded form: every byte escaped, and the terminator. */
#define VM_ENCODED_MAX (2 * VM_MESSAGE_MAX + 1)

enum vm_control {
	VM_CONTROL_ATTENTION_OFF = 0x00,
	VM_CONTROL_ATTENTION = 0x01,
	VM_CONTROL_ATTENTION_INTERRUPT = 0x02,
	VM_CONTROL_POWER_OFF = 0x03,
	VM_CONTROL_RESET = 0x04,
	VM_CONTROL_INTERRUPT_ENABLE = 0x05,
	VM_CONTROL_INTERRUPT_DISABLE = 0x06,
	VM_CONTROL_NMI = 0x07,
	VM_CONTROL_CAPABILITIES = 0x08, /* one argument */
	VM_CONTROL_GRACEFUL_SHUTDOWN = 0x09,
	VM_CONTROL_VERSION = 0xFF, /* one argument: 1 */
};

struct vm_message {
	uint8_t sequence;
	uint8_t netfn, lun, command;
	const uint8_t *data; /* in a response the completion code comes first */
	size_t length;
};

enum vm_item_type {
	VM_ITEM_NONE,    /* more bytes are needed */
	VM_ITEM_MESSAGE, /* .message, its data valid until the next call */
	VM_ITEM_CONTROL, /* .control, .argument (0 when there was none) */
	VM_ITEM_GARBLED, /* something ended that is neither: too long, too short, wrong checksum */
};

struct vm_item {
	enum vm_item_type type;
	struct vm_message message;
	uint8_t control, argument;
};

/* Decoder state, in the caller's storage. Never allocates; bounded whatever comes in. */
struct vm_decoder {
	uint8_t bytes[VM_MESSAGE_MAX];
	uint16_t length;
	bool escaped, overflowed;
};

void vm_decoder_init(struct vm_decoder *decoder);

/* Eats bytes up to and including the end of one item, and says in *ret_item what it was. Returns
 * how many bytes it took: call again with the rest until it gives VM_ITEM_NONE. */
size_t vm_decode(
	struct vm_decoder *decoder, const uint8_t *bytes, size_t length, struct vm_item *ret_item);

/* Writes one message, framed and escaped. Returns the length, or -EMSGSIZE. */
int vm_encode_message(const struct vm_message *message, uint8_t *bytes, size_t size);

/* Writes a control command; `argument` is sent for CAPABILITIES and VERSION only. As above. */
int vm_encode_control(uint8_t control, uint8_t argument, uint8_t *bytes, size_t size);

#endif
