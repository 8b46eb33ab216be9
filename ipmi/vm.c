/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A message is: sequence, netFn and LUN, command, data, checksum. There is no
 * start mark and no length: everything since the last terminator belongs to the
 * item that the next one ends. The checksum makes the unescaped bytes, sequence
 * included, add up to 0; control commands have none.
 *
 * Reserved bytes never stand raw inside an item. So a terminator ends the item
 * whatever came before, an unfinished escape included: one damaged item is lost,
 * never the one after it.
 */
#include "ipmi/vm.h"

#include "base/bytes.h"
#include "ipmi/ipmb.h"

#define VM_MESSAGE_END 0xA0
#define VM_CONTROL_END 0xA1
#define VM_ESCAPE 0xAA
/* Set in an escaped byte, so that it is none of the reserved ones. */
#define VM_ESCAPE_BIT 0x10

/* Sequence, netFn and LUN, command, checksum; a response has a completion code as well. */
#define VM_REQUEST_MIN 4
#define VM_RESPONSE_MIN 5

void vm_decoder_init(struct vm_decoder *decoder)
{
	decoder->length = 0;
	decoder->escaped = false;
	decoder->overflowed = false;
}

static void decode_message(const struct vm_decoder *decoder, struct vm_item *item)
{
	struct reader reader = reader_init(decoder->bytes, decoder->length);
	struct vm_message *message = &item->message;
	uint8_t netfn_lun;

	item->type = VM_ITEM_GARBLED;
	if (decoder->length < VM_REQUEST_MIN ||
		ipmb_check_byte(decoder->bytes, decoder->length) != 0) {
		return;
	}
	message->sequence = reader_u8(&reader);
	netfn_lun = reader_u8(&reader);
	message->netfn = netfn_lun >> 2;
	message->lun = netfn_lun & 3;
	message->command = reader_u8(&reader);
	message->length = reader_left(&reader) - 1;
	message->data = reader_bytes(&reader, message->length);
	if ((message->netfn & 1) && decoder->length < VM_RESPONSE_MIN) {
		return;
	}
	item->type = VM_ITEM_MESSAGE;
}

static void decode_control(const struct vm_decoder *decoder, struct vm_item *item)
{
	struct reader reader = reader_init(decoder->bytes, decoder->length);

	/* No control command has more than one argument. */
	if (decoder->length < 1 || decoder->length > 2) {
		item->type = VM_ITEM_GARBLED;
		return;
	}
	item->type = VM_ITEM_CONTROL;
	item->control = reader_u8(&reader);
	item->argument = reader_u8(&reader);
}

static void decode_end(struct vm_decoder *decoder, uint8_t terminator, struct vm_item *item)
{
	if (decoder->overflowed || decoder->escaped) {
		item->type = VM_ITEM_GARBLED;
	} else if (terminator == VM_MESSAGE_END) {
		decode_message(decoder, item);
	} else {
		decode_control(decoder, item);
	}
	/* The bytes stay where they are: the item's data points at them until the next call. */
	vm_decoder_init(decoder);
}

size_t vm_decode(
	struct vm_decoder *decoder, const uint8_t *bytes, size_t length, struct vm_item *ret_item)
{
	struct reader reader = reader_init(bytes, length);

	*ret_item = (struct vm_item){.type = VM_ITEM_NONE};
	while (reader_left(&reader) > 0) {
		uint8_t byte = reader_u8(&reader);

		if (byte == VM_MESSAGE_END || byte == VM_CONTROL_END) {
			decode_end(decoder, byte, ret_item);
			break;
		}
		if (byte == VM_ESCAPE) {
			decoder->escaped = true;
			continue;
		}
		if (decoder->escaped) {
			byte &= (uint8_t)~VM_ESCAPE_BIT;
			decoder->escaped = false;
		}
		if (decoder->length == sizeof(decoder->bytes)) {
			decoder->overflowed = true;
			continue;
		}
		decoder->bytes[decoder->length++] = byte;
	}
	return length - reader_left(&reader);
}

static void write_escaped(struct writer *writer, uint8_t byte)
{
	if (byte == VM_MESSAGE_END || byte == VM_CONTROL_END || byte == VM_ESCAPE) {
		writer_u8(writer, VM_ESCAPE);
		byte |= VM_ESCAPE_BIT;
	}
	writer_u8(writer, byte);
}

int vm_encode_message(const struct vm_message *message, uint8_t *bytes, size_t size)
{
	struct writer writer = writer_init(bytes, size);
	uint8_t netfn_lun = (uint8_t)(message->netfn << 2 | (message->lun & 3));
	uint8_t sum = (uint8_t)(message->sequence + netfn_lun + message->command);
	size_t i;

	/* What the peer's buffer cannot hold must not be sent. */
	if (message->length > VM_MESSAGE_MAX - VM_REQUEST_MIN) {
		return -EMSGSIZE;
	}
	write_escaped(&writer, message->sequence);
	write_escaped(&writer, netfn_lun);
	write_escaped(&writer, message->command);
	for (i = 0; i < message->length; i++) {
		write_escaped(&writer, message->data[i]);
		sum = (uint8_t)(sum + message->data[i]);
	}
	write_escaped(&writer, (uint8_t)-sum);
	writer_u8(&writer, VM_MESSAGE_END);
	return writer.failed ? -EMSGSIZE : (int)writer_length(&writer);
}

int vm_encode_control(uint8_t control, uint8_t argument, uint8_t *bytes, size_t size)
{
	struct writer writer = writer_init(bytes, size);

	write_escaped(&writer, control);
	if (control == VM_CONTROL_CAPABILITIES || control == VM_CONTROL_VERSION) {
		write_escaped(&writer, argument);
	}
	writer_u8(&writer, VM_CONTROL_END);
	return writer.failed ? -EMSGSIZE : (int)writer_length(&writer);
}
