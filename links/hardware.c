/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kcs:PORT, bt:PORT: the micro-controller's KCS or BT interface itself, without the
 * kernel's driver (IPMI 2.0 sections 9 and 11). hardware/hardware.h knows what is to be
 * done; here it is done, from user space and without an interrupt.
 */
#include "links/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "hardware/hardware.h"
#include "ipmi/bt.h"
#include "ipmi/kcs.h"
#include "links/options.h"
#include "links/registers.h"

/* Register accesses in one dispatch; the longest transfer takes about 3,300. */
#define ACCESSES_MAX 4096

struct hardware_link {
	struct link link; /* first: links.h */
	struct link_sink sink;
	struct registers registers;
	struct hardware hardware;
};

static struct hardware_link *hardware_link(const struct link *link)
{
	return container_of(link, struct hardware_link, link);
}

static uint8_t perform(struct hardware_link *self, enum transfer_access access, uint8_t value)
{
	const struct transfer_ops *ops = self->hardware.ops;

	switch (access) {
	case TRANSFER_READ_STATUS:
		return registers_read(&self->registers, ops->status_register);
	case TRANSFER_READ_DATA:
		return registers_read(&self->registers, ops->data_register);
	case TRANSFER_WRITE_DATA:
		registers_write(&self->registers, ops->data_register, value);
		return 0;
	case TRANSFER_WRITE_COMMAND:
		registers_write(&self->registers, ops->status_register, value);
		return 0;
	default:
		return 0;
	}
}

static void tell_complaint(struct hardware_link *self)
{
	struct hardware_complaint complaint;
	char text[192];

	if (!hardware_complains(&self->hardware, &complaint) || !self->sink.log) {
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

static int hardware_link_transmit(
	struct link *link, const struct core_transmit *transmit, uint64_t now_ns)
{
	return hardware_transmit(&hardware_link(link)->hardware, transmit, now_ns);
}

static void hardware_link_dispatch(struct link *link, uint32_t ready, uint64_t now_ns)
{
	struct hardware_link *self = hardware_link(link);
	struct core_event event;
	unsigned i;

	(void)ready; /* there is no descriptor */
	for (i = 0; i < ACCESSES_MAX; i++) {
		uint8_t value = 0;
		enum transfer_access access = hardware_access(&self->hardware, &value, now_ns);

		if (access == TRANSFER_NOTHING) {
			break;
		}
		hardware_done(&self->hardware, perform(self, access, value), now_ns);
	}
	tell_complaint(self);
	while (hardware_next(&self->hardware, &event)) {
		event.now_ns = now_ns;
		self->sink.event(self->sink.context, &event);
	}
}

static int hardware_link_fd(const struct link *link)
{
	(void)link;
	return -1;
}

static uint32_t hardware_link_interest(const struct link *link)
{
	(void)link;
	return 0;
}

static uint64_t hardware_link_deadline(const struct link *link)
{
	return hardware_deadline(&hardware_link(link)->hardware);
}

static void hardware_link_close(struct link *link)
{
	if (link) {
		registers_close(&hardware_link(link)->registers);
		free(hardware_link(link));
	}
}

static int hardware_link_open(const struct link_ops *ops, const struct transfer_ops *transfer,
	const char *options_text, uint64_t now_ns, const struct link_sink *sink, char *error,
	size_t error_size, struct link **ret_link)
{
	struct hardware_link *self = calloc(1, sizeof(*self));
	uint64_t spacing = 1, bus_window = HARDWARE_BUS_WINDOW_DEFAULT, address = 0x20;
	const struct link_option options[] = {
		{"spacing", 1, 16, &spacing},
		{"bus_window", 1, CORE_BUS_WINDOW_MAX, &bus_window},
		{"address", 1, 0xFE, &address},
	};
	char where[64];
	int rc;

	if (!self) {
		snprintf(error, error_size, "%s: out of memory", ops->name);
		return -ENOMEM;
	}
	rc = link_options_split(
		options_text, where, sizeof(where), &options_text, error, error_size);
	if (rc == 0) {
		rc = link_options_parse(
			options_text, options, ARRAY_LENGTH(options), error, error_size);
	}
	if (rc == 0) {
		rc = registers_open(&self->registers, where, (uint32_t)spacing, transfer->registers,
			error, error_size);
	}
	if (rc < 0) {
		free(self);
		return rc;
	}
	/* A pause between two looks is as short as 20 us, and the kernel would add 50. */
	(void)prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); /* without it the answers are later */
	self->link.ops = ops;
	self->sink = *sink;
	hardware_init(
		&self->hardware, transfer, (uint16_t)bus_window, (uint8_t)address, false, now_ns);
	*ret_link = &self->link;
	return 0;
}

static int kcs_open(const char *options_text, uint64_t now_ns, const struct link_sink *sink,
	char *error, size_t error_size, struct link **ret_link)
{
	return hardware_link_open(
		&link_kcs, &kcs_transfer, options_text, now_ns, sink, error, error_size, ret_link);
}

static int bt_open(const char *options_text, uint64_t now_ns, const struct link_sink *sink,
	char *error, size_t error_size, struct link **ret_link)
{
	return hardware_link_open(
		&link_bt, &bt_transfer, options_text, now_ns, sink, error, error_size, ret_link);
}

const struct link_ops link_kcs = {
	.name = "kcs",
	.usage = "kcs:PORT or kcs:mem:ADDRESS [,spacing=N][,bus_window=N][,address=N]",
	.open = kcs_open,
	.transmit = hardware_link_transmit,
	.fd = hardware_link_fd,
	.interest = hardware_link_interest,
	.dispatch = hardware_link_dispatch,
	.deadline = hardware_link_deadline,
	.close = hardware_link_close,
};

const struct link_ops link_bt = {
	.name = "bt",
	.usage = "bt:PORT or bt:mem:ADDRESS [,spacing=N][,bus_window=N][,address=N]",
	.open = bt_open,
	.transmit = hardware_link_transmit,
	.fd = hardware_link_fd,
	.interest = hardware_link_interest,
	.dispatch = hardware_link_dispatch,
	.deadline = hardware_link_deadline,
	.close = hardware_link_close,
};
