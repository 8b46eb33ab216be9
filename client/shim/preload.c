/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands before libc: every way to open a file, ioctl, and who the user is.
 * All that does not concern /dev/ipmiN goes on to the next library unchanged.
 */
/* With 64-bit offsets libc's headers make `open` another name for `open64`; here both are meant. */
#undef _FILE_OFFSET_BITS

#include "client/shim/shim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* The next library's function of this name. Looking it up twice at once does no harm. */
#define NEXT(name)                                                                                 \
	({                                                                                         \
		static void *next_;                                                                \
		if (!__atomic_load_n(&next_, __ATOMIC_RELAXED)) {                                  \
			__atomic_store_n(&next_, dlsym(RTLD_NEXT, name), __ATOMIC_RELAXED);        \
		}                                                                                  \
		__atomic_load_n(&next_, __ATOMIC_RELAXED);                                         \
	})

typedef int open_function(const char *path, int flags, ...);
typedef int openat_function(int folder, const char *path, int flags, ...);

/* The declarations that libc's headers have only with _FORTIFY_SOURCE, or not at all. */
int __open(const char *path, int flags, ...);
int __open64(const char *path, int flags, ...);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);
int __ioctl_time64(int fd, unsigned long request, ...);

/* 0 and what open is to return, or false: not our path. */
static bool opened(const char *path, int flags, int *ret_fd)
{
	int number = path ? shim_path_number(path) : -1;
	int error = errno, fd;

	if (number < 0) {
		return false;
	}
	fd = shim_open((unsigned)number, flags);
	errno = fd < 0 ? -fd : error;
	*ret_fd = fd < 0 ? -1 : fd;
	return true;
}

/* The file's mode, where the flags say that there is one. */
static mode_t mode_of(int flags, va_list arguments)
{
	if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) {
		return va_arg(arguments, mode_t);
	}
	return 0;
}

#define OPEN_VARIADIC(name)                                                                        \
	EXPORT int name(const char *path, int flags, ...)                                          \
	{                                                                                          \
		open_function *next = (open_function *)NEXT(#name);                                \
		va_list arguments;                                                                 \
		mode_t mode;                                                                       \
		int fd;                                                                            \
                                                                                                   \
		if (opened(path, flags, &fd)) {                                                    \
			return fd;                                                                 \
		}                                                                                  \
		va_start(arguments, flags);                                                        \
		mode = mode_of(flags, arguments);                                                  \
		va_end(arguments);                                                                 \
		return next(path, flags, mode);                                                    \
	}

#define OPENAT_VARIADIC(name)                                                                      \
	EXPORT int name(int folder, const char *path, int flags, ...)                              \
	{                                                                                          \
		openat_function *next = (openat_function *)NEXT(#name);                            \
		va_list arguments;                                                                 \
		mode_t mode;                                                                       \
		int fd;                                                                            \
                                                                                                   \
		if (opened(path, flags, &fd)) {                                                    \
			return fd;                                                                 \
		}                                                                                  \
		va_start(arguments, flags);                                                        \
		mode = mode_of(flags, arguments);                                                  \
		va_end(arguments);                                                                 \
		return next(folder, path, flags, mode);                                            \
	}

#define OPEN_FORTIFIED(name)                                                                       \
	EXPORT int name(const char *path, int flags)                                               \
	{                                                                                          \
		int (*next)(const char *, int) = (int (*)(const char *, int))NEXT(#name);          \
		int fd;                                                                            \
                                                                                                   \
		return opened(path, flags, &fd) ? fd : next(path, flags);                          \
	}

#define OPENAT_FORTIFIED(name)                                                                     \
	EXPORT int name(int folder, const char *path, int flags)                                   \
	{                                                                                          \
		int (*next)(int, const char *, int) =                                              \
			(int (*)(int, const char *, int))NEXT(#name);                              \
		int fd;                                                                            \
                                                                                                   \
		return opened(path, flags, &fd) ? fd : next(folder, path, flags);                  \
	}

#define CREAT(name)                                                                                \
	EXPORT int name(const char *path, mode_t mode)                                             \
	{                                                                                          \
		int (*next)(const char *, mode_t) = (int (*)(const char *, mode_t))NEXT(#name);    \
		int fd;                                                                            \
                                                                                                   \
		return opened(path, 0, &fd) ? fd : next(path, mode);                               \
	}

OPEN_VARIADIC(open)
OPEN_VARIADIC(open64)
OPEN_VARIADIC(__open)
OPEN_VARIADIC(__open64)
OPENAT_VARIADIC(openat)
OPENAT_VARIADIC(openat64)
OPEN_FORTIFIED(__open_2)
OPEN_FORTIFIED(__open64_2)
OPENAT_FORTIFIED(__openat_2)
OPENAT_FORTIFIED(__openat64_2)
CREAT(creat)
CREAT(creat64)

/* True, and what ioctl is to return, if the call is the driver's and the descriptor ours. */
static bool controlled(int fd, unsigned long request, void *argument, int *ret_result)
{
	/* The kernel looks at 32 bits; callers with an int extend the sign. */
	uint32_t number = (uint32_t)request;
	struct shim_device device;
	int error = errno, result;

	if (_IOC_TYPE(number) != IPMI_IOC_MAGIC || !shim_identify(fd, &device)) {
		errno = error;
		return false;
	}
	result = shim_ioctl(fd, &device, number, argument);
	errno = result < 0 ? -result : error;
	*ret_result = result < 0 ? -1 : result;
	return true;
}

#define IOCTL_VARIADIC(name)                                                                       \
	EXPORT int name(int fd, unsigned long request, ...)                                        \
	{                                                                                          \
		int (*next)(int, unsigned long, ...) =                                             \
			(int (*)(int, unsigned long, ...))NEXT(#name);                             \
		va_list arguments;                                                                 \
		void *argument;                                                                    \
		int result;                                                                        \
                                                                                                   \
		va_start(arguments, request);                                                      \
		argument = va_arg(arguments, void *);                                              \
		va_end(arguments);                                                                 \
		return controlled(fd, request, argument, &result) ? result                         \
								  : next(fd, request, argument);   \
	}

IOCTL_VARIADIC(ioctl)
#ifndef __LP64__
/* What ioctl is called where time_t has 64 bits and long has 32. */
IOCTL_VARIADIC(__ioctl_time64)
#endif

/* FreeIPMI asks who it is before it opens the device, and gives up if it is not root. */
static bool fake_root(void)
{
	const char *fake = getenv("VIPMI_FAKE_ROOT");

	return fake && strcmp(fake, "1") == 0;
}

EXPORT uid_t getuid(void)
{
	uid_t (*next)(void) = (uid_t(*)(void))NEXT("getuid");

	return fake_root() ? 0 : next();
}

EXPORT uid_t geteuid(void)
{
	uid_t (*next)(void) = (uid_t(*)(void))NEXT("geteuid");

	return fake_root() ? 0 : next();
}
