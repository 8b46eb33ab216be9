/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bridged by hand: N clients, each with one Get Device ID on its way to the
 * satellite in a Send Message of its own making; the response is fetched with Get
 * Message. All write the same sequence number, so each of them is translated and
 * restored. `direct` asks the controller itself, without any of that: what the
 * rest costs. Prints one line of JSON.
 *
 * In bursts: a number that was answered rests for a quarter of a second
 * (core/limits.h), so that no more than 64 in that time can go to one responder.
 * What is measured is the time in which something is under way.
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
/* Exchanges of a burst, of 64 numbers; and until those are free again. */
#define BURST 48
#define PAUSE_US 300000
#define GET_DEVICE_ID 0x01
#define GET_MESSAGE 0x33  /* IPMI 2.0 section 22.6 */
#define SEND_MESSAGE 0x34 /* section 22.7 */
#define QUEUE_EMPTY 0x80
#define SATELLITE 0xB4
#define SEQUENCE_NUMBER 0x05

/* Channel 0, then the IPMB message: B4h, netFn App, checksum; 20h, number and LUN 2, command,
 * checksum. */
static const uint8_t bridged[] = {0x00, SATELLITE, VIPMI_NETFN_APP << 2, 0x34, 0x20,
	SEQUENCE_NUMBER << 2 | 2, GET_DEVICE_ID, 0xC9};

struct client {
	int fd;
	uint32_t handle;
	uint8_t command; /* that it waits for */
};

static bool direct;
static uint32_t started, finished, polls, wrong;

static void client_ask(struct client *client, uint8_t command)
{
	struct socket_header header = {.type = VIPMI_MESSAGE_REQUEST,
		.handle = client->handle,
		.class = VIPMI_CLASS_OF_HANDLE,
		.netfn = VIPMI_NETFN_APP,
		.command = command};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	int length;

	socket_begin(&writer, &header);
	if (command == SEND_MESSAGE) {
		socket_put(&writer, VIPMI_EXTENSION_DATA, bridged, sizeof(bridged));
	}
	length = socket_end(&writer);
	client->command = command;
	if (send(client->fd, bytes, (size_t)length, 0) != length) {
		die("send");
	}
}

/* Channel, netFn, checksum, B4h, number, command, completion code, ... as written, not as sent. */
static bool response_fits(struct socket_bytes data)
{
	return data.length > 7 && data.bytes[1] >> 2 == (VIPMI_NETFN_APP | 1) &&
	       data.bytes[3] == SATELLITE && data.bytes[4] >> 2 == SEQUENCE_NUMBER &&
	       data.bytes[5] == GET_DEVICE_ID && data.bytes[6] == VIPMI_CC_OK;
}

static void client_begin(struct client *client)
{
	if (started < BURST) {
		started++;
		client_ask(client, direct ? GET_DEVICE_ID : SEND_MESSAGE);
	}
}

static void client_serve(struct client *client)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	ssize_t length = recv(client->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	struct socket_message message;

	if (length < 0 && errno == EAGAIN) {
		return;
	}
	if (length <= 0 || socket_decode(bytes, (size_t)length, &message) ||
		message.header.type != VIPMI_MESSAGE_ANSWER ||
		message.header.command != client->command) {
		fprintf(stderr, "no answer to what was asked\n");
		exit(1);
	}
	if (client->command == GET_MESSAGE && message.header.cc == QUEUE_EMPTY) {
		polls++;
		client_ask(client, GET_MESSAGE);
		return;
	}
	wrong += message.header.cc != VIPMI_CC_OK;
	if (client->command == SEND_MESSAGE) {
		client_ask(client, GET_MESSAGE);
		return;
	}
	wrong += client->command == GET_MESSAGE && !response_fits(message.data);
	finished++;
	client_begin(client);
}

/* From one burst's first request to its last answer. */
static uint64_t burst_ns(int epoll, struct client *clients, uint32_t client_count)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t start_ns = clock_ns();
	uint32_t c;
	int i, count;

	started = finished = 0;
	for (c = 0; c < client_count; c++) {
		client_begin(&clients[c]);
	}
	while (finished < BURST) {
		count = epoll_wait(epoll, events, EVENTS_MAX, PATIENCE_S * 1000);
		if (count <= 0) {
			fprintf(stderr, "no reply within %d s\n", PATIENCE_S);
			exit(1);
		}
		for (i = 0; i < count; i++) {
			client_serve(events[i].data.ptr);
		}
	}
	return clock_ns() - start_ns;
}

int main(int argc, char **argv)
{
	struct client *clients;
	uint64_t taken_ns = 0;
	uint32_t i, count, bursts;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	if (argc != 5) {
		fprintf(stderr, "usage: bench-bridge direct|bridged CLIENTS BURSTS SOCKET\n");
		return 2;
	}
	direct = strcmp(argv[1], "direct") == 0;
	count = (uint32_t)strtoul(argv[2], NULL, 10);
	bursts = (uint32_t)strtoul(argv[3], NULL, 10);
	clients = calloc(count, sizeof(*clients));
	for (i = 0; i < count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &clients[i]};

		clients[i].fd = session_connect(argv[4]);
		clients[i].handle = session_open(clients[i].fd);
		epoll_ctl(epoll, EPOLL_CTL_ADD, clients[i].fd, &event);
	}
	(void)burst_ns(epoll, clients, count); /* to warm up */
	polls = 0;
	for (i = 0; i < bursts; i++) {
		(void)usleep(PAUSE_US);
		taken_ns += burst_ns(epoll, clients, count);
	}
	printf("{\"rate\": %.0f, \"polls\": %.1f, \"wrong\": %u}\n",
		(double)bursts * BURST * 1e9 / (double)taken_ns,
		(double)polls / (double)(bursts * BURST), wrong);
	return wrong != 0;
}
