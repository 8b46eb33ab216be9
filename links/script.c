/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A controller for tests: it answers as a file says.
 *
 *	# A comment. Bytes are two hex digits, milliseconds decimal.
 *	up window=4,wire_sequence=0    what the link can do (parse_up has the keys;
 *	                               default: everything, one request at once)
 *	06 01: 00 20 81 02             to this request, this answer (completion code first)
 *	0a 43 .. .. 05 00 *: 00 ff     .. is any byte, a last * any rest
 *	06 24 *, 2 times: c0           a rule may wear out; then the next one that fits counts
 *	06 25: delay 20 00 01          the answer takes 20 ms
 *	06 22: silence                 no answer at all
 *	*: c1                          without such a line, what fits nothing is answered C1
 *	after 100: attention on        no request, but time since the link came up first
 *
 * What may stand after the colon, any number of them in order:
 *
 *	BYTES             the answer
 *	wrong BYTES       likewise, but as if to another command
 *	silence           nothing
 *	delay MS          everything that follows happens so much later
 *	garbage           bytes arrive that are no message
 *	stray             an answer to something never asked
 *	attention on|off  the attention signal
 *	reset             the controller restarts
 *	down MS           the link fails, and comes up again so much later
 *	refuse MS         requests meet "not now" for so long
 *
 * The first rule in the file that fits and is not worn out answers. What is
 * under way is lost with the link or a reset.
 */
#include "links/table.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "links/options.h"

/* A test that needs more is two tests. */
#define SCRIPT_RULES_MAX 512
#define SCRIPT_LINE_MAX 2048
#define SCRIPT_WORDS_MAX 512
#define SCRIPT_STEPS_MAX 8
#define SCRIPT_PATTERN_MAX 64
#define SCRIPT_NUMBER_MAX 3600000
/* Things under way at once: every transmission that can be, with a few steps each. */
#define SCRIPT_PENDING_MAX (4 * CORE_WINDOW_MAX)

#define ANY_BYTE (-1)

enum step_kind {
	STEP_ANSWER,
	STEP_WRONG,
	STEP_STRAY,
	STEP_GARBAGE,
	STEP_ATTENTION_ON,
	STEP_ATTENTION_OFF,
	STEP_RESET,
	STEP_DOWN,
	STEP_UP,
	STEP_REFUSE,
	STEP_READY,
};

struct step {
	uint8_t kind;
	uint32_t delay_ms; /* since the request, or since the link came up first */
	uint32_t lasts_ms; /* DOWN, REFUSE */
};

struct rule {
	bool timed;                          /* "after": fires by itself */
	bool any_rest;                       /* the pattern ends in a star */
	uint8_t pattern_length;              /* netFn, command, data */
	int16_t pattern[SCRIPT_PATTERN_MAX]; /* a byte or ANY_BYTE */
	uint32_t times_left;                 /* UINT32_MAX: never worn out */
	uint8_t step_count;
	struct step steps[SCRIPT_STEPS_MAX];
	uint16_t answer_length;
	uint8_t answer[VIPMI_DATA_MAX];
};

/* A step on its way, for one transmission or (0) for none. */
struct pending {
	bool used;
	struct step step;
	const struct rule *rule;
	uint64_t due_ns;
	uint64_t order; /* of equals the first is first */
	uint32_t transmission;
	uint8_t netfn, command;
};

/* C1 is the answer to what fits no rule. */
static const uint8_t invalid_command[] = {VIPMI_CC_INVALID_COMMAND};

struct script {
	struct link link;
	struct link_sink sink;
	struct core_link_capabilities capabilities;
	bool up, refusing, was_refused;
	uint64_t order;
	struct pending pending[SCRIPT_PENDING_MAX];
	size_t rule_count;
	struct rule rules[SCRIPT_RULES_MAX];
};

/* ---- the file ---- */

struct parser {
	struct script *script;
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
	struct core_link_capabilities *can = &parser->script->capabilities;
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
	struct script *script = parser->script;
	struct rule *rule = &script->rules[script->rule_count];

	line[strcspn(line, "#\n")] = '\0';
	line += strspn(line, " \t");
	if (*line == '\0') {
		return 0;
	}
	if (strncmp(line, "up ", 3) == 0) {
		return parse_up(parser, line + 3);
	}
	if (script->rule_count == SCRIPT_RULES_MAX) {
		return parse_failed(parser, "too many rules, from", line);
	}
	if (split_words(parser, line) < 0 || parse_pattern(parser, rule) < 0 ||
		parse_steps(parser, rule) < 0) {
		return -EINVAL;
	}
	script->rule_count++;
	return 0;
}

static int script_read(struct script *script, const char *path, char *error, size_t error_size)
{
	struct parser parser = {
		.script = script, .path = path, .error = error, .error_size = error_size};
	char line[SCRIPT_LINE_MAX];
	FILE *file = fopen(path, "re");
	int rc;

	if (!file) {
		rc = -errno;
		snprintf(error, error_size, "script: cannot read '%s': %s", path, strerror(errno));
		return rc;
	}
	rc = parse_up(&parser, ""); /* what holds when the file says nothing */
	while (rc == 0 && fgets(line, sizeof(line), file)) {
		parser.line++;
		rc = parse_line(&parser, line);
	}
	fclose(file);
	return rc;
}

/* ---- what is under way ---- */

static void pend(struct script *script, const struct step *step, const struct rule *rule,
	const struct core_transmit *transmit, uint64_t now_ns)
{
	struct pending *slot = script->pending;

	while (slot < script->pending + SCRIPT_PENDING_MAX && slot->used) {
		slot++;
	}
	if (slot == script->pending + SCRIPT_PENDING_MAX) {
		/* A script that piles up more than this loses it: a lost answer is a test too. */
		return;
	}
	*slot = (struct pending){
		.used = true,
		.step = *step,
		.rule = rule,
		.due_ns = now_ns + step->delay_ms * NSEC_PER_MSEC_U64,
		.order = script->order++,
		.transmission = transmit ? transmit->transmission : 0,
		.netfn = transmit ? transmit->netfn | 1 : 0,
		.command = transmit ? transmit->command : 0,
	};
}

/* The next thing due at this time, or NULL. */
static struct pending *pending_due(struct script *script, uint64_t now_ns)
{
	struct pending *first = NULL;
	size_t i;

	for (i = 0; i < SCRIPT_PENDING_MAX; i++) {
		struct pending *slot = &script->pending[i];

		if (slot->used && slot->due_ns <= now_ns &&
			(!first || slot->due_ns < first->due_ns ||
				(slot->due_ns == first->due_ns && slot->order < first->order))) {
			first = slot;
		}
	}
	return first;
}

/* Forgets answers: the controller lost what it had in hand. Its timed steps stay. */
static void pending_forget(struct script *script)
{
	size_t i;

	for (i = 0; i < SCRIPT_PENDING_MAX; i++) {
		if (script->pending[i].transmission != 0) {
			script->pending[i].used = false;
		}
	}
}

static void emit(struct script *script, struct core_event event, uint64_t now_ns)
{
	event.now_ns = now_ns;
	script->sink.event(script->sink.context, &event);
}

static void emit_received(struct script *script, const struct pending *what, uint64_t now_ns)
{
	bool stray = what->step.kind == STEP_STRAY, wrong = what->step.kind == STEP_WRONG;
	struct core_event event = {.type = CORE_EVENT_RECEIVED};
	static const uint8_t ok[] = {VIPMI_CC_OK};

	event.received.transmission = stray ? 0 : what->transmission;
	event.received.netfn = stray ? VIPMI_NETFN_APP | 1 : what->netfn;
	event.received.command = (uint8_t)(what->command ^ wrong);
	event.received.data = stray ? ok : what->rule ? what->rule->answer : invalid_command;
	event.received.length = stray        ? sizeof(ok)
				: what->rule ? what->rule->answer_length
					     : sizeof(invalid_command);
	emit(script, event, now_ns);
}

static void bring_up(struct script *script, uint64_t now_ns)
{
	struct core_event event = {.type = CORE_EVENT_LINK_UP};

	event.link_up = script->capabilities;
	script->up = true;
	script->refusing = false;
	emit(script, event, now_ns);
}

static void run_step(struct script *script, const struct pending *what, uint64_t now_ns)
{
	struct core_event event = {.type = CORE_EVENT_ATTENTION};

	if (!script->up && what->step.kind != STEP_UP && what->step.kind != STEP_READY) {
		return; /* nothing is heard through a link that is down */
	}
	switch ((enum step_kind)what->step.kind) {
	case STEP_ANSWER:
	case STEP_WRONG:
	case STEP_STRAY:
		emit_received(script, what, now_ns);
		break;
	case STEP_GARBAGE:
		emit(script, (struct core_event){.type = CORE_EVENT_GARBLED}, now_ns);
		break;
	case STEP_ATTENTION_ON:
	case STEP_ATTENTION_OFF:
		event.attention.asserted = what->step.kind == STEP_ATTENTION_ON;
		emit(script, event, now_ns);
		break;
	case STEP_RESET:
		pending_forget(script);
		emit(script, (struct core_event){.type = CORE_EVENT_CONTROLLER_RESET}, now_ns);
		break;
	case STEP_DOWN:
		pending_forget(script);
		pend(script, &(struct step){.kind = STEP_UP, .delay_ms = what->step.lasts_ms}, NULL,
			NULL, now_ns);
		script->up = false;
		emit(script, (struct core_event){.type = CORE_EVENT_LINK_DOWN}, now_ns);
		break;
	case STEP_UP:
		bring_up(script, now_ns);
		break;
	case STEP_REFUSE:
		script->refusing = true;
		pend(script, &(struct step){.kind = STEP_READY, .delay_ms = what->step.lasts_ms},
			NULL, NULL, now_ns);
		break;
	case STEP_READY:
		script->refusing = false;
		if (script->was_refused) {
			script->was_refused = false;
			emit(script, (struct core_event){.type = CORE_EVENT_LINK_READY}, now_ns);
		}
		break;
	}
}

/* ---- the link ---- */

static bool rule_fits(const struct rule *rule, const struct core_transmit *transmit)
{
	size_t length = 2 + transmit->length, i;

	if (rule->timed || rule->times_left == 0 || length < rule->pattern_length ||
		(length > rule->pattern_length && !rule->any_rest)) {
		return false;
	}
	for (i = 0; i < rule->pattern_length; i++) {
		uint8_t byte = i == 0   ? transmit->netfn
			       : i == 1 ? transmit->command
					: transmit->data[i - 2];

		if (rule->pattern[i] != ANY_BYTE && rule->pattern[i] != byte) {
			return false;
		}
	}
	return true;
}

static int script_transmit(struct link *link, const struct core_transmit *transmit, uint64_t now_ns)
{
	struct script *script = container_of(link, struct script, link);
	size_t i, j;

	if (transmit->target_kind != VIPMI_TARGET_CONTROLLER && script->capabilities.raw_bridge) {
		return -EOPNOTSUPP; /* the core wraps these itself */
	}
	if (!script->up) {
		return -ENOTCONN;
	}
	if (script->refusing) {
		script->was_refused = true;
		return -EAGAIN;
	}
	for (i = 0; i < script->rule_count; i++) {
		struct rule *rule = &script->rules[i];

		if (rule_fits(rule, transmit)) {
			rule->times_left -= rule->times_left != UINT32_MAX;
			for (j = 0; j < rule->step_count; j++) {
				pend(script, &rule->steps[j], rule, transmit, now_ns);
			}
			return 0;
		}
	}
	pend(script, &(struct step){.kind = STEP_ANSWER}, NULL, transmit, now_ns);
	return 0;
}

static int script_fd(const struct link *link)
{
	(void)link;
	return -1; /* its deadline is all it needs */
}

static uint32_t script_interest(const struct link *link)
{
	(void)link;
	return 0;
}

static void script_dispatch(struct link *link, uint32_t ready, uint64_t now_ns)
{
	struct script *script = container_of(link, struct script, link);
	size_t i;

	(void)ready;
	/* Bounded: a step may bring about another at once, which then waits for the next call. */
	for (i = 0; i < SCRIPT_PENDING_MAX; i++) {
		struct pending *slot = pending_due(script, now_ns), what;

		if (!slot) {
			return;
		}
		what = *slot;
		slot->used = false;
		run_step(script, &what, now_ns);
	}
}

static uint64_t script_deadline(const struct link *link)
{
	const struct script *script = container_of(link, struct script, link);
	uint64_t deadline_ns = TIME_NEVER;
	size_t i;

	for (i = 0; i < SCRIPT_PENDING_MAX; i++) {
		if (script->pending[i].used && script->pending[i].due_ns < deadline_ns) {
			deadline_ns = script->pending[i].due_ns;
		}
	}
	return deadline_ns;
}

static void script_close(struct link *link)
{
	free(link ? container_of(link, struct script, link) : NULL);
}

static int script_open(const char *options, uint64_t now_ns, const struct link_sink *sink,
	char *error, size_t error_size, struct link **ret_link)
{
	struct script *script = calloc(1, sizeof(*script));
	size_t i, j;
	int rc;

	if (!script) {
		return -ENOMEM;
	}
	script->link.ops = &link_script;
	script->sink = *sink;
	rc = script_read(script, options, error, error_size);
	if (rc < 0) {
		free(script);
		return rc;
	}
	pend(script, &(struct step){.kind = STEP_UP}, NULL, NULL, now_ns);
	for (i = 0; i < script->rule_count; i++) {
		for (j = 0; script->rules[i].timed && j < script->rules[i].step_count; j++) {
			pend(script, &script->rules[i].steps[j], NULL, NULL, now_ns);
		}
	}
	*ret_link = &script->link;
	return 0;
}

const struct link_ops link_script = {
	.name = "script",
	.usage = "script:FILE (a controller for tests, see links/script.c)",
	.open = script_open,
	.transmit = script_transmit,
	.fd = script_fd,
	.interest = script_interest,
	.dispatch = script_dispatch,
	.deadline = script_deadline,
	.close = script_close,
};
