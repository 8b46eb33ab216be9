#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Asynchronous messages on request."""
from events import Subscriber, fetched, happen
from mission import NotYet, main

SUBSCRIBERS, EVENTS = 20, 1200


def show(world):
    world.start()
    with world.library() as ours, world.library() as maker_library:
        awake = [Subscriber(ours, f'subscriber-{n}') for n in range(SUBSCRIBERS)]
        deaf = world.askers(['not-subscribed'])[0]
        maker = maker_library.open('maker')
        # On the connection that asks, and never looks at what it got: it shall be told.
        asleep = Subscriber(maker_library, 'asleep')
        marks = list(range(1, EVENTS + 1))
        happen(maker, awake[0], marks)
        for one in awake:
            one.until(EVENTS)
            assert one.events == marks and not one.lost, 'an event is lost, twice, out of order'
        on_wire = fetched(world)
        assert on_wire == marks, f'{len(on_wire)} events were fetched from the controller'
        while len(asleep.events) + asleep.lost < EVENTS:
            assert maker_library.wait(60000) >= 0
        assert asleep.lost > 0 and len(asleep.events) + asleep.lost == EVENTS, asleep.lost
        assert deaf.ask(6, 4)[0] == 0
    evidence = (f'{EVENTS} events, each fetched once from the controller, in order at '
                f'{SUBSCRIBERS} subscribers; one that slept had {len(asleep.events)} and was '
                f'told it lost {asleep.lost}')
    if 'event follow' not in world.vipmi('--help'):
        raise NotYet(evidence + '. Filters: not yet')
    return evidence


main(show)
