/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The host's side of the VM serial protocol (ipmi/vm.h): what QEMU is to a
 * guest's controller, we are to it ourselves. OpenIPMI's ipmi_sim (`serial 15
 * ADDRESS PORT codec VM`) and vipmi-chassisd are what listens.
 *
 * States: WAITING for the next try, CONNECTING, GREETING (connected, nothing
 * heard yet), UP. A peer that never greets is taken for one that has nothing to
 * say and is UP after a moment; ipmi_sim, which has one client at a time, accepts
 * a second one and closes at once, and that is what the moment is for.
 *
 * Requests and answers are paired by the 8-bit number that the protocol has for
 * it. A number that was never answered rests: late, its answer would otherwise
 * meet another request.
 */
#include "links/table.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipmi/vm.h"
#include "links/endpoint.h"
#include "links/options.h"

/* A peer that comes back is met within a second: the longest pause and one whole try. */
#define RETRY_FIRST_NS (50 * NSEC_PER_MSEC_U64)
#define RETRY_MAX_NS (400 * NSEC_PER_MSEC_U64)
#define CONNECT_TIMEOUT_NS (500 * NSEC_PER_MSEC_U64)
/* How long a connection stays on trial when the peer says nothing; loopback takes microseconds. */
#define GREETING_NS (100 * NSEC_PER_MSEC_U64)
/* A connection that lasted less was none: it neither ends the pauses nor brings new lines. */
#define STABLE_NS (1 * NSEC_PER_SEC_U64)
/* A peer that acknowledges nothing for so long is gone; TCP itself would wait for minutes. */
#define PEER_SILENT_MS 2000

/* An unanswered number rests so long. The core is done with any request by then. */
#define NUMBER_REST_NS (60 * NSEC_PER_SEC_U64)
#define NUMBERS 256

#define READ_SIZE 4096
/* Room for the greeting and a full window of requests of common size; more is "not now". */
#define WRITE_SIZE 8192

/* What we offer: everything that QEMU does, so that the controller behaves as it does there. The
 * host's power is not ours, and what the controller asks for in that way is only logged. */
#define CAPABILITIES 0x3F

/* ipmi_sim drops longer requests without a word, which would look like a controller that fell
 * silent; so we refuse them unless told that this controller takes more. */
#define DATA_MAX_DEFAULT 255
#define VM_VERSION 1

enum vm_state { VM_WAITING, VM_CONNECTING, VM_GREETING, VM_UP };

/* One number of the protocol; `transmission` 0: free. */
struct number {
	uint32_t transmission;
	uint8_t netfn, command; /* of the answer that is due */
	uint64_t sent_ns;
};

struct vm {
	struct link link;
	struct link_sink sink;
	struct core_link_capabilities capabilities;
	struct endpoint endpoint;
	size_t address_next; /* of the endpoint's */

	int fd;
	enum vm_state state;
	uint64_t deadline_ns; /* when the state has lasted long enough; "now" when lost */
	uint64_t retry_ns;    /* the next pause */
	uint64_t up_since_ns;
	bool lost;                /* found by transmit: dispatch tells */
	bool was_refused;         /* transmit said -EAGAIN: LINK_READY is due when there is room */
	int logged_error;         /* the last reason for being down that was logged; 0: none */
	uint32_t logged_controls; /* a bit for each control command logged in this connection */

	struct vm_decoder decoder;
	struct number numbers[NUMBERS];
	uint8_t number_next;
	size_t write_length;
	uint8_t write_bytes[WRITE_SIZE];
	uint8_t read_bytes[READ_SIZE];
};

/* Reasons of our own, beside errno's, for log_down. */
#define DOWN_BY_PEER 1000
#define DOWN_BUSY 1001

static struct vm *vm_of(const struct link *link)
{
	return container_of(link, struct vm, link);
}

static void vm_log(const struct vm *vm, const char *text)
{
	vm->sink.log(vm->sink.context, text);
}

/* Once for each reason, not for each try. */
static void log_down(struct vm *vm, int error)
{
	char line[128];

	if (error == vm->logged_error) {
		return;
	}
	vm->logged_error = error;
	switch (error) {
	case DOWN_BY_PEER:
		vm_log(vm, "the controller closed the connection; trying again");
		break;
	case DOWN_BUSY:
		vm_log(vm, "another client holds the port, it seems: the controller accepts the "
			   "connection and closes it at once; trying again");
		break;
	case ETIMEDOUT:
		vm_log(vm, "no answer to the connection; trying again");
		break;
	default:
		snprintf(line, sizeof(line), "%s; trying again", strerror(error));
		vm_log(vm, line);
		break;
	}
}

static void emit(struct vm *vm, struct core_event event, uint64_t now_ns)
{
	event.now_ns = now_ns;
	vm->sink.event(vm->sink.context, &event);
}

/* ---- connection ---- */

/* Gives the connection up, whatever its state, and plans the next try. */
static void disconnect(struct vm *vm, int error, uint64_t now_ns)
{
	bool was_up = vm->state == VM_UP;

	if (vm->fd >= 0) {
		close(vm->fd);
		vm->fd = -1;
	}
	if (was_up && now_ns - vm->up_since_ns >= STABLE_NS) {
		vm->retry_ns = RETRY_FIRST_NS;
		vm->logged_error = 0;
	}
	vm->state = VM_WAITING;
	vm->lost = false;
	vm->was_refused = false;
	vm->deadline_ns = now_ns + vm->retry_ns;
	vm->retry_ns = 2 * vm->retry_ns < RETRY_MAX_NS ? 2 * vm->retry_ns : RETRY_MAX_NS;
	/* The next try is another address, if there is one. */
	vm->address_next = (vm->address_next + 1) % vm->endpoint.count;
	log_down(vm, error);
	if (was_up) {
		emit(vm, (struct core_event){.type = CORE_EVENT_LINK_DOWN}, now_ns);
	}
}

/* Sends what is waiting, as far as it goes. 0, even with something left, or a negative errno. */
static int flush(struct vm *vm)
{
	ssize_t sent;

	if (vm->write_length == 0) {
		return 0;
	}
	sent = send(vm->fd, vm->write_bytes, vm->write_length, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (sent < 0) {
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	}
	vm->write_length -= (size_t)sent;
	memmove(vm->write_bytes, vm->write_bytes + sent, vm->write_length);
	return 0;
}

static void greet(struct vm *vm, uint64_t now_ns)
{
	int length;

	vm->state = VM_GREETING;
	vm->deadline_ns = now_ns + GREETING_NS;
	vm->logged_controls = 0;
	vm->number_next = 0;
	memset(vm->numbers, 0, sizeof(vm->numbers));
	vm_decoder_init(&vm->decoder);
	/* Neither can fail: the buffer is empty and much larger. */
	length = vm_encode_control(VM_CONTROL_VERSION, VM_VERSION, vm->write_bytes, WRITE_SIZE);
	vm->write_length = (size_t)length;
	length = vm_encode_control(VM_CONTROL_CAPABILITIES, CAPABILITIES,
		vm->write_bytes + vm->write_length, WRITE_SIZE - vm->write_length);
	vm->write_length += (size_t)length;
}

static void begin_connect(struct vm *vm, uint64_t now_ns)
{
	const struct sockaddr *address =
		(const struct sockaddr *)&vm->endpoint.addresses[vm->address_next];
	int on = 1, patience_ms = PEER_SILENT_MS;

	vm->fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (vm->fd < 0) {
		disconnect(vm, errno, now_ns);
		return;
	}
	if (address->sa_family != AF_UNIX) {
		/* Both only make it better; without them it still works. */
		(void)setsockopt(vm->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)setsockopt(
			vm->fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms, sizeof(patience_ms));
	}
	vm->state = VM_CONNECTING;
	vm->deadline_ns = now_ns + CONNECT_TIMEOUT_NS;
	if (connect(vm->fd, address, vm->endpoint.lengths[vm->address_next]) == 0) {
		greet(vm, now_ns);
	} else if (errno == EAGAIN) {
		/* A unix listener whose backlog is full; there is nothing to wait for. */
		disconnect(vm, ECONNREFUSED, now_ns);
	} else if (errno != EINPROGRESS && errno != EINTR) {
		disconnect(vm, errno, now_ns);
	}
}

static void finish_connect(struct vm *vm, uint64_t now_ns)
{
	int error = 0;
	socklen_t length = sizeof(error);

	if (getsockopt(vm->fd, SOL_SOCKET, SO_ERROR, &error, &length) < 0) {
		error = errno;
	}
	if (error != 0) {
		disconnect(vm, error, now_ns);
		return;
	}
	greet(vm, now_ns);
}

static void come_up(struct vm *vm, uint64_t now_ns)
{
	struct core_event event = {.type = CORE_EVENT_LINK_UP};

	event.link_up = vm->capabilities;
	vm->state = VM_UP;
	vm->deadline_ns = TIME_NEVER;
	vm->up_since_ns = now_ns;
	emit(vm, event, now_ns);
}

/* ---- what the controller says ---- */

static void take_message(struct vm *vm, const struct vm_message *message, uint64_t now_ns)
{
	struct number *number = &vm->numbers[message->sequence];
	struct core_event event = {.type = CORE_EVENT_RECEIVED};

	if (!(message->netfn & 1)) {
		/* A controller answers; it has no requests for us in this protocol. */
		emit(vm, (struct core_event){.type = CORE_EVENT_GARBLED}, now_ns);
		return;
	}
	event.received.transmission = number->transmission; /* 0 where nothing is due: a stray */
	event.received.netfn = message->netfn;
	event.received.command = message->command;
	event.received.data = message->data;
	event.received.length = message->length;
	if (message->netfn == number->netfn && message->command == number->command) {
		number->transmission = 0;
	}
	emit(vm, event, now_ns);
}

/* What the controller wants of its host. It gets nothing: we are a guest of that host too. */
static const char *host_wish(uint8_t control)
{
	switch (control) {
	case VM_CONTROL_POWER_OFF:
		return "the controller switches its host off; vipmi does nothing about that";
	case VM_CONTROL_RESET:
		return "the controller resets its host; vipmi does nothing about that";
	case VM_CONTROL_NMI:
		return "the controller sends its host an NMI; vipmi does nothing about that";
	case VM_CONTROL_GRACEFUL_SHUTDOWN:
		return "the controller asks its host to shut down; vipmi does nothing about that";
	default:
		return NULL;
	}
}

static void take_control(struct vm *vm, const struct vm_item *item, uint64_t now_ns)
{
	struct core_event event = {.type = CORE_EVENT_ATTENTION};
	const char *wish = host_wish(item->control);

	if (item->control <= VM_CONTROL_ATTENTION_INTERRUPT) {
		event.attention.asserted = item->control != VM_CONTROL_ATTENTION_OFF;
		emit(vm, event, now_ns);
	} else if (wish && !(vm->logged_controls & UINT32_C(1) << item->control)) {
		vm->logged_controls |= UINT32_C(1) << item->control;
		vm_log(vm, wish);
	}
	/* Version, interrupt enables and what is yet unknown change nothing here: there is one
	 * version, and the attention signal comes with and without interrupts. */
}

static void take_item(struct vm *vm, const struct vm_item *item, uint64_t now_ns)
{
	switch (item->type) {
	case VM_ITEM_NONE:
		break;
	case VM_ITEM_MESSAGE:
		take_message(vm, &item->message, now_ns);
		break;
	case VM_ITEM_CONTROL:
		take_control(vm, item, now_ns);
		break;
	case VM_ITEM_GARBLED:
		emit(vm, (struct core_event){.type = CORE_EVENT_GARBLED}, now_ns);
		break;
	}
}

/* Reads once: what is left makes the descriptor ready again. */
static void receive(struct vm *vm, uint64_t now_ns)
{
	ssize_t length = recv(vm->fd, vm->read_bytes, sizeof(vm->read_bytes), MSG_DONTWAIT);
	size_t at = 0;

	if (length < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			disconnect(vm, vm->state == VM_GREETING ? DOWN_BUSY : errno, now_ns);
		}
		return;
	}
	if (length == 0) {
		disconnect(vm, vm->state == VM_GREETING ? DOWN_BUSY : DOWN_BY_PEER, now_ns);
		return;
	}
	if (vm->state == VM_GREETING) {
		come_up(vm, now_ns);
	}
	while (at < (size_t)length) {
		struct vm_item item;

		at += vm_decode(&vm->decoder, vm->read_bytes + at, (size_t)length - at, &item);
		take_item(vm, &item, now_ns);
	}
}

/* ---- the link ---- */

/* The next number that is free or has rested; -EAGAIN when all 256 wait for their answers. */
static int number_take(struct vm *vm, uint64_t now_ns)
{
	int tries;

	/* Usually the first one: only lost answers are in the way. */
	for (tries = 0; tries < NUMBERS; tries++) {
		const struct number *number = &vm->numbers[vm->number_next];

		if (number->transmission == 0 || now_ns - number->sent_ns >= NUMBER_REST_NS) {
			return vm->number_next++;
		}
		vm->number_next++;
	}
	return -EAGAIN;
}

static int vm_transmit(struct link *link, const struct core_transmit *transmit, uint64_t now_ns)
{
	struct vm *vm = vm_of(link);
	struct vm_message message = {
		.netfn = transmit->netfn,
		.lun = transmit->lun,
		.command = transmit->command,
		.data = transmit->data,
		.length = transmit->length,
	};
	int number, length, rc;

	if (transmit->target_kind != VIPMI_TARGET_CONTROLLER) {
		return -EOPNOTSUPP; /* raw_bridge: the core wraps these itself */
	}
	if (vm->state != VM_UP || vm->lost) {
		return -ENOTCONN;
	}
	/* The worst case must fit, or a message could be refused for ever by its escapes. */
	if (WRITE_SIZE - vm->write_length < VM_ENCODED_MAX) {
		vm->was_refused = true;
		return -EAGAIN;
	}
	number = number_take(vm, now_ns);
	if (number < 0) {
		/* A later step tries again; LINK_READY would come no sooner. */
		return number;
	}
	message.sequence = (uint8_t)number;
	length = vm_encode_message(
		&message, vm->write_bytes + vm->write_length, WRITE_SIZE - vm->write_length);
	if (length < 0) {
		return length;
	}
	vm->write_length += (size_t)length;
	vm->numbers[number] = (struct number){
		.transmission = transmit->transmission,
		.netfn = transmit->netfn | 1,
		.command = transmit->command,
		.sent_ns = now_ns,
	};
	rc = flush(vm);
	if (rc < 0) {
		vm->lost = true;
		vm->deadline_ns = now_ns;
		return rc;
	}
	return 0;
}

static int vm_fd(const struct link *link)
{
	return vm_of(link)->fd;
}

static uint32_t vm_interest(const struct link *link)
{
	const struct vm *vm = vm_of(link);

	if (vm->fd < 0) {
		return 0;
	}
	if (vm->state == VM_CONNECTING) {
		return EPOLLOUT;
	}
	return vm->write_length > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN;
}

/* When the time of the state is over. */
static void overdue(struct vm *vm, uint64_t now_ns)
{
	switch (vm->state) {
	case VM_WAITING:
		begin_connect(vm, now_ns);
		break;
	case VM_CONNECTING:
		disconnect(vm, ETIMEDOUT, now_ns);
		break;
	case VM_GREETING:
		come_up(vm, now_ns);
		break;
	case VM_UP:
		break;
	}
}

static void vm_dispatch(struct link *link, uint32_t ready, uint64_t now_ns)
{
	struct vm *vm = vm_of(link);
	int rc;

	if (vm->lost) {
		disconnect(vm, DOWN_BY_PEER, now_ns);
		return;
	}
	if (vm->state == VM_CONNECTING && (ready & (EPOLLOUT | EPOLLERR | EPOLLHUP))) {
		finish_connect(vm, now_ns);
	}
	if (vm->state >= VM_GREETING && (ready & (EPOLLIN | EPOLLERR | EPOLLHUP))) {
		receive(vm, now_ns);
	}
	if (vm->state >= VM_GREETING) {
		rc = flush(vm);
		if (rc < 0) {
			disconnect(vm, vm->state == VM_GREETING ? DOWN_BUSY : -rc, now_ns);
		} else if (vm->was_refused && WRITE_SIZE - vm->write_length >= VM_ENCODED_MAX) {
			vm->was_refused = false;
			emit(vm, (struct core_event){.type = CORE_EVENT_LINK_READY}, now_ns);
		}
	}
	if (now_ns >= vm->deadline_ns) {
		overdue(vm, now_ns);
	}
}

static uint64_t vm_deadline(const struct link *link)
{
	return vm_of(link)->deadline_ns;
}

static void vm_close(struct link *link)
{
	struct vm *vm = link ? vm_of(link) : NULL;

	if (vm && vm->fd >= 0) {
		close(vm->fd);
	}
	free(vm);
}

/* ---- open ---- */

static int configure(struct vm *vm, const char *text, char *error, size_t error_size)
{
	uint64_t window = 1, bus_window = 1, data_max = DATA_MAX_DEFAULT;
	const struct link_option options[] = {
		{"window", 1, CORE_WINDOW_MAX, &window},
		/* ipmi_sim keeps many messages for its host, but hands back only the first. */
		{"bus_window", 1, CORE_BUS_WINDOW_MAX, &bus_window},
		{"data_max", 1, VIPMI_DATA_MAX, &data_max},
	};
	char where[256];
	int rc;

	rc = link_options_split(text, where, sizeof(where), &text, error, error_size);
	if (rc == 0) {
		rc = link_options_parse(text, options, ARRAY_LENGTH(options), error, error_size);
	}
	if (rc < 0) {
		return rc;
	}
	vm->capabilities = (struct core_link_capabilities){
		.wire_sequence = true,
		.raw_bridge = true,
		.owns_flags = true,
		.inbound_any = true,
		.attention = true,
		.data_max = (uint16_t)data_max,
		.window = (uint8_t)window,
		.bus_window = (uint16_t)bus_window,
	};
	return endpoint_resolve(where, "vm", &vm->endpoint, error, error_size);
}

static int vm_open(const char *options, uint64_t now_ns, const struct link_sink *sink, char *error,
	size_t error_size, struct link **ret_link)
{
	struct vm *vm = calloc(1, sizeof(*vm));
	int rc;

	if (!vm) {
		snprintf(error, error_size, "vm: out of memory");
		return -ENOMEM;
	}
	vm->link.ops = &link_vm;
	vm->sink = *sink;
	vm->fd = -1;
	vm->state = VM_WAITING;
	vm->deadline_ns = now_ns;
	vm->retry_ns = RETRY_FIRST_NS;
	rc = configure(vm, options, error, error_size);
	if (rc < 0) {
		free(vm);
		return rc;
	}
	*ret_link = &vm->link;
	return 0;
}

const struct link_ops link_vm = {
	.name = "vm",
	.usage = "vm:HOST:PORT or vm:unix:PATH [,window=N][,bus_window=N][,data_max=N]",
	.open = vm_open,
	.transmit = vm_transmit,
	.fd = vm_fd,
	.interest = vm_interest,
	.dispatch = vm_dispatch,
	.deadline = vm_deadline,
	.close = vm_close,
};
