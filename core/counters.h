/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One counter per outcome. Adding one is a line here; a test reaches each.
 */
#ifndef VIPMI_CORE_COUNTERS_H
#define VIPMI_CORE_COUNTERS_H

#define CORE_COUNTERS(X)                                                                           \
	X(clients_opened, "connections accepted")                                                  \
	X(clients_closed, "connections ended")                                                     \
	X(clients_refused, "connections refused, table full")                                      \
	X(handles_opened, "virtual controllers opened")                                            \
	X(handles_closed, "virtual controllers closed")                                            \
	X(handles_refused, "opens refused, table full")                                            \
	X(handles_stale, "messages that named a handle not of their connection")                   \
	X(requests_accepted, "requests accepted")                                                  \
	X(requests_throttled, "requests put off for want of credit")                               \
	X(requests_cancelled, "requests cancelled by their client")                                \
	X(requests_abandoned, "requests whose handle closed before the answer")                    \
	X(answers_controller, "answers given by the controller or a responder")                    \
	X(answers_expired_unsent, "requests whose deadline passed before they were sent")          \
	X(answers_expired_sent, "requests whose deadline passed after they were sent")             \
	X(answers_silent, "requests that the controller never answered")                           \
	X(answers_link_lost, "requests that were at the controller when its link was lost")        \
	X(answers_reset, "requests that were at the controller when it was reset")                 \
	X(answers_too_long, "requests longer than the link carries")                               \
	X(answers_not_carried, "requests that the link cannot carry")                              \
	X(answers_bus, "requests that a responder on the IPMB did not take or answer")             \
	X(answers_reservation, "requests whose reservation somebody else's change made void")      \
	X(answers_delivered, "answers handed to their clients")                                    \
	X(answers_put_off, "deliveries that the client did not take at once")                      \
	X(transmissions, "messages given to the controller")                                       \
	X(reads_merged, "reads that went out as one with another's")                               \
	X(answers_cached, "answers that were given again, from the cache")                         \
	X(reads_held, "reads that waited while the same was at the controller")                    \
	X(transmissions_refused, "messages that the link did not take at once")                    \
	X(transmissions_failed, "messages that the link failed to send")                           \
	X(transmissions_timed_out, "messages that the controller never answered")                  \
	X(resends_busy, "sent again after node busy")                                              \
	X(resends_reservation, "sent again with the reservation that is valid now")                \
	X(resends_bus, "sent again after a bus error or a silent responder")                       \
	X(housekeeping, "messages of the agent's own (flags, fetches, probes)")                    \
	X(responses_stray, "responses that match nothing in flight")                               \
	X(responses_late, "responses whose request was answered or gone already")                  \
	X(responses_mismatched, "responses to another command than the one in flight")             \
	X(responses_garbled, "messages that did not parse")                                        \
	X(bus_responses, "responses from responders on the IPMB")                                  \
	X(bus_strays, "messages from the IPMB that match no sequence number in use")               \
	X(bus_numbers_rested, "sequence numbers put in quarantine")                                \
	X(bus_waits, "bridged requests that waited for a sequence number or the bus window")       \
	X(answers_reserved, "requests refused because another handle reserved the command")        \
	X(commands_reserved, "lists of command reservations granted")                              \
	X(commands_refused, "lists of command reservations refused")                               \
	X(commands_expired, "command reservations whose lease ended")                              \
	X(commands_revoked, "command reservations that an administrator ended")                    \
	X(sequences_reserved, "sets of sequence numbers granted")                                  \
	X(sequences_refused, "sets of sequence numbers refused")                                   \
	X(receive_queue_overflows, "answers that a virtual receive message queue had no room for") \
	X(events_received, "asynchronous messages received")                                       \
	X(events_delivered, "asynchronous messages handed to subscribers")                         \
	X(events_lost, "asynchronous messages that lagging subscribers lost")                      \
	X(subscriptions_refused, "subscriptions refused: taken exclusively, or too many")          \
	X(inbound_answered, "answers to incoming requests given by their holders")                 \
	X(registrations_refused, "incoming commands that the link could not register")             \
	X(inbound_unclaimed, "incoming requests answered C1, nobody having asked for them")        \
	X(attention_sticky, "attention signals with nothing behind them")                          \
	X(link_ups, "link came up")                                                                \
	X(link_downs, "link went down")                                                            \
	X(link_resets, "controller was reset")                                                     \
	X(controller_lost, "controller found silent")                                              \
	X(controller_back, "controller answered again after silence")                              \
	X(actions_stale, "completions of actions that no longer exist")

enum core_counter {
#define X(name, text) CORE_COUNTER_##name,
	CORE_COUNTERS(X)
#undef X
		CORE_COUNTER_COUNT
};

#endif
