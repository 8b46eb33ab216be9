/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CUSE face with everything around it played by the test: the kernel on the
 * other end of /dev/cuse, which copies from and to this process as it would for a
 * caller, and a controller behind the core.
 */
#ifndef VIPMI_TESTS_CUSE_KERNEL_H
#define VIPMI_TESTS_CUSE_KERNEL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <linux/ipmi.h>

#include "faces/cuse.h"

/* What the controller does with a request of netFn App, by its command. */
enum {
	CMD_DEVICE_ID = 0x01,    /* cc 00 and 15 bytes */
	CMD_LATER = 0x02,        /* nothing until controller_answer */
	CMD_CHANNEL_INFO = 0x42, /* channel 7 is an IPMB, the others are LANs; see `silent` */
};

struct cuse_kernel {
	struct core *core;
	void *memory;
	struct face *face;
	int epoll, fd; /* the kernel's end */
	uint64_t now_ns, unique, notified;
	unsigned rounds;  /* of the last ioctl */
	unsigned notices; /* wake-ups of poll(2) so far */
	struct core_credentials caller;
	char name[64]; /* the node's, as it was announced */
	struct cuse_node_order given;
	int give_result;
	bool silent;               /* the controller answers no Get Channel Info */
	struct core_transmit kept; /* the request that waits for controller_answer */
	unsigned channels_asked;   /* Get Channel Info that reached the controller */
	char log[256];
};

extern struct cuse_kernel kernel;

/* cmocka's setup and teardown: node ipmi5, 300 handles. */
int kernel_start(void **state);
int kernel_stop(void **state);
/* The face alone, with what stands after --cuse. 0 or what it said. */
int kernel_serve(const char *options, char *error, size_t error_size);

/* What programs do. All but the first take what `node_open` returned. */
int64_t node_open(void); /* or a negative errno */
void node_release(int64_t file);
/* 0 or a negative errno; -EINPROGRESS: not answered yet. */
int node_ioctl(int64_t file, unsigned long request, void *argument);
/* The result of the oldest ioctl that was not answered, or -EINPROGRESS still. */
int node_ioctl_result(void);
void node_interrupt(void);              /* that one */
int node_poll(int64_t file, bool wait); /* the events */
int node_other(uint32_t opcode);        /* an opcode without a body: 0 or a negative errno */
void kernel_hang_up(void);

/* The controller's part. */
void controller_answer(void);
void controller_event(void);
void kernel_pump(void);

/* Memory that no program has: as if it were not mapped. */
#define BAD_POINTER ((void *)(uintptr_t)0x1000)

#endif
