/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vipmid: the agent. Opens what the command line names, and then does one thing:
 * waits for what becomes ready or due, and lets the controllers' pumps work it
 * off, each a bounded amount before the next has its turn.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/controller.h"
#include "agent/log.h"
#include "agent/options.h"
#include "base/assert.h"

/* Ready descriptors taken from the kernel at once. */
#define EVENTS_MAX 256

/* Descriptors beside the clients': epoll, signals, standard ones, each controller's few. */
#define FILES_SPARE (32u + 4u * AGENT_CONTROLLERS_MAX)

struct agent {
	struct options options;
	struct controller controllers[AGENT_CONTROLLERS_MAX];
	uint32_t opened;
	int epoll, signals;
	bool coarse; /* no epoll_pwait2 here */
	bool stopping;
	int status; /* of the process */
};

void base_assertion_failed(const char *expression, const char *file, int line)
{
	log_line(LOG_PRIORITY_ERROR, "%s:%d: assertion failed: %s", file, line, expression);
	abort();
}

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC_U64 + (uint64_t)now.tv_nsec;
}

/* One descriptor for each client: as many as were asked for, or as many as we may have. */
static void files_raise(const struct options *options)
{
	rlim_t wanted = FILES_SPARE + options->controllers * (rlim_t)(options->limits.handles_max +
								      CORE_CLIENTS_SPARE);
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= wanted) {
		return;
	}
	if (files.rlim_max < wanted) {
		/* Only root may, and only up to fs.nr_open. */
		struct rlimit more = {.rlim_cur = wanted, .rlim_max = wanted};

		if (setrlimit(RLIMIT_NOFILE, &more) == 0) {
			return;
		}
	}
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < wanted) {
		log_line(LOG_PRIORITY_WARNING,
			"at most %llu file descriptors (RLIMIT_NOFILE): too few for --max-handles",
			(unsigned long long)files.rlim_cur);
	}
}

static int signals_open(struct agent *agent)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = WATCH_TOKEN(WATCH_SIGNAL, 0)};
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	agent->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (agent->signals < 0 || epoll_ctl(agent->epoll, EPOLL_CTL_ADD, agent->signals, &event)) {
		log_line(LOG_PRIORITY_ERROR, "signalfd: %m");
		return -1;
	}
	return 0;
}

static void signals_ready(struct agent *agent)
{
	struct signalfd_siginfo info;

	while (read(agent->signals, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			log_line(LOG_PRIORITY_NOTICE, "SIGHUP: nothing to read again");
			continue;
		}
		log_line(LOG_PRIORITY_NOTICE, "stopping");
		agent->stopping = true;
	}
}

static int agent_open(struct agent *agent)
{
	const struct options *options = &agent->options;
	uint8_t boot_id[16];
	char error[512] = "";
	uint32_t i;

	files_raise(options);
	agent->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (agent->epoll < 0 || getrandom(boot_id, sizeof(boot_id), 0) != sizeof(boot_id)) {
		log_line(LOG_PRIORITY_ERROR, "epoll or getrandom: %m");
		return -1;
	}
	if (signals_open(agent)) {
		return -1;
	}
	for (i = 0; i < options->controllers; i++) {
		const struct controller_order *order = &options->orders[i];

		if (controller_open(&agent->controllers[i], order, &options->limits, agent->epoll,
			    i, boot_id, clock_ns(), error, sizeof(error))) {
			log_line(LOG_PRIORITY_ERROR, "%s", error);
			return -1;
		}
		agent->opened++;
		log_line(LOG_PRIORITY_NOTICE, "%s: served at %s, %u virtual controllers at most",
			order->link, order->faces[0], options->limits.handles_max);
	}
	return 0;
}

static void agent_close(struct agent *agent)
{
	while (agent->opened > 0) {
		controller_close(&agent->controllers[--agent->opened]);
	}
	if (agent->signals >= 0) {
		close(agent->signals);
	}
	if (agent->epoll >= 0) {
		close(agent->epoll);
	}
}

static uint64_t agent_deadline(const struct agent *agent)
{
	uint64_t first_ns = TIME_NEVER;
	uint32_t i;

	for (i = 0; i < agent->opened; i++) {
		uint64_t due_ns = controller_deadline(&agent->controllers[i]);

		first_ns = due_ns < first_ns ? due_ns : first_ns;
	}
	return first_ns;
}

static int agent_wait(struct agent *agent, struct epoll_event *events, uint64_t now_ns)
{
	uint64_t first_ns = agent_deadline(agent);
	uint64_t wait_ns = first_ns > now_ns ? first_ns - now_ns : 0;
	struct timespec wait = {.tv_sec = (time_t)(wait_ns / NSEC_PER_SEC_U64),
		.tv_nsec = (long)(wait_ns % NSEC_PER_SEC_U64)};
	int count;

	if (first_ns == TIME_NEVER || wait_ns == 0) {
		return epoll_wait(agent->epoll, events, EVENTS_MAX, wait_ns == 0 ? 0 : -1);
	}
	if (agent->coarse) {
		/* Rounded up: a loop that wakes too early would spin. */
		uint64_t wait_ms = (wait_ns + NSEC_PER_MSEC_U64 - 1) / NSEC_PER_MSEC_U64;

		return epoll_wait(agent->epoll, events, EVENTS_MAX,
			wait_ms > INT_MAX ? INT_MAX : (int)wait_ms);
	}
	count = epoll_pwait2(agent->epoll, events, EVENTS_MAX, &wait, NULL);
	if (count < 0 && errno == ENOSYS) {
		agent->coarse = true; /* before Linux 5.11: deadlines are met to the millisecond */
		return 0;
	}
	return count;
}

static void agent_ready(struct agent *agent, const struct epoll_event *event, uint64_t *now_ns)
{
	uint64_t token = event->data.u64;
	struct controller *controller = &agent->controllers[WATCH_INDEX(token)];

	switch (WATCH_KIND(token)) {
	case WATCH_SIGNAL:
		signals_ready(agent);
		return;
	case WATCH_LINK:
		controller_link_ready(controller, event->events, *now_ns);
		return;
	default: /* WATCH_FACE and those after it */
		controller_face_ready(controller, token, event->events, *now_ns);
		if (controller_full(controller)) {
			controller_run(controller, *now_ns);
			*now_ns = clock_ns();
		}
		return;
	}
}

/* A core that found a contradiction in itself serves nobody any more: say all, and stop. */
static void agent_check(struct agent *agent, const struct controller *controller)
{
	if (core_broken(controller->core)) {
		controller_dump(controller);
		agent->stopping = true;
		agent->status = 1;
	}
}

static void agent_loop(struct agent *agent)
{
	static struct epoll_event events[EVENTS_MAX];
	uint64_t now_ns = clock_ns();
	uint32_t i;
	int count, ready;

	while (!agent->stopping) {
		count = agent_wait(agent, events, now_ns);
		if (count < 0 && errno != EINTR) {
			log_line(LOG_PRIORITY_ERROR, "epoll_wait: %m");
			agent->status = 1;
			return;
		}
		now_ns = clock_ns();
		for (ready = 0; ready < count; ready++) {
			agent_ready(agent, &events[ready], &now_ns);
		}
		for (i = 0; i < agent->opened; i++) {
			controller_run(&agent->controllers[i], now_ns);
			agent_check(agent, &agent->controllers[i]);
		}
	}
}

int main(int argc, char **argv)
{
	static struct agent agent = {.epoll = -1, .signals = -1};
	int result;

	log_init();
	result = options_read(argc, argv, &agent.options);
	if (result) {
		return result > 0 ? 0 : 2;
	}
	if (agent_open(&agent)) {
		agent.status = 1;
	} else {
		agent_loop(&agent);
	}
	agent_close(&agent);
	return agent.status;
}
