#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Independent tasks, no correlation to others'."""
import time

from mission import main
from tasks import TASKS, Tasks

COPIES = 4


def show(world):
    seed = int(time.time())
    world.start()
    tasks = Tasks(world)
    alone = len(world.wire.requests())
    since = world.wire.mark()
    tasks.at_random(COPIES, seed)
    count = tasks.check()
    together = len(world.wire.requests(since=since))
    return (f'{count} runs of {len(TASKS)} tasks of ipmitool and FreeIPMI at random (seed '
            f'{seed}): each printed what it prints alone; {together / COPIES:.0f} requests on '
            f'the wire for each set, {alone} when one after the other; '
            f'{world.judged()}')


main(show)
