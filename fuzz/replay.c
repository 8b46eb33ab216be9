/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Calls a fuzz target with files: replay PATH…, where a folder stands for what is
 * in it. So seeds and old findings are tests like any other, without a fuzzer.
 * replay --random FIRST COUNT calls it with so many inputs of random bytes: for
 * targets that make something of any bytes. Equal numbers are equal inputs.
 */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/random.h"

/* The longest input that libFuzzer makes unless told otherwise. */
#define INPUT_MAX 4096

static unsigned long replayed;

/* 0, or a negative errno. */
static int replay_file(const char *path)
{
	/* In a block of exactly its size, so that a sanitizer sees the first byte too many. */
	uint8_t bytes[INPUT_MAX], *copy;
	FILE *file = fopen(path, "re");
	size_t length;

	if (!file) {
		return -errno;
	}
	length = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	copy = malloc(length ? length : 1);
	if (!copy) {
		return -ENOMEM;
	}
	memcpy(copy, bytes, length);
	(void)LLVMFuzzerTestOneInput(copy, length); /* what it finds, it aborts for */
	free(copy);
	replayed++;
	return 0;
}

static int replay(const char *path)
{
	struct dirent *entry;
	DIR *folder = opendir(path);
	int rc = 0;

	if (!folder) {
		return replay_file(path);
	}
	while (rc == 0 && (entry = readdir(folder)) != NULL) {
		char inner[512];

		if (entry->d_name[0] == '.') {
			continue;
		}
		snprintf(inner, sizeof(inner), "%s/%s", path, entry->d_name);
		rc = replay_file(inner);
	}
	closedir(folder);
	return rc;
}

static volatile unsigned long random_number;

/* Which input a finding was. */
static void random_aborted(int signal_number)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "replay: --random %lu 1\n", random_number);

	(void)!write(STDERR_FILENO, text, (size_t)length); /* there is nobody left to tell */
	(void)signal(signal_number, SIG_DFL);
	(void)raise(signal_number);
}

static void replay_random(unsigned long first, unsigned long count)
{
	static uint8_t bytes[INPUT_MAX];

	(void)signal(SIGABRT, random_aborted);
	for (random_number = first; random_number < first + count; random_number++) {
		struct random random;
		size_t length, i;

		random_init(&random, random_number);
		length = random_below(&random, INPUT_MAX + 1);
		for (i = 0; i < length; i++) {
			bytes[i] = (uint8_t)random_u32(&random);
		}
		(void)LLVMFuzzerTestOneInput(bytes, length);
		replayed++;
	}
}

int main(int argc, char **argv)
{
	int i;

	if (argc == 4 && strcmp(argv[1], "--random") == 0) {
		replay_random(strtoul(argv[2], NULL, 10), strtoul(argv[3], NULL, 10));
		argc = 1;
	}
	for (i = 1; i < argc; i++) {
		int rc = replay(argv[i]);

		if (rc < 0) {
			fprintf(stderr, "%s: %s\n", argv[i], strerror(-rc));
			return 1;
		}
	}
	printf("%lu inputs\n", replayed);
	/* A corpus that is not there must not pass for one without findings. */
	return replayed > 0 ? 0 : 1;
}
