/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A management controller: what every board's micro-controller does alike. Its
 * board says what it has. Private to chassis/.
 *
 * Each family of commands lives in one file and owns one member of the struct;
 * what others need of it is a function of that file, declared here.
 */
#ifndef VIPMI_CHASSIS_CONTROLLER_H
#define VIPMI_CHASSIS_CONTROLLER_H

#include "base/bytes.h"
#include "base/random.h"
#include "chassis/arena.h"
#include "chassis/board.h"
#include "chassis/chassis.h"
#include "chassis/limits.h"
#include "ipmi/ipmb.h"
#include "vipmi/message.h"

struct bus;
struct controller;

/* Channel numbers of the card (IPMI 2.0 section 6.3). */
#define ADDRESS_BMC 0x20
#define CHANNEL_IPMB 0x0
#define CHANNEL_LAN 0x1
#define CHANNEL_THIS 0xE
#define CHANNEL_SYSTEM_INTERFACE 0xF

/* SDR, SEL and PEF commands say "1.5" in version 2.0, too; the digits are swapped. */
#define VERSION_1_5 0x51

/* LUN 2 of a controller with a host is system software's mailbox (IPMI 2.0 section 7.1). */
#define LUN_SYSTEM_SOFTWARE 2

/* One command being executed. */
struct exchange {
	uint64_t now_ns;
	struct reader request;  /* its data */
	struct writer response; /* its data, after the completion code */
	uint8_t netfn, lun, command;
	uint8_t channel;            /* where it came from */
	uint8_t rq_address, rq_lun; /* who sent it, on the IPMB */
	uint8_t sequence;           /* likewise */
};

struct command {
	/* Reads the request, writes the response, returns the completion code. What it wrote is
	 * thrown away unless that is 00. */
	uint8_t (*handler)(struct controller *controller, struct exchange *exchange);
	uint8_t length_min, length_max; /* of the request's data */
	uint16_t needs;                 /* enum board_feature */
	uint16_t service_us;            /* what it takes at 100 percent */
	bool while_initializing;        /* answered after a reset, before the controller is ready */
};

/* NULL when the controller does not have it. */
const struct command *command_find(uint8_t netfn, uint8_t command);

/* ---- device.c, clock.c ---- */

struct device_state {
	uint64_t ready_ns; /* after a cold reset: answers D2 until then */
	uint8_t acpi_system, acpi_device;
};

struct clock {
	int64_t sel_offset_s; /* SEL time = seconds since init + this */
	uint16_t utc_offset;  /* minutes; 07FFh = unset (IPMI 2.0 section 31.11a) */
	uint32_t aux_log_time_s[AUX_LOGS_MAX];
};

/* ---- sensor.c, sensor_events.c ---- */

struct sensor {
	const struct board_sensor *board;
	uint32_t phase;  /* of its drift */
	uint8_t reading; /* when set by Set Sensor Reading */
	bool reading_set, scanning, events;
	uint8_t thresholds[THRESHOLD_COUNT];
	uint8_t hysteresis_positive, hysteresis_negative;
	uint16_t states;                         /* what holds now */
	uint16_t assertions_on, deassertions_on; /* which events are enabled */
	uint16_t assertions, deassertions;       /* which have occurred */
};

/* ---- sdr.c, sdr_records.c ---- */

struct sdr_store {
	uint8_t *bytes;
	uint16_t *offsets; /* records_count + 1 of them */
	uint16_t records_count;
	uint16_t reservation; /* one for everybody, 0 = none yet */
	uint32_t added_s, erased_s;
};

/* ---- sel.c ---- */

struct sel {
	uint8_t (*records)[SEL_RECORD_SIZE];
	uint16_t count, next_id, reservation;
	uint32_t added_s, erased_s;
	uint64_t erase_done_ns; /* 0 = not erasing */
	bool reserved;          /* the reservation still stands */
	bool overflow;
	uint8_t partial[SEL_RECORD_SIZE]; /* Partial Add SEL Entry */
	uint8_t partial_length;
};

/* ---- fru.c ---- */

struct fru {
	uint8_t *bytes;
	uint16_t size;
};

/* ---- watchdog.c ---- */

struct watchdog {
	uint8_t use, action, pretimeout_s, expired; /* bytes 1 to 4 of Set Watchdog Timer */
	uint16_t count;                             /* 100 ms */
	uint16_t left;                              /* when stopped */
	bool initialized, running, pretimeout_done;
	uint64_t expires_ns;
};

/* ---- messaging.c ---- */

/* Get Message Flags (IPMI 2.0 section 22.4). */
#define FLAG_RECEIVE 0x01
#define FLAG_EVENT 0x02
#define FLAG_PRETIMEOUT 0x08

struct received {
	uint8_t channel, length;
	uint8_t frame[IPMB_FRAME_MAX]; /* without the receiver's address */
};

struct messaging {
	uint8_t enables, flags;
	bool event_full;
	bool sticky; /* a fault: the event flag is set, whatever is in the buffer */
	uint8_t event[SEL_RECORD_SIZE];
	struct received queue[RECEIVE_QUEUE_MAX];
	uint16_t queue_first, queue_count;
	uint64_t lost;
	uint16_t channels_receiving; /* Enable Message Channel Receive, bit per channel */
};

/* ---- parameters.c: what LAN, SOL, PEF, boot options and system info have in common ---- */

struct parameter_table;

struct parameters {
	const struct parameter_table *table;
	uint8_t *bytes;
	uint8_t in_progress;
};

/* ---- user.c, channel.c ---- */

struct user {
	uint8_t name[USER_NAME_SIZE], password[USER_PASSWORD_SIZE];
	uint8_t access; /* byte 1 [6:4] and the privilege limit, as Get User Access returns them */
	bool enabled, password_long;
	uint8_t payloads[4];
};

struct channel_access {
	uint8_t mode, privilege; /* as in Get Channel Access */
};

struct session_config {
	struct user users[USERS_MAX]; /* by ID, from 1 */
	/* LAN only: 0 volatile, 1 non-volatile */
	struct channel_access access[2];
	uint8_t keys[2][USER_PASSWORD_SIZE]; /* K_R, K_G */
};

/* ---- power.c ---- */

struct power {
	bool on;
	uint8_t last_event, restart_cause, policy, cycle_interval_s;
	uint8_t capabilities[6];
	uint8_t panel; /* front panel button disables */
	bool identify_forced;
	uint64_t identify_until_ns;
};

/* ---- pef.c ---- */

struct pef {
	uint8_t postpone_s;
	uint64_t postpone_ns;
	uint16_t last_software_id, last_controller_id;
};

/* ---- controller.c: requests that came over the IPMB and wait for their turn ---- */

struct inbox {
	struct {
		uint8_t length;
		uint8_t bytes[IPMB_FRAME_MAX];
	} frames[REQUESTS_MAX];
	uint8_t first, count;
	uint64_t answer_ns; /* when the first is answered */
};

/* ---- relay.c: events that a manager passes on to our card ---- */

struct relay {
	uint8_t address; /* whom to; 0 = nobody asked for events */
	uint8_t first, count, sequence, tries;
	uint8_t events[RELAY_MAX][RELAY_EVENT_SIZE];
	uint64_t due_ns; /* when the first is sent, or sent again */
	/* At the other end: the one that was taken last, and when. */
	uint64_t taken_ns;
	uint8_t taken_sequence;
	uint64_t sent, lost;
};

/* What all boards of a drawer feel alike (backplane.c). */
struct environment {
	uint8_t heat;      /* degrees above normal */
	uint8_t fan_boost; /* counts that the remaining fans run faster */
	uint8_t load;      /* counts that the remaining power supply carries more */
};

/* Which board sits where. */
struct placement {
	const struct board *board;
	uint8_t address;        /* IPMB slave address, 8-bit form */
	uint8_t slot;           /* geographical address */
	const struct board *as; /* what it begins as, if that is less than what it may become */
};

struct controller {
	const struct board *board;
	struct bus *bus;
	uint8_t address, slot;
	bool present; /* its board is seated */
	uint16_t restarts;
	bool failed;    /* the board does not do what it is for; its controller still talks */
	bool unpowered; /* the board has no power; the controller has its own, over the IPMB */
	struct random random;
	uint64_t started_ns;
	uint32_t epoch_s, service_percent;
	bool freeze;
	bool reset_pending; /* once the response is made */
	uint64_t seed;
	/* The nearest time at which something here happens by itself; may be early, never late. */
	uint64_t due_ns;
	uint32_t outputs; /* bit per enum chassis_output_type waiting to be told */
	bool interrupts;
	uint8_t event_receiver, event_receiver_lun, event_sequence;

	uint32_t missed; /* frames that were given up because there was no room for them here */
	struct inbox inbox;
	struct relay relay;
	struct device_state device;
	struct clock clock;
	struct sensor *sensors;
	uint8_t *sensor_index; /* by number: position + 1, 0 = none */
	uint64_t scan_ns;
	struct sdr_store sdr;
	struct sel sel;
	struct fru frus[FRU_DEVICES_MAX];
	struct watchdog watchdog;
	struct messaging messaging;
	struct session_config *session;
	struct parameters lan, sol, pef_config, boot, system_info;
	uint8_t boot_invalid; /* bit per boot option that is marked invalid */
	struct pef pef;
	struct power power;
};

/* In every X_carve the controller is NULL when the arena only counts. */

/* Takes the memory that a controller of this board needs; with a counting arena returns NULL. */
struct controller *controller_carve(struct arena *arena, const struct placement *placement);

/* Power comes. */
void controller_init(struct controller *controller, struct bus *bus,
	const struct chassis_options *options, uint64_t now_ns);

/* Executes one command; returns the completion code. exchange->response then has the data. */
uint8_t controller_execute(struct controller *controller, struct exchange *exchange);

/* Does what is due by itself. Cheap when nothing is. */
void controller_step(struct controller *controller, uint64_t now_ns);

/* Something here will happen at that time. */
static inline void controller_due(struct controller *controller, uint64_t at_ns)
{
	if (at_ns < controller->due_ns) {
		controller->due_ns = at_ns;
	}
}

static inline void controller_output(struct controller *controller, enum chassis_output_type type)
{
	controller->outputs |= 1u << type;
}

static inline bool controller_has(const struct controller *controller, uint16_t features)
{
	return (controller->board->features & features) == features;
}

/* The channel that a request means: E is the one it came over (IPMI 2.0 section 6.3). */
static inline uint8_t exchange_channel(const struct exchange *exchange, uint8_t byte)
{
	uint8_t channel = byte & 0x0F;

	return channel == CHANNEL_THIS ? exchange->channel : channel;
}

/* A frame arrived for this controller over the IPMB. False: it has no room, and does not
 * acknowledge it. */
bool controller_receive(struct controller *controller, const struct ipmb_message *message,
	const uint8_t *frame, size_t length, uint64_t now_ns);

/* ---- bus.c ---- */

/* Gives a frame (first byte the receiver's address) to the IPMB, which carries it when its turn
 * comes. Returns a completion code of Send Message: 00, 81 lost arbitration, 82 bus error, 83
 * nobody there, C0 too much under way. */
uint8_t bus_send(struct controller *from, const uint8_t *frame, size_t length, uint64_t now_ns);
const struct environment *bus_environment(const struct bus *bus);

/* ---- what families need of each other ---- */

/* `us` at 100 percent, as this controller takes it. */
uint64_t service_ns(const struct controller *controller, uint32_t us);

void device_init(struct controller *controller);
/* Forgets what is volatile. */
void controller_restart(struct controller *controller, uint64_t now_ns);

void clock_init(struct controller *controller);
/* Seconds since init; stands still when frozen. */
uint32_t clock_elapsed_s(const struct controller *controller, uint64_t now_ns);
uint32_t clock_sel_s(const struct controller *controller, uint64_t now_ns);

void sensors_carve(struct controller *controller, const struct board *board, struct arena *arena);
void sensors_init(struct controller *controller);
void sensors_scan(struct controller *controller, uint64_t now_ns);
/* By number; NULL when there is none. */
struct sensor *sensor_find(struct controller *controller, uint8_t number);
uint8_t sensor_reading(
	const struct controller *controller, const struct sensor *sensor, uint64_t now_ns);
/* Whether there is something to be read: it is scanned, and what it measures has power. */
bool sensor_available(const struct controller *controller, const struct sensor *sensor);
/* Compares what it shows now with what it showed before, and makes the events. */
void sensor_evaluate(struct controller *controller, struct sensor *sensor, uint64_t now_ns);
/* Puts a discrete sensor into these states; data2 and data3 go into the events (FFh: none). */
void sensor_set_states(struct controller *controller, struct sensor *sensor, uint16_t states,
	uint8_t data2, uint8_t data3, uint64_t now_ns);
/* The bit of the event that crossing this threshold makes. */
uint16_t sensor_threshold_event(int threshold);
/* All events that a sensor can make. */
uint16_t sensor_possible_events(const struct board_sensor *sensor);
/* One event bit came or went: remembers it and, where enabled, tells the event receiver. */
void sensor_transition(struct controller *controller, struct sensor *sensor, uint16_t event,
	bool deassertion, uint8_t data2, uint8_t data3, uint64_t now_ns);
/* M, tolerance, B, accuracy and exponents: six bytes, as in the record and in the factors. */
void sensor_factors_write(const struct board_sensor *sensor, struct writer *writer);
/* States 0 to 5 as Get Sensor Reading shows them, of a threshold sensor. */
uint8_t sensor_comparison(const struct sensor *sensor, uint8_t reading);

void sdr_carve(struct controller *controller, const struct board *board, struct arena *arena);
void sdr_init(struct controller *controller);
/* Writes all records of this controller; bytes beyond the writer's end are only counted. */
void sdr_records_write(struct controller *controller, struct writer *writer);
/* A controller of the drawer came or went: the repository lists those that are there. */
void sdr_update(struct controller *controller, uint64_t now_ns);

void sel_carve(struct controller *controller, const struct board *board, struct arena *arena);
void sel_init(struct controller *controller);
/* The records cannot be read: 81, says everybody who is asked. */
#define CC_ERASE_IN_PROGRESS 0x81
bool sel_erasing(const struct controller *controller, uint64_t now_ns);
void sel_step(struct controller *controller, uint64_t now_ns);
/* Logs a record (its ID and, below E0h, its time are filled in). Returns a completion code. */
uint8_t sel_add(struct controller *controller, const uint8_t record[SEL_RECORD_SIZE],
	uint64_t now_ns, uint16_t *ret_id);

void fru_carve(struct controller *controller, const struct board *board, struct arena *arena);
void fru_init(struct controller *controller);
/* Writes a whole FRU inventory image (Platform Management FRU Information Storage Definition). */
void fru_image_write(const struct board_fru *fru, uint64_t seed, uint8_t *bytes);

void watchdog_init(struct controller *controller);
void watchdog_step(struct controller *controller, uint64_t now_ns);

void messaging_init(struct controller *controller);
uint8_t messaging_flags(const struct controller *controller);
/* Whether system software wants events in the SEL. */
bool messaging_logs_events(const struct controller *controller);
/* A frame without its first byte, for system software. False: there is no room, and it is not
 * acknowledged. */
bool messaging_receive(
	struct controller *controller, uint8_t channel, const uint8_t *frame, size_t length);
/* Puts an event where system software finds it, if it wants any. */
void messaging_event(struct controller *controller, const uint8_t record[SEL_RECORD_SIZE]);
/* Whether it wants events and has no room for one now. */
bool messaging_event_busy(const struct controller *controller);

void relay_init(struct controller *controller);
/* Passes this event on, when its turn comes. */
void relay_event(
	struct controller *controller, const uint8_t record[SEL_RECORD_SIZE], uint64_t now_ns);
/* At the other end: whether this one was taken already; remembers it. */
bool relay_taken(struct controller *controller, const struct exchange *exchange);
void relay_step(struct controller *controller, uint64_t now_ns);
/* A response came: perhaps to what was relayed. */
void relay_answered(
	struct controller *controller, const struct ipmb_message *message, uint64_t now_ns);

/* An event of one of this controller's sensors: sends it to the event receiver. */
void event_emit(struct controller *controller, const struct board_sensor *sensor, bool deassertion,
	const uint8_t data[3], uint64_t now_ns);

void parameters_carve(
	struct controller *controller, const struct board *board, struct arena *arena);
void parameters_init(struct controller *controller);

void pef_init(struct controller *controller);

void session_carve(struct controller *controller, const struct board *board, struct arena *arena);
void session_init(struct controller *controller);

void power_init(struct controller *controller);
/* What Chassis Control and the watchdog do to the host. */
void power_act(struct controller *controller, enum chassis_output_type output, uint8_t cause,
	uint64_t now_ns);

/* Writes 16 bytes that name this controller (or system), from its seed. */
void device_guid(const struct controller *controller, uint32_t salt, struct writer *writer);

#endif
