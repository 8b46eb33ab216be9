/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kcs:PORT: the micro-controller's KCS interface itself, without the kernel's
 * driver (IPMI 2.0 section 9). hardware/kcs_interface.h knows what is to be done;
 * here it is done, from user space and without an interrupt.
 */
#include "links/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "hardware/kcs_interface.h"
#include "links/options.h"
#include "links/registers.h"

/* Register accesses in one dispatch; the longest transfer takes about 3,300. */
#define ACCESSES_MAX 4096

struct kcs_link {
	struct link link; /* first: links.h */
	struct link_sink sink;
	struct registers registers;
	struct kcs_interface interface;
};

static struct kcs_link *kcs_link(const struct link *link)
{
	return container_of(link, struct kcs_link, link);
}

static uint8_t perform(const struct kcs_link *self, enum kcs_access access, uint8_t value)
{
	switch (access) {
	case KCS_ACCESS_READ_STATUS:
		return registers_read(&self->registers, KCS_REGISTER_COMMAND);
	case KCS_ACCESS_READ_DATA:
		return registers_read(&self->registers, KCS_REGISTER_DATA);
	case KCS_ACCESS_WRITE_DATA:
		registers_write(&self->registers, KCS_REGISTER_DATA, value);
		return 0;
	case KCS_ACCESS_WRITE_COMMAND:
		registers_write(&self->registers, KCS_REGISTER_COMMAND, value);
		return 0;
	default:
		return 0;
	}
}

static void tell_complaint(struct kcs_link *self)
{
	struct kcs_complaint complaint;
	char text[192];

	if (!kcs_interface_complains(&self->interface, &complaint) || !self->sink.log) {
		return;
	}
	if (complaint.names_request) {
		snprintf(text, sizeof(text), "netFn %02X command %02X: %s", complaint.netfn,
			complaint.command, complaint.text);
	} else {
		snprintf(text, sizeof(text), "%s", complaint.text);
	}
	self->sink.log(self->sink.context, text);
}

static int kcs_transmit(struct link *link, const struct core_transmit *transmit, uint64_t now_ns)
{
	return kcs_interface_transmit(&kcs_link(link)->interface, transmit, now_ns);
}

static void kcs_dispatch(struct link *link, uint32_t ready, uint64_t now_ns)
{
	struct kcs_link *self = kcs_link(link);
	struct core_event event;
	unsigned i;

	(void)ready; /* there is no descriptor */
	for (i = 0; i < ACCESSES_MAX; i++) {
		uint8_t value = 0;
		enum kcs_access access = kcs_interface_access(&self->interface, &value, now_ns);

		if (access == KCS_ACCESS_NONE) {
			break;
		}
		kcs_interface_done(&self->interface, perform(self, access, value), now_ns);
	}
	tell_complaint(self);
	while (kcs_interface_next(&self->interface, &event)) {
		event.now_ns = now_ns;
		self->sink.event(self->sink.context, &event);
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
	return kcs_interface_deadline(&kcs_link(link)->interface);
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
	uint64_t spacing = 1, bus_window = KCS_BUS_WINDOW_DEFAULT, address = 0x20;
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
		rc = registers_open(&self->registers, where, (uint32_t)spacing, KCS_REGISTER_COUNT,
			error, error_size);
	}
	if (rc < 0) {
		free(self);
		return rc;
	}
	/* A pause between two looks is as short as 20 us, and the kernel would add 50. */
	(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* without it the answers are later */
	self->link.ops = &link_kcs;
	self->sink = *sink;
	kcs_interface_init(&self->interface, (uint16_t)bus_window, (uint8_t)address, false, now_ns);
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
