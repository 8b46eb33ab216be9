#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""256 virtual controllers for 256 programs, and more."""
import subprocess
import time

from mission import main

# Real tools among them, held open by their own ways to read commands from a pipe.
TOOLS_EACH = 16


def tools(world):
    """ipmitool's shell and ipmi-raw, each of which keeps its handle until its input ends."""
    started = []
    for number in range(TOOLS_EACH):
        started.append((world.start_tool(f'ipmitool-{number}', 'ipmitool', '-I', 'open', 'shell',
                                         stdin=subprocess.PIPE), 'raw ', '0x'))
        started.append((world.start_tool(f'ipmi-raw-{number}', 'ipmi-raw',
                                         '--driver-type=OPENIPMI', stdin=subprocess.PIPE),
                        '0 ', ''))
    return started


def bytes_of(text):
    # ipmitool's shell repeats what it was told, after its prompt.
    lines = [line for line in text.splitlines() if not line.startswith('ipmitool>')]
    return bytes(int(word, 16) for word in ' '.join(lines).replace('rcvd:', ' ').split())


def so_many(world, count):
    asked_tools = tools(world)
    programs = world.askers(f'p{n}' for n in range(count - len(asked_tools)))
    since = world.wire.mark()
    listed = world.clients()
    for _ in range(100):
        if len(listed) >= count:
            break
        time.sleep(0.1)
        listed = world.clients()
    pids = {process.pid for process, _, _ in asked_tools} | {one.pid for one in programs}
    assert len(listed) == count and {row['pid'] for row in listed} == pids, \
        f'{len(listed)} virtual controllers for {count} programs'
    assert len({row['handle'] for row in listed}) == count, 'a handle is listed twice'
    # All of them are there; now each asks, and all wait at once.
    for number, one in enumerate(programs):
        one.tell(world.question(number)[0])
    for number, (process, before, prefix) in enumerate(asked_tools, len(programs)):
        question = world.question(number)[0]
        process.stdin.write(before + ' '.join(f'{prefix}{b:02x}' for b in question) + '\n')
        process.stdin.flush()
    for number, one in enumerate(programs):
        assert one.hear() == world.question(number)[1], f'{one.name} got a wrong answer'
    assert len(world.clients()) == count, 'some went before all had asked'
    for number, (process, _, _) in enumerate(asked_tools, len(programs)):
        answer = world.question(number)[1]
        out = bytes_of(process.communicate(timeout=60)[0])
        assert out in (answer[1:], b'\x11' + answer), f'a tool got {out.hex()}'
    for number in range(count):
        asked = len(world.seen(world.question(number)[0], since))
        assert asked == 1, f'question {number} was {asked} times on the wire'
    for one in programs:
        one.end()
    return count


def show(world):
    world.start()
    world.learn()
    done = [so_many(world, count) for count in (256, 257, 1024)]
    return (f"{', '.join(map(str, done))} programs (processes) at once, each listed with its "
            f'own handle; every question once on the wire, every answer right; '
            f'{world.judged()}')


main(show)
