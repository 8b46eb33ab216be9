/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The load: N clients, each with M requests outstanding, against vipmid or
 * against a server that echoes. Both get the same requests (Get Device ID, 32
 * bytes), and from both every reply is held against what was asked: length,
 * handle, and a tag that is outstanding on this very connection. Prints one line
 * of JSON.
 *
 * With one outstanding it makes one recv and one send a reply, as a simple
 * program does; with more it uses recvmmsg and sendmmsg.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/session.h"

#define EVENTS_MAX 256
#define OUTSTANDING_MAX 128
/* Latencies: 16 steps for each power of two of a nanosecond. */
#define HISTOGRAM_STEPS 16
#define HISTOGRAM_SIZE (64 * HISTOGRAM_STEPS)

struct request_slot {
	uint64_t tag; /* 0: not outstanding */
	uint64_t sent_ns;
};

struct client {
	int fd;
	uint32_t handle;
	uint64_t sequence;
	struct request_slot *slots; /* [outstanding] */
};

static struct {
	const char *socket;
	bool echo;
	bool hold;
	pid_t watcher; /* gets SIGUSR1 when measuring begins and when it ends; 0: nobody */
	uint32_t clients, outstanding, reply_length;
	double seconds, warm_up;
} options = {.clients = 1, .outstanding = 1, .seconds = 1, .warm_up = 0.2};

static uint8_t buffers[OUTSTANDING_MAX][VIPMI_MESSAGE_MAX];
static struct iovec vectors[OUTSTANDING_MAX];
static struct mmsghdr messages[OUTSTANDING_MAX];
static uint64_t histogram[HISTOGRAM_SIZE];
static uint64_t replies, wrong;
static bool measuring;

static size_t histogram_index(uint64_t value_ns)
{
	unsigned int power;

	if (value_ns < HISTOGRAM_STEPS) {
		return (size_t)value_ns;
	}
	power = 63 - (unsigned int)__builtin_clzll(value_ns);
	return (power - 3) * HISTOGRAM_STEPS + (value_ns >> (power - 4) & (HISTOGRAM_STEPS - 1));
}

/* The lower edge of a step. */
static uint64_t histogram_value(size_t index)
{
	size_t power = index / HISTOGRAM_STEPS + 3;

	if (index < HISTOGRAM_STEPS) {
		return index;
	}
	return (UINT64_C(16) + index % HISTOGRAM_STEPS) << (power - 4);
}

static double percentile_us(double share)
{
	uint64_t all = 0, below = 0;
	size_t i;

	for (i = 0; i < HISTOGRAM_SIZE; i++) {
		all += histogram[i];
	}
	for (i = 0; i < HISTOGRAM_SIZE; i++) {
		below += histogram[i];
		if (below > 0 && (double)below >= share * (double)all) {
			break;
		}
	}
	return i < HISTOGRAM_SIZE ? (double)histogram_value(i) / 1000.0 : 0.0;
}

static size_t request_encode(struct client *client, uint8_t *bytes, uint64_t now_ns)
{
	struct writer writer = writer_init(bytes, VIPMI_MESSAGE_MAX);
	struct socket_header header = {
		.type = VIPMI_MESSAGE_REQUEST,
		.handle = client->handle,
		.tag = ++client->sequence,
		.class = VIPMI_CLASS_OF_HANDLE,
		.netfn = VIPMI_NETFN_APP,
		.command = 0x01,
	};
	struct request_slot *slot = &client->slots[client->sequence % options.outstanding];

	if (slot->tag) {
		wrong++;
	}
	slot->tag = header.tag;
	slot->sent_ns = now_ns;
	socket_begin(&writer, &header);
	return (size_t)socket_end(&writer);
}

/* Holds a reply against what was asked, and frees its place. */
static void reply_check(struct client *client, const uint8_t *bytes, size_t length, uint64_t now_ns)
{
	struct socket_header header;
	struct reader framed = reader_init(bytes, length);
	size_t named = reader_u16le(&framed);
	struct request_slot *slot;
	uint8_t type = options.echo ? VIPMI_MESSAGE_REQUEST : VIPMI_MESSAGE_ANSWER;

	/* The echo of a request names the request's length. */
	if (length != options.reply_length ||
		socket_header_decode(bytes, options.echo ? named : length, &header) ||
		header.type != type || header.handle != client->handle || header.cc != 0) {
		wrong++;
		return;
	}
	slot = &client->slots[header.tag % options.outstanding];
	if (slot->tag != header.tag) {
		wrong++;
		return;
	}
	slot->tag = 0;
	if (measuring) {
		replies++;
		histogram[histogram_index(now_ns - slot->sent_ns)]++;
	}
}

static void serve_one(struct client *client)
{
	ssize_t length = recv(client->fd, buffers[0], VIPMI_MESSAGE_MAX, MSG_DONTWAIT);
	uint64_t now_ns = clock_ns();

	if (length < 0 && errno == EAGAIN) {
		return;
	}
	if (length <= 0) {
		fprintf(stderr, "the server closed the connection\n");
		exit(1);
	}
	reply_check(client, buffers[0], (size_t)length, now_ns);
	if (send(client->fd, buffers[0], request_encode(client, buffers[0], now_ns), 0) < 0) {
		die("send");
	}
}

static void send_many(struct client *client, uint32_t count)
{
	uint64_t now_ns = clock_ns();
	uint32_t i;

	for (i = 0; i < count; i++) {
		vectors[i].iov_len = request_encode(client, buffers[i], now_ns);
	}
	if (sendmmsg(client->fd, messages, count, 0) != (int)count) {
		die("sendmmsg");
	}
}

static void serve_many(struct client *client)
{
	uint64_t now_ns;
	uint32_t i;
	int count;

	for (i = 0; i < options.outstanding; i++) {
		vectors[i].iov_len = VIPMI_MESSAGE_MAX;
	}
	count = recvmmsg(client->fd, messages, options.outstanding, MSG_DONTWAIT, NULL);
	if (count < 0 && errno == EAGAIN) {
		return;
	}
	if (count <= 0) {
		die("recvmmsg");
	}
	now_ns = clock_ns();
	for (i = 0; i < (uint32_t)count; i++) {
		if (messages[i].msg_len == 0) {
			fprintf(stderr, "the server closed the connection\n");
			exit(1);
		}
		reply_check(client, buffers[i], messages[i].msg_len, now_ns);
	}
	send_many(client, (uint32_t)count);
}

/* One request and its answer: warms the connection, and learns how long answers are. */
static void session_prove(struct client *client)
{
	struct writer writer = writer_init(buffers[1], VIPMI_MESSAGE_MAX);
	struct socket_header header = {.type = VIPMI_MESSAGE_REQUEST,
		.handle = client->handle,
		.class = VIPMI_CLASS_OF_HANDLE,
		.netfn = VIPMI_NETFN_APP,
		.command = 0x01};

	socket_begin(&writer, &header);
	options.reply_length =
		(uint32_t)session_exchange(client->fd, &writer, VIPMI_MESSAGE_ANSWER, &header);
}

static void client_connect(struct client *client, int epoll)
{
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};

	client->fd = session_connect(options.socket);
	client->slots = calloc(options.outstanding, sizeof(*client->slots));
	if (!options.echo) {
		client->handle = session_open(client->fd);
		session_prove(client);
	}
	epoll_ctl(epoll, EPOLL_CTL_ADD, client->fd, &event);
}

static void notify(void)
{
	if (options.watcher > 0) {
		kill(options.watcher, SIGUSR1);
	}
}

static void run(int epoll)
{
	static struct epoll_event events[EVENTS_MAX];
	uint64_t start_ns = clock_ns() + (uint64_t)(options.warm_up * 1e9);
	uint64_t now_ns, stop_ns = UINT64_MAX;
	int i, count;

	do {
		count = epoll_wait(epoll, events, EVENTS_MAX, PATIENCE_S * 1000);
		if (count == 0) {
			fprintf(stderr, "no reply within %d s\n", PATIENCE_S);
			exit(1);
		}
		for (i = 0; i < count; i++) {
			if (options.outstanding == 1) {
				serve_one(events[i].data.ptr);
			} else {
				serve_many(events[i].data.ptr);
			}
		}
		now_ns = clock_ns();
		if (!measuring && now_ns >= start_ns) {
			measuring = true;
			notify();
			start_ns = now_ns;
			stop_ns = now_ns + (uint64_t)(options.seconds * 1e9);
		}
	} while (now_ns < stop_ns);
	notify();
	printf("{\"rate\": %.0f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"replies\": %llu, "
	       "\"wrong\": %llu, \"reply_length\": %u}\n",
		(double)replies * 1e9 / (double)(now_ns - start_ns), percentile_us(0.5),
		percentile_us(0.99), (unsigned long long)replies, (unsigned long long)wrong,
		options.reply_length);
}

static void usage(void)
{
	fprintf(stderr, "usage: bench-load [--echo REPLY] [--clients N] [--outstanding M]\n"
			"                  [--seconds S] [--warm-up S] [--hold]\n"
			"                  [--before-and-after PID] SOCKET\n"
			"--hold: N handles, one request each, then wait for the end of input\n"
			"--before-and-after: SIGUSR1 to PID when measuring begins and ends\n");
	exit(2);
}

static void options_read(int argc, char **argv)
{
	static const struct option names[] = {{"echo", required_argument, NULL, 'e'},
		{"clients", required_argument, NULL, 'c'},
		{"outstanding", required_argument, NULL, 'o'},
		{"seconds", required_argument, NULL, 's'},
		{"warm-up", required_argument, NULL, 'w'}, {"hold", no_argument, NULL, 'h'},
		{"before-and-after", required_argument, NULL, 'b'}, {NULL, 0, NULL, 0}};
	int option;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'e':
			options.echo = true;
			options.reply_length = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'c':
			options.clients = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'o':
			options.outstanding = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 's':
			options.seconds = strtod(optarg, NULL);
			break;
		case 'w':
			options.warm_up = strtod(optarg, NULL);
			break;
		case 'h':
			options.hold = true;
			break;
		case 'b':
			options.watcher = (pid_t)strtol(optarg, NULL, 10);
			break;
		default:
			usage();
		}
	}
	if (optind + 1 != argc || options.clients == 0 || options.outstanding == 0 ||
		options.outstanding > OUTSTANDING_MAX) {
		usage();
	}
	options.socket = argv[optind];
}

int main(int argc, char **argv)
{
	struct client *clients;
	uint32_t i;
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	options_read(argc, argv);
	session_files();
	for (i = 0; i < OUTSTANDING_MAX; i++) {
		vectors[i].iov_base = buffers[i];
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	clients = calloc(options.clients, sizeof(*clients));
	for (i = 0; i < options.clients; i++) {
		client_connect(&clients[i], epoll);
	}
	if (options.hold) {
		printf("held\n");
		fflush(stdout);
		while (getchar() != EOF) {
		}
		return 0;
	}
	for (i = 0; i < options.clients; i++) {
		send_many(&clients[i], options.outstanding);
	}
	run(epoll);
	return wrong ? 1 : 0;
}
