/* SPDX-License-Identifier: BSD-2-Clause */
/* Reserved commands inside others: every way round their holder that the fuzzer of rights found,
 * and the ones beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"
#include "ipmi/ipmb.h"

#define SLOT_2 0xB4
#define SLOT_3 0xB6
#define PRESENT 0x0E

struct carrier {
	uint8_t bytes[64];
	size_t length;
};

/* Chassis Control, power cycle, to `address`; the first bytes are the carrier's own. */
static struct carrier carry(const uint8_t *head, size_t head_length, uint8_t address)
{
	static const uint8_t cycle[] = {2};
	struct carrier carrier = {.length = head_length};
	int length = ipmb_encode(&(struct ipmb_message){.rs_address = address,
					 .rq_address = 0x20,
					 .netfn = VIPMI_NETFN_CHASSIS,
					 .command = 0x02,
					 .data = cycle,
					 .length = sizeof(cycle)},
		carrier.bytes + head_length, sizeof(carrier.bytes) - head_length);

	assert_true(length > 0);
	memcpy(carrier.bytes, head, head_length);
	carrier.length += (size_t)length;
	return carrier;
}

static struct carrier send_message(uint8_t channel, uint8_t address)
{
	return carry(&channel, 1, address);
}

/* The frame's own address byte becomes the command's; a byte count to read stands behind it. */
static struct carrier master_write(uint8_t bus, uint8_t address)
{
	const uint8_t head[] = {bus, 0};
	struct carrier carrier = carry(head, sizeof(head), address);

	carrier.bytes[1] = carrier.bytes[2];
	carrier.bytes[2] = 0;
	return carrier;
}

/* Program 1 sends what carries Chassis Control, which program 0 holds for this responder. */
static uint8_t tried_as(uint8_t held_channel, uint8_t held_address, struct core_event event)
{
	struct two two = two_programs(1);
	const struct core_command held = {.netfn = VIPMI_NETFN_CHASSIS,
		.command = 0x02,
		.body = CORE_ALL_BODIES,
		.channel = held_channel,
		.address = held_address,
		.lun = CORE_ALL,
		.direction = CORE_DIRECTION_SEND};
	struct core_action action;
	uint8_t cc = VIPMI_CC_OK;

	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_COMMAND_RESERVE,
						  .command_reserve = {.client = two.client[0],
							  .handle = two.handle[0],
							  .commands = &held,
							  .count = 1}}),
		0);
	event.type = CORE_EVENT_REQUEST;
	event.request.client = two.client[1];
	event.request.handle = two.handle[1];
	event.request.class = VIPMI_CLASS_NORMAL;
	event.request.netfn = VIPMI_NETFN_APP;
	assert_int_equal(step(&two.world, event), 0);
	assert_true(core_next(two.world.core, &action));
	if (action.type == CORE_ACTION_DELIVER) {
		cc = action.deliver.cc;
	}
	core_done(two.world.core, action.id, 0);
	free(two.world.memory);
	return cc;
}

static uint8_t tried(uint8_t held_channel, uint8_t held_address, uint8_t command,
	uint8_t by_channel, uint8_t by_address, const struct carrier *carrier)
{
	return tried_as(held_channel, held_address,
		(struct core_event){.request = {.target_kind = by_address ? VIPMI_TARGET_IPMB
									  : VIPMI_TARGET_CONTROLLER,
					    .channel = by_channel,
					    .address = by_address,
					    .command = command,
					    .data = carrier->bytes,
					    .length = carrier->length}});
}

static void another_controller_passes_it_on_by_any_name_of_a_channel(void **state)
{
	const struct carrier zero = send_message(0, SLOT_3), three = send_message(3, SLOT_3);
	const struct carrier present = send_message(PRESENT, SLOT_3);

	(void)state;
	assert_int_equal(tried(0, SLOT_3, 0x34, 0, SLOT_2, &zero), VIPMI_CC_NOT_IN_STATE);
	/* The channel that it came by. */
	assert_int_equal(tried(0, SLOT_3, 0x34, 0, SLOT_2, &present), VIPMI_CC_NOT_IN_STATE);
	assert_int_equal(tried(0, SLOT_3, 0x34, 7, SLOT_2, &present), VIPMI_CC_OK);
	/* Its numbers are its own: its 3 may be our 0. */
	assert_int_equal(tried(0, SLOT_3, 0x34, 0, SLOT_2, &three), VIPMI_CC_NOT_IN_STATE);
	/* Ours are not: our 3 is not our 0. */
	assert_int_equal(tried(0, SLOT_3, 0x34, 0, 0, &three), VIPMI_CC_OK);
	assert_int_equal(tried(3, SLOT_3, 0x34, 0, 0, &three), VIPMI_CC_NOT_IN_STATE);
	assert_int_equal(tried(0, SLOT_2, 0x34, 0, SLOT_2, &zero), VIPMI_CC_OK);
}

static void bit_0_of_an_address_hides_nobody(void **state)
{
	struct carrier odd = send_message(0, SLOT_3 | 1), write = master_write(0, SLOT_3 | 1);

	(void)state;
	assert_int_equal(tried(0, SLOT_3, 0x34, 0, SLOT_2, &odd), VIPMI_CC_NOT_IN_STATE);
	assert_int_equal(tried(0, SLOT_3, 0x52, 0, 0, &write), VIPMI_CC_NOT_IN_STATE);
	/* Nor behind a broadcast. */
	odd = carry((const uint8_t[]){0, 0}, 2, SLOT_3 | 1);
	assert_int_equal(tried(0, SLOT_3, 0x34, 0, SLOT_2, &odd), VIPMI_CC_NOT_IN_STATE);
}

static void no_bus_number_of_master_write_read_is_past_it(void **state)
{
	static const uint8_t buses[] = {0x00, 0x01, 0x03, 0x70, 0xE0};
	const struct carrier elsewhere = master_write(0, SLOT_2);
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(buses); i++) {
		const struct carrier carrier = master_write(buses[i], SLOT_3);

		/* Nor what stands for a channel in a request to the controller itself. */
		assert_int_equal(tried(0, SLOT_3, 0x52, 5, 0, &carrier), VIPMI_CC_NOT_IN_STATE);
	}
	assert_int_equal(tried(0, SLOT_3, 0x52, 0, 0, &elsewhere), VIPMI_CC_OK);
}

static void a_broadcast_reaches_whom_it_names(void **state)
{
	static const uint8_t send[] = {0, 0}, write[] = {0, 0, 0};
	const struct carrier sent = carry(send, sizeof(send), SLOT_3);
	const struct carrier written = carry(write, sizeof(write), SLOT_3);

	(void)state;
	assert_int_equal(tried(0, SLOT_3, 0x34, 0, 0, &sent), VIPMI_CC_NOT_IN_STATE);
	assert_int_equal(tried(0, SLOT_3, 0x34, 0, SLOT_2, &sent), VIPMI_CC_NOT_IN_STATE);
	assert_int_equal(tried(0, SLOT_3, 0x52, 0, 0, &written), VIPMI_CC_NOT_IN_STATE);
	assert_int_equal(tried(0, SLOT_2, 0x52, 0, 0, &written), VIPMI_CC_OK);
}

/* A frame to it would be taken for a broadcast to whom its second byte names. */
static void the_general_call_is_no_responder(void **state)
{
	struct two two = two_programs(1);
	static const uint8_t kinds[] = {VIPMI_TARGET_IPMB, VIPMI_TARGET_IPMB_BROADCAST};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds); i++) {
		assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_REQUEST,
							  .request = {.client = two.client[1],
								  .handle = two.handle[1],
								  .target_kind = kinds[i],
								  .netfn = SLOT_3 >> 2,
								  .command = 0x02}}),
			-EINVAL);
	}
	free(two.world.memory);
}

static int reserve_body(uint8_t netfn, uint32_t body)
{
	struct two two = two_programs(1);
	const struct core_command held = {.netfn = netfn,
		.command = 0x02,
		.body = body,
		.channel = CORE_ALL,
		.address = CORE_ALL,
		.lun = CORE_ALL,
		.direction = CORE_DIRECTION_SEND};
	int r = step(&two.world, (struct core_event){.type = CORE_EVENT_COMMAND_RESERVE,
					 .command_reserve = {.client = two.client[0],
						 .handle = two.handle[0],
						 .commands = &held,
						 .count = 1}});

	free(two.world.memory);
	return r;
}

static void only_group_and_oem_commands_have_a_body_and_only_one_that_fits(void **state)
{
	(void)state;
	assert_int_equal(reserve_body(VIPMI_NETFN_GROUP, 0xFF), 0);
	assert_int_equal(reserve_body(VIPMI_NETFN_GROUP, 0x100), -EINVAL);
	assert_int_equal(reserve_body(VIPMI_NETFN_GROUP, CORE_ALL_BODIES), 0);
	assert_int_equal(reserve_body(VIPMI_NETFN_OEM, 0xFFFFFF), 0);
	assert_int_equal(reserve_body(VIPMI_NETFN_OEM, 0x1000000), -EINVAL);
	assert_int_equal(reserve_body(VIPMI_NETFN_OEM, CORE_ALL_BODIES), 0);
	assert_int_equal(reserve_body(VIPMI_NETFN_CHASSIS, 0), -EINVAL);
	assert_int_equal(reserve_body(VIPMI_NETFN_CHASSIS, CORE_ALL_BODIES), 0);
}

static void channels_that_lead_to_no_bus_are_channels_as_well(void **state)
{
	const struct carrier present = send_message(PRESENT, SLOT_3),
			     seven = send_message(7, SLOT_3);

	(void)state;
	/* From the system interface the present one is that itself, channel F. */
	assert_int_equal(tried(0x0F, SLOT_3, 0x34, 0, 0, &present), VIPMI_CC_NOT_IN_STATE);
	assert_int_equal(tried(0x0E, SLOT_3, 0x34, 0, 0, &present), VIPMI_CC_INVALID_FIELD);
	assert_int_equal(tried(0x00, SLOT_3, 0x34, 0, 0, &present), VIPMI_CC_INVALID_FIELD);
	/* Another controller's 7 may be any of ours, whichever it came by. */
	assert_int_equal(tried(5, SLOT_3, 0x34, 3, SLOT_2, &seven), VIPMI_CC_NOT_IN_STATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_controller_passes_it_on_by_any_name_of_a_channel),
		cmocka_unit_test(bit_0_of_an_address_hides_nobody),
		cmocka_unit_test(no_bus_number_of_master_write_read_is_past_it),
		cmocka_unit_test(a_broadcast_reaches_whom_it_names),
		cmocka_unit_test(the_general_call_is_no_responder),
		cmocka_unit_test(only_group_and_oem_commands_have_a_body_and_only_one_that_fits),
		cmocka_unit_test(channels_that_lead_to_no_bus_are_channels_as_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
