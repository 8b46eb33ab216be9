/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver's calls as a 32-bit program makes them, on an agent that does as it
 * is told. (Those of 64-bit programs are tested with the shim.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <sys/ioctl.h> /* what the numbers are made with */

#include "driver/driver.h"

#define MEMORY_SIZE 1024

/* struct ipmi_req and ipmi_recv of a program with words of 32 bits: include/linux/ipmi.h says the
 * fields, the i386 ABI the places. */
struct req32 {
	uint32_t addr, addr_len;
	int32_t msgid;
	uint8_t netfn, cmd;
	uint16_t data_len;
	uint32_t data;
};

struct recv32 {
	int32_t recv_type;
	uint32_t addr, addr_len;
	int32_t msgid;
	uint8_t netfn, cmd;
	uint16_t data_len;
	uint32_t data;
};

struct world {
	uint8_t memory[MEMORY_SIZE]; /* the caller's; an address is an offset, and 0 is none */
	uint8_t sent[VIPMI_MESSAGE_MAX], queue[VIPMI_MESSAGE_MAX];
	size_t sent_length, queue_length;
	uint8_t other[VIPMI_MESSAGE_MAX]; /* comes first, once one has looked */
	size_t other_length;
	struct driver_settings settings;
	struct driver_scratch scratch;
	uint8_t reason, later; /* of the next reply; of those after it */
	uint8_t reply;         /* what kind of message it is */
	unsigned asked;
};

static bool outside(uint64_t address, size_t length)
{
	return length > 0 && (address == 0 || address + length > MEMORY_SIZE);
}

static int world_read(void *context, void *destination, uint64_t source, size_t length)
{
	struct world *world = context;

	if (outside(source, length)) {
		return -EFAULT;
	}
	memcpy(destination, world->memory + source, length);
	return 0;
}

static int world_write(void *context, const struct driver_copy *copies, size_t count)
{
	struct world *world = context;
	size_t i;

	for (i = 0; i < count; i++) {
		if (outside(copies[i].destination, copies[i].length)) {
			return -EFAULT;
		}
		memcpy(world->memory + copies[i].destination, copies[i].source, copies[i].length);
	}
	return 0;
}

static int world_send(void *context, const uint8_t *message, size_t length)
{
	struct world *world = context;

	memcpy(world->sent, message, length);
	world->sent_length = length;
	return 0;
}

static int world_ask(
	void *context, const uint8_t *message, size_t length, struct socket_message *ret_reply)
{
	struct world *world = context;

	(void)world_send(context, message, length);
	memset(ret_reply, 0, sizeof(*ret_reply));
	ret_reply->header.type = world->reply;
	ret_reply->header.reason = world->asked++ == 0 ? world->reason : world->later;
	return 0;
}

static int world_receive(void *context, bool take, uint8_t *bytes, size_t *ret_length)
{
	struct world *world = context;

	if (world->queue_length == 0) {
		return -EAGAIN;
	}
	if (take && world->other_length > 0) {
		memcpy(world->queue, world->other, world->other_length);
		world->queue_length = world->other_length;
		world->other_length = 0;
	}
	memcpy(bytes, world->queue, world->queue_length);
	*ret_length = world->queue_length;
	if (take) {
		world->queue_length = 0;
	}
	return 0;
}

static bool world_is_ipmb(void *context, short channel)
{
	(void)context;
	return channel == 0;
}

static void world_settings_get(void *context, struct driver_settings *ret_settings)
{
	*ret_settings = ((struct world *)context)->settings;
}

static int world_settings_set(void *context, const struct driver_settings *settings)
{
	((struct world *)context)->settings = *settings;
	return 0;
}

static struct world world;

static int call(uint32_t request, uint64_t argument)
{
	const struct driver_host host = {.context = &world,
		.read = world_read,
		.write = world_write,
		.send = world_send,
		.ask = world_ask,
		.receive = world_receive,
		.is_ipmb = world_is_ipmb,
		.settings_get = world_settings_get,
		.settings_set = world_settings_set,
		.handle = 7};

	return driver_ioctl(&host, &world.scratch, request, argument);
}

static int begin(void **state)
{
	(void)state;
	memset(&world, 0, sizeof(world));
	world.reply = VIPMI_MESSAGE_DONE;
	driver_settings_init(&world.settings);
	return 0;
}

#define SEND_COMMAND32 0x8014690D /* _IOR('i', 13, 20 bytes) */
#define RECEIVE_MSG32 0xC018690C
#define RECEIVE_MSG_TRUNC32 0xC018690B
#define SEND_COMMAND_SETTIME32 0x801C6915

static void put(uint64_t address, const void *bytes, size_t length)
{
	memcpy(world.memory + address, bytes, length);
}

static void a_32_bit_request_arrives_as_it_was_meant(void **state)
{
	const struct ipmi_system_interface_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	const struct req32 req = {.addr = 200,
		.addr_len = sizeof(addr),
		.msgid = -5,
		.netfn = VIPMI_NETFN_APP,
		.cmd = 1,
		.data_len = 2,
		.data = 300};
	struct socket_message message;

	(void)state;
	put(100, &req, sizeof(req));
	put(200, &addr, sizeof(addr));
	put(300, "\x11\x22", 2);
	assert_int_equal(call(SEND_COMMAND32, 100), 0);
	assert_int_equal(socket_decode(world.sent, world.sent_length, &message), 0);
	assert_int_equal(message.header.type, VIPMI_MESSAGE_REQUEST);
	assert_int_equal(message.header.handle, 7);
	assert_int_equal(message.header.command, 1);
	assert_int_equal((int64_t)message.header.tag, -5);
	assert_int_equal(message.data.length, 2);
	assert_memory_equal(message.data.bytes, "\x11\x22", 2);
	assert_int_equal(call(SEND_COMMAND32, MEMORY_SIZE - 10), -EFAULT);
}

static void an_address_may_be_as_long_as_the_longest(void **state)
{
	const struct ipmi_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	struct req32 req = {.addr = 200, .addr_len = sizeof(addr), .netfn = 6, .cmd = 1};

	(void)state;
	put(100, &req, sizeof(req));
	put(200, &addr, sizeof(addr));
	assert_int_equal(call(SEND_COMMAND32, 100), 0);
	req.addr_len++;
	put(100, &req, sizeof(req));
	assert_int_equal(call(SEND_COMMAND32, 100), -EINVAL);
}

static void retries_stand_behind_a_32_bit_request(void **state)
{
	const struct ipmi_ipmb_addr addr = {
		.addr_type = IPMI_IPMB_ADDR_TYPE, .channel = 0, .slave_addr = 0x82};
	const struct {
		struct req32 req;
		int32_t retries;
		uint32_t retry_time_ms;
	} settime = {{.addr = 200, .addr_len = sizeof(addr), .netfn = 6, .cmd = 1}, 2, 100};
	struct socket_message message;

	(void)state;
	put(100, &settime, sizeof(settime));
	put(200, &addr, sizeof(addr));
	assert_int_equal(call(SEND_COMMAND_SETTIME32, 100), 0);
	assert_int_equal(socket_decode(world.sent, world.sent_length, &message), 0);
	assert_int_equal(message.header.time_ms, 300);
	assert_int_equal(message.target.address, 0x82);
}

/* IPMI 2.0 sections 27.5 and 27.6: who sets or feeds a watchdog does not wait for everybody's turn;
 * nothing else passes. */
static void who_sets_or_feeds_a_watchdog_is_urgent(void **state)
{
	const struct ipmi_system_interface_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	static const struct {
		uint8_t netfn, command, class;
	} asked[] = {{VIPMI_NETFN_APP, 0x22, VIPMI_CLASS_URGENT},
		{VIPMI_NETFN_APP, 0x24, VIPMI_CLASS_URGENT},
		{VIPMI_NETFN_APP, 0x25, VIPMI_CLASS_OF_HANDLE},
		{VIPMI_NETFN_APP, 0x23, VIPMI_CLASS_OF_HANDLE},
		{VIPMI_NETFN_APP, 0x21, VIPMI_CLASS_OF_HANDLE},
		{0x04, 0x22, VIPMI_CLASS_OF_HANDLE}};
	struct socket_message message;

	(void)state;
	put(200, &addr, sizeof(addr));
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		const struct req32 req = {.addr = 200,
			.addr_len = sizeof(addr),
			.netfn = asked[i].netfn,
			.cmd = asked[i].command};

		put(100, &req, sizeof(req));
		assert_int_equal(call(SEND_COMMAND32, 100), 0);
		assert_int_equal(socket_decode(world.sent, world.sent_length, &message), 0);
		assert_int_equal(message.header.class, asked[i].class);
	}
}

static void answer_waits(size_t length)
{
	static const uint8_t data[DRIVER_DATA_MAX + 1] = {1, 2, 3};
	struct writer writer = writer_init(world.queue, sizeof(world.queue));
	const struct socket_header header = {.type = VIPMI_MESSAGE_ANSWER,
		.handle = 7,
		.tag = (uint64_t)INT64_C(-5),
		.netfn = 7,
		.command = 1};

	socket_begin(&writer, &header);
	socket_put(&writer, VIPMI_EXTENSION_DATA, data, length);
	world.queue_length = (size_t)socket_end(&writer);
}

static void a_32_bit_program_gets_its_answer(void **state)
{
	const struct recv32 wanted = {.addr = 200, .addr_len = 32, .data = 300, .data_len = 8};
	struct recv32 got;

	(void)state;
	put(100, &wanted, sizeof(wanted));
	assert_int_equal(call(RECEIVE_MSG32, 100), -EAGAIN);
	answer_waits(3);
	assert_int_equal(call(RECEIVE_MSG32, 100), 0);
	memcpy(&got, world.memory + 100, sizeof(got));
	assert_int_equal(got.recv_type, IPMI_RESPONSE_RECV_TYPE);
	assert_int_equal(got.msgid, -5);
	assert_int_equal(got.addr, 200);
	assert_int_equal(got.addr_len, sizeof(struct ipmi_system_interface_addr));
	assert_int_equal(got.data, 300);
	assert_int_equal(got.data_len, 4);
	assert_memory_equal(world.memory + 300, "\x00\x01\x02\x03", 4);
	assert_int_equal(world.queue_length, 0);
}

static void what_does_not_fit_stays_or_is_cut(void **state)
{
	const struct recv32 wanted = {.addr = 200, .addr_len = 32, .data = 300, .data_len = 2};
	struct recv32 got;

	(void)state;
	put(100, &wanted, sizeof(wanted));
	answer_waits(30);
	assert_int_equal(call(RECEIVE_MSG32, 100), -EMSGSIZE);
	assert_int_not_equal(world.queue_length, 0);
	assert_int_equal(call(RECEIVE_MSG_TRUNC32, 100), -EMSGSIZE);
	memcpy(&got, world.memory + 100, sizeof(got));
	assert_int_equal(got.data_len, 2);
	assert_int_equal(world.queue_length, 0);
}

/* Another thread takes the message that was looked at: what is taken is given, whole or cut. */
static void what_is_taken_is_given(void **state)
{
	const struct recv32 wanted = {.addr = 200, .addr_len = 32, .data = 300, .data_len = 8};
	struct recv32 got;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		put(100, &wanted, sizeof(wanted));
		answer_waits(i == 0 ? 3 : 2); /* as long as the other, or not */
		memcpy(world.other, world.queue, sizeof(world.other));
		world.other_length = world.queue_length;
		world.other[world.other_length - 1]++;
		answer_waits(3);
		assert_int_equal(call(RECEIVE_MSG32, 100), 0);
		memcpy(&got, world.memory + 100, sizeof(got));
		assert_int_equal(got.data_len, i == 0 ? 4 : 3);
		assert_int_equal(world.memory[300 + got.data_len - 1], got.data_len);
		assert_int_equal(world.queue_length, 0);
	}
}

static void answers_are_as_long_as_they_are(void **state)
{
	const struct recv32 wanted = {.addr = 200, .addr_len = 32, .data = 300, .data_len = 8};

	(void)state;
	put(100, &wanted, sizeof(wanted));
	answer_waits(1);
	assert_int_equal(call(RECEIVE_MSG32, 100), 0);
	assert_memory_equal(world.memory + 300, "\x00\x01", 2);
	answer_waits(DRIVER_DATA_MAX); /* and its completion code */
	assert_true(driver_message_decode(world.queue, world.queue_length, &world.scratch.message));
	assert_int_equal(world.scratch.message.length, 1 + DRIVER_DATA_MAX);
	answer_waits(DRIVER_DATA_MAX + 1);
	assert_false(
		driver_message_decode(world.queue, world.queue_length, &world.scratch.message));
}

static void what_no_program_expects_is_passed_over(void **state)
{
	const struct recv32 wanted = {.addr = 200, .addr_len = 32, .data = 300, .data_len = 8};
	struct writer writer = writer_init(world.queue, sizeof(world.queue));
	const struct socket_header header = {.type = VIPMI_MESSAGE_LOSS, .handle = 7};

	(void)state;
	put(100, &wanted, sizeof(wanted));
	socket_begin(&writer, &header);
	world.queue_length = (size_t)socket_end(&writer);
	assert_int_equal(call(RECEIVE_MSG32, 100), -EAGAIN);
	assert_int_equal(world.queue_length, 0);
}

static void registrations_say_what_the_agent_says(void **state)
{
	const struct ipmi_cmdspec spec = {.netfn = 0x2C, .cmd = 1};

	(void)state;
	put(100, &spec, sizeof(spec));
	assert_int_equal(call(IPMICTL_REGISTER_FOR_CMD, 100), 0);
	world.later = VIPMI_REASON_RESERVED;
	assert_int_equal(call(IPMICTL_REGISTER_FOR_CMD, 100), -EBUSY);
	world.reply = VIPMI_MESSAGE_ANSWER;
	assert_int_equal(call(IPMICTL_REGISTER_FOR_CMD, 100), -ENODEV);
	world.reply = VIPMI_MESSAGE_DONE;
	world.reason = world.later = VIPMI_REASON_NOT_FOUND;
	world.asked = 0;
	assert_int_equal(call(IPMICTL_UNREGISTER_FOR_CMD, 100), -ENOENT);
	assert_int_equal(world.asked, 1 + DRIVER_CHANNELS);
}

static int set_mode(int mode)
{
	memcpy(world.memory + 100, &mode, sizeof(mode));
	return call(IPMICTL_SET_MAINTENANCE_MODE_CMD, 100);
}

/* Only to have it on, and no more, concerns others. */
static void maintenance_mode_is_the_agents_to_grant(void **state)
{
	struct socket_message message;

	(void)state;
	assert_int_equal(set_mode(IPMI_MAINTENANCE_MODE_OFF), 0);
	assert_int_equal(set_mode(IPMI_MAINTENANCE_MODE_AUTO), 0);
	assert_int_equal(world.asked, 0);
	assert_int_equal(set_mode(IPMI_MAINTENANCE_MODE_ON), 0);
	assert_int_equal(world.asked, 1);
	assert_int_equal(socket_decode(world.sent, world.sent_length, &message), 0);
	assert_int_equal(message.header.type, VIPMI_MESSAGE_SET);
	assert_int_equal(message.header.handle, 7);
	assert_int_equal(message.option.option, VIPMI_OPTION_MAINTENANCE);
	assert_int_equal(message.option.value, 1);
	assert_int_equal(set_mode(IPMI_MAINTENANCE_MODE_ON), 0);
	assert_int_equal(world.asked, 1);
	assert_int_equal(world.settings.maintenance, IPMI_MAINTENANCE_MODE_ON);
	assert_int_equal(set_mode(IPMI_MAINTENANCE_MODE_OFF), 0);
	assert_int_equal(world.asked, 2);
	assert_int_equal(socket_decode(world.sent, world.sent_length, &message), 0);
	assert_int_equal(message.option.value, 0);

	world.later = VIPMI_REASON_DENIED;
	assert_int_equal(set_mode(IPMI_MAINTENANCE_MODE_ON), -EPERM);
	assert_int_equal(world.settings.maintenance, IPMI_MAINTENANCE_MODE_OFF);
	world.later = VIPMI_REASON_STALE;
	assert_int_equal(set_mode(IPMI_MAINTENANCE_MODE_ON), -ENODEV);
	assert_int_equal(set_mode(IPMI_MAINTENANCE_MODE_ON + 1), -EINVAL);
	assert_int_equal(set_mode(IPMI_MAINTENANCE_MODE_AUTO - 1), -EINVAL);
}

static void registrations_of_channels_are_one_each(void **state)
{
	const struct ipmi_cmdspec_chans spec = {.netfn = 0x2C, .cmd = 1, .chans = 0x8001};
	struct socket_command command;
	struct socket_message message;

	(void)state;
	put(100, &spec, sizeof(spec));
	assert_int_equal(call(IPMICTL_REGISTER_FOR_CMD_CHANS, 100), 0);
	assert_int_equal(socket_decode(world.sent, world.sent_length, &message), 0);
	assert_true(socket_command_next(&message.commands, &command));
	assert_int_equal(command.channel, 0);
	assert_true(socket_command_next(&message.commands, &command));
	assert_int_equal(command.channel, 15);
	assert_false(socket_command_next(&message.commands, &command));
	/* Not held for all; for one of them, then for each. */
	world.asked = 0;
	world.reason = VIPMI_REASON_NOT_FOUND;
	assert_int_equal(call(IPMICTL_UNREGISTER_FOR_CMD_CHANS, 100), 0);
	assert_int_equal(world.asked, 3);
	assert_int_equal(socket_decode(world.sent, world.sent_length, &message), 0);
	assert_int_equal(message.header.type, VIPMI_MESSAGE_RELEASE);
	assert_int_equal(message.header.flags, 0);
	world.asked = 0;
	world.later = VIPMI_REASON_NOT_FOUND;
	assert_int_equal(call(IPMICTL_UNREGISTER_FOR_CMD_CHANS, 100), -ENOENT);
}

static void each_channel_has_an_address_and_a_lun(void **state)
{
	struct ipmi_channel_lun_address_set of = {.channel = 15, .value = 0xFE};
	unsigned value = 0xFE;

	(void)state;
	put(100, &value, sizeof(value));
	assert_int_equal(call(IPMICTL_SET_MY_LUN_CMD, 100), 0);
	assert_int_equal(call(IPMICTL_GET_MY_LUN_CMD, 100), 0);
	memcpy(&value, world.memory + 100, sizeof(value));
	assert_int_equal(value, 2); /* two bits */
	value = 1;
	put(100, &value, sizeof(value));
	assert_int_equal(call(IPMICTL_SET_MY_LUN_CMD, 100), 0);
	assert_int_equal(world.settings.lun[0], 1);
	assert_int_equal(world.settings.lun[1], 2); /* as it was */
	assert_int_equal(call(IPMICTL_GET_MY_LUN_CMD, 100), 0);
	memcpy(&value, world.memory + 100, sizeof(value));
	assert_int_equal(value, 1);
	of.value = 0xFD;
	put(100, &of, sizeof(of));
	assert_int_equal(call(IPMICTL_SET_MY_CHANNEL_LUN_CMD, 100), 0);
	assert_int_equal(world.settings.lun[15], 1);
	of.channel = 16;
	put(100, &of, sizeof(of));
	assert_int_equal(call(IPMICTL_SET_MY_CHANNEL_LUN_CMD, 100), -EINVAL);
}

static void maintenance_has_three_modes(void **state)
{
	int mode;

	(void)state;
	for (mode = 3; mode >= -1; mode--) {
		put(100, &mode, sizeof(mode));
		assert_int_equal(call(IPMICTL_SET_MAINTENANCE_MODE_CMD, 100),
			mode >= 0 && mode < 3 ? 0 : -EINVAL);
	}
	assert_int_equal(world.settings.maintenance, IPMI_MAINTENANCE_MODE_AUTO);
	world.reply = VIPMI_MESSAGE_ANSWER; /* no word of it */
	mode = IPMI_MAINTENANCE_MODE_ON;
	put(100, &mode, sizeof(mode));
	assert_int_equal(call(IPMICTL_SET_MAINTENANCE_MODE_CMD, 100), -ENODEV);
}

static void other_calls_are_none_of_ours(void **state)
{
	const uint32_t strangers[] = {0, 0x5401, SEND_COMMAND32 + 0x10000, SEND_COMMAND32 ^ 0x100,
		SEND_COMMAND32 ^ 0x40000000, 0x8000690D, 0x80006910, 0x80046963};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(strangers); i++) {
		assert_int_equal(call(strangers[i], 100), -ENOTTY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_32_bit_request_arrives_as_it_was_meant, begin),
		cmocka_unit_test_setup(an_address_may_be_as_long_as_the_longest, begin),
		cmocka_unit_test_setup(who_sets_or_feeds_a_watchdog_is_urgent, begin),
		cmocka_unit_test_setup(retries_stand_behind_a_32_bit_request, begin),
		cmocka_unit_test_setup(a_32_bit_program_gets_its_answer, begin),
		cmocka_unit_test_setup(what_does_not_fit_stays_or_is_cut, begin),
		cmocka_unit_test_setup(what_is_taken_is_given, begin),
		cmocka_unit_test_setup(answers_are_as_long_as_they_are, begin),
		cmocka_unit_test_setup(what_no_program_expects_is_passed_over, begin),
		cmocka_unit_test_setup(registrations_say_what_the_agent_says, begin),
		cmocka_unit_test_setup(maintenance_mode_is_the_agents_to_grant, begin),
		cmocka_unit_test_setup(registrations_of_channels_are_one_each, begin),
		cmocka_unit_test_setup(each_channel_has_an_address_and_a_lun, begin),
		cmocka_unit_test_setup(maintenance_has_three_modes, begin),
		cmocka_unit_test_setup(other_calls_are_none_of_ours, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
