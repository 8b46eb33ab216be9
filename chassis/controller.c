/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassis/controller.h"

#include "chassis/bus.h"

/* What it does not know, it refuses after this. */
#define SERVICE_UNKNOWN_US 2000u

uint64_t service_ns(const struct controller *controller, uint32_t us)
{
	return (uint64_t)us * controller->service_percent * (NSEC_PER_USEC_U64 / 100);
}

struct controller *controller_carve(struct arena *arena, const struct placement *placement)
{
	const struct board *board = placement->board;
	struct controller *controller = arena_take(arena, sizeof(*controller));

	if (controller) {
		memset(controller, 0, sizeof(*controller));
		controller->board = board;
		controller->address = placement->address;
		controller->slot = placement->slot;
		controller->present = true;
	}
	/* The same pieces in the same order, whether they are handed out or only counted. */
	sensors_carve(controller, board, arena);
	sdr_carve(controller, board, arena);
	sel_carve(controller, board, arena);
	fru_carve(controller, board, arena);
	session_carve(controller, board, arena);
	parameters_carve(controller, board, arena);
	if (controller && placement->as) {
		controller->board = placement->as;
	}
	return controller;
}

/* What a restart of the controller brings back to its beginnings. */
static void init_volatile(struct controller *controller)
{
	controller->due_ns = TIME_NEVER;
	controller->interrupts = false;
	controller->event_receiver = 0x20;
	controller->event_receiver_lun = 0;
	controller->inbox.count = 0;
	relay_init(controller);
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
	controller->seed = options->seed + controller->address;
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
	controller->restarts++;
	controller->scan_ns = now_ns;
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

/* How long this one takes, whatever it is. */
static uint64_t request_ns(const struct controller *controller, const uint8_t *frame)
{
	const struct command *command = command_find(frame[1] >> 2, frame[5]);

	return service_ns(controller, command ? command->service_us : SERVICE_UNKNOWN_US);
}

/* Executes a request that came over the IPMB and sends the response. */
static void answer(
	struct controller *controller, const struct ipmb_message *message, uint64_t now_ns)
{
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
		.sequence = message->sequence,
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
	struct faults *faults = controller->bus->faults;
	int length;

	if (faults_strike(faults, CHASSIS_FAULT_RESET, controller->slot, now_ns)) {
		controller_restart(controller, now_ns);
		return;
	}
	data[0] = faults_strike(faults, CHASSIS_FAULT_BUSY, controller->slot, now_ns)
			  ? VIPMI_CC_NODE_BUSY
			  : controller_execute(controller, &exchange);
	response.length = 1 + writer_length(&exchange.response);
	length = ipmb_encode(&response, frame, sizeof(frame));
	if (length > 0) {
		/* When nobody listens any more the response is lost, as on the wire. */
		(void)bus_send(controller, frame, (size_t)length, now_ns);
	}
}

/* Answers the requests that waited long enough, one after the other. */
static void inbox_step(struct controller *controller, uint64_t now_ns)
{
	struct inbox *inbox = &controller->inbox;
	uint8_t frame[IPMB_FRAME_MAX];
	struct ipmb_message message;
	size_t length;

	while (inbox->count > 0 && now_ns >= inbox->answer_ns) {
		length = inbox->frames[inbox->first].length;
		memcpy(frame, inbox->frames[inbox->first].bytes, length);
		inbox->first = (inbox->first + 1) % REQUESTS_MAX;
		inbox->count--;
		if (inbox->count > 0) {
			inbox->answer_ns +=
				request_ns(controller, inbox->frames[inbox->first].bytes);
		}
		if (ipmb_decode(frame, length, &message) == 0) {
			answer(controller, &message, now_ns);
		}
	}
	if (inbox->count > 0) {
		controller_due(controller, inbox->answer_ns);
	}
}

/* A request waits until those before it are done. */
static bool inbox_add(
	struct controller *controller, const uint8_t *frame, size_t length, uint64_t now_ns)
{
	struct inbox *inbox = &controller->inbox;
	uint8_t at = (uint8_t)((inbox->first + inbox->count) % REQUESTS_MAX);

	if (inbox->count == controller->board->requests_max) {
		return false;
	}
	inbox->frames[at].length = (uint8_t)length;
	memcpy(inbox->frames[at].bytes, frame, length);
	if (inbox->count++ == 0) {
		inbox->answer_ns = now_ns + request_ns(controller, frame);
	}
	controller_due(controller, inbox->answer_ns);
	return true;
}

bool controller_receive(struct controller *controller, const struct ipmb_message *message,
	const uint8_t *frame, size_t length, uint64_t now_ns)
{
	bool request = !(message->netfn & 1);
	uint8_t lun = request ? message->rs_lun : message->rq_lun;

	if (lun == LUN_SYSTEM_SOFTWARE && controller_has(controller, FEATURE_SYSTEM_INTERFACE)) {
		return messaging_receive(controller, CHANNEL_IPMB, frame + 1, length - 1);
	}
	if (request) {
		return inbox_add(controller, frame, length, now_ns);
	}
	/* A response for the controller itself: to an event it sent. */
	relay_answered(controller, message, now_ns);
	return true;
}

void controller_step(struct controller *controller, uint64_t now_ns)
{
	if (now_ns < controller->due_ns || !controller->present) {
		return;
	}
	/* Each says anew when it is due next. */
	controller->due_ns = TIME_NEVER;
	watchdog_step(controller, now_ns);
	sel_step(controller, now_ns);
	sensors_scan(controller, now_ns);
	inbox_step(controller, now_ns);
	relay_step(controller, now_ns);
	if (controller->reset_pending) {
		controller->reset_pending = false;
		controller_restart(controller, now_ns);
	}
}
