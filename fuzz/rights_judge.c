/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/rights_judge.h"

static enum verdict judge_body(const struct core_command *held, const struct asked *asked)
{
	size_t size = held->netfn == 0x2E ? 3 : 1, i;
	uint32_t body = 0;

	if (held->body == CORE_ALL_BODIES) {
		return HELD;
	}
	if (asked->length < size) {
		return PERHAPS; /* an error, or the executor's default */
	}
	for (i = 0; i < size; i++) {
		body |= (uint32_t)asked->data[i] << 8 * i;
	}
	return body == held->body ? HELD : OPEN;
}

static enum verdict judge_one(
	const struct core_command *held, const struct node *node, const struct asked *asked)
{
	bool channel = held->channel == CORE_ALL || node->self || node->any_channel ||
		       held->channel == node->channel;
	enum verdict verdict = judge_body(held, asked);

	if (!(held->direction & CORE_DIRECTION_SEND) || held->netfn != asked->netfn ||
		(held->command != CORE_ALL_COMMANDS && held->command != asked->command) ||
		(held->lun != CORE_ALL && held->lun != asked->lun) ||
		(held->address != CORE_ALL && held->address != node->address) ||
		(!channel && !node->vague)) {
		return OPEN;
	}
	return verdict == HELD && (!channel || !node->sure) ? PERHAPS : verdict;
}

/* The bus that a Send Message's channel number means to a controller. */
static void node_channel(struct node *node, uint8_t number)
{
	bool outside = node->self && node->channel == 0x0F;

	if (number == 0x0E && !outside) {
		return; /* the one it came in by */
	}
	node->any_channel = number > 0x0B || !node->self; /* another one's numbers are its own */
	node->sure = node->sure && number <= 0x0B;
	node->vague = false;
	node->channel = number;
}

/* The bus that Master Write-Read's first byte means; IPMI 1.0 had no channel in it, and a private
 * bus may be any. */
static void node_bus(struct node *node, uint8_t bus)
{
	node->any_channel = (bus & 1) || !node->self;
	node->sure = node->sure && !(bus & 1) && bus >> 4 <= 0x0B;
	node->vague = true;
	node->channel = bus >> 4;
}

/* From a carrier to what it carries: who gets that, and what it asks for. */
static bool carried(const struct judge *judge, struct node *node, struct asked *asked)
{
	const uint8_t *data = asked->data;
	size_t at;

	if (asked->netfn != APP || asked->length < 3) {
		return false;
	}
	if (asked->command == SEND_MESSAGE) {
		node_channel(node, data[0] & 0x0F);
		at = 2;
	} else if (asked->command == MASTER_WRITE_READ) {
		node_bus(node, data[0]);
		at = 3;
	} else {
		return false;
	}
	node->address = data[1] & 0xFE; /* bit 0 is the bus's own: a write */
	if (node->address == 0 && at < asked->length) {
		node->address = data[at++] & 0xFE;
	}
	if (asked->length < at + 5) {
		return false;
	}
	node->self = node->address == judge->own_address;
	node->sure = node->sure && asked->length >= at + 6;
	asked->netfn = data[at] >> 2;
	asked->lun = data[at] & 3;
	asked->command = data[at + 4];
	asked->length = asked->length > at + 6 ? asked->length - at - 6 : 0;
	asked->data = data + at + 5;
	return !(asked->netfn & 1);
}

enum verdict judge_request(
	const struct judge *judge, int sender, struct node node, struct asked asked, bool carrier)
{
	enum verdict worst = OPEN;
	size_t i;

	/* Bridging as such is the agent's, and of what it is made nobody else's business. */
	if (carrier && !carried(judge, &node, &asked)) {
		return OPEN;
	}
	do {
		for (i = 0; i < judge->held_count; i++) {
			enum verdict verdict = OPEN;

			if (judge->held[i].program != sender) {
				verdict = judge_one(&judge->held[i].what, &node, &asked);
			}
			worst = verdict > worst ? verdict : worst;
		}
	} while (carried(judge, &node, &asked));
	return worst;
}

struct node judge_node(const struct judge *judge, uint8_t kind, uint8_t channel, uint8_t address)
{
	bool direct = kind == VIPMI_TARGET_CONTROLLER;

	return (struct node){.self = direct || address == judge->own_address,
		.sure = true,
		.channel = direct ? 0x0F : channel,
		.address = direct ? judge->own_address : address};
}
