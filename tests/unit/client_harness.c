/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/client_harness.h"

#include <string.h>

struct fake_agent agent;
struct vipmi *vipmi;
struct vipmi_handle *handle;

int agent_up(void **state)
{
	(void)state;
	fake_agent_init(&agent);
	fake_agent_start(&agent);
	return 0;
}

int agent_down(void **state)
{
	(void)state;
	fake_agent_finish(&agent);
	return 0;
}

int handle_up(void **state)
{
	agent_up(state);
	assert_int_equal(vipmi_connect(agent.path, NULL, &vipmi), 0);
	assert_int_equal(vipmi_handle_open(vipmi, NULL, &handle), 0);
	return 0;
}

int handle_down(void **state)
{
	vipmi_disconnect(vipmi);
	vipmi = NULL;
	handle = NULL;
	return agent_down(state);
}

struct vipmi_request order(enum fake_command command, const uint8_t *data)
{
	return vipmi_request_make(VIPMI_NETFN_OEM, (uint8_t)command, data, data ? 3 : 0);
}

int obey(enum fake_command command, struct vipmi_answer *ret_answer)
{
	struct vipmi_request request = order(command, NULL);

	return vipmi_command(handle, &request, ret_answer);
}

void keep(void *context, const struct vipmi_answer *answer)
{
	static unsigned int turn;
	struct outcome *outcome = context;

	outcome->turn = ++turn;
	outcome->calls++;
	outcome->answer = *answer;
}

void dispatch_until(const int *count, int wanted)
{
	for (int waited = 0; *count < wanted && waited < PATIENCE_MS; waited += 10) {
		assert_true(vipmi_wait(vipmi, 10) >= 0);
	}
	assert_int_equal(*count, wanted);
}

bool error_text_has(const char *words)
{
	if (!strstr(vipmi_error_text(), words)) {
		print_message("error text: %s\n", vipmi_error_text());
		return false;
	}
	return true;
}

void reconnect_with_credit(uint16_t credit_max)
{
	vipmi_disconnect(vipmi);
	fake_agent_stop(&agent);
	agent.credit_max = credit_max;
	fake_agent_start(&agent);
	assert_int_equal(vipmi_connect(agent.path, NULL, &vipmi), 0);
	assert_int_equal(vipmi_handle_open(vipmi, NULL, &handle), 0);
}

unsigned int fill_the_socket(struct outcome *outcome)
{
	static uint8_t filling[VIPMI_DATA_MAX];
	static const uint8_t pause[3] = {10, 1};
	const unsigned int count = 1000; /* a socket takes some 300 of them */
	struct vipmi_request deaf = order(FAKE_DEAF, pause);
	struct vipmi_request silent =
		vipmi_request_make(VIPMI_NETFN_OEM, FAKE_SILENT, filling, sizeof(filling));

	/* Later than anything else is due, so that no deadline of theirs wakes anybody. */
	deaf.timeout_ms = silent.timeout_ms = 3 * PATIENCE_MS;
	assert_int_equal(vipmi_submit(handle, &deaf, keep, outcome, NULL), 0);
	for (unsigned int i = 0; i < count; i++) {
		assert_int_equal(vipmi_submit(handle, &silent, keep, outcome, NULL), 0);
	}
	return count + 1;
}
