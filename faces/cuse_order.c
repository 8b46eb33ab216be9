/* SPDX-License-Identifier: BSD-2-Clause */
/* What stands after --cuse. */
#include "faces/cuse_device.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USAGE "ipmiN[,mode=MODE][,owner=USER][,group=GROUP]"

#define PREFIX "ipmi"
#define DIGITS_MAX 4

/* The kernel's driver leaves its nodes to root. */
#define MODE_DEFAULT 0600

/* Long enough for a name of a user. */
#define WORD_MAX 64

static int wrong(const char *what, const char *word, char *error, size_t error_size)
{
	snprintf(error, error_size, "--cuse: %s '%s' (" USAGE ")", what, word);
	return -EINVAL;
}

/* Programs look for /dev/ipmiN, and no other file of /dev must be ours to take. */
static bool name_good(const char *name)
{
	const char *number = name + sizeof(PREFIX) - 1;
	size_t digits;

	if (strncmp(name, PREFIX, sizeof(PREFIX) - 1) != 0) {
		return false;
	}
	digits = strspn(number, "0123456789");
	return digits > 0 && digits <= DIGITS_MAX && !number[digits] &&
	       (digits == 1 || *number != '0');
}

static int mode_read(const char *text, mode_t *ret_mode)
{
	char *end;
	unsigned long mode = strtoul(text, &end, 8);

	if (end == text || *end || *text == '-' || mode > 0777) {
		return -EINVAL;
	}
	*ret_mode = (mode_t)mode;
	return 0;
}

/* A number, or a name that the machine knows. */
static int owner_read(const char *text, uid_t *ret_owner)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	const struct passwd *user;

	if (*text && *end == '\0' && *text != '-' && number < UINT32_MAX) {
		*ret_owner = (uid_t)number;
		return 0;
	}
	user = getpwnam(text);
	if (!user) {
		return -EINVAL;
	}
	*ret_owner = user->pw_uid;
	return 0;
}

static int group_read(const char *text, gid_t *ret_group)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);
	const struct group *group;

	if (*text && *end == '\0' && *text != '-' && number < UINT32_MAX) {
		*ret_group = (gid_t)number;
		return 0;
	}
	group = getgrnam(text);
	if (!group) {
		return -EINVAL;
	}
	*ret_group = group->gr_gid;
	return 0;
}

static int option_read(
	const char *word, struct cuse_node_order *order, char *error, size_t error_size)
{
	if (strncmp(word, "mode=", 5) == 0) {
		return mode_read(word + 5, &order->mode) ? wrong("a mode is octal, up to 0777, not",
								   word + 5, error, error_size)
							 : 0;
	}
	if (strncmp(word, "owner=", 6) == 0) {
		return owner_read(word + 6, &order->owner)
			       ? wrong("no such user:", word + 6, error, error_size)
			       : 0;
	}
	if (strncmp(word, "group=", 6) == 0) {
		return group_read(word + 6, &order->group)
			       ? wrong("no such group:", word + 6, error, error_size)
			       : 0;
	}
	return wrong("unknown option", word, error, error_size);
}

int cuse_order_read(const char *text, const char *end, struct cuse_node_order *ret_order,
	char *error, size_t error_size)
{
	struct cuse_node_order order = {.mode = MODE_DEFAULT};
	char word[WORD_MAX];
	int result = 0;
	bool first = true;

	while (result == 0 && (first || text < end)) {
		size_t left = (size_t)(end - text), length = 0;

		while (length < left && text[length] != ',') {
			length++;
		}
		snprintf(word, sizeof(word), "%.*s", (int)length, text);
		if (length >= sizeof(word)) {
			return wrong("too long:", word, error, error_size);
		}
		if (!first) {
			result = option_read(word, &order, error, error_size);
		} else if (name_good(word)) {
			snprintf(order.name, sizeof(order.name), "%.*s",
				(int)sizeof(order.name) - 1, word);
		} else {
			result = wrong("a node is ipmi0 to ipmi9999, not", word, error, error_size);
		}
		first = false;
		text += length < left ? length + 1 : length;
	}
	if (result == 0) {
		*ret_order = order;
	}
	return result;
}
