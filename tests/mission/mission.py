# SPDX-License-Identifier: BSD-2-Clause
"""What every line of the mission is shown on: a running chassis, the wire, vipmid, programs.

A line's file calls main(show). show(world) returns one line of evidence, or raises: an assertion
says what was not true. World.start() starts the hardware and the agent. Lines about the module, and
about the daemon on the hardware itself, are shown by the same function with the agent in a guest
(guest.py): main(show, BESIDE, MODULE).
"""
import argparse
import collections
import difflib
import json
import os
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import traceback

TAP = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'tap')
sys.path.insert(0, TAP)
import judge  # noqa: E402
import library  # noqa: E402
from controller import Controller  # noqa: E402
from guest import Guest  # noqa: E402
from diary import ANSWERED, CONTROLLER, REFUSED, Diary  # noqa: E402
from wire import Wire  # noqa: E402

# For what must happen, but nobody says when on a busy machine.
PATIENCE_S = 5 if 'VIPMI_RIVAL' in os.environ else 90
NEEDS_GUEST = 77
# Where the agent is: vipmid beside us; vipmi.ko, or vipmid, in a guest, on the KCS registers.
BESIDE, MODULE, DAEMON = 'beside', 'module', 'daemon'
NAMES = {BESIDE: 'vipmid', MODULE: 'vipmi.ko', DAEMON: 'vipmid on the registers'}
SATELLITE = 0xB4
TOOLS = os.environ | {'LC_ALL': 'C', 'TZ': 'UTC'}


def wait_until(condition, what, patience=PATIENCE_S):
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, f'waited in vain for {what}'
        time.sleep(0.01)


def hexadecimal(data):
    return ' '.join(f'{byte:02x}' for byte in data)


def difference(wanted, found):
    """The lines that are another, for a person."""
    return '; '.join(line for line in difflib.unified_diff(
        wanted.splitlines(), found.splitlines(), 'alone', 'now', lineterm='', n=0))


class Asker:
    """A real program of its own, that asks what it is told to (asker.c)."""

    def __init__(self, world, name):
        self.name, self.world, self.waiting = name, world, collections.deque()
        self.process = world.start_program([world.built('tests/mission/asker'), name],
                                           stdin=subprocess.PIPE)

    @property
    def pid(self):
        return self.process.pid

    def opened(self):
        line = self.process.stdout.readline()
        assert line == 'open\n', f'{self.name} got no virtual controller: {line}'
        return self

    def tell(self, *requests):
        for one in requests:
            key = one[0], one[1]
            self.waiting.append(None if key in library.OWN_STATE else self.world.diary.ask(
                self.name, CONTROLLER, *key, one[2:]))
        self.process.stdin.write(''.join(hexadecimal(one) + '\n' for one in requests))
        self.process.stdin.flush()

    def hear(self):
        """Completion code and data of the next answer."""
        line = self.process.stdout.readline()
        assert line and not line.startswith('error'), f'{self.name}: {line or "ended"}'
        answer, written = bytes.fromhex(line), self.waiting.popleft()
        if written is not None:
            # Refused by the agent: what others reserved, and nobody has answers it on the wire.
            refused = answer == b'\xd5'
            written.hear(REFUSED if refused else ANSWERED, answer[0], answer[1:])
        return answer

    def ask(self, netfn, command, data=b''):
        self.tell(bytes([netfn, command]) + data)
        return self.hear()

    def end(self):
        self.process.stdin.close()
        assert self.process.wait(PATIENCE_S) == 0, f'{self.name} ended badly'


class World:
    def __init__(self, build, rival=False, where=BESIDE, lab=None):
        """With the naive multiplexer in vipmid's place, if that is wanted (tests/tap/naive.py)."""
        self.rival, self.bus, self.where, self.lab, self.guest = rival, None, where, lab, None
        self.build = os.path.abspath(build)
        self.folder = tempfile.mkdtemp(prefix='vipmi-mission-')
        self.target = self.path('ipmi0.sock')
        self.environment = TOOLS | {'VIPMI_TARGET': self.target, 'HOME': self.folder}
        self.processes, self.wire, self.diary = [], None, Diary()
        self.told = []
        self.vipmi_program = self.built('cli/vipmi')

    def path(self, name):
        return os.path.join(self.folder, name)

    def built(self, name):
        return os.path.join(self.build, name)

    # ---- the hardware and the agent ----

    def start(self, chassis=('--service', '0', '--freeze'), window=1, bus_window=8, agent=(),
              bus=None):
        """The chassis, or a bus of responders that behave as `bus` says (tests/tap/controller.py);
        the eye on the wire; and vipmid, up and served."""
        if bus is not None:
            self.bus = Controller(self.path('vm'), bus)
        else:
            self.start_chassis(chassis)
        self.wire = Wire(self.path('tap'), self.path('vm'))
        self.start_agent(window, bus_window, agent)
        return self

    def start_chassis(self, chassis):
        self.chassis = self.start_program(
            [self.built('chassisd/vipmi-chassisd'), '--listen', 'unix:' + self.path('vm'),
             *chassis], log='chassisd.log', stdout=subprocess.PIPE)
        assert self.chassis.stdout.readline().startswith('SIMULATED'), 'no chassis'

    def start_agent(self, window=1, bus_window=8, more=()):
        if self.where != BESIDE:
            # A KCS interface takes one request at a time, whatever the line would like.
            self.windows = 1, 8
            with open(self.path('guest.log'), 'a', encoding='utf-8') as log:
                self.guest = Guest(self.lab, self.where, self.path('tap'), self.target, log)
            wait_until(self.served, 'the guest, its agent and its link')
            return
        self.windows = window, bus_window
        link = f'vm:unix:{self.path("tap")},window={window},bus_window={bus_window}'
        command = [self.built('agent/vipmid'), '--link', link, '--socket', self.target, *more]
        if self.rival:
            command = [sys.executable, os.path.join(TAP, 'naive.py'), self.path('tap'),
                       self.target]
        self.agent = self.start_program(command, log='vipmid.log', stdout=subprocess.DEVNULL)
        wait_until(self.served, 'vipmid and its link')

    def served(self):
        """Whether the agent answers and its controller too. The socket is there a moment before
        somebody listens."""
        assert self.guest is None or self.guest.process.poll() is None, 'the guest has ended'
        said = self.vipmi('-o', 'json', 'status', code=None)
        return said.startswith(('{', '[')) and json.loads(said)['responsive']

    def start_program(self, command, log=None, **more):
        """A process that does not outlive us, with its words in a pipe or a log."""
        more = {'stdout': subprocess.PIPE, 'text': True, 'env': self.environment} | more
        with open(self.path(log or 'programs.log'), 'a', encoding='utf-8') as errors:
            process = subprocess.Popen(['setpriv', '--pdeathsig', 'KILL', *command],
                                       **{'stderr': errors} | more)
        self.processes.append(process)
        return process

    def stop(self):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.terminate()
        for process in reversed(self.processes):
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for stream in (process.stdin, process.stdout):
                if stream and not stream.closed:
                    try:
                        stream.close()
                    except BrokenPipeError:
                        pass
        for one in (self.guest, self.wire, self.bus):
            if one:
                one.stop()

    # ---- programs ----

    def run(self, *command, code=0, **more):
        """Runs a program to its end; what it printed."""
        done = subprocess.run(command, env=self.environment, stdin=subprocess.DEVNULL, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
                              timeout=PATIENCE_S, **more)
        assert code in (None, done.returncode), \
            f"{' '.join(command)}: ended with {done.returncode}: {done.stdout}"
        return done.stdout

    def vipmi(self, *words, code=0):
        return self.run(self.vipmi_program, *words, code=code)

    def rows(self, *words):
        return json.loads(self.vipmi('-o', 'json', *words))

    def status(self):
        return self.rows('status')

    def clients(self):
        return self.rows('client', 'list')

    def through(self, name, *command):
        """A command line that runs a program on a virtual controller of that name."""
        return [self.vipmi_program, 'exec', '--name', name, '--', *command]

    def tool(self, *command, name='tool', code=0):
        return self.run(*self.through(name, *command), code=code)

    def start_tool(self, name, *command, **more):
        return self.start_program(self.through(name, *command), **more)

    def library(self):
        """A connection of our own through libvipmi's shared library."""
        return library.Library(self.built('client/libvipmi.so'), self.target, self.diary)

    def askers(self, names):
        """One program for each name, all of them with their handle open."""
        started = [Asker(self, name) for name in names]
        self.told += started
        return [one.opened() for one in started]

    # ---- the verdict ----

    def faults(self, checks=None):
        """What tests/tap/judge.py finds in all that the eye on the wire saw and programs of ours
        wrote down."""
        for one in self.told:
            for written in one.waiting:
                if written is not None:
                    written.gone = True
        rules = judge.Rules(window=self.windows[0], bus_window=self.windows[1])
        return judge.judge(self.wire, self.diary, rules, checks)

    def judged(self):
        """That there is no fault in it; what was judged."""
        faults = self.faults()
        assert not faults, judge.words(faults)
        return f'the tap judged {len(self.wire.frames)} frames and {len(self.diary.asked)} ' \
               f'declared requests: no fault'

    # ---- questions of which no two have the same answer ----

    def learn(self):
        """Reads the node card's FRU, so that `question` knows the answers."""
        with self.library() as ours:
            handle = ours.open('learner')
            size = struct.unpack('<H', handle.ask(0x0A, 0x10, b'\0').data[:2])[0]
            self.image = b''
            while len(self.image) < size:
                self.image += handle.ask(0x0A, 0x11, struct.pack(
                    '<BHB', 0, len(self.image), min(16, size - len(self.image)))).data[1:]

    def question(self, number):
        """A Read FRU Data of its own for every number, and the answer to it (34.2)."""
        places = len(self.image) - 32
        offset, count = number % places, 1 + number // places % 31
        return (bytes([0x0A, 0x11]) + struct.pack('<BHB', 0, offset, count),
                bytes([0, count]) + self.image[offset:offset + count])

    def seen(self, question, since=0):
        """Those frames on the wire that are this question."""
        return self.wire.requests(question[0], question[1], question[2:], since)


def raise_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def shown(show, build, where, lab=None):
    """The evidence, or None: it is not true, and why was printed."""
    # A test of the tests: nothing of it may pass with the rival (tests/tap/test_naive.py).
    world = World(build, 'VIPMI_RIVAL' in os.environ, where, lab)
    evidence = None
    try:
        found = show(world)
        if world.guest:
            found += f'; {world.guest.end()} checks in the guest'
        evidence = found
    except Exception as error:
        traceback.print_exc()
        what = str(error).strip().split('\n')[0] or repr(error)
        print(f'evidence: {NAMES[where]}: {what}; logs in {world.folder}', flush=True)
    world.stop()
    if evidence is not None:
        shutil.rmtree(world.folder)
    return evidence


def main(show, *places):
    """Shows it wherever it is to be shown, and can be: in guests with a laboratory alone, elsewhere
    unless the guests alone are wanted."""
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('--lab')
    parser.add_argument('--guests', action='store_true')
    options = parser.parse_args()
    places = places or (BESIDE,)
    ready = [where for where in places
             if (not options.guests if where == BESIDE else options.lab)]
    raise_files()
    found = []
    for where in ready:
        evidence = shown(show, options.build, where, options.lab)
        if evidence is None:
            sys.exit(1)
        found.append(f'{NAMES[where]}: {evidence}' if len(places) > 1 else evidence)
    if len(ready) < len(places) and not options.guests:
        found.append('In a guest: make mission')
    print('evidence:', '. '.join(found), flush=True)
    sys.exit(0 if ready else NEEDS_GUEST)
