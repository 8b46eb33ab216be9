/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The VM protocol's stream: it gives the same items however it is cut, always
 * makes progress, and what it decodes survives encoding.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "ipmi/vm.h"

/* Encodes the item and decodes that: it must come out the same. */
static void check_item(const struct vm_item *item)
{
	uint8_t bytes[VM_ENCODED_MAX];
	struct vm_decoder decoder;
	struct vm_item again;
	int length;

	vm_decoder_init(&decoder);
	if (item->type == VM_ITEM_MESSAGE) {
		length = vm_encode_message(&item->message, bytes, sizeof(bytes));
		FUZZ_CHECK(length > 0);
		FUZZ_CHECK(vm_decode(&decoder, bytes, (size_t)length, &again) == (size_t)length);
		FUZZ_CHECK(again.type == VM_ITEM_MESSAGE);
		FUZZ_CHECK(again.message.sequence == item->message.sequence);
		FUZZ_CHECK(again.message.netfn == item->message.netfn);
		FUZZ_CHECK(again.message.lun == item->message.lun);
		FUZZ_CHECK(again.message.command == item->message.command);
		FUZZ_CHECK(again.message.length == item->message.length);
		FUZZ_CHECK(
			item->message.length == 0 ||
			memcmp(again.message.data, item->message.data, item->message.length) == 0);
	} else if (item->type == VM_ITEM_CONTROL) {
		length = vm_encode_control(item->control, item->argument, bytes, sizeof(bytes));
		FUZZ_CHECK(length > 0);
		FUZZ_CHECK(vm_decode(&decoder, bytes, (size_t)length, &again) == (size_t)length);
		FUZZ_CHECK(again.type == VM_ITEM_CONTROL && again.control == item->control);
	}
}

/* The next item of the stream fed byte by byte; how many bytes it took. */
static size_t decode_slowly(
	struct vm_decoder *decoder, const uint8_t *bytes, size_t length, struct vm_item *ret_item)
{
	size_t at;

	*ret_item = (struct vm_item){.type = VM_ITEM_NONE};
	for (at = 0; at < length && ret_item->type == VM_ITEM_NONE; at++) {
		FUZZ_CHECK(vm_decode(decoder, bytes + at, 1, ret_item) == 1);
	}
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct vm_decoder whole, slow;
	size_t at = 0;

	vm_decoder_init(&whole);
	vm_decoder_init(&slow);
	while (at < length) {
		struct vm_item item, same;
		size_t taken = vm_decode(&whole, bytes + at, length - at, &item);

		FUZZ_CHECK(taken > 0 && taken <= length - at);
		FUZZ_CHECK(item.type != VM_ITEM_NONE || taken == length - at);
		FUZZ_CHECK(decode_slowly(&slow, bytes + at, length - at, &same) == taken);
		FUZZ_CHECK(same.type == item.type);
		FUZZ_CHECK(
			item.type != VM_ITEM_MESSAGE || same.message.length == item.message.length);
		check_item(&item);
		at += taken;
	}
	return 0;
}
