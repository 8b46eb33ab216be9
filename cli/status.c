/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi status: how controller and agent are doing, at one look.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"

#define CELLS_MAX 128

/* Between two looks, of which the difference says how much is being done now. */
#define SAMPLE_US 200000

/* One row or one counter a field; texts are kept for as long as the struct. */
struct sample {
	struct cell cells[CELLS_MAX];
	char texts[CELLS_MAX][64];
	char keys[CELLS_MAX][32];
	size_t count;
};

static const char *const booleans[] = {
	"up", "responsive", "simulated", "wire_sequence", "raw_bridge", "owns_flags"};

static bool is_boolean(const char *name)
{
	for (size_t i = 0; i < sizeof(booleans) / sizeof(booleans[0]); i++) {
		if (strcmp(booleans[i], name) == 0) {
			return true;
		}
	}
	return false;
}

static void sample_add(struct sample *sample, const char *key, const char *text, uint64_t number)
{
	size_t i = sample->count;

	if (i == CELLS_MAX) {
		return;
	}
	(void)snprintf(sample->keys[i], sizeof(sample->keys[i]), "%s", key);
	(void)snprintf(sample->texts[i], sizeof(sample->texts[i]), "%s", text ? text : "");
	sample->cells[i] = (struct cell){.key = sample->keys[i],
		.text = text ? sample->texts[i] : NULL,
		.number = number,
		.boolean = !text && is_boolean(key)};
	sample->count++;
}

static int take_row(void *context, const struct vipmi_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sample_add(context, fields[i].name, fields[i].text, fields[i].number);
	}
	return 0;
}

static int take_counter(void *context, const struct vipmi_field *fields, size_t count)
{
	const char *name = NULL;
	uint64_t value = 0;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, "name") == 0) {
			name = fields[i].text;
		} else if (strcmp(fields[i].name, "value") == 0) {
			value = fields[i].number;
		}
	}
	if (name) {
		sample_add(context, name, NULL, value);
	}
	return 0;
}

static uint64_t number_of(const struct sample *sample, const char *key)
{
	for (size_t i = 0; i < sample->count; i++) {
		if (strcmp(sample->keys[i], key) == 0) {
			return sample->cells[i].number;
		}
	}
	return 0;
}

static const char *text_of(const struct sample *sample, const char *key)
{
	for (size_t i = 0; i < sample->count; i++) {
		if (strcmp(sample->keys[i], key) == 0 && sample->cells[i].text) {
			return sample->texts[i];
		}
	}
	return "?";
}

/* Thousandths of `part` in `whole`. */
static uint64_t per_mille(uint64_t part, uint64_t whole)
{
	return whole ? part * 1000 / whole : 0;
}

static const char *state_text(const struct sample *status)
{
	if (!number_of(status, "up")) {
		return "down: the link to it is not there (vipmid keeps trying)";
	}
	return number_of(status, "responsive")
		       ? "up, answering"
		       : "up, but silent: it does not answer (vipmid probes it)";
}

static void print_status(const struct sample *before, const struct sample *now,
	const struct sample *counters_before, const struct sample *counters)
{
	uint64_t elapsed_ms = number_of(now, "uptime_ms") - number_of(before, "uptime_ms");
	uint64_t accepted = number_of(counters, "requests_accepted");
	uint64_t lately = accepted - number_of(counters_before, "requests_accepted");
	uint64_t busy_now =
		per_mille(number_of(now, "busy_ms") - number_of(before, "busy_ms"), elapsed_ms);
	uint64_t busy_ever = per_mille(number_of(now, "busy_ms"), number_of(now, "uptime_ms"));
	char uptime[32];

	duration_text(number_of(now, "uptime_ms"), uptime, sizeof(uptime));
	(void)printf("controller  %s%s\n", text_of(now, "link"),
		number_of(now, "simulated") ? "  SIMULATED: there is no hardware behind it" : "");
	(void)printf("state       %s\n", state_text(now));
	(void)printf("agent       vipmid %s, up %s\n", text_of(now, "version"), uptime);
	/* We are connected too, but nobody asks about us. */
	(void)printf("programs    %" PRIu64 " connected, %" PRIu64 " of %" PRIu64
		     " virtual controllers open\n",
		number_of(now, "clients") > 0 ? number_of(now, "clients") - 1 : 0,
		number_of(now, "handles"), number_of(now, "handles_max"));
	(void)printf("requests    %" PRIu64 " accepted so far, %" PRIu64 " a second now\n",
		accepted, elapsed_ms ? lately * 1000 / elapsed_ms : 0);
	(void)printf("in hand     %" PRIu64 " queued, %" PRIu64 " at the controller, %" PRIu64
		     " on the bus, %" PRIu64 " answered and not yet taken\n",
		number_of(now, "queued"), number_of(now, "in_flight"), number_of(now, "bridged"),
		number_of(now, "unread"));
	(void)printf("busy        %" PRIu64 " %% now, %" PRIu64 ".%" PRIu64 " %% since the start\n",
		(busy_now < 1000 ? busy_now : 1000) / 10, busy_ever / 10, busy_ever % 10);
}

static void print_counters(const struct sample *counters)
{
	(void)puts("\ncounters since the start:");
	for (size_t i = 0; i < counters->count; i++) {
		(void)printf(
			"  %-24s %12" PRIu64 "\n", counters->keys[i], counters->cells[i].number);
	}
}

static void print_json(struct cli *cli, struct sample *status, const struct sample *counters)
{
	struct cell cells[2 * CELLS_MAX];
	size_t used = 0;

	for (size_t i = 0; i < status->count; i++) {
		cells[used++] = status->cells[i];
	}
	for (size_t i = 0; i < counters->count; i++) {
		cells[used++] = counters->cells[i];
	}
	show_one(cli->format, cells, used);
}

static int look(struct vipmi *vipmi, struct sample *status, struct sample *counters)
{
	int result;

	memset(status, 0, sizeof(*status));
	memset(counters, 0, sizeof(*counters));
	result = vipmi_query(vipmi, "status", take_row, status);
	return result < 0 ? result : vipmi_query(vipmi, "counter", take_counter, counters);
}

/* Four samples are more than belongs on a stack. */
struct looks {
	struct sample status[2], counters[2];
};

static int run_with(struct cli *cli, struct vipmi *vipmi, struct looks *looks)
{
	int result = look(vipmi, &looks->status[0], &looks->counters[0]);

	if (result == 0 && cli->format == FORMAT_TABLE) {
		(void)usleep(SAMPLE_US);
		result = look(vipmi, &looks->status[1], &looks->counters[1]);
	}
	if (result < 0) {
		return cli_fail_error(result);
	}
	if (cli->format != FORMAT_TABLE) {
		print_json(cli, &looks->status[0], &looks->counters[0]);
		return EXIT_DONE;
	}
	print_status(
		&looks->status[0], &looks->status[1], &looks->counters[0], &looks->counters[1]);
	if (cli->verbose) {
		print_counters(&looks->counters[1]);
	}
	return EXIT_DONE;
}

static int run(struct cli *cli, int count, char **arguments)
{
	struct looks *looks = calloc(1, sizeof(*looks));
	struct vipmi *vipmi;
	int result;

	(void)count;
	(void)arguments;
	if (!looks) {
		return cli_fail(EXIT_LOCAL, "no memory");
	}
	result = cli_connect(cli, &vipmi);
	if (result == EXIT_DONE) {
		result = run_with(cli, vipmi, looks);
		vipmi_disconnect(vipmi);
	}
	free(looks);
	return result;
}

const struct cli_command command_status = {
	.object = "status",
	.summary = "how the controller and its agent are doing",
	.text = "BUSY is the share of time in which the controller had something to do. With\n"
		"--verbose, and in JSON, all counters follow.",
	.run = run,
};
