/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's state in a file beside its socket, so that it outlives the agent: who
 * armed a watchdog is guarded by the next agent as well. There are two places in
 * it; the older one is written, and counts when it is whole. An agent that is
 * killed in the middle leaves the other one.
 */
#include "faces/vm.h"

#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define KEPT_SUFFIX ".guest"
/* The text of /proc/sys/kernel/random/boot_id: the clock begins anew with each boot. */
#define BOOT_SIZE 36u

struct place {
	uint64_t number; /* the higher one counts; 0: none is in it */
	uint32_t length;
	uint8_t bytes[GUEST_SAVED_MAX];
};

struct kept_guest {
	char boot[BOOT_SIZE];
	struct place places[2];
};

static struct kept_guest *kept_guest(const struct vm *vm)
{
	/* A page is aligned for everything. */
	return (struct kept_guest *)(void *)vm->kept.bytes;
}

static struct place *newest(struct kept_guest *kept)
{
	return &kept->places[kept->places[1].number > kept->places[0].number];
}

static int boot_read(char boot[BOOT_SIZE], char *error, size_t error_size)
{
	static const char path[] = "/proc/sys/kernel/random/boot_id";
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, boot, BOOT_SIZE);
	int result = length == BOOT_SIZE ? 0 : length < 0 ? -errno : -EIO;

	if (result) {
		snprintf(error, error_size, "%s: %s", path, strerror(-result));
	}
	if (fd >= 0) {
		close(fd);
	}
	return result;
}

int vm_kept_open(struct vms *face, struct vm *vm, char *error, size_t error_size)
{
	char boot[BOOT_SIZE];
	struct kept_guest *kept;
	const struct place *place;
	int result = boot_read(boot, error, error_size);

	if (result == 0) {
		result = kept_open(vm->order.path, KEPT_SUFFIX, "a guest's state",
			sizeof(struct kept_guest), error, error_size, &vm->kept);
	}
	if (result) {
		return result;
	}
	kept = kept_guest(vm);
	place = newest(kept);
	if (memcmp(kept->boot, boot, BOOT_SIZE) != 0) {
		memset(kept, 0, sizeof(*kept));
		memcpy(kept->boot, boot, BOOT_SIZE);
	} else if (place->number > 0 &&
		   (place->length > GUEST_SAVED_MAX ||
			   !guest_restore(&vm->guest, place->bytes, place->length, face->now_ns))) {
		vm_log(face, vm, "%s: not this guest's, or another version's; it starts anew",
			vm->kept.path);
	}
	return 0;
}

void vm_keep(struct vms *face, struct vm *vm)
{
	struct kept_guest *kept = kept_guest(vm);
	struct place *now, *next;

	if (!vm->changed) {
		return;
	}
	vm->changed = false;
	now = newest(kept);
	next = now == &kept->places[0] ? &kept->places[1] : &kept->places[0];
	/* In this order, whoever reads it afterwards: one that is not whole has no number. */
	__atomic_store_n(&next->number, 0, __ATOMIC_SEQ_CST);
	next->length =
		(uint32_t)guest_save(&vm->guest, face->now_ns, next->bytes, sizeof(next->bytes));
	__atomic_store_n(&next->number, now->number + 1, __ATOMIC_SEQ_CST);
}

void vm_kept_close(struct vms *face, struct vm *vm)
{
	struct timespec now;

	if (!vm->kept.bytes) {
		return;
	}
	if (!guest_worth_saving(&vm->guest)) {
		kept_remove(&vm->kept);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	face->now_ns = (uint64_t)now.tv_sec * NSEC_PER_SEC_U64 + (uint64_t)now.tv_nsec;
	guest_disconnect(&vm->guest, face->now_ns);
	vm->changed = true;
	vm_keep(face, vm);
	kept_close(&vm->kept);
}
