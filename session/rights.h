/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rights that a client asks for: commands for itself alone, sequence numbers.
 * Private to session/.
 */
#ifndef VIPMI_SESSION_RIGHTS_H
#define VIPMI_SESSION_RIGHTS_H

#include "session/session.h"

/* Each returns the length of the DONE to send. */
int rights_reserve(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply);
int rights_release(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply);
int rights_sequence_reserve(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply);
int rights_sequence_free(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, uint8_t *reply);

/* The driver's maintenance mode for a handle, which is an administrator's to ask for; 0 or a
 * negative errno. */
int rights_maintenance(struct session *session, const struct session_host *host,
	struct session_scratch *scratch, bool wanted);

/* An administrator's word against a reservation, by its number; 0 or a negative errno. */
int rights_revoke(
	const struct session_host *host, struct session_scratch *scratch, uint32_t number);

#endif
