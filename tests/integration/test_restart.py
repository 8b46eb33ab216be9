#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""An agent that is killed while a responder on the bus still thinks: its number rests when the next
one starts, what the old one asked is answered to nobody, and the number comes back to use.

usage: test_restart.py VIPMID
"""
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time

from agent import ANSWER, HEADER, REQUEST, Agent, extension, run, wait_until

VIPMID = sys.argv[1]
RESPONDER = 0xB4
QUESTION = (0x06, 0x01)
QUARANTINE = 5.0  # CORE_QUARANTINE_MS


def checksum(data):
    return bytes([-sum(data) & 0xFF])


class Controller:
    """One that bridges, at the VM protocol. Responder B4 answers when `answers` is set; what it
    says is in `says`. `asked` are the numbers that it was asked under, and when."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="vipmi-test-")
        self.path = os.path.join(self.folder, "vm.sock")
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(4)
        self.asked, self.frames, self.queue = [], [], []
        self.answers, self.says = False, b"old"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            self.peer, _ = self.listener.accept()
            message, escape = bytearray(), False
            while True:
                try:
                    data = self.peer.recv(4096)
                except OSError:
                    data = b""
                if not data:
                    break
                for byte in data:
                    if byte == 0xAA:
                        escape = True
                    elif byte == 0xA0:
                        self.request(bytes(message))
                        message.clear()
                    elif byte == 0xA1:
                        message.clear()
                    else:
                        message.append(byte & ~0x10 if escape else byte)
                        escape = False

    def send(self, body, end):
        escaped = b"".join(bytes([0xAA, b | 0x10]) if b in (0xA0, 0xA1, 0xAA) else bytes([b])
                           for b in body)
        try:
            self.peer.sendall(escaped + end)
        except OSError:
            pass  # an agent that was killed

    def request(self, message):
        sequence, netfn, command = message[0], message[1] >> 2, message[2]
        answer = b"\x00"
        if (netfn, command) == (6, 0x34):
            self.bridged(message[3:-1])
        elif (netfn, command) == (6, 0x33):
            answer = b"\x00" + self.queue.pop(0) if self.queue else b"\x80"
        elif (netfn, command) == (6, 0x31):
            answer = bytes([0, 1 if self.queue else 0])
        elif (netfn, command) == (6, 0x2F):
            answer = b"\x00\x00"
        body = bytes([sequence, message[1] | 4, command]) + answer
        self.send(body + checksum(body), b"\xA0")
        if (netfn, command) == (6, 0x33) and not self.queue:
            self.send(b"\x00", b"\xA1")  # attention is over

    def bridged(self, data):
        frame = data[1:]
        self.asked.append((time.monotonic(), frame[4] >> 2))
        self.frames.append(frame)
        if self.answers:
            self.answer(frame)

    def answer(self, frame, says=None):
        body = bytes([frame[0], frame[4] & 0xFC, frame[5], 0]) + (says or self.says)
        self.queue.append(bytes([0, frame[1] | 4, 0]) + body + checksum(body))
        self.send(b"\x01", b"\xA1")


def ask(client, handle, tag):
    body = extension(1, bytes([0, RESPONDER]))
    client.send(HEADER.pack(HEADER.size + len(body), REQUEST, 0, handle, tag, 0, 20000, QUESTION[0],
                            0, QUESTION[1], 0, 0, 0xFF, 1, 0) + body)


class Restarted(Agent):
    def kill_and_start(self, link):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        with open(self.log_path, "w") as log:
            self.process = subprocess.Popen(
                [VIPMID, "--link", link, "--socket", self.path], stderr=log)
        wait_until(lambda: ": up" in self.log() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log()


def a_late_answer_meets_nobody_and_its_number_comes_back():
    controller = Controller()
    link = "vm:unix:" + controller.path
    agent = Restarted(VIPMID, link)
    client = agent.client()
    ask(client, client.handle(), 1)
    wait_until(lambda: controller.asked, "the first question")
    number, frame = controller.asked[0][1], controller.frames[0]
    kept = agent.path + ".numbers"
    assert stat.S_IMODE(os.stat(kept).st_mode) == 0o600
    with open(kept, "rb") as file:
        words = file.read()
    at = RESPONDER // 2 * 8
    assert int.from_bytes(words[at:at + 8], sys.byteorder) == 1 << number
    assert not any(words[:at]) and not any(words[at + 8:])

    agent.kill_and_start(link)
    up = time.monotonic()
    controller.asked.clear()
    controller.says, controller.answers = b"new", True
    client = agent.client()
    handle = client.handle()
    tag = 100
    while number not in [n for _, n in controller.asked]:
        assert time.monotonic() < up + 6 * QUARANTINE, f"{number} never comes back"
        ask(client, handle, tag)
        if tag == 101:
            controller.answer(frame, b"old")
        answer = client.receive()
        assert (answer.kind, answer.tag, answer.cc) == (ANSWER, tag, 0), answer.__dict__
        assert answer.data == b"new", "what the old agent asked was answered to the new client"
        tag += 1
    back = next(at for at, n in controller.asked if n == number)
    # A little less: the agent was up before its log said so.
    assert back > up + QUARANTINE - 1, f"{number} was used again after {back - up:.1f} s"
    late = [row["value"] for row in client.query("counter") if row["name"] == "responses_late"]
    assert late == [1], late
    print(f"number {number} came back after {back - up:.1f} s and {tag - 100} requests")
    client.close()
    agent.stop()


def what_is_no_file_of_ours_is_refused():
    folder = tempfile.mkdtemp(prefix="vipmi-test-")
    path = os.path.join(folder, "ipmi0.sock")
    os.mkdir(path + ".numbers")

    def start():
        return subprocess.run([VIPMID, "--link", "chassis:", "--socket", path],
                              capture_output=True, text=True, timeout=60)
    assert start().returncode != 0
    os.rmdir(path + ".numbers")
    os.mkfifo(path + ".numbers")
    refused = start()
    assert refused.returncode != 0 and "remove it" in refused.stderr, refused.stderr
    os.unlink(path + ".numbers")
    os.symlink("/dev/null", path + ".numbers")
    assert start().returncode != 0
    os.unlink(path + ".numbers")
    os.rmdir(folder)
    refused = start()
    assert refused.returncode != 0 and f"{path}: the folder" in refused.stderr, refused.stderr


def a_file_of_another_size_is_begun_anew():
    agent = Agent(VIPMID, "chassis:")
    kept = agent.path + ".numbers"
    agent.process.kill()
    agent.process.wait()
    with open(kept, "wb") as file:
        file.write(b"\xFF" * 100)
    with open(agent.log_path, "w") as log:
        agent.process = subprocess.Popen(
            [VIPMID, "--link", "chassis:", "--socket", agent.path], stderr=log)
    wait_until(lambda: "served at" in agent.log())
    with open(kept, "rb") as file:
        assert file.read() == bytes(2048 * 8)
    agent.process.terminate()
    agent.process.wait()
    assert not os.path.exists(kept), "an orderly end leaves an empty file behind"
    agent.stop()


run([a_late_answer_meets_nobody_and_its_number_comes_back, what_is_no_file_of_ours_is_refused,
     a_file_of_another_size_is_begun_anew])
