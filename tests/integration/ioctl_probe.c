/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asks an IPMI device every question that its interface can be asked, wrong
 * ones included, and prints one line for each: what was asked, and the result
 * or the errno. Run on the kernel's driver its output is the oracle; run through
 * the shim, on the same controller, the output must be the same.
 *
 *	ioctl_probe [DEVICE]           default /dev/ipmi0
 *	ioctl_probe --inherited FD     what the exec probe runs itself with
 *
 * It needs nothing but libc, also linked statically. It leaves the controller
 * as it was but for one entry in the SEL (the event probe).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

/* Longer than any tool waits; every controller answers before. */
#define ANSWER_WAIT_MS 20000
#define EVENT_WAIT_MS 5000
#define NETFN_APP 0x06
#define NETFN_SENSOR 0x04
#define CMD_GET_DEVICE_ID 0x01
#define CMD_PLATFORM_EVENT 0x02
/* Behind no controller of ours; a valid slave address all the same. */
#define ADDRESS_NOBODY 0x7E
#define MSGID_WIDE ((long)(LONG_MAX / 3 * 2 + 1))

static const char *device = "/dev/ipmi0";
static void *bad_pointer; /* a page that may not be touched */
static unsigned char long_data[65536];

static struct ipmi_system_interface_addr controller = {
	.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};

struct received {
	struct ipmi_recv recv;
	struct ipmi_addr addr;
	unsigned char data[512];
};

static void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
	fflush(stdout);
}

/* "name: 0" or "name: EINVAL". */
static int result(const char *name, int value)
{
	if (value < 0) {
		say("%s: %s", name, strerrorname_np(errno));
	} else {
		say("%s: %d", name, value);
	}
	return value;
}

static int device_open(void)
{
	int fd = open(device, O_RDWR);

	if (fd < 0) {
		say("open: %s", strerrorname_np(errno));
		exit(1);
	}
	return fd;
}

static struct ipmi_req request_make(void *addr, unsigned addr_length, uint8_t netfn, uint8_t cmd)
{
	return (struct ipmi_req){.addr = addr,
		.addr_len = addr_length,
		.msgid = 1,
		.msg = {.netfn = netfn, .cmd = cmd}};
}

static struct ipmi_req device_id_request(void)
{
	return request_make(&controller, sizeof(controller), NETFN_APP, CMD_GET_DEVICE_ID);
}

static int send_to(
	int fd, void *addr, unsigned addr_length, uint8_t netfn, uint8_t cmd, unsigned data_length)
{
	struct ipmi_req req = request_make(addr, addr_length, netfn, cmd);

	req.msg.data = long_data;
	req.msg.data_len = (unsigned short)data_length;
	return ioctl(fd, IPMICTL_SEND_COMMAND, &req);
}

static bool wait_readable(int fd, int timeout_ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, timeout_ms) == 1;
}

static void received_init(struct received *received)
{
	memset(received, 0, sizeof(*received));
	received->recv.addr = (unsigned char *)&received->addr;
	received->recv.addr_len = sizeof(received->addr);
	received->recv.msg.data = received->data;
	received->recv.msg.data_len = sizeof(received->data);
}

static int receive(int fd, unsigned long request, struct received *ret_received)
{
	received_init(ret_received);
	return ioctl(fd, request, &ret_received->recv);
}

static void received_print(const char *name, const struct received *received)
{
	const struct ipmi_recv *recv = &received->recv;
	unsigned i;

	printf("%s: type %d addr %x channel %x length %u bytes %02x %02x msgid %lx netfn %02x "
	       "cmd %02x data[%u]",
		name, recv->recv_type, (unsigned)received->addr.addr_type,
		(unsigned)(unsigned short)received->addr.channel, recv->addr_len,
		(unsigned char)received->addr.data[0], (unsigned char)received->addr.data[1],
		(unsigned long)recv->msgid, recv->msg.netfn, recv->msg.cmd, recv->msg.data_len);
	for (i = 0; i < recv->msg.data_len && i < sizeof(received->data); i++) {
		printf(" %02x", received->data[i]);
	}
	putchar('\n');
	fflush(stdout);
}

/* Waits for one message and prints it. */
static void answer_print(const char *name, int fd)
{
	struct received received;

	if (!wait_readable(fd, ANSWER_WAIT_MS)) {
		say("%s: nothing", name);
		return;
	}
	if (receive(fd, IPMICTL_RECEIVE_MSG_TRUNC, &received) < 0) {
		result(name, -1);
		return;
	}
	/* The generic address has a byte more than the system interface's; it is not ours. */
	if (received.addr.addr_type == IPMI_SYSTEM_INTERFACE_ADDR_TYPE) {
		received.addr.data[1] = 0;
	}
	received_print(name, &received);
}

static void exchange_print(const char *name, int fd, uint8_t netfn, uint8_t cmd, unsigned length)
{
	if (send_to(fd, &controller, sizeof(controller), netfn, cmd, length) < 0) {
		result(name, -1);
		return;
	}
	answer_print(name, fd);
}

/* ---- what the interface keeps for its user ---- */

static void probe_addresses(int fd)
{
	struct ipmi_channel_lun_address_set set = {.channel = 3, .value = 0x44};
	unsigned value = 0;

	result("get my address", ioctl(fd, IPMICTL_GET_MY_ADDRESS_CMD, &value));
	say("my address is %x", value);
	result("get my lun", ioctl(fd, IPMICTL_GET_MY_LUN_CMD, &value));
	say("my lun is %u", value);
	value = 0x1A4;
	result("set my address", ioctl(fd, IPMICTL_SET_MY_ADDRESS_CMD, &value));
	ioctl(fd, IPMICTL_GET_MY_ADDRESS_CMD, &value);
	say("my address is %x", value);
	value = 7;
	result("set my lun", ioctl(fd, IPMICTL_SET_MY_LUN_CMD, &value));
	ioctl(fd, IPMICTL_GET_MY_LUN_CMD, &value);
	say("my lun is %u", value);
	result("set channel 3 address", ioctl(fd, IPMICTL_SET_MY_CHANNEL_ADDRESS_CMD, &set));
	set.value = 0;
	result("get channel 3 address", ioctl(fd, IPMICTL_GET_MY_CHANNEL_ADDRESS_CMD, &set));
	say("channel 3 address is %x", set.value);
	set.value = 5;
	result("set channel 3 lun", ioctl(fd, IPMICTL_SET_MY_CHANNEL_LUN_CMD, &set));
	set.value = 0;
	result("get channel 3 lun", ioctl(fd, IPMICTL_GET_MY_CHANNEL_LUN_CMD, &set));
	say("channel 3 lun is %u", set.value);
	set.channel = 0;
	ioctl(fd, IPMICTL_GET_MY_CHANNEL_ADDRESS_CMD, &set);
	say("channel 0 address is %x", set.value);
	set.channel = 15;
	result("get channel 15 lun", ioctl(fd, IPMICTL_GET_MY_CHANNEL_LUN_CMD, &set));
	say("channel 15 lun is %u", set.value);
	set.channel = 16;
	result("set channel 16 address", ioctl(fd, IPMICTL_SET_MY_CHANNEL_ADDRESS_CMD, &set));
	result("get channel 16 address", ioctl(fd, IPMICTL_GET_MY_CHANNEL_ADDRESS_CMD, &set));
	result("set channel 16 lun", ioctl(fd, IPMICTL_SET_MY_CHANNEL_LUN_CMD, &set));
	result("get channel 16 lun", ioctl(fd, IPMICTL_GET_MY_CHANNEL_LUN_CMD, &set));
	/* As it was: behind the driver these belong to everybody. */
	set = (struct ipmi_channel_lun_address_set){.channel = 3, .value = 0x20};
	ioctl(fd, IPMICTL_SET_MY_CHANNEL_ADDRESS_CMD, &set);
	set.value = 2;
	ioctl(fd, IPMICTL_SET_MY_CHANNEL_LUN_CMD, &set);
	value = 0x20;
	ioctl(fd, IPMICTL_SET_MY_ADDRESS_CMD, &value);
	value = 2;
	ioctl(fd, IPMICTL_SET_MY_LUN_CMD, &value);
}

static void probe_timing(int fd)
{
	struct ipmi_timing_parms timing = {.retries = 7, .retry_time_ms = 7};
	int copy = dup(fd);

	result("get timing", ioctl(fd, IPMICTL_GET_TIMING_PARMS_CMD, &timing));
	say("timing is %d %u", timing.retries, timing.retry_time_ms);
	timing = (struct ipmi_timing_parms){.retries = 2, .retry_time_ms = 1500};
	result("set timing", ioctl(fd, IPMICTL_SET_TIMING_PARMS_CMD, &timing));
	memset(&timing, 0, sizeof(timing));
	result("get timing of a dup", ioctl(copy, IPMICTL_GET_TIMING_PARMS_CMD, &timing));
	say("timing is %d %u", timing.retries, timing.retry_time_ms);
	close(copy);
}

static void probe_maintenance(int fd)
{
	int mode = 9;

	result("get maintenance", ioctl(fd, IPMICTL_GET_MAINTENANCE_MODE_CMD, &mode));
	say("maintenance is %d", mode);
	mode = 2;
	result("set maintenance on", ioctl(fd, IPMICTL_SET_MAINTENANCE_MODE_CMD, &mode));
	mode = 9;
	ioctl(fd, IPMICTL_GET_MAINTENANCE_MODE_CMD, &mode);
	say("maintenance is %d", mode);
	mode = 3;
	result("set maintenance 3", ioctl(fd, IPMICTL_SET_MAINTENANCE_MODE_CMD, &mode));
	mode = -1;
	result("set maintenance -1", ioctl(fd, IPMICTL_SET_MAINTENANCE_MODE_CMD, &mode));
	mode = 1;
	result("set maintenance off", ioctl(fd, IPMICTL_SET_MAINTENANCE_MODE_CMD, &mode));
	mode = 0;
	result("set maintenance auto", ioctl(fd, IPMICTL_SET_MAINTENANCE_MODE_CMD, &mode));
}

static void probe_registration(int fd)
{
	int other = device_open();
	struct ipmi_cmdspec spec = {.netfn = 0x30, .cmd = 0x41};
	struct ipmi_cmdspec_chans chans = {.netfn = 0x30, .cmd = 0x42, .chans = 0x3};

	result("unregister unknown", ioctl(fd, IPMICTL_UNREGISTER_FOR_CMD, &spec));
	result("register", ioctl(fd, IPMICTL_REGISTER_FOR_CMD, &spec));
	result("register twice", ioctl(fd, IPMICTL_REGISTER_FOR_CMD, &spec));
	result("register another's", ioctl(other, IPMICTL_REGISTER_FOR_CMD, &spec));
	result("unregister another's", ioctl(other, IPMICTL_UNREGISTER_FOR_CMD, &spec));
	result("unregister", ioctl(fd, IPMICTL_UNREGISTER_FOR_CMD, &spec));
	result("unregister again", ioctl(fd, IPMICTL_UNREGISTER_FOR_CMD, &spec));
	result("register channels 0, 1", ioctl(fd, IPMICTL_REGISTER_FOR_CMD_CHANS, &chans));
	chans.chans = 0x6;
	result("register channels 1, 2", ioctl(other, IPMICTL_REGISTER_FOR_CMD_CHANS, &chans));
	chans.chans = 0xC;
	result("register channels 2, 3", ioctl(other, IPMICTL_REGISTER_FOR_CMD_CHANS, &chans));
	chans.chans = 0x1;
	result("unregister channel 0", ioctl(fd, IPMICTL_UNREGISTER_FOR_CMD_CHANS, &chans));
	result("unregister channel 0 again", ioctl(fd, IPMICTL_UNREGISTER_FOR_CMD_CHANS, &chans));
	result("register channel 0", ioctl(other, IPMICTL_REGISTER_FOR_CMD_CHANS, &chans));
	chans.chans = 0x2;
	result("register channel 1", ioctl(other, IPMICTL_REGISTER_FOR_CMD_CHANS, &chans));
	close(fd);
	result("register a closed one's", ioctl(other, IPMICTL_REGISTER_FOR_CMD_CHANS, &chans));
	chans.chans = ~0u;
	result("unregister all channels", ioctl(other, IPMICTL_UNREGISTER_FOR_CMD_CHANS, &chans));
	close(other);
}

/* ---- bad pointers ---- */

static void probe_pointers(int fd)
{
	static const struct {
		const char *name;
		unsigned long request;
	} requests[] = {
		{"send", IPMICTL_SEND_COMMAND},
		{"send settime", IPMICTL_SEND_COMMAND_SETTIME},
		{"receive", IPMICTL_RECEIVE_MSG},
		{"receive trunc", IPMICTL_RECEIVE_MSG_TRUNC},
		{"register", IPMICTL_REGISTER_FOR_CMD},
		{"unregister", IPMICTL_UNREGISTER_FOR_CMD},
		{"register chans", IPMICTL_REGISTER_FOR_CMD_CHANS},
		{"unregister chans", IPMICTL_UNREGISTER_FOR_CMD_CHANS},
		{"gets events", IPMICTL_SET_GETS_EVENTS_CMD},
		{"set my address", IPMICTL_SET_MY_ADDRESS_CMD},
		{"get my address", IPMICTL_GET_MY_ADDRESS_CMD},
		{"set my lun", IPMICTL_SET_MY_LUN_CMD},
		{"get my lun", IPMICTL_GET_MY_LUN_CMD},
		{"set channel address", IPMICTL_SET_MY_CHANNEL_ADDRESS_CMD},
		{"get channel address", IPMICTL_GET_MY_CHANNEL_ADDRESS_CMD},
		{"set channel lun", IPMICTL_SET_MY_CHANNEL_LUN_CMD},
		{"get channel lun", IPMICTL_GET_MY_CHANNEL_LUN_CMD},
		{"set timing", IPMICTL_SET_TIMING_PARMS_CMD},
		{"get timing", IPMICTL_GET_TIMING_PARMS_CMD},
		{"set maintenance", IPMICTL_SET_MAINTENANCE_MODE_CMD},
		{"get maintenance", IPMICTL_GET_MAINTENANCE_MODE_CMD},
	};
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		snprintf(name, sizeof(name), "null pointer, %s", requests[i].name);
		result(name, ioctl(fd, requests[i].request, NULL));
		snprintf(name, sizeof(name), "bad pointer, %s", requests[i].name);
		result(name, ioctl(fd, requests[i].request, bad_pointer));
	}
}

static void probe_pointers_inside(int fd)
{
	struct ipmi_req req = device_id_request();

	req.addr = bad_pointer;
	result("send, address at a bad pointer", ioctl(fd, IPMICTL_SEND_COMMAND, &req));
	req.addr = NULL;
	result("send, address at null", ioctl(fd, IPMICTL_SEND_COMMAND, &req));
	req = device_id_request();
	req.msg.data = bad_pointer;
	req.msg.data_len = 4;
	result("send, data at a bad pointer", ioctl(fd, IPMICTL_SEND_COMMAND, &req));
	req.msg.data = NULL;
	result("send, data at null means none", ioctl(fd, IPMICTL_SEND_COMMAND, &req));
	answer_print("its answer", fd);
	req.msg.data = bad_pointer;
	req.msg.data_len = 0;
	result("send, no data at a bad pointer", ioctl(fd, IPMICTL_SEND_COMMAND, &req));
	answer_print("its answer", fd);
}

/* ---- requests that are refused ---- */

static void probe_unknown(int fd)
{
	int value = 0;

	result("unknown ioctl of the magic", ioctl(fd, _IO('i', 99), &value));
	result("number with another size", ioctl(fd, _IOR('i', 13, int), &value));
	result("number with another direction", ioctl(fd, _IOW('i', 16, int), &value));
	result("terminal's ioctl", ioctl(fd, TIOCGWINSZ, long_data));
	result("closed fd", ioctl(1000, IPMICTL_GET_MY_LUN_CMD, &value));
	result("a pipe's fd", ioctl(STDIN_FILENO, IPMICTL_GET_MY_LUN_CMD, &value));
}

static void probe_controller_address(int fd)
{
	struct ipmi_system_interface_addr addr = controller;
	unsigned length;
	char name[64];

	for (length = 0; length <= sizeof(controller); length += 4) {
		snprintf(name, sizeof(name), "address of %u bytes", length);
		if (length < sizeof(controller)) {
			result(name, send_to(fd, &controller, length, NETFN_APP, 1, 0));
		}
	}
	result("address of 41 bytes", send_to(fd, long_data, 41, NETFN_APP, 1, 0));
	addr.channel = 0;
	result("controller on channel 0", send_to(fd, &addr, sizeof(addr), NETFN_APP, 1, 0));
	addr = controller;
	addr.lun = 4;
	result("controller's lun 4", send_to(fd, &addr, sizeof(addr), NETFN_APP, 1, 0));
	addr = controller;
	result("odd netfn", send_to(fd, &addr, sizeof(addr), NETFN_APP + 1, 1, 0));
	result("get message", send_to(fd, &addr, sizeof(addr), NETFN_APP, 0x33, 0));
	result("send message", send_to(fd, &addr, sizeof(addr), NETFN_APP, 0x34, 8));
	result("read event buffer", send_to(fd, &addr, sizeof(addr), NETFN_APP, 0x35, 0));
	result("271 bytes", send_to(fd, &addr, sizeof(addr), NETFN_APP, 1, 271));
	result("273 bytes", send_to(fd, &addr, sizeof(addr), NETFN_APP, 1, 273));
	result("65535 bytes", send_to(fd, &addr, sizeof(addr), NETFN_APP, 1, 65535));
	addr.addr_type = 0x77;
	addr.channel = 0;
	result("unknown address type", send_to(fd, &addr, sizeof(addr), NETFN_APP, 1, 0));
}

static void probe_bus_address(int fd)
{
	struct ipmi_ipmb_addr addr = {.addr_type = IPMI_IPMB_ADDR_TYPE, .slave_addr = 0x20};
	struct ipmi_ipmb_direct_addr direct = {
		.addr_type = IPMI_IPMB_DIRECT_ADDR_TYPE, .slave_addr = 0x20};
	struct ipmi_lan_addr lan = {.addr_type = IPMI_LAN_ADDR_TYPE};
	static const short channels[] = {2, 7, 9, 15, 16, 1000, -1};
	char name[64];
	size_t i;

	for (i = 0; i < sizeof(channels) / sizeof(channels[0]); i++) {
		addr.channel = channels[i];
		snprintf(name, sizeof(name), "ipmb on channel %d", channels[i]);
		result(name, send_to(fd, &addr, sizeof(addr), NETFN_APP, 1, 0));
	}
	addr.channel = 0;
	result("ipmb, short", send_to(fd, &addr, 6, NETFN_APP, 1, 0));
	result("ipmb, 263 bytes", send_to(fd, &addr, sizeof(addr), NETFN_APP, 1, 263));
	addr.lun = 4;
	result("ipmb, lun 4", send_to(fd, &addr, sizeof(addr), NETFN_APP, 1, 0));
	addr.lun = 0;
	addr.addr_type = IPMI_IPMB_BROADCAST_ADDR_TYPE;
	result("broadcast, 262 bytes", send_to(fd, &addr, sizeof(addr), NETFN_APP, 1, 262));
	result("ipmb direct", send_to(fd, &direct, sizeof(direct), NETFN_APP, 1, 0));
	result("ipmb direct, short", send_to(fd, &direct, 8, NETFN_APP, 1, 0));
	direct.slave_addr = 0x21;
	result("ipmb direct, odd", send_to(fd, &direct, sizeof(direct), NETFN_APP, 1, 0));
	direct.slave_addr = 0x20;
	direct.rs_lun = 4;
	result("ipmb direct, lun 4", send_to(fd, &direct, sizeof(direct), NETFN_APP, 1, 0));
	direct.rs_lun = 0;
	direct.channel = 1;
	result("ipmb direct, channel 1", send_to(fd, &direct, sizeof(direct), NETFN_APP, 1, 0));
	result("lan on the ipmb", send_to(fd, &lan, sizeof(lan), NETFN_APP, 1, 0));
	result("lan, short", send_to(fd, &lan, 8, NETFN_APP, 1, 0));
	lan.channel = IPMI_BMC_CHANNEL;
	result("lan on channel 15", send_to(fd, &lan, sizeof(lan), NETFN_APP, 1, 0));
}

/* ---- answers ---- */

static void probe_answers(int fd)
{
	struct ipmi_system_interface_addr lun1 = controller;
	struct ipmi_req req = device_id_request();
	unsigned i;

	exchange_print("device id", fd, NETFN_APP, CMD_GET_DEVICE_ID, 0);
	exchange_print("unknown command", fd, NETFN_APP, 0x7F, 0);
	exchange_print("unknown netfn", fd, 0x32, 0x01, 0);
	exchange_print("get sdr, no data", fd, 0x0A, 0x23, 0);
	lun1.lun = 1;
	if (result("to lun 1", send_to(fd, &lun1, sizeof(lun1), NETFN_APP, 0x01, 0)) == 0) {
		answer_print("its answer", fd);
	}
	req.msgid = MSGID_WIDE;
	result("wide msgid", ioctl(fd, IPMICTL_SEND_COMMAND, &req));
	answer_print("its answer", fd);
	req.msgid = -1;
	result("negative msgid", ioctl(fd, IPMICTL_SEND_COMMAND, &req));
	answer_print("its answer", fd);
	for (i = 0; i < 3; i++) {
		ioctl(fd, IPMICTL_SEND_COMMAND, &req);
	}
	for (i = 0; i < 3; i++) {
		answer_print("one of three with one msgid", fd);
	}
}

static void probe_settime(int fd)
{
	struct ipmi_req_settime settime = {
		.req = device_id_request(), .retries = 1, .retry_time_ms = 1000};
	struct ipmi_ipmb_addr nobody = {
		.addr_type = IPMI_IPMB_ADDR_TYPE, .slave_addr = ADDRESS_NOBODY, .lun = 1};

	result("send settime", ioctl(fd, IPMICTL_SEND_COMMAND_SETTIME, &settime));
	answer_print("its answer", fd);
	settime.req.addr = (unsigned char *)&nobody;
	settime.req.addr_len = sizeof(nobody);
	result("to nobody", ioctl(fd, IPMICTL_SEND_COMMAND_SETTIME, &settime));
	answer_print("its answer", fd);
	nobody.addr_type = IPMI_IPMB_BROADCAST_ADDR_TYPE;
	result("broadcast to nobody", ioctl(fd, IPMICTL_SEND_COMMAND_SETTIME, &settime));
	answer_print("its answer", fd);
}

static void probe_receive(int fd)
{
	struct received received;

	result("receive, empty", receive(fd, IPMICTL_RECEIVE_MSG, &received));
	result("receive trunc, empty", receive(fd, IPMICTL_RECEIVE_MSG_TRUNC, &received));
	send_to(fd, &controller, sizeof(controller), NETFN_APP, CMD_GET_DEVICE_ID, 0);
	say("answer comes: %d", wait_readable(fd, ANSWER_WAIT_MS));
	received_init(&received);
	received.recv.addr_len = 7;
	result("receive, short address", ioctl(fd, IPMICTL_RECEIVE_MSG, &received.recv));
	result("trunc, short address", ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &received.recv));
	received_init(&received);
	received.recv.addr = bad_pointer;
	result("receive, bad address", ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &received.recv));
	received_init(&received);
	received.recv.msg.data = bad_pointer;
	result("receive, bad data", ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &received.recv));
	received_init(&received);
	received.recv.msg.data_len = 3;
	result("receive, short data", ioctl(fd, IPMICTL_RECEIVE_MSG, &received.recv));
	say("still there: %d", wait_readable(fd, 0));
	received_init(&received);
	received.recv.addr_len = sizeof(controller);
	received.recv.msg.data_len = 3;
	result("trunc, short data", ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &received.recv));
	received_print("what came", &received);
	say("still there: %d", wait_readable(fd, 0));
	result("receive, empty again", receive(fd, IPMICTL_RECEIVE_MSG, &received));
	send_to(fd, &controller, sizeof(controller), NETFN_APP, CMD_GET_DEVICE_ID, 0);
	wait_readable(fd, ANSWER_WAIT_MS);
	result("receive", receive(fd, IPMICTL_RECEIVE_MSG, &received));
	received_print("what came", &received);
}

/* ---- the descriptor as a descriptor ---- */

static void probe_waiting(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLRDNORM};
	struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
	int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	fd_set set;
	struct timeval timeout = {.tv_sec = ANSWER_WAIT_MS / 1000};

	result("poll, nothing", poll(&poll_fd, 1, 50));
	result("epoll add", epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event));
	send_to(fd, &controller, sizeof(controller), NETFN_APP, CMD_GET_DEVICE_ID, 0);
	result("epoll", epoll_wait(epoll_fd, &event, 1, ANSWER_WAIT_MS));
	say("epoll in: %d", (event.events & EPOLLIN) != 0);
	result("poll", poll(&poll_fd, 1, 0));
	say("poll in: %d, error: %d", (poll_fd.revents & (POLLIN | POLLRDNORM)) != 0,
		(poll_fd.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	result("select", select(fd + 1, &set, NULL, NULL, &timeout));
	answer_print("the answer", fd);
	result("poll, drained", poll(&poll_fd, 1, 50));
	close(epoll_fd);
}

static void probe_descriptor(int fd)
{
	int copy, high, cloexec = open(device, O_RDWR | O_CLOEXEC);
	int nonblock = open(device, O_RDWR | O_NONBLOCK);

	say("fd flags %d, close-on-exec %d", fcntl(fd, F_GETFD), fcntl(cloexec, F_GETFD));
	say("nonblock %d %d", (fcntl(fd, F_GETFL) & O_NONBLOCK) != 0,
		(fcntl(nonblock, F_GETFL) & O_NONBLOCK) != 0);
	close(nonblock);
	close(cloexec);
	copy = dup(fd);
	send_to(fd, &controller, sizeof(controller), NETFN_APP, CMD_GET_DEVICE_ID, 0);
	answer_print("sent on one, read on its dup", copy);
	high = fcntl(copy, F_DUPFD_CLOEXEC, 100);
	dup2(fd, 101);
	close(copy);
	send_to(101, &controller, sizeof(controller), NETFN_APP, CMD_GET_DEVICE_ID, 0);
	answer_print("sent on a dup2, read on a duplicate", high);
	close(high);
	close(101);
	exchange_print("and on the first", fd, NETFN_APP, CMD_GET_DEVICE_ID, 0);
	result("open another number", open("/dev/ipmi47", O_RDWR));
}

static void probe_several(int fd)
{
	int other = device_open();

	send_to(fd, &controller, sizeof(controller), NETFN_APP, CMD_GET_DEVICE_ID, 0);
	send_to(other, &controller, sizeof(controller), NETFN_APP, 0x7F, 0);
	answer_print("first of two opens", fd);
	answer_print("second of two opens", other);
	close(fd);
	exchange_print("second after the first closed", other, NETFN_APP, CMD_GET_DEVICE_ID, 0);
	close(other);
}

static void probe_fork(int fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		exchange_print("in a child", fd, NETFN_APP, CMD_GET_DEVICE_ID, 0);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
	exchange_print("in its parent", fd, NETFN_APP, CMD_GET_DEVICE_ID, 0);
}

static void probe_exec(int fd)
{
	char number[16];
	pid_t pid;

	snprintf(number, sizeof(number), "%d", fd);
	/* Sent before, read after: the message waits across exec. */
	send_to(fd, &controller, sizeof(controller), NETFN_APP, CMD_GET_DEVICE_ID, 0);
	pid = fork();
	if (pid == 0) {
		execl("/proc/self/exe", "ioctl_probe", "--inherited", number, (char *)NULL);
		_exit(127);
	}
	waitpid(pid, NULL, 0);
	exchange_print("after the child that ran exec", fd, NETFN_APP, CMD_GET_DEVICE_ID, 0);
}

static int inherited(int fd)
{
	answer_print("sent before exec", fd);
	exchange_print("after exec", fd, NETFN_APP, CMD_GET_DEVICE_ID, 0);
	return 0;
}

/* ---- events ---- */

static void probe_events(int fd)
{
	/* Generator (system software), then an event as IPMI 2.0 section 29.3 lays it out:
	 * revision, sensor type, number, assertion of a threshold, three bytes of data. */
	static const unsigned char event[] = {0x41, 0x04, 0x01, 0x30, 0x01, 0x57, 0x5B, 0x55};
	struct received received;
	int on = 1, messages;

	result("gets events", ioctl(fd, IPMICTL_SET_GETS_EVENTS_CMD, &on));
	result("gets events again", ioctl(fd, IPMICTL_SET_GETS_EVENTS_CMD, &on));
	memcpy(long_data, event, sizeof(event));
	send_to(fd, &controller, sizeof(controller), NETFN_SENSOR, CMD_PLATFORM_EVENT,
		sizeof(event));
	memset(long_data, 0, sizeof(event));
	/* The answer and the event come in either order. */
	for (messages = 0; messages < 2; messages++) {
		if (!wait_readable(fd, EVENT_WAIT_MS) ||
			receive(fd, IPMICTL_RECEIVE_MSG_TRUNC, &received) < 0) {
			say("event: nothing more");
			break;
		}
		if (received.recv.recv_type == IPMI_ASYNC_EVENT_RECV_TYPE) {
			memset(received.data, 0, 2);     /* the record's number */
			memset(received.data + 3, 0, 4); /* its time */
			received.addr.data[1] = 0;
			received_print("event", &received);
			continue;
		}
		/* The answer's place in the output is fixed by not printing its details. */
		fprintf(stderr, "platform event: cc %02x\n", received.data[0]);
	}
	on = 0;
	result("no more events", ioctl(fd, IPMICTL_SET_GETS_EVENTS_CMD, &on));
}

int main(int argc, char **argv)
{
	static void (*const probes[])(int fd) = {
		probe_addresses,
		probe_timing,
		probe_maintenance,
		probe_pointers,
		probe_pointers_inside,
		probe_unknown,
		probe_controller_address,
		probe_bus_address,
		probe_answers,
		probe_settime,
		probe_receive,
		probe_waiting,
		probe_descriptor,
		probe_fork,
		probe_exec,
		probe_events,
		/* These close the descriptor themselves. */
		probe_registration,
		probe_several,
	};
	size_t i;

	if (argc == 3 && strcmp(argv[1], "--inherited") == 0) {
		return inherited(atoi(argv[2]));
	}
	if (argc > 1) {
		device = argv[1];
	}
	bad_pointer = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* Whatever standard input was: a pipe, which knows no such ioctl. */
	int ends[2];
	if (pipe(ends) == 0) {
		dup2(ends[0], STDIN_FILENO);
	}
	for (i = 0; i < sizeof(probes) / sizeof(probes[0]); i++) {
		int fd = device_open();

		probes[i](fd);
		close(fd);
	}
	return 0;
}
