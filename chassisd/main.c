/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi-chassisd: a simulated CompactPCI node card that QEMU or the agent
 * connects to, in place of a real controller.
 */
#include "chassisd/server.h"

#include "base/assert.h"

#include <getopt.h>
#include <stdlib.h>
#include <time.h>

#define ERROR_MAX 600
#define WHERE_MAX 300
#define OPTION_MAX 600

static const char usage[] =
	"usage: vipmi-chassisd --listen HOST:PORT | unix:PATH [OPTION]...\n"
	"\n"
	"A SIMULATED CompactPCI node card with its IPMI controller (20h) and a satellite\n"
	"(B4h) on the IPMB, or a drawer of 21 slots (--chassis drawer), as a server of the\n"
	"VM serial protocol: for QEMU's ipmi-bmc-extern and for vipmid's vm link. Port 0\n"
	"takes a free one; where it listens is the first line of its output.\n"
	"\n"
	"  --listen ADDRESS      where to wait for the one peer\n"
	"  --service PERCENT     service times: 100 is like KCS, 2 to 6 ms (default); 0 none\n"
	"  --seed N              serial numbers, GUIDs, drift and faults follow from it\n"
	"  --freeze              readings and the SEL clock stand still\n"
	"  --log-requests FILE   one line for each request the controller saw; - is stdout\n"
	"  --fault SPEC          silent, drop=PERCENT, garble=PERCENT, busy=PERCENT (C0),\n"
	"                        late=PERCENT, late_ms=MS; may be given several times\n"
	"  --chassis SPEC        whatever the link chassis: takes: drawer, role=peripheral,\n"
	"                        slot=10, ...\n"
	"  --scenario FILE       does what the file says, each order at its time, as\n"
	"                        'vipmi chassis run' would; tells it on standard error\n"
	"  --help, --version\n"
	"\n"
	"SIGUSR1 makes the controller silent, and lets it talk again.\n";

enum {
	OPTION_LISTEN = 256,
	OPTION_SERVICE,
	OPTION_SEED,
	OPTION_FREEZE,
	OPTION_LOG,
	OPTION_FAULT,
	OPTION_CHASSIS,
	OPTION_SCENARIO,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option options_long[] = {
	{"listen", required_argument, NULL, OPTION_LISTEN},
	{"service", required_argument, NULL, OPTION_SERVICE},
	{"seed", required_argument, NULL, OPTION_SEED},
	{"freeze", no_argument, NULL, OPTION_FREEZE},
	{"log-requests", required_argument, NULL, OPTION_LOG},
	{"fault", required_argument, NULL, OPTION_FAULT},
	{"chassis", required_argument, NULL, OPTION_CHASSIS},
	{"scenario", required_argument, NULL, OPTION_SCENARIO},
	{"help", no_argument, NULL, OPTION_HELP},
	{"version", no_argument, NULL, OPTION_VERSION},
	{0},
};

void base_assertion_failed(const char *expression, const char *file, int line)
{
	fprintf(stderr, "vipmi-chassisd: %s:%d: assertion failed: %s\n", file, line, expression);
	abort();
}

struct arguments {
	struct chassis_options chassis;
	const char *listen, *log;
};

/* Passes "KEY=VALUE" on to the chassis; exits with 2 when it does not like it. */
static void chassis_option(struct arguments *arguments, const char *key, const char *value)
{
	char text[OPTION_MAX], error[ERROR_MAX];

	if (snprintf(text, sizeof(text), "%s%s", key, value) >= (int)sizeof(text)) {
		fprintf(stderr, "vipmi-chassisd: longer than %d characters: %s\n", OPTION_MAX - 1,
			value);
		exit(2);
	}
	if (chassis_options_parse(&arguments->chassis, text, error, sizeof(error)) < 0) {
		fprintf(stderr, "vipmi-chassisd: %s\n", error);
		exit(2);
	}
}

static void parse(int argc, char **argv, struct arguments *arguments)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options_long, NULL)) != -1) {
		switch (option) {
		case OPTION_LISTEN:
			arguments->listen = optarg;
			break;
		case OPTION_SERVICE:
			chassis_option(arguments, "service=", optarg);
			break;
		case OPTION_SEED:
			chassis_option(arguments, "seed=", optarg);
			break;
		case OPTION_FREEZE:
			chassis_option(arguments, "freeze", "");
			break;
		case OPTION_LOG:
			arguments->log = optarg;
			break;
		case OPTION_FAULT:
		case OPTION_CHASSIS:
			chassis_option(arguments, "", optarg);
			break;
		case OPTION_SCENARIO:
			chassis_option(arguments, "scenario=", optarg);
			break;
		case OPTION_HELP:
			fputs(usage, stdout);
			exit(0);
		case OPTION_VERSION:
			puts("vipmi-chassisd " VIPMI_VERSION);
			exit(0);
		default:
			fputs("vipmi-chassisd: try --help\n", stderr);
			exit(2);
		}
	}
	if (!arguments->listen || optind < argc) {
		fputs(usage, stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct arguments arguments = {0};
	char where[WHERE_MAX], error[ERROR_MAX];
	struct server *server;
	FILE *log = NULL;
	uint32_t frozen_s;
	int result;

	chassis_options_init(&arguments.chassis);
	frozen_s = arguments.chassis.epoch_s;
	parse(argc, argv, &arguments);
	arguments.chassis.epoch_s = arguments.chassis.freeze ? frozen_s : (uint32_t)time(NULL);
	if (arguments.log) {
		log = strcmp(arguments.log, "-") == 0 ? stdout : fopen(arguments.log, "ae");
		if (!log) {
			fprintf(stderr, "vipmi-chassisd: %s: %s\n", arguments.log, strerror(errno));
			return 1;
		}
	}
	result = server_open(arguments.listen, &arguments.chassis, log, where, sizeof(where), error,
		sizeof(error), &server);
	if (result < 0) {
		fprintf(stderr, "vipmi-chassisd: %s\n", error);
		return 1;
	}
	printf("SIMULATED chassis listens on %s\n", where);
	fflush(stdout);
	result = server_run(server);
	server_close(server);
	if (result < 0) {
		fprintf(stderr, "vipmi-chassisd: %s\n", strerror(-result));
		return 1;
	}
	return 0;
}
