# SPDX-License-Identifier: BSD-2-Clause
"""What the controller really saw: a proxy of the VM protocol between vipmid and vipmi-chassisd.

It keeps every message both ways with its time. Nothing of ours decodes here: the bytes are taken
apart by this file alone.
"""
import os
import select
import socket
import threading
import time
from dataclasses import dataclass, field

END, COMMAND, ESCAPE = 0xA0, 0xA1, 0xAA


@dataclass
class Frame:
    """A message at the system interface: a request on its way down, a response on its way up."""
    at: float
    down: bool
    sequence: int
    netfn: int
    lun: int
    command: int
    data: bytes  # of a response without its completion code
    cc: int = 0


@dataclass
class Bus:
    """A request on the IPMB, in a Send Message, with its response out of a Get Message."""
    at: float
    address: int
    netfn: int
    command: int
    number: int
    data: bytes
    requester: int
    cc: int = -1
    answer: bytes = b''
    answered: float = 0.0


@dataclass
class Exchange:
    """A request at the system interface and its response."""
    request: Frame
    response: Frame = None
    extra: list = field(default_factory=list)


def escaped(data):
    return b''.join(bytes([ESCAPE, b | 0x10]) if b in (END, COMMAND, ESCAPE) else bytes([b])
                    for b in data)


def checksum(data):
    return -sum(data) & 0xFF


def frame_bytes(frame):
    body = bytes([frame.sequence, frame.netfn << 2 | frame.lun, frame.command])
    body += frame.data if frame.down else bytes([frame.cc]) + frame.data
    return escaped(body + bytes([checksum(body)])) + bytes([END])


class Decoder:
    """Bytes of one direction, into frames and what else is to be passed on as it is."""

    def __init__(self, down):
        self.down, self.bytes, self.raw, self.escape = down, bytearray(), bytearray(), False

    def feed(self, data):
        for byte in data:
            self.raw.append(byte)
            if byte == ESCAPE:
                self.escape = True
            elif byte in (END, COMMAND):
                yield self.item(byte == END), bytes(self.raw)
                self.bytes.clear()
                self.raw.clear()
                self.escape = False
            else:
                self.bytes.append(byte & ~0x10 if self.escape else byte)
                self.escape = False

    def item(self, message):
        body = bytes(self.bytes)
        if not message or len(body) < (4 if self.down else 5) or sum(body) & 0xFF:
            return None
        data = body[3:-1]
        cc = 0 if self.down else data[0]
        return Frame(time.monotonic(), self.down, body[0], body[1] >> 2, body[1] & 3, body[2],
                     data if self.down else data[1:], cc)


class Wire(threading.Thread):
    """Listens at `path`, goes on to `controller`. `alter`, if set, is given every frame and says
    which frames go on in its place."""

    def __init__(self, path, controller):
        super().__init__(daemon=True)
        self.path, self.controller = path, controller
        self.frames, self.garbled, self.alter = [], 0, None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.quit = os.eventfd(0)
        self.start()

    def run(self):
        while True:
            select.select([self.listener, self.quit], [], [])
            if select.select([self.quit], [], [], 0)[0]:
                return
            agent, _ = self.listener.accept()
            controller = socket.socket(socket.AF_UNIX)
            try:
                controller.connect(self.controller)
                self.pass_on(agent, controller)
            except OSError:
                pass  # one side went away, and so both connections end
            agent.close()
            controller.close()

    def pass_on(self, agent, controller):
        ways = {agent: (controller, Decoder(True)), controller: (agent, Decoder(False))}
        while True:
            ready = select.select([agent, controller, self.quit], [], [])[0]
            if self.quit in ready:
                return
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                target, decoder = ways[source]
                out = b''.join(self.one(frame, raw, decoder.down)
                               for frame, raw in decoder.feed(data))
                if out:
                    target.sendall(out)

    def one(self, frame, raw, down):
        if frame is None:
            self.garbled += raw[-1] == END
            return raw
        frames = [frame] if self.alter is None else self.alter(frame)
        # An altered request counts as the controller saw it, a response as the agent did.
        self.frames.extend(frames)
        return raw if frames == [frame] and self.alter is None else \
            b''.join(frame_bytes(each) for each in frames)

    def stop(self):
        os.eventfd_write(self.quit, 1)
        self.join(5)
        self.listener.close()

    # ---- questions ----

    def mark(self):
        """Where the record is now: pass it as `since`."""
        return len(self.frames)

    def requests(self, netfn=None, command=None, data=None, since=0):
        return [f for f in self.frames[since:] if f.down
                and netfn in (None, f.netfn) and command in (None, f.command)
                and data in (None, f.data)]

    def exchanges(self, since=0):
        """Each request with its response; those without one come last in `response` None."""
        waiting, all_of_them = {}, []
        for frame in self.frames[since:]:
            if frame.down:
                exchange = Exchange(frame)
                all_of_them.append(exchange)
                waiting[frame.sequence] = exchange
            elif frame.sequence in waiting:
                waiting.pop(frame.sequence).response = frame
        return all_of_them

    def window(self, since=0):
        """Most requests that were at the system interface at once."""
        now, most, waiting = 0, 0, set()
        for frame in self.frames[since:]:
            if frame.down:
                waiting.add(frame.sequence)
            else:
                waiting.discard(frame.sequence)
            now = len(waiting)
            most = max(most, now)
        return most

    def bus(self, since=0):
        """Every request on the IPMB, and its response by address, number, netFn and command."""
        found, open_ones = [], {}
        for exchange in self.exchanges(since):
            request, response = exchange.request, exchange.response
            if (request.netfn, request.command) == (0x06, 0x34) and len(request.data) >= 8:
                inner = request.data[1:]
                if inner[0] == 0:  # a broadcast: the address comes after
                    inner = inner[1:]
                one = Bus(request.at, inner[0], inner[1] >> 2, inner[5], inner[4] >> 2,
                          inner[6:-1], inner[3])
                assert sum(inner[:3]) & 0xFF == 0 and sum(inner[3:]) & 0xFF == 0, inner.hex()
                if response is not None and response.cc == 0:
                    found.append(one)
                    open_ones[one.address, one.number, one.netfn | 1, one.command] = one
            elif (request.netfn, request.command) == (0x06, 0x33) and response is not None \
                    and response.cc == 0 and len(response.data) >= 8:
                inner = response.data[1:]
                key = inner[2], inner[3] >> 2, inner[0] >> 2, inner[4]
                one = open_ones.pop(key, None)
                if one is not None:
                    one.cc, one.answer, one.answered = inner[5], inner[6:-1], response.at
        return found
