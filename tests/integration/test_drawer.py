#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The whole drawer: a real vipmid on a chassis of 21 slots, meddled with by `vipmi chassis`, watched by
programs of every kind. In both roles, with both families of tools.

usage: test_drawer.py VIPMID VIPMI VIPMI_CHASSISD SHIM
"""
import fcntl
import json
import os
import pty
import queue
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading

from agent import Agent, PATIENCE, fork, message, request, run, wait_until

VIPMID, VIPMI, CHASSISD, SHIM = map(os.path.abspath, sys.argv[1:5])
DONE, LOCAL, USAGE, REFUSED, LOST, CODE = range(6)
KEPT = 4096  # messages that the agent keeps
SLOTS, CARD = 21, 7
CARD_ADDRESS = 0xBC
# PICMG 2.9: C2h is left out.
ADDRESSES = [0xAE + 2 * slot if slot < 10 else 0xB0 + 2 * slot for slot in range(1, SLOTS + 1)]
# What the BMC of the drawer shows of a slot: sensor 60h and on, type 21h.
OF_SLOT = ("--address", "0x20", "--sensor", hex(0x60 + CARD))


def start(*options):
    return Agent(VIPMID, ",".join(("chassis:drawer", "service=0", *options)))


def program(agent, *words, code=DONE, says=(), env=()):
    """Runs it and checks the exit status, and that standard error has these words."""
    environment = {**os.environ, "VIPMI_TARGET": agent.path, "VIPMI_SHIM": SHIM, "LC_ALL": "C.UTF-8",
                   "HOME": agent.folder, **dict(env)}
    result = subprocess.run(words, env=environment, text=True, timeout=PATIENCE,
                            stdin=subprocess.DEVNULL, capture_output=True)
    shown = "%s\nexit %d\n%s--- err\n%s" % (" ".join(words), result.returncode, result.stdout,
                                            result.stderr)
    assert code is None or result.returncode == code, shown
    for text in [says] if isinstance(says, str) else says:
        assert text in result.stderr, (text, shown)
    return result.stdout


def vipmi(agent, *words, **more):
    return program(agent, VIPMI, *words, **more)


def chassis(agent, *words, **more):
    return vipmi(agent, "chassis", *words, **more)


def drawer(agent):
    return json.loads(chassis(agent, "show", "-o", "json"))


def place(agent, number):
    return json.loads(chassis(agent, "show", str(number), "-o", "json"))


def reading(agent, number, name):
    return next(s for s in place(agent, number)["sensors"] if s["sensor"] == name)


class Follower:
    """vipmi event follow. Its lines are read as they come, so that only who sleeps is behind."""

    def __init__(self, agent, *words):
        self.lines = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [VIPMI, "--target", agent.path, "event", "follow", "-o", "jsonl", "--numbers", *words],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def row(self):
        return self.lines.get(timeout=PATIENCE)

    def rows(self, count):
        return [self.row() for _ in range(count)]

    def until(self, condition):
        rows = []
        while not rows or not condition(rows[-1]):
            rows.append(self.row())
        return rows

    def end(self):
        """Interrupts it; what it had said beyond what was read."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(PATIENCE) == DONE, self.process.stderr.read()
        self.die()
        return self.rows(self.lines.qsize())

    def die(self):
        self.process.kill()
        self.process.wait()
        self.reader.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()


def subscribed(agent, count):
    """Waits until so many handles are subscribed."""
    observer = agent.client()
    wait_until(lambda: sum(row["events"] for row in observer.query("client")) == count,
               "%d subscriptions" % count)
    observer.close()


# ---- the tool

def the_picture_shows_every_slot():
    agent = start()
    out = chassis(agent, "show")
    assert "SIMULATED" in out and "the BMC in slot 3, at 20h" in out, out
    assert max(map(len, out.splitlines())) <= 100, out
    shown = drawer(agent)
    places = shown["places"]
    assert shown["slots"] == SLOTS and shown["role"] == "bmc" and shown["faults"] == []
    assert [p["place"] for p in places] == list(range(1, len(places) + 1))
    own = [p for p in places if p["own"]]
    assert [(p["place"], p["address"]) for p in own] == [(3, 0x20)]
    for slot, address in enumerate(ADDRESSES, 1):
        one = places[slot - 1]
        kind = {1: "manager", 2: "fabric", 21: "fabric"}.get(slot, "node")
        assert one["kind"] == kind and one["state"] == "active", one
        assert one["own"] or one["address"] == address, one
        assert one["healthy"] and one["bd_sel"] and one["blue_led"] == "off", one
        assert not one["ejector_open"] and not one["enum"] and one["sensors"] > 0, one
    kinds = [p["kind"] for p in places[SLOTS:]]
    assert kinds.count("power-supply") == 2 and kinds.count("fan-tray") == 3, kinds
    assert kinds.count("manager") == 1, kinds
    agent.stop()


def on_a_terminal(agent, columns, **env):
    """What `vipmi chassis show` says to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm", "NO_COLOR": "", **env}
    process = subprocess.Popen([VIPMI, "--target", agent.path, "chassis", "show"], env=environment,
                               stdout=theirs)
    os.close(theirs)
    out = b""
    while True:
        try:
            out += os.read(ours, 65536)
        except OSError:  # everybody has closed it
            break
    os.close(ours)
    assert process.wait(PATIENCE) == DONE
    return out.decode().replace("\r\n", "\n")


def the_picture_fits_the_terminal():
    agent = start()
    chassis(agent, "pull", str(CARD), "now")
    piped = chassis(agent, "show")
    assert "\033" not in piped and piped.count(" slot\n") == 1, piped
    for columns, bands in ((80, 2), (120, 1)):
        out = on_a_terminal(agent, columns)
        assert "\033[32mon \033[0m" in out, out
        bare = re.sub("\033\\[[0-9;]*m", "", out)
        assert max(map(len, bare.splitlines())) <= columns, bare
        assert bare.count(" slot\n") == bands, bare
        for env in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            lines = on_a_terminal(agent, columns, **env).splitlines()
            # All but the time that it runs.
            assert lines[1:] == bare.splitlines()[1:], lines
    agent.stop()


def a_card_is_gone_when_it_is_pulled_and_back_when_it_is_inserted():
    agent = start("slot=4")
    ask = ("raw", "--ipmb", hex(CARD_ADDRESS), "--timeout", "2s", "app", "get-device-id")
    before = vipmi(agent, *ask)
    out = chassis(agent, "pull", "--wait", str(CARD))
    assert out.startswith("SIMULATED: "), out
    gone = place(agent, CARD)
    assert gone["kind"] == "empty" and gone["state"] == "empty" and gone["sensors"] == [], gone
    assert not gone["healthy"]
    vipmi(agent, *ask, code=None)
    assert program(agent, VIPMI, *ask, code=LOST) == ""
    chassis(agent, "pull", str(CARD), code=REFUSED, says=str(CARD))
    chassis(agent, "insert", "--wait", str(CARD))
    assert place(agent, CARD)["state"] == "active"
    assert vipmi(agent, *ask) == before
    chassis(agent, "insert", str(CARD), code=REFUSED, says=str(CARD))
    # Torn out, it is gone at once; our own card does not leave us.
    chassis(agent, "pull", str(CARD), "now")
    assert place(agent, CARD)["state"] == "empty"
    chassis(agent, "pull", "4", code=REFUSED, says="4")
    chassis(agent, "pull", "40", code=REFUSED, says="40")
    chassis(agent, "show", "40", code=CODE, says="no place 40")
    agent.stop()


def a_sensor_is_held_where_it_is_set():
    agent = start()
    follower = Follower(agent, "--address", hex(CARD_ADDRESS))
    subscribed(agent, 1)
    # One threshold after the other: an event message buffer holds one event.
    for value, severity in (("85", "non-critical"), ("95", "critical"), ("105", "non-recoverable")):
        chassis(agent, "set", str(CARD), "Cpu Temp", value)
        row = follower.row()
        assert row["severity"] == severity and row["direction"] == "asserted", row
    shown = reading(agent, CARD, "Cpu Temp")
    assert shown["reading"] == "105 degrees C" and shown["held"], shown
    assert shown["health"] == "non-recoverable", shown
    raw = vipmi(agent, "raw", "--ipmb", hex(CARD_ADDRESS), "--fresh", "sensor", "get-sensor-reading",
                hex(shown["number"])).split()
    assert int(raw[0], 16) == shown["raw"], (raw, shown)
    assert "Cpu Temp is non-recoverable" in chassis(agent, "show")
    chassis(agent, "set", str(CARD), hex(shown["number"]), "auto")
    assert follower.row()["direction"] == "deasserted"
    assert not reading(agent, CARD, "Cpu Temp")["held"]
    # By states; and what is not there, or cannot be.
    chassis(agent, "set", str(CARD), "Ejector", "state", "1")
    assert reading(agent, CARD, "Ejector")["states"] == 2
    chassis(agent, "set", str(CARD), "No Such Sensor", "1", code=REFUSED, says="No Such Sensor")
    chassis(agent, "set", str(CARD), "Ejector", "5", code=REFUSED)
    chassis(agent, "set", str(CARD), "Cpu Temp", "state", "1", code=REFUSED)
    chassis(agent, "reset")
    assert not reading(agent, CARD, "Ejector")["held"]
    follower.end()
    agent.stop()


def faults_are_injected_listed_and_ended():
    agent = start()
    ask = ("raw", "--ipmb", hex(CARD_ADDRESS), "--timeout", "2s", "--fresh", "app",
           "get-self-test-results")
    vipmi(agent, *ask)
    chassis(agent, "fault", "lost", "at", str(CARD))
    vipmi(agent, *ask, code=LOST)
    shown = drawer(agent)
    assert [(f["fault"], f["place"], f["percent"], f["left_ms"]) for f in shown["faults"]] == \
        [("lost", CARD, 100, None)], shown["faults"]
    assert shown["faults"][0]["happened"] > 0, shown["faults"]
    assert place(agent, CARD)["fault"] and not place(agent, CARD + 1)["fault"]
    assert "lost at 7, until 'fault none'" in chassis(agent, "show")
    chassis(agent, "fault", "none", "at", str(CARD))
    wait_until(lambda: program(agent, VIPMI, *ask, code=None), "the card's answer")
    # The next one is lost, and no other.
    chassis(agent, "fault", "lost", "1", "time", "at", str(CARD))
    assert "lost at 7, 1 more time" in chassis(agent, "show")
    vipmi(agent, *ask)  # a question to the bus that may be asked twice, is
    assert drawer(agent)["faults"] == []
    # One that ends by itself.
    chassis(agent, "fault", "nak", "at", str(CARD), "for", "300ms")
    assert drawer(agent)["faults"][0]["left_ms"] <= 300
    wait_until(lambda: drawer(agent)["faults"] == [])
    # At a card, where they hold nobody up but who asks it; at our own interface what is harmless.
    for words in (("late", "10%", "by", "10ms"), ("duplicate", "1%", "at", "9"),
                  ("garbled", "1%", "at", "9"), ("reset", "1%", "at", "9"), ("stuck", "for", "5s"),
                  ("arbitration", "1%"), ("busy", "1%"), ("sticky", "for", "5s"),
                  ("failure", "at", "24")):
        chassis(agent, "fault", "none")
        chassis(agent, "fault", *words)
        assert [f["fault"] for f in drawer(agent)["faults"]] == [words[0]], words
    assert place(agent, 24)["health"] != "ok", place(agent, 24)
    chassis(agent, "fault", "none")
    assert drawer(agent)["faults"] == []
    agent.stop()


def a_silent_controller_talks_again_by_itself():
    agent = start()
    observer = agent.client()
    chassis(agent, "fault", "silence", "for", "1s")
    vipmi(agent, "raw", "--timeout", "300ms", "--fresh", "app", "get-self-test-results", code=LOST)
    wait_until(lambda: observer.query("status")[0]["responsive"])
    wait_until(lambda: program(agent, VIPMI, "chassis", "show", code=None), "the picture")
    agent.stop()


def a_scenario_plays():
    agent = start()
    follower = Follower(agent)
    subscribed(agent, 1)
    path = os.path.join(agent.folder, "scenario")
    with open(path, "w") as file:
        file.write("# a card leaves while a fan tray is broken\n"
                   "fault failure at 25 for 2s\nat 100ms pull %d\nafter 1s insert %d\n"
                   "after 2s pull 3\n" % (CARD, CARD))
    out = chassis(agent, "run", path, code=REFUSED, says=path + ":5: ")
    assert re.findall(r" s  ([^:]+): ", out) == \
        ["fault failure at 25 for 2s", "pull %d" % CARD, "insert %d" % CARD], out
    os.unlink(path)
    assert place(agent, CARD)["state"] == "active"
    assert 0x60 + CARD in {row["sensor"] for row in follower.end()}
    agent.stop()


def scenario(folder, text):
    path = os.path.join(folder, "scenario")
    with open(path, "w") as file:
        file.write(text)
    return path


def the_link_plays_a_scenario_by_itself():
    with tempfile.TemporaryDirectory() as folder:
        agent = start("scenario=" + scenario(folder, "pull %d\n# back\nat 2s insert %d\npull 3\n"
                                             % (CARD, CARD)))
        wait_until(lambda: place(agent, CARD)["state"] == "empty", "the card's going")
        wait_until(lambda: place(agent, CARD)["state"] == "active", "the card's coming")
        path = os.path.join(folder, "scenario")
        wait_until(lambda: path + ":4:" in agent.log(), "the last word")
        told = [line.split(path)[-1] for line in agent.log().splitlines()
                if "SIMULATED chassis: " + path in line]
        assert told == [
            ":1: pull 7: slot 7: ejector opened; the board leaves when its blue LED is on",
            ":3: insert 7: slot 7: Node card is in, its ejector is being closed",
            ":4: pull 3: slot 3 holds our own card, which cannot leave us; the scenario ends here"], \
            agent.log()
        agent.stop()


def a_wrong_scenario_is_told_with_file_and_line():
    with tempfile.TemporaryDirectory() as folder:
        path = scenario(folder, "pull 7\npul 7\n")
        nowhere = os.path.join(folder, "nowhere")
        for words in ((VIPMID, "--link", "chassis:scenario="),
                      (CHASSISD, "--listen", "unix:" + os.path.join(folder, "vm"),
                       "--chassis", "drawer,scenario="),
                      (CHASSISD, "--listen", "unix:" + os.path.join(folder, "vm"), "--scenario", "")):
            for file, says in ((path, path + ":2: \"pul\" is no order (did you mean \"pull\"?)"),
                               (nowhere, "cannot read scenario=%s: No such file" % nowhere),
                               ("/", "cannot read scenario=/: Is a directory"),
                               ("/dev/null", "/dev/null:1: no order in it"),
                               ("x" * 256, ": the path of a file, 1 to 255 bytes, please")):
                command = [*words[:-1], words[-1] + file]
                if words[0] == VIPMID:
                    command += ["--socket", os.path.join(folder, "s")]
                result = subprocess.run(command, text=True, timeout=PATIENCE, capture_output=True)
                assert result.returncode in (1, 2) and says in result.stderr, (command, result)


def it_works_through_the_vm_link_too():
    folder = tempfile.TemporaryDirectory()
    listen = "unix:" + os.path.join(folder.name, "vm")
    path = scenario(folder.name, "at 10ms pull 8 now")
    server = subprocess.Popen([CHASSISD, "--listen", listen, "--service", "0", "--chassis", "drawer",
                               "--scenario", path],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert server.stdout.readline().startswith("SIMULATED")
    agent = Agent(VIPMID, "vm:" + listen)
    assert drawer(agent)["slots"] == SLOTS
    chassis(agent, "pull", "--wait", str(CARD))
    chassis(agent, "insert", "--wait", str(CARD))
    assert place(agent, 8)["state"] == "empty"
    agent.stop()
    server.terminate()
    assert server.communicate()[1] == \
        "vipmi-chassisd: SIMULATED chassis: %s:1: pull 8 now: slot 8: torn out\n" % path


def hundreds_ask_through_a_queue_of_four():
    # In the peripheral role the card keeps four messages for its host; nothing is lost by that.
    agent = start("role=peripheral", "slot=%d" % CARD)
    observer = agent.client()
    assert observer.query("status")[0]["bus_window"] == 4
    programs = [subprocess.Popen(
        [VIPMI, "--target", agent.path, "raw", "--ipmb", hex(address), "--timeout", "60s", "--fresh",
         "app", "get-device-id"], stdout=subprocess.PIPE, text=True)
        for address in ADDRESSES[7:17] for _ in range(20)]
    for one in programs:
        assert one.communicate(timeout=PATIENCE)[0].split()[0] == "34", one.args
    own = place(agent, CARD)
    assert (own["waiting"], own["room"], own["missed"]) == (0, 4, 0), own
    assert "0 of 4 messages wait, 0 found no room" in chassis(agent, "show", str(CARD))
    agent.stop()


def without_power_the_cards_wait():
    agent = start()
    follower = Follower(agent, *OF_SLOT)
    supplies = Follower(agent, "--sensor", "0x5c")
    subscribed(agent, 2)
    chassis(agent, "fault", "failure", "at", "23", "for", "8s")
    chassis(agent, "pull", "24", "now")
    supplies.until(lambda row: row["text"] == "Non-redundant: Insufficient Resources")
    assert signature(follower.row()) == ("Slot Power Off", "asserted")
    gone = place(agent, CARD)
    assert gone["state"] == "powering" and not gone["healthy"] and gone["bd_sel"], gone
    # Its controller answers; its readings are not to be had, for every tool.
    out = tool(agent, "ipmitool", "-t", hex(CARD_ADDRESS), "sdr")
    assert re.search(r"^Cpu Temp +\| (no reading|disabled) +\| ns$", out, re.M), out
    assert signature(follower.row()) == ("Slot Power Off", "deasserted")
    wait_until(lambda: place(agent, CARD)["state"] == "active", "the power")
    assert re.search(r"^Cpu Temp +\| \d+ degrees C +\| ok$",
                     tool(agent, "ipmitool", "-t", hex(CARD_ADDRESS), "sdr"), re.M)
    assert follower.end() == []
    supplies.until(lambda row: row["text"] == "Redundancy Lost")
    supplies.end()
    agent.stop()


# ---- a card, a hundred times

PULLS, LOADERS, NOISE = 100, 8, 45
SUBSCRIBE, DONE_MESSAGE, EVENT, ANSWER = 22, 10, 11, 7
PLATFORM_EVENT = (0x04, 0x02)


def ask_for_ever(agent):
    client = agent.client()
    handle = client.handle()
    while True:
        assert client.ask(handle, 6, 1).cc == 0
        assert client.ask(handle, 0x0A, 0x11, struct.pack("<BHB", 0, 8, 16)).cc == 0


class Noise:
    """Events of our own, so that there are more than the agent keeps. Each is fetched before the
    next is made: the controller's buffer holds one, and what comes meanwhile is lost in there."""

    def __init__(self, agent):
        self.client = agent.client()
        self.handle = self.client.handle()
        self.client.send(message(SUBSCRIBE, tag=1, handle=self.handle))
        assert self.client.receive().kind == DONE_MESSAGE

    def make(self, count):
        for _ in range(count):
            self.client.send(request(self.handle, 2, *PLATFORM_EVENT,
                                     bytes([0x41, 4, 1, 0x30, 1, 9, 0, 0])))
            kinds = []
            # Answers to others' doings may come in between.
            while not {ANSWER, EVENT} <= set(kinds):
                kinds.append(self.client.receive().kind)


def signature(row):
    return row["text"], row["direction"]


# What the manager says of it, every time: a coming and going of this chassis' slots.
STORY = [("Device Removal Request", "asserted"), ("Slot Power Off", "asserted"),
         ("Ready for Removal", "asserted"), ("Device Installed", "deasserted"),
         ("Device Installed", "asserted"), ("Slot Power Off", "deasserted")]


def a_card_is_pulled_and_inserted_a_hundred_times():
    a_hundred_times("bmc")


def likewise_when_the_manager_relays_it():
    a_hundred_times("peripheral")


def a_hundred_times(role):
    agent = start("role=" + role, "slot=4")
    noise = Noise(agent)
    load = [fork(ask_for_ever, agent) for _ in range(LOADERS)]
    watchers = [Follower(agent, *words) for words in (OF_SLOT, OF_SLOT, ("--kind", "chassis"))]
    everybody, sleeper, victim = Follower(agent), Follower(agent), Follower(agent, *OF_SLOT)
    subscribed(agent, len(watchers) + 4)
    sleeper.process.send_signal(signal.SIGSTOP)
    back, heard = None, []
    for cycle in range(PULLS):
        chassis(agent, "pull", "--wait", str(CARD))
        chassis(agent, "insert", "--wait", str(CARD))
        heard += watchers[0].rows(len(STORY))
        noise.make(NOISE)
        if cycle == PULLS // 3:
            last = victim.rows(cycle)[-1]
            victim.die()
        if cycle == PULLS // 2:
            back = Follower(agent, *OF_SLOT, "--from", "%s:%d" % (last["boot_id"], last["number"]))
            subscribed(agent, len(watchers) + 4)
    for pid in load:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    noise.client.close()
    assert watchers[0].end() == []
    total = judge_hundred(agent, heard, watchers[1:], everybody, back, last)
    judge_sleeper(sleeper, total)
    agent.stop()


def judge_hundred(agent, heard, watchers, everybody, back, last):
    total = json.loads(vipmi(agent, "event", "list", "--numbers", "--count", "1", "-o",
                             "json"))[0]["number"]
    whole = everybody.until(lambda row: row["number"] == total)
    assert [row["number"] for row in whole] == list(range(1, total + 1))
    of_card = [row for row in whole if row["sensor"] == 0x60 + CARD]
    # The same things in the same order every time: nothing is missing, nothing is twice.
    assert [signature(row) for row in of_card] == STORY * PULLS, len(of_card)
    assert of_card == heard
    for watcher in watchers:
        rows = watcher.until(lambda row: row["number"] == of_card[-1]["number"])
        assert rows == of_card
        assert watcher.end() == []
    assert everybody.end() == []
    # It had one before it died; the agent still had all that came since.
    rows = back.until(lambda row: row["number"] == of_card[-1]["number"])
    assert [row["number"] for row in rows] == \
        [row["number"] for row in of_card if row["number"] > last["number"]]
    assert back.end() == []
    return total


def judge_sleeper(sleeper, total):
    """Every number once, or counted in the loss that stands in its place."""
    assert total > KEPT, total
    sleeper.process.send_signal(signal.SIGCONT)
    at, lost = 1, 0
    while at <= total:
        row = sleeper.row()
        if row["kind"] == "loss":
            at += row["lost"]
            lost += row["lost"]
        else:
            assert row["number"] == at, (row, at)
            at += 1
    assert lost > 0 and at == total + 1, (lost, at, total)
    assert sleeper.end() == []


# ---- both roles, both tools

def tool(agent, *words, **more):
    return program(agent, VIPMI, "exec", "--", *words, **more)


def freeipmi(agent, name, *words):
    """Its cache of sensor records belongs to one chassis, and so to one test."""
    return tool(agent, name, "--sdr-cache-directory=" + agent.folder, "--sdr-cache-recreate",
                "--quiet-cache", *words)


def names_of(output):
    return {line.split("|")[0].strip() for line in output.splitlines() if "|" in line}


NODE_SENSORS = {"Cpu Temp", "Board Temp", "Vcc 5V", "Ejector", "Healthy"}


def tools_reach_the_cards(agent, addresses):
    for address in addresses:
        out = tool(agent, "ipmitool", "-t", hex(address), "sdr")
        assert names_of(out) >= NODE_SENSORS, out
        assert re.search(r"^Cpu Temp +\| \d+ degrees C +\| ok$", out, re.M), out
        out = tool(agent, "ipmitool", "-t", hex(address), "mc", "info")
        assert "Manufacturer ID           : 7154" in out, out
        out = tool(agent, "bmc-info", "--target-channel-number=0",
                   "--target-slave-address=" + hex(address))
        assert re.search(r"^Sensor Device +: supported$", out, re.M), out


def bmc_role_with_ipmitool_and_freeipmi():
    agent = start("role=bmc", "slot=3")
    tools_reach_the_cards(agent, [0xB6, CARD_ADDRESS])
    # Its own, and those of the others by bridging.
    assert names_of(tool(agent, "ipmitool", "sdr")) >= {"Cpu Temp"}
    out = freeipmi(agent, "ipmi-sensors", "--bridge-sensors")
    assert len(names_of(out)) > 20, out
    # It has the SEL, and what the manager sees of a card comes into it.
    tool(agent, "ipmitool", "sel", "clear")
    wait_until(lambda: re.search(r"^Entries +: 0$", tool(agent, "ipmitool", "sel", "info"), re.M))
    chassis(agent, "pull", "--wait", str(CARD))
    wait_until(lambda: "Slot" in tool(agent, "ipmitool", "sel", "list"), "the SEL's entry")
    out = freeipmi(agent, "ipmi-sel")
    assert "Slot/Connector" in out, out
    agent.stop()


def peripheral_role_with_ipmitool_and_freeipmi():
    agent = start("role=peripheral", "slot=%d" % CARD)
    shown = drawer(agent)
    assert shown["role"] == "peripheral" and shown["own_address"] == CARD_ADDRESS, shown
    tools_reach_the_cards(agent, [0xB6, 0xB8])
    # Its own device SDRs, without an SEL of its own.
    assert names_of(tool(agent, "ipmitool", "-m", hex(CARD_ADDRESS), "sdr", code=None)) >= \
        {"Cpu Temp"}
    vipmi(agent, "raw", "storage", "get-sel-info", code=CODE, says="C1h")
    # FreeIPMI takes 20h for the one it talks to whatever it is told: it reaches the cards only.
    # The manager is the BMC: the SEL is there, and ipmitool is relayed to it.
    # Who takes 20h for itself, as ipmitool does, must be told that it is not.
    manager = ("ipmitool", "-m", hex(CARD_ADDRESS), "-t", "0x20")
    out = tool(agent, *manager, "sel", "info")
    assert re.search(r"^Entries +: \d+", out, re.M), out
    chassis(agent, "pull", "--wait", "9")
    wait_until(lambda: "Slot" in tool(agent, *manager, "sel", "list"),
               "the manager's SEL entry")
    # What the manager heard it relays to us.
    follower = Follower(agent)
    subscribed(agent, 1)
    chassis(agent, "insert", "--wait", "9")
    rows = follower.until(lambda row: row["sensor_type"] == 0x21)
    assert rows[-1]["address"] == 0x20, rows
    # Its sensors' names are in the manager's repository.
    named = json.loads(vipmi(agent, "event", "list", "--count", "1", "-o", "json"))
    assert named[0]["sensor_name"] == "Slot 9", named
    follower.end()
    agent.stop()


def the_other_manager_takes_over():
    agent = start("role=peripheral", "slot=%d" % CARD)
    assert "The manager in 1 is in charge, at 20h." in chassis(agent, "show")
    manager = ("ipmitool", "-m", hex(CARD_ADDRESS), "-t", "0x20")
    chassis(agent, "pull", "--wait", "9")
    wait_until(lambda: "Slot" in tool(agent, *manager, "sel", "list"), "the manager's SEL entry")
    before = tool(agent, *manager, "sel", "list").splitlines()
    follower = Follower(agent, "--address", "0x20", "--sensor", "0x61")
    subscribed(agent, 1)
    chassis(agent, "pull", "--wait", "1")
    # Nobody misses a word of it; half of it the one tells, half of it the other.
    assert [signature(row) for row in follower.rows(4)] == STORY[:4]
    wait_until(lambda: drawer(agent)["manager"] == 22, "the other manager")
    assert "The manager in 22 is in charge, at 20h." in chassis(agent, "show")
    assert tool(agent, *manager, "sel", "list").splitlines()[:len(before)] == before
    chassis(agent, "insert", "--wait", "1")
    assert [signature(row) for row in follower.rows(2)] == STORY[4:]
    assert follower.end() == []
    back = place(agent, 1)
    assert back["address"] == ADDRESSES[0] and drawer(agent)["manager"] == 22, back
    agent.stop()


if __name__ == "__main__":
    tests = [the_picture_shows_every_slot, the_picture_fits_the_terminal,
             a_card_is_gone_when_it_is_pulled_and_back_when_it_is_inserted,
             a_sensor_is_held_where_it_is_set, faults_are_injected_listed_and_ended,
             a_silent_controller_talks_again_by_itself, a_scenario_plays,
             the_link_plays_a_scenario_by_itself, a_wrong_scenario_is_told_with_file_and_line,
             it_works_through_the_vm_link_too, hundreds_ask_through_a_queue_of_four,
             without_power_the_cards_wait, a_card_is_pulled_and_inserted_a_hundred_times,
             bmc_role_with_ipmitool_and_freeipmi, peripheral_role_with_ipmitool_and_freeipmi,
             the_other_manager_takes_over]
    at_night = [likewise_when_the_manager_relays_it]  # tools/deep.d/drawer
    signal.alarm(600)
    run([test for test in tests + at_night if test.__name__ in sys.argv[5:]] or tests)
