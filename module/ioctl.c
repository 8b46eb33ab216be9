// SPDX-License-Identifier: BSD-2-Clause
/*
 * /dev/vipmi0 as the kernel driver's device: whoever begins with one of its ioctl
 * calls gets a virtual controller of its own, and what the driver does, does.
 */
#include <linux/compat.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "module/vipmi.h"

bool program_expects(const struct program *program, const u8 *message, size_t length)
{
	struct socket_message decoded;

	return !READ_ONCE(program->driver) ||
	       (socket_decode(message, length, &decoded) == 0 && driver_message_expected(&decoded));
}

/* ---- what driver_ioctl asks ---- */

static int host_read(void *context, void *destination, u64 source, size_t length)
{
	return copy_from_user(destination, u64_to_user_ptr(source), length) ? -EFAULT : 0;
}

static int host_write(void *context, const struct driver_copy *copies, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (copy_to_user(u64_to_user_ptr(copies[i].destination), copies[i].source,
			    copies[i].length)) {
			return -EFAULT;
		}
	}
	return 0;
}

static int host_send(void *context, const u8 *message, size_t length)
{
	struct program *program = context;
	int result;

	if (session_ended(&program->session)) {
		return -ENODEV; /* dismissed, and it has not heard of it yet */
	}
	if (!program_room(program)) {
		return -EBUSY;
	}
	result = program_receive(program, message, length);
	if (result == -EAGAIN) {
		return -EBUSY; /* as the driver's, who has too many outstanding */
	}
	/* The core refused it: that is its answer. */
	program_say(program, result);
	return session_ended(&program->session) ? -ENODEV : 0;
}

static int host_ask(
	void *context, const u8 *message, size_t length, struct socket_message *ret_reply)
{
	struct program *program = context;
	int result;

	if (session_ended(&program->session)) {
		return -ENODEV; /* dismissed, and it has not heard of it yet */
	}
	if (!program_room(program)) {
		return -EBUSY;
	}
	result = program_receive(program, message, length);
	if (session_ended(&program->session)) {
		program_say(program, result);
		return -ENODEV;
	}
	return result > 0 && socket_decode(program->reply, result, ret_reply) == 0 ? 0 : -ENODEV;
}

static int host_receive(void *context, bool take, u8 *bytes, size_t *ret_length)
{
	struct program *program = context;

	*ret_length = take ? program_pop(program, bytes) : program_peek(program, bytes);
	if (*ret_length > 0) {
		return 0;
	}
	return READ_ONCE(program->ended) ? -ENODEV : -EAGAIN;
}

static bool host_is_ipmb(void *context, short channel)
{
	const struct program *program = context;

	return lower_is_ipmb(program->controller->lower, channel);
}

static void host_settings_get(void *context, struct driver_settings *ret_settings)
{
	*ret_settings = ((struct program *)context)->driver->settings;
}

static int host_settings_set(void *context, const struct driver_settings *settings)
{
	((struct program *)context)->driver->settings = *settings;
	return 0;
}

/* ---- the first call ---- */

static int greet(struct program *program, struct program_driver *driver)
{
	struct writer writer = writer_init(driver->scratch.bytes, sizeof(driver->scratch.bytes));
	const struct socket_header header = {.type = VIPMI_MESSAGE_HELLO};
	const struct socket_hello hello = {
		.lowest = VIPMI_PROTOCOL_VERSION_LOWEST, .highest = VIPMI_PROTOCOL_VERSION_HIGHEST};

	socket_begin(&writer, &header);
	socket_put_hello(&writer, false, &hello);
	return host_ask(
		program, driver->scratch.bytes, socket_end(&writer), &driver->scratch.reply);
}

/* Opens the virtual controller, named as the program that made the call. */
static int open_handle(struct program *program, struct program_driver *driver)
{
	struct writer writer = writer_init(driver->scratch.bytes, sizeof(driver->scratch.bytes));
	const struct socket_header header = {
		.type = VIPMI_MESSAGE_OPEN, .class = VIPMI_CLASS_NORMAL};
	char name[TASK_COMM_LEN];
	int result;

	get_task_comm(name, current);
	socket_begin(&writer, &header);
	socket_put(&writer, VIPMI_EXTENSION_NAME, name, strnlen(name, sizeof(name)));
	result = host_ask(
		program, driver->scratch.bytes, socket_end(&writer), &driver->scratch.reply);
	if (result) {
		return result;
	}
	driver->host.handle = driver->scratch.reply.header.handle;
	return driver_open_errno(driver->scratch.reply.header.reason);
}

/* With write_mutex. -ENOTTY: it speaks the protocol. */
static int program_become_driver(struct program *program)
{
	struct program_driver *driver;
	int result;

	if (session_ended(&program->session)) {
		return -EBUSY; /* not let in: too many connections */
	}
	if (program->session.state != SESSION_GREETING) {
		return -ENOTTY;
	}
	driver = kvzalloc(sizeof(*driver), GFP_KERNEL_ACCOUNT);
	if (!driver) {
		return -ENOMEM;
	}
	driver->host = (struct driver_host){
		.context = program,
		.read = host_read,
		.write = host_write,
		.send = host_send,
		.ask = host_ask,
		.receive = host_receive,
		.is_ipmb = host_is_ipmb,
		.settings_get = host_settings_get,
		.settings_set = host_settings_set,
	};
	driver_settings_init(&driver->settings);
	result = greet(program, driver);
	if (result == 0) {
		result = open_handle(program, driver);
	}
	if (result) {
		/* It will not do better next time. */
		session_close(&program->session, &program->controller->host, &program->scratch);
		WRITE_ONCE(program->ended, true);
		kvfree(driver);
		return result;
	}
	WRITE_ONCE(program->driver, driver);
	return 0;
}

static long ioctl(struct file *file, unsigned int request, u64 argument)
{
	struct program *program = file->private_data;
	int result;

	if (_IOC_TYPE(request) != IPMI_IOC_MAGIC) {
		return -ENOTTY;
	}
	result = mutex_lock_interruptible(&program->write_mutex);
	if (result) {
		return result;
	}
	if (!program->driver) {
		result = program_become_driver(program);
	}
	if (result == 0) {
		mutex_lock(&program->read_mutex);
		result = driver_ioctl(
			&program->driver->host, &program->driver->scratch, request, argument);
		mutex_unlock(&program->read_mutex);
		program_unblock(program);
	}
	mutex_unlock(&program->write_mutex);
	return result;
}

long program_ioctl(struct file *file, unsigned int request, unsigned long argument)
{
	return ioctl(file, request, argument);
}

long program_ioctl_compat(struct file *file, unsigned int request, unsigned long argument)
{
	return ioctl(file, request, (uintptr_t)compat_ptr(argument));
}
