#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vipmi chassis against a chassis that is made up here, byte by byte: what it sends, what it makes of
every answer, and that hardware which is not simulated gets nothing of it.

usage: test_chassis_cli.py VIPMID VIPMI
"""
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from agent import Agent, PATIENCE, run

VIPMID, VIPMI = map(os.path.abspath, sys.argv[1:3])
DONE, LOCAL, USAGE, REFUSED, LOST, CODE = range(6)
SIMULATED_ID = bytes.fromhex("20 01 02 15 02 bf f2 1b 00 50 43")
CONTROL, PLACE, SENSOR, FAULT = 0xC0, 0xC1, 0xC2, 0xC3
EMPTY, ACTIVE, QUIESCING, FAILED = 0, 3, 4, 6


def padded(name):
    return name.encode().ljust(16, b"\0")


def whole(slots=21, places=23, faults=0):
    return bytes([1, slots, places, 0, 3, 0x20, faults, 0]) + struct.pack("<QQ", 7, 1000) + \
        padded("CT 820") + bytes([3])


def place(number, kind=3, state=ACTIVE, flags=0x2C, sensors=0, severity=0, worst=""):
    return bytes([1, number, kind, state, 0xB0 + 2 * number & 0xFF, 0, flags, sensors, severity]) + \
        padded("CP2300") + padded(worst) + struct.pack("<BBI", 1, 20, 3)


def sensor(number, index, count, milli, name):
    return bytes([1, number, index, count, 0x30 + index, 1, 1, 0, 5, 47, 1]) + \
        struct.pack("<Hi", 0, milli) + padded(name)


class Chassis(threading.Thread):
    """The controller's side of the VM protocol. `answers` decides: (command, data) -> bytes with
    the completion code first, for netFn 30h."""

    def __init__(self, identity=SIMULATED_ID):
        super().__init__(daemon=True)
        self.folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self.folder.name, "vm")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.identity, self.seen, self.lines = identity, [], []
        self.places, self.sensors, self.faults = {}, {}, []
        self.status, self.text, self.override = 0, b"done", None
        self.start()

    def run(self):
        while True:
            connection = self.listener.accept()[0]
            connection.sendall(b"\xFF\x01\xA1\x00\xA1")
            self.serve(connection)

    def serve(self, connection):
        item, escaped = bytearray(), False
        while True:
            data = connection.recv(4096)
            if not data:
                return
            for byte in data:
                if byte == 0xAA:
                    escaped = True
                elif byte == 0xA0:
                    connection.sendall(self.answer(bytes(item)))
                    item.clear()
                elif byte == 0xA1:
                    item.clear()
                else:
                    item.append(byte & ~0x10 if escaped else byte)
                    escaped = False

    def answer(self, item):
        sequence, netfn, command, data = item[0], item[1] >> 2, item[2], item[3:-1]
        said = b"\xC1"
        if (netfn, command) == (6, 1):
            said = b"\0" + self.identity
        elif netfn == 0x30:
            self.seen.append((command, data))
            said = self.control(command, data)
        body = bytes([sequence, (netfn | 1) << 2, command]) + said
        body += bytes([-sum(body) & 0xFF])
        return b"".join(bytes([0xAA, b | 0x10]) if b in (0xA0, 0xA1, 0xAA) else bytes([b])
                        for b in body) + b"\xA0"

    def control(self, command, data):
        assert data[:4] == b"vipm", data
        data = data[4:]
        if self.override is not None:
            return self.override
        if command == CONTROL:
            self.lines.append(data.decode())
            return bytes([0, self.status]) + self.text
        if command == PLACE and data == b"\0":
            return b"\0" + whole(faults=len(self.faults))
        if command == PLACE and data[0] <= 23:
            row = self.places.get(data[0], place(data[0], 0, EMPTY, 0))
            return b"\0" + (row.pop(0) if isinstance(row, list) and len(row) > 1 else
                            row[0] if isinstance(row, list) else row)
        if command == SENSOR and data[1] < len(self.sensors.get(data[0], ())):
            return b"\0" + self.sensors[data[0]][data[1]]
        if command == FAULT and data[0] < len(self.faults):
            return b"\0" + self.faults[data[0]]
        return b"\xCB"


CHASSIS = Chassis()
AGENT = Agent(VIPMID, "vm:unix:" + CHASSIS.path)


def vipmi(*words, code=DONE, says=(), agent=None, stdin=None, env=()):
    """Runs `vipmi chassis`, checks the exit status and that standard error has these words."""
    environment = {**os.environ, "VIPMI_TARGET": (agent or AGENT).path, **dict(env)}
    result = subprocess.run([VIPMI, "chassis", *words], env=environment, text=True,
                            timeout=PATIENCE, input=stdin or "", capture_output=True)
    shown = "%s\nexit %d\n%s--- err\n%s" % (words, result.returncode, result.stdout, result.stderr)
    assert result.returncode == code, shown
    for text in [says] if isinstance(says, str) else says:
        assert text in result.stderr, (text, shown)
    if code == DONE:
        assert not result.stderr, shown
    return result.stdout


def ordered(*words, **more):
    """What the chassis was told."""
    CHASSIS.lines.clear()
    vipmi(*words, **more)
    return CHASSIS.lines[-1] if CHASSIS.lines else None


# ---- orders

def an_order_is_sent_as_one_line():
    assert ordered("pull", "7") == "pull 7"
    assert ordered("pull", "7", "now") == "pull 7 now"
    assert ordered("insert", "22", "fan-tray") == "insert 22 fan-tray"
    assert ordered("set", "7", "Cpu Temp", "95") == "set 7 'Cpu Temp' 95"
    assert ordered("set", "7", "it's hot", "-3.5") == "set 7 \"it's hot\" -3.5"
    assert ordered("set", "7", "x", "state", "1,3") == "set 7 x state 1,3"
    assert ordered("fault", "late", "10%", "by", "7s", "at", "7", "for", "10s") == \
        "fault late 10% by 7s at 7 for 10s"
    assert ordered("reset") == "reset"
    assert ordered("reset", "7") == "reset 7"


def what_was_done_is_told_as_simulated():
    CHASSIS.text = b"slot 7: \x1b[31mejector opened"
    assert vipmi("pull", "7") == "SIMULATED: slot 7: ?[31mejector opened\n"
    assert json.loads(vipmi("pull", "7", "-o", "json")) == \
        {"simulated": True, "done": "slot 7: ?[31mejector opened"}
    assert vipmi("pull", "-ojsonl", "7").count("\n") == 1
    CHASSIS.text = b"done"


def what_is_not_right_is_not_sent():
    CHASSIS.seen.clear()
    vipmi("pull", code=USAGE, says="too few arguments: chassis pull PLACE")
    vipmi("pull", "seven", code=USAGE, says=["\"seven\" is no place", "vipmi chassis pull --help"])
    vipmi("fault", "lsot", code=USAGE, says="(did you mean \"lost\"?)")
    vipmi("set", "7", "a'b\"c", "1", code=USAGE, says="both kinds of quotes")
    vipmi("set", "7", "x" * 200, "1", code=USAGE, says="too long")
    vipmi("show", "41", code=USAGE, says="\"41\" is not the number of a place")
    vipmi("show", "0", code=USAGE, says="\"0\" is not the number of a place")
    vipmi("plul", "7", code=USAGE, says="(did you mean \"pull\"?)")
    vipmi("pull", "7", "--wiat", code=USAGE, says="(did you mean \"wait\"?)")
    assert not CHASSIS.seen


def the_chassis_may_refuse():
    CHASSIS.status, CHASSIS.text = 1, b"slot 7 is empty; 'insert 7' puts a board in"
    vipmi("pull", "7", code=REFUSED, says="slot 7 is empty; 'insert 7' puts a board in")
    CHASSIS.status, CHASSIS.text = 2, b"what is a pull?"
    vipmi("pull", "7", code=USAGE, says="what is a pull?")
    CHASSIS.status, CHASSIS.text = 0, b"done"


def odd_answers_are_told():
    for answer, says in ((b"\xC1", "no simulated chassis"), (b"\0", "another version"),
                         (b"\0\7", "another version"), (b"\xD5", "completion code D5h")):
        CHASSIS.override = answer
        code = LOCAL if answer[0] == 0 else CODE
        vipmi("pull", "7", code=code, says=says)
        vipmi("show", code=code, says=says)
    CHASSIS.override = None
    vipmi("show", "40", code=CODE, says="no place 40")


def one_waits_until_it_is_so():
    CHASSIS.places[7] = [place(7), place(7, state=QUIESCING), place(7, state=QUIESCING),
                         place(7, 0, EMPTY, 0)]
    assert ordered("pull", "--wait", "7") == "pull 7"
    assert len(CHASSIS.places[7]) == 1
    CHASSIS.places[7] = [place(7, state=2), place(7)]
    assert ordered("insert", "7", "--wait") == "insert 7"
    assert len(CHASSIS.places[7]) == 1
    CHASSIS.places[7] = [place(7, state=2), place(7, state=FAILED)]
    vipmi("insert", "7", "--wait", code=REFUSED, says="the board in 7 failed")


# ---- looks

def the_picture_has_it_all():
    CHASSIS.places = {n: place(n) for n in range(1, 22) if n != 5}
    CHASSIS.places[3] = place(3, flags=0x2D)
    CHASSIS.places[9] = place(9, severity=2, worst="Cpu Temp")
    CHASSIS.places[22] = place(22, kind=5)
    CHASSIS.faults = [bytes([1, 0, 1, 1, 10, 0]) + struct.pack("<IIII", 0, 2500, 4, 0)]
    for locale, line in (("C.UTF-8", "│"), ("C", "|")):
        out = vipmi("show", env={"LC_ALL": locale})
        assert "SIMULATED chassis CT 820" in out
        assert " 3*%s 4 %s" % (line, line) in out and "in slot 3, at 20h" in out, out
        assert "%sCPU%s   %sCPU%s" % ((line,) * 4) in out, out
        assert re.search(r"^22  CP2300 +DCh  active, ok$", out, re.M) and "Cpu Temp is critical" in out, out
        assert "lost 10%, 2 s left, happened 4 times" in out, out
        assert max(map(len, out.splitlines())) <= 100, out
        assert locale == "C.UTF-8" or out.isascii()


def all_of_it_in_json():
    shown = json.loads(vipmi("show", "-o", "json"))
    assert shown["simulated"] is True and shown["seed"] == 7 and shown["role"] == "bmc"
    assert [p["place"] for p in shown["places"]] == list(range(1, 24))
    assert shown["places"][4]["kind"] == "empty" and shown["places"][8]["health"] == "critical"
    assert shown["places"][2]["own"] is True and shown["places"][3]["own"] is False
    assert shown["faults"] == [{"fault": "lost", "percent": 10, "place": None, "by_ms": None,
                                "left_ms": 2500, "happened": 4,
                                "times_left": None}]
    line = vipmi("show", "-o", "jsonl")
    assert line.count("\n") == 1 and json.loads(line)["places"] == shown["places"]


def one_place_has_its_sensors():
    CHASSIS.places[7] = place(7, sensors=2)
    CHASSIS.sensors[7] = [sensor(7, 0, 2, 47500, "Cpu Temp"), sensor(7, 1, 2, -500, "Inlet")]
    out = vipmi("show", "7")
    assert "7  SIMULATED" in out and "BEh on the IPMB" in out, out
    assert re.search(r"^30h +Cpu Temp +47\.5 degrees C +ok +yes$", out, re.M), out
    assert re.search(r"^31h +Inlet +-0\.5 degrees C", out, re.M), out
    shown = json.loads(vipmi("show", "7", "-o", "json"))
    assert shown["simulated"] is True and shown["board"] == "CP2300"
    assert [s["sensor"] for s in shown["sensors"]] == ["Cpu Temp", "Inlet"]
    assert shown["sensors"][0]["number"] == 0x30 and shown["sensors"][0]["held"] is True
    # One that has none, and one whose card goes away while it is asked.
    assert "It has no sensors." in vipmi("show", "8")
    CHASSIS.places[8] = place(8, sensors=3)
    assert json.loads(vipmi("show", "8", "-o", "json"))["sensors"] == []


# ---- scenarios

def a_scenario_is_done_in_time():
    CHASSIS.lines.clear()
    out = vipmi("run", "-", stdin="# a card\n\nat 0s pull 7   # out\n  at 200ms insert 7\n"
                "after 100ms set 7 'a # b' 1\nreset\n")
    assert CHASSIS.lines == ["pull 7", "insert 7", "set 7 'a # b' 1", "reset"]
    assert out.splitlines() == ["SIMULATED: 4 orders of -", "  0.000 s  pull 7: done",
                                "  0.200 s  insert 7: done", "  0.300 s  set 7 'a # b' 1: done",
                                "  0.300 s  reset: done"], out
    rows = [json.loads(line) for line in
            vipmi("run", "-", "-o", "jsonl", stdin="at 50ms reset").splitlines()]
    assert rows == [{"simulated": True, "line": 1, "at_ms": 50, "order": "reset", "done": "done"}]


def a_scenario_is_checked_before_anything_is_done():
    CHASSIS.seen.clear()
    with tempfile.NamedTemporaryFile("w", suffix=".scenario") as file:
        def wrong(text, says):
            file.seek(0)
            file.truncate()
            file.write(text)
            file.flush()
            vipmi("run", file.name, code=USAGE, says=file.name + says)
        wrong("at 2s pull 7\n\nat 1s insert 7\n", ":3: at 1s is before the line before it")
        wrong("pull 7\npul 7\n", ":2: \"pul\" is no order (did you mean \"pull\"?)")
        wrong("at soon pull 7\n", ":1: \"soon\" is not a time")
        wrong("at\n", ":1: \"\" is not a time")
        wrong("after 5s\n", ":1: order is missing")
        wrong("set 7 'x 1\n", ":1: a quote (' or \") is opened and never closed")
        wrong("# nothing\n", ":1: no order in it")
        wrong("reset\n" * (1 << 18), ": longer than 1 MiB")
    vipmi("run", "/nowhere/file", code=LOCAL, says="cannot open /nowhere/file: No such file")
    vipmi("run", "/", code=LOCAL, says="cannot read /: Is a directory")
    assert not CHASSIS.seen


def a_refusal_ends_the_scenario():
    CHASSIS.status, CHASSIS.text = 1, b"slot 7 is empty"
    CHASSIS.lines.clear()
    vipmi("run", "-", code=REFUSED, stdin="\npull 7\ninsert 7", says="-:2: slot 7 is empty")
    assert CHASSIS.lines == ["pull 7"]
    CHASSIS.status, CHASSIS.text = 0, b"done"


# ---- hardware

def what_is_not_simulated_gets_nothing():
    real = Chassis(SIMULATED_ID[:9] + b"\x51\x43")
    agent = Agent(VIPMID, "vm:unix:" + real.path)
    for words in (["show"], ["show", "7"], ["pull", "7"], ["run", "-"]):
        vipmi(*words, agent=agent, code=CODE, stdin="pull 7", says="real ones are not meddled with")
    assert not real.seen
    real.identity = b""
    agent.stop()
    agent = Agent(VIPMID, "vm:unix:" + real.path)
    vipmi("show", agent=agent, code=CODE, says="real ones are not meddled with")
    agent.stop()
    vipmi("show", agent=agent, code=LOCAL, says="is vipmid running?")


def every_verb_has_its_help():
    for verb in ("show", "insert", "pull", "set", "fault", "reset", "run"):
        assert vipmi(verb, "--help").startswith("usage: vipmi chassis " + verb)


if __name__ == "__main__":
    run([an_order_is_sent_as_one_line, what_was_done_is_told_as_simulated,
         what_is_not_right_is_not_sent, the_chassis_may_refuse, odd_answers_are_told,
         one_waits_until_it_is_so, the_picture_has_it_all, all_of_it_in_json,
         one_place_has_its_sensors, a_scenario_is_done_in_time,
         a_scenario_is_checked_before_anything_is_done, a_refusal_ends_the_scenario,
         what_is_not_simulated_gets_nothing, every_verb_has_its_help])
