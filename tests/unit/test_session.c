/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol's state machine against a scripted core: the test says what the
 * next step returns, and looks at the event that came and the reply that went.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "session/session.h"

#define CLIENT 7u
#define HANDLE 0x00010002u
#define TAG UINT64_C(0x0102030405060708)

struct world {
	struct core_event last; /* the event that the core was given */
	int steps;
	int result; /* what the next steps return */
	uint32_t kicked;
	char node_name[SESSION_NODE_NAME_SIZE];
	struct session_node_policy node_policy;
	uint32_t handles; /* rows of the listing "client" */

	struct session_host host;
	struct session session;
	struct session_scratch scratch;
	uint8_t reply[VIPMI_MESSAGE_MAX];
	int length;
	struct socket_message said; /* the reply, taken apart */
};

static int world_step(void *context, struct core_event *event)
{
	struct world *world = context;

	world->last = *event;
	world->steps++;
	if (event->type == CORE_EVENT_CREDIT_WANTED) {
		return 0;
	}
	if (world->result == 0 && event->type == CORE_EVENT_CLIENT_OPEN) {
		event->client_open.ret_client = CLIENT;
	}
	if (world->result == 0 && event->type == CORE_EVENT_HANDLE_OPEN) {
		event->handle_open.ret_handle = HANDLE;
	}
	return world->result;
}

static void world_status(void *context, struct core_status *ret_status)
{
	(void)context;
	*ret_status = (struct core_status){
		.link_up = true,
		.responsive = true,
		.link = {.data_max = 40, .simulated = true},
		.credit_max = 12,
		.handles_max = 300,
		.epoch = 3,
		.counters = {[CORE_COUNTER_clients_opened] = 5},
	};
}

static bool world_handle_next(void *context, uint32_t *cursor, struct core_handle_info *ret_info)
{
	struct world *world = context;

	if (*cursor >= world->handles) {
		return false;
	}
	*ret_info = (struct core_handle_info){.handle = ++*cursor, .client = CLIENT, .name = "p"};
	return true;
}

static bool world_administers(void *context, const struct core_credentials *by)
{
	(void)context;
	return by->uid == 0;
}

static int world_kick(void *context, uint32_t client)
{
	struct world *world = context;

	world->kicked = client;
	return client == CLIENT ? 0 : -ENOENT;
}

static int world_node_add(void *context, const char *name, size_t length,
	struct session_node_policy policy, uint32_t *ret_number)
{
	struct world *world = context;

	world->node_policy = policy;
	if (length > 0) {
		memcpy(world->node_name, name, length);
	}
	*ret_number = 7;
	return length == 0 ? -ENETDOWN : 0;
}

static int world_node_set(void *context, uint32_t number, struct session_node_policy policy)
{
	struct world *world = context;

	world->node_policy = policy;
	return number == 7 ? 0 : -ENOENT;
}

static int world_node_remove(void *context, uint32_t number)
{
	(void)context;
	return number == 7 ? 0 : -ENOENT;
}

static bool world_node_next(void *context, uint32_t *cursor, struct session_node_info *ret_info)
{
	(void)context;
	if (*cursor == 2) {
		return false;
	}
	*ret_info = (struct session_node_info){.number = ++*cursor, .handle = 3, .name = "n"};
	return true;
}

/* The scripted core's names. */
const char *core_counter_name(enum core_counter counter)
{
	return counter < CORE_COUNTER_COUNT ? "name" : NULL;
}

const char *core_counter_text(enum core_counter counter)
{
	return counter < CORE_COUNTER_COUNT ? "meaning" : NULL;
}

/* Looks at what was said, if anything. */
static void hear(struct world *world, int length)
{
	world->length = length;
	if (length > 0) {
		assert_int_equal(socket_decode(world->reply, (size_t)length, &world->said), 0);
	}
}

static void give(struct world *world, struct writer *writer)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	int length = socket_end(writer);

	assert_true(length > 0);
	memcpy(bytes, writer->start, (size_t)length);
	hear(world, session_receive(&world->session, &world->host, &world->scratch, bytes,
			    (size_t)length, world->reply));
}

static struct writer message(uint8_t *bytes, enum vipmi_message_type type)
{
	struct writer writer = writer_init(bytes, VIPMI_MESSAGE_MAX);
	struct socket_header header = {
		.type = (uint8_t)type,
		.tag = TAG,
		.handle = HANDLE,
		.netfn = VIPMI_NETFN_APP,
		.command = 0x01,
		.time_ms = 250,
		.virtual_client = 4,
		.class = VIPMI_CLASS_URGENT,
	};

	socket_begin(&writer, &header);
	return writer;
}

static void give_plain(struct world *world, enum vipmi_message_type type)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = message(bytes, type);

	give(world, &writer);
}

static void give_text(struct world *world, enum vipmi_message_type type, const char *text)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = message(bytes, type);

	socket_put(&writer, VIPMI_EXTENSION_TEXT, text, strlen(text));
	give(world, &writer);
}

static void greet(struct world *world, uint16_t lowest, uint16_t highest)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = message(bytes, VIPMI_MESSAGE_HELLO);
	struct socket_hello hello = {.lowest = lowest, .highest = highest};

	socket_put_hello(&writer, false, &hello);
	give(world, &writer);
}

static void world_init(struct world *world)
{
	struct core_credentials credentials = {.uid = 1000, .gid = 100, .pid = 42};

	*world = (struct world){
		.host = {.context = world,
			.step = world_step,
			.status = world_status,
			.handle_next = world_handle_next,
			.administers = world_administers,
			.kick = world_kick,
			.link = "script:x",
			.version = "1.2.3",
			.boot_id = {0xB0}},
	};
	hear(world, session_open(&world->session, &world->host, &world->scratch, 99, &credentials,
			    world->reply));
}

static void world_greeted(struct world *world)
{
	world_init(world);
	greet(world, 1, 1);
	assert_int_equal(world->said.header.type, VIPMI_MESSAGE_HELLO);
	world->steps = 0;
}

static void assert_ended(const struct world *world, enum vipmi_reason reason)
{
	assert_true(session_ended(&world->session));
	assert_int_equal(world->said.header.type, VIPMI_MESSAGE_ERROR);
	assert_int_equal(world->said.header.reason, reason);
	assert_true(world->said.text.length > 0);
}

static void connecting_announces_the_client_with_its_credentials(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	assert_int_equal(world.length, 0);
	assert_int_equal(world.last.type, CORE_EVENT_CLIENT_OPEN);
	assert_int_equal(world.last.client_open.cookie, 99);
	assert_int_equal(world.last.client_open.credentials.pid, 42);
	assert_int_equal(world.session.client, CLIENT);
}

static void one_client_too_many_is_told_so_and_hung_up_on(void **state)
{
	struct core_credentials nobody = {0};
	struct world world;

	(void)state;
	world_init(&world);
	world.result = -ENOSPC;
	hear(&world,
		session_open(&world.session, &world.host, &world.scratch, 1, &nobody, world.reply));
	assert_ended(&world, VIPMI_REASON_FULL);
	assert_int_equal(world.session.client, 0);
	world.steps = 0;
	session_close(&world.session, &world.host, &world.scratch);
	assert_int_equal(world.steps, 0);
}

static void the_hello_says_what_the_agent_and_its_link_can_do(void **state)
{
	struct socket_hello hello;
	struct world world;

	(void)state;
	world_init(&world);
	greet(&world, 1, 9);
	assert_int_equal(socket_hello_decode(world.said.hello, true, &hello), 0);
	assert_int_equal(hello.lowest, 1);
	assert_int_equal(hello.highest, 1);
	assert_int_equal(hello.boot_id[0], 0xB0);
	assert_int_equal(hello.epoch, 3);
	assert_int_equal(hello.capabilities, VIPMI_CAPABILITY_SIMULATED | VIPMI_CAPABILITY_UP);
	assert_int_equal(hello.data_max, 40);
	assert_int_equal(hello.credit_max, 12);
	assert_int_equal(hello.handles_max, 300);
	assert_memory_equal(world.said.text.bytes, "script:x", 8);
}

static void a_peer_that_breaks_the_protocol_is_hung_up_on(void **state)
{
	struct world world;

	(void)state;
	world_init(&world);
	give_plain(&world, VIPMI_MESSAGE_OPEN);
	assert_ended(&world, VIPMI_REASON_PROTOCOL);

	world_init(&world);
	greet(&world, 2, 9);
	assert_ended(&world, VIPMI_REASON_UNSUPPORTED);

	world_greeted(&world);
	greet(&world, 1, 1);
	assert_ended(&world, VIPMI_REASON_PROTOCOL);

	world_greeted(&world);
	give_plain(&world, VIPMI_MESSAGE_ANSWER);
	assert_ended(&world, VIPMI_REASON_PROTOCOL);

	world_greeted(&world);
	hear(&world, session_receive(&world.session, &world.host, &world.scratch,
			     (const uint8_t *)"garbage", 7, world.reply));
	assert_ended(&world, VIPMI_REASON_PROTOCOL);
	assert_int_equal(world.steps, 0);
}

static void handles_open_and_close_and_the_core_has_the_last_word(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer;
	struct world world;

	(void)state;
	world_greeted(&world);
	writer = message(bytes, VIPMI_MESSAGE_OPEN);
	socket_put(&writer, VIPMI_EXTENSION_NAME, "tool", 4);
	give(&world, &writer);
	assert_int_equal(world.last.handle_open.client, CLIENT);
	assert_int_equal(world.last.handle_open.class, VIPMI_CLASS_URGENT);
	assert_int_equal(world.last.handle_open.name_length, 4);
	assert_int_equal(world.said.header.type, VIPMI_MESSAGE_OPENED);
	assert_int_equal(world.said.header.handle, HANDLE);
	assert_true(world.said.header.tag == TAG);

	give_plain(&world, VIPMI_MESSAGE_CLOSE);
	assert_int_equal(world.last.handle.handle, HANDLE);
	assert_int_equal(world.said.header.type, VIPMI_MESSAGE_CLOSED);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NONE);

	world.result = -ENOSPC;
	give_plain(&world, VIPMI_MESSAGE_OPEN);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_FULL);
	assert_int_equal(world.said.header.handle, 0);
	world.result = -ESTALE;
	give_plain(&world, VIPMI_MESSAGE_CLOSE);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_STALE);
	assert_false(session_ended(&world.session));
}

static void a_request_reaches_the_core_whole_and_without_a_reply(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer;
	struct world world;

	(void)state;
	world_greeted(&world);
	writer = message(bytes, VIPMI_MESSAGE_REQUEST);
	bytes[30] = VIPMI_TARGET_IPMB;
	socket_put_target(&writer, 3, 0x82);
	socket_put(&writer, VIPMI_EXTENSION_DATA, "\x11\x22", 2);
	give(&world, &writer);
	assert_int_equal(world.length, 0);
	assert_int_equal(world.last.type, CORE_EVENT_REQUEST);
	assert_int_equal(world.last.request.client, CLIENT);
	assert_int_equal(world.last.request.handle, HANDLE);
	assert_true(world.last.request.tag == TAG);
	assert_int_equal(world.last.request.virtual_client, 4);
	assert_int_equal(world.last.request.budget_ms, 250);
	assert_int_equal(world.last.request.class, VIPMI_CLASS_URGENT);
	assert_int_equal(world.last.request.target_kind, VIPMI_TARGET_IPMB);
	assert_int_equal(world.last.request.channel, 3);
	assert_int_equal(world.last.request.address, 0x82);
	assert_int_equal(world.last.request.netfn, VIPMI_NETFN_APP);
	assert_int_equal(world.last.request.command, 0x01);
	assert_int_equal(world.last.request.length, 2);
}

static void without_credit_a_request_is_put_off_and_credit_asked_for(void **state)
{
	struct world world;

	(void)state;
	world_greeted(&world);
	world.result = -EAGAIN;
	give_plain(&world, VIPMI_MESSAGE_REQUEST);
	assert_int_equal(world.length, -EAGAIN);
	assert_int_equal(world.last.type, CORE_EVENT_CREDIT_WANTED);
	assert_int_equal(world.last.handle.client, CLIENT);
	assert_int_equal(world.last.handle.handle, HANDLE);
}

static void a_refused_request_gets_its_one_answer(void **state)
{
	static const struct {
		int error;
		uint8_t reason, cc;
	} cases[] = {
		{-ESTALE, VIPMI_REASON_STALE, VIPMI_CC_DESTINATION_UNAVAILABLE},
		{-EINVAL, VIPMI_REASON_PROTOCOL, VIPMI_CC_INVALID_FIELD},
		{-EMSGSIZE, VIPMI_REASON_TOO_LONG, VIPMI_CC_LENGTH_INVALID},
	};
	struct world world;

	(void)state;
	world_greeted(&world);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		world.result = cases[i].error;
		give_plain(&world, VIPMI_MESSAGE_REQUEST);
		assert_int_equal(world.said.header.type, VIPMI_MESSAGE_ANSWER);
		assert_int_equal(world.said.header.reason, cases[i].reason);
		assert_int_equal(world.said.header.cc, cases[i].cc);
		assert_int_equal(world.said.header.origin, VIPMI_ORIGIN_AGENT);
		assert_int_equal(world.said.header.netfn, VIPMI_NETFN_APP | 1);
		assert_int_equal(world.said.header.flags & VIPMI_FLAG_SENT, 0);
		assert_true(world.said.header.tag == TAG);
	}
}

static void a_bridged_request_without_a_responder_is_refused(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer;
	struct world world;

	(void)state;
	world_greeted(&world);
	writer = message(bytes, VIPMI_MESSAGE_REQUEST);
	bytes[30] = VIPMI_TARGET_IPMB;
	give(&world, &writer);
	assert_int_equal(world.said.header.type, VIPMI_MESSAGE_ANSWER);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_PROTOCOL);
	assert_int_equal(world.steps, 0);
}

static void a_cancel_has_no_reply_even_where_nothing_is_to_cancel(void **state)
{
	struct world world;

	(void)state;
	world_greeted(&world);
	world.result = -ENOENT;
	give_plain(&world, VIPMI_MESSAGE_CANCEL);
	assert_int_equal(world.length, 0);
	assert_int_equal(world.last.type, CORE_EVENT_CANCEL);
	assert_true(world.last.cancel.tag == TAG);
}

static void an_option_is_set_confirmed_and_when_quiet_not_even_refused(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer;
	struct world world;

	(void)state;
	world_greeted(&world);
	writer = message(bytes, VIPMI_MESSAGE_SET);
	socket_put_option(&writer, VIPMI_OPTION_EVENTS, 1);
	give(&world, &writer);
	assert_int_equal(world.last.type, CORE_EVENT_SUBSCRIBE);
	assert_int_equal(world.said.header.type, VIPMI_MESSAGE_DONE);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NONE);

	writer = message(bytes, VIPMI_MESSAGE_SET);
	socket_put_option(&writer, (enum vipmi_option)77, 1);
	give(&world, &writer);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_UNSUPPORTED);

	writer = message(bytes, VIPMI_MESSAGE_SET);
	socket_put_option(&writer, VIPMI_OPTION_MAINTENANCE, 2);
	give(&world, &writer);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_UNSUPPORTED);

	writer = message(bytes, VIPMI_MESSAGE_SET);
	bytes[3] = VIPMI_FLAG_QUIET;
	socket_put_option(&writer, (enum vipmi_option)77, 1);
	give(&world, &writer);
	assert_int_equal(world.length, 0);
}

static void maintenance_mode_is_for_those_who_may(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer;
	struct world world;

	(void)state;
	world_greeted(&world);
	writer = message(bytes, VIPMI_MESSAGE_SET);
	socket_put_option(&writer, VIPMI_OPTION_MAINTENANCE, 1);
	give(&world, &writer);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_DENIED);
	assert_int_not_equal(world.last.type, CORE_EVENT_MAINTENANCE);

	world.session.credentials.uid = 0;
	writer = message(bytes, VIPMI_MESSAGE_SET);
	socket_put_option(&writer, VIPMI_OPTION_MAINTENANCE, 1);
	give(&world, &writer);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NONE);
	assert_int_equal(world.last.type, CORE_EVENT_MAINTENANCE);
	assert_true(world.last.maintenance.wanted);

	/* Whoever has it may let it go, whoever he is by now. */
	world.session.credentials.uid = 1000;
	writer = message(bytes, VIPMI_MESSAGE_SET);
	socket_put_option(&writer, VIPMI_OPTION_MAINTENANCE, 0);
	give(&world, &writer);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NONE);
	assert_false(world.last.maintenance.wanted);
}

static void kicking_is_for_those_who_may(void **state)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer;
	struct world world;

	(void)state;
	world_greeted(&world);
	writer = message(bytes, VIPMI_MESSAGE_CONTROL);
	socket_put_control(&writer, VIPMI_CONTROL_KICK, CLIENT);
	give(&world, &writer);
	assert_int_equal(world.said.header.type, VIPMI_MESSAGE_DONE);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_DENIED);
	assert_int_equal(world.kicked, 0);

	world.session.credentials.uid = 0;
	writer = message(bytes, VIPMI_MESSAGE_CONTROL);
	socket_put_control(&writer, VIPMI_CONTROL_KICK, CLIENT);
	give(&world, &writer);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NONE);
	assert_int_equal(world.kicked, CLIENT);

	writer = message(bytes, VIPMI_MESSAGE_CONTROL);
	socket_put_control(&writer, VIPMI_CONTROL_KICK, UINT64_C(1) << 32 | CLIENT);
	give(&world, &writer);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NOT_FOUND);
}

static void ask_node(
	struct world *world, enum vipmi_control verb, uint64_t argument, const char *name)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = message(bytes, VIPMI_MESSAGE_CONTROL);

	socket_put_control(&writer, verb, argument);
	if (name) {
		socket_put(&writer, VIPMI_EXTENSION_NAME, name, strlen(name));
	}
	give(world, &writer);
	assert_int_equal(world->said.header.type, VIPMI_MESSAGE_DONE);
}

static void nodes_are_where_the_host_has_them(void **state)
{
	struct world world;

	(void)state;
	world_greeted(&world);
	world.session.credentials.uid = 0;
	ask_node(&world, VIPMI_CONTROL_NODE_ADD, 0, "n");
	assert_int_equal(world.said.header.reason, VIPMI_REASON_UNSUPPORTED);
	ask_node(&world, VIPMI_CONTROL_NODE_REMOVE, 7, NULL);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_UNSUPPORTED);
	world.host.node_add = world_node_add;
	world.host.node_remove = world_node_remove;

	ask_node(&world, VIPMI_CONTROL_NODE_ADD, 0, "first");
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NONE);
	assert_true(socket_has(&world.said, VIPMI_EXTENSION_CONTROL));
	assert_int_equal(world.said.control.argument, 7);
	assert_string_equal(world.node_name, "first");
	ask_node(&world, VIPMI_CONTROL_NODE_ADD, 0, NULL);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_LINK_DOWN);
	assert_false(socket_has(&world.said, VIPMI_EXTENSION_CONTROL));
	ask_node(&world, VIPMI_CONTROL_NODE_REMOVE, 7, NULL);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NONE);
	ask_node(&world, VIPMI_CONTROL_NODE_REMOVE, 8, NULL);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NOT_FOUND);

	world.session.credentials.uid = 1000;
	ask_node(&world, VIPMI_CONTROL_NODE_ADD, 0, "second");
	assert_int_equal(world.said.header.reason, VIPMI_REASON_DENIED);
	assert_string_equal(world.node_name, "first");
}

static void what_a_node_may_stands_above_its_number(void **state)
{
	static const struct {
		uint64_t bits;
		enum vipmi_reason reason;
	} cases[] = {
		{0x0000, VIPMI_REASON_NONE},
		{0x0403, VIPMI_REASON_NONE},
		{0x0201, VIPMI_REASON_NONE},
		{0x0004, VIPMI_REASON_PROTOCOL}, /* no such class */
		{0x0100, VIPMI_REASON_PROTOCOL}, /* callback: nothing asks for that */
		{0x0500, VIPMI_REASON_PROTOCOL},
		{0x10000, VIPMI_REASON_PROTOCOL},
	};
	struct world world;

	(void)state;
	world_greeted(&world);
	world.session.credentials.uid = 0;
	world.host.node_add = world_node_add;
	world.host.node_policy_set = world_node_set;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint64_t argument = cases[i].bits << 32;

		for (int set = 0; set < 2; set++) {
			world.node_policy = (struct session_node_policy){0xEE, 0xEE};
			ask_node(&world, set ? VIPMI_CONTROL_NODE_SET : VIPMI_CONTROL_NODE_ADD,
				argument | (set ? 7 : 0), set ? NULL : "first");
			assert_int_equal(world.said.header.reason, cases[i].reason);
			assert_int_equal(world.node_policy.urgency,
				cases[i].reason ? 0xEE : cases[i].bits & 0xFF);
			assert_int_equal(world.node_policy.privilege,
				cases[i].reason ? 0xEE : cases[i].bits >> 8);
		}
	}
	ask_node(&world, VIPMI_CONTROL_NODE_SET, 8, NULL);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NOT_FOUND);
	ask_node(&world, VIPMI_CONTROL_NODE_SET + 1, 7, NULL);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_UNSUPPORTED);
	world.session.credentials.uid = 1000;
	ask_node(&world, VIPMI_CONTROL_NODE_SET, 7, NULL);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_DENIED);
}

/* Walks a listing to its end; returns how many rows it had. */
static int rows(struct world *world, const char *object)
{
	int count = 0;

	give_text(world, VIPMI_MESSAGE_QUERY, object);
	while (world->said.header.type == VIPMI_MESSAGE_ROW) {
		assert_true(world->said.header.tag == TAG);
		count++;
		hear(world,
			session_row(&world->session, &world->host, &world->scratch, world->reply));
	}
	assert_int_equal(world->said.header.type, VIPMI_MESSAGE_END);
	assert_true(world->said.header.tag == TAG);
	assert_false(session_listing(&world->session));
	return count;
}

static void listings_have_their_rows_and_an_end(void **state)
{
	struct world world;

	(void)state;
	world_greeted(&world);
	assert_int_equal(rows(&world, "status"), 1);
	assert_int_equal(rows(&world, "counter"), CORE_COUNTER_COUNT);
	assert_int_equal(rows(&world, "client"), 0);
	world.handles = 3;
	assert_int_equal(rows(&world, "client"), 3);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NONE);
	assert_int_equal(rows(&world, "node"), 0);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NONE);
	world.host.node_next = world_node_next;
	assert_int_equal(rows(&world, "node"), 2);
	assert_int_equal(rows(&world, "clients"), 0);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NOT_FOUND);
	assert_int_equal(rows(&world, ""), 0);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_NOT_FOUND);
}

static void a_critical_extension_refuses_the_operation_not_the_connection(void **state)
{
	static const struct {
		enum vipmi_message_type asked, replied;
	} cases[] = {
		{VIPMI_MESSAGE_REQUEST, VIPMI_MESSAGE_ANSWER},
		{VIPMI_MESSAGE_OPEN, VIPMI_MESSAGE_OPENED},
		{VIPMI_MESSAGE_CLOSE, VIPMI_MESSAGE_CLOSED},
		{VIPMI_MESSAGE_QUERY, VIPMI_MESSAGE_END},
		{VIPMI_MESSAGE_SET, VIPMI_MESSAGE_DONE},
		{VIPMI_MESSAGE_CONTROL, VIPMI_MESSAGE_DONE},
	};
	struct world world;

	(void)state;
	world_greeted(&world);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		uint8_t bytes[VIPMI_MESSAGE_MAX];
		struct writer writer = message(bytes, cases[i].asked);

		writer_u8(&writer, 0xEE);
		writer_u8(&writer, VIPMI_EXTENSION_CRITICAL);
		writer_u16le(&writer, 0);
		give(&world, &writer);
		assert_int_equal(world.said.header.type, cases[i].replied);
		assert_int_equal(world.said.header.reason, VIPMI_REASON_UNSUPPORTED);
		assert_false(session_ended(&world.session));
	}
	assert_int_equal(world.steps, 0);
}

static void deliveries_say_everything_that_the_core_said(void **state)
{
	struct core_deliver deliver = {
		.handle = HANDLE,
		.kind = CORE_DELIVERY_ANSWER,
		.tag = TAG,
		.virtual_client = 4,
		.netfn = 0x07,
		.command = 0x01,
		.cc = 0xC1,
		.reason = VIPMI_REASON_BUS,
		.sent = true,
		.target_kind = VIPMI_TARGET_IPMB,
		.channel = 3,
		.address = 0x82,
		.data = (const uint8_t *)"\x33",
		.length = 1,
	};
	struct world world;

	(void)state;
	world_greeted(&world);
	hear(&world, session_deliver(&deliver, world.reply));
	assert_int_equal(world.said.header.type, VIPMI_MESSAGE_ANSWER);
	assert_int_equal(world.said.header.flags, VIPMI_FLAG_SENT);
	assert_int_equal(world.said.header.cc, 0xC1);
	assert_int_equal(world.said.header.reason, VIPMI_REASON_BUS);
	assert_int_equal(world.said.target.address, 0x82);
	assert_int_equal(world.said.data.length, 1);

	deliver.kind = CORE_DELIVERY_EVENT;
	deliver.number = 12;
	deliver.async_kind = VIPMI_ASYNC_EVENT;
	hear(&world, session_deliver(&deliver, world.reply));
	assert_int_equal(world.said.header.type, VIPMI_MESSAGE_EVENT);
	assert_int_equal(world.said.async.number, 12);
	assert_int_equal(world.said.async.kind, VIPMI_ASYNC_EVENT);

	deliver.async_kind = VIPMI_ASYNC_REQUEST;
	hear(&world, session_deliver(&deliver, world.reply));
	assert_int_equal(world.said.header.command, 0x01);
	assert_int_equal(world.said.target.address, 0x82);

	deliver.kind = CORE_DELIVERY_LOSS;
	deliver.lost = 5;
	hear(&world, session_deliver(&deliver, world.reply));
	assert_int_equal(world.said.header.type, VIPMI_MESSAGE_LOSS);
	assert_int_equal(world.said.loss.lost, 5);
	assert_int_equal(world.said.loss.next, 12);
}

static void the_core_hears_once_that_a_client_is_gone(void **state)
{
	struct world world;

	(void)state;
	world_greeted(&world);
	session_close(&world.session, &world.host, &world.scratch);
	session_close(&world.session, &world.host, &world.scratch);
	assert_int_equal(world.steps, 1);
	assert_int_equal(world.last.type, CORE_EVENT_CLIENT_CLOSE);
	assert_int_equal(world.last.client.client, CLIENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connecting_announces_the_client_with_its_credentials),
		cmocka_unit_test(one_client_too_many_is_told_so_and_hung_up_on),
		cmocka_unit_test(the_hello_says_what_the_agent_and_its_link_can_do),
		cmocka_unit_test(a_peer_that_breaks_the_protocol_is_hung_up_on),
		cmocka_unit_test(handles_open_and_close_and_the_core_has_the_last_word),
		cmocka_unit_test(a_request_reaches_the_core_whole_and_without_a_reply),
		cmocka_unit_test(without_credit_a_request_is_put_off_and_credit_asked_for),
		cmocka_unit_test(a_refused_request_gets_its_one_answer),
		cmocka_unit_test(a_bridged_request_without_a_responder_is_refused),
		cmocka_unit_test(a_cancel_has_no_reply_even_where_nothing_is_to_cancel),
		cmocka_unit_test(an_option_is_set_confirmed_and_when_quiet_not_even_refused),
		cmocka_unit_test(maintenance_mode_is_for_those_who_may),
		cmocka_unit_test(kicking_is_for_those_who_may),
		cmocka_unit_test(nodes_are_where_the_host_has_them),
		cmocka_unit_test(what_a_node_may_stands_above_its_number),
		cmocka_unit_test(listings_have_their_rows_and_an_end),
		cmocka_unit_test(a_critical_extension_refuses_the_operation_not_the_connection),
		cmocka_unit_test(deliveries_say_everything_that_the_core_said),
		cmocka_unit_test(the_core_hears_once_that_a_client_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
