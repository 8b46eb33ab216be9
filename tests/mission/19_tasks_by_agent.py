#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Independent tasks by way of the agent."""
import random
import struct
import time

from mission import main
from library import in_threads

PROGRAMS, ROUNDS = 12, 3
LAST = 0xFFFF


def repository(handle, pause):
    """Reads every sensor record in pieces, under a reservation of one's own (33.11, 33.12)."""
    records, record = [], 0
    reservation = handle.ask(0x0A, 0x22).data
    while record != LAST:
        data = b''
        while len(data) < 5 or len(data) < 5 + data[4]:
            pause()
            want = 5 if not data else min(16, 5 + data[4] - len(data))
            answer = handle.ask(0x0A, 0x23, reservation + struct.pack(
                '<HBB', record, len(data), want))
            assert answer.cc == 0, f'record {record:04x} at {len(data)}: {answer}'
            data += answer.data[2:]
        records.append(data)
        record = struct.unpack_from('<H', answer.data)[0]
    return records


def log(handle, pause):
    """Reads the event log from end to end (31.5)."""
    entries, entry = [], 0
    while entry != LAST:
        pause()
        answer = handle.ask(0x0A, 0x43, struct.pack('<HHBB', 0, entry, 0, 0xFF))
        if answer.cc == 0xCB:
            break
        assert answer.cc == 0, answer
        entries.append(answer.data[2:])
        entry = struct.unpack_from('<H', answer.data)[0]
    return entries


def sensors(handle, pause):
    readings = []
    for number in range(1, 20):
        pause()
        answer = handle.ask(0x04, 0x2D, bytes([number]))
        readings.append((answer.cc, answer.data))
    return readings


def show(world):
    seed = int(time.time())
    world.start(chassis=('--service', '1', '--freeze'), window=2)
    tasks = (repository, log, sensors)
    with world.library() as ours:
        first = ours.open('alone')
        began = world.wire.mark()
        alone = [task(first, lambda: None) for task in tasks]
        once = len(world.wire.requests(since=began))
        cancelled = []
        since = world.wire.mark()

        def program(number):
            dice = random.Random(seed + number)

            def pause():
                time.sleep(dice.random() * 0.001)
            with world.library() as own:
                handle = own.open(f'program-{number}')
                for turn in range(ROUNDS):
                    which = (number + turn) % len(tasks)
                    found = tasks[which](handle, pause)
                    if found != alone[which]:
                        cancelled.append((number, which))
        in_threads([lambda n=n: program(n) for n in range(PROGRAMS)])
        assert not cancelled, f'found something else than alone: {cancelled}'
    together = len(world.wire.requests(since=since))
    sets = PROGRAMS * ROUNDS / len(tasks)
    refused = [e for e in world.wire.exchanges(since) if e.response and e.response.cc == 0xC5]
    assert together <= sets * once * 1.5, f'{together} requests for what takes {sets * once:.0f}'
    return (f'{PROGRAMS} programs, {PROGRAMS * ROUNDS} tasks at random (seed {seed}), each found '
            f'what it finds alone: {together / sets:.0f} requests a set on the wire, {once} '
            f'alone; {len(refused)} reservations broken on the wire, seen by nobody; '
            f'{world.judged()}')


main(show)
