/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chassis commands (IPMI 2.0 section 28): the chassis is the guest. The protocol
 * can switch it off and reset it; to start it is the host's affair.
 */
#include "guest/private.h"

#define BMC_ADDRESS 0x20

/* Get Chassis Status, byte 1. */
#define STATUS_POWER_ON 0x01
#define POLICY_SHIFT 5

/* Power restore policies: off, as before, on; 3 only asks. */
#define POLICY_PREVIOUS 1
#define POLICY_QUERY 3
#define POLICY_MASK 0x07
#define POLICIES_SUPPORTED 0x07

#define CAUSE_UNKNOWN 0x00

/* Chassis Control, byte 1. */
#define CONTROL_MASK 0x0F
enum { CONTROL_OFF, CONTROL_ON, CONTROL_CYCLE, CONTROL_RESET, CONTROL_NMI, CONTROL_SOFT };

static const struct {
	uint8_t control, capability;
} deeds[GUEST_DEED_COUNT] = {
	[GUEST_RESET] = {VM_CONTROL_RESET, GUEST_CAPABLE_RESET},
	[GUEST_NMI] = {VM_CONTROL_NMI, GUEST_CAPABLE_NMI},
	[GUEST_SHUTDOWN] = {VM_CONTROL_GRACEFUL_SHUTDOWN, GUEST_CAPABLE_SHUTDOWN},
	[GUEST_POWER_OFF] = {VM_CONTROL_POWER_OFF, GUEST_CAPABLE_POWER},
};

void guest_power_init(struct guest *guest)
{
	guest->power = (struct guest_power){.policy = POLICY_PREVIOUS};
}

bool guest_can(const struct guest *guest, enum guest_deed deed)
{
	return guest->capabilities & deeds[deed].capability;
}

void guest_want(struct guest *guest, enum guest_deed deed, uint8_t cause, const char *why)
{
	if (!guest_can(guest, deed)) {
		return;
	}
	guest->power.why[deed] = why;
	if (deed == GUEST_RESET) {
		/* QEMU 7.2 tells of no reset, its own or ours: so it counts from now on. */
		guest->power.restart_cause = cause;
		guest->power.resetting = true;
	}
}

bool guest_act(struct guest *guest, struct guest_action *ret_action)
{
	struct guest_power *power = &guest->power;
	size_t deed;

	for (deed = 0; deed < GUEST_DEED_COUNT; deed++) {
		if (power->why[deed]) {
			*ret_action = (struct guest_action){
				.control = deeds[deed].control, .why = power->why[deed]};
			power->why[deed] = NULL;
			if (deed == GUEST_POWER_OFF) {
				guest_watchdog_stop(guest);
			}
			return true;
		}
	}
	return false;
}

void guest_control(struct guest *guest, uint8_t control, uint8_t argument)
{
	struct guest_power *power = &guest->power;

	if (control == VM_CONTROL_CAPABILITIES) {
		guest->capabilities = argument;
	} else if (control == VM_CONTROL_RESET) {
		/* The watchdog runs on, as it does on real hardware: an operating system that
		 * restarts relies on it for the case that it does not come up. */
		power->why[GUEST_RESET] = NULL;
		if (!power->resetting) {
			power->restart_cause = CAUSE_UNKNOWN;
		}
		power->resetting = false;
	}
}

uint8_t guest_get_capabilities(struct guest *guest, struct guest_call *call)
{
	/* Flags, then who has FRU, SDR, SEL and system management. */
	static const uint8_t capabilities[] = {
		0x00, BMC_ADDRESS, BMC_ADDRESS, BMC_ADDRESS, BMC_ADDRESS};

	(void)guest;
	writer_bytes(&call->response, capabilities, sizeof(capabilities));
	return VIPMI_CC_OK;
}

uint8_t guest_get_status(struct guest *guest, struct guest_call *call)
{
	/* Whoever asks is on. */
	writer_u8(
		&call->response, (uint8_t)(STATUS_POWER_ON | guest->power.policy << POLICY_SHIFT));
	writer_u8(&call->response, 0); /* last power event: none of ours */
	writer_u8(&call->response, 0);
	return VIPMI_CC_OK;
}

uint8_t guest_chassis_control(struct guest *guest, struct guest_call *call)
{
	static const struct {
		enum guest_deed deed;
		const char *why;
	} orders[] = {
		[CONTROL_OFF] = {GUEST_POWER_OFF, "it is powered off: its own Chassis Control"},
		/* The protocol has no word for a power cycle. */
		[CONTROL_CYCLE] = {GUEST_RESET, "it is reset: its own Chassis Control (cycle)"},
		[CONTROL_RESET] = {GUEST_RESET, "it is reset: its own Chassis Control"},
		[CONTROL_NMI] = {GUEST_NMI, "it gets an NMI: its own Chassis Control"},
		[CONTROL_SOFT] = {GUEST_SHUTDOWN,
			"it is asked to shut down: its own Chassis Control"},
	};
	uint8_t control = reader_u8(&call->request) & CONTROL_MASK;

	if (control == CONTROL_ON) {
		return VIPMI_CC_OK; /* whoever asks is on */
	}
	if (control >= ARRAY_LENGTH(orders)) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (!guest_can(guest, orders[control].deed)) {
		return VIPMI_CC_SUBFUNCTION_DISABLED;
	}
	guest_want(guest, orders[control].deed, GUEST_CAUSE_CONTROL, orders[control].why);
	return VIPMI_CC_OK;
}

uint8_t guest_chassis_reset(struct guest *guest, struct guest_call *call)
{
	(void)call;
	if (!guest_can(guest, GUEST_RESET)) {
		return VIPMI_CC_SUBFUNCTION_DISABLED;
	}
	guest_want(guest, GUEST_RESET, GUEST_CAUSE_CONTROL, "it is reset: its own Chassis Reset");
	return VIPMI_CC_OK;
}

uint8_t guest_set_policy(struct guest *guest, struct guest_call *call)
{
	uint8_t policy = reader_u8(&call->request) & POLICY_MASK;

	if (policy > POLICY_QUERY) {
		return VIPMI_CC_INVALID_FIELD;
	}
	if (policy != POLICY_QUERY) {
		guest->power.policy = policy;
	}
	writer_u8(&call->response, POLICIES_SUPPORTED);
	return VIPMI_CC_OK;
}

uint8_t guest_get_restart_cause(struct guest *guest, struct guest_call *call)
{
	writer_u8(&call->response, guest->power.restart_cause);
	writer_u8(&call->response, 0); /* channel: the system interface has no number of its own */
	return VIPMI_CC_OK;
}
