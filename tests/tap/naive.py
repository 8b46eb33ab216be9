#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The rival: a multiplexer as one would write it in an afternoon. First in, first out: requests go
down as they come, and what comes up goes to whoever has waited longest. It grants everything,
enforces nothing, and keeps no state for anybody. libvipmi, the shim and vipmi talk to it as to
vipmid; every check of the tap must fail on it.

usage: naive.py CONTROLLER LISTEN
"""
import os
import select
import signal
import socket
import struct
import sys
import time
from collections import deque
from dataclasses import dataclass

from vm import ATTENTION_OFF, Decoder, Frame, control_bytes, frame_bytes, send_message

# include/vipmi/protocol.h
HELLO, OPEN, OPENED, CLOSE, CLOSED, REQUEST, ANSWER, CANCEL, SET, DONE = range(1, 11)
QUERY, ROW, END, CONTROL = 13, 14, 15, 16
RESERVE, RELEASE, SEQUENCE_RESERVE, SEQUENCE_FREE, SUBSCRIBE, UNSUBSCRIBE = range(18, 24)
TARGET, DATA, TEXT, EXT_HELLO, OPTION, ASYNC = 1, 2, 3, 4, 6, 7
EVENT, SUBSCRIBED, FIELD_TEXT, FIELD_NUMBER, SEQUENCE, NUMBER = 11, 19, 9, 10, 15, 16
SENT, QUIET = 0x01, 0x04
HEADER = struct.Struct('<HBBIQIIBBBBBBBB')
MAGIC, CAPABILITIES = 0x4D504976, 0x27
EXPIRED, OF_AGENT = 1, 2
DEFAULT_MS = 10000
GET_MESSAGE, READ_EVENT = (0x06, 0x33), (0x06, 0x35)
ENABLES = bytes([0x0F])


def extension(kind, value):
    return struct.pack('<BBH', kind, 0, len(value)) + value


@dataclass
class Message:
    """A message of the socket protocol."""
    kind: int
    flags: int = 0
    handle: int = 0
    tag: int = 0
    virtual_client: int = 0
    time: int = 0
    netfn: int = 0
    lun: int = 0
    command: int = 0
    cc: int = 0
    origin: int = 0
    klass: int = 0
    target: int = 0
    reason: int = 0
    body: bytes = b''

    def pack(self):
        return HEADER.pack(HEADER.size + len(self.body), self.kind, self.flags, self.handle,
                           self.tag, self.virtual_client, self.time, self.netfn, self.lun,
                           self.command, self.cc, self.origin, self.klass, self.target,
                           self.reason) + self.body

    def get(self, kind, otherwise=b''):
        at = 0
        while at + 4 <= len(self.body):
            found, _, length = struct.unpack_from('<BBH', self.body, at)
            if found == kind:
                return self.body[at + 4:at + 4 + length]
            at += 4 + length
        return otherwise


def unpack(record):
    return Message(*HEADER.unpack_from(record)[1:], body=record[HEADER.size:])


@dataclass
class Waiting:
    client: object
    message: Message
    expires: float


class Client:
    def __init__(self, connection):
        self.socket, self.handles, self.events = connection, set(), None

    def send(self, message):
        try:
            self.socket.send(message.pack())
        except OSError:
            pass  # gone


class Naive:
    def __init__(self, controller, listen):
        self.link = socket.socket(socket.AF_UNIX)
        self.link.connect(controller)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.listener.bind(listen)
        self.listener.listen(1024)
        self.decoder, self.clients = Decoder(False), {}
        self.sequence, self.number, self.handle, self.event = 0, 0, 0, 0
        # Who waits at the system interface, and who for the bus: first in, first out.
        self.direct, self.bus, self.fetching = deque(), deque(), False
        self.link.sendall(control_bytes(0xFF, 1) + control_bytes(0x08, 0))
        self.down(None, 0x06, 0, 0x2E, ENABLES)

    def run(self):
        while True:
            ready = select.select([self.link, self.listener, *self.clients], [], [], 0.05)[0]
            for one in ready:
                if one is self.link:
                    self.from_controller(self.link.recv(65536))
                elif one is self.listener:
                    connection = one.accept()[0]
                    self.clients[connection] = Client(connection)
                else:
                    self.from_client(self.clients[one])
            self.expire()

    # ---- down ----

    def from_client(self, client):
        try:
            record = client.socket.recv(2048)
        except OSError:
            record = b''
        if not record:
            del self.clients[client.socket]
            client.socket.close()
            return
        message = unpack(record)
        if message.kind == REQUEST:
            self.request(client, message)
        else:
            self.other(client, message)

    def request(self, client, message):
        waiting = Waiting(client, message, time.monotonic() + (message.time or DEFAULT_MS) / 1000)
        data, target = message.get(DATA), message.get(TARGET)
        if not target:
            self.down(waiting, message.netfn, message.lun, message.command, data)
            return
        number = message.get(NUMBER)
        self.number = (self.number + 1) % 64
        self.down(waiting, 0x06, 0, 0x34, send_message(
            target[1], message.netfn, message.command, data, channel=target[0], lun=message.lun,
            number=number[0] if number else self.number))

    def down(self, waiting, netfn, lun, command, data):
        self.sequence = (self.sequence + 1) % 256
        self.direct.append((waiting, (netfn, command)))
        self.link.sendall(frame_bytes(Frame(0, True, self.sequence, netfn, lun, command, data)))

    # ---- up ----

    def from_controller(self, data):
        if not data:
            sys.exit('the controller is gone')
        for frame, _ in self.decoder.feed(data):
            if frame is None:
                if self.decoder.control[:1] and ATTENTION_OFF < self.decoder.control[0] < 3:
                    self.fetch(GET_MESSAGE)
                    self.fetch(READ_EVENT)
            elif self.direct:
                waiting, asked = self.direct.popleft()
                if waiting is None:
                    self.fetched(asked, frame)
                elif waiting.message.target and frame.cc == 0:
                    self.bus.append(waiting)
                else:
                    self.answer(waiting, frame.cc, frame.data)

    def fetch(self, what):
        self.down(None, what[0], 0, what[1], b'')

    def fetched(self, asked, frame):
        if frame.cc:
            return
        if asked == GET_MESSAGE:
            if self.bus and len(frame.data) >= 8:
                self.answer(self.bus.popleft(), frame.data[6], frame.data[7:-1])
            self.fetch(GET_MESSAGE)
        elif asked == READ_EVENT:
            for client in self.clients.values():
                if client.events is not None:
                    self.event += 1
                    client.send(Message(EVENT, handle=client.events, body=extension(
                        ASYNC, struct.pack('<QBB', self.event, 1, 0)) +
                        extension(DATA, frame.data)))
                    break
            self.fetch(READ_EVENT)

    def answer(self, waiting, cc, data, **more):
        message = waiting.message
        body = b''.join(extension(kind, message.get(kind)) for kind in (TARGET, NUMBER)
                        if message.get(kind))
        waiting.client.send(Message(
            ANSWER, handle=message.handle, tag=message.tag, lun=message.lun,
            virtual_client=message.virtual_client, netfn=message.netfn | 1,
            command=message.command, cc=cc, target=message.target,
            body=body + extension(DATA, data), **{'flags': SENT} | more))

    def expire(self):
        now = time.monotonic()
        for waiting in [one for one in self.bus if one.expires < now]:
            self.bus.remove(waiting)
            self.answer(waiting, 0xC3, b'', origin=OF_AGENT, reason=EXPIRED)

    # ---- what is no request ----

    def other(self, client, message):
        reply = Message(DONE, handle=message.handle, tag=message.tag)
        if message.kind == HELLO:
            reply.kind = HELLO
            reply.body = extension(EXT_HELLO, struct.pack(
                '<IHHQ16sIIHHI', MAGIC, 1, 1, 0, b'naive', 1, CAPABILITIES, 255, 1024, 65535)) + \
                extension(TEXT, b'naive')
        elif message.kind == OPEN:
            self.handle += 1
            reply.kind, reply.handle = OPENED, self.handle
            client.handles.add(self.handle)
        elif message.kind == CLOSE:
            reply.kind = CLOSED
            client.handles.discard(message.handle)
        elif message.kind == SEQUENCE_RESERVE:
            channel, address, count, wanted = struct.unpack('<BBBQ', message.get(SEQUENCE))
            wanted = wanted or (1 << count) - 1  # whoever else has them
            reply.body = extension(SEQUENCE, struct.pack('<BBBQ', channel, address, count,
                                                         wanted))
        elif message.kind in (SUBSCRIBE, SET):
            client.events = message.handle
            if message.kind == SUBSCRIBE:
                reply.body = extension(SUBSCRIBED, struct.pack('<QQ', self.event, 0))
            elif message.flags & QUIET:
                return
        elif message.kind == QUERY:
            self.query(client, message)
            return
        elif message.kind == CANCEL:
            return
        client.send(reply)

    def query(self, client, message):
        rows = []
        if message.get(TEXT) == b'status':
            rows = [{'up': 1, 'responsive': 1, 'clients': len(self.clients)}]
        elif message.get(TEXT) == b'client':
            rows = [{'client': place, 'handle': handle} for place, one in
                    enumerate(self.clients.values()) for handle in one.handles]
        for row in rows:
            body = b''.join(extension(FIELD_NUMBER, bytes([len(name)]) + name.encode() +
                                      struct.pack('<Q', value)) for name, value in row.items())
            client.send(Message(ROW, tag=message.tag, body=body))
        client.send(Message(END, tag=message.tag))


if __name__ == '__main__':
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    Naive(*sys.argv[1:]).run()
