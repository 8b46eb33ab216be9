/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * chassis:OPTIONS: the simulated CompactPCI chassis in this very process.
 */
#include "links/table.h"

#include "chassis/chassis.h"
#include "chassisd/scenario_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Alignment that chassis_init asks for. */
#define CHASSIS_ALIGNMENT 16

/* Bridged requests at once, in case the card keeps that many answers. */
#define BUS_WINDOW 8

struct chassis_link {
	struct link link; /* first: links.h */
	struct link_sink sink;
	struct chassis *chassis;
	uint32_t transmission; /* the one whose request the chassis took last */
	bool announced;        /* LINK_UP was told */
	bool refused;          /* somebody was told "not now" */
	char path[CHASSIS_PATH_MAX + 1], *scenario; /* a file and its text */
};

static struct chassis_link *chassis_link(struct link *link)
{
	return container_of(link, struct chassis_link, link);
}

static void announce(struct chassis_link *self, uint64_t now_ns)
{
	uint8_t room = chassis_receive_max(self->chassis);
	struct core_event event = {
		.type = CORE_EVENT_LINK_UP,
		.now_ns = now_ns,
		.link_up =
			{
				.wire_sequence = true,
				.raw_bridge = true,
				.owns_flags = true,
				.inbound_any = true,
				.attention = true,
				.simulated = true,
				.window = 1,
				.bus_window = room < BUS_WINDOW ? room : BUS_WINDOW,
				.own_address = chassis_address(self->chassis),
			},
	};

	self->announced = true;
	self->sink.event(self->sink.context, &event);
}

static void chassis_link_close(struct link *link)
{
	if (link) {
		struct chassis_link *self = chassis_link(link);

		free(self->chassis); /* the block begins with it */
		free(self->scenario);
		free(self);
	}
}

static int chassis_link_open(const char *options_text, uint64_t now_ns,
	const struct link_sink *sink, char *error, size_t error_size, struct link **ret_link)
{
	struct chassis_options options;
	struct chassis_link *self;
	size_t size;
	void *memory;
	int result;

	chassis_options_init(&options);
	options.epoch_s = (uint32_t)time(NULL);
	result = chassis_options_parse(&options, options_text, error, error_size);
	if (result < 0) {
		return result;
	}
	if (options.freeze) {
		struct chassis_options fixed;

		chassis_options_init(&fixed);
		options.epoch_s = fixed.epoch_s;
	}
	size = chassis_size(&options);
	self = calloc(1, sizeof(*self));
	memory = aligned_alloc(CHASSIS_ALIGNMENT,
		(size + CHASSIS_ALIGNMENT - 1) & ~(size_t)(CHASSIS_ALIGNMENT - 1));
	if (!self || !memory) {
		free(self);
		free(memory);
		snprintf(error, error_size, "no memory for the simulated chassis");
		return -ENOMEM;
	}
	self->link.ops = &link_chassis;
	result = chassis_init(memory, size, &options, now_ns, &self->chassis);
	if (result < 0) {
		free(self);
		free(memory);
		snprintf(error, error_size, "the simulated chassis refuses these options");
		return result;
	}
	memcpy(self->path, options.scenario, sizeof(self->path));
	result = scenario_file_play(
		self->chassis, self->path, now_ns, &self->scenario, error, error_size);
	if (result < 0) {
		chassis_link_close(&self->link);
		return result;
	}
	self->sink = *sink;
	*ret_link = &self->link;
	announce(self, now_ns);
	return 0;
}

static int chassis_link_transmit(
	struct link *link, const struct core_transmit *transmit, uint64_t now_ns)
{
	struct chassis_link *self = chassis_link(link);
	const struct chassis_request request = {
		.netfn = transmit->netfn,
		.lun = transmit->lun,
		.command = transmit->command,
		.data = transmit->data,
		.length = transmit->length,
	};
	int result;

	if (transmit->target_kind != VIPMI_TARGET_CONTROLLER) {
		return -EOPNOTSUPP; /* raw_bridge: the core wraps these itself */
	}
	result = chassis_request(self->chassis, now_ns, &request);
	if (result == -EBUSY) {
		self->refused = true;
		return -EAGAIN;
	}
	if (result == 0) {
		self->transmission = transmit->transmission;
	}
	return result;
}

static void tell(struct chassis_link *self, struct core_event *event)
{
	self->sink.event(self->sink.context, event);
}

static void tell_response(
	struct chassis_link *self, const struct chassis_output *output, uint64_t now_ns)
{
	struct core_event event;

	event.now_ns = now_ns;
	if (output->garbled) {
		event.type = CORE_EVENT_GARBLED;
	} else {
		event.type = CORE_EVENT_RECEIVED;
		event.received.transmission = self->transmission;
		event.received.netfn = output->netfn;
		event.received.command = output->command;
		event.received.data = output->data;
		event.received.length = output->length;
	}
	tell(self, &event);
	if (self->refused) {
		self->refused = false;
		event = (struct core_event){.type = CORE_EVENT_LINK_READY, .now_ns = now_ns};
		tell(self, &event);
	}
}

/* What the controller does to its host concerns nobody here but the log. */
static void tell_log(struct chassis_link *self, enum chassis_output_type type)
{
	static const char *const texts[CHASSIS_OUTPUT_COUNT] = {
		[CHASSIS_OUTPUT_POWER_OFF] = "simulated chassis: the host's power goes off",
		[CHASSIS_OUTPUT_POWER_ON] = "simulated chassis: the host's power comes on",
		[CHASSIS_OUTPUT_POWER_CYCLE] = "simulated chassis: the host's power is cycled",
		[CHASSIS_OUTPUT_HARD_RESET] = "simulated chassis: the host is reset",
		[CHASSIS_OUTPUT_NMI] = "simulated chassis: the host gets an NMI",
		[CHASSIS_OUTPUT_SOFT_SHUTDOWN] =
			"simulated chassis: the host is asked to shut down",
	};

	if (texts[type] && self->sink.log) {
		self->sink.log(self->sink.context, texts[type]);
	}
}

static void tell_step(struct chassis_link *self, const struct chassis_output *output)
{
	char line[SCENARIO_LINE_MAX];

	if (self->sink.log) {
		scenario_file_line(self->path, output, line, sizeof(line));
		self->sink.log(self->sink.context, line);
	}
}

static void chassis_link_dispatch(struct link *link, uint32_t ready, uint64_t now_ns)
{
	struct chassis_link *self = chassis_link(link);
	struct chassis_output output;
	struct core_event event;

	(void)ready; /* there is no descriptor */
	/* At most one of each kind: requests come by transmit only, never from within. */
	while (chassis_next(self->chassis, now_ns, &output)) {
		switch (output.type) {
		case CHASSIS_OUTPUT_RESPONSE:
			tell_response(self, &output, now_ns);
			break;
		case CHASSIS_OUTPUT_STEP:
			tell_step(self, &output);
			break;
		case CHASSIS_OUTPUT_ATTENTION:
			event = (struct core_event){.type = CORE_EVENT_ATTENTION,
				.now_ns = now_ns,
				.attention = {.asserted = output.asserted}};
			tell(self, &event);
			break;
		case CHASSIS_OUTPUT_CONTROLLER_RESET:
			event = (struct core_event){
				.type = CORE_EVENT_CONTROLLER_RESET, .now_ns = now_ns};
			tell(self, &event);
			break;
		default:
			tell_log(self, output.type);
			break;
		}
	}
}

static int chassis_link_fd(const struct link *link)
{
	(void)link;
	return -1;
}

static uint32_t chassis_link_interest(const struct link *link)
{
	(void)link;
	return 0;
}

static uint64_t chassis_link_deadline(const struct link *link)
{
	const struct chassis_link *self = (const struct chassis_link *)link;

	return chassis_deadline(self->chassis);
}

const struct link_ops link_chassis = {
	.name = "chassis",
	.usage = "chassis: or chassis:OPTION,... (simulated; " CHASSIS_OPTIONS_USAGE ")",
	.open = chassis_link_open,
	.transmit = chassis_link_transmit,
	.fd = chassis_link_fd,
	.interest = chassis_link_interest,
	.dispatch = chassis_link_dispatch,
	.deadline = chassis_link_deadline,
	.close = chassis_link_close,
};
