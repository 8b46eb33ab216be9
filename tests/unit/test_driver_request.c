/* SPDX-License-Identifier: BSD-2-Clause */
/* What Linux' driver refuses of a request, at each limit; and how long it waits for the answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "driver/driver.h"

static struct driver_request request;

/* A request with an address of that type and channel. */
static void begin(int type, short channel)
{
	memset(&request, 0, sizeof(request));
	request.addr.addr_type = type;
	request.addr.channel = channel;
	request.netfn = 0x04;
	request.command = 0x2D;
	request.retries = -1;
}

static void put_address(const void *address, size_t length)
{
	memcpy(&request.addr, address, length);
}

static int check_address(int type, short channel, unsigned length)
{
	begin(type, channel);
	return driver_address_check(&request.addr, length);
}

static void an_address_is_whole_and_of_a_channel(void **state)
{
	enum { LEAST = sizeof(struct ipmi_system_interface_addr) };
	const int buses[] = {IPMI_IPMB_ADDR_TYPE, IPMI_IPMB_BROADCAST_ADDR_TYPE};
	size_t i;

	(void)state;
	assert_int_equal(check_address(IPMI_SYSTEM_INTERFACE_ADDR_TYPE, 0x0F, LEAST), 0);
	assert_int_equal(check_address(IPMI_SYSTEM_INTERFACE_ADDR_TYPE, 0x0F, LEAST - 1), -EINVAL);
	assert_int_equal(check_address(IPMI_SYSTEM_INTERFACE_ADDR_TYPE, 0x0E, LEAST), -EINVAL);
	for (i = 0; i < ARRAY_LENGTH(buses); i++) {
		assert_int_equal(check_address(buses[i], 0, LEAST), 0);
		assert_int_equal(check_address(buses[i], 0x0E, LEAST), 0);
		assert_int_equal(check_address(buses[i], 0x0F, LEAST), -EINVAL);
		assert_int_equal(check_address(buses[i], -1, LEAST), -EINVAL);
	}
	assert_int_equal(check_address(IPMI_LAN_ADDR_TYPE, 1, sizeof(struct ipmi_lan_addr)), 0);
	assert_int_equal(
		check_address(IPMI_LAN_ADDR_TYPE, 1, sizeof(struct ipmi_lan_addr) - 1), -EINVAL);
	assert_int_equal(check_address(0x77, 0, sizeof(struct ipmi_addr)), -EINVAL);
}

static int check_direct(struct ipmi_ipmb_direct_addr direct, unsigned length)
{
	direct.addr_type = IPMI_IPMB_DIRECT_ADDR_TYPE;
	begin(0, 0);
	put_address(&direct, sizeof(direct));
	return driver_address_check(&request.addr, length);
}

static void a_direct_address_is_even_and_of_channel_0(void **state)
{
	enum { LENGTH = sizeof(struct ipmi_ipmb_direct_addr) };
	typedef struct ipmi_ipmb_direct_addr direct;

	(void)state;
	assert_int_equal(
		check_direct((direct){.slave_addr = 0x82, .rs_lun = 3, .rq_lun = 3}, LENGTH), 0);
	assert_int_equal(check_direct((direct){.slave_addr = 0x82}, LENGTH - 1), -EINVAL);
	assert_int_equal(check_direct((direct){.slave_addr = 0x83}, LENGTH), -EINVAL);
	assert_int_equal(check_direct((direct){.rs_lun = 4}, LENGTH), -EINVAL);
	assert_int_equal(check_direct((direct){.rq_lun = 4}, LENGTH), -EINVAL);
	assert_int_equal(check_direct((direct){.channel = 1}, LENGTH), -EINVAL);
}

/* Of the controller; what belongs to whoever owns the message flags is the driver's. */
static int check_controller(uint8_t netfn, uint8_t command, uint8_t lun, size_t length)
{
	const struct ipmi_system_interface_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = 0x0F, .lun = lun};

	begin(0, 0);
	put_address(&addr, sizeof(addr));
	request.netfn = netfn;
	request.command = command;
	request.length = length;
	return driver_request_check(&request);
}

static void the_controller_is_asked_what_it_may_be_asked(void **state)
{
	(void)state;
	assert_int_equal(check_controller(0x06, 0x01, 3, 270), 0);
	assert_int_equal(check_controller(0x06, 0x01, 3, 271), -EMSGSIZE);
	assert_int_equal(check_controller(0x06, 0x01, 4, 0), -EINVAL);
	assert_int_equal(check_controller(0x07, 0x01, 0, 0), -EINVAL);
	assert_int_equal(check_controller(0x3E, 0x01, 0, 0), 0);
	assert_int_equal(check_controller(0x40, 0x01, 0, 0), -EINVAL);
	assert_int_equal(check_controller(0x06, 0x32, 0, 0), 0);
	assert_int_equal(check_controller(0x06, 0x33, 0, 0), -EINVAL);
	assert_int_equal(check_controller(0x06, 0x34, 0, 0), -EINVAL);
	assert_int_equal(check_controller(0x06, 0x35, 0, 0), -EINVAL);
	assert_int_equal(check_controller(0x06, 0x36, 0, 0), 0);
	assert_int_equal(check_controller(0x04, 0x33, 0, 0), 0);
}

static int check_bus(int type, uint8_t netfn, uint8_t lun, size_t length)
{
	const struct ipmi_ipmb_addr addr = {.addr_type = type, .slave_addr = 0x82, .lun = lun};

	begin(0, 0);
	put_address(&addr, sizeof(addr));
	request.netfn = netfn;
	request.length = length;
	return driver_request_check(&request);
}

static void the_bus_takes_less(void **state)
{
	(void)state;
	assert_int_equal(check_bus(IPMI_IPMB_ADDR_TYPE, 0x04, 3, 262), 0);
	assert_int_equal(check_bus(IPMI_IPMB_ADDR_TYPE, 0x04, 3, 263), -EMSGSIZE);
	assert_int_equal(check_bus(IPMI_IPMB_BROADCAST_ADDR_TYPE, 0x04, 0, 261), 0);
	assert_int_equal(check_bus(IPMI_IPMB_BROADCAST_ADDR_TYPE, 0x04, 0, 262), -EMSGSIZE);
	assert_int_equal(check_bus(IPMI_IPMB_ADDR_TYPE, 0x04, 4, 0), -EINVAL);
	/* An answer has a completion code, and goes to one. */
	assert_int_equal(check_bus(IPMI_IPMB_ADDR_TYPE, 0x3F, 0, 1), 0);
	assert_int_equal(check_bus(IPMI_IPMB_ADDR_TYPE, 0x05, 0, 0), -EINVAL);
	assert_int_equal(check_bus(IPMI_IPMB_BROADCAST_ADDR_TYPE, 0x05, 0, 1), -EINVAL);
	assert_int_equal(check_bus(IPMI_IPMB_DIRECT_ADDR_TYPE, 0x04, 0, 0), -EAFNOSUPPORT);
	assert_int_equal(check_bus(IPMI_LAN_ADDR_TYPE, 0x04, 0, 0), -EINVAL);
}

/* How long the agent is told to wait. */
static uint32_t waits_ms(int type, int retries, uint32_t retry_time_ms)
{
	uint8_t bytes[DRIVER_REQUEST_SIZE];
	struct socket_message message;
	int length;

	begin(type, type == IPMI_SYSTEM_INTERFACE_ADDR_TYPE ? 0x0F : 0);
	request.retries = retries;
	request.retry_time_ms = retry_time_ms;
	length = driver_request_encode(&request, 7, bytes);
	assert_true(length > 0);
	assert_int_equal(socket_decode(bytes, (size_t)length, &message), 0);
	return message.header.time_ms;
}

static void retries_and_their_time_are_one_time(void **state)
{
	(void)state;
	assert_int_equal(waits_ms(IPMI_SYSTEM_INTERFACE_ADDR_TYPE, 1, 1), 12000);
	assert_int_equal(waits_ms(IPMI_IPMB_ADDR_TYPE, -1, 0), 10000); /* 4 retries of 2 s */
	assert_int_equal(waits_ms(IPMI_IPMB_ADDR_TYPE, 0, 0), 2000);
	assert_int_equal(waits_ms(IPMI_IPMB_ADDR_TYPE, 0, 1), 1);
	assert_int_equal(waits_ms(IPMI_IPMB_ADDR_TYPE, 1, 6999), 13998);
	assert_int_equal(waits_ms(IPMI_IPMB_ADDR_TYPE, 0, 14001), 14000);
	assert_int_equal(waits_ms(IPMI_IPMB_ADDR_TYPE, INT32_MAX, UINT32_MAX), 14000);
	assert_int_equal(waits_ms(IPMI_IPMB_BROADCAST_ADDR_TYPE, 5, 300), 300); /* sent once */
}

static void the_longest_request_is_encoded(void **state)
{
	uint8_t bytes[DRIVER_REQUEST_SIZE];
	struct socket_message message;
	int length;

	(void)state;
	begin(IPMI_SYSTEM_INTERFACE_ADDR_TYPE, 0x0F);
	request.length = DRIVER_DATA_MAX - DRIVER_OVERHEAD_CONTROLLER;
	request.data[request.length - 1] = 0x77;
	length = driver_request_encode(&request, 7, bytes);
	assert_true(length > 0);
	assert_int_equal(socket_decode(bytes, (size_t)length, &message), 0);
	assert_int_equal(message.data.length, request.length);
	assert_int_equal(message.data.bytes[request.length - 1], 0x77);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_whole_and_of_a_channel),
		cmocka_unit_test(a_direct_address_is_even_and_of_channel_0),
		cmocka_unit_test(the_controller_is_asked_what_it_may_be_asked),
		cmocka_unit_test(the_bus_takes_less),
		cmocka_unit_test(retries_and_their_time_are_one_time),
		cmocka_unit_test(the_longest_request_is_encoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
