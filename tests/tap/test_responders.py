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
from mission import main  # noqa: E402
from clients import ByHand, Numbers, Program, VirtualClients, tools  # noqa: E402
from controller import Behaviour  # noqa: E402
from hundred import all_ask, as_the_model_says, numbers_return  # noqa: E402
from questions import Stamped  # noqa: E402

PROGRAMS, VIRTUAL, BY_HAND, TOOLS = 60, 16, 12, 12
EACH = int(sys.argv.pop()) if len(sys.argv) > 2 else 64
WINDOW, BUS_WINDOW = 2, 16


def show(world):
    seed = int(time.time())
    print('seed', seed)
    world.questions = Stamped()
    world.start(window=WINDOW, bus_window=BUS_WINDOW,
                bus=Behaviour(lost=8, late=8, twice=60, seed=seed))
    numbers = Numbers()
    clients = [VirtualClients(world, 'many-parts', VIRTUAL, numbers.take(VIRTUAL * EACH), EACH)]
    clients += [Program(world, f'program-{n}', numbers.take(EACH)) for n in range(PROGRAMS)]
    clients += [ByHand(world, f'by-hand-{n}', numbers.take(EACH), n % 3) for n in range(BY_HAND)]
    clients += tools(world, TOOLS, numbers, EACH)
    took, count = all_ask(clients), dict(world.bus.count)
    world.bus.behaviour = Behaviour()
    rested = numbers_return(world, numbers)
    return (f'{PROGRAMS + VIRTUAL + BY_HAND + TOOLS} clients: {count["requests"]} requests to '
            f'{len(world.questions.responders)} responders in {took:.1f} s, {count["late"]} '
            f'answers late, {count["lost"]} lost, {count["twice"]} twice, 0 wrong; {rested}; '
            f'{as_the_model_says(world)}; {world.judged()}')


main(show)
