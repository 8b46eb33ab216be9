#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Chassis, node card, many programs, one controller."""
import subprocess

from mission import difference, main
from tasks import alone_with_cache

# Boards of the drawer, each managed by a program of its own (docs/chassis.md).
BOARDS = {'fabric': 0xB2, 'node': 0xB6, 'node-9': 0xC0, 'supply': 0xDE, 'fans': 0xE2}
SLOTS = 21


def shown(world):
    """The hardware, as it says itself: a backplane with our card in one of its slots."""
    told = world.rows('chassis', 'show')
    places, slots = told['places'], told['slots']
    ours = [one for one in places if one['own']]
    assert len(places) > slots == SLOTS and len(ours) == 1 and ours[0]['kind'] == 'node', told
    assert ours[0]['address'] == told['own_address'] == 0x20, told
    addresses = {one['address'] for one in places}
    assert len(addresses) == len(places) and set(BOARDS.values()) <= addresses, addresses
    return ours[0]['place']


def show(world):
    world.start(chassis=('--chassis', 'drawer', '--service', '20', '--freeze'))
    slot = shown(world)
    kinds = {
        'ipmitool-sdr': ('ipmitool', '-I', 'open', 'sdr', 'elist'),
        'ipmitool-fru': ('ipmitool', '-I', 'open', 'fru', 'print', '0'),
        'freeipmi-sensors': ('ipmi-sensors', '--driver-type=OPENIPMI', '--quiet-cache'),
        'freeipmi-info': ('bmc-info', '--driver-type=OPENIPMI', '--get-device-id'),
        'watchdog': ('ipmitool', '-I', 'open', 'mc', 'watchdog', 'get'),
    } | {f'ipmitool-{name}': ('ipmitool', '-I', 'open', '-t', hex(address), 'sdr', 'elist')
         for name, address in BOARDS.items()}
    # What each finds when it has the controller to itself.
    alone = {name: world.tool(*alone_with_cache(world, command), name=name)
             for name, command in kinds.items()}
    for word in ('Cpu Temp', 'Vcc 12V'):
        assert word in alone['ipmitool-sdr'] and word in alone['freeipmi-sensors'], word
    for name, word in (('fabric', 'Switch Temp'), ('node', 'Dimm Temp'), ('supply', 'Output Current'),
                       ('fans', 'Fan A')):
        assert word in alone[f'ipmitool-{name}'], alone[f'ipmitool-{name}']
    keeper = world.askers(['libvipmi'])[0]
    since = world.wire.mark()
    running = {name: world.start_tool(name, *alone_with_cache(world, command),
                                      stderr=subprocess.STDOUT)
               for name, command in kinds.items()}
    together = []
    while any(process.poll() is None for process in running.values()):
        together = max(together, world.clients(), key=len)
        assert keeper.ask(6, 4) == b'\0\x55\0', 'the self test has another result'
    for name, process in running.items():
        said = process.stdout.read()
        assert process.returncode == 0, f'{name} ended with {process.returncode}: {said}'
        assert said == alone[name], f'{name} found: {difference(alone[name], said)}'
    assert len({row['handle'] for row in together}) == len({row['pid'] for row in together}) > 3, \
        f'not each with a virtual controller of its own: {together}'
    boards = {one.address for one in world.wire.bus(since)}
    assert boards == set(BOARDS.values()), f'boards that were asked: {boards}'
    return (f'our node card in slot {slot} of {SLOTS}; {len(kinds) + 1} kinds of programs, up to '
            f'{len(together)} with a virtual controller of their own at one moment, each found what '
            f'it finds alone; its controller saw {len(world.wire.requests(since=since))} requests, '
            f'and {len(world.wire.bus(since))} went to {len(boards)} other boards; {world.judged()}')


main(show)
