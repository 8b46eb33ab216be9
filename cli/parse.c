/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define CHANNEL_MAX 15
#define ADDRESS_MAX 0xFE

bool parse_number(const char *text, uint64_t max, uint64_t *ret_number)
{
	size_t length = strlen(text);
	bool suffixed = length > 1 && (text[length - 1] == 'h' || text[length - 1] == 'H');
	unsigned long long number;
	char *end;

	/* strtoull takes blanks and signs; a leading 0 is no octal to anybody here. */
	if (!isxdigit((unsigned char)text[0])) {
		return false;
	}
	errno = 0;
	if (suffixed) {
		number = strtoull(text, &end, 16);
	} else if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		number = strtoull(text, &end, 16);
	} else {
		number = strtoull(text, &end, 10);
	}
	if (errno || end == text || strcmp(end, suffixed ? text + length - 1 : "") != 0 ||
		number > max) {
		return false;
	}
	*ret_number = number;
	return true;
}

bool parse_time(const char *text, uint32_t *ret_ms)
{
	char number_text[24];
	size_t digits = strspn(text, "0123456789");
	uint64_t number, unit_ms;

	if (digits == 0 || digits >= sizeof(number_text)) {
		return false;
	}
	memcpy(number_text, text, digits);
	number_text[digits] = '\0';
	if (text[digits] == '\0' || strcmp(text + digits, "s") == 0) {
		unit_ms = 1000;
	} else if (strcmp(text + digits, "ms") == 0) {
		unit_ms = 1;
	} else {
		return false;
	}
	if (!parse_number(number_text, VIPMI_TIMEOUT_MAX_MS / unit_ms, &number) || number == 0) {
		return false;
	}
	*ret_ms = (uint32_t)(number * unit_ms);
	return true;
}

bool parse_ipmb(const char *text, uint8_t *ret_channel, uint8_t *ret_address)
{
	const char *colon = strchr(text, ':');
	uint64_t channel = 0, address;
	char channel_text[8];

	if (colon) {
		size_t length = (size_t)(colon - text);

		if (length >= sizeof(channel_text)) {
			return false;
		}
		memcpy(channel_text, text, length);
		channel_text[length] = '\0';
		if (!parse_number(channel_text, CHANNEL_MAX, &channel)) {
			return false;
		}
		text = colon + 1;
	}
	if (!parse_number(text, ADDRESS_MAX, &address) || address & 1 || address == 0) {
		return false;
	}
	*ret_channel = (uint8_t)channel;
	*ret_address = (uint8_t)address;
	return true;
}
