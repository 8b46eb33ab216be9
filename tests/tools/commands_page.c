/* SPDX-License-Identifier: BSD-2-Clause */
/* docs/commands.md from the command table. */
#include "tests/tools/page.h"

#include <string.h>

#include "ipmi/command.h"
#include "vipmi/message.h"

/* Data bytes that are tried for what they make of a command; no rule looks further. */
#define TRIED_BYTES 8

static const char head[] =
	"# Commands\n"
	"\n"
	"What vipmi knows about each IPMI command: how it may be shared, resent, cached and waited "
	"for. This page is made from the table in `ipmi/commands.def` and the rules in "
	"`ipmi/command.c`; a test says when it is stale, and "
	"`build/tests/unit/commands_page >docs/commands.md` makes it anew.\n"
	"\n"
	"| class | what it means |\n"
	"| --- | --- |\n"
	"| read | idempotent, and stable for its cache time |\n"
	"| quasi-read | idempotent, of data that change |\n"
	"| secret | a read that reveals secrets |\n"
	"| virtual | stateful; each virtual controller has a state of its own |\n"
	"| consuming | takes something away from everybody else |\n"
	"| mutating | changes what others see |\n"
	"| dangerous | may cost others their data, their access or their power |\n"
	"| bridging | carries another command, and that one decides |\n"
	"| session | meaningful inside one LAN session only |\n"
	"\n"
	"What is not listed is mutating; of the netFns 08 (firmware), 2E and 30 to 3E (OEM) it is "
	"dangerous. \"By its data\" are the classes that one byte of the request can make of a "
	"command. The privilege is the least on a session channel; the cache time is how long an "
	"answer stays true at the most; the time-out is the controller's, from transmission.\n";

static void print_ms(FILE *page, uint32_t ms, const char *none)
{
	if (ms == 0) {
		fprintf(page, " %s |", none);
	} else if (ms == IPMI_CACHE_FOREVER_MS) {
		fprintf(page, " until a reset |");
	} else if (ms % 1000 != 0) {
		fprintf(page, " %u ms |", ms);
	} else if (ms % 3600000 == 0) {
		fprintf(page, " %u h |", ms / 3600000);
	} else {
		fprintf(page, " %u s |", ms / 1000);
	}
}

/* A bit for each class that the command gets with some byte at this place, all others `fill`. */
static unsigned classes_by_byte(const struct ipmi_command *command, size_t place, uint8_t fill)
{
	unsigned found = 0, value;

	for (value = 0; value < 256; value++) {
		uint8_t data[TRIED_BYTES];

		memset(data, fill, sizeof(data));
		data[place] = (uint8_t)value;
		if (command->netfn == VIPMI_NETFN_GROUP) {
			data[0] = command->body;
		}
		found |= 1u << ipmi_command_judge(
				 command->netfn, command->command, data, sizeof(data))
				       .class;
	}
	return found;
}

/* The classes beside its own that some data give it, found by trying. */
static void print_classes(FILE *page, const struct ipmi_command *command)
{
	const char *separator = " ";
	unsigned found = 0, class;
	size_t place;

	for (place = 0; place < TRIED_BYTES; place++) {
		found |= classes_by_byte(command, place, 0x00);
		found |= classes_by_byte(command, place, 0x01);
	}
	for (class = 0; class <= IPMI_CLASS_SESSION; class ++) {
		if ((found >> class & 1) && class != command->class) {
			fprintf(page, "%s%s", separator, ipmi_class_name((enum ipmi_class) class));
			separator = ", ";
		}
	}
	fprintf(page, " |");
}

static void print_page(FILE *page)
{
	const struct ipmi_command *table;
	int netfn = -1;
	size_t count, i;

	fputs(head, page);
	table = ipmi_command_table(&count);
	for (i = 0; i < count; i++) {
		const struct ipmi_command *command = &table[i];

		if (command->netfn != netfn) {
			netfn = command->netfn;
			fprintf(page, "\n## %s, netFn %02X%s\n\n", ipmi_netfn_name(command->netfn),
				command->netfn,
				netfn == VIPMI_NETFN_GROUP ? ", body 00 (PICMG)" : "");
			fputs("| cmd | name | title | class | by its data | privilege | cache | "
			      "time-out |\n"
			      "| --- | --- | --- | --- | --- | --- | --- | --- |\n",
				page);
		}
		fprintf(page, "| %02X | `%s` | %s | %s |", command->command, command->name,
			command->title, ipmi_class_name((enum ipmi_class)command->class));
		print_classes(page, command);
		fprintf(page, " %s |",
			ipmi_privilege_name((enum ipmi_privilege)command->privilege));
		print_ms(page, command->cache_ms, "no");
		print_ms(page, command->timeout_ms ? command->timeout_ms : IPMI_TIMEOUT_DEFAULT_MS,
			"");
		fputs("\n", page);
	}
}

int main(int argc, char **argv)
{
	return page_main(
		argc, argv, print_page, "build/tests/unit/commands_page >docs/commands.md");
}
