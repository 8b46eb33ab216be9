/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The simulated chassis: a node card's management controller and those that its
 * IPMB reaches: one satellite, or a whole drawer of 21 slots. Pure: the time comes
 * in with every call, the same seed and the same calls give the same world.
 *
 * Like a KCS interface the card's controller takes one request at a time; whoever
 * wants a queue brings it. The caller's loop:
 *
 *	chassis_request(chassis, now, &request);        when chassis_ready()
 *	while (chassis_next(chassis, now, &output)) {
 *		... a response, the attention signal, the host's power ...
 *	}
 *	sleep until chassis_deadline(chassis) or the next request
 *
 * One caller at a time. No call blocks, allocates or calls back.
 */
#ifndef VIPMI_CHASSIS_CHASSIS_H
#define VIPMI_CHASSIS_CHASSIS_H

#include "base/compat.h"
#include "ipmi/chassis_scenario.h"

struct chassis;

/* How often the controller misbehaves, in percent of the requests. Tests ask for it. */
struct chassis_faults {
	bool silent;      /* takes requests and answers none */
	uint8_t drop;     /* the answer is lost */
	uint8_t garble;   /* what arrives is no message */
	uint8_t late;     /* the answer takes late_ms more */
	uint8_t busy;     /* C0, and nothing was done */
	uint32_t late_ms; /* 0 = CHASSIS_LATE_DEFAULT_MS */
};

/* Past the service time-out that everybody uses for KCS (5 s). */
#define CHASSIS_LATE_DEFAULT_MS 7000u

/* Slowest world that makes sense: a command of 6 ms then takes a minute. */
#define CHASSIS_SERVICE_PERCENT_MAX 1000000u

/* Longer paths can be reached by a shorter one. */
#define CHASSIS_PATH_MAX 255u

struct chassis_options {
	uint64_t seed;
	uint32_t service_percent; /* 100 = like KCS, 2 to 6 ms a command; 0 = at once */
	uint32_t epoch_s;         /* wall clock at init, seconds since 1970 */
	bool drawer;              /* 21 slots full of boards; otherwise a card and a satellite */
	uint8_t role;             /* enum chassis_role; peripheral only in a drawer */
	uint8_t slot;             /* of our own card in a drawer, 3 to 20 */
	bool freeze; /* readings and the SEL clock stand still, so that output can be compared */
	struct chassis_faults faults;
	/* A file for chassis_play, or "": the chassis is pure, its owner reads it. */
	char scenario[CHASSIS_PATH_MAX + 1];
};

/* 100 percent, no faults, seed 1, a fixed date. */
void chassis_options_init(struct chassis_options *options);

/*
 * Reads "service=0,seed=7,freeze,drop=5" into the options, which keep what the
 * text does not name. 0, or -EINVAL with a clear line in `error`. NULL and "" are
 * fine. What may be said is in CHASSIS_OPTIONS_USAGE.
 */
int chassis_options_parse(
	struct chassis_options *options, const char *text, char *error, size_t error_size);

#define CHASSIS_OPTIONS_USAGE                                                                      \
	"service=PERCENT, seed=N, freeze, silent, drop=PERCENT, garble=PERCENT, busy=PERCENT, "    \
	"late=PERCENT, late_ms=MS, drawer, role=bmc|peripheral, slot=3..20, scenario=FILE"

/* Bytes of memory that chassis_init needs for such a chassis. */
size_t chassis_size(const struct chassis_options *options);

/*
 * Makes a chassis in the caller's memory, aligned to 16 bytes, which must stay
 * put. There is nothing to finish. -EINVAL: too little memory, or an option out of range.
 */
int chassis_init(void *memory, size_t size, const struct chassis_options *options, uint64_t now_ns,
	struct chassis **ret_chassis);

/*
 * From now on does what the scenario says (ipmi/chassis_scenario.h), each order at its time, and
 * tells each as an output. One that is refused ends it. The text must stay put. 0; -EINVAL with
 * what is wrong in *ret_line: then nothing is done.
 */
int chassis_play(struct chassis *chassis, const char *text, size_t length, uint64_t now_ns,
	uint32_t *ret_line, char error[CHASSIS_ERROR_SIZE]);

/* Changes how it misbehaves, from the next request on. */
void chassis_set_faults(struct chassis *chassis, const struct chassis_faults *faults);

struct chassis_request {
	uint8_t netfn, lun, command; /* netFn even */
	const uint8_t *data;
	size_t length;
};

/* Whether a request would be taken now. */
bool chassis_ready(const struct chassis *chassis);

/*
 * A request at the system interface. 0: it was taken and copied; its response
 * comes from chassis_next when it is due (at once with service_percent 0), or
 * never if a fault swallowed it. -EBUSY: one is in hand. -EMSGSIZE: longer than
 * VIPMI_DATA_MAX. -EINVAL: odd netFn.
 */
int chassis_request(
	struct chassis *chassis, uint64_t now_ns, const struct chassis_request *request);

enum chassis_output_type {
	CHASSIS_OUTPUT_RESPONSE,
	CHASSIS_OUTPUT_STEP,      /* `step` of a scenario was done, or refused */
	CHASSIS_OUTPUT_ATTENTION, /* `asserted`: the attention signal (SMS_ATN) changed */
	CHASSIS_OUTPUT_INTERRUPT, /* `asserted`: system software enabled or disabled interrupts */
	CHASSIS_OUTPUT_CONTROLLER_RESET, /* it restarted and forgot what was volatile */
	/* What the controller does to the host. */
	CHASSIS_OUTPUT_POWER_OFF,
	CHASSIS_OUTPUT_POWER_ON,
	CHASSIS_OUTPUT_POWER_CYCLE,
	CHASSIS_OUTPUT_HARD_RESET,
	CHASSIS_OUTPUT_NMI,
	CHASSIS_OUTPUT_SOFT_SHUTDOWN,
	CHASSIS_OUTPUT_COUNT
};

struct chassis_output {
	enum chassis_output_type type;
	bool asserted;
	/* RESPONSE */
	bool garbled;                /* hand it over as something that is no message */
	uint8_t netfn, lun, command; /* netFn odd */
	const uint8_t *data;         /* completion code first; good until the next request */
	size_t length;
	/* STEP; good until the next chassis_next */
	const struct chassis_step *step;
	const struct chassis_control_result *result;
};

/* Lets the time pass and pulls the next output that is due; false when there is none. */
bool chassis_next(struct chassis *chassis, uint64_t now_ns, struct chassis_output *ret_output);

/* When chassis_next may have something again, or TIME_NEVER. 0: it has something now. */
uint64_t chassis_deadline(const struct chassis *chassis);

/* The IPMB address of the controller whose system interface this is. */
uint8_t chassis_address(const struct chassis *chassis);

/* How many messages its Receive Message Queue holds. */
uint8_t chassis_receive_max(const struct chassis *chassis);

/* The attention signal as last reported, for a peer that connects. */
bool chassis_attention(const struct chassis *chassis);

/* What happened in there, for a person. */
struct chassis_counts {
	uint64_t requests, responses, bridged, faults;
	uint16_t sel_entries, queued;
	bool power_on, watchdog_running;
};

void chassis_status(const struct chassis *chassis, struct chassis_counts *ret_status);

#endif
