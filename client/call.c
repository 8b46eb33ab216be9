/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls: started, held back, answered, failed, expired. A call ends once.
 */
#include <stdlib.h>
#include <string.h>

#include "client/internal.h"

void call_init(struct call *call, enum call_kind kind, struct vipmi_handle *handle)
{
	memset(call, 0, sizeof(*call));
	list_init(&call->out.on_queue);
	call->out.kind = OUTGOING_CALL;
	list_init(&call->cancel.on_queue);
	call->cancel.kind = OUTGOING_CANCEL;
	list_init(&call->ready.on_ready);
	call->ready.handle = handle;
	list_init(&call->on_handle);
	list_init(&call->rows);
	call->kind = kind;
	call->handle = handle;
	call->deadline_ns = TIME_NEVER;
}

static bool can_send(const struct vipmi *vipmi, const struct call *call)
{
	if (!call->handle || call->kind == CALL_OPEN) {
		return vipmi->state == CONNECTION_UP;
	}
	return call->handle->state == HANDLE_OPEN;
}

int call_start(struct vipmi *vipmi, struct call *call)
{
	struct vipmi_handle *handle = call->handle;

	if (call_table_add(&vipmi->calls, call, &call->tag) < 0) {
		return text_fail(-ENOMEM, "no memory for a request");
	}
	if (handle && (call->kind == CALL_REQUEST || call->kind == CALL_SUBSCRIBE ||
			      call->kind == CALL_RIGHTS)) {
		list_push_back(&handle->calls, &call->on_handle);
	}
	if (call->deadline_ns < vipmi->alarm_ns) {
		vipmi->alarm_ns = call->deadline_ns;
	}
	if (can_send(vipmi, call)) {
		call->state = CALL_QUEUED;
		traffic_send(vipmi, &call->out);
		return 0;
	}
	call->state = CALL_HELD;
	list_push_back(handle ? &handle->held : &vipmi->held, &call->out.on_queue);
	if (handle && handle->state == HANDLE_REFUSED && vipmi->state == CONNECTION_UP) {
		handle_send_open(handle);
	}
	return 0;
}

void credit_return(struct vipmi *vipmi, struct vipmi_handle *handle)
{
	struct list_link *link = list_pop_front(&handle->credit);

	if (link) {
		waiter_wake(vipmi, container_of(link, struct waiter, on_credit));
	} else {
		handle->outstanding--;
	}
}

void call_finish(struct vipmi *vipmi, struct call *call)
{
	if (call->state == CALL_DONE) {
		return;
	}
	call->state = CALL_DONE;
	list_remove(&call->out.on_queue);
	list_remove(&call->cancel.on_queue);
	list_remove(&call->on_handle);
	call_table_remove(&vipmi->calls, call->tag);
	if (call->kind == CALL_REQUEST) {
		credit_return(vipmi, call->handle);
	}
	if (call->waiter) {
		waiter_wake(vipmi, call->waiter);
	} else if (call->done) {
		list_push_back(&vipmi->ready, &call->ready.on_ready);
	}
}

/* What a program that knows only completion codes should be told. IPMI 2.0 table 5-2: C3 speaks of
 * processing, so it is for what may have been processed. */
static uint8_t error_cc(int error, uint8_t sent)
{
	switch (error) {
	case -ETIMEDOUT:
		return sent == VIPMI_SENT_NO ? VIPMI_CC_NODE_BUSY : VIPMI_CC_TIMEOUT;
	case -ECONNRESET:
	case -ECONNREFUSED:
	case -ECONNABORTED:
		return VIPMI_CC_DESTINATION_UNAVAILABLE;
	default:
		return VIPMI_CC_UNSPECIFIED;
	}
}

static void answer_begin(struct call *call)
{
	const struct vipmi_request *request = &call->request;
	struct vipmi_answer *answer = &call->answer;

	memset(answer, 0, offsetof(struct vipmi_answer, data));
	answer->netfn = request->netfn | 1;
	answer->lun = request->lun;
	answer->command = request->command;
	answer->urgency = request->urgency;
	answer->virtual_client = request->virtual_client;
	answer->id = call->tag;
}

void answer_fail(struct call *call, enum vipmi_reason reason, int error, const char *text)
{
	struct vipmi_answer *answer = &call->answer;

	answer_begin(call);
	answer->error = error;
	answer->sent = call->state == CALL_WRITTEN ? VIPMI_SENT_UNKNOWN : VIPMI_SENT_NO;
	answer->cc = error_cc(error, answer->sent);
	answer->origin = VIPMI_ORIGIN_AGENT;
	answer->reason = (uint8_t)reason;
	text_copy(call->text, sizeof(call->text), text, text ? strlen(text) : 0);
}

void call_fail(struct vipmi *vipmi, struct call *call, enum vipmi_reason reason, int error,
	const char *text)
{
	answer_fail(call, reason, error, text);
	call->error = error;
	call_finish(vipmi, call);
}

/* ---- replies ---- */

static void take_answer(
	struct vipmi *vipmi, struct call *call, const struct socket_message *message)
{
	const struct socket_header *header = &message->header;
	struct vipmi_answer *answer = &call->answer;

	if (message->data.length > sizeof(answer->data)) {
		connection_end(vipmi, VIPMI_REASON_PROTOCOL, -EPROTO, "an answer is too long");
		return;
	}
	answer_begin(call);
	answer->cc = header->cc;
	answer->origin = header->origin;
	answer->reason = header->reason;
	answer->sent = header->flags & VIPMI_FLAG_SENT ? VIPMI_SENT_YES : VIPMI_SENT_NO;
	answer->age_ms = header->time_ms;
	answer->virtual_client = header->virtual_client;
	answer->numbered = socket_has(message, VIPMI_EXTENSION_NUMBER);
	answer->number = answer->numbered ? message->number : 0;
	if (header->origin == VIPMI_ORIGIN_AGENT) {
		answer->error = text_reason_error(header->reason);
	}
	answer->length = (uint16_t)message->data.length;
	if (answer->length > 0) {
		memcpy(answer->data, message->data.bytes, answer->length);
	}
	text_copy(call->text, sizeof(call->text), message->text.bytes, message->text.length);
	call_finish(vipmi, call);
}

static void take_row(struct vipmi *vipmi, struct call *call, const struct socket_message *message)
{
	struct row *row = malloc(sizeof(*row) + message->fields.length);

	if (!row) {
		call_fail(vipmi, call, VIPMI_REASON_NONE, -ENOMEM, "no memory for a listing");
		return;
	}
	row->length = message->fields.length;
	memcpy(row->bytes, message->fields.bytes, row->length);
	list_push_back(&call->rows, &row->on_rows);
	waiter_wake(vipmi, call->waiter);
}

static void take_end(struct vipmi *vipmi, struct call *call, const struct socket_message *message)
{
	call->error = text_reason_error(message->header.reason);
	if (socket_has(message, VIPMI_EXTENSION_CONTROL)) {
		call->argument = message->control.argument;
	}
	text_copy(call->text, sizeof(call->text), message->text.bytes, message->text.length);
	call_finish(vipmi, call);
}

void call_reply(struct vipmi *vipmi, struct call *call, const struct socket_message *message)
{
	uint8_t type = message->header.type;

	if (call->kind == CALL_REQUEST && type == VIPMI_MESSAGE_ANSWER) {
		take_answer(vipmi, call, message);
	} else if (call->kind == CALL_OPEN && type == VIPMI_MESSAGE_OPENED) {
		handle_opened(call->handle, message);
	} else if (call->kind == CALL_QUERY && type == VIPMI_MESSAGE_ROW) {
		take_row(vipmi, call, message);
	} else if (call->kind == CALL_RIGHTS && type == VIPMI_MESSAGE_DONE) {
		rights_done(call, message);
		take_end(vipmi, call, message);
	} else if (call->kind == CALL_SUBSCRIBE && type == VIPMI_MESSAGE_DONE) {
		take_end(vipmi, call, message);
		subscription_done(vipmi, call, message);
	} else if ((call->kind == CALL_QUERY && type == VIPMI_MESSAGE_END) ||
		   (call->kind == CALL_CONTROL && type == VIPMI_MESSAGE_DONE)) {
		take_end(vipmi, call, message);
	} else {
		connection_end(vipmi, VIPMI_REASON_PROTOCOL, -EPROTO,
			"it replies with a message of another kind");
	}
}

/* ---- time ---- */

static void expire(struct vipmi *vipmi, struct call *call)
{
	if (call->state == CALL_WRITTEN) {
		call_fail(vipmi, call, VIPMI_REASON_EXPIRED, -ETIMEDOUT,
			"the agent did not answer in time; does it hang?");
	} else if (vipmi->state != CONNECTION_UP) {
		call_fail(vipmi, call, VIPMI_REASON_LINK_DOWN, -ECONNREFUSED, vipmi->text);
	} else {
		call_fail(vipmi, call, VIPMI_REASON_EXPIRED, -ETIMEDOUT,
			"the agent did not take it in time");
	}
}

void call_expire(struct vipmi *vipmi, uint64_t now_ns)
{
	uint64_t next_ns = TIME_NEVER;
	struct list_link *on_handles, *link, *following;

	list_for_each(on_handles, &vipmi->handles) {
		struct vipmi_handle *handle =
			container_of(on_handles, struct vipmi_handle, on_handles);

		list_for_each_safe(link, following, &handle->calls) {
			struct call *call = container_of(link, struct call, on_handle);
			uint64_t due_ns = call->deadline_ns;

			if (due_ns == TIME_NEVER) {
				continue;
			}
			due_ns += call->state == CALL_WRITTEN ? GRACE_NS : 0;
			if (due_ns <= now_ns) {
				expire(vipmi, call);
			} else if (due_ns < next_ns) {
				next_ns = due_ns;
			}
		}
	}
	if (next_ns < now_ns + EXPIRE_INTERVAL_NS) {
		next_ns = now_ns + EXPIRE_INTERVAL_NS;
	}
	vipmi->alarm_ns = next_ns;
}

int call_wait(struct vipmi *vipmi, struct call *call)
{
	struct waiter waiter;
	int result;

	waiter_init(&waiter, clock_now_ns() + vipmi->timeout_ns);
	call->waiter = &waiter;
	result = call_start(vipmi, call);
	if (result == 0 && waiter_wait(vipmi, &waiter) < 0) {
		call_fail(vipmi, call, VIPMI_REASON_EXPIRED, -ETIMEDOUT,
			vipmi->state == CONNECTION_UP ? "the agent does not reply; does it hang?"
						      : vipmi->text);
	}
	call->waiter = NULL;
	waiter_finish(&waiter);
	return result < 0 ? result : call->error;
}
