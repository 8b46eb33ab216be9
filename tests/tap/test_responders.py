#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Eight responders and a hundred clients, with late, lost, repeated and overtaking responses: no
failure, no mix-up, no number with two owners; numbers rest after a time-out and return.

usage: test_responders.py BUILD [QUESTIONS-OF-EACH-CLIENT]
"""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'mission'))
from mission import judge, main  # noqa: E402
from clients import ByHand, Numbers, Program, Tool, VirtualClients  # noqa: E402
from controller import RESPONDERS, Behaviour  # noqa: E402
from library import in_threads  # noqa: E402

PROGRAMS, VIRTUAL, BY_HAND, TOOLS = 60, 16, 12, 12
EACH = int(sys.argv.pop()) if len(sys.argv) > 2 else 64
WINDOW, BUS_WINDOW = 2, 16


def returned(world):
    """Whether every number that rested was used again, or had no cause to."""
    rested, again = judge.rested(world.wire, world.diary, judge.Rules())
    return rested, again


def show(world):
    seed = int(time.time())
    world.start(window=WINDOW, bus_window=BUS_WINDOW,
                bus=Behaviour(lost=8, late=8, twice=60, seed=seed))
    print('seed', seed)
    numbers = Numbers()
    many = VirtualClients(world, 'many-parts', VIRTUAL, numbers.take(VIRTUAL * EACH), EACH)
    clients = [many]
    clients += [Program(world, f'program-{n}', numbers.take(EACH)) for n in range(PROGRAMS)]
    clients += [ByHand(world, f'by-hand-{n}', numbers.take(EACH), n % 3) for n in range(BY_HAND)]
    clients += [Tool(world, f'tool-{n}', [*range(n, n + EACH * 8, 8)]) for n in
                range(1 << 24, (1 << 24) + TOOLS)] if False else \
        [Tool(world, f'tool-{n}', numbers.take(EACH)) for n in range(TOOLS)]
    began = time.monotonic()
    in_threads([one.run for one in clients])
    took = time.monotonic() - began
    wrong = [text for one in clients for text in one.wrong]
    assert not wrong, f'{len(wrong)} wrong: {wrong[0]}'
    # More traffic, until the quarantines are over and the numbers come round again.
    last = time.monotonic() + 8
    more = Program(world, 'more', [])
    while True:
        before = more.got
        for number in numbers.take(64 * len(RESPONDERS)):
            more.wait(number - numbers.next + 64 * len(RESPONDERS) - OUT + before)
            more.ask(more.handle, (0x0A, 0x11), RESPONDERS[number % len(RESPONDERS)], number)
        more.wait(before + 64 * len(RESPONDERS))
        if time.monotonic() > last:
            break
    assert not more.wrong, more.wrong[0]
    rested, again = returned(world)
    many_owned = {(o.channel, o.address, o.number) for o in world.diary.owned}
    assert rested > 0
    evidence = world.judged()
    count = world.bus.count
    for one in clients:
        one.end()
    more.end()
    return (f'{PROGRAMS + VIRTUAL + BY_HAND + TOOLS} clients (seed {seed}): {count["requests"]} '
            f'requests to {len(RESPONDERS)} responders in {took:.1f} s, {count["late"]} answers '
            f'late, {count["lost"]} lost, {count["twice"]} twice; {rested} numbers rested, '
            f'{again} of them used again since; {evidence} ({len(many_owned)} numbers reserved)')


OUT = 64
main(show)
