#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Chassis, node card, many programs, one controller."""
import subprocess

from mission import SATELLITE, difference, main
from tasks import alone_with_cache


def show(world):
    world.start(chassis=('--service', '20', '--freeze'))
    kinds = {
        'ipmitool-sdr': ('ipmitool', '-I', 'open', 'sdr', 'elist'),
        'ipmitool-slot': ('ipmitool', '-I', 'open', '-t', hex(SATELLITE), 'sdr', 'elist'),
        'ipmitool-fru': ('ipmitool', '-I', 'open', 'fru', 'print'),
        'freeipmi-sensors': ('ipmi-sensors', '--driver-type=OPENIPMI', '--quiet-cache'),
        'freeipmi-info': ('bmc-info', '--driver-type=OPENIPMI', '--get-device-id'),
        'watchdog': ('ipmitool', '-I', 'open', 'mc', 'watchdog', 'get'),
    }
    # What each finds when it has the controller to itself.
    alone = {name: world.tool(*alone_with_cache(world, command), name=name)
             for name, command in kinds.items()}
    for word in ('Cpu Temp', 'Vcc 12V'):
        assert word in alone['ipmitool-sdr'] and word in alone['freeipmi-sensors'], word
    assert alone['ipmitool-slot'] and alone['ipmitool-slot'] != alone['ipmitool-sdr']
    keeper = world.askers(['libvipmi'])[0]
    since = world.wire.mark()
    running = {name: world.start_tool(name, *alone_with_cache(world, command),
                                      stderr=subprocess.STDOUT)
               for name, command in kinds.items()}
    together = set()
    while any(process.poll() is None for process in running.values()):
        together = max(together, {row['name'] for row in world.clients()}, key=len)
        if keeper.ask(6, 4) != b'\0\x55\0':
            raise AssertionError('the self test has another result')
    for name, process in running.items():
        said = process.stdout.read()
        assert process.returncode == 0, f'{name} ended with {process.returncode}: {said}'
        assert said == alone[name], f'{name} found: {difference(alone[name], said)}'
    seen = len(world.wire.requests(since=since))
    slot = len(world.wire.bus(since))
    assert slot > 0, 'no frame went to the satellite'
    return (f'{len(kinds) + 1} kinds of programs, up to {len(together)} with a virtual '
            f'controller at one moment, each found what it finds alone; the controller saw '
            f'{seen} requests, {slot} of them for slot 3')


main(show)
