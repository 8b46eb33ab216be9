/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The core's door, from all sides at once: the input drives clients, the
 * controller, the shell and the clock, without sense and past every range. No
 * invariant breaks, every request of an open handle is answered exactly once, and
 * when all are gone nothing is left. (fuzz_core.c is the same for a world in which
 * every promise is checked, but whose inhabitants behave.)
 */
#include "fuzz/fuzz.h"

#include "base/bytes.h"
#include "core/core.h"

#define CLIENTS 4
#define HANDLES 8
#define REQUESTS 512
#define OPEN_ACTIONS 16
#define REMEMBERED 8 /* transmissions, for answers on time, late and twice */

enum request_state { REQUEST_NONE, REQUEST_WAITING, REQUEST_ANSWERED, REQUEST_GONE };

struct world {
	struct core *core;
	struct reader input;
	uint64_t now_ns;
	uint32_t clients[CLIENTS];
	struct {
		uint32_t handle, client;
	} handles[HANDLES];
	struct {
		enum request_state state;
		uint32_t handle;
	} requests[REQUESTS]; /* by tag */
	size_t request_count;
	struct core_action actions[OPEN_ACTIONS]; /* pulled, not completed: first in, first out */
	size_t action_count;
	struct core_transmit sent[REMEMBERED];
	size_t sent_count;
};

static const struct core_limits limits = {
	.handles_max = HANDLES - 2, .requests_max = 40, .credit_max = 8, .seed = 7};

static int step(struct world *world, struct core_event *event)
{
	int rc;

	event->now_ns = world->now_ns;
	rc = core_step(world->core, event);
	FUZZ_CHECK(core_broken(world->core) == NULL);
	FUZZ_CHECK(rc != -EIO);
	return rc;
}

static void step_simple(struct world *world, enum core_event_type type)
{
	struct core_event event = {.type = type};

	(void)step(world, &event); /* may be out of place, which is the point */
}

/* Up to `max` bytes of the input, in place. */
static const uint8_t *take_bytes(struct world *world, size_t max, size_t *ret_length)
{
	size_t length = reader_u8(&world->input);

	length = length < max ? length : max;
	length = length < reader_left(&world->input) ? length : reader_left(&world->input);
	*ret_length = length;
	return reader_bytes(&world->input, length);
}

/* ---- clients ---- */

static void forget_requests(struct world *world, uint32_t handle)
{
	size_t i;

	for (i = 0; i < world->request_count; i++) {
		if (world->requests[i].handle == handle &&
			world->requests[i].state == REQUEST_WAITING) {
			world->requests[i].state = REQUEST_GONE;
		}
	}
}

static void client_close(struct world *world, uint32_t client)
{
	struct core_event event = {.type = CORE_EVENT_CLIENT_CLOSE, .client = {.client = client}};
	size_t i;

	(void)step(world, &event); /* -ESTALE for one that never was */
	for (i = 0; i < CLIENTS; i++) {
		if (world->clients[i] == client) {
			world->clients[i] = 0;
		}
	}
	for (i = 0; i < HANDLES; i++) {
		if (world->handles[i].handle && world->handles[i].client == client) {
			forget_requests(world, world->handles[i].handle);
			world->handles[i].handle = 0;
		}
	}
}

static void client_toggle(struct world *world, uint8_t place)
{
	struct core_event event = {.type = CORE_EVENT_CLIENT_OPEN};

	place %= CLIENTS;
	if (world->clients[place]) {
		client_close(world, world->clients[place]);
		return;
	}
	event.client_open.cookie = place;
	if (step(world, &event) == 0) {
		world->clients[place] = event.client_open.ret_client;
	}
}

static void handle_toggle(struct world *world, uint8_t place)
{
	uint32_t *handle = &world->handles[place % HANDLES].handle;
	struct core_event event = {.type = CORE_EVENT_HANDLE_CLOSE};

	if (*handle) {
		event.handle.client = world->handles[place % HANDLES].client;
		event.handle.handle = *handle;
		FUZZ_CHECK(step(world, &event) == 0);
		forget_requests(world, *handle);
		*handle = 0;
		return;
	}
	event.type = CORE_EVENT_HANDLE_OPEN;
	event.handle_open.client = world->clients[place % CLIENTS];
	event.handle_open.class = place >> 4 & 3;
	event.handle_open.name = "fuzz";
	event.handle_open.name_length = 4;
	event.handle_open.ret_handle = 0;
	if (step(world, &event) == 0) {
		*handle = event.handle_open.ret_handle;
		world->handles[place % HANDLES].client = event.handle_open.client;
	}
}

static void request_submit(struct world *world, uint8_t place)
{
	struct core_event event = {.type = CORE_EVENT_REQUEST};
	uint32_t handle = world->handles[place % HANDLES].handle;

	if (world->request_count == REQUESTS) {
		return;
	}
	event.request.client = world->handles[place % HANDLES].client;
	event.request.handle = handle;
	event.request.tag = world->request_count;
	event.request.budget_ms = reader_u16le(&world->input);
	event.request.class = place >> 5 == 7 ? 0xFF : place >> 5;
	event.request.target_kind = reader_u8(&world->input) % 4;
	event.request.address = reader_u8(&world->input);
	event.request.netfn = reader_u8(&world->input);
	event.request.command = reader_u8(&world->input);
	event.request.number = event.request.address & 63;
	event.request.numbered = place & 16;
	event.request.data = take_bytes(world, VIPMI_DATA_MAX + 1, &event.request.length);
	if (step(world, &event) == 0) {
		world->requests[world->request_count].state = REQUEST_WAITING;
		world->requests[world->request_count++].handle = handle;
	}
}

static uint16_t any_or_byte(struct world *world)
{
	uint8_t byte = reader_u8(&world->input);

	return byte & 1 ? CORE_ANY : byte >> 1;
}

static void subscription_wish(struct world *world, uint32_t client, uint32_t handle)
{
	struct core_clause clauses[CORE_CLAUSES_MAX];
	uint8_t how = reader_u8(&world->input);
	struct core_event event = {.type = CORE_EVENT_UNSUBSCRIBE};
	size_t i, count = 1 + (how >> 4 & 1);

	event.handle.client = client;
	event.handle.handle = handle;
	if (how & 1) {
		(void)step(world, &event);
		return;
	}
	for (i = 0; i < count; i++) {
		clauses[i] = (struct core_clause){
			.kinds = reader_u8(&world->input),
			.sensor_type = any_or_byte(world),
			.sensor = any_or_byte(world),
			.netfn = any_or_byte(world),
			.command = CORE_ANY,
			.channel = CORE_ANY,
			.address = any_or_byte(world),
			.severity = how >> 5 & 3,
		};
	}
	event = (struct core_event){.type = CORE_EVENT_SUBSCRIBE};
	event.subscribe.client = client;
	event.subscribe.handle = handle;
	event.subscribe.clauses = clauses;
	event.subscribe.count = count;
	event.subscribe.exclusive = how & 2;
	event.subscribe.from = (enum core_from)((how >> 2 & 3) % 3);
	event.subscribe.number = reader_u8(&world->input);
	(void)step(world, &event);
}

/* Everything else that a client may ask for. */
static void client_wish(struct world *world, uint8_t place)
{
	struct core_event event = {.type = CORE_EVENT_CLIENT_WRITABLE};
	uint32_t client = world->handles[place % HANDLES].client;
	uint32_t handle = world->handles[place % HANDLES].handle;
	struct core_command command = {
		.body = CORE_ALL_BODIES, .direction = CORE_DIRECTION_BOTH, .lun = CORE_ALL};

	switch (place >> 4) {
	case 0:
		event.client.client = client;
		break;
	case 1:
		event.type = CORE_EVENT_CANCEL;
		event.cancel.client = client;
		event.cancel.handle = handle;
		event.cancel.tag = reader_u8(&world->input);
		break;
	case 2:
		subscription_wish(world, client, handle);
		return;
	case 3:
		event.type = CORE_EVENT_CREDIT_WANTED;
		event.handle.client = client;
		event.handle.handle = handle;
		break;
	case 4:
	case 5:
		event.type =
			place >> 4 == 4 ? CORE_EVENT_COMMAND_RESERVE : CORE_EVENT_COMMAND_RELEASE;
		command.netfn = reader_u8(&world->input);
		command.command = reader_u8(&world->input);
		command.channel = command.address = reader_u8(&world->input) & 1 ? CORE_ALL : 0x20;
		event.command_reserve.client = client;
		event.command_reserve.handle = handle;
		event.command_reserve.commands = &command;
		event.command_reserve.count = 1;
		event.command_reserve.lease_ms = reader_u8(&world->input);
		break;
	case 6:
	case 7:
		event.type =
			place >> 4 == 6 ? CORE_EVENT_SEQUENCE_RESERVE : CORE_EVENT_SEQUENCE_FREE;
		event.sequence.client = client;
		event.sequence.handle = handle;
		event.sequence.address = reader_u8(&world->input);
		event.sequence.count = reader_u8(&world->input);
		event.sequence.numbers = event.sequence.count ? 0 : UINT64_C(1) << (place & 63);
		break;
	case 8:
		event.type = CORE_EVENT_RESPOND;
		event.respond.client = client;
		event.respond.handle = handle;
		event.respond.number = reader_u8(&world->input);
		event.respond.described = event.respond.number & 1;
		event.respond.address = reader_u8(&world->input);
		event.respond.netfn = reader_u8(&world->input);
		event.respond.data =
			take_bytes(world, CORE_MESSAGE_DATA_MAX + 1, &event.respond.length);
		break;
	default:
		event.type = CORE_EVENT_TIME;
		break;
	}
	(void)step(world, &event); /* refused or not: both are well */
}

/* ---- the shell ---- */

/* A client that takes one delivery "not now" takes none that was pulled after it either: so a
 * shell gives them all back before it says that the client takes something again. */
static void give_back(struct world *world, uint32_t client)
{
	size_t i, kept = 0;

	for (i = 0; i < world->action_count; i++) {
		const struct core_action *action = &world->actions[i];

		if (action->type == CORE_ACTION_DELIVER && action->deliver.client == client) {
			core_done(world->core, action->id, -EAGAIN);
		} else {
			world->actions[kept++] = *action;
		}
	}
	world->action_count = kept;
}

static void complete_delivery(struct world *world, const struct core_action *action, uint8_t how)
{
	const struct core_deliver *deliver = &action->deliver;
	int result = how % 8 == 0 ? -EAGAIN : how % 32 == 1 ? -EPIPE : 0;
	uint32_t client = deliver->client;

	if (deliver->kind == CORE_DELIVERY_ANSWER && !deliver->response && result == 0 &&
		world->requests[deliver->tag].state == REQUEST_WAITING) {
		world->requests[deliver->tag].state = REQUEST_ANSWERED;
	}
	core_done(world->core, action->id, result);
	if (result == -EAGAIN) {
		give_back(world, client);
	} else if (result == -EPIPE) {
		client_close(world, client);
	}
}

static void complete_transmission(
	struct world *world, const struct core_action *action, uint8_t how)
{
	static const int results[] = {0, 0, 0, 0, -EAGAIN, -EMSGSIZE, -EOPNOTSUPP, -ENODEV};
	int result = results[how % ARRAY_LENGTH(results)];

	if (result == 0) {
		world->sent[world->sent_count++ % REMEMBERED] = action->transmit;
	}
	core_done(world->core, action->id, result);
	if (result == -ENODEV) {
		step_simple(world, CORE_EVENT_LINK_DOWN);
	}
}

/* Completes the oldest open action. */
static void action_complete(struct world *world, uint8_t how)
{
	struct core_action action;

	if (world->action_count == 0) {
		return;
	}
	action = world->actions[0];
	world->action_count--;
	memmove(world->actions, world->actions + 1,
		world->action_count * sizeof(world->actions[0]));
	if (action.type == CORE_ACTION_DELIVER) {
		complete_delivery(world, &action, how);
	} else if (action.type == CORE_ACTION_TRANSMIT) {
		complete_transmission(world, &action, how);
	} else {
		core_done(world->core, action.id, 0);
	}
	FUZZ_CHECK(core_broken(world->core) == NULL);
}

static void check_delivery(const struct world *world, const struct core_deliver *deliver)
{
	if (deliver->kind != CORE_DELIVERY_ANSWER || deliver->response) {
		return;
	}
	FUZZ_CHECK(deliver->tag < world->request_count);
	/* Of an open handle, and not a second time. */
	FUZZ_CHECK(world->requests[deliver->tag].state == REQUEST_WAITING);
	FUZZ_CHECK(world->requests[deliver->tag].handle == deliver->handle);
	FUZZ_CHECK(deliver->netfn & 1);
	FUZZ_CHECK(deliver->length <= VIPMI_DATA_MAX);
}

/* Pulls one action, if there is one and room for it. */
static bool action_pull(struct world *world)
{
	struct core_action *action = &world->actions[world->action_count];

	if (world->action_count == OPEN_ACTIONS || !core_next(world->core, action)) {
		return false;
	}
	FUZZ_CHECK(core_broken(world->core) == NULL);
	if (action->type == CORE_ACTION_DELIVER) {
		check_delivery(world, &action->deliver);
	} else if (action->type == CORE_ACTION_TRANSMIT) {
		FUZZ_CHECK(action->transmit.transmission != 0);
		FUZZ_CHECK(action->transmit.length <= VIPMI_DATA_MAX);
		FUZZ_CHECK(action->transmit.timeout_ns > 0);
	}
	world->action_count++;
	return true;
}

/* ---- the controller ---- */

static void controller_answer(struct world *world, uint8_t which)
{
	const struct core_transmit *sent = &world->sent[which % REMEMBERED];
	struct core_event event = {.type = CORE_EVENT_RECEIVED};

	event.received.transmission = which & 64 ? reader_u32le(&world->input) : sent->transmission;
	event.received.netfn = sent->netfn | 1;
	event.received.command = which & 128 ? reader_u8(&world->input) : sent->command;
	event.received.data = take_bytes(world, VIPMI_DATA_MAX, &event.received.length);
	(void)step(world, &event); /* a stray is only counted */
}

static void controller_message(struct world *world, uint8_t kind)
{
	struct core_event event = {.type = CORE_EVENT_MESSAGE};

	event.message.kind = 1 + (kind & 1);
	event.message.address = reader_u8(&world->input);
	event.message.netfn = reader_u8(&world->input);
	event.message.data = take_bytes(world, 64, &event.message.length);
	(void)step(world, &event);
}

static void link_change(struct world *world, uint8_t how)
{
	struct core_event event = {.type = CORE_EVENT_LINK_UP};

	switch (how % 8) {
	case 0:
		step_simple(world, CORE_EVENT_LINK_DOWN);
		return;
	case 1:
		step_simple(world, CORE_EVENT_CONTROLLER_RESET);
		return;
	case 2:
		step_simple(world, CORE_EVENT_LINK_READY);
		return;
	case 3:
		step_simple(world, CORE_EVENT_GARBLED);
		return;
	case 4:
	case 5:
		event.type = CORE_EVENT_ATTENTION;
		event.attention.asserted = how & 1;
		break;
	default:
		event.link_up.wire_sequence = event.link_up.raw_bridge = how & 8;
		event.link_up.owns_flags = how & 16;
		event.link_up.attention = how & 32;
		event.link_up.window = reader_u8(&world->input) % (CORE_WINDOW_MAX + 1);
		event.link_up.bus_window = reader_u8(&world->input);
		event.link_up.data_max = how & 64 ? 40 : 0;
		break;
	}
	(void)step(world, &event);
}

static void time_pass(struct world *world, uint8_t how)
{
	/* From a microsecond to 16 s; or to the deadline, which must not lie behind us for ever. */
	uint64_t deadline_ns = core_deadline(world->core);

	if (how & 128 && deadline_ns != TIME_NEVER && deadline_ns > world->now_ns) {
		world->now_ns = deadline_ns;
	} else {
		world->now_ns += NSEC_PER_USEC_U64 << how % 25;
	}
	step_simple(world, CORE_EVENT_TIME);
}

/* ---- a life ---- */

static void live(struct world *world)
{
	while (!world->input.failed && reader_left(&world->input) >= 2) {
		uint8_t what = reader_u8(&world->input), how = reader_u8(&world->input);

		switch (what % 12) {
		case 0:
			client_toggle(world, how);
			break;
		case 1:
			handle_toggle(world, how);
			break;
		case 2:
		case 3:
			request_submit(world, how);
			break;
		case 4:
			client_wish(world, how);
			break;
		case 5:
		case 6:
			(void)action_pull(world);
			break;
		case 7:
			action_complete(world, how);
			break;
		case 8:
			controller_answer(world, how);
			break;
		case 9:
			controller_message(world, how);
			break;
		case 10:
			link_change(world, how);
			break;
		default:
			time_pass(world, how);
			break;
		}
	}
}

/* Takes all there is, with good manners, until nothing comes any more. */
static void settle(struct world *world)
{
	enum { GOOD = 3 };
	size_t rounds;

	for (rounds = 0; rounds < 100000; rounds++) {
		bool pulled = action_pull(world);

		if (!pulled && world->action_count == 0) {
			return;
		}
		action_complete(world, GOOD);
	}
	FUZZ_CHECK(!"the core never comes to rest");
}

static void end(struct world *world)
{
	struct core_status status;
	size_t i;

	/* The controller is gone for good, and everybody reads: each request gets its answer. */
	settle(world);
	step_simple(world, CORE_EVENT_LINK_DOWN);
	for (i = 0; i < CLIENTS; i++) {
		struct core_event event = {.type = CORE_EVENT_CLIENT_WRITABLE,
			.client = {.client = world->clients[i]}};

		(void)step(world, &event);
	}
	for (i = 0; i < 4; i++) {
		settle(world);
		world->now_ns += CORE_BUDGET_MAX_MS * NSEC_PER_MSEC_U64;
		step_simple(world, CORE_EVENT_TIME);
	}
	settle(world);
	for (i = 0; i < world->request_count; i++) {
		FUZZ_CHECK(world->requests[i].state != REQUEST_WAITING);
	}
	for (i = 0; i < CLIENTS; i++) {
		if (world->clients[i]) {
			client_close(world, world->clients[i]);
		}
	}
	for (i = 0; i < 4; i++) {
		settle(world);
		step_simple(world, CORE_EVENT_TIME);
	}
	core_status(world->core, &status);
	FUZZ_CHECK(status.clients == 0 && status.handles == 0);
	FUZZ_CHECK(status.requests == 0 && status.queued == 0 && status.unread == 0);
	FUZZ_CHECK(status.in_flight == 0 && status.bridged == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct world world;
	static void *memory; /* kept: to get it anew costs more than a short life in it */
	size_t size = core_size(&limits);

	FUZZ_CHECK(size > 0);
	if (!memory) {
		memory = aligned_alloc(64, (size + 63) / 64 * 64);
		FUZZ_CHECK(memory != NULL);
	}
	world = (struct world){.now_ns = 1000, .input = reader_init(bytes, length)};
	FUZZ_CHECK(core_init(memory, size, &limits, world.now_ns, &world.core) == 0);
	live(&world);
	end(&world);
	return 0;
}
