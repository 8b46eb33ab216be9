#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""The examples do what docs/examples.md says, as ipmitool and the wire see it: test_examples.py BUILD"""
import os
import re
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'mission'))
from mission import main, wait_until  # noqa: E402
from from_bus import answers, satellite_asks  # noqa: E402

NAMES = ('hotswap', 'responder', 'sensors', 'slots', 'watchdog')
RESET_TIMER, SET_TIMER, GET_TIMER = 0x22, 0x24, 0x25
EJECTOR, SLOT_TYPE = 0x4A, 0x21


def example(world, name):
    return world.built('examples/' + name)


def everything_has_help(world):
    for name in NAMES:
        out = world.run(example(world, name), '--help')
        assert out.startswith('usage: ' + name) and max(map(len, out.splitlines())) <= 100, out
        world.run(example(world, name), '--nonsense', code=2)
        world.environment['VIPMI_TARGET'] = world.path('nobody')
        out = world.run(example(world, name), *(['0xb4'] if name == 'slots' else []), code=1)
        assert 'is vipmid running' in out or 'nobody' in out, out
        world.environment['VIPMI_TARGET'] = world.target


def sensors_read_what_ipmitool_reads(world):
    path = world.path('metrics')
    world.run(example(world, 'sensors'), '--file', path)
    with open(path, encoding='utf-8') as file:
        text = file.read()
    assert text == world.run(example(world, 'sensors'))
    ours = {name.strip(): float(value) for name, value in re.findall(
        r'^ipmi_sensor_reading\{sensor="([^"]*)",.*\} (\S+)$', text, re.M)}
    theirs = {}
    for line in world.tool('ipmitool', '-I', 'open', 'sensor', 'list').splitlines():
        name, value, unit = (word.strip() for word in line.split('|')[:3])
        if unit != 'discrete' and value != 'na':
            theirs[name] = float(value)
    assert set(ours) == set(theirs) and len(ours) > 10, set(ours) ^ set(theirs)
    for name, value in theirs.items():
        assert abs(ours[name] - value) < 0.006, (name, ours[name], value)


def the_watchdog_is_fed_and_disarmed(world):
    since = world.wire.mark()
    process = world.start_program([example(world, 'watchdog'), '--seconds', '3'])
    assert process.stdout.readline() == 'armed for 3 s\n'
    wait_until(lambda: len(world.wire.requests(6, RESET_TIMER, since=since)) >= 3, 'food')
    assert world.askers(['looks'])[0].ask(6, GET_TIMER)[1] & 0x40, 'it does not run'
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    assert not world.askers(['looks'])[0].ask(6, GET_TIMER)[1] & 0x40, 'it still runs'
    process = world.start_program([example(world, 'watchdog'), '--seconds', '3', '--check', 'false'])
    assert process.stdout.readline() == 'armed for 3 s\n'
    since = world.wire.mark()
    wait_until(lambda: not world.askers(['l'])[0].ask(6, GET_TIMER)[1] & 0x40, 'the bite')
    assert not world.wire.requests(6, RESET_TIMER, since=since), 'it was fed'


def a_card_is_heard(world):
    process = world.start_program([example(world, 'hotswap'), '--count', '2'])
    wait_until(lambda: any(row['events'] for row in world.clients()), 'the subscription')
    asker = world.askers(['ejector'])[0]
    since = world.wire.mark()
    # 32h: byte 3 of the data is the slot's number.
    for sensor_type, offset in ((1, 0x59), (SLOT_TYPE, 4), (SLOT_TYPE, 0x32)):
        assert asker.ask(4, 2, bytes([0x41, 4, sensor_type, EJECTOR, 0x6F, offset, 0, 7]))[0] == 0
        wait_until(lambda: [e for e in world.wire.exchanges(since) if e.request.command == 0x35
                            and e.response and e.response.cc == 0], 'the event')
        since = world.wire.mark()
    out = process.communicate(timeout=60)[0].splitlines()
    assert process.returncode == 0 and len(out) == 2, out
    assert 'sensor 4Ah: ready to be removed' in out[0], out
    assert 'sensor 4Ah, slot 7: device installed' in out[1], out


def sixteen_virtual_clients_reach_their_slots(world):
    # One of them is there; of the others the bus says so.
    addresses = [0xB0 + 2 * n for n in range(9)] + [0xC4 + 2 * n for n in range(7)]
    since = world.wire.mark()
    out = world.run(example(world, 'slots'), '--rounds', '3', *map(hex, addresses))
    rows = [line.split() for line in out.splitlines()[1:]]
    assert [row[1] for row in rows] == ['%02Xh' % address for address in addresses], out
    for row in rows:
        assert row[3:6] == (['3', '0', '0'] if row[1] == 'B4h' else ['0', '3', '0']), row
    numbers = {(one.address, one.number) for one in world.wire.bus(since)}
    slot = next(row for row in rows if row[1] == 'B4h')
    assert numbers == {(0xB4, int(slot[2]))}, numbers


def is_answered(world, since, number, data):
    wait_until(lambda: answers(world, since), 'a response')
    assert answers(world, since) == [(number, data)], answers(world, since)


def start_responder(world, *words):
    process = world.start_program([example(world, 'responder'), *words])
    assert process.stdout.readline() == 'ready for 30h 41h\n'
    return process


def a_request_is_answered_by_its_holder_or_c1(world):
    with world.library() as library:
        ours = library.open('satellite')
        since = world.wire.mark()
        satellite_asks(ours, 20)
        is_answered(world, since, 20, b'\xc1')
        holder = start_responder(world)
        out = world.run(example(world, 'responder'), code=1)
        assert 'somebody else holds' in out, out
        since = world.wire.mark()
        satellite_asks(ours, 21, b'\x09\x08')
        is_answered(world, since, 21, b'\x00\x01\x09\x08')
        assert 'from B4h, number 21, 2 bytes' in holder.stdout.readline()
        assert holder.stdout.readline() == 'answered\n'
        # Another command is nobody's.
        since = world.wire.mark()
        satellite_asks(ours, 22, command=0x42)
        is_answered(world, since, 22, b'\xc1')
        holder.kill()
        holder.wait()
        wait_until(lambda: not world.rows('reservation', 'list'), 'the right to end')
        since = world.wire.mark()
        satellite_asks(ours, 23)
        is_answered(world, since, 23, b'\xc1')


def two_requests_are_answered_last_one_first(world):
    with world.library() as library:
        ours = library.open('satellite')
        holder = start_responder(world, '--together', '2', '--count', '2')
        since = world.wire.mark()
        satellite_asks(ours, 30, b'\x01')
        satellite_asks(ours, 31, b'\x02')
        assert holder.wait(60) == 0
        assert answers(world, since) == [(31, b'\x00\x02\x02'), (30, b'\x00\x02\x01')]


def show(world):
    world.start()
    for test in (everything_has_help, sensors_read_what_ipmitool_reads,
                 the_watchdog_is_fed_and_disarmed, a_card_is_heard,
                 sixteen_virtual_clients_reach_their_slots,
                 a_request_is_answered_by_its_holder_or_c1,
                 two_requests_are_answered_last_one_first):
        test(world)
        print('ok:', test.__name__, flush=True)
    return 'all examples'


main(show)
