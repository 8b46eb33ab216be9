# SPDX-License-Identifier: BSD-2-Clause
"""Events for lines 9, 12, 18 and 21: made by a program's Platform Event Message, counted on the
wire where the agent fetches them, and by every subscriber."""
from library import EVENT, LOSS

PLATFORM_EVENT = (0x04, 0x02)  # 29.3
READ_EVENT_BUFFER = (0x06, 0x35)  # 22.6
GENERATOR = 0x41  # system software
SENSOR_TYPE, SENSOR = 0x01, 0x30


class Subscriber:
    """With `subscription`: the arguments of library.Handle.subscribe."""

    def __init__(self, library, name, **subscription):
        self.library, self.events, self.lost, self.last = library, [], 0, 0
        self.handle = library.open(name)
        if subscription:
            self.subscribed = self.handle.subscribe(self.received, **subscription)
        else:
            self.handle.events(self.received)

    def received(self, kind, number, lost, data):
        if kind == LOSS:
            self.lost += lost
        elif kind == EVENT:
            self.events.append(mark_of(data))
            self.last = number

    def until(self, count):
        while len(self.events) < count:
            assert self.library.wait(60000) >= 0, 'the agent is gone'


def make(mark, sensor_type=SENSOR_TYPE, sensor=SENSOR, direction_and_type=0x01, offset=9):
    """The data of a Platform Event Message that carries a mark in its two free bytes."""
    return bytes([GENERATOR, 0x04, sensor_type, sensor, direction_and_type, 0xA0 | offset,
                  mark & 0xFF, mark >> 8])


def mark_of(record):
    """Of the image of a SEL record (32.1): the last two of the event's three bytes."""
    return record[14] | record[15] << 8


def fetched(world, since=0):
    """The marks of the events as the controller gave them out, in order."""
    return [mark_of(record) for record in records(world, since)]


def records(world, since=0):
    return [exchange.response.data for exchange in world.wire.exchanges(since)
            if (exchange.request.netfn, exchange.request.command) == READ_EVENT_BUFFER
            and exchange.response is not None and exchange.response.cc == 0]


def happen(maker, subscriber, marks, **more):
    """Makes the events one by one: the controller's buffer holds one (22.6)."""
    for mark in marks:
        answer = maker.ask(*PLATFORM_EVENT, make(mark, **more))
        assert (answer.error, answer.cc) == (0, 0), answer
        before = len(subscriber.events)
        subscriber.until(before + 1)
