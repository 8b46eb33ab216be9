/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvipmi against an agent that does as it is told (fake_agent.h): connecting,
 * handles, blocking requests, and agents that come and go.
 */
#include "tests/unit/client_harness.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- connecting ---- */

static void connecting_tells_who_is_there(void **state)
{
	struct vipmi_info info;

	(void)state;
	assert_int_equal(vipmi_get_info(vipmi, &info), 0);
	assert_int_equal(info.connected, 1);
	assert_int_equal(info.connections, 1);
	assert_int_equal(info.capabilities, VIPMI_CAPABILITY_UP | VIPMI_CAPABILITY_SIMULATED);
	assert_int_equal(info.credit_max, 128);
	assert_int_equal(info.handles_max, FAKE_HANDLES_MAX);
	assert_int_equal(info.data_max, VIPMI_DATA_MAX);
	assert_int_equal(info.boot_id[0], 1);
	assert_string_equal(info.controller, "fake:");
	assert_string_equal(info.target, agent.path);
}

static void the_environment_names_the_target(void **state)
{
	struct vipmi *connection = NULL;

	(void)state;
	assert_int_equal(setenv("VIPMI_TARGET", agent.path, 1), 0);
	assert_int_equal(vipmi_connect(NULL, NULL, &connection), 0);
	vipmi_disconnect(connection);
	assert_int_equal(unsetenv("VIPMI_TARGET"), 0);
}

static void a_missing_agent_is_named_with_a_remedy(void **state)
{
	struct vipmi *connection = (void *)0x1;
	char path[128], long_path[200];

	(void)state;
	snprintf(path, sizeof(path), "%s/nobody", agent.directory);
	assert_int_equal(vipmi_connect(path, NULL, &connection), -ENOENT);
	assert_true(error_text_has(path));
	assert_true(error_text_has("is vipmid running?"));
	assert_ptr_equal(connection, (void *)0x1);

	fake_agent_stop(&agent); /* leaves its socket behind */
	assert_int_equal(vipmi_connect(agent.path, NULL, &connection), -ECONNREFUSED);
	assert_true(error_text_has("is vipmid running?"));

	assert_int_equal(vipmi_connect("/etc/passwd", NULL, &connection), -ENOTSOCK);
	assert_true(error_text_has("neither a socket nor a device"));

	memset(long_path, 'x', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(vipmi_connect(long_path, NULL, &connection), -ENAMETOOLONG);
	assert_true(error_text_has("107"));
}

static void permission_denied_names_the_group(void **state)
{
	struct vipmi *connection = NULL;

	(void)state;
	assert_int_equal(chmod(agent.directory, 0700), 0);
	if (geteuid() != 0) {
		skip(); /* only root can become somebody who is not allowed */
	}
	assert_int_equal(seteuid(65534), 0);
	assert_int_equal(vipmi_connect(agent.path, NULL, &connection), -EACCES);
	assert_int_equal(seteuid(0), 0);
	assert_true(error_text_has("join the group vipmi"));
}

static void an_agent_that_says_nothing_times_out(void **state)
{
	struct vipmi_options options = {.size = sizeof(options), .timeout_ms = 50};
	struct vipmi *connection = NULL;

	(void)state;
	fake_agent_stop(&agent);
	agent.mute = true;
	fake_agent_start(&agent);
	assert_int_equal(vipmi_connect(agent.path, &options, &connection), -ETIMEDOUT);
	assert_true(error_text_has("does it hang?"));
}

static void somebody_else_is_refused(void **state)
{
	struct vipmi *connection = NULL;

	(void)state;
	fake_agent_stop(&agent);
	agent.no_hello = true;
	fake_agent_start(&agent);
	assert_int_equal(vipmi_connect(agent.path, NULL, &connection), -EPROTO);
	assert_true(error_text_has("not vipmid's"));
}

static void another_version_is_refused(void **state)
{
	struct vipmi *connection = NULL;

	(void)state;
	fake_agent_stop(&agent);
	agent.version = VIPMI_PROTOCOL_VERSION_HIGHEST + 1;
	fake_agent_start(&agent);
	assert_int_equal(vipmi_connect(agent.path, NULL, &connection), -EPROTO);
	assert_true(error_text_has("update the older"));
}

static void an_agent_that_is_full_says_so(void **state)
{
	struct vipmi *connection = NULL;

	(void)state;
	fake_agent_stop(&agent);
	agent.refuse_clients = true;
	fake_agent_start(&agent);
	assert_int_equal(vipmi_connect(agent.path, NULL, &connection), -ENOSPC);
	assert_true(error_text_has("too many programs"));
}

static void option_structures_may_be_older_or_newer(void **state)
{
	struct {
		struct vipmi_options options;
		uint64_t later;
	} newer = {.options = {.size = sizeof(newer)}};
	size_t older = sizeof(older);
	struct vipmi *connection = NULL;

	(void)state;
	assert_int_equal(vipmi_connect(agent.path, &newer.options, &connection), 0);
	vipmi_disconnect(connection);
	newer.later = 1;
	assert_int_equal(vipmi_connect(agent.path, &newer.options, &connection), -E2BIG);
	newer.options.size = 0;
	assert_int_equal(vipmi_connect(agent.path, &newer.options, &connection), -EINVAL);
	assert_int_equal(vipmi_connect(agent.path, (const struct vipmi_options *)(void *)&older,
				 &connection),
		0);
	vipmi_disconnect(connection);
}

/* ---- handles ---- */

static void a_handle_carries_its_name_and_class(void **state)
{
	struct vipmi_handle_options options = {.size = sizeof(options),
		.name = "fan control",
		.urgency = VIPMI_URGENCY_BACKGROUND};
	struct vipmi_handle *other = NULL;

	(void)state;
	assert_int_equal(vipmi_handle_open(vipmi, &options, &other), 0);
	fake_agent_stop(&agent);
	assert_string_equal(agent.last_name, "fan control");
	assert_int_equal(agent.last_class, VIPMI_CLASS_BACKGROUND);
	options.name = "a name that is longer than 31 bytes";
	assert_int_equal(vipmi_handle_open(vipmi, &options, &other), -EINVAL);
	assert_true(error_text_has("31"));
}

static void a_handle_without_options_has_the_programs_name(void **state)
{
	(void)state;
	fake_agent_stop(&agent);
	assert_string_equal(agent.last_name, "test_client");
	assert_int_equal(agent.last_class, VIPMI_CLASS_NORMAL);
}

static void one_handle_too_many_names_the_limit(void **state)
{
	struct vipmi *connection = NULL;
	struct vipmi_handle *other = NULL;

	(void)state;
	fake_agent_stop(&agent);
	agent.refuse_opens = true;
	fake_agent_start(&agent);
	assert_int_equal(vipmi_connect(agent.path, NULL, &connection), 0);
	assert_int_equal(vipmi_handle_open(connection, NULL, &other), -ENOSPC);
	assert_true(error_text_has("all 1000 handles are taken"));
	vipmi_disconnect(connection);
}

static void closing_tells_the_agent(void **state)
{
	struct vipmi_answer answer;
	struct vipmi_handle *other = NULL;

	(void)state;
	assert_int_equal(vipmi_handle_open(vipmi, NULL, &other), 0);
	vipmi_handle_close(other);
	vipmi_handle_close(NULL);
	assert_int_equal(obey(0, &answer), 0); /* the agent has read the CLOSE before this */
	fake_agent_stop(&agent);
	assert_int_equal(agent.opened, 2);
	assert_int_equal(agent.closed, 1);
}

/* ---- requests ---- */

static void a_command_brings_its_answer(void **state)
{
	uint8_t data[VIPMI_DATA_MAX];
	struct vipmi_request request =
		vipmi_request_make(VIPMI_NETFN_STORAGE, 0x23, data, sizeof(data));
	struct vipmi_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)i;
	}
	request.lun = 2;
	request.virtual_client = 77;
	assert_int_equal(vipmi_command(handle, &request, &answer), 0);
	assert_int_equal(answer.error, 0);
	assert_int_equal(answer.cc, 0);
	assert_int_equal(answer.origin, VIPMI_ORIGIN_CONTROLLER);
	assert_int_equal(answer.sent, VIPMI_SENT_YES);
	assert_int_equal(answer.netfn, VIPMI_NETFN_STORAGE + 1);
	assert_int_equal(answer.lun, 2);
	assert_int_equal(answer.command, 0x23);
	assert_int_equal(answer.virtual_client, 77);
	assert_int_equal(answer.length, sizeof(data));
	assert_memory_equal(answer.data, data, sizeof(data));
}

static void a_request_carries_time_class_target_and_flags(void **state)
{
	struct vipmi_request request = order(FAKE_BUDGET, NULL);
	struct vipmi_answer answer;

	(void)state;
	request.timeout_ms = 5000;
	assert_int_equal(vipmi_command(handle, &request, &answer), 0);
	assert_in_range(answer.data[0] | answer.data[1] << 8, 1, 5000);
	assert_int_equal(answer.data[4], VIPMI_CLASS_OF_HANDLE);
	assert_int_equal(answer.data[5], VIPMI_TARGET_CONTROLLER);
	request.urgency = VIPMI_URGENCY_URGENT;
	request.target_kind = VIPMI_TARGET_IPMB;
	request.channel = 7;
	request.address = 0xB4;
	request.flags = VIPMI_REQUEST_FRESH;
	assert_int_equal(vipmi_command(handle, &request, &answer), 0);
	assert_int_equal(answer.data[4], VIPMI_CLASS_URGENT);
	assert_int_equal(answer.data[5], VIPMI_TARGET_IPMB);
	assert_int_equal(answer.data[6], 7);
	assert_int_equal(answer.data[7], 0xB4);
	assert_int_equal(answer.data[8], VIPMI_FLAG_FRESH);
}

static void fields_out_of_range_are_named(void **state)
{
	static const struct {
		struct vipmi_request request;
		int error;
		const char *words;
	} cases[] = {
		{{.size = sizeof(struct vipmi_request), .netfn = 7}, -EINVAL, "netFn 07h"},
		{{.size = sizeof(struct vipmi_request), .netfn = 0x40}, -EINVAL, "netFn 40h"},
		{{.size = sizeof(struct vipmi_request), .lun = 4}, -EINVAL, "LUN 4"},
		{{.size = sizeof(struct vipmi_request), .target_kind = 3}, -EINVAL, "target 3"},
		{{.size = sizeof(struct vipmi_request), .channel = 16}, -EINVAL, "channel 16"},
		{{.size = sizeof(struct vipmi_request), .urgency = 4}, -EINVAL, "urgency 4"},
		{{.size = sizeof(struct vipmi_request), .flags = 0x80}, -EINVAL, "flags 80h"},
		{{.size = sizeof(struct vipmi_request), .timeout_ms = 3600001}, -EINVAL, "hour"},
		{{.size = sizeof(struct vipmi_request), .length = 1}, -EINVAL, "no data"},
		{{.size = sizeof(struct vipmi_request), .data = "", .length = 273}, -EMSGSIZE,
			"272"},
		{{.size = 0}, -EINVAL, "size"},
	};
	struct vipmi_answer answer = {.error = 4711};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(vipmi_command(handle, &cases[i].request, &answer), cases[i].error);
		assert_true(error_text_has(cases[i].words));
		assert_int_equal(
			vipmi_submit(handle, &cases[i].request, keep, NULL, NULL), cases[i].error);
	}
	assert_int_equal(answer.error, 4711); /* untouched */
	fake_agent_stop(&agent);
	assert_int_equal(agent.requests, 0);
}

static void what_the_agent_answers_itself_is_an_error_with_a_reason(void **state)
{
	static const struct {
		uint8_t reason;
		int error;
	} cases[] = {
		{VIPMI_REASON_EXPIRED, -ETIMEDOUT},
		{VIPMI_REASON_CANCELLED, -ECANCELED},
		{VIPMI_REASON_SILENT, -ETIMEDOUT},
		{VIPMI_REASON_LINK_DOWN, -ENETDOWN},
		{VIPMI_REASON_TOO_LONG, -EMSGSIZE},
		{VIPMI_REASON_NOT_CARRIED, -EOPNOTSUPP},
		{VIPMI_REASON_BUS, -EHOSTUNREACH},
		{VIPMI_REASON_RESERVED, -EPERM},
		{VIPMI_REASON_FULL, -ENOSPC},
		{VIPMI_REASON_STALE, -ESTALE},
		{VIPMI_REASON_DENIED, -EACCES},
		{VIPMI_REASON_UNSUPPORTED, -EOPNOTSUPP},
		{VIPMI_REASON_NOT_FOUND, -ENOENT},
		{VIPMI_REASON_CONTROLLER_RESET, -ENETDOWN},
		{VIPMI_REASON_COUNT + 5, -EIO},
	};
	struct vipmi_answer answer;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t data[3] = {cases[i].reason, 0xC3, i & 1};
		struct vipmi_request request = order(FAKE_REFUSE, data);

		assert_int_equal(vipmi_command(handle, &request, &answer), cases[i].error);
		assert_int_equal(answer.error, cases[i].error);
		assert_int_equal(answer.reason, cases[i].reason);
		assert_int_equal(answer.cc, 0xC3);
		assert_int_equal(answer.sent, i & 1 ? VIPMI_SENT_YES : VIPMI_SENT_NO);
		assert_int_equal(answer.origin, VIPMI_ORIGIN_AGENT);
		assert_true(error_text_has(i & 1 ? "it was sent" : "it was not sent"));
	}
}

static void an_agent_that_hangs_does_not_hang_the_program(void **state)
{
	struct vipmi_request request = order(FAKE_SILENT, NULL);
	struct vipmi_answer answer;

	(void)state;
	request.timeout_ms = 20;
	assert_int_equal(vipmi_command(handle, &request, &answer), -ETIMEDOUT);
	assert_int_equal(answer.reason, VIPMI_REASON_EXPIRED);
	assert_int_equal(answer.sent, VIPMI_SENT_UNKNOWN);
	assert_int_equal(answer.cc, VIPMI_CC_TIMEOUT);
	assert_true(error_text_has("does it hang?"));
	assert_int_equal(obey(0, &answer), 0);
}

static void a_second_answer_meets_nobody(void **state)
{
	static const uint8_t one[3] = {1}, two[3] = {2};
	struct vipmi_request request = order(FAKE_TWICE, one);
	struct vipmi_answer answer;

	(void)state;
	assert_int_equal(vipmi_command(handle, &request, &answer), 0);
	request = order(0, two); /* takes the tag's slot over */
	assert_int_equal(vipmi_command(handle, &request, &answer), 0);
	assert_int_equal(answer.data[0], 2);
}

/* ---- an agent that comes and goes ---- */

static void a_crash_says_that_it_may_have_been_executed_and_the_next_call_works(void **state)
{
	struct vipmi_answer answer;
	struct vipmi_info info;

	(void)state;
	assert_int_equal(obey(FAKE_CRASH, &answer), -ECONNRESET);
	assert_int_equal(answer.error, -ECONNRESET);
	assert_int_equal(answer.sent, VIPMI_SENT_UNKNOWN);
	assert_true(error_text_has("it may have been executed"));
	assert_int_equal(obey(0, &answer), 0);
	assert_int_equal(vipmi_get_info(vipmi, &info), 0);
	assert_int_equal(info.connections, 2);
}

static void a_restart_while_the_program_is_idle_goes_unnoticed(void **state)
{
	struct vipmi_answer answer;
	struct vipmi_info info;

	(void)state;
	fake_agent_stop(&agent);
	fake_agent_start(&agent);
	assert_int_equal(obey(0, &answer), 0);
	assert_int_equal(vipmi_get_info(vipmi, &info), 0);
	assert_int_equal(info.boot_id[0], 2);
	fake_agent_stop(&agent);
	assert_int_equal(agent.opened, 2);
}

static void *start_later(void *context)
{
	usleep(100000);
	fake_agent_start(context);
	return NULL;
}

static void a_request_waits_for_the_agents_return(void **state)
{
	struct vipmi_answer answer;
	pthread_t thread;

	(void)state;
	fake_agent_stop(&agent);
	assert_int_equal(pthread_create(&thread, NULL, start_later, &agent), 0);
	assert_int_equal(obey(0, &answer), 0);
	assert_int_equal(answer.sent, VIPMI_SENT_YES);
	pthread_join(thread, NULL);
}

static void a_request_to_an_agent_that_stays_away_was_not_sent(void **state)
{
	struct vipmi_request request = order(0, NULL);
	struct vipmi_answer answer;

	(void)state;
	fake_agent_stop(&agent);
	request.timeout_ms = 50;
	assert_int_equal(vipmi_command(handle, &request, &answer), -ECONNREFUSED);
	assert_int_equal(answer.sent, VIPMI_SENT_NO);
	assert_true(error_text_has("is vipmid running?"));
	assert_true(error_text_has("it was not sent"));
}

static void a_handle_that_is_refused_after_a_restart_asks_again(void **state)
{
	struct vipmi_answer answer;

	(void)state;
	fake_agent_stop(&agent);
	agent.refuse_opens = true;
	fake_agent_start(&agent);
	assert_int_equal(obey(0, &answer), -ENOSPC);
	assert_int_equal(answer.sent, VIPMI_SENT_NO);
	assert_true(error_text_has("all 1000 handles are taken"));
	assert_int_equal(obey(0, &answer), -ENOSPC);
	fake_agent_stop(&agent);
	agent.refuse_opens = false;
	fake_agent_start(&agent);
	assert_int_equal(obey(0, &answer), 0);
}

static void being_kicked_is_for_good(void **state)
{
	struct vipmi_answer answer;
	struct vipmi_handle *other;

	(void)state;
	assert_int_equal(obey(FAKE_KICK, &answer), -ECONNABORTED);
	assert_int_equal(answer.reason, VIPMI_REASON_KICKED);
	assert_true(error_text_has("ended by root"));
	assert_int_equal(obey(0, &answer), -ECONNABORTED);
	assert_true(error_text_has("ended by root"));
	assert_int_equal(vipmi_handle_open(vipmi, NULL, &other), -ECONNABORTED);
	assert_int_equal(vipmi_query(vipmi, "client", NULL, NULL), -ECONNABORTED);
	assert_int_equal(vipmi_dispatch(vipmi), -ECONNABORTED);
}

static void being_kicked_while_idle_is_found_out_by_the_next_call(void **state)
{
	struct vipmi_request request = order(FAKE_KICK, NULL);
	struct vipmi_answer answer;
	struct outcome outcome = {0};
	struct pollfd fd = {.fd = vipmi_get_fd(vipmi), .events = POLLIN};

	(void)state;
	assert_int_equal(vipmi_submit(handle, &request, keep, &outcome, NULL), 0);
	assert_int_equal(poll(&fd, 1, PATIENCE_MS), 1);
	usleep(50000); /* the agent hangs up: what we write next fails, but it said why */
	assert_int_equal(obey(0, &answer), -ECONNABORTED);
	assert_true(error_text_has("ended by root"));
	assert_int_equal(vipmi_dispatch(vipmi), 1);
	assert_int_equal(outcome.answer.error, -ECONNABORTED);
}

static void an_agent_that_hangs_after_its_restart_is_named(void **state)
{
	struct vipmi_options options = {.size = sizeof(options), .timeout_ms = 50};
	struct vipmi_request request = order(0, NULL);
	struct vipmi *connection = NULL;
	struct vipmi_handle *own = NULL;
	struct vipmi_answer answer;

	(void)state;
	assert_int_equal(vipmi_connect(agent.path, &options, &connection), 0);
	assert_int_equal(vipmi_handle_open(connection, NULL, &own), 0);
	fake_agent_stop(&agent);
	agent.mute = true;
	fake_agent_start(&agent);
	request.timeout_ms = 300;
	assert_int_equal(vipmi_command(own, &request, &answer), -ECONNREFUSED);
	assert_true(error_text_has("does it hang?"));
	vipmi_disconnect(connection);
}

static void an_agent_that_breaks_the_protocol_is_left(void **state)
{
	static const enum fake_command commands[] = {FAKE_GARBAGE, FAKE_WRONG, FAKE_LONG};
	struct vipmi_answer answer;

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		assert_int_equal(obey(commands[i], &answer), -EPROTO);
		assert_int_equal(answer.sent, VIPMI_SENT_UNKNOWN);
		handle_down(state);
		handle_up(state);
	}
}

/* ---- fork ---- */

static void a_child_is_told_that_the_connection_is_its_parents(void **state)
{
	struct vipmi_answer answer;
	int status;
	pid_t child;

	(void)state;
	assert_true(vipmi_get_fd(vipmi) >= 0);
	child = fork();
	if (child == 0) {
		struct vipmi_request request = order(0, NULL);
		int result = 0;

		result |= vipmi_command(handle, &request, &answer) != -ECHILD;
		result |= vipmi_dispatch(vipmi) != -ECHILD;
		result |= vipmi_get_fd(vipmi) != -ECHILD;
		vipmi_handle_close(handle);
		vipmi_disconnect(vipmi);
		_exit(result);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(obey(0, &answer), 0);
	fake_agent_stop(&agent);
	assert_int_equal(agent.opened, 1);
	assert_int_equal(agent.closed, 0);
}

/* ---- texts ---- */

static void every_error_and_reason_has_words(void **state)
{
	(void)state;
	for (unsigned int reason = 0; reason < VIPMI_REASON_COUNT; reason++) {
		assert_non_null(vipmi_reason_name(reason));
		assert_string_not_equal(vipmi_reason_name(reason), "unknown");
	}
	assert_string_equal(vipmi_reason_name(VIPMI_REASON_COUNT), "unknown");
	assert_string_equal(vipmi_strerror(-1000000), "unknown error");
	for (int error = 0; error < 134; error++) {
		assert_true(vipmi_strerror(-error)[0]);
	}
	assert_true(vipmi_version()[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_handle(connecting_tells_who_is_there),
		with_agent(the_environment_names_the_target),
		with_agent(a_missing_agent_is_named_with_a_remedy),
		with_agent(permission_denied_names_the_group),
		with_agent(an_agent_that_says_nothing_times_out),
		with_agent(somebody_else_is_refused),
		with_agent(another_version_is_refused),
		with_agent(an_agent_that_is_full_says_so),
		with_agent(option_structures_may_be_older_or_newer),
		with_handle(a_handle_carries_its_name_and_class),
		with_handle(a_handle_without_options_has_the_programs_name),
		with_agent(one_handle_too_many_names_the_limit),
		with_handle(closing_tells_the_agent),
		with_handle(a_command_brings_its_answer),
		with_handle(a_request_carries_time_class_target_and_flags),
		with_handle(fields_out_of_range_are_named),
		with_handle(what_the_agent_answers_itself_is_an_error_with_a_reason),
		with_handle(an_agent_that_hangs_does_not_hang_the_program),
		with_handle(a_second_answer_meets_nobody),
		with_handle(a_crash_says_that_it_may_have_been_executed_and_the_next_call_works),
		with_handle(a_restart_while_the_program_is_idle_goes_unnoticed),
		with_handle(a_request_waits_for_the_agents_return),
		with_handle(a_request_to_an_agent_that_stays_away_was_not_sent),
		with_handle(a_handle_that_is_refused_after_a_restart_asks_again),
		with_handle(being_kicked_is_for_good),
		with_handle(being_kicked_while_idle_is_found_out_by_the_next_call),
		with_handle(an_agent_that_hangs_after_its_restart_is_named),
		with_handle(an_agent_that_breaks_the_protocol_is_left),
		with_handle(a_child_is_told_that_the_connection_is_its_parents),
		with_agent(every_error_and_reason_has_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
