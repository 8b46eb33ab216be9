/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose turn it is, where the controller's time is exactly so many quanta. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_world.h"

/* What a handle may spend in a round (CORE_QUANTUM_SHIFT). */
#define QUANTUM_NS (UINT64_C(1) << 23)

/* Serves the next transmission, which goes before all answers, in so much time: whose was it? */
static int serve(struct two *two, const uint64_t *spend_ns)
{
	static const uint8_t ok[] = {0};
	struct core_action action;
	int who;

	action = pull(&two->world, CORE_ACTION_TRANSMIT);
	who = action.transmit.command - 1;
	core_done(two->world.core, action.id, 0);
	two->world.now_ns += spend_ns[who];
	assert_int_equal(
		step(&two->world, (struct core_event){.type = CORE_EVENT_RECEIVED,
					  .received = {.transmission = action.transmit.transmission,
						  .netfn = 7,
						  .command = action.transmit.command,
						  .data = ok,
						  .length = 1}}),
		0);
	return who;
}

static void asks(struct two *two, int who, int times)
{
	while (times-- > 0) {
		assert_int_equal(step(&two->world, (struct core_event){.type = CORE_EVENT_REQUEST,
							   .request = {.client = two->client[who],
								   .handle = two->handle[who],
								   .class = VIPMI_CLASS_NORMAL,
								   .budget_ms = CORE_BUDGET_MAX_MS,
								   .netfn = 6,
								   .command = (uint8_t)(1 + who)}}),
			0);
	}
}

/* The first spends so many quanta at once, the second one each time: how often is the second served
 * until the first comes again? */
static int paid_in(uint64_t quanta)
{
	struct two two = two_programs(1);
	uint64_t spend_ns[2] = {quanta * QUANTUM_NS, QUANTUM_NS};
	int served = 0;

	asks(&two, 0, 2);
	asks(&two, 1, 127);
	assert_int_equal(serve(&two, spend_ns), 0);
	while (serve(&two, spend_ns) == 1) {
		served++;
	}
	free(two.world.memory);
	return served;
}

static void a_debt_is_paid_round_by_round(void **state)
{
	(void)state;
	assert_int_equal(paid_in(2), 2);
	assert_int_equal(paid_in(10), 10);
	assert_int_equal(paid_in(62), 62);
	assert_int_equal(paid_in(63), 63);
	assert_int_equal(paid_in(64), 64);
	assert_int_equal(paid_in(65), 65);
	/* Further than the wheel reaches: once more around. */
	assert_int_equal(paid_in(100), 100);
	assert_int_equal(paid_in(126), 126);
}

static void who_was_idle_begins_in_the_next_round(void **state)
{
	struct two two = two_programs(1);
	const uint64_t spend_ns[2] = {QUANTUM_NS / 4, QUANTUM_NS};
	char order[16] = {0};
	int i;

	(void)state;
	asks(&two, 1, 100);
	for (i = 0; i < 70; i++) {
		assert_int_equal(serve(&two, spend_ns), 1);
	}
	/* It has saved nothing up: a quantum's worth in each round, no more. */
	asks(&two, 0, 20);
	for (i = 0; i < 12; i++) {
		order[i] = (char)('a' + serve(&two, spend_ns));
	}
	assert_string_equal(order, "baaaabaaaaba");
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_debt_is_paid_round_by_round),
		cmocka_unit_test(who_was_idle_begins_in_the_next_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
