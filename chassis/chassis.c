/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chassis' door: one request at a time in, outputs out. Lets the time pass
 * for the controllers and the bus between them.
 */
#include "chassis/chassis.h"

#include "chassis/backplane.h"
#include "chassis/control.h"

/* A command that the controller does not know is refused after this. */
#define SERVICE_UNKNOWN_US 2000u

/* Where time does not pass, a request wakes another controller, whose answer wakes another: each is
 * a round. More than a long chain needs; a bound costs nothing. */
#define ROUNDS_MAX 1000

/* The order in which outputs are told: what a host must know before the response, the response,
 * and then what may end the host. */
static const uint8_t output_order[] = {
	CHASSIS_OUTPUT_INTERRUPT,
	CHASSIS_OUTPUT_STEP,
	CHASSIS_OUTPUT_ATTENTION,
	CHASSIS_OUTPUT_RESPONSE,
	CHASSIS_OUTPUT_CONTROLLER_RESET,
	CHASSIS_OUTPUT_NMI,
	CHASSIS_OUTPUT_SOFT_SHUTDOWN,
	CHASSIS_OUTPUT_HARD_RESET,
	CHASSIS_OUTPUT_POWER_CYCLE,
	CHASSIS_OUTPUT_POWER_OFF,
	CHASSIS_OUTPUT_POWER_ON,
};

/* Where the one request is. */
enum phase {
	PHASE_IDLE,
	PHASE_WORKING,  /* until due_ns; then it is executed */
	PHASE_ANSWERED, /* the response waits to be pulled, at due_ns */
};

/* A scenario: the order that is done next, or was and is yet to be told. */
struct play {
	struct chassis_scenario scenario;
	struct chassis_step step, told; /* told: as the last output */
	struct chassis_control_result result;
	uint64_t started_ns, due_ns;
	bool done; /* the step, and it is to be told */
};

struct chassis {
	struct controller *card; /* the first on the bus */
	uint64_t due_ns;         /* of the request in hand */
	enum phase phase;
	bool garbled, lost, busy, restart;
	bool attention; /* as last reported */
	uint8_t netfn, lun, command;
	uint16_t length; /* of the request in `data`, then of the response */
	struct chassis_faults faults;
	struct random random;
	uint64_t requests, responses, fault_count;
	uint8_t data[VIPMI_DATA_MAX], response[1 + VIPMI_DATA_MAX];
	struct faults injected;
	struct backplane backplane;
	struct bus bus;
	uint64_t seed, started_ns;
	struct play play;
};

/* Takes everything that a chassis consists of from the arena. */
static struct chassis *carve(struct arena *arena, const struct chassis_options *options)
{
	struct placement plan[BUS_CONTROLLERS_MAX];
	uint8_t i, count = backplane_plan(options, plan);
	struct chassis *chassis = arena_take(arena, sizeof(*chassis));
	struct controller *controller;

	if (chassis) {
		memset(chassis, 0, sizeof(*chassis));
		bus_init(&chassis->bus, options->service_percent, &chassis->injected);
	}
	for (i = 0; i < count; i++) {
		controller = controller_carve(arena, &plan[i]);
		if (chassis) {
			chassis->bus.controllers[chassis->bus.controllers_count++] = controller;
		}
	}
	return chassis;
}

size_t chassis_size(const struct chassis_options *options)
{
	struct arena arena = {0};

	(void)carve(&arena, options); /* only counts */
	return arena.used;
}

static bool options_valid(const struct chassis_options *options)
{
	return options->service_percent <= CHASSIS_SERVICE_PERCENT_MAX &&
	       options->role <= CHASSIS_ROLE_PERIPHERAL &&
	       (options->drawer || options->role == CHASSIS_ROLE_BMC) &&
	       (!options->drawer ||
		       (options->slot >= NODE_SLOT_FIRST && options->slot <= NODE_SLOT_LAST));
}

int chassis_init(void *memory, size_t size, const struct chassis_options *options, uint64_t now_ns,
	struct chassis **ret_chassis)
{
	struct arena arena = {.block = memory};
	struct chassis *chassis;
	uint8_t i;

	if (!options_valid(options) || size < chassis_size(options)) {
		return -EINVAL;
	}
	chassis = carve(&arena, options);
	chassis->card = chassis->bus.controllers[0];
	chassis->seed = options->seed;
	chassis->started_ns = now_ns;
	chassis->play.due_ns = TIME_NEVER;
	random_init(&chassis->random, options->seed);
	faults_init(&chassis->injected, options->seed);
	chassis_set_faults(chassis, &options->faults);
	for (i = 0; i < chassis->bus.controllers_count; i++) {
		controller_init(chassis->bus.controllers[i], &chassis->bus, options, now_ns);
	}
	backplane_init(&chassis->backplane, &chassis->bus, options, now_ns);
	*ret_chassis = chassis;
	return 0;
}

void chassis_set_faults(struct chassis *chassis, const struct chassis_faults *faults)
{
	chassis->faults = *faults;
	if (chassis->faults.late_ms == 0) {
		chassis->faults.late_ms = CHASSIS_LATE_DEFAULT_MS;
	}
}

bool chassis_ready(const struct chassis *chassis)
{
	return chassis->phase == PHASE_IDLE;
}

/* Executes what is in chassis->data and leaves the response. */
static void execute(struct chassis *chassis, uint64_t now_ns)
{
	struct exchange exchange = {
		.now_ns = now_ns,
		.request = reader_init(chassis->data, chassis->length),
		.response = writer_init(chassis->response + 1, sizeof(chassis->response) - 1),
		.netfn = chassis->netfn,
		.lun = chassis->lun,
		.command = chassis->command,
		.channel = CHANNEL_SYSTEM_INTERFACE,
	};

	if (chassis->restart) {
		/* It starts anew instead, and knows nothing of the request. */
		controller_restart(chassis->card, now_ns);
		chassis->phase = PHASE_IDLE;
		return;
	}
	chassis->response[0] =
		chassis->busy ? VIPMI_CC_NODE_BUSY : controller_execute(chassis->card, &exchange);
	chassis->length = (uint16_t)(1 + writer_length(&exchange.response));
	chassis->phase = PHASE_ANSWERED;
}

static struct control control_of(struct chassis *chassis)
{
	return (struct control){
		.backplane = &chassis->backplane,
		.faults = &chassis->injected,
		.seed = chassis->seed,
		.started_ns = chassis->started_ns,
	};
}

/* What the simulator itself answers: at once, and whatever its boards suffer. */
static bool answer_control(struct chassis *chassis, uint64_t now_ns)
{
	struct control control = control_of(chassis);
	struct exchange exchange = {
		.now_ns = now_ns,
		.request = reader_init(chassis->data, chassis->length),
		.netfn = chassis->netfn,
		.command = chassis->command,
	};
	struct writer response = writer_init(chassis->response + 1, sizeof(chassis->response) - 1);

	if (!control_execute(&control, &exchange, &chassis->response[0], &response)) {
		return false;
	}
	chassis->length = (uint16_t)(1 + writer_length(&response));
	chassis->lost = chassis->garbled = false;
	chassis->due_ns = now_ns;
	chassis->phase = PHASE_ANSWERED;
	return true;
}

static bool strikes(struct chassis *chassis, uint8_t percent)
{
	return percent > 0 && random_below(&chassis->random, 100) < percent;
}

/* The same of the faults that somebody ordered. */
static bool injected(struct chassis *chassis, enum chassis_fault_kind kind, uint64_t now_ns)
{
	return faults_strike(&chassis->injected, kind, chassis->card->slot, now_ns);
}

/* Decides what goes wrong with the request in hand. Returns by how much it is late. */
static uint64_t misbehave(struct chassis *chassis, uint64_t now_ns)
{
	const struct chassis_faults *faults = &chassis->faults;
	uint64_t late_ns = 0;

	chassis->lost = faults->silent || strikes(chassis, faults->drop);
	chassis->garbled = strikes(chassis, faults->garble);
	chassis->busy = strikes(chassis, faults->busy);
	if (strikes(chassis, faults->late)) {
		late_ns = faults->late_ms * NSEC_PER_MSEC_U64;
	}
	chassis->fault_count += chassis->lost || chassis->garbled || chassis->busy || late_ns > 0;
	chassis->lost |= injected(chassis, CHASSIS_FAULT_SILENCE, now_ns) ||
			 injected(chassis, CHASSIS_FAULT_LOST, now_ns);
	chassis->garbled |= injected(chassis, CHASSIS_FAULT_GARBLED, now_ns);
	chassis->busy |= injected(chassis, CHASSIS_FAULT_BUSY, now_ns);
	chassis->restart = injected(chassis, CHASSIS_FAULT_RESET, now_ns);
	late_ns += (uint64_t)faults_late(&chassis->injected, chassis->card->slot, now_ns) *
		   NSEC_PER_MSEC_U64;
	return late_ns;
}

/* How long the controller works on it: the command's time, an eighth more or less. */
static uint64_t service_time(struct chassis *chassis)
{
	const struct command *command;
	uint64_t ns;

	if (chassis->card->service_percent == 0) {
		return 0;
	}
	command = command_find(chassis->netfn, chassis->command);
	ns = service_ns(chassis->card, command ? command->service_us : SERVICE_UNKNOWN_US);
	return ns - (ns >> 3) + (ns >> 10) * random_below(&chassis->random, 256);
}

int chassis_request(struct chassis *chassis, uint64_t now_ns, const struct chassis_request *request)
{
	uint64_t due_ns = now_ns;

	if (chassis->phase != PHASE_IDLE) {
		return -EBUSY;
	}
	if (request->length > sizeof(chassis->data)) {
		return -EMSGSIZE;
	}
	if (request->netfn & 1) {
		return -EINVAL;
	}
	chassis->requests++;
	chassis->netfn = request->netfn;
	chassis->lun = request->lun;
	chassis->command = request->command;
	chassis->length = (uint16_t)request->length;
	if (request->length > 0) {
		memcpy(chassis->data, request->data, request->length);
	}
	if (answer_control(chassis, now_ns)) {
		return 0;
	}
	due_ns += misbehave(chassis, now_ns) + service_time(chassis);
	chassis->due_ns = due_ns;
	if (due_ns > now_ns) {
		chassis->phase = PHASE_WORKING;
	} else {
		execute(chassis, now_ns);
	}
	return 0;
}

/* Makes the scenario's next order the one that is due next. */
static void play_next(struct play *play)
{
	char error[CHASSIS_ERROR_SIZE]; /* it was checked */

	play->done = false;
	play->due_ns = TIME_NEVER;
	if (chassis_scenario_next(&play->scenario, &play->step, error) > 0) {
		play->due_ns = play->started_ns + play->step.at_ms * NSEC_PER_MSEC_U64;
	}
}

int chassis_play(struct chassis *chassis, const char *text, size_t length, uint64_t now_ns,
	uint32_t *ret_line, char error[CHASSIS_ERROR_SIZE])
{
	struct chassis_scenario scenario = {.text = text, .length = length};
	int result = chassis_scenario_check(scenario, ret_line, error);

	if (result < 0) {
		return result;
	}
	chassis->play.scenario = scenario;
	chassis->play.started_ns = now_ns;
	play_next(&chassis->play);
	return 0;
}

/* Does what the scenario says, one order before the next is looked at. */
static void play_step(struct chassis *chassis, uint64_t now_ns)
{
	struct play *play = &chassis->play;
	struct control control = control_of(chassis);

	if (now_ns < play->due_ns || play->done) {
		return;
	}
	control_obey(&control, play->step.order, play->step.order_length, now_ns, &play->result);
	play->done = true;
}

/* When something happens by itself, without a request. */
static uint64_t world_deadline(const struct chassis *chassis)
{
	uint64_t deadline = chassis->bus.due_ns;
	uint8_t i;

	if (chassis->backplane.due_ns < deadline) {
		deadline = chassis->backplane.due_ns;
	}
	if (!chassis->play.done && chassis->play.due_ns < deadline) {
		deadline = chassis->play.due_ns;
	}
	for (i = 0; i < chassis->bus.controllers_count; i++) {
		const struct controller *controller = chassis->bus.controllers[i];

		if (controller->present && controller->due_ns < deadline) {
			deadline = controller->due_ns;
		}
	}
	return deadline;
}

/* Lets the time pass for everything in the chassis. */
static void pass_time(struct chassis *chassis, uint64_t now_ns)
{
	int rounds = ROUNDS_MAX;
	uint8_t i;

	if (chassis->phase == PHASE_WORKING && now_ns >= chassis->due_ns) {
		execute(chassis, now_ns);
	}
	do {
		play_step(chassis, now_ns);
		backplane_step(&chassis->backplane, now_ns);
		for (i = 0; i < chassis->bus.controllers_count; i++) {
			controller_step(chassis->bus.controllers[i], now_ns);
		}
		bus_step(&chassis->bus, now_ns);
	} while (world_deadline(chassis) <= now_ns && rounds-- > 0);
	if (chassis->phase == PHASE_ANSWERED && chassis->lost) {
		/* Executed, but nobody hears of it. */
		chassis->phase = PHASE_IDLE;
	}
}

/* Whether the attention signal shows something else than was last reported. */
static bool attention_changed(const struct chassis *chassis)
{
	return (messaging_flags(chassis->card) != 0) != chassis->attention;
}

static void give_response(struct chassis *chassis, struct chassis_output *output)
{
	output->garbled = chassis->garbled;
	output->netfn = chassis->netfn | 1;
	output->lun = chassis->lun;
	output->command = chassis->command;
	output->data = chassis->response;
	output->length = chassis->length;
	chassis->phase = PHASE_IDLE;
	chassis->responses++;
}

static void give_step(struct chassis *chassis, struct chassis_output *output)
{
	struct play *play = &chassis->play;

	play->told = play->step;
	output->step = &play->told;
	output->result = &play->result;
	if (play->result.status != CHASSIS_STATUS_DONE) {
		play->scenario.at = play->scenario.length; /* nobody knows what the rest would do */
	}
	play_next(play);
}

bool chassis_next(struct chassis *chassis, uint64_t now_ns, struct chassis_output *ret_output)
{
	struct controller *card = chassis->card;
	uint32_t waiting;
	size_t i;

	pass_time(chassis, now_ns);
	waiting = card->outputs;
	waiting |= attention_changed(chassis) ? 1u << CHASSIS_OUTPUT_ATTENTION : 0;
	waiting |= chassis->play.done ? 1u << CHASSIS_OUTPUT_STEP : 0;
	waiting |= chassis->phase == PHASE_ANSWERED ? 1u << CHASSIS_OUTPUT_RESPONSE : 0;
	if (!waiting) {
		return false;
	}
	for (i = 0; !(waiting & 1u << output_order[i]); i++) {
	}
	card->outputs &= ~(1u << output_order[i]);
	ret_output->type = output_order[i];
	if (output_order[i] == CHASSIS_OUTPUT_RESPONSE) {
		give_response(chassis, ret_output);
	} else if (output_order[i] == CHASSIS_OUTPUT_STEP) {
		give_step(chassis, ret_output);
	} else if (output_order[i] == CHASSIS_OUTPUT_ATTENTION) {
		chassis->attention = !chassis->attention;
		ret_output->asserted = chassis->attention;
	} else if (output_order[i] == CHASSIS_OUTPUT_INTERRUPT) {
		ret_output->asserted = card->interrupts;
	}
	return true;
}

uint64_t chassis_deadline(const struct chassis *chassis)
{
	uint64_t deadline = world_deadline(chassis);

	if (chassis->phase == PHASE_ANSWERED || chassis->card->outputs || chassis->play.done ||
		attention_changed(chassis)) {
		return 0;
	}
	if (chassis->phase == PHASE_WORKING && chassis->due_ns < deadline) {
		deadline = chassis->due_ns;
	}
	return deadline;
}

uint8_t chassis_address(const struct chassis *chassis)
{
	return chassis->card->address;
}

uint8_t chassis_receive_max(const struct chassis *chassis)
{
	return chassis->card->board->receive_max;
}

bool chassis_attention(const struct chassis *chassis)
{
	return chassis->attention;
}

void chassis_status(const struct chassis *chassis, struct chassis_counts *ret_status)
{
	*ret_status = (struct chassis_counts){
		.requests = chassis->requests,
		.responses = chassis->responses,
		.bridged = chassis->bus.delivered,
		.faults = chassis->fault_count + chassis->injected.hits,
		.sel_entries = chassis->card->sel.count,
		.queued = chassis->card->messaging.queue_count,
		.power_on = chassis->card->power.on,
		.watchdog_running = chassis->card->watchdog.running,
	};
}
