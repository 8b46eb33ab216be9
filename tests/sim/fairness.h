/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef VIPMI_TESTS_SIM_FAIRNESS_H
#define VIPMI_TESTS_SIM_FAIRNESS_H

#include "tests/sim/sim.h"

/* A TRANSMIT was pulled; its request, if it is somebody's, does not count as sent yet. */
void fairness_transmit(struct sim *sim, struct sim_transmission *transmission);
/* Its response came. */
void fairness_received(struct sim *sim, const struct sim_transmission *transmission, uint8_t cc);
/* The attention signal rose. */
void fairness_attention(struct sim *sim);

#endif
