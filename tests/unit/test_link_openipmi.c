/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The link to the kernel's driver, with a driver of the test's own: open() and
 * ioctl() of this program are the ones below (the linker's --wrap).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/ipmi.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "link_harness.h"

#define DEVICE "/dev/ipmi-of-the-test"

/* The driver: what it answers, what it was asked. */
static struct {
	int open_error, ioctl_error, send_error, receive_error, mode_error;
	int mode; /* of maintenance */
	int opens;
	int device; /* an eventfd that is readable while messages are queued */
	int gets_events;
	int register_error;
	unsigned registered[256]; /* of netFn 30h, channels by command */
	unsigned address;

	struct ipmi_req_settime sent;
	struct ipmi_addr sent_to;
	uint8_t sent_data[300];

	struct queued {
		struct ipmi_recv recv;
		struct ipmi_addr from;
		uint8_t data[300];
	} queue[8];
	size_t queue_length;
} driver;

/* The C library calls it so where files may be large. */
int __wrap_open64(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_open64(const char *path, int flags, ...)
{
	assert_string_equal(path, DEVICE);
	assert_int_equal(flags & O_ACCMODE, O_RDWR);
	driver.opens++;
	if (driver.open_error) {
		errno = driver.open_error;
		return -1;
	}
	driver.device = eventfd((unsigned)driver.queue_length, EFD_SEMAPHORE | EFD_NONBLOCK);
	assert_true(driver.device >= 0);
	return driver.device;
}

static int driver_send(const struct ipmi_req_settime *request)
{
	if (driver.send_error) {
		errno = driver.send_error;
		return -1;
	}
	driver.sent = *request;
	memset(&driver.sent_to, 0, sizeof(driver.sent_to));
	memcpy(&driver.sent_to, request->req.addr, request->req.addr_len);
	if (request->req.msg.data_len) {
		memcpy(driver.sent_data, request->req.msg.data, request->req.msg.data_len);
	}
	return 0;
}

static int driver_receive(struct ipmi_recv *recv)
{
	struct queued *queued = &driver.queue[0];
	size_t room = recv->msg.data_len;
	uint64_t one;

	if (driver.receive_error || driver.queue_length == 0) {
		errno = driver.receive_error ? driver.receive_error : EAGAIN;
		return -1;
	}
	assert_int_equal(read(driver.device, &one, sizeof(one)), sizeof(one));
	assert_true(recv->addr_len >= sizeof(queued->from));
	memcpy(recv->addr, &queued->from, sizeof(queued->from));
	recv->recv_type = queued->recv.recv_type;
	recv->msgid = queued->recv.msgid;
	recv->msg.netfn = queued->recv.msg.netfn;
	recv->msg.cmd = queued->recv.msg.cmd;
	recv->msg.data_len =
		queued->recv.msg.data_len < room ? queued->recv.msg.data_len : (unsigned short)room;
	memcpy(recv->msg.data, queued->data, recv->msg.data_len);
	if (queued->recv.msg.data_len > room) {
		errno = EMSGSIZE;
	}
	driver.queue_length--;
	memmove(driver.queue, driver.queue + 1, driver.queue_length * sizeof(driver.queue[0]));
	return errno == EMSGSIZE ? -1 : 0;
}

/* As the driver: exclusive even to oneself, and one cannot give back what one has not. */
static int driver_register(bool on, const struct ipmi_cmdspec_chans *spec)
{
	assert_int_equal(spec->netfn, 0x30);
	if (driver.register_error) {
		errno = driver.register_error;
		return -1;
	}
	if (on) {
		assert_int_equal(driver.registered[spec->cmd] & spec->chans, 0);
		driver.registered[spec->cmd] |= spec->chans;
	} else {
		assert_int_equal(driver.registered[spec->cmd] & spec->chans, spec->chans);
		driver.registered[spec->cmd] &= ~spec->chans;
	}
	return 0;
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	errno = 0;
	assert_int_equal(fd, driver.device);
	if (driver.ioctl_error) {
		errno = driver.ioctl_error;
		return -1;
	}
	switch (request) {
	case IPMICTL_GET_MY_ADDRESS_CMD:
		*(unsigned *)argument = driver.address;
		return 0;
	case IPMICTL_SET_GETS_EVENTS_CMD:
		driver.gets_events = *(int *)argument;
		return 0;
	case IPMICTL_GET_MAINTENANCE_MODE_CMD:
		*(int *)argument = driver.mode;
		return 0;
	case IPMICTL_SET_MAINTENANCE_MODE_CMD:
		if (driver.mode_error) {
			errno = driver.mode_error;
			return -1;
		}
		driver.mode = *(int *)argument;
		return 0;
	case IPMICTL_SEND_COMMAND_SETTIME:
		return driver_send(argument);
	case IPMICTL_RECEIVE_MSG_TRUNC:
		return driver_receive(argument);
	case IPMICTL_REGISTER_FOR_CMD_CHANS:
	case IPMICTL_UNREGISTER_FOR_CMD_CHANS:
		return driver_register(request == IPMICTL_REGISTER_FOR_CMD_CHANS, argument);
	default:
		fail_msg("ioctl %lx was not expected", request);
		return -1;
	}
}

/* Puts a message into the driver's queue; it is from the controller unless changed. */
static struct queued *driver_queue(
	int type, long msgid, uint8_t netfn, uint8_t command, const void *data, size_t length)
{
	struct queued *queued = &driver.queue[driver.queue_length++];
	uint64_t one = 1;

	*queued = (struct queued){
		.recv = {.recv_type = type,
			.msgid = msgid,
			.msg = {.netfn = netfn,
				.cmd = command,
				.data_len = (unsigned short)length}},
		.from = {.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL},
	};
	memcpy(queued->data, data, length);
	assert_int_equal(write(driver.device, &one, sizeof(one)), sizeof(one));
	return queued;
}

static void device_up(struct harness *harness, const char *options)
{
	char specification[128];

	memset(&driver, 0, sizeof(driver));
	driver.address = 0x20;
	harness_init(harness, true);
	snprintf(specification, sizeof(specification), "openipmi:" DEVICE "%s", options);
	harness_open(harness, specification);
	harness_expect(harness, CORE_EVENT_LINK_UP);
}

static void link_is_a_user_of_the_driver_and_no_more(void **state)
{
	struct harness harness;
	const struct core_link_capabilities *can;

	(void)state;
	device_up(&harness, "");
	can = &harness.heard[0].capabilities;
	assert_false(can->wire_sequence || can->raw_bridge || can->owns_flags || can->inbound_any ||
		     can->attention || can->simulated);
	assert_int_equal(can->data_max, 270);
	assert_int_equal(can->window, 2);
	assert_int_equal(can->bus_window, 8);
	assert_int_equal(can->own_address, 0x20);
	assert_int_equal(driver.gets_events, 1);
	harness_close(&harness);
	device_up(&harness, ",window=1,bus_window=64");
	assert_int_equal(harness.heard[0].capabilities.window, 1);
	assert_int_equal(harness.heard[0].capabilities.bus_window, 64);
	harness_close(&harness);
}

static void controller_is_addressed_and_answers(void **state)
{
	const struct ipmi_system_interface_addr *to =
		(const struct ipmi_system_interface_addr *)&driver.sent_to;
	const struct heard *heard;
	struct harness harness;

	(void)state;
	device_up(&harness, "");
	assert_int_equal(
		harness_transmit(&harness, 0xF0000007, 0x0A, 0x43, "\1\2\3\4\0\xFF", 6), 0);
	assert_int_equal(to->addr_type, IPMI_SYSTEM_INTERFACE_ADDR_TYPE);
	assert_int_equal(to->channel, IPMI_BMC_CHANNEL);
	assert_int_equal(driver.sent.req.addr_len, sizeof(*to));
	assert_int_equal(driver.sent.req.msg.netfn, 0x0A);
	assert_int_equal(driver.sent.req.msg.cmd, 0x43);
	assert_int_equal(driver.sent.req.msg.data_len, 6);
	assert_memory_equal(driver.sent_data, "\1\2\3\4\0\xFF", 6);

	driver_queue(IPMI_RESPONSE_RECV_TYPE, driver.sent.req.msgid, 0x0B, 0x43, "\xCB", 1);
	heard = harness_expect(&harness, CORE_EVENT_RECEIVED);
	assert_true(heard->transmission == 0xF0000007);
	assert_int_equal(heard->netfn, 0x0B);
	assert_int_equal(heard->command, 0x43);
	assert_int_equal(heard->length, 1);
	assert_int_equal(heard->data[0], 0xCB);
	harness_close(&harness);
}

static int transmit_to(struct harness *harness, uint8_t kind, uint8_t netfn, uint8_t command)
{
	struct core_transmit transmit = {.transmission = 9,
		.target_kind = kind,
		.channel = 3,
		.address = 0xB4,
		.netfn = netfn,
		.lun = 1,
		.command = command};

	return harness->link->ops->transmit(harness->link, &transmit, harness_now_ns(harness));
}

static void bus_is_addressed_and_only_reads_are_repeated(void **state)
{
	const struct ipmi_ipmb_addr *to = (const struct ipmi_ipmb_addr *)&driver.sent_to;
	struct harness harness;

	(void)state;
	device_up(&harness, "");
	assert_int_equal(transmit_to(&harness, VIPMI_TARGET_IPMB, 0x06, 0x01), 0);
	assert_int_equal(to->addr_type, IPMI_IPMB_ADDR_TYPE);
	assert_int_equal(to->channel, 3);
	assert_int_equal(to->slave_addr, 0xB4);
	assert_int_equal(to->lun, 1);
	assert_int_equal(driver.sent.retries, -1);
	/* Set Sensor Thresholds, which may have been executed though no answer came. */
	assert_int_equal(transmit_to(&harness, VIPMI_TARGET_IPMB, 0x04, 0x26), 0);
	assert_int_equal(driver.sent.retries, 0);
	assert_true(driver.sent.retry_time_ms > 0);
	assert_int_equal(transmit_to(&harness, VIPMI_TARGET_IPMB_BROADCAST, 0x06, 0x01), 0);
	assert_int_equal(to->addr_type, IPMI_IPMB_BROADCAST_ADDR_TYPE);
	assert_int_equal(transmit_to(&harness, 77, 0x06, 0x01), -EOPNOTSUPP);
	harness_close(&harness);
}

static void what_the_driver_keeps_to_itself_is_not_asked_for(void **state)
{
	struct harness harness;
	uint8_t command;

	(void)state;
	device_up(&harness, "");
	for (command = 0x32; command <= 0x36; command++) {
		assert_int_equal(harness_transmit(&harness, 1, 0x06, command, NULL, 0),
			command >= 0x33 && command <= 0x35 ? -EOPNOTSUPP : 0);
	}
	assert_int_equal(harness_transmit(&harness, 1, 0x07, 0x01, NULL, 0), -EOPNOTSUPP);
	/* On the bus they are somebody else's. */
	assert_int_equal(transmit_to(&harness, VIPMI_TARGET_IPMB, 0x06, 0x33), 0);
	harness_close(&harness);
}

static void refusals_are_told_apart(void **state)
{
	static const struct {
		int error, result;
		bool again, lost;
	} cases[] = {
		{EINVAL, -EOPNOTSUPP, false, false},
		{EAFNOSUPPORT, -EOPNOTSUPP, false, false},
		{EMSGSIZE, -EMSGSIZE, false, false},
		{EAGAIN, -EAGAIN, true, false},
		{EBUSY, -EAGAIN, true, false},
		{ENOMEM, -EAGAIN, true, false},
		{ENODEV, -ENODEV, false, true},
	};
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct harness harness;

		device_up(&harness, "");
		driver.send_error = cases[i].error;
		assert_int_equal(
			harness_transmit(&harness, 1, 0x06, 0x01, NULL, 0), cases[i].result);
		driver.send_error = 0;
		if (cases[i].again) {
			harness_expect(&harness, CORE_EVENT_LINK_READY);
		} else if (cases[i].lost) {
			assert_int_equal(
				harness_transmit(&harness, 1, 0x06, 0x01, NULL, 0), -ENOTCONN);
			harness_expect(&harness, CORE_EVENT_LINK_DOWN);
			harness_expect(&harness, CORE_EVENT_LINK_UP);
		}
		assert_int_equal(harness_run(&harness, 2000), 0);
		assert_int_equal(harness_transmit(&harness, 1, 0x06, 0x01, NULL, 0), 0);
		harness_close(&harness);
	}
}

static void events_and_requests_from_the_bus_are_messages(void **state)
{
	static const uint8_t event[16] = {0x42, 0x00, 0x02, 0, 0, 0, 0, 0x20, 0, 4, 1, 1, 1};
	struct harness harness;
	const struct heard *heard;
	struct queued *queued;
	struct ipmi_ipmb_addr from = {
		.addr_type = IPMI_IPMB_ADDR_TYPE, .channel = 0, .slave_addr = 0xB4, .lun = 2};

	(void)state;
	device_up(&harness, "");
	driver_queue(IPMI_ASYNC_EVENT_RECV_TYPE, 0, 0x07, 0x35, event, sizeof(event));
	heard = harness_expect(&harness, CORE_EVENT_MESSAGE);
	assert_int_equal(heard->kind, VIPMI_ASYNC_EVENT);
	assert_int_equal(heard->length, sizeof(event));
	assert_memory_equal(heard->data, event, sizeof(event));

	queued = driver_queue(IPMI_CMD_RECV_TYPE, 5, 0x06, 0x01, "\1\2", 2);
	memcpy(&queued->from, &from, sizeof(from));
	heard = harness_expect(&harness, CORE_EVENT_MESSAGE);
	assert_int_equal(heard->kind, VIPMI_ASYNC_REQUEST);
	assert_int_equal(heard->address, 0xB4);
	assert_int_equal(heard->sequence, 5);
	assert_int_equal(heard->netfn, 0x06);
	assert_int_equal(heard->command, 0x01);
	assert_int_equal(heard->length, 2);
	/* What nobody can answer, or read, is not passed on. */
	driver_queue(IPMI_CMD_RECV_TYPE, 5, 0x06, 0x01, "", 0);
	driver_queue(IPMI_OEM_RECV_TYPE, 5, 0x06, 0x01, "", 0);
	assert_int_equal(harness_run(&harness, 100), 0);
	driver_queue(IPMI_RESPONSE_RECV_TYPE, 5, 0x07, 0x01, "", 0);
	harness_expect(&harness, CORE_EVENT_GARBLED);
	harness_close(&harness);
}

static int registration(struct harness *harness, uint16_t channels)
{
	const struct core_registration what = {
		.netfn = 0x30, .command = 0x41, .channels = channels};

	return harness->link->ops->registration(harness->link, &what);
}

static void commands_are_registered_as_they_are_asked_for(void **state)
{
	struct harness harness;

	(void)state;
	device_up(&harness, "");
	assert_int_equal(registration(&harness, 0x0FFF), 0);
	assert_int_equal(driver.registered[0x41], 0x0FFF);
	assert_int_equal(registration(&harness, 0x0FFF), 0);
	assert_int_equal(registration(&harness, 0x0003), 0);
	assert_int_equal(driver.registered[0x41], 0x0003);
	assert_int_equal(registration(&harness, 0x0006), 0);
	assert_int_equal(driver.registered[0x41], 0x0006);
	assert_int_equal(registration(&harness, 0), 0);
	assert_int_equal(driver.registered[0x41], 0);
	driver.register_error = EBUSY;
	assert_int_equal(registration(&harness, 1), -EBUSY);
	assert_non_null(strstr(harness.log, "30h 41h cannot be received: another program"));
	driver.register_error = ENOMEM;
	assert_int_equal(registration(&harness, 1), -EAGAIN);
	driver.register_error = 0;
	assert_int_equal(registration(&harness, 1), 0);
	/* With the device goes what was registered. */
	driver.receive_error = ENODEV;
	driver_queue(IPMI_RESPONSE_RECV_TYPE, 1, 0x07, 0x01, "", 1);
	harness_expect(&harness, CORE_EVENT_LINK_DOWN);
	assert_int_equal(registration(&harness, 1), -ENOTCONN);
	driver.receive_error = 0;
	driver.queue_length = 0;
	memset(driver.registered, 0, sizeof(driver.registered));
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(registration(&harness, 1), 0);
	assert_int_equal(driver.registered[0x41], 1);
	harness_close(&harness);
}

static int maintenance(struct harness *harness, bool on)
{
	return harness->link->ops->maintenance(harness->link, on);
}

static void maintenance_mode_is_set_and_not_left_behind(void **state)
{
	struct harness harness;

	(void)state;
	device_up(&harness, "");
	assert_int_equal(maintenance(&harness, true), 0);
	assert_int_equal(driver.mode, IPMI_MAINTENANCE_MODE_ON);
	assert_non_null(strstr(harness.log, "maintenance mode: no events"));
	assert_int_equal(maintenance(&harness, false), 0);
	assert_int_equal(driver.mode, IPMI_MAINTENANCE_MODE_AUTO);
	driver.mode_error = EINVAL;
	assert_int_equal(maintenance(&harness, true), -EINVAL);
	assert_non_null(strstr(harness.log, "cannot be set"));
	driver.mode_error = 0;
	assert_int_equal(maintenance(&harness, true), 0);
	/* A device that comes again was left so, as by an agent that was killed. */
	driver.receive_error = ENODEV;
	driver_queue(IPMI_RESPONSE_RECV_TYPE, 1, 0x07, 0x01, "", 1);
	harness_expect(&harness, CORE_EVENT_LINK_DOWN);
	assert_int_equal(maintenance(&harness, true), -ENOTCONN);
	driver.receive_error = 0;
	driver.queue_length = 0;
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(driver.mode, IPMI_MAINTENANCE_MODE_AUTO);
	assert_non_null(strstr(harness.log, "was left in maintenance mode"));
	/* What others set, and we did not, stays when we go; what we set does not. */
	driver.mode = IPMI_MAINTENANCE_MODE_OFF;
	harness_close(&harness);
	assert_int_equal(driver.mode, IPMI_MAINTENANCE_MODE_OFF);
	device_up(&harness, "");
	assert_int_equal(maintenance(&harness, true), 0);
	harness_close(&harness);
	assert_int_equal(driver.mode, IPMI_MAINTENANCE_MODE_AUTO);
}

static void a_response_carries_its_number_and_is_told_from_others(void **state)
{
	const struct ipmi_ipmb_addr *to = (const struct ipmi_ipmb_addr *)&driver.sent_to;
	struct core_transmit transmit = {.target_kind = VIPMI_TARGET_IPMB,
		.channel = 0,
		.address = 0xB4,
		.netfn = 0x31,
		.lun = 1,
		.command = 0x41,
		.data = (const uint8_t *)"\0\x77",
		.length = 2};
	struct harness harness;
	const struct heard *heard;
	long msgid[3];
	uint32_t i;

	(void)state;
	device_up(&harness, "");
	for (i = 0; i < 3; i++) {
		transmit.transmission = 0xFFFFFE00 + i;
		transmit.sequence = 33;
		assert_int_equal(harness.link->ops->transmit(
					 harness.link, &transmit, harness_now_ns(&harness)),
			0);
		msgid[i] = driver.sent.req.msgid;
		/* The driver's own: (unsigned char)msgid << 2. */
		assert_int_equal((uint8_t)(msgid[i] << 2) >> 2, 33);
	}
	assert_int_equal(to->addr_type, IPMI_IPMB_ADDR_TYPE);
	assert_int_equal(to->slave_addr, 0xB4);
	assert_int_equal(to->lun, 1);
	assert_int_equal(driver.sent.req.msg.netfn, 0x31);
	for (i = 3; i-- > 0;) {
		driver_queue(IPMI_RESPONSE_RESPONSE_TYPE, msgid[i], 0x31, 0x41, "", 1);
		heard = harness_expect(&harness, CORE_EVENT_RECEIVED);
		assert_int_equal(heard->transmission, 0xFFFFFE00 + i);
		assert_int_equal(heard->netfn, 0x31);
	}
	harness_close(&harness);
}

static void device_may_come_later(void **state)
{
	static const struct {
		int open_error, ioctl_error;
		const char *says;
	} cases[] = {
		{ENOENT, 0, "no such device; is the driver loaded"},
		{EBUSY, 0, "as many users as it admits"},
		{EACCES, 0, "not permitted"},
		{0, ENOTTY, "not an IPMI device"},
	};
	struct harness harness;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(cases); i++) {
		memset(&driver, 0, sizeof(driver));
		driver.open_error = cases[i].open_error;
		driver.ioctl_error = cases[i].ioctl_error;
		harness_init(&harness, true);
		harness_open(&harness, "openipmi:" DEVICE);
		assert_int_equal(harness_run(&harness, 2000), 0);
		assert_in_range(driver.opens, 3, 20);
		/* Said once, however often it is tried. */
		assert_non_null(strstr(harness.log, cases[i].says));
		assert_null(strchr(strchr(harness.log, '\n') + 1, '\n'));
		driver.open_error = driver.ioctl_error = 0;
		harness_expect(&harness, CORE_EVENT_LINK_UP);
		harness_close(&harness);
	}
}

static void device_that_vanishes_is_looked_for_again(void **state)
{
	struct harness harness;

	(void)state;
	device_up(&harness, "");
	assert_int_equal(harness_transmit(&harness, 1, 0x06, 0x01, NULL, 0), 0);
	driver_queue(IPMI_RESPONSE_RECV_TYPE, 1, 0x07, 0x01, "", 1);
	driver.receive_error = ENODEV;
	driver.open_error = ENOENT;
	harness_expect(&harness, CORE_EVENT_LINK_DOWN);
	assert_int_equal(harness.link->ops->fd(harness.link), -1);
	assert_int_equal(harness_run(&harness, 3000), 0);
	driver.receive_error = driver.open_error = 0;
	driver.queue_length = 0;
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	harness_close(&harness);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_is_a_user_of_the_driver_and_no_more),
		cmocka_unit_test(controller_is_addressed_and_answers),
		cmocka_unit_test(bus_is_addressed_and_only_reads_are_repeated),
		cmocka_unit_test(what_the_driver_keeps_to_itself_is_not_asked_for),
		cmocka_unit_test(refusals_are_told_apart),
		cmocka_unit_test(events_and_requests_from_the_bus_are_messages),
		cmocka_unit_test(commands_are_registered_as_they_are_asked_for),
		cmocka_unit_test(maintenance_mode_is_set_and_not_left_behind),
		cmocka_unit_test(a_response_carries_its_number_and_is_told_from_others),
		cmocka_unit_test(device_may_come_later),
		cmocka_unit_test(device_that_vanishes_is_looked_for_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
