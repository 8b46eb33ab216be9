/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's management controller: what a virtual machine finds behind its KCS
 * device. A pure state machine. Requests go in as the VM protocol brings them; a
 * table (guest/commands.def) says of each whether the guest's controller answers
 * it itself, whether it is refused, or whether it is passed on to the real
 * controller, of which a guest only ever reads. What acts on a machine acts on
 * the guest, by the protocol's control commands.
 *
 * Its peer (QEMU) may go and come back: within the grace time nothing is lost,
 * and the watchdog's countdown stands still, since the guest cannot feed it.
 */
#ifndef VIPMI_GUEST_GUEST_H
#define VIPMI_GUEST_GUEST_H

#include "base/compat.h"
#include "ipmi/vm.h"
#include "vipmi/message.h"

/* Requests under way at the real controller: QEMU has one, and after an abort of its guest's
 * another; a peer that wants more is told that the node is busy. */
#define GUEST_PENDING_MAX 8u
/* Events that wait for the guest; a real controller's buffer has room for one. Later ones are
 * dropped and counted, as there. */
#define GUEST_EVENTS_MAX 16u
#define GUEST_EVENT_SIZE 16u
/* Answers from the bus that wait for Get Message, as small controllers keep them. */
#define GUEST_RECEIVED_MAX 8u
#define GUEST_GUID_SIZE 16u
#define GUEST_GUID_TEXT_SIZE 37u
/* A FRU inventory's text field has 63 bytes at the most. */
#define GUEST_NAME_MAX 63u
/* Entries of a guest's own log: as many as small controllers have, in 2 KiB. */
#define GUEST_SEL_MAX 128u

/* Of VM_CONTROL_CAPABILITIES: what the peer can do. */
#define GUEST_CAPABLE_POWER 0x01
#define GUEST_CAPABLE_RESET 0x02
#define GUEST_CAPABLE_INTERRUPT 0x04
#define GUEST_CAPABLE_NMI 0x08
#define GUEST_CAPABLE_SHUTDOWN 0x20

/* Whose log, or FRU inventory, the guest sees. */
enum guest_part {
	GUEST_PART_NONE,
	GUEST_PART_REAL, /* the real controller's, to read */
	GUEST_PART_OWN,  /* its own; the log to write and clear, too */
};

struct guest_config {
	uint8_t guid[GUEST_GUID_SIZE]; /* as on the wire */
	char name[GUEST_NAME_MAX];     /* ends with its last byte or a zero */
	bool sensors;                  /* of the real controller are shown */
	uint8_t sel, fru;              /* enum guest_part */
	uint32_t epoch_s;              /* the clock's zero, in seconds since 1970 */
	bool bus;                      /* satellites may be asked (Send Message), reads only */
	uint64_t grace_ns;
};

enum guest_presence {
	GUEST_ABSENT, /* nobody was here, or not for longer than the grace time */
	GUEST_PRESENT,
	GUEST_AWAY, /* for the grace time */
};

/* What the agent is to ask the real controller, or a satellite on its bus. */
struct guest_forward {
	uint64_t tag;
	uint8_t target_kind; /* enum vipmi_target_kind */
	uint8_t channel, address;
	uint8_t netfn, lun, command;
	const uint8_t *data; /* in the request's own bytes */
	size_t length;
};

struct guest_verdict {
	bool answered, forwarded; /* both, of a Send Message */
	struct vm_message answer; /* its data stay until the guest's next call */
	struct guest_forward forward;
};

/* Power, reset and interrupts: to be sent after the answer to the request that asked for it. */
struct guest_action {
	uint8_t control; /* enum vm_control */
	const char *why; /* for the log */
};

struct guest_watchdog {
	uint8_t use, action, pretimeout_s, expired;
	uint16_t count; /* in 100 ms */
	bool initialized, running, pretimeout_done;
	uint64_t expires_ns; /* running, with the peer present */
	uint64_t left_ns;    /* otherwise */
};

/* What can be done to the guest, in the order in which it is. */
enum guest_deed { GUEST_RESET, GUEST_NMI, GUEST_SHUTDOWN, GUEST_POWER_OFF, GUEST_DEED_COUNT };

struct guest_power {
	uint8_t policy, restart_cause, acpi_system, acpi_device;
	bool resetting; /* by us: the peer's word of it is none of another reset */
	const char *why[GUEST_DEED_COUNT]; /* NULL: not wanted */
};

struct guest_received {
	uint16_t length;
	uint8_t channel;
	uint8_t bytes[VIPMI_DATA_MAX];
};

struct guest_messages {
	uint8_t enables;
	uint16_t channels; /* bit n: channel n may be received from */
	bool pretimeout;
	uint8_t event_first, event_count, received_first, received_count;
	uint32_t events_lost, received_lost;
	uint8_t events[GUEST_EVENTS_MAX][GUEST_EVENT_SIZE];
	struct guest_received received[GUEST_RECEIVED_MAX];
};

struct guest_sel {
	uint8_t first, count;
	bool overflow, reserved;
	uint16_t next_id, reservation, utc_offset;
	uint32_t added_s, erased_s;
	uint32_t shift_s; /* that Set SEL Time made, modulo 2^32 */
	uint8_t entries[GUEST_SEL_MAX][GUEST_EVENT_SIZE];
};

struct guest_pending {
	bool used, bridged;
	uint8_t sequence; /* the protocol's, or the frame's */
	uint8_t netfn, lun, command;
	uint8_t channel, address, rq_address, rq_lun; /* bridged */
	uint32_t number;
};

struct guest {
	struct guest_config config;
	enum guest_presence presence;
	uint64_t gone_ns; /* AWAY: when the grace time is over */
	uint8_t capabilities;
	bool attention_told, interrupts_told;
	uint32_t number_next;
	struct guest_watchdog watchdog;
	struct guest_power power;
	struct guest_messages messages;
	struct guest_sel sel; /* stays when everything starts anew */
	struct guest_pending pending[GUEST_PENDING_MAX];
	uint8_t reply[VIPMI_DATA_MAX];
};

/* Absent, with everything as after power-up. */
void guest_init(struct guest *guest, const struct guest_config *config);

/* The peer is there; it says at once what it can do (guest_control). Or another one is: the guest
 * moved, and what it waits for it still gets. */
void guest_connect(struct guest *guest, uint64_t now_ns);

/* It is gone. What was passed on and not answered is forgotten: the peer answers that itself. */
void guest_disconnect(struct guest *guest, uint64_t now_ns);

/* The peer's control commands: what it can do, and that the guest was reset. */
void guest_control(struct guest *guest, uint8_t control, uint8_t argument);

/* A request of the guest's. Every one is answered, at once or by guest_response. */
void guest_request(struct guest *guest, const struct vm_message *request, uint64_t now_ns,
	struct guest_verdict *ret_verdict);

/* What became of a guest_forward. `answered` if the guest is still to hear of it so. */
void guest_response(struct guest *guest, uint64_t tag, uint8_t cc, const uint8_t *data,
	size_t length, struct guest_verdict *ret_verdict);

/* Whether an answer to something that was passed on is still to come. */
bool guest_waits(const struct guest *guest);

/* What was passed on will not be answered, because the client that asked is no more: satellites'
 * answers are time-outs. */
void guest_abandon(struct guest *guest);

/* An event of the real controller, as a SEL record's image. */
void guest_event(struct guest *guest, const uint8_t record[GUEST_EVENT_SIZE]);

/* Time passed: the watchdog, and the end of the grace time. */
void guest_step(struct guest *guest, uint64_t now_ns);
uint64_t guest_deadline(const struct guest *guest);

/* The next control command about a level (attention, interrupts) that the peer does not know yet;
 * to be sent before an answer. */
bool guest_signal(struct guest *guest, uint8_t *ret_control);

/* The next thing to do to the guest itself. */
bool guest_act(struct guest *guest, struct guest_action *ret_action);

/* ---- what outlives the agent ---- */

/* Enough for every guest_save: queues, log, what waits for the bus, and 128 bytes for all the rest.
 */
#define GUEST_SAVED_MAX                                                                            \
	(128u + (GUEST_EVENTS_MAX + GUEST_SEL_MAX) * GUEST_EVENT_SIZE +                            \
		GUEST_RECEIVED_MAX * (sizeof(uint32_t) + VIPMI_DATA_MAX) +                         \
		GUEST_PENDING_MAX * 16u)

/* All of the guest but its configuration and what its peer is told anew, as bytes. Returns how
 * many; 0 if `size` is less than GUEST_SAVED_MAX and not enough. */
size_t guest_save(const struct guest *guest, uint64_t now_ns, uint8_t *bytes, size_t size);

/* Into a guest after guest_init, in the same run of the clock. Its peer is away then, for the grace
 * time from now on if it was there. False: they are of another version or another GUID, or no such
 * bytes; the guest is as after guest_init. */
bool guest_restore(struct guest *guest, const uint8_t *bytes, size_t length, uint64_t now_ns);

/* Whether there is anything to save: it is there, or has a log. */
bool guest_worth_saving(const struct guest *guest);

/* ---- who it is ---- */

/* A GUID that depends on the name alone, in the wire's order (IPMI 2.0 section 20.8). */
void guest_guid_of_name(const char *name, size_t length, uint8_t guid[GUEST_GUID_SIZE]);

/* As text, with a zero behind. */
void guest_guid_text(const uint8_t guid[GUEST_GUID_SIZE], char text[GUEST_GUID_TEXT_SIZE]);

/* "6ba7b810-9dad-11d1-80b4-00c04fd430c8" into the wire's order; false if it is no such text. */
bool guest_guid_of_text(const char *text, size_t length, uint8_t guid[GUEST_GUID_SIZE]);

/* ---- the table ---- */

enum guest_treatment {
	GUEST_PASS,    /* the real controller answers */
	GUEST_VIRTUAL, /* the guest's own controller does */
	GUEST_DENY,    /* D4: it is the host's to do */
	GUEST_NONE,    /* C1: a guest's controller has no such thing */
	/* Never judged: VIRTUAL where log or FRU inventory are the guest's own, else by class. */
	GUEST_LOG,
	GUEST_FRU,
};

/* By command, data and configuration; a response is GUEST_NONE. Nothing that changes anything at
 * the real controller is ever GUEST_PASS. */
enum guest_treatment guest_judge(const struct guest_config *config, uint8_t netfn, uint8_t command,
	const uint8_t *data, size_t length);

/* What the table says of a command in words, for the documentation; NULL: nothing special. */
const char *guest_command_text(uint8_t netfn, uint8_t command);

#endif
