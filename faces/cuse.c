/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CUSE face: /dev/ipmiN nodes for programs that were written for the kernel's
 * driver and that no shim helps, such as static ones, and for containers, which
 * then need that one device only. Each open file is a client with one handle.
 *
 * All on the agent's one thread. The kernel hands us one message a read, and every
 * one is replied to at once, but for an IOCTL that must ask the controller first.
 * When we die the kernel takes the nodes away, and fails whoever has one open.
 */
#include "faces/cuse.h"

#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

static struct cuse_face *cuse_face_of(struct face *face)
{
	return container_of(face, struct cuse_face, face);
}

/* ---- what the kernel says ---- */

/* Somebody tore the node down (/sys/class/cuse, or a forced unload): whoever had it open has heard
 * so from the kernel. */
static void node_lost(struct cuse_face *face, struct cuse_node *node)
{
	uint16_t number = (uint16_t)(node - face->nodes);
	char line[64];
	uint32_t i;

	snprintf(line, sizeof(line), "/dev/%s: the kernel took it away", node->order.name);
	face->host.log(face->host.context, line);
	for (i = 1; i < face->files_max; i++) {
		if (face->files[i].open && face->files[i].node == number) {
			cuse_file_close(face, &face->files[i]);
		}
	}
	close(node->fd);
	node->fd = -1;
}

static void node_open(
	struct cuse_face *face, struct cuse_node *node, const struct cuse_request *request)
{
	const struct core_credentials credentials = {
		.uid = request->uid, .gid = request->gid, .pid = request->pid};
	int error = 0;
	struct cuse_file *file =
		cuse_file_open(face, (uint16_t)(node - face->nodes), &credentials, &error);

	if (file) {
		cuse_reply_open(node->fd, request->unique, cuse_file_name(face, file));
	} else {
		cuse_reply_error(node->fd, request->unique, error);
	}
}

/* A descriptor that was passed on is a virtual controller that was passed on: as with every file,
 * what its opener may do counts. The one who uses it is named to the administrator, once. */
static void node_caller(
	struct cuse_face *face, struct cuse_file *file, const struct cuse_request *request)
{
	const struct core_credentials *opener = &file->session.credentials;
	char line[128];

	if (request->uid == opener->uid || file->lent) {
		return;
	}
	file->lent = true;
	snprintf(line, sizeof(line),
		"client %u (pid %u, uid %u): its open node is used by uid %u, pid %u",
		file->session.client, opener->pid, opener->uid, request->uid, request->pid);
	face->host.log(face->host.context, line);
}

/* What concerns an open file. */
static void node_file(struct cuse_face *face, struct cuse_node *node, struct cuse_file *file,
	const struct cuse_request *request)
{
	switch (request->opcode) {
	case FUSE_IOCTL:
		node_caller(face, file, request);
		cuse_file_ioctl(face, file, request);
		break;
	case FUSE_POLL:
		if (request->notify) {
			file->notify = true;
			file->poll = request->poll;
		}
		cuse_reply_poll(node->fd, request->unique, cuse_file_events(file));
		break;
	default: /* FUSE_RELEASE */
		cuse_file_close(face, file);
		cuse_reply_error(node->fd, request->unique, 0);
		break;
	}
}

static void node_message(
	struct cuse_face *face, struct cuse_node *node, const struct cuse_request *request)
{
	struct cuse_file *file;

	switch (request->opcode) {
	case FUSE_OPEN:
		node_open(face, node, request);
		break;
	case FUSE_IOCTL:
	case FUSE_POLL:
	case FUSE_RELEASE:
		file = cuse_file_find(face, request->file);
		if (file) {
			node_file(face, node, file, request);
		} else {
			cuse_reply_error(node->fd, request->unique, -ENODEV);
		}
		break;
	case FUSE_INTERRUPT: /* is not replied to */
		cuse_file_interrupt(face, request->file);
		break;
	case FUSE_READ:
	case FUSE_WRITE: /* as the driver's */
		cuse_reply_error(node->fd, request->unique, -EINVAL);
		break;
	default:
		cuse_reply_error(node->fd, request->unique, -ENOSYS);
		break;
	}
}

/* How many messages to take now. To look for one more costs a read, which is in vain while programs
 * come one by one; epoll tells of those that are left. */
static uint32_t node_most(struct cuse_node *node)
{
	if (node->turns >= CUSE_LOOK_EVERY) {
		node->turns = 0;
		return CUSE_BURST;
	}
	node->turns++;
	return 1;
}

static uint32_t face_ready(struct face *base, uint64_t token, uint32_t events, uint64_t now_ns)
{
	struct cuse_face *face = cuse_face_of(base);
	struct cuse_node *node = &face->nodes[token & FACE_TOKEN_MASK];
	uint32_t count = 0, most = node_most(node);
	struct cuse_request request;

	(void)events; /* an error shows in the read */
	face->now_ns = now_ns;
	while (count < most && node->fd >= 0) {
		ssize_t length = read(node->fd, face->message, sizeof(face->message));

		if (length < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOENT)) {
			break; /* ENOENT: the caller was killed meanwhile */
		}
		count++;
		if (length <= 0) {
			node_lost(face, node);
		} else if (cuse_decode(face->message, (size_t)length, &request) == 0) {
			node_message(face, node, &request);
		} else {
			face->host.log(face->host.context, "a message of the kernel's is none");
		}
	}
	if (count > 1) {
		node->turns = CUSE_LOOK_EVERY; /* there may be several the next time, too */
	}
	return count;
}

/* ---- the agent's side ---- */

static void face_act(struct face *base, const struct core_action *action)
{
	struct cuse_face *face = cuse_face_of(base);
	struct cuse_file *file;
	int result = 0;

	if (action->type == CORE_ACTION_DELIVER) {
		file = cuse_file_find(face, action->deliver.cookie);
		result = file ? cuse_file_deliver(face, file, &action->deliver) : -EPIPE;
	}
	/* CREDIT: who had none was told EBUSY, and tries again by itself. */
	core_done(face->host.core, action->id, result);
}

static void face_flush(struct face *base, uint64_t now_ns)
{
	cuse_face_of(base)->now_ns = now_ns; /* nothing is left open */
}

static uint64_t face_deadline(const struct face *base)
{
	(void)base;
	return TIME_NEVER;
}

static void face_expire(struct face *base, uint64_t now_ns)
{
	cuse_face_of(base)->now_ns = now_ns;
}

static int face_kick(struct face *base, uint32_t client)
{
	struct cuse_face *face = cuse_face_of(base);
	uint32_t i;

	for (i = 1; i < face->files_max; i++) {
		if (face->files[i].open && face->files[i].session.client == client) {
			cuse_file_end(face, &face->files[i]);
			return 0;
		}
	}
	return -ENOENT;
}

static void face_close(struct face *base)
{
	struct cuse_face *face;
	uint32_t i;

	if (!base) {
		return;
	}
	face = cuse_face_of(base);
	for (i = 0; i < face->nodes_count; i++) {
		if (face->nodes[i].fd >= 0) {
			close(face->nodes[i].fd);
		}
	}
	if (face->files) {
		munmap(face->files, face->files_max * sizeof(*face->files));
	}
	free(face);
}

/* ---- opening ---- */

/* The kernel's first word, and ours: then the node is there. */
static int node_begin(struct cuse_face *face, struct cuse_node *node, char *error, size_t size)
{
	ssize_t length = read(node->fd, face->message, sizeof(face->message));
	struct cuse_request request;

	if (length <= 0 || cuse_decode(face->message, (size_t)length, &request) ||
		request.opcode != CUSE_INIT) {
		snprintf(error, size, "/dev/cuse: the kernel is too old, or it is no CUSE");
		return -EPROTO;
	}
	cuse_reply_init(node->fd, request.unique, node->order.name);
	return cuse_device_give(&node->order, error, size);
}

static int node_make(
	struct cuse_face *face, const char *text, const char *end, char *error, size_t error_size)
{
	struct cuse_node *node = &face->nodes[face->nodes_count];
	struct epoll_event event = {
		.events = EPOLLIN, .data.u64 = face->host.token | face->nodes_count};
	int result;

	if (face->nodes_count == CUSE_NODES_MAX) {
		snprintf(error, error_size, "--cuse: more than %u nodes", CUSE_NODES_MAX);
		return -ENOSPC;
	}
	result = cuse_order_read(text, end, &node->order, error, error_size);
	if (result < 0) {
		return result;
	}
	node->fd = cuse_device_open(&node->order, error, error_size);
	if (node->fd < 0) {
		return node->fd;
	}
	face->nodes_count++;
	result = node_begin(face, node, error, error_size);
	if (result == 0 && (fcntl(node->fd, F_SETFL, O_NONBLOCK) ||
				   epoll_ctl(face->host.epoll, EPOLL_CTL_ADD, node->fd, &event))) {
		result = -errno;
		snprintf(error, error_size, "/dev/%s: %s", node->order.name, strerror(errno));
	}
	return result;
}

static struct cuse_face *face_create(const struct face_host *host, uint64_t now_ns)
{
	struct cuse_face *face = calloc(1, sizeof(*face));
	void *memory;

	if (!face) {
		return NULL;
	}
	face->face.ops = &cuse_face;
	face->host = *host;
	face->now_ns = now_ns;
	list_init(&face->asking);
	session_host_init(&face->session_host, &face->session_context, &face->host, &face->now_ns);
	core_status(host->core, &face->scratch.status);
	face->files_max = 1 + face->scratch.status.handles_max;
	/* Pages that no file ever used cost nothing. */
	memory = mmap(NULL, face->files_max * sizeof(*face->files), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED) {
		free(face);
		return NULL;
	}
	face->files = memory;
	face->free_slot = 1;
	return face;
}

static int face_open(const char *options, uint64_t now_ns, const struct face_host *host,
	char *error, size_t error_size, struct face **ret_face)
{
	struct cuse_face *face = face_create(host, now_ns);
	const char *line, *end;
	int result = 0;

	if (!face) {
		snprintf(error, error_size, "--cuse: no memory");
		return -ENOMEM;
	}
	for (line = options; result == 0 && line; line = *end ? end + 1 : NULL) {
		end = line + strcspn(line, "\n");
		result = node_make(face, line, end, error, error_size);
	}
	if (result < 0) {
		face_close(&face->face);
		return result;
	}
	*ret_face = &face->face;
	return 0;
}

const struct face_ops cuse_face = {
	.name = "cuse",
	.usage = "ipmiN[,mode=MODE][,owner=USER][,group=GROUP]",
	.open = face_open,
	.act = face_act,
	.flush = face_flush,
	.ready = face_ready,
	.deadline = face_deadline,
	.expire = face_expire,
	.kick = face_kick,
	.close = face_close,
};
