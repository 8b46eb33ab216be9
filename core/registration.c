/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A link that is one user of a driver among others is given only those incoming
 * requests that it registered for. It is told whenever a command's set of
 * channels may have changed, once for however many changes, and everything anew
 * when it comes up.
 */
#include "base/bits.h"
#include "core/private.h"

#define WORD_BITS 64u
/* Every command of every network function has its bit. */
#define COMMANDS (CORE_NETFN_PAIRS * CORE_ALL_COMMANDS)

/* Who fetches messages itself gets them all. */
static bool needed(const struct core *core)
{
	return core->link_up && !core->link.owns_flags && !core->link.inbound_any;
}

static unsigned number_of(uint8_t netfn, unsigned command)
{
	return (netfn >> 1) * CORE_ALL_COMMANDS + command;
}

static void due_set(struct core *core, unsigned number)
{
	uint64_t *word = &core->registrations_due[number / WORD_BITS];
	uint64_t bit = UINT64_C(1) << number % WORD_BITS;

	core->registrations_due_count += !(*word & bit);
	*word |= bit;
}

void registration_changed(struct core *core, const struct core_command *what)
{
	unsigned command;

	if (!needed(core)) {
		return;
	}
	if (what->command != CORE_ALL_COMMANDS) {
		due_set(core, number_of(what->netfn, what->command));
		return;
	}
	for (command = 0; command < CORE_ALL_COMMANDS; command++) {
		due_set(core, number_of(what->netfn, command));
	}
}

void registrations_renew(struct core *core)
{
	uint16_t i;

	memset(core->registrations_due, 0, sizeof(core->registrations_due));
	core->registrations_due_count = 0;
	for (i = 0; i < core->commands_fresh; i++) {
		if (core->commands[i].handle &&
			core->commands[i].what.direction & CORE_DIRECTION_RECEIVE) {
			registration_changed(core, &core->commands[i].what);
		}
	}
}

/* Takes one that is due; there is one. */
static unsigned due_take(struct core *core)
{
	unsigned i = 0, number;

	while (core->registrations_due[i] == 0) {
		i++;
		if (!core_check(core, i < ARRAY_LENGTH(core->registrations_due))) {
			return 0;
		}
	}
	number = i * WORD_BITS + bits_lowest(core->registrations_due[i]);
	core->registrations_due[i] &= core->registrations_due[i] - 1;
	core->registrations_due_count--;
	return number;
}

bool registration_next(struct core *core, struct core_action *ret_action)
{
	unsigned number;
	uint8_t netfn, command;

	if (core->registrations_due_count == 0 || core->link_blocked || !needed(core)) {
		return false;
	}
	number = due_take(core);
	netfn = (uint8_t)(number / CORE_ALL_COMMANDS << 1);
	command = (uint8_t)(number % CORE_ALL_COMMANDS);
	ret_action->id = action_id(ABOUT_REGISTRATION, number, core->epoch);
	ret_action->type = CORE_ACTION_REGISTER;
	ret_action->registration = (struct core_registration){
		.netfn = netfn,
		.command = command,
		.channels = command_channels(core, netfn, command),
	};
	return true;
}

void registration_done(struct core *core, uint64_t id, int result)
{
	uint32_t number = (uint32_t)(id >> 32) & 0xFFFFFF;

	if (result == 0 || (uint32_t)id != core->epoch || !needed(core)) {
		return; /* or the link forgot it all meanwhile */
	}
	if (result == -EAGAIN) {
		due_set(core, number % COMMANDS); /* whatever the shell made of the name */
		core->link_blocked = true;
		core->link_retry_ns = core->now_ns + CORE_LINK_RETRY_MS * NSEC_PER_MSEC_U64;
		return;
	}
	core_count(core, registrations_refused);
}
