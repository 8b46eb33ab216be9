/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For programs with an event loop: one descriptor that is readable when there
 * is something to do. It is an epoll of the socket and a timer; the timer is
 * set to the next thing due, and to "at once" while callbacks wait.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "client/internal.h"

static uint64_t loop_due_ns(const struct vipmi *vipmi)
{
	bool news = vipmi->state == CONNECTION_ENDED && !vipmi->told;

	return news || !list_empty(&vipmi->ready) ? 0 : connection_due_ns(vipmi);
}

void loop_update(struct vipmi *vipmi)
{
	struct epoll_event event = {.events = vipmi->full ? EPOLLIN | EPOLLOUT : EPOLLIN};
	struct itimerspec timer = {0};
	uint64_t due_ns;

	if (vipmi->loop_fd < 0) {
		return;
	}
	if (vipmi->fd >= 0 && !vipmi->loop_has_fd) {
		(void)epoll_ctl(vipmi->loop_fd, EPOLL_CTL_ADD, vipmi->fd, &event);
		vipmi->loop_has_fd = true;
		vipmi->loop_full = vipmi->full;
	} else if (vipmi->fd >= 0 && vipmi->loop_full != vipmi->full) {
		(void)epoll_ctl(vipmi->loop_fd, EPOLL_CTL_MOD, vipmi->fd, &event);
		vipmi->loop_full = vipmi->full;
	}
	due_ns = loop_due_ns(vipmi);
	if (due_ns == vipmi->armed_ns) {
		return;
	}
	vipmi->armed_ns = due_ns;
	if (due_ns != TIME_NEVER) {
		timer.it_value.tv_sec = (time_t)(due_ns / NSEC_PER_SEC_U64);
		/* All zeros would disarm it. */
		timer.it_value.tv_nsec = (long)(due_ns % NSEC_PER_SEC_U64) | 1;
	}
	(void)timerfd_settime(vipmi->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

void loop_forget(struct vipmi *vipmi)
{
	if (vipmi->loop_has_fd) {
		/* By hand: a child of ours may hold the socket open after we close it. */
		(void)epoll_ctl(vipmi->loop_fd, EPOLL_CTL_DEL, vipmi->fd, NULL);
		vipmi->loop_has_fd = false;
	}
}

static int loop_create(struct vipmi *vipmi)
{
	struct epoll_event event = {.events = EPOLLIN};
	int loop_fd, timer_fd, error;

	loop_fd = epoll_create1(EPOLL_CLOEXEC);
	if (loop_fd < 0) {
		return -errno;
	}
	timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer_fd < 0 || epoll_ctl(loop_fd, EPOLL_CTL_ADD, timer_fd, &event) < 0) {
		error = -errno;
		if (timer_fd >= 0) {
			(void)close(timer_fd);
		}
		(void)close(loop_fd);
		return error;
	}
	vipmi->loop_fd = loop_fd;
	vipmi->timer_fd = timer_fd;
	return 0;
}

int vipmi_get_fd(struct vipmi *vipmi)
{
	int result = connection_lock(vipmi);

	if (result < 0) {
		return result;
	}
	if (vipmi->loop_fd < 0) {
		result = loop_create(vipmi);
	}
	if (result < 0) {
		(void)text_fail(
			result, "no descriptor for an event loop: %s", vipmi_strerror(result));
	} else {
		result = vipmi->loop_fd;
	}
	connection_unlock(vipmi);
	return result;
}

static void call_back(struct call *call)
{
	call->done(call->context, &call->answer);
	free(call);
}

void call_back_all(struct list_link *ready)
{
	struct list_link *link;

	while ((link = list_pop_front(ready)) != NULL) {
		call_back(container_of(link, struct call, ready.on_ready));
	}
}

/* With the lock held, which is released while the callback runs. */
static void dispatch_one(struct vipmi *vipmi, struct ready *ready)
{
	void (*received)(void *context, const struct vipmi_event *event) = NULL;
	struct event_node *node = container_of(ready, struct event_node, ready);
	void *context = NULL;

	if (ready->is_event) {
		struct vipmi_handle *handle = ready->handle;

		handle->events_kept--;
		if (handle->loss == node) {
			handle->loss = NULL;
		}
		received = handle->received;
		context = handle->context;
		if (node->event.yours && handle->requested) {
			received = handle->requested;
			context = handle->requested_context;
		}
	}
	waiter_update_reader(vipmi);
	(void)pthread_mutex_unlock(&vipmi->lock);
	if (ready->is_event) {
		if (received) {
			received(context, &node->event);
		}
		free(node);
	} else {
		call_back(container_of(ready, struct call, ready));
	}
	(void)pthread_mutex_lock(&vipmi->lock);
}

int vipmi_dispatch(struct vipmi *vipmi)
{
	struct list_link *link;
	int count = 0, result = connection_lock(vipmi);

	if (result < 0) {
		return result;
	}
	/* What is here already goes first, so that a flood waits where it loses nothing: in the
	 * socket, and with the agent, which keeps more for a subscriber than we do. */
	if (list_empty(&vipmi->ready) || connection_due_ns(vipmi) <= clock_now_ns()) {
		connection_pump(vipmi);
	} else if (vipmi->state == CONNECTION_UP) {
		traffic_transmit(vipmi);
	}
	while (count < DISPATCH_MAX && (link = list_pop_front(&vipmi->ready)) != NULL) {
		dispatch_one(vipmi, container_of(link, struct ready, on_ready));
		count++;
	}
	if (count == 0 && vipmi->state == CONNECTION_ENDED) {
		vipmi->told = true;
		count = connection_ended(vipmi);
	}
	connection_unlock(vipmi);
	return count;
}

int vipmi_wait(struct vipmi *vipmi, int timeout_ms)
{
	struct pollfd fd = {.fd = vipmi_get_fd(vipmi), .events = POLLIN};

	if (fd.fd < 0) {
		return fd.fd;
	}
	if (poll(&fd, 1, timeout_ms) < 0) {
		return text_fail(-errno, "%s", vipmi_strerror(-errno));
	}
	return vipmi_dispatch(vipmi);
}
