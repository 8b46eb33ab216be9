/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many programs on one IPMI device of the kernel's, or on what stands in for it.
 *
 *	ioctl_load DEVICE hold OPENS        opens so often and prints how often it worked
 *	ioctl_load DEVICE sensor PROGRAMS MS
 *	ioctl_load DEVICE oem PROGRAMS MS   so many ask for so long, one request after the other,
 *	                                    what may be answered together (a sensor's reading), or
 *	                                    what may not; prints answers a second
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
/* Longer than anybody's call may hang when the device has gone. */
#define END_WAIT_S 30

struct tally {
	int up, wrong, ended;
	long answers, last_end_ms;
};

static struct tally *tally; /* shared with the children */

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int ask(int fd, bool sensor, long msgid)
{
	struct ipmi_system_interface_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	uint8_t data[1] = {0x01};
	struct ipmi_req req = {.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msgid = msgid,
		.msg = {.netfn = sensor ? 0x04 : 0x30,
			.cmd = sensor ? 0x2D : 0x01,
			.data = data,
			.data_len = sizeof(data)}};

	return ioctl(fd, IPMICTL_SEND_COMMAND, &req);
}

/* 1: an answer, and ours; 0: it was not; -1: there is none any more. */
static int hear(int fd, bool sensor, long msgid)
{
	struct ipmi_addr addr;
	uint8_t data[280];
	struct ipmi_recv recv = {.addr = (unsigned char *)&addr,
		.addr_len = sizeof(addr),
		.msg = {.data = data, .data_len = sizeof(data)}};
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	if (poll(&poll_fd, 1, ANSWER_WAIT_MS) != 1 ||
		ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &recv) < 0) {
		return -1;
	}
	return recv.msgid == msgid && recv.msg.netfn == (sensor ? 0x05 : 0x31);
}

/* Asks until a time, or until it fails. False: it failed. */
static bool work(int fd, bool sensor, long end_ms)
{
	long msgid = (long)getpid() * 1000;
	int heard;

	while (now_ms() < end_ms) {
		if (ask(fd, sensor, ++msgid) < 0) {
			return false;
		}
		heard = hear(fd, sensor, msgid);
		if (heard < 0) {
			return false;
		}
		__atomic_fetch_add(&tally->answers, heard, __ATOMIC_RELAXED);
		__atomic_fetch_add(&tally->wrong, !heard, __ATOMIC_RELAXED);
	}
	return true;
}

static void program(const char *device, bool sensor, long length_ms, int start)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);
	long end_ms;
	char byte;

	if (fd < 0) {
		perror(device);
		_exit(1);
	}
	__atomic_fetch_add(&tally->up, 1, __ATOMIC_SEQ_CST);
	if (read(start, &byte, 1) < 0) { /* until all are there */
		_exit(1);
	}
	end_ms = length_ms ? now_ms() + length_ms : INT64_MAX;
	if (work(fd, sensor, end_ms)) {
		_exit(0);
	}
	end_ms = now_ms();
	__atomic_fetch_add(&tally->ended, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&tally->last_end_ms, end_ms, __ATOMIC_SEQ_CST);
	_exit(length_ms != 0);
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

static int programs(const char *device, bool sensor, int count, long length_ms)
{
	int start[2], i, failed;
	long begun_ms;

	tally = mmap(
		NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED || pipe(start) < 0) {
		return 1;
	}
	for (i = 0; i < count; i++) {
		if (fork() == 0) {
			close(start[1]);
			program(device, sensor, length_ms, start[0]);
		}
	}
	while (__atomic_load_n(&tally->up, __ATOMIC_SEQ_CST) < count &&
		waitpid(-1, &i, WNOHANG) == 0) {
		usleep(10000);
	}
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
		begun_ms = now_ms();
		alarm(END_WAIT_S);
	}
	failed = programs_end(count);
	if (length_ms == 0) {
		printf("%d of %d ended within %ld ms, %d wrong\n", tally->ended, count,
			tally->last_end_ms - begun_ms, tally->wrong);
	} else {
		printf("%ld\n", tally->answers * 1000 / (now_ms() - begun_ms));
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

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[2], "hold") == 0) {
		return hold(argv[1], atoi(argv[3]));
	}
	if (argc == 4 && strcmp(argv[2], "stay") == 0) {
		return programs(argv[1], true, atoi(argv[3]), 0);
	}
	if (argc == 5) {
		return programs(
			argv[1], strcmp(argv[2], "sensor") == 0, atoi(argv[3]), atol(argv[4]));
	}
	fprintf(stderr, "usage: ioctl_load DEVICE hold OPENS | stay PROGRAMS\n"
			"       ioctl_load DEVICE sensor|oem PROGRAMS MS\n");
	return 2;
}
