/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vm link and OpenIPMI's ipmi_sim, real on both sides: test_vm_sim SCRIPT,
 * where SCRIPT is tests/tools/ipmi_sim.py. Skipped where ipmi_sim is missing.
 */
#include "tests/unit/link_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SKIPPED 77

static const char *script;

struct simulator {
	char folder[40];
	uint16_t port;
	pid_t pid;
	char specification[64];
};

/* A port that nobody has now. Somebody may take it before ipmi_sim does: then the test fails,
 * loudly, which is rare enough. */
static uint16_t free_port(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	close(fd);
	return ntohs(address.sin_port);
}

static void simulator_start(struct simulator *simulator)
{
	char port[8];

	snprintf(port, sizeof(port), "%u", simulator->port);
	simulator->pid = fork();
	assert_true(simulator->pid >= 0);
	if (simulator->pid == 0) {
		if (!freopen("/dev/null", "r", stdin) || !freopen("/dev/null", "w", stdout) ||
			!freopen("/dev/null", "w", stderr)) {
			_exit(1);
		}
		execlp("python3", "python3", script, simulator->folder, port, NULL);
		_exit(1);
	}
}

static void simulator_stop(struct simulator *simulator)
{
	if (simulator->pid > 0) {
		kill(simulator->pid, SIGKILL);
		waitpid(simulator->pid, NULL, 0);
	}
	simulator->pid = 0;
}

static int set_up(void **state)
{
	struct simulator *simulator = calloc(1, sizeof(*simulator));

	snprintf(simulator->folder, sizeof(simulator->folder), "/tmp/vipmi-sim-XXXXXX");
	assert_non_null(mkdtemp(simulator->folder));
	simulator->port = free_port();
	snprintf(simulator->specification, sizeof(simulator->specification),
		"vm:127.0.0.1:%u,window=32", simulator->port);
	simulator_start(simulator);
	*state = simulator;
	return 0;
}

static int tear_down(void **state)
{
	struct simulator *simulator = *state;
	char command[64];

	simulator_stop(simulator);
	snprintf(command, sizeof(command), "rm -rf '%s'", simulator->folder);
	assert_int_equal(system(command), 0);
	free(simulator);
	return 0;
}

/* Opens the link and waits until it is up; ipmi_sim tells its attention signal at once. */
static void come_up(struct harness *harness, const struct simulator *simulator)
{
	harness_init(harness, false);
	harness_open(harness, simulator->specification);
	harness_expect(harness, CORE_EVENT_LINK_UP);
	assert_false(harness_expect(harness, CORE_EVENT_ATTENTION)->asserted);
}

/* One request and its answer; returns the completion code. */
static uint8_t ask(struct harness *harness, uint8_t netfn, uint8_t command, const void *data,
	size_t length, struct heard *ret_heard)
{
	static uint32_t transmission;

	assert_int_equal(
		harness_transmit(harness, ++transmission, netfn, command, data, length), 0);
	harness->heard_count = harness->taken = 0;
	*ret_heard = *harness_next(harness);
	/* Control commands may come first. */
	while (ret_heard->type == CORE_EVENT_ATTENTION) {
		*ret_heard = *harness_next(harness);
	}
	assert_int_equal(ret_heard->type, CORE_EVENT_RECEIVED);
	assert_int_equal(ret_heard->transmission, transmission);
	assert_int_equal(ret_heard->netfn, netfn | 1);
	assert_int_equal(ret_heard->command, command);
	return ret_heard->data[0];
}

static void real_controller_answers(void **state)
{
	struct harness harness;
	struct heard heard;

	come_up(&harness, *state);
	assert_int_equal(ask(&harness, 0x06, 0x01, NULL, 0, &heard), 0x00);
	assert_int_equal(heard.length, 16);
	assert_int_equal(heard.data[1], 0x20);
	assert_int_equal(ask(&harness, 0x06, 0xEE, NULL, 0, &heard), 0xC1);
	harness_close(&harness);
}

static void full_window_is_answered_in_full(void **state)
{
	struct harness harness;
	uint32_t sent = 0, received = 0;

	come_up(&harness, *state);
	while (received < 2000) {
		while (sent < 2000 && sent - received < 32) {
			assert_int_equal(
				harness_transmit(&harness, 1 + sent, 0x06, 0x01, NULL, 0), 0);
			sent++;
		}
		/* ipmi_sim answers in order. */
		assert_int_equal(
			harness_expect(&harness, CORE_EVENT_RECEIVED)->transmission, ++received);
		if (harness.taken == harness.heard_count) {
			harness.heard_count = harness.taken = 0;
		}
	}
	harness_close(&harness);
}

static void longest_request_that_we_send_is_taken(void **state)
{
	static const uint8_t data[255];
	struct harness harness;
	struct heard heard;

	come_up(&harness, *state);
	assert_int_equal(harness.heard[0].capabilities.data_max, sizeof(data));
	/* Refused by the controller, but by it: to FRU device 0 nothing may be written at 0. */
	(void)ask(&harness, 0x0A, 0x12, data, sizeof(data), &heard);
	harness_close(&harness);
}

static void controller_resets_its_host_and_only_the_log_knows(void **state)
{
	struct harness harness;
	struct heard heard;

	come_up(&harness, *state);
	assert_int_equal(ask(&harness, 0x00, 0x02, "\x03", 1, &heard), 0x00);
	assert_non_null(strstr(harness.log, "the controller resets its host"));
	assert_int_equal(ask(&harness, 0x06, 0x01, NULL, 0, &heard), 0x00);
	harness_close(&harness);
}

static void bridged_answer_raises_attention_and_is_fetched(void **state)
{
	/* Get Device ID for the satellite at 30h, from LUN 2 with number 5. */
	static const uint8_t send[] = {0x00, 0x30, 0x18, 0xB8, 0x20, 0x16, 0x01, 0xC9};
	bool accepted = false, attention = false;
	struct harness harness;
	struct heard heard;

	come_up(&harness, *state);
	assert_int_equal(harness_transmit(&harness, 5000, 0x06, 0x34, send, sizeof(send)), 0);
	/* In either order. */
	while (!accepted || !attention) {
		heard = *harness_next(&harness);
		accepted |= heard.type == CORE_EVENT_RECEIVED && heard.transmission == 5000;
		attention |= heard.type == CORE_EVENT_ATTENTION && heard.asserted;
	}
	assert_int_equal(ask(&harness, 0x06, 0x31, NULL, 0, &heard), 0x00);
	assert_int_equal(heard.data[1] & 1, 1);
	assert_int_equal(ask(&harness, 0x06, 0x33, NULL, 0, &heard), 0x00);
	assert_int_equal(heard.data[2], 0x07 << 2 | 2);
	assert_int_equal(heard.data[4], 0x30);
	assert_int_equal(heard.data[5] >> 2, 5);
	assert_int_equal(ask(&harness, 0x06, 0x33, NULL, 0, &heard), 0x80);
	harness_close(&harness);
}

static void second_client_waits_for_its_turn(void **state)
{
	struct harness first, second;
	struct heard heard;

	come_up(&first, *state);
	harness_init(&second, false);
	harness_open(&second, ((struct simulator *)*state)->specification);
	assert_int_equal(harness_run(&second, 700), 0);
	assert_non_null(strstr(second.log, "another client holds the port"));
	/* The first one did not notice. */
	assert_int_equal(ask(&first, 0x06, 0x01, NULL, 0, &heard), 0x00);
	harness_close(&first);
	harness_expect(&second, CORE_EVENT_LINK_UP);
	harness_close(&second);
}

static void controller_that_died_is_met_again(void **state)
{
	struct simulator *simulator = *state;
	struct harness harness;
	struct heard heard;

	come_up(&harness, simulator);
	simulator_stop(simulator);
	harness_expect(&harness, CORE_EVENT_LINK_DOWN);
	assert_int_equal(harness_run(&harness, 1000), 0);
	simulator_start(simulator);
	harness_expect(&harness, CORE_EVENT_LINK_UP);
	assert_int_equal(ask(&harness, 0x06, 0x01, NULL, 0, &heard), 0x00);
	harness_close(&harness);
}

#define WITH_SIMULATOR(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		WITH_SIMULATOR(real_controller_answers),
		WITH_SIMULATOR(full_window_is_answered_in_full),
		WITH_SIMULATOR(longest_request_that_we_send_is_taken),
		WITH_SIMULATOR(controller_resets_its_host_and_only_the_log_knows),
		WITH_SIMULATOR(bridged_answer_raises_attention_and_is_fetched),
		WITH_SIMULATOR(second_client_waits_for_its_turn),
		WITH_SIMULATOR(controller_that_died_is_met_again),
	};

	if (argc != 2 || system("command -v ipmi_sim >/dev/null") != 0) {
		fprintf(stderr, "%s\n",
			argc == 2 ? "no ipmi_sim: skipped" : "usage: test_vm_sim SCRIPT");
		return argc == 2 ? SKIPPED : 2;
	}
	script = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
