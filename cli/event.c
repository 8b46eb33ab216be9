/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi event: the asynchronous messages that the agent keeps, and those to come.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/event.h"

/* Between two looks whether the agent is still there. */
#define LOOK_MS 1000
/* What vipmi_handle_options takes. */
#define NAME_LENGTH_MAX 31

/* ---- list ---- */

struct kept {
	const struct event_filter *filter;
	struct event_shown *shown;
	size_t count, room;
};

static uint64_t number_of(const struct vipmi_field *fields, size_t count, const char *name)
{
	const struct vipmi_field *field = rows_field(fields, count, name);

	return field ? field->number : 0;
}

static uint8_t kind_of(const struct vipmi_field *kind)
{
	static const char *const names[] = {
		[VIPMI_EVENT_SEL] = "event",
		[VIPMI_EVENT_REQUEST] = "request",
		[VIPMI_EVENT_WATCHDOG] = "watchdog",
		[VIPMI_EVENT_CONTROLLER_LOST] = "lost",
		[VIPMI_EVENT_CONTROLLER_BACK] = "back",
		[VIPMI_EVENT_CONTROLLER_RESET] = "reset",
	};

	for (size_t i = 1; kind && kind->text && i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(names[i], kind->text) == 0) {
			return (uint8_t)i;
		}
	}
	return 0;
}

static void take_data(struct vipmi_event *event, const struct vipmi_field *data)
{
	const char *digits = data && data->text ? data->text : "";
	char pair[3] = "";

	while (digits[0] && digits[1] && event->length < sizeof(event->data)) {
		memcpy(pair, digits, 2);
		event->data[event->length++] = (uint8_t)strtoul(pair, NULL, 16);
		digits += 2;
	}
}

static int keep_row(void *context, const struct vipmi_field *fields, size_t count)
{
	struct kept *kept = context;
	struct event_shown shown = {
		.event = {.kind = kind_of(rows_field(fields, count, "kind")),
			.channel = (uint8_t)number_of(fields, count, "channel"),
			.address = (uint8_t)number_of(fields, count, "address"),
			.lun = (uint8_t)number_of(fields, count, "lun"),
			.netfn = (uint8_t)number_of(fields, count, "netfn"),
			.command = (uint8_t)number_of(fields, count, "command"),
			.number = number_of(fields, count, "number")},
		.age_ms = number_of(fields, count, "age_ms"),
		.holder = (uint32_t)number_of(fields, count, "handle"),
	};

	take_data(&shown.event, rows_field(fields, count, "data"));
	if (!event_filter_lets_through(kept->filter, &shown.event)) {
		return 0;
	}
	if (kept->count == kept->room) {
		size_t room = kept->room ? kept->room * 2 : 64;
		struct event_shown *larger = reallocarray(kept->shown, room, sizeof(*larger));

		if (!larger) {
			return EXIT_LOCAL;
		}
		kept->shown = larger;
		kept->room = room;
	}
	kept->shown[kept->count++] = shown;
	return 0;
}

static int read_names(
	const struct cli *cli, const struct event_filter *filter, struct event_names **ret)
{
	*ret = NULL;
	if (filter->plain) {
		return EXIT_DONE;
	}
	*ret = event_names_read(cli);
	return *ret ? EXIT_DONE : cli_fail(EXIT_LOCAL, "no memory");
}

static int print_kept(const struct cli *cli, struct vipmi *vipmi, const struct kept *kept,
	struct event_names *names)
{
	struct listing *listing = listing_begin(cli->format, event_list_columns);
	uint64_t most = kept->filter->count;
	size_t from = kept->count > most ? kept->count - (size_t)most : 0;
	struct vipmi_info info;

	if (!listing) {
		return cli_fail(EXIT_LOCAL, "no memory");
	}
	(void)vipmi_get_info(vipmi, &info); /* it is this process's connection */
	for (size_t i = from; i < kept->count; i++) {
		event_row(listing, &kept->shown[i], names, info.boot_id);
	}
	listing_end(listing, "No such message is kept.");
	return EXIT_DONE;
}

static int list(struct cli *cli, struct vipmi *vipmi, struct event_filter *filter)
{
	struct kept kept = {.filter = filter};
	struct event_names *names;
	int result = read_names(cli, filter, &names);

	if (result == EXIT_DONE) {
		result = event_filter_resolve(cli, filter, vipmi, names);
	}
	if (result == EXIT_DONE) {
		result = vipmi_query(vipmi, "event", keep_row, &kept);
		result = result < 0   ? cli_fail_error(result)
			 : result > 0 ? cli_fail(EXIT_LOCAL, "no memory")
				      : print_kept(cli, vipmi, &kept, names);
	}
	event_names_free(names);
	free(kept.shown);
	return result;
}

static int run_list(struct cli *cli, int count, char **arguments)
{
	struct event_filter filter;
	struct vipmi *vipmi;
	int result = event_filter_take(cli, &filter);

	(void)count;
	(void)arguments;
	if (result == EXIT_DONE) {
		result = cli_connect(cli, &vipmi);
	}
	if (result == EXIT_DONE) {
		result = list(cli, vipmi, &filter);
		vipmi_disconnect(vipmi);
	}
	return result;
}

/* ---- follow ---- */

struct follower {
	const struct cli *cli;
	struct vipmi *vipmi;
	struct listing *listing;
	struct event_names *names;
	uint8_t boot_id[16];
	uint64_t left; /* messages to be shown; UINT64_MAX: no end */
	int result;    /* EXIT_DONE, or why it ended early */
};

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
	(void)signal;
	interrupted = 1;
}

static void received(void *context, const struct vipmi_event *event)
{
	struct follower *follower = context;
	struct event_shown shown = {.event = *event, .age_ms = UINT64_MAX};
	struct vipmi_info info;

	if (follower->left == 0) {
		return;
	}
	if (vipmi_get_info(follower->vipmi, &info) == 0) {
		memcpy(follower->boot_id, info.boot_id, sizeof(info.boot_id));
	}
	event_row(follower->listing, &shown, follower->names, follower->boot_id);
	if (event->kind == VIPMI_EVENT_ENDED) {
		follower->left = 0;
		follower->result = cli_fail(cli_error_exit(event->error),
			"the subscription could not be taken up again: %s",
			vipmi_strerror(event->error));
	} else if (event->kind != VIPMI_EVENT_LOSS && follower->left != UINT64_MAX) {
		follower->left--;
	}
}

struct holder {
	uint32_t handle;
	char name[64];
	uint64_t client;
};

static int find_holder(void *context, const struct vipmi_field *fields, size_t count)
{
	const struct vipmi_field *name = rows_field(fields, count, "name");
	struct holder *holder = context;

	if (number_of(fields, count, "handle") == holder->handle && name && name->text) {
		(void)snprintf(holder->name, sizeof(holder->name), "%s", name->text);
		holder->client = number_of(fields, count, "client");
		return 1;
	}
	return 0;
}

static int fail_taken(struct vipmi *vipmi, uint32_t handle)
{
	struct holder holder = {.handle = handle};
	char *name;
	int result;

	if (vipmi_query(vipmi, "client", find_holder, &holder) <= 0) {
		return cli_fail(EXIT_REFUSED,
			"handle %" PRIu32 " is subscribed exclusively to some of it", handle);
	}
	name = printable(holder.name);
	result = cli_fail(EXIT_REFUSED,
		"\"%s\" (client %" PRIu64 ", handle %" PRIu32 ") is subscribed exclusively to some "
		"of it; 'vipmi client show %" PRIu64 "' shows it",
		name ? name : "?", holder.client, handle, holder.client);
	free(name);
	return result;
}

/* The agent is away: whoever looks at a silent terminal should know. */
static void tell_absence(struct vipmi *vipmi, bool *told)
{
	struct vipmi_info info;

	if (vipmi_get_info(vipmi, &info) < 0) {
		return;
	}
	if (!info.connected && !*told) {
		(void)cli_fail(EXIT_LOST, "the agent at %s went away; waiting for it", info.target);
	}
	*told = !info.connected;
}

static int wait_for_messages(struct follower *follower)
{
	bool told = false;

	while (follower->left > 0 && !interrupted) {
		int result = vipmi_wait(follower->vipmi, LOOK_MS);

		if (result < 0 && result != -EINTR) {
			return cli_fail_error(result);
		}
		tell_absence(follower->vipmi, &told);
		if (ferror(stdout)) {
			break; /* nobody reads; main says so */
		}
	}
	return follower->result;
}

/* Subscribes before anything is read, so that nothing is missed meanwhile: unless it is a name that
 * says what to subscribe to. */
static int subscribe(
	struct follower *follower, struct event_filter *filter, struct vipmi_handle *handle)
{
	struct vipmi_subscribed subscribed = {0};
	int result = EXIT_DONE;

	if (filter->sensor_name) {
		result = read_names(follower->cli, filter, &follower->names);
	}
	if (result == EXIT_DONE) {
		result = event_filter_resolve(
			follower->cli, filter, follower->vipmi, follower->names);
	}
	if (result != EXIT_DONE) {
		return result;
	}
	result = vipmi_subscribe(handle, &filter->subscription, received, follower, &subscribed);
	if (result == -EPERM) {
		return fail_taken(follower->vipmi, subscribed.holder);
	}
	if (result < 0) {
		return cli_fail_error(result);
	}
	return follower->names ? EXIT_DONE : read_names(follower->cli, filter, &follower->names);
}

static int follow(struct cli *cli, struct vipmi *vipmi, struct event_filter *filter)
{
	const struct vipmi_handle_options options = {
		.size = sizeof(options), .name = cli->values[EVENT_OPTION_NAME]};
	struct follower follower = {.cli = cli, .vipmi = vipmi, .left = filter->count};
	struct vipmi_handle *handle;
	int result = vipmi_handle_open(vipmi, &options, &handle);

	if (result < 0) {
		return cli_fail_error(result);
	}
	follower.listing = listing_begin(cli->format, event_follow_columns);
	if (!follower.listing) {
		return cli_fail(EXIT_LOCAL, "no memory");
	}
	result = subscribe(&follower, filter, handle);
	if (result == EXIT_DONE) {
		listing_stream(follower.listing, event_follow_widths);
		result = wait_for_messages(&follower);
		listing_end(follower.listing, NULL);
	} else {
		listing_drop(follower.listing);
	}
	event_names_free(follower.names);
	return result;
}

static int run_follow(struct cli *cli, int count, char **arguments)
{
	const struct sigaction action = {.sa_handler = interrupt};
	const char *name = cli->values[EVENT_OPTION_NAME];
	struct event_filter filter;
	struct vipmi *vipmi;
	int result = event_filter_take(cli, &filter);

	(void)count;
	(void)arguments;
	if (result == EXIT_DONE && name && (strlen(name) > NAME_LENGTH_MAX || !name[0])) {
		result = cli_usage(
			cli, "the name \"%s\" has not 1 to %d bytes", name, NAME_LENGTH_MAX);
	}
	if (result == EXIT_DONE) {
		result = cli_connect(cli, &vipmi);
	}
	if (result == EXIT_DONE) {
		(void)sigaction(SIGINT, &action, NULL);
		(void)sigaction(SIGTERM, &action, NULL);
		result = follow(cli, vipmi, &filter);
		vipmi_disconnect(vipmi);
	}
	return result;
}

#define FILTER_OPTIONS                                                                             \
	[EVENT_OPTION_KIND] = {"kind", "KIND,...",                                                 \
		"event, request, watchdog, chassis, lost, back, reset, all"},                      \
	[EVENT_OPTION_SENSOR] = {"sensor", "SENSOR", "its name or number"},                        \
	[EVENT_OPTION_SENSOR_TYPE] = {"sensor-type", "TYPE", "temperature, slot-connector, 0x21"}, \
	[EVENT_OPTION_OFFSET] = {"offset", "OFFSET,...", "upper-critical-going-high, or 0 to 14"}, \
	[EVENT_OPTION_ASSERT] = {"assert", NULL, "what begins"},                                   \
	[EVENT_OPTION_DEASSERT] = {"deassert", NULL, "what ends"},                                 \
	[EVENT_OPTION_SEVERITY] = {"severity", "SEVERITY",                                         \
		"non-critical, critical, non-recoverable, and worse"},                             \
	[EVENT_OPTION_NETFN] = {"netfn", "NETFN", "of incoming requests"},                         \
	[EVENT_OPTION_COMMAND] = {"command", "COMMAND", "likewise; a name needs --netfn"},         \
	[EVENT_OPTION_CHANNEL] = {"channel", "CHANNEL", "that it came by, 0 to 15"},               \
	[EVENT_OPTION_ADDRESS] = {"address", "ADDRESS", "of who sent it: 0x20, B4h"},              \
	[EVENT_OPTION_NUMBERS] = {                                                                 \
		"numbers", NULL, "do not ask the controllers what their sensors are called"}

const struct cli_command command_event_list = {
	.object = "event",
	.verb = "list",
	.summary = "the asynchronous messages that the agent keeps",
	.text = "It keeps the last 4,096: events, requests from the bus, and what it noticed of "
		"the\n"
		"controller itself. AGE is since the agent has it. FOR HANDLE: it alone gets it.",
	.options =
		{
			FILTER_OPTIONS,
			[EVENT_OPTION_FROM] = {"from", "NUMBER", "what came after this one"},
			[EVENT_OPTION_COUNT] = {"count", "N", "the newest N at most"},
		},
	.run = run_list,
};

const struct cli_command command_event_follow = {
	.object = "event",
	.verb = "follow",
	.summary = "asynchronous messages as they come",
	.text = "Shows what the options let through, until interrupted. Where some are lost, a "
		"row\n"
		"says how many in their place. TIME is the controller's own clock. With -o jsonl,\n"
		"boot_id and number of the last row are where --from takes it up again.",
	.options =
		{
			FILTER_OPTIONS,
			[EVENT_OPTION_FROM] = {"from", "WHERE",
				"now, oldest, or behind the last one seen: NUMBER, BOOT-ID:NUMBER"},
			[EVENT_OPTION_COUNT] = {"count", "N", "end after so many messages"},
			[EVENT_OPTION_EXCLUSIVE] = {"exclusive", NULL, "nobody else gets them"},
			[EVENT_OPTION_NAME] = {"name", "NAME", "what listings call it"},
		},
	.run = run_follow,
};
