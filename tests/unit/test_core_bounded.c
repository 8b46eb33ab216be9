/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every call of the core does bounded work (interfaces.md section 1). The core is
 * compiled so that each of its basic blocks reports in; with 65,536 requests of
 * 8,192 handles waiting, no single call may pass through more than BLOCKS_MAX.
 * Whoever walks through all requests, or all handles, needs several times that.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "core/core.h"

#define HANDLES 8192u
#define CREDIT 8u
#define REQUESTS (HANDLES * CREDIT)

/* The dearest honest call: 16 handles' alarms, each with CREDIT requests to answer, and 64 pieces
 * of what has been closed. One block for each handle would be as many again. */
#define BLOCKS_MAX 8000u

static uint64_t blocks;

/* The compiler calls it at the start of each block of the core. */
void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
	blocks++;
}

struct world {
	struct core *core;
	void *memory;
	uint64_t now_ns, dearest, calls;
	const char *dearest_call;
	uint64_t answers, events, transmissions;
	uint32_t client[HANDLES], handle[HANDLES];
	uint32_t last_transmission;
};

static void counted(struct world *world, const char *call)
{
	world->calls++;
	if (blocks > world->dearest) {
		world->dearest = blocks;
		world->dearest_call = call;
	}
}

static int step(struct world *world, struct core_event *event, const char *call)
{
	int result;

	event->now_ns = world->now_ns;
	blocks = 0;
	result = core_step(world->core, event);
	counted(world, call);
	return result;
}

static bool next(struct world *world, struct core_action *action)
{
	bool more;

	blocks = 0;
	more = core_next(world->core, action);
	counted(world, "core_next");
	return more;
}

/* Does what the core wants, and comes back as long as its deadline is now. */
static void settle(struct world *world)
{
	struct core_event time = {.type = CORE_EVENT_TIME};
	struct core_action action;

	for (;;) {
		while (next(world, &action)) {
			if (action.type == CORE_ACTION_TRANSMIT) {
				world->transmissions++;
				world->last_transmission = action.transmit.transmission;
			} else if (action.type == CORE_ACTION_DELIVER) {
				world->answers += action.deliver.kind == CORE_DELIVERY_ANSWER;
				world->events += action.deliver.kind == CORE_DELIVERY_EVENT;
			}
			blocks = 0;
			core_done(world->core, action.id, 0);
			counted(world, "core_done");
		}
		if (core_deadline(world->core) > world->now_ns) {
			return;
		}
		assert_int_equal(step(world, &time, "time"), 0);
	}
}

static void bounded(struct world *world)
{
	assert_null(core_broken(world->core));
	print_message("%llu calls, the dearest passed %llu blocks (%s)\n",
		(unsigned long long)world->calls, (unsigned long long)world->dearest,
		world->dearest_call);
	/* The instrument works at all. */
	assert_true(world->dearest > 10);
	assert_true(world->dearest <= BLOCKS_MAX);
	free(world->memory);
	free(world);
}

static void open_handle(struct world *world, uint32_t i, uint32_t client, bool events)
{
	struct core_event open = {.type = CORE_EVENT_HANDLE_OPEN};
	struct core_event set = {.type = CORE_EVENT_SUBSCRIBE};
	const struct core_clause all = core_clause_of(CORE_ASYNC(VIPMI_ASYNC_EVENT));

	open.handle_open.client = client;
	open.handle_open.class = VIPMI_CLASS_NORMAL;
	assert_int_equal(step(world, &open, "open"), 0);
	world->client[i] = client;
	world->handle[i] = open.handle_open.ret_handle;
	if (events) {
		set.subscribe.client = client;
		set.subscribe.handle = world->handle[i];
		set.subscribe.clauses = &all;
		set.subscribe.count = 1;
		assert_int_equal(step(world, &set, "subscribe"), 0);
	}
}

/* Every handle open, of one client or of one each; the link up with a window of one. */
static struct world *crowd(bool one_client, bool events)
{
	const struct core_limits limits = {
		.handles_max = HANDLES, .requests_max = REQUESTS, .credit_max = CREDIT};
	struct core_event client = {.type = CORE_EVENT_CLIENT_OPEN};
	struct core_event up = {.type = CORE_EVENT_LINK_UP};
	struct world *world = calloc(1, sizeof(*world));
	size_t size = core_size(&limits);
	uint32_t i;

	assert_non_null(world);
	assert_int_equal(posix_memalign(&world->memory, 64, size), 0);
	assert_int_equal(core_init(world->memory, size, &limits, 0, &world->core), 0);
	up.link_up.window = 1;
	assert_int_equal(step(world, &up, "link up"), 0);
	for (i = 0; i < HANDLES; i++) {
		if (i == 0 || !one_client) {
			assert_int_equal(step(world, &client, "client open"), 0);
		}
		open_handle(world, i, client.client_open.ret_client, events);
	}
	settle(world);
	return world;
}

/* Fills the pool: each handle asks as often as it may. */
static void everybody_asks(struct world *world, uint32_t budget_ms)
{
	struct core_event ask = {.type = CORE_EVENT_REQUEST};
	uint32_t i, n;

	ask.request.netfn = VIPMI_NETFN_APP;
	ask.request.command = 0x01;
	ask.request.class = 0xFF;
	ask.request.budget_ms = budget_ms;
	for (n = 0; n < CREDIT; n++) {
		for (i = 0; i < HANDLES; i++) {
			ask.request.client = world->client[i];
			ask.request.handle = world->handle[i];
			assert_int_equal(step(world, &ask, "request"), 0);
		}
	}
	settle(world);
}

static void a_link_that_dies_with_everything_waiting(void **state)
{
	struct world *world = crowd(false, false);
	struct core_event event = {.type = CORE_EVENT_LINK_DOWN};

	(void)state;
	everybody_asks(world, 1000);
	assert_int_equal(step(world, &event, "link down"), 0);
	settle(world);
	event = (struct core_event){.type = CORE_EVENT_LINK_UP};
	assert_int_equal(step(world, &event, "link up"), 0);
	settle(world);
	event = (struct core_event){.type = CORE_EVENT_CONTROLLER_RESET};
	assert_int_equal(step(world, &event, "reset"), 0);
	settle(world);
	bounded(world);
}

static void every_deadline_at_the_same_moment(void **state)
{
	struct world *world = crowd(false, false);

	(void)state;
	everybody_asks(world, 1000);
	world->now_ns = NSEC_PER_SEC_U64;
	settle(world);
	assert_int_equal(world->answers, REQUESTS);
	bounded(world);
}

static void a_client_with_everything_leaves(void **state)
{
	struct world *world = crowd(true, true);
	struct core_event event = {.type = CORE_EVENT_CLIENT_CLOSE};
	struct core_status status;

	(void)state;
	everybody_asks(world, 1000);
	event.client.client = world->client[0];
	assert_int_equal(step(world, &event, "client close"), 0);
	settle(world);
	core_status(world->core, &status);
	assert_int_equal(status.requests, 0);
	assert_int_equal(status.handles, 0);
	bounded(world);
}

static void everybody_subscribed_and_an_event(void **state)
{
	static const uint8_t image[16] = {1};
	struct world *world = crowd(false, true);
	struct core_event event = {.type = CORE_EVENT_MESSAGE};

	(void)state;
	event.message.kind = 1;
	event.message.data = image;
	event.message.length = sizeof(image);
	assert_int_equal(step(world, &event, "message"), 0);
	settle(world);
	assert_int_equal(world->events, HANDLES);
	bounded(world);
}

static void everybody_waits_for_credit(void **state)
{
	struct world *world = crowd(false, false);
	struct core_event event = {.type = CORE_EVENT_CREDIT_WANTED};
	uint32_t i;

	(void)state;
	everybody_asks(world, 1000);
	for (i = 0; i < HANDLES; i++) {
		event.handle.client = world->client[i];
		event.handle.handle = world->handle[i];
		assert_int_equal(step(world, &event, "credit wanted"), 0);
	}
	world->now_ns = NSEC_PER_SEC_U64;
	settle(world);
	bounded(world);
}

static void answers_one_by_one(void **state)
{
	static const uint8_t ok[] = {0, 0x20};
	struct world *world = crowd(false, false);
	struct core_event event = {.type = CORE_EVENT_RECEIVED};
	uint32_t i;

	(void)state;
	everybody_asks(world, 3600000);
	for (i = 0; i < 3 * HANDLES; i++) {
		event.received.transmission = world->last_transmission;
		event.received.netfn = VIPMI_NETFN_APP | 1;
		event.received.command = 0x01;
		event.received.data = ok;
		event.received.length = sizeof(ok);
		world->now_ns += NSEC_PER_USEC_U64;
		assert_int_equal(step(world, &event, "response"), 0);
		settle(world);
	}
	assert_int_equal(world->answers, 3 * HANDLES);
	bounded(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_that_dies_with_everything_waiting),
		cmocka_unit_test(every_deadline_at_the_same_moment),
		cmocka_unit_test(a_client_with_everything_leaves),
		cmocka_unit_test(everybody_subscribed_and_an_event),
		cmocka_unit_test(everybody_waits_for_credit),
		cmocka_unit_test(answers_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
