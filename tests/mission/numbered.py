# SPDX-License-Identifier: BSD-2-Clause
"""Equal requests that only their sequence numbers tell apart, for lines 10, 20 and 21.

The eye on the wire changes what the satellite answers: every answer to Get Self Test Results on the
bus gets a mark of its own, the next one each time; and of every two requests the second overtakes
the first. So equal requests have different answers, which come in another order, and nothing but
the sequence number says whose is whose.
"""
from mission import SATELLITE
from vm import Frame, checksum

SELF_TEST = (0x06, 0x04)
ROUNDS = 8


class Marks:
    def __init__(self):
        self.given = {}  # mark: the number it was given under
        self.sent = []  # numbers, in the order in which the agent sent them
        self.numbers = []  # in the order of the answers
        self.held = None  # a request that the next one overtakes


def inner_of(frame):
    """The bus's response inside of a Get Message's, or None."""
    if frame.down or (frame.netfn, frame.command) != (0x07, 0x33) or frame.cc or \
            len(frame.data) < 9:
        return None
    inner = frame.data[1:]
    return inner if (inner[0] >> 2, inner[4]) == (SELF_TEST[0] | 1, SELF_TEST[1]) else None


def mark_and_turn_around(world):
    """Sets the wire's hook; what it did is in the marks it returns."""
    marks = Marks()

    def marked(frame):
        inner = inner_of(frame)
        mark = len(marks.given) + 1
        marks.given[mark] = inner[3] >> 2
        body = inner[2:5] + bytes([inner[5], mark & 0xFF, mark >> 8])
        return frame.data[:1] + inner[:2] + body + bytes([checksum(body)])

    def alter(frame):
        if frame.down and (frame.netfn, frame.command) == (0x06, 0x34) and \
                len(frame.data) > 6 and frame.data[6] == SELF_TEST[1]:
            marks.sent.append(frame.data[5] >> 2)
            first, marks.held = marks.held, None
            if first is None:
                marks.held = frame
                return []
            return [frame, first]
        if inner_of(frame) is None:
            return [frame]
        data = marked(frame)
        marks.numbers.append(data[4] >> 2)
        return [Frame(frame.at, False, frame.sequence, frame.netfn, frame.lun, frame.command,
                      data, frame.cc)]
    world.wire.alter = alter
    return marks


def equal_requests(world, ours, owners, marks):
    """Every virtual client asks the same, all at once; its answer must carry the mark that was
    given under its number. How many asked, and how many answers overtook others."""
    got = []
    for turn in range(ROUNDS):
        for handle, owned in owners:
            # Newest numbers first, every second round: the order is not the owners' either.
            for client, number in sorted(owned.items(), reverse=turn % 2):
                def done(answer, handle=handle, client=client, number=number):
                    got.append((handle, client, number, answer))
                handle.submit(done, *SELF_TEST, address=SATELLITE, number=number,
                              virtual_client=client)
        wanted = (turn + 1) * sum(len(owned) for _, owned in owners)
        while len(got) < wanted:
            assert ours.wait(60000) >= 0, 'the agent is gone'
    for _, client, number, answer in got:
        assert (answer.error, answer.cc) == (0, 0), answer
        mark = answer.data[0] | answer.data[1] << 8
        assert marks.given[mark] == number, f'number {number} got what {marks.given[mark]} got'
        assert (answer.virtual_client, answer.number) == (client, number), answer
    assert len({answer.data for _, _, _, answer in got}) == len(got), 'an answer came twice'
    return len(got), sum(a != b for a, b in zip(marks.sent, marks.numbers))
