/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stage of a transcript. What is seen of the one who plays it is kept as
 * sights; a transcript has to expect every sight, in its order and at its time.
 * There are two, chosen when the program is linked:
 *
 *	stage.c    one core, a clock that only the transcript moves, and the shell's
 *	           loop: what the core wants done is done at once
 *	agent*.c   a whole agent, vipmid or vipmi.ko: programs above it, over the socket
 *	           protocol, and a controller below it; the clock is the machine's
 */
#ifndef VIPMI_TESTS_SCENARIO_STAGE_H
#define VIPMI_TESTS_SCENARIO_STAGE_H

#include "core/core.h"
#include "ipmi/ipmb.h"
#include "tests/scenario/words.h"

#define STAGE_NAMES_MAX 16384
#define STAGE_NAME_MAX 24
#define STAGE_SIGHTS_MAX 16384
#define STAGE_QUEUE_MAX 64
#define STAGE_HOUSEKEEPING_MAX 64

enum name_kind { NAME_CLIENT, NAME_HANDLE, NAME_TRANSMISSION, NAME_BRIDGED };

/* A bridged request as it went over the bus, for its responder to answer. */
struct bridged {
	uint8_t channel, address, lun, rq_address, rq_lun, netfn, command, sequence;
};

struct name {
	char text[STAGE_NAME_MAX];
	enum name_kind kind;
	uint32_t client, handle; /* CLIENT: client; HANDLE: both */
	bool stopped;            /* CLIENT: does not take what is delivered */
	uint32_t transmission;   /* TRANSMISSION */
	uint64_t action;         /* TRANSMISSION: to complete later, or 0 */
	uint8_t netfn, command;  /* TRANSMISSION: the request's */
	struct bridged bridged;  /* BRIDGED */
};

/* One thing that the core wanted done, with its bytes. */
struct sight {
	struct core_action action;
	uint64_t time_ns;
	bool taken;
	bool open; /* a TRANSMIT that the link has not completed */
	uint8_t data[VIPMI_DATA_MAX];
};

struct queued_message {
	uint8_t bytes[64];
	size_t length;
};

struct stage {
	struct core *core; /* stage.c's, with the block it lives in */
	void *memory;
	size_t size;
	uint64_t now_ns;
	struct core_limits limits;
	struct core_link_capabilities link;
	uint64_t kept[CORE_KEPT_WORDS]; /* what outlives the core */
	struct name names[STAGE_NAMES_MAX];
	int names_count;
	struct sight sights[STAGE_SIGHTS_MAX];
	int sights_first, sights_count;

	/* How the shell behaves. */
	bool pulling;          /* it pulls actions */
	bool link_holds;       /* transmissions are completed by hand, "T is sent" */
	int link_result;       /* what transmissions are completed with */
	int link_result_times; /* how often; 0 = until told otherwise */
	int register_result;   /* what registrations are completed with, once */

	/* The controller's own business, answered at once unless the transcript wants to see it. */
	bool housekeeping_shown;
	bool responses_shown;                          /* Send Messages with a response inside */
	uint32_t housekeeping[STAGE_HOUSEKEEPING_MAX]; /* transmissions to answer */
	struct sight housekeeping_sights[STAGE_HOUSEKEEPING_MAX];
	int housekeeping_count;
	uint8_t enables;
	bool event_waiting;
	uint8_t event[16];
	struct queued_message queue[STAGE_QUEUE_MAX];
	int queue_count;
	bool attention;
};

/* Everything fresh, at time 0. */
void stage_init(struct stage *stage, const struct words *words, const struct core_limits *limits);
void stage_finish(struct stage *stage);
/* The agent is killed and starts again; the controller goes on. */
void stage_restart(struct stage *stage, const struct words *words);

/* Steps the core and then does what it wants. Fails unless the step gave `result`. */
void stage_step(
	struct stage *stage, const struct words *words, struct core_event *event, int result);
void stage_pump(struct stage *stage, const struct words *words);
/* Completes an action that was left open. */
void stage_complete(struct stage *stage, const struct words *words, uint64_t action, int result);
/* Lets time pass; stops early at the first sight if told. */
void stage_pass(struct stage *stage, const struct words *words, uint64_t until_ns, bool stop);

/* Something that is expected is not there (yet): true if it may be by now. */
bool stage_wait(struct stage *stage, const struct words *words);
/* Nothing is expected any more: whatever is on its way comes. */
void stage_settle(struct stage *stage, const struct words *words);
/* Whether a sight is of now, not of a moment before. */
bool stage_in_time(const struct stage *stage, const struct sight *sight);

/* Whether it sees what a link is told to hand in; or only what then comes of it. */
bool stage_sees_registrations(void);

void stage_status(struct stage *stage, const struct words *words, struct core_status *ret_status);
uint32_t stage_credit(struct stage *stage, const struct words *words, uint32_t handle);
/* Takes away what the handle has reserved first. */
void stage_revoke(struct stage *stage, const struct words *words, uint32_t handle);

/* ---- sights.c ---- */

struct name *stage_name(struct stage *stage, const char *text);
struct name *stage_need(
	struct stage *stage, const struct words *words, const char *text, enum name_kind kind);
struct name *stage_new_name(
	struct stage *stage, const struct words *words, const char *text, enum name_kind kind);

/* Whether it takes nothing that is delivered. */
bool stage_client_stopped(const struct stage *stage, uint32_t client);
/* Keeps an action, and its bytes, as a sight. */
struct sight *stage_see(
	struct stage *stage, const struct words *words, const struct core_action *action);
/* The oldest sight that nobody has expected yet, or NULL. */
struct sight *stage_pending(struct stage *stage);
/* One line about a sight, for messages. Static storage. */
const char *stage_describe(const struct stage *stage, const struct sight *sight);

/* The clock moves on: fails when something happened before that time and nobody expected it. */
void stage_end_moment(struct stage *stage, const struct words *words, uint64_t until_ns);

/* ---- controller.c ---- */

/* The controller's receive queue and event buffer fill. */
void stage_receive(
	struct stage *stage, const struct words *words, const uint8_t *bytes, size_t length);
void stage_event(struct stage *stage, const struct words *words, const uint8_t *event);
/* The stage's: the attention signal follows them. */
void stage_attention(struct stage *stage, const struct words *words);
/* Whether it is about the controller's flags, messages and enables. */
bool controller_is_housekeeping(const struct stage *stage, const struct core_transmit *transmit);
/* What the controller says to that: the length, completion code first. */
size_t controller_answer(struct stage *stage, const struct core_transmit *transmit, uint8_t *out);

/* ---- statements.c and others ---- */

/* One line of a test (statements.c). */
void play_statement(struct stage *stage, struct words *words);
/* What handles reserve (rights.c). False: the line is about something else. */
bool rights_statement(struct stage *stage, struct words *words, const struct name *handle);
void revoke_statement(struct stage *stage, struct words *words);
/* Incoming requests (incoming.c): one comes, its holder answers; what the core makes of it. */
void request_statement(struct stage *stage, struct words *words, uint8_t channel, uint8_t address);
void respond_statement(struct stage *stage, struct words *words, const struct name *handle);
void expect_response(struct stage *stage, struct words *words);
void expect_registered(struct stage *stage, struct words *words);
/* The oldest sight of this kind (and handle) that nobody has expected yet, which must be of now. */
struct sight *stage_expect(struct stage *stage, const struct words *words,
	enum core_action_type type, int delivery, uint32_t handle);
/* Gives the transmission of a sight a name. */
void stage_name_transmission(
	struct stage *stage, struct words *words, const char *text, const struct sight *sight);
/* "expect ..." and "check ..." (expect.c). */
void expect_statement(struct stage *stage, struct words *words);
void check_statement(struct stage *stage, struct words *words);
/* Parses "06/01" or "app/get-device-id". */
void parse_command(
	const struct words *words, const char *word, uint8_t *ret_netfn, uint8_t *ret_command);
/* Parses "0/b4": channel and address. */
void parse_responder(
	const struct words *words, const char *word, uint8_t *ret_channel, uint8_t *ret_address);

#endif
