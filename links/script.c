/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A controller for tests: it answers as a file says.
 *
 *	# A comment. Bytes are two hex digits, milliseconds decimal.
 *	up window=4,wire_sequence=0    what the link can do (keys: links/script_file.c;
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

#include <stdlib.h>

#include "links/script.h"

/* Things under way at once: every transmission that can be, with a few steps each. */
#define SCRIPT_PENDING_MAX (4 * CORE_WINDOW_MAX)

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
	bool up, refusing, was_refused;
	uint64_t order;
	struct pending pending[SCRIPT_PENDING_MAX];
	struct script_file file;
};

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

	event.link_up = script->file.capabilities;
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

	if (transmit->target_kind != VIPMI_TARGET_CONTROLLER &&
		script->file.capabilities.raw_bridge) {
		return -EOPNOTSUPP; /* the core wraps these itself */
	}
	if (!script->up) {
		return -ENOTCONN;
	}
	if (script->refusing) {
		script->was_refused = true;
		return -EAGAIN;
	}
	for (i = 0; i < script->file.rule_count; i++) {
		struct rule *rule = &script->file.rules[i];

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
	rc = script_file_read(options, &script->file, error, error_size);
	if (rc < 0) {
		free(script);
		return rc;
	}
	pend(script, &(struct step){.kind = STEP_UP}, NULL, NULL, now_ns);
	for (i = 0; i < script->file.rule_count; i++) {
		for (j = 0; script->file.rules[i].timed && j < script->file.rules[i].step_count;
			j++) {
			pend(script, &script->file.rules[i].steps[j], NULL, NULL, now_ns);
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
