/* SPDX-License-Identifier: BSD-2-Clause */
/* The guest's controller: from its beginning to its end, and each request's way through it. */
#include "guest/private.h"

#define COMMAND_GET_DEVICE_ID 0x01

void guest_start_anew(struct guest *guest)
{
	guest_messages_init(guest);
	guest_watchdog_init(guest);
	guest->sel.reserved = false; /* section 31.4; the entries stay */
}

static void begin(struct guest *guest)
{
	size_t i;

	guest->presence = GUEST_ABSENT;
	guest->gone_ns = TIME_NEVER;
	guest->attention_told = guest->interrupts_told = false;
	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		guest->pending[i].used = false;
	}
	guest_power_init(guest);
	guest_start_anew(guest);
}

void guest_init(struct guest *guest, const struct guest_config *config)
{
	memset(guest, 0, sizeof(*guest));
	guest->config = *config;
	guest_sel_init(guest);
	begin(guest);
}

void guest_connect(struct guest *guest, uint64_t now_ns)
{
	if (guest->presence != GUEST_PRESENT) {
		guest_watchdog_resume(guest, now_ns);
	}
	guest->presence = GUEST_PRESENT;
	guest->gone_ns = TIME_NEVER;
	guest->capabilities = 0;
	/* A peer that lost us has put attention down; one to which the guest moved has it as the
	 * former one had. It is told in any case. */
	guest->attention_told = guest_flags(guest) == 0;
	guest->interrupts_told = false;
}

void guest_disconnect(struct guest *guest, uint64_t now_ns)
{
	size_t i;

	if (guest->presence != GUEST_PRESENT) {
		return;
	}
	guest_watchdog_pause(guest, now_ns);
	guest->presence = GUEST_AWAY;
	guest->gone_ns = now_ns + guest->config.grace_ns;
	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		guest->pending[i].used = guest->pending[i].used && guest->pending[i].bridged;
	}
}

void guest_step(struct guest *guest, uint64_t now_ns)
{
	if (guest->presence == GUEST_AWAY && now_ns >= guest->gone_ns) {
		begin(guest);
	} else if (guest->presence == GUEST_PRESENT) {
		guest_watchdog_step(guest, now_ns);
	}
}

uint64_t guest_deadline(const struct guest *guest)
{
	return guest->presence == GUEST_PRESENT ? guest_watchdog_deadline(guest) : guest->gone_ns;
}

bool guest_waits(const struct guest *guest)
{
	size_t i;

	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		if (guest->pending[i].used) {
			return true;
		}
	}
	return false;
}

void guest_abandon(struct guest *guest)
{
	size_t i;

	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		struct guest_pending *pending = &guest->pending[i];

		if (pending->used && pending->bridged) {
			guest_received(guest, pending, VIPMI_CC_TIMEOUT, NULL, 0);
		}
		pending->used = false;
	}
}

/* ---- requests ---- */

struct guest_pending *guest_pending_take(struct guest *guest, uint64_t *ret_tag)
{
	size_t i;

	for (i = 0; i < GUEST_PENDING_MAX; i++) {
		struct guest_pending *pending = &guest->pending[i];

		if (!pending->used) {
			*pending = (struct guest_pending){
				.used = true, .number = guest->number_next++};
			*ret_tag = (uint64_t)pending->number * GUEST_PENDING_MAX + i;
			return pending;
		}
	}
	return NULL;
}

/* Answers with `reply`, whose first byte is the completion code. */
static void answer(struct guest *guest, const struct vm_message *request, uint8_t cc, size_t length,
	struct guest_verdict *verdict)
{
	guest->reply[0] = cc;
	verdict->answered = true;
	verdict->answer = (struct vm_message){
		.sequence = request->sequence,
		.netfn = request->netfn | 1,
		.lun = request->lun,
		.command = request->command,
		.data = guest->reply,
		.length = length,
	};
}

static void answer_virtual(struct guest *guest, const struct vm_message *request, uint64_t now_ns,
	struct guest_verdict *verdict)
{
	const struct guest_command *command = guest_command_find(request->netfn, request->command);
	struct guest_call call = {
		.request = reader_init(request->data, request->length),
		.response = writer_init(guest->reply + 1, sizeof(guest->reply) - 1),
		.now_ns = now_ns,
		.verdict = verdict,
	};
	uint8_t cc = VIPMI_CC_LENGTH_INVALID;

	if (request->length >= command->min && request->length <= command->max) {
		cc = command->handler(guest, &call);
	}
	answer(guest, request, cc, cc == VIPMI_CC_OK ? 1 + writer_length(&call.response) : 1,
		verdict);
}

static void pass(
	struct guest *guest, const struct vm_message *request, struct guest_verdict *verdict)
{
	struct guest_pending *pending = guest_pending_take(guest, &verdict->forward.tag);

	if (!pending) {
		answer(guest, request, VIPMI_CC_NODE_BUSY, 1, verdict);
		return;
	}
	pending->sequence = request->sequence;
	pending->netfn = request->netfn;
	pending->lun = request->lun;
	pending->command = request->command;
	verdict->forwarded = true;
	verdict->forward.target_kind = VIPMI_TARGET_CONTROLLER;
	verdict->forward.netfn = request->netfn;
	verdict->forward.lun = request->lun;
	verdict->forward.command = request->command;
	verdict->forward.data = request->data;
	verdict->forward.length = request->length;
}

void guest_request(struct guest *guest, const struct vm_message *request, uint64_t now_ns,
	struct guest_verdict *ret_verdict)
{
	*ret_verdict = (struct guest_verdict){.answered = false};
	if (request->length > VIPMI_DATA_MAX) {
		answer(guest, request, VIPMI_CC_LENGTH_INVALID, 1, ret_verdict);
		return;
	}
	switch (guest_judge(
		&guest->config, request->netfn, request->command, request->data, request->length)) {
	case GUEST_PASS:
		pass(guest, request, ret_verdict);
		break;
	case GUEST_VIRTUAL:
		answer_virtual(guest, request, now_ns, ret_verdict);
		break;
	case GUEST_DENY:
		answer(guest, request, VIPMI_CC_PRIVILEGE, 1, ret_verdict);
		break;
	case GUEST_NONE:
	case GUEST_LOG:
	case GUEST_FRU:
		answer(guest, request, VIPMI_CC_INVALID_COMMAND, 1, ret_verdict);
		break;
	}
}

void guest_response(struct guest *guest, uint64_t tag, uint8_t cc, const uint8_t *data,
	size_t length, struct guest_verdict *ret_verdict)
{
	struct guest_pending *pending = &guest->pending[tag % GUEST_PENDING_MAX];
	struct vm_message request;

	*ret_verdict = (struct guest_verdict){.answered = false};
	if (!pending->used || pending->number != tag / GUEST_PENDING_MAX) {
		return; /* it was asked before its peer went */
	}
	pending->used = false;
	if (length > sizeof(guest->reply) - 1) {
		cc = VIPMI_CC_CANNOT_RETURN_LENGTH;
		length = 0;
	}
	if (pending->bridged) {
		guest_received(guest, pending, cc, data, length);
		return;
	}
	if (length > 0) {
		memcpy(guest->reply + 1, data, length);
	}
	guest->reply[0] = cc;
	length++;
	if (pending->netfn == VIPMI_NETFN_APP && pending->command == COMMAND_GET_DEVICE_ID) {
		length = guest_device_id(guest, guest->reply, length);
	}
	request = (struct vm_message){.sequence = pending->sequence,
		.netfn = pending->netfn,
		.lun = pending->lun,
		.command = pending->command};
	answer(guest, &request, guest->reply[0], length, ret_verdict);
}
