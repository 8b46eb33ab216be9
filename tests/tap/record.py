# SPDX-License-Identifier: BSD-2-Clause
"""What the controller saw, and questions about it."""
import collections
import json
from dataclasses import dataclass, field

from vm import (GET_MESSAGE, SEND_MESSAGE, Frame, Inner, answering, asked_from_bus, request_on_bus,
                response_on_bus)


@dataclass
class Exchange:
    """A request at the system interface and its response."""
    request: Frame
    response: Frame = None


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
class Sending:
    """A Send Message that carries a request, as it passed; the place is the one in the record."""
    at: float
    place: int
    inner: Inner
    cc: int = -1  # of the Send Message, once it is answered


@dataclass
class Arrival:
    """A response from the bus, as the agent got it."""
    at: float
    place: int
    inner: Inner


@dataclass
class Incoming:
    """A request from the bus to system software, as the agent got it, and what it was answered."""
    at: float
    inner: Inner
    answers: list = field(default_factory=list)  # (when, completion code first)

    @property
    def key(self):
        """As a program that gets it writes it down (diary.Heard)."""
        inner = self.inner
        return (inner.channel, inner.requester, inner.number, inner.netfn, inner.command,
                inner.data)


class Record:
    def __init__(self, frames=()):
        self.frames, self.garbled = list(frames), 0

    def mark(self):
        """Where the record is now: pass it as `since`."""
        return len(self.frames)

    def requests(self, netfn=None, command=None, data=None, since=0):
        return [f for f in self.frames[since:] if f.down
                and netfn in (None, f.netfn) and command in (None, f.command)
                and data in (None, f.data)]

    def exchanges(self, since=0):
        """Each request with its response; without one, `response` is None."""
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
        most, waiting = 0, set()
        for frame in self.frames[since:]:
            if frame.down:
                waiting.add(frame.sequence)
            else:
                waiting.discard(frame.sequence)
            most = max(most, len(waiting))
        return most

    def traffic(self, since=0):
        """Every Sending and every Arrival on the IPMB, in order of the record."""
        found, waiting = [], {}
        for place, frame in enumerate(self.frames[since:], since):
            if frame.down:
                sending = None
                if (frame.netfn, frame.command) == SEND_MESSAGE:
                    inner = request_on_bus(frame.data)
                    if inner is not None and inner.netfn % 2 == 0:
                        sending = Sending(frame.at, place, inner)
                        found.append(sending)
                waiting[frame.sequence] = frame, sending
            elif frame.sequence in waiting:
                request, sending = waiting.pop(frame.sequence)
                if sending is not None:
                    sending.cc = frame.cc
                elif (request.netfn, request.command) == GET_MESSAGE and frame.cc == 0:
                    # The controller checked the checksums when it came in; agents need not,
                    # and some controllers hand out wrong ones.
                    inner = response_on_bus(frame.data, checked=False)
                    if inner is not None:
                        found.append(Arrival(frame.at, place, inner))
        return found

    def incoming(self, since=0):
        """Every Incoming in order; and the answers that went out to none of them, as Inners."""
        found, waiting, strays = [], collections.defaultdict(list), []
        for exchange in self.exchanges(since):
            request, response = exchange.request, exchange.response
            if response is None or response.cc:
                continue
            if (request.netfn, request.command) == GET_MESSAGE:
                inner = asked_from_bus(response.data)
                if inner is not None:
                    found.append(Incoming(response.at, inner))
                    waiting[inner.channel, inner.requester, inner.number, inner.netfn,
                            inner.command].append(found[-1])
            elif (request.netfn, request.command) == SEND_MESSAGE:
                inner = request_on_bus(request.data)
                if inner is None or inner.netfn % 2 == 0:
                    continue
                # Where it is equal to others, the oldest that waits; or the last once more.
                those = waiting[inner.key]
                to = next((one for one in those if not one.answers), those[-1] if those else None)
                if to is not None and request.data == answering(to.inner, inner.data):
                    to.answers.append((request.at, inner.data))
                else:
                    strays.append(inner)
        return found, strays

    def misfortunes(self, silence_s=1.0):
        """How many responses from the bus never came, came after an agent has given them up, came
        twice, or came after one to a later request of the same responder."""
        count = dict.fromkeys(('lost', 'late', 'twice', 'reordered'), 0)
        waiting, newest = collections.defaultdict(list), collections.defaultdict(int)
        for one in self.traffic():
            those = waiting[one.inner.key]
            if isinstance(one, Sending):
                if those and those[-1].inner.data != one.inner.data:
                    count['lost'] += len(those)
                    those.clear()
                if one.cc == 0:
                    those.append(one)
            elif not those:
                count['twice'] += 1
            else:
                # Of what was sent again the last is answered first.
                sending, responder = those.pop(), (one.inner.channel, one.inner.address)
                count['late'] += one.at - sending.at > silence_s
                count['reordered'] += sending.place < newest[responder]
                newest[responder] = max(newest[responder], sending.place)
        count['lost'] += sum(map(len, waiting.values()))
        return count

    def bus(self, since=0):
        """Every request that went to the IPMB, with its response."""
        found, waiting = [], {}
        for one in self.traffic(since):
            inner = one.inner
            if isinstance(one, Sending):
                if one.cc == 0:
                    found.append(Bus(one.at, inner.address, inner.netfn, inner.command,
                                     inner.number, inner.data, inner.requester))
                    waiting[inner.key] = found[-1]
            elif inner.key in waiting:
                request = waiting.pop(inner.key)
                request.cc, request.answer, request.answered = inner.cc, inner.data, one.at
        return found


def frame_line(frame):
    """A frame as a line of a log."""
    return json.dumps({
        'at': frame.at, 'way': 'down' if frame.down else 'up',
        'sequence': frame.sequence, 'netfn': frame.netfn, 'lun': frame.lun,
        'command': frame.command, 'data': frame.data.hex()} |
        ({} if frame.down else {'cc': frame.cc}))


def read_log(lines):
    """The record that a tap's log holds."""
    frames = []
    for line in lines:
        one = json.loads(line)
        frames.append(Frame(one['at'], one['way'] == 'down', one['sequence'], one['netfn'],
                            one['lun'], one['command'], bytes.fromhex(one['data']),
                            one.get('cc', 0)))
    return Record(frames)
