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
REST_S = 12  # time for what was given up last to rest and be used again
ROUND = 64 * len(RESPONDERS)


def show(world):
    seed = int(time.time())
    print('seed', seed)
    world.start(window=WINDOW, bus_window=BUS_WINDOW,
                bus=Behaviour(lost=8, late=8, twice=60, seed=seed))
    numbers = Numbers()
    clients = [VirtualClients(world, 'many-parts', VIRTUAL, numbers.take(VIRTUAL * EACH), EACH)]
    clients += [Program(world, f'program-{n}', numbers.take(EACH)) for n in range(PROGRAMS)]
    clients += [ByHand(world, f'by-hand-{n}', numbers.take(EACH), n % 3) for n in range(BY_HAND)]
    clients += [Tool(world, f'tool-{n}', numbers.take(EACH)) for n in range(TOOLS)]
    began = time.monotonic()
    in_threads([one.run for one in clients])
    took = time.monotonic() - began
    wrong = [text for one in clients for text in one.wrong]
    assert not wrong, f'{len(wrong)} wrong: {wrong[0]}'
    count = dict(world.bus.count)
    # More traffic, until the quarantines are over and the numbers have come round again.
    world.bus.behaviour = Behaviour()
    more, end = Program(world, 'more', []), time.monotonic() + REST_S
    while time.monotonic() < end:
        more.numbers = numbers.take(ROUND)
        more.run(outstanding=64)
        time.sleep(0.5)
    assert not more.wrong, more.wrong[0]
    rested, again = judge.rested(world.wire, world.diary, judge.Rules())
    reserved = {(o.address, o.number) for o in world.diary.owned}
    assert rested > 0 and again >= rested - len(reserved), f'{again} of {rested} numbers returned'
    evidence = world.judged()
    for one in clients + [more]:
        one.end()
    return (f'{PROGRAMS + VIRTUAL + BY_HAND + TOOLS} clients: {count["requests"]} requests to '
            f'{len(RESPONDERS)} responders in {took:.1f} s, {count["late"]} answers late, '
            f'{count["lost"]} lost, {count["twice"]} twice, 0 wrong; {len(reserved)} numbers '
            f'reserved; {rested} rested, {again} of them used again since; {evidence}')


main(show)
