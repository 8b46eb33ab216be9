/* SPDX-License-Identifier: BSD-2-Clause */
#include "chassisd/server.h"

#include "chassisd/listen.h"
#include "chassisd/scenario_file.h"
#include "ipmi/vm.h"
#include "vipmi/message.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* A peer that speaks the protocol well has one request under way, the agent at most its window;
 * what comes beyond that is dropped, as a controller with little memory does. */
#define QUEUE_MAX 64u

/* Bytes for a peer that does not read; past that it is not a peer. */
#define OUTPUT_MAX (64u * VM_ENCODED_MAX)

#define READ_SIZE 4096
#define WHERE_MAX 300

/* Capabilities that QEMU announces (VM_CONTROL_CAPABILITIES). */
#define CAPABLE_POWER 0x01
#define CAPABLE_RESET 0x02
#define CAPABLE_INTERRUPT_ENABLE 0x04
#define CAPABLE_NMI 0x08
#define CAPABLE_SHUTDOWN 0x20

struct queued {
	uint8_t sequence, netfn, lun, command;
	uint16_t length;
	uint8_t data[VM_MESSAGE_MAX];
};

struct server {
	int listen_fd, peer_fd, signal_fd;
	struct chassis *chassis;
	struct chassis_faults faults;
	FILE *log;
	uint64_t started_ns;
	bool stopping;
	char where[WHERE_MAX];
	char path[CHASSIS_PATH_MAX + 1], *scenario; /* a file and its text */
	/* The peer's. */
	struct vm_decoder decoder;
	uint8_t capabilities;
	uint8_t sequence; /* of the request in hand */
	bool in_hand;     /* taken by the chassis and not yet answered */
	bool orphan;      /* its peer is gone */
	struct queued queue[QUEUE_MAX];
	size_t queue_first, queue_count;
	uint8_t output[OUTPUT_MAX];
	size_t output_length;
};

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * NSEC_PER_SEC_U64 + (uint64_t)now.tv_nsec;
}

static void drop_peer(struct server *server)
{
	if (server->peer_fd >= 0) {
		close(server->peer_fd);
	}
	server->peer_fd = -1;
	server->queue_count = 0;
	server->output_length = 0;
	server->orphan = server->in_hand;
}

static void flush_output(struct server *server)
{
	ssize_t sent;

	while (server->output_length > 0 && server->peer_fd >= 0) {
		sent = send(server->peer_fd, server->output, server->output_length,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0) {
			if (errno != EAGAIN && errno != EINTR) {
				drop_peer(server);
			}
			return;
		}
		server->output_length -= (size_t)sent;
		memmove(server->output, server->output + sent, server->output_length);
	}
}

/* Room for one encoded item, or NULL: then the peer does not read, and is let go. */
static uint8_t *output_room(struct server *server)
{
	if (server->peer_fd < 0) {
		return NULL;
	}
	if (OUTPUT_MAX - server->output_length < VM_ENCODED_MAX) {
		drop_peer(server);
		return NULL;
	}
	return server->output + server->output_length;
}

static void send_control(struct server *server, uint8_t control, uint8_t argument)
{
	uint8_t *room = output_room(server);
	int length = room ? vm_encode_control(control, argument, room, VM_ENCODED_MAX) : 0;

	if (length > 0) {
		server->output_length += (size_t)length;
	}
}

static void send_response(struct server *server, const struct chassis_output *output)
{
	const struct vm_message message = {
		.sequence = server->sequence,
		.netfn = output->netfn,
		.lun = output->lun,
		.command = output->command,
		.data = output->data,
		.length = output->length,
	};
	uint8_t *room = output_room(server);
	int length = room ? vm_encode_message(&message, room, VM_ENCODED_MAX) : 0;

	if (length <= 0) {
		return;
	}
	if (output->garbled) {
		room[0] ^= 0x01; /* the checksum no longer fits */
	}
	server->output_length += (size_t)length;
}

static void log_moment(struct server *server, uint64_t now_ns)
{
	uint64_t us = (now_ns - server->started_ns) / NSEC_PER_USEC_U64;

	fprintf(server->log, "%llu.%06llu ", (unsigned long long)(us / 1000000),
		(unsigned long long)(us % 1000000));
}

/* What the controller does to the host, for a peer that can do it. */
static void act_on_host(struct server *server, enum chassis_output_type type)
{
	static const struct {
		uint8_t control, capability;
		const char *name;
	} acts[CHASSIS_OUTPUT_COUNT] = {
		[CHASSIS_OUTPUT_POWER_OFF] = {VM_CONTROL_POWER_OFF, CAPABLE_POWER, "power-off"},
		[CHASSIS_OUTPUT_POWER_CYCLE] = {VM_CONTROL_RESET, CAPABLE_RESET, "power-cycle"},
		[CHASSIS_OUTPUT_HARD_RESET] = {VM_CONTROL_RESET, CAPABLE_RESET, "reset"},
		[CHASSIS_OUTPUT_NMI] = {VM_CONTROL_NMI, CAPABLE_NMI, "nmi"},
		[CHASSIS_OUTPUT_SOFT_SHUTDOWN] = {VM_CONTROL_GRACEFUL_SHUTDOWN, CAPABLE_SHUTDOWN,
			"shutdown"},
	};

	if (acts[type].capability & server->capabilities) {
		send_control(server, acts[type].control, 0);
		if (server->log) {
			log_moment(server, clock_ns());
			fprintf(server->log, "host=%s\n", acts[type].name);
			fflush(server->log);
		}
	}
}

static void tell_step(const struct server *server, const struct chassis_output *output)
{
	char line[SCENARIO_LINE_MAX];

	scenario_file_line(server->path, output, line, sizeof(line));
	fprintf(stderr, "vipmi-chassisd: %s\n", line);
}

/* With the interrupt, whose enabling the peer was told of: without it a driver that waits for
 * interrupts looks at the flags only after its next command. */
static void send_attention(struct server *server, bool asserted)
{
	send_control(
		server, asserted ? VM_CONTROL_ATTENTION_INTERRUPT : VM_CONTROL_ATTENTION_OFF, 0);
}

static void handle_output(struct server *server, const struct chassis_output *output)
{
	switch (output->type) {
	case CHASSIS_OUTPUT_RESPONSE:
		if (server->in_hand && !server->orphan) {
			send_response(server, output);
		}
		server->in_hand = server->orphan = false;
		break;
	case CHASSIS_OUTPUT_ATTENTION:
		send_attention(server, output->asserted);
		break;
	case CHASSIS_OUTPUT_INTERRUPT:
		if (server->capabilities & CAPABLE_INTERRUPT_ENABLE) {
			send_control(server,
				output->asserted ? VM_CONTROL_INTERRUPT_ENABLE
						 : VM_CONTROL_INTERRUPT_DISABLE,
				0);
		}
		break;
	case CHASSIS_OUTPUT_STEP:
		tell_step(server, output);
		break;
	case CHASSIS_OUTPUT_CONTROLLER_RESET: /* the protocol has no word for it */
		break;
	default:
		act_on_host(server, output->type);
		break;
	}
}

static void log_request(struct server *server, const struct queued *queued, uint64_t now_ns)
{
	size_t i;

	if (!server->log) {
		return;
	}
	log_moment(server, now_ns);
	fprintf(server->log, "seq=%02x netfn=%02x lun=%u cmd=%02x data=", queued->sequence,
		queued->netfn, queued->lun, queued->command);
	for (i = 0; i < queued->length; i++) {
		fprintf(server->log, "%02x", queued->data[i]);
	}
	fputc('\n', server->log);
	fflush(server->log);
}

/* Gives the chassis what waits, as long as it takes it, and passes on what it says. */
static void pump(struct server *server)
{
	uint64_t now_ns = clock_ns();
	struct chassis_output output;
	bool more = true;

	while (more) {
		more = false;
		while (chassis_next(server->chassis, now_ns, &output)) {
			handle_output(server, &output);
		}
		if (chassis_ready(server->chassis) && server->queue_count > 0) {
			const struct queued *first = &server->queue[server->queue_first];
			const struct chassis_request request = {
				.netfn = first->netfn,
				.lun = first->lun,
				.command = first->command,
				.data = first->data,
				.length = first->length,
			};

			more = true;
			server->sequence = first->sequence;
			if (chassis_request(server->chassis, now_ns, &request) == 0) {
				server->in_hand = true;
				server->orphan = false;
				log_request(server, first, now_ns);
			}
			server->queue_first = (server->queue_first + 1) % QUEUE_MAX;
			server->queue_count--;
		}
	}
	flush_output(server);
}

static void take_message(struct server *server, const struct vm_message *message)
{
	struct queued *queued;

	if (server->queue_count == QUEUE_MAX || message->length > VIPMI_DATA_MAX) {
		return;
	}
	queued = &server->queue[(server->queue_first + server->queue_count) % QUEUE_MAX];
	server->queue_count++;
	queued->sequence = message->sequence;
	queued->netfn = message->netfn;
	queued->lun = message->lun;
	queued->command = message->command;
	queued->length = (uint16_t)message->length;
	memcpy(queued->data, message->data, message->length);
}

static void take_bytes(struct server *server, const uint8_t *bytes, size_t length)
{
	struct vm_item item;
	size_t taken;

	while (length > 0) {
		taken = vm_decode(&server->decoder, bytes, length, &item);
		bytes += taken;
		length -= taken;
		if (item.type == VM_ITEM_MESSAGE) {
			take_message(server, &item.message);
		} else if (item.type == VM_ITEM_CONTROL &&
			   item.control == VM_CONTROL_CAPABILITIES) {
			server->capabilities = item.argument;
		}
	}
}

static void read_peer(struct server *server)
{
	uint8_t bytes[READ_SIZE];
	ssize_t length = recv(server->peer_fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	if (length > 0) {
		take_bytes(server, bytes, (size_t)length);
	} else if (length == 0 || (errno != EAGAIN && errno != EINTR)) {
		drop_peer(server);
	}
}

static void accept_peer(struct server *server)
{
	int on = 1, fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		return;
	}
	if (server->peer_fd >= 0) {
		close(fd); /* one host has one system interface */
		return;
	}
	/* Fails on a Unix socket, which does not need it. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	server->peer_fd = fd;
	server->capabilities = 0;
	vm_decoder_init(&server->decoder);
	send_control(server, VM_CONTROL_VERSION, 1);
	send_attention(server, chassis_attention(server->chassis));
}

static void read_signal(struct server *server)
{
	struct signalfd_siginfo info;

	if (read(server->signal_fd, &info, sizeof(info)) != sizeof(info)) {
		return;
	}
	if (info.ssi_signo == SIGUSR1) {
		server->faults.silent = !server->faults.silent;
		chassis_set_faults(server->chassis, &server->faults);
	} else {
		server->stopping = true;
	}
}

/* How long to wait; NULL = until something comes. */
static struct timespec *patience(const struct server *server, struct timespec *time)
{
	uint64_t deadline_ns = chassis_deadline(server->chassis), now_ns = clock_ns(), left_ns;

	if (deadline_ns == TIME_NEVER) {
		return NULL;
	}
	left_ns = deadline_ns > now_ns ? deadline_ns - now_ns : 0;
	time->tv_sec = (time_t)(left_ns / NSEC_PER_SEC_U64);
	time->tv_nsec = (long)(left_ns % NSEC_PER_SEC_U64);
	return time;
}

int server_run(struct server *server)
{
	struct timespec time;

	while (!server->stopping) {
		struct pollfd fds[] = {
			{.fd = server->signal_fd, .events = POLLIN},
			{.fd = server->listen_fd, .events = POLLIN},
			{.fd = server->peer_fd,
				.events = (short)(POLLIN | (server->output_length ? POLLOUT : 0))},
		};

		if (ppoll(fds, 3, patience(server, &time), NULL) < 0 && errno != EINTR) {
			return -errno;
		}
		if (fds[0].revents) {
			read_signal(server);
		}
		if (fds[2].revents && server->peer_fd >= 0) {
			read_peer(server);
		}
		if (fds[1].revents) {
			accept_peer(server);
		}
		pump(server);
	}
	return 0;
}

static int make_chassis(struct server *server, const struct chassis_options *options, char *error,
	size_t error_size)
{
	/* A multiple of the alignment, as aligned_alloc wants it. */
	size_t size = (chassis_size(options) + 15) & ~(size_t)15;
	void *memory = aligned_alloc(16, size);
	int result;

	if (!memory) {
		snprintf(error, error_size, "no memory");
		return -ENOMEM;
	}
	server->started_ns = clock_ns();
	result = chassis_init(memory, size, options, server->started_ns, &server->chassis);
	if (result < 0) {
		free(memory);
		snprintf(error, error_size, "cannot make the chassis: %s", strerror(-result));
		return result;
	}
	memcpy(server->path, options->scenario, sizeof(server->path));
	return scenario_file_play(server->chassis, server->path, server->started_ns,
		&server->scenario, error, error_size);
}

int server_open(const char *listen_text, const struct chassis_options *options, FILE *request_log,
	char *where, size_t where_size, char *error, size_t error_size, struct server **ret_server)
{
	struct server *server = calloc(1, sizeof(*server));
	sigset_t signals;
	int result;

	if (!server) {
		snprintf(error, error_size, "no memory");
		return -ENOMEM;
	}
	server->listen_fd = server->peer_fd = server->signal_fd = -1;
	server->log = request_log;
	server->faults = options->faults;
	result = make_chassis(server, options, error, error_size);
	if (result < 0) {
		server_close(server);
		return result;
	}
	result = listen_open(listen_text, server->where, sizeof(server->where), error, error_size);
	if (result < 0) {
		server_close(server);
		return result;
	}
	server->listen_fd = result;
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	server->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (server->signal_fd < 0) {
		result = -errno;
		snprintf(error, error_size, "signalfd: %s", strerror(-result));
		server_close(server);
		return result;
	}
	snprintf(where, where_size, "%s", server->where);
	*ret_server = server;
	return 0;
}

void server_close(struct server *server)
{
	if (!server) {
		return;
	}
	if (server->listen_fd >= 0) {
		close(server->listen_fd);
		listen_forget(server->where);
	}
	if (server->peer_fd >= 0) {
		close(server->peer_fd);
	}
	if (server->signal_fd >= 0) {
		close(server->signal_fd);
	}
	free(server->chassis); /* the block begins with it */
	free(server->scenario);
	free(server);
}
