/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Subscriptions, as a client asks for them. Private to session/.
 */
#ifndef VIPMI_SESSION_SUBSCRIBE_H
#define VIPMI_SESSION_SUBSCRIBE_H

#include "session/session.h"

/* SUBSCRIBE: the length of its DONE. */
int subscribe_begin(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply);

/* UNSUBSCRIBE: likewise. */
int subscribe_end(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply);

/* What VIPMI_OPTION_EVENTS says: events and unclaimed requests from now on, or nothing. What the
 * core said. */
int subscribe_plain(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, bool wanted);

#endif
