/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a virtual controller answers by itself, because the real thing belongs to
 * everybody: message flags and queues (IPMI 2.0 sections 22.3 to 22.8). Where the
 * agent fetches for all, a virtual controller's own queues are empty: nothing is
 * ever flushed or eaten by a client.
 */
#include "core/private.h"

/* Answered at once, in place of the controller. */
static bool answer(struct core *core, struct core_request *request, uint8_t cc, const uint8_t *data,
	size_t length)
{
	request_answer(
		core, request, cc, VIPMI_ORIGIN_AGENT, VIPMI_REASON_NOT_CARRIED, data, length);
	return true;
}

static bool answer_well(
	struct core *core, struct core_request *request, const uint8_t *data, size_t length)
{
	request_answer(
		core, request, VIPMI_CC_OK, VIPMI_ORIGIN_AGENT, VIPMI_REASON_NONE, data, length);
	return true;
}

bool virtual_answer(struct core *core, struct core_request *request)
{
	static const uint8_t no_flags[] = {0};
	uint8_t *data = request_data(core, request);

	if (request->target_kind != VIPMI_TARGET_CONTROLLER || request->netfn != VIPMI_NETFN_APP ||
		!core->link.owns_flags) {
		return false;
	}
	switch (request->command) {
	case 0x2E: /* Set BMC Global Enables: what the agent lives on stays on */
		if (request->length > 0) {
			data[0] |= CORE_ENABLES;
		}
		return false;
	case 0x30: /* Clear Message Flags */
		return request->length == 1
			       ? answer_well(core, request, NULL, 0)
			       : answer(core, request, VIPMI_CC_LENGTH_INVALID, NULL, 0);
	case 0x31: /* Get Message Flags */
		return answer_well(core, request, no_flags, sizeof(no_flags));
	case 0x33: /* Get Message */
	case 0x35: /* Read Event Message Buffer */
		return answer(core, request, CORE_CC_EMPTY, NULL, 0);
	case 0x34: /* Send Message: requests to responders are what targets are for */
		return answer(core, request, VIPMI_CC_INVALID_FIELD, NULL, 0);
	default:
		return false;
	}
}
