/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Breaks off transfers over KCS registers that somebody else drives: writes ABORT to
 * the command register, so that the controller falls into its error state as one does
 * that has an error of its own (IPMI 2.0 section 9.13).
 *
 *	kcs_break PORT TIMES [PID]
 *
 * It does so between transfers and while a request is written, never while a response
 * is read: the driver's next READ would be taken for the abort's 00, and the error code
 * for the response's last byte, which nobody can tell from a response. PID is stopped
 * meanwhile, so that it finds a moment on a busy machine, too. Ends after so many of
 * each, or after a time, and prints how many. Status 0: there were some.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <time.h>
#include <unistd.h>

#include "ipmi/kcs.h"

/* Between two looks at random, and after a break: what was broken off has been begun anew by then,
 * and is not broken off again and again. */
#define LOOK_US 500
#define PAUSE_US 50000
/* Looks in a row where nobody is stopped: a request is written within as many. */
#define LOOKS 256
#define LIMIT_S 30

/* Whether it has stopped. */
static bool is_stopped(pid_t pid)
{
	char path[32], text[512];
	const char *state;
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	if (fd >= 0) {
		close(fd);
	}
	text[length > 0 ? length : 0] = '\0';
	state = strrchr(text, ')');
	return !state || strncmp(state, ") T", 3) == 0; /* or gone */
}

/* Whether it broke something off: it wants to find this state. */
static bool look(unsigned short port, enum kcs_state wanted)
{
	uint8_t status = inb(port + 1);

	if ((status & KCS_STATUS_IBF) || (status & KCS_STATUS_STATE) != wanted) {
		return false;
	}
	outb(KCS_CODE_ABORT, port + 1);
	return true;
}

static bool break_one(unsigned short port, enum kcs_state wanted, pid_t pid)
{
	bool done = false;
	int i;

	if (!pid) {
		for (i = 0; i < LOOKS && !done; i++) {
			done = look(port, wanted);
		}
		return done;
	}
	kill(pid, SIGSTOP);
	while (!is_stopped(pid)) {
		usleep(1);
	}
	done = look(port, wanted);
	kill(pid, SIGCONT);
	return done;
}

int main(int argc, char **argv)
{
	unsigned short port = argc > 2 ? (unsigned short)strtoul(argv[1], NULL, 0) : 0;
	long times = argc > 2 ? atol(argv[2]) : 0, idle = 0, writing = 0;
	pid_t pid = argc > 3 ? atoi(argv[3]) : 0;
	time_t end_s = time(NULL) + LIMIT_S;

	if (!port || times < 1) {
		fprintf(stderr, "usage: kcs_break PORT TIMES [PID]\n");
		return 2;
	}
	if (ioperm(port, 2, 1)) {
		perror("kcs_break");
		return 1;
	}
	while (writing + idle < 2 * times && time(NULL) < end_s) {
		bool wants_idle = idle < writing;
		bool done = break_one(port, wants_idle ? KCS_IDLE : KCS_WRITE, pid);

		idle += done && wants_idle;
		writing += done && !wants_idle;
		usleep(done ? PAUSE_US : (useconds_t)(rand() % LOOK_US));
	}
	printf("%ld requests broken off, and %ld times between two\n", writing, idle);
	return writing + idle == 0;
}
