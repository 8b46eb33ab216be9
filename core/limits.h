/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every bound of the core, each with its reason. None can be passed by a peer.
 */
#ifndef VIPMI_CORE_LIMITS_H
#define VIPMI_CORE_LIMITS_H

/* A handle's number is 16 bits of slot and 16 of generation. */
#define CORE_HANDLES_LIMIT 65536u

/* Sixteen times what the mission asks for; a gibibyte is far away (see core_size). */
#define CORE_HANDLES_DEFAULT 4096u

/* Connections that have no handle yet, or only ask for listings, beside one for each handle. */
#define CORE_CLIENTS_SPARE 64u

/* Request slots beyond the one that each handle is guaranteed: 4,096 + 12,288 = 16,384 in all. */
#define CORE_REQUESTS_SHARED 12288u

/* A handle's name in listings, with its terminating zero. */
#define CORE_NAME_SIZE 32u

/* Request slots at most: one for each possible handle and as many again; 24 bits name one. */
#define CORE_REQUESTS_LIMIT 131072u

/* Requests that one handle may have outstanding, unread answers included. The kernel's driver
 * allows 100; 128 keeps every program that lives with that content. */
#define CORE_CREDIT_DEFAULT 128u
#define CORE_CREDIT_LIMIT 1024u

/* Transmissions at the system interface at once. BT and the VM protocol number them with 8 bits;
 * more than 32 only moves the queue below us, where our arbitration does not reach. */
#define CORE_WINDOW_MAX 32u

/* Bridged requests at once: one pool of 64 sequence numbers for each responder, and small
 * controllers queue few; a chassis has 21 slots. */
#define CORE_BUS_WINDOW_MAX 256u

/* Responders with a sequence number table of their own: 7-bit addresses on the few channels that
 * lead to an IPMB. One that does not fit waits for a table to fall idle. */
#define CORE_RESPONDERS_MAX 128u

/* Sequence numbers that one handle may reserve: a quarter of one responder's, or one to each of
 * sixteen slots. */
#define CORE_SEQUENCES_PER_HANDLE 16u

/* Responders that one handle may have requests for at the same time: three chassis' worth. */
#define CORE_LANES_PER_HANDLE 64u

/* A virtual controller's receive message queue: as long as the controllers in the field have it.
 * What does not fit is dropped and counted, as there. */
#define CORE_RECEIVE_QUEUE_MAX 20u

/* Command reservations in force, of all handles together: the whole command table six times. */
#define CORE_COMMANDS_MAX 1024u
/* In one list, all or nothing. More is said with "all commands" of a network function. */
#define CORE_COMMANDS_PER_CALL 64u

/* Consecutive housekeeping transmissions while requests wait (flags, messages, events). */
#define CORE_FETCH_RUN_MAX 8u

/* Dispatches that higher classes may get while a lower one waits; then it is its turn. A lone
 * urgent request so waits for what is on the wire and one such turn at the most. */
#define CORE_GUARANTEE_NORMAL 4u
#define CORE_GUARANTEE_BACKGROUND 16u

/* Reads looked at for one that is about to go out and may take them with it: so many more answers
 * one response gives at the most. */
#define CORE_MERGE_LOOKS 64u
/* Chains of the reads that wait: some for each client of a usual number. */
#define CORE_QUESTION_CHAINS 256u

/* Places for one and the same hash of a question, of which the oldest is given up. */
#define CORE_CACHED_SETS 256u
#define CORE_CACHED_WAYS 4u
/* Answers kept, where they may have an age: an SDR repository of two hundred records in parts. */
#define CORE_CACHED_MAX (CORE_CACHED_SETS * CORE_CACHED_WAYS)
/* Longest question, without its reservation, and longest answer that are kept: what tools ask for
 * at once of an SDR or a FRU has 64 bytes at the most, and a link to the next record. */
#define CORE_CACHED_QUESTION_MAX 16u
#define CORE_CACHED_ANSWER_MAX 80u
/* Oldest that an answer may be allowed to be: a day. */
#define CORE_CACHE_AGE_MAX_MS 86400000u

/* Asynchronous messages kept for subscribers that lag, unless told otherwise: a power of two. */
#define CORE_MESSAGES_KEPT 4096u
/* Longest asynchronous message: an IPMB frame's data, or an event's 16 bytes. */
#define CORE_MESSAGE_DATA_MAX 40u

/* How late a request from a bus may still be answered: then its sequence number expires (IPMB 1.0)
 * and may stand for another one. */
#define CORE_RESPOND_MAX_MS 5000u
/* Requests with one and the same sequence number among which a described one is looked for: a
 * requester has one of them under way, and there are not so many requesters. */
#define CORE_INCOMING_LOOKS_MAX 64u

/* Alternatives in one filter: a handful of sensors and kinds; who wants more, wants all. */
#define CORE_CLAUSES_MAX 4u
/* Different filters in force: equal ones count once, so hundreds of programs of a few kinds have a
 * few. Each costs a look at every message that leaves the log. */
#define CORE_FILTERS_MAX 1024u
/* Subscriptions that keep what matches to themselves; each is asked about every new message. */
#define CORE_EXCLUSIVE_MAX 64u

/* Outcome records kept for the shell's trace: a power of two. */
#define CORE_RECORDS_KEPT 4096u

/* A client that named no time: what FreeIPMI and ipmitool wait at least (15 s), less some. */
#define CORE_BUDGET_DEFAULT_MS 10000u
/* Longest time that a client may name; an hour, so that arithmetic in ns never wraps. */
#define CORE_BUDGET_MAX_MS 3600000u

/* Node busy (C0) and bus errors are absorbed: first pause, and where doubling stops. */
#define CORE_BUSY_PAUSE_MIN_MS 4u
#define CORE_BUSY_PAUSE_MAX_MS 128u

/* A responder on the IPMB: how long one send waits for its response (Linux waits 1 to 2 s; the
 * specification's expiry of a sequence number is 5 s), and sends of a read at most. */
#define CORE_BUS_TIMEOUT_MS 1000u
#define CORE_BUS_SENDS_MAX 4u

/* What waits for a silent responder looks this often, or half as often, whether it is its turn. */
#define CORE_SILENT_PAUSE_MS 64u

/* A sequence number rests this long after a time-out or a close (IPMB 1.0: expiry 5 s). */
#define CORE_QUARANTINE_MS 5000u

/* And this long after its response: responders repeat themselves when they missed the
 * acknowledgement, and a repetition may wait in the receive queue. 64 numbers in a quarter of a
 * second are more requests than a bus of 100 kHz carries to all its responders. */
#define CORE_REST_MS 250u

/* A silent controller is asked for its device ID this often: its return shows within 1 s. */
#define CORE_PROBE_INTERVAL_MS 400u

/* Without an attention signal, message flags are asked for while bridged requests wait. */
#define CORE_FLAGS_POLL_MS 10u
/* With one, as a safety net, in case an edge was lost. */
#define CORE_FLAGS_POLL_SLOW_MS 500u
/* An attention that stays although fetching finds nothing is looked at again after this pause. */
#define CORE_STICKY_PAUSE_MS 1000u

#endif
