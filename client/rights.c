/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rights: commands and sequence numbers for a handle alone.
 */
#include "client/internal.h"

/* ---- on the wire ---- */

static void put_list(struct writer *writer, const struct rights *rights)
{
	struct socket_command commands[VIPMI_COMMANDS_MAX];
	size_t i;

	for (i = 0; i < rights->count; i++) {
		const struct vipmi_right *right = &rights->list[i];

		commands[i] = (struct socket_command){
			.netfn = right->netfn,
			.direction = right->direction,
			.command = right->command,
			.body = right->body,
			.channel = right->channel,
			.address = right->address,
			.lun = right->lun,
		};
	}
	socket_put_commands(writer, commands, rights->count);
}

void rights_put(struct writer *writer, const struct call *call)
{
	const struct rights *rights = call->rights;
	const struct socket_header header = {
		.type = rights->type,
		.tag = call->tag,
		.handle = call->handle ? call->handle->number : rights->handle,
		.virtual_client = rights->virtual_client,
	};

	socket_begin(writer, &header);
	if (rights->type == VIPMI_MESSAGE_SEQUENCE_RESERVE ||
		rights->type == VIPMI_MESSAGE_SEQUENCE_FREE) {
		socket_put_sequence(writer, rights->channel, rights->address, rights->numbers_count,
			rights->numbers);
		return;
	}
	if (rights->count > 0) {
		put_list(writer, rights);
	}
	if (rights->lease_ms > 0) {
		socket_put_lease(writer, rights->lease_ms);
	}
}

void rights_done(struct call *call, const struct socket_message *message)
{
	struct rights *rights = call->rights;
	struct socket_bytes left = message->holder.command;
	struct socket_command held;

	if (socket_has(message, VIPMI_EXTENSION_SEQUENCE)) {
		rights->numbers = message->sequence.numbers;
	}
	if (!rights->holder || !socket_has(message, VIPMI_EXTENSION_HOLDER) ||
		!socket_command_next(&left, &held)) {
		return;
	}
	*rights->holder = (struct vipmi_holder){
		.handle = message->holder.handle,
		.index = message->holder.index,
		.held = {.netfn = held.netfn,
			.direction = held.direction,
			.command = held.command,
			.body = held.body,
			.channel = held.channel,
			.address = held.address,
			.lun = held.lun},
	};
}

/* ---- the calls ---- */

/* `handle` is NULL where `rights` says whose. */
static int ask_on(
	struct vipmi *vipmi, struct vipmi_handle *handle, struct rights *rights, const char *what)
{
	struct call call;
	int result = connection_lock(vipmi);

	if (result < 0) {
		return result;
	}
	result = connection_ended(vipmi);
	if (result == 0) {
		call_init(&call, CALL_RIGHTS, handle);
		call.rights = rights;
		result = call_wait(vipmi, &call);
		if (result < 0) {
			(void)text_fail(result, "cannot %s: %s", what,
				call.text[0] ? call.text : vipmi_strerror(result));
		}
	}
	connection_unlock(vipmi);
	return result;
}

static int ask(struct vipmi_handle *handle, struct rights *rights, const char *what)
{
	return ask_on(handle->vipmi, handle, rights, what);
}

static int list_check(const struct vipmi_right *list, size_t count)
{
	if (count > VIPMI_COMMANDS_MAX) {
		return text_fail(-EINVAL, "a list of %zu rights, but %d go at once", count,
			VIPMI_COMMANDS_MAX);
	}
	return count > 0 && !list ? text_fail(-EINVAL, "no list, but a count of %zu", count) : 0;
}

static int reserve(struct vipmi *vipmi, struct vipmi_handle *handle, struct rights *rights)
{
	int result = list_check(rights->list, rights->count);

	if (result == 0 && rights->count == 0) {
		result = text_fail(-EINVAL, "an empty list of rights");
	}
	return result < 0 ? result : ask_on(vipmi, handle, rights, "reserve");
}

int vipmi_reserve(struct vipmi_handle *handle, const struct vipmi_right *list, size_t count,
	uint32_t lease_ms, struct vipmi_holder *ret_holder)
{
	struct rights rights = {.type = VIPMI_MESSAGE_RESERVE,
		.list = list,
		.count = count,
		.lease_ms = lease_ms,
		.holder = ret_holder};

	return reserve(handle->vipmi, handle, &rights);
}

int vipmi_reserve_for(struct vipmi *vipmi, uint32_t handle, const struct vipmi_right *list,
	size_t count, uint32_t lease_ms, struct vipmi_holder *ret_holder)
{
	struct rights rights = {.type = VIPMI_MESSAGE_RESERVE,
		.handle = handle,
		.list = list,
		.count = count,
		.lease_ms = lease_ms,
		.holder = ret_holder};

	return reserve(vipmi, NULL, &rights);
}

int vipmi_release(struct vipmi_handle *handle, const struct vipmi_right *list, size_t count)
{
	struct rights rights = {.type = VIPMI_MESSAGE_RELEASE, .list = list, .count = count};
	int result = list_check(list, count);

	return result < 0 ? result : ask(handle, &rights, "release");
}

int vipmi_sequence_reserve(struct vipmi_handle *handle, uint8_t channel, uint8_t address,
	uint32_t virtual_client, unsigned int count, uint64_t numbers, uint64_t *ret_numbers)
{
	struct rights rights = {.type = VIPMI_MESSAGE_SEQUENCE_RESERVE,
		.virtual_client = virtual_client,
		.channel = channel,
		.address = address,
		.numbers_count = (uint8_t)count,
		.numbers = numbers};
	int result;

	if (count > 64) {
		return text_fail(-EINVAL, "%u sequence numbers, but a responder has 64", count);
	}
	result = ask(handle, &rights, "reserve sequence numbers");
	if (result == 0) {
		*ret_numbers = rights.numbers;
	}
	return result;
}

int vipmi_sequence_free(
	struct vipmi_handle *handle, uint8_t channel, uint8_t address, uint64_t numbers)
{
	struct rights rights = {.type = VIPMI_MESSAGE_SEQUENCE_FREE,
		.channel = channel,
		.address = address,
		.numbers = numbers};

	return ask(handle, &rights, "free sequence numbers");
}
