/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kcs:PORT: the micro-controller's KCS interface itself, without the kernel's
 * driver (IPMI 2.0 section 9). ipmi/kcs.h knows the transfer; here stand the
 * registers, the pauses between two looks at them, and what to do when a
 * transfer fails.
 *
 * Pauses grow with the time already waited: a fast controller is met at once, a
 * slow one costs a look for every eighth of its time, and neither a core nor a
 * tick is spent on it.
 */
#include "links/table.h"

#include <stdio.h>
#include <stdlib.h>

#include "ipmi/command.h"
#include "ipmi/kcs.h"
#include "links/options.h"
#include "links/registers.h"

enum { REGISTER_DATA, REGISTER_COMMAND, REGISTER_COUNT };

/* Looks in a row before the first pause: within this a controller's hardware takes a byte. */
#define LOOKS_MAX 16
/* Register accesses in one dispatch; the longest transfer takes about 3,300. */
#define ACCESSES_MAX 4096
/* A pause is this share of the time waited so far, within these bounds. */
#define PAUSE_SHARE 8
#define PAUSE_MIN_NS (20 * NSEC_PER_USEC_U64)
#define PAUSE_MAX_NS (5 * NSEC_PER_MSEC_U64)
/* With nothing under way, SMS_ATN is looked at this often. */
#define ATTENTION_NS (50 * NSEC_PER_MSEC_U64)
/* An interface that does not work is tried again this often. */
#define RETRY_NS (500 * NSEC_PER_MSEC_U64)
/* A transfer that did not execute anything, or only read, is begun anew this often. */
#define RESTARTS_MAX 2
/* The status register where nothing is. */
#define STATUS_NOBODY 0xFF

#define BUS_WINDOW_DEFAULT 8
/* netFn and command stand before the data. */
#define KCS_DATA_MAX (KCS_MESSAGE_MAX - KCS_MESSAGE_MIN)
#define COMPLETION_TIMEOUT 0xC3

enum kcs_link_state {
	KCS_LINK_DOWN,   /* to be tried at the deadline */
	KCS_LINK_REPAIR, /* a recovery is under way */
	KCS_LINK_UP,
};

struct kcs_link {
	struct link link; /* first: links.h */
	struct link_sink sink;
	struct registers registers;
	struct core_link_capabilities capabilities;
	struct kcs_host host;
	enum kcs_link_state state;
	uint8_t request[KCS_MESSAGE_MAX]; /* kept for another try */
	uint16_t request_length;
	uint8_t restarts;
	uint32_t transmission; /* 0: none under way */
	uint64_t timeout_ns;
	uint64_t waiting_ns; /* since when the status shows nothing new; 0: it does */
	uint64_t deadline_ns;
	bool refused;   /* somebody was told "not now" */
	bool attention; /* as told */
	bool complained;
};

static struct kcs_link *kcs_link(const struct link *link)
{
	return container_of(link, struct kcs_link, link);
}

static void emit(struct kcs_link *self, struct core_event event, uint64_t now_ns)
{
	event.now_ns = now_ns;
	self->sink.event(self->sink.context, &event);
}

static void log_text(struct kcs_link *self, const char *text)
{
	if (self->sink.log) {
		self->sink.log(self->sink.context, text);
	}
}

/* ---- up and down ---- */

static void go_up(struct kcs_link *self, uint64_t now_ns)
{
	struct core_event event = {.type = CORE_EVENT_LINK_UP, .link_up = self->capabilities};

	self->state = KCS_LINK_UP;
	self->complained = false;
	self->attention = false;
	self->deadline_ns = now_ns; /* SMS_ATN may be set already */
	emit(self, event, now_ns);
}

static void go_down(struct kcs_link *self, const char *why, uint64_t now_ns)
{
	bool was_up = self->state == KCS_LINK_UP;

	self->state = KCS_LINK_DOWN;
	self->transmission = 0;
	self->refused = false;
	self->deadline_ns = now_ns + RETRY_NS;
	if (!self->complained) {
		self->complained = true;
		log_text(self, why);
	}
	if (was_up) {
		emit(self, (struct core_event){.type = CORE_EVENT_LINK_DOWN}, now_ns);
	}
}

static void try_again(struct kcs_link *self, uint64_t now_ns)
{
	if (registers_read(&self->registers, REGISTER_COMMAND) == STATUS_NOBODY) {
		go_down(self, "no KCS interface answers there (its status reads FF); trying again",
			now_ns);
		return;
	}
	/* Whoever spoke to it last may have stopped in the middle. */
	kcs_host_recover(&self->host, now_ns);
	self->state = KCS_LINK_REPAIR;
	self->waiting_ns = 0;
	self->deadline_ns = now_ns;
}

/* ---- a transfer's end ---- */

static void respond(struct kcs_link *self, const uint8_t *data, size_t length, uint64_t now_ns)
{
	struct core_event event = {.type = CORE_EVENT_RECEIVED};

	event.received.transmission = self->transmission;
	event.received.netfn = (uint8_t)(self->request[0] >> 2 | 1);
	event.received.command = self->request[1];
	event.received.data = data;
	event.received.length = length;
	self->transmission = 0;
	emit(self, event, now_ns);
}

static void take_response(struct kcs_link *self, uint64_t now_ns)
{
	const struct kcs_host *host = &self->host;

	/* Section 9.2: the response's netFn is the request's plus one, its command the same. */
	if (host->length > KCS_MESSAGE_MIN && host->bytes[0] >> 2 == (self->request[0] >> 2 | 1) &&
		host->bytes[1] == self->request[1]) {
		respond(self, host->bytes + KCS_MESSAGE_MIN, host->length - KCS_MESSAGE_MIN,
			now_ns);
		return;
	}
	self->transmission = 0;
	emit(self, (struct core_event){.type = CORE_EVENT_GARBLED}, now_ns);
}

static bool only_reads(const struct kcs_link *self)
{
	struct ipmi_verdict verdict = ipmi_command_judge(self->request[0] >> 2, self->request[1],
		self->request + KCS_MESSAGE_MIN, self->request_length - KCS_MESSAGE_MIN);

	return ipmi_class_is_read(verdict.class);
}

/* Unlike the kernel's driver we do not begin a request anew that may have been executed, unless
 * it only reads: its sender hears that there was no answer (C3), which is the truth. */
static void transfer_failed(struct kcs_link *self, uint64_t now_ns)
{
	static const uint8_t timeout = COMPLETION_TIMEOUT;
	char text[128];

	if (self->host.executed && !only_reads(self)) {
		snprintf(text, sizeof(text),
			"the transfer of netFn %02X command %02X failed after the request; it may "
			"have been executed, and is not repeated",
			self->request[0] >> 2, self->request[1]);
		log_text(self, text);
		respond(self, &timeout, sizeof(timeout), now_ns);
	} else if (self->restarts == RESTARTS_MAX) {
		go_down(self, "transfers fail again and again; trying again", now_ns);
	} else {
		self->restarts++;
		(void)kcs_host_start(
			&self->host, self->request, self->request_length, self->timeout_ns, now_ns);
	}
}

/* The transfer that was under way has come to an end. */
static void transfer_end(struct kcs_link *self, uint64_t now_ns)
{
	enum kcs_outcome outcome = kcs_host_outcome(&self->host);

	if (outcome == KCS_DEAD) {
		go_down(self,
			"the KCS interface does not come back to its idle state; trying again",
			now_ns);
	} else if (self->state == KCS_LINK_REPAIR) {
		go_up(self, now_ns);
	} else if (outcome == KCS_RESPONSE) {
		take_response(self, now_ns);
	} else {
		transfer_failed(self, now_ns);
	}
	if (self->state == KCS_LINK_UP && self->transmission == 0) {
		self->deadline_ns = now_ns + ATTENTION_NS;
	}
}

/* ---- the registers ---- */

static uint8_t perform(const struct kcs_link *self, enum kcs_access access, uint8_t value)
{
	switch (access) {
	case KCS_ACCESS_READ_STATUS:
		return registers_read(&self->registers, REGISTER_COMMAND);
	case KCS_ACCESS_READ_DATA:
		return registers_read(&self->registers, REGISTER_DATA);
	case KCS_ACCESS_WRITE_DATA:
		registers_write(&self->registers, REGISTER_DATA, value);
		return 0;
	case KCS_ACCESS_WRITE_COMMAND:
		registers_write(&self->registers, REGISTER_COMMAND, value);
		return 0;
	default:
		return 0;
	}
}

static void pause_begin(struct kcs_link *self, uint64_t now_ns)
{
	uint64_t pause_ns;

	if (self->waiting_ns == 0) {
		self->waiting_ns = now_ns;
	}
	pause_ns = (now_ns - self->waiting_ns) / PAUSE_SHARE;
	pause_ns = pause_ns < PAUSE_MIN_NS ? PAUSE_MIN_NS : pause_ns;
	self->deadline_ns = now_ns + (pause_ns > PAUSE_MAX_NS ? PAUSE_MAX_NS : pause_ns);
}

/* Goes on with the transfer until it ends, or until the controller lets us wait. */
static void transfer_run(struct kcs_link *self, uint64_t now_ns)
{
	unsigned accesses, looks = 0;

	kcs_host_poll(&self->host);
	for (accesses = 0; accesses < ACCESSES_MAX; accesses++) {
		uint8_t value = 0;
		enum kcs_access access = kcs_host_access(&self->host, &value);

		if (kcs_host_outcome(&self->host) != KCS_BUSY) {
			self->waiting_ns = 0;
			transfer_end(self, now_ns);
			return;
		}
		if (access == KCS_ACCESS_NONE) {
			if (++looks == LOOKS_MAX) {
				pause_begin(self, now_ns);
				return;
			}
			kcs_host_poll(&self->host);
			continue;
		}
		if (access != KCS_ACCESS_READ_STATUS) {
			looks = 0;
			self->waiting_ns = 0;
		}
		kcs_host_done(&self->host, perform(self, access, value), now_ns);
	}
	self->deadline_ns = now_ns; /* others' turn, then at once again */
}

/* SMS_ATN, as the transfer showed it or a look between two of them. */
static void attention_tell(struct kcs_link *self, uint64_t now_ns)
{
	struct core_event event = {.type = CORE_EVENT_ATTENTION};

	if (self->state != KCS_LINK_UP || self->host.attention == self->attention) {
		return;
	}
	self->attention = self->host.attention;
	event.attention.asserted = self->attention;
	emit(self, event, now_ns);
}

static void look(struct kcs_link *self, uint64_t now_ns)
{
	uint8_t status = registers_read(&self->registers, REGISTER_COMMAND);

	if (status == STATUS_NOBODY) {
		go_down(self, "the KCS interface is gone (its status reads FF); trying again",
			now_ns);
		return;
	}
	self->host.attention = status & KCS_STATUS_ATTENTION;
	self->deadline_ns = now_ns + ATTENTION_NS;
}

/* ---- the link ---- */

static int kcs_transmit(struct link *link, const struct core_transmit *transmit, uint64_t now_ns)
{
	struct kcs_link *self = kcs_link(link);

	if (transmit->target_kind != VIPMI_TARGET_CONTROLLER) {
		return -EOPNOTSUPP; /* raw_bridge: the core wraps these itself */
	}
	if (self->state != KCS_LINK_UP) {
		return -ENOTCONN;
	}
	if (transmit->length > KCS_DATA_MAX) {
		return -EMSGSIZE;
	}
	if (self->transmission != 0) {
		self->refused = true;
		return -EAGAIN;
	}
	self->request[0] = (uint8_t)(transmit->netfn << 2 | transmit->lun);
	self->request[1] = transmit->command;
	if (transmit->length > 0) {
		memcpy(self->request + KCS_MESSAGE_MIN, transmit->data, transmit->length);
	}
	self->request_length = (uint16_t)(KCS_MESSAGE_MIN + transmit->length);
	self->transmission = transmit->transmission;
	self->timeout_ns = transmit->timeout_ns;
	self->restarts = 0;
	self->waiting_ns = 0;
	self->deadline_ns = now_ns;
	return kcs_host_start(
		&self->host, self->request, self->request_length, self->timeout_ns, now_ns);
}

static void kcs_dispatch(struct link *link, uint32_t ready, uint64_t now_ns)
{
	struct kcs_link *self = kcs_link(link);

	(void)ready; /* there is no descriptor */
	if (now_ns < self->deadline_ns) {
		return;
	}
	if (self->state == KCS_LINK_DOWN) {
		try_again(self, now_ns);
	}
	if (self->state == KCS_LINK_REPAIR || self->transmission != 0) {
		transfer_run(self, now_ns);
	} else if (self->state == KCS_LINK_UP) {
		look(self, now_ns);
	}
	attention_tell(self, now_ns);
	if (self->refused && self->state == KCS_LINK_UP && self->transmission == 0) {
		self->refused = false;
		emit(self, (struct core_event){.type = CORE_EVENT_LINK_READY}, now_ns);
	}
}

static int kcs_fd(const struct link *link)
{
	(void)link;
	return -1;
}

static uint32_t kcs_interest(const struct link *link)
{
	(void)link;
	return 0;
}

static uint64_t kcs_deadline(const struct link *link)
{
	return kcs_link(link)->deadline_ns;
}

static void kcs_close(struct link *link)
{
	if (link) {
		registers_close(&kcs_link(link)->registers);
		free(kcs_link(link));
	}
}

static int kcs_open(const char *options_text, uint64_t now_ns, const struct link_sink *sink,
	char *error, size_t error_size, struct link **ret_link)
{
	struct kcs_link *self = calloc(1, sizeof(*self));
	uint64_t spacing = 1, bus_window = BUS_WINDOW_DEFAULT, address = 0x20;
	const struct link_option options[] = {
		{"spacing", 1, 16, &spacing},
		{"bus_window", 1, CORE_BUS_WINDOW_MAX, &bus_window},
		{"address", 1, 0xFE, &address},
	};
	char where[64];
	int rc;

	if (!self) {
		snprintf(error, error_size, "kcs: out of memory");
		return -ENOMEM;
	}
	rc = link_options_split(
		options_text, where, sizeof(where), &options_text, error, error_size);
	if (rc == 0) {
		rc = link_options_parse(
			options_text, options, ARRAY_LENGTH(options), error, error_size);
	}
	if (rc == 0) {
		rc = registers_open(&self->registers, where, (uint32_t)spacing, REGISTER_COUNT,
			error, error_size);
	}
	if (rc < 0) {
		free(self);
		return rc;
	}
	self->link.ops = &link_kcs;
	self->sink = *sink;
	self->deadline_ns = now_ns;
	kcs_host_init(&self->host);
	self->capabilities = (struct core_link_capabilities){
		.wire_sequence = true,
		.raw_bridge = true,
		.owns_flags = true,
		.inbound_any = true,
		.attention = true,
		.window = 1,
		.bus_window = (uint16_t)bus_window,
		.data_max = KCS_DATA_MAX,
		.own_address = (uint8_t)address,
	};
	*ret_link = &self->link;
	return 0;
}

const struct link_ops link_kcs = {
	.name = "kcs",
	.usage = "kcs:PORT or kcs:mem:ADDRESS [,spacing=N][,bus_window=N][,address=N]",
	.open = kcs_open,
	.transmit = kcs_transmit,
	.fd = kcs_fd,
	.interest = kcs_interest,
	.dispatch = kcs_dispatch,
	.deadline = kcs_deadline,
	.close = kcs_close,
};
