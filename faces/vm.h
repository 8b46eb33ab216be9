/* SPDX-License-Identifier: BSD-2-Clause */
/* The vm face, inside: what faces/vm.c and faces/vm_options.c share. */
#ifndef VIPMI_FACES_VM_H
#define VIPMI_FACES_VM_H

#include <sys/socket.h>
#include <sys/un.h>

#include "faces/faces.h"
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

extern const struct face_ops vm_face;

#endif
