/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassis/chassis.h"

#include "chassis/text.h"

/* 2026-01-01 00:00:00 UTC, so that a chassis whose owner names no time is the same every day. */
#define EPOCH_DEFAULT_S 1767225600u

/* Where our card sits in a drawer: the first slot for node cards. */
#define SLOT_DEFAULT 3
#define SLOT_MAX 20

struct text {
	const char *at;
	size_t length;
};

void chassis_options_init(struct chassis_options *options)
{
	*options = (struct chassis_options){
		.seed = 1,
		.service_percent = 100,
		.epoch_s = EPOCH_DEFAULT_S,
		.slot = SLOT_DEFAULT,
	};
}

static bool text_is(struct text text, const char *word)
{
	size_t i;

	for (i = 0; i < text.length; i++) {
		if (word[i] == 0 || word[i] != text.at[i]) {
			return false;
		}
	}
	return word[i] == 0;
}

/* Appends as much as fits; `at` is where the text ends so far. */
static size_t append(char *error, size_t size, size_t at, struct text text)
{
	size_t i;

	for (i = 0; i < text.length && at + 1 < size; i++) {
		error[at++] = text.at[i];
	}
	if (at < size) {
		error[at] = 0;
	}
	return at;
}

static struct text literal(const char *words)
{
	return (struct text){.at = words, .length = text_length(words, SIZE_MAX)};
}

/* "service=x: a number from 0 to 100, please" */
static int complain(char *error, size_t size, struct text what, const char *why)
{
	size_t at = append(error, size, 0, what);

	(void)append(error, size, at, literal(why));
	return -EINVAL;
}

/* Decimal digits only, at most `max`. */
static bool number(struct text text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;
	size_t i;

	/* 19 digits cannot overflow. */
	if (text.length == 0 || text.length > 19) {
		return false;
	}
	for (i = 0; i < text.length; i++) {
		if (text.at[i] < '0' || text.at[i] > '9') {
			return false;
		}
		value = value * 10 + (uint64_t)(text.at[i] - '0');
	}
	if (value > max) {
		return false;
	}
	*ret_value = value;
	return true;
}

/* Words without a value. False when it is none of them. */
static bool set_flag(struct chassis_options *options, struct text key)
{
	if (text_is(key, "freeze")) {
		options->freeze = true;
	} else if (text_is(key, "drawer")) {
		options->drawer = true;
	} else if (text_is(key, "silent")) {
		options->faults.silent = true;
	} else {
		return false;
	}
	return true;
}

/* Where our card is, and what it is there. Both make the chassis a drawer. */
static int set_place(struct chassis_options *options, struct text item, struct text key,
	struct text value, char *error, size_t size)
{
	uint64_t given;

	if (text_is(key, "slot")) {
		if (!number(value, SLOT_MAX, &given) || given < SLOT_DEFAULT) {
			return complain(
				error, size, item, ": a slot for node cards, 3 to 20, please");
		}
		options->slot = (uint8_t)given;
	} else if (text_is(value, "bmc")) {
		options->role = CHASSIS_ROLE_BMC;
	} else if (text_is(value, "peripheral")) {
		options->role = CHASSIS_ROLE_PERIPHERAL;
	} else {
		return complain(error, size, item,
			": bmc (20h, with the SEL) or peripheral (address by slot), please");
	}
	options->drawer = true;
	return 0;
}

static int set_scenario(struct chassis_options *options, struct text item, struct text value,
	char *error, size_t size)
{
	if (value.length == 0 || value.length > CHASSIS_PATH_MAX) {
		return complain(error, size, item, ": the path of a file, 1 to 255 bytes, please");
	}
	memcpy(options->scenario, value.at, value.length);
	options->scenario[value.length] = 0;
	return 0;
}

static int set_value(struct chassis_options *options, struct text item, struct text key,
	struct text value, char *error, size_t size)
{
	struct chassis_faults *faults = &options->faults;
	const struct {
		const char *key;
		uint8_t *percent;
	} percents[] = {
		{"drop", &faults->drop},
		{"garble", &faults->garble},
		{"late", &faults->late},
		{"busy", &faults->busy},
	};
	uint64_t given;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(percents); i++) {
		if (text_is(key, percents[i].key)) {
			if (!number(value, 100, &given)) {
				return complain(
					error, size, item, ": a percentage, 0 to 100, please");
			}
			*percents[i].percent = (uint8_t)given;
			return 0;
		}
	}
	if (text_is(key, "slot") || text_is(key, "role")) {
		return set_place(options, item, key, value, error, size);
	}
	if (text_is(key, "scenario")) {
		return set_scenario(options, item, value, error, size);
	}
	if (text_is(key, "service")) {
		if (!number(value, CHASSIS_SERVICE_PERCENT_MAX, &given)) {
			return complain(error, size, item,
				": a percentage, please; 100 is like KCS, 0 answers at once");
		}
		options->service_percent = (uint32_t)given;
	} else if (text_is(key, "seed")) {
		if (!number(value, UINT64_MAX, &options->seed)) {
			return complain(error, size, item, ": a number of up to 19 digits, please");
		}
	} else if (text_is(key, "late_ms")) {
		if (!number(value, UINT32_MAX, &given)) {
			return complain(error, size, item, ": milliseconds, please");
		}
		faults->late_ms = (uint32_t)given;
	} else {
		return complain(error, size, item,
			": no such option of the chassis; there are " CHASSIS_OPTIONS_USAGE);
	}
	return 0;
}

static int set(struct chassis_options *options, struct text item, char *error, size_t size)
{
	struct text key = item, value = {0};
	size_t i;

	for (i = 0; i < item.length; i++) {
		if (item.at[i] == '=') {
			key.length = i;
			value.at = item.at + i + 1;
			value.length = item.length - i - 1;
			return set_value(options, item, key, value, error, size);
		}
	}
	if (set_flag(options, key)) {
		return 0;
	}
	return complain(error, size, item,
		": no such word for the chassis; there are " CHASSIS_OPTIONS_USAGE);
}

int chassis_options_parse(
	struct chassis_options *options, const char *text, char *error, size_t error_size)
{
	struct chassis_options parsed = *options;
	struct text item;
	int result;

	for (item.at = text ? text : ""; *item.at; item.at += item.length) {
		for (item.length = 0; item.at[item.length] && item.at[item.length] != ',';
			item.length++) {
		}
		result = set(&parsed, item, error, error_size);
		if (result < 0) {
			return result;
		}
		item.length += item.at[item.length] == ',';
	}
	*options = parsed;
	return 0;
}
