#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Concurrently: one's wait is not another's."""
import os
import signal
import statistics
import time

from mission import main

READERS, EACH = 8, 60
NOBODY = 0x60  # no responder has this address
STUCK_REQUESTS = 100


def send_message(address, netfn, command):
    head = bytes([address, netfn << 2])
    body = bytes([0x20, 0x04, command])
    return bytes([0x06, 0x34, 0x00]) + head + bytes([-sum(head) & 0xFF]) + body + \
        bytes([-sum(body) & 0xFF])


def round_of(world, readers):
    """How long each answer took, in ms, all readers asking one after the other."""
    taken = []
    for turn in range(EACH):
        for number, one in enumerate(readers):
            question, answer = world.question(turn * READERS + number)
            began = time.monotonic()
            one.tell(question)
            assert one.hear() == answer
            taken.append((time.monotonic() - began) * 1000)
    return taken


def show(world):
    world.start(chassis=('--service', '5', '--freeze'))
    world.learn()
    readers = world.askers(f'reader-{n}' for n in range(READERS))
    before = round_of(world, readers)
    stuck = world.askers(['stuck', 'slow'])
    with world.library() as ours:
        silent = ours.open('waits-for-nobody')
        waiting = []
        for _ in range(8):
            silent.submit(waiting.append, 6, 1, address=NOBODY, timeout_ms=60000)
        ours.wait(0)
        # One asks and is stopped before it reads; one asks more than its turn.
        stuck[0].tell(*(send_message(0xB4, 6, 1) for _ in range(STUCK_REQUESTS)))
        os.kill(stuck[0].pid, signal.SIGSTOP)
        stuck[1].tell(*(world.question(n)[0] for n in range(STUCK_REQUESTS)))
        since = world.wire.mark()
        during = round_of(world, readers)
        seen = len(world.wire.requests(0x0A, 0x11, since=since))
        os.kill(stuck[0].pid, signal.SIGCONT)
    # The stuck one stood for the whole time; machines are noisy, the waits of others are not it.
    assert max(during) < 5000, f'somebody waited {max(during):.0f} ms'
    assert seen >= READERS * EACH, f'{seen} requests of the readers on the wire'
    return (f'{READERS} readers beside one stopped, one greedy, one waiting for nobody: median '
            f'{statistics.median(before):.1f} ms before, {statistics.median(during):.1f} ms '
            f'during, longest {max(during):.0f} ms; {seen} reads on the wire meanwhile; '
            f'{world.judged()}')


main(show)
