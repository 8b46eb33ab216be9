/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stage around a whole agent. Each test has an agent of its own, started anew
 * when its link comes up. Moments are real: a transcript's time begins when that
 * agent is served, "at" and "after" wait, what is expected may come later but not
 * earlier, and what is not expected has a moment to show itself.
 */
#include "tests/scenario/agent.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVENTS_MAX 64
/* What the controller has is fetched by then, if anybody wants it. */
#define FETCH_NS (10 * NSEC_PER_MSEC_U64)
/* A link that is to come up has done so; an interface may have to be cleaned up first. */
#define LINK_NS (5 * NSEC_PER_SEC_U64)
/* How often an agent is asked whether its link is up. */
#define LOOK_NS (5 * NSEC_PER_MSEC_U64)
/* At the end of a wait so long one looks earlier by so much, and acts later: "nothing yet" is asked
 * a millisecond before something happens, and something is done when something else is over. */
#define EARLY_FROM_NS (200 * NSEC_PER_MSEC_U64)
#define EARLY_NS (30 * NSEC_PER_MSEC_U64)
/* What a transcript may take. */
#define WAIT_MAX_NS (30 * NSEC_PER_SEC_U64)
/* So long a wait is not slept through where the processor is the clock. */
#define SPIN_NS (50 * NSEC_PER_MSEC_U64)

struct agent_options agent_options;

static struct {
	bool served;       /* this test's agent is there */
	bool idle;         /* nothing that comes soon is waited for */
	uint64_t begun_ns; /* the transcript's time 0 */
	uint64_t mark_ns;  /* of its last "at" or "after": nothing that is expected came before */
	uint64_t due_ns;   /* not before this time does anything happen that a transcript does */
} agent;

/* Of the agent's link, once one test has seen it; for the tests that follow, in processes of their
 * own. */
static struct {
	bool known, owns_flags;
} * seen;

static int epoll_fd = -1;

uint64_t agent_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC_U64 + (uint64_t)now.tv_nsec;
}

/* ---- what comes ---- */

static void broken(const char *what)
{
	perror(what);
	exit(1);
}

void agent_watch(int fd, uint32_t number)
{
	struct epoll_event event = {.events = EPOLLIN, .data = {.u32 = number}};

	if (epoll_fd < 0) {
		epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	}
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) && errno != EEXIST) {
		broken("epoll");
	}
}

void agent_watch_no_more(int fd)
{
	(void)epoll_ctl(epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

void agent_serve(struct stage *stage, const struct words *words, uint64_t until_ns)
{
	struct epoll_event events[EVENTS_MAX];
	uint64_t now_ns = agent_now_ns();
	int count, i;

	do {
		uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
		bool spin = agent_options.spin && !agent.idle && left_ns < SPIN_NS;
		int timeout_ms =
			spin || left_ns == 0
				? 0
				: (int)((left_ns + NSEC_PER_MSEC_U64 - 1) / NSEC_PER_MSEC_U64);

		count = epoll_wait(epoll_fd, events, EVENTS_MAX, timeout_ms);
		if (count == 0 && spin) {
			(void)sched_yield();
		}
		now_ns = agent_now_ns();
	} while (count <= 0 && now_ns < until_ns);
	for (i = 0; i < count; i++) {
		uint32_t number = events[i].data.u32;

		if (number == AGENT_CONTROLLER || number == AGENT_LISTENER) {
			controller_ready(stage, words, number == AGENT_LISTENER);
		} else {
			client_ready(stage, words, number);
		}
	}
}

void agent_see(struct stage *stage, const struct words *words, struct core_action *action)
{
	uint64_t now_ns = stage->now_ns;

	stage->now_ns = agent_now_ns() - agent.begun_ns;
	(void)stage_see(stage, words, action);
	stage->now_ns = now_ns;
}

/* ---- an agent comes ---- */

/* Runs it, and is the controller meanwhile. */
static void run(struct stage *stage, const struct words *words, const char *command)
{
	pid_t child = fork();
	int status;

	if (child < 0) {
		broken("fork");
	}
	if (child == 0) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	agent.idle = true;
	while (waitpid(child, &status, WNOHANG) == 0) {
		agent_serve(stage, words, agent_now_ns() + LOOK_NS);
	}
	agent.idle = false;
	if (status != 0) {
		words_fail(words, "no agent: '%s' failed", command);
	}
}

static void tell(const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	setenv(name, text, 1);
}

static void await_link(struct stage *stage, const struct words *words, struct core_status *status)
{
	const uint64_t until_ns = agent_now_ns() + LINK_NS;

	agent.idle = true;
	while (!client_status(stage, words, status) || !status->link_up) {
		if (agent_now_ns() > until_ns) {
			words_fail(words, "the agent's link does not come up");
		}
		agent_serve(stage, words, agent_now_ns() + LOOK_NS);
	}
	agent.idle = false;
}

static void start(
	struct stage *stage, const struct words *words, const struct core_link_capabilities *link)
{
	tell("HANDLES", stage->limits.handles_max);
	tell("WINDOW", link->window ? link->window : 1);
	tell("BUS_WINDOW", link->bus_window ? link->bus_window : 1);
	tell("MERGE", stage->limits.merge);
	tell("CACHE_AGE", stage->limits.cache_age_ms);
	tell("DATA_MAX", link->data_max ? link->data_max : VIPMI_DATA_MAX);
	if (agent_options.stop) {
		/* What it still asks is nobody's affair. */
		controller_see(false);
		run(stage, words, agent_options.stop);
	}
	controller_see(controller_comes_and_goes() || stage->housekeeping_shown);
	run(stage, words, agent_options.command);
	controller_see(true);
	agent.served = true;
	agent.begun_ns = agent_now_ns();
}

/* Whether the link is of the kind that the transcript wants. */
static void compare_kind(
	const struct words *words, const struct core_link_capabilities *wanted, bool owns_flags)
{
	bool driver = !wanted->owns_flags && wanted->bus_window > 0;

	if (wanted->owns_flags && !owns_flags) {
		words_fail(words, "this agent's link has a driver before it");
	}
	if (driver && owns_flags) {
		words_fail(words, "this agent's link has no driver before it");
	}
}

static void compare(const struct words *words, const struct core_link_capabilities *wanted,
	const struct core_link_capabilities *is)
{
	seen->known = true;
	seen->owns_flags = is->owns_flags;
	compare_kind(words, wanted, is->owns_flags);
	if (is->window != (wanted->window ? wanted->window : 1) ||
		(wanted->bus_window && is->bus_window != wanted->bus_window)) {
		words_fail(words, "this agent's link has a window of %u, %u on the bus", is->window,
			is->bus_window);
	}
}

/* What is known before there is an agent. */
static void compare_early(const struct stage *stage, const struct words *words,
	const struct core_link_capabilities *wanted)
{
	if (stage->limits.requests_max || stage->limits.credit_max || stage->limits.messages_max) {
		words_fail(words, "no agent is told such limits");
	}
	if (wanted->service_timeout_ms || wanted->bus_timeout_ms || wanted->own_address ||
		(wanted->owns_flags && !wanted->attention)) {
		words_fail(words, "no agent is told such a thing of its link");
	}
	if (seen->known) {
		compare_kind(words, wanted, seen->owns_flags);
	}
}

/* What was said on either side has come to the agent, and what it says to that to us: by the second
 * time that it answers, it has looked at its link once. An emulator and a driver take a moment that
 * nobody can see. */
static void sync_agent(struct stage *stage, const struct words *words)
{
	uint64_t until_ns = agent_now_ns() + agent_options.settle_ns;
	int i;

	for (i = 0; i < 2; i++) {
		client_sync(stage, words);
	}
	while (!controller_comes_and_goes() && agent_now_ns() < until_ns) {
		agent_serve(stage, words, until_ns);
	}
	agent_serve(stage, words, 0);
}

static void link_up(
	struct stage *stage, const struct words *words, const struct core_link_capabilities *link)
{
	struct core_status status;

	compare_early(stage, words, link);
	controller_appear();
	if (!agent.served) {
		start(stage, words, link);
	} else if (!controller_comes_and_goes()) {
		words_fail(words, "this agent's link is up from the start");
	}
	await_link(stage, words, &status);
	compare(words, link, &status.link);
	sync_agent(stage, words); /* what comes up with a link is over */
	agent.begun_ns = agent_now_ns() - stage->now_ns;
}

/* ---- the stage ---- */

void stage_init(struct stage *stage, const struct words *words, const struct core_limits *limits)
{
	(void)words;
	memset(stage, 0, sizeof(*stage));
	stage->limits = *limits;
	stage->pulling = true;
}

void stage_finish(struct stage *stage)
{
	(void)stage;
}

void stage_restart(struct stage *stage, const struct words *words)
{
	if (!controller_comes_and_goes()) {
		words_fail(words, "no driver is killed and comes again beside the same controller");
	}
	controller_vanish();
	clients_leave();
	setenv("AGAIN", "yes", 1);
	start(stage, words, &stage->link);
}

/* A controller's buffer has one event: the next one comes when it was fetched. In a test (which has
 * a process of its own) where nobody fetches any, that is waited for once. */
static void await_event_buffer(struct stage *stage, const struct words *words)
{
	static bool in_vain;
	uint64_t until_ns = agent_now_ns() + agent_options.patience_ns;

	while (stage->event_waiting && !in_vain && agent_now_ns() < until_ns) {
		agent_serve(stage, words, until_ns);
	}
	in_vain |= stage->event_waiting;
}

/* What a driver hands in, the controller has first. */
static void hand_in(struct stage *stage, const struct words *words, const struct core_event *event)
{
	const struct ipmb_message message = {.rs_address = 0x20,
		.rs_lun = 2,
		.rq_address = event->message.address,
		.rq_lun = event->message.lun,
		.netfn = event->message.netfn,
		.command = event->message.command,
		.sequence = event->message.sequence,
		.data = event->message.data,
		.length = event->message.length};
	uint8_t frame[VIPMI_DATA_MAX];
	int size;

	if (event->message.kind == VIPMI_ASYNC_EVENT && event->message.length == 16) {
		await_event_buffer(stage, words);
		stage_event(stage, words, event->message.data);
		return;
	}
	size = ipmb_encode(&message, frame, sizeof(frame));
	if (event->message.kind != VIPMI_ASYNC_REQUEST || size < 0) {
		words_fail(words, "no controller has such a message");
	}
	frame[0] = event->message.channel;
	stage_receive(stage, words, frame, (size_t)size);
}

static int step(
	struct stage *stage, const struct words *words, struct core_event *event, int result)
{
	switch (event->type) {
	case CORE_EVENT_LINK_UP:
		link_up(stage, words, &event->link_up);
		return 0;
	case CORE_EVENT_LINK_DOWN:
		if (!controller_comes_and_goes()) {
			words_fail(words, "this agent's link does not go down");
		}
		controller_vanish();
		sync_agent(stage, words); /* as when a client goes, below */
		return 0;
	case CORE_EVENT_RECEIVED:
		controller_respond(stage, words, event);
		sync_agent(stage, words);
		return 0;
	case CORE_EVENT_GARBLED:
		controller_garble(words);
		return 0;
	case CORE_EVENT_ATTENTION:
		controller_signal(event->attention.asserted);
		return 0;
	case CORE_EVENT_MESSAGE:
		hand_in(stage, words, event);
		return 0;
	case CORE_EVENT_CLIENT_CLOSE:
		result = client_step(stage, words, event, result);
		/* What others ask now may come to the agent before it sees that. */
		sync_agent(stage, words);
		return result;
	case CORE_EVENT_CONTROLLER_RESET:
	case CORE_EVENT_LINK_READY:
		words_fail(words, "the link's own part, which no transcript can play");
	default:
		if (!agent.served) {
			const struct core_link_capabilities none = {0};

			compare_early(stage, words, &none);
			start(stage, words, &none);
		}
		return client_step(stage, words, event, result);
	}
}

void stage_step(
	struct stage *stage, const struct words *words, struct core_event *event, int result)
{
	int got;

	while (agent.served && agent_now_ns() < agent.begun_ns + agent.due_ns) {
		agent_serve(stage, words, agent.begun_ns + agent.due_ns);
	}
	if (stage->link_result || stage->link_holds || stage->register_result || !stage->pulling) {
		words_fail(words, "the link's own part, which no transcript can play");
	}
	got = step(stage, words, event, result);
	if (got != result) {
		words_fail(words, "the agent said %d (%s), expected %d (%s)", got, strerror(-got),
			result, strerror(-result));
	}
}

/* What the controller has is fetched. */
void stage_pump(struct stage *stage, const struct words *words)
{
	uint64_t until_ns = agent_now_ns() + FETCH_NS;

	while ((stage->queue_count > 0 || stage->event_waiting) && agent_now_ns() < until_ns) {
		agent_serve(stage, words, until_ns);
	}
	if (controller_comes_and_goes()) {
		sync_agent(stage, words);
	}
}

void stage_complete(struct stage *stage, const struct words *words, uint64_t action, int result)
{
	(void)stage;
	(void)action;
	(void)result;
	words_fail(words, "the link's own part, which no transcript can play");
}

void stage_attention(struct stage *stage, const struct words *words)
{
	bool asserted = stage->queue_count > 0 || stage->event_waiting;

	(void)words;
	if (asserted != stage->attention && !stage->housekeeping_shown) {
		stage->attention = asserted;
		controller_signal(asserted);
	}
}

void stage_pass(struct stage *stage, const struct words *words, uint64_t until_ns, bool stop)
{
	uint64_t begun_ns = agent_now_ns() - agent.begun_ns, until_real_ns;

	if (until_ns > WAIT_MAX_NS) {
		words_fail(words, "nobody waits so long");
	}
	if (!stop && until_ns > agent.due_ns) {
		agent.due_ns = until_ns;
	}
	if (!stop && until_ns > begun_ns + EARLY_FROM_NS) {
		agent.due_ns = until_ns + EARLY_NS;
		until_ns -= EARLY_NS;
	}
	until_real_ns = agent.begun_ns + until_ns;
	while (agent_now_ns() < until_real_ns + (stop ? agent_options.patience_ns : 0) &&
		!(stop && stage_pending(stage))) {
		agent_serve(stage, words, stop ? agent_now_ns() + LOOK_NS : until_real_ns);
	}
	if (!stop) {
		agent.mark_ns = until_ns;
	}
	stage->now_ns = agent_now_ns() - agent.begun_ns;
}

bool stage_wait(struct stage *stage, const struct words *words)
{
	static const struct words *asked;
	static int line;
	static uint64_t until_ns;

	if (asked != words || line != words->line) { /* another expectation */
		asked = words;
		line = words->line;
		until_ns = agent_now_ns() + agent_options.patience_ns;
	}
	if (agent_now_ns() >= until_ns) {
		return false;
	}
	agent.idle = agent_now_ns() + agent_options.patience_ns > until_ns + SPIN_NS;
	agent_serve(stage, words, agent_now_ns() + LOOK_NS);
	agent.idle = false;
	stage->now_ns = agent_now_ns() - agent.begun_ns;
	return true;
}

void stage_settle(struct stage *stage, const struct words *words)
{
	if (agent.served) {
		sync_agent(stage, words);
	}
}

bool stage_in_time(const struct stage *stage, const struct sight *sight)
{
	(void)stage;
	return sight->time_ns >= agent.mark_ns;
}

bool stage_sees_registrations(void)
{
	return false;
}

void stage_status(struct stage *stage, const struct words *words, struct core_status *ret_status)
{
	if (agent.served && !client_status(stage, words, ret_status)) {
		words_fail(words, "the agent does not say how it is");
	}
}

uint32_t stage_credit(struct stage *stage, const struct words *words, uint32_t handle)
{
	(void)stage;
	(void)handle;
	words_fail(words, "no agent tells a handle's credit");
}

void stage_revoke(struct stage *stage, const struct words *words, uint32_t handle)
{
	(void)stage;
	(void)handle;
	words_fail(words, "an administrator's word, for whom there is nobody here");
}

void agent_begin(const char *command)
{
	static struct stage stage;
	static struct words words;

	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (seen == MAP_FAILED) {
		broken("mmap");
	}
	words_split(&words, "(before the first test)", 0, "");
	controller_open();
	if (command) {
		run(&stage, &words, command);
	}
}
