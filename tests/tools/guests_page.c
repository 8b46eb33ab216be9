/* SPDX-License-Identifier: BSD-2-Clause */
/* docs/guest-commands.md from guest/commands.def and the command table. */
#include "tests/tools/page.h"

#include <string.h>

#include "guest/guest.h"
#include "ipmi/command.h"

static const char head[] =
	"# What a guest's commands do\n"
	"\n"
	"Made from `guest/commands.def` and `ipmi/commands.def`: do not edit, run\n"
	"`build/tests/unit/guests_page >docs/guest-commands.md`. What a guest is, and how it gets\n"
	"its controller, stands in [guests.md](guests.md).\n"
	"\n"
	"*pass*: the real controller answers; it is only ever read. *virtual*: the guest's own\n"
	"controller answers. *refuse*: D4 where it is the host's to do, C1 where a guest's\n"
	"controller has no such thing. What is not listed (OEM commands, firmware, other groups'\n"
	"bodies) is refused with C1. Of what passes, sensors, SEL and FRU can be taken away from "
	"a\n"
	"guest (`sensors=none`, `sel=none`, `fru=none`): then it is refused with C1.\n"
	"With `sel=own` and `fru=own` a guest has a log and a FRU inventory of its own; what\n"
	"belongs to them is answered as the last column says.\n";

static const char *treatment_name(enum guest_treatment treatment)
{
	switch (treatment) {
	case GUEST_PASS:
		return "pass";
	case GUEST_VIRTUAL:
		return "virtual";
	case GUEST_DENY:
		return "refuse, D4";
	case GUEST_NONE:
	case GUEST_LOG:
	case GUEST_FRU:
		return "refuse, C1";
	}
	return "";
}

static const char *why(const struct ipmi_command *command, enum guest_treatment treatment)
{
	const char *text = guest_command_text(command->netfn, command->command);

	if (text) {
		return text;
	}
	switch (treatment) {
	case GUEST_PASS:
		return "a read";
	case GUEST_DENY:
		return "it would change or endanger what is the host's";
	default:
		return "a guest's controller has no such interface";
	}
}

static const char *own_text(const struct ipmi_command *command)
{
	/* FRU commands are the first of the storage commands (appendix G). */
	return command->netfn == VIPMI_NETFN_STORAGE && command->command < 0x20 ? "; `fru=own`: "
										: "; `sel=own`: ";
}

static void print_page(FILE *page)
{
	const struct guest_config all = {
		.sensors = true, .sel = GUEST_PART_REAL, .fru = GUEST_PART_REAL, .bus = true};
	const struct guest_config own = {
		.sensors = true, .sel = GUEST_PART_OWN, .fru = GUEST_PART_OWN, .bus = true};
	const struct ipmi_command *table;
	int netfn = -1;
	size_t count, i;

	fputs(head, page);
	table = ipmi_command_table(&count);
	for (i = 0; i < count; i++) {
		const struct ipmi_command *command = &table[i];
		enum guest_treatment treatment =
			guest_judge(&all, command->netfn, command->command, NULL, 0);
		enum guest_treatment with_own =
			guest_judge(&own, command->netfn, command->command, NULL, 0);

		if (command->netfn != netfn) {
			netfn = command->netfn;
			fprintf(page, "\n## %s, netFn %02X%s\n\n", ipmi_netfn_name(command->netfn),
				command->netfn,
				netfn == VIPMI_NETFN_GROUP ? ", body 00 (PICMG)" : "");
			fputs("| cmd | title | changes state | a guest's | |\n"
			      "| --- | --- | --- | --- | --- |\n",
				page);
		}
		fprintf(page, "| %02X | %s | %s | %s | %s%s%s |\n", command->command,
			command->title,
			ipmi_class_is_read((enum ipmi_class)command->class) ? "" : "yes",
			treatment_name(treatment), why(command, treatment),
			with_own == treatment ? "" : own_text(command),
			with_own != treatment ? treatment_name(with_own) : "");
	}
}

int main(int argc, char **argv)
{
	return page_main(
		argc, argv, print_page, "build/tests/unit/guests_page >docs/guest-commands.md");
}
