/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the simulation.
 *
 *	sim [--seeds N] [--first SEED] [--steps N] [--jobs N] [--reach]
 *	sim --seed SEED [--steps N] [--trace]
 *
 * Status 0: every promise was kept. 1: one was not; seed, step and what it was
 * are on standard error. With --reach also: a fault, counter or completion code
 * was reached by none of the seeds (reach.c).
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/sim/reach.h"

#define JOBS_MAX 64

struct options {
	uint64_t first, seeds, jobs;
	uint32_t steps;
	bool trace, reach;
	struct reach *reached; /* shared by the jobs */
};

static void end_program(struct sim *sim)
{
	(void)sim;
	(void)fflush(stdout);
	_exit(1);
}

static void run_seed(const struct options *options, uint64_t seed)
{
	struct sim *sim = calloc(1, sizeof(*sim));

	if (!sim) {
		abort();
	}
	sim->failed = end_program;
	sim->trace = options->trace;
	sim->reach = options->reached;
	source_seed(sim, seed);
	sim_run(sim, options->steps);
	sim_finish(sim);
	free(sim);
}

static int run_job(const struct options *options, uint64_t job)
{
	uint64_t i;

	for (i = job; i < options->seeds; i += options->jobs) {
		run_seed(options, options->first + i);
	}
	return 0;
}

static struct options parse(int argc, char **argv)
{
	struct options options = {.first = 1, .seeds = 1000, .steps = 2000, .jobs = 1};
	int i;

	for (i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--trace") == 0) {
			options.trace = true;
			continue;
		}
		if (strcmp(argv[i], "--reach") == 0) {
			options.reach = true;
			continue;
		}
		if (value && strcmp(argv[i], "--seed") == 0) {
			options.first = strtoull(value, NULL, 0);
			options.seeds = 1;
		} else if (value && strcmp(argv[i], "--seeds") == 0) {
			options.seeds = strtoull(value, NULL, 0);
		} else if (value && strcmp(argv[i], "--first") == 0) {
			options.first = strtoull(value, NULL, 0);
		} else if (value && strcmp(argv[i], "--steps") == 0) {
			options.steps = (uint32_t)strtoul(value, NULL, 0);
		} else if (value && strcmp(argv[i], "--jobs") == 0) {
			options.jobs = strtoull(value, NULL, 0);
		} else {
			fprintf(stderr, "sim: what is %s?\n", argv[i]);
			exit(2);
		}
		i++;
	}
	options.jobs = options.jobs ? options.jobs : 1;
	options.jobs = options.jobs < JOBS_MAX ? options.jobs : JOBS_MAX;
	return options;
}

int main(int argc, char **argv)
{
	struct options options = parse(argc, argv);
	pid_t children[JOBS_MAX];
	int failed = 0, status;
	unsigned unreached;
	uint64_t job;

	options.reached = mmap(NULL, sizeof(*options.reached), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (options.reached == MAP_FAILED) {
		abort();
	}
	if (options.seeds == 1) {
		return run_job(&options, 0);
	}
	for (job = 0; job < options.jobs; job++) {
		children[job] = fork();
		if (children[job] == 0) {
			exit(run_job(&options, job));
		}
		failed |= children[job] < 0;
	}
	while (wait(&status) > 0) {
		/* One broken promise is enough. */
		for (job = 0; status != 0 && !failed && job < options.jobs; job++) {
			(void)kill(children[job], SIGTERM);
		}
		failed |= status != 0;
	}
	unreached = failed || !options.reach ? 0 : reach_missing(options.reached);
	if (unreached > 0) {
		fprintf(stderr, "%u of what the simulation has to reach it does not reach\n",
			unreached);
		return 1;
	}
	if (!failed) {
		printf("%llu seeds of %u steps: every promise kept\n",
			(unsigned long long)options.seeds, options.steps);
	}
	return failed;
}
