# SPDX-License-Identifier: BSD-2-Clause
"""What clients ask responders on the bus, so that every question has an answer that no other has."""
import random
import struct

from controller import RESPONDERS

READ, WRITE = (0x0A, 0x11), (0x0A, 0x12)  # FRU Data (34.2, 34.3)


class Questions:
    """Questions have numbers, and go to all responders in turn."""
    writes = False  # whether what may be asked may also be written

    def __init__(self, responders):
        self.responders = responders

    def question(self, number):
        """Whom to ask what: a responder's address, data of a read."""
        place = number % len(self.responders)
        return self.responders[place], self.data(number // len(self.responders))

    def check(self, address, data, answer, cc=0):
        """That this is the answer of that responder to that question, and not another one's."""
        assert cc == 0 and self.right(address, data, answer), \
            f'{address:02x}h was asked {data.hex()}, answer {cc:02x} {answer.hex()}'


class Stamped(Questions):
    """For the tap's own responders (controller.py), to which a question is just data. An answer has
    a number of its own, the responder's address, and the question."""
    writes = True

    def __init__(self):
        super().__init__(RESPONDERS)

    def data(self, number):
        return struct.pack('<I', number)

    def right(self, address, data, answer):
        return answer[4:5] == bytes([address]) and answer[5:] == data


class Inventory(Questions):
    """For boards with a FRU inventory, which is written full of chance first: each piece of it, with
    an offset and a length of its own, is there once."""
    SIZE, PIECE = 256, 16
    SHORTEST, LONGEST = 4, 22  # shorter ones may be alike; an IPMB frame carries no longer one

    def __init__(self, responders, seed):
        super().__init__(responders)
        self.dice, self.images = random.Random(seed), {}

    def fill(self, handle):
        """With other bytes than before."""
        for address in self.responders:
            image = self.images[address] = self.dice.randbytes(self.SIZE)
            for offset in range(0, self.SIZE, self.PIECE):
                answer = handle.ask(*WRITE, struct.pack('<BH', 0, offset) +
                                    image[offset:offset + self.PIECE], address=address)
                assert (answer.cc, answer.data) == (0, bytes([self.PIECE])), answer

    def data(self, number):
        lengths = self.LONGEST - self.SHORTEST + 1
        offsets = self.SIZE - self.LONGEST + 1
        return struct.pack('<BHB', 0, number % offsets,
                           self.SHORTEST + number // offsets % lengths)

    def right(self, address, data, answer):
        _, offset, count = struct.unpack('<BHB', data)
        return answer == bytes([count]) + self.images[address][offset:offset + count]
