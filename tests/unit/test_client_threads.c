/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvipmi used by many threads at once, on one connection and one handle. Also
 * built with ThreadSanitizer (suite "threads").
 */
#include "tests/unit/client_harness.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 150

/* Assertions of cmocka are for the main thread: the others count what went wrong. */
static atomic_int wrong, good, reset, called_back;
static atomic_bool stop;

static void *run_threads(void *(*run)(void *context))
{
	pthread_t threads[THREADS];

	for (uintptr_t i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, run, (void *)i), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	return NULL;
}

static int counters_zero(void **state)
{
	wrong = good = reset = called_back = 0;
	stop = false;
	return handle_up(state);
}

/* Each thread's answers are its own: the fake gives back what was sent, some of it later. */
static void ask(uintptr_t thread, int round)
{
	uint8_t data[3] = {(uint8_t)(round % 3), (uint8_t)thread, (uint8_t)round};
	struct vipmi_request request = order(round % 4 ? 0 : FAKE_LATER, data);
	struct vipmi_answer answer;
	int result = vipmi_command(handle, &request, &answer);

	if (result == 0 && answer.length == 3 && memcmp(answer.data, data, 3) == 0) {
		good++;
	} else if (result == -ECONNRESET && answer.sent == VIPMI_SENT_UNKNOWN) {
		reset++;
	} else {
		wrong++;
	}
}

static void *ask_often(void *context)
{
	for (int round = 0; round < ROUNDS; round++) {
		ask((uintptr_t)context, round);
	}
	return NULL;
}

static void blocking_calls_overlap_and_each_gets_its_own_answer(void **state)
{
	(void)state;
	run_threads(ask_often);
	assert_int_equal(wrong, 0);
	assert_int_equal(good, THREADS * ROUNDS);
}

static void *ask_until_stopped(void *context)
{
	for (int round = 0; !stop; round++) {
		ask((uintptr_t)context, round);
	}
	return NULL;
}

static void restarts_end_calls_clearly_and_all_go_on(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++) {
		assert_int_equal(
			pthread_create(&threads[i], NULL, ask_until_stopped, (void *)i), 0);
	}
	for (int i = 0; i < 5; i++) {
		int before = good;

		fake_agent_stop(&agent);
		usleep(10000);
		fake_agent_start(&agent);
		for (int waited = 0; good < before + THREADS * 5 && waited < PATIENCE_MS;
			waited++) {
			usleep(1000);
		}
		assert_true(good >= before + THREADS * 5);
	}
	stop = true;
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	assert_int_equal(wrong, 0);
}

static void count(void *context, const struct vipmi_answer *answer)
{
	const uint8_t *expected = context;

	if (answer->error || answer->length != 3 || answer->data[0] != *expected) {
		wrong++;
	}
	called_back++;
}

static void *submit_often(void *context)
{
	static const uint8_t mine[THREADS][3] = {
		{0, 0}, {1, 1}, {2, 2}, {3, 3}, {4, 4}, {5, 5}, {6, 6}, {7, 7}};
	uintptr_t thread = (uintptr_t)context;
	struct vipmi_request request = order(thread % 2 ? FAKE_LATER : 0, mine[thread]);

	request.flags = VIPMI_REQUEST_WAIT;
	for (int round = 0; round < ROUNDS; round++) {
		if (vipmi_submit(handle, &request, count, (void *)(uintptr_t)mine[thread], NULL)) {
			wrong++;
		}
		if (round % 16 == 0) {
			ask(thread, round);
		}
	}
	return NULL;
}

static void *dispatch_until_stopped(void *context)
{
	(void)context;
	while (!stop) {
		if (vipmi_wait(vipmi, 5) < 0) {
			wrong++;
			break;
		}
	}
	return NULL;
}

static void submitting_blocking_and_dispatching_go_together(void **state)
{
	pthread_t dispatcher;

	(void)state;
	assert_int_equal(pthread_create(&dispatcher, NULL, dispatch_until_stopped, NULL), 0);
	run_threads(submit_often);
	for (int waited = 0; called_back < THREADS * ROUNDS && waited < PATIENCE_MS; waited++) {
		usleep(1000);
	}
	stop = true;
	assert_int_equal(pthread_join(dispatcher, NULL), 0);
	assert_int_equal(called_back, THREADS * ROUNDS);
	assert_int_equal(wrong, 0);
	fake_agent_stop(&agent);
	assert_in_range(agent.outstanding_max, 1, agent.credit_max);
}

static void count_outcome(void *context, const struct vipmi_answer *answer)
{
	(void)context;
	if (answer->error != 0 && answer->error != -ECANCELED) {
		wrong++;
	}
	called_back++;
}

static void see(void *context, const struct vipmi_event *event)
{
	(void)context;
	(void)event;
}

/* Handles come and go, with requests on them, while others ask, list and cancel. */
static void *come_and_go(void *context)
{
	static const uint8_t later[3] = {3};
	struct vipmi_request request = order(FAKE_LATER, later);

	for (int round = 0; round < ROUNDS / 5; round++) {
		struct vipmi_handle *own;
		uint64_t id;

		ask((uintptr_t)context, round);
		if (vipmi_handle_open(vipmi, NULL, &own) < 0) {
			wrong++;
			continue;
		}
		for (int i = 0; i < 3; i++) {
			wrong += vipmi_submit(own, &request, count_outcome, NULL, &id) != 0;
		}
		(void)vipmi_cancel(own, id);
		wrong += vipmi_handle_events(own, see, NULL) != 0;
		wrong += vipmi_kick(vipmi, 4711) != 0;
		vipmi_handle_close(own);
	}
	return NULL;
}

static void handles_come_and_go_in_all_threads(void **state)
{
	(void)state;
	run_threads(come_and_go);
	assert_int_equal(wrong, 0);
	assert_int_equal(called_back, THREADS * (ROUNDS / 5) * 3);
	ask(0, 0); /* the agent has read everything before this */
	fake_agent_stop(&agent);
	assert_int_equal(agent.opened, 1 + THREADS * (ROUNDS / 5));
	assert_int_equal(agent.closed, agent.opened - 1);
}

static void *block_for_ever(void *context)
{
	struct vipmi_request request = order(FAKE_SILENT, NULL);
	struct vipmi_answer answer;

	(void)context;
	request.timeout_ms = PATIENCE_MS;
	if (vipmi_command(handle, &request, &answer) == -ECANCELED) {
		good++;
	} else {
		wrong++;
	}
	return NULL;
}

static void closing_ends_blocked_calls_of_other_threads(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_create(&threads[i], NULL, block_for_ever, NULL), 0);
	}
	while (agent.requests < THREADS) {
		usleep(1000);
	}
	vipmi_handle_close(handle);
	for (int i = 0; i < THREADS; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	}
	assert_int_equal(wrong, 0);
	assert_int_equal(good, THREADS);
}

static atomic_int blocked_thread;

static void *block_in_credit(void *context)
{
	blocked_thread = gettid();
	return block_for_ever(context);
}

/* Whether the thread sleeps, which it does only when it waits for its answer or for credit. */
static bool sleeps(pid_t thread)
{
	char path[64], status[512] = "";
	FILE *file;
	const char *name_end;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)thread);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(status, 1, sizeof(status) - 1, file) > 0);
	fclose(file);
	name_end = strrchr(status, ')');
	return name_end && name_end[2] == 'S';
}

static void closing_ends_calls_that_wait_for_credit(void **state)
{
	struct vipmi_request request = order(FAKE_SILENT, NULL);
	pthread_t thread;

	(void)state;
	for (unsigned int i = 0; i < agent.credit_max; i++) {
		assert_int_equal(vipmi_submit(handle, &request, count_outcome, NULL, NULL), 0);
	}
	blocked_thread = 0;
	assert_int_equal(pthread_create(&thread, NULL, block_in_credit, NULL), 0);
	while (blocked_thread == 0 || !sleeps(blocked_thread)) {
		usleep(1000);
	}
	vipmi_handle_close(handle);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(good, 1);
	assert_int_equal(called_back, agent.credit_max);
}

/* Stops after half the time that other threads block for. */
static void *give_up_later(void *context)
{
	(void)context;
	for (int waited = 0; !stop && waited < PATIENCE_MS / 2; waited += 10) {
		usleep(10000);
	}
	stop = true;
	return NULL;
}

/* A socket that one thread has filled is written on by the one that blocks. */
static void the_reader_writes_what_did_not_fit(void **state)
{
	static struct outcome outcome;
	unsigned int count;
	pthread_t thread;

	(void)state;
	reconnect_with_credit(2000);
	assert_int_equal(pthread_create(&thread, NULL, block_for_ever, NULL), 0);
	while (agent.requests < 1) {
		usleep(1000);
	}
	count = fill_the_socket(&outcome) + 1;
	for (int waited = 0; agent.requests < count && waited < PATIENCE_MS / 2; waited++) {
		usleep(1000);
	}
	assert_int_equal(agent.requests, count);
	vipmi_handle_close(handle);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(good, 1);
}

/* The reader's own deadline is far; a later call's is near. */
static void a_short_deadline_does_not_wait_for_the_readers(void **state)
{
	struct vipmi_request request = order(FAKE_SILENT, NULL);
	struct vipmi_answer answer;
	pthread_t thread, timer;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, block_for_ever, NULL), 0);
	while (agent.requests < 1) {
		usleep(1000);
	}
	request.timeout_ms = 10;
	assert_int_equal(pthread_create(&timer, NULL, give_up_later, NULL), 0);
	assert_int_equal(vipmi_command(handle, &request, &answer), -ETIMEDOUT);
	assert_false(stop); /* long before the other's time is over */
	stop = true;
	assert_int_equal(pthread_join(timer, NULL), 0);
	vipmi_handle_close(handle);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(good, 1);
}

#define with_threads(test) cmocka_unit_test_setup_teardown(test, counters_zero, handle_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_threads(blocking_calls_overlap_and_each_gets_its_own_answer),
		with_threads(restarts_end_calls_clearly_and_all_go_on),
		with_threads(submitting_blocking_and_dispatching_go_together),
		with_threads(handles_come_and_go_in_all_threads),
		with_threads(closing_ends_blocked_calls_of_other_threads),
		with_threads(closing_ends_calls_that_wait_for_credit),
		with_threads(the_reader_writes_what_did_not_fit),
		with_threads(a_short_deadline_does_not_wait_for_the_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
