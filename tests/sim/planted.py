#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Plants bugs in a copy of the core, one at a time, and demands that each is found.

    planted.py SOURCE_ROOT [--cc CC] [--seeds N] [NAME...]

A plant is a small replacement in one file. Its old text must stand there exactly
once: a plant that no longer fits is an error, not a pass. First the simulation
looks for it in as many seeds as CI runs, then the transcripts.
"""

import argparse
import glob
import os
import subprocess
import sys
import tempfile
import time

# name, file, old text, new text, who has to find it at the least
PLANTS = [
    ("barrier forgotten", "core/lane.c",
     "return head->mutating ? barrier == head && nothing_older(lane, head) : older(head, barrier);",
     "return head->mutating ? barrier == head && nothing_older(lane, head) : true;", "sim"),
    ("mutating does not wait for what is in flight", "core/lane.c",
     "return lane->in_flight == 0;",
     "return true;", "sim"),
    ("window one too wide", "core/transmission.c",
     "bool direct = core->flying[CORE_PORT_DIRECT] < core->link.window;",
     "bool direct = core->flying[CORE_PORT_DIRECT] <= core->link.window;", "sim"),
    ("no quarantine for sequence numbers", "core/sequence.c",
     "uint32_t rest_ms = quarantine ? CORE_QUARANTINE_MS : CORE_REST_MS;",
     "uint32_t rest_ms = CORE_REST_MS;", "sim"),
    ("mutating request sent again after silence", "core/bridge.c",
     "if (request->mutating || request->raw || request->sends >= CORE_BUS_SENDS_MAX) {",
     "if (request->raw || request->sends >= CORE_BUS_SENDS_MAX) {", "sim"),
    ("mutating request sent again after a lost link", "core/link.c",
     "if (certainly_unsent || !request->mutating) {",
     "if (certainly_unsent || request->sends < 2) {", "sim"),
    ("stale handle accepted", "core/client.c",
     "return handle->open && handle->generation == id >> 16 ? handle : NULL;",
     "return handle->open ? handle : NULL;", "sim"),
    ("shared slots leak", "core/request.c",
     "if (--handle->outstanding > 0) {",
     "if (--handle->outstanding > 1) {", "sim"),
    ("response from the bus matched without its command", "core/bridge.c",
     "message->command != number->command ||",
     "", "sim"),
    ("late response meets a later transmission", "core/transmission.c",
     "return transmission->state != TRANSMISSION_FREE && transmission_id(core, transmission) == id",
     "return transmission->state != TRANSMISSION_FREE", "sim"),
    ("deadline a millisecond late", "core/alarm.c",
     "if (at_ns >= handle->alarm_ns) {",
     "if (at_ns + 1000000 >= handle->alarm_ns) {", "sim"),
    ("an unread answer is skipped", "core/client.c",
     "client->next_delivery = deliver_from(client, client->deliveries.next);",
     "client->next_delivery = client->deliveries.next->next;", "sim"),
    ("what waited is sent though it is another's now", "core/transmission.c",
     "command_forbidden(core, request->partner ? request->partner : request)) {",
     "false) {", "sim"),
    ("another's command is not refused when it is asked", "core/request.c",
     "if (command_forbidden(core, request)) {",
     "if (false) {", "sim"),
    ("a right to all commands of a function meets only itself", "core/command_reservation.c",
     "chain_forbids(core, handle, view, chains[CORE_ALL_COMMANDS]);",
     "false;", "sim"),
    ("a right at the controller's own address misses its own interface",
     "core/command_reservation.c",
     "view.address = core->link.own_address;",
     "view.address = 0;", "sim"),
    ("the LUN of a right is not looked at", "core/command_reservation.c",
     "(held->lun == CORE_ALL || held->lun == view->lun) &&",
     "", "sim"),
    ("a lease has no end", "core/command_reservation.c",
     "if (held->until_ns <= core->now_ns) {",
     "if (held->until_ns == TIME_NEVER) {", "sim"),
    ("rights outlive their handle", "core/client.c",
     "	commands_forget(core, handle);\n	sequences_forget(core, handle);",
     "	sequences_forget(core, handle);", "sim"),
    ("two may hold what overlaps by a wildcard", "core/command_reservation.c",
     "fields_meet(a->address, b->address, CORE_ALL) &&",
     "a->address == b->address &&", "sim"),
    ("half of a list is granted", "core/command_reservation.c",
     "		fresh += !held_by(core, handle, &commands[i]);",
     "		fresh += !held_by(core, handle, &commands[i]);\n"
     "		command_hold(core, handle, &commands[i], TIME_NEVER);", "sim"),
    ("reserved sequence numbers are everybody's", "core/sequence.c",
     "return ~(responder->busy | responder->reserved);",
     "return ~responder->busy;", "sim"),
    ("one more sequence number than a handle's quota", "core/sequence.c",
     "if (count > CORE_SEQUENCES_PER_HANDLE - handle->sequences) {",
     "if (count > CORE_SEQUENCES_PER_HANDLE + 1 - handle->sequences) {", "sim"),
    ("one number less than was asked", "core/sequence.c",
     "	while (count-- > 0) {\n		int index",
     "	while (count-- > 1) {\n		int index", "sim"),
    ("the round begins anew each time", "core/sequence.c",
     "responder->next = (uint8_t)(number + 1); /* 64 is as good as 0 */",
     "responder->next = 0;", "sim"),
    ("the virtual client's name is forgotten", "core/sequence.c",
     "	request->virtual_client = responder->numbers[request->number].virtual_client;\n",
     "", "sim"),
    ("another's number is accepted", "core/sequence.c",
     "		responder->numbers[request->number].owner != handle) {",
     "		false) {", "sim"),
    ("what is given back does not rest", "core/sequence.c",
     "if (number->state == NUMBER_FREE && core->link.wire_sequence) {",
     "if (false) {", "sim"),
    ("quarantine ends while the link is down", "core/sequence.c",
     "up ? core->now_ns + CORE_QUARANTINE_MS * NSEC_PER_MSEC_U64 : TIME_NEVER;",
     "core->now_ns + 0 * up;", "sim"),
    ("quarantine does not end", "core/sequence.c",
     "	rested(core, &core->quarantined);\n",
     "", "sim"),
    ("numbers in use do not outlive the agent", "core/sequence.c",
     "		*kept |= bit(index);\n",
     "", "sim"),
    ("whoever waits for a number is not told of a free one", "core/sequence.c",
     "		responder_wake(core, responder);\n		return;",
     "		return;", "sim"),
    ("a number of one's own waits for others'", "core/lane.c",
     "(lane->waits && needs_number(head))",
     "lane->waits", "sim"),
    ("a Send Message's number is not restored", "core/message_state.c",
     ".sequence = inner->raw_sequence,",
     ".sequence = inner->number,", "sim"),
    ("a Send Message's LUN is not restored", "core/message_state.c",
     ".rq_lun = inner->raw_lun,",
     ".rq_lun = 0,", "sim"),
    ("what is bridged is asked in the client's name", "core/bridge.c",
     ".rq_lun = CORE_SMS_LUN,",
     ".rq_lun = request->raw_lun,", "sim"),
    ("a tracked Send Message is opened", "core/message_state.c",
     "if (data[0] & SEND_TRACKING ||",
     "if (", "sim"),
    ("the receive queue is in the order of the questions", "core/message_state.c",
     "	list_remove(&inner->handle_link);\n"
     "	list_push_back(&handle->requests, &inner->handle_link);\n",
     "", "sim"),
    ("what a Send Message carries is sent again after silence", "core/bridge.c",
     "if (request->mutating || request->raw || request->sends >= CORE_BUS_SENDS_MAX) {",
     "if (request->mutating || request->sends >= CORE_BUS_SENDS_MAX) {", "sim"),
    ("a responder's busy is kept from who bridges", "core/bridge.c",
     "if (message->data[0] == VIPMI_CC_NODE_BUSY && !request->raw) {",
     "if (message->data[0] == VIPMI_CC_NODE_BUSY) {", "sim"),
    ("a Send Message expires while what it carries is with the link", "core/alarm.c",
     "if (request_timed(request) &&",
     "if ((request_timed(request) || request->state == REQUEST_HELD) &&", "sim"),
    ("the right to Send Message is not looked at again", "core/transmission.c",
     "command_forbidden(core, request->partner ? request->partner : request)) {",
     "command_forbidden(core, request)) {", "sim"),
    ("an incoming request is its receiver's and everybody's", "core/subscription.c",
     "		return message->holder == handle_id(core, handle) && !message->taken;",
     "		return message->holder == handle_id(core, handle) && !message->taken ? true\n"
     "			: filter && filter_matches(filter, message);", "sim"),
    ("a request that nobody holds is not answered", "core/incoming.c",
     "	kept.length = (uint8_t)(message->length",
     "	holder = holder ? holder : &core->handles[0];\n"
     "	kept.length = (uint8_t)(message->length", "sim"),
    ("an incoming request is answered twice", "core/incoming.c",
     "	message->answered = true;\n",
     "", "sim"),
    ("who does not hold a request may answer it", "core/incoming.c",
     "message->holder == handle_id(core, handle) &&",
     "message->holder &&", "sim"),
    ("a response goes out with another LUN", "core/incoming.c",
     "		.rq_lun = request->lun,\n		.netfn = request->netfn,",
     "		.rq_lun = 0,\n		.netfn = request->netfn,", "sim"),
    ("a right to receive is not asked for its address", "core/command_reservation.c",
     "(held->address == CORE_ALL || held->address == message->rq_address) &&",
     "", "sim"),
    ("guarantee of the lower classes one turn late", "core/arbiter.c",
     "core->passed_over[class] >= guarantee[class]",
     "core->passed_over[class] > guarantee[class]", "transcripts"),
    ("link that forgets to say now is never tried again", "core/core.c",
     "if (core->link_blocked && core->link_retry_ns <= now_ns) {",
     "if (core->link_blocked && core->link_retry_ns == now_ns + 1) {", "transcripts"),
    ("housekeeping without end", "core/transmission.c",
     "if (core->fetch.run < CORE_FETCH_RUN_MAX && fetch_next(core, ret_action)) {",
     "if (fetch_next(core, ret_action)) {", "sim"),
    # Asynchronous messages, and what is each virtual controller's own.
    ("a severity below is let through", "core/filter.c",
     "clause->severity <= message->severity;",
     "clause->severity <= message->severity + 1;", "sim"),
    ("a filter's direction is not looked at", "core/filter.c",
     "(clause->directions == 0 || (clause->directions & message->direction)) &&",
     "", "sim"),
    ("an OEM's record counts as one of a sensor", "core/filter.c",
     "if (event.record_type != IPMI_EVENT_SYSTEM) {",
     "if (false) {", "sim"),
    ("what is one's exclusively reaches others", "core/subscription.c",
     "return message->holder == handle_id(core, handle) && !message->taken;",
     "return !filter || (filter_matches(filter, message) && !message->taken);", "sim"),
    ("two have the same exclusively", "core/subscription.c",
     "filters_meet(filter->clauses, filter->count, clauses, count)) {",
     "false) {", "sim"),
    ("a loss counts what the filter would have kept away", "core/filter.c",
     "core->filters[i].gone += filter_matches(&core->filters[i], message);",
     "core->filters[i].gone++;", "sim"),
    ("the loss of an exclusive subscriber is not told", "core/filter.c",
     "holder->loss++;",
     ";", "sim"),
    ("a message that is taken counts as lost", "core/subscription.c",
     "handle->loss -= handle->pulled_counts;",
     "", "sim"),
    ("a loss is told to the next subscription", "core/subscription.c",
     "handle->pulled_moved |= handle->event_pulled && handle->loss_pulled;",
     "", "sim"),
    ("a new filter forgets what the old one lost", "core/subscription.c",
     "	if (before) {\n		catch_up(core, handle);\n	}",
     "", "sim"),
    ("from the oldest begins one later", "core/subscription.c",
     "	case CORE_FROM_OLDEST:\n		return oldest;",
     "	case CORE_FROM_OLDEST:\n		return oldest + (oldest + 1 < core->message_next);", "sim"),
    ("the gap behind a number is not told", "core/subscription.c",
     "handle->loss += (uint32_t)event->subscribe.ret_gap;",
     "", "sim"),
    ("who does not read holds up the others", "core/subscription.c",
     "			list_push_back(&handle->client->parked, &handle->subscription_link);\n"
     "			continue;",
     "			list_push_back(&core->due, &handle->subscription_link);\n"
     "			return NULL;", "sim"),
    ("a message put off is passed over", "core/subscription.c",
     "		handle->loss += handle->pulled_gone;",
     "		handle->position += !handle->loss_pulled && result == -EAGAIN;", "sim"),
    ("clearing one's flags clears everybody's", "core/message_state.c",
     "	if (flags & FLAG_EVENT) {\n		handle->event_position = core->message_next;",
     "	for (unsigned i = 0; flags & FLAG_EVENT && i < core->handles_fresh; i++) {\n"
     "		core->handles[i].event_position = core->message_next;", "sim"),
    ("an event that one read is gone for all", "core/message_state.c",
     "	handle->event_position++;\n	return answer_data",
     "	for (unsigned i = 0; i < core->handles_fresh; i++) {\n"
     "		core->handles[i].event_position = handle->event_position + 1;\n	}\n"
     "	return answer_data", "sim"),
    ("a client's enables reach the controller as they are", "core/message_state.c",
     "request_data(core, request)[0] |= CORE_ENABLES;",
     ";", "sim"),
    ("one's enables are shown to another", "core/message_state.c",
     "(data[0] & ~CORE_ENABLES) | request_handle(request)->enables",
     "(data[0] & ~CORE_ENABLES) | core->handles[0].enables", "sim"),
    ("a reservation is sent as it was given", "core/reservation.c",
     "request->reservation = core->reservations[entry->kind].id;",
     "request->reservation = request_handle(request)->reservations[entry->kind].id;", "sim"),
    ("a change leaves others' reservations as they are", "core/reservation.c",
     "		real->era++;",
     "", "sim"),
    ("a change makes its own reservation void", "core/reservation.c",
     "			own->era += own->era == (uint16_t)(real->era - 1);",
     "			(void)own;", "sim"),
    ("a Reserve that nobody waits for is not noticed", "core/transmission.c",
     "if (transmission->reserves || transmission->voids) {",
     "if (transmission->request && (transmission->reserves || transmission->voids)) {", "sim"),
    ("a reservation overtaken on its way is cancelled", "core/reservation.c",
     "		request->reservation != real->id) {",
     "		false) {", "sim"),
    ("a controller that is there again is not said to be", "core/link.c",
     "	if (core->link_up) {\n		announce_back(core);",
     "	if (false) {\n		announce_back(core);", "sim"),
    # Whose turn it is.
    ("nobody pays for controller time", "core/arbiter.c",
     "	handle->paid_ns[class] += spent_ns;",
     "", "sim"),
    ("whoever is slow is forgiven each time", "core/arbiter.c",
     "if (spent_ns > hiccup_ns && (uint16_t)(now - handle->hiccup) >= CORE_HICCUP_STEPS) {",
     "if (spent_ns > hiccup_ns) {", "sim"),
    ("a debt is not looked at", "core/arbiter.c",
     "if (handle->paid_ns[class] >> CORE_QUANTUM_SHIFT <= wheel->round ||",
     "if (true ||", "sim"),
    ("the lower classes have no guarantee", "core/arbiter.c",
     "if (waits[class] && core->passed_over[class] >= guarantee[class]) {",
     "if (false) {", "sim"),
    ("two guaranteed turns in a row", "core/arbiter.c",
     "if (highest >= 0 && !core->guaranteed_last) {",
     "if (highest >= 0) {", "sim"),
    ("what goes to the bus takes a guarantee away", "core/arbiter.c",
     "if (class == chosen || !(wheel->occupied[0] | wheel->occupied[1])) {",
     "if (class == chosen || !waits[class]) {", "sim"),
    ("an event flag without an event is asked about without end", "core/fetch.c",
     "looked_in_vain(core, &fetch->empty_reads);",
     "fetch->flags_wanted = true;", "sim"),
    ("a counter that nobody counts", "core/fetch.c",
     "	core_count(core, attention_sticky);",
     "", "sim"),
    ("a question joins another that differs in its data", "core/merge.c",
     "memcmp(data + skip, leaders + skip, request->length - skip) == 0;",
     "true;", "sim"),
    ("a read joins past a barrier", "core/lane.c",
     "return (lane->ready & 1 << request->class) && lane_head(lane, request->class) == request;",
     "return lane_head(lane, request->class) == request;", "sim"),
    ("a read joins out of its order", "core/lane.c",
     "return (lane->ready & 1 << request->class) && lane_head(lane, request->class) == request;",
     "return (lane->ready & 1 << request->class) != 0;", "sim"),
    ("a read joins although another has the right to it", "core/merge.c",
     "request->deadline_ns > core->now_ns && !command_forbidden(core, request) &&",
     "request->deadline_ns > core->now_ns &&", "sim"),
    ("a void reservation joins a valid one", "core/merge.c",
     " &&\n	       !reservation_void(core, request);",
     ";", "transcripts"),
    ("who joined is forgotten when the link does not take it", "core/merge.c",
     "		request_requeue(core, container_of(link, struct core_request, group_link));",
     "		list_remove(link);", "transcripts"),
    ("an answer outlives a mutation that was under way", "core/transmission.c",
     "	if (transmission->touches) {\n		cache_forget(core);\n	}\n	merge_end",
     "	merge_end", "sim"),
    ("an answer outlives a mutation that is sent", "core/transmission.c",
     "	if (transmission->touches) {\n		cache_forget(core);\n	}\n	lane_remove",
     "	lane_remove", "sim"),
    ("an answer to a question of before a mutation is kept", "core/cache.c",
     "		transmission->cache_era != core->cache_era || ", "		", "sim"),
    ("an answer is given again for ever", "core/cache.c",
     "return entry->era == core->cache_era && entry->until_ns > core->now_ns;",
     "return entry->era == core->cache_era;", "sim"),
    ("an answer's age counts from when it came", "core/cache.c",
     "	key.sent_ns = transmission->sent_ns;\n	key.until_ns = transmission->sent_ns +",
     "	key.sent_ns = core->now_ns;\n	key.until_ns = core->now_ns +", "sim"),
    ("who demands a fresh answer gets an old one", "core/cache.c",
     "!request->merges || request->fresh ||", "!request->merges ||", "sim"),
    ("an answer of before an event is given after it", "core/subscription.c",
     "	cache_forget(core); /* who hears of it may ask */\n", "", "sim"),
    ("an answer is given again before its turn", "core/request.c",
     "	if (lane_quiet(request->lane) && !reservation_void(core, request) &&\n",
     "	if (!reservation_void(core, request) &&\n", "sim"),
    ("an answer to another question is given again", "core/cache.c",
     "memcmp(a->question, b->question, a->question_length) == 0;",
     "true;", "sim"),
    ("a refusal is given again", "core/cache.c",
     "data[0] != VIPMI_CC_OK ||", "", "transcripts"),
    ("a void reservation is good for what is known", "core/request.c",
     "	if (lane_quiet(request->lane) && !reservation_void(core, request) &&\n",
     "	if (lane_quiet(request->lane) &&\n", "transcripts"),
    ("an answer outlives a link that comes up anew", "core/link.c",
     "	cache_forget(core);\n	core->epoch++;", "	core->epoch++;", "transcripts"),
    ("who waits for the same is not let go", "core/merge.c",
     "		merge_wait(core, request);\n		lane_update(core, request->lane);",
     "		merge_wait(core, request);", "sim"),
    ("who joined is not told that it was sent", "core/merge.c",
     "		request_went(core, request);\n", "		(void)request;\n", "sim"),
]

FLAGS = ["-std=gnu11", "-O2", "-D_GNU_SOURCE", "-Iinclude", "-w"]


class Bench:
    """Compiles everything once, and for each plant only the file it is in."""

    def __init__(self, root, cc, folder):
        self.root, self.cc, self.folder = root, cc, folder
        self.flags = FLAGS + ["-I" + root, "-I" + os.path.join(root, "include")]
        self.pure = self.sources("base", "ipmi", "core")
        self.programs = {
            "sim": self.sources("tests/sim"),
            # The program that plays on the core, not the one that plays on an agent.
            "scenario": [source for source in self.sources("tests/scenario")
                         if "agent" not in os.path.basename(source)],
        }
        self.hook = "tests/assert_hook.c"
        self.objects = {}

    def sources(self, *folders):
        found = []
        for folder in folders:
            for path in sorted(glob.glob(os.path.join(self.root, folder, "*.c"))):
                found.append(os.path.relpath(path, self.root))
        return found

    def compile(self, source, text=None):
        name = source.replace("/", "_") + (".planted" if text is not None else "")
        target = os.path.join(self.folder, name + ".o")
        path = os.path.join(self.root, source)
        if text is not None:
            path = os.path.join(self.folder, name + ".c")
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
        subprocess.run([self.cc, *self.flags, "-c", path, "-o", target], check=True)
        return target

    def compile_all(self):
        for source in self.pure + [self.hook] + sum(self.programs.values(), []):
            self.objects[source] = self.compile(source)

    def link(self, program, replaced):
        target = os.path.join(self.folder, program)
        sources = self.pure + [self.hook] + self.programs[program]
        objects = [replaced.get(source, self.objects[source]) for source in sources]
        subprocess.run([self.cc, *objects, "-o", target], check=True)
        return target


def run(command, seconds):
    """Returns what the program complained of, or None when it was content."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=seconds,
                                errors="replace", check=False)
    except subprocess.TimeoutExpired:
        return "does not end"
    if result.returncode == 0:
        return None
    lines = (result.stderr or result.stdout).strip().splitlines()
    return lines[0] if lines else f"ends with {result.returncode}"


def look_for(bench, plant, transcripts, seeds):
    """Plants one bug. Returns who found it (or None) and what it said."""
    _, source, old, new, _ = plant
    with open(os.path.join(bench.root, source), encoding="utf-8") as file:
        text = file.read()
    if text.count(old) != 1:
        sys.exit(f"stale plant: {source} has this {text.count(old)} times:\n    {old}")
    replaced = {source: bench.compile(source, text.replace(old, new))}
    sim = bench.link("sim", replaced)
    said = run([sim, "--seeds", str(seeds), "--jobs", "2", "--reach"], 300)
    if said:
        return "sim", said
    said = run([bench.link("scenario", replaced), *transcripts], 60)
    return ("transcripts", said) if said else (None, "")


def main():
    parser = argparse.ArgumentParser(description="Plants bugs and looks whether they are found.")
    parser.add_argument("root")
    parser.add_argument("--cc", default="cc")
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    root = os.path.abspath(arguments.root)
    transcripts = sorted(glob.glob(os.path.join(root, "tests/scenario/transcripts/*.scenario")))
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(root, arguments.cc, folder)
        bench.compile_all()
        sound = run([bench.link("sim", {}), "--seeds", "20"], 300)
        if sound:
            sys.exit(f"the core as it is breaks a promise: {sound}")
        for plant in PLANTS:
            if arguments.names and plant[0] not in arguments.names:
                continue
            started = time.monotonic()
            finder, said = look_for(bench, plant, transcripts, arguments.seeds)
            found = finder == plant[4] or finder == "sim"
            missed += not found
            print(f"{'found' if found else 'MISSED':7}{plant[0]:52}{finder or '-':12}"
                  f"{time.monotonic() - started:5.1f} s  {said[:110]}", flush=True)
    print(f"{missed} missed" if missed else "every planted bug was found")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
