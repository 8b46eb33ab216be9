/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Getting a reserved command past its holder. Two programs reserve commands from
 * each other and send requests that the input builds: plain, addressed on a bus,
 * inside Send Message or Master Write-Read, nested, by every alias of address and
 * channel, broadcast, with wrong checksums, cut off, or dressed up as responses.
 *
 * The judge shares no code with the core. It reads bytes as a credulous
 * controller and its bus would execute them, and says of a request
 *
 *	HELD     somebody would execute a command that the other program holds
 *	PERHAPS  only one that stretches the specification would
 *	OPEN     nobody would
 *
 * Nothing that is HELD is ever transmitted; it is answered D5 at once; and nothing
 * that is OPEN is answered D5.
 */
#include "fuzz/fuzz.h"

#include "base/bytes.h"
#include "core/core.h"
#include "fuzz/rights_judge.h"

#define PROGRAMS 2
#define REQUESTS 1024
#define RECEIVE_QUEUE 8
#define ACTIONS_MAX 10000

#define GET_FLAGS 0x31
#define GET_MESSAGE 0x33
#define FRAME_MAX (VIPMI_DATA_MAX + 16)

struct sent {
	int program;
	bool answered, refusable; /* there was a moment at which D5 was right */
	bool held;                /* it had to be refused at once */
	uint8_t kind, channel, address;
	struct asked asked;
	uint8_t data[VIPMI_DATA_MAX];
};

struct world {
	struct core *core;
	struct reader input;
	uint64_t now_ns;
	uint32_t client[PROGRAMS], handle[PROGRAMS];
	struct judge judge;
	struct sent sent[REQUESTS]; /* by tag */
	size_t sent_count, unanswered;
	int sender; /* whose requests are under way: one program's at a time */
	bool raw_bridge;
	uint8_t mood; /* of the controller and its bus */
	uint8_t queue[RECEIVE_QUEUE][FRAME_MAX];
	size_t queue_length[RECEIVE_QUEUE], queued;
};

static const struct core_limits limits = {
	.handles_max = 4, .requests_max = 64, .credit_max = 16, .seed = 7};

static enum verdict judge_sent(const struct world *world, const struct sent *sent)
{
	struct asked asked = sent->asked;

	asked.data = sent->data;
	return judge_request(&world->judge, sent->program,
		judge_node(&world->judge, sent->kind, sent->channel, sent->address), asked, false);
}

static void held_remove(struct world *world, size_t i)
{
	world->judge.held[i] = world->judge.held[--world->judge.held_count];
}

static void leases_end(struct world *world)
{
	size_t i;

	for (i = world->judge.held_count; i-- > 0;) {
		if (world->judge.held[i].until_ns <= world->now_ns) {
			held_remove(world, i);
		}
	}
}

/* What a finding is about; then it ends here. */
static void finding(const struct world *world, const char *what, const struct asked *asked)
{
	size_t i;

	fprintf(stderr, "%s: own address %02x, program %d, netFn %02x LUN %d command %02x:", what,
		world->judge.own_address, world->sender, asked->netfn, asked->lun, asked->command);
	for (i = 0; i < asked->length; i++) {
		fprintf(stderr, " %02x", asked->data[i]);
	}
	for (i = 0; i < world->judge.held_count; i++) {
		const struct core_command *held = &world->judge.held[i].what;

		fprintf(stderr,
			"\nprogram %d holds netFn %02x command %x body %x channel %02x "
			"address %02x LUN %02x direction %d",
			world->judge.held[i].program, held->netfn, held->command, held->body,
			held->channel, held->address, held->lun, held->direction);
	}
	fprintf(stderr, "\n");
	abort();
}

/* ---- the core and its shell ---- */

static int step(struct world *world, struct core_event *event)
{
	int rc;

	event->now_ns = world->now_ns;
	rc = core_step(world->core, event);
	FUZZ_CHECK(core_broken(world->core) == NULL);
	return rc;
}

static void step_simple(struct world *world, enum core_event_type type)
{
	struct core_event event = {.type = type};

	FUZZ_CHECK(step(world, &event) == 0);
}

static void attention(struct world *world, bool asserted)
{
	struct core_event event = {
		.type = CORE_EVENT_ATTENTION, .attention = {.asserted = asserted}};

	FUZZ_CHECK(step(world, &event) == 0);
}

static void respond(struct world *world, const struct core_transmit *transmit, const uint8_t *data,
	size_t length)
{
	struct core_event event = {.type = CORE_EVENT_RECEIVED,
		.received = {.transmission = transmit->transmission,
			.netfn = transmit->netfn | 1,
			.command = transmit->command,
			.data = data,
			.length = length}};

	FUZZ_CHECK(step(world, &event) == 0);
}

/* The responder's answer, into the receive message queue. */
static void bus_answer(struct world *world, const uint8_t *frame, size_t length)
{
	size_t at = frame[1] == 0 ? 2 : 1;
	uint8_t *entry = world->queue[world->queued];

	if (world->queued == RECEIVE_QUEUE || length < at + 7 || (frame[at + 1] >> 2 & 1)) {
		return;
	}
	entry[0] = 0;
	entry[1] = frame[0];
	entry[2] = (uint8_t)((frame[at + 1] | 4) & 0xFC) | (frame[at + 4] & 3);
	entry[3] = 0;
	entry[4] = frame[at];
	entry[5] = (frame[at + 4] & 0xFC) | (frame[at + 1] & 3);
	entry[6] = frame[at + 5];
	entry[7] = world->mood & 0x20 ? VIPMI_CC_NODE_BUSY : 0;
	entry[8] = 0;
	world->queue_length[world->queued++] = 9;
	attention(world, true);
}

static void controller_answer(struct world *world, const struct core_transmit *transmit)
{
	static const uint8_t empty[] = {0x80};
	static const uint8_t codes[] = {0, 0, 0, 0, VIPMI_CC_NODE_BUSY, 0x81, 0x83, 0xC1};
	uint8_t answer[2] = {codes[world->mood & 7], 0};

	if (transmit->netfn == APP && transmit->command == GET_FLAGS) {
		answer[0] = 0;
		answer[1] = world->queued > 0;
		respond(world, transmit, answer, 2);
	} else if (transmit->netfn == APP && transmit->command == GET_MESSAGE) {
		uint8_t entry[FRAME_MAX];
		size_t length = world->queue_length[0];

		if (world->queued == 0) {
			respond(world, transmit, empty, sizeof(empty));
			return;
		}
		memcpy(entry, world->queue[0], length);
		world->queued--;
		memmove(world->queue[0], world->queue[1], sizeof(world->queue) - FRAME_MAX);
		memmove(world->queue_length, world->queue_length + 1,
			sizeof(world->queue_length) - sizeof(size_t));
		attention(world, world->queued > 0);
		respond(world, transmit, entry, length);
	} else if (world->raw_bridge && transmit->command == SEND_MESSAGE) {
		if (answer[0] == 0 && !(world->mood & 0x10)) {
			bus_answer(world, transmit->data, transmit->length);
		}
		respond(world, transmit, answer, 1);
	} else {
		respond(world, transmit, answer, 1 + (answer[0] == 0));
	}
}

static void transmit(struct world *world, const struct core_action *action)
{
	const struct core_transmit *transmit = &action->transmit;
	const struct asked asked = {.netfn = transmit->netfn,
		.lun = transmit->lun,
		.command = transmit->command,
		.data = transmit->data,
		.length = transmit->length};
	bool direct = transmit->target_kind == VIPMI_TARGET_CONTROLLER;
	bool own = direct && transmit->netfn == APP &&
		   (transmit->command == GET_FLAGS || transmit->command == GET_MESSAGE);

	if (!own && judge_request(&world->judge, world->sender,
			    judge_node(&world->judge, transmit->target_kind, transmit->channel,
				    transmit->address),
			    asked,
			    direct && transmit->netfn == APP &&
				    transmit->command == SEND_MESSAGE) == HELD) {
		finding(world, "it went past its holder", &asked);
	}
	if ((world->mood & 0xC0) == 0xC0 && !own) {
		core_done(world->core, action->id, -EAGAIN);
		world->mood &= 0x3F;
		step_simple(world, CORE_EVENT_LINK_READY);
		return;
	}
	core_done(world->core, action->id, 0);
	controller_answer(world, transmit);
}

static void deliver(struct world *world, const struct core_action *action)
{
	const struct core_deliver *deliver = &action->deliver;
	bool refused = deliver->cc == VIPMI_CC_NOT_IN_STATE;
	struct sent *sent;

	if (deliver->kind == CORE_DELIVERY_ANSWER) {
		FUZZ_CHECK(deliver->tag < world->sent_count);
		sent = &world->sent[deliver->tag];
		FUZZ_CHECK(!sent->answered);
		sent->answered = true;
		world->unanswered--;
		sent->asked.data = sent->data;
		if (!refused && sent->held) {
			finding(world, "it was not refused", &sent->asked);
		}
		if (refused && !sent->refusable) {
			finding(world, "it was refused for nothing", &sent->asked);
		}
		FUZZ_CHECK(!refused || (deliver->origin == VIPMI_ORIGIN_AGENT &&
					       deliver->reason == VIPMI_REASON_RESERVED));
	}
	core_done(world->core, action->id, 0);
}

/* All there is to do now; at most `most` transmissions of it. */
static void pump(struct world *world, unsigned most)
{
	struct core_action action;
	unsigned rounds = 0;

	while (most > 0 && core_next(world->core, &action)) {
		FUZZ_CHECK(rounds++ < ACTIONS_MAX);
		if (action.type == CORE_ACTION_TRANSMIT) {
			transmit(world, &action);
			most--;
		} else if (action.type == CORE_ACTION_DELIVER) {
			deliver(world, &action);
		} else {
			core_done(world->core, action.id, 0);
		}
	}
}

/* Something is under way; be it what a Send Message carried that was answered long since. */
static bool busy(const struct world *world)
{
	struct core_status status;

	core_status(world->core, &status);
	return world->unanswered > 0 || status.queued + status.in_flight + status.bridged > 0;
}

/* Until everybody has his answer. */
static void settle(struct world *world)
{
	unsigned rounds = 0;

	world->mood = 0;
	for (pump(world, ACTIONS_MAX); busy(world); pump(world, ACTIONS_MAX)) {
		uint64_t deadline_ns = core_deadline(world->core);

		FUZZ_CHECK(rounds++ < ACTIONS_MAX && deadline_ns != TIME_NEVER);
		world->now_ns = deadline_ns > world->now_ns ? deadline_ns : world->now_ns + 1;
		leases_end(world);
		step_simple(world, CORE_EVENT_TIME);
	}
}

/* ---- what the input says ---- */

static uint8_t take(struct world *world)
{
	return reader_u8(&world->input);
}

/* One of a few that meet often, or any. */
static uint8_t pick(struct world *world, const uint8_t *palette, size_t count)
{
	uint8_t byte = take(world);

	return byte & 0x80 ? take(world) : palette[byte % count];
}

static const uint8_t netfns[] = {0x06, 0x00, 0x2C, 0x2E, 0x0A, 0x04, 0x08, 0x30};
static const uint8_t numbers[] = {0x01, 0x02, 0x34, 0x52, 0x33, 0x31, 0x2E, 0x30};
static const uint8_t addresses[] = {0x20, 0xB4, 0x82, 0xC4, 0x21, 0x83, 0x00};
static const uint8_t channels[] = {0x00, 0x0E, 0x0F, 0x07, 0x40, 0x80, 0x0B, 0x01};

static struct core_command take_command(struct world *world)
{
	uint8_t any = take(world);
	struct core_command command = {
		.netfn = pick(world, netfns, sizeof(netfns)) & 0x3E,
		.command = any & 1 ? CORE_ALL_COMMANDS : pick(world, numbers, sizeof(numbers)),
		.channel = any & 2 ? CORE_ALL : pick(world, channels, sizeof(channels)) & 0x0F,
		.address = any & 4 ? CORE_ALL : pick(world, addresses, sizeof(addresses)) & 0xFE,
		.lun = any & 8    ? 0
		       : any & 16 ? 2
				  : CORE_ALL,
		.direction = any & 32 ? 1 + (any >> 6) % 3 : CORE_DIRECTION_SEND,
		.body = CORE_ALL_BODIES,
	};

	if (command.netfn == 0x2C && any & 64) {
		command.body = take(world) & 3;
	} else if (command.netfn == 0x2E && any & 64) {
		command.body = 0x000157 + (take(world) & 1);
	}
	return command;
}

static bool same(const struct core_command *a, const struct core_command *b)
{
	return a->netfn == b->netfn && a->command == b->command && a->body == b->body &&
	       a->channel == b->channel && a->address == b->address && a->lun == b->lun &&
	       a->direction == b->direction;
}

static bool meet(uint32_t a, uint32_t b, uint32_t all)
{
	return a == b || a == all || b == all;
}

/* Whether the other program's reservations leave no room for this one. */
static bool contested(const struct world *world, int program, const struct core_command *a)
{
	size_t i;

	for (i = 0; i < world->judge.held_count; i++) {
		const struct core_command *b = &world->judge.held[i].what;

		if (world->judge.held[i].program != program && a->netfn == b->netfn &&
			a->direction & b->direction &&
			meet(a->command, b->command, CORE_ALL_COMMANDS) &&
			meet(a->body, b->body, CORE_ALL_BODIES) &&
			meet(a->channel, b->channel, CORE_ALL) &&
			meet(a->address, b->address, CORE_ALL) && meet(a->lun, b->lun, CORE_ALL)) {
			return true;
		}
	}
	return false;
}

static void reserve(struct world *world, int program)
{
	struct core_command command = take_command(world);
	uint8_t lease = take(world);
	struct core_event event = {.type = CORE_EVENT_COMMAND_RESERVE,
		.command_reserve = {.client = world->client[program],
			.handle = world->handle[program],
			.commands = &command,
			.count = 1,
			.lease_ms = lease & 0x80 ? lease : 0}};
	size_t i;
	int rc;

	if (world->judge.held_count == JUDGE_HELD_MAX) {
		return; /* more than it could remember */
	}
	rc = step(world, &event);
	FUZZ_CHECK(rc == (contested(world, program, &command) ? -EBUSY : 0));
	for (i = 0; i < world->judge.held_count; i++) {
		if (world->judge.held[i].program == program &&
			same(&world->judge.held[i].what, &command)) {
			break;
		}
	}
	if (rc < 0) {
		return;
	}
	world->judge.held[i].program = program;
	world->judge.held[i].what = command;
	world->judge.held[i].until_ns =
		lease & 0x80 ? world->now_ns + lease * NSEC_PER_MSEC_U64 : TIME_NEVER;
	world->judge.held_count += i == world->judge.held_count;
	for (i = 0; i < world->sent_count; i++) {
		if (!world->sent[i].answered && judge_sent(world, &world->sent[i]) != OPEN) {
			world->sent[i].refusable = true;
		}
	}
}

static void release(struct world *world, int program, uint8_t which)
{
	struct core_event event = {.type = CORE_EVENT_COMMAND_RELEASE,
		.command_reserve = {.client = world->client[program],
			.handle = world->handle[program],
			.count = which & 1}};
	struct core_command command;
	size_t i;

	if (world->judge.held_count == 0) {
		return;
	}
	command = world->judge.held[which % world->judge.held_count].what;
	event.command_reserve.commands = &command;
	if (which & 1) {
		if (world->judge.held[which % world->judge.held_count].program == program) {
			FUZZ_CHECK(step(world, &event) == 0);
			held_remove(world, which % world->judge.held_count);
		}
		return;
	}
	FUZZ_CHECK(step(world, &event) == 0);
	for (i = world->judge.held_count; i-- > 0;) {
		if (world->judge.held[i].program == program) {
			held_remove(world, i);
		}
	}
}

/* ---- requests ---- */

struct built {
	uint8_t netfn, lun, command;
	uint8_t data[VIPMI_DATA_MAX];
	size_t length;
};

/* What somebody else holds, or something like it. */
static void build_command(
	struct world *world, struct built *built, uint8_t *ret_channel, uint8_t *ret_address)
{
	struct core_command aim = take_command(world);
	uint8_t how = take(world);
	uint32_t body;

	if (how & 1 && world->judge.held_count > 0) {
		const struct core_command *held =
			&world->judge.held[how / 2 % world->judge.held_count].what;

		aim.netfn = held->netfn;
		aim.command = held->command == CORE_ALL_COMMANDS ? aim.command : held->command;
		aim.channel = held->channel == CORE_ALL ? aim.channel : held->channel;
		aim.address = held->address == CORE_ALL ? aim.address : held->address;
		aim.lun = held->lun == CORE_ALL ? aim.lun : held->lun;
		aim.body = held->body == CORE_ALL_BODIES ? aim.body : held->body;
	}
	body = aim.body == CORE_ALL_BODIES ? take(world) : aim.body;
	built->netfn = aim.netfn;
	built->lun = aim.lun & 3;
	built->command = (uint8_t)aim.command;
	built->length = how >> 5;
	memset(built->data, 0, built->length);
	built->data[0] = (uint8_t)body;
	built->data[1] = (uint8_t)(body >> 8);
	built->data[2] = (uint8_t)(body >> 16);
	*ret_channel = aim.channel == CORE_ALL ? 0 : aim.channel;
	*ret_address = aim.address == CORE_ALL ? 0x82 : aim.address;
}

static uint8_t sum(const uint8_t *bytes, size_t length)
{
	uint8_t total = 0;

	while (length-- > 0) {
		total = (uint8_t)(total + *bytes++);
	}
	return (uint8_t)-total;
}

/* What is built so far becomes the content of a carrier that sends it to an address. */
static void build_carrier(
	struct world *world, struct built *built, uint8_t channel, uint8_t address)
{
	uint8_t how = take(world), frame[FRAME_MAX];
	size_t at = 0, start;

	if (how & 1) {
		channel = pick(world, channels, sizeof(channels));
	}
	address |= (how & 6) == 6;
	if (how & 0x80) {
		frame[at++] = (uint8_t)(channel << 4) | (how >> 6 & 1);
	} else {
		frame[at++] = channel;
		if (how & 8) {
			frame[at++] = 0;
		}
	}
	start = at;
	frame[at++] = address;
	if (how & 0x80) {
		frame[at++] = 0; /* bytes to read */
		if (how & 8) {
			frame[at - 2] = 0;
			frame[at++] = address;
		}
	}
	frame[at++] = (uint8_t)((built->netfn | (how >> 4 & 1)) << 2) | built->lun;
	frame[at] = (uint8_t)(sum(&address, 1) + sum(&frame[at - 1], 1) + ((how & 0x60) == 0x60));
	at++;
	start = at;
	frame[at++] = how & 2 ? 0x20 : world->judge.own_address;
	frame[at++] = (uint8_t)(how << 2) | 2;
	frame[at++] = built->command;
	memcpy(frame + at, built->data, built->length);
	at += built->length;
	frame[at] = (uint8_t)(sum(frame + start, at - start) + ((how & 0x60) == 0x20));
	at++;
	built->netfn = APP;
	built->command = how & 0x80 ? MASTER_WRITE_READ : SEND_MESSAGE;
	built->lun = 0;
	built->length = at;
	memcpy(built->data, frame, at);
}

static void request(struct world *world, int program)
{
	struct sent *sent = &world->sent[world->sent_count];
	struct core_event event = {.type = CORE_EVENT_REQUEST};
	uint8_t how = take(world), channel, address;
	struct built built;
	unsigned layers;

	if (world->sent_count == REQUESTS) {
		return;
	}
	if (world->sender != program) {
		settle(world);
		world->sender = program;
	}
	build_command(world, &built, &channel, &address);
	for (layers = how & 3; layers > 0 && built.length + 16 < VIPMI_DATA_MAX; layers--) {
		build_carrier(world, &built, channel, address);
		address = pick(world, addresses, sizeof(addresses)) & 0xFE;
		channel = how & 4 ? channel : 0;
	}
	if ((how & 0x38) == 0x38 && built.length > 0) {
		built.length -= take(world) % built.length;
	} else if ((how & 0x38) == 0x30 && built.length > 0) {
		built.data[take(world) % built.length] = take(world);
	}
	event.request.client = world->client[program];
	event.request.handle = world->handle[program];
	event.request.tag = world->sent_count;
	event.request.class = 0xFF;
	event.request.budget_ms = 3000;
	event.request.target_kind = how >> 6 == 3 ? 0 : how >> 6;
	event.request.channel = channel;
	event.request.address = address;
	event.request.netfn = built.netfn;
	event.request.lun = built.lun;
	event.request.command = built.command;
	event.request.data = built.data;
	event.request.length = built.length;
	if (step(world, &event) < 0) {
		return;
	}
	sent->program = program;
	sent->answered = false;
	sent->kind = event.request.target_kind;
	sent->channel = channel;
	sent->address = address;
	sent->asked = (struct asked){.netfn = built.netfn,
		.lun = built.lun,
		.command = built.command,
		.length = built.length};
	memcpy(sent->data, built.data, built.length);
	sent->held = judge_sent(world, sent) == HELD;
	sent->refusable = judge_sent(world, sent) != OPEN;
	world->sent_count++;
	world->unanswered++;
}

/* ---- a life ---- */

static void open_program(struct world *world, int program)
{
	struct core_event event = {.type = CORE_EVENT_CLIENT_OPEN};

	FUZZ_CHECK(step(world, &event) == 0);
	world->client[program] = event.client_open.ret_client;
	event = (struct core_event){.type = CORE_EVENT_HANDLE_OPEN,
		.handle_open = {.client = world->client[program], .class = VIPMI_CLASS_NORMAL}};
	FUZZ_CHECK(step(world, &event) == 0);
	world->handle[program] = event.handle_open.ret_handle;
}

static void begin(struct world *world)
{
	uint8_t how = take(world);
	struct core_event event = {.type = CORE_EVENT_LINK_UP,
		.link_up = {.raw_bridge = !(how & 1),
			.wire_sequence = !(how & 1),
			.owns_flags = !(how & 1),
			.attention = true,
			.window = 1 + (how >> 1 & 3),
			.bus_window = 1 + (how >> 3 & 7),
			.own_address = how & 64 ? 0xB4 : 0}};

	world->raw_bridge = event.link_up.raw_bridge;
	world->judge.own_address = how & 64 ? 0xB4 : 0x20;
	FUZZ_CHECK(step(world, &event) == 0);
	open_program(world, 0);
	open_program(world, 1);
	pump(world, ACTIONS_MAX);
}

static void live(struct world *world)
{
	while (!world->input.failed && reader_left(&world->input) >= 2) {
		uint8_t what = take(world);
		int program = what >> 7;

		switch (what % 16) {
		case 0:
		case 1:
			reserve(world, program);
			break;
		case 2:
			release(world, program, take(world));
			break;
		case 3:
			world->mood = take(world);
			break;
		case 4:
			world->now_ns += take(world) * NSEC_PER_MSEC_U64;
			leases_end(world);
			step_simple(world, CORE_EVENT_TIME);
			break;
		case 5:
		case 6:
			pump(world, 1 + (what >> 4 & 7));
			break;
		default:
			request(world, program);
			break;
		}
	}
	settle(world);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct world world;
	static void *memory;
	size_t size = core_size(&limits);

	FUZZ_CHECK(size > 0);
	if (!memory) {
		memory = aligned_alloc(64, (size + 63) / 64 * 64);
		FUZZ_CHECK(memory != NULL);
	}
	memset(&world, 0, offsetof(struct world, sent));
	world.sent_count = world.unanswered = world.queued = 0;
	world.sender = 0;
	world.mood = 0;
	world.now_ns = 1000;
	world.input = reader_init(bytes, length);
	FUZZ_CHECK(core_init(memory, size, &limits, world.now_ns, &world.core) == 0);
	begin(&world);
	live(&world);
	return 0;
}
