/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From the agent's listings to ours.
 */
#include <string.h>

#include "cli/cli.h"

/* Fields that are true or false come as numbers. */
static bool is_boolean(const char *name)
{
	static const char *const names[] = {"events", "exclusive", "blocked", "reserved"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i]) == 0) {
			return true;
		}
	}
	return false;
}

const struct vipmi_field *rows_field(
	const struct vipmi_field *fields, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, name) == 0) {
			return &fields[i];
		}
	}
	return NULL;
}

size_t rows_to_cells(
	const struct vipmi_field *fields, size_t count, struct cell *cells, size_t cells_max)
{
	size_t used = 0;

	for (size_t i = 0; i < count && used < cells_max; i++) {
		cells[used++] = (struct cell){
			.key = fields[i].name,
			.text = fields[i].text,
			.number = fields[i].number,
			.boolean = !fields[i].text && is_boolean(fields[i].name),
		};
	}
	return used;
}

int rows_list(struct cli *cli, const char *object, const struct column *columns,
	int (*row)(void *listing, const struct vipmi_field *fields, size_t count),
	const char *empty)
{
	struct listing *listing;
	struct vipmi *vipmi;
	int result = cli_connect(cli, &vipmi);

	if (result != EXIT_DONE) {
		return result;
	}
	listing = listing_begin(cli->format, columns);
	if (!listing) {
		vipmi_disconnect(vipmi);
		return cli_fail(EXIT_LOCAL, "no memory");
	}
	result = vipmi_query(vipmi, object, row, listing);
	if (result < 0) {
		listing_drop(listing);
		result = cli_fail_error(result);
	} else {
		listing_end(listing, empty);
	}
	vipmi_disconnect(vipmi);
	return result;
}
