/* SPDX-License-Identifier: BSD-2-Clause */
#include "session/session.h"

#include "base/assert.h"
#include "ipmi/command.h"
#include "session/reply.h"
#include "session/rights.h"
#include "session/rows.h"
#include "session/subscribe.h"

int session_refuse(
	struct session *session, enum vipmi_reason reason, const char *text, uint8_t *reply)
{
	struct socket_header none = {0};

	session->state = SESSION_ENDED;
	session->object = SESSION_OBJECT_NONE;
	return reply_plain(&none, VIPMI_MESSAGE_ERROR, reason, text, reply);
}

int session_open(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint64_t cookie,
	const struct core_credentials *credentials, uint8_t *reply)
{
	struct core_event *event = &scratch->event;
	int result;

	*session = (struct session){.state = SESSION_GREETING, .credentials = *credentials};
	*event = (struct core_event){
		.type = CORE_EVENT_CLIENT_OPEN,
		.client_open = {.cookie = cookie, .credentials = *credentials},
	};
	result = host->step(host->context, event);
	if (result == -ENOSPC) {
		return session_refuse(
			session, VIPMI_REASON_FULL, "too many connections (max-handles)", reply);
	}
	if (result) {
		return session_refuse(
			session, VIPMI_REASON_LINK_DOWN, "it is out of order, see its log", reply);
	}
	session->client = event->client_open.ret_client;
	return 0;
}

void session_close(
	struct session *session, const struct session_host *host, struct session_scratch *scratch)
{
	session->state = SESSION_ENDED;
	session->object = SESSION_OBJECT_NONE;
	if (session->client == 0) {
		return;
	}
	scratch->event = (struct core_event){
		.type = CORE_EVENT_CLIENT_CLOSE,
		.client = {.client = session->client},
	};
	session->client = 0;
	/* It can only say that the client is gone already, or the core broken. */
	(void)host->step(host->context, &scratch->event);
}

static int receive_hello(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	const struct core_status *status = &scratch->status;
	struct writer writer = writer_init(reply, VIPMI_MESSAGE_MAX);
	struct socket_header header = {
		.type = VIPMI_MESSAGE_HELLO, .tag = scratch->message.header.tag};
	struct socket_hello hello;

	if (session->state != SESSION_GREETING) {
		return session_refuse(session, VIPMI_REASON_PROTOCOL, "a second HELLO", reply);
	}
	if (socket_hello_decode(scratch->message.hello, false, &hello)) {
		return session_refuse(
			session, VIPMI_REASON_PROTOCOL, "HELLO is not vipmi's", reply);
	}
	if (hello.lowest > VIPMI_PROTOCOL_VERSION_HIGHEST ||
		hello.highest < VIPMI_PROTOCOL_VERSION_LOWEST) {
		return session_refuse(session, VIPMI_REASON_UNSUPPORTED,
			"no version of the protocol in common: update the older side", reply);
	}
	host->status(host->context, &scratch->status);
	hello = (struct socket_hello){
		.lowest = VIPMI_PROTOCOL_VERSION_HIGHEST,
		.highest = VIPMI_PROTOCOL_VERSION_HIGHEST,
		.epoch = status->epoch,
		.capabilities = session_capabilities(status),
		.data_max = status->link.data_max ? status->link.data_max : VIPMI_DATA_MAX,
		.credit_max = (uint16_t)status->credit_max,
		.handles_max = status->handles_max,
	};
	memcpy(hello.boot_id, host->boot_id, sizeof(hello.boot_id));
	session->state = SESSION_OPEN;
	socket_begin(&writer, &header);
	socket_put_hello(&writer, true, &hello);
	reply_text(&writer, host->link);
	return reply_end(&writer);
}

static int receive_open(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	const struct socket_message *message = &scratch->message;
	struct socket_header asked = message->header;
	enum vipmi_reason reason;

	scratch->event = (struct core_event){
		.type = CORE_EVENT_HANDLE_OPEN,
		.handle_open = {.client = session->client,
			.class = asked.class,
			.name = (const char *)message->name.bytes,
			.name_length = message->name.length},
	};
	reason = reply_reason(host->step(host->context, &scratch->event));
	asked.handle = reason ? 0 : scratch->event.handle_open.ret_handle;
	return reply_plain(&asked, VIPMI_MESSAGE_OPENED, reason,
		reason == VIPMI_REASON_FULL ? "every virtual controller is in use (max-handles)"
					    : reply_reason_text(reason),
		reply);
}

static int receive_close(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	const struct socket_header *asked = &scratch->message.header;
	enum vipmi_reason reason;

	scratch->event = (struct core_event){
		.type = CORE_EVENT_HANDLE_CLOSE,
		.handle = {.client = session->client, .handle = asked->handle},
	};
	reason = reply_reason(host->step(host->context, &scratch->event));
	return reply_plain(asked, VIPMI_MESSAGE_CLOSED, reason, reply_reason_text(reason), reply);
}

/* A REQUEST that the core did not take still gets its one answer. */
static int request_refused(
	const struct socket_message *message, enum vipmi_reason reason, uint8_t *reply)
{
	const struct socket_header *asked = &message->header;
	struct writer writer = writer_init(reply, VIPMI_MESSAGE_MAX);
	struct socket_header header = {
		.type = VIPMI_MESSAGE_ANSWER,
		.flags = asked->type == VIPMI_MESSAGE_RESPOND ? VIPMI_FLAG_RESPONSE : 0,
		.handle = asked->handle,
		.tag = asked->tag,
		.virtual_client = asked->virtual_client,
		.netfn = asked->netfn | 1,
		.lun = asked->lun,
		.command = asked->command,
		.target_kind = asked->target_kind,
		.class = asked->class,
		.origin = VIPMI_ORIGIN_AGENT,
		.reason = (uint8_t)reason,
	};

	switch (reason) {
	case VIPMI_REASON_STALE:
		header.cc = VIPMI_CC_DESTINATION_UNAVAILABLE;
		break;
	case VIPMI_REASON_TOO_LONG:
		header.cc = VIPMI_CC_LENGTH_INVALID;
		break;
	case VIPMI_REASON_PROTOCOL:
		header.cc = VIPMI_CC_INVALID_FIELD;
		break;
	default:
		header.cc = VIPMI_CC_UNSPECIFIED;
		break;
	}
	socket_begin(&writer, &header);
	if (socket_has(message, VIPMI_EXTENSION_TARGET)) {
		socket_put_target(&writer, message->target.channel, message->target.address);
	}
	reply_text(&writer, reply_reason_text(reason));
	return reply_end(&writer);
}

/* Not now: the same message comes again when there is credit. */
static int put_off(
	struct session *session, const struct session_host *host, struct session_scratch *scratch)
{
	scratch->event = (struct core_event){
		.type = CORE_EVENT_CREDIT_WANTED,
		.handle = {.client = session->client, .handle = scratch->message.header.handle},
	};
	/* The handle was there a moment ago; were it not, giving the message again would say so. */
	(void)host->step(host->context, &scratch->event);
	return -EAGAIN;
}

static int receive_request(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	const struct socket_message *message = &scratch->message;
	const struct socket_header *asked = &message->header;
	int result;

	if (asked->target_kind != VIPMI_TARGET_CONTROLLER &&
		!socket_has(message, VIPMI_EXTENSION_TARGET)) {
		return request_refused(message, VIPMI_REASON_PROTOCOL, reply);
	}
	scratch->event.type = CORE_EVENT_REQUEST;
	scratch->event.request = (typeof(scratch->event.request)){
		.client = session->client,
		.handle = asked->handle,
		.tag = asked->tag,
		.virtual_client = asked->virtual_client,
		.budget_ms = asked->time_ms,
		.class = asked->class,
		.target_kind = asked->target_kind,
		.channel = message->target.channel,
		.address = message->target.address,
		.fresh = asked->flags & VIPMI_FLAG_FRESH,
		.numbered = socket_has(message, VIPMI_EXTENSION_NUMBER),
		.number = message->number,
		.netfn = asked->netfn,
		.lun = asked->lun,
		.command = asked->command,
		.data = message->data.bytes,
		.length = message->data.length,
	};
	result = host->step(host->context, &scratch->event);
	if (result == 0) {
		return 0;
	}
	if (result == -EAGAIN) {
		return put_off(session, host, scratch);
	}
	return request_refused(message, reply_reason(result), reply);
}

/* The answer to a RESPOND that the core did not take. */
static int respond_refused(struct socket_message *message, int error, uint8_t *reply)
{
	struct socket_header *asked = &message->header;

	asked->lun = message->requester.lun;
	asked->target_kind = socket_has(message, VIPMI_EXTENSION_TARGET) ? VIPMI_TARGET_IPMB
									 : VIPMI_TARGET_CONTROLLER;
	return request_refused(message, reply_reason(error), reply);
}

static int receive_respond(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	struct socket_message *message = &scratch->message;
	const struct socket_header *asked = &message->header;
	bool described = socket_has(message, VIPMI_EXTENSION_REQUESTER) &&
			 socket_has(message, VIPMI_EXTENSION_TARGET);
	bool numbered = socket_has(message, VIPMI_EXTENSION_ASYNC);
	size_t length = message->data.length;
	int result;

	if ((!described && !numbered) || !(asked->netfn & 1)) {
		return respond_refused(message, -EINVAL, reply);
	}
	if (length + 1 > sizeof(scratch->response)) {
		return respond_refused(message, -EMSGSIZE, reply);
	}
	scratch->response[0] = asked->cc;
	if (length > 0) {
		memcpy(scratch->response + 1, message->data.bytes, length);
	}
	scratch->event.type = CORE_EVENT_RESPOND;
	scratch->event.respond = (typeof(scratch->event.respond)){
		.client = session->client,
		.handle = asked->handle,
		.tag = asked->tag,
		.number = numbered ? message->async.number : 0,
		.described = described,
		.channel = message->target.channel,
		.address = message->target.address,
		.lun = message->requester.lun,
		.netfn = asked->netfn & 0xFE,
		.command = asked->command,
		.sequence = message->requester.sequence,
		.data = scratch->response,
		.length = length + 1,
	};
	result = host->step(host->context, &scratch->event);
	if (result == -EAGAIN) {
		return put_off(session, host, scratch);
	}
	return result ? respond_refused(message, result, reply) : 0;
}

static int receive_cancel(
	struct session *session, const struct session_host *host, struct session_scratch *scratch)
{
	const struct socket_header *asked = &scratch->message.header;

	scratch->event = (struct core_event){
		.type = CORE_EVENT_CANCEL,
		.cancel = {.client = session->client, .handle = asked->handle, .tag = asked->tag},
	};
	/* The request may just have been answered: then there is nothing to cancel. */
	(void)host->step(host->context, &scratch->event);
	return 0;
}

static int set_done(const struct socket_header *asked, enum vipmi_reason reason, uint8_t *reply)
{
	if (asked->flags & VIPMI_FLAG_QUIET) {
		return 0;
	}
	return reply_plain(asked, VIPMI_MESSAGE_DONE, reason, reply_reason_text(reason), reply);
}

static int receive_set(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	const struct socket_message *message = &scratch->message;
	int result = -EOPNOTSUPP;

	if (message->option.value <= 1 && message->option.option == VIPMI_OPTION_EVENTS) {
		result = subscribe_plain(session, host, scratch, message->option.value == 1);
	} else if (message->option.value <= 1 &&
		   message->option.option == VIPMI_OPTION_MAINTENANCE) {
		result = rights_maintenance(session, host, scratch, message->option.value == 1);
	}
	return set_done(&message->header, reply_reason(result), reply);
}

/* What an argument says above a node's number. */
static int node_policy(uint64_t argument, struct session_node_policy *ret_policy)
{
	const struct session_node_policy policy = {
		.urgency = (uint8_t)(argument >> VIPMI_CONTROL_NODE_CLASS_SHIFT),
		.privilege = (uint8_t)(argument >> VIPMI_CONTROL_NODE_PRIVILEGE_SHIFT)};

	if (argument >> VIPMI_CONTROL_NODE_PRIVILEGE_SHIFT > IPMI_PRIVILEGE_ADMINISTRATOR ||
		policy.urgency > VIPMI_CLASS_COUNT ||
		(policy.privilege != 0 && policy.privilege < IPMI_PRIVILEGE_USER)) {
		return -EINVAL;
	}
	*ret_policy = policy;
	return 0;
}

/* Tells, where it worked, the number of what was made. */
static int receive_node_add(
	const struct session_host *host, const struct socket_message *message, uint8_t *reply)
{
	struct session_node_policy policy;
	struct writer writer;
	uint32_t number;
	int result = node_policy(message->control.argument, &policy);

	if (result == 0) {
		result = host->node_add(host->context, (const char *)message->name.bytes,
			message->name.length, policy, &number);
	}
	if (result) {
		return reply_done(&message->header, result, reply);
	}
	reply_begin(&writer, reply, &message->header, VIPMI_MESSAGE_DONE, VIPMI_REASON_NONE);
	socket_put_control(&writer, VIPMI_CONTROL_NODE_ADD, number);
	return reply_end(&writer);
}

static int node_policy_set(const struct session_host *host, uint64_t argument)
{
	struct session_node_policy policy;
	int result = node_policy(argument, &policy);

	return result ? result : host->node_policy_set(host->context, (uint32_t)argument, policy);
}

static int control(const struct session_host *host, struct session_scratch *scratch,
	enum vipmi_control verb, uint32_t argument)
{
	switch (verb) {
	case VIPMI_CONTROL_KICK:
		return host->kick(host->context, argument);
	case VIPMI_CONTROL_REVOKE:
		return rights_revoke(host, scratch, argument);
	case VIPMI_CONTROL_NODE_REMOVE:
		return host->node_remove(host->context, argument);
	default:
		return -EOPNOTSUPP;
	}
}

static int receive_control(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	const struct socket_message *message = &scratch->message;
	uint64_t argument = message->control.argument;
	int result;

	if (message->control.verb < VIPMI_CONTROL_KICK ||
		message->control.verb > VIPMI_CONTROL_NODE_SET) {
		result = -EOPNOTSUPP;
	} else if (!host->administers(host->context, &session->credentials)) {
		result = -EPERM;
	} else if (message->control.verb >= VIPMI_CONTROL_NODE_ADD && !host->node_add) {
		return reply_plain(&message->header, VIPMI_MESSAGE_DONE, VIPMI_REASON_UNSUPPORTED,
			"the kernel module alone has nodes", reply);
	} else if (message->control.verb == VIPMI_CONTROL_NODE_ADD) {
		return receive_node_add(host, message, reply);
	} else if (message->control.verb == VIPMI_CONTROL_NODE_SET) {
		result = node_policy_set(host, argument);
	} else if (argument > UINT32_MAX) {
		result = -ENOENT;
	} else {
		result = control(host, scratch, message->control.verb, (uint32_t)argument);
	}
	return reply_done(&message->header, result, reply);
}

static int receive_query(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply)
{
	const struct socket_message *message = &scratch->message;

	if (session_listing(session)) {
		return reply_plain(&message->header, VIPMI_MESSAGE_END, VIPMI_REASON_FULL,
			"one listing at a time", reply);
	}
	session->object = session_object_named(message->text.bytes, message->text.length);
	session->cursor = 0;
	session->message = 0;
	session->tag = message->header.tag;
	if (!session_listing(session)) {
		return reply_plain(&message->header, VIPMI_MESSAGE_END, VIPMI_REASON_NOT_FOUND,
			"listings: status, client, counter, reservation, sequence, event, node",
			reply);
	}
	return session_row(session, host, scratch, reply);
}

/* A critical extension that we do not know: the operation is refused, the connection stays. */
static int refuse_extension(
	struct session *session, const struct socket_message *message, uint8_t *reply)
{
	const struct socket_header *asked = &message->header;
	static const char text[] = "a critical extension that is not known here";

	switch (asked->type) {
	case VIPMI_MESSAGE_REQUEST:
	case VIPMI_MESSAGE_RESPOND:
		return request_refused(message, VIPMI_REASON_UNSUPPORTED, reply);
	case VIPMI_MESSAGE_OPEN:
		return reply_plain(
			asked, VIPMI_MESSAGE_OPENED, VIPMI_REASON_UNSUPPORTED, text, reply);
	case VIPMI_MESSAGE_CLOSE:
		return reply_plain(
			asked, VIPMI_MESSAGE_CLOSED, VIPMI_REASON_UNSUPPORTED, text, reply);
	case VIPMI_MESSAGE_QUERY:
		return reply_plain(asked, VIPMI_MESSAGE_END, VIPMI_REASON_UNSUPPORTED, text, reply);
	case VIPMI_MESSAGE_SET:
		return set_done(asked, VIPMI_REASON_UNSUPPORTED, reply);
	case VIPMI_MESSAGE_CONTROL:
	case VIPMI_MESSAGE_RESERVE:
	case VIPMI_MESSAGE_RELEASE:
	case VIPMI_MESSAGE_SEQUENCE_RESERVE:
	case VIPMI_MESSAGE_SEQUENCE_FREE:
	case VIPMI_MESSAGE_SUBSCRIBE:
	case VIPMI_MESSAGE_UNSUBSCRIBE:
		return reply_plain(
			asked, VIPMI_MESSAGE_DONE, VIPMI_REASON_UNSUPPORTED, text, reply);
	default:
		return session_refuse(session, VIPMI_REASON_UNSUPPORTED, text, reply);
	}
}

int session_receive(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, const uint8_t *bytes, size_t length, uint8_t *reply)
{
	struct socket_message *message = &scratch->message;
	int result = socket_decode(bytes, length, message);

	BASE_ASSERT(!session_ended(session));
	if (result == -EOPNOTSUPP) {
		/* The framing holds, so that the header at least can be read and answered. */
		*message = (struct socket_message){0};
		(void)socket_header_decode(bytes, length, &message->header);
	} else if (result) {
		return session_refuse(
			session, VIPMI_REASON_PROTOCOL, socket_error_text(result), reply);
	}
	if (session->state == SESSION_GREETING && message->header.type != VIPMI_MESSAGE_HELLO) {
		return session_refuse(
			session, VIPMI_REASON_PROTOCOL, "the first message must be HELLO", reply);
	}
	if (result) {
		return refuse_extension(session, message, reply);
	}
	switch (message->header.type) {
	case VIPMI_MESSAGE_REQUEST:
		return receive_request(session, host, scratch, reply);
	case VIPMI_MESSAGE_RESPOND:
		return receive_respond(session, host, scratch, reply);
	case VIPMI_MESSAGE_HELLO:
		return receive_hello(session, host, scratch, reply);
	case VIPMI_MESSAGE_OPEN:
		return receive_open(session, host, scratch, reply);
	case VIPMI_MESSAGE_CLOSE:
		return receive_close(session, host, scratch, reply);
	case VIPMI_MESSAGE_CANCEL:
		return receive_cancel(session, host, scratch);
	case VIPMI_MESSAGE_SET:
		return receive_set(session, host, scratch, reply);
	case VIPMI_MESSAGE_QUERY:
		return receive_query(session, host, scratch, reply);
	case VIPMI_MESSAGE_RESERVE:
		return rights_reserve(session, host, scratch, reply);
	case VIPMI_MESSAGE_RELEASE:
		return rights_release(session, host, scratch, reply);
	case VIPMI_MESSAGE_SEQUENCE_RESERVE:
		return rights_sequence_reserve(session, host, scratch, reply);
	case VIPMI_MESSAGE_SEQUENCE_FREE:
		return rights_sequence_free(session, host, scratch, reply);
	case VIPMI_MESSAGE_SUBSCRIBE:
		return subscribe_begin(session, host, scratch, reply);
	case VIPMI_MESSAGE_UNSUBSCRIBE:
		return subscribe_end(session, host, scratch, reply);
	case VIPMI_MESSAGE_CONTROL:
		return receive_control(session, host, scratch, reply);
	default:
		return session_refuse(session, VIPMI_REASON_PROTOCOL,
			"a message that only the agent may send", reply);
	}
}

/* What an EVENT and a LOSS carry beside the header. */
static void deliver_asynchronous(struct writer *writer, const struct core_deliver *deliver)
{
	if (deliver->kind == CORE_DELIVERY_LOSS) {
		socket_put_loss(writer, deliver->lost, deliver->number);
		return;
	}
	socket_put_async(writer, deliver->number, (enum vipmi_async_kind)deliver->async_kind,
		deliver->channel);
	if (deliver->async_kind == VIPMI_ASYNC_REQUEST) {
		/* Whom an answer would be for. */
		socket_put_target(writer, deliver->channel, deliver->address);
		socket_put_requester(writer, deliver->source_lun, deliver->sequence);
	}
	socket_put(writer, VIPMI_EXTENSION_DATA, deliver->data, deliver->length);
}

int session_deliver(const struct core_deliver *deliver, uint8_t *message)
{
	static const uint8_t types[] = {
		[CORE_DELIVERY_ANSWER] = VIPMI_MESSAGE_ANSWER,
		[CORE_DELIVERY_EVENT] = VIPMI_MESSAGE_EVENT,
		[CORE_DELIVERY_LOSS] = VIPMI_MESSAGE_LOSS,
	};
	struct writer writer = writer_init(message, VIPMI_MESSAGE_MAX);
	struct socket_header header = {
		.type = types[deliver->kind],
		.flags = (uint8_t)((deliver->sent ? VIPMI_FLAG_SENT : 0) |
				   (deliver->yours ? VIPMI_FLAG_YOURS : 0) |
				   (deliver->response ? VIPMI_FLAG_RESPONSE : 0)),
		.handle = deliver->handle,
		.tag = deliver->tag,
		.virtual_client = deliver->virtual_client,
		.time_ms = deliver->age_ms,
		.netfn = deliver->netfn,
		.lun = deliver->lun,
		.command = deliver->command,
		.cc = deliver->cc,
		.origin = deliver->origin,
		.class = deliver->class,
		.target_kind = deliver->target_kind,
		.reason = deliver->reason,
	};

	socket_begin(&writer, &header);
	if (deliver->kind != CORE_DELIVERY_ANSWER) {
		deliver_asynchronous(&writer, deliver);
		return reply_end(&writer);
	}
	if (deliver->target_kind != VIPMI_TARGET_CONTROLLER) {
		socket_put_target(&writer, deliver->channel, deliver->address);
	}
	if (deliver->numbered) {
		socket_put_number(&writer, deliver->number_used);
	}
	if (deliver->length > 0) {
		socket_put(&writer, VIPMI_EXTENSION_DATA, deliver->data, deliver->length);
	}
	return reply_end(&writer);
}
