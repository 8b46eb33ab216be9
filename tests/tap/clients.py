# SPDX-License-Identifier: BSD-2-Clause
"""Clients of every kind that ask responders on the bus, each question once only, and write down what
they asked and got: through libvipmi, as virtual clients with numbers of their own, by hand with Send
Message and Get Message, and ipmitool through the shim.
"""
import struct
import subprocess

from controller import RESPONDERS
from diary import ANSWERED, FAILED
from vm import SEND_MESSAGE, response_on_bus, send_message

READ, WRITE = (0x0A, 0x11), (0x0A, 0x12)
OUTSTANDING = 4  # of one program's questions
WRITES_EVERY = 16
PATIENCE_MS = 120000


def data_of(number):
    """Data that only this question has. To a responder of ours it is just data."""
    return struct.pack('<I', number)


class Numbers:
    """Question numbers, a range for each client."""

    def __init__(self):
        self.next = 1

    def take(self, count):
        self.next += count
        return range(self.next - count, self.next)


def check(address, data, answer, cc=0):
    """That this is the answer of that responder to that question, and not another one's."""
    assert cc == 0 and answer[4:5] == bytes([address]) and answer[5:] == data, \
        f'{address:02x}h was asked {data.hex()}, answer {cc:02x} {answer.hex()}'


def places(numbers):
    """Each question with its responder: all responders in turn."""
    return [(RESPONDERS[number % len(RESPONDERS)], number) for number in numbers]


class Program:
    """Asks through libvipmi, a few at once, on a connection of its own."""

    def __init__(self, world, name, numbers):
        self.ours, self.numbers, self.wrong = world.library(), places(numbers), []
        self.handle, self.got = self.ours.open(name), 0

    def ask(self, handle, command, address, number, **more):
        data = data_of(number)

        def done(answer):
            self.got += 1
            try:
                assert answer.error == 0, f'{address:02x}h was asked {data.hex()}, {answer}'
                check(address, data, answer.data, answer.cc)
            except AssertionError as error:
                self.wrong.append(str(error))
        handle.submit(done, *command, data, address=address, timeout_ms=PATIENCE_MS, **more)

    def wait(self, count):
        while self.got < count:
            assert self.ours.wait(PATIENCE_MS) >= 0, 'the agent is gone'

    def run(self):
        for count, (address, number) in enumerate(self.numbers):
            self.wait(count - OUTSTANDING + 1)
            command = WRITE if count % WRITES_EVERY == WRITES_EVERY - 1 else READ
            self.ask(self.handle, command, address, number)
        self.wait(len(self.numbers))

    def end(self):
        self.ours.close()


class VirtualClients(Program):
    """One program with so many virtual clients, each of which has a number toward each responder and
    asks under it, one question after the other."""

    def __init__(self, world, name, clients, numbers, each):
        super().__init__(world, name, [])
        self.lanes = []
        for address in RESPONDERS:
            handle = self.ours.open(f'{name}-{address:02x}')
            owned = [handle.reserve_numbers(address, client, count=1)[0]
                     for client in range(clients)]
            self.lanes += [(handle, address, client, number)
                           for client, number in enumerate(owned)]
        self.numbers, self.turns = iter(numbers), each // len(RESPONDERS)
        assert len(numbers) == clients * each

    def run(self):
        # All lanes ask what they have to ask: the agent keeps the order of those of one number.
        for turn in range(self.turns):
            for handle, address, client, number in self.lanes:
                self.ask(handle, READ, address, next(self.numbers), number=number,
                         virtual_client=client)
            self.wait((turn + 1) * len(self.lanes))


class ByHand:
    """A program that bridges by itself, every question under the same number of its own."""

    def __init__(self, world, name, numbers, own_number):
        self.world, self.name, self.numbers, self.own = world, name, places(numbers), own_number
        self.asker, self.wrong = world.askers([name])[0], []

    def one(self, address, number):
        data = data_of(number)
        written = self.world.diary.ask(self.name, (0, address), *READ, data, raw=True)
        cc = self.asker.ask(*SEND_MESSAGE, send_message(address, *READ, data, number=self.own))
        assert cc == b'\0', f'Send Message: {cc.hex()}'
        while True:
            got = self.asker.ask(0x06, 0x33)
            if got[0] != 0x80:  # nothing there yet
                break
        inner = response_on_bus(got[1:])
        assert got[0] == 0 and inner is not None, f'Get Message: {got.hex()}'
        written.hear(ANSWERED, inner.cc, inner.data)
        assert inner.number == self.own, f'asked under {self.own}, answered under {inner.number}'
        check(address, data, inner.data, inner.cc)

    def run(self):
        for address, number in self.numbers:
            try:
                self.one(address, number)
            except AssertionError as error:
                self.wrong.append(str(error))

    def end(self):
        self.asker.end()


class Tool:
    """ipmitool over the shim, one responder, all questions in one shell."""

    def __init__(self, world, name, numbers):
        self.world, self.name, self.wrong = world, name, []
        self.address, self.numbers = RESPONDERS[numbers[0] % len(RESPONDERS)], numbers
        self.process = world.start_tool(name, 'ipmitool', '-I', 'open', '-t', hex(self.address),
                                        'shell', stdin=subprocess.PIPE)

    def run(self):
        written = [self.world.diary.ask(self.name, (0, self.address), *READ, data_of(number))
                   for number in self.numbers]
        said = self.process.communicate(''.join(
            'raw ' + ' '.join(f'0x{b:02x}' for b in bytes(READ) + one.data) + '\n'
            for one in written), timeout=PATIENCE_MS / 1000)[0]
        answers = [bytes.fromhex(text.split('\n', 1)[-1].replace('\n', ' ').strip() or '00')
                   for text in said.split('ipmitool>')[1:-1]] if 'ipmitool>' in said else []
        for one, answer in zip(written, answers):
            one.hear(ANSWERED, 0, answer)
            try:
                check(self.address, one.data, answer)
            except AssertionError as error:
                self.wrong.append(f'{self.name}: {error}')
        for one in written[len(answers):]:
            one.hear(FAILED)
            self.wrong.append(f'{self.name} says: {said[-200:]}')

    def end(self):
        self.process.wait(60)
