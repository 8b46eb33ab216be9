/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads that block: one of them reads for all. Every thread that leaves the
 * wait looks whether somebody still reads, and if not, wakes one that can; so
 * there is a reader, or one on its way, as long as anybody waits.
 */
#include <poll.h>
#include <time.h>
#include <unistd.h>

#include "client/internal.h"

uint64_t clock_now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	return (uint64_t)now.tv_sec * NSEC_PER_SEC_U64 + (uint64_t)now.tv_nsec;
}

static struct timespec timespec_from_ns(uint64_t time_ns)
{
	return (struct timespec){.tv_sec = (time_t)(time_ns / NSEC_PER_SEC_U64),
		.tv_nsec = (long)(time_ns % NSEC_PER_SEC_U64)};
}

void waiter_init(struct waiter *waiter, uint64_t deadline_ns)
{
	pthread_condattr_t attributes;

	*waiter = (struct waiter){.deadline_ns = deadline_ns};
	list_init(&waiter->on_followers);
	list_init(&waiter->on_credit);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&waiter->wakeup, &attributes);
	(void)pthread_condattr_destroy(&attributes);
}

void waiter_finish(struct waiter *waiter)
{
	list_remove(&waiter->on_followers);
	list_remove(&waiter->on_credit);
	(void)pthread_cond_destroy(&waiter->wakeup);
}

static void reader_wake(struct vipmi *vipmi)
{
	static const uint64_t one = 1;

	if (!vipmi->woken) {
		vipmi->woken = true;
		/* The counter is 0 now: it takes another 1. */
		(void)!write(vipmi->wake_fd, &one, sizeof(one));
	}
}

void waiter_wake(struct vipmi *vipmi, struct waiter *waiter)
{
	waiter->done = true;
	if (waiter == vipmi->reader) {
		reader_wake(vipmi);
	} else {
		(void)pthread_cond_signal(&waiter->wakeup);
	}
}

void waiter_update_reader(struct vipmi *vipmi)
{
	if (vipmi->reader &&
		(vipmi->reader_fd_number != vipmi->fd_number || vipmi->reader_full != vipmi->full ||
			vipmi->reader_due_ns > connection_due_ns(vipmi))) {
		reader_wake(vipmi);
	}
}

/* Polls until something happens, then pumps for everybody. */
static void lead(struct vipmi *vipmi, struct waiter *waiter)
{
	struct pollfd fds[2] = {
		{.fd = vipmi->wake_fd, .events = POLLIN},
		{.fd = vipmi->fd, .events = vipmi->full ? POLLIN | POLLOUT : POLLIN},
	};
	uint64_t due_ns = connection_due_ns(vipmi), now_ns = clock_now_ns();
	struct timespec timeout;

	if (due_ns > waiter->deadline_ns) {
		due_ns = waiter->deadline_ns;
	}
	timeout = timespec_from_ns(due_ns > now_ns ? due_ns - now_ns : 0);
	vipmi->reader = waiter;
	vipmi->reader_due_ns = due_ns;
	vipmi->reader_fd_number = vipmi->fd_number;
	vipmi->reader_full = vipmi->full;
	(void)pthread_mutex_unlock(&vipmi->lock);
	/* Interrupted or not: the pump finds out what there is to do. */
	(void)ppoll(fds, 2, due_ns == TIME_NEVER ? NULL : &timeout, NULL);
	(void)pthread_mutex_lock(&vipmi->lock);
	vipmi->reader = NULL;
	if (vipmi->woken) {
		uint64_t count;

		vipmi->woken = false;
		(void)!read(vipmi->wake_fd, &count, sizeof(count));
	}
	connection_pump(vipmi);
	loop_update(vipmi);
}

/* Waits for the reader's signal. */
static void follow(struct vipmi *vipmi, struct waiter *waiter)
{
	waiter_update_reader(vipmi); /* of what this thread has just sent */
	list_push_back(&vipmi->followers, &waiter->on_followers);
	if (waiter->deadline_ns == TIME_NEVER) {
		(void)pthread_cond_wait(&waiter->wakeup, &vipmi->lock);
	} else {
		struct timespec deadline = timespec_from_ns(waiter->deadline_ns);

		(void)pthread_cond_timedwait(&waiter->wakeup, &vipmi->lock, &deadline);
	}
	list_remove(&waiter->on_followers);
}

int waiter_wait(struct vipmi *vipmi, struct waiter *waiter)
{
	struct list_link *next;
	int result = 0;

	while (!waiter->done) {
		if (waiter->deadline_ns != TIME_NEVER && clock_now_ns() >= waiter->deadline_ns) {
			result = -ETIMEDOUT;
			break;
		}
		if (vipmi->reader) {
			follow(vipmi, waiter);
		} else {
			lead(vipmi, waiter);
		}
	}
	next = list_first(&vipmi->followers);
	if (!vipmi->reader && next) {
		struct waiter *follower = container_of(next, struct waiter, on_followers);

		(void)pthread_cond_signal(&follower->wakeup);
	}
	return result;
}
