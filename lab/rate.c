/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How many commands a second programs get through a device that has the kernel
 * driver's interface, each with one outstanding: Get Device ID, which nobody
 * merges or keeps.
 *
 *	lab_rate DEVICE PROCESSES MILLISECONDS     prints commands a second
 *
 * Status 0: every command was answered.
 */
#include <fcntl.h>
#include <linux/ipmi.h>
#include <poll.h>
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

#define NETFN_APP 0x06
#define CMD_GET_DEVICE_ID 0x01
#define ANSWER_WAIT_MS 20000

/* Shared with the children. */
struct board {
	volatile int up; /* programs that have the device open */
	volatile bool go, stop;
	volatile long answers[];
};

static struct board *board;

static int command(int fd, long number)
{
	struct ipmi_system_interface_addr to = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	struct ipmi_req req = {.addr = (unsigned char *)&to,
		.addr_len = sizeof(to),
		.msgid = number,
		.msg = {.netfn = NETFN_APP, .cmd = CMD_GET_DEVICE_ID}};
	unsigned char data[64];
	struct ipmi_addr from;
	struct ipmi_recv recv = {.addr = (unsigned char *)&from,
		.addr_len = sizeof(from),
		.msg = {.data = data, .data_len = sizeof(data)}};
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	if (ioctl(fd, IPMICTL_SEND_COMMAND, &req) || poll(&ready, 1, ANSWER_WAIT_MS) != 1 ||
		ioctl(fd, IPMICTL_RECEIVE_MSG_TRUNC, &recv)) {
		return -1;
	}
	return recv.msgid == number && data[0] == 0 ? 0 : -1;
}

static void program(const char *device, int which)
{
	int fd = open(device, O_RDWR);

	/* The first one outside of the measurement. */
	if (fd < 0 || command(fd, 0)) {
		_exit(1);
	}
	__sync_fetch_and_add(&board->up, 1);
	while (!board->go) {
		usleep(1000);
	}
	for (long number = 1; !board->stop; number++) {
		if (command(fd, number)) {
			_exit(1);
		}
		board->answers[which]++;
	}
	_exit(0);
}

static uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int main(int argc, char **argv)
{
	int processes = argc == 4 ? atoi(argv[2]) : 0, status, failed = 0;
	useconds_t time_us = argc == 4 ? (useconds_t)atoi(argv[3]) * 1000 : 0;
	uint64_t from_us, took_us;
	long sum = 0;

	if (processes < 1 || time_us == 0) {
		fprintf(stderr, "usage: lab_rate DEVICE PROCESSES MILLISECONDS\n");
		return 2;
	}
	board = mmap(NULL, sizeof(*board) + sizeof(long) * (size_t)processes,
		PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (board == MAP_FAILED) {
		return 1;
	}
	for (int i = 0; i < processes; i++) {
		if (fork() == 0) {
			program(argv[1], i);
		}
	}
	while (board->up < processes && waitpid(-1, &status, WNOHANG) == 0) {
		usleep(1000);
	}
	from_us = now_us();
	board->go = true;
	usleep(time_us);
	took_us = now_us() - from_us;
	for (int i = 0; i < processes; i++) {
		sum += board->answers[i];
	}
	board->stop = true;
	while (wait(&status) > 0) {
		failed += !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	}
	printf("%ld\n", (long)((uint64_t)sum * 1000000 / took_us));
	return failed > 0;
}
