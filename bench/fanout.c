/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events, fanned out: one maker makes an event, N subscribers get it, then the
 * next. Against vipmid (the maker sends Platform Event Message, the agent fetches
 * the event from the controller) or against a server that writes what it gets to
 * everybody else. Every delivery is held against the event that was made: its
 * mark, once, at each. Prints one line of JSON.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/session.h"

#define EVENTS_MAX 256
/* Of an event message: header, its number and kind, 16 bytes of record. */
#define EVENT_LENGTH 66
/* The mark stands in the last two bytes of the record, which end the message. */
#define MARK_OFFSET (EVENT_LENGTH - 2)

#define PLATFORM_EVENT 0x02 /* IPMI 2.0 section 29.3 */
#define GENERATOR 0x41      /* system software */

static bool plain;
static int epoll, maker;
static uint32_t maker_handle, wrong;
static uint64_t deliveries;

static void subscribe(const char *path)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = session_connect(path)};
	struct socket_header header = {.type = VIPMI_MESSAGE_SET};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));

	if (!plain) {
		header.handle = session_open(event.data.fd);
		socket_begin(&writer, &header);
		socket_put_option(&writer, VIPMI_OPTION_EVENTS, 1);
		session_exchange(event.data.fd, &writer, VIPMI_MESSAGE_DONE, &header);
	}
	epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
}

static void event_make(uint16_t mark)
{
	const uint8_t event[] = {
		GENERATOR, 0x04, 0x01, 0x30, 0x01, 0xA9, (uint8_t)mark, (uint8_t)(mark >> 8)};
	struct socket_header header = {.type = VIPMI_MESSAGE_REQUEST,
		.handle = maker_handle,
		.class = VIPMI_CLASS_OF_HANDLE,
		.netfn = VIPMI_NETFN_SENSOR,
		.command = PLATFORM_EVENT};
	uint8_t bytes[VIPMI_MESSAGE_MAX] = {0};
	struct writer writer = writer_init(bytes, sizeof(bytes));

	if (plain) {
		bytes[MARK_OFFSET] = (uint8_t)mark;
		bytes[MARK_OFFSET + 1] = (uint8_t)(mark >> 8);
		if (send(maker, bytes, EVENT_LENGTH, 0) != EVENT_LENGTH) {
			die("send");
		}
		return;
	}
	socket_begin(&writer, &header);
	socket_put(&writer, VIPMI_EXTENSION_DATA, event, sizeof(event));
	session_exchange(maker, &writer, VIPMI_MESSAGE_ANSWER, &header);
	wrong += header.cc != VIPMI_CC_OK;
}

static void delivery_check(int fd, uint16_t mark)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	ssize_t length = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (length != EVENT_LENGTH || (!plain && bytes[2] != VIPMI_MESSAGE_EVENT) ||
		bytes[MARK_OFFSET] != (uint8_t)mark ||
		bytes[MARK_OFFSET + 1] != (uint8_t)(mark >> 8)) {
		wrong++;
	}
}

/* Makes one event and waits until all have it. */
static void round_of_deliveries(uint16_t mark, uint32_t subscribers)
{
	static struct epoll_event events[EVENTS_MAX];
	uint32_t waiting = subscribers;
	int i, count;

	event_make(mark);
	while (waiting > 0) {
		count = epoll_wait(epoll, events, EVENTS_MAX, PATIENCE_S * 1000);
		if (count <= 0 || (uint32_t)count > waiting) {
			fprintf(stderr, "%u deliveries are missing, or there are too many\n",
				waiting);
			exit(1);
		}
		for (i = 0; i < count; i++) {
			delivery_check(events[i].data.fd, mark);
		}
		waiting -= (uint32_t)count;
		deliveries += (uint32_t)count;
	}
}

int main(int argc, char **argv)
{
	uint64_t start_ns, now_ns, stop_ns;
	uint32_t i, subscribers, made;

	if (argc != 5) {
		fprintf(stderr, "usage: bench-fanout vipmid|plain SUBSCRIBERS SECONDS SOCKET\n");
		return 2;
	}
	plain = strcmp(argv[1], "plain") == 0;
	subscribers = (uint32_t)strtoul(argv[2], NULL, 10);
	session_files();
	epoll = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < subscribers; i++) {
		subscribe(argv[4]);
	}
	maker = session_connect(argv[4]);
	maker_handle = plain ? 0 : session_open(maker);
	for (made = 0; made < 20; made++) { /* to warm up */
		round_of_deliveries((uint16_t)made, subscribers);
	}
	deliveries = 0;
	start_ns = clock_ns();
	stop_ns = start_ns + (uint64_t)(strtod(argv[3], NULL) * 1e9);
	do {
		round_of_deliveries((uint16_t)made++, subscribers);
		now_ns = clock_ns();
	} while (now_ns < stop_ns);
	printf("{\"rate\": %.0f, \"deliveries\": %llu, \"wrong\": %u}\n",
		(double)deliveries * 1e9 / (double)(now_ns - start_ns),
		(unsigned long long)deliveries, wrong);
	return wrong != 0;
}
