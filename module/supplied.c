// SPDX-License-Identifier: BSD-2-Clause
/*
 * Messages for the kernel's IPMI layer that are there already.
 */
#include "module/supplied.h"

#include <linux/bitops.h>
#include <linux/delay.h>

/* How often an unloading module looks whether the last message is back. */
#define BACK_POLL_MS 5

static void down_done(struct ipmi_smi_msg *message)
{
	clear_bit_unlock(0, &container_of(message, struct supplied_down, message)->taken);
}

static void up_done(struct ipmi_recv_msg *message)
{
	clear_bit_unlock(0, &container_of(message, struct supplied_up, message)->taken);
}

void supplied_init(struct supplied *supplied)
{
	int i;

	for (i = 0; i < SUPPLIED_COUNT; i++) {
		supplied->down[i].message = (struct ipmi_smi_msg)INIT_IPMI_SMI_MSG(down_done);
		supplied->up[i].message = (struct ipmi_recv_msg)INIT_IPMI_RECV_MSG(up_done);
	}
}

static struct supplied_down *down_take(struct supplied *supplied)
{
	int i;

	for (i = 0; i < SUPPLIED_COUNT; i++) {
		if (!test_and_set_bit_lock(0, &supplied->down[i].taken)) {
			return &supplied->down[i];
		}
	}
	return NULL;
}

static struct supplied_up *up_take(struct supplied *supplied)
{
	int i;

	for (i = 0; i < SUPPLIED_COUNT; i++) {
		if (!test_and_set_bit_lock(0, &supplied->up[i].taken)) {
			/* Whose the last one was is not told where this one is refused. */
			supplied->up[i].message.user = NULL;
			return &supplied->up[i];
		}
	}
	return NULL;
}

int supplied_request(struct supplied *supplied, struct ipmi_user *user, struct ipmi_addr *address,
	long msgid, struct kernel_ipmi_msg *message, int priority)
{
	struct supplied_down *down = down_take(supplied);
	struct supplied_up *up = up_take(supplied);
	int result = ipmi_request_supply_msgs(user, address, msgid, message, NULL,
		down ? &down->message : NULL, up ? &up->message : NULL, priority);

	if (result) {
		/* Some kernels give back what they refuse, some do not. */
		if (down) {
			clear_bit_unlock(0, &down->taken);
		}
		if (up) {
			clear_bit_unlock(0, &up->taken);
		}
	}
	return result;
}

static bool all_back(const struct supplied *supplied)
{
	int i;

	for (i = 0; i < SUPPLIED_COUNT; i++) {
		if (test_bit(0, &supplied->down[i].taken) || test_bit(0, &supplied->up[i].taken)) {
			return false;
		}
	}
	return true;
}

void supplied_finish(struct supplied *supplied)
{
	while (!all_back(supplied)) {
		msleep(BACK_POLL_MS);
	}
}
