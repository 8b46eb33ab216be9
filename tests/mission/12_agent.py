#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""An agent couples virtual controllers to the one."""
from events import Subscriber, fetched, happen
from mission import hexadecimal, main


def show(world):
    world.start()
    world.learn()
    asker = world.askers(['libvipmi'])[0]
    since = world.wire.mark()
    asked = [world.question(number) for number in range(4)]
    # Accepted from each kind of program, byte by byte on the wire, and back byte by byte.
    assert asker.ask(asked[0][0][0], asked[0][0][1], asked[0][0][2:]) == asked[0][1]
    words = [f'0x{byte:02x}' for byte in asked[1][0]]
    said = world.tool('ipmitool', '-I', 'open', 'raw', *words)
    assert bytes.fromhex(said) == asked[1][1][1:], said
    said = world.tool('ipmi-raw', '--driver-type=OPENIPMI', '0', *hexadecimal(asked[2][0]).split())
    assert bytes.fromhex(said.split(':')[1])[1:] == asked[2][1], said
    said = world.vipmi('raw', *(f'0x{byte:02x}' for byte in asked[3][0]))
    assert bytes.fromhex(said) in (asked[3][1], asked[3][1][1:]), said
    for question, answer in asked:
        seen = [one for one in world.wire.exchanges(since)
                if bytes([one.request.netfn, one.request.command]) + one.request.data == question]
        assert len(seen) == 1, f'{len(seen)} times on the wire'
        assert bytes([seen[0].response.cc]) + seen[0].response.data == answer
    # What comes from the controller goes to those that asked for it, and to no other.
    with world.library() as ours:
        wants = [Subscriber(ours, 'wants-1'), Subscriber(ours, 'wants-2')]
        maker = ours.open('maker')
        happen(maker, wants[0], range(1, 21))
        wants[1].until(20)
        assert wants[0].events == wants[1].events == fetched(world) == list(range(1, 21))
        listed = {row['name']: row['events'] for row in world.clients()}
        assert listed['wants-1'] and not listed['maker'] and not listed['libvipmi'], listed
    assert asker.ask(6, 4) == b'\0\x55\0', 'something else came first'
    asker.end()
    world.agent.terminate()
    assert world.agent.wait(60) == 0
    return ('vipmid: 4 kinds of programs, every request on the wire byte by byte and every answer '
            'back; 20 events fetched once and delivered to the 2 that asked for them alone; '
            f'{world.judged()}')


main(show)
