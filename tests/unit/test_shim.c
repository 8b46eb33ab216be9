/* SPDX-License-Identifier: BSD-2-Clause */
/* The shim: opening, and what may be sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/shim_agent.h"

static void paths_of_the_driver_are_known_and_no_others(void **state)
{
	(void)state;
	assert_int_equal(shim_path_number("/dev/ipmi0"), 0);
	assert_int_equal(shim_path_number("/dev/ipmi/0"), 0);
	assert_int_equal(shim_path_number("/dev/ipmidev/0"), 0);
	assert_int_equal(shim_path_number("/dev/ipmi12"), 12);
	assert_int_equal(shim_path_number("/dev/ipmidev/9999"), 9999);
	assert_int_equal(shim_path_number("/dev/ipmi10000"), -1);
	assert_int_equal(shim_path_number("/dev/ipmi99999999999999999999"), -1);
	assert_int_equal(shim_path_number("/dev/ipmi"), -1);
	assert_int_equal(shim_path_number("/dev/ipmi/"), -1);
	assert_int_equal(shim_path_number("/dev/ipmi00"), -1);
	assert_int_equal(shim_path_number("/dev/ipmi0/"), -1);
	assert_int_equal(shim_path_number("/dev/ipmi0x"), -1);
	assert_int_equal(shim_path_number("/dev/ipmi-1"), -1);
	assert_int_equal(shim_path_number("/dev/ipmidev0"), -1);
	assert_int_equal(shim_path_number("dev/ipmi0"), -1);
	assert_int_equal(shim_path_number(""), -1);
}

static void open_gives_a_socket_that_says_what_it_is(void **state)
{
	struct shim_device first, second;
	int fd = open_device(), other = shim_open(0, O_RDWR | O_CLOEXEC | O_NONBLOCK), copy;

	(void)state;
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	assert_int_equal(fcntl(other, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(other, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	assert_true(shim_identify(fd, &first));
	assert_true(shim_identify(other, &second));
	assert_int_equal(first.handle, HANDLE);
	assert_int_equal(first.number, 0);
	assert_true(first.serial != second.serial);
	copy = dup(fd);
	close(fd);
	assert_false(shim_identify(fd, &second));
	assert_true(shim_identify(copy, &second));
	assert_true(first.serial == second.serial);
	close(copy);
	close(other);
}

static void strangers_descriptors_are_not_taken_for_ours(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct shim_device device;
	int ends[2], named = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	assert_false(shim_identify(ends[0], &device));
	assert_false(shim_identify(agent.listener, &device));
	assert_false(shim_identify(agent.stop[0], &device));
	assert_false(shim_identify(-1, &device));
	snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "vipmi-other/%d", getpid());
	assert_int_equal(bind(named, (const struct sockaddr *)&address,
				 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 20)),
		0);
	assert_false(shim_identify(named, &device));
	close(named);
	close(ends[0]);
	close(ends[1]);
}

static void the_name_given_goes_to_the_agent_and_is_cut(void **state)
{
	int fd;

	(void)state;
	fd = open_device();
	assert_string_equal(agent.last_name, "");
	close(fd);
	setenv("VIPMI_NAME", "watcher-watcher-watcher-watcher-watcher", 1);
	fd = open_device();
	assert_string_equal(agent.last_name, "watcher-watcher-watcher-watcher");
	close(fd);
}

static void an_open_that_fails_says_it_as_the_driver_would(void **state)
{
	char path[128];
	int before = open("/dev/null", O_RDONLY | O_CLOEXEC), after;

	(void)state;
	close(before);
	agent.refuse_reason = VIPMI_REASON_FULL;
	assert_int_equal(shim_open(0, O_RDWR), -EBUSY);
	agent.refuse_reason = VIPMI_REASON_DENIED;
	assert_int_equal(shim_open(0, O_RDWR), -EACCES);
	agent.refuse_reason = VIPMI_REASON_UNSUPPORTED;
	assert_int_equal(shim_open(0, O_RDWR), -ENODEV);
	agent.refuse_reason = 0;
	agent.refuse_connection = true;
	assert_int_equal(shim_open(0, O_RDWR), -ENODEV);
	agent.refuse_connection = false;
	assert_int_equal(shim_open(3, O_RDWR), -ENOENT);
	snprintf(path, sizeof(path), "%s/nobody.sock", agent.folder);
	setenv("VIPMI_TARGET", path, 1);
	assert_int_equal(shim_open(0, O_RDWR), -ENOENT);
	assert_int_equal(shim_open(1, O_RDWR), -ENOENT);
	setenv("VIPMI_TARGET", "/dev/null", 1);
	assert_int_equal(shim_open(0, O_RDWR), -ENOENT);
	/* None of it left a descriptor open. */
	after = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(after, before);
	close(after);
}

static void the_targets_number_is_replaced_by_the_devices(void **state)
{
	char path[128];
	int fd;

	(void)state;
	/* Asked for interface 0 here, the name's own number stands for it. */
	snprintf(path, sizeof(path), "%s/ipmi5.sock", agent.folder);
	assert_int_equal(rename(agent.path, path), 0);
	assert_int_equal(shim_open(0, O_RDWR), -ENOENT);
	fd = shim_open(5, O_RDWR);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(shim_open(6, O_RDWR), -ENOENT);
	assert_int_equal(rename(path, agent.path), 0);
}

static void a_request_arrives_as_it_was_meant(void **state)
{
	int fd = open_device();
	struct inbox inbox;

	(void)state;
	controller.lun = 2;
	assert_int_equal(submit(fd, &controller, sizeof(controller), CMD_ECHO, "xyz", 3), 0);
	controller.lun = 0;
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(agent.last.handle, HANDLE);
	assert_int_equal(agent.last.netfn, 0x06);
	assert_int_equal(agent.last.lun, 2);
	assert_int_equal(agent.last.target_kind, VIPMI_TARGET_CONTROLLER);
	assert_int_equal(agent.last.time_ms, DRIVER_BUDGET_CONTROLLER_MS);
	assert_false(agent.last_had_target);
	assert_int_equal(inbox.recv.recv_type, IPMI_RESPONSE_RECV_TYPE);
	assert_int_equal(inbox.recv.msgid, -5);
	assert_int_equal(inbox.recv.addr_len, sizeof(controller));
	assert_int_equal(inbox.addr.addr_type, IPMI_SYSTEM_INTERFACE_ADDR_TYPE);
	assert_int_equal(inbox.addr.channel, IPMI_BMC_CHANNEL);
	assert_int_equal(inbox.addr.data[0], 2);
	assert_int_equal(inbox.recv.msg.netfn, 0x07);
	assert_int_equal(inbox.recv.msg.cmd, CMD_ECHO);
	assert_int_equal(inbox.recv.msg.data_len, 4);
	assert_memory_equal(inbox.data, "\0xyz", 4);
	close(fd);
}

static void an_agents_refusal_is_an_answer_with_its_code(void **state)
{
	int fd = open_device();
	struct inbox inbox;

	(void)state;
	assert_int_equal(submit_command(fd, CMD_REFUSE), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(inbox.data[0], VIPMI_CC_DESTINATION_UNAVAILABLE);
	close(fd);
}

static void bus_requests_carry_their_target_and_time(void **state)
{
	struct ipmi_ipmb_addr addr = {
		.addr_type = IPMI_IPMB_ADDR_TYPE, .slave_addr = 0xB4, .lun = 1};
	struct ipmi_req_settime settime = {.req = {.addr = (unsigned char *)&addr,
						   .addr_len = sizeof(addr),
						   .msg = {.netfn = 6, .cmd = CMD_ECHO}},
		.retries = 2,
		.retry_time_ms = 500};
	struct ipmi_timing_parms timing = {.retries = 0, .retry_time_ms = 700};
	int fd = open_device();
	struct inbox inbox;

	(void)state;
	assert_int_equal(submit(fd, &addr, sizeof(addr), CMD_ECHO, NULL, 0), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(agent.last.target_kind, VIPMI_TARGET_IPMB);
	assert_int_equal(agent.last_channel, 0);
	assert_int_equal(agent.last_address, 0xB4);
	assert_int_equal(agent.last.time_ms, 10000); /* the driver's 5 sends of 2 s */
	assert_int_equal(inbox.addr.addr_type, IPMI_IPMB_ADDR_TYPE);
	assert_int_equal((uint8_t)inbox.addr.data[0], 0xB4);
	assert_int_equal(inbox.addr.data[1], 1);
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND_SETTIME, &settime), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(agent.last.time_ms, 1500);
	settime.retries = 1000000;
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND_SETTIME, &settime), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(agent.last.time_ms, DRIVER_BUDGET_IPMB_MAX_MS);
	assert_int_equal(call(fd, IPMICTL_SET_TIMING_PARMS_CMD, &timing), 0);
	assert_int_equal(submit(fd, &addr, sizeof(addr), CMD_ECHO, NULL, 0), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(agent.last.time_ms, 700);
	addr.addr_type = IPMI_IPMB_BROADCAST_ADDR_TYPE;
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND_SETTIME, &settime), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(agent.last.target_kind, VIPMI_TARGET_IPMB_BROADCAST);
	assert_int_equal(agent.last.time_ms, 500); /* a broadcast is sent once */
	assert_int_equal(inbox.addr.addr_type, IPMI_IPMB_ADDR_TYPE);
	close(fd);
}

static void a_bus_is_only_where_the_controller_says_so(void **state)
{
	struct ipmi_ipmb_addr addr = {.addr_type = IPMI_IPMB_ADDR_TYPE, .slave_addr = 0xB4};
	int fd = open_device();
	struct inbox inbox;

	(void)state;
	addr.channel = 1;
	assert_int_equal(submit(fd, &addr, sizeof(addr), CMD_ECHO, NULL, 0), -EINVAL);
	addr.channel = 7;
	assert_int_equal(submit(fd, &addr, sizeof(addr), CMD_ECHO, NULL, 0), 0);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(inbox.addr.channel, 7);
	assert_int_equal(agent.questions, 2);
	/* The last one is remembered. */
	assert_int_equal(submit(fd, &addr, sizeof(addr), CMD_ECHO, NULL, 0), 0);
	assert_int_equal(agent.questions, 2);
	/* It was asked on other connections, which are gone. */
	assert_int_equal(agent.opens, 3);
	close(fd);
}

static void requests_that_the_driver_refuses_are_refused_alike(void **state)
{
	struct ipmi_system_interface_addr addr = controller;
	struct ipmi_ipmb_addr ipmb = {.addr_type = IPMI_IPMB_ADDR_TYPE, .slave_addr = 0xB4};
	struct ipmi_ipmb_direct_addr direct = {
		.addr_type = IPMI_IPMB_DIRECT_ADDR_TYPE, .slave_addr = 0xB4};
	struct ipmi_lan_addr lan = {.addr_type = IPMI_LAN_ADDR_TYPE};
	static const uint8_t data[DRIVER_DATA_MAX + 1];
	struct ipmi_req req = {.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msg = {.netfn = 7, .cmd = 1}};
	uint8_t generic[41] = {0};
	int fd = open_device();

	(void)state;
	assert_int_equal(submit(fd, generic, sizeof(generic), 1, NULL, 0), -EINVAL);
	assert_int_equal(submit(fd, &addr, sizeof(addr) - 1, 1, NULL, 0), -EINVAL);
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND, &req), -EINVAL);
	assert_int_equal(submit(fd, &addr, sizeof(addr), 0x33, NULL, 0), -EINVAL);
	assert_int_equal(submit(fd, &addr, sizeof(addr), 0x34, NULL, 0), -EINVAL);
	assert_int_equal(submit(fd, &addr, sizeof(addr), 0x35, NULL, 0), -EINVAL);
	/* Six bits go out, so these would be Get Message all the same. */
	req.msg = (struct ipmi_msg){.netfn = 0x46, .cmd = 0x33};
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND, &req), -EINVAL);
	assert_int_equal(submit(fd, &addr, sizeof(addr), 1, data, 270), 0);
	assert_int_equal(submit(fd, &addr, sizeof(addr), 1, data, 271), -EMSGSIZE);
	assert_int_equal(submit(fd, &addr, sizeof(addr), 1, data, 273), -EMSGSIZE);
	addr.lun = 4;
	assert_int_equal(submit(fd, &addr, sizeof(addr), 1, NULL, 0), -EINVAL);
	addr.lun = 0;
	addr.channel = 0;
	assert_int_equal(submit(fd, &addr, sizeof(addr), 1, NULL, 0), -EINVAL);
	assert_int_equal(submit(fd, &ipmb, sizeof(ipmb), 1, data, 262), 0);
	assert_int_equal(submit(fd, &ipmb, sizeof(ipmb), 1, data, 263), -EMSGSIZE);
	ipmb.addr_type = IPMI_IPMB_BROADCAST_ADDR_TYPE;
	assert_int_equal(submit(fd, &ipmb, sizeof(ipmb), 1, data, 262), -EMSGSIZE);
	ipmb.lun = 4;
	assert_int_equal(submit(fd, &ipmb, sizeof(ipmb), 1, NULL, 0), -EINVAL);
	ipmb.lun = 0;
	ipmb.channel = 15;
	assert_int_equal(submit(fd, &ipmb, sizeof(ipmb), 1, NULL, 0), -EINVAL);
	ipmb.channel = 16;
	assert_int_equal(submit(fd, &ipmb, sizeof(ipmb), 1, NULL, 0), -EINVAL);
	ipmb.channel = -1;
	assert_int_equal(submit(fd, &ipmb, sizeof(ipmb), 1, NULL, 0), -EINVAL);
	assert_int_equal(submit(fd, &direct, sizeof(direct), 1, NULL, 0), -EAFNOSUPPORT);
	direct.slave_addr = 0xB5;
	assert_int_equal(submit(fd, &direct, sizeof(direct), 1, NULL, 0), -EINVAL);
	assert_int_equal(submit(fd, &direct, 8, 1, NULL, 0), -EINVAL);
	assert_int_equal(submit(fd, &lan, sizeof(lan), 1, NULL, 0), -EINVAL);
	assert_int_equal(submit(fd, &lan, 8, 1, NULL, 0), -EINVAL);
	lan.addr_type = 0x77;
	assert_int_equal(submit(fd, &lan, sizeof(lan), 1, NULL, 0), -EINVAL);
	assert_int_equal(call(fd, _IO('i', 99), NULL), -ENOTTY);
	assert_int_equal(call(fd, _IOR('i', 13, int), NULL), -ENOTTY);
	close(fd);
}

static void bad_pointers_are_errors_and_cost_no_message(void **state)
{
	void *forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *constant = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ipmi_req req = {.addr = forbidden, .addr_len = 8, .msg = {.netfn = 6, .cmd = 1}};
	int fd = open_device();
	struct inbox inbox;

	(void)state;
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND, NULL), -EFAULT);
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND, (void *)1), -EFAULT);
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND, (void *)(uintptr_t)-1), -EFAULT);
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND, forbidden), -EFAULT);
	/* The first bytes may be read, the rest not. */
	assert_int_equal(mprotect(constant, 4096, PROT_READ), 0);
	assert_int_equal(call(fd, IPMICTL_SEND_COMMAND, &req), -EFAULT);
	assert_int_equal(call(fd, IPMICTL_RECEIVE_MSG, forbidden), -EFAULT);
	assert_int_equal(submit_command(fd, CMD_ECHO), 0);
	agent_settle(fd);
	inbox_init(&inbox);
	inbox.recv.addr = forbidden;
	assert_int_equal(call(fd, IPMICTL_RECEIVE_MSG, &inbox.recv), -EFAULT);
	inbox_init(&inbox);
	inbox.recv.msg.data = constant;
	assert_int_equal(call(fd, IPMICTL_RECEIVE_MSG_TRUNC, &inbox.recv), -EFAULT);
	assert_int_equal(receive(fd, &inbox), 0);
	assert_int_equal(inbox.recv.msg.data_len, 3);
	assert_int_equal(call(fd, IPMICTL_GET_MY_ADDRESS_CMD, constant), -EFAULT);
	munmap(forbidden, 4096);
	munmap(constant, 4096);
	close(fd);
}

static int shim_write(void *destination, const void *source, size_t length)
{
	const struct driver_copy copy = {(uintptr_t)destination, source, length};

	return shim_write_all(&copy, 1);
}

static void a_pointer_that_ends_in_a_forbidden_page_is_caught(void **state)
{
	uint8_t *pages =
		mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t out[16] = {0};

	(void)state;
	assert_int_equal(mprotect(pages + 4096, 4096, PROT_NONE), 0);
	assert_int_equal(shim_read(out, pages + 4096 - 8, 8), 0);
	assert_int_equal(shim_read(out, pages + 4096 - 8, 9), -EFAULT);
	assert_int_equal(shim_read(out, pages + 4096 - 3, 3), 0);
	assert_int_equal(shim_read(out, pages + 4096, 1), -EFAULT);
	assert_int_equal(shim_read(out, pages + 4096, 0), 0);
	assert_int_equal(shim_write(pages + 4096 - 8, out, 8), 0);
	assert_int_equal(shim_write(pages + 4096 - 8, out, 9), -EFAULT);
	assert_int_equal(shim_write(NULL, out, 1), -EFAULT);
	munmap(pages, 8192);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_of_the_driver_are_known_and_no_others),
		WITH_AGENT(open_gives_a_socket_that_says_what_it_is),
		WITH_AGENT(strangers_descriptors_are_not_taken_for_ours),
		WITH_AGENT(the_name_given_goes_to_the_agent_and_is_cut),
		WITH_AGENT(an_open_that_fails_says_it_as_the_driver_would),
		WITH_AGENT(the_targets_number_is_replaced_by_the_devices),
		WITH_AGENT(a_request_arrives_as_it_was_meant),
		WITH_AGENT(an_agents_refusal_is_an_answer_with_its_code),
		WITH_AGENT(bus_requests_carry_their_target_and_time),
		WITH_AGENT(a_bus_is_only_where_the_controller_says_so),
		WITH_AGENT(requests_that_the_driver_refuses_are_refused_alike),
		WITH_AGENT(bad_pointers_are_errors_and_cost_no_message),
		cmocka_unit_test(a_pointer_that_ends_in_a_forbidden_page_is_caught),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
