/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassis/controller.h"

uint64_t service_ns(const struct controller *controller, uint32_t us)
{
	return (uint64_t)us * controller->service_percent * (NSEC_PER_USEC_U64 / 100);
}

struct controller *controller_carve(struct arena *arena, const struct board *board)
{
	struct controller *controller = arena_take(arena, sizeof(*controller));

	if (controller) {
		memset(controller, 0, sizeof(*controller));
		controller->board = board;
	}
	/* The same pieces in the same order, whether they are handed out or only counted. */
	sensors_carve(controller, board, arena);
	sdr_carve(controller, board, arena);
	sel_carve(controller, board, arena);
	fru_carve(controller, board, arena);
	session_carve(controller, board, arena);
	parameters_carve(controller, board, arena);
	return controller;
}

/* What a restart of the controller brings back to its beginnings. */
static void init_volatile(struct controller *controller)
{
	controller->due_ns = TIME_NEVER;
	controller->interrupts = false;
	controller->event_receiver = 0x20;
	controller->event_receiver_lun = 0;
	device_init(controller);
	messaging_init(controller);
	watchdog_init(controller);
	sensors_init(controller);
	controller->sdr.reservation = 0;
	controller->sel.reserved = false;
}

void controller_init(struct controller *controller, struct bus *bus,
	const struct chassis_options *options, uint64_t now_ns)
{
	controller->bus = bus;
	controller->seed = options->seed + controller->board->address;
	random_init(&controller->random, controller->seed);
	controller->started_ns = now_ns;
	controller->epoch_s = options->epoch_s;
	controller->service_percent = options->service_percent;
	controller->freeze = options->freeze;
	controller->scan_ns = now_ns;
	clock_init(controller);
	init_volatile(controller);
	sdr_init(controller);
	fru_init(controller);
	power_init(controller);
	session_init(controller);
	parameters_init(controller);
	pef_init(controller);
	sel_init(controller);
	controller_due(controller, now_ns);
}

void controller_restart(struct controller *controller, uint64_t now_ns)
{
	init_volatile(controller);
	/* Long enough that a host notices: half a second at 100 percent. */
	controller->device.ready_ns = now_ns + service_ns(controller, 500000);
	controller_output(controller, CHASSIS_OUTPUT_CONTROLLER_RESET);
	controller_due(controller, now_ns);
}

uint8_t controller_execute(struct controller *controller, struct exchange *exchange)
{
	const struct command *command = command_find(exchange->netfn, exchange->command);
	size_t length = reader_left(&exchange->request);
	uint8_t *start = exchange->response.at;
	uint8_t cc;

	if (!command || !controller_has(controller, command->needs)) {
		return VIPMI_CC_INVALID_COMMAND;
	}
	if (length < command->length_min || length > command->length_max) {
		return VIPMI_CC_LENGTH_INVALID;
	}
	if (exchange->now_ns < controller->device.ready_ns && !command->while_initializing) {
		return VIPMI_CC_INITIALIZING;
	}
	cc = command->handler(controller, exchange);
	if (cc == VIPMI_CC_OK && exchange->request.failed) {
		cc = VIPMI_CC_REQUEST_TRUNCATED;
	}
	if (cc == VIPMI_CC_OK && exchange->response.failed) {
		cc = VIPMI_CC_CANNOT_RETURN_LENGTH;
	}
	if (cc != VIPMI_CC_OK) {
		exchange->response.at = start;
	}
	return cc;
}

void controller_step(struct controller *controller, uint64_t now_ns)
{
	if (now_ns < controller->due_ns) {
		return;
	}
	/* Each says anew when it is due next. */
	controller->due_ns = TIME_NEVER;
	watchdog_step(controller, now_ns);
	sel_step(controller, now_ns);
	sensors_scan(controller, now_ns);
	if (controller->reset_pending) {
		controller->reset_pending = false;
		controller_restart(controller, now_ns);
	}
}

/* Executes a request that came over the IPMB and sends the response after the service time. */
static void answer(
	struct controller *controller, const struct ipmb_message *message, uint64_t now_ns)
{
	const struct command *command = command_find(message->netfn, message->command);
	uint8_t data[IPMB_DATA_MAX], frame[IPMB_FRAME_MAX];
	struct exchange exchange = {
		.now_ns = now_ns,
		.request = reader_init(message->data, message->length),
		.response = writer_init(data + 1, sizeof(data) - 1),
		.netfn = message->netfn,
		.command = message->command,
		.lun = message->rs_lun,
		.channel = CHANNEL_IPMB,
		.rq_address = message->rq_address,
		.rq_lun = message->rq_lun,
	};
	struct ipmb_message response = {
		.rs_address = message->rs_address,
		.rs_lun = message->rs_lun,
		.rq_address = message->rq_address,
		.rq_lun = message->rq_lun,
		.netfn = message->netfn | 1,
		.sequence = message->sequence,
		.command = message->command,
		.data = data,
	};
	int length;

	data[0] = controller_execute(controller, &exchange);
	response.length = 1 + writer_length(&exchange.response);
	length = ipmb_encode(&response, frame, sizeof(frame));
	if (length > 0) {
		/* When nobody listens any more the response is lost, as on the wire. */
		(void)bus_send(controller->bus, frame, (size_t)length, now_ns,
			service_ns(controller, command ? command->service_us : 2000));
	}
}

void controller_receive(struct controller *controller, const struct ipmb_message *message,
	const uint8_t *frame, size_t length, uint64_t now_ns)
{
	bool request = !(message->netfn & 1);
	uint8_t lun = request ? message->rs_lun : message->rq_lun;

	if (lun == LUN_SYSTEM_SOFTWARE && controller_has(controller, FEATURE_SYSTEM_INTERFACE)) {
		messaging_receive(controller, CHANNEL_IPMB, frame + 1, length - 1);
	} else if (request) {
		answer(controller, message, now_ns);
	}
	/* A response for the controller itself: to an event it sent, and nobody waits for it. */
}
