/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvipmi's subscriptions: what is asked for, what is told, and how they get
 * over a restart of the agent.
 */
#include "tests/unit/client_harness.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct seen {
	int events, losses, ends, others;
	uint64_t last_number, lost;
	int error;
	uint32_t holder;
};

static void see(void *context, const struct vipmi_event *event)
{
	struct seen *seen = context;

	if (event->kind == VIPMI_EVENT_SEL) {
		seen->events++;
		seen->last_number = event->number;
	} else if (event->kind == VIPMI_EVENT_LOSS) {
		seen->losses++;
		seen->lost = event->lost;
	} else if (event->kind == VIPMI_EVENT_ENDED) {
		seen->ends++;
		seen->error = event->error;
		seen->holder = event->holder;
	} else {
		seen->others++;
	}
}

static void send_events(unsigned int count)
{
	uint8_t data[3] = {(uint8_t)(count >> 8), (uint8_t)count};
	struct vipmi_request request = order(FAKE_EVENTS, data);
	struct vipmi_answer answer;

	assert_int_equal(vipmi_command(handle, &request, &answer), 0);
}

static struct vipmi_subscription options(void)
{
	return (struct vipmi_subscription){.size = sizeof(struct vipmi_subscription)};
}

/* ---- what is asked for ---- */

static void every_field_of_a_filter_reaches_the_agent(void **state)
{
	struct vipmi_clause clauses[4] = {vipmi_clause_make(VIPMI_CLAUSE_KIND(VIPMI_EVENT_SEL)),
		{VIPMI_CLAUSE_KIND(VIPMI_EVENT_REQUEST) | VIPMI_CLAUSE_KIND(VIPMI_EVENT_CHASSIS),
			VIPMI_CLAUSE_DEASSERTED, 2, 0, 0x8001, 0x21, 0x30, 0x2C, 0x05, 0x07, 0xB4},
		vipmi_clause_make(0xFE), vipmi_clause_make(0x02)};
	struct vipmi_subscription asked = options();
	struct vipmi_subscribed got;
	struct seen seen = {0};
	const struct socket_clause *clause = &agent.last.clauses[1];

	(void)state;
	asked.clauses = clauses;
	asked.clauses_count = 4;
	asked.exclusive = 1;
	asked.start = VIPMI_START_OLDEST;
	agent.next_event = 42;
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, &got), 0);
	assert_int_equal(got.next, 42);
	assert_int_equal(got.gap, 0);
	fake_agent_stop(&agent);
	assert_int_equal(agent.last.count, 4);
	assert_true(agent.last.exclusive);
	assert_int_equal(agent.last.from, VIPMI_FROM_OLDEST);
	assert_int_equal(agent.last.clauses[0].sensor_type, VIPMI_ANY);
	assert_int_equal(agent.last.clauses[0].address, VIPMI_ANY);
	assert_int_equal(clause->kinds, 0x84);
	assert_int_equal(clause->directions, 2);
	assert_int_equal(clause->severity, 2);
	assert_int_equal(clause->offsets, 0x8001);
	assert_int_equal(clause->sensor_type, 0x21);
	assert_int_equal(clause->sensor, 0x30);
	assert_int_equal(clause->netfn, 0x2C);
	assert_int_equal(clause->command, 0x05);
	assert_int_equal(clause->channel, 0x07);
	assert_int_equal(clause->address, 0xB4);
}

static void without_options_it_asks_for_what_everybody_wants(void **state)
{
	struct seen seen = {0};

	(void)state;
	assert_int_equal(vipmi_subscribe(handle, NULL, see, &seen, NULL), 0);
	send_events(3);
	dispatch_until(&seen.events, 3);
	assert_int_equal(vipmi_unsubscribe(handle), 0);
	send_events(2);
	assert_true(vipmi_dispatch(vipmi) >= 0);
	assert_int_equal(seen.events, 3);
	fake_agent_stop(&agent);
	assert_int_equal(agent.last.count, 0);
	assert_int_equal(agent.last.from, VIPMI_FROM_NOW);
	assert_false(agent.last.exclusive);
	assert_int_equal(agent.unsubscribed, 1);
}

static void nonsense_never_leaves_the_program(void **state)
{
	struct vipmi_clause clause = vipmi_clause_make(0x02);
	struct vipmi_subscription asked = options();
	uint16_t *fields[] = {&clause.sensor_type, &clause.sensor, &clause.netfn, &clause.command,
		&clause.channel, &clause.address};
	struct seen seen = {0};

	(void)state;
	asked.clauses = &clause;
	asked.clauses_count = 1;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		*fields[i] = VIPMI_CLAUSE_ANY + 1;
		assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, NULL), -EINVAL);
		*fields[i] = VIPMI_CLAUSE_ANY;
	}
	clause.kinds = 0;
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, NULL), -EINVAL);
	clause.kinds = 0x03;
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, NULL), -EINVAL);
	clause.kinds = 0x02;
	clause.severity = 4;
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, NULL), -EINVAL);
	clause.severity = 3;
	clause.directions = 4;
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, NULL), -EINVAL);
	clause.directions = 3;
	asked.clauses_count = 5;
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, NULL), -EINVAL);
	assert_true(error_text_has("at most 4"));
	asked.clauses_count = 1;
	asked.start = VIPMI_START_AFTER + 1;
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, NULL), -EINVAL);
	asked.start = 0;
	assert_int_equal(vipmi_subscribe(handle, &asked, NULL, &seen, NULL), -EINVAL);
	asked.size = 0;
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, NULL), -EINVAL);
	fake_agent_stop(&agent);
	assert_int_equal(agent.subscribed, 0);
}

/* ---- what is told ---- */

static void a_refusal_names_the_holder_and_leaves_what_was(void **state)
{
	struct vipmi_subscription asked = options();
	struct vipmi_subscribed got;
	struct seen before = {0}, seen = {0};

	(void)state;
	assert_int_equal(vipmi_subscribe(handle, NULL, see, &before, NULL), 0);
	asked.exclusive = 1;
	agent.holder = 4711; /* the agent's thread waits for our next message */
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, &got), -EPERM);
	assert_int_equal(got.holder, 4711);
	assert_true(error_text_has("handle 4711"));
	send_events(2);
	dispatch_until(&before.events, 2);
	assert_int_equal(seen.events, 0);
}

static void a_number_of_this_agent_is_gone_on_from(void **state)
{
	struct vipmi_subscription asked = options();
	struct vipmi_subscribed got;
	struct vipmi_info info;
	struct seen seen = {0};

	(void)state;
	assert_int_equal(vipmi_get_info(vipmi, &info), 0);
	asked.start = VIPMI_START_AFTER;
	asked.number = 17;
	memcpy(asked.boot_id, info.boot_id, sizeof(asked.boot_id));
	agent.gap = 5;
	agent.next_event = 23;
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, &got), 0);
	assert_int_equal(got.next, 23);
	assert_int_equal(got.gap, 5);
	assert_true(vipmi_dispatch(vipmi) >= 0);
	assert_int_equal(seen.losses, 0); /* the agent itself tells what it can count */
}

static void a_number_of_another_agent_is_told_as_unknown(void **state)
{
	struct vipmi_subscription asked = options();
	struct vipmi_subscribed got;
	struct seen seen = {0};

	(void)state;
	asked.start = VIPMI_START_AFTER;
	asked.number = 17;
	memset(asked.boot_id, 0xEE, sizeof(asked.boot_id));
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, &got), 0);
	assert_true(got.gap == VIPMI_LOST_UNKNOWN);
	send_events(2);
	dispatch_until(&seen.losses, 1);
	dispatch_until(&seen.events, 2);
	assert_true(seen.lost == VIPMI_LOST_UNKNOWN);
}

/* Slower than the agent, which so has more than can be read at once whenever we look. */
static void see_slowly(void *context, const struct vipmi_event *event)
{
	see(context, event);
	usleep(10);
}

static void who_dispatches_loses_nothing_however_much_comes(void **state)
{
	static const uint8_t much[3] = {5000 >> 8, 5000 & 0xFF};
	struct vipmi_request request = order(FAKE_EVENTS, much);
	struct outcome outcome = {0};
	struct seen seen = {0};

	(void)state;
	assert_int_equal(vipmi_subscribe(handle, NULL, see_slowly, &seen, NULL), 0);
	assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, NULL), 0);
	dispatch_until(&seen.events, 5000);
	dispatch_until(&outcome.calls, 1);
	assert_int_equal(seen.losses, 0);
	assert_int_equal(seen.last_number, 5000);
}

/* ---- over a restart ---- */

static void after_a_restart_it_goes_on_behind_the_last_number(void **state)
{
	struct vipmi_clause clause = vipmi_clause_make(0xFE);
	struct vipmi_subscription asked = options();
	struct seen seen = {0};
	struct vipmi_answer answer;

	(void)state;
	asked.clauses = &clause;
	asked.clauses_count = 1;
	asked.exclusive = 1;
	agent.next_event = 100;
	assert_int_equal(vipmi_subscribe(handle, &asked, see, &seen, NULL), 0);
	send_events(3); /* 100, 101, 102: nobody dispatches */
	fake_agent_stop(&agent);
	agent.next_event = 1;
	fake_agent_start(&agent);
	send_events(2);
	dispatch_until(&seen.events, 5);
	assert_int_equal(seen.losses, 1);
	assert_true(seen.lost == VIPMI_LOST_UNKNOWN);
	assert_int_equal(seen.last_number, 2);
	/* The next reconnect is about this agent. */
	assert_int_equal(obey(FAKE_CRASH, &answer), -ECONNRESET);
	send_events(1);
	dispatch_until(&seen.events, 6);
	assert_int_equal(seen.losses, 1); /* the same agent: nothing is unknown */
	fake_agent_stop(&agent);
	assert_int_equal(agent.last.from, VIPMI_FROM_NUMBER);
	assert_int_equal(agent.last.number, 2);
	assert_int_equal(agent.last.boot_id, agent.boot_id);
	assert_int_equal(agent.last.count, 1);
	assert_int_equal(agent.last.clauses[0].kinds, 0xFE);
	assert_true(agent.last.exclusive);
	assert_int_equal(agent.subscribed, 3);
}

static void what_began_before_the_first_message_is_gone_on_from(void **state)
{
	struct seen seen = {0};
	struct vipmi_answer answer;

	(void)state;
	agent.next_event = 42;
	assert_int_equal(vipmi_subscribe(handle, NULL, see, &seen, NULL), 0);
	assert_int_equal(obey(FAKE_CRASH, &answer), -ECONNRESET);
	assert_int_equal(obey(0, &answer), 0);
	fake_agent_stop(&agent);
	assert_int_equal(agent.last.number, 41);
}

static void an_agent_that_goes_again_and_again_is_followed(void **state)
{
	struct seen seen = {0};
	struct vipmi_answer answer;

	(void)state;
	assert_int_equal(vipmi_subscribe(handle, NULL, see, &seen, NULL), 0);
	fake_agent_stop(&agent);
	agent.hang_ups_opened = 3;
	agent.hang_ups_subscribed = 3;
	fake_agent_start(&agent);
	while (obey(0, &answer) < 0) {
	}
	send_events(2);
	dispatch_until(&seen.events, 2);
	assert_int_equal(seen.losses, 1);
	assert_int_equal(seen.ends, 0);
	fake_agent_stop(&agent);
	assert_int_equal(agent.subscribed, 1 + 3 + 1); /* and never twice for one connection */
}

static void a_call_that_the_agent_goes_with_is_made_again(void **state)
{
	struct seen seen = {0};

	(void)state;
	fake_agent_stop(&agent);
	agent.hang_ups_subscribed = 2;
	fake_agent_start(&agent);
	assert_int_equal(vipmi_subscribe(handle, NULL, see, &seen, NULL), 0);
	send_events(1);
	dispatch_until(&seen.events, 1);
	assert_int_equal(seen.losses, 0);
	fake_agent_stop(&agent);
	assert_int_equal(agent.subscribed, 3);
}

static void a_loss_counts_as_seen(void **state)
{
	struct seen seen = {0};
	struct vipmi_answer answer;

	(void)state;
	assert_int_equal(vipmi_subscribe(handle, NULL, see, &seen, NULL), 0);
	assert_int_equal(obey(FAKE_LOSS, &answer), 0); /* 1 to 7 */
	assert_int_equal(obey(FAKE_CRASH, &answer), -ECONNRESET);
	send_events(1);
	dispatch_until(&seen.events, 1);
	assert_int_equal(seen.lost, 7);
	fake_agent_stop(&agent);
	assert_int_equal(agent.last.number, 7);
}

static void one_that_cannot_go_on_is_told_so(void **state)
{
	struct seen seen = {0};
	struct vipmi_answer answer;

	(void)state;
	assert_int_equal(vipmi_subscribe(handle, NULL, see, &seen, NULL), 0);
	fake_agent_stop(&agent);
	agent.holder = 9;
	fake_agent_start(&agent);
	dispatch_until(&seen.ends, 1);
	assert_int_equal(seen.error, -EPERM);
	assert_int_equal(seen.holder, 9);
	assert_int_equal(obey(FAKE_CRASH, &answer), -ECONNRESET);
	assert_int_equal(obey(0, &answer), 0);
	fake_agent_stop(&agent);
	assert_int_equal(agent.subscribed, 2); /* it was over, and stayed so */
}

static void one_whose_handle_is_refused_is_told_so(void **state)
{
	struct seen seen = {0};

	(void)state;
	assert_int_equal(vipmi_subscribe(handle, NULL, see, &seen, NULL), 0);
	fake_agent_stop(&agent);
	agent.refuse_opens = true;
	fake_agent_start(&agent);
	dispatch_until(&seen.ends, 1);
	assert_int_equal(seen.error, -ENOSPC);
}

static void one_that_was_ended_is_not_taken_up_again(void **state)
{
	struct seen seen = {0};
	struct vipmi_answer answer;

	(void)state;
	assert_int_equal(vipmi_subscribe(handle, NULL, see, &seen, NULL), 0);
	assert_int_equal(vipmi_unsubscribe(handle), 0);
	assert_int_equal(vipmi_unsubscribe(handle), 0);
	assert_int_equal(obey(FAKE_CRASH, &answer), -ECONNRESET);
	assert_int_equal(obey(0, &answer), 0);
	fake_agent_stop(&agent);
	assert_int_equal(agent.subscribed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_handle(every_field_of_a_filter_reaches_the_agent),
		with_handle(without_options_it_asks_for_what_everybody_wants),
		with_handle(nonsense_never_leaves_the_program),
		with_handle(a_refusal_names_the_holder_and_leaves_what_was),
		with_handle(a_number_of_this_agent_is_gone_on_from),
		with_handle(a_number_of_another_agent_is_told_as_unknown),
		with_handle(who_dispatches_loses_nothing_however_much_comes),
		with_handle(after_a_restart_it_goes_on_behind_the_last_number),
		with_handle(what_began_before_the_first_message_is_gone_on_from),
		with_handle(an_agent_that_goes_again_and_again_is_followed),
		with_handle(a_call_that_the_agent_goes_with_is_made_again),
		with_handle(a_loss_counts_as_seen),
		with_handle(one_that_cannot_go_on_is_told_so),
		with_handle(one_whose_handle_is_refused_is_told_so),
		with_handle(one_that_was_ended_is_not_taken_up_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
