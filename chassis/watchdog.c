/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The watchdog timer (IPMI 2.0 section 27).
 */
#include "chassis/handlers.h"

#include "base/divide.h"

/* Byte 1: [2:0] use, 6 do not stop (Set) or running (Get), 7 do not log. */
#define USE_MASK 0x07
#define USE_SYSTEM_SOFTWARE 4
#define USE_MAX 5
#define DONT_STOP 0x40
#define RUNNING 0x40
#define DONT_LOG 0x80
/* Byte 2: [2:0] action, [6:4] pre-timeout interrupt. */
#define ACTION_MASK 0x07
#define ACTION_MAX 3
#define PRETIMEOUT_SHIFT 4
#define PRETIMEOUT_NONE 0
#define PRETIMEOUT_NMI 2
#define PRETIMEOUT_MESSAGING 3

#define CC_NOT_INITIALIZED 0x80
#define COUNT_NS (100 * NSEC_PER_MSEC_U64)

/* States of a Watchdog 2 sensor (IPMI 2.0 table 42-3, type 23h): the action, and: */
#define STATE_TIMER_INTERRUPT 8
#define RESTART_CAUSE_WATCHDOG 0x04

void watchdog_init(struct controller *controller)
{
	/* A use must be named even before the first Set: tools send it back. */
	controller->watchdog = (struct watchdog){.use = USE_SYSTEM_SOFTWARE};
}

static uint64_t pretimeout_ns(const struct watchdog *watchdog)
{
	return watchdog->expires_ns - watchdog->pretimeout_s * NSEC_PER_SEC_U64;
}

static bool pretimeout_wanted(const struct watchdog *watchdog)
{
	return (watchdog->action >> PRETIMEOUT_SHIFT & 0x07) != PRETIMEOUT_NONE &&
	       watchdog->pretimeout_s > 0 && !watchdog->pretimeout_done;
}

static void start(struct controller *controller, uint64_t now_ns)
{
	struct watchdog *watchdog = &controller->watchdog;

	watchdog->running = true;
	watchdog->pretimeout_done = false;
	watchdog->expires_ns = now_ns + watchdog->count * COUNT_NS;
	controller_due(controller, watchdog->expires_ns);
	if (pretimeout_wanted(watchdog)) {
		controller_due(controller, pretimeout_ns(watchdog));
	}
}

/* What is left of the countdown, in its units. */
static uint16_t left(const struct watchdog *watchdog, uint64_t now_ns)
{
	if (!watchdog->running) {
		return watchdog->left;
	}
	if (now_ns >= watchdog->expires_ns) {
		return 0;
	}
	return (uint16_t)divide_u64(
		watchdog->expires_ns - now_ns + COUNT_NS - 1, (uint32_t)COUNT_NS, NULL);
}

/* IPMI 2.0 table 42-3: ED2 says which interrupt and which use it was. */
static void tell(struct controller *controller, uint8_t offset, uint64_t now_ns)
{
	const struct watchdog *watchdog = &controller->watchdog;
	struct sensor *sensor = sensor_find(controller, controller->board->watchdog_sensor);
	uint8_t data[3] = {0xC0 | offset,
		(uint8_t)((watchdog->action & 0x70) | (watchdog->use & USE_MASK)), 0xFF};

	if (!sensor) {
		return;
	}
	sensor->states |= (uint16_t)(1u << offset);
	sensor->assertions |= (uint16_t)(1u << offset);
	if (!(watchdog->use & DONT_LOG) && sensor->assertions_on & 1u << offset && sensor->events) {
		event_emit(controller, sensor->board, false, data, now_ns);
	}
}

static void expire(struct controller *controller, uint64_t now_ns)
{
	static const enum chassis_output_type outputs[] = {CHASSIS_OUTPUT_COUNT,
		CHASSIS_OUTPUT_HARD_RESET, CHASSIS_OUTPUT_POWER_OFF, CHASSIS_OUTPUT_POWER_CYCLE};
	struct watchdog *watchdog = &controller->watchdog;
	uint8_t action = watchdog->action & ACTION_MASK;

	watchdog->running = false;
	watchdog->left = 0;
	watchdog->expired |= (uint8_t)(1u << (watchdog->use & USE_MASK));
	tell(controller, action, now_ns); /* states 0 to 3 are named after the actions */
	if (action != 0) {
		power_act(controller, outputs[action], RESTART_CAUSE_WATCHDOG, now_ns);
	}
	/* IPMI 2.0 section 27.7: "don't log" ends with the expiration. */
	watchdog->use &= (uint8_t)~DONT_LOG;
}

static void pretimeout(struct controller *controller, uint64_t now_ns)
{
	struct watchdog *watchdog = &controller->watchdog;
	uint8_t interrupt = watchdog->action >> PRETIMEOUT_SHIFT & 0x07;

	watchdog->pretimeout_done = true;
	if (interrupt == PRETIMEOUT_MESSAGING) {
		controller->messaging.flags |= FLAG_PRETIMEOUT;
	} else if (interrupt == PRETIMEOUT_NMI) {
		controller_output(controller, CHASSIS_OUTPUT_NMI);
	}
	tell(controller, STATE_TIMER_INTERRUPT, now_ns);
}

void watchdog_step(struct controller *controller, uint64_t now_ns)
{
	struct watchdog *watchdog = &controller->watchdog;

	if (!watchdog->running) {
		return;
	}
	if (pretimeout_wanted(watchdog)) {
		if (now_ns >= pretimeout_ns(watchdog)) {
			pretimeout(controller, now_ns);
		} else {
			controller_due(controller, pretimeout_ns(watchdog));
		}
	}
	if (now_ns >= watchdog->expires_ns) {
		expire(controller, now_ns);
	} else {
		controller_due(controller, watchdog->expires_ns);
	}
}

/* The sensor forgets the last expiration when the timer is set or started anew. */
static void clear_sensor(struct controller *controller)
{
	struct sensor *sensor = sensor_find(controller, controller->board->watchdog_sensor);

	if (sensor) {
		sensor->states = 0;
		sensor->assertions = 0;
	}
}

uint8_t watchdog_reset(struct controller *controller, struct exchange *exchange)
{
	struct watchdog *watchdog = &controller->watchdog;

	if (!watchdog->initialized) {
		return CC_NOT_INITIALIZED;
	}
	/* After the pre-timeout interrupt only a Set helps (IPMI 2.0 section 27.5). */
	if (watchdog->running && watchdog->pretimeout_done) {
		return VIPMI_CC_NOT_IN_STATE;
	}
	clear_sensor(controller);
	start(controller, exchange->now_ns);
	return VIPMI_CC_OK;
}

uint8_t watchdog_set(struct controller *controller, struct exchange *exchange)
{
	struct watchdog *watchdog = &controller->watchdog;
	uint8_t use = reader_u8(&exchange->request), action = reader_u8(&exchange->request);
	uint8_t pretimeout_s = reader_u8(&exchange->request);
	uint8_t clear = reader_u8(&exchange->request);
	uint16_t count = reader_u16le(&exchange->request);
	bool running = watchdog->running && use & DONT_STOP;

	if ((use & USE_MASK) == 0 || (use & USE_MASK) > USE_MAX ||
		(action & ACTION_MASK) > ACTION_MAX ||
		(action >> PRETIMEOUT_SHIFT & 0x07) > PRETIMEOUT_MESSAGING) {
		return VIPMI_CC_INVALID_FIELD;
	}
	/* IPMI 2.0 section 27.6: the interval must not be longer than the countdown. */
	if ((action >> PRETIMEOUT_SHIFT & 0x07) != PRETIMEOUT_NONE && pretimeout_s * 10u > count) {
		return VIPMI_CC_INVALID_FIELD;
	}
	watchdog->use = use & (DONT_LOG | USE_MASK);
	watchdog->action = action;
	watchdog->pretimeout_s = pretimeout_s;
	watchdog->expired &= (uint8_t)~clear;
	watchdog->count = watchdog->left = count;
	watchdog->initialized = true;
	watchdog->running = false;
	controller->messaging.flags &= (uint8_t)~FLAG_PRETIMEOUT;
	clear_sensor(controller);
	if (running) {
		start(controller, exchange->now_ns);
	}
	return VIPMI_CC_OK;
}

uint8_t watchdog_get(struct controller *controller, struct exchange *exchange)
{
	const struct watchdog *watchdog = &controller->watchdog;

	writer_u8(&exchange->response, watchdog->use | (watchdog->running ? RUNNING : 0));
	writer_u8(&exchange->response, watchdog->action);
	writer_u8(&exchange->response, watchdog->pretimeout_s);
	writer_u8(&exchange->response, watchdog->expired);
	writer_u16le(&exchange->response, watchdog->count);
	writer_u16le(&exchange->response, left(watchdog, exchange->now_ns));
	return VIPMI_CC_OK;
}
