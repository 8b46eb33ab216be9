/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>

#include "base/nearest.h"
#include "faces/vm.h"

/* "guid=" and a GUID's text: longer is no option of ours. */
#define OPTION_LENGTH_MAX 64u

#define NAME_LETTERS                                                                               \
	"abcdefghijklmnopqrstuvwxyz"                                                               \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ"                                                               \
	"0123456789._-"

enum key { KEY_GUID, KEY_GRACE, KEY_SENSORS, KEY_SEL, KEY_FRU, KEY_BUS, KEY_CLASS, KEY_COUNT };

static const struct {
	const char *name;
	unsigned long max;    /* of a number */
	const char *words[3]; /* or one of these, which is its place then */
} keys[KEY_COUNT] = {
	[KEY_GUID] = {"guid", 0, {NULL}},
	[KEY_GRACE] = {"grace", VM_GRACE_MAX_S, {NULL}},
	[KEY_SENSORS] = {"sensors", 0, {"none", "real"}},
	[KEY_SEL] = {"sel", 0,
		{[GUEST_PART_NONE] = "none", [GUEST_PART_REAL] = "real", [GUEST_PART_OWN] = "own"}},
	[KEY_FRU] = {"fru", 0,
		{[GUEST_PART_NONE] = "none", [GUEST_PART_REAL] = "real", [GUEST_PART_OWN] = "own"}},
	[KEY_BUS] = {"bus", 1, {NULL}},
	[KEY_CLASS] = {"class", VIPMI_CLASS_COUNT - 1, {NULL}},
};

static int wrong(
	const struct vm_order *order, char *error, size_t size, const char *what, const char *value)
{
	snprintf(error, size, "guest '%s': %s%s", order->name, what, value);
	return -EINVAL;
}

static int key_find(const char *name, size_t length)
{
	int key;

	for (key = 0; key < KEY_COUNT; key++) {
		if (strlen(keys[key].name) == length && !memcmp(keys[key].name, name, length)) {
			return key;
		}
	}
	return -EINVAL;
}

static int key_unknown(
	const struct vm_order *order, const char *name, char *error, size_t error_size)
{
	struct nearest nearest;
	char list[128] = "";
	size_t length = 0;
	int key;

	nearest_init(&nearest, name);
	for (key = 0; key < KEY_COUNT; key++) {
		nearest_offer(&nearest, keys[key].name);
		length += (size_t)snprintf(list + length, sizeof(list) - length, "%s%s",
			key ? ", " : "", keys[key].name);
	}
	snprintf(error, error_size, "guest '%s': unknown option '%s'%s%s%s (there are: %s)",
		order->name, name, nearest_word(&nearest) ? ", did you mean '" : "",
		nearest_word(&nearest) ? nearest_word(&nearest) : "",
		nearest_word(&nearest) ? "'?" : "", list);
	return -EINVAL;
}

static int number_read(const char *value, unsigned long max, unsigned long *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoul(value, &end, 10);
	/* strtoul takes signs and blanks; a number begins with a digit. */
	return *value < '0' || *value > '9' || *end || errno || *ret_number > max ? -EINVAL : 0;
}

/* A key's value as a number, or an error. */
static int value_read(const struct vm_order *order, int key, const char *value, char *error,
	size_t error_size, unsigned long *ret_number)
{
	char text[OPTION_LENGTH_MAX * 2];
	size_t i, length;

	if (!keys[key].words[0]) {
		snprintf(text, sizeof(text), "%s is a number from 0 to %lu, not ", keys[key].name,
			keys[key].max);
		return number_read(value, keys[key].max, ret_number)
			       ? wrong(order, error, error_size, text, value)
			       : 0;
	}
	length = (size_t)snprintf(text, sizeof(text), "%s is one of", keys[key].name);
	for (i = 0; i < ARRAY_LENGTH(keys[key].words) && keys[key].words[i]; i++) {
		if (!strcmp(keys[key].words[i], value)) {
			*ret_number = i;
			return 0;
		}
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s %s",
			i ? "," : "", keys[key].words[i]);
	}
	snprintf(text + length, sizeof(text) - length, "; not ");
	return wrong(order, error, error_size, text, value);
}

static int option_take(struct vm_order *order, char *option, char *error, size_t error_size)
{
	struct guest_config *config = &order->config;
	char *equals = strchr(option, '=');
	unsigned long number = 0;
	int key, result;

	if (!equals) {
		return wrong(order, error, error_size, "an option is KEY=VALUE, not ", option);
	}
	key = key_find(option, (size_t)(equals - option));
	if (key < 0) {
		*equals = '\0';
		return key_unknown(order, option, error, error_size);
	}
	if (key == KEY_GUID) {
		return guest_guid_of_text(equals + 1, strlen(equals + 1), config->guid)
			       ? 0
			       : wrong(order, error, error_size,
					 "a GUID is xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx, not ",
					 equals + 1);
	}
	result = value_read(order, key, equals + 1, error, error_size, &number);
	if (result) {
		return result;
	}
	switch ((enum key)key) {
	case KEY_GRACE:
		config->grace_ns = number * NSEC_PER_SEC_U64;
		break;
	case KEY_SENSORS:
		config->sensors = number;
		break;
	case KEY_SEL:
		config->sel = (uint8_t)number;
		break;
	case KEY_FRU:
		config->fru = (uint8_t)number;
		break;
	case KEY_BUS:
		config->bus = number;
		break;
	case KEY_CLASS:
		order->class = (uint8_t)number;
		break;
	default:
		break;
	}
	return 0;
}

/* Copies up to one of `ends`, and advances *text to it. */
static int word_take(const char **text, const char *ends, char *word, size_t size)
{
	size_t length = strcspn(*text, ends);

	if (length == 0 || length >= size) {
		return -EINVAL;
	}
	memcpy(word, *text, length);
	word[length] = '\0';
	*text += length;
	return 0;
}

int vm_order_read(const char **text, char *error, size_t error_size, struct vm_order *ret_order)
{
	struct vm_order order = {
		.class = VIPMI_CLASS_NORMAL,
		.config = {.sensors = true,
			.sel = GUEST_PART_REAL,
			.fru = GUEST_PART_REAL,
			.grace_ns = VM_GRACE_DEFAULT_S * NSEC_PER_SEC_U64},
	};
	char option[OPTION_LENGTH_MAX];
	int result;

	if (word_take(text, "=,\n", order.name, sizeof(order.name)) || **text != '=' ||
		order.name[strspn(order.name, NAME_LETTERS)]) {
		snprintf(error, error_size,
			"a guest is NAME=SOCKET, its name up to %u letters, digits, '.', '_' and "
			"'-'; not '%.64s'",
			CORE_NAME_SIZE - 1, *text - strlen(order.name));
		return -EINVAL;
	}
	(*text)++;
	_Static_assert(sizeof(order.name) <= sizeof(order.config.name), "it fits");
	memcpy(order.config.name, order.name, sizeof(order.name));
	guest_guid_of_name(order.name, strlen(order.name), order.config.guid);
	if (word_take(text, ",\n", order.path, sizeof(order.path))) {
		return wrong(&order, error, error_size, "a socket's path has 1 to 107 bytes", "");
	}
	while (**text == ',') {
		(*text)++;
		if (word_take(text, ",\n", option, sizeof(option))) {
			return wrong(&order, error, error_size, "an empty or overlong option", "");
		}
		result = option_take(&order, option, error, error_size);
		if (result) {
			return result;
		}
	}
	if (**text == '\n') {
		(*text)++;
	}
	*ret_order = order;
	return 0;
}
