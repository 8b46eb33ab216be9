/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvipmi in an event loop: callbacks, cancelling, credit, asynchronous messages.
 */
#include "tests/unit/client_harness.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

/* ---- for event loops ---- */

static void callbacks_come_from_dispatch_and_in_the_order_of_the_answers(void **state)
{
	static const uint8_t late[3] = {200}, soon[3] = {1};
	struct vipmi_request slow = order(FAKE_LATER, late), fast = order(FAKE_LATER, soon);
	struct outcome slow_outcome = {0}, fast_outcome = {0};
	struct vipmi_answer answer;
	uint64_t slow_id, fast_id;
	struct pollfd fd;

	(void)state;
	assert_int_equal(vipmi_submit(handle, &slow, keep, &slow_outcome, &slow_id), 0);
	assert_int_equal(vipmi_submit(handle, &fast, keep, &fast_outcome, &fast_id), 0);
	assert_true(slow_id != fast_id);
	fd = (struct pollfd){.fd = vipmi_get_fd(vipmi), .events = POLLIN};
	assert_true(fd.fd >= 0);
	/* A blocking call reads the other's answer on the way, but does not call back. */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(obey(0, &answer), 0);
		usleep(1000);
	}
	assert_int_equal(fast_outcome.calls, 0);
	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	dispatch_until(&fast_outcome.calls, 1);
	assert_true(fast_outcome.answer.id == fast_id);
	dispatch_until(&slow_outcome.calls, 1);
	assert_true(fast_outcome.turn < slow_outcome.turn);
	assert_true(slow_outcome.answer.id == slow_id);
	/* Nothing is left to do. */
	assert_int_equal(poll(&fd, 1, 0), 0);
}

static void a_cancelled_request_is_called_back_once(void **state)
{
	struct vipmi_request request = order(FAKE_SILENT, NULL);
	struct outcome outcome = {0};
	uint64_t id;

	(void)state;
	assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, &id), 0);
	assert_int_equal(vipmi_cancel(handle, id), 0);
	assert_int_equal(vipmi_cancel(handle, id), 0);
	dispatch_until(&outcome.calls, 1);
	assert_int_equal(outcome.answer.error, -ECANCELED);
	assert_int_equal(vipmi_cancel(handle, id), -ENOENT);
	assert_int_equal(vipmi_cancel(handle, 4711), -ENOENT);
}

static void a_request_that_did_not_leave_is_cancelled_on_the_spot(void **state)
{
	struct vipmi_request request = order(0, NULL);
	struct outcome outcome = {0};
	uint64_t id;

	(void)state;
	fake_agent_stop(&agent);
	assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, &id), 0);
	assert_int_equal(vipmi_dispatch(vipmi), 0);
	assert_int_equal(vipmi_cancel(handle, id), 0);
	assert_int_equal(vipmi_dispatch(vipmi), 1);
	assert_int_equal(outcome.answer.error, -ECANCELED);
	assert_int_equal(outcome.answer.sent, VIPMI_SENT_NO);
}

static void time_outs_come_through_the_descriptor(void **state)
{
	struct vipmi_request request = order(0, NULL);
	struct outcome outcome = {0};

	(void)state;
	fake_agent_stop(&agent);
	request.timeout_ms = 30;
	assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, NULL), 0);
	dispatch_until(&outcome.calls, 1);
	assert_int_equal(outcome.answer.error, -ECONNREFUSED);
}

static void closing_a_handle_calls_everything_back(void **state)
{
	struct vipmi_request silent = order(FAKE_SILENT, NULL), fast = order(0, NULL);
	struct outcome silent_outcome = {0}, fast_outcome = {0};
	struct vipmi_answer answer;

	(void)state;
	assert_int_equal(vipmi_submit(handle, &silent, keep, &silent_outcome, NULL), 0);
	assert_int_equal(vipmi_submit(handle, &fast, keep, &fast_outcome, NULL), 0);
	assert_int_equal(obey(0, &answer), 0); /* the answer of `fast` is here too now */
	vipmi_handle_close(handle);
	assert_int_equal(silent_outcome.calls, 1);
	assert_int_equal(silent_outcome.answer.error, -ECANCELED);
	assert_int_equal(silent_outcome.answer.sent, VIPMI_SENT_UNKNOWN);
	assert_int_equal(fast_outcome.calls, 1);
	assert_int_equal(fast_outcome.answer.error, 0);
	assert_true(vipmi_dispatch(vipmi) >= 0);
	assert_int_equal(silent_outcome.calls, 1);
}

static void disconnecting_calls_everything_back(void **state)
{
	struct vipmi_request silent = order(FAKE_SILENT, NULL);
	struct outcome outcome = {0};

	(void)state;
	assert_int_equal(vipmi_submit(handle, &silent, keep, &outcome, NULL), 0);
	vipmi_disconnect(vipmi);
	vipmi = NULL;
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.answer.error, -ECANCELED);
}

static void close_in_callback(void *context, const struct vipmi_answer *answer)
{
	keep(context, answer);
	vipmi_handle_close(handle);
}

static void a_callback_may_close_its_handle(void **state)
{
	struct vipmi_request request = order(0, NULL);
	struct outcome outcome = {0};

	(void)state;
	assert_int_equal(vipmi_submit(handle, &request, close_in_callback, &outcome, NULL), 0);
	dispatch_until(&outcome.calls, 1);
}

static void an_event_loop_gets_over_a_restart(void **state)
{
	struct vipmi_request request = order(0, NULL);
	struct outcome outcome = {0};
	struct vipmi_info info;
	int connected = 0;

	(void)state;
	assert_true(vipmi_get_fd(vipmi) >= 0);
	fake_agent_stop(&agent);
	assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, NULL), 0);
	fake_agent_start(&agent);
	dispatch_until(&outcome.calls, 1);
	assert_int_equal(outcome.answer.error, 0);
	/* And over one in which nothing is asked. */
	fake_agent_stop(&agent);
	fake_agent_start(&agent);
	for (int waited = 0; !connected && waited < PATIENCE_MS; waited += 10) {
		assert_true(vipmi_wait(vipmi, 10) >= 0);
		assert_int_equal(vipmi_get_info(vipmi, &info), 0);
		connected = info.connections == 3;
	}
	assert_true(connected);
}

static void an_agent_left_open_by_a_child_does_not_keep_the_descriptor_busy(void **state)
{
	struct pollfd fd = {.fd = vipmi_get_fd(vipmi), .events = POLLIN};
	struct vipmi_info info;
	int hold[2];
	pid_t child;

	(void)state;
	assert_int_equal(pipe(hold), 0);
	child = fork();
	if (child == 0) { /* has our end of the socket until we are done, but not the agent's */
		char byte;

		for (int i = 0; i < FAKE_CLIENTS_MAX; i++) {
			(void)close(agent.clients[i]);
		}
		close(agent.listen_fd);
		close(hold[1]);
		_exit(read(hold[0], &byte, 1) != 0);
	}
	close(hold[0]);
	fake_agent_stop(&agent);
	fake_agent_start(&agent);
	do {
		assert_true(vipmi_wait(vipmi, 10) >= 0);
		assert_int_equal(vipmi_get_info(vipmi, &info), 0);
	} while (info.connections < 2);
	for (int i = 0; i < 10 && poll(&fd, 1, 0) == 1; i++) {
		assert_true(vipmi_wait(vipmi, 100) >= 0);
	}
	assert_int_equal(poll(&fd, 1, 0), 0);
	close(hold[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

/* ---- credit and a full socket ---- */

static void credit_is_kept_and_busy_says_when_it_is_used_up(void **state)
{
	struct vipmi_request request = order(FAKE_SILENT, NULL);
	static struct outcome outcome; /* the teardown calls back what is left */
	uint64_t id[4];

	(void)state;
	reconnect_with_credit(4);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, &id[i]), 0);
	}
	assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, NULL), -EBUSY);
	request.flags = VIPMI_REQUEST_WAIT;
	request.timeout_ms = 30;
	assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, NULL), -ETIMEDOUT);
	assert_true(error_text_has("outstanding"));
	request.flags = 0;
	assert_int_equal(vipmi_cancel(handle, id[2]), 0);
	dispatch_until(&outcome.calls, 1);
	assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, NULL), 0);
}

static void waiting_for_credit_goes_on_when_there_is_some(void **state)
{
	static const uint8_t soon[3] = {1};
	struct vipmi_request request = order(FAKE_LATER, soon);
	struct outcome outcome = {0};
	struct vipmi_answer answer;

	(void)state;
	reconnect_with_credit(3);
	request.flags = VIPMI_REQUEST_WAIT;
	for (int i = 0; i < 50; i++) {
		assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, NULL), 0);
	}
	assert_int_equal(vipmi_command(handle, &request, &answer), 0);
	dispatch_until(&outcome.calls, 50);
	fake_agent_stop(&agent);
	assert_int_equal(agent.requests, 51);
	assert_int_equal(agent.outstanding_max, 3);
}

static void a_socket_that_is_full_delays_and_loses_nothing(void **state)
{
	static uint8_t filling[VIPMI_DATA_MAX];
	struct vipmi_request deaf,
		request = vipmi_request_make(VIPMI_NETFN_APP, 1, filling, sizeof(filling));
	struct outcome outcome = {0};
	static const uint8_t pause[3] = {20};

	(void)state;
	reconnect_with_credit(2000);
	deaf = order(FAKE_DEAF, pause);
	assert_int_equal(vipmi_submit(handle, &deaf, keep, &outcome, NULL), 0);
	for (int i = 0; i < 1500; i++) {
		assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, NULL), 0);
	}
	dispatch_until(&outcome.calls, 1501);
	assert_int_equal(outcome.answer.error, 0);
}

static void the_descriptor_says_when_a_full_socket_takes_more(void **state)
{
	static struct outcome outcome; /* the teardown calls back what is left */
	struct pollfd fd;
	unsigned int count;

	(void)state;
	reconnect_with_credit(2000);
	count = fill_the_socket(&outcome);
	fd = (struct pollfd){.fd = vipmi_get_fd(vipmi), .events = POLLIN};
	for (int waited = 0; agent.requests < count && waited < PATIENCE_MS / 2; waited += 10) {
		if (poll(&fd, 1, 10) == 1) { /* never without its word */
			assert_true(vipmi_dispatch(vipmi) >= 0);
		}
	}
	assert_int_equal(agent.requests, count);
}

static void a_blocking_call_goes_through_a_full_socket(void **state)
{
	static struct outcome outcome;
	struct vipmi_answer answer;

	(void)state;
	reconnect_with_credit(2000);
	(void)fill_the_socket(&outcome);
	assert_int_equal(obey(0, &answer), 0);
}

/* ---- events ---- */

struct seen {
	int events, losses, others;
	uint64_t last_number, lost;
	bool in_order;
};

static void see(void *context, const struct vipmi_event *event)
{
	struct seen *seen = context;

	if (event->kind == VIPMI_EVENT_SEL && event->length == 16) {
		seen->in_order = seen->events == 0 || event->number > seen->last_number;
		seen->last_number = event->number;
		seen->events++;
	} else if (event->kind == VIPMI_EVENT_LOSS) {
		seen->losses++;
		seen->lost = event->lost;
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

static void events_come_in_order_until_they_are_switched_off(void **state)
{
	struct seen seen = {0};
	struct vipmi_answer answer;

	(void)state;
	send_events(2); /* nobody asked */
	assert_int_equal(vipmi_handle_events(handle, see, &seen), 0);
	send_events(300);
	assert_int_equal(obey(FAKE_LOSS, &answer), 0);
	dispatch_until(&seen.losses, 1);
	assert_int_equal(seen.events, 300);
	assert_true(seen.in_order);
	assert_int_equal(seen.lost, 7);
	send_events(5);
	assert_int_equal(vipmi_handle_events(handle, NULL, NULL), 0);
	send_events(5);
	/* What came before they were switched on again is not for now. */
	assert_int_equal(vipmi_handle_events(handle, see, &seen), 0);
	assert_true(vipmi_dispatch(vipmi) >= 0);
	assert_int_equal(seen.events, 300);
	assert_int_equal(seen.others, 0);
}

static void a_program_that_does_not_dispatch_is_told_what_it_lost(void **state)
{
	struct seen seen = {0};

	(void)state;
	assert_int_equal(vipmi_handle_events(handle, see, &seen), 0);
	for (int i = 0; i < 8; i++) {
		send_events(250);
	}
	dispatch_until(&seen.losses, 1);
	assert_int_equal(seen.events + seen.lost, 2000);
	assert_int_equal(seen.events, 1023);
	send_events(3);
	dispatch_until(&seen.events, 1026);
}

static void after_a_restart_events_go_on_with_an_unknown_loss(void **state)
{
	struct seen seen = {0};

	(void)state;
	assert_int_equal(vipmi_handle_events(handle, see, &seen), 0);
	fake_agent_stop(&agent);
	assert_int_equal(agent.subscribed, 1);
	fake_agent_start(&agent);
	send_events(3);
	dispatch_until(&seen.events, 3);
	assert_int_equal(seen.losses, 1);
	assert_true(seen.lost == VIPMI_LOST_UNKNOWN);
	fake_agent_stop(&agent);
	assert_int_equal(agent.subscribed, 2);
}

static void events_that_are_refused_say_so(void **state)
{
	struct seen seen = {0};

	(void)state;
	fake_agent_stop(&agent);
	agent.refuse_events = true;
	fake_agent_start(&agent);
	assert_int_equal(vipmi_handle_events(handle, see, &seen), -EACCES);
	assert_true(error_text_has("no events for you"));
}

/* ---- devices ---- */

/* What a driver would answer, one message a read: a hello, an opened handle, an echo. */
static void *play_driver(void *context)
{
	int fd = *(const int *)context;
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct socket_message message;
	ssize_t length;

	while ((length = read(fd, bytes, sizeof(bytes))) > 0 &&
		socket_decode(bytes, (size_t)length, &message) == 0) {
		uint8_t reply[VIPMI_MESSAGE_MAX];
		struct writer writer = writer_init(reply, sizeof(reply));
		struct socket_header header = message.header;
		static const struct socket_hello hello = {
			.lowest = 1, .highest = 1, .credit_max = 2, .data_max = VIPMI_DATA_MAX};

		switch (message.header.type) {
		case VIPMI_MESSAGE_HELLO:
			socket_begin(&writer, &header);
			socket_put_hello(&writer, true, &hello);
			break;
		case VIPMI_MESSAGE_OPEN:
			header.type = VIPMI_MESSAGE_OPENED;
			header.handle = 9;
			socket_begin(&writer, &header);
			break;
		case VIPMI_MESSAGE_REQUEST:
			header.type = VIPMI_MESSAGE_ANSWER;
			header.flags = VIPMI_FLAG_SENT;
			socket_begin(&writer, &header);
			socket_put(&writer, VIPMI_EXTENSION_DATA, message.data.bytes,
				message.data.length);
			break;
		default:
			return NULL;
		}
		length = socket_end(&writer);
		if (write(fd, reply, (size_t)length) != length) {
			return NULL;
		}
	}
	return NULL;
}

/* A terminal in raw mode keeps messages apart as long as they come one at a time. */
static void a_device_is_read_and_written(void **state)
{
	static const uint8_t data[3] = {1, 2, 3};
	struct vipmi_request request = order(0, data);
	struct vipmi_handle *own = NULL;
	struct vipmi_answer answer;
	struct vipmi *device = NULL;
	struct termios raw;
	pthread_t driver;
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), slave;
	char path[64];

	(void)state;
	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	assert_int_equal(ptsname_r(master, path, sizeof(path)), 0);
	slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(slave >= 0);
	assert_int_equal(tcgetattr(slave, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
	assert_int_equal(pthread_create(&driver, NULL, play_driver, &master), 0);
	assert_int_equal(vipmi_connect(path, NULL, &device), 0);
	assert_int_equal(vipmi_handle_open(device, NULL, &own), 0);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(vipmi_command(own, &request, &answer), 0);
		assert_memory_equal(answer.data, data, sizeof(data));
	}
	vipmi_disconnect(device);
	close(slave); /* the last on this side: the driver's read ends */
	pthread_join(driver, NULL);
	close(master);
}

static void a_device_without_a_driver_is_no_agent(void **state)
{
	struct vipmi *device = NULL;

	(void)state;
	assert_int_equal(vipmi_connect("/dev/null", NULL, &device), -ECONNRESET);
	assert_true(error_text_has("/dev/null"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_handle(callbacks_come_from_dispatch_and_in_the_order_of_the_answers),
		with_handle(a_cancelled_request_is_called_back_once),
		with_handle(a_request_that_did_not_leave_is_cancelled_on_the_spot),
		with_handle(time_outs_come_through_the_descriptor),
		with_handle(closing_a_handle_calls_everything_back),
		with_handle(disconnecting_calls_everything_back),
		with_handle(a_callback_may_close_its_handle),
		with_handle(an_event_loop_gets_over_a_restart),
		with_handle(credit_is_kept_and_busy_says_when_it_is_used_up),
		with_handle(waiting_for_credit_goes_on_when_there_is_some),
		with_handle(a_socket_that_is_full_delays_and_loses_nothing),
		with_handle(the_descriptor_says_when_a_full_socket_takes_more),
		with_handle(a_blocking_call_goes_through_a_full_socket),
		with_handle(an_agent_left_open_by_a_child_does_not_keep_the_descriptor_busy),
		with_handle(events_come_in_order_until_they_are_switched_off),
		with_handle(a_program_that_does_not_dispatch_is_told_what_it_lost),
		with_handle(after_a_restart_events_go_on_with_an_unknown_loss),
		with_handle(events_that_are_refused_say_so),
		cmocka_unit_test(a_device_is_read_and_written),
		cmocka_unit_test(a_device_without_a_driver_is_no_agent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
