#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Concurrently: one's wait is not another's."""
import collections
import os
import signal
import statistics
import time

from mission import main, wait_until
from record import Sending
from vm import SEND_MESSAGE, send_message

READERS, EACH = 8, 60
SILENT, HEALTHY = (4, 0xB6), 0xC0  # a slot and its board's address; another board's
NEIGHBOUR = 40
STUCK_REQUESTS, GREEDY, GREEDY_REQUESTS = 100, 5, 120
READ, GREEDY_COMMAND = (0x0A, 0x11), (0x04, 0x2D)  # Read FRU Data, Get Sensor Reading


def rounds_of(world, readers):
    """How long each answer took, in ms; all ask at once, over and over."""
    taken = []
    for turn in range(EACH):
        asked = [world.question(turn * READERS + number) for number in range(READERS)]
        began = time.monotonic()
        for one, (question, _) in zip(readers, asked):
            one.tell(question)
        for one, (_, answer) in zip(readers, asked):
            assert one.hear() == answer, one.name
            taken.append((time.monotonic() - began) * 1000)
    return taken


def show(world):
    world.start(chassis=('--chassis', 'drawer', '--service', '20', '--freeze'))
    world.learn()
    readers = world.askers(f'reader-{n}' for n in range(READERS))
    before = rounds_of(world, readers)
    world.vipmi('chassis', 'fault', 'lost', 'at', str(SILENT[0]))
    stopped = world.askers(['stopped'])[0]
    with world.library() as ours, world.library() as theirs:
        # One asks what is never answered; one asks and is stopped before it reads; some ask as much
        # as they may, all at once.
        waits, waiting, greedy = theirs.open('waits-for-a-silent-board'), [], []
        for _ in range(STUCK_REQUESTS):
            waits.submit(waiting.append, 6, 1, address=SILENT[1], timeout_ms=60000)
        theirs.wait(0)
        stopped.tell(*[bytes(SEND_MESSAGE) + send_message(0xB8, 6, 1)] * STUCK_REQUESTS)
        os.kill(stopped.pid, signal.SIGSTOP)
        since = world.wire.mark()
        for n in range(GREEDY):
            handle = ours.open(f'greedy-{n}')
            for sensor in range(GREEDY_REQUESTS):
                handle.submit(greedy.append, *GREEDY_COMMAND, bytes([sensor]), timeout_ms=60000)
        ours.wait(0)
        during = rounds_of(world, readers)
        wait_until(lambda: ours.wait(20) >= 0 and len(greedy) == GREEDY * GREEDY_REQUESTS,
                   'answers to the greedy ones')
        # On the bus as well: another board answers while that one does not.
        neighbour, began = ours.open('neighbour'), world.wire.mark()
        for sensor in range(NEIGHBOUR):
            assert neighbour.ask(*GREEDY_COMMAND, bytes([sensor]), address=HEALTHY).error == 0
        sent = collections.Counter(one.inner.address for one in world.wire.traffic(began)
                                   if isinstance(one, Sending))
        os.kill(stopped.pid, signal.SIGCONT)
        for _ in range(STUCK_REQUESTS):
            assert stopped.hear()[0] in (0, 0xC3), 'the stopped one did not go on'
    # Whoever comes last in one queue waits for all that stand there: what is left of the greedy ones'
    # requests must not be before what a reader asks.
    frames = world.wire.requests(since=since)
    last = max(place for place, one in enumerate(frames)
               if (one.netfn, one.command) == GREEDY_COMMAND)
    between = sum((one.netfn, one.command) == READ for one in frames[:last])
    assert between >= 4 * READERS, f'{between} reads before the greedy ones had all'
    assert sent[SILENT[1]] < sent[HEALTHY] == NEIGHBOUR, f'sent on the bus: {sent}'
    assert max(during) < 5000, f'somebody waited {max(during):.0f} ms'
    return (f'{READERS} readers beside one stopped, one that waits for a silent board, and {GREEDY} '
            f'with {GREEDY_REQUESTS} requests each at once: median {statistics.median(before):.1f} '
            f'ms before, {statistics.median(during):.1f} ms during, longest {max(during):.0f} ms; '
            f'{between} reads on the wire before the last of the {GREEDY * GREEDY_REQUESTS}; on the bus '
            f'{NEIGHBOUR} answers of another board while the silent one was asked '
            f'{sent[SILENT[1]]} times; '
            f'{world.judged()}')


main(show)
