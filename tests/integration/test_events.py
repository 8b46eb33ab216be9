#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Asynchronous messages from the controller to a person's terminal: vipmi event, against vipmid and
the simulated chassis. Filters by each field, losses told exactly, and who comes back misses nothing.

usage: test_events.py VIPMID VIPMI VIPMI_CHASSISD
"""
import json
import os
import signal
import struct
import subprocess
import sys

from agent import Agent, PATIENCE, fork, message, request, run, wait_until

VIPMID, VIPMI, CHASSISD = map(os.path.abspath, sys.argv[1:4])
DONE, LOCAL, USAGE, REFUSED, LOST = range(5)
SUBSCRIBE, DONE_MESSAGE, EVENT, ANSWER = 22, 10, 11, 7
KEPT = 4096  # messages that the agent keeps
PLATFORM_EVENT = (0x04, 0x02)  # 29.3
# The node card's ejector, opened and closed (35.18).
OPEN, CLOSE = bytes([0x4A, 0x20, 0, 0x10, 0]), bytes([0x4A, 0x30, 0, 0x04, 0])
SOFTWARE = 0x41  # the generator of what we make
LISTENER = "listener"


class Maker:
    """Makes events, one after the other: the controller's buffer holds one (22.6)."""

    def __init__(self, agent):
        self.client = agent.client()
        self.handle = self.client.handle()
        self.client.send(message(SUBSCRIBE, tag=1, handle=self.handle))
        assert self.client.receive().kind == DONE_MESSAGE

    def ask(self, netfn, command, data):
        """Returns when the event that it makes has come."""
        self.client.send(request(self.handle, 2, netfn, command, data))
        left = {ANSWER, EVENT}
        while left:
            got = self.client.receive()
            if got.kind == ANSWER:
                assert got.cc == 0, got.cc
            left.discard(got.kind)

    def event(self, sensor_type=1, sensor=0x30, reading=0x01, offset=9, deasserted=False, mark=0):
        self.ask(*PLATFORM_EVENT, bytes([SOFTWARE, 4, sensor_type, sensor,
                                         reading | 0x80 * deasserted, offset, mark & 0xFF,
                                         mark >> 8]))

    def close(self):
        self.client.close()


class Follower:
    """vipmi event follow, its lines read as they come."""

    def __init__(self, agent, *words):
        self.path = agent.path
        self.process = subprocess.Popen(
            [VIPMI, "--target", agent.path, "event", "follow", "-o", "jsonl", *words], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def row(self):
        line = self.process.stdout.readline()
        assert line, self.process.communicate()[1]
        return json.loads(line)

    def rows(self, count):
        return [self.row() for _ in range(count)]

    def end(self, code=DONE):
        """Interrupts it, and returns what it said beyond what was read."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        return self.ended(code)

    def ended(self, code=DONE):
        out, error = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == code, (self.process.returncode, out, error)
        return [json.loads(line) for line in out.splitlines()], error


def vipmi(agent, *words, code=DONE, says=()):
    done = subprocess.run([VIPMI, "--target", agent.path, *words], text=True, timeout=PATIENCE,
                          capture_output=True, stdin=subprocess.DEVNULL)
    assert done.returncode == code, (words, done)
    for text in [says] if isinstance(says, str) else says:
        assert text in done.stderr, (text, words, done)
    return done.stdout


def listed(agent, *words):
    return json.loads(vipmi(agent, "-o", "json", "event", "list", *words))


def subscribed(agent, count):
    """Waits until so many handles are subscribed."""
    observer = agent.client()
    wait_until(lambda: sum(row["events"] for row in observer.query("client")) == count,
               "%d subscriptions" % count)
    observer.close()


def start(*more):
    return Agent(VIPMID, "chassis:service=0", *more)


def mark_of(row):
    return struct.unpack("<H", bytes.fromhex(row["data"])[14:])[0]


# ---- filters

FIELDS = (
    # Options, and which of the marks below they let through.
    ((), {1, 2, 3, 4, 5, 6}),
    (("--sensor", "0x30"), {1, 2, 3}),
    (("--sensor-type", "temperature"), {1, 2, 3}),
    (("--sensor-type", "Slot / Connector"), {5}),
    (("--sensor-type", "0x04"), {4}),
    (("--offset", "9"), {1, 3}),
    (("--offset", "upper-critical-going-high"), {1, 3}),
    (("--offset", "2,7"), {2, 4, 5}),
    (("--sensor-type", "slot-connector", "--offset", "device-installed"), {5}),
    (("--assert",), {1, 2, 5, 6}),
    (("--deassert",), {3, 4}),
    (("--severity", "non-critical"), {1, 2, 3, 4}),
    (("--severity", "critical"), {1, 3, 4}),
    (("--severity", "non-recoverable"), set()),
    (("--address", "41h"), {1, 2, 3, 4, 5, 6}),
    (("--address", "0x20"), set()),
    (("--channel", "0"), {1, 2, 3, 4, 5, 6}),
    (("--channel", "7"), set()),
    (("--kind", "event"), {1, 2, 3, 4, 5, 6}),
    (("--kind", "chassis"), {5, 6}),
    (("--kind", "request,watchdog"), set()),
    (("--netfn", "app", "--command", "get-device-id"), set()),
    (("--netfn", "4", "--kind", "all"), set()),
)


def filters_let_through_what_they_say():
    agent = start()
    maker = Maker(agent)
    cases = [(words, marks) for words, marks in FIELDS if marks]
    followers = [Follower(agent, "--count", str(len(marks) + 1), *words) for words, marks in cases]
    subscribed(agent, 1 + len(followers))
    maker.event(1, 0x30, 0x01, 9, mark=1)  # upper critical, going high
    maker.event(1, 0x30, 0x01, 7, mark=2)  # upper non-critical
    maker.event(1, 0x30, 0x01, 9, deasserted=True, mark=3)
    maker.event(4, 0x31, 0x01, 2, deasserted=True, mark=4)  # lower critical
    maker.event(0x21, 0x32, 0x6F, 2, mark=5)  # a device is installed
    maker.event(0x25, 0x33, 0x6F, 0, mark=6)  # an entity is present
    for (words, marks), follower in zip(cases, followers):
        rows = follower.rows(len(marks))
        assert {mark_of(row) for row in rows} == marks, (words, rows)
        assert [row["number"] for row in rows] == sorted(row["number"] for row in rows)
        # Nothing more was let through: the next one is one more than it waits for.
        assert follower.end()[0] == [], words
    for words, marks in FIELDS:
        assert {mark_of(row) for row in listed(agent, *words)} == marks, words
    assert [mark_of(row) for row in listed(agent, "--count", "2")] == [5, 6]
    assert [mark_of(row) for row in listed(agent, "--from", "4")] == [5, 6]
    maker.close()
    agent.stop()


def what_is_sent_names_its_sensor_and_says_it_in_words():
    agent = start()
    maker = Maker(agent)
    by_name = Follower(agent, "--sensor", "cpu-temp", "--count", "1")
    of_card = Follower(agent, "--address", "0xB4", "--count", "1")
    subscribed(agent, 3)
    # Limits below what the sensors read (35.8), and the ejector opened (35.18).
    maker.ask(0x04, 0x30, OPEN)
    maker.ask(0x04, 0x26, bytes([1, 0x10, 0, 0, 0, 0, 0x10, 0]))
    row = by_name.row()
    assert (row["sensor_name"], row["sensor_type_name"], row["text"], row["severity"]) == (
        "Cpu Temp", "Temperature", "Upper Critical going high", "critical"), row
    assert row["address"] == 0x20 and row["direction"] == "asserted" and row["time"], row
    vipmi(agent, "raw", "--ipmb", "0xB4", "4", "0x26", "1", "0x10", "0", "0", "0", "0", "0x10", "0")
    row = of_card.row()
    assert (row["address"], row["sensor_name"]) == (0xB4, "Slot3 Temp"), row
    by_name.ended(), of_card.ended()
    lines = vipmi(agent, "event", "list").splitlines()
    assert lines[0].split()[:4] == ["NUMBER", "AGE", "KIND", "FROM"], lines
    assert "Ejector" in lines[1] and "Ready for Removal" in lines[1] and len(lines) == 4, lines
    assert "4Ah Slot / Connector" in vipmi(agent, "event", "list", "--numbers")
    assert all(row["sensor_name"] is None for row in listed(agent, "--numbers"))
    vipmi(agent, "event", "list", "--sensor", "cpu tmep", code=USAGE, says='mean "Cpu Temp"')
    vipmi(agent, "event", "list", "--sensor", "Cpu Temp", "--numbers", code=USAGE,
          says="--numbers does without")
    maker.close()
    agent.stop()


def send_request(agent, netfn, command):
    """Makes the card at B4h ask system software (LUN 2 of 20h): it forwards Send Message."""
    frame = [0x20, netfn << 2 | 2]
    frame += [-sum(frame) & 0xFF]
    body = [0xB4, 1 << 2, command]
    frame += body + [-sum(body) & 0xFF]
    vipmi(agent, "raw", "--ipmb", "0xB4", "app", "send-message", "0", *map(str, frame))


def requests_from_the_bus_have_filters_too():
    agent = start()
    cases = (((), 3), (("--kind", "request"), 3), (("--netfn", "app"), 2),
             (("--netfn", "app", "--command", "get-device-id"), 1), (("--command", "0x42"), 1),
             (("--address", "0xB4"), 3), (("--channel", "0", "--kind", "request"), 3))
    followers = [Follower(agent, "--count", str(count), *words) for words, count in cases]
    deaf = [Follower(agent, *words) for words in (
        ("--kind", "event"), ("--severity", "non-critical"), ("--address", "0x20"),
        ("--netfn", "chassis"), ("--netfn", "app", "--command", "0x42"))]
    subscribed(agent, len(followers) + len(deaf))
    for netfn, command in ((6, 1), (0x30, 0x42), (6, 4)):
        send_request(agent, netfn, command)
    wait_until(lambda: len(listed(agent)) == 3, "3 requests")
    for (words, _), follower in zip(cases, followers):
        rows = follower.ended()[0]
        assert {row["kind"] for row in rows} == {"request"}, rows
        assert {row["address"] for row in rows} == {0xB4}, rows
        assert [row["number"] for row in rows] == [row["number"] for row in listed(agent, *words)]
    for follower in deaf:
        assert follower.end()[0] == []
    assert "netFn 06h app, command 01h get-device-id" in vipmi(agent, "event", "list")
    agent.stop()


def a_table_is_printed_as_it_comes():
    agent = start()
    maker = Maker(agent)
    process = subprocess.Popen([VIPMI, "--target", agent.path, "event", "follow", "--name", LISTENER],
                               text=True, stdout=subprocess.PIPE)
    assert process.stdout.readline().split()[:2] == ["NUMBER", "TIME"]
    maker.event(1, 0x30, 0x01, 9)
    line = process.stdout.readline()
    assert "Upper Critical going high" in line and "41h" in line, line
    assert LISTENER in vipmi(agent, "client", "list")
    process.terminate()
    assert process.wait(PATIENCE) == DONE and process.stdout.read() == ""
    # JSON is one value, when it ends.
    whole = vipmi(agent, "event", "follow", "-o", "json", "--from", "oldest", "--count", "1")
    assert [mark_of(row) for row in json.loads(whole)] == [0], whole
    maker.close()
    agent.stop()


# ---- losses

def read_with_losses(follower, wanted):
    """Reads to the last of the marks; how many came, and how many were told as lost. Nothing is
    missing but where a loss says so, and there exactly as many."""
    seen = lost = at = 0
    while at < len(wanted):
        row = follower.row()
        if row["kind"] == "loss":
            lost += row["lost"]
            at += row["lost"]
        else:
            assert mark_of(row) == row["number"] == wanted[at], (row, at)
            seen += 1
            at += 1
    return seen, lost


def everybody_gets_everything_and_who_sleeps_is_told_what_it_lost():
    agent = start()
    maker = Maker(agent)
    awake = [Follower(agent, "--numbers", "--kind", "event") for _ in range(4)]
    sleepers = [Follower(agent, "--numbers", *words) for words in
                ((), ("--sensor", "0x31"), ("--kind", "chassis"))]
    brief = Follower(agent, "--numbers", "--count", "5")
    subscribed(agent, 1 + len(awake) + len(sleepers) + 1)
    for sleeper in sleepers:
        sleeper.process.send_signal(signal.SIGSTOP)
    total = KEPT + 1700
    for mark in range(1, total + 1):
        maker.event(1, 0x30 + mark % 2, mark=mark)
        if mark == 5:
            last = brief.rows(5)[-1]
            brief.ended()
        if mark % 100 == 0:
            for one in awake:
                assert [mark_of(row) for row in one.rows(100)] == list(range(mark - 99, mark + 1))
    for one in awake:
        rest = total % 100
        assert [mark_of(row) for row in one.rows(rest)] == list(range(total - rest + 1, total + 1))
        assert one.end()[0] == []
    for sleeper in sleepers:
        sleeper.process.send_signal(signal.SIGCONT)
    for sleeper, wanted in zip(sleepers, (range(1, total + 1), range(1, total + 1, 2))):
        seen, lost = read_with_losses(sleeper, wanted)
        assert seen > 100 and lost > 100 and seen + lost == len(wanted), (seen, lost)
        assert sleeper.end()[0] == []
    assert sleepers[2].end()[0] == []  # nothing of what happened was for it: nothing is lost
    who_comes_back(agent, last, total)
    maker.close()
    agent.stop()


def who_comes_back(agent, last, total):
    """With the number of the last message: misses nothing that is kept, and is told of the rest."""
    place = "%s:%d" % (last["boot_id"], last["number"])
    back = Follower(agent, "--numbers", "--from", place, "--count", str(KEPT))
    loss = back.row()
    assert loss["kind"] == "loss" and loss["lost"] == total - KEPT - 5, loss
    rows = back.rows(KEPT)
    assert [mark_of(row) for row in rows] == list(range(total - KEPT + 1, total + 1))
    back.ended()
    # From one that is kept, by its number alone: not one more, not one less.
    back = Follower(agent, "--numbers", "--from", str(total - 10), "--count", "10")
    assert [mark_of(row) for row in back.ended()[0]] == list(range(total - 9, total + 1))
    oldest = Follower(agent, "--numbers", "--from", "oldest", "--count", "1")
    assert mark_of(oldest.ended()[0][0]) == total - KEPT + 1
    vipmi(agent, "event", "follow", "--from", str(total + 1), code=LOCAL, says="no message of that")


def one_that_dies_misses_nothing_that_was_kept():
    agent = start()
    maker = Maker(agent)
    victim = Follower(agent)
    subscribed(agent, 2)
    for mark in range(1, 11):
        maker.event(mark=mark)
    last = victim.rows(10)[-1]
    victim.process.kill()
    victim.process.communicate()
    for mark in range(11, 31):
        maker.event(mark=mark)
    back = Follower(agent, "--from", "%s:%d" % (last["boot_id"], last["number"]), "--count", "20")
    rows = back.ended()[0]
    assert [mark_of(row) for row in rows] == list(range(11, 31)), rows
    assert {row["kind"] for row in rows} == {"event"}, rows
    maker.close()
    agent.stop()


PULLS, PROGRAMS = 100, 8


def ask_for_ever(agent):
    client = agent.client()
    handle = client.handle()
    while True:
        assert client.ask(handle, 6, 1).cc == 0


def a_card_pulled_a_hundred_times_under_load_is_heard_once_each():
    agent = start()
    maker = Maker(agent)
    load = [fork(ask_for_ever, agent) for _ in range(PROGRAMS)]
    everybody = [Follower(agent, *words, "--count", str(2 * PULLS)) for words in (
        ("--kind", "chassis"), ("--sensor", "Ejector"), ("--sensor-type", "slot-connector"), ())]
    opened = Follower(agent, "--sensor", "Ejector", "--assert", "--count", str(PULLS))
    victim = Follower(agent, "--kind", "chassis", "--numbers")
    deaf = Follower(agent, "--sensor-type", "fan")
    subscribed(agent, 1 + len(everybody) + 3)
    for pull in range(PULLS):
        for move in (OPEN, CLOSE):
            maker.ask(0x04, 0x30, move)
        if pull == PULLS // 3:
            last = victim.rows(2 * (pull + 1))[-1]
            victim.process.kill()
            victim.process.communicate()
    back = Follower(agent, "--kind", "chassis", "--from",
                    "%s:%d" % (last["boot_id"], last["number"]),
                    "--count", str(2 * PULLS - last["number"]))
    for one in [*everybody, back]:
        rows = one.ended()[0]
        first = last["number"] + 1 if one is back else 1
        assert [row["number"] for row in rows] == list(range(first, 2 * PULLS + 1)), rows[:3]
        for row in rows:
            assert row["sensor_name"] == "Ejector" and row["text"] == "Ready for Removal", row
            assert row["direction"] == ("asserted" if row["number"] % 2 else "deasserted"), row
    assert [row["number"] for row in opened.ended()[0]] == list(range(1, 2 * PULLS, 2))
    assert deaf.end()[0] == []
    for pid in load:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    maker.close()
    agent.stop()


# ---- exclusive

def what_is_exclusive_is_refused_with_its_holders_name():
    agent = start()
    maker = Maker(agent)
    holder = Follower(agent, "--exclusive", "--sensor", "0x31", "--name", LISTENER)
    other = Follower(agent)
    subscribed(agent, 3)
    for words in (("--sensor-type", "fan"), ("--kind", "event"), ()):
        vipmi(agent, "event", "follow", "--exclusive", *words, code=REFUSED,
              says=['"%s"' % LISTENER, "exclusively"])
    rows = json.loads(vipmi(agent, "-o", "json", "client", "list"))
    assert {row["name"] for row in rows if row["exclusive"] is True} == {LISTENER}, rows
    # What cannot meet its filter is nobody's yet.
    second = Follower(agent, "--exclusive", "--sensor", "0x32", "--count", "1")
    subscribed(agent, 4)
    # Not even its maker hears of the first: its answer says that it is made.
    maker.client.send(request(maker.handle, 9, *PLATFORM_EVENT,
                              bytes([SOFTWARE, 4, 1, 0x31, 1, 9, 1, 0])))
    assert maker.client.receive().kind == ANSWER
    assert mark_of(holder.row()) == 1
    maker.event(sensor=0x30, mark=2)
    assert mark_of(other.row()) == 2
    kept = listed(agent)
    assert [mark_of(row) for row in kept] == [1, 2] and "handle" in kept[0], kept
    assert "handle" not in kept[1], kept
    holder.end(), second.end(), other.end()
    subscribed(agent, 1)
    third = Follower(agent, "--exclusive", "--count", "1")
    subscribed(agent, 2)
    third.end()
    maker.close()
    agent.stop()


# ---- the agent and the controller come and go

def a_restarted_agent_cannot_know_the_loss_and_says_so():
    agent = start()
    maker = Maker(agent)
    follower = Follower(agent, "--numbers")
    subscribed(agent, 2)
    maker.event(mark=1)
    last = follower.row()
    agent.process.send_signal(signal.SIGKILL)
    agent.process.wait()
    with open(agent.log_path, "w") as log:
        agent.process = subprocess.Popen([VIPMID, "--link", "chassis:service=0", "--socket",
                                          agent.path], stderr=log)
    loss = follower.row()
    assert loss["kind"] == "loss" and loss["lost"] is None and "nobody knows" in loss["text"], loss
    assert loss["boot_id"] != last["boot_id"], loss
    again = Maker(agent)
    again.event(mark=2)
    row = follower.row()
    assert mark_of(row) == 2 and row["number"] == 1, row
    _, error = follower.end()
    assert "went away" in error, error
    # The same for one that asks with the old agent's number.
    back = Follower(agent, "--from", "%s:%d" % (last["boot_id"], last["number"]), "--count", "1")
    rows = back.ended()[0]
    assert [row["kind"] for row in rows] == ["loss", "event"] and rows[0]["lost"] is None, rows
    assert mark_of(rows[1]) == 2
    maker.close(), again.close()
    agent.stop()


def the_controllers_own_comings_and_goings_are_messages():
    listen = "unix:/tmp/vipmi-events-%d" % os.getpid()

    def chassis():
        process = subprocess.Popen([CHASSISD, "--listen", listen, "--service", "0"], text=True,
                                   stdout=subprocess.PIPE)
        assert process.stdout.readline().startswith("SIMULATED")
        return process

    hardware = chassis()
    agent = Agent(VIPMID, "vm:" + listen)
    follower = Follower(agent, "--numbers", "--kind", "lost,back", "--count", "2")
    deaf = Follower(agent, "--numbers", "--kind", "event")
    subscribed(agent, 2)
    hardware.kill()
    hardware.communicate()
    assert follower.row()["kind"] == "lost"
    hardware = chassis()
    assert follower.ended()[0][0]["text"] == "the controller is back"
    assert deaf.end()[0] == []
    assert {row["kind"] for row in listed(agent, "--numbers", "--kind", "lost,back,reset")} >= {
        "lost", "back"}
    agent.stop()
    hardware.kill()
    hardware.communicate()
    os.unlink(listen[5:])


def a_reset_and_the_watchdogs_interrupt_are_messages():
    agent = start()
    watchdog = Follower(agent, "--kind", "watchdog", "--count", "1")
    reset = Follower(agent, "--kind", "reset", "--count", "1")
    subscribed(agent, 2)
    # 2 s, and 1 s before that a messaging interrupt and nothing else (27.6, 27.5).
    vipmi(agent, "raw", "6", "0x24", "4", "0x30", "1", "0x10", "20", "0")
    vipmi(agent, "raw", "6", "0x22")
    row = watchdog.ended()[0][0]
    assert (row["kind"], row["text"]) == ("watchdog", "the watchdog's pre-timeout interrupt"), row
    vipmi(agent, "raw", "app", "cold-reset")
    row = reset.ended()[0][0]
    assert (row["kind"], row["text"]) == ("reset", "the controller was reset"), row
    assert "the controller was reset" in vipmi(agent, "event", "list", "--kind", "reset")
    agent.stop()


# ---- the command line

def a_kicked_follower_is_refused():
    agent = start()
    follower = Follower(agent, "--name", LISTENER)
    subscribed(agent, 1)
    number = next(row["client"] for row in json.loads(vipmi(agent, "-o", "json", "client", "list"))
                  if row["name"] == LISTENER)
    vipmi(agent, "client", "kick", str(number))
    error = follower.ended(REFUSED)[1]
    assert "kicked" in error, error
    agent.stop()


def wrong_words_get_suggestions():
    agent = start()
    for words, text in (
            ("--kind evnt", '"event"'), ("--kind event,restet", '"reset"'),
            ("--severity critcal", '"critical"'), ("--sensor-type temprature", '"temperature"'),
            ("--offset upper-critical-goin-high", '"upper-critical-going-high"'),
            ("--offset 15", "0 to 14"), ("--netfn ap", '"app"'), ("--netfn 7", "even"),
            ("--netfn app --command get-devcie-id", '"get-device-id"'),
            ("--command get-device-id", "needs --netfn"), ("--channel 16", "a channel"),
            ("--address 0x100", "an address"), ("--from then", "now, oldest"),
            ("--from 12:4", "boot id"), ("--count 0", "number of messages"),
            ("--sensro 1", '"sensor"'), ("now", "too many arguments")):
        for verb in ("list", "follow"):
            vipmi(agent, "event", verb, *words.split(), code=USAGE,
                  says=[text, "vipmi event %s --help" % verb])
    vipmi(agent, "event", "follow", "--name", "n" * 32, code=USAGE, says="31 bytes")
    vipmi(agent, "event", "list", "--exclusive", code=USAGE, says="unknown option")
    vipmi(agent, "event", "folow", code=USAGE, says='"follow"')
    vipmi(agent, "evnet", "list", code=USAGE, says='"event"')
    assert "No such message" in vipmi(agent, "event", "list")
    assert listed(agent) == []
    agent.stop()


run([filters_let_through_what_they_say,
     what_is_sent_names_its_sensor_and_says_it_in_words,
     requests_from_the_bus_have_filters_too,
     a_table_is_printed_as_it_comes,
     everybody_gets_everything_and_who_sleeps_is_told_what_it_lost,
     one_that_dies_misses_nothing_that_was_kept,
     a_card_pulled_a_hundred_times_under_load_is_heard_once_each,
     what_is_exclusive_is_refused_with_its_holders_name,
     a_restarted_agent_cannot_know_the_loss_and_says_so,
     the_controllers_own_comings_and_goings_are_messages,
     a_reset_and_the_watchdogs_interrupt_are_messages,
     a_kicked_follower_is_refused,
     wrong_words_get_suggestions])
