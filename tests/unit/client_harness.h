/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of libvipmi share: a fake agent, a connection to it and a
 * handle, fresh for each test.
 */
#ifndef VIPMI_TESTS_CLIENT_HARNESS_H
#define VIPMI_TESTS_CLIENT_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/fake_agent.h"
#include "vipmi/vipmi.h"

/* Long enough for a machine that is busy with other things. */
#define PATIENCE_MS 20000

extern struct fake_agent agent;
extern struct vipmi *vipmi;
extern struct vipmi_handle *handle;

/* Set-up and tear-down: the agent alone, or with a connection and a handle. */
int agent_up(void **state);
int agent_down(void **state);
int handle_up(void **state);
int handle_down(void **state);

#define with_agent(test) cmocka_unit_test_setup_teardown(test, agent_up, agent_down)
#define with_handle(test) cmocka_unit_test_setup_teardown(test, handle_up, handle_down)

/* A request that makes the fake do something; `data` is NULL or 3 bytes that outlive it. */
struct vipmi_request order(enum fake_command command, const uint8_t *data);
/* The same, sent, without data. */
int obey(enum fake_command command, struct vipmi_answer *ret_answer);

/* What a callback was told. */
struct outcome {
	int calls;
	unsigned int turn; /* of the last, among all calls there were */
	struct vipmi_answer answer;
};

/* The callback that keeps it in a struct outcome. */
void keep(void *context, const struct vipmi_answer *answer);
void dispatch_until(const int *count, int wanted);

/* For handle_up's agent, connection and handle: others, where this is the credit. */
void reconnect_with_credit(uint16_t credit_max);
/* Submits so much that the socket is full, to an agent that will read it, but answers nothing that
 * could wake us. How many requests. The callbacks (keep) come at the end. */
unsigned int fill_the_socket(struct outcome *outcome);

bool error_text_has(const char *words);

#endif
