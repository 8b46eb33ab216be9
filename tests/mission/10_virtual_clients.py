#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Virtual clients and their sequence numbers."""
from mission import SATELLITE, main, wait_until
from numbered import equal_requests, mark_and_turn_around

CLIENTS = 16


def show(world):
    world.start(window=4)
    with world.library() as ours:
        handle = ours.open('many-parts')
        owned = {}
        for client in range(CLIENTS):
            owned[1000 + client] = handle.reserve_numbers(SATELLITE, 1000 + client, count=1)[0]
        rows = world.rows('sequence', 'list')
        assert len(set(owned.values())) == CLIENTS and rows, rows
        marks = mark_and_turn_around(world)
        asked, turned = equal_requests(world, ours, [(handle, owned)], marks)
        other = ours.open('another')
        refused = other.ask(6, 1, address=SATELLITE, number=owned[1000])
        assert refused.error == -2 and refused.sent == 0, refused
    assert wait_until(lambda: not world.clients(), 'the end') is None
    return (f'{CLIENTS} virtual clients of one program, a number each: {asked} equal requests '
            f'whose answers differed, {turned} answered out of order on the wire; every answer '
            f'with the virtual client whose number it carried; '
            f'{world.judged()}')


main(show)
