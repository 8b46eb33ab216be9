// SPDX-License-Identifier: BSD-2-Clause
/*
 * What lower sides share: they wake the pump, and know which channels are an IPMB.
 */
#include "module/lower.h"

#include "module/vipmi.h"

/* IPMI 2.0 section 22.24, table 6-3: the medium of an IPMB channel; the response is completion
 * code, channel, medium, ... */
#define MEDIUM_IPMB 1
#define MEDIUM_MASK 0x7F
#define CHANNEL_INFO_MEDIUM 2
/* As long as the kernel's IPMI layer would try. */
#define MEDIUM_WAIT_MS 12000

void lower_init(struct lower *lower, const struct lower_ops *ops, struct controller *controller)
{
	lower->ops = ops;
	lower->controller = controller;
	mutex_init(&lower->media_mutex);
	init_completion(&lower->medium);
	lower_media_forget(lower);
	controller->lower = lower;
}

void lower_wake(struct lower *lower)
{
	controller_wake(lower->controller);
}

void lower_media_forget(struct lower *lower)
{
	lower->media_known = lower->media_ipmb = 1; /* channel 0 is one (table 6-1) */
}

void lower_medium_learned(struct lower *lower, short channel, const u8 *data, size_t length)
{
	if (length > CHANNEL_INFO_MEDIUM && data[0] == VIPMI_CC_OK &&
		(data[CHANNEL_INFO_MEDIUM] & MEDIUM_MASK) == MEDIUM_IPMB) {
		lower->media_ipmb |= BIT(channel);
	}
	lower->media_known |= BIT(channel);
	complete(&lower->medium);
}

bool lower_is_ipmb(struct lower *lower, short channel)
{
	if (channel < 0 || channel >= IPMI_BMC_CHANNEL) {
		return false;
	}
	mutex_lock(&lower->media_mutex);
	if (!(READ_ONCE(lower->media_known) & BIT(channel))) {
		reinit_completion(&lower->medium);
		if (lower->ops->medium_ask(lower, channel) == 0) {
			/* Where nobody answers it is none, and the next one asks anew. */
			(void)wait_for_completion_interruptible_timeout(
				&lower->medium, msecs_to_jiffies(MEDIUM_WAIT_MS));
		}
	}
	mutex_unlock(&lower->media_mutex);
	return READ_ONCE(lower->media_ipmb) & BIT(channel);
}
