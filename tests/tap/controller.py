# SPDX-License-Identifier: BSD-2-Clause
"""A controller with a bus of responders behind it, which behave badly on purpose and by a seed.

It speaks the VM protocol. A responder answers everything with bytes that no other answer has:
the answer's own number, the responder's address, and the question's data. A Send Message that carries
a request to system software it obeys as well. How long an answer takes is counted in other requests
rather than in time, so that a slow machine changes nothing; only what is late on purpose is late by
the clock.
"""
import os
import random
import select
import socket
import struct
import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace

from vm import (ATTENTION, ATTENTION_OFF, SEND_MESSAGE, VERSION, Decoder, Frame, asking,
                control_bytes, frame_bytes, received, request_on_bus)

RESPONDERS = tuple(range(0xB0, 0xC0, 2))
QUEUE_MAX = 20  # as in the field
READS = {(0x0A, 0x11), (0x04, 0x2D), (0x06, 0x01)}
DEVICE_ID = bytes.fromhex('20018102 02 bf 33 55 00 42 0e 00000000')
FLAG_MESSAGE = 0x01
OWN_ADDRESS, SOFTWARE = 0x20, 2  # the LUN of system software


@dataclass
class Behaviour:
    """In a thousand. Only reads are lost or late: what must not be done twice is not asked twice."""
    lost: int = 0
    late: int = 0
    twice: int = 0
    ahead: int = 4  # requests by which an answer may be overtaken
    idle_s: float = 0.003  # an answer that waits for requests which do not come
    late_s: float = 1.3  # later than an agent waits for a responder
    seed: int = 1


@dataclass(order=True)
class Flying:
    due: int  # once so many requests were taken
    serial: int
    at: float = field(compare=False)  # or at this time
    data: bytes = field(compare=False)


class Controller(threading.Thread):
    def __init__(self, path, behaviour=None, responders=RESPONDERS):
        super().__init__(daemon=True)
        self.path, self.responders = path, responders
        self.behaviour = behaviour or Behaviour()
        self.dice = random.Random(self.behaviour.seed)
        self.count = {'requests': 0, 'lost': 0, 'late': 0, 'twice': 0, 'dropped': 0}
        self.flying, self.queue, self.serial, self.spoilt = [], deque(), 0, set()
        self.enables, self.attention, self.peer = 0, False, None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(1)
        self.quit = os.eventfd(0)
        self.start()

    def run(self):
        while True:
            ready = select.select([self.listener, self.quit], [], [])[0]
            if self.quit in ready:
                return
            self.peer, _ = self.listener.accept()
            self.attention = False
            try:
                self.peer.sendall(control_bytes(VERSION, 1))
                self.serve()
            except OSError:
                pass  # the agent went away
            self.peer.close()

    def serve(self):
        decoder = Decoder(True)
        while True:
            wait = min((one.at for one in self.flying), default=None)
            ready = select.select([self.peer, self.quit], [], [],
                                  None if wait is None else max(0, wait - time.monotonic()))[0]
            if self.quit in ready:
                return
            if self.peer in ready:
                data = self.peer.recv(65536)
                if not data:
                    return
                for frame, _ in decoder.feed(data):
                    if frame is not None:
                        cc, answer = self.answer(frame)
                        self.peer.sendall(frame_bytes(Frame(
                            0, False, frame.sequence, frame.netfn | 1, frame.lun, frame.command,
                            answer, cc)))
            self.land()

    def land(self):
        """Answers whose time has come go to the receive message queue."""
        now, taken = time.monotonic(), self.count['requests']
        for one in sorted(self.flying):
            if one.due <= taken or one.at <= now:
                self.flying.remove(one)
                if len(self.queue) < QUEUE_MAX:
                    self.queue.append(one.data)
                else:
                    self.count['dropped'] += 1
        self.attend()

    def attend(self):
        if self.attention != bool(self.queue):
            self.attention = bool(self.queue)
            self.peer.sendall(control_bytes(ATTENTION if self.attention else ATTENTION_OFF))

    # ---- the controller's own commands ----

    def answer(self, frame):
        """Completion code and data."""
        if frame.netfn == 0x06:
            own = {0x01: self.device_id, 0x2E: self.set_enables, 0x2F: self.get_enables,
                   0x30: self.clear_flags, 0x31: self.get_flags, 0x33: self.get_message,
                   0x34: self.send_message, 0x35: lambda _: (0x80, b'')}.get(frame.command)
            if own is not None:
                return own(frame.data)
        return 0, self.stamp(0x20, frame.data)

    def stamp(self, address, data):
        self.serial += 1
        return struct.pack('<IB', self.serial, address) + data

    @staticmethod
    def device_id(_):
        return 0, DEVICE_ID

    def set_enables(self, data):
        self.enables = data[0]
        return 0, b''

    def get_enables(self, _):
        return 0, bytes([self.enables])

    def clear_flags(self, data):
        if data[0] & FLAG_MESSAGE:
            self.queue.clear()
            self.attend()
        return 0, b''

    def get_flags(self, _):
        return 0, bytes([FLAG_MESSAGE if self.queue else 0])

    def get_message(self, _):
        if not self.queue:
            return 0x80, b''
        data = self.queue.popleft()
        self.attend()
        return 0, data

    # ---- the bus ----

    def send_message(self, data):
        inner = request_on_bus(data)
        if inner is None:
            return 0xCC, b''
        if inner.address not in self.responders:
            return 0x83, b''  # not acknowledged
        if inner.netfn % 2:
            return 0, b''  # a response; to what, is the tap's to say
        self.count['requests'] += 1
        read = (inner.netfn, inner.command) in READS
        answer = received(inner, 0, DEVICE_ID if inner.command == 0x01 and inner.netfn == 0x06
                          else self.stamp(inner.address, inner.data))
        one = Flying(self.count['requests'] + self.dice.randint(0, self.behaviour.ahead),
                     self.count['requests'], time.monotonic() + self.behaviour.idle_s, answer)
        fault = self.fault() if read and (inner.address, inner.data) not in self.spoilt else None
        if fault is not None:
            self.count[fault] += 1
        if fault in ('lost', 'late'):
            self.spoilt.add((inner.address, inner.data))  # the next one is answered
        if fault == 'lost':
            return 0, b''
        if fault == 'late':
            one = replace(one, due=1 << 62, at=one.at + self.behaviour.late_s)
        self.flying.append(one)
        carried = request_on_bus(inner.data) if (inner.netfn, inner.command) == SEND_MESSAGE else None
        if carried is not None and (carried.address, carried.lun) == (OWN_ADDRESS, SOFTWARE):
            self.flying.append(replace(one, data=asking(carried)))
        if fault == 'twice':
            self.flying.append(replace(one, due=one.due + self.dice.randint(1, 6),
                                       at=one.at + self.behaviour.idle_s))
        return 0, b''

    def fault(self):
        point = self.dice.randrange(1000)
        for name in ('lost', 'late', 'twice'):
            share = getattr(self.behaviour, name)
            if point < share:
                return name
            point -= share
        return None

    def stop(self):
        os.eventfd_write(self.quit, 1)
        self.join(5)
        self.listener.close()
