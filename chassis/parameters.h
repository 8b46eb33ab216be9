/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the configuration commands of LAN, SOL, PEF, boot options and system info
 * have in common: numbered parameters, some of them tables with a set and a block
 * selector, and parameter 0, the "set in progress" lock.
 */
#ifndef VIPMI_CHASSIS_PARAMETERS_H
#define VIPMI_CHASSIS_PARAMETERS_H

#include "chassis/controller.h"

/* Command-specific completion codes of all of them (IPMI 2.0 sections 23, 26, 28, 30). */
#define CC_PARAMETER_UNSUPPORTED 0x80
#define CC_SET_IN_PROGRESS 0x81
#define CC_READ_ONLY 0x82

/* Revision of the parameters: present 1.1, compatible with 1.1. */
#define PARAMETER_REVISION 0x11
/* Get, byte of the selector: only the revision, please. */
#define PARAMETER_REVISION_ONLY 0x80

#define PARAMETER_READ_ONLY 0x01
#define PARAMETER_SHORTER 0x02    /* fewer bytes may be written; the rest become 0 */
#define PARAMETER_FIRST_ONLY 0x04 /* `initial` is of the first item only; the others are 0 */

struct parameter {
	uint8_t selector, length, flags;
	uint8_t keys;           /* selectors in front of the data: none, set, set and block */
	uint8_t first, sets;    /* set selectors first to first + sets - 1; 0 sets are one */
	uint8_t blocks;         /* block selectors 1 to blocks; 0 blocks are one */
	uint8_t alias;          /* the beginning of that parameter's data; 0 = data of its own */
	const uint8_t *initial; /* of each item, `length` bytes; NULL = zeros */
};

struct parameter_table {
	const struct parameter *entries;
	uint8_t count;
};

extern const struct parameter_table lan_parameters, sol_parameters, pef_parameters, boot_parameters,
	system_info_parameters;

/* Writes the data of one parameter, with its selectors in front. Returns a completion code. */
uint8_t parameters_get(const struct parameters *parameters, uint8_t selector, uint8_t set,
	uint8_t block, struct writer *response);

/* Takes the rest of the request as one parameter's data. Returns a completion code. */
uint8_t parameters_set(struct parameters *parameters, uint8_t selector, struct reader *request);

/* The data of an item in place, for what the controller itself knows; NULL when there is none. */
uint8_t *parameters_item(const struct parameters *parameters, uint8_t selector, uint8_t set);

#endif
