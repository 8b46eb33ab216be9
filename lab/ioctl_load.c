/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many programs on one IPMI device of the kernel's, or on what stands in for it.
 *
 *	ioctl_load DEVICE hold OPENS        opens so often and prints how often it worked
 *	ioctl_load DEVICE passed USER       opens, and asks three times as that user
 *	ioctl_load DEVICE sensor PROGRAMS MS
 *	ioctl_load DEVICE oem PROGRAMS MS   so many ask for so long, one request after the other;
 *	                                    prints answers a second (of oem, none of the first)
 *	ioctl_load DEVICE guid PROGRAMS MS  likewise; each must hear the same all the time
 *	ioctl_load DEVICE sdr PROGRAMS MS   so many read the SDR repository for so long, each with a
 *	                                    reservation, as tools do; prints records a second
 *	ioctl_load DEVICE tour PROGRAMS MS  likewise, and behind each sensor's record its reading,
 *	                                    as exporters do; prints records and readings a second
 *	ioctl_load DEVICE median COUNT PAUSE_MS
 *	ioctl_load DEVICE median-oem COUNT PAUSE_MS
 *	                                    one reads so many pieces of the FRU, no two the same, or
 *	                                    asks what nobody knows, with a pause after each; prints
 *	                                    how many microseconds the middle answer took
 *	ioctl_load DEVICE mode              prints the maintenance mode
 *	ioctl_load DEVICE maintain          sets it on, prints its own process number, and stays
 *	ioctl_load DEVICE answer NETFN COMMAND
 *	                                    registers for such requests from a bus and prints "up";
 *	                                    answers the first, and prints what it was and what
 *	                                    became of the answer
 *	ioctl_load DEVICE stay PROGRAMS     so many ask until the device fails them: prints "up",
 *	                                    then how many of them heard so, within how long
 *
 * Every answer must be the asker's own, by its number and by its command.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_WAIT_MS 60000
/* Of a record, and bytes asked for at once: as ipmitool does. */
#define HEADER 5
#define PART 16
/* Types of record that describe a sensor: full, compact; and where they have its number. */
#define RECORD_FULL 0x01
#define RECORD_COMPACT 0x02
#define NUMBER_OFFSET 7
/* Longer than anybody's call may hang when the device has gone. */
#define END_WAIT_S 30
/* Pieces of the FRU's first bytes by offset and length. */
#define MEDIAN_OFFSETS 48
#define MEDIAN_COUNT_MAX (MEDIAN_OFFSETS * 16)

struct tally {
	int up, done, wrong, ended;
	long answers, first_end_ms, last_end_ms;
	long done_ms; /* when somebody asked his last question; any of the last ones will do */
};

static struct tally *tally; /* shared with the children */

static long now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static long now_ms(void)
{
	return now_us() / 1000;
}

struct question {
	uint8_t netfn, command;
	uint8_t data[6];
	unsigned short length;
	bool same; /* every answer is the first one */
};

static const struct question sensor = {0x04, 0x2D, {0x01}, 1}, oem = {0x30, 0x01, {0x01}, 1},
			     guid = {.netfn = 0x06, .command = 0x08, .same = true};
/* No questions, but many: the repository, and with its sensors. */
static const struct question sdr, tour;

static int ask(int fd, const struct question *question, long msgid)
{
	struct ipmi_system_interface_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	struct ipmi_req req = {.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msgid = msgid,
		.msg = {.netfn = question->netfn,
			.cmd = question->command,
			.data = (unsigned char *)(uintptr_t)question->data,
			.data_len = question->length}};

	return ioctl(fd, IPMICTL_SEND_COMMAND, &req);
}

/* Length of the answer, completion code and all; 0: it is somebody else's; -1: there is none. */
static int hear(int fd, const struct question *question, long msgid, uint8_t answer[280])
{
	struct ipmi_addr addr;
	struct ipmi_recv recv = {.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msg = {.data = answer, .data_len = 280}};
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	if (poll(&poll_fd, 1, ANSWER_WAIT_MS) != 1 ||
		ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &recv) < 0) {
		return -1;
	}
	return recv.msgid == msgid && recv.msg.netfn == (question->netfn | 1) &&
			       recv.msg.cmd == question->command
		       ? recv.msg.data_len
		       : 0;
}

/* One question and its answer, as `hear` says. */
static int exchange(int fd, const struct question *question, uint8_t answer[280])
{
	static long msgid;
	int length;

	msgid = msgid ? msgid + 1 : (long)getpid() * 1000;
	if (ask(fd, question, msgid) < 0) {
		return -1;
	}
	length = hear(fd, question, msgid, answer);
	__atomic_fetch_add(&tally->wrong, length == 0, __ATOMIC_RELAXED);
	return length;
}

/* Some bytes of a record. 1: read; 0: the reservation is lost; -1: it failed. */
static int part_read(int fd, uint16_t reservation, uint16_t record, uint8_t offset, uint8_t count,
	uint8_t answer[280])
{
	const struct question get = {0x0A, 0x23,
		{reservation & 0xFF, reservation >> 8, record & 0xFF, record >> 8, offset, count},
		6};
	int length = exchange(fd, &get, answer);

	if (length <= 0) {
		return -1;
	}
	return answer[0] == 0x00 && length == 3 + count;
}

/* A record, header first and the rest in parts. As part_read. The sensor that it describes, or
 * -1. */
static int record_read(
	int fd, uint16_t reservation, uint16_t record, uint16_t *ret_next, int *ret_sensor)
{
	uint8_t answer[280];
	int result = part_read(fd, reservation, record, 0, HEADER, answer), at, end;
	uint8_t type = answer[3 + 3];

	if (result <= 0) {
		return result;
	}
	*ret_next = (uint16_t)(answer[1] | answer[2] << 8);
	*ret_sensor = -1;
	end = HEADER + answer[3 + HEADER - 1];
	for (at = HEADER; at < end && result > 0; at += PART) {
		int count = end - at < PART ? end - at : PART;

		result = part_read(fd, reservation, record, (uint8_t)at, (uint8_t)count, answer);
		if (at == HEADER && (type == RECORD_FULL || type == RECORD_COMPACT)) {
			*ret_sensor = answer[3 + NUMBER_OFFSET - HEADER];
		}
	}
	return result;
}

static bool reading(int fd, int number)
{
	const struct question get = {0x04, 0x2D, {(uint8_t)number}, 1};
	uint8_t answer[280];

	if (exchange(fd, &get, answer) <= 0) {
		return false;
	}
	__atomic_fetch_add(&tally->answers, 1, __ATOMIC_RELAXED);
	return true;
}

/* Reads record after record, each with a new reservation when the last one was lost; and each
 * one's sensor, if so wanted. */
static bool read_repository(int fd, bool readings, long end_ms)
{
	static const struct question reserve = {0x0A, 0x22, {0}, 0};
	uint16_t reservation = 0, record = 0, next = 0;
	uint8_t answer[280];

	while (now_ms() < end_ms) {
		int sensor_number = -1;
		int result = record_read(fd, reservation, record, &next, &sensor_number);

		if (result < 0) {
			return false;
		}
		if (result > 0) {
			__atomic_fetch_add(&tally->answers, 1, __ATOMIC_RELAXED);
			record = next == 0xFFFF ? 0 : next;
			if (readings && sensor_number >= 0 && !reading(fd, sensor_number)) {
				return false;
			}
			continue;
		}
		if (exchange(fd, &reserve, answer) < 3) {
			return false;
		}
		reservation = (uint16_t)(answer[1] | answer[2] << 8);
	}
	return true;
}

/* Asks until a time, or until it fails. False: it failed. */
static bool work(int fd, const struct question *question, long end_ms)
{
	uint8_t answer[280], first[280];
	int length, length_first = 0;

	if (!question->netfn) {
		return read_repository(fd, question == &tour, end_ms);
	}
	while (now_ms() < end_ms) {
		length = exchange(fd, question, answer);
		if (length < 0) {
			return false;
		}
		if (question->same && length_first == 0) {
			length_first = length;
			memcpy(first, answer, (size_t)length);
		} else if (question->same &&
			   (length != length_first || memcmp(first, answer, (size_t)length) != 0)) {
			__atomic_fetch_add(&tally->wrong, 1, __ATOMIC_RELAXED);
		}
		__atomic_fetch_add(&tally->answers, length > 0, __ATOMIC_RELAXED);
	}
	return true;
}

/* Until whoever has the other end closes it. */
static bool wait_for(int pipe_fd)
{
	char byte;

	return read(pipe_fd, &byte, 1) == 0;
}

static void program(
	const char *device, const struct question *question, long length_ms, int start, int end)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);
	uint8_t answer[280];
	long end_ms;

	if (fd < 0) {
		perror(device);
		_exit(1);
	}
	/* The first time costs more than those after, and is not counted. */
	if (question == &oem && exchange(fd, question, answer) < 0) {
		perror("the first answer");
		_exit(1);
	}
	__atomic_fetch_add(&tally->up, 1, __ATOMIC_SEQ_CST);
	if (!wait_for(start)) { /* all are there */
		_exit(1);
	}
	end_ms = length_ms ? now_ms() + length_ms : INT64_MAX;
	if (work(fd, question, end_ms)) {
		__atomic_store_n(&tally->done_ms, now_ms(), __ATOMIC_SEQ_CST);
		__atomic_fetch_add(&tally->done, 1, __ATOMIC_SEQ_CST);
		/* To go is work, too, which the last answers of the others would wait for. */
		_exit(!wait_for(end));
	}
	end_ms = now_ms();
	if (__atomic_fetch_add(&tally->ended, 1, __ATOMIC_SEQ_CST) == 0) {
		tally->first_end_ms = end_ms;
	}
	__atomic_store_n(&tally->last_end_ms, end_ms, __ATOMIC_SEQ_CST);
	_exit(length_ms != 0);
}

/* Until all have got so far, or one is gone. */
static void await_all(const int *so_far, int count)
{
	int status;

	while (__atomic_load_n(so_far, __ATOMIC_SEQ_CST) < count &&
		waitpid(-1, &status, WNOHANG) == 0) {
		usleep(10000);
	}
}

/* Waits for all of them; how many failed, or did not end. */
static int programs_end(int count)
{
	int status, failed = 0;

	while (count-- > 0) {
		failed += waitpid(-1, &status, 0) < 0 || status != 0;
	}
	return failed;
}

static int programs(const char *device, const struct question *question, int count, long length_ms)
{
	int start[2], end[2], i, failed;
	long begun_ms;

	tally = mmap(
		NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED || pipe(start) < 0 || pipe(end) < 0) {
		return 1;
	}
	for (i = 0; i < count; i++) {
		if (fork() == 0) {
			close(start[1]);
			close(end[1]);
			program(device, question, length_ms, start[0], end[0]);
		}
	}
	await_all(&tally->up, count);
	close(start[1]);
	begun_ms = now_ms();
	if (length_ms == 0) {
		while (__atomic_load_n(&tally->answers, __ATOMIC_RELAXED) < count) {
			usleep(10000);
		}
		printf("up\n");
		fflush(stdout);
		while (__atomic_load_n(&tally->ended, __ATOMIC_SEQ_CST) == 0) {
			usleep(1000);
		}
		alarm(END_WAIT_S);
	} else {
		await_all(&tally->done, count);
	}
	close(end[1]);
	failed = programs_end(count);
	if (length_ms == 0) {
		printf("%d of %d ended within %ld ms, %d wrong\n", tally->ended, count,
			tally->last_end_ms - tally->first_end_ms, tally->wrong);
	} else {
		printf("%ld\n", tally->answers * 1000 / (tally->done_ms - begun_ms));
	}
	return failed || tally->wrong;
}

static int hold(const char *device, int opens)
{
	int i;

	for (i = 0; i < opens && open(device, O_RDWR) >= 0; i++) {
	}
	printf("%d\n", i);
	return i < opens;
}

static int compare(const void *a, const void *b)
{
	const long *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

static int median(const char *device, bool of_oem, int count, long pause_ms)
{
	static long took_us[MEDIAN_COUNT_MAX];
	static struct tally alone;
	int fd = open(device, O_RDWR | O_CLOEXEC), i;
	uint8_t answer[280];

	if (fd < 0 || count < 1 || count > MEDIAN_COUNT_MAX) {
		perror(device);
		return 1;
	}
	tally = &alone;
	for (i = 0; i < count; i++) {
		const struct question piece = {0x0A, 0x11,
			{0, (uint8_t)(i % MEDIAN_OFFSETS), 0, (uint8_t)(1 + i / MEDIAN_OFFSETS)},
			4};
		long begun_us = now_us();

		if (exchange(fd, of_oem ? &oem : &piece, answer) <= 0 ||
			(answer[0] != 0x00 && !of_oem)) {
			fprintf(stderr, "no answer to question %d\n", i + 1);
			return 1;
		}
		took_us[i] = now_us() - begun_us;
		usleep((useconds_t)pause_ms * 1000);
	}
	qsort(took_us, (size_t)count, sizeof(took_us[0]), compare);
	printf("%ld\n", took_us[count / 2]);
	return 0;
}

/* The next message, which must be one of a kind. */
static int take(int fd, int kind, struct ipmi_recv *recv)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	if (poll(&poll_fd, 1, ANSWER_WAIT_MS) != 1 ||
		ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, recv) < 0 || recv->recv_type != kind) {
		return -1;
	}
	return 0;
}

static int answer_one(const char *device, uint8_t netfn, uint8_t command)
{
	struct ipmi_cmdspec wanted = {.netfn = netfn, .cmd = command};
	uint8_t data[280], says[] = {0x00, 0x5A, 0xA5};
	struct ipmi_ipmb_addr from, to;
	struct ipmi_recv recv = {.addr = (unsigned char *)&from,
		.addr_len = sizeof(from),
		.msg = {.data = data, .data_len = sizeof(data)}};
	struct ipmi_req response = {.addr = (unsigned char *)&to,
		.addr_len = sizeof(to),
		.msg = {.netfn = netfn | 1,
			.cmd = command,
			.data = says,
			.data_len = sizeof(says)}};
	int fd = open(device, O_RDWR);

	if (fd < 0 || ioctl(fd, IPMICTL_REGISTER_FOR_CMD, &wanted) < 0) {
		perror(device);
		return 1;
	}
	printf("up\n");
	fflush(stdout);
	if (take(fd, IPMI_CMD_RECV_TYPE, &recv)) {
		return 1;
	}
	printf("request %02x %02x from %02x\n", recv.msg.netfn, recv.msg.cmd, from.slave_addr);
	to = from;
	response.msgid = recv.msgid;
	recv.msg.data_len = sizeof(data);
	if (ioctl(fd, IPMICTL_SEND_COMMAND, &response) < 0 ||
		take(fd, IPMI_RESPONSE_RESPONSE_TYPE, &recv)) {
		perror("response");
		return 1;
	}
	printf("answered %02x\n", data[0]);
	return data[0] != 0x00;
}

static int passed(const char *device, unsigned user)
{
	int fd = open(device, O_RDWR), i;
	uint8_t answer[280];

	tally = mmap(
		NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || tally == MAP_FAILED || setuid(user) < 0) {
		perror(device);
		return 1;
	}
	for (i = 0; i < 3; i++) {
		if (exchange(fd, &sensor, answer) <= 0) {
			perror("exchange");
			return 1;
		}
	}
	return 0;
}

static int mode_print(const char *device)
{
	int fd = open(device, O_RDWR), mode;

	if (fd < 0 || ioctl(fd, IPMICTL_GET_MAINTENANCE_MODE_CMD, &mode) < 0) {
		perror(device);
		return 1;
	}
	printf("%d\n", mode);
	return 0;
}

static int maintain(const char *device)
{
	int fd = open(device, O_RDWR), mode = IPMI_MAINTENANCE_MODE_ON;

	if (fd < 0 || ioctl(fd, IPMICTL_SET_MAINTENANCE_MODE_CMD, &mode) < 0) {
		perror(device);
		return 1;
	}
	printf("%d\n", (int)getpid());
	fflush(stdout);
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[2], "mode") == 0) {
		return mode_print(argv[1]);
	}
	if (argc == 3 && strcmp(argv[2], "maintain") == 0) {
		return maintain(argv[1]);
	}
	if (argc == 4 && strcmp(argv[2], "hold") == 0) {
		return hold(argv[1], atoi(argv[3]));
	}
	if (argc == 4 && strcmp(argv[2], "passed") == 0) {
		return passed(argv[1], (unsigned)atoi(argv[3]));
	}
	if (argc == 4 && strcmp(argv[2], "stay") == 0) {
		return programs(argv[1], &sensor, atoi(argv[3]), 0);
	}
	if (argc == 5 && strcmp(argv[2], "answer") == 0) {
		return answer_one(argv[1], (uint8_t)strtoul(argv[3], NULL, 0),
			(uint8_t)strtoul(argv[4], NULL, 0));
	}
	if (argc == 5 && strncmp(argv[2], "median", strlen("median")) == 0) {
		return median(
			argv[1], strcmp(argv[2], "median-oem") == 0, atoi(argv[3]), atol(argv[4]));
	}
	if (argc == 5) {
		const struct question *question = strcmp(argv[2], "sensor") == 0 ? &sensor
						  : strcmp(argv[2], "oem") == 0  ? &oem
						  : strcmp(argv[2], "guid") == 0 ? &guid
						  : strcmp(argv[2], "tour") == 0 ? &tour
										 : &sdr;

		return programs(argv[1], question, atoi(argv[3]), atol(argv[4]));
	}
	fprintf(stderr, "usage: ioctl_load DEVICE hold OPENS | passed USER | stay PROGRAMS\n"
			"       ioctl_load DEVICE mode | maintain\n"
			"       ioctl_load DEVICE sensor|oem|guid|sdr|tour PROGRAMS MS\n"
			"       ioctl_load DEVICE median|median-oem COUNT PAUSE_MS\n"
			"       ioctl_load DEVICE answer NETFN COMMAND\n");
	return 2;
}
