# SPDX-License-Identifier: BSD-2-Clause
"""What programs declare: what they asked and were told, which rights and which sequence numbers were
theirs, each with its time. A program writes down a question before it asks, and an answer or a
grant after it has it; it writes down that it gives something back before it does. So whatever is
between two of its times was really so, on a machine however slow.
"""
import math
import threading
import time
from dataclasses import dataclass, field

CONTROLLER = None  # the responder of what goes to the controller itself
ANY = None

# What became of a question.
ANSWERED = 'answered'  # the controller or the responder said so
REFUSED = 'refused'  # the agent said so, and nothing was sent
EXPIRED = 'expired'  # the program's own time was over; whoever was asked may be still at it
FAILED = 'failed'  # the agent gave the controller or the responder up


@dataclass
class Asked:
    program: str  # a handle's name
    place: int  # among all that was asked
    at: float
    responder: tuple  # channel and address, or CONTROLLER
    netfn: int
    command: int
    data: bytes
    lun: int = 0
    number: int = None  # a sequence number reserved before, or one written by hand
    raw: bool = False  # in a Send Message of the program's own, with its own number
    mutates: bool = False
    outcome: str = None
    cc: int = None
    answer: bytes = b''
    answered: float = math.inf
    answers: int = 0
    gone: bool = False  # its program did not wait for the answer

    @property
    def key(self):
        return self.responder, self.lun, self.netfn, self.command, self.data

    def hear(self, outcome, cc=0, answer=b''):
        self.answers += 1
        self.outcome, self.cc, self.answer = outcome, cc, bytes(answer)
        self.answered = time.monotonic()


@dataclass
class Held:
    """A right to commands of a netFn: to send them, to one address or wherever they go; or to receive
    them from the bus. It was in force from `since` to `until`, and may have been from `asked` to
    `gone`."""
    program: str
    since: float
    netfn: int
    command: int = ANY
    body: bytes = ANY  # defining body or IANA number, as the data begin with it
    address: int = ANY
    until: float = math.inf
    asked: float = -math.inf
    gone: float = math.inf
    lease_s: float = None
    receive: bool = False

    def __post_init__(self):
        if self.lease_s is not None:
            # It began at some time between the question and the answer.
            self.until = min(self.until, self.asked + self.lease_s)
            self.gone = min(self.gone, self.since + self.lease_s)

    def end(self):
        self.until = min(self.until, time.monotonic())

    def ended(self):
        self.gone = min(self.gone, time.monotonic())


@dataclass
class Heard:
    """A request from the bus that a program was given, and what it answers."""
    program: str
    at: float
    key: tuple  # channel, who asks, number, netFn, command, data
    answer: bytes = None  # completion code first
    went: bool = None  # what the agent says of the answer, once it does


@dataclass
class Owned:
    program: str
    since: float
    channel: int
    address: int
    number: int
    virtual_client: int = 0
    until: float = math.inf

    def end(self):
        self.until = min(self.until, time.monotonic())


@dataclass
class Diary:
    asked: list = field(default_factory=list)
    held: list = field(default_factory=list)
    owned: list = field(default_factory=list)
    heard: list = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, program, responder, netfn, command, data=b'', **more):
        with self.lock:
            one = Asked(program, len(self.asked), time.monotonic(), responder, netfn, command,
                        bytes(data), **more)
            self.asked.append(one)
        return one

    def hold(self, program, netfn, command=ANY, **more):
        one = Held(program, time.monotonic(), netfn, command, **more)
        self.held.append(one)
        return one

    def hear(self, program, *key):
        one = Heard(program, time.monotonic(), key)
        self.heard.append(one)
        return one

    def own(self, program, channel, address, number, virtual_client=0):
        one = Owned(program, time.monotonic(), channel, address, number, virtual_client)
        self.owned.append(one)
        return one
