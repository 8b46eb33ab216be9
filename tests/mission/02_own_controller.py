#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""To each program its own virtual controller."""
from mission import main

COUNT = 24
GET_ENABLES, SET_ENABLES = 0x2F, 0x2E


def show(world):
    world.start()
    programs = world.askers(f'program-{n}' for n in range(COUNT))
    rows = {row['pid']: row for row in world.clients()}
    assert len(rows) == COUNT == len({row['handle'] for row in rows.values()}), rows
    for one in programs:
        assert rows[one.pid]['name'] == one.name, (one.name, rows[one.pid])
    # What one sets in its controller is its own: every other one finds its own value there.
    for number, one in enumerate(programs):
        assert one.ask(6, SET_ENABLES, bytes([0x08 | number & 7]))[0] == 0
    for number, one in enumerate(programs):
        found = one.ask(6, GET_ENABLES)
        assert found[0] == 0 and found[1] & 7 == number & 7, (one.name, found.hex())
    shown = world.rows('client', 'show', str(rows[programs[0].pid]['client']))
    written = {frame.data[0] & 7 for frame in world.wire.requests(6, SET_ENABLES)}
    assert len(written) <= 1, f'the real enables were set to {written}'
    assert programs[0].name in str(shown)
    for one in programs:
        one.end()
    assert not world.clients(), 'a virtual controller outlived its program'
    return (f'{COUNT} programs, {COUNT} handles, one each by process id; enables set to 8 '
            f'different values at once, all read back; the wire shows none of them; '
            f'{world.judged()}')


main(show)
