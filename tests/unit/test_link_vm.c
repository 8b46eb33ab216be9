/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The link on one side, a unix socket in the test's own hands on the other: the
 * test is the controller and says each byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipmi/vm.h"
#include "link_harness.h"

/* Version and capabilities, as QEMU says them. */
static const uint8_t our_greeting[] = {0xFF, 0x01, 0xA1, 0x08, 0x3F, 0xA1};
/* What ipmi_sim says first: version, no attention. */
static const uint8_t their_greeting[] = {0xFF, 0x01, 0xA1, 0x00, 0xA1};

struct world {
	struct harness harness;
	char folder[32], path[64];
	int listener, peer;
};

static void world_listen(struct world *world)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", world->path);
	unlink(world->path);
	world->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_true(world->listener >= 0);
	assert_int_equal(bind(world->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(world->listener, 4), 0);
}

static void world_stop_listening(struct world *world)
{
	close(world->listener);
	unlink(world->path);
	world->listener = -1;
}

static void world_init(struct world *world, bool listening)
{
	*world = (struct world){.folder = "/tmp/vipmi-vm-XXXXXX", .listener = -1, .peer = -1};
	assert_non_null(mkdtemp(world->folder));
	snprintf(world->path, sizeof(world->path), "%s/bmc", world->folder);
	if (listening) {
		world_listen(world);
	}
	harness_init(&world->harness, false);
}

static void world_open(struct world *world, const char *options)
{
	char specification[128];

	snprintf(specification, sizeof(specification), "vm:unix:%s%s", world->path, options);
	harness_open(&world->harness, specification);
}

static void world_finish(struct world *world)
{
	harness_close(&world->harness);
	if (world->peer >= 0) {
		close(world->peer);
	}
	if (world->listener >= 0) {
		world_stop_listening(world);
	}
	rmdir(world->folder);
}

/* Runs the link until something can be had from this descriptor of the controller's side. */
static void world_wait(struct world *world, int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};
	int turns;

	for (turns = 0; turns < HARNESS_PATIENCE_MS; turns++) {
		if (poll(&poller, 1, 0) > 0) {
			return;
		}
		harness_run(&world->harness, 1);
	}
	fail_msg("the link does nothing; the log says: %s", world->harness.log);
}

static void peer_accept(struct world *world)
{
	if (world->peer >= 0) {
		close(world->peer);
	}
	world_wait(world, world->listener);
	world->peer = accept(world->listener, NULL, NULL);
	assert_true(world->peer >= 0);
}

static void peer_say(struct world *world, const void *bytes, size_t length)
{
	assert_int_equal(send(world->peer, bytes, length, MSG_NOSIGNAL), length);
}

static void peer_hear(struct world *world, const void *bytes, size_t length)
{
	uint8_t got[1024];
	size_t at = 0;

	assert_true(length <= sizeof(got));
	while (at < length) {
		ssize_t n;

		world_wait(world, world->peer);
		n = recv(world->peer, got + at, length - at, 0);
		assert_true(n > 0);
		at += (size_t)n;
	}
	assert_memory_equal(got, bytes, length);
}

static void peer_answer(struct world *world, uint8_t sequence, uint8_t netfn, uint8_t command)
{
	static const uint8_t ok[] = {0x00};
	struct vm_message message = {
		.sequence = sequence, .netfn = netfn, .command = command, .data = ok, .length = 1};
	uint8_t bytes[VM_ENCODED_MAX];
	int length = vm_encode_message(&message, bytes, sizeof(bytes));

	assert_true(length > 0);
	peer_say(world, bytes, (size_t)length);
}

static void world_up(struct world *world, const char *options)
{
	world_init(world, true);
	world_open(world, options);
	peer_accept(world);
	peer_hear(world, our_greeting, sizeof(our_greeting));
	peer_say(world, their_greeting, sizeof(their_greeting));
	harness_expect(&world->harness, CORE_EVENT_LINK_UP);
	assert_false(harness_expect(&world->harness, CORE_EVENT_ATTENTION)->asserted);
}

static void transmit(struct world *world, uint32_t transmission, uint8_t command)
{
	assert_int_equal(
		harness_transmit(&world->harness, transmission, 0x06, command, NULL, 0), 0);
}

static void link_greets_and_is_up_when_the_controller_speaks(void **state)
{
	struct world world;
	const struct core_link_capabilities *can;

	(void)state;
	world_up(&world, ",window=8,bus_window=3,data_max=200");
	can = &world.harness.heard[0].capabilities;
	assert_true(can->wire_sequence && can->raw_bridge && can->owns_flags && can->inbound_any &&
		    can->attention);
	assert_int_equal(can->window, 8);
	assert_int_equal(can->bus_window, 3);
	assert_int_equal(can->data_max, 200);
	world_finish(&world);
	world_up(&world, "");
	can = &world.harness.heard[0].capabilities;
	assert_int_equal(can->window, 1);
	assert_int_equal(can->bus_window, 1);
	world_finish(&world);
}

static void silent_controller_is_up_after_a_moment(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, true);
	world_open(&world, "");
	peer_accept(&world);
	harness_expect(&world.harness, CORE_EVENT_LINK_UP);
	world_finish(&world);
}

static void requests_and_answers_are_the_golden_bytes(void **state)
{
	static const uint8_t request[] = {0x00, 0x18, 0x01, 0xE7, 0xA0};
	static const uint8_t answer[] = {0x00, 0x1C, 0x01, 0xD2, 0x11, 0xA0};
	struct world world;
	const struct heard *heard;

	(void)state;
	world_up(&world, "");
	transmit(&world, 77, 0x01);
	peer_hear(&world, request, sizeof(request));
	peer_say(&world, answer, sizeof(answer));
	heard = harness_expect(&world.harness, CORE_EVENT_RECEIVED);
	assert_int_equal(heard->transmission, 77);
	assert_int_equal(heard->netfn, 0x07);
	assert_int_equal(heard->command, 0x01);
	assert_int_equal(heard->length, 1);
	assert_int_equal(heard->data[0], 0xD2);
	world_finish(&world);
}

static void answers_in_any_order_and_in_pieces_find_their_requests(void **state)
{
	struct world world;
	uint32_t i;

	(void)state;
	world_up(&world, ",window=4");
	for (i = 0; i < 4; i++) {
		transmit(&world, 100 + i, (uint8_t)(1 + i));
	}
	peer_answer(&world, 2, 0x07, 3);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 102);
	peer_say(&world, "\x00\x1C", 2);
	assert_int_equal(harness_run(&world.harness, 5), 0);
	/* The rest of number 0's, number 3's whole, and the beginning of number 1's. */
	peer_say(&world, "\x01\xC3\x20\xA0\x03\x1C\x04\x00\xDD\xA0\x01\x1C", 12);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 100);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 103);
	peer_say(&world, "\x02\x00\xE1\xA0", 4);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 101);
	world_finish(&world);
}

static void attention_is_told_with_and_without_interrupt(void **state)
{
	struct world world;

	(void)state;
	world_up(&world, "");
	peer_say(&world, "\x01\xA1\x00\xA1\x02\xA1", 6);
	assert_true(harness_expect(&world.harness, CORE_EVENT_ATTENTION)->asserted);
	assert_false(harness_expect(&world.harness, CORE_EVENT_ATTENTION)->asserted);
	assert_true(harness_expect(&world.harness, CORE_EVENT_ATTENTION)->asserted);
	world_finish(&world);
}

static void what_the_controller_wants_of_its_host_is_only_logged(void **state)
{
	static const char *const logged[] = {
		"switches its host off", "resets its host", "sends its host an NMI", "shut down"};
	struct world world;
	const char *first;
	size_t i;

	(void)state;
	world_up(&world, "");
	/* Power off, reset, NMI, shutdown; interrupts on and off; two that nobody knows. */
	peer_say(&world, "\x03\xA1\x04\xA1\x07\xA1\x09\xA1\x05\xA1\x06\xA1\x0B\xA1\x77\xA1", 16);
	peer_say(&world, "\x04\xA1\x04\xA1", 4);
	assert_int_equal(harness_run(&world.harness, 20), 0);
	for (i = 0; i < ARRAY_LENGTH(logged); i++) {
		first = strstr(world.harness.log, logged[i]);
		assert_non_null(first);
		/* However often it is said. */
		assert_null(strstr(first + 1, logged[i]));
	}
	world_finish(&world);
}

static void garbage_is_told_and_survived(void **state)
{
	struct world world;

	(void)state;
	world_up(&world, "");
	transmit(&world, 5, 0x01);
	/* A wrong checksum, a request from a controller, a control that is none. */
	peer_say(&world, "\x00\x1C\x01\x00\x77\xA0", 6);
	harness_expect(&world.harness, CORE_EVENT_GARBLED);
	peer_say(&world, "\x00\x18\x01\xE7\xA0", 5);
	harness_expect(&world.harness, CORE_EVENT_GARBLED);
	peer_say(&world, "\xA1", 1);
	harness_expect(&world.harness, CORE_EVENT_GARBLED);
	peer_answer(&world, 0, 0x07, 0x01);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 5);
	world_finish(&world);
}

static void answers_that_nobody_waits_for_are_strays(void **state)
{
	struct world world;

	(void)state;
	world_up(&world, "");
	peer_answer(&world, 9, 0x07, 0x01);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 0);
	/* The answer to another command names its request, and leaves it waiting. */
	transmit(&world, 5, 0x01);
	peer_answer(&world, 0, 0x07, 0x02);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 5);
	peer_answer(&world, 0, 0x07, 0x01);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 5);
	/* The same again is one too many. */
	peer_answer(&world, 0, 0x07, 0x01);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 0);
	world_finish(&world);
}

static void unanswered_number_rests_while_others_go_round(void **state)
{
	struct world world;
	uint32_t i;

	(void)state;
	world_up(&world, "");
	transmit(&world, 1000, 0x01);
	for (i = 1; i <= 600; i++) {
		/* 1 to 255, then 1 again: number 0 is still spoken for. */
		uint8_t number = (uint8_t)(1 + (i - 1) % 255);

		transmit(&world, 1000 + i, 0x01);
		peer_answer(&world, number, 0x07, 0x01);
		assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission,
			1000 + i);
		world.harness.heard_count = world.harness.taken = 0;
	}
	peer_answer(&world, 0, 0x07, 0x01);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 1000);
	world_finish(&world);
}

static void all_numbers_waiting_is_not_now(void **state)
{
	struct world world;
	uint32_t i;

	(void)state;
	world_up(&world, "");
	for (i = 0; i < 256; i++) {
		transmit(&world, 1 + i, 0x01);
	}
	assert_int_equal(harness_transmit(&world.harness, 999, 0x06, 0x01, NULL, 0), -EAGAIN);
	peer_answer(&world, 200, 0x07, 0x01);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 201);
	transmit(&world, 999, 0x01);
	peer_answer(&world, 200, 0x07, 0x01);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 999);
	world_finish(&world);
}

static void lost_connection_is_made_again_and_old_answers_are_forgotten(void **state)
{
	struct world world;

	(void)state;
	world_up(&world, "");
	transmit(&world, 5, 0x01);
	close(world.peer);
	world.peer = -1;
	harness_expect(&world.harness, CORE_EVENT_LINK_DOWN);
	assert_int_equal(harness_transmit(&world.harness, 6, 0x06, 0x01, NULL, 0), -ENOTCONN);
	peer_accept(&world);
	peer_hear(&world, our_greeting, sizeof(our_greeting));
	peer_say(&world, their_greeting, sizeof(their_greeting));
	harness_expect(&world.harness, CORE_EVENT_LINK_UP);
	harness_expect(&world.harness, CORE_EVENT_ATTENTION);
	peer_answer(&world, 0, 0x07, 0x01);
	assert_int_equal(harness_expect(&world.harness, CORE_EVENT_RECEIVED)->transmission, 0);
	world_finish(&world);
}

static void controller_may_come_later(void **state)
{
	struct world world;

	(void)state;
	world_init(&world, false);
	world_open(&world, "");
	assert_int_equal(harness_run(&world.harness, 300), 0);
	/* Said once, not at every try. */
	assert_non_null(strchr(world.harness.log, '\n'));
	assert_null(strchr(strchr(world.harness.log, '\n') + 1, '\n'));
	world_listen(&world);
	peer_accept(&world);
	peer_say(&world, their_greeting, sizeof(their_greeting));
	harness_expect(&world.harness, CORE_EVENT_LINK_UP);
	world_finish(&world);
}

static void second_client_of_a_controller_is_told_and_never_up(void **state)
{
	struct world world;
	int tries;

	(void)state;
	world_init(&world, true);
	world_open(&world, "");
	for (tries = 0; tries < 3; tries++) {
		peer_accept(&world);
		close(world.peer);
		world.peer = -1;
	}
	assert_int_equal(harness_run(&world.harness, 20), 0);
	assert_non_null(strstr(world.harness.log, "another client holds the port"));
	/* The other one goes: now it is our turn. */
	peer_accept(&world);
	peer_say(&world, their_greeting, sizeof(their_greeting));
	harness_expect(&world.harness, CORE_EVENT_LINK_UP);
	world_finish(&world);
}

/* What the controller has read so far, decoded; returns how many whole requests. */
static size_t peer_drain(struct world *world, struct vm_decoder *decoder, size_t *number)
{
	uint8_t bytes[65536];
	ssize_t length = recv(world->peer, bytes, sizeof(bytes), MSG_DONTWAIT);
	size_t at = 0, count = 0, i;

	while (length > 0 && at < (size_t)length) {
		struct vm_item item;

		at += vm_decode(decoder, bytes + at, (size_t)length - at, &item);
		if (item.type == VM_ITEM_NONE || item.type == VM_ITEM_CONTROL) {
			continue;
		}
		assert_int_equal(item.type, VM_ITEM_MESSAGE);
		assert_int_equal(item.message.sequence, (uint8_t)*number);
		assert_int_equal(item.message.length, VIPMI_DATA_MAX);
		for (i = 0; i < item.message.length; i++) {
			assert_int_equal(item.message.data[i], 0xA0);
		}
		++*number;
		count++;
	}
	return count;
}

static void controller_that_does_not_read_is_back_pressure(void **state)
{
	struct world world;
	struct vm_decoder decoder;
	uint8_t data[VIPMI_DATA_MAX];
	size_t sent = 0, number = 0;
	int rc, small = 4096;

	(void)state;
	world_up(&world, "");
	assert_int_equal(setsockopt(world.harness.link->ops->fd(world.harness.link), SOL_SOCKET,
				 SO_SNDBUF, &small, sizeof(small)),
		0);
	memset(data, 0xA0, sizeof(data)); /* each byte is escaped: two on the wire */
	while ((rc = harness_transmit(&world.harness, (uint32_t)(1 + sent), 0x06, 0x01, data,
			sizeof(data))) == 0) {
		sent++;
		assert_true(sent < 250);
	}
	assert_int_equal(rc, -EAGAIN);
	assert_true(sent > 10);
	vm_decoder_init(&decoder);
	while (number < sent) {
		peer_drain(&world, &decoder, &number);
		harness_run(&world.harness, 1);
	}
	harness_expect(&world.harness, CORE_EVENT_LINK_READY);
	assert_int_equal(harness_transmit(&world.harness, 1000, 0x06, 0x01, data, sizeof(data)), 0);
	world_finish(&world);
}

static void tcp_works_like_unix(void **state)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	char specification[64];
	struct world world = {.peer = -1};

	(void)state;
	harness_init(&world.harness, false);
	world.listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(world.listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(world.listener, 1), 0);
	assert_int_equal(getsockname(world.listener, (struct sockaddr *)&address, &length), 0);
	snprintf(specification, sizeof(specification), "vm:127.0.0.1:%u,window=2",
		ntohs(address.sin_port));
	harness_open(&world.harness, specification);
	peer_accept(&world);
	peer_hear(&world, our_greeting, sizeof(our_greeting));
	peer_say(&world, their_greeting, sizeof(their_greeting));
	harness_expect(&world.harness, CORE_EVENT_LINK_UP);
	harness_close(&world.harness);
	close(world.peer);
	close(world.listener);
}

static void bad_addresses_are_explained(void **state)
{
	static const struct {
		const char *specification, *names;
	} bad[] = {
		{"vm:", "nothing before"},
		{"vm:localhost", "is not HOST:PORT or unix:PATH"},
		{"vm:localhost:", "is not HOST:PORT or unix:PATH"},
		{"vm::9002", "is not HOST:PORT or unix:PATH"},
		{"vm:unix:", "path is missing"},
		{"vm:127.0.0.1:9002,window=33", "from 1 to 32"},
		{"vm:127.0.0.1:nowhere", "port 'nowhere'"},
		{"vm:127.0.0.1:9002,windo=3", "did you mean 'window'"},
	};
	struct harness harness;
	size_t i;

	(void)state;
	harness_init(&harness, false);
	for (i = 0; i < ARRAY_LENGTH(bad); i++) {
		struct link *link = NULL;
		char error[256] = "";

		assert_int_equal(link_open(bad[i].specification, 1, &harness.sink, error,
					 sizeof(error), &link),
			-EINVAL);
		assert_null(link);
		if (!strstr(error, bad[i].names)) {
			fail_msg("'%s' gave: %s", bad[i].specification, error);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(link_greets_and_is_up_when_the_controller_speaks),
		cmocka_unit_test(silent_controller_is_up_after_a_moment),
		cmocka_unit_test(requests_and_answers_are_the_golden_bytes),
		cmocka_unit_test(answers_in_any_order_and_in_pieces_find_their_requests),
		cmocka_unit_test(attention_is_told_with_and_without_interrupt),
		cmocka_unit_test(what_the_controller_wants_of_its_host_is_only_logged),
		cmocka_unit_test(garbage_is_told_and_survived),
		cmocka_unit_test(answers_that_nobody_waits_for_are_strays),
		cmocka_unit_test(unanswered_number_rests_while_others_go_round),
		cmocka_unit_test(all_numbers_waiting_is_not_now),
		cmocka_unit_test(lost_connection_is_made_again_and_old_answers_are_forgotten),
		cmocka_unit_test(controller_may_come_later),
		cmocka_unit_test(second_client_of_a_controller_is_told_and_never_up),
		cmocka_unit_test(controller_that_does_not_read_is_back_pressure),
		cmocka_unit_test(tcp_works_like_unix),
		cmocka_unit_test(bad_addresses_are_explained),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
