#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Virtual clients and their sequence numbers."""
import library
from mission import BESIDE, MODULE, SATELLITE, main, wait_until
from numbered import equal_requests, mark_and_turn_around

EPERM = 1
CLIENTS, OTHERS = 16, 12


def show(world):
    world.start(window=4)
    with world.library() as ours:
        # Two virtual controllers, whose virtual clients have the same names.
        handle, second = ours.open('many-parts'), ours.open('other-parts')
        owned = {1000 + client: handle.reserve_numbers(SATELLITE, 1000 + client, count=1)[0]
                 for client in range(CLIENTS)}
        # Particular ones, all or none.
        free = sorted(set(range(64)) - set(owned.values()))[-OTHERS:]
        try:
            second.reserve_numbers(SATELLITE, 1000, numbers=1 << free[0] | 1 << owned[1000])
            raise AssertionError('a number was given twice')
        except library.Failed as refused:
            assert refused.error == EPERM, refused
        others = {1000 + client: second.reserve_numbers(SATELLITE, 1000 + client,
                                                        numbers=1 << number)[0]
                  for client, number in enumerate(free)}
        assert list(others.values()) == free, others
        taken = [*owned.values(), *others.values()]
        assert len(set(taken)) == CLIENTS + OTHERS, 'a number has two owners'
        rows = world.rows('sequence', 'list')
        assert {row['number'] for row in rows} >= set(taken), rows
        marks = mark_and_turn_around(world)
        asked, turned = equal_requests(world, ours, [(handle, owned), (second, others)], marks)
        refused = second.ask(6, 1, address=SATELLITE, number=owned[1000])
        assert refused.error == -2 and refused.sent == 0, refused
    assert wait_until(lambda: not world.clients(), 'the end') is None
    return (f'{CLIENTS} virtual clients of one virtual controller and {OTHERS} of another, of the '
            f'same names, a number each: {asked} equal requests '
            f'whose answers differed, {turned} answered out of order on the wire; every answer '
            f'at the virtual controller and client whose number it carried; '
            f'{world.judged()}')


main(show, BESIDE, MODULE)
