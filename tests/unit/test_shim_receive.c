/* SPDX-License-Identifier: BSD-2-Clause */
/* The shim: what is received, and what an open keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "tests/unit/shim_agent.h"

static void what_the_caller_cannot_take_stays_or_is_cut(void **state)
{
	int fd = open_device();
	struct inbox inbox;

	(void)state;
	inbox_init(&inbox);
	assert_int_equal(call(fd, IPMICTL_RECEIVE_MSG, &inbox.recv), -EAGAIN);
	assert_int_equal(call(fd, IPMICTL_RECEIVE_MSG_TRUNC, &inbox.recv), -EAGAIN);
	assert_int_equal(submit_command(fd, CMD_LONG), 0);
	agent_settle(fd);
	inbox.recv.addr_len = 7;
	assert_int_equal(call(fd, IPMICTL_RECEIVE_MSG, &inbox.recv), -EINVAL);
	assert_int_equal(call(fd, IPMICTL_RECEIVE_MSG_TRUNC, &inbox.recv), -EINVAL);
	inbox_init(&inbox);
	inbox.recv.msg.data_len = 40;
	assert_int_equal(call(fd, IPMICTL_RECEIVE_MSG, &inbox.recv), -EMSGSIZE);
	assert_int_equal(inbox.recv.recv_type, 0);
	assert_int_equal(call(fd, IPMICTL_RECEIVE_MSG_TRUNC, &inbox.recv), -EMSGSIZE);
	assert_int_equal(inbox.recv.recv_type, IPMI_RESPONSE_RECV_TYPE);
	assert_int_equal(inbox.recv.msg.data_len, 40);
	assert_memory_equal(inbox.data, "\0\1\2\3\4\5", 6);
	assert_int_equal(inbox.data[40], 0);
	inbox_init(&inbox);
	assert_int_equal(call(fd, IPMICTL_RECEIVE_MSG, &inbox.recv), -EAGAIN);
	assert_int_equal(submit_command(fd, CMD_LONG), 0);
	agent_settle(fd);
	inbox.recv.msg.data_len = 41;
	assert_int_equal(call(fd, IPMICTL_RECEIVE_MSG, &inbox.recv), 0);
	close(fd);
}

static void messages_between_agent_and_library_never_reach_the_program(void **state)
{
	int fd = open_device(), on = 1;
	struct inbox inbox;

	(void)state;
	/* No reply stands in the queue after an option was set. */
	assert_int_equal(call(fd, IPMICTL_SET_GETS_EVENTS_CMD, &on), 0);
	assert_int_equal(submit_command(fd, CMD_NOISE), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(agent.last_option, 1);
	assert_int_equal(inbox.recv.msg.cmd, CMD_NOISE);
	assert_false(readable(fd, 20));
	on = 0;
	assert_int_equal(call(fd, IPMICTL_SET_GETS_EVENTS_CMD, &on), 0);
	assert_int_equal(submit_command(fd, CMD_ECHO), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(agent.last_option, 0);
	close(fd);
}

static void events_look_like_the_drivers(void **state)
{
	int fd = open_device();
	struct inbox inbox;

	(void)state;
	assert_int_equal(submit_command(fd, CMD_EVENT), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(inbox.recv.recv_type, IPMI_ASYNC_EVENT_RECV_TYPE);
	assert_int_equal(inbox.recv.msgid, 0);
	assert_int_equal(inbox.addr.addr_type, IPMI_SYSTEM_INTERFACE_ADDR_TYPE);
	assert_int_equal(inbox.addr.channel, IPMI_BMC_CHANNEL);
	assert_int_equal(((struct ipmi_system_interface_addr *)&inbox.addr)->lun, 0);
	assert_int_equal(inbox.recv.msg.netfn, 0x07);
	assert_int_equal(inbox.recv.msg.cmd, 0x35);
	assert_int_equal(inbox.recv.msg.data_len, 16);
	assert_int_equal(inbox.data[2], 2);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(inbox.recv.recv_type, IPMI_RESPONSE_RECV_TYPE);
	close(fd);
}

static void inbound_requests_reach_only_who_registered(void **state)
{
	struct ipmi_cmdspec spec = {.netfn = 0x30, .cmd = 0x41};
	int fd = open_device();
	struct inbox inbox;

	(void)state;
	assert_int_equal(submit_command(fd, CMD_INBOUND), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(inbox.recv.recv_type, IPMI_RESPONSE_RECV_TYPE);
	assert_int_equal(call(fd, IPMICTL_REGISTER_FOR_CMD, &spec), 0);
	assert_int_equal(submit_command(fd, CMD_INBOUND), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(inbox.recv.recv_type, IPMI_CMD_RECV_TYPE);
	assert_int_equal(inbox.addr.addr_type, IPMI_IPMB_ADDR_TYPE);
	assert_int_equal(inbox.addr.data[0], 0x52);
	assert_int_equal(inbox.addr.data[1], 1);
	assert_int_equal(inbox.recv.msgid, 33);
	assert_int_equal(inbox.recv.msg.netfn, 0x30);
	assert_int_equal(inbox.recv.msg.data_len, 2);
	assert_int_equal(receive(fd, &inbox), 0);
	close(fd);
}

static void registrations_are_rights_that_the_agent_keeps(void **state)
{
	struct ipmi_cmdspec_chans spec = {.netfn = 0x30, .cmd = 0x42, .chans = 3};
	struct ipmi_cmdspec all = {.netfn = 0x30, .cmd = 0x42};
	int fd = open_device();

	(void)state;
	assert_int_equal(call(fd, IPMICTL_UNREGISTER_FOR_CMD_CHANS, &spec), -ENOENT);
	assert_int_equal(call(fd, IPMICTL_REGISTER_FOR_CMD_CHANS, &spec), 0);
	assert_int_equal(agent.last.handle, HANDLE);
	assert_int_equal(agent.last.flags, VIPMI_FLAG_ANEW);
	assert_int_equal(agent.rights_count, 2);
	assert_int_equal(call(fd, IPMICTL_REGISTER_FOR_CMD_CHANS, &spec), -EBUSY);
	assert_int_equal(call(fd, IPMICTL_REGISTER_FOR_CMD, &all), -EBUSY);
	spec.chans = 5;
	assert_int_equal(call(fd, IPMICTL_UNREGISTER_FOR_CMD_CHANS, &spec), 0);
	assert_int_equal(agent.rights_count, 1);
	assert_int_equal(agent.rights[0].channel, 1);
	assert_int_equal(call(fd, IPMICTL_UNREGISTER_FOR_CMD, &all), 0);
	assert_int_equal(call(fd, IPMICTL_UNREGISTER_FOR_CMD, &all), -ENOENT);
	/* One for all channels, of which one is given back. */
	assert_int_equal(call(fd, IPMICTL_REGISTER_FOR_CMD, &all), 0);
	assert_int_equal(agent.rights_count, 1);
	assert_int_equal(agent.rights[0].channel, VIPMI_ALL);
	spec.chans = 1;
	assert_int_equal(call(fd, IPMICTL_UNREGISTER_FOR_CMD_CHANS, &spec), 0);
	assert_int_equal(agent.rights_count, 15);
	assert_int_equal(agent.rights[0].channel, 1);
	/* The program's queue saw nothing of it. */
	assert_false(readable(fd, 20));
	spec.chans = 0;
	assert_int_equal(call(fd, IPMICTL_UNREGISTER_FOR_CMD_CHANS, &spec), -ENOENT);
	assert_int_equal(call(fd, IPMICTL_REGISTER_FOR_CMD_CHANS, &spec), 0);
	agent.refuse_rights = VIPMI_REASON_FULL;
	all.cmd = 1;
	assert_int_equal(call(fd, IPMICTL_REGISTER_FOR_CMD, &all), -ENOMEM);
	agent.refuse_rights = VIPMI_REASON_STALE;
	assert_int_equal(call(fd, IPMICTL_REGISTER_FOR_CMD, &all), -ENODEV);
	assert_int_equal(call(fd, IPMICTL_UNREGISTER_FOR_CMD, &all), -ENODEV);
	agent.refuse_connection = true;
	assert_int_equal(call(fd, IPMICTL_REGISTER_FOR_CMD, &all), -ENODEV);
	close(fd);
}

static void a_response_is_sent_as_the_driver_sends_it(void **state)
{
	struct ipmi_ipmb_addr addr = {
		.addr_type = IPMI_IPMB_ADDR_TYPE, .channel = 0, .slave_addr = 0x52, .lun = 1};
	uint8_t data[] = {0xC9, 0x77};
	struct ipmi_req req = {.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msgid = 33,
		.msg = {.netfn = 0x31, .cmd = 0x41, .data = data, .data_len = sizeof(data)}};
	int fd = open_device();
	struct inbox inbox;

	(void)state;
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND, &req), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(agent.last.type, VIPMI_MESSAGE_RESPOND);
	assert_int_equal(agent.last.netfn, 0x31);
	assert_int_equal(agent.last.cc, 0xC9);
	assert_int_equal(agent.last_address, 0x52);
	assert_int_equal(agent.last_requester_lun, 1);
	assert_int_equal(agent.last_sequence, 33);
	assert_int_equal(agent.last_length, 1);
	assert_int_equal(agent.last_data[0], 0x77);
	assert_int_equal(inbox.recv.recv_type, IPMI_RESPONSE_RESPONSE_TYPE);
	assert_int_equal(inbox.recv.msgid, 33);
	assert_int_equal(inbox.recv.msg.netfn, 0x31);
	assert_int_equal(inbox.recv.msg.cmd, 0x41);
	assert_int_equal(inbox.recv.msg.data_len, 1);
	assert_int_equal(inbox.data[0], 0x83);
	assert_int_equal(inbox.addr.addr_type, IPMI_IPMB_ADDR_TYPE);
	assert_int_equal(inbox.addr.data[0], 0x52);
	assert_int_equal(inbox.addr.data[1], 1);
	req.msg.data_len = 0;
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND, &req), -EINVAL);
	req.msg.data_len = 1;
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND, &req), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(agent.last_length, 0);
	addr.addr_type = IPMI_IPMB_BROADCAST_ADDR_TYPE;
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND, &req), -EINVAL);
	close(fd);
}

static void settings_belong_to_the_open_and_its_duplicates(void **state)
{
	struct ipmi_channel_lun_address_set channel = {.channel = 3, .value = 0x44};
	int fd = open_device(), other = open_device(), copy = dup(fd), mode = 2;
	unsigned value = 0x24;

	(void)state;
	assert_int_equal(call(fd, IPMICTL_SET_MY_ADDRESS_CMD, &value), 0);
	assert_int_equal(call(fd, IPMICTL_SET_MY_CHANNEL_ADDRESS_CMD, &channel), 0);
	assert_int_equal(call(fd, IPMICTL_SET_MAINTENANCE_MODE_CMD, &mode), 0);
	assert_int_equal(call(other, IPMICTL_GET_MY_ADDRESS_CMD, &value), 0);
	assert_int_equal(value, 0x20);
	assert_int_equal(call(other, IPMICTL_GET_MY_LUN_CMD, &value), 0);
	assert_int_equal(value, 2);
	assert_int_equal(call(copy, IPMICTL_GET_MY_ADDRESS_CMD, &value), 0);
	assert_int_equal(value, 0x24);
	channel.value = 0;
	assert_int_equal(call(copy, IPMICTL_GET_MY_CHANNEL_ADDRESS_CMD, &channel), 0);
	assert_int_equal(channel.value, 0x44);
	mode = 9;
	assert_int_equal(call(copy, IPMICTL_GET_MAINTENANCE_MODE_CMD, &mode), 0);
	assert_int_equal(mode, 2);
	mode = 3;
	assert_int_equal(call(fd, IPMICTL_SET_MAINTENANCE_MODE_CMD, &mode), -EINVAL);
	channel.channel = 16;
	assert_int_equal(call(fd, IPMICTL_SET_MY_CHANNEL_LUN_CMD, &channel), -EINVAL);
	close(fd);
	close(copy);
	close(other);
}

static void settings_of_closed_opens_make_room(void **state)
{
	unsigned value = 0x24;
	int i, fd;

	(void)state;
	for (i = 0; i < 300; i++) {
		fd = open_device();
		assert_int_equal(call(fd, IPMICTL_SET_MY_ADDRESS_CMD, &value), 0);
		close(fd);
	}
}

static void an_agent_that_goes_is_a_device_that_went(void **state)
{
	int fd = open_device(), on = 1;
	struct inbox inbox;

	(void)state;
	assert_int_equal(submit_command(fd, CMD_ECHO), 0);
	assert_int_equal(submit_command(fd, CMD_HANG_UP), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(receive(fd, &inbox), -ENODEV);
	/* No signal kills us here either. */
	assert_int_equal(submit_command(fd, CMD_ECHO), -ENODEV);
	assert_int_equal(call(fd, IPMICTL_SET_GETS_EVENTS_CMD, &on), -ENODEV);
	close(fd);
}

static void too_much_outstanding_is_busy_and_nothing_blocks(void **state)
{
	int fd = open_device(), sent = 0, result = 0;
	struct inbox inbox;

	(void)state;
	/* The answers stay unread, so the agent's sends fill up, then ours. */
	while (sent < 100000 && (result = submit_command(fd, CMD_LONG)) == 0) {
		sent++;
	}
	assert_int_equal(result, -EBUSY);
	assert_true(sent >= 100); /* what the driver lets be outstanding */
	while (sent-- > 0) {
		assert_int_equal(receive(fd, &inbox), 0);
	}
	assert_int_equal(submit_command(fd, CMD_ECHO), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	close(fd);
}

struct race {
	int fd;
	unsigned got;
};

static void *race_run(void *argument)
{
	struct race *race = argument;
	struct inbox inbox;
	int result;

	for (;;) {
		inbox_init(&inbox);
		result = call(race->fd, IPMICTL_RECEIVE_MSG_TRUNC, &inbox.recv);
		if (result == 0) {
			race->got++;
		} else if (result == -ENODEV) {
			return NULL;
		} else {
			readable(race->fd, 1000);
		}
	}
}

static void two_threads_share_the_messages_and_none_comes_twice(void **state)
{
	struct race races[2];
	pthread_t threads[2];
	int fd = open_device(), i;

	(void)state;
	for (i = 0; i < 2; i++) {
		races[i] = (struct race){.fd = fd};
		assert_int_equal(pthread_create(&threads[i], NULL, race_run, &races[i]), 0);
	}
	for (i = 0; i < 3000; i++) {
		while (submit_command(fd, CMD_ECHO) == -EBUSY) {
			readable(fd, 1);
		}
	}
	while (submit_command(fd, CMD_HANG_UP) == -EBUSY) {
		readable(fd, 1);
	}
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	assert_int_equal(races[0].got + races[1].got, 3000);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_AGENT(what_the_caller_cannot_take_stays_or_is_cut),
		WITH_AGENT(messages_between_agent_and_library_never_reach_the_program),
		WITH_AGENT(events_look_like_the_drivers),
		WITH_AGENT(inbound_requests_reach_only_who_registered),
		WITH_AGENT(registrations_are_rights_that_the_agent_keeps),
		WITH_AGENT(a_response_is_sent_as_the_driver_sends_it),
		WITH_AGENT(settings_belong_to_the_open_and_its_duplicates),
		WITH_AGENT(settings_of_closed_opens_make_room),
		WITH_AGENT(an_agent_that_goes_is_a_device_that_went),
		WITH_AGENT(too_much_outstanding_is_busy_and_nothing_blocks),
		WITH_AGENT(two_threads_share_the_messages_and_none_comes_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
