#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The agent de-multiplexes: the response path."""
import load
from mission import main

PROGRAMS, EACH, WINDOW = 64, 20, 8


def show(world):
    world.start(window=WINDOW)
    world.learn()
    programs = world.askers(f'program-{n}' for n in range(PROGRAMS))
    world.wire.alter = load.Turned()
    count, _ = load.run(world, programs, EACH)
    turned = world.wire.alter.count
    assert turned > 0, 'no response overtook another'
    return (f'{count} responses to {PROGRAMS} programs, {turned} of them overtaken by a later '
            f'one on the wire: each at the program that asked; '
            f'{world.judged()}')


main(show)
