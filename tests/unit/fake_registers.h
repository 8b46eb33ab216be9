/* SPDX-License-Identifier: BSD-2-Clause */
/* Stands in for links/registers.c: the controller's side of KCS in this very process. */
#ifndef VIPMI_TESTS_FAKE_REGISTERS_H
#define VIPMI_TESTS_FAKE_REGISTERS_H

#include <stdbool.h>
#include <stdint.h>

#include "ipmi/kcs.h"

struct fake_registers {
	struct kcs_controller controller;
	uint8_t response[KCS_MESSAGE_MAX];
	uint16_t response_length;
	bool absent;          /* nothing is there */
	bool stuck;           /* it takes no byte any more */
	bool silent;          /* it executes and never answers */
	unsigned fail_after;  /* falls into its error state after so many responses' first bytes */
	unsigned fail_before; /* likewise, before it has the whole request */
	unsigned executed;    /* requests */
	unsigned looks;       /* reads of the status */
};

extern struct fake_registers fake_registers;

#endif
