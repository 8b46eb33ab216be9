#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Exclusive rights to commands."""
import signal

from mission import main, wait_until

STATUS = bytes([0x00, 0x01])  # Get Chassis Status
NOT_IN_STATE = b'\xd5'


def inside(address):
    """The same within Send Message, to our own controller."""
    head, body = bytes([address, 0x00]), bytes([0x81, 0x04, 0x01])
    return bytes([0x06, 0x34, 0x00]) + head + bytes([-sum(head) & 0xFF]) + body + \
        bytes([-sum(body) & 0xFF])


def hold(world):
    held = world.start_program([world.vipmi_program, 'reservation', 'hold', 'chassis',
                                'get-chassis-status', '--', 'cat'], stdin=-1)
    wait_until(lambda: len(world.rows('reservation', 'list')) == 1, 'the reservation')
    held.declared = world.diary.hold('holder', *STATUS)
    return held


def show(world):
    world.start()
    asker = world.askers(['stranger'])[0]
    assert asker.ask(*STATUS)[0] == 0
    held = hold(world)
    row = world.rows('reservation', 'list')[0]
    assert (row['netfn'], row['command'], row['direction']) == (0, 1, 'send'), row
    since = world.wire.mark()
    assert asker.ask(*STATUS) == NOT_IN_STATE
    ways = 1
    for address in (0x20,):
        asker.tell(inside(address))
        assert asker.hear() == NOT_IN_STATE, 'inside Send Message'
        ways += 1
    said = world.tool('ipmitool', '-I', 'open', 'chassis', 'status', code=None)
    assert 'not supported in present state' in said.lower(), said
    said = world.tool('ipmi-raw', '--driver-type=OPENIPMI', '0', '0', '1', code=None)
    assert 'D5' in said, said
    said = world.vipmi('raw', 'chassis', 'get-chassis-status', code=3)
    assert 'reserved' in said, said
    said = world.vipmi('reservation', 'hold', 'chassis', 'all', 'true', code=3)
    assert 'holds what is in the way' in said, said
    ways += 3
    assert not world.wire.requests(*STATUS, since=since), 'a reserved command was on the wire'
    assert not [one for one in world.wire.bus(since) if one.netfn == 0], 'on the bus'
    # Another command of that kind is nobody's. Then released: his program ends.
    assert asker.ask(0x00, 0x00)[0] == 0
    held.declared.end()
    held.stdin.close()
    assert held.wait(60) == 0
    assert asker.ask(*STATUS)[0] == 0, 'the right outlived its program'
    held = hold(world)
    assert asker.ask(*STATUS) == NOT_IN_STATE
    held.declared.end()
    held.send_signal(signal.SIGKILL)
    held.wait(60)
    wait_until(lambda: not world.rows('reservation', 'list'), 'the right to go')
    assert asker.ask(*STATUS)[0] == 0, 'the right outlived its killed holder'
    held = hold(world)
    held.declared.end()
    world.vipmi('reservation', 'revoke', str(world.rows('reservation', 'list')[0]['number']))
    assert asker.ask(*STATUS)[0] == 0, 'the right outlived its revocation'
    on_wire = len(world.wire.requests(*STATUS, since=since))
    assert on_wire == 3, on_wire
    return (f'refused D5 {ways} ways (shim, raw, Send Message, ipmitool, FreeIPMI, vipmi), 0 on '
            f'the wire; released, killed, revoked: {on_wire} answered, {on_wire} on the wire; '
            f'{world.judged()}')


main(show)
