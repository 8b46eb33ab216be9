/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VIPMI_TESTS_SIM_SUBSCRIPTIONS_H
#define VIPMI_TESTS_SIM_SUBSCRIPTIONS_H

#include "tests/sim/messages.h"

/* Whose a new message is, if somebody subscribed to it exclusively; or SIM_NONE. */
uint32_t subscriptions_holder(struct sim *sim, const struct sim_message *message, bool *ret_unsure);
/* What the core lists says whose it is. */
void subscriptions_settle_holder(struct sim *sim, struct sim_message *message, uint32_t holder);
/* From now on the handle gets, or does not get, the incoming requests that it holds. */
void subscriptions_receive(struct sim *sim, uint32_t handle, bool receives);
/* How the delivery of a message or a loss went. */
void subscriptions_done(struct sim *sim, uint32_t handle, int result);

#endif
