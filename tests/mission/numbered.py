# SPDX-License-Identifier: BSD-2-Clause
"""Equal requests that only their sequence numbers tell apart, for lines 10, 20 and 21.

The eye on the wire changes what the satellite answers: every answer to Get Self Test Results on the
bus gets a mark of its own, the next one each time; and of two requests, or on an interface that takes
one request at a time of two answers, the second overtakes the first. So equal requests have different answers, which come in another order, and nothing but
the sequence number says whose is whose.
"""
from dataclasses import replace

from mission import SATELLITE
from vm import checksum

SELF_TEST = (0x06, 0x04)
GET_FLAGS, GET_MESSAGE = (0x07, 0x31), (0x07, 0x33)  # responses
MESSAGE_FLAG, EMPTY = 0x01, 0x80  # sections 22.4 and 22.6
ROUNDS = 8


class Marks:
    def __init__(self):
        self.given = {}  # mark: the number it was given under
        self.sent = []  # numbers, in the order in which the agent sent them
        self.numbers = []  # in the order of the answers
        self.held = None  # a request that the next one overtakes
        self.queue = []  # answers that came from the controller and were not handed on
        self.overtaken = False  # the oldest of them
        self.left = 0  # answers that are to be handed on


def inner_of(frame):
    """The bus's response inside of a Get Message's, or None."""
    if frame.down or (frame.netfn, frame.command) != GET_MESSAGE or frame.cc or \
            len(frame.data) < 9:
        return None
    inner = frame.data[1:]
    return inner if (inner[0] >> 2, inner[4]) == (SELF_TEST[0] | 1, SELF_TEST[1]) else None


def marked(marks, frame):
    """The answer's data with the next mark in it."""
    inner = inner_of(frame)
    mark = len(marks.given) + 1
    marks.given[mark] = inner[3] >> 2
    body = inner[2:5] + bytes([inner[5], mark & 0xFF, mark >> 8])
    return frame.data[:1] + inner[:2] + body + bytes([checksum(body)])


def is_marked_request(frame):
    return frame.down and (frame.netfn, frame.command) == (0x06, 0x34) and \
        len(frame.data) > 6 and frame.data[6] == SELF_TEST[1]


def turn_requests(marks, frame):
    """A hook of the wire: of every two requests the first waits for the second."""
    if is_marked_request(frame):
        marks.sent.append(frame.data[5] >> 2)
        first, marks.held = marks.held, None
        if first is None:
            marks.held = frame
            return []
        return [frame, first]
    if inner_of(frame) is None:
        return [frame]
    data = marked(marks, frame)
    marks.numbers.append(data[4] >> 2)
    return [replace(frame, data=data)]


def turn_answers(marks, frame):
    """Likewise, where no request may wait: the first answer is held back, as if the queue were still
    empty, until another comes; the flags say that there is something."""
    if is_marked_request(frame):
        marks.sent.append(frame.data[5] >> 2)
    if not frame.down and (frame.netfn, frame.command) == GET_FLAGS and marks.queue and \
            frame.cc == 0:
        return [replace(frame, data=bytes([frame.data[0] | MESSAGE_FLAG]))]
    if frame.down or (frame.netfn, frame.command) != GET_MESSAGE or \
            (frame.cc == 0 and inner_of(frame) is None):
        return [frame]
    if frame.cc == 0:
        marks.queue.append(marked(marks, frame))
    if not marks.queue or (len(marks.queue) == 1 and marks.left > 1 and not marks.overtaken):
        return [replace(frame, data=b'', cc=EMPTY)]
    place = -1 if len(marks.queue) > 1 and not marks.overtaken else 0
    marks.overtaken = place == -1
    data = marks.queue.pop(place)
    marks.left -= 1
    marks.numbers.append(data[4] >> 2)
    return [replace(frame, data=data, cc=0)]


def mark_and_turn_around(world):
    """Sets the wire's hook; what it did is in the marks it returns."""
    marks = Marks()
    turn = turn_requests if world.windows[0] > 1 else turn_answers
    world.wire.alter = lambda frame: turn(marks, frame)
    return marks


def equal_requests(world, ours, owners, marks):
    """Every virtual client asks the same, all at once; its answer must carry the mark that was
    given under its number. How many asked, and how many answers overtook others."""
    got, each = [], sum(len(owned) for _, owned in owners)
    for turn in range(ROUNDS):
        marks.left = each
        for handle, owned in owners:
            # Newest numbers first, every second round: the order is not the owners' either.
            for client, number in sorted(owned.items(), reverse=turn % 2):
                def done(answer, handle=handle, client=client, number=number):
                    got.append((handle, client, number, answer))
                handle.submit(done, *SELF_TEST, address=SATELLITE, number=number,
                              virtual_client=client)
        while len(got) < (turn + 1) * each:
            assert ours.wait(60000) >= 0, 'the agent is gone'
    for _, client, number, answer in got:
        assert (answer.error, answer.cc) == (0, 0), answer
        mark = answer.data[0] | answer.data[1] << 8
        assert marks.given[mark] == number, f'number {number} got what {marks.given[mark]} got'
        assert (answer.virtual_client, answer.number) == (client, number), answer
    assert len({answer.data for _, _, _, answer in got}) == len(got), 'an answer came twice'
    return len(got), sum(a != b for a, b in zip(marks.sent, marks.numbers))
