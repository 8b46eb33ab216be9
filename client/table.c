/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "client/internal.h"

#define SLOTS_FIRST 16

void call_table_init(struct call_table *table)
{
	*table = (struct call_table){.free = CALL_SLOT_NONE};
}

void call_table_finish(struct call_table *table)
{
	free(table->slots);
	call_table_init(table);
}

static int table_grow(struct call_table *table)
{
	uint32_t length = table->length ? table->length * 2 : SLOTS_FIRST;
	struct call_slot *slots;

	if (length <= table->length) {
		return -ENOMEM;
	}
	slots = reallocarray(table->slots, length, sizeof(*slots));
	if (!slots) {
		return -ENOMEM;
	}
	for (uint32_t i = length; i-- > table->length;) {
		slots[i] = (struct call_slot){.free = table->free, .generation = 1};
		table->free = i;
	}
	table->slots = slots;
	table->length = length;
	return 0;
}

int call_table_add(struct call_table *table, struct call *call, uint64_t *ret_tag)
{
	struct call_slot *slot;
	uint32_t index;

	if (table->free == CALL_SLOT_NONE && table_grow(table) < 0) {
		return -ENOMEM;
	}
	index = table->free;
	slot = &table->slots[index];
	table->free = slot->free;
	slot->call = call;
	*ret_tag = (uint64_t)slot->generation << 32 | index;
	return 0;
}

static struct call_slot *table_slot(const struct call_table *table, uint64_t tag)
{
	uint32_t index = (uint32_t)tag;

	if (index >= table->length || table->slots[index].generation != tag >> 32) {
		return NULL;
	}
	return &table->slots[index];
}

struct call *call_table_find(const struct call_table *table, uint64_t tag)
{
	const struct call_slot *slot = table_slot(table, tag);

	return slot ? slot->call : NULL;
}

void call_table_remove(struct call_table *table, uint64_t tag)
{
	struct call_slot *slot = table_slot(table, tag);

	if (!slot || !slot->call) {
		return;
	}
	slot->call = NULL;
	slot->generation++;
	slot->free = table->free;
	table->free = (uint32_t)tag;
}
