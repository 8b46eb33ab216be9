/* SPDX-License-Identifier: BSD-2-Clause */
/* Sequence numbers: reserved and given back by whoever it is. */
#ifndef VIPMI_TESTS_CORE_NUMBERS_H
#define VIPMI_TESTS_CORE_NUMBERS_H

#include "core_bus.h"

struct reach {
	uint8_t channel, address;
};

static inline struct core_event sequence_event(
	struct world *world, uint32_t client, uint32_t handle, struct reach of)
{
	return (struct core_event){.now_ns = world->now_ns,
		.sequence = {.client = client,
			.handle = handle,
			.channel = of.channel,
			.address = of.address}};
}

static inline int reserve(struct world *world, uint32_t client, uint32_t handle, struct reach of,
	uint64_t numbers, uint8_t count, uint64_t *ret_numbers)
{
	struct core_event event = sequence_event(world, client, handle, of);
	int r;

	event.type = CORE_EVENT_SEQUENCE_RESERVE;
	event.sequence.numbers = numbers;
	event.sequence.count = count;
	event.sequence.virtual_client = 70 + handle % 65536;
	r = core_step(world->core, &event);
	if (r == 0 && ret_numbers) {
		*ret_numbers = event.sequence.ret_numbers;
	}
	return r;
}

static inline int give_back(
	struct world *world, uint32_t client, uint32_t handle, struct reach of, uint64_t numbers)
{
	struct core_event event = sequence_event(world, client, handle, of);

	event.type = CORE_EVENT_SEQUENCE_FREE;
	event.sequence.numbers = numbers;
	return core_step(world->core, &event);
}

static const struct reach slot_10 = {0, SLOT_10};

#endif
