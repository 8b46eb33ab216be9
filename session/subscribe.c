/* SPDX-License-Identifier: BSD-2-Clause */
#include "session/subscribe.h"

#include "session/reply.h"

_Static_assert(VIPMI_CLAUSES_MAX == CORE_CLAUSES_MAX, "a message carries a whole filter");
_Static_assert(VIPMI_ANY == CORE_ANY && VIPMI_ASSERTED == CORE_DIRECTION_ASSERTED &&
		       VIPMI_DEASSERTED == CORE_DIRECTION_DEASSERTED,
	"the wire's wildcards and directions are the core's");
_Static_assert((int)VIPMI_FROM_NOW == CORE_FROM_NOW && (int)VIPMI_FROM_OLDEST == CORE_FROM_OLDEST &&
		       (int)VIPMI_FROM_NUMBER == CORE_FROM_NUMBER,
	"and so are the places to start from");

/* Events, and requests that nobody has the right to. */
#define PLAIN_KINDS (CORE_ASYNC(VIPMI_ASYNC_EVENT) | CORE_ASYNC(VIPMI_ASYNC_REQUEST))

/* Reads the filter into the scratch; how many clauses, or -EINVAL for one that the core's fields
 * have no room for. */
static int clauses_read(struct session_scratch *scratch)
{
	struct socket_bytes left = scratch->message.clauses;
	struct socket_clause clause;
	size_t count = 0;

	if (!socket_has(&scratch->message, VIPMI_EXTENSION_FILTER)) {
		scratch->clauses[0] = core_clause_of(PLAIN_KINDS);
		return 1;
	}
	while (count < ARRAY_LENGTH(scratch->clauses) && socket_clause_next(&left, &clause)) {
		if (clause.directions > 3 || clause.severity > 3) {
			return -EINVAL;
		}
		scratch->clauses[count++] = (struct core_clause){
			.kinds = clause.kinds,
			.directions = clause.directions & 3,
			.severity = clause.severity & 3,
			.offsets = clause.offsets,
			.sensor_type = clause.sensor_type,
			.sensor = clause.sensor,
			.netfn = clause.netfn,
			.command = clause.command,
			.channel = clause.channel,
			.address = clause.address,
		};
	}
	return (int)count;
}

static void subscribe_event(struct session *session, struct session_scratch *scratch, size_t count)
{
	scratch->event = (struct core_event){
		.type = CORE_EVENT_SUBSCRIBE,
		.subscribe = {.client = session->client,
			.handle = scratch->message.header.handle,
			.clauses = scratch->clauses,
			.count = count},
	};
}

/* Where to start. True when the client names another start of the agent: nobody knows what it
 * missed, and all that is kept is new to it (interfaces: no silent replay). */
static bool from_read(const struct session_host *host, struct session_scratch *scratch)
{
	const struct socket_message *message = &scratch->message;
	struct core_event *event = &scratch->event;

	if (!socket_has(message, VIPMI_EXTENSION_FROM)) {
		return false;
	}
	event->subscribe.exclusive = message->from.exclusive;
	event->subscribe.from = (enum core_from)message->from.from;
	event->subscribe.number = message->from.number;
	if (message->from.from != VIPMI_FROM_NUMBER ||
		memcmp(message->from.boot_id, host->boot_id, sizeof(host->boot_id)) == 0) {
		return false;
	}
	event->subscribe.from = CORE_FROM_OLDEST;
	return true;
}

static int reply_taken(const struct session_scratch *scratch, uint8_t *reply)
{
	static const struct socket_command none;
	struct writer writer;

	reply_begin(&writer, reply, &scratch->message.header, VIPMI_MESSAGE_DONE,
		VIPMI_REASON_RESERVED);
	socket_put_holder(&writer, scratch->event.subscribe.ret_holder, 0, &none);
	reply_text(&writer, "somebody else is subscribed exclusively to some of it");
	return reply_end(&writer);
}

int subscribe_begin(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	const struct socket_header *asked = &scratch->message.header;
	int count = clauses_read(scratch), result;
	bool restarted;
	struct writer writer;

	if (count < 0) {
		return reply_done(asked, count, reply);
	}
	subscribe_event(session, scratch, (size_t)count);
	restarted = from_read(host, scratch);
	result = host->step(host->context, &scratch->event);
	if (asked->flags & VIPMI_FLAG_QUIET) {
		return 0;
	}
	if (result == -EBUSY) {
		return reply_taken(scratch, reply);
	}
	if (result == -EINVAL && scratch->event.subscribe.from == CORE_FROM_NUMBER) {
		return reply_plain(asked, VIPMI_MESSAGE_DONE, VIPMI_REASON_NOT_FOUND,
			"there is no message of that number yet", reply);
	}
	if (result) {
		return reply_done(asked, result, reply);
	}
	reply_begin(&writer, reply, asked, VIPMI_MESSAGE_DONE, VIPMI_REASON_NONE);
	socket_put_subscribed(&writer, scratch->event.subscribe.ret_next,
		restarted ? VIPMI_GAP_UNKNOWN : scratch->event.subscribe.ret_gap);
	return reply_end(&writer);
}

static void unsubscribe_event(struct session *session, struct session_scratch *scratch)
{
	scratch->event = (struct core_event){
		.type = CORE_EVENT_UNSUBSCRIBE,
		.handle = {.client = session->client, .handle = scratch->message.header.handle},
	};
}

int subscribe_end(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	unsubscribe_event(session, scratch);
	return reply_done(
		&scratch->message.header, host->step(host->context, &scratch->event), reply);
}

int subscribe_plain(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, bool wanted)
{
	if (wanted) {
		scratch->clauses[0] = core_clause_of(PLAIN_KINDS);
		subscribe_event(session, scratch, 1);
	} else {
		unsubscribe_event(session, scratch);
	}
	return host->step(host->context, &scratch->event);
}
