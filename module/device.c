// SPDX-License-Identifier: BSD-2-Clause
/*
 * /dev/vipmiN: each open is a connection, each write and each read one message
 * of the socket protocol. Who begins with an ioctl call speaks the kernel driver's
 * interface instead (ioctl.c).
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/uaccess.h>

#include "module/compat.h"
#include "module/vipmi.h"

/* Every controller's device is there. Before, the module may still fail to load, and then nobody
 * may have one open. */
static bool serving;

/* ---- the outbox ---- */

bool program_room(struct program *program)
{
	return kfifo_avail(&program->outbox) >= OUTBOX_RESERVE;
}

static void program_wake(struct program *program)
{
	wake_up_interruptible(&program->wait);
	kill_fasync(&program->async, SIGIO, POLL_IN);
}

/* A reply, for which there is room: nothing is received without. */
void program_say(struct program *program, int length)
{
	spin_lock_bh(&program->outbox_lock);
	if (length > 0 && !kfifo_in(&program->outbox, program->reply, length)) {
		WARN_ONCE(1, "vipmi: no room for a reply\n");
	}
	if (session_ended(&program->session)) {
		program->ended = true;
	}
	spin_unlock_bh(&program->outbox_lock);
}

size_t program_peek(struct program *program, u8 *message)
{
	return kfifo_out_peek(&program->outbox, message, VIPMI_MESSAGE_MAX);
}

size_t program_pop(struct program *program, u8 *message)
{
	return kfifo_out(&program->outbox, message, VIPMI_MESSAGE_MAX);
}

int program_deliver(struct program *program, const u8 *message, size_t length)
{
	int result = 0;

	if (!program_expects(program, message, length)) {
		return 0;
	}
	spin_lock_bh(&program->outbox_lock);
	if (program->ended) {
		result = -EPIPE;
	} else if (kfifo_avail(&program->outbox) < length + 2 + OUTBOX_RESERVE) {
		result = -EAGAIN;
	} else {
		kfifo_in(&program->outbox, message, length);
	}
	spin_unlock_bh(&program->outbox_lock);
	if (result == 0) {
		program_wake(program);
	}
	return result;
}

/* Enough for the longest delivery; an empty outbox always has that. */
static bool outbox_deliverable(struct program *program)
{
	return kfifo_avail(&program->outbox) >= 2 * OUTBOX_RESERVE;
}

bool program_block(struct program *program)
{
	bool writable;

	spin_lock_bh(&program->outbox_lock);
	writable = outbox_deliverable(program);
	program->blocked = !writable;
	spin_unlock_bh(&program->outbox_lock);
	return writable;
}

void program_unblock(struct program *program)
{
	bool unblocked;

	spin_lock_bh(&program->outbox_lock);
	unblocked = program->blocked && outbox_deliverable(program);
	if (unblocked) {
		program->blocked = false;
	}
	spin_unlock_bh(&program->outbox_lock);
	if (unblocked) {
		struct core_event event = {
			.type = CORE_EVENT_CLIENT_WRITABLE,
			.client = {.client = READ_ONCE(program->session.client)},
		};

		/* Refused only if the client was dismissed meanwhile. */
		(void)controller_step(program->controller, &event);
	}
}

void program_credit(struct program *program)
{
	WRITE_ONCE(program->throttled, false);
	program_wake(program);
}

/* Rows of the listing under way, as many as fit. With write_mutex. */
static void program_list(struct program *program)
{
	while (session_listing(&program->session) && program_room(program)) {
		program_say(program, session_row(&program->session, &program->controller->host,
					     &program->scratch, program->reply));
	}
}

/* ---- the end of a connection ---- */

static const char *dismissal_text(enum vipmi_reason reason)
{
	return reason == VIPMI_REASON_KICKED ? "an administrator ended the connection"
					     : "the module is out of order, see the kernel's log";
}

static void dismissal(struct work_struct *work)
{
	struct program *program = container_of(work, struct program, dismissal);
	int length;

	mutex_lock(&program->write_mutex);
	if (!session_ended(&program->session)) {
		length = session_refuse(&program->session, program->dismissed,
			dismissal_text(program->dismissed), program->reply);
		program_say(program, program_room(program) ? length : 0);
	}
	session_close(&program->session, &program->controller->host, &program->scratch);
	mutex_unlock(&program->write_mutex);
	program_wake(program);
}

void program_dismiss(struct program *program, enum vipmi_reason reason)
{
	program->dismissed = reason;
	schedule_work(&program->dismissal);
}

/* ---- file operations ---- */

static int program_open(struct inode *inode, struct file *file)
{
	/* misc_open leaves it there. */
	struct controller *controller = container_of(file->private_data, struct controller, device);
	struct core_credentials credentials = {
		.uid = from_kuid_munged(&init_user_ns, file->f_cred->euid),
		.gid = from_kgid_munged(&init_user_ns, file->f_cred->egid),
		.pid = task_tgid_nr(current),
	};
	struct program *program;
	int result;

	if (!READ_ONCE(serving)) {
		return -ENXIO;
	}
	program = kvzalloc(sizeof(*program), GFP_KERNEL_ACCOUNT);
	if (!program) {
		return -ENOMEM;
	}
	program->controller = controller;
	mutex_init(&program->write_mutex);
	mutex_init(&program->read_mutex);
	spin_lock_init(&program->outbox_lock);
	INIT_KFIFO(program->outbox);
	init_waitqueue_head(&program->wait);
	INIT_WORK(&program->dismissal, dismissal);
	result = xa_alloc_cyclic_bh(&controller->programs, &program->cookie, program, xa_limit_31b,
		&controller->cookie_next, GFP_KERNEL);
	if (result < 0) {
		kvfree(program);
		return result;
	}
	/* One too many is let in to be told so: the ERROR waits to be read. */
	program_say(program, session_open(&program->session, &controller->host, &program->scratch,
				     program->cookie, &credentials, program->reply));
	file->private_data = program;
	return stream_open(inode, file);
}

static int program_release(struct inode *inode, struct file *file)
{
	struct program *program = file->private_data;
	struct controller *controller = program->controller;

	xa_erase_bh(&controller->programs, program->cookie);
	/* Nobody finds it any more, so nobody dismisses it anew. */
	cancel_work_sync(&program->dismissal);
	session_close(&program->session, &controller->host, &program->scratch);
	kvfree(program->driver);
	kvfree(program);
	return 0;
}

static bool program_writable(struct program *program)
{
	return READ_ONCE(program->ended) ||
	       (!READ_ONCE(program->throttled) && !session_listing(&program->session) &&
		       program_room(program));
}

int program_receive(struct program *program, const u8 *message, size_t length)
{
	int result;

	/* Set before, since the credit may come before session_receive returns. */
	WRITE_ONCE(program->throttled, true);
	result = session_receive(&program->session, &program->controller->host, &program->scratch,
		message, length, program->reply);
	if (result != -EAGAIN) {
		WRITE_ONCE(program->throttled, false);
	}
	return result;
}

/* Takes one message in, with write_mutex. -EAGAIN: not now, and nothing happened. */
static int program_take(struct program *program, const char __user *bytes, size_t count)
{
	int result;

	if (program->driver) {
		return -EINVAL;
	}
	if (program->ended) {
		return -EPIPE;
	}
	if (session_listing(&program->session) || !program_room(program)) {
		return -EAGAIN;
	}
	if (copy_from_user(program->inbound, bytes, count)) {
		return -EFAULT;
	}
	result = program_receive(program, program->inbound, count);
	if (result == -EAGAIN) {
		return result;
	}
	program_say(program, result);
	program_list(program);
	program_wake(program);
	return 0;
}

static ssize_t program_write(
	struct file *file, const char __user *bytes, size_t count, loff_t *position)
{
	struct program *program = file->private_data;
	int result;

	if (count > VIPMI_MESSAGE_MAX) {
		return -EMSGSIZE;
	}
	for (;;) {
		result = mutex_lock_interruptible(&program->write_mutex);
		if (result) {
			return result;
		}
		result = program_take(program, bytes, count);
		mutex_unlock(&program->write_mutex);
		if (result != -EAGAIN || file->f_flags & O_NONBLOCK) {
			return result ? result : (ssize_t)count;
		}
		result = wait_event_interruptible(program->wait, program_writable(program));
		if (result) {
			return result;
		}
	}
}

/* Waits until there is something to read, with read_mutex on return: 0. Or the end: -EPIPE. */
static int program_await(struct program *program, bool block)
{
	int result;

	for (;;) {
		result = mutex_lock_interruptible(&program->read_mutex);
		if (result) {
			return result;
		}
		if (!kfifo_is_empty(&program->outbox)) {
			return 0;
		}
		result = READ_ONCE(program->ended) ? -EPIPE : -EAGAIN;
		mutex_unlock(&program->read_mutex);
		if (result != -EAGAIN || !block) {
			return result;
		}
		result = wait_event_interruptible(program->wait,
			!kfifo_is_empty(&program->outbox) || READ_ONCE(program->ended));
		if (result) {
			return result;
		}
	}
}

static ssize_t program_read(struct file *file, char __user *bytes, size_t count, loff_t *position)
{
	struct program *program = file->private_data;
	unsigned int copied = 0;
	int result;

	if (READ_ONCE(program->driver)) {
		return -EINVAL;
	}
	result = program_await(program, !(file->f_flags & O_NONBLOCK));
	if (result) {
		return result == -EPIPE ? 0 : result;
	}
	if (kfifo_peek_len(&program->outbox) > count) {
		mutex_unlock(&program->read_mutex);
		return -EMSGSIZE;
	}
	result = kfifo_to_user(&program->outbox, bytes, count, &copied);
	mutex_unlock(&program->read_mutex);
	if (result) {
		return result;
	}
	if (session_listing(&program->session)) {
		mutex_lock(&program->write_mutex);
		program_list(program);
		mutex_unlock(&program->write_mutex);
	}
	program_unblock(program);
	program_wake(program);
	return copied;
}

static __poll_t program_poll(struct file *file, poll_table *table)
{
	struct program *program = file->private_data;
	__poll_t ready = 0;

	poll_wait(file, &program->wait, table);
	if (!kfifo_is_empty(&program->outbox)) {
		ready |= EPOLLIN | EPOLLRDNORM;
	}
	if (READ_ONCE(program->ended)) {
		ready |= EPOLLIN | EPOLLRDNORM | EPOLLHUP;
	} else if (!READ_ONCE(program->driver) && program_writable(program)) {
		ready |= EPOLLOUT | EPOLLWRNORM;
	}
	return ready;
}

static int program_fasync(int fd, struct file *file, int on)
{
	struct program *program = file->private_data;

	return fasync_helper(fd, file, on, &program->async);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = program_open,
	.release = program_release,
	.read = program_read,
	.write = program_write,
	.poll = program_poll,
	.fasync = program_fasync,
	.unlocked_ioctl = program_ioctl,
	.compat_ioctl = program_ioctl_compat,
	.llseek = compat_no_llseek,
};

int program_device_register(struct controller *controller)
{
	int result;

	controller->device = (struct miscdevice){
		.minor = MISC_DYNAMIC_MINOR,
		.name = controller->name,
		.fops = &operations,
		.mode = 0660,
	};
	result = misc_register(&controller->device);
	if (result) {
		pr_err("%s: no device can be made (%d)\n", controller->name, result);
	}
	return result;
}

void program_device_unregister(struct controller *controller)
{
	misc_deregister(&controller->device);
}

void program_devices_serve(void)
{
	WRITE_ONCE(serving, true);
}
