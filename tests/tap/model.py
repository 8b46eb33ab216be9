# SPDX-License-Identifier: BSD-2-Clause
"""A small model of the de-multiplexer: what becomes of each response, by docs alone (interfaces.md
2 to 4; rights.md). It reads the wire as the agent did and says what each question must have got.

    A request on the bus is under way from its sending until a response or until it is given up.
    A response is whose request is under way to that responder under that number, with that netFn
    and that command. One that is nobody's is dropped. Checksums are the controller's to check.
    Node busy (C0) is no answer: the agent asks again, except for a program that bridges by hand.
    At the system interface a response is whose request has its sequence number.
"""
import collections
from dataclasses import dataclass, field

import judge
from diary import ANSWERED, CONTROLLER
from record import Sending
from vm import GET_MESSAGE, SEND_MESSAGE

NODE_BUSY = 0xC0


@dataclass
class Way:
    """A question on its way, and what it must have got."""
    key: tuple
    sent: float  # last
    answers: list = field(default_factory=list)  # (completion code, data, when, in time for sure)


def predict(record, silence_s=judge.Rules.silence_s):
    """By question, in order, its ways. A response is in time for sure if no agent can have given
    its request up by then; if one can, either is right."""
    found, flying = collections.defaultdict(list), {}
    for one in record.traffic():
        inner = one.inner
        if isinstance(one, Sending):
            question = ((inner.channel, inner.address), inner.lun, inner.netfn, inner.command,
                        inner.data)
            way = flying.get(inner.key)
            if one.cc > 0:
                continue  # never was on the bus
            if way is not None and way.key == question:
                way.sent = one.at
                continue
            flying[inner.key] = Way(question, one.at)
            found[question].append(flying[inner.key])
        elif inner.key in flying:
            way = flying[inner.key]
            in_time = one.at - way.sent < silence_s
            way.answers.append((inner.cc, inner.data, one.at, in_time))
            if in_time and inner.cc != NODE_BUSY:
                del flying[inner.key]
    for exchange in record.exchanges():
        request, response = exchange.request, exchange.response
        if (request.netfn, request.command) in (SEND_MESSAGE, GET_MESSAGE):
            continue
        question = CONTROLLER, request.lun, request.netfn, request.command, request.data
        way = Way(question, request.at)
        if response is not None:
            way.answers.append((response.cc, response.data, response.at, True))
        found[question].append(way)
    return found


def compare(record, diary):
    """Where a program got something else than the model says: one line each. Of questions that
    are asked more than once the model cannot tell whose is whose."""
    predicted, differences = predict(record), []
    times = collections.Counter(asked.key for asked in diary.asked)
    for asked in diary.asked:
        if times[asked.key] > 1:
            continue
        possible = [answer for way in predicted.get(asked.key, ())
                    for answer in way.answers if answer[0] != NODE_BUSY or asked.raw]
        sure = [answer for answer in possible if answer[3]]
        what = f'{asked.program}: {asked.responder} netFn {asked.netfn:02x} command ' \
               f'{asked.command:02x} {asked.data.hex()}'
        if asked.outcome == ANSWERED:
            if not any((cc, data) == (asked.cc, asked.answer) for cc, data, _, _ in possible):
                differences.append(f'{what} got {asked.cc:02x} {asked.answer.hex()}, the model '
                                   f'says {[(c, d.hex()) for c, d, _, _ in possible]}')
        elif sure and sure[0][2] < asked.answered and not asked.gone:
            differences.append(f'{what} was told {asked.outcome}, the model says {sure[0][0]:02x} '
                               f'{sure[0][1].hex()}')
    return differences
