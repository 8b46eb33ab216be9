# SPDX-License-Identifier: BSD-2-Clause
"""Clients of every kind that ask responders on the bus, each question once only, and write down what
they asked and got: through libvipmi, as virtual clients with numbers of their own, by hand with Send
Message and Get Message (told what to ask, or as `vipmi raw`), and ipmitool through the shim. Whom they
ask, what, and which answer is right is the world's `questions` (questions.py).
"""
import json
import subprocess
import time

from diary import ANSWERED, EXPIRED, FAILED
from questions import READ, WRITE
from vm import GET_MESSAGE, SEND_MESSAGE, response_on_bus, send_message

OUTSTANDING = 4  # of one program's questions
WRITES_EVERY = 16
PATIENCE_MS = 60000
AGAIN_S, TRIES = 2.0, 5
NOTHING_THERE, NOTHING_THERE_EXIT = 0x80, 5  # Get Message; the exit status of vipmi


class Numbers:
    """Question numbers, a range for each client."""

    def __init__(self):
        self.next = 0

    def take(self, count):
        self.next += count
        return range(self.next - count, self.next)


class Program:
    """Asks through libvipmi, a few at once, on a connection of its own."""

    def __init__(self, world, name, numbers):
        self.world, self.ours, self.numbers, self.wrong = world, world.library(), numbers, []
        self.handle, self.got, self.asked = self.ours.open(name), 0, 0

    def ask(self, handle, command, number, own=None, **more):
        address, data = self.world.questions.question(number)

        def done(answer):
            self.got += 1
            try:
                assert answer.error == 0, f'{address:02x}h was asked {data.hex()}, {answer}'
                self.world.questions.check(address, data, answer.data, answer.cc)
            except AssertionError as error:
                self.wrong.append(str(error))
        self.asked += 1
        handle.submit(done, *command, data, address=address, number=own,
                      timeout_ms=PATIENCE_MS, **more)
        return address

    def wait(self, most=0):
        """Until at most so many are still to be answered."""
        end = time.monotonic() + 2 * PATIENCE_MS / 1000
        while self.asked - self.got > most:
            assert self.ours.wait(1000) >= 0, 'the agent is gone'
            assert time.monotonic() < end, f'{self.asked - self.got} answers never came'

    def run(self, outstanding=OUTSTANDING):
        for count, number in enumerate(self.numbers, 1):
            self.wait(outstanding - 1)
            write = self.world.questions.writes and count % WRITES_EVERY == 0
            self.ask(self.handle, WRITE if write else READ, number)
        self.wait()

    def end(self):
        self.ours.close()


class VirtualClients(Program):
    """One program with so many virtual clients, each of which has a number toward each responder and
    asks under it, one question after the other."""

    def __init__(self, world, name, clients, numbers, each):
        super().__init__(world, name, [])
        responders = world.questions.responders
        handles = {address: self.ours.open(f'{name}-{address:02x}') for address in responders}
        # In the order of questions, which go to all responders in turn.
        self.lanes = [(handles[address], address, client,
                       handles[address].reserve_numbers(address, client, count=1)[0])
                      for client in range(clients) for address in responders]
        self.numbers, self.turns = iter(numbers), each // len(responders)
        assert len(numbers) == clients * each

    def run(self):
        # All lanes ask what they have to ask: the agent keeps the order of those of one number.
        for _ in range(self.turns):
            for handle, address, client, number in self.lanes:
                asked = self.ask(handle, READ, next(self.numbers), own=number,
                                 virtual_client=client)
                assert asked == address, f'{asked:02x}h was asked with a number at {address:02x}h'
            self.wait()


class ByHand:
    """A program that bridges by itself, every question under the same number of its own. Nobody but
    itself asks again when no response came in time."""

    def __init__(self, world, name, numbers, own_number):
        self.world, self.name, self.numbers, self.own = world, name, numbers, own_number
        self.wrong = []
        self.begin()

    def begin(self):
        self.asker = self.world.askers([self.name])[0]

    def bridge(self, message):
        """The data of Get Message, or None: nothing came in time."""
        cc = self.asker.ask(*SEND_MESSAGE, message)
        assert cc == b'\0', f'Send Message: {cc.hex()}'
        end = time.monotonic() + AGAIN_S
        got = self.asker.ask(*GET_MESSAGE)
        while got[0] == NOTHING_THERE:
            if time.monotonic() > end:
                return None
            time.sleep(0.002)
            got = self.asker.ask(*GET_MESSAGE)
        assert got[0] == 0, f'Get Message: {got.hex()}'
        return got[1:]

    def once(self, address, data):
        """The response, or None: the question must be asked again."""
        written = self.world.diary.ask(self.name, (0, address), *READ, data, raw=True)
        got = self.bridge(send_message(address, *READ, data, number=self.own))
        if got is None:
            written.hear(EXPIRED)
            return None
        inner = response_on_bus(got)
        assert inner is not None, f'Get Message: {got.hex()}'
        written.hear(ANSWERED, inner.cc, inner.data)
        return inner

    def one(self, number):
        address, data = self.world.questions.question(number)
        for _ in range(TRIES):
            inner = self.once(address, data)
            if inner is not None:
                break
        assert inner is not None, f'{TRIES} times no response'
        assert inner.number == self.own, f'asked under {self.own}, answered under {inner.number}'
        self.world.questions.check(address, data, inner.data, inner.cc)

    def run(self):
        for number in self.numbers:
            try:
                self.one(number)
            except AssertionError as error:
                self.wrong.append(f'{self.name}: {error}')

    def end(self):
        self.asker.end()


class CommandLine(ByHand):
    """`vipmi raw app send-message … + app get-message`: a process for each question, or one to
    which they are written line by line, as long as it lasts: it ends when nothing came in time."""

    def __init__(self, world, name, numbers, own_number, lasting):
        self.lasting, self.process = lasting, None
        super().__init__(world, name, numbers, own_number)

    def begin(self):
        pass

    def start(self, *words):
        self.process = self.world.start_program(
            [self.world.vipmi_program, '-o', 'jsonl', 'raw', '--name', self.name,
             '--wait', f'{AGAIN_S:.0f}s', '--timeout', f'{PATIENCE_MS}ms', *words],
            stdin=subprocess.PIPE)

    def bridge(self, message):
        words = ['app', 'send-message', *map(str, message), '+', 'app', 'get-message']
        if not self.lasting:
            self.start(*words)
        elif self.process is None:
            self.start('-')
        if self.lasting:
            self.process.stdin.write(' '.join(words) + '\n')
            self.process.stdin.flush()
        sent = self.row()
        assert sent['completion_code'] == 0, f'Send Message: {sent}'
        got = self.row()
        if got['completion_code'] == NOTHING_THERE or not self.lasting:
            self.finish(NOTHING_THERE_EXIT if got['completion_code'] else 0)
        if got['completion_code'] == NOTHING_THERE:
            return None
        assert got['completion_code'] == 0, f'Get Message: {got}'
        return bytes.fromhex(got['data'])

    def row(self):
        line = self.process.stdout.readline()
        assert line, f'{self.name} ended with {self.process.wait()}'
        return json.loads(line)

    def finish(self, code=0):
        if self.process is not None:
            self.process.communicate()
            assert self.process.returncode == code, f'ended with {self.process.returncode}'
        self.process = None

    def run(self):
        super().run()
        self.finish()  # it would not outlive the thread that started it

    def end(self):
        pass


class Tool:
    """ipmitool over the shim, one responder, all questions in one shell."""

    def __init__(self, world, name, numbers):
        self.world, self.name, self.wrong = world, name, []
        asked = [world.questions.question(number) for number in numbers]
        (self.address,), self.asked = {address for address, _ in asked}, asked
        self.process = world.start_tool(name, 'ipmitool', '-I', 'open', '-t', hex(self.address),
                                        'shell', stdin=subprocess.PIPE)

    def run(self):
        written = [self.world.diary.ask(self.name, (0, address), *READ, data)
                   for address, data in self.asked]
        said = self.process.communicate(''.join(
            'raw ' + ' '.join(f'0x{b:02x}' for b in bytes(READ) + one.data) + '\n'
            for one in written), timeout=4 * PATIENCE_MS / 1000)[0]
        answers = [bytes.fromhex(text.split('\n', 1)[-1].replace('\n', ' ').strip() or '00')
                   for text in said.split('ipmitool>')[1:-1]] if 'ipmitool>' in said else []
        for one, answer in zip(written, answers):
            one.hear(ANSWERED, 0, answer)
            try:
                self.world.questions.check(self.address, one.data, answer)
            except AssertionError as error:
                self.wrong.append(f'{self.name}: {error}')
        for one in written[len(answers):]:
            one.hear(FAILED)
            self.wrong.append(f'{self.name} says: {said[-200:]}')

    def end(self):
        self.process.wait(60)


def tools(world, count, numbers, each):
    """So many of them; each group has a tool for every responder."""
    responders, found = len(world.questions.responders), []
    for place in range(count):
        if place % responders == 0:
            group = numbers.take(each * responders)
        found.append(Tool(world, f'tool-{place}', group[place % responders::responders]))
    return found
