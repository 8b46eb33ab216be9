#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sequence numbers decide, by way of the agent."""
from mission import ANSWERED, BESIDE, MODULE, SATELLITE, main
from numbered import equal_requests, mark_and_turn_around
from vm import SEND_MESSAGE, response_on_bus, send_message

PROGRAMS, CLIENTS, RAW = 6, 8, 12
GET_DEVICE_SDR = (0x04, 0x21)
OWN_NUMBER, ROUNDS = 5, 6


def bridge(world, program, data):
    """Waits in its own receive queue for the response, which must be as it wrote the request."""
    written = world.diary.ask(program.name, (0, SATELLITE), *GET_DEVICE_SDR, data, raw=True)
    program.tell(bytes(SEND_MESSAGE) +
                 send_message(SATELLITE, *GET_DEVICE_SDR, data, number=OWN_NUMBER))
    assert program.hear() == b'\0'
    while True:
        got = program.ask(0x06, 0x33)
        if got[0] != 0x80:  # the queue is empty
            break
    inner = response_on_bus(got[1:])
    assert got[0] == 0 and inner is not None, got.hex()
    assert (inner.address, inner.number, inner.command) == \
        (SATELLITE, OWN_NUMBER, GET_DEVICE_SDR[1]), got.hex()
    written.hear(ANSWERED, inner.cc, inner.data)
    return bytes([inner.cc]) + inner.data


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
                got = bridge(world, one, questions[(number + turn) % RAW])
                assert got == bytes([answer.cc]) + answer.data, (one.name, got.hex(), answer)
        used = {one.number for one in world.wire.bus(since)}
        assert not used & set(taken), f'reserved numbers used by others: {used & set(taken)}'
        said = world.tool('ipmitool', '-I', 'open', '-t', hex(SATELLITE), 'mc', 'info')
        assert 'Device ID                 : 52' in said, said
    return (f'{PROGRAMS} programs with {CLIENTS} virtual clients each: {asked} equal requests, '
            f'{turned} answered out of order, 0 mixed up; {RAW} programs bridged {RAW * ROUNDS} '
            f'by hand under one number {OWN_NUMBER}, on the wire under {len(used)} others; '
            f'{world.judged()}')


main(show, BESIDE, MODULE)
