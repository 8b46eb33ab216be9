/* SPDX-License-Identifier: BSD-2-Clause */
/* All links there are: adding one is a file of its own, its line in links/table.h, and one here. */
#include "links/table.h"

#include <stdio.h>

const struct link_ops *const link_table[] = {
	&link_chassis,
	NULL,
};

static int unknown_link(const char *name, size_t length, char *error, size_t error_size)
{
	const struct link_ops *const *ops;
	int used = snprintf(error, error_size, "unknown link '%.*s'; there are", (int)length, name);

	for (ops = link_table; *ops && used >= 0 && (size_t)used < error_size; ops++) {
		used += snprintf(error + used, error_size - (size_t)used, "%s %s",
			ops == link_table ? "" : ";", (*ops)->usage);
	}
	return -EINVAL;
}

int link_open(const char *specification, uint64_t now_ns, const struct link_sink *sink, char *error,
	size_t error_size, struct link **ret_link)
{
	const struct link_ops *const *ops;
	size_t length = strcspn(specification, ":");

	for (ops = link_table; *ops; ops++) {
		if (strlen((*ops)->name) == length &&
			memcmp((*ops)->name, specification, length) == 0) {
			const char *options = specification + length;

			return (*ops)->open(options + (*options == ':'), now_ns, sink, error,
				error_size, ret_link);
		}
	}
	return unknown_link(specification, length, error, error_size);
}
