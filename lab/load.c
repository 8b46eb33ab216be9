/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many programs on one agent or module, each with requests in flight that all
 * have the same tag, each looking whether every answer is its own.
 *
 *	lab_load TARGET PROCESSES REQUESTS     ends by itself; prints one line
 *	lab_load TARGET PROCESSES stay         asks for ever; prints "up" when all are at it
 *	lab_load TARGET rate PROCESSES MS      for so long, what cannot be merged, one request after
 *	                                       the other; prints answers a second
 *	lab_load TARGET hold OPENS             opens so often and prints how often it worked
 *	lab_load TARGET flood                  asks, not reading, until it is held up for a second;
 *	                                       then reads, and every answer must be there
 *	lab_load TARGET event                  subscribes, prints "up" and the first event's bytes
 *	lab_load TARGET answer NETFN COMMAND   takes the right to receive such requests and prints
 *	                                       "up"; answers the first, and prints what it was and
 *	                                       what became of the answer
 *	lab_load TARGET list OBJECT            a listing, "name=value" a field, one row a line
 *
 * What tells answers apart is their content: every request reads other bytes of
 * the FRU, which were read once before. TARGET is a socket's path or a device.
 * Status 0: every answer came and was right.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ipmi/socket.h"
#include "lab/target.h"

#define CMD_READ_FRU_DATA 0x11
#define FRU_ID 0
/* Bytes of the FRU that are asked for, in pieces. */
#define FRU_BYTES 64
#define PIECE 5
#define OUTSTANDING 8
#define ANSWER_WAIT_MS 60000
/* More than anybody's credit; and how long a flood is patient. */
#define FLOOD_MAX 10000
#define FLOOD_PATIENCE_MS 1000
#define TAG UINT64_C(0x7A7A7A7A)

/* Nobody knows what it does, so that nothing may be merged, nor pass another. */
#define NETFN_OEM 0x30
#define CMD_OEM 0x01

/* Written by a child, read by its parent. */
struct tally {
	volatile int up, failed;
	int answers, wrong;
};

static uint8_t fru[FRU_BYTES + PIECE];
static struct tally *tally; /* shared with the children */

static int say(int fd, struct writer *writer)
{
	int length = socket_end(writer);

	return length > 0 && write(fd, writer->start, (size_t)length) == length ? 0 : -1;
}

static int hear(int fd, uint8_t *bytes, struct socket_message *ret_message)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	ssize_t length;

	if (poll(&ready, 1, ANSWER_WAIT_MS) != 1) {
		return -1;
	}
	length = read(fd, bytes, VIPMI_MESSAGE_MAX);
	return length > 0 ? socket_decode(bytes, (size_t)length, ret_message) : -1;
}

static int greet(int fd)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_HELLO};
	struct socket_hello hello = {
		.lowest = VIPMI_PROTOCOL_VERSION_LOWEST, .highest = VIPMI_PROTOCOL_VERSION_HIGHEST};
	struct socket_message message;

	socket_begin(&writer, &header);
	socket_put_hello(&writer, false, &hello);
	if (say(fd, &writer) || hear(fd, bytes, &message) ||
		message.header.type != VIPMI_MESSAGE_HELLO) {
		return -1;
	}
	return 0;
}

/* Says hello and opens a handle; 0 when that is refused. */
static uint32_t handle_open(int fd)
{
	static const char name[] = "load";
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header;
	struct socket_message message;

	if (greet(fd)) {
		return 0;
	}
	header = (struct socket_header){
		.type = VIPMI_MESSAGE_OPEN, .class = VIPMI_CLASS_NORMAL, .tag = TAG};
	socket_begin(&writer, &header);
	socket_put(&writer, VIPMI_EXTENSION_NAME, name, sizeof(name) - 1);
	if (say(fd, &writer) || hear(fd, bytes, &message) ||
		message.header.type != VIPMI_MESSAGE_OPENED) {
		return 0;
	}
	return message.header.handle;
}

static int request(
	int fd, uint32_t handle, uint8_t netfn, uint8_t command, const uint8_t *data, size_t length)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {
		.type = VIPMI_MESSAGE_REQUEST,
		.handle = handle,
		.tag = TAG,
		.time_ms = ANSWER_WAIT_MS,
		.netfn = netfn,
		.command = command,
		.class = VIPMI_CLASS_OF_HANDLE,
	};

	socket_begin(&writer, &header);
	socket_put(&writer, VIPMI_EXTENSION_DATA, data, length);
	return say(fd, &writer);
}

static int ask(int fd, uint32_t handle, uint8_t offset)
{
	const uint8_t data[] = {FRU_ID, offset, 0, PIECE};

	return request(fd, handle, VIPMI_NETFN_STORAGE, CMD_READ_FRU_DATA, data, sizeof(data));
}

/* Why an answer is none. */
static void complain(const struct socket_message *message)
{
	fprintf(stderr, "lab_load: type %u, completion code %02x, %zu bytes:", message->header.type,
		message->header.cc, message->data.length);
	for (size_t i = 0; i < message->data.length; i++) {
		fprintf(stderr, " %02x", message->data.bytes[i]);
	}
	fprintf(stderr, "\n");
}

/* One answer: count (1), bytes. */
static int answered(int fd, uint32_t handle, uint8_t ret_piece[PIECE])
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct socket_message message;

	if (hear(fd, bytes, &message)) {
		fprintf(stderr, "lab_load: no answer: %s\n", strerror(errno));
		return -1;
	}
	if (message.header.type != VIPMI_MESSAGE_ANSWER || message.header.handle != handle ||
		message.header.tag != TAG || message.header.cc != VIPMI_CC_OK ||
		message.data.length != 1 + PIECE) {
		complain(&message);
		return -1;
	}
	memcpy(ret_piece, message.data.bytes + 1, PIECE);
	return 0;
}

static int fru_read(const char *target)
{
	int fd = target_open(target);
	uint32_t handle = fd >= 0 ? handle_open(fd) : 0;

	if (!handle) {
		fprintf(stderr, "lab_load: %s: %s\n", target, strerror(errno));
		return -1;
	}
	for (uint8_t offset = 0; offset < FRU_BYTES; offset++) {
		if (ask(fd, handle, offset) || answered(fd, handle, fru + offset)) {
			fprintf(stderr, "lab_load: the FRU cannot be read\n");
			return -1;
		}
	}
	close(fd);
	return 0;
}

/* A request's place in the FRU, other than that of its neighbours and of other processes'. */
static uint8_t offset_of(int process, long number)
{
	return (uint8_t)((process * 13 + number * 7) % FRU_BYTES);
}

/* One program; `requests` < 0: for ever. Answers on one handle keep their order. */
static void program(const char *target, int process, long requests)
{
	struct tally *mine = &tally[process];
	int fd = target_open(target);
	uint32_t handle = fd >= 0 ? handle_open(fd) : 0;
	long sent = 0, got = 0;
	uint8_t piece[PIECE];

	if (!handle) {
		mine->failed = 1;
		return;
	}
	mine->up = 1;
	while (requests < 0 || got < requests) {
		while ((requests < 0 || sent < requests) && sent - got < OUTSTANDING) {
			if (ask(fd, handle, offset_of(process, sent))) {
				mine->failed = 1;
				return;
			}
			sent++;
		}
		if (answered(fd, handle, piece)) {
			mine->failed = 1;
			return;
		}
		mine->answers++;
		if (memcmp(piece, fru + offset_of(process, got), PIECE) != 0) {
			mine->wrong++;
		}
		got++;
	}
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* One program of a rate: asks from the gate's opening until the end. */
static void ask_until(const char *target, struct tally *mine, int gate, uint64_t length_ms)
{
	static const uint8_t data[] = {0x01};
	uint8_t bytes[VIPMI_MESSAGE_MAX], open;
	struct socket_message message;
	int fd = target_open(target);
	uint32_t handle = fd >= 0 ? handle_open(fd) : 0;
	uint64_t end_ms;

	mine->failed = !handle;
	mine->up = handle != 0;
	if (!handle || read(gate, &open, 1) < 0) {
		return;
	}
	end_ms = now_ms() + length_ms;
	while (now_ms() < end_ms) {
		if (request(fd, handle, NETFN_OEM, CMD_OEM, data, sizeof(data)) ||
			hear(fd, bytes, &message) || message.header.netfn != (NETFN_OEM | 1) ||
			message.header.command != CMD_OEM) {
			mine->failed = 1;
			return;
		}
		mine->answers++;
	}
}

static int rate(const char *target, int processes, uint64_t length_ms)
{
	uint64_t begun_ms, answers = 0;
	int gate[2], i, failed = 0;

	tally = mmap(NULL, sizeof(*tally) * (size_t)processes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED || pipe(gate)) {
		return 1;
	}
	for (i = 0; i < processes; i++) {
		if (fork() == 0) {
			close(gate[1]);
			ask_until(target, &tally[i], gate[0], length_ms);
			_exit(0);
		}
	}
	for (i = 0; i < processes; i++) {
		while (!tally[i].up && !tally[i].failed) {
			usleep(10000);
		}
	}
	begun_ms = now_ms();
	close(gate[1]);
	while (wait(NULL) > 0) {
	}
	length_ms = now_ms() - begun_ms;
	for (i = 0; i < processes; i++) {
		answers += (uint64_t)tally[i].answers;
		failed += tally[i].failed;
	}
	printf("%llu\n", (unsigned long long)(answers * 1000 / length_ms));
	return failed;
}

static void wait_until_up(int processes)
{
	int up = 0;

	while (up < processes) {
		up = 0;
		for (int i = 0; i < processes; i++) {
			up += tally[i].up || tally[i].failed;
		}
		usleep(10000);
	}
	printf("up\n");
	fflush(stdout);
}

/* Handles, each on a connection of its own, until one is refused. */
static int hold(const char *target, int opens)
{
	int count = 0;

	while (count < opens) {
		int fd = target_open(target);

		if (fd < 0 || !handle_open(fd)) {
			break;
		}
		count++;
	}
	printf("%d\n", count);
	return count == opens ? 0 : 1;
}

static int flood(const char *target)
{
	int fd = target_open(target);
	uint32_t handle = fd >= 0 ? handle_open(fd) : 0;
	struct pollfd room = {.fd = fd, .events = POLLOUT};
	long asked = 0, got = 0, wrong = 0;
	uint8_t piece[PIECE];

	if (!handle || fcntl(fd, F_SETFL, O_NONBLOCK)) {
		return 1;
	}
	while (asked < FLOOD_MAX) {
		if (ask(fd, handle, offset_of(0, asked)) == 0) {
			asked++;
		} else if (errno != EAGAIN || poll(&room, 1, FLOOD_PATIENCE_MS) == 0) {
			break;
		}
	}
	while (got < asked && answered(fd, handle, piece) == 0) {
		wrong += memcmp(piece, fru + offset_of(0, got), PIECE) != 0;
		got++;
	}
	printf("asked %ld answered %ld wrong %ld\n", asked, got, wrong);
	return asked == FLOOD_MAX || got != asked || wrong != 0;
}

static int event(const char *target)
{
	int fd = target_open(target);
	uint32_t handle = fd >= 0 ? handle_open(fd) : 0;
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_SET, .handle = handle, .tag = TAG};
	struct socket_message message;

	socket_begin(&writer, &header);
	socket_put_option(&writer, VIPMI_OPTION_EVENTS, 1);
	if (!handle || say(fd, &writer) || hear(fd, bytes, &message) ||
		message.header.type != VIPMI_MESSAGE_DONE || message.header.reason) {
		return 1;
	}
	printf("up\n");
	fflush(stdout);
	if (hear(fd, bytes, &message) || message.header.type != VIPMI_MESSAGE_EVENT) {
		return 1;
	}
	for (size_t i = 0; i < message.data.length; i++) {
		printf("%02x ", message.data.bytes[i]);
	}
	printf("\n");
	return 0;
}

/* 0: the message is a DONE without a reason. */
static int done(int fd, uint8_t *bytes)
{
	struct socket_message message;

	return hear(fd, bytes, &message) || message.header.type != VIPMI_MESSAGE_DONE ||
			       message.header.reason
		       ? -1
		       : 0;
}

static int respond(int fd, uint32_t handle, const struct socket_message *request)
{
	static const uint8_t data[] = {0x5A, 0xA5};
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_RESPOND,
		.handle = handle,
		.tag = TAG,
		.netfn = request->header.netfn | 1,
		.command = request->header.command};

	socket_begin(&writer, &header);
	socket_put_async(
		&writer, request->async.number, request->async.kind, request->async.channel);
	socket_put(&writer, VIPMI_EXTENSION_DATA, data, sizeof(data));
	return say(fd, &writer);
}

static int answer(const char *target, uint8_t netfn, uint8_t command)
{
	int fd = target_open(target);
	uint32_t handle = fd >= 0 ? handle_open(fd) : 0;
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_RESERVE, .handle = handle, .tag = TAG};
	const struct socket_command right = {.netfn = netfn,
		.direction = VIPMI_DIRECTION_RECEIVE,
		.command = command,
		.body = VIPMI_BODY_ALL,
		.channel = VIPMI_ALL,
		.address = VIPMI_ALL,
		.lun = VIPMI_ALL};
	struct socket_message message;

	socket_begin(&writer, &header);
	socket_put_commands(&writer, &right, 1);
	if (!handle || say(fd, &writer) || done(fd, bytes)) {
		return 1;
	}
	printf("up\n");
	fflush(stdout);
	if (hear(fd, bytes, &message) || message.header.type != VIPMI_MESSAGE_EVENT ||
		!(message.header.flags & VIPMI_FLAG_YOURS)) {
		return 1;
	}
	printf("request %02x %02x from %02x\n", message.header.netfn, message.header.command,
		message.target.address);
	if (respond(fd, handle, &message) || hear(fd, bytes, &message) ||
		message.header.type != VIPMI_MESSAGE_ANSWER) {
		printf("not answered: %s, type %u\n", strerror(errno), message.header.type);
		return 1;
	}
	printf("answered %02x\n", message.header.cc);
	return message.header.cc != VIPMI_CC_OK;
}

static int list(const char *target, const char *object)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_QUERY, .tag = TAG};
	struct socket_message message;
	struct socket_field field;
	int fd = target_open(target);

	if (fd < 0 || greet(fd)) {
		return 1;
	}
	socket_begin(&writer, &header);
	socket_put(&writer, VIPMI_EXTENSION_TEXT, object, strlen(object));
	if (say(fd, &writer)) {
		return 1;
	}
	while (hear(fd, bytes, &message) == 0 && message.header.type == VIPMI_MESSAGE_ROW) {
		while (socket_field_next(&message.fields, &field)) {
			printf("%.*s=", (int)field.name_length, field.name);
			if (field.is_number) {
				printf("%llu ", (unsigned long long)field.number);
			} else {
				printf("%.*s ", (int)field.text_length, field.text);
			}
		}
		printf("\n");
	}
	return message.header.type == VIPMI_MESSAGE_END && message.header.reason == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
	int processes = argc == 4 ? atoi(argv[2]) : 0;
	bool stay = argc == 4 && strcmp(argv[3], "stay") == 0;
	long requests = stay ? -1 : argc == 4 ? atol(argv[3]) : 0;
	struct tally sum = {0};

	if (argc == 4 && strcmp(argv[2], "hold") == 0) {
		return hold(argv[1], atoi(argv[3]));
	}
	if (argc == 5 && strcmp(argv[2], "rate") == 0 && atoi(argv[3]) > 0) {
		return rate(argv[1], atoi(argv[3]), (uint64_t)strtoul(argv[4], NULL, 0));
	}
	if (argc == 3 && strcmp(argv[2], "flood") == 0) {
		return fru_read(argv[1]) || flood(argv[1]);
	}
	if (argc == 3 && strcmp(argv[2], "event") == 0) {
		return event(argv[1]);
	}
	if (argc == 5 && strcmp(argv[2], "answer") == 0) {
		return answer(argv[1], (uint8_t)strtoul(argv[3], NULL, 0),
			(uint8_t)strtoul(argv[4], NULL, 0));
	}
	if (argc == 4 && strcmp(argv[2], "list") == 0) {
		return list(argv[1], argv[3]);
	}
	if (processes < 1 || requests == 0) {
		fprintf(stderr, "usage: lab_load TARGET PROCESSES REQUESTS|stay\n"
				"       lab_load TARGET rate PROCESSES MS\n"
				"       lab_load TARGET hold OPENS\n"
				"       lab_load TARGET flood|event\n"
				"       lab_load TARGET answer NETFN COMMAND\n"
				"       lab_load TARGET list OBJECT\n");
		return 2;
	}
	tally = mmap(NULL, sizeof(*tally) * (size_t)processes, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED || fru_read(argv[1])) {
		return 1;
	}
	for (int i = 0; i < processes; i++) {
		if (fork() == 0) {
			program(argv[1], i, requests);
			_exit(0);
		}
	}
	if (stay) {
		wait_until_up(processes);
	}
	while (wait(NULL) > 0) {
	}
	for (int i = 0; i < processes; i++) {
		sum.up += tally[i].up;
		sum.answers += tally[i].answers;
		sum.wrong += tally[i].wrong;
		sum.failed += tally[i].failed;
	}
	printf("programs %d up %d answers %d wrong %d lost %ld failed %d\n", processes, sum.up,
		sum.answers, sum.wrong, stay ? 0L : processes * requests - sum.answers, sum.failed);
	return sum.wrong || sum.failed || (!stay && sum.answers != processes * requests);
}
