/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of a connection: found, greeted, lost, found again, ended.
 *
 *	DOWN ──connect──► GREETING ──hello──► UP
 *	  ▲                   │               │
 *	  └─────── the agent went away ───────┘      ERROR for us ──► ENDED
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/internal.h"

int connection_lock(struct vipmi *vipmi)
{
	if (vipmi->pid != getpid()) {
		return text_fail(-ECHILD, "%s", vipmi_strerror(-ECHILD));
	}
	(void)pthread_mutex_lock(&vipmi->lock);
	return 0;
}

void connection_unlock(struct vipmi *vipmi)
{
	waiter_update_reader(vipmi);
	loop_update(vipmi);
	(void)pthread_mutex_unlock(&vipmi->lock);
}

int connection_ended(const struct vipmi *vipmi)
{
	if (vipmi->state == CONNECTION_ENDED) {
		return text_fail(vipmi->error, "%s", vipmi->text);
	}
	return 0;
}

uint64_t connection_due_ns(const struct vipmi *vipmi)
{
	uint64_t due_ns = vipmi->alarm_ns;

	if ((vipmi->state == CONNECTION_DOWN || vipmi->state == CONNECTION_GREETING) &&
		vipmi->retry_ns < due_ns) {
		due_ns = vipmi->retry_ns;
	}
	return due_ns;
}

/* ---- losing it ---- */

static void hang_up(struct vipmi *vipmi)
{
	if (vipmi->fd >= 0) {
		loop_forget(vipmi);
		(void)close(vipmi->fd);
		vipmi->fd = -1;
		vipmi->fd_number++;
	}
	vipmi->full = false;
	vipmi->info.connected = 0;
}

/* The first connection has come to something, good or bad. */
static void tell_greeter(struct vipmi *vipmi)
{
	if (vipmi->greeter) {
		waiter_wake(vipmi, vipmi->greeter);
	}
}

static void explain(struct vipmi *vipmi, int error, const char *text)
{
	vipmi->error = error;
	tell_greeter(vipmi);
	if (text && text[0]) {
		(void)snprintf(vipmi->text, sizeof(vipmi->text), "the agent at %s: %s",
			vipmi->info.target, text);
	} else {
		(void)snprintf(vipmi->text, sizeof(vipmi->text), "the agent at %s went away",
			vipmi->info.target);
	}
}

/* What the agent had: it may or may not have come to it. */
static void fail_written(struct vipmi *vipmi, enum vipmi_reason reason, int error)
{
	struct list_link *link, *following;

	list_for_each_safe(link, following, &vipmi->written) {
		struct call *call = container_of(link, struct call, out.on_queue);

		switch (call->kind) {
		case CALL_OPEN: /* handle_lost takes care of it */
			break;
		case CALL_SUBSCRIBE: /* to be said again anyhow; a handle's own by handle_lost */
			list_remove(link);
			call->state = CALL_HELD;
			list_push_back(&call->handle->held, link);
			break;
		case CALL_REQUEST:
		case CALL_QUERY:
		case CALL_RIGHTS: /* gone with the connection, if it was granted */
		case CALL_CONTROL:
			call_fail(vipmi, call, reason, error, vipmi->text);
			break;
		}
	}
}

/* What had not left us yet waits for the agent's return. */
static void hold_unwritten(struct vipmi *vipmi)
{
	struct list_link *link;

	while ((link = list_pop_front(&vipmi->outbox)) != NULL) {
		struct outgoing *outgoing = container_of(link, struct outgoing, on_queue);
		struct call *call = container_of(outgoing, struct call, out);

		if (outgoing->kind != OUTGOING_CALL || call->kind == CALL_OPEN) {
			continue; /* a new connection starts without */
		}
		call->state = CALL_HELD;
		list_push_back(call->handle ? &call->handle->held : &vipmi->held, link);
	}
}

static void lose(struct vipmi *vipmi, enum vipmi_reason reason, int error)
{
	struct list_link *link, *following;

	hang_up(vipmi);
	/* Written first: it is older than what waits in the outbox of the same handle. */
	fail_written(vipmi, reason, error);
	hold_unwritten(vipmi);
	list_for_each_safe(link, following, &vipmi->closing) {
		handle_free(container_of(link, struct vipmi_handle, on_handles));
	}
	list_for_each(link, &vipmi->handles) {
		handle_lost(container_of(link, struct vipmi_handle, on_handles));
	}
}

void connection_drop(struct vipmi *vipmi, int error, const char *text)
{
	bool was_up = vipmi->state == CONNECTION_UP;

	explain(vipmi, error, text);
	vipmi->state = CONNECTION_DOWN;
	if (was_up) {
		vipmi->pause_ns = RETRY_MIN_NS;
		vipmi->retry_ns = clock_now_ns() + RETRY_MIN_NS;
	} else {
		vipmi->retry_ns = clock_now_ns() + vipmi->pause_ns;
		vipmi->pause_ns *= 2;
		if (vipmi->pause_ns > RETRY_MAX_NS) {
			vipmi->pause_ns = RETRY_MAX_NS;
		}
	}
	lose(vipmi, VIPMI_REASON_LINK_DOWN, -ECONNRESET);
}

void connection_end(struct vipmi *vipmi, enum vipmi_reason reason, int error, const char *text)
{
	struct list_link *link;

	explain(vipmi, error, text);
	vipmi->state = CONNECTION_ENDED;
	lose(vipmi, reason, error);
	while ((link = list_first(&vipmi->held)) != NULL) {
		call_fail(vipmi, container_of(link, struct call, out.on_queue), reason, error,
			vipmi->text);
	}
	list_for_each(link, &vipmi->handles) {
		handle_refused(container_of(link, struct vipmi_handle, on_handles), reason, error,
			vipmi->text);
	}
}

/* ---- finding it ---- */

static int connect_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		return -errno;
	}
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = -errno;

		(void)close(fd);
		return error;
	}
	return fd;
}

/* A descriptor, or a negative errno. */
static int open_target(const char *target, bool *ret_device)
{
	struct stat status;
	int fd;

	if (stat(target, &status) < 0) {
		return -errno;
	}
	*ret_device = S_ISCHR(status.st_mode);
	if (!*ret_device) {
		return S_ISSOCK(status.st_mode) ? connect_socket(target) : -ENOTSOCK;
	}
	fd = open(target, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

/* Why the agent cannot be reached, and what to do about it. */
static void explain_unreachable(struct vipmi *vipmi, int error)
{
	const char *target = vipmi->info.target, *why, *mend = "";

	switch (error) {
	case -ENOENT:
		why = "no such socket";
		mend = "is vipmid running?";
		break;
	case -ECONNREFUSED:
		why = "nobody listens there";
		mend = "is vipmid running?";
		break;
	case -EACCES:
	case -EPERM:
		why = "permission denied";
		mend = "join the group vipmi (usermod -aG vipmi USER, then log in again)";
		break;
	case -EPROTOTYPE:
		why = "it is a socket of another kind";
		mend = "is it really vipmid's?";
		break;
	case -ENOTSOCK:
		why = "neither a socket nor a device";
		mend = "the target is the path of vipmid's socket, or /dev/vipmiN";
		break;
	case -EAGAIN:
		why = "too many programs are waiting to be let in";
		mend = "try again";
		break;
	default:
		why = vipmi_strerror(error);
		break;
	}
	vipmi->error = error;
	if (error != -EAGAIN) {
		tell_greeter(vipmi);
	}
	(void)snprintf(vipmi->text, sizeof(vipmi->text), "cannot reach the agent at %s: %s%s%s",
		target, why, mend[0] ? "; " : "", mend);
}

static void seek(struct vipmi *vipmi)
{
	int result = open_target(vipmi->info.target, &vipmi->device);

	if (result >= 0) {
		vipmi->fd = result;
		vipmi->fd_number++;
		vipmi->state = CONNECTION_GREETING;
		vipmi->retry_ns = clock_now_ns() + vipmi->timeout_ns;
		result = traffic_greet(vipmi);
		if (result < 0) {
			/* Shown out before we spoke: why, may be there to be read. */
			traffic_receive(vipmi);
			if (vipmi->state == CONNECTION_GREETING) {
				connection_drop(vipmi, result, NULL);
			}
		}
		return;
	}
	explain_unreachable(vipmi, result);
	vipmi->retry_ns = clock_now_ns() + vipmi->pause_ns;
	vipmi->pause_ns = vipmi->pause_ns * 2 < RETRY_MAX_NS ? vipmi->pause_ns * 2 : RETRY_MAX_NS;
}

void connection_greeted(struct vipmi *vipmi, const struct socket_message *message)
{
	struct vipmi_info *info = &vipmi->info;
	struct list_link *link;
	struct socket_hello hello;

	if (vipmi->state != CONNECTION_GREETING) {
		return; /* said twice: news, but nothing that we need */
	}
	if (!socket_has(message, VIPMI_EXTENSION_HELLO) ||
		socket_hello_decode(message->hello, true, &hello) < 0) {
		connection_end(vipmi, VIPMI_REASON_PROTOCOL, -EPROTO, "its hello is not vipmid's");
		return;
	}
	if (hello.lowest < VIPMI_PROTOCOL_VERSION_LOWEST ||
		hello.highest > VIPMI_PROTOCOL_VERSION_HIGHEST) {
		connection_end(vipmi, VIPMI_REASON_PROTOCOL, -EPROTO,
			"it speaks another version of the protocol; update the older of the two");
		return;
	}
	info->connected = 1;
	info->connections++;
	info->capabilities = hello.capabilities;
	info->epoch = hello.epoch;
	info->handles_max = hello.handles_max;
	info->data_max = hello.data_max;
	info->credit_max = hello.credit_max;
	memcpy(info->boot_id, hello.boot_id, sizeof(info->boot_id));
	text_copy(info->controller, sizeof(info->controller), message->text.bytes,
		message->text.length);
	vipmi->state = CONNECTION_UP;
	vipmi->pause_ns = RETRY_MIN_NS;
	list_for_each(link, &vipmi->handles) {
		handle_send_open(container_of(link, struct vipmi_handle, on_handles));
	}
	while ((link = list_pop_front(&vipmi->held)) != NULL) {
		container_of(link, struct call, out.on_queue)->state = CALL_QUEUED;
		list_push_back(&vipmi->outbox, link);
	}
	tell_greeter(vipmi);
}

void connection_pump(struct vipmi *vipmi)
{
	uint64_t now_ns = clock_now_ns();

	if (vipmi->state == CONNECTION_GREETING || vipmi->state == CONNECTION_UP) {
		traffic_receive(vipmi);
	}
	if (vipmi->state == CONNECTION_GREETING && now_ns >= vipmi->retry_ns) {
		connection_drop(vipmi, -ETIMEDOUT, "it says nothing; does it hang?");
	}
	if (vipmi->state == CONNECTION_DOWN && now_ns >= vipmi->retry_ns) {
		seek(vipmi);
	}
	if (vipmi->state == CONNECTION_UP) {
		traffic_transmit(vipmi);
	}
	if (now_ns >= vipmi->alarm_ns) {
		call_expire(vipmi, now_ns);
	}
}

/* ---- the program's side ---- */

static struct vipmi *vipmi_new(const char *target, const struct vipmi_options *options)
{
	struct vipmi *vipmi = calloc(1, sizeof(*vipmi));

	if (!vipmi) {
		return NULL;
	}
	(void)pthread_mutex_init(&vipmi->lock, NULL);
	vipmi->pid = getpid();
	vipmi->timeout_ns = (options->timeout_ms ? options->timeout_ms : VIPMI_TIMEOUT_DEFAULT_MS) *
			    NSEC_PER_MSEC_U64;
	vipmi->state = CONNECTION_DOWN;
	vipmi->fd = -1;
	vipmi->pause_ns = RETRY_MIN_NS;
	vipmi->info.credit_max = 1;
	(void)snprintf(vipmi->info.target, sizeof(vipmi->info.target), "%s", target);
	call_table_init(&vipmi->calls);
	list_init(&vipmi->handles);
	list_init(&vipmi->closing);
	for (int i = 0; i < HANDLE_BUCKETS; i++) {
		list_init(&vipmi->numbers[i]);
	}
	list_init(&vipmi->held);
	list_init(&vipmi->outbox);
	list_init(&vipmi->written);
	list_init(&vipmi->ready);
	vipmi->alarm_ns = TIME_NEVER;
	list_init(&vipmi->followers);
	vipmi->wake_fd = -1;
	vipmi->loop_fd = -1;
	vipmi->timer_fd = -1;
	vipmi->armed_ns = TIME_NEVER;
	return vipmi;
}

static void vipmi_free(struct vipmi *vipmi)
{
	const int fds[] = {vipmi->fd, vipmi->wake_fd, vipmi->loop_fd, vipmi->timer_fd};

	for (size_t i = 0; i < ARRAY_LENGTH(fds); i++) {
		if (fds[i] >= 0) {
			(void)close(fds[i]);
		}
	}
	call_table_finish(&vipmi->calls);
	(void)pthread_mutex_destroy(&vipmi->lock);
	free(vipmi);
}

/* Tries once, but waits for an agent that has not let us in or said hello yet. */
static int first_connect(struct vipmi *vipmi)
{
	struct waiter waiter;

	waiter_init(&waiter, clock_now_ns() + vipmi->timeout_ns);
	vipmi->greeter = &waiter;
	connection_pump(vipmi);
	if (waiter_wait(vipmi, &waiter) < 0) {
		vipmi->error = -ETIMEDOUT;
		if (vipmi->state == CONNECTION_GREETING) {
			explain(vipmi, -ETIMEDOUT, "it says nothing; does it hang?");
		}
	}
	vipmi->greeter = NULL;
	waiter_finish(&waiter);
	return vipmi->state == CONNECTION_UP ? 0 : text_fail(vipmi->error, "%s", vipmi->text);
}

int vipmi_connect(const char *target, const struct vipmi_options *options, struct vipmi **ret_vipmi)
{
	struct vipmi_options known;
	struct vipmi *vipmi;
	int result = options_copy(&known, sizeof(known), options);

	if (result < 0) {
		return result;
	}
	if (!target) {
		target = secure_getenv("VIPMI_TARGET");
	}
	if (!target || !target[0]) {
		target = VIPMI_TARGET_DEFAULT;
	}
	if (strlen(target) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
		return text_fail(-ENAMETOOLONG, "%s: %s", target, vipmi_strerror(-ENAMETOOLONG));
	}
	vipmi = vipmi_new(target, &known);
	if (!vipmi) {
		return text_fail(-ENOMEM, "no memory for a connection");
	}
	vipmi->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (vipmi->wake_fd < 0) {
		result = text_fail(
			-errno, "no descriptor for a connection: %s", vipmi_strerror(-errno));
	} else {
		(void)pthread_mutex_lock(&vipmi->lock);
		result = first_connect(vipmi);
		(void)pthread_mutex_unlock(&vipmi->lock);
	}
	if (result < 0) {
		vipmi_free(vipmi);
		return result;
	}
	*ret_vipmi = vipmi;
	return 0;
}

void vipmi_disconnect(struct vipmi *vipmi)
{
	struct list_link ready, *link, *following;

	if (!vipmi) {
		return;
	}
	if (vipmi->pid != getpid()) {
		/* A child's copy, which another thread of the parent may have been changing: the
		 * descriptors go, what hangs on it stays. */
		vipmi_free(vipmi);
		return;
	}
	(void)pthread_mutex_lock(&vipmi->lock);
	list_init(&ready);
	list_for_each_safe(link, following, &vipmi->handles) {
		struct vipmi_handle *handle = container_of(link, struct vipmi_handle, on_handles);

		handle_cancel_all(handle, &ready);
		handle_free(handle);
	}
	list_for_each_safe(link, following, &vipmi->closing) {
		handle_free(container_of(link, struct vipmi_handle, on_handles));
	}
	hang_up(vipmi);
	(void)pthread_mutex_unlock(&vipmi->lock);
	call_back_all(&ready);
	vipmi_free(vipmi);
}

int vipmi_get_info(struct vipmi *vipmi, struct vipmi_info *ret_info)
{
	int result = connection_lock(vipmi);

	if (result < 0) {
		return result;
	}
	*ret_info = vipmi->info;
	connection_unlock(vipmi);
	return 0;
}
