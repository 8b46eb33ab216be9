/* SPDX-License-Identifier: BSD-2-Clause */
/* The CUSE face: what programs see of a node, with the kernel played by the test. */
#include "tests/unit/cuse_kernel.h"

#include <linux/fuse.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, kernel_start, kernel_stop)

#define PATIENT_PAST 129 /* one more than a program may have unread */

static struct ipmi_system_interface_addr controller = {
	.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};

struct inbox {
	struct ipmi_recv recv;
	struct ipmi_addr addr;
	uint8_t data[300];
};

static void inbox_init(struct inbox *inbox)
{
	memset(inbox, 0, sizeof(*inbox));
	inbox->recv.addr = (unsigned char *)&inbox->addr;
	inbox->recv.addr_len = sizeof(inbox->addr);
	inbox->recv.msg.data = inbox->data;
	inbox->recv.msg.data_len = sizeof(inbox->data);
}

static int receive(int64_t file, struct inbox *inbox)
{
	inbox_init(inbox);
	return node_ioctl(file, IPMICTL_RECEIVE_MSG_TRUNC, &inbox->recv);
}

static int submit(int64_t file, void *addr, unsigned addr_length, uint8_t command, long msgid)
{
	uint8_t data[2] = {7, 8};
	struct ipmi_req req;

	memset(&req, 0, sizeof(req)); /* the kernel looks at all of it, gaps too */
	req.addr = addr;
	req.addr_len = addr_length;
	req.msgid = msgid;
	req.msg.netfn = 6;
	req.msg.cmd = command;
	req.msg.data = data;
	req.msg.data_len = sizeof(data);
	return node_ioctl(file, IPMICTL_SEND_COMMAND, &req);
}

static int submit_command(int64_t file, uint8_t command)
{
	return submit(file, &controller, sizeof(controller), command, -5);
}

static int submit_ipmb(int64_t file, short channel)
{
	struct ipmi_ipmb_addr addr = {
		.addr_type = IPMI_IPMB_ADDR_TYPE, .channel = channel, .slave_addr = 0x52};

	return submit(file, &addr, sizeof(addr), CMD_DEVICE_ID, 9);
}

static void the_node_is_as_ordered(void **state)
{
	(void)state;
	assert_string_equal(kernel.name, "DEVNAME=ipmi5");
	assert_string_equal(kernel.given.name, "ipmi5");
	assert_int_equal(kernel.given.mode, 0660);
	assert_int_equal(kernel.given.owner, 12);
	assert_int_equal(kernel.given.group, 34);
}

static void a_request_is_answered(void **state)
{
	int64_t file = node_open();
	struct inbox inbox;

	(void)state;
	assert_true(file >= 0);
	assert_int_equal(node_poll(file, false), 0);
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	/* For the structure, for what it points at, and done. */
	assert_int_equal(kernel.rounds, 3);
	assert_int_equal(node_poll(file, false), POLLIN | POLLRDNORM);
	assert_int_equal(receive(file, &inbox), 0);
	assert_int_equal(kernel.rounds, 3);
	assert_int_equal(inbox.recv.recv_type, IPMI_RESPONSE_RECV_TYPE);
	assert_int_equal(inbox.recv.msgid, -5);
	assert_int_equal(inbox.recv.addr_len, sizeof(controller));
	assert_memory_equal(&inbox.addr, &controller, sizeof(controller) - 1);
	assert_int_equal(inbox.recv.msg.netfn, 7);
	assert_int_equal(inbox.recv.msg.data_len, 16);
	assert_int_equal(inbox.data[1], 0x20);
	assert_int_equal(node_poll(file, false), 0);
	assert_int_equal(receive(file, &inbox), -EAGAIN);
	node_release(file);
}

/* Whose structure is so short that what is written into it is no longer than a guess's tag. */
static void what_is_short_is_no_guess(void **state)
{
	struct ipmi_channel_lun_address_set set;
	int64_t file = node_open();

	(void)state;
	memset(&set, 0, sizeof(set)); /* what is between its fields goes to the kernel as well */
	set.channel = 3;
	set.value = 0x30;
	assert_int_equal(node_ioctl(file, IPMICTL_SET_MY_CHANNEL_ADDRESS_CMD, &set), 0);
	set.value = 0;
	assert_int_equal(node_ioctl(file, IPMICTL_GET_MY_CHANNEL_ADDRESS_CMD, &set), 0);
	assert_int_equal(set.value, 0x30);
	node_release(file);
}

/* Into other buffers than the last time, with as much room: nothing goes where it went before. */
static void who_receives_as_before_waits_less(void **state)
{
	int64_t file = node_open();
	struct inbox inbox, before;
	uint8_t other[sizeof(inbox.data)] = {0};

	(void)state;
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	assert_int_equal(receive(file, &inbox), 0);
	assert_int_equal(kernel.rounds, 3);
	assert_int_equal(receive(file, &inbox), -EAGAIN);
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	assert_int_equal(receive(file, &inbox), 0);
	assert_int_equal(kernel.rounds, 2);
	assert_int_equal(inbox.recv.msgid, -5);
	assert_int_equal(inbox.recv.msg.data_len, 16);
	assert_int_equal(inbox.data[1], 0x20);

	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	inbox_init(&inbox);
	memset(inbox.data, 0x5A, sizeof(inbox.data));
	inbox.recv.msg.data = other;
	before = inbox;
	assert_int_equal(node_ioctl(file, IPMICTL_RECEIVE_MSG_TRUNC, &inbox.recv), 0);
	assert_int_equal(kernel.rounds, 3);
	assert_memory_equal(inbox.data, before.data, sizeof(before.data));
	assert_int_equal(other[1], 0x20);

	/* Into the same, with less room: it is noticed, and nothing is written behind it. */
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	inbox_init(&inbox);
	inbox.recv.msg.data = other;
	inbox.recv.msg.data_len = 2;
	memset(other, 0x5A, sizeof(other));
	assert_int_equal(node_ioctl(file, IPMICTL_RECEIVE_MSG_TRUNC, &inbox.recv), -EMSGSIZE);
	assert_int_equal(kernel.rounds, 3);
	assert_int_equal(other[1], 0x20);
	assert_int_equal(other[2], 0x5A);
	/* Before there is anything, one look is enough. */
	inbox_init(&inbox);
	assert_int_equal(node_ioctl(file, IPMICTL_RECEIVE_MSG_TRUNC, &inbox.recv), -EAGAIN);
	assert_int_equal(kernel.rounds, 1);
	node_release(file);
	/* Whoever opens next has no habits. */
	file = node_open();
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	assert_int_equal(receive(file, &inbox), 0);
	assert_int_equal(kernel.rounds, 3);
	node_release(file);
}

/* A 32-bit program's structures, at addresses that it can have. */
static void a_narrow_program_is_answered(void **state)
{
	struct {
		struct {
			uint32_t addr, addr_length;
			int32_t msgid;
			uint8_t netfn, command;
			uint16_t length;
			uint32_t data;
		} req;
		struct {
			int32_t type;
			uint32_t addr, addr_length;
			int32_t msgid;
			uint8_t netfn, command;
			uint16_t length;
			uint32_t data;
		} recv;
		struct ipmi_system_interface_addr addr;
		uint8_t data[40];
	} *narrow = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	int64_t file = node_open();

	(void)state;
	assert_true(narrow != MAP_FAILED);
	narrow->addr = controller;
	narrow->req.addr = (uint32_t)(uintptr_t)&narrow->addr;
	narrow->req.addr_length = sizeof(narrow->addr);
	narrow->req.msgid = -5;
	narrow->req.netfn = 6;
	narrow->req.command = CMD_DEVICE_ID;
	assert_int_equal(sizeof(narrow->req), 20);
	assert_int_equal(node_ioctl(file, _IOR('i', 13, uint8_t[20]), &narrow->req), 0);
	memset(&narrow->addr, 0, sizeof(narrow->addr));
	narrow->recv.addr = (uint32_t)(uintptr_t)&narrow->addr;
	narrow->recv.addr_length = sizeof(narrow->addr);
	narrow->recv.data = (uint32_t)(uintptr_t)narrow->data;
	narrow->recv.length = sizeof(narrow->data);
	assert_int_equal(node_ioctl(file, _IOWR('i', 11, uint8_t[24]), &narrow->recv), 0);
	assert_int_equal(narrow->recv.type, IPMI_RESPONSE_RECV_TYPE);
	assert_int_equal(narrow->recv.msgid, -5);
	assert_int_equal(narrow->recv.length, 16);
	assert_int_equal(narrow->addr.addr_type, IPMI_SYSTEM_INTERFACE_ADDR_TYPE);
	assert_int_equal(narrow->data[1], 0x20);
	munmap(narrow, 4096);
}

static void what_does_not_fit_stays(void **state)
{
	int64_t file = node_open();
	struct inbox inbox;

	(void)state;
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	inbox_init(&inbox);
	inbox.recv.addr_len = 4;
	assert_int_equal(node_ioctl(file, IPMICTL_RECEIVE_MSG_TRUNC, &inbox.recv), -EINVAL);
	inbox_init(&inbox);
	inbox.recv.msg.data = BAD_POINTER;
	assert_int_equal(node_ioctl(file, IPMICTL_RECEIVE_MSG, &inbox.recv), -EFAULT);
	inbox_init(&inbox);
	inbox.recv.msg.data_len = 3;
	assert_int_equal(node_ioctl(file, IPMICTL_RECEIVE_MSG, &inbox.recv), -EMSGSIZE);
	assert_int_equal(node_poll(file, false), POLLIN | POLLRDNORM);
	assert_int_equal(node_ioctl(file, IPMICTL_RECEIVE_MSG_TRUNC, &inbox.recv), -EMSGSIZE);
	assert_int_equal(inbox.recv.msg.data_len, 3);
	assert_int_equal(inbox.data[1], 0x20);
	assert_int_equal(inbox.data[3], 0);
	assert_int_equal(node_poll(file, false), 0);
}

static void nothing_to_copy_is_no_reason_to_ask_again(void **state)
{
	struct ipmi_req req;
	int64_t file = node_open();
	struct inbox inbox;

	(void)state;
	memset(&req, 0, sizeof(req));
	assert_int_equal(node_ioctl(file, IPMICTL_SEND_COMMAND, &req), -EINVAL);
	assert_int_equal(kernel.rounds, 2);
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	inbox_init(&inbox);
	inbox.recv.msg.data = NULL;
	inbox.recv.msg.data_len = 0;
	assert_int_equal(node_ioctl(file, IPMICTL_RECEIVE_MSG_TRUNC, &inbox.recv), -EMSGSIZE);
	assert_int_equal(kernel.rounds, 3);
}

static void settings_are_each_opens_own(void **state)
{
	int64_t file = node_open(), other = node_open();
	struct ipmi_timing_parms timing = {.retries = 2, .retry_time_ms = 1500};
	unsigned value = 0x42;

	(void)state;
	assert_int_equal(node_ioctl(file, IPMICTL_SET_MY_ADDRESS_CMD, &value), 0);
	assert_int_equal(kernel.rounds, 2);
	value = 0;
	assert_int_equal(node_ioctl(file, IPMICTL_GET_MY_ADDRESS_CMD, &value), 0);
	assert_int_equal(kernel.rounds, 2);
	assert_int_equal(value, 0x42);
	assert_int_equal(node_ioctl(other, IPMICTL_GET_MY_ADDRESS_CMD, &value), 0);
	assert_int_equal(value, 0x20);
	assert_int_equal(node_ioctl(file, IPMICTL_SET_TIMING_PARMS_CMD, &timing), 0);
	assert_int_equal(node_ioctl(other, IPMICTL_GET_TIMING_PARMS_CMD, &timing), 0);
	assert_int_equal(timing.retries, -1);
	assert_int_equal(node_ioctl(file, IPMICTL_GET_MY_ADDRESS_CMD, NULL), -EFAULT);
	assert_int_equal(node_ioctl(file, _IO('i', 99), &value), -ENOTTY);
	/* A number that went with a file meets nobody who has its slot now. */
	node_release(file);
	assert_int_equal(node_ioctl(file, IPMICTL_GET_MY_ADDRESS_CMD, &value), -ENODEV);
	assert_int_not_equal(node_open(), file);
}

static void a_registration_is_exclusive(void **state)
{
	struct ipmi_cmdspec spec = {.netfn = 0x30, .cmd = 0x41};
	int64_t file = node_open(), other = node_open();

	(void)state;
	assert_int_equal(node_ioctl(file, IPMICTL_REGISTER_FOR_CMD, &spec), 0);
	assert_int_equal(node_ioctl(other, IPMICTL_REGISTER_FOR_CMD, &spec), -EBUSY);
	assert_int_equal(node_ioctl(other, IPMICTL_UNREGISTER_FOR_CMD, &spec), -ENOENT);
	node_release(file);
	assert_int_equal(node_ioctl(other, IPMICTL_REGISTER_FOR_CMD, &spec), 0);
}

static void poll_is_woken(void **state)
{
	int64_t file = node_open();
	struct inbox inbox;

	(void)state;
	assert_int_equal(submit_command(file, CMD_LATER), 0);
	assert_int_equal(node_poll(file, true), 0);
	assert_int_equal(kernel.notices, 0);
	controller_answer();
	assert_int_equal(receive(file, &inbox), 0);
	assert_int_equal(kernel.notices, 1);
	assert_int_equal(kernel.notified, 1000 + file);
	/* Who does not wait is not woken. */
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	assert_int_equal(receive(file, &inbox), 0);
	assert_int_equal(kernel.notices, 1);
}

static void who_does_not_read_is_busy(void **state)
{
	int64_t file = node_open(), other = node_open();
	struct inbox inbox;
	unsigned i, accepted = 0, read = 0;

	(void)state;
	for (i = 0; i < PATIENT_PAST; i++) {
		accepted += submit(file, &controller, sizeof(controller), CMD_DEVICE_ID, i) == 0;
	}
	assert_int_equal(accepted, PATIENT_PAST - 1);
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), -EBUSY);
	assert_int_equal(submit_command(other, CMD_DEVICE_ID), 0);
	assert_int_equal(receive(other, &inbox), 0);
	while (receive(file, &inbox) == 0) {
		assert_int_equal(inbox.recv.msgid, read);
		read++;
	}
	assert_int_equal(read, accepted);
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
}

/* What does not fit into its queue waits in the core, and none of it is passed by. */
static void a_subscriber_that_sleeps_loses_nothing(void **state)
{
	int64_t file = node_open();
	struct inbox inbox;
	unsigned i, events = 0;
	int on = 1;

	(void)state;
	assert_int_equal(node_ioctl(file, IPMICTL_SET_GETS_EVENTS_CMD, &on), 0);
	for (i = 0; i < 1000; i++) {
		controller_event();
	}
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), -EBUSY);
	for (i = 0; receive(file, &inbox) == 0; i++) {
		events += inbox.recv.recv_type == IPMI_ASYNC_EVENT_RECV_TYPE;
	}
	assert_int_equal(events, 1000);
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	assert_int_equal(receive(file, &inbox), 0);
}

static void a_channels_medium_is_asked_once(void **state)
{
	int64_t file = node_open(), other = node_open();

	(void)state;
	assert_int_equal(submit_ipmb(file, 0), 0);
	kernel.silent = true;
	assert_int_equal(submit_ipmb(file, 7), -EINPROGRESS);
	/* A second thread of it may not, another program's waits for the same answer. */
	assert_int_equal(submit_ipmb(file, 7), -EBUSY);
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	assert_int_equal(submit_ipmb(other, 7), -EINPROGRESS);
	controller_answer();
	assert_int_equal(node_ioctl_result(), 0);
	assert_int_equal(node_ioctl_result(), 0);
	kernel.silent = false;
	assert_int_equal(submit_ipmb(file, 7), 0);
	assert_int_equal(submit_ipmb(file, 8), -EINVAL);
	assert_int_equal(submit_ipmb(file, 8), -EINVAL);
	assert_int_equal(submit_ipmb(file, 15), -EINVAL);
	assert_int_equal(submit_ipmb(file, 16), -EINVAL);
	assert_int_equal(submit_ipmb(file, -1), -EINVAL);
	/* Of two channels, once each. */
	assert_int_equal(kernel.channels_asked, 2);
}

static void who_waits_can_be_interrupted(void **state)
{
	int64_t file = node_open();

	(void)state;
	kernel.silent = true;
	assert_int_equal(submit_ipmb(file, 7), -EINPROGRESS);
	node_interrupt();
	assert_int_equal(node_ioctl_result(), -EINTR);
	controller_answer();
	assert_int_equal(node_ioctl_result(), -EINPROGRESS);
	assert_int_equal(submit_ipmb(file, 7), 0);
}

static void who_is_kicked_hears_so(void **state)
{
	int64_t file = node_open(), other = node_open();
	struct core_handle_info info;
	uint32_t cursor = 0;
	struct inbox inbox;

	(void)state;
	assert_true(core_handle_next(kernel.core, &cursor, &info));
	assert_int_equal(info.credentials.uid, 1000);
	assert_int_equal(info.credentials.pid, 4711);
	assert_int_equal(node_poll(file, true), 0);
	assert_int_equal(kernel.face->ops->kick(kernel.face, info.client), 0);
	assert_int_equal(kernel.face->ops->kick(kernel.face, info.client), -ENOENT);
	assert_int_equal(node_poll(file, false), POLLERR | POLLHUP);
	assert_int_equal(kernel.notices, 1);
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), -ENODEV);
	assert_int_equal(receive(file, &inbox), -ENODEV);
	node_release(file);
	assert_int_equal(submit_command(other, CMD_DEVICE_ID), 0);
}

static void who_is_not_the_opener_is_named_once(void **state)
{
	int64_t file = node_open();
	struct core_handle_info info;
	uint32_t cursor = 0;
	struct inbox inbox;

	(void)state;
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	kernel.caller.pid = 4712; /* a child of its own */
	assert_int_equal(receive(file, &inbox), 0);
	assert_string_equal(kernel.log, "");
	kernel.caller = (struct core_credentials){.uid = 12, .gid = 34, .pid = 5000};
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	assert_non_null(strstr(kernel.log, "(pid 4711, uid 1000): its open node is used by uid 12,"
					   " pid 5000"));
	kernel.log[0] = '\0';
	assert_int_equal(receive(file, &inbox), 0);
	assert_string_equal(kernel.log, "");
	/* It stays its opener's. */
	assert_true(core_handle_next(kernel.core, &cursor, &info));
	assert_int_equal(info.credentials.uid, 1000);
	node_release(file);
	/* Whoever opens next is a stranger to nobody. */
	file = node_open();
	assert_int_equal(submit_command(file, CMD_DEVICE_ID), 0);
	assert_string_equal(kernel.log, "");
}

static void opens_end_at_the_last_handle(void **state)
{
	struct core_status status;
	int64_t files[300];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(files); i++) {
		files[i] = node_open();
		assert_true(files[i] >= 0);
	}
	assert_int_equal(node_open(), -EBUSY);
	node_release(files[17]);
	assert_true(node_open() >= 0);
	kernel_hang_up();
	core_status(kernel.core, &status);
	assert_int_equal(status.clients, 0);
	assert_int_equal(status.handles, 0);
	assert_string_equal(kernel.log, "/dev/ipmi5: the kernel took it away");
}

static void the_rest_is_as_the_drivers(void **state)
{
	(void)state;
	assert_int_equal(node_other(FUSE_READ), -EINVAL);
	assert_int_equal(node_other(FUSE_WRITE), -EINVAL);
	assert_int_equal(node_other(FUSE_FSYNC), -ENOSYS);
}

static void orders(void **state)
{
	static const char *const wrong[] = {"", "ipmi", "ipmi05", "ipmi12345", "sda", "ipmi5x",
		"ipmi5,mode=8", "ipmi5,mode=1777", "ipmi5,mode=", "ipmi5,owner=no such user",
		"ipmi5,group=", "ipmi5,colour=red", "ipmi5,mode=0600\nipmi"};
	struct cuse_node_order order;
	char error[256];
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(wrong); i++) {
		error[0] = '\0';
		assert_int_equal(cuse_order_read(wrong[i], wrong[i] + strlen(wrong[i]), &order,
					 error, sizeof(error)),
			-EINVAL);
		assert_string_equal(strstr(error, "--cuse: ") ? "said" : wrong[i], "said");
	}
}

static void an_order_is_root_s_alone_unless_it_says_more(void **state)
{
	static const char text[] = "ipmi17,owner=root", more[] = "ipmi9999,mode=0,group=7";
	struct cuse_node_order order;
	char error[256];

	(void)state;
	assert_int_equal(
		cuse_order_read(text, text + strlen(text), &order, error, sizeof(error)), 0);
	assert_int_equal(order.mode, 0600);
	assert_int_equal(order.owner, 0);
	assert_int_equal(
		cuse_order_read(more, more + strlen(more), &order, error, sizeof(error)), 0);
	assert_string_equal(order.name, "ipmi9999");
	assert_int_equal(order.mode, 0);
	assert_int_equal(order.group, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KERNEL(the_node_is_as_ordered),
		WITH_KERNEL(a_request_is_answered),
		WITH_KERNEL(who_receives_as_before_waits_less),
		WITH_KERNEL(what_is_short_is_no_guess),
		WITH_KERNEL(a_narrow_program_is_answered),
		WITH_KERNEL(what_does_not_fit_stays),
		WITH_KERNEL(nothing_to_copy_is_no_reason_to_ask_again),
		WITH_KERNEL(settings_are_each_opens_own),
		WITH_KERNEL(a_registration_is_exclusive),
		WITH_KERNEL(poll_is_woken),
		WITH_KERNEL(who_does_not_read_is_busy),
		WITH_KERNEL(a_subscriber_that_sleeps_loses_nothing),
		WITH_KERNEL(a_channels_medium_is_asked_once),
		WITH_KERNEL(who_waits_can_be_interrupted),
		WITH_KERNEL(who_is_kicked_hears_so),
		WITH_KERNEL(who_is_not_the_opener_is_named_once),
		WITH_KERNEL(opens_end_at_the_last_handle),
		WITH_KERNEL(the_rest_is_as_the_drivers),
		cmocka_unit_test(orders),
		cmocka_unit_test(an_order_is_root_s_alone_unless_it_says_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
