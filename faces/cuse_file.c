/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One open file of a node: a session with one handle, and the driver's calls on it.
 */
#include "faces/cuse.h"

#include <poll.h>
#include <unistd.h>

#include "base/assert.h"

#define SLOT_BITS 24
#define SLOT_MASK ((1u << SLOT_BITS) - 1)

/* IPMI 2.0 section 22.24, table 6-3: the medium of a channel. */
#define CMD_GET_CHANNEL_INFO 0x42
#define CHANNEL_INFO_MEDIUM 2 /* behind completion code and channel */
#define CHANNEL_MEDIUM_MASK 0x7F
#define CHANNEL_MEDIUM_IPMB 1

/* ---- the program's queue ---- */

static bool queue_empty(const struct cuse_file *file)
{
	return file->first == file->last;
}

static bool queue_put(struct cuse_file *file, const uint8_t *bytes, size_t length)
{
	uint16_t size = (uint16_t)length;

	if (sizeof(size) + length > CUSE_QUEUE_BYTES - file->last) {
		memmove(file->queue, file->queue + file->first, file->last - file->first);
		file->last -= file->first;
		file->first = 0;
	}
	if (sizeof(size) + length > CUSE_QUEUE_BYTES - file->last) {
		return false;
	}
	memcpy(file->queue + file->last, &size, sizeof(size));
	memcpy(file->queue + file->last + sizeof(size), bytes, length);
	file->last += (uint32_t)(sizeof(size) + length);
	return true;
}

/* The first record, which stays. */
static const uint8_t *queue_first(const struct cuse_file *file, size_t *ret_length)
{
	uint16_t size;

	memcpy(&size, file->queue + file->first, sizeof(size));
	*ret_length = size;
	return file->queue + file->first + sizeof(size);
}

/* Back to the beginning when it is empty: who reads what it gets, touches one page. */
static void queue_drop(struct cuse_file *file)
{
	size_t length;

	(void)queue_first(file, &length);
	file->first += (uint32_t)(sizeof(uint16_t) + length);
	if (file->first == file->last) {
		file->first = 0;
		file->last = 0;
	}
}

uint32_t cuse_file_events(const struct cuse_file *file)
{
	if (session_ended(&file->session)) {
		return POLLERR | POLLHUP;
	}
	return queue_empty(file) ? 0 : POLLIN | POLLRDNORM;
}

static void file_wake(struct cuse_face *face, struct cuse_file *file)
{
	if (file->notify) {
		file->notify = false;
		cuse_notify(face->nodes[file->node].fd, file->poll);
	}
}

/* ---- from open to close ---- */

uint64_t cuse_file_name(const struct cuse_face *face, const struct cuse_file *file)
{
	return face->host.token | (uint64_t)file->generation << SLOT_BITS |
	       (uint64_t)(file - face->files);
}

struct cuse_file *cuse_file_find(struct cuse_face *face, uint64_t name)
{
	uint64_t slot = name & SLOT_MASK;
	struct cuse_file *file = &face->files[slot];

	if (slot >= face->files_max || !file->open ||
		file->generation != (name & FACE_TOKEN_MASK) >> SLOT_BITS) {
		return NULL;
	}
	return file;
}

/* Says one message to the agent. What the agent replies lies in face->reply then. */
static int file_say(struct cuse_face *face, struct cuse_file *file, const uint8_t *bytes,
	size_t length, struct socket_message *ret_reply)
{
	int reply = session_receive(
		&file->session, &face->session_host, &face->scratch, bytes, length, face->reply);

	if (reply > 0 && socket_decode(face->reply, (size_t)reply, ret_reply)) {
		return -ENODEV; /* our own session speaks so that we understand */
	}
	return reply;
}

/* HELLO, and OPEN. */
static int file_greet(struct cuse_face *face, struct cuse_file *file)
{
	const struct socket_header hello_header = {.type = VIPMI_MESSAGE_HELLO};
	const struct socket_header open_header = {
		.type = VIPMI_MESSAGE_OPEN, .class = VIPMI_CLASS_NORMAL};
	const struct socket_hello hello = {
		.lowest = VIPMI_PROTOCOL_VERSION_LOWEST, .highest = VIPMI_PROTOCOL_VERSION_HIGHEST};
	struct socket_message *reply = &face->driver_scratch.reply;
	uint8_t *bytes = face->driver_scratch.bytes;
	struct writer writer = writer_init(bytes, VIPMI_MESSAGE_MAX);

	socket_begin(&writer, &hello_header);
	socket_put_hello(&writer, false, &hello);
	if (file_say(face, file, bytes, (size_t)socket_end(&writer), reply) <= 0 ||
		session_ended(&file->session)) {
		return -ENODEV;
	}
	writer = writer_init(bytes, VIPMI_MESSAGE_MAX);
	socket_begin(&writer, &open_header);
	if (file_say(face, file, bytes, (size_t)socket_end(&writer), reply) <= 0) {
		return -ENODEV;
	}
	file->handle = reply->header.handle;
	return driver_open_errno(reply->header.reason);
}

/* In a slot that is free. */
static int file_open(struct cuse_face *face, struct cuse_file *file, uint16_t node,
	const struct core_credentials *credentials)
{
	int result;

	file->open = true;
	file->node = node;
	file->requests = 0;
	file->blocked = false;
	file->notify = false;
	file->lent = false;
	file->habit.number = 0;
	file->first = 0;
	file->last = 0;
	list_init(&file->asking);
	driver_settings_init(&file->settings);
	(void)session_open(&file->session, &face->session_host, &face->scratch,
		cuse_file_name(face, file), credentials, face->reply);
	result = session_ended(&file->session) ? -EBUSY : file_greet(face, file);
	if (result < 0) {
		session_close(&file->session, &face->session_host, &face->scratch);
		file->open = false;
	}
	return result;
}

struct cuse_file *cuse_file_open(struct cuse_face *face, uint16_t node,
	const struct core_credentials *credentials, int *ret_error)
{
	struct cuse_file *file = &face->files[face->free_slot];

	if (face->free_slot >= face->files_max) {
		*ret_error = -EBUSY;
		return NULL;
	}
	*ret_error = file_open(face, file, node, credentials);
	if (*ret_error < 0) {
		return NULL;
	}
	face->free_slot = file->next_free ? file->next_free : face->free_slot + 1;
	return file;
}

void cuse_file_end(struct cuse_face *face, struct cuse_file *file)
{
	session_close(&file->session, &face->session_host, &face->scratch);
	if (list_linked(&file->asking)) {
		list_remove(&file->asking);
		cuse_reply_ioctl(face->nodes[file->node].fd, file->unique, -ENODEV, NULL, 0);
	}
	file_wake(face, file);
}

void cuse_file_close(struct cuse_face *face, struct cuse_file *file)
{
	file->notify = false;
	cuse_file_end(face, file);
	file->open = false;
	file->generation = (file->generation + 1) & SLOT_MASK;
	file->next_free = face->free_slot;
	face->free_slot = (uint32_t)(file - face->files);
}

/* ---- messages ---- */

static struct cuse_file *call_file(void *context)
{
	return ((struct cuse_face *)context)->call.file;
}

/* What a program may send without reading is bounded, as with the driver. */
static int file_send(
	struct cuse_face *face, struct cuse_file *file, const uint8_t *bytes, size_t length)
{
	struct socket_header header;
	bool answered;
	int reply;

	if (session_ended(&file->session) || socket_header_decode(bytes, length, &header)) {
		return -ENODEV;
	}
	answered = header.type == VIPMI_MESSAGE_REQUEST || header.type == VIPMI_MESSAGE_RESPOND;
	if (answered && (file->requests >= CUSE_REQUESTS_MAX || file->blocked)) {
		return -EBUSY;
	}
	reply = session_receive(
		&file->session, &face->session_host, &face->scratch, bytes, length, face->reply);
	if (session_ended(&file->session)) {
		return -ENODEV;
	}
	if (reply == -EAGAIN || (reply > 0 && !queue_put(file, face->reply, (size_t)reply))) {
		return -EBUSY; /* no credit; or the refusal finds no room */
	}
	if (reply > 0) {
		file_wake(face, file);
	}
	file->requests += answered;
	return 0;
}

/* Keeps the message until the channel's medium is known. */
static int file_wait(
	struct cuse_face *face, struct cuse_file *file, const uint8_t *bytes, size_t length);

static int call_send(void *context, const uint8_t *bytes, size_t length)
{
	struct cuse_face *face = context;

	return face->call.ask >= 0 ? file_wait(face, face->call.file, bytes, length)
				   : file_send(face, face->call.file, bytes, length);
}

static int call_ask(
	void *context, const uint8_t *bytes, size_t length, struct socket_message *ret_reply)
{
	struct cuse_file *file = call_file(context);

	if (session_ended(&file->session)) {
		return -ENODEV;
	}
	return file_say(context, file, bytes, length, ret_reply) > 0 ? 0 : -ENODEV;
}

static void file_taken(
	struct cuse_face *face, struct cuse_file *file, const uint8_t *bytes, size_t length)
{
	struct socket_header header;

	if (socket_header_decode(bytes, length, &header) == 0 &&
		header.type == VIPMI_MESSAGE_ANSWER) {
		file->requests--;
	}
	queue_drop(file);
	if (file->blocked) {
		file->blocked = false;
		face->scratch.event = (struct core_event){.type = CORE_EVENT_CLIENT_WRITABLE,
			.client = {.client = file->session.client}};
		/* It can only say that the core is broken: the pump sees. */
		(void)face->session_host.step(face->session_host.context, &face->scratch.event);
	}
}

static int call_receive(
	void *context, bool take, uint8_t bytes[VIPMI_MESSAGE_MAX], size_t *ret_length)
{
	struct cuse_file *file = call_file(context);
	const uint8_t *first;

	if (session_ended(&file->session)) {
		return -ENODEV;
	}
	if (queue_empty(file)) {
		return -EAGAIN;
	}
	first = queue_first(file, ret_length);
	memcpy(bytes, first, *ret_length);
	if (take) {
		((struct cuse_face *)context)->call.received = true;
		file_taken(context, file, bytes, *ret_length);
	}
	return 0;
}

static void call_settings_get(void *context, struct driver_settings *ret_settings)
{
	*ret_settings = call_file(context)->settings;
}

static int call_settings_set(void *context, const struct driver_settings *settings)
{
	call_file(context)->settings = *settings;
	return 0;
}

/* ---- channels ---- */

/* Channel 0 is an IPMB (IPMI 2.0 table 6-1). The driver asks for the others when it starts, we when
 * somebody uses one; whoever does so first, waits. */
static bool call_is_ipmb(void *context, short channel)
{
	struct cuse_face *face = context;

	if (channel <= 0 || channel >= (short)DRIVER_CHANNELS) {
		return channel == 0;
	}
	if (face->media[channel] == MEDIUM_UNKNOWN || face->media[channel] == MEDIUM_ASKED) {
		face->call.ask = channel;
		return true;
	}
	return face->media[channel] == MEDIUM_IPMB;
}

/* Asks as a client of its own: in the program's queue stands nothing that it does not expect. */
static int channel_ask(struct cuse_face *face, uint8_t channel)
{
	const struct core_credentials agent = {
		.uid = face->session_context.uid, .gid = getegid(), .pid = (uint32_t)getpid()};
	const struct ipmi_system_interface_addr addr = {
		.addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE, .channel = IPMI_BMC_CHANNEL};
	struct driver_request *request = &face->driver_scratch.request;
	struct cuse_file *self = &face->files[0];
	int length;

	if (!self->open && file_open(face, self, 0, &agent) < 0) {
		return -EBUSY;
	}
	*request = (struct driver_request){.msgid = channel,
		.netfn = VIPMI_NETFN_APP,
		.command = CMD_GET_CHANNEL_INFO,
		.data = {channel},
		.length = 1};
	memcpy(&request->addr, &addr, sizeof(addr));
	length = driver_request_encode(request, self->handle, face->driver_scratch.taken);
	return file_send(face, self, face->driver_scratch.taken, (size_t)length);
}

static int file_wait(
	struct cuse_face *face, struct cuse_file *file, const uint8_t *bytes, size_t length)
{
	uint8_t channel = (uint8_t)face->call.ask;
	int result = 0;

	if (list_linked(&file->asking)) {
		return -EBUSY; /* another thread waits already */
	}
	BASE_ASSERT(length <= sizeof(file->message));
	memcpy(file->message, bytes, length);
	file->length = (uint16_t)length;
	file->channel = channel;
	file->unique = face->call.request->unique;
	if (face->media[channel] == MEDIUM_UNKNOWN) {
		result = channel_ask(face, channel);
	}
	if (result == 0) {
		face->media[channel] = MEDIUM_ASKED;
		face->call.waits = true;
		list_push_back(&face->asking, &file->asking);
	}
	return result;
}

/* Ends the wait of a file: sends what it wanted to send, or says why not. */
static void file_go_on(struct cuse_face *face, struct cuse_file *file, int error)
{
	list_remove(&file->asking);
	if (error == 0) {
		error = file_send(face, file, file->message, file->length);
	}
	cuse_reply_ioctl(face->nodes[file->node].fd, file->unique, error, NULL, 0);
}

/* A channel's medium, or that the controller does not say: then the next one asks again. */
static void channel_learn(struct cuse_face *face, const struct core_deliver *deliver)
{
	uint8_t channel = deliver->tag & (DRIVER_CHANNELS - 1);
	/* The completion code is not in the data. */
	bool known = deliver->cc == VIPMI_CC_OK && deliver->length >= CHANNEL_INFO_MEDIUM;
	bool ipmb = known && (deliver->data[CHANNEL_INFO_MEDIUM - 1] & CHANNEL_MEDIUM_MASK) ==
				     CHANNEL_MEDIUM_IPMB;
	struct list_link *link, *next;

	face->files[0].requests--;
	face->media[channel] = !known ? MEDIUM_UNKNOWN : ipmb ? MEDIUM_IPMB : MEDIUM_OTHER;
	for (link = face->asking.next; link != &face->asking; link = next) {
		struct cuse_file *file = container_of(link, struct cuse_file, asking);

		next = link->next;
		if (file->channel == channel) {
			file_go_on(face, file, ipmb ? 0 : -EINVAL);
		}
	}
}

void cuse_file_interrupt(struct cuse_face *face, uint64_t unique)
{
	struct list_link *link;

	for (link = face->asking.next; link != &face->asking; link = link->next) {
		struct cuse_file *file = container_of(link, struct cuse_file, asking);

		if (file->unique == unique) {
			file_go_on(face, file, -EINTR);
			return;
		}
	}
}

int cuse_file_deliver(
	struct cuse_face *face, struct cuse_file *file, const struct core_deliver *deliver)
{
	struct socket_message *message = &face->driver_scratch.reply;
	int length;

	if (file == &face->files[0]) {
		channel_learn(face, deliver);
		return 0;
	}
	length = session_deliver(deliver, face->reply);
	if (socket_decode(face->reply, (size_t)length, message) ||
		!driver_message_expected(message)) {
		return 0;
	}
	if (!queue_put(file, face->reply, (size_t)length)) {
		file->blocked = true;
		return -EAGAIN;
	}
	file_wake(face, file);
	return 0;
}

/* ---- the call ---- */

void cuse_file_ioctl(
	struct cuse_face *face, struct cuse_file *file, const struct cuse_request *request)
{
	const struct driver_host host = {.context = face,
		.read = cuse_memory_read,
		.write = cuse_memory_write,
		.send = call_send,
		.ask = call_ask,
		.receive = call_receive,
		.is_ipmb = call_is_ipmb,
		.settings_get = call_settings_get,
		.settings_set = call_settings_set,
		.handle = file->handle};
	struct cuse_call *call = &face->call;
	int fd = face->nodes[file->node].fd, result;

	*call = (struct cuse_call){.file = file, .request = request, .ask = -1};
	result = driver_ioctl(&host, &face->driver_scratch, request->number, request->argument);
	if (result == CUSE_MORE_NEEDED) {
		cuse_memory_ask(call, fd);
	} else if (!call->waits) {
		cuse_memory_learn(call);
		cuse_reply_ioctl(fd, request->unique, result, call->data, call->data_length);
	}
}
