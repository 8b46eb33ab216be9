/* SPDX-License-Identifier: BSD-2-Clause */
/* Two programs, what they reserve and what they ask. */
#ifndef VIPMI_TESTS_CORE_RIGHTS_H
#define VIPMI_TESTS_CORE_RIGHTS_H

#include "core_world.h"

static inline struct core_command any_of(uint8_t netfn, uint16_t command)
{
	return (struct core_command){.netfn = netfn,
		.command = command,
		.body = CORE_ALL_BODIES,
		.channel = CORE_ALL,
		.address = CORE_ALL,
		.lun = CORE_ALL,
		.direction = CORE_DIRECTION_SEND};
}

static inline int reserve_list(struct two *two, int who, const struct core_command *commands,
	size_t count, uint32_t lease_ms, struct core_event *ret_event)
{
	*ret_event = (struct core_event){.type = CORE_EVENT_COMMAND_RESERVE,
		.now_ns = two->world.now_ns,
		.command_reserve = {.client = two->client[who],
			.handle = two->handle[who],
			.commands = commands,
			.count = count,
			.lease_ms = lease_ms}};
	return core_step(two->world.core, ret_event);
}

static inline int reserve(struct two *two, int who, struct core_command command)
{
	struct core_event event;

	return reserve_list(two, who, &command, 1, 0, &event);
}

static inline void send_to(struct two *two, int who, uint8_t kind, uint8_t address, uint8_t netfn,
	uint8_t command, const uint8_t *data, size_t length)
{
	assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_REQUEST,
						   .request = {.client = two->client[who],
							   .handle = two->handle[who],
							   .class = VIPMI_CLASS_NORMAL,
							   .target_kind = kind,
							   .address = address,
							   .netfn = netfn,
							   .command = command,
							   .data = data,
							   .length = length}}),
		0);
}

static inline void refused(struct two *two)
{
	struct core_deliver answer = delivered(two);

	assert_int_equal(answer.cc, VIPMI_CC_NOT_IN_STATE);
	assert_int_equal(answer.origin, VIPMI_ORIGIN_AGENT);
	assert_int_equal(answer.reason, VIPMI_REASON_RESERVED);
	assert_false(answer.sent);
}

static inline void goes_through(struct two *two)
{
	static const uint8_t ok[] = {0};
	struct core_action action = pull(&two->world, CORE_ACTION_TRANSMIT);

	respond(&two->world, &action, ok, sizeof(ok));
	assert_int_equal(delivered(two).cc, VIPMI_CC_OK);
}

static inline int release(
	struct two *two, int who, const struct core_command *commands, size_t count)
{
	return step(&two->world, (struct core_event){.type = CORE_EVENT_COMMAND_RELEASE,
					 .command_reserve = {.client = two->client[who],
						 .handle = two->handle[who],
						 .commands = commands,
						 .count = count}});
}

#endif
