/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What vipmi event is asked for, as a subscription's clauses; and the same
 * judgement as the agent's, for listings.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/event.h"
#include "cli/words.h"
#include "ipmi/event.h"

#define CHANNEL_MAX 15
#define OFFSET_MAX 14
#define KINDS_ALL 0xFE
#define BOOT_ID_DIGITS 32
#define WORD_MAX 64
/* Event/reading types with a table of offsets (IPMI 2.0 table 42-2). */
#define READING_GENERIC_MAX 0x0C

struct word {
	const char *name;
	unsigned int value;
};

static const struct word kinds[] = {
	{"event", VIPMI_CLAUSE_KIND(VIPMI_EVENT_SEL)},
	{"request", VIPMI_CLAUSE_KIND(VIPMI_EVENT_REQUEST)},
	{"watchdog", VIPMI_CLAUSE_KIND(VIPMI_EVENT_WATCHDOG)},
	{"chassis", VIPMI_CLAUSE_KIND(VIPMI_EVENT_CHASSIS)},
	{"lost", VIPMI_CLAUSE_KIND(VIPMI_EVENT_CONTROLLER_LOST)},
	{"back", VIPMI_CLAUSE_KIND(VIPMI_EVENT_CONTROLLER_BACK)},
	{"reset", VIPMI_CLAUSE_KIND(VIPMI_EVENT_CONTROLLER_RESET)},
	{"all", KINDS_ALL},
	{NULL, 0},
};

static const struct word severities[] = {
	{"non-critical", IPMI_SEVERITY_NON_CRITICAL},
	{"critical", IPMI_SEVERITY_CRITICAL},
	{"non-recoverable", IPMI_SEVERITY_NON_RECOVERABLE},
	{NULL, 0},
};

/* The word that begins at `text` and ends there or at a comma. */
static int take_word(const struct cli *cli, const char *what, const struct word *words,
	const char *text, unsigned int *value)
{
	char word[WORD_MAX];
	struct suggestion suggestion;

	(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(text, ","), text);
	suggestion = suggest_begin(word);
	for (; words->name; words++) {
		if (strcasecmp(words->name, word) == 0) {
			*value |= words->value;
			return EXIT_DONE;
		}
		suggest_offer(&suggestion, words->name);
	}
	return cli_usage(cli, "unknown %s \"%s\"%s", what, word, suggest_text(&suggestion));
}

static int take_kinds(const struct cli *cli, const char *text, uint8_t *kinds_taken)
{
	unsigned int value = 0;
	int result = take_word(cli, "kind of message", kinds, text, &value);

	while (result == EXIT_DONE && (text = strchr(text, ',')) != NULL) {
		result = take_word(cli, "kind of message", kinds, ++text, &value);
	}
	*kinds_taken = (uint8_t)value;
	return result;
}

static int take_sensor_type(const struct cli *cli, const char *text, uint16_t *ret_type)
{
	struct suggestion suggestion = suggest_begin(text);
	static char slugs[UINT8_MAX + 1][WORD_MAX]; /* suggestions are remembered by address */
	uint64_t number;
	unsigned int type;

	if (parse_number(text, UINT8_MAX, &number)) {
		*ret_type = (uint16_t)number;
		return EXIT_DONE;
	}
	for (type = 0; type <= UINT8_MAX; type++) {
		const char *name = ipmi_sensor_type_name((uint8_t)type);

		if (!name) {
			continue;
		}
		words_slug(name, slugs[type], sizeof(slugs[type]));
		if (strcasecmp(slugs[type], text) == 0 || strcasecmp(name, text) == 0) {
			*ret_type = (uint16_t)type;
			return EXIT_DONE;
		}
		suggest_offer(&suggestion, slugs[type]);
	}
	return cli_usage(cli,
		"unknown sensor type \"%s\"%s; a number, or a name like slot-connector", text,
		suggest_text(&suggestion));
}

/* The offsets that bear this name: of the generic reading types, and of the sensor type asked for.
 * Candidates for a suggestion are offered from `slugs`. */
static uint16_t offsets_named(uint16_t sensor_type, const char *word, struct suggestion *suggestion)
{
	static char slugs[READING_GENERIC_MAX + 2][OFFSET_MAX + 1][WORD_MAX];
	uint16_t offsets = 0;
	unsigned int row, offset;

	for (row = 1; row < READING_GENERIC_MAX + 2; row++) {
		bool own = row > READING_GENERIC_MAX;

		if (own && sensor_type == VIPMI_CLAUSE_ANY) {
			break;
		}
		for (offset = 0; offset <= OFFSET_MAX; offset++) {
			const char *text = ipmi_event_text((uint8_t)sensor_type,
				own ? IPMI_READING_SENSOR : (uint8_t)row, (uint8_t)offset);

			if (!text) {
				continue;
			}
			words_slug(text, slugs[row][offset], WORD_MAX);
			if (strcasecmp(slugs[row][offset], word) == 0) {
				offsets |= (uint16_t)(1u << offset);
			}
			suggest_offer(suggestion, slugs[row][offset]);
		}
	}
	return offsets;
}

static int take_offsets(const struct cli *cli, const char *text, struct vipmi_clause *clause)
{
	while (text) {
		char word[WORD_MAX];
		struct suggestion suggestion;
		uint64_t number;
		uint16_t named;

		(void)snprintf(word, sizeof(word), "%.*s", (int)strcspn(text, ","), text);
		suggestion = suggest_begin(word);
		named = parse_number(word, OFFSET_MAX, &number)
				? (uint16_t)(1u << number)
				: offsets_named(clause->sensor_type, word, &suggestion);
		if (!named) {
			return cli_usage(cli,
				"unknown event offset \"%s\"%s; 0 to %d, or what such events say, "
				"like upper-critical-going-high",
				word, suggest_text(&suggestion), OFFSET_MAX);
		}
		clause->offsets |= named;
		text = strchr(text, ',');
		text = text ? text + 1 : NULL;
	}
	return EXIT_DONE;
}

static int take_small(const struct cli *cli, const char *what, const char *text, uint64_t max,
	uint16_t *ret_number)
{
	uint64_t number;

	if (!parse_number(text, max, &number)) {
		return cli_usage(
			cli, "\"%s\" is not %s (0 to 0x%llX)", text, what, (unsigned long long)max);
	}
	*ret_number = (uint16_t)number;
	return EXIT_DONE;
}

static int take_request(const struct cli *cli, struct vipmi_clause *clause)
{
	const char *netfn_word = cli->values[EVENT_OPTION_NETFN];
	const char *word = cli->values[EVENT_OPTION_COMMAND];
	const struct ipmi_command *command;
	uint8_t netfn = 0, code = 0;
	int result = EXIT_DONE;

	if (!netfn_word && word) {
		return take_small(cli, "a command; its name needs --netfn", word, UINT8_MAX,
			&clause->command);
	}
	if (netfn_word) {
		result = words_netfn(cli, netfn_word, &netfn);
		clause->netfn = netfn;
	}
	if (result == EXIT_DONE && word) {
		result = words_command(cli, netfn_word, netfn, word, &code, &command);
		clause->command = code;
	}
	return result;
}

static bool take_boot_id(const char *text, uint8_t boot_id[16])
{
	char digits[3] = "";
	unsigned int i;

	if (strspn(text, "0123456789abcdefABCDEF") != BOOT_ID_DIGITS) {
		return false;
	}
	for (i = 0; i < BOOT_ID_DIGITS / 2; i++) {
		memcpy(digits, text + (size_t)2 * i, 2);
		boot_id[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return true;
}

/* now, oldest, NUMBER, BOOTID:NUMBER. */
static int take_from(const struct cli *cli, const char *text, struct event_filter *filter)
{
	struct vipmi_subscription *subscription = &filter->subscription;
	const char *colon = strchr(text, ':');

	if (strcasecmp(text, "now") == 0) {
		subscription->start = VIPMI_START_NOW;
		return EXIT_DONE;
	}
	if (strcasecmp(text, "oldest") == 0) {
		subscription->start = VIPMI_START_OLDEST;
		return EXIT_DONE;
	}
	if ((colon && !take_boot_id(text, subscription->boot_id)) ||
		!parse_number(colon ? colon + 1 : text, UINT64_MAX - 1, &subscription->number)) {
		return cli_usage(cli,
			"\"%s\" is no place to start from: now, oldest, the number of the last "
			"message seen, or that with the agent's boot id before it (ID:NUMBER)",
			text);
	}
	subscription->start = VIPMI_START_AFTER;
	filter->this_agent = !colon;
	return EXIT_DONE;
}

/* What the options leave open is chosen so that something can match. */
static uint8_t kinds_meant(const struct vipmi_clause *clause, bool sensor)
{
	if (sensor || clause->sensor_type != VIPMI_CLAUSE_ANY || clause->offsets ||
		clause->directions || clause->severity) {
		return VIPMI_CLAUSE_KIND(VIPMI_EVENT_SEL);
	}
	if (clause->netfn != VIPMI_CLAUSE_ANY || clause->command != VIPMI_CLAUSE_ANY) {
		return VIPMI_CLAUSE_KIND(VIPMI_EVENT_REQUEST);
	}
	if (clause->channel != VIPMI_CLAUSE_ANY || clause->address != VIPMI_CLAUSE_ANY) {
		return VIPMI_CLAUSE_KIND(VIPMI_EVENT_SEL) | VIPMI_CLAUSE_KIND(VIPMI_EVENT_REQUEST);
	}
	return KINDS_ALL;
}

static int take_sensor(const struct cli *cli, const char *text, struct event_filter *filter)
{
	uint64_t number;

	/* "1 Fan" is a name, though it begins with a digit. */
	if (parse_number(text, UINT8_MAX, &number)) {
		filter->clauses[0].sensor = (uint16_t)number;
	} else {
		filter->sensor_name = text;
	}
	if (filter->sensor_name && filter->plain) {
		return cli_usage(cli, "\"%s\" is a name, which --numbers does without", text);
	}
	return EXIT_DONE;
}

static int take_clause(const struct cli *cli, struct event_filter *filter)
{
	struct vipmi_clause *clause = &filter->clauses[0];
	const char *const *values = cli->values;
	unsigned int severity = 0;
	int result = EXIT_DONE;

	if (values[EVENT_OPTION_SENSOR]) {
		result = take_sensor(cli, values[EVENT_OPTION_SENSOR], filter);
	}
	if (result == EXIT_DONE && values[EVENT_OPTION_SENSOR_TYPE]) {
		result = take_sensor_type(
			cli, values[EVENT_OPTION_SENSOR_TYPE], &clause->sensor_type);
	}
	if (result == EXIT_DONE && values[EVENT_OPTION_OFFSET]) {
		result = take_offsets(cli, values[EVENT_OPTION_OFFSET], clause);
	}
	if (result == EXIT_DONE && values[EVENT_OPTION_SEVERITY]) {
		result = take_word(
			cli, "severity", severities, values[EVENT_OPTION_SEVERITY], &severity);
		clause->severity = (uint8_t)severity;
	}
	if (result == EXIT_DONE) {
		result = take_request(cli, clause);
	}
	if (result == EXIT_DONE && values[EVENT_OPTION_CHANNEL]) {
		result = take_small(cli, "a channel", values[EVENT_OPTION_CHANNEL], CHANNEL_MAX,
			&clause->channel);
	}
	if (result == EXIT_DONE && values[EVENT_OPTION_ADDRESS]) {
		result = take_small(cli, "an address", values[EVENT_OPTION_ADDRESS], UINT8_MAX,
			&clause->address);
	}
	clause->directions = (values[EVENT_OPTION_ASSERT] ? VIPMI_CLAUSE_ASSERTED : 0) |
			     (values[EVENT_OPTION_DEASSERT] ? VIPMI_CLAUSE_DEASSERTED : 0);
	clause->kinds = kinds_meant(clause, values[EVENT_OPTION_SENSOR] != NULL);
	if (result == EXIT_DONE && values[EVENT_OPTION_KIND]) {
		result = take_kinds(cli, values[EVENT_OPTION_KIND], &clause->kinds);
	}
	return result;
}

int event_filter_take(const struct cli *cli, struct event_filter *ret_filter)
{
	struct event_filter *filter = ret_filter;
	const char *count = cli->values[EVENT_OPTION_COUNT];
	int result;

	*filter = (struct event_filter){
		.clauses_count = 1,
		.subscription = {.size = sizeof(filter->subscription)},
		.count = UINT64_MAX,
		.plain = cli->values[EVENT_OPTION_NUMBERS] != NULL,
	};
	filter->clauses[0] = vipmi_clause_make(0);
	filter->subscription.exclusive = cli->values[EVENT_OPTION_EXCLUSIVE] != NULL;
	result = take_clause(cli, filter);
	if (result == EXIT_DONE && cli->values[EVENT_OPTION_FROM]) {
		result = take_from(cli, cli->values[EVENT_OPTION_FROM], filter);
	}
	if (result == EXIT_DONE && count &&
		(!parse_number(count, UINT32_MAX, &filter->count) || filter->count == 0)) {
		result = cli_usage(cli, "\"%s\" is not a number of messages", count);
	}
	return result;
}

static int resolve_sensor(
	const struct cli *cli, struct event_filter *filter, const struct event_names *names)
{
	struct event_sensor sensors[VIPMI_CLAUSES_AT_MOST];
	const char *word = filter->sensor_name;
	struct suggestion suggestion = suggest_begin(word);
	size_t found = names ? event_names_search(names, word, sensors, VIPMI_CLAUSES_AT_MOST) : 0;
	size_t i;

	if (found == 0) {
		if (names) {
			event_names_offer(names, &suggestion);
		}
		return cli_usage(cli, "no sensor of this controller is called \"%s\"%s", word,
			suggest_text(&suggestion));
	}
	if (found > VIPMI_CLAUSES_AT_MOST) {
		return cli_usage(cli, "%zu sensors are called \"%s\": give a number and --address",
			found, word);
	}
	for (i = 0; i < found; i++) {
		filter->clauses[i] = filter->clauses[0];
		filter->clauses[i].sensor = sensors[i].sensor;
		if (!cli->values[EVENT_OPTION_ADDRESS]) {
			filter->clauses[i].address = sensors[i].owner;
		}
	}
	filter->clauses_count = found;
	return EXIT_DONE;
}

int event_filter_resolve(const struct cli *cli, struct event_filter *filter, struct vipmi *vipmi,
	const struct event_names *names)
{
	struct vipmi_info info;
	int result = vipmi_get_info(vipmi, &info);

	if (result < 0) {
		return cli_fail_error(result);
	}
	if (filter->this_agent) {
		memcpy(filter->subscription.boot_id, info.boot_id, sizeof(info.boot_id));
	}
	result = filter->sensor_name ? resolve_sensor(cli, filter, names) : EXIT_DONE;
	filter->subscription.clauses = filter->clauses;
	filter->subscription.clauses_count = filter->clauses_count;
	return result;
}

/* ---- the judgement ---- */

static bool field_matches(uint16_t wanted, uint8_t value)
{
	return wanted == VIPMI_CLAUSE_ANY || wanted == value;
}

static bool clause_matches(const struct vipmi_clause *clause, const struct vipmi_event *event)
{
	struct ipmi_event record = {.channel = event->channel, .generator = event->address};
	uint8_t kinds_of_it = VIPMI_CLAUSE_KIND(event->kind);
	bool about_events = clause->sensor_type != VIPMI_CLAUSE_ANY ||
			    clause->sensor != VIPMI_CLAUSE_ANY || clause->offsets ||
			    clause->directions || clause->severity;

	if (event->kind == VIPMI_EVENT_SEL && event->length >= IPMI_EVENT_LENGTH) {
		ipmi_event_decode(event->data, &record);
		kinds_of_it |= record.board_moves ? VIPMI_CLAUSE_KIND(VIPMI_EVENT_CHASSIS) : 0;
	}
	if (!(clause->kinds & kinds_of_it) || !field_matches(clause->netfn, event->netfn) ||
		!field_matches(clause->command, event->command) ||
		!field_matches(clause->channel, record.channel) ||
		!field_matches(clause->address, record.generator)) {
		return false;
	}
	return !about_events ||
	       (event->kind == VIPMI_EVENT_SEL &&
		       field_matches(clause->sensor_type, record.sensor_type) &&
		       field_matches(clause->sensor, record.sensor) &&
		       (!clause->offsets || clause->offsets >> record.offset & 1) &&
		       (!clause->directions ||
			       (clause->directions &
				       (record.deasserted ? VIPMI_CLAUSE_DEASSERTED
							  : VIPMI_CLAUSE_ASSERTED))) &&
		       clause->severity <= record.severity);
}

bool event_filter_lets_through(const struct event_filter *filter, const struct vipmi_event *event)
{
	size_t i;

	if (filter->subscription.start == VIPMI_START_AFTER &&
		event->number <= filter->subscription.number) {
		return false;
	}
	for (i = 0; i < filter->clauses_count; i++) {
		if (clause_matches(&filter->clauses[i], event)) {
			return true;
		}
	}
	return false;
}
