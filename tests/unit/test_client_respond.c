/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libvipmi for programs that answer: requests that come in, and responses.
 */
#include "tests/unit/client_harness.h"

#include <errno.h>

struct inbox {
	int requests, events;
	struct vipmi_event last;
};

static void take_request(void *context, const struct vipmi_event *request)
{
	struct inbox *inbox = context;

	inbox->requests++;
	inbox->last = *request;
}

static void take_event(void *context, const struct vipmi_event *event)
{
	struct inbox *inbox = context;

	inbox->events++;
	inbox->last = *event;
}

static void incoming(struct inbox *inbox)
{
	struct vipmi_answer answer;

	assert_int_equal(vipmi_handle_requests(handle, take_request, inbox), 0);
	assert_int_equal(obey(FAKE_INCOMING, &answer), 0);
	dispatch_until(&inbox->requests, inbox->requests + 1);
}

static void a_request_says_whom_it_is_from_and_its_answer_is_told_of(void **state)
{
	struct outcome outcome = {0};
	struct inbox inbox = {0};

	(void)state;
	incoming(&inbox);
	assert_int_equal(inbox.last.kind, VIPMI_EVENT_REQUEST);
	assert_true(inbox.last.yours);
	assert_int_equal(inbox.last.netfn, 0x30);
	assert_int_equal(inbox.last.command, 0x41);
	assert_int_equal(inbox.last.lun, 2);
	assert_int_equal(inbox.last.channel, 3);
	assert_int_equal(inbox.last.address, 0xC4);
	assert_int_equal(inbox.last.requester_lun, 1);
	assert_int_equal(inbox.last.sequence, 33);
	assert_int_equal(inbox.last.length, 1);
	assert_int_equal(vipmi_respond(handle, &inbox.last, 0xC9, "\x77", 1, keep, &outcome), 0);
	dispatch_until(&outcome.calls, 1);
	assert_int_equal(outcome.answer.error, 0);
	assert_int_equal(outcome.answer.cc, 0);
	assert_int_equal(outcome.answer.netfn, 0x31);
	assert_int_equal(agent.responded, inbox.last.number);
	assert_int_equal(agent.response_cc, 0xC9);
	assert_int_equal(agent.response_data, 0x77);
	assert_int_equal(agent.response_address, 0xC4);
	assert_int_equal(agent.response_lun, 1);
	assert_int_equal(agent.response_sequence, 33);
}

static void a_refused_answer_says_why_and_one_nobody_waits_for_does_no_harm(void **state)
{
	struct outcome outcome = {0};
	struct vipmi_answer answer;
	struct inbox inbox = {0};

	(void)state;
	incoming(&inbox);
	agent.refuse_response = VIPMI_REASON_NOT_FOUND;
	assert_int_equal(vipmi_respond(handle, &inbox.last, 0, NULL, 0, NULL, NULL), 0);
	assert_int_equal(vipmi_respond(handle, &inbox.last, 0, NULL, 0, keep, &outcome), 0);
	dispatch_until(&outcome.calls, 1);
	assert_int_equal(outcome.answer.error, -ENOENT);
	agent.refuse_response = VIPMI_REASON_EXPIRED;
	assert_int_equal(vipmi_respond(handle, &inbox.last, 0, NULL, 0, keep, &outcome), 0);
	dispatch_until(&outcome.calls, 2);
	assert_int_equal(outcome.answer.error, -ETIMEDOUT);
	assert_int_equal(obey(0, &answer), 0);
}

static void only_a_request_of_its_own_can_be_answered(void **state)
{
	static const uint8_t data[VIPMI_DATA_MAX + 1];
	struct vipmi_event request = {.kind = VIPMI_EVENT_REQUEST, .number = 1, .netfn = 0x30};

	(void)state;
	assert_int_equal(vipmi_respond(handle, NULL, 0, NULL, 0, NULL, NULL), -EINVAL);
	assert_int_equal(vipmi_respond(handle, &request, 0, NULL, 0, NULL, NULL), -EINVAL);
	request.yours = 1;
	request.kind = VIPMI_EVENT_SEL;
	assert_int_equal(vipmi_respond(handle, &request, 0, NULL, 0, NULL, NULL), -EINVAL);
	request.kind = VIPMI_EVENT_REQUEST;
	assert_int_equal(
		vipmi_respond(handle, &request, 0, data, sizeof(data), NULL, NULL), -EMSGSIZE);
	assert_int_equal(vipmi_respond(handle, &request, 0, NULL, 1, NULL, NULL), -EINVAL);
	fake_agent_stop(&agent);
	(void)vipmi_dispatch(vipmi);
	assert_int_equal(vipmi_respond(handle, &request, 0, NULL, 0, NULL, NULL), -ECONNRESET);
}

static void a_subscriber_gets_requests_where_it_has_no_callback_of_their_own(void **state)
{
	static const uint8_t one[] = {0, 1, 0};
	struct vipmi_request request = order(FAKE_EVENTS, one);
	struct vipmi_answer answer;
	struct inbox inbox = {0};

	(void)state;
	assert_int_equal(vipmi_handle_events(handle, take_event, &inbox), 0);
	assert_int_equal(obey(FAKE_INCOMING, &answer), 0);
	dispatch_until(&inbox.events, 1);
	assert_true(inbox.last.yours);
	incoming(&inbox);
	assert_int_equal(inbox.events, 1);
	assert_int_equal(vipmi_command(handle, &request, &answer), 0);
	dispatch_until(&inbox.events, 2);
	assert_int_equal(inbox.requests, 1);
	assert_false(inbox.last.yours);
	assert_int_equal(vipmi_handle_requests(handle, NULL, NULL), 0);
	assert_int_equal(obey(FAKE_INCOMING, &answer), 0);
	dispatch_until(&inbox.events, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_handle(a_request_says_whom_it_is_from_and_its_answer_is_told_of),
		with_handle(a_refused_answer_says_why_and_one_nobody_waits_for_does_no_harm),
		with_handle(only_a_request_of_its_own_can_be_answered),
		with_handle(a_subscriber_gets_requests_where_it_has_no_callback_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
