#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Programs use the resources simultaneously."""
from mission import main

COUNT, EACH = 16, 12


def show(world):
    world.start(chassis=('--service', '20', '--freeze'), window=4, bus_window=8)
    world.learn()
    programs = world.askers(f'program-{n}' for n in range(COUNT))
    since = world.wire.mark()
    for number, one in enumerate(programs):
        one.tell(*(world.question(number * EACH + turn)[0] for turn in range(EACH)))
    for number, one in enumerate(programs):
        for turn in range(EACH):
            assert one.hear() == world.question(number * EACH + turn)[1], one.name
    owner = {world.question(n)[0]: n // EACH for n in range(COUNT * EACH)}
    trace = [exchange for exchange in world.wire.exchanges(since)
             if exchange.response is not None]
    owned = [(owner[bytes([e.request.netfn, e.request.command]) + e.request.data], e)
             for e in trace]
    # Who was served between the first and the last request of each.
    spans = {who: [e for w, e in owned if w == who] for who in range(COUNT)}
    first = max(span[0].request.at for span in spans.values())
    last = min(span[-1].response.at for span in spans.values())
    assert first < last, 'somebody had ended before somebody else began'
    turns = sum(a != b for (a, _), (b, _) in zip(owned, owned[1:]))
    at_once = max(len({w for w, e in owned if e.request.at <= at < e.response.at})
                  for at in [e.request.at for e in trace])
    assert at_once >= 2, 'never two programs at the controller at once'
    assert world.wire.window(since) <= 4, 'more than the window at the controller'
    return (f'{COUNT} programs, all between their first and last request for '
            f'{(last - first) * 1000:.0f} ms in common; {len(owned)} requests on the wire '
            f'changed owner {turns} times; {at_once} programs at the controller at once; '
            f'{world.judged()}')


main(show)
