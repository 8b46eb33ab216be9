# SPDX-License-Identifier: BSD-2-Clause
"""Many programs with many questions, for lines 13, 14 and 15."""


class Turned:
    """A hook of the wire under which responses overtake one another: each one waits for the next,
    as long as a next one is to come."""

    def __init__(self):
        self.waiting, self.held, self.count = set(), None, 0

    def __call__(self, frame):
        if frame.down:
            self.waiting.add(frame.sequence)
            return [frame]
        self.waiting.discard(frame.sequence)
        first, self.held = self.held, None
        if first is not None:
            self.count += 1
            return [frame, first]
        if self.waiting:
            self.held = frame
            return []
        return [frame]


def run(world, programs, each):
    """All ask everything at once; how many answers, all of them right, in how many seconds."""
    first = world.wire.mark()
    numbers = {one: range(i * each, (i + 1) * each) for i, one in enumerate(programs)}
    for one in programs:
        one.tell(*(world.question(number)[0] for number in numbers[one]))
    for one in programs:
        for number in numbers[one]:
            assert one.hear() == world.question(number)[1], f'{one.name}: a wrong answer'
    frames = world.wire.frames[first:]
    asked = [bytes([f.netfn, f.command]) + f.data for f in frames
             if f.down and (f.netfn, f.command) == (0x0A, 0x11)]
    count = len(programs) * each
    wanted = {world.question(number)[0] for number in range(count)}
    assert len(asked) == count and set(asked) == wanted, \
        f'{len(asked)} requests on the wire, {count} were asked'
    return count, frames[-1].at - frames[0].at
