/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command table's judgement of a request (netFn, command, data), and the
 * words of the command line: the first two words of the input, zero-terminated.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "ipmi/command.h"

static void judge(const uint8_t *bytes, size_t length)
{
	struct ipmi_verdict verdict = ipmi_command_judge(bytes[0], bytes[1], bytes + 2, length - 2);
	size_t shorter;

	FUZZ_CHECK(verdict.class <= IPMI_CLASS_SESSION);
	FUZZ_CHECK(verdict.timeout_ms >= IPMI_TIMEOUT_DEFAULT_MS);
	FUZZ_CHECK(ipmi_completion_code_text(bytes[0], bytes[1], bytes[length - 1]) != NULL);
	FUZZ_CHECK(ipmi_class_name(verdict.class) != NULL);
	if (!verdict.command) {
		FUZZ_CHECK(verdict.class == IPMI_CLASS_MUTATING ||
			   verdict.class == IPMI_CLASS_DANGEROUS);
		return;
	}
	FUZZ_CHECK(verdict.command->netfn == bytes[0] && verdict.command->command == bytes[1]);
	/* Nothing beyond the sixth byte decides, so no more is ever needed to know. */
	for (shorter = 8; shorter < length; shorter++) {
		FUZZ_CHECK(ipmi_command_judge(bytes[0], bytes[1], bytes + 2, shorter - 2).class ==
			   verdict.class);
	}
}

static void look_up(const uint8_t *bytes, size_t length)
{
	char text[256];
	size_t first;

	if (length >= sizeof(text) - 1) {
		return;
	}
	memcpy(text, bytes, length);
	text[length] = text[length + 1] = '\0';
	first = strlen(text);
	if (first < length) {
		const struct ipmi_command *command = ipmi_command_by_name(text, text + first + 1);

		FUZZ_CHECK(!command || ipmi_command_by_name(ipmi_netfn_name(command->netfn),
					       command->name) == command);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	if (length >= 2) {
		judge(bytes, length);
	}
	look_up(bytes, length);
	return 0;
}
