#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Guests at vipmid's sockets, whose QEMU is played byte by byte: each with a controller of its own,
that goes away and comes back, on a real controller of which the log shows what reached it.

usage: test_guests.py VIPMID CHASSISD
"""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

from agent import CONTROL, PATIENCE, Agent, extension, message, run, wait_until
from qemu import (ATTENTION_OFF, INTERRUPTS_ON, NMI, POWER_OFF, QEMU_PATIENCE, RESET, SHUTDOWN,
                  Qemu)

VIPMID, CHASSISD = map(os.path.abspath, sys.argv[1:3])
APP, CHASSIS, STORAGE, SENSOR = 6, 0, 0x0A, 4
GUESTS = 40
EXT_CONTROL, KICK = 11, 1
FOLDER = tempfile.mkdtemp(prefix="vipmi-test-")
REQUESTS = os.path.join(FOLDER, "requests")
CONTROLLER = os.path.join(FOLDER, "controller.sock")
CHASSIS_PROCESS = subprocess.Popen(
    [CHASSISD, "--listen", "unix:" + CONTROLLER, "--service", "0", "--freeze", "--log-requests",
     REQUESTS], stdout=subprocess.DEVNULL)
wait_until(lambda: os.path.exists(CONTROLLER), "the controller's socket")


def at(name):
    return os.path.join(FOLDER, name + ".sock")


def guest(name, *options):
    return ("--vm", ",".join((name + "=" + at(name),) + options))


AGENT = Agent(VIPMID, "vm:unix:" + CONTROLLER, *guest("web1", "grace=2"),
              *guest("web2", "bus=1", "guid=6ba7b810-9dad-11d1-80b4-00c04fd430c8"),
              *guest("bare", "sensors=none", "sel=none", "fru=none"),
              *guest("log", "sel=own", "fru=own", "grace=1"),
              *(word for n in range(GUESTS) for word in guest("crowd%d" % n)))
HOST = HANDLE = None


def host_anew():
    """A program of the host, as soon as the agent has its controller."""
    global HOST, HANDLE
    HOST = AGENT.client()
    HANDLE = HOST.handle()
    wait_until(lambda: HOST.query("status")[0]["up"] == 1, "the link")


host_anew()


def connect(name, **more):
    qemu = Qemu(at(name), **more)
    assert qemu.ask(APP, 0x31)[0] == 0
    return qemu


def clients():
    return [row["name"] for row in HOST.query("client")]


def seen():
    """What the real controller saw: network function and command, each."""
    with open(REQUESTS) as requests:
        return [tuple(int(word, 16) for word in re.search(r"netfn=(\w+) lun=\d cmd=(\w+)", line).groups())
                for line in requests]


def each_guest_is_somebody():
    web1, web2 = connect("web1"), connect("web2")
    guids = {qemu.ask(APP, command)[1:] for qemu in (web1, web2) for command in (0x08, 0x37)}
    host = HOST.ask(HANDLE, APP, 0x08).data
    assert len(guids) == 2 and host not in guids and all(len(guid) == 16 for guid in guids)
    assert web2.ask(APP, 0x37)[1:].hex() == "c830d44fc000b480d111ad9d10b8a76b"
    assert {"web1", "web2"} <= set(clients()), clients()
    row = next(row for row in HOST.query("client") if row["name"] == "web1")
    assert row["pid"] == os.getpid() and row["uid"] == os.getuid(), row
    web1.close()
    web2.close()


def it_reads_what_the_real_one_has():
    web1, bare = connect("web1"), connect("bare")
    for netfn, command, data in ((SENSOR, 0x2D, b"\x01"), (STORAGE, 0x10, b"\0"),
                                 (STORAGE, 0x20, b""), (STORAGE, 0x40, b""), (0x2C, 0, b"\0")):
        host = HOST.ask(HANDLE, netfn, command, data)
        assert web1.ask(netfn, command, data) == bytes([host.cc]) + host.data, (netfn, command)
        assert bare.ask(netfn, command, data) == b"\xC1", (netfn, command)
    host, mine = HOST.ask(HANDLE, APP, 1).data, web1.ask(APP, 1)[1:]
    assert host[:5] + host[6:] == mine[:5] + mine[6:] and mine[5] == 0x80 | host[5] & 0x0F
    web1.close()
    bare.close()


def what_it_does_it_does_to_itself():
    web1, web2 = connect("web1"), connect("web2")
    before = len(seen())
    for data, control in ((b"\x03", RESET), (b"\x02", RESET), (b"\x04", NMI), (b"\x05", SHUTDOWN),
                          (b"\x00", POWER_OFF)):
        assert web1.ask(CHASSIS, 2, data) == b"\0"
        assert web1.wait_control(control, PATIENCE), (data, web1.controls)
    for netfn, command, data in ((APP, 2, b""), (APP, 3, b""), (APP, 0x2E, b"\x0F"),
                                 (APP, 0x24, b"\x04\x01\0\0\x64\0"), (APP, 0x22, b"")):
        assert web1.ask(netfn, command, data) == b"\0", (netfn, command)
    for netfn, command, data in ((STORAGE, 0x47, b"\0\0CLR\xAA"), (STORAGE, 0x12, b"\0\0\0\1"),
                                 (SENSOR, 0x02, b"\4\1\1\1\1\1\1"), (APP, 0x52, b"\1\x20\1"),
                                 (0x0C, 1, b"\1\3\1\2\3\4"), (APP, 0x47, b"\2\2"), (8, 1, b"")):
        assert web1.ask(netfn, command, data) in (b"\xD4", b"\xC1"), (netfn, command)
    assert seen()[before:] == [], "it reached the real controller"
    web2.pump(0.2)
    assert web2.controls == [0xFF, ATTENTION_OFF], web2.controls
    assert "guest web1: it is powered off: its own Chassis Control" in AGENT.log()
    web1.close()
    web2.close()


def its_watchdog_is_its_own():
    web1, web2 = connect("web1"), connect("web2")
    for qemu, tenths in ((web1, 10), (web2, 200)):
        assert qemu.ask(APP, 0x24, b"\x04\x01\0\0" + bytes([tenths, 0])) == b"\0"
        assert qemu.ask(APP, 0x22) == b"\0"
    start = time.monotonic()
    assert web1.wait_control(RESET, PATIENCE)
    assert time.monotonic() - start >= 0.9
    assert web1.ask(APP, 0x25)[4] == 0x10
    assert web1.ask(CHASSIS, 7)[1] == 4
    assert web2.ask(APP, 0x25)[1] & 0x40, "it runs on"
    assert web2.ask(CHASSIS, 7)[1] == 0 and RESET not in web2.controls
    assert web2.ask(APP, 0x24, b"\x04\x01\0\0\xC8\0") == b"\0"  # stopped
    web1.close()
    web2.close()


def platform_event(number):
    assert HOST.ask(HANDLE, SENSOR, 2, bytes([0x41, 4, 1, 1, 1, number, 0xFF, 0xFF])).cc == 0


def events_come_by_attention():
    web1, web2 = connect("web1"), connect("web2")
    assert web1.ask(APP, 0x2E, b"\x0F") == b"\0"
    assert INTERRUPTS_ON in web1.controls
    platform_event(0x51)
    wait_until(lambda: web1.pump(0.1) or web1.attention, "attention")
    assert 2 in web1.controls, "with an interrupt"
    assert web1.ask(APP, 0x31) == b"\0\x02"
    assert web1.ask(APP, 0x35)[14] == 0x51
    assert web1.wait_control(ATTENTION_OFF, PATIENCE) or not web1.attention
    assert web1.ask(APP, 0x35) == b"\x80"
    assert not web2.attention, "it did not enable its event buffer"
    web1.close()
    web2.close()


def satellites_are_read_where_they_are_shown():
    web1, web2 = connect("web1"), connect("web2")

    def send(qemu, netfn, command, address=0xB2):
        frame = bytes([address, netfn << 2])
        frame += bytes([-sum(frame) & 0xFF, 0x20, 0x2A << 2, command])
        return qemu.ask(APP, 0x34, b"\0" + frame + bytes([-sum(frame[3:]) & 0xFF]))

    assert send(web1, APP, 1) == b"\xD4"
    assert send(web2, APP, 2) == b"\xD4", "Cold Reset of a satellite"
    assert send(web2, CHASSIS, 2, 0x20) == b"\xD4"
    assert send(web2, APP, 1) == b"\0"
    wait_until(lambda: web2.pump(0.1) or web2.attention, "attention")
    assert web2.ask(APP, 0x31) == b"\0\x01"
    message = web2.ask(APP, 0x33)
    assert message[:2] == b"\0\0" and message[5] >> 2 == 0x2A, message.hex()
    assert not any(command == (APP, 0x02) for command in seen())
    web1.close()
    web2.close()


def its_log_is_its_own():
    before = len(seen())
    log, web1 = connect("log"), connect("web1")
    assert log.ask(APP, 1)[6] & 4 and log.ask(STORAGE, 0x40)[2:4] == b"\0\0"
    assert b"\xC3log\xC0\xC0\xE4" in log.ask(STORAGE, 0x11, b"\0\0\0\xFF"), "its own inventory"
    record = bytes(2) + b"\2" + bytes(4) + b"\x41\0\4\1\2\3\4\5\6"
    assert log.ask(STORAGE, 0x44, record) == b"\0\1\0"
    assert log.ask(SENSOR, 2, b"\x41\4\1\x52\1\x57\xFF\xFF") == b"\0"
    answer = log.ask(STORAGE, 0x43, b"\0\0\1\0\0\xFF")
    assert answer[:6] == b"\0\2\0\1\0\2" and answer[10:] == record[7:], answer.hex()
    assert abs(struct.unpack("<I", answer[6:10])[0] - time.time()) < PATIENCE
    assert log.ask(STORAGE, 0x43, b"\0\0\xFF\xFF\0\xFF")[14] == 0x52
    assert web1.ask(STORAGE, 0x44, record) == b"\xD4"
    host = HOST.ask(HANDLE, STORAGE, 0x40)
    assert web1.ask(STORAGE, 0x40) == b"\0" + host.data != log.ask(STORAGE, 0x40)
    log.close()  # it stays when the guest goes, and when the agent does
    wait_until(lambda: "log" not in clients(), "the end of the grace time")
    web1.close()
    AGENT.restart(signal.SIGKILL)
    host_anew()
    log = connect("log")
    assert log.ask(STORAGE, 0x40)[2:4] == b"\2\0"
    reservation = log.ask(STORAGE, 0x42)[1:]
    assert log.ask(STORAGE, 0x47, reservation + b"CLR\xAA") == b"\0\1"
    assert log.ask(STORAGE, 0x40)[2:4] == b"\0\0"
    log.close()
    asked = {command for command in seen()[before:] if command[0] == STORAGE}
    assert asked <= {(STORAGE, 0x40)}, asked


def it_goes_and_comes_back():
    web1 = connect("web1")
    assert web1.ask(APP, 0x2E, b"\x0F") == b"\0"
    assert web1.ask(APP, 0x24, b"\x04\x01\0\0\x0A\0") == b"\0"  # a second
    assert web1.ask(APP, 0x22) == b"\0"
    web1.close()
    platform_event(0x52)  # for a guest that is away
    time.sleep(1.2)
    again = connect("web1")
    wait_until(lambda: again.pump(0.1) or again.attention, "attention")
    assert RESET not in again.controls, "the countdown stands still while it is away"
    assert again.ask(APP, 0x35)[14] == 0x52
    assert again.wait_control(RESET, PATIENCE), "it goes on now"
    again.close()
    wait_until(lambda: "web1" not in clients(), "the end of the grace time")
    assert "guest web1: it did not come back" in AGENT.log()
    again = connect("web1")
    assert again.ask(APP, 0x22) == b"\x80", "a controller that starts anew"
    assert again.ask(APP, 0x2F) == b"\0\x08"
    again.close()


def it_outlives_the_agent():
    for how in (signal.SIGKILL, signal.SIGTERM):
        web1, web2 = connect("web1"), connect("web2")
        assert web1.ask(APP, 0x2E, b"\x0F") == b"\0"
        assert web1.ask(CHASSIS, 2, b"\3") == b"\0"
        assert web1.ask(CHASSIS, 6, b"\2")[0] == 0
        platform_event(0x53)
        wait_until(lambda: web1.pump(0.1) or web1.attention, "attention")
        assert web1.ask(APP, 0x24, b"\x04\x01\0\0\x14\0") == b"\0"  # two seconds
        assert web1.ask(APP, 0x22) == b"\0"
        assert web2.ask(APP, 0x24, b"\x03\x21\x01\0\xE8\x03") == b"\0"
        assert web2.ask(APP, 0x22) == b"\0"
        AGENT.restart(how)
        host_anew()
        for qemu in (web1, web2):
            wait_until(lambda: qemu.pump(0.1) or qemu.closed, "the agent's end")
            qemu.close()
        assert "guest web1: awaited at %s, with the state it had" % at("web1") in AGENT.log()
        assert "crowd1.sock, with" not in AGENT.log()
        # As long as the agent is away, nobody can feed it.
        time.sleep(2.1 - 0.2)
        web1, web2 = Qemu(at("web1")), Qemu(at("web2"))
        assert web1.wait_control(INTERRUPTS_ON, PATIENCE), web1.controls
        assert web1.ask(APP, 0x25)[1] & 0x40 and RESET not in web1.controls
        assert web1.ask(APP, 0x2F) == b"\0\x0F"
        assert web1.ask(APP, 0x31) == b"\0\x02" and web1.ask(APP, 0x35)[14] == 0x53
        assert web1.ask(CHASSIS, 7)[1] == 1 and web1.ask(CHASSIS, 1)[1] == 0x41
        web2.ask(APP, 0x25)
        assert web2.ask(APP, 0x25)[1:5] == b"\x43\x21\x01\0"
        assert web1.wait_control(RESET, PATIENCE), "it is guarded"
        assert web1.ask(CHASSIS, 7)[1] == 4
        # Whoever does not come back is forgotten, and so is the file.
        web1.close()
        assert web2.ask(APP, 0x24, b"\x03\x21\x01\0\xE8\x03") == b"\0"
        web2.close()
        wait_until(lambda: "web1" not in clients(), "the end of the grace time")
    assert "guest web1: it did not come back" in AGENT.log()


def what_was_kept_is_looked_at():
    """Another's file, no plain one, and one of somebody who writes nonsense."""
    path = os.path.join(FOLDER, "kept.sock")
    words = [VIPMID, "--link", "chassis:", "--socket", path + ".host", "--vm", "a=" + path]
    os.mkfifo(path + ".guest")
    result = subprocess.run(words, text=True, capture_output=True, timeout=PATIENCE)
    assert result.returncode != 0 and "not a plain file of ours" in result.stderr, result
    os.unlink(path + ".guest")
    with open("/proc/sys/kernel/random/boot_id", "rb") as boot:
        boot = boot.read(36)
    for content in (b"", b"x" * 100, boot + b"\xFF" * 20000,
                    boot + bytes(4) + struct.pack("<QI", 7, 40) + b"\1" * 40):
        with open(path + ".guest", "wb") as kept:
            kept.write(content)
        agent = Agent(VIPMID, "chassis:", "--vm", "a=" + path)
        qemu = Qemu(path)
        assert qemu.ask(APP, 0x22) == b"\x80"
        qemu.close()
        agent.stop()
    with open(path + ".guest", "r+b") as kept:  # as it is, with nonsense inside
        kept.write(boot + bytes(4) + struct.pack("<QI", 1 << 40, 40) + b"\1" * 40)
    agent = Agent(VIPMID, "chassis:", "--vm", "a=" + path)
    assert "or another version's; it starts anew" in agent.log()
    agent.stop()
    assert not os.path.exists(path + ".guest"), "nobody was there: nothing to keep"


def another_process_takes_over():
    """As when a guest moves: the new QEMU is there before the old one goes."""
    old = connect("web2")
    assert old.ask(APP, 0x24, b"\x04\x01\0\0\xE8\x03") == b"\0"
    assert old.ask(APP, 0x22) == b"\0"
    new = Qemu(at("web2"))
    assert old.ask(APP, 0x25)[1] & 0x40, "the old one is still the guest"
    third = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    third.settimeout(PATIENCE)
    third.connect(at("web2"))
    assert third.recv(1) == b"", "a third one is refused"
    third.close()
    old.send(SENSOR, 0x2D, b"\x01")
    answer = new.ask(APP, 0x25)  # it runs there now
    assert answer[1] & 0x40, "its watchdog moved with it"
    old.close()
    assert new.ask(APP, 0x25)[1] & 0x40
    new.close()
    assert "guest web2: it runs at another connection now" in AGENT.log()
    # And the simple way: the old one goes, and the waiting one hears at once what there is to hear.
    old = connect("web2")
    assert old.ask(APP, 0x2E, b"\x0F") == b"\0"
    new = Qemu(at("web2"))
    old.close()
    assert new.wait_control(INTERRUPTS_ON, PATIENCE)
    assert new.ask(APP, 0x24, b"\x04\x01\0\0\xE8\x03") == b"\0"
    new.close()


def a_question_under_way_moves_too():
    """QEMU moves its interface as it is: one that waits for an answer goes on waiting."""
    for old_goes in (True, False):
        old, new = connect("web2"), Qemu(at("web2"))
        CHASSIS_PROCESS.send_signal(signal.SIGSTOP)
        data = bytes([0, 0x40 + old_goes, 0, 7])  # which nobody asked before
        sequence = old.send(STORAGE, 0x11, data)
        old.pump(0.2)
        new.pump(0.2)
        assert not old.answers and not new.answers
        if old_goes:
            old.close()
        else:  # another question than the one that moved, as after an abort
            new.sequence = 100
            assert new.ask(APP, 0x25)[0] == 0
        CHASSIS_PROCESS.send_signal(signal.SIGCONT)
        host = HOST.ask(HANDLE, STORAGE, 0x11, data)
        assert new.answer(sequence) == bytes([host.cc]) + host.data
        wait_until(lambda: clients().count("web2") == 1, "the end of its former connection")
        old.close()
        new.close()


def an_answer_that_came_too_late_is_repeated():
    """The old QEMU had stopped already when it got the answer: to the new one it is news."""
    old, new = connect("web2"), Qemu(at("web2"))
    question = STORAGE, 0x11, b"\0\0\0\x10"
    answer = old.ask(*question)
    assert new.answer(old.sequence) == answer, "while the old one is there"
    assert new.answer(old.sequence) == answer, "and again: it may not have been ready"
    assert old.ask(APP, 0x25)[0] == 0
    old.close()
    assert new.answer(old.sequence)[0] == 0, "and when it goes"
    new.pump(0.5)
    new.pump(0.5)
    assert not new.answers, "not for ever"
    assert new.ask(*question) == answer
    new.close()
    again = Qemu(at("web2"))
    assert again.ask(APP, 0x31)[0] == 0 and not again.answers, "nor to one that lost its agent"
    again.close()


def a_silent_controller_is_no_reason_to_be_silent():
    web1 = connect("web1")
    CHASSIS_PROCESS.send_signal(signal.SIGUSR1)
    try:
        start = time.monotonic()
        answer = web1.ask(SENSOR, 0x2D, b"\x02")
        assert answer[0] != 0, answer.hex()
        assert time.monotonic() - start < QEMU_PATIENCE
        assert web1.ask(APP, 1)[0] == 0, "Get Device ID, from its own knowledge"
        assert web1.ask(APP, 0x24, b"\x04\x01\0\0\xE8\x03") == b"\0"
    finally:
        CHASSIS_PROCESS.send_signal(signal.SIGUSR1)
    wait_until(lambda: web1.ask(SENSOR, 0x2D, b"\x02")[0] == 0, "the controller's return")
    web1.close()


def many_at_once():
    crowd = [connect("crowd%d" % n) for n in range(GUESTS)]
    assert len({qemu.ask(APP, 8) for qemu in crowd}) == GUESTS
    for _ in range(20):
        asked = [qemu.send(STORAGE, 0x11, bytes([0, n, 0, 4])) for n, qemu in enumerate(crowd)]
        answers = [qemu.answer(sequence) for qemu, sequence in zip(crowd, asked)]
        for n, answer in enumerate(answers):
            host = HOST.ask(HANDLE, STORAGE, 0x11, bytes([0, n, 0, 4]))
            assert answer == bytes([host.cc]) + host.data
    assert {"crowd%d" % n for n in range(GUESTS)} <= set(clients())
    for qemu in crowd:
        qemu.close()


def a_rude_peer_hurts_nobody():
    web1 = connect("web1")
    rude = Qemu(at("web2"))
    rude.socket.sendall(b"\xA0\xA1\xAA\xA0" + bytes(range(256)) * 8 + b"\xA0")
    assert rude.ask(APP, 0x31)[0] == 0
    rude.socket.setblocking(False)
    try:
        while True:  # asks without end, and reads nothing
            rude.socket.send(b"\x01\x18\x35\xb2\xa0" * 100)
            assert web1.ask(APP, 0x31)[0] == 0
    except (BlockingIOError, ConnectionError):
        pass
    assert web1.ask(APP, 0x31)[0] == 0
    rude.close()
    web1.close()


def who_is_kicked_comes_again():
    web2 = connect("web2")
    client = next(row["client"] for row in HOST.query("client") if row["name"] == "web2")
    HOST.send(message(CONTROL, body=extension(EXT_CONTROL, struct.pack("<BQ", KICK, client))))
    assert HOST.receive().reason == 0
    wait_until(lambda: web2.pump(0.1) or web2.closed, "its end")
    assert "web2" not in clients()
    web2.close()
    web2 = connect("web2")
    assert "web2" in clients()
    web2.close()


def wrong_words_are_explained():
    path = os.path.join(FOLDER, "other.sock")
    for words, text in (
            (("--vm", "web1"), "NAME=SOCKET"),
            (("--vm", "we b=" + path), "letters"),
            (("--vm", "a=" + path + ",bsu=1"), "did you mean 'bus'"),
            (("--vm", "a=" + path + ",bus=2"), "bus is a number from 0 to 1"),
            (("--vm", "a=" + path + ",sel=1"), "sel is one of none, real, own; not 1"),
            (("--vm", "a=" + path + ",sensors=own"), "sensors is one of none, real; not own"),
            (("--vm", "a=" + path + ",grace=1000000"), "from 0 to 86400"),
            (("--vm", "a=" + path + ",guid=12"), "a GUID is"),
            (("--vm", "a=" + path, "--vm", "a=" + path + "2"), "the same name"),
            (("--vm", "a=" + path, "--vm", "b=" + path), "the same socket"),
            (("--vm", "a=" + "x" * 120), "107 bytes"),
            (("--vm", "a=/nowhere/at/all.sock"), "No such file")):
        result = subprocess.run([VIPMID, "--link", "chassis:", "--socket", path + ".host", *words],
                                text=True, capture_output=True, timeout=PATIENCE)
        assert result.returncode != 0 and text in result.stderr, (words, result)
        assert not os.path.exists(path), words
    result = subprocess.run([VIPMID, "--help"], text=True, capture_output=True, timeout=PATIENCE)
    assert "--vm NAME=SOCKET" in result.stdout


run([each_guest_is_somebody, it_reads_what_the_real_one_has, what_it_does_it_does_to_itself,
     its_watchdog_is_its_own, its_log_is_its_own, events_come_by_attention, satellites_are_read_where_they_are_shown,
     it_goes_and_comes_back, it_outlives_the_agent, what_was_kept_is_looked_at, another_process_takes_over,
     a_question_under_way_moves_too, an_answer_that_came_too_late_is_repeated,
     a_silent_controller_is_no_reason_to_be_silent, many_at_once, a_rude_peer_hurts_nobody,
     who_is_kicked_comes_again, wrong_words_are_explained])
HOST.close()
AGENT.stop()
CHASSIS_PROCESS.terminate()
CHASSIS_PROCESS.wait()
shutil.rmtree(FOLDER)
