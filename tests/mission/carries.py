# SPDX-License-Identifier: BSD-2-Clause
"""The agent in a guest, with nothing but the KCS registers below it: lines 16 and 17."""
import load
from events import Subscriber, fetched, happen

PROGRAMS, EACH, EVENTS = 64, 8, 20


def carries(world, link):
    """Multiplexes requests, de-multiplexes responses and events."""
    world.start()
    status = world.status()
    assert status['link'] == link, status
    assert status['wire_sequence'], status
    world.learn()
    programs = world.askers(f'program-{n}' for n in range(PROGRAMS))
    since = world.wire.mark()
    count, seconds = load.run(world, programs, EACH)
    window = world.wire.window(since)
    assert window == 1, f'{window} at once on an interface for one'
    with world.library() as ours:
        wants = [Subscriber(ours, 'wants-1'), Subscriber(ours, 'wants-2')]
        deaf, maker = ours.open('deaf'), ours.open('maker')
        happen(maker, wants[0], range(1, EVENTS + 1))
        wants[1].until(EVENTS)
        assert wants[0].events == wants[1].events == fetched(world) == list(range(1, EVENTS + 1))
        assert deaf.ask(6, 4).data == b'\x55\0'
    return (f'{link}: {count} requests of {PROGRAMS} programs one at a time on the registers, each '
            f'exactly once and each response at who asked ({count / seconds:.0f} a second); '
            f'{EVENTS} events fetched once and given to the 2 that asked for them; '
            f'{world.judged()}')
