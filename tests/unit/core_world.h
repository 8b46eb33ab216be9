/* SPDX-License-Identifier: BSD-2-Clause */
/* A core in its own memory with a clock, for unit tests; each step asserts what it takes for
 * granted. */
#ifndef VIPMI_TESTS_CORE_WORLD_H
#define VIPMI_TESTS_CORE_WORLD_H

#include <stdlib.h>

#include "core/core.h"

struct world {
	void *memory;
	struct core *core;
	uint64_t now_ns;
};

static inline struct world world_with(const struct core_limits *limits)
{
	struct world world = {.now_ns = 1000};
	size_t size = core_size(limits);

	assert_true(size > 0);
	assert_int_equal(posix_memalign(&world.memory, 64, size), 0);
	memset(world.memory, 0xA5, size); /* nothing may rely on clean memory */
	assert_int_equal(core_init(world.memory, size, limits, world.now_ns, &world.core), 0);
	return world;
}

static inline int step(struct world *world, struct core_event event)
{
	event.now_ns = world->now_ns;
	return core_step(world->core, &event);
}

static inline void link_up(struct world *world, uint8_t window)
{
	assert_int_equal(step(world, (struct core_event){.type = CORE_EVENT_LINK_UP,
					     .link_up = {.window = window}}),
		0);
}

static inline uint32_t client_new(struct world *world, uint64_t cookie)
{
	struct core_event event = {.type = CORE_EVENT_CLIENT_OPEN,
		.now_ns = world->now_ns,
		.client_open = {.cookie = cookie}};

	assert_int_equal(core_step(world->core, &event), 0);
	return event.client_open.ret_client;
}

static inline int handle_try(struct world *world, uint32_t client, uint32_t *ret_handle)
{
	struct core_event event = {.type = CORE_EVENT_HANDLE_OPEN,
		.now_ns = world->now_ns,
		.handle_open = {.client = client, .class = VIPMI_CLASS_NORMAL}};
	int r = core_step(world->core, &event);

	if (r == 0) {
		*ret_handle = event.handle_open.ret_handle;
	}
	return r;
}

static inline int ask(struct world *world, uint32_t client, uint32_t handle, uint64_t tag)
{
	return step(world, (struct core_event){.type = CORE_EVENT_REQUEST,
				   .request = {.client = client,
					   .handle = handle,
					   .tag = tag,
					   .class = VIPMI_CLASS_NORMAL,
					   .netfn = 6,
					   .command = 1}});
}

/* Pulls the next action, which must be of this type. */
static inline struct core_action pull(struct world *world, enum core_action_type type)
{
	struct core_action action;

	assert_true(core_next(world->core, &action));
	assert_int_equal(action.type, type);
	return action;
}

/* The controller's response to a transmission that was sent. */
static inline void responds(
	struct world *world, const struct core_action *action, const uint8_t *data, size_t length)
{
	assert_int_equal(
		step(world, (struct core_event){.type = CORE_EVENT_RECEIVED,
				    .received = {.transmission = action->transmit.transmission,
					    .netfn = action->transmit.netfn | 1,
					    .command = action->transmit.command,
					    .data = data,
					    .length = length}}),
		0);
}

/* Says that a transmission was sent and answers it. */
static inline void respond(
	struct world *world, const struct core_action *action, const uint8_t *data, size_t length)
{
	core_done(world->core, action->id, 0);
	responds(world, action, data, length);
}

/* Two programs on one controller. */
struct two {
	struct world world;
	uint32_t client[2], handle[2];
};

static inline struct two two_programs(uint8_t window)
{
	struct two two = {.world = world_with(&(struct core_limits){.handles_max = 4})};
	int i;

	link_up(&two.world, window);
	for (i = 0; i < 2; i++) {
		two.client[i] = client_new(&two.world, (uint64_t)i);
		assert_int_equal(handle_try(&two.world, two.client[i], &two.handle[i]), 0);
	}
	return two;
}

static inline struct core_deliver delivered(struct two *two)
{
	struct core_action action = pull(&two->world, CORE_ACTION_DELIVER);

	core_done(two->world.core, action.id, 0);
	return action.deliver;
}

#endif
