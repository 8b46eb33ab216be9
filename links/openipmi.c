/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's IPMI driver as a link: one open /dev/ipmiN, on which the agent is
 * one user among the driver's. The driver owns the flags, the events and the bus:
 * it wraps and numbers what goes to an IPMB, and refuses raw Send Message, Get
 * Message and Read Event Message Buffer. Its `msgid` carries our transmission.
 *
 * A device that is missing, busy or gone is looked for again; the agent runs on.
 */
#include "links/table.h"

#include <fcntl.h>
#include <linux/ipmi.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ipmi/command.h"
#include "links/options.h"

/* Looked for this often: a device that appears is noticed within a second. */
#define RETRY_NS (400 * NSEC_PER_MSEC_U64)
/* The driver was out of sequence numbers or memory; it tells nobody when it has some again. */
#define REFUSED_PAUSE_NS (10 * NSEC_PER_MSEC_U64)

/* IPMI_MAX_MSG_LENGTH less netFn and command: what the driver takes for the controller. */
#define OPENIPMI_DATA_MAX (IPMI_MAX_MSG_LENGTH - 2)

/* One request is with the controller, the next waits in the driver: no gap between them, and
 * hardly anything in a queue that is not ours. */
#define WINDOW_DEFAULT 2
#define BUS_WINDOW_DEFAULT 8
/* Sequence numbers that the driver has, for all its users together. */
#define OPENIPMI_NUMBERS 64

/* Messages taken in one dispatch; the descriptor stays ready while there are more. */
#define RECEIVE_BATCH 64

/* Retries of the driver's own on an IPMB: its default (4, every 2 s) for what may be executed
 * twice, none for the rest; how long that may take then (IPMB 1.0: a number expires in 5 s). */
#define RETRIES_DEFAULT (-1)
#define RETRY_TIME_DEFAULT 0
#define SINGLE_TIME_MS 5000

/* Responses of ours in the driver: as many as its window could be, and a power of two. */
#define RESPONSES_MAX 64u
/* IPMB 1.0: six bits of sequence number. The driver takes them from the low ones of a response's
 * msgid, and gives the whole of it back. */
#define SEQUENCE_BITS 6
#define SEQUENCE_MASK 0x3F

/* Network functions, request form: a row for each. */
#define NETFN_PAIRS 32
#define COMMANDS 256

/* What the driver reserves to itself (interfaces: EINVAL). */
enum { APP_GET_MESSAGE = 0x33, APP_READ_EVENT_BUFFER = 0x35 };

struct openipmi {
	struct link link;
	struct link_sink sink;
	char path[128];
	struct core_link_capabilities capabilities;
	int fd;
	uint64_t deadline_ns; /* next try to open, or when to say READY */
	int lost;             /* errno that transmit met: dispatch tells */
	bool refused;         /* transmit said -EAGAIN */
	bool maintenance;     /* we put the driver into maintenance mode */
	int logged_error;     /* the last reason for being down that was logged */
	uint8_t data[IPMI_MAX_MSG_LENGTH];
	uint32_t responses[RESPONSES_MAX]; /* transmissions by place */
	uint32_t response_next;
	uint16_t registered[NETFN_PAIRS][COMMANDS]; /* channels, as the driver knows them */
};

static struct openipmi *openipmi_of(const struct link *link)
{
	return container_of(link, struct openipmi, link);
}

static void emit(struct openipmi *self, struct core_event event, uint64_t now_ns)
{
	event.now_ns = now_ns;
	self->sink.event(self->sink.context, &event);
}

static const char *reason(int error)
{
	switch (error) {
	case ENODEV:
		return "no such device; is the driver loaded (ipmi_si and ipmi_devintf)?";
	case EBUSY:
		return "the driver has as many users as it admits (30, unless its max_users says "
		       "otherwise)";
	case EACCES:
	case EPERM:
		return "not permitted; the device is root's";
	case ENOTTY:
		return "not an IPMI device";
	default:
		return strerror(error);
	}
}

/* Once for each reason, not for each try. */
static void log_down(struct openipmi *self, int error)
{
	char line[256];

	if (error == ENOENT || error == ENXIO) {
		error = ENODEV; /* however the system puts it */
	}
	if (error == self->logged_error) {
		return;
	}
	self->logged_error = error;
	snprintf(line, sizeof(line), "%s; trying again", reason(error));
	self->sink.log(self->sink.context, line);
}

/* ---- maintenance mode ---- */

static int mode_set(const struct openipmi *self, int mode)
{
	return ioctl(self->fd, IPMICTL_SET_MAINTENANCE_MODE_CMD, &mode) < 0 ? -errno : 0;
}

/* The mode is the driver's, and stays when its file is closed: of a killed predecessor, too. In it
 * there would be no events, and nobody would know why. */
static void mode_begin(struct openipmi *self)
{
	int mode = IPMI_MAINTENANCE_MODE_AUTO;

	self->maintenance = false;
	if (ioctl(self->fd, IPMICTL_GET_MAINTENANCE_MODE_CMD, &mode) == 0 &&
		mode == IPMI_MAINTENANCE_MODE_ON &&
		mode_set(self, IPMI_MAINTENANCE_MODE_AUTO) == 0) {
		self->sink.log(self->sink.context,
			"the driver was left in maintenance mode; it is automatic again");
	}
}

static int openipmi_maintenance(struct link *link, bool on)
{
	struct openipmi *self = openipmi_of(link);
	char line[128];
	int result;

	if (self->fd < 0 || self->lost) {
		return -ENOTCONN; /* the core hears of it, and says it anew */
	}
	result = mode_set(self, on ? IPMI_MAINTENANCE_MODE_ON : IPMI_MAINTENANCE_MODE_AUTO);
	if (result == 0) {
		self->maintenance = on;
		snprintf(line, sizeof(line), "the driver is in %s",
			on ? "maintenance mode: no events, as a client wants it"
			   : "automatic mode again");
	} else {
		snprintf(line, sizeof(line), "maintenance mode cannot be set: %s",
			strerror(-result));
	}
	self->sink.log(self->sink.context, line);
	return result;
}

/* ---- the device ---- */

static void device_open(struct openipmi *self, uint64_t now_ns)
{
	struct core_event event = {.type = CORE_EVENT_LINK_UP};
	unsigned int address = 0;
	int yes = 1, error = 0;

	self->fd = open(self->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (self->fd < 0 || ioctl(self->fd, IPMICTL_GET_MY_ADDRESS_CMD, &address) < 0 ||
		ioctl(self->fd, IPMICTL_SET_GETS_EVENTS_CMD, &yes) < 0) {
		error = errno;
	}
	if (error != 0) {
		if (self->fd >= 0) {
			close(self->fd);
		}
		self->fd = -1;
		self->deadline_ns = now_ns + RETRY_NS;
		log_down(self, error);
		return;
	}
	mode_begin(self);
	self->deadline_ns = TIME_NEVER;
	self->logged_error = 0;
	self->capabilities.own_address = (uint8_t)address;
	event.link_up = self->capabilities;
	emit(self, event, now_ns);
}

static void device_lose(struct openipmi *self, int error, uint64_t now_ns)
{
	close(self->fd);
	self->fd = -1;
	self->lost = 0;
	self->refused = false;
	memset(self->registered, 0, sizeof(self->registered));
	self->deadline_ns = now_ns + RETRY_NS;
	log_down(self, error);
	emit(self, (struct core_event){.type = CORE_EVENT_LINK_DOWN}, now_ns);
}

/* ---- messages from the driver ---- */

static void take_event(struct openipmi *self, const struct ipmi_recv *recv, uint64_t now_ns)
{
	struct core_event event = {.type = CORE_EVENT_MESSAGE};

	event.message.kind = VIPMI_ASYNC_EVENT;
	event.message.netfn = recv->msg.netfn;
	event.message.command = recv->msg.cmd;
	event.message.data = recv->msg.data;
	event.message.length = recv->msg.data_len;
	emit(self, event, now_ns);
}

/* A request from the bus for system software. */
static void take_command(struct openipmi *self, const struct ipmi_recv *recv,
	const struct ipmi_addr *from, uint64_t now_ns)
{
	const struct ipmi_ipmb_addr *ipmb = (const struct ipmi_ipmb_addr *)from;
	struct core_event event = {.type = CORE_EVENT_MESSAGE};

	if (from->addr_type != IPMI_IPMB_ADDR_TYPE) {
		return; /* from a LAN, or of an OEM: nobody here could answer it */
	}
	event.message.kind = VIPMI_ASYNC_REQUEST;
	event.message.channel = (uint8_t)from->channel;
	event.message.address = ipmb->slave_addr;
	event.message.lun = ipmb->lun;
	event.message.sequence = (uint8_t)recv->msgid;
	event.message.netfn = recv->msg.netfn;
	event.message.command = recv->msg.cmd;
	event.message.data = recv->msg.data;
	event.message.length = recv->msg.data_len;
	emit(self, event, now_ns);
}

static void take_response(struct openipmi *self, const struct ipmi_recv *recv, uint64_t now_ns)
{
	struct core_event event = {.type = CORE_EVENT_RECEIVED};

	event.received.transmission =
		recv->recv_type == IPMI_RESPONSE_RESPONSE_TYPE
			? self->responses[(unsigned long)recv->msgid >> SEQUENCE_BITS &
					  (RESPONSES_MAX - 1)]
			: (uint32_t)recv->msgid;
	event.received.netfn = recv->msg.netfn | 1;
	event.received.command = recv->msg.cmd;
	event.received.data = recv->msg.data;
	event.received.length = recv->msg.data_len;
	if (recv->msg.data_len == 0) {
		event.type = CORE_EVENT_GARBLED; /* no completion code, no answer */
	}
	emit(self, event, now_ns);
}

/* Takes one message. 0, or a negative errno: -EAGAIN when there is none. */
static int receive_one(struct openipmi *self, uint64_t now_ns)
{
	struct ipmi_addr from;
	struct ipmi_recv recv = {
		.addr = (unsigned char *)&from,
		.addr_len = sizeof(from),
		.msg = {.data = self->data, .data_len = sizeof(self->data)},
	};

	if (ioctl(self->fd, IPMICTL_RECEIVE_MSG_TRUNC, &recv) < 0) {
		if (errno != EMSGSIZE) {
			return -errno;
		}
		/* Consumed, but cut: no message of the driver is longer than our buffer. */
		emit(self, (struct core_event){.type = CORE_EVENT_GARBLED}, now_ns);
		return 0;
	}
	switch (recv.recv_type) {
	case IPMI_RESPONSE_RECV_TYPE:
	case IPMI_RESPONSE_RESPONSE_TYPE:
		take_response(self, &recv, now_ns);
		break;
	case IPMI_ASYNC_EVENT_RECV_TYPE:
		take_event(self, &recv, now_ns);
		break;
	case IPMI_CMD_RECV_TYPE:
		take_command(self, &recv, &from, now_ns);
		break;
	default:
		break; /* an OEM channel's: uninterpreted, for nobody */
	}
	return 0;
}

/* ---- the link ---- */

/* Fills the address; its length, or -EOPNOTSUPP for a target that the driver has no address for. */
static int address_of(const struct core_transmit *transmit, struct ipmi_addr *address)
{
	struct ipmi_system_interface_addr *controller =
		(struct ipmi_system_interface_addr *)address;
	struct ipmi_ipmb_addr *ipmb = (struct ipmi_ipmb_addr *)address;

	switch (transmit->target_kind) {
	case VIPMI_TARGET_CONTROLLER:
		/* The driver refuses these; so do we, whatever stands behind the device. */
		if ((transmit->netfn & 1) || (transmit->netfn == VIPMI_NETFN_APP &&
						     transmit->command >= APP_GET_MESSAGE &&
						     transmit->command <= APP_READ_EVENT_BUFFER)) {
			return -EOPNOTSUPP;
		}
		controller->addr_type = IPMI_SYSTEM_INTERFACE_ADDR_TYPE;
		controller->channel = IPMI_BMC_CHANNEL;
		controller->lun = transmit->lun;
		return sizeof(*controller);
	case VIPMI_TARGET_IPMB:
	case VIPMI_TARGET_IPMB_BROADCAST:
		ipmb->addr_type = transmit->target_kind == VIPMI_TARGET_IPMB
					  ? IPMI_IPMB_ADDR_TYPE
					  : IPMI_IPMB_BROADCAST_ADDR_TYPE;
		ipmb->channel = transmit->channel;
		ipmb->slave_addr = transmit->address;
		ipmb->lun = transmit->lun;
		return sizeof(*ipmb);
	default:
		return -EOPNOTSUPP;
	}
}

/* What the driver's refusal means to the core. */
static int refusal(struct openipmi *self, int error, uint64_t now_ns)
{
	switch (error) {
	case EINVAL:
	case EAFNOSUPPORT:
		return -EOPNOTSUPP;
	case EMSGSIZE:
		return -EMSGSIZE;
	case EAGAIN: /* all sequence numbers of the bus in use */
	case EBUSY:  /* too many of ours in the driver */
	case ENOMEM:
	case EINTR:
		self->refused = true;
		self->deadline_ns = now_ns + REFUSED_PAUSE_NS;
		return -EAGAIN;
	default:
		self->lost = error;
		self->deadline_ns = now_ns;
		return -error;
	}
}

static int openipmi_transmit(
	struct link *link, const struct core_transmit *transmit, uint64_t now_ns)
{
	struct openipmi *self = openipmi_of(link);
	struct ipmi_addr address = {0};
	struct ipmi_verdict verdict;
	struct ipmi_req_settime request;
	long msgid = (long)transmit->transmission;
	int address_length;

	if (self->fd < 0 || self->lost) {
		return -ENOTCONN;
	}
	address_length = address_of(transmit, &address);
	if (address_length < 0) {
		return address_length;
	}
	if (transmit->netfn & 1) {
		uint32_t place = self->response_next++ & (RESPONSES_MAX - 1);

		self->responses[place] = transmit->transmission;
		msgid = (long)(place << SEQUENCE_BITS | (transmit->sequence & SEQUENCE_MASK));
	}
	verdict = ipmi_command_judge(
		transmit->netfn, transmit->command, transmit->data, transmit->length);
	request = (struct ipmi_req_settime){
		.req =
			{
				.addr = (unsigned char *)&address,
				.addr_len = (unsigned)address_length,
				.msgid = msgid,
				.msg = {.netfn = transmit->netfn,
					.cmd = transmit->command,
					/* The driver only reads it. */
					.data = (unsigned char *)(uintptr_t)transmit->data,
					.data_len = (unsigned short)transmit->length},
			},
		.retries = RETRIES_DEFAULT,
		.retry_time_ms = RETRY_TIME_DEFAULT,
	};
	if (!ipmi_class_is_read(verdict.class)) {
		request.retries = 0;
		request.retry_time_ms = SINGLE_TIME_MS;
	}
	if (ioctl(self->fd, IPMICTL_SEND_COMMAND_SETTIME, &request) < 0) {
		return refusal(self, errno, now_ns);
	}
	return 0;
}

static int register_channels(struct openipmi *self, unsigned long call,
	const struct core_registration *registration, uint16_t channels)
{
	struct ipmi_cmdspec_chans spec = {
		.netfn = registration->netfn, .cmd = registration->command, .chans = channels};
	uint16_t *registered = &self->registered[registration->netfn >> 1][registration->command];

	if (channels == 0) {
		return 0;
	}
	if (ioctl(self->fd, call, &spec) < 0) {
		return -errno;
	}
	*registered ^= channels;
	return 0;
}

static int openipmi_registration(struct link *link, const struct core_registration *registration)
{
	struct openipmi *self = openipmi_of(link);
	uint16_t wanted = registration->channels, had;
	char line[128];
	int result;

	if (self->fd < 0 || self->lost) {
		return -ENOTCONN; /* the core hears of it, and says it all anew */
	}
	had = self->registered[registration->netfn >> 1][registration->command];
	result = register_channels(
		self, IPMICTL_UNREGISTER_FOR_CMD_CHANS, registration, (uint16_t)(had & ~wanted));
	if (result == 0) {
		result = register_channels(self, IPMICTL_REGISTER_FOR_CMD_CHANS, registration,
			(uint16_t)(wanted & ~had));
	}
	if (result == -ENOMEM || result == -EINTR) {
		return -EAGAIN;
	}
	if (result < 0) {
		snprintf(line, sizeof(line), "requests %02Xh %02Xh cannot be received: %s",
			registration->netfn, registration->command,
			result == -EBUSY ? "another program has registered for them with the "
					   "driver"
					 : strerror(-result));
		self->sink.log(self->sink.context, line);
	}
	return result;
}

static int openipmi_fd(const struct link *link)
{
	return openipmi_of(link)->fd;
}

static uint32_t openipmi_interest(const struct link *link)
{
	return openipmi_of(link)->fd >= 0 ? EPOLLIN : 0;
}

static void openipmi_dispatch(struct link *link, uint32_t ready, uint64_t now_ns)
{
	struct openipmi *self = openipmi_of(link);
	int taken, rc = 0;

	if (self->lost) {
		device_lose(self, self->lost, now_ns);
		return;
	}
	if (self->fd >= 0 && (ready & (EPOLLIN | EPOLLERR | EPOLLHUP))) {
		for (taken = 0; taken < RECEIVE_BATCH && rc == 0; taken++) {
			rc = receive_one(self, now_ns);
		}
		if (rc == -EAGAIN && (ready & (EPOLLERR | EPOLLHUP))) {
			rc = -ENODEV; /* it has nothing more to say, ever */
		}
		if (rc < 0 && rc != -EAGAIN && rc != -EINTR) {
			device_lose(self, -rc, now_ns);
			return;
		}
	}
	if (now_ns < self->deadline_ns) {
		return;
	}
	if (self->fd < 0) {
		device_open(self, now_ns);
		return;
	}
	self->deadline_ns = TIME_NEVER;
	if (self->refused) {
		self->refused = false;
		emit(self, (struct core_event){.type = CORE_EVENT_LINK_READY}, now_ns);
	}
}

static uint64_t openipmi_deadline(const struct link *link)
{
	return openipmi_of(link)->deadline_ns;
}

static void openipmi_close(struct link *link)
{
	struct openipmi *self = link ? openipmi_of(link) : NULL;

	if (self && self->fd >= 0) {
		if (self->maintenance) {
			(void)mode_set(self, IPMI_MAINTENANCE_MODE_AUTO); /* if it still is there */
		}
		close(self->fd);
	}
	free(self);
}

static int openipmi_open(const char *options_text, uint64_t now_ns, const struct link_sink *sink,
	char *error, size_t error_size, struct link **ret_link)
{
	struct openipmi *self = calloc(1, sizeof(*self));
	uint64_t window = WINDOW_DEFAULT, bus_window = BUS_WINDOW_DEFAULT;
	const struct link_option options[] = {
		{"window", 1, CORE_WINDOW_MAX, &window},
		{"bus_window", 1, OPENIPMI_NUMBERS, &bus_window},
	};
	int rc;

	if (!self) {
		snprintf(error, error_size, "openipmi: out of memory");
		return -ENOMEM;
	}
	rc = link_options_split(
		options_text, self->path, sizeof(self->path), &options_text, error, error_size);
	if (rc == 0) {
		rc = link_options_parse(
			options_text, options, ARRAY_LENGTH(options), error, error_size);
	}
	if (rc < 0) {
		free(self);
		return rc;
	}
	self->link.ops = &link_openipmi;
	self->sink = *sink;
	self->fd = -1;
	self->deadline_ns = now_ns;
	self->capabilities = (struct core_link_capabilities){
		.data_max = OPENIPMI_DATA_MAX,
		.window = (uint8_t)window,
		.bus_window = (uint16_t)bus_window,
	};
	*ret_link = &self->link;
	return 0;
}

const struct link_ops link_openipmi = {
	.name = "openipmi",
	.usage = "openipmi:/dev/ipmiN[,window=N][,bus_window=N]",
	.open = openipmi_open,
	.transmit = openipmi_transmit,
	.registration = openipmi_registration,
	.maintenance = openipmi_maintenance,
	.fd = openipmi_fd,
	.interest = openipmi_interest,
	.dispatch = openipmi_dispatch,
	.deadline = openipmi_deadline,
	.close = openipmi_close,
};
