/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vm face: a socket for each guest, at which QEMU's ipmi-bmc-extern finds a
 * controller. What that controller does stands in guest/; here are the sockets,
 * and the way to the core, of which each guest is a client with its own name.
 *
 * Two peers may be connected to a guest's socket, because for a while there are
 * two: when a guest moves to another QEMU, the new one connects while the old one
 * still runs. Whoever is first is the guest; the other waits until the first goes,
 * or until it asks something itself: only a machine that runs does.
 */
#include "faces/vm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/list.h"
#include "faces/listener.h"

#define PEERS 2
#define PEER_NONE (-1)

/* QEMU gives up after 4 s. What the core has not answered by then it answers itself; the rest is
 * for a busy machine. */
#define BUDGET_MS 3300u

/* Taken from one guest in a turn: a request is at most 600 bytes, and usually ten. */
#define READ_SIZE 512
/* A peer that leaves so many answers lying is none. */
#define OUTPUT_SIZE (2u * (GUEST_PENDING_MAX + 1) * VM_ENCODED_MAX)

/* Pause before accepting again when no descriptor was left. */
#define ACCEPT_PAUSE_MS 100u

/* The face's part of a token: the guest, which of its descriptors, and how often that one was
 * opened, so that a stale token meets nobody. Of a cookie: likewise, `which` is 0. */
#define INDEX_BITS 16
#define WHICH_BITS 8
#define WHICH_LISTENER PEERS
#define GENERATION_MASK 0xFFFFFFu

struct peer {
	int fd; /* -1: none */
	uint32_t generation;
	uint32_t interest;
	uint8_t capabilities;
	bool overflowed; /* it does not read: ends at the next flush */
	struct core_credentials credentials;
	struct vm_decoder decoder;
	size_t length; /* of output */
	uint8_t output[OUTPUT_SIZE];
};

struct vm {
	struct vm_order order;
	struct guest guest;
	struct listener listener;
	struct peer peers[PEERS];
	int active; /* index of the peer that is the guest, or PEER_NONE */
	/* The core's. */
	bool opened;
	uint32_t generation; /* of the client */
	uint32_t client, handle;
	struct core_credentials credentials;
	uint64_t number;        /* of the last asynchronous message */
	struct list_link dirty; /* on the face's list: something is to be sent */
};

struct vms {
	struct face face;
	struct face_host host;
	uint64_t now_ns;
	uint64_t due_ns;    /* no guest is due earlier */
	uint64_t accept_ns; /* TIME_NEVER: accepting */
	struct list_link dirty;
	uint32_t count;
	struct vm *vms; /* [count] */
};

static struct vms *vms_of(const struct face *face)
{
	return container_of(face, struct vms, face);
}

static void vm_log(struct vms *face, const struct vm *vm, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void vm_log(struct vms *face, const struct vm *vm, const char *format, ...)
{
	char line[256];
	int length = snprintf(line, sizeof(line), "guest %s: ", vm->order.name);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + length, sizeof(line) - (size_t)length, format, arguments);
	va_end(arguments);
	face->host.log(face->host.context, line);
}

static int step(struct vms *face, struct core_event *event)
{
	event->now_ns = face->now_ns;
	return core_step(face->host.core, event);
}

static uint64_t token_of(
	const struct vms *face, const struct vm *vm, uint32_t which, uint32_t generation)
{
	return face->host.token | (uint64_t)generation << (INDEX_BITS + WHICH_BITS) |
	       (uint64_t)which << INDEX_BITS | (uint64_t)(vm - face->vms);
}

static struct vm *vm_at(
	struct vms *face, uint64_t token, uint32_t *ret_which, uint32_t *ret_generation)
{
	uint32_t index = token & ((1u << INDEX_BITS) - 1);

	*ret_which = token >> INDEX_BITS & ((1u << WHICH_BITS) - 1);
	*ret_generation = token >> (INDEX_BITS + WHICH_BITS) & GENERATION_MASK;
	return index < face->count ? &face->vms[index] : NULL;
}

/* ---- towards the guest ---- */

static void vm_dirty(struct vms *face, struct vm *vm)
{
	uint64_t due_ns = guest_deadline(&vm->guest);

	if (!list_linked(&vm->dirty)) {
		list_push_back(&face->dirty, &vm->dirty);
	}
	face->due_ns = due_ns < face->due_ns ? due_ns : face->due_ns;
}

/* As far as it goes. 0, even with something left, or a negative errno. */
static int peer_flush(struct peer *peer)
{
	ssize_t sent;

	if (peer->length == 0) {
		return 0;
	}
	sent = send(peer->fd, peer->output, peer->length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0) {
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	}
	peer->length -= (size_t)sent;
	memmove(peer->output, peer->output + sent, peer->length);
	return 0;
}

/* Room for one item, or NULL. */
static uint8_t *peer_room(struct peer *peer)
{
	if (OUTPUT_SIZE - peer->length < VM_ENCODED_MAX) {
		(void)peer_flush(peer); /* an error is met again by the next flush */
	}
	if (OUTPUT_SIZE - peer->length < VM_ENCODED_MAX) {
		peer->overflowed = true;
		return NULL;
	}
	return peer->output + peer->length;
}

static void peer_control(struct peer *peer, uint8_t control, uint8_t argument)
{
	uint8_t *room = peer_room(peer);

	if (room) {
		/* The room is for the longest. */
		peer->length += (size_t)vm_encode_control(control, argument, room, VM_ENCODED_MAX);
	}
}

/* Tells the guest's peer what it must know: levels, the answer, deeds, in this order. */
static void vm_tell(struct vms *face, struct vm *vm, const struct guest_verdict *verdict)
{
	struct peer *peer = vm->active == PEER_NONE ? NULL : &vm->peers[vm->active];
	struct guest_action action;
	uint8_t control, *room;
	int length;

	vm_dirty(face, vm);
	if (!peer) {
		return;
	}
	while (guest_signal(&vm->guest, &control)) {
		peer_control(peer, control, 0);
	}
	room = verdict && verdict->answered ? peer_room(peer) : NULL;
	if (room) {
		length = vm_encode_message(&verdict->answer, room, VM_ENCODED_MAX);
		peer->length += length > 0 ? (size_t)length : 0;
	}
	while (guest_act(&vm->guest, &action)) {
		vm_log(face, vm, "%s", action.why);
		peer_control(peer, action.control, 0);
	}
}

/* ---- the guest as a client of the core ---- */

static void client_leave(struct vms *face, uint32_t client)
{
	struct core_event event = {.type = CORE_EVENT_CLIENT_CLOSE, .client = {client}};

	(void)step(face, &event); /* refused only by a broken core: the pump sees */
}

static void client_close(struct vms *face, struct vm *vm)
{
	if (vm->opened) {
		vm->opened = false;
		client_leave(face, vm->client);
	}
}

/* Events from where the guest's last connection to the core had come to. */
static void client_subscribe(struct vms *face, struct vm *vm, bool anew)
{
	struct core_clause clause = core_clause_of(CORE_ASYNC(VIPMI_ASYNC_EVENT));
	struct core_event event = {.type = CORE_EVENT_SUBSCRIBE,
		.subscribe = {.client = vm->client,
			.handle = vm->handle,
			.clauses = &clause,
			.count = 1,
			.from = anew ? CORE_FROM_NOW : CORE_FROM_NUMBER,
			.number = vm->number}};
	int result;

	if (!vm->order.config.sensors && !vm->order.config.sel) {
		return;
	}
	result = step(face, &event);
	if (result) {
		vm_log(face, vm, "it gets no events: %s", strerror(-result));
	} else if (anew) {
		vm->number = event.subscribe.ret_next - 1;
	}
}

/* Makes the guest a client with its peer's credentials. False: there is no place. */
static bool client_open(struct vms *face, struct vm *vm, const struct core_credentials *by)
{
	bool was_open = vm->opened;
	uint32_t former = vm->client;
	struct core_event event = {.type = CORE_EVENT_CLIENT_OPEN};
	int result;

	if (vm->opened && !memcmp(by, &vm->credentials, sizeof(*by))) {
		return true;
	}
	vm->generation = (vm->generation + 1) & GENERATION_MASK;
	event.client_open.cookie = token_of(face, vm, 0, vm->generation);
	event.client_open.credentials = *by;
	result = step(face, &event);
	if (result == 0) {
		vm->client = event.client_open.ret_client;
		vm->opened = true;
		event = (struct core_event){.type = CORE_EVENT_HANDLE_OPEN,
			.handle_open = {.client = vm->client,
				.class = vm->order.class,
				.name = vm->order.name,
				.name_length = strlen(vm->order.name)}};
		result = step(face, &event);
	}
	if (result) {
		vm_log(face, vm, "there is no virtual controller left for it (--max-handles)");
		client_close(face, vm);
	} else {
		vm->handle = event.handle_open.ret_handle;
		vm->credentials = *by;
		client_subscribe(face, vm, !was_open);
	}
	/* Last, so that no event falls between the two. */
	if (was_open) {
		client_leave(face, former);
	}
	return result == 0;
}

static void client_request(struct vms *face, struct vm *vm, const struct guest_forward *forward)
{
	struct core_event event = {.type = CORE_EVENT_REQUEST,
		.request = {.client = vm->client,
			.handle = vm->handle,
			.tag = forward->tag,
			.budget_ms = BUDGET_MS,
			.class = UINT8_MAX, /* the handle's */
			.target_kind = forward->target_kind,
			.channel = forward->channel,
			.address = forward->address,
			.netfn = forward->netfn,
			.lun = forward->lun,
			.command = forward->command,
			.data = forward->data,
			.length = forward->length}};
	int result = step(face, &event);
	struct guest_verdict verdict;

	if (result) {
		uint8_t cc = result == -EAGAIN   ? VIPMI_CC_NODE_BUSY
			     : result == -EINVAL ? VIPMI_CC_INVALID_FIELD
						 : VIPMI_CC_UNSPECIFIED;

		guest_response(&vm->guest, forward->tag, cc, NULL, 0, &verdict);
		vm_tell(face, vm, &verdict);
	}
}

/* ---- peers come and go ---- */

static void vm_seconds(uint64_t ns, char *text, size_t size)
{
	snprintf(text, size, "%llu s", (unsigned long long)(ns / NSEC_PER_SEC_U64));
}

static bool vm_activate(struct vms *face, struct vm *vm, int which)
{
	struct peer *peer = &vm->peers[which];

	if (!client_open(face, vm, &peer->credentials)) {
		return false;
	}
	vm->active = which;
	guest_connect(&vm->guest, face->now_ns);
	guest_control(&vm->guest, VM_CONTROL_CAPABILITIES, peer->capabilities);
	vm_log(face, vm, "connected (pid %u, uid %u)", peer->credentials.pid,
		peer->credentials.uid);
	vm_tell(face, vm, NULL);
	return true;
}

static void peer_end(struct vms *face, struct vm *vm, int which)
{
	struct peer *peer = &vm->peers[which], *other = &vm->peers[!which];
	char grace[32];

	close(peer->fd);
	peer->fd = -1;
	peer->generation = (peer->generation + 1) & GENERATION_MASK;
	if (which != vm->active) {
		return;
	}
	vm->active = PEER_NONE;
	guest_disconnect(&vm->guest, face->now_ns);
	vm_dirty(face, vm);
	if (other->fd >= 0 && vm_activate(face, vm, !which)) {
		return;
	}
	vm_seconds(vm->order.config.grace_ns, grace, sizeof(grace));
	vm_log(face, vm, "disconnected; its state is kept for %s", grace);
}

/* Brings epoll's view in line with what the peer waits for. */
static void peer_watch(struct vms *face, struct vm *vm, int which)
{
	struct peer *peer = &vm->peers[which];
	struct epoll_event event = {
		.events = EPOLLIN | (peer->length > 0 ? EPOLLOUT : 0u),
		.data.u64 = token_of(face, vm, (uint32_t)which, peer->generation),
	};

	if (event.events != peer->interest &&
		epoll_ctl(face->host.epoll, EPOLL_CTL_MOD, peer->fd, &event) == 0) {
		peer->interest = event.events;
	}
}

static void vm_flush(struct vms *face, struct vm *vm)
{
	int which;

	for (which = 0; which < PEERS; which++) {
		struct peer *peer = &vm->peers[which];

		if (peer->fd < 0) {
			continue;
		}
		if (peer->overflowed) {
			vm_log(face, vm, "its peer does not read; connection ended");
			peer_end(face, vm, which);
		} else if (peer_flush(peer)) {
			peer_end(face, vm, which);
		} else {
			peer_watch(face, vm, which);
		}
	}
}

static void peer_open(struct vms *face, struct vm *vm, int which, int fd)
{
	struct peer *peer = &vm->peers[which];
	struct ucred who = {.pid = 0, .uid = UINT32_MAX, .gid = UINT32_MAX};
	socklen_t size = sizeof(who);
	struct epoll_event event = {.events = EPOLLIN,
		.data.u64 = token_of(face, vm, (uint32_t)which, peer->generation)};

	if (epoll_ctl(face->host.epoll, EPOLL_CTL_ADD, fd, &event)) {
		vm_log(face, vm, "cannot be watched: %s", strerror(errno));
		close(fd);
		return;
	}
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size);
	peer->fd = fd;
	peer->interest = event.events;
	peer->capabilities = 0;
	peer->overflowed = false;
	peer->length = 0;
	peer->credentials =
		(struct core_credentials){.uid = who.uid, .gid = who.gid, .pid = (uint32_t)who.pid};
	vm_decoder_init(&peer->decoder);
	peer_control(peer, VM_CONTROL_VERSION, 1);
	vm_dirty(face, vm);
	if (vm->active == PEER_NONE && !vm_activate(face, vm, which)) {
		peer_end(face, vm, which);
	}
}

static void face_watch_listeners(struct vms *face, bool accepting)
{
	uint32_t i;

	for (i = 0; i < face->count; i++) {
		struct vm *vm = &face->vms[i];
		struct epoll_event event = {.events = accepting ? EPOLLIN : 0u,
			.data.u64 = token_of(face, vm, WHICH_LISTENER, 0)};

		/* It can only fail for a descriptor that is not in the set. */
		(void)epoll_ctl(face->host.epoll, EPOLL_CTL_MOD, vm->listener.fd, &event);
	}
	face->accept_ns =
		accepting ? TIME_NEVER : face->now_ns + ACCEPT_PAUSE_MS * NSEC_PER_MSEC_U64;
}

static void vm_accept(struct vms *face, struct vm *vm)
{
	int fd = accept4(vm->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), which;

	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			vm_log(face, vm, "cannot be accepted: %s", strerror(errno));
			face_watch_listeners(face, false);
		}
		return;
	}
	for (which = 0; which < PEERS; which++) {
		if (vm->peers[which].fd < 0) {
			peer_open(face, vm, which, fd);
			return;
		}
	}
	vm_log(face, vm,
		"a third connection to its socket, refused: one QEMU is the guest, "
		"another may wait for it");
	close(fd);
}

/* ---- from the guest ---- */

/* Whoever asks something is the guest. */
static bool peer_speaks(struct vms *face, struct vm *vm, int which)
{
	if (vm->active == which) {
		return true;
	}
	vm_log(face, vm, "it runs at another connection now");
	vm->active = PEER_NONE;
	guest_disconnect(&vm->guest, face->now_ns);
	return vm_activate(face, vm, which);
}

/* False when the connection ended. */
static bool peer_take(struct vms *face, struct vm *vm, int which, const struct vm_item *item)
{
	struct guest_verdict verdict;

	if (item->type == VM_ITEM_CONTROL) {
		if (item->control == VM_CONTROL_CAPABILITIES) {
			vm->peers[which].capabilities = item->argument;
		}
		if (vm->active == which) {
			guest_control(&vm->guest, item->control, item->argument);
			vm_tell(face, vm, NULL);
		}
		return true;
	}
	if (item->type != VM_ITEM_MESSAGE) {
		return true; /* garbled: QEMU's patience answers the guest */
	}
	if (!peer_speaks(face, vm, which)) {
		peer_end(face, vm, which);
		return false;
	}
	guest_request(&vm->guest, &item->message, face->now_ns, &verdict);
	vm_tell(face, vm, &verdict);
	if (verdict.forwarded) {
		client_request(face, vm, &verdict.forward);
	}
	return true;
}

static uint32_t peer_receive(struct vms *face, struct vm *vm, int which)
{
	struct peer *peer = &vm->peers[which];
	uint8_t bytes[READ_SIZE];
	ssize_t length = recv(peer->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	size_t at = 0;
	uint32_t count = 0;

	if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
		peer_end(face, vm, which);
		return 1;
	}
	while (length > 0 && at < (size_t)length) {
		struct vm_item item;

		at += vm_decode(&peer->decoder, bytes + at, (size_t)length - at, &item);
		if (!peer_take(face, vm, which, &item)) {
			return count + 1;
		}
		count++;
	}
	vm_flush(face, vm);
	return count;
}

/* ---- operations ---- */

static uint32_t face_ready(struct face *base, uint64_t token, uint32_t events, uint64_t now_ns)
{
	struct vms *face = vms_of(base);
	uint32_t which, generation;
	struct vm *vm = vm_at(face, token, &which, &generation);

	face->now_ns = now_ns;
	if (!vm) {
		return 0;
	}
	if (which == WHICH_LISTENER) {
		vm_accept(face, vm);
		vm_flush(face, vm);
		return 1;
	}
	if (vm->peers[which].fd < 0 || vm->peers[which].generation != generation) {
		return 0;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		return peer_receive(face, vm, (int)which);
	}
	vm_flush(face, vm);
	return 0;
}

static void deliver(struct vms *face, struct vm *vm, const struct core_deliver *what)
{
	struct guest_verdict verdict = {.answered = false};

	switch (what->kind) {
	case CORE_DELIVERY_ANSWER:
		guest_response(&vm->guest, what->tag, what->cc, what->data, what->length, &verdict);
		break;
	case CORE_DELIVERY_EVENT:
		vm->number = what->number;
		if (what->length == GUEST_EVENT_SIZE) {
			guest_event(&vm->guest, what->data);
		}
		break;
	case CORE_DELIVERY_LOSS:
		vm_log(face, vm, "%llu events lost", (unsigned long long)what->lost);
		break;
	}
	vm_tell(face, vm, &verdict);
}

static void face_act(struct face *base, const struct core_action *action)
{
	struct vms *face = vms_of(base);
	uint32_t which, generation;
	struct vm *vm;

	if (action->type == CORE_ACTION_DELIVER) {
		vm = vm_at(face, action->deliver.cookie, &which, &generation);
		if (vm && vm->opened && vm->generation == generation) {
			deliver(face, vm, &action->deliver);
		}
	}
	core_done(face->host.core, action->id, 0);
}

static void face_flush(struct face *base, uint64_t now_ns)
{
	struct vms *face = vms_of(base);
	struct list_link *link;

	face->now_ns = now_ns;
	while ((link = list_pop_front(&face->dirty))) {
		vm_flush(face, container_of(link, struct vm, dirty));
	}
}

static uint64_t face_deadline(const struct face *base)
{
	const struct vms *face = vms_of(base);

	return face->due_ns < face->accept_ns ? face->due_ns : face->accept_ns;
}

static void face_expire(struct face *base, uint64_t now_ns)
{
	struct vms *face = vms_of(base);
	uint32_t i;

	face->now_ns = now_ns;
	if (face->accept_ns <= now_ns) {
		face_watch_listeners(face, true);
	}
	face->due_ns = TIME_NEVER;
	for (i = 0; i < face->count; i++) {
		struct vm *vm = &face->vms[i];
		uint64_t due_ns;

		if (guest_deadline(&vm->guest) <= now_ns) {
			guest_step(&vm->guest, now_ns);
			if (vm->guest.presence == GUEST_ABSENT) {
				vm_log(face, vm,
					"it did not come back; its controller starts anew");
				client_close(face, vm);
			}
			vm_tell(face, vm, NULL);
			vm_flush(face, vm);
		}
		due_ns = guest_deadline(&vm->guest);
		face->due_ns = due_ns < face->due_ns ? due_ns : face->due_ns;
	}
}

/* Its QEMU may come again, and is a new client then; what its controller has stays. */
static int face_kick(struct face *base, uint32_t client)
{
	struct vms *face = vms_of(base);
	uint32_t i;

	for (i = 0; i < face->count; i++) {
		struct vm *vm = &face->vms[i];

		if (vm->opened && vm->client == client) {
			vm_log(face, vm, "kicked");
			client_close(face, vm);
			if (vm->active != PEER_NONE) {
				peer_end(face, vm, vm->active);
				vm_flush(face, vm);
			}
			return 0;
		}
	}
	return -ENOENT;
}

static void face_close(struct face *base)
{
	struct vms *face;
	uint32_t i, which;

	if (!base) {
		return;
	}
	face = vms_of(base);
	for (i = 0; i < face->count; i++) {
		for (which = 0; which < PEERS; which++) {
			if (face->vms[i].peers[which].fd >= 0) {
				close(face->vms[i].peers[which].fd);
			}
		}
		listener_close(&face->vms[i].listener);
	}
	free(face->vms);
	free(face);
}

/* ---- opening ---- */

/* Two guests of one name, socket or GUID would be one to whoever fences them. */
static int order_check(const struct vms *face, const struct vm *vm, char *error, size_t error_size)
{
	const struct vm *other;

	for (other = face->vms; other < vm; other++) {
		const char *what = NULL;

		if (!strcmp(other->order.name, vm->order.name)) {
			what = "name";
		} else if (!strcmp(other->order.path, vm->order.path)) {
			what = "socket";
		} else if (!memcmp(other->order.config.guid, vm->order.config.guid,
				   GUEST_GUID_SIZE)) {
			what = "GUID";
		}
		if (what) {
			snprintf(error, error_size, "guest '%s': guest '%s' has the same %s",
				vm->order.name, other->order.name, what);
			return -EINVAL;
		}
	}
	return 0;
}

static int vm_open(
	struct vms *face, struct vm *vm, const char **text, char *error, size_t error_size)
{
	struct epoll_event event = {
		.events = EPOLLIN, .data.u64 = token_of(face, vm, WHICH_LISTENER, 0)};
	int result = vm_order_read(text, error, error_size, &vm->order);

	if (result == 0) {
		result = order_check(face, vm, error, error_size);
	}
	if (result == 0) {
		guest_init(&vm->guest, &vm->order.config);
		result = listener_open(
			vm->order.path, SOCK_STREAM, error, error_size, &vm->listener);
	}
	if (result == 0 && epoll_ctl(face->host.epoll, EPOLL_CTL_ADD, vm->listener.fd, &event)) {
		result = -errno;
		snprintf(error, error_size, "%s: %s", vm->order.path, strerror(errno));
	}
	return result;
}

static int face_open(const char *options, uint64_t now_ns, const struct face_host *host,
	char *error, size_t error_size, struct face **ret_face)
{
	struct vms *face = calloc(1, sizeof(*face));
	const char *text;
	uint32_t i, count = 1;
	int result = 0;

	for (text = options; (text = strchr(text, '\n')); text++) {
		count++;
	}
	if (face) {
		face->vms = count <= VM_GUESTS_MAX ? calloc(count, sizeof(*face->vms)) : NULL;
	}
	if (!face || !face->vms) {
		snprintf(error, error_size, "no room for %u guests (%u at most)", count,
			VM_GUESTS_MAX);
		free(face);
		return -ENOMEM;
	}
	face->face.ops = &vm_face;
	face->host = *host;
	face->now_ns = now_ns;
	face->due_ns = face->accept_ns = TIME_NEVER;
	list_init(&face->dirty);
	for (i = 0, text = options; i < count && result == 0; i++) {
		struct vm *vm = &face->vms[i];

		vm->listener.fd = vm->peers[0].fd = vm->peers[1].fd = -1;
		vm->active = PEER_NONE;
		list_init(&vm->dirty);
		face->count = i + 1;
		result = vm_open(face, vm, &text, error, error_size);
	}
	if (result) {
		face_close(&face->face);
		return result;
	}
	for (i = 0; i < count; i++) {
		vm_log(face, &face->vms[i], "awaited at %s", face->vms[i].order.path);
	}
	*ret_face = &face->face;
	return 0;
}

const struct face_ops vm_face = {
	.name = "vm",
	.usage = "NAME=SOCKET[,guid=GUID][,grace=SECONDS][,sensors=0][,sel=0][,fru=0][,bus=1]"
		 "[,class=N]",
	.open = face_open,
	.act = face_act,
	.flush = face_flush,
	.ready = face_ready,
	.deadline = face_deadline,
	.expire = face_expire,
	.kick = face_kick,
	.close = face_close,
};
