/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/random.h"
#include "ipmi/ipmb.h"
#include "ipmi/privilege.h"
#include "vipmi/message.h"

#define SEND_MESSAGE 0x34

/* A Send Message's data with a request in it: its length. */
static size_t enclose(uint8_t *sent, bool broadcast, uint8_t netfn, uint8_t command,
	const uint8_t *data, size_t length)
{
	const struct ipmb_message message = {.rs_address = 0xB4,
		.rq_address = 0x20,
		.netfn = netfn,
		.command = command,
		.data = data,
		.length = length};
	int framed;

	sent[0] = 0x00;
	sent[1] = 0x00;
	framed = ipmb_encode(&message, sent + 1 + broadcast, IPMB_FRAME_MAX);
	assert_true(framed > 0);
	return 1u + broadcast + (size_t)framed;
}

static enum ipmi_privilege of(uint8_t netfn, uint8_t command)
{
	return ipmi_privilege_needed(netfn, command, NULL, 0);
}

static void the_table_says_what_a_command_needs(void **state)
{
	(void)state;
	assert_int_equal(of(VIPMI_NETFN_APP, 0x01), IPMI_PRIVILEGE_USER); /* Get Device ID */
	assert_int_equal(of(VIPMI_NETFN_CHASSIS, 0x02), IPMI_PRIVILEGE_OPERATOR);  /* Control */
	assert_int_equal(of(VIPMI_NETFN_APP, 0x02), IPMI_PRIVILEGE_ADMINISTRATOR); /* Cold Reset */
	/* Before there is a session everybody may ask. */
	assert_int_equal(of(VIPMI_NETFN_APP, 0x38), IPMI_PRIVILEGE_USER);
}

static void what_a_virtual_controller_has_of_its_own_is_its_users(void **state)
{
	(void)state;
	assert_int_equal(of(VIPMI_NETFN_APP, 0x2E), IPMI_PRIVILEGE_USER); /* Set Global Enables */
	assert_int_equal(of(VIPMI_NETFN_APP, 0x33), IPMI_PRIVILEGE_USER); /* Get Message */
	/* The modem's: the controller's alone. */
	assert_int_equal(of(VIPMI_NETFN_TRANSPORT, 0x14), IPMI_PRIVILEGE_ADMINISTRATOR);
}

static void what_nobody_knows_is_the_administrators(void **state)
{
	(void)state;
	assert_int_equal(of(VIPMI_NETFN_OEM, 0x01), IPMI_PRIVILEGE_ADMINISTRATOR);
	assert_int_equal(of(VIPMI_NETFN_APP, 0xFF), IPMI_PRIVILEGE_ADMINISTRATOR);
	assert_int_equal(of(VIPMI_NETFN_APP, 0x52), IPMI_PRIVILEGE_ADMINISTRATOR);
	assert_int_equal(of(VIPMI_NETFN_BRIDGE, 0x20), IPMI_PRIVILEGE_ADMINISTRATOR);
}

static enum ipmi_privilege of_sent(const uint8_t *sent, size_t length)
{
	return ipmi_privilege_needed(VIPMI_NETFN_APP, SEND_MESSAGE, sent, length);
}

static void send_message_needs_what_is_in_it(void **state)
{
	uint8_t sent[2 + IPMB_FRAME_MAX], outer[2 + IPMB_FRAME_MAX];
	size_t length;

	(void)state;
	for (int broadcast = 0; broadcast < 2; broadcast++) {
		length = enclose(sent, broadcast, VIPMI_NETFN_APP, 0x01, NULL, 0);
		assert_int_equal(of_sent(sent, length), IPMI_PRIVILEGE_USER);
		length = enclose(sent, broadcast, VIPMI_NETFN_APP, 0x02, NULL, 0);
		assert_int_equal(of_sent(sent, length), IPMI_PRIVILEGE_ADMINISTRATOR);
		/* However deep. */
		length = enclose(outer, broadcast, VIPMI_NETFN_APP, SEND_MESSAGE, sent, length);
		assert_int_equal(of_sent(outer, length), IPMI_PRIVILEGE_ADMINISTRATOR);
	}
	length = enclose(sent, false, VIPMI_NETFN_APP, 0x01, NULL, 0);
	length = enclose(outer, false, VIPMI_NETFN_APP, SEND_MESSAGE, sent, length);
	assert_int_equal(of_sent(outer, length), IPMI_PRIVILEGE_USER);
	/* A response. */
	length = enclose(sent, false, VIPMI_NETFN_OEM | 1, 0x42, (const uint8_t *)"", 1);
	assert_int_equal(of_sent(sent, length), IPMI_PRIVILEGE_USER);
}

static void what_cannot_be_looked_into_is_the_administrators(void **state)
{
	uint8_t sent[2 + IPMB_FRAME_MAX];
	size_t length = enclose(sent, false, VIPMI_NETFN_APP, 0x01, NULL, 0);

	(void)state;
	for (size_t i = 0; i < length; i++) {
		assert_int_equal(of_sent(sent, i), IPMI_PRIVILEGE_ADMINISTRATOR);
	}
	sent[length - 1] ^= 1;
	assert_int_equal(of_sent(sent, length), IPMI_PRIVILEGE_ADMINISTRATOR);
}

static void any_bytes_need_something(void **state)
{
	struct random random;
	uint8_t bytes[64];

	(void)state;
	random_init(&random, 46);
	for (int i = 0; i < 20000; i++) {
		size_t length = random_below(&random, sizeof(bytes) + 1);
		enum ipmi_privilege needed;

		for (size_t j = 0; j < length; j++) {
			bytes[j] = (uint8_t)random_u32(&random);
		}
		needed = ipmi_privilege_needed((uint8_t)random_below(&random, 64),
			(uint8_t)random_u32(&random), bytes, length);
		assert_in_range(needed, IPMI_PRIVILEGE_USER, IPMI_PRIVILEGE_ADMINISTRATOR);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_says_what_a_command_needs),
		cmocka_unit_test(what_a_virtual_controller_has_of_its_own_is_its_users),
		cmocka_unit_test(what_nobody_knows_is_the_administrators),
		cmocka_unit_test(send_message_needs_what_is_in_it),
		cmocka_unit_test(what_cannot_be_looked_into_is_the_administrators),
		cmocka_unit_test(any_bytes_need_something),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
