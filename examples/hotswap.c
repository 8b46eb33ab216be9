/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listens for cards that come and go: events of slot and connector sensors
 * (type 21h), one line each. It subscribes to these alone, and then waits in an
 * event loop that is its own; the library is one descriptor in it.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <vipmi/vipmi.h>

/* IPMI 2.0 section 32.1: what stands where in an event record. */
#define RECORD_LENGTH 16
#define RECORD_GENERATOR 7
#define RECORD_SENSOR_TYPE 10
#define RECORD_SENSOR 11
#define RECORD_DIRECTION 12
#define RECORD_OFFSET 13
#define RECORD_DATA3 15
#define DEASSERTED 0x80
/* Section 29.7: byte 3 of the data has the meaning that the sensor's type gives it. */
#define DATA3_USED 0x30

#define TYPE_SLOT 0x21 /* table 42-3: slot or connector */

static const char usage[] = "usage: hotswap [--count N] [--all]\n"
			    "\n"
			    "Prints a line for every event of a slot or connector, as it comes.\n"
			    "\n"
			    "  --count N        end after so many lines (default: never)\n"
			    "  --all            events of every kind of sensor\n";

struct listener {
	int all;
	int ended; /* an error that nothing comes after */
	unsigned long printed;
};

/* Table 42-3, sensor type 21h, by offset. */
static const char *state_name(uint8_t offset)
{
	static const char *const names[] = {"fault", "identify", "device installed",
		"ready to be installed", "ready to be removed", "power off", "removal requested",
		"interlock", "disabled", "spare"};

	return offset < sizeof(names) / sizeof(names[0]) ? names[offset] : "unknown state";
}

static void received(void *context, const struct vipmi_event *event)
{
	struct listener *listener = context;
	const uint8_t *record = event->data;

	if (event->kind == VIPMI_EVENT_ENDED) {
		listener->ended = event->error;
		return;
	}
	if (event->kind == VIPMI_EVENT_LOSS) {
		if (event->lost == VIPMI_LOST_UNKNOWN) {
			printf("events were lost, nobody knows how many\n");
		} else {
			printf("%llu events were lost\n", (unsigned long long)event->lost);
		}
		listener->printed++;
	} else if (event->kind == VIPMI_EVENT_SEL && event->length == RECORD_LENGTH) {
		uint8_t offset = record[RECORD_OFFSET] & 0x0F;

		printf("%llu: from %02Xh, sensor %02Xh", (unsigned long long)event->number,
			record[RECORD_GENERATOR], record[RECORD_SENSOR]);
		if (record[RECORD_SENSOR_TYPE] == TYPE_SLOT) {
			if ((record[RECORD_OFFSET] & DATA3_USED) == DATA3_USED) {
				printf(", slot %u", record[RECORD_DATA3]);
			}
			printf(": %s", state_name(offset));
		} else {
			printf(" of type %02Xh: offset %u", record[RECORD_SENSOR_TYPE], offset);
		}
		puts(record[RECORD_DIRECTION] & DEASSERTED ? ", no more" : "");
		listener->printed++;
	}
	(void)fflush(stdout);
}

static int run(struct vipmi *vipmi, struct listener *listener, unsigned long count)
{
	struct vipmi_clause clause = vipmi_clause_make(VIPMI_CLAUSE_KIND(VIPMI_EVENT_SEL));
	struct vipmi_subscription options = {
		.size = sizeof(options), .clauses = &clause, .clauses_count = 1};
	struct vipmi_handle *handle;
	struct pollfd fd = {.fd = vipmi_get_fd(vipmi), .events = POLLIN};

	if (!listener->all) {
		clause.sensor_type = TYPE_SLOT;
	}
	if (vipmi_handle_open(vipmi, NULL, &handle) < 0 ||
		vipmi_subscribe(handle, &options, received, listener, NULL) < 0) {
		return -1;
	}
	while (count == 0 || listener->printed < count) {
		if (poll(&fd, 1, -1) < 0 && errno != EINTR) {
			return -1;
		}
		if (vipmi_dispatch(vipmi) < 0) {
			return -1;
		}
		if (listener->ended) {
			fprintf(stderr, "hotswap: %s\n", vipmi_strerror(listener->ended));
			return listener->ended;
		}
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {{"count", required_argument, NULL, 'c'},
		{"all", no_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {0}};
	struct listener listener = {0};
	unsigned long count = 0;
	struct vipmi *vipmi;
	int option, result;

	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 'c':
			count = strtoul(optarg, NULL, 10);
			break;
		case 'a':
			listener.all = 1;
			break;
		default:
			fputs(usage, option == 'h' ? stdout : stderr);
			return option == 'h' ? 0 : 2;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return 2;
	}
	if (vipmi_connect(NULL, NULL, &vipmi) < 0) {
		fprintf(stderr, "hotswap: %s\n", vipmi_error_text());
		return 1;
	}
	result = run(vipmi, &listener, count);
	if (result < 0 && !listener.ended) {
		fprintf(stderr, "hotswap: %s\n", vipmi_error_text());
	}
	vipmi_disconnect(vipmi);
	return result < 0;
}
