/* SPDX-License-Identifier: BSD-2-Clause */
/* The controller below an agent: requests come over the VM protocol and are sights, but for those
 * about flags, messages and enables, which are answered at once (controller.c). */
#include "tests/scenario/agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "ipmi/vm.h"

/* Transmissions whose responses a transcript may still give: any window, and late ones. */
#define EXCHANGES_MAX 256

#define CMD_GET_DEVICE_ID 0x01
#define CMD_SET_ENABLES 0x2E
#define CMD_SEND_MESSAGE 0x34

/* How a transmission is answered. */
struct exchange {
	uint32_t transmission;
	uint8_t sequence, netfn, lun, command;
	bool answered;
	bool bridged; /* by a driver below the agent: the response comes over the bus */
	uint8_t channel, rs_address, rs_lun, rq_address, rq_lun, bus_netfn, bus_command,
		bus_sequence;
};

static struct {
	int listen_fd, fd;
	bool tty, seen;
	struct vm_decoder decoder;
	struct exchange exchanges[EXCHANGES_MAX];
	uint32_t transmissions;
} controller = {.listen_fd = -1, .fd = -1};

static void broken(const char *what)
{
	perror(what);
	exit(1);
}

static void put(const uint8_t *bytes, int length)
{
	while (length > 0 && controller.fd >= 0) {
		ssize_t written = write(controller.fd, bytes, (size_t)length);

		if (written < 0 && errno != EAGAIN && errno != EINTR) {
			return; /* its end is found when it is read */
		}
		if (written > 0) {
			bytes += written;
			length -= (int)written;
		}
	}
}

static void put_control(uint8_t control)
{
	uint8_t bytes[VM_ENCODED_MAX];

	put(bytes, vm_encode_control(control, 0, bytes, sizeof(bytes)));
}

static void put_response(const struct exchange *exchange, const uint8_t *data, size_t length)
{
	const struct vm_message message = {.sequence = exchange->sequence,
		.netfn = exchange->netfn | 1,
		.lun = exchange->lun,
		.command = exchange->command,
		.data = data,
		.length = length};
	uint8_t bytes[VM_ENCODED_MAX];

	put(bytes, vm_encode_message(&message, bytes, sizeof(bytes)));
}

/* Whoever ends leaves nobody waiting, and no attention: the next test has the same wire. */
static void let_go(void)
{
	static const uint8_t unspecified = VIPMI_CC_UNSPECIFIED;
	int i;

	for (i = 0; controller.fd >= 0 && i < EXCHANGES_MAX; i++) {
		if (controller.exchanges[i].transmission && !controller.exchanges[i].answered) {
			put_response(&controller.exchanges[i], &unspecified, 1);
		}
	}
	if (controller.fd >= 0) {
		put_control(VM_CONTROL_ATTENTION_OFF);
	}
	controller.fd = -1;
}

void controller_open(void)
{
	struct termios line;
	struct stat is;

	(void)atexit(let_go);
	controller.tty = stat(agent_options.controller, &is) == 0 && S_ISCHR(is.st_mode);
	if (!controller.tty) {
		return;
	}
	controller.fd = open(agent_options.controller, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (controller.fd < 0 || tcgetattr(controller.fd, &line) != 0) {
		broken(agent_options.controller);
	}
	cfmakeraw(&line);
	cfsetspeed(&line, B115200);
	if (tcsetattr(controller.fd, TCSANOW, &line) != 0) {
		broken(agent_options.controller);
	}
	vm_decoder_init(&controller.decoder);
	agent_watch(controller.fd, AGENT_CONTROLLER);
}

bool controller_comes_and_goes(void)
{
	return !controller.tty;
}

void controller_appear(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (controller.tty || controller.listen_fd >= 0) {
		return;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", agent_options.controller);
	(void)unlink(address.sun_path);
	controller.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (controller.listen_fd < 0 ||
		bind(controller.listen_fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
		listen(controller.listen_fd, 1) != 0) {
		broken(agent_options.controller);
	}
	agent_watch(controller.listen_fd, AGENT_LISTENER);
}

static void hang_up(void)
{
	if (controller.fd >= 0) {
		close(controller.fd);
	}
	controller.fd = -1;
}

void controller_vanish(void)
{
	if (controller.tty || controller.listen_fd < 0) {
		return;
	}
	hang_up();
	close(controller.listen_fd);
	controller.listen_fd = -1;
	(void)unlink(agent_options.controller);
	memset(controller.exchanges, 0, sizeof(controller.exchanges));
}

void controller_see(bool on)
{
	controller.seen = on;
}

static void take_connection(void)
{
	int fd = accept4(controller.listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		return;
	}
	hang_up();
	controller.fd = fd;
	vm_decoder_init(&controller.decoder);
	agent_watch(fd, AGENT_CONTROLLER);
}

/* A Send Message of a driver that bridges by itself: what goes over the bus is what the agent
 * transmitted. */
static bool unwrap(struct exchange *exchange, struct core_transmit *transmit)
{
	struct ipmb_message message;
	bool broadcast = transmit->length > 1 && transmit->data[1] == 0;

	if (transmit->netfn != VIPMI_NETFN_APP || transmit->command != CMD_SEND_MESSAGE ||
		transmit->length < 2 ||
		ipmb_decode(transmit->data + 1 + broadcast, transmit->length - 1 - broadcast,
			&message) != 0) {
		return false;
	}
	*exchange = (struct exchange){.transmission = exchange->transmission,
		.answered = true,
		.bridged = true,
		.channel = transmit->data[0] & 0x0F,
		.rs_address = message.rs_address,
		.rs_lun = message.rs_lun,
		.rq_address = message.rq_address,
		.rq_lun = message.rq_lun,
		.bus_netfn = message.netfn,
		.bus_command = message.command,
		.bus_sequence = message.sequence};
	transmit->target_kind = broadcast ? VIPMI_TARGET_IPMB_BROADCAST : VIPMI_TARGET_IPMB;
	transmit->channel = exchange->channel;
	transmit->address = message.netfn & 1 ? message.rq_address : message.rs_address;
	transmit->lun = message.netfn & 1 ? message.rq_lun : message.rs_lun;
	transmit->netfn = message.netfn;
	transmit->command = message.command;
	transmit->sequence = message.sequence;
	transmit->data = message.data;
	transmit->length = message.length;
	return true;
}

/* What is not for a transcript's eyes: the length of the response, or 0. */
static size_t answer_unseen(
	struct stage *stage, const struct core_transmit *transmit, uint8_t *answer)
{
	/* IPMI 2.0 section 20.1; a controller of which a driver asks nothing more. */
	static const uint8_t device_id[] = {
		0x00, 0x20, 0x81, 0x01, 0x00, 0x02, 0xBF, 0x00, 0x00, 0x00, 0x01, 0x00};

	if (controller_is_housekeeping(stage, transmit) &&
		(!stage->housekeeping_shown || !controller.seen)) {
		return controller_answer(stage, transmit, answer);
	}
	if (controller.seen) {
		return 0;
	}
	if (transmit->netfn == VIPMI_NETFN_APP && transmit->command == CMD_GET_DEVICE_ID) {
		memcpy(answer, device_id, sizeof(device_id));
		return sizeof(device_id);
	}
	answer[0] = VIPMI_CC_INVALID_COMMAND;
	return 1;
}

static void take_request(
	struct stage *stage, const struct words *words, const struct vm_message *message)
{
	struct core_action action = {.type = CORE_ACTION_TRANSMIT};
	struct core_transmit *transmit = &action.transmit;
	struct exchange exchange = {.sequence = message->sequence,
		.netfn = message->netfn,
		.lun = message->lun,
		.command = message->command};
	struct exchange asked = exchange;
	uint8_t answer[VIPMI_DATA_MAX];
	size_t length;

	*transmit = (struct core_transmit){.netfn = message->netfn,
		.lun = message->lun,
		.command = message->command,
		.data = message->data,
		.length = message->length};
	length = answer_unseen(stage, transmit, answer);
	if (length > 0) {
		put_response(&exchange, answer, length);
		if (exchange.command == CMD_SET_ENABLES) {
			put_control(stage->enables & 0x03 ? VM_CONTROL_INTERRUPT_ENABLE
							  : VM_CONTROL_INTERRUPT_DISABLE);
		}
		stage_attention(stage, words);
		return;
	}
	transmit->transmission = ++controller.transmissions;
	exchange.transmission = transmit->transmission;
	if (!stage->link.raw_bridge && unwrap(&exchange, transmit)) {
		answer[0] = VIPMI_CC_OK;
		put_response(&asked, answer, 1);
	}
	controller.exchanges[exchange.transmission % EXCHANGES_MAX] = exchange;
	agent_see(stage, words, &action);
}

void controller_ready(struct stage *stage, const struct words *words, bool listening)
{
	uint8_t bytes[512];
	struct vm_item item;
	ssize_t length;
	size_t at = 0;

	if (listening) {
		take_connection();
		return;
	}
	length = read(controller.fd, bytes, sizeof(bytes));
	if (length == 0 || (length < 0 && errno != EAGAIN && errno != EINTR)) {
		hang_up();
	}
	while (length > 0 && at < (size_t)length) {
		at += vm_decode(&controller.decoder, bytes + at, (size_t)length - at, &item);
		if (item.type == VM_ITEM_MESSAGE) {
			take_request(stage, words, &item.message);
		}
	}
}

/* The response to a request that a driver put on the bus: into the receive message queue. */
static void respond_over_bus(struct stage *stage, const struct words *words,
	const struct exchange *exchange, const struct core_event *event)
{
	const struct ipmb_message message = {.rs_address = exchange->rs_address,
		.rs_lun = exchange->rs_lun,
		.rq_address = exchange->rq_address,
		.rq_lun = exchange->rq_lun,
		.netfn = exchange->bus_netfn | 1,
		.command = event->received.command,
		.sequence = exchange->bus_sequence,
		.data = event->received.data,
		.length = event->received.length};
	uint8_t frame[VIPMI_DATA_MAX];
	int size = ipmb_encode(&message, frame, sizeof(frame));

	if (size < 0) {
		words_fail(words, "that does not fit a frame");
	}
	frame[0] = exchange->channel;
	stage_receive(stage, words, frame, (size_t)size);
}

void controller_respond(
	struct stage *stage, const struct words *words, const struct core_event *event)
{
	struct exchange *exchange =
				&controller.exchanges[event->received.transmission % EXCHANGES_MAX],
			as;

	if (exchange->transmission != event->received.transmission) {
		words_fail(words, "too late even for a late response");
	}
	if (exchange->bridged) {
		respond_over_bus(stage, words, exchange, event);
		return;
	}
	as = *exchange;
	as.netfn = event->received.netfn;
	as.command = event->received.command;
	exchange->answered = true;
	put_response(&as, event->received.data, event->received.length);
}

void controller_garble(const struct words *words)
{
	static const uint8_t nonsense[] = {0x07, 0x07, 0x07, 0x07, 0x07, 0x07, 0x07, 0xA0};

	if (controller.tty) {
		words_fail(words, "an emulator lets nothing through that is no message");
	}
	put(nonsense, sizeof(nonsense));
}

void controller_signal(bool asserted)
{
	put_control(asserted ? VM_CONTROL_ATTENTION_INTERRUPT : VM_CONTROL_ATTENTION_OFF);
}
