/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests through the core alone, for counting instructions: N clients, each
 * with one request outstanding, and a controller that answers at once. Run it
 * under callgrind with --toggle-collect=measured.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "core/core.h"

#define REQUESTS 20000u
#define CLIENTS_MAX 4096u

static struct core *core;
static uint64_t now_ns = NSEC_PER_SEC_U64;
static uint32_t clients[CLIENTS_MAX], handles[CLIENTS_MAX];

void base_assertion_failed(const char *expression, const char *file, int line)
{
	fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, expression);
	abort();
}

void measured(uint32_t answers);

static int step(struct core_event *event)
{
	int result;

	now_ns += NSEC_PER_USEC_U64;
	event->now_ns = now_ns;
	result = core_step(core, event);
	if (result) {
		fprintf(stderr, "event %d: %d\n", (int)event->type, result);
		exit(1);
	}
	return result;
}

static void submit(uint64_t number)
{
	struct core_event event = {.type = CORE_EVENT_REQUEST,
		.request = {.client = clients[number],
			.handle = handles[number],
			.tag = number,
			.class = 0xFF,
			.netfn = VIPMI_NETFN_APP,
			.command = 0x01}};

	step(&event);
}

static void answer(const struct core_transmit *transmit)
{
	static const uint8_t device_id[] = {
		0x00, 0x20, 0x01, 0x01, 0x00, 0x51, 0xBF, 0, 0, 0, 0, 0};
	struct core_event event = {.type = CORE_EVENT_RECEIVED,
		.received = {.transmission = transmit->transmission,
			.netfn = transmit->netfn | 1,
			.command = transmit->command,
			.data = device_id,
			.length = sizeof(device_id)}};

	step(&event);
}

/* Until so many answers were delivered; each client asks again when it has its own. */
__attribute__((noinline)) void measured(uint32_t answers)
{
	struct core_action action;
	uint32_t delivered = 0;

	while (delivered < answers && core_next(core, &action)) {
		struct core_transmit transmit = action.transmit;
		uint64_t number = action.deliver.cookie;

		core_done(core, action.id, 0);
		if (action.type == CORE_ACTION_TRANSMIT) {
			answer(&transmit);
		} else if (action.type == CORE_ACTION_DELIVER) {
			delivered++;
			submit(number);
		}
	}
	if (delivered < answers) {
		fprintf(stderr, "the core went quiet after %u answers\n", delivered);
		exit(1);
	}
}

static void open_clients(uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; i++) {
		struct core_event event = {
			.type = CORE_EVENT_CLIENT_OPEN, .client_open = {.cookie = i}};

		step(&event);
		clients[i] = event.client_open.ret_client;
		event = (struct core_event){.type = CORE_EVENT_HANDLE_OPEN,
			.handle_open = {.client = clients[i], .class = VIPMI_CLASS_NORMAL}};
		step(&event);
		handles[i] = event.handle_open.ret_handle;
		submit(i);
	}
}

int main(int argc, char **argv)
{
	uint32_t count = argc == 2 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;
	struct core_limits limits = {.handles_max = CLIENTS_MAX};
	struct core_event up = {.type = CORE_EVENT_LINK_UP,
		.link_up = {.raw_bridge = true, .owns_flags = true, .attention = true}};
	size_t size = core_size(&limits);
	void (*volatile run)(uint32_t answers) = measured;

	if (count == 0 || count > CLIENTS_MAX) {
		fprintf(stderr, "usage: bench-core CLIENTS (1 to %u)\n", CLIENTS_MAX);
		return 2;
	}
	if (core_init(aligned_alloc(64, (size + 63) / 64 * 64), size, &limits, now_ns, &core)) {
		return 1;
	}
	step(&up);
	open_clients(count);
	run(REQUESTS);
	printf("%u requests\n", REQUESTS);
	return 0;
}
