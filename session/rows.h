/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Listings: what a QUERY may name, and its rows. Private to session/.
 */
#ifndef VIPMI_SESSION_ROWS_H
#define VIPMI_SESSION_ROWS_H

#include "session/session.h"

/* Longest text of a reply or a row: more is cut, so that each fits its message. */
#define SESSION_TEXT_MAX 200

static inline size_t session_text_length(const char *text, size_t most)
{
	size_t length = 0;

	while (length < most && text[length]) {
		length++;
	}
	return length;
}

/* SESSION_OBJECT_NONE when there is no such listing. */
enum session_object session_object_named(const uint8_t *name, size_t length);

/* VIPMI_CAPABILITY_* of the link as it stands. */
uint32_t session_capabilities(const struct core_status *status);

#endif
