/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays transcripts on a whole agent, each test on one that is started anew:
 *
 *	scenario_agent --target SOCKET|DEVICE --controller SOCKET|TTY --agent COMMAND
 *	               [--before COMMAND] [--stop COMMAND] [--except LIST] [--print LIST] [--spin]
 *	               [--patience MS] FILE...
 *
 * COMMAND, for sh, starts an agent that is served at the target and whose link leads to the
 * controller, which we play. It finds HANDLES, WINDOW, BUS_WINDOW and DATA_MAX in its environment.
 * The one of --stop ends the last test's agent before.
 *
 * LIST has the tests that cannot hold there, with reasons:
 *
 *	because REASON
 *		FILE: TEST
 *
 * Every other test has to hold, and a test of the list must not, or the list is stale; but for
 * those under "may not because", which a slow machine decides. --print writes what did not hold,
 * each with what was said.
 *
 * Moments are real ones, and a busy machine can be late: a test is tried up to three times.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/scenario/agent.h"
#include "tests/scenario/player.h"

#define TRIES_MAX 3
#define EXCEPTIONS_MAX 512
#define LINE_LENGTH 512
#define SAID_MAX 2048

struct exception {
	char name[LINE_LENGTH];
	bool met, maybe;
};

static struct exception exceptions[EXCEPTIONS_MAX];
static int exceptions_count;
static FILE *print;
static int held, excepted, failed;

static void read_exceptions(const char *path)
{
	FILE *file = fopen(path, "re");
	char line[LINE_LENGTH];
	bool maybe = false;

	if (!file) {
		perror(path);
		exit(1);
	}
	while (fgets(line, sizeof(line), file) && exceptions_count < EXCEPTIONS_MAX) {
		line[strcspn(line, "\n")] = 0;
		if (line[0] == '\t') {
			memcpy(exceptions[exceptions_count].name, line + 1, sizeof(line) - 1);
			exceptions[exceptions_count++].maybe = maybe;
		} else if (strstr(line, "because ")) {
			maybe = strncmp(line, "may not ", 8) == 0;
		}
	}
	(void)fclose(file);
}

/* The test's place in the list, or NULL. */
static struct exception *exception_of(const char *name)
{
	int i;

	for (i = 0; i < exceptions_count; i++) {
		if (strcmp(exceptions[i].name, name) == 0) {
			exceptions[i].met = true;
			return &exceptions[i];
		}
	}
	return NULL;
}

/* Plays one test in a process of its own; whether it held, and what was said if not. */
static bool try_test(const struct transcript *transcript, int from, int to, char *said)
{
	int pipe_fds[2], status;
	size_t length = 0;
	ssize_t got;
	pid_t child;

	fflush(NULL);
	if (pipe(pipe_fds) != 0 || (child = fork()) < 0) {
		perror("scenario_agent");
		exit(1);
	}
	if (child == 0) {
		(void)dup2(pipe_fds[1], STDERR_FILENO);
		close(pipe_fds[0]);
		close(pipe_fds[1]);
		transcript_play(transcript, from, to);
		exit(0);
	}
	close(pipe_fds[1]);
	while ((got = read(pipe_fds[0], said + length, SAID_MAX - 1 - length)) > 0) {
		length += (size_t)got;
	}
	said[length] = 0;
	close(pipe_fds[0]);
	return waitpid(child, &status, 0) == child && status == 0;
}

static void play_test(const struct transcript *transcript, int from, int to)
{
	char name[LINE_LENGTH], said[TRIES_MAX][SAID_MAX];
	const char *text = transcript->lines[from] + strlen("test ");
	struct exception *exception;
	bool holds = false;
	int tries, i;

	snprintf(name, sizeof(name), "%.*s: %s", (int)strcspn(transcript->file, "."),
		transcript->file, text);
	exception = exception_of(name);
	for (tries = 0; tries < (exception ? 1 : TRIES_MAX) && !holds; tries++) {
		holds = try_test(transcript, from, to, said[tries]);
	}
	if (print && !holds) {
		fprintf(print, "# %s\t%s\n", said[0], name);
	}
	held += holds;
	excepted += exception && !holds;
	if (exception ? exception->maybe || !holds : holds) {
		printf("ok - %s%s\n", name, holds ? "" : ": cannot hold");
		return;
	}
	failed++;
	if (holds) {
		printf("not ok - %s: it holds, but is listed as one that cannot\n", name);
		return;
	}
	printf("not ok - %s\n", name);
	for (i = 0; i < tries; i++) {
		for (text = strtok(said[i], "\n"); text; text = strtok(NULL, "\n")) {
			printf("# %s\n", text);
		}
	}
}

/* The list may have no tests of a transcript that it has not. */
static void check_list(const struct transcript *transcript)
{
	size_t length = strcspn(transcript->file, ".");
	int i;

	for (i = 0; i < exceptions_count; i++) {
		if (!exceptions[i].met && exceptions[i].name[length] == ':' &&
			strncmp(exceptions[i].name, transcript->file, length) == 0) {
			printf("not ok - the list names a test that there is not: %s\n",
				exceptions[i].name);
			failed++;
		}
	}
}

static void play_file(const char *path)
{
	struct transcript *transcript = transcript_read(path);
	int from = transcript_test(transcript, 0), to;

	for (; from < transcript->count; from = to) {
		to = transcript_test(transcript, from + 1);
		play_test(transcript, from, to);
		fflush(NULL);
	}
	check_list(transcript);
	transcript_free(transcript);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"target", 1, NULL, 't'},
		{"controller", 1, NULL, 'c'}, {"agent", 1, NULL, 'a'}, {"before", 1, NULL, 'b'},
		{"stop", 1, NULL, 'x'}, {"except", 1, NULL, 'e'}, {"print", 1, NULL, 'p'},
		{"spin", 0, NULL, 's'}, {"patience", 1, NULL, 'w'}, {NULL, 0, NULL, 0}};
	const char *before = NULL;
	int option, i;

	agent_options.patience_ns = 5 * NSEC_PER_SEC_U64;
	agent_options.settle_ns = 1 * NSEC_PER_MSEC_U64;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 't':
			agent_options.target = optarg;
			break;
		case 'c':
			agent_options.controller = optarg;
			break;
		case 'a':
			agent_options.command = optarg;
			break;
		case 'x':
			agent_options.stop = optarg;
			break;
		case 'b':
			before = optarg;
			break;
		case 'e':
			read_exceptions(optarg);
			break;
		case 'p':
			print = fopen(optarg, "we");
			break;
		case 'w':
			agent_options.patience_ns = strtoull(optarg, NULL, 0) * NSEC_PER_MSEC_U64;
			break;
		case 's':
			agent_options.spin = true;
			break;
		default:
			return 2;
		}
	}
	if (!agent_options.target || !agent_options.controller || !agent_options.command) {
		fprintf(stderr, "usage: see the head of tests/scenario/scenario_agent.c\n");
		return 2;
	}
	agent_begin(before);
	for (i = optind; i < argc; i++) {
		play_file(argv[i]);
	}
	printf("# %d held, %d cannot, %d failed\n", held, excepted, failed);
	return failed > 0 || held + excepted == 0;
}
