#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The agent multiplexes: the request path."""
import load
from mission import main

PROGRAMS, EACH = 64, 20


def show(world):
    world.start(chassis=('--service', '2', '--freeze'))
    world.learn()
    programs = world.askers(f'program-{n}' for n in range(PROGRAMS))
    since = world.wire.mark()
    count, _ = load.run(world, programs, EACH)
    window = world.wire.window(since)
    assert window == 1, f'{window} at once on an interface for one'
    return (f'{count} requests of {PROGRAMS} programs came over one link one at a time, each '
            f'exactly once; '
            f'{world.judged()}')


main(show)
