/* SPDX-License-Identifier: BSD-2-Clause */
#include "ipmi/privilege.h"

#include "ipmi/ipmb.h"
#include "vipmi/message.h"

/* IPMI 2.0 section 22.7: channel, (00h of a broadcast,) the frame. */
#define CMD_SEND_MESSAGE 0x34
#define BROADCAST 0x00
/* Section 22.11. */
#define CMD_MASTER_WRITE_READ 0x52

static enum ipmi_privilege plain(uint8_t netfn, uint8_t command, const uint8_t *data, size_t length)
{
	struct ipmi_verdict verdict = ipmi_command_judge(netfn, command, data, length);

	/* Master Write-Read writes whatever frame is given to it. */
	if (!verdict.command || verdict.class == IPMI_CLASS_BRIDGING ||
		(netfn == VIPMI_NETFN_APP && command == CMD_MASTER_WRITE_READ)) {
		return IPMI_PRIVILEGE_ADMINISTRATOR;
	}
	switch (verdict.command->privilege) {
	case IPMI_PRIVILEGE_SYSTEM_INTERFACE:
		return verdict.class == IPMI_CLASS_VIRTUAL || verdict.class == IPMI_CLASS_CONSUMING
			       ? IPMI_PRIVILEGE_USER
			       : IPMI_PRIVILEGE_ADMINISTRATOR;
	case IPMI_PRIVILEGE_OPERATOR:
		return IPMI_PRIVILEGE_OPERATOR;
	case IPMI_PRIVILEGE_ADMINISTRATOR:
		return IPMI_PRIVILEGE_ADMINISTRATOR;
	default:
		return IPMI_PRIVILEGE_USER;
	}
}

enum ipmi_privilege ipmi_privilege_needed(
	uint8_t netfn, uint8_t command, const uint8_t *data, size_t length)
{
	struct ipmb_message inner;

	/* Each turn takes a frame's bytes away. */
	while (netfn == VIPMI_NETFN_APP && command == CMD_SEND_MESSAGE) {
		size_t head = length > 1 && data[1] == BROADCAST ? 2 : 1;

		if (length <= head || ipmb_decode(data + head, length - head, &inner)) {
			return IPMI_PRIVILEGE_ADMINISTRATOR;
		}
		/* A response: who may give it, the right to receive says. */
		if (inner.netfn & 1) {
			return IPMI_PRIVILEGE_USER;
		}
		netfn = inner.netfn;
		command = inner.command;
		data = inner.data;
		length = inner.length;
	}
	return plain(netfn, command, data, length);
}
