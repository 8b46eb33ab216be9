/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What somebody may ask whose privilege an administrator limited.
 */
#ifndef VIPMI_IPMI_PRIVILEGE_H
#define VIPMI_IPMI_PRIVILEGE_H

#include "ipmi/command.h"

/*
 * The privilege that a request to the controller needs, by IPMI 2.0 appendix G: USER, OPERATOR
 * or ADMINISTRATOR. Send Message needs what the request in it does; what cannot be looked into, and
 * what the table does not have, is the administrator's. What a session may not send at all needs no
 * more than USER where each virtual controller has its own of it. Any input.
 */
enum ipmi_privilege ipmi_privilege_needed(
	uint8_t netfn, uint8_t command, const uint8_t *data, size_t length);

#endif
