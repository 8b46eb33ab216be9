/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands after a link's colon: "WHERE,key=number,key=number", or without
 * WHERE. For links, at open only.
 */
#ifndef VIPMI_LINKS_OPTIONS_H
#define VIPMI_LINKS_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

struct link_option {
	const char *key;
	uint64_t min, max;
	uint64_t *value; /* set when the key is given, else left alone */
};

/*
 * Reads "key=number,..." (empty is none) into the options' values. 0, or
 * -EINVAL with one clear line in `error`: an unknown key names the nearest and
 * lists all, a value out of range the range.
 */
int link_options_parse(const char *text, const struct link_option *options, size_t count,
	char *error, size_t error_size);

/*
 * Copies what stands before the first comma to `where` and points *ret_rest
 * behind the comma (at the end when there is none). -EINVAL with an error when
 * it is empty or does not fit.
 */
int link_options_split(const char *text, char *where, size_t where_size, const char **ret_rest,
	char *error, size_t error_size);

#endif
