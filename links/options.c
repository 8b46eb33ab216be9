/* SPDX-License-Identifier: BSD-2-Clause */
#include "links/options.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

/* "key=number" and its 0: longer is no option of ours. */
#define OPTION_LENGTH_MAX 64

static int unknown_key(const char *key, const struct link_option *options, size_t count,
	char *error, size_t error_size)
{
	struct nearest nearest;
	char list[256] = "";
	size_t i, length = 0;

	nearest_init(&nearest, key);
	for (i = 0; i < count; i++) {
		nearest_offer(&nearest, options[i].key);
		if (length < sizeof(list)) {
			length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s",
				i ? ", " : "", options[i].key);
		}
	}
	if (nearest_word(&nearest)) {
		snprintf(error, error_size,
			"unknown option '%s', did you mean '%s'? (there are: %s)", key,
			nearest_word(&nearest), list);
	} else {
		snprintf(error, error_size, "unknown option '%s' (there are: %s)", key,
			count ? list : "none");
	}
	return -EINVAL;
}

static int parse_value(
	const struct link_option *option, const char *text, char *error, size_t error_size)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	/* strtoull takes signs and blanks; a number begins with a digit. */
	if (*text < '0' || *text > '9' || *end || errno || value < option->min ||
		value > option->max) {
		snprintf(error, error_size,
			"option '%s' is '%s', must be a number from %" PRIu64 " to %" PRIu64,
			option->key, text, option->min, option->max);
		return -EINVAL;
	}
	*option->value = value;
	return 0;
}

static int parse_one(
	char *text, const struct link_option *options, size_t count, char *error, size_t error_size)
{
	char *equals = strchr(text, '=');
	size_t i;

	if (!equals) {
		snprintf(error, error_size, "option '%s' has no value, write '%s=NUMBER'", text,
			text);
		return -EINVAL;
	}
	*equals = '\0';
	for (i = 0; i < count; i++) {
		if (strcmp(text, options[i].key) == 0) {
			return parse_value(&options[i], equals + 1, error, error_size);
		}
	}
	return unknown_key(text, options, count, error, error_size);
}

int link_options_parse(const char *text, const struct link_option *options, size_t count,
	char *error, size_t error_size)
{
	char option[OPTION_LENGTH_MAX];

	while (*text) {
		int rc = link_options_split(text, option, sizeof(option), &text, error, error_size);

		if (rc == 0) {
			rc = parse_one(option, options, count, error, error_size);
		}
		if (rc < 0) {
			return rc;
		}
	}
	return 0;
}

int link_options_split(const char *text, char *where, size_t where_size, const char **ret_rest,
	char *error, size_t error_size)
{
	size_t length = strcspn(text, ",");

	if (length == 0 || length >= where_size) {
		snprintf(error, error_size,
			length ? "'%.32s...' is too long" : "nothing before ','%s",
			length ? text : " or the end");
		return -EINVAL;
	}
	memcpy(where, text, length);
	where[length] = '\0';
	*ret_rest = text + length + (text[length] == ',');
	return 0;
}
