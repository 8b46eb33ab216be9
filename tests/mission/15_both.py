#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Both under load."""
import load
from mission import main

PROGRAMS, EACH, WINDOW = 256, 24, 8


def show(world):
    world.start(window=WINDOW)
    world.learn()
    programs = world.askers(f'program-{n}' for n in range(PROGRAMS))
    world.wire.alter = load.Turned()
    since = world.wire.mark()
    count, seconds = load.run(world, programs, EACH)
    window = world.wire.window(since)
    assert window <= WINDOW, f'{window} at the controller at once'
    return (f'{count} requests and responses of {PROGRAMS} programs in {seconds:.1f} s '
            f'({count / seconds:.0f} a second through the tap), at most {window} at the '
            f'controller, {world.wire.alter.count} overtaken; none wrong, lost or twice; '
            f'{world.judged()}')


main(show)
