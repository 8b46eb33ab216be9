/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Opening: from a device's path to a socket with one handle of the agent, and
 * back from the socket to what it is.
 */
#include "client/shim/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "ipmi/socket.h"

/* An agent that does not answer for so long is no agent; a thousand programs that start at once
 * on a small machine are served in a tenth of it. */
#define SHIM_OPEN_TIMEOUT_S 10

/* Messages between our OPEN and its reply: HELLO, OPENED, and nothing else. */
#define HANDSHAKE_MESSAGES_MAX 4

#define SOCKET_DEFAULT "/run/vipmi/ipmi0.sock"

/* What our sockets are called: number, handle, serial. Later layouts take another word. */
#define NAME_FORMAT "vipmi-shim/%x/%08x/%016llx"
#define NAME_PREFIX "vipmi-shim/"
#define NAME_FIELDS 3

static void debug(const char *format, ...)
{
	va_list arguments;

	if (!getenv("VIPMI_DEBUG")) {
		return;
	}
	va_start(arguments, format);
	(void)vdprintf(STDERR_FILENO, format, arguments); /* nobody to tell if that fails */
	va_end(arguments);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int shim_path_number(const char *path)
{
	/* The longest first: each is a prefix of what the device's number follows. */
	static const char *const prefixes[] = {"/dev/ipmidev/", "/dev/ipmi/", "/dev/ipmi"};
	const char *at = NULL;
	unsigned number = 0;
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]) && !at; i++) {
		size_t length = strlen(prefixes[i]);

		if (strncmp(path, prefixes[i], length) == 0 && is_digit(path[length])) {
			at = path + length;
		}
	}
	if (!at || (at[0] == '0' && at[1] != '\0')) {
		return -1;
	}
	for (; is_digit(*at); at++) {
		number = number * 10 + (unsigned)(*at - '0');
		if (number > SHIM_NUMBER_MAX) {
			return -1;
		}
	}
	return *at == '\0' ? (int)number : -1;
}

/*
 * Where the agent of interface `number` listens: for 0 what VIPMI_TARGET says, or
 * the default; for others the same with the last number in its file name replaced.
 */
static int socket_path(unsigned number, struct sockaddr_un *ret_address)
{
	const char *target = getenv("VIPMI_TARGET");
	const char *first, *last;
	int length;

	if (!target || !*target) {
		target = SOCKET_DEFAULT;
	}
	last = target + strlen(target);
	while (last > target && !is_digit(last[-1]) && last[-1] != '/') {
		last--;
	}
	first = last;
	while (first > target && is_digit(first[-1])) {
		first--;
	}
	memset(ret_address, 0, sizeof(*ret_address));
	ret_address->sun_family = AF_UNIX;
	if (number == 0) {
		length = snprintf(
			ret_address->sun_path, sizeof(ret_address->sun_path), "%s", target);
	} else if (first == last) {
		return -ENOENT; /* its name has no number: it is the only one */
	} else {
		length = snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "%.*s%u%s",
			(int)(first - target), target, number, last);
	}
	return length < 0 || (size_t)length >= sizeof(ret_address->sun_path) ? -ENAMETOOLONG : 0;
}

static void timeout_set(int fd, int seconds)
{
	struct timeval timeout = {.tv_sec = seconds};

	/* Should it fail we wait for as long as the agent makes us. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
}

static int agent_connect(int fd, unsigned number)
{
	struct sockaddr_un address;
	int result = socket_path(number, &address);

	if (result < 0) {
		return result;
	}
	do {
		result = connect(fd, (const struct sockaddr *)&address, sizeof(address));
	} while (result < 0 && errno == EINTR);
	if (result == 0) {
		return 0;
	}
	debug("vipmi: /dev/ipmi%u: %s: %m\n", number, address.sun_path);
	switch (errno) {
	case EACCES:
	case EPERM:
		return -EACCES;
	case EAGAIN:
		return -EBUSY; /* its queue was full all the time */
	default:
		return -ENOENT; /* "device not found" is what tools make of it, and it is true */
	}
}

static int message_send(int fd, struct writer *writer)
{
	int length = socket_end(writer);

	if (length < 0) {
		return length;
	}
	/* Should the agent have hung up, its last word still waits to be read. */
	(void)send(fd, writer->start, (size_t)length, MSG_NOSIGNAL);
	return 0;
}

static int hello_send(int fd)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_HELLO};
	struct socket_hello hello = {
		.lowest = VIPMI_PROTOCOL_VERSION_LOWEST, .highest = VIPMI_PROTOCOL_VERSION_HIGHEST};

	socket_begin(&writer, &header);
	socket_put_hello(&writer, false, &hello);
	return message_send(fd, &writer);
}

static int open_send(int fd)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct writer writer = writer_init(bytes, sizeof(bytes));
	struct socket_header header = {.type = VIPMI_MESSAGE_OPEN, .class = VIPMI_CLASS_NORMAL};
	const char *name = getenv("VIPMI_NAME");

	socket_begin(&writer, &header);
	if (name && *name) {
		socket_put(&writer, VIPMI_EXTENSION_NAME, name, strnlen(name, VIPMI_NAME_MAX));
	}
	return message_send(fd, &writer);
}

/* Reads up to the reply to our OPEN. */
static int opened_receive(int fd, uint32_t *ret_handle)
{
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct socket_message message;
	ssize_t length;
	int i;

	for (i = 0; i < HANDSHAKE_MESSAGES_MAX; i++) {
		do {
			length = recv(fd, bytes, sizeof(bytes), 0);
		} while (length < 0 && errno == EINTR);
		if (length <= 0 || socket_decode(bytes, (size_t)length, &message) < 0) {
			return -ENODEV;
		}
		if (message.header.type == VIPMI_MESSAGE_HELLO) {
			continue;
		}
		if (message.header.type == VIPMI_MESSAGE_OPENED && !message.header.reason) {
			*ret_handle = message.header.handle;
			return 0;
		}
		debug("vipmi: the agent refuses: %.*s\n", (int)message.text.length,
			(const char *)message.text.bytes);
		return message.header.reason ? driver_open_errno(message.header.reason) : -ENODEV;
	}
	return -ENODEV;
}

/* Writes on the socket who it is. The name must be free, also on this machine's other agents. */
static int name_bind(int fd, const struct shim_device *device)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int length = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, NAME_FORMAT,
		device->number, device->handle, (unsigned long long)device->serial);

	return bind(fd, (const struct sockaddr *)&address,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) < 0
		       ? -errno
		       : 0;
}

static int name_take(int fd, struct shim_device *device)
{
	struct timespec now = {0};
	int result;

	/* A time and a process; where two threads meet, the next number. Never 0. */
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail */
	device->serial = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
	device->serial = (device->serial << 16) ^ (uint64_t)getpid();
	do {
		device->serial++;
		result = name_bind(fd, device);
	} while (result == -EADDRINUSE);
	return result;
}

static int handshake(int fd, unsigned number)
{
	struct shim_device device = {.number = number};
	int result = agent_connect(fd, number);

	if (result == 0) {
		result = hello_send(fd);
	}
	if (result == 0) {
		result = open_send(fd);
	}
	if (result == 0) {
		result = opened_receive(fd, &device.handle);
	}
	return result == 0 ? name_take(fd, &device) : result;
}

int shim_connect(unsigned number)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	uint8_t bytes[VIPMI_MESSAGE_MAX];
	struct socket_message message;
	ssize_t length;
	int result;

	if (fd < 0) {
		return -errno;
	}
	timeout_set(fd, SHIM_OPEN_TIMEOUT_S);
	result = agent_connect(fd, number);
	if (result == 0) {
		result = hello_send(fd);
	}
	if (result == 0) {
		do {
			length = recv(fd, bytes, sizeof(bytes), 0);
		} while (length < 0 && errno == EINTR);
		if (length <= 0 || socket_decode(bytes, (size_t)length, &message) < 0 ||
			message.header.type != VIPMI_MESSAGE_HELLO) {
			result = -ENODEV;
		}
	}
	if (result < 0) {
		close(fd);
		return result;
	}
	return fd;
}

int shim_open(unsigned number, int flags)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int result;

	if (fd < 0) {
		return -errno;
	}
	timeout_set(fd, SHIM_OPEN_TIMEOUT_S);
	result = handshake(fd, number);
	if (result < 0) {
		close(fd);
		return result;
	}
	timeout_set(fd, 0);
	/* These cannot fail on a socket of our own. */
	if (flags & O_NONBLOCK) {
		(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	}
	if (!(flags & O_CLOEXEC)) {
		(void)fcntl(fd, F_SETFD, 0);
	}
	return fd;
}

/* A number in hexadecimal up to `end`, which is passed. */
static bool hex_take(const char **at, const char *stop, char end, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *c = *at;

	for (; c < stop && *c != end; c++) {
		if (is_digit(*c)) {
			value = value << 4 | (uint64_t)(*c - '0');
		} else if (*c >= 'a' && *c <= 'f') {
			value = value << 4 | (uint64_t)(*c - 'a' + 10);
		} else {
			return false;
		}
	}
	*at = c < stop ? c + 1 : c;
	*ret_value = value;
	return true;
}

bool shim_identify(int fd, struct shim_device *ret_device)
{
	struct sockaddr_un address;
	socklen_t size = sizeof(address);
	const size_t prefix = offsetof(struct sockaddr_un, sun_path) + sizeof(NAME_PREFIX);
	uint64_t fields[NAME_FIELDS];
	const char *at, *stop;
	size_t i;

	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0 || size <= prefix ||
		size > sizeof(address) || address.sun_family != AF_UNIX ||
		address.sun_path[0] != '\0' ||
		memcmp(address.sun_path + 1, NAME_PREFIX, sizeof(NAME_PREFIX) - 1) != 0) {
		return false;
	}
	at = (const char *)&address + prefix;
	stop = (const char *)&address + size;
	for (i = 0; i < NAME_FIELDS; i++) {
		if (!hex_take(&at, stop, '/', &fields[i])) {
			return false;
		}
	}
	ret_device->number = (unsigned)fields[0];
	ret_device->handle = (uint32_t)fields[1];
	ret_device->serial = fields[2];
	return true;
}
