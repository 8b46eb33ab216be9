/* SPDX-License-Identifier: BSD-2-Clause */
/* The controller's own message state, as far as whoever owns its flags asks for it. */
#include "tests/scenario/stage.h"

void stage_receive(
	struct stage *stage, const struct words *words, const uint8_t *bytes, size_t length)
{
	if (stage->queue_count == STAGE_QUEUE_MAX || length > sizeof(stage->queue[0].bytes)) {
		words_fail(words, "the receive queue is full");
	}
	memcpy(stage->queue[stage->queue_count].bytes, bytes, length);
	stage->queue[stage->queue_count++].length = length;
	stage_attention(stage, words);
	stage_pump(stage, words);
}

void stage_event(struct stage *stage, const struct words *words, const uint8_t *event)
{
	memcpy(stage->event, event, sizeof(stage->event));
	stage->event_waiting = true;
	stage_attention(stage, words);
	stage_pump(stage, words);
}

/* IPMI 2.0 sections 22.1 to 22.8, as far as a core that owns the flags asks. Returns the length of
 * the answer, completion code first. */
size_t controller_answer(struct stage *stage, const struct core_transmit *transmit, uint8_t *out)
{
	out[0] = VIPMI_CC_OK;
	switch (transmit->command) {
	case 0x2E: /* Set BMC Global Enables */
		stage->enables = transmit->length ? transmit->data[0] : 0;
		return 1;
	case 0x2F: /* Get BMC Global Enables */
		out[1] = stage->enables;
		return 2;
	case 0x31: /* Get Message Flags */
		out[1] = (uint8_t)((stage->queue_count > 0) | stage->event_waiting << 1);
		return 2;
	case 0x33: /* Get Message */
		if (stage->queue_count == 0) {
			out[0] = 0x80;
			return 1;
		}
		memcpy(out + 1, stage->queue[0].bytes, stage->queue[0].length);
		{
			size_t length = 1 + stage->queue[0].length;

			stage->queue_count--;
			memmove(stage->queue, stage->queue + 1,
				(size_t)stage->queue_count * sizeof(stage->queue[0]));
			return length;
		}
	case 0x35: /* Read Event Message Buffer */
		if (!stage->event_waiting) {
			out[0] = 0x80;
			return 1;
		}
		stage->event_waiting = false;
		memcpy(out + 1, stage->event, sizeof(stage->event));
		return 1 + sizeof(stage->event);
	default: /* Clear Message Flags, Enable Message Channel Receive, an answer sent */
		return 1;
	}
}

bool controller_is_housekeeping(const struct stage *stage, const struct core_transmit *transmit)
{
	if (transmit->netfn != VIPMI_NETFN_APP) {
		return false;
	}
	switch (transmit->command) {
	case 0x2E:
	case 0x2F:
	case 0x30:
	case 0x31:
	case 0x32:
	case 0x33:
	case 0x35:
		return true;
	case 0x34: /* Send Message of a response: to an incoming request */
		return !stage->responses_shown && transmit->length > 2 && transmit->data[1] != 0 &&
		       (transmit->data[2] >> 2 & 1);
	default:
		return false;
	}
}
