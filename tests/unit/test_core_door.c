/* SPDX-License-Identifier: BSD-2-Clause */
/* The door's own bounds: memory, ids, time, stale actions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#include "core_world.h"

static size_t size_of(uint32_t handles, uint32_t requests, uint32_t credit)
{
	return core_size(&(struct core_limits){
		.handles_max = handles, .requests_max = requests, .credit_max = credit});
}

static void every_limit_is_good_to_its_end(void **state)
{
	(void)state;
	assert_true(size_of(1, 1, 1) > 0);
	assert_true(size_of(8, 8, 0) > 0);
	assert_int_equal(size_of(8, 7, 0), 0);
	assert_true(size_of(8, CORE_REQUESTS_LIMIT, 0) > 0);
	assert_int_equal(size_of(8, CORE_REQUESTS_LIMIT + 1, 0), 0);
	assert_true(size_of(8, 0, CORE_CREDIT_LIMIT) > 0);
	assert_int_equal(size_of(8, 0, CORE_CREDIT_LIMIT + 1), 0);
	/* What is not given has its default. */
	assert_int_equal(size_of(0, 0, 0),
		size_of(CORE_HANDLES_DEFAULT, CORE_HANDLES_DEFAULT + CORE_REQUESTS_SHARED, 9));
	assert_int_equal(size_of(8, 0, 0), size_of(8, 8 + CORE_REQUESTS_SHARED, 7));
}

static void messages_kept_are_a_power_of_two(void **state)
{
	const size_t most = core_size(&(struct core_limits){.messages_max = CORE_MESSAGES_KEPT});

	(void)state;
	assert_true(core_size(&(struct core_limits){.messages_max = 1}) > 0);
	assert_true(core_size(&(struct core_limits){.messages_max = 2}) < most);
	assert_int_equal(core_size(&(struct core_limits){.messages_max = 3}), 0);
	assert_int_equal(core_size(&(struct core_limits){.messages_max = 48}), 0);
	assert_int_equal(
		core_size(&(struct core_limits){.messages_max = 2 * CORE_MESSAGES_KEPT}), 0);
	assert_int_equal(core_size(&(struct core_limits){0}), most);
}

static void memory_must_be_large_enough_and_aligned(void **state)
{
	const struct core_limits limits = {.handles_max = 4}, wrong = {.handles_max = UINT32_MAX};
	size_t size = core_size(&limits);
	struct core *core = NULL;
	void *memory = NULL;

	(void)state;
	assert_int_equal(size % 64, 0);
	assert_int_equal(posix_memalign(&memory, 64, size + 64), 0);
	assert_int_equal(core_init(NULL, size, &limits, 0, &core), -EINVAL);
	assert_int_equal(core_init(memory, size - 1, &limits, 0, &core), -EINVAL);
	assert_int_equal(core_init((char *)memory + 32, size, &limits, 0, &core), -EINVAL);
	assert_int_equal(core_init((char *)memory + 1, size, &limits, 0, &core), -EINVAL);
	assert_int_equal(core_init(memory, size, &wrong, 0, &core), -EINVAL);
	assert_null(core);
	assert_int_equal(core_init((char *)memory + 64, size, &limits, 0, &core), 0);
	assert_ptr_equal(core, (char *)memory + 64);
	free(memory);
}

/* All of the memory that was asked for, and nothing behind it, however much is in use. */
static void a_core_that_is_full_stays_within_its_memory(void **state)
{
	const struct core_limits limits = {.handles_max = 3, .requests_max = 7, .credit_max = 7};
	size_t size = core_size(&limits), i;
	struct world world = {.now_ns = 1000};
	uint32_t client, handle[3];
	uint8_t data[VIPMI_DATA_MAX];
	int r = 0;

	(void)state;
	memset(data, 0x5A, sizeof(data));
	assert_int_equal(posix_memalign(&world.memory, 64, size + 64), 0);
	memset(world.memory, 0xC3, size + 64);
	assert_int_equal(core_init(world.memory, size, &limits, 1000, &world.core), 0);
	client = client_new(&world, 1);
	for (i = 0; i < 3; i++) {
		assert_int_equal(handle_try(&world, client, &handle[i]), 0);
	}
	for (i = 0; r == 0; i++) {
		r = step(&world, (struct core_event){.type = CORE_EVENT_REQUEST,
					 .request = {.client = client,
						 .handle = handle[i / 5],
						 .class = VIPMI_CLASS_NORMAL,
						 .target_kind = VIPMI_TARGET_IPMB,
						 .address = (uint8_t)(0x20 + 2 * i),
						 .netfn = 6,
						 .command = 1,
						 .data = data,
						 .length = sizeof(data)}});
	}
	assert_int_equal(r, -EAGAIN);
	assert_int_equal(i, 7); /* two guaranteed ones, four shared, and the one refused */
	for (i = 0; i < CORE_RECORDS_KEPT + 10; i++) {
		assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						      .message = {.kind = VIPMI_ASYNC_REQUEST,
							      .data = data,
							      .length = CORE_MESSAGE_DATA_MAX}}),
			0);
		link_up(&world, 1);
	}
	for (i = 0; i < 64; i++) {
		assert_int_equal(((uint8_t *)world.memory)[size + i], 0xC3);
	}
	assert_null(core_broken(world.core));
	free(world.memory);
}

static void there_are_clients_beside_one_for_each_handle(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 2});
	struct core_event event = {.type = CORE_EVENT_CLIENT_OPEN};
	uint32_t first = client_new(&world, 1), i;

	(void)state;
	for (i = 1; i < 2 + CORE_CLIENTS_SPARE; i++) {
		(void)client_new(&world, i);
	}
	assert_int_equal(step(&world, event), -ENOSPC);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_CLIENT_CLOSE,
					      .client = {.client = first}}),
		0);
	i = client_new(&world, 9);
	assert_int_equal(i & 0xFFFF, first & 0xFFFF); /* its slot, not its name */
	assert_int_not_equal(i, first);
	assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_CLIENT_CLOSE,
					      .client = {.client = first}}),
		-ESTALE);
	free(world.memory);
}

static void as_many_clients_as_ids_have_slots(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = CORE_HANDLES_LIMIT});
	struct core_event event = {.type = CORE_EVENT_CLIENT_OPEN};
	uint32_t client = 0, handle = 0, i;

	(void)state;
	for (i = 0; i < CORE_HANDLES_LIMIT; i++) {
		client = client_new(&world, i);
		assert_int_equal(client, 0x10000 + i);
	}
	assert_int_equal(step(&world, event), -ENOSPC);
	for (i = 0; i < CORE_HANDLES_LIMIT; i++) {
		assert_int_equal(handle_try(&world, client, &handle), 0);
		assert_int_equal(handle, 0x10000 + i);
	}
	assert_int_equal(handle_try(&world, client, &handle), -ENOSPC);
	assert_int_equal(ask(&world, client, handle, 1), 0);
	free(world.memory);
}

static void generations_wrap_and_skip_zero(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 1});
	uint32_t client = client_new(&world, 1), handle = 0, first = 0, i;

	(void)state;
	for (i = 1; i <= UINT16_MAX + 1; i++) {
		assert_int_equal(handle_try(&world, client, &handle), 0);
		first = i == 1 ? handle : first;
		assert_int_equal(handle, i == UINT16_MAX + 1 ? first : i << 16);
		assert_int_equal(
			step(&world, (struct core_event){.type = CORE_EVENT_HANDLE_CLOSE,
					     .handle = {.client = client, .handle = handle}}),
			0);
		assert_int_equal(ask(&world, client, handle, 1), -ESTALE);
	}
	free(world.memory);
}

static uint64_t stale(const struct world *world)
{
	struct core_status status;

	core_status(world->core, &status);
	return status.counters[CORE_COUNTER_actions_stale];
}

static void completions_of_what_is_not_open_are_counted(void **state)
{
	static const uint8_t ok[] = {0};
	struct two two = two_programs(1);
	struct core_action transmit, deliver;

	(void)state;
	assert_int_equal(ask(&two.world, two.client[0], two.handle[0], 1), 0);
	transmit = pull(&two.world, CORE_ACTION_TRANSMIT);
	core_done(two.world.core, transmit.id + 1, 0);                   /* another generation */
	core_done(two.world.core, transmit.id + (UINT64_C(1) << 32), 0); /* another place */
	core_done(two.world.core, UINT64_C(1) << 56 | UINT64_C(288) << 32 | 1, 0);
	core_done(two.world.core, UINT64_C(1) << 56 | UINT64_C(287) << 32 | 1, 0);
	assert_int_equal(stale(&two.world), 4);
	respond(&two.world, &transmit, ok, 1);
	core_done(two.world.core, transmit.id, 0);
	assert_int_equal(stale(&two.world), 5);
	core_done(two.world.core, UINT64_C(2) << 56 | 1, 0); /* an answer not pulled */
	assert_int_equal(stale(&two.world), 6);
	deliver = pull(&two.world, CORE_ACTION_DELIVER);
	core_done(two.world.core, deliver.id + 1, 0);
	core_done(two.world.core, deliver.id + (UINT64_C(1) << 32), 0);
	assert_int_equal(stale(&two.world), 8);
	core_done(two.world.core, deliver.id, 0);
	core_done(two.world.core, deliver.id, 0);
	assert_int_equal(stale(&two.world), 9);
	core_done(two.world.core, UINT64_C(3) << 56 | 1, 0); /* no message is handed over */
	core_done(two.world.core, UINT64_C(3) << 56 | UINT64_C(2) << 32 | 1, 0);
	assert_int_equal(stale(&two.world), 11);
	core_done(two.world.core, UINT64_C(4) << 56, 0); /* credit has nothing to complete */
	assert_int_equal(stale(&two.world), 11);
	core_done(two.world.core, UINT64_C(5) << 56, 0); /* nor has a registration */
	core_done(two.world.core, UINT64_C(6) << 56, 0); /* nor a mode */
	assert_int_equal(stale(&two.world), 11);
	core_done(two.world.core, UINT64_C(7) << 56, 0);
	core_done(two.world.core, 0, 0);
	assert_int_equal(stale(&two.world), 13);
	assert_null(core_broken(two.world.core));
	free(two.world.memory);
}

static void a_message_in_hand_is_completed_once(void **state)
{
	const struct core_clause clause = core_clause_of(CORE_ASYNC_ALL);
	struct two two = two_programs(1);
	struct core_action action;
	int i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_SUBSCRIBE,
							  .subscribe = {.client = two.client[i],
								  .handle = two.handle[i],
								  .clauses = &clause,
								  .count = 1}}),
			0);
	}
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						  .message = {.kind = VIPMI_ASYNC_EVENT}}),
		0);
	action = pull(&two.world, CORE_ACTION_DELIVER);
	assert_int_equal(action.deliver.handle, two.handle[0]);
	core_done(two.world.core, action.id + 1, 0);
	core_done(two.world.core, action.id + (UINT64_C(1) << 32), 0); /* the other's: not yet */
	assert_int_equal(stale(&two.world), 2);
	core_done(two.world.core, action.id, 0);
	core_done(two.world.core, action.id, 0);
	assert_int_equal(stale(&two.world), 3);
	free(two.world.memory);
}

static void time_does_not_go_back(void **state)
{
	struct two two = two_programs(1);
	struct core_status status;

	(void)state;
	two.world.now_ns = 500;
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	core_status(two.world.core, &status);
	assert_int_equal(status.now_ns, 1000);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_COUNT}), -EINVAL);
	assert_int_equal(core_deadline(two.world.core), TIME_NEVER);
	free(two.world.memory);
}

static void a_step_needs_its_client(void **state)
{
	struct two two = two_programs(1);
	uint32_t handle = 0;

	(void)state;
	assert_int_equal(handle_try(&two.world, two.client[0] + 9, &handle), -ESTALE);
	assert_int_equal(handle_try(&two.world, two.client[0] + 0x10000, &handle), -ESTALE);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_CLIENT_WRITABLE,
						  .client = {.client = two.client[1] + 1}}),
		-ESTALE);
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_CLIENT_WRITABLE,
						  .client = {.client = two.client[1]}}),
		0);
	assert_int_equal(ask(&two.world, two.client[0], two.handle[1] + 1, 1), -ESTALE);
	free(two.world.memory);
}

static int comes_up(struct core_link_capabilities link)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 1});
	int r = step(&world, (struct core_event){.type = CORE_EVENT_LINK_UP, .link_up = link});

	free(world.memory);
	return r;
}

static void a_link_has_its_ranges_and_defaults(void **state)
{
	struct two two = two_programs(0);
	struct core_status status;

	(void)state;
	core_status(two.world.core, &status);
	assert_int_equal(status.link.window, 1);
	assert_int_equal(status.link.bus_window, 1);
	assert_int_equal(status.link.data_max, VIPMI_DATA_MAX);
	assert_int_equal(status.link.own_address, 0x20);
	assert_int_equal(status.link.bus_timeout_ms, CORE_BUS_TIMEOUT_MS);
	free(two.world.memory);
	assert_int_equal(
		comes_up((struct core_link_capabilities){.window = CORE_WINDOW_MAX + 1}), -EINVAL);
	assert_int_equal(comes_up((struct core_link_capabilities){.window = CORE_WINDOW_MAX}), 0);
	assert_int_equal(
		comes_up((struct core_link_capabilities){.bus_window = CORE_BUS_WINDOW_MAX + 1}),
		-EINVAL);
	assert_int_equal(
		comes_up((struct core_link_capabilities){.bus_window = CORE_BUS_WINDOW_MAX}), 0);
	assert_int_equal(
		comes_up((struct core_link_capabilities){.data_max = VIPMI_DATA_MAX + 1}), -EINVAL);
	assert_int_equal(comes_up((struct core_link_capabilities){.data_max = VIPMI_DATA_MAX}), 0);
	assert_int_equal(comes_up((struct core_link_capabilities){.own_address = 0x21}), -EINVAL);
	assert_int_equal(comes_up((struct core_link_capabilities){.own_address = 0xFE}), 0);
}

/* One client fewer than ids have slots: as many as there are handles, and the spare ones. */
static void spare_clients_up_to_the_last_id(void **state)
{
	struct world world = world_with(
		&(struct core_limits){.handles_max = CORE_HANDLES_LIMIT - CORE_CLIENTS_SPARE - 1});
	uint32_t i;

	(void)state;
	for (i = 0; i < CORE_HANDLES_LIMIT - 1; i++) {
		(void)client_new(&world, i);
	}
	assert_int_equal(
		step(&world, (struct core_event){.type = CORE_EVENT_CLIENT_OPEN}), -ENOSPC);
	free(world.memory);
}

/* The last of the responders, of the messages and of the records keep what is theirs when all of
 * the next array is in use. */
static void the_last_of_each_array_is_nobody_elses(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 8});
	uint32_t client = client_new(&world, 1), handle = 0, i;
	struct core_sequence_info info;
	struct core_record record;
	uint64_t lost, number = 0;
	uint32_t cursor = 0;

	(void)state;
	for (i = 0; i < CORE_RESPONDERS_MAX; i++) {
		struct core_event event = {.type = CORE_EVENT_SEQUENCE_RESERVE,
			.sequence = {.client = client,
				.channel = (uint8_t)(i / 64),
				.address = (uint8_t)(2 + 2 * (i % 64)),
				.numbers = 1}};

		if (i % CORE_SEQUENCES_PER_HANDLE == 0) {
			assert_int_equal(handle_try(&world, client, &handle), 0);
		}
		event.sequence.handle = handle;
		assert_int_equal(step(&world, event), 0);
	}
	for (i = 0; i < CORE_MESSAGES_KEPT - 1; i++) {
		static const uint8_t data[CORE_MESSAGE_DATA_MAX];

		assert_int_equal(step(&world, (struct core_event){.type = CORE_EVENT_MESSAGE,
						      .message = {.kind = VIPMI_ASYNC_EVENT,
							      .channel = 0xFF,
							      .data = data,
							      .length = sizeof(data)}}),
			0);
	}
	for (i = 0; core_sequence_next(world.core, &cursor, &info); i++) {
		assert_int_equal(info.handle, 0x10000 + i / CORE_SEQUENCES_PER_HANDLE);
		assert_int_equal(info.number, 0);
	}
	assert_int_equal(i, CORE_RESPONDERS_MAX);
	assert_true(core_record_next(world.core, &number, &record, &lost));
	assert_int_equal(record.kind, CORE_RECORD_HANDLE);
	assert_int_equal(record.handle, 0x10000);
	free(world.memory);
}

static void what_a_step_takes_it_takes_without_a_word(void **state)
{
	struct world world = world_with(&(struct core_limits){.handles_max = 1});
	int i;

	(void)state;
	/* Also twice, and before it ever was up. */
	for (i = 0; i < 2; i++) {
		assert_int_equal(
			step(&world, (struct core_event){.type = CORE_EVENT_LINK_DOWN}), 0);
	}
	link_up(&world, 1);
	for (i = 0; i < 2; i++) {
		assert_int_equal(
			step(&world, (struct core_event){.type = CORE_EVENT_LINK_DOWN}), 0);
	}
	free(world.memory);
}

/* At the end of a page, with nothing behind it. */
static uint8_t *at_the_end(const uint8_t *bytes, size_t length)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + page, page, PROT_NONE), 0);
	memcpy(pages + page - length, bytes, length);
	return pages + page - length;
}

static void an_event_is_read_to_its_end_and_no_further(void **state)
{
	static const uint8_t flags[] = {0, 2}, event[17] = {0, 1, 0, 2, [16] = 0x77};
	struct two two = two_programs(1);
	struct core_message_info info;
	struct core_action action;
	uint64_t number = 1;

	(void)state;
	assert_int_equal(
		step(&two.world, (struct core_event){.type = CORE_EVENT_LINK_UP,
					 .link_up = {.owns_flags = true, .attention = true}}),
		0);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.command, 0x2F);
	respond(&two.world, &action, (const uint8_t[]){0, 0x0F}, 2);
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.command, 0x31);
	respond(&two.world, &action, flags, sizeof(flags));
	action = pull(&two.world, CORE_ACTION_TRANSMIT);
	assert_int_equal(action.transmit.command, 0x35);
	respond(&two.world, &action, at_the_end(event, sizeof(event)), sizeof(event));
	assert_true(core_message_next(two.world.core, &number, &info));
	assert_int_equal(info.length, 16);
	assert_memory_equal(info.data, event + 1, 16);
	free(two.world.memory);
}

/* The name of a registration that the shell made up: it may make some command to be told anew. */
static void a_made_up_registration_does_no_harm(void **state)
{
	struct two two = two_programs(1);
	struct core_action action;

	(void)state;
	core_done(two.world.core, UINT64_C(5) << 56 | UINT64_C(8192) << 32 | 1, -EAGAIN);
	two.world.now_ns += 20 * NSEC_PER_MSEC_U64;
	assert_int_equal(step(&two.world, (struct core_event){.type = CORE_EVENT_TIME}), 0);
	action = pull(&two.world, CORE_ACTION_REGISTER);
	assert_int_equal(action.registration.channels, 0);
	assert_false(core_next(two.world.core, &action));
	assert_null(core_broken(two.world.core));
	free(two.world.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_limit_is_good_to_its_end),
		cmocka_unit_test(messages_kept_are_a_power_of_two),
		cmocka_unit_test(memory_must_be_large_enough_and_aligned),
		cmocka_unit_test(a_core_that_is_full_stays_within_its_memory),
		cmocka_unit_test(there_are_clients_beside_one_for_each_handle),
		cmocka_unit_test(as_many_clients_as_ids_have_slots),
		cmocka_unit_test(generations_wrap_and_skip_zero),
		cmocka_unit_test(completions_of_what_is_not_open_are_counted),
		cmocka_unit_test(a_message_in_hand_is_completed_once),
		cmocka_unit_test(time_does_not_go_back),
		cmocka_unit_test(a_step_needs_its_client),
		cmocka_unit_test(a_link_has_its_ranges_and_defaults),
		cmocka_unit_test(spare_clients_up_to_the_last_id),
		cmocka_unit_test(the_last_of_each_array_is_nobody_elses),
		cmocka_unit_test(what_a_step_takes_it_takes_without_a_word),
		cmocka_unit_test(an_event_is_read_to_its_end_and_no_further),
		cmocka_unit_test(a_made_up_registration_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
