/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipmi/chassis_order.h"

#include "base/nearest.h"

/* Longest order: a fault with all its parts, and some to complain about. */
#define WORDS_MAX 14

/* Twelve digits stay far from overflow, even in milliseconds. */
#define DIGITS_MAX 12

static const char *const verb_names[] = {"insert", "pull", "set", "fault", "reset"};
static const char *const fault_names[] = {"none", "lost", "late", "duplicate", "garbled", "nak",
	"arbitration", "busy", "reset", "silence", "sticky", "stuck", "failure"};
static const char *const kind_names[] = {
	"empty", "manager", "fabric", "node", "power-supply", "fan-tray"};
static const char *const state_names[] = {
	"empty", "inserted", "powering", "active", "quiescing", "safe", "failed"};
static const char *const severity_names[] = {"ok", "non-critical", "critical", "non-recoverable"};
static const char *const led_names[] = {"off", "on", "blinking"};

_Static_assert(ARRAY_LENGTH(verb_names) == CHASSIS_VERB_COUNT, "a name each");
_Static_assert(ARRAY_LENGTH(fault_names) == CHASSIS_FAULT_COUNT, "a name each");
_Static_assert(ARRAY_LENGTH(kind_names) == CHASSIS_KIND_COUNT, "a name each");
_Static_assert(ARRAY_LENGTH(state_names) == CHASSIS_STATE_COUNT, "a name each");
_Static_assert(ARRAY_LENGTH(severity_names) == CHASSIS_SEVERITY_COUNT, "a name each");
_Static_assert(ARRAY_LENGTH(led_names) == CHASSIS_LED_COUNT, "a name each");

#define NAME_OF(names, number) ((number) < ARRAY_LENGTH(names) ? (names)[number] : "?")

const char *chassis_verb_name(uint8_t verb)
{
	return NAME_OF(verb_names, verb);
}

const char *chassis_fault_name(uint8_t kind)
{
	return NAME_OF(fault_names, kind);
}

const char *chassis_kind_name(uint8_t kind)
{
	return NAME_OF(kind_names, kind);
}

const char *chassis_state_name(uint8_t state)
{
	return NAME_OF(state_names, state);
}

const char *chassis_severity_name(uint8_t severity)
{
	return NAME_OF(severity_names, severity);
}

const char *chassis_led_name(uint8_t led)
{
	return NAME_OF(led_names, led);
}

/* ---- words ---- */

/* The line in words, each ended by a zero. */
struct words {
	char text[CHASSIS_LINE_MAX + 1];
	const char *word[WORDS_MAX + 1]; /* "" after the last, so that one may always look */
	unsigned count, at;
	char *error;
};

static void append(char *error, const char *text)
{
	size_t length = 0;

	while (error[length]) {
		length++;
	}
	while (*text && length < CHASSIS_TEXT_MAX) {
		error[length++] = *text++;
	}
	error[length] = 0;
}

/* Parts, ended by NULL, make the error. */
static int complain(const struct words *words, const char *const *parts)
{
	words->error[0] = 0;
	while (*parts) {
		append(words->error, *parts++);
	}
	return -EINVAL;
}

#define COMPLAIN(words, ...) complain(words, (const char *const[]){__VA_ARGS__, NULL})

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* One word from line[*at] on, quotes taken off. False: a quote is open at the end. */
static bool take_word(const char *line, size_t length, size_t *at, char **to)
{
	char quote = 0;

	for (; *at < length && (quote || !is_blank(line[*at])); (*at)++) {
		char c = line[*at];

		if (quote && c == quote) {
			quote = 0;
		} else if (!quote && (c == '\'' || c == '"')) {
			quote = c;
		} else {
			*(*to)++ = c;
		}
	}
	*(*to)++ = 0;
	return !quote;
}

static int split(struct words *words, const char *line, size_t length)
{
	char *to = words->text;
	size_t at = 0;

	if (length > CHASSIS_LINE_MAX) {
		return COMPLAIN(words, "the line is longer than 120 characters");
	}
	for (size_t i = 0; i < length; i++) {
		if ((uint8_t)line[i] < ' ' && line[i] != '\t') {
			return COMPLAIN(words, "the line has a control character in it");
		}
	}
	for (;;) {
		while (at < length && is_blank(line[at])) {
			at++;
		}
		if (at == length) {
			break;
		}
		if (words->count == WORDS_MAX) {
			return COMPLAIN(words, "too many words; ", "one order a line, please");
		}
		words->word[words->count] = to;
		if (!take_word(line, length, &at, &to)) {
			return COMPLAIN(words, "a quote (' or \") is opened and never closed");
		}
		words->count++;
	}
	for (unsigned i = words->count; i <= WORDS_MAX; i++) {
		words->word[i] = "";
	}
	return 0;
}

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* Takes the next word if it is that one. */
static bool next_is(struct words *words, const char *word)
{
	if (words->at < words->count && equal(words->word[words->at], word)) {
		words->at++;
		return true;
	}
	return false;
}

/* Takes the next word, which must be one of these; *ret_index its position. */
static int take_name(struct words *words, const char *what, const char *const *names, size_t count,
	uint8_t *ret_index)
{
	const char *word = words->word[words->at], *meant;
	struct nearest nearest;

	for (size_t i = 0; i < count; i++) {
		if (equal(word, names[i])) {
			words->at++;
			*ret_index = (uint8_t)i;
			return 0;
		}
	}
	nearest_init(&nearest, word);
	for (size_t i = 0; i < count; i++) {
		nearest_offer(&nearest, names[i]);
	}
	meant = nearest_word(&nearest);
	words->error[0] = 0;
	if (words->at == words->count) {
		append(words->error, what);
		append(words->error, " is missing");
	} else {
		append(words->error, "\"");
		append(words->error, word);
		append(words->error, "\" is no ");
		append(words->error, what);
		if (meant) {
			append(words->error, " (did you mean \"");
			append(words->error, meant);
			append(words->error, "\"?)");
		}
	}
	append(words->error, "; there are ");
	for (size_t i = 0; i < count; i++) {
		append(words->error, i ? ", " : "");
		append(words->error, names[i]);
	}
	return -EINVAL;
}

/* ---- numbers ---- */

/* Digits at `text`, at most `max`; where they end, or NULL. */
static const char *digits(const char *text, uint64_t max, uint64_t *ret_number)
{
	const char *at = text;
	uint64_t number = 0;

	while (*at >= '0' && *at <= '9' && at - text < DIGITS_MAX) {
		number = number * 10 + (uint64_t)(*at++ - '0');
	}
	if (at == text || number > max) {
		return NULL;
	}
	*ret_number = number;
	return at;
}

static bool whole_number(const char *text, uint64_t max, uint64_t *ret_number)
{
	const char *end = digits(text, max, ret_number);

	return end && *end == 0;
}

/* "95", "-3.5": thousandths; three digits behind the point are all that count. */
static bool milli(const char *text, int32_t *ret_value)
{
	bool negative = *text == '-';
	uint64_t number;
	/* What a sensor can show is far less (IPMI 2.0 section 36.3). */
	const char *at = digits(text + negative, 1000000, &number);
	int64_t value;

	if (!at) {
		return false;
	}
	number *= 1000;
	if (*at == '.') {
		uint32_t weight = 100;

		at++;
		if (*at == 0) {
			return false;
		}
		for (; *at >= '0' && *at <= '9'; at++, weight /= 10) {
			number += weight * (uint32_t)(*at - '0');
		}
	}
	value = negative ? -(int64_t)number : (int64_t)number;
	if (*at != 0) {
		return false;
	}
	*ret_value = (int32_t)value;
	return true;
}

bool chassis_order_time(const char *text, uint32_t *ret_ms)
{
	uint64_t number = 0;
	const char *end = digits(text, CHASSIS_TIME_MS_MAX, &number);

	if (end && (*end == 0 || equal(end, "s"))) {
		number *= 1000;
	} else if (!end || !equal(end, "ms")) {
		return false;
	}
	if (number > CHASSIS_TIME_MS_MAX) {
		return false;
	}
	*ret_ms = (uint32_t)number;
	return true;
}

static int take_time(struct words *words, const char *what, uint32_t *ret_ms)
{
	const char *word = words->word[words->at];
	uint32_t ms = 0;

	if (!chassis_order_time(word, &ms) || ms == 0) {
		return COMPLAIN(words, "\"", word, "\" is no time for \"", what,
			"\": 5s or 250ms, at most a day");
	}
	words->at++;
	*ret_ms = ms;
	return 0;
}

static int take_place(struct words *words, uint8_t *ret_place)
{
	const char *word = words->word[words->at];
	uint64_t number;

	if (words->at == words->count) {
		return COMPLAIN(words, "which place? A slot's number, or one of those after the "
				       "slots that 'vipmi chassis show' has");
	}
	if (!whole_number(word, CHASSIS_PLACES_MAX, &number) || number == 0) {
		return COMPLAIN(words, "\"", word,
			"\" is no place: a number from 1 to 40, as 'vipmi chassis show' has it");
	}
	words->at++;
	*ret_place = (uint8_t)number;
	return 0;
}

/* ---- the orders ---- */

static int take_insert(struct words *words, struct chassis_order *order)
{
	int result = take_place(words, &order->place);

	if (result == 0 && words->at < words->count) {
		/* All but "empty". */
		result = take_name(words, "kind of board", kind_names + 1, CHASSIS_KIND_COUNT - 1,
			&order->board);
		order->board++;
	}
	return result;
}

static int take_pull(struct words *words, struct chassis_order *order)
{
	int result = take_place(words, &order->place);

	order->now = result == 0 && next_is(words, "now");
	return result;
}

/* "none", "0", "1,3" */
static bool take_states(const char *text, int32_t *ret_states)
{
	int32_t states = 0;

	if (equal(text, "none")) {
		*ret_states = 0;
		return true;
	}
	for (;;) {
		uint64_t offset;

		/* 15 offsets, and the bit above is reserved (IPMI 2.0 section 42.1). */
		text = digits(text, 14, &offset);
		if (!text) {
			return false;
		}
		states |= (int32_t)1 << offset;
		if (*text != ',') {
			break;
		}
		text++;
	}
	*ret_states = states;
	return *text == 0;
}

static int take_value(struct words *words, struct chassis_order *order)
{
	const char *word;
	bool right;

	if (next_is(words, "auto")) {
		order->value_kind = CHASSIS_VALUE_AUTO;
		return 0;
	}
	if (next_is(words, "raw")) {
		uint64_t raw = 0;

		word = words->word[words->at++];
		right = whole_number(word, UINT8_MAX, &raw);
		order->value_kind = CHASSIS_VALUE_RAW;
		order->value = (int32_t)raw;
	} else if (next_is(words, "state")) {
		word = words->word[words->at++];
		right = take_states(word, &order->value);
		order->value_kind = CHASSIS_VALUE_STATES;
	} else {
		word = words->word[words->at++];
		right = milli(word, &order->value);
		order->value_kind = CHASSIS_VALUE_MILLI;
	}
	if (!right) {
		return COMPLAIN(words, "\"", word,
			"\" is no value: a reading (95, -3.5), raw 0 to 255, state 1,3 (0 to 14), "
			"state none, or auto");
	}
	return 0;
}

static int take_set(struct words *words, struct chassis_order *order)
{
	int result = take_place(words, &order->place);
	const char *word = words->word[words->at];
	size_t length = 0;

	if (result < 0) {
		return result;
	}
	while (word[length]) {
		length++;
	}
	if (length == 0) {
		return COMPLAIN(words, "which sensor? 'vipmi chassis show PLACE' has their names");
	}
	if (length > CHASSIS_NAME_MAX) {
		return COMPLAIN(words, "\"", word,
			"\" is longer than the 16 characters of a sensor's name");
	}
	memcpy(order->sensor, word, length);
	words->at++;
	return take_value(words, order);
}

/* Where it makes sense to say how often; the others are or are not. */
static bool is_by_chance(uint8_t fault)
{
	return fault >= CHASSIS_FAULT_LOST && fault <= CHASSIS_FAULT_RESET;
}

/* "10%" */
static bool take_percent(const char *word, uint8_t *ret_percent)
{
	uint64_t number;
	const char *end = digits(word, 100, &number);

	if (!end || !equal(end, "%") || number == 0) {
		return false;
	}
	*ret_percent = (uint8_t)number;
	return true;
}

/* "3 times" */
static bool take_times(struct words *words, uint32_t *ret_times)
{
	const char *unit = words->word[words->at + 1];
	uint64_t number = 0;

	if (words->at + 1 >= words->count || (!equal(unit, "times") && !equal(unit, "time")) ||
		!whole_number(words->word[words->at], CHASSIS_FAULT_TIMES_MAX, &number) ||
		number == 0) {
		return false;
	}
	words->at += 2;
	*ret_times = (uint32_t)number;
	return true;
}

static int take_fault_part(struct words *words, struct chassis_order *order)
{
	const char *word = words->word[words->at];

	if (next_is(words, "at")) {
		return take_place(words, &order->place);
	}
	if (order->fault != CHASSIS_FAULT_NONE && next_is(words, "for")) {
		return take_time(words, "for", &order->for_ms);
	}
	if (order->fault == CHASSIS_FAULT_LATE && next_is(words, "by")) {
		return take_time(words, "by", &order->by_ms);
	}
	if (is_by_chance(order->fault) && take_percent(word, &order->percent)) {
		words->at++;
		return 0;
	}
	if (is_by_chance(order->fault) && take_times(words, &order->times)) {
		return 0;
	}
	return COMPLAIN(words, "\"", word, "\" cannot stand in \"fault ",
		chassis_fault_name(order->fault),
		"\": ", is_by_chance(order->fault) ? "10% (1 to 100), 3 times, " : "",
		order->fault == CHASSIS_FAULT_LATE ? "by 7s, " : "", "at PLACE",
		order->fault == CHASSIS_FAULT_NONE ? "" : ", for 10s");
}

static int take_fault(struct words *words, struct chassis_order *order)
{
	int result =
		take_name(words, "fault", fault_names, ARRAY_LENGTH(fault_names), &order->fault);

	order->percent = 100;
	while (result == 0 && words->at < words->count) {
		result = take_fault_part(words, order);
	}
	if (result == 0 && order->fault == CHASSIS_FAULT_LATE && order->by_ms == 0) {
		order->by_ms = CHASSIS_FAULT_LATE_MS;
	}
	if (result == 0 && order->fault == CHASSIS_FAULT_FAILURE && order->place == 0) {
		return COMPLAIN(words, "what is to fail? \"fault failure at PLACE\"");
	}
	return result;
}

static int take_order(struct words *words, struct chassis_order *order)
{
	int result = take_name(words, "order", verb_names, ARRAY_LENGTH(verb_names), &order->verb);

	if (result < 0) {
		return result;
	}
	switch (order->verb) {
	case CHASSIS_INSERT:
		return take_insert(words, order);
	case CHASSIS_PULL:
		return take_pull(words, order);
	case CHASSIS_SET:
		return take_set(words, order);
	case CHASSIS_FAULT:
		return take_fault(words, order);
	default:
		return words->at < words->count ? take_place(words, &order->place) : 0;
	}
}

int chassis_order_parse(const char *line, size_t length, struct chassis_order *ret_order,
	char error[CHASSIS_ERROR_SIZE])
{
	struct chassis_order order = {0};
	struct words words = {.error = error};
	int result;

	error[0] = 0;
	result = split(&words, line, length);
	if (result == 0) {
		result = take_order(&words, &order);
	}
	if (result == 0 && words.at < words.count) {
		result = COMPLAIN(&words, "what does \"", words.word[words.at], "\" mean behind \"",
			chassis_verb_name(order.verb), "\"?");
	}
	if (result == 0) {
		*ret_order = order;
	}
	return result;
}
