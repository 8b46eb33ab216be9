# SPDX-License-Identifier: BSD-2-Clause
"""A hook of the wire that does to responses from the bus what a seed says: lost, twice, overtaken,
late, garbled, with another's number. Beside what the responders do by themselves.
"""
import dataclasses
import random

from vm import Inner, received, response_on_bus

WRITE = 0x12  # Write FRU Data, which changes something


class Chaos:
    def __init__(self, seed, share=0.3):
        self.dice, self.share, self.held = random.Random(seed), share, []
        self.count = dict.fromkeys(('lost', 'twice', 'overtaken', 'garbled', 'stray', 'busy'), 0)
        self.spoilt, self.written = set(), False

    def __call__(self, frame):
        if frame.down or frame.cc or (frame.netfn, frame.command) != (0x07, 0x33):
            return [frame]
        inner = response_on_bus(frame.data)
        if inner is None or self.dice.random() > self.share or inner.data in self.spoilt:
            return [frame]
        # Each question at most once, so that asking again helps.
        self.spoilt.add(inner.data)
        what = self.dice.choice(list(self.count))
        if inner.command == WRITE and what != 'busy':
            # Not asked again; the agent waits long for it, and we do so once only.
            if self.written:
                return [frame]
            self.written = True
        self.count[what] += 1
        return [self.changed(what, frame, inner)]

    def changed(self, what, frame, inner):
        """The agent gets its response to Get Message in any case: what the bus did is inside."""
        if what in ('lost', 'garbled'):
            at = self.dice.randrange(1, len(frame.data))
            flipped = frame.data[at] ^ 1 << self.dice.randrange(8)
            return dataclasses.replace(frame, data=frame.data[:at] + bytes([flipped]) +
                                       frame.data[at + 1:])
        if what in ('twice', 'overtaken'):
            # An old one again instead of this one, or this one kept for later.
            self.held.append(frame)
            other = self.held.pop(self.dice.randrange(len(self.held)))
            return dataclasses.replace(frame, data=other.data)
        request = Inner(inner.channel, inner.address, inner.lun, inner.requester,
                        inner.requester_lun, inner.netfn & ~1, inner.command, inner.number, b'')
        if what == 'stray':
            request.number = self.dice.randrange(64)
            return dataclasses.replace(frame, data=received(request, inner.cc, inner.data))
        return dataclasses.replace(frame, data=received(request, 0xC0))
