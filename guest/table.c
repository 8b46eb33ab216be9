/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest's command may do: see guest/commands.def. */
#include "guest/private.h"

#include "ipmi/command.h"

enum {
	NETFN_CHASSIS = VIPMI_NETFN_CHASSIS,
	NETFN_SENSOR = VIPMI_NETFN_SENSOR,
	NETFN_APP = VIPMI_NETFN_APP,
	NETFN_STORAGE = VIPMI_NETFN_STORAGE,
};

static const struct guest_command commands[] = {
#define X(group, number, treatment_, min_, max_, handler_, text_)                                  \
	{.netfn = NETFN_##group,                                                                   \
		.command = number,                                                                 \
		.treatment = GUEST_##treatment_,                                                   \
		.min = min_,                                                                       \
		.max = max_,                                                                       \
		.handler = handler_,                                                               \
		.text = text_},
#include "guest/commands.def"
#undef X
};

const struct guest_command *guest_command_find(uint8_t netfn, uint8_t command)
{
	size_t low = 0, high = ARRAY_LENGTH(commands);

	/* They are in order: a test says so. */
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct guest_command *found = &commands[middle];

		if (found->netfn == netfn && found->command == command) {
			return found;
		}
		if (found->netfn < netfn || (found->netfn == netfn && found->command < command)) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	return NULL;
}

const char *guest_command_text(uint8_t netfn, uint8_t command)
{
	const struct guest_command *found = guest_command_find(netfn, command);

	return found ? found->text : NULL;
}

/* The core gives each of its clients a reservation of its own. */
#define RESERVE_SEL 0x42

/* Of the storage commands: FRU, then SDR, then SEL (appendix G). */
#define SDR_FIRST 0x20
#define SEL_FIRST 0x40

/* Whether the guest is shown the part of the real controller that the command belongs to. */
static bool shown(const struct guest_config *config, uint8_t netfn, uint8_t command)
{
	switch (netfn) {
	case VIPMI_NETFN_SENSOR:
	case VIPMI_NETFN_GROUP:
		return config->sensors;
	case VIPMI_NETFN_STORAGE:
		if (command < SDR_FIRST) {
			return config->fru == GUEST_PART_REAL;
		}
		return command < SEL_FIRST ? config->sensors : config->sel == GUEST_PART_REAL;
	case VIPMI_NETFN_BRIDGE:
	case VIPMI_NETFN_TRANSPORT:
		return false; /* a guest's controller has no other bus and no network */
	default:
		return true;
	}
}

enum guest_treatment guest_judge(const struct guest_config *config, uint8_t netfn, uint8_t command,
	const uint8_t *data, size_t length)
{
	const struct guest_command *found = guest_command_find(netfn, command);
	bool log = found && found->treatment == GUEST_LOG;
	bool fru = found && found->treatment == GUEST_FRU;
	struct ipmi_verdict verdict;

	if ((log && config->sel == GUEST_PART_OWN) || (fru && config->fru == GUEST_PART_OWN)) {
		return found->handler ? GUEST_VIRTUAL : GUEST_NONE;
	}
	if (!shown(config, netfn, command)) {
		return GUEST_NONE;
	}
	if (found && !log && !fru) {
		return (enum guest_treatment)found->treatment;
	}
	verdict = ipmi_command_judge(netfn, command, data, length);
	if (!verdict.command) {
		return GUEST_NONE;
	}
	/* What changes the log with some data is denied with any. */
	if (log) {
		verdict.class = command == RESERVE_SEL ? IPMI_CLASS_READ
						       : (enum ipmi_class)verdict.command->class;
	}
	return verdict.class == IPMI_CLASS_READ || verdict.class == IPMI_CLASS_QUASI_READ
		       ? GUEST_PASS
		       : GUEST_DENY;
}
