/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vm face: a socket for each guest, at which QEMU's ipmi-bmc-extern finds a
 * controller. What that controller does stands in guest/, how its QEMU and the
 * core are talked to in faces/vm_peer.c.
 */
#include "faces/vm.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

static struct vms *vms_of(const struct face *face)
{
	return container_of(face, struct vms, face);
}

static struct vm *vm_at(
	struct vms *face, uint64_t token, uint32_t *ret_which, uint32_t *ret_generation)
{
	uint32_t index = token & ((1u << VM_INDEX_BITS) - 1);

	*ret_which = token >> VM_INDEX_BITS & ((1u << VM_WHICH_BITS) - 1);
	*ret_generation = token >> (VM_INDEX_BITS + VM_WHICH_BITS) & VM_GENERATION_MASK;
	return index < face->count ? &face->vms[index] : NULL;
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
	if (which == VM_WHICH_LISTENER) {
		vm_accept(face, vm);
		vm_flush(face, vm);
		return 1;
	}
	if (vm->peers[which].fd < 0 || vm->peers[which].generation != generation) {
		return 0;
	}
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		return vm_receive(face, vm, (int)which);
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

/* Whether what was sent to a client is the guest's: events come to its present client alone. */
static bool is_its(const struct vm *vm, uint32_t generation, enum core_delivery_kind kind)
{
	return (vm->opened && vm->generation == generation) ||
	       (vm->former_opened && vm->former_generation == generation &&
		       kind == CORE_DELIVERY_ANSWER);
}

static void face_act(struct face *base, const struct core_action *action)
{
	struct vms *face = vms_of(base);
	uint32_t which, generation;
	struct vm *vm;

	if (action->type == CORE_ACTION_DELIVER) {
		vm = vm_at(face, action->deliver.cookie, &which, &generation);
		if (vm && is_its(vm, generation, action->deliver.kind)) {
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
		vm_watch_listeners(face, true);
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
				vm_client_close(face, vm);
			}
			vm_tell(face, vm, NULL);
			vm_flush(face, vm);
		}
		vm_repeat(face, vm);
		due_ns = vm_due_ns(vm);
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
			vm_client_close(face, vm);
			if (vm->active != VM_PEER_NONE) {
				vm_peer_end(face, vm, vm->active);
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
		vm_kept_close(face, &face->vms[i]);
		for (which = 0; which < VM_PEERS; which++) {
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
		.events = EPOLLIN, .data.u64 = vm_token(face, vm, VM_WHICH_LISTENER, 0)};
	int result = vm_order_read(text, error, error_size, &vm->order);

	if (result == 0) {
		result = order_check(face, vm, error, error_size);
	}
	if (result == 0) {
		vm->order.config.epoch_s =
			(uint32_t)time(NULL) - (uint32_t)(face->now_ns / NSEC_PER_SEC_U64);
		guest_init(&vm->guest, &vm->order.config);
		result = listener_open(
			vm->order.path, SOCK_STREAM, error, error_size, &vm->listener);
	}
	if (result == 0) {
		/* Behind the socket, at which no other agent serves. */
		result = vm_kept_open(face, vm, error, error_size);
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
		vm->active = VM_PEER_NONE;
		vm->repeat_ns = TIME_NEVER;
		list_init(&vm->dirty);
		face->count = i + 1;
		result = vm_open(face, vm, &text, error, error_size);
	}
	if (result) {
		face_close(&face->face);
		return result;
	}
	for (i = 0; i < count; i++) {
		const struct vm *vm = &face->vms[i];

		vm_log(face, vm, "awaited at %s%s", vm->order.path,
			vm->guest.presence == GUEST_AWAY ? ", with the state it had" : "");
	}
	*ret_face = &face->face;
	return 0;
}

const struct face_ops vm_face = {
	.name = "vm",
	.usage = "NAME=SOCKET[,guid=GUID][,grace=SECONDS][,sensors=real|none][,sel=real|own|none]"
		 "[,fru=real|own|none][,bus=1][,class=N]",
	.open = face_open,
	.act = face_act,
	.flush = face_flush,
	.ready = face_ready,
	.deadline = face_deadline,
	.expire = face_expire,
	.kick = face_kick,
	.close = face_close,
};
