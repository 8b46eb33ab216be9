#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sequence numbers decide, by way of the agent."""
from mission import SATELLITE, main
from numbered import equal_requests, mark_and_turn_around

PROGRAMS, CLIENTS, RAW = 6, 8, 12
GET_DEVICE_SDR = (0x04, 0x21)
OWN_NUMBER, ROUNDS = 5, 6


def checksum(data):
    return -sum(data) & 0xFF


def send_message(number, netfn, command, data):
    """A Send Message as a program writes it that bridges by itself (22.7), tracking off."""
    head = bytes([SATELLITE, netfn << 2])
    body = bytes([0x20, number << 2 | 2, command]) + data
    return bytes([0x06, 0x34, 0x00]) + head + bytes([checksum(head)]) + body + \
        bytes([checksum(body)])


def bridge(program, data):
    """Waits in its own receive queue for the response, which must be as it wrote the request."""
    program.tell(send_message(OWN_NUMBER, *GET_DEVICE_SDR, data))
    assert program.hear() == b'\0'
    while True:
        got = program.ask(0x06, 0x33)
        if got[0] != 0x80:  # the queue is empty
            break
    inner = got[2:]
    assert got[0] == 0 and sum(b'\x20' + inner[:2]) & 0xFF == 0 and sum(inner[2:]) & 0xFF == 0, \
        got.hex()
    assert (inner[2], inner[3] >> 2, inner[4]) == (SATELLITE, OWN_NUMBER, GET_DEVICE_SDR[1]), \
        got.hex()
    return inner[5:-1]


def show(world):
    world.start(window=4)
    with world.library() as ours:
        owners = []
        for program in range(PROGRAMS):
            handle = ours.open(f'program-{program}')
            owners.append((handle, {}))
            for client in range(CLIENTS):
                owners[-1][1][client] = handle.reserve_numbers(SATELLITE, client, count=1)[0]
        taken = [number for _, owned in owners for number in owned.values()]
        assert len(set(taken)) == len(taken) == PROGRAMS * CLIENTS, 'a number has two owners'
        marks = mark_and_turn_around(world)
        asked, turned = equal_requests(world, ours, owners, marks)
        # Those who bridge by hand all write the same number; on the wire none of them has it
        # if it is somebody's, and none has that of another that is under way.
        asker = ours.open('learner')
        # Record and offset differ, so that each asks for something else.
        questions = [bytes([0, 0, 0, 0, n, 3]) for n in range(RAW)]
        known = [asker.ask(*GET_DEVICE_SDR, one, address=SATELLITE) for one in questions]
        programs = world.askers(f'raw-{n}' for n in range(RAW))
        since = world.wire.mark()
        for turn in range(ROUNDS):
            for number, one in enumerate(programs):
                answer = known[(number + turn) % RAW]
                got = bridge(one, questions[(number + turn) % RAW])
                assert got == bytes([answer.cc]) + answer.data, (one.name, got.hex(), answer)
        used = {one.number for one in world.wire.bus(since)}
        assert not used & set(taken), f'reserved numbers used by others: {used & set(taken)}'
        said = world.tool('ipmitool', '-I', 'open', '-t', hex(SATELLITE), 'mc', 'info')
        assert 'Device ID                 : 52' in said, said
    return (f'{PROGRAMS} programs with {CLIENTS} virtual clients each: {asked} equal requests, '
            f'{turned} answered out of order, 0 mixed up; {RAW} programs bridged {RAW * ROUNDS} '
            f'by hand under one number {OWN_NUMBER}, on the wire under {len(used)} others')


main(show)
