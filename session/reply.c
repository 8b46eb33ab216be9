/* SPDX-License-Identifier: BSD-2-Clause */
#include "session/reply.h"

#include "base/assert.h"
#include "session/rows.h"

void reply_text(struct writer *writer, const char *text)
{
	if (text) {
		socket_put(writer, VIPMI_EXTENSION_TEXT, text,
			session_text_length(text, SESSION_TEXT_MAX));
	}
}

int reply_end(struct writer *writer)
{
	int length = socket_end(writer);

	BASE_ASSERT(length > 0);
	return length > 0 ? length : 0;
}

void reply_begin(struct writer *writer, uint8_t *reply, const struct socket_header *asked,
	enum vipmi_message_type type, enum vipmi_reason reason)
{
	const struct socket_header header = {
		.type = (uint8_t)type,
		.tag = asked->tag,
		.handle = asked->handle,
		.virtual_client = asked->virtual_client,
		.reason = (uint8_t)reason,
	};

	*writer = writer_init(reply, VIPMI_MESSAGE_MAX);
	socket_begin(writer, &header);
}

int reply_plain(const struct socket_header *asked, enum vipmi_message_type type,
	enum vipmi_reason reason, const char *text, uint8_t *reply)
{
	struct writer writer;

	reply_begin(&writer, reply, asked, type, reason);
	reply_text(&writer, text);
	return reply_end(&writer);
}

enum vipmi_reason reply_reason(int error)
{
	switch (error) {
	case 0:
		return VIPMI_REASON_NONE;
	case -ENOSPC:
		return VIPMI_REASON_FULL;
	case -ESTALE:
		return VIPMI_REASON_STALE;
	case -EMSGSIZE:
		return VIPMI_REASON_TOO_LONG;
	case -ENOENT:
		return VIPMI_REASON_NOT_FOUND;
	case -EBUSY:
		return VIPMI_REASON_RESERVED;
	case -EPERM:
		return VIPMI_REASON_DENIED;
	case -EOPNOTSUPP:
		return VIPMI_REASON_UNSUPPORTED;
	case -ETIMEDOUT:
		return VIPMI_REASON_EXPIRED;
	case -ENETDOWN:
		return VIPMI_REASON_LINK_DOWN;
	default:
		return VIPMI_REASON_PROTOCOL;
	}
}

const char *reply_reason_text(enum vipmi_reason reason)
{
	switch (reason) {
	case VIPMI_REASON_EXPIRED:
		return "its time is over";
	case VIPMI_REASON_FULL:
		return "a limit is reached";
	case VIPMI_REASON_STALE:
		return "the handle is not one of this connection";
	case VIPMI_REASON_TOO_LONG:
		return "more data than a message may have";
	case VIPMI_REASON_NOT_FOUND:
		return "no such thing";
	case VIPMI_REASON_RESERVED:
		return "somebody else holds it";
	case VIPMI_REASON_DENIED:
		return "not allowed";
	case VIPMI_REASON_UNSUPPORTED:
		return "not known here";
	case VIPMI_REASON_LINK_DOWN:
		return "the controller is not there";
	case VIPMI_REASON_PROTOCOL:
		return "a field is out of range";
	default:
		return NULL;
	}
}

int reply_done(const struct socket_header *asked, int result, uint8_t *reply)
{
	enum vipmi_reason reason = reply_reason(result);

	return reply_plain(asked, VIPMI_MESSAGE_DONE, reason, reply_reason_text(reason), reply);
}
