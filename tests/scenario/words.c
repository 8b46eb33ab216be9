/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/scenario/words.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void words_fail(const struct words *words, const char *format, ...)
{
	va_list arguments;
	int i;

	fprintf(stderr, "%s:%d: ", words->file, words->line);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fprintf(stderr, "\n    line:");
	for (i = 0; i < words->count; i++) {
		fprintf(stderr, " %s", words->word[i]);
	}
	fprintf(stderr, "\n");
	exit(1);
}

static char word_end(char first)
{
	return first == '[' ? ']' : first == '"' ? '"' : 0;
}

void words_split(struct words *words, const char *file, int line, const char *text)
{
	char *at = words->text;

	memset(words, 0, sizeof(*words));
	words->file = file;
	words->line = line;
	if (strlen(text) >= sizeof(words->text)) {
		words_fail(words, "line too long");
	}
	memcpy(words->text, text, strlen(text) + 1);
	for (;;) {
		char end;

		while (isspace((unsigned char)*at)) {
			at++;
		}
		if (!*at || *at == '#') {
			return;
		}
		if (words->count == WORDS_MAX) {
			words_fail(words, "too many words");
		}
		words->word[words->count++] = at;
		end = word_end(*at);
		if (end) {
			at = strchr(at + 1, end);
			if (!at) {
				words_fail(words, "no closing %c", end);
			}
			at++;
		} else {
			while (*at && !isspace((unsigned char)*at)) {
				at++;
			}
		}
		if (*at) {
			*at++ = 0;
		}
	}
}

const char *words_next(struct words *words)
{
	while (words->at < words->count && words->used[words->at]) {
		words->at++;
	}
	if (words->at == words->count) {
		return NULL;
	}
	words->used[words->at] = true;
	return words->word[words->at++];
}

const char *words_need(struct words *words, const char *what)
{
	const char *word = words_next(words);

	if (!word) {
		words_fail(words, "here should stand %s", what);
	}
	return word;
}

bool words_take(struct words *words, const char *word)
{
	while (words->at < words->count && words->used[words->at]) {
		words->at++;
	}
	if (words->at == words->count || strcmp(words->word[words->at], word) != 0) {
		return false;
	}
	words->used[words->at++] = true;
	return true;
}

static int words_find(struct words *words, const char *word)
{
	int i;

	for (i = 0; i < words->count; i++) {
		if (!words->used[i] && strcmp(words->word[i], word) == 0) {
			words->used[i] = true;
			return i;
		}
	}
	return -1;
}

bool words_flag(struct words *words, const char *word)
{
	return words_find(words, word) >= 0;
}

const char *words_value(struct words *words, const char *key)
{
	int i = words_find(words, key);

	if (i < 0) {
		return NULL;
	}
	if (i + 1 == words->count || words->used[i + 1]) {
		words_fail(words, "something should follow '%s'", key);
	}
	words->used[i + 1] = true;
	return words->word[i + 1];
}

bool words_bytes(struct words *words, uint8_t *bytes, size_t size, size_t *ret_length)
{
	size_t length = 0;
	char *at;
	int i;

	for (i = 0; i < words->count; i++) {
		if (!words->used[i] && words->word[i][0] == '[') {
			break;
		}
	}
	if (i == words->count) {
		return false;
	}
	words->used[i] = true;
	for (at = words->word[i] + 1; *at != ']';) {
		unsigned long times = 1;
		char *end;
		unsigned long value = strtoul(at, &end, 16);

		if (end == at || value > 0xFF) {
			words_fail(words, "not bytes: %s", words->word[i]);
		}
		if (*end == '*') {
			times = strtoul(end + 1, &end, 10);
		}
		if (length + times > size) {
			words_fail(words, "more than %zu bytes", size);
		}
		memset(bytes + length, (int)value, times);
		length += times;
		for (at = end; *at == ' '; at++) {
		}
	}
	*ret_length = length;
	return true;
}

void words_finish(const struct words *words)
{
	int i;

	for (i = 0; i < words->count; i++) {
		if (!words->used[i]) {
			words_fail(words, "what does '%s' mean here?", words->word[i]);
		}
	}
}

uint64_t words_time(const struct words *words, const char *word)
{
	static const struct {
		const char *unit;
		uint64_t ns;
	} units[] = {{"us", NSEC_PER_USEC_U64}, {"ms", NSEC_PER_MSEC_U64}, {"s", NSEC_PER_SEC_U64}};
	char *end;
	double value = strtod(word, &end);
	size_t i;

	for (i = 0; end != word && i < ARRAY_LENGTH(units); i++) {
		if (strcmp(end, units[i].unit) == 0) {
			return (uint64_t)(value * (double)units[i].ns + 0.5);
		}
	}
	if (strcmp(word, "0") == 0) {
		return 0;
	}
	words_fail(words, "not a time: %s (say 3ms, 250us or 5s)", word);
}

uint64_t words_number(const struct words *words, const char *word)
{
	char *end;
	uint64_t value = strtoull(word, &end, 0);

	if (end == word || *end) {
		words_fail(words, "not a number: %s", word);
	}
	return value;
}

uint8_t words_hex(const struct words *words, const char *word)
{
	char *end;
	unsigned long value = strtoul(word, &end, 16);

	if (end == word || *end || value > 0xFF) {
		words_fail(words, "not a byte in hexadecimal: %s", word);
	}
	return (uint8_t)value;
}

uint64_t words_value_or(struct words *words, const char *key, uint64_t otherwise)
{
	const char *word = words_value(words, key);

	return word ? words_number(words, word) : otherwise;
}

int words_error(const struct words *words, const char *word)
{
	static const struct {
		const char *word;
		int error;
	} errors[] = {{"EAGAIN", EAGAIN}, {"ENOSPC", ENOSPC}, {"ESTALE", ESTALE},
		{"EINVAL", EINVAL}, {"EMSGSIZE", EMSGSIZE}, {"ENOENT", ENOENT}, {"EIO", EIO},
		{"EOPNOTSUPP", EOPNOTSUPP}, {"ETIMEDOUT", ETIMEDOUT}, {"ENODEV", ENODEV},
		{"EBUSY", EBUSY}};
	size_t i;

	for (i = 0; word && i < ARRAY_LENGTH(errors); i++) {
		if (strcmp(errors[i].word, word) == 0) {
			return -errors[i].error;
		}
	}
	if (word) {
		words_fail(words, "no such error: %s", word);
	}
	return 0;
}
