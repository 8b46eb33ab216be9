/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an open was told and differs from the defaults: kept in its process, by
 * the open's serial. Nobody tells us when an open ends, so rows are looked over
 * when one is wanted: those whose open no descriptor names any more are free.
 */
#include "client/shim/shim.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>

/* Opens of one process that were told something unusual; programs open one or two. */
#define STATES_MAX 128u
/* Descriptors that are looked at for opens that are still there; a thousand is usual. */
#define DESCRIPTORS_MAX 65536u

struct state {
	uint64_t serial; /* 0: free */
	struct driver_settings settings;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct state states[STATES_MAX];

static void lock_take(void)
{
	(void)pthread_mutex_lock(&lock); /* a plain mutex of ours cannot fail */
}

static void lock_give(void)
{
	(void)pthread_mutex_unlock(&lock);
}

/* A child of a program with threads must not find the lock taken by a thread it does not have. */
__attribute__((constructor)) static void lock_survives_fork(void)
{
	(void)pthread_atfork(lock_take, lock_give, lock_give); /* without it: as any library */
}

static void serial_mark(uint64_t serial, bool *state_lives)
{
	size_t i;

	for (i = 0; i < STATES_MAX; i++) {
		state_lives[i] |= states[i].serial == serial;
	}
}

/* Frees the rows of opens that are closed. Rare, and as long as there are descriptors. */
static void collect(void)
{
	bool state_lives[STATES_MAX] = {false};
	struct shim_device device;
	struct rlimit limit;
	rlim_t fd, fds = DESCRIPTORS_MAX;
	size_t i;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < fds) {
		fds = limit.rlim_cur;
	}
	for (fd = 0; fd < fds; fd++) {
		if (shim_identify((int)fd, &device)) {
			serial_mark(device.serial, state_lives);
		}
	}
	for (i = 0; i < STATES_MAX; i++) {
		if (!state_lives[i]) {
			states[i].serial = 0;
		}
	}
}

static struct state *state_find(uint64_t serial)
{
	size_t i;

	for (i = 0; i < STATES_MAX; i++) {
		if (states[i].serial == serial) {
			return &states[i];
		}
	}
	return NULL;
}

void shim_settings_get(const struct shim_device *device, struct driver_settings *ret_settings)
{
	const struct state *state;

	lock_take();
	state = state_find(device->serial);
	if (state) {
		*ret_settings = state->settings;
	} else {
		driver_settings_init(ret_settings);
	}
	lock_give();
}

int shim_settings_set(const struct shim_device *device, const struct driver_settings *settings)
{
	struct driver_settings usual;
	struct state *state;
	int result = 0;

	driver_settings_init(&usual);
	lock_take();
	state = state_find(device->serial);
	if (!state && memcmp(settings, &usual, sizeof(usual)) != 0) {
		state = state_find(0);
		if (!state) {
			collect();
			state = state_find(0);
		}
		result = state ? 0 : -ENOMEM;
	}
	if (state) {
		state->serial = device->serial;
		state->settings = *settings;
	}
	lock_give();
	return result;
}
