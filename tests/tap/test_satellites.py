#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Eight satellites of the drawer and a hundred clients, with late, lost, repeated and reordered
responses as `vipmi chassis` orders them: no failure, no mix-up, no number with two owners; numbers rest
after a time-out and return. What really happened to the responses is counted by the tap.

usage: test_satellites.py BUILD [ROUNDS]
"""
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'mission'))
from mission import main  # noqa: E402
from clients import CommandLine, Numbers, Program, VirtualClients, tools  # noqa: E402
from hundred import all_ask, as_the_model_says, numbers_return  # noqa: E402
from questions import Inventory  # noqa: E402

PROGRAMS, VIRTUAL, COMMAND_LINES, TOOLS = 40, 16, 20, 24
EACH = 64
ROUNDS = int(sys.argv.pop()) if len(sys.argv) > 2 else 1
# Place and address of fabric card, node cards, power supply and fan tray (docs/chassis.md). The last
# two keep four requests waiting, the others twenty.
SATELLITES = {2: 0xB2, 4: 0xB6, 5: 0xB8, 9: 0xC0, 10: 0xC4, 20: 0xD8, 23: 0xDE, 25: 0xE2}
SPEED = '20'  # percent of a real one's times


class Weather(threading.Thread):
    """What goes wrong at the satellites, over and over until it shall end. At half of them some
    responses are late for the agent, at the others many by so little that they only overtake."""
    TURN_S = 2

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.over, self.path = world, threading.Event(), world.path('weather')
        places = list(SATELLITES)
        with open(self.path, 'w', encoding='utf-8') as file:
            for place in places:
                print(f'fault lost 1% at {place}\nfault duplicate 5% at {place}', file=file)
            for turn in range(2):
                for number, place in enumerate(places):
                    late = '1% by 2500ms' if number % 2 == turn else '30% by 40ms'
                    print(f'at {turn * self.TURN_S}s fault late {late} at {place}', file=file)
        self.start()

    def run(self):
        while not self.over.is_set():
            self.world.vipmi('chassis', 'run', self.path)
            self.over.wait(self.TURN_S)

    def end(self):
        self.over.set()
        self.join()
        self.world.vipmi('chassis', 'fault', 'none')


def clients_of(world, numbers, turn):
    many = VirtualClients(world, f'many-parts-{turn}', VIRTUAL, numbers.take(VIRTUAL * EACH), EACH)
    programs = [Program(world, f'program-{turn}-{n}', numbers.take(EACH)) for n in range(PROGRAMS)]
    by_hand = [CommandLine(world, f'by-hand-{turn}-{n}', numbers.take(EACH), n % 3, n % 4 > 0)
               for n in range(COMMAND_LINES)]
    return [many, *programs, *by_hand, *tools(world, TOOLS, numbers, EACH)]


def show(world):
    seed = int(time.time())
    print('seed', seed)
    world.questions = Inventory(tuple(SATELLITES.values()), seed)
    world.start(chassis=('--chassis', 'drawer', '--service', SPEED, '--freeze', '--seed', str(seed)))
    numbers, took = Numbers(), 0
    for turn in range(ROUNDS):
        with world.library() as ours:
            world.questions.fill(ours.open(f'filler-{turn}'))
        weather = Weather(world)
        took += all_ask(clients_of(world, numbers, turn))
        weather.end()
    asked = len(world.wire.bus())
    rested = numbers_return(world, numbers)
    happened = world.wire.misfortunes()
    assert all(happened.values()), f'something did not happen: {happened}'
    words = ', '.join(f'{count} {what}' for what, count in happened.items())
    return (f'{PROGRAMS + VIRTUAL + COMMAND_LINES + TOOLS} clients, {ROUNDS * EACH} questions '
            f'each, {asked} requests to {len(SATELLITES)} satellites in {took:.1f} s; on the wire {words}; 0 wrong; {rested}; '
            f'{as_the_model_says(world)}; {world.judged()}')


main(show)
