/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chassis Device commands (IPMI 2.0 section 28): what the card's controller does
 * to its host, and what it remembers of that.
 */
#include "chassis/handlers.h"

/* Get Chassis Status, byte 1. */
#define STATUS_POWER_ON 0x01
#define POLICY_SHIFT 5
/* Byte 2: last power event. */
#define LAST_EVENT_COMMAND 0x10
/* Byte 3: [6] identify is supported, [5:4] its state. */
#define STATUS_IDENTIFY 0x40
#define IDENTIFY_SHIFT 4
#define IDENTIFY_OFF 0
#define IDENTIFY_TIMED 1
#define IDENTIFY_FORCED 2
#define IDENTIFY_DEFAULT_S 15

/* Power restore policies: off, as before, on; 3 only asks. */
#define POLICY_PREVIOUS 1
#define POLICY_QUERY 3
#define POLICIES_SUPPORTED 0x07

/* Restart causes (IPMI 2.0 section 28.11). */
#define CAUSE_CHASSIS_CONTROL 0x01
#define CAUSE_POWER_BUTTON 0x03

/* Chassis Control, byte 1. */
enum control {
	CONTROL_OFF,
	CONTROL_ON,
	CONTROL_CYCLE,
	CONTROL_RESET,
	CONTROL_NMI,
	CONTROL_SOFT,
	CONTROL_COUNT
};

/* States of a Power Unit sensor (IPMI 2.0 table 42-3, type 09h). */
#define POWER_UNIT_OFF (1u << 0)
#define POWER_UNIT_CYCLE (1u << 1)

/* The panel: 7:4 which buttons can be disabled, 3:0 which are. */
#define PANEL_CAPABILITIES 0xF0

/* Get POH Counter: an hour is 60 counts of a minute. */
#define MINUTES_PER_COUNT 60
#define SECONDS_PER_HOUR 3600u
#define HOURS_BEFORE 4000u
#define HOURS_SPREAD 8000u

void power_init(struct controller *controller)
{
	controller->power = (struct power){
		.on = true,
		.restart_cause = CAUSE_POWER_BUTTON,
		.policy = POLICY_PREVIOUS,
		/* Flags (intrusion, panel lockout), then who has FRU, SDR, SEL, SMS; bridge. */
		.capabilities = {0x03, 0x20, 0x20, 0x20, 0x20, 0x20},
	};
}

/* The sensor that shows what happens to the power. */
static void tell(struct controller *controller, uint16_t states, uint64_t now_ns)
{
	struct sensor *sensor = sensor_find(controller, controller->board->power_sensor);

	if (sensor && sensor->states != states) {
		sensor_set_states(controller, sensor, states, 0xFF, 0xFF, now_ns);
	}
}

void power_act(struct controller *controller, enum chassis_output_type output, uint8_t cause,
	uint64_t now_ns)
{
	struct power *power = &controller->power;
	bool restarts = false;

	switch (output) {
	case CHASSIS_OUTPUT_POWER_OFF:
		power->on = false;
		tell(controller, POWER_UNIT_OFF, now_ns);
		break;
	case CHASSIS_OUTPUT_POWER_ON:
		restarts = !power->on;
		power->on = true;
		tell(controller, 0, now_ns);
		break;
	case CHASSIS_OUTPUT_POWER_CYCLE:
		tell(controller, POWER_UNIT_CYCLE, now_ns);
		tell(controller, 0, now_ns);
		restarts = true;
		break;
	case CHASSIS_OUTPUT_HARD_RESET:
		restarts = true;
		break;
	default:
		break;
	}
	if (restarts) {
		power->restart_cause = cause;
	}
	controller_output(controller, output);
}

uint8_t power_get_capabilities(struct controller *controller, struct exchange *exchange)
{
	writer_bytes(&exchange->response, controller->power.capabilities, 6);
	return VIPMI_CC_OK;
}

uint8_t power_set_capabilities(struct controller *controller, struct exchange *exchange)
{
	size_t length = reader_left(&exchange->request);
	const uint8_t *given = reader_bytes(&exchange->request, length);

	if (!given || given[0] & 0xF0) {
		return VIPMI_CC_INVALID_FIELD;
	}
	memcpy(controller->power.capabilities, given, length);
	return VIPMI_CC_OK;
}

static uint8_t identify_state(const struct power *power, uint64_t now_ns)
{
	if (power->identify_forced) {
		return IDENTIFY_FORCED;
	}
	return now_ns < power->identify_until_ns ? IDENTIFY_TIMED : IDENTIFY_OFF;
}

uint8_t power_get_status(struct controller *controller, struct exchange *exchange)
{
	const struct power *power = &controller->power;

	writer_u8(&exchange->response,
		(uint8_t)((power->on ? STATUS_POWER_ON : 0) | power->policy << POLICY_SHIFT));
	writer_u8(&exchange->response, power->last_event);
	writer_u8(&exchange->response,
		(uint8_t)(STATUS_IDENTIFY | identify_state(power, exchange->now_ns)
						    << IDENTIFY_SHIFT));
	writer_u8(&exchange->response, PANEL_CAPABILITIES | power->panel);
	return VIPMI_CC_OK;
}

uint8_t power_control(struct controller *controller, struct exchange *exchange)
{
	static const uint8_t outputs[CONTROL_COUNT] = {
		[CONTROL_OFF] = CHASSIS_OUTPUT_POWER_OFF,
		[CONTROL_ON] = CHASSIS_OUTPUT_POWER_ON,
		[CONTROL_CYCLE] = CHASSIS_OUTPUT_POWER_CYCLE,
		[CONTROL_RESET] = CHASSIS_OUTPUT_HARD_RESET,
		[CONTROL_NMI] = CHASSIS_OUTPUT_NMI,
		[CONTROL_SOFT] = CHASSIS_OUTPUT_SOFT_SHUTDOWN,
	};
	uint8_t control = reader_u8(&exchange->request) & 0x0F;
	bool needs_power = control != CONTROL_OFF && control != CONTROL_ON;

	if (control >= CONTROL_COUNT) {
		return VIPMI_CC_INVALID_FIELD;
	}
	/* What is off cannot be reset (IPMI 2.0 section 28.3: D5). */
	if (needs_power && !controller->power.on) {
		return VIPMI_CC_NOT_IN_STATE;
	}
	controller->power.last_event = control == CONTROL_ON ? LAST_EVENT_COMMAND : 0;
	power_act(controller, outputs[control], CAUSE_CHASSIS_CONTROL, exchange->now_ns);
	return VIPMI_CC_OK;
}

uint8_t power_reset(struct controller *controller, struct exchange *exchange)
{
	if (!controller->power.on) {
		return VIPMI_CC_NOT_IN_STATE;
	}
	power_act(controller, CHASSIS_OUTPUT_HARD_RESET, CAUSE_CHASSIS_CONTROL, exchange->now_ns);
	return VIPMI_CC_OK;
}

uint8_t power_identify(struct controller *controller, struct exchange *exchange)
{
	struct power *power = &controller->power;
	uint8_t interval_s = IDENTIFY_DEFAULT_S, force = 0;

	if (reader_left(&exchange->request) > 0) {
		interval_s = reader_u8(&exchange->request);
	}
	if (reader_left(&exchange->request) > 0) {
		force = reader_u8(&exchange->request);
	}
	power->identify_forced = force & 0x01;
	power->identify_until_ns = exchange->now_ns + interval_s * NSEC_PER_SEC_U64;
	return VIPMI_CC_OK;
}

uint8_t power_set_policy(struct controller *controller, struct exchange *exchange)
{
	uint8_t policy = reader_u8(&exchange->request) & 0x07;

	if (policy > POLICY_QUERY) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (policy != POLICY_QUERY) {
		controller->power.policy = policy;
	}
	writer_u8(&exchange->response, POLICIES_SUPPORTED);
	return VIPMI_CC_OK;
}

uint8_t power_get_restart_cause(struct controller *controller, struct exchange *exchange)
{
	writer_u8(&exchange->response, controller->power.restart_cause);
	writer_u8(&exchange->response, CHANNEL_SYSTEM_INTERFACE);
	return VIPMI_CC_OK;
}

uint8_t power_set_panel_enables(struct controller *controller, struct exchange *exchange)
{
	controller->power.panel = reader_u8(&exchange->request) & 0x0F;
	return VIPMI_CC_OK;
}

uint8_t power_set_cycle_interval(struct controller *controller, struct exchange *exchange)
{
	controller->power.cycle_interval_s = reader_u8(&exchange->request);
	return VIPMI_CC_OK;
}

uint8_t power_get_hours(struct controller *controller, struct exchange *exchange)
{
	struct random random;
	uint32_t hours;

	random_init(&random, controller->seed);
	hours = HOURS_BEFORE + random_below(&random, HOURS_SPREAD);
	hours += clock_elapsed_s(controller, exchange->now_ns) / SECONDS_PER_HOUR;
	writer_u8(&exchange->response, MINUTES_PER_COUNT);
	writer_u32le(&exchange->response, hours);
	return VIPMI_CC_OK;
}
