/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be asked of a core, field by field, and the outcome records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_bus.h"

static void every_counter_has_a_name_and_a_text_and_none_past_the_last(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < CORE_COUNTER_COUNT; i++) {
		assert_non_null(core_counter_name((enum core_counter)i));
		assert_non_null(core_counter_text((enum core_counter)i));
	}
	assert_string_equal(core_counter_name(CORE_COUNTER_clients_opened), "clients_opened");
	assert_string_equal(core_counter_text(CORE_COUNTER_clients_opened), "connections accepted");
	assert_null(core_counter_name(CORE_COUNTER_COUNT));
	assert_null(core_counter_text(CORE_COUNTER_COUNT));
}

static void a_handle_tells_its_requests_by_their_state(void **state)
{
	static const uint8_t ok[] = {0};
	struct two two = two_programs(1);
	struct core_handle_info info;
	uint32_t cursor = 0;
	struct core_action action;

	(void)state;
	assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 1), 0);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	two.world.now_ns += 3 * NSEC_PER_MSEC_U64;
	respond(&two.world, &action, ok, sizeof(ok)); /* sent now: it takes no time */
	assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 2), 0);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	core_done(two.world.core, action.id, 0);
	assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 3), 0);
	assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 4), 0);
	assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 5), 0);

	assert_true(core_handle_next(two.world.core, &cursor, &info));
	assert_int_equal(info.handle, two.handle[0]);
	assert_int_equal(info.client, two.client[0]);
	assert_int_equal(info.cookie, 0);
	assert_int_equal(info.class, VIPMI_CLASS_NORMAL);
	assert_int_equal(info.opened_ns, 1000);
	assert_int_equal(info.unread, 1);
	assert_int_equal(info.in_flight, 1);
	assert_int_equal(info.queued, 3);
	assert_int_equal(info.requests, 5);
	assert_int_equal(info.answers, 0); /* none was taken */
	assert_false(info.events);
	assert_false(info.exclusive);
	assert_false(info.blocked);
	assert_string_equal(info.name, "");
	(void)delivered(&two);
	cursor = 0;
	assert_true(core_handle_next(two.world.core, &cursor, &info));
	assert_int_equal(info.answers, 1);
	assert_int_equal(info.unread, 0);
	assert_true(core_handle_next(two.world.core, &cursor, &info));
	assert_int_equal(info.handle, two.handle[1]);
	assert_int_equal(info.cookie, 1);
	assert_int_equal(info.queued + info.in_flight + info.unread, 0);
	assert_false(core_handle_next(two.world.core, &cursor, &info));
	free(two.world.memory);
}

static int close_handle(struct two *two, int who)
{
	return step(&two->world,
		(struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
			.handle = {.client = two->client[who], .handle = two->handle[who]}});
}

static void closed_handles_and_those_of_leaving_clients_are_not_walked(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 80});
	uint32_t client = client_new(&world, 1), other = client_new(&world, 2), handle = 0,
		 mine = 0;
	struct core_handle_info info;
	struct core_status status;
	uint32_t cursor = 0;
	int i;

	(void)state;
	for (i = 0; i < 70; i++) {
		assert_int_equal(handle_try(&world, client, &handle), 0);
	}
	assert_int_equal(handle_try(&world, other, &mine), 0);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_CLIENT_CLOSE,
					      .client = {.client = client}}),
		0);
	core_status(world.core, &status);
	assert_int_equal(status.handles, 7); /* 64 were cleared away at once */
	assert_true(core_handle_next(world.core, &cursor, &info));
	assert_int_equal(info.handle, mine);
	assert_false(core_handle_next(world.core, &cursor, &info));
	assert_int_equal(ask(&world, client, handle, 1), -ESTALE);
	assert_int_equal(core_deadline(world.core), world.now_ns);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	core_status(world.core, &status);
	assert_int_equal(status.handles, 1);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	core_status(world.core, &status);
	assert_int_equal(status.clients, 1);
	free(world.memory);
}

static uint32_t handle_named(
	struct two *two, uint8_t class, const char *name, size_t length, int result)
{
	struct core_event event = {.type = CORE_EVENT_HANDLE_OPEN,
		.now_ns = two->world.now_ns,
		.handle_open = {.client = two->client[0],
			.class = class,
			.name = name,
			.name_length = length}};

	assert_int_equal(core_step(two->world.core, &event), result);
	return event.handle_open.ret_handle;
}

static void names_are_cut_and_classes_checked(void **state)
{
	static const char name[] = "a name that is quite a lot longer than what is kept";
	struct two two = two_programs(1);
	struct core_handle_info info;
	uint32_t cursor = 2;

	(void)state;
	(void)handle_named(&two, VIPMI_CLASS_COUNT, "x", 1, -EINVAL);
	(void)handle_named(&two, VIPMI_CLASS_BACKGROUND, name, CORE_NAME_SIZE, 0);
	(void)handle_named(&two, VIPMI_CLASS_URGENT, name, CORE_NAME_SIZE - 1, 0);
	assert_true(core_handle_next(two.world.core, &cursor, &info));
	assert_int_equal(info.class, VIPMI_CLASS_BACKGROUND);
	assert_int_equal(strlen(info.name), CORE_NAME_SIZE - 1);
	assert_memory_equal(info.name, name, CORE_NAME_SIZE - 1);
	assert_true(core_handle_next(two.world.core, &cursor, &info));
	assert_int_equal(info.class, VIPMI_CLASS_URGENT);
	assert_int_equal(strlen(info.name), CORE_NAME_SIZE - 1);
	assert_int_equal(close_handle(&two, 0), 0);
	(void)handle_named(&two, VIPMI_CLASS_NORMAL, "x", 1, 0);
	cursor = 0;
	assert_true(core_handle_next(two.world.core, &cursor, &info));
	assert_string_equal(info.name, "x");
	free(two.world.memory);
}

static void the_status_tells_what_stands(void **state)
{
	static const uint8_t ok[] = {0};
	struct two two = two_programs(1);
	struct core_status status;
	struct core_action action;

	(void)state;
	assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 1), 0);
	assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 2), 0);
	core_status(two.world.core, &status);
	assert_int_equal(status.queued, 2);
	assert_int_equal(status.busy_ns, 0);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	core_done(two.world.core, action.id, 0);
	two.world.now_ns += 5;
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	core_status(two.world.core, &status);
	assert_int_equal(status.busy_ns, 5); /* and it goes on */
	assert_int_equal(status.queued, 1);
	assert_int_equal(status.in_flight, 1);
	assert_int_equal(status.bridged, 0);
	assert_int_equal(status.requests, 2);
	assert_int_equal(status.unread, 0);
	two.world.now_ns += 2;
	responds(&two.world, &action, ok, 1);
	two.world.now_ns += 100;
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	core_status(two.world.core, &status);
	assert_int_equal(status.busy_ns, 7); /* nothing is at the controller */
	assert_int_equal(status.unread, 1);
	assert_int_equal(status.in_flight, 0);
	assert_int_equal(status.handles, 2);
	assert_int_equal(status.clients, 2);
	assert_int_equal(status.handles_max, 4);
	assert_int_equal(status.requests_max, 4 + CORE_REQUESTS_SHARED);
	assert_int_equal(status.credit_max, CORE_CREDIT_DEFAULT);
	assert_int_equal(status.started_ns, 1000);
	assert_int_equal(status.now_ns, 1107);
	assert_int_equal(status.epoch, 1);
	assert_true(status.link_up);
	assert_true(status.responsive);
	free(two.world.memory);
}

static void message_in(struct two *two, uint8_t value)
{
	const uint8_t bytes[16] = {value, 0, 2, [7] = 0x20, [9] = 4, [10] = 1, [11] = 0x30};

	assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						   .message = {.kind = VIPMI_ASYNC_EVENT,
							   .channel = 3,
							   .address = 0xB4,
							   .lun = 1,
							   .netfn = 4,
							   .command = 2,
							   .data = bytes,
							   .length = sizeof(bytes)}}),
		0);
}

static void kept_messages_are_walked_from_a_number_on(void **state)
{
	struct two two = two_programs(1);
	struct core_message_info info;
	uint64_t cursor = 0;
	uint32_t i;

	(void)state;
	assert_false(core_message_next(two.world.core, &cursor, &info));
	message_in(&two, 0x11);
	two.world.now_ns += 9;
	message_in(&two, 0x22);
	cursor = 0;
	assert_true(core_message_next(two.world.core, &cursor, &info));
	assert_int_equal(info.number, 1);
	assert_int_equal(info.received_ns, 1000);
	assert_int_equal(info.holder, 0);
	assert_int_equal(info.kind, VIPMI_ASYNC_EVENT);
	assert_int_equal(info.channel, 0); /* an event names its source itself */
	assert_int_equal(info.address, 0x20);
	assert_int_equal(info.lun, 1);
	assert_int_equal(info.netfn, 4);
	assert_int_equal(info.command, 2);
	assert_int_equal(info.length, 16);
	assert_int_equal(info.data[0], 0x11);
	assert_true(core_message_next(two.world.core, &cursor, &info));
	assert_int_equal(info.number, 2);
	assert_int_equal(info.received_ns, 1009);
	assert_int_equal(info.data[0], 0x22);
	assert_int_equal(cursor, 3);
	assert_false(core_message_next(two.world.core, &cursor, &info));
	/* As many as are kept, and one more: the first is gone. */
	for (i = 2; i < CORE_MESSAGES_KEPT; i++) {
		message_in(&two, 0x33);
	}
	cursor = 0;
	assert_true(core_message_next(two.world.core, &cursor, &info));
	assert_int_equal(info.number, 1);
	assert_int_equal(info.data[0], 0x11);
	message_in(&two, 0x44);
	cursor = 1;
	assert_true(core_message_next(two.world.core, &cursor, &info));
	assert_int_equal(info.number, 2);
	assert_int_equal(info.data[0], 0x22);
	cursor = CORE_MESSAGES_KEPT + 1;
	assert_true(core_message_next(two.world.core, &cursor, &info));
	assert_int_equal(info.data[0], 0x44);
	free(two.world.memory);
}

static struct core_record record_of(struct two *two, enum core_record_kind kind, uint64_t *cursor)
{
	struct core_record record;
	uint64_t lost;

	do {
		assert_true(core_record_next(two->world.core, cursor, &record, &lost));
		assert_int_equal(lost, 0);
		assert_int_equal(record.number, *cursor - 1);
	} while (record.kind != (uint32_t)kind);
	return record;
}

static void records_tell_handles_and_the_link(void **state)
{
	struct two two = two_programs(1);
	struct core_record record;
	uint64_t cursor = 0, lost;

	(void)state;
	record = record_of(&two, CORE_RECORD_LINK, &cursor);
	assert_int_equal(record.outcome, CORE_LINK_RECORD_UP);
	assert_int_equal(record.arguments[0], 1);
	assert_int_equal(record.handle, 0);
	assert_int_equal(record.request, 0);
	assert_int_equal(record.time_ns, 1000);
	assert_int_equal(record.arguments[1] + record.arguments[2], 0);
	record = record_of(&two, CORE_RECORD_HANDLE, &cursor);
	assert_int_equal(record.handle, two.handle[0]);
	assert_int_equal(record.outcome, 1);
	assert_int_equal(record.request, 0);
	assert_int_equal(record.arguments[0] + record.arguments[1] + record.arguments[2], 0);
	record = record_of(&two, CORE_RECORD_HANDLE, &cursor);
	assert_int_equal(record.handle, two.handle[1]);
	assert_false(core_record_next(two.world.core, &cursor, &record, &lost));
	assert_int_equal(close_handle(&two, 0), 0);
	record = record_of(&two, CORE_RECORD_HANDLE, &cursor);
	assert_int_equal(record.handle, two.handle[0]);
	assert_int_equal(record.outcome, 0);
	assert_int_equal(record.request, 0);
	assert_int_equal(record.arguments[0] + record.arguments[1] + record.arguments[2], 0);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_LINK_DOWN}), 0);
	record = record_of(&two, CORE_RECORD_LINK, &cursor);
	assert_int_equal(record.outcome, CORE_LINK_RECORD_DOWN);
	assert_int_equal(record.arguments[0], 2);
	link_up(&two.world, 1);
	(void)record_of(&two, CORE_RECORD_LINK, &cursor);
	assert_int_equal(
		step(&two.world, (struct core_event){.type = CORE_EVENT_CONTROLLER_RESET}), 0);
	record = record_of(&two, CORE_RECORD_LINK, &cursor);
	assert_int_equal(record.outcome, CORE_LINK_RECORD_RESET);
	free(two.world.memory);
}

static void records_tell_a_requests_whole_life(void **state)
{
	static const uint8_t busy[] = {0xC0}, refused[] = {0xC9};
	struct two two = two_programs(1);
	struct core_record record;
	struct core_action action;
	uint64_t cursor = 0;
	int i;

	(void)state;
	assert_int_equal(ask(&two.world, two.client[1], two.handle[1], 7), 0);
	two.world.now_ns += NSEC_PER_SEC_U64;
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	respond(&two.world, &action, busy, sizeof(busy));
	record = record_of(&two, CORE_RECORD_RESENT, &cursor);
	assert_int_equal(record.handle, two.handle[1]);
	assert_int_equal(record.outcome, 0xC0);
	assert_int_equal(record.request, 0);
	assert_int_equal(record.arguments[0], 1);
	assert_int_equal(record.arguments[1] + record.arguments[2], 0);
	two.world.now_ns += NSEC_PER_SEC_U64;
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	respond(&two.world, &action, refused, sizeof(refused));
	record = record_of(&two, CORE_RECORD_ANSWERED, &cursor);
	assert_int_equal(record.handle, two.handle[1]);
	assert_int_equal(record.request, UINT64_C(1) << 32); /* slot 0, its first generation */
	assert_int_equal(record.outcome, 0xC9 | VIPMI_ORIGIN_CONTROLLER << 8 | 1 << 24);
	assert_int_equal(record.arguments[0], 1000);
	assert_int_equal(record.arguments[1], 1000 + 2 * NSEC_PER_SEC_U64);
	assert_int_equal(record.arguments[2], 0x0601);
	(void)delivered(&two);
	/* A response that nobody waits for. */
	respond(&two.world, &action, busy, sizeof(busy));
	record = record_of(&two, CORE_RECORD_STRAY, &cursor);
	assert_int_equal(record.arguments[0], action.transmit.transmission);
	assert_int_equal(record.handle + record.request + record.outcome, 0);
	assert_int_equal(record.arguments[1] + record.arguments[2], 0);
	/* Answered by us, never sent: the reason is in it; and the slot's second generation. */
	for (i = 0; i < 2; i++) {
		assert_int_equal(ask(&two.world, two.client[1], two.handle[1], 8), 0);
	}
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_CANCEL,
						  .cancel = {.client = two.client[1],
							  .handle = two.handle[1],
							  .tag = 8}}),
		-EAGAIN);
	core_done(two.world.core, action.id, -EOPNOTSUPP);
	record = record_of(&two, CORE_RECORD_ANSWERED, &cursor);
	assert_int_equal(record.request, UINT64_C(2) << 32);
	assert_int_equal(record.outcome, VIPMI_CC_INVALID_COMMAND | VIPMI_ORIGIN_AGENT << 8 |
						 VIPMI_REASON_NOT_CARRIED << 16);
	assert_int_equal(record.arguments[1], 0);
	free(two.world.memory);
}

static void records_tell_what_went_to_a_responder_again(void **state)
{
	static struct bus bus;
	struct core_record record;
	uint64_t cursor = 0, sends;

	(void)state;
	bus_start(&bus, 8);
	bus.send_cc = VIPMI_CC_NODE_BUSY; /* the controller's, and then the responder's */
	assert_int_equal(step(&bus.two.world, (struct core_event){.type = CORE_EVENT_REQUEST,
						      .request = {.client = bus.two.client[1],
							      .handle = bus.two.handle[1],
							      .class = VIPMI_CLASS_NORMAL,
							      .target_kind = VIPMI_TARGET_IPMB,
							      .address = SLOT_10,
							      .netfn = 6,
							      .command = 1}}),
		0);
	bus_idle(&bus);
	for (sends = 1; sends <= 2; sends++) {
		record = record_of(&bus.two, CORE_RECORD_RESENT, &cursor);
		assert_int_equal(record.handle, bus.two.handle[1]);
		assert_int_equal(record.outcome, VIPMI_CC_NODE_BUSY);
		assert_int_equal(record.request, 0);
		assert_int_equal(record.arguments[0], sends);
		assert_int_equal(record.arguments[1], 0);
		assert_int_equal(record.arguments[2], 0);
		bus.send_cc = VIPMI_CC_OK;
		later(&bus, 300 * NSEC_PER_MSEC_U64);
		bus_idle(&bus);
		bus_respond_with(&bus, &bus.sent, VIPMI_CC_NODE_BUSY, 0);
		bus_idle(&bus);
	}
	free(bus.two.world.memory);
}

static void records_are_overwritten_and_that_is_told(void **state)
{
	struct two two = two_programs(1);
	struct core_record record;
	uint64_t cursor = 0, lost = 0;
	uint32_t i;

	(void)state;
	/* Three are there already: the link's and two handles'. */
	for (i = 3; i < CORE_RECORDS_KEPT; i++) {
		link_up(&two.world, 1);
	}
	assert_true(core_record_next(two.world.core, &cursor, &record, &lost));
	assert_int_equal(record.number, 0);
	assert_int_equal(lost, 0);
	link_up(&two.world, 1);
	cursor = 0;
	assert_true(core_record_next(two.world.core, &cursor, &record, &lost));
	assert_int_equal(record.number, 1);
	assert_int_equal(lost, 1);
	link_up(&two.world, 1);
	cursor = 0;
	assert_true(core_record_next(two.world.core, &cursor, &record, &lost));
	assert_int_equal(record.number, 2);
	assert_int_equal(lost, 2);
	assert_int_equal(record.handle, two.handle[1]);
	assert_true(core_record_next(two.world.core, &cursor, &record, &lost));
	assert_int_equal(record.number, 3);
	assert_int_equal(lost, 0);
	cursor = CORE_RECORDS_KEPT + 1;
	assert_true(core_record_next(two.world.core, &cursor, &record, &lost));
	assert_int_equal(record.number, CORE_RECORDS_KEPT + 1);
	assert_false(core_record_next(two.world.core, &cursor, &record, &lost));
	free(two.world.memory);
}

static void credit_is_what_may_be_submitted_now(void **state)
{
	struct world world = world_with(
		&(struct core_limits){.handles_max = 3, .requests_max = 5, .credit_max = 3});
	uint32_t client = client_new(&world, 1), handle[3], i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_int_equal(handle_try(&world, client, &handle[i]), 0);
	}
	assert_int_equal(core_credit(world.core, handle[0]), 3); /* its own, and two shared */
	assert_int_equal(core_credit(world.core, handle[0] + 0x10000), 0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(ask(&world, client, handle[0], i), 0);
	}
	assert_int_equal(core_credit(world.core, handle[0]), 1);
	assert_int_equal(core_credit(world.core, handle[1]), 2); /* its own, and the other shared */
	assert_int_equal(ask(&world, client, handle[0], 2), 0);
	assert_int_equal(core_credit(world.core, handle[0]), 0);
	assert_int_equal(core_credit(world.core, handle[1]), 1);
	assert_int_equal(ask(&world, client, handle[0], 2), -EAGAIN);
	free(world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_counter_has_a_name_and_a_text_and_none_past_the_last),
		cmocka_unit_test(a_handle_tells_its_requests_by_their_state),
		cmocka_unit_test(closed_handles_and_those_of_leaving_clients_are_not_walked),
		cmocka_unit_test(names_are_cut_and_classes_checked),
		cmocka_unit_test(the_status_tells_what_stands),
		cmocka_unit_test(kept_messages_are_walked_from_a_number_on),
		cmocka_unit_test(records_tell_handles_and_the_link),
		cmocka_unit_test(records_tell_a_requests_whole_life),
		cmocka_unit_test(records_tell_what_went_to_a_responder_again),
		cmocka_unit_test(records_are_overwritten_and_that_is_told),
		cmocka_unit_test(credit_is_what_may_be_submitted_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
