/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's two sides: its QEMU at the socket, and the core, of which it is a
 * client with its own name.
 *
 * Two peers may be connected to a guest's socket, because for a while there are
 * two: when a guest moves to another QEMU, the new one connects while the old one
 * still runs. Whoever is first is the guest; the other waits until the first goes,
 * or until it asks something itself: only a machine that runs does.
 */
#include "faces/vm.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

/* QEMU gives up after 4 s. What the core has not answered by then it answers itself; the rest is
 * for a busy machine. */
#define BUDGET_MS 3300u

/* Taken from one guest in a turn: a request is at most 600 bytes, and usually ten. */
#define READ_SIZE 512

/* How often and how long an answer is repeated to a peer that waits. Linux' driver waits 5 s for a
 * KCS interface, and a guest's clock may be slower than ours. */
#define REPEAT_MS 200u
#define REPEAT_FOR_MS 10000u

/* Pause before accepting again when no descriptor was left. */
#define ACCEPT_PAUSE_MS 100u

void vm_log(struct vms *face, const struct vm *vm, const char *format, ...)
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

uint64_t vm_token(const struct vms *face, const struct vm *vm, uint32_t which, uint32_t generation)
{
	return face->host.token | (uint64_t)generation << (VM_INDEX_BITS + VM_WHICH_BITS) |
	       (uint64_t)which << VM_INDEX_BITS | (uint64_t)(vm - face->vms);
}

/* ---- towards the guest ---- */

uint64_t vm_due_ns(const struct vm *vm)
{
	uint64_t due_ns = guest_deadline(&vm->guest);

	return due_ns < vm->repeat_ns ? due_ns : vm->repeat_ns;
}

static void vm_dirty(struct vms *face, struct vm *vm)
{
	uint64_t due_ns = vm_due_ns(vm);

	vm->changed = true;
	if (!list_linked(&vm->dirty)) {
		list_push_back(&face->dirty, &vm->dirty);
	}
	face->due_ns = due_ns < face->due_ns ? due_ns : face->due_ns;
}

/* As far as it goes. 0, even with something left, or a negative errno. */
static int peer_flush(struct vm_peer *peer)
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
static uint8_t *peer_room(struct vm_peer *peer)
{
	if (VM_OUTPUT_SIZE - peer->length < VM_ENCODED_MAX) {
		(void)peer_flush(peer); /* an error is met again by the next flush */
	}
	if (VM_OUTPUT_SIZE - peer->length < VM_ENCODED_MAX) {
		peer->overflowed = true;
		return NULL;
	}
	return peer->output + peer->length;
}

static void peer_control(struct vm_peer *peer, uint8_t control, uint8_t argument)
{
	uint8_t *room = peer_room(peer);

	if (room) {
		/* The room is for the longest. */
		peer->length += (size_t)vm_encode_control(control, argument, room, VM_ENCODED_MAX);
	}
}

/* The last answer once more. */
static void peer_answer(struct vm_peer *peer, const struct vm *vm)
{
	uint8_t *room = peer_room(peer);

	if (room) {
		memcpy(room, vm->last, vm->last_length);
		peer->length += vm->last_length;
	}
}

/* The peer that waits for its time, or NULL. */
static struct vm_peer *peer_waiting(struct vm *vm)
{
	struct vm_peer *other = vm->active == VM_PEER_NONE ? NULL : &vm->peers[!vm->active];

	return other && other->fd >= 0 ? other : NULL;
}

static void repeat_later(struct vms *face, struct vm *vm)
{
	uint64_t next_ns = face->now_ns + REPEAT_MS * NSEC_PER_MSEC_U64;
	bool wanted = vm->last_length > 0 && peer_waiting(vm) &&
		      next_ns < vm->last_ns + REPEAT_FOR_MS * NSEC_PER_MSEC_U64;

	vm->repeat_ns = wanted ? next_ns : TIME_NEVER;
}

void vm_repeat(struct vms *face, struct vm *vm)
{
	struct vm_peer *other = peer_waiting(vm);

	if (vm->repeat_ns > face->now_ns) {
		return;
	}
	if (other && vm->last_length > 0) {
		peer_answer(other, vm);
	}
	repeat_later(face, vm);
	vm_flush(face, vm);
}

void vm_tell(struct vms *face, struct vm *vm, const struct guest_verdict *verdict)
{
	struct vm_peer *peer = vm->active == VM_PEER_NONE ? NULL : &vm->peers[vm->active];
	struct guest_action action;
	uint8_t control;
	int length;

	vm_dirty(face, vm);
	if (!peer) {
		return;
	}
	while (guest_signal(&vm->guest, &control)) {
		peer_control(peer, control, 0);
	}
	if (verdict && verdict->answered) {
		length = vm_encode_message(&verdict->answer, vm->last, sizeof(vm->last));
		vm->last_length = length > 0 ? (size_t)length : 0;
		vm->last_ns = face->now_ns;
		peer_answer(peer, vm);
		repeat_later(face, vm);
		vm_dirty(face, vm);
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

static void former_leave(struct vms *face, struct vm *vm)
{
	if (vm->former_opened) {
		vm->former_opened = false;
		client_leave(face, vm->former_client);
	}
}

void vm_client_close(struct vms *face, struct vm *vm)
{
	former_leave(face, vm);
	if (vm->opened) {
		vm->opened = false;
		client_leave(face, vm->client);
		guest_abandon(&vm->guest);
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

	if (!vm->order.config.sensors && vm->order.config.sel != GUEST_PART_REAL) {
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
	uint32_t former = vm->client, former_generation = vm->generation;
	struct core_event event = {.type = CORE_EVENT_CLIENT_OPEN};
	int result;

	if (vm->opened && !memcmp(by, &vm->credentials, sizeof(*by))) {
		return true;
	}
	vm->generation = (vm->generation + 1) & VM_GENERATION_MASK;
	event.client_open.cookie = vm_token(face, vm, 0, vm->generation);
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
		vm_client_close(face, vm);
	} else {
		vm->handle = event.handle_open.ret_handle;
		vm->credentials = *by;
		client_subscribe(face, vm, !was_open);
	}
	/* Last, so that no event falls between the two. */
	if (was_open && result == 0 && !vm->former_opened) {
		vm->former_opened = true; /* until vm_flush */
		vm->former_client = former;
		vm->former_generation = former_generation;
	} else if (was_open) {
		client_leave(face, former);
		guest_abandon(&vm->guest);
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

/* If the guest is still there, it has moved: what it waits for comes to the new peer. */
static bool vm_activate(struct vms *face, struct vm *vm, int which)
{
	struct vm_peer *peer = &vm->peers[which];
	bool moved = vm->guest.presence == GUEST_PRESENT;

	if (!client_open(face, vm, &peer->credentials)) {
		return false;
	}
	vm->active = which;
	guest_connect(&vm->guest, face->now_ns);
	guest_control(&vm->guest, VM_CONTROL_CAPABILITIES, peer->capabilities);
	vm_log(face, vm, "connected (pid %u, uid %u)", peer->credentials.pid,
		peer->credentials.uid);
	vm_tell(face, vm, NULL);
	if (moved && vm->last_length > 0) {
		peer_answer(peer, vm);
	} else {
		vm->last_length = 0;
	}
	return true;
}

void vm_peer_end(struct vms *face, struct vm *vm, int which)
{
	struct vm_peer *peer = &vm->peers[which], *other = &vm->peers[!which];
	char grace[32];

	close(peer->fd);
	peer->fd = -1;
	peer->generation = (peer->generation + 1) & VM_GENERATION_MASK;
	if (which != vm->active) {
		return;
	}
	vm->active = VM_PEER_NONE;
	vm_dirty(face, vm);
	if (other->fd >= 0 && vm_activate(face, vm, !which)) {
		return;
	}
	guest_disconnect(&vm->guest, face->now_ns);
	vm_dirty(face, vm);
	vm_keep(face, vm);
	vm_seconds(vm->order.config.grace_ns, grace, sizeof(grace));
	vm_log(face, vm, "disconnected; its state is kept for %s", grace);
}

/* Brings epoll's view in line with what the peer waits for. */
static void peer_watch(struct vms *face, struct vm *vm, int which)
{
	struct vm_peer *peer = &vm->peers[which];
	struct epoll_event event = {
		.events = EPOLLIN | (peer->length > 0 ? EPOLLOUT : 0u),
		.data.u64 = vm_token(face, vm, (uint32_t)which, peer->generation),
	};

	if (event.events != peer->interest &&
		epoll_ctl(face->host.epoll, EPOLL_CTL_MOD, peer->fd, &event) == 0) {
		peer->interest = event.events;
	}
}

void vm_flush(struct vms *face, struct vm *vm)
{
	int which;

	if (!guest_waits(&vm->guest)) {
		former_leave(face, vm);
	}
	vm_keep(face, vm);
	for (which = 0; which < VM_PEERS; which++) {
		struct vm_peer *peer = &vm->peers[which];

		if (peer->fd < 0) {
			continue;
		}
		if (peer->overflowed) {
			vm_log(face, vm, "its peer does not read; connection ended");
			vm_peer_end(face, vm, which);
		} else if (peer_flush(peer)) {
			vm_peer_end(face, vm, which);
		} else {
			peer_watch(face, vm, which);
		}
	}
}

static void peer_open(struct vms *face, struct vm *vm, int which, int fd)
{
	struct vm_peer *peer = &vm->peers[which];
	struct ucred who = {.pid = 0, .uid = UINT32_MAX, .gid = UINT32_MAX};
	socklen_t size = sizeof(who);
	struct epoll_event event = {.events = EPOLLIN,
		.data.u64 = vm_token(face, vm, (uint32_t)which, peer->generation)};

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
	if (vm->active == VM_PEER_NONE && !vm_activate(face, vm, which)) {
		vm_peer_end(face, vm, which);
	}
	repeat_later(face, vm);
	vm_dirty(face, vm);
}

void vm_watch_listeners(struct vms *face, bool accepting)
{
	uint32_t i;

	for (i = 0; i < face->count; i++) {
		struct vm *vm = &face->vms[i];
		struct epoll_event event = {.events = accepting ? EPOLLIN : 0u,
			.data.u64 = vm_token(face, vm, VM_WHICH_LISTENER, 0)};

		/* It can only fail for a descriptor that is not in the set. */
		(void)epoll_ctl(face->host.epoll, EPOLL_CTL_MOD, vm->listener.fd, &event);
	}
	face->accept_ns =
		accepting ? TIME_NEVER : face->now_ns + ACCEPT_PAUSE_MS * NSEC_PER_MSEC_U64;
}

void vm_accept(struct vms *face, struct vm *vm)
{
	int fd = accept4(vm->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), which;

	if (fd < 0) {
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
			vm_log(face, vm, "cannot be accepted: %s", strerror(errno));
			vm_watch_listeners(face, false);
		}
		return;
	}
	for (which = 0; which < VM_PEERS; which++) {
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
	if (!vm_activate(face, vm, which)) {
		vm->active = VM_PEER_NONE;
		guest_disconnect(&vm->guest, face->now_ns);
		return false;
	}
	return true;
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
		vm_peer_end(face, vm, which);
		return false;
	}
	vm->last_length = 0; /* it has come */
	guest_request(&vm->guest, &item->message, face->now_ns, &verdict);
	vm_tell(face, vm, &verdict);
	if (verdict.forwarded) {
		client_request(face, vm, &verdict.forward);
	}
	return true;
}

uint32_t vm_receive(struct vms *face, struct vm *vm, int which)
{
	struct vm_peer *peer = &vm->peers[which];
	uint8_t bytes[READ_SIZE];
	ssize_t length = recv(peer->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	size_t at = 0;
	uint32_t count = 0;

	if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
		vm_peer_end(face, vm, which);
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
