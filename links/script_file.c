/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the files of the script link; links/script.c says how they look. */
#include "links/script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "links/options.h"

#define SCRIPT_LINE_MAX 2048
#define SCRIPT_WORDS_MAX 512
/* Milliseconds and counts: an hour, in case somebody thinks in seconds. */
#define SCRIPT_NUMBER_MAX 3600000

struct parser {
	struct script_file *file;
	const char *path;
	int line;
	char *error;
	size_t error_size;
	/* The words of the line; colons and commas are words too. After the last one is NULL. */
	const char *words[SCRIPT_WORDS_MAX + 1];
	size_t at;
};

/* The word that comes next, or NULL at the end of the line. */
static const char *peek(const struct parser *parser)
{
	return parser->words[parser->at];
}

/* Takes the next word if it is this one. */
static bool take(struct parser *parser, const char *word)
{
	if (!peek(parser) || strcmp(peek(parser), word) != 0) {
		return false;
	}
	parser->at++;
	return true;
}

static int parse_failed(struct parser *parser, const char *what, const char *word)
{
	snprintf(parser->error, parser->error_size, "%s:%d: %s '%s'", parser->path, parser->line,
		what, word ? word : "end of line");
	return -EINVAL;
}

static int split_words(struct parser *parser, char *line)
{
	size_t count = 0;

	for (;;) {
		size_t length;

		line += strspn(line, " \t");
		if (!*line) {
			break;
		}
		if (count == SCRIPT_WORDS_MAX) {
			return parse_failed(parser, "too many words, from", line);
		}
		length = strcspn(line, " \t:,");
		if (length == 0) {
			parser->words[count++] = *line == ':' ? ":" : ",";
			line++;
			continue;
		}
		parser->words[count++] = line;
		line += length;
		if (*line == ':' || *line == ',') {
			if (count == SCRIPT_WORDS_MAX) {
				return parse_failed(parser, "too many words, from", line);
			}
			parser->words[count++] = *line == ':' ? ":" : ",";
		}
		if (*line) {
			*line++ = '\0';
		}
	}
	parser->words[count] = NULL;
	parser->at = 0;
	return 0;
}

/* Takes a byte of two hex digits; -1 and takes nothing when there is none. */
static int take_byte(struct parser *parser)
{
	const char *word = peek(parser);

	if (!word || strlen(word) != 2 || !isxdigit((unsigned char)word[0]) ||
		!isxdigit((unsigned char)word[1])) {
		return -1;
	}
	parser->at++;
	return (int)strtoul(word, NULL, 16);
}

static int parse_number(struct parser *parser, uint32_t *ret_number)
{
	const char *word = peek(parser);
	unsigned long value;
	char *end;

	if (!word || !isdigit((unsigned char)*word)) {
		return parse_failed(parser, "a number must stand where there is", word);
	}
	value = strtoul(word, &end, 10);
	if (*end || value > SCRIPT_NUMBER_MAX) {
		return parse_failed(
			parser, "not a number, or more than an hour's milliseconds:", word);
	}
	parser->at++;
	*ret_number = (uint32_t)value;
	return 0;
}

static int parse_up(struct parser *parser, const char *text)
{
	struct core_link_capabilities *can = &parser->file->capabilities;
	uint64_t sequence = 1, bridge = 1, flags = 1, inbound = 1, attention = 1, data_max = 0;
	uint64_t window = 1, bus_window = 1, address = 0, service_ms = 0, bus_ms = 0;
	const struct link_option options[] = {
		{"wire_sequence", 0, 1, &sequence},
		{"raw_bridge", 0, 1, &bridge},
		{"owns_flags", 0, 1, &flags},
		{"inbound_any", 0, 1, &inbound},
		{"attention", 0, 1, &attention},
		{"data_max", 0, VIPMI_DATA_MAX, &data_max},
		{"window", 1, CORE_WINDOW_MAX, &window},
		{"bus_window", 1, CORE_BUS_WINDOW_MAX, &bus_window},
		{"own_address", 0, UINT8_MAX, &address},
		{"service_timeout_ms", 0, SCRIPT_NUMBER_MAX, &service_ms},
		{"bus_timeout_ms", 0, SCRIPT_NUMBER_MAX, &bus_ms},
	};
	char why[256];

	if (link_options_parse(text, options, ARRAY_LENGTH(options), why, sizeof(why)) < 0) {
		return parse_failed(parser, why, text);
	}
	*can = (struct core_link_capabilities){
		.wire_sequence = sequence,
		.raw_bridge = bridge,
		.owns_flags = flags,
		.inbound_any = inbound,
		.attention = attention,
		.simulated = true,
		.data_max = (uint16_t)data_max,
		.window = (uint8_t)window,
		.bus_window = (uint16_t)bus_window,
		.own_address = (uint8_t)address,
		.service_timeout_ms = (uint32_t)service_ms,
		.bus_timeout_ms = (uint32_t)bus_ms,
	};
	return 0;
}

/* "BYTES [*] [, N times]:" or "after MS:" */
static int parse_pattern(struct parser *parser, struct rule *rule)
{
	rule->times_left = UINT32_MAX;
	if (take(parser, "after")) {
		rule->timed = true;
		if (parse_number(parser, &rule->steps[0].delay_ms) < 0) {
			return -EINVAL;
		}
	}
	while (!rule->timed && rule->pattern_length < SCRIPT_PATTERN_MAX) {
		bool any = take(parser, "..");
		int byte = any ? ANY_BYTE : take_byte(parser);

		if (!any && byte < 0) {
			break;
		}
		rule->pattern[rule->pattern_length++] = (int16_t)byte;
	}
	rule->any_rest = !rule->timed && take(parser, "*");
	if (take(parser, ",")) {
		if (parse_number(parser, &rule->times_left) < 0) {
			return -EINVAL;
		}
		if (!take(parser, "times") && !take(parser, "time")) {
			return parse_failed(
				parser, "'times' must stand where there is", peek(parser));
		}
	}
	if (!take(parser, ":")) {
		return parse_failed(
			parser, "a byte, '..', '*' or ':' must stand where there is", peek(parser));
	}
	return 0;
}

static int parse_answer(
	struct parser *parser, struct rule *rule, enum step_kind kind, struct step *step)
{
	int byte;

	step->kind = (uint8_t)kind;
	if (rule->answer_length > 0 || rule->timed) {
		return parse_failed(parser,
			rule->timed ? "nobody asked for the answer" : "a second answer:",
			peek(parser));
	}
	while ((byte = take_byte(parser)) >= 0) {
		if (rule->answer_length == sizeof(rule->answer)) {
			return parse_failed(parser, "the answer is too long before", peek(parser));
		}
		rule->answer[rule->answer_length++] = (uint8_t)byte;
	}
	return rule->answer_length > 0 ? 0 : parse_failed(parser, "no such step:", peek(parser));
}

/* One step: what it is, and what it needs. */
static int parse_step(struct parser *parser, struct rule *rule, struct step *step)
{
	if (take(parser, "wrong")) {
		return parse_answer(parser, rule, STEP_WRONG, step);
	}
	if (take(parser, "down")) {
		step->kind = STEP_DOWN;
		return parse_number(parser, &step->lasts_ms);
	}
	if (take(parser, "refuse")) {
		step->kind = STEP_REFUSE;
		return parse_number(parser, &step->lasts_ms);
	}
	if (take(parser, "attention")) {
		step->kind = take(parser, "off") ? STEP_ATTENTION_OFF : STEP_ATTENTION_ON;
		return step->kind == STEP_ATTENTION_OFF || take(parser, "on")
			       ? 0
			       : parse_failed(parser, "'on' or 'off' must stand where there is",
					 peek(parser));
	}
	if (take(parser, "garbage")) {
		step->kind = STEP_GARBAGE;
	} else if (take(parser, "stray")) {
		step->kind = STEP_STRAY;
	} else if (take(parser, "reset")) {
		step->kind = STEP_RESET;
	} else {
		return parse_answer(parser, rule, STEP_ANSWER, step);
	}
	return 0;
}

static int parse_steps(struct parser *parser, struct rule *rule)
{
	uint32_t delay_ms = rule->steps[0].delay_ms, more_ms;
	bool silence = false;

	while (peek(parser)) {
		struct step *step = &rule->steps[rule->step_count];

		if (take(parser, "silence")) {
			silence = true;
			continue;
		}
		if (take(parser, "delay")) {
			if (parse_number(parser, &more_ms) < 0) {
				return -EINVAL;
			}
			delay_ms += more_ms;
			continue;
		}
		if (rule->step_count == SCRIPT_STEPS_MAX) {
			return parse_failed(parser, "too many steps, from", peek(parser));
		}
		if (parse_step(parser, rule, step) < 0) {
			return -EINVAL;
		}
		step->delay_ms = delay_ms;
		rule->step_count++;
	}
	return rule->step_count > 0 || silence
		       ? 0
		       : parse_failed(
				 parser, "a step, or 'silence', must stand where there is", NULL);
}

static int parse_line(struct parser *parser, char *line)
{
	struct script_file *file = parser->file;
	struct rule *rule = &file->rules[file->rule_count];

	size_t length = strlen(line);

	if (length == SCRIPT_LINE_MAX - 1 && line[length - 1] != '\n') {
		return parse_failed(parser, "the line is too long, at", line + length - 8);
	}
	length = strcspn(line, "#\n");
	while (length > 0 && isspace((unsigned char)line[length - 1])) {
		length--;
	}
	line[length] = '\0';
	line += strspn(line, " \t");
	if (*line == '\0') {
		return 0;
	}
	if (strncmp(line, "up ", 3) == 0) {
		return parse_up(parser, line + 3);
	}
	if (file->rule_count == SCRIPT_RULES_MAX) {
		return parse_failed(parser, "too many rules, from", line);
	}
	if (split_words(parser, line) < 0 || parse_pattern(parser, rule) < 0 ||
		parse_steps(parser, rule) < 0) {
		return -EINVAL;
	}
	file->rule_count++;
	return 0;
}

int script_file_read(const char *path, struct script_file *ret_file, char *error, size_t error_size)
{
	struct parser parser = {
		.file = ret_file, .path = path, .error = error, .error_size = error_size};
	char line[SCRIPT_LINE_MAX];
	FILE *stream = fopen(path, "re");
	int rc;

	if (!stream) {
		rc = -errno;
		snprintf(error, error_size, "script: cannot read '%s': %s", path, strerror(errno));
		return rc;
	}
	rc = parse_up(&parser, ""); /* what holds when the file says nothing */
	while (rc == 0 && fgets(line, sizeof(line), stream)) {
		parser.line++;
		rc = parse_line(&parser, line);
	}
	fclose(stream);
	return rc;
}
