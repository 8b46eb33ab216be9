/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulator's own requests (ipmi/chassis_control.h): what it shows of the
 * chassis, and what it does to it when told. No board takes part in answering.
 */
#ifndef VIPMI_CHASSIS_CONTROL_H
#define VIPMI_CHASSIS_CONTROL_H

#include "chassis/backplane.h"

/* What the requests are about. */
struct control {
	struct backplane *backplane;
	struct faults *faults;
	uint64_t seed, started_ns;
};

/* Answers a request at the system interface. False: it is none of these. The completion code is in
 * *ret_cc, the rest in the response. */
bool control_execute(struct control *control, const struct exchange *exchange, uint8_t *ret_cc,
	struct writer *response);

/* Does what a line of text says. */
void control_obey(struct control *control, const char *line, size_t length, uint64_t now_ns,
	struct chassis_control_result *ret_result);

/* ---- control_show.c ---- */

/* NULL when there is no such place. */
struct slot *control_slot(struct control *control, uint8_t place);
/* The controller of the board that is in there now, or NULL. */
struct controller *control_controller(struct control *control, uint8_t place);
/* enum chassis_kind */
uint8_t control_kind(const struct board *board);
/* The byte that comes nearest to a reading in thousandths; false: none does. */
bool control_raw(const struct board_sensor *sensor, int32_t milli, uint8_t *ret_raw);
/* Answers everything but orders. The length, or negative: there is no such thing. */
int control_show(struct control *control, const struct chassis_control_request *request,
	uint64_t now_ns, uint8_t *data, size_t size);

#endif
