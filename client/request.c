/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "client/internal.h"

/* IPMI 2.0 section 5.1: six bits of network function, the lowest 0 in a request; section 6.3:
 * four bits of channel; two bits of LUN. */
#define NETFN_MAX 0x3E
#define CHANNEL_MAX 0x0F
#define LUN_MAX 3

static int request_check(const struct vipmi_request *request)
{
	if (request->netfn > NETFN_MAX || request->netfn & 1) {
		return text_fail(-EINVAL, "netFn %02Xh is not a request's (even, at most 3Eh)",
			request->netfn);
	}
	if (request->lun > LUN_MAX) {
		return text_fail(-EINVAL, "LUN %u is over 3", request->lun);
	}
	if (request->target_kind > VIPMI_TARGET_IPMB_BROADCAST) {
		return text_fail(-EINVAL, "unknown kind of target %u", request->target_kind);
	}
	if (request->channel > CHANNEL_MAX) {
		return text_fail(-EINVAL, "channel %u is over 15", request->channel);
	}
	if (request->urgency > VIPMI_URGENCY_BACKGROUND) {
		return text_fail(-EINVAL, "unknown urgency %u", request->urgency);
	}
	if (request->flags & ~(VIPMI_REQUEST_FRESH | VIPMI_REQUEST_WAIT)) {
		return text_fail(-EINVAL, "unknown flags %02Xh", request->flags);
	}
	if (request->timeout_ms > VIPMI_TIMEOUT_MAX_MS) {
		return text_fail(-EINVAL, "a time of %u ms is over an hour", request->timeout_ms);
	}
	if (request->length > VIPMI_DATA_MAX) {
		return text_fail(-EMSGSIZE, "%zu bytes of data, but at most %d are carried",
			request->length, VIPMI_DATA_MAX);
	}
	if (request->length > 0 && !request->data) {
		return text_fail(-EINVAL, "no data, but a length of %zu", request->length);
	}
	return 0;
}

static int request_copy(const struct vipmi_request *request, struct vipmi_request *ret_request)
{
	int result = options_copy(ret_request, sizeof(*ret_request), request);

	return result < 0 ? result : request_check(ret_request);
}

static uint64_t request_deadline_ns(const struct vipmi_request *request)
{
	uint64_t timeout_ms = request->timeout_ms ? request->timeout_ms : VIPMI_TIMEOUT_DEFAULT_MS;

	return clock_now_ns() + timeout_ms * NSEC_PER_MSEC_U64;
}

/* The right to one request more. 0; -EBUSY: there is none and we do not wait; -ETIMEDOUT: none
 * came free in time; -ECANCELED: the handle was closed meanwhile. */
static int credit_take(struct vipmi_handle *handle, bool wait, uint64_t deadline_ns)
{
	struct vipmi *vipmi = handle->vipmi;
	struct waiter waiter;
	int result;

	if (handle->outstanding < vipmi->info.credit_max && list_empty(&handle->credit)) {
		handle->outstanding++;
		return 0;
	}
	if (!wait) {
		return text_fail(-EBUSY, "%s", vipmi_strerror(-EBUSY));
	}
	waiter_init(&waiter, deadline_ns);
	list_push_back(&handle->credit, &waiter.on_credit);
	handle->references++;
	result = waiter_wait(vipmi, &waiter);
	waiter_finish(&waiter);
	if (handle->closed) {
		result = text_fail(-ECANCELED, "its handle was closed (it was not sent)");
	} else if (result < 0) {
		(void)text_fail(result, "the handle has as many requests outstanding as it may "
					"have, and none came back in time (it was not sent)");
	}
	handle_release(handle);
	return result;
}

/* With the handle's credit taken. On failure it is given back. */
static int request_start(struct vipmi *vipmi, struct call *call)
{
	int result = connection_ended(vipmi);

	if (result == 0) {
		result = call_start(vipmi, call);
	}
	if (result < 0) {
		credit_return(vipmi, call->handle);
	}
	return result;
}

int vipmi_command(struct vipmi_handle *handle, const struct vipmi_request *request,
	struct vipmi_answer *ret_answer)
{
	struct vipmi *vipmi = handle->vipmi;
	struct waiter waiter;
	struct call call;
	int result;

	call_init(&call, CALL_REQUEST, handle);
	result = request_copy(request, &call.request);
	if (result < 0) {
		return result;
	}
	result = connection_lock(vipmi);
	if (result < 0) {
		return result;
	}
	call.deadline_ns = request_deadline_ns(&call.request);
	result = credit_take(handle, true, call.deadline_ns);
	if (result < 0) {
		answer_fail(&call,
			result == -ETIMEDOUT ? VIPMI_REASON_EXPIRED : VIPMI_REASON_CANCELLED,
			result, NULL);
		*ret_answer = call.answer;
		connection_unlock(vipmi);
		return result;
	}
	waiter_init(&waiter, TIME_NEVER); /* the call's own deadline ends it */
	call.waiter = &waiter;
	result = request_start(vipmi, &call);
	if (result == 0) {
		(void)waiter_wait(vipmi, &waiter);
		result = call.answer.error;
		if (result < 0) {
			text_fail_request(vipmi, &call);
		}
		memcpy(ret_answer, &call.answer,
			offsetof(struct vipmi_answer, data) + call.answer.length);
	}
	waiter_finish(&waiter);
	connection_unlock(vipmi);
	return result;
}

/* A checked request, or with `response` the answer to one. */
static int submit(struct vipmi_handle *handle, const struct vipmi_request *checked,
	const struct response *response,
	void (*done)(void *context, const struct vipmi_answer *answer), void *context,
	uint64_t *ret_id)
{
	struct vipmi *vipmi = handle->vipmi;
	struct call *call = malloc(sizeof(*call) + checked->length);
	int result;

	if (!call) {
		return text_fail(-ENOMEM, "no memory for a request");
	}
	call_init(call, CALL_REQUEST, handle);
	call->request = *checked;
	if (checked->length > 0) {
		memcpy(call + 1, checked->data, checked->length);
	}
	call->request.data = call + 1;
	call->done = done;
	call->context = context;
	result = connection_lock(vipmi);
	if (result < 0) {
		free(call);
		return result;
	}
	if (response) {
		call->response = *response;
		/* What was asked went with the agent that heard it. */
		if (handle->state != HANDLE_OPEN) {
			result = text_fail(-ECONNRESET, "%s", vipmi_strerror(-ECONNRESET));
		}
	}
	call->deadline_ns = request_deadline_ns(checked);
	if (result == 0) {
		result =
			credit_take(handle, checked->flags & VIPMI_REQUEST_WAIT, call->deadline_ns);
	}
	if (result == 0) {
		result = request_start(vipmi, call);
	}
	if (result == 0 && ret_id) {
		*ret_id = call->tag;
	}
	connection_unlock(vipmi);
	if (result < 0) {
		free(call);
	}
	return result;
}

int vipmi_submit(struct vipmi_handle *handle, const struct vipmi_request *request,
	void (*done)(void *context, const struct vipmi_answer *answer), void *context,
	uint64_t *ret_id)
{
	struct vipmi_request checked;
	int result = request_copy(request, &checked);

	if (result < 0) {
		return result;
	}
	if (!done) {
		return text_fail(-EINVAL, "no callback to tell the answer");
	}
	return submit(handle, &checked, NULL, done, context, ret_id);
}

static void nobody_cares(void *context, const struct vipmi_answer *answer)
{
	(void)context;
	(void)answer;
}

int vipmi_respond(struct vipmi_handle *handle, const struct vipmi_event *request, uint8_t cc,
	const void *data, size_t length,
	void (*done)(void *context, const struct vipmi_answer *answer), void *context)
{
	struct vipmi_request carrier = vipmi_request_make(0, 0, data, length);
	struct response response;

	if (!request || request->kind != VIPMI_EVENT_REQUEST || !request->yours ||
		request->number == 0) {
		return text_fail(-EINVAL, "not a request that is this handle's to answer");
	}
	response = (struct response){.number = request->number,
		.lun = request->requester_lun,
		.sequence = request->sequence,
		.cc = cc};
	carrier.netfn = request->netfn;
	carrier.lun = request->lun;
	carrier.command = request->command;
	carrier.target_kind = VIPMI_TARGET_IPMB;
	carrier.channel = request->channel;
	carrier.address = request->address;
	if (request_check(&carrier) < 0) {
		return length > VIPMI_DATA_MAX ? -EMSGSIZE : -EINVAL;
	}
	return submit(handle, &carrier, &response, done ? done : nobody_cares, context, NULL);
}

int vipmi_handle_requests(struct vipmi_handle *handle,
	void (*received)(void *context, const struct vipmi_event *request), void *context)
{
	int result = connection_lock(handle->vipmi);

	if (result == 0) {
		handle->requested = received;
		handle->requested_context = context;
		connection_unlock(handle->vipmi);
	}
	return result;
}

int vipmi_cancel(struct vipmi_handle *handle, uint64_t id)
{
	struct vipmi *vipmi = handle->vipmi;
	struct call *call;
	int result = connection_lock(vipmi);

	if (result < 0) {
		return result;
	}
	call = call_table_find(&vipmi->calls, id);
	if (!call || call->kind != CALL_REQUEST || call->handle != handle || !call->done) {
		result = text_fail(-ENOENT, "no such request is outstanding");
	} else if (call->state != CALL_WRITTEN) {
		call_fail(vipmi, call, VIPMI_REASON_CANCELLED, -ECANCELED, NULL);
	} else if (!list_linked(&call->cancel.on_queue)) {
		traffic_send(vipmi, &call->cancel);
	}
	connection_unlock(vipmi);
	return result;
}
