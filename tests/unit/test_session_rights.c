/* SPDX-License-Identifier: BSD-2-Clause */
/* Rights over the protocol: two connections to a real core. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"
#include "session/session.h"

struct peer {
	struct session session;
	uint32_t handle;
};

struct agent {
	struct world world;
	struct session_host host;
	struct session_scratch scratch;
	struct peer peers[2];
	uint8_t reply[VIPMI_MESSAGE_MAX];
	struct socket_message said;
};

static int agent_step(void *context, struct core_event *event)
{
	struct agent *agent = context;

	event->now_ns = agent->world.now_ns;
	return core_step(agent->world.core, event);
}

static void agent_status(void *context, struct core_status *ret_status)
{
	core_status(((struct agent *)context)->world.core, ret_status);
}

static bool agent_handles(void *context, uint32_t *cursor, struct core_handle_info *ret_info)
{
	return core_handle_next(((struct agent *)context)->world.core, cursor, ret_info);
}

static bool agent_commands(void *context, uint32_t *cursor, struct core_command_info *ret_info)
{
	return core_command_next(((struct agent *)context)->world.core, cursor, ret_info);
}

static bool agent_sequences(void *context, uint32_t *cursor, struct core_sequence_info *ret_info)
{
	return core_sequence_next(((struct agent *)context)->world.core, cursor, ret_info);
}

static bool agent_messages(void *context, uint64_t *cursor, struct core_message_info *ret_info)
{
	return core_message_next(((struct agent *)context)->world.core, cursor, ret_info);
}

static bool agent_administers(void *context, const struct core_credentials *by)
{
	(void)context;
	return by->uid == 0;
}

static void give(struct agent *agent, int who, struct writer *writer)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	int length = socket_end(writer);

	assert_true(length > 0);
	memcpy(bytes, writer->start, (size_t)length);
	length = session_receive(&agent->peers[who].session, &agent->host, &agent->scratch, bytes,
		(size_t)length, agent->reply);
	assert_true(length >= 0);
	agent->said = (struct socket_message){0};
	if (length > 0) {
		assert_int_equal(socket_decode(agent->reply, (size_t)length, &agent->said), 0);
	}
}

static struct writer message(
	struct agent *agent, int who, uint8_t *bytes, enum vipmi_message_type type)
{
	struct writer writer = writer_init(bytes, VIPMI_MESSAGE_MAX);
	const struct socket_header header = {.type = (uint8_t)type,
		.tag = 5,
		.handle = agent->peers[who].handle,
		.virtual_client = 77,
		.class = VIPMI_CLASS_NORMAL};

	socket_begin(&writer, &header);
	return writer;
}

static void agent_start(struct agent *agent)
{
	const struct socket_hello hello = {.lowest = 1, .highest = 1};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer;
	int who;

	*agent = (struct agent){.world = world_with(&(struct core_limits){.handles_max = 4}),
		.host = {.context = agent,
			.step = agent_step,
			.status = agent_status,
			.handle_next = agent_handles,
			.command_next = agent_commands,
			.sequence_next = agent_sequences,
			.message_next = agent_messages,
			.administers = agent_administers,
			.link = "script:",
			.version = "0"}};
	for (who = 0; who < 2; who++) {
		struct core_credentials credentials = {.uid = 1000};

		assert_int_equal(session_open(&agent->peers[who].session, &agent->host,
					 &agent->scratch, 0, &credentials, agent->reply),
			0);
		writer = message(agent, who, bytes, VIPMI_MESSAGE_HELLO);
		socket_put_hello(&writer, false, &hello);
		give(agent, who, &writer);
		writer = message(agent, who, bytes, VIPMI_MESSAGE_OPEN);
		give(agent, who, &writer);
		assert_int_equal(agent->said.header.reason, VIPMI_REASON_NONE);
		agent->peers[who].handle = agent->said.header.handle;
	}
}

static const struct socket_command chassis_control = {.netfn = VIPMI_NETFN_CHASSIS,
	.direction = VIPMI_DIRECTION_SEND,
	.command = 0x02,
	.body = VIPMI_BODY_ALL,
	.channel = VIPMI_ALL,
	.address = VIPMI_ALL,
	.lun = VIPMI_ALL};

static enum vipmi_reason reserve(struct agent *agent, int who, uint32_t lease_ms)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = message(agent, who, bytes, VIPMI_MESSAGE_RESERVE);

	socket_put_commands(&writer, &chassis_control, 1);
	if (lease_ms > 0) {
		socket_put_lease(&writer, lease_ms);
	}
	give(agent, who, &writer);
	assert_int_equal(agent->said.header.type, VIPMI_MESSAGE_DONE);
	return agent->said.header.reason;
}

static void a_refused_reservation_names_its_holder_and_what_is_held(void **state)
{
	struct agent agent;
	struct socket_command held;

	(void)state;
	agent_start(&agent);
	assert_int_equal(reserve(&agent, 0, 0), VIPMI_REASON_NONE);
	assert_int_equal(reserve(&agent, 0, 0), VIPMI_REASON_NONE);
	assert_int_equal(reserve(&agent, 1, 0), VIPMI_REASON_RESERVED);
	assert_true(socket_has(&agent.said, VIPMI_EXTENSION_HOLDER));
	assert_int_equal(agent.said.holder.handle, agent.peers[0].handle);
	assert_true(socket_command_next(&agent.said.holder.command, &held));
	/* Field by field: what lies between them is nobody's. */
	assert_int_equal(held.direction, chassis_control.direction);
	assert_int_equal(held.netfn, chassis_control.netfn);
	assert_int_equal(held.command, chassis_control.command);
	assert_int_equal(held.body, chassis_control.body);
	assert_int_equal(held.channel, chassis_control.channel);
	assert_int_equal(held.address, chassis_control.address);
	assert_int_equal(held.lun, chassis_control.lun);
	assert_false(socket_command_next(&agent.said.holder.command, &held));
	free(agent.world.memory);
}

static void a_released_or_expired_reservation_is_anybodys(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer;
	struct agent agent;

	(void)state;
	agent_start(&agent);
	assert_int_equal(reserve(&agent, 0, 50), VIPMI_REASON_NONE);
	agent.world.now_ns += 50 * NSEC_PER_MSEC_U64;
	assert_int_equal(reserve(&agent, 1, 0), VIPMI_REASON_NONE);
	writer = message(&agent, 1, bytes, VIPMI_MESSAGE_RELEASE);
	give(&agent, 1, &writer);
	assert_int_equal(agent.said.header.reason, VIPMI_REASON_NONE);
	assert_int_equal(reserve(&agent, 0, 0), VIPMI_REASON_NONE);
	free(agent.world.memory);
}

static uint64_t first_number(struct agent *agent, int who, const char *object)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = message(agent, who, bytes, VIPMI_MESSAGE_QUERY);
	struct socket_field field;

	socket_put(&writer, VIPMI_EXTENSION_TEXT, object, strlen(object));
	give(agent, who, &writer);
	assert_int_equal(agent->said.header.type, VIPMI_MESSAGE_ROW);
	assert_true(socket_field_next(&agent->said.fields, &field));
	return field.number;
}

static void an_administrator_may_revoke_and_nobody_else(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer;
	struct agent agent;
	uint64_t number;

	(void)state;
	agent_start(&agent);
	assert_int_equal(reserve(&agent, 0, 0), VIPMI_REASON_NONE);
	number = first_number(&agent, 1, "reservation");
	writer = message(&agent, 1, bytes, VIPMI_MESSAGE_CONTROL);
	socket_put_control(&writer, VIPMI_CONTROL_REVOKE, number);
	give(&agent, 1, &writer);
	assert_int_equal(agent.said.header.reason, VIPMI_REASON_DENIED);
	agent.peers[1].session.credentials.uid = 0;
	writer = message(&agent, 1, bytes, VIPMI_MESSAGE_CONTROL);
	socket_put_control(&writer, VIPMI_CONTROL_REVOKE, number);
	give(&agent, 1, &writer);
	assert_int_equal(agent.said.header.reason, VIPMI_REASON_NONE);
	assert_int_equal(reserve(&agent, 1, 0), VIPMI_REASON_NONE);
	free(agent.world.memory);
}

static enum vipmi_reason numbers(
	struct agent *agent, int who, enum vipmi_message_type type, uint8_t count, uint64_t wanted)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = message(agent, who, bytes, type);

	socket_put_sequence(&writer, 0, 0xB4, count, wanted);
	give(agent, who, &writer);
	assert_int_equal(agent->said.header.type, VIPMI_MESSAGE_DONE);
	return agent->said.header.reason;
}

static void sequence_numbers_are_granted_listed_and_given_back(void **state)
{
	struct agent agent;

	(void)state;
	agent_start(&agent);
	assert_int_equal(
		numbers(&agent, 0, VIPMI_MESSAGE_SEQUENCE_RESERVE, 0, 0x30), VIPMI_REASON_NONE);
	assert_true(agent.said.sequence.numbers == 0x30);
	assert_int_equal(agent.said.header.virtual_client, 77);
	assert_int_equal(
		numbers(&agent, 1, VIPMI_MESSAGE_SEQUENCE_RESERVE, 0, 0x20), VIPMI_REASON_RESERVED);
	assert_int_equal(
		numbers(&agent, 1, VIPMI_MESSAGE_SEQUENCE_RESERVE, 3, 0), VIPMI_REASON_NONE);
	assert_true((agent.said.sequence.numbers & 0x30) == 0);
	assert_int_equal(
		numbers(&agent, 1, VIPMI_MESSAGE_SEQUENCE_FREE, 0, 0x30), VIPMI_REASON_NOT_FOUND);
	assert_int_equal(
		numbers(&agent, 0, VIPMI_MESSAGE_SEQUENCE_FREE, 0, 0x30), VIPMI_REASON_NONE);
	assert_int_equal(first_number(&agent, 0, "sequence"), 0);
	free(agent.world.memory);
}

static void a_request_with_a_number_that_is_not_its_own_is_answered_so(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer;
	struct agent agent;
	struct core_action action;
	int length;

	(void)state;
	agent_start(&agent);
	writer = writer_init(bytes, sizeof(bytes));
	socket_begin(&writer, &(struct socket_header){.type = VIPMI_MESSAGE_REQUEST,
				      .handle = agent.peers[0].handle,
				      .netfn = VIPMI_NETFN_APP,
				      .command = 1,
				      .class = VIPMI_CLASS_NORMAL,
				      .target_kind = VIPMI_TARGET_IPMB});
	socket_put_target(&writer, 0, 0xB4);
	socket_put_number(&writer, 4);
	give(&agent, 0, &writer);
	action = pull(&agent.world, CORE_ACTION_DELIVER);
	length = session_deliver(&action.deliver, agent.reply);
	assert_int_equal(socket_decode(agent.reply, (size_t)length, &agent.said), 0);
	assert_int_equal(agent.said.header.reason, VIPMI_REASON_NOT_FOUND);
	assert_int_equal(agent.said.number, 4);
	free(agent.world.memory);
}

/* What `who` is told about a subscription to everything. */
static void subscribe(struct agent *agent, int who, bool exclusive, enum vipmi_from from,
	uint64_t number, const uint8_t *boot_id)
{
	const struct socket_clause clause = {.kinds = 1u << VIPMI_ASYNC_EVENT,
		.sensor_type = VIPMI_ANY,
		.sensor = VIPMI_ANY,
		.netfn = VIPMI_ANY,
		.command = VIPMI_ANY,
		.channel = VIPMI_ANY,
		.address = VIPMI_ANY};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = message(agent, who, bytes, VIPMI_MESSAGE_SUBSCRIBE);

	socket_put_clauses(&writer, &clause, 1);
	socket_put_from(&writer, from, exclusive, number, boot_id);
	give(agent, who, &writer);
	assert_int_equal(agent->said.header.type, VIPMI_MESSAGE_DONE);
	assert_int_equal(agent->said.header.tag, 5);
}

static void a_subscription_says_from_where_or_who_is_in_the_way(void **state)
{
	static const uint8_t another[16] = {0xEE}, record[16];
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct core_event event = {.type = CORE_EVENT_MESSAGE};
	struct agent agent;
	struct writer writer;

	(void)state;
	agent_start(&agent);
	event.message.kind = VIPMI_ASYNC_EVENT;
	event.message.data = record;
	event.message.length = sizeof(record);
	assert_int_equal(step(&agent.world, event), 0);
	assert_int_equal(step(&agent.world, event), 0);
	subscribe(&agent, 0, true, VIPMI_FROM_NOW, 0, NULL);
	assert_int_equal(agent.said.header.reason, VIPMI_REASON_NONE);
	assert_int_equal(agent.said.subscribed.next, 3);
	assert_int_equal(agent.said.subscribed.gap, 0);
	subscribe(&agent, 1, true, VIPMI_FROM_NOW, 0, NULL);
	assert_int_equal(agent.said.header.reason, VIPMI_REASON_RESERVED);
	assert_int_equal(agent.said.holder.handle, agent.peers[0].handle);
	subscribe(&agent, 1, false, VIPMI_FROM_NUMBER, 1, NULL); /* the boot id is all zeros */
	assert_int_equal(agent.said.subscribed.next, 2);
	assert_int_equal(agent.said.subscribed.gap, 0);
	subscribe(&agent, 1, false, VIPMI_FROM_NUMBER, 3, NULL);
	assert_int_equal(agent.said.header.reason, VIPMI_REASON_NOT_FOUND);
	subscribe(&agent, 1, false, VIPMI_FROM_NUMBER, 3, another);
	assert_int_equal(agent.said.header.reason, VIPMI_REASON_NONE);
	assert_int_equal(agent.said.subscribed.next, 1);
	assert_true(agent.said.subscribed.gap == VIPMI_GAP_UNKNOWN);
	writer = message(&agent, 0, bytes, VIPMI_MESSAGE_UNSUBSCRIBE);
	give(&agent, 0, &writer);
	assert_int_equal(agent.said.header.reason, VIPMI_REASON_NONE);
	subscribe(&agent, 1, true, VIPMI_FROM_OLDEST, 0, NULL);
	assert_int_equal(agent.said.header.reason, VIPMI_REASON_NONE);
	assert_int_equal(agent.said.subscribed.next, 1);
	free(agent.world.memory);
}

/* The request of RESERVE to receive 30/41, by `who` for the handle of `whose`. */
static enum vipmi_reason receive_right(
	struct agent *agent, int who, int whose, enum vipmi_message_type type, uint8_t flags)
{
	const struct socket_command right = {.netfn = 0x30,
		.direction = VIPMI_DIRECTION_RECEIVE,
		.command = 0x41,
		.body = VIPMI_BODY_ALL,
		.channel = VIPMI_ALL,
		.address = VIPMI_ALL,
		.lun = VIPMI_ALL};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));

	socket_begin(&writer, &(struct socket_header){.type = (uint8_t)type,
				      .flags = flags,
				      .handle = agent->peers[whose].handle});
	socket_put_commands(&writer, &right, 1);
	give(agent, who, &writer);
	return agent->said.header.reason;
}

static enum vipmi_reason respond_with(struct agent *agent, uint64_t number, uint8_t sequence,
	bool described, const uint8_t *data, size_t length)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));

	socket_begin(&writer, &(struct socket_header){.type = VIPMI_MESSAGE_RESPOND,
				      .handle = agent->peers[0].handle,
				      .tag = 5,
				      .netfn = 0x31,
				      .command = 0x41});
	if (number > 0) {
		socket_put_async(&writer, number, VIPMI_ASYNC_REQUEST, 0);
	}
	if (described) {
		socket_put_target(&writer, 0, 0xB4);
		socket_put_requester(&writer, 1, sequence);
	}
	socket_put(&writer, VIPMI_EXTENSION_DATA, data, length);
	give(agent, 0, &writer);
	return agent->said.header.reason;
}

static void hear_delivery(struct agent *agent)
{
	struct core_action action = pull(&agent->world, CORE_ACTION_DELIVER);
	int length = session_deliver(&action.deliver, agent->reply);

	core_done(agent->world.core, action.id, 0);
	assert_int_equal(socket_decode(agent->reply, (size_t)length, &agent->said), 0);
}

static void a_request_reaches_its_holder_and_its_answer_the_bus(void **state)
{
	static const uint8_t data[CORE_MESSAGE_DATA_MAX] = {9}, ok[] = {0};
	struct core_action action;
	struct agent agent;

	(void)state;
	agent_start(&agent);
	assert_int_equal(step(&agent.world, (struct core_event){.type = CORE_EVENT_LINK_UP}), 0);
	assert_int_equal(receive_right(&agent, 0, 0, VIPMI_MESSAGE_RESERVE, 0), VIPMI_REASON_NONE);
	(void)pull(&agent.world, CORE_ACTION_REGISTER);
	assert_int_equal(step(&agent.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						    .message = {.kind = VIPMI_ASYNC_REQUEST,
							    .address = 0xB4,
							    .lun = 1,
							    .netfn = 0x30,
							    .command = 0x41,
							    .sequence = 33,
							    .data = data,
							    .length = 1}}),
		0);
	hear_delivery(&agent);
	assert_int_equal(agent.said.header.type, VIPMI_MESSAGE_EVENT);
	assert_int_equal(agent.said.header.flags, VIPMI_FLAG_YOURS);
	assert_int_equal(agent.said.header.lun, 2);
	assert_int_equal(agent.said.target.address, 0xB4);
	assert_int_equal(agent.said.requester.lun, 1);
	assert_int_equal(agent.said.requester.sequence, 33);
	assert_int_equal(respond_with(&agent, 0, 0, false, data, 1), VIPMI_REASON_PROTOCOL);
	assert_int_equal(respond_with(&agent, 2, 0, false, data, 1), VIPMI_REASON_NOT_FOUND);
	assert_int_equal(agent.said.header.type, VIPMI_MESSAGE_ANSWER);
	assert_int_equal(agent.said.header.flags, VIPMI_FLAG_RESPONSE);
	assert_int_equal(respond_with(&agent, 1, 34, true, data, 1), VIPMI_REASON_NOT_FOUND);
	assert_int_equal(agent.said.target.address, 0xB4);
	assert_int_equal(
		respond_with(&agent, 1, 33, true, data, sizeof(data)), VIPMI_REASON_TOO_LONG);
	agent.said.header.type = 0;
	assert_int_equal(respond_with(&agent, 0, 33, true, data, 1), VIPMI_REASON_NONE);
	assert_int_equal(agent.said.header.type, 0); /* its ANSWER comes when it is out */
	action = pull(&agent.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.netfn, 0x31);
	assert_int_equal(action.transmit.sequence, 33);
	assert_int_equal(action.transmit.length, 2);
	respond(&agent.world, &action, ok, sizeof(ok));
	hear_delivery(&agent);
	assert_int_equal(agent.said.header.type, VIPMI_MESSAGE_ANSWER);
	assert_int_equal(agent.said.header.flags, VIPMI_FLAG_RESPONSE | VIPMI_FLAG_SENT);
	assert_int_equal(agent.said.header.netfn, 0x31);
	assert_int_equal(agent.said.header.cc, 0);
	free(agent.world.memory);
}

static void a_right_may_be_asked_for_over_a_second_connection_of_the_same_user(void **state)
{
	struct agent agent;

	(void)state;
	agent_start(&agent);
	assert_int_equal(receive_right(&agent, 1, 0, VIPMI_MESSAGE_RESERVE, VIPMI_FLAG_ANEW),
		VIPMI_REASON_NONE);
	/* It is the handle's, not the connection's that asked. */
	assert_int_equal(
		receive_right(&agent, 1, 1, VIPMI_MESSAGE_RESERVE, 0), VIPMI_REASON_RESERVED);
	assert_int_equal(agent.said.holder.handle, agent.peers[0].handle);
	assert_int_equal(receive_right(&agent, 1, 0, VIPMI_MESSAGE_RESERVE, 0), VIPMI_REASON_NONE);
	assert_int_equal(receive_right(&agent, 1, 0, VIPMI_MESSAGE_RESERVE, VIPMI_FLAG_ANEW),
		VIPMI_REASON_RESERVED);
	agent.peers[1].session.credentials.uid = 1001;
	assert_int_equal(receive_right(&agent, 1, 0, VIPMI_MESSAGE_RELEASE, 0), VIPMI_REASON_STALE);
	agent.peers[1].session.credentials.uid = 0;
	assert_int_equal(receive_right(&agent, 1, 0, VIPMI_MESSAGE_RELEASE, 0), VIPMI_REASON_NONE);
	free(agent.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_reservation_names_its_holder_and_what_is_held),
		cmocka_unit_test(a_released_or_expired_reservation_is_anybodys),
		cmocka_unit_test(an_administrator_may_revoke_and_nobody_else),
		cmocka_unit_test(sequence_numbers_are_granted_listed_and_given_back),
		cmocka_unit_test(a_request_with_a_number_that_is_not_its_own_is_answered_so),
		cmocka_unit_test(a_request_reaches_its_holder_and_its_answer_the_bus),
		cmocka_unit_test(
			a_right_may_be_asked_for_over_a_second_connection_of_the_same_user),
		cmocka_unit_test(a_subscription_says_from_where_or_who_is_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
