/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program with one virtual controller, on a string: asker NAME
 *
 * Says "open" when it has its handle. Then each line of its input is a request
 * to the controller, netFn, command and data in hexadecimal; it asks, and prints
 * the completion code and the answer's bytes, or "error" and why where nobody
 * answered. The end of its input ends it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vipmi/vipmi.h"

/* Many such programs may wait for one another. */
#define PATIENCE_MS 60000
#define LINE_MAX_BYTES 1024

static size_t hex_read(char *text, uint8_t *bytes, size_t size)
{
	size_t length = 0;
	char *word, *rest;

	for (word = strtok_r(text, " \n", &rest); word && length < size;
		word = strtok_r(NULL, " \n", &rest)) {
		bytes[length++] = (uint8_t)strtoul(word, NULL, 16);
	}
	return length;
}

static void ask(struct vipmi_handle *handle, char *line)
{
	uint8_t bytes[VIPMI_DATA_MAX + 2] = {0};
	size_t i, length = hex_read(line, bytes, sizeof(bytes));
	struct vipmi_request request =
		vipmi_request_make(bytes[0], bytes[1], bytes + 2, length > 2 ? length - 2 : 0);
	struct vipmi_answer answer;
	int result;

	request.timeout_ms = PATIENCE_MS;
	result = vipmi_command(handle, &request, &answer);
	/* What somebody has reserved is refused with a completion code. */
	if (result < 0 && result != -EPERM) {
		printf("error %s\n", vipmi_error_text());
		return;
	}
	printf("%02x", answer.cc);
	for (i = 0; i < answer.length; i++) {
		printf(" %02x", answer.data[i]);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct vipmi_handle_options options = {.size = sizeof(options)};
	struct vipmi_handle *handle = NULL;
	struct vipmi *vipmi = NULL;
	char line[LINE_MAX_BYTES];

	options.name = argc > 1 ? argv[1] : NULL;
	if (vipmi_connect(NULL, NULL, &vipmi) < 0 ||
		vipmi_handle_open(vipmi, &options, &handle) < 0) {
		printf("error %s\n", vipmi_error_text());
		return 1;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("open");
	while (fgets(line, sizeof(line), stdin)) {
		ask(handle, line);
	}
	vipmi_disconnect(vipmi);
	return 0;
}
