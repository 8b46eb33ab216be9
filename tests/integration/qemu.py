# SPDX-License-Identifier: BSD-2-Clause
"""QEMU's side of the VM protocol, as its ipmi-bmc-extern speaks it: one guest at one socket."""
import socket
import time

END, CONTROL_END, ESCAPE = 0xA0, 0xA1, 0xAA
ATTENTION_OFF, ATTENTION, ATTENTION_INTERRUPT = 0, 1, 2
POWER_OFF, RESET, INTERRUPTS_ON, INTERRUPTS_OFF, NMI = 3, 4, 5, 6, 7
CAPABILITIES, SHUTDOWN, VERSION = 8, 9, 0xFF
# What QEMU's PC offers.
ALL = 0x3F
# After this long QEMU answers its guest with C3 (hw/ipmi: 4 s).
QEMU_PATIENCE = 4.0


def escaped(content):
    out = bytearray()
    for byte in content:
        if byte in (END, CONTROL_END, ESCAPE):
            out += bytes((ESCAPE, byte | 0x10))
        else:
            out.append(byte)
    return bytes(out)


class Qemu:
    """Connects as QEMU does. Control commands that come are kept in `controls`."""

    def __init__(self, path, capabilities=ALL):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)
        self.item, self.escape = bytearray(), False
        self.sequence = 0
        self.controls, self.answers = [], []
        self.attention = False
        self.closed = False
        self.send_control(VERSION, 1)
        self.send_control(CAPABILITIES, capabilities)

    def send_control(self, *content):
        self.socket.sendall(escaped(content) + bytes((CONTROL_END,)))

    def send(self, netfn, command, data=b"", lun=0):
        self.sequence = (self.sequence + 1) & 0xFF
        content = bytes((self.sequence, netfn << 2 | lun, command)) + bytes(data)
        self.socket.sendall(escaped(content + bytes((-sum(content) & 0xFF,))) + bytes((END,)))
        return self.sequence

    def take(self, end):
        item, self.item = bytes(self.item), bytearray()
        if end == CONTROL_END:
            self.controls.append(item[0])
            if item[0] <= ATTENTION_INTERRUPT:
                self.attention = item[0] != ATTENTION_OFF
        else:
            assert len(item) >= 5 and sum(item) & 0xFF == 0, item.hex()
            self.answers.append(item)

    def pump(self, seconds):
        """Takes what comes in so much time at most; returns at once when something came."""
        self.socket.settimeout(max(seconds, 0.001))
        try:
            chunk = self.socket.recv(4096)
        except socket.timeout:
            return
        except ConnectionResetError:
            chunk = b""
        self.closed = not chunk
        for byte in chunk:
            if byte in (END, CONTROL_END):
                assert not self.escape
                self.take(byte)
            elif byte == ESCAPE:
                self.escape = True
            else:
                self.item.append(byte & ~0x10 if self.escape else byte)
                self.escape = False

    def answer(self, sequence, seconds=QEMU_PATIENCE):
        """The answer to a request, from the completion code on."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.closed:
            for item in self.answers:
                if item[0] == sequence:
                    self.answers.remove(item)
                    return item[3:-1]
            self.pump(until - time.monotonic())
        raise TimeoutError("no answer: QEMU would have given up")

    def ask(self, netfn, command, data=b"", lun=0):
        return self.answer(self.send(netfn, command, data, lun))

    def wait_control(self, control, seconds):
        """Whether it came by then; it and what came before is forgotten."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and not self.closed:
            if control in self.controls:
                del self.controls[:self.controls.index(control) + 1]
                return True
            self.pump(until - time.monotonic())
        return False

    def close(self):
        self.socket.close()
