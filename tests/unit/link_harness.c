/* SPDX-License-Identifier: BSD-2-Clause */
#include "link_harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include <poll.h>
#include <time.h>

static void take_down(void *context, struct core_event *event)
{
	struct harness *harness = context;
	struct heard *heard = &harness->heard[harness->heard_count];

	assert_true(harness->heard_count < ARRAY_LENGTH(harness->heard));
	assert_true(event->now_ns > 0);
	*heard = (struct heard){.type = event->type};
	if (event->type == CORE_EVENT_RECEIVED) {
		heard->transmission = event->received.transmission;
		heard->netfn = event->received.netfn;
		heard->command = event->received.command;
		heard->length = event->received.length;
		assert_true(heard->length <= sizeof(heard->data));
		memcpy(heard->data, event->received.data, heard->length);
	} else if (event->type == CORE_EVENT_ATTENTION) {
		heard->asserted = event->attention.asserted;
	} else if (event->type == CORE_EVENT_LINK_UP) {
		heard->capabilities = event->link_up;
	} else if (event->type == CORE_EVENT_MESSAGE) {
		heard->kind = event->message.kind;
		heard->address = event->message.address;
		heard->sequence = event->message.sequence;
		heard->netfn = event->message.netfn;
		heard->command = event->message.command;
		heard->length = event->message.length;
		assert_true(heard->length <= sizeof(heard->data));
		memcpy(heard->data, event->message.data, heard->length);
	}
	harness->heard_count++;
}

static void write_log(void *context, const char *text)
{
	struct harness *harness = context;
	size_t length = strlen(harness->log);

	assert_null(strchr(text, '\n'));
	snprintf(harness->log + length, sizeof(harness->log) - length, "%s\n", text);
}

void harness_init(struct harness *harness, bool virtual_time)
{
	*harness = (struct harness){
		.sink = {.context = harness, .event = take_down, .log = write_log},
		.virtual_time = virtual_time,
		.now_ns = NSEC_PER_SEC_U64,
	};
}

uint64_t harness_now_ns(const struct harness *harness)
{
	struct timespec now;

	if (harness->virtual_time) {
		return harness->now_ns;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC_U64 + (uint64_t)now.tv_nsec;
}

void harness_open(struct harness *harness, const char *specification)
{
	char error[512] = "";
	int rc = link_open(specification, harness_now_ns(harness), &harness->sink, error,
		sizeof(error), &harness->link);

	if (rc != 0) {
		fail_msg("link_open(%s): %d, %s", specification, rc, error);
	}
}

void harness_close(struct harness *harness)
{
	if (harness->link) {
		harness->link->ops->close(harness->link);
	}
	harness->link = NULL;
}

/* One turn of the loop: waits for the link's descriptor or its deadline, and dispatches. */
static void turn(struct harness *harness, uint64_t until_ns)
{
	const struct link_ops *ops = harness->link->ops;
	uint64_t now_ns = harness_now_ns(harness), deadline_ns = ops->deadline(harness->link);
	uint64_t wake_ns = deadline_ns < until_ns ? deadline_ns : until_ns;
	struct pollfd poller = {
		.fd = ops->fd(harness->link), .events = (short)ops->interest(harness->link)};
	int wait_ms = 0;

	if (harness->virtual_time) {
		harness->now_ns = wake_ns > now_ns ? wake_ns : now_ns;
	} else if (wake_ns > now_ns) {
		wait_ms = (int)((wake_ns - now_ns) / NSEC_PER_MSEC_U64) + 1;
	}
	assert_true(poll(&poller, poller.fd >= 0, wait_ms) >= 0);
	now_ns = harness_now_ns(harness);
	if (poller.revents || now_ns >= ops->deadline(harness->link)) {
		ops->dispatch(harness->link, (uint32_t)poller.revents, now_ns);
	}
}

const struct heard *harness_next(struct harness *harness)
{
	uint64_t until_ns = harness_now_ns(harness) + HARNESS_PATIENCE_MS * NSEC_PER_MSEC_U64;

	while (harness->taken == harness->heard_count) {
		if (harness_now_ns(harness) >= until_ns) {
			fail_msg("nothing was heard; the log says: %s", harness->log);
		}
		turn(harness, until_ns);
	}
	return &harness->heard[harness->taken++];
}

const struct heard *harness_expect(struct harness *harness, enum core_event_type type)
{
	const struct heard *heard = harness_next(harness);

	assert_int_equal(heard->type, type);
	return heard;
}

size_t harness_run(struct harness *harness, unsigned ms)
{
	uint64_t until_ns = harness_now_ns(harness) + ms * NSEC_PER_MSEC_U64;

	while (harness_now_ns(harness) < until_ns) {
		turn(harness, until_ns);
	}
	return harness->heard_count - harness->taken;
}

int harness_transmit(struct harness *harness, uint32_t transmission, uint8_t netfn, uint8_t command,
	const void *data, size_t length)
{
	struct core_transmit transmit = {
		.transmission = transmission,
		.netfn = netfn,
		.command = command,
		.data = data,
		.length = length,
	};

	return harness->link->ops->transmit(harness->link, &transmit, harness_now_ns(harness));
}
