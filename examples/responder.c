/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers a command of its own: a controller on the bus may ask this machine's
 * software something, and this program is who answers. It holds the right to
 * receive the command, so that nobody else does, and echoes what was asked behind
 * the number of requests so far.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <vipmi/vipmi.h>

/* IPMI 2.0 table 5-1: 30h to 3Fh are for OEMs. */
#define NETFN_OEM 0x30
#define COMMAND_DEFAULT 0x41

/* An IPMB frame carries 25 bytes of a response, the completion code and our number among them. */
#define ECHO_MAX 23
#define TOGETHER_MAX 16

static const char usage[] =
	"usage: responder [--command N] [--count N] [--together N]\n"
	"\n"
	"Receives requests 30h N from controllers on the bus, and answers each with the number\n"
	"of requests so far and what was asked.\n"
	"\n"
	"  --command N      the command (default: 0x41)\n"
	"  --count N        end after so many answers (default: never)\n"
	"  --together N     wait for N requests, then answer the last one first\n";

struct responder {
	struct vipmi_handle *handle;
	struct vipmi_event waiting[TOGETHER_MAX];
	unsigned long waiting_count, together;
	unsigned long received, answered;
};

/* Whether an answer went out: that is an answer in turn. */
static void answered(void *context, const struct vipmi_answer *answer)
{
	struct responder *responder = context;

	responder->answered++;
	if (answer->error < 0) {
		printf("an answer was lost: %s\n", vipmi_strerror(answer->error));
	} else if (answer->cc != VIPMI_CC_OK) {
		printf("an answer did not get through: %02Xh\n", answer->cc);
	} else {
		printf("answered\n");
	}
	(void)fflush(stdout);
}

static void respond(struct responder *responder, const struct vipmi_event *request)
{
	size_t echo = request->length < ECHO_MAX ? request->length : ECHO_MAX, i;
	uint8_t data[1 + ECHO_MAX] = {(uint8_t)responder->received};

	for (i = 0; i < echo; i++) {
		data[1 + i] = request->data[i];
	}
	if (vipmi_respond(responder->handle, request, VIPMI_CC_OK, data, 1 + echo, answered,
		    responder) < 0) {
		fprintf(stderr, "responder: %s\n", vipmi_error_text());
		responder->answered++;
	}
}

static void requested(void *context, const struct vipmi_event *request)
{
	struct responder *responder = context;

	printf("%llu: from %02Xh, number %u, %u bytes\n", (unsigned long long)request->number,
		request->address, request->sequence, request->length);
	(void)fflush(stdout);
	responder->received++;
	/* The request is good until we return: who answers later keeps it. */
	responder->waiting[responder->waiting_count++] = *request;
	if (responder->waiting_count < responder->together) {
		return;
	}
	while (responder->waiting_count > 0) {
		respond(responder, &responder->waiting[--responder->waiting_count]);
	}
}

static int run(
	struct vipmi *vipmi, struct responder *responder, uint8_t command, unsigned long count)
{
	struct vipmi_right right = vipmi_right_make(NETFN_OEM, command);
	struct pollfd fd = {.fd = vipmi_get_fd(vipmi), .events = POLLIN};

	right.direction = VIPMI_RIGHT_RECEIVE;
	if (vipmi_handle_open(vipmi, NULL, &responder->handle) < 0 ||
		vipmi_handle_requests(responder->handle, requested, responder) < 0 ||
		vipmi_reserve(responder->handle, &right, 1, 0, NULL) < 0) {
		return -1;
	}
	printf("ready for %02Xh %02Xh\n", NETFN_OEM, command);
	(void)fflush(stdout);
	while (count == 0 || responder->answered < count) {
		if (poll(&fd, 1, -1) < 0 && errno != EINTR) {
			return -1;
		}
		if (vipmi_dispatch(vipmi) < 0) {
			return -1;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"command", required_argument, NULL, 'm'},
		{"count", required_argument, NULL, 'c'}, {"together", required_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'}, {0}};
	struct responder responder = {.together = 1};
	unsigned long count = 0, command = COMMAND_DEFAULT;
	struct vipmi *vipmi;
	int option, result;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'm':
			command = strtoul(optarg, NULL, 0);
			break;
		case 'c':
			count = strtoul(optarg, NULL, 10);
			break;
		case 't':
			responder.together = strtoul(optarg, NULL, 10);
			break;
		default:
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	if (optind < argc || command > 0xFF || responder.together < 1 ||
		responder.together > TOGETHER_MAX) {
		fputs(usage, stderr);
		return 2;
	}
	if (vipmi_connect(NULL, NULL, &vipmi) < 0) {
		fprintf(stderr, "responder: %s\n", vipmi_error_text());
		return 1;
	}
	result = run(vipmi, &responder, (uint8_t)command, count);
	if (result < 0) {
		fprintf(stderr, "responder: %s\n", vipmi_error_text());
	}
	vipmi_disconnect(vipmi);
	return result < 0;
}
