/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages on their way: out of the outbox, and in, to whatever they are for.
 */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/internal.h"

/* ---- out ---- */

static void put_response(struct writer *writer, const struct call *call)
{
	const struct vipmi_request *request = &call->request;
	const struct socket_header header = {
		.type = VIPMI_MESSAGE_RESPOND,
		.tag = call->tag,
		.handle = call->handle->number,
		.netfn = request->netfn | 1,
		.lun = request->lun,
		.command = request->command,
		.cc = call->response.cc,
	};

	socket_begin(writer, &header);
	socket_put_async(writer, call->response.number, VIPMI_ASYNC_REQUEST, request->channel);
	socket_put_target(writer, request->channel, request->address);
	socket_put_requester(writer, call->response.lun, call->response.sequence);
	socket_put(writer, VIPMI_EXTENSION_DATA, request->data, request->length);
}

static void put_call(struct writer *writer, const struct call *call, uint64_t now_ns)
{
	const struct vipmi_request *request = &call->request;
	const struct vipmi_handle *handle = call->handle;
	struct socket_header header = {.tag = call->tag, .handle = handle ? handle->number : 0};
	uint64_t left_ms;

	switch (call->kind) {
	case CALL_OPEN:
		header.type = VIPMI_MESSAGE_OPEN;
		header.handle = 0;
		header.class = handle->urgency == VIPMI_URGENCY_DEFAULT ? VIPMI_CLASS_NORMAL
									: handle->urgency - 1;
		socket_begin(writer, &header);
		socket_put(writer, VIPMI_EXTENSION_NAME, handle->name, strlen(handle->name));
		break;
	case CALL_REQUEST:
		/* What is left of its time, rounded up: 0 would be the agent's default. */
		left_ms = call->deadline_ns > now_ns
				  ? (call->deadline_ns - now_ns - 1) / NSEC_PER_MSEC_U64 + 1
				  : 1;
		if (call->response.number > 0) {
			put_response(writer, call);
			break;
		}
		header.type = VIPMI_MESSAGE_REQUEST;
		header.flags = request->flags & VIPMI_REQUEST_FRESH ? VIPMI_FLAG_FRESH : 0;
		header.virtual_client = request->virtual_client;
		header.time_ms = (uint32_t)left_ms;
		header.netfn = request->netfn;
		header.lun = request->lun;
		header.command = request->command;
		header.class = request->urgency == VIPMI_URGENCY_DEFAULT ? VIPMI_CLASS_OF_HANDLE
									 : request->urgency - 1;
		header.target_kind = request->target_kind;
		socket_begin(writer, &header);
		if (request->target_kind != VIPMI_TARGET_CONTROLLER) {
			socket_put_target(writer, request->channel, request->address);
		}
		if (request->numbered) {
			socket_put_number(writer, request->number);
		}
		socket_put(writer, VIPMI_EXTENSION_DATA, request->data, request->length);
		break;
	case CALL_SUBSCRIBE:
		subscription_put(writer, call);
		break;
	case CALL_QUERY:
		header.type = VIPMI_MESSAGE_QUERY;
		socket_begin(writer, &header);
		socket_put(writer, VIPMI_EXTENSION_TEXT, call->object, strlen(call->object));
		break;
	case CALL_RIGHTS:
		rights_put(writer, call);
		break;
	case CALL_CONTROL:
		header.type = VIPMI_MESSAGE_CONTROL;
		socket_begin(writer, &header);
		socket_put_control(writer, (enum vipmi_control)call->verb, call->argument);
		if (call->object) {
			socket_put(
				writer, VIPMI_EXTENSION_NAME, call->object, strlen(call->object));
		}
		break;
	}
}

static int encode(const struct outgoing *outgoing, uint64_t now_ns, uint8_t *bytes, size_t size)
{
	struct writer writer = writer_init(bytes, size);
	struct socket_header header = {0};
	const struct vipmi_handle *handle;
	const struct call *call;

	switch (outgoing->kind) {
	case OUTGOING_CALL:
		put_call(&writer, container_of(outgoing, struct call, out), now_ns);
		break;
	case OUTGOING_CANCEL:
		call = container_of(outgoing, struct call, cancel);
		header.type = VIPMI_MESSAGE_CANCEL;
		header.handle = call->handle->number;
		header.tag = call->tag;
		socket_begin(&writer, &header);
		break;
	case OUTGOING_CLOSE:
		handle = container_of(outgoing, struct vipmi_handle, close);
		header.type = VIPMI_MESSAGE_CLOSE;
		header.handle = handle->number;
		socket_begin(&writer, &header);
		break;
	}
	return socket_end(&writer);
}

/* 0, -EAGAIN, or why the agent cannot be reached any more. */
static int write_message(const struct vipmi *vipmi, const uint8_t *bytes, size_t length)
{
	ssize_t written;

	do {
		written = vipmi->device
				  ? write(vipmi->fd, bytes, length)
				  : send(vipmi->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (written < 0 && errno == EINTR);
	if (written < 0) {
		return errno == ENOBUFS || errno == EWOULDBLOCK ? -EAGAIN : -errno;
	}
	return 0;
}

/* It is written: what becomes of it. */
static void written(struct vipmi *vipmi, struct outgoing *outgoing)
{
	list_remove(&outgoing->on_queue);
	switch (outgoing->kind) {
	case OUTGOING_CALL:
		container_of(outgoing, struct call, out)->state = CALL_WRITTEN;
		list_push_back(&vipmi->written, &outgoing->on_queue);
		break;
	case OUTGOING_CLOSE:
		handle_free(container_of(outgoing, struct vipmi_handle, close));
		break;
	case OUTGOING_CANCEL:
		break;
	}
}

void traffic_transmit(struct vipmi *vipmi)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct list_link *link;
	uint64_t now_ns = clock_now_ns();

	while (vipmi->state == CONNECTION_UP && (link = list_first(&vipmi->outbox)) != NULL) {
		struct outgoing *outgoing = container_of(link, struct outgoing, on_queue);
		int length = encode(outgoing, now_ns, bytes, sizeof(bytes));
		/* Everything was checked to fit when it was taken up. */
		int result = length < 0 ? length : write_message(vipmi, bytes, (size_t)length);

		vipmi->full = result == -EAGAIN;
		if (result == -EAGAIN) {
			break;
		}
		if (result < 0) {
			/* What the agent said before it left decides about what it was given. */
			traffic_receive(vipmi);
			if (vipmi->state == CONNECTION_UP) {
				connection_drop(vipmi, result, NULL);
			}
			break;
		}
		written(vipmi, outgoing);
	}
}

void traffic_send(struct vipmi *vipmi, struct outgoing *outgoing)
{
	list_push_back(&vipmi->outbox, &outgoing->on_queue);
	if (!vipmi->full && !vipmi->receiving) {
		traffic_transmit(vipmi);
	}
}

int traffic_greet(struct vipmi *vipmi)
{
	static const struct socket_hello hello = {
		.lowest = VIPMI_PROTOCOL_VERSION_LOWEST,
		.highest = VIPMI_PROTOCOL_VERSION_HIGHEST,
	};
	struct socket_header header = {.type = VIPMI_MESSAGE_HELLO};
	uint8_t bytes[VIPMI_HEADER_LENGTH + VIPMI_EXTENSION_HEADER_LENGTH +
		      VIPMI_HELLO_CLIENT_LENGTH];
	struct writer writer = writer_init(bytes, sizeof(bytes));

	socket_begin(&writer, &header);
	socket_put_hello(&writer, false, &hello);
	(void)socket_end(&writer); /* the buffer has its very size */
	return write_message(vipmi, bytes, sizeof(bytes));
}

/* ---- in ---- */

static void take_error(struct vipmi *vipmi, const struct socket_message *message)
{
	char text[sizeof(vipmi->text)];
	int error = text_reason_error(message->header.reason);

	text_copy(text, sizeof(text), message->text.bytes, message->text.length);
	switch (message->header.reason) {
	case VIPMI_REASON_KICKED:
	case VIPMI_REASON_DENIED:
	case VIPMI_REASON_PROTOCOL:
	case VIPMI_REASON_UNSUPPORTED:
		/* Meant for us; to come back at once would not be. */
		connection_end(vipmi, message->header.reason,
			error == -EOPNOTSUPP ? -EPROTO : error, text);
		break;
	default:
		connection_drop(vipmi, error ? error : -ECONNRESET, text);
		break;
	}
}

static void take(struct vipmi *vipmi, const uint8_t *bytes, size_t length)
{
	struct socket_message message;
	struct call *call;
	int result = socket_decode(bytes, length, &message);

	if (result < 0) {
		connection_end(vipmi, VIPMI_REASON_PROTOCOL, -EPROTO, socket_error_text(result));
		return;
	}
	switch (message.header.type) {
	case VIPMI_MESSAGE_HELLO:
		connection_greeted(vipmi, &message);
		break;
	case VIPMI_MESSAGE_ERROR:
		take_error(vipmi, &message);
		break;
	case VIPMI_MESSAGE_EVENT:
	case VIPMI_MESSAGE_LOSS:
		handle_event(vipmi, &message);
		break;
	case VIPMI_MESSAGE_OPENED:
	case VIPMI_MESSAGE_ANSWER:
	case VIPMI_MESSAGE_DONE:
	case VIPMI_MESSAGE_ROW:
	case VIPMI_MESSAGE_END:
		/* Nobody waits for it any more: what was cancelled or closed meanwhile. */
		call = call_table_find(&vipmi->calls, message.header.tag);
		if (call) {
			call_reply(vipmi, call, &message);
		}
		break;
	default: /* CLOSED needs no words; the rest is not for clients */
		break;
	}
}

/* Fills the buffer. How many messages, 0 when there is none now, or -ENOTCONN and the like. */
static int receive_batch(struct vipmi *vipmi, size_t lengths[RECEIVE_BATCH])
{
	struct mmsghdr messages[RECEIVE_BATCH];
	struct iovec vectors[RECEIVE_BATCH];
	int count;

	if (vipmi->device) {
		ssize_t length = read(vipmi->fd, vipmi->buffer[0], VIPMI_MESSAGE_MAX);

		if (length < 0) {
			return errno == EAGAIN || errno == EINTR ? 0 : -errno;
		}
		lengths[0] = (size_t)length;
		return 1;
	}
	memset(messages, 0, sizeof(messages));
	for (int i = 0; i < RECEIVE_BATCH; i++) {
		vectors[i] = (struct iovec){vipmi->buffer[i], VIPMI_MESSAGE_MAX};
		messages[i].msg_hdr.msg_iov = &vectors[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	count = recvmmsg(vipmi->fd, messages, RECEIVE_BATCH, MSG_DONTWAIT, NULL);
	if (count < 0) {
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	}
	for (int i = 0; i < count; i++) {
		lengths[i] = messages[i].msg_len;
	}
	return count;
}

static void receive(struct vipmi *vipmi)
{
	uint32_t fd_number = vipmi->fd_number;
	size_t lengths[RECEIVE_BATCH];

	for (int round = 0; round < RECEIVE_ROUNDS_MAX; round++) {
		int count = receive_batch(vipmi, lengths);

		if (count < 0) {
			connection_drop(vipmi, count, NULL);
			return;
		}
		for (int i = 0; i < count; i++) {
			if (lengths[i] == 0) { /* the end: no message of ours is empty */
				connection_drop(vipmi, -ECONNRESET, NULL);
				return;
			}
			take(vipmi, vipmi->buffer[i], lengths[i]);
			if (vipmi->fd < 0 || vipmi->fd_number != fd_number) {
				return;
			}
		}
		if (count < (vipmi->device ? 1 : RECEIVE_BATCH)) {
			return;
		}
	}
}

void traffic_receive(struct vipmi *vipmi)
{
	vipmi->receiving = true;
	receive(vipmi);
	vipmi->receiving = false;
}
