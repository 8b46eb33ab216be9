/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Answers that are given again (design.md, the third idea), where the operator
 * allows them an age. Off unless he does: core_limits.cache_age_ms.
 *
 *	1. What may be merged may be kept, if the command table gives it a time and its
 *	   data make it no read of something that changes. Only an answer of success,
 *	   and only for that time or the operator's, whichever is less. Its age counts
 *	   from when its question was sent.
 *	2. What mutates ends everything that is kept, both when it is given to the link
 *	   and when it is over: no answer outlives a mutation by anybody, whether that
 *	   came before it or was under way. So does whatever the controller says by
 *	   itself, so that who hears of an event and asks is told of no time before it;
 *	   and a link or a controller that is lost, silent or reset. A few commands
 *	   concern what no read that is kept tells of, and end nothing.
 *	3. An answer is given where the read might have been sent: in its order, behind
 *	   no barrier, against nobody's right. Who demands a fresh one waits for it.
 *	4. Who names a reservation that is not his own is for the controller to judge.
 */
#include "core/private.h"

/* Mutating by their class, as they concern each virtual controller's own state or take messages. */
static const struct {
	uint8_t netfn, command;
} touch_nothing[] = {
	{VIPMI_NETFN_APP, 0x22}, /* watchdog: Reset, Set, Get */
	{VIPMI_NETFN_APP, 0x24},
	{VIPMI_NETFN_APP, 0x25},
	{VIPMI_NETFN_APP, 0x2E}, /* global enables and message flags */
	{VIPMI_NETFN_APP, 0x2F},
	{VIPMI_NETFN_APP, 0x30},
	{VIPMI_NETFN_APP, 0x31},
	{VIPMI_NETFN_APP, 0x32},
	{VIPMI_NETFN_APP, 0x33}, /* Get Message, Read Event Message Buffer */
	{VIPMI_NETFN_APP, 0x35},
	{VIPMI_NETFN_SENSOR, 0x22}, /* Reserve: device SDR, SDR repository, SEL */
	{VIPMI_NETFN_STORAGE, 0x22},
	{VIPMI_NETFN_STORAGE, 0x42},
};

void cache_forget(struct core *core)
{
	core->cache_era++;
}

bool cache_touched_by(const struct core *core, const struct core_request *request)
{
	size_t i;

	if (core->limits.cache_age_ms == 0 || !request->mutating) {
		return false;
	}
	for (i = 0; i < ARRAY_LENGTH(touch_nothing); i++) {
		if (touch_nothing[i].netfn == request->netfn &&
			touch_nothing[i].command == request->command) {
			return false;
		}
	}
	return true;
}

/* How long an answer stays true. */
static uint32_t time_of(struct core *core, struct core_request *request)
{
	struct ipmi_verdict verdict = ipmi_command_judge(
		request->netfn, request->command, request_data(core, request), request->length);

	/* The table's time is not for data that make another thing of the command. */
	if (!verdict.command || verdict.class != verdict.command->class) {
		return 0;
	}
	return verdict.command->cache_ms < core->limits.cache_age_ms ? verdict.command->cache_ms
								     : core->limits.cache_age_ms;
}

/* What of the request is the question, behind its handle's reservation; false: not to be kept. */
static bool question_of(
	struct core *core, struct core_request *request, struct core_cached *ret_key)
{
	const uint8_t *data = request_data(core, request);
	size_t skip = reservation_bytes(request);

	if (request->length < skip || request->length - skip > CORE_CACHED_QUESTION_MAX) {
		return false;
	}
	ret_key->own = reservation_own(core, request);
	if (skip > 0 && !ret_key->own && (data[0] | data[1]) != 0) {
		return false;
	}
	ret_key->netfn = request->netfn;
	ret_key->command = request->command;
	ret_key->lun = request->lun;
	ret_key->question_length = (uint8_t)(request->length - skip);
	memcpy(ret_key->question, data + skip, request->length - skip);
	return true;
}

static bool same(const struct core_cached *a, const struct core_cached *b)
{
	return a->netfn == b->netfn && a->command == b->command && a->lun == b->lun &&
	       a->own == b->own && a->question_length == b->question_length &&
	       memcmp(a->question, b->question, a->question_length) == 0;
}

static struct core_cached *ways_of(struct core *core, struct core_request *request)
{
	uint32_t set = question_hash(core, request) % CORE_CACHED_SETS;

	return &core->cached[set * CORE_CACHED_WAYS];
}

static bool good(const struct core *core, const struct core_cached *entry)
{
	return entry->era == core->cache_era && entry->until_ns > core->now_ns;
}

/* The one with this key, so that nobody is told first of now and then of before; or else one that
 * is good no more, or the oldest. */
static struct core_cached *place_for(
	const struct core *core, struct core_cached *ways, const struct core_cached *key)
{
	struct core_cached *least = &ways[0];
	size_t i;

	for (i = 0; i < CORE_CACHED_WAYS; i++) {
		if (same(&ways[i], key)) {
			return &ways[i];
		}
		if (good(core, least) &&
			(!good(core, &ways[i]) || ways[i].sent_ns < least->sent_ns)) {
			least = &ways[i];
		}
	}
	return least;
}

void cache_keep(struct core *core, const struct core_transmission *transmission,
	const uint8_t *data, size_t length)
{
	struct core_request *request = transmission->request;
	struct core_cached key = {.era = core->cache_era};
	uint32_t time_ms;

	if (core->limits.cache_age_ms == 0 || !request || !request->merges ||
		transmission->cache_era != core->cache_era || data[0] != VIPMI_CC_OK ||
		length - 1 > CORE_CACHED_ANSWER_MAX || !question_of(core, request, &key)) {
		return;
	}
	time_ms = time_of(core, request);
	key.sent_ns = transmission->sent_ns;
	key.until_ns = transmission->sent_ns + time_ms * NSEC_PER_MSEC_U64;
	key.length = (uint8_t)(length - 1);
	memcpy(key.answer, data + 1, length - 1);
	if (key.until_ns > core->now_ns) {
		*place_for(core, ways_of(core, request), &key) = key;
	}
}

bool cache_answer(struct core *core, struct core_request *request)
{
	struct core_cached key = {.era = core->cache_era}, *ways;
	size_t i;

	if (core->limits.cache_age_ms == 0 || !request->merges || request->fresh ||
		!question_of(core, request, &key)) {
		return false;
	}
	ways = ways_of(core, request);
	for (i = 0; i < CORE_CACHED_WAYS; i++) {
		if (good(core, &ways[i]) && same(&ways[i], &key)) {
			core_count(core, answers_cached);
			request->sent_ns = ways[i].sent_ns;
			request_answer(core, request, VIPMI_CC_OK, VIPMI_ORIGIN_CACHE,
				VIPMI_REASON_NONE, ways[i].answer, ways[i].length);
			return true;
		}
	}
	return false;
}
