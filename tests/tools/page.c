/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/tools/page.h"

#include <stdlib.h>

/* 0 when the file is exactly the page. */
static int check(const char *path, const char *page, size_t length, const char *anew)
{
	FILE *file = fopen(path, "re");
	size_t at = 0;
	int c;

	if (!file) {
		perror(path);
		return 1;
	}
	while ((c = fgetc(file)) != EOF && at < length && (char)c == page[at]) {
		at++;
	}
	fclose(file);
	if (c != EOF || at != length) {
		fprintf(stderr, "%s is stale: %s\n", path, anew);
		return 1;
	}
	return 0;
}

int page_main(int argc, char **argv, void (*print)(FILE *page), const char *anew)
{
	char *page = NULL;
	size_t length = 0;
	FILE *memory;
	int status;

	if (argc < 2) {
		print(stdout);
		return 0;
	}
	memory = open_memstream(&page, &length);
	if (!memory) {
		return 1;
	}
	print(memory);
	fclose(memory);
	status = check(argv[1], page, length, anew);
	free(page);
	return status;
}
