/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An asynchronous message as a row: what a person wants to know in the columns,
 * everything else in JSON.
 */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "cli/event.h"
#include "cli/words.h"
#include "ipmi/event.h"

#define CELLS_MAX 32
#define TEXT_ROOM 96
#define BOOT_ID_LENGTH 16

/* Section 37.1: below, seconds since the SEL was initialized; all ones: not known. */
#define TIME_RELATIVE_MAX 0x20000000
#define TIME_UNSPECIFIED 0xFFFFFFFF

const struct column event_list_columns[] = {
	{"number", "NUMBER"},
	{"age", "AGE"},
	{"kind", "KIND"},
	{"from", "FROM"},
	{"sensor_label", "SENSOR"},
	{"text", "WHAT"},
	{"direction", "DIRECTION"},
	{"severity", "SEVERITY"},
	{"handle", "FOR HANDLE"},
	{NULL, NULL},
};

const struct column event_follow_columns[] = {
	{"number", "NUMBER"},
	{"time", "TIME (UTC)"},
	{"kind", "KIND"},
	{"from", "FROM"},
	{"sensor_label", "SENSOR"},
	{"direction", "DIRECTION"},
	{"severity", "SEVERITY"},
	{"text", "WHAT"},
	{NULL, NULL},
};

const unsigned int event_follow_widths[] = {6, 20, 8, 5, 18, 10, 15, 0};

/* The cells under way, and the texts they point to. */
struct row {
	struct listing *listing;
	struct cell cells[CELLS_MAX];
	size_t used;
	char age[32], from[16], name[EVENT_NAME_ROOM], label[EVENT_NAME_ROOM], time[32];
	char text[TEXT_ROOM], data[2 * VIPMI_DATA_MAX + 1], boot[2 * BOOT_ID_LENGTH + 1];
};

static void put_text(struct row *row, const char *key, const char *text)
{
	row->cells[row->used++] = (struct cell){.key = key, .text = text, .null = !text};
}

static void put_number(struct row *row, const char *key, uint64_t number)
{
	row->cells[row->used++] = (struct cell){.key = key, .number = number};
}

static void put_hex(const uint8_t *bytes, size_t length, char *text)
{
	*text = '\0';
	for (size_t i = 0; i < length; i++, text += 2) {
		(void)snprintf(text, 3, "%02x", bytes[i]);
	}
}

static const char *kind_name(uint8_t kind)
{
	static const char *const names[] = {
		[VIPMI_EVENT_SEL] = "event",
		[VIPMI_EVENT_REQUEST] = "request",
		[VIPMI_EVENT_WATCHDOG] = "watchdog",
		[VIPMI_EVENT_CONTROLLER_LOST] = "lost",
		[VIPMI_EVENT_CONTROLLER_BACK] = "back",
		[VIPMI_EVENT_CONTROLLER_RESET] = "reset",
	};

	if (kind == VIPMI_EVENT_LOSS) {
		return "loss";
	}
	if (kind == VIPMI_EVENT_ENDED) {
		return "ended";
	}
	return kind < sizeof(names) / sizeof(names[0]) && names[kind] ? names[kind] : "unknown";
}

/* The controller's clock, when the record has it. */
static void put_time(struct row *row, uint32_t time_s)
{
	time_t seconds = time_s;
	struct tm parts;

	if (time_s <= TIME_RELATIVE_MAX || time_s == TIME_UNSPECIFIED ||
		!gmtime_r(&seconds, &parts) ||
		strftime(row->time, sizeof(row->time), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0) {
		put_text(row, "time", NULL);
		return;
	}
	put_text(row, "time", row->time);
}

static void put_from(struct row *row, uint8_t channel, uint8_t address)
{
	if (channel > 0) {
		(void)snprintf(row->from, sizeof(row->from), "%u:%02Xh", channel, address);
	} else {
		(void)snprintf(row->from, sizeof(row->from), "%02Xh", address);
	}
	if (listing_is_table(row->listing)) {
		put_text(row, "from", row->from);
	}
	put_number(row, "channel", channel);
	put_number(row, "address", address);
}

static void put_sensor(struct row *row, const struct ipmi_event *event, struct event_names *names)
{
	const char *type = ipmi_sensor_type_name(event->sensor_type);
	bool named = names && event_names_find(names, event->channel, event->generator,
				      event->generator_lun, event->sensor, row->name);

	if (listing_is_table(row->listing)) {
		if (named) {
			(void)snprintf(row->label, sizeof(row->label), "%s", row->name);
		} else {
			(void)snprintf(row->label, sizeof(row->label), "%02Xh%s%s", event->sensor,
				type ? " " : "", type ? type : "");
		}
		put_text(row, "sensor_label", row->label);
	}
	put_number(row, "sensor", event->sensor);
	put_text(row, "sensor_name", named ? row->name : NULL);
	put_number(row, "sensor_type", event->sensor_type);
	put_text(row, "sensor_type_name", type);
}

static void put_event(struct row *row, const struct vipmi_event *message, struct event_names *names)
{
	const char *text;
	struct ipmi_event event;

	ipmi_event_decode(message->data, &event);
	if (event.record_type != IPMI_EVENT_SYSTEM) {
		(void)snprintf(
			row->text, sizeof(row->text), "OEM record, type %02Xh", event.record_type);
		put_time(row, event.time_s);
		put_text(row, "text", row->text);
		return;
	}
	text = ipmi_event_text(event.sensor_type, event.reading_type, event.offset);
	if (text) {
		(void)snprintf(row->text, sizeof(row->text), "%s", text);
	} else {
		(void)snprintf(row->text, sizeof(row->text), "offset %u of reading type %02Xh",
			event.offset, event.reading_type);
	}
	put_time(row, event.time_s);
	put_from(row, event.channel, event.generator);
	put_sensor(row, &event, names);
	put_number(row, "reading_type", event.reading_type);
	put_number(row, "offset", event.offset);
	put_text(row, "text", row->text);
	put_text(row, "direction", event.deasserted ? "deasserted" : "asserted");
	put_text(row, "severity",
		event.severity != IPMI_SEVERITY_NONE ? ipmi_severity_name(event.severity)
		: listing_is_table(row->listing)     ? "-"
						     : NULL);
	put_number(row, "board_moves", event.board_moves);
	row->cells[row->used - 1].boolean = true;
}

static void put_request(struct row *row, const struct vipmi_event *message)
{
	const char *netfn = ipmi_netfn_name(message->netfn);
	const struct ipmi_command *command =
		ipmi_command_judge(message->netfn, message->command, message->data, message->length)
			.command;

	(void)snprintf(row->text, sizeof(row->text), "netFn %02Xh%s%s, command %02Xh%s%s",
		message->netfn, netfn ? " " : "", netfn ? netfn : "", message->command,
		command ? " " : "", command ? command->name : "");
	put_from(row, message->channel, message->address);
	put_number(row, "lun", message->lun);
	put_number(row, "netfn", message->netfn);
	put_number(row, "command", message->command);
	put_text(row, "text", row->text);
}

static void put_loss(struct row *row, const struct vipmi_event *message)
{
	if (message->lost == VIPMI_LOST_UNKNOWN) {
		put_text(row, "lost", NULL);
		put_text(row, "text", "messages were lost, nobody knows how many");
		return;
	}
	(void)snprintf(row->text, sizeof(row->text), "%" PRIu64 " message%s lost", message->lost,
		message->lost == 1 ? " was" : "s were");
	put_number(row, "lost", message->lost);
	put_text(row, "text", row->text);
}

static void put_what(struct row *row, const struct vipmi_event *message, struct event_names *names)
{
	switch (message->kind) {
	case VIPMI_EVENT_SEL:
		if (message->length >= IPMI_EVENT_LENGTH) {
			put_event(row, message, names);
		}
		break;
	case VIPMI_EVENT_REQUEST:
		put_request(row, message);
		break;
	case VIPMI_EVENT_WATCHDOG:
		put_text(row, "text", "the watchdog's pre-timeout interrupt");
		break;
	case VIPMI_EVENT_CONTROLLER_LOST:
		put_text(row, "text", "the controller is lost");
		break;
	case VIPMI_EVENT_CONTROLLER_BACK:
		put_text(row, "text", "the controller is back");
		break;
	case VIPMI_EVENT_CONTROLLER_RESET:
		put_text(row, "text", "the controller was reset");
		break;
	case VIPMI_EVENT_LOSS:
		put_loss(row, message);
		break;
	case VIPMI_EVENT_ENDED:
		put_text(row, "text", vipmi_strerror(message->error));
		break;
	default:
		break;
	}
}

void event_row(struct listing *listing, const struct event_shown *shown, struct event_names *names,
	const uint8_t *boot_id)
{
	const struct vipmi_event *message = &shown->event;
	struct row row = {.listing = listing};

	put_number(&row, "number", message->number);
	if (shown->age_ms != UINT64_MAX) {
		put_number(&row, "age_ms", shown->age_ms);
		if (listing_is_table(listing)) {
			duration_text(shown->age_ms, row.age, sizeof(row.age));
			put_text(&row, "age", row.age);
		}
	}
	put_text(&row, "kind", kind_name(message->kind));
	put_what(&row, message, names);
	if (shown->holder) {
		put_number(&row, "handle", shown->holder);
	}
	if (message->kind == VIPMI_EVENT_SEL || message->kind == VIPMI_EVENT_REQUEST) {
		put_hex(message->data, message->length, row.data);
		put_text(&row, "data", row.data);
	}
	put_hex(boot_id, BOOT_ID_LENGTH, row.boot);
	put_text(&row, "boot_id", row.boot);
	listing_row(listing, row.cells, row.used);
}
