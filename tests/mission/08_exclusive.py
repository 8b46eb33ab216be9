#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Exclusive rights to commands."""
import signal
import time

import library
from mission import SATELLITE, main, wait_until
from vm import SEND_MESSAGE, send_message

STATUS = bytes([0x00, 0x01])  # Get Chassis Status
NOT_IN_STATE = b'\xd5'
LEASE_MS, RENEWALS = 800, 3
EPERM, OWN_ADDRESS = 1, 0x20


PLAIN = send_message(OWN_ADDRESS, *STATUS)
# Data of Send Message that end at our own controller.
INSIDE = {'at its address': PLAIN, 'at its address with bit 0 set': send_message(0x21, *STATUS),
          'by the channel it comes from': send_message(OWN_ADDRESS, *STATUS, channel=0x0E),
          'broadcast': PLAIN[:1] + b'\0' + PLAIN[1:],
          'nested': send_message(OWN_ADDRESS, *SEND_MESSAGE, PLAIN),
          'by a satellite': send_message(SATELLITE, *SEND_MESSAGE, PLAIN)}


def hold(world):
    held = world.start_program([world.vipmi_program, 'reservation', 'hold', 'chassis',
                                'get-chassis-status', '--', 'cat'], stdin=-1)
    wait_until(lambda: len(world.rows('reservation', 'list')) == 1, 'the reservation')
    held.declared = world.diary.hold('holder', *STATUS)
    return held


def granted_for_a_time(world, asker):
    """A lease: as long as it is renewed, and no longer."""
    with world.library() as ours:
        holder, other = ours.open('tenant'), ours.open('next-tenant')
        refused = 0
        for _ in range(RENEWALS):
            holder.reserve(library.right(*STATUS), lease_ms=LEASE_MS)
            assert holder.ask(*STATUS).cc == 0
            time.sleep(LEASE_MS / 2000)
            refused += asker.ask(*STATUS) == NOT_IN_STATE
        # On a busy machine one or the other lease was over; the judge knows which.
        assert refused > 0, 'the right was none'
        wait_until(lambda: not world.rows('reservation', 'list'), 'the lease to end')
        assert asker.ask(*STATUS)[0] == 0, 'the right outlived its lease'
        other.reserve(library.right(*STATUS))
        assert (holder.ask(*STATUS).cc, other.ask(*STATUS).cc) == (NOT_IN_STATE[0], 0)
    wait_until(lambda: not world.rows('reservation', 'list'), 'the rights to go')
    said = world.vipmi('reservation', 'hold', '--lease', f'{LEASE_MS}ms', 'chassis',
                       'get-chassis-status', '--', 'sleep', str(2 * LEASE_MS / 1000))
    assert asker.ask(*STATUS)[0] == 0, said


def all_or_nothing(world, asker):
    """Of a list one of which is another's nothing is granted."""
    with world.library() as ours:
        one, two = ours.open('one'), ours.open('two')
        one.reserve(library.right(0x00, 0x00))
        try:
            two.reserve(library.right(*STATUS), library.right(0x00, 0x00), library.right(0x06, 0x08))
            raise AssertionError('a right was given twice')
        except library.Failed as refused:
            assert refused.error == EPERM, refused
        assert asker.ask(*STATUS)[0] == 0 and asker.ask(0x06, 0x08)[0] == 0, 'half a list was granted'
        assert asker.ask(0x00, 0x00) == NOT_IN_STATE


def show(world):
    world.start()
    asker = world.askers(['stranger'])[0]
    assert asker.ask(*STATUS)[0] == 0
    held = hold(world)
    row = world.rows('reservation', 'list')[0]
    assert (row['netfn'], row['command'], row['direction']) == (0, 1, 'send'), row
    since = world.wire.mark()
    assert asker.ask(*STATUS) == NOT_IN_STATE
    for way, data in INSIDE.items():
        assert asker.ask(*SEND_MESSAGE, data) == NOT_IN_STATE, f'inside Send Message, {way}'
    said = world.tool('ipmitool', '-I', 'open', 'chassis', 'status', code=None)
    assert 'not supported in present state' in said.lower(), said
    said = world.tool('ipmi-raw', '--driver-type=OPENIPMI', '0', '0', '1', code=None)
    assert 'D5' in said, said
    said = world.vipmi('raw', 'chassis', 'get-chassis-status', code=3)
    assert 'reserved' in said, said
    said = world.vipmi('reservation', 'hold', 'chassis', 'all', 'true', code=3)
    assert 'holds what is in the way' in said, said
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
    granted_for_a_time(world, asker)
    all_or_nothing(world, asker)
    return (f'refused D5 to libvipmi, vipmi, ipmitool, FreeIPMI, and {len(INSIDE)} ways inside of '
            f'Send Message, 0 on '
            f'the wire; released, killed, revoked: {on_wire} answered, {on_wire} on the wire; a lease '
            f'renewed {RENEWALS - 1} times refused others so long and no longer; of a list all or '
            f'nothing; '
            f'{world.judged()}')


main(show)
