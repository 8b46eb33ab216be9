/* SPDX-License-Identifier: BSD-2-Clause */
/* All links there are: adding one is a file of its own, its line in links/table.h, and one here. */
#include "links/table.h"

#include <stdio.h>

#include "base/nearest.h"

/* The longest name there can be. */
#define LINK_NAME_MAX 32

const struct link_ops *const link_table[] = {
	&link_bt,
	&link_chassis,
	&link_kcs,
	&link_openipmi,
	&link_vm,
	&link_script,
	NULL,
};

static int unknown_link(const char *name, char *error, size_t error_size)
{
	const struct link_ops *const *ops;
	struct nearest nearest;
	char list[128] = "";
	size_t length = 0;

	nearest_init(&nearest, name);
	for (ops = link_table; *ops; ops++) {
		nearest_offer(&nearest, (*ops)->name);
		if (length < sizeof(list)) {
			length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s",
				length ? ", " : "", (*ops)->name);
		}
	}
	if (nearest_word(&nearest)) {
		snprintf(error, error_size, "unknown link '%s', did you mean '%s'? (there are: %s)",
			name, nearest_word(&nearest), list);
	} else {
		snprintf(error, error_size, "unknown link '%s' (there are: %s)", name, list);
	}
	return -EINVAL;
}

int link_open(const char *specification, uint64_t now_ns, const struct link_sink *sink, char *error,
	size_t error_size, struct link **ret_link)
{
	const struct link_ops *const *ops;
	size_t length = strcspn(specification, ":");
	char name[LINK_NAME_MAX];

	snprintf(name, sizeof(name), "%.*s", (int)length, specification);
	for (ops = link_table; *ops; ops++) {
		if (strcmp(name, (*ops)->name) == 0) {
			const char *options = specification + length;

			return (*ops)->open(options + (*options == ':'), now_ns, sink, error,
				error_size, ret_link);
		}
	}
	return unknown_link(name, error, error_size);
}
