/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmi event: what the two verbs share.
 */
#ifndef VIPMI_CLI_EVENT_H
#define VIPMI_CLI_EVENT_H

#include "cli/cli.h"
#include "ipmi/sdr.h"

/* The options of both verbs, in the order of their tables. */
enum event_option {
	EVENT_OPTION_KIND,
	EVENT_OPTION_SENSOR,
	EVENT_OPTION_SENSOR_TYPE,
	EVENT_OPTION_OFFSET,
	EVENT_OPTION_ASSERT,
	EVENT_OPTION_DEASSERT,
	EVENT_OPTION_SEVERITY,
	EVENT_OPTION_NETFN,
	EVENT_OPTION_COMMAND,
	EVENT_OPTION_CHANNEL,
	EVENT_OPTION_ADDRESS,
	EVENT_OPTION_FROM,
	EVENT_OPTION_COUNT,
	EVENT_OPTION_NUMBERS,
	EVENT_OPTION_EXCLUSIVE, /* follow alone, like: */
	EVENT_OPTION_NAME,
};

/* ---- event_names.c: the sensors' names, from their records ---- */

struct event_names;

/* Reads the records of the target's controller, on a connection of its own. Those of others on the
 * bus are read when the first of their events is named. A controller that does not answer has none.
 * NULL: no memory. */
struct event_names *event_names_read(const struct cli *cli);
/* Takes NULL. */
void event_names_free(struct event_names *names);
#define EVENT_NAME_ROOM (IPMI_SDR_NAME_MAX + IPMI_SDR_INSTANCE_MAX + 1)
/* The name of a generator's sensor into `text`; false where nobody says. */
bool event_names_find(struct event_names *names, uint8_t channel, uint8_t owner, uint8_t owner_lun,
	uint8_t sensor, char text[EVENT_NAME_ROOM]);

struct event_sensor {
	uint8_t owner, sensor;
};

/* The sensors of that name, at most `most`; how many there are in all. */
size_t event_names_search(const struct event_names *names, const char *word,
	struct event_sensor *ret_sensors, size_t most);
/* Offers every name. */
void event_names_offer(const struct event_names *names, struct suggestion *suggestion);

/* ---- event_filter.c: the options, as a subscription ---- */

struct event_filter {
	struct vipmi_clause clauses[VIPMI_CLAUSES_AT_MOST];
	size_t clauses_count;
	struct vipmi_subscription
		subscription;    /* with the clauses, but for START_AFTER's boot id: */
	bool this_agent;         /* it is that of the agent asked */
	const char *sensor_name; /* to be found among the names; or NULL */
	uint64_t count;          /* messages to show; UINT64_MAX: no end */
	bool plain;              /* no names */
};

/* Reads the options. EXIT_DONE, or EXIT_USAGE with what is wrong told. */
int event_filter_take(const struct cli *cli, struct event_filter *ret_filter);
/* The same for what needs the agent: the name of a sensor, the boot id. `names` may be NULL. */
int event_filter_resolve(const struct cli *cli, struct event_filter *filter, struct vipmi *vipmi,
	const struct event_names *names);
/* Whether the agent would deliver it; where it starts included. */
bool event_filter_lets_through(const struct event_filter *filter, const struct vipmi_event *event);

/* ---- event_row.c: a message for people and programs ---- */

/* A message, as a listing or a subscription has it. */
struct event_shown {
	struct vipmi_event event;
	uint64_t age_ms; /* UINT64_MAX: not known */
	uint32_t holder; /* the handle that alone gets it, or 0 */
};

extern const struct column event_list_columns[], event_follow_columns[];
/* How wide each of event_follow_columns is. */
extern const unsigned int event_follow_widths[];

/* Prints it. `names` may be NULL. `boot_id`: of the agent that numbered it. */
void event_row(struct listing *listing, const struct event_shown *shown, struct event_names *names,
	const uint8_t *boot_id);

#endif
