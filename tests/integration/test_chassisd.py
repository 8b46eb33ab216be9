#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""vipmi-chassisd from its peer's side, byte by byte: test_chassisd.py VIPMI-CHASSISD"""
import os
import socket
import subprocess
import sys
import tempfile
import unittest

CHASSISD = sys.argv.pop(1)
PATIENCE_S = 30


def escape(data):
    return b"".join(bytes([0xAA, b | 0x10]) if b in (0xA0, 0xA1, 0xAA) else bytes([b])
                    for b in data)


def message(sequence, netfn, command, data=b""):
    body = bytes([sequence, netfn << 2, command]) + data
    return escape(body + bytes([-sum(body) & 0xFF])) + b"\xA0"


class Peer:
    """The host's side of one connection."""

    def __init__(self, address):
        if address.startswith("unix:"):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(address[5:])
        else:
            host, port = address.rsplit(":", 1)
            self.socket = socket.create_connection((host, int(port)))
        self.socket.settimeout(PATIENCE_S)
        self.rest = b""

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def item(self):
        """The next message or command, without escapes, with its end mark; b"" at the end."""
        item, escaped = b"", False
        while True:
            if not self.rest:
                self.rest = self.socket.recv(4096)
                if not self.rest:
                    return b""
            byte, self.rest = self.rest[0], self.rest[1:]
            if byte == 0xAA:
                escaped = True
                continue
            item += bytes([byte & ~0x10 if escaped else byte])
            escaped = False
            if byte in (0xA0, 0xA1):
                return item

    def greet(self, capabilities=0x3F):
        self.send(b"\xFF\x01\xA1" + escape(bytes([0x08, capabilities])) + b"\xA1")
        return [self.item(), self.item()]

    def ask(self, sequence, netfn, command, data=b""):
        """The completion code and data of the response; what else comes before it is kept."""
        self.controls = []
        self.send(message(sequence, netfn, command, data))
        while True:
            item = self.item()
            if item[-1:] == b"\xA1":
                self.controls.append(item)
                continue
            assert sum(item[:-1]) & 0xFF == 0, item.hex()
            assert item[0] == sequence, item.hex()
            assert item[1] == (netfn | 1) << 2, item.hex()
            assert item[2] == command, item.hex()
            return item[3:-2]


class Chassisd(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = os.path.join(self.folder.name, "bmc")
        self.log = os.path.join(self.folder.name, "requests")

    def start(self, *options, listen=None):
        self.process = subprocess.Popen(
            [CHASSISD, "--listen", listen or "unix:" + self.path, "--service", "0", *options],
            stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.stop)
        line = self.process.stdout.readline()
        self.assertTrue(line.startswith("SIMULATED chassis listens on "), line)
        return line.split()[-1]

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE_S)
        self.process.stdout.close()

    def peer(self, address):
        peer = Peer(address)
        self.addCleanup(peer.close)
        return peer

    def test_it_greets_and_answers(self):
        peer = self.peer(self.start())
        self.assertEqual(peer.greet(), [b"\xFF\x01\xA1", b"\x00\xA1"])
        expected = bytes.fromhex("00 20 01 02 15 02 bf f2 1b 00 50 43 00 00 00 00")
        for sequence in (0x01, 0xA0, 0xA1, 0xAA, 0xFF):
            self.assertEqual(peer.ask(sequence, 0x06, 0x01), expected)

    def test_requests_may_come_together_and_in_pieces(self):
        peer = self.peer(self.start())
        peer.greet()
        peer.send(message(1, 6, 1) + message(2, 6, 4) + message(3, 6, 0x7F))
        self.assertEqual([peer.item()[0], peer.item()[0], peer.item()[0]], [1, 2, 3])
        for byte in message(4, 6, 4):
            peer.send(bytes([byte]))
        self.assertEqual(peer.item(), bytes.fromhex("04 1c 04 00 55 00 87 a0"))

    def test_what_is_no_message_is_dropped(self):
        peer = self.peer(self.start())
        peer.greet()
        peer.send(b"\x01\x18\x01\xE7\xA0")              # wrong checksum
        peer.send(b"\x01\xA0" + b"\xA0" + b"\xA1")      # too short
        peer.send(b"\x55" * 1000 + b"\xA0")             # too long
        self.assertEqual(peer.ask(7, 6, 4), b"\x00\x55\x00")

    def test_one_peer_at_a_time_and_attention_outlives_it(self):
        address = self.start()
        first = self.peer(address)
        first.greet()
        second = self.peer(address)
        self.assertEqual(second.item(), b"")
        first.ask(1, 6, 0x2E, b"\x0D")
        self.assertEqual(first.controls, [b"\x05\xA1"])
        first.ask(2, 4, 2, bytes.fromhex("41 04 01 30 01 59 00 00"))
        self.assertEqual(first.controls, [b"\x02\xA1"])
        first.close()
        for _ in range(100):
            third = self.peer(address)
            greeting = third.item()
            if greeting:
                break
        self.assertEqual([greeting, third.item()], [b"\xFF\x01\xA1", b"\x02\xA1"])
        event = third.ask(3, 6, 0x35)
        self.assertEqual(event[:4], b"\x00\x05\x00\x02")
        self.assertEqual(third.controls, [b"\x00\xA1"])

    def test_the_host_is_acted_upon_if_it_can(self):
        address = self.start("--log-requests", self.log)
        peer = self.peer(address)
        peer.greet(0x03)
        for control, expected in ((2, b"\x04\xA1"), (3, b"\x04\xA1"), (0, b"\x03\xA1")):
            self.assertEqual(peer.ask(1, 0, 2, bytes([control])), b"\x00")
            self.assertEqual(peer.item(), expected)
            peer.ask(2, 0, 2, b"\x01")
        peer.ask(1, 0, 2, b"\x05")  # no graceful shutdown offered, no command comes
        peer.ask(1, 6, 0x2E, b"\x0D")
        self.assertEqual(peer.controls, [])
        with open(self.log, encoding="ascii") as log:
            acts = [line.split()[1] for line in log if " host=" in line]
        self.assertEqual(acts, ["host=power-cycle", "host=reset", "host=power-off"])

    def test_the_log_has_every_request_the_controller_saw(self):
        address = self.start("--log-requests", self.log, "--fault", "silent")
        peer = self.peer(address)
        peer.greet()
        peer.send(message(0x11, 6, 1) + message(0x12, 0x0A, 0x43, bytes.fromhex("000001000005")))
        peer.send(message(0x13, 6, 4))
        while True:
            with open(self.log, encoding="ascii") as log:
                lines = [line.split(" ", 1)[1] for line in log if line.endswith("\n")]
            if len(lines) == 3:
                break
        self.assertEqual(lines, [
            "seq=11 netfn=06 lun=0 cmd=01 data=\n",
            "seq=12 netfn=0a lun=0 cmd=43 data=000001000005\n",
            "seq=13 netfn=06 lun=0 cmd=04 data=\n"])

    def test_it_can_listen_on_a_free_port(self):
        address = self.start(listen="127.0.0.1:0")
        self.assertRegex(address, r"^127\.0\.0\.1:[1-9][0-9]*$")
        peer = self.peer(address)
        peer.greet()
        self.assertEqual(peer.ask(1, 6, 4), b"\x00\x55\x00")

    def test_its_socket_file_goes_with_it_and_a_left_one_is_replaced(self):
        address = self.start()
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self.assertTrue(os.path.exists(self.path))
        self.process.stdout.close()
        self.assertEqual(self.start(), address)
        again = subprocess.run([CHASSISD, "--listen", address], capture_output=True, text=True,
                               timeout=PATIENCE_S)
        self.assertEqual(again.returncode, 1)
        self.assertIn("somebody does already", again.stderr)
        self.process.terminate()
        self.assertEqual(self.process.wait(PATIENCE_S), 0)
        self.assertFalse(os.path.exists(self.path))

    def test_wrong_arguments_are_refused_with_a_reason(self):
        for arguments, reason in (
                ((), "usage:"),
                (("--listen", "nowhere"), "HOST:PORT or unix:PATH, please"),
                (("--listen", "unix:"), "empty or too long"),
                (("--listen", "unix:x", "--service", "fast"), "a percentage, please"),
                (("--listen", "unix:x", "--fault", "meteor"), "no such word"),
                (("--listen", "unix:x", "--chassis", "seed=1,meteor"), "no such word"),
                (("--listen", "unix:x", "--nonsense"), "--help")):
            with self.subTest(arguments=arguments):
                done = subprocess.run([CHASSISD, *arguments], capture_output=True, text=True,
                                      timeout=PATIENCE_S)
                self.assertIn(done.returncode, (1, 2))
                self.assertIn(reason, done.stderr)


if __name__ == "__main__":
    unittest.main()
