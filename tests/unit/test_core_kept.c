/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory in which a core keeps its sequence numbers for the one after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "core_bus.h"

#define WORD_OF(channel, address) ((channel)*128 + (address) / 2)
#define SECONDS(n) ((n)*NSEC_PER_SEC_U64)

static uint64_t words[CORE_KEPT_WORDS];

/* How many numbers of the responder are not free for everybody. */
static unsigned taken(const struct core *core, uint8_t channel, uint8_t address)
{
	struct core_sequence_info info;
	uint32_t cursor = 0;
	unsigned count = 0;

	while (core_sequence_next(core, &cursor, &info)) {
		count += info.channel == channel && info.address == address;
	}
	return count;
}

static void kept_bus(struct bus *bus, bool wire_sequence)
{
	*bus = (struct bus){.two = two_programs(1)};
	core_keep_numbers(bus->two.world.core, words);
	assert_int_equal(step(&bus->two.world, (struct core_event){.type = CORE_EVENT_LINK_UP,
						       .link_up = {.raw_bridge = true,
							       .wire_sequence = wire_sequence,
							       .owns_flags = true,
							       .attention = true,
							       .bus_window = 8}}),
		0);
	bus_idle(bus);
}

static void ask_bus(struct bus *bus)
{
	assert_int_equal(step(&bus->two.world, (struct core_event){.type = CORE_EVENT_REQUEST,
						       .request = {.client = bus->two.client[0],
							       .handle = bus->two.handle[0],
							       .class = VIPMI_CLASS_NORMAL,
							       .target_kind = VIPMI_TARGET_IPMB,
							       .channel = 7,
							       .address = SLOT_10,
							       .netfn = VIPMI_NETFN_APP,
							       .command = 0x24}}),
		0);
	bus_idle(bus);
}

static void a_number_is_kept_from_its_transmission_until_its_rest_ends(void **state)
{
	static struct bus bus;
	struct core_deliver deliver;
	const uint64_t *word = &words[WORD_OF(7, SLOT_10)];

	(void)state;
	memset(words, 0, sizeof(words));
	kept_bus(&bus, true);
	ask_bus(&bus);
	assert_int_equal(*word, UINT64_C(1) << bus.sent.sequence);
	bus_respond(&bus, &bus.sent, 1);
	/* Channel 0 is written by the harness: this one is a stray. */
	assert_false(bus_run(&bus, &deliver));
	bus.queue[bus.queue_tail - 1][1] = 7;
	bus.queue_head = bus.queue_tail - 1;
	attention(&bus, true);
	assert_true(bus_run(&bus, &deliver));
	assert_int_equal(*word, UINT64_C(1) << bus.sent.sequence);
	later(&bus, CORE_REST_MS * NSEC_PER_MSEC_U64);
	assert_int_equal(*word, 0);
	free(bus.two.world.memory);
}

static void numbers_that_never_reach_a_bus_are_not_kept(void **state)
{
	static struct bus bus;

	(void)state;
	memset(words, 0, sizeof(words));
	kept_bus(&bus, false);
	ask_bus(&bus);
	assert_int_equal(words[WORD_OF(7, SLOT_10)], 0);
	free(bus.two.world.memory);
}

static void what_is_found_rests_and_is_forgotten_then(void **state)
{
	static struct bus bus;

	(void)state;
	memset(words, 0, sizeof(words));
	words[WORD_OF(7, SLOT_10)] = 0x8000000000000001;
	kept_bus(&bus, true);
	assert_int_equal(taken(bus.two.world.core, 7, SLOT_10), 2);
	later(&bus, SECONDS(5) - 1);
	assert_int_equal(taken(bus.two.world.core, 7, SLOT_10), 2);
	assert_int_equal(words[WORD_OF(7, SLOT_10)], 0x8000000000000001);
	later(&bus, 1);
	assert_int_equal(taken(bus.two.world.core, 7, SLOT_10), 0);
	assert_int_equal(words[WORD_OF(7, SLOT_10)], 0);
	free(bus.two.world.memory);
}

/* Whatever stands there, the core is whole, and after a while all numbers are there. */
static void nothing_else_in_it_is_believed(void **state)
{
	static struct bus bus;
	unsigned i;

	(void)state;
	memset(words, 0xFF, sizeof(words));
	kept_bus(&bus, true);
	assert_int_equal(words[WORD_OF(0, 0x00)], 0);  /* the general call */
	assert_int_equal(words[WORD_OF(12, 0x20)], 0); /* no bus */
	assert_int_equal(words[CORE_KEPT_WORDS - 1], 0);
	assert_int_equal(taken(bus.two.world.core, 0, 0x20), 64);
	for (i = 0; i < CORE_RESPONDERS_MAX; i++) {
		later(&bus, SECONDS(5)); /* so many of them at a time */
	}
	for (i = 0; i < CORE_KEPT_WORDS; i++) {
		assert_int_equal(words[i], 0);
	}
	ask_bus(&bus);
	assert_int_equal(bus.sends, 1);
	assert_null(core_broken(bus.two.world.core));
	free(bus.two.world.memory);
}

/* The first and the last number, the first and the last address, the last channel, and not a word
 * behind the last one. */
static void every_word_has_its_place(void **state)
{
	static uint64_t guarded[CORE_KEPT_WORDS + 1];
	struct two two = two_programs(1);

	(void)state;
	guarded[WORD_OF(0, 0x20)] = 1;
	guarded[WORD_OF(11, 0x02)] = UINT64_C(1) << 63;
	guarded[WORD_OF(11, 0xFE)] = 3;
	guarded[CORE_KEPT_WORDS] = 7;
	core_keep_numbers(two.world.core, guarded);
	assert_int_equal(taken(two.world.core, 0, 0x20), 1);
	assert_int_equal(taken(two.world.core, 11, 0x02), 1);
	assert_int_equal(taken(two.world.core, 11, 0xFE), 2);
	assert_int_equal(guarded[WORD_OF(0, 0x20)], 1);
	assert_int_equal(guarded[CORE_KEPT_WORDS], 7);
	free(two.world.memory);
}

/* 128 of them come back at the same moment: half of them in one step, which says that it is not
 * done. */
static void one_step_ends_the_rest_of_so_many(void **state)
{
	static struct bus bus;
	struct core *core;

	(void)state;
	memset(words, 0, sizeof(words));
	words[WORD_OF(7, SLOT_10)] = UINT64_MAX;
	words[WORD_OF(7, 0xB4)] = UINT64_MAX;
	kept_bus(&bus, true);
	core = bus.two.world.core;
	later(&bus, SECONDS(5));
	assert_int_equal(taken(core, 7, SLOT_10) + taken(core, 7, 0xB4), 64);
	assert_true(core_deadline(core) <= bus.two.world.now_ns);
	later(&bus, 0);
	assert_int_equal(taken(core, 7, SLOT_10) + taken(core, 7, 0xB4), 0);
	free(bus.two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_kept_from_its_transmission_until_its_rest_ends),
		cmocka_unit_test(numbers_that_never_reach_a_bus_are_not_kept),
		cmocka_unit_test(what_is_found_rests_and_is_forgotten_then),
		cmocka_unit_test(nothing_else_in_it_is_believed),
		cmocka_unit_test(every_word_has_its_place),
		cmocka_unit_test(one_step_ends_the_rest_of_so_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
