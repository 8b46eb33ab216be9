/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's watchdog timer (IPMI 2.0 section 27). While its peer is away the
 * countdown stands still: the guest, moved or cut off, has no way to feed it.
 */
#include "base/divide.h"
#include "guest/private.h"

/* Byte 1: [2:0] use, 6 do not stop (Set) or running (Get), 7 do not log. */
#define USE_MASK 0x07
#define USE_SYSTEM_SOFTWARE 4
#define USE_MAX 5
#define DONT_STOP 0x40
#define RUNNING 0x40
#define DONT_LOG 0x80
/* Byte 2: [2:0] action, [6:4] pre-timeout interrupt; the others are reserved. */
#define ACTION_MASK 0x07
enum { ACTION_NONE, ACTION_RESET, ACTION_OFF, ACTION_CYCLE };
#define INTERRUPT_SHIFT 4
#define INTERRUPT_MASK 0x07
#define ACTION_BITS (ACTION_MASK | INTERRUPT_MASK << INTERRUPT_SHIFT)
enum { INTERRUPT_NONE, INTERRUPT_SMI, INTERRUPT_NMI, INTERRUPT_MESSAGE };

/* Of the event (table 42-3, type 23h): the interrupt before it expires. */
#define EVENT_INTERRUPT 0x08

#define CC_NOT_INITIALIZED 0x80
#define COUNT_NS (100 * NSEC_PER_MSEC_U64)
#define COUNTS_PER_SECOND 10u

void guest_watchdog_init(struct guest *guest)
{
	/* A use must be named even before the first Set: tools send it back. */
	guest->watchdog = (struct guest_watchdog){.use = USE_SYSTEM_SOFTWARE};
}

void guest_watchdog_stop(struct guest *guest)
{
	guest->watchdog.running = false;
	guest->watchdog.left_ns = 0;
}

static uint8_t interrupt_of(uint8_t action)
{
	return action >> INTERRUPT_SHIFT & INTERRUPT_MASK;
}

static uint64_t pretimeout_ns(const struct guest_watchdog *watchdog)
{
	uint64_t before_ns = watchdog->pretimeout_s * NSEC_PER_SEC_U64;

	return watchdog->expires_ns > before_ns ? watchdog->expires_ns - before_ns : 0;
}

static bool pretimeout_wanted(const struct guest_watchdog *watchdog)
{
	/* Section 27.4: with an interval of 0 too, together with the action then. */
	return interrupt_of(watchdog->action) != INTERRUPT_NONE && !watchdog->pretimeout_done;
}

void guest_watchdog_pause(struct guest *guest, uint64_t now_ns)
{
	struct guest_watchdog *watchdog = &guest->watchdog;

	watchdog->left_ns = guest_watchdog_left_ns(guest, now_ns);
}

void guest_watchdog_resume(struct guest *guest, uint64_t now_ns)
{
	guest->watchdog.expires_ns = now_ns + guest->watchdog.left_ns;
}

uint64_t guest_watchdog_left_ns(const struct guest *guest, uint64_t now_ns)
{
	const struct guest_watchdog *watchdog = &guest->watchdog;

	if (!watchdog->running || guest->presence != GUEST_PRESENT) {
		return watchdog->left_ns;
	}
	return watchdog->expires_ns > now_ns ? watchdog->expires_ns - now_ns : 0;
}

bool guest_watchdog_valid(const struct guest *guest)
{
	const struct guest_watchdog *watchdog = &guest->watchdog;
	uint8_t use = watchdog->use & USE_MASK;

	return use > 0 && use <= USE_MAX && watchdog->left_ns <= watchdog->count * COUNT_NS &&
	       (!watchdog->running || watchdog->initialized);
}

uint64_t guest_watchdog_deadline(const struct guest *guest)
{
	const struct guest_watchdog *watchdog = &guest->watchdog;

	if (!watchdog->running) {
		return TIME_NEVER;
	}
	return pretimeout_wanted(watchdog) ? pretimeout_ns(watchdog) : watchdog->expires_ns;
}

static void log_event(struct guest *guest, uint8_t offset, uint64_t now_ns)
{
	const struct guest_watchdog *watchdog = &guest->watchdog;

	if (!(watchdog->use & DONT_LOG)) {
		guest_sel_watchdog(guest, offset,
			(uint8_t)(interrupt_of(watchdog->action) << INTERRUPT_SHIFT |
				  (watchdog->use & USE_MASK)),
			now_ns);
	}
}

static void expire(struct guest *guest, uint64_t now_ns)
{
	struct guest_watchdog *watchdog = &guest->watchdog;

	guest_watchdog_stop(guest);
	/* The event's offsets are the action's numbers. */
	log_event(guest, watchdog->action & ACTION_MASK, now_ns);
	watchdog->expired |= (uint8_t)(1u << (watchdog->use & USE_MASK));
	/* Section 27.7: "don't log" ends with the expiration. */
	watchdog->use &= (uint8_t)~DONT_LOG;
	switch (watchdog->action & ACTION_MASK) {
	case ACTION_RESET:
	case ACTION_CYCLE:
		guest_want(guest, GUEST_RESET, GUEST_CAUSE_WATCHDOG,
			"it is reset: its watchdog expired");
		break;
	case ACTION_OFF:
		guest_want(guest, GUEST_POWER_OFF, GUEST_CAUSE_WATCHDOG,
			"it is powered off: its watchdog expired");
		break;
	default:
		break;
	}
}

static void pretimeout(struct guest *guest, uint64_t now_ns)
{
	guest->watchdog.pretimeout_done = true;
	log_event(guest, EVENT_INTERRUPT, now_ns);
	if (interrupt_of(guest->watchdog.action) == INTERRUPT_NMI) {
		guest_want(guest, GUEST_NMI, GUEST_CAUSE_WATCHDOG,
			"it gets an NMI: its watchdog is about to expire");
	} else {
		guest->messages.pretimeout = true;
	}
}

void guest_watchdog_step(struct guest *guest, uint64_t now_ns)
{
	struct guest_watchdog *watchdog = &guest->watchdog;

	if (!watchdog->running) {
		return;
	}
	if (pretimeout_wanted(watchdog) && now_ns >= pretimeout_ns(watchdog)) {
		pretimeout(guest, now_ns);
	}
	if (now_ns >= watchdog->expires_ns) {
		expire(guest, now_ns);
	}
}

static void start(struct guest *guest, uint64_t now_ns)
{
	struct guest_watchdog *watchdog = &guest->watchdog;

	watchdog->running = true;
	watchdog->pretimeout_done = false;
	watchdog->expires_ns = now_ns + watchdog->count * COUNT_NS;
}

uint8_t guest_watchdog_reset(struct guest *guest, struct guest_call *call)
{
	struct guest_watchdog *watchdog = &guest->watchdog;

	if (!watchdog->initialized) {
		return CC_NOT_INITIALIZED;
	}
	/* After the pre-timeout interrupt only a Set helps (section 27.5). */
	if (watchdog->running && watchdog->pretimeout_done) {
		return VIPMI_CC_NOT_IN_STATE;
	}
	start(guest, call->now_ns);
	return VIPMI_CC_OK;
}

/* Whether the peer can do what the timer is to do; nobody shall rely on one that cannot. */
static bool possible(const struct guest *guest, uint8_t action)
{
	switch (action & ACTION_MASK) {
	case ACTION_NONE:
		break;
	case ACTION_RESET:
	case ACTION_CYCLE:
		if (!guest_can(guest, GUEST_RESET)) {
			return false;
		}
		break;
	case ACTION_OFF:
		if (!guest_can(guest, GUEST_POWER_OFF)) {
			return false;
		}
		break;
	default:
		return false;
	}
	switch (interrupt_of(action)) {
	case INTERRUPT_NONE:
	case INTERRUPT_MESSAGE:
		return true;
	case INTERRUPT_NMI:
		return guest_can(guest, GUEST_NMI);
	default:
		return false; /* the protocol has no word for an SMI */
	}
}

uint8_t guest_watchdog_set(struct guest *guest, struct guest_call *call)
{
	struct guest_watchdog *watchdog = &guest->watchdog;
	uint8_t use = reader_u8(&call->request);
	uint8_t action = reader_u8(&call->request) & ACTION_BITS;
	uint8_t pretimeout_s = reader_u8(&call->request), clear = reader_u8(&call->request);
	uint16_t count = reader_u16le(&call->request);
	bool running = watchdog->running && use & DONT_STOP;

	if ((use & USE_MASK) == 0 || (use & USE_MASK) > USE_MAX || !possible(guest, action)) {
		return VIPMI_CC_INVALID_FIELD;
	}
	/* Section 27.6: the interval must not be longer than the countdown. */
	if (interrupt_of(action) != INTERRUPT_NONE && pretimeout_s * COUNTS_PER_SECOND > count) {
		return VIPMI_CC_INVALID_FIELD;
	}
	guest_watchdog_stop(guest);
	watchdog->use = use & (DONT_LOG | USE_MASK);
	watchdog->action = action;
	watchdog->pretimeout_s = pretimeout_s;
	watchdog->expired &= (uint8_t)~clear;
	watchdog->count = count;
	watchdog->left_ns = count * COUNT_NS;
	watchdog->initialized = true;
	guest->messages.pretimeout = false;
	if (running) {
		start(guest, call->now_ns);
	}
	return VIPMI_CC_OK;
}

uint8_t guest_watchdog_get(struct guest *guest, struct guest_call *call)
{
	const struct guest_watchdog *watchdog = &guest->watchdog;
	uint64_t left_ns = guest_watchdog_left_ns(guest, call->now_ns);

	writer_u8(&call->response, watchdog->use | (watchdog->running ? RUNNING : 0));
	writer_u8(&call->response, watchdog->action);
	writer_u8(&call->response, watchdog->pretimeout_s);
	writer_u8(&call->response, watchdog->expired);
	writer_u16le(&call->response, watchdog->count);
	writer_u16le(&call->response,
		(uint16_t)divide_u64(left_ns + COUNT_NS - 1, (uint32_t)COUNT_NS, NULL));
	return VIPMI_CC_OK;
}
