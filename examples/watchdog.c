/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Feeds a watchdog as long as the program that it watches does well: arms the
 * controller's timer, resets it in time while a command ends with 0, and disarms
 * it when it is told to stop. Killed, it disarms nothing: that is the point.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <vipmi/vipmi.h>

/* IPMI 2.0 section 27. */
#define COMMAND_RESET_TIMER 0x22
#define COMMAND_SET_TIMER 0x24
#define USE_SMS_OS 0x04
#define ACTION_NONE 0x00
#define ACTION_HARD_RESET 0x01
#define COUNTS_PER_SECOND 10
#define SECONDS_MAX (0xFFFF / COUNTS_PER_SECOND)

static const char usage[] =
	"usage: watchdog [--seconds N] [--reset] [--check COMMAND]\n"
	"\n"
	"Arms the watchdog timer and feeds it three times in every period, until SIGINT or\n"
	"SIGTERM, which disarm it.\n"
	"\n"
	"  --seconds N      after how long without food it bites, 3 to 6553 (default 30)\n"
	"  --reset          it resets the machine; without it, it only leaves an event\n"
	"  --check COMMAND  feed it only when the shell command ends with 0\n";

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* One command that answers nothing but its completion code. */
static int tell(struct vipmi_handle *handle, const char *what, uint8_t command, const uint8_t *data,
	size_t length)
{
	struct vipmi_request request = vipmi_request_make(VIPMI_NETFN_APP, command, data, length);
	struct vipmi_answer answer;

	request.urgency = VIPMI_URGENCY_URGENT;
	if (vipmi_command(handle, &request, &answer) < 0) {
		fprintf(stderr, "watchdog: %s: %s\n", what, vipmi_error_text());
		return -1;
	}
	if (answer.cc != VIPMI_CC_OK) {
		fprintf(stderr, "watchdog: %s: the controller says %02Xh\n", what, answer.cc);
		return -1;
	}
	return 0;
}

static int timer_set(struct vipmi_handle *handle, unsigned int seconds, uint8_t action)
{
	unsigned int count = seconds * COUNTS_PER_SECOND;
	/* Section 27.6: use, action, pre-timeout, expirations to clear, count down. */
	const uint8_t data[] = {
		USE_SMS_OS, action, 0, 1 << USE_SMS_OS, (uint8_t)count, (uint8_t)(count >> 8)};

	return tell(handle, "set timer", COMMAND_SET_TIMER, data, sizeof(data));
}

static int feed(struct vipmi_handle *handle, unsigned int seconds, const char *check)
{
	const unsigned int third_ms = seconds * 1000 / 3;
	const struct timespec pause = {third_ms / 1000, third_ms % 1000 * 1000000L};

	unsigned long times = 0;

	while (!stopped) {
		if (check && system(check) != 0) {
			fprintf(stderr, "watchdog: \"%s\" failed: not fed\n", check);
		} else if (tell(handle, "reset timer", COMMAND_RESET_TIMER, NULL, 0) < 0) {
			return -1;
		} else {
			times++;
		}
		(void)nanosleep(&pause, NULL); /* a signal ends it early */
	}
	/* Setting it stops it. */
	if (timer_set(handle, seconds, ACTION_NONE) < 0) {
		return -1;
	}
	printf("disarmed, fed %lu times\n", times);
	return 0;
}

static int run(struct vipmi *vipmi, unsigned int seconds, uint8_t action, const char *check)
{
	struct vipmi_handle *handle;

	if (vipmi_handle_open(vipmi, NULL, &handle) < 0) {
		fprintf(stderr, "watchdog: %s\n", vipmi_error_text());
		return -1;
	}
	if (timer_set(handle, seconds, action) < 0) {
		return -1;
	}
	printf("armed for %u s\n", seconds);
	(void)fflush(stdout);
	return feed(handle, seconds, check);
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"seconds", required_argument, NULL, 's'},
		{"reset", no_argument, NULL, 'r'}, {"check", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'}, {0}};
	const struct sigaction action_stop = {.sa_handler = stop};
	unsigned long seconds = 30;
	uint8_t action = ACTION_NONE;
	const char *check = NULL;
	struct vipmi *vipmi;
	int option, result;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 's':
			seconds = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			action = ACTION_HARD_RESET;
			break;
		case 'c':
			check = optarg;
			break;
		default:
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	if (optind < argc || seconds < 3 || seconds > SECONDS_MAX) {
		fputs(usage, stderr);
		return 2;
	}
	(void)sigaction(SIGINT, &action_stop, NULL);
	(void)sigaction(SIGTERM, &action_stop, NULL);
	if (vipmi_connect(NULL, NULL, &vipmi) < 0) {
		fprintf(stderr, "watchdog: %s\n", vipmi_error_text());
		return 1;
	}
	result = run(vipmi, (unsigned int)seconds, action, check);
	vipmi_disconnect(vipmi);
	return result < 0;
}
