# SPDX-License-Identifier: BSD-2-Clause
"""Clients of every kind that ask responders on the bus, each question once only, and write down what
they asked and got: through libvipmi, as virtual clients with numbers of their own, by hand with Send
Message and Get Message, and ipmitool through the shim.
"""
import struct
import subprocess
import time

from controller import RESPONDERS
from diary import ANSWERED, EXPIRED, FAILED
from vm import SEND_MESSAGE, response_on_bus, send_message

READ, WRITE = (0x0A, 0x11), (0x0A, 0x12)
OUTSTANDING = 4  # of one program's questions
WRITES_EVERY = 16
PATIENCE_MS = 60000
AGAIN_S, TRIES = 2.0, 5


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
        self.world, self.ours, self.numbers, self.wrong = world, world.library(), numbers, []
        self.handle, self.got, self.asked = self.ours.open(name), 0, 0

    def ask(self, handle, command, address, question, **more):
        data = data_of(question)

        def done(answer):
            self.got += 1
            try:
                assert answer.error == 0, f'{address:02x}h was asked {data.hex()}, {answer}'
                check(address, data, answer.data, answer.cc)
            except AssertionError as error:
                self.wrong.append(str(error))
        self.asked += 1
        handle.submit(done, *command, data, address=address, timeout_ms=PATIENCE_MS, **more)

    def wait(self, most=0):
        """Until at most so many are still to be answered."""
        end = time.monotonic() + 2 * PATIENCE_MS / 1000
        while self.asked - self.got > most:
            assert self.ours.wait(1000) >= 0, 'the agent is gone'
            assert time.monotonic() < end, f'{self.asked - self.got} answers never came'

    def run(self, outstanding=OUTSTANDING):
        for count, (address, number) in enumerate(places(self.numbers), 1):
            self.wait(outstanding - 1)
            self.ask(self.handle, READ if count % WRITES_EVERY else WRITE, address, number)
        self.wait()

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
        for _ in range(self.turns):
            for handle, address, client, number in self.lanes:
                self.ask(handle, READ, address, next(self.numbers), number=number,
                         virtual_client=client)
            self.wait()


class ByHand:
    """A program that bridges by itself, every question under the same number of its own."""

    def __init__(self, world, name, numbers, own_number):
        self.world, self.name, self.numbers, self.own = world, name, places(numbers), own_number
        self.asker, self.wrong = world.askers([name])[0], []

    def once(self, address, data):
        """The response, or None: it did not come in time, and the question must be asked again.
        Nobody else does that for a program that bridges by itself."""
        written = self.world.diary.ask(self.name, (0, address), *READ, data, raw=True)
        cc = self.asker.ask(*SEND_MESSAGE, send_message(address, *READ, data, number=self.own))
        assert cc == b'\0', f'Send Message: {cc.hex()}'
        end = time.monotonic() + AGAIN_S
        got = self.asker.ask(0x06, 0x33)
        while got[0] == 0x80:  # nothing there yet
            if time.monotonic() > end:
                written.hear(EXPIRED)
                return None
            time.sleep(0.002)
            got = self.asker.ask(0x06, 0x33)
        inner = response_on_bus(got[1:])
        assert got[0] == 0 and inner is not None, f'Get Message: {got.hex()}'
        written.hear(ANSWERED, inner.cc, inner.data)
        return inner

    def one(self, address, number):
        for _ in range(TRIES):
            inner = self.once(address, data_of(number))
            if inner is not None:
                break
        assert inner is not None, f'{TRIES} times no response'
        assert inner.number == self.own, f'asked under {self.own}, answered under {inner.number}'
        check(address, data_of(number), inner.data, inner.cc)

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
