/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command reservations: a handle's exclusive right to IPMI commands, to send
 * them, to receive them as incoming requests, or both (interfaces.md section 5).
 *
 *	1. A list is granted whole or not at all; what the handle holds already is
 *	   granted again and its lease begins anew.
 *	   Unless it says that it must be new to it.
 *	2. Two reservations conflict when some message would fall under both, in a
 *	   direction that both name, and their holders differ.
 *	3. A request of anybody else that falls under a reservation to send is
 *	   answered D5 by us, when it is submitted or when its turn comes, and never
 *	   reaches the controller.
 *	   The controller is meant however it is addressed: by the system interface, by
 *	   its own address on a bus, or in a message that another one is to pass on.
 *	4. A reservation ends with its release, its lease, its handle, or an
 *	   administrator's word.
 *	5. The agent's own housekeeping is exempt.
 *
 * Each (netFn, command) has a chain of its reservations, and each netFn one of
 * those that name all commands, so that the message path looks at few or none.
 */
#include "base/bytes.h"
#include "core/private.h"

void command_reservations_init(struct core *core)
{
	size_t i, j;

	list_init(&core->free_commands);
	for (i = 0; i < CORE_COMMANDS_MAX; i++) {
		list_init(&core->commands[i].handle_link);
		list_push_back(&core->free_commands, &core->commands[i].handle_link);
	}
	for (i = 0; i < CORE_NETFN_PAIRS; i++) {
		for (j = 0; j <= CORE_ALL_COMMANDS; j++) {
			core->command_chain[i][j] = CORE_NO_COMMAND;
		}
	}
	core->lease_alarm_ns = TIME_NEVER;
}

static uint16_t *chain_of(struct core *core, const struct core_command *what)
{
	return &core->command_chain[what->netfn >> 1][what->command];
}

/* Only group and OEM requests name a body (section 5.1); in any other place it would be a right to
 * nothing. */
static bool body_valid(const struct core_command *what)
{
	switch (what->netfn) {
	case VIPMI_NETFN_GROUP:
		return what->body <= 0xFF || what->body == CORE_ALL_BODIES;
	case VIPMI_NETFN_OEM:
		return what->body <= 0xFFFFFF || what->body == CORE_ALL_BODIES;
	default:
		return what->body == CORE_ALL_BODIES;
	}
}

static bool command_valid(const struct core_command *what)
{
	return body_valid(what) && !(what->netfn & ~0x3E) && /* even, six bits */
	       what->command <= CORE_ALL_COMMANDS &&
	       (what->channel <= 0x0F || what->channel == CORE_ALL) &&
	       (what->lun <= 3 || what->lun == CORE_ALL) &&
	       (!(what->address & 1) || what->address == CORE_ALL) &&
	       (what->direction & ~CORE_DIRECTION_BOTH) == 0 && what->direction != 0;
}

static bool fields_meet(uint32_t a, uint32_t b, uint32_t all)
{
	return a == b || a == all || b == all;
}

/* Whether some message falls under both. */
static bool commands_overlap(const struct core_command *a, const struct core_command *b)
{
	return a->netfn == b->netfn && (a->direction & b->direction) &&
	       fields_meet(a->command, b->command, CORE_ALL_COMMANDS) &&
	       fields_meet(a->body, b->body, CORE_ALL_BODIES) &&
	       fields_meet(a->channel, b->channel, CORE_ALL) &&
	       fields_meet(a->address, b->address, CORE_ALL) &&
	       fields_meet(a->lun, b->lun, CORE_ALL);
}

/* Of two in one chain: their netFn and command are the same. */
static bool commands_equal(const struct core_command *a, const struct core_command *b)
{
	return a->body == b->body && a->channel == b->channel && a->address == b->address &&
	       a->lun == b->lun && a->direction == b->direction;
}

/* A held reservation of another handle that stands in the way, or NULL. */
static struct core_held_command *conflict_of(
	struct core *core, const struct core_handle *handle, const struct core_command *what)
{
	uint16_t i;

	for (i = 0; i < core->commands_fresh; i++) {
		struct core_held_command *held = &core->commands[i];

		if (held->handle && held->handle != handle && commands_overlap(&held->what, what)) {
			return held;
		}
	}
	return NULL;
}

static struct core_held_command *held_by(
	struct core *core, const struct core_handle *handle, const struct core_command *what)
{
	uint16_t index = *chain_of(core, what);

	for (; index != CORE_NO_COMMAND; index = core->commands[index].next) {
		if (core->commands[index].handle == handle &&
			commands_equal(&core->commands[index].what, what)) {
			return &core->commands[index];
		}
	}
	return NULL;
}

/* Incoming requests come as asynchronous messages to who holds a right to receive any. */
static void receiving_settle(struct core *core, struct core_handle *handle)
{
	const struct list_link *link;
	bool receives = false;

	list_for_each(link, &handle->commands) {
		receives |=
			container_of(link, struct core_held_command, handle_link)->what.direction &
			CORE_DIRECTION_RECEIVE;
	}
	subscription_requests(core, handle, receives);
}

static void command_release(struct core *core, struct core_held_command *held)
{
	struct core_handle *handle = held->handle;
	uint16_t index = (uint16_t)(held - core->commands);
	uint16_t *link = chain_of(core, &held->what);

	while (*link != index) {
		if (!core_check(core, *link != CORE_NO_COMMAND)) {
			return;
		}
		link = &core->commands[*link].next;
	}
	*link = held->next;
	core->commands_held--;
	held->handle = NULL;
	held->generation++;
	list_remove(&held->handle_link);
	list_push_back(&core->free_commands, &held->handle_link);
	if (held->what.direction & CORE_DIRECTION_RECEIVE) {
		receiving_settle(core, handle);
		registration_changed(core, &held->what);
	}
}

static void command_hold(struct core *core, struct core_handle *handle,
	const struct core_command *what, uint64_t until_ns)
{
	struct core_held_command *held = held_by(core, handle, what);
	uint16_t *chain = chain_of(core, what);

	if (!held) {
		held = container_of(list_pop_front(&core->free_commands), struct core_held_command,
			handle_link);
		held->what = *what;
		held->handle = handle;
		held->next = *chain;
		*chain = (uint16_t)(held - core->commands);
		list_push_back(&handle->commands, &held->handle_link);
		core->commands_held++;
		if (*chain >= core->commands_fresh) {
			core->commands_fresh = *chain + 1;
		}
		if (what->direction & CORE_DIRECTION_RECEIVE) {
			receiving_settle(core, handle);
			registration_changed(core, what);
		}
	}
	held->until_ns = until_ns;
	if (until_ns < core->lease_alarm_ns) {
		core->lease_alarm_ns = until_ns;
	}
}

int command_reserve(struct core *core, struct core_event *event)
{
	struct core_handle *handle =
		handle_find(core, event->command_reserve.client, event->command_reserve.handle);
	const struct core_command *commands = event->command_reserve.commands;
	size_t count = event->command_reserve.count, fresh = 0, i;
	uint64_t until_ns = TIME_NEVER;

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	if (count == 0 || count > CORE_COMMANDS_PER_CALL) {
		return -EINVAL;
	}
	for (i = 0; i < count; i++) {
		const struct core_held_command *other;

		event->command_reserve.ret_index = i;
		if (!command_valid(&commands[i])) {
			return -EINVAL;
		}
		other = conflict_of(
			core, event->command_reserve.anew ? NULL : handle, &commands[i]);
		if (other) {
			core_count(core, commands_refused);
			event->command_reserve.ret_holder = handle_id(core, other->handle);
			event->command_reserve.ret_held = other->what;
			return -EBUSY;
		}
		fresh += !held_by(core, handle, &commands[i]);
	}
	if (fresh > CORE_COMMANDS_MAX - core->commands_held) {
		core_count(core, commands_refused);
		return -ENOSPC;
	}
	if (event->command_reserve.lease_ms > 0) {
		until_ns = core->now_ns + event->command_reserve.lease_ms * NSEC_PER_MSEC_U64;
	}
	for (i = 0; i < count; i++) {
		command_hold(core, handle, &commands[i], until_ns);
	}
	core_count(core, commands_reserved);
	return 0;
}

int command_release_by_event(struct core *core, const struct core_event *event)
{
	struct core_handle *handle =
		handle_find(core, event->command_reserve.client, event->command_reserve.handle);
	const struct core_command *commands = event->command_reserve.commands;
	size_t count = event->command_reserve.count, i;

	if (!handle) {
		core_count(core, handles_stale);
		return -ESTALE;
	}
	if (count > CORE_COMMANDS_PER_CALL) {
		return -EINVAL;
	}
	if (count == 0) {
		commands_forget(core, handle);
		return 0;
	}
	for (i = 0; i < count; i++) {
		if (!command_valid(&commands[i])) {
			return -EINVAL;
		}
		if (!held_by(core, handle, &commands[i])) {
			return -ENOENT;
		}
	}
	for (i = 0; i < count; i++) {
		struct core_held_command *held = held_by(core, handle, &commands[i]);

		if (held) { /* the list may name one twice */
			command_release(core, held);
		}
	}
	return 0;
}

static uint32_t held_number(const struct core *core, const struct core_held_command *held)
{
	return (uint32_t)held->generation << 16 | (uint32_t)(held - core->commands);
}

int command_revoke(struct core *core, uint32_t number)
{
	uint32_t slot = number & 0xFFFF;
	struct core_held_command *held;

	if (slot >= core->commands_fresh) {
		return -ENOENT;
	}
	held = &core->commands[slot];
	if (!held->handle || held_number(core, held) != number) {
		return -ENOENT;
	}
	core_count(core, commands_revoked);
	command_release(core, held);
	return 0;
}

void commands_forget(struct core *core, struct core_handle *handle)
{
	struct list_link *link;

	while ((link = list_first(&handle->commands)) != NULL) {
		command_release(core, container_of(link, struct core_held_command, handle_link));
	}
}

void command_leases_run(struct core *core)
{
	uint16_t i;

	core->lease_alarm_ns = TIME_NEVER;
	for (i = 0; i < core->commands_fresh; i++) {
		struct core_held_command *held = &core->commands[i];

		if (!held->handle) {
			continue;
		}
		if (held->until_ns <= core->now_ns) {
			core_count(core, commands_expired);
			command_release(core, held);
		} else if (held->until_ns < core->lease_alarm_ns) {
			core->lease_alarm_ns = held->until_ns;
		}
	}
}

/* ---- the message path ---- */

/* The defining body or IANA number that a request names; too short a one could be anybody's. */
static bool body_meets(const struct core_command *held, const uint8_t *data, size_t length)
{
	struct reader reader = reader_init(data, length);
	uint32_t body;

	if (held->body == CORE_ALL_BODIES) {
		return true;
	}
	body = held->netfn == VIPMI_NETFN_OEM ? reader_u24le(&reader) : reader_u8(&reader);
	return reader.failed || body == held->body;
}

/* View's channel: unknown to us, and so any. */
#define CHANNEL_ANY CORE_ALL
/* Send Message's channel numbers (section 6.3). */
#define CHANNEL_PRESENT 0x0E
#define CHANNEL_SYSTEM 0x0F
/* Bit 0 of a slave address is the bus's own: to write. */
#define ADDRESS_MASK 0xFE

/* What a request asks for, or what it carries asks for. */
struct view {
	uint8_t netfn, command, lun;
	uint8_t channel; /* that it comes to its executor by */
	uint8_t address; /* of its executor */
	bool controller; /* which is the controller itself, however it is addressed */
	const uint8_t *data;
	size_t length;
};

static bool falls_under(const struct view *view, const struct core_command *held)
{
	return (held->direction & CORE_DIRECTION_SEND) &&
	       (held->address == CORE_ALL || held->address == view->address) &&
	       /* No channel sets the controller apart: it is one on all of them. */
	       (view->controller || fields_meet(held->channel, view->channel, CORE_ALL)) &&
	       (held->lun == CORE_ALL || held->lun == view->lun) &&
	       body_meets(held, view->data, view->length);
}

static bool chain_forbids(const struct core *core, const struct core_handle *handle,
	const struct view *view, uint16_t index)
{
	for (; index != CORE_NO_COMMAND; index = core->commands[index].next) {
		const struct core_held_command *held = &core->commands[index];

		if (held->handle != handle && falls_under(view, &held->what)) {
			return true;
		}
	}
	return false;
}

static bool view_forbidden(
	const struct core *core, const struct core_handle *handle, const struct view *view)
{
	const uint16_t *chains = core->command_chain[view->netfn >> 1 & (CORE_NETFN_PAIRS - 1)];

	return chain_forbids(core, handle, view, chains[view->command]) ||
	       chain_forbids(core, handle, view, chains[CORE_ALL_COMMANDS]);
}

/* Where Send Message's channel number leads, from where `view` is executed. Another controller's
 * numbers are its own: we cannot tell which of our buses, if any, one of them is. */
static uint8_t channel_from(const struct view *view, uint8_t number)
{
	if (number == CHANNEL_PRESENT) {
		return view->channel;
	}
	return view->controller ? number : CHANNEL_ANY;
}

/* From a carrier to the frame that it carries. Lenient where a bus might be: a wrong checksum does
 * not hide what is asked. */
static bool view_open(const struct core *core, struct view *view)
{
	struct reader reader = reader_init(view->data, view->length);
	uint8_t netfn_lun;

	if (view->netfn != VIPMI_NETFN_APP) {
		return false;
	}
	if (view->command == CORE_SEND_MESSAGE) {
		view->channel = channel_from(view, reader_u8(&reader) & 0x0F);
		view->address = reader_u8(&reader) & ADDRESS_MASK;
	} else if (view->command == CORE_MASTER_WRITE_READ) {
		/* Section 22.11: a channel, or a private bus, which may be any behind its number.
		 * IPMI 1.0 had no channel there, and who knows that only takes no notice of it. */
		(void)reader_u8(&reader);
		view->channel = CHANNEL_ANY;
		view->address = reader_u8(&reader) & ADDRESS_MASK;
		(void)reader_u8(&reader); /* bytes to read */
	} else {
		return false;
	}
	if (view->address == 0) {
		view->address = reader_u8(&reader) & ADDRESS_MASK; /* broadcast */
	}
	netfn_lun = reader_u8(&reader);
	(void)reader_bytes(&reader, 3); /* checksum, requester, its sequence number and LUN */
	view->command = reader_u8(&reader);
	view->netfn = netfn_lun >> 2;
	view->lun = netfn_lun & 3;
	view->controller = view->address == core->link.own_address;
	view->data = reader.at;
	/* Without its second checksum, if that is there at all. */
	view->length = reader_left(&reader) > 0 ? reader_left(&reader) - 1 : 0;
	return !reader.failed && !(view->netfn & 1);
}

bool command_forbidden(struct core *core, struct core_request *request)
{
	struct view view = {
		.netfn = request->netfn,
		.command = request->command,
		.lun = request->lun,
		.channel = request->channel,
		.controller = request->target_kind == VIPMI_TARGET_CONTROLLER ||
			      request->address == core->link.own_address,
		.address = request->address,
		.data = request_data(core, request),
		.length = request->length,
	};

	if (core->commands_held == 0) {
		return false;
	}
	if (request->target_kind == VIPMI_TARGET_CONTROLLER) {
		view.channel = CHANNEL_SYSTEM;
		view.address = core->link.own_address;
	}
	/* Each turn is at least six bytes shorter. */
	do {
		if (view_forbidden(core, request_handle(request), &view)) {
			return true;
		}
	} while (view_open(core, &view));
	return false;
}

static bool receives(
	const struct core_command *held, uint8_t channel, const struct ipmb_message *message)
{
	return (held->direction & CORE_DIRECTION_RECEIVE) &&
	       (held->channel == CORE_ALL || held->channel == channel) &&
	       (held->address == CORE_ALL || held->address == message->rq_address) &&
	       (held->lun == CORE_ALL || held->lun == message->rs_lun) &&
	       body_meets(held, message->data, message->length);
}

struct core_handle *command_receiver(
	struct core *core, uint8_t channel, const struct ipmb_message *message)
{
	const uint16_t *chains = core->command_chain[message->netfn >> 1];
	const uint16_t starts[] = {chains[message->command], chains[CORE_ALL_COMMANDS]};
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(starts); i++) {
		uint16_t index = starts[i];

		for (; index != CORE_NO_COMMAND; index = core->commands[index].next) {
			if (receives(&core->commands[index].what, channel, message)) {
				return core->commands[index].handle;
			}
		}
	}
	return NULL;
}

uint16_t command_channels(const struct core *core, uint8_t netfn, uint8_t command)
{
	const uint16_t *chains = core->command_chain[netfn >> 1];
	const uint16_t starts[] = {chains[command], chains[CORE_ALL_COMMANDS]};
	uint16_t channels = 0;
	size_t i;

	for (i = 0; i < ARRAY_LENGTH(starts); i++) {
		uint16_t index = starts[i];

		for (; index != CORE_NO_COMMAND; index = core->commands[index].next) {
			const struct core_command *what = &core->commands[index].what;

			if (what->direction & CORE_DIRECTION_RECEIVE) {
				channels |= what->channel == CORE_ALL
						    ? CORE_BUS_CHANNELS
						    : (uint16_t)(1u << what->channel);
			}
		}
	}
	return channels;
}

void command_refuse(struct core *core, struct core_request *request)
{
	core_count(core, answers_reserved);
	request_answer(core, request, VIPMI_CC_NOT_IN_STATE, VIPMI_ORIGIN_AGENT,
		VIPMI_REASON_RESERVED, NULL, 0);
}

bool core_command_next(
	const struct core *core, uint32_t *cursor, struct core_command_info *ret_info)
{
	for (; *cursor < core->commands_fresh; (*cursor)++) {
		const struct core_held_command *held = &core->commands[*cursor];

		if (held->handle) {
			*ret_info = (struct core_command_info){
				.number = held_number(core, held),
				.handle = handle_id(core, held->handle),
				.what = held->what,
				.until_ns = held->until_ns,
			};
			(*cursor)++;
			return true;
		}
	}
	return false;
}
