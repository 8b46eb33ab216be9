# SPDX-License-Identifier: BSD-2-Clause
"""Requests from the bus to this machine's software, for lines 9, 18 and 21: a satellite is told to send
them, a program answers, and the eye on the wire sees both."""
import library
from mission import SATELLITE, wait_until
from vm import SEND_MESSAGE, from_satellite

OEM, COMMAND, NOBODYS = 0x30, 0x41, 0x42


def satellite_asks(handle, number, data=b'', command=COMMAND):
    """The satellite sends it, under that number, to software (LUN 2)."""
    answer = handle.ask(*SEND_MESSAGE, from_satellite(SATELLITE, OEM, command, data, number),
                        address=SATELLITE)
    assert (answer.error, answer.cc) == (0, 0), answer


def answers(world, since=0):
    """What the satellite was answered, in order: number, and the completion code with the data."""
    found = [(at, one.inner.number, data) for one in world.wire.incoming(since)[0]
             for at, data in one.answers]
    return [(number, data) for _, number, data in sorted(found)]


class Responder:
    """Holds the right to receive a command, and answers with its name and what was asked."""

    def __init__(self, ours, name, command=COMMAND):
        self.ours, self.name, self.numbers = ours, name, []
        self.handle = ours.open(name)
        self.handle.requests(self.requested)
        self.handle.reserve(library.right(OEM, command, library.RECEIVE))

    def says(self, data):
        return b'\0' + self.name.encode() + data

    def requested(self, request, answer):
        self.numbers.append(request.sequence)
        answer(0, self.says(bytes(request.bytes[:request.length]))[1:])

    def serve(self, world, count, since=0):
        """Until so many of the satellite's requests are answered, whoever did."""
        def done():
            self.ours.wait(20)
            return len(answers(world, since)) >= count
        wait_until(done, f'{count} answers to the satellite')
