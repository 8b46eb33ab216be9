/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command table: one source for order, resend, time-outs, policy, cache,
 * command line and documentation.
 */
#ifndef VIPMI_IPMI_COMMAND_H
#define VIPMI_IPMI_COMMAND_H

#include "base/compat.h"

/* What a command does to the controller's state, and so what a virtualizer may do with it. */
enum ipmi_class {
	IPMI_CLASS_READ,       /* idempotent, stable for its cache time */
	IPMI_CLASS_QUASI_READ, /* idempotent, of changing data */
	IPMI_CLASS_SECRET,     /* a read that reveals secrets */
	IPMI_CLASS_VIRTUAL,    /* stateful; each virtual controller has its own */
	IPMI_CLASS_CONSUMING,  /* takes something away from everybody else */
	IPMI_CLASS_MUTATING,
	IPMI_CLASS_DANGEROUS,
	IPMI_CLASS_BRIDGING, /* carries another command: the inner one decides */
	IPMI_CLASS_SESSION,  /* meaningful inside one LAN session only */
};

/* Least privilege on a session channel (IPMI 2.0 appendix G). */
enum ipmi_privilege {
	IPMI_PRIVILEGE_NONE, /* before a session exists */
	IPMI_PRIVILEGE_CALLBACK,
	IPMI_PRIVILEGE_USER,
	IPMI_PRIVILEGE_OPERATOR,
	IPMI_PRIVILEGE_ADMINISTRATOR,
	IPMI_PRIVILEGE_SYSTEM_INTERFACE, /* from the system interface only */
};

struct ipmi_command {
	uint8_t netfn; /* even */
	uint8_t body;  /* netFn 2C: defining body; else 0 */
	uint8_t command;
	uint8_t class;       /* enum ipmi_class, before the data is looked at */
	uint8_t privilege;   /* enum ipmi_privilege */
	uint32_t cache_ms;   /* how long an answer stays true; 0 = not cacheable */
	uint32_t timeout_ms; /* service time-out, from transmission; 0 = the default */
	const char *name;    /* a word for the command line: "get-device-id" */
	const char *title;   /* the specification's name: "Get Device ID" */
};

/* Of what cannot change while the controller runs; a reset of it ends every cache time. */
#define IPMI_CACHE_FOREVER_MS UINT32_MAX

struct ipmi_verdict {
	enum ipmi_class class;
	uint32_t timeout_ms;                /* never 0 */
	const struct ipmi_command *command; /* NULL when the table does not have it */
};

/* Service time-out of commands without one of their own: the slowest honest controllers met in
 * the field take tens of milliseconds, Linux' KCS driver gives up after 5 s. */
#define IPMI_TIMEOUT_DEFAULT_MS 5000

/*
 * Classifies a request from its first data bytes as well: Clear SEL with AA
 * erases and with 00 reads, and so on. O(1), const, any input. Unlisted
 * commands are IPMI_CLASS_MUTATING; firmware (08), OEM (2E, 30-3E) unlisted
 * are IPMI_CLASS_DANGEROUS. `netfn` is the request's (even) form.
 */
struct ipmi_verdict ipmi_command_judge(
	uint8_t netfn, uint8_t command, const uint8_t *data, size_t length);

/* Whether executing it twice or dropping its answer changes nothing: READ, QUASI_READ, SECRET. */
static inline bool ipmi_class_is_read(enum ipmi_class class)
{
	return class <= IPMI_CLASS_SECRET;
}

/* The whole table, for listings: entries [0, *ret_count) ordered by netFn, body, command. */
const struct ipmi_command *ipmi_command_table(size_t *ret_count);

/* By words ("app", "get-device-id"; also "0x06", "1"), whatever their case; NULL when unknown.
 * "group" and "picmg" are both netFn 2C, of which the table has PICMG's body only. Not for the
 * message path. */
const struct ipmi_command *ipmi_command_by_name(const char *netfn, const char *command);

/* "app" for 06; NULL when the network function has no name. Request form. */
const char *ipmi_netfn_name(uint8_t netfn);

/* "invalid command" for C1; never NULL. Command-specific codes (80-BE) by command where known. */
const char *ipmi_completion_code_text(uint8_t netfn, uint8_t command, uint8_t cc);

/* "read", "mutating", ...; never NULL. */
const char *ipmi_class_name(enum ipmi_class class);

/* "administrator", ...; never NULL. */
const char *ipmi_privilege_name(enum ipmi_privilege privilege);

#endif
