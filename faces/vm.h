/* SPDX-License-Identifier: BSD-2-Clause */
/* The vm face, inside: what its files share. */
#ifndef VIPMI_FACES_VM_H
#define VIPMI_FACES_VM_H

#include <sys/socket.h>
#include <sys/un.h>

#include "base/list.h"
#include "faces/faces.h"
#include "faces/kept.h"
#include "faces/listener.h"
#include "guest/guest.h"

/* Guests of one controller: more virtual machines than a host carries. */
#define VM_GUESTS_MAX 1024u

/* A guest moved to another QEMU on the same host is away for as long as that takes to load, a QEMU
 * that lost us comes again every second. */
#define VM_GRACE_DEFAULT_S 60u
#define VM_GRACE_MAX_S 86400u

/* What is said of one guest. */
struct vm_order {
	char name[CORE_NAME_SIZE];
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	uint8_t class; /* enum vipmi_class */
	struct guest_config config;
};

/*
 * Reads "NAME=PATH[,OPTION=VALUE]..." up to the end of the line, and advances *text past that. 0,
 * or -EINVAL with a line for a person in `error`.
 */
int vm_order_read(const char **text, char *error, size_t error_size, struct vm_order *ret_order);

#define VM_PEERS 2
#define VM_WHICH_LISTENER VM_PEERS
#define VM_PEER_NONE (-1)

/* A peer that leaves so many answers lying is none. */
#define VM_OUTPUT_SIZE (2u * (GUEST_PENDING_MAX + 1) * VM_ENCODED_MAX)

/* The face's part of a token: the guest, which of its descriptors, and how often that one was
 * opened, so that a stale token meets nobody. Of a cookie: likewise, `which` is 0. */
#define VM_INDEX_BITS 16
#define VM_WHICH_BITS 8
#define VM_GENERATION_MASK 0xFFFFFFu

struct vm_peer {
	int fd; /* -1: none */
	uint32_t generation;
	uint32_t interest;
	uint8_t capabilities;
	bool overflowed; /* it does not read: ends at the next flush */
	struct core_credentials credentials;
	struct vm_decoder decoder;
	size_t length; /* of output */
	uint8_t output[VM_OUTPUT_SIZE];
};

struct vm {
	struct vm_order order;
	struct kept kept;
	bool changed; /* since it was kept */
	struct guest guest;
	struct listener listener;
	struct vm_peer peers[VM_PEERS];
	int active; /* index of the peer that is the guest, or VM_PEER_NONE */
	/* The core's. */
	bool opened;
	uint32_t generation; /* of the client */
	uint32_t client, handle;
	struct core_credentials credentials;
	/* The client that it was at its former connection, while it is owed answers. */
	bool former_opened;
	uint32_t former_generation, former_client;
	/* The last answer, until the guest asks again: see vm_repeat. */
	uint8_t last[VM_ENCODED_MAX];
	size_t last_length; /* 0: none */
	uint64_t last_ns, repeat_ns;
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

extern const struct face_ops vm_face;

/* ---- vm_kept.c ---- */

/* Opens the guest's file, SOCKET.guest, and takes what an agent that ended has left in it. 0, or a
 * negative errno with a line for a person in `error`. */
int vm_kept_open(struct vms *face, struct vm *vm, char *error, size_t error_size);

/* What the guest is now, before anybody hears of it. */
void vm_keep(struct vms *face, struct vm *vm);

/* For the next agent. A guest that is absent, and has no log, leaves no file. */
void vm_kept_close(struct vms *face, struct vm *vm);

/* ---- vm_peer.c ---- */

void vm_log(struct vms *face, const struct vm *vm, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Of one of its descriptors, or of its client's cookie. */
uint64_t vm_token(const struct vms *face, const struct vm *vm, uint32_t which, uint32_t generation);

/* Tells the guest's peer what it must know: levels, the answer (or NULL), deeds, in this order. */
void vm_tell(struct vms *face, struct vm *vm, const struct guest_verdict *verdict);

/* Sends what waits to be sent, and ends the former client when it is owed nothing. */
void vm_flush(struct vms *face, struct vm *vm);

/* When the guest, or a repetition, is due. */
uint64_t vm_due_ns(const struct vm *vm);

/*
 * Gives the last answer to the peer that waits as well. When a guest moves, its new QEMU takes over
 * what the old one's interface was, and an answer that was sent a moment later reached only the old
 * one, which runs no more: the new one's guest would wait for it in vain. QEMU drops an answer that
 * its interface does not wait for.
 */
void vm_repeat(struct vms *face, struct vm *vm);

/* Somebody connects. */
void vm_accept(struct vms *face, struct vm *vm);
void vm_watch_listeners(struct vms *face, bool accepting);

/* A peer's socket is ready. Returns how many items it took. */
uint32_t vm_receive(struct vms *face, struct vm *vm, int which);

/* Ends a peer's connection; what its guest has is kept for the grace time. */
void vm_peer_end(struct vms *face, struct vm *vm, int which);

/* The guest is a client no more. */
void vm_client_close(struct vms *face, struct vm *vm);

#endif
