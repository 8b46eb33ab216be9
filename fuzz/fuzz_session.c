/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One connection over a real core: the input is what the program writes, message
 * by message (a length byte, then so many bytes; or, from F0 on, what else
 * happens). Whatever it writes, each reply is a good message of the protocol, and
 * afterwards the core is empty.
 */
#include "fuzz/fuzz.h"

#include "session/session.h"

enum { TIME_PASSES = 0xF0, ANSWER, GARBAGE, EVENT, LINK_UP, LINK_DOWN, REST };

struct world {
	struct core *core;
	uint64_t now_ns;
	struct session session;
	struct session_scratch scratch;
	uint8_t reply[VIPMI_MESSAGE_MAX];
	struct core_transmit sent;
};

static const struct core_limits limits = {.handles_max = 4, .requests_max = 16, .credit_max = 4};

static int host_step(void *context, struct core_event *event)
{
	struct world *world = context;

	event->now_ns = world->now_ns;
	return core_step(world->core, event);
}

static void host_status(void *context, struct core_status *ret_status)
{
	core_status(((struct world *)context)->core, ret_status);
}

static bool host_handle_next(void *context, uint32_t *cursor, struct core_handle_info *ret_info)
{
	return core_handle_next(((struct world *)context)->core, cursor, ret_info);
}

static bool host_command_next(void *context, uint32_t *cursor, struct core_command_info *ret_info)
{
	return core_command_next(((struct world *)context)->core, cursor, ret_info);
}

static bool host_sequence_next(void *context, uint32_t *cursor, struct core_sequence_info *ret_info)
{
	return core_sequence_next(((struct world *)context)->core, cursor, ret_info);
}

static bool host_message_next(void *context, uint64_t *cursor, struct core_message_info *ret_info)
{
	return core_message_next(((struct world *)context)->core, cursor, ret_info);
}

static int host_kick(void *context, uint32_t client)
{
	(void)context;
	return client & 1 ? -ENOENT : 0;
}

static bool host_administers(void *context, const struct core_credentials *by)
{
	(void)context;
	return by->uid == 0;
}

/* What goes to the program must be a message that a program can read. */
static void check_said(const struct world *world, int length)
{
	struct socket_message message;

	FUZZ_CHECK(length >= 0 && length <= VIPMI_MESSAGE_MAX);
	FUZZ_CHECK(length == 0 || socket_decode(world->reply, (size_t)length, &message) == 0);
}

/* The agent's pump: the controller takes everything, and the program reads everything. */
static void pump(struct world *world)
{
	struct core_action action;

	while (core_next(world->core, &action)) {
		if (action.type == CORE_ACTION_DELIVER) {
			int length = session_deliver(&action.deliver, world->reply);

			FUZZ_CHECK(length > 0);
			check_said(world, length);
		} else if (action.type == CORE_ACTION_TRANSMIT) {
			world->sent = action.transmit;
		}
		core_done(world->core, action.id, 0);
	}
	FUZZ_CHECK(core_broken(world->core) == NULL);
}

static void receive(
	struct world *world, const struct session_host *host, const uint8_t *bytes, size_t length)
{
	int said = session_receive(
		&world->session, host, &world->scratch, bytes, length, world->reply);

	if (said == -EAGAIN) {
		return; /* as if the program's message waited, and then the program gave up */
	}
	check_said(world, said);
	while (session_listing(&world->session)) {
		check_said(
			world, session_row(&world->session, host, &world->scratch, world->reply));
	}
}

static void happen(struct world *world, uint8_t what)
{
	static const uint8_t bytes[16] = {0x00, 0x20, 0x01, 0x02};
	struct core_event event = {.type = CORE_EVENT_TIME};

	switch (what) {
	case TIME_PASSES:
		world->now_ns += NSEC_PER_SEC_U64;
		break;
	case ANSWER:
		event.type = CORE_EVENT_RECEIVED;
		event.received.transmission = world->sent.transmission;
		event.received.netfn = world->sent.netfn | 1;
		event.received.command = world->sent.command;
		event.received.data = bytes;
		event.received.length = sizeof(bytes);
		break;
	case GARBAGE:
		event.type = CORE_EVENT_GARBLED;
		break;
	case EVENT:
		event.type = CORE_EVENT_MESSAGE;
		event.message.kind = VIPMI_ASYNC_EVENT;
		event.message.data = bytes;
		event.message.length = sizeof(bytes);
		break;
	case LINK_UP:
		event.type = CORE_EVENT_LINK_UP;
		event.link_up.window = 2;
		break;
	case LINK_DOWN:
		event.type = CORE_EVENT_LINK_DOWN;
		break;
	default:
		break;
	}
	(void)host_step(world, &event); /* out of place or not */
}

static void live(struct world *world, const struct session_host *host, struct reader *input)
{
	/* Whoever owns the connection hangs up when the session has ended. */
	while (reader_left(input) > 0 && !session_ended(&world->session)) {
		size_t length = reader_u8(input);

		if (length >= TIME_PASSES && length < REST) {
			happen(world, (uint8_t)length);
		} else {
			length = length < reader_left(input) ? length : reader_left(input);
			receive(world, host, reader_bytes(input, length), length);
		}
		pump(world);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static struct world world;
	static void *memory; /* kept: to get it anew costs more than a short life in it */
	struct reader input = reader_init(bytes, length);
	struct session_host host = {
		.context = &world,
		.step = host_step,
		.status = host_status,
		.handle_next = host_handle_next,
		.kick = host_kick,
		.administers = host_administers,
		.command_next = host_command_next,
		.sequence_next = host_sequence_next,
		.message_next = host_message_next,
		.link = "fuzz:",
		.version = "0",
	};
	/* The first byte says whether the program is an administrator's. */
	struct core_credentials credentials = {.uid = reader_u8(&input) & 1};
	struct core_status status;
	size_t size = core_size(&limits);

	if (!memory) {
		memory = aligned_alloc(64, (size + 63) / 64 * 64);
		FUZZ_CHECK(memory != NULL);
	}
	world = (struct world){.now_ns = 1000};
	FUZZ_CHECK(core_init(memory, size, &limits, world.now_ns, &world.core) == 0);
	check_said(&world,
		session_open(&world.session, &host, &world.scratch, 1, &credentials, world.reply));
	happen(&world, LINK_UP);
	live(&world, &host, &input);
	session_close(&world.session, &host, &world.scratch);
	happen(&world, LINK_DOWN);
	pump(&world);
	core_status(world.core, &status);
	FUZZ_CHECK(status.clients == 0 && status.handles == 0 && status.requests == 0);
	return 0;
}
