/* SPDX-License-Identifier: BSD-2-Clause */
/* Of hardware/: interrupts and leaving, which links/hardware.c does not use, and when it looks.
 * test_link_kcs and test_link_bt have the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hardware/hardware.h"
#include "ipmi/kcs.h"

#define APP 0x06
#define GET_DEVICE_ID 0x01
#define GET_SELF_TEST_RESULTS 0x04
#define OWN_ADDRESS 0x20
#define STARTED_NS (100 * NSEC_PER_SEC_U64)
/* More than any of these transfers takes. */
#define TURNS_MAX 1000

struct world {
	struct hardware interface;
	struct kcs_controller controller;
	uint64_t now_ns;
	bool silent; /* the controller has the request and does not answer */
	unsigned looks;
};

static void perform(struct world *world, enum transfer_access access, uint8_t value)
{
	struct kcs_controller *controller = &world->controller;
	const uint8_t answer[] = {(APP | 1) << 2, controller->bytes[1], 0x00, 0x20};
	uint8_t read = 0;

	kcs_controller_run(controller);
	if (controller->ready && !world->silent) {
		assert_int_equal(kcs_controller_respond(controller, answer, sizeof(answer)), 0);
	}
	if (access == TRANSFER_READ_STATUS) {
		world->looks++;
		read = kcs_controller_read_status(controller);
	} else if (access == TRANSFER_READ_DATA) {
		read = kcs_controller_read_data(controller);
	} else if (access == TRANSFER_WRITE_DATA) {
		kcs_controller_write_data(controller, value);
	} else {
		kcs_controller_write_command(controller, value);
	}
	hardware_done(&world->interface, read, world->now_ns);
}

/* Does what is to be done now. */
static void run(struct world *world)
{
	unsigned turn;
	uint8_t value = 0;

	for (turn = 0; turn < TURNS_MAX; turn++) {
		enum transfer_access access =
			hardware_access(&world->interface, &value, world->now_ns);

		if (access == TRANSFER_NOTHING) {
			return;
		}
		perform(world, access, value);
	}
	fail_msg("it never pauses");
}

static void expect(struct world *world, enum core_event_type type)
{
	struct core_event event;

	assert_true(hardware_next(&world->interface, &event));
	assert_int_equal(event.type, type);
}

static void begin(struct world *world, bool interrupts)
{
	struct core_event event;

	*world = (struct world){.now_ns = STARTED_NS};
	kcs_controller_init(&world->controller);
	hardware_init(&world->interface, &kcs_transfer, 8, OWN_ADDRESS, interrupts, world->now_ns);
	assert_false(hardware_is_up(&world->interface));
	run(world);
	expect(world, CORE_EVENT_LINK_UP);
	assert_true(hardware_is_up(&world->interface));
	run(world);
	assert_false(hardware_next(&world->interface, &event));
}

static void ask_for(struct world *world, uint8_t command)
{
	const struct core_transmit question = {.transmission = 7,
		.target_kind = VIPMI_TARGET_CONTROLLER,
		.netfn = APP,
		.command = command};

	assert_int_equal(hardware_transmit(&world->interface, &question, world->now_ns), 0);
}

static void ask(struct world *world)
{
	ask_for(world, GET_DEVICE_ID);
}

/* Asks a controller that takes so long; how much later than it was there the answer is met. */
static uint64_t lateness_ns(struct world *world, uint8_t command, uint64_t service_ns)
{
	uint64_t there_ns = world->now_ns + service_ns;
	struct core_event event;

	world->looks = 0;
	world->silent = service_ns > 0;
	ask_for(world, command);
	run(world);
	while (!hardware_next(&world->interface, &event)) {
		assert_true(hardware_deadline(&world->interface) > world->now_ns);
		world->now_ns = hardware_deadline(&world->interface);
		world->silent = world->now_ns < there_ns;
		run(world);
	}
	assert_int_equal(event.type, CORE_EVENT_RECEIVED);
	assert_int_equal(event.received.length, 2);
	return world->now_ns - there_ns;
}

static void learn(struct world *world, uint8_t command, uint64_t service_ns)
{
	int i;

	for (i = 0; i < 40; i++) {
		(void)lateness_ns(world, command, service_ns);
	}
}

static void an_idle_interface_is_looked_at_less_often_where_there_are_interrupts(void **state)
{
	struct world without, with;

	(void)state;
	begin(&without, false);
	begin(&with, true);
	assert_int_equal(
		hardware_deadline(&without.interface) - STARTED_NS, 50 * NSEC_PER_MSEC_U64);
	assert_int_equal(hardware_deadline(&with.interface) - STARTED_NS, NSEC_PER_SEC_U64);
}

static void an_interrupt_tells_of_attention_at_once(void **state)
{
	struct world world;
	struct core_event event;

	(void)state;
	begin(&world, true);
	kcs_controller_attention(&world.controller, true);
	run(&world);
	assert_false(hardware_next(&world.interface, &event));
	hardware_hurry(&world.interface, world.now_ns);
	run(&world);
	expect(&world, CORE_EVENT_ATTENTION);
}

/* Get Message takes the last message, and attention falls: who hears of the message first would ask
 * for the flags once more. */
static void attention_that_a_transfer_showed_is_told_before_its_response(void **state)
{
	struct world world;
	struct core_event event;

	(void)state;
	begin(&world, true);
	kcs_controller_attention(&world.controller, true);
	ask(&world);
	run(&world);
	expect(&world, CORE_EVENT_ATTENTION);
	expect(&world, CORE_EVENT_RECEIVED);
	kcs_controller_attention(&world.controller, false);
	ask(&world);
	run(&world);
	assert_true(hardware_next(&world.interface, &event));
	assert_int_equal(event.type, CORE_EVENT_ATTENTION);
	assert_false(event.attention.asserted);
	expect(&world, CORE_EVENT_RECEIVED);
	assert_false(hardware_next(&world.interface, &event));
}

static void an_interrupt_ends_a_pause_within_a_transfer(void **state)
{
	struct world world;
	struct core_event event;

	(void)state;
	begin(&world, true);
	world.silent = true;
	ask(&world);
	run(&world);
	world.now_ns += NSEC_PER_SEC_U64;
	run(&world);
	world.silent = false;
	run(&world);
	assert_false(hardware_next(&world.interface, &event));
	hardware_hurry(&world.interface, world.now_ns);
	run(&world);
	expect(&world, CORE_EVENT_RECEIVED);
}

static void leaving_an_idle_interface_touches_nothing(void **state)
{
	struct world world;
	uint8_t value;

	(void)state;
	begin(&world, false);
	hardware_leave(&world.interface, world.now_ns);
	assert_true(hardware_left(&world.interface));
	assert_int_equal(hardware_deadline(&world.interface), TIME_NEVER);
	assert_int_equal(
		hardware_access(&world.interface, &value, UINT64_MAX - 1), TRANSFER_NOTHING);
}

static void leaving_breaks_off_a_transfer_and_says_nothing_of_it(void **state)
{
	struct world world;
	struct core_event event;

	(void)state;
	begin(&world, false);
	world.silent = true;
	ask(&world);
	run(&world);
	assert_true(world.controller.ready);
	hardware_leave(&world.interface, world.now_ns);
	assert_false(hardware_left(&world.interface));
	assert_false(hardware_is_up(&world.interface));
	run(&world);
	/* A controller that executes takes no byte, an abort neither. */
	assert_false(hardware_left(&world.interface));
	world.silent = false;
	world.now_ns += NSEC_PER_SEC_U64;
	run(&world);
	assert_true(hardware_left(&world.interface));
	assert_int_equal(world.controller.status & KCS_STATUS_STATE, KCS_IDLE);
	assert_int_equal(world.controller.error, KCS_ERROR_ABORTED);
	assert_false(hardware_next(&world.interface, &event));
}

/* What the pauses cost: at most an eighth of the time a command takes when it is asked first, and
 * the shortest pause once its usual time is known, with fewer looks than before. */
static void the_time_that_a_command_takes_is_learned(void **state)
{
	static const uint64_t services_us[] = {100, 500, 2000, 4500, 30000, 1000000};
	struct world world;
	unsigned first;
	size_t i;

	(void)state;
	for (i = 0; i < ARRAY_LENGTH(services_us); i++) {
		uint64_t service_ns = services_us[i] * NSEC_PER_USEC_U64;

		begin(&world, false);
		assert_in_range(lateness_ns(&world, GET_DEVICE_ID, service_ns), 0,
			service_ns / 8 + 20 * NSEC_PER_USEC_U64);
		first = world.looks;
		learn(&world, GET_DEVICE_ID, service_ns);
		assert_in_range(
			lateness_ns(&world, GET_DEVICE_ID, service_ns), 0, 20 * NSEC_PER_USEC_U64);
		assert_in_range(world.looks, 1, first);
	}
}

/* A controller's times are not always the same: an eighth more or less. */
static void most_looks_come_when_the_answer_is_due(void **state)
{
	const uint64_t service_ns = 2 * NSEC_PER_MSEC_U64;
	uint64_t late_ns = 0, random = 1;
	unsigned looks = 0, i;
	struct world world;

	(void)state;
	begin(&world, false);
	learn(&world, GET_DEVICE_ID, service_ns);
	for (i = 0; i < 1000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		late_ns += lateness_ns(&world, GET_DEVICE_ID,
			service_ns * 7 / 8 + (random >> 33) % (service_ns / 4));
		looks += world.looks;
	}
	/* Without knowing it would be a sixteenth, and 60 looks. */
	assert_in_range(late_ns / 1000, 1, service_ns / 50);
	assert_in_range(looks / 1000, 20, 55);
}

/* It takes half as long again as it should, at most: a command may be quick at times. */
static void an_answer_before_its_usual_time_is_not_left_lying(void **state)
{
	const uint64_t quick_ns = 3 * NSEC_PER_MSEC_U64;
	struct world world;

	(void)state;
	begin(&world, false);
	learn(&world, GET_DEVICE_ID, 200 * NSEC_PER_MSEC_U64);
	assert_in_range(lateness_ns(&world, GET_DEVICE_ID, quick_ns), 0, quick_ns / 2);
	/* And it is taken for quick from now on. */
	assert_in_range(lateness_ns(&world, GET_DEVICE_ID, quick_ns), 0, quick_ns / 2);
	learn(&world, GET_DEVICE_ID, 0);
	assert_int_equal(lateness_ns(&world, GET_DEVICE_ID, 0), 0);
	assert_in_range(lateness_ns(&world, GET_DEVICE_ID, quick_ns), 0, quick_ns / 8);
}

static void each_command_has_its_own_usual_time(void **state)
{
	const uint64_t slow_ns = 4500 * NSEC_PER_USEC_U64, quick_ns = 2 * NSEC_PER_MSEC_U64;
	struct world world;
	int i;

	(void)state;
	begin(&world, false);
	for (i = 0; i < 40; i++) {
		(void)lateness_ns(&world, GET_DEVICE_ID, slow_ns);
		(void)lateness_ns(&world, GET_SELF_TEST_RESULTS, quick_ns);
	}
	assert_in_range(lateness_ns(&world, GET_DEVICE_ID, slow_ns), 0, 20 * NSEC_PER_USEC_U64);
	assert_in_range(
		lateness_ns(&world, GET_SELF_TEST_RESULTS, quick_ns), 0, 20 * NSEC_PER_USEC_U64);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			an_idle_interface_is_looked_at_less_often_where_there_are_interrupts),
		cmocka_unit_test(an_interrupt_tells_of_attention_at_once),
		cmocka_unit_test(attention_that_a_transfer_showed_is_told_before_its_response),
		cmocka_unit_test(an_interrupt_ends_a_pause_within_a_transfer),
		cmocka_unit_test(leaving_an_idle_interface_touches_nothing),
		cmocka_unit_test(leaving_breaks_off_a_transfer_and_says_nothing_of_it),
		cmocka_unit_test(the_time_that_a_command_takes_is_learned),
		cmocka_unit_test(most_looks_come_when_the_answer_is_due),
		cmocka_unit_test(an_answer_before_its_usual_time_is_not_left_lying),
		cmocka_unit_test(each_command_has_its_own_usual_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
