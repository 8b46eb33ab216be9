/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies: what the agent says about an operation. Private to session/.
 */
#ifndef VIPMI_SESSION_REPLY_H
#define VIPMI_SESSION_REPLY_H

#include "session/session.h"

/* What a negative errno of the core means to a client; 0 is VIPMI_REASON_NONE. */
enum vipmi_reason reply_reason(int error);

/* For a person; NULL where there is nothing to say. */
const char *reply_reason_text(enum vipmi_reason reason);

/* Begins a reply that echoes tag, handle and virtual client; `reply` is VIPMI_MESSAGE_MAX long. */
void reply_begin(struct writer *writer, uint8_t *reply, const struct socket_header *asked,
	enum vipmi_message_type type, enum vipmi_reason reason);

/* A text, or nothing for NULL. */
void reply_text(struct writer *writer, const char *text);

/* Ends a message that fits by construction: fixed fields and short texts of our own. */
int reply_end(struct writer *writer);

/* A whole reply; its length. */
int reply_plain(const struct socket_header *asked, enum vipmi_message_type type,
	enum vipmi_reason reason, const char *text, uint8_t *reply);

/* DONE, with what the core said. */
int reply_done(const struct socket_header *asked, int result, uint8_t *reply);

#endif
