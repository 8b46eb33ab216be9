/* SPDX-License-Identifier: BSD-2-Clause */
#include "hardware/hardware.h"

#include "ipmi/command.h"

/* Looks in a row before the first pause: within this a controller's hardware takes a byte. */
#define LOOKS_MAX 16
/* A pause is this share of the time waited so far, within these bounds; before a command's usual
 * time is over, it is the larger one. */
#define PAUSE_SHARE 8
#define PAUSE_SHARE_EARLY 2
#define PAUSE_MIN_NS (20 * NSEC_PER_USEC_U64)
#define PAUSE_MAX_NS (5 * NSEC_PER_MSEC_U64)
/* What is known of a command moves by this share of what was off. */
#define USUAL_SHARE 8
/* With nothing under way, SMS_ATN is looked at this often; where interrupts tell of it, in case
 * that one was lost. */
#define ATTENTION_NS (50 * NSEC_PER_MSEC_U64)
#define ATTENTION_INTERRUPTS_NS NSEC_PER_SEC_U64
/* An interface that does not work is tried again this often. */
#define RETRY_NS (500 * NSEC_PER_MSEC_U64)
/* A transfer that did not execute anything, or only read, is begun anew this often. */
#define RESTARTS_MAX 2
/* The status register where nothing is. */
#define STATUS_NOBODY 0xFF
#define COMPLETION_TIMEOUT 0xC3
/* What the core asks on everybody's behalf and changes nothing with; virtual, in the table. */
#define COMMAND_GET_ENABLES 0x2F
#define COMMAND_GET_FLAGS 0x31

enum state {
	STATE_DOWN,   /* to be tried at the deadline */
	STATE_REPAIR, /* a recovery is under way */
	STATE_UP,
	STATE_LEAVING, /* likewise, the last one */
	STATE_LEFT,
};

enum ending {
	ENDING_NONE,
	ENDING_RESPONSE, /* in host.bytes */
	ENDING_TIMEOUT,  /* nobody knows whether it was executed */
};

void hardware_init(struct hardware *self, const struct transfer_ops *ops, uint16_t bus_window,
	uint8_t own_address, bool interrupts, uint64_t now_ns)
{
	*self = (struct hardware){
		.ops = ops,
		.capabilities = {.wire_sequence = true,
			.raw_bridge = true,
			.owns_flags = true,
			.inbound_any = true,
			.attention = true,
			.window = 1,
			.bus_window = bus_window,
			.data_max = (uint16_t)(ops->message_max - TRANSFER_MESSAGE_MIN),
			.own_address = own_address},
		.interrupts = interrupts,
		.state = STATE_DOWN,
		.deadline_ns = now_ns,
	};
	transfer_init(&self->host);
}

static void complain(struct hardware *self, const char *text)
{
	self->complaint = (struct hardware_complaint){.text = text};
}

/* ---- up and down ---- */

static void idle(struct hardware *self, uint64_t now_ns)
{
	self->deadline_ns = now_ns + (self->interrupts ? ATTENTION_INTERRUPTS_NS : ATTENTION_NS);
}

static void go_up(struct hardware *self, uint64_t now_ns)
{
	self->state = STATE_UP;
	self->came = true;
	self->complained = false;
	self->attention = false;
	self->deadline_ns = now_ns; /* SMS_ATN may be set already */
}

static void go_down(struct hardware *self, const char *why, uint64_t now_ns)
{
	self->went = self->state == STATE_UP;
	self->state = STATE_DOWN;
	self->transmission = 0;
	self->refused = false;
	self->deadline_ns = now_ns + RETRY_NS;
	if (!self->complained) {
		self->complained = true;
		complain(self, why);
	}
}

static void recover(struct hardware *self, enum state state, uint64_t now_ns)
{
	self->ops->recover(&self->host, now_ns);
	self->state = (uint8_t)state;
	self->looks = 0;
	self->waiting_ns = 0;
	self->deadline_ns = now_ns;
}

/* A look at the status with no transfer under way. */
static void looked(struct hardware *self, uint8_t status, uint64_t now_ns)
{
	bool up = self->state == STATE_UP;

	if (status == STATUS_NOBODY) {
		go_down(self,
			up ? "the interface is gone (its status reads FF); trying again"
			   : "no interface answers there (its status reads FF); trying again",
			now_ns);
	} else if (up) {
		self->host.attention = status & self->ops->attention;
		self->clears = self->host.attention && self->ops->attention_is_cleared;
		if (!self->clears) {
			idle(self, now_ns);
		}
	} else {
		/* Whoever spoke to it last may have stopped in the middle. */
		recover(self, STATE_REPAIR, now_ns);
	}
}

/* ---- a transfer's end ---- */

/* Section 9.2: the response's netFn is the request's plus one, its command the same. */
static bool response_fits(const struct hardware *self)
{
	const struct transfer *host = &self->host;

	return host->length > TRANSFER_MESSAGE_MIN &&
	       host->bytes[0] >> 2 == (self->request[0] >> 2 | 1) &&
	       host->bytes[1] == self->request[1];
}

static bool only_reads(const struct hardware *self)
{
	struct ipmi_verdict verdict = ipmi_command_judge(self->request[0] >> 2, self->request[1],
		self->request + TRANSFER_MESSAGE_MIN, self->request_length - TRANSFER_MESSAGE_MIN);

	return ipmi_class_is_read(verdict.class) ||
	       (self->request[0] >> 2 == VIPMI_NETFN_APP &&
		       (self->request[1] == COMMAND_GET_ENABLES ||
			       self->request[1] == COMMAND_GET_FLAGS));
}

/* Unlike the kernel's driver we do not begin a request anew that may have been executed, unless
 * it only reads: its sender hears that there was no answer (C3), which is the truth. */
static void give_up(struct hardware *self, const char *text)
{
	self->complaint = (struct hardware_complaint){.text = text,
		.names_request = true,
		.netfn = self->request[0] >> 2,
		.command = self->request[1]};
	self->ending = ENDING_TIMEOUT;
}

static void begin_anew(struct hardware *self, uint64_t now_ns)
{
	self->restarts++;
	(void)self->ops->start(
		&self->host, self->request, self->request_length, self->timeout_ns, now_ns);
}

static void transfer_failed(struct hardware *self, uint64_t now_ns)
{
	if (self->host.executed && !only_reads(self)) {
		give_up(self, "a transfer failed after the request; it may have been executed, "
			      "and is not repeated");
	} else if (self->restarts == RESTARTS_MAX) {
		go_down(self, "transfers fail again and again; trying again", now_ns);
	} else {
		begin_anew(self, now_ns);
	}
}

/* A transfer that was broken off looks like a response to nothing. */
static void response_came(struct hardware *self, uint64_t now_ns)
{
	if (response_fits(self)) {
		self->ending = ENDING_RESPONSE;
	} else if (only_reads(self) && self->restarts < RESTARTS_MAX) {
		begin_anew(self, now_ns);
	} else {
		give_up(self, "what came is no response to it; it may have been executed, and is "
			      "not repeated");
	}
}

/* The transfer that was under way has come to an end. */
static void transfer_end(struct hardware *self, uint64_t now_ns)
{
	enum transfer_outcome outcome = transfer_outcome(&self->host);

	self->looks = 0;
	self->waiting_ns = 0;
	if (self->state == STATE_LEAVING) {
		self->state = STATE_LEFT;
		self->deadline_ns = TIME_NEVER;
	} else if (outcome == TRANSFER_DEAD) {
		go_down(self, "the interface does not come back to its idle state; trying again",
			now_ns);
	} else if (self->state == STATE_REPAIR) {
		go_up(self, now_ns);
	} else if (outcome == TRANSFER_RESPONSE) {
		response_came(self, now_ns);
	} else {
		transfer_failed(self, now_ns);
	}
	if (self->ending != ENDING_NONE) {
		idle(self, now_ns);
	}
}

/* ---- the registers ---- */

static bool transfer_is_on(const struct hardware *self)
{
	return self->state == STATE_REPAIR || self->state == STATE_LEAVING ||
	       self->transmission != 0;
}

static uint32_t *usual(struct hardware *self)
{
	/* Commands lie close together within a netFn, and few netFns are used. */
	unsigned place = (unsigned)(self->request[0] >> 2) * 11 + self->request[1];

	return &self->usual_ns[place % HARDWARE_USUAL_COUNT];
}

/*
 * The response begins. Its time lies between the last look that showed nothing and
 * now. The usual time comes to lie where few responses are earlier: one that is
 * there when that time is over moves it down, for we cannot know how long it lay
 * there, and one that comes later moves it up.
 */
static void usual_learn(struct hardware *self, uint64_t now_ns)
{
	uint32_t *usual_ns = usual(self);
	uint64_t waited_ns = self->waiting_ns ? now_ns - self->waiting_ns : 0;
	uint64_t absent_ns = self->waiting_ns ? self->absent_ns - self->waiting_ns : 0;

	if (absent_ns > UINT32_MAX) {
		absent_ns = UINT32_MAX;
	}
	if (*usual_ns == 0) {
		*usual_ns = (uint32_t)absent_ns;
	} else if (absent_ns >= *usual_ns) {
		*usual_ns += (uint32_t)(absent_ns - *usual_ns) / USUAL_SHARE;
	} else {
		*usual_ns -= *usual_ns / USUAL_SHARE;
		if (waited_ns < *usual_ns) {
			*usual_ns = (uint32_t)waited_ns;
		}
	}
}

static uint64_t pause_length(struct hardware *self, uint64_t now_ns)
{
	uint64_t usual_ns = self->ops->executing(&self->host) ? *usual(self) : 0;
	uint64_t waited_ns = now_ns - self->waiting_ns;
	uint64_t pause_ns;

	if (waited_ns >= usual_ns) {
		/* What counts is how late it is. */
		pause_ns = (waited_ns - usual_ns) / PAUSE_SHARE;
	} else {
		pause_ns = waited_ns / PAUSE_SHARE_EARLY;
		if (pause_ns > usual_ns - waited_ns) {
			pause_ns = usual_ns - waited_ns;
		}
	}
	if (pause_ns < PAUSE_MIN_NS) {
		pause_ns = PAUSE_MIN_NS;
	}
	return pause_ns > PAUSE_MAX_NS ? PAUSE_MAX_NS : pause_ns;
}

/* The status showed nothing new, and not for the first time. */
static void pause_begin(struct hardware *self, uint64_t now_ns)
{
	if (self->waiting_ns == 0) {
		self->waiting_ns = now_ns;
	}
	self->absent_ns = now_ns;
	self->deadline_ns = now_ns + pause_length(self, now_ns);
}

enum transfer_access hardware_access(struct hardware *self, uint8_t *ret_value, uint64_t now_ns)
{
	if (now_ns < self->deadline_ns || self->ending != ENDING_NONE || self->came || self->went) {
		return TRANSFER_NOTHING;
	}
	if (!transfer_is_on(self)) {
		*ret_value = self->ops->attention;
		return self->clears ? TRANSFER_WRITE_COMMAND : TRANSFER_READ_STATUS;
	}
	if (transfer_access(&self->host, ret_value) == TRANSFER_NOTHING) {
		/* The status showed nothing new. */
		transfer_poll(&self->host);
		if (++self->looks >= LOOKS_MAX) {
			pause_begin(self, now_ns);
			return TRANSFER_NOTHING;
		}
	}
	return transfer_access(&self->host, ret_value);
}

void hardware_done(struct hardware *self, uint8_t value, uint64_t now_ns)
{
	uint8_t written;

	if (!transfer_is_on(self)) {
		if (self->clears) {
			self->clears = false;
			idle(self, now_ns);
		} else {
			looked(self, value, now_ns);
		}
		return;
	}
	if (transfer_access(&self->host, &written) != TRANSFER_READ_STATUS) {
		if (self->ops->executing(&self->host)) {
			usual_learn(self, now_ns);
		}
		self->looks = 0;
		self->waiting_ns = 0;
	}
	self->ops->done(&self->host, value, now_ns);
	if (transfer_outcome(&self->host) != TRANSFER_BUSY) {
		transfer_end(self, now_ns);
	}
}

void hardware_hurry(struct hardware *self, uint64_t now_ns)
{
	if (hardware_is_up(self) && self->deadline_ns > now_ns) {
		self->deadline_ns = now_ns;
	}
}

uint64_t hardware_deadline(const struct hardware *self)
{
	return self->deadline_ns;
}

/* ---- the core's side ---- */

int hardware_transmit(struct hardware *self, const struct core_transmit *transmit, uint64_t now_ns)
{
	if (transmit->target_kind != VIPMI_TARGET_CONTROLLER) {
		return -EOPNOTSUPP; /* raw_bridge: the core wraps these itself */
	}
	if (self->state != STATE_UP) {
		return -ENOTCONN;
	}
	if (transmit->length > self->capabilities.data_max) {
		return -EMSGSIZE;
	}
	if (self->transmission != 0) {
		self->refused = true;
		return -EAGAIN;
	}
	self->request[0] = (uint8_t)(transmit->netfn << 2 | transmit->lun);
	self->request[1] = transmit->command;
	if (transmit->length > 0) {
		memcpy(self->request + TRANSFER_MESSAGE_MIN, transmit->data, transmit->length);
	}
	self->request_length = (uint16_t)(TRANSFER_MESSAGE_MIN + transmit->length);
	self->transmission = transmit->transmission;
	self->timeout_ns = transmit->timeout_ns;
	self->restarts = 0;
	self->looks = 0;
	self->waiting_ns = 0;
	self->deadline_ns = now_ns;
	return self->ops->start(
		&self->host, self->request, self->request_length, self->timeout_ns, now_ns);
}

static void tell_ending(struct hardware *self, struct core_event *ret_event)
{
	static const uint8_t timeout = COMPLETION_TIMEOUT;
	bool response = self->ending == ENDING_RESPONSE;

	*ret_event = (struct core_event){
		.type = CORE_EVENT_RECEIVED,
		.received = {.transmission = self->transmission,
			.netfn = (uint8_t)(self->request[0] >> 2 | 1),
			.command = self->request[1],
			.data = response ? self->host.bytes + TRANSFER_MESSAGE_MIN : &timeout,
			.length = response ? self->host.length - TRANSFER_MESSAGE_MIN : 1},
	};
	self->ending = ENDING_NONE;
	self->transmission = 0;
}

bool hardware_next(struct hardware *self, struct core_event *ret_event)
{
	if (self->state == STATE_UP && !self->came && self->host.attention != self->attention) {
		/* As the transfer showed it, or a look between two of them: older than the
		 * transfer's end, after which the core decides whether there is more to fetch. */
		self->attention = self->host.attention;
		if (self->ops->attention_is_cleared) {
			self->host.attention = false; /* it is told again when it is seen again */
		}
		*ret_event = (struct core_event){
			.type = CORE_EVENT_ATTENTION, .attention = {.asserted = self->attention}};
	} else if (self->ending != ENDING_NONE) {
		tell_ending(self, ret_event);
	} else if (self->went) {
		self->went = false;
		*ret_event = (struct core_event){.type = CORE_EVENT_LINK_DOWN};
	} else if (self->came) {
		self->came = false;
		*ret_event = (struct core_event){
			.type = CORE_EVENT_LINK_UP, .link_up = self->capabilities};
	} else if (self->state == STATE_UP && self->refused && self->transmission == 0) {
		self->refused = false;
		*ret_event = (struct core_event){.type = CORE_EVENT_LINK_READY};
	} else {
		return false;
	}
	return true;
}

bool hardware_complains(struct hardware *self, struct hardware_complaint *ret_complaint)
{
	if (!self->complaint.text) {
		return false;
	}
	*ret_complaint = self->complaint;
	self->complaint.text = NULL;
	return true;
}

bool hardware_is_up(const struct hardware *self)
{
	return self->state == STATE_UP;
}

/* ---- the end ---- */

void hardware_leave(struct hardware *self, uint64_t now_ns)
{
	if (transfer_is_on(self)) {
		self->transmission = 0;
		self->ending = ENDING_NONE;
		recover(self, STATE_LEAVING, now_ns);
	} else {
		self->state = STATE_LEFT;
		self->deadline_ns = TIME_NEVER;
	}
}

bool hardware_left(const struct hardware *self)
{
	return self->state == STATE_LEFT;
}
