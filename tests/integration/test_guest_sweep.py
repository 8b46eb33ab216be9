#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""A guest that tries everything: each network function with each command and several kinds of data,
as it is and carried in Send Messages, nested ones too. The real controller's own log shows what
reached it, and nothing may but the reads that stand here, written from the specification and not
from the agent's table.

usage: test_guest_sweep.py VIPMID CHASSISD
"""
import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile

from agent import PATIENCE, Agent, run, wait_until
from qemu import ATTENTION_OFF, NMI, POWER_OFF, RESET, SHUTDOWN, Qemu

VIPMID, CHASSISD = map(os.path.abspath, sys.argv[1:3])
CHASSIS, SENSOR, APP, STORAGE, GROUP = 0, 4, 6, 0x0A, 0x2C
# What a guest has under way at the most (GUEST_PENDING_MAX).
PENDING = 8
SATELLITE = 0xB2

# IPMI 2.0 appendix G: what reads, and the three reservations, which the agent virtualizes.
READS = {
    CHASSIS: {0x0F},
    SENSOR: {0x01, 0x20, 0x21, 0x22, 0x23, 0x25, 0x27, 0x29, 0x2B, 0x2D, 0x2F},
    APP: {0x01},
    STORAGE: {0x10, 0x11, 0x20, 0x21, 0x22, 0x23, 0x28, 0x40, 0x41, 0x42, 0x43, 0x48, 0x5A, 0x5C},
}
# PICMG and its like, by the body that the first byte names: only what is called "Get".
GROUP_READS = {0x00: {0x00, 0x01, 0x02, 0x05, 0x06, 0x08, 0x0B, 0x0D, 0x0F, 0x12, 0x14, 0x16, 0x18, 0x1A,
                      0x1B, 0x1D, 0x1E, 0x2D, 0x2E, 0x2F, 0x34, 0x36, 0x37}}
# Run Initialization Agent: bit 0 runs it, without it is asked how far it is.
RUN_AGENT = (STORAGE, 0x2C)
DATA = (b"", b"\0", b"\1", b"\2\2", b"\0\0CLR\xAA", b"\4\x21\1\0\1\0", b"\0\0\0\0\0\x10", b"\xFF" * 8)

FOLDER = tempfile.mkdtemp(prefix="vipmi-test-")
REQUESTS, CONTROLLER, SOCKET = (os.path.join(FOLDER, name)
                                for name in ("requests", "controller.sock", "guest.sock"))
CHASSIS_PROCESS = subprocess.Popen(
    [CHASSISD, "--listen", "unix:" + CONTROLLER, "--service", "0", "--freeze", "--log-requests",
     REQUESTS], stdout=subprocess.DEVNULL)
atexit.register(CHASSIS_PROCESS.kill)
wait_until(lambda: os.path.exists(CONTROLLER), "the controller's socket")
AGENT = Agent(VIPMID, "vm:unix:" + CONTROLLER, "--vm", "bad=%s,bus=1" % SOCKET,
              "--vm", "good=%s2" % SOCKET, "--vm", "log=%s3,bus=1,sel=own" % SOCKET)
HOST = AGENT.client()
HANDLE = HOST.handle()
wait_until(lambda: HOST.query("status")[0]["up"] == 1, "the link")
BAD, GOOD, LOG = (Qemu(SOCKET + end) for end in ("", "2", "3"))
for guest in (BAD, GOOD, LOG):
    assert guest.ask(APP, 0x31)[0] == 0


def seen():
    """What the real controller saw: network function, command and data, each."""
    with open(REQUESTS) as requests:
        found = [re.search(r"netfn=(\w+) lun=\d cmd=(\w+) data=(\w*)", line).groups()
                 for line in requests]
    return [(int(netfn, 16), int(command, 16), bytes.fromhex(data)) for netfn, command, data in found]


def frame(netfn, command, data=b"", address=SATELLITE, number=0x2A):
    head = bytes([address, netfn << 2])
    body = bytes([0x20, number << 2, command]) + data
    return head + bytes([-sum(head) & 0xFF]) + body + bytes([-sum(body) & 0xFF])


def count(guest, codes, sequence, question):
    try:
        code = guest.answer(sequence)[0]
    except TimeoutError:
        raise AssertionError("no answer: %s" % (question,)) from None
    codes[code] = codes.get(code, 0) + 1


def ask_all(questions, guest=BAD):
    """All of them, a few at a time; how often each completion code came."""
    codes, under_way = {}, []
    for question in questions:
        under_way.append((guest.send(*question), question))
        if len(under_way) == PENDING:
            count(guest, codes, *under_way.pop(0))
    for sent in under_way:
        count(guest, codes, *sent)
    return codes


def is_read(netfn, command, data):
    if netfn == GROUP:
        return bool(data) and command in GROUP_READS.get(data[0], ())
    if (netfn, command) == RUN_AGENT:
        return not data or data[0] & 1 == 0
    return command in READS.get(netfn, ())


def inner(data):
    """What a Send Message carries, or None."""
    return (data[2] >> 2, data[6], data[7:-1]) if len(data) >= 8 else None


def judge(since):
    """Of what came since then, what is no read, bridged or not; the agent's own questions are: it
    looks after its flags, its channel and its messages."""
    own = {(APP, command) for command in (0x2E, 0x2F, 0x30, 0x31, 0x33, 0x35, 0x42)}
    strange = set()
    for netfn, command, data in seen()[since:]:
        if (netfn, command) == (APP, 0x34):
            if not is_read(*inner(data)) or data[1] != SATELLITE:
                strange.add((netfn, command, data))
        elif not is_read(netfn, command, data) and (netfn, command) not in own:
            strange.add((netfn, command, data))
    return strange


def state():
    """What a guest could have changed, as a program of the host sees it."""
    asked = ((STORAGE, 0x40, b""), (STORAGE, 0x20, b""), (STORAGE, 0x11, b"\0\0\0\x10"),
             (SENSOR, 0x01, b""), (SENSOR, 0x27, b"\1"), (SENSOR, 0x29, b"\1"), (SENSOR, 0x25, b"\1"),
             (CHASSIS, 0x01, b""), (CHASSIS, 0x09, b"\5\0\0"), (APP, 0x25, b""), (APP, 0x07, b""),
             (APP, 0x37, b""), (APP, 0x44, b"\1\2"), (0x0C, 0x02, b"\1\3\0\0"))
    return [(netfn, command, answer.cc, answer.data) for netfn, command, data in asked
            for answer in [HOST.ask(HANDLE, netfn, command, data)]]


def every_command_with_every_data(guest=BAD):
    before, since = state(), len(seen())
    # With an odd network function it is a response; one without even a completion code is noise.
    codes = ask_all(((netfn, command, data, lun) for netfn in range(64) for command in range(256)
                     for data in DATA[netfn % 2:] for lun in ((0,) if data else (0, 3))), guest)
    assert sum(codes.values()) == 32 * 256 * (2 * len(DATA))
    assert not judge(since), judge(since)
    reached = {(netfn, command) for netfn, command, _ in seen()[since:]}
    for netfn in (SENSOR, APP, STORAGE):
        assert {(netfn, 1 if netfn == APP else 0x20)} & reached, "the reads did get there"
    assert state() == before
    print("   %d questions: %s" % (sum(codes.values()), ", ".join(
        "%02X: %d" % pair for pair in sorted(codes.items()))))


def with_a_log_of_its_own():
    since = len(seen())
    every_command_with_every_data(LOG)
    # The program of the host, which looks whether anything changed, asks for the real one's size.
    logs = [command for netfn, command, _ in seen()[since:]
            if netfn == STORAGE and 0x40 <= command < 0x60]
    assert set(logs) <= {0x40} and len(logs) <= 2, logs


def every_command_by_way_of_the_bus():
    before, since = state(), len(seen())
    questions = [(APP, 0x34, b"\0" + frame(netfn, command, data))
                 for netfn in range(64) for command in range(256) for data in (b"", b"\0\0CLR\xAA")]
    # The controller itself as a responder on its own bus, broadcast, tracking, other channels.
    for netfn, command in ((APP, 0x02), (CHASSIS, 0x02), (STORAGE, 0x47), (APP, 0x24), (SENSOR, 0x02)):
        whole = frame(netfn, command, b"\3")
        questions += [(APP, 0x34, bytes([first]) + carried) for first in range(256)
                      for carried in (whole, frame(netfn, command, b"\3", 0x20), b"\0" + whole)]
        # One in another, and in that another.
        for _ in range(3):
            whole = frame(APP, 0x34, b"\0" + whole)
            questions.append((APP, 0x34, b"\0" + whole))
    codes = ask_all(questions)
    assert set(codes) <= {0x00, 0xC0, 0xCC, 0xD4}, codes
    assert not judge(since), judge(since)
    assert any(command == (APP, 0x34) for command in ((n, c) for n, c, _ in seen()[since:]))
    assert state() == before


def what_was_done_was_done_to_itself():
    since = len(seen())
    ask_all((CHASSIS, 0x02, bytes([first]), lun) for first in range(256) for lun in range(4))
    # Its watchdog: each use, action and interrupt, the shortest time, and with an NMI before.
    ask_all(question for use in range(256) for action in range(0, 256, 3) for question in (
        (APP, 0x24, bytes([use, action, 0, 0xFF, 1, 0])), (APP, 0x22)))
    assert BAD.ask(APP, 0x24, b"\4\x21\1\0\x0F\0") == b"\0" and BAD.ask(APP, 0x22) == b"\0"
    assert BAD.wait_control(NMI, PATIENCE) and BAD.wait_control(RESET, PATIENCE)
    ask_all((CHASSIS, 0x02, bytes([first])) for first in range(6))
    assert not judge(since), judge(since)
    assert {RESET, NMI, SHUTDOWN, POWER_OFF} <= set(BAD.controls), set(BAD.controls)
    GOOD.pump(0.1)
    assert GOOD.controls == [0xFF, ATTENTION_OFF], GOOD.controls
    assert GOOD.ask(APP, 0x25)[1] & 0x40 == 0
    assert GOOD.ask(APP, 0x2F) == b"\0\x08"
    assert GOOD.ask(CHASSIS, 0x07) == b"\0\0\0"
    assert GOOD.ask(SENSOR, 0x2D, b"\1")[0] == 0


run([every_command_with_every_data, with_a_log_of_its_own, every_command_by_way_of_the_bus,
     what_was_done_was_done_to_itself])
for guest in (BAD, GOOD, LOG):
    guest.close()
HOST.close()
AGENT.stop()
CHASSIS_PROCESS.terminate()
CHASSIS_PROCESS.wait(PATIENCE)
shutil.rmtree(FOLDER)
